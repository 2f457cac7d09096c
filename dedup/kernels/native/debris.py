"""What a wire or a scraper put around a story, taken off its tokens. Twin: `dedup.kernels.reference.debris`."""

from __future__ import annotations

from typing import NamedTuple

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
    PUBLISHER,
    ROUNDS,
    SENTENCE,
)
from dedup.kernels.native.hosts import spells_host
from dedup.kernels.vectors import copy32
from dedup.kernels.xxh32 import xxh32


class Lexicon(NamedTuple):
    """Phrases to be looked up by the hash of the token at one end; p of them."""

    keys: NDArray[np.uint32]  # [p] hash of the end token, ascending
    bounds: NDArray[np.int64]  # [p + 1] phrase k is hashes[bounds[k]:bounds[k + 1]]
    hashes: NDArray[np.uint32]  # the tokens' hashes, in reading order
    marks: NDArray[np.uint8]  # [p] the mark of the story that it makes, 0 for none


class Lexicons(NamedTuple):
    """All the phrases that count as debris."""

    prefixes: Lexicon  # by first token
    verbs: Lexicon  # of one token
    counts: Lexicon  # of one token
    agencies: Lexicon  # by last token
    trailing: Lexicon  # by last token
    article: NDArray[np.uint32]  # [1] "the", which a publisher's name may lack
    second_levels: NDArray[np.int64]  # [s] the bytes of each, the first lowest


class Words(NamedTuple):
    """Tokens as the text kernels make them, without those of title and text told apart; t of them."""

    data: NDArray[np.uint8]
    starts: NDArray[np.int64]  # [t + 1]
    flags: NDArray[np.uint8]  # [t]
    gaps: NDArray[np.uint8]  # [t]


class Publishers(NamedTuple):
    """Who published each of n stories."""

    hashes: NDArray[np.uint32]  # token hashes of the distinct names
    bounds: NDArray[np.int64]  # [d + 1] name k is hashes[bounds[k]:bounds[k + 1]]
    rows: NDArray[np.int64]  # [n] which name a story has
    names: NDArray[np.uint8]  # read-only; the distinct names as given
    name_spans: NDArray[np.int64]  # [d, 2] name k is names[name_spans[k, 0]:name_spans[k, 1]]
    urls: NDArray[np.uint8]  # read-only
    url_spans: NDArray[np.int64]  # [n, 2] the URL of story i is urls[url_spans[i, 0]:url_spans[i, 1]]


@njit(nogil=True, cache=True)
def strip_debris(
    words: Words,
    ends: NDArray[np.int64],
    publishers: Publishers,
    lexicons: Lexicons,
    kept: NDArray[np.int64],
    marks: NDArray[np.uint8],
) -> None:
    """Find which tokens of each story are its own.

    words      : the tokens; flags of a token that becomes its field's first are changed to say so
    ends       : int64[n, 2]  where the tokens of story i's title and of its text end; the next title begins there
    publishers : for the titles' suffixes
    lexicons   : for everything else
    kept       : int64[n, 4]  overwritten: first and end of the title's own tokens, first and end of the text's
    marks      : uint8[n]     overwritten: UPDATED | CORRECTED
    """
    # Tuples of arrays are dear to hand around: most stories are passed by with a look at a few flags.
    data, starts, flags, gaps = words.data, words.starts, words.flags, words.gaps
    trailing, counts = lexicons.trailing.keys, lexicons.counts.keys
    first = int(np.int64(0))  # no literal: what is called with one is compiled once more for it
    for i in range(ends.shape[0]):
        middle, last = ends[i, 0], ends[i, 1]
        mark, more = 0, 0
        kept[i, 0], kept[i, 1], kept[i, 2], kept[i, 3] = first, middle, middle, last
        if _has(flags, max(first + 1, middle - PUBLISHER), middle, BREAK):
            kept[i, 1] = _strip_publisher(
                words, first, middle, publishers, i, lexicons.article[0], lexicons.second_levels
            )
        if _has(flags, first + 1, min(first + PREFIX + 2, kept[i, 1]), BREAK | MARK) or _has(
            gaps, first, min(first + 1, kept[i, 1]), OPEN
        ):
            kept[i, 0], mark = _strip_prefixes(data, starts, flags, gaps, first, kept[i, 1], lexicons.prefixes)
        if _has(flags, middle + 1, min(middle + DATELINE + 1, last), BREAK | MARK) or _has(
            gaps, middle, min(middle + 1, last), OPEN
        ):
            kept[i, 2], more = _strip_openings(
                data, starts, flags, gaps, middle, last, lexicons.verbs, lexicons.prefixes, lexicons.agencies
            )
        ending = _hash(data, starts, last - 1) if kept[i, 2] < last else np.uint32(0)
        if kept[i, 2] < last and (_is_key(trailing, ending) or _is_key(counts, ending)):
            kept[i, 3] = _strip_trailing(data, starts, flags, gaps, kept[i, 2], last, lexicons.trailing, counts)
        marks[i] = mark | more
        first = last


