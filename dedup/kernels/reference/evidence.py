"""The slow twin of `native.evidence`: sets, one pair at a time."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

UNDATED = -(2**63)
FEATURES = 13
FEWEST_WORDS = 4


@dataclass(frozen=True, slots=True)
class Story:
    """What is known of one story: the six sets of `reference.shingles.facts`, and the rest."""

    sets: Sequence[Sequence[int]]
    truncated: bool
    tokens: int
    source: int
    url: int
    has_text: bool
    revised: bool
    time: int
    content: tuple[int, int]


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0


def _disagreement(x: set[int], y: set[int]) -> float:
    return 1.0 - len(x & y) / len(x | y) if x and y else 0.0


def measure(one: Story, other: Story) -> list[float]:
    """The evidence on two stories, in the order of `dedup.evidence.EVIDENCE`."""
    x, y = [set(values) for values in one.sets], [set(values) for values in other.sets]
    if one.truncated or other.truncated:
        top = min(max(story.sets[5]) for story in (one, other) if story.truncated)
        x[5], y[5] = ({value for value in values[5] if value <= top} for values in (x, y))
    alike = [
        share
        for s in (0, 1, 5)
        for share in (
            _share(len(x[s] & y[s]), len(x[s] | y[s])),
            _share(len(x[s] & y[s]), min(len(x[s]), len(y[s]))),
        )
    ]
    dated = UNDATED not in (one.time, other.time)
    return [
        *alike,
        *(_disagreement(x[s], y[s]) for s in (2, 3, 4)),
        _share(min(one.tokens, other.tokens), max(one.tokens, other.tokens)),
        float(one.source == other.source != 0),
        float(one.url == other.url != 0),
        min(abs(one.time - other.time) / 3_600_000_000, 72.0) if dated else 0.0,
    ]


def judge(one: Story, other: Story, weights: Sequence[Sequence[float]], rule: float) -> float:
    """The score of two stories, 0..1: under a rule above 0 the Jaccard similarity of their shingles."""
    evidence = np.array(measure(one, other), dtype=np.float32)
    if rule > 0:
        return float(evidence[4])
    if min(len(one.sets[1]), len(other.sets[1])) < FEWEST_WORDS:
        return 0.0
    row = weights[1 if one.has_text and other.has_text else 0]
    return 1.0 / (1.0 + math.exp(-(row[FEATURES] + sum(w * float(e) for w, e in zip(row, evidence, strict=False)))))
