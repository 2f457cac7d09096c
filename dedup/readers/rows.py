"""Blocks of JSON rows and delimited records to story batches."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from dedup.errors import FeedError
from dedup.kernels.native.cells import ABSENT, COPIED, NO_RANK, PLAIN, copy_cells, delimited_fields
from dedup.kernels.native.fields import json_fields
from dedup.kernels.native.records import STRAY_QUOTE
from dedup.kernels.reference.fields import load_row, plain_name, story_fields
from dedup.readers.blocks import Block, Positions
from dedup.readers.fields import ROLES, Fields
from dedup.readers.settings import ReadStats, Reject
from dedup.readers.stories import make_batch, repair_text
from dedup.readers.values import NoStoryError, layout_values

_STRAY = "a quoted field begins in this row and ends on a later line, where text follows it: a stray quote opens it"
_ROWS_FOR_NAMES = 100  # rows looked at to tell which fields a feed has


class Cells(NamedTuple):
    """Where the values of n rows lie in a block; described in `dedup.kernels.native.cells`."""

    start: Positions
    end: Positions
    kind: NDArray[np.uint8]
    rank: NDArray[np.uint8]

    def pick(self, good: NDArray[np.bool_]) -> Cells:
        """The cells of some rows, as C-contiguous arrays."""
        return Cells(
            *(np.compress(good, self.start, axis=1), np.compress(good, self.end, axis=1)),
            *(np.compress(good, self.kind, axis=1), np.compress(good, self.rank, axis=1)),
        )


@dataclass(slots=True)
class Parsed:
    """The stories of a block, and all that the feed keeps of it."""

    batch: pa.RecordBatch
    start: Positions
    """int64[n], first byte of each story's row in the decompressed feed; empty where rows are not bytes."""
    end: Positions
    rejects: list[Reject]
    used: NDArray[np.int64]
    """int64[R, NO_RANK], stories whose role was filled by the field of that rank."""
    stats: ReadStats
    names: dict[bytes, str] = field(default_factory=dict)
    """How the fields met are spelled in the feed, by plain name."""
    found: list[str] = field(default_factory=list)
    """All fields of the block's first rows, where none of the block is a title or a text."""


def count_ranks(rank: NDArray[np.uint8]) -> NDArray[np.int64]:
    """int64[R, NO_RANK], how often each rank occurs in each row of uint8[R, n]."""
    return np.stack([np.bincount(row, minlength=NO_RANK + 1)[:NO_RANK] for row in rank])


def _empty_cells(rows: int) -> Cells:
    shape = (len(ROLES), rows)
    return Cells(
        *(np.zeros(shape, dtype=np.int64), np.zeros(shape, dtype=np.int64)),
        *(np.full(shape, ABSENT, dtype=np.uint8), np.full(shape, NO_RANK, dtype=np.uint8)),
    )


class JsonRows:
    """Parses blocks whose rows are JSON objects."""

    def __init__(self, name: str, fields: Fields) -> None:
        self._name = name
        self._fields = fields

    def parse(self, block: Block) -> Parsed:
        """The stories of a block: by the compiled finder, and by json.loads for the rows that it calls odd."""
        count = len(block.start)
        cells = _empty_cells(count)
        odd = np.empty(count, dtype=np.bool_)
        seen = np.full((len(self._fields.plain), 2), -1, dtype=np.int64)
        data = np.frombuffer(block.data, dtype=np.uint8)
        json_fields(data, block.start, block.end, self._fields.table, cells, seen, odd)
        names = {
            self._fields.plain[number]: block.data[slice(*seen[number])].decode("utf-8", "replace")
            for number in np.flatnonzero(seen[:, 0] >= 0)
        }
        closer = _Closer(block, self._fields, cells, names)
        if self._fields.needs_values:
            odd[:] = True
        elif self._fields.layout.nothing:
            odd |= _is_nothing(block.data, cells, self._fields.layout.nothing).any(axis=0)
        for row in np.flatnonzero(odd):
            closer.look(int(row))
        if closer.bad.any():
            cells = cells.pick(~closer.bad)
        parsed = _finish(self._name, block, closer.data(), cells, closer)
        parsed.names = names
        if len(parsed.start) and not self._tells(names):
            parsed.found = self._names_of(block)
        return parsed

    def _tells(self, names: Iterable[bytes]) -> bool:
        """Whether one of these fields can be a title or a text."""
        wanted = {ROLES.index("title"), ROLES.index("text")}
        return any(role in wanted for name in names for role, _ in self._fields.targets.get(name, ()))

    def _names_of(self, block: Block) -> list[str]:
        names: dict[str, None] = {}
        for start, end in zip(block.start[:_ROWS_FOR_NAMES], block.end[:_ROWS_FOR_NAMES], strict=True):
            try:
                names.update(dict.fromkeys(load_row(block.data[start:end])))
            except ValueError:
                continue  # it has been rejected already
        return list(names)