@njit(nogil=True, cache=True)
def compact_tokens(
    words: Words, kept: NDArray[np.int64], offsets: NDArray[np.int64], title_ends: NDArray[np.int64]
) -> None:
    """Move the kept tokens together, in place.

    words      : the tokens; on return data, starts and flags hold the kept ones from the beginning on
    kept       : int64[n, 4]  as from `strip_debris`
    offsets    : int64[n + 1] overwritten: story i owns tokens offsets[i]:offsets[i + 1]
    title_ends : int64[n]     overwritten: its title is tokens offsets[i]:title_ends[i]
    """
    data, starts, flags = words.data, words.starts, words.flags
    to = 0
    offsets[0] = 0
    for i in range(kept.shape[0]):
        for part in range(2):
            first, last = kept[i, 2 * part], kept[i, 2 * part + 1]
            if to < first < last:
                start, end, shift = starts[first], starts[last], starts[first] - starts[to]
                move_bytes(data, start, end, shift)
                for k in range(first, last):
                    starts[to] = starts[k] - shift
                    flags[to] = flags[k]
                    to += 1
                starts[to] = end - shift
            else:
                to += last - first
            if part == 0:
                title_ends[i] = to
        offsets[i + 1] = to


@njit(nogil=True)
def _hash(data: NDArray[np.uint8], starts: NDArray[np.int64], token: int) -> np.uint32:
    """XXH32 of a token."""
    return xxh32(data, starts[token], starts[token + 1] - 1)


@njit(nogil=True)
def move_bytes(data: NDArray[np.uint8], start: int, end: int, shift: int) -> None:
    """Move data[start:end] down by `shift` bytes, one or more; all are read before they are written over."""
    at = start
    while at + 32 <= end:
        copy32(data, at, data, at - shift)
        at += 32
    while at < end:
        data[at - shift] = data[at]
        at += 1


@njit(nogil=True)
def _strip_publisher(
    words: Words,
    first: int,
    end: int,
    publishers: Publishers,
    story: int,
    article: np.uint32,
    second_levels: NDArray[np.int64],
) -> int:
    """Where the title ends without the publisher behind it."""
    for k in range(max(first + 1, end - PUBLISHER), end):
        if words.flags[k] & BREAK and (
            _names_publisher(words, k, end, publishers, story, article)
            or spells_host(
                words.data,
                words.starts[k],
                words.starts[end],
                publishers.urls,
                publishers.url_spans[story],
                second_levels,
            )
            or spells_host(
                words.data,
                words.starts[k],
                words.starts[end],
                publishers.names,
                publishers.name_spans[publishers.rows[story]],
                second_levels,
            )
        ):
            return k
    return end


@njit(nogil=True)
def _names_publisher(
    words: Words, first: int, end: int, publishers: Publishers, story: int, article: np.uint32
) -> bool:
    """Whether the tokens are the publisher's name, with or without an article."""
    name = publishers.rows[story]
    at, stop = publishers.bounds[name], publishers.bounds[name + 1]
    if at == stop:
        return False
    at += stop - at > 1 and publishers.hashes[at] == article
    first += end - first > 1 and _hash(words.data, words.starts, first) == article
    if stop - at != end - first:
        return False
    for k in range(stop - at):
        if publishers.hashes[at + k] != _hash(words.data, words.starts, first + k):
            return False
    return True


