"""Counting what clusters did to labelled pairs, versions, events and whole feeds."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from benchmarks.events import I64
from benchmarks.labelled import DUPLICATE, Mask
from benchmarks.peers import find_root, join_roots
from benchmarks.scoring import count_pairs

_WORDS = re.compile(r"\w+").findall


@dataclass(frozen=True, slots=True)
class Rates:
    """How well pairs that were put together agree with the true ones.

    Attributes:
        true, made, right: pairs that are one story, that were put together, and both.
    """

    true: int
    made: int
    right: int

    @property
    def precision(self) -> float | None:
        """Share of the pairs made that are right, 0..1; None where none was made."""
        return self.right / self.made if self.made else None

    @property
    def recall(self) -> float | None:
        """Share of the true pairs that were made, 0..1; None where there is none."""
        return self.right / self.true if self.true else None

    @property
    def f1(self) -> float | None:
        """Harmonic mean of the two, 0..1; None where there is nothing to find and nothing was made."""
        return 2 * self.right / (self.true + self.made) if self.true + self.made else None

    def record(self) -> dict[str, float | None]:
        """All of it, for JSON."""
        return {
            "true_pairs": self.true,
            "made_pairs": self.made,
            "right_pairs": self.right,
            "precision": self.precision,
            "recall": self.recall,
            "f1": self.f1,
        }


def rate_pairs(labels: npt.NDArray[np.str_], merged: Mask) -> Rates:
    """The rates of labelled pairs, str[p], of which those of `merged`, bool[p], were put together."""
    duplicate = labels == DUPLICATE
    return Rates(int(duplicate.sum()), int(merged.sum()), int((duplicate & merged).sum()))


def merged_by_label(labels: npt.NDArray[np.str_], merged: Mask) -> dict[str, list[int]]:
    """For every label that occurs how many of its pairs were put together, and how many there are."""
    return {
        str(label): [int(merged[labels == label].sum()), int((labels == label).sum())] for label in np.unique(labels)
    }


def rate_clusters(made: I64, true: I64) -> Rates:
    """The rates over all pairs of n stories; both int64[n], of which only equality counts."""
    together = _codes(made) * (int(_codes(true).max(initial=0)) + 1) + _codes(true)
    return Rates(count_pairs(true), count_pairs(made), count_pairs(together))


def join_pairs(count: int, left: Sequence[int], right: Sequence[int]) -> I64:
    """int64[count]: the first story each one is connected with by pairs, itself where by none."""
    parents = list(range(count))
    for one, other in zip(left, right, strict=True):
        join_roots(parents, one, other)
    return np.array([find_root(parents, number) for number in range(count)], dtype=np.int64)


def pairs_within(labels: I64) -> tuple[I64, I64]:
    """All pairs of stories with equal labels: two int64[p], left < right."""
    order = np.argsort(labels, kind="stable")
    sizes = np.unique(labels, return_counts=True)[1]
    rank = np.arange(len(labels)) - np.repeat(np.cumsum(sizes) - sizes, sizes)  # place within the own cluster
    right = np.repeat(np.arange(len(labels)), rank)
    offset = np.arange(len(right)) - np.repeat(np.cumsum(rank) - rank, rank)
    left = right - rank[right] + offset
    return order[left].astype(np.int64), order[right].astype(np.int64)


def words_of(texts: Sequence[str]) -> list[frozenset[str]]:
    """The set of lower-case words of each text."""
    return [frozenset(_WORDS(text.lower())) for text in texts]


def jaccard(one: frozenset[str], other: frozenset[str]) -> float:
    """Share of two sets' members that both have, 0..1; 1 for two empty sets."""
    return len(one & other) / len(one | other) if one or other else 1.0


def alike(words: Sequence[frozenset[str]], left: I64, right: I64, least: float) -> Mask:
    """bool[p]: whether the word sets of each pair have at least this Jaccard similarity, 0..1."""
    pairs = zip(left.tolist(), right.tolist(), strict=True)
    return np.array([jaccard(words[i], words[j]) >= least for i, j in pairs], dtype=np.bool_)


def clusters_of(labels: I64) -> list[I64]:
    """The rows of every cluster of two or more, the largest first, then by first row."""
    order = np.argsort(labels, kind="stable")
    starts = np.flatnonzero(np.r_[True, np.diff(labels[order]) != 0]) if len(labels) else np.empty(0, dtype=np.int64)
    found = [rows.astype(np.int64) for rows in np.split(order, starts[1:]) if len(rows) > 1]
    return sorted(found, key=lambda rows: (-len(rows), int(rows[0])))


def count_unlike(clusters: Sequence[I64], texts: Sequence[str], below: float) -> int:
    """How many clusters have two members whose word sets have less than this Jaccard similarity, 0..1."""
    return sum(_has_unlike(words_of([texts[row] for row in rows.tolist()]), below) for rows in clusters)


def _has_unlike(words: Sequence[frozenset[str]], below: float) -> bool:
    kinds = list(dict.fromkeys(words))
    return any(jaccard(one, other) < below for k, one in enumerate(kinds) for other in kinds[:k])


def _codes(labels: I64) -> I64:
    """The labels as 0 .. clusters - 1."""
    return np.unique(labels, return_inverse=True)[1].astype(np.int64)
