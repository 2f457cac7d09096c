"""Results out: conversions keep all fields, verdicts parse back, and nothing is left half written."""

from __future__ import annotations

import gzip
import json
import os
import stat
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from dedup.errors import SettingsError
from dedup.kernels.native.leaders import EXACT, NEAR, UPDATE
from dedup.readers import ReadSettings, open_feeds
from dedup.result import Result
from dedup.writers import check_format, check_lines, check_outputs, write_clusters, write_kept
from dedup.writers.outputs import open_output
from dedup.writers.tables import TABLES

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


def result_of(ids, leaders, canonicals, scores, kinds):
    return Result(
        ids=pa.chunked_array([pa.array(ids[:1], pa.string()), pa.array(ids[1:], pa.string())], pa.string()),
        leaders=np.array(leaders, dtype=np.int32),
        canonicals=np.array(canonicals, dtype=np.int32),
        scores=np.array(scores, dtype=np.float32),
        kinds=np.array(kinds, dtype=np.uint8),
        candidates=0,
        full_buckets=0,
        left_out=0,
        stripped=0,
        wordless=0,
    )


ODD = ['"', "\\", "a\n\x00\x1f\x7f", "中😀", "plain", "\u2028"]
PLAIN = ["中😀", "a" * 100, "", "é", "plain", "\u2028"]
REPEATED = ["a", "b", "a", "", "c", ""]


@pytest.mark.parametrize("ids", [ODD, PLAIN, REPEATED])
def test_verdicts_parse_back(tmp_path, ids):
    scores = [0, 1.0, 0, 0.12345, 0, 1e-9]
    result = result_of(ids, [0, 0, 2, 2, 4, 4], [1, 1, 2, 2, 4, 4], scores, [0, EXACT, 0, NEAR, 0, UPDATE])
    write_clusters(result, str(tmp_path / "out"))
    write_clusters(result, str(tmp_path / "out.parquet"))
    rows = [json.loads(line) for line in (tmp_path / "out").read_bytes().split(b"\n")[:-1]]
    assert [row["id"] for row in rows] == ids
    assert [row["canonical_id"] for row in rows] == [ids[k] for k in (1, 1, 2, 2, 4, 4)]
    assert [row["verdict"] for row in rows] == ["duplicate", "canonical"] + ["canonical", "duplicate"] * 2
    assert [row["kind"] for row in rows] == [None, "exact", None, "near", None, "update"]
    assert [row["score"] for row in rows] == [None, 1.0, None, pytest.approx(0.12345, abs=5e-5), None, 0.0]
    table = pq.read_table(tmp_path / "out.parquet").to_pylist()
    assert [row | {"score": 0} for row in table] == [row | {"score": 0} for row in rows]


def test_where_ids_repeat_clusters_are_named_by_their_rows(tmp_path):
    result = result_of(REPEATED, [0, 1, 2, 3, 2, 5], range(6), [0, 0, 0, 0, 0.5, 0], [0, 0, 0, 0, NEAR, 0])
    write_clusters(result, str(tmp_path / "out"))
    rows = [json.loads(line) for line in (tmp_path / "out").read_text().splitlines()]
    assert [row["cluster_id"] for row in rows] == ["a#0", "b", "a#2", "#3", "a#2", "#5"]
    assert result.repeated_ids == 2


def test_of_no_story_there_is_no_verdict(tmp_path):
    write_clusters(result_of([], [], [], [], []), str(tmp_path / "out"))
    assert not (tmp_path / "out").read_bytes()


def test_half_written_output_is_not_left_behind(tmp_path):
    def fail():
        with open_output(str(tmp_path / "out.gz")) as out:
            out.write(b"half")
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert not list(tmp_path.iterdir())


