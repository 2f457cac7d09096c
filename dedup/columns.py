"""Arrays of one row a story that grow at their end and are cut back there: the memory of an index."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

_FEWEST = 1 << 10
_GROWTH, _LARGE = 4, 1 << 16  # times the room that is full, until it is large
_LATER_GROWTH = 1.5  # a large window is copied now and then, and never doubles


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

    def lengthen(self, count: int) -> None:
        """Add rows that are to be written."""
        if self.count + count > self._room:
            growth = _GROWTH if self._room < _LARGE else _LATER_GROWTH
            self._make_room(max(_FEWEST, self.count + count, int(growth * self._room)))
        self.count += count

    def reserve(self, count: int) -> None:
        """Have room for so many rows more; it takes addresses, and memory once they are written."""
        if self.count + count > self._room:
            self._make_room(self.count + count)

    def _make_room(self, room: int) -> None:
        self._room = room
        self.arrays = {name: _longer(array, self.count, room) for name, array in self.arrays.items()}

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
        self.arrays = {name: array[: self.count][keep] for name, array in self.arrays.items()}
        self.count = self._room = int(np.count_nonzero(keep))

    @property
    def nbytes(self) -> int:
        """Bytes of the rows."""
        return sum(self[name].nbytes for name in self.arrays)


def _longer(array: NDArray[Any], used: int, room: int) -> NDArray[Any]:
    longer = np.empty((room, *array.shape[1:]), dtype=array.dtype)
    longer[:used] = array[:used]
    return longer
