from __future__ import annotations

import bz2
import gzip
import json
import lzma
import os
import pathlib
import signal
import subprocess
import sys
import time

import pyarrow.parquet as pq
import pytest

from tests.commands import dedup, dedup_anew

DATA = pathlib.Path(__file__).parents[1] / "data"
SAMPLE = DATA / "sample.jsonl"


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
        (["run", str(SAMPLE), "--window", "0.0000001s"], 2, "window is a positive number of seconds, 0.000001 at"),
        (["run", str(SAMPLE), "--rule", "cosine=1"], 2, "jaccard=T"),
        (["run", str(SAMPLE), "--keep", "newest"], 2, "source:NAME"),
        (["run", str(SAMPLE), "--map", "headline"], 2, "ROLE=FIELD"),
        (["run", str(SAMPLE), "--map", "head=title"], 2, "head"),
        (["run", str(SAMPLE), "--threads", "0"], 2, "threads"),
        (["run", str(SAMPLE), "-o", str(SAMPLE)], 2, str(SAMPLE)),
        (["run", str(SAMPLE), "-o", "kept.zip"], 2, "kept.zip promises a format that is not written"),
        (["ingest", str(SAMPLE), "-o", "new.xml"], 2, "new.xml promises a format that is not written"),
        (["feedback", "-o", "pairs.csv"], 2, "pairs.csv would hold JSON lines, not CSV"),
        (["run"], 2, "FEED"),
    ],
)
def test_wrong_usage_is_one_clear_line_and_an_exit_code(tmp_path, args, code, part):
    before = SAMPLE.read_bytes()
    got, output, message = dedup(*args, cwd=tmp_path)
    assert (got, output) == (code, b"")
    assert part in message
    assert SAMPLE.read_bytes() == before


CUT = gzip.compress(SAMPLE.read_bytes())[:-3000]
READABLE = "Readable are JSON lines, arrays and envelopes, RSS, Atom, NewsML-G2, NITF, CSV, TSV, Parquet or Arrow IPC"