def test_an_output_gets_the_usual_rights_and_the_umask_is_never_set(tmp_path, monkeypatch):
    before = os.umask(0o027)
    try:
        with monkeypatch.context() as patch:
            patch.setattr(os, "umask", lambda _: pytest.fail("other threads would make files under this umask"))
            with open_output(str(tmp_path / "out")) as out:
                out.write(b"whole")
    finally:
        assert os.umask(before) == 0o027
    assert stat.S_IMODE((tmp_path / "out").stat().st_mode) == 0o640


def test_an_output_that_is_also_read_is_refused(tmp_path):
    source = tmp_path / "a.jsonl"
    source.write_text('{"title": "a"}\n', "utf-8")
    feeds = opened(source)
    for names in ([str(source)], ["-", "-"], [str(tmp_path)], [str(tmp_path / "no" / "x")]):
        with pytest.raises(SettingsError):
            check_outputs(feeds, names)
    with pytest.raises(SettingsError, match='"" names no file'):
        check_outputs(feeds, [""])
    check_outputs(feeds, ["-", "/dev/null"])
    write_kept(feeds, flags(feeds), "/dev/null")


def test_a_packed_table_that_is_also_read_is_refused(tmp_path):
    source = tmp_path / "a.parquet.gz"
    with gzip.open(source, "wb") as out:
        pq.write_table(pa.table({"title": ["a"]}), out)
    with pytest.raises(SettingsError, match="is also read"):
        check_outputs(opened(source), [str(source)])


def test_an_output_that_is_a_link_is_written_where_it_leads(tmp_path):
    (tmp_path / "there").mkdir()
    link = tmp_path / "out.jsonl"
    link.symlink_to(Path("there", "real.jsonl"))
    for line in (b"one", b"two"):
        with open_output(str(link)) as out:
            out.write(line)
        assert (tmp_path / "there" / "real.jsonl").read_bytes() == line
    assert link.is_symlink()
    link.unlink()
    link.symlink_to(Path("nowhere", "real.jsonl"))
    with pytest.raises(SettingsError, match="there is no folder"):
        check_outputs([], [str(link)])


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a full device is Linux's")
def test_which_output_is_full_is_told():
    def write():
        with open_output("/dev/full") as out:
            out.write(b"one")

    with pytest.raises(OSError, match="No space left on device: '/dev/full'"):
        write()


@pytest.mark.parametrize("name", ["/dev/stdout", "/dev/fd/1"])
def test_the_files_that_stand_for_stdout_are_stdout(capfdbinary, name):
    with pytest.raises(SettingsError, match="only one output can go to stdout"):
        check_outputs([], ["-", name])
    with open_output(name) as out:
        out.write(b"one")
    assert capfdbinary.readouterr().out == b"one"


@pytest.mark.parametrize("name", ["lines.csv", "lines.tsv.gz", "lines.parquet", "lines.arrow"])
def test_lines_in_a_file_that_is_called_a_table_are_refused(name):
    with pytest.raises(SettingsError, match=f"^{name} would hold JSON lines, not .*; name a file ending in .jsonl$"):
        check_lines("-", None, name)
    check_lines("lines.jsonl", "lines.json", "lines", "/dev/null")


def test_clusters_are_written_as_tables_where_there_is_a_way():
    check_lines("clusters.parquet", "clusters.arrows", tables=TABLES)
    with pytest.raises(SettingsError, match="not CSV"):
        check_lines("clusters.csv", tables=TABLES)


@pytest.mark.parametrize("name", ["kept.zip", "kept.xml", "kept.jsonl.ZIP", "kept.xlsx", "kept.xml.gz"])
def test_a_name_that_promises_what_is_not_written_is_refused(name):
    message = f"^{name} promises a format that is not written; name a file ending in .jsonl, .json, .csv, .tsv, .parq"
    for check in (check_format, check_lines):
        with pytest.raises(SettingsError, match=message) as refused:
            check("-", None, name)
        assert len(str(refused.value).splitlines()) == 1
    check_format("-", None, "kept", "kept.txt", "kept.2024-01-31", "kept.xml.jsonl", "kept.zip.csv.gz", "/dev/null")
