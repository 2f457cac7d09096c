"""Band keys -> the pairs of stories that share one, and the buckets too crowded to be told in pairs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from dedup.bands import next_bands
from dedup.kernels.native.crowds import LEVELS
from dedup.kernels.native.evidence import UNDATED
from dedup.settings import Settings
from dedup.spark.parcels import Sender, Tables, column, mix, part_of, unique_rows
from dedup.spark.signatures import keys_of, slices

REACH = 2  # slices of time between two stories that can meet: one to the leader of the other, one from it to that other
PAIRS, CROWDS, LINKS = "pairs", "crowds", "links"
PAIR_SCHEMA = pa.schema([("story", pa.int64()), ("other", pa.int64())])
PAIR_DDL = "story long, other long"
CROWD_SCHEMA = pa.schema(
    [("bucket", pa.int64()), ("row", pa.int64()), ("slice", pa.int64())]
    + [(f"finer_{level}", pa.int64()) for level in range(1, LEVELS)]
)
CROWD_DDL = ", ".join(f"{name} long" for name in CROWD_SCHEMA.names)
_BANDS, _CONTENTS = "bands", "contents"

Parcels = Iterator[pa.RecordBatch]


def scatter_keys(batches: Iterable[pa.RecordBatch], settings: Settings, parts: int) -> Iterator[pa.RecordBatch]:
    """Send every key of every story, and its content, to the part that has all stories of that key.

    Args:
        batches: columns row, time, keys, content_high, content_low.
        settings: for the window and the bands.
        parts: how many there are.
    """
    sender = Sender(parts)
    following = next_bands(settings)
    for batch in batches:
        rows = np.asarray(batch.column("row").to_numpy())
        when = slices(np.asarray(batch.column("time").to_numpy()), settings)
        keys = keys_of(batch, settings)
        at, band = np.nonzero(keys)
        buckets = (band.astype(np.uint64) << np.uint64(32)) | keys[at, band]
        columns = {"bucket": buckets, "row": rows[at], "slice": when[at]}
        for level in range(1, LEVELS):
            band = following[band]
            columns[f"finer_{level}"] = keys[at, band]
        yield from sender.send(_BANDS, part_of(buckets, parts), pa.RecordBatch.from_pydict(columns))
        high, low = (np.asarray(batch.column(f"content_{half}").to_numpy()) for half in ("high", "low"))
        some = np.flatnonzero((high != 0) | (low != 0))
        contents = mix(high[some].view(np.uint64) ^ mix(low[some].view(np.uint64)))
        columns = {"bucket": contents, "row": rows[some], "slice": when[some]}
        yield from sender.send(_CONTENTS, part_of(contents, parts), pa.RecordBatch.from_pydict(columns))
    yield from sender.flush()


def group_stories(tables: Tables, limit: int, first_new: int, parts: int) -> Iterator[pa.RecordBatch]:
    """What the stories of one part's buckets have to do with each other, as parcels.

    PAIRS, to the part of their later story: two stories of a bucket in reach of each other, in no crowd. CROWDS, to the
    part of their story: the members of buckets in which more than `limit` may be in reach of one another. LINKS:
    stories of equal content in reach of each other; all of a kind hang together.

    Args:
        tables: what `scatter_keys` sent.
        limit: most leaders in a bucket.
        first_new: stories before this row are decided, and in no need of pairs.
        parts: how many there are.
    """
    sender = Sender(parts)
    if _BANDS in tables:
        table = tables[_BANDS]
        bucket = column(table, "bucket")
        together = _shared(bucket)
        grouped = Grouped(bucket[together], column(table, "row")[together], column(table, "slice")[together])
        crowded = grouped.crowded(limit)
        members = together[grouped.order[crowded]]
        crowd = [column(table, name)[members].astype(np.int64) for name in CROWD_SCHEMA.names]
        batch = pa.RecordBatch.from_arrays([pa.array(values) for values in crowd], schema=CROWD_SCHEMA)
        yield from sender.send(CROWDS, part_of(crowd[1], parts), batch)
        for later, earlier in grouped.pairs(~crowded):
            new = later >= first_new
            yield from sender.send(PAIRS, part_of(later[new], parts), _pairs(later[new], earlier[new]))
    if _CONTENTS in tables:
        table = tables[_CONTENTS]
        bucket = column(table, "bucket")
        together = _shared(bucket)
        grouped = Grouped(bucket[together], column(table, "row")[together], column(table, "slice")[together])
        later, earlier = grouped.stars()
        yield from sender.send(LINKS, part_of(later, parts), _pairs(later, earlier))
    yield from sender.flush()


def unique_pairs(tables: Tables) -> Iterator[pa.RecordBatch]:
    """The pairs of one part, each once."""
    later, earlier = column(tables[PAIRS], "story"), column(tables[PAIRS], "other")
    left = unique_rows(later, earlier)
    yield _pairs(later[left], earlier[left])


def _pairs(later: NDArray[np.int64], earlier: NDArray[np.int64]) -> pa.RecordBatch:
    return pa.RecordBatch.from_arrays([pa.array(later), pa.array(earlier)], schema=PAIR_SCHEMA)


def _shared(buckets: NDArray[np.uint64]) -> NDArray[np.int64]:
    """The places of values that occur more than once."""
    order = np.argsort(buckets, kind="stable")
    equal = buckets[order[1:]] == buckets[order[:-1]]
    return np.asarray(order[np.r_[False, equal] | np.r_[equal, False]]) if len(order) else order


class Grouped:
    """Members of buckets, sorted by bucket and time, and cut into chains that reach from slice to slice.

    Attributes:
        order: int64[n], the place of each member in the arrays given.
    """

    def __init__(self, buckets: NDArray[np.uint64], rows: NDArray[np.int64], when: NDArray[np.int64]) -> None:
        self.order = np.lexsort((rows, when, buckets))
        self._rows, self._when = rows[self.order], when[self.order]
        count, buckets = len(self.order), buckets[self.order]
        undated = self._when == UNDATED  # they come first in their bucket, and are in everybody's reach
        begins = np.ones(count, dtype=np.bool_)
        begins[1:] = buckets[1:] != buckets[:-1]
        group = np.cumsum(begins) - 1
        self._timeless = (undated & begins)[begins][group] if count else undated
        apart = np.zeros(count, dtype=np.bool_)
        apart[1:] = (self._when[1:] - np.maximum(self._when[:-1], -(2**62)) > REACH) & ~self._timeless[1:]
        begins |= apart
        self._firsts = np.flatnonzero(begins)
        self._chain = np.cumsum(begins) - 1

    def crowded(self, limit: int) -> NDArray[np.bool_]:
        """bool[n], of the members in order: whether their chain has more than `limit` in reach of one slice."""
        count = len(self.order)
        if not count:
            return np.zeros(0, dtype=np.bool_)
        sizes = np.diff(np.r_[self._firsts, count])
        full = np.zeros(len(sizes), dtype=np.bool_)
        large = sizes[self._chain] > limit
        full[self._chain[large & self._timeless]] = True
        # member k + limit of a chain is in reach of member k: more than `limit` in slices s .. s + REACH
        at = np.arange(count - limit) if count > limit else np.arange(0)
        close = (self._chain[at + limit] == self._chain[at]) & ~self._timeless[at]
        close &= self._when[at + limit] - np.where(self._timeless[at], 0, self._when[at]) <= REACH
        full[self._chain[at[close]]] = True
        return np.asarray(full[self._chain])

    def pairs(self, which: NDArray[np.bool_]) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
        """Later and earlier story of all pairs in reach of each other, of chains for whose members `which` is set."""
        at = np.flatnonzero(which)
        step = 0
        while len(at):
            step += 1
            at = at[at + step < len(self.order)]
            at = at[self._chain[at + step] == self._chain[at]]
            near = self._timeless[at] | (self._when[at + step] - np.maximum(self._when[at], -(2**62)) <= REACH)
            at = at[near]
            one, other = self._rows[at], self._rows[at + step]
            yield np.maximum(one, other), np.minimum(one, other)

    def stars(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Every member but the first of its chain, and that first one: two stories of a pair, the later one first."""
        first = self._firsts[self._chain] if len(self._chain) else self._chain
        rest = np.flatnonzero(first != np.arange(len(first)))
        one, other = self._rows[rest], self._rows[first[rest]]
        return np.maximum(one, other), np.minimum(one, other)
