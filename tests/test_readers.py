"""Feeds end to end: every format in every packing gives the same stories; bad ones are refused with what is wrong."""

from __future__ import annotations

import bz2
import errno
import gzip
import io
import json
import lzma
import os
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from dedup import find_duplicates, read_feed
from dedup.errors import FeedError
from dedup.readers import ReadSettings, open_feeds
from dedup.writers import write_kept

SAMPLES = Path(__file__).parent / "samples"
EXPECTED = ".expected.json"
ROWS = [
    {
        "id": str(k),
        "title": f'Title "{k}", 中',
        "text": f"line\none, {k} 😀",
        "source": "a\\b",
        "published": "2024-01-31",
    }
    for k in range(1, 40)
]


def encoded(kind):
    out = io.BytesIO()
    if kind == "jsonl":
        return "".join(json.dumps(row, ensure_ascii=k % 2 == 0) + "\n" for k, row in enumerate(ROWS)).encode()
    if kind == "json":
        return json.dumps(ROWS, indent=1).encode()
    if kind in ("csv", "tsv"):
        between = "," if kind == "csv" else "\t"
        quoted = [['"' + value.replace('"', '""') + '"' for value in row.values()] for row in ROWS]
        return "".join(between.join(row) + "\r\n" for row in [list(ROWS[0]), *quoted]).encode()
    table = pa.Table.from_pylist(ROWS)
    if kind == "parquet":
        pq.write_table(table, out)
    else:
        with (pa.ipc.new_file if kind == "arrow" else pa.ipc.new_stream)(out, table.schema) as writer:
            writer.write_table(table, max_chunksize=7)
    return out.getvalue()


def zstd(data):
    return bytes(pa.Codec("zstd").compress(data))


PACKINGS: dict[str, Callable[[bytes], bytes]] = {
    "": bytes,
    ".gz": gzip.compress,
    ".bz2": bz2.compress,
    ".xz": lzma.compress,
    ".zst": zstd,
}
KINDS = ["jsonl", "json", "csv", "tsv", "parquet", "arrow", "arrows"]


def read(path, **settings):
    (feed,) = open_feeds([str(path)], ReadSettings(**settings))
    return feed, [story for batch in feed.batches() for story in batch.to_pylist()]


def saved(tmp_path, data, name="feed.jsonl"):
    path = tmp_path / name
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("packing", PACKINGS)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("block_size", [1, 61, 1 << 20])
def test_the_same_stories_come_out(tmp_path, kind, packing, block_size):
    path = saved(tmp_path, PACKINGS[packing](encoded(kind)), f"feed.{kind}{packing}")
    _, stories = read(path, block_size=block_size)
    assert [{name: story[name] for name in ("id", "title", "text", "source")} for story in stories] == [
        {name: row[name] for name in ("id", "title", "text", "source")} for row in ROWS
    ]
    assert {story["published"].isoformat() for story in stories} == {"2024-01-31T00:00:00+00:00"}


@pytest.mark.parametrize("name", sorted(path.name for path in SAMPLES.iterdir() if not path.name.endswith(EXPECTED)))
def test_a_sample_feed_has_the_stories_written_beside_it(name, monkeypatch):
    monkeypatch.chdir(SAMPLES)  # the name of a feed stands in the ids it makes up
    _, stories = read(name)
    plain = [story | {"published": story["published"] and story["published"].isoformat()} for story in stories]
    assert plain == json.loads(Path(name + EXPECTED).read_text("utf-8"))


@pytest.mark.parametrize("kind", KINDS[:4])
@pytest.mark.parametrize("block_size", [3, 1 << 20])
def test_kept_rows_are_the_bytes_of_the_feed(tmp_path, kind, block_size):
    data = encoded(kind)
    feed, stories = read(saved(tmp_path, data, f"feed.{kind}"), block_size=block_size)
    keep = np.random.default_rng(5).random(len(stories)) < 0.5
    rows = list(feed.kept_rows(keep))
    assert len(rows) == keep.sum()
    assert all(row in data for row in rows)
    out = tmp_path / f"kept.{kind}"
    write_kept([feed], [keep], str(out))
    assert [story["id"] for story in read(out)[1]] == [row["id"] for row, kept in zip(ROWS, keep, strict=True) if kept]
    if kind in ("csv", "tsv"):
        assert out.read_bytes().startswith(data.split(b"\r\n")[0])


