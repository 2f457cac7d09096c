from __future__ import annotations

import dataclasses
import json
import random

import numpy as np
import pyarrow as pa
import pytest

from dedup import boilerplate
from dedup.batch import find_duplicates
from dedup.boilerplate import LEAST_STORIES, describe_phrases, learn_boilerplate, learn_if
from dedup.errors import IndexFormatError
from dedup.hashing import HashedFeed, hash_batch
from dedup.header import check, describe, settings_of
from dedup.incoming import story_batch
from dedup.index import StoryIndex
from dedup.kernels.native.evidence import META_BITS
from dedup.kernels.native.phrases import STRIPPED
from dedup.settings import Settings
from tests.builders import at
from tests.indexes import HOUR, feed, judged, memory_url, said
from tests.test_index_equality import cut

FOOTERS = {
    "Daily Post": "Follow the Daily Post on every platform and sign up for our free morning newsletter before seven.",
    "Nordic Wire": "This report was produced by automated systems of the Nordic Wire and read by an editor on duty.",
}


def with_footers(stories):
    """The stories, published by two sources in turn, each with its footer."""
    sources = list(FOOTERS)
    return [
        story
        | {"source": sources[k % 2], "text": f"{story['text']}. {FOOTERS[sources[k % 2]]} {FOOTERS[sources[k % 2]]}"}
        for k, story in enumerate(stories)
    ]


def shortened(count):
    """Stories of 14 words of text, so that a footer is most of what they say."""
    return [
        story | {"text": " ".join(story["text"].split()[:11] + story["text"].split()[-3:])} for story in feed(count)
    ]


def learn(stories, settings=None):
    return learn_boilerplate([story_batch(stories)], settings or Settings())[0]


def test_what_two_publishers_put_under_every_story_is_learned_and_costs_no_duplicate():
    plain = shortened(300)
    stories = with_footers(plain)
    learned = learn(stories)
    phrases = {(source, phrase) for source, phrase, count in learned.phrases if count > 50}
    assert {source for source, _ in phrases} == set(FOOTERS)
    assert all(phrase.startswith(("follow the daily post on", "this report was produced")) for _, phrase in phrases)
    without = find_duplicates([story_batch([dict(story, source="") for story in plain])], Settings())
    found = find_duplicates([story_batch(stories)], Settings(boilerplate=learned.boilerplate))
    misled = find_duplicates([story_batch(stories)], Settings())
    assert found.leaders.tolist() == without.leaders.tolist()
    assert found.stripped == 300
    assert misled.duplicates != without.duplicates


def test_a_phrase_in_few_stories_or_few_of_them_all_is_not_learned():
    stories = feed(400, duplicates=0.0)
    for story in stories:
        story["source"] = "Daily Post"
    for story in stories[: LEAST_STORIES - 1]:
        story["text"] += " " + FOOTERS["Daily Post"]
    assert learn(stories).boilerplate == ""
    for story in stories[: LEAST_STORIES + 1]:  # six of four hundred are 1.5 %
        story["text"] += " " + FOOTERS["Daily Post"]
    assert learn(stories).boilerplate == ""
    for story in stories[10:20]:
        story["text"] += " " + FOOTERS["Daily Post"]
    assert learn(stories).phrases[0][0] == "Daily Post"


def test_versions_and_copies_of_one_story_teach_nothing():
    (story,) = feed(1)
    versions = [story | {"id": str(k), "source": "Daily Post", "text": f"{story['text']} {k} more"} for k in range(40)]
    assert learn(versions).boilerplate == ""


def test_versions_of_one_story_teach_nothing_though_the_window_lies_between_them():
    (story,) = feed(1)
    versions = [story | {"id": str(k), "source": "Daily Post", "published": at(1 + k)} for k in range(20)]
    assert learn(versions, Settings(window=HOUR)).boilerplate == ""


