"""What a store does: it keeps an append-only log of rows, and knows nothing of what they mean."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate, pairwise
from types import TracebackType
from typing import NamedTuple, Protocol, Self


class Row(NamedTuple):
    """One row of the log.

    Attributes:
        id: any text UTF-8 can encode, of any length; the same id may be appended again.
        published_us: microseconds since 1970, an int64; what `expire` goes by.
        record: the bytes kept for the reader of the log, at most some kilobytes.
        story: bytes kept beside for people to look at, or None; only read back where asked for.
    """

    id: str
    published_us: int
    record: bytes
    story: bytes | None = None


class Rows(NamedTuple):
    """Rows to be appended, a column a field; cf. `Row`.

    Attributes:
        ids: of n rows.
        times: `published_us` of each.
        data: the records of all, one after another. The store may keep it as it is: nobody writes to it any more once
            it has been appended.
        bounds: n + 1 numbers: record k is data[bounds[k]:bounds[k + 1]].
        stories: of each, or None for none at all.
    """

    ids: Sequence[str]
    times: Sequence[int]
    data: bytes | bytearray
    bounds: Sequence[int]
    stories: Sequence[bytes | None] | None = None

    @classmethod
    def of(cls, rows: Sequence[Row]) -> Self:
        """The same rows."""
        records = [row.record for row in rows]
        bounds = [0, *accumulate(map(len, records))]
        stories = [row.story for row in rows]
        return cls([row.id for row in rows], [row.published_us for row in rows], b"".join(records), bounds, stories)

    def records(self) -> list[bytes]:
        """Of each row."""
        data = memoryview(self.data)
        return [data[begin:end].tobytes() for begin, end in pairwise(self.bounds)]


class Records(NamedTuple):
    """Rows of the log without their stories, a list a field.

    Lists and not tuples because a million rows are read for a large window, and tuples keep the garbage collector busy.
    """

    positions: list[int]
    names: list[str]
    records: list[bytes]

    def add(self, position: int, name: str, record: bytes) -> None:
        """Add a row at the end."""
        self.positions.append(position)
        self.names.append(name)
        self.records.append(record)


class Store(Protocol):
    """An append-only log: rows at positions 1, 2, 3, ... that never change, the old ones dropped in time.

    Any number of processes and threads may use one store at once. A store object may be used by several threads, which
    take turns, and in a forked child, which opens a connection of its own.

    Every method raises `StoreError` where the store cannot be reached for as long as its `retry` option says, refuses,
    or is closed.

    Attributes:
        ttl: seconds after which the store lets go by itself of what nobody wrote to; None if it never does.
    """

    ttl: int | None = None
    _identity: int | bytes | None = None  # of the log, known once its header was read; a log in memory has none

    def header(self) -> bytes | None:
        """The document that describes the log, None before `create`."""

    def create(self, header: bytes) -> bytes:
        """Start the log with this header if it has none; the header that stands, whoever's it is."""

    def last(self) -> int:
        """The position of the last row ever appended, 0 for none; expiry does not lower it."""

    def floor(self) -> int:
        """The lowest position still kept, `last() + 1` for none; what a reader below it has not read is gone."""

    def append(self, expected: int, rows: Rows) -> bool:
        """Write the rows at `expected + 1` and on, all or none, if the log ends at `expected`; whether it did.

        False means that others appended meanwhile: `read` on from `expected` and try again. If the connection is lost
        in the middle, it is found out whether the rows were written (unless all of them have expired meanwhile: then
        they count as not written), so that they never are twice.

        Raises:
            StoreError: also when the log has no header yet, ends before `expected`, or is another log than the one
                this object began with: somebody emptied or replaced it, or the server lost its end.
        """

    def read(self, after: int, limit: int, *, stories: bool = False) -> list[tuple[int, Row]]:
        """The first `limit` rows kept after a position, with their positions, in order; empty at the end.

        Args:
            after: position to go on from, 0 for the beginning.
            limit: most rows to return, at least 1; some ten thousand make a restart fast.
            stories: also fill `Row.story`, None otherwise.
        """

    def records(self, after: int, limit: int, since_us: int) -> Records:
        """What `read` gives of the rows published at a time or later; fewer than `limit` only at the end.

        Args:
            after: position to go on from, 0 for the beginning.
            limit: most rows to return, at least 1.
            since_us: microseconds since 1970.
        """
        kept = Records([], [], [])
        while (wanted := limit - len(kept.positions)) > 0:
            found = self.read(after, wanted)
            for position, row in found:
                if row.published_us >= since_us:
                    kept.add(position, row.id, row.record)
            if len(found) < wanted:
                break
            after = found[-1][0]
        return kept

    def get(self, name: str) -> Row | None:
        """The latest kept row of an id, without its story; None where there is none."""

    def positions(self, names: Sequence[str]) -> dict[str, int]:
        """The position of the latest kept row of each id, for those that have one."""

    def stories(self, names: Sequence[str]) -> dict[str, bytes]:
        """The story kept with the latest row of each id, for those that have one."""

    def expire(self, before_us: int) -> int:
        """Drop the rows published before a time (microseconds since 1970); how many. Other rows keep their position."""

    def add_note(self, note: bytes) -> int:
        """Keep a note beside the log; its number, which rises with every note.

        Notes never expire: they are what people said of stories, long after those have gone. If the connection is lost
        in the middle, a note may be kept twice.
        """

    def notes(self, after: int, limit: int) -> list[tuple[int, bytes]]:
        """The first `limit` notes behind a number (0 for the beginning), with their numbers, in order."""

    def is_log_of(self, other: Store) -> bool:
        """Whether both are one log, by whatever names they are reached; `header` was called on both."""
        return self._identity is not None and self._identity == other._identity

    def close(self) -> None:
        """Let the connection go; the store cannot be used after that. Closing twice is fine."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
