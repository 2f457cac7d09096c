"""A text feed cut into blocks of whole rows: lines, JSON array elements, delimited records."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from dedup.errors import FeedError
from dedup.kernels.native.records import count_commas, count_line_ends, split_array, split_delimited, split_lines
from dedup.readers.bytestreams import ByteStream
from dedup.readers.settings import ReadSettings, Reject
from dedup.readers.sniff import BOM

Positions = NDArray[np.int64]
Spans = tuple[Positions, Positions, Positions]
"""Where rows begin and end, and on which lines."""

WINDOW = 1 << 14
"""Bytes of an array that are looked at first: most arrays of one line have no more, whatever follows them."""

BLANK = re.compile(rb"[ \t\r\n]*+")
_JSON_SPACE = b" \t\r\n"


@dataclass(frozen=True, slots=True)
class Block:
    """Whole rows of a feed, and where each lies."""

    data: bytes
    """The rows, and perhaps the beginning of the next: to cut it off would be to copy them all."""
    offset: int
    """Where `data` begins in the decompressed feed."""
    start: Positions
    """int64[n], first byte of each row in `data`."""
    end: Positions
    """int64[n], one past its last; a line end is left out."""
    line: Positions
    """int64[n], the line on which it begins, counted from 1."""
    first: int
    """Rows of the feed before this block."""
    widths: Positions | None = None
    """int64[n], the number of fields of each record of delimited text, or STRAY_QUOTE."""
    tail: Reject | None = None
    """What follows the rows, if it is none: the feed ends there."""
    contexts: Sequence[Mapping[str, str]] = ()
    """What the envelope around each row says, by path; empty where there are none."""


class Cutter:
    """The place reached in a feed that is being cut, and the bytes not yet handed on."""

    def __init__(self, stream: ByteStream, settings: ReadSettings, name: str) -> None:
        self.stream = stream
        self.settings = settings
        self.name = name
        self.held = b""
        self.offset = 0  # of held in the feed
        self.line = 1  # on which held begins
        self.rows = 0

    def fill(self) -> bool:
        """Read one block, or as much again as is held, so that a long row costs linear time; True at the end."""
        if len(self.held) > self.settings.row_limit:
            raise FeedError(
                self.name,
                f"a row of over {self.settings.row_limit:,} bytes begins here: that is no story, or a quote or a "
                "bracket is never closed",
                row=self.line,
            )
        room = self.settings.row_limit + 1 - len(self.held)  # what is packed small may unpack to any size
        size = max(min(max(self.settings.block_size, len(self.held)), room), len(BOM))
        begins = self.offset == 0 and not self.held
        before = len(self.held)
        self.held = self.stream.read(size, self.held)
        read = len(self.held) - before
        if begins and self.held.startswith(BOM):
            self.skip(len(BOM))
        return read < size

    def skip(self, size: int) -> None:
        """Let go of the first bytes held."""
        self.held = self.held[size:]
        self.offset += size

    def take(
        self,
        size: int,
        start: Positions,
        end: Positions,
        line: Positions,
        after: int,
        widths: Positions | None = None,
        contexts: Sequence[Mapping[str, str]] = (),
    ) -> Block:
        """Make a block of the rows in the first `size` bytes held, and let go of these.

        `after` is the number of the line on which the rest begins.
        """
        block = Block(
            *(self.held, self.offset, start, end, line, self.rows),
            widths=widths,
            contexts=contexts,
        )
        self.skip(size)
        self.line = after
        self.rows += len(start)
        return block

    def tail(self, kind: str, reason: str) -> Block:
        """An empty block that ends the feed: what is held is no row."""
        reject = Reject(self.line, kind, reason, self.held)
        none = np.empty(0, dtype=np.int64)
        widths = none  # of no use for lines and elements, and no harm
        return Block(b"", self.offset, none, none, none, self.rows, widths, tail=reject)

    def cut_off(self) -> Block:
        """The tail of a feed whose packed data are damaged."""
        return self.tail("cut off", f"{self.stream.damage}; fetch it again")


def find_elements(held: bytes, at: int, window: int, line: int, *, first: bool) -> tuple[Spans, int, int, bool]:
    """Elements of a JSON array in the next bytes; how far that is, on which line, and whether the array closes there.

    Args:
        held: of the feed.
        at: where in these the array goes on.
        window: bytes to look at.
        line: of `at`.
        first: no element of the array was found before.
    """
    data = np.frombuffer(held, dtype=np.uint8)[at : at + window]
    start, end, lines = make_room(count_commas(data))
    count, size, after, closed = split_array(data, first, line, start, end, lines)
    return (start[:count] + at, end[:count] + at, lines[:count]), at + size, after, closed


def join_spans(found: Sequence[Spans]) -> Spans:
    """Rows found one after another, as one."""
    start, end, line = (np.concatenate(column) for column in zip(make_room(-1), *found, strict=True))
    return start, end, line


def make_room(ends: int) -> Spans:
    """Arrays for the rows that so many ends part."""
    size = ends + 1
    return np.empty(size, dtype=np.int64), np.empty(size, dtype=np.int64), np.empty(size, dtype=np.int64)


def _last_line_end(data: bytes) -> int:
    """One past the last line end that is surely whole (a CR at the end may be half of one), 0 if there is none."""
    return (data.rfind(b"\n") + 1) or (data.rfind(b"\r", 0, max(0, len(data) - 1)) + 1)


def cut_lines(stream: ByteStream, settings: ReadSettings, name: str, tail: Reject | None = None) -> Iterator[Block]:
    """Blocks of lines; blank lines are no rows. `tail` is what is known to follow the last line and is no row.

    Raises:
        FeedError: a line is longer than the limit.
    """
    cutter = Cutter(stream, settings, name)
    final = False
    while not final:
        final = cutter.fill()
        whole = final and stream.damage is None
        size = len(cutter.held) if whole else _last_line_end(cutter.held)
        if size:
            data = np.frombuffer(cutter.held, dtype=np.uint8)[:size]
            start, end, line = make_room(count_line_ends(data))
            count, after = split_lines(data, cutter.line, start, end, line)
            yield cutter.take(size, start[:count], end[:count], line[:count], after)
    if stream.damage is not None:
        yield cutter.cut_off()
    elif tail is not None:
        yield replace(cutter.tail("", ""), tail=tail)


def cut_array(stream: ByteStream, settings: ReadSettings, name: str) -> Iterator[Block]:
    """Blocks of the elements of a JSON array, or of several one after another.

    Raises:
        FeedError: an element is longer than the limit.
    """
    cutter = Cutter(stream, settings, name)
    final = inside = first = False
    window = WINDOW
    while not final:
        final = cutter.fill()
        held, at, line = cutter.held, 0, cutter.line
        found: list[Spans] = []
        while at < len(held):
            if not inside:
                after = _past_blank(held, at, final=final)
                line += count_blank_lines(held[at:after])
                at = after
                if held[at : at + 1] != b"[":
                    break
                at, window = at + 1, WINDOW
                inside = first = True
                continue
            whole = at + window >= len(held)
            spans, at, line, closed = find_elements(held, at, window, line, first=first)
            found.append(spans)
            inside, first = not closed, first and not len(spans[0])
            if inside and whole:
                break
            window *= 2
        if at:
            yield cutter.take(at, *join_spans(found), line)
        if not inside and cutter.held.strip(_JSON_SPACE):
            yield cutter.tail("after the array", "something follows the closing bracket")
            return
    if stream.damage is not None:
        yield cutter.cut_off()
    elif inside:
        yield cutter.tail("cut off", "the array is not closed: the feed ends inside it")


def _past_blank(held: bytes, at: int, *, final: bool) -> int:
    """One past the white space at `at`; a CR at the end stays, as its LF may be the next byte."""
    found = BLANK.match(held, at)
    after = found.end() if found else at
    return after - (after == len(held) and held.endswith(b"\r") and not final)


def count_blank_lines(blank: bytes) -> int:
    """Line ends in white space."""
    return blank.count(b"\n") + blank.count(b"\r") - blank.count(b"\r\n")


def cut_records(
    stream: ByteStream, settings: ReadSettings, name: str, delimiter: str, *, headed: bool = True
) -> Iterator[Block]:
    """Blocks of the records of delimited text, after its header if it has one; empty lines are no records.

    Raises:
        FeedError: a record is longer than the limit.
    """
    cutter = Cutter(stream, settings, name)
    final = False
    header = int(headed)  # records to go before the first row
    while not final:
        final = cutter.fill()
        data = np.frombuffer(cutter.held, dtype=np.uint8)
        start, end, line = make_room(count_line_ends(data))
        widths = np.empty_like(start)
        whole = final and stream.damage is None
        count, size, after, quoted = split_delimited(data, ord(delimiter), whole, cutter.line, start, end, line, widths)
        unclosed = whole and quoted and count > 0
        if unclosed:
            count -= 1
            size, after = int(start[count]), int(line[count])
        if size:
            rows = slice(min(header, count), count)
            header -= min(header, count)
            yield cutter.take(size, start[rows], end[rows], line[rows], after, widths[rows])
        if unclosed:
            lines = count_line_ends(np.frombuffer(cutter.held.rstrip(b"\r\n"), dtype=np.uint8))
            kind = f"unclosed quote, which takes in the {lines:,} lines behind it" if lines else "unclosed quote"
            yield cutter.tail(kind, "a quoted field begins in this row and is never closed")
    if stream.damage is not None:
        yield cutter.cut_off()
