"""The slow twin of `vectors`, and what stands in for it where nothing is compiled: one vector at a time, by NumPy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]


def mask_of(*bounds: int) -> Callable[[Bytes, int], np.uint64]:
    """A function: which of the 64 bytes at data[at] lie in one of some ranges; their bounds follow one another."""
    ranges = list(zip(bounds[::2], bounds[1::2], strict=True))

    def mask(data: Bytes, at: int) -> np.uint64:
        some = data[int(at) : int(at) + 64]
        found = np.any([(some >= low) & (some <= high) for low, high in ranges], axis=0)
        bits = np.packbits(found, bitorder="little")
        return np.uint64(int.from_bytes(bits.tobytes(), "little"))

    return mask


def copy_lower16(source: Bytes, at: int, target: Bytes, to: int) -> None:
    """Copy 16 bytes with bit 5 set: ASCII letters become lower case."""
    some = source[int(at) : int(at) + 16] | 32
    target[int(to) : int(to) + len(some)] = some


def copy32(source: Bytes, at: int, target: Bytes, to: int) -> None:
    """Copy 32 bytes; all are read before any is written."""
    some = source[int(at) : int(at) + 32].copy()
    target[int(to) : int(to) + len(some)] = some


def copy_less8(values: NDArray[np.int64], at: int, to: int, less: int) -> None:
    """Copy eight values, each less a number; all are read before any is written."""
    values[int(to) : int(to) + 8] = values[int(at) : int(at) + 8] - less


def among8(rows: NDArray[np.uint32], row: int, value: np.uint32) -> bool:
    """Whether a value is one of the eight of rows[row]."""
    return bool((rows[int(row)] == value).any())


def equal16(values: NDArray[np.uint32], at: int, value: np.uint32) -> np.uint64:
    """Which of values[at:at + 16] are another: a bit each."""
    same = np.packbits(values[int(at) : int(at) + 16] == value, bitorder="little")
    return np.uint64(int.from_bytes(same.tobytes(), "little"))


def sort_of(count: int) -> Callable[[NDArray[np.uint32], int], None]:
    """A function: sorts values[at:at + count]."""

    def sort(values: NDArray[np.uint32], at: int) -> None:
        values[int(at) : int(at) + count].sort()

    return sort


sort16, sort32, sort64, settle64 = map(sort_of, (16, 32, 64, 64))


def part16(values: NDArray[np.uint32], low: int, high: int) -> None:
    """Of each of values[low:low + 16] and that in the same place of values[high:high + 16], the smaller here."""
    here, there = values[int(low) : int(low) + 16], values[int(high) : int(high) + 16]
    here[:], there[:] = np.minimum(here, there), np.maximum(here, there)


def mirror16(values: NDArray[np.uint32], low: int, high: int) -> None:
    """The same of the first here and the last there, and so on."""
    here, there = values[int(low) : int(low) + 16], values[int(high) : int(high) + 16][::-1]
    here[:], there[:] = np.minimum(here, there), np.maximum(here, there)


def lowest(mask: np.uint64) -> int:
    """How many bits lie below the lowest one that is set; 64 for none."""
    number = int(mask)
    return (number & -number).bit_length() - 1 if number else 64


def count_bits(mask: np.uint64) -> int:
    """How many bits are set."""
    return int(mask).bit_count()


def fold_product(one: np.uint64, other: np.uint64) -> np.uint64:
    """The two halves of the 128 bits of a product, one XOR the other."""
    product = int(one) * int(other)
    return np.uint64((product ^ product >> 64) % 2**64)


def load_word(data: Bytes, at: int) -> np.uint64:
    """The little-endian uint64 at data[at:at + 8]."""
    return np.uint64(int.from_bytes(data[int(at) : int(at) + 8].tobytes(), "little"))


def load_half(data: Bytes, at: int) -> np.uint32:
    """The little-endian uint32 at data[at:at + 4]."""
    return np.uint32(int.from_bytes(data[int(at) : int(at) + 4].tobytes(), "little"))


def store_half(data: Bytes, at: int, value: np.uint32) -> None:
    """Write a uint32 to data[at:at + 4], little-endian."""
    data[int(at) : int(at) + 4] = np.frombuffer(int(value).to_bytes(4, "little"), dtype=np.uint8)


def take_stripes(
    data: Bytes, at: int, count: int, lanes: NDArray[np.uint64], prime_1: np.uint64, prime_2: np.uint64
) -> None:
    """Take 32 bytes `count` times into two sets of XXH64's four lanes."""
    for start in range(int(at), int(at) + 32 * int(count), 32):
        words = np.frombuffer(data[start : start + 32].tobytes(), dtype=np.uint64)
        lane = np.add(lanes, np.multiply(np.concatenate([words, words]), prime_2))
        lanes[:] = (lane << np.uint64(31) | lane >> np.uint64(33)) * prime_1


def turn8(data: Bytes, starts: NDArray[np.int64], first: int, words: NDArray[np.uint32], at: int) -> None:
    """Write the 32 bytes at each of eight places as a column of eight uint32."""
    for k, start in enumerate(starts[int(first) : int(first) + 8].tolist()):
        words[:8, int(at) + k] = np.frombuffer(data[start : start + 32].tobytes(), dtype="<u4")


def prefetch(_array: NDArray[Any], _at: int) -> None:
    """Nothing: it only makes what comes faster."""
