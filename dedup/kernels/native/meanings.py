"""What a token says beyond its letters: a number, a day, a count of victims, a subject, a thing, one of two sides."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from dedup.kernels.flags import FUNCTION, NUMBER
from dedup.kernels.xxh32 import xxh32

# Kinds of tokens. A count is a number in digits or in letters; a unit, of which there is a kind each, multiplies the
# one before it; what is aged stands before an age, an agent's word before who does something. From OPPOSED on there is
# a kind for each side of the words that are opposed: OPPOSED + 2 * k and the one after it contradict each other. PERSON
# and those after it are such sides.
PLAIN, COUNT, CALENDAR, TOLL, AGAIN, SUBJECT, AGED, NEGATION, AGENT, THING = range(10)
THOUSAND, MILLION, BILLION, TRILLION, OPPOSED = range(10, 15)
PERSON = OPPOSED + 10
AGAIN_VALUE = np.uint32(0xA6A1A6A1)  # what all words for "again" stand for
# What a thing stands for is from THINGS_FROM on, as no other value is. Its lowest bits are its sort, 1..63; where
# it is a name, too, as in "President Smith", NAMED is set among a title's names, and nowhere else.
THINGS_FROM, SORTS, NAMED = np.uint32(0xFF000000), np.uint32(64), np.uint32(64)
_LOWER = np.uint32(0x7FFFFFFF)
SLOTS = 1 << 15  # of the table of meanings: a power of two, three times their number or more
LIKELY = 1 << 17  # slots by stem, so many that few other words share one
FRONT_TOKENS = 150  # of title + text: where what another story opens with is looked for; all that is asked for meaning
BEFORE, AFTER = 4, 3  # tokens before and after a number among which a word makes it a toll: "kills at least 44"
_COMMA, _POINT, _ZERO = np.uint8(44), np.uint8(46), np.uint8(48)
_GROUP = 3  # digits between two commas of a number
_NUMBER_BYTES = 64
_PRIME, _LOW = np.uint64(0x9E3779B1), np.uint64(0xFFFFFFFF)  # 2^32 by the golden ratio: no two units meet
UNITS = {"k": THOUSAND, "tn": TRILLION} | dict.fromkeys(("st", "nd", "rd", "th"), COUNT)
UNITS |= dict.fromkeys(("m", "mn", "mln"), MILLION) | dict.fromkeys(("b", "bn", "bln"), BILLION)
_LONGEST = 3  # bytes of these
# Bits of `Meanings.likely`. EVERYDAY is one of four, by two more bits of the hash. The first word of a phrase has
# FIRST, which lies _APART bits above the PHRASE of the second; a word has LISTED by the highest bits of its stem.
WORD, PHRASE, EVERYDAY, FIRST, LISTED = 1, 2, 4, 64, 128
_APART = np.uint8(5)
EVERYDAY_LETTERS = 8  # bytes by which everyday words are told, cf. `hash_openings`
_ENDINGS = np.array([int.from_bytes(ending.encode(), "big") for ending in UNITS], dtype=np.uint32)
_KINDS = np.array(list(UNITS.values()), dtype=np.uint8)


class Meanings(NamedTuple):
    """Words, and phrases of two, with a meaning of their own, by open addressing."""

    keys: NDArray[np.uint32]  # [SLOTS] XXH32 of a word, or of two with a space between; 0 for a free slot
    kinds: NDArray[np.uint8]  # [SLOTS]
    values: NDArray[np.uint32]  # [SLOTS] what it stands for: the hash of the number in digits, of the first of its like
    likely: NDArray[np.uint8]  # [LIKELY] by the low bits of a word's stem: WORD if it may be among them, as few are,
    # PHRASE and FIRST if it may be the second or first word of a phrase; by the high bits LISTED, as WORD; and
    # EVERYDAY by two parts of another hash, cf. `is_everyday`


class Read(NamedTuple):
    """What the tokens of one story say."""

    words: NDArray[np.uint32]  # [t] the value of a word with a meaning, else the hash of the word's stem
    kinds: NDArray[np.uint8]  # [t]
    marked: NDArray[np.int64]  # [FRONT_TOKENS + 1] scratch: the tokens that are looked up


@njit(nogil=True, inline="always")
def _is_digit(byte: np.uint8) -> bool:
    return 48 <= byte <= 57


@njit(nogil=True, cache=True)
def _unit_of(data: NDArray[np.uint8], start: int, end: int) -> int:
    """The kind of the unit behind a number's last digit, as in 3.4bn; PLAIN for none, COUNT for an ordinal's ending."""
    if end - start > _LONGEST:
        return PLAIN
    code = np.uint32(0)
    for at in range(start, end):
        code = code << np.uint32(8) | np.uint32(data[at])
    for k in range(_ENDINGS.shape[0]):
        if _ENDINGS[k] == code:
            return np.int64(_KINDS[k])
    return PLAIN


@njit(nogil=True, cache=True)
def hash_number(data: NDArray[np.uint8], start: int, end: int, digits: NDArray[np.uint8]) -> np.uint32:
    """XXH32 of a number however it is written: 350.000 is 350000, 3,40 is 3.4, 21st is 21, and 2bn is 2 of a unit.

    digits : uint8[64]  overwritten
    """
    end = min(end, start + _NUMBER_BYTES)
    bare = start
    while bare < end and _is_digit(data[bare]):
        bare += 1
    if bare == end:  # as most
        return xxh32(data, start, end)
    bare = end
    while bare > start and not _is_digit(data[bare - 1]):
        bare -= 1
    unit = _unit_of(data, bare, end) if bare > start else PLAIN
    if unit == PLAIN:
        bare = end
    count, point = 0, -1
    for at in range(start, bare):
        if data[at] != _COMMA and data[at] != _POINT:
            digits[count] = data[at]
            count += 1
            continue
        run = 0
        while at + run + 1 < bare and _is_digit(data[at + run + 1]):
            run += 1
        if run != _GROUP:  # thousands are parted in threes
            point = count
            digits[count] = _POINT
            count += 1
    last = count
    while point >= 0 and last > point + 1 and digits[last - 1] == _ZERO:
        last -= 1
    if last > point + 1:  # else it is all zeros, as a time may be: 8.00
        count = last
    return of_unit(xxh32(digits, 0, count), unit)


@njit(nogil=True, inline="always")
def of_unit(value: np.uint32, unit: int) -> np.uint32:
    """A number's value, changed by the unit it is of."""
    if unit < THOUSAND:
        return value
    return np.uint32((np.uint64(value) ^ (np.uint64(unit) * _PRIME)) & _LOW)


