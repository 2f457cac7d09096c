"""No SQLite file is open in a process while it forks.

SQLite keeps its locks in the memory of the process, by file. A child inherits that memory but none of the locks, so a
connection that it opens takes those of its parent for its own: two may write at once, the log is removed under it when
the parent closes, and a lock that another thread held as the process forked is never let go.
Cf. https://www.sqlite.org/howtocorrupt.html, "Carrying an open database connection across a fork()".
"""

from __future__ import annotations

import os
import threading
import weakref
from typing import Any

from dedup.stores.session import Session

alone = threading.Lock()
"""Held by each checkpoint, and by each fork."""

_sessions: weakref.WeakSet[Session[Any]] = weakref.WeakSet()
_held: list[Session[Any]] = []


def close_at_forks(session: Session[Any]) -> None:
    """Have a session's connection closed whenever this process forks; parent and child each open one when they ask."""
    _sessions.add(session)


def _before() -> None:
    alone.acquire()
    for session in list(_sessions):
        session.let_go()
        _held.append(session)


def _in_parent() -> None:
    while _held:
        _held.pop().take_up()
    alone.release()


def _in_child() -> None:
    _held.clear()  # each makes itself a lock of its own
    alone.release()


if hasattr(os, "register_at_fork"):  # not on Windows, which does not fork either
    os.register_at_fork(before=_before, after_in_parent=_in_parent, after_in_child=_in_child)
