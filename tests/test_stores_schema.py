"""Schema versions, files and tables that are not ours, and what Redis keeps."""

from __future__ import annotations

import json
import pathlib
import sqlite3

import pytest

import dedup.stores.postgres
import dedup.stores.redis
import dedup.stores.sqlite
from dedup.errors import IndexFormatError, StoreError
from dedup.stores import Row, Rows, open_store
from tests.services import new_name, session_of

SAMPLES = pathlib.Path(__file__).parent / "store_samples"
HEADER = b'{"format": 1}'
ROWS = [(2, Row("b", 20, b"\x00\xff", b"a story")), (3, Row("c\0", -30, b"", None))]  # what every sample holds


def assert_holds_the_sample(store):
    assert store.header() == HEADER
    assert store.read(0, 9, stories=True) == ROWS
    assert (store.last(), store.floor()) == (3, 2)
    assert store.get("b") == ROWS[0][1]._replace(story=None)
    assert store.append(3, Rows.of([Row("d", 40, b"d")]))
    assert store.expire(0) == 1
    assert [position for position, _ in store.read(0, 9)] == [2, 4]
    assert store.notes(0, 9) == []
    assert store.notes(store.add_note(b"said") - 1, 9) == [(1, b"said")]


def sqlite_sample(path, version):
    connection = sqlite3.connect(path)
    connection.executescript((SAMPLES / f"store-sqlite-{version}.sql").read_text("utf-8"))
    connection.close()
    return f"sqlite:///{path}"


def postgres_sample(server, version):
    import psycopg

    log = new_name()
    with psycopg.connect(server.url("x").partition("?")[0]) as connection:
        connection.execute((SAMPLES / f"store-postgres-{version}.sql").read_text("utf-8").replace("NAME", log))
    return server.url(log)


def redis_sample(server, version):
    log = new_name()
    with server.client() as client:
        for command in json.loads((SAMPLES / f"store-redis-{version}.json").read_text("utf-8")):
            client.execute_command(*(part.replace("NAME", log).encode("latin-1") for part in command))
    return server.url(log)


@pytest.mark.parametrize("version", range(1, len(dedup.stores.sqlite.MIGRATIONS) + 1))
def test_a_file_of_every_schema_is_read(tmp_path, version):
    with open_store(sqlite_sample(tmp_path / "old.db", version)) as store:
        assert_holds_the_sample(store)


@pytest.mark.service
@pytest.mark.parametrize("version", range(1, len(dedup.stores.postgres.MIGRATIONS) + 1))
def test_tables_of_every_schema_are_read(postgres_server, version):
    with open_store(postgres_sample(postgres_server, version)) as store:
        assert_holds_the_sample(store)


@pytest.mark.service
@pytest.mark.parametrize("version", range(1, len(dedup.stores.redis.MIGRATIONS) + 1))
def test_keys_of_every_schema_are_read(redis_server, version):
    with open_store(redis_sample(redis_server, version)) as store:
        assert_holds_the_sample(store)


def test_a_file_is_brought_to_the_next_schema_and_then_refused_by_this_release(tmp_path, monkeypatch):
    url = sqlite_sample(tmp_path / "old.db", 1)
    released = dedup.stores.sqlite.MIGRATIONS
    coming = (*released, ("CREATE TABLE coming (position INTEGER PRIMARY KEY)", "INSERT INTO coming VALUES (7)"))
    monkeypatch.setattr(dedup.stores.sqlite, "MIGRATIONS", coming)
    for _ in range(2):  # the second finds it done
        with open_store(url) as store:
            assert session_of(store).run(lambda connection: connection.execute("SELECT * FROM coming").fetchall()) == [
                (7,)
            ]
    with open_store(url) as store:
        assert_holds_the_sample(store)
    monkeypatch.setattr(dedup.stores.sqlite, "MIGRATIONS", released)
    with pytest.raises(IndexFormatError, match=r"has schema 3, this release reads up to 2; upgrade .*, or rebuild"):
        open_store(url)


def test_a_migration_that_fails_changes_nothing(tmp_path, monkeypatch):
    url = sqlite_sample(tmp_path / "old.db", 1)
    coming = (*dedup.stores.sqlite.MIGRATIONS, ("DROP TABLE stories", "CREATE TABLE log (x)"))
    with monkeypatch.context() as patch:
        patch.setattr(dedup.stores.sqlite, "MIGRATIONS", coming)
        with pytest.raises(StoreError, match="already exists"):
            open_store(url)
    with open_store(url) as store:
        assert_holds_the_sample(store)


@pytest.mark.service
def test_tables_are_brought_to_the_next_schema_and_then_refused_by_this_release(postgres_server, monkeypatch):
    url = postgres_sample(postgres_server, 1)
    released = dedup.stores.postgres.MIGRATIONS
    broken = (*released, ("DROP TABLE {stories}", "CREATE INDEX ON {nothing} (x)".replace("{nothing}", "no_table")))
    coming = (*released, ("ALTER TABLE {entries} ADD note text", "UPDATE {entries} SET note = id::text"))
    with monkeypatch.context() as patch:
        patch.setattr(dedup.stores.postgres, "MIGRATIONS", broken)
        with pytest.raises(StoreError, match="no_table"):
            open_store(url)
    with monkeypatch.context() as patch:
        patch.setattr(dedup.stores.postgres, "MIGRATIONS", coming)
        for _ in range(2):
            with open_store(url) as store:
                assert store.read(0, 9, stories=True) == ROWS
    assert dedup.stores.postgres.MIGRATIONS is released
    with pytest.raises(IndexFormatError, match=r"has schema 3, this release reads up to 2; upgrade .*, or rebuild"):
        open_store(url)


