"""Fields that lie inside others, in JSON and in the structs, lists and maps of tables."""

from __future__ import annotations

import json
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from dedup.errors import FeedError
from dedup.readers import ReadSettings, open_feeds

INSIDE: list[dict[str, Any]] = [
    {
        "doc": {"Head": {"title": "Harbor bridge closed"}, "body": [{"value": "one"}, {"value": "two"}]},
        "meta": {"source": "Harbour Post", "rank": "7"},
    },
    {"doc": {"Head": {"title": "Volcano erupts"}, "body": None}, "meta": {}},
]
NESTED = pa.struct(
    [("Head", pa.struct([("title", pa.string())])), ("body", pa.list_(pa.struct([("value", pa.string())])))]
)
MAPPING = {"title": "doc.head.title", "text": "doc.body.value", "source": "meta.source"}


def read(path, mapping):
    (feed,) = open_feeds([str(path)], ReadSettings(mapping=mapping))
    return feed, [story for batch in feed.batches() for story in batch.to_pylist()]


def saved_inside(tmp_path, kind):
    """The rows whose fields all lie inside others, as JSON or as structs, lists and maps."""
    if kind == "jsonl":
        path = tmp_path / "feed.jsonl"
        path.write_text("".join(f"{json.dumps(row)}\n" for row in INSIDE), "utf-8")
        return path
    columns = [
        pa.array([row["doc"] for row in INSIDE], NESTED),
        pa.array([list(row["meta"].items()) for row in INSIDE], pa.map_(pa.string(), pa.string())),
    ]
    path, table = tmp_path / f"feed.{kind}", pa.table(columns, names=["doc", "meta"])
    if kind == "parquet":
        pq.write_table(table, path)
        return path
    with pa.ipc.new_file(str(path), table.schema) as writer:
        writer.write_table(table)
    return path


@pytest.mark.parametrize("kind", ["jsonl", "parquet", "arrow"])
def test_a_feed_may_hold_all_its_fields_inside_others(tmp_path, kind):
    feed, stories = read(saved_inside(tmp_path, kind), mapping=MAPPING)
    assert [(story["title"], story["text"], story["source"]) for story in stories] == [
        ("Harbor bridge closed", "one\ntwo", "Harbour Post"),
        ("Volcano erupts", "", ""),
    ]
    assert feed.mapping == "title=doc.head.title, text=doc.body.value, source=meta.source"


@pytest.mark.parametrize("kind", ["jsonl", "parquet", "arrow"])
@pytest.mark.parametrize("name", ["doc.nope", "doc.head.title.nope", "doc.body[2].value", "meta.nope"])
def test_a_path_that_leads_nowhere_is_refused(tmp_path, kind, name):
    path = saved_inside(tmp_path, kind)
    with pytest.raises(FeedError, match="no row has the field"):
        read(path, mapping=MAPPING | {"lang": name})
    with pytest.raises(FeedError, match="has no field known for a title or a text, only doc, meta; name one"):
        read(path, mapping={"title": name, "text": name})
