"""The hash tables from bucket to the leaders in it. Twin: `dedup.kernels.reference.leaders`.

Here are the buckets of contents and of finer keys; those of the bands, of which there are many times as many, are in
`dedup.kernels.native.buckets`.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from dedup.kernels.native.evidence import UNDATED
from dedup.kernels.vectors import prefetch

LEVELS = 4  # how often a full bucket is split by a finer key
SPLIT, LEFT_OUT = 1, 2  # places of what is counted among the totals of the pass
LEADERS, SLOTS, LISTS, BANDS = 0, 1, 2, 3  # places in `Table.used`; from the last one on it is a band each
NOTED_BUCKETS, NOTED_LISTS, NOTED_SLOTS = 0, 1, 2  # places in `Undo.counts`
_BASE = np.uint64(2**62 - 1)
AHEAD = 32  # slots: as many cache misses of a rehash are under way at once as memory can serve


class Table(NamedTuple):
    """Hash tables from bucket to the leaders in it."""

    buckets: NDArray[np.uint64]  # [bands * c] c a power of two: those of each band, 8 bytes each; cf. `native.buckets`
    lists: NDArray[np.int64]  # [l] of a band's bucket with several leaders: 256 * the place of its leaders + how many
    slots: NDArray[np.int64]  # [s, 2] s a power of two: another bucket's key, 0 for a free slot; and what it holds: of
    # most, which hold one leader, -1 - leader; else 256 * the place of its leaders + how many
    leaders: NDArray[np.int32]  # [e] the leaders of such a bucket in a row, with room up to the next power of two
    used: NDArray[np.int64]  # [BANDS + bands] leaders, slots, lists in use, and buckets of each band


class Lookups(NamedTuple):
    """Where n stories in a row are looked up in the table."""

    keys: NDArray[np.uint32]  # [r, bands] of the stories with a live band; 0: no key; the last column is the URLs'
    places: NDArray[np.int64]  # [n] the row of keys; anything for a story without a live band
    live: NDArray[np.uint32]  # [n, w] bit b % 32 of word b // 32: the table is to be asked for band b
    shared: NDArray[np.bool_]  # [n] whether another story may have the same content
    horizons: NDArray[np.int64]  # [n] leaders published before this time are forgotten
    next_bands: NDArray[np.int64]  # [bands] the band whose key splits a full bucket of this band
    limit: int  # most leaders in a bucket, 1..255


class Undo(NamedTuple):
    """What takes back what was entered into a table since: places that were overwritten, and what was in them.

    There is room for one of each a live key and story, and for one more of `slots` a story.
    """

    buckets: NDArray[np.int64]  # [u, 2]
    lists: NDArray[np.int64]  # [u, 2]
    slots: NDArray[np.int64]  # [u, 3]
    counts: NDArray[np.int64]  # [3] how many: of buckets, lists, slots


@njit(inline="always", nogil=True)
def mix64(h: np.uint64) -> np.uint64:
    """Spread the bits of a uint64, one to one (MurmurHash3's finaliser)."""
    h = (h ^ (h >> np.uint64(33))) * np.uint64(0xFF51AFD7ED558CCD)
    h = (h ^ (h >> np.uint64(33))) * np.uint64(0xC4CEB9FE1A85EC53)
    return h ^ (h >> np.uint64(33))


@njit(inline="always", nogil=True)
def bucket_base(key: np.uint64, band: int, group: int) -> np.uint64:
    """What the buckets of a band's key have in common within a group, four slices of time in a row; never 0.

    They differ in the highest two bits: so they lie side by side in the table.
    """
    h = mix64(key ^ (np.uint64(band + 1) << np.uint64(40)))
    h = mix64(h + np.uint64(group) * np.uint64(0x9E3779B97F4A7C15)) & _BASE
    return max(h, np.uint64(1))


@njit(inline="always", nogil=True)
def bucket_in(base: np.uint64, piece: int) -> np.int64:
    """The bucket of one slice of time of those with a base; never 0, which marks a free slot."""
    return np.int64(base | (np.uint64(piece & 3) << np.uint64(62)))


@njit(inline="always", nogil=True)
def bucket_key(key: np.uint64, band: int, piece: int) -> np.int64:
    """The bucket of a band's key within one slice of time."""
    return bucket_in(bucket_base(key, band, piece >> 2), piece)


@njit(inline="always", nogil=True)
def find_wanted(slots: NDArray[np.int64], base: np.uint64, wanted: int, at: np.uint64) -> int:
    """The first slot from `at` on that holds one of the wanted buckets of a base, a bit each; -1 for none."""
    mask = np.uint64(slots.shape[0] - 1)
    at = at & mask
    while slots[at, 0] != 0:
        key = np.uint64(slots[at, 0])
        if (key ^ base) & _BASE == np.uint64(0) and (wanted >> np.int64(key >> np.uint64(62))) & 1:
            return np.int64(at)
        at = (at + np.uint64(1)) & mask
    return -1


@njit(inline="always", nogil=True)
def find_slot(slots: NDArray[np.int64], key: np.int64) -> int:
    """Where `key` is, or the free slot where it would go (open addressing, linear probing)."""
    mask = np.uint64(slots.shape[0] - 1)
    at = np.uint64(key) & mask
    while slots[at, 0] != key and slots[at, 0] != 0:
        at = (at + np.uint64(1)) & mask
    return np.int64(at)


@njit(inline="always", nogil=True)
def slice_of(time: np.int64, window: np.int64) -> np.int64:
    """Which slice of time, one window long; stories within a window of each other lie in the same or the next."""
    if time == UNDATED:
        return UNDATED
    return np.int64(0) if window < 0 else time // window


@njit(nogil=True, cache=True)
def rehash(old: NDArray[np.int64], new: NDArray[np.int64]) -> None:
    """Move all buckets in some slots into a larger array of slots, which are free."""
    mask, end = np.uint64(new.shape[0] - 1), old.shape[0]
    for at in range(end):
        if at + AHEAD < end and old[at + AHEAD, 0] != 0:
            prefetch(new, np.int64(np.uint64(old[at + AHEAD, 0]) & mask))
        if old[at, 0] != 0:
            to = find_slot(new, old[at, 0])
            new[to, 0], new[to, 1] = old[at, 0], old[at, 1]


@njit(inline="always", nogil=True)
def append(table: Table, held: np.int64, leader: int) -> np.int64:
    """Add a leader to those of a bucket, in a place of twice the room if need be; return what it holds now."""
    place, size = held >> 8, held & 255
    if size & (size - 1) == 0:  # its room is full
        moved = table.used[LEADERS]
        table.used[LEADERS] = moved + 2 * size
        table.leaders[moved : moved + size] = table.leaders[place : place + size]
        place = moved
    table.leaders[place + size] = leader
    return (place << 8) + size + 1


@njit(inline="always", nogil=True)
def place_two(table: Table, one: int, other: int) -> int:
    """Write two leaders of a bucket that had one to a place of their own, which is returned."""
    place = table.used[LEADERS]
    table.used[LEADERS] = place + 2
    table.leaders[place], table.leaders[place + 1] = one, other
    return place


@njit(inline="always", nogil=True)
def _overwrite(table: Table, undo: Undo, at: int, key: np.int64, held: np.int64) -> None:
    """Write a slot, and note what was in it."""
    noted = undo.counts[NOTED_SLOTS]
    undo.slots[noted, 0], undo.slots[noted, 1], undo.slots[noted, 2] = at, table.slots[at, 0], table.slots[at, 1]
    undo.counts[NOTED_SLOTS] = noted + 1
    table.slots[at, 0], table.slots[at, 1] = key, held


@njit(inline="always", nogil=True)
def enter(table: Table, undo: Undo, key: np.int64, leader: int, limit: int) -> bool:
    """Put a leader into a bucket, once; False if the bucket is full of others."""
    at = find_slot(table.slots, key)
    if table.slots[at, 0] == 0:
        _overwrite(table, undo, at, key, -1 - leader)
        table.used[SLOTS] += 1
        return True
    held = table.slots[at, 1]
    if held < 0:
        only = -1 - held
        if only == leader or limit == 1:
            return only == leader
        place = place_two(table, only, leader)
        _overwrite(table, undo, at, key, (place << 8) + 2)
        return True
    place, size = held >> 8, held & 255
    for k in range(place, place + size):
        if table.leaders[k] == leader:
            return True
    if size >= limit:
        return False
    _overwrite(table, undo, at, key, append(table, held, leader))
    return True


@njit(inline="always", nogil=True)
def finer_key(key: np.uint64, other: np.uint32) -> np.uint64:
    """The key of two bands taken together."""
    return mix64(key * np.uint64(0x9E3779B97F4A7C15) + np.uint64(other) + np.uint64(1))


@njit(nogil=True, forceinline=True)
def find_bands(lookups: Lookups, row: int, bands: NDArray[np.int64]) -> int:
    """Write the bands by which a story is looked up; return how many."""
    count = 0
    for word in range(lookups.live.shape[1]):
        if lookups.live[row, word]:
            for band in range(word * 32, min(word * 32 + 32, lookups.keys.shape[1])):
                bands[count] = band
                alive = (lookups.live[row, word] >> np.uint32(band & 31)) & np.uint32(1)
                count += alive != 0 and lookups.keys[lookups.places[row], band] != 0
    return count


@njit(inline="always", nogil=True)
def groups_around(own: np.int64) -> tuple[np.int64, np.int64]:
    """The first and the last group of slices that a story of one slice can look into, which may be the same one."""
    return (own >> 2, own >> 2) if own == UNDATED else ((own - 1) >> 2, (own + 1) >> 2)


@njit(nogil=True, forceinline=True)
def find_groups(own: np.int64, span: NDArray[np.int64], near: NDArray[np.int64]) -> int:
    """Write the groups of slices of time, at most 3, that can hold leaders within the window of a story; how many.

    near : int64[2, 3]  overwritten: the groups, and a bit for each of the four slices of one, cf. `find_wanted`
    """
    count = 0
    if own == UNDATED or span[2] > 0:
        near[0, 0], near[1, 0] = UNDATED >> 2, 1
        count = 1
    if own != UNDATED:
        dated = count
        for piece in range(max(own - 1, span[0]), min(own + 1, span[1]) + 1):
            if count == dated or near[0, count - 1] != piece >> 2:
                near[0, count], near[1, count] = piece >> 2, 0
                count += 1
            near[1, count - 1] |= 1 << (piece & 3)
    return count
