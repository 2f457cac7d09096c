from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings

from dedup.errors import IndexFormatError
from dedup.hashing import hash_batch, select_rows, story_columns
from dedup.incoming import read_stories, story_batch, write_stories
from dedup.records import VERSION, Decided, Layout
from dedup.settings import LookupSettings, Settings
from tests.indexes import FEEDS, feed

FEW_BANDS = Settings(text=LookupSettings(rows=1, similarity=0.5, recall=0.8))


def decided(count):
    return Decided(
        leaders=np.arange(1, count + 1),
        scores=np.linspace(0, 1, count, dtype=np.float32),
        kinds=np.arange(count, dtype=np.uint8) % 4,
        former=np.arange(count) * 3,
    )


def assert_same(one, other):
    np.testing.assert_array_equal(one.facts.hashes, other.facts.hashes)
    np.testing.assert_array_equal(one.facts.bounds, other.facts.bounds)
    for name, column in story_columns(one.facts).items():
        np.testing.assert_array_equal(column, getattr(other.facts, name))
        assert column.dtype == getattr(other.facts, name).dtype
    np.testing.assert_array_equal(one.keys, other.keys)
    np.testing.assert_array_equal(one.preference, other.preference)
    assert one.ids.to_pylist() == other.ids.to_pylist()


@pytest.mark.parametrize("settings_", [Settings(), FEW_BANDS])
@given(FEEDS)
@settings(deadline=None, max_examples=20)
def test_records_give_back_what_was_packed(settings_, stories):
    part, layout = hash_batch(story_batch(stories), settings_), Layout.of(settings_)
    records = layout.pack(part, decided(len(stories)))
    back, what = layout.unpack(part.ids.to_pylist(), records)
    assert_same(part, back)
    for one, other in zip(what, decided(len(stories)), strict=True):
        np.testing.assert_array_equal(one, other)
    singly = [
        layout.pack(select_rows(part, np.arange(len(stories)) == k), what.select(np.arange(len(stories)) == k))
        for k in range(len(stories))
    ]
    assert [record for (record,) in singly] == records


def test_a_record_is_bounded():
    words = " ".join(f"Word{k} {k}" for k in range(5000))
    layout = Layout.of(Settings())
    part = hash_batch(story_batch([{"id": "a", "title": words, "text": words}]), Settings())
    (record,) = layout.pack(part, decided(1))
    assert len(record) <= layout.largest < 2450


def test_usual_records_are_far_below_the_bound():
    layout, stories = Layout.of(Settings()), feed(50)
    part = hash_batch(story_batch(stories), Settings())
    assert max(map(len, layout.pack(part, decided(50)))) < 1400


def test_a_damaged_record_is_refused():
    layout, stories = Layout.of(Settings()), feed(2)
    part = hash_batch(story_batch(stories), Settings())
    whole, other = layout.pack(part, decided(2))
    for bad, problem in (
        (whole[:40], "cut short"),
        (whole[:-4], "length is wrong"),
        (whole + b"abc", "damaged"),
        (bytes([VERSION + 1]) + whole[1:], "is of version 2, this release reads 1"),
    ):
        with pytest.raises(IndexFormatError, match=problem):
            layout.unpack(["a", "b"], [other, bad])


def test_texts_give_back_the_stories():
    stories = [*feed(5), {"id": "u", "title": "Undated \ud800", "text": 'a "b" \n', "published": None}]
    batch = story_batch(stories)
    assert read_stories(write_stories(batch)).equals(batch)
