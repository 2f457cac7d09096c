"""Samples of every format, wrecked at random: they end in stories or in one line, never in another exception."""

from __future__ import annotations

import json
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dedup.errors import FeedError
from dedup.readers import ReadSettings, open_feeds
from dedup.readers.loosefeeds import parse_loosely
from dedup.stories import STORY_SCHEMA
from dedup.writers import write_kept

SAMPLES = Path(__file__).parent / "samples"
NAMES = sorted(path.name for path in SAMPLES.iterdir() if not path.name.endswith(".expected.json"))
PIECES = st.one_of(
    st.sampled_from(
        [
            b"",
            b"\0",
            b"\xff",
            b'"',
            b"\\",
            b"{",
            b"}",
            b"[",
            b"]",
            b",",
            b"<",
            b">",
            b"&",
            b"&nbsp;",
            b"]]>",
            b"<![CDATA[",
        ]
    ),
    st.sampled_from([b"\xef\xbb\xbf", b"\r", b"\n", b"null", b"NaN", b"\xed\xa0\x80", b"\\ud800", b"<!--", b"</item>"]),
    st.binary(max_size=6),
)
EDITS = st.lists(st.tuples(st.floats(0, 1), st.integers(0, 8), PIECES), max_size=4)


def wrecked(data, edits, end):
    for place, cut, piece in edits:
        at = int(place * len(data))
        data = data[:at] + piece + data[at + cut :]
    return data[: round(end * len(data))]


def read_all(path, out, on_error):
    """Read a file and keep half of it; the number of its stories, None where it is refused."""
    began = time.perf_counter()
    try:
        (feed,) = open_feeds([str(path)], ReadSettings(threads=1, on_error=on_error, block_size=512))
        batches = list(feed.batches())
        assert all(batch.schema == STORY_SCHEMA for batch in batches)
        for batch in batches:
            batch.validate(full=True)
        count = sum(batch.num_rows for batch in batches)
        assert count == feed.stats.rows
        assert all("\n" not in line for line in feed.describe())
        write_kept([feed], [np.arange(count) % 2 == 0], str(out))
    except FeedError as exc:
        count, told = None, str(exc)
    else:
        told = ""
    assert "\n" not in told
    assert time.perf_counter() - began < 5
    return count


@pytest.mark.parametrize("name", NAMES)
@given(edits=EDITS, end=st.sampled_from([1.0, 1.0, 1.0, 0.9, 0.5]), on_error=st.sampled_from(["stop", "skip"]))
@settings(deadline=None, max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_wrecked_sample_ends_in_stories_or_one_line(name, edits, end, on_error, tmp_path):
    path = tmp_path / name
    path.write_bytes(wrecked((SAMPLES / name).read_bytes(), edits, end))
    read_all(path, tmp_path / "kept", on_error)


@given(data=st.binary(max_size=60) | st.text(max_size=40).map(lambda text: text.encode("utf-8", "surrogatepass")))
@settings(deadline=None, max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_bytes_end_in_stories_or_one_line(data, tmp_path):
    for name in ("x", "x.json", "x.csv", "x.xml", "x.parquet"):
        path = tmp_path / name
        path.write_bytes(data)
        read_all(path, tmp_path / "kept", "skip")


def test_feedparser_told_nothing_is_no_feed():
    pytest.importorskip("feedparser")
    assert parse_loosely("x", b"")[:2] == ("", [])


@pytest.mark.parametrize("deep", ['{"articles": ' * 3_000, "[" * 100_000, '{"a":' * 100_000, '[{"articles": [' * 3_000])
def test_json_nested_without_end_is_refused(tmp_path, deep):
    path = tmp_path / "deep.json"
    path.write_text(deep, "utf-8")
    assert read_all(path, tmp_path / "kept", "stop") is None


@pytest.mark.parametrize("depth", [400, 100_000])
def test_a_row_nested_too_deep_is_put_aside(tmp_path, depth):
    deep = "[" * depth + "]" * depth
    path = tmp_path / "deep.json"
    rows = f'{{"title": "a", "publishedAt": "", "content": {deep}}}, {{"title": "b"}}'
    path.write_text(f'{{"status": "ok", "totalResults": 2, "articles": [{rows}]}}', "utf-8")
    assert read_all(path, tmp_path / "kept", "skip") == 1
    path.write_text(f'{{"title": {deep}}}\n{{"title": "b"}}\n', "utf-8")
    assert read_all(path, tmp_path / "kept", "skip") == 1


def test_what_an_envelope_tells_may_be_nested_too_deep(tmp_path):
    deep = "[" * 400 + "]" * 400
    path = tmp_path / "deep.json"
    path.write_text(f'{{"entries": [{{"title": "a", "id": 1}}], "feed": {{"title": {deep}}}}}', "utf-8")
    assert read_all(path, tmp_path / "kept", "stop") == 1


def test_fields_of_any_size_and_names_met_twice_are_read(tmp_path):
    path = tmp_path / "a.json"
    row = '{"title": "a", "title": "b", "Title": "c", "publishedAt": "", "urlToImage": 1, "content": "%s"}' % (
        "x" * 9_000_000
    )
    path.write_text(f'{{"status": "ok", "totalResults": 1, "articles": [{row}]}}', "utf-8")
    assert read_all(path, tmp_path / "kept", "stop") == 1
    assert json.loads((tmp_path / "kept").read_text("utf-8"))["title"] == "b"


def test_headers_met_twice_are_read(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("title,title,text,TITLE\na,b,c,d\n", "utf-8")
    assert read_all(path, tmp_path / "kept", "stop") == 1


@pytest.mark.parametrize("name", ["batches.arrow", "batches.arrows"])
def test_a_damaged_table_does_not_lead_astray(tmp_path, name):
    data = (SAMPLES / name).read_bytes()
    for at in range(0, len(data), 3):  # offsets, lengths and names, each made huge or no UTF-8 in turn
        path = tmp_path / name
        path.write_bytes(data[:at] + b"\xff\xff\xff\x7f" + data[at + 4 :])
        read_all(path, tmp_path / "kept", "skip")
        path.unlink()
