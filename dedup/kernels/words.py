# mypy: disallow-untyped-defs=False, disallow-untyped-calls=False, disallow-untyped-decorators=False
"""Eight bytes at a time: device functions with which other kernels scan text.

A byte is *marked* in a word when its top bit is set there and no other bit is: (x - ONES) & ~x & TOPS marks the zero
bytes of x, exactly up to and with the lowest one (Mycroft's trick), so the lowest mark can be relied on.

Indices are made unsigned wherever it matters for speed: Numba then leaves out the test for a negative index, which
costs as much as the rest of a scan and keeps LLVM from making one load of eight.
"""

from __future__ import annotations

import numpy as np
from numba import njit

ONES = 0x0101010101010101
TOPS = 0x8080808080808080


@njit(nogil=True)
def word_at(data, at):
    """The little-endian uint64 at data[at:at + 8], 0 <= at <= m - 8."""
    i = np.uint64(at)
    word = np.uint64(data[i])
    word |= np.uint64(data[i + np.uint64(1)]) << np.uint64(8)
    word |= np.uint64(data[i + np.uint64(2)]) << np.uint64(16)
    word |= np.uint64(data[i + np.uint64(3)]) << np.uint64(24)
    word |= np.uint64(data[i + np.uint64(4)]) << np.uint64(32)
    word |= np.uint64(data[i + np.uint64(5)]) << np.uint64(40)
    word |= np.uint64(data[i + np.uint64(6)]) << np.uint64(48)
    word |= np.uint64(data[i + np.uint64(7)]) << np.uint64(56)
    return word


@njit(nogil=True)
def first_marked(marks):
    """Which byte of a word, 0..7, holds the lowest mark; at least one byte is marked."""
    below = (marks ^ (marks - np.uint64(1))) & np.uint64(ONES)
    return np.int64((below * np.uint64(ONES)) >> np.uint64(56)) - 1
