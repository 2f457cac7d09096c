"""What callers hand to an index is read as a feed that says the same, or refused in one line."""

from __future__ import annotations

import json
from datetime import UTC, datetime, tzinfo
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dedup import STORY_SCHEMA, find_duplicates, read_feed
from dedup.errors import SettingsError
from dedup.incoming import cut_batches, read_fields, story_batch
from dedup.index import StoryIndex
from dedup.readers.dates import parse_dates
from tests.indexes import feed
from tests.test_dates import FORMS

STORY = {"id": "a", "title": "Ferry runs aground off Kvaloy", "text": "All 48 passengers were taken off safely."}


class Nowhere(tzinfo):
    """A zone that does not say where it is."""

    def utcoffset(self, when):  # noqa: ARG002
        return None

    dst = tzname = utcoffset


@pytest.fixture
def index():
    with StoryIndex.open("memory://") as index:
        yield index


@given(FORMS | st.text("0123456789-:TWZ. +", max_size=22))
@example("2026-W05-1")
@example("2026W051")
@example("2026-01-31T10")
@example("2026-01-31x10:20")
@example("20260131")
@example("2026-01-31T10:20:30.123456789Z")
@example("2026-01-31T10:20:30,5+0100")
@settings(deadline=None)
def test_a_date_is_what_feeds_make_of_it(text):
    times = parse_dates(pa.array([text], pa.string())).times.cast(pa.int64())
    assert read_fields(STORY | {"published": text}).published == times[0].as_py()


def test_a_lone_surrogate_is_what_feeds_make_of_it(tmp_path):
    path = tmp_path / "feed.jsonl"
    path.write_text(json.dumps(STORY | {"title": "Ferry \ud800 runs", "id": "\udfff"}) + "\n")
    (batch,) = read_feed(str(path))
    assert story_batch([json.loads(path.read_text())]).to_pylist() == batch.to_pylist()


def test_a_zone_without_an_offset_is_utc():
    moment = datetime(2023, 6, 1, 2, tzinfo=UTC)
    assert (
        read_fields(STORY | {"published": moment.replace(tzinfo=Nowhere())}).published == moment.timestamp() * 1_000_000
    )


@pytest.mark.parametrize(
    ("story", "problem"),
    [
        (None, "a story is a mapping of its fields, got NoneType"),
        ("a", "a story is a mapping of its fields, got str"),
        (STORY | {"id": 10**5000}, "id is a text or an integer, got one of too many digits"),
        (STORY | {"id": 10**5000, "url": 1}, "url is a text, got int in story int"),
        (STORY | {"id": "", "title": "many words " * 50}, "got 'many words .* without one"),
    ],
)
def test_what_is_no_story_is_refused_in_a_short_line(index, story, problem):
    for add in (index.add, index.decide, lambda story: index.add_many([story])):
        with pytest.raises(SettingsError, match=problem) as caught:
            add(story)
        assert len(str(caught.value)) < 200


def test_what_has_no_stories_is_refused(index):
    for stories, got in ((None, "NoneType"), (5, "int")):
        with pytest.raises(SettingsError, match=f"as mappings or record batches, got {got}"):
            index.add_many(stories)


def test_a_number_of_too_many_digits_is_no_date():
    assert read_fields(STORY | {"published": 10**5000}).published is None


def test_an_id_that_no_utf_8_has_is_found_by_what_became_of_it(index):
    index.add(STORY | {"id": "\ud800"})
    index.add(STORY | {"id": "b"})
    assert [side.id for side in index.explain("\ud800", "b").sides] == ["\ufffd", "b"]
    assert index.similar("\ud800") == []


def nullable(rows):
    """A batch of rows as they are, which has nulls where the schema says that there are none."""
    schema = pa.schema([field.with_nullable(True) for field in STORY_SCHEMA])
    columns = [dict[str, Any].fromkeys(STORY_SCHEMA.names) | row for row in rows]
    return pa.RecordBatch.from_arrays(pa.RecordBatch.from_pylist(columns, schema).columns, schema=STORY_SCHEMA)


def test_what_a_batch_leaves_out_is_what_a_mapping_makes_of_it():
    told = [
        STORY,
        {"title": "Bank raises rate", "url": "https://b"},
        {"id": "", "title": "Corn is sold", "url": "https://c"},
    ]
    for rows in (told, told[:2], [{**story, "text": "", "source": "", "lang": "", "id": ""} for story in told[1:]]):
        (batch,) = cut_batches(nullable(rows), 40)
        assert batch.to_pylist() == story_batch(rows).to_pylist()


@pytest.mark.parametrize("name", [None, ""])
def test_a_story_of_a_batch_without_an_id_and_a_url_is_refused_as_a_mapping_is(name):
    rows = [STORY, {"title": "Bank raises rate", "id": "b"}, {"title": "Corn is sold", "id": name, "url": ""}]
    for stories in (rows, nullable(rows)):
        with pytest.raises(SettingsError, match="needs an id or a URL to be known by; got 'Corn is sold' without one"):
            list(cut_batches(stories, 10))


@pytest.mark.parametrize(
    ("name", "kind", "problem"),
    [
        (
            "published",
            pa.timestamp("ms", tz="UTC"),
            r"published of type timestamp\[ms, tz=UTC\], expected timestamp\[us,",
        ),
        ("text", pa.large_string(), "text of type large_string, expected string not null; take its cast"),
        ("title", pa.string(), "title of type string, expected string not null"),
    ],
)
def test_a_batch_whose_columns_are_of_other_types_is_refused_with_both(index, name, kind, problem):
    whole = story_batch([STORY])
    place = whole.schema.names.index(name)
    batch = whole.set_column(place, pa.field(name, kind), whole.column(name).cast(kind))
    for take in (lambda: find_duplicates([batch]), lambda: index.add_many(batch)):
        with pytest.raises(SettingsError, match=problem):
            take()
    assert index.add_many(batch.cast(STORY_SCHEMA))[0].is_new


def test_batches_and_mappings_come_in_any_order():
    stories = feed(30)
    mixed = [story_batch(stories[:12]), *stories[12:17], story_batch(stories[17:18]), story_batch(stories[18:])]
    batches = list(cut_batches(iter(mixed), 5))
    assert [row for batch in batches for row in batch.to_pylist()] == story_batch(stories).to_pylist()
    assert max(map(len, batches)) == 5


def test_of_many_stories_the_first_batches_are_small_so_that_they_are_had_sooner():
    stories = [{"id": str(k), "title": "Ferry runs aground"} for k in range(1000)]
    assert [len(batch) for batch in cut_batches(story_batch(stories), 256)] == [64, 128, 256, 256, 256, 40]
    assert [len(batch) for batch in cut_batches(stories[:300], 256)] == [64, 128, 108]


def test_what_read_feed_gives_can_be_added(index, tmp_path):
    path = tmp_path / "feed.jsonl"
    path.write_text("".join(json.dumps(STORY | {"id": str(k)}) + "\n" for k in range(3)))
    assert [decision.verdict for decision in index.add_many(read_feed(str(path)))] == ["new", "duplicate", "duplicate"]
