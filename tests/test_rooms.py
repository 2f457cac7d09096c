from __future__ import annotations

import os
import threading

import numpy as np
import pytest

from dedup import rooms
from dedup.hashing import HashedFeed, hash_batch
from dedup.rooms import Room, make_room, take_room
from dedup.settings import Settings
from dedup.spill import default_memory, resident
from tests.builders import batch

MB = 1 << 20
MEMORY = default_memory() or 0
pytestmark = pytest.mark.skipif(not MEMORY, reason="needs Linux, which says how much memory there is")


def wait_for_threads(before):
    for thread in set(threading.enumerate()) - before:
        thread.join()


@pytest.fixture
def cleared(monkeypatch):
    """The sizes of rooms that are made, none of which is cleared."""
    sizes = []
    monkeypatch.setattr(rooms, "_clear", lambda room: sizes.append(len(room)))
    yield sizes
    take_room()


def feed_of(path, line, size):
    path.write_bytes(line * (-(-(1 << 16) // len(line))))
    with path.open("r+b") as file:
        file.truncate(size)  # what is beyond the lines is a hole
    return str(path)


def test_a_room_is_cleared_but_not_written_to():
    before, taken = set(threading.enumerate()), resident()
    room = Room(256 * MB, 64 * MB)
    room.bytes[: 64 * MB : MB] = 7  # while it is cleared
    wait_for_threads(before)
    assert room.bytes[: 64 * MB : MB].tolist() == [7] * 64
    assert resident() - taken < 128 * MB


@pytest.mark.parametrize(("words", "share"), [(60, 1.5), (400, 0.66)], ids=["short stories", "long stories"])
def test_room_is_made_for_what_is_kept_of_stories_of_such_lengths(cleared, tmp_path, words, share):
    name = feed_of(tmp_path / "feed.jsonl", b"words " * words + b"\n", 40 * MB)
    make_room([name, str(tmp_path / "missing.jsonl")])
    assert cleared[0] == pytest.approx(share * 40 * MB, rel=0.1)
    room = take_room()
    assert room is not None
    assert room.shape == (MEMORY,)
    assert take_room() is None


def test_no_room_is_made_for_small_feeds_or_what_is_no_file(cleared, tmp_path):
    os.mkfifo(tmp_path / "fifo")  # to open it would wait for a writer
    small = feed_of(tmp_path / "small.jsonl", b"word\n", MB)
    make_room([small, str(tmp_path / "fifo"), str(tmp_path), "-", "https://host.example/feed", "\0"])
    assert (cleared, take_room()) == ([], None)


def test_room_is_bounded(cleared, tmp_path):
    make_room([feed_of(tmp_path / "large.jsonl", b"word " * 40 + b"\n", 1 << 40)])
    assert cleared[0] <= min(MEMORY // 4, 256 * MB)


@pytest.mark.parametrize("size", [1 << 12, 1 << 20], ids=["little room", "much"])
def test_what_is_kept_in_a_room_is_what_is_kept_elsewhere(size):
    stories = batch(
        [{"title": f"Harbour {n} closed", "text": f"A storm closed harbour {n} at noon."} for n in range(99)]
    )
    kept, expected = HashedFeed(room=np.full(size, 7, dtype=np.uint8)), HashedFeed()
    for hashed in (kept, expected):
        hashed.add(hash_batch(stories, Settings()))
        hashed.add(hash_batch(stories.slice(9), Settings()))
    assert kept.facts().hashes.tolist() == expected.facts().hashes.tolist()
