"""Many workers on one store at once, and stores and workers that go down in the middle."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import random
import sqlite3
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from dedup.errors import SettingsError, StoreError
from dedup.index import StoryIndex
from dedup.settings import Settings
from tests.indexes import feed, judged, logged, said
from tests.services import new_name

COUNT = int(os.environ.get("DEDUP_SHARED_STORIES", "1000"))
PATIENCE = 300 + COUNT // 20  # seconds
WORKERS = 4
SPAWN = multiprocessing.get_context("spawn")
FORK = multiprocessing.get_context("fork")


def work(url, stories, step, barrier, results):
    """One worker process: add stories, some at once, and hand the decisions over."""
    with StoryIndex.open(url) as index:
        barrier.wait(timeout=120)
        decisions = [d for first in range(0, len(stories), step) for d in index.add_many(stories[first : first + step])]
        results.put([(d.id, d.verdict, d.cluster_id, d.kind, d.position, d.redelivered) for d in decisions])


def run_workers(url, stories, step):
    """The decisions that each of four processes got, every story going to two of them."""
    StoryIndex.open(url).close()
    barrier, results = SPAWN.Barrier(WORKERS), SPAWN.Queue()
    processes = [
        SPAWN.Process(target=work, args=(url, stories[k % 2 :: 2], step, barrier, results)) for k in range(WORKERS)
    ]
    for process in processes:
        process.start()
    found = [results.get(timeout=PATIENCE) for _ in processes]
    for process in processes:
        process.join()
        assert process.exitcode == 0
    return [decision for one in found for decision in one]


def assert_one_answer(url, stories, decisions):
    """Every story is in the log once, and all was decided as the batch engine decides the log."""
    with StoryIndex.open(url) as index:
        log = logged(index)
        assert sorted(story["id"] for story in log) == sorted(story["id"] for story in stories)
        expected = dict(zip((story["id"] for story in log), judged(log, Settings()), strict=True))
        assert said(index.add_many(log)) == list(expected.values())
    for name, _, cluster, kind, position, _ in decisions:
        assert (cluster, kind) == expected[name]
        assert log[position - 1]["id"] == name
    new = [name for name, verdict, *_, redelivered in decisions if verdict == "new" and not redelivered]
    assert sorted(new) == sorted(name for name, (_, kind) in expected.items() if kind is None)
    assert len(decisions) == 2 * len(stories)


@pytest.mark.parametrize("step", [1, 50])
def test_four_processes_on_one_sqlite_file(tmp_path, step):
    url, stories = f"sqlite:///{tmp_path}/stories.db", feed(COUNT)
    assert_one_answer(url, stories, run_workers(url, stories, step))


@pytest.mark.service
def test_four_processes_on_one_redis(redis_server):
    url, stories = redis_server.url(new_name()), feed(COUNT)
    assert_one_answer(url, stories, run_workers(url, stories, 1))


@pytest.mark.service
def test_four_processes_on_one_postgres(postgres_server):
    url, stories = postgres_server.url(new_name()), feed(COUNT)
    assert_one_answer(url, stories, run_workers(url, stories, 1))


def restart_under_load(server, url):
    stories = feed(COUNT)
    half_done = threading.Event()

    def add_all(k):
        with StoryIndex.open(url) as index:
            decisions = []
            for number, story in enumerate(stories[k % 2 :: 2]):
                decisions.append(index.add(story))
                if number == COUNT // 8:
                    half_done.set()
            return [(d.id, d.verdict, d.cluster_id, d.kind, d.position, d.redelivered) for d in decisions]

    StoryIndex.open(url).close()
    with ThreadPoolExecutor(WORKERS) as pool:
        futures = [pool.submit(add_all, k) for k in range(WORKERS)]
        half_done.wait(timeout=60)
        server.kill()
        time.sleep(0.3)
        server.start()
        decisions = [decision for future in futures for decision in future.result()]
    assert_one_answer(url, stories, decisions)


@pytest.mark.service
def test_a_redis_that_would_forget_before_the_index_does_is_refused(redis_server):
    url, settings = redis_server.url(new_name()), Settings(window=48 * 3600.0, lateness=1800.0)
    expected = (
        r"^redis://127.0.0.1:\d+/0\?name=\w+ lets stories go after 48 h .* together are 49 h; write ttl=49h or more"
    )
    with pytest.raises(SettingsError, match=expected) as caught:
        StoryIndex.open(url + "&ttl=2d", settings)
    assert "\n" not in str(caught.value)
    with pytest.raises(SettingsError, match="write ttl=1008h or more into its URL"):
        StoryIndex.open(url, Settings(window=21 * 86_400.0))
    StoryIndex.open(url + "&ttl=49h", settings).close()


@pytest.mark.service
def test_redis_restarted_under_load(redis_server):
    restart_under_load(redis_server, redis_server.url(new_name()) + "&retry=30")


@pytest.mark.service
def test_postgres_restarted_under_load(postgres_server):
    restart_under_load(postgres_server, postgres_server.url(new_name()) + "&retry=30")


@pytest.mark.service
def test_a_store_that_stays_away_is_an_error_and_not_the_end_of_the_index(redis_server):
    stories = feed(20)
    with StoryIndex.open(redis_server.url(new_name()) + "&retry=0.3") as index:
        index.add_many(stories[:10])
        redis_server.kill()
        try:
            with pytest.raises(StoreError, match="is it running and reachable"):
                index.add(stories[10])
        finally:
            redis_server.start()
        assert said(index.add_many(stories[10:])) == judged(stories, Settings())[10:]


def add_until_killed(url, stories, acknowledged):
    with StoryIndex.open(url) as index:
        for story in stories:
            decision = index.add(story)
            os.write(acknowledged, f"{decision.id} {decision.cluster_id} {decision.kind}\n".encode())


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_kill_9_loses_nothing_that_was_acknowledged(tmp_path):
    rounds = int(os.environ.get("DEDUP_KILLS", "8"))
    url, stories = f"sqlite:///{tmp_path}/stories.db", feed(400 * rounds)
    StoryIndex.open(url).close()
    draw = random.Random(7)  # noqa: S311  # moments, not secrets
    acknowledged: list[tuple[str, ...]] = []
    for _ in range(rounds):
        done = max(0, len(acknowledged) - 100)
        reader, writer = os.pipe()
        child = FORK.Process(target=add_until_killed, args=(url, stories[done:], writer))
        child.start()
        os.close(writer)
        time.sleep(draw.uniform(0.02, 0.4))
        child.kill()
        child.join()
        with os.fdopen(reader, "rb") as pipe:
            lines = pipe.read().splitlines(keepends=True)[:-1]  # the last may be half a line
            acknowledged = list(dict.fromkeys([*acknowledged, *(tuple(line.decode().split()) for line in lines)]))
        with contextlib.closing(sqlite3.connect(tmp_path / "stories.db")) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    with StoryIndex.open(url) as index:
        log = logged(index)
        assert [story["id"] for story in log] == [story["id"] for story in stories[: len(log)]]
        expected = {
            story["id"]: (cluster, str(kind))
            for story, (cluster, kind) in zip(log, judged(log, Settings()), strict=True)
        }
        assert acknowledged
        for name, cluster, kind in acknowledged:
            assert expected[name] == (cluster, kind)
        assert said(index.add_many(stories)) == judged(stories, Settings())
