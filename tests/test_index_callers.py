"""Who calls an index: listeners, loggers, threads, event loops, forked children."""

from __future__ import annotations

import asyncio
import logging
import multiprocessing
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

import dedup
from dedup.decision import Decision
from dedup.index import StoryIndex
from dedup.settings import Settings
from tests.builders import at
from tests.indexes import OTHER, STORY, feed, judged, logged, said


@pytest.fixture
def index():
    with StoryIndex.open("memory://") as index:
        yield index


def test_who_listens_hears_of_what_was_added():
    heard: list[tuple[Decision, int]] = []
    with StoryIndex.open("memory://", on_decision=lambda d: heard.append((d, listened.stats().position))) as listened:
        listened.add(STORY)
        listened.add(STORY)
        listened.decide(OTHER)
        listened.add(OTHER)
    assert [(d.id, position) for d, position in heard] == [("a", 1), ("z", 2)]


def test_who_listens_hears_of_all_that_was_added_though_one_was_too_much():
    heard = []

    def listen(decision):
        heard.append(decision.id)
        if decision.id in ("s1", "s2"):
            raise RuntimeError(decision.id)

    with StoryIndex.open("memory://", on_decision=listen) as index:
        with pytest.raises(RuntimeError, match="s1"):
            index.add_many(feed(4))
        assert heard == [story["id"] for story in logged(index)] == ["s0", "s1", "s2", "s3"]


def test_decisions_are_logged_with_their_fields(index, caplog):
    with caplog.at_level(logging.DEBUG, logger="dedup.index"):
        index.add(STORY)
    (record,) = (record for record in caplog.records if record.message == "decided")
    assert record.decision["verdict"] == "new"


def test_counters_are_exposed_as_prometheus_reads_them(index):
    index.add(STORY)
    lines = index.stats().expose().splitlines()
    assert "# TYPE dedup_new_total counter" in lines
    assert "dedup_new_total 1" in lines
    assert "dedup_stories 1" in lines
    assert f"dedup_latest_seconds {at(1).timestamp()!r}" in lines


def test_threads_take_turns():
    stories = feed(1200)
    with StoryIndex.open("memory://") as index:
        threads = [
            threading.Thread(target=lambda k=k: [index.add(story) for story in stories[k % 2 :: 2]]) for k in range(4)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        log = logged(index)
        assert sorted(story["id"] for story in log) == sorted(story["id"] for story in stories)
        assert said(index.add_many(log)) == judged(log, Settings())


def test_asyncio_goes_through_threads():
    stories = feed(60)

    async def ingest(index):
        return await asyncio.gather(*(asyncio.to_thread(index.add, story) for story in stories))

    # In a thread of its own, since the browser of other tests leaves a loop running in this one.
    with StoryIndex.open("memory://") as index, ThreadPoolExecutor(1) as alone:
        decisions = alone.submit(lambda: asyncio.run(ingest(index))).result()
        assert sorted(d.position for d in decisions) == list(range(1, 61))


def _add_in_child(index, stories, results):
    results.put(said(index.add_many(stories)))


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_child_is_one_more_worker(tmp_path):
    fork = multiprocessing.get_context("fork")
    stories = feed(300)
    with StoryIndex.open(f"sqlite:///{tmp_path}/stories.db") as index:
        index.add_many(stories[:100])
        results = fork.Queue()
        child = fork.Process(target=_add_in_child, args=(index, stories[100:200], results))
        child.start()
        from_child = results.get(timeout=60)
        child.join()
        rest = index.add_many(stories[200:])
        assert from_child + said(rest) == judged(stories, Settings())[100:]


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_child_forked_in_the_middle_of_a_decision_reads_the_log_anew(tmp_path):
    fork = multiprocessing.get_context("fork")
    stories = feed(200)
    with StoryIndex.open(f"sqlite:///{tmp_path}/stories.db") as index:
        index.add_many(stories[:100])
        index._replica._sound = False  # as another thread of the parent leaves it
        with index._replica._lock:
            results = fork.Queue()
            child = fork.Process(target=_add_in_child, args=(index, stories[100:], results))
            child.start()
            from_child = results.get(timeout=60)
            child.join()
        assert from_child == judged(stories, Settings())[100:]


def test_public_names():
    assert dedup.StoryIndex is StoryIndex
    assert dedup.Decision is Decision
