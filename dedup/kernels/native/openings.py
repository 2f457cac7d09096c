"""Where titles and texts begin behind what a wire put before them. Twin: `dedup.kernels.reference.debris`."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from dedup.kernels.flags import (
    ABBREVIATION,
    BRACKETED,
    BREAK,
    CAPITAL,
    CAPS,
    CLOSE,
    COLON,
    COLON_DATELINE,
    DATELINE,
    MARK,
    NUMBER,
    OPEN,
    PLACE,
    PLACE_CAPITALS,
    PLACE_NUMBERS,
    PLACE_WORDS,
    PREFIX,
    ROUNDS,
    SENTENCE,
)
from dedup.kernels.native.lexicons import Lexicon, begins_with, first_phrase, hash_token, is_key, longest_before

_EVERY = 255  # all bits of flags


@njit(nogil=True, forceinline=True)
def strip_prefixes(
    data: NDArray[np.uint8],
    starts: NDArray[np.int64],
    flags: NDArray[np.uint8],
    gaps: NDArray[np.uint8],
    first: int,
    end: int,
    prefixes: Lexicon,
) -> tuple[int, int]:
    """Where the title begins without the wire's prefixes, and the marks they make."""
    marks = 0
    for _ in range(ROUNDS):
        after, mark = _prefix(data, starts, flags, gaps, first, end, prefixes)
        if after == first:
            break
        first, marks = after, marks | mark
        flags[first] = (flags[first] | SENTENCE) & (_EVERY - (BREAK | MARK))
    return first, marks


@njit(nogil=True, forceinline=True)
def strip_openings(
    data: NDArray[np.uint8],
    starts: NDArray[np.int64],
    flags: NDArray[np.uint8],
    gaps: NDArray[np.uint8],
    first: int,
    end: int,
    verbs: Lexicon,
    prefixes: Lexicon,
    agencies: Lexicon,
) -> tuple[int, int]:
    """Where the text begins without prefixes, datelines and "(Adds ...)", and the marks those make."""
    marks = 0
    for _ in range(ROUNDS):
        after, mark = _bracketed(data, starts, gaps, first, end, verbs)
        if after == first:
            after, mark = _prefix(data, starts, flags, gaps, first, end, prefixes)
        if after == first:
            after = _dateline(data, starts, flags, gaps, first, end, agencies)
        if after == first:
            break
        first, marks = after, marks | mark
        flags[first] = (flags[first] | SENTENCE) & (_EVERY - (BREAK | MARK))
    return first, marks


@njit(nogil=True, forceinline=True)
def _prefix(
    data: NDArray[np.uint8],
    starts: NDArray[np.int64],
    flags: NDArray[np.uint8],
    gaps: NDArray[np.uint8],
    first: int,
    end: int,
    prefixes: Lexicon,
) -> tuple[int, int]:
    """Where the longest wire prefix that is parted from what follows it ends, `first` for none, and its mark."""
    best, mark, longest = first, 0, 0
    if first == end:
        return first, 0
    key = hash_token(data, starts, first)
    phrase = first_phrase(prefixes.keys, key)
    while phrase < prefixes.keys.shape[0] and prefixes.keys[phrase] == key:
        size = prefixes.bounds[phrase + 1] - prefixes.bounds[phrase]
        if longest < size <= PREFIX and begins_with(data, starts, first, end, prefixes, phrase):
            caps = True
            for k in range(first, first + size):
                caps &= flags[k] & CAPS != 0
            after = first + size
            if _parted(flags, gaps, first, after, end, caps):
                best, mark, longest = after, int(prefixes.marks[phrase]), size
            elif after < end and flags[after] & NUMBER and _parted(flags, gaps, first, after + 1, end, caps):
                best, mark, longest = after + 1, int(prefixes.marks[phrase]), size
        phrase += 1
    return best, mark


@njit(nogil=True)
def _parted(flags: NDArray[np.uint8], gaps: NDArray[np.uint8], first: int, after: int, end: int, caps: bool) -> bool:
    """Whether the gap before token `after` ends a prefix: "LIVE: ", "Live - ", "UPDATE 1-", "[LIVE] ", not "Live-"."""
    if after >= end:
        return False
    if flags[after] & BREAK or gaps[after] & COLON or (caps and flags[after] & MARK):
        return True
    return gaps[first] & OPEN != 0 and gaps[after] & CLOSE != 0


@njit(nogil=True, forceinline=True)
def _bracketed(
    data: NDArray[np.uint8],
    starts: NDArray[np.int64],
    gaps: NDArray[np.uint8],
    first: int,
    end: int,
    verbs: Lexicon,
) -> tuple[int, int]:
    """Where "(Adds details)" ends, `first` if the text does not begin so, and its mark."""
    if first == end or not gaps[first] & OPEN:
        return first, 0
    key = hash_token(data, starts, first)
    if not is_key(verbs.keys, key):
        return first, 0
    verb = first_phrase(verbs.keys, key)
    for k in range(first + 1, min(first + BRACKETED + 1, end)):
        if gaps[k] & CLOSE:
            return k, int(verbs.marks[verb])
    return first, 0


@njit(nogil=True, forceinline=True)
def _dateline(
    data: NDArray[np.uint8],
    starts: NDArray[np.int64],
    flags: NDArray[np.uint8],
    gaps: NDArray[np.uint8],
    first: int,
    end: int,
    agencies: Lexicon,
) -> int:
    """Where a dateline ends, `first` if the text does not begin with one."""
    for k in range(first + 1, min(first + DATELINE + 1, end)):
        if flags[k] & BREAK:
            if longest_before(data, starts, first, k, agencies) > 0 or _is_place(
                flags, starts, first, k, CAPITAL | NUMBER
            ):
                return k
            return first
        if gaps[k] & COLON:
            return k if k - first <= COLON_DATELINE and _is_place(flags, starts, first, k, CAPS) else first
        if flags[k] & SENTENCE and starts[k] - 1 - starts[k - 1] > ABBREVIATION:
            return first
    return first


@njit(nogil=True)
def _is_place(flags: NDArray[np.uint8], starts: NDArray[np.int64], first: int, end: int, wanted: int) -> bool:
    """Whether the tokens begin with a word in capitals, all have a wanted flag, and their numbers can be a date."""
    if not flags[first] & CAPS or end - first > PLACE_WORDS:
        return False
    if end - first == 1 and starts[end] - 1 - starts[first] < PLACE:
        return False
    numbers, earliest, latest, loud = 0, end, end, 0
    for k in range(first, end):
        if not flags[k] & wanted:
            return False
        loud += flags[k] & CAPS != 0
        if flags[k] & NUMBER:
            numbers, earliest, latest = numbers + 1, min(earliest, k), k
    dated = numbers == 0 or (numbers <= PLACE_NUMBERS and latest - earliest < numbers)
    return dated and loud <= PLACE_CAPITALS
