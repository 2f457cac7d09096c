"""Pieces of a feed parsed on a few threads, and handed on in their order."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

import pyarrow as pa

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
