"""The slow twin of `native.records`: rows of a block of text, by the standard library."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator

_LINE_END = re.compile(rb"\r\n|\r|\n")
_FIELD = r'"(?P<quoted>(?:[^"]|"")*+)(?P<closed>")?(?P<behind>[^%s\r\n]*)|[^%s\r\n]*'
_JSON_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*"?|[ \t\r\n]+|[\[\]{},]|[^"\[\]{}, \t\r\n]+', re.DOTALL)


def count_line_ends(data: bytes) -> int:
    """Number of LF, CR and CR LF line ends in `data`."""
    return sum(1 for _ in _LINE_END.finditer(data))


def split_lines(data: bytes, line: int) -> Iterator[tuple[int, int, int]]:
    """Start, end and number of every line that holds more than spaces and tabs; `line` is the number of the first."""
    start = 0
    for end, after in [*((m.start(), m.end()) for m in _LINE_END.finditer(data)), (len(data), len(data))]:
        if data[start:end].strip(b" \t"):
            yield start, end, line
        start = after
        line += 1


def split_array(data: bytes, line: int) -> tuple[list[tuple[int, int, int]], int, bool]:
    """Elements of a JSON array from after its bracket, as (start, end, line); the bytes consumed; whether it closed.

    An element missing between two commas, or before the closing bracket, has start == end. The empty array has none.
    """
    found: list[tuple[int, int, int]] = []
    element: tuple[int, int] | None = None
    depth = consumed = 0
    for token in _JSON_TOKEN.finditer(data):
        text = token[0]
        if depth == 0 and text in (b",", b"]"):
            if element is not None:
                found.append((*element, line + count_line_ends(data[: element[0]])))
            elif text == b"," or found:
                found.append((token.start(), token.start(), line + count_line_ends(data[: token.start()])))
            element, consumed = None, token.end()
            if text == b"]":
                return found, consumed, True
        elif text.strip(b" \t\r\n"):
            element = (token.start() if element is None else element[0], token.end())
            depth = max(0, depth + (text in (b"[", b"{")) - (text in (b"]", b"}")))
    return found, consumed, False


def split_delimited(data: bytes, delimiter: str, line: int) -> Iterator[tuple[int, int, int, list[bytes] | None]]:
    """Start, end, line and fields of every record of delimited text as csv reads it; empty lines are no records.

    Where a quoted field spans lines and has text behind it, its record is one of no fields, None: it ends with the line
    in which the quote opens, and reading begins anew behind that.
    """
    at = 0
    while at < len(data):
        for start, end, number, fields in _split_csv(data[at:], delimiter, line):
            stray = _stray_end(data[at + start : at + end], delimiter)
            if stray is not None:
                yield at + start, at + start + stray, number, None
                after = _LINE_END.match(data, at + start + stray).end()  # type: ignore[union-attr]  # one is there
                line += count_line_ends(data[at:after])
                at = after
                break
            yield at + start, at + end, number, fields
        else:
            return


def _stray_end(record: bytes, delimiter: str) -> int | None:
    """The first line end inside a quoted field that has text behind its closing quote, None for no such field."""
    mark = re.escape(delimiter)
    at = 0
    while at <= len(record):
        field = re.compile((_FIELD % (mark, mark)).encode(), re.DOTALL).match(record, at)
        if field is None:
            return None
        ended = _LINE_END.search(field["quoted"] or b"")
        if ended and field["closed"] and field["behind"].strip(b" \t"):
            return field.start("quoted") + ended.start()
        at = field.end() + 1
    return None


def _split_csv(data: bytes, delimiter: str, line: int) -> Iterator[tuple[int, int, int, list[bytes]]]:
    lines = io.StringIO(data.decode("latin-1"), newline="").readlines()
    bounds = [0]
    for text in lines:
        bounds.append(bounds[-1] + len(text))
    reader = csv.reader(lines, delimiter=delimiter)
    first = 0
    for fields in reader:
        start, end = bounds[first], bounds[reader.line_num]
        if fields:
            ended = lines[reader.line_num - 1].endswith(("\r", "\n")) and not _ends_quoted(data[start:end], delimiter)
            after = (2 if data[start:end].endswith(b"\r\n") else 1) if ended else 0
            yield start, end - after, line + first, [f.encode("latin-1") for f in fields]
        first = reader.line_num


def _ends_quoted(record: bytes, delimiter: str) -> bool:
    """Whether a record ends inside quotes, which strict reading refuses."""
    try:
        list(
            csv.reader(io.StringIO(record.decode("latin-1"), newline="").readlines(), delimiter=delimiter, strict=True)
        )
    except csv.Error as exc:
        return "unexpected end of data" in str(exc)
    return False
