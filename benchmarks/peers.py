"""The same whole job done with other libraries: JSON lines in, clusters out, in one process.

    python -m benchmarks.peers datasketch FEED CLUSTERS

Each is written as a good user of that library writes it: its fastest documented calls, nothing kept that is not
needed, and the same shingles, bands and threshold for all. Stories that share a band are candidates, a candidate whose
signatures are similar enough is a pair, pairs joined (union-find) are clusters. None of them has a time window.
"""

from __future__ import annotations

import argparse
import itertools
import os
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

PERMUTATIONS, BANDS, ROWS, SEED = 128, 32, 4, 1
THRESHOLD = 0.2
"""Signature similarity, 0..1, from which a candidate counts as a duplicate.

Chosen in the peers' favour, on feeds of seed 99, with rensa and fastsketchlsh, from 0.0, 0.2, 0.25, 0.3, 0.4 and 0.5:
for both libraries and both lengths 0.2 has the best F1 of those that verify at all. Accepting every candidate (0.0)
scores at most .003 higher; the customary 0.5 loses a fifth of F1 at 43 words.
"""
_RHO_EMPTY = 2**32 - 1  # what the rho sketch leaves where no token fell
CHUNK = 1_000
"""Stories handed over at once: fewer stay in the processor's caches, measured fastest for all."""

_WORDS = re.compile(r"\w+").findall
_WORDS_AND_CHARACTERS = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]|[^\W\u3040-\u30ff\u3400-\u9fff]+").findall


def parse_only(feed: Path, _clusters: Path, stories: int, _threshold: float) -> None:
    """Parses every line and does nothing else: the floor under any engine that reads JSON lines."""
    for _ in _read(feed, stories):
        pass


def cluster_with_datasketch(feed: Path, clusters: Path, stories: int, threshold: float) -> None:
    """MinHash (affine32 over XXH32) in bulk, MinHashLSH in memory, candidates verified on the stored signatures."""
    import xxhash
    from datasketch import MinHash, MinHashLSH

    lsh = MinHashLSH(num_perm=PERMUTATIONS, params=(BANDS, ROWS))
    signatures: list[MinHash] = []
    ids: list[str] = []
    parents: list[int] = []
    for chunk in _chunks(_read(feed, stories)):
        ids.extend(story["id"] for story in chunk)
        bulk = MinHash.generator(
            (set(map(str.encode, shingles(story))) for story in chunk),
            num_perm=PERMUTATIONS,
            seed=SEED,
            scheme="affine32",
            hashfunc=xxhash.xxh32_intdigest,
        )
        for signature in bulk:
            number = len(signatures)
            parents.append(number)
            for other in lsh.query(signature):
                if signatures[other].jaccard(signature) >= threshold:
                    join_roots(parents, other, number)
            lsh.insert(number, signature, check_duplication=False)
            signatures.append(signature)
    _write_clusters(clusters, ids, parents)


def cluster_with_rensa(feed: Path, clusters: Path, stories: int, threshold: float) -> None:
    """Classic RMinHash (all tokens, no sampling) and RMinHashLSH through their bulk calls, then verified."""
    import rensa

    lsh = rensa.RMinHashLSH(threshold, PERMUTATIONS, BANDS)
    signatures: list[rensa.RMinHash] = []
    ids: list[str] = []
    parents: list[int] = []
    for chunk in _chunks(_read(feed, stories)):
        first = len(ids)
        ids.extend(story["id"] for story in chunk)
        parents.extend(range(first, len(ids)))
        fresh = rensa.RMinHash.from_token_sets([shingles(story) for story in chunk], PERMUTATIONS, SEED)
        lsh.insert_many(fresh, first)
        signatures.extend(fresh)
        for number, candidates in enumerate(lsh.query_all(fresh), first):
            if len(candidates) > 1:
                signature = signatures[number]
                for other in candidates:
                    if other < number and signatures[other].jaccard(signature) >= threshold:
                        join_roots(parents, other, number)
    _write_clusters(clusters, ids, parents)


