"""Signals that ask for an end, Ctrl-C among them: each a KeyboardInterrupt, and none lost where Python drops it."""

from __future__ import annotations

import _thread
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_AGAIN = 0.05  # seconds until a lost one is tried again
_ECHO = 1.0  # seconds in which more of them say nothing new: `timeout` sends its own twice


class _Stops:
    """SIGTERM and SIGHUP as Ctrl-C: what is half done, and a pipe's copy on the disk, is cleared away."""

    def __init__(self) -> None:
        self.number = int(signal.SIGINT)
        self._last = -_ECHO

    def stop(self, number: int, _: FrameType | None) -> None:
        if time.monotonic() - self._last > _ECHO:
            self.number, self._last = number, time.monotonic()
            raise KeyboardInterrupt


_stops = _Stops()


def heed_stops() -> None:
    """Raise a KeyboardInterrupt at SIGTERM and SIGHUP too, but where they are ignored, as under `nohup`."""
    for name in ("SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)  # Windows has no SIGHUP
        if number is not None and signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, _stops.stop)


def stopped_code() -> int:
    """The exit code of a process that a KeyboardInterrupt ended: 128 and the number of the signal, by convention."""
    return 128 + _stops.number


@contextmanager
def insist_on_interrupts() -> Iterator[None]:
    """Raise a KeyboardInterrupt again, shortly after, where it was dropped.

    LLVM calls back into Python while it compiles: what is raised in such a callback, as in a finaliser, Python can
    only report, and goes on. For the main thread, and for a while in which nobody else sets `sys.unraisablehook`.
    """
    report = sys.unraisablehook

    def try_again(dropped: sys.UnraisableHookArgs) -> None:
        if not issubclass(dropped.exc_type, KeyboardInterrupt):
            report(dropped)
            return
        timer = threading.Timer(_AGAIN, _thread.interrupt_main)
        timer.daemon = True
        timer.start()

    sys.unraisablehook = try_again
    try:
        yield
    finally:
        sys.unraisablehook = report
