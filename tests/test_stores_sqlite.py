"""A SQLite file that is no longer where it was, and what stays in one."""

from __future__ import annotations

import contextlib
import sqlite3

import pytest

from dedup.errors import StoreError
from dedup.stores import Row, Rows, open_store
from tests.services import session_of


@pytest.mark.parametrize("replaced", [False, True])
def test_a_sqlite_file_that_was_moved_away_is_told_by_the_next_append(tmp_path, replaced):
    url, path = f"sqlite:///{tmp_path}/a.db", tmp_path / "a.db"
    with open_store(url) as store:
        store.create(b"header")
        assert store.append(0, Rows.of([Row("a", 1, b"")]))
        for name in ("a.db", "a.db-wal", "a.db-shm"):
            (tmp_path / name).rename(tmp_path / f"old-{name}")
        if replaced:
            open_store(url).close()
        for write in (lambda: store.append(1, Rows.of([Row("b", 1, b"")])), lambda: store.add_note(b"note")):
            with pytest.raises(StoreError, match="its file was removed or replaced; open it again"):
                write()
        assert path.exists() == replaced
        assert store.last() == 1


def test_a_sqlite_file_that_was_moved_away_is_not_made_anew_by_who_connects_again(tmp_path):
    with open_store(f"sqlite:///{tmp_path}/a.db") as store:
        store.create(b"header")
        session_of(store)._drop()
        (tmp_path / "a.db").unlink()
        with pytest.raises(StoreError, match="its file was removed or replaced"):
            store.last()
        assert list(tmp_path.iterdir()) == []


def test_of_a_row_that_was_dropped_no_text_stays(tmp_path):
    with open_store(f"sqlite:///{tmp_path}/a.db") as store:
        store.create(b"header")
        store.append(0, Rows.of([Row("a", 1, b"", b"first"), Row("b", 3, b"", b"second"), Row("c", 2, b"", b"third")]))
        assert store.expire(3) == 2
    with contextlib.closing(sqlite3.connect(tmp_path / "a.db")) as connection:
        assert connection.execute("SELECT * FROM stories").fetchall() == [(2, b"second")]
