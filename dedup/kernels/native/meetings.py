"""The leaders that a story meets in the table of buckets. Twin: `dedup.kernels.reference.leaders`."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from dedup.kernels.native.buckets import (
    FREE,
    group_salt,
    home,
    key_of,
    leaders_in,
    only_leader,
    room_of_bands,
)
from dedup.kernels.native.candidates import View, in_view
from dedup.kernels.native.evidence import Facts, Judgement, is_series, says_too_little
from dedup.kernels.native.table import (
    LEVELS,
    SPLIT,
    Lookups,
    Table,
    bucket_base,
    bucket_key,
    find_bands,
    find_groups,
    find_slot,
    find_wanted,
    finer_key,
    groups_around,
    slice_of,
)
from dedup.kernels.vectors import prefetch

EXACT_BAND = 1 << 20  # a band of its own for whole contents


class Scratch(NamedTuple):
    """Memory of the pass that holds nothing between calls, but is costly to clear."""

    seen: NDArray[np.int64]  # [n] the number of the last decision that met this leader, counted from 1
    decisions: NDArray[np.int64]  # [1] decisions taken so far, those taken back among them
    found: NDArray[np.int32]  # [bands * 4 * LEVELS * limit + ...] leaders that a story met
    near: NDArray[np.int64]  # [2, 3] cf. `find_groups`


class Sought(NamedTuple):
    """Where a story is looked up."""

    bands: NDArray[np.int64]  # [k] by which the table is asked
    salted: NDArray[np.uint64]  # [2, k] the key of each band, in the first and the last group; cf. `native.buckets`
    first: np.int64  # group of slices around the story's own
    last: np.int64  # likewise


@njit(inline="always", nogil=True)
def look_ahead(
    row: int,
    i: int,
    lookups: Lookups,
    facts: Facts,
    judgement: Judgement,
    table: Table,
    span: NDArray[np.int64],
    bands: NDArray[np.int64],
    salted: NDArray[np.uint64],
) -> Sought:
    """Where story i will be looked up, and what is there on its way from memory; by no band if it says too little.

    bands  : int64[>= bands]      overwritten, as is
    salted : uint64[2, >= bands]
    """
    own = slice_of(facts.times[i], judgement.window)
    first, last = groups_around(own)
    count = 0
    if judgement.rule > 0.0 or not says_too_little(facts, i):  # else it can only be the copy of another
        count = find_bands(lookups, row, bands)
    if count > 0:  # or it may have no row of keys either
        buckets, room = table.buckets, room_of_bands(table)
        keys, mask = lookups.keys[lookups.places[row]], np.uint64(room - 1)
        for g in range(1 if first == last else 2):
            group = last if g else first
            leads = group == own >> 2 or (span[1] > own if g else span[0] < own)  # or nobody leads there yet
            salt = group_salt(group)
            for k in range(count):
                salted[g, k] = np.uint64(keys[bands[k]]) ^ salt
                if leads:
                    prefetch(buckets, bands[k] * room + np.int64(home(salted[g, k]) & mask))
    return Sought(bands[:count], salted[:, :count], first, last)


@njit(inline="always", nogil=True)
def salted_key(sought: Sought, k: int, keys: NDArray[np.uint32], group: np.int64) -> np.uint64:
    """The key of the k-th band in a group of slices; `keys` are the story's."""
    if group == sought.first:
        return sought.salted[0, k]
    if group == sought.last:
        return sought.salted[1, k]
    return np.uint64(keys[sought.bands[k]]) ^ group_salt(group)


@njit(inline="always", nogil=True)
def meet(leader: int, i: int, facts: Facts, view: View, scratch: Scratch, count: int) -> int:
    """Add a leader to scratch.found[:count], if it is new to story i and in its view; return the new count."""
    if scratch.seen[leader] != scratch.decisions[0]:
        scratch.seen[leader] = scratch.decisions[0]
        if in_view(facts.times[i], facts.times[leader], view):
            scratch.found[count] = leader
            count += 1
    return count


