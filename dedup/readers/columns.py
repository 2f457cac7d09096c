"""Parquet and Arrow IPC to story batches: their columns are cast, never turned into rows."""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol
from uuid import UUID

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from dedup.errors import FeedError
from dedup.kernels.native.cells import NO_RANK
from dedup.kernels.reference.fields import decode_text, plain_name, text_of
from dedup.readers.fields import ROLES, Fields
from dedup.readers.plaintypes import plain_batch, plain_schema, unreadable
from dedup.readers.rows import Parsed
from dedup.readers.selectors import ALL, text_at
from dedup.readers.selectors import Path as ValuePath
from dedup.readers.settings import Reject
from dedup.readers.stories import make_batch, repair_text

_BATCH_BYTES = 3 << 19  # of a feed's columns parsed at a time
_MOST_ROWS, _LEAST_ROWS = 1 << 16, 1 << 8
_UUID = "arrow.uuid"
_PAIR = 2  # of a key and a value
_NO_POSITIONS = np.empty(0, dtype=np.int64)


@dataclass(frozen=True, slots=True)
class Slice:
    """Some rows of the feed in its own columns."""

    batch: pa.RecordBatch
    first: int
    """Rows of the feed before these."""
    tail: Reject | None = None


class Table(Protocol):
    """A file of columns that is open for reading; they are of plain types, cf. `dedup.readers.plaintypes`."""

    schema: pa.Schema

    def batches(self, columns: list[str] | None) -> Iterator[pa.RecordBatch]:
        """The rows in order, of these columns or all."""


class _ParquetTable:
    def __init__(self, name: str, path: Path, stack: contextlib.ExitStack) -> None:
        import pyarrow.parquet as pq

        self._name = name
        self._file = stack.enter_context(pq.ParquetFile(path))
        self.schema = plain_schema(self._file.schema_arrow)

    def batches(self, columns: list[str] | None) -> Iterator[pa.RecordBatch]:
        """The rows in order, of these columns or all."""
        meta = self._file.metadata
        size = sum(meta.row_group(i).total_byte_size for i in range(meta.num_row_groups))
        rows = _BATCH_BYTES * meta.num_rows // max(1, size)
        for batch in self._file.iter_batches(min(max(rows, _LEAST_ROWS), _MOST_ROWS), columns=columns):
            yield plain_batch(batch, self._name)


class _ArrowTable:
    def __init__(self, name: str, path: Path, stack: contextlib.ExitStack, *, stream: bool) -> None:
        self._name = name
        source = stack.enter_context(pa.memory_map(str(path)))
        self._reader = stack.enter_context((pa.ipc.open_stream if stream else pa.ipc.open_file)(source))
        self._stream = stream
        self.schema = plain_schema(self._reader.schema)

    def batches(self, columns: list[str] | None) -> Iterator[pa.RecordBatch]:
        """The rows in order, of these columns or all."""
        reader = self._reader
        whole = reader if self._stream else map(reader.get_batch, range(reader.num_record_batches))
        for batch in whole:
            picked = batch if columns is None else batch.select([batch.schema.names.index(name) for name in columns])
            for column in picked.columns:
                _check_column(column)
            step = max(_LEAST_ROWS, _BATCH_BYTES * len(picked) // max(1, picked.nbytes))
            for first in range(0, len(picked), step):
                yield plain_batch(picked.slice(first, step), self._name)


def _check_column(column: pa.Array) -> None:
    """Refuse a column of a memory map that is damaged: its offsets would be followed anywhere.

    Raises:
        pa.ArrowInvalid: more than the UTF-8 of a text is wrong, which is for `repair_text`.
    """
    try:
        column.validate(full=True)
    except pa.ArrowInvalid as exc:  # offsets are looked at before what they lead to
        kind = column.type
        is_text = pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)
        if not (is_text and "UTF8" in str(exc)):
            raise


