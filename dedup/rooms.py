"""Room for what a run keeps, cleared while the run still starts.

The system clears each page of memory when it is first touched, which takes a twentieth of the main job's time. While
Python imports, all processors but one have nothing to do: one of them touches what will be written to later.
"""

from __future__ import annotations

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
_PIECE = 1 << 22  # bytes touched at a time: some milliseconds, for which who stops it may have to wait


class Room:
    """Memory whose first pages are touched in the background, until it is used.

    Attributes:
        bytes: uint8[size], to be written to once `stop` was called.
    """

    def __init__(self, size: int, touched: int) -> None:
        """Of `size` bytes, of which the first `touched` are to be cleared: the others are addresses only.

        Raises:
            MemoryError: there are not so many addresses.
        """
        self.bytes: NDArray[np.uint8] = np.empty(size, dtype=np.uint8)
        self._used = threading.Event()
        self._thread = threading.Thread(target=self._touch, args=(touched,), daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Touch no more pages; from now on nothing else writes to the room."""
        self._used.set()
        self._thread.join()

    def _touch(self, end: int) -> None:
        """By writing: to be told to populate memory, the system would keep whoever asks for some waiting."""
        for first in range(0, end, _PIECE):
            if self._used.is_set():
                return
            self.bytes[first : min(first + _PIECE, end) : mmap.PAGESIZE] = 0


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


def take_room() -> Room | None:
    """The room that was made, once; None where there is none."""
    return _rooms.pop() if _rooms else None
