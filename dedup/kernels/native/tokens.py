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
    FUNCTION,
    LONGEST,
    MARK,
    MOST_MARKS,
    NUMBER,
    OPEN,
    SENTENCE,
)
from dedup.kernels.native.composition import Sources
from dedup.kernels.unicode import (
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
)
from dedup.kernels.utf8 import byte_at, read_point, record_of, set_word, write_point
from dedup.kernels.words import ONES, TOPS, first_marked, word_at
from dedup.kernels.xxh32 import xxh32

# Room left over, in bytes and in tokens, for what one code point can become: 18 characters of 8 bytes each, twice over
# as bigrams, after a character of `MOST_MARKS` marks.
MARGIN = 1024

_GAP_WORD = 512  # beside a gap: a token
_GAP_JOINED = 1024  # the gap held a dash directly after a token
_DASHES = GAP_HYPHEN | GAP_DASH

_NO_TOKEN, _WORD, _RUN = 0, 1, 2  # between tokens, in a word, in a run of characters without spaces

# How many short tokens `hash_tokens` remembers at most, a power of two up to 2**16, and how it spreads them.
_MOST_REMEMBERED = 8192
_SPREAD_LOW, _SPREAD_HIGH = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xC2B2AE3D27D4EB4F)
_ALL = np.uint64(0xFFFFFFFFFFFFFFFF)

# What an ASCII letter or digit is, by byte; 0 for all other bytes.
_SHAPES = np.array(
    [
        LOWER if chr(byte).islower() else UPPER if chr(byte).isupper() else DIGIT if chr(byte).isdigit() else 0
        for byte in [*range(128), *[0] * 128]
    ],
    dtype=np.uint8,
)
_FOLDED = np.array([ord(chr(byte).lower()) if byte < 128 else 0 for byte in range(256)], dtype=np.uint8)


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
    # Taken out of the tuples once: each time costs the counting of references. For the same reason this is one
    # function: a call that hands over so many arrays takes as long as ten words.
    blocks, entries, kinds, gap_bits = tables.blocks, tables.entries, tables.kinds, tables.gaps
    sequences, pool = tables.sequences, tables.pool
    most_bytes, most_tokens = data.shape[0] - MARGIN, starts.shape[0] - MARGIN
    while field < spans.shape[0]:
        source, at, end = sources[spans[field, 0]], spans[field, 1], spans[field, 2]
        last_word = source.shape[0] - 8
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
            lead = byte_at(source, at)
            # The common case by itself: an ASCII word from its first letter, and the single space after it.
            if state == _NO_TOKEN and _SHAPES[lead]:
                opening, gaps[token] = _open_token(gap, before, beside, single)
                state = _WORD
                count, letters, uppers, lowers, digits, capital = 0, 0, 0, 0, 0, 0
            if state == _WORD and not pending:
                while count < LONGEST:
                    if at <= last_word and count <= LONGEST - 8:
                        size = min(_copy_lower(source, at, data, out), end - at)
                        if size > 0:
                            after_digit = False
                            lowers += size
                            letters += size
                            count += size
                            out += size
                            at += size
                            if at == end:
                                break
                            lead = byte_at(source, at)
                            if size == 8:
                                continue
                    shape = _SHAPES[lead]
                    if shape == 0 or (shape == UPPER and lowers >= 3):
                        break
                    if shape == DIGIT:
                        digits += 1
                        lowers = 0
                    else:
                        capital |= shape == UPPER and letters == 0
                        letters += 1
                        uppers += shape == UPPER
                        lowers = lowers + 1 if shape == LOWER else 0
                    after_digit = shape == DIGIT
                    data[out] = _FOLDED[lead]
                    out += 1
                    count += 1
                    at += 1
                    if at == end:
                        break
                    lead = byte_at(source, at)
                if at == end:
                    break
                if lead == 32:
                    token, out = _close(
                        data, starts, flags, token, out, _word_flags(opening, digits, capital, letters, uppers)
                    )
                    single = count == 1 and letters == 1
                    state = _NO_TOKEN
                    gap, before, beside = GAP_SPACE, _GAP_WORD, GAP_SPACE
                    at += 1
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
def hash_tokens(
    data: NDArray[np.uint8],
    starts: NDArray[np.int64],
    functions: NDArray[np.uint32],
    hashes: NDArray[np.uint32],
    flags: NDArray[np.uint8],
) -> None:
    """Hash the tokens and flag the function words among them.

    data      : uint8[c]      the tokens' UTF-8, a space after each
    starts    : int64[t + 1]  where each begins, and where the last one's space ends
    functions : uint32[s]     hashes of the function words, s a power of two, open addressing by the low bits, 0: empty
    hashes    : uint32[t]     overwritten: XXH32 of each token
    flags     : uint8[t]      FUNCTION is added

    Most tokens are short and seen before: up to 15 bytes, none of them zero, are looked up whole among the latest.
    """
    slots = 64
    while slots < _MOST_REMEMBERED and slots < hashes.shape[0]:
        slots *= 2
    mask = np.uint64(slots - 1)
    seen = np.zeros((slots, 3), dtype=np.uint64)  # a token's first eight bytes, its others, its hash and function bit
    eight, one = np.uint64(8), np.uint64(1)
    for k in range(hashes.shape[0]):
        start, end = starts[k], starts[k + 1] - 1
        size = np.uint64(end - start)
        if size > 15 or end + 16 > data.shape[0]:
            hashes[k] = xxh32(data, start, end)
            flags[k] |= _function_bit(functions, hashes[k])
            continue
        low = word_at(data, start) & (_ALL >> ((eight - min(size, eight)) * eight))
        high = word_at(data, start + 8) & ((one << ((max(size, eight) - eight) * eight)) - one)
        slot = (((low * _SPREAD_LOW) ^ (high * _SPREAD_HIGH)) >> np.uint64(48)) & mask
        if seen[slot, 0] != low or seen[slot, 1] != high:
            value = xxh32(data, start, end)
            seen[slot, 0], seen[slot, 1] = low, high
            seen[slot, 2] = np.uint64(value) | np.uint64(_function_bit(functions, value)) << np.uint64(32)
        hashes[k] = np.uint32(seen[slot, 2])
        flags[k] |= np.uint8(seen[slot, 2] >> np.uint64(32))


@njit(nogil=True)
def _function_bit(functions: NDArray[np.uint32], value: np.uint32) -> int:
    """FUNCTION for the hash of a function word, else 0."""
    mask = functions.shape[0] - 1
    slot = np.int64(value) & mask
    while functions[slot] != 0:
        if functions[slot] == value:
            return FUNCTION
        slot = (slot + 1) & mask
    return 0


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
def _copy_lower(source: NDArray[np.uint8], at: int, data: NDArray[np.uint8], out: int) -> int:
    """Copy eight bytes from source[at:] to data[out:]; how many of them, from the first on, are lower-case ASCII."""
    word = word_at(source, at)
    set_word(data, out, word)
    low = word & np.uint64(~TOPS & 0xFFFFFFFFFFFFFFFF)
    from_a = low + np.uint64((128 - ord("a")) * ONES)
    beyond_z = low + np.uint64((127 - ord("z")) * ONES)
    others = ~(from_a & ~beyond_z & ~word) & np.uint64(TOPS)
    return first_marked(others) if others else 8


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
