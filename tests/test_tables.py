from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from dedup.kernels.native.table import Undo, enter, revert
from dedup.tables import Growth, empty_table, lengthened, slots_for, with_leaders, with_slots

BATCHES = st.lists(
    st.tuples(st.lists(st.tuples(st.integers(1, 60), st.integers(0, 30)), max_size=12), st.booleans()), max_size=24
)


def held(table):
    """The leaders of each bucket."""
    found = {}
    for key, value in table.slots[table.slots[:, 0] != 0].tolist():
        place, size = value >> 8, value & 255
        found[key] = [-1 - value] if value < 0 else table.leaders[place : place + size].tolist()
    return found


@given(BATCHES, st.floats(0.0, 0.4))
@settings(deadline=None, max_examples=60)
def test_a_table_that_is_moved_little_by_little_holds_what_one_moved_at_once_does(batches, share):
    table, undo = with_leaders(empty_table(), 4000), Undo(np.empty((12, 3), np.int64), np.zeros(1, np.int64))
    growth = Growth(4096)
    expected: dict[int, list[int]] = {}
    for entries, taken_back in batches:
        moved = growth.step(table, undo, share)
        if moved is not None:
            assert held(moved) == held(table) == expected
            table, growth = moved, Growth(2 * moved.slots.shape[0])
        undo.count[0] = 0
        before, used = {key: list(leaders) for key, leaders in expected.items()}, table.used.copy()
        for key, leader in entries:
            if enter(table, undo, np.int64(key * 1_000_003), leader, 8):
                leaders = expected.setdefault(key * 1_000_003, [])
                leaders += [leader] * (leader not in leaders)
        if taken_back:
            revert(table, undo)
            table.used[:], expected = used, before
    moved = growth.step(table, undo, 1.0)
    assert moved is not None
    assert held(moved) == held(with_slots(table, 8192)) == expected


def test_slots_are_a_power_of_two_at_most_sixty_in_a_hundred_of_which_are_used():
    assert [slots_for(used) for used in (0, 1, 614, 615, 1228, 1229)] == [1, 2, 1024, 2048, 2048, 4096]


def test_lengthened_arrays_hold_what_they_held_and_zeros():
    seen = np.arange(3)
    assert lengthened(seen, 3) is seen
    assert lengthened(seen, 4).tolist() == [0, 1, 2, 0, 0, 0]