def cluster_with_rensa_c(feed: Path, clusters: Path, stories: int, threshold: float) -> None:
    """CMinHash and its deduplicator, which compares with the stories kept so far: a duplicate joins those it finds."""
    import rensa

    kept = rensa.CMinHashDeduplicator(threshold, PERMUTATIONS, SEED)
    ids: list[str] = []
    parents: list[int] = []
    for chunk in _chunks(_read(feed, stories)):
        first = len(ids)
        ids.extend(story["id"] for story in chunk)
        parents.extend(range(first, len(ids)))
        fresh = rensa.CMinHash.from_token_sets([shingles(story) for story in chunk], PERMUTATIONS, SEED)
        for number, signature in enumerate(fresh, first):
            if not kept.add(str(number), signature):
                for other in kept.get_duplicates(signature):
                    join_roots(parents, int(other), number)
    _write_clusters(clusters, ids, parents)


def cluster_with_rensa_rho(feed: Path, clusters: Path, stories: int, threshold: float) -> None:
    """The sampling rho sketch through its whole-matrix calls, which tell who shares a band; those are joined here."""
    import rensa

    ids: list[str] = []
    matrix = rensa.RMinHash.digest_matrix_from_token_sets_rho(_all_shingles(feed, stories, ids), PERMUTATIONS, SEED)
    lsh = rensa.RMinHashLSH(threshold, PERMUTATIONS, BANDS)
    flagged = np.flatnonzero(lsh.query_duplicate_flags_matrix_one_shot(matrix))
    digests = np.array(matrix.to_rows(), dtype=np.uint32)[flagged]
    parents = list(range(len(ids)))
    for left, right in zip(*_alike_in_a_band(digests, threshold, _RHO_EMPTY), strict=True):
        join_roots(parents, int(flagged[left]), int(flagged[right]))
    _write_clusters(clusters, ids, parents)


def flag_with_rensa(feed: Path, clusters: Path, stories: int, _threshold: float) -> None:
    """Its fastest whole-batch calls, which tell only that a story shares a band with some other: no clusters.

    Not the same job, hence never compared with as if it were; shown as the bound no user of it can pass.
    """
    import orjson
    import rensa

    ids: list[str] = []
    matrix = rensa.RMinHash.digest_matrix_from_token_sets(_all_shingles(feed, stories, ids), PERMUTATIONS, SEED)
    lsh = rensa.RMinHashLSH(THRESHOLD, PERMUTATIONS, BANDS)
    with clusters.open("wb") as out:
        for name, flag in zip(ids, lsh.query_duplicate_flags_matrix_one_shot(matrix), strict=True):
            out.write(orjson.dumps({"id": name, "duplicate": flag}) + b"\n")


def cluster_with_gaoya(feed: Path, clusters: Path, stories: int, threshold: float) -> None:
    """MinHashStringIndex through its parallel bulk calls, cutting words into 3-grams by its own analyser."""
    from gaoya.minhash import MinHashStringIndex

    index = MinHashStringIndex(
        hash_size=32,
        jaccard_threshold=threshold,
        num_bands=BANDS,
        band_size=ROWS,
        analyzer="word",
        ngram_range=(3, 3),
        id_container="smallvec",
    )
    ids: list[str] = []
    parents: list[int] = []
    for chunk in _chunks(_read(feed, stories)):
        first = len(ids)
        ids.extend(story["id"] for story in chunk)
        numbers = list(range(first, len(ids)))
        parents.extend(numbers)
        texts = [" ".join(words_of(f"{story['title']} {story['text']}")) for story in chunk]
        index.par_bulk_insert_docs(numbers, texts)
        for number, found in zip(numbers, index.par_bulk_query(texts), strict=True):
            for other in found:
                join_roots(parents, other, number)
    _write_clusters(clusters, ids, parents)


