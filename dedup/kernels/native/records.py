# ruff: noqa: SIM109 - `c in (A, B)` compiles to a loop over a tuple
# mypy: disallow-untyped-defs=False, disallow-untyped-calls=False
"""Where the rows of a block of text lie: compiled scans for lines, JSON array elements and delimited records.

A block is uint8[m], the bytes of a feed from one row boundary to another. `line` arguments and results are line numbers
of the feed counted from 1; a line ends with LF, CR or CR LF. Arrays called `out_*` are overwritten from the front and
must have room for every row; each function returns how many it wrote.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numba import njit
from numpy.typing import NDArray

from dedup.kernels.handles import borrow
from dedup.kernels.vectors import WIDTH, comma_mask, count_bits, feed_mask, lowest, return_mask

Bytes: TypeAlias = NDArray[np.uint8]
Spans: TypeAlias = NDArray[np.int64]

_LF, _CR, _TAB, _SPACE, _QUOTE = 10, 13, 9, 32, 34
_BACKSLASH, _COMMA = 92, 44
STRAY_QUOTE = -1
"""Instead of the number of a record's fields: its quote is a stray one."""
_OPEN_BRACKET, _CLOSE_BRACKET, _OPEN_BRACE, _CLOSE_BRACE = 91, 93, 123, 125


@njit
def _line_end(data, at, end):
    """The first LF or CR from `at` on, or `end`, the end of the data."""
    while at + WIDTH <= end:
        marks = feed_mask(data, at) | return_mask(data, at)
        if marks:
            return at + lowest(marks)
        at += WIDTH
    while at < end and data[np.uint64(at)] != _LF and data[np.uint64(at)] != _CR:
        at += 1
    return at


@njit(nogil=True, cache=True)
def count_line_ends(data: Bytes) -> int:
    """How many LF and CR bytes there are."""
    count = at = 0
    while at + WIDTH <= data.shape[0]:
        count += count_bits(feed_mask(data, at) | return_mask(data, at))
        at += WIDTH
    while at < data.shape[0]:
        count += data[np.uint64(at)] == _LF or data[np.uint64(at)] == _CR
        at += 1
    return count


@njit(nogil=True, cache=True)
def count_commas(data: Bytes) -> int:
    """How many commas there are."""
    count = at = 0
    while at + WIDTH <= data.shape[0]:
        count += count_bits(comma_mask(data, at))
        at += WIDTH
    while at < data.shape[0]:
        count += data[np.uint64(at)] == _COMMA
        at += 1
    return count


@njit(nogil=True, cache=True)
def split_lines(data: Bytes, line: int, out_start: Spans, out_end: Spans, out_line: Spans) -> tuple[int, int]:
    """Find the lines that hold more than spaces and tabs.

    data      : uint8[m]   whole lines; the last one may lack its line end
    line      : number of the first line
    out_start : int64[r]   first byte of each line found; r is at least the number of LF and CR bytes + 1
    out_end   : int64[r]   one past its last byte, line end left out
    out_line  : int64[r]   its number

    Returns the number of lines found and the number of the line after the block.
    """
    data, out_start, out_end, out_line = borrow(data), borrow(out_start), borrow(out_end), borrow(out_line)
    count = 0
    size = data.shape[0]
    at = 0
    while at < size:
        start = at
        at = _line_end(data, at, size)
        text = start
        while text < at and (data[np.uint64(text)] == _SPACE or data[np.uint64(text)] == _TAB):
            text += 1
        if text < at:
            out_start[count] = start
            out_end[count] = at
            out_line[count] = line
            count += 1
        if at < size:
            at += 2 if data[np.uint64(at)] == _CR and at + 1 < size and data[np.uint64(at + 1)] == _LF else 1
            line += 1
    return count, line


@njit(nogil=True, cache=True)
def split_array(  # noqa: C901 - one loop, one state
    data: Bytes, first: bool, line: int, out_start: Spans, out_end: Spans, out_line: Spans
) -> tuple[int, int, int, bool]:
    """Find the complete elements of a JSON array, from after its bracket or after a comma between two elements.

    data      : uint8[m]   the array's bytes; the last element may be cut off anywhere
    first     : no element came before: the array may still turn out to be empty
    line      : number of the line on which `data` begins
    out_start : int64[r]   first byte of each element; r is at least the number of commas + 1
    out_end   : int64[r]   one past its last byte; white space around the element is left out, so an element that is
                           missing between two commas has start == end
    out_line  : int64[r]   the line on which it begins

    Returns the number of elements, the bytes consumed (up to and with the last comma or the closing bracket), the line
    on which the rest begins, and whether the closing bracket was met. Only strings and nesting are looked at: whether
    an element is valid JSON is for the parser.
    """
    count, consumed, consumed_line = 0, 0, line
    size = data.shape[0]
    start, end, start_line = -1, -1, line
    depth = 0
    at = 0
    while at < size:
        c = data[np.uint64(at)]
        if c == _LF or c == _CR:
            if not (c == _LF and at > 0 and data[np.uint64(at - 1)] == _CR):
                line += 1
            at += 1
            continue
        if c == _SPACE or c == _TAB:
            at += 1
            continue
        if depth == 0 and (c == _COMMA or c == _CLOSE_BRACKET):
            empty = c == _CLOSE_BRACKET and start < 0 and first and count == 0
            if not empty:
                out_start[count] = at if start < 0 else start
                out_end[count] = at if start < 0 else end
                out_line[count] = line if start < 0 else start_line
                count += 1
            at += 1
            consumed, consumed_line = at, line
            if c == _CLOSE_BRACKET:
                return count, consumed, consumed_line, True
            start = -1
            continue
        if start < 0:
            start, start_line = at, line
        if c == _QUOTE:
            at += 1
            escaped = False
            while at < size and (escaped or data[np.uint64(at)] != _QUOTE):
                c = data[np.uint64(at)]
                if c == _CR or (c == _LF and data[np.uint64(at - 1)] != _CR):
                    line += 1
                escaped = c == _BACKSLASH and not escaped
                at += 1
        elif c == _OPEN_BRACE or c == _OPEN_BRACKET:
            depth += 1
        elif c == _CLOSE_BRACE or c == _CLOSE_BRACKET:
            depth = max(depth - 1, 0)
        at += 1
        end = at
    return count, consumed, consumed_line, False


