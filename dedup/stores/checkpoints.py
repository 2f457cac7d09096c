"""Checkpoints of a SQLite file in a thread of their own, so that no append waits for the disk.

With write-ahead logging and synchronous=normal a commit only writes to the log's file, which the operating system has
then: that survives the end of any process. What waits for the disk is the checkpoint, which syncs the log, copies its
pages into the database and syncs that; SQLite runs it inside whichever commit finds the log long enough. Here another
connection does, in passive mode, which holds up nobody; cf. https://www.sqlite.org/wal.html, "Checkpointing".
"""

from __future__ import annotations

import logging
import os
import sqlite3
import threading
from collections.abc import Callable

from dedup.errors import StoreError
from dedup.stores.forks import alone, close_at_forks
from dedup.stores.session import Session

LONGEST_LOG = 24_576  # pages of 4 KB, 96 MB: then the log is begun anew, for which appends must wait a moment
_ENOUGH = 8 << 20  # bytes written that are worth a checkpoint, which syncs two files
_PATIENCE = 250  # milliseconds that a log is waited for to be free of writers and readers, so that it begins anew
_log = logging.getLogger("dedup.stores")


class Checkpoints:
    """One thread a process that checkpoints once enough was appended; begun once there was enough.

    A passive checkpoint never catches up with those who go on appending, so the log would grow for good. When it has
    `LONGEST_LOG` pages, most of them copied, the rest is copied while appends wait, and the next begins it anew.
    """

    def __init__(self, label: str, connect: Callable[[], sqlite3.Connection]) -> None:
        """Take note.

        Args:
            label: the store's name in messages.
            connect: opens a connection whose `synchronous` is that of those who append.
        """
        self._session = Session(label, 0.0, connect=connect, error=(sqlite3.Error,), lost=lambda _: False)
        close_at_forks(self._session)
        self._label = label
        self._pid, self._due = os.getpid(), threading.Event()
        self._thread: threading.Thread | None = None
        self._written, self._closed = 0, False

    def wrote(self, size: int) -> None:
        """About so many bytes were written and committed; called by one thread at a time."""
        if self._pid != os.getpid():  # forked: threads stay behind
            self._pid, self._due, self._thread = os.getpid(), threading.Event(), None
        self._written += size
        if self._written < _ENOUGH or self._closed:
            return
        self._written = 0
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="dedup-checkpoints", daemon=True)
            self._thread.start()
        self._due.set()

    def close(self) -> None:
        """Let one that is under way end, and no other begin."""
        self._closed = True
        if self._thread is not None and self._pid == os.getpid():
            self._due.set()
            self._thread.join()
        self._session.close()

    def _work(self) -> None:
        while True:
            self._due.wait()
            self._due.clear()
            if self._closed:
                return
            try:
                with alone:
                    self._session.run(_checkpoint)
            except StoreError as exc:  # the next append would tell, if it is more than a moment's trouble
                _log.warning("no checkpoint: %s", exc, extra={"store": self._label})


def _checkpoint(connection: sqlite3.Connection) -> None:
    """Copy what can be copied without holding up anybody; all of it, once the log is long."""
    busy, pages, _ = connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
    if not busy and pages > LONGEST_LOG:  # if it cannot now, it will the next time
        connection.execute(f"PRAGMA busy_timeout = {_PATIENCE}")
        connection.execute("PRAGMA wal_checkpoint(RESTART)").fetchone()
