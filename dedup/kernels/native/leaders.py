"""One pass over the stories in feed order: candidates, evidence, verdict, leader."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from dedup.kernels.native.candidates import Candidates, View, in_view, prefetch_facts
from dedup.kernels.native.evidence import (
    FEATURES,
    META_BITS,
    META_SOURCE,
    META_URL,
    REVISED,
    UNDATED,
    Facts,
    Judgement,
    judge,
    says_too_little,
)
from dedup.kernels.vectors import prefetch

EXACT, NEAR, UPDATE = 1, 2, 3  # kinds; 0 is a leader's
LEVELS = 4  # how often a full bucket is split by a finer key
CANDIDATES, SPLIT, LEFT_OUT, TOTALS = 0, 1, 2, 3  # what the pass counts
_AHEAD = 32  # slots: as many cache misses of a rehash are under way at once as memory can serve
EXACT_BAND = 1 << 20  # a band of its own for whole contents


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
    """Where n stories in a row are looked up in the table."""

    keys: NDArray[np.uint32]  # [r, bands] of the stories with a live band; 0: no key; the last column is the URLs'
    places: NDArray[np.int64]  # [n] the row of keys; anything for a story without a live band
    live: NDArray[np.uint32]  # [n, w] bit b % 32 of word b // 32: the table is to be asked for band b
    shared: NDArray[np.bool_]  # [n] whether another story may have the same content
    horizons: NDArray[np.int64]  # [n] leaders published before this time are forgotten
    next_bands: NDArray[np.int64]  # [bands] the band whose key splits a full bucket of this band
    limit: int  # most leaders in a bucket, 1..255


class Scratch(NamedTuple):
    """Memory of the pass that holds nothing between calls, but is costly to clear."""

    seen: NDArray[np.int64]  # [n] the number of the last decision that met this leader, counted from 1
    decisions: NDArray[np.int64]  # [1] decisions taken so far, those taken back among them
    found: NDArray[np.int32]  # [bands * 4 * LEVELS * limit + ...] leaders that a story met


class Undo(NamedTuple):
    """What `revert` needs to take back what was entered into a table since."""

    slots: NDArray[
        np.int64
    ]  # [u, 3] a slot that was overwritten, and what was in it; room for one a live key and story
    count: NDArray[np.int64]  # [1] how many


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


@njit(nogil=True, cache=True)
def rehash(old: NDArray[np.int64], new: NDArray[np.int64]) -> None:
    """Move the buckets of one array of slots into a larger one, which holds zeros."""
    mask = np.uint64(new.shape[0] - 1)
    for at in range(old.shape[0]):
        if at + _AHEAD < old.shape[0] and old[at + _AHEAD, 0] != 0:
            prefetch(new, np.int64(np.uint64(old[at + _AHEAD, 0]) & mask))
        if old[at, 0] != 0:
            to = _slot(new, old[at, 0])
            new[to, 0], new[to, 1] = old[at, 0], old[at, 1]


@njit(inline="always", nogil=True)
def _meet(leader: int, i: int, facts: Facts, view: View, scratch: Scratch, count: int) -> int:
    """Add a leader to scratch.found[:count], if it is new to story i and in its view; return the new count."""
    if scratch.seen[leader] != scratch.decisions[0]:
        scratch.seen[leader] = scratch.decisions[0]
        if in_view(facts.times[i], facts.times[leader], view):
            scratch.found[count] = leader
            count += 1
    return count


@njit(inline="always", nogil=True)
def _collect(
    table: Table, key: np.int64, i: int, facts: Facts, view: View, scratch: Scratch, count: int
) -> tuple[int, int]:
    """Add the leaders in a bucket that are new to story i and in its view to found[:count].

    Returns how many are found now, and how many the bucket holds.
    """
    at = _slot(table.slots, key)
    if table.slots[at, 0] == 0:
        return count, 0
    held = table.slots[at, 1]
    if held < 0:
        return _meet(-1 - held, i, facts, view, scratch, count), 1
    place, size = held >> 8, held & 255
    for k in range(place, place + size):
        count = _meet(np.int64(table.leaders[k]), i, facts, view, scratch, count)
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
def _overwrite(table: Table, undo: Undo, at: int, key: np.int64, held: np.int64) -> None:
    """Write a slot, and note what was in it."""
    noted = undo.count[0]
    undo.slots[noted, 0], undo.slots[noted, 1], undo.slots[noted, 2] = at, table.slots[at, 0], table.slots[at, 1]
    undo.count[0] = noted + 1
    table.slots[at, 0], table.slots[at, 1] = key, held


@njit(nogil=True, cache=True)
def revert(table: Table, undo: Undo) -> None:
    """Put back what was in the slots noted, the last first; `Table.used` is for the caller to put back."""
    for noted in range(undo.count[0] - 1, -1, -1):
        at = undo.slots[noted, 0]
        table.slots[at, 0], table.slots[at, 1] = undo.slots[noted, 1], undo.slots[noted, 2]
    undo.count[0] = 0


@njit(inline="always", nogil=True)
def _enter(table: Table, undo: Undo, key: np.int64, leader: int, limit: int) -> bool:
    """Put a leader into a bucket, once; False if the bucket is full of others."""
    at = _slot(table.slots, key)
    if table.slots[at, 0] == 0:
        _overwrite(table, undo, at, key, -1 - leader)
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
        _overwrite(table, undo, at, key, (place << 8) + 2)
        return True
    place, size = held >> 8, held & 255
    for k in range(place, place + size):
        if table.leaders[k] == leader:
            return True
    if size >= limit:
        return False
    _overwrite(table, undo, at, key, _append(table, held, leader))
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
                count += alive != 0 and lookups.keys[lookups.places[row], band] != 0
    return count


@njit(nogil=True, cache=True)
def _enter_band(
    table: Table,
    undo: Undo,
    lookups: Lookups,
    row: int,
    band: int,
    piece: np.int64,
    leader: int,
    totals: NDArray[np.int64],
) -> None:
    """Put a leader into the bucket of one band of a story, or into the next finer one while that is full."""
    key, other = np.uint64(lookups.keys[lookups.places[row], band]), band
    for _ in range(LEVELS):
        if _enter(table, undo, _bucket_key(key, band, piece), leader, lookups.limit):
            return
        other = lookups.next_bands[other]
        key = _finer(key, lookups.keys[lookups.places[row], other])
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
    content: np.uint64, i: int, pieces: NDArray[np.int64], facts: Facts, view: View, table: Table, scratch: Scratch
) -> int:
    """The earliest leader in view whose cluster holds a copy of story i; -1 for none."""
    best = -1
    count = 0
    for piece in pieces:
        key = _bucket_key(content, EXACT_BAND, piece)
        count, _ = _collect(table, key, i, facts, view, scratch, count)
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
    candidates: Candidates,
    lookups: Lookups,
    facts: Facts,
    view: View,
    table: Table,
    scratch: Scratch,
    leaders: NDArray[np.int32],
    totals: NDArray[np.int64],
) -> int:
    """Write the leaders of the clusters that share a bucket with story i to scratch.found; return how many."""
    count = 0
    for k in range(candidates.bounds[row], candidates.ends[row]):
        count = _meet(np.int64(leaders[candidates.members[k]]), i, facts, view, scratch, count)
    for band in bands:
        for piece in pieces:
            key, other = np.uint64(lookups.keys[lookups.places[row], band]), band
            for level in range(LEVELS):
                at = _bucket_key(key, band, piece)
                count, size = _collect(table, at, i, facts, view, scratch, count)
                if size < lookups.limit:
                    break
                totals[SPLIT] += level == 0
                other = lookups.next_bands[other]
                key = _finer(key, lookups.keys[lookups.places[row], other])
    return count


@njit(nogil=True, cache=True)
def _prefetch_buckets(row: int, bands: NDArray[np.int64], piece: np.int64, lookups: Lookups, table: Table) -> None:
    """Have the buckets of a story, in its own slice of time, on their way from memory."""
    mask = np.uint64(table.slots.shape[0] - 1)
    for band in bands:
        key = _bucket_key(np.uint64(lookups.keys[lookups.places[row], band]), band, piece)
        prefetch(table.slots, np.int64(np.uint64(key) & mask))


@njit(nogil=True, cache=True)
def _score(
    i: int,
    leader: int,
    weighed: NDArray[np.int32],
    scores: NDArray[np.float64],
    facts: Facts,
    judgement: Judgement,
    evidence: NDArray[np.float32],
) -> float:
    """The score of story i against a leader, looked up where it was weighed beforehand."""
    for k in range(weighed.shape[0]):
        if weighed[k] == leader:
            return scores[k]
        if weighed[k] < 0:
            break
    return judge(facts, i, leader, judgement, evidence)


@njit(nogil=True, cache=True)
def _is_update(meta: NDArray[np.uint32], i: int, j: int) -> bool:
    """Whether duplicates i and j are versions of one item: of one source, and of one URL or one of them says so."""
    if meta[i, META_SOURCE] == 0 or meta[i, META_SOURCE] != meta[j, META_SOURCE]:
        return False
    same_url = meta[i, META_URL] != 0 and meta[i, META_URL] == meta[j, META_URL]
    return same_url or (meta[i, META_BITS] | meta[j, META_BITS]) & REVISED != 0


@njit(nogil=True, cache=True)
def _follow(
    i: int,
    found: NDArray[np.int32],
    weighed: NDArray[np.int32],
    scores: NDArray[np.float64],
    facts: Facts,
    judgement: Judgement,
    evidence: NDArray[np.float32],
    out: Membership,
) -> None:
    """Decide which of the leaders found story i duplicates best, or that it leads."""
    best, score = -1, 0.0
    for leader in found:
        prefetch_facts(facts, np.int64(leader))
    for leader in found:
        one = _score(i, np.int64(leader), weighed, scores, facts, judgement, evidence)
        if one >= judgement.threshold and (one > score or (one == score and leader < best)):
            best, score = leader, one
    if best < 0:
        out.leaders[i], out.scores[i], out.kinds[i] = i, 0.0, 0
    else:
        out.leaders[i], out.scores[i], out.kinds[i] = best, score, UPDATE if _is_update(facts.meta, i, best) else NEAR


@njit(nogil=True, cache=True)
def _remember(
    i: int,
    row: int,
    bands: NDArray[np.int64],
    content: np.uint64,
    lookups: Lookups,
    facts: Facts,
    window: int,
    table: Table,
    undo: Undo,
    span: NDArray[np.int64],
    membership: Membership,
    totals: NDArray[np.int64],
) -> None:
    """Enter the leader of story i wherever a later story would look for it by what story i is.

    content : of `_content_key`, 0 for a story that nothing can be a copy of
    """
    leader = np.int64(membership.leaders[i])
    piece = _slice(facts.times[leader], window)
    if membership.kinds[i] == EXACT:  # its keys are the copy's, which put this leader wherever it belongs
        if bands.shape[0] > 0 and bands[-1] == lookups.keys.shape[1] - 1:  # but its URL is its own
            _enter_band(table, undo, lookups, row, bands[-1], piece, leader, totals)
        return
    if leader == i and piece == UNDATED:
        span[2] += 1
    elif leader == i:
        span[0], span[1] = min(span[0], piece), max(span[1], piece)
    if content != np.uint64(0):
        _enter(table, undo, _bucket_key(content, EXACT_BAND, piece), leader, 255)
    for band in bands:
        _enter_band(table, undo, lookups, row, band, piece, leader, totals)


@njit(nogil=True, cache=True)
def _content_key(facts: Facts, i: int) -> np.uint64:
    """A hash of the content of story i, 0 if it has none."""
    if facts.content[i, 0] | facts.content[i, 1] == np.uint64(0):
        return np.uint64(0)
    return max(np.uint64(facts.content[i, 0] ^ _mix64(facts.content[i, 1])), np.uint64(1))


@njit(nogil=True, cache=True)
def lead(
    first: int,
    candidates: Candidates,
    lookups: Lookups,
    facts: Facts,
    judgement: Judgement,
    table: Table,
    undo: Undo,
    span: NDArray[np.int64],
    scratch: Scratch,
    membership: Membership,
    totals: NDArray[np.int64],
    known: bool,
) -> None:
    """Decide the stories first .. first + n - 1, in this order: which leader each one follows, or that it leads.

    A story follows the leader it is the best duplicate of (the earliest of equals) among the leaders of the clusters
    that share a bucket with it and are in its view; exact copies are found first and need no verdict. Cf. leader
    clustering, Hartigan 1975, Clustering Algorithms, chapter 3.

    candidates : Candidates    of these n stories
    lookups    : Lookups       of these n stories
    facts      : Facts         of all stories up to these
    table      : Table         with room for one more slot, and 2 * limit more leaders, a live key and a story
    undo       : Undo          added to
    span       : int64[3]      first and last slice with a leader, number of undated leaders; kept between calls
    scratch    : Scratch
    membership : Membership    rows first .. first + n - 1 are overwritten
    totals     : int64[TOTALS] added to: candidates judged, full buckets met, leaders left out of the finest bucket
    known      : bool          the membership of these stories is known, and only to be remembered
    """
    all_bands = np.empty(lookups.keys.shape[1] + 1, dtype=np.int64)
    next_bands = np.empty(lookups.keys.shape[1] + 1, dtype=np.int64)
    evidence = np.empty(FEATURES, dtype=np.float32)
    all_pieces = np.empty(4, dtype=np.int64)
    window = judgement.window
    for row in range(lookups.live.shape[0]):
        i = first + row
        own = _slice(facts.times[i], window)
        view = View(window, lookups.horizons[row])
        bands = all_bands[: _find_bands(lookups, row, all_bands)]
        if judgement.rule <= 0.0 and says_too_little(facts, i):
            bands = all_bands[:0]  # it can only be the copy of another
        if row + 1 < lookups.live.shape[0]:
            next_ones = next_bands[: _find_bands(lookups, row + 1, next_bands)]
            _prefetch_buckets(row + 1, next_ones, _slice(facts.times[i + 1], window), lookups, table)
        content = _content_key(facts, i) if lookups.shared[row] else np.uint64(0)
        if not known:
            scratch.decisions[0] += 1
            pieces = all_pieces[: _find_pieces(own, span, all_pieces)]
            copied = -1
            if content != np.uint64(0):
                copied = _find_copy(content, i, pieces, facts, view, table, scratch)
            if copied >= 0:
                membership.leaders[i], membership.scores[i], membership.kinds[i] = copied, 1.0, EXACT
            else:
                scratch.decisions[0] += 1
                count = _find_candidates(
                    i, row, bands, pieces, candidates, lookups, facts, view, table, scratch, membership.leaders, totals
                )
                totals[CANDIDATES] += count
                ours = slice(candidates.bounds[row], candidates.ends[row])
                _follow(
                    *(i, scratch.found[:count], candidates.weighed[ours], candidates.scores[ours]),
                    *(facts, judgement, evidence, membership),
                )
        _remember(i, row, bands, content, lookups, facts, window, table, undo, span, membership, totals)
