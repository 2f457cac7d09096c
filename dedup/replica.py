"""What a worker holds of an index: the window of the log in memory, kept up with the store, and added to through it."""

from __future__ import annotations

import logging
import os
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from dedup.answers import recall, tell, tell_entered
from dedup.children import enter_children
from dedup.decision import Decision
from dedup.errors import StoreError
from dedup.hashing import Hashed
from dedup.records import Drafts, Layout
from dedup.settings import Settings
from dedup.stores import Records, Rows, Store
from dedup.verdict import judgement
from dedup.window import Entered, Window

_READ_AT_ONCE = 20_000  # rows of the log
_MOST_RESERVED = 2_000_000  # stories that room is made for before they are read: some may be past the window
_log = logging.getLogger("dedup.index")


class Replica:
    """The window of a log in the memory of this process; all but `turn` is for who has the turn.

    Attributes:
        store: where the log is.
        label: what messages call it.
        window: its stories that can still have duplicates.
        position: in the log, up to which it is in memory.
        counts: of what was done, by the names of `dedup.counts.Stats`.
    """

    def __init__(self, store: Store, settings: Settings, label: str) -> None:
        """Of a store that is open; nothing is read yet."""
        self.store, self.label = store, label
        self.counts: Counter[str] = Counter()
        self.layout = Layout.of(settings)
        self._settings, self._judgement = settings, judgement(settings)
        self._lock = threading.RLock()
        self._pid = os.getpid()
        self._alone = True  # the last append was the first to be tried
        self._begin()
        enter_children(self)

    def _begin(self) -> None:
        self.window = Window(self._settings, self._judgement)
        self.position = 0
        self._sound = True  # no thread was stopped in the middle of changing the window

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Hold the window for one thread; in a forked child with a lock of its own."""
        self.enter_process()
        with self._lock:
            if not self._sound:
                self._begin()
                self.catch_up()
            yield

    def enter_process(self) -> None:
        """Have a lock of its own in a forked child: another thread may have held the parent's when it forked."""
        if self._pid != os.getpid():
            self._lock, self._pid = threading.RLock(), os.getpid()

    @contextmanager
    def supposing(self, names: list[str], part: Hashed) -> Iterator[Entered]:
        """What would be decided on stories; they are in the window as long as this lasts."""
        earlier = self._earlier(names)
        self._sound = False
        entered = self.window.enter(names, part, earlier, 0)
        yield entered
        self.window.take_back()
        self._sound = True

    def known(self, names: list[str], part: Hashed) -> dict[int, Decision]:
        """The decisions on those stories that are there already, with the same words under the same id."""
        window, contents = self.window, part.facts.content
        rows = window.find_all(names, contents)
        there = [k for k, row in enumerate(rows) if row >= 0]
        known: dict[int, Decision] = {}
        if there:
            found = [rows[k] for k in there]
            known = dict(zip(there, tell(window, found, list(map(window.shown, found)), redelivered=True), strict=True))
        if not window.dropped:
            return known
        for k in np.flatnonzero(window.may_have_forgotten(part.facts.times)).tolist():
            if rows[k] < 0:
                decision = recall(self.store, self.layout, names[k], contents[k])
                if decision is not None:
                    known[k] = decision
        return known

    def append(self, names: list[str], part: Hashed, drafts: Drafts, told: list[bytes] | None) -> list[Decision] | None:
        """Decide and append; None if others were faster, who have been heard then."""
        first, position, earlier = len(self.window), self.position + 1, self._earlier(names)
        latest = self.window.latest
        self._sound = False
        entered = self.window.enter(names, part, earlier, position)
        self.layout.complete(drafts, entered.times, entered.decided)
        rows = Rows(names, entered.forgotten_at.tolist(), *drafts, told)
        try:
            written = self.store.append(self.position, rows)
        except StoreError:
            self.window.take_back()
            self._sound = True
            raise
        if not written:
            self.window.take_back()
            self._sound = True
            self.counts["conflicts"] += 1
            self._alone = False
            self.catch_up(beyond=True)
            return None
        self.position += len(names)
        self.counts["late"] += self.window.count_late(entered.times, latest)
        shown = self.window.confirm()
        self._sound = True
        added = tell_entered(self.window, first, position, entered, shown)
        self.counts.update([decision.verdict for decision in added])
        self._drop()
        return added

    def _earlier(self, names: list[str]) -> dict[str, int]:
        """Where the log last has ids that memory has not any more, so that they are known to have been there."""
        strangers = self.window.strangers(names)
        return self.store.positions(strangers) if strangers else {}

    def hear_others(self) -> None:
        """Read what others appended, if they seem to be at it."""
        if not self._alone:
            self.catch_up()

    def catch_up(self, *, beyond: bool = False) -> None:
        """Read what was appended since.

        Args:
            beyond: something was, though it may have been dropped again.
        """
        start = self.position
        if start == 0:
            self._foresee()
        self._read_on()
        if beyond and self.position == start:
            last = self.store.last()  # before it is read once more, so that nothing appended meanwhile is passed over
            self._read_on()
            if self.position == start:
                self.position = last
        self._alone = self._alone or self.position == start
        self._drop()
        self.window.make_findable()

    def _read_on(self) -> None:
        """Read to the log's end, as it is then."""
        reading = True
        while reading:
            found = self.store.records(self.position, _READ_AT_ONCE, self.window.horizon)
            if found.positions:
                self._remember(found)
            reading = len(found.positions) == _READ_AT_ONCE

    def _foresee(self) -> None:
        """Learn from the log's last row how far back anybody sees, so that what is past that is not read."""
        last = self.store.last()
        found = self.store.read(last - 1, 1) if last else []
        if found:
            part, _ = self.layout.unpack([found[0][1].id], [found[0][1].record])
            self.window.foresee(part.facts.times)
            self.window.reserve(min(last + 1 - self.store.floor(), _MOST_RESERVED))

    def _remember(self, found: Records) -> None:
        part, decided = self.layout.unpack(found.names, found.records)
        last = found.positions[-1]
        passed_over = last - self.position - len(found.positions)
        self._sound = False
        self.window.remember(found.names, part, np.array(found.positions, dtype=np.int64), decided)
        self.window.dropped += passed_over
        self.position = last
        self._sound = True
        self.counts["others"] += len(found.positions)

    def _drop(self) -> None:
        dropped = self.window.drop()
        if dropped:
            _log.info("dropped", extra={"store": self.label, "stories": dropped})