@contextlib.contextmanager
def open_table(name: str, path: Path, *, parquet: bool, stream: bool) -> Iterator[Table]:
    """Open a Parquet or Arrow IPC file; what goes wrong inside the `with` is a FeedError.

    Raises:
        FeedError: the file is damaged, or holds what nothing can be done with.
    """
    kind = "Parquet" if parquet else "Arrow IPC"
    with contextlib.ExitStack() as stack:
        try:
            yield _ParquetTable(name, path, stack) if parquet else _ArrowTable(name, path, stack, stream=stream)
        except pa.ArrowNotImplementedError as exc:
            reason = str(exc).splitlines()[0][:200]
            raise FeedError(name, f"its {kind} data are damaged, or of a kind that cannot be read ({reason})") from exc
        except (pa.ArrowException, OSError, UnicodeDecodeError) as exc:
            reason = str(exc).splitlines()[0][:200]
            raise FeedError(name, f"its {kind} data are cut off or damaged ({reason}); fetch it again") from exc


class ColumnRows:
    """Turns slices of a table into stories."""

    def __init__(self, name: str, fields: Fields, schema: pa.Schema) -> None:
        self._name = name
        self._fields = fields
        self.columns: list[str] = []
        """The columns that hold anything wanted; of two whose names look the same, the first."""
        self._names: dict[bytes, str] = {}
        for column in schema.names:
            plain = plain_name(column)
            if plain in fields.numbers and plain not in self._names:
                self._names[plain] = column
                self.columns.append(column)
        self._paths: dict[bytes, tuple[str, ValuePath]] = {}
        self._sure: set[bytes] = set()  # the paths that are there whatever the rows hold
        for plain, (_, path) in fields.paths.items():
            found = self._column_of(path, schema) if plain not in self._names else None
            if found is not None:
                self._paths[plain] = (found.name, path)
                self.columns += [found.name] if found.name not in self.columns else []
                self._sure |= {plain} if _leads(pa.struct([found]), path, surely=True) else set()

    @property
    def paths(self) -> Collection[bytes]:
        """The plain names of the paths that may lead to something; a map does not say which keys it has."""
        return self._paths.keys()

    @staticmethod
    def _column_of(path: ValuePath, schema: pa.Schema) -> pa.Field | None:
        """The column of lists, structs or maps in which there may be what a path leads to."""
        if not path or path[0].name == ALL:  # all strings of a row: there is no one column of them
            return None
        nested = (field for field in schema if pa.types.is_nested(field.type))
        return next((field for field in nested if _leads(pa.struct([field]), path)), None)

    def parse(self, piece: Slice) -> Parsed:
        """The stories of a slice."""
        count = len(piece.batch)
        replaced = np.zeros(count, dtype=np.bool_)
        used = np.zeros((len(ROLES), NO_RANK), dtype=np.int64)
        names = piece.batch.schema.names  # a name may be there twice
        texts, written = {}, {}
        for plain, column in self._names.items():
            with self._naming(piece.batch.schema.field(names.index(column))):
                texts[plain] = self._text(piece.batch.column(names.index(column)), replaced)
        for plain, (column, path) in self._paths.items():
            with self._naming(piece.batch.schema.field(names.index(column))):
                values = piece.batch.column(names.index(column)).to_pylist()
            found = [text_at({path[0].name: _plain_value(value)}, path) for value in values]
            texts[plain] = self._text(pa.array(found, type=pa.string()), replaced)
            if plain in self._sure or any(found):
                written[plain] = self._fields.paths[plain][0]
        columns = []
        for role, plains in enumerate(self._fields.by_role):
            best = pa.array([""] * count, type=pa.string())
            for rank, plain in enumerate(plains):
                if plain in texts:
                    takes = pc.and_(_is_blank(best), pc.invert(_is_blank(texts[plain])))
                    used[role, rank] = pc.sum(takes).as_py() or 0
                    best = pc.if_else(takes, texts[plain], best)
            columns.append(best)
        ordinals = piece.first + 1 + np.arange(count)
        batch, stats = make_batch(columns, replaced, self._name, ordinals)
        rejects = [] if piece.tail is None else [piece.tail]
        return Parsed(batch, _NO_POSITIONS, _NO_POSITIONS, rejects, used, stats, names=self._names | written)

    @contextlib.contextmanager
    def _naming(self, field: pa.Field) -> Iterator[None]:
        """Say which column it is that has values, or is of a type, of which there is no text."""
        try:
            yield
        except (pa.ArrowException, ValueError, OverflowError, LookupError) as exc:
            raise unreadable(self._name, field.name, field.type) from exc

    def _text(self, column: pa.Array, replaced: NDArray[np.bool_]) -> pa.StringArray:
        """A column as text without nulls, invalid UTF-8 replaced."""
        text, changed = repair_text(pc.fill_null(_cast_text(column), ""))
        if changed is not None:
            replaced |= changed
        return text


