"""What two stories have in common, measured on the facts kept of them, and the score it makes."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

UNDATED = np.int64(-(2**63))  # the time of stories before the first dated one: in everybody's window
HAS_TEXT, TRUNCATED, REVISED = 1, 2, 4  # bits of meta[:, META_BITS]
META_TITLE_TOKENS, META_TOKENS, META_SOURCE, META_URL, META_BITS, META = 0, 1, 2, 3, 4, 5
FEATURES = 13
TITLE_MODEL, TEXT_MODEL = 0, 1
FEWEST_WORDS = 4  # content words in the head of a story that evidence may judge
MOST_HOURS = 72.0  # stories further apart are no less alike for it
_HOUR = 3_600_000_000.0


class Facts(NamedTuple):
    """What is known of n stories, a row each, as flat arrays."""

    hashes: NDArray[np.uint32]  # [m] sorted sets back to back, from `gather_facts`
    bounds: NDArray[np.int64]  # [n + 1] story i owns hashes[bounds[i]:bounds[i + 1]]
    sections: NDArray[np.uint16]  # [n, 6] where each set ends, counted from bounds[i]
    meta: NDArray[np.uint32]  # [n, 5] tokens of the title, tokens in all, hashes of source and URL (0: none), bits
    times: NDArray[np.int64]  # [n] microseconds since 1970, or UNDATED
    content: NDArray[np.uint64]  # [n, 2] hash of the whole normalised content; 0, 0 for a story without any


class Judgement(NamedTuple):
    """How pairs are judged."""

    weights: NDArray[np.float32]  # [2, 14] for titles and for text: one for each piece of evidence, then the constant
    rule: float  # above 0: the classical rule, the least Jaccard similarity; the weights are not looked at
    threshold: float  # the least score of a duplicate
    window: int  # microseconds, -1 for no limit


@njit(nogil=True, cache=True)
def common(x: NDArray[np.uint32], y: NDArray[np.uint32]) -> int:
    """How many values two sorted sets share."""
    i = j = shared = 0
    while i < x.shape[0] and j < y.shape[0]:
        a, b = x[i], y[j]
        shared += a == b
        i += a <= b
        j += b <= a
    return shared


@njit(nogil=True, cache=True)
def count_up_to(x: NDArray[np.uint32], top: np.uint32) -> int:
    """How many values of a sorted set are at most `top`."""
    low, high = 0, x.shape[0]
    while low < high:
        middle = (low + high) // 2
        if x[middle] <= top:
            low = middle + 1
        else:
            high = middle
    return low


@njit(nogil=True)
def _share(part: int, whole: int) -> float:
    return part / whole if whole > 0 else 0.0


@njit(nogil=True)
def _section(facts: Facts, i: int, s: int) -> NDArray[np.uint32]:
    begin = facts.bounds[i] + (np.int64(facts.sections[i, s - 1]) if s > 0 else 0)
    return facts.hashes[begin : facts.bounds[i] + np.int64(facts.sections[i, s])]


@njit(nogil=True)
def _disagreement(x: NDArray[np.uint32], y: NDArray[np.uint32]) -> float:
    """Share of two sets' values that one of them lacks; 0 where either is empty, since silence contradicts nothing."""
    if x.shape[0] == 0 or y.shape[0] == 0:
        return 0.0
    shared = common(x, y)
    return 1.0 - shared / (x.shape[0] + y.shape[0] - shared)


@njit(nogil=True, cache=True)
def measure(facts: Facts, i: int, j: int, out: NDArray[np.float32]) -> None:
    """Write the evidence on stories i and j to out, float32[13], in the order of `dedup.evidence.EVIDENCE`.

    Symmetric in i and j.
    """
    meta = facts.meta
    for s in range(2):  # the title's words, the head's words
        x, y = _section(facts, i, s), _section(facts, j, s)
        shared = common(x, y)
        out[2 * s] = _share(shared, x.shape[0] + y.shape[0] - shared)
        out[2 * s + 1] = _share(shared, min(x.shape[0], y.shape[0]))
    x, y = _section(facts, i, 5), _section(facts, j, 5)
    shared = common(x, y)
    in_x, in_y = x.shape[0], y.shape[0]
    if (meta[i, META_BITS] | meta[j, META_BITS]) & TRUNCATED:  # compare both up to where both are complete
        top = np.uint32(0xFFFFFFFF)
        if meta[i, META_BITS] & TRUNCATED:
            top = min(top, x[in_x - 1])
        if meta[j, META_BITS] & TRUNCATED:
            top = min(top, y[in_y - 1])
        in_x, in_y = count_up_to(x, top), count_up_to(y, top)
    out[4] = _share(shared, in_x + in_y - shared)
    out[5] = _share(shared, min(in_x, in_y))
    for s in range(2, 5):  # numbers of the title, numbers and names of the head
        out[4 + s] = _disagreement(_section(facts, i, s), _section(facts, j, s))
    shorter = min(meta[i, META_TOKENS], meta[j, META_TOKENS])
    out[9] = _share(shorter, max(meta[i, META_TOKENS], meta[j, META_TOKENS]))
    out[10] = meta[i, META_SOURCE] != 0 and meta[i, META_SOURCE] == meta[j, META_SOURCE]
    out[11] = meta[i, META_URL] != 0 and meta[i, META_URL] == meta[j, META_URL]
    dated = facts.times[i] != UNDATED and facts.times[j] != UNDATED
    out[12] = min(abs(facts.times[i] - facts.times[j]) / _HOUR, MOST_HOURS) if dated else 0.0


@njit(nogil=True)
def says_too_little(facts: Facts, i: int) -> bool:
    """Whether a story's head has too few content words for evidence to judge it."""
    return facts.sections[i, 1] - facts.sections[i, 0] < FEWEST_WORDS


@njit(nogil=True, cache=True)
def judge(facts: Facts, i: int, j: int, judgement: Judgement, evidence: NDArray[np.float32]) -> float:
    """The score of stories i and j, 0..1; `evidence`, float32[13], is overwritten with what was measured.

    A story of too few words is not judged by evidence (score 0): it has nothing to say that chance might not.
    """
    measure(facts, i, j, evidence)
    if judgement.rule > 0.0:
        return np.float64(evidence[4])
    if says_too_little(facts, i) or says_too_little(facts, j):
        return 0.0
    both_texts = facts.meta[i, META_BITS] & facts.meta[j, META_BITS] & HAS_TEXT
    weights = judgement.weights[TEXT_MODEL if both_texts else TITLE_MODEL]
    z = np.float64(weights[FEATURES])
    for f in range(FEATURES):
        z += np.float64(weights[f]) * np.float64(evidence[f])
    return 1.0 / (1.0 + math.exp(-z))
