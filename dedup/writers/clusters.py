"""The verdict on every story, as JSON lines or Parquet."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

import pyarrow as pa
import pyarrow.compute as pc

from dedup.ahead import work_ahead
from dedup.readers.sniff import ARROW, PARQUET
from dedup.writers.outputs import named_format, open_output
from dedup.writers.tables import write_batches

_CHUNK = 1 << 14
_THREADS = 2  # besides the one that writes
_DIGITS = 4  # of the score


def write_clusters(table: pa.Table, destination: str) -> None:
    """Write a table of `RESULT_SCHEMA`, a line a story; Parquet or Arrow IPC if the destination's name says so.

    Args:
        table: id, cluster_id, canonical_id, verdict, kind, score.
        destination: a path, or "-" for standard output.
    """
    wanted = named_format(destination)
    with open_output(destination) as out:
        if wanted in (PARQUET, ARROW):
            write_batches(table.to_batches(max_chunksize=_CHUNK), table.schema, wanted, out)
            return
        batches = (batch for batch in table.to_batches(max_chunksize=_CHUNK) if batch.num_rows)
        with ThreadPoolExecutor(_THREADS) as pool:
            for lines in work_ahead(batches, _lines, pool, _THREADS):
                out.write(memoryview(lines))


def _lines(batch: pa.RecordBatch) -> pa.Buffer:
    """The JSON lines of a batch, built by columns."""
    pieces: list[pa.Array | str] = []
    for name in batch.schema.names:
        pieces += [", " if pieces else "{", f'"{name}": ', json_values(batch.column(name))]
    lines = pc.binary_join_element_wise(*pieces, "}\n", "")
    _, offsets, data = lines.buffers()
    first, last = lines.offset, lines.offset + len(lines)
    ends = memoryview(offsets).cast("B").cast("i")
    return data.slice(ends[first], ends[last] - ends[first])


def json_values(column: pa.Array) -> pa.StringArray:
    """A column's values as JSON."""
    if pa.types.is_floating(column.type):
        return pc.fill_null(pc.round(column.cast(pa.float64()), ndigits=_DIGITS).cast(pa.string()), "null")
    plain = pc.binary_join_element_wise('"', column, '"', "")
    odd = pc.match_substring_regex(column, r'["\\\\\x00-\x1f]')
    if pc.any(odd).as_py():
        spelled = [json.dumps(value, ensure_ascii=False) for value in column.to_pylist()]
        plain = pc.if_else(odd, pa.array(spelled, pa.string()), plain)
    return pc.fill_null(plain, "null")
