"""Logistic regression with bounds on its weights: small, exact enough, and without a dependency."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
_STEPS, _SWEEPS = 60, 60
_CLOSE = 1e-9


class Bounds(NamedTuple):
    """What each weight may be, and what it is drawn to."""

    least: Floats
    most: Floats

    @property
    def centre(self) -> Floats:
        """The permitted value nearest to 0."""
        return np.asarray(np.clip(0.0, self.least, self.most))


def fit_logistic(values: Floats, truth: Floats, mass: Floats, bounds: Bounds, l2: float) -> Floats:
    """The weights, then the constant, that make the outcome likeliest, under a Gaussian prior around the centre.

    Newton steps, each solved within the bounds by coordinate descent, cut in half until they help.

    Args:
        values: [n, k].
        truth: [n], 1.0 or 0.0.
        mass: [n], how much a row counts.
        bounds: of the k weights; the constant has none.
        l2: strength of the prior; the constant is not held back.
    """
    rows = np.column_stack([values, np.ones(len(values))])
    least, most = np.append(bounds.least, -np.inf), np.append(bounds.most, np.inf)
    centre = np.append(bounds.centre, 0.0)
    prior = np.append(np.full(values.shape[1], l2), 1e-6)
    weights = centre.copy()
    loss = _loss(rows, truth, mass, weights, centre, prior)
    for _ in range(_STEPS):
        chance = 1.0 / (1.0 + np.exp(-(rows @ weights)))
        slope = rows.T @ (mass * (chance - truth)) + prior * (weights - centre)
        curve = (rows * (mass * chance * (1.0 - chance))[:, None]).T @ rows + np.diag(prior)
        step = _bounded_step(slope, curve, least - weights, most - weights)
        scale = 1.0
        while scale > _CLOSE and _loss(rows, truth, mass, weights + scale * step, centre, prior) > loss:
            scale /= 2.0
        weights = weights + scale * step
        before, loss = loss, _loss(rows, truth, mass, weights, centre, prior)
        if before - loss < _CLOSE:
            break
    return np.asarray(weights)


def _loss(rows: Floats, truth: Floats, mass: Floats, weights: Floats, centre: Floats, prior: Floats) -> float:
    wrong = np.where(truth > 0.5, -1.0, 1.0) * (rows @ weights)
    return float(mass @ np.logaddexp(0.0, wrong) + 0.5 * prior @ (weights - centre) ** 2)


def _bounded_step(slope: Floats, curve: Floats, least: Floats, most: Floats) -> Floats:
    """The step that minimises slope . step + step . curve . step / 2 within its bounds."""
    step = np.zeros_like(slope)
    for _ in range(_SWEEPS):
        for k in range(len(step)):
            rest = slope[k] + curve[k] @ step - curve[k, k] * step[k]
            step[k] = min(max(-rest / curve[k, k], least[k]), most[k])
    return step
