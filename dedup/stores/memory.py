"""A log in the memory of this process: for tests, and for an index that need not outlive it."""

from __future__ import annotations

import bisect
import os
import threading
from array import array
from collections.abc import Sequence
from typing import ClassVar, TypeVar

from dedup.errors import StoreError
from dedup.stores.protocol import Row, Rows, Store

Value = TypeVar("Value")


_lock = threading.RLock()
"""Held by whoever looks at a log or changes it, and by each fork: so a child has whole logs and a lock it can take."""


if hasattr(os, "register_at_fork"):  # not on Windows, which does not fork either
    os.register_at_fork(before=_lock.acquire, after_in_parent=_lock.release, after_in_child=_lock.release)


class _Log:
    def __init__(self) -> None:
        self.header: bytes | None = None
        self.last = 0
        # The rows as columns, through which the collector of garbage need not go again and again.
        self.positions: list[int] = []  # ascending
        self.names: list[str] = []
        self.times: list[int] = []
        self.pieces: list[bytes | bytearray] = []  # the records, of as many rows each as were appended at once
        self.firsts: list[int] = []  # the place of the first row of each piece
        self.ends = array("Q")  # where each row's record ends in its piece
        self.stories: list[bytes | None] = []
        self.latest: dict[str, int] = {}  # position by id
        self.notes: list[bytes] = []

    def add(self, rows: Rows) -> None:
        """Add rows at the end, at least one."""
        positions = range(self.last + 1, self.last + 1 + len(rows.ids))
        self.pieces.append(rows.data)
        self.firsts.append(len(self.names))
        self.ends.extend(rows.bounds[1:])
        self.positions.extend(positions)
        self.names.extend(rows.ids)
        self.times.extend(rows.times)
        self.stories.extend(rows.stories or [None] * len(rows.ids))
        self.latest.update(zip(rows.ids, positions, strict=True))
        self.last += len(rows.ids)

    def record(self, place: int) -> bytes:
        piece = bisect.bisect_right(self.firsts, place) - 1
        begin = self.ends[place - 1] if place > self.firsts[piece] else 0
        return bytes(self.pieces[piece][begin : self.ends[place]])

    def row(self, place: int, *, story: bool) -> Row:
        return Row(self.names[place], self.times[place], self.record(place), self.stories[place] if story else None)

    def keep(self, places: Sequence[int]) -> None:
        """Let all rows go but some, and their records out of the pieces."""
        records = [self.record(place) for place in places]
        self.positions, self.times = _chosen(self.positions, places), _chosen(self.times, places)
        self.names, self.stories = _chosen(self.names, places), _chosen(self.stories, places)
        self.pieces, self.firsts, self.ends = list(records), list(range(len(records))), array("Q", map(len, records))
        self.latest = dict(zip(self.names, self.positions, strict=True))


def _chosen(column: list[Value], places: Sequence[int]) -> list[Value]:
    return [column[place] for place in places]


class MemoryStore(Store):
    """The log of a name, shared by all who open that name in this process; an empty name is shared with nobody.

    A named log lives as long as the process. A forked child goes on with a copy of its own.
    """

    _named: ClassVar[dict[str, _Log]] = {}

    def __init__(self, name: str = "") -> None:
        self._log = self._named.setdefault(name, _Log()) if name else _Log()
        self._label = f"memory://{name}"
        self._closed = False

    def __repr__(self) -> str:
        return f"<MemoryStore {self._label}>"

    def header(self) -> bytes | None:
        """See `Store`."""
        return self._open().header

    def create(self, header: bytes) -> bytes:
        """See `Store`."""
        log = self._open()
        with _lock:
            if log.header is None:
                log.header = header
            return log.header

    def last(self) -> int:
        """See `Store`."""
        return self._open().last

    def floor(self) -> int:
        """See `Store`."""
        log = self._open()
        with _lock:
            return log.positions[0] if log.positions else log.last + 1

    def append(self, expected: int, rows: Rows) -> bool:
        """See `Store`."""
        log = self._open()
        with _lock:
            if log.header is None:
                raise StoreError(f"{self._label} has no header yet; create it first")
            if log.last < expected:
                raise StoreError(f"{self._label} ends at {log.last}, before {expected}")
            if log.last > expected:
                return False
            if rows.ids:
                log.add(rows)
            return True

    def read(self, after: int, limit: int, *, stories: bool = False) -> list[tuple[int, Row]]:
        """See `Store`."""
        log = self._open()
        with _lock:
            start = bisect.bisect_right(log.positions, after)
            places = range(start, min(start + limit, len(log.positions)))
            return [(log.positions[place], log.row(place, story=stories)) for place in places]

    def get(self, name: str) -> Row | None:
        """See `Store`."""
        log = self._open()
        with _lock:
            position = log.latest.get(name)
            return None if position is None else log.row(bisect.bisect_left(log.positions, position), story=False)

    def positions(self, names: Sequence[str]) -> dict[str, int]:
        """See `Store`."""
        log = self._open()
        with _lock:
            return {name: log.latest[name] for name in names if name in log.latest}

    def stories(self, names: Sequence[str]) -> dict[str, bytes]:
        """See `Store`."""
        log = self._open()
        with _lock:
            positions = {name: log.latest[name] for name in names if name in log.latest}
            found = {name: log.stories[bisect.bisect_left(log.positions, at)] for name, at in positions.items()}
        return {name: story for name, story in found.items() if story is not None}

    def expire(self, before_us: int) -> int:
        """See `Store`."""
        log = self._open()
        with _lock:
            kept = [place for place, time in enumerate(log.times) if time >= before_us]
            dropped = len(log.times) - len(kept)
            log.keep(kept)
            return dropped

    def add_note(self, note: bytes) -> int:
        """See `Store`."""
        log = self._open()
        with _lock:
            log.notes.append(note)
            return len(log.notes)

    def notes(self, after: int, limit: int) -> list[tuple[int, bytes]]:
        """See `Store`."""
        log = self._open()
        with _lock:
            return list(enumerate(log.notes[after : after + limit], after + 1))

    def close(self) -> None:
        """See `Store`."""
        self._closed = True

    def _open(self) -> _Log:
        if self._closed:
            raise StoreError(f"{self._label} is closed; open it again")
        return self._log
