"""The kept rows of feeds: untouched where the format stays, converted where another is asked for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import compress
from typing import BinaryIO

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from dedup.errors import SettingsError
from dedup.readers import Feed
from dedup.readers.sniff import ARROW, ARROW_STREAM, CSV, JSON_ARRAY, JSON_LINES, TSV
from dedup.writers.conversion import convert, write_json
from dedup.writers.outputs import is_stdout, named_format, open_output
from dedup.writers.rows import plain_json
from dedup.writers.tables import TABLES, check_schema, decode, find_changing, without_dictionaries, write_batches

Flags = Sequence[NDArray[np.bool_]]


def check_columns(feeds: Sequence[Feed], destination: str) -> None:
    """Refuse tables whose rows `write_kept` could not write together, before they are read.

    Raises:
        SettingsError: Parquet or Arrow feeds have different columns, or one that the format wanted cannot hold.
    """
    if not all(feed.is_table for feed in feeds):
        return  # the others may turn out to be empty, or ask for lines
    telling = [feed for feed in feeds if feed.has_rows()] or feeds
    wanted = named_format(destination) or _common_format(telling)
    if wanted in TABLES:
        check_schema(_one_schema(telling, destination), wanted)


def write_kept(feeds: Sequence[Feed], keep: Flags, destination: str) -> None:
    """Write the rows that are kept, in input order.

    Args:
        feeds: read to their end.
        keep: for each feed bool[n], a flag for every story it handed on.
        destination: a path whose name may ask for a format and a compression, or "-" for standard output.

    Raises:
        FeedError: a feed changed since it was read.
        SettingsError: rows of several Parquet or Arrow feeds have different columns, or one that the format wanted
            cannot hold.
    """
    feeds, keep = _telling(feeds, keep)
    wanted = named_format(destination) or _common_format(feeds)
    with open_output(destination) as out:
        if wanted in (JSON_LINES, JSON_ARRAY) and all(feed.is_json for feed in feeds):
            _write_json(feeds, keep, wanted, out)
        elif wanted in (CSV, TSV) and _one_table(feeds, wanted):
            _write_delimited(feeds, keep, out)
        elif wanted in TABLES and all(feed.is_table for feed in feeds):
            _write_table(feeds, keep, wanted, destination, out)
        else:
            convert(feeds, keep, wanted, out)


def _telling(feeds: Sequence[Feed], keep: Flags) -> tuple[Sequence[Feed], Flags]:
    """The feeds that have a say in what the output looks like: those with stories, else with columns, else all."""
    for telling in ([feed.stats.rows > 0 for feed in feeds], [feed.is_table or feed.header != [] for feed in feeds]):
        if any(telling):
            return list(compress(feeds, telling)), list(compress(keep, telling))
    return feeds, keep


def _common_format(feeds: Sequence[Feed]) -> str:
    """The feeds' own format; JSON lines, which can hold any row, where they differ."""
    formats = {feed.format for feed in feeds}
    if (
        len(formats) > 1
        or all(feed.becomes_lines for feed in feeds)
        or (formats <= {CSV, TSV} and not _one_table(feeds, feeds[0].format))
    ):
        return JSON_LINES
    return ARROW_STREAM if all(feed.is_stream for feed in feeds) else formats.pop()


def _one_table(feeds: Sequence[Feed], wanted: str) -> bool:
    """Whether all feeds are delimited text of one header, and the delimiter that the format stands for."""
    first = feeds[0]
    if (wanted == TSV) != (first.delimiter == "\t"):
        return False
    return all(feed.delimiter == first.delimiter != "" and feed.header == first.header for feed in feeds)


def _write_json(feeds: Sequence[Feed], keep: Flags, wanted: str, out: BinaryIO) -> None:
    if wanted == JSON_LINES:
        for feed, flags in zip(feeds, keep, strict=True):
            for lines in feed.kept_lines(flags, one_line=feed.has_elements):
                out.write(lines if feed.format == wanted else plain_json(lines))
        return
    write_json(_elements(feeds, keep), wanted, out)


def _elements(feeds: Sequence[Feed], keep: Flags) -> Iterator[bytes]:
    """The kept rows of JSON feeds as elements of an array; those of an array or envelope are untouched."""
    for feed, flags in zip(feeds, keep, strict=True):
        rows = feed.kept_rows(flags)
        yield from rows if feed.has_elements else map(plain_json, rows)


def _write_delimited(feeds: Sequence[Feed], keep: Flags, out: BinaryIO) -> None:
    out.write(feeds[0].header_row)
    for feed, flags in zip(feeds, keep, strict=True):
        for lines in feed.kept_lines(flags):
            out.write(lines)


def _write_table(feeds: Sequence[Feed], keep: Flags, wanted: str, destination: str, out: BinaryIO) -> None:
    schema = _one_schema(feeds, destination)
    changing: set[int] = set()
    if wanted == ARROW and any(pa.types.is_dictionary(kind) for kind in schema.types):
        changing = find_changing(_batches(feeds, keep), schema)
    schema = without_dictionaries(schema, changing)
    write_batches(decode(_batches(feeds, keep), schema, changing), schema, wanted, out)


def _batches(feeds: Sequence[Feed], keep: Flags) -> Iterator[pa.RecordBatch]:
    for feed, flags in zip(feeds, keep, strict=True):
        yield from feed.kept_batches(flags)


def _one_schema(feeds: Sequence[Feed], destination: str) -> pa.Schema:
    """The schema that all tables have."""
    schema = feeds[0].schema()
    for feed in feeds[1:]:
        if not feed.schema().equals(schema):
            raise SettingsError(
                f"{feed.path} has other columns than {feeds[0].path}; write to {_as_lines(destination)}"
            )
    return schema


def _as_lines(destination: str) -> str:
    return "a file ending in .jsonl" if is_stdout(destination) else f"{destination}.jsonl"
