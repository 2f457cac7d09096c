from __future__ import annotations

import errno
import gc
import itertools
import os
import resource
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from dedup import DedupError, SettingsError, find_duplicates
from dedup.bands import BandKeys
from dedup.cli import app
from dedup.hashing import HashedFeed, _first_room
from dedup.spill import Column, Memory, default_memory, machine_memory, parse_memory, resident
from tests.builders import at, batch

PARTS = st.lists(st.lists(st.integers(0, 2**32 - 1), max_size=6), max_size=6)

linux = pytest.mark.skipif(default_memory() is None, reason="this system does not say what a process takes: use Linux")


@pytest.mark.parametrize(
    ("text", "size"), [("2GB", 2 << 30), (" 512 mb ", 512 << 20), ("1.5GB", 3 << 29), ("none", None)]
)
def test_a_limit_is_a_number_and_a_unit(text, size):
    assert parse_memory(text) == size


@pytest.mark.parametrize(("text", "told"), [("2", "such as 4GB"), ("GB", "such as 4GB"), ("1MB", "at least 256 MB")])
def test_any_other_limit_is_refused(text, told):
    with pytest.raises(SettingsError, match=told):
        parse_memory(text)


@pytest.mark.parametrize(
    ("files", "size"),
    [
        ({}, 1 << 60),
        ({"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/memory.max": "max\n"}, 1 << 60),
        ({"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/memory.max": "2147483648\n"}, 2 << 30),
        (
            {
                "proc/self/cgroup": "0::/jobs.slice/dedup.service\n",
                "sys/fs/cgroup/jobs.slice/memory.max": "1073741824\n",
                "sys/fs/cgroup/jobs.slice/dedup.service/memory.max": "2147483648\n",
            },
            1 << 30,
        ),
        (
            {
                "proc/self/cgroup": "9:cpuset:/a\n8:cpu,memory:/docker/a:b\n0::/\n",
                "sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n",
                "sys/fs/cgroup/memory/docker/a:b/memory.limit_in_bytes": "536870912\n",
            },
            1 << 29,
        ),
        (
            {"proc/self/cgroup": "8:memory:/elsewhere\n", "sys/fs/cgroup/memory/memory.limit_in_bytes": "536870912\n"},
            1 << 29,
        ),
    ],
)
def test_there_is_as_much_memory_as_the_control_groups_allow(tmp_path, monkeypatch, files, size):
    monkeypatch.setattr(resource, "getrlimit", lambda _: (resource.RLIM_INFINITY,) * 2)
    monkeypatch.setattr(os, "sysconf", {"SC_PAGE_SIZE": 1 << 12, "SC_PHYS_PAGES": 1 << 48}.get)
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    assert machine_memory(tmp_path) == size


@linux
def test_a_command_with_few_addresses_still_runs(tmp_path):
    feed = tmp_path / "feed.jsonl"
    feed.write_text('{"title": "A", "text": "B"}\n')
    command = 'ulimit -v 4000000; exec "$0" -m dedup run "$1"'
    done = subprocess.run(["sh", "-c", command, sys.executable, feed], capture_output=True, check=False)
    assert (done.returncode, done.stdout) == (0, feed.read_bytes()), done.stderr


def test_a_column_without_addresses_for_its_room_grows_with_its_rows():
    column = Column(Memory(), np.uint32, (2,), room=1 << 50)
    rows = np.arange(10_000, dtype=np.uint32).reshape(-1, 2)
    column.add(rows)
    assert column.view().tolist() == rows.tolist()


def test_room_is_made_for_no_more_hashes_than_may_lie_in_memory(monkeypatch):
    monkeypatch.setattr("dedup.hashing.machine_memory", lambda: 1 << 40)
    assert _first_room(1 << 30) * 4 == 1 << 30
    assert _first_room(None) * 4 == 1 << 38


@linux
def test_arrays_move_once_the_process_takes_half_the_limit():
    assert not Memory().must_spill()
    assert not Memory(1 << 50).must_spill()
    memory = Memory(1)
    assert memory.must_spill()
    assert memory.spilled
    assert not memory.must_spill()


