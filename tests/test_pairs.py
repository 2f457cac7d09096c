"""Pairs of stories, each judged by itself, as the Spark engine has it."""

from __future__ import annotations

import dataclasses

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from dedup.kernels.native import evidence
from dedup.kernels.native.pairs import verify_pairs
from dedup.kernels.reference import evidence as slow
from dedup.kernels.reference.pairs import follows
from tests.test_leaders import HOUR, STORY, WEIGHTS, WINDOW, facts_of, story

TIMES = st.sampled_from([slow.UNDATED, *range(-9 * HOUR, 9 * HOUR, HOUR)])  # whole hours: some lie on the edge


def verified(stories, pairs, horizons, weights, rule, threshold, window):
    rows, others = (np.array([pair[side] for pair in pairs], dtype=np.int64) for side in (0, 1))
    out = np.ones(len(pairs), dtype=np.bool_)
    judgement = evidence.Judgement(np.array(weights, dtype=np.float32), rule, threshold, window)
    verify_pairs(facts_of(stories), rows, others, np.array(horizons, dtype=np.int64), judgement, out)
    return out.tolist()


@given(
    st.lists(STORY, min_size=2, max_size=6),
    st.data(),
    WEIGHTS,
    st.sampled_from([(0.0, 0.5), (0.0, 0.0), (0.3, 0.3), (1.0, 1.0)]),
    st.sampled_from([-1, 0, WINDOW]),
)
@settings(deadline=None)
def test_verdicts_on_pairs_equal_the_slow_twin(stories, data, weights, rule_and_threshold, window):
    rule, threshold = rule_and_threshold
    stories = [dataclasses.replace(one, time=data.draw(TIMES)) for one in stories]
    places = st.integers(0, len(stories) - 1)
    pairs = data.draw(st.lists(st.tuples(places, places), max_size=12))
    horizons = data.draw(st.lists(TIMES, min_size=len(pairs), max_size=len(pairs)))
    expected = [
        follows(stories[i], stories[j], horizon, weights, rule, threshold, window)
        for (i, j), horizon in zip(pairs, horizons, strict=True)
    ]
    assert verified(stories, pairs, horizons, weights, rule, threshold, window) == expected


def test_a_pair_is_one_story_within_the_window_and_the_horizon_of_the_first():
    early, late = story(shingles=range(9)), story(shingles=range(9), hour=3)
    undated = dataclasses.replace(early, time=slow.UNDATED)
    other = story(shingles=range(20, 29))
    stories = [early, late, undated, other]
    weights = np.zeros((2, evidence.FEATURES + 1))
    pairs = [(1, 0), (1, 0), (0, 1), (1, 2), (2, 1), (3, 0)]
    horizons = [0, 1, 4 * HOUR, 9 * HOUR, 9 * HOUR, 0]
    assert verified(stories, pairs, horizons, weights, 1.0, 1.0, 3 * HOUR) == [True, False, False, True, True, False]
    assert verified(stories, [(1, 0)], [0], weights, 1.0, 1.0, 3 * HOUR - 1) == [False]
    assert verified(stories, [(1, 0)], [0], weights, 1.0, 1.0, -1) == [True]
    assert verified(stories, [], [], weights, 1.0, 1.0, -1) == []
