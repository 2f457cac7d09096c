"""Kept rows as names and values, for another format than they came in: every field of a row is there, told apart.

JSON numbers, arrays and objects stay as they were written, so no digit is lost and nothing is spelled anew.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from dedup.errors import FeedError
from dedup.kernels.reference.fields import Number, decode_text
from dedup.readers import Feed

Row = dict[str, Any]

_ONE_LINE = bytes.maketrans(b"\r\n", b"  ")
_SPACE = re.compile(r"[ \t\r\n]*")
_STRING_OR_CONSTANT = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"|-?Infinity|NaN', re.DOTALL)
_DECODER = json.JSONDecoder(parse_int=Number, parse_float=Number, parse_constant=Number)


class Written(str):
    """A JSON array or object as it was written."""

    __slots__ = ()


def read_rows(feed: Feed, keep: NDArray[np.bool_]) -> Iterator[Row]:
    """The kept rows of a feed, each with a value for every field: also for those whose names are the same.

    Values of JSON are None, bool, `Number`, str or `Written`; of delimited text str; of a table what Arrow gives.

    Raises:
        FeedError: a row cannot be taken apart.
    """
    if feed.is_table:
        for batch in feed.kept_batches(keep):
            columns = [
                _column_values(feed, name, column)
                for name, column in zip(batch.schema.names, batch.columns, strict=True)
            ]
            names = unique_names(batch.schema.names)
            yield from (dict(zip(names, values, strict=True)) for values in zip(*columns, strict=True))
    elif feed.is_json:
        for raw in feed.kept_rows(keep):
            yield _members(feed, decode_text(raw))
    else:
        names = unique_names(feed.header)
        for raw in feed.kept_rows(keep):
            yield dict(zip(names, _split_record(decode_text(raw), feed.delimiter), strict=True))


def read_json(feed: Feed, keep: NDArray[np.bool_]) -> Iterator[bytes]:
    """The kept rows of a feed as JSON objects of one line each; those of a JSON feed stay as they were written."""
    if feed.is_json:
        for raw in feed.kept_rows(keep):
            yield plain_json(raw.translate(_ONE_LINE))
    else:
        for row in read_rows(feed, keep):
            yield json_text(row).encode("utf-8", "backslashreplace")


def column_names(feed: Feed) -> list[str]:
    """The columns that a feed has even where it has no rows."""
    return unique_names(feed.schema().names if feed.is_table else feed.header)


def unique_names(names: Iterable[str]) -> list[str]:
    """The names, with a number behind each that was there before.

    >>> unique_names(["title", "title", "title_2"])
    ['title', 'title_3', 'title_2']
    """
    names = list(names)
    taken = set(names)
    times: Counter[str] = Counter()
    unique = []
    for name in names:
        times[name] += 1
        chosen = name
        while times[name] > 1 and chosen in taken:
            chosen = f"{name}_{times[name]}"
            times[name] += chosen in taken
        taken.add(chosen)
        unique.append(chosen)
    return unique


def json_text(value: Any) -> str:
    """JSON for what a table or delimited text holds: times as ISO 8601, bytes as text, NaN and infinities by name."""
    return _quote_constants(json.dumps(value, ensure_ascii=False, default=plain_text))


def plain_text(value: Any) -> str:
    """The text of a value that JSON has no way to write."""
    if isinstance(value, bytes):
        return value.decode("utf-8", "backslashreplace")
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def plain_json(data: bytes) -> bytes:
    r"""JSON as it was written, but for the NaN and Infinity that only some parsers take: they become strings.

    >>> plain_json(b'{"title": "NaN", "score": NaN}')
    b'{"title": "NaN", "score": "NaN"}'
    """
    if b"NaN" not in data and b"Infinity" not in data:
        return data
    return _quote_constants(data.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")


def _quote_constants(text: str) -> str:
    if "NaN" not in text and "Infinity" not in text:
        return text
    return _STRING_OR_CONSTANT.sub(lambda found: found[0] if found[0][0] == '"' else f'"{found[0]}"', text)


def _members(feed: Feed, text: str) -> Row:
    """The members of the JSON object that a row holds."""
    names, values = [], []
    at = _skip(text, _skip(text, 0) + 1)
    while text[at] != "}":
        name, at = _decode(feed, text, at)
        start = _skip(text, _skip(text, at) + 1)
        value, end = _decode(feed, text, start)
        names.append(name)
        values.append(Written(_quote_constants(text[start:end])) if isinstance(value, (list, dict)) else value)
        at = _skip(text, end)
        at = _skip(text, at + 1) if text[at] == "," else at
    return dict(zip(unique_names(names), values, strict=True))


def _skip(text: str, at: int) -> int:
    """The first place from `at` on that is not JSON white space."""
    return _SPACE.match(text, at).end()  # type: ignore[union-attr]  # it always matches


def _decode(feed: Feed, text: str, start: int) -> tuple[Any, int]:
    try:
        return _DECODER.raw_decode(text, start)
    except RecursionError as exc:
        raise FeedError(feed.path, "holds a row that is nested too deep to convert; write JSON lines instead") from exc


def _split_record(record: str, delimiter: str) -> list[str]:
    """The fields of a record, however long: csv refuses those over a limit that holds for the whole process."""
    usual = csv.field_size_limit(max(len(record), csv.field_size_limit()))
    try:
        return next(csv.reader(io.StringIO(record, newline=""), delimiter=delimiter), [])
    finally:
        csv.field_size_limit(usual)


def _column_values(feed: Feed, name: str, column: pa.Array) -> list[Any]:
    """A column's values; as text where Python has none for them, such as nanoseconds, the year 0 and invalid UTF-8."""
    try:
        return _without_nanoseconds(column).to_pylist()  # type: ignore[no-any-return]
    except (ValueError, OverflowError, LookupError) as exc:  # those of Arrow among them
        if isinstance(exc, LookupError) and pa.types.is_timestamp(column.type) and column.type.tz != "UTC":
            return _column_values(feed, name, column.cast(pa.timestamp(column.type.unit, "UTC")))  # no zone known
        try:
            texts = column.cast(pa.string()).cast(pa.binary()).to_pylist()
        except pa.ArrowException:
            raise FeedError(
                feed.path, f'its column "{name}" cannot be converted ({exc}); write Parquet or Arrow IPC instead'
            ) from exc
        return [None if text is None else text.decode("utf-8", "backslashreplace") for text in texts]


def _without_nanoseconds(column: pa.Array) -> pa.Array:
    """The column in microseconds: of nanoseconds Arrow makes pandas' values where pandas is installed, else Python's.

    Raises:
        ArrowInvalid: it says more than microseconds; a ValueError.
    """
    kind = column.type
    if pa.types.is_timestamp(kind) and kind.unit == "ns":
        return column.cast(pa.timestamp("us", kind.tz))
    if pa.types.is_duration(kind) and kind.unit == "ns":
        return column.cast(pa.duration("us"))
    return column
