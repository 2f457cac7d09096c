"""However stories reach an index, they get the decisions that one pass of the batch engine gives them."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dedup.index import StoryIndex
from tests.indexes import FEEDS, SERIES, SERIES_SETTINGS, SETTINGS, feed, judged, logged, memory_url, narrow, said


def cut(stories, sizes):
    """The stories in stretches of these sizes, over and over."""
    rest = iter(stories)
    return list(itertools.takewhile(bool, (list(itertools.islice(rest, size)) for size in itertools.cycle(sizes))))


SIZES = st.lists(st.integers(1, 7), min_size=1, max_size=4)


@given(FEEDS)
@settings(deadline=None, max_examples=60)
def test_stories_added_one_by_one(stories):
    with StoryIndex.open("memory://", SETTINGS) as index:
        assert said([index.add(story) for story in stories]) == judged(stories)


@given(FEEDS, SIZES)
@settings(deadline=None, max_examples=60)
def test_stories_added_in_slices(stories, sizes):
    with StoryIndex.open("memory://", SETTINGS) as index:
        assert said(d for part in cut(stories, sizes) for d in index.add_many(part)) == judged(stories)


@given(SERIES, SIZES)
@settings(deadline=None, max_examples=60)
def test_series_added_in_slices(stories, sizes):
    with StoryIndex.open("memory://", SERIES_SETTINGS) as index:
        decisions = said(d for part in cut(stories, sizes) for d in index.add_many(part))
        assert decisions == judged(stories, SERIES_SETTINGS)


@given(FEEDS, SIZES)
@settings(deadline=None, max_examples=40)
def test_workers_that_take_turns(stories, sizes):
    url = memory_url()
    workers = itertools.cycle([StoryIndex.open(url, SETTINGS) for _ in range(3)])
    decisions = [d for part, worker in zip(cut(stories, sizes), workers, strict=False) for d in worker.add_many(part)]
    assert said(decisions) == judged(stories)


@given(FEEDS, SIZES)
@settings(deadline=None, max_examples=40)
def test_stories_that_come_again_get_their_decisions_back_however_late(stories, sizes):
    url = memory_url()
    with StoryIndex.open(url, SETTINGS) as index:
        first = said(index.add_many(stories))
    with StoryIndex.open(url, SETTINGS) as index:
        again = [d for part in cut(stories, sizes) for d in index.add_many(part)]
        assert said(again) == first
        assert all(d.redelivered for d in again)
        assert index.stats().redelivered == index.stats().position == len(stories)


@given(FEEDS, SIZES)
@settings(deadline=None, max_examples=40)
def test_a_restart_at_any_point(stories, sizes):
    url = memory_url()
    decisions = []
    for part in cut(stories, sizes):
        with StoryIndex.open(url, SETTINGS) as index:
            decisions += index.add_many(part)
    assert said(decisions) == judged(stories)


@given(FEEDS, SIZES)
@settings(deadline=None, max_examples=40)
def test_questions_in_between_change_nothing(stories, sizes):
    with StoryIndex.open("memory://", SETTINGS) as index:
        decisions = []
        for part, story in zip(cut(stories, sizes), reversed(stories), strict=False):
            index.decide({**story, "id": "asked"})
            asked = index.decide(part[0])
            decisions += index.add_many(part)
            assert said([asked]) == said([decisions[-len(part)]])
        assert said(decisions) == judged(stories[: len(decisions)])


@given(FEEDS, SIZES)
@settings(deadline=None, max_examples=30)
def test_a_late_starter_answers_like_a_long_runner(stories, sizes):
    url = memory_url()
    runner = StoryIndex.open(url, SETTINGS)
    for part in cut(stories, sizes):
        runner.add_many(part)
        runner.expire()
        late = StoryIndex.open(url, SETTINGS)
        probe = {**part[0], "id": "probe"}
        assert late.decide(probe) == runner.decide(probe)
        undated = {**probe, "published": None}
        assert late.decide(undated) == runner.decide(undated)


@pytest.mark.parametrize("lateness", [0.0, 3 * 3600.0])
def test_a_long_feed_with_everything_at_once(lateness):
    stories = feed(3000, hours=90.0)
    for k in range(0, 3000, 7):
        stories[k]["published"] = None
    stories[100:900] = reversed(stories[100:900])
    settings_ = narrow(lateness=lateness, bucket_limit=32)
    url = memory_url()
    workers = [StoryIndex.open(url, settings_) for _ in range(2)]
    decisions = []
    for k, part in enumerate(cut(stories, [1, 40, 3, 333])):
        if k % 10 == 0:
            workers[k // 10 % 2] = StoryIndex.open(url, settings_)
        decisions += workers[k % 2].add_many(part)
    assert said(decisions) == judged(stories, settings_)
    assert max(worker.stats().stories for worker in workers) < 700
    assert workers[0].expire() > 2000
    assert len(logged(workers[0])) < 700
