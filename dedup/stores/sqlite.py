"""The log in one SQLite file, shared by processes and threads of one machine.

An acknowledged append survives `kill -9` of any process that uses the file. With sync=normal, the usual one, a power
cut or a crash of the operating system can take back the appends of the last moments (those since the last checkpoint,
at most) but never leaves a part of one, nor a damaged file; sync=full waits for the disk at every append and survives
that too. The file must be on a local disk: write-ahead logging takes shared memory, which network file systems lack.
"""

from __future__ import annotations

import os
import secrets
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from pathlib import Path

from dedup.errors import IndexFormatError, SettingsError, StoreError
from dedup.stores.address import Address
from dedup.stores.checkpoints import LONGEST_LOG, Checkpoints
from dedup.stores.forks import close_at_forks
from dedup.stores.protocol import Records, Row, Rows, Store
from dedup.stores.session import Session

# Statements that lead from schema k to k + 1, the first from an empty file; what a release made is never changed.
MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        "CREATE TABLE log (identity INTEGER NOT NULL, last INTEGER NOT NULL, header BLOB NOT NULL)",  # one row
        "CREATE TABLE entries (position INTEGER PRIMARY KEY, id TEXT NOT NULL, published_us INTEGER NOT NULL,"
        " record BLOB NOT NULL)",
        "CREATE INDEX entries_id ON entries (id)",
        "CREATE INDEX entries_published_us ON entries (published_us)",
        # Apart, so that the log is read back without turning these pages over.
        "CREATE TABLE stories (position INTEGER PRIMARY KEY, story BLOB NOT NULL)",
    ),
    ("CREATE TABLE notes (number INTEGER PRIMARY KEY, note BLOB NOT NULL)",),
)
_APPLICATION_ID = 0x64647570  # "ddup": tells our files from other people's
_POLL = 0.003  # seconds SQLite waits for a lock by itself: left to it, it asks every 100 ms, and busy others starve it
_PAGE = 4096  # bytes: each row writes at least this in entries, and part of others in indices and stories
_EXPIRE_AT_ONCE = 5_000  # rows dropped in one transaction, so that appends of others wait milliseconds


