"""Tables out: what their formats cannot hold is told in one line, or written otherwise."""

from __future__ import annotations

import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from dedup.errors import SettingsError
from dedup.readers import ReadSettings, open_feeds
from dedup.writers import check_columns, write_kept

SOURCES = pa.chunked_array([pa.array(part).dictionary_encode() for part in (["A", "B"], ["C", None, "A"])])
CHANGING = pa.table({"title": ["a", "b", "c", "d", "e"], "source": SOURCES})
ALIKE = pa.table({"title": ["a", "b"], "source": pa.array(["A", "B"]).dictionary_encode()})


def saved(folder, table, name):
    path = folder / name
    if name.endswith("parquet"):
        pq.write_table(table, path, row_group_size=2)
        return path
    with (pa.ipc.new_stream if name.endswith("arrows") else pa.ipc.new_file)(str(path), table.schema) as writer:
        writer.write_table(table)
    return path


def kept(out, *feeds):
    """The output of all rows of these files."""
    opened = open_feeds([str(feed) for feed in feeds], ReadSettings())
    counts = [sum(batch.num_rows for batch in feed.batches()) for feed in opened]
    write_kept(opened, [np.ones(count, dtype=np.bool_) for count in counts], str(out))
    return out.read_bytes()


def table_of(data):
    return (pa.ipc.open_file if data.startswith(b"ARROW1") else pa.ipc.open_stream)(data).read_all()


@pytest.mark.parametrize("name", ["a.parquet", "a.arrows"])
def test_a_dictionary_that_changes_is_values_in_a_file_of_arrow(tmp_path, name):
    feed = saved(tmp_path, CHANGING, name)
    table = table_of(kept(tmp_path / "kept.arrow", feed))
    assert table.schema.types == [pa.string(), pa.string()]
    assert table.column("source").to_pylist() == SOURCES.to_pylist()
    stream = table_of(kept(tmp_path / "kept.arrows", feed))
    assert stream.schema == CHANGING.schema
    assert stream.column("source").to_pylist() == SOURCES.to_pylist()


def test_dictionaries_of_several_files_are_values_together(tmp_path):
    other = pa.table({"title": ["z"], "source": pa.array(["Z"]).dictionary_encode()})
    feeds = [saved(tmp_path, ALIKE, "a.arrow"), saved(tmp_path, other, "b.arrow")]
    assert table_of(kept(tmp_path / "kept", *feeds)).column("source").to_pylist() == ["A", "B", "Z"]


def test_a_dictionary_that_stays_is_a_dictionary(tmp_path):
    assert table_of(kept(tmp_path / "kept.arrow", saved(tmp_path, ALIKE, "a.arrows"))).schema == ALIKE.schema


@pytest.mark.parametrize(
    "column",
    [
        pa.array([{}], pa.struct([])),
        pa.UnionArray.from_sparse(pa.array([0], pa.int8()), [pa.array([1]), pa.array(["a"])]),
    ],
    ids=["struct", "union"],
)
def test_a_column_that_parquet_has_no_type_for_is_named(tmp_path, column):
    feed = saved(tmp_path, pa.table({"title": ["a"], "odd": column}), "a.arrow")
    with pytest.raises(SettingsError, match=r'column "odd" of the type (struct|sparse_union)<.*\.jsonl'):
        kept(tmp_path / "kept.parquet", feed)
    with pytest.raises(SettingsError, match='column "odd"'):
        check_columns(open_feeds([str(feed)], ReadSettings()), "kept.parquet")
    assert list(tmp_path.iterdir()) == [feed]
    assert "odd" in json.loads(kept(tmp_path / "kept.jsonl", feed))


def test_dictionaries_inside_others_that_change_are_refused_in_words(tmp_path):
    lists = pa.chunked_array(
        [pa.ListArray.from_arrays(pa.array([0, 1], pa.int32()), pa.array([tag]).dictionary_encode()) for tag in "pq"]
    )
    feed = saved(tmp_path, pa.table({"title": ["a", "b"], "tags": lists}), "a.arrows")
    with pytest.raises(SettingsError, match=r"cannot be written as Arrow IPC \(Dictionary replacement.*\.arrows"):
        kept(tmp_path / "kept.arrow", feed)
    assert list(tmp_path.iterdir()) == [feed]


@pytest.mark.parametrize("unit", ["s", "us", "ns"])
def test_times_of_a_zone_nobody_knows_are_utc(tmp_path, unit):
    times = pa.array([0, None], pa.timestamp(unit, "Mars/Phobos"))
    feed = saved(tmp_path, pa.table({"title": ["a", "b"], "published": times}), "a.arrow")
    rows = [json.loads(line) for line in kept(tmp_path / "kept.jsonl", feed).splitlines()]
    assert [row["published"] for row in rows] == ["1970-01-01T00:00:00+00:00", None]


@pytest.mark.parametrize(
    ("feeds", "out", "is_stream"),
    [
        (["a.arrows"], "kept", True),
        (["a.arrow"], "kept", False),
        (["a.arrow", "b.arrows"], "kept", False),
        (["a.arrow"], "kept.arrows", True),
        (["a.arrows"], "kept.arrow", False),
        (["a.parquet"], "kept.arrows", True),
    ],
)
def test_a_stream_is_written_where_it_is_asked_for_or_came_in(tmp_path, feeds, out, is_stream):
    data = kept(tmp_path / out, *(saved(tmp_path, ALIKE, name) for name in feeds))
    assert data.startswith(b"\xff\xff\xff\xff" if is_stream else b"ARROW1")
    assert table_of(data).column("title").to_pylist() == ["a", "b"] * len(feeds)


def test_text_becomes_a_stream_too(tmp_path):
    (tmp_path / "a.jsonl").write_text('{"title": "a"}\n', "utf-8")
    assert table_of(kept(tmp_path / "kept.arrows", tmp_path / "a.jsonl")).to_pylist() == [{"title": "a"}]
