"""What sorted sets of hashes share and lack."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from dedup.kernels.native.meanings import NAMED, SORTS, THINGS_FROM
from dedup.kernels.vectors import LANES, count_bits, equal16


@njit(nogil=True, cache=True)
def common(x: NDArray[np.uint32], y: NDArray[np.uint32]) -> int:
    """How many values two sorted sets share."""
    if x.shape[0] < y.shape[0]:
        x, y = y, x
    if x.shape[0] >= LANES:
        return _common_to_many(x, y)
    i = j = shared = 0
    while i < x.shape[0] and j < y.shape[0]:
        a, b = x[i], y[j]
        shared += a == b
        i += a <= b
        j += b <= a
    return shared


@njit(nogil=True, forceinline=True)
def _common_to_many(many: NDArray[np.uint32], few: NDArray[np.uint32]) -> int:
    """The same, sixteen of `many`, or more, at a time: those of `few` up to the last of them are compared with all."""
    shared, at, k, size = np.int64(0), np.uint64(0), np.uint64(0), np.uint64(few.shape[0])
    last = np.uint64(many.shape[0] - LANES)  # the sixteen there overlap those before, which the rest is not among
    while k < size:
        top, found = many[at + np.uint64(LANES - 1)], np.uint64(0)
        while k < size and few[k] <= top:
            found |= equal16(many, np.int64(at), few[k])
            k += np.uint64(1)
        shared += count_bits(found)
        if at == last:
            break
        at = min(at + np.uint64(LANES), last)
    return shared


@njit(nogil=True, cache=True)
def count_up_to(x: NDArray[np.uint32], top: np.uint32) -> int:
    """How many values of a sorted set are at most `top`."""
    low, high = 0, x.shape[0]
    while low < high:
        middle = (low + high) // 2
        if x[middle] <= top:
            low = middle + 1
        else:
            high = middle
    return low


@njit(nogil=True)
def holds(x: NDArray[np.uint32], value: np.uint32) -> bool:
    """Whether a value is in a sorted set."""
    place = count_up_to(x, value)
    return place > 0 and x[place - 1] == value


@njit(nogil=True, forceinline=True)
def missing(x: NDArray[np.uint32], y: NDArray[np.uint32]) -> float:
    """Share of x that y lacks; 0 where x is empty, since silence contradicts nothing."""
    if x.shape[0] == 0:
        return 0.0
    return 1.0 - common(x, y) / x.shape[0]


@njit(nogil=True, forceinline=True)
def tells_more(x: NDArray[np.uint32], y: NDArray[np.uint32]) -> bool:
    """Whether x has a value that y lacks."""
    return common(x, y) < x.shape[0]


@njit(nogil=True, forceinline=True)
def clash(
    x: NDArray[np.uint32], y: NDArray[np.uint32], front_x: NDArray[np.uint32], front_y: NDArray[np.uint32]
) -> float:
    """How far each of two stories tells what the other does not know: the smaller of the shares."""
    share = missing(x, front_y)
    return min(share, missing(y, front_x)) if share > 0.0 else 0.0


@njit(nogil=True, forceinline=True)
def overlap(x: NDArray[np.uint32], y: NDArray[np.uint32], cap: int) -> tuple[int, int, int]:
    """How many values two samples share, and how many each has where both are complete.

    A sample of `cap` values holds the smallest of a larger set, so it is complete up to its last.
    """
    in_x, in_y = x.shape[0], y.shape[0]
    if in_x == cap or in_y == cap:
        top = min(x[-1] if in_x == cap else np.uint32(0xFFFFFFFF), y[-1] if in_y == cap else np.uint32(0xFFFFFFFF))
        in_x, in_y = count_up_to(x, top), count_up_to(y, top)
    return common(x, y), in_x, in_y


@njit(nogil=True)
def name_others(
    x: NDArray[np.uint32], y: NDArray[np.uint32], front_x: NDArray[np.uint32], front_y: NDArray[np.uint32]
) -> bool:
    """Whether each of two titles has what the other story lacks: a name, or a thing of one sort."""
    if not (tells_more(x, front_y) and tells_more(y, front_x)):  # as most
        return False
    return _sorts_lacking(x, front_y) & _sorts_lacking(y, front_x) != 0


@njit(nogil=True)
def _sorts_lacking(x: NDArray[np.uint32], front: NDArray[np.uint32]) -> np.uint64:
    """A bit for the sort of each value of a title's names that a story's front lacks; the lowest for names."""
    sorts = np.uint64(0)
    for value in x:
        if value < THINGS_FROM:
            sorts |= np.uint64(not holds(front, value))
        elif not holds(front, value & ~NAMED):
            sorts |= (np.uint64(1) << np.uint64(value % SORTS)) | np.uint64(value & NAMED != 0)
    return sorts
