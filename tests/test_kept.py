"""Kept rows stay as they were: their bytes and line ends in text, their values, types and schema in tables."""

from __future__ import annotations

import datetime
import decimal
import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from dedup.errors import SettingsError
from dedup.readers import ReadSettings, open_feeds
from dedup.writers import write_kept


def kept(tmp_path, feeds, flags=None, name="kept", **settings):
    """The output, its name asking for nothing, where these feeds are read and the flagged stories kept."""
    for feed, data in feeds.items():
        (tmp_path / feed).write_bytes(data)
    opened = open_feeds([str(tmp_path / feed) for feed in feeds], ReadSettings(**settings))
    counts = [sum(batch.num_rows for batch in feed.batches()) for feed in opened]
    every = np.ones(sum(counts), dtype=np.bool_) if flags is None else np.array(flags, dtype=np.bool_)
    write_kept(opened, np.split(every, np.cumsum(counts)[:-1]), str(tmp_path / name))
    return (tmp_path / name).read_bytes()


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
@pytest.mark.parametrize("block_size", [1, 20, 1 << 20])
def test_a_row_keeps_its_own_line_end(tmp_path, end, block_size):
    rows = [b'{"title": "%d"}' % k + end for k in range(9)]
    flags = [k % 3 != 1 for k in range(9)]
    expected = b"".join(row for row, flag in zip(rows, flags, strict=True) if flag)
    assert kept(tmp_path, {"a.jsonl": b"".join(rows)}, flags, block_size=block_size) == expected
    table = [b'%d,"a%sb"' % (k, end) + end for k in range(9)]
    expected = b"title,text" + end + b"".join(row for row, flag in zip(table, flags, strict=True) if flag)
    assert kept(tmp_path, {"a.csv": b"title,text" + end + b"".join(table)}, flags, block_size=block_size) == expected


def test_line_ends_of_several_kinds_stay_with_their_rows(tmp_path):
    data = b'{"title": "a"}\n\n{"title": "b"}\r\n \r\n{"title": "c"}\r{"title": "d"}\n'
    assert kept(tmp_path, {"a.jsonl": data}) == b'{"title": "a"}\n{"title": "b"}\r\n{"title": "c"}\r{"title": "d"}\n'


def test_a_last_row_without_a_line_end_gets_that_of_its_feed(tmp_path):
    first, second = b'{"title": "a"}\r\n{"title": "b"}', b'{"title": "c"}'
    assert kept(tmp_path, {"a.jsonl": first, "b.jsonl": second}) == first + b"\r\n" + second + b"\n"
    assert kept(tmp_path, {"a.csv": b"title\r\na"}) == b"title\r\na\r\n"
    assert kept(tmp_path, {"a.csv": b"title"}) == b"title\n"


def test_the_header_and_byte_order_mark_of_a_table_stay(tmp_path):
    data = b'\xef\xbb\xbf"Title";"the\r\n text"\r\na;"b;""c"""\r\n'
    assert kept(tmp_path, {"a.csv": data}) == data


def test_rows_far_apart_are_kept_without_holding_what_lies_between(tmp_path):
    rows = [b'{"title": "%06d"}\n' % k for k in range(200_000)]
    flags = np.zeros(len(rows), dtype=np.bool_)
    flags[[0, 77_777, -1]] = True
    data = b"".join(rows)
    assert kept(tmp_path, {"a.jsonl": data}, flags, block_size=1 << 12) == rows[0] + rows[77_777] + rows[-1]


@pytest.mark.parametrize("empty", ["a.jsonl", "z.jsonl", "a.json", "z.tsv", "a.parquet"])
def test_an_empty_file_does_not_decide_the_format(tmp_path, empty):
    feed = b"title\r\none\r\n"
    assert kept(tmp_path, dict(sorted({empty: b"", "feed.csv": feed}.items()))) == feed


def test_a_header_alone_gives_a_header_alone(tmp_path):
    assert kept(tmp_path, {"a.csv": b"title,text\r\n", "b.csv": b""}) == b"title,text\r\n"


def test_feeds_of_different_headers_lose_no_field(tmp_path):
    feeds = {
        "a.csv": b"id,title,note\n1,one,x\n",
        "b.csv": b"headline,id\n2,two\n",
        "c.tsv": b"title\ttext\n3\tthree\n",
        "d.jsonl": b'{"title":  4, "deep": [1.50]}\r\n',
    }
    assert kept(tmp_path, feeds).decode().splitlines() == [
        '{"id": "1", "title": "one", "note": "x"}',
        '{"headline": "2", "id": "two"}',
        '{"title": "3", "text": "three"}',
        '{"title":  4, "deep": [1.50]}',
    ]
    assert kept(tmp_path, feeds, name="kept.csv").decode().splitlines() == [
        "id,title,note,headline,text,deep",
        "1,one,x,,,",
        "two,,,2,,",
        ",3,,,three,",
        ",4,,,,[1.50]",
    ]
    table = kept(tmp_path, feeds, name="kept.parquet") and pq.read_table(tmp_path / "kept.parquet")
    assert table.column_names == ["id", "title", "note", "headline", "text", "deep"]
    assert table.column("headline").to_pylist() == [None, "2", None, None]


