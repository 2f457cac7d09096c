"""A process forks with a store or an index open: parent, child and others go on as if each had opened it itself."""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
import threading
import time

import pytest

from dedup.index import StoryIndex
from dedup.stores import Row, Rows, open_store
from tests.services import session_of

pytestmark = pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
FORK = multiprocessing.get_context("fork")
PATIENCE = 30.0
SEEN = "import sys; from dedup.stores import open_store; print(open_store(sys.argv[1]).last())"


@pytest.fixture
def url(tmp_path):
    return f"sqlite:///{tmp_path}/a.db"


def row(name):
    return Row(name, 1, b"r" * 2000)


def test_what_a_child_appends_outlives_the_parent(url):
    """The parent closes while the child goes on: that must not remove the log that the child writes to."""
    told, go = FORK.Queue(), FORK.Event()
    store = open_store(url)
    store.create(b"{}")
    store.append(0, Rows.of([row("a")]))

    def append():
        store.last()
        told.put("open")
        go.wait(PATIENCE)
        told.put([store.append(k, Rows.of([row(str(k))])) for k in range(1, 21)])
        go.clear()
        go.wait(PATIENCE)

    child = FORK.Process(target=append)
    child.start()
    assert told.get(timeout=PATIENCE) == "open"
    store.close()
    go.set()
    assert told.get(timeout=PATIENCE) == [True] * 20
    seen = subprocess.run([sys.executable, "-c", SEEN, url], check=True, capture_output=True, text=True)
    assert seen.stdout == "21\n"
    child.kill()
    child.join(PATIENCE)
    with open_store(url) as after:
        assert [entry.id for _, entry in after.read(0, 30)] == ["a", *map(str, range(1, 21))]


def test_a_relative_path_leads_to_one_file_wherever_the_process_has_gone(tmp_path, monkeypatch):
    """Each fork closes the file, and who goes on opens it again."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(tmp_path)
    with open_store("sqlite:///a.db") as store:
        store.create(b"{}")
        monkeypatch.chdir(elsewhere)
        child = FORK.Process(target=lambda: store.append(0, Rows.of([row("a")])))
        child.start()
        child.join(PATIENCE)
        assert child.exitcode == 0
        assert store.append(1, Rows.of([row("b")]))
    assert list(elsewhere.iterdir()) == []


def test_a_child_born_while_a_thread_appends_is_not_locked_out(url):
    stop = threading.Event()
    with open_store(f"{url}?retry=5") as store:
        store.create(b"{}")

        def work():
            while not stop.is_set():
                store.append(store.last(), Rows.of([row("a")]))

        def append():
            while not store.append(store.last(), Rows.of([row("b")])):
                pass

        thread = threading.Thread(target=work)
        thread.start()
        for _ in range(4):
            child = FORK.Process(target=append)
            child.start()
            child.join(PATIENCE)
            assert child.exitcode == 0
        stop.set()
        thread.join()
        assert [entry.id for _, entry in store.read(0, 10**6)].count("b") == 4


def test_a_child_born_while_a_thread_is_at_a_store_in_memory_has_a_whole_copy_of_it():
    stop = threading.Event()
    rows = [row(str(k)) for k in range(20_000)]
    with open_store("memory://") as store:
        store.create(b"{}")

        def work():
            while not stop.is_set():
                store.append(store.last(), Rows.of(rows))
                store.expire(2)

        def append():
            last = store.last()
            assert store.append(last, Rows.of([row("b")]))
            assert len(store.read(0, 10**6)) == last + 2 - store.floor()

        thread = threading.Thread(target=work)
        thread.start()
        children = [FORK.Process(target=append) for _ in range(20)]
        for child in children:
            child.start()
        deadline = time.monotonic() + PATIENCE
        for child in children:
            child.join(max(0.0, deadline - time.monotonic()))
        codes = [child.exitcode for child in children]
        stop.set()
        thread.join()
        for child in children:
            child.kill()
        assert codes == [0] * len(children)


def test_all_threads_of_a_child_take_turns_by_one_lock():
    """Made as the child is born: were it made by whoever comes first, two threads could each make one."""
    told = FORK.Queue()
    with StoryIndex.open("memory://") as index:

        def tell_pids():
            told.put((index._replica._pid, os.getpid()))

        child = FORK.Process(target=tell_pids)
        child.start()
        made, pid = told.get(timeout=PATIENCE)
        child.join(PATIENCE)
        assert made == pid != os.getpid()


def test_all_threads_of_a_child_use_one_connection(url):
    told = FORK.Queue()
    with open_store(url) as store:

        def tell_pids():
            told.put((session_of(store)._pid, os.getpid()))

        child = FORK.Process(target=tell_pids)
        child.start()
        made, pid = told.get(timeout=PATIENCE)
        child.join(PATIENCE)
        assert made == pid != os.getpid()
