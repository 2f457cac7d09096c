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

from dedup.kernels.native.evidence import UNDATED, Facts
from dedup.kernels.native.facts import CAPS, FRONT, LEAD, TITLE

TITLE_COUNT = 2  # times that a word of the title counts on top
MOST_COUNT = TITLE_COUNT + 2
MOST_WORDS = CAPS[TITLE] + CAPS[LEAD] + CAPS[FRONT]  # of a story
MOST_READ = 256  # stories that are looked at for one word, those nearest in the order of the feed
POOL = 32  # stories that are compared with each other
CIRCLE = 5  # of these, the nearest to each that it is seen together with
MIX = 0.5  # how much of a story is its circle
DECAY = 72 * 3_600_000_000.0  # microseconds after which a likeness counts half as much
_COUNT_BITS = 2
_SURELY_LESS = 1.0 - 1e-9  # whatever rounding does
_COUNT_MASK = (1 << _COUNT_BITS) - 1


class Vocabulary(NamedTuple):
    """The words of all stories entered, w in use; the arrays have room for more."""

    slots: NDArray[np.int32]  # [a power of two] open addressing by hash: word + 1, 0 for a free slot
    hashes: NDArray[np.uint32]  # [>= w]
    counts: NDArray[np.int32]  # [>= w] stories that have it
    starts: NDArray[np.int64]  # [>= w] where its postings begin
    rooms: NDArray[np.int32]  # [>= w] how many there is room for
    used: NDArray[np.int64]  # [2] words, and postings or room for them


class Vectors(NamedTuple):
    """The words of n stories, each an integer: word << 2 | times it counts - 1."""

    words: NDArray[np.uint32]  # [m] back to back, by ascending hash of the word within a story
    bounds: NDArray[np.int64]  # [n + 1] story i owns words[bounds[i]:bounds[i + 1]]
    times: NDArray[np.int64]  # [n] microseconds since 1970, or UNDATED


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
def _merge(facts: Facts, row: int, hashes: NDArray[np.uint32], counts: NDArray[np.int32]) -> int:
    """Write the distinct words of a story, by ascending hash, and how often each counts; returns their number."""
    begin, ends = facts.bounds[row], facts.sections[row]
    values = facts.hashes
    title, title_end = begin + np.int64(ends[TITLE - 1]), begin + np.int64(ends[TITLE])
    lead, lead_end = begin + np.int64(ends[LEAD - 1]), begin + np.int64(ends[LEAD])
    front, front_end = begin + np.int64(ends[FRONT - 1]), begin + np.int64(ends[FRONT])
    none = np.uint64(1 << 32)
    size = 0
    while True:
        one = np.uint64(values[title]) if title < title_end else none
        two = np.uint64(values[lead]) if lead < lead_end else none
        three = np.uint64(values[front]) if front < front_end else none
        least = min(one, two, three)
        if least == none:
            return size
        hashes[size] = np.uint32(least)
        counts[size] = TITLE_COUNT * (one == least) + (two == least) + (three == least)
        title += one == least
        lead += two == least
        front += three == least
        size += 1


@njit(nogil=True)
def _slot(slots: NDArray[np.int32], known: NDArray[np.uint32], value: np.uint32) -> int:
    """The slot of a word, or the free one where it belongs."""
    mask = slots.shape[0] - 1
    slot = np.int64(value) & mask
    while slots[slot] != 0 and known[slots[slot] - 1] != value:
        slot = (slot + 1) & mask
    return slot


@njit(nogil=True, cache=True)
def rehash_words(hashes: NDArray[np.uint32], used: int, slots: NDArray[np.int32]) -> None:
    """Enter words into a table that has none.

    hashes : uint32[>= used]
    slots  : int32[a power of two, more than `used`]  zeros
    """
    for word in range(used):
        slots[_slot(slots, hashes, hashes[word])] = word + 1


