"""Columns of types that Arrow reads but picks no rows of."""

from __future__ import annotations

import json
import uuid
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from dedup.errors import FeedError
from dedup.readers import ReadSettings, open_feeds
from dedup.readers.plaintypes import plain_type
from dedup.writers import write_kept

TEXTS = ["Harbor bridge closed", None, "Volcano erupts"]
VIEWS = pa.array(TEXTS, pa.string_view())
RUNS = pa.array([2, 3], pa.int32())
TYPES: dict[str, tuple[pa.Array, pa.DataType, Any]] = {
    "string views": (VIEWS, pa.string(), TEXTS),
    "binary views": (pa.array([b"\xff", None, b"b"], pa.binary_view()), pa.binary(), [b"\xff", None, b"b"]),
    "lists": (pa.array([["a"], [], None], pa.list_(pa.string_view())), pa.list_(pa.string()), [["a"], [], None]),
    "views of lists": (
        pa.array([["a"], [], None], pa.large_list_view(pa.string_view())),
        pa.large_list(pa.string()),
        [["a"], [], None],
    ),
    "structs": (
        pa.array([{"n": "a"}, None, {"n": "b"}], pa.struct([("n", pa.string_view())])),
        pa.struct([("n", pa.string())]),
        [{"n": "a"}, None, {"n": "b"}],
    ),
    "maps": (
        pa.array([[("a", "b")], [], None], pa.map_(pa.string_view(), pa.string_view())),
        pa.map_(pa.string(), pa.string()),
        [[("a", "b")], [], None],
    ),
    "dictionaries": (
        pa.DictionaryArray.from_arrays(pa.array([1, 0, 1], pa.int8()), pa.array(["a", "b"], pa.string_view())),
        pa.dictionary(pa.int8(), pa.string()),
        ["b", "a", "b"],
    ),
    "runs": (pa.RunEndEncodedArray.from_arrays(RUNS, pa.array(["a", "b"])), pa.string(), ["a", "a", "b"]),
    "runs of views": (
        pa.RunEndEncodedArray.from_arrays(RUNS, pa.array(["a", "b"], pa.string_view())),
        pa.string(),
        ["a", "a", "b"],
    ),
    "runs in structs": (
        pa.StructArray.from_arrays([pa.RunEndEncodedArray.from_arrays(RUNS, pa.array([1.5, 2.5]))], names=["n"]),
        pa.struct([("n", pa.float64())]),
        [{"n": 1.5}, {"n": 1.5}, {"n": 2.5}],
    ),
}


def saved(folder, table, kind="arrow"):
    path = folder / f"feed.{kind}"
    if kind == "parquet":
        pq.write_table(table, path)
        return path
    with (pa.ipc.new_file if kind == "arrow" else pa.ipc.new_stream)(str(path), table.schema) as writer:
        writer.write_table(table)
    return path


def read(path, **settings):
    (feed,) = open_feeds([str(path)], ReadSettings(**settings))
    return feed, pa.Table.from_batches(list(feed.batches())).to_pylist()


@pytest.mark.parametrize("kind", TYPES)
def test_rows_of_any_type_are_kept_in_a_plain_one(tmp_path, kind):
    column, plain, values = TYPES[kind]
    path = saved(tmp_path, pa.table({"title": ["a", "b", "c"], "other": column}))
    feed, stories = read(path)
    write_kept([feed], [np.array([True, False, True])], str(tmp_path / "kept.arrow"))
    with pa.memory_map(str(tmp_path / "kept.arrow")) as source:
        kept = pa.ipc.open_file(source).read_all()
    assert [story["title"] for story in stories] == ["a", "b", "c"]
    assert plain_type(column.type) == plain == kept.schema.field("other").type
    assert kept.column("other").to_pylist() == values[::2]


