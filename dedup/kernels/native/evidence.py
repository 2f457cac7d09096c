"""What two stories have in common, measured on the facts kept of them, and the score it makes."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from dedup.kernels.native.claims import CLAIM, contradict
from dedup.kernels.native.facts import (
    CAPS,
    FRONT,
    LEAD,
    NAMES,
    NUMBERS,
    PAIRS,
    RUNS,
    SHINGLES,
    TITLE,
    TITLE_NAMES,
    TITLE_NUMBERS,
)
from dedup.kernels.native.meanings import AGAIN_VALUE
from dedup.kernels.native.sets import clash, common, holds, missing, name_others, overlap

UNDATED = np.int64(-(2**63))  # the time of stories before the first dated one: in everybody's window
HAS_TEXT, REVISED = 1, 4  # bits of meta[:, META_BITS]
META_TITLE_TOKENS, META_TOKENS, META_SOURCE, META_URL, META_BITS, META = 0, 1, 2, 3, 4, 5
# The evidence, in the order of `dedup.evidence.EVIDENCE`, and which of it is measured together.
TITLE_JACCARD, TITLE_CONTAINMENT, TITLE_SPELLING, TITLE_FOUND, TITLE_NUMBER_CLASH, TITLE_NAME_CLASH = range(6)
TITLE_OPPOSED, TITLE_AGAIN, SAME_SOURCE_TITLE_CLASH = range(6, 9)
TEXT_JACCARD, TEXT_CONTAINMENT, PAIR_CONTAINMENT, LEAD_SHARED = range(9, 13)
NUMBER_CLASH, SAME_SOURCE_NUMBER_CLASH, NAME_CLASH = range(13, 16)
SAME_SOURCE, SAME_URL, HOURS_APART, SAME_SOURCE_DAILY, FEATURES = range(16, 21)
_STARTS = tuple(map(np.int64, (0, 2, 9, 11, 12, 16, 20)))  # as int64, cf. `dedup.kernels.native.facts.CAPS`
TITLE_WORDS, TITLE_REST, TITLES, ORIGINS = _STARTS[0:2], _STARTS[1:3], (_STARTS[0], _STARTS[2]), _STARTS[5:7]
TEXT_SHINGLES, TEXT_PAIRS, TEXT_REST, TEXTS = _STARTS[2:4], _STARTS[3:5], _STARTS[4:6], (_STARTS[2], _STARTS[5])
TITLE_MODEL, TEXT_MODEL = 0, 1
FEWEST_WORDS = 4  # content words at the front of a story that evidence may judge
LEAST_FOUND = 0.2  # share of a title's words that the other story must know, of one of the two titles
MOST_HOURS = 72.0  # stories further apart are no less alike for it
MOST_RETITLED = 0.7  # share of the words of each title that the other story knows, of two that one source writes alike
LEAST_AGAIN = 18.0  # hours after which what is said to have happened again is another event
LEAST_DAY, MOST_OFF = 23.0, 0.25  # hours apart, and from the same time of day, of what a source publishes daily
PUNCTUAL = 1 / 30  # hours from the same time of day of a series in the same words; crawls meet copies after a day too
_HOUR = 3_600_000_000.0
_DAY = np.int64(86_400_000_000)
_ROUNDING = 1e-6  # of sums in another order


class Facts(NamedTuple):
    """What is known of n stories, a row each, as flat arrays."""

    hashes: NDArray[np.uint32]  # [m] sorted sets back to back, from `gather_facts`
    bounds: NDArray[np.int64]  # [n + 1] story i owns hashes[bounds[i]:bounds[i + 1]]
    sections: NDArray[np.uint16]  # [n, 10] where each set ends, counted from bounds[i]
    meta: NDArray[np.uint32]  # [n, 5] tokens of the title, tokens in all, hashes of source and URL (0: none), bits
    times: NDArray[np.int64]  # [n] microseconds since 1970, or UNDATED
    content: NDArray[np.uint64]  # [n, 2] hash of the whole normalised content; 0, 0 for a story without any


class Judgement(NamedTuple):
    """How pairs are judged."""

    weights: NDArray[np.float32]  # [2, 21] for titles and for text: one for each piece of evidence, then the constant
    rule: float  # above 0: the classical rule, the least Jaccard similarity; the weights are not looked at
    threshold: float  # the least score of a duplicate
    window: int  # microseconds, -1 for no limit


@njit(nogil=True, forceinline=True)
def _share(part: int, whole: int) -> float:
    return part / whole if whole > 0 else 0.0


@njit(nogil=True, forceinline=True)
def _section(facts: Facts, i: int, s: int) -> NDArray[np.uint32]:
    begin = facts.bounds[i] + (np.int64(facts.sections[i, s - 1]) if s > 0 else 0)
    return facts.hashes[begin : facts.bounds[i] + np.int64(facts.sections[i, s])]


@njit(nogil=True, forceinline=True)
def _measure_title_words(facts: Facts, i: int, j: int, out: NDArray[np.float32]) -> float:
    """Returns the containment of the titles, for `_measure_title_rest`."""
    x, y = _section(facts, i, TITLE), _section(facts, j, TITLE)
    shared = common(x, y)
    out[TITLE_JACCARD] = _share(shared, x.shape[0] + y.shape[0] - shared)
    containment = _share(shared, min(x.shape[0], y.shape[0]))
    out[TITLE_CONTAINMENT] = containment
    return containment


@njit(nogil=True, forceinline=True)
def _measure_spelling(facts: Facts, i: int, j: int, out: NDArray[np.float32]) -> None:
    shared, in_x, in_y = overlap(_section(facts, i, RUNS), _section(facts, j, RUNS), CAPS[RUNS])
    out[TITLE_SPELLING] = _share(shared, in_x + in_y - shared)


@njit(nogil=True, forceinline=True)
def _measure_title_rest(facts: Facts, i: int, j: int, containment: float, out: NDArray[np.float32]) -> None:
    """All but the spelling. What `_measure_origins` wrote is read, of two texts `_measure_text_rest` too."""
    front_x, front_y = _section(facts, i, FRONT), _section(facts, j, FRONT)
    out[TITLE_FOUND] = 1.0 - clash(_section(facts, i, TITLE), _section(facts, j, TITLE), front_x, front_y)
    x, y = _section(facts, i, TITLE_NUMBERS), _section(facts, j, TITLE_NUMBERS)
    shared = common(x, y)
    revised = (facts.meta[i, META_BITS] | facts.meta[j, META_BITS]) & REVISED
    differing = 0.0
    if shared < min(x.shape[0], y.shape[0]) and not revised:  # what only one of them tells contradicts nothing
        differing = 1.0 - shared / (x.shape[0] + y.shape[0] - shared)
    out[TITLE_NUMBER_CLASH] = differing * containment
    x, y = _section(facts, i, TITLE_NAMES), _section(facts, j, TITLE_NAMES)
    out[TITLE_NAME_CLASH] = containment if name_others(x, y, front_x, front_y) else 0.0
    out[TITLE_OPPOSED] = 0.0
    if not revised:
        bits_x, bits_y = facts.meta[i, META_BITS], facts.meta[j, META_BITS]
        out[TITLE_OPPOSED] = contradict(bits_x >> CLAIM, bits_y >> CLAIM, out[TITLE_JACCARD], np.float32(containment))
    later = out[HOURS_APART] >= LEAST_AGAIN
    out[TITLE_AGAIN] = later and holds(front_x, AGAIN_VALUE) != holds(front_y, AGAIN_VALUE)
    texts = facts.meta[i, META_BITS] & facts.meta[j, META_BITS] & HAS_TEXT != 0
    series = out[SAME_SOURCE] == 1.0 and out[SAME_URL] == 0.0 and not revised
    out[SAME_SOURCE_TITLE_CLASH] = series and (
        _tells_else(facts, i, front_y)
        or _tells_else(facts, j, front_x)
        or (texts and out[TITLE_FOUND] < MOST_RETITLED and out[LEAD_SHARED] < 1.0)
    )


@njit(nogil=True, cache=True)
def _tells_else(facts: Facts, i: int, front: NDArray[np.uint32]) -> bool:
    """Whether a word of a title that is a name in its own text is not in another story's front.

    The text tells names where titles are all in capitals; figures, which are revised, are none.
    """
    title, names = _section(facts, i, TITLE), _section(facts, i, NAMES)
    k = m = 0
    while k < title.shape[0] and m < names.shape[0]:
        a, b = title[k], names[m]
        if a == b and not holds(front, a):
            return True
        k += a <= b
        m += b <= a
    return False


@njit(nogil=True, forceinline=True)
def _measure_shingles(facts: Facts, i: int, j: int, out: NDArray[np.float32]) -> None:
    shared, in_x, in_y = overlap(_section(facts, i, SHINGLES), _section(facts, j, SHINGLES), CAPS[SHINGLES])
    out[TEXT_JACCARD] = _share(shared, in_x + in_y - shared)
    out[TEXT_CONTAINMENT] = _share(shared, min(in_x, in_y))


@njit(nogil=True, forceinline=True)
def _measure_pairs(facts: Facts, i: int, j: int, out: NDArray[np.float32]) -> None:
    shared, in_x, in_y = overlap(_section(facts, i, PAIRS), _section(facts, j, PAIRS), CAPS[PAIRS])
    out[PAIR_CONTAINMENT] = _share(shared, min(in_x, in_y))


@njit(nogil=True, forceinline=True)
def _measure_text_rest(facts: Facts, i: int, j: int, out: NDArray[np.float32]) -> None:
    """Overwrites its part of `out`; what `_measure_origins` wrote is read."""
    front_x, front_y = _section(facts, i, FRONT), _section(facts, j, FRONT)
    x, y = _section(facts, i, LEAD), _section(facts, j, LEAD)
    known = x.shape[0] > 0 and y.shape[0] > 0
    out[LEAD_SHARED] = 1.0 - max(missing(x, front_y), missing(y, front_x)) if known else 0.0
    revised = (facts.meta[i, META_BITS] | facts.meta[j, META_BITS]) & REVISED
    x, y = _section(facts, i, NUMBERS), _section(facts, j, NUMBERS)
    unknown = 0.0 if revised else clash(x, y, front_x, front_y)
    out[NUMBER_CLASH] = unknown == 1.0
    out[SAME_SOURCE_NUMBER_CLASH] = np.float32(unknown) * out[SAME_SOURCE]
    x, y = _section(facts, i, NAMES), _section(facts, j, NAMES)
    out[NAME_CLASH] = clash(x, y, front_x, front_y)


@njit(nogil=True, forceinline=True)
def _measure_origins(facts: Facts, i: int, j: int, out: NDArray[np.float32]) -> None:
    meta = facts.meta
    out[SAME_SOURCE] = meta[i, META_SOURCE] != 0 and meta[i, META_SOURCE] == meta[j, META_SOURCE]
    out[SAME_URL] = meta[i, META_URL] != 0 and meta[i, META_URL] == meta[j, META_URL]
    dated = facts.times[i] != UNDATED and facts.times[j] != UNDATED
    hours = abs(facts.times[i] - facts.times[j]) / _HOUR if dated else 0.0
    out[HOURS_APART] = min(hours, MOST_HOURS)
    out[SAME_SOURCE_DAILY] = out[SAME_SOURCE] == 1.0 and _is_daily(facts.times[i], facts.times[j], hours, MOST_OFF)


@njit(nogil=True)
def _is_daily(one: int, other: int, hours: float, off: float) -> bool:
    """Whether two dates are the same time of different days; both at midnight are dates without a time."""
    timed = one % _DAY != 0 or other % _DAY != 0
    return timed and hours >= LEAST_DAY and abs(hours - 24.0 * np.rint(hours / 24.0)) <= off


@njit(nogil=True, cache=True)
def is_series(facts: Facts, i: int, j: int) -> bool:
    """Whether two stories of the same words are two of a series, and no copies.

    One source says so little, a title and no text to judge, at the same time of different days, to two minutes; or so
    few words that they could head anything, on different days.
    """
    meta, times = facts.meta, facts.times
    if (meta[i, META_BITS] | meta[j, META_BITS]) & HAS_TEXT != 0 or times[i] == UNDATED or times[j] == UNDATED:
        return False
    if meta[i, META_SOURCE] == 0 or meta[i, META_SOURCE] != meta[j, META_SOURCE]:
        return False
    if meta[i, META_URL] != 0 and meta[i, META_URL] == meta[j, META_URL]:
        return False
    hours = abs(times[i] - times[j]) / _HOUR
    return _is_daily(times[i], times[j], hours, PUNCTUAL) or (hours >= LEAST_AGAIN and says_too_little(facts, i))


@njit(nogil=True, cache=True)
def measure(facts: Facts, i: int, j: int, out: NDArray[np.float32]) -> None:
    """Write the evidence on stories i and j to out, float32[20], in the order of `dedup.evidence.EVIDENCE`.

    Symmetric in i and j.
    """
    _measure_origins(facts, i, j, out)
    _measure_shingles(facts, i, j, out)
    _measure_pairs(facts, i, j, out)
    _measure_text_rest(facts, i, j, out)
    _measure_spelling(facts, i, j, out)
    _measure_title_rest(facts, i, j, _measure_title_words(facts, i, j, out), out)


@njit(nogil=True, forceinline=True)
def says_too_little(facts: Facts, i: int) -> bool:
    """Whether the front of a story has too few content words for evidence to judge it."""
    return facts.sections[i, FRONT] - facts.sections[i, FRONT - 1] < FEWEST_WORDS


@njit(nogil=True, forceinline=True)
def share_no_field(meta: NDArray[np.uint32], i: int, j: int) -> bool:
    """Whether one story has a text but no title, and the other a title but no text to judge."""
    with_text = i if meta[i, META_BITS] & HAS_TEXT else j
    only_one = (meta[i, META_BITS] ^ meta[j, META_BITS]) & HAS_TEXT
    return only_one != 0 and meta[with_text, META_TITLE_TOKENS] == 0


@njit(nogil=True, forceinline=True)
def _weigh(weights: NDArray[np.float32], part: tuple[int, int], evidence: NDArray[np.float32]) -> float:
    """What some of the evidence, which has been measured, adds to a score."""
    z = 0.0
    for f in range(part[0], part[1]):
        z += np.float64(weights[f]) * np.float64(evidence[f])
    return z


@njit(nogil=True, forceinline=True)
def _most(weights: NDArray[np.float32], part: tuple[int, int]) -> float:
    """The most that some of the evidence can add to a score; it is 0..1."""
    z = 0.0
    for f in range(part[0], part[1]):
        z += max(np.float64(weights[f]), 0.0)
    return z


@njit(nogil=True, cache=True, forceinline=True)
def judge(facts: Facts, i: int, j: int, judgement: Judgement, evidence: NDArray[np.float32]) -> float:
    """The score of stories i and j, 0..1; 0 for most that cannot reach the threshold. `evidence` is overwritten.

    Always 0: for a story of too few words, which says nothing that chance might not; for two texts of which neither
    knows the other's title, since what they share is then no story but a banner; and for a text without a title against
    a title without a text.
    """
    if judgement.rule > 0.0:
        _measure_shingles(facts, i, j, evidence)
        return np.float64(evidence[TEXT_JACCARD])
    if says_too_little(facts, i) or says_too_little(facts, j) or share_no_field(facts.meta, i, j):
        return 0.0
    _measure_origins(facts, i, j, evidence)
    if facts.meta[i, META_BITS] & facts.meta[j, META_BITS] & HAS_TEXT:
        return _judge_texts(facts, i, j, judgement, evidence)
    return _judge_titles(facts, i, j, judgement, evidence)


@njit(nogil=True, forceinline=True)
def _judge_texts(facts: Facts, i: int, j: int, judgement: Judgement, evidence: NDArray[np.float32]) -> float:
    """Measures what tells most first: most candidates are done with then."""
    weights, least = judgement.weights[TEXT_MODEL], judgement.threshold - _ROUNDING
    z = np.float64(weights[FEATURES]) + _weigh(weights, ORIGINS, evidence)
    open_ = _most(weights, TITLES) + _most(weights, TEXT_REST)
    _measure_shingles(facts, i, j, evidence)
    z += _weigh(weights, TEXT_SHINGLES, evidence)
    if _chance(z + open_ + _most(weights, TEXT_PAIRS)) < least:
        return 0.0
    _measure_pairs(facts, i, j, evidence)
    z += _weigh(weights, TEXT_PAIRS, evidence)
    if _chance(z + open_) < least:
        return 0.0
    _measure_text_rest(facts, i, j, evidence)
    z += _weigh(weights, TEXT_REST, evidence)
    if _chance(z + _most(weights, TITLES)) < least:
        return 0.0
    evidence[TITLE_SPELLING] = 0.0
    if weights[TITLE_SPELLING] != 0.0:
        _measure_spelling(facts, i, j, evidence)
    _measure_title_rest(facts, i, j, _measure_title_words(facts, i, j, evidence), evidence)
    return 0.0 if evidence[TITLE_FOUND] < LEAST_FOUND else _chance(z + _weigh(weights, TITLES, evidence))


@njit(nogil=True, cache=True)
def _judge_titles(facts: Facts, i: int, j: int, judgement: Judgement, evidence: NDArray[np.float32]) -> float:
    """Measures what tells most first, likewise."""
    weights, least = judgement.weights[TITLE_MODEL], judgement.threshold - _ROUNDING
    z = np.float64(weights[FEATURES]) + _weigh(weights, ORIGINS, evidence)
    containment = _measure_title_words(facts, i, j, evidence)
    z += _weigh(weights, TITLE_WORDS, evidence)
    if _chance(z + _most(weights, TITLE_REST) + _most(weights, TEXTS)) < least:
        return 0.0
    _measure_spelling(facts, i, j, evidence)
    _measure_title_rest(facts, i, j, containment, evidence)
    z += _weigh(weights, TITLE_REST, evidence)
    if _chance(z + _most(weights, TEXTS)) < least:
        return 0.0
    _measure_shingles(facts, i, j, evidence)
    _measure_pairs(facts, i, j, evidence)
    _measure_text_rest(facts, i, j, evidence)
    return _chance(z + _weigh(weights, TEXTS, evidence))


@njit(nogil=True, forceinline=True)
def _chance(z: float) -> float:
    return 1.0 / (1.0 + math.exp(-z))
