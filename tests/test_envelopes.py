"""JSON that holds its stories somewhere inside: known layouts, streaming, and what the envelope tells of its rows."""

from __future__ import annotations

import json
import tracemalloc
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dedup.batch import find_duplicates
from dedup.errors import FeedError
from dedup.readers import ReadSettings, open_feeds
from dedup.readers.bytestreams import ByteStream
from dedup.readers.envelopes import cut_envelope
from dedup.readers.selectors import parse_path, text_at
from dedup.writers import write_kept

SAMPLES = Path(__file__).parent / "samples"
ROWS = [{"title": f"Tide {k}", "text": f'It rose {k} feet, ]}}\\"', "source": {"name": "Buoy"}} for k in range(40)]
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=8)
    | st.sampled_from(['"', "\\", "]", "}", ",", "\r\n"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)


def read(path, **options):
    (feed,) = open_feeds([str(path)], ReadSettings(**options))
    return feed, [story for batch in feed.batches() for story in batch.to_pylist()]


def saved(tmp_path, value, name="feed.json"):
    path = tmp_path / name
    path.write_text(value if isinstance(value, str) else json.dumps(value), "utf-8")
    return path


def cut(tmp_path, text, rows, block_size=1 << 20, context=frozenset()):
    """The rows found, with line and context, and the tails."""
    path = saved(tmp_path, text)
    with ByteStream("feed", path) as stream:
        blocks = list(cut_envelope(stream, ReadSettings(block_size=block_size), "feed", rows, context))
    spans = [
        (block.data[start:end], line, dict(told), block.offset + start)
        for block in blocks
        for start, end, line, told in zip(
            block.start.tolist(), block.end.tolist(), block.line.tolist(), block.contexts, strict=True
        )
    ]
    data = path.read_bytes()
    assert all(data[at : at + len(row)] == row for row, _, _, at in spans)
    return [(json.loads(row), line, told) for row, line, told, _ in spans], [
        block.tail for block in blocks if block.tail
    ]


@given(
    st.lists(st.lists(st.dictionaries(st.text(max_size=3), VALUES, max_size=2), max_size=4), max_size=4),
    st.dictionaries(st.text(max_size=3), VALUES, max_size=2),
    st.dictionaries(st.text(max_size=3), VALUES, max_size=2),
    st.sampled_from([None, 0, 2]),
    st.sampled_from([1, 17, 1 << 20]),
)
@settings(deadline=None, max_examples=100)
def test_the_rows_are_those_json_finds(tmp_path_factory, groups, before, after, indent, block_size):
    groups = [{**before, "rows": group, **after} for group in groups]
    for envelope in (before, after):
        envelope.pop("rows", None), envelope.pop("groups", None)
    text = json.dumps({**before, "groups": groups, **after}, indent=indent, ensure_ascii=False)
    want = [row for group in groups for row in (group["rows"] if isinstance(group["rows"], list) else [])]
    found, tails = cut(tmp_path_factory.mktemp("cut"), text, "groups.rows", block_size)
    assert [row for row, _, _ in found] == want
    assert not tails


@pytest.mark.parametrize("block_size", [1, 61, 1 << 20])
@pytest.mark.parametrize("rows", ["articles", "articles.results", "clusters.articles", ""])
def test_blocks_of_any_size_hold_the_same_rows(tmp_path, rows, block_size):
    shapes = {
        "articles": {"n": 1, "articles": ROWS, "more": [{}]},
        "articles.results": {"articles": {"page": "1", "results": ROWS}},
        "clusters.articles": {"clusters": [{"id": 1, "articles": ROWS[:9]}, {"articles": ROWS[9:]}, {"id": 3}]},
    }
    text = json.dumps(shapes[rows], indent=1) if rows else "\n".join(json.dumps(row, indent=1) for row in ROWS)
    found, tails = cut(tmp_path, text, rows, block_size)
    lines = text.split("\n")
    assert [row for row, _, _ in found] == ROWS
    assert all("{" in lines[line - 1] for _, line, _ in found)
    assert not tails


@pytest.mark.parametrize("text", ['{"a": [{"t": 1}]} {"a": [{"t": 2}]}', '[{"a": [{"t": 1}]}, {"a": [{"t": 2}]}]\n'])
def test_envelopes_may_follow_each_other(tmp_path, text):
    found, tails = cut(tmp_path, text, "a")
    assert [row["t"] for row, _, _ in found] == [1, 2]
    assert not tails


def test_rows_have_the_name_they_lie_under(tmp_path):
    found, _ = cut(tmp_path, '{"A": [{"t": 1}, {"t": 2}], "x": 1, "B.b": [{"t": 3}]}', "*")
    assert [(row["t"], told) for row, _, told in found] == [
        (1, {"(key)": "A"}),
        (2, {"(key)": "A"}),
        (3, {"(key)": "B.b"}),
    ]


@pytest.mark.parametrize("block_size", [1, 1 << 20])
def test_what_stands_behind_the_rows_counts_too(tmp_path, block_size):
    feed = {"entries": [{"title": "a", "id": 1}], "feed": {"title": "Heron"}, "event_type": "new_entries"}
    path = saved(tmp_path, "\n".join(json.dumps({**feed, "feed": {"title": name}}) for name in ("Heron", "Stork")))
    assert [story["source"] for story in read(path, block_size=block_size)[1]] == ["Heron", "Stork"]


@pytest.mark.parametrize("block_size", [100, 1 << 20])
def test_envelopes_of_few_rows_are_read_together_and_each_tells_of_its_own(tmp_path, block_size):
    names = [("Heron", "Stork", "Crane")[k % 3] for k in range(300)]
    events = [
        json.dumps({"event_type": "new_entries", "feed": {"title": name}, "entries": [{"id": k, "title": f"t{k}"}] * 2})
        for k, name in enumerate(names)
    ]
    path = saved(tmp_path, "\n".join([*events, '{"entries": [{"id": 9, "title": }]}']))
    feed, stories = read(path, block_size=block_size, on_error="skip")
    assert [story["source"] for story in stories] == [name for name in names for _ in range(2)]
    assert feed.stats.rejected == {"broken JSON": 1}
    keep = np.arange(600) % 7 == 0
    assert [json.loads(row)["id"] for row in feed.kept_rows(keep)] == (np.flatnonzero(keep) // 2).tolist()
    with pytest.raises(FeedError, match="line 301: broken JSON"):
        read(path, block_size=block_size)
    (feed,) = open_feeds([str(path)], ReadSettings(block_size=block_size, on_error="skip"))
    assert sum(1 for _ in feed.batches()) <= path.stat().st_size // block_size + 1


def test_a_mapping_may_lead_into_the_envelope(tmp_path):
    path = saved(tmp_path, {"articles": [{"headline": "a"}], "about": {"desk": ["X", "Y"]}})
    assert read(path, mapping={"source": "/about.desk[1]"})[1][0]["source"] == "Y"


def test_kept_rows_are_the_elements_as_they_came(tmp_path):
    path = saved(tmp_path, json.dumps({"status": "ok", "totalResults": 40, "articles": ROWS}, indent=2))
    feed, stories = read(path, block_size=100)
    keep = np.arange(len(ROWS)) % 3 == 0
    write_kept([feed], [keep], str(tmp_path / "kept"))
    write_kept([feed], [keep], str(tmp_path / "kept.json"))
    kept = [json.loads(line) for line in (tmp_path / "kept").read_text("utf-8").splitlines()]
    assert kept == ROWS[::3] == json.loads((tmp_path / "kept.json").read_text("utf-8"))
    assert all(row in path.read_bytes() for row in feed.kept_rows(keep))
    assert len(stories) == 40


def test_a_mapping_replaces_what_a_layout_says(tmp_path):
    article = {"title": "a", "publishedAt": "2024-01-31", "content": "b", "meta": {"desk": [{"n": "X"}, {"n": "Y"}]}}
    path = saved(tmp_path, {"status": "ok", "totalResults": 1, "articles": [article]})
    feed, (story,) = read(path, mapping={"source": "meta.desk[1].n", "text": "none.such|content"})
    assert (story["source"], story["text"]) == ("Y", "b")
    assert next(feed.describe()).endswith(
        "JSON, read as NewsAPI.org, 1 stories; title=title, text=content, source=meta.desk[1].n, published=publishedAt"
    )


@pytest.mark.parametrize("name", ["ninjs1.json", "ninjs3.json"])
def test_a_higher_version_of_an_item_is_an_update(tmp_path, name):
    held = json.loads((SAMPLES / name).read_text("utf-8"))
    item = held[0] if isinstance(held, list) else held
    text = " ".join(f"word{k}" for k in range(30))
    told = [text, f"{text} later"]
    versions = [
        item | {"version": f"{k}", "body_text": body, "bodies": [{"value": body}]} for k, body in enumerate(told)
    ]
    (feed,) = open_feeds([str(saved(tmp_path, versions))], ReadSettings())
    assert find_duplicates(feed.batches()).to_table().column("kind").to_pylist() == [None, "update"]


def test_dotted_paths_lead_into_lines_and_a_field_of_that_very_name_comes_first(tmp_path):
    path = saved(tmp_path, '{"title": "a", "who": {"x": "deep"}}\n{"title": "b", "who.x": "flat"}\n')
    assert [story["source"] for story in read(path, mapping={"source": "who.x"})[1]] == ["deep", "flat"]


def test_paths_lead_into_the_columns_of_tables(tmp_path):
    rows = [{"title": "a", "who": {"desk": [{"n": "X"}, {"n": "Y"}]}}, {"title": "b", "who": None}]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "a.parquet")
    feed, stories = read(tmp_path / "a.parquet", mapping={"source": "who.desk[1].n"})
    assert [story["source"] for story in stories] == ["Y", ""]
    assert "source=who.desk[1].n" in next(feed.describe())


def test_an_answer_without_rows_has_no_stories(tmp_path):
    feed, stories = read(saved(tmp_path, {"status": "ok", "totalResults": 0, "articles": []}))
    assert (stories, feed.layout) == ([], "NewsAPI.org")
    write_kept([feed], [np.zeros(0, dtype=np.bool_)], str(tmp_path / "kept"))
    assert (tmp_path / "kept").read_bytes() == b""


@pytest.mark.parametrize(
    "answer",
    [
        {"status": "success", "totalResults": 0, "results": []},
        {"status": "success", "totalResults": 0, "results": [], "nextPage": None},
        {"articles": {"results": [], "totalResults": 0, "page": 1, "pages": 0}},
        {"articles": []},
        {"status": "ok", "articles": [], "total_hits": 0, "page": 1, "user_input": {"q": "x", "sources": ["a"]}},
        {"response": {"status": "ok", "total": 0, "results": []}},
    ],
)
@pytest.mark.parametrize("indent", [None, 1])
def test_an_answer_of_no_rows_to_tell_the_service_by_has_no_stories(tmp_path, answer, indent):
    feed, stories = read(saved(tmp_path, json.dumps(answer, indent=indent)))
    assert stories == []
    assert next(feed.describe()).endswith("0 stories; no fields")


@pytest.mark.parametrize(
    "answer",
    [
        {"status": "error", "results": []},
        {"errors": ["no such key"], "articles": []},
        {"articles": [], "rubrics": [{"kop": "a"}]},
        {"kop": "a"},
    ],
)
def test_what_is_no_empty_answer_is_refused(tmp_path, answer):
    with pytest.raises(FeedError, match=r"no field known for a title|is an error"):
        read(saved(tmp_path, answer))


def test_a_story_with_an_empty_list_is_a_story(tmp_path):
    _, (story,) = read(saved(tmp_path, {"title": "a", "items": []}))
    assert story["title"] == "a"


def test_a_lone_surrogate_in_an_envelope_is_replaced_and_told(tmp_path):
    article = {"title": "Ferry \ud83d aground", "publishedAt": "2024-01-31", "source": {"name": "\ude00 Echo"}}
    feed, (story,) = read(saved(tmp_path, {"status": "ok", "totalResults": 1, "articles": [article]}))
    assert (story["title"], story["source"]) == ("Ferry \ufffd aground", "\ufffd Echo")
    assert feed.stats.invalid_text == 1


def test_rows_left_out_are_no_errors(tmp_path):
    rows = [{"title": "[Removed]", "publishedAt": "1970-01-01", "urlToImage": None}, {"title": "b", "publishedAt": ""}]
    feed, stories = read(saved(tmp_path, rows), on_error="stop")
    assert [story["title"] for story in stories] == ["b"]
    assert "left out 1 row that the service removed" in "\n".join(feed.describe())
    assert list(feed.kept_rows(np.ones(1, dtype=np.bool_))) == [json.dumps(rows[1]).encode()]


def test_rows_of_one_service_saved_as_lines_are_known_too(tmp_path):
    row = {"title": "a", "seendate": "20240131T102030Z", "domain": "x.example", "url": "u"}
    feed, stories = read(saved(tmp_path, json.dumps(row) + "\n" + json.dumps(row), "a.jsonl"))
    assert (feed.format, feed.layout) == ("JSON lines", "GDELT")
    assert [story["source"] for story in stories] == ["x.example", "x.example"]


def test_a_story_with_related_rows_is_a_story(tmp_path):
    lines = '{"title": "a", "text": "b", "items": [{"title": "c"}]}\n' * 2
    feed, stories = read(saved(tmp_path, lines, "a.jsonl"))
    assert (feed.format, [story["title"] for story in stories]) == ("JSON lines", ["a", "a"])


def test_a_row_of_other_arrays_is_no_envelope_of_publishers(tmp_path):
    row = {"title": "a", "more": [{"title": "b", "body": "c", "publishing_date": "2024-01-01"}]}
    feed, stories = read(saved(tmp_path, row))
    assert (feed.layout, [story["title"] for story in stories]) == ("", ["a"])


def test_a_giant_array_is_read_in_bounded_memory(tmp_path):
    row = json.dumps({"title": "a", "publishedAt": "2024-01-31", "content": "x" * 1000, "urlToImage": None})
    path = saved(tmp_path, '{"status": "ok", "totalResults": 1, "articles": [' + ",".join([row] * 30_000) + "]}")
    (feed,) = open_feeds([str(path)], ReadSettings(threads=1))
    tracemalloc.start()
    try:
        assert sum(batch.num_rows for batch in feed.batches()) == 30_000
        assert tracemalloc.get_traced_memory()[1] < 24_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("a.b", "1"),
        ("A.B", "1"),
        ("list.n", "x\ny"),
        ("list[1].n", "y"),
        ("list[9].n", ""),
        ("list[k=2].n", "y"),
        ("list[k=3].n", ""),
        ("body.**", "one\ntwo\nthree"),
        ("no.such", ""),
    ],
)
def test_paths_lead_to_values(path, text):
    value = {
        "a": {"b": 1},
        "list": [{"k": "1", "n": "x"}, {"k": "2", "n": "y"}],
        "body": {"head": ["one"], "parts": [{"p": ["two", 5, "three"]}]},
    }
    steps = parse_path(path)
    assert steps is not None
    assert text_at(value, steps) == text


@pytest.mark.parametrize("name", ["title", "a..b", "a[", "a[x", ".", "a.[0]"])
def test_what_is_no_path_is_a_name(name):
    assert parse_path(name) is None


def test_a_table_without_a_header_stays_one(tmp_path):
    sample = Path(__file__).parent / "samples" / "trafilatura.csv"
    feed, stories = read(sample)
    write_kept([feed], [np.array([False, True])], str(tmp_path / "kept"))
    assert (tmp_path / "kept").read_bytes() == sample.read_bytes().splitlines(keepends=True)[1]
    assert read(tmp_path / "kept")[1] == stories[1:]
