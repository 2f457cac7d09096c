"""Pairs of stories -> those that are duplicates: the facts of both are brought together, and judged."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from dedup.kernels.native.pairs import verify_pairs
from dedup.settings import Settings
from dedup.spark.buckets import PAIR_SCHEMA, PAIRS
from dedup.spark.parcels import Sender, Tables, column, part_of
from dedup.spark.signatures import FACTS, facts_of
from dedup.verdict import judgement

_HOSTS, _GUESTS = "hosts", "guests"
JUDGED = ("row", "horizon", *FACTS)
"""Columns of stories that pairs are judged by."""


def scatter_facts(batches: Iterable[pa.RecordBatch], parts: int) -> Iterator[pa.RecordBatch]:
    """Send the facts of stories to their parts; columns `JUDGED`."""
    sender = Sender(parts)
    for batch in batches:
        chosen = batch.select(list(JUDGED))
        yield from sender.send(_HOSTS, part_of(chosen.column("row").to_numpy(), parts), chosen)
    yield from sender.flush()


def scatter_pairs(batches: Iterable[pa.RecordBatch], parts: int) -> Iterator[pa.RecordBatch]:
    """Send pairs of stories, columns story and other, to the part of the first."""
    sender = Sender(parts)
    for batch in batches:
        yield from sender.send(PAIRS, part_of(batch.column("story").to_numpy(), parts), batch)
    yield from sender.flush()


def send_guests(tables: Tables, parts: int) -> Iterator[pa.RecordBatch]:
    """Send the stories of one part, and their pairs, to the parts of the other stories: facts once a part at most."""
    if PAIRS not in tables:
        return
    sender = Sender(parts)
    hosts, pairs = tables[_HOSTS], tables[PAIRS]
    target = part_of(column(pairs, "other"), parts)
    yield from sender.send(PAIRS, target, pairs.combine_chunks().to_batches()[0])
    rows = column(hosts, "row")
    order = np.argsort(rows)
    places = order[np.searchsorted(rows[order], column(pairs, "story"))]
    calls = np.unique((places << 32) | target)
    for some in np.array_split(calls, max(1, len(calls) >> 16)):
        guests = hosts.take(pa.array(some >> 32)).combine_chunks().to_batches()
        for batch in guests:
            yield from sender.send(_GUESTS, (some & 0xFFFFFFFF).astype(np.int32), batch)
    yield from sender.flush()


def judge_part(tables: Tables, settings: Settings) -> Iterator[pa.RecordBatch]:
    """The pairs of one part that are duplicates, of `PAIR_SCHEMA`."""
    if PAIRS not in tables:
        return
    pairs = tables[PAIRS]
    guests, hosts = tables[_GUESTS], tables[_HOSTS]
    stories, others = column(pairs, "story"), column(pairs, "other")
    wanted = np.isin(column(hosts, "row"), others)
    hosts = hosts.filter(pa.array(wanted))
    guest_places = _places(column(guests, "row"), stories)
    host_places = guests.num_rows + _places(column(hosts, "row"), others)
    facts = facts_of(pa.concat_tables([guests, hosts]))
    horizons = column(guests, "horizon")[guest_places]
    same = np.empty(len(stories), dtype=np.bool_)
    verify_pairs(facts, guest_places, host_places, horizons, judgement(settings), same)
    columns = [pa.array(stories[same]), pa.array(others[same])]
    yield pa.RecordBatch.from_arrays(columns, schema=PAIR_SCHEMA)


def _places(rows: NDArray[np.int64], wanted: NDArray[np.int64]) -> NDArray[np.int64]:
    """int64[m], where each value is among others in any order."""
    order = np.argsort(rows)
    return np.asarray(order[np.searchsorted(rows[order], wanted)])
