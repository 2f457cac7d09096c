"""The words of stories, numbered as they come, and where each one stands. Twin: `dedup.kernels.reference.similar`."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from dedup.kernels.handles import borrow
from dedup.kernels.native.evidence import Facts
from dedup.kernels.native.facts import CAPS, FRONT, LEAD, TITLE

TITLE_COUNT = 2  # times that a word of the title counts on top
MOST_COUNT = TITLE_COUNT + 2
MOST_WORDS = CAPS[TITLE] + CAPS[LEAD] + CAPS[FRONT]  # of a story
COUNT_BITS = 2


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
    facts, rows, vocabulary = borrow(facts), borrow(rows), borrow(vocabulary)
    vectors, postings = borrow(vectors), borrow(postings)
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
            postings[starts[word] + counts[word]] = np.uint32(place << COUNT_BITS | (times[i] - 1))
            counts[word] += 1
            vectors.words[at + i] = np.uint32(word << COUNT_BITS | (times[i] - 1))
        vectors.bounds[place + 1] = at + size
        vectors.times[place] = facts.times[rows[k]]
        place += 1
    return rows.shape[0]


@njit(nogil=True, cache=True)
def vectorise_story(facts: Facts, row: int, vocabulary: Vocabulary, out: Vectors) -> None:
    """Write the vector of a story that is not to be entered; all words that no story has are one past the last.

    out : room for MOST_WORDS words, bounds for one story
    """
    facts, vocabulary, out = borrow(facts), borrow(vocabulary), borrow(out)
    hashes, times = np.empty(MOST_WORDS, dtype=np.uint32), np.empty(MOST_WORDS, dtype=np.int32)
    size = _merge(facts, row, hashes, times)
    for i in range(size):
        word = np.int64(vocabulary.slots[_slot(vocabulary.slots, vocabulary.hashes, hashes[i])]) - 1
        if word < 0:
            word = vocabulary.used[0]
        out.words[i] = np.uint32(word << COUNT_BITS | (times[i] - 1))
    out.bounds[0], out.bounds[1] = 0, size
    out.times[0] = facts.times[row]
