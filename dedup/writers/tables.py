"""Batches of one schema as Parquet or Arrow IPC."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import BinaryIO

import pyarrow as pa

from dedup.errors import SettingsError
from dedup.readers.sniff import ARROW, ARROW_STREAM, PARQUET

TABLES = (PARQUET, ARROW, ARROW_STREAM)
"""The formats that `write_batches` writes."""


def write_batches(batches: Iterable[pa.RecordBatch], schema: pa.Schema, wanted: str, out: BinaryIO) -> None:
    """Write batches of one schema as Parquet or Arrow IPC, a file or a stream.

    Raises:
        SettingsError: the format cannot hold them.
    """
    check_schema(schema, wanted)
    sink = pa.PythonFile(out, mode="w")
    try:
        if wanted == PARQUET:
            import pyarrow.parquet as pq

            with pq.ParquetWriter(sink, schema) as writer:
                for batch in batches:
                    if batch.num_rows:
                        writer.write_batch(batch)
            return
        with (pa.ipc.new_stream if wanted == ARROW_STREAM else pa.ipc.new_file)(sink, schema) as writer:
            for batch in batches:
                writer.write_batch(batch)
    except pa.ArrowException as exc:
        reason = str(exc).splitlines()[0][:200]
        raise SettingsError(f"the rows cannot be written as {wanted} ({reason}); {_ELSEWHERE}") from exc


_ELSEWHERE = "write to a file ending in .jsonl or .arrows"


def check_schema(schema: pa.Schema, wanted: str) -> None:
    """Refuse columns that the format wanted has no type for; Arrow IPC has all.

    Raises:
        SettingsError: naming the column and its type.
    """
    if wanted != PARQUET or _is_parquet(schema):
        return
    for field in schema:
        if not _is_parquet(pa.schema([field])):
            raise SettingsError(f'column "{field.name}" of the type {field.type} is none for Parquet; {_ELSEWHERE}')


def _is_parquet(schema: pa.Schema) -> bool:
    import pyarrow.parquet as pq

    try:
        pq.ParquetWriter(pa.BufferOutputStream(), schema).close()
    except pa.ArrowException:
        return False
    return True


def find_changing(batches: Iterable[pa.RecordBatch], schema: pa.Schema) -> set[int]:
    """The dictionary columns whose dictionary changes from batch to batch; a file of Arrow IPC has room for one."""
    first: dict[int, pa.Array] = {}
    changing: set[int] = set()
    for batch in batches:
        for place, field in enumerate(schema):
            if pa.types.is_dictionary(field.type) and place not in changing:
                dictionary = batch.column(place).dictionary
                if not first.setdefault(place, dictionary).equals(dictionary):
                    changing.add(place)
    return changing


def without_dictionaries(schema: pa.Schema, places: set[int]) -> pa.Schema:
    """The schema with values in these columns instead of a dictionary of them."""
    fields = [field.with_type(field.type.value_type) if k in places else field for k, field in enumerate(schema)]
    return pa.schema(fields, schema.metadata)


def decode(batches: Iterable[pa.RecordBatch], schema: pa.Schema, places: set[int]) -> Iterator[pa.RecordBatch]:
    """The batches in the schema of `without_dictionaries`."""
    for batch in batches:
        columns = [column.dictionary_decode() if k in places else column for k, column in enumerate(batch.columns)]
        yield pa.RecordBatch.from_arrays(columns, schema=schema)
