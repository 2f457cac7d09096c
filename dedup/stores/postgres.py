"""The log in PostgreSQL 15 or later, shared by processes on many machines.

An append is one statement, acknowledged when PostgreSQL has committed it; with its usual `synchronous_commit = on` that
survives a power cut. Rows that are dropped leave room for new ones once autovacuum has passed, so leave that on.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from dedup.errors import IndexFormatError, SettingsError, StoreError
from dedup.stores.address import Address
from dedup.stores.protocol import Records, Row, Rows, Store
from dedup.stores.session import Session

if TYPE_CHECKING:
    from typing import LiteralString

    import psycopg

    Connection: TypeAlias = psycopg.Connection[tuple[Any, ...]]

# Statements that lead from schema k to k + 1, the first from nothing; what a release made is never changed.
MIGRATIONS: tuple[tuple[LiteralString, ...], ...] = (
    (
        "CREATE TABLE {log} (identity bigint NOT NULL, last bigint NOT NULL, header bytea NOT NULL)",  # one row
        # Ids are bytes: a text column refuses the character NUL.
        "CREATE TABLE {entries} (position bigint PRIMARY KEY, id bytea NOT NULL, published_us bigint NOT NULL,"
        " token bigint NOT NULL, record bytea NOT NULL)",
        # Records are hashes, which do not compress; nor should those over 2,000 bytes go to another table.
        "ALTER TABLE {entries} ALTER record SET STORAGE EXTERNAL, SET (toast_tuple_target = 8160)",
        "CREATE INDEX ON {entries} USING hash (id)",  # a B-tree refuses ids of more than 2,700 bytes
        "CREATE INDEX ON {entries} (published_us)",
        "CREATE TABLE {stories} (position bigint PRIMARY KEY, story bytea NOT NULL)",
    ),
    ("CREATE TABLE {notes} (number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, note bytea NOT NULL)",),
)
# The log's row is locked from here to the commit, so appends take turns; a second one finds `last` moved on.
_APPEND: LiteralString = """
WITH moved AS (
    UPDATE {log} SET last = last + %(count)s WHERE last = %(expected)s AND identity = %(identity)s AND NOT EXISTS (
        SELECT 1 FROM {entries} WHERE position = %(expected)s AND token <> %(tail)s::bigint
    ) RETURNING 1
), rows AS (
    SELECT %(expected)s + k AS position, id, published_us, record, story FROM moved, unnest(
        %(ids)b::bytea[], %(times)b::bigint[], %(records)b::bytea[], %(stories)b::bytea[]
    ) WITH ORDINALITY AS r (id, published_us, record, story, k)
), added AS (
    INSERT INTO {entries} SELECT position, id, published_us, %(token)s, record FROM rows
), told AS (
    INSERT INTO {stories} SELECT position, story FROM rows WHERE story IS NOT NULL
)
SELECT 1 FROM moved
"""
_EXPIRE: LiteralString = """
WITH old AS (
    SELECT position FROM {entries} WHERE published_us < %s LIMIT %s FOR UPDATE SKIP LOCKED
), told AS (
    DELETE FROM {stories} USING old WHERE {stories}.position = old.position
)
DELETE FROM {entries} USING old WHERE {entries}.position = old.position
"""
_EXPIRE_AT_ONCE = 10_000  # rows dropped in one transaction
_USUAL: dict[str, Any] = {  # libpq's options, unless the URL says otherwise
    "application_name": "dedup",
    "keepalives_idle": 10,  # seconds
    "tcp_user_timeout": 10_000,  # milliseconds
}
_PASSING = ("08", "40001", "40P01", "53300", "57P01", "57P02", "57P03", "25006")  # SQLSTATE, or how it begins
_FINAL = ("authentication failed", "pg_hba.conf", "does not exist", "no password supplied")  # in English; others wait


class PostgresStore(Store):
    """The log in PostgreSQL; one connection a process, opened anew in a forked child, used under a lock."""

    def __init__(self, address: Address) -> None:
        """Connect, and bring the tables up to date.

        Raises:
            SettingsError: an option that cannot work, or psycopg is not installed.
            IndexFormatError: the tables are somebody else's, or of a later release.
            StoreError: the server cannot be reached, or refuses.
        """
        try:
            import psycopg
        except ImportError:  # also where libpq is missing
            raise SettingsError(
                f"{address.label} takes the PostgreSQL driver: pip install 'dedup-stories[postgres]'"
            ) from None
        self._label, self._name = address.label, address.name
        try:
            given = psycopg.conninfo.conninfo_to_dict(address.server)
            usual = {"connect_timeout": max(2, round(address.retry)), **_USUAL}  # seconds; libpq takes no less than 2
            usual = {option: value for option, value in usual.items() if option not in given}
            self._conninfo = psycopg.conninfo.make_conninfo(address.server, **usual)
        except psycopg.Error:  # its text quotes the URL
            raise SettingsError(f"{self._label} has an option that PostgreSQL's driver does not know") from None
        self._statements: dict[str, bytes] = {}
        self._identity: int | None = None
        self._tail: tuple[int, int | None] = 0, None  # position and token of the last row that was read or written
        self._session: Session[Connection] = Session(
            self._label, address.retry, connect=self._connect, error=(psycopg.Error,), lost=_is_lost
        )
        self._session.run(lambda _: None)

    def __repr__(self) -> str:
        return f"<PostgresStore {self._label}>"

    def header(self) -> bytes | None:
        """See `Store`."""
        return self._session.run(self._header)

    def create(self, header: bytes) -> bytes:
        """See `Store`."""

        def put(connection: Connection) -> bytes:
            with connection.transaction():
                connection.execute(self._sql("LOCK TABLE {log} IN SHARE ROW EXCLUSIVE MODE"))
                connection.execute(
                    self._sql("INSERT INTO {log} SELECT %s, 0, %s WHERE NOT EXISTS (SELECT 1 FROM {log})"),
                    (secrets.randbits(63), header),
                )
            standing = self._header(connection)
            return header if standing is None else standing

        return self._session.run(put)

    def last(self) -> int:
        """See `Store`."""
        return self._number("SELECT last FROM {log}")

    def floor(self) -> int:
        """See `Store`."""
        return self._number("SELECT coalesce((SELECT min(position) FROM {entries}), last + 1) FROM {log}", empty=1)

    def append(self, expected: int, rows: Rows) -> bool:
        """See `Store`."""
        if self._identity is None and self.header() is None:
            raise StoreError(f"{self._label} has no header yet; create it first")
        told = rows.stories or ()
        values = {
            "expected": expected,
            "count": len(rows.ids),
            "identity": self._identity,
            "token": secrets.randbits(63),
            "tail": self._tail[1] if self._tail[0] == expected else None,
            "ids": [name.encode() for name in rows.ids],
            "times": list(rows.times),
            "records": rows.records(),
            "stories": list(told) if any(story is not None for story in told) else None,
        }
        return self._session.run(lambda connection: self._append(connection, values))

    def read(self, after: int, limit: int, *, stories: bool = False) -> list[tuple[int, Row]]:
        """See `Store`."""
        query = self._sql(  # from the last row known on, so that one statement tells whether it is the same still
            "SELECT position, token, id, published_us, record, story FROM {entries}"
            " LEFT JOIN {stories} USING (position)"
            " WHERE position >= %s ORDER BY position LIMIT %s"
            if stories
            else "SELECT position, token, id, published_us, record, NULL FROM {entries}"
            " WHERE position >= %s ORDER BY position LIMIT %s"
        )

        def fetch(connection: Connection) -> list[tuple[int, Row]]:
            found = connection.cursor(binary=True).execute(query, (after, limit + 1)).fetchall()
            found = found[self._is_tail(found, after) :][:limit]
            if found:
                self._met(*found[-1][:2])
            return [(position, Row(name.decode(), *row)) for position, _, name, *row in found]

        return self._session.run(fetch)

    def records(self, after: int, limit: int, since_us: int) -> Records:
        """See `Store`."""
        query = self._sql(  # "+ 0", or the planner may take the times' index, and sort all that it names
            "SELECT position, token, id, record FROM {entries}"
            " WHERE position >= %s AND (position = %s OR published_us + 0 >= %s) ORDER BY position LIMIT %s"
        )

        def fetch(connection: Connection) -> Records:
            rows = connection.cursor(binary=True).execute(query, (after, after, since_us, limit + 1)).fetchall()
            found = Records([], [], [])
            met = 0, 0
            for position, token, name, record in rows[self._is_tail(rows, after) :][:limit]:
                found.add(position, name.decode(), record)
                met = position, token
            self._met(*met)
            return found

        return self._session.run(fetch)

    def get(self, name: str) -> Row | None:
        """See `Store`."""
        # "+ 0", or the planner may walk the positions backwards looking for the id.
        query = self._sql("SELECT published_us, record FROM {entries} WHERE id = %s ORDER BY position + 0 DESC LIMIT 1")
        found = self._session.run(
            lambda connection: connection.cursor(binary=True).execute(query, (name.encode(),)).fetchone()
        )
        return None if found is None else Row(name, *found)

    def positions(self, names: Sequence[str]) -> dict[str, int]:
        """See `Store`."""
        query = self._sql("SELECT id, max(position) FROM {entries} WHERE id = ANY(%s::bytea[]) GROUP BY id")
        wanted = [name.encode() for name in names]
        found = self._session.run(
            lambda connection: connection.cursor(binary=True).execute(query, (wanted,)).fetchall()
        )
        return {name.decode(): position for name, position in found}

    def stories(self, names: Sequence[str]) -> dict[str, bytes]:
        """See `Store`."""
        query = self._sql(
            "SELECT id, story FROM (SELECT id, max(position) AS position FROM {entries}"
            " WHERE id = ANY(%s::bytea[]) GROUP BY id) AS latest JOIN {stories} USING (position)"
        )
        wanted = [name.encode() for name in names]
        found = self._session.run(
            lambda connection: connection.cursor(binary=True).execute(query, (wanted,)).fetchall()
        )
        return {name.decode(): story for name, story in found}

    def expire(self, before_us: int) -> int:
        """See `Store`."""
        query = self._sql(_EXPIRE)
        total = 0
        while dropped := self._session.run(
            lambda connection: connection.execute(query, (before_us, _EXPIRE_AT_ONCE)).rowcount
        ):
            total += dropped
        return total

    def add_note(self, note: bytes) -> int:
        """See `Store`."""
        query = self._sql("INSERT INTO {notes} (note) VALUES (%s) RETURNING number")
        found = self._session.run(lambda connection: connection.execute(query, (note,)).fetchone())
        return 0 if found is None else int(found[0])

    def notes(self, after: int, limit: int) -> list[tuple[int, bytes]]:
        """See `Store`."""
        query = self._sql("SELECT number, note FROM {notes} WHERE number > %s ORDER BY number LIMIT %s")
        return self._session.run(
            lambda connection: connection.cursor(binary=True).execute(query, (after, limit)).fetchall()
        )

    def close(self) -> None:
        """See `Store`."""
        self._session.close()

    def _sql(self, text: LiteralString) -> bytes:
        """A statement on this log's tables; put together once, for that takes as long as some statements do."""
        if text not in self._statements:
            from psycopg import sql

            kinds = ("schema", "log", "entries", "stories", "notes")
            names = {kind: sql.Identifier(f"{self._name}_{kind}") for kind in kinds}
            self._statements[text] = sql.SQL(text).format(**names).as_bytes(None)
        return self._statements[text]

    def _connect(self) -> Connection:
        import psycopg

        connection = psycopg.connect(self._conninfo, autocommit=True)
        try:
            self._migrate(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def _migrate(self, connection: Connection) -> None:
        import psycopg

        if self._schema(connection) == len(MIGRATIONS):
            return
        try:
            with connection.transaction():  # others may be opening it too, and CREATE IF NOT EXISTS alone can clash
                connection.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", (f"dedup {self._name}",))
                found = self._schema(connection)
                if found > len(MIGRATIONS):
                    raise IndexFormatError(
                        f"{self._label} has schema {found}, this release reads up to {len(MIGRATIONS)}; "
                        "upgrade dedup-stories, or rebuild into a new store"
                    )
                for statements in MIGRATIONS[found:]:
                    for statement in statements:
                        connection.execute(self._sql(statement))
                connection.execute(self._sql("CREATE TABLE IF NOT EXISTS {schema} (version integer NOT NULL)"))
                connection.execute(self._sql("DELETE FROM {schema}"))
                connection.execute(self._sql("INSERT INTO {schema} VALUES (%s)"), (len(MIGRATIONS),))
        except psycopg.errors.DuplicateTable as exc:
            raise IndexFormatError(
                f"{self._label} has tables of something else that begin with {self._name}_; "
                "give the store a name of its own with name="
            ) from exc

    def _schema(self, connection: Connection) -> int:
        """The schema's version, 0 for no tables."""
        there = connection.execute(  # not to_regclass, which can remember that there was none
            "SELECT 1 FROM pg_class WHERE relname = %s AND pg_table_is_visible(oid)", (f"{self._name}_schema",)
        ).fetchone()
        if there is None:
            return 0
        version = connection.execute(self._sql("SELECT version FROM {schema}")).fetchone()
        return 0 if version is None else int(version[0])

    def _header(self, connection: Connection) -> bytes | None:
        row = connection.execute(self._sql("SELECT identity, header FROM {log}")).fetchone()
        if row is None:
            return None
        if self._identity is None:
            self._identity = row[0]
        return bytes(row[1])

    def _append(self, connection: Connection, values: dict[str, Any]) -> bool:
        if connection.execute(self._sql(_APPEND), values).fetchone() is not None:
            if values["count"]:
                self._tail = values["expected"] + values["count"], values["token"]
            return True
        state = connection.execute(
            self._sql(
                "SELECT identity, last, (SELECT token FROM {entries} WHERE position = %(expected)s),"
                " (SELECT token FROM {entries} WHERE position > %(expected)s"
                " AND position <= %(expected)s + %(count)s ORDER BY position LIMIT 1) FROM {log}"
            ),
            values,
        ).fetchone()
        if state is None or state[0] != values["identity"] or state[1] < values["expected"]:
            raise self._replaced(values["expected"])
        self._check_tail(values["expected"], state[2])
        # Written by this very append, though its caller did not hear so before the connection was lost?
        return bool(state[3] == values["token"])

    def _is_tail(self, found: Sequence[tuple[Any, ...]], after: int) -> bool:
        """Whether rows, which begin with position and token, begin with the one at `after`; see `_check_tail`."""
        if not found or found[0][0] != after:
            return False
        self._check_tail(after, found[0][1])
        return True

    def _check_tail(self, position: int, token: int | None) -> None:
        """See to it that the row at a position, if it was the last to be read or written, is the same still."""
        if position == self._tail[0] and None not in (token, self._tail[1]) and token != self._tail[1]:
            raise self._replaced(position)

    def _met(self, position: int, token: int) -> None:
        if position > self._tail[0]:
            self._tail = position, token

    def _replaced(self, position: int) -> StoreError:
        return StoreError(
            f"{self._label} is not the log it was: it was emptied or replaced, or the server lost its end, where this "
            f"process had read up to {position}; open it again"
        )

    def _number(self, query: LiteralString, *, empty: int = 0) -> int:
        found = self._session.run(lambda connection: connection.execute(self._sql(query)).fetchone())
        return empty if found is None else int(found[0])


def _is_lost(exc: Exception) -> bool:
    """Whether another try on a new connection may help."""
    import psycopg

    if not isinstance(exc, (psycopg.OperationalError, psycopg.InterfaceError)):
        return False
    state: str | None = exc.sqlstate
    if state is not None:
        return state.startswith(_PASSING)
    return not any(part in str(exc) for part in _FINAL)