@njit(nogil=True, inline="always")
def of_plain(value: np.uint32) -> np.uint32:
    """The value of a word that is no thing."""
    return value & _LOWER if value >= THINGS_FROM else value


@njit(nogil=True)
def find_meaning(keys: NDArray[np.uint32], key: np.uint32) -> int:
    """The slot of the word of this hash; -1 if it has no meaning of its own."""
    slot = np.int64(key) & (SLOTS - 1)
    while keys[slot] != 0:
        if keys[slot] == key:
            return slot
        slot = (slot + 1) & (SLOTS - 1)
    return -1


@njit(nogil=True, inline="always")
def is_everyday(key: np.uint32, likely: NDArray[np.uint8]) -> bool:
    """Whether a word, or its beginning, is among those that English has small letters for; a few others are taken so.

    Cf. Bloom 1970, Space/time trade-offs in hash coding with allowable errors.
    key : uint32  from `hash_openings`
    """
    one, other = likely[key & np.uint32(LIKELY - 1)], likely[(key >> np.uint32(15)) & np.uint32(LIKELY - 1)]
    bits = (one >> np.uint8(key >> np.uint32(30))) & (other >> np.uint8(key & np.uint32(3)))
    return bits & EVERYDAY != 0


@njit(nogil=True, inline="always")
def stands_for_another(kind: int) -> bool:
    """Whether words of a kind are one word to whoever compares; else their kind is all that counts."""
    return kind != TOLL and kind != AGED and kind != NEGATION and kind != AGENT


