"""Row boundaries: compiled scans against the standard library, and blocks of any size against one block."""

from __future__ import annotations

import csv
import io
import json

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dedup.errors import FeedError
from dedup.kernels.native import records as native
from dedup.kernels.reference import records as reference
from dedup.readers.blocks import cut_array, cut_lines, cut_records
from dedup.readers.bytestreams import ByteStream
from dedup.readers.settings import ReadSettings

MANY = settings(deadline=None, max_examples=150)
PIECES = [b"\n", b"\r", b"\r\n", b" ", b"\t", b"a", b'"', b"\\", b",", b"[", b"]", b"{", b"}", b"\xe4\xb8\xad"]
PACKED = (b"\x1f\x8b", b"BZh", b"\xfd7zXZ", b"\x28\xb5\x2f\xfd")  # would be unpacked
BYTES = st.lists(st.one_of(st.sampled_from(PIECES), st.binary(max_size=12)), max_size=40).map(b"".join)
MIXED = BYTES.filter(lambda data: not data.startswith(PACKED))
TABLES = st.lists(st.sampled_from([b"\n", b"\r", b"\r\n", b'"', b",", b'"",', b"x", b" ", b"\xff"]), max_size=40).map(
    b"".join
)
LINES = st.integers(1, 1000)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.sampled_from(['"', "\\", "]", ",", "\r\n"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)
SPACES = st.sampled_from(["", " ", "\n", "\r\n", "\r", "\n\n", "\t"])


def room(data):
    return [np.full(len(data) + 1, -7, dtype=np.int64) for _ in range(4)]


def lines(data, line=1):
    start, end, number, _ = room(data)
    count, after = native.split_lines(np.frombuffer(data, dtype=np.uint8), line, start, end, number)
    assert (start[count:] == -7).all()
    return list(zip(start[:count].tolist(), end[:count].tolist(), number[:count].tolist(), strict=True)), after


def elements(data, line=1, first=True):
    start, end, number, _ = room(data)
    count, *rest = native.split_array(np.frombuffer(data, dtype=np.uint8), first, line, start, end, number)
    return list(zip(start[:count].tolist(), end[:count].tolist(), number[:count].tolist(), strict=True)), *rest


def delimited(data, delimiter=",", final=True, line=1):
    start, end, number, widths = room(data)
    count, *rest = native.split_delimited(
        np.frombuffer(data, dtype=np.uint8), ord(delimiter), final, line, start, end, number, widths
    )
    found = zip(*(column[:count].tolist() for column in (start, end, number, widths)), strict=True)
    return list(found), *rest


@given(MIXED, LINES)
@example(b"\r\n \r\n\ra\r", 1)
@MANY
def test_lines_are_those_of_the_slow_twin(data, line):
    got, after = lines(data, line)
    assert got == list(reference.split_lines(data, line))
    assert after == line + reference.count_line_ends(data)
    texts = [data[start:end] for start, end, _ in got]
    assert texts == [text for text in data.replace(b"\r", b"\n").split(b"\n") if text.strip(b" \t")]


@given(MIXED, LINES)
@example(b'"\\\n"\n,"\r\n\r",1]', 1)
@MANY
def test_array_elements_are_those_of_the_slow_twin(data, line):
    got, consumed, after, closed = elements(data, line)
    want, eaten, ended = reference.split_array(data, line)
    assert (got, consumed, closed) == (want, eaten, ended)
    assert after == line + reference.count_line_ends(data[:consumed])


@given(st.lists(st.tuples(VALUES, SPACES, SPACES), max_size=6), SPACES, st.sampled_from([None, 0, 2]))
@MANY
def test_array_elements_are_the_values_json_finds(values, blank, indent):
    texts = [before + json.dumps(value, indent=indent) + after for value, before, after in values]
    body = (",".join(texts) + (blank if not texts else "")).encode()
    got, consumed, _, closed = elements(body + b"]rest")
    assert closed
    assert consumed == len(body) + 1
    assert [json.loads(body[start:end]) for start, end, _ in got] == [value for value, *_ in values]
    assert [line for *_, line in got] == [reference.count_line_ends(body[:start]) + 1 for start, *_ in got]


@pytest.mark.parametrize("body", [b"1,]", b",1]", b",]"])
def test_a_missing_element_is_an_empty_row(body):
    got, *_ = elements(body)
    assert len(got) == 2
    assert any(start == end for start, end, _ in got)


@given(TABLES, st.sampled_from(",;\t"), LINES)
@example(b'"a""b"\r\n"c\r\nd",e\rf', ",", 1)
@example(b'a"b,"c"d"e,"', ",", 1)
@example(b'a,"b\r\nc,"d\re,f\n"g\nh" \t,"i\n" j', ",", 1)
@MANY
def test_records_are_those_of_the_slow_twin_and_of_csv(data, delimiter, line):
    data = data.replace(b",", delimiter.encode())
    got, consumed, after, _ = delimited(data, delimiter, line=line)
    want = list(reference.split_delimited(data, delimiter, line))
    widths = [native.STRAY_QUOTE if fields is None else len(fields) for *_, fields in want]
    assert got == [(*place, width) for (*place, _), width in zip(want, widths, strict=True)]
    if native.STRAY_QUOTE not in widths:
        text = io.StringIO(data.decode("latin-1"), newline="")
        assert [len(row) for row in csv.reader(text, delimiter=delimiter) if row] == widths
    assert consumed == len(data)
    assert after == line + reference.count_line_ends(data)


@given(TABLES, st.integers(0, 40))
@MANY
def test_records_of_half_a_block_are_the_first_of_the_whole(data, cut):
    whole, *_ = delimited(data)
    head, consumed, line, _ = delimited(data[:cut], final=False)
    tail, *_ = delimited(data[consumed:], line=line)
    assert head + [(start + consumed, end + consumed, number, width) for start, end, number, width in tail] == whole


@pytest.mark.parametrize(("data", "inside"), [(b'a,"b', True), (b'a,"b"', False), (b'a"', False), (b'"a""', True)])
def test_an_open_quote_is_told(data, inside):
    assert delimited(data)[-1] is inside


@given(MIXED, st.booleans())
@MANY
def test_copied_rows_are_the_rows(data, one_line):
    spans = [(start, end) for start, end, _ in lines(data)[0]]
    start, end = (np.array([span[k] for span in spans], dtype=np.int64) for k in (0, 1))
    suffix = np.frombuffer(b",\n", dtype=np.uint8)
    out = np.empty(int((end - start).sum()) + 2 * len(spans), dtype=np.uint8)
    size = native.copy_rows(np.frombuffer(data, dtype=np.uint8), start, end, suffix, one_line, out)
    assert size == len(out)
    assert out.tobytes() == b"".join(data[s:e] + b",\n" for s, e in spans)


def test_copied_rows_can_be_made_one_line():
    data = b'{"a":\r\n1}'
    out = np.empty(len(data), dtype=np.uint8)
    span = np.array([0], dtype=np.int64), np.array([len(data)], dtype=np.int64)
    none = np.frombuffer(b"", dtype=np.uint8)
    native.copy_rows(np.frombuffer(data, dtype=np.uint8), *span, none, True, out)
    assert out.tobytes() == b'{"a":  1}'


def rows_of(folder, data, cut, size, **more):
    """All rows of a feed cut into blocks of this size: bytes, place in the feed, line; and the tails."""
    path = folder / "feed"
    path.write_bytes(data)
    rows: list[tuple[bytes, int, int]] = []
    tails: list[tuple[int, str]] = []
    with ByteStream("feed", path) as stream:
        for block in cut(stream, ReadSettings(block_size=size), "feed", **more):
            assert block.first == len(rows)
            for start, end, line in zip(block.start, block.end, block.line, strict=True):
                rows.append((block.data[start:end], block.offset + int(start), int(line)))
            if block.tail is not None:
                tails.append((block.tail.line, block.tail.kind))
    return rows, tails


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("blocks")


@given(data=MIXED, size=st.integers(1, 16), bom=st.sampled_from([b"", b"\xef\xbb\xbf"]))
@MANY
def test_lines_do_not_depend_on_the_block_size(folder, data, size, bom):
    got = rows_of(folder, bom + data, cut_lines, size)
    assert got == rows_of(folder, bom + data, cut_lines, 1 << 20)
    assert [row for row, *_ in got[0]] == [data[start:end] for start, end, _ in reference.split_lines(data, 1)] or (
        data.startswith(b"\xef\xbb\xbf")
    )


@given(data=TABLES, size=st.integers(1, 16), bom=st.sampled_from([b"", b"\xef\xbb\xbf"]))
@MANY
def test_records_do_not_depend_on_the_block_size(folder, data, size, bom):
    got = rows_of(folder, bom + data, cut_records, size, delimiter=",")
    assert got == rows_of(folder, bom + data, cut_records, 1 << 20, delimiter=",")
    want = [
        (data[start:end], start + len(bom), line) for start, end, line, _ in reference.split_delimited(data, ",", 1)
    ]
    unclosed = bool(got[1])
    assert got[0] == want[1 : len(want) - unclosed or None] or not want


@given(
    arrays=st.lists(st.tuples(SPACES, st.lists(st.tuples(SPACES, VALUES), max_size=4)), max_size=4),
    end=SPACES,
    size=st.integers(1, 16),
)
@example(arrays=[("", [("\r\n", 1)]), ("\r\n", [("", 2)])], end="\r\n", size=1)
@MANY
def test_elements_do_not_depend_on_the_block_size(folder, arrays, end, size):
    text = "".join(
        blank + "[" + ",".join(space + json.dumps(value) for space, value in values) + "]" for blank, values in arrays
    )
    data = (text + end).encode()
    rows, tails = rows_of(folder, data, cut_array, size)
    assert not tails
    assert (rows, tails) == rows_of(folder, data, cut_array, 1 << 20)
    assert [json.loads(row) for row, *_ in rows] == [value for _, values in arrays for _, value in values]
    assert all(data[at : at + len(row)] == row for row, at, _ in rows)
    assert [line for *_, line in rows] == [reference.count_line_ends(data[:at]) + 1 for _, at, _ in rows]


@pytest.mark.parametrize("size", [1, 2, 7, 1 << 20])
@pytest.mark.parametrize(
    ("data", "rows", "tail"),
    [
        (b"[1, 2", [b"1"], (1, "cut off")),
        (b"[1]\n\nx", [b"1"], (3, "after the array")),
        (b"[1]\r\n]", [b"1"], (2, "after the array")),
        (b"[", [], (1, "cut off")),
        (b'[1,\n"2', [b"1"], (1, "cut off")),
    ],
)
def test_what_follows_an_array_is_told_with_its_line(folder, data, rows, tail, size):
    got, tails = rows_of(folder, data, cut_array, size)
    assert [row for row, *_ in got] == rows
    assert tails == [tail]


@pytest.mark.parametrize("size", [1, 5, 1 << 20])
def test_an_unclosed_quote_is_told_with_its_line(folder, size):
    rows, tails = rows_of(folder, b'a,b\n1,"x\ny"\n2,"z\n3,4\n', cut_records, size, delimiter=",")
    assert [(row, line) for row, _, line in rows] == [(b'1,"x\ny"', 2)]
    assert tails == [(4, "unclosed quote, which takes in the 1 lines behind it")]


@pytest.mark.parametrize(
    ("data", "records"),
    [
        (b'2,"a\n3,b\n5,"c" d\n6,e\n', [(b'2,"a', 1, -1), (b"3,b", 2, 2), (b'5,"c" d', 3, 2), (b"6,e", 4, 2)]),
        (b'2,"a\r\n3,b\r\n5,"c', [(b'2,"a', 1, -1), (b"3,b", 2, 2), (b'5,"c', 3, 2)]),
        (b'"a\nb","c\rd"e\n', [(b'"a\nb","c', 1, -1), (b'd"e', 3, 1)]),
        (b'"a\nb""c" ,"d"e\n', [(b'"a\nb""c" ,"d"e', 1, 2)]),
    ],
    ids=["two stray quotes", "an unclosed one behind", "behind a field of two lines", "none"],
)
def test_a_stray_quote_ends_its_record_with_its_line(data, records):
    got, consumed, *_ = delimited(data)
    assert [(data[start:end], line, width) for start, end, line, width in got] == records
    assert consumed == len(data)


def test_many_small_arrays_are_read_block_by_block(folder):
    path = folder / "feed"
    path.write_bytes(b'[{"a": 1}]\n' * 5_000)
    settings = ReadSettings(block_size=1 << 10, row_limit=1 << 11)
    with ByteStream("feed", path) as stream:
        blocks = list(cut_array(stream, settings, "feed"))
    assert sum(len(block.start) for block in blocks) == 5_000
    assert len(blocks) < 60  # of one kilobyte each
    assert np.concatenate([block.line for block in blocks]).tolist() == list(range(1, 5_001))


@pytest.mark.parametrize("size", [1 << 12, 1 << 20])
def test_arrays_longer_than_what_is_looked_at_first_are_read_whole(folder, size):
    values = [["x" * 50_000, *range(20_000)], [], [[1, 2], "y" * 20_000]]
    rows, tails = rows_of(folder, "\r\n".join(map(json.dumps, values)).encode(), cut_array, size)
    assert not tails
    assert [json.loads(row) for row, *_ in rows] == [value for array in values for value in array]
    assert [line for *_, line in rows] == [k + 1 for k, array in enumerate(values) for _ in array]


@pytest.mark.parametrize(
    ("cut", "data", "more"),
    [
        (cut_lines, b"{}\n" + b"x" * 300, {}),
        (cut_array, b"[1,\n" + b"2" * 300, {}),
        (cut_records, b'a,b\n1,"' + b"x" * 300, {"delimiter": ","}),
    ],
)
def test_a_row_over_the_limit_is_refused(folder, cut, data, more):
    path = folder / "feed"
    path.write_bytes(data)
    settings = ReadSettings(block_size=8, row_limit=100)
    with ByteStream("feed", path) as stream, pytest.raises(FeedError, match="row of over 100 bytes"):
        list(cut(stream, settings, "feed", **more))
