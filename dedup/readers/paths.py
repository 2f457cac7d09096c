"""The files that paths, globs, folders, remote addresses and `-` name."""

from __future__ import annotations

import glob
import os
import re
import sys
import tempfile
import weakref
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePath
from typing import BinaryIO, NamedTuple, Protocol

from dedup.errors import DedupError, FeedError

_PIECE = 1 << 20  # bytes that are copied at once
_PARTITION = re.compile(r"([\w-]+)=")  # which the query of an address, `get?q=1`, is not


class Source(Protocol):
    """What can be read piece by piece."""

    def read(self, size: int, /) -> bytes:
        """The next bytes, none at the end."""
        ...


class Spool:
    """A temporary file that goes when this object does: a pipe's bytes, so that they can be read twice."""

    def __init__(self, name: str, source: Source) -> None:
        """Keep the bytes of `source`, which messages call `name`.

        Raises:
            FeedError: there is no room for them. An error of the source itself is passed on as it is.
        """
        with _telling_of_room(name):
            handle, path = tempfile.mkstemp(prefix="dedup-")
        self.path = Path(path)
        self._finalizer = weakref.finalize(self, _remove, path)
        with os.fdopen(handle, "wb", buffering=0) as spool:  # nothing is left to write when it is closed
            while piece := memoryview(source.read(_PIECE)):
                while piece:
                    with _telling_of_room(name):
                        piece = piece[spool.write(piece) :]

    def close(self) -> None:
        """Remove the file now."""
        self._finalizer()


@contextmanager
def _telling_of_room(name: str) -> Iterator[None]:
    try:
        yield
    except OSError as exc:
        raise FeedError(
            name, f"cannot be kept in {tempfile.gettempdir()} for its second reading: {exc.strerror}; set TMPDIR"
        ) from exc


@contextmanager
def _telling_of_reading(name: str) -> Iterator[None]:
    try:
        yield
    except OSError as exc:
        raise FeedError(name, f"cannot be read: {(exc.strerror or str(exc)).lower()}") from exc


def _remove(path: str) -> None:
    Path(path).unlink(missing_ok=True)


class Found(NamedTuple):
    """A file to read."""

    name: str
    """As messages call it."""
    path: Path
    spool: Spool | None
    """Kept as long as the file is needed, for a pipe."""
    in_folder: bool
    """Found in a folder rather than named: it is passed over where it is no feed."""


def find_files(patterns: Sequence[str], notice: Callable[[str], None]) -> Iterator[Found]:
    """The files named, in the order of the patterns; folders are searched in order of name, hidden files left out.

    Args:
        patterns: paths, globs (`**` for any depth), folders, addresses such as `s3://bucket/*.xml`, `-` for standard
            input.
        notice: called with one line for each thing passed over.

    Raises:
        FeedError: a pattern names nothing that can be read.
    """
    seen: set[tuple[int, int]] = set()
    for place, pattern in enumerate(patterns):
        if pattern == "-" and pattern in patterns[:place]:  # which has nothing to say the second time
            notice(f"{pattern}: named twice, read once")
            continue
        for found in _find(pattern, notice):
            if found.spool is None:  # spools are of one reading each, and may get the inode of one that went
                status = found.path.stat()
                if (status.st_dev, status.st_ino) in seen:
                    notice(f"{found.name}: named twice, read once")
                    continue
                seen.add((status.st_dev, status.st_ino))
            yield found


def _find(pattern: str, notice: Callable[[str], None]) -> Iterator[Found]:
    if pattern == "-" and sys.stdin is None:
        raise FeedError("-", "stdin is closed")
    if pattern == "-":
        with _telling_of_reading("-"):
            piped = _spooled("-", sys.stdin.buffer)
        yield piped
        return
    if "://" in pattern:
        yield from _find_remote(pattern)
        return
    if Path(pattern).exists():
        yield from _find_path(pattern, notice)
        return
    if not glob.has_magic(pattern):
        raise FeedError(pattern, "there is no such file or folder")
    matches = sorted(glob.glob(pattern, recursive=True))  # noqa: PTH207 - the pattern may be absolute
    if not matches:
        raise FeedError(pattern, "no file matches")
    for match in matches:
        yield from _find_path(match, notice)


def _find_path(name: str, notice: Callable[[str], None]) -> Iterator[Found]:
    path = Path(name)
    if path.is_dir():
        yield from _find_in_folder(name, notice)
    elif path.is_file():
        yield Found(name, path, None, in_folder=False)
    elif path.is_fifo() or path.is_char_device():
        with _telling_of_reading(name), path.open("rb") as pipe:
            piped = _spooled(name, pipe)
        yield piped
    else:
        raise FeedError(name, "is neither a file, a folder nor a pipe")


def _find_remote(pattern: str) -> Iterator[Found]:
    """The files at an address that fsspec knows, each fetched whole: a feed is read twice."""
    try:
        import fsspec
    except ImportError as exc:
        raise FeedError(pattern, "is elsewhere; to read it from there: pip install 'dedup-stories[remote]'") from exc
    scheme = pattern.partition("://")[0]
    is_page = scheme in ("http", "https")  # whose ? and * mean nothing to a glob
    try:
        files = fsspec.open_files(pattern, "rb", expand=not is_page)
        for file in files:
            with file as source:
                yield _spooled(pattern if len(files) == 1 else f"{scheme}://{file.path}", source)
    except DedupError:
        raise
    except Exception as exc:  # every kind of store has errors of its own
        reason = " ".join(f"{type(exc).__name__}: {exc}".split())
        raise FeedError(pattern, f"cannot be fetched ({reason[:200]})") from exc
    if not files:
        raise FeedError(pattern, "no file matches")


def partition_names(name: str) -> list[str]:
    """What the folders on the way to a file are partitioned by, as Hive and Spark write them.

    >>> partition_names("news/day=2024-01-31/source=Harbour Post/part-0.parquet")
    ['day', 'source']
    """
    found = map(_PARTITION.match, PurePath(name).parent.parts)
    return [part[1] for part in found if part]


def _spooled(name: str, source: BinaryIO) -> Found:
    spool = Spool(name, source)
    return Found(name, spool.path, spool, in_folder=False)


def _find_in_folder(name: str, notice: Callable[[str], None]) -> Iterator[Found]:
    def refuse(exc: OSError) -> None:
        raise FeedError(str(exc.filename or name), f"cannot be searched: {(exc.strerror or str(exc)).lower()}") from exc

    empty = True
    for folder, folders, files in os.walk(name, onerror=refuse):
        folders[:] = sorted(part for part in folders if not part.startswith("."))
        for part in sorted(files):
            path = Path(folder) / part
            if part.startswith("."):
                notice(f"{path}: hidden, passed over")
            elif not path.is_file():
                notice(f"{path}: no regular file, passed over")
            else:
                empty = False
                yield Found(str(path), path, None, in_folder=True)
    if empty:
        raise FeedError(name, "is a folder without files to read")
