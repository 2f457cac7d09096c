"""The report's figures and its data, read back out of the page; how it looks and behaves is in test_pages."""

from __future__ import annotations

import base64
import gzip
import json
import random
import re
import statistics
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser

import numpy as np
import pyarrow as pa
import pytest

import dedup.report.content
from dedup import STORY_SCHEMA, Settings, find_duplicates
from dedup.kernels.native.evidence import UNDATED
from dedup.report import write_report
from dedup.report.content import choose
from dedup.report.figures import size_bars, source_pairs, timeline
from tests.commands import dedup as run_dedup
from tests.test_cli import SAMPLE

ATTACK = "&lt;script&gt;alert(6)&lt;/script&gt;</script><script>alert(1)</script><img src=x onerror=alert(2)>\"'--><!--"
START = datetime(2023, 6, 1, tzinfo=UTC)
TEXT = "The ferry Aurora ran aground on Monday and all {} passengers were taken off safely, the coast guard said."


def story(name, **more):
    plain = {"title": "Ferry runs aground off Kvaloy", "text": TEXT.format(48), "url": "", "source": "", "lang": "en"}
    return {"id": name, "published": None, **plain, **more}


def found(rows):
    batch = pa.RecordBatch.from_pylist(rows, schema=STORY_SCHEMA)
    return batch, find_duplicates([batch], Settings(window=None))


def reported(tmp_path, rows, **options):
    batch, result = found(rows)
    path = tmp_path / "report.html"
    write_report(lambda: [batch], result, str(path), **options)
    return path.read_text("utf-8"), result


def unpacked(page, name):
    match = re.search(rf'<script type="text/plain" id="{name}">([A-Za-z0-9+/=]+)</script>', page)
    assert match, name
    return json.loads(gzip.decompress(base64.b64decode(match[1])))


class Tags(HTMLParser):
    def __init__(self):
        super().__init__()
        self.found = []

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))


def test_the_page_holds_every_cluster_with_its_members_and_texts(tmp_path):
    rows = [
        story("a", source="Wire", published=START, url="https://wire.example/a"),
        story("b", source="Post", published=START + timedelta(hours=2), text=TEXT.format("almost 48")),
        story("c", title="Bank raises its key rate to 4.5 percent", text="Inflation stays above target, it said."),
        story("d", source="Echo", published=START + timedelta(hours=3)),
    ]
    page, _ = reported(tmp_path, rows, names=["feed.jsonl"])
    columns = unpacked(page, "columns")
    assert columns["title"] == ["Ferry runs aground off Kvaloy", "Bank raises its key rate to 4.5 percent"]
    assert columns["size"] == [3, 1]
    assert [columns["names"][code] for code in columns["sources"][0]] == ["Wire", "Post", "Echo"]
    ferry, bank = unpacked(page, "part-0")
    assert ferry["shown"]["url"] == "https://wire.example/a"
    assert [(each["id"], each["kind"], each["text"]) for each in ferry["others"]] == [
        ("b", "near", TEXT.format("almost 48")),
        ("d", "exact", None),
    ]
    assert bank["others"] == []
    assert "<title>Duplicate stories: feed.jsonl</title>" in page


def test_nothing_of_a_story_becomes_markup(tmp_path):
    rows = [
        story(ATTACK + str(k), title=ATTACK + " ferry runs aground", source=ATTACK + str(k), url="javascript:alert(3)",
              text=ATTACK + TEXT.format(48), published=START + timedelta(hours=k))
        for k in range(3)
    ]  # fmt: skip
    page, _ = reported(tmp_path, rows, names=[ATTACK + ".jsonl"])
    tags = Tags()
    tags.feed(page)
    scripts = [attrs for tag, attrs in tags.found if tag == "script"]
    assert [attrs.get("id") for attrs in scripts] == ["columns", "part-0", None]
    assert not [tag for tag, _ in tags.found if tag in ("img", "iframe", "object", "a", "base")]
    assert not [name for _, attrs in tags.found for name in attrs if name.startswith("on")]
    assert "javascript:" not in page.partition("<script>")[0]
    assert unpacked(page, "part-0")[0]["shown"]["url"] == ""


