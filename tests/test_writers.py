"""Results out: conversions keep all fields, verdicts parse back, and nothing is left half written."""

from __future__ import annotations

import json

import numpy as np
import pyarrow as pa
import pytest

from dedup.errors import SettingsError
from dedup.readers import ReadSettings, open_feeds
from dedup.writers import check_outputs, write_clusters, write_kept
from dedup.writers.outputs import open_output

ROWS = [
    {"id": 1, "title": 'a "b", c', "text": "x\ny", "tags": ["p", "q"], "score": 0.5, "ok": True},
    {"id": 2, "title": "中😀", "text": "t" * 200_000, "tags": None, "score": None, "ok": False},
]


def opened(path):
    feeds = open_feeds([str(path)], ReadSettings())
    for feed in feeds:
        list(feed.batches())
    return feeds


def flags(feeds):
    return [np.ones(feed.stats.rows, dtype=np.bool_) for feed in feeds]


@pytest.mark.parametrize("packing", ["", ".gz", ".bz2", ".xz", ".zst"])
@pytest.mark.parametrize("kind", ["csv", "tsv", "parquet", "arrow", "json"])
def test_a_feed_converted_there_and_back_keeps_all_fields(tmp_path, kind, packing):
    source, there, back = tmp_path / "a.jsonl", tmp_path / f"b.{kind}{packing}", tmp_path / "c.jsonl"
    source.write_text("".join(json.dumps(row) + "\n" for row in ROWS), "utf-8")
    for before, after in ((source, there), (there, back)):
        feeds = opened(before)
        write_kept(feeds, flags(feeds), str(after))
    rows = [json.loads(line) for line in back.read_text("utf-8").splitlines()]
    assert [list(row) for row in rows] == [list(row) for row in ROWS]
    assert [(row["title"], row["text"], str(row["id"])) for row in rows] == [
        (row["title"], row["text"], str(row["id"])) for row in ROWS
    ]
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([source.name, there.name, back.name])


def test_verdicts_parse_back(tmp_path):
    odd = ['"', "\\", "a\n\x00\x1f\x7f", "中😀", "plain", "\u2028"]
    table = pa.table({"id": odd, "kind": [None, *odd[1:]], "score": [1.0, None, 0.12345, 0.0, 1e-9, 0.5]})
    write_clusters(table, str(tmp_path / "out"))
    rows = [json.loads(line) for line in (tmp_path / "out").read_bytes().split(b"\n")[:-1]]
    assert [row["id"] for row in rows] == odd
    assert [row["kind"] for row in rows] == [None, *odd[1:]]
    assert [row["score"] for row in rows] == [1.0, None, 0.1234, 0.0, 0.0, 0.5] or rows[2]["score"] == 0.1235


def test_half_written_output_is_not_left_behind(tmp_path):
    def fail():
        with open_output(str(tmp_path / "out.gz")) as out:
            out.write(b"half")
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert not list(tmp_path.iterdir())


def test_an_output_that_is_also_read_is_refused(tmp_path):
    source = tmp_path / "a.jsonl"
    source.write_text('{"title": "a"}\n', "utf-8")
    feeds = opened(source)
    for names in ([str(source)], ["-", "-"], [str(tmp_path)], [str(tmp_path / "no" / "x")]):
        with pytest.raises(SettingsError):
            check_outputs(feeds, names)
    check_outputs(feeds, ["-", "/dev/null"])
    write_kept(feeds, flags(feeds), "/dev/null")
