from __future__ import annotations

import numpy as np
import pytest

from benchmarks.fit import FOLDS, ROWS, random_folds, thresholds
from benchmarks.logistic import Bounds, fit_logistic
from benchmarks.training import components
from dedup.evidence import EVIDENCE
from dedup.settings import STRICTNESS, Settings
from dedup.verdict import judgement


def drawn(count=400):
    """Values whose first makes an outcome likelier and whose second makes it less likely; the third says nothing."""
    rng = np.random.default_rng(5)
    values = rng.random((count, 3))
    chance = 1.0 / (1.0 + np.exp(-(4.0 * values[:, 0] - 3.0 * values[:, 1] - 0.5)))
    return values, (rng.random(count) < chance).astype(np.float64)


def free(count):
    return Bounds(np.full(count, -np.inf), np.full(count, np.inf))


def test_the_fit_is_where_the_slope_of_the_loss_is_zero():
    values, truth = drawn()
    weights = fit_logistic(values, truth, np.ones(len(truth)), free(3), l2=0.7)
    chance = 1.0 / (1.0 + np.exp(-(values @ weights[:3] + weights[3])))
    slope = np.column_stack([values, np.ones(len(truth))]).T @ (chance - truth)
    assert slope[:3] + 0.7 * weights[:3] == pytest.approx(np.zeros(3), abs=1e-4)
    assert slope[3] == pytest.approx(0.0, abs=1e-4)
    assert weights[0] > 1.0 > -1.0 > weights[1]


def test_weights_stay_within_their_bounds_and_are_drawn_to_the_nearest_permitted_value():
    values, truth = drawn()
    bounds = Bounds(np.array([-np.inf, 0.0, -np.inf]), np.array([0.0, np.inf, -4.0]))
    weights = fit_logistic(values, truth, np.ones(len(truth)), bounds, l2=1e6)
    assert weights[:3] == pytest.approx([0.0, 0.0, -4.0], abs=1e-3)
    weights = fit_logistic(values, truth, np.ones(len(truth)), bounds, l2=1.0)
    assert weights[0] <= 0.0 <= weights[1]
    assert weights[2] <= -4.0


def test_no_story_is_on_both_sides_of_a_fold():
    ids = [("a", "b"), ("c", "d"), ("b", "e"), ("f", "c"), ("g", "h")]
    parts = components(ids)
    assert parts[0] == parts[2] != parts[1] == parts[3] != parts[4]
    folds = random_folds(parts, seed=3)
    assert folds[0] == folds[2]
    assert folds[1] == folds[3]
    assert folds.max() < FOLDS


def test_thresholds_reach_their_precision():
    scores = np.linspace(1.0, 0.0, 100)[None]
    truth = (np.arange(100) < 60).astype(np.float64)
    truth[50] = 0.0
    cut = thresholds(scores, truth)
    assert cut["strict"] >= cut["balanced"] >= cut["loose"]
    for name, least in (("strict", 0.98), ("balanced", 0.95)):
        assert truth[scores[0] >= cut[name]].mean() >= least


def test_the_shipped_model_weighs_known_evidence_and_none_the_wrong_way():
    weights = judgement(Settings()).weights
    for row, name in enumerate(("titles", "texts")):
        for k, evidence in enumerate(EVIDENCE):
            least, most = ROWS[name].get(evidence, (0.0, 0.0))
            assert min(least, 0.0) <= weights[row, k] <= max(most, 0.0)


def test_strictness_names_the_threshold():
    strict, balanced, loose = (judgement(Settings(strictness=name)).threshold for name in STRICTNESS)
    assert strict > balanced > loose > 0.5
    assert judgement(Settings(rule=0.8, strictness="loose")).threshold == 0.8
