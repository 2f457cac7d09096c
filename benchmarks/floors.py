"""Quality floors: the figures that must not get worse, and the digests of the data files they hold for.

    {"digests": {file: SHA-256}, "floors": {figure: {"at_least" or "at_most": bound}}}

A bound lies a little on the bad side of what was measured, so that it stops what harms and not what moves one pair.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

FLOORS = Path(__file__).with_name("floors.json")
SLACK, CLOSE = 0.01, 0.001
"""How far a new floor, and a new ceiling, of a rate lie from what was measured. The ceiling of a count: a tenth."""

_RATES_UP = (
    "judged.precision", "judged.recall", "judged with text.precision", "judged with text.recall",
    "judged titles only.precision", "judged titles only.recall", "judged lookup.recall",
    "rss_feed_history.recall", "rss_feed_history.precision", "rss_feed_history little changed.recall",
    "ecbplus similar.recall", "ecbplus similar.precision",
    "allsides_roundup similar.recall", "allsides_roundup similar.precision",
)  # fmt: skip
_RATES_DOWN = ("judged.X merged", "place exchanged.merged", "town exchanged.merged", "name exchanged.merged")
_COUNTS_DOWN = (
    "ecbplus.across", "allsides_roundup.across", "reuters21578.largest", "googlenews_stream.largest",
    "ag_news.largest", "uci_headlines.largest", "reuters21578.unlike", "googlenews_stream.unlike",
)  # fmt: skip
PINNED = (*_RATES_UP, *_RATES_DOWN, *_COUNTS_DOWN)
"""The figures of `benchmarks.accuracy.evaluate` that have a floor, or, where less is better, a ceiling."""


class RegressionError(Exception):
    """Floors that would have to be lowered.

    Attributes:
        lines: one for each, for people.
    """

    def __init__(self, lines: list[str]) -> None:
        super().__init__("; ".join(lines))
        self.lines = lines


@dataclass(frozen=True, slots=True)
class Floors:
    """What must hold, and for which data.

    Attributes:
        digests: SHA-256 of each data file, by its name.
        bounds: the least (most, for figures where less is better) that each figure may be.
    """

    digests: dict[str, str]
    bounds: dict[str, float]

    @classmethod
    def read(cls, path: Path | None = None) -> Floors:
        """The floors of a file, `FLOORS` by default; none where there is no file.

        Raises:
            ValueError: a figure's bound is on the wrong side.
        """
        path = path or FLOORS
        if not path.exists():
            return cls({}, {})
        written = json.loads(path.read_text("utf-8"))
        bounds = {}
        for figure, bound in written["floors"].items():
            if list(bound) != [_side(figure)]:
                raise ValueError(f'{path}: {figure} has to say "{_side(figure)}", not {", ".join(bound) or "nothing"}')
            [bounds[figure]] = bound.values()
        return cls(written["digests"], bounds)

    def write(self, path: Path | None = None) -> None:
        """Replace a file, `FLOORS` by default, by these floors at once."""
        path = path or FLOORS
        written = {
            "digests": dict(sorted(self.digests.items())),
            "floors": {figure: {_side(figure): self.bounds[figure]} for figure in PINNED if figure in self.bounds},
        }
        beside = path.with_name(f"{path.name}.new")
        beside.write_text(json.dumps(written, indent=1) + "\n", encoding="utf-8")
        beside.replace(path)

    def violations(self, figures: Mapping[str, float], digests: Mapping[str, str]) -> list[str]:
        """What does not hold, a line each; figures that were not measured are not looked at.

        Args:
            figures: measured now, from `benchmarks.accuracy.evaluate`.
            digests: SHA-256 of the data files they were measured on.
        """
        lines = self._changed(digests)
        for figure in PINNED:
            if figure in figures and figure not in self.bounds:
                lines.append(f"{figure} is {figures[figure]:.4g} and has no floor; --update gives it one")
        return lines + self._fallen(figures)

    def updated(self, figures: Mapping[str, float], digests: Mapping[str, str], allow_regression: bool) -> Floors:
        """The floors raised to what was measured, and those of figures not measured as they were.

        Raises:
            RegressionError: a figure is on the bad side of its floor, and `allow_regression` is not set.
        """
        fallen = self._fallen(figures)
        if fallen and not allow_regression:
            raise RegressionError(fallen)
        bounds = dict(self.bounds)
        for figure in PINNED:
            if figure in figures:
                fresh = _bound(figure, figures[figure])
                kept = bounds.get(figure, fresh)
                better = min(fresh, kept) if _less_is_better(figure) else max(fresh, kept)
                bounds[figure] = better if _holds(figure, figures[figure], better) else fresh
        return Floors(self.digests | dict(digests), bounds)

    def _fallen(self, figures: Mapping[str, float]) -> list[str]:
        return [
            f"{figure} is {figures[figure]:.4g}, {_side(figure).replace('_', ' ')} {bound:.4g} is wanted"
            for figure, bound in self.bounds.items()
            if figure in figures and not _holds(figure, figures[figure], bound)
        ]

    def _changed(self, digests: Mapping[str, str]) -> list[str]:
        return [
            f"{file} has changed: SHA-256 {digest[:12]}..., the floors hold for {self.digests[file][:12]}..."
            for file, digest in digests.items()
            if self.digests.get(file, digest) != digest
        ]


def _less_is_better(figure: str) -> bool:
    return figure not in _RATES_UP


def _side(figure: str) -> str:
    return "at_most" if _less_is_better(figure) else "at_least"


def _holds(figure: str, value: float, bound: float) -> bool:
    return value <= bound if _less_is_better(figure) else value >= bound


def _bound(figure: str, value: float) -> float:
    """A new bound for a figure that was just measured."""
    if figure in _COUNTS_DOWN:
        return math.ceil(1.1 * value)
    if _less_is_better(figure):
        return math.ceil(1000 * (value + CLOSE)) / 1000
    return max(0.0, math.floor(1000 * (value - SLACK)) / 1000)