def test_the_page_fetches_nothing_and_runs_only_its_own_script(tmp_path):
    page, _ = reported(tmp_path, [story("a"), story("b")])
    tags = Tags()
    tags.feed(page)
    assert not [attrs for _, attrs in tags.found if {"src", "href", "srcset", "action"} & set(attrs)]
    policy = next(attrs["content"] for tag, attrs in tags.found if attrs.get("http-equiv") == "Content-Security-Policy")
    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    assert "unsafe" not in policy
    assert "url(" not in page
    assert "@import" not in page


def test_who_copies_whom_and_how_fast_is_as_counted_by_hand():
    draw = random.Random(5)  # noqa: S311
    rows = []
    for cluster in range(60):
        text = " ".join(f"w{draw.randrange(10**6)}" for _ in range(30))
        for member in range(draw.randrange(1, 6)):
            source = draw.choice(["Wire", "Post", "Echo", ""])
            moment = None if draw.random() < 0.1 else START + timedelta(minutes=draw.randrange(3000))
            rows.append(
                story(f"{cluster}-{member}", title=f"title n{cluster}", text=text, source=source, published=moment)
            )
    draw.shuffle(rows)
    _, result = found(rows)
    names = ["", "Wire", "Post", "Echo"]
    codes = np.array([names.index(row["source"]) for row in rows], dtype=np.int32)
    times = np.array(
        [UNDATED if row["published"] is None else int(row["published"].timestamp() * 1e6) for row in rows],
        dtype=np.int64,
    )
    members = defaultdict(list)
    for row, leader in enumerate(result.leaders.tolist()):
        if codes[row] and times[row] != UNDATED:
            members[leader].append(row)
    delays = defaultdict(list)
    for some in members.values():
        first = min(some, key=lambda row: (times[row], row))
        for row in some:
            if codes[row] != codes[first]:
                delays[int(codes[first]), int(codes[row])].append((times[row] - times[first]) / 1e6)
    pairs = source_pairs(result, times, codes)
    assert {(pair.first, pair.again): pair.stories for pair in pairs} == {
        key: len(some) for key, some in delays.items()
    }
    for pair in pairs:
        assert pair.median == pytest.approx(statistics.median(delays[pair.first, pair.again]))
    assert [pair.stories for pair in pairs] == sorted((pair.stories for pair in pairs), reverse=True)


def test_every_dated_story_is_in_the_plot_of_times_or_told_to_be_outside():
    rows = [story(str(k), published=START + timedelta(minutes=7 * k)) for k in range(2000)]
    rows += [story("old", published=datetime(1970, 1, 1, tzinfo=UTC)), story("undated")]
    _, result = found(rows)
    times = np.array([0 if row["published"] is None else int(row["published"].timestamp() * 1e6) for row in rows])
    times[-1] = UNDATED
    line = timeline(result, times)
    assert line.kept.sum() + line.duplicates.sum() + line.outside == 2001
    assert line.outside == 1  # the wrong date
    assert line.undated == 1
    assert len(line.starts) <= 60
    assert line.step == 6 * 3600


def test_size_bars_count_every_cluster_of_two_or_more():
    rows = [
        story(f"{k}-{copy}", title=f"n{k} m{k} t{k} title", text=f"x{k} " * 9)
        for k in range(7)
        for copy in range(k + 1)
    ]
    _, result = found(rows)
    assert [(bar.label, bar.parts[0]) for bar in size_bars(result)] == [
        ("2", 1), ("3", 1), ("4", 1), ("5", 1), ("6 to 10", 2),
    ]  # fmt: skip


def test_the_smallest_clusters_are_left_out_of_a_list_too_long_and_the_page_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr(dedup.report.content, "MOST_CLUSTERS", 1)
    rows = [story("c", title="Bank raises its key rate", text="Inflation stays high, it said."), story("a"), story("b")]
    page, _ = reported(tmp_path, rows)
    assert unpacked(page, "columns")["size"] == [2]
    assert "The 1 smallest clusters are in the figures above, but not in this list." in page


