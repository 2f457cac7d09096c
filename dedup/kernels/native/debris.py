"""What a wire or a scraper put around a story, taken off its tokens. Twin: `dedup.kernels.reference.debris`."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from dedup.kernels.flags import (
    BREAK,
    DATELINE,
    MARK,
    NUMBER,
    OPEN,
    PREFIX,
    PUBLISHER,
)
from dedup.kernels.handles import borrow
from dedup.kernels.native.hosts import spells_host
from dedup.kernels.native.lexicons import (
    Lexicon,
    Lexicons,
    hash_token,
    is_key,
    longest_before,
)
from dedup.kernels.native.openings import strip_openings, strip_prefixes
from dedup.kernels.vectors import copy32, copy_less8


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
    words, ends, publishers, lexicons = borrow(words), borrow(ends), borrow(publishers), borrow(lexicons)
    kept, marks = borrow(kept), borrow(marks)
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
            kept[i, 0], mark = strip_prefixes(data, starts, flags, gaps, first, kept[i, 1], lexicons.prefixes)
        if _has(flags, middle + 1, min(middle + DATELINE + 1, last), BREAK | MARK) or _has(
            gaps, middle, min(middle + 1, last), OPEN
        ):
            kept[i, 2], more = strip_openings(
                data, starts, flags, gaps, middle, last, lexicons.verbs, lexicons.prefixes, lexicons.agencies
            )
        ending = hash_token(data, starts, last - 1) if kept[i, 2] < last else np.uint32(0)
        if kept[i, 2] < last and (is_key(trailing, ending) or is_key(counts, ending)):
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
    words, kept, offsets, title_ends = borrow(words), borrow(kept), borrow(offsets), borrow(title_ends)
    data, starts, flags = words.data, words.starts, words.flags
    count = 0
    run, end, to = 0, 0, 0  # tokens run:end have nothing between them that is left out, and are to lie at `to`
    offsets[0] = 0
    for i in range(kept.shape[0]):
        for part in range(2):
            first, last = kept[i, 2 * part], kept[i, 2 * part + 1]
            if first < last:
                if first > end:
                    to = move_tokens(data, starts, flags, run, end, to)
                    run = first
                end = last
                count += last - first
            if part == 0:
                title_ends[i] = count
        offsets[i + 1] = count
    move_tokens(data, starts, flags, run, end, to)


@njit(nogil=True)
def move_tokens(
    data: NDArray[np.uint8],
    starts: NDArray[np.int64],
    flags: NDArray[np.uint8],
    first: int,
    last: int,
    to: int,
) -> int:
    """Move tokens first:last down to `to`, where they may be already; where they end then."""
    if to == first:
        return last
    start, end, shift = starts[first], starts[last], starts[first] - starts[to]
    move_bytes(data, start, end, shift)
    move_bytes(flags, first, last, first - to)
    at, down = first, first - to
    while at + 8 <= last:
        copy_less8(starts, at, at - down, shift)
        at += 8
    while at <= last:
        starts[at - down] = starts[at] - shift
        at += 1
    return last - down


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


@njit(nogil=True, forceinline=True)
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


@njit(nogil=True, forceinline=True)
def _names_publisher(
    words: Words, first: int, end: int, publishers: Publishers, story: int, article: np.uint32
) -> bool:
    """Whether the tokens are the publisher's name, with or without an article."""
    name = publishers.rows[story]
    at, stop = publishers.bounds[name], publishers.bounds[name + 1]
    if at == stop:
        return False
    at += stop - at > 1 and publishers.hashes[at] == article
    first += end - first > 1 and hash_token(words.data, words.starts, first) == article
    if stop - at != end - first:
        return False
    for k in range(stop - at):
        if publishers.hashes[at + k] != hash_token(words.data, words.starts, first + k):
            return False
    return True


@njit(nogil=True, forceinline=True)
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
        size = longest_before(data, starts, first, end, trailing)
        if end - first >= 2 and flags[end - 2] & NUMBER and gaps[end - 2] & OPEN:
            size = 2 if is_key(counts, hash_token(data, starts, end - 1)) else size
        if size == 0:
            break
        end -= size
    return end


@njit(nogil=True)
def _has(bits: NDArray[np.uint8], first: int, end: int, wanted: int) -> bool:
    """Whether one of bits[first:end] has one of the wanted bits."""
    found = 0
    for k in range(first, end):
        found |= bits[k]
    return found & wanted != 0
