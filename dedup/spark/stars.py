"""The two steps of `components`, as work on parcels."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import numpy as np
import pyarrow as pa

from dedup.spark.buckets import PAIR_SCHEMA
from dedup.spark.components import Edges, connect
from dedup.spark.parcels import Sender, Tables, column, part_of

COMPONENT_SCHEMA = pa.schema([("row", pa.int64()), ("component", pa.int64())])
COMPONENT_DDL = "row long, component long"
_ENDS = "ends"
Step = Callable[..., Edges]


def scatter_ends(batches: Iterable[pa.RecordBatch], send: Step, parts: int) -> Iterator[pa.RecordBatch]:
    """Send edges, columns story and other, to the parts of the ends by which a step takes them."""
    sender = Sender(parts)
    for batch in batches:
        nodes, neighbours = send(*(np.asarray(batch.column(name).to_numpy()) for name in PAIR_SCHEMA.names))
        ends = pa.RecordBatch.from_arrays([pa.array(nodes), pa.array(neighbours)], schema=PAIR_SCHEMA)
        yield from sender.send(_ENDS, part_of(nodes, parts), ends)
    yield from sender.flush()


def star_work(step: Step, _: int, tables: Tables) -> Iterator[pa.RecordBatch]:
    """The edges that a step makes of those of one part's nodes."""
    left, right = step(*(column(tables[_ENDS], name) for name in PAIR_SCHEMA.names))
    yield pa.RecordBatch.from_arrays([pa.array(left), pa.array(right)], schema=PAIR_SCHEMA)


def component_work(_: int, tables: Tables) -> Iterator[pa.RecordBatch]:
    """The component of every node, where one part has all edges."""
    nodes, components = connect(*(column(tables[_ENDS], name) for name in PAIR_SCHEMA.names))
    yield pa.RecordBatch.from_arrays([pa.array(nodes), pa.array(components)], schema=COMPONENT_SCHEMA)
