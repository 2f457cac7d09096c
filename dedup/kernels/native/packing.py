"""A story's sorted sets of hashes in fewer bytes, without loss. Twin: `dedup.kernels.reference.packing`.

A set of n values lies in the code of Elias and Fano (Vigna 2013, Quasi-succinct indices): each value's low bits, all
of one width, then a bit 1 for each value behind as many bits 0 as its high bits have grown. What the stories' fronts
hold, too, is told by a bit for each value there. How many bytes a set takes depends on its size alone.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from dedup.kernels.native.facts import FRONT, SECTIONS
from dedup.kernels.reference.packing import IN_FRONT
from dedup.kernels.vectors import load_word, lowest, store_half

_ORDER = np.array([FRONT] + [s for s in range(SECTIONS) if s != FRONT], dtype=np.int64)  # the front is asked for first
_IN_FRONT = np.array([s in IN_FRONT for s in range(SECTIONS)], dtype=np.bool_)
_AT_ONCE = 56  # bits that can be read from any bit on


@njit(nogil=True)
def _low_width(count: int) -> int:
    """Low bits of each of so many values: as many as leave the high ones about as many as there are values."""
    width = 32
    while (1 << (32 - width)) < count:
        width -= 1
    return width


@njit(nogil=True)
def _set_bytes(count: int) -> int:
    """Bytes that a set of so many values takes by itself."""
    if count == 0:
        return 0
    width = _low_width(count)
    return (count * width + count + (1 << (32 - width)) + 7) >> 3


@njit(nogil=True)
def _write_set(values: NDArray[np.uint32], out: NDArray[np.uint8], byte: int) -> None:
    """The bits there are 0; up to three bytes behind may be written as such."""
    count = values.shape[0]
    width = _low_width(count)
    mask = (np.uint64(1) << np.uint64(width)) - np.uint64(1)
    word, filled, at = np.uint64(0), np.uint64(0), byte
    for value in values:  # their low bits
        word |= (np.uint64(value) & mask) << filled
        filled += np.uint64(width)
        if filled >= np.uint64(32):
            store_half(out, at, np.uint32(word & np.uint64(0xFFFFFFFF)))
            word >>= np.uint64(32)
            filled -= np.uint64(32)
            at += 4
    if filled > np.uint64(0):
        store_half(out, at, np.uint32(word))
    above = 8 * byte + count * width
    for k in range(count):
        bit = above + np.int64(np.uint64(values[k]) >> np.uint64(width)) + k
        out[bit >> 3] |= np.uint8(1 << (bit & 7))


@njit(nogil=True)
def _bits_at(data: NDArray[np.uint8], at: int, count: int) -> np.uint64:
    """Up to 57 bits from a bit on, the first one lowest."""
    word = load_word(data, at >> 3) >> np.uint64(at & 7)
    return np.uint64(word & ((np.uint64(1) << np.uint64(count)) - np.uint64(1)))


@njit(nogil=True)
def _read_set(data: NDArray[np.uint8], byte: int, values: NDArray[np.uint32]) -> None:
    """Overwrites all values; what is not there, in a damaged set, is 0."""
    count = values.shape[0]
    width = _low_width(count)
    low, above = 8 * byte, 8 * byte + count * width
    size = count + (1 << (32 - width))
    found = 0
    for begin in range(0, size, _AT_ONCE):
        word = _bits_at(data, above + begin, min(size - begin, _AT_ONCE))
        while word != np.uint64(0) and found < count:
            high = np.uint64(begin + lowest(word) - found) << np.uint64(width)
            values[found] = np.uint32(high | _bits_at(data, low, width))
            word &= word - np.uint64(1)
            low += width
            found += 1
    values[found:] = np.uint32(0)


@njit(nogil=True)
def _read_marks(data: NDArray[np.uint8], byte: int, front: NDArray[np.uint32], values: NDArray[np.uint32]) -> None:
    """The values of the front that are marked; what is not there, in a damaged set, is 0."""
    found = 0
    for begin in range(0, front.shape[0], _AT_ONCE):
        word = _bits_at(data, 8 * byte + begin, min(front.shape[0] - begin, _AT_ONCE))
        while word != np.uint64(0) and found < values.shape[0]:
            values[found] = front[begin + lowest(word)]
            word &= word - np.uint64(1)
            found += 1
    values[found:] = np.uint32(0)


@njit(nogil=True)
def _mark(values: NDArray[np.uint32], front: NDArray[np.uint32], out: NDArray[np.uint8], byte: int) -> bool:
    """Write a bit for each value of the front that is among `values`; False, and some are written, if others are."""
    j = 0
    for value in values:
        while j < front.shape[0] and front[j] < value:
            j += 1
        if j == front.shape[0] or front[j] != value:
            return False
        out[byte + (j >> 3)] |= np.uint8(1 << (j & 7))
    return True


@njit(nogil=True, cache=True)
def pack_sets(
    hashes: NDArray[np.uint32],
    bounds: NDArray[np.int64],
    sections: NDArray[np.uint16],
    room: int,
    marked: NDArray[np.uint16],
    out: NDArray[np.uint8],
    ends: NDArray[np.int64],
) -> None:
    """Write the sets of n stories, each story's from a multiple of 4 bytes on, with room before them.

    hashes, bounds, sections : as in `Facts`
    room   : int            bytes that are left as they are before each story's sets, a multiple of 4
    marked : uint16[n]      overwritten: bit s: set s is told by bits for the values of the front
    out    : uint8[>= 4 * bounds[n] + (64 + room) * n]  zeros; written
    ends   : int64[n + 1]   overwritten: those of story i are out[ends[i] + room:ends[i + 1]]
    """
    ends[0] = at = 0
    for i in range(sections.shape[0]):
        at += room
        marked[i] = 0
        front = hashes[bounds[i] + np.int64(sections[i, FRONT - 1]) : bounds[i] + np.int64(sections[i, FRONT])]
        for s in _ORDER:
            begin = bounds[i] + (np.int64(sections[i, s - 1]) if s > 0 else 0)
            values = hashes[begin : bounds[i] + np.int64(sections[i, s])]
            if values.shape[0] == 0:
                continue
            size, marks = _set_bytes(values.shape[0]), (front.shape[0] + 7) >> 3
            if _IN_FRONT[s] and marks < size:
                if _mark(values, front, out, at):
                    marked[i] |= np.uint16(1 << s)
                    at += marks
                    continue
                out[at : at + marks] = np.uint8(0)
            _write_set(values, out, at)
            at += size
        at += -at & 3
        ends[i + 1] = at


@njit(nogil=True, cache=True)
def measure_sets(sections: NDArray[np.uint16], marked: NDArray[np.uint16], sizes: NDArray[np.int64]) -> None:
    """Write how many bytes each story's sets take; -1 where the sections cannot be those of a story.

    sections, marked : as from `pack_sets`
    sizes            : int64[n]  overwritten
    """
    for i in range(sections.shape[0]):
        front = np.int64(sections[i, FRONT]) - np.int64(sections[i, FRONT - 1])
        size = before = np.int64(0)
        for s in range(SECTIONS):
            count = np.int64(sections[i, s]) - before
            if count < 0 or front < 0:
                size = np.int64(-1)
                break
            if (marked[i] >> np.uint16(s)) & np.uint16(1):
                size += (front + 7) >> 3
            else:
                size += _set_bytes(count)
            before = np.int64(sections[i, s])
        sizes[i] = size + (-size & 3) if size >= 0 else -1


@njit(nogil=True, cache=True)
def unpack_sets(
    data: NDArray[np.uint8],
    starts: NDArray[np.int64],
    sections: NDArray[np.uint16],
    marked: NDArray[np.uint16],
    bounds: NDArray[np.int64],
    hashes: NDArray[np.uint32],
) -> None:
    """Write the hashes that `pack_sets` packed; a damaged story has some hashes, too, but no others than its own.

    data     : uint8[m + 8]  more than is told: it is read eight bytes at a time
    starts   : int64[n]      where each story's sets begin; there are as many bytes as `measure_sets` says
    sections, marked : as from `pack_sets`
    bounds   : int64[n + 1]  story i gets hashes[bounds[i]:bounds[i + 1]], as many as its last section says
    hashes   : uint32[bounds[n]]  overwritten
    """
    for i in range(sections.shape[0]):
        at = starts[i]
        front = hashes[bounds[i] + np.int64(sections[i, FRONT - 1]) : bounds[i] + np.int64(sections[i, FRONT])]
        for s in _ORDER:
            begin = bounds[i] + (np.int64(sections[i, s - 1]) if s > 0 else 0)
            values = hashes[begin : bounds[i] + np.int64(sections[i, s])]
            if (marked[i] >> np.uint16(s)) & np.uint16(1):
                _read_marks(data, at, front, values)
                at += (front.shape[0] + 7) >> 3
            elif values.shape[0] > 0:
                _read_set(data, at, values)
                at += _set_bytes(values.shape[0])
