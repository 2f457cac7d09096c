"""Where results go: standard output, or a file that is whole or not there."""

from __future__ import annotations

import bz2
import errno
import gzip
import lzma
import secrets
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePath
from typing import BinaryIO, cast

from dedup.errors import SettingsError
from dedup.readers import Feed
from dedup.readers.sniff import ARROW, ARROW_STREAM, CSV, PACKED_SUFFIXES, PARQUET, TSV, hinted_format

STDOUT = "-"
_FULL = (errno.ENOSPC, errno.EFBIG, errno.EDQUOT)
_TABLES = (CSV, TSV, PARQUET, ARROW, ARROW_STREAM)
_FEEDS = {".atom", ".htm", ".html", ".opml", ".rdf", ".rss", ".xml", ".yaml", ".yml"}
_SHEETS = {".avro", ".db", ".ods", ".orc", ".pdf", ".sqlite", ".xls", ".xlsx"}
_ARCHIVES = {".7z", ".br", ".gzip", ".lz4", ".rar", ".tar", ".tgz", ".txz", ".z", ".zip", ".zstd"}
_UNWRITTEN = _FEEDS | _SHEETS | _ARCHIVES
_STDOUTS = (STDOUT, "/dev/stdout", "/dev/fd/1")


def is_stdout(name: str) -> bool:
    """Whether an output's name stands for standard output."""
    return name in _STDOUTS


def _are_one(path: Path, other: Path) -> bool:
    """Whether two names are of one file, which need not be there."""
    return path.resolve() == other.resolve() or (path.exists() and other.exists() and path.samefile(other))


def _stdout() -> BinaryIO:
    if sys.stdout is None:
        raise SettingsError("stdout is closed; name a file for the output")
    return sys.stdout.buffer


def check_outputs(feeds: Sequence[Feed], names: Sequence[str], kept: Sequence[Path] = ()) -> None:
    """Refuse outputs that would overwrite a feed or each other, or have nowhere to go, before any work is done.

    Args:
        feeds: that are read.
        names: of the outputs.
        kept: files of a store, there or not yet, that no output may overwrite either.

    Raises:
        SettingsError: naming the output and what is wrong with it.
    """
    seen: set[Path] = set()
    for name in names:
        if is_stdout(name):
            _stdout()
            continue
        if not name:
            raise SettingsError('"" names no file for an output; "-" is stdout')
        path = Path(name)
        folder = (path.resolve() if path.is_symlink() else path).parent
        if path.is_dir() or not folder.is_dir():
            problem = "is a folder" if path.is_dir() else f"cannot be written: there is no folder {folder}"
            raise SettingsError(f"{name} {problem}; name a file in a folder that is there")
        if any(feed.reads(path) for feed in feeds):
            raise SettingsError(f"{name} is also read; write to another file")
        if any(_are_one(path, file) for file in kept):
            raise SettingsError(f"{name} is a file of the store; write to another file")
        if path.resolve() in seen:
            raise SettingsError(f"{name} is named for two outputs; give each its own")
        seen.add(path.resolve())
    if sum(map(is_stdout, names)) > 1:
        raise SettingsError("only one output can go to stdout; name a file for the others")


def check_format(*names: str | None) -> None:
    """Refuse names that promise a format or a packing which is not written: another would be in the file.

    Args:
        names: of the outputs; None for one that is not wanted.

    Raises:
        SettingsError: naming the output, and what is written.
    """
    for name in names:
        suffixes = [] if name is None else [suffix.lower() for suffix in PurePath(name).suffixes]
        while suffixes and suffixes[-1] in PACKED_SUFFIXES:
            suffixes.pop()
        if suffixes and suffixes[-1] in _UNWRITTEN:
            raise SettingsError(
                f"{name} promises a format that is not written; name a file ending in .jsonl, .json, .csv, .tsv, "
                ".parquet, .arrow or .arrows, or in one of these and .gz, .bz2, .xz or .zst"
            )


def check_lines(*names: str | None, tables: Sequence[str] = ()) -> None:
    """Refuse the names of tables for outputs that hold JSON lines whatever they are called.

    Args:
        names: of the outputs; None for one that is not wanted.
        tables: the formats that are written if a name says so.

    Raises:
        SettingsError: naming the output.
    """
    check_format(*names)
    for name in names:
        wanted = None if name is None else named_format(name)
        if wanted in _TABLES and wanted not in tables:
            raise SettingsError(f"{name} would hold JSON lines, not {wanted}; name a file ending in .jsonl")


def rejects_target(name: str | None) -> BinaryIO | str | None:
    """Where the rows that could not be read go, by the name that was given for them."""
    return _stdout() if name is not None and is_stdout(name) else name


def named_format(name: str) -> str | None:
    """The format that an output's name asks for, None if it asks for none."""
    return None if is_stdout(name) else hinted_format(name)


@contextmanager
def open_output(name: str) -> Iterator[BinaryIO]:
    """A binary stream to standard output ("-") or a file, compressed as its name says.

    The file is written beside its place and moved there when all went well, so that it is never half written. A
    symbolic link stays one: its place is where it leads.

    Raises:
        OSError: it cannot be written; its filename says which output, if that is full.
    """
    try:
        with _opened(name) as stream:
            yield stream
    except OSError as exc:
        if exc.filename is None and exc.errno in _FULL:  # others may come from what is read to be written
            exc.filename = "stdout" if is_stdout(name) else name
        raise


@contextmanager
def _opened(name: str) -> Iterator[BinaryIO]:
    if is_stdout(name):
        stdout = _stdout()
        yield stdout
        stdout.flush()
        return
    path = Path(name)
    if path.exists() and not path.is_file():  # /dev/null and pipes are written where they are
        with path.open("wb") as device:
            yield device
        return
    place = path.resolve()
    beside = place.with_name(f".{place.name}.{secrets.token_urlsafe(6)}")
    file = beside.open("xb")  # with the usual rights: tempfile keeps files to their owner, and umask is all threads'
    try:
        with file as raw, _packed(raw, path.suffix.lower()) as stream:
            yield stream
        beside.replace(place)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise


@contextmanager
def _packed(raw: BinaryIO, suffix: str) -> Iterator[BinaryIO]:
    if suffix not in PACKED_SUFFIXES:
        yield raw
    elif suffix == ".gz":
        with gzip.GzipFile(fileobj=raw, mode="wb", compresslevel=6, mtime=0, filename="") as stream:
            yield cast("BinaryIO", stream)
    elif suffix == ".bz2":
        with bz2.BZ2File(raw, "wb") as stream:
            yield cast("BinaryIO", stream)
    elif suffix == ".xz":
        with lzma.LZMAFile(raw, "wb") as stream:
            yield cast("BinaryIO", stream)
    else:
        import pyarrow as pa

        with pa.CompressedOutputStream(pa.PythonFile(raw, mode="w"), "zstd") as stream:
            yield cast("BinaryIO", stream)
