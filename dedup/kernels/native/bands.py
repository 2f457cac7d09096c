"""Which stories share a band's key: nine keys in ten occur once and are dropped, the others become buckets."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

ALONE, CROWDED = -1, -2  # a key of one row, and of too many: they make no bucket; the latter are entries later on


@njit(inline="always", nogil=True)
def _bit(key: np.uint32, mask: np.uint64) -> np.uint64:
    """Where a key is noted, among mask + 1 bits."""
    return (np.uint64(key) * np.uint64(0x9E3779B97F4A7C15) >> np.uint64(20)) & mask


@njit(nogil=True, cache=True)
def find_shared(
    keys: NDArray[np.uint32],
    skip: NDArray[np.bool_],
    once: NDArray[np.uint64],
    twice: NDArray[np.uint64],
    rows: NDArray[np.int32],
) -> int:
    """Write the rows whose key occurs twice, or seems to; return how many.

    keys  : uint32[n]  keys of one band; 0 is none
    skip  : bool[n]    stories whose keys do not make a second occurrence: exact copies of an earlier one
    once  : uint64[w]  zeros, scratch: bit set of 64 * w bits, a power of two
    twice : uint64[w]  the same
    rows  : int32[n]   overwritten from the front, ascending; two keys that share a bit look like one that occurs twice,
                       never the reverse
    """
    mask = np.uint64(once.shape[0] * 64 - 1)
    for i in range(keys.shape[0]):
        if keys[i] != 0 and not skip[i]:
            at = _bit(keys[i], mask)
            word, bit = at >> np.uint64(6), np.uint64(1) << (at & np.uint64(63))
            twice[word] |= once[word] & bit
            once[word] |= bit
    count = 0
    for i in range(keys.shape[0]):
        if keys[i] != 0:
            at = _bit(keys[i], mask)
            rows[count] = i
            count += (twice[at >> np.uint64(6)] >> (at & np.uint64(63))) & np.uint64(1) != np.uint64(0)
    return count


@njit(nogil=True, cache=True)
def group_rows(
    keys: NDArray[np.uint32],
    rows: NDArray[np.int32],
    limit: int,
    slots: NDArray[np.int32],
    groups: NDArray[np.int32],
    starts: NDArray[np.int32],
    filled: NDArray[np.int32],
    members: NDArray[np.int32],
    entries: NDArray[np.int64],
    crowded: NDArray[np.int32],
) -> tuple[int, int, int]:
    """Make buckets of the rows that share a key; return how many members, entries and crowded rows were written.

    keys    : uint32[n]  keys of one band
    rows    : int32[m]   from `find_shared`; overwritten from the front: the rows of the entries
    limit   : int        most rows in a bucket, up to 255
    slots   : int32[c]   zeros, scratch; c a power of two above m
    groups  : int32[m]   scratch
    starts  : int32[m]   scratch
    filled  : int32[m]   scratch
    members : int32[m]   overwritten from the front: the rows of each bucket of 2 .. limit rows, ascending
    entries : int64[m]   overwritten from the front: 256 * where a bucket begins in members + the rows there before one,
                         for each row but the first of its bucket
    crowded : int32[m]   overwritten from the front: the rows of larger buckets
    """
    mask = np.uint64(slots.shape[0] - 1)
    count = 0
    for e in range(rows.shape[0]):  # a slot holds the first entry of its group, counted from 1
        key = keys[rows[e]]
        at = _bit(key, mask)
        while slots[at] != 0 and keys[rows[slots[at] - 1]] != key:
            at = (at + np.uint64(1)) & mask
        if slots[at] == 0:
            slots[at] = e + 1
            groups[e] = count
            filled[count] = 0
            count += 1
        else:
            groups[e] = groups[slots[at] - 1]
        filled[groups[e]] += 1
    place = 0
    for g in range(count):
        starts[g] = place
        if filled[g] == 1:
            filled[g] = ALONE
        elif filled[g] > limit:
            filled[g] = CROWDED
        else:
            place += filled[g]
            filled[g] = 0
    kept = apart = 0
    for e in range(rows.shape[0]):
        g, row = groups[e], rows[e]
        if filled[g] == CROWDED:
            crowded[apart] = row
            apart += 1
        elif filled[g] != ALONE:
            members[starts[g] + filled[g]] = row
            if filled[g] > 0:
                rows[kept], entries[kept] = row, (np.int64(starts[g]) << 8) + filled[g]
                kept += 1
            filled[g] += 1
    return place, kept, apart


@njit(nogil=True, cache=True)
def slice_crowds(
    keys: NDArray[np.uint32],
    slices: NDArray[np.int64],
    rows: NDArray[np.int32],
    limit: int,
    base: int,
    out_rows: NDArray[np.int32],
    out_entries: NDArray[np.int64],
) -> int:
    """Make buckets of the rows of larger groups, by slices of time; return how many entries were written.

    A story and its leader lie in one slice or in two in a row. So whatever a story of slice s finds lies with stories
    of the slices s - 2 .. s + 2, and a table of leaders by key and slice holds under slice t what stories of
    t - 1 .. t + 1 entered. Where these are no more than the limit, for every t in s - 1 .. s + 1, no place that a story
    of slice s looks at can be full: it is told of all stories in reach. Else it is crowded: it asks the table, into
    which all crowded ones are entered, and is told only of those in reach that are not.

    keys, slices, rows : uint32[m], int64[m], int32[m]  sorted by key, slice and row; the rows of a bucket, one key and
                                                        slice, lie in a row
    limit              : int                            most leaders in a place of the table, up to 255
    base               : int                            where these rows will begin among the members
    out_rows           : int32[6 * m]                   overwritten from the front: the row of each entry
    out_entries        : int64[6 * m]                   CROWDED, or 256 * where a bucket begins among the members + how
                                                        many of its rows come before this one
    """
    starts = np.empty(rows.shape[0] + 1, dtype=np.int64)  # of the buckets of a key
    crowded = np.empty(rows.shape[0], dtype=np.bool_)
    written = first = 0
    while first < rows.shape[0]:
        buckets, end = 0, first
        while end < rows.shape[0] and keys[end] == keys[first]:
            if end == first or slices[end] != slices[end - 1]:
                starts[buckets] = end
                buckets += 1
            end += 1
        starts[buckets] = first = end
        for b in range(buckets):
            crowded[b] = _is_crowded(starts[: buckets + 1], slices, b, limit)
        for b in range(buckets):
            own = slice(starts[b], starts[b + 1])
            if crowded[b]:
                size = own.stop - own.start
                out_rows[written : written + size] = rows[own]
                out_entries[written : written + size] = CROWDED
                written += size
            for other in range(max(b - 2, 0), min(b + 3, buckets)):
                apart = abs(slices[starts[other]] - slices[starts[b]])
                if apart <= 2 and not (crowded[b] and crowded[other]):
                    theirs = rows[starts[other] : starts[other + 1]]
                    place = base + starts[other]
                    written = _tell_earlier(rows[own], theirs, place, written, out_rows, out_entries)
    return written


@njit(nogil=True)
def _tell_earlier(
    rows: NDArray[np.int32],
    others: NDArray[np.int32],
    place: int,
    written: int,
    out_rows: NDArray[np.int32],
    out_entries: NDArray[np.int64],
) -> int:
    """Write the entries that tell each of some rows of the earlier ones in a bucket; how many are written then.

    rows, others : ascending
    place        : where the bucket begins among the members
    """
    before = 0
    for row in rows:
        while before < others.shape[0] and others[before] < row:
            before += 1
        if before > 0:
            out_rows[written], out_entries[written] = row, (place << 8) + before
            written += 1
    return written


@njit(nogil=True)
def _is_crowded(starts: NDArray[np.int64], slices: NDArray[np.int64], bucket: int, limit: int) -> bool:
    """Whether three slices in a row, one of them a bucket's own, hold more rows of its key than the limit."""
    own = slices[starts[bucket]]
    sizes = np.zeros(5, dtype=np.int64)  # of the slices own - 2 .. own + 2
    for other in range(max(bucket - 2, 0), min(bucket + 3, starts.shape[0] - 1)):
        place = slices[starts[other]] - own + 2
        if 0 <= place < 5:
            sizes[place] = starts[other + 1] - starts[other]
    middle = sizes[1] + sizes[2] + sizes[3]
    return max(sizes[0] + sizes[1] + sizes[2], middle, sizes[2] + sizes[3] + sizes[4]) > limit


