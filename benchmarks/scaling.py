"""How time and memory of `dedup run` grow with the number of stories."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from pathlib import Path

from benchmarks.events import FeedSettings
from benchmarks.feed import SHAPES
from benchmarks.measure import Spread, environment, run_fresh, usable_cores
from benchmarks.throughput import CORES, engine_command


def scaling_record(
    sizes: Sequence[int], words: int, shape: str, repeats: int, seed: int, folder: Path, engine: str = "dedup"
) -> dict[str, object]:
    """Everything `scaling` measured, ready for JSON: one entry a size, in rising order.

    Raises:
        BenchmarkError: a run failed.
    """
    cores = usable_cores(CORES)
    feed, clusters = folder / "feed.jsonl", folder / "clusters.jsonl"
    SHAPES[shape](FeedSettings(stories=min(1_000, *sizes), words=words, seed=seed), feed, None)
    run_fresh(engine_command(engine, feed, clusters), cores)
    points: list[dict[str, object]] = []
    before: tuple[int, float] | None = None
    for size in sorted(sizes):
        SHAPES[shape](FeedSettings(stories=size, words=words, seed=seed), feed, None)
        runs = [run_fresh(engine_command(engine, feed, clusters), cores) for _ in range(repeats)]
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
        before = (size, wall.median)
    return {
        "benchmark": "scaling",
        "environment": environment(cores),
        "engine": engine,
        "feed": {"words": words, "shape": shape, "seed": seed},
        "repeats": repeats,
        "points": points,
    }


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
