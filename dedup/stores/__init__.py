"""Where the online index's append-only log lives: memory, one SQLite file, Redis or PostgreSQL."""

from __future__ import annotations

from pathlib import Path

from dedup.stores.address import parse
from dedup.stores.protocol import Records, Row, Rows, Store

__all__ = ["Records", "Row", "Rows", "Store", "open_store", "store_files"]


def open_store(url: str, *, create: bool = True) -> Store:
    """The store a URL names, its schema brought up to date; no log is started in it before `Store.create`.

    - `sqlite:///path.db`, `sqlite:////absolute/path.db`; options sync=normal|full, retry=10
    - `redis://user:password@host:6379/0`, `rediss://` for TLS; options name=dedup, ttl=30d, cluster=no|yes, retry=10
    - `postgresql://user:password@host/database`; options name=dedup, retry=10, and libpq's own
    - `memory://name`, shared inside this process, or `memory://`

    retry is the number of seconds to keep trying when a store does not answer; name keeps logs on one server apart; ttl
    is how long Redis keeps what nobody expires. Options follow a "?": `redis://host:6379/0?name=news&ttl=7d`.

    Args:
        url: as above.
        create: whether a file that is not there is made.

    Raises:
        SettingsError: for a URL that names no store, or a driver that is not installed.
        StoreError: it cannot be reached.
        IndexFormatError: what is there is not a store of this package, or one of a later release.
    """
    address = parse(url)
    if address.kind == "memory":
        from dedup.stores.memory import MemoryStore

        return MemoryStore(address.label.removeprefix("memory://"))
    if address.kind == "redis":
        from dedup.stores.redis import RedisStore

        return RedisStore(address)
    if address.kind == "postgresql":
        from dedup.stores.postgres import PostgresStore

        return PostgresStore(address)
    from dedup.stores.sqlite import SQLiteStore

    return SQLiteStore(address, create=create)


def store_files(url: str) -> list[Path]:
    """The files that a store has for itself, there or not yet; none where a server or this process keeps it.

    Raises:
        SettingsError: for a URL that names no store.
    """
    address = parse(url)
    if address.kind != "sqlite" or not address.path:
        return []
    place = Path(address.path).resolve()  # SQLite's other files lie beside the one that a link leads to
    return [place.with_name(place.name + ending) for ending in ("", "-wal", "-shm", "-journal")]