@njit(nogil=True, cache=True)
def split_delimited(  # noqa: C901 - one loop, one state
    data: Bytes,
    delimiter: int,
    final: bool,
    line: int,
    out_start: Spans,
    out_end: Spans,
    out_line: Spans,
    out_fields: Spans,
) -> tuple[int, int, int, bool]:
    """Find the records of delimited text (RFC 4180, read as Python's csv module reads it).

    A quoted field that spans lines and has text behind its closing quote is none: a stray quote opened it, and another
    row's closed it. That record ends with the line in which the quote stands, and the next begins behind that.

    data       : uint8[m]   from the start of a record
    delimiter  : the byte between two fields
    final      : nothing comes after `data`, so its last record ends with it
    line       : number of the line on which `data` begins
    out_start  : int64[r]   first byte of each record; r is at least the number of LF and CR bytes + 1
    out_end    : int64[r]   one past its last byte, line end left out; empty lines are no records
    out_line   : int64[r]   the line on which it begins
    out_fields : int64[r]   the number of its fields, or STRAY_QUOTE

    Returns the number of records, the bytes consumed, the line on which the rest begins, and whether `data` ends
    inside quotes.
    """
    count, consumed, consumed_line = 0, 0, line
    size = data.shape[0]
    at = 0
    quoted = False
    while at < size:
        start, start_line, fields = at, line, 1
        begins = True  # at the first byte of a field, where alone a quote opens
        first_end, end_line = -1, line  # the first line end inside the quotes of this field, and the line it ends
        behind = False  # closing quotes of a field that spans lines
        stray = False
        while at < size:
            c = data[np.uint64(at)]
            if quoted:
                if c == _QUOTE:
                    if at + 1 < size and data[np.uint64(at + 1)] == _QUOTE:
                        at += 1
                    else:
                        quoted = False
                        behind = first_end >= 0
                elif c == _CR or (c == _LF and data[np.uint64(at - 1)] != _CR):
                    if first_end < 0:
                        first_end, end_line = at, line
                    line += 1
            elif c == delimiter:
                fields += 1
                begins = True
                behind = False
                at += 1
                continue
            elif c == _LF or c == _CR:
                break
            elif c == _QUOTE and begins:
                quoted = True
                first_end = -1
            elif behind and c != _SPACE and c != _TAB:
                stray = True
                break
            begins = False
            at += 1
        if at >= size and not final:
            break
        if stray:
            at, line = first_end, end_line
        end = at
        if at < size:
            if data[np.uint64(at)] == _CR and at + 1 >= size and not final:
                break  # its LF may be the next byte
            at += 2 if data[np.uint64(at)] == _CR and at + 1 < size and data[np.uint64(at + 1)] == _LF else 1
            line += 1
        if end > start:
            out_start[count] = start
            out_end[count] = end
            out_line[count] = start_line
            out_fields[count] = STRAY_QUOTE if stray else fields
            count += 1
        consumed, consumed_line = at, line
    return count, consumed, consumed_line, quoted


@njit(nogil=True, cache=True)
def copy_rows(data: Bytes, start: Spans, end: Spans, suffix: Bytes, one_line: bool, out: Bytes) -> int:
    """Copy rows one after another, each followed by `suffix`.

    start, end : int64[r]   the rows in `data`
    suffix     : uint8[s]   what goes behind each row
    one_line   : write a space for every LF and CR in a row, which changes no JSON value
    out        : uint8[m]   room for all of it, shares no memory with `data`

    Returns the number of bytes written.
    """
    to = 0
    for row in range(start.shape[0]):
        first, size = start[row], end[row] - start[row]
        for i in range(size):
            out[np.uint64(to + i)] = data[np.uint64(first + i)]
        if one_line:
            for i in range(to, to + size):
                if out[np.uint64(i)] == _LF or out[np.uint64(i)] == _CR:
                    out[np.uint64(i)] = _SPACE
        to += size
        for i in range(suffix.shape[0]):
            out[np.uint64(to + i)] = suffix[i]
        to += suffix.shape[0]
    return to
