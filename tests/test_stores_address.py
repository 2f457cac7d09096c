"""What a store's URL may say, and that no message gives a password away."""

from __future__ import annotations

import builtins

import pytest

from dedup.errors import DedupError, SettingsError, StoreError
from dedup.stores import open_store
from dedup.stores.address import parse
from tests.services import PASSWORD, new_name, session_of

SECRET = "s3cr3t"  # noqa: S105


@pytest.mark.parametrize(
    ("url", "kind", "path", "label"),
    [
        ("sqlite:///a/b.db", "sqlite", "a/b.db", "sqlite:///a/b.db"),
        ("sqlite:////var/b.db?sync=full", "sqlite", "/var/b.db", "sqlite:////var/b.db"),
        ("sqlite:///two%20words%3F.db", "sqlite", "two words?.db", "sqlite:///two%20words%3F.db"),
        (f"redis://:{SECRET}@h:6379/2?name=news", "redis", "2", "redis://h:6379/2?name=news"),
        (f"rediss://me:{SECRET}@h/0?ssl_ca_certs=x", "redis", "0", "rediss://h/0"),
        (f"postgresql://me:{SECRET}@h/db?sslmode=require", "postgresql", "db", "postgresql://h/db"),
        (f"postgres://me@h1:1,[::1]:2/db?password={SECRET}", "postgresql", "db", "postgres://h1:1,[::1]:2/db"),
        ("memory://", "memory", "", "memory://"),
    ],
)
def test_a_url_is_taken_apart(url, kind, path, label):
    address = parse(url)
    assert (address.kind, address.path, address.label) == (kind, path, label)
    assert SECRET not in repr(address)


def test_our_options_do_not_go_to_the_driver():
    address = parse("postgresql://me:p%40ss@h/db?sslmode=require&name=news&retry=2.5&options=-c%20x%3D1")
    assert address.server == "postgresql://me:p%40ss@h/db?sslmode=require&options=-c%20x%3D1"
    assert (address.name, address.retry) == ("news", 2.5)


@pytest.mark.parametrize(
    ("url", "server"),
    [
        ("postgresql:///db?host=/run/postgresql&name=x", "postgresql:///db?host=/run/postgresql"),
        ("postgresql://me@/db?host=/run/postgresql", "postgresql://me@/db?host=/run/postgresql"),
        ("redis:///0", "redis:///0"),
        ("redis://?retry=1", "redis://"),
    ],
)
def test_a_url_without_a_host_is_the_drivers_usual_one(url, server):
    assert parse(url).server == server


@pytest.mark.service
def test_postgres_is_reached_by_its_socket(postgres_server):
    folder, port = postgres_server.folder, postgres_server.port
    url = f"postgresql:///postgres?host={folder}&port={port}&user=tester&password={PASSWORD}&name={new_name()}"
    with open_store(url) as store:
        assert store.create(b"header") == b"header"


@pytest.mark.parametrize(
    ("url", "part"),
    [
        ("stories.db", '"sqlite:///path.db"'),
        ("mysql://h/db", 'got "mysql://"'),
        ("sqlite://stories.db", "write three slashes"),
        ("sqlite:///", "names no file"),
        ("sqlite:///:memory:", 'an index in memory is "memory://"'),
        ("redis://h/abc", "redis://h/abc names no database of Redis, which is a number"),
        ("sqlite:///a.db?sync=off", "sync= is normal or full"),
        ("sqlite:///a.db?retry=soon", "retry= is a number of seconds"),
        ("sqlite:///a.db?retry=9999", "from 0 to 3600"),
        ("sqlite:///a.db?name=x", 'no option "name" in sqlite:///a.db; there are: retry, sync'),
        ("memory://x?retry=1", "there are: none"),
        ("redis://h/0?decode_responses=yes", 'no option "decode_responses"'),
        ("redis://h:99999/0", "no address that the Redis driver can read"),
        ("rediss://h/0?ssl_foo=1", "an option that the Redis driver does not know"),
        ("sqlite:///%00.db", "cannot be read"),
    ],
)
def test_a_wrong_url_is_told_what_is_expected(url, part):
    with pytest.raises(SettingsError) as caught:
        open_store(url)
    assert part in str(caught.value)


@pytest.mark.parametrize(
    "url",
    [
        f"redis://:{SECRET}/x@h/0",
        f"redis://:{SECRET}?x@h/0",
        f"redis://:12?{SECRET}@h/0",
        f"redis://:12?name={SECRET}@h/0#x",
        f"redis://:{SECRET}#x@h/0",
        f"redis://{SECRET}:x:y/0",
        f"postgresql://me:{SECRET}/x@h/db",
        f"postgresql://me:[{SECRET}@h/db",
        f"postgresql://me:{SECRET}@h:port/db",
        f"postgresql://me:{SECRET}@h/db?nonsense=1",
        f"postgresql://me:{SECRET}@h/db?name=No",
        f"redis://me:{SECRET}@h/0?ttl=soon",
        f"redis://me:{SECRET}@h/0?ttl=none",
        f"redis://me:{SECRET}@h/0?cluster=maybe",
        f"redis://me:{SECRET}@127.0.0.1:1/0?retry=0",
        f"postgresql://me:{SECRET}@127.0.0.1:1/db?retry=0",
    ],
)
def test_no_message_holds_the_password(url):
    for module in ("redis", "psycopg"):
        pytest.importorskip(module)
    with pytest.raises(DedupError) as caught:
        open_store(url)
    assert SECRET not in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1


def test_a_server_that_is_not_there_is_named_with_what_to_do():
    pytest.importorskip("redis")
    with pytest.raises(StoreError, match=r"redis://127.0.0.1:1/0 has not answered for 0.1 s .*; is it running"):
        open_store(f"redis://:{SECRET}@127.0.0.1:1/0?retry=0.1")


@pytest.mark.parametrize(
    ("url", "module", "command"),
    [
        ("redis://h/0", "redis", "pip install 'dedup-stories[redis]'"),
        ("postgresql://h/db", "psycopg", "pip install 'dedup-stories[postgres]'"),
    ],
)
def test_a_missing_driver_is_told_with_the_command_that_installs_it(monkeypatch, url, module, command):
    genuine = builtins.__import__

    def without(name, *args, **kwargs):
        if name.partition(".")[0] == module:
            raise ModuleNotFoundError(name)
        return genuine(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(SettingsError) as caught:
        open_store(url)
    assert command in str(caught.value)


def test_a_folder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(StoreError, match=r"there is no folder .*nowhere; make it first"):
        open_store(f"sqlite:///{tmp_path}/nowhere/a.db")


def test_sync_full_waits_for_the_disk(tmp_path):
    for sync, level in (("normal", 1), ("full", 2)):
        with open_store(f"sqlite:///{tmp_path}/{sync}.db?sync={sync}") as store:
            session = session_of(store)
            assert session.run(lambda connection: connection.execute("PRAGMA synchronous").fetchone()) == (level,)
            assert session.run(lambda connection: connection.execute("PRAGMA journal_mode").fetchone()) == ("wal",)
