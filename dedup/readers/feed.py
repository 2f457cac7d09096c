"""One feed, read from its bytes to story batches, and read again for the rows that are kept."""

from __future__ import annotations

import csv
import io
import json
import tempfile
import weakref
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from dedup.errors import FeedError
from dedup.kernels.native.cells import NO_RANK
from dedup.kernels.native.records import copy_rows
from dedup.kernels.reference.fields import plain_name
from dedup.readers.blocks import Positions, cut_array, cut_lines, cut_records
from dedup.readers.bytestreams import ByteStream
from dedup.readers.columns import ColumnRows, Slice, open_table
from dedup.readers.fields import ROLES, Fields
from dedup.readers.paths import Found, Spool
from dedup.readers.rows import DelimitedRows, JsonRows, Parsed
from dedup.readers.settings import ReadSettings, ReadStats, Reject
from dedup.readers.sniff import ARROW, BOM, HEAD, JSON_ARRAY, JSON_LINES, PARQUET, header_names, sniff_format

_COPY_CHUNK = 1 << 20
_LINE_END = np.frombuffer(b"\n", dtype=np.uint8)
_TELLING = ("title", "text")

_Piece = TypeVar("_Piece")


class RejectFile:
    """Where rows that could not be read are put aside, one JSON object a line."""

    def __init__(self, target: BinaryIO | Path | str | None) -> None:
        self._file: BinaryIO | None
        if isinstance(target, (str, Path)):
            self._file = Path(target).open("wb")  # noqa: SIM115 - open as long as a feed may add to it
            weakref.finalize(self, self._file.close)
        else:
            self._file = target

    def add(self, feed: str, rejects: Iterable[Reject]) -> None:
        """Put rows aside."""
        if self._file is None:
            return
        for reject in rejects:
            row = reject.raw.decode("utf-8", "backslashreplace")
            line = {"feed": feed, "line": reject.line, "reason": reject.reason, "row": row}
            self._file.write(json.dumps(line, ensure_ascii=False).encode("utf-8", "backslashreplace") + b"\n")
        self._file.flush()


