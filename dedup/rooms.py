"""Room for what a run keeps, cleared while the run still starts.

The system clears each page of memory when it is first touched, which takes a twentieth of the main job's time. While
Python imports, all processors but one have nothing to do: one of them touches what will be written to later.
"""

from __future__ import annotations

import ctypes
import mmap
import os
import threading
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dedup.spill import default_memory

_LEAST = 1 << 24  # bytes: for less it is not worth a thread
_MOST = 1 << 28  # bytes that can be cleared while Python imports
_BEGIN = 1 << 16  # bytes of a feed
_KEPT = 1.5  # bytes of hashes that are kept of a byte of a feed of short stories
_KEPT_OF_STORY = 1_600  # bytes of hashes, of a long one
_PIECE = 1 << 23  # bytes cleared at a time
_POPULATE_WRITE = 23  # MADV_POPULATE_WRITE of Linux 5.14


class Room:
    """Memory whose first pages the system clears in the background, whether they are in use by then or not."""

    def __init__(self, size: int, cleared: int) -> None:
        """Of `size` bytes, of which the first `cleared` are to be cleared: the others are addresses only.

        Raises:
            MemoryError: there are not so many addresses.
        """
        self.bytes: NDArray[np.uint8] = np.empty(size, dtype=np.uint8)
        threading.Thread(target=_clear, args=(self.bytes[:cleared],), daemon=True).start()


def _clear(room: NDArray[np.uint8]) -> None:
    """Have the system clear the pages of an array, without writing to them; nothing where it cannot do so (Linux 5.14).

    Python's own `madvise` would keep all other threads waiting.
    """
    advise = ctypes.CDLL(None).madvise
    advise.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)
    begin = room.ctypes.data + -room.ctypes.data % mmap.PAGESIZE
    end = room.ctypes.data + len(room)
    for first in range(begin, end - _PIECE, _PIECE):
        if advise(first, _PIECE, _POPULATE_WRITE):
            return


_rooms: list[Room] = []


def make_room(feeds: Sequence[str]) -> None:
    """Have room made in the background for the stories of these feeds, as far as they are files and not small."""
    size = 0
    for path in map(Path, feeds):
        with suppress(OSError, ValueError):  # the reader will say what is wrong
            size += _kept(path) if path.is_file() else 0
    memory = default_memory()
    if size >= _LEAST and memory is not None and (os.cpu_count() or 1) > 1:
        with suppress(MemoryError):  # there is room for less, then, and it is made later
            _rooms.append(Room(memory, min(size, memory // 4, _MOST)))


def _kept(feed: Path) -> int:
    """About the bytes of hashes that are kept of a feed of lines, judged by its beginning; of another, at least."""
    with feed.open("rb") as file:
        begin = file.read(_BEGIN)
    share = min(_KEPT, _KEPT_OF_STORY * begin.count(b"\n") / max(len(begin), 1))
    return int(share * feed.stat().st_size)


def take_room() -> NDArray[np.uint8] | None:
    """uint8[m], the room that was made, once; None where there is none."""
    return _rooms.pop().bytes if _rooms else None
