"""The facts kept of a story for verification: sorted sets of hashes, at most 2 KB a story."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from dedup.kernels.handles import borrow, keep
from dedup.kernels.native.claims import pick_actors, pick_sides
from dedup.kernels.native.meanings import FRONT_TOKENS, Meanings, Read, read_words
from dedup.kernels.native.picks import (
    flag_strange,
    pick_front,
    pick_names,
    pick_numbers,
    pick_pairs,
    pick_runs,
    pick_title_names,
    pick_words,
)
from dedup.kernels.native.shingles import TITLE_STAND_IN, hash_stem
from dedup.kernels.vectors import LANES, mirror16, part16, settle64, sort16, sort32, sort64

# The sets, in the order they lie in, which is about the order they are asked for in, and the most values in each. Of
# runs, pairs and shingles these are the smallest hashes, a fair sample; of the others those that come first.
# As int64, since Numba compiles a function anew for every literal number that it is called with.
SHINGLES, PAIRS, TITLE, RUNS, LEAD, FRONT, TITLE_NUMBERS, NUMBERS, TITLE_NAMES, NAMES = map(np.int64, range(10))
SECTIONS = 10
CAPS = tuple(map(np.int64, (156, 96, 32, 48, 32, 96, 8, 16, 12, 16)))
FACTS_CAP = 512
LEAD_TOKENS = 40  # of the text: what it opens with
NUMBER_TOKENS = 48  # of title + text, where numbers are read, and of the text, where names are
_NUMBER_BYTES = 64
SPARE = 64  # values behind those that are sorted, overwritten
_SLOTS = 2048  # of a hash set of the first distinct values: few share one


@njit(nogil=True, cache=True)
def sort_hashes(values: NDArray[np.uint32], count: int) -> None:
    """Sort values[:count] in place by Batcher's bitonic sort: many at a time, and without a branch to mispredict.

    What is not there for the number to be a power of two would be as large as can be, and stay where it is.
    values : uint32[>= count + SPARE]  those after count are overwritten
    """
    block = 16 if count <= 16 else 32 if count <= 32 else 64
    end = count + -count % block
    values[count:end] = np.uint32(0xFFFFFFFF)
    if block == 16:
        sort16(values, 0)
        return
    if block == 32:
        sort32(values, 0)
        return
    for at in range(0, end, 64):
        sort64(values, at)
    half = 64
    while half < end:
        for begin in range(0, end - half, 2 * half):
            last = 2 * (begin + half) - LANES
            for low in range(max(begin, last + LANES - end), begin + half, LANES):
                mirror16(values, low, last - low)
            stop, apart = min(begin + 2 * half, end), half // 2
            while apart >= 64:
                for first in range(begin, stop, 2 * apart):
                    for low in range(first, min(first + apart, stop - apart), LANES):
                        part16(values, low, low + apart)
                apart //= 2
            for at in range(begin, stop, 64):
                settle64(values, at)
        half *= 2


@njit(nogil=True, cache=True)
def write_unique(values: NDArray[np.uint32], count: int, cap: int, out: NDArray[np.uint32]) -> tuple[int, bool]:
    """Write the `cap` smallest distinct of values[:count], ascending, to `out`; return as `smallest_unique` does.

    values : uint32[>= count + SPARE]  overwritten
    out    : uint32[>= cap]            overwritten
    """
    if count == 0:
        return 0, False
    sort_hashes(values, count)
    before = values[0]
    out[0], kept = before, np.uint64(1)
    if count <= cap:
        for i in range(1, count):
            value = values[np.uint64(i)]
            out[kept] = value  # if it is there already the next one is written over it: no branch to mispredict
            kept += np.uint64(value != before)
            before = value
        return np.int64(kept), False
    for i in range(1, count):
        if kept == np.uint64(cap):
            return cap, values[count - 1] != before
        value = values[np.uint64(i)]
        out[kept] = value
        kept += np.uint64(value != before)
        before = value
    return np.int64(kept), False


@njit(nogil=True, cache=True)
def smallest_unique(
    values: NDArray[np.uint32], count: int, cap: int, scratch: NDArray[np.uint32], out: NDArray[np.uint32]
) -> tuple[int, bool]:
    """Write the `cap` smallest distinct values, ascending, to `out`; return how many, and whether any were left out.

    values  : uint32[>= count]          of values[:count], any order, repeats allowed; not changed
    scratch : uint32[>= count + SPARE]  overwritten
    out     : uint32[>= cap]            overwritten
    The `cap` smallest of uniform hashes are a fair sample (bottom-k sketch: Cohen and Kaplan 2007).
    """
    limit = np.uint64(2**32)
    if count > 2 * cap:  # enough values lie under this one, most likely; if not, it is doubled
        limit = np.uint64((2**32 * (cap + cap // 6)) // count)
    while limit < np.uint64(2**32):
        picked = np.int64(0)
        for i in range(count):
            scratch[picked] = values[i]
            picked += np.uint64(values[i]) < limit
        kept, left_out = write_unique(scratch, picked, cap, out)
        if left_out:
            return kept, True
        limit *= np.uint64(2)
    scratch[:count] = values[:count]
    return write_unique(scratch, count, cap, out)


@njit(nogil=True, cache=True)
def _first_distinct(values: NDArray[np.uint32], count: int, cap: int, met: NDArray[np.uint8]) -> int:
    """Move the first `cap` distinct of values[:count] to the front, in their order; return how many there are.

    cap : int            at most 255
    met : uint8[_SLOTS]  overwritten: a hash set, of each value which of the distinct it is, from 1; 0 for a free slot
    """
    met[:] = 0
    kept = 0
    for i in range(count):
        value = values[i]
        slot = np.int64(value) & (_SLOTS - 1)
        while met[slot] != 0 and values[met[slot] - 1] != value:
            slot = (slot + 1) & (_SLOTS - 1)
        values[kept] = value
        kept += met[slot] == 0
        met[slot] = met[slot] if met[slot] else np.uint8(kept)
        if kept == cap:
            break
    return kept


@njit(nogil=True, cache=True)
def _append(
    out: NDArray[np.uint32], at: int, values: NDArray[np.uint32], count: int, cap: int, met: NDArray[np.uint8]
) -> int:
    """Write the first `cap` distinct of values[:count], sorted, to out[at:]; return where they end.

    First in text order, so that the beginning of a title counts before its end; `values` as in `write_unique`, `met`
    as in `_first_distinct`.
    """
    if count == 0:
        return at
    if count > cap:  # rare: find the first ones before their order is lost
        count = _first_distinct(values, count, cap, met)
    return at + write_unique(values, count, cap, out[at:])[0]


@njit(nogil=True, cache=True)
def gather_facts(
    data: NDArray[np.uint8],
    starts: NDArray[np.int64],
    flags: NDArray[np.uint8],
    stems: NDArray[np.uint32],
    offsets: NDArray[np.int64],
    title_ends: NDArray[np.int64],
    shingles: NDArray[np.uint32],
    shingle_bounds: NDArray[np.int64],
    meanings: Meanings,
    scratch: NDArray[np.uint32],
    facts: NDArray[np.uint32],
    bounds: NDArray[np.int64],
    sections: NDArray[np.uint16],
    claims: NDArray[np.uint32],
) -> None:
    """Write each story's facts, ten sorted sets of distinct hashes back to back.

    SHINGLES; PAIRS, every two content words in a row; TITLE, the words of the title; RUNS, its letters three in a row;
    LEAD, the words of the first LEAD_TOKENS of the text; FRONT, those of the first FRONT_TOKENS of title + text;
    TITLE_NUMBERS, the numbers and days of the title; NUMBERS, the numbers of the first NUMBER_TOKENS of title + text;
    TITLE_NAMES, by which the title differs from others like it; NAMES, of the beginning of the text. The first
    TITLE_STAND_IN tokens of the text stand in for a missing title, but have no TITLE_NAMES.

    Arguments as in `hash_shingles`, and:
    stems      : uint32[t]      from `hash_stems`
    title_ends : int64[n]       the title of story i is tokens offsets[i]:title_ends[i]
    scratch    : uint32[>= max(the longest story's tokens or shingles, RUN_POINTS) + SPARE]
    facts      : uint32[>= the sum over stories of FACTS_CAP or, if less, 9 * tokens + bytes + shingles]  overwritten
    bounds     : int64[n + 1]   overwritten; story i owns facts[bounds[i]:bounds[i + 1]]
    sections   : uint16[n, 10]  overwritten; where each set ends, counted from bounds[i]
    claims     : uint32[n]      overwritten; of the title, cf. `native.claims`
    """
    data, starts, flags, stems, offsets = borrow(data), borrow(starts), borrow(flags), borrow(stems), borrow(offsets)
    title_ends, shingles, shingle_bounds = borrow(title_ends), borrow(shingles), borrow(shingle_bounds)
    meanings, scratch, facts = borrow(meanings), borrow(scratch), borrow(facts)
    bounds, sections, claims = borrow(bounds), borrow(sections), borrow(claims)
    room = scratch.shape[0]
    made = (
        Read(
            np.empty(room, dtype=np.uint32),
            np.empty(room, dtype=np.uint8),
            np.empty(FRONT_TOKENS + 1, dtype=np.int64),
        ),
        np.empty(room, dtype=np.uint32),
        np.empty(room, dtype=np.uint32),
        np.empty(_NUMBER_BYTES, dtype=np.uint8),
        np.empty(room, dtype=np.bool_),
        np.empty(_SLOTS, dtype=np.uint8),
        np.empty((4, 16), dtype=np.uint32),
    )
    read, some, content, digits, strange, met, keys = borrow(made)
    words, kinds = read.words, read.kinds
    bounds[0] = 0
    for i in range(offsets.shape[0] - 1):
        first, count, titled = offsets[i], offsets[i + 1] - offsets[i], title_ends[i] - offsets[i]
        head = titled if titled > 0 else min(count, TITLE_STAND_IN)  # tokens of what serves as a title
        own = flags[first : first + count]
        read_words(data, starts, flags, stems, first, count, meanings, digits, read)
        begin = at = bounds[i]
        whole = shingles[shingle_bounds[i] : shingle_bounds[i + 1]]
        at += smallest_unique(whole, whole.shape[0], CAPS[SHINGLES], scratch, facts[at:])[0]
        sections[i, SHINGLES] = at - begin
        lead_end = min(count, titled + LEAD_TOKENS)
        headed = pick_words(own, words, 0, head, content)
        opened = headed + pick_words(own, words, head, lead_end, content[headed:])
        told = opened + pick_words(own, words, lead_end, count, content[opened:])
        n = pick_pairs(content, told, some)
        at += smallest_unique(some, n, CAPS[PAIRS], scratch, facts[at:])[0]
        sections[i, PAIRS] = at - begin
        n = headed
        some[:n] = content[:n]
        if n == 0:  # a title of function words
            for n in range(head):
                some[n] = hash_stem(data, starts[first + n], starts[first + n + 1] - 1, True)
            n = head
        at = _append(facts, at, some, n, CAPS[TITLE], met)
        sections[i, TITLE] = at - begin
        n = pick_runs(data, starts[first], starts[first + head], some)
        at += smallest_unique(some, n, CAPS[RUNS], scratch, facts[at:])[0]
        sections[i, RUNS] = at - begin
        n = opened - (headed if titled > 0 else 0)
        some[:n] = content[opened - n : opened]
        at = _append(facts, at, some, n, CAPS[LEAD], met)
        sections[i, LEAD] = at - begin
        n = pick_front(own, words, kinds, min(count, FRONT_TOKENS), some)
        at = _append(facts, at, some, n, CAPS[FRONT], met)
        sections[i, FRONT] = at - begin
        n = pick_numbers(words, kinds, min(head, FRONT_TOKENS), min(count, FRONT_TOKENS), True, some)
        at = _append(facts, at, some, n, CAPS[TITLE_NUMBERS], met)
        sections[i, TITLE_NUMBERS] = at - begin
        n = pick_numbers(words, kinds, min(count, NUMBER_TOKENS), min(count, FRONT_TOKENS), False, some)
        at = _append(facts, at, some, n, CAPS[NUMBERS], met)
        sections[i, NUMBERS] = at - begin
        names = content[: pick_names(own, words, titled, min(count, titled + NUMBER_TOKENS), content)]
        flag_strange(data, starts[first:], own, kinds, meanings.likely, keys, strange[:titled])
        n = pick_title_names(own, words, kinds, titled, strange, names, some)
        at = _append(facts, at, some, n, CAPS[TITLE_NAMES], met)
        sections[i, TITLE_NAMES] = at - begin
        at = _append(facts, at, content, names.shape[0], CAPS[NAMES], met)
        sections[i, NAMES] = at - begin
        claims[i] = pick_sides(kinds, titled) | pick_actors(own, words, kinds, titled)
        bounds[i + 1] = at
    keep(made)
