"""HTML out of fields: entities decoded, tags removed. Twin: `dedup.kernels.reference.markup`."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from dedup.kernels.native.composition import Sources
from dedup.kernels.reference.markup import BLOCKS, ELEMENTS
from dedup.kernels.unicode import Tables, entity_hash
from dedup.kernels.utf8 import REPLACEMENT, byte_at, write_point

_AMPERSAND, _SEMICOLON, _HASH = ord("&"), ord(";"), ord("#")
_LESS, _GREATER, _SLASH, _EQUALS = ord("<"), ord(">"), ord("/"), ord("=")
# What the code points 0x80 to 0x9F of a numeric reference mean: Windows' character set.
_WINDOWS = np.array([ord(bytes([code]).decode("cp1252", "replace")) for code in range(0x80, 0xA0)], dtype=np.int32)
_SCRIPT_END = np.frombuffer(b"</script", dtype=np.uint8).copy()
_STYLE_END = np.frombuffer(b"</style", dtype=np.uint8).copy()
_COMMENT = np.frombuffer(b"<!--", dtype=np.uint8).copy()
_COMMENT_END = np.frombuffer(b"-->", dtype=np.uint8).copy()
_CDATA = np.frombuffer(b"<![cdata[", dtype=np.uint8).copy()
_ELEMENTS = np.array(sorted(entity_hash(name.encode("ascii")) for name in ELEMENTS.split()), dtype=np.int64)
_BLOCKS = np.array(sorted(entity_hash(name.encode("ascii")) for name in BLOCKS.split()), dtype=np.int64)


class Entities(NamedTuple):
    """The part of `Tables` that is about HTML's named entities."""

    slots: NDArray[np.int16]
    starts: NDArray[np.int32]
    names: NDArray[np.uint8]
    points: NDArray[np.int32]