@pytest.mark.parametrize("packing", [p for p in PACKINGS if p])
def test_a_truncated_feed_stops_or_keeps_what_is_good(tmp_path, packing):
    noise = np.random.default_rng(1).bytes(1_000_000).hex()
    plain = "".join(json.dumps({"title": f"t{k}", "text": noise[k * 400 : k * 400 + 400]}) + "\n" for k in range(5_000))
    packed = PACKINGS[packing](plain.encode())
    path = saved(tmp_path, packed[: len(packed) * 3 // 4], f"feed.jsonl{packing}")
    with pytest.raises(FeedError):
        read(path)
    feed, stories = read(path, on_error="skip")
    assert feed.stats.rejected["cut off"] == 1
    assert [story["title"] for story in stories] == [f"t{k}" for k in range(len(stories))]


@pytest.mark.parametrize(
    ("name", "data", "problem"),
    [
        ("a.jsonl", b'{"title": "a"}\n{"title": }\n', "line 2: broken JSON"),
        ("a.jsonl", b'{"title": "a\x01"}\n', "broken JSON: invalid control character at column 13"),
        ("a.jsonl", b'{"title": "a"}\n\n[1]\n', "line 3: is not a JSON object but an array"),
        ("a.csv", b"title,text\na,b\n\nc\n", "line 4: expected 2 fields, found 1"),
        ("a.csv", b'title,text\na,"b\n', "line 2: a quoted field"),
        ("a.json", b'[{"title": "a"}', "the array is not closed"),
        ("a.json", b'[{"title": "a"}]\nx', "line 2: something follows"),
        ("a.json", b'{"articles": [{"title": "a"}', "line 1: the array is not closed"),
        ("a.json", b'{"articles": [{"title": "a"}], "n": 1', "line 1: the object is not closed"),
        ("a.json", b'{"articles": [{"title": "a"}]}\n<', "line 2: something that is no JSON object follows"),
        ("a.json", b'{"articles": [{"title": "a"}],\n n: 1}', "line 2: broken JSON: 'n' where a name"),
        ("a.json", b'{"articles": [{"title": "a"}], "n": ]}', "line 1: broken JSON: expected a value, found ']'"),
        ("a.json", b'{"articles": [{"title": "a"}, 7]}', "line 1: is not a JSON object but a number"),
        ("a.json", b'{"status": "error", "code": "rateLimited", "message": "Wait."}', "(rateLimited: Wait.); ask it"),
        ("a.bin", bytes(range(256)) * 9, "is no text"),
        ("a.jsonl", '\ufeff{"title": "a"}'.encode("utf-32-le"), "is UTF-32 text; convert it with: iconv -f UTF-32 -t"),
        ("a.jsonl", '\ufeff{"title": "a"}'.encode("utf-32-be"), "is UTF-32 text; convert it with: iconv -f UTF-32 -t"),
        ("a.jsonl", '{"title": "a"}'.encode("utf-16"), "is UTF-16 text; convert it with: iconv -f UTF-16 -t UTF-8"),
        ("a.jsonl", '{"title": "a"}'.encode("utf-16-le"), "iconv -f UTF-16LE -t UTF-8"),
        ("a.csv", "id,title".encode("utf-16-be"), "iconv -f UTF-16BE -t UTF-8"),
        ("a.bin", b"\0\1" * 9, "is no text (it begins with the bytes 00 01"),
        ("a.jsonl", b'{"x": 1}\n', "no field known for a title or a text, only x; name one with --map title=FIELD"),
        ("a.json", b"[{}]", "no field known for a title or a text, nor any other"),
        ("a.csv", b"id,x\n1,2\n", "only id, x"),
        (
            "a.jsonl.gz",
            gzip.compress(b'{"title": "a"}\n', mtime=0)[:-9],
            "ends in the middle of its gzip data; fetch it again",
        ),
        ("a.parquet", b"PAR1 broken", "damaged"),
    ],
)
def test_bad_feeds_are_refused_with_what_is_wrong(tmp_path, name, data, problem):
    with pytest.raises(FeedError) as caught:
        read(saved(tmp_path, data, name))
    assert problem in str(caught.value)


def test_missing_files_and_empty_folders_are_refused(tmp_path):
    for path in (tmp_path / "none", tmp_path):
        with pytest.raises(FeedError):
            read(path)


@pytest.mark.parametrize(
    ("name", "kept"), [("a.jsonl", b""), ("a.json", b"[]\n"), ("a.csv", b""), ("a.tsv", b""), ("a.parquet", b"")]
)
def test_an_empty_file_has_no_stories(tmp_path, name, kept):
    feed, stories = read(saved(tmp_path, b"", name))
    assert not stories
    write_kept([feed], [np.zeros(0, dtype=np.bool_)], str(tmp_path / "out"))
    assert (tmp_path / "out").read_bytes() == kept


def test_odd_rows_are_read_and_counted(tmp_path):
    data = (
        b'\xef\xbb\xbf{"TITLE": "a", "id": 7, "source": {"name": "S"}, "text": ["x", "y"]}\r\n'
        b'{"title": "\\ud83d", "url": "u"}\r{"title": "\xff"}\n \n{"description": "d", "published": "0000-01-01"}'
    )
    feed, stories = read(saved(tmp_path, data))
    assert [story["id"] for story in stories][:2] == ["7", "u"]
    assert (stories[0]["source"], stories[0]["text"], stories[3]["text"]) == ("S", "x\ny", "d")
    assert (feed.stats.invalid_text, feed.stats.ids_missing, feed.stats.dates_impossible) == (2, 3, 1)
    assert next(feed.kept_rows(np.ones(4, dtype=np.bool_)))[:9] == b'{"TITLE":'


@pytest.mark.parametrize("block_size", [1, 1 << 20])
def test_a_stray_quote_costs_its_own_row_and_no_other(tmp_path, block_size):
    titles = [b"Harbor bridge closed", b'"Enough is enough, says mayor', b"Volcano erupts", b'"Never" says union', b"F"]
    path = saved(tmp_path, b"id\ttitle\n" + b"".join(b"%d\t%s\n" % row for row in enumerate(titles)), "feed.tsv")
    with pytest.raises(FeedError, match="line 3: a quoted field begins in this row and ends on a later line"):
        read(path, block_size=block_size)
    rejects = io.BytesIO()
    feed, stories = read(path, block_size=block_size, on_error="skip", rejects=rejects)
    assert [story["id"] for story in stories] == ["0", "2", "3", "4"]
    assert feed.stats.rejected == {"stray quote": 1}
    assert json.loads(rejects.getvalue())["row"] == '1\t"Enough is enough, says mayor'
    assert b"".join(feed.kept_lines(np.ones(4, dtype=np.bool_))) == b"".join(
        b"%d\t%s\n" % row for row in enumerate(titles) if row[0] != 1
    )


def test_mapped_fields_count_and_unknown_ones_are_refused(tmp_path):
    path = saved(tmp_path, b'{"h": "a", "title": "b"}\n')
    assert read(path, mapping={"title": "h"})[1][0]["title"] == "a"
    with pytest.raises(FeedError, match="no row has the field"):
        read(path, mapping={"lang": "nope"})


def test_a_field_mapped_to_the_title_or_the_text_is_not_the_other_too(tmp_path):
    path = saved(tmp_path, b'{"headline": "a", "description": "b"}\n')
    for role, title, text in (("title", "b", ""), ("text", "a", "b")):
        (story,) = read(path, mapping={role: "description"})[1]
        assert (story["title"], story["text"]) == (title, text)
    (story,) = read(path, mapping={"text": "headline"})[1]
    assert (story["title"], story["text"]) == ("", "a")
    (story,) = read(path, mapping={"title": "headline", "text": "headline"})[1]
    assert (story["title"], story["text"]) == ("a", "a")


@pytest.mark.parametrize("block_size", [1, 1 << 20])
def test_a_title_far_behind_the_first_rows_is_found(tmp_path, block_size):
    data = b'{"id": "1", "note": "x"}\n' * 50 + b'{"id": "2", "Headline": "a"}\n'
    feed, stories = read(saved(tmp_path, data), block_size=block_size)
    assert [story["title"] for story in stories] == [""] * 50 + ["a"]
    told, missing, *_ = feed.describe()
    assert told.endswith("51 stories; id=id, title=Headline")
    assert missing.endswith("50 stories without title and text")


def test_a_feed_without_title_and_text_is_refused_once_it_is_read_whole(tmp_path):
    data = b'{"id": 1, "x": }\n' + b'{"id": 1, "note": "x"}\n' * 50
    with pytest.raises(FeedError, match="only id, note"):
        read(saved(tmp_path, data), block_size=1, on_error="skip")


def test_rejects_do_not_overwrite_a_file_before_it_is_read(tmp_path):
    path = saved(tmp_path, b'{"title": "a"}\n')
    open_feeds([str(path)], ReadSettings(rejects=path))
    assert path.read_bytes() == b'{"title": "a"}\n'


@pytest.mark.parametrize("packing", [packing for packing in PACKINGS if packing])
def test_a_row_that_unpacks_to_any_size_is_refused_in_bounded_memory(tmp_path, packing):
    path = saved(tmp_path, PACKINGS[packing](b'{"title": "' + b"a" * 40_000_000), f"a.jsonl{packing}")
    tracemalloc.start()
    try:
        with pytest.raises(FeedError, match="line 1: a row of over 2,000,000 bytes"):
            read(path, block_size=1 << 16, row_limit=2_000_000)
        assert tracemalloc.get_traced_memory()[1] < 24_000_000  # xz alone unpacks by a dictionary of 8 MB
    finally:
        tracemalloc.stop()


def test_a_feed_given_twice_and_a_file_that_is_none_are_passed_over(tmp_path):
    notices: list[str] = []
    path = saved(tmp_path, b'{"title": "a"}\n')
    saved(tmp_path, b"<html>", "page.html")
    assert len(open_feeds([str(tmp_path), str(path)], ReadSettings(notice=notices.append))) == 1
    assert len(notices) == 2


def test_pipes_are_all_read_whatever_the_inodes_of_their_spools(tmp_path):
    paths = [tmp_path / str(k) for k in range(6)]
    with ThreadPoolExecutor(len(paths)) as writers:
        for path in paths:
            os.mkfifo(path)
            writers.submit(path.write_bytes, gzip.compress(encoded("parquet")))
        # each spool goes once its table is unpacked to another
        assert len(open_feeds([str(path) for path in paths], ReadSettings())) == 6


def test_stdin_named_twice_is_read_once(monkeypatch, tmp_path):
    notices: list[str] = []
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(b'{"title": "a"}\n')))
    path = saved(tmp_path, b'{"title": "b"}\n')
    feeds = open_feeds(["-", str(path), "-"], ReadSettings(notice=notices.append))
    assert [feed.path for feed in feeds] == ["-", str(path)]
    assert notices == ["-: named twice, read once"]


