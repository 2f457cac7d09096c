# mypy: disallow-untyped-defs=False, disallow-untyped-calls=False
"""Cells: where the value of a story's role lies in a block, found in delimited text and copied into Arrow buffers.

A *cell* is where the value of one role (title, text, ...) of one row lies in the block. The cells of n rows and R roles
are a named tuple of arrays: `start` and `end` int64[R, n] in bytes, `kind` and `rank` uint8[R, n]. Where several fields
of a row could fill a role, the one of least rank that is not blank does; a role without a value has kind ABSENT and
rank NO_RANK. Blank is what holds nothing but ASCII white space.

The f fields looked for are a named tuple, the field table:
`slots` int64[2**k], a hash table of field numbers, -1 for a free slot, FNV-1a 64 of the plain name and linear probing;
`names` uint8[...], the plain names (lower case, without `-`, `_` and spaces) back to back; `name_offsets` int64[f + 1];
`targets` int64[t, 2], the (role, rank) of each field, and `target_offsets` int64[f + 1].
"""

from __future__ import annotations

import numpy as np
from numba import njit

from dedup.kernels.handles import borrow
from dedup.kernels.vectors import WIDTH, backslash_mask, copy32, lowest

ABSENT, PLAIN, ESCAPED, QUOTED = 0, 1, 2, 3
"""Kinds of cell: no value; taken as it is; a JSON string with escapes; a CSV field whose quotes must be undone."""

COPIED = 32
"""Bytes copied at once, so that `copy_cells` may write over what comes behind a value."""

NO_RANK = 127
"""The rank of an absent cell, worse than any field's."""

_LF, _CR, _TAB, _SPACE, _QUOTE, _BACKSLASH = 10, 13, 9, 32, 34, 92
_HEX = np.full(256, -1, dtype=np.int8)  # what each byte is as a hexadecimal digit
_HEX[[*b"0123456789abcdef"]] = _HEX[[*b"0123456789ABCDEF"]] = range(16)


@njit
def is_space(c):
    """Whether a byte is ASCII white space."""
    return c == _SPACE or (9 <= c <= 13)


@njit
def code_unit(data, at):
    """The number written as four hexadecimal digits at `at`; negative where one is no digit."""
    first, second = np.int64(_HEX[data[np.uint64(at)]]), np.int64(_HEX[data[np.uint64(at + 1)]])
    third, fourth = np.int64(_HEX[data[np.uint64(at + 2)]]), np.int64(_HEX[data[np.uint64(at + 3)]])
    return first << 12 | second << 8 | third << 4 | fourth


@njit(forceinline=True)
def is_blank(data, start, end, escaped):
    """Whether a value is nothing but ASCII white space, written out or as JSON escapes."""
    at = start
    while at < end:
        c = data[np.uint64(at)]
        if escaped and c == _BACKSLASH:
            c = data[np.uint64(at + 1)]
            if c == 117:
                unit = code_unit(data, at + 2)
                if not (unit == _SPACE or 9 <= unit <= 13):
                    return False
                at += 6
            elif c == 110 or c == 114 or c == 116 or c == 102:
                at += 2
            else:
                return False
        elif is_space(c):
            at += 1
        else:
            return False
    return True


@njit(inline="always")
def offer(start, end, kind, blank, row, field, table, cells):
    """Let a value fill the roles its field can fill; False if a field of the same rank filled one before."""
    for t in range(table.target_offsets[field], table.target_offsets[field + 1]):
        role, rank = table.targets[t, 0], table.targets[t, 1]
        if cells.rank[role, row] == rank:
            return False
        if not blank and rank < cells.rank[role, row]:
            cells.start[role, row], cells.end[role, row] = start, end
            cells.kind[role, row], cells.rank[role, row] = kind, rank
    return True


@njit
def _delimited_field(data, at, end, delimiter):
    """End of the field at `at`, and its kind: ABSENT for plain bytes, PLAIN for simple quotes, QUOTED for others."""
    if at >= end or data[np.uint64(at)] != _QUOTE:
        while at < end and data[np.uint64(at)] != delimiter:
            at += 1
        return at, ABSENT
    at += 1
    kind = PLAIN
    quoted = True
    while at < end:
        c = data[np.uint64(at)]
        if quoted:
            if c == _QUOTE:
                if at + 1 < end and data[np.uint64(at + 1)] == _QUOTE:
                    kind = QUOTED
                    at += 1
                else:
                    quoted = False
        elif c == delimiter:
            break
        else:
            kind = QUOTED
        at += 1
    return at, QUOTED if quoted else kind


@njit
def _is_blank_quoted(data, start, end):
    """Whether the CSV field whose quote opens at `start` is nothing but white space once its quotes are undone."""
    quoted = True
    at = start + 1
    while at < end:
        c = data[np.uint64(at)]
        if quoted and c == _QUOTE and not (at + 1 < end and data[np.uint64(at + 1)] == _QUOTE):
            quoted = False
        elif not is_space(c):
            return False
        at += 1
    return True


