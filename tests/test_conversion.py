"""Kept rows in another format: nothing a row held is lost, and what comes out is valid."""

from __future__ import annotations

import csv
import datetime
import io
import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dedup.errors import FeedError
from dedup.readers import ReadSettings, open_feeds
from dedup.writers import write_kept
from dedup.writers.rows import plain_json, unique_names


def converted(folder, name, data, wanted):
    """The path of the output, all stories of a feed kept."""
    (folder / name).write_bytes(data)
    feeds = open_feeds([str(folder / name)], ReadSettings())
    for feed in feeds:
        list(feed.batches())
    out = folder / f"out.{wanted}"
    write_kept(feeds, [np.ones(feed.stats.rows, dtype=np.bool_) for feed in feeds], str(out))
    return out


def as_csv(path):
    return list(csv.reader(io.StringIO(path.read_bytes().decode(), newline="")))


def as_json(path):
    def refuse(constant):
        raise AssertionError(constant)

    return [json.loads(line, parse_constant=refuse) for line in path.read_text("utf-8").splitlines()]


def parquet(table):
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink)
    return sink.getvalue().to_pybytes()


def test_columns_of_one_name_are_told_apart(tmp_path):
    data = b"title,title,id,title_2\na,b,1,c\n"
    expected = [{"title": "a", "title_3": "b", "id": "1", "title_2": "c"}]
    assert as_json(converted(tmp_path, "a.csv", data, "jsonl")) == expected
    assert pq.read_table(converted(tmp_path, "a.csv", data, "parquet")).to_pylist() == expected
    assert as_csv(converted(tmp_path, "a.csv", data, "tsv"))[1] == ["a\tb\t1\tc"]


def test_table_columns_of_one_name_are_told_apart(tmp_path):
    table = pa.Table.from_arrays([pa.array(["a"]), pa.array(["b"])], names=["title", "title"])
    assert as_json(converted(tmp_path, "a.parquet", parquet(table), "jsonl")) == [{"title": "a", "title_2": "b"}]


def test_members_of_one_name_are_told_apart(tmp_path):
    data = b'{"title": "a", "tag": 1, "tag": {"x": 1, "x": 2}}\n'
    assert as_csv(converted(tmp_path, "a.jsonl", data, "csv")) == [
        ["title", "tag", "tag_2"],
        ["a", "1", '{"x": 1, "x": 2}'],
    ]


@given(st.lists(st.sampled_from(["a", "a_2", "a_3", "a_2_2", ""]), max_size=9))
def test_unique_names_are_unique_and_first_ones_stay(names):
    unique = unique_names(names)
    assert len(set(unique)) == len(unique)
    assert all(new == old for k, (new, old) in enumerate(zip(unique, names, strict=True)) if old not in names[:k])
    assert all(new.startswith(old) for new, old in zip(unique, names, strict=True))


@pytest.mark.parametrize(
    ("name", "wanted"), [("a.csv", "tsv"), ("a.jsonl", "csv"), ("a.json", "csv"), ("a.tsv", "csv")]
)
def test_an_empty_feed_becomes_an_empty_file(tmp_path, name, wanted):
    assert converted(tmp_path, name, b"", wanted).read_bytes() == b""


def test_a_header_without_rows_stays(tmp_path):
    assert converted(tmp_path, "a.csv", b"title,x\r\n", "tsv").read_bytes() == b"title\tx\n"
    assert pq.read_schema(converted(tmp_path, "a.csv", b"title,x\r\n", "parquet")).names == ["title", "x"]
    table = parquet(pa.table({"title": pa.array([], pa.string()), "n": pa.array([], pa.int8())}))
    assert converted(tmp_path, "a.parquet", table, "csv").read_bytes() == b"title,n\n"


NUMBERS = {
    "huge": "9" * 5000,
    "wide": "18446744073709551616",
    "far": "1e400",
    "near": "-1.50e-400",
    "exact": "1.10",
    "none": "NaN",
    "nested": "[1e400, -Infinity, " + "8" * 5000 + ', "NaN"]',
}


def numbers(rows=1):
    members = ", ".join(f'"{name}": {value}' for name, value in NUMBERS.items())
    return ('{"title": "a NaN", ' + members + "}\n").encode() * rows


def test_numbers_of_json_stay_as_they_were_written(tmp_path):
    names, values = as_csv(converted(tmp_path, "a.jsonl", numbers(), "csv"))
    got = dict(zip(names, values, strict=True))
    quoted = NUMBERS["nested"].replace("-Infinity", '"-Infinity"')
    assert got == {"title": "a NaN"} | NUMBERS | {"nested": quoted}


