"""Kept rows in another format than they came in: all fields stay, what the new one cannot say becomes JSON text."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from math import isfinite
from typing import Any, BinaryIO

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from dedup.kernels.reference.fields import Number
from dedup.readers import Feed
from dedup.readers.sniff import JSON_ARRAY, JSON_LINES, TSV
from dedup.writers.rows import Row, column_names, json_text, plain_text, read_json, read_rows
from dedup.writers.tables import TABLES, write_batches

Flags = Sequence[NDArray[np.bool_]]
_CHUNK = 4096
_EXACT = 2**53  # a float holds every whole number up to here
_LONGEST_INT = 20  # characters of an int64


def convert(feeds: Sequence[Feed], keep: Flags, wanted: str, out: BinaryIO) -> None:
    """Write the kept rows of feeds of any format in the format wanted.

    Columns are those of tables and headers, then the fields of all rows in the order they were met; the rows are read
    twice for that.
    """
    if wanted in (JSON_LINES, JSON_ARRAY):
        pairs = zip(feeds, keep, strict=True)
        write_json((row for feed, flags in pairs for row in read_json(feed, flags)), wanted, out)
        return
    kinds = _find_kinds(feeds, keep)
    if wanted in TABLES:
        _write_columns(_rows(feeds, keep), kinds, wanted, out)
    else:
        _write_delimited(_rows(feeds, keep), list(kinds), "\t" if wanted == TSV else ",", out)


def write_json(rows: Iterable[bytes], wanted: str, out: BinaryIO) -> None:
    """Write JSON objects as lines or as an array."""
    before, between, after = (b"", b"\n", b"\n") if wanted == JSON_LINES else (b"[\n", b",\n", b"\n]\n")
    first = True
    for row in rows:
        out.write((before if first else between) + row)
        first = False
    if not first:
        out.write(after)
    elif wanted == JSON_ARRAY:
        out.write(b"[]\n")


def _rows(feeds: Sequence[Feed], keep: Flags) -> Iterator[Row]:
    for feed, flags in zip(feeds, keep, strict=True):
        yield from read_rows(feed, flags)


def _write_delimited(rows: Iterable[Row], names: list[str], delimiter: str, out: BinaryIO) -> None:
    if not names:
        return  # a feed of nothing: not even a header
    text = io.TextIOWrapper(out, encoding="utf-8", errors="backslashreplace", newline="", write_through=True)
    try:
        writer = csv.writer(_Lines(text), delimiter=delimiter, lineterminator="\r\n")
        writer.writerow(names)
        for row in rows:
            writer.writerow([_cell(row.get(name)) for name in names])
    finally:
        text.detach()  # else it would close the stream, which is not its own


class _Lines:
    """A text stream whose lines end in LF, though they are written with CR LF: csv quotes a CR only then."""

    def __init__(self, text: io.TextIOBase) -> None:
        self._text = text

    def write(self, line: str) -> int:
        """Write a line."""
        return self._text.write(line.removesuffix("\r\n") + "\n")


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, (bool, list, dict)):
        return json_text(value)
    return value if isinstance(value, str) else plain_text(value)


def _write_columns(rows: Iterator[Row], kinds: dict[str, pa.DataType], wanted: str, out: BinaryIO) -> None:
    schema = pa.schema([pa.field(_utf8(name), kind) for name, kind in kinds.items()])

    def batches() -> Iterator[pa.RecordBatch]:
        while chunk := list(islice(rows, _CHUNK)):
            columns = [
                pa.array([_valued(row.get(name), kind) for row in chunk], type=kind) for name, kind in kinds.items()
            ]
            yield pa.RecordBatch.from_arrays(columns, schema=schema)

    write_batches(batches(), schema, wanted, out)


def _valued(value: Any, kind: pa.DataType) -> Any:
    if value is None or kind == pa.bool_():
        return value
    if kind == pa.string():
        return _utf8(_cell(value))
    return int(value) if kind == pa.int64() else float(value)


def _utf8(text: str) -> str:
    """A text with its lone surrogates, which UTF-8 cannot say, spelled out."""
    return text.encode("utf-8", "backslashreplace").decode()


def _find_kinds(feeds: Sequence[Feed], keep: Flags) -> dict[str, pa.DataType]:
    """The type of every field met, in this order: the simple one that holds all its values, else text."""
    met: dict[str, set[str]] = {name: set() for feed in feeds for name in column_names(feed)}
    for row in _rows(feeds, keep):
        for name, value in row.items():
            kinds = met.setdefault(name, set())
            if value is not None:
                kinds.add(_kind(value))
    return {name: _column_type(kinds) for name, kinds in met.items()}


def _kind(value: Any) -> str:
    """What holds a value: "bool", "int" (and a float, exactly), "long" (no float), "float"; "text" for all else."""
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, Number) and value.lstrip("-").isdigit():
        value = int(value) if len(value) <= _LONGEST_INT else 2**63
    if isinstance(value, int):
        return "int" if abs(value) <= _EXACT else "long" if -(2**63) <= value < 2**63 else "text"
    if isinstance(value, Number):
        return "float" if _is_float(value) else "text"
    return "float" if isinstance(value, float) else "text"


def _is_float(number: Number) -> bool:
    """Whether a float holds a JSON number: 1e400 would become infinite, and 1e-400 zero."""
    value = float(number)
    if not isfinite(value):
        return not number[-1].isdigit()  # NaN and Infinity themselves
    return value != 0 or not number.lower().partition("e")[0].strip("-0.")


def _column_type(kinds: set[str]) -> pa.DataType:
    if kinds == {"bool"}:
        return pa.bool_()
    if kinds and kinds <= {"int", "long"}:
        return pa.int64()
    if kinds and kinds <= {"int", "float"}:
        return pa.float64()
    return pa.string()
