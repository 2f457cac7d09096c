"""Labelled pairs of real stories, and the evidence the project measures on them."""

from __future__ import annotations

import csv
import gzip
import hashlib
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from benchmarks.measure import BenchmarkError
from dedup import Settings, read_feed
from dedup.evidence import EVIDENCE
from dedup.hashing import Hashed, hash_batch
from dedup.kernels.native.evidence import HAS_TEXT, META_BITS, measure

_CROWD = 32  # stories in a band bucket of which pairs are still looked at
_ALIKE = 0.3  # similarity by one measure at least, of two stories that are worth telling apart


class Pairs(NamedTuple):
    """Pairs of stories and what is known of them."""

    evidence: NDArray[np.float64]  # [n, k] in the order of EVIDENCE
    duplicate: NDArray[np.float64]  # [n] 1.0 or 0.0
    texts: NDArray[np.bool_]  # [n] both stories have a text to judge
    ids: list[tuple[str, str]]
    labels: list[str]
    sets: list[str]


class Stories(NamedTuple):
    """One file of stories, hashed."""

    rows: dict[str, int]  # by id
    clusters: list[str]  # the label of each row, "" for none
    hashed: Hashed


def read_stories(path: Path) -> Stories:
    """The stories of a JSON lines file, with their clusters where they have one.

    Raises:
        BenchmarkError: if the file is not there.
    """
    if not path.is_file():
        raise BenchmarkError(f"{path} is missing; --data is the folder of the labelled feeds")
    batch = pa.Table.from_batches(read_feed(path)).combine_chunks().to_batches()[0]
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        clusters = [json.loads(line).get("cluster", "") for line in lines]
    ids = batch.column("id").to_pylist()
    return Stories({name: row for row, name in enumerate(ids)}, clusters, hash_batch(batch, Settings()))


def measured(stories: Stories, pairs: Iterable[tuple[str, str]], labels: list[str], sets: list[str], yes: str) -> Pairs:
    """The evidence on pairs of stories named by id; those labelled `yes` are duplicates."""
    ids = list(pairs)
    facts = stories.hashed.facts
    values = np.empty((len(ids), len(EVIDENCE)), dtype=np.float32)
    texts = np.empty(len(ids), dtype=np.bool_)
    for k, (one, other) in enumerate(ids):
        i, j = stories.rows[one], stories.rows[other]
        measure(facts, i, j, values[k])
        texts[k] = facts.meta[i, META_BITS] & facts.meta[j, META_BITS] & HAS_TEXT
    duplicate = np.array([label == yes for label in labels], dtype=np.float64)
    return Pairs(values.astype(np.float64), duplicate, texts, ids, labels, sets)


def judged_pairs(folder: Path) -> Pairs:
    """The judged pairs: label D, R or X, the set they are from; D is a duplicate."""
    rows = list(_rows(folder / "judged.pairs.tsv"))
    stories = read_stories(folder / "judged.stories.jsonl.gz")
    names = [(row["a"], row["b"]) for row in rows]
    return measured(stories, names, [row["label"] for row in rows], [row["set"] for row in rows], "D")


def headline_pairs(folder: Path) -> Pairs:
    """Headline pairs that people scored 4 and above (duplicates), or 2 and below."""
    rows = [row for row in _rows(folder / "sts_headlines.pairs.tsv") if not 2.0 < float(row["score"]) < 4.0]
    stories = read_stories(folder / "sts_headlines.stories.jsonl.gz")
    labels = ["same" if float(row["score"]) >= 4.0 else "other" for row in rows]
    return measured(stories, [(row["a"], row["b"]) for row in rows], labels, ["sts"] * len(rows), "same")


def near_misses(folder: Path, name: str) -> Pairs:
    """Stories of different clusters that share a band and look alike by some measure."""
    stories = read_stories(folder / f"{name}.jsonl.gz")
    ids = list(stories.rows)
    found = [
        (ids[i], ids[j]) for i, j in _sharing_a_band(stories.hashed.keys) if stories.clusters[i] != stories.clusters[j]
    ]
    pairs = measured(stories, found, ["apart"] * len(found), [name] * len(found), "same")
    columns = [EVIDENCE.index(one) for one in ("title_jaccard", "pair_containment", "text_containment")]
    return select(pairs, pairs.evidence[:, columns].max(axis=1, initial=0.0) >= _ALIKE)


def versions(folder: Path) -> Pairs:
    """The first and the last version of each feed item, where they differ."""
    stories = read_stories(folder / "rss_feed_history.jsonl.gz")
    ids = list(stories.rows)
    ends: dict[str, tuple[int, int]] = {}
    for row, cluster in enumerate(stories.clusters):
        ends[cluster] = (ends.get(cluster, (row, row))[0], row)
    content = stories.hashed.facts.content
    found = [(ids[i], ids[j]) for i, j in ends.values() if (content[i] != content[j]).any()]
    return measured(stories, found, ["same"] * len(found), ["versions"] * len(found), "same")


def select(pairs: Pairs, chosen: NDArray[np.bool_]) -> Pairs:
    """Some of the pairs."""
    rows = np.flatnonzero(chosen).tolist()
    lists = ([column[k] for k in rows] for column in (pairs.ids, pairs.labels, pairs.sets))
    return Pairs(pairs.evidence[chosen], pairs.duplicate[chosen], pairs.texts[chosen], *lists)  # type: ignore[arg-type]


def components(ids: list[tuple[str, str]]) -> NDArray[np.int64]:
    """A number for each pair, the same for pairs that a chain of shared stories connects."""
    parent: dict[str, str] = {}

    def root(name: str) -> str:
        while parent.setdefault(name, name) != name:
            name = parent[name]
        return name

    for one, other in ids:
        parent[root(one)] = root(other)
    numbers: dict[str, int] = {}
    return np.array([numbers.setdefault(root(one), len(numbers)) for one, _ in ids])


def digest(path: Path) -> str:
    """The beginning of a file's SHA-256."""
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16]


def _sharing_a_band(keys: NDArray[np.uint32]) -> list[tuple[int, int]]:
    found: set[tuple[int, int]] = set()
    for band in keys:
        order = np.argsort(band, kind="stable")
        for group in np.split(order, np.flatnonzero(np.diff(band[order])) + 1):
            if band[group[0]] and 1 < len(group) <= _CROWD:
                members = sorted(group.tolist())
                found |= {(i, j) for k, i in enumerate(members) for j in members[k + 1 :]}
    return sorted(found)


def _rows(path: Path) -> Iterator[dict[str, str]]:
    if not path.is_file():
        raise BenchmarkError(f"{path} is missing; --data is the folder of the labelled feeds")
    with path.open(encoding="utf-8") as lines:
        yield from csv.DictReader(lines, delimiter="\t")
