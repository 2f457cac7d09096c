"""A file as a stream of decompressed bytes, whatever it is packed with; memory stays bounded."""

from __future__ import annotations

import bz2
import lzma
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Protocol, Self

from dedup.errors import FeedError

_CHUNK = 1 << 18
_PLAIN_CHUNK = 1 << 20  # of a file that is not packed
_XZ_MEMORY = 1 << 29  # of its dictionary; xz -9 takes 65 MB, and a forged header could ask for 4 GB
_ZSTD_CHUNK = 1 << 13  # what pyarrow drops where the data turn out to be cut off


class _Decoder(Protocol):
    @property
    def eof(self) -> bool: ...
    @property
    def needs_input(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int = ...) -> bytes: ...


class _Gunzip:
    """zlib's decompressor with the surface of the other two."""

    def __init__(self) -> None:
        self._zlib = zlib.decompressobj(wbits=31)

    @property
    def eof(self) -> bool:
        return self._zlib.eof

    @property
    def needs_input(self) -> bool:
        return not self._zlib.unconsumed_tail

    @property
    def unused_data(self) -> bytes:
        return self._zlib.unused_data

    def decompress(self, data: bytes, max_length: int = 0) -> bytes:
        return self._zlib.decompress(self._zlib.unconsumed_tail + data, max_length)


_DECODERS: dict[str, tuple[bytes, Callable[[], _Decoder]]] = {
    "gzip": (b"\x1f\x8b", _Gunzip),
    "bzip2": (b"BZh", bz2.BZ2Decompressor),
    "xz": (b"\xfd7zXZ\x00", lambda: lzma.LZMADecompressor(memlimit=_XZ_MEMORY)),
}
_MAGIC = {magic: kind for kind, (magic, _) in _DECODERS.items()} | {b"\x28\xb5\x2f\xfd": "zstd"}
_MAGIC |= {bytes([first]) + b"\x2a\x4d\x18": "zstd" for first in range(0x50, 0x60)}  # frames to skip; pzstd's first


class _DamagedError(Exception):
    """The packed data end too early or are wrong; says how, for people."""


class ByteStream:
    """The decompressed bytes of a file.

    Attributes:
        compression: "gzip", "bzip2", "xz", "zstd" or None, by the first bytes of the file.
        damage: why the stream ended before its end, None while nothing is wrong. What came before is good.
    """

    def __init__(self, name: str, path: Path) -> None:
        """Open `path`, which messages call `name`.

        Raises:
            FeedError: the file cannot be opened.
        """
        try:
            self._file: BinaryIO = path.open("rb")
        except OSError as exc:
            raise FeedError(name, f"cannot be opened: {(exc.strerror or str(exc)).lower()}") from exc
        head = self._file.read(6)
        self._file.seek(0)
        self.compression = next((kind for magic, kind in _MAGIC.items() if head.startswith(magic)), None)
        self.damage: str | None = None
        self._pieces = self._unpack()
        self._ready = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._pieces.close()  # type: ignore[attr-defined]
        self._file.close()

    def read(self, size: int, before: bytes = b"") -> bytes:
        """`before` and the next `size` bytes, fewer only at the end of the stream; copied as seldom as can be."""
        pieces = [before, self._ready]
        have, size = len(before) + len(self._ready), len(before) + size
        while have < size:
            piece = next(self._pieces, b"")
            if not piece:
                break
            pieces.append(piece)
            have += len(piece)
        data = b"".join(pieces)
        self._ready = data[size:]
        return data[:size] if self._ready else data

    def _unpack(self) -> Iterator[bytes]:
        try:
            if self.compression is None:
                while piece := self._file.read(_PLAIN_CHUNK):
                    yield piece
            elif self.compression == "zstd":
                yield from _unpack_zstd(self._file)
            else:
                yield from _unpack_members(self._file, self.compression)
        except _DamagedError as exc:
            self.damage = str(exc)
        except OSError as exc:
            self.damage = f"cannot be read on: {exc.strerror or exc}"


def _unpack_members(file: BinaryIO, kind: str) -> Iterator[bytes]:
    """Decompress members laid end to end, as `cat a.gz b.gz` makes them; zero bytes may pad them."""
    magic, new = _DECODERS[kind]
    decoder = new()
    packed = file.read(_CHUNK)
    while True:
        try:
            piece = decoder.decompress(packed, _CHUNK)
        except (zlib.error, OSError, lzma.LZMAError, EOFError) as exc:
            raise _DamagedError(f"its {kind} data are damaged ({exc})") from exc
        if piece:
            yield piece
        packed = b""
        if decoder.eof:
            packed = decoder.unused_data.lstrip(b"\0")
            while not packed and (more := file.read(_CHUNK)):
                packed = more.lstrip(b"\0")
            if not packed:
                return
            packed += file.read(len(magic))
            if not packed.startswith(magic):
                raise _DamagedError(f"its {kind} data are followed by something else")
            decoder = new()
        elif decoder.needs_input:
            packed = file.read(_CHUNK)
            if not packed and not piece:
                raise _DamagedError(f"it ends in the middle of its {kind} data")


def _unpack_zstd(file: BinaryIO) -> Iterator[bytes]:
    import pyarrow as pa

    with pa.CompressedInputStream(pa.PythonFile(file, mode="r"), "zstd") as stream:
        while True:
            try:
                piece = stream.read(_ZSTD_CHUNK)
            except (OSError, pa.ArrowException) as exc:
                raise _DamagedError(f"its zstd data are cut off or damaged ({exc})") from exc
            if not piece:
                return
            yield piece