@njit(nogil=True, cache=True)
def delimited_fields(data, row_start, row_end, delimiter, columns, table, cells):
    """Find the cell of every role in records of delimited text.

    data      : uint8[m]    the block
    row_start : int64[n]    records in `data`, each with as many fields as the header
    row_end   : int64[n]
    delimiter : the byte between two fields
    columns   : int64[c]    the field number of each column, -1 for a column that holds nothing wanted
    table     : field table only its targets are read
    cells     : cells       of n rows, all absent; filled in
    """
    data, row_start, row_end, columns = borrow(data), borrow(row_start), borrow(row_end), borrow(columns)
    table, cells = borrow(table), borrow(cells)
    for row in range(row_start.shape[0]):
        at, end = row_start[row], row_end[row]
        for column in range(columns.shape[0]):
            start = at
            at, kind = _delimited_field(data, at, end, delimiter)
            if columns[column] >= 0:
                value, value_end = start, at
                if kind == PLAIN:
                    value, value_end = start + 1, at - 1
                elif kind == ABSENT:
                    kind = PLAIN
                if kind == QUOTED:
                    blank = _is_blank_quoted(data, value, value_end)
                else:
                    blank = is_blank(data, value, value_end, False)
                offer(value, value_end, kind, blank, row, columns[column], table, cells)
            at += 1


@njit
def _decode_quoted(data, start, end, out, to):
    """Undo the quotes of a CSV field that opens with one; what follows the closing quote stays. One past the end."""
    quoted = True
    at = start + 1
    while at < end:
        c = data[np.uint64(at)]
        if quoted and c == _QUOTE:
            if at + 1 < end and data[np.uint64(at + 1)] == _QUOTE:
                at += 1
            else:
                quoted = False
                at += 1
                continue
        out[np.uint64(to)] = c
        to += 1
        at += 1
    return to


@njit
def _put_code_point(out, to, code):
    """Write a code point as UTF-8; one past it."""
    if code < 0x80:
        out[np.uint64(to)] = code
        return to + 1
    if code < 0x800:
        out[np.uint64(to)] = 0xC0 | code >> 6
        out[np.uint64(to + 1)] = 0x80 | code & 63
        return to + 2
    if code < 0x10000:
        out[np.uint64(to)] = 0xE0 | code >> 12
        out[np.uint64(to + 1)] = 0x80 | code >> 6 & 63
        out[np.uint64(to + 2)] = 0x80 | code & 63
        return to + 3
    out[np.uint64(to)] = 0xF0 | code >> 18
    out[np.uint64(to + 1)] = 0x80 | code >> 12 & 63
    out[np.uint64(to + 2)] = 0x80 | code >> 6 & 63
    out[np.uint64(to + 3)] = 0x80 | code & 63
    return to + 4


@njit
def _unescape(c):
    """The byte that a backslash and `c` stand for."""
    if c == 110:
        return np.uint8(_LF)
    if c == 114:
        return np.uint8(_CR)
    if c == 116:
        return np.uint8(_TAB)
    if c == 98:
        return np.uint8(8)
    return np.uint8(12) if c == 102 else c


@njit(forceinline=True)
def _copy_plain(data, at, end, out, to):
    """Copy bytes up to the next backslash, or some of them, one at least; how many."""
    if at + WIDTH > data.shape[0]:
        out[np.uint64(to)] = data[np.uint64(at)]
        return np.int64(1)
    size = min(lowest(backslash_mask(data, at)), end - at)
    for i in range(0, size, COPIED):
        copy32(data, at + i, out, to + i)
    return size


@njit
def _decode_escaped(data, start, end, out, to):
    """Undo the escapes of a valid JSON string; one past the end, and whether a lone surrogate became U+FFFD."""
    lone = False
    at = start
    while at < end:
        if data[np.uint64(at)] != _BACKSLASH:
            plain = _copy_plain(data, at, end, out, to)
            at += plain
            to += plain
            continue
        c = data[np.uint64(at + 1)]
        at += 2
        if c != 117:
            out[np.uint64(to)] = _unescape(c)
            to += 1
            continue
        code = code_unit(data, at)
        at += 4
        if (
            0xD800 <= code < 0xDC00
            and at + 6 <= end
            and data[np.uint64(at)] == _BACKSLASH
            and data[np.uint64(at + 1)] == 117
        ):
            low = code_unit(data, at + 2)
            if 0xDC00 <= low < 0xE000:
                code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00)
                at += 6
        if 0xD800 <= code < 0xE000:
            code = np.int64(0xFFFD)
            lone = True
        to = _put_code_point(out, to, code)
    return to, lone


@njit(nogil=True, cache=True)
def copy_cells(data, start, end, kind, offsets, out, lone):
    """Copy the values of one role into the buffers of an Arrow string array.

    data    : uint8[m]      the block
    start   : int64[n]      cells in `data`
    end     : int64[n]
    kind    : uint8[n]      ABSENT gives an empty string
    offsets : int32[n + 1]  overwritten
    out     : uint8[s]      overwritten; s is at least the sum of end - start of the cells that are not ABSENT + COPIED
    lone    : bool[n]       set to True where a lone surrogate was replaced by U+FFFD
    """
    data, start, end, kind, offsets = borrow(data), borrow(start), borrow(end), borrow(kind), borrow(offsets)
    out, lone = borrow(out), borrow(lone)
    to = np.int64(0)
    offsets[0] = 0
    for row in range(start.shape[0]):
        if kind[row] == PLAIN:
            first, size = start[row], end[row] - start[row]
            i = 0
            while i < size and first + i + 32 <= data.shape[0]:
                copy32(data, first + i, out, to + i)
                i += 32
            while i < size:
                out[np.uint64(to + i)] = data[np.uint64(first + i)]
                i += 1
            to += size
        elif kind[row] == ESCAPED:
            to, replaced = _decode_escaped(data, start[row], end[row], out, to)
            lone[row] |= replaced
        elif kind[row] == QUOTED:
            to = _decode_quoted(data, start[row], end[row], out, to)
        offsets[row + 1] = to