@njit(nogil=True, cache=True)
def remove_markup(
    sources: Sources,
    spans: NDArray[np.int64],
    rows: NDArray[np.int64],
    tables: Tables,
    out: NDArray[np.uint8],
) -> None:
    """Write the plain text of some fields back to back and say where it is.

    sources : three uint8[*]  read-only; UTF-8 in name only, any bytes will do
    spans   : int64[n, 3]     field i is sources[spans[i, 0]][spans[i, 1]:spans[i, 2]]; of the fields wanted it is
                              overwritten, as if `out` were the third source
    rows    : int64[r]        the fields wanted
    tables  : for the names of entities
    out     : uint8[c]        c at least 3 / 2 the wanted fields' bytes + 16
    """
    entities = Entities(tables.entity_slots, tables.entity_starts, tables.entity_names, tables.entity_points)
    longest = 0
    for row in rows:
        longest = max(longest, spans[row, 2] - spans[row, 1])
    spare = np.empty(longest * 3 // 2 + 16, dtype=np.uint8)
    zero = int(np.int64(0))  # no literal: what is called with one is compiled once more for it
    at = zero
    for row in rows:
        source, start, end = sources[spans[row, 0]], spans[row, 1], spans[row, 2]
        for k in range(end - start):
            spare[k] = source[start + k]
        end = _decode_entities(spare, zero, end - start, entities, out, at)
        end = _decode_entities(out, at, end, entities, spare, zero)
        end = _remove_tags(spare, end, out, at)
        spans[row, 0], spans[row, 1], spans[row, 2] = 2, at, end
        at = end


@njit(nogil=True)
def _decode_entities(
    source: NDArray[np.uint8], at: int, end: int, entities: Entities, out: NDArray[np.uint8], to: int
) -> int:
    """Copy source[at:end] to out[to:], entities decoded; where it ends there. Grows by 6/5 at most ("&nGt;")."""
    while at < end:
        if source[at] == _AMPERSAND:
            after, one, two = _read_entity(source, at, end, entities)
            if after > 0:
                to = write_point(out, to, one)
                if two:
                    to = write_point(out, to, two)
                at = after
                continue
        out[to] = source[at]
        to += 1
        at += 1
    return to


@njit(nogil=True)
def _read_entity(source: NDArray[np.uint8], at: int, end: int, entities: Entities) -> tuple[int, int, int]:
    """Where the entity at source[at] == "&" ends, 0 if it is none, and its code points, the second 0 if missing."""
    at += 1
    if at < end and source[at] == _HASH:
        return _read_numeric(source, at + 1, end)
    start = at
    value = 0x811C9DC5
    while at < end and _is_alphanumeric(byte_at(source, at)):
        value = (value ^ byte_at(source, at)) * 0x01000193 & 0xFFFFFFFF
        at += 1
    if at in (start, end) or source[at] != _SEMICOLON:
        return 0, 0, 0
    slot = value & (entities.slots.shape[0] - 1)
    while entities.slots[slot] >= 0:
        number = entities.slots[slot]
        first, last = entities.starts[number], entities.starts[number + 1]
        if last - first == at - start:
            same = True
            for k in range(last - first):
                same &= entities.names[first + k] == source[start + k]
            if same:
                return at + 1, int(entities.points[number, 0]), int(entities.points[number, 1])
        slot = (slot + 1) & (entities.slots.shape[0] - 1)
    return 0, 0, 0


@njit(nogil=True)
def _read_numeric(source: NDArray[np.uint8], at: int, end: int) -> tuple[int, int, int]:
    """What `_read_entity` gives, for the numeric reference whose "&#" ends before source[at]."""
    base = 10
    if at < end and byte_at(source, at) | 0x20 == ord("x"):
        base = 16
        at += 1
    start, point = at, 0
    while at < end:
        char = byte_at(source, at)
        digit = char - 48
        if base == 16 and 97 <= char | 0x20 <= 102:
            digit = (char | 0x20) - 87
        elif digit < 0 or digit > 9:
            break
        point = min(point * base + digit, 0x110000)
        at += 1
    if at in (start, end) or source[at] != _SEMICOLON:
        return 0, 0, 0
    if 0x80 <= point < 0xA0:
        point = _WINDOWS[point - 0x80]
    if point == 0 or point > 0x10FFFF or 0xD800 <= point < 0xE000:
        point = REPLACEMENT
    return at + 1, point, 0


@njit(nogil=True)
def _remove_tags(text: NDArray[np.uint8], end: int, out: NDArray[np.uint8], to: int) -> int:
    """Copy text[:end] to out[to:] without its markup; where it ends there.

    Linear: a search that found nothing is not made again, and a tag's own ends at the next "<".
    """
    at = int(np.int64(0))
    comments, scripts, styles = True, True, True
    while at < end:
        if text[at] != _LESS or at + 1 == end or not _opens_tag(byte_at(text, at + 1)):
            out[to] = text[at]
            to += 1
            at += 1
            continue
        after = 0
        filler = 32
        if comments and _begins(text, at, end, _COMMENT):
            found = _find(text, at + 4, end, _COMMENT_END)
            comments = found >= 0
            after = found + 3 if comments else 0
        elif _begins(text, at, end, _CDATA):
            after = at + 9
        if after == 0:
            after = at + 1
            while after < end and text[after] != _LESS and text[after] != _GREATER:
                after += 1
            if after < end and text[after] == _GREATER:
                filler = _tag_filler(text, at, after)
                after += 1
                if scripts and _names(text, at, _SCRIPT_END):
                    found = _find(text, after, end, _SCRIPT_END)
                    scripts = found >= 0
                    after = found if scripts else after
                elif styles and _names(text, at, _STYLE_END):
                    found = _find(text, after, end, _STYLE_END)
                    styles = found >= 0
                    after = found if styles else after
                if filler == _LESS:
                    out[to] = _LESS
                    to += 1
                    at += 1
                    continue
            elif not _has_attribute(text, at, after):
                out[to] = _LESS
                to += 1
                at += 1
                continue
        out[to] = filler
        to += 1
        at = after
    return to


@njit(nogil=True)
def _is_alphanumeric(char: int) -> bool:
    """Whether the byte is an ASCII letter or digit."""
    return 48 <= char <= 57 or 97 <= char | 0x20 <= 122


@njit(nogil=True)
def _opens_tag(char: int) -> bool:
    """Whether a byte after "<" makes it a tag: a letter, "/", "!" or "?"."""
    return 97 <= char | 0x20 <= 122 or char in (33, 47, 63)


@njit(nogil=True)
def _begins(text: NDArray[np.uint8], at: int, end: int, word: NDArray[np.uint8]) -> bool:
    """Whether text[at:end] begins with the word, given in lower case; case does not count."""
    if at + word.shape[0] > end:
        return False
    for k in range(word.shape[0]):
        char = byte_at(text, at + k)
        if char != word[k] and not (65 <= char <= 90 and char + 32 == word[k]):
            return False
    return True


@njit(nogil=True)
def _find(text: NDArray[np.uint8], at: int, end: int, word: NDArray[np.uint8]) -> int:
    """Where the word first begins within text[at:end], -1 for nowhere; case does not count."""
    while at + word.shape[0] <= end:
        if text[at] == word[0] and _begins(text, at, end, word):
            return at
        at += 1
    return -1


@njit(nogil=True)
def _names(text: NDArray[np.uint8], at: int, closing: NDArray[np.uint8]) -> bool:
    """Whether the complete tag at text[at] opens the element whose closing tag begins with `closing`."""
    size = closing.shape[0] - 2
    for k in range(size):
        if byte_at(text, at + 1 + k) | 0x20 != closing[2 + k]:
            return False
    return not _is_alphanumeric(byte_at(text, at + 1 + size))


@njit(nogil=True)
def _tag_filler(text: NDArray[np.uint8], at: int, end: int) -> int:
    """What stands for text[at:end + 1], from "<" to ">": a space, a line feed, or "<" if it is no tag."""
    sign = byte_at(text, at + 1)
    if sign in (33, 63):
        return 32
    start = at + 1 + (sign == _SLASH)
    name, value = start, 0x811C9DC5
    while _is_alphanumeric(byte_at(text, name)):
        char = byte_at(text, name)
        value = (value ^ (char + 32 if 65 <= char <= 90 else char)) * 0x01000193 & 0xFFFFFFFF
        name += 1
    if sign != _SLASH and not _is_among(_ELEMENTS, value) and text[name] != 45 and text[name] != 58:
        attribute = False
        for k in range(name, end):
            attribute |= text[k] == _EQUALS
        if not attribute:
            return _LESS
    return 10 if _is_among(_BLOCKS, value) else 32


@njit(nogil=True)
def _is_among(values: NDArray[np.int64], value: int) -> bool:
    """Whether the value is one of the values, which ascend."""
    low, high = 0, values.shape[0]
    while low < high:
        middle = (low + high) >> 1
        if values[middle] < value:
            low = middle + 1
        else:
            high = middle
    return low < values.shape[0] and values[low] == value


@njit(nogil=True)
def _has_attribute(text: NDArray[np.uint8], at: int, end: int) -> bool:
    """Whether text[at:end] holds "=" and a quotation mark in a row: a tag that was cut off."""
    for k in range(at + 2, end - 1):
        if text[k] == _EQUALS and (text[k + 1] == 34 or text[k + 1] == 39):
            return True
    return False