class Feed:
    """One file of stories.

    Attributes:
        path: the feed as messages call it.
        format: "JSON lines", "JSON array", "CSV", "TSV", "Parquet" or "Arrow IPC".
        stats: what was met so far; complete once `batches` is exhausted.
    """

    def __init__(self, found: Found, settings: ReadSettings, rejects: RejectFile) -> None:
        """Look at the beginning of a file.

        Raises:
            FeedError: it cannot be opened, or is nothing that can be read.
        """
        self.path = found.name
        self.stats = ReadStats()
        self._file = found.path
        self._spool = found.spool
        self._settings = settings
        self._rejects = rejects
        self._fields = Fields(settings.mapping)
        self._used = np.zeros((len(ROLES), NO_RANK), dtype=np.int64)
        self._names: dict[bytes, str] = {}
        self._starts: list[Positions] = []
        self._ends: list[Positions] = []
        with ByteStream(self.path, self._file) as stream:
            head = stream.read(HEAD)
            if stream.damage is not None and not head:
                raise FeedError(self.path, f"{stream.damage}; fetch it again")
            self._format = sniff_format(self.path, head, self._fields)
            self.format = self._format.name
            if stream.compression is not None and self.format in (PARQUET, ARROW):
                self._unpack_table()
        self._head = head.removeprefix(BOM)

    def _unpack_table(self) -> None:
        """Decompress a table into a temporary file: its format jumps back and forth."""
        with tempfile.TemporaryFile() as unpacked:
            with ByteStream(self.path, self._file) as stream:
                while piece := stream.read(_COPY_CHUNK):
                    unpacked.write(piece)
                if stream.damage is not None:
                    raise FeedError(self.path, f"{stream.damage}; fetch it again")
            unpacked.seek(0)
            self._spool = Spool(unpacked)
        self._file = self._spool.path

    @property
    def mapping(self) -> str:
        """Which fields filled which roles so far, such as "title=headline, text=body|summary"."""
        parts = []
        for role, counts in enumerate(self._used):
            names = [self._names.get(self._fields.by_role[role][rank], "?") for rank in np.flatnonzero(counts)]
            if names:
                parts.append(f"{ROLES[role]}={'|'.join(names)}")
        return ", ".join(parts)

    @property
    def header(self) -> list[str]:
        """The column names of CSV and TSV; empty for other formats."""
        return header_names(self._head.lstrip(b"\r\n"), self._format.delimiter) if self._format.delimiter else []

    @property
    def header_row(self) -> bytes:
        """The header of CSV and TSV as it stands in the feed, without its line end."""
        text = io.StringIO(self._head.lstrip(b"\r\n").decode("utf-8", "surrogateescape"), newline="")
        reader = csv.reader(text, delimiter=self._format.delimiter)
        next(reader, None)
        text.seek(0)
        lines = [next(text) for _ in range(reader.line_num)]
        return "".join(lines).rstrip("\r\n").encode("utf-8", "surrogateescape")

    @property
    def delimiter(self) -> str:
        """What stands between two fields of CSV and TSV."""
        return self._format.delimiter

    def describe(self) -> Iterator[str]:
        """What was read and how, and all that was skipped or guessed, a line each."""
        stats = self.stats
        yield f"{self.path}: {self.format}, {stats.rows:,} stories; {self.mapping or 'no fields'}"
        for kind, count in sorted(stats.rejected.items()):
            yield f"{self.path}: skipped {count:,} row{'s' if count > 1 else ''}: {kind}"
        notes = (
            (stats.empty, "without title and text"),
            (stats.ids_missing, "without an id, named by their URL or row"),
            (stats.dates_impossible, f'with an impossible date such as "{stats.date_example}", taken as undated'),
            (stats.invalid_text, "with invalid characters, read as U+FFFD"),
        )
        for count, note in notes:
            if count:
                yield f"{self.path}: {count:,} stor{'ies' if count > 1 else 'y'} {note}"
        if stats.dates_missing and stats.dates_missing < stats.rows:
            yield f"{self.path}: {stats.dates_missing:,} stories without a date, taken to be of the one before them"

    def batches(self) -> Iterator[pa.RecordBatch]:
        """The stories in feed order, in batches of about a block of the feed.

        Raises:
            FeedError: a row, under on_error="stop", or the feed as a whole, cannot be read.
        """
        self.stats = ReadStats()
        self._starts, self._ends = [], []
        self._used[:] = 0
        for parsed in self._parse():
            self._keep(parsed)
            if parsed.batch.num_rows:
                yield parsed.batch
        self._check_mapping()

    def _parse(self) -> Iterator[Parsed]:
        threads = self._settings.threads
        if self.format in (PARQUET, ARROW):
            with self._open_table() as table:
                rows = ColumnRows(self.path, self._fields, table.schema)
                self._check_columns(table.schema.names)
                yield from _ahead(_slices(table.batches(rows.columns)), rows.parse, threads)
            return
        with ByteStream(self.path, self._file) as stream:
            if self._format.delimiter and self._head.strip():
                self._check_columns(self.header)
                records = DelimitedRows(self.path, self._fields, self._format.delimiter, self.header)
                cut = cut_records(stream, self._settings, self.path, self._format.delimiter)
                yield from _ahead(cut, records.parse, threads)
            elif not self._format.delimiter:
                cut = (cut_array if self.format == JSON_ARRAY else cut_lines)(stream, self._settings, self.path)
                yield from _ahead(cut, JsonRows(self.path, self._fields).parse, threads)

    def _open_table(self) -> Any:
        return open_table(self.path, self._file, parquet=self.format == PARQUET, stream=self._format.stream)

    def _keep(self, parsed: Parsed) -> None:
        """Note all that a block brought; stop at its first bad row if that was asked for."""
        if parsed.found and self.stats.rows == 0:
            self._refuse_fields(parsed.found)
        if parsed.rejects and self._settings.on_error == "stop":
            first = min(parsed.rejects, key=lambda reject: reject.line)
            raise FeedError(self.path, first.reason, row=first.line)
        self._rejects.add(self.path, parsed.rejects)
        self.stats.add(parsed.stats)
        self.stats.rejected.update(reject.kind for reject in parsed.rejects)
        self._used += parsed.used
        for plain, name in parsed.names.items():
            self._names.setdefault(plain, name)
        self._starts.append(parsed.start)
        self._ends.append(parsed.end)

    def _check_columns(self, names: Sequence[str]) -> None:
        plain = {plain_name(name) for name in names}
        if not any(plain & set(self._fields.by_role[ROLES.index(role)]) for role in _TELLING):
            self._refuse_fields(names)
        self._names.update({plain_name(name): name for name in names})

    def _refuse_fields(self, names: Sequence[str]) -> None:
        listed = ", ".join(names) or "none"
        raise FeedError(
            self.path, f"has no field known for a title or a text, only {listed}; name one with --map title=FIELD"
        )

    def _check_mapping(self) -> None:
        """A field that was mapped must be somewhere in the feed."""
        if not self.stats.rows:
            return
        for role, name in self._settings.mapping.items():
            if not any(plain_name(part) in self._names for part in name.split("|")):
                raise FeedError(self.path, f'no row has the field "{name}" that {role} was mapped to')

    def kept_rows(self, keep: NDArray[np.bool_]) -> Iterator[bytes]:
        """The bytes of some rows of a text format, untouched; to be called after `batches` is exhausted.

        Args:
            keep: bool[n], a flag for every story handed on.

        Raises:
            FeedError: the feed became shorter since it was read.
        """
        for held, starts, ends in self._kept_spans(keep):
            for start, end in zip(starts.tolist(), ends.tolist(), strict=True):
                yield held[start:end]

    def kept_lines(self, keep: NDArray[np.bool_], *, one_line: bool = False) -> Iterator[bytes]:
        """The rows of `kept_rows`, each with a line end behind it, many at a time.

        Args:
            keep: bool[n], a flag for every story handed on.
            one_line: write a space for a line end within a row, which changes no JSON value.
        """
        for held, starts, ends in self._kept_spans(keep):
            out = np.empty(int((ends - starts).sum()) + len(starts), dtype=np.uint8)
            copy_rows(np.frombuffer(held, dtype=np.uint8), starts, ends, _LINE_END, one_line, out)
            yield out.tobytes()

    def _kept_spans(self, keep: NDArray[np.bool_]) -> Iterator[tuple[bytes, Positions, Positions]]:
        """For every block, bytes of the feed and where its kept rows begin and end in them."""
        position, held = 0, b""
        first = 0
        with ByteStream(self.path, self._file) as stream:
            for all_starts, all_ends in zip(self._starts, self._ends, strict=True):
                flags = keep[first : first + len(all_starts)]
                first += len(all_starts)
                starts, ends = all_starts[flags], all_ends[flags]
                if not len(starts):
                    continue
                drop = min(int(starts[0]) - position, len(held))
                position, pieces = position + drop, [held[drop:]]
                have = len(pieces[0])
                while position + have < ends[-1]:
                    pieces.append(stream.read(_COPY_CHUNK))
                    if not pieces[-1]:
                        raise FeedError(self.path, "changed while it was read; run again")
                    have += len(pieces[-1])
                held = b"".join(pieces)
                yield held, starts - position, ends - position

    def kept_batches(self, keep: NDArray[np.bool_]) -> Iterator[pa.RecordBatch]:
        """Some rows of a Parquet or Arrow feed, with all their columns; otherwise as `kept_rows`."""
        first = 0
        with self._open_table() as table:
            for batch in table.batches(None):
                flags = keep[first : first + batch.num_rows]
                first += batch.num_rows
                yield batch.filter(pa.array(flags))

    def schema(self) -> pa.Schema:
        """The schema of a Parquet or Arrow feed."""
        with self._open_table() as table:
            return table.schema

    @property
    def is_table(self) -> bool:
        """Whether the feed is Parquet or Arrow IPC."""
        return self.format in (PARQUET, ARROW)

    @property
    def is_json(self) -> bool:
        """Whether the feed's rows are JSON objects."""
        return self.format in (JSON_LINES, JSON_ARRAY)

    def reads(self, path: Path) -> bool:
        """Whether this feed's bytes come from that file."""
        return self._spool is None and path.exists() and path.samefile(self._file)


def _slices(batches: Iterable[pa.RecordBatch]) -> Iterator[Slice]:
    first = 0
    for batch in batches:
        yield Slice(batch, first)
        first += batch.num_rows


def _ahead(pieces: Iterable[_Piece], parse: Callable[[_Piece], Parsed], threads: int) -> Iterator[Parsed]:
    """Parse on a few threads, in order; only a few pieces wait at a time."""
    waiting: deque[Future[Parsed]] = deque()
    with ThreadPoolExecutor(threads, thread_name_prefix="dedup-read") as pool:
        try:
            for piece in pieces:
                waiting.append(pool.submit(parse, piece))
                if len(waiting) > threads:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()
