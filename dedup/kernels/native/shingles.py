"""Shingle and word hashes from tokens: what signatures and evidence are made of."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from dedup.kernels.flags import FUNCTION, NUMBER
from dedup.kernels.handles import borrow
from dedup.kernels.vectors import WIDTH, continued_mask, count_bits, false_mask, load_word, lowest
from dedup.kernels.xxh32 import SHORTEST_PLURAL, STAGED, hash_beginnings, hash_pieces, hash_runs, is_plural, xxh32

STEM_LETTERS = 6  # a word is looked up by its first letters, so that "rebukes" finds "rebuked"
TITLE_STAND_IN = 24  # tokens of the text that stand in for a title that is not there
_HIGH = np.uint64(0x8080808080808080)
_LONGEST = 31  # bytes of a token that `hash_pieces` takes


@njit(nogil=True, cache=True)
def count_shingles(offsets: NDArray[np.int64], width: int, bounds: NDArray[np.int64]) -> None:
    """Write where each story's shingles will lie.

    offsets : int64[n + 1]  story i owns tokens offsets[i]:offsets[i + 1], possibly none
    width   : int           tokens in a shingle, at least 1
    bounds  : int64[n + 1]  overwritten; a story of t tokens has max(t - width + 1, 1) shingles, none for t = 0
    """
    bounds[0] = 0
    for i in range(offsets.shape[0] - 1):
        tokens = offsets[i + 1] - offsets[i]
        bounds[i + 1] = bounds[i] + (0 if tokens == 0 else max(tokens - width + 1, 1))


@njit(nogil=True, cache=True)
def hash_shingles(
    data: NDArray[np.uint8],
    starts: NDArray[np.int64],
    flags: NDArray[np.uint8],
    offsets: NDArray[np.int64],
    width: int,
    bounds: NDArray[np.int64],
    hashes: NDArray[np.uint32],
    ends: NDArray[np.int64],
) -> None:
    """Write the XXH32 of every shingle: `width` tokens in a row and the spaces between, or the whole of a short story.

    data    : uint8[m]       the tokens' UTF-8, a space after each
    starts  : int64[t + 1]   token k is data[starts[k]:starts[k + 1] - 1]
    flags   : uint8[t]       of the tokens; FUNCTION is read
    offsets : int64[n + 1]   story i owns tokens offsets[i]:offsets[i + 1]
    bounds  : int64[n + 1]   from `count_shingles`; story i owns hashes[bounds[i]:bounds[i + 1]]
    hashes  : uint32[s]      overwritten; hashes[bounds[i]:ends[i]] serve retrieval, in text order, then those that
                             function words alone make up, which say nothing of the story, in reverse text order
    ends    : int64[n]       overwritten; a story of nothing but function words is looked up by all it has
    """
    data, starts, flags, offsets = borrow(data), borrow(starts), borrow(flags), borrow(offsets)
    bounds, hashes, ends = borrow(bounds), borrow(hashes), borrow(ends)
    runs = np.empty(flags.shape[0], dtype=np.uint32)
    hash_runs(data, starts, width, runs)
    for i in range(offsets.shape[0] - 1):
        left, right = bounds[i], bounds[i + 1]
        count = right - left
        span = min(width, offsets[i + 1] - offsets[i])
        function_run = 0  # function words in a row, up to the token before the shingle's last
        first = offsets[i]
        for k in range(first, first + span - 1):
            function_run = function_run + 1 if flags[k] & FUNCTION else 0
        if span < width and count:
            runs[first] = xxh32(data, starts[first], starts[first + span] - 1)
        for k in range(first, first + count):
            function_run = function_run + 1 if flags[np.uint64(k + span - 1)] & FUNCTION else 0
            hashes[np.uint64(left)] = hashes[np.uint64(right - 1)] = runs[np.uint64(k)]  # one of them is overwritten
            common = np.int64(function_run >= span)
            left += 1 - common
            right -= common
        ends[i] = left if left > bounds[i] else bounds[i + 1]


@njit(nogil=True, cache=True)
def hash_stem(data: NDArray[np.uint8], start: int, end: int, whole: bool) -> np.uint32:
    """XXH32 of the first STEM_LETTERS code points of data[start:end], or of all of it if `whole`.

    If it has not more it is the word without a plural's end, as `hash_beginnings` has it.
    """
    if whole:
        return xxh32(data, start, end)
    if end - start <= STEM_LETTERS:
        return xxh32(data, start, singular_end(data, start, end))
    high = np.uint8(0)
    for at in range(start, start + STEM_LETTERS):
        high |= data[at]
    if high < 0x80:  # ASCII: a byte is a letter
        return xxh32(data, start, start + STEM_LETTERS)
    if start + 8 <= data.shape[0]:
        word = load_word(data, start)
        begins = (~word | word << np.uint64(1)) & _HIGH  # of bytes that continue no code point
        if count_bits(begins) > STEM_LETTERS:  # as most
            for _ in range(STEM_LETTERS):
                begins &= begins - np.uint64(1)
            at = start + lowest(begins) // 8
            return xxh32(data, start, at if at < end else singular_end(data, start, end))
    letters = 0
    for at in range(start, end):
        if data[at] & 0xC0 != 0x80:  # not a continuation byte: a code point begins
            if letters == STEM_LETTERS:
                return xxh32(data, start, at)
            letters += 1
    return xxh32(data, start, singular_end(data, start, end))


@njit(inline="always", nogil=True)
def singular_end(data: NDArray[np.uint8], start: int, end: int) -> int:
    """Where a word ends without a plural's end."""
    if end - start < SHORTEST_PLURAL:
        return end
    return end - np.int64(is_plural(np.uint64(data[end - 2]), np.uint64(data[end - 1])))


