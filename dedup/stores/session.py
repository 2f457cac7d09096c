"""One connection a process, one thread at a time, opened again when it is lost."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Callable
from typing import Generic, Protocol, TypeVar

from dedup.children import enter_children
from dedup.errors import DedupError, StoreError


class _Closable(Protocol):
    def close(self) -> object: ...


C = TypeVar("C", bound=_Closable)
T = TypeVar("T")

_FIRST_PAUSE, _LONGEST_PAUSE = 0.02, 1.0  # seconds between two tries, doubling


class Session(Generic[C]):
    """Runs operations on a connection, again after a pause where it was lost, so operations must bear repetition.

    A forked child never uses or closes what it inherited, for the other end could not tell the two apart: it opens a
    connection of its own, under a lock of its own, since another thread may have held the parent's when it forked.

    A connection on which an operation was cut short, by Ctrl-C or by whatever a signal raises, is not used again: the
    answer may still come, and the next operation would take it for its own.
    """

    def __init__(
        self,
        label: str,
        retry: float,
        *,
        connect: Callable[[], C],
        error: tuple[type[Exception], ...],
        lost: Callable[[Exception], bool],
    ) -> None:
        """Take note; the first `run` connects.

        Args:
            label: the store's name in messages.
            retry: seconds to keep trying.
            connect: opens a connection that is ready for use.
            error: what the driver raises.
            lost: whether trying again on a new connection may help against such an error.
        """
        self._label, self._retry = label, retry
        self._connect, self._error, self._lost = connect, error, lost
        self._pid, self._lock = os.getpid(), threading.RLock()
        self._connection: C | None = None
        self._inherited: list[C | None] = []  # referenced for good, lest the garbage collector closes them
        self._whole = True  # no operation was cut short on the connection
        self._closed = False
        enter_children(self)

    def run(self, operation: Callable[[C], T]) -> T:
        """What the operation returns.

        Raises:
            StoreError: the driver's error, where trying again does not help or has not for `retry` seconds.
        """
        deadline = time.monotonic() + self._retry
        pause = _FIRST_PAUSE
        while True:
            try:
                return self._once(operation)
            except self._error as exc:
                if not self._lost(exc):
                    raise StoreError(f"{self._label}: {_line(exc)}") from exc
                if time.monotonic() + pause > deadline:
                    raise StoreError(
                        f"{self._label} has not answered for {self._retry:g} s ({_line(exc)}); "
                        "is it running and reachable? The option retry= sets how long to wait for it"
                    ) from exc
            time.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)

    def close(self) -> None:
        """Close this process's connection, for good."""
        self.enter_process()
        with self._lock:
            self._closed = True
            self._drop()

    def let_go(self) -> None:
        """Close the connection and hold off all others until `take_up`, by the same thread."""
        self.enter_process()
        self._lock.acquire()
        self._drop()

    def take_up(self) -> None:
        """Let others go on, who connect again."""
        self._lock.release()

    def enter_process(self) -> None:
        """Leave what a forked child inherited alone; the next `run` connects."""
        if self._pid != os.getpid():
            self._inherited.append(self._connection)
            self._connection = None
            self._lock, self._pid = threading.RLock(), os.getpid()

    def _once(self, operation: Callable[[C], T]) -> T:
        self.enter_process()
        with self._lock:
            if self._closed:
                raise StoreError(f"{self._label} is closed; open it again")
            if not self._whole:  # interrupted again, before it was dropped
                self._drop()
            self._whole = False
            try:
                if self._connection is None:
                    self._connection = self._connect()
                found = operation(self._connection)
                self._whole = True
            except self._error as exc:
                self._whole = not self._lost(exc)
                raise
            except DedupError:  # raised on purpose, of what was answered in full
                self._whole = True
                raise
            finally:
                if not self._whole:
                    self._drop()
            return found

    def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with contextlib.suppress(*self._error):  # it was lost
                connection.close()


def _line(exc: Exception) -> str:
    """A driver's message on one line."""
    return " ".join(str(exc).split()) or type(exc).__name__
