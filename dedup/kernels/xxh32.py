# mypy: disallow-untyped-decorators=False
"""XXH32, the 32-bit hash of every token and shingle, as a device function for other kernels.

The algorithm: https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md. Seed 0 throughout.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

PRIME_1 = np.uint32(0x9E3779B1)
PRIME_2 = np.uint32(0x85EBCA77)
PRIME_3 = np.uint32(0xC2B2AE3D)
PRIME_4 = np.uint32(0x27D4EB2F)
PRIME_5 = np.uint32(0x165667B1)
# The four lanes' starting values for seed 0, modulo 2**32.
LANE_1 = np.uint32((0x9E3779B1 + 0x85EBCA77) & 0xFFFFFFFF)
LANE_2 = np.uint32(0x85EBCA77)
LANE_3 = np.uint32(0)
LANE_4 = np.uint32(-0x9E3779B1 & 0xFFFFFFFF)


@njit(inline="always", nogil=True)
def _word(data: NDArray[np.uint8], at: np.uint64) -> np.uint32:
    """The little-endian uint32 at data[at:at + 4]; LLVM makes one load of it.

    `at` is unsigned so that Numba leaves out the test for a negative index, which would keep the loads apart.
    """
    return np.uint32(
        np.uint32(data[at])
        | (np.uint32(data[at + np.uint64(1)]) << np.uint32(8))
        | (np.uint32(data[at + np.uint64(2)]) << np.uint32(16))
        | (np.uint32(data[at + np.uint64(3)]) << np.uint32(24))
    )


@njit(inline="always", nogil=True)
def _rotate(x: np.uint32, bits: int) -> np.uint32:
    """Turn the bits of x left, 0 < bits < 32."""
    return np.uint32((x << np.uint32(bits)) | (x >> np.uint32(32 - bits)))


@njit(inline="always", nogil=True)
def _round(lane: np.uint32, word: np.uint32) -> np.uint32:
    """One lane after it has taken in one word."""
    return np.uint32(_rotate(np.uint32(lane + np.uint32(word * PRIME_2)), 13) * PRIME_1)


@njit(nogil=True, cache=True)
def xxh32(data: NDArray[np.uint8], start: int, end: int) -> np.uint32:
    """XXH32 with seed 0 of the bytes data[start:end].

    data  : uint8[m]   writable C-contiguous array; only data[start:end] is read
    start : int64      first byte, 0 <= start <= end
    end   : int64      one past the last byte, end <= m; start == end hashes the empty string
    Equal to `xxhash.xxh32_intdigest(data[start:end].tobytes())`.
    """
    at = np.uint64(start)
    stop = np.uint64(end)
    if end - start >= 16:
        one, two, three, four = LANE_1, LANE_2, LANE_3, LANE_4
        while at + np.uint64(16) <= stop:
            one = _round(one, _word(data, at))
            two = _round(two, _word(data, at + np.uint64(4)))
            three = _round(three, _word(data, at + np.uint64(8)))
            four = _round(four, _word(data, at + np.uint64(12)))
            at += np.uint64(16)
        h = np.uint32(_rotate(one, 1) + _rotate(two, 7) + _rotate(three, 12) + _rotate(four, 18))
    else:
        h = PRIME_5
    h = np.uint32(h + np.uint32(end - start))
    while at + np.uint64(4) <= stop:
        h = np.uint32(_rotate(np.uint32(h + np.uint32(_word(data, at) * PRIME_3)), 17) * PRIME_4)
        at += np.uint64(4)
    while at < stop:
        h = np.uint32(_rotate(np.uint32(h + np.uint32(np.uint32(data[at]) * PRIME_5)), 11) * PRIME_1)
        at += np.uint64(1)
    h = np.uint32((h ^ (h >> np.uint32(15))) * PRIME_2)
    h = np.uint32((h ^ (h >> np.uint32(13))) * PRIME_3)
    return np.uint32(h ^ (h >> np.uint32(16)))