def test_a_huge_cluster_shows_some_members_among_them_its_canonical():
    rows = [
        story(str(k), text=TEXT.format(48) if k < 399 else TEXT.format(48) + " Nobody was hurt.") for k in range(400)
    ]
    batch = pa.RecordBatch.from_pylist(rows, schema=STORY_SCHEMA)
    result = find_duplicates([batch], Settings(window=None, keep="longest"))
    shown = choose(result)
    assert result.sizes[0] == 400
    assert len(shown.members[0]) == dedup.report.content.MOST_MEMBERS
    assert int(result.canonicals[0]) in shown.members[0]


def test_a_feed_without_stories_dates_or_sources_has_a_page_too(tmp_path):
    for rows in ([], [story("a")], [story("a", title="", text="")]):
        page, result = reported(tmp_path, rows)
        assert unpacked(page, "columns")["size"] == [1] * len(result)


def test_the_command_writes_the_same_page_from_a_file_and_a_pipe(tmp_path):
    for name, feed, stdin in (("file", SAMPLE, b""), ("pipe", "-", SAMPLE.read_bytes())):
        code, _, message = run_dedup(
            "run", feed, "-o", tmp_path / "kept.jsonl", "--report", tmp_path / name, stdin=stdin
        )
        assert code == 0, message
    pages = [(tmp_path / name).read_text("utf-8").replace(str(SAMPLE), "-") for name in ("file", "pipe")]
    assert pages[0] == pages[1]
    assert len(pages[0]) < 300_000
    assert sum(unpacked(pages[0], "columns")["size"]) == 62


def test_the_committed_report_of_the_sample_is_what_the_command_writes(tmp_path):
    code, _, message = run_dedup(
        "run",
        "data/sample.jsonl",
        "-o",
        tmp_path / "kept.jsonl",
        "--report",
        tmp_path / "page.html",
        cwd=SAMPLE.parents[1],
    )
    assert code == 0, message
    committed = (SAMPLE.parent / "sample.report.html").read_text("utf-8")
    written = (tmp_path / "page.html").read_text("utf-8")
    assert unpacked(committed, "columns") == unpacked(written, "columns")
    assert unpacked(committed, "part-0") == unpacked(written, "part-0")
    assert without_data(committed) == without_data(written)


def without_data(page):
    """The page but for its data: another zlib may pack that in other bytes."""
    return re.sub(r">[A-Za-z0-9+/=]{50,}<", "><", page)


def test_rejected_rows_are_put_aside_once_though_the_feed_is_read_twice(tmp_path):
    feed = tmp_path / "feed.jsonl"
    feed.write_text('{"title": "one"}\n{"title": \n{"title": "three"}\n')
    args = ("--on-error", "skip", "--rejects", tmp_path / "rejects.jsonl", "--report", tmp_path / "page.html")
    code, _, message = run_dedup("run", feed, *args)
    assert code == 0, message
    assert len((tmp_path / "rejects.jsonl").read_text("utf-8").splitlines()) == 1
    assert "skipped 1 row" in message


def test_a_feed_that_changed_meanwhile_is_refused(tmp_path):
    from dedup.errors import FeedError
    from dedup.readers import ReadSettings, open_feeds

    path = tmp_path / "feed.jsonl"
    path.write_text('{"title": "one"}\n{"title": "two"}\n')
    [feed] = open_feeds([str(path)], ReadSettings())
    assert sum(batch.num_rows for batch in feed.batches()) == 2
    assert sum(batch.num_rows for batch in feed.batches_again()) == 2
    assert feed.stats.rows == 2
    path.write_text('{"title": "one"}\n')
    with pytest.raises(FeedError, match="changed while it was read"):
        list(feed.batches_again())


def test_a_report_over_its_own_feed_is_refused():
    code, _, message = run_dedup("run", SAMPLE, "--report", SAMPLE)
    assert code == 2
    assert "is also read" in message
