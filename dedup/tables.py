"""Room in the table of buckets in which the pass finds leaders: made at once, or a little at a time."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from dedup.kernels.native.table import LEVELS, Table, Undo, carry, rehash

FULLEST = 0.6  # share of slots taken
MOST_COPIED = 255  # leaders of equal content: of a series, beyond the window or without a date there may be many
_FEWEST = 1 << 10
_PIECES = 4  # slices of time a story looks into: before, own, after, and that of undated stories


def empty_table() -> Table:
    """Of a few slots, all free."""
    return Table(
        slots=np.zeros((_FEWEST, 2), dtype=np.int64),
        leaders=np.empty(0, dtype=np.int32),
        used=np.zeros(2, dtype=np.int64),
    )


def most_found(bands: int, limit: int) -> int:
    """Most leaders that a story meets in a table, if a bucket holds so many."""
    return bands * limit * _PIECES * LEVELS + _PIECES * MOST_COPIED


def slots_for(used: int) -> int:
    """How many slots hold so many in use: a power of two."""
    return 1 << int(used / FULLEST).bit_length()


def with_slots(table: Table, slots: int) -> Table:
    """The table, or one of so many slots, a power of two, if that is more."""
    if slots <= table.slots.shape[0]:
        return table
    larger = np.zeros((slots, 2), dtype=np.int64)
    rehash(table.slots, larger, 0, table.slots.shape[0])
    return table._replace(slots=larger)


def with_leaders(table: Table, more: int) -> Table:
    """The table, or one with room for so many leaders more."""
    used, leaders = int(table.used[0]), table.leaders
    if used + more <= leaders.shape[0]:
        return table
    longer = np.empty(max(used + more, 2 * leaders.shape[0]), dtype=np.int32)
    longer[:used] = leaders[:used]
    return table._replace(leaders=longer)


class Growth:
    """A table on its way into more slots: some are moved whenever stories come, so that none waits for all of them."""

    def __init__(self, slots: int) -> None:
        """Begin with so many slots, a power of two, that are free."""
        self.slots = np.zeros((slots, 2), dtype=np.int64)
        self._moved = 0

    def step(self, table: Table, undo: Undo, share: float) -> Table | None:
        """Move some more of the old slots; the table in its new ones once all are there, else None.

        Args:
            table: in its old slots.
            undo: notes what was entered since the last step, and what was not taken back of that.
            share: of those not yet moved, 0..1.
        """
        old, size = table.slots, table.slots.shape[0]
        carry(old, undo.slots, int(undo.count[0]), self.slots, self._moved)
        until = min(size, self._moved + math.ceil(share * (size - self._moved)))
        rehash(old, self.slots, self._moved, until)
        self._moved = until
        return table._replace(slots=self.slots) if until == size else None


def lengthened(seen: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    """The array, or a longer copy with 0 in the new places."""
    if seen.shape[0] >= count:
        return seen
    longer = np.zeros(max(count, 2 * seen.shape[0]), dtype=np.int64)
    longer[: seen.shape[0]] = seen
    return longer