@pytest.mark.parametrize("kind", ["arrow", "arrows", "parquet"])
def test_views_are_texts(tmp_path, kind):
    feed, stories = read(saved(tmp_path, pa.table({"title": VIEWS}, metadata={"made by": "a test"}), kind))
    write_kept([feed], [np.array([True, True, False])], str(tmp_path / "kept.parquet"))
    kept = pq.ParquetFile(tmp_path / "kept.parquet").read()
    assert [story["title"] for story in stories] == ["Harbor bridge closed", "", "Volcano erupts"]
    assert kept.column("title").to_pylist() == TEXTS[:2]
    assert kept.schema.metadata[b"made by"] == b"a test"


def test_runs_are_texts_also_where_a_batch_is_cut(tmp_path):
    sources = pa.RunEndEncodedArray.from_arrays(pa.array([300, 1000], pa.int32()), pa.array(["A" * 9000, "B"]))
    feed, stories = read(saved(tmp_path, pa.table({"title": ["a"] * 1000, "source": sources})))
    assert [story["source"][0] for story in stories] == ["A"] * 300 + ["B"] * 700
    assert feed.stats.rows == 1000


def test_a_view_that_is_no_utf_8_is_read_as_other_texts_are(tmp_path):
    raw = pa.array([b"caf\xe9", b"Volcano"], pa.binary_view())
    titles = pa.Array.from_buffers(pa.string_view(), 2, raw.buffers())
    assert [story["title"] for story in read(saved(tmp_path, pa.table({"title": titles})))[1]] == ["café", "Volcano"]


def test_a_column_that_is_no_text_is_named_with_its_type(tmp_path):
    times = pa.array([(1, 2, 3)], pa.month_day_nano_interval())
    path = saved(tmp_path, pa.table({"title": ["a"], "published": times, "day": ["2024-01-31"]}))
    with pytest.raises(FeedError, match='column "published" is of the type month_day_nano_interval') as refused:
        read(path)
    assert "damaged" not in str(refused.value)
    feed, (story,) = read(path, mapping={"published": "day"})
    write_kept([feed], [np.array([True])], str(tmp_path / "kept.jsonl"))
    assert story["published"].day == 31
    assert json.loads((tmp_path / "kept.jsonl").read_text("utf-8"))["title"] == "a"


def test_a_column_no_rows_can_be_picked_of_is_named_with_its_type(tmp_path):
    either = pa.UnionArray.from_sparse(pa.array([0], pa.int8()), [pa.array(["a"], pa.string_view())])
    feed, _ = read(saved(tmp_path, pa.table({"title": ["a"], "either": either})))
    with pytest.raises(FeedError, match='column "either" is of the type sparse_union'):
        write_kept([feed], [np.array([True])], str(tmp_path / "kept.arrow"))


@pytest.mark.parametrize("kind", ["arrow", "parquet"])
def test_uuids_are_texts_of_36_characters(tmp_path, kind):
    ids = [uuid.uuid4(), None, uuid.uuid4()]
    raw = pa.array([value and value.bytes for value in ids], pa.binary(16))
    column = pa.ExtensionArray.from_storage(pa.uuid(), raw)
    feed, stories = read(saved(tmp_path, pa.table({"id": column, "title": TEXTS}), kind))
    write_kept([feed], [np.array([True, False, True])], str(tmp_path / "kept.jsonl"))
    kept = (tmp_path / "kept.jsonl").read_text("utf-8").splitlines()
    assert [stories[0]["id"], stories[2]["id"]] == [str(ids[0]), str(ids[2])]
    assert [json.loads(line)["id"] for line in kept] == [str(ids[0]), str(ids[2])]
    assert feed.stats.ids_missing == 1


def test_other_extension_types_are_read_as_what_they_are_stored_as(tmp_path):
    lang = pa.ExtensionArray.from_storage(pa.opaque(pa.string(), "tag", "a test"), pa.array(["en", None, "de"]))
    _, stories = read(saved(tmp_path, pa.table({"title": TEXTS, "lang": lang})))
    assert [story["lang"] for story in stories] == ["en", "", "de"]
