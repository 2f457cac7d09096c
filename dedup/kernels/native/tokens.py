"""Fields of UTF-8 into normalised, hashed, flagged tokens. Twin: `dedup.kernels.reference.tokens`."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from dedup.kernels.flags import BIGRAM, CAPITAL, CAPS, LONGEST, MOST_MARKS, NUMBER
from dedup.kernels.handles import borrow
from dedup.kernels.native.alphabets import read_block, read_characters, read_word
from dedup.kernels.native.composition import Sources
from dedup.kernels.native.gaps import GAP_WORD, join_gap, open_token
from dedup.kernels.unicode import (
    CHARACTER,
    DIGIT,
    GAP_DOT,
    GAP_SPACE,
    GAP_STOP,
    IGNORED,
    LOWER,
    MAPPED,
    MARKED,
    TITLE,
    UPPER,
    Tables,
)
from dedup.kernels.utf8 import read_point, record_of, write_point
from dedup.kernels.vectors import WIDTH
from dedup.kernels.xxh32 import xxh32

# Room left over, in bytes and in tokens, for what one code point can become: 18 characters of 8 bytes each, twice over
# as bigrams, after a character of `MOST_MARKS` marks.
MARGIN = 1024

_NO_TOKEN, _WORD, _RUN = 0, 1, 2  # between tokens, in a word, in a run of characters without spaces


@njit(nogil=True, cache=True)
def tokenize_fields(  # noqa: C901 - one pass over one state, which calls would tear apart
    sources: Sources,
    spans: NDArray[np.int64],
    tables: Tables,
    field: int,
    token: int,
    data: NDArray[np.uint8],
    starts: NDArray[np.int64],
    flags: NDArray[np.uint8],
    gaps: NDArray[np.uint8],
    ends: NDArray[np.int64],
) -> tuple[int, int]:
    """Tokenise fields until the last or until there is no room; the next field and the number of tokens so far.

    sources : three uint8[*]  read-only; UTF-8 in name only, any bytes will do
    spans   : int64[n, 3]     field i is sources[spans[i, 0]][spans[i, 1]:spans[i, 2]]; none needs composition
    tables  : what the code points are
    field   : the first field to do
    token   : the number of tokens there are already
    data    : uint8[c]        the tokens' UTF-8, a space after each
    starts  : int64[t]        where each token begins, and the next would; starts[token] is where to begin
    flags   : uint8[t]        NUMBER ... BIGRAM of each token, without FUNCTION
    gaps    : uint8[t]        OPEN, CLOSE, COLON of the gap before each token
    ends    : int64[n]        the number of tokens when field i was done
    """
    sources, spans, tables, data, starts = borrow(sources), borrow(spans), borrow(tables), borrow(data), borrow(starts)
    flags, gaps, ends = borrow(flags), borrow(gaps), borrow(ends)
    blocks, entries, kinds, gap_bits = tables.blocks, tables.entries, tables.kinds, tables.gaps
    sequences, pool = tables.sequences, tables.pool
    most_bytes, most_tokens = data.shape[0] - MARGIN, starts.shape[0] - MARGIN
    while field < spans.shape[0]:
        source, at, end = sources[spans[field, 0]], spans[field, 1], spans[field, 2]
        whole = token
        out = starts[token]
        state = _NO_TOKEN
        # The gap: bits seen since the last token, the class of its last character and of the one before that.
        gap, before, beside, single = GAP_STOP, 0, 0, False
        # The word: code points, letters, upper-case letters, lower-case letters in a row, digits; flags from the gap;
        # its first letter's case; whether it ends in an ASCII digit; "." or "," after one, not yet taken in.
        count, letters, uppers, lowers, digits, opening, capital, after_digit, pending = 0, 0, 0, 0, 0, 0, 0, False, 0
        # The run: characters, where the last one's bytes begin, its marks.
        run, begin, marks = 0, 0, 0
        while at < end:
            if out > most_bytes or token > most_tokens:
                return field, whole
            if state == _NO_TOKEN:
                if source[np.uint64(at)] < 0x80 and at + WIDTH <= source.shape[0]:
                    began, stop = at, min(at + WIDTH, end)
                    at, out, token, gap, before, beside, single = read_block(
                        *(source, at, end, out, token, data, starts, flags, gaps, gap, before, beside, single)
                    )
                    if at == stop or (at > began and source[np.uint64(at)] < 0x80):
                        continue
                after, after_out, bits, alone = read_word(source, at, end, tables, data, out)
                if after > at:
                    opening, gaps[np.uint64(token)] = open_token(gap, before, beside, single)
                    at = after
                    token, out = _close(data, starts, flags, token, after_out, opening | bits)
                    gap, before, beside, single = 0, 0, GAP_WORD, alone
                    if at < end and source[np.uint64(at)] == 32:
                        gap, before, beside = GAP_SPACE, GAP_WORD, GAP_SPACE
                        at += 1
                    continue
            elif state == _RUN and run >= 2 and marks == 0:
                began = at
                at, begin, out, opening, token = read_characters(
                    *(source, at, end, begin, out, opening, token, tables, data, starts, flags, gaps),
                    *(most_bytes, most_tokens),
                )
                if at > began:
                    continue
            point, at = read_point(source, at, end)
            record = record_of(blocks, entries, point)
            kind = int(kinds[record])
            mapped = kind == MAPPED
            first, last = 0, 1
            if mapped:
                first, last = sequences[record], sequences[record + 1]
            for part in range(first, last):
                if mapped:
                    point = int(pool[part])
                    record = record_of(blocks, entries, point)
                    kind = int(kinds[record])
                if kind == IGNORED:
                    continue
                if pending:
                    if kind == DIGIT and point < 128:
                        if count == LONGEST:
                            token, out = _close(
                                data, starts, flags, token, out, _word_flags(opening, digits, capital, letters, uppers)
                            )
                            gaps[token] = 0
                            count, letters, uppers, digits, opening, capital = 0, 0, 0, 0, 0, 0
                        data[out] = pending
                        out += 1
                        count += 1
                        lowers = 0
                    else:
                        token, out = _close(
                            data, starts, flags, token, out, _word_flags(opening, digits, capital, letters, uppers)
                        )
                        single = count == 1 and letters == 1
                        state = _NO_TOKEN
                        beside = GAP_DOT if pending == ord(".") else 0
                        gap, before = beside, GAP_WORD
                    pending = 0
                if kind < MARKED or (kind == MARKED and state == _NO_TOKEN):
                    if state == _WORD and after_digit and (point == ord(".") or point == ord(",")):
                        pending = point
                        continue
                    if state == _WORD:
                        token, out = _close(
                            data, starts, flags, token, out, _word_flags(opening, digits, capital, letters, uppers)
                        )
                        single = count == 1 and letters == 1
                    elif state == _RUN:
                        token, out = _close(data, starts, flags, token, out, opening | BIGRAM)
                        single = False
                    if state != _NO_TOKEN:
                        state = _NO_TOKEN
                        gap, before, beside = 0, 0, GAP_WORD
                    sign = int(gap_bits[record]) if kind < MARKED else 0
                    gap |= join_gap(before, beside, sign) | sign
                    before, beside = beside, sign
                    continue
                if state == _RUN and kind == MARKED:
                    if marks < MOST_MARKS:
                        marks += 1
                        out = _fold(data, out, sequences, pool, record, point)
                    continue
                if kind == CHARACTER:
                    if state == _WORD:
                        token, out = _close(
                            data, starts, flags, token, out, _word_flags(opening, digits, capital, letters, uppers)
                        )
                        gap, before, beside, single = 0, 0, GAP_WORD, False
                    if state != _RUN:
                        state = _RUN
                        opening, gaps[token] = open_token(gap, before, beside, single)
                        run = 0
                    elif run >= 2:
                        size = out - begin
                        token, out = _close(data, starts, flags, token, out, opening | BIGRAM)
                        gaps[token] = 0
                        opening = 0
                        for k in range(size):
                            data[out + k] = data[begin + k]
                        out += size
                    run += 1
                    begin = out
                    marks = 0
                    out = _fold(data, out, sequences, pool, record, point)
                    continue
                # A letter or digit of a word, or a mark on one.
                if state == _RUN:
                    token, out = _close(data, starts, flags, token, out, opening | BIGRAM)
                    gap, before, beside, single = 0, 0, GAP_WORD, False
                    state = _NO_TOKEN
                upper = kind in (UPPER, TITLE)
                if state == _NO_TOKEN:
                    opening, gaps[token] = open_token(gap, before, beside, single)
                    state = _WORD
                    count, letters, uppers, lowers, digits, capital = 0, 0, 0, 0, 0, 0
                elif count == LONGEST or (upper and lowers >= 3):
                    token, out = _close(
                        data, starts, flags, token, out, _word_flags(opening, digits, capital, letters, uppers)
                    )
                    gaps[token] = 0
                    count, letters, uppers, digits, opening, capital = 0, 0, 0, 0, 0, 0
                count += 1
                after_digit = kind == DIGIT and point < 128
                if kind == DIGIT:
                    digits += 1
                    lowers = 0
                elif kind != MARKED:
                    capital |= upper and letters == 0
                    letters += 1
                    uppers += kind == UPPER
                    lowers = lowers + 1 if kind == LOWER else 0
                out = _fold(data, out, sequences, pool, record, point)
        if state == _WORD:
            token, out = _close(data, starts, flags, token, out, _word_flags(opening, digits, capital, letters, uppers))
        elif state == _RUN:
            token, out = _close(data, starts, flags, token, out, opening | BIGRAM)
        ends[field] = token
        field += 1
    return field, token


@njit(nogil=True, cache=True)
def hash_tokens(data: NDArray[np.uint8], starts: NDArray[np.int64], hashes: NDArray[np.uint32]) -> None:
    """Hash tokens.

    data      : uint8[c]      the tokens' UTF-8, a space after each
    starts    : int64[t + 1]  where each begins, and where the last one's space ends
    hashes    : uint32[t]     overwritten: XXH32 of each token
    """
    data, starts, hashes = borrow(data), borrow(starts), borrow(hashes)
    for k in range(hashes.shape[0]):
        hashes[k] = xxh32(data, starts[k], starts[k + 1] - 1)


@njit(nogil=True)
def _fold(
    data: NDArray[np.uint8], out: int, sequences: NDArray[np.int32], pool: NDArray[np.int32], record: int, point: int
) -> int:
    """Write the case folding of a code point; where the next byte goes."""
    first, last = sequences[record], sequences[record + 1]
    if first == last:
        return write_point(data, out, point)
    for k in range(first, last):
        out = write_point(data, out, pool[k])
    return out


@njit(nogil=True)
def _close(
    data: NDArray[np.uint8], starts: NDArray[np.int64], flags: NDArray[np.uint8], token: int, out: int, bits: int
) -> tuple[int, int]:
    """End the token; the next one's number and where its bytes go."""
    data[out] = 32
    flags[token] = bits
    starts[token + 1] = out + 1
    return token + 1, out + 1


@njit(nogil=True)
def _word_flags(opening: int, digits: int, capital: int, letters: int, uppers: int) -> int:
    """The flags of a word: those from the gap before it and its own."""
    return opening | NUMBER * (digits > 0) | CAPITAL * capital | CAPS * (letters >= 2 and letters == uppers)
