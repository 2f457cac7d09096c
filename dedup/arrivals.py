"""The leader pass over a window, whose stories come a few at a time and may be taken back."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dedup.bands import count_bands, next_bands
from dedup.columns import Columns
from dedup.hashing import Hashed
from dedup.kernels.handles import Handle, hold
from dedup.kernels.native.arrivals import CLOCK, LAST, LATEST, Before, Books, Held, Rows, arrive, decide, show
from dedup.kernels.native.buckets import revert
from dedup.kernels.native.evidence import FEATURES, META, UNDATED, Facts, Judgement
from dedup.kernels.native.facts import SECTIONS
from dedup.kernels.native.leaders import CANDIDATES, TOTALS, Membership
from dedup.kernels.native.meetings import Scratch
from dedup.kernels.native.table import LEFT_OUT, Table
from dedup.settings import Settings
from dedup.tables import (
    FULLEST,
    Growth,
    empty_table,
    empty_undo,
    lengthened,
    most_found,
    places_for,
    room_of_bands,
    stories_taken,
    with_buckets,
    with_keys,
    with_notes,
)

MOST_ENTERED = 2048  # stories that are decided at once
_GROWTH, _LARGE = 4, 1 << 16  # times the places that bands without room get, up to so many
_MANY = 256  # stories at a time, of which more will come: their table is large at once
_SMALL = 1 << 11  # places of a band: fewer are moved at once
_EARLY = 0.6  # share of places taken from which on they are moved little by little
_DISTINCT = 0.8  # share of band keys that room is made for beforehand: copies share theirs, the rest can grow
_HASHES = 200  # of a story that room is set aside for
_AHEAD = 64  # stories at a time that room is made for


class Outcome(NamedTuple):
    """What is found of n stories beside their rows."""

    leaders: NDArray[np.int64]  # [n] the position of the story's leader
    forgotten: NDArray[np.int64]  # [n] the horizon that passes over the story; FOREVER for none
    evidence: NDArray[np.float32]  # [n, f] what a duplicate and its leader have in common; of no meaning for others


class _Opened(NamedTuple):
    """A handle for all that is held, and what it was made of."""

    books: Handle | None = None
    rows: object = None
    hashes: object = None
    bounds: object = None
    held: object = None


class Arrivals:
    """The rows of a window, their hashes, and the tables of buckets in which the pass finds leaders.

    Attributes:
        rows: a column for each of `Rows`.
        hashes, bounds: of `Facts`.
    """

    def __init__(self, settings: Settings, judgement: Judgement) -> None:
        self.settings = settings
        self._judgement = judgement
        self._bands = count_bands(settings)
        self.rows = Columns(_nothing(self._bands))
        self.hashes = Columns({"hashes": np.empty(0, dtype=np.uint32)})
        self.bounds = Columns({"bounds": np.empty(0, dtype=np.int64)})
        self.bounds.extend({"bounds": np.zeros(1, dtype=np.int64)}, 1)
        self._lateness = settings.lateness_us
        self._clock = np.full(CLOCK, UNDATED, dtype=np.int64)
        self._totals = np.zeros(TOTALS, dtype=np.int64)
        self._next_bands = next_bands(settings)
        self._begin_tables()

    def _begin_tables(self) -> None:
        self._books = _Opened()
        table = empty_table(self._bands)
        found = most_found(self._bands, self.settings.bucket_limit)
        self._held = Held(
            table,
            empty_undo(),
            np.array([2**62, -(2**62), 0], dtype=np.int64),
            Scratch(
                np.zeros(0, dtype=np.int64),
                np.zeros(1, dtype=np.int64),
                np.empty(found, dtype=np.int32),
                np.empty((2, 3), dtype=np.int64),
            ),
            self._next_bands,
            self.settings.bucket_limit,
            self._totals,
            self._clock,
        )
        self._before = Before(table.used.copy(), self._held.span.copy(), self._clock.copy())
        self._first = self._findable = 0
        self._growth: Growth | None = None
        self._spare = 0  # stories that there is room for, however many keys they have

    @property
    def latest(self) -> int:
        """The latest time of all stories, UNDATED for none."""
        return int(self._clock[LATEST])

    @property
    def candidates(self) -> int:
        """Pairs of a story and a leader judged so far."""
        return int(self._totals[CANDIDATES])

    @property
    def left_out(self) -> int:
        """Times that a leader found the finest bucket of a band full, so that this band alone cannot find it."""
        return int(self._totals[LEFT_OUT])

    def see(self, times: NDArray[np.int64]) -> None:
        """Take note of the times of stories that others decided, at least one."""
        self._clock[LAST] = times[-1]
        self._clock[LATEST] = max(self.latest, int(times.max()))

    def facts(self) -> Facts:
        """What is kept of each row; views, good until a story comes."""
        rows = self.rows
        return Facts(
            hashes=self.hashes["hashes"],
            bounds=self.bounds["bounds"],
            sections=rows["sections"],
            meta=rows["meta"],
            times=rows["times"],
            content=rows["content"],
        )

    def enter(self, part: Hashed, former: NDArray[np.int32], earlier: NDArray[np.int64], position: int) -> Outcome:
        """Take stories in and decide them.

        Args:
            part: 1 to `MOST_ENTERED` stories.
            former: int32[n], the row of the last story of the same id, negative for none.
            earlier: int64[n], the position of the log's last story of the same id where that is in no row; 0 for none.
            position: of the first one in the log.
        """
        self.make_findable()
        count, facts = len(former), part.facts
        self._first = first = self.rows.count
        self._make_room(count)
        self.rows.lengthen(count)
        self.bounds.lengthen(count)
        self.hashes.lengthen(int(facts.bounds[-1]))
        outcome = Outcome(
            np.empty(count, dtype=np.int64),
            np.empty(count, dtype=np.int64),
            np.empty((count, FEATURES), dtype=np.float32),
        )
        arrive(
            self._open_books(),
            first,
            position,
            *facts,
            np.ascontiguousarray(part.keys),  # of chosen stories they lie otherwise, for which nothing is compiled
            part.preference,
            former,
            earlier,
            *outcome,
        )
        self._findable = self.rows.count
        return outcome

    def show(self, first: int) -> NDArray[np.int64]:
        """Choose what the clusters of the rows from `first` on show: int64[n], a row, as of when each one had come."""
        shown = np.empty(self.rows.count - first, dtype=np.int64)
        show(self._open_books(), first, shown)
        return shown

    def _open_books(self) -> Handle:
        """The handle for all that is held, made anew where an array is another one."""
        books, rows, hashes, bounds, held = self._books
        if (
            books is None
            or rows is not self.rows.arrays
            or hashes is not self.hashes.arrays
            or bounds is not self.bounds.arrays
            or held is not self._held
        ):
            rows, hashes, bounds, held = self.rows.arrays, self.hashes.arrays, self.bounds.arrays, self._held
            longest = self.settings.keep == "longest"
            hashed = hashes["hashes"], bounds["bounds"]
            books = hold(Books(Rows(**rows), *hashed, self._judgement, self._lateness, longest, held, self._before))
            self._books = _Opened(books, rows, hashes, bounds, held)
        return books

    def take_back(self) -> None:
        """Forget the stories entered last, as if they had not come; what was counted stays."""
        held = self._held
        revert(held.table, held.undo)
        held.table.used[:], held.span[:], held.clock[:] = self._before.used, self._before.span, self._before.clock
        self.hashes.cut(int(self.bounds["bounds"][self._first]))
        self.bounds.cut(self._first + 1)
        self.rows.cut(self._first)
        self._findable = self._first

    def make_findable(self) -> None:
        """Enter rows that others decided into the tables, if there are new ones."""
        rows, first = self.rows, self._findable
        if first == rows.count:
            return
        facts, membership = self.facts(), Membership(rows["leaders"], rows["scores"], rows["kinds"])
        if rows.count - first > MOST_ENTERED:
            table = self._held.table
            used = stories_taken(table) + int(_DISTINCT * (rows.count - first))
            self._held, self._growth = self._held._replace(table=with_buckets(table, places_for(used))), None
        for begin in range(first, rows.count, MOST_ENTERED):
            count = min(MOST_ENTERED, rows.count - begin)
            self._make_room(count, ahead=False)
            self._held.undo.counts[:] = 0
            horizons = np.full(count, UNDATED, dtype=np.int64)  # which nobody asks for
            decide(begin, horizons, facts, rows["keys"], membership, self._judgement, self._held, True)
        self._findable = rows.count

    def reserve(self, stories: int) -> None:
        """Set addresses aside for so many stories to come; memory is taken as they do."""
        self.rows.reserve(stories)
        self.bounds.reserve(stories)
        self.hashes.reserve(stories * _HASHES)

    def keep(self, keep: NDArray[np.bool_]) -> None:
        """Let all rows go but some, bool[n], whose leaders are among them; those left are numbered anew.

        They must be made findable.
        """
        self._begin_tables()  # first, so that the old ones are gone
        rows = np.cumsum(keep, dtype=np.int64) - 1
        sizes = np.diff(self.bounds["bounds"])
        self.hashes.select(np.repeat(keep, sizes))
        self.bounds.cut(1)
        self.bounds.extend({"bounds": np.cumsum(sizes[keep])}, int(rows[-1]) + 1)
        self.rows.select(keep)
        for column in ("leaders", "canonicals"):
            self.rows[column][:] = rows[self.rows[column]]

    def _make_room(self, count: int, *, ahead: bool = True) -> None:
        """Have room for so many stories more, and a while `ahead` for those that follow."""
        if count <= self._spare:
            self._spare -= count
            return
        room = max(count, _AHEAD) if ahead and not self._growth else count
        self._spare = room - count
        held, keys = self._held, self._bands * room
        begins = ahead and count < _AHEAD  # of many at once, nobody waits for a single one
        table = self._with_buckets(held.table, room, _LARGE if count >= _MANY else _GROWTH, begins=begins)
        table = with_keys(table, keys, room, self.settings.bucket_limit)
        undo, scratch = with_notes(held.undo, keys, room), held.scratch
        if self.rows.count + room > scratch.seen.shape[0]:
            scratch = scratch._replace(seen=lengthened(scratch.seen, self.rows.count + room))
        if table is not held.table or undo is not held.undo or scratch is not held.scratch:
            self._held = held._replace(table=table, undo=undo, scratch=scratch)

    def _with_buckets(self, table: Table, more: int, growth: int, *, begins: bool) -> Table:
        """The table, or one with room for so many stories more; a large one can get it a little at a time, in time.

        Args:
            table: of now.
            more: stories, each with a bucket of each band.
            growth: times the places of now, up to `_LARGE`, that bands without room get.
            begins: whether to begin to get them a few at a time.
        """
        room, used = room_of_bands(table), stories_taken(table)
        left = FULLEST * room - used
        if left < more:
            self._growth = None
            return with_buckets(table, max(places_for(used + more), min(growth * room, _LARGE)))
        if begins and self._growth is None and used > _EARLY * room and room >= _SMALL:
            self._growth, self._spare = Growth(table, 2 * room), 0
        if self._growth is None:
            return table
        grown = self._growth.step(table, self._held.undo, min(1.0, more / max(left - more, 1)))
        if grown is None:
            return table
        self._growth = None
        return grown


def _nothing(bands: int) -> dict[str, NDArray[np.generic]]:
    """The columns of `Rows`, without a row."""
    empty = Rows(
        sections=np.empty((0, SECTIONS), dtype=np.uint16),
        meta=np.empty((0, META), dtype=np.uint32),
        times=np.empty(0, dtype=np.int64),
        content=np.empty((0, 2), dtype=np.uint64),
        keys=np.empty((0, bands), dtype=np.uint32),
        preference=np.empty(0, dtype=np.int32),
        positions=np.empty(0, dtype=np.int64),
        leaders=np.empty(0, dtype=np.int32),
        scores=np.empty(0, dtype=np.float32),
        kinds=np.empty(0, dtype=np.uint8),
        canonicals=np.empty(0, dtype=np.int32),
        former=np.empty(0, dtype=np.int32),
        earlier=np.empty(0, dtype=np.int64),
    )
    return empty._asdict()
