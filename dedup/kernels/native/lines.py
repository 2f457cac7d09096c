"""The verdicts as lines of text, put together from pieces. Twin: `dedup.kernels.reference.lines`."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from dedup.kernels.vectors import WIDTH, backslash_mask, control_mask, copy32, quote_mask

ROOM = 32
"""Bytes behind strings, and behind what is written, that are read and written too."""


class Strings(NamedTuple):
    """Strings one after another."""

    data: NDArray[np.uint8]  # [bytes + ROOM]
    offsets: NDArray[np.int64]  # [n + 1] string i is data[offsets[i]:offsets[i + 1]]


class Lines(NamedTuple):
    """What the lines of n stories are put together from."""

    ids: Strings  # n, as they are to stand there
    names: Strings  # n, of the cluster that each story leads, or would
    pieces: Strings  # what stands around these: before each of the three, then what tells verdicts, and scores
    leaders: NDArray[np.int32]  # [n] rows
    canonicals: NDArray[np.int32]  # [n] rows
    verdicts: NDArray[np.int32]  # [n] of pieces
    scores: NDArray[np.int32]  # [n] of pieces


@njit(nogil=True, cache=True)
def is_plain(data: NDArray[np.uint8]) -> bool:
    """Whether JSON writes these bytes as they are: no quote, backslash or control character is among them."""
    at, size = 0, data.shape[0]
    while at + WIDTH <= size:
        if quote_mask(data, at) | backslash_mask(data, at) | control_mask(data, at):
            return False
        at += WIDTH
    for k in range(at, size):
        if data[k] == ord('"') or data[k] == ord("\\") or data[k] < 32:
            return False
    return True


@njit(nogil=True)
def _length(strings: Strings, row: int) -> int:
    return strings.offsets[row + 1] - strings.offsets[row]


@njit(nogil=True)
def _copy(strings: Strings, row: int, out: NDArray[np.uint8], to: int) -> int:
    """Write a string, and some bytes behind it that the next one covers; return where it ends."""
    begin, size = strings.offsets[row], _length(strings, row)
    for at in range(0, size, ROOM):
        copy32(strings.data, begin + at, out, to + at)
    return to + size


@njit(nogil=True, cache=True)
def measure_lines(
    lines: Lines,
    begin: int,
    end: int,
) -> int:
    """How many bytes `write_lines` writes for stories `begin` to `end`."""
    ids, names, pieces, leaders, canonicals, verdicts, scores = lines
    size = (end - begin) * (_length(pieces, 0) + _length(pieces, 1) + _length(pieces, 2))
    for i in range(begin, end):
        size += _length(ids, i) + _length(names, np.int64(leaders[i])) + _length(ids, np.int64(canonicals[i]))
        size += _length(pieces, np.int64(verdicts[i])) + _length(pieces, np.int64(scores[i]))
    return size


@njit(nogil=True, cache=True)
def write_lines(
    lines: Lines,
    begin: int,
    end: int,
    out: NDArray[np.uint8],
) -> None:
    """Write a line for each of the stories `begin` to `end` of n.

    Piece 0, its id, piece 1, the name of its leader's cluster, piece 2, the id of what that shows, and two pieces more.

    out : uint8[>= `measure_lines` + ROOM]  overwritten
    """
    ids, names, pieces, leaders, canonicals, verdicts, scores = lines
    to = 0
    for i in range(begin, end):
        to = _copy(ids, i, out, _copy(pieces, 0, out, to))
        to = _copy(names, np.int64(leaders[i]), out, _copy(pieces, 1, out, to))
        to = _copy(ids, np.int64(canonicals[i]), out, _copy(pieces, 2, out, to))
        to = _copy(pieces, np.int64(scores[i]), out, _copy(pieces, np.int64(verdicts[i]), out, to))
