"""Which stories share a band's key: nine keys in ten occur once and are dropped, the others become buckets."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from dedup.kernels.vectors import prefetch

CROWDED = -2  # an entry of a key that too many rows have, which make no bucket
_AHEAD = np.uint64(24)  # rows: so far ahead their slots are fetched


@njit(inline="always", nogil=True)
def _spread(key: np.uint32) -> np.uint64:
    """44 bits of a key's hash."""
    return np.uint64(key) * np.uint64(0x9E3779B97F4A7C15) >> np.uint64(20)


@njit(nogil=True, cache=True)
def find_shared(
    keys: NDArray[np.uint32], skip: NDArray[np.bool_], seen: NDArray[np.uint64], rows: NDArray[np.int32]
) -> int:
    """Write the rows whose key occurs twice, or seems to; return how many.

    keys : uint32[n]    keys of one band; 0 is none
    skip : bool[n]      stories whose keys do not make a second occurrence: exact copies of an earlier one
    seen : uint64[w]    zeros, scratch, w a power of two: two bits a key, side by side: it occurred, and did so again
    rows : int32[n + 1] overwritten from the front, ascending; two keys that share their bits look like one that occurs
                        twice, never the reverse
    """
    mask, one = np.uint64(seen.shape[0] - 1), np.uint64(1)
    for i in range(np.uint64(keys.shape[0])):
        if keys[i] != 0 and not skip[i]:
            at = _spread(keys[i])
            word, first = (at >> np.uint64(6)) & mask, one << (at & np.uint64(62))
            seen[word] |= first | (seen[word] & first) << one
    count = np.uint64(0)
    for i in range(np.uint64(keys.shape[0])):
        at = _spread(keys[i])
        rows[count] = i
        again = seen[(at >> np.uint64(6)) & mask] >> (at & np.uint64(62)) >> one
        count += again & np.uint64(keys[i] != 0)
    return np.int64(count)


@njit(nogil=True, cache=True)
def group_rows(
    keys: NDArray[np.uint32],
    rows: NDArray[np.int32],
    limit: int,
    slots: NDArray[np.uint64],
    groups: NDArray[np.int32],
    sizes: NDArray[np.int32],
    places: NDArray[np.int64],
    members: NDArray[np.int32],
    entries: NDArray[np.int64],
    crowded: NDArray[np.int32],
) -> tuple[int, int, int]:
    """Make buckets of the rows that share a key; return how many members, entries and crowded rows were written.

    What is done with a row hangs on chance, and a wrong guess of the processor's takes longer than to do it for all: so
    there are no branches where one would do.

    keys    : uint32[n]  keys of one band
    rows    : int32[m]   from `find_shared`; overwritten from the front: the rows of the entries
    limit   : int        most rows in a bucket, up to 255
    slots   : uint64[c]  zeros, scratch; c a power of two above m
    groups  : int32[m]   scratch
    sizes   : int32[m]   scratch
    places  : int64[m]   scratch
    members : int32[m]   overwritten from the front: the rows of each bucket of 2 .. limit rows, ascending
    entries : int64[m]   overwritten from the front: 256 * where a bucket begins in members + the rows there before one,
                         for each row but the first of its bucket
    crowded : int32[m]   overwritten from the front: the rows of larger buckets
    """
    mask, one, half = np.uint64(slots.shape[0] - 1), np.uint64(1), np.uint64(32)
    many = np.uint64(rows.shape[0])
    for e in range(many):  # a slot holds a key and the first entry that has it, counted from 1
        ahead = np.uint64(rows[min(e + _AHEAD, many - one)])
        prefetch(slots, np.int64(_spread(keys[ahead]) & mask))
        key = np.uint64(keys[np.uint64(rows[e])])
        at = _spread(key) & mask
        slot = slots[at]
        while min(slot, slot >> half ^ key) != 0:  # neither free nor of this key
            at = (at + one) & mask
            slot = slots[at]
        slot |= (key << half | (e + one)) * np.uint64(slot == 0)
        slots[at] = slot
        group = (slot & np.uint64(0xFFFFFFFF)) - one
        groups[e], sizes[e] = group, 0
        sizes[group] += 1
    place = np.int64(0)
    for e in range(many):
        size = np.int64(sizes[e]) * np.int64(groups[e] == e)
        few = np.int64(size <= limit)
        places[e] = place << 8 | few - 1  # negative for too many
        place += size * (few & np.int64(size > 1))
    kept = apart = np.uint64(0)
    for e in range(many):
        row, group = rows[e], np.uint64(groups[e])
        entry = places[group]
        if entry < 0:
            crowded[apart] = row
            apart += one
        else:  # of a bucket of one row the member is overwritten by the first one of the next
            places[group] = entry + 1
            members[np.uint64((entry >> 8) + (entry & 255))] = row
            rows[kept], entries[kept] = row, entry
            kept += np.uint64(entry & 255 != 0)
    return place, np.int64(kept), np.int64(apart)


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