@pytest.mark.service
def test_keys_are_brought_to_the_next_schema_and_then_refused_by_this_release(redis_server, monkeypatch):
    url = redis_sample(redis_server, 1)
    released = dedup.stores.redis.MIGRATIONS
    with monkeypatch.context() as patch:
        patch.setattr(dedup.stores.redis, "MIGRATIONS", (*released, "redis.call('HINCRBY', KEYS[1], 'note', 1)"))
        for _ in range(2):
            with open_store(url) as store:
                assert redis_server.client().hget(f"{{{url.partition('name=')[2]}}}:log", "note") == b"1"
                assert store.read(0, 9, stories=True) == ROWS
    with pytest.raises(IndexFormatError, match=r"has schema 2, this release reads up to 1; upgrade .*, or rebuild"):
        open_store(url)


def test_a_file_of_another_kind_is_refused(tmp_path):
    (tmp_path / "notes.db").write_text("these are my notes\n" * 100)
    with pytest.raises(IndexFormatError, match="is a file of another kind"):
        open_store(f"sqlite:///{tmp_path}/notes.db")


def test_a_database_of_something_else_is_refused_and_left_alone(tmp_path):
    path = tmp_path / "books.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE books (title)")
    connection.close()
    before = path.read_bytes()
    with pytest.raises(IndexFormatError, match="a database of something else"):
        open_store(f"sqlite:///{path}")
    assert path.read_bytes() == before


@pytest.mark.service
def test_tables_of_something_else_are_refused_and_left_alone(postgres_server):
    import psycopg

    log = new_name()
    with psycopg.connect(postgres_server.url("x").partition("?")[0]) as connection:
        connection.execute(f"CREATE TABLE {log}_entries (title text)")
    with pytest.raises(IndexFormatError, match=r"give the store a name of its own with name="):
        open_store(postgres_server.url(log))


@pytest.mark.service
def test_a_log_that_was_replaced_is_noticed(postgres_server, redis_server, tmp_path):
    def replace(store, kind):
        if kind == "redis":
            keys = session_of(store).run(lambda client: client.keys(store._prefix + b"*"))
            session_of(store).run(lambda client: client.delete(*keys))
        elif kind == "postgres":
            session_of(store).run(lambda connection: connection.execute(store._sql("TRUNCATE {log}, {entries}")))
        else:
            session_of(store).run(lambda connection: connection.executescript("DELETE FROM log; DELETE FROM entries"))

    for kind, url in (
        ("sqlite", f"sqlite:///{tmp_path}/a.db"),
        ("redis", redis_server.url(new_name())),
        ("postgres", postgres_server.url(new_name())),
    ):
        with open_store(url) as store:
            store.create(HEADER)
            store.append(0, Rows.of([Row("a", 1, b"")]))
            replace(store, kind)
            with pytest.raises(StoreError, match="is not the log it was"):
                store.append(1, Rows.of([Row("b", 1, b"")]))
            with open_store(url) as fresh:
                fresh.create(HEADER)
                fresh.append(0, Rows.of([Row("x", 1, b""), Row("y", 1, b"")]))
            for expected in (1, 2):
                with pytest.raises(StoreError, match="is not the log it was"):
                    store.append(expected, Rows.of([Row("b", 1, b"")]))


@pytest.mark.service
def test_every_redis_key_but_the_log_and_notes_expires(redis_server):
    log = new_name()
    kept = {f"{{{log}}}:log", f"{{{log}}}:notes"}
    with open_store(redis_server.url(log) + "&ttl=2h") as store:
        store.create(HEADER)
        store.append(0, Rows.of([Row(str(k), k, b"record", b"story") for k in range(3000)]))
        store.add_note(b"said")
        client = redis_server.client()
        lives = {key.decode(): client.ttl(key) for key in client.keys(f"*{log}*")}
        assert {key for key, seconds in lives.items() if seconds == -1} == kept
        assert all(7190 <= seconds <= 7200 for key, seconds in lives.items() if key not in kept)
        assert store.expire(3000) == 3000
        assert {key.decode() for key in client.keys(f"*{log}*")} == kept


@pytest.mark.service
def test_who_is_a_few_rows_behind_asks_redis_for_those_alone(redis_server):
    with open_store(redis_server.url(new_name())) as store:
        store.create(HEADER)
        store.append(0, Rows.of([Row(str(k), k, b"record") for k in range(1, 41)]))
        client = redis_server.client()
        before = client.info("stats")["total_net_input_bytes"]
        assert len(store.read(10, 20_000)) == 30
        assert client.info("stats")["total_net_input_bytes"] - before < 2_000  # 30 positions, not thousands


@pytest.mark.service
def test_slices_that_redis_let_expire_are_passed_over(redis_server):
    log = new_name()
    with open_store(redis_server.url(log)) as store:
        store.create(HEADER)
        store.append(0, Rows.of([Row(str(k), k, b"record", b"story") for k in range(1, 3001)]))
        client = redis_server.client()
        assert client.delete(f"{{{log}}}:rows:0", f"{{{log}}}:rows:2", f"{{{log}}}:texts:0") == 3
        assert store.floor() == 1024
        assert store.get("7") is None
        assert store.stories(["7", "1500"]) == {"1500": b"story"}
        assert [position for position, _ in store.read(0, 9999)] == list(range(1024, 2048))
        assert store.expire(9999) == 1024
        assert (store.floor(), store.last()) == (3001, 3000)
