"""Stories that come to an index, taken in and decided in one call. Twin: the batch path, and `reference.leaders`."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from dedup.kernels.handles import Handle, borrow, keep
from dedup.kernels.native.candidates import Candidates
from dedup.kernels.native.evidence import META_TOKENS, UNDATED, Facts, Judgement, measure
from dedup.kernels.native.leaders import NEAR, UPDATE, Membership, lead
from dedup.kernels.native.meetings import Scratch
from dedup.kernels.native.table import Lookups, Table, Undo

FOREVER = np.int64(2**63 - 1)  # when a cluster without a date is forgotten
LAST, LATEST, CLOCK = 0, 1, 2  # places of the time of the last story, and of the latest one; their number


class Rows(NamedTuple):
    """The columns of a window, a row a story, with room behind those in use."""

    sections: NDArray[np.uint16]  # as in `Facts`, to content
    meta: NDArray[np.uint32]
    times: NDArray[np.int64]  # undated ones have that of the story before
    content: NDArray[np.uint64]
    keys: NDArray[np.uint32]  # [n, bands] 0: no key
    preference: NDArray[np.int32]  # [n] place of the source among the preferred ones
    positions: NDArray[np.int64]  # [n] in the log, ascending
    leaders: NDArray[np.int32]  # as in `Membership`, to kinds
    scores: NDArray[np.float32]
    kinds: NDArray[np.uint8]
    canonicals: NDArray[np.int32]  # [n] of a leader: the row that its cluster shows
    former: NDArray[np.int32]  # [n] the row of the story before of the same id, negative for none
    earlier: NDArray[np.int64]  # [n] the position of it, 0 for none


class Held(NamedTuple):
    """What the pass holds beside the rows; cf. `lead`."""

    table: Table
    undo: Undo
    span: NDArray[np.int64]
    scratch: Scratch
    next_bands: NDArray[np.int64]
    limit: int
    totals: NDArray[np.int64]
    clock: NDArray[np.int64]  # [CLOCK] UNDATED where there is no such story


class Before(NamedTuple):
    """The state before the stories came that came last."""

    used: NDArray[np.int64]  # of the table
    span: NDArray[np.int64]
    clock: NDArray[np.int64]


class Books(NamedTuple):
    """All that `arrive` works on beside the stories that come; given as the value of a handle."""

    rows: Rows
    hashes: NDArray[np.uint32]  # of all rows, as in `Facts`, with room for those that come
    bounds: NDArray[np.int64]  # likewise
    judgement: Judgement
    lateness: int  # microseconds, cf. `Settings.lateness`
    longest: bool  # whether clusters show the story with the most tokens; else that of the best source, then the first
    held: Held  # with room in the table, cf. `lead`, and in scratch.seen for all rows; undo is begun anew
    before: Before  # overwritten


@njit(nogil=True, cache=True)
def look_up(keys: NDArray[np.uint32], first: int, horizons: NDArray[np.int64], held: Held) -> Lookups:
    """How stories first .. first + n - 1 of a window, rows of `keys`, are looked up: by all bands and their content."""
    count = horizons.shape[0]
    live = np.full((count, (keys.shape[1] + 31) // 32), np.uint32(0xFFFFFFFF))
    shared = np.ones(count, dtype=np.bool_)
    return Lookups(keys, np.arange(first, first + count), live, shared, horizons, held.next_bands, held.limit)


@njit(nogil=True, cache=True)
def decide(
    first: int,
    horizons: NDArray[np.int64],
    facts: Facts,
    keys: NDArray[np.uint32],
    membership: Membership,
    judgement: Judgement,
    held: Held,
    known: bool,
) -> None:
    """Decide stories first .. first + n - 1 of a window, or only make them findable if they are `known`; cf. `lead`."""
    count = horizons.shape[0]
    nobody, none = np.empty(0, dtype=np.int32), np.zeros(count + 1, dtype=np.int64)
    candidates = Candidates(nobody, none, none[:count], first, nobody, np.empty(0, dtype=np.float64), none[:count])
    lookups = look_up(keys, first, horizons, held)
    lead(
        first,
        borrow(candidates),
        borrow(lookups),
        borrow(facts),
        borrow(judgement),
        borrow(held.table),
        borrow(held.undo),
        borrow(held.span),
        borrow(held.scratch),
        borrow(membership),
        borrow(held.totals),
        known,
    )
    keep(candidates)
    keep(lookups)


@njit(nogil=True, cache=True)
def arrive(
    books: Handle,
    first: int,
    position: int,
    part_hashes: NDArray[np.uint32],
    part_bounds: NDArray[np.int64],
    sections: NDArray[np.uint16],
    meta: NDArray[np.uint32],
    times: NDArray[np.int64],
    content: NDArray[np.uint64],
    keys: NDArray[np.uint32],
    preference: NDArray[np.int32],
    former: NDArray[np.int32],
    earlier: NDArray[np.int64],
    out_leaders: NDArray[np.int64],
    out_forgotten: NDArray[np.int64],
    out_evidence: NDArray[np.float32],
) -> None:
    """Write n stories to rows first .. first + n - 1 of a window, and decide them in this order.

    books         : Books               with room for them; all columns of rows are written, bounds[first] is where
                                        their hashes go
    position      : of the first one in the log
    part_hashes, part_bounds, sections, meta, times, content : as in `Facts`, of these stories
    keys          : uint32[bands, n]    of these stories
    preference    : int32[n]            of these stories
    former        : int32[n]            the row of the window's last story of the same id, negative for none
    earlier       : int64[n]            the position of the log's last story of the same id, if the window has none
    out_leaders   : int64[n]            overwritten: the position of the story's leader
    out_forgotten : int64[n]            overwritten: the horizon that passes over the story; FOREVER for none
    out_evidence  : float32[n, f]       overwritten where there is a leader: what the story has in common with it
    """
    rows, hashes, bounds, held = books.value.rows, books.value.hashes, books.value.bounds, books.value.held
    judgement, before = books.value.judgement, books.value.before
    before.used[:], before.span[:], before.clock[:] = held.table.used, held.span, held.clock
    held.undo.counts[:] = 0
    count = former.shape[0]
    horizons = _write_times(
        times, judgement.window + books.value.lateness, held.clock, rows.times[first : first + count]
    )
    start = bounds[first]
    hashes[start : start + part_bounds[count]] = part_hashes[: part_bounds[count]]
    for k in range(count):
        row = first + k
        bounds[row + 1] = start + part_bounds[k + 1]
        rows.sections[row] = sections[k]
        rows.meta[row] = meta[k]
        rows.content[row] = content[k]
        rows.keys[row] = keys[:, k]
        rows.preference[row] = preference[k]
        rows.positions[row] = position + k
        rows.canonicals[row] = row
        rows.former[row] = former[k]
        rows.earlier[row] = rows.positions[former[k]] if former[k] >= 0 else earlier[k]
    facts = Facts(hashes, bounds, rows.sections, rows.meta, rows.times, rows.content)
    membership = Membership(rows.leaders, rows.scores, rows.kinds)
    decide(first, horizons, facts, rows.keys, membership, judgement, held, False)
    for k in range(count):
        row, leader = first + k, np.int64(rows.leaders[first + k])
        if former[k] >= 0 and rows.kinds[row] == NEAR and rows.leaders[former[k]] == leader:
            rows.kinds[row] = UPDATE  # the same item again, whoever is said to publish it
        out_leaders[k] = rows.positions[leader]
        time = rows.times[leader]
        out_forgotten[k] = FOREVER if time == UNDATED else max(time, horizons[k])
        if rows.kinds[row]:
            measure(facts, row, leader, out_evidence[k])


@njit(nogil=True, cache=True)
def _write_times(
    times: NDArray[np.int64], back: int, clock: NDArray[np.int64], out: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Write each story's time, an undated one's being that of the one before; return the horizon that each one has.

    Cf. `dedup.batch.date_undated` and `dedup.clusters.horizons`.
    back : int  microseconds that a story sees back from the latest one
    """
    horizons = np.empty(times.shape[0], dtype=np.int64)
    for k in range(times.shape[0]):
        out[k] = clock[LAST] if times[k] == UNDATED else times[k]
        horizons[k] = clock[LATEST] - back if clock[LATEST] > UNDATED else UNDATED
        clock[LAST] = out[k]
        clock[LATEST] = max(clock[LATEST], out[k])
    return horizons


@njit(nogil=True, cache=True)
def show(books: Handle, first: int, shown: NDArray[np.int64]) -> None:
    """Let clusters show those of n stories that are preferred to what they showed.

    books : Books
    first : row of the first one
    shown : int64[n]  overwritten: the row that each one's cluster showed when it had come
    """
    rows, longest = books.value.rows, books.value.longest
    meta, times, preference = rows.meta, rows.times, rows.preference
    for row in range(first, first + shown.shape[0]):
        leader = np.int64(rows.leaders[row])
        best = np.int64(rows.canonicals[leader])
        if longest:
            better = meta[row, META_TOKENS] > meta[best, META_TOKENS]
        elif preference[row] != preference[best]:
            better = preference[row] < preference[best]
        else:
            better = times[row] < times[best]
        if better:
            rows.canonicals[leader] = row
            best = row
        shown[row - first] = best
