"""Arrow tables packed for Spark to carry: it moves a few large parcels between tasks instead of many small rows.

Every stage sends what it found to parts, each of which is worked on as a whole by one task. So Spark partitions,
shuffles, retries and spills, and all else is arrays.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

SCHEMA = pa.schema([("part", pa.int32()), ("kind", pa.string()), ("payload", pa.binary())])
DDL = "part int, kind string, payload binary"
_BUFFERED = 32 << 20  # bytes of tables gathered before they are cut into parcels: fewer are larger
_LARGEST = 1 << 20  # bytes of a parcel, about

Tables = Mapping[str, pa.Table]
Work = Callable[[int, Tables], Iterable[pa.RecordBatch]]


def mix(values: NDArray[Any]) -> NDArray[np.uint64]:
    """uint64[n]: the bits of n integers, spread (MurmurHash3's finaliser)."""
    h = values.astype(np.uint64)
    h = (h ^ (h >> np.uint64(33))) * np.uint64(0xFF51AFD7ED558CCD)
    h = (h ^ (h >> np.uint64(33))) * np.uint64(0xC4CEB9FE1A85EC53)
    return np.asarray(h ^ (h >> np.uint64(33)))


def part_of(values: NDArray[Any], parts: int) -> NDArray[np.int32]:
    """int32[n]: the part that works on each value, 0..parts - 1."""
    return np.asarray((mix(values) >> np.uint64(7)) % np.uint64(parts)).astype(np.int32)


class Sender:
    """Gathers tables by kind and cuts them into parcels by part."""

    def __init__(self, parts: int) -> None:
        self._parts = parts
        self._waiting: dict[str, list[tuple[NDArray[np.int32], pa.RecordBatch]]] = {}
        self._bytes = 0

    def send(self, kind: str, targets: NDArray[np.int32], batch: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
        """Hand over rows for parts, int32[n]; yields parcels when enough have come together."""
        if batch.num_rows:
            self._waiting.setdefault(kind, []).append((targets, batch))
            self._bytes += batch.nbytes
        if self._bytes > _BUFFERED:
            yield from self.flush()

    def flush(self) -> Iterator[pa.RecordBatch]:
        """The parcels of all that waits."""
        for kind, pieces in self._waiting.items():
            targets = np.concatenate([piece[0] for piece in pieces])
            table = pa.Table.from_batches([piece[1] for piece in pieces])
            yield from _cut(kind, targets, table, self._parts)
        self._waiting, self._bytes = {}, 0


def _cut(kind: str, targets: NDArray[np.int32], table: pa.Table, parts: int) -> Iterator[pa.RecordBatch]:
    order = np.argsort(targets, kind="stable")
    table = table.take(pa.array(order)).combine_chunks()
    bounds = np.searchsorted(targets[order], np.arange(parts + 1))
    step = max(1, _LARGEST * table.num_rows // max(1, table.nbytes))
    for part in np.flatnonzero(np.diff(bounds)).tolist():
        payloads = [
            _pack(table.slice(first, min(step, bounds[part + 1] - first)))
            for first in range(bounds[part], bounds[part + 1], step)
        ]
        columns = [pa.array([part] * len(payloads), pa.int32()), pa.array([kind] * len(payloads)), pa.array(payloads)]
        yield pa.RecordBatch.from_arrays(columns, schema=SCHEMA)


def _pack(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return bytes(memoryview(sink.getvalue()))


def _unpack(payload: pa.Scalar) -> pa.Table:
    return pa.ipc.open_stream(payload.as_buffer()).read_all()


def by_part(work: Work) -> Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    """A function for `mapInArrow` that does some work on each part as a whole, once all its parcels are there."""

    def run(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        part = -1
        tables: dict[str, list[pa.Table]] = {}
        for batch in batches:
            numbers, kinds, payloads = (batch.column(name) for name in SCHEMA.names)
            for row, number in enumerate(numbers.to_pylist()):
                if number != part:
                    if tables:
                        yield from work(part, {kind: pa.concat_tables(some) for kind, some in tables.items()})
                    part, tables = number, {}
                tables.setdefault(kinds[row].as_py(), []).append(_unpack(payloads[row]))
        if tables:
            yield from work(part, {kind: pa.concat_tables(some) for kind, some in tables.items()})

    return run


def unpack(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """The rows in parcels of one kind, a function for `mapInArrow`."""
    for batch in batches:
        for payload in batch.column("payload"):
            yield from _unpack(payload).to_batches()


def exchange(parcels: DataFrame, parts: int) -> DataFrame:
    """The parcels, each part's in one task and in a row."""
    return parcels.repartition(parts, "part").sortWithinPartitions("part")


def column(table: pa.Table, name: str) -> NDArray[Any]:
    """A column of numbers without nulls, as an array."""
    return np.asarray(table.column(name).to_numpy())


def unique_rows(*columns: NDArray[Any]) -> NDArray[np.int64]:
    """int64[m]: the places of n rows that are left when equal ones count once, in ascending order of the rows."""
    order = np.lexsort(columns[::-1])
    if not len(order):
        return order
    changes = np.zeros(len(order) - 1, dtype=np.bool_)
    for values in columns:
        changes |= values[order[1:]] != values[order[:-1]]
    return np.asarray(order[np.r_[True, changes]])