def test_numbers_no_column_can_hold_are_text_and_others_numbers(tmp_path):
    [row] = pq.read_table(converted(tmp_path, "a.jsonl", numbers(), "parquet")).to_pylist()
    assert (row["huge"], row["wide"], row["far"]) == (NUMBERS["huge"], NUMBERS["wide"], "1e400")
    assert (row["near"], row["exact"]) == ("-1.50e-400", 1.1)
    assert np.isnan(row["none"])


def test_whole_numbers_are_not_rounded_for_the_sake_of_a_fraction(tmp_path):
    data = b'{"title": "a", "n": 9007199254740993, "m": 7}\n{"title": "b", "n": 0.5, "m": 0.5}\n'
    table = pq.read_table(converted(tmp_path, "a.jsonl", data, "parquet"))
    assert table.column("n").to_pylist() == ["9007199254740993", "0.5"]
    assert table.column("m").to_pylist() == [7.0, 0.5]


@pytest.mark.parametrize(("name", "wanted"), [("a.jsonl", "json"), ("a.json", "jsonl")])
def test_lines_and_arrays_are_valid_json_and_otherwise_untouched(tmp_path, name, wanted):
    row = numbers().strip()
    out = converted(tmp_path, name, row if name == "a.jsonl" else b"[" + row + b"]", wanted).read_bytes()
    valid = row.replace(b'"none": NaN', b'"none": "NaN"').replace(b"-Infinity", b'"-Infinity"')
    assert out == (valid + b"\n" if wanted == "jsonl" else b"[\n" + valid + b"\n]\n")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9) | st.just('\\" NaN Infinity'),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


def by_name(value):
    """A JSON value with its NaN and infinities as strings."""
    if isinstance(value, float) and not np.isfinite(value):
        return json.dumps(value)
    if isinstance(value, list):
        return [by_name(item) for item in value]
    return {key: by_name(item) for key, item in value.items()} if isinstance(value, dict) else value


@given(JSON)
@settings(deadline=None, max_examples=200)
def test_plain_json_changes_constants_only(value):
    text = json.dumps(value).encode()
    assert json.loads(plain_json(text)) == by_name(value)


ROWS = st.lists(st.dictionaries(st.sampled_from("abc") | st.text(max_size=3), JSON, max_size=4), min_size=1, max_size=4)


def spelled(text):
    """A text as it stands in UTF-8, lone surrogates written out."""
    return text.encode("utf-8", "backslashreplace").decode()


@given(ROWS)
@example([{"\r": None}])
@settings(deadline=None, max_examples=50)
def test_every_member_of_every_row_is_in_the_table(tmp_path_factory, rows):
    rows = [{"title": "t"} | row for row in rows]
    data = "".join(json.dumps(row) + "\n" for row in rows).encode()
    header, *cells = as_csv(converted(tmp_path_factory.mktemp("a"), "a.jsonl", data, "csv"))
    names = list(dict.fromkeys(name for row in rows for name in row))
    assert header == [spelled(name) for name in names]
    for row, line in zip(rows, cells, strict=True):
        for name, cell in zip(names, line, strict=True):
            value = row.get(name)
            if isinstance(value, (list, dict)):
                assert json.loads(cell) == by_name(value)
            elif isinstance(value, str):
                assert cell == spelled(value)
            else:
                assert cell == ("" if value is None else json.dumps(value))


def test_table_values_python_has_none_for_become_text(tmp_path):
    table = pa.table(
        {
            "title": ["a", "b"],
            "ns": pa.array([1, None], pa.timestamp("ns")),
            "year": pa.array([-62_167_219_200, 253_402_300_800], pa.timestamp("s")),
            "score": [float("nan"), float("inf")],
            "when": [datetime.datetime(2024, 1, 2, tzinfo=datetime.UTC), None],
            "raw": [b"\xff", b"x"],
        }
    )
    first, second = as_json(converted(tmp_path, "a.parquet", parquet(table), "jsonl"))
    assert (first["ns"], second["ns"]) == ("1970-01-01 00:00:00.000000001", None)
    assert (first["year"], second["year"]) == ("0000-01-01 00:00:00.000", "10000-01-01 00:00:00.000")
    assert (first["score"], second["score"]) == ("NaN", "Infinity")
    assert (first["when"], first["raw"]) == ("2024-01-02T00:00:00+00:00", "\\xff")


def test_a_row_nested_too_deep_to_convert_is_refused_in_words(tmp_path):
    data = b'{"title": "a", "x": ' + b"[" * 100_000 + b"]" * 100_000 + b"}\n"
    with pytest.raises(FeedError, match="nested too deep"):
        converted(tmp_path, "a.jsonl", data, "csv")
