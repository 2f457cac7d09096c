# mypy: disallow-untyped-decorators=False
"""XXH32, the 32-bit hash of every token and shingle.

The algorithm: https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md. Seed 0 throughout.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from dedup.kernels.device import device
from dedup.kernels.reference import xxh32 as plain
from dedup.kernels.vectors import load_half, load_word

PRIME_1 = np.uint32(0x9E3779B1)
PRIME_2 = np.uint32(0x85EBCA77)
PRIME_3 = np.uint32(0xC2B2AE3D)
PRIME_4 = np.uint32(0x27D4EB2F)
PRIME_5 = np.uint32(0x165667B1)
SHORTEST_PLURAL = 4  # bytes
_S, _NINE = np.uint64(ord("s")), np.uint64(ord("9"))
_STAGED = 256  # runs that are hashed at once: what they need fits the nearest cache
_REACH = 64  # bytes from a run's first that may be loaded
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


@device(plain.xxh32, njit(nogil=True, cache=True))
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


@device(plain.hash_runs, njit(nogil=True, cache=True))
def hash_runs(data: NDArray[np.uint8], starts: NDArray[np.int64], width: int, hashes: NDArray[np.uint32]) -> None:
    """Write XXH32 (seed 0) of every `width` tokens in a row, with the spaces between them.

    data   : uint8[m]      the tokens' bytes, a space after each
    starts : int64[t + 1]  token k is data[starts[k]:starts[k + 1] - 1]
    hashes : uint32[t]     hashes[:t - width + 1] are overwritten

    Most runs are of less than 32 bytes: what such a one needs is gathered first, for many at once, and then hashed
    without a branch, so that the processor takes many in each step. The few others are hashed one by one.
    """
    count = hashes.shape[0] - width + 1
    last = data.shape[0] - _REACH
    staged = np.empty((9, _STAGED), dtype=np.uint32)
    size, one, two, three, four = staged[0], staged[1], staged[2], staged[3], staged[4]
    rest, next_rest, last_rest, tail = staged[5], staged[6], staged[7], staged[8]
    for base in range(0, count, _STAGED):
        many = min(_STAGED, count - base)
        for j in range(many if last >= 0 else 0):
            i, k = np.uint64(j), np.uint64(base + j)
            length = starts[k + np.uint64(width)] - 1 - starts[k]
            at = min(starts[k], last)
            size[i] = np.uint32(length)
            one[i], two[i] = load_half(data, at), load_half(data, at + 4)
            three[i], four[i] = load_half(data, at + 8), load_half(data, at + 12)
            at += length & 16
            rest[i], next_rest[i], last_rest[i] = load_half(data, at), load_half(data, at + 4), load_half(data, at + 8)
            tail[i] = load_half(data, at + (length & 12))
        _mix_staged(size[:many], one, two, three, four, rest, next_rest, last_rest, tail, hashes[base : base + many])
        for j in range(many):
            k = np.uint64(base + j)
            if last < 0 or starts[k] > last or size[np.uint64(j)] >= np.uint32(32):
                hashes[k] = xxh32(data, starts[k], starts[k + np.uint64(width)] - 1)


@njit(inline="always", nogil=True)
def is_plural(before: np.uint64, last: np.uint64) -> bool:
    """Whether a word of SHORTEST_PLURAL bytes or more that ends in these two is taken for a plural."""
    return last == _S and before != _S and before > _NINE


@device(plain.hash_beginnings, njit(nogil=True, cache=True))
def hash_beginnings(
    data: NDArray[np.uint8], starts: NDArray[np.int64], most: int, hashes: NDArray[np.uint32], done: NDArray[np.bool_]
) -> None:
    """Write XXH32 (seed 0) of the first `most` bytes of every token, of all of a shorter one but a plural's end.

    data   : uint8[m]      the tokens' bytes, a space after each
    starts : int64[t + 1]  token k is data[starts[k]:starts[k + 1] - 1]
    most   : int           at most 7
    hashes : uint32[t]     overwritten where done
    done   : bool[t]       overwritten; False for a longer token whose first `most` bytes are not all ASCII, and for the
                           last few, which lie too near the end of `data`
    """
    last = data.shape[0] - 8
    staged = np.empty((3, _STAGED), dtype=np.uint32)
    size, first, tail = staged[0], staged[1], staged[2]
    high = np.uint64(0x8080808080808080) >> np.uint64(64 - 8 * most)
    for base in range(0, hashes.shape[0], _STAGED):
        many = min(_STAGED, hashes.shape[0] - base)
        for j in range(many):
            i, k = np.uint64(j), np.uint64(base + j)
            length = starts[k + np.uint64(1)] - 1 - starts[k]
            at = max(min(starts[k], last), 0)
            word = load_word(data, at) if last >= 0 else np.uint64(0)
            done[k] = starts[k] <= last and (length <= most or word & high == np.uint64(0))
            ending = word >> np.uint64((8 * (length - 2)) & 63)  # of a longer token, or the shortest, no matter what
            plural = is_plural(ending & np.uint64(255), (ending >> np.uint64(8)) & np.uint64(255))
            length = most if length > most else length - np.int64(plural and length >= SHORTEST_PLURAL)
            size[i] = np.uint32(length)
            first[i] = np.uint32(word & np.uint64(0xFFFFFFFF))
            tail[i] = np.uint32(word >> np.uint64((length & 4) << 3) & np.uint64(0xFFFFFFFF))
        _mix_short(size[:many], first, tail, hashes[base : base + many])


@njit(nogil=True)
def _mix_short(
    size: NDArray[np.uint32], first: NDArray[np.uint32], tail: NDArray[np.uint32], out: NDArray[np.uint32]
) -> None:
    """Write XXH32 of strings of at most seven bytes given by their first word and by that of their last up to three."""
    for i in range(out.shape[0]):
        n = size[i]
        h = np.uint32(PRIME_5 + n)
        h = _step(h, first[i]) if n & np.uint32(4) else h
        out[i] = _finish(_tail_steps(h, tail[i], n & np.uint32(3)))


@njit(nogil=True)
def _mix_staged(
    size: NDArray[np.uint32],
    one: NDArray[np.uint32],
    two: NDArray[np.uint32],
    three: NDArray[np.uint32],
    four: NDArray[np.uint32],
    rest: NDArray[np.uint32],
    next_rest: NDArray[np.uint32],
    last_rest: NDArray[np.uint32],
    tail: NDArray[np.uint32],
    out: NDArray[np.uint32],
) -> None:
    """Write XXH32 of strings of less than 32 bytes given by their words; what longer ones get means nothing.

    one .. four        : the first sixteen bytes, used if there are as many
    rest .. last_rest  : the words after these, or the first ones of a shorter string
    tail               : the word whose lowest bytes are the last up to three
    """
    for i in range(out.shape[0]):
        n = size[i]
        low = _rotate(_round(LANE_1, one[i]), 1) + _rotate(_round(LANE_2, two[i]), 7)
        high = _rotate(_round(LANE_3, three[i]), 12) + _rotate(_round(LANE_4, four[i]), 18)
        h = np.uint32((np.uint32(low + high) if n >= np.uint32(16) else PRIME_5) + n)
        h = _step(h, rest[i]) if n & np.uint32(12) else h
        h = _step(h, next_rest[i]) if n & np.uint32(8) else h
        h = _step(h, last_rest[i]) if n & np.uint32(12) == np.uint32(12) else h
        out[i] = _finish(_tail_steps(h, tail[i], n & np.uint32(3)))


@njit(inline="always", nogil=True)
def _step(h: np.uint32, word: np.uint32) -> np.uint32:
    """The hash after four more bytes."""
    return np.uint32(_rotate(np.uint32(h + np.uint32(word * PRIME_3)), 17) * PRIME_4)


@njit(inline="always", nogil=True)
def _tail_steps(h: np.uint32, word: np.uint32, count: np.uint32) -> np.uint32:
    """The hash after the lowest `count` bytes of the word, at most three."""
    h = _byte_step(h, word) if count else h
    h = _byte_step(h, word >> np.uint32(8)) if count >= np.uint32(2) else h
    return _byte_step(h, word >> np.uint32(16)) if count == np.uint32(3) else h


@njit(inline="always", nogil=True)
def _finish(h: np.uint32) -> np.uint32:
    """The hash once all bytes are in it."""
    h = np.uint32((h ^ (h >> np.uint32(15))) * PRIME_2)
    h = np.uint32((h ^ (h >> np.uint32(13))) * PRIME_3)
    return np.uint32(h ^ (h >> np.uint32(16)))


@njit(inline="always", nogil=True)
def _byte_step(h: np.uint32, word: np.uint32) -> np.uint32:
    """The hash after the lowest byte of the word."""
    return np.uint32(_rotate(np.uint32(h + np.uint32((word & np.uint32(255)) * PRIME_5)), 11) * PRIME_1)