def _leads(kind: Any, path: ValuePath, *, surely: bool = False) -> bool:
    """Whether values of a type can have what a path leads to; `surely`, whether the type alone promises it."""
    if not path:
        return True
    if path[0].name == ALL:
        return bool(pa.types.is_nested(kind))
    step, rest = path[0], path[1:]
    if pa.types.is_map(kind):
        return not surely and _leads(kind.item_type, rest)
    if pa.types.is_struct(kind):
        inner = next((field.type for field in kind if plain_name(field.name) == plain_name(step.name)), None)
        chooses = step.key or step.place is not None  # of elements, which there may be or not
        return inner is not None and not (chooses and surely) and _leads(inner, rest, surely=surely)
    if pa.types.is_union(kind):
        return not surely
    return bool(pa.types.is_nested(kind)) and _leads(kind.value_type, path, surely=surely)


def _is_blank(column: pa.StringArray) -> pa.BooleanArray:
    return pc.equal(pc.binary_length(pc.ascii_trim_whitespace(column)), 0)


def _cast_text(column: pa.Array) -> pa.StringArray:
    """A column of any type as strings: numbers as Arrow prints them, times as ISO 8601 in UTC, lists joined.

    UUIDs have their usual 36 characters; of other extension types it is what they are stored as that counts.
    """
    kind: Any = column.type
    if pa.types.is_dictionary(kind):
        return _cast_text(column.dictionary_decode())
    if isinstance(kind, pa.BaseExtensionType):
        if kind.extension_name != _UUID:
            return _cast_text(column.storage)
        raw = column.storage.to_pylist()
        return pa.array([None if value is None else str(UUID(bytes=value)) for value in raw], type=pa.string())
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_fixed_size_binary(kind):
        whole = pc.fill_null(column.cast(pa.binary()), b"")
        return pa.StringArray.from_buffers(len(whole), *whole.buffers()[1:], offset=whole.offset)
    if pa.types.is_timestamp(kind):
        utc = column if kind.tz is None else column.cast(pa.timestamp(kind.unit, tz="UTC"))
        return utc.cast(pa.timestamp(kind.unit)).cast(pa.timestamp("us"), safe=False).cast(pa.string())
    if pa.types.is_nested(kind):
        values = [text_of(_plain_value(value)) for value in column.to_pylist()]
        return pa.array(values, type=pa.string())
    return column.cast(pa.string())


def _plain_value(value: object) -> object:
    """A nested value as JSON would have it, so that text_of finds its way."""
    if isinstance(value, bytes):
        return decode_text(value)
    if isinstance(value, list):
        if value and all(isinstance(item, tuple) and len(item) == _PAIR for item in value):  # a map's
            value = dict(value)
        else:
            return [_plain_value(item) for item in value]
    if isinstance(value, dict):
        return {str(_plain_value(key)): _plain_value(item) for key, item in value.items()}
    return value
