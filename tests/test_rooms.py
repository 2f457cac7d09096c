from __future__ import annotations

import os
import time

import pytest

from dedup.hashing import HashedFeed, hash_batch
from dedup.rooms import Room, make_room, take_room
from dedup.settings import Settings
from dedup.spill import default_memory, resident
from tests.builders import batch

MB = 1 << 20
MEMORY = default_memory() or 0
pytestmark = pytest.mark.skipif(not MEMORY, reason="needs Linux, which says how much memory there is")


@pytest.fixture
def touched(monkeypatch):
    """The bytes to be touched of rooms that are made; none is."""
    sizes = []
    monkeypatch.setattr(Room, "_touch", lambda _, end: sizes.append(end))
    yield sizes
    take_room()


def feed_of(path, line, size):
    path.write_bytes(line * (-(-(1 << 16) // len(line))))
    with path.open("r+b") as file:
        file.truncate(size)  # what is beyond the lines is a hole
    return str(path)


def test_the_first_pages_of_a_room_are_touched_while_others_work():
    before = resident()
    room = Room(256 * MB, 64 * MB)
    deadline = time.monotonic() + 60
    while resident() < before + 60 * MB:
        assert time.monotonic() < deadline
    room.stop()
    assert resident() < before + 128 * MB


def test_nothing_else_writes_to_a_room_that_is_stopped():
    for _ in range(20):
        room = Room(256 * MB, 256 * MB)
        room.stop()
        room.bytes[: 64 * MB : MB] = 7
        time.sleep(0.001)
        assert room.bytes[: 64 * MB : MB].tolist() == [7] * 64
    assert resident() < 2 << 30


@pytest.mark.parametrize(("words", "share"), [(60, 1.5), (400, 0.66)], ids=["short stories", "long stories"])
def test_room_is_made_for_what_is_kept_of_stories_of_such_lengths(touched, tmp_path, words, share):
    name = feed_of(tmp_path / "feed.jsonl", b"words " * words + b"\n", 40 * MB)
    make_room([name, str(tmp_path / "missing.jsonl")])
    assert touched[0] == pytest.approx(share * 40 * MB, rel=0.1)
    room = take_room()
    assert room is not None
    assert room.bytes.shape == (MEMORY,)
    assert take_room() is None


def test_no_room_is_made_for_small_feeds_or_what_is_no_file(touched, tmp_path):
    os.mkfifo(tmp_path / "fifo")  # to open it would wait for a writer
    small = feed_of(tmp_path / "small.jsonl", b"word\n", MB)
    make_room([small, str(tmp_path / "fifo"), str(tmp_path), "-", "https://host.example/feed", "\0"])
    assert (touched, take_room()) == ([], None)


def test_room_is_bounded(touched, tmp_path):
    make_room([feed_of(tmp_path / "large.jsonl", b"word " * 40 + b"\n", 1 << 40)])
    assert touched[0] <= min(MEMORY // 4, 256 * MB)


@pytest.mark.parametrize("size", [1 << 12, 1 << 20], ids=["little room", "much"])
def test_what_is_kept_in_a_room_is_what_is_kept_elsewhere(size):
    stories = batch(
        [{"title": f"Harbour {n} closed", "text": f"A storm closed harbour {n} at noon."} for n in range(99)]
    )
    kept, expected = HashedFeed(room=Room(size, size)), HashedFeed()
    for hashed in (kept, expected):
        hashed.add(hash_batch(stories, Settings()))
        hashed.add(hash_batch(stories.slice(9), Settings()))
    assert kept.facts().hashes.tolist() == expected.facts().hashes.tolist()
