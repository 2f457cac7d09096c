"""What a token says beyond its letters: a number, a day, a count of victims, a place, one of two sides."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from dedup.kernels.flags import NUMBER
from dedup.kernels.xxh32 import xxh32

# Kinds of tokens. A count is a number in digits or in letters. From OPPOSED on there is a kind for each side of the
# words that are opposed: OPPOSED + 2 * k and the one after it contradict each other.
PLAIN, COUNT, CALENDAR, TOLL, AGAIN, PLACE, OPPOSED = 0, 1, 2, 3, 4, 5, 6
AGAIN_VALUE = np.uint32(0xA6A1A6A1)  # what all words for "again" stand for
SLOTS = 1 << 14  # of the table of meanings: a power of two, some six times their number
LIKELY = 1 << 16  # slots by stem, so many that few other words share one
FRONT_TOKENS = 150  # of title + text: where what another story opens with is looked for; all that is asked for meaning
BEFORE, AFTER = 2, 3  # tokens before and after a number among which a word makes it a toll
_COMMA = np.uint8(44)
_NUMBER_BYTES = 64


class Meanings(NamedTuple):
    """Words with a meaning of their own, by open addressing."""

    keys: NDArray[np.uint32]  # [SLOTS] a word's XXH32, 0 for a free slot
    kinds: NDArray[np.uint8]  # [SLOTS]
    values: NDArray[np.uint32]  # [SLOTS] what it stands for: the hash of the number in digits, of the first of its like
    likely: NDArray[np.bool_]  # [LIKELY] by the low bits of a word's stem: whether it may be among them, as few are


class Read(NamedTuple):
    """What the tokens of one story say."""

    words: NDArray[np.uint32]  # [t] the value of a word with a meaning, else the hash of the word's stem
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


@njit(nogil=True)
def find_meaning(keys: NDArray[np.uint32], key: np.uint32) -> int:
    """The slot of the word of this hash; -1 if it has no meaning of its own."""
    slot = np.int64(key) & (SLOTS - 1)
    while keys[slot] != 0:
        if keys[slot] == key:
            return slot
        slot = (slot + 1) & (SLOTS - 1)
    return -1


@njit(nogil=True, cache=True)
def read_words(
    data: NDArray[np.uint8],
    starts: NDArray[np.int64],
    flags: NDArray[np.uint8],
    stems: NDArray[np.uint32],
    first: int,
    count: int,
    meanings: Meanings,
    digits: NDArray[np.uint8],
    out: Read,
) -> None:
    """Write what `count` tokens from `first` on say; those after FRONT_TOKENS are plain words, of no kind.

    stems : uint32[t]  from `hash_stems`
    """
    likely, keys, words, kinds = meanings.likely, meanings.keys, out.words, out.kinds
    words[:count] = stems[first : first + count]
    kinds[:count] = PLAIN
    for k in range(min(count, FRONT_TOKENS)):
        start, end = starts[first + k], starts[first + k + 1] - 1
        if flags[first + k] & NUMBER:
            kinds[k] = COUNT
            words[k] = hash_number(data, start, end, digits)
            continue
        if likely[stems[first + k] & np.uint32(LIKELY - 1)]:
            slot = find_meaning(keys, xxh32(data, start, end))
            if slot >= 0:
                kinds[k] = meanings.kinds[slot]
                if kinds[k] != TOLL:
                    words[k] = meanings.values[slot]


@njit(nogil=True, inline="always")
def is_toll(kinds: NDArray[np.uint8], at: int, count: int) -> bool:
    """Whether the number at this place counts victims: such figures are revised while the story stays the same."""
    for k in range(max(at - BEFORE, 0), min(at + AFTER + 1, count)):
        if kinds[k] == TOLL:
            return True
    return False
