"""Stories -> what is kept of them, as rows of a Spark table; and back into the arrays that the kernels take."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeVar

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from dedup.bands import count_bands
from dedup.batch import date_undated
from dedup.hashing import Hashed, hash_batch
from dedup.kernels.native.evidence import META, META_TOKENS, UNDATED, Facts
from dedup.kernels.native.facts import SECTIONS
from dedup.settings import Settings

DDL = (
    "split int, place long, id string, time long, latest long, content_high long, content_low long, "
    "preference int, tokens int, keys binary, hashes binary, sections binary, meta binary"
)
SCHEMA = pa.schema(
    [
        ("split", pa.int32()),
        ("place", pa.int64()),
        ("id", pa.string()),
        ("time", pa.int64()),
        ("latest", pa.int64()),
        ("content_high", pa.int64()),
        ("content_low", pa.int64()),
        ("preference", pa.int32()),
        ("tokens", pa.int32()),
        ("keys", pa.binary()),
        ("hashes", pa.binary()),
        ("sections", pa.binary()),
        ("meta", pa.binary()),
    ]
)
"""A story by its place in a split of the feed. `time` in microseconds since 1970, that of the story before it where it
has none, UNDATED before the first dated one of the split; `latest` of those before it in the split, likewise."""

FACTS = ("hashes", "sections", "meta", "time", "content_high", "content_low")
_T = TypeVar("_T", bound=np.generic)


def hash_stories(batches: Iterable[pa.RecordBatch], split: int, settings: Settings) -> Iterator[pa.RecordBatch]:
    """The rows of `SCHEMA` of one split of the feed, whose story batches come in order."""
    place, carried, latest = 0, int(UNDATED), int(UNDATED)
    for batch in batches:
        if not batch.num_rows:
            continue
        part = hash_batch(batch, settings)
        times = part.facts.times.copy()
        date_undated(times, carried)
        before = np.maximum.accumulate(np.concatenate([[latest], times]))
        yield _as_rows(part, split, place, times, before[:-1])
        place, carried, latest = place + batch.num_rows, int(times[-1]), int(before[-1])


def _as_rows(
    part: Hashed, split: int, place: int, times: NDArray[np.int64], latest: NDArray[np.int64]
) -> pa.RecordBatch:
    facts, count = part.facts, len(part.ids)
    content = facts.content.view(np.int64)
    columns = [
        pa.array(np.full(count, split, dtype=np.int32)),
        pa.array(np.arange(place, place + count)),
        part.ids,
        pa.array(times),
        pa.array(latest),
        pa.array(content[:, 0].copy()),
        pa.array(content[:, 1].copy()),
        pa.array(part.preference),
        pa.array(facts.meta[:, META_TOKENS].astype(np.int32)),
        _binary(np.ascontiguousarray(part.keys.T), np.full(count, 4 * part.keys.shape[0])),
        _binary(facts.hashes, 4 * np.diff(facts.bounds)),
        _binary(facts.sections, np.full(count, 2 * SECTIONS)),
        _binary(facts.meta, np.full(count, 4 * META)),
    ]
    return pa.RecordBatch.from_arrays(columns, schema=SCHEMA)


def _binary(values: NDArray[np.generic], sizes: NDArray[np.int64]) -> pa.Array:
    """An Arrow binary column of an array's bytes, cut into pieces of so many."""
    offsets = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int32)
    data = np.ascontiguousarray(values)
    return pa.BinaryArray.from_buffers(pa.binary(), len(sizes), [None, pa.py_buffer(offsets), pa.py_buffer(data)])


def bytes_of(column: pa.Array | pa.ChunkedArray) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """The bytes of a binary column back to back, and the size of each row."""
    if not isinstance(column, pa.ChunkedArray):
        return _bytes_of_chunk(column)
    chunks = [_bytes_of_chunk(chunk) for chunk in column.chunks]  # one of all would hold 2 GB at most
    if len(chunks) == 1:
        return chunks[0]
    data = [np.empty(0, dtype=np.uint8), *(found for found, _ in chunks)]
    return np.concatenate(data), np.concatenate([np.empty(0, dtype=np.int64), *(sizes for _, sizes in chunks)])


def _bytes_of_chunk(chunk: pa.Array) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    if not len(chunk):
        return np.empty(0, dtype=np.uint8), np.empty(0, dtype=np.int64)
    _, offsets, data = chunk.buffers()
    bounds = np.frombuffer(offsets, dtype=np.int32)[chunk.offset : chunk.offset + len(chunk) + 1]
    found = np.frombuffer(data, dtype=np.uint8) if data is not None else np.empty(0, dtype=np.uint8)
    return found[bounds[0] : bounds[-1]], np.diff(bounds).astype(np.int64)


def slices(times: NDArray[np.int64], settings: Settings) -> NDArray[np.int64]:
    """int64[n], the slice of time, one window long, of each story; UNDATED for undated ones."""
    found = np.zeros_like(times) if settings.window is None else times // settings.window_us
    return np.where(times == UNDATED, UNDATED, found)


def keys_of(batch: pa.RecordBatch, settings: Settings) -> NDArray[np.uint32]:
    """uint32[n, bands], the band keys."""
    return bytes_of(batch.column("keys"))[0].view(np.uint32).reshape(-1, count_bands(settings))


def facts_of(table: pa.Table) -> Facts:
    """The facts of all stories in a table that has the columns `FACTS`."""
    hashes, sizes = bytes_of(table.column("hashes"))
    content = np.empty((table.num_rows, 2), dtype=np.uint64)
    content[:, 0] = table.column("content_high").to_numpy().view(np.uint64)
    content[:, 1] = table.column("content_low").to_numpy().view(np.uint64)
    return Facts(
        hashes=_numbers(hashes, np.uint32),
        bounds=np.concatenate([[0], np.cumsum(sizes // 4)]).astype(np.int64),
        sections=_numbers(bytes_of(table.column("sections"))[0], np.uint16).reshape(-1, SECTIONS),
        meta=_numbers(bytes_of(table.column("meta"))[0], np.uint32).reshape(-1, META),
        times=np.array(table.column("time").to_numpy()),
        content=content,
    )


def _numbers(data: NDArray[np.uint8], kind: type[_T]) -> NDArray[_T]:
    """The bytes as numbers, aligned and writable as the kernels' compiled types have them."""
    return data.copy().view(kind)
