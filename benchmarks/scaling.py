"""How time and memory of `dedup run` grow with the number of stories, and what that would come to for more."""

from __future__ import annotations

import dataclasses
import math
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from benchmarks.events import FeedSettings
from benchmarks.feed import SHAPES
from benchmarks.measure import BenchmarkError, Spread, environment, run_fresh, usable_cores
from benchmarks.throughput import CORES, engine_command, say

SIZES = (100_000, 300_000, 1_000_000, 3_000_000, 10_000_000)
_CLUSTER_LINE = 160
"""Bytes, about, that a story takes in the clusters file."""
PROJECTED = 100_000_000
"""Stories that the growth is projected to."""


def scaling_record(
    sizes: Sequence[int],
    words: int,
    shape: str,
    repeats: int,
    seed: int,
    folder: Path,
    engine: str = "dedup",
    keep: Callable[[dict[str, Any]], None] = lambda _record: None,
) -> dict[str, Any]:
    """Everything `scaling` measured, ready for JSON: one entry a size, in rising order.

    A size that fails, as it may where memory or disk is short, is named under `failed`, and larger ones are not tried.
    `keep` gets the record so far after every size, so that being broken off costs one size and not all.

    Raises:
        BenchmarkError: the engine does not run at all.
    """
    cores = usable_cores(CORES)
    where = environment(cores)
    feed, clusters = folder / "feed.jsonl", folder / "clusters.jsonl"
    SHAPES[shape](FeedSettings(stories=min(1_000, *sizes), words=words, seed=seed), feed, None)
    run_fresh(engine_command(engine, feed, clusters), cores)
    points: list[dict[str, Any]] = []
    failed: dict[str, str] = {}
    before: tuple[int, float] | None = None

    def record() -> dict[str, Any]:
        return {
            "benchmark": "scaling",
            "environment": where,
            "engine": engine,
            "feed": {"words": words, "shape": shape, "seed": seed},
            "repeats": repeats,
            "points": points,
            "failed": failed,
            **_growth_of_all(points),
        }

    for size in sorted(sizes):
        try:
            _check_disk(folder, size, feed.stat().st_size / (before[0] if before else min(1_000, *sizes)))
            SHAPES[shape](FeedSettings(stories=size, words=words, seed=seed), feed, None)
            say(f"scaling: a feed of {size:,} stories, {feed.stat().st_size / 1e6:,.0f} MB")
            runs = [run_fresh(engine_command(engine, feed, clusters), cores) for _ in range(repeats)]
        except (BenchmarkError, OSError) as problem:
            failed[f"{size:,}"] = str(problem)
            break
        wall = Spread.of([run.wall_seconds for run in runs])
        points.append(
            {
                "stories": size,
                "megabytes": feed.stat().st_size / 1e6,
                "wall_seconds": dataclasses.asdict(wall),
                "cpu_seconds": dataclasses.asdict(Spread.of([run.cpu_seconds for run in runs])),
                "peak_bytes": max(run.peak_bytes for run in runs),
                "stories_per_second": size / wall.median,
                "growth": growth(before, (size, wall.median)),
            }
        )
        say(f"scaling: {size:,} stories, {wall.median:.1f} s, {points[-1]['peak_bytes'] / 1e9:.2f} GB")
        before = (size, wall.median)
        keep(record())
    return record()


def _check_disk(folder: Path, size: int, bytes_a_story: float) -> None:
    """Refuses a size whose files would not fit, before hours are spent on it.

    Raises:
        BenchmarkError: feed, kept stories and clusters take more than is free.
    """
    needed = size * (bytes_a_story * 2 + _CLUSTER_LINE)
    # What the size before left behind is overwritten, and so counts as free.
    free = shutil.disk_usage(folder).free + sum(file.stat().st_size for file in folder.iterdir() if file.is_file())
    if needed > free:
        raise BenchmarkError(
            f"{folder} has {free / 1e9:.1f} GB free, {size:,} stories need {needed / 1e9:.1f} GB; "
            "name a larger folder with --folder"
        )


def _growth_of_all(points: Sequence[dict[str, Any]]) -> dict[str, object]:
    """The slopes over all points, and the projection; neither of fewer than two."""
    sizes = [point["stories"] for point in points]
    if len(set(sizes)) < 2:
        return {"slopes": None, "projection": None}
    seconds = [point["wall_seconds"]["median"] for point in points]
    peaks = [float(point["peak_bytes"]) for point in points]
    return {
        "slopes": {"seconds": slope(sizes, seconds), "bytes": slope(sizes, peaks)},
        "projection": {
            "stories": PROJECTED,
            "seconds": project(sizes, seconds, PROJECTED),
            "bytes": project(sizes, peaks, PROJECTED),
        },
    }


def slope(sizes: Sequence[float], values: Sequence[float]) -> float:
    """Slope of the least-squares line on log-log axes: 1 is linear, 2 quadratic. At least two different sizes."""
    x, y = [math.log(size) for size in sizes], [math.log(value) for value in values]
    mean_x, mean_y = math.fsum(x) / len(x), math.fsum(y) / len(y)
    above = math.fsum((a - mean_x) * (b - mean_y) for a, b in zip(x, y, strict=True))
    return above / math.fsum((a - mean_x) ** 2 for a in x)


def project(sizes: Sequence[float], values: Sequence[float], to: float) -> float:
    """The value at another size, going on from the largest as steeply as between the last two.

    The first sizes are left out of it, since starting up, which takes the same for all, makes their line too flat.
    """
    steepness = slope(sizes[-2:], values[-2:])
    return float(values[-1] * (to / sizes[-1]) ** steepness)


def growth(before: tuple[int, float] | None, now: tuple[int, float]) -> dict[str, float] | None:
    """From one (stories, seconds) to a larger: times the stories, times the seconds, seconds per doubling, exponent.

    An exponent of 1 is linear time; `per_doubling` is what the time is multiplied by when the stories double.
    """
    if before is None or now[0] == before[0]:
        return None
    exponent = math.log(now[1] / before[1]) / math.log(now[0] / before[0])
    return {
        "stories": now[0] / before[0],
        "seconds": now[1] / before[1],
        "per_doubling": 2.0**exponent,
        "exponent": exponent,
    }
