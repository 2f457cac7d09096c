"""One pass over the stories in feed order: candidates, evidence, verdict, leader."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from dedup.kernels.handles import borrow, keep
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
    is_series,
    judge,
    says_too_little,
)
from dedup.kernels.native.table import (
    LEVELS,
    SPLIT,
    Lookups,
    Table,
    Undo,
    bucket_key,
    enter,
    enter_alone,
    enter_band,
    find_bands,
    find_pieces,
    find_slot,
    finer_key,
    mix64,
    prefetch_buckets,
    slice_of,
)

EXACT, NEAR, UPDATE = 1, 2, 3  # kinds; 0 is a leader's
CANDIDATES, TOTALS = 0, 3  # what the pass counts, beside SPLIT and LEFT_OUT
EXACT_BAND = 1 << 20  # a band of its own for whole contents


class Membership(NamedTuple):
    """What the pass decides, a row a story."""

    leaders: NDArray[np.int32]  # [n] the row of the story's leader; its own row for a leader
    scores: NDArray[np.float32]  # [n] of the story against its leader, 0..1; 0 for a leader
    kinds: NDArray[np.uint8]  # [n] EXACT, NEAR or UPDATE; 0 for a leader


class Scratch(NamedTuple):
    """Memory of the pass that holds nothing between calls, but is costly to clear."""

    seen: NDArray[np.int64]  # [n] the number of the last decision that met this leader, counted from 1
    decisions: NDArray[np.int64]  # [1] decisions taken so far, those taken back among them
    found: NDArray[np.int32]  # [bands * 4 * LEVELS * limit + ...] leaders that a story met


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
    at = find_slot(table.slots, key)
    if table.slots[at, 0] == 0:
        return count, 0
    held = table.slots[at, 1]
    if held < 0:
        return _meet(-1 - held, i, facts, view, scratch, count), 1
    place, size = held >> 8, held & 255
    for k in range(place, place + size):
        count = _meet(np.int64(table.leaders[k]), i, facts, view, scratch, count)
    return count, size


@njit(nogil=True, cache=True)
def _find_copy(
    content: np.uint64,
    i: int,
    pieces: NDArray[np.int64],
    facts: Facts,
    view: View,
    table: Table,
    scratch: Scratch,
    rule: float,
) -> int:
    """The earliest leader in view whose cluster holds a copy of story i; -1 for none.

    None of a series that story i goes on with, but where a rule counts shared words only.
    """
    best = -1
    count = 0
    for piece in pieces:
        key = bucket_key(content, EXACT_BAND, piece)
        count, _ = _collect(table, key, i, facts, view, scratch, count)
    for c in range(count):
        leader = np.int64(scratch.found[c])
        if (best < 0 or leader < best) and (rule > 0.0 or not is_series(facts, i, leader)):
            best = leader
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
    for k in range(candidates.bounds[row], candidates.weighed_ends[row]):
        leader = np.int64(candidates.weighed[k])
        if leader < candidates.decided:  # it led then, and is in view
            scratch.seen[leader] = scratch.decisions[0]
            scratch.found[count] = leader
            count += 1
    for k in range(candidates.bounds[row], candidates.ends[row]):
        count = _meet(np.int64(leaders[candidates.members[k]]), i, facts, view, scratch, count)
    if bands.shape[0] == 0:
        return count
    slots, keys = table.slots, lookups.keys[lookups.places[row]]
    for band in bands:
        for piece in pieces:
            key, other = np.uint64(keys[band]), band
            if slots[find_slot(slots, bucket_key(key, band, piece)), 0] == 0:
                continue
            for level in range(LEVELS):
                at = bucket_key(key, band, piece)
                count, size = _collect(table, at, i, facts, view, scratch, count)
                if size < lookups.limit:
                    break
                totals[SPLIT] += level == 0
                other = lookups.next_bands[other]
                key = finer_key(key, keys[other])
    return count


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
    piece = slice_of(facts.times[leader], window)
    if membership.kinds[i] == EXACT:  # its keys are the copy's, which put this leader wherever it belongs
        if bands.shape[0] > 0 and bands[-1] == lookups.keys.shape[1] - 1:  # but its URL is its own
            enter_band(table, undo, lookups, row, bands[-1], piece, leader, totals)
        return
    if leader == i and piece == UNDATED:
        span[2] += 1
    elif leader == i:
        span[0], span[1] = min(span[0], piece), max(span[1], piece)
    if content != np.uint64(0):
        enter(table, undo, bucket_key(content, EXACT_BAND, piece), leader, 255)
    if bands.shape[0] == 0:
        return
    slots, used, noted, notes = table.slots, table.used, undo.slots, undo.count
    keys = lookups.keys[lookups.places[row]]
    for band in bands:
        if not enter_alone(slots, used, noted, notes, bucket_key(np.uint64(keys[band]), band, piece), leader):
            enter_band(table, undo, lookups, row, band, piece, leader, totals)


@njit(nogil=True, cache=True)
def _content_key(facts: Facts, i: int) -> np.uint64:
    """A hash of the content of story i, 0 if it has none."""
    if facts.content[i, 0] | facts.content[i, 1] == np.uint64(0):
        return np.uint64(0)
    return max(np.uint64(facts.content[i, 0] ^ mix64(facts.content[i, 1])), np.uint64(1))


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
    candidates, lookups, facts, judgement = borrow(candidates), borrow(lookups), borrow(facts), borrow(judgement)
    table, undo, span, scratch = borrow(table), borrow(undo), borrow(span), borrow(scratch)
    membership, totals = borrow(membership), borrow(totals)
    made = (
        np.empty(lookups.keys.shape[1] + 1, dtype=np.int64),
        np.empty(lookups.keys.shape[1] + 1, dtype=np.int64),
        np.empty(4, dtype=np.int64),
        np.empty(4, dtype=np.int64),
        np.empty(FEATURES, dtype=np.float32),
    )
    all_bands, next_bands, all_pieces, next_pieces, evidence = borrow(made)
    window = judgement.window
    if lookups.live.shape[0] == 1:  # of more, the buckets of each one are fetched while the one before is decided
        pieces = next_pieces[: find_pieces(slice_of(facts.times[first], window), span, next_pieces)]
        prefetch_buckets(0, next_bands[: find_bands(lookups, 0, next_bands)], pieces, lookups, table)
    for row in range(lookups.live.shape[0]):
        i = first + row
        own = slice_of(facts.times[i], window)
        view = View(window, lookups.horizons[row])
        bands = all_bands[: find_bands(lookups, row, all_bands)]
        if judgement.rule <= 0.0 and says_too_little(facts, i):
            bands = all_bands[:0]  # it can only be the copy of another
        if row + 1 < lookups.live.shape[0]:
            next_ones = next_bands[: find_bands(lookups, row + 1, next_bands)]
            pieces = next_pieces[: find_pieces(slice_of(facts.times[i + 1], window), span, next_pieces)]
            prefetch_buckets(row + 1, next_ones, pieces, lookups, table)
        content = _content_key(facts, i) if lookups.shared[row] else np.uint64(0)
        if not known:
            scratch.decisions[0] += 1
            pieces = all_pieces[: find_pieces(own, span, all_pieces)]
            copied = -1
            if content != np.uint64(0):
                copied = _find_copy(content, i, pieces, facts, view, table, scratch, judgement.rule)
            if copied >= 0:
                membership.leaders[i], membership.scores[i], membership.kinds[i] = copied, 1.0, EXACT
            else:
                scratch.decisions[0] += 1
                count = _find_candidates(
                    i, row, bands, pieces, candidates, lookups, facts, view, table, scratch, membership.leaders, totals
                )
                totals[CANDIDATES] += count
                ours = slice(candidates.bounds[row], candidates.weighed_ends[row])
                _follow(
                    *(i, scratch.found[:count], candidates.weighed[ours], candidates.scores[ours]),
                    *(facts, judgement, evidence, membership),
                )
        _remember(i, row, bands, content, lookups, facts, window, table, undo, span, membership, totals)
    keep(made)
