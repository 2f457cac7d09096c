"""The same whole job done with other libraries: JSON lines in, clusters out, in one process.

    python -m benchmarks.peers datasketch FEED CLUSTERS

Each is written as a good user of that library writes it: its fastest documented calls, nothing kept that is not
needed, and the same shingles, bands and threshold for all. Stories that share a band are candidates, a candidate whose
signatures are similar enough is a pair, pairs joined (union-find) are clusters. None of them has a time window.
"""

from __future__ import annotations

import argparse
import itertools
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

PERMUTATIONS, BANDS, ROWS, SEED = 128, 32, 4, 1
THRESHOLD = 0.3
"""Signature similarity, 0..1, from which a candidate counts as a duplicate.

Chosen in the peers' favour, on feeds of seed 99, from 0.0, 0.3, 0.4, 0.5 and 0.6: for both libraries and both lengths
0.3 has the best F1 of those that verify at all. Accepting every candidate (0.0) scores .004 to .009 higher there and is
less precise on the whole; the customary 0.5 and more lose a tenth of F1 and above at 43 words.
"""
CHUNK = 1_000
"""Stories handed over at once: fewer stay in the processor's caches, measured fastest for all."""

_WORDS = re.compile(r"\w+").findall


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
    """RMinHash (all tokens, not the sampling rho path) and RMinHashLSH through their bulk calls, then verified."""
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


def flag_with_rensa(feed: Path, clusters: Path, stories: int, _threshold: float) -> None:
    """Its fastest whole-batch calls, which tell only that a story shares a band with some other: no clusters.

    Not the same job, hence never compared with as if it were; shown as the bound no user of it can pass.
    """
    import orjson
    import rensa

    ids: list[str] = []

    def all_shingles() -> Iterator[list[str]]:
        for story in _read(feed, stories):
            ids.append(story["id"])
            yield shingles(story)

    matrix = rensa.RMinHash.digest_matrix_from_token_sets(all_shingles(), PERMUTATIONS, SEED)
    lsh = rensa.RMinHashLSH(THRESHOLD, PERMUTATIONS, BANDS)
    with clusters.open("wb") as out:
        for name, flag in zip(ids, lsh.query_duplicate_flags_matrix_one_shot(matrix), strict=True):
            out.write(orjson.dumps({"id": name, "duplicate": flag}) + b"\n")


ENGINES: dict[str, Callable[[Path, Path, int, float], None]] = {
    "datasketch": cluster_with_datasketch,
    "rensa": cluster_with_rensa,
    "rensa-flags": flag_with_rensa,
    "orjson": parse_only,
}


def shingles(story: dict[str, str]) -> list[str]:
    """Word 3-shingles of title and text, lower case; a story of fewer words is one shingle."""
    words = _WORDS(f"{story['title']} {story['text']}".lower())
    return list(map(" ".join, zip(words, words[1:], words[2:], strict=False))) or [" ".join(words)]


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


def _write_clusters(path: Path, ids: list[str], parents: list[int]) -> None:
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