def cluster_with_fastsketch(feed: Path, clusters: Path, stories: int, threshold: float) -> None:
    """FastSimilaritySketch in batches, one LSH of all sketches, its answers verified on the sketches."""
    from FastSketchLSH import LSH, FastSimilaritySketch

    sketcher = FastSimilaritySketch(size=PERMUTATIONS, seed=SEED)
    ids: list[str] = []
    parts = []
    for chunk in _chunks(_read(feed, stories)):
        ids.extend(story["id"] for story in chunk)
        parts.append(np.asarray(sketcher.batch([shingles(story) for story in chunk], num_threads=threads())))
    sketches = np.concatenate(parts)
    lsh = LSH(num_perm=PERMUTATIONS, num_bands=BANDS, num_threads=threads())
    lsh.insert(sketches)
    found, bounds = (np.asarray(side).astype(np.int64) for side in lsh.query(sketches, format="csr"))
    right = np.repeat(np.arange(len(ids)), np.diff(bounds))
    parents = list(range(len(ids)))
    for left, number in zip(*_alike(sketches, found, right, threshold), strict=True):
        join_roots(parents, int(left), int(number))
    _write_clusters(clusters, ids, parents)


def cluster_with_text_dedup(feed: Path, clusters: Path, stories: int, _threshold: float) -> None:
    """The signatures, tables and union-find of its minhash script, called without the data set around them.

    As that script does, every story of a bucket is one with its first, unverified.
    """
    from text_dedup import minhash

    random = np.random.RandomState(SEED)
    prime, most = np.uint64((1 << 61) - 1), np.uint32((1 << 32) - 1)
    options = {
        "num_perm": PERMUTATIONS,
        "ngram_size": 3,
        "min_length": 1,
        "hashranges": [(band * ROWS, (band + 1) * ROWS) for band in range(BANDS)],
        "permutations": (
            random.randint(1, prime, size=PERMUTATIONS, dtype=np.uint64),
            random.randint(0, prime, size=PERMUTATIONS, dtype=np.uint64),
        ),
        "hash_func": minhash.xxh3_32hash,
        "dtype": np.uint64,
        "max_hash": most,
        "modulo_prime": prime,
    }
    tables: list[dict[bytes, int]] = [{} for _ in range(BANDS)]
    joined = minhash.UnionFind()
    ids: list[str] = []
    for number, story in enumerate(_read(feed, stories)):
        ids.append(story["id"])
        made = minhash.embed_func(f"{story['title']} {story['text']}", number, **options)
        for table, key in zip(tables, made[minhash.SIGNATURE_COLUMN], strict=True):
            if (first := table.setdefault(key, number)) != number:
                joined.union(number, first)
    _write_clusters(clusters, ids, [joined.find(number) for number in range(len(ids))])


def cluster_with_spark(feed: Path, clusters: Path, stories: int, threshold: float) -> None:
    """A Spark job of the usual shape, see `spark_peer`."""
    from benchmarks.spark_peer import find_pairs

    if stories:
        raise SystemExit("spark reads whole files; give it a file of so many stories")
    ids, pairs = find_pairs(feed, threshold, threads())
    places = {name: number for number, name in enumerate(ids)}
    parents = list(range(len(ids)))
    for left, right in pairs:
        join_roots(parents, places[left], places[right])
    _write_clusters(clusters, ids, parents)


ENGINES: dict[str, Callable[[Path, Path, int, float], None]] = {
    "datasketch": cluster_with_datasketch,
    "rensa": cluster_with_rensa,
    "rensa-c": cluster_with_rensa_c,
    "rensa-rho": cluster_with_rensa_rho,
    "rensa-flags": flag_with_rensa,
    "gaoya": cluster_with_gaoya,
    "fastsketchlsh": cluster_with_fastsketch,
    "text-dedup": cluster_with_text_dedup,
    "spark": cluster_with_spark,
    "orjson": parse_only,
}


