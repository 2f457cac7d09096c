"""The slow twin of `native.evidence`: sets, one pair at a time."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dedup.kernels.reference.claims import Claim, contradict
from dedup.kernels.reference.facts import CAPS, NAMED, SORTS, THINGS_FROM

UNDATED = -(2**63)
FEATURES = 20
FEWEST_WORDS = 4
LEAST_FOUND = 0.2
AGAIN_VALUE = 0xA6A1A6A1
LEAST_AGAIN = 18.0
DAY = 86_400_000_000
# The pieces of evidence that are weighed together, for titles and for texts: where and when it was published, then what
# tells most.
PARTS = (((16, 20), (0, 2), (2, 9), (9, 16)), ((16, 20), (9, 11), (11, 12), (12, 16), (0, 9)))


@dataclass(frozen=True, slots=True)
class Story:
    """What is known of one story: the ten sets of `reference.facts.facts`, and the rest."""

    sets: Sequence[Sequence[int]]
    tokens: int
    source: int
    url: int
    has_text: bool
    revised: bool
    claim: Claim
    titled: bool
    time: int
    content: tuple[int, int]


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0


def _missing(x: set[int], y: set[int]) -> float:
    return 1.0 - len(x & y) / len(x) if x else 0.0


def _sampled(x: Sequence[int], y: Sequence[int], cap: int) -> tuple[set[int], set[int]]:
    """Two samples where both are complete: one of full size is so up to its last value."""
    top = min([max(values) for values in (x, y) if len(values) == cap], default=2**32)
    return {value for value in x if value <= top}, {value for value in y if value <= top}


def measure(one: Story, other: Story) -> list[float]:
    """The evidence on two stories, in the order of `dedup.evidence.EVIDENCE`."""
    sets = [(set(x), set(y)) for x, y in zip(one.sets, other.sets, strict=True)]
    _, _, title, _, lead, _, title_numbers, numbers, title_names, names = sets
    texts, pairs, runs = (_sampled(one.sets[s], other.sets[s], CAPS[s]) for s in (0, 1, 3))
    front = set(one.sets[5]), set(other.sets[5])

    def jaccard(both: tuple[set[int], set[int]]) -> float:
        return _share(len(both[0] & both[1]), len(both[0] | both[1]))

    def containment(both: tuple[set[int], set[int]]) -> float:
        return _share(len(both[0] & both[1]), min(map(len, both)))

    def missing(both: tuple[set[int], set[int]]) -> tuple[float, float]:
        return _missing(both[0], front[1]), _missing(both[1], front[0])

    revised = one.revised or other.revised
    number_clash = 0.0 if revised else min(missing(numbers))
    differ = not (title_numbers[0] <= title_numbers[1] or title_numbers[1] <= title_numbers[0] or revised)
    title_clash = 1.0 - jaccard(title_numbers) if differ else 0.0
    alike = np.float32(jaccard(title)), np.float32(containment(title))
    opposed = 0.0 if revised else contradict(one.claim, other.claim, *alike)
    same_source = one.source == other.source != 0
    same_url = one.url == other.url != 0
    dated = UNDATED not in (one.time, other.time)
    hours = abs(one.time - other.time) / 3_600_000_000 if dated else 0.0
    daily = is_daily(one, other, 0.25)
    again = [AGAIN_VALUE in known for known in front]
    found, opening = 1.0 - min(missing(title)), 1.0 - max(missing(lead)) if all(lead) else 0.0
    retitled = one.has_text and other.has_text and np.float32(found) < np.float64(0.7) and np.float32(opening) < 1.0
    topics = [(title[k] & names[k]) - front[1 - k] for k in (0, 1)]
    return [
        jaccard(title),
        containment(title),
        jaccard(runs),
        found,
        title_clash * containment(title),
        containment(title) if lacking(title_names[0], front[1]) & lacking(title_names[1], front[0]) else 0.0,
        opposed,
        float(again[0] != again[1] and np.float32(hours) >= LEAST_AGAIN),
        float(same_source and not same_url and not revised and (any(topics) or retitled)),
        jaccard(texts),
        containment(texts),
        containment(pairs),
        opening,
        float(number_clash == 1.0),
        number_clash * same_source,
        min(missing(names)),
        float(same_source),
        float(same_url),
        min(hours, 72.0),
        float(daily and same_source),
    ]


def lacking(names: set[int], front: set[int]) -> set[int]:
    """The sorts of a title's names that a story's front lacks; 0 for names."""
    things = {value for value in names if value >= THINGS_FROM and value & ~NAMED not in front}
    others = {value for value in names if value < THINGS_FROM} - front
    return {value % SORTS for value in things} | {0 for value in things if value & NAMED} | {0 for _ in others}


def is_daily(one: Story, other: Story, off: float) -> bool:
    """Whether two stories are dated within `off` hours of the same time of different days, midnight being none."""
    if UNDATED in (one.time, other.time) or not (one.time % DAY or other.time % DAY):
        return False
    hours = abs(one.time - other.time) / 3_600_000_000
    return hours >= 23.0 and abs(hours - 24.0 * round(hours / 24.0)) <= off


def is_series(one: Story, other: Story) -> bool:
    """Whether two stories of the same words are two of a series, and no copies."""
    if one.has_text or other.has_text or UNDATED in (one.time, other.time):
        return False
    if one.source != other.source or not one.source or one.url == other.url != 0:
        return False
    another_day = abs(one.time - other.time) / 3_600_000_000 >= LEAST_AGAIN
    return is_daily(one, other, 1 / 30) or (another_day and len(one.sets[5]) < FEWEST_WORDS)


def judge(one: Story, other: Story, weights: Sequence[Sequence[float]], rule: float) -> float:
    """The score of two stories, 0..1: under a rule above 0 the Jaccard similarity of their shingles."""
    evidence = np.array(measure(one, other), dtype=np.float32)
    if rule > 0:
        return float(evidence[9])
    if min(len(one.sets[5]), len(other.sets[5])) < FEWEST_WORDS:
        return 0.0
    texts = one.has_text and other.has_text
    if any(story.has_text and not story.titled for story in (one, other)) and one.has_text != other.has_text:
        return 0.0
    if texts and evidence[3] < LEAST_FOUND:
        return 0.0
    row = weights[1 if texts else 0]
    z = row[FEATURES]
    for first, last in PARTS[1 if texts else 0]:  # floats add up alike only in the same order
        z += sum(row[f] * float(evidence[f]) for f in range(first, last))
    return 1.0 / (1.0 + math.exp(-z))
