"""One contract, every store."""

from __future__ import annotations

import secrets
import subprocess
import sys
import threading

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from dedup.errors import StoreError
from dedup.stores import Row, Rows, open_store

SERVERS = {"redis": "redis_server", "redis_cluster": "redis_cluster", "postgres": "postgres_server"}
KINDS = ["memory", "sqlite", *(pytest.param(kind, marks=pytest.mark.service) for kind in SERVERS)]


@pytest.fixture(params=KINDS)
def new_url(request, tmp_path):
    """Makes URLs of stores that are not there yet."""
    if request.param == "memory":
        return lambda: f"memory://{secrets.token_hex(8)}"
    if request.param == "sqlite":
        return lambda: f"sqlite:///{tmp_path / secrets.token_hex(8)}.db"
    server = request.getfixturevalue(SERVERS[request.param])
    return lambda: server.url(f"t{secrets.token_hex(8)}")


@pytest.fixture
def url(new_url):
    return new_url()


@pytest.fixture
def store(url):
    with open_store(url) as store:
        store.create(b"{}")
        yield store


def row(name, published_us=0, record=b"record", story=None):
    return Row(name, published_us, record, story)


def names(found):
    return [(position, each.id) for position, each in found]


def test_a_new_store_is_empty_and_has_no_header(url):
    with open_store(url) as store:
        assert (store.header(), store.last(), store.floor(), store.read(0, 9)) == (None, 0, 1, [])
        assert store.get("a") is None
        assert store.stories(["a"]) == {}
        assert store.expire(1) == 0


def test_nothing_is_appended_before_there_is_a_header(url):
    with open_store(url) as store, pytest.raises(StoreError, match="create it first"):
        store.append(0, Rows.of([row("a")]))


def test_the_first_header_stands(url):
    with open_store(url) as one, open_store(url) as other:
        assert one.create(b'{"seed": 1}') == b'{"seed": 1}'
        assert other.create(b'{"seed": 2}') == b'{"seed": 1}'
        assert other.header() == one.header() == b'{"seed": 1}'


def test_rows_come_back_in_order_and_whole(store):
    rows = [
        row("a", 5, bytes(range(256)), b"a story"),
        row("b\0\N{SNOWMAN}'\"; --", -(2**62), b""),
        row("c" * 5000, 2**62, b"\0" * 2048, b""),
        row("", 0, b"x"),
    ]
    assert store.append(0, Rows.of(rows))
    assert store.read(0, 9, stories=True) == list(enumerate(rows, 1))
    assert store.read(0, 9) == [(k, each._replace(story=None)) for k, each in enumerate(rows, 1)]
    for each in rows:
        assert store.get(each.id) == each._replace(story=None)
    assert store.stories([each.id for each in rows]) == {"a": b"a story", "c" * 5000: b""}


def test_an_append_at_a_position_already_taken_writes_nothing(store):
    assert store.append(0, Rows.of([row("a"), row("b")]))
    assert not store.append(0, Rows.of([row("c")]))
    assert not store.append(1, Rows.of([row("c"), row("d"), row("e")]))
    assert names(store.read(0, 9)) == [(1, "a"), (2, "b")]
    assert store.last() == 2


def test_an_append_past_the_end_means_that_the_log_was_lost(store):
    with pytest.raises(StoreError, match=r"end|emptied"):
        store.append(7, Rows.of([row("a")]))
    assert store.read(0, 9) == []


def test_an_append_of_nothing_tells_whether_the_position_is_the_last(store):
    store.append(0, Rows.of([row("a")]))
    assert store.append(1, Rows.of([]))
    assert not store.append(0, Rows.of([]))
    assert store.last() == 1


def test_reading_goes_on_from_a_position_in_pieces(store):
    store.append(0, Rows.of([row(str(k)) for k in range(1, 2501)]))
    after, pieces = 0, []
    while piece := store.read(after, 700):
        pieces.append(len(piece))
        assert [position for position, _ in piece] == list(range(after + 1, after + 1 + len(piece)))
        after = piece[-1][0]
    assert pieces == [700, 700, 700, 400]
    assert names(store.read(1499, 2)) == [(1500, "1500"), (1501, "1501")]
    assert store.read(2500, 9) == store.read(9999, 9) == []