def test_the_order_of_the_stories_does_not_matter():
    stories = with_footers(shortened(200))
    mixed = random.Random(3).sample(stories, len(stories))  # noqa: S311  # an order, not a secret
    one, other = learn(stories), learn(mixed)
    assert one.boilerplate == other.boilerplate != ""


@pytest.mark.parametrize("bound", ["MOST_STORIES", "MOST_BYTES"])
def test_no_more_than_the_head_of_a_feed_is_held_and_no_batch_is_lost(monkeypatch, bound):
    rows = [story_batch(feed(200, seed=seed)) for seed in range(5)]
    monkeypatch.setattr(boilerplate, bound, {"MOST_STORIES": 500, "MOST_BYTES": 5 * rows[0].nbytes // 2}[bound])
    taken = []

    def batches():
        for part in rows:
            taken.append(part.num_rows)
            yield part

    learned, every = learn_boilerplate(batches(), Settings())
    assert sum(taken) == learned.stories == 600
    assert pa.Table.from_batches(every).equals(pa.Table.from_batches(rows))


def test_stories_learned_from_are_taken_in_as_they_are_without_what_was_learned(monkeypatch):
    monkeypatch.setattr(boilerplate, "MOST_STORIES", 400)
    mixed = [story for pair in zip(with_footers(shortened(300)), feed(300, seed=1), strict=True) for story in pair]
    batches = [story_batch(mixed[first : first + 200]) for first in range(0, 600, 200)]
    settings, hashed = Settings(keep="source:Nordic Wire"), HashedFeed()
    learned, rest = learn_boilerplate(batches, settings, hashed)
    assert (learned.stories, hashed.count, list(rest)) == (400, 400, batches[2:])
    expected = HashedFeed()
    for part in batches[:2]:
        expected.add(hash_batch(part, dataclasses.replace(settings, boilerplate=learned.boilerplate)))
    for name, array in expected.facts()._asdict().items():
        assert np.array_equal(getattr(hashed.facts(), name), array), name
    every = range(expected.keys.bands)
    assert all(np.array_equal(hashed.keys.column(band), expected.keys.column(band)) for band in every)
    assert hashed.preferences().tolist() == expected.preferences().tolist()
    assert pa.chunked_array(hashed.ids).to_pylist() == [story["id"] for story in mixed[:400]]
    assert 0 < np.count_nonzero(hashed.facts().meta[:, META_BITS] & STRIPPED) < 400


def test_nothing_is_learned_where_it_is_off_or_there_is_nothing():
    stories = story_batch(with_footers(shortened(50)))
    learned, every = learn_if("off", [stories], Settings())
    assert (learned.boilerplate, list(every)) == ("", [stories])
    learned, every = learn_if("learn", [], Settings())
    assert (learned.boilerplate, list(every)) == ("", [])


def test_people_are_told_which_phrases_of_which_source():
    line = describe_phrases(learn(with_footers(shortened(100))), 100)
    assert line.startswith("boilerplate: ")
    assert "phrases that 2 sources repeat do not count, in 100 stories; of the first 100 stories: " in line
    assert 'Nordic Wire "this report was produced by automated systems of t..." in 50' in line


def test_an_index_with_what_was_learned_decides_as_the_batch_engine_does():
    stories = with_footers(shortened(300))
    learned = learn(stories)
    settings = Settings(window=3 * HOUR, lateness=2 * HOUR, boilerplate=learned.boilerplate)
    url = memory_url()
    decisions = []
    for part in cut(stories, [40, 1, 7]):
        with StoryIndex.open(url, settings) as index:
            decisions += [index.add(part[0])] if len(part) == 1 else index.add_many(part)
    assert said(decisions) == judged(stories, settings)
    assert settings_of(describe(settings), "x") == settings
    with pytest.raises(IndexFormatError, match="was made with boilerplate"):
        check(describe(settings), dataclasses.replace(settings, boilerplate=""), "x")
    assert "boilerplate" not in json.loads(describe(Settings(window=60.0, lateness=0.0)))["settings"]
