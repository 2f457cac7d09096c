"""Arrays of one row a story that grow at their end and are cut back there: the memory of an index."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

_FEWEST, _GROWTH = 1 << 10, 4  # rows that there is room for, and times the room that is full, as long as that is small
_SMALL = 1 << 22  # bytes; what is larger gets, once,
_AMPLE = 1 << 30  # bytes of addresses, which take memory only as they are written: copying it would hold up a story
_LATER_GROWTH = 1.5  # beyond that: copied now and then, and never doubled


class Columns:
    """Named arrays of `count` rows with room behind.

    Attributes:
        count: rows in use.
        arrays: with the room; another mapping once they are longer.
    """

    def __init__(self, columns: Mapping[str, NDArray[Any]]) -> None:
        """Begin with the rows of some arrays of one length, none or more."""
        self.arrays = dict(columns)
        self.count = self._room = len(next(iter(columns.values())))
        self._row = sum(array[:0].itemsize * math.prod(array.shape[1:]) for array in columns.values())  # bytes

    def lengthen(self, count: int) -> None:
        """Add rows that are to be written."""
        if self.count + count > self._room:
            self._make_room(max(self.count + count, self._larger(self._room)))
        self.count += count

    def reserve(self, count: int) -> None:
        """Have room for so many rows more; it takes addresses, and memory once they are written."""
        if self.count + count > self._room:
            self._make_room(self.count + count)

    def _larger(self, room: int) -> int:
        """How much room there is to be where so much is not enough."""
        if room * self._row < _SMALL:
            return max(_FEWEST, _GROWTH * room)
        return max(_AMPLE // self._row, int(_LATER_GROWTH * room))

    def _make_room(self, room: int) -> None:
        arrays = {name: np.empty((room, *array.shape[1:]), dtype=array.dtype) for name, array in self.arrays.items()}
        for name, array in arrays.items():
            array[: self.count] = self[name]
        self.arrays, self._room = arrays, room

    def extend(self, rows: Mapping[str, NDArray[Any]], count: int) -> None:
        """Add rows, a value or more for each column."""
        self.lengthen(count)
        for name, array in self.arrays.items():
            array[self.count - count : self.count] = rows[name]

    def __getitem__(self, name: str) -> NDArray[Any]:
        """The rows of one column; a view, good until the next call of `extend`."""
        return self.arrays[name][: self.count]

    def tail(self, name: str, first: int) -> NDArray[Any]:
        """The rows of one column from `first` on; as good for as long."""
        return self.arrays[name][first : self.count]

    def cut(self, count: int) -> None:
        """Let the rows behind the first `count` go."""
        self.count = count

    def select(self, keep: NDArray[np.bool_]) -> None:
        """Let all rows go but those of some flags, bool[count], and their room with them."""
        self.arrays = {name: self[name][keep] for name in self.arrays}
        self.count = self._room = int(np.count_nonzero(keep))

    @property
    def nbytes(self) -> int:
        """Bytes of the rows."""
        return sum(self[name].nbytes for name in self.arrays)