@pytest.mark.parametrize(
    ("name", "content", "parts"),
    [
        ("junk.jsonl", bytes(range(256)) * 50, ["is no text (it begins with the bytes 00 01", READABLE]),
        ("junk.jsonl.gz", CUT[:200] + bytes(range(256)), ["its gzip data are damaged", "fetch it again"]),
        ("prose.txt", b"Dear reader\nthis is no feed.\n", ["neither JSON nor the header of a table", READABLE]),
        ("page.xml", b"<!DOCTYPE html><html><body/></html>", ["is a web page, not a feed", READABLE]),
        ("feeds.opml", b'<?xml version="1.0"?><opml version="2.0"><body/></opml>', ["fetch the feeds it names"]),
        ("cut.jsonl.gz", CUT, [", line ", "ends in the middle of its gzip data; fetch it again; --on-error skip"]),
        ("broken.jsonl", b'{"title": "a"}\n{"title": \n', [", line 2: broken JSON: expecting value at column 11"]),
        ("ragged.csv", b"title,text\na,b\nc\n", [", line 3: expected 2 fields, found 1; --on-error skip keeps"]),
        ("quote.csv", b'title,text\na,b\nc,"d\n', [", line 3: a quoted field begins in this row and is never closed"]),
        ("none.jsonl", b'{"id": "1", "n": 2}\n', ["only id, n; name one with --map title=FIELD"]),
        ("none.csv", b"id,n\n1,2\n", ["only id, n; name one with --map title=FIELD"]),
    ],
)
def test_a_feed_that_cannot_be_read_is_one_line_saying_where_what_and_what_to_do(tmp_path, name, content, parts):
    (tmp_path / name).write_bytes(content)
    code, output, message = dedup("run", name, "-o", "kept", cwd=tmp_path)
    assert (code, output) == (3, b"")
    assert message.startswith(f"dedup: {name}")
    assert len(message.splitlines()) == 1
    assert all(part in message for part in parts), message
    assert [path.name for path in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize(
    ("name", "content", "part"),
    [
        ("empty.jsonl", b"", "0 stories: 0 kept"),
        ("empty.csv", b"", "0 stories: 0 kept"),
        ("wordless.jsonl", b'{"id": "1"}\n{"title": "", "text": ""}\n', "2 stories without title and text"),
        (
            "years.jsonl",
            b'{"title": "a b c", "date": "0000-01-01"}\r\n{"title": "d e f", "date": "9999-12-31"}\r\n',
            '2 stories with an impossible date such as "0000-01-01", taken as undated',
        ),
        (
            "ids.jsonl",
            b'{"id": "1", "title": "one two three four"}\n{"id": "1", "title": "five six seven eight"}\n',
            "have the id of an earlier one; each was judged by what it says",
        ),
        (
            "bytes.jsonl",
            b'{"title": "\xff\xfe"}\n',
            "1 story with bytes that are no UTF-8, read as Windows-1252, or half a character, as U+FFFD",
        ),
        ("long.jsonl", b'{"text": "' + b"word " * 10_000_000 + b'"}\n', "1 stories: 1 kept"),
    ],
)
def test_odd_input_is_read_and_told_of_and_nothing_is_lost(tmp_path, name, content, part):
    (tmp_path / name).write_bytes(content)
    code, output, message = dedup("run", name, cwd=tmp_path)
    assert code == 0, message
    assert part in message
    assert output == content


def test_a_folder_is_searched_and_one_without_feeds_refused(tmp_path):
    code, output, message = dedup("run", tmp_path)
    assert (code, output) == (3, b"")
    assert message == f"dedup: {tmp_path}: is a folder without files to read\n"
    (tmp_path / "notes.txt").write_text("Dear reader\n")
    code, output, message = dedup("run", tmp_path)
    assert (code, output) == (3, b"")
    assert message.splitlines()[-1] == f"dedup: {tmp_path}: holds no feed"
    (tmp_path / "feed.jsonl").write_text('{"title": "a"}\n')
    code, output, message = dedup("run", tmp_path)
    assert (code, output) == (0, b'{"title": "a"}\n')
    assert "notes.txt: is no feed" in message.splitlines()[0]


def test_a_file_name_that_breaks_lines_or_steers_the_terminal_is_spelled_out(tmp_path):
    name, spelled = "a\n\x1b\u202e\x9b.jsonl", r"a\n\x1b\u202e\x9b.jsonl"
    code, _, message = dedup("run", name, cwd=tmp_path)
    assert (code, message) == (3, f"dedup: {spelled}: there is no such file or folder\n")
    code, _, message = dedup("run", SAMPLE, "-o", f"{name}/out", cwd=tmp_path)
    assert (code, message.startswith(f"dedup: {spelled}/out cannot be written")) == (2, True)
    (tmp_path / name).write_text('{"title": "Häfen 港口"}\n', "utf-8")
    code, _, message = dedup("run", name, name, cwd=tmp_path)
    assert code == 0
    assert message.splitlines()[0] == f"dedup: {spelled}: named twice, read once"
    assert f"dedup: {spelled}: JSON lines, 1 stories; title=title" in message.splitlines()


def test_rejects_never_overwrite_a_feed(tmp_path):
    feed = tmp_path / "feed.jsonl"
    feed.write_text('{"title": "a"}\n')
    code, _, message = dedup("run", feed, "--on-error", "skip", "--rejects", feed)
    assert (code, message) == (2, f"dedup: {feed} is also read; write to another file\n")
    assert feed.read_text() == '{"title": "a"}\n'


@pytest.mark.parametrize("command", ["run", "ingest", "similar"])
def test_rejects_go_to_stdout_unless_something_else_does(tmp_path, command):
    (tmp_path / "feed.jsonl").write_text('{"title": "one"}\n{"title": \n')
    args = (command, "feed.jsonl", "--on-error", "skip", "--rejects", "-")
    code, output, message = dedup(*args, cwd=tmp_path)
    assert (code, output) == (2, b"")
    assert message == "dedup: only one output can go to stdout; name a file for the others\n"
    code, output, message = dedup(*args, "-o", "kept", cwd=tmp_path)
    assert code == 0, message
    assert json.loads(output)["row"] == '{"title": '
    assert not (tmp_path / "-").exists()


@pytest.fixture(scope="module")
def long_feed(tmp_path_factory):
    """A feed whose kept rows do not fit into a pipe."""
    path = tmp_path_factory.mktemp("long") / "feed.jsonl"
    with path.open("w") as out:
        for k in range(50_000):
            out.write(f'{{"title": "{k} {k * k} {k + 7} {k ^ 5}", "more": "{"x" * 50}"}}\n')
    return path


def test_a_reader_that_has_seen_enough_is_no_error_to_read_about(long_feed):
    with subprocess.Popen(
        [sys.executable, "-m", "dedup", "run", long_feed], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 1


STOPPED = (130, "dedup: stopped; no file is left half written\n")


@pytest.fixture
def hangups_end():
    """A child of this process ends at SIGHUP, though this one may run under `nohup`."""
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, before)


@pytest.mark.usefixtures("hangups_end")
@pytest.mark.parametrize(("number", "times"), [(signal.SIGINT, 1), (signal.SIGHUP, 1), (signal.SIGTERM, 2)])
def test_a_stop_while_reading_is_one_line_and_leaves_nothing_behind(tmp_path, number, times):
    os.mkfifo(tmp_path / "feed")
    command = [sys.executable, "-m", "dedup", "run", "feed", "-o", "kept"]
    environ = os.environ | {"TMPDIR": str(tmp_path)}
    with subprocess.Popen(command, stderr=subprocess.PIPE, cwd=tmp_path, env=environ) as process:
        with (tmp_path / "feed").open("wb", buffering=0) as pipe:  # waits until the command has opened its end
            pipe.write(b'{"title": "a"}\n' * 100_000)  # more than a pipe holds: it is being read
            for _ in range(times):  # `timeout` sends its own twice
                process.send_signal(number)
        message = process.communicate()[1].decode()
    assert (process.returncode, message) == (128 + number, STOPPED[1])
    assert [path.name for path in tmp_path.iterdir()] == ["feed"]


def test_who_ignores_a_hangup_goes_on(tmp_path):
    os.mkfifo(tmp_path / "feed")
    command = ["nohup", sys.executable, "-m", "dedup", "run", "feed", "-o", "kept"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, cwd=tmp_path) as process:
        with (tmp_path / "feed").open("wb") as pipe:
            process.send_signal(signal.SIGHUP)
            pipe.write(b'{"title": "a"}\n')
        process.communicate()
    assert process.returncode == 0
    assert (tmp_path / "kept").read_bytes() == b'{"title": "a"}\n'


def test_ctrl_c_while_writing_is_one_line(long_feed, tmp_path):
    os.mkfifo(tmp_path / "kept")
    command = [sys.executable, "-m", "dedup", "run", long_feed, "-o", tmp_path / "kept"]
    with subprocess.Popen(command, stderr=subprocess.PIPE) as process, (tmp_path / "kept").open("rb") as pipe:
        assert pipe.read(1) == b"{"
        process.send_signal(signal.SIGINT)
        pipe.read()
        message = process.communicate()[1].decode()
    assert (process.returncode, message) == STOPPED


@pytest.mark.parametrize(
    ("closed", "code", "output", "message"),
    [
        (">&-", 2, b"", "dedup: stdout is closed; name a file for the output\n"),
        ("<&-", 3, b"", "dedup: -: stdin is closed\n"),
        ("2>&-", 0, b'{"title": "a"}\n', ""),
    ],
)
def test_a_closed_stream_is_one_line_where_it_is_needed(tmp_path, closed, code, output, message):
    (tmp_path / "feed").write_text('{"title": "a"}\n')
    command = f'exec "$0" -m dedup run {"-" if closed == "<&-" else "feed"} {closed}'
    done = subprocess.run(["sh", "-c", command, sys.executable], capture_output=True, cwd=tmp_path, check=False)
    assert (done.returncode, done.stdout, done.stderr.decode()) == (code, output, message)


def test_what_goes_to_stdout_is_refused_where_it_is_closed_before_any_story_is_kept(tmp_path):
    command = f'exec "$0" -m dedup ingest {SAMPLE} >&-'
    done = subprocess.run(["sh", "-c", command, sys.executable], capture_output=True, cwd=tmp_path, check=False)
    assert (done.returncode, done.stderr) == (2, b"dedup: stdout is closed; name a file for the output\n")
    assert not list(tmp_path.iterdir())


def test_help_is_instant():
    times = []
    for _ in range(5):
        started = time.perf_counter()
        assert dedup_anew("--help")[0] == 0
        times.append(time.perf_counter() - started)
    assert min(times) < 0.6  # 0.3 s on an idle machine


def test_kernels_are_compiled_once(tmp_path):
    dedup_anew("run", SAMPLE, "-o", tmp_path / "first.jsonl")
    _, _, message = dedup_anew("run", SAMPLE, "-o", tmp_path / "second.jsonl")
    assert "compiled" not in message


def test_the_summary_says_whose_layout_was_read_and_what_becomes_of_its_rows(tmp_path):
    code, output, message = dedup("run", DATA.parent / "tests" / "samples" / "newsapi.json", cwd=tmp_path)
    assert code == 0
    assert [json.loads(line)["source"]["name"] for line in output.splitlines()] == ["Harbour Post", "Northern Paper"]
    assert (
        "read as NewsAPI.org, 2 stories; title=title, text=content|description, url=url, source=source.name" in message
    )
    assert "left out 1 row that the service removed" in message
    assert "kept rows of envelopes and XML are JSON lines" in message
