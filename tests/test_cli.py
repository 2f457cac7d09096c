from __future__ import annotations

import bz2
import gzip
import json
import lzma
import pathlib
import subprocess
import sys
import time

import pyarrow.parquet as pq
import pytest

DATA = pathlib.Path(__file__).parents[1] / "data"
SAMPLE = DATA / "sample.jsonl"


def dedup(*args, stdin=b"", cwd=None):
    """The finished command: exit code, output and messages."""
    done = subprocess.run(
        [sys.executable, "-m", "dedup", *map(str, args)], input=stdin, capture_output=True, cwd=cwd, check=False
    )
    message = done.stderr.decode()
    assert "Traceback" not in message, message
    return done.returncode, done.stdout, message


def rows(path):
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def test_kept_rows_are_the_input_rows_untouched_and_in_order(tmp_path):
    code, output, message = dedup("run", SAMPLE, "--clusters", tmp_path / "clusters.jsonl")
    assert code == 0, message
    lines = SAMPLE.read_bytes().splitlines()
    verdicts = [row["verdict"] for row in rows(tmp_path / "clusters.jsonl")]
    assert output.splitlines() == [line for line, v in zip(lines, verdicts, strict=True) if v != "duplicate"]
    assert f"{len(lines)} stories" in message


def test_the_sample_is_clustered_as_a_careful_reader_would(tmp_path):
    dedup("run", SAMPLE, "-o", tmp_path / "kept.jsonl", "--clusters", tmp_path / "clusters.jsonl")
    truth = json.loads((DATA / "sample.truth.json").read_text("utf-8"))
    found: dict[str, set[str]] = {}
    for row in rows(tmp_path / "clusters.jsonl"):
        found.setdefault(row["cluster_id"], set()).add(row["id"])
    expected: dict[str, set[str]] = {}
    for name, group in truth.items():
        expected.setdefault(group, set()).add(name)
    assert sorted(map(sorted, found.values())) == sorted(map(sorted, expected.values()))


def test_clusters_go_to_parquet_by_name(tmp_path):
    code, _, message = dedup("run", SAMPLE, "-o", tmp_path / "kept.csv", "--clusters", tmp_path / "clusters.parquet")
    assert code == 0, message
    table = pq.read_table(tmp_path / "clusters.parquet")
    assert table.column_names == ["id", "cluster_id", "canonical_id", "verdict", "kind", "score"]
    assert table.num_rows == len(SAMPLE.read_bytes().splitlines())


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress], ids=["gzip", "bzip2", "xz"])
def test_stdin_is_a_feed_compressed_or_not(pack):
    plain = dedup("run", "-", stdin=SAMPLE.read_bytes())[1]
    packed = dedup("run", "-", stdin=pack(SAMPLE.read_bytes()))[1]
    assert plain.splitlines()
    assert packed == plain


def test_a_broken_line_stops_with_file_line_and_reason(tmp_path):
    feed = tmp_path / "feed.jsonl"
    feed.write_text('{"title": "one"}\n{"title": \n{"title": "three"}\n')
    code, output, message = dedup("run", feed)
    assert (code, output) == (3, b"")
    assert f"{feed}, line 2" in message
    assert len(message.splitlines()) == 1


def test_a_broken_line_is_skipped_counted_and_kept_aside(tmp_path):
    feed = tmp_path / "feed.jsonl"
    feed.write_text('{"title": "one"}\n{"title": \n{"title": "three"}\n')
    rejects = tmp_path / "rejects.jsonl"
    code, output, message = dedup("run", feed, "--on-error", "skip", "--rejects", rejects)
    assert code == 0
    assert output == b'{"title": "one"}\n{"title": "three"}\n'
    assert "1 row" in message
    [reject] = rows(rejects)
    assert (reject["line"], reject["row"]) == (2, '{"title": ')


@pytest.mark.parametrize(
    ("args", "code", "part"),
    [
        (["run", "nowhere.jsonl"], 3, "nowhere.jsonl"),
        (["run", str(SAMPLE), "--window", "72"], 2, "72h"),
        (["run", str(SAMPLE), "--rule", "cosine=1"], 2, "jaccard=T"),
        (["run", str(SAMPLE), "--keep", "newest"], 2, "source:NAME"),
        (["run", str(SAMPLE), "--map", "headline"], 2, "ROLE=FIELD"),
        (["run", str(SAMPLE), "--map", "head=title"], 2, "head"),
        (["run", str(SAMPLE), "--threads", "0"], 2, "threads"),
        (["run", str(SAMPLE), "-o", str(SAMPLE)], 2, str(SAMPLE)),
        (["run"], 2, "FEED"),
    ],
)
def test_wrong_usage_is_one_clear_line_and_an_exit_code(tmp_path, args, code, part):
    before = SAMPLE.read_bytes()
    got, output, message = dedup(*args, cwd=tmp_path)
    assert (got, output) == (code, b"")
    assert part in message
    assert SAMPLE.read_bytes() == before


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("junk.jsonl", bytes(range(256)) * 50, 3),
        ("cut.jsonl.gz", gzip.compress(SAMPLE.read_bytes())[:-3000], 3),
        ("feed.xml", b'<?xml version="1.0"?><rss version="2.0"><channel/></rss>', 3),
        ("empty.jsonl", b"", 0),
        ("wordless.jsonl", b'{"id": "1"}\n{"title": "", "text": ""}\n', 0),
        ("years.jsonl", b'{"title": "a b c", "date": "0000-01-01"}\n{"title": "d e f", "date": "9999-12-31"}\n', 0),
    ],
)
def test_bad_input_is_never_a_traceback_and_never_lost(tmp_path, name, content, code):
    (tmp_path / name).write_bytes(content)
    got, output, message = dedup("run", name, cwd=tmp_path)
    assert got == code, message
    assert name in message
    if code:
        assert len(message.splitlines()) == 1
    else:
        assert output == content


def test_help_is_instant():
    times = []
    for _ in range(3):
        started = time.perf_counter()
        assert dedup("--help")[0] == 0
        times.append(time.perf_counter() - started)
    assert min(times) < 0.6  # 0.3 s on an idle machine


def test_kernels_are_compiled_once(tmp_path):
    dedup("run", SAMPLE, "-o", tmp_path / "first.jsonl")
    _, _, message = dedup("run", SAMPLE, "-o", tmp_path / "second.jsonl")
    assert "compiled" not in message