@njit(nogil=True, cache=True)
def count_entries(
    rows: NDArray[np.int32],
    entries: NDArray[np.int64],
    band: int,
    counts: NDArray[np.int64],
    crowded: NDArray[np.uint32],
) -> None:
    """Count the entries of each row that name others before it, and mark the bands whose bucket is crowded.

    rows, entries : from `group_rows`, of one band
    counts        : int64[n]     added to
    crowded       : uint32[n, w]  bit band % 32 of word band // 32 is set
    """
    for e in range(rows.shape[0]):
        if entries[e] >= 0:
            counts[rows[e]] += 1
        elif entries[e] == CROWDED:
            crowded[rows[e], band >> 5] |= np.uint32(1) << np.uint32(band & 31)


@njit(nogil=True, cache=True)
def scatter_entries(
    rows: NDArray[np.int32], entries: NDArray[np.int64], base: int, cursor: NDArray[np.int64], out: NDArray[np.int64]
) -> None:
    """Write the entries of one band to their rows' places.

    base   : int       where this band's members begin among those of all bands
    cursor : int64[n]  where each row's next entry goes; moved on
    out    : int64[e]
    """
    for e in range(rows.shape[0]):
        if entries[e] >= 0:
            out[cursor[rows[e]]] = entries[e] + (base << 8)
            cursor[rows[e]] += 1


@njit(nogil=True, cache=True)
def mark_copies(
    content: NDArray[np.uint64], slots: NDArray[np.int32], copies: NDArray[np.bool_], shared: NDArray[np.bool_]
) -> None:
    """Mark the stories whose content another story has.

    content : uint64[n, 2]  128 bits of hash; 0, 0 is no content and a copy of nothing
    slots   : int32[c]      zeros, scratch; c a power of two above n
    copies  : bool[n]       overwritten: whether an earlier story has it
    shared  : bool[n]       overwritten: whether any other story has it
    """
    mask = np.uint64(slots.shape[0] - 1)
    for i in range(content.shape[0]):
        copies[i] = shared[i] = False
        high, low = content[i, 0], content[i, 1]
        if high == np.uint64(0) and low == np.uint64(0):
            continue
        at = high & mask
        while slots[at] != 0:
            row = slots[at] - 1
            if content[row, 0] == high and content[row, 1] == low:
                copies[i] = shared[i] = shared[row] = True
                break
            at = (at + np.uint64(1)) & mask
        if not copies[i]:
            slots[at] = i + 1
