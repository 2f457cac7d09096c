"""Arrays of one row a story that grow at their end and are cut back there: the memory of an index."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

_FEWEST = 1 << 10
_GROWTH = 1.5  # times the room, once that is full: a large window is copied now and then, and never doubles


class Columns:
    """Named arrays of `count` rows with room behind.

    Attributes:
        count: rows in use.
    """

    def __init__(self) -> None:
        self.count = 0
        self._arrays: dict[str, NDArray[Any]] = {}
        self._room = 0

    def extend(self, rows: Mapping[str, NDArray[Any]], count: int) -> None:
        """Add rows; the first call says which columns there are, and of what type."""
        if not self._arrays:
            self._arrays = {name: np.empty((0, *array.shape[1:]), array.dtype) for name, array in rows.items()}
        end = self.count + count
        if end > self._room:
            self._room = max(_FEWEST, end, int(_GROWTH * self._room))
            self._arrays = {name: _longer(array, self.count, self._room) for name, array in self._arrays.items()}
        for name, array in self._arrays.items():
            array[self.count : end] = rows[name]
        self.count = end

    def __getitem__(self, name: str) -> NDArray[Any]:
        """The rows of one column; a view, good until the next call of `extend`."""
        return self._arrays[name][: self.count]

    def cut(self, count: int) -> None:
        """Let the rows behind the first `count` go."""
        self.count = count

    @property
    def nbytes(self) -> int:
        """Bytes of the arrays, their room included."""
        return sum(array.nbytes for array in self._arrays.values())


def _longer(array: NDArray[Any], used: int, room: int) -> NDArray[Any]:
    longer = np.empty((room, *array.shape[1:]), dtype=array.dtype)
    longer[:used] = array[:used]
    return longer