@njit(nogil=True, cache=True)
def hash_stems(
    data: NDArray[np.uint8], starts: NDArray[np.int64], flags: NDArray[np.uint8], stems: NDArray[np.uint32]
) -> None:
    """Write `hash_stem` of every token; numbers are not cut, and are whole if they are longer than a stem.

    stems : uint32[t]  overwritten

    What `hash_beginnings` leaves over, words in other letters and numbers for the most part, is gathered and hashed
    many at a time, too.
    """
    data, starts, flags, stems = borrow(data), borrow(starts), borrow(flags), borrow(stems)
    count = stems.shape[0]
    done = np.ones(count + WIDTH, dtype=np.bool_)
    hash_beginnings(data, starts, STEM_LETTERS, stems, done[:count])
    for k in range(count):
        done[k] &= not _is_whole(starts, flags, k)
    tokens, begins = np.empty(STAGED, dtype=np.int64), np.zeros(STAGED, dtype=np.int64)
    sizes, hashes = np.empty(STAGED, dtype=np.uint32), np.empty(STAGED, dtype=np.uint32)
    gathered = 0
    for base in range(0, count, WIDTH):
        rest = false_mask(done, base)
        while rest:
            k = base + lowest(rest)
            rest &= rest - np.uint64(1)
            start, end = starts[k], starts[k + 1] - 1
            whole = _is_whole(starts, flags, k)
            if start + WIDTH > data.shape[0] or end - start > _LONGEST:
                stems[k] = hash_stem(data, start, end, whole)
                continue
            letters = ~continued_mask(data, start) & ((np.uint64(1) << np.uint64(end - start)) - np.uint64(1))
            for _ in range(STEM_LETTERS):
                letters &= letters - np.uint64(1)
            cut = start + lowest(letters) if letters else singular_end(data, start, end)
            tokens[gathered], begins[gathered] = k, start
            sizes[gathered] = (end if whole else cut) - start
            gathered += 1
        if gathered > STAGED - WIDTH or base + WIDTH >= count:
            hash_pieces(data, begins, sizes[:gathered], hashes)
            for i in range(gathered):
                stems[tokens[i]] = hashes[i]
            gathered = 0


@njit(inline="always", nogil=True)
def _is_whole(starts: NDArray[np.int64], flags: NDArray[np.uint8], k: int) -> bool:
    """Whether a token is a number longer than a stem."""
    return (flags[k] & NUMBER != 0) & (starts[k + 1] - 1 - starts[k] > STEM_LETTERS)


@njit(nogil=True, cache=True)
def hash_title_words(
    data: NDArray[np.uint8],
    starts: NDArray[np.int64],
    flags: NDArray[np.uint8],
    stems: NDArray[np.uint32],
    offsets: NDArray[np.int64],
    title_ends: NDArray[np.int64],
    hashes: NDArray[np.uint32],
    bounds: NDArray[np.int64],
) -> None:
    """Write the stem hashes of each title's content words (of all its words, if every one is a function word).

    The first TITLE_STAND_IN tokens of the text stand in for a missing title. Numbers are not cut to stems.
    Arguments as in `hash_shingles`, and:
    stems      : uint32[t]     from `hash_stems`
    title_ends : int64[n]      the title of story i is tokens offsets[i]:title_ends[i]
    hashes     : uint32[>= t]  overwritten from the front, back to back
    bounds     : int64[n + 1]  overwritten; story i owns hashes[bounds[i]:bounds[i + 1]]
    """
    data, starts, flags, stems = borrow(data), borrow(starts), borrow(flags), borrow(stems)
    offsets, title_ends, hashes, bounds = borrow(offsets), borrow(title_ends), borrow(hashes), borrow(bounds)
    at = 0
    bounds[0] = 0
    for i in range(offsets.shape[0] - 1):
        first, last = offsets[i], title_ends[i]
        if first == last:
            last = min(offsets[i + 1], first + TITLE_STAND_IN)
        for k in range(first, last):
            if not flags[k] & FUNCTION:
                hashes[at] = stems[k]
                at += 1
        if at == bounds[i]:
            for k in range(first, last):
                hashes[at] = hash_stem(data, starts[k], starts[k + 1] - 1, True)
                at += 1
        bounds[i + 1] = at
