"""JSON objects that hold the stories somewhere inside, cut into blocks of rows; memory stays bounded."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress

import numpy as np

from dedup.kernels.reference.fields import decode_text, text_of
from dedup.readers.blocks import BLANK, WINDOW, Block, Cutter, Spans, count_blank_lines, find_elements, join_spans
from dedup.readers.bytestreams import ByteStream
from dedup.readers.selectors import KEY, parse_path, text_at
from dedup.readers.settings import ReadSettings

Context = dict[str, str]

_STRING = re.compile(rb'"(?:[^"\\]++|\\.)*+"', re.DOTALL)
_SCALAR = re.compile(rb"[-+.\w]+")
_NESTED = re.compile(rb'[^"\[\]{}]++|"(?:[^"\\]++|\\.)*+"|([\[{])|([\]}])', re.DOTALL)


class _BrokenError(Exception):
    """What comes is no JSON, or the feed ends inside it."""

    def __init__(self, kind: str, reason: str) -> None:
        super().__init__(reason)
        self.kind = kind


def cut_envelope(
    stream: ByteStream,
    settings: ReadSettings,
    name: str,
    rows: str,
    context: frozenset[str] = frozenset(),
    contexts: Sequence[Context] = (),
) -> Iterator[Block]:
    """Blocks of the rows of JSON objects, one object or many one after another or in an array.

    Args:
        stream: the feed.
        settings: how it is read.
        name: the feed's, for messages.
        rows: where an object holds its rows, such as `articles.results`; "" where it is a row itself.
        context: the paths of what the envelope tells of its rows.
        contexts: what each envelope tells, as `envelope_contexts` found it.

    Raises:
        FeedError: a row, or what is between rows, is longer than the limit.
    """
    walker = _Walker(Cutter(stream, settings, name), tuple(rows.split(".")) if rows else (), context, contexts)
    try:
        yield from walker.documents()
    except _BrokenError as exc:
        yield from walker.flush()
        yield walker.cutter.cut_off() if stream.damage is not None else walker.cutter.tail(exc.kind, str(exc))
        return
    yield from walker.flush()
    if stream.damage is not None:
        yield walker.cutter.cut_off()


def envelope_contexts(
    stream: ByteStream, settings: ReadSettings, name: str, rows: str, context: frozenset[str]
) -> list[Context]:
    """What every envelope of a feed tells of its rows, also behind them; for a reading before that of the rows."""
    walker = _Walker(Cutter(stream, settings, name), tuple(rows.split(".")), context, ())
    try:
        for _ in walker.documents():
            pass
    except _BrokenError:
        pass  # the second reading says what is wrong
    return walker.found


class _Walker:
    """The place reached in a feed of envelopes, and the rows found and not yet handed on."""

    def __init__(
        self, cutter: Cutter, rows: tuple[str, ...], wanted: frozenset[str], contexts: Sequence[Context]
    ) -> None:
        self.cutter = cutter
        self.rows = rows
        self.wanted = {path: path.partition(".")[0] for path in wanted}
        self.contexts = contexts
        self.found: list[Context] = []
        self.at = 0  # in cutter.held
        self.line = 1  # on which `at` lies
        self.final = False
        self.context: Context = {}
        self.pending: list[Spans] = []
        self.told: list[Context] = []  # of each row pending

    def flush(self) -> Iterator[Block]:
        """Hand on the rows found, and let go of what lies before `at`."""
        if self.pending:
            spans, told = join_spans(self.pending), self.told
            self.pending, self.told = [], []
            yield self.cutter.take(self.at, *spans, self.line, contexts=told)
        else:
            self.cutter.skip(self.at)
            self.cutter.line = self.line
        self.at = 0

    def more(self) -> Iterator[Block]:
        """Read on; afterwards there is more behind `at`, or the feed is at its end."""
        yield from self.flush()
        self.final = self.cutter.fill()

    def advance(self, to: int) -> None:
        self.line += count_blank_lines(self.cutter.held[self.at : to])
        self.at = to

    def skip_blank(self) -> Iterator[Block]:
        """Go to the first byte that is not white space, or the end of the feed."""
        while True:
            found = BLANK.match(self.cutter.held, self.at)
            self.advance(found.end() if found else self.at)
            if self.at < len(self.cutter.held) or self.final:
                return
            yield from self.more()

    def here(self) -> bytes:
        return self.cutter.held[self.at : self.at + 1]

    def measure(self) -> Iterator[Block]:
        """Have the whole value at `at` in memory; its end is `self.end` then."""
        while (end := _value_end(self.cutter.held, self.at, final=self.final)) < 0:
            if self.final:
                raise _BrokenError("cut off", "the object is not closed: the feed ends inside it")
            yield from self.more()
        if end == self.at:
            raise _BrokenError("broken JSON", f"broken JSON: expected a value, found {self.here().decode('latin-1')!r}")
        self.end = end

    def documents(self) -> Iterator[Block]:
        """Walk through all objects; an array around them, and the commas in it, are passed over."""
        while True:
            yield from self.skip_blank()
            mark = self.here()
            if not mark:
                return
            if mark in b"[],":
                self.at += 1
            elif mark != b"{":
                raise _BrokenError("no JSON object", "something that is no JSON object follows")
            elif not self.rows:
                yield from self.row()
            else:
                number = len(self.found)
                self.context = dict(self.contexts[number]) if number < len(self.contexts) else {}
                self.found.append({})
                yield from self.inside(self.rows, top=True)

    def inside(self, rows: tuple[str, ...], *, top: bool = False) -> Iterator[Block]:
        """Walk through the object at `at`."""
        self.at += 1
        while True:
            yield from self.skip_blank()
            mark = self.here()
            if mark == b"}":
                self.at += 1
                return
            if mark == b",":
                self.at += 1
                continue
            if mark != b'"':
                raise _broken(mark)
            yield from self.measure()
            name = text_of(_loads(self.cutter.held[self.at : self.end]))
            self.advance(self.end)
            yield from self.skip_blank()
            if self.here() != b":":
                raise _broken(self.here())
            self.at += 1
            yield from self.skip_blank()
            if rows and (rows[0] == "*" or name in rows[0].split("|")):
                yield from self.holder(rows, name)
            elif top and name in self.wanted.values():
                yield from self.measure()
                self.note(name, _loads(self.cutter.held[self.at : self.end]))
                self.advance(self.end)
            else:
                yield from self.pass_over()

    def holder(self, rows: tuple[str, ...], name: str) -> Iterator[Block]:
        """Walk through the value that is, or leads to, the rows."""
        mark = self.here()
        if len(rows) > 1 and mark == b"{":
            yield from self.inside(rows[1:])
        elif len(rows) > 1 and mark == b"[":
            yield from self.elements(rows[1:])
        elif mark == b"[":
            if rows[0] == "*":
                self.context = self.context | {KEY: name}
            self.at += 1
            yield from self.array()
        elif mark == b"{" and rows[0] != "*":
            yield from self.row()
        else:
            yield from self.pass_over()

    def elements(self, rows: tuple[str, ...]) -> Iterator[Block]:
        """Walk through an array of objects that hold rows."""
        self.at += 1
        while True:
            yield from self.skip_blank()
            mark = self.here()
            if mark == b"]":
                self.at += 1
                return
            if mark == b",":
                self.at += 1
            elif mark == b"{":
                yield from self.inside(rows)
            else:
                yield from self.pass_over()

    def array(self) -> Iterator[Block]:
        """Take the elements of an array from behind its bracket as rows."""
        first, window = True, WINDOW
        while True:
            whole = self.at + window >= len(self.cutter.held)
            spans, self.at, self.line, closed = find_elements(self.cutter.held, self.at, window, self.line, first=first)
            if len(spans[0]):
                self.take(spans)
                first = False
            if closed:
                return
            if not whole:
                window *= 2
                continue
            if self.final:
                raise _BrokenError("cut off", "the array is not closed: the feed ends inside it")
            yield from self.more()

    def row(self) -> Iterator[Block]:
        """Take the object at `at` as a row."""
        yield from self.measure()
        row = (np.array([place], dtype=np.int64) for place in (self.at, self.end, self.line))
        self.take((next(row), next(row), next(row)))
        self.advance(self.end)

    def take(self, spans: Spans) -> None:
        """Have rows to hand on, of which the envelope tells what is known now."""
        self.pending.append(spans)
        self.told += [self.context] * len(spans[0])

    def pass_over(self) -> Iterator[Block]:
        yield from self.measure()
        self.advance(self.end)

    def note(self, name: str, value: object) -> None:
        """Keep what the envelope tells of its rows."""
        for path, first in self.wanted.items():
            if first == name:
                steps = parse_path(path)
                with suppress(RecursionError):  # what is nested so deep is no name of a source
                    self.found[-1][path] = text_at({name: value}, steps) if steps else text_of(value)


def _broken(mark: bytes) -> _BrokenError:
    if not mark:
        return _BrokenError("cut off", "the object is not closed: the feed ends inside it")
    return _BrokenError("broken JSON", f"broken JSON: {mark.decode('latin-1')!r} where a name, a comma or }} belongs")


def _loads(data: bytes) -> object:
    try:
        value: object = json.loads(decode_text(data), strict=False)
    except (ValueError, RecursionError):
        return None
    return value


def _value_end(data: bytes, at: int, *, final: bool) -> int:
    """One past the JSON value at `at`; -1 where it does not end in `data`, `at` where there is none."""
    mark = data[at : at + 1]
    if mark == b'"':
        found = _STRING.match(data, at)
        return found.end() if found else -1
    if mark not in (b"{", b"["):
        found = _SCALAR.match(data, at)
        if not found:
            return at if mark else -1
        return found.end() if final or found.end() < len(data) else -1
    depth = 0
    while at < len(data):
        found = _NESTED.match(data, at)
        if found is None:
            return -1  # a string that does not end here
        depth += (found[1] is not None) - (found[2] is not None)
        at = found.end()
        if depth == 0:
            return at
    return -1
