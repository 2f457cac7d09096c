"""One pass over the stories in feed order: candidates, evidence, verdict, leader."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.core import cgutils
from numba.extending import intrinsic
from numpy.typing import NDArray

from dedup.kernels.native.evidence import (
    FEATURES,
    META_BITS,
    REVISED,
    SAME_SOURCE,
    SAME_URL,
    UNDATED,
    Facts,
    Judgement,
    judge,
    measure,
    says_too_little,
)

EXACT, NEAR, UPDATE = 1, 2, 3  # kinds; 0 is a leader's
LEVELS = 4  # how often a full bucket is split by a finer key
CANDIDATES, SPLIT, LEFT_OUT, TOTALS = 0, 1, 2, 3  # what the pass counts
EXACT_BAND = 1 << 20  # a band of its own for whole contents


@intrinsic
def _prefetch(_typing_context, array, _at):  # type: ignore[no-untyped-def]  # Numba calls it with its own types
    """Ask the processor for the cache line of array[at], which will be read soon; rows of a 2-d array count.

    Most buckets lie far apart in memory: without this the pass waits for each of them in turn.
    """

    def generate(context, builder, signature, args):  # type: ignore[no-untyped-def]
        kind = signature.args[0]
        view = context.make_array(kind)(context, builder, args[0])
        size = context.get_constant(types.intp, kind.dtype.bitwidth // 8)
        stride = builder.extract_value(view.strides, 0) if kind.ndim > 1 else size
        start = builder.ptrtoint(view.data, stride.type)
        address = builder.inttoptr(builder.add(start, builder.mul(stride, args[1])), cgutils.voidptr_t)
        flag = ir.IntType(32)
        function = builder.module.declare_intrinsic(
            "llvm.prefetch", [cgutils.voidptr_t], ir.FunctionType(ir.VoidType(), [cgutils.voidptr_t, flag, flag, flag])
        )
        builder.call(function, [address, flag(0), flag(3), flag(1)])
        return context.get_dummy_value()

    return types.void(array, types.intp), generate


class Table(NamedTuple):
    """Hash table from bucket to the leaders in it."""

    slots: NDArray[np.int64]  # [c, 2] c a power of two: the bucket's key, 0 for a free slot; and what it holds: of most
    # buckets, which hold one leader, -1 - leader; else 256 * the place of its leaders + how many
    leaders: NDArray[np.int32]  # [e] the leaders of such a bucket in a row, with room up to the next power of two
    used: NDArray[np.int64]  # [2] leaders and slots in use


class Membership(NamedTuple):
    """What the pass decides, a row a story."""

    leaders: NDArray[np.int32]  # [n] the row of the story's leader; its own row for a leader
    scores: NDArray[np.float32]  # [n] of the story against its leader, 0..1; 0 for a leader
    kinds: NDArray[np.uint8]  # [n] EXACT, NEAR or UPDATE; 0 for a leader


class Lookups(NamedTuple):
    """Where n stories in a row are looked up."""

    keys: NDArray[np.uint32]  # [n, bands] 0: no key; the last column holds the hashes of the URLs. Only read where live
    live: NDArray[np.uint32]  # [n, w] bit b % 32 of word b // 32: the table is to be asked for band b
    next_bands: NDArray[np.int64]  # [bands] the band whose key splits a full bucket of this band
    limit: int  # most leaders in a bucket, 1..255
    members: NDArray[np.int32]  # [m] stories of buckets that are known beforehand, cf. `dedup.bands.Buckets`
    entries: NDArray[np.int64]  # [e] 256 * where such a bucket begins in members + the stories before this one in it
    bounds: NDArray[np.int64]  # [n + 1] these stories own entries[bounds[k]:bounds[k + 1]]


class Scratch(NamedTuple):
    """Memory of the pass that holds nothing between calls, but is costly to clear."""

    seen: NDArray[np.int32]  # [n] -1, or the last story that met this leader
    found: NDArray[np.int32]  # [bands * 4 * LEVELS * limit] leaders that a story met


@njit(inline="always", nogil=True)
def _mix64(h: np.uint64) -> np.uint64:
    """Spread the bits of a uint64, one to one (MurmurHash3's finaliser)."""
    h = (h ^ (h >> np.uint64(33))) * np.uint64(0xFF51AFD7ED558CCD)
    h = (h ^ (h >> np.uint64(33))) * np.uint64(0xC4CEB9FE1A85EC53)
    return h ^ (h >> np.uint64(33))


@njit(inline="always", nogil=True)
def _bucket_key(key: np.uint64, band: int, piece: int) -> np.int64:
    """The bucket of a band's key within one slice of time; never 0, which marks a free slot."""
    h = _mix64(key ^ (np.uint64(band + 1) << np.uint64(40)))
    h = _mix64(h + np.uint64(piece) * np.uint64(0x9E3779B97F4A7C15))
    return np.int64(h) if h != np.uint64(0) else np.int64(1)


@njit(inline="always", nogil=True)
def _slot(slots: NDArray[np.int64], key: np.int64) -> int:
    """Where `key` is, or the free slot where it would go (open addressing, linear probing)."""
    mask = np.uint64(slots.shape[0] - 1)
    at = np.uint64(key) & mask
    while slots[at, 0] != key and slots[at, 0] != 0:
        at = (at + np.uint64(1)) & mask
    return np.int64(at)


@njit(inline="always", nogil=True)
def _slice(time: np.int64, window: np.int64) -> np.int64:
    """Which slice of time, one window long; stories within a window of each other lie in the same or the next."""
    if time == UNDATED:
        return UNDATED
    return np.int64(0) if window < 0 else time // window


@njit(inline="always", nogil=True)
def _within(one: np.int64, other: np.int64, window: np.int64) -> bool:
    return window < 0 or one == UNDATED or other == UNDATED or abs(one - other) <= window


@njit(nogil=True, cache=True)
def rehash(old: NDArray[np.int64], new: NDArray[np.int64]) -> None:
    """Move the buckets of one array of slots into a larger one, which holds zeros."""
    for at in range(old.shape[0]):
        if old[at, 0] != 0:
            to = _slot(new, old[at, 0])
            new[to, 0], new[to, 1] = old[at, 0], old[at, 1]


@njit(inline="always", nogil=True)
def _meet(leader: int, i: int, facts: Facts, window: int, scratch: Scratch, count: int) -> int:
    """Add a leader to scratch.found[:count], if it is new to story i and within its window; return the new count."""
    if scratch.seen[leader] != i:
        scratch.seen[leader] = i
        if _within(facts.times[i], facts.times[leader], window):
            scratch.found[count] = leader
            count += 1
    return count


@njit(inline="always", nogil=True)
def _collect(
    table: Table, key: np.int64, i: int, facts: Facts, window: int, scratch: Scratch, count: int
) -> tuple[int, int]:
    """Add the leaders in a bucket that are new to story i and within its window to found[:count].

    Returns how many are found now, and how many the bucket holds.
    """
    at = _slot(table.slots, key)
    if table.slots[at, 0] == 0:
        return count, 0
    held = table.slots[at, 1]
    if held < 0:
        return _meet(-1 - held, i, facts, window, scratch, count), 1
    place, size = held >> 8, held & 255
    for k in range(place, place + size):
        count = _meet(np.int64(table.leaders[k]), i, facts, window, scratch, count)
    return count, size


@njit(inline="always", nogil=True)
def _append(table: Table, held: np.int64, leader: int) -> np.int64:
    """Add a leader to those of a slot, in a place of twice the room if need be; return what the slot holds now."""
    place, size = held >> 8, held & 255
    if size & (size - 1) == 0:  # its room is full
        moved = table.used[0]
        table.used[0] = moved + 2 * size
        table.leaders[moved : moved + size] = table.leaders[place : place + size]
        place = moved
    table.leaders[place + size] = leader
    return (place << 8) + size + 1


@njit(inline="always", nogil=True)
def _enter(table: Table, key: np.int64, leader: int, limit: int) -> bool:
    """Put a leader into a bucket, once; False if the bucket is full of others."""
    at = _slot(table.slots, key)
    if table.slots[at, 0] == 0:
        table.slots[at, 0], table.slots[at, 1] = key, -1 - leader
        table.used[1] += 1
        return True
    held = table.slots[at, 1]
    if held < 0:
        only = -1 - held
        if only == leader or limit == 1:
            return only == leader
        place = table.used[0]
        table.used[0] = place + 2
        table.leaders[place], table.leaders[place + 1] = only, leader
        table.slots[at, 1] = (place << 8) + 2
        return True
    place, size = held >> 8, held & 255
    for k in range(place, place + size):
        if table.leaders[k] == leader:
            return True
    if size >= limit:
        return False
    table.slots[at, 1] = _append(table, held, leader)
    return True


@njit(inline="always", nogil=True)
def _finer(key: np.uint64, other: np.uint32) -> np.uint64:
    """The key of two bands taken together."""
    return _mix64(key * np.uint64(0x9E3779B97F4A7C15) + np.uint64(other) + np.uint64(1))


@njit(nogil=True, cache=True)
def _find_bands(lookups: Lookups, row: int, bands: NDArray[np.int64]) -> int:
    """Write the bands by which a story is looked up; return how many."""
    count = 0
    for word in range(lookups.live.shape[1]):
        if lookups.live[row, word]:
            for band in range(word * 32, min(word * 32 + 32, lookups.keys.shape[1])):
                bands[count] = band
                alive = (lookups.live[row, word] >> np.uint32(band & 31)) & np.uint32(1)
                count += alive != 0 and lookups.keys[row, band] != 0
    return count


@njit(nogil=True, cache=True)
def _enter_band(
    table: Table, lookups: Lookups, row: int, band: int, piece: np.int64, leader: int, totals: NDArray[np.int64]
) -> None:
    """Put a leader into the bucket of one band of a story, or into the next finer one while that is full."""
    key, other = np.uint64(lookups.keys[row, band]), band
    for _ in range(LEVELS):
        if _enter(table, _bucket_key(key, band, piece), leader, lookups.limit):
            return
        other = lookups.next_bands[other]
        key = _finer(key, lookups.keys[row, other])
    totals[LEFT_OUT] += 1


@njit(nogil=True, cache=True)
def _find_pieces(own: np.int64, span: NDArray[np.int64], pieces: NDArray[np.int64]) -> int:
    """Write the slices of time that can hold leaders within the window of a story; return how many, at most 4."""
    count = 0
    if own == UNDATED or span[2] > 0:
        pieces[0] = UNDATED
        count = 1
    if own != UNDATED:
        for piece in range(max(own - 1, span[0]), min(own + 1, span[1]) + 1):
            pieces[count] = piece
            count += 1
    return count


@njit(nogil=True, cache=True)
def _find_copy(
    content: np.uint64, i: int, pieces: NDArray[np.int64], facts: Facts, window: int, table: Table, scratch: Scratch
) -> int:
    """The earliest leader within the window whose cluster holds a copy of story i; -1 for none."""
    best = -1
    count = 0
    for piece in pieces:
        key = _bucket_key(content, EXACT_BAND, piece)
        count, _ = _collect(table, key, i, facts, window, scratch, count)
    for c in range(count):
        if best < 0 or scratch.found[c] < best:
            best = scratch.found[c]
    return best


@njit(nogil=True, cache=True)
def _find_candidates(
    i: int,
    row: int,
    bands: NDArray[np.int64],
    pieces: NDArray[np.int64],
    lookups: Lookups,
    facts: Facts,
    window: int,
    table: Table,
    scratch: Scratch,
    leaders: NDArray[np.int32],
    totals: NDArray[np.int64],
) -> int:
    """Write the leaders of the clusters that share a bucket with story i to scratch.found; return how many."""
    count = 0
    for e in range(lookups.bounds[row], lookups.bounds[row + 1]):
        begin = lookups.entries[e] >> 8
        for k in range(begin, begin + (lookups.entries[e] & 255)):
            count = _meet(np.int64(leaders[lookups.members[k]]), i, facts, window, scratch, count)
    for band in bands:
        for piece in pieces:
            key, other = np.uint64(lookups.keys[row, band]), band
            for level in range(LEVELS):
                at = _bucket_key(key, band, piece)
                count, size = _collect(table, at, i, facts, window, scratch, count)
                if size < lookups.limit:
                    break
                totals[SPLIT] += level == 0
                other = lookups.next_bands[other]
                key = _finer(key, lookups.keys[row, other])
    return count


@njit(nogil=True, cache=True)
def _prefetch_buckets(row: int, bands: NDArray[np.int64], piece: np.int64, lookups: Lookups, table: Table) -> None:
    """Have the buckets of a story, in its own slice of time, on their way from memory."""
    for e in range(lookups.bounds[row], lookups.bounds[row + 1]):
        _prefetch(lookups.members, lookups.entries[e] >> 8)
    mask = np.uint64(table.slots.shape[0] - 1)
    for band in bands:
        key = _bucket_key(np.uint64(lookups.keys[row, band]), band, piece)
        _prefetch(table.slots, np.int64(np.uint64(key) & mask))


@njit(nogil=True, cache=True)
def _prefetch_facts(found: NDArray[np.int32], facts: Facts) -> None:
    """Have the facts of candidates on their way from memory."""
    for leader in found:
        _prefetch(facts.bounds, np.int64(leader))
        _prefetch(facts.sections, np.int64(leader))
        _prefetch(facts.meta, np.int64(leader))
    for leader in found:
        for at in range(facts.bounds[leader], min(facts.bounds[leader + 1], facts.bounds[leader] + 128), 16):
            _prefetch(facts.hashes, at)


@njit(nogil=True, cache=True)
def _follow(
    i: int, found: NDArray[np.int32], facts: Facts, judgement: Judgement, evidence: NDArray[np.float32], out: Membership
) -> int:
    """Decide which of the leaders found story i duplicates best, or that it leads; return its leader."""
    best, score = -1, 0.0
    for leader in found:
        one = judge(facts, i, leader, judgement, evidence)
        if one >= judgement.threshold and (one > score or (one == score and leader < best)):
            best, score = leader, one
    if best < 0:
        out.leaders[i], out.scores[i], out.kinds[i] = i, 0.0, 0
        return i
    measure(facts, i, best, evidence)
    revised = (facts.meta[i, META_BITS] | facts.meta[best, META_BITS]) & REVISED
    update = evidence[SAME_SOURCE] > 0.0 and (evidence[SAME_URL] > 0.0 or revised)
    out.leaders[i], out.scores[i], out.kinds[i] = best, score, UPDATE if update else NEAR
    return best


@njit(nogil=True, cache=True)
def lead(
    first: int,
    lookups: Lookups,
    facts: Facts,
    judgement: Judgement,
    table: Table,
    span: NDArray[np.int64],
    scratch: Scratch,
    membership: Membership,
    totals: NDArray[np.int64],
) -> None:
    """Decide the stories first .. first + n - 1, in this order: which leader each one follows, or that it leads.

    A story follows the leader it is the best duplicate of (the earliest of equals) among the leaders of the clusters
    that share a bucket with it and lie in its window; exact copies are found first and need no verdict. Cf. leader
    clustering, Hartigan 1975, Clustering Algorithms, chapter 3.

    lookups    : Lookups       of these n stories only
    facts      : Facts         of all stories up to these
    table      : Table         with room for one more slot, and 2 * limit more leaders, a live key and a story
    span       : int64[3]      first and last slice with a leader, number of undated leaders; kept between calls
    scratch    : Scratch
    membership : Membership    rows first .. first + n - 1 are overwritten
    totals     : int64[TOTALS] added to: candidates judged, full buckets met, leaders left out of the finest bucket
    """
    url_band = lookups.keys.shape[1] - 1
    all_bands, next_bands = np.empty(url_band + 2, dtype=np.int64), np.empty(url_band + 2, dtype=np.int64)
    evidence = np.empty(FEATURES, dtype=np.float32)
    all_pieces = np.empty(4, dtype=np.int64)
    window = judgement.window
    for row in range(lookups.keys.shape[0]):
        i = first + row
        own = _slice(facts.times[i], window)
        pieces = all_pieces[: _find_pieces(own, span, all_pieces)]
        bands = all_bands[: _find_bands(lookups, row, all_bands)]
        if judgement.rule <= 0.0 and says_too_little(facts, i):
            bands = all_bands[:0]  # it can only be the copy of another
        if row + 1 < lookups.keys.shape[0]:
            next_ones = next_bands[: _find_bands(lookups, row + 1, next_bands)]
            _prefetch_buckets(row + 1, next_ones, _slice(facts.times[i + 1], window), lookups, table)
        content = np.uint64(facts.content[i, 0] ^ _mix64(facts.content[i, 1]))
        has_content = facts.content[i, 0] != np.uint64(0) or facts.content[i, 1] != np.uint64(0)
        if has_content:
            copied = _find_copy(content, i, pieces, facts, window, table, scratch)
            if copied >= 0:  # its keys are the copy's, which put this leader wherever it belongs; its URL is its own
                membership.leaders[i], membership.scores[i], membership.kinds[i] = copied, 1.0, EXACT
                if bands.shape[0] > 0 and bands[-1] == url_band:
                    _enter_band(table, lookups, row, url_band, _slice(facts.times[copied], window), copied, totals)
                continue
        count = _find_candidates(
            i, row, bands, pieces, lookups, facts, window, table, scratch, membership.leaders, totals
        )
        totals[CANDIDATES] += count
        _prefetch_facts(scratch.found[:count], facts)
        leader = _follow(i, scratch.found[:count], facts, judgement, evidence, membership)
        if leader == i and own == UNDATED:
            span[2] += 1
        elif leader == i:
            span[0], span[1] = min(span[0], own), max(span[1], own)
        piece = _slice(facts.times[leader], window)
        if has_content:
            _enter(table, _bucket_key(content, EXACT_BAND, piece), leader, 255)
        for band in bands:
            _enter_band(table, lookups, row, band, piece, leader, totals)