def test_records_are_read_from_a_time_on_in_pieces(store):
    store.append(0, Rows.of([row(str(k), k % 4 - 2, b"record %d" % k) for k in range(1, 2501)]))
    store.expire(-1)
    after = 0
    found: list[tuple[int, str, bytes]] = []
    while (piece := store.records(after, 500, 0)).positions:
        assert len(piece.positions) == (500 if len(found) < 1000 else 250)
        found += zip(*piece, strict=True)
        after = piece.positions[-1]
    assert found == [(k, str(k), b"record %d" % k) for k in range(1, 2501) if k % 4 >= 2]
    assert store.records(2400, 1, 1).names == ["2403"]
    assert store.records(2500, 9, -9) == store.records(0, 9, 2) == ([], [], [])
    assert len(store.records(0, 5000, -(2**63)).names) == 1875


def test_expiry_drops_what_is_older_and_moves_nothing_else(store):
    store.append(0, Rows.of([row("a", 30), row("b", 10), row("c", 20, story=b"c"), row("d", 19), row("e", 40)]))
    assert store.expire(20) == 2
    assert names(store.read(0, 9)) == [(1, "a"), (3, "c"), (5, "e")]
    assert store.floor() == 1
    assert store.expire(35) == 2
    assert store.expire(35) == 0
    assert (store.floor(), store.last()) == (5, 5)
    assert store.get("c") is None
    assert store.stories(["c", "e"]) == {}
    assert store.append(5, Rows.of([row("f", 1)]))
    assert names(store.read(0, 9)) == [(5, "e"), (6, "f")]
    assert store.expire(100) == 2
    assert (store.floor(), store.last(), store.read(0, 9)) == (7, 6, [])


def test_expiry_of_many_rows_leaves_holes_that_reading_passes_over(store):
    store.append(0, Rows.of([row(str(k), k % 10) for k in range(12_000)]))
    assert store.expire(9) == 10_800
    assert [position for position, _ in store.read(0, 9)] == [10, 20, 30, 40, 50, 60, 70, 80, 90]
    assert len(store.read(0, 12_000)) == 1200
    store.append(12_000, Rows.of([row("far", 99)]))
    store.expire(90)
    assert names(store.read(0, 1)) == [(12_001, "far")]
    assert store.floor() == 12_001


def test_the_latest_row_of_an_id_is_its_last(store):
    store.append(0, Rows.of([row("a", 5, b"one", b"1"), row("a", 3, b"two", b"2"), row("b", 4)]))
    assert store.get("a") == row("a", 3, b"two")
    assert store.stories(["b", "a", "nobody"]) == {"a": b"2"}
    assert store.positions(["b", "a", "nobody"]) == {"a": 2, "b": 3}
    store.append(3, Rows.of([row("a", 9, b"three")]))
    assert store.stories(["a"]) == {}
    store.append(4, Rows.of([row("a", 1, b"four")]))
    store.expire(2)
    assert store.get("a") == row("a", 9, b"three")


def test_what_was_written_is_there_when_opened_again(url):
    with open_store(url) as store:
        store.create(b"header")
        store.append(0, Rows.of([row("a", 1, b"r", b"s")]))
    with open_store(url) as store:
        assert store.header() == b"header"
        assert store.read(0, 9, stories=True) == [(1, row("a", 1, b"r", b"s"))]
        assert store.append(1, Rows.of([row("b")]))


def test_notes_come_back_in_order_and_outlive_the_stories(url):
    with open_store(url) as store:
        store.create(b"{}")
        store.append(0, Rows.of([row("a", 1)]))
        numbers = [store.add_note(note) for note in (b"one", b"\0\xff", b"", b"four")]
        assert numbers == sorted(set(numbers))
        store.expire(9)
    with open_store(url) as store:
        assert store.notes(0, 9) == list(zip(numbers, (b"one", b"\0\xff", b"", b"four"), strict=True))
        assert store.notes(numbers[0], 2) == [(numbers[1], b"\0\xff"), (numbers[2], b"")]
        assert store.notes(numbers[-1], 9) == []


def test_stores_of_two_names_are_apart(new_url):
    with open_store(new_url()) as one, open_store(new_url()) as other:
        one.create(b"1")
        one.append(0, Rows.of([row("a", 1)]))
        assert (other.header(), other.last(), other.get("a")) == (None, 0, None)
        assert other.expire(9) == 0
        assert one.last() == 1


def test_a_closed_store_says_so_and_closes_twice(url):
    store = open_store(url)
    store.close()
    store.close()
    with pytest.raises(StoreError, match="is closed"):
        store.last()