def test_a_packed_table_is_unpacked_once(monkeypatch, tmp_path):
    monkeypatch.delattr(tempfile, "TemporaryFile")  # into which a copy of the copy could go
    path = saved(tmp_path, gzip.compress(encoded("parquet")), "a.parquet.gz")
    assert len(read(path)[1]) == len(ROWS)


def test_a_packed_table_that_finds_no_room_is_one_line(monkeypatch, tmp_path):
    path = saved(tmp_path, gzip.compress(encoded("parquet")), "a.parquet.gz")
    full = os.open("/dev/full", os.O_WRONLY)
    monkeypatch.setattr(tempfile, "mkstemp", lambda **_: (full, str(tmp_path / "none")))
    with pytest.raises(FeedError, match=r"a\.parquet\.gz: cannot be kept in .*: No space left on device; set TMPDIR$"):
        read(path)


def test_a_pipe_that_cannot_be_read_is_no_lack_of_room(monkeypatch):
    def fail(_):
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=SimpleNamespace(read=fail)))
    with pytest.raises(FeedError, match=r"^-: cannot be read: input/output error$"):
        open_feeds(["-"], ReadSettings())


def test_a_pipe_that_finds_no_room_is_told_where_there_may_be_some(monkeypatch, tmp_path):
    full = os.open("/dev/full", os.O_WRONLY)
    monkeypatch.setattr(tempfile, "mkstemp", lambda **_: (full, str(tmp_path / "none")))
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(b"[]")))
    with pytest.raises(
        FeedError, match=r"^-: cannot be kept in .* second reading: No space left on device; set TMPDIR$"
    ):
        open_feeds(["-"], ReadSettings())


