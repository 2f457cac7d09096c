"""Arrays that move to files once a run takes more memory than it may.

A file lies in the folder for temporary ones (TMPDIR), has no name, and is gone with the process, however that ends.
Its pages are the system's to keep in memory or not; those of this process are let go as often as the limit asks.
"""

from __future__ import annotations

import mmap
import os
import re
import tempfile
import weakref
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO, Any, Generic, TypeVar

import numpy as np
from numpy.typing import DTypeLike, NDArray

from dedup.errors import DedupError, SettingsError

LEAST = 256 << 20
"""Bytes that a limit must allow: what is not spilled, such as code and one batch of stories, takes about as much."""

DEFAULT_SHARE = 4  # of what there is a quarter, by default
_SPILL_SHARE = 0.5  # of the limit, that is taken when arrays move to files: the rest is for what comes after
_RELIEF_SHARE = 0.75  # of the limit, at which pages of files are let go
_SCANT_ROOM = 1 << 10  # rows, where there are not even the addresses for more
_GROWTH = 4  # times the room, once that is full: what was written moves, so this should be rare
_STATUS = Path("/proc/self/statm")
_UNITS = {"kb": 1 << 10, "mb": 1 << 20, "gb": 1 << 30, "tb": 1 << 40}
_T = TypeVar("_T", bound=np.generic)


def parse_memory(text: str) -> int | None:
    """Bytes in "4GB", "512MB" (a KB is 1,024 of them) or "none".

    >>> parse_memory("2GB")
    2147483648

    Raises:
        SettingsError: for anything else, less than 256 MB, or where the system does not say what a process takes.
    """
    if text.strip().lower() in ("none", "unlimited"):
        return None
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([kmgt]b)\s*", text.lower())
    if match is None:
        raise SettingsError(f'memory is a number and a unit (KB, MB, GB, TB) such as 4GB, or "none", got "{text}"')
    size = int(float(match[1]) * _UNITS[match[2]])
    if size < LEAST:
        raise SettingsError(f"memory is at least {LEAST >> 20} MB, got {text}")
    if default_memory() is None:
        raise SettingsError(
            "memory cannot be limited here: only Linux says in /proc what a process takes; leave it out"
        )
    return size


