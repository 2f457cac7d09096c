"""The write-ahead log of a SQLite store is copied into the database behind the back of those who append."""

from __future__ import annotations

import logging
import multiprocessing
import sqlite3
import threading
import time

import pytest

from dedup.stores import Row, Rows, checkpoints, open_store
from dedup.stores.checkpoints import Checkpoints

STORY = b"s" * 3000


@pytest.fixture
def path(tmp_path):
    return tmp_path / "a.db"


@pytest.fixture(autouse=True)
def _often(monkeypatch):
    """Checkpoints every few rows, and a log begun anew after some more."""
    monkeypatch.setattr(checkpoints, "_ENOUGH", 64 << 10)
    monkeypatch.setattr(checkpoints, "LONGEST_LOG", 100)


def append(store, first, count):
    for position in range(first, first + count):
        assert store.append(position, Rows.of([Row(f"n{position}", 0, b"record", STORY)]))


def until(holds, seconds=20.0):
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def workers():
    return [thread for thread in threading.enumerate() if thread.name == "dedup-checkpoints"]


def test_no_append_checkpoints_and_the_thread_does(path):
    with open_store(f"sqlite:///{path}") as store:
        store.create(b"{}")
        append(store, 0, 2)
        assert not workers()  # not worth it yet
        before = path.stat().st_size
        append(store, 2, 60)
        until(lambda: path.stat().st_size > before)
    assert not workers()
    with open_store(f"sqlite:///{path}") as store:
        assert store.last() == 62


def test_the_log_is_begun_anew_under_steady_appends(path):
    with open_store(f"sqlite:///{path}") as store:
        store.create(b"{}")
        log = path.with_name("a.db-wal")

        def appended():
            append(store, store.last(), 50)
            return store.last() >= 2000

        until(appended)
        assert log.stat().st_size < 2000 * 4096  # each row writes four pages or so
        assert [name for _, (name, *_) in store.read(1998, 9)] == ["n1998", "n1999"]


def test_a_reader_that_holds_the_log_back_stops_nobody(path):
    with open_store(f"sqlite:///{path}") as store:
        store.create(b"{}")
        reader = sqlite3.connect(path, isolation_level=None)
        reader.execute("BEGIN")
        assert reader.execute("SELECT last FROM log").fetchone() == (0,)
        append(store, 0, 300)
        assert reader.execute("SELECT last FROM log").fetchone() == (0,)
        reader.execute("COMMIT")
        assert reader.execute("SELECT last FROM log").fetchone() == (300,)
        reader.close()


def test_a_child_forked_at_any_moment_of_a_checkpoint_goes_on_with_a_thread_of_its_own(path):
    fork = multiprocessing.get_context("fork")
    answers = fork.Queue()
    with open_store(f"sqlite:///{path}") as store:
        store.create(b"{}")

        def go_on():
            append(store, store.last(), 25)
            answers.put(len(workers()))
            store.close()

        for _ in range(5):
            append(store, store.last(), 25)  # the last of which begins one
            child = fork.Process(target=go_on)
            child.start()
            assert answers.get(timeout=30) == 1
            child.join(30)
            assert child.exitcode == 0
        assert store.last() == 250


def test_a_checkpoint_that_cannot_be_is_told_and_tried_again(caplog):
    def refuse():
        raise sqlite3.OperationalError("disk I/O error")

    work = Checkpoints("sqlite:///a.db", refuse)
    with caplog.at_level(logging.WARNING, "dedup.stores"):
        for count in (1, 2):
            work.wrote(1 << 30)
            until(lambda count=count: len(caplog.records) == count)
    work.close()
    assert caplog.messages == ["no checkpoint: sqlite:///a.db: disk I/O error"] * 2
