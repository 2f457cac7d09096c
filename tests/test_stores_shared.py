"""Stores used by several processes, killed in the middle, and servers that go away and come back."""

from __future__ import annotations

import collections
import multiprocessing
import subprocess
import sys
import threading
import time
from typing import Any

import pytest

from dedup.errors import StoreError
from dedup.stores import Row, Rows, open_store
from tests.services import new_name, session_of

SPAWN = multiprocessing.get_context("spawn")
WORKERS, ROWS = 4, 300

SHARED = [
    "sqlite",
    pytest.param("redis_server", marks=pytest.mark.service),
    pytest.param("postgres_server", marks=pytest.mark.service),
]
SERVED = [each for each in SHARED if each != "sqlite"]


def url_of(request, tmp_path, kind):
    if kind == "sqlite":
        return f"sqlite:///{tmp_path}/shared.db"
    return request.getfixturevalue(kind).url(new_name())


def tail_and_append(url, worker, rows, barrier):
    """What a worker does: reads what the others appended, appends its own, in batches of 1 to 7."""
    with open_store(url) as store:
        store.create(b"header of %d" % worker)
        if barrier is not None:
            barrier.wait()
        last = done = 0
        while done < rows:
            count = min(1 + (worker + done) % 7, rows - done)
            batch = [Row(f"{worker}-{k}", k, b"%d" % worker * 100) for k in range(done, done + count)]
            while not store.append(last, Rows.of(batch)):
                while found := store.read(last, 50):
                    assert [position for position, _ in found] == list(range(last + 1, last + 1 + len(found)))
                    last = found[-1][0]
            last += count
            done += count


def everything(url):
    with open_store(url) as store:
        found, after = [], 0
        while rows := store.read(after, 1000):
            found += rows
            after = rows[-1][0]
        assert after == store.last()
        return found


def assert_every_row_once_and_in_order(found, workers, rows):
    assert [position for position, _ in found] == list(range(1, workers * rows + 1))
    by_worker = collections.defaultdict(list)
    for _, row in found:
        worker, number = row.id.split("-")
        by_worker[worker].append(int(number))
    assert by_worker == {str(worker): list(range(rows)) for worker in range(workers)}


