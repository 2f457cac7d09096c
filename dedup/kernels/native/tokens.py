"""Fields of UTF-8 into normalised, hashed, flagged tokens. Twin: `dedup.kernels.reference.tokens`."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from dedup.kernels.flags import (
    BIGRAM,
    BREAK,
    CAPITAL,
    CAPS,
    CLOSE,
    COLON,
    LONGEST,
    MARK,
    MOST_MARKS,
    NUMBER,
    OPEN,
    SENTENCE,
)
from dedup.kernels.handles import borrow
from dedup.kernels.native.composition import Sources
from dedup.kernels.unicode import (
    BLOCK,
    CHARACTER,
    DIGIT,
    GAP_BAR,
    GAP_CLOSE,
    GAP_COLON,
    GAP_DASH,
    GAP_DOT,
    GAP_HYPHEN,
    GAP_OPEN,
    GAP_SPACE,
    GAP_STOP,
    IGNORED,
    LOWER,
    MAPPED,
    MARKED,
    TITLE,
    UPPER,
    Tables,
    load_tables,
)
from dedup.kernels.utf8 import read_point, record_of, write_point
from dedup.kernels.vectors import (
    WIDTH,
    copy_lower16,
    count_bits,
    digit_mask,
    high_mask,
    lower_mask,
    lowest,
    upper_mask,
)
from dedup.kernels.xxh32 import xxh32

# Room left over, in bytes and in tokens, for what one code point can become: 18 characters of 8 bytes each, twice over
# as bigrams, after a character of `MOST_MARKS` marks.
MARGIN = 1024

_GAP_WORD = 512  # beside a gap: a token
_GAP_JOINED = 1024  # the gap held a dash directly after a token
_DASHES = GAP_HYPHEN | GAP_DASH

_NO_TOKEN, _WORD, _RUN = 0, 1, 2  # between tokens, in a word, in a run of characters without spaces

_ALL, _ONE = np.uint64(0xFFFFFFFFFFFFFFFF), np.uint64(1)

# What an ASCII byte that is neither letter nor digit does to a gap; all of these are separators.
_TABLES = load_tables()
_SIGNS = np.array(
    [_TABLES.gaps[_TABLES.entries[_TABLES.blocks[0] * BLOCK + byte]] for byte in range(128)], dtype=np.uint16
)


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
            # The common case by itself, 64 bytes at a time: words of ASCII letters and digits, and the gaps between.
            if state == _NO_TOKEN and at + WIDTH <= source.shape[0]:
                size, pos = min(end - at, WIDTH), 0
                upper, digit, high = upper_mask(source, at), digit_mask(source, at), high_mask(source, at)
                word = lower_mask(source, at) | upper | digit
                while pos < size:
                    rest = word >> np.uint64(pos)
                    length = min(lowest(~rest), size - pos)
                    if length == 0:
                        after = min(pos + lowest((word | high) >> np.uint64(pos)), size)
                        if after == pos:
                            break
                        while pos < after:
                            sign = np.int64(_SIGNS[source[np.uint64(at + pos)]])
                            gap |= _join(before, beside, sign) | sign
                            before, beside = beside, sign
                            pos += 1
                        continue
                    after = pos + length
                    if after < size:
                        if (high >> np.uint64(after)) & _ONE:
                            break
                    elif at + after < end:
                        break  # the word may go on
                    whole_word = _ALL >> np.uint64(WIDTH - length)
                    capitals, figures = (upper >> np.uint64(pos)) & whole_word, (digit >> np.uint64(pos)) & whole_word
                    initial, loud, letters = _ONE, capitals == whole_word, length
                    if figures:
                        point = after < size and figures >> np.uint64(length - 1) and _is_point(source, at + after)
                        if point and (after + 1 == size or ((digit | high) >> np.uint64(after + 1)) & _ONE):
                            break  # the number may go on
                        others = whole_word & ~figures
                        initial, loud = others & (~others + _ONE), capitals == others
                        letters = count_bits(others)
                    if capitals & ~initial and not loud:
                        break  # two words may be glued together
                    opening, gaps[np.uint64(token)] = _open_token(gap, before, beside, single)
                    flags[np.uint64(token)] = (
                        opening
                        | NUMBER * (figures != 0)
                        | CAPITAL * (capitals & initial != 0)
                        | CAPS * (loud and letters >= 2)
                    )
                    for k in range(0, length, 16):
                        copy_lower16(source, at + pos + k, data, out + k)
                    out += length + 1
                    data[np.uint64(out - 1)] = 32
                    token += 1
                    starts[np.uint64(token)] = out
                    single = length == 1 and letters == 1
                    gap, before, beside = 0, 0, _GAP_WORD
                    pos = after
                    spaced = pos + 1 < size and source[np.uint64(at + pos)] == 32
                    if spaced and ((word | high) >> np.uint64(pos + 1)) & _ONE:
                        gap, before, beside = GAP_SPACE, _GAP_WORD, GAP_SPACE
                        pos += 1
                if pos > 0:
                    at += pos
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
                        gap, before = beside, _GAP_WORD
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
                        gap, before, beside = 0, 0, _GAP_WORD
                    sign = int(gap_bits[record]) if kind < MARKED else 0
                    gap |= _join(before, beside, sign) | sign
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
                        gap, before, beside, single = 0, 0, _GAP_WORD, False
                    if state != _RUN:
                        state = _RUN
                        opening, gaps[token] = _open_token(gap, before, beside, single)
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
                    gap, before, beside, single = 0, 0, _GAP_WORD, False
                    state = _NO_TOKEN
                upper = kind in (UPPER, TITLE)
                if state == _NO_TOKEN:
                    opening, gaps[token] = _open_token(gap, before, beside, single)
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
def _is_point(source: NDArray[np.uint8], at: int) -> bool:
    """Whether a number may go on after the byte: "." or ","."""
    return source[np.uint64(at)] in (46, 44)


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


@njit(nogil=True)
def _open_token(gap: int, before: int, beside: int, single: bool) -> tuple[int, int]:
    """The flags and signs that a token has by the gap before it."""
    if gap == GAP_SPACE:
        return 0, 0
    gap |= _join(before, beside, _GAP_WORD)
    ended = gap & GAP_STOP or (gap & GAP_DOT and gap & GAP_SPACE and not single)
    bits = SENTENCE * (ended != 0) | BREAK * (gap & GAP_BAR != 0) | MARK * (gap & (GAP_COLON | _GAP_JOINED) != 0)
    signs = OPEN * (gap & GAP_OPEN != 0) | CLOSE * (gap & GAP_CLOSE != 0) | COLON * (gap & GAP_COLON != 0)
    return bits, signs


@njit(nogil=True)
def _join(before: int, beside: int, sign: int) -> int:
    """What the three neighbours before, beside and sign add to a gap when the last of them arrives."""
    bits = 0
    if beside & _DASHES:
        spaced = (before | sign) & GAP_SPACE and (beside & GAP_DASH or not (before | sign) & _GAP_WORD)
        bits = GAP_BAR * (sign & _DASHES != 0 or spaced != 0)
    if sign & _DASHES and beside == _GAP_WORD:
        bits |= _GAP_JOINED
    if sign & GAP_COLON and beside & GAP_COLON:
        bits |= GAP_BAR
    return bits
