"""Random numbers as a pure function of seed, stream and key, so that any part of a feed can be made on its own.

A generator with a state would tie every story to all stories before it. Here a draw is the SplitMix64 finaliser of
a counter: the same on every machine and NumPy release, and a copy can re-draw the words of its original, however
long ago that was, without anybody having kept them.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

U64 = npt.NDArray[np.uint64]
Mask = npt.NDArray[np.bool_]

STEP = np.uint64(0x9E3779B97F4A7C15)
_FIRST = np.uint64(0xBF58476D1CE4E5B9)
_SECOND = np.uint64(0x94D049BB133111EB)


def mix(values: U64) -> U64:
    """The SplitMix64 finaliser of every value, uint64 of the same shape, one to one."""
    out = values ^ (values >> np.uint64(30))
    out *= _FIRST
    out ^= out >> np.uint64(27)
    out *= _SECOND
    out ^= out >> np.uint64(31)
    return out


def draw(keys: U64, counter: U64 | int) -> U64:
    """One draw of 64 bits for every key and counter (broadcast together)."""
    return mix(keys + np.asarray(counter, dtype=np.uint64) * STEP)


def stream_keys(seed: int, stream: int, ids: U64) -> U64:
    """The key of every id in one stream of one seed: draw from it with `draw(key, counter)`.

    Args:
        seed: any integer from 0 to 2**64 - 1.
        stream: what the draws are for; streams of one seed are independent of each other.
        ids: uint64 of any shape.
    """
    root = mix(np.array([(seed * 0x9E3779B97F4A7C15 + stream) % 2**64], dtype=np.uint64))
    return mix(mix(root + np.uint64(stream)) + ids * STEP)


def below(draws: U64, limit: U64 | int) -> U64:
    """Every draw as a number from 0 to limit - 1 (limit up to 2**32), by its upper 32 bits."""
    return ((draws >> np.uint64(32)) * np.asarray(limit, dtype=np.uint64)) >> np.uint64(32)


def chance(draws: U64, probability: float) -> Mask:
    """True where the upper 32 bits of a draw fall under the probability (0..1)."""
    return (draws >> np.uint64(32)) < np.uint64(round(probability * 2**32))