def test_two_tables_of_different_headers_lose_no_field(tmp_path):
    feeds = {"a.csv": b"id,title\n1,one\n", "b.csv": b"title,id\ntwo,2\n"}
    assert kept(tmp_path, feeds) == b'{"id": "1", "title": "one"}\n{"title": "two", "id": "2"}\n'
    assert kept(tmp_path, feeds, name="kept.csv") == b"id,title\n1,one\n2,two\n"


def test_feeds_of_one_header_share_it(tmp_path):
    feeds = {"a.csv": b"title,text\r\na,b\r\n", "b.csv": b"title,text\nc,d"}
    assert kept(tmp_path, feeds) == b"title,text\r\na,b\r\nc,d\n"


MOMENT = datetime.datetime(2024, 2, 29, 23, 59, 59, 999_999)
TABLE = pa.table(
    {
        "id": pa.array([1, 2, None, 4], pa.uint16()),
        "title": pa.array(["a", None, "中😀", ""], pa.large_string()),
        "text": pa.array(["x", "y", "x", None]).dictionary_encode(),
        "tags": pa.array([["p"], [], None, [None, "q"]], pa.list_(pa.string())),
        "place": pa.array([{"lat": 1.5}, None, {"lat": None}, {"lat": -0.0}], pa.struct([("lat", pa.float32())])),
        "links": pa.array([[("a", 1)], [], None, [("b", None)]], pa.map_(pa.string(), pa.int8())),
        "published": pa.array([MOMENT, None, MOMENT, MOMENT], pa.timestamp("ns", tz="Asia/Tokyo")),
        "day": pa.array([datetime.date(1, 1, 1), datetime.date(9999, 12, 31), None, None], pa.date32()),
        "price": pa.array([decimal.Decimal("1.10"), None, None, decimal.Decimal("-0.01")], pa.decimal128(9, 2)),
        "score": pa.array([float("nan"), float("-inf"), None, 0.1], pa.float64()),
        "raw": pa.array([b"\xff\x00", b"", None, b"z"], pa.binary()),
        "seen": pa.array([True, False, None, True]),
        "nothing": pa.nulls(4),
    }
).replace_schema_metadata({"made by": "a test", "empty": ""})


def written(table, kind):
    sink = pa.BufferOutputStream()
    if kind == "parquet":
        pq.write_table(table, sink)
    else:
        with (pa.ipc.new_file if kind == "arrow" else pa.ipc.new_stream)(sink, table.schema) as writer:
            writer.write_table(table, max_chunksize=3)
    return sink.getvalue().to_pybytes()


def opened(path):
    """A table of any of these kinds, by its first bytes."""
    head = path.read_bytes()[:6]
    if head.startswith(b"PAR1"):
        return pq.ParquetFile(path).read()
    with pa.memory_map(str(path)) as source:
        return (pa.ipc.open_file if head == b"ARROW1" else pa.ipc.open_stream)(source).read_all()


@pytest.mark.parametrize("kind", ["parquet", "arrow", "arrows"])
def test_a_table_keeps_values_types_and_schema(tmp_path, kind):
    kept(tmp_path, {f"a.{kind}": written(TABLE, kind)}, [True, False, True, True])
    before, got = opened(tmp_path / f"a.{kind}"), opened(tmp_path / "kept")
    assert got.schema.equals(before.schema, check_metadata=True)
    expected = TABLE.take([0, 2, 3])
    for name in TABLE.column_names:
        assert repr(got.column(name).to_pylist()) == repr(expected.column(name).to_pylist()), name  # NaN equals NaN


def test_a_column_of_a_name_that_was_there_before_stays(tmp_path):
    table = pa.Table.from_arrays([pa.array(["a"]), pa.array(["b"]), pa.array([3])], names=["title", "title", "id"])
    kept(tmp_path, {"a.parquet": written(table, "parquet")})
    assert opened(tmp_path / "kept").equals(table)
    kept(tmp_path, {"a.arrow": written(table, "arrow")})
    assert opened(tmp_path / "kept").equals(table)


def test_tables_of_other_columns_are_refused_unless_written_as_lines(tmp_path):
    feeds = {
        "a.parquet": written(pa.table({"title": ["a"]}), "parquet"),
        "b.arrow": written(pa.table({"title": ["b"], "n": [1]}), "arrow"),
    }
    with pytest.raises(SettingsError, match=r"b\.arrow has other columns than .*a\.parquet; write to .*\.jsonl"):
        kept(tmp_path, feeds, name="kept.parquet")
    assert [json.loads(line) for line in kept(tmp_path, feeds, name="kept.jsonl").splitlines()] == [
        {"title": "a"},
        {"title": "b", "n": 1},
    ]
