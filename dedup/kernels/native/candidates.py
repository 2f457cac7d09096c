"""Candidates of many stories at once, before any of them is decided. Twin: `dedup.kernels.reference.leaders`.

Most of what a decision costs is found and weighed here, on all cores: in feed order only what was decided meanwhile
has to be looked up.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from dedup.kernels.handles import borrow, keep
from dedup.kernels.native.evidence import FEATURES, UNDATED, Facts, Judgement, judge
from dedup.kernels.vectors import prefetch

_AHEAD = np.uint64(16)  # entries: so far ahead the buckets they are of are fetched


class View(NamedTuple):
    """How far back a story sees."""

    window: int  # microseconds between a story and the leader it follows, at most; -1 for no limit
    horizon: int  # microseconds since 1970; leaders published before are forgotten


class Candidates(NamedTuple):
    """Stories of the buckets known beforehand that n stories in a row meet there, and what they scored."""

    members: NDArray[np.int32]  # [m] the distinct earlier stories that share a bucket with one, and once these are
    # weighed, those of them that were not decided then
    bounds: NDArray[np.int64]  # [n + 1] for those of story k there is room from bounds[k] to bounds[k + 1]
    ends: NDArray[np.int64]  # [n] they are members[bounds[k]:ends[k]]
    decided: int  # stories before this one were decided when they were weighed
    weighed: NDArray[np.int32]  # [m] distinct stories in view: leaders of decided members, and undecided members
    scores: NDArray[np.float64]  # [m] of these, 0..1
    weighed_ends: NDArray[np.int64]  # [n] those of story k are weighed[bounds[k]:weighed_ends[k]]


@njit(nogil=True, forceinline=True)
def in_view(time: np.int64, leader_time: np.int64, view: View) -> bool:
    """Whether a story can still follow a leader, by the times of both; what is undated always can, and be."""
    if time == UNDATED or leader_time == UNDATED:
        return True
    return leader_time >= view.horizon and (view.window < 0 or abs(time - leader_time) <= view.window)


@njit(nogil=True, forceinline=True)
def prefetch_facts(facts: Facts, leader: int) -> None:
    """Have what is asked for first of a leader's facts on its way from memory."""
    prefetch(facts.sections, leader)
    prefetch(facts.meta, leader)
    start = facts.bounds[leader]
    for line in range(start, min(facts.bounds[leader + 1], start + 128), 16):
        prefetch(facts.hashes, line)


@njit(nogil=True, cache=True)
def list_members(
    bounds: NDArray[np.int64],
    entries: NDArray[np.int64],
    bucket_members: NDArray[np.int32],
    slots: NDArray[np.uint64],
    candidates: Candidates,
    begin: int,
    end: int,
) -> None:
    """Write the distinct earlier stories in the known buckets of stories `begin` to `end` of some in a row.

    bounds, entries, bucket_members : as in `dedup.bands.Buckets`, the bounds of these stories only
    slots      : uint64[c]  scratch; c a power of two, at least twice what one story can meet
    candidates : Candidates of these stories; members and ends are overwritten
    """
    mask, one, last = np.uint64(slots.shape[0] - 1), np.uint64(1), np.uint64(bounds[end] - 1)
    slots[:] = np.uint64(0)
    entries, bucket_members, slots = borrow(entries), borrow(bucket_members), borrow(slots)
    members = borrow(candidates.members)
    for row in range(begin, end):
        at = np.uint64(candidates.bounds[row])
        stamp = np.uint64(row - begin + 1) << np.uint64(32)
        for e in range(np.uint64(bounds[row]), np.uint64(bounds[row + 1])):
            prefetch(bucket_members, entries[min(e + _AHEAD, last)] >> 8)
            start = np.uint64(entries[e] >> 8)
            for k in range(start, start + np.uint64(entries[e] & 255)):
                mine = stamp | np.uint64(bucket_members[k])
                slot = (mine * np.uint64(0x9E3779B97F4A7C15) >> np.uint64(40)) & mask
                while slots[slot] != mine:  # most have been met
                    if slots[slot] < stamp:
                        slots[slot] = mine
                        members[at] = bucket_members[k]
                        at += one
                        break
                    slot = (slot + one) & mask
        candidates.ends[row] = at


@njit(nogil=True, cache=True)
def weigh_members(
    first: int,
    candidates: Candidates,
    facts: Facts,
    judgement: Judgement,
    leaders: NDArray[np.int32],
    horizons: NDArray[np.int64],
    begin: int,
    end: int,
) -> None:
    """Score stories first + begin .. first + end - 1 against the leaders that their candidates surely or likely have.

    Sure is what is decided already; a later candidate most likely leads.

    candidates : Candidates of the stories from `first` on; weighed, scores and weighed_ends are overwritten, and
                            members decided already are dropped
    leaders    : int32[n]   of the stories before `candidates.decided`, which is at most `first`
    horizons   : int64[m]   of the stories from `first` on, cf. `View`
    """
    candidates, facts, judgement = borrow(candidates), borrow(facts), borrow(judgement)
    leaders, horizons = borrow(leaders), borrow(horizons)
    own = np.empty(FEATURES, dtype=np.float32)
    evidence = borrow(own)
    for row in range(begin, end):
        view = View(judgement.window, horizons[row])
        at = undecided = candidates.bounds[row]
        for k in range(candidates.bounds[row], candidates.ends[row]):
            member = candidates.members[k]
            likely = member
            if member < candidates.decided:
                likely = leaders[member]
            else:
                candidates.members[undecided] = member
                undecided += 1
            known = not in_view(facts.times[first + row], facts.times[likely], view)
            for other in range(candidates.bounds[row], at):
                known |= candidates.weighed[other] == likely
            if not known:
                candidates.weighed[at] = likely
                prefetch_facts(facts, np.int64(likely))
                at += 1
        candidates.ends[row] = undecided
        candidates.weighed_ends[row] = at
        for k in range(candidates.bounds[row], at):
            candidates.scores[k] = judge(facts, first + row, np.int64(candidates.weighed[k]), judgement, evidence)
    keep(own)
