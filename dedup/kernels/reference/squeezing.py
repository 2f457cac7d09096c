"""The slow twin of `squeezing`, and what stands in for it where nothing is compiled."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dedup.kernels.flags import CAPITAL, NUMBER, SENTENCE

Bytes = NDArray[np.uint8]


def _bits(mask: np.uint64) -> NDArray[np.bool_]:
    """bool[64], the lowest bit first."""
    return np.unpackbits(np.array([mask], dtype="<u8").view(np.uint8), bitorder="little").astype(np.bool_)


def squeeze_text(source: Bytes, at: int, keep: np.uint64, blanks: np.uint64, target: Bytes, to: int) -> np.uint64:
    """Copy some of 64 bytes in lower case, or as spaces; which of the copy are spaces."""
    text = np.where(_bits(blanks), 32, source[int(at) : int(at) + 64] | 32)[_bits(keep)]
    some = np.zeros(64, dtype=np.uint8)
    some[: len(text)] = text
    target[int(to) : int(to) + 64] = some
    spaces = np.packbits(some == 32, bitorder="little")
    return np.uint64(int.from_bytes(spaces.tobytes(), "little"))


def squeeze_flags(
    keep: np.uint64, numbers: np.uint64, capitals: np.uint64, sentences: np.uint64, opening: int, flags: Bytes, at: int
) -> None:
    """Write the flags of some of 64 bytes, those of the first beside `opening`."""
    every = NUMBER * _bits(numbers) | CAPITAL * _bits(capitals) | SENTENCE * _bits(sentences)
    some = every[_bits(keep)]
    flags[int(at) : int(at) + 32] = 0
    flags[int(at) : int(at) + len(some)] = some
    flags[int(at)] |= opening


def store_places(mask: np.uint64, base: int, places: NDArray[np.int64], at: int) -> None:
    """Write the places of the bits that are set, each more by `base`."""
    found = np.flatnonzero(_bits(mask))
    places[int(at) : int(at) + len(found)] = found + base


def highest(mask: np.uint64) -> int:
    """The place of the highest bit that is set."""
    return int(mask).bit_length() - 1
