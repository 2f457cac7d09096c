"""The figures behind the report's plots."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dedup.kernels.native.evidence import UNDATED
from dedup.kernels.native.leaders import EXACT
from dedup.result import Result

SECOND = 1_000_000  # microseconds
_STEPS = (60, 300, 900, 3600, 3 * 3600, 6 * 3600, 12 * 3600, 86400, 7 * 86400, 30 * 86400, 365 * 86400)  # seconds
_MOST_BARS = 60
_OUTLIERS = 0.002  # share of stories at either end that a few wrong dates may be
_SIZES = (2, 3, 4, 5, 6, 11, 21, 51, 101, 1001)  # least of each bar
_MOST_PAIRS = 20


class Bar(NamedTuple):
    """One bar of a plot: what it stands for and its parts, from below."""

    label: str
    parts: tuple[int, ...]


def size_bars(result: Result) -> list[Bar]:
    """How many clusters there are of each size from two on."""
    sizes = result.sizes[result.leaders == np.arange(len(result))]
    bars = []
    for least, after in zip(_SIZES, (*_SIZES[1:], np.iinfo(np.int64).max), strict=True):
        count = int(np.count_nonzero((sizes >= least) & (sizes < after)))
        most = "or more" if least == _SIZES[-1] else f"to {after - 1}"
        bars.append(Bar(f"{least}" if after == least + 1 else f"{least} {most}", (count,)))
    while bars and not bars[-1].parts[0]:
        bars.pop()
    return bars


@dataclass(frozen=True, slots=True)
class Timeline:
    """Stories kept and duplicates over time.

    Attributes:
        starts: int64[b], where each bar begins, microseconds since 1970.
        step: seconds that a bar is wide.
        kept, duplicates: int64[b].
        outside: dated stories before the first or behind the last bar.
        undated: stories without a date.
    """

    starts: NDArray[np.int64]
    step: int
    kept: NDArray[np.int64]
    duplicates: NDArray[np.int64]
    outside: int
    undated: int


def timeline(result: Result, times: NDArray[np.int64]) -> Timeline:
    """Count stories by time, in at most `_MOST_BARS` bars; dates far from nearly all others are left outside."""
    dated = times != UNDATED
    undated = int(np.count_nonzero(~dated))
    nothing = np.empty(0, dtype=np.int64)
    if not dated.any():
        return Timeline(nothing, 0, nothing, nothing, 0, undated)
    known, kept = times[dated], result.kept[dated]
    ordered = np.sort(known)
    few = int(len(ordered) * _OUTLIERS)
    first, last = int(ordered[few]), int(ordered[len(ordered) - 1 - few])
    step = next((step for step in _STEPS if (last - first) // (step * SECOND) + 1 <= _MOST_BARS), None)
    while step is None:  # centuries
        step = (last - first) // (_MOST_BARS * SECOND) + 1
    begin = first // (step * SECOND)
    bars = last // (step * SECOND) - begin + 1
    places = known // (step * SECOND) - begin
    inside = (places >= 0) & (places < bars)
    starts = (begin + np.arange(bars)) * (step * SECOND)
    return Timeline(
        starts=starts,
        step=step,
        kept=np.bincount(places[inside & kept], minlength=bars).astype(np.int64),
        duplicates=np.bincount(places[inside & ~kept], minlength=bars).astype(np.int64),
        outside=int(np.count_nonzero(~inside)),
        undated=undated,
    )


class SourcePair(NamedTuple):
    """How often one source told again what another had told first."""

    first: int
    """Code of the source whose story is the earliest of its cluster."""
    again: int
    stories: int
    exact: int
    """Of these, word for word."""
    median: float
    """Seconds later, half of them at most."""
    tenth: float
    """Seconds later, the fastest tenth of them at most."""


def source_pairs(result: Result, times: NDArray[np.int64], codes: NDArray[np.int32]) -> list[SourcePair]:
    """Who tells again what whom told first, the most frequent first; within one source does not count.

    Only dated stories of named sources count. The first of a cluster is its earliest by date, in whatever order the
    feed has them.
    """
    usable = np.flatnonzero((times != UNDATED) & (codes > 0) & (result.sizes > 1))
    if not len(usable):
        return []
    order = usable[np.lexsort((usable, times[usable], result.leaders[usable]))]
    leaders = result.leaders[order]
    begins = np.flatnonzero(np.concatenate([[True], leaders[1:] != leaders[:-1]]))
    lengths = np.diff(np.append(begins, len(order)))
    origins = np.repeat(order[begins], lengths)
    between = codes[origins] != codes[order]
    origins, again = origins[between], order[between]
    keys = codes[origins].astype(np.int64) << 32 | codes[again]
    delays = (times[again] - times[origins]) / SECOND
    exact = result.kinds[again] == EXACT
    names, inverse, counts = np.unique(keys, return_inverse=True, return_counts=True)
    pairs = []
    for place in np.argsort(-counts, kind="stable")[:_MOST_PAIRS].tolist():
        mine = inverse == place
        pairs.append(
            SourcePair(
                *(int(names[place] >> 32), int(names[place] & 0xFFFFFFFF), int(counts[place])),
                int(np.count_nonzero(exact[mine])),
                *np.quantile(delays[mine], (0.5, 0.1)).tolist(),
            )
        )
    return pairs
