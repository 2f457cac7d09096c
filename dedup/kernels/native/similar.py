"""Similar stories by the words they share. Twin: `dedup.kernels.reference.similar`.

An inverted index over the words at the front of stories: each word has its postings, the places of the stories that
have it, in their order. What is read of them for one story is bounded, however common a word is.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from dedup.kernels.handles import borrow, keep
from dedup.kernels.native.evidence import UNDATED
from dedup.kernels.native.vocabulary import COUNT_BITS, MOST_WORDS, Vectors, Vocabulary

MOST_READ = 256  # stories that are looked at for one word, those nearest in the order of the feed
POOL = 32  # stories that are compared with each other
CIRCLE = 5  # of these, the nearest to each that it is seen together with
MIX = 0.5  # how much of a story is its circle
DECAY = 72 * 3_600_000_000.0  # microseconds after which a likeness counts half as much
_SURELY_LESS = 1.0 - 1e-9  # whatever rounding does
_COUNT_MASK = (1 << COUNT_BITS) - 1


class Met(NamedTuple):
    """Scratch: in which stories of a pool each word was met so far, as chains from 1 on, 0 for the end."""

    heads: NDArray[np.int32]  # [words + 1] zeros
    nexts: NDArray[np.int32]  # [all words of a pool + 1]
    members: NDArray[np.int32]  # likewise
    weights: NDArray[np.float64]  # likewise


class Found(NamedTuple):
    """What was found for q stories."""

    places: NDArray[np.int32]  # [q, top] best first
    scores: NDArray[np.float32]  # [q, top] 0..1
    sizes: NDArray[np.int32]  # [q] how many there are
    cut: NDArray[np.int32]  # [q] words whose postings were not read to the end


@njit(nogil=True)
def _decay(one: np.int64, other: np.int64) -> float:
    """What time leaves of a likeness, above 0 and up to 1."""
    if one == UNDATED or other == UNDATED:
        return 1.0
    return DECAY / (DECAY + np.float64(abs(one - other)))


@njit(nogil=True)
def _first_read(postings: NDArray[np.uint32], start: int, count: int, at: int) -> int:
    """Where the nearest MOST_READ of a word's postings begin, counted from `start`."""
    low, high = 0, count
    while low < high:
        middle = (low + high) >> 1
        if np.int64(postings[start + middle]) >> COUNT_BITS < at:
            low = middle + 1
        else:
            high = middle
    return min(max(low - MOST_READ // 2, 0), max(count - MOST_READ, 0))


@njit(nogil=True)
def _add_words(
    query: NDArray[np.uint32],
    at: int,
    counts: NDArray[np.int32],
    starts: NDArray[np.int64],
    words: int,
    postings: NDArray[np.uint32],
    rarity: NDArray[np.float32],
    weights: NDArray[np.float32],
    dots: NDArray[np.float64],
    touched: NDArray[np.int32],
) -> tuple[int, int]:
    """Add up what the words of a story weigh in the others; how many others, and how many words were cut.

    words   : in the vocabulary; the query's from here on no story has
    dots    : float64[n]  zeros; by place
    touched : int32[>= n]  the places whose dots are not zero any more
    """
    met = cut = 0
    for entry in query:
        word = np.int64(entry) >> COUNT_BITS
        if word >= words:
            continue
        start, count = starts[word], np.int64(counts[word])
        if count > MOST_READ:
            start += _first_read(postings, start, count, at)
            count = MOST_READ
            cut += 1
        own = np.float64(rarity[word]) * np.float64(rarity[word]) * np.float64(weights[entry & _COUNT_MASK])
        for j in range(start, start + count):
            place = np.int64(postings[j]) >> COUNT_BITS
            if dots[place] == 0.0:
                touched[met] = place
                met += 1
            dots[place] += own * np.float64(weights[postings[j] & _COUNT_MASK])
    return met, cut


@njit(nogil=True)
def _insert(places: NDArray[np.int32], values: NDArray[np.float64], size: int, place: int, value: float) -> int:
    """Insert into a list that is sorted by descending value, ascending place, and holds at most all of `places`."""
    if size == places.shape[0]:
        last = size - 1
        if value < values[last] or (value == values[last] and place > places[last]):
            return size
    else:
        last = size
        size += 1
    while last > 0 and (values[last - 1] < value or (values[last - 1] == value and places[last - 1] > place)):
        values[last], places[last] = values[last - 1], places[last - 1]
        last -= 1
    values[last], places[last] = value, place
    return size


@njit(nogil=True)
def _own_product(vector: NDArray[np.uint32], rarity: NDArray[np.float32], weights: NDArray[np.float32]) -> float:
    """The product of a vector with itself; a word may occur in it more than once."""
    total = 0.0
    for entry in vector:
        word, weight = entry >> COUNT_BITS, np.float64(weights[entry & _COUNT_MASK])
        total += np.float64(rarity[word]) * np.float64(rarity[word]) * weight * weight
    return total


@njit(nogil=True)
def _compare_pool(
    query: NDArray[np.uint32],
    pool: NDArray[np.int32],
    words: NDArray[np.uint32],
    bounds: NDArray[np.int64],
    known: int,
    rarity: NDArray[np.float32],
    weights: NDArray[np.float32],
    met: Met,
    cosines: NDArray[np.float64],
) -> None:
    """Write the cosines of a story and its pool, the story first.

    known   : words that stories have; the query's from here on no story has
    met     : heads all 0, and 0 again afterwards
    cosines : float64[>= p + 1, >= p + 1]
    """
    heads, nexts, members, weighed = met.heads, met.nexts, met.members, met.weights
    size, used = pool.shape[0] + 1, 0
    cosines[:size, :size] = 0.0
    for i in range(size):
        vector = query if i == 0 else words[bounds[pool[i - 1]] : bounds[pool[i - 1] + 1]]
        cosines[i, i] = math.sqrt(_own_product(vector, rarity, weights))
        for entry in vector:
            word, weight = np.int64(entry >> COUNT_BITS), np.float64(weights[entry & _COUNT_MASK])
            if word >= known:
                continue
            other = heads[word]
            while other:
                cosines[members[other], i] += weighed[other] * weight
                other = nexts[other]
            used += 1
            members[used], nexts[used], heads[word] = i, heads[word], used
            weighed[used] = np.float64(rarity[word]) * np.float64(rarity[word]) * weight
    for i in range(size):
        vector = query if i == 0 else words[bounds[pool[i - 1]] : bounds[pool[i - 1] + 1]]
        for entry in vector:
            heads[entry >> COUNT_BITS] = 0
        for j in range(i + 1, size):
            cosines[i, j] /= cosines[i, i] * cosines[j, j]
            cosines[j, i] = cosines[i, j]
    for i in range(size):
        cosines[i, i] = 1.0


@njit(nogil=True)
def _smooth(cosines: NDArray[np.float64], size: int, scores: NDArray[np.float64]) -> None:
    """Write how alike the first of `size` stories and each are, all seen together with their circles.

    Every story is made half of itself and half of the mean of itself and those most like it, each as much as it is
    like (a neighbourhood average, as in query expansion); the cosines of these follow from those of the stories.
    """
    made = (
        np.empty((size, CIRCLE + 1), dtype=np.int32),
        np.empty((size, CIRCLE + 1), dtype=np.float64),
        np.empty(CIRCLE, dtype=np.int32),
        np.empty(CIRCLE, dtype=np.float64),
    )
    circles, shares, near, likeness = borrow(made)
    width = min(CIRCLE, size - 1) + 1
    for i in range(size):
        met = 0
        for j in range(size):
            if j != i:
                met = _insert(near, likeness, met, j, cosines[i, j])
        circles[i, 0], shares[i, 0] = i, 1.0
        total = 1.0
        for k in range(met):
            circles[i, k + 1], shares[i, k + 1] = near[k], likeness[k]
            total += likeness[k]
        for k in range(width):
            shares[i, k] = MIX * shares[i, k] / total
        shares[i, 0] += 1.0 - MIX
    for i in range(size):
        own = across = 0.0
        for a in range(width):
            for b in range(width):
                own += shares[i, a] * shares[i, b] * cosines[circles[i, a], circles[i, b]]
                across += shares[0, a] * shares[i, b] * cosines[circles[0, a], circles[i, b]]
        if i == 0:
            scores[0] = math.sqrt(own)
        else:
            scores[i] = min(across / (scores[0] * math.sqrt(own)), 1.0)
    keep(made)


@njit(nogil=True, cache=True)
def search_stories(
    queries: Vectors,
    begin: int,
    end: int,
    at: int,
    vocabulary: Vocabulary,
    vectors: Vectors,
    stories: int,
    postings: NDArray[np.uint32],
    rarity: NDArray[np.float32],
    weights: NDArray[np.float32],
    least: float,
    pool_size: int,
    found: Found,
) -> None:
    """Find the stories most similar to each of some, best first; equals by their places.

    queries  : the stories asked about, from `begin` to `end`
    at       : negative where the queries are the stories entered, each at its place, which is not found itself; else
               the place among those entered where the queries, which are none of them, belong
    stories  : how many are entered
    rarity   : float32[> words]  of each word, and of one that no story has behind them
    weights  : float32[MOST_COUNT]  what a word weighs that counts once, twice, ...
    least    : least score, 0..1
    pool_size : stories that are compared with each other, at least `found.places.shape[1]`
    found    : of these; overwritten
    """
    queries, vocabulary, vectors, found = borrow(queries), borrow(vocabulary), borrow(vectors), borrow(found)
    postings, rarity, weights = borrow(postings), borrow(rarity), borrow(weights)
    words, bounds, times = vectors.words, vectors.bounds, vectors.times
    counts, starts, known = vocabulary.counts, vocabulary.starts, vocabulary.used[0]
    room = (pool_size + 1) * MOST_WORDS + 1
    made = (
        (np.zeros(stories, dtype=np.float64), np.empty(stories, dtype=np.int32)),
        (np.empty(pool_size, dtype=np.int32), np.empty(pool_size, dtype=np.float64)),
        Met(
            np.zeros(known + 1, dtype=np.int32),
            np.empty(room, dtype=np.int32),
            np.empty(room, dtype=np.int32),
            np.empty(room, dtype=np.float64),
        ),
        np.empty((pool_size + 1, pool_size + 1), dtype=np.float64),
        (np.empty(pool_size + 1, dtype=np.float64), np.empty(found.places.shape[1], dtype=np.float64)),
    )
    (dots, touched), (pool, rough), scratch, cosines, (scores, values) = borrow(made)
    places = found.places
    for q in range(begin, end):
        query, time = queries.words[queries.bounds[q] : queries.bounds[q + 1]], queries.times[q]
        where = q if at < 0 else at
        met, cut = _add_words(query, where, counts, starts, known, postings, rarity, weights, dots, touched)
        row = q - begin
        found.cut[row] = cut
        size = 0
        for k in range(met):
            place = np.int64(touched[k])
            dot = dots[place]
            dots[place] = 0.0
            if at < 0 and place == q:
                continue
            length = np.float64(bounds[place + 1] - bounds[place])
            if size == pool_size and dot * dot < _SURELY_LESS * rough[size - 1] * length:
                continue
            left = _decay(time, times[place])
            value = dot * dot / length * (left * left)
            size = _insert(pool, rough, size, place, value)
        kept = 0
        if size > 0:
            _compare_pool(query, pool[:size], words, bounds, known, rarity, weights, scratch, cosines)
            _smooth(cosines, size + 1, scores)
            for k in range(size):
                score = scores[k + 1] * _decay(time, times[pool[k]])
                if score >= least:
                    kept = _insert(places[row], values, kept, pool[k], score)
        found.sizes[row] = kept
        for k in range(kept):
            found.scores[row, k] = values[k]
    keep(made)
