"""Whether one record is worse than an earlier one, by ratios within a machine and by quality, never by seconds.

A speed counts as how many times a feed's mere parsing it takes, or as how many times another engine's speed it is,
both measured in the same minutes on the same cores.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Record = dict[str, Any]

RATIO_SLACK = 0.25
"""Share by which a ratio of times may be worse: on a shared machine medians of three move by that much."""
QUALITY_SLACK = 0.01
KIND_SLACK = 0.05
"""How much worse a rate may be, and one of a single kind of edit or look-alike, of which there are few."""
_UNCOMPARED = ("dedup-strict", "dedup-loose", "dedup-jaccard")  # ways not to use it are not held to a speed


@dataclass(frozen=True, slots=True)
class Figure:
    """One number of a record.

    Attributes:
        name: what it says, unique within a record.
        value: more is better, unless `less_is_better`.
        slack: by how much it may get worse; of its own size where `relative`.
    """

    name: str
    value: float
    slack: float
    relative: bool = False
    less_is_better: bool = False

    def fell_from(self, before: Figure) -> bool:
        """Whether it is worse than before by more than the slack."""
        room = self.slack * before.value if self.relative else self.slack
        worse = self.value - before.value if self.less_is_better else before.value - self.value
        return worse > room + 1e-12


def read_record(path: Path) -> Record:
    """A record of `python -m benchmarks`.

    Raises:
        ValueError: it is none, or of a kind that has nothing to compare.
    """
    try:
        record = json.loads(path.read_text("utf-8"))
    except ValueError as problem:
        raise ValueError(f"{path} is not JSON: {problem}") from problem
    kind = record.get("benchmark") if isinstance(record, dict) else None
    if kind not in _FIGURES:
        raise ValueError(f"{path} is no record of {', '.join(_FIGURES)}; benchmark is {kind!r}")
    return dict(record)


def compare(before: Record, after: Record, ratio_slack: float = RATIO_SLACK) -> tuple[list[str], list[str]]:
    """A line for every figure that got worse by more than its slack, and for every one that both have.

    Raises:
        ValueError: the records are of different benchmarks, or nothing in them can be compared.
    """
    if before["benchmark"] != after["benchmark"]:
        raise ValueError(f"a record of {before['benchmark']} cannot be compared with one of {after['benchmark']}")
    figures = _FIGURES[before["benchmark"]]
    earlier = {figure.name: figure for figure in figures(before, ratio_slack)}
    both = [(earlier[figure.name], figure) for figure in figures(after, ratio_slack) if figure.name in earlier]
    if not both:
        raise ValueError("the records have no figure in common; measure the same engines on the same feeds")
    lines = {figure.name: f"{figure.name}: {old.value:.4g} -> {figure.value:.4g}" for old, figure in both}
    return [lines[figure.name] for old, figure in both if figure.fell_from(old)], list(lines.values())


def _of_engines(record: Record, ratio_slack: float) -> Iterator[Figure]:
    """Of `throughput` and `peers`: speed against every engine that had as many stories, quality by kind."""
    for feed in record["feeds"]:
        where = f"{feed['feed']['words']} words, {feed['feed']['stories']:,} stories, seed {feed['feed']['seed']}"
        for entry in feed["engines"]:
            if not entry["engine"].startswith("dedup"):
                continue
            name = f"{where}: {entry['engine']}"
            if entry["engine"] not in _UNCOMPARED:
                for other, ratio in sorted(entry["times_as_fast_as"].items()):
                    if not other.startswith("dedup"):
                        yield Figure(f"{name}, times as fast as {other}", ratio, ratio_slack, relative=True)
            score = entry["score"]
            for rate in ("precision", "recall"):
                if score[rate] is not None:
                    yield Figure(f"{name}, {rate}", score[rate], QUALITY_SLACK)
            for kind, share in score["recall_by_edit"].items():
                yield Figure(f"{name}, found of {kind}", share, KIND_SLACK)
            for kind, share in score["false_merges_by_lookalike"].items():
                yield Figure(f"{name}, wrongly merged of {kind}", share, KIND_SLACK, less_is_better=True)


def _of_scaling(record: Record, ratio_slack: float) -> Iterator[Figure]:
    """The slopes, and memory a story, which no other process disturbs."""
    name = f"{record['feed']['words']} words, shape {record['feed']['shape']}"
    sizes = ", ".join(f"{point['stories']:,}" for point in record["points"])
    for what, value in (record.get("slopes") or {}).items():
        yield Figure(f"{name}, slope of {what} over {sizes}", value, 0.15, less_is_better=True)
    for point in record["points"]:
        size = point["stories"]
        bytes_each = point["peak_bytes"] / size
        yield Figure(f"{name}, bytes a story of {size:,}", bytes_each, ratio_slack, relative=True, less_is_better=True)


def _of_accuracy(record: Record, _ratio_slack: float) -> Iterator[Figure]:
    """Rates on the pairs that people have judged."""
    for pairs in record["pairs"]:
        for entry in pairs["engines"]:
            if entry["engine"] == "dedup":
                for rate in ("precision", "recall"):
                    if entry[rate] is not None:
                        yield Figure(f"{pairs['set']}, {entry['given']}: {rate}", entry[rate], QUALITY_SLACK)


def _of_likeness(record: Record, _ratio_slack: float) -> Iterator[Figure]:
    """How far synthetic pairs are from real ones."""
    for row in record["rows"]:
        name = f"{row['pairs']}, {row['measure']}: gap of judged and synthetic pairs"
        yield Figure(name, row["gap"], KIND_SLACK, less_is_better=True)


_FIGURES: dict[str, Callable[[Record, float], Iterator[Figure]]] = {
    "throughput": _of_engines,
    "peers": _of_engines,
    "scaling": _of_scaling,
    "accuracy": _of_accuracy,
    "likeness": _of_likeness,
}