@njit(nogil=True, cache=True)
def enter_stories(
    facts: Facts,
    rows: NDArray[np.int64],
    first: int,
    place: int,
    vocabulary: Vocabulary,
    vectors: Vectors,
    postings: NDArray[np.uint32],
) -> int:
    """Enter stories until the last or until there is no room for their postings; how many are done.

    facts      : of all stories
    rows       : int64[n]    the stories to enter, ascending
    first      : the first of them to do
    place      : of that one among all stories entered
    vocabulary : with room for MOST_WORDS more words for each story; changed
    vectors    : with room for MOST_WORDS more for each story; changed
    postings   : uint32[p]   place << 2 | times the word counts there - 1; changed
    """
    slots, known, counts = vocabulary.slots, vocabulary.hashes, vocabulary.counts
    starts, rooms, used = vocabulary.starts, vocabulary.rooms, vocabulary.used
    hashes, times = np.empty(MOST_WORDS, dtype=np.uint32), np.empty(MOST_WORDS, dtype=np.int32)
    for k in range(first, rows.shape[0]):
        size = _merge(facts, rows[k], hashes, times)
        needed = used[1]
        for i in range(size):
            slot = _slot(slots, known, hashes[i])
            if slots[slot] == 0:
                word = used[0]
                slots[slot] = word + 1
                known[word], counts[word], rooms[word] = hashes[i], 0, 0
                used[0] += 1
            word = np.int64(slots[slot]) - 1
            if counts[word] == rooms[word]:
                needed += max(2 * np.int64(rooms[word]), 1)
        if needed > postings.shape[0]:
            return k
        at = vectors.bounds[place]
        for i in range(size):
            word = np.int64(slots[_slot(slots, known, hashes[i])]) - 1
            if counts[word] == rooms[word]:
                start, end = starts[word], used[1]
                for j in range(counts[word]):
                    postings[end + j] = postings[start + j]
                rooms[word] = max(2 * rooms[word], 1)
                starts[word] = end
                used[1] += rooms[word]
            postings[starts[word] + counts[word]] = np.uint32(place << _COUNT_BITS | (times[i] - 1))
            counts[word] += 1
            vectors.words[at + i] = np.uint32(word << _COUNT_BITS | (times[i] - 1))
        vectors.bounds[place + 1] = at + size
        vectors.times[place] = facts.times[rows[k]]
        place += 1
    return rows.shape[0]


@njit(nogil=True, cache=True)
def vectorise_story(facts: Facts, row: int, vocabulary: Vocabulary, out: Vectors) -> None:
    """Write the vector of a story that is not to be entered; all words that no story has are one past the last.

    out : room for MOST_WORDS words, bounds for one story
    """
    hashes, times = np.empty(MOST_WORDS, dtype=np.uint32), np.empty(MOST_WORDS, dtype=np.int32)
    size = _merge(facts, row, hashes, times)
    for i in range(size):
        word = np.int64(vocabulary.slots[_slot(vocabulary.slots, vocabulary.hashes, hashes[i])]) - 1
        if word < 0:
            word = vocabulary.used[0]
        out.words[i] = np.uint32(word << _COUNT_BITS | (times[i] - 1))
    out.bounds[0], out.bounds[1] = 0, size
    out.times[0] = facts.times[row]


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
        if np.int64(postings[start + middle]) >> _COUNT_BITS < at:
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
        word = np.int64(entry) >> _COUNT_BITS
        if word >= words:
            continue
        start, count = starts[word], np.int64(counts[word])
        if count > MOST_READ:
            start += _first_read(postings, start, count, at)
            count = MOST_READ
            cut += 1
        own = np.float64(rarity[word]) * np.float64(rarity[word]) * np.float64(weights[entry & _COUNT_MASK])
        for j in range(start, start + count):
            place = np.int64(postings[j]) >> _COUNT_BITS
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
        word, weight = entry >> _COUNT_BITS, np.float64(weights[entry & _COUNT_MASK])
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
            word, weight = np.int64(entry >> _COUNT_BITS), np.float64(weights[entry & _COUNT_MASK])
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
            heads[entry >> _COUNT_BITS] = 0
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
    circles = np.empty((size, CIRCLE + 1), dtype=np.int32)
    shares = np.empty((size, CIRCLE + 1), dtype=np.float64)
    near, likeness = np.empty(CIRCLE, dtype=np.int32), np.empty(CIRCLE, dtype=np.float64)
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
    words, bounds, times = vectors.words, vectors.bounds, vectors.times
    counts, starts, known = vocabulary.counts, vocabulary.starts, vocabulary.used[0]
    dots, touched = np.zeros(stories, dtype=np.float64), np.empty(stories, dtype=np.int32)
    pool, rough = np.empty(pool_size, dtype=np.int32), np.empty(pool_size, dtype=np.float64)
    room = (pool_size + 1) * MOST_WORDS + 1
    scratch = Met(
        np.zeros(known + 1, dtype=np.int32),
        np.empty(room, dtype=np.int32),
        np.empty(room, dtype=np.int32),
        np.empty(room, dtype=np.float64),
    )
    cosines = np.empty((pool_size + 1, pool_size + 1), dtype=np.float64)
    scores = np.empty(pool_size + 1, dtype=np.float64)
    places, values = found.places, np.empty(found.places.shape[1], dtype=np.float64)
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
