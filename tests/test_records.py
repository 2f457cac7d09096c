from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dedup.errors import IndexFormatError
from dedup.hashing import hash_batch, select_rows, story_columns
from dedup.incoming import read_stories, story_batch, write_stories
from dedup.kernels.native.facts import CAPS, FRONT, NUMBERS, TITLE
from dedup.kernels.native.packing import measure_sets, pack_sets, unpack_sets
from dedup.kernels.reference.packing import IN_FRONT, pack_story
from dedup.records import VERSION, Decided, Layout
from dedup.settings import LookupSettings, Settings
from dedup.stores import Rows
from tests.indexes import FEEDS, feed

FEW_BANDS = Settings(text=LookupSettings(rows=1, similarity=0.5, recall=0.8))


def pack(layout, part, what):
    drafts = layout.draft(part)
    layout.complete(drafts, part.facts.times, what)
    return Rows([], [], *drafts).records()


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
    records = pack(layout, part, decided(len(stories)))
    back, what = layout.unpack(part.ids.to_pylist(), records)
    assert_same(part, back)
    for one, other in zip(what, decided(len(stories)), strict=True):
        np.testing.assert_array_equal(one, other)
    singly = [
        pack(layout, select_rows(part, np.arange(len(stories)) == k), what.select(np.arange(len(stories)) == k))
        for k in range(len(stories))
    ]
    assert [record for (record,) in singly] == records


@given(FEEDS, st.lists(st.booleans(), min_size=1, max_size=6))
@settings(deadline=None, max_examples=20)
def test_drafts_are_completed_anew_and_in_part(stories, chosen):
    part, layout, count = hash_batch(story_batch(stories), Settings()), Layout.of(Settings()), len(stories)
    wanted = pack(layout, part, decided(count))
    drafts = layout.draft(part)
    layout.complete(drafts, part.facts.times, Decided(*(column[::-1].copy() for column in decided(count))))
    keep = np.resize(chosen, count)
    some = drafts.select(np.flatnonzero(keep).tolist())
    layout.complete(some, part.facts.times[keep], decided(count).select(keep))
    rows = Rows([], [], *some)
    assert rows.records() == [record for record, kept in zip(wanted, keep, strict=True) if kept]


def test_a_record_is_bounded():
    words = " ".join(f"Word{k} {k}" for k in range(5000))
    layout = Layout.of(Settings())
    part = hash_batch(story_batch([{"id": "a", "title": words, "text": words}]), Settings())
    (record,) = pack(layout, part, decided(1))
    assert len(record) <= layout.largest <= 2048


def test_usual_records_are_far_below_the_bound():
    layout, stories = Layout.of(Settings()), feed(50)
    part = hash_batch(story_batch(stories), Settings())
    assert max(map(len, pack(layout, part, decided(50)))) < 1400


def test_a_damaged_record_is_refused():
    layout, stories = Layout.of(Settings()), feed(2)
    part = hash_batch(story_batch(stories), Settings())
    whole, other = pack(layout, part, decided(2))
    for bad, problem in (
        (whole[:40], "is damaged: it is cut short"),
        (whole[:-4], "is damaged: its length is wrong"),
        (whole[:24] + bytes([255]) + whole[25:], "is damaged: its length is wrong"),
        (whole[:-3], "is damaged: it is cut short"),
        (whole + b"abc", "is damaged"),
        (bytes([VERSION + 1]) + whole[1:], "is of version 3, this release reads 1 and 2"),
    ):
        with pytest.raises(IndexFormatError, match=f'the record of story "b" {problem}'):
            layout.unpack(["a", "b"], [other, bad])


def test_texts_give_back_the_stories():
    stories = [*feed(5), {"id": "u", "title": "Undated \ud800", "text": 'a "b" \n', "published": None}]
    batch = story_batch(stories)
    assert read_stories(write_stories(batch)).equals(batch)


def as_version_1(layout, part, record, at):
    """A record as the first version wrote it: the hashes as they are."""
    prefix = bytearray(record[: layout.prefix.itemsize])
    prefix[0], prefix[2:4] = 1, bytes(2)
    return bytes(prefix) + part.facts.hashes[part.facts.bounds[at] : part.facts.bounds[at + 1]].tobytes()


@given(FEEDS, st.lists(st.booleans(), min_size=1, max_size=6))
@settings(deadline=None, max_examples=30)
def test_records_of_the_first_version_are_read_beside_new_ones(stories, old):
    part, layout = hash_batch(story_batch(stories), Settings()), Layout.of(Settings())
    records = pack(layout, part, decided(len(stories)))
    mixed = [as_version_1(layout, part, record, k) if old[k % len(old)] else record for k, record in enumerate(records)]
    back, _ = layout.unpack(part.ids.to_pylist(), mixed)
    assert_same(part, back)


VALUES = st.lists(st.integers(0, 2**32 - 1), unique=True)


@given(
    st.lists(st.tuples(VALUES, *(VALUES.map(lambda values: values[:40]) for _ in range(9))), max_size=3),
    st.sampled_from([0, 4, 24]),
    st.data(),
)
@settings(deadline=None, max_examples=60)
def test_sets_are_packed_as_specified(stories, room, data):
    stories = [[sorted(values) for values in story] for story in stories]
    for story in stories:  # some are told by the front
        for s in IN_FRONT:
            if story[FRONT] and data.draw(st.booleans()):
                story[s] = sorted(data.draw(st.sets(st.sampled_from(story[FRONT]))))
    counts = np.array([[len(values) for values in story] for story in stories], dtype=np.int64).reshape(-1, 10)
    sections = counts.cumsum(axis=1).astype(np.uint16)
    bounds = np.concatenate([[0], counts.sum(axis=1).cumsum()]).astype(np.int64)
    hashes = np.array([value for story in stories for values in story for value in values], dtype=np.uint32)
    out = np.zeros(4 * len(hashes) + (64 + room) * len(stories), dtype=np.uint8)
    marked, ends = np.empty(len(stories), dtype=np.uint16), np.empty(len(stories) + 1, dtype=np.int64)
    pack_sets(hashes, bounds, sections, room, marked, out, ends)
    for k, story in enumerate(stories):
        bits, packed = pack_story(story)
        assert (marked[k], out[ends[k] : ends[k + 1]].tobytes()) == (bits, bytes(room) + packed)
    sizes, back = np.empty(len(stories), dtype=np.int64), np.empty_like(hashes)
    measure_sets(sections, marked, sizes)
    np.testing.assert_array_equal(sizes + room, np.diff(ends))
    unpack_sets(out, ends[:-1] + room, sections, marked, bounds, back)
    np.testing.assert_array_equal(back, hashes)


def test_no_story_has_a_record_above_the_bound():
    rng = np.random.default_rng(0)
    sets = [np.sort(rng.choice(2**32, cap, replace=False)).tolist() for cap in CAPS]
    sets[TITLE], sets[NUMBERS] = sets[FRONT][: CAPS[TITLE]], sets[FRONT][-CAPS[NUMBERS] :]  # which the front holds
    marked, packed = pack_story(sets)
    assert marked == 1 << TITLE | 1 << NUMBERS
    assert len(packed) + Layout.of(Settings()).prefix.itemsize <= Layout.of(Settings()).largest <= 2048
