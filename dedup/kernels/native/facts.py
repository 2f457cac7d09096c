"""The facts kept of a story for verification: sorted sets of hashes, at most 2 KB a story."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from dedup.kernels.flags import CAPITAL, FUNCTION, NUMBER, SENTENCE
from dedup.kernels.native.shingles import hash_stem
from dedup.kernels.xxh32 import xxh32

HEAD_TOKENS = 48  # a story's head: its title and the beginning of its text
NUMBER_TOKENS = 70  # where numbers and names are read from
TITLE_CAP, HEAD_CAP, TITLE_NUMBERS_CAP, NUMBERS_CAP, NAMES_CAP, SHINGLES_CAP = 32, 48, 8, 24, 24, 360
SECTIONS = 6
FACTS_CAP = TITLE_CAP + HEAD_CAP + TITLE_NUMBERS_CAP + NUMBERS_CAP + NAMES_CAP + SHINGLES_CAP
_COMMA = np.uint8(44)
_NUMBER_BYTES = 64
_SMALL = 24  # values that insertion sort takes at once
_MOST_MOVES = 16  # places a value moves on the average, at most, to its own among those of equal top bytes


@njit(nogil=True, cache=True)
def _insertion_sort(values: NDArray[np.uint32], count: int) -> None:
    for i in range(1, count):
        value = values[i]
        j = i - 1
        while j >= 0 and values[j] > value:
            values[j + 1] = values[j]
            j -= 1
        values[j + 1] = value


@njit(nogil=True, cache=True)
def sort_hashes(values: NDArray[np.uint32], count: int, scratch: NDArray[np.uint32]) -> None:
    """Sort values[:count] in place; hashes are uniform, so their two top bytes nearly tell the order.

    scratch : uint32[>= count]  overwritten
    """
    if count <= _SMALL:
        _insertion_sort(values, count)
        return
    upper, lower = np.zeros(256, dtype=np.int32), np.zeros(256, dtype=np.int32)
    for i in range(count):
        upper[values[i] >> np.uint32(24)] += 1
        lower[(values[i] >> np.uint32(16)) & np.uint32(255)] += 1
    before_upper, before_lower = np.int32(0), np.int32(0)
    for byte in range(256):
        upper[byte], before_upper = before_upper, before_upper + upper[byte]
        lower[byte], before_lower = before_lower, before_lower + lower[byte]
    for i in range(count):
        byte = (values[i] >> np.uint32(16)) & np.uint32(255)
        scratch[lower[byte]] = values[i]
        lower[byte] += 1
    for i in range(count):
        byte = scratch[i] >> np.uint32(24)
        values[upper[byte]] = scratch[i]
        upper[byte] += 1
    moves = 0
    for i in range(1, count):
        value = values[i]
        j = i - 1
        while j >= 0 and values[j] > value:
            values[j + 1] = values[j]
            j -= 1
        values[j + 1] = value
        moves += i - 1 - j
        if moves > _MOST_MOVES * count:  # these are no hashes
            values[:count].sort()
            return


@njit(nogil=True, cache=True)
def smallest_unique(
    values: NDArray[np.uint32], count: int, cap: int, scratch: NDArray[np.uint32], out: NDArray[np.uint32]
) -> tuple[int, bool]:
    """Write the `cap` smallest distinct values, ascending, to `out`; return how many, and whether any were left out.

    values  : uint32[>= count]      of values[:count], any order, repeats allowed; not changed
    scratch : uint32[>= 2 * count]  overwritten
    out     : uint32[>= cap]        overwritten
    The `cap` smallest of uniform hashes are a fair sample (bottom-k sketch: Cohen and Kaplan 2007).
    """
    limit = np.uint64(2**32)
    if count > 2 * cap:  # enough values lie under this one, most likely; if not, it is doubled
        limit = np.uint64((2**32 * (cap + cap // 2)) // count)
    while True:
        picked = 0
        if limit >= np.uint64(2**32):
            picked = count
            scratch[:count] = values[:count]
        else:
            for i in range(count):
                scratch[picked] = values[i]
                picked += np.uint64(values[i]) < limit
        sort_hashes(scratch[:picked], picked, scratch[count : count + picked])
        kept = 0
        for i in range(picked):
            if i == 0 or scratch[i] != scratch[i - 1]:
                if kept == cap:
                    return kept, True
                out[kept] = scratch[i]
                kept += 1
        if limit >= np.uint64(2**32):
            return kept, False
        limit *= np.uint64(2)


@njit(nogil=True, cache=True)
def _hash_number(data: NDArray[np.uint8], start: int, end: int, digits: NDArray[np.uint8]) -> np.uint32:
    """XXH32 of a number without its thousands commas, so that 350,000 is 350000."""
    count = 0
    for at in range(start, min(end, start + _NUMBER_BYTES)):
        if data[at] != _COMMA:
            digits[count] = data[at]
            count += 1
    return xxh32(digits, 0, count)


@njit(nogil=True, cache=True)
def _first_distinct(values: NDArray[np.uint32], count: int, cap: int) -> int:
    """Move the first `cap` distinct of values[:count] to the front, in their order; return how many there are."""
    kept = 0
    for i in range(count):
        known = False
        for j in range(kept):
            if values[j] == values[i]:
                known = True
                break
        if not known:
            values[kept] = values[i]
            kept += 1
            if kept == cap:
                break
    return kept


@njit(nogil=True, cache=True)
def _append(
    out: NDArray[np.uint32], at: int, values: NDArray[np.uint32], count: int, cap: int, scratch: NDArray[np.uint32]
) -> int:
    """Write the first `cap` distinct of values[:count], sorted, to out[at:]; return where they end.

    First in text order, so that the beginning of a title counts before its end; values[:count] is overwritten.
    """
    if count > cap:  # rare: find the first ones before their order is lost
        count = _first_distinct(values, count, cap)
    sort_hashes(values, count, scratch)
    kept = 0
    for i in range(count):
        if i == 0 or values[i] != values[i - 1]:
            out[at + kept] = values[i]
            kept += 1
    return at + kept


@njit(nogil=True, cache=True)
def gather_facts(
    data: NDArray[np.uint8],
    starts: NDArray[np.int64],
    flags: NDArray[np.uint8],
    offsets: NDArray[np.int64],
    title_ends: NDArray[np.int64],
    title_words: NDArray[np.uint32],
    title_bounds: NDArray[np.int64],
    shingles: NDArray[np.uint32],
    shingle_bounds: NDArray[np.int64],
    scratch: NDArray[np.uint32],
    facts: NDArray[np.uint32],
    bounds: NDArray[np.int64],
    sections: NDArray[np.uint16],
    truncated: NDArray[np.bool_],
) -> None:
    """Write each story's facts, six sorted sets of distinct hashes back to back.

    The sets: words of the title (from `hash_title_words`), content words of the head, numbers of the title, numbers of
    the head, names of the head's running text, and the smallest SHINGLES_CAP shingles.

    Arguments as in `hash_shingles` and `hash_title_words`, and:
    scratch   : uint32[>= 2 * the longest story's shingles + FACTS_CAP]
    facts     : uint32[>= the sum over stories of min(5 * tokens + shingles, FACTS_CAP)]  overwritten from the front
    bounds    : int64[n + 1]    overwritten; story i owns facts[bounds[i]:bounds[i + 1]]
    sections  : uint16[n, 6]    overwritten; where each set ends, counted from bounds[i]
    truncated : bool[n]         overwritten; whether shingles were left out
    """
    words = np.empty(max(NUMBER_TOKENS, HEAD_TOKENS), dtype=np.uint32)
    title_numbers = np.empty(NUMBER_TOKENS, dtype=np.uint32)
    numbers = np.empty(NUMBER_TOKENS, dtype=np.uint32)
    names = np.empty(NUMBER_TOKENS, dtype=np.uint32)
    digits = np.empty(_NUMBER_BYTES, dtype=np.uint8)
    bounds[0] = 0
    for i in range(offsets.shape[0] - 1):
        begin = bounds[i]
        first, last = offsets[i], offsets[i + 1]
        count = min(title_bounds[i + 1] - title_bounds[i], words.shape[0])
        words[:count] = title_words[title_bounds[i] : title_bounds[i] + count]
        at = _append(facts, begin, words, count, TITLE_CAP, scratch)
        sections[i, 0] = at - begin
        count = 0
        for k in range(first, min(last, first + HEAD_TOKENS)):
            if not flags[k] & FUNCTION:
                words[count] = hash_stem(data, starts[k], starts[k + 1] - 1, flags[k] & NUMBER != 0)
                count += 1
        at = _append(facts, at, words, count, HEAD_CAP, scratch)
        sections[i, 1] = at - begin
        in_title = in_head = named = 0
        for k in range(first, min(last, first + NUMBER_TOKENS)):
            if flags[k] & NUMBER:
                numbers[in_head] = _hash_number(data, starts[k], starts[k + 1] - 1, digits)
                in_head += 1
                if k < title_ends[i]:
                    title_numbers[in_title] = numbers[in_head - 1]
                    in_title += 1
            elif k >= title_ends[i] and flags[k] & CAPITAL and not flags[k] & (SENTENCE | FUNCTION):
                names[named] = hash_stem(data, starts[k], starts[k + 1] - 1, False)
                named += 1
        at = _append(facts, at, title_numbers, in_title, TITLE_NUMBERS_CAP, scratch)
        sections[i, 2] = at - begin
        at = _append(facts, at, numbers, in_head, NUMBERS_CAP, scratch)
        sections[i, 3] = at - begin
        at = _append(facts, at, names, named, NAMES_CAP, scratch)
        sections[i, 4] = at - begin
        own = shingles[shingle_bounds[i] : shingle_bounds[i + 1]]
        kept, truncated[i] = smallest_unique(own, own.shape[0], SHINGLES_CAP, scratch, facts[at:])
        sections[i, 5] = at + kept - begin
        bounds[i + 1] = at + kept
