"""What a token says beyond its letters: a number, a day, a count of victims."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from dedup.kernels.flags import FUNCTION, NUMBER
from dedup.kernels.native.shingles import hash_stem
from dedup.kernels.xxh32 import xxh32

PLAIN, COUNT, CALENDAR, TOLL = 0, 1, 2, 3  # kinds of tokens; a count is a number in digits or in letters
SLOTS = 4096  # of the table of meanings: a power of two, some six times their number
FRONT_TOKENS = 150  # of title + text: where what another story opens with is looked for; all that is asked for meaning
BEFORE, AFTER = 2, 3  # tokens before and after a number among which a word makes it a toll
_COMMA = np.uint8(44)
_NUMBER_BYTES = 64
SHORTEST, LONGEST = 3, 20  # bytes of a word with a meaning


class Meanings(NamedTuple):
    """Words with a meaning of their own, by open addressing."""

    keys: NDArray[np.uint32]  # [SLOTS] a word's XXH32, 0 for a free slot
    kinds: NDArray[np.uint8]  # [SLOTS]
    values: NDArray[np.uint32]  # [SLOTS] what the word stands for: the hash of the number in digits, of the day
    likely: NDArray[np.bool_]  # [SLOTS] by `glance`: whether a word may be among them, so that few need to be hashed


class Read(NamedTuple):
    """What the tokens of one story say."""

    words: NDArray[np.uint32]  # [t] the value of a number or a day, else the hash of a content word's stem
    kinds: NDArray[np.uint8]  # [t]


@njit(nogil=True, cache=True)
def hash_number(data: NDArray[np.uint8], start: int, end: int, digits: NDArray[np.uint8]) -> np.uint32:
    """XXH32 of a number without its thousands commas and the end of "21st": 350,000 is 350000.

    digits : uint8[64]  overwritten
    """
    count = 0
    for at in range(start, min(end, start + _NUMBER_BYTES)):
        if data[at] != _COMMA:
            digits[count] = data[at]
            count += 1
    if count > 2 and 48 <= digits[count - 3] <= 57:
        one, two = digits[count - 2], digits[count - 1]
        st, nd = one == 115 and two == 116, one == 110 and two == 100
        rd, th = one == 114 and two == 100, one == 116 and two == 104
        if st or nd or rd or th:
            count -= 2
    return xxh32(digits, 0, count)


@njit(nogil=True, inline="always")
def glance(data: NDArray[np.uint8], start: int, end: int) -> int:
    """A slot by a word's first three bytes and its length, which is at least SHORTEST."""
    mixed = np.int64(data[start]) * 1009 + np.int64(data[start + 1]) * 131 + np.int64(data[start + 2]) * 17
    return (mixed + end - start) & (SLOTS - 1)


@njit(nogil=True, inline="always")
def find_meaning(data: NDArray[np.uint8], start: int, end: int, meanings: Meanings) -> int:
    """The slot of a word's meaning; -1 if it has none."""
    if end - start < SHORTEST or end - start > LONGEST or not meanings.likely[glance(data, start, end)]:
        return -1
    key = xxh32(data, start, end)
    slot = np.int64(key) & (SLOTS - 1)
    while meanings.keys[slot] != 0:
        if meanings.keys[slot] == key:
            return slot
        slot = (slot + 1) & (SLOTS - 1)
    return -1


@njit(nogil=True, cache=True)
def read_words(
    data: NDArray[np.uint8],
    starts: NDArray[np.int64],
    flags: NDArray[np.uint8],
    first: int,
    count: int,
    meanings: Meanings,
    digits: NDArray[np.uint8],
    out: Read,
) -> None:
    """Write what `count` tokens from `first` on say; those after FRONT_TOKENS are plain words.

    Function words that are no number or day say nothing, and their place in `out.words` is left as it is.
    """
    for k in range(count):
        start, end = starts[first + k], starts[first + k + 1] - 1
        out.kinds[k] = PLAIN
        if k < FRONT_TOKENS and flags[first + k] & NUMBER:
            out.kinds[k] = COUNT
            out.words[k] = hash_number(data, start, end, digits)
            continue
        slot = find_meaning(data, start, end, meanings) if k < FRONT_TOKENS else -1
        if slot >= 0:
            out.kinds[k] = meanings.kinds[slot]
        if out.kinds[k] == COUNT or out.kinds[k] == CALENDAR:
            out.words[k] = meanings.values[slot]
        elif not flags[first + k] & FUNCTION:
            out.words[k] = hash_stem(data, start, end, flags[first + k] & NUMBER != 0)


@njit(nogil=True, inline="always")
def is_toll(kinds: NDArray[np.uint8], at: int, count: int) -> bool:
    """Whether the number at this place counts victims: such figures are revised while the story stays the same."""
    for k in range(max(at - BEFORE, 0), min(at + AFTER + 1, count)):
        if kinds[k] == TOLL:
            return True
    return False
