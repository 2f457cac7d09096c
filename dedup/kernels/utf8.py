# mypy: disallow-untyped-decorators=False
"""One code point out of UTF-8, into it, or in the Unicode tables, as device functions for other kernels."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from dedup.kernels.unicode import BLOCK

REPLACEMENT = 0xFFFD


@njit(nogil=True)
def byte_at(source: NDArray[np.uint8], at: int) -> int:
    """The byte source[at] as a signed number, so that what is counted with it stays an integer."""
    return int(np.int64(source[np.uint64(at)]))


@njit(nogil=True)
def read_point(source: NDArray[np.uint8], at: int, end: int) -> tuple[int, int]:
    """The code point that begins at source[at] and where the next begins; at < end.

    A byte that begins no well-formed sequence within source[at:end] is U+FFFD by itself, so a broken sequence may
    become more of these than `bytes.decode("utf-8", "replace")` makes of it, and never different ones besides.
    """
    lead = byte_at(source, at)
    if lead < 0x80:
        return lead, at + 1
    if lead < 0xC2 or lead > 0xF4:
        return REPLACEMENT, at + 1
    size = 2 + (lead >= 0xE0) + (lead >= 0xF0)
    if at + size > end:
        return REPLACEMENT, at + 1
    second = byte_at(source, at + 1)
    if second & 0xC0 != 0x80:
        return REPLACEMENT, at + 1
    if size == 2:
        return (lead & 0x1F) << 6 | second & 0x3F, at + 2
    third = byte_at(source, at + 2)
    if third & 0xC0 != 0x80:
        return REPLACEMENT, at + 1
    if size == 3:
        point = (lead & 0x0F) << 12 | (second & 0x3F) << 6 | third & 0x3F
        if point < 0x800 or 0xD800 <= point < 0xE000:  # longer than needed; a surrogate
            return REPLACEMENT, at + 1
        return point, at + 3
    fourth = byte_at(source, at + 3)
    point = (lead & 0x07) << 18 | (second & 0x3F) << 12 | (third & 0x3F) << 6 | fourth & 0x3F
    if fourth & 0xC0 != 0x80 or point < 0x10000 or point > 0x10FFFF:
        return REPLACEMENT, at + 1
    return point, at + 4


@njit(nogil=True)
def write_point(target: NDArray[np.uint8], at: int, point: int) -> int:
    """Write the code point's one to four bytes from target[at] on; where the next may begin."""
    if point < 0x80:
        target[np.uint64(at)] = point
        return at + 1
    if point < 0x800:
        target[np.uint64(at)] = 0xC0 | point >> 6
        target[np.uint64(at + 1)] = 0x80 | point & 0x3F
        return at + 2
    if point < 0x10000:
        target[np.uint64(at)] = 0xE0 | point >> 12
        target[np.uint64(at + 1)] = 0x80 | point >> 6 & 0x3F
        target[np.uint64(at + 2)] = 0x80 | point & 0x3F
        return at + 3
    target[np.uint64(at)] = 0xF0 | point >> 18
    target[np.uint64(at + 1)] = 0x80 | point >> 12 & 0x3F
    target[np.uint64(at + 2)] = 0x80 | point >> 6 & 0x3F
    target[np.uint64(at + 3)] = 0x80 | point & 0x3F
    return at + 4


@njit(nogil=True)
def record_of(blocks: NDArray[np.uint16], entries: NDArray[np.uint16], point: int) -> int:
    """The record of a code point in the tables of `dedup.kernels.unicode`."""
    block = np.int64(blocks[np.uint64(point // BLOCK)])
    return int(np.int64(entries[np.uint64(block * BLOCK + point % BLOCK)]))
