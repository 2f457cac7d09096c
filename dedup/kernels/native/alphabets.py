"""Words and characters as most texts have them, read many bytes at a time or without a look at every table.

What is not so simple is left to `tokens`, which can do it all; there is what a token is. Whether a word is read here or
there makes no difference to it.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from dedup.kernels.flags import BIGRAM, CAPITAL, CAPS, LONGEST, NUMBER, SENTENCE
from dedup.kernels.native.gaps import GAP_WORD, SIGNS, join_gap, open_token
from dedup.kernels.squeezing import SQUEEZES, highest, squeeze_flags, squeeze_text, store_places
from dedup.kernels.unicode import (
    BLOCK,
    GAP_SPACE,
    LETTER,
    LOWER,
    SEPARATOR,
    TWO_BYTES,
    UPPER,
    Tables,
    first_records,
    load_tables,
)
from dedup.kernels.utf8 import read_point, record_of
from dedup.kernels.vectors import (
    WIDTH,
    comma_mask,
    copy_lower16,
    count_bits,
    digit_mask,
    dot_mask,
    high_mask,
    lower_mask,
    lowest,
    quiet_mask,
    space_mask,
    upper_mask,
)

_ALL, _ONE, _TWO = np.uint64(0xFFFFFFFFFFFFFFFF), np.uint64(1), np.uint64(2)
_LAST = _ONE << np.uint64(WIDTH - 1)
_CASED, _UPPER, _LOWER = 1 << 16, 1 << 17, 1 << 18
_TABLES = load_tables()


def _alphabet() -> NDArray[np.uint32]:
    """Of each code point of at most two bytes: 0, or that it is a letter, its case, and the bytes that it folds to.

    Letters that become several code points, or take more bytes or fewer, have 0 like all that are no letters.
    """
    letters = np.zeros(TWO_BYTES, dtype=np.uint32)
    for point, record in enumerate(first_records()):
        kind = int(_TABLES.kinds[record])
        folded = _TABLES.pool[_TABLES.sequences[record] : _TABLES.sequences[record + 1]].tolist() or [point]
        written = "".join(map(chr, folded)).encode()
        if kind in (LOWER, UPPER, LETTER) and len(written) == len(chr(point).encode()):
            bits = _CASED | _UPPER * (kind == UPPER) | _LOWER * (kind == LOWER)
            letters[point] = bits | int.from_bytes(written, "little")
    return letters


_ALPHABET = _alphabet()
_HAN = int(_TABLES.entries[int(_TABLES.blocks[0x4E00 // BLOCK]) * BLOCK])
"""The record of U+4E00, and of all other characters of scripts without spaces that fold to themselves."""


@njit(nogil=True, forceinline=True)
def read_block(  # noqa: C901 - one pass over one state
    source: NDArray[np.uint8],
    at: int,
    end: int,
    out: int,
    token: int,
    data: NDArray[np.uint8],
    starts: NDArray[np.int64],
    flags: NDArray[np.uint8],
    gaps: NDArray[np.uint8],
    gap: int,
    before: int,
    beside: int,
    single: bool,
) -> tuple[int, int, int, int, int, int, bool]:
    """Read the words of ASCII letters and digits in the next 64 bytes, and the gaps between, as far as they are simple.

    Arguments as in `tokenize_fields`, and the gap that ends at source[at], as `open_token` has it; 64 bytes from
    there on can be read. Returns where it stopped, that is before a word or a gap that holds anything else or may go on
    after these bytes; where the next token's bytes go, its number, and the gap so far.
    """
    size, pos = min(end - at, WIDTH), 0
    within = _ALL >> np.uint64(WIDTH - size)
    upper, high = upper_mask(source, at), high_mask(source, at)
    letter, digit = (lower_mask(source, at) | upper) & within, digit_mask(source, at) & within
    space, dot = space_mask(source, at), dot_mask(source, at)
    point = (dot | comma_mask(source, at)) & digit << _ONE
    word = letter | digit | (point & digit >> _ONE)
    inner = word << _ONE  # there is a word's byte before it
    unsure = high | (point & (high >> _ONE | _LAST))  # the word before it may go on: beyond these bytes, for one
    begins, ends = word & ~inner, ~(word | unsure) & inner
    lone = letter & ~inner & ~(word >> _ONE)
    stops = dot & inner & space >> _ONE & begins >> _TWO  # between a word, a space and a word
    sentences = (stops & ~(lone << _ONE)) << _TWO
    # What words like most others do not have in them or between: a capital that is not the first letter, digits beside
    # letters, other signs.
    odd = (upper & inner) | (letter & digit << _ONE) | (digit & letter << _ONE)
    odd |= unsure | ~(word | space | stops | quiet_mask(source, at))
    roomy = at + 2 * WIDTH <= source.shape[0]
    while pos < size:
        ahead = _ALL << np.uint64(pos)
        if roomy and begins >> np.uint64(pos) & _ONE:
            other = odd & ahead
            other &= ~other + _ONE
            alike = ends & ahead & (other | (other - _ONE))
            if alike:
                opening, gaps[np.uint64(token)] = open_token(gap, before, beside, single)
                for k in range(WIDTH // 2):  # there can be no more words; cheaper than one by one
                    gaps[np.uint64(token + 1 + k)] = 0
                if SQUEEZES:
                    token, out, pos, single = squeeze_words(
                        *(source, at, begins & ahead, alike, word & ahead, upper, digit, sentences, lone),
                        *(opening, out, token, data, starts, flags),
                    )
                else:
                    token, out, pos, single = cut_words(
                        *(source, at, begins & ahead, alike, upper, digit, sentences, lone),
                        *(opening, out, token, data, starts, flags),
                    )
                gap, before, beside = 0, 0, GAP_WORD
                if space & within & _ONE << np.uint64(pos):
                    gap, before, beside = GAP_SPACE, GAP_WORD, GAP_SPACE
                    pos += 1
                continue
        length = min(lowest(~(word >> np.uint64(pos))), size - pos)
        if length == 0:
            after = min(pos + lowest((word | high) >> np.uint64(pos)), size)
            if after == pos:
                break
            while pos < after:
                sign = np.int64(SIGNS[source[np.uint64(at + pos)]])
                gap |= join_gap(before, beside, sign) | sign
                before, beside = beside, sign
                pos += 1
            continue
        after = pos + length
        if after < size:
            if unsure >> np.uint64(after) & _ONE:
                break
        elif at + after < end:
            break  # the word may go on
        whole_word = _ALL >> np.uint64(WIDTH - length)
        capitals, figures = (upper >> np.uint64(pos)) & whole_word, (digit >> np.uint64(pos)) & whole_word
        letters = (letter >> np.uint64(pos)) & whole_word
        initial, loud = letters & (~letters + _ONE), capitals == letters
        if capitals & ~initial and not loud:
            break  # two words may be glued together
        opening, gaps[np.uint64(token)] = open_token(gap, before, beside, single)
        flags[np.uint64(token)] = (
            opening
            | NUMBER * (figures != 0)
            | CAPITAL * (capitals & initial != 0)
            | CAPS * (loud and count_bits(letters) >= 2)
        )
        for k in range(0, length, 16):
            copy_lower16(source, at + pos + k, data, out + k)
        out += length + 1
        data[np.uint64(out - 1)] = 32
        token += 1
        starts[np.uint64(token)] = out
        single = length == 1 and figures == 0
        gap, before, beside = 0, 0, GAP_WORD
        pos = after
        if pos < size and space & _ONE << np.uint64(pos):
            gap, before, beside = GAP_SPACE, GAP_WORD, GAP_SPACE
            pos += 1
    return at + pos, out, token, gap, before, beside, single


@njit(nogil=True, forceinline=True)
def cut_words(
    source: NDArray[np.uint8],
    at: int,
    begins: np.uint64,
    ends: np.uint64,
    capitals: np.uint64,
    digits: np.uint64,
    sentences: np.uint64,
    lone: np.uint64,
    opening: int,
    out: int,
    token: int,
    data: NDArray[np.uint8],
    starts: NDArray[np.int64],
    flags: NDArray[np.uint8],
) -> tuple[int, int, int, bool]:
    """Copy words out of the bytes from source[at] on, and note the tokens that they make.

    The masks say where the words begin, and where the first byte behind each is; which bytes are capitals, digits,
    the first of a sentence, or words of one letter. `opening` is what the first token has by the gap before it.
    Returns the next token's number and where its bytes go; where the last word ends, and whether it is a single letter.
    """
    first = last = 0
    while ends:
        first, last = lowest(begins), lowest(ends)
        begins, ends = begins & (begins - _ONE), ends & (ends - _ONE)
        copy_lower16(source, at + first, data, out)
        for k in range(16, last - first, 16):
            copy_lower16(source, at + first + k, data, out + k)
        out += last - first + 1
        data[np.uint64(out - 1)] = 32
        bit = np.uint64(first)
        flags[np.uint64(token)] = (
            opening
            | CAPITAL * np.int64(capitals >> bit & _ONE)
            | NUMBER * np.int64(digits >> bit & _ONE)
            | SENTENCE * np.int64(sentences >> bit & _ONE)
        )
        opening = 0
        token += 1
        starts[np.uint64(token)] = out
    return token, out, last, lone >> np.uint64(first) & _ONE != 0


@njit(nogil=True, forceinline=True)
def squeeze_words(
    source: NDArray[np.uint8],
    at: int,
    begins: np.uint64,
    ends: np.uint64,
    words: np.uint64,
    capitals: np.uint64,
    digits: np.uint64,
    sentences: np.uint64,
    lone: np.uint64,
    opening: int,
    out: int,
    token: int,
    data: NDArray[np.uint8],
    starts: NDArray[np.int64],
    flags: NDArray[np.uint8],
) -> tuple[int, int, int, bool]:
    """The same as `cut_words` without a step for each word: all that is no word's, nor the first behind one, goes.

    `words` says which bytes are of a word, none of one that began before the first of these.
    """
    last = highest(ends)
    span = (_TWO << np.uint64(last)) - _ONE
    keep = (words | ends) & span
    blanks = squeeze_text(source, at, keep, ends, data, out)
    store_places(blanks, out + 1, starts, token + 1)
    squeeze_flags(begins & span, digits, capitals, sentences, opening, flags, token)
    single = lone >> np.uint64(last - 1) & _ONE != 0
    return token + count_bits(ends), out + count_bits(keep), last, single


@njit(nogil=True, forceinline=True)
def read_word(
    source: NDArray[np.uint8], at: int, end: int, tables: Tables, data: NDArray[np.uint8], out: int
) -> tuple[int, int, int, bool]:
    """Read a word of letters of one or two bytes each, which begins at source[at] and ends where it seems to.

    Returns where it ends, where its folded bytes in `data` end, its own flags, and whether it is a single letter. Where
    it is not so simple it ends where it begins, and what lies in `data` from `out` on means nothing.
    """
    begin, first = at, out
    letters, uppers, lowers, capital = 0, 0, 0, 0
    while at < end:
        lead = np.int64(source[np.uint64(at)])
        point, size = lead, 1
        if lead >= 0x80:
            if lead < 0xC2 or lead > 0xDF or at + 1 == end:
                break
            second = np.int64(source[np.uint64(at + 1)])
            if second & 0xC0 != 0x80:
                break
            point, size = (lead & 0x1F) << 6 | second & 0x3F, 2
        letter = np.int64(_ALPHABET[np.uint64(point)])
        if letter == 0:
            break
        if letters == LONGEST:
            return begin, first, 0, False
        if letter & _UPPER:
            if lowers >= 3:
                return begin, first, 0, False  # two words may be glued together
            uppers += 1
            capital |= CAPITAL * (letters == 0)
        lowers = lowers + 1 if letter & _LOWER else 0
        data[np.uint64(out)] = letter & 255
        data[np.uint64(out + 1)] = letter >> 8 & 255
        letters += 1
        at += size
        out += size
    if letters == 0:
        return begin, first, 0, False
    if at < end and source[np.uint64(at)] != 32:
        point, _ = read_point(source, at, end)
        if tables.kinds[record_of(tables.blocks, tables.entries, point)] != SEPARATOR:
            return begin, first, 0, False
    return at, out, capital | CAPS * (letters >= 2 and letters == uppers), letters == 1


@njit(nogil=True, forceinline=True)
def read_characters(
    source: NDArray[np.uint8],
    at: int,
    end: int,
    begin: int,
    out: int,
    opening: int,
    token: int,
    tables: Tables,
    data: NDArray[np.uint8],
    starts: NDArray[np.int64],
    flags: NDArray[np.uint8],
    gaps: NDArray[np.uint8],
    most_bytes: int,
    most_tokens: int,
) -> tuple[int, int, int, int, int]:
    """Go on with a run of characters of a script without spaces while they take three bytes and fold to themselves.

    Arguments as in `tokenize_fields`; the bytes of the run's last two characters end at data[out], those of the last
    begin at data[begin]. Returns the same after them: where it stopped, and begin, out, opening and token.
    """
    while at + 3 <= end and out <= most_bytes and token <= most_tokens:
        lead = np.int64(source[np.uint64(at)])
        second, third = np.int64(source[np.uint64(at + 1)]), np.int64(source[np.uint64(at + 2)])
        if lead & 0xF0 != 0xE0 or second & 0xC0 != 0x80 or third & 0xC0 != 0x80:
            break
        point = (lead & 0x0F) << 12 | (second & 0x3F) << 6 | third & 0x3F
        if record_of(tables.blocks, tables.entries, point) != _HAN:
            break
        data[np.uint64(out)] = 32
        flags[np.uint64(token)] = opening | BIGRAM
        opening = 0
        token += 1
        gaps[np.uint64(token)] = 0
        starts[np.uint64(token)] = out + 1
        size = out - begin
        for k in range(size):
            data[np.uint64(out + 1 + k)] = data[np.uint64(begin + k)]
        begin = out + 1 + size
        data[np.uint64(begin)] = lead
        data[np.uint64(begin + 1)] = second
        data[np.uint64(begin + 2)] = third
        out = begin + 3
        at += 3
    return at, begin, out, opening, token