def test_a_huge_story_is_read_and_kept_in_linear_time(tmp_path):
    data = b'{"title": "a", "text": "' + b"x" * 50_000_000 + b'"}\n'
    began = time.perf_counter()
    feed, stories = read(saved(tmp_path, data))
    assert len(stories[0]["text"]) == 50_000_000
    assert next(feed.kept_rows(np.ones(1, dtype=np.bool_))) == data[:-1]
    assert time.perf_counter() - began < 10


@pytest.mark.parametrize("encoding", ["cp1251", "koi8-r", "cp1252"])
def test_letters_of_another_encoding_are_told_apart(tmp_path, encoding):
    """Bytes that are no UTF-8 must not all become the same: then other words would be the same story."""
    towns = ("Köln", "Mülln") if encoding == "cp1252" else ("Казани", "Москве")
    rows = "".join(f"{k},{town}: 12 / 12,{town} {town}\n" for k, town in enumerate(towns))
    path = tmp_path / "feed.csv"
    path.write_bytes(f"id,title,text\n{rows}".encode(encoding))
    batch = pa.Table.from_batches(read_feed(path))
    titles = batch.column("title").to_pylist()
    assert len(set(titles)) == 2
    assert "\ufffd" not in "".join(titles)
    if encoding == "cp1252":
        assert titles[0] == "Köln: 12 / 12"
    assert find_duplicates(batch.to_batches()).clusters == 2