class SQLiteStore(Store):
    """The log in one SQLite file; one connection a process, opened anew in a forked child, used under a lock."""

    def __init__(self, address: Address, *, create: bool = True) -> None:
        """Open the file, made if it is not there, and bring its schema up to date.

        Args:
            address: names the file.
            create: False to refuse one that is not there.

        Raises:
            SettingsError: the address names no file, or has an option that cannot work.
            IndexFormatError: not a file of this package, one of a later release, or none where there must be one.
            StoreError: it cannot be opened.
        """
        if not address.path or not address.label.startswith("sqlite:///"):
            raise SettingsError(
                f'{address.label} names no file: write three slashes before a relative path, "sqlite:///stories.db", '
                'and four before an absolute one, "sqlite:////var/lib/stories.db"'
            )
        if address.path == ":memory:":  # each connection would have a log of its own
            raise SettingsError(f'{address.label} names no file; an index in memory is "memory://"')
        self._label, path = address.label, Path(address.path)
        self._retry, self._sync = address.retry, address.choice("sync", "normal", "full")
        if not path.parent.is_dir():
            raise StoreError(f"{self._label}: there is no folder {path.parent}; make it first")
        self._path = path.absolute()  # the folder that a process works in may be another when it next connects
        if not create and not self._path.exists():
            raise IndexFormatError(f"{self._label} holds no index, for there is no such file")
        self._identity: int | None = None
        self._file: tuple[int, int] | None = None  # device and inode of what was opened
        self._session = Session(
            self._label,
            self._retry,
            connect=self._connect,
            error=(sqlite3.Error,),
            lost=_is_busy,
        )
        close_at_forks(self._session)
        self._checkpoints = Checkpoints(self._label, self._connect)
        self._session.run(lambda _: None)

    def __repr__(self) -> str:
        return f"<SQLiteStore {self._label}>"

    def header(self) -> bytes | None:
        """See `Store`."""
        return self._session.run(self._header)

    def create(self, header: bytes) -> bytes:
        """See `Store`."""

        def put(connection: sqlite3.Connection) -> bytes:
            with _transaction(connection, self._retry):
                connection.execute(
                    "INSERT INTO log SELECT ?, 0, ? WHERE NOT EXISTS (SELECT 1 FROM log)",
                    (secrets.randbits(63), header),
                )
            standing = self._header(connection)
            return header if standing is None else standing

        return self._session.run(put)

    def last(self) -> int:
        """See `Store`."""
        return self._number("SELECT last FROM log")

    def floor(self) -> int:
        """See `Store`."""
        return self._number("SELECT coalesce((SELECT min(position) FROM entries), last + 1) FROM log", empty=1)

    def append(self, expected: int, rows: Rows) -> bool:
        """See `Store`."""
        return self._session.run(lambda connection: self._append(connection, expected, rows))

    def read(self, after: int, limit: int, *, stories: bool = False) -> list[tuple[int, Row]]:
        """See `Store`."""
        story = "(SELECT story FROM stories WHERE position = e.position)" if stories else "NULL"
        query = (
            f"SELECT position, id, published_us, record, {story} FROM entries AS e"  # noqa: S608  # no outside text
            " WHERE position > ? ORDER BY position LIMIT ?"
        )
        found = self._session.run(lambda connection: connection.execute(query, (after, limit)).fetchall())
        return [(position, Row(*row)) for position, *row in found]

    def records(self, after: int, limit: int, since_us: int) -> Records:
        """See `Store`."""
        query = (  # "+", or the times' index is taken, and all that it names is sorted
            "SELECT position, id, record FROM entries WHERE position > ? AND +published_us >= ?"
            " ORDER BY position LIMIT ?"
        )

        def fetch(connection: sqlite3.Connection) -> Records:
            found = Records([], [], [])
            for row in connection.execute(query, (after, since_us, limit)):
                found.add(*row)
            return found

        return self._session.run(fetch)

    def get(self, name: str) -> Row | None:
        """See `Store`."""
        query = "SELECT id, published_us, record FROM entries WHERE id = ? ORDER BY position DESC LIMIT 1"
        found = self._session.run(lambda connection: connection.execute(query, (name,)).fetchone())
        return None if found is None else Row(*found)

    def positions(self, names: Sequence[str]) -> dict[str, int]:
        """See `Store`."""
        query = "SELECT max(position) FROM entries WHERE id = ?"

        def look_up(connection: sqlite3.Connection) -> dict[str, int]:
            found = {name: connection.execute(query, (name,)).fetchone()[0] for name in names}
            return {name: position for name, position in found.items() if position is not None}

        return self._session.run(look_up)

    def stories(self, names: Sequence[str]) -> dict[str, bytes]:
        """See `Store`."""
        query = "SELECT story FROM stories WHERE position = (SELECT max(position) FROM entries WHERE id = ?)"

        def look_up(connection: sqlite3.Connection) -> dict[str, bytes]:
            found = {name: connection.execute(query, (name,)).fetchone() for name in names}
            return {name: row[0] for name, row in found.items() if row is not None}

        return self._session.run(look_up)

    def expire(self, before_us: int) -> int:
        """See `Store`."""
        total = 0
        while dropped := self._session.run(lambda connection: self._expire(connection, before_us)):
            total += dropped
        return total

    def add_note(self, note: bytes) -> int:
        """See `Store`."""

        def put(connection: sqlite3.Connection) -> int:
            with _transaction(connection, self._retry):
                self._check_file()
                return connection.execute("INSERT INTO notes (note) VALUES (?)", (note,)).lastrowid or 0

        return self._session.run(put)

    def notes(self, after: int, limit: int) -> list[tuple[int, bytes]]:
        """See `Store`."""
        query = "SELECT number, note FROM notes WHERE number > ? ORDER BY number LIMIT ?"
        return self._session.run(lambda connection: connection.execute(query, (after, limit)).fetchall())

    def close(self) -> None:
        """See `Store`."""
        self._checkpoints.close()
        self._session.close()

    def _connect(self) -> sqlite3.Connection:
        if self._file is not None:
            self._check_file()
        connection = sqlite3.connect(self._path, timeout=self._retry, isolation_level=None, check_same_thread=False)
        try:
            self._migrate(connection)
            if self._file is None:
                self._file = self._find_file()
            if connection.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
                connection.execute("PRAGMA journal_mode = wal")
            connection.execute(f"PRAGMA synchronous = {self._sync}")
            connection.execute("PRAGMA journal_size_limit = 67108864")  # bytes the write-ahead log shrinks back to
            # Ours come earlier; this is for a process whose thread cannot work.
            connection.execute(f"PRAGMA wal_autocheckpoint = {2 * LONGEST_LOG}")
            connection.execute(f"PRAGMA busy_timeout = {round(1000 * _POLL)}")
        except BaseException:
            connection.close()
            raise
        return connection

    def _find_file(self) -> tuple[int, int] | None:
        """Device and inode of the file that has the path now, None if there is none."""
        try:
            found = os.stat(self._path)  # noqa: PTH116  # Path's takes longer, at every append
        except OSError:
            return None
        return found.st_dev, found.st_ino

    def _check_file(self) -> None:
        """See to it that what is open still has the path: what is written to a file without a name is lost."""
        if self._find_file() != self._file:
            raise StoreError(f"{self._label} is not the log it was: its file was removed or replaced; open it again")

    def _migrate(self, connection: sqlite3.Connection) -> None:
        try:
            found = connection.execute("PRAGMA user_version").fetchone()[0]
        except sqlite3.DatabaseError as exc:
            if _code(exc) != sqlite3.SQLITE_NOTADB:
                raise
            raise IndexFormatError(
                f"{self._label} is a file of another kind; give the store a file of its own"
            ) from exc
        if found == len(MIGRATIONS) and self._is_ours(connection):
            return
        with _transaction(connection, self._retry):  # others may be opening it too: look again, now that they wait
            found = connection.execute("PRAGMA user_version").fetchone()[0]
            empty = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0] == 0
            if not empty and not self._is_ours(connection):
                raise IndexFormatError(
                    f"{self._label} is a database of something else; give the store a file of its own"
                )
            if found > len(MIGRATIONS):
                raise IndexFormatError(
                    f"{self._label} has schema {found}, this release reads up to {len(MIGRATIONS)}; "
                    "upgrade dedup-stories, or rebuild into a new store"
                )
            for statements in MIGRATIONS[found:]:
                for statement in statements:
                    connection.execute(statement)
            connection.execute(f"PRAGMA application_id = {_APPLICATION_ID}")
            connection.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")

    @staticmethod
    def _is_ours(connection: sqlite3.Connection) -> bool:
        return bool(connection.execute("PRAGMA application_id").fetchone()[0] == _APPLICATION_ID)

    def _header(self, connection: sqlite3.Connection) -> bytes | None:
        row = connection.execute("SELECT identity, header FROM log").fetchone()
        if row is None:
            return None
        if self._identity is None:
            self._identity = row[0]
        return bytes(row[1])

    def _append(self, connection: sqlite3.Connection, expected: int, rows: Rows) -> bool:
        if self._identity is None and self._header(connection) is None:
            raise StoreError(f"{self._label} has no header yet; create it first")
        with _transaction(connection, self._retry):
            moved = connection.execute(
                "UPDATE log SET last = last + ? WHERE last = ? AND identity = ?",
                (len(rows.ids), expected, self._identity),
            ).rowcount
            if moved:
                self._check_file()
                connection.executemany(
                    "INSERT INTO entries VALUES (?, ?, ?, ?)",
                    zip(count(expected + 1), rows.ids, rows.times, rows.records(), strict=False),
                )
                told = enumerate(rows.stories or (), expected + 1)
                connection.executemany(
                    "INSERT INTO stories VALUES (?, ?)", ((k, story) for k, story in told if story is not None)
                )
            else:
                state = connection.execute("SELECT identity, last FROM log").fetchone()
        if moved:
            self._checkpoints.wrote(_size(rows))
            return True
        if state is None or state[0] != self._identity or state[1] < expected:
            raise StoreError(
                f"{self._label} is not the log it was: it was emptied or replaced, where this process had read up to "
                f"{expected}; open it again"
            )
        return False

    def _expire(self, connection: sqlite3.Connection, before_us: int) -> int:
        with _transaction(connection, self._retry):
            old = connection.execute(
                "SELECT position FROM entries WHERE published_us < ? LIMIT ?", (before_us, _EXPIRE_AT_ONCE)
            ).fetchall()
            connection.executemany("DELETE FROM stories WHERE position = ?", old)
            connection.executemany("DELETE FROM entries WHERE position = ?", old)
        self._checkpoints.wrote(len(old) * _PAGE)
        return len(old)

    def _number(self, query: str, *, empty: int = 0) -> int:
        found = self._session.run(lambda connection: connection.execute(query).fetchone())
        return empty if found is None else int(found[0])


def _code(exc: Exception) -> int | None:
    """SQLite's primary result code of an error; None for what the driver found by itself."""
    code: int | None = getattr(exc, "sqlite_errorcode", None)
    return None if code is None else code & 0xFF


def _size(rows: Rows) -> int:
    """About how many bytes rows add to the write-ahead log, which takes whole pages."""
    return len(rows.data) + sum(len(story) for story in rows.stories or () if story) + _PAGE * len(rows.ids)


def _is_busy(exc: Exception) -> bool:
    return _code(exc) in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


@contextmanager
def _transaction(connection: sqlite3.Connection, patience: float) -> Iterator[None]:
    """Under the write lock from the beginning, which is waited for: who turns writer later may be refused at once."""
    deadline = time.monotonic() + patience
    while not connection.in_transaction:
        try:
            connection.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as exc:
            if not _is_busy(exc) or time.monotonic() > deadline:
                raise
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
