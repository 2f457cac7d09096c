"""A log in the memory of this process: for tests, and for an index that need not outlive it."""

from __future__ import annotations

import bisect
import threading
from collections.abc import Sequence
from typing import ClassVar

from dedup.errors import StoreError
from dedup.stores.protocol import Row, Store


class _Log:
    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.header: bytes | None = None
        self.last = 0
        self.positions: list[int] = []  # ascending
        self.rows: list[Row] = []  # beside them
        self.latest: dict[str, Row] = {}  # by id
        self.notes: list[bytes] = []


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
        with log.lock:
            if log.header is None:
                log.header = header
            return log.header

    def last(self) -> int:
        """See `Store`."""
        return self._open().last

    def floor(self) -> int:
        """See `Store`."""
        log = self._open()
        with log.lock:
            return log.positions[0] if log.positions else log.last + 1

    def append(self, expected: int, rows: Sequence[Row]) -> bool:
        """See `Store`."""
        log = self._open()
        with log.lock:
            if log.header is None:
                raise StoreError(f"{self._label} has no header yet; create it first")
            if log.last < expected:
                raise StoreError(f"{self._label} ends at {log.last}, before {expected}")
            if log.last > expected:
                return False
            log.positions.extend(range(expected + 1, expected + 1 + len(rows)))
            log.rows.extend(rows)
            log.latest.update((row.id, row) for row in rows)
            log.last += len(rows)
            return True

    def read(self, after: int, limit: int, *, stories: bool = False) -> list[tuple[int, Row]]:
        """See `Store`."""
        log = self._open()
        with log.lock:
            start = bisect.bisect_right(log.positions, after)
            found = list(zip(log.positions[start : start + limit], log.rows[start : start + limit], strict=True))
        return found if stories else [(position, row._replace(story=None)) for position, row in found]

    def get(self, name: str) -> Row | None:
        """See `Store`."""
        row = self._open().latest.get(name)
        return None if row is None else row._replace(story=None)

    def stories(self, names: Sequence[str]) -> dict[str, bytes]:
        """See `Store`."""
        latest = self._open().latest
        rows = {name: latest.get(name) for name in names}
        return {name: row.story for name, row in rows.items() if row is not None and row.story is not None}

    def expire(self, before_us: int) -> int:
        """See `Store`."""
        log = self._open()
        with log.lock:
            kept = [k for k, row in enumerate(log.rows) if row.published_us >= before_us]
            dropped = len(log.rows) - len(kept)
            log.positions, log.rows = [log.positions[k] for k in kept], [log.rows[k] for k in kept]
            log.latest = {row.id: row for row in log.rows}
            return dropped

    def add_note(self, note: bytes) -> int:
        """See `Store`."""
        log = self._open()
        with log.lock:
            log.notes.append(note)
            return len(log.notes)

    def notes(self, after: int, limit: int) -> list[tuple[int, bytes]]:
        """See `Store`."""
        log = self._open()
        with log.lock:
            return list(enumerate(log.notes[after : after + limit], after + 1))

    def close(self) -> None:
        """See `Store`."""
        self._closed = True

    def _open(self) -> _Log:
        if self._closed:
            raise StoreError(f"{self._label} is closed; open it again")
        return self._log