@njit(nogil=True)
def _strip_prefixes(
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
        flags[first] = (flags[first] | SENTENCE) & ~(BREAK | MARK)
    return first, marks


@njit(nogil=True)
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
    key = _hash(data, starts, first)
    phrase = _first_phrase(prefixes.keys, key)
    while phrase < prefixes.keys.shape[0] and prefixes.keys[phrase] == key:
        size = prefixes.bounds[phrase + 1] - prefixes.bounds[phrase]
        if longest < size <= PREFIX and _same(data, starts, first, end, prefixes, phrase):
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


@njit(nogil=True)
def _strip_openings(
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
        flags[first] = (flags[first] | SENTENCE) & ~(BREAK | MARK)
    return first, marks


@njit(nogil=True)
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
    key = _hash(data, starts, first)
    if not _is_key(verbs.keys, key):
        return first, 0
    verb = _first_phrase(verbs.keys, key)
    for k in range(first + 1, min(first + BRACKETED + 1, end)):
        if gaps[k] & CLOSE:
            return k, int(verbs.marks[verb])
    return first, 0


@njit(nogil=True)
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
            if _longest_before(data, starts, first, k, agencies) > 0 or _is_place(
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


@njit(nogil=True)
def _strip_trailing(
    data: NDArray[np.uint8],
    starts: NDArray[np.int64],
    flags: NDArray[np.uint8],
    gaps: NDArray[np.uint8],
    first: int,
    end: int,
    trailing: Lexicon,
    counts: NDArray[np.uint32],
) -> int:
    """Where the text ends without the leftovers of its page."""
    while end > first:
        size = _longest_before(data, starts, first, end, trailing)
        if end - first >= 2 and flags[end - 2] & NUMBER and gaps[end - 2] & OPEN:
            size = 2 if _is_key(counts, _hash(data, starts, end - 1)) else size
        if size == 0:
            break
        end -= size
    return end


@njit(nogil=True)
def _longest_before(data: NDArray[np.uint8], starts: NDArray[np.int64], first: int, end: int, lexicon: Lexicon) -> int:
    """The length of the longest phrase that tokens first:end end in, 0 for none; first < end."""
    longest = 0
    key = _hash(data, starts, end - 1)
    phrase = _first_phrase(lexicon.keys, key)
    while phrase < lexicon.keys.shape[0] and lexicon.keys[phrase] == key:
        size = lexicon.bounds[phrase + 1] - lexicon.bounds[phrase]
        if longest < size <= end - first and _same(data, starts, end - size, end, lexicon, phrase):
            longest = size
        phrase += 1
    return longest


@njit(nogil=True)
def _first_phrase(keys: NDArray[np.uint32], key: np.uint32) -> int:
    """The first phrase whose key is not below."""
    low, high = 0, keys.shape[0]
    while low < high:
        middle = (low + high) >> 1
        if keys[middle] < key:
            low = middle + 1
        else:
            high = middle
    return low


@njit(nogil=True)
def _is_key(keys: NDArray[np.uint32], key: np.uint32) -> bool:
    """Whether a phrase has this key."""
    phrase = _first_phrase(keys, key)
    return phrase < keys.shape[0] and keys[phrase] == key


@njit(nogil=True)
def _has(bits: NDArray[np.uint8], first: int, end: int, wanted: int) -> bool:
    """Whether one of bits[first:end] has one of the wanted bits."""
    found = 0
    for k in range(first, end):
        found |= bits[k]
    return found & wanted != 0


@njit(nogil=True)
def _same(
    data: NDArray[np.uint8], starts: NDArray[np.int64], first: int, end: int, lexicon: Lexicon, phrase: int
) -> bool:
    """Whether tokens first:end begin with the phrase."""
    start, stop = lexicon.bounds[phrase], lexicon.bounds[phrase + 1]
    if end - first < stop - start:
        return False
    for k in range(stop - start):
        if _hash(data, starts, first + k) != lexicon.hashes[start + k]:
            return False
    return True
