# ruff: noqa: SIM109 - `c in (A, B)` compiles to a loop over a tuple
# mypy: disallow-untyped-defs=False, disallow-untyped-calls=False
"""The story fields of JSON rows: a compiled validator that notes where the values lie.

Cells and field tables are described in cells.py.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from dedup.kernels.handles import borrow
from dedup.kernels.native.cells import ESCAPED, PLAIN, code_unit, is_blank, offer
from dedup.kernels.vectors import WIDTH, backslash_mask, control_mask, lowest, quote_mask

_LF, _CR, _TAB, _SPACE, _QUOTE = 10, 13, 9, 32, 34
_BACKSLASH, _COMMA, _COLON, _MINUS, _PLUS, _DOT, _ZERO, _NINE = 92, 44, 58, 45, 43, 46, 48, 57
_OPEN_BRACKET, _CLOSE_BRACKET, _OPEN_BRACE, _CLOSE_BRACE = 91, 93, 123, 125
_FNV_BASIS, _FNV_PRIME = 0xCBF29CE484222325, 0x100000001B3


@njit(forceinline=True)
def _next_special(data, at, end):
    """The first quote, backslash or control character from `at` on, or `end`."""
    while at + WIDTH <= data.shape[0] and at < end:
        marks = quote_mask(data, at) | backslash_mask(data, at) | control_mask(data, at)
        if marks:
            return min(at + lowest(marks), end)
        at += WIDTH
    while at < end:
        c = data[np.uint64(at)]
        if c == _QUOTE or c == _BACKSLASH or c < _SPACE:
            return at
        at += 1
    return min(at, end)


@njit(forceinline=True)
def _skip_space(data, at, end):
    """The first byte from `at` on that is not JSON white space, or `end`."""
    while at < end and (
        data[np.uint64(at)] == _SPACE
        or data[np.uint64(at)] == _LF
        or data[np.uint64(at)] == _CR
        or data[np.uint64(at)] == _TAB
    ):
        at += 1
    return at


@njit(forceinline=True)
def _skip_string(data, at, end):
    """One past the closing quote of the string that opens at `at`, -1 if it is broken; whether it has escapes."""
    escaped = False
    at += 1
    while True:
        if at >= end or data[np.uint64(at)] != _BACKSLASH:  # escapes often follow one another
            at = _next_special(data, at, end)
        if at >= end:
            break
        c = data[np.uint64(at)]
        if c == _QUOTE:
            return at + 1, escaped
        if c < _SPACE or at + 1 >= end:
            break
        escaped = True
        c = data[np.uint64(at + 1)]
        at += 2
        if c == 117:  # u
            if at + 4 > end or code_unit(data, at) < 0:
                break
            at += 4
        # one of " \ / b f n r t
        elif not (c == 34 or c == 92 or c == 47 or c == 98 or c == 102 or c == 110 or c == 114 or c == 116):
            break
    return np.int64(-1), escaped


@njit
def _skip_digits(data, at, end):
    while at < end and _ZERO <= data[np.uint64(at)] <= _NINE:
        at += 1
    return at


@njit(forceinline=True)
def _skip_scalar(data, at, end):
    """One past the number, true, false or null at `at`; -1 for anything else."""
    c = data[np.uint64(at)]
    if c == 116 and at + 4 <= end:
        return (
            at + 4
            if data[np.uint64(at + 1)] == 114 and data[np.uint64(at + 2)] == 117 and data[np.uint64(at + 3)] == 101
            else np.int64(-1)
        )
    if c == 110 and at + 4 <= end:
        return (
            at + 4
            if data[np.uint64(at + 1)] == 117 and data[np.uint64(at + 2)] == 108 and data[np.uint64(at + 3)] == 108
            else np.int64(-1)
        )
    if c == 102 and at + 5 <= end:
        tail = (
            data[np.uint64(at + 1)] == 97
            and data[np.uint64(at + 2)] == 108
            and data[np.uint64(at + 3)] == 115
            and data[np.uint64(at + 4)] == 101
        )
        return at + 5 if tail else np.int64(-1)
    if c == _MINUS:
        at += 1
    first = at
    at = _skip_digits(data, at, end)
    if at == first or (data[first] == _ZERO and at > first + 1):
        return np.int64(-1)
    if at < end and data[np.uint64(at)] == _DOT:
        first = at + 1
        at = _skip_digits(data, first, end)
        if at == first:
            return np.int64(-1)
    if at < end and (data[np.uint64(at)] == 101 or data[np.uint64(at)] == 69):
        at += 1
        if at < end and (data[np.uint64(at)] == _PLUS or data[np.uint64(at)] == _MINUS):
            at += 1
        first = at
        at = _skip_digits(data, first, end)
        if at == first:
            return np.int64(-1)
    return at


@njit
def _skip_nested(data, at, end):  # noqa: C901 - JSON's grammar
    """One past the object or array that opens at `at`; -1 if it is broken or nested over sixty deep."""
    objects = np.uint64(0)  # bit d: the container at depth d is an object
    depth = 0
    state = 0  # 0 a value; 1 a value or ]; 2 a key; 3 a key or }; 4 a comma or the closing bracket
    while True:
        at = _skip_space(data, at, end)
        if at >= end:
            return np.int64(-1)
        c = data[np.uint64(at)]
        if c == _CLOSE_BRACE or c == _CLOSE_BRACKET:
            is_object = (objects >> np.uint64(depth)) & np.uint64(1) == np.uint64(1)
            allowed = state == 4 or (state == 3 and is_object) or (state == 1 and not is_object)
            if not allowed or is_object != (c == _CLOSE_BRACE):
                return np.int64(-1)
            depth -= 1
            at += 1
            state = 4
            if depth == 0:
                return at
        elif state == 4:
            if c != _COMMA:
                return np.int64(-1)
            at += 1
            state = 2 if (objects >> np.uint64(depth)) & np.uint64(1) == np.uint64(1) else 0
        elif state >= 2:
            if c != _QUOTE:
                return np.int64(-1)
            at, _ = _skip_string(data, at, end)
            if at < 0:
                return np.int64(-1)
            at = _skip_space(data, at, end)
            if at >= end or data[np.uint64(at)] != _COLON:
                return np.int64(-1)
            at += 1
            state = 0
        elif c == _OPEN_BRACE or c == _OPEN_BRACKET:
            depth += 1
            if depth > 60:
                return np.int64(-1)
            bit = np.uint64(1) << np.uint64(depth)
            objects = objects | bit if c == _OPEN_BRACE else objects & ~bit
            state = 3 if c == _OPEN_BRACE else 1
            at += 1
        else:
            at = _skip_string(data, at, end)[0] if c == _QUOTE else _skip_scalar(data, at, end)
            if at < 0:
                return np.int64(-1)
            state = 4


@njit(inline="always")
def _find_field(data, start, end, table):
    """The number of the field whose name is data[start:end], letter case, `-`, `_` and spaces aside; -1 for none."""
    slots, names, name_offsets = table.slots, table.names, table.name_offsets
    h = np.uint64(_FNV_BASIS)
    size = 0
    for i in range(start, end):
        c = data[np.uint64(i)]
        if c == _MINUS or c == 95 or c == _SPACE:
            continue
        if 65 <= c <= 90:
            c |= 32
        h = (h ^ np.uint64(c)) * np.uint64(_FNV_PRIME)
        size += 1
    slot = np.int64(h & np.uint64(slots.shape[0] - 1))
    while slots[slot] >= 0:
        field = slots[slot]
        at = name_offsets[field]
        if name_offsets[field + 1] - at == size:
            same = True
            for i in range(start, end):
                c = data[np.uint64(i)]
                if c == _MINUS or c == 95 or c == _SPACE:
                    continue
                if 65 <= c <= 90:
                    c |= 32
                if names[at] != c:
                    same = False
                    break
                at += 1
            if same:
                return field
        slot = (slot + 1) & (slots.shape[0] - 1)
    return np.int64(-1)


@njit(inline="always")
def _json_member(data, at, end, row, table, cells, seen):
    """Take the member whose name opens at `at`; one past its value, -1 where the row is odd."""
    odd = np.int64(-1)
    if at >= end or data[np.uint64(at)] != _QUOTE:
        return odd
    name = at + 1
    at, escaped = _skip_string(data, at, end)
    if at < 0 or escaped:
        return odd
    name_end = at - 1
    at = _skip_space(data, at, end)
    if at >= end or data[np.uint64(at)] != _COLON:
        return odd
    at = _skip_space(data, at + 1, end)
    if at >= end:
        return odd
    field = _find_field(data, name, name_end, table)
    value, c = at, data[np.uint64(at)]
    if c == _OPEN_BRACE or c == _OPEN_BRACKET:
        return odd if field >= 0 else _skip_nested(data, at, end)
    escaped = False
    if c == _QUOTE:
        at, escaped = _skip_string(data, at, end)
    else:
        at = _skip_scalar(data, at, end)
    if at < 0 or field < 0:
        return at
    if seen[field, 0] < 0:
        seen[field, 0], seen[field, 1] = name, name_end
    value_end = at
    if c == _QUOTE:
        value, value_end = value + 1, at - 1
    blank = c == 110 or is_blank(data, value, value_end, escaped)  # n of null
    kind = ESCAPED if escaped else PLAIN
    return at if offer(value, value_end, kind, blank, row, field, table, cells) else odd


@njit(nogil=True, cache=True)
def json_fields(data, row_start, row_end, table, cells, seen, odd):
    """Validate rows that should be JSON objects and find the cell of every role.

    data      : uint8[m]     the block
    row_start : int64[n]     rows in `data`
    row_end   : int64[n]
    table     : field table  the f fields looked for
    cells     : cells        of n rows, all absent; those of rows that are not odd are filled in
    seen      : int64[f, 2]  where a field's name first stood in the block; set only where it is -1
    odd       : bool[n]      True: a closer look is needed, and the row's cells mean nothing

    A row is odd unless it certainly is a valid object whose story fields hold strings, numbers, booleans or null, each
    at most once, with no escape in a name: what is odd is for json.loads to judge. UTF-8 is not validated.
    """
    data, row_start, row_end, table = borrow(data), borrow(row_start), borrow(row_end), borrow(table)
    cells, seen, odd = borrow(cells), borrow(seen), borrow(odd)
    for row in range(row_start.shape[0]):
        odd[row] = True
        end = row_end[row]
        at = _skip_space(data, row_start[row], end)
        if at >= end or data[np.uint64(at)] != _OPEN_BRACE:
            continue
        at = _skip_space(data, at + 1, end)
        closed = at < end and data[np.uint64(at)] == _CLOSE_BRACE
        while not closed:
            at = _json_member(data, at, end, row, table, cells, seen)
            if at < 0:
                break
            at = _skip_space(data, at, end)
            if at >= end:
                break
            if data[np.uint64(at)] == _CLOSE_BRACE:
                closed = True
            elif data[np.uint64(at)] == _COMMA:
                at = _skip_space(data, at + 1, end)
            else:
                break
        if closed and _skip_space(data, at + 1, end) == end:
            odd[row] = False
