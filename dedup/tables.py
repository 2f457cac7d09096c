"""Room in the tables of buckets in which the pass finds leaders: made at once, or a little at a time."""

from __future__ import annotations

import math
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from dedup.kernels.native.buckets import carry, spread
from dedup.kernels.native.table import BANDS, LEADERS, LEVELS, LISTS, NOTED_BUCKETS, SLOTS, Table, Undo, rehash

FULLEST = 0.7  # share of places taken, of all that there are
_CROWDED = 0.9  # of those of one band: a URL is each story's own, but copies share their other keys
MOST_COPIED = 255  # leaders of equal content: of a series, beyond the window or without a date there may be many
_FEWEST = 1 << 6
_T = TypeVar("_T", bound=np.generic)
_PIECES = 4  # slices of time a story looks into: before, own, after, and that of undated stories


def empty_table(bands: int) -> Table:
    """Of a few places, all free."""
    return Table(
        buckets=np.zeros(bands * _FEWEST, dtype=np.uint64),
        lists=np.empty(0, dtype=np.int64),
        slots=np.zeros((_FEWEST, 2), dtype=np.int64),
        leaders=np.empty(0, dtype=np.int32),
        used=np.zeros(BANDS + bands, dtype=np.int64),
    )


def empty_undo() -> Undo:
    """Without room."""
    pair = np.empty((0, 2), dtype=np.int64)
    return Undo(pair, pair, np.empty((0, 3), dtype=np.int64), np.zeros(3, dtype=np.int64))


def with_notes(undo: Undo, keys: int, stories: int) -> Undo:
    """Room for what so many live keys, of so many stories, overwrite."""
    if keys + stories <= undo.slots.shape[0]:
        return undo
    return Undo(
        np.empty((keys, 2), dtype=np.int64),
        np.empty((keys, 2), dtype=np.int64),
        np.empty((keys + stories, 3), dtype=np.int64),
        undo.counts,
    )


def most_found(bands: int, limit: int) -> int:
    """Most leaders that a story meets in a table, if a bucket holds so many."""
    return bands * limit * _PIECES * LEVELS + _PIECES * MOST_COPIED


def places_for(used: float) -> int:
    """How many places hold so many in use: a power of two."""
    return 1 << int(used / FULLEST).bit_length()


def room_of_bands(table: Table) -> int:
    """Places that each band has; the kernel of this name is not compiled for one call."""
    return int(table.buckets.shape[0] // (table.used.shape[0] - BANDS))


def stories_taken(table: Table) -> float:
    """How many stories, each with a bucket of its own in all bands, take as much room as there is taken."""
    used = table.used[BANDS:]
    return max(float(used.mean()), int(used.max()) * FULLEST / _CROWDED)


def with_buckets(table: Table, room: int) -> Table:
    """The table, or one with so many places for the buckets of each band, a power of two, if that is more."""
    bands = table.used.shape[0] - BANDS
    if room <= room_of_bands(table):
        return table
    larger = np.zeros(bands * room, dtype=np.uint64)
    spread(table.buckets, larger, bands, 0, table.buckets.shape[0])
    return table._replace(buckets=larger)


def with_keys(table: Table, keys: int, stories: int, limit: int) -> Table:
    """The table, or one with room for all but the buckets of so many live keys more, of so many stories.

    Args:
        table: of now.
        keys: each with a list, a finer bucket, and leaders, whose places move to larger ones.
        stories: each with a content.
        limit: most leaders in a bucket.
    """
    slots = int(table.used[SLOTS]) + keys + stories
    if slots > FULLEST * table.slots.shape[0]:
        larger = np.zeros((places_for(slots), 2), dtype=np.int64)
        rehash(table.slots, larger)
        table = table._replace(slots=larger)
    lists = _longer(table.lists, int(table.used[LISTS]), keys)
    leaders = _longer(table.leaders, int(table.used[LEADERS]), 2 * (limit * keys + MOST_COPIED * stories))
    if lists is table.lists and leaders is table.leaders:
        return table
    return table._replace(lists=lists, leaders=leaders)


def _longer(array: NDArray[_T], used: int, more: int) -> NDArray[_T]:
    """The array, or a longer one with room for so many more behind those in use."""
    if used + more <= array.shape[0]:
        return array
    longer = np.empty(max(used + more, 2 * array.shape[0]), dtype=array.dtype)
    longer[:used] = array[:used]
    return longer


class Growth:
    """Buckets on their way to more room: some are moved whenever stories come, so that none waits for all of them."""

    def __init__(self, table: Table, room: int) -> None:
        """Begin with so many places for each band, a power of two, that are free."""
        self._bands = table.used.shape[0] - BANDS
        self.buckets = np.zeros(self._bands * room, dtype=np.uint64)
        self._moved = 0

    def step(self, table: Table, undo: Undo, share: float) -> Table | None:
        """Move some more of the old buckets; the table in its new room once all are there, else None.

        Args:
            table: in its old room.
            undo: notes what was entered since the last step, and what was not taken back of that.
            share: of those not yet moved, 0..1.
        """
        old, size = table.buckets, table.buckets.shape[0]
        carry(old, undo.buckets, int(undo.counts[NOTED_BUCKETS]), self.buckets, self._bands, self._moved)
        until = min(size, self._moved + math.ceil(share * (size - self._moved)))
        spread(old, self.buckets, self._bands, self._moved, until)
        self._moved = until
        return table._replace(buckets=self.buckets) if until == size else None


def lengthened(seen: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    """The array, or a longer copy with 0 in the new places."""
    if seen.shape[0] >= count:
        return seen
    longer = np.zeros(max(count, 2 * seen.shape[0]), dtype=np.int64)
    longer[: seen.shape[0]] = seen
    return longer
