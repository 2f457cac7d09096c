"""Room for what a run keeps, cleared while the run still starts.

The system clears each page of memory when it is first touched, which takes a twentieth of the main job's time. While
Python imports, all processors but one have nothing to do: one of them touches what will be written to later.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dedup.spill import default_memory

_LEAST = 1 << 24  # bytes of feeds: for smaller ones it is not worth a thread
_MOST = 1 << 28  # bytes that can be cleared while Python imports
_KEPT = 0.75  # bytes that are kept of a byte of a feed, or more
_PAGE = 1 << 12
_PIECE = 1 << 23  # bytes touched at a time: some milliseconds, for which who takes the room may have to wait


class Room:
    """Memory whose first pages are touched in the background, until it is taken."""

    def __init__(self, size: int, touched: int) -> None:
        """Of `size` bytes, of which the first `touched` are to be cleared: the others are addresses only.

        Raises:
            MemoryError: there are not so many addresses.
        """
        self._bytes = np.empty(size, dtype=np.uint8)
        self._taken = threading.Event()
        self._thread = threading.Thread(target=self._touch, args=(min(touched, size),), daemon=True)
        self._thread.start()

    def take(self) -> NDArray[np.uint8]:
        """uint8[size], to be written to: nothing else touches it from now on."""
        self._taken.set()
        self._thread.join()
        return self._bytes

    def _touch(self, end: int) -> None:
        for first in range(0, end, _PIECE):
            if self._taken.is_set():
                return
            self._bytes[first : min(first + _PIECE, end) : _PAGE] = 0


_rooms: list[Room] = []


def make_room(feeds: Sequence[str]) -> None:
    """Have room made in the background for the stories of these feeds, as far as they are files and not small."""
    size = 0
    for name in feeds:
        with suppress(OSError, ValueError):  # the reader will say what is wrong
            size += Path(name).stat().st_size
    memory = default_memory()
    if size >= _LEAST and memory is not None and (os.cpu_count() or 1) > 1:
        with suppress(MemoryError):  # there is room for less, then, and it is made later
            _rooms.append(Room(memory, min(int(_KEPT * size), memory // 4, _MOST)))


def take_room() -> NDArray[np.uint8] | None:
    """uint8[m], the room that was made, once; None where there is none."""
    return _rooms.pop().take() if _rooms else None