@given(PARTS, PARTS)
@settings(deadline=None)
def test_a_column_holds_the_same_rows_in_memory_and_in_a_file(before, after):
    memory = Memory(1)
    column = Column(memory, np.uint32, room=1)
    for part in before:
        column.add(np.array(part, dtype=np.uint32))
    assert column.view().tolist() == [value for part in before for value in part]
    column.spill()
    for part in after:
        column.add(np.array(part, dtype=np.uint32))
        memory.relieve()
    assert column.view().tolist() == [value for part in before + after for value in part]
    assert len(column) == len(column.view())


@given(st.lists(st.integers(0, 5), max_size=5), st.integers(0, 5), st.data())
@settings(deadline=None)
def test_band_keys_are_the_same_in_memory_and_in_files(sizes, moved, data):
    memory = Memory(1)
    keys = BandKeys(memory)
    every = np.arange(3 * sum(sizes), dtype=np.uint32).reshape(3, -1)
    ends = np.cumsum([0, *sizes])
    for number, (start, end) in enumerate(itertools.pairwise(ends)):
        if number == moved:
            memory.spilled = True
            keys.spill()
        keys.add(every[:, start:end].copy())
    if sizes:
        assert [keys.column(band).tolist() for band in range(keys.bands)] == every.tolist()
        rows = np.array(sorted(data.draw(st.sets(st.integers(0, max(ends[-1] - 1, 0))))), dtype=np.int64)
        rows = rows[rows < ends[-1]]
        assert keys.rows(rows).tolist() == every[:, rows].T.tolist()


@linux
def test_clusters_are_the_same_when_all_lies_in_files():
    rows = [
        {"title": f"Harbour {n % 40} closed after storm", "text": f"Storm {n % 7} closed harbour {n % 40}. " * 9}
        | {"source": f"Paper {n % 5}", "url": f"https://x.example/{n % 90}", "published": at(1 + n % 3)}
        for n in range(400)
    ]
    batches = [batch(rows[:150]), batch(rows[150:])]
    hashed = HashedFeed(Memory(1))
    filed = find_duplicates(batches, hashed=hashed)
    assert hashed.memory.spilled
    assert hashed.memory.filed > 0
    assert filed.to_table().equals(find_duplicates(batches).to_table())
    assert filed.duplicates > 100


@linux
def test_what_is_in_files_leaves_the_memory_of_the_process():
    memory = Memory(1)
    memory.spilled = True
    size = 64 << 20
    gc.collect()
    before = resident()
    array = memory.keep(np.ones(size, dtype=np.uint8))
    assert resident() > before + size // 2
    memory.relieve()
    assert resident() < before + size // 2
    assert array[:: 1 << 20].tolist() == [1] * 64


def test_a_full_disk_is_told_in_one_line(monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    memory = Memory(1)
    memory.spilled = True
    monkeypatch.setattr(os, "posix_fallocate", full)
    with pytest.raises(DedupError, match=r"has no room for 80,000 bytes more \(No space left on device\); set TMPDIR"):
        memory.empty(10_000, np.int64)


def test_the_command_refuses_a_limit_that_cannot_work(tmp_path):
    feed = tmp_path / "feed.jsonl"
    feed.write_text('{"title": "A", "text": "B"}\n')
    told = CliRunner().invoke(app, ["run", str(feed), "--memory", "1MB"])
    assert told.exit_code == 2
    assert "memory is at least 256 MB, got 1MB" in told.stderr
    assert "256MB or more" in " ".join(CliRunner().invoke(app, ["run", "--help"]).stdout.replace("│", " ").split())


def test_too_little_memory_is_one_line(monkeypatch):
    def run_out(*_):
        raise MemoryError

    monkeypatch.setattr("dedup.feedback.export_feedback", run_out)
    told = CliRunner().invoke(app, ["feedback"])
    assert told.exit_code == 1
    assert told.stderr == "dedup: not enough memory; dedup run takes less of it with --memory, say 1GB\n"
