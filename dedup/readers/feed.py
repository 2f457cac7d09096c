"""One feed, read from its bytes to story batches, and read again for the rows that are kept."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from dedup.errors import FeedError
from dedup.kernels.native.cells import NO_RANK
from dedup.kernels.reference.fields import plain_name
from dedup.readers.blocks import Block, Positions, cut_array, cut_lines, cut_records
from dedup.readers.bytestreams import ByteStream
from dedup.readers.columns import ColumnRows, open_table
from dedup.readers.copies import (
    LINE_END,
    LONGEST_LINE_END,
    NOTHING,
    copy_spans,
    kept_spans,
    past_line_ends,
)
from dedup.readers.envelopes import cut_envelope, envelope_contexts
from dedup.readers.fields import ROLES, Fields
from dedup.readers.paths import Found, Spool
from dedup.readers.plaintypes import pick_rows
from dedup.readers.rejects import RejectFile
from dedup.readers.rows import DelimitedRows, JsonRows, Parsed
from dedup.readers.settings import ReadSettings, ReadStats
from dedup.readers.sniff import (
    ARROW,
    BOM,
    HEAD,
    JSON_ARRAY,
    JSON_LINES,
    JSON_OBJECTS,
    PARQUET,
    XML,
    header_names,
    sniff_format,
)
from dedup.readers.threads import number_rows, parse_ahead
from dedup.readers.translation import Translation, translate

_TELLING = ("title", "text")
_MOST_NAMES, _LONGEST_NAME = 30, 60  # of fields listed in an error, and characters of each


class Feed:
    """One file of stories.

    Attributes:
        path: the feed as messages call it.
        format: "JSON lines", "JSON array", "JSON", "XML", "CSV", "TSV", "Parquet" or "Arrow IPC".
        layout: whose rows they are, such as "NewsAPI.org"; "" where that cannot be told.
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
        self._named = found.path if found.spool is None else None  # also where a table is unpacked to another file
        self._spool = found.spool
        self._in_folder = found.in_folder
        self._settings = settings
        self._rejects = rejects
        self._used = np.zeros((len(ROLES), NO_RANK), dtype=np.int64)
        self._names: dict[bytes, str] = {}
        self._found: list[str] = []
        self._translation: Translation | None = None
        self._starts: list[Positions] = []
        self._ends: list[Positions] = []
        with ByteStream(self.path, self._file) as stream:
            head = stream.read(HEAD)
            if stream.damage is not None and not head:
                raise FeedError(self.path, f"{stream.damage}; fetch it again")
            self._format = sniff_format(self.path, head, Fields(settings.mapping))
            self.format = self._format.name
            self._fields = Fields(settings.mapping, self._format.layout)
            self.layout = self._fields.layout.name
            if stream.compression is not None and self.format in (PARQUET, ARROW):
                self._unpack_table()
        self._head = head.removeprefix(BOM)
        self._mark = BOM if head.startswith(BOM) else b""

    def _unpack_table(self) -> None:
        """Decompress a table into a temporary file: its format jumps back and forth."""
        with ByteStream(self.path, self._file) as stream:
            unpacked = Spool(self.path, stream)
            if stream.damage is not None:
                raise FeedError(self.path, f"{stream.damage}; fetch it again")
        self._spool, self._file = unpacked, unpacked.path

    @property
    def mapping(self) -> str:
        """Which fields filled which roles so far, such as "title=headline, text=body|summary"."""
        parts = []
        for role, counts in enumerate(self._used):
            elements = self._translation and self._translation.names.get(ROLES[role])
            if elements and ROLES[role] not in self._settings.mapping:
                parts.append(f"{ROLES[role]}={'|'.join(elements)}")
                continue
            names = [self._names.get(self._fields.by_role[role][rank], "?") for rank in np.flatnonzero(counts)]
            if names:
                parts.append(f"{ROLES[role]}={'|'.join(names)}")
        return ", ".join(parts)

    @property
    def header(self) -> list[str]:
        """The column names of CSV and TSV; empty for other formats, and for a feed that holds nothing."""
        if not (self._format.delimiter and self._head.strip()):
            return []
        if self._format.columns:
            return list(self._format.columns)
        return header_names(self._head.lstrip(b"\r\n"), self._format.delimiter)

    @property
    def header_row(self) -> bytes:
        """The header of CSV and TSV as it stands in the feed, byte order mark to line end; empty if there is none."""
        if not self.header or self._format.columns:
            return b""
        text = io.StringIO(self._head.lstrip(b"\r\n").decode("utf-8", "surrogateescape"), newline="")
        reader = csv.reader(text, delimiter=self._format.delimiter)
        next(reader, None)
        text.seek(0)
        row = "".join(next(text) for _ in range(reader.line_num)).encode("utf-8", "surrogateescape")
        return self._mark + row + (b"" if row.endswith((b"\n", b"\r")) else self._line_end)

    @property
    def _line_end(self) -> bytes:
        """The first line end of the feed: what its last row gets if it has none."""
        found = re.search(rb"\r\n|\n|\r", self._head)
        return found[0] if found else b"\n"

    @property
    def delimiter(self) -> str:
        """What stands between two fields of CSV and TSV."""
        return self._format.delimiter

    def describe(self) -> Iterator[str]:
        """What was read and how, and all that was skipped or guessed, a line each."""
        stats = self.stats
        read_as = f"{self.format}, read as {self.layout}" if self.layout else self.format
        yield f"{self.path}: {read_as}, {stats.rows:,} stories; {self.mapping or 'no fields'}"
        if self._translation is not None and self._translation.broken:
            yield f"{self.path}: its XML is broken ({self._translation.broken}); feedparser read what it could"
        for reason, count in sorted(stats.left_out.items()):
            yield f"{self.path}: left out {count:,} row{'s' if count > 1 else ''} {reason}"
        for kind, count in sorted(stats.rejected.items()):
            yield f"{self.path}: skipped {count:,} row{'s' if count > 1 else ''}: {kind}"
        dateless = stats.dates_missing if stats.dates_missing < stats.rows else 0  # a feed of no dates is none to order
        notes = (
            (stats.empty, "without title and text"),
            (stats.ids_missing, "without an id, named by their URL or row"),
            (stats.dates_impossible, f'with an impossible date such as "{stats.date_example}", taken as undated'),
            (stats.dates_future, "dated in the future, taken to be of now"),
            (stats.invalid_text, "with bytes that are no UTF-8, read as Windows-1252, or half a character, as U+FFFD"),
            (dateless, "without a date, taken to be of the one before them"),
        )
        for count, note in notes:
            if count:
                yield f"{self.path}: {count:,} stor{'ies' if count > 1 else 'y'} {note}"

    def batches(self) -> Iterator[pa.RecordBatch]:
        """The stories in feed order, in batches of about a block of the feed.

        Raises:
            FeedError: a row, under on_error="stop", or the feed as a whole, cannot be read.
        """
        self.stats = ReadStats()
        self._starts, self._ends, self._found = [], [], []
        self._used[:] = 0
        self._rejects.open()
        for parsed in self._parse():
            self._keep(parsed)
            if parsed.batch.num_rows:
                yield parsed.batch
        self._check_fields()

    def batches_again(self) -> Iterator[pa.RecordBatch]:
        """The stories of `batches`, once that is exhausted, a second time; nothing is noted or put aside.

        Raises:
            FeedError: the feed changed since it was read.
        """
        noted, self.stats = self.stats, ReadStats()
        count = 0
        try:
            for parsed in self._parse() if noted.rows else ():
                count += parsed.batch.num_rows
                if parsed.batch.num_rows:
                    yield parsed.batch
        finally:
            self.stats = noted
        if count != noted.rows:
            raise FeedError(self.path, "changed while it was read; run again")

    def _parse(self) -> Iterator[Parsed]:
        threads = self._settings.threads
        if self.format in (PARQUET, ARROW):
            with self._open_table() as table:
                rows = ColumnRows(self.path, self._fields, table.schema)
                self._check_columns(table.schema.names, rows.paths)
                yield from parse_ahead(number_rows(table.batches(rows.columns)), rows.parse, threads)
            return
        if self._format.root is not None:
            try:
                self._translation = translate(self.path, self._file, self._settings, self._format.root)
            except FeedError as exc:
                self._pass_over(exc)
                return
            self.stats.left_out.update(self._translation.left_out)
        with ByteStream(self.path, self._rows_file) as stream:
            if self._format.delimiter and self._head.strip():
                self._check_columns(self.header)
                records = DelimitedRows(self.path, self._fields, self._format.delimiter, self.header)
                headed = not self._format.columns
                cut = cut_records(stream, self._settings, self.path, self._format.delimiter, headed=headed)
                yield from parse_ahead(cut, records.parse, threads)
            elif not self._format.delimiter:
                if self.format == JSON_OBJECTS:
                    cut = self._cut_objects(stream)
                elif self._translation is not None:
                    cut = cut_lines(stream, self._settings, self.path, self._translation.tail)
                else:
                    cut = (cut_array if self.format == JSON_ARRAY else cut_lines)(stream, self._settings, self.path)
                yield from parse_ahead(cut, JsonRows(self.path, self._fields).parse, threads)

    def _pass_over(self, refused: FeedError) -> None:
        """Go on without a file of a folder that turns out to be no feed; raise for one that was named."""
        if not self._in_folder:
            raise refused
        if self._settings.notice is not None:
            self._settings.notice(f"{refused}; passed over")

    def _cut_objects(self, stream: ByteStream) -> Iterator[Block]:
        """Blocks of the rows of envelopes, which are read twice where they tell something of their rows."""
        rows, context = self._format.rows, self._fields.context
        contexts = []
        if rows and context:
            with ByteStream(self.path, self._file) as before:
                contexts = envelope_contexts(before, self._settings, self.path, rows, context)
        return cut_envelope(stream, self._settings, self.path, rows, context, contexts)

    @property
    def _rows_file(self) -> Path:
        """Where the bytes of the rows are: those of XML in its translation."""
        return self._file if self._translation is None else self._translation.spool.path

    def _open_table(self) -> Any:
        return open_table(self.path, self._file, parquet=self.format == PARQUET, stream=self._format.stream)

    def _keep(self, parsed: Parsed) -> None:
        """Note all that a block brought; stop at its first bad row if that was asked for."""
        if parsed.rejects and self._settings.on_error == "stop":
            first = min(parsed.rejects, key=lambda reject: reject.line)
            raise FeedError(self.path, f"{first.reason}; --on-error skip keeps all other rows", row=first.line)
        self._rejects.add(self.path, parsed.rejects)
        self.stats.add(parsed.stats)
        self.stats.rejected.update(reject.kind for reject in parsed.rejects)
        self._used += parsed.used
        self._found = self._found or parsed.found
        for plain, name in parsed.names.items():
            self._names.setdefault(plain, name)
        self._starts.append(parsed.start)
        self._ends.append(parsed.end)

    def _check_columns(self, names: Sequence[str], paths: Collection[bytes] = ()) -> None:
        """The columns of a table, and where paths may lead in them, are known before its first row."""
        self._found = list(names)
        self._names.update({plain_name(name): name for name in names})
        if not self._tells(paths):
            self._refuse_fields(names)

    def _check_fields(self) -> None:
        """Of a feed read to its end: some row has a title or a text, and every field that was mapped."""
        if not self.stats.rows:
            return
        if not self._tells():
            self._refuse_fields(self._found)
        for role, name in self._settings.mapping.items():
            if not any(plain_name(part) in self._names for part in name.split("|")):
                raise FeedError(self.path, f'no row has the field "{name}" that {role} was mapped to')

    def _tells(self, paths: Collection[bytes] = ()) -> bool:
        """Whether a field that can be a title or a text was met, or is one of these paths."""
        telling = [name for role in _TELLING for name in self._fields.names_of(role)]
        return any(name in self._names or name in paths for name in telling)

    def _refuse_fields(self, names: Sequence[str]) -> None:
        if self._translation is not None and self._fields.layout.roles:
            self._pass_over(FeedError(self.path, "has entries of neither title nor text"))
            return
        shown = [name if len(name) <= _LONGEST_NAME else f"{name[:_LONGEST_NAME]}..." for name in names[:_MOST_NAMES]]
        listed = f"only {', '.join(shown)}{', ...' * (len(names) > _MOST_NAMES)}" if names else "nor any other"
        raise FeedError(
            self.path, f"has no field known for a title or a text, {listed}; name one with --map title=FIELD"
        )

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
        """The rows of `kept_rows`, each with the line end it has in the feed, many at a time.

        Args:
            keep: bool[n], a flag for every story handed on.
            one_line: end every row with LF and write a space for a line end within it, which changes no JSON value.
        """
        for held, starts, ends in self._kept_spans(keep):
            if one_line:
                yield copy_spans(held, starts, ends, LINE_END, one_line=True)
                continue
            padded = held if ends[-1] + LONGEST_LINE_END <= len(held) else held + bytes(LONGEST_LINE_END)
            after = past_line_ends(np.frombuffer(padded, dtype=np.uint8), ends)
            yield copy_spans(padded, starts, after, NOTHING, one_line=False)
            if after[-1] == ends[-1]:
                yield self._line_end

    def _kept_spans(self, keep: NDArray[np.bool_]) -> Iterator[tuple[bytes, Positions, Positions]]:
        with ByteStream(self.path, self._rows_file) as stream:
            yield from kept_spans(stream, self.path, keep, self._starts, self._ends)

    def kept_batches(self, keep: NDArray[np.bool_]) -> Iterator[pa.RecordBatch]:
        """Some rows of a Parquet or Arrow feed, with all their columns; otherwise as `kept_rows`."""
        first = 0
        with self._open_table() as table:
            for batch in table.batches(None):
                flags = keep[first : first + batch.num_rows]
                first += batch.num_rows
                yield pick_rows(batch, flags, self.path)

    def schema(self) -> pa.Schema:
        """The schema of a Parquet or Arrow feed."""
        with self._open_table() as table:
            return table.schema

    def has_rows(self) -> bool:
        """Whether a Parquet or Arrow feed holds any row."""
        with self._open_table() as table:
            return any(batch.num_rows for batch in table.batches([]))

    @property
    def is_table(self) -> bool:
        """Whether the feed is Parquet or Arrow IPC."""
        return self.format in (PARQUET, ARROW)

    @property
    def is_stream(self) -> bool:
        """Whether the feed is Arrow IPC of the streaming kind."""
        return self._format.stream

    @property
    def is_json(self) -> bool:
        """Whether the feed's rows are JSON objects."""
        return self.format in (JSON_LINES, JSON_ARRAY, JSON_OBJECTS, XML)

    @property
    def becomes_lines(self) -> bool:
        """Whether what is kept of the feed is written as JSON lines because its own format has no rows to copy."""
        return self.format in (JSON_OBJECTS, XML)

    @property
    def has_elements(self) -> bool:
        """Whether the feed's rows lie inside JSON, where they can be spread over lines."""
        return self.format in (JSON_ARRAY, JSON_OBJECTS)

    def reads(self, path: Path) -> bool:
        """Whether this feed's bytes come from that file."""
        return self._named is not None and path.exists() and path.samefile(self._named)
