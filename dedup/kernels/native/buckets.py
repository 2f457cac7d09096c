"""The buckets of the bands: eight bytes each, in a hash table a band. Twin: `dedup.kernels.reference.leaders`.

A bucket is that of one key of a band (32 bits) and one slice of time; most hold one leader. The table has the key,
mixed with the group of four slices that the slice is one of, so that the buckets of other groups lie elsewhere; and
which leader it is, or which list of leaders. It does not have the slice, which is that of any of the leaders: who finds
the key looks there. So a bucket takes half of what it would with a key wide enough to tell all bands and slices apart,
and all buckets can be moved to a larger table without looking at anything else.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from dedup.kernels.native.table import (
    AHEAD,
    BANDS,
    LEFT_OUT,
    LEVELS,
    LISTS,
    NOTED_BUCKETS,
    NOTED_LISTS,
    NOTED_SLOTS,
    Lookups,
    Table,
    Undo,
    append,
    bucket_key,
    enter,
    finer_key,
    mix64,
    place_two,
    slice_of,
)
from dedup.kernels.vectors import prefetch

FREE = np.uint64(0)
_KEY = np.uint64(32)  # bits that a bucket's key lies above
_HELD = np.uint64(2**32 - 1)  # the others: SEVERAL | the place in `Table.lists`, or 1 + the leader, which is never 0
SEVERAL = np.uint64(2**31)
_SPREAD = np.uint64(0x9E3779B97F4A7C15)  # odd, cf. Knuth 1998, The Art of Computer Programming 3, section 6.4


@njit(inline="always", nogil=True)
def group_salt(group: int) -> np.uint64:
    """32 bits that the keys of a group of slices are mixed with."""
    return mix64(np.uint64(group) * _SPREAD) >> _KEY


@njit(inline="always", nogil=True)
def home(salted: np.uint64) -> np.uint64:
    """Where in a band's table a bucket goes, by its key and the group's salt taken together; to be cut to its size."""
    return (salted * _SPREAD) >> _KEY


@njit(inline="always", nogil=True)
def room_of_bands(table: Table) -> int:
    """The places that each band has."""
    return table.buckets.shape[0] // (table.used.shape[0] - BANDS)


@njit(inline="always", nogil=True)
def leaders_in(table: Table, bucket: np.uint64) -> tuple[np.int64, np.int64, np.int64]:
    """The first leader of a bucket, how many there are, and the place of all of them, if they are several."""
    held = bucket & _HELD
    if held & SEVERAL == FREE:
        return np.int64(held) - 1, np.int64(1), np.int64(-1)
    told = table.lists[np.int64(held ^ SEVERAL)]
    return np.int64(table.leaders[told >> 8]), told & 255, told >> 8


@njit(inline="always", nogil=True)
def only_leader(bucket: np.uint64) -> np.int64:
    """The leader of a bucket that has one; negative if it has several."""
    held = bucket & _HELD
    return np.int64(held) - 1 if held & SEVERAL == FREE else np.int64(-1)


@njit(inline="always", nogil=True)
def key_of(bucket: np.uint64) -> np.uint64:
    """The salted key."""
    return bucket >> _KEY


@njit(inline="always", nogil=True)
def _begin(
    buckets: NDArray[np.uint64],
    used: NDArray[np.int64],
    noted: NDArray[np.int64],
    counts: NDArray[np.int64],
    salted: np.uint64,
    band: int,
    place: int,
    leader: int,
) -> None:
    """Write a bucket of one leader to a free place."""
    _note(noted, counts, NOTED_BUCKETS, place, np.int64(0))
    buckets[place] = (salted << _KEY) | np.uint64(leader + 1)
    used[BANDS + band] += 1


@njit(inline="always", nogil=True)
def _note(notes: NDArray[np.int64], counts: NDArray[np.int64], kind: int, place: int, before: np.int64) -> None:
    """Note what was in a place that is about to be overwritten."""
    count = counts[kind]
    notes[count, 0], notes[count, 1] = place, before
    counts[kind] = count + 1


@njit(inline="always", nogil=True)
def enter_alone(
    buckets: NDArray[np.uint64],
    used: NDArray[np.int64],
    noted: NDArray[np.int64],
    counts: NDArray[np.int64],
    salted: np.uint64,
    band: int,
    start: int,
    mask: np.uint64,
    leader: int,
) -> bool:
    """Put a leader into the bucket of a band, if nobody is there or this leader alone, as nine in ten times.

    The arrays are those of `Table` and `Undo`, taken out of the tuples: to hand those around takes longer than this.

    start : int  where the band's buckets begin
    mask  : their number less one
    """
    at = home(salted) & mask
    while True:
        place = start + np.int64(at)
        bucket = buckets[place]
        if bucket == FREE:
            _begin(buckets, used, noted, counts, salted, band, place, leader)
            return True
        if key_of(bucket) == salted:
            return only_leader(bucket) == leader
        at = (at + np.uint64(1)) & mask


@njit(nogil=True, cache=True)
def enter_band(
    table: Table,
    undo: Undo,
    lookups: Lookups,
    row: int,
    band: int,
    piece: np.int64,
    leader: int,
    times: NDArray[np.int64],
    window: int,
    totals: NDArray[np.int64],
) -> None:
    """Put a leader into the bucket of one band of a story, or into the next finer one while that is full."""
    keys = lookups.keys[lookups.places[row]]
    key, other = np.uint64(keys[band]), band
    if _enter_bucket(table, undo, key, band, piece, leader, lookups.limit, times, window):
        return
    for _ in range(LEVELS - 1):
        other = lookups.next_bands[other]
        key = finer_key(key, keys[other])
        if enter(table, undo, bucket_key(key, band, piece), leader, lookups.limit):
            return
    totals[LEFT_OUT] += 1


@njit(inline="always", nogil=True)
def _enter_bucket(
    table: Table,
    undo: Undo,
    key: np.uint64,
    band: int,
    piece: np.int64,
    leader: int,
    limit: int,
    times: NDArray[np.int64],
    window: int,
) -> bool:
    """Put a leader into a bucket, once; False if the bucket is full of others."""
    salted, room = key ^ group_salt(piece >> 2), room_of_bands(table)
    mask, start = np.uint64(room - 1), band * room
    place = start + np.int64(home(salted) & mask)
    while table.buckets[place] != FREE:
        if key_of(table.buckets[place]) == salted:
            some = leaders_in(table, table.buckets[place])[0]
            if slice_of(times[some], window) == piece:
                break
        place = start + np.int64(np.uint64(place - start + 1) & mask)
    bucket = table.buckets[place]
    if bucket == FREE:
        _begin(table.buckets, table.used, undo.buckets, undo.counts, salted, band, place, leader)
        return True
    first, size, found = leaders_in(table, bucket)
    if size == 1:
        if first == leader or limit == 1:
            return first == leader
        listed = table.used[LISTS]
        table.used[LISTS] = listed + 1
        table.lists[listed] = (place_two(table, first, leader) << 8) + 2
        _note(undo.buckets, undo.counts, NOTED_BUCKETS, place, np.int64(bucket))
        table.buckets[place] = (salted << _KEY) | SEVERAL | np.uint64(listed)
        return True
    for k in range(found, found + size):
        if table.leaders[k] == leader:
            return True
    if size >= limit:
        return False
    listed = np.int64(bucket & _HELD ^ SEVERAL)
    _note(undo.lists, undo.counts, NOTED_LISTS, listed, table.lists[listed])
    table.lists[listed] = append(table, table.lists[listed], leader)
    return True


@njit(nogil=True, cache=True)
def revert(table: Table, undo: Undo) -> None:
    """Put back what was in the places noted, the last first; `Table.used` is for the caller to put back."""
    for noted in range(undo.counts[NOTED_BUCKETS] - 1, -1, -1):
        table.buckets[undo.buckets[noted, 0]] = np.uint64(undo.buckets[noted, 1])
    for noted in range(undo.counts[NOTED_LISTS] - 1, -1, -1):
        table.lists[undo.lists[noted, 0]] = undo.lists[noted, 1]
    for noted in range(undo.counts[NOTED_SLOTS] - 1, -1, -1):
        at = undo.slots[noted, 0]
        table.slots[at, 0], table.slots[at, 1] = undo.slots[noted, 1], undo.slots[noted, 2]
    undo.counts[:] = 0


@njit(nogil=True, cache=True)
def spread(old: NDArray[np.uint64], new: NDArray[np.uint64], bands: int, begin: int, end: int) -> None:
    """Move the buckets in places begin .. end - 1 into a larger array, in which they are not yet."""
    room, larger = old.shape[0] // bands, new.shape[0] // bands
    mask = np.uint64(larger - 1)
    for at in range(begin, end):
        ahead = at + AHEAD
        if ahead < end and old[ahead] != FREE:
            prefetch(new, ahead // room * larger + np.int64(home(key_of(old[ahead])) & mask))
        if old[at] != FREE:
            _move(old[at], old[at], new, at // room * larger, mask)


@njit(nogil=True, cache=True)
def carry(
    old: NDArray[np.uint64],
    noted: NDArray[np.int64],
    count: int,
    new: NDArray[np.uint64],
    bands: int,
    moved: int,
) -> None:
    """Put into a larger array what is in places that were overwritten after they had been moved: old[:moved] were.

    noted : int64[>= count, 2]  as in `Undo`: of several notes on a place, which come in their order, the first tells
                                what was moved
    """
    room, larger = old.shape[0] // bands, new.shape[0] // bands
    for k in range(count):
        at = noted[k, 0]
        if at < moved:
            _move(np.uint64(noted[k, 1]), old[at], new, at // room * larger, np.uint64(larger - 1))


@njit(inline="always", nogil=True)
def _move(before: np.uint64, bucket: np.uint64, new: NDArray[np.uint64], start: int, mask: np.uint64) -> None:
    """Write a bucket where it is, as it was before or as it is, or else where it goes."""
    at = home(key_of(bucket)) & mask
    place = start + np.int64(at)
    while new[place] != FREE and new[place] != before and new[place] != bucket:
        at = (at + np.uint64(1)) & mask
        place = start + np.int64(at)
    new[place] = bucket
