"""Candidates -> clusters: one pass in feed order, and the choice of the story that is shown."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dedup.bands import Buckets, ThreadMap, count_bands, next_bands
from dedup.kernels.native.candidates import Candidates, list_members, weigh_members
from dedup.kernels.native.evidence import UNDATED, Facts, Judgement
from dedup.kernels.native.leaders import TOTALS, Membership, lead
from dedup.kernels.native.meetings import Scratch
from dedup.kernels.native.table import Lookups, Table
from dedup.settings import Settings
from dedup.tables import (
    empty_table,
    empty_undo,
    lengthened,
    most_found,
    places_for,
    stories_taken,
    with_buckets,
    with_keys,
    with_notes,
)

_CHUNK = 2048  # stories whose candidates are weighed at once, before they are decided in order
_AHEAD = 3  # so many of these are given to the threads before they are waited for, so that none is left without work
_TASK = 512  # stories that a thread takes at a time


def _nothing() -> None:
    """Facts in memory need no relief."""


def horizons(times: NDArray[np.int64], latest: int, settings: Settings) -> NDArray[np.int64]:
    """int64[n], before which time leaders are forgotten when each of n stories in a row is decided.

    A story sees no leader that is older than the window and the lateness allowed, counted from the latest time before
    its own; so what an index must remember is bounded, and does not depend on when it was last cleared.

    Args:
        times: int64[n], when they were published.
        latest: the latest time of all stories before these, UNDATED for none.
        settings: without a window or a lateness nothing is forgotten.
    """
    if settings.lateness is None or settings.window is None:
        return np.full(times.shape[0], UNDATED, dtype=np.int64)
    before = np.maximum.accumulate(np.concatenate([[latest], times]))[:-1]
    known = before > UNDATED
    return np.where(known, before - settings.window_us - settings.lateness_us, UNDATED)


class _Stretch(NamedTuple):
    """Consecutive stories to be decided."""

    first: int  # the row of the first one in facts and membership
    buckets: Buckets
    seen_from: NDArray[np.int64]  # [n] cf. `horizons`
    facts: Facts
    membership: Membership
    thread_map: ThreadMap

    def candidates(self, rows: slice, decided: int) -> Candidates:
        """Room for the candidates of some of them, to be weighed when those before `decided` are decided."""
        entry_bounds = self.buckets.bounds[rows.start : rows.stop + 1]
        sizes = self.buckets.entries[entry_bounds[0] : entry_bounds[-1]] & 255
        bounds = np.concatenate([[0], np.cumsum(sizes)])[entry_bounds - entry_bounds[0]]
        total = int(bounds[-1])
        return Candidates(
            members=np.empty(total, dtype=np.int32),
            bounds=bounds,
            ends=bounds[:-1].copy(),
            decided=self.first + decided,
            weighed=np.empty(total, dtype=np.int32),
            scores=np.empty(total, dtype=np.float64),
            weighed_ends=bounds[:-1].copy(),
        )

    def lookups(self, rows: slice, next_bands: NDArray[np.int64], limit: int) -> Lookups:
        """Where some of them are looked up in the table."""
        return Lookups(
            keys=self.buckets.keys,
            places=self.buckets.places[rows],
            live=self.buckets.crowded[rows],
            shared=self.buckets.shared[rows],
            horizons=self.seen_from[rows],
            next_bands=next_bands,
            limit=limit,
        )


@dataclass(slots=True)
class LeaderPass:
    """The clusters of stories as they come; `decide` is called with consecutive stretches of them.

    Attributes:
        candidates: pairs of a story and a leader judged so far.
        full_buckets: times a story met a band bucket that holds `bucket_limit` leaders, and used its finer key too.
        left_out: times a leader did not get into the finest bucket of a band, so that this band alone cannot find it.
        relieve: called now and then, where facts may lie in files; cf. `dedup.spill.Memory.relieve`.
    """

    settings: Settings
    judgement: Judgement
    candidates: int = 0
    full_buckets: int = 0
    left_out: int = 0
    relieve: Callable[[], None] = _nothing
    _table: Table = field(init=False)
    _seen: NDArray[np.int64] = field(default_factory=lambda: np.zeros(_CHUNK, dtype=np.int64))
    _decisions: NDArray[np.int64] = field(default_factory=lambda: np.zeros(1, dtype=np.int64))
    _span: NDArray[np.int64] = field(default_factory=lambda: np.array([2**62, -(2**62), 0], dtype=np.int64))
    _latest: int = int(UNDATED)
    _found: NDArray[np.int32] = field(default_factory=lambda: np.empty(0, dtype=np.int32))
    _near: NDArray[np.int64] = field(default_factory=lambda: np.empty((2, 3), dtype=np.int64))
    _next_bands: NDArray[np.int64] = field(init=False)

    def __post_init__(self) -> None:
        self._next_bands = next_bands(self.settings)
        self._table = empty_table(len(self._next_bands))

    def decide(
        self,
        first: int,
        buckets: Buckets,
        facts: Facts,
        membership: Membership,
        thread_map: ThreadMap = map,
        *,
        known: bool = False,
        seen_from: NDArray[np.int64] | None = None,
    ) -> None:
        """Write the membership of the n stories first .. first + n - 1.

        Args:
            first: row of the first story in `facts` and `membership`.
            buckets: of these n stories: all of a feed, or `unknown_buckets` where later stories are not known yet.
            facts: of all stories up to these.
            membership: rows up to `first` hold what was decided before.
            thread_map: `map`, or the like of it that runs calls at once.
            known: membership holds what another pass decided on these stories: it is only remembered.
            seen_from: int64[n], cf. `horizons`, where these stories are not all of a feed; None to find it.
        """
        totals = np.zeros(TOTALS, dtype=np.int64)
        count = buckets.crowded.shape[0]
        if seen_from is None:
            seen_from = horizons(facts.times[first : first + count], self._latest, self.settings)
        self._seen = lengthened(self._seen, first + count)
        stretch = _Stretch(first, buckets, seen_from, facts, membership, thread_map)
        chunks = [slice(begin, min(begin + _CHUNK, count)) for begin in range(0, count, _CHUNK)]
        waiting: deque[tuple[Candidates, Iterable[None]]] = deque()
        for place, rows in enumerate(chunks):
            for following in chunks[place + len(waiting) : place + 1 + _AHEAD]:  # weighed while these are decided
                waiting.append(self._weigh(stretch, rows.start, following))
            candidates, under_way = waiting.popleft()
            deque(under_way, maxlen=0)
            self._lead(stretch, rows, candidates, totals, known)
        self._latest = max(self._latest, int(facts.times[first : first + count].max(initial=UNDATED)))
        self.candidates += int(totals[0])
        self.full_buckets += int(totals[1])
        self.left_out += int(totals[2])

    def _lead(
        self, stretch: _Stretch, rows: slice, candidates: Candidates, totals: NDArray[np.int64], known: bool
    ) -> None:
        """Decide some stories in their order."""
        limit = self.settings.bucket_limit
        lookups = stretch.lookups(rows, self._next_bands, limit)
        count, keys = rows.stop - rows.start, int(np.bitwise_count(lookups.live).sum())
        table = with_keys(self._table, keys, count, limit)
        if keys:
            table = with_buckets(table, places_for(stories_taken(table) + count))
        self._table, undo = table, with_notes(empty_undo(), keys, count)
        found = most_found(len(self._next_bands), limit)
        if found + candidates.members.shape[0] > self._found.shape[0]:
            self._found = np.empty(found + candidates.members.shape[0], dtype=np.int32)
        scratch = Scratch(self._seen, self._decisions, self._found, self._near)
        lead(
            *(stretch.first + rows.start, candidates, lookups, stretch.facts, self.judgement, self._table, undo),
            *(self._span, scratch, stretch.membership, totals, known),
        )

    def _weigh(self, stretch: _Stretch, decided: int, rows: slice) -> tuple[Candidates, Iterable[None]]:
        """The candidates of some stories in the buckets that are known, and the scores of those likely to lead.

        They are complete when the calls under way, which are returned too, have been gone through.
        """
        count = rows.stop - rows.start
        candidates = stretch.candidates(rows, decided)
        if candidates.members.shape[0] == 0:
            return candidates, ()
        buckets, seen_from = stretch.buckets, stretch.seen_from[rows]
        entry_bounds = buckets.bounds[rows.start : rows.stop + 1]
        most = max(int(np.diff(candidates.bounds).max()), count_bands(self.settings) * self.settings.bucket_limit)
        slots = 1 << (2 * most).bit_length()

        def weigh(begin: int) -> None:
            end = min(begin + _TASK, count)
            scratch = np.empty(slots, dtype=np.uint64)
            list_members(entry_bounds, buckets.entries, buckets.members, scratch, candidates, begin, end)
            weigh_members(
                *(stretch.first + rows.start, candidates, stretch.facts, self.judgement, stretch.membership.leaders),
                *(seen_from, begin, end),
            )
            self.relieve()

        return candidates, stretch.thread_map(weigh, range(0, count, _TASK))


def choose_canonicals(
    leaders: NDArray[np.int32],
    times: NDArray[np.int64],
    lengths: NDArray[np.uint32],
    preference: NDArray[np.int32],
    keep: str,
) -> NDArray[np.int32]:
    """The row shown for each story's cluster: int32[n].

    Args:
        leaders: int32[n], each story's leader.
        times: int64[n], when it was published.
        lengths: uint32[n], its tokens.
        preference: int32[n], place of its source in the list of preferred ones; larger for all others.
        keep: the policy, cf. `Settings.keep`; equals go by feed order.
    """
    rows = np.arange(leaders.shape[0], dtype=np.int64)
    if keep == "longest":
        order = np.lexsort((rows, np.iinfo(np.int64).max - lengths.astype(np.int64), leaders))
    else:
        order = np.lexsort((rows, times, preference, leaders))
    ordered = leaders[order]
    firsts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]]) if len(order) else np.empty(0, dtype=np.int64)
    canonicals = np.empty(leaders.shape[0], dtype=np.int32)
    canonicals[leaders[order[firsts]]] = order[firsts]
    return np.asarray(canonicals[leaders], dtype=np.int32)
