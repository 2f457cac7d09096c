"""The slow twin of `xxh32`, and what stands in for it where nothing is compiled: the hash of the xxhash package."""

from __future__ import annotations

import numpy as np
import xxhash
from numpy.typing import NDArray


def xxh32(data: NDArray[np.uint8], start: int, end: int) -> np.uint32:
    """XXH32 with seed 0 of the bytes data[start:end]."""
    return np.uint32(xxhash.xxh32_intdigest(data[int(start) : int(end)].tobytes()))


def hash_runs(data: NDArray[np.uint8], starts: NDArray[np.int64], width: int, hashes: NDArray[np.uint32]) -> None:
    """Write that of every `width` tokens in a row, with the spaces between them."""
    text, places = data.tobytes(), starts.tolist()
    for k in range(len(hashes) - width + 1):
        hashes[k] = xxhash.xxh32_intdigest(text[places[k] : places[k + width] - 1])


def singular(word: bytes) -> bytes:
    """A word of more than three bytes without one "s" at its end, unless a digit is before that."""
    plural = len(word) > 3 and word.endswith(b"s") and word[-2] > ord("9") and not word.endswith(b"ss")
    return word[:-1] if plural else word


def hash_pieces(
    data: NDArray[np.uint8], begins: NDArray[np.int64], sizes: NDArray[np.uint32], hashes: NDArray[np.uint32]
) -> None:
    """Write XXH32 of some strings by where they begin and how many bytes they have."""
    for i, size in enumerate(sizes.tolist()):
        hashes[i] = xxh32(data, int(begins[i]), int(begins[i]) + size)


def hash_beginnings(
    data: NDArray[np.uint8], starts: NDArray[np.int64], most: int, hashes: NDArray[np.uint32], done: NDArray[np.bool_]
) -> None:
    """Write that of the first `most` bytes of every token, of a shorter one without a plural's end.

    Not done are longer ones whose first bytes are not all ASCII, and such as begin within the last seven bytes of all.
    """
    text, places, last = data.tobytes(), starts.tolist(), len(data) - 8
    for k in range(len(hashes)):
        word = text[places[k] : places[k + 1] - 1]
        hashes[k] = xxhash.xxh32_intdigest(singular(word) if len(word) <= most else word[:most])
        done[k] = places[k] <= last and (len(word) <= most or word[:most].isascii())


def hash_openings(
    data: NDArray[np.uint8], starts: NDArray[np.int64], first: int, count: int, hashes: NDArray[np.uint32]
) -> None:
    """Write that of the first eight bytes of a few tokens, of a shorter one without a plural's end, to hashes[0]."""
    for i in range(int(count)):
        word = data[int(starts[first + i]) : int(starts[first + i + 1]) - 1].tobytes()
        hashes[0, i] = xxhash.xxh32_intdigest(singular(word) if len(word) <= 8 else word[:8])
