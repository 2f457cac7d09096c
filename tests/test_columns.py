from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dedup import columns
from dedup.columns import Columns

STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("extend"), st.integers(0, 900)),
        st.tuples(st.just("reserve"), st.integers(0, 3000)),
        st.tuples(st.just("cut"), st.integers(0, 100)),
        st.tuples(st.just("select"), st.integers(2, 5)),
    ),
    max_size=12,
)


@pytest.fixture(scope="module", autouse=True)
def _early():
    """Columns count as large from a few hundred rows on."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(columns, "_FEWEST", 16)
        patch.setattr(columns, "_SMALL", 2000)
        patch.setattr(columns, "_AMPLE", 8000)
        yield


@given(STEPS)
@settings(deadline=None)
def test_rows_are_what_was_written_however_there_came_to_be_room(steps):
    rows = Columns({"one": np.empty(0, dtype=np.int32), "two": np.empty((0, 2), dtype=np.uint8)})
    expected = np.empty(0, dtype=np.int32)
    for step, amount in steps:
        if step == "extend":
            more = np.arange(amount, dtype=np.int32) + len(expected)
            rows.extend({"one": more, "two": more[:, None] % 256}, amount)
            expected = np.concatenate([expected, more])
        elif step == "reserve":
            rows.reserve(amount)
            arrays = rows.arrays
            rows.lengthen(amount)
            assert rows.arrays is arrays
            rows.cut(len(expected))
        elif step == "cut":
            rows.cut(max(0, len(expected) - amount))
            expected = expected[: rows.count]
        else:
            keep = np.arange(len(expected)) % amount == 0
            rows.select(keep)
            expected = expected[keep]
        assert rows.count == len(expected)
        np.testing.assert_array_equal(rows["one"], expected)
        np.testing.assert_array_equal(rows["two"], np.repeat(expected[:, None] % 256, 2, axis=1))
        np.testing.assert_array_equal(rows.tail("one", len(expected) // 2), expected[len(expected) // 2 :])
        assert rows.nbytes == 6 * len(expected)
