"""Ctrl-C that is not lost where Python drops what is raised."""

from __future__ import annotations

import _thread
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_AGAIN = 0.05  # seconds until a lost one is tried again


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
