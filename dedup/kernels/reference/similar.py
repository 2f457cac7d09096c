"""The slow twin of `native.similar`: dictionaries, one story at a time."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import NamedTuple

UNDATED = -(2**63)
TITLE_COUNT = 2  # times that a word of the title counts on top
MOST_READ = 256  # stories that are looked at for one word, those nearest in the order of the feed
POOL = 32  # stories that are compared with each other
CIRCLE = 5  # of these, the nearest to each that it is seen together with
MIX = 0.5  # how much of a story is its circle
DECAY = 72 * 3_600_000_000.0  # microseconds after which a likeness counts half as much

Vector = Mapping[int, int]  # how often each word counts


class Entry(NamedTuple):
    """A story that can be found."""

    vector: Vector
    time: int


def vector(title: Sequence[int], lead: Sequence[int], front: Sequence[int]) -> dict[int, int]:
    """How often each word of a story counts: once where it is at the front, more in the title or at the opening."""
    counts: dict[int, int] = {}
    for words, times in ((title, TITLE_COUNT), (lead, 1), (front, 1)):
        for word in words:
            counts[word] = counts.get(word, 0) + times
    return dict(sorted(counts.items()))


def search(
    entries: Sequence[Entry],
    query: Entry,
    at: int,
    rarity: Mapping[int, float],
    count_weights: Sequence[float],
    least: float = 0.0,
    pool_size: int = POOL,
) -> tuple[list[tuple[int, float]], int]:
    """The stories most similar to one, best first, with their scores; and how many words were not read to the end.

    Args:
        entries: the stories, in the order of the feed.
        query: the story asked about.
        at: its place among the entries, which is passed over if it is the same story; the end for another one.
        rarity: of every word.
        count_weights: what a word weighs that counts once, twice, ...
        least: least score, 0..1.
        pool_size: stories that are compared with each other, at most.
    """
    dots: dict[int, float] = {}
    cut = 0
    for word, count in query.vector.items():
        having = [k for k, entry in enumerate(entries) if word in entry.vector]
        cut += len(having) > MOST_READ
        for k in nearest(having, at):
            weight = rarity[word] * rarity[word] * count_weights[count - 1] * count_weights[entries[k].vector[word] - 1]
            dots[k] = dots.get(k, 0.0) + weight
    others = {k: dot for k, dot in dots.items() if entries[k] is not query}
    rough = {}
    for k, dot in others.items():
        left = decay(query, entries[k])
        rough[k] = dot * dot / len(entries[k].vector) * (left * left)
    pool = sorted(rough, key=lambda k: (-rough[k], k))[:pool_size]
    scores = smooth(compare([query.vector, *(entries[k].vector for k in pool)], rarity, count_weights))
    found = [(k, score * decay(query, entries[k])) for k, score in zip(pool, scores[1:], strict=True)]
    return sorted((pair for pair in found if pair[1] >= least), key=lambda pair: (-pair[1], pair[0])), cut


def nearest(having: Sequence[int], at: int) -> Sequence[int]:
    """At most MOST_READ of the ascending places, half of them before one and half behind where there are as many."""
    first = min(max(bisect_left(having, at) - MOST_READ // 2, 0), max(len(having) - MOST_READ, 0))
    return having[first : first + MOST_READ]


def decay(one: Entry, other: Entry) -> float:
    """What time leaves of a likeness, above 0 and up to 1."""
    if UNDATED in (one.time, other.time):
        return 1.0
    return DECAY / (DECAY + abs(one.time - other.time))


def compare(
    vectors: Sequence[Vector], rarity: Mapping[int, float], count_weights: Sequence[float]
) -> list[list[float]]:
    """The cosines of some vectors."""
    norms = [math.sqrt(dot_product(one, one, rarity, count_weights)) for one in vectors]
    cosines = [[1.0] * len(vectors) for _ in vectors]
    for i, j in combinations(range(len(vectors)), 2):
        dot = dot_product(vectors[i], vectors[j], rarity, count_weights)
        cosines[i][j] = cosines[j][i] = dot / (norms[i] * norms[j])
    return cosines


def dot_product(one: Vector, other: Vector, rarity: Mapping[int, float], count_weights: Sequence[float]) -> float:
    """The product of two weighted vectors."""
    return sum(
        rarity[word] * rarity[word] * count_weights[one[word] - 1] * count_weights[count - 1]
        for word, count in other.items()
        if word in one
    )


def smooth(cosines: Sequence[Sequence[float]]) -> list[float]:
    """How alike the first story is to each, all seen together with their circles.

    Every story is made half of itself and half of the mean of itself and those most like it, each as much as it is
    like; the cosines of these follow from the cosines of the stories.
    """
    size = len(cosines)
    rows = []
    for i in range(size):
        others = sorted((j for j in range(size) if j != i), key=lambda j: (-cosines[i][j], j))[:CIRCLE]
        shares = {i: 1.0, **{j: cosines[i][j] for j in others}}
        total = sum(shares.values())
        rows.append({j: MIX * share / total + (1.0 - MIX if j == i else 0.0) for j, share in shares.items()})

    def product(i: int, j: int) -> float:
        return sum(x * y * cosines[a][b] for a, x in rows[i].items() for b, y in rows[j].items())

    norms = [math.sqrt(product(i, i)) for i in range(size)]
    return [min(product(0, i) / (norms[0] * norms[i]), 1.0) for i in range(size)]
