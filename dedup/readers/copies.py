"""Rows copied out of the bytes of a feed, with their line ends or without."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from dedup.errors import FeedError
from dedup.kernels.native.records import copy_rows
from dedup.readers.blocks import Positions
from dedup.readers.bytestreams import ByteStream

LINE_END = np.frombuffer(b"\n", dtype=np.uint8)
NOTHING = LINE_END[:0]
LONGEST_LINE_END = 2
"""Bytes of CR LF."""

COPY_CHUNK = 1 << 20
"""Bytes that are read at once."""

_LF, _CR = b"\n\r"


def kept_spans(
    stream: ByteStream, path: str, keep: NDArray[np.bool_], starts: Sequence[Positions], ends: Sequence[Positions]
) -> Iterator[tuple[bytes, Positions, Positions]]:
    """For every block with rows to keep, bytes of the feed and where these rows begin and end in them.

    The line end behind the last of them is held too, unless the feed ends before it.

    Args:
        stream: of the feed, from its first byte on.
        path: what messages call the feed.
        keep: bool[n], a flag for every row of all blocks.
        starts: of each block, where its rows begin in the feed.
        ends: likewise, one past each row.

    Raises:
        FeedError: the feed became shorter since it was read.
    """
    first, position, held = 0, 0, b""
    for all_starts, all_ends in zip(starts, ends, strict=True):
        flags = keep[first : first + len(all_starts)]
        first += len(all_starts)
        kept, until = all_starts[flags], all_ends[flags]
        if not len(kept):
            continue
        while position + len(held) <= kept[0]:  # rows that are not kept are let go at once
            position += len(held)
            held = _read_again(stream, path)
        pieces = [held[int(kept[0]) - position :]]
        position = int(kept[0])
        have, wanted = len(pieces[0]), int(until[-1]) - position
        while have < wanted:
            pieces.append(_read_again(stream, path))
            have += len(pieces[-1])
        if have < wanted + LONGEST_LINE_END:
            pieces.append(stream.read(COPY_CHUNK))
        held = b"".join(pieces)
        yield held, kept - position, until - position


def _read_again(stream: ByteStream, path: str) -> bytes:
    """The next bytes of a feed that had more of them when it was read first."""
    piece = stream.read(COPY_CHUNK)
    if not piece:
        raise FeedError(path, "changed while it was read; run again")
    return piece


def past_line_ends(data: NDArray[np.uint8], ends: Positions) -> Positions:
    """int64[n], one past the LF, CR or CR LF behind each row; where the feed ends before one, one past the row.

    Args:
        data: uint8[m], at least two bytes behind the last row, zero past the end of the feed.
        ends: int64[n], one past each row.
    """
    first, second = data[ends], data[ends + 1]
    after: Positions = ends + ((first == _LF) | (first == _CR)) + ((first == _CR) & (second == _LF))
    return after


def copy_spans(data: bytes, starts: Positions, ends: Positions, suffix: NDArray[np.uint8], *, one_line: bool) -> bytes:
    """The bytes of spans one after another, each followed by `suffix`; line ends in them as spaces if asked for."""
    out = np.empty(int((ends - starts).sum()) + len(starts) * len(suffix), dtype=np.uint8)
    copy_rows(np.frombuffer(data, dtype=np.uint8), starts, ends, suffix, one_line, out)
    return out.tobytes()
