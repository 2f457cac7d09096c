"""Kept rows in another format than they came in: all fields stay, what the new one cannot say becomes JSON text."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, BinaryIO

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from dedup.readers import Feed
from dedup.readers.sniff import ARROW, JSON_ARRAY, JSON_LINES, PARQUET, TSV
from dedup.writers.tables import write_batches

Row = dict[str, Any]
Flags = Sequence[NDArray[np.bool_]]
_CHUNK = 4096


def convert(feeds: Sequence[Feed], keep: Flags, wanted: str, out: BinaryIO) -> None:
    """Write the kept rows of feeds of any format in the format wanted.

    Columns are the fields of all rows together, in the order they were met; the rows are read twice for that.
    """
    if wanted in (JSON_LINES, JSON_ARRAY):
        _write_json(_rows(feeds, keep), wanted, out)
        return
    kinds = _find_kinds(_rows(feeds, keep))
    if wanted in (PARQUET, ARROW):
        _write_columns(feeds, keep, kinds, wanted, out)
    else:
        _write_delimited(_rows(feeds, keep), list(kinds), "\t" if wanted == TSV else ",", out)


def _rows(feeds: Sequence[Feed], keep: Flags) -> Iterator[Row]:
    for feed, flags in zip(feeds, keep, strict=True):
        if feed.is_table:
            for batch in feed.kept_batches(flags):
                yield from batch.to_pylist()
        elif feed.is_json:
            for raw in feed.kept_rows(flags):
                yield json.loads(raw.decode("utf-8", "replace"))
        else:
            for raw in feed.kept_rows(flags):
                values = _split_record(raw.decode("utf-8", "replace"), feed.delimiter)
                yield dict(zip(feed.header, values, strict=False))


def _split_record(record: str, delimiter: str) -> list[str]:
    """The fields of a record, however long: csv refuses those over a limit that holds for the whole process."""
    usual = csv.field_size_limit(max(len(record), csv.field_size_limit()))
    try:
        return next(csv.reader(io.StringIO(record, newline=""), delimiter=delimiter), [])
    finally:
        csv.field_size_limit(usual)


def _write_json(rows: Iterable[Row], wanted: str, out: BinaryIO) -> None:
    before, between, after = (b"", b"\n", b"\n") if wanted == JSON_LINES else (b"[\n", b",\n", b"\n]\n")
    first = True
    for row in rows:
        out.write((before if first else between) + _json(row).encode("utf-8", "backslashreplace"))
        first = False
    if not first:
        out.write(after)
    elif wanted == JSON_ARRAY:
        out.write(b"[]\n")


def _json(value: Any) -> str:
    """JSON text; times as ISO 8601, bytes as text."""
    return json.dumps(value, ensure_ascii=False, default=_plain)


def _plain(value: Any) -> str:
    if isinstance(value, bytes):
        return value.decode("utf-8", "backslashreplace")
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def _write_delimited(rows: Iterable[Row], names: list[str], delimiter: str, out: BinaryIO) -> None:
    text = io.TextIOWrapper(out, encoding="utf-8", errors="backslashreplace", newline="", write_through=True)
    writer = csv.writer(text, delimiter=delimiter, lineterminator="\n")
    try:
        writer.writerow(names)
        for row in rows:
            writer.writerow([_cell(row.get(name)) for name in names])
    finally:
        text.detach()  # else it would close the stream, which is not its own


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, (bool, list, dict)):
        return _json(value)
    return _plain(value) if not isinstance(value, str) else value


def _write_columns(
    feeds: Sequence[Feed], keep: Flags, kinds: dict[str, pa.DataType], wanted: str, out: BinaryIO
) -> None:
    schema = pa.schema([pa.field(name, kind) for name, kind in kinds.items()])

    def batches() -> Iterator[pa.RecordBatch]:
        rows = _rows(feeds, keep)
        while chunk := list(islice(rows, _CHUNK)):
            columns = [
                pa.array([_valued(row.get(name), kind) for row in chunk], type=kind) for name, kind in kinds.items()
            ]
            yield pa.RecordBatch.from_arrays(columns, schema=schema)

    write_batches(batches(), schema, wanted, out)


def _find_kinds(rows: Iterable[Row]) -> dict[str, pa.DataType]:
    """The type of every field met, in this order: the simple one that all its values share, else text."""
    met: dict[str, set[type]] = {}
    for row in rows:
        for name, value in row.items():
            kinds = met.setdefault(name, set())
            if isinstance(value, int) and not -(2**63) <= value < 2**63:
                kinds.add(str)
            elif value is not None:
                kinds.add(type(value))
    return {name: _column_type(kinds) for name, kinds in met.items()}


def _column_type(kinds: set[type]) -> pa.DataType:
    if kinds == {bool}:
        return pa.bool_()
    if kinds == {int}:
        return pa.int64()
    if kinds and kinds <= {int, float}:
        return pa.float64()
    return pa.string()


def _valued(value: Any, kind: pa.DataType) -> Any:
    if value is None or kind != pa.string():
        return value
    return _cell(value).encode("utf-8", "replace").decode()
