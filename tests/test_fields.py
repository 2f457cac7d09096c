"""Story fields: the compiled finder against json.loads and csv, and values copied against their slow twins."""

from __future__ import annotations

import csv
import io
import json

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dedup.kernels.native import cells as native
from dedup.kernels.native.fields import json_fields
from dedup.kernels.reference import cells as slow_cells
from dedup.kernels.reference import fields as reference
from dedup.readers.fields import ROLES, Fields
from dedup.readers.rows import Cells, _empty_cells

MANY = settings(deadline=None, max_examples=100)
FIELDS = Fields({})
NAMES = st.one_of(
    st.sampled_from(["title", "Title", "TEXT", "Published-At", "body", "description", "id", "ur l", "x"]),
    st.text(max_size=4),
)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.sampled_from(["", " \n"])
VALUES = SCALARS | st.lists(SCALARS, max_size=2) | st.dictionaries(st.sampled_from(["name", "k"]), SCALARS, max_size=2)
ROWS = st.lists(st.tuples(NAMES, VALUES), max_size=5)
WRECKS = st.tuples(st.integers(0, 60), st.sampled_from([b"", b'"', b"\\", b",", b"}", b"0", b"\x01", b"\xff", b"]"]))
STRINGS = st.lists(
    st.sampled_from(["a", "\\n", "\\/", '\\"', "\\\\", "\\u0041", "\\ud83d", "\\ude00", "\\uD800", "é", "中", "\\t"]),
    max_size=8,
).map("".join)


def copied(data, cells, role):
    start, end, kind = cells.start[role], cells.end[role], cells.kind[role]
    offsets = np.empty(len(start) + 1, dtype=np.int32)
    out = np.empty(int((end - start).sum()) + native.COPIED, dtype=np.uint8)
    lone = np.zeros(len(start), dtype=np.bool_)
    native.copy_cells(np.frombuffer(data, dtype=np.uint8), start, end, kind, offsets, out, lone)
    return [out[offsets[i] : offsets[i + 1]].tobytes() for i in range(len(start))], lone.tolist()


def found(row):
    """The roles a row fills by the compiled finder, None if it is odd: at the end of a block and far from it."""
    near, far = found_in(row, len(row)), found_in(row + b'"' * 80, len(row))
    assert near == far
    return near


def found_in(row, size):
    cells = _empty_cells(1)
    odd = np.empty(1, dtype=np.bool_)
    seen = np.full((len(FIELDS.plain), 2), -1, dtype=np.int64)
    bounds = np.array([0], dtype=np.int64), np.array([size], dtype=np.int64)
    json_fields(np.frombuffer(row, dtype=np.uint8), *bounds, FIELDS.table, cells, seen, odd)
    return None if odd[0] else filled(row, cells)


def filled(data, cells: Cells):
    texts = [copied(data, cells, role)[0][0] for role in range(len(ROLES))]
    return {
        role: (int(cells.rank[role, 0]), text)
        for role, text in enumerate(texts)
        if cells.kind[role, 0] != native.ABSENT
    }


@given(ROWS, st.booleans(), st.sampled_from([None, 0, 1]), st.none() | WRECKS)
@example([("text", ""), ("Text", "a"), ("text", "b")], True, None, None)
@MANY
def test_json_fields_are_those_json_loads_finds(members, plain, indent, wreck):
    body = ",".join(
        f"{json.dumps(name, ensure_ascii=plain)}: {json.dumps(value, ensure_ascii=plain, indent=indent)}"
        for name, value in members
    )
    row = f" {{{body}}} ".encode("utf-8", "surrogatepass")
    if wreck is not None:
        at = wreck[0] % len(row)
        row = row[:at] + wreck[1] + row[at + 1 :]
    got = found(row)
    if got is not None:  # an odd row is left to json.loads; what is not odd must be as json.loads has it
        want = reference.story_fields(row, FIELDS.targets)
        shown = {role: (rank, reference.decode_text(text).encode()) for role, (rank, text) in got.items()}
        assert shown == {role: (value.rank, value.text) for role, value in want.items()}


@given(st.dictionaries(st.sampled_from(["title", "text", "x", "lang"]), SCALARS, max_size=4))
@MANY
def test_an_everyday_row_is_never_odd(row):
    row = {name: value for name, value in row.items() if not isinstance(value, float)}
    assert found(json.dumps(row).encode()) is not None


@given(STRINGS)
@MANY
def test_escapes_are_undone_as_json_does(string):
    data = string.encode()
    cells = _empty_cells(1)
    cells.end[0], cells.kind[0] = len(data), native.ESCAPED
    texts, lone = copied(data, cells, 0)
    assert (texts[0], lone[0]) == slow_cells.decode_escaped(data)


@given(
    st.lists(st.sampled_from(['"', ",", "a", " ", '""', '"b"', "é", '"x""y"', '"\n"']), max_size=16).map("".join),
    st.sampled_from(",;"),
)
@example('"a""b",""" ",x', ",")
@MANY
def test_delimited_cells_are_those_of_csv(record, delimiter):
    record = record.replace(",", delimiter)
    width = len(next(csv.reader(io.StringIO(record, newline="").readlines(), delimiter=delimiter), []))
    if not width or len(list(csv.reader(io.StringIO(record, newline=""), delimiter=delimiter))) != 1:
        return
    data = record.encode()
    columns = np.arange(width, dtype=np.int64)
    cells = _empty_cells(1)
    bounds = np.array([0], dtype=np.int64), np.array([len(data)], dtype=np.int64)
    native.delimited_fields(np.frombuffer(data, dtype=np.uint8), *bounds, ord(delimiter), columns, FIELDS.table, cells)
    targets = {number: FIELDS.targets[FIELDS.plain[number]] for number in range(width)}
    got = {role: text for role, (_, text) in filled(data, cells).items()}
    assert got == slow_cells.delimited_fields(data, delimiter, targets)