@njit(nogil=True, cache=True)
def _mark(
    flags: NDArray[np.uint8],
    stems: NDArray[np.uint32],
    first: int,
    count: int,
    likely: NDArray[np.uint8],
    out: NDArray[np.int64],
) -> int:
    """Write which of `count` tokens from `first` on may say more than their letters; return how many, one in sixteen.

    Without a branch to mispredict.
    out : int64[>= count + 1]  overwritten; 4 * k for token k, and WORD, PHRASE or both; neither for a number
    """
    some, before = np.uint64(0), np.uint8(0)
    for k in range(count):
        at = np.uint64(first + k)
        may_be = likely[stems[at] & np.uint32(LIKELY - 1)]
        bits = (may_be & np.uint8(WORD)) | (may_be & (before >> _APART) & np.uint8(PHRASE))
        out[some] = np.int64(k << 2) | np.int64(bits)
        some += np.uint64(bits | (flags[at] & np.uint8(NUMBER)) != 0)
        before = may_be
    asked, some = some, np.uint64(0)
    for i in range(asked):
        one = out[np.uint64(i)]
        at = np.uint64(first + (one >> 2))
        listed = np.int64(likely[stems[at] >> np.uint32(15)] // np.uint8(LISTED))
        one &= ~np.int64(WORD) | listed
        out[some] = one
        some += np.uint64((one & 3) | np.int64(flags[at] & np.uint8(NUMBER)) != 0)
    return np.int64(some)


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

    What a phrase says is said by its second word, or by the first where the second is a function word.
    stems : uint32[t]  from `hash_stems`
    """
    likely, keys, words, kinds = meanings.likely, meanings.keys, out.words, out.kinds
    for k in range(count):
        words[k] = of_plain(stems[first + k])
    kinds[:count] = PLAIN
    marked = out.marked
    some = _mark(flags, stems, first, min(count, FRONT_TOKENS), likely, marked)
    for i in range(some):
        k, may_be = marked[i] >> 2, marked[i] & (WORD | PHRASE)
        start, end = starts[first + k], starts[first + k + 1] - 1
        if flags[first + k] & NUMBER:
            kinds[k] = COUNT
            words[k] = hash_number(data, start, end, digits)
            continue
        if may_be & WORD:
            slot = find_meaning(keys, xxh32(data, start, end))
            if slot >= 0:
                kinds[k] = meanings.kinds[slot]
                if stands_for_another(kinds[k]):
                    words[k] = meanings.values[slot]
                if THOUSAND <= kinds[k] <= TRILLION and k > 0 and kinds[k - 1] == COUNT:
                    words[k - 1] = of_unit(words[k - 1], kinds[k])
        if may_be & PHRASE:
            slot = find_meaning(keys, xxh32(data, starts[first + k - 1], end))
            if slot >= 0:
                told = k - 1 if flags[first + k] & FUNCTION else k
                kinds[told] = meanings.kinds[slot]
                if stands_for_another(kinds[told]):
                    words[told] = meanings.values[slot]


@njit(nogil=True, inline="always")
def _is_age(kinds: NDArray[np.uint8], at: int, count: int) -> bool:
    """Whether the number at this place is somebody's age: "Man, 34, dies", "dead at 91"; not "3 men, 2 women dead"."""
    if at == 0 or (kinds[at - 1] != AGED and kinds[at - 1] < PERSON):
        return False
    return at + 1 == count or kinds[at + 1] < PERSON


@njit(nogil=True, inline="always")
def is_toll(kinds: NDArray[np.uint8], at: int, count: int) -> bool:
    """Whether the number at this place counts victims: such figures are revised while the story stays the same."""
    if _is_age(kinds, at, count):
        return False
    for k in range(max(at - BEFORE, 0), min(at + AFTER + 1, count)):
        if kinds[k] == TOLL:
            return True
    return False