def threads() -> int:
    """How many threads an engine may use: the cores it is held to."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _all_shingles(feed: Path, stories: int, ids: list[str]) -> Iterator[list[str]]:
    """The shingles of one story after another, whose ids are appended to `ids`."""
    for story in _read(feed, stories):
        ids.append(story["id"])
        yield shingles(story)


Array = npt.NDArray[Any]


def _alike_in_a_band(digests: Array, threshold: float, empty: int) -> tuple[Array, Array]:
    """The pairs of rows that share a band and are similar enough, each as often as they share one.

    Args:
        digests: unsigned[n, PERMUTATIONS].
        threshold: share of equal values, 0..1.
        empty: a value that says nothing; bands full of it are passed over.
    """
    sides: tuple[list[Array], list[Array]] = ([], [])
    for band in range(BANDS):
        values = np.ascontiguousarray(digests[:, band * ROWS : (band + 1) * ROWS])
        told = np.flatnonzero((values != empty).any(axis=1))
        keys = values.view(np.dtype((np.void, values.dtype.itemsize * ROWS))).ravel()[told]
        inverse = np.unique(keys, return_inverse=True)[1]
        order = np.argsort(inverse, kind="stable")
        for rows in np.split(told[order], np.flatnonzero(np.diff(inverse[order])) + 1):
            for place in range(1, len(rows)):
                sides[0].append(rows[:place])
                sides[1].append(np.full(place, rows[place]))
    left, right = (np.concatenate([np.empty(0, dtype=np.int64), *side]) for side in sides)
    return _alike(digests, left, right, threshold, empty)


def _alike(
    digests: Array, left: Array, right: Array, threshold: float, empty: int | None = None
) -> tuple[Array, Array]:
    """Those pairs of rows, left before right, of whose values (those that are not empty) at least this share agree."""
    earlier = left < right
    left, right = left[earlier], right[earlier]
    keep = np.empty(len(left), dtype=np.bool_)
    for begin in range(0, len(left), 1 << 16):
        some = slice(begin, begin + (1 << 16))
        one, other = digests[left[some]], digests[right[some]]
        told = np.ones_like(one, dtype=np.bool_) if empty is None else (one != empty) | (other != empty)
        keep[some] = ((one == other) & told).sum(axis=1) >= threshold * np.maximum(1, told.sum(axis=1))
    return left[keep], right[keep]


def shingles(story: dict[str, str]) -> list[str]:
    """Word 3-shingles of title and text, lower case; a story of fewer words is one shingle."""
    words = words_of(f"{story['title']} {story['text']}")
    return list(map(" ".join, zip(words, words[1:], words[2:], strict=False))) or [" ".join(words)]


def words_of(text: str) -> list[str]:
    """Lower-case words; single characters where a script has no spaces, as whoever uses these libraries would."""
    text = text.lower()
    return _WORDS(text) if text.isascii() else _WORDS_AND_CHARACTERS(text)


def _read(feed: Path, stories: int) -> Iterator[dict[str, str]]:
    import orjson

    with feed.open("rb") as lines:
        yield from map(orjson.loads, itertools.islice(lines, stories or None))


def _chunks(stories: Iterator[dict[str, str]]) -> Iterator[list[dict[str, str]]]:
    while chunk := list(itertools.islice(stories, CHUNK)):
        yield chunk


def find_root(parents: list[int], number: int) -> int:
    """The root of a cluster's tree; what lies on the way is hung closer to it."""
    while parents[number] != number:
        parents[number] = parents[parents[number]]
        number = parents[number]
    return number


def join_roots(parents: list[int], left: int, right: int) -> None:
    """Joins two clusters under the earlier root."""
    left, right = find_root(parents, left), find_root(parents, right)
    parents[max(left, right)] = min(left, right)


def _write_clusters(path: Path, ids: Sequence[str], parents: list[int]) -> None:
    import orjson

    with path.open("wb") as out:
        for number, name in enumerate(ids):
            out.write(orjson.dumps({"id": name, "cluster_id": ids[find_root(parents, number)]}) + b"\n")


def main(arguments: list[str]) -> None:
    """Runs one engine on one feed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.peers", description=__doc__.splitlines()[0])
    parser.add_argument("engine", choices=sorted(ENGINES))
    parser.add_argument("feed", type=Path)
    parser.add_argument("clusters", type=Path)
    parser.add_argument("--stories", type=int, default=0, help="only the first so many; 0 means all")
    parser.add_argument("--threshold", type=float, default=THRESHOLD, help="signature similarity of a duplicate, 0..1")
    chosen = parser.parse_args(arguments)
    ENGINES[chosen.engine](chosen.feed, chosen.clusters, chosen.stories, chosen.threshold)


if __name__ == "__main__":
    main(sys.argv[1:])
