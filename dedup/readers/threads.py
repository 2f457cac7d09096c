"""Pieces of a feed parsed on a few threads, and handed on in their order."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import pyarrow as pa

from dedup.ahead import work_ahead
from dedup.readers.columns import Slice
from dedup.readers.rows import Parsed

_Piece = TypeVar("_Piece")


def number_rows(batches: Iterable[pa.RecordBatch]) -> Iterator[Slice]:
    """The batches, each with the number of rows before it."""
    first = 0
    for batch in batches:
        yield Slice(batch, first)
        first += batch.num_rows


def parse_ahead(pieces: Iterable[_Piece], parse: Callable[[_Piece], Parsed], threads: int) -> Iterator[Parsed]:
    """Parse on a few threads, in order; only a few pieces wait at a time."""
    with ThreadPoolExecutor(threads, thread_name_prefix="dedup-read") as pool:
        yield from work_ahead(pieces, parse, pool, threads)
