"""The stories of an index that can still have duplicates, in memory: hashes, facts, decisions, tables of buckets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dedup.arrivals import Arrivals
from dedup.clusters import horizons
from dedup.hashing import Hashed, select_rows, story_columns
from dedup.kernels.native.evidence import FEATURES, META_TOKENS, UNDATED, Facts, Judgement
from dedup.kernels.native.window import measure_pairs
from dedup.records import Decided
from dedup.result import ends_in_number
from dedup.settings import Settings

_DROPPED_SHARE = 0.2  # of the rows: with fewer to drop it is not worth building the tables anew
_NOBODY = -1


class Entered(NamedTuple):
    """What was decided on n stories that a window took in; some are views of it, good until it changes."""

    decided: Decided
    times: NDArray[np.int64]  # [n] microseconds since 1970, of undated ones that of the story before
    forgotten_at: NDArray[np.int64]  # [n] the horizon that passes over the story: what its store should go by. That of
    # a story is its leader's time, so that clusters go as a whole; but never one that is past already, so that the last
    # story of the log, and the latest, are always there to begin with
    leaders: NDArray[np.int32]  # [n] their rows
    evidence: NDArray[np.float32]  # [n, f] cf. `Window.evidence`; of no meaning for a new story


class Window:
    """The stories in memory, a row each, in the order of the log.

    Rows are dropped by whole clusters, once the leader lies in a slice of time (one window long) that no story can see
    any more: so what is found does not depend on when that was done, nor on where in the log a process began.

    Attributes:
        settings: with a window and a lateness.
        names: the id of each row.
        dropped: stories forgotten so far.
        renumbered: times that the rows were numbered anew, since some were dropped.
    """

    def __init__(self, settings: Settings, judgement: Judgement) -> None:
        self.settings = settings
        self.names: list[str] = []
        self.dropped = self.renumbered = 0
        self._arrivals = Arrivals(settings, judgement)
        self._rows = self._arrivals.rows
        self._latest_rows: dict[str, int] = {}  # of each id
        self._horizon = int(UNDATED)
        self._confirmed = 0
        self._keeps_longest = settings.keep == "longest"
        self._span = settings.window_us, settings.lateness_us

    def __len__(self) -> int:
        return self._confirmed

    @property
    def clusters(self) -> int:
        """Clusters in memory."""
        return int(np.count_nonzero(self._rows["kinds"] == 0)) if len(self) else 0

    @property
    def latest(self) -> int:
        """The latest time of all stories of the log, UNDATED for none."""
        return self._arrivals.latest

    @property
    def candidates(self) -> int:
        """Pairs of a story and a leader judged so far."""
        return self._arrivals.candidates

    @property
    def left_out(self) -> int:
        """Times that a leader found the finest bucket of a band full, so that this band alone cannot find it."""
        return self._arrivals.left_out

    @property
    def nbytes(self) -> int:
        """Bytes of the hashes, facts and decisions; the tables of buckets and the ids come on top."""
        return self._rows.nbytes + self._arrivals.hashes.nbytes + self._arrivals.bounds.nbytes

    @property
    def horizon(self) -> int:
        """Microseconds since 1970: leaders before this have been forgotten by everybody; a boundary of slices."""
        latest = self.latest
        if latest == UNDATED:
            return int(UNDATED)
        window, lateness = self._span
        return (latest - window - lateness) // window * window

    def enter(self, names: Sequence[str], part: Hashed, earlier: Mapping[str, int], position: int) -> Entered:
        """Decide stories of distinct ids; `confirm` or `take_back` must follow.

        Args:
            names: their ids.
            part: 1 to `MOST_ENTERED` stories; undated ones get the time of the one before.
            earlier: the log's last position of those ids that were in memory, and are not any more; cf. `strangers`.
            position: of the first one in the log.
        """
        first, tail, latest = self._confirmed, self._rows.tail, self._latest_rows
        former, before = np.full(len(names), _NOBODY, dtype=np.int32), np.zeros(len(names), dtype=np.int64)
        if not latest.keys().isdisjoint(names):
            former[:] = [latest.get(name, _NOBODY) for name in names]
        if earlier:
            before[:] = [earlier.get(name, 0) for name in names]
        outcome = self._arrivals.enter(part, former, before, position)
        self.names.extend(names)
        decided = Decided(outcome.leaders, tail("scores", first), tail("kinds", first), tail("earlier", first))
        return Entered(decided, tail("times", first), outcome.forgotten, tail("leaders", first), outcome.evidence)

    def strangers(self, names: Sequence[str]) -> list[str]:
        """Those ids that no story in memory has, though one that was forgotten may have had them."""
        return [name for name in names if name not in self._latest_rows] if self.dropped else []

    def count_late(self, times: NDArray[np.int64], latest: int) -> int:
        """How many stories of these times see nothing as old as themselves, `latest` being that of all before them."""
        if len(times) == 1:  # without the arrays, which take longer than all else that is counted
            return int(latest > UNDATED and int(times[0]) < latest - sum(self._span))
        return int(np.count_nonzero(times < horizons(times, latest, self.settings)))

    def reserve(self, stories: int) -> None:
        """Make room for so many stories to come."""
        self._arrivals.reserve(stories)

    def confirm(self) -> list[int]:
        """The stories entered last are in the log: the row that each one's cluster showed when it had come."""
        return self._settle()

    def take_back(self) -> None:
        """Forget the stories entered last, as if they had not been."""
        self._arrivals.take_back()
        del self.names[self._confirmed :]

    def remember(self, names: list[str], part: Hashed, positions: NDArray[np.int64], decided: Decided) -> None:
        """Add stories of the log, at least one, that others decided.

        Those whose leader is gone are passed over: their cluster is past everybody's sight.
        """
        self._arrivals.see(part.facts.times)
        leaders = self._rows_at(decided.leaders, positions)
        found = leaders >= 0
        if not found.all():
            self.dropped += int(np.count_nonzero(~found))
            names = [name for name, there in zip(names, found.tolist(), strict=True) if there]
            if not names:
                return
            part, positions = select_rows(part, found), positions[found]
            decided = decided.select(found)
            leaders = self._rows_at(decided.leaders, positions)
        self._extend(names, part, positions, decided, leaders)
        self._settle()

    def foresee(self, times: NDArray[np.int64]) -> None:
        """Take note of the times of stories that are yet to be remembered, int64[n], so that the horizon is theirs."""
        self._arrivals.see(times)

    def make_findable(self) -> None:
        """Enter the stories that others decided into the tables; whatever asks for one does so first."""
        self._arrivals.make_findable()

    def find(self, name: str, content: NDArray[np.uint64]) -> int:
        """The row of a story of this id and normalised content (uint64[2]); negative for none."""
        row = self._latest_rows.get(name, _NOBODY)
        if row >= 0:
            contents, former = self._rows["content"], self._rows["former"]
            while row >= 0 and (contents[row] != content).any():
                row = int(former[row])
        return row

    def find_all(self, names: Sequence[str], contents: NDArray[np.uint64]) -> list[int]:
        """`find` for n stories, contents uint64[n, 2]."""
        latest = self._latest_rows
        if latest.keys().isdisjoint(names):
            return [_NOBODY] * len(names)
        return [self.find(name, contents[k]) if name in latest else _NOBODY for k, name in enumerate(names)]

    def may_have_forgotten(self, times: NDArray[np.int64]) -> NDArray[np.bool_]:
        """bool[n]: whether a story of this time (UNDATED for any, which is before all) can have been here and gone."""
        return np.asarray(times < self.horizon + self.settings.window_us)

    def leader(self, row: int) -> int:
        """The row of a story's leader."""
        return int(self._rows["leaders"][row])

    def leaders(self, first: int = 0) -> NDArray[np.int64]:
        """int64[m], the rows from `first` on that are leaders, ascending."""
        rows = np.arange(first, self._confirmed)
        return rows if not len(rows) else rows[self._rows["leaders"][first : self._confirmed] == rows]

    def latest_row(self, name: str) -> int:
        """The row of the last story of this id; negative for none."""
        return self._latest_rows.get(name, _NOBODY)

    def shown(self, row: int) -> int:
        """The row that the cluster of a story shows, the story included if it is the only one entered last."""
        leader = self.leader(row)
        if leader == row >= self._confirmed:
            return row
        best = int(self._rows["canonicals"][leader])
        return row if self._is_preferred(row, best) else best

    def shown_at(self, positions: Sequence[int]) -> list[str | None]:
        """The ids that the clusters of stories show, by the stories' positions in the log; None for forgotten ones."""
        wanted = np.array(positions, dtype=np.int64)
        rows = _places(self._rows["positions"], wanted).tolist() if len(self) else [_NOBODY] * len(positions)
        return [self.names[self.shown(row)] if row >= 0 else None for row in rows]

    def cluster_name(self, leader: int) -> str:
        """What the cluster of a leader is called; cf. `cluster_name`."""
        repeated = bool(self._rows["earlier"][leader])
        return cluster_name(self.names[leader], int(self._rows["positions"][leader]), repeated=repeated)

    def cluster_names(self, leaders: NDArray[np.int32]) -> list[str]:
        """The same of some leaders."""
        names, rows = self.names, self._rows
        if len(leaders) == 1:
            return [self.cluster_name(int(leaders[0]))]
        repeated, positions = rows["earlier"][leaders].tolist(), rows["positions"][leaders].tolist()
        return [
            cluster_name(names[leader], position, repeated=bool(again))
            for leader, position, again in zip(leaders.tolist(), positions, repeated, strict=True)
        ]

    def memberships(
        self, rows: NDArray[np.int64]
    ) -> tuple[NDArray[np.int32], NDArray[np.float32], NDArray[np.uint8], NDArray[np.int64]]:
        """Leader's row, score, kind and position of some stories."""
        columns = self._rows
        return columns["leaders"][rows], columns["scores"][rows], columns["kinds"][rows], columns["positions"][rows]

    def evidence(self, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """float32[n, f]: what stories and their leaders have in common, by the names of `dedup.evidence.EVIDENCE`."""
        out = np.empty((len(rows), FEATURES), dtype=np.float32)
        measure_pairs(self.facts(), rows, self._rows["leaders"][rows].astype(np.int64), out)
        return out

    def drop(self) -> int:
        """Forget clusters that nobody sees any more, if there are enough of them; how many stories.

        What that costs is shared by the stories that came since the last time: a few microseconds each.
        """
        horizon = self.horizon
        if horizon == self._horizon or not len(self):
            return 0
        self._horizon = horizon
        leader_times = self._rows["times"][self._rows["leaders"]]
        keep = (leader_times >= horizon) | (leader_times == UNDATED)
        gone = len(self) - int(np.count_nonzero(keep))
        if gone < _DROPPED_SHARE * len(self):
            return 0
        self._keep(keep)
        self.dropped += gone
        return gone

    def _keep(self, keep: NDArray[np.bool_]) -> None:
        """Build everything anew from some rows."""
        self.renumbered += 1
        self._arrivals.keep(keep)
        self.names = [name for name, kept in zip(self.names, keep.tolist(), strict=True) if kept]
        self._latest_rows = {}
        self._rows["former"][:] = _NOBODY  # rows have other numbers now, and some are gone
        self._confirmed = len(self.names)
        self._link(0)

    def _extend(
        self,
        names: Sequence[str],
        part: Hashed,
        positions: NDArray[np.int64],
        decided: Decided,
        leaders: NDArray[np.int64],
    ) -> None:
        count, facts, arrivals = len(names), part.facts, self._arrivals
        rows = {
            **story_columns(facts),
            "keys": part.keys.T,
            "preference": part.preference,
            "positions": positions,
            "leaders": leaders,
            "canonicals": np.arange(self._confirmed, self._confirmed + count),
            "former": np.full(count, _NOBODY),
            "earlier": decided.former,
            "scores": decided.scores,
            "kinds": decided.kinds,
        }
        self._rows.extend(rows, count)
        arrivals.bounds.extend({"bounds": facts.bounds[1:] + arrivals.hashes.count}, count)
        arrivals.hashes.extend({"hashes": facts.hashes}, facts.hashes.shape[0])
        self.names.extend(names)

    def _settle(self) -> list[int]:
        """Take what was added as it is; the row that each one's cluster showed when it had come."""
        first, self._confirmed = self._confirmed, self._rows.count
        self._link(first)
        if self._confirmed == first + 1 and self.leader(first) == first:
            return [first]
        shown: list[int] = self._arrivals.show(first).tolist()
        return shown

    def _rows_at(self, wanted: NDArray[np.int64], positions: NDArray[np.int64]) -> NDArray[np.int64]:
        """int64[n]: the rows of positions of the log, some of stories that are about to be added; negative for none."""
        added = _places(positions, wanted)
        there = _places(self._rows["positions"], wanted) if len(self) else np.full_like(added, _NOBODY)
        return np.where(added >= 0, added + len(self), there)

    def _link(self, first: int) -> None:
        """Enter the ids of the rows from `first` on; each row knows the one before of its id."""
        former, latest = self._rows["former"], self._latest_rows
        names = self.names[first:] if first else self.names
        if len(names) > 1 and len(set(names)) == len(names) and latest.keys().isdisjoint(names):
            latest.update(zip(names, range(first, len(self.names)), strict=True))
            return
        for row, name in enumerate(names, first):
            before = latest.get(name, _NOBODY)
            if before != _NOBODY:
                former[row] = before
            latest[name] = row

    def _is_preferred(self, row: int, shown: int) -> bool:
        """Whether a later story is shown rather than an earlier one; cf. `dedup.clusters.choose_canonicals`."""
        if self._keeps_longest:
            lengths = self._rows["meta"][:, META_TOKENS]
            return bool(lengths[row] > lengths[shown])
        preference, times = self._rows["preference"], self._rows["times"]
        return bool((preference[row], times[row]) < (preference[shown], times[shown]))

    def facts(self) -> Facts:
        """What is kept of each row; views, good until the window changes."""
        return self._arrivals.facts()


def cluster_name(name: str, position: int, *, repeated: bool) -> str:
    """What a cluster is called, by its leader's id, position in the log, and whether the id was there already.

    No two are called the same: without a position are ids that come once and end in none.

    >>> cluster_name("a", 7, repeated=True), cluster_name("a#7", 9, repeated=False)
    ('a#7', 'a#7#9')
    """
    return f"{name}#{position}" if repeated or ends_in_number(name) else name


def _places(ascending: NDArray[np.int64], wanted: NDArray[np.int64]) -> NDArray[np.int64]:
    """Where each value is among ascending ones, at least one; negative for those that are not there."""
    at = np.minimum(np.searchsorted(ascending, wanted), len(ascending) - 1)
    return np.where(ascending[at] == wanted, at, _NOBODY)