def test_threads_share_a_store(store):
    def work(worker):
        for k in range(25):
            last = store.last()
            while not store.append(last, Rows.of([row(f"{worker}-{k}")])):
                last = store.last()

    threads = [threading.Thread(target=work, args=(worker,)) for worker in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = store.read(0, 999)
    assert [position for position, _ in found] == list(range(1, 101))
    assert {each.id for _, each in found} == {f"{worker}-{k}" for worker in range(4) for k in range(25)}


def test_two_who_create_at_once_agree(new_url):
    for _ in range(5):
        url, barrier = new_url(), threading.Barrier(4)
        standing: list[bytes] = []

        def work(worker, url=url, barrier=barrier, standing=standing):
            barrier.wait()
            with open_store(url) as store:
                standing.append(store.create(b"header of %d" % worker))

        threads = [threading.Thread(target=work, args=(worker,)) for worker in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(standing) == 4
        assert len(set(standing)) == 1


class Model(RuleBasedStateMachine):
    """A store beside a list of rows."""

    new_url = staticmethod(lambda: "memory://")

    @initialize()
    def start(self):
        self.url = self.new_url()
        self.store = open_store(self.url)
        self.store.create(b"{}")
        self.rows, self.last = {}, 0

    IDS = st.sampled_from(["a", "b", "c", "\0", "é\U0001f4f0"])
    ROWS = st.lists(
        st.builds(Row, IDS, st.integers(-3, 12), st.binary(max_size=40), st.none() | st.binary(max_size=9)), max_size=4
    )

    @rule(rows=ROWS, behind=st.sampled_from([0, 0, 0, 1, 2]))
    def append(self, rows, behind):
        expected = max(0, self.last - behind)
        written = self.store.append(expected, Rows.of(rows))
        assert written == (expected == self.last)
        if written:
            self.rows.update(enumerate(rows, self.last + 1))
            self.last += len(rows)

    @rule(after=st.integers(0, 30), limit=st.integers(1, 12), stories=st.booleans())
    def read(self, after, limit, stories):
        kept = [item for item in sorted(self.rows.items()) if item[0] > after][:limit]
        expected = kept if stories else [(k, each._replace(story=None)) for k, each in kept]
        assert self.store.read(after, limit, stories=stories) == expected

    @rule(before_us=st.integers(-4, 14))
    def expire(self, before_us):
        kept = {k: each for k, each in self.rows.items() if each.published_us >= before_us}
        assert self.store.expire(before_us) == len(self.rows) - len(kept)
        self.rows = kept

    @rule(name=IDS)
    def get(self, name):
        latest = [each for _, each in sorted(self.rows.items()) if each.id == name][-1:]
        assert self.store.get(name) == (latest[0]._replace(story=None) if latest else None)
        told = latest and latest[0].story is not None
        assert self.store.stories([name]) == ({name: latest[0].story} if told else {})
        places = [k for k, each in self.rows.items() if each.id == name]
        assert self.store.positions([name]) == ({name: max(places)} if places else {})

    @precondition(lambda self: self.url != "memory://")
    @rule()
    def reopen(self):
        self.store.close()
        self.store = open_store(self.url)

    @invariant()
    def ends_agree(self):
        if hasattr(self, "store"):
            assert self.store.last() == self.last
            assert self.store.floor() == min(self.rows, default=self.last + 1)

    def teardown(self):
        if hasattr(self, "store"):
            self.store.close()


def test_a_store_behaves_as_a_list(new_url):
    machine = type("StoreModel", (Model,), {"new_url": staticmethod(new_url)})
    run_state_machine_as_test(
        machine,
        settings=settings(max_examples=15, stateful_step_count=25, deadline=None, suppress_health_check=[*HealthCheck]),
    )


FORKING = """
import os, sys
from dedup.stores import Row, Rows, open_store

store = open_store(sys.argv[1])
store.create(b"header")
assert store.append(0, Rows.of([Row("parent", 0, b"")]))
child = os.fork()
if child == 0:
    assert [row.id for _, row in store.read(0, 9)] == ["parent"]
    assert store.append(1, Rows.of([Row("child", 0, b"")]))
    sys.exit(0)  # and so let go of all it inherited
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
for position in range(2, 9):
    assert store.append(position, Rows.of([Row("parent", 0, b"")]))
print([row.id for _, row in store.read(0, 3)])
store.close()
"""


def test_a_forked_child_opens_a_connection_of_its_own(url):
    if url.startswith("memory"):
        pytest.skip("a forked child has a copy of the memory")
    done = subprocess.run([sys.executable, "-c", FORKING, url], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("['parent', 'child', 'parent']\n", "")