class _Closer:
    """The rows of a block that need a closer look: their values go behind the block, or they are rejected."""

    def __init__(self, block: Block, fields: Fields, cells: Cells, names: dict[bytes, str]) -> None:
        self.replaced = np.zeros(len(block.start), dtype=np.bool_)
        self.bad = np.zeros(len(block.start), dtype=np.bool_)
        self.rejects: list[Reject] = []
        self.left_out: Counter[str] = Counter()
        self._block = block
        self._fields = fields
        self._cells = cells
        self._names = names
        self._more: list[bytes] = []
        self._size = len(block.data)

    def look(self, row: int) -> None:
        """Judge a row by json.loads."""
        raw = self._block.data[self._block.start[row] : self._block.end[row]]
        try:
            if self._fields.layout.name or self._fields.paths:
                values = layout_values(raw, self._fields, self._block.contexts[row] if self._block.contexts else {})
            else:
                values = story_fields(raw, self._fields.targets)
        except (ValueError, RecursionError) as exc:
            self.reject(row, *_explain(exc))
            return
        except NoStoryError as exc:
            self.bad[row] = True
            self.left_out[str(exc)] += 1
            return
        self._cells.kind[:, row] = ABSENT
        self._cells.rank[:, row] = NO_RANK
        for role, value in values.items():
            self._more.append(value.text)
            self._cells.start[role, row] = self._size
            self._size += len(value.text)
            self._cells.end[role, row] = self._size
            self._cells.kind[role, row] = PLAIN
            self._cells.rank[role, row] = value.rank
            self._names.setdefault(plain_name(value.name), value.name)
            self.replaced[row] |= value.replaced

    def reject(self, row: int, kind: str, reason: str) -> None:
        """Put a row aside."""
        raw = self._block.data[self._block.start[row] : self._block.end[row]]
        self.bad[row] = True
        self.rejects.append(Reject(int(self._block.line[row]), kind, reason, raw))

    def data(self) -> bytes:
        """The block's bytes, and behind them the values of the rows looked at."""
        return b"".join([self._block.data, *self._more]) if self._more else self._block.data


def _is_nothing(data: bytes, cells: Cells, nothing: frozenset[str]) -> NDArray[np.bool_]:
    """bool[R, n], the cells that hold one of the words for no value; few others are as long as one of them."""
    found = np.zeros(cells.start.shape, dtype=np.bool_)
    alike = (cells.kind != ABSENT) & np.isin(cells.end - cells.start, [len(word) for word in nothing])
    for role, row in np.argwhere(alike).tolist():
        found[role, row] = data[cells.start[role, row] : cells.end[role, row]].decode("latin-1") in nothing
    return found


def _explain(exc: ValueError | RecursionError) -> tuple[str, str]:
    """The kind of a broken row, and what exactly is wrong with it."""
    if isinstance(exc, json.JSONDecodeError):
        where = f"at column {exc.pos + 1}" if exc.doc.strip() else "in an empty place between two commas"
        what = exc.msg.removesuffix(" at")  # which some messages end in
        return "broken JSON", f"broken JSON: {what[:1].lower()}{what[1:]} {where}"
    if isinstance(exc, RecursionError):  # json.loads goes deeper than what looks for text in it
        return "no JSON object", "is nested too deep"
    return "no JSON object", str(exc)


class DelimitedRows:
    """Parses blocks of delimited records."""

    def __init__(self, name: str, fields: Fields, delimiter: str, header: list[str]) -> None:
        self._name = name
        self._fields = fields
        self._delimiter = delimiter
        self._width = len(header)
        plain = [plain_name(column) for column in header]
        self._columns = np.array([fields.numbers.get(column, -1) for column in plain], dtype=np.int64)
        self._names = dict(reversed([pair for pair in zip(plain, header, strict=True) if pair[0] in fields.numbers]))

    def parse(self, block: Block) -> Parsed:
        """The stories of a block; records with a stray quote or other fields than the header's are put aside."""
        widths = block.widths
        if widths is None:
            raise FeedError(self._name, "was cut into lines instead of records")
        closer = _Closer(block, self._fields, _empty_cells(0), {})
        for row in np.flatnonzero(widths != self._width):
            if widths[row] == STRAY_QUOTE:
                closer.reject(int(row), "stray quote", _STRAY)
            else:
                closer.reject(int(row), "ragged row", f"expected {self._width} fields, found {widths[row]}")
        good = ~closer.bad
        start, end = block.start[good], block.end[good]
        cells = _empty_cells(len(start))
        data = np.frombuffer(block.data, dtype=np.uint8)
        delimited_fields(data, start, end, ord(self._delimiter), self._columns, self._fields.table, cells)
        if self._fields.layout.nothing:
            nothing = _is_nothing(block.data, cells, self._fields.layout.nothing)
            cells.kind[nothing], cells.rank[nothing] = ABSENT, NO_RANK
            cells.end[nothing] = cells.start[nothing]
        parsed = _finish(self._name, block, block.data, cells, closer)
        parsed.names = self._names
        return parsed


def _finish(name: str, block: Block, data: bytes, cells: Cells, closer: _Closer) -> Parsed:
    """Copy the cells of the rows that are not bad into columns, and make the batch."""
    good = ~closer.bad
    start, end, replaced = block.start[good], block.end[good], closer.replaced[good]
    ordinals = block.first + 1 + np.flatnonzero(good)
    columns = []
    for role in range(len(ROLES)):
        column = _copy(np.frombuffer(data, dtype=np.uint8), cells, role, replaced)
        column, changed = repair_text(column)
        columns.append(column)
        if changed is not None:
            replaced |= changed
    batch, stats = make_batch(columns, replaced, name, ordinals)
    stats.left_out = closer.left_out
    rejects = closer.rejects if block.tail is None else [*closer.rejects, block.tail]
    return Parsed(batch, block.offset + start, block.offset + end, rejects, count_ranks(cells.rank), stats)


def _copy(data: NDArray[np.uint8], cells: Cells, role: int, replaced: NDArray[np.bool_]) -> pa.StringArray:
    """The values of one role, not yet known to be valid UTF-8."""
    start, end, kind = cells.start[role], cells.end[role], cells.kind[role]
    offsets = np.empty(len(start) + 1, dtype=np.int32)
    out = np.empty(int((end - start).sum()) + COPIED, dtype=np.uint8)
    copy_cells(data, start, end, kind, offsets, out, replaced)
    return pa.StringArray.from_buffers(len(start), pa.py_buffer(offsets), pa.py_buffer(out[: offsets[-1]]))
