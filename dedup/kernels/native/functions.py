"""Which tokens are function words. Twin: the set of `dedup.words.FUNCTION_WORDS`, token by token."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from dedup.kernels.flags import FUNCTION
from dedup.kernels.handles import borrow
from dedup.kernels.vectors import among8, fold_product, load_word

_SPREAD = np.uint64(0xC2B2AE3D27D4EB4F)
_ONE = np.uint64(1)
_LOW = np.array([2 ** (8 * min(size, 8)) - 1 for size in range(17)], dtype=np.uint64)
_HIGH = np.array([2 ** (8 * max(size - 8, 0)) - 1 for size in range(17)], dtype=np.uint64)
"""Which bits of 16 bytes, the first eight and the last, belong to a token of so many bytes."""


@njit(nogil=True, cache=True)
def spread_tokens(
    data: NDArray[np.uint8], starts: NDArray[np.int64], salt: np.uint64, keys: NDArray[np.uint64]
) -> None:
    """Write what `flag_functions` knows tokens by.

    data   : uint8[c]      the tokens' UTF-8, a space after each; c at least 15 more than the last one's end
    starts : int64[t + 1]  where each begins, and where the last one's space ends
    salt   : whose bits are spread
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
    start = starts[0] if flags.shape[0] else 0
    for k in range(np.uint64(flags.shape[0])):
        end = starts[k + _ONE]
        key = _spread(data, start, end - 1, salt)
        start = end
        bucket, half = key >> shift, np.uint32(key & np.uint64(0xFFFFFFFF))
        hits = among8(functions, np.int64(bucket), half)
        flags[k] |= np.uint8(FUNCTION) if hits else np.uint8(0)


@njit(nogil=True)
def _spread(data: NDArray[np.uint8], start: int, end: int, salt: np.uint64) -> np.uint64:
    """A hash of the length and the first 16 bytes of data[start:end]."""
    size = np.uint64(end - start)
    some = min(size, np.uint64(16))
    low, high = load_word(data, start) & _LOW[some], load_word(data, start + 8) & _HIGH[some]
    return fold_product(low ^ salt, (high ^ _SPREAD) + size)