def default_memory() -> int | None:
    """A quarter of what there is for this process; None where neither that nor what it takes can be told."""
    memory = machine_memory()
    if not _STATUS.exists() or memory is None:
        return None
    return max(memory // DEFAULT_SHARE, LEAST)


def machine_memory(root: Path = Path("/")) -> int | None:
    """Bytes of memory that there are for this process; None where the system does not say.

    They are the machine's, but in a container or a service its control group may be allowed fewer, and who uses more
    is killed.

    Args:
        root: where the system tells.
    """
    if not hasattr(os, "sysconf"):
        return None
    return min([os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"), *_limits(root)])


def _limits(root: Path) -> Iterator[int]:
    """The limits of this process's address space, of its control groups, and of those that they are in."""
    import resource

    yield from (
        limit
        for limit, _ in map(resource.getrlimit, (resource.RLIMIT_AS, resource.RLIMIT_DATA))
        if limit != resource.RLIM_INFINITY
    )
    for group in _read(root / "proc/self/cgroup").splitlines():
        _, kinds, name = group.split(":", 2)
        if kinds == "":
            folder, file = root / "sys/fs/cgroup", "memory.max"
        elif "memory" in kinds.split(","):  # of version 1
            folder, file = root / "sys/fs/cgroup/memory", "memory.limit_in_bytes"
        else:
            continue
        place = PurePosixPath(name.strip("/"))
        for each in (place, *place.parents):  # from inside a container only the root may be seen
            limit = _read(folder / each / file).strip()
            if limit.isdecimal():  # or "max"
                yield int(limit)


def _read(path: Path) -> str:
    """What a file holds; nothing if it cannot be read."""
    try:
        return path.read_text("utf-8", "replace")
    except OSError:
        return ""


def resident() -> int:
    """Bytes of memory that this process takes now; 0 where that cannot be told."""
    try:
        return int(_STATUS.read_bytes().split()[1]) * mmap.PAGESIZE
    except OSError:
        return 0


class Memory:
    """How much a run may take, and whether its arrays are to lie in files.

    Attributes:
        spilled: whether they are; it never turns back.
        filed: bytes written to files so far.
    """

    def __init__(self, limit: int | None = None) -> None:
        """Of `limit` bytes, of all that the process takes; None for as much as there is."""
        self.limit = limit
        self.spilled = False
        self.filed = 0
        self._maps: weakref.WeakSet[mmap.mmap] = weakref.WeakSet()

    def must_spill(self) -> bool:
        """Whether arrays in memory are to be moved to files now: True once."""
        if self.spilled or self.limit is None or resident() < _SPILL_SHARE * self.limit:
            return False
        self.spilled = True
        return True

    def relieve(self) -> None:
        """Let go of what is in files, if the process takes nearly as much as it may: it is read again when needed."""
        if self.spilled and self.limit is not None and resident() > _RELIEF_SHARE * self.limit:
            for mapped in list(self._maps):
                mapped.madvise(mmap.MADV_DONTNEED)

    def empty(self, shape: int | tuple[int, ...], dtype: DTypeLike) -> NDArray[Any]:
        """An array to be written to: like `numpy.empty`, or zeros in a file.

        Raises:
            DedupError: there is no room for the file.
        """
        size = int(np.prod(shape)) * np.dtype(dtype).itemsize
        if not self.spilled or size < mmap.PAGESIZE:
            return np.empty(shape, dtype)
        with tempfile.TemporaryFile(prefix="dedup-") as file, _room_for(size):
            os.posix_fallocate(file.fileno(), 0, size)  # a page without room on the disk would kill the process
            self.filed += size
            return self._map(file, size, mmap.ACCESS_WRITE, dtype).reshape(shape)

    def keep(self, array: NDArray[_T]) -> NDArray[_T]:
        """The array, or what equals it in a file.

        Raises:
            DedupError: there is no room for the file.
        """
        kept = self.empty(array.shape, array.dtype)
        if not self.spilled:
            return array
        kept[...] = array
        return kept

    def view(self, file: IO[bytes], dtype: DTypeLike) -> NDArray[Any]:
        """What a file holds; not to be written to."""
        file.flush()
        size = file.tell()
        return self._map(file, size, mmap.ACCESS_COPY, dtype) if size else np.empty(0, dtype)

    def write(self, file: IO[bytes], array: NDArray[Any]) -> None:
        """Append to a file.

        Raises:
            DedupError: there is no room for it.
        """
        with _room_for(array.nbytes):
            file.write(np.ascontiguousarray(array).data.cast("B"))
            self.filed += array.nbytes

    def _map(self, file: IO[bytes], size: int, access: int, dtype: DTypeLike) -> NDArray[Any]:
        """A file as an array, writable whatever the access is: kernels are compiled for such."""
        mapped = mmap.mmap(file.fileno(), size, access=access)
        self._maps.add(mapped)
        return np.frombuffer(mapped, dtype)


class Column(Generic[_T]):
    """Rows that are added at the end, and lie in memory or, once spilled, in a file."""

    def __init__(
        self,
        memory: Memory,
        dtype: type[_T],
        width: Sequence[int] = (),
        room: int = 1 << 10,
        rows: NDArray[_T] | None = None,
    ) -> None:
        """Of rows of `width` values, with room for so many rows: addresses, no memory before they are written.

        Or in the room of `rows`, which are written over.
        """
        self._memory = memory
        self._rows = self._room(dtype, width, room) if rows is None else rows
        self._count = 0
        self._file: IO[bytes] | None = None

    @staticmethod
    def _room(dtype: type[_T], width: Sequence[int], room: int) -> NDArray[_T]:
        try:
            return np.empty((room, *width), dtype)
        except MemoryError:  # where addresses are limited too
            return np.empty((_SCANT_ROOM, *width), dtype)

    def __len__(self) -> int:
        return self._count

    def add(self, rows: NDArray[_T]) -> None:
        """Take in more rows.

        Raises:
            DedupError: there is no room for them on the disk.
        """
        end = self._count + rows.shape[0]
        if self._file is not None:
            self._memory.write(self._file, rows)
        else:
            if end > self._rows.shape[0]:
                larger = np.empty((max(end, _GROWTH * self._rows.shape[0]), *self._rows.shape[1:]), self._rows.dtype)
                larger[: self._count] = self._rows[: self._count]
                self._rows = larger
            self._rows[self._count : end] = rows
        self._count = end

    def spill(self) -> None:
        """Move to a file; the room in memory is let go.

        Raises:
            DedupError: there is no room on the disk.
        """
        self._file = open_file(self)
        self._memory.write(self._file, self._rows[: self._count])
        self._rows = self._rows[:0].copy()

    def view(self) -> NDArray[_T]:
        """All rows, not copied; of one in a file only to be read."""
        if self._file is None:
            return self._rows[: self._count]
        found: NDArray[_T] = self._memory.view(self._file, self._rows.dtype)
        return found.reshape(-1, *self._rows.shape[1:])


def open_file(owner: object) -> IO[bytes]:
    """A new file without a name, closed with the life of its owner at the latest."""
    file = tempfile.TemporaryFile(prefix="dedup-")  # noqa: SIM115  # the owner closes it
    weakref.finalize(owner, file.close)
    return file


@contextmanager
def _room_for(size: int) -> Iterator[None]:
    """Say which folder has no room, where a file cannot be written."""
    try:
        yield
    except OSError as exc:
        raise DedupError(
            f"{tempfile.gettempdir()} has no room for {size:,} bytes more ({exc.strerror}); "
            "set TMPDIR to a folder that has, or allow more --memory"
        ) from exc
