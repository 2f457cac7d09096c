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
from dedup.kernels.vectors import WIDTH, false_mask, load_word, lowest, turn8

PRIME_1 = np.uint32(0x9E3779B1)
PRIME_2 = np.uint32(0x85EBCA77)
PRIME_3 = np.uint32(0xC2B2AE3D)
PRIME_4 = np.uint32(0x27D4EB2F)
PRIME_5 = np.uint32(0x165667B1)
SHORTEST_PLURAL = 4  # bytes
_S, _NINE = np.uint64(ord("s")), np.uint64(ord("9"))
STAGED = 256  # runs that are hashed at once, a multiple of WIDTH: what they need fits the nearest cache
_REACH = 32  # bytes of a run that are loaded, whatever its length
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

    Most runs are of less than _REACH bytes: those of many are gathered first, and then hashed without a branch, so that
    the processor takes many in each step. The few others are looked for WIDTH at a time, and hashed one by one.
    """
    count = max(hashes.shape[0] - width + 1, 0)
    safe = count
    while safe > 0 and starts[safe - 1] > data.shape[0] - _REACH:
        safe -= 1
    safe -= safe % 8
    words = np.empty((8, STAGED), dtype=np.uint32)
    sizes = np.empty(STAGED, dtype=np.uint32)
    short = np.empty(STAGED, dtype=np.bool_)
    for base in range(0, safe, STAGED):
        until = min(base + STAGED, safe)
        for k in range(base, until, 8):
            turn8(data, starts, k, words, k - base)
        for k in range(base, until):
            size = np.uint32(starts[np.uint64(k + width)] - 1 - starts[np.uint64(k)])
            sizes[np.uint64(k - base)] = size
            short[np.uint64(k - base)] = size < np.uint32(_REACH)
        _mix_staged(words, sizes, hashes[base:until])
        short[until - base :] = True
        for first in range(base, until, WIDTH):
            rest = false_mask(short, first - base)
            while rest:
                k = first + lowest(rest)
                rest &= rest - np.uint64(1)
                hashes[k] = xxh32(data, starts[k], starts[k + width] - 1)
    for k in range(safe, count):
        hashes[k] = xxh32(data, starts[k], starts[k + width] - 1)


@device(plain.hash_pieces, njit(nogil=True, cache=True))
def hash_pieces(
    data: NDArray[np.uint8], begins: NDArray[np.int64], sizes: NDArray[np.uint32], hashes: NDArray[np.uint32]
) -> None:
    """Write XXH32 (seed 0) of at most STAGED strings of less than _REACH bytes each, without a branch.

    data   : uint8[m]         _REACH bytes from each of the places on can be read
    begins : int64[b]         b >= n, a multiple of eight; where the strings begin, and beyond them other places in data
    sizes  : uint32[n]        how many bytes each has
    hashes : uint32[n]        overwritten
    """
    words = np.empty((8, STAGED), dtype=np.uint32)
    for k in range(0, sizes.shape[0], 8):
        turn8(data, begins, k, words, k)
    _mix_staged(words, sizes, hashes)


@njit(inline="always", nogil=True)
def is_plural(before: np.uint64, last: np.uint64) -> bool:
    """Whether a word of SHORTEST_PLURAL bytes or more that ends in these two is taken for a plural."""
    return (last == _S) & (before != _S) & (before > _NINE)


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
    count = hashes.shape[0]
    while count > 0 and starts[count - 1] > data.shape[0] - 8:
        count -= 1
        done[count] = False
    words = np.empty(STAGED, dtype=np.uint64)
    halves = np.empty((3, STAGED), dtype=np.uint32)
    sizes, firsts, tails = halves[0], halves[1], halves[2]
    for base in range(0, count, STAGED):
        until = min(base + STAGED, count)
        for k in range(base, until):
            words[np.uint64(k - base)] = load_word(data, starts[np.uint64(k)])
        _cut_short(words, starts[base : until + 1], most, sizes, firsts, tails, done[base:until])
        _mix_short(sizes, firsts, tails, hashes[base:until])


@device(plain.hash_openings, njit(nogil=True, cache=True))
def hash_openings(
    data: NDArray[np.uint8], starts: NDArray[np.int64], first: int, count: int, hashes: NDArray[np.uint32]
) -> None:
    """Write XXH32 (seed 0) of the first eight bytes of a few tokens, of all of a shorter one but a plural's end.

    data   : uint8[m]       the tokens' bytes, a space after each
    starts : int64[t + 1]   token k is data[starts[k]:starts[k + 1] - 1]
    first  : int            of the tokens that are hashed
    count  : int            of these, at most 16
    hashes : uint32[4, 16]  overwritten; hashes[0, :count] are what is asked for
    """
    most = np.int64(8)
    out, sizes, fronts, backs = hashes[0], hashes[1], hashes[2], hashes[3]
    for i in range(count):
        start = starts[first + i]
        end = starts[first + i + 1] - 1
        if start + most > data.shape[0]:  # the last of all
            size = min(end - start, most)
            word = np.uint64(0)
            for at in range(size):
                word |= np.uint64(data[start + at]) << np.uint64(8 * at)
        else:
            word = load_word(data, start)
        plural = is_plural(np.uint64(data[max(end - 2, start)]), np.uint64(data[end - 1]))
        singular = end - start - np.int64(plural & (end - start >= SHORTEST_PLURAL))
        sizes[i] = np.uint32(most if end - start > most else singular)
        fronts[i] = np.uint32(word & np.uint64(0xFFFFFFFF))
        backs[i] = np.uint32(word >> np.uint64(32))
    for i in range(16):  # so many are hashed as fast as one
        n, front, back = sizes[i], fronts[i], backs[i]
        h = np.uint32(PRIME_5 + n)
        h = _step(h, front) if n >= np.uint32(4) else h
        h = _step(h, back) if n == np.uint32(8) else h
        out[i] = _finish(_tail_steps(h, back if n & np.uint32(4) else front, n & np.uint32(3)))


@njit(nogil=True)
def _cut_short(
    words: NDArray[np.uint64],
    starts: NDArray[np.int64],
    most: int,
    sizes: NDArray[np.uint32],
    firsts: NDArray[np.uint32],
    tails: NDArray[np.uint32],
    done: NDArray[np.bool_],
) -> None:
    """Write what `_mix_short` takes of tokens given by their first eight bytes, and whether they are so hashed."""
    cut = np.uint64(most)
    high = np.uint64(0x8080808080808080) >> np.uint64(64 - 8 * most)
    for i in range(done.shape[0]):
        word = words[i]
        length = np.uint64(starts[i + 1] - 1 - starts[i])
        done[i] = (length <= cut) | (word & high == np.uint64(0))
        ending = word >> ((length * np.uint64(8) - np.uint64(16)) & np.uint64(63))  # of a longer token no matter what
        plural = is_plural(ending & np.uint64(255), (ending >> np.uint64(8)) & np.uint64(255))
        singular = length - np.uint64(plural & (length >= np.uint64(SHORTEST_PLURAL)))
        length = cut if length > cut else singular
        sizes[i] = np.uint32(length)
        firsts[i] = np.uint32(word & np.uint64(0xFFFFFFFF))
        tails[i] = np.uint32((word >> ((length & np.uint64(4)) << np.uint64(3))) & np.uint64(0xFFFFFFFF))


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
def _mix_staged(words: NDArray[np.uint32], sizes: NDArray[np.uint32], out: NDArray[np.uint32]) -> None:
    """Write XXH32 of strings of less than _REACH bytes given by their words; what longer ones get means nothing.

    words        : uint32[8, >= n]  the first _REACH bytes of each
    starts, ends : int64[n]         where each begins, and where the next one would after a space
    """
    for i in range(out.shape[0]):
        n = sizes[i]
        long, four, eight = n >= np.uint32(16), n & np.uint32(4) != 0, n & np.uint32(8) != 0
        one, two, three, last = words[0, i], words[1, i], words[2, i], words[3, i]
        low = _rotate(_round(LANE_1, one), 1) + _rotate(_round(LANE_2, two), 7)
        high = _rotate(_round(LANE_3, three), 12) + _rotate(_round(LANE_4, last), 18)
        h = np.uint32((np.uint32(low + high) if long else PRIME_5) + n)
        one, two = words[4, i] if long else one, words[5, i] if long else two
        three, last = words[6, i] if long else three, words[7, i] if long else last
        h = _step(h, one) if four | eight else h
        h = _step(h, two) if eight else h
        h = _step(h, three) if four & eight else h
        tail = (last if four else three) if eight else (two if four else one)
        out[i] = _finish(_tail_steps(h, tail, n & np.uint32(3)))


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
