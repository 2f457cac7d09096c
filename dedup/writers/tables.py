"""Batches of one schema as Parquet or Arrow IPC."""

from __future__ import annotations

from collections.abc import Iterable
from typing import BinaryIO

import pyarrow as pa

from dedup.readers.sniff import PARQUET


def write_batches(batches: Iterable[pa.RecordBatch], schema: pa.Schema, wanted: str, out: BinaryIO) -> None:
    """Write batches of one schema as Parquet or Arrow IPC."""
    sink = pa.PythonFile(out, mode="w")
    if wanted == PARQUET:
        import pyarrow.parquet as pq

        with pq.ParquetWriter(sink, schema) as writer:
            for batch in batches:
                if batch.num_rows:
                    writer.write_batch(batch)
        return
    with pa.ipc.new_file(sink, schema) as writer:
        for batch in batches:
            writer.write_batch(batch)
