"""One pass over the stories in feed order: candidates, evidence, verdict, leader."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from dedup.kernels.handles import borrow, keep
from dedup.kernels.native.buckets import enter_alone, enter_band, room_of_bands
from dedup.kernels.native.candidates import Candidates, View, prefetch_facts
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
)
from dedup.kernels.native.meetings import (
    EXACT_BAND,
    Scratch,
    Sought,
    find_copy,
    look_ahead,
    meet,
    meet_in_table,
    salted_key,
)
from dedup.kernels.native.table import (
    Lookups,
    Table,
    Undo,
    bucket_key,
    enter,
    mix64,
    slice_of,
)

EXACT, NEAR, UPDATE = 1, 2, 3  # kinds; 0 is a leader's
CANDIDATES, TOTALS = 0, 3  # what the pass counts, beside SPLIT and LEFT_OUT


class Membership(NamedTuple):
    """What the pass decides, a row a story."""

    leaders: NDArray[np.int32]  # [n] the row of the story's leader; its own row for a leader
    scores: NDArray[np.float32]  # [n] of the story against its leader, 0..1; 0 for a leader
    kinds: NDArray[np.uint8]  # [n] EXACT, NEAR or UPDATE; 0 for a leader


@njit(nogil=True, forceinline=True)
def _find_candidates(
    i: int,
    row: int,
    sought: Sought,
    candidates: Candidates,
    lookups: Lookups,
    facts: Facts,
    view: View,
    table: Table,
    span: NDArray[np.int64],
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
        count = meet(np.int64(leaders[candidates.members[k]]), i, facts, view, scratch, count)
    if sought.bands.shape[0] == 0:
        return count
    return meet_in_table(i, row, sought, lookups, facts, view, table, span, scratch, count, totals)


@njit(nogil=True, forceinline=True)
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


@njit(nogil=True, forceinline=True)
def _is_update(meta: NDArray[np.uint32], i: int, j: int) -> bool:
    """Whether duplicates i and j are versions of one item: of one source, and of one URL or one of them says so."""
    if meta[i, META_SOURCE] == 0 or meta[i, META_SOURCE] != meta[j, META_SOURCE]:
        return False
    same_url = meta[i, META_URL] != 0 and meta[i, META_URL] == meta[j, META_URL]
    return same_url or (meta[i, META_BITS] | meta[j, META_BITS]) & REVISED != 0


@njit(nogil=True, forceinline=True)
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


@njit(nogil=True, forceinline=True)
def _remember(
    i: int,
    row: int,
    sought: Sought,
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
    leader, bands = np.int64(membership.leaders[i]), sought.bands
    piece = slice_of(facts.times[leader], window)
    if membership.kinds[i] == EXACT:  # its keys are the copy's, which put this leader wherever it belongs
        if bands.shape[0] > 0 and bands[-1] == lookups.keys.shape[1] - 1:  # but its URL is its own
            enter_band(table, undo, lookups, row, bands[-1], piece, leader, facts.times, window, totals)
        return
    if leader == i and piece == UNDATED:
        span[2] += 1
    elif leader == i:
        span[0], span[1] = min(span[0], piece), max(span[1], piece)
    if content != np.uint64(0):
        enter(table, undo, bucket_key(content, EXACT_BAND, piece), leader, 255)
    if bands.shape[0] == 0:
        return
    buckets, used, noted, counts = table.buckets, table.used, undo.buckets, undo.counts
    keys, group, room = lookups.keys[lookups.places[row]], piece >> 2, room_of_bands(table)
    mask = np.uint64(room - 1)
    for k in range(bands.shape[0]):
        salted, band = salted_key(sought, k, keys, group), bands[k]
        if not enter_alone(buckets, used, noted, counts, salted, band, band * room, mask, leader):
            enter_band(table, undo, lookups, row, band, piece, leader, facts.times, window, totals)


@njit(nogil=True, forceinline=True)
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
    table      : Table         with room for one more bucket of each band a story, one more list, slot and 2 * limit
                               more leaders a live key and a story, and for 2 * 255 more leaders a story: so many of
                               equal content there can be
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
    most = lookups.keys.shape[1] + 1
    made = (
        np.empty((2, most), dtype=np.int64),
        np.empty((2, 2, most), dtype=np.uint64),
        np.empty(FEATURES, dtype=np.float32),
    )
    bands, salted, evidence = borrow(made)
    window, count = judgement.window, lookups.live.shape[0]
    upcoming = Sought(bands[0, :0], salted[0, :, :0], np.int64(0), np.int64(0))
    for row in range(-1, count):
        i, sought, turn = first + row, upcoming, row & 1
        if row + 1 < count:  # the buckets of each story are fetched while the one before is decided
            upcoming = look_ahead(row + 1, i + 1, lookups, facts, judgement, table, span, bands[turn], salted[turn])
        if row < 0:
            continue
        view = View(window, lookups.horizons[row])
        content = _content_key(facts, i) if lookups.shared[row] else np.uint64(0)
        if not known:
            scratch.decisions[0] += 1
            copied = -1
            if content != np.uint64(0):
                copied = find_copy(content, i, facts, view, table, span, scratch, judgement.rule)
            if copied >= 0:
                membership.leaders[i], membership.scores[i], membership.kinds[i] = copied, 1.0, EXACT
            else:
                scratch.decisions[0] += 1
                met = _find_candidates(
                    *(i, row, sought, candidates, lookups, facts, view, table, span, scratch),
                    *(membership.leaders, totals),
                )
                totals[CANDIDATES] += met
                ours = slice(candidates.bounds[row], candidates.weighed_ends[row])
                _follow(
                    *(i, scratch.found[:met], candidates.weighed[ours], candidates.scores[ours]),
                    *(facts, judgement, evidence, membership),
                )
        _remember(i, row, sought, content, lookups, facts, window, table, undo, span, membership, totals)
    keep(made)