@pytest.mark.parametrize("kind", SHARED)
def test_processes_that_append_at_once_lose_and_repeat_nothing(request, tmp_path, kind):
    url, barrier = url_of(request, tmp_path, kind), SPAWN.Barrier(WORKERS)
    workers = [SPAWN.Process(target=tail_and_append, args=(url, k, ROWS, barrier)) for k in range(WORKERS)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert [worker.exitcode for worker in workers] == [0] * WORKERS
    assert_every_row_once_and_in_order(everything(url), WORKERS, ROWS)


WRITER = """
import sys
from dedup.stores import Row, Rows, open_store
with open_store(sys.argv[1]) as store:
    store.create(b"header")
    last = store.last()
    while True:
        assert store.append(last, Rows.of([Row(str(last + k), last, b"record" * 100, b"story") for k in range(1, 8)]))
        last += 7
        print(last, flush=True)
"""


def test_kill_9_loses_no_acknowledged_append_and_leaves_none_half_written(tmp_path):
    url, total = f"sqlite:///{tmp_path}/killed.db", 0
    for moment in range(12):
        writer = subprocess.Popen([sys.executable, "-c", WRITER, url], stdout=subprocess.PIPE, text=True)
        assert writer.stdout is not None
        acknowledged = int(writer.stdout.readline())  # it is under way
        time.sleep(moment * 7 % 12 / 250)
        writer.kill()
        acknowledged = max([acknowledged, *map(int, writer.stdout.read().split("\n")[:-1])])
        writer.wait()
        writer.stdout.close()
        found = everything(url)
        assert acknowledged <= len(found) <= acknowledged + 7
        assert len(found) % 7 == 0
        assert [(position, row.id) for position, row in found] == [(k, str(k)) for k in range(1, len(found) + 1)]
        assert len(found) > total
        total = len(found)
        with open_store(url) as store:
            assert len(store.stories([row.id for _, row in found])) == total


@pytest.mark.parametrize("kind", SERVED)
def test_a_server_that_restarts_under_load_costs_a_wait_and_nothing_else(request, tmp_path, kind):
    server, url = request.getfixturevalue(kind), url_of(request, tmp_path, kind)
    failures = []

    def work(worker):
        try:
            tail_and_append(url, worker, 1200, None)
        except BaseException as exc:
            failures.append(exc)
            raise

    workers = [threading.Thread(target=work, args=(worker,)) for worker in range(2)]
    for worker in workers:
        worker.start()
    with open_store(url) as store:
        for position in (200, 600):
            while store.last() < position:
                assert not failures
                time.sleep(0.005)
            server.kill()
            server.start()
        for worker in workers:
            worker.join()
        assert failures == []
        assert store.last() == 2400
    assert_every_row_once_and_in_order(everything(url), 2, 1200)


@pytest.mark.parametrize("kind", SERVED)
def test_a_server_that_stays_away_is_one_clear_error_and_can_come_back(request, tmp_path, kind):
    server, url = request.getfixturevalue(kind), url_of(request, tmp_path, kind) + "&retry=0.3"
    with open_store(url) as store:
        store.create(b"header")
        server.kill()
        try:
            started = time.monotonic()
            with pytest.raises(StoreError, match=r"has not answered for 0.3 s .* retry= sets") as caught:
                store.append(0, Rows.of([Row("a", 0, b"")]))
            assert time.monotonic() - started < 3
            assert "pa55word" not in str(caught.value)
        finally:
            server.start()
        assert store.append(0, Rows.of([Row("a", 0, b"")]))


class Deaf:
    """A connection that carries out what it is asked, but breaks before the answer arrives, as often as it is told."""

    def __init__(self, session, times, error):
        self.session, self.times, self.error, self.once = session, times, error, session._once
        session._once = self

    def __call__(self, operation):
        answer = self.once(operation)
        if self.times:
            self.times -= 1
            with self.session._lock:
                self.session._drop()
            raise self.error
        return answer


def broken(kind):
    if kind == "redis_server":
        import redis

        return redis.ConnectionError("gone")
    import psycopg

    return psycopg.OperationalError("gone")


@pytest.mark.parametrize("kind", SERVED)
def test_an_append_whose_answer_was_lost_is_not_written_twice(request, tmp_path, kind):
    url = url_of(request, tmp_path, kind)
    with open_store(url) as store, open_store(url) as other:
        store.create(b"header")
        Deaf(session_of(store), 2, broken(kind))
        assert store.append(0, Rows.of([Row("a", 1, b"1"), Row("b", 2, b"2")]))
        assert other.append(2, Rows.of([Row("c", 3, b"3")]))
        assert [row.id for _, row in other.read(0, 9)] == ["a", "b", "c"]


@pytest.mark.parametrize("kind", SERVED)
def test_an_append_whose_answer_was_lost_is_found_behind_those_of_others_and_after_expiry(request, tmp_path, kind):
    url = url_of(request, tmp_path, kind)
    with open_store(url) as store, open_store(url) as other:
        store.create(b"header")
        deaf = Deaf(session_of(store), 1, broken(kind))
        once = deaf.once

        def busy(operation):
            answer = once(operation)
            if deaf.times:  # between the write and the second try
                assert other.append(2, Rows.of([Row("c", 3, b"3")]))
                assert other.expire(2) == 1
            return answer

        deaf.once = busy
        assert store.append(0, Rows.of([Row("a", 1, b"1"), Row("b", 2, b"2")]))
        assert [(position, row.id) for position, row in other.read(0, 9)] == [(2, "b"), (3, "c")]


@pytest.mark.parametrize("kind", SERVED)
def test_an_append_beaten_by_another_after_a_lost_try_is_not_taken_for_written(request, tmp_path, kind):
    url = url_of(request, tmp_path, kind)
    with open_store(url) as store, open_store(url) as other:
        store.create(b"header")
        once, tries = session_of(store)._once, []

        def lost_before_it_was_sent(operation):
            tries.append(operation)
            if len(tries) == 1:
                assert other.header() == b"header"
                assert other.append(0, Rows.of([Row("theirs", 3, b"3")]))
                raise broken(kind)
            return once(operation)

        session_of(store)._once = lost_before_it_was_sent
        assert not store.append(0, Rows.of([Row("mine", 1, b"1")]))
        assert [row.id for _, row in other.read(0, 9)] == ["theirs"]


class Interrupted:
    """A Redis client whose pipeline lets somebody else do something between two slices of rows."""

    def __init__(self, client, between):
        self.client, self.between, self.commands = client, between, []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.commands = []

    def pipeline(self, **_):
        return self

    def hmget(self, *command):
        self.commands.append((self.client.hmget, command))

    def hget(self, *command):
        self.commands.append((self.client.hget, command))

    def execute(self):
        answers = [ask(*command) for ask, command in self.commands[:3]]
        self.between()
        return answers + [ask(*command) for ask, command in self.commands[3:]]


@pytest.mark.service
def test_an_append_across_two_slices_of_redis_is_never_read_by_half(redis_server):
    url = redis_server.url(new_name())
    with open_store(url) as store, open_store(url) as other:
        store.create(b"header")
        store.append(0, Rows.of([Row(str(k), k, b"") for k in range(1, 1021)]))
        coming = [Row(str(k), k, b"") for k in range(1021, 1031)]
        session = session_of(store)
        session._connection = Interrupted(session._connection, lambda: other.append(1020, Rows.of(coming)))
        assert [position for position, _ in store.read(1018, 99)] == [1019, 1020]
        session._connection = session._connection.client
        assert [position for position, _ in store.read(1020, 99)] == list(range(1021, 1031))


@pytest.mark.parametrize("kind", SERVED)
def test_a_wrong_password_is_refused_at_once_and_not_shown(request, tmp_path, kind):
    url = url_of(request, tmp_path, kind).replace("pa55word", "wr0ng")
    started = time.monotonic()
    with pytest.raises(StoreError, match=r"(?i)password") as caught:
        open_store(url)
    assert time.monotonic() - started < 5
    assert "wr0ng" not in str(caught.value)


def test_a_writer_who_holds_the_sqlite_file_too_long_is_one_clear_error(tmp_path):
    url = f"sqlite:///{tmp_path}/held.db?retry=0.2"
    with open_store(url) as store, open_store(url) as other:
        store.create(b"header")
        session_of(other).run(lambda connection: connection.execute("BEGIN IMMEDIATE"))
        with pytest.raises(StoreError, match=r"has not answered for 0.2 s \(database is locked\)"):
            store.append(0, Rows.of([Row("a", 0, b"")]))
        session_of(other).run(lambda connection: connection.execute("ROLLBACK"))
        assert store.append(0, Rows.of([Row("a", 0, b"")]))


def lose_end(store, kind, last):
    """Take back what was appended after a position, as a server does that had not written it down."""
    if kind == "redis_server":
        prefix = store._prefix

        def lose(client):
            for position, row in store.read(last, 1000):
                client.hdel(prefix + b"rows:0", position)
                client.zrem(prefix + b"id:" + row.id.encode(), position)
            client.hset(prefix + b"log", "last", last)

    else:

        def lose(connection):
            connection.execute(store._sql("DELETE FROM {entries} WHERE position > %s"), (last,))
            connection.execute(store._sql("UPDATE {log} SET last = %s"), (last,))

    store._session.run(lose)


@pytest.mark.parametrize("kind", SERVED)
@pytest.mark.parametrize("reads", [False, True])
def test_a_log_that_lost_its_end_is_told_though_another_has_gone_on(request, tmp_path, kind, reads):
    url = url_of(request, tmp_path, kind)
    with open_store(url) as one, open_store(url) as other, open_store(url) as third:
        one.create(b"{}")
        assert one.append(0, Rows.of([Row(f"a{k}", k, b"a") for k in range(8)]))
        assert len(other.read(0, 9)) == len(third.read(0, 9)) == 8
        lose_end(third, kind, 5)
        with open_store(url) as late:
            assert late.append(5, Rows.of([Row(f"b{k}", k, b"b") for k in range(5)]))
        for store in (one, other):
            with pytest.raises(StoreError, match="the server lost its end"):
                store.read(8, 9) if reads else store.append(8, Rows.of([Row("c", 1, b"c")]))
        with open_store(url) as late:
            assert [row.record for _, row in late.read(0, 99)] == [b"a"] * 5 + [b"b"] * 5


class Interrupt(BaseException):
    """What a signal raises in the middle of whatever is under way."""


def interrupt_answers(monkeypatch, kind):
    """The next command is sent, and what waits for its answer is interrupted."""
    owner: Any
    if kind == "redis_server":
        import redis

        owner, name = redis.Redis, "parse_response"
    else:
        import psycopg

        owner, name = psycopg.Connection, "wait"
    genuine = getattr(owner, name)

    def interrupted(_, *arguments, **__):
        monkeypatch.setattr(owner, name, genuine)
        if kind == "postgres_server":
            arguments[0].send(None)  # begins the command
        raise Interrupt

    monkeypatch.setattr(owner, name, interrupted)


@pytest.mark.parametrize("kind", SERVED)
def test_after_an_interrupted_call_each_is_answered_what_it_asks(request, tmp_path, kind, monkeypatch):
    with open_store(url_of(request, tmp_path, kind)) as store:
        store.create(b"header")
        store.append(0, Rows.of([Row("a", 1, b"1", b"story of a"), Row("b", 2, b"2", b"story of b")]))
        interrupt_answers(monkeypatch, kind)
        with pytest.raises(Interrupt):
            store.stories(["a"])
        assert [store.stories([name]) for name in "ba"] == [{"b": b"story of b"}, {"a": b"story of a"}]


def test_an_interrupted_append_holds_the_sqlite_file_up_for_nobody(tmp_path):
    url = f"sqlite:///{tmp_path}/a.db?retry=0"
    with open_store(url) as store, open_store(url) as other:
        store.create(b"header")

        def begin_and_be_interrupted(connection):
            connection.execute("BEGIN IMMEDIATE")
            raise Interrupt

        with pytest.raises(Interrupt):
            session_of(store).run(begin_and_be_interrupted)
        assert other.append(0, Rows.of([Row("a", 1, b"")]))