@njit(inline="always", nogil=True)
def _collect(table: Table, at: int, i: int, facts: Facts, view: View, scratch: Scratch, count: int) -> tuple[int, int]:
    """Add the leaders in a slot's bucket that are new to story i and in its view to found[:count].

    Returns how many are found now, and how many the bucket holds.
    """
    held = table.slots[at, 1]
    if held < 0:
        return meet(-1 - held, i, facts, view, scratch, count), 1
    place, size = held >> 8, held & 255
    for k in range(place, place + size):
        count = meet(np.int64(table.leaders[k]), i, facts, view, scratch, count)
    return count, size


@njit(nogil=True, forceinline=True)
def find_copy(
    content: np.uint64,
    i: int,
    facts: Facts,
    view: View,
    table: Table,
    span: NDArray[np.int64],
    scratch: Scratch,
    rule: float,
) -> int:
    """The earliest leader in view whose cluster holds a copy of story i; -1 for none.

    None of a series that story i goes on with, but where a rule counts shared words only.
    """
    best, count, near = -1, 0, scratch.near
    for g in range(find_groups(slice_of(facts.times[i], view.window), span, near)):
        base = bucket_base(content, EXACT_BAND, near[0, g])
        at = find_wanted(table.slots, base, near[1, g], base)
        while at >= 0:
            count, _ = _collect(table, at, i, facts, view, scratch, count)
            at = find_wanted(table.slots, base, near[1, g], np.uint64(at + 1))
    for c in range(count):
        leader = np.int64(scratch.found[c])
        if (best < 0 or leader < best) and (rule > 0.0 or not is_series(facts, i, leader)):
            best = leader
    return best


@njit(inline="always", nogil=True)
def meet_in_table(
    i: int,
    row: int,
    sought: Sought,
    lookups: Lookups,
    facts: Facts,
    view: View,
    table: Table,
    span: NDArray[np.int64],
    scratch: Scratch,
    count: int,
    totals: NDArray[np.int64],
) -> int:
    """Add the leaders in the buckets of story i that are new to it to scratch.found[:count]; return the new count."""
    buckets, room, keys, near = table.buckets, room_of_bands(table), lookups.keys[lookups.places[row]], scratch.near
    mask, seen, decision = np.uint64(room - 1), scratch.seen, scratch.decisions[0]
    for g in range(find_groups(slice_of(facts.times[i], view.window), span, near)):
        group, wanted = near[0, g], near[1, g]
        for k in range(sought.bands.shape[0]):
            band = sought.bands[k]
            salted, start = salted_key(sought, k, keys, group), band * room
            at = home(salted) & mask
            while buckets[start + np.int64(at)] != FREE:
                bucket = buckets[start + np.int64(at)]
                at = (at + np.uint64(1)) & mask
                if key_of(bucket) != salted:
                    continue
                only = only_leader(bucket)
                if only >= 0 and seen[only] == decision and lookups.limit > 1:
                    continue  # it was met by another band, as most are
                first, size, place = leaders_in(table, bucket)
                piece = slice_of(facts.times[first], view.window)
                if piece >> 2 != group or (wanted >> (piece & 3)) & 1 == 0:
                    continue
                if only >= 0:
                    count = meet(only, i, facts, view, scratch, count)
                else:
                    for each in range(place, place + size):
                        count = meet(np.int64(table.leaders[each]), i, facts, view, scratch, count)
                if size >= lookups.limit:
                    totals[SPLIT] += 1
                    count = _meet_finer(band, piece, i, keys, lookups, facts, view, table, scratch, count)
    return count


@njit(inline="always", nogil=True)
def _meet_finer(
    band: int,
    piece: np.int64,
    i: int,
    keys: NDArray[np.uint32],
    lookups: Lookups,
    facts: Facts,
    view: View,
    table: Table,
    scratch: Scratch,
    count: int,
) -> int:
    """The same in the finer buckets of one that is full."""
    key, other = np.uint64(keys[band]), band
    for _ in range(LEVELS - 1):
        other = lookups.next_bands[other]
        key = finer_key(key, keys[other])
        at = find_slot(table.slots, bucket_key(key, band, piece))
        if table.slots[at, 0] == 0:
            break
        count, size = _collect(table, at, i, facts, view, scratch, count)
        if size < lookups.limit:
            break
    return count
