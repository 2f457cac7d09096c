"""Which band keys occur in more than one story: the others, nine in ten, need not be looked up at all."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray


@njit(inline="always", nogil=True)
def _bit(key: np.uint32, mask: np.uint64) -> np.uint64:
    """Where a key is noted, among mask + 1 bits."""
    return (np.uint64(key) * np.uint64(0x9E3779B97F4A7C15) >> np.uint64(20)) & mask


@njit(nogil=True, cache=True)
def note_keys(
    keys: NDArray[np.uint32], skip: NDArray[np.bool_], once: NDArray[np.uint64], twice: NDArray[np.uint64]
) -> None:
    """Note in two bit sets which keys have occurred, and which again.

    keys  : uint32[n]  keys of one band; 0 is none
    skip  : bool[n]    stories whose keys do not count: exact copies of an earlier one
    once  : uint64[w]  bit set of 64 * w bits, a power of two
    twice : uint64[w]
    """
    mask = np.uint64(once.shape[0] * 64 - 1)
    for i in range(keys.shape[0]):
        if keys[i] != 0 and not skip[i]:
            at = _bit(keys[i], mask)
            word, bit = at >> np.uint64(6), np.uint64(1) << (at & np.uint64(63))
            twice[word] |= once[word] & bit
            once[word] |= bit


@njit(nogil=True, cache=True)
def mark_live(keys: NDArray[np.uint32], twice: NDArray[np.uint64], live: NDArray[np.uint32], band: int) -> None:
    """Set bit `band` % 32 of live[i] for every story whose key of this band occurred twice (or seems to have).

    keys  : uint32[n]  as noted
    twice : uint64[w]  from `note_keys`; two keys that share a bit look like one that occurred twice, never the reverse
    live  : uint32[n]
    """
    mask = np.uint64(twice.shape[0] * 64 - 1)
    flag = np.uint32(1) << np.uint32(band & 31)
    for i in range(keys.shape[0]):
        if keys[i] != 0:
            at = _bit(keys[i], mask)
            if twice[at >> np.uint64(6)] & (np.uint64(1) << (at & np.uint64(63))):
                live[i] |= flag


@njit(nogil=True, cache=True)
def mark_copies(content: NDArray[np.uint64], slots: NDArray[np.int32], copies: NDArray[np.bool_]) -> None:
    """Mark the stories whose content an earlier story has.

    content : uint64[n, 2]  128 bits of hash; 0, 0 is no content and a copy of nothing
    slots   : int32[c]      zeros, scratch; c a power of two above n
    copies  : bool[n]       overwritten
    """
    mask = np.uint64(slots.shape[0] - 1)
    for i in range(content.shape[0]):
        copies[i] = False
        high, low = content[i, 0], content[i, 1]
        if high == np.uint64(0) and low == np.uint64(0):
            continue
        at = high & mask
        while slots[at] != 0:
            row = slots[at] - 1
            if content[row, 0] == high and content[row, 1] == low:
                copies[i] = True
                break
            at = (at + np.uint64(1)) & mask
        if not copies[i]:
            slots[at] = i + 1
