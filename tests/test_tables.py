from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dedup.kernels.native.buckets import enter_band, home, key_of, leaders_in, revert
from dedup.kernels.native.evidence import UNDATED
from dedup.kernels.native.table import BANDS, LEFT_OUT, Lookups
from dedup.tables import (
    Growth,
    empty_table,
    empty_undo,
    lengthened,
    places_for,
    room_of_bands,
    stories_taken,
    with_buckets,
    with_keys,
    with_notes,
)

WINDOW, LEADERS, KEYS, LIMIT = 10, 40, 30, 3
TIMES = np.array([UNDATED if k % 7 == 0 else (k % 11 - 5) * WINDOW for k in range(LEADERS)], dtype=np.int64)
NEXT_BANDS = np.array([1, 0], dtype=np.int64)
ENTRIES = st.lists(st.tuples(st.integers(0, 1), st.integers(0, KEYS - 1), st.integers(0, LEADERS - 1)), max_size=12)
BATCHES = st.lists(st.tuples(ENTRIES, st.booleans()), max_size=24)


def piece_of(leader, times=TIMES):
    return int(UNDATED) if times[leader] == UNDATED else int(times[leader]) // WINDOW


def lookups():
    """A row for each key: both bands have it."""
    keys = np.repeat(np.arange(1, KEYS + 1, dtype=np.uint32)[:, None], 2, axis=1)
    rows = np.arange(KEYS)
    live, horizons = np.full((KEYS, 1), 3, dtype=np.uint32), np.full(KEYS, UNDATED)
    return Lookups(keys, rows, live, np.ones(KEYS, np.bool_), horizons, NEXT_BANDS, LIMIT)


def enter(table, undo, entries, totals, times=TIMES):
    for band, row, leader in entries:
        piece = np.int64(piece_of(leader, times))
        enter_band(table, undo, lookups(), row, band, piece, leader, times, WINDOW, totals)


def held(table):
    """The leaders of each bucket of the bands, in order."""
    room, found = room_of_bands(table), {}
    for place in np.flatnonzero(table.buckets).tolist():
        bucket = table.buckets[place]
        first, size, at = leaders_in(table, bucket)
        some = table.leaders[at : at + size].tolist() if size > 1 else [first]
        found[place // room, int(key_of(bucket)), piece_of(first)] = some
    return found


def told(table):
    """What is held, without the keys, which are salted."""
    return sorted((band, piece, leaders) for (band, _, piece), leaders in held(table).items())


def roomy_table():
    return with_keys(empty_table(2), 400, 400, LIMIT), with_notes(empty_undo(), 12, 12)


@given(BATCHES, st.floats(0.0, 0.4))
@settings(deadline=None, max_examples=60)
def test_a_table_that_is_moved_little_by_little_holds_what_one_moved_at_once_does(batches, share):
    (table, undo), totals = roomy_table(), np.zeros(3, np.int64)
    table = with_buckets(table, 256)  # of 30 keys and 7 slices there are fewer buckets
    growth = Growth(table, 512)
    expected: dict[tuple[int, int, int], list[int]] = {}
    for entries, taken_back in batches:
        moved = growth.step(table, undo, share)
        if moved is not None:
            assert held(moved) == held(table)
            table, growth = moved, Growth(moved, 2 * room_of_bands(moved))
        undo.counts[:] = 0
        before, used = {key: list(leaders) for key, leaders in expected.items()}, table.used.copy()
        enter(table, undo, entries, totals)
        for band, row, leader in entries:
            some = expected.setdefault((band, row, piece_of(leader)), [])
            if leader not in some and len(some) < LIMIT:
                some.append(leader)
        if taken_back:
            revert(table, undo)
            table.used[:], expected = used, before
        assert told(table) == sorted((band, piece, leaders) for (band, _, piece), leaders in expected.items())
        assert table.used[BANDS:].sum() == len(expected)
    moved = growth.step(table, undo, 1.0)
    assert moved is not None
    assert held(moved) == held(with_buckets(table, 512)) == held(table)


def test_a_full_bucket_is_split_by_the_next_band():
    (table, undo), totals = roomy_table(), np.zeros(3, np.int64)
    crowd = [leader for leader in range(LEADERS) if piece_of(leader) == 0]
    assert LIMIT < len(crowd) <= 2 * LIMIT
    enter(table, undo, [(0, 0, leader) for leader in crowd], totals)
    assert told(table) == [(0, 0, crowd[:LIMIT])]
    assert np.count_nonzero(table.slots[:, 0]) == 1
    assert totals[LEFT_OUT] == 0


def test_leaders_past_the_finest_bucket_are_counted():
    (table, undo), totals = roomy_table(), np.zeros(3, np.int64)
    entries = [(0, 0, leader) for leader in range(20)]
    enter(table, with_notes(undo, 20, 20), entries, totals, np.zeros(20, dtype=np.int64))
    assert totals[LEFT_OUT] == 20 - 4 * LIMIT


def test_places_are_a_power_of_two_at_most_seventy_in_a_hundred_of_which_are_used():
    assert [places_for(used) for used in (0, 1, 716, 717, 1433, 1434)] == [1, 2, 1024, 2048, 2048, 4096]


def test_a_band_may_be_fuller_than_all_are_together():
    table = empty_table(3)
    table.used[BANDS:] = 30, 30, 60
    assert stories_taken(table) == pytest.approx(60 * 0.7 / 0.9)
    table.used[BANDS:] = 60, 60, 60
    assert stories_taken(table) == 60


def test_buckets_of_one_key_in_slices_far_apart_lie_elsewhere():
    (table, undo), totals = roomy_table(), np.zeros(3, np.int64)
    table = with_buckets(table, 1 << 12)
    times = np.array([0, WINDOW * 400, WINDOW * 4000], dtype=np.int64)
    enter(table, undo, [(1, 5, leader) for leader in range(3)], totals, times)
    places = np.flatnonzero(table.buckets)
    assert len(places) == 3
    assert len({int(home(key_of(table.buckets[place]))) for place in places}) == 3


def test_lengthened_arrays_hold_what_they_held_and_zeros():
    seen = np.arange(3)
    assert lengthened(seen, 3) is seen
    assert lengthened(seen, 4).tolist() == [0, 1, 2, 0, 0, 0]
