"""Which tokens are function words. Twin: the set of `dedup.words.FUNCTION_WORDS`, token by token."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from dedup.kernels.flags import FUNCTION
from dedup.kernels.handles import borrow
from dedup.kernels.vectors import among8, load_word

_SPREAD_LOW, _SPREAD_HIGH = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xC2B2AE3D27D4EB4F)
_ALL, _ONE = np.uint64(0xFFFFFFFFFFFFFFFF), np.uint64(1)


@njit(nogil=True, cache=True)
def spread_tokens(
    data: NDArray[np.uint8], starts: NDArray[np.int64], salt: np.uint64, keys: NDArray[np.uint64]
) -> None:
    """Write what `flag_functions` knows tokens by.

    data   : uint8[c]      the tokens' UTF-8, a space after each; c at least 15 more than the last one's end
    starts : int64[t + 1]  where each begins, and where the last one's space ends
    salt   : odd
    keys   : uint64[t]     overwritten: a hash of each token's length and first 16 bytes
    """
    for k in range(keys.shape[0]):
        keys[k] = _spread(data, starts[k], starts[k + 1] - 1, salt)


@njit(nogil=True, cache=True)
def flag_functions(
    data: NDArray[np.uint8],
    starts: NDArray[np.int64],
    salt: np.uint64,
    functions: NDArray[np.uint32],
    flags: NDArray[np.uint8],
) -> None:
    """Flag the function words among tokens.

    data, starts, salt : as in `spread_tokens`
    functions          : uint32[b, 8]  b a power of two; the function words' keys: bucket by the top bits, low half kept
    flags              : uint8[t]      FUNCTION is added
    """
    data, starts, functions, flags = borrow(data), borrow(starts), borrow(functions), borrow(flags)
    shift = np.uint64(64)
    buckets = functions.shape[0]
    while buckets > 1:
        buckets >>= 1
        shift -= _ONE
    for k in range(flags.shape[0]):
        key = _spread(data, starts[k], starts[k + 1] - 1, salt)
        bucket, half = key >> shift, np.uint32(key & np.uint64(0xFFFFFFFF))
        hits = among8(functions, np.int64(bucket), half)
        flags[np.uint64(k)] |= np.uint8(FUNCTION) if hits else np.uint8(0)


@njit(nogil=True)
def _spread(data: NDArray[np.uint8], start: int, end: int, salt: np.uint64) -> np.uint64:
    """A hash of the length and the first 16 bytes of data[start:end]."""
    size = np.uint64(end - start)
    first, rest = min(size, np.uint64(8)), min(max(size, np.uint64(8)), np.uint64(16)) - np.uint64(8)
    low = load_word(data, start) & (_ALL >> ((np.uint64(8) - first) << np.uint64(3)))
    high = load_word(data, start + 8) & (
        (_ONE << (rest << np.uint64(2)) << (rest << np.uint64(2))) - _ONE
    )  # at most 63 twice
    key = (low ^ (high * _SPREAD_HIGH)) * salt + size
    key ^= key >> np.uint64(32)
    return key * _SPREAD_LOW
