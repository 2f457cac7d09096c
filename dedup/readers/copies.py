"""Rows copied out of the bytes of a feed, with their line ends or without."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dedup.kernels.native.records import copy_rows
from dedup.readers.blocks import Positions

LINE_END = np.frombuffer(b"\n", dtype=np.uint8)
NOTHING = LINE_END[:0]
LONGEST_LINE_END = 2
"""Bytes of CR LF."""

_LF, _CR = b"\n\r"


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
