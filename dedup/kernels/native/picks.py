"""What is picked of a story's words for its facts: each function writes hashes, repeats and all, and says how many."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from dedup.kernels.flags import CAPITAL, FUNCTION, MARK, NUMBER, SENTENCE
from dedup.kernels.native.meanings import AGAIN, CALENDAR, COUNT, NAMED, PLAIN, SUBJECT, THING, is_everyday, is_toll
from dedup.kernels.utf8 import read_point
from dedup.kernels.vectors import WIDTH, dated_mask, lowest, number_mask
from dedup.kernels.xxh32 import hash_openings

RUN_POINTS = 400  # code points of a title that are read for runs
TITLE_CASE = 4  # words of a title that tell whether it is written In Title Case, at least
STRANGE = 4  # bytes of a word that is taken for a name because it is no everyday one, at least
_SPACE = 32


@njit(nogil=True)
def spread(value: np.uint64) -> np.uint32:
    """32 uniform bits of a value that need not be uniform (the finaliser of MurmurHash3)."""
    value = (value ^ (value >> np.uint64(33))) * np.uint64(0xFF51AFD7ED558CCD)
    value = (value ^ (value >> np.uint64(33))) * np.uint64(0xC4CEB9FE1A85EC53)
    return np.uint32((value ^ (value >> np.uint64(33))) >> np.uint64(32))


@njit(nogil=True, cache=True)
def pick_runs(data: NDArray[np.uint8], start: int, end: int, out: NDArray[np.uint32]) -> int:
    """Every three code points in a row of data[start:end], a space before it: spelling, whatever parts the words."""
    if start == end:
        return 0
    high = np.uint8(0)
    for at in range(start, end):
        high |= data[at]
    if high < 0x80:  # ASCII: a byte is a code point, and many are done at a time
        count = min(end - start - 1, RUN_POINTS)
        if count > 0:
            out[0] = _hash_run(np.uint64(_SPACE), np.uint64(data[start]), np.uint64(data[start + 1]))
        for k in range(1, count):
            at = np.uint64(start + k)
            one, two, three = data[at - np.uint64(1)], data[at], data[at + np.uint64(1)]
            out[np.uint64(k)] = _hash_run(np.uint64(one), np.uint64(two), np.uint64(three))
        return count
    one, count = np.uint64(_SPACE), 0
    point, at = read_point(data, start, end)
    two = np.uint64(point)
    while at < end and count < RUN_POINTS:
        point, at = read_point(data, at, end)
        three = np.uint64(point)
        out[count] = _hash_run(one, two, three)
        count += 1
        one, two = two, three
    return count


@njit(nogil=True, inline="always")
def _hash_run(one: np.uint64, two: np.uint64, three: np.uint64) -> np.uint32:
    """The hash of three code points."""
    return spread((one << np.uint64(42)) ^ (two << np.uint64(21)) ^ three)


@njit(nogil=True, cache=True)
def pick_words(
    flags: NDArray[np.uint8], words: NDArray[np.uint32], begin: int, end: int, out: NDArray[np.uint32]
) -> int:
    """The content words among words[begin:end]; `flags` are of these words."""
    count = 0
    for k in range(begin, end):
        out[count] = words[k]  # if it is not wanted the next one is written over it: no branch to mispredict
        count += flags[k] & FUNCTION == 0
    return count


@njit(nogil=True, cache=True)
def pick_front(
    flags: NDArray[np.uint8], words: NDArray[np.uint32], kinds: NDArray[np.uint8], end: int, out: NDArray[np.uint32]
) -> int:
    """The content words, all numbers and "again" among words[:end]; "one" is a function word and a number."""
    count = 0
    for k in range(end):
        out[count] = words[k]
        count += (kinds[k] == COUNT) | (kinds[k] == AGAIN) | (flags[k] & FUNCTION == 0)
    return count


@njit(nogil=True, cache=True)
def pick_numbers(
    words: NDArray[np.uint32], kinds: NDArray[np.uint8], end: int, total: int, days: bool, out: NDArray[np.uint32]
) -> int:
    """The numbers among words[:end], and with `days` the weekdays and months; no counts of victims.

    kinds : uint8[>= end + WIDTH - 1]
    total : int  words that were read, where a word that makes a number a toll may stand
    """
    count = 0
    for base in range(0, end, WIDTH):
        rest = dated_mask(kinds, base) if days else number_mask(kinds, base)
        if end - base < WIDTH:
            rest &= (np.uint64(1) << np.uint64(end - base)) - np.uint64(1)
        while rest:
            k = base + lowest(rest)
            rest &= rest - np.uint64(1)
            if kinds[k] == CALENDAR or not is_toll(kinds, k, total):
                out[count] = words[k]
                count += 1
    return count


@njit(nogil=True, inline="always")
def _is_name(flag: np.uint8) -> bool:
    """Whether a word has a capital, and not because a sentence begins."""
    return flag & (CAPITAL | SENTENCE | FUNCTION | NUMBER) == CAPITAL


@njit(nogil=True, cache=True)
def pick_names(
    flags: NDArray[np.uint8], words: NDArray[np.uint32], begin: int, end: int, out: NDArray[np.uint32]
) -> int:
    """The names among words[begin:end]."""
    count = 0
    for k in range(begin, end):
        out[count] = words[k]
        count += _is_name(flags[k])
    return count


@njit(nogil=True, cache=True)
def pick_title_names(
    flags: NDArray[np.uint8],
    words: NDArray[np.uint32],
    kinds: NDArray[np.uint8],
    end: int,
    strange: NDArray[np.bool_],
    names: NDArray[np.uint32],
    out: NDArray[np.uint32],
) -> int:
    """Those words of the title words[:end] by which stories differ that are otherwise alike.

    Its names, unless it is written In Title Case; what is no everyday word, `strange`; what is a name inside its own
    text, `names`; and listed subjects and things.
    """
    count, capitals = 0, not in_title_case(flags, end)
    for k in range(end):
        named = (capitals & _is_name(flags[k])) | strange[k] | _is_among(words[k], names)
        thing = kinds[k] == THING
        out[count] = words[k] | (NAMED if named & thing else np.uint32(0))
        count += (named | thing | (kinds[k] == SUBJECT)) & (flags[k] & (FUNCTION | NUMBER) == 0)
    return count


@njit(nogil=True, cache=True)
def flag_strange(
    data: NDArray[np.uint8],
    starts: NDArray[np.int64],
    flags: NDArray[np.uint8],
    kinds: NDArray[np.uint8],
    likely: NDArray[np.uint8],
    keys: NDArray[np.uint32],
    out: NDArray[np.bool_],
) -> None:
    """Write which words of an English title have a capital and are no everyday words: where all have one, the names.

    A title is English if half of its words are everyday ones. Short words are mostly abbreviations, "US" and "U.S.".

    data, starts : of `Tokens`; word k is data[starts[k]:starts[k + 1] - 1]
    flags, kinds : of the title's words
    keys         : uint32[4, 16]  overwritten
    out          : bool[n]        overwritten
    """
    everyday = others = 0
    for base in range(0, out.shape[0], keys.shape[1]):
        some = min(out.shape[0] - base, keys.shape[1])
        hash_openings(data, starts, base, some, keys)
        for k in range(base, base + some):  # without a branch to mispredict
            is_word = flags[k] & NUMBER == 0
            common = is_everyday(keys[0, k - base], likely)
            other = is_word & (not common) & (kinds[k] == PLAIN) & (flags[k] & FUNCTION == 0)
            everyday += is_word & common
            others += other
            out[k] = other & (flags[k] & CAPITAL != 0) & (starts[k + 1] - 1 - starts[k] >= STRANGE)
    if everyday < others:
        out[:] = False


@njit(nogil=True, inline="always")
def _is_among(value: np.uint32, values: NDArray[np.uint32]) -> bool:
    found = False
    for other in values:
        found |= other == value  # without a branch: they are few, and compared many at a time
    return found


@njit(nogil=True, cache=True)
def pick_pairs(content: NDArray[np.uint32], count: int, out: NDArray[np.uint32]) -> int:
    """Every two in a row of a story's content words content[:count], whatever function words part them."""
    for k in range(count - 1):
        out[k] = spread((np.uint64(content[k]) << np.uint64(32)) ^ np.uint64(content[k + 1]))
    return max(count - 1, 0)


@njit(nogil=True, cache=True)
def in_title_case(flags: NDArray[np.uint8], end: int) -> bool:
    """Whether nearly all content words of a title have a capital, so that it marks no names there.

    One in eight may have none, as "iPhone"; those behind a hyphen do not count.
    """
    capitals = small = 0
    for k in range(end):  # without a branch to mispredict
        capitals += flags[k] & (FUNCTION | NUMBER | CAPITAL) == CAPITAL
        small += flags[k] & (FUNCTION | NUMBER | CAPITAL | MARK) == 0
    return capitals + small >= TITLE_CASE and 7 * small < capitals
