"""Components -> clusters: the leader pass of every engine, over the stories of whole components."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from dedup.bands import Buckets, count_bands, find_copies
from dedup.clusters import LeaderPass
from dedup.kernels.native.leaders import Membership
from dedup.settings import Settings
from dedup.spark.parcels import Sender, Tables, column, part_of
from dedup.spark.signatures import FACTS, facts_of, slices
from dedup.verdict import judgement

DECISION_SCHEMA = pa.schema(
    [
        ("row", pa.int64()),
        ("component", pa.int64()),
        ("leader", pa.int64()),
        ("leader_slice", pa.int64()),
        ("score", pa.float32()),
        ("kind", pa.int32()),
    ]
)
DECISION_DDL = "row long, component long, leader long, leader_slice long, score float, kind int"
DECIDED = ("row", "horizon", "known_leader", "known_score", "known_kind", *FACTS)
"""Columns of stories that the pass takes."""
_STORIES, _MEETINGS = "stories", "meetings"
_MOST_A_BUCKET = 255  # stories that an entry of `Buckets` can count


def scatter_stories(batches: Iterable[pa.RecordBatch], parts: int) -> Iterator[pa.RecordBatch]:
    """Send the stories of components to their parts; columns component and `DECIDED`."""
    sender = Sender(parts)
    for batch in batches:
        chosen = batch.select(["component", *DECIDED])
        yield from sender.send(_STORIES, part_of(chosen.column("component").to_numpy(), parts), chosen)
    yield from sender.flush()


def scatter_meetings(batches: Iterable[pa.RecordBatch], parts: int) -> Iterator[pa.RecordBatch]:
    """Send pairs of stories that meet in buckets to the part of the component; columns component, story, other."""
    sender = Sender(parts)
    for batch in batches:
        yield from sender.send(_MEETINGS, part_of(batch.column("component").to_numpy(), parts), batch)
    yield from sender.flush()


def decide_part(tables: Tables, settings: Settings) -> Iterator[pa.RecordBatch]:
    """What the pass decides on the components of one part, of `DECISION_SCHEMA`.

    Components do not know of each other: no story of one is met by one of another, and no content is shared. So they
    are gone through at once, in feed order.
    """
    stories = tables[_STORIES]
    stories = stories.take(pa.array(np.argsort(column(stories, "row")))).combine_chunks()
    rows, components = column(stories, "row"), column(stories, "component")
    facts = facts_of(stories)
    known_leaders = column(stories, "known_leader")
    first = int(np.count_nonzero(known_leaders >= 0))  # stories decided by an earlier run come first in the feed
    membership = Membership(
        np.empty(len(rows), dtype=np.int32), np.zeros(len(rows), dtype=np.float32), np.zeros(len(rows), dtype=np.uint8)
    )
    leader_pass = LeaderPass(settings, judgement(settings))
    _, shared = find_copies(facts)
    if first:
        membership.leaders[:first] = np.searchsorted(rows, known_leaders[:first])
        membership.scores[:first] = column(stories, "known_score")[:first]
        membership.kinds[:first] = column(stories, "known_kind")[:first]
        nobody = np.empty(0, dtype=np.int64)
        buckets = _meetings(first, nobody, nobody, shared[:first], settings)
        leader_pass.decide(0, buckets, facts, membership, known=True)
    met, others = _met_within(tables, rows, components)
    buckets = _meetings(len(rows) - first, met - first, others, shared[first:], settings)
    leader_pass.decide(first, buckets, facts, membership, seen_from=column(stories, "horizon")[first:].copy())
    columns = [
        pa.array(rows),
        pa.array(components),
        pa.array(rows[membership.leaders]),
        pa.array(slices(facts.times[membership.leaders], settings)),
        pa.array(membership.scores),
        pa.array(membership.kinds.astype(np.int32)),
    ]
    yield pa.RecordBatch.from_arrays(columns, schema=DECISION_SCHEMA)


def _met_within(
    tables: Tables, rows: NDArray[np.int64], components: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Places of the two stories of each meeting within a component, each pair once, ascending."""
    if _MEETINGS not in tables:
        return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
    table = tables[_MEETINGS]
    stories, others = (np.searchsorted(rows, column(table, name)) for name in ("story", "other"))
    inside = others < len(rows)
    inside &= rows[np.minimum(others, len(rows) - 1)] == column(table, "other")
    inside[inside] = components[others[inside]] == components[stories[inside]]
    pairs = np.unique((stories[inside] << 32) | others[inside])
    return pairs >> 32, pairs & 0xFFFFFFFF


def _meetings(
    count: int, stories: NDArray[np.int64], others: NDArray[np.int64], shared: NDArray[np.bool_], settings: Settings
) -> Buckets:
    """Buckets for the pass in which each of n stories finds those it meets, and none is looked up in a table.

    Args:
        count: n.
        stories: int64[m], who meets, counted from the first of the n, ascending.
        others: int64[m], whom.
        shared: bool[n], whether another story has the same content.
        settings: for the bands.
    """
    each = np.bincount(stories, minlength=count).astype(np.int64)
    begins = np.concatenate([[0], np.cumsum(each)])
    entries_each = -(-each // _MOST_A_BUCKET)
    bounds = np.concatenate([[0], np.cumsum(entries_each)])
    nth = np.arange(bounds[-1]) - np.repeat(bounds[:-1], entries_each)
    starts = np.repeat(begins[:-1], entries_each) + nth * _MOST_A_BUCKET
    sizes = np.minimum(np.repeat(begins[1:], entries_each) - starts, _MOST_A_BUCKET)
    bands = count_bands(settings)
    return Buckets(
        members=others.astype(np.int32),
        entries=(starts << 8) + sizes,
        bounds=bounds.astype(np.int64),
        crowded=np.zeros((count, (bands + 31) // 32), dtype=np.uint32),
        keys=np.empty((0, bands), dtype=np.uint32),
        places=np.zeros(count, dtype=np.int64),
        shared=np.ascontiguousarray(shared),
    )
