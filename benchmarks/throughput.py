"""Speed of whole commands, feed file to clusters file, beside the precision and recall it was reached with."""

from __future__ import annotations

import dataclasses
import importlib.util
import random
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.events import FeedSettings
from benchmarks.feed import write_feed
from benchmarks.measure import BenchmarkError, Run, Spread, environment, run_fresh, usable_cores
from benchmarks.peers import BANDS, PERMUTATIONS, ROWS, THRESHOLD
from benchmarks.scoring import Score, score_clusters

ENGINES = ("dedup", "datasketch", "rensa", "rensa-flags", "orjson")
NEEDS = {"datasketch": "datasketch", "rensa": "rensa", "rensa-flags": "rensa", "orjson": "orjson"}
WITHOUT_CLUSTERS = ("orjson", "rensa-flags")
CORES = 2
DEFAULT_SLICES = {"datasketch": 20_000}
"""Engines that get only the first so many stories. Their time a story does not fall with more of them."""


@dataclass(frozen=True, slots=True)
class Measured:
    """One engine on one feed, all repeats.

    Attributes:
        stories, megabytes: what it was given.
        runs: one a repeat.
        score: agreement with the truth; None for an engine that makes no clusters.
    """

    engine: str
    stories: int
    megabytes: float
    runs: list[Run]
    score: Score | None

    @property
    def wall(self) -> Spread:
        """Wall seconds."""
        return Spread.of([run.wall_seconds for run in self.runs])

    @property
    def stories_per_second(self) -> float:
        """Stories over median wall seconds."""
        return self.stories / self.wall.median


def engine_command(engine: str, feed: Path, clusters: Path, stories: int = 0) -> list[str]:
    """The command that makes `clusters` of the first `stories` stories of a feed (0: all; dedup always takes all)."""
    if engine == "dedup":
        kept = clusters.with_suffix(".kept.jsonl")
        return [sys.executable, "-m", "dedup", "run", str(feed), "-o", str(kept), "--clusters", str(clusters)]
    peers = [sys.executable, "-m", "benchmarks.peers", engine, str(feed), str(clusters)]
    return [*peers, "--stories", str(stories)]


def measure_feed(
    settings: FeedSettings,
    engines: Sequence[str],
    repeats: int,
    folder: Path,
    slices: dict[str, int] | None = None,
) -> tuple[list[Measured], dict[str, str]]:
    """Every engine on one feed, `repeats` times in an order drawn by the feed's seed; and what was missing, and why.

    Before the clock starts every engine runs once on the first 1,000 stories, so that what compiles has compiled.
    """
    slices = DEFAULT_SLICES if slices is None else slices
    feed, truth, first = folder / "feed.jsonl", folder / "truth.jsonl", folder / "first.jsonl"
    write_feed(settings, feed, truth)
    write_feed(dataclasses.replace(settings, stories=min(1_000, settings.stories)), first)
    cores = usable_cores(CORES)
    given = {engine: min(slices.get(engine, settings.stories), settings.stories) for engine in engines}
    megabytes = {engine: _size_of_lines(feed, given[engine], settings.stories) / 1e6 for engine in engines}
    feeds = dict.fromkeys(engines, feed)
    if given.get("dedup", settings.stories) < settings.stories:
        feeds["dedup"] = folder / "slice.jsonl"
        write_feed(dataclasses.replace(settings, stories=given["dedup"]), feeds["dedup"])

    missing: dict[str, str] = {}
    for engine in engines:
        needed = NEEDS.get(engine)
        if needed and importlib.util.find_spec(needed) is None:
            missing[engine] = f"{needed} is not installed: pip install {needed}"
            continue
        try:
            run_fresh(engine_command(engine, first, folder / "warm.jsonl"), cores)
        except BenchmarkError as problem:
            missing[engine] = str(problem)
    runs: dict[str, list[Run]] = {engine: [] for engine in engines if engine not in missing}
    order = random.Random(settings.seed)  # noqa: S311 - an order of runs, not a secret
    for _ in range(repeats):
        for engine in order.sample(sorted(runs), len(runs)):
            command = engine_command(engine, feeds[engine], folder / f"{engine}.jsonl", given[engine])
            runs[engine].append(run_fresh(command, cores))
    measured = []
    for engine, engine_runs in runs.items():
        clustered = engine not in WITHOUT_CLUSTERS
        score = score_clusters(folder / f"{engine}.jsonl", truth) if clustered else None
        measured.append(Measured(engine, given[engine], megabytes[engine], engine_runs, score))
    return measured, missing


def _size_of_lines(feed: Path, stories: int, of: int) -> int:
    """Bytes of the first `stories` lines."""
    if stories >= of:
        return feed.stat().st_size
    with feed.open("rb") as lines:
        return sum(len(line) for line, _ in zip(lines, range(stories), strict=False))


def throughput_record(
    stories: int,
    words: Sequence[int],
    engines: Sequence[str],
    repeats: int,
    seed: int,
    folder: Path,
    slices: dict[str, int] | None = None,
) -> dict[str, object]:
    """Everything `throughput` measured, ready for JSON: environment, settings, and one entry a feed."""
    feeds = []
    for mean in words:
        settings = FeedSettings(stories=stories, words=mean, seed=seed)
        measured, missing = measure_feed(settings, engines, repeats, folder, slices)
        feeds.append(
            {
                "feed": dataclasses.asdict(settings),
                "engines": [_entry(one, measured) for one in measured],
                "missing": missing,
            }
        )
    return {
        "benchmark": "throughput",
        "environment": environment(usable_cores(CORES)),
        "peers": {"permutations": PERMUTATIONS, "bands": BANDS, "rows": ROWS, "threshold": THRESHOLD, "shingle": 3},
        "repeats": repeats,
        "seed": seed,
        "feeds": feeds,
    }


def _entry(one: Measured, everyone: list[Measured]) -> dict[str, object]:
    """One engine's numbers, and how many times as fast as each other one it is, by stories a second."""
    score: dict[str, object] | None = None
    if one.score:
        score = {**dataclasses.asdict(one.score), "precision": one.score.precision, "recall": one.score.recall}
    return {
        "engine": one.engine,
        "stories": one.stories,
        "megabytes": one.megabytes,
        "stories_per_second": one.stories_per_second,
        "megabytes_per_second": one.megabytes / one.wall.median,
        "wall_seconds": dataclasses.asdict(one.wall),
        "cpu_seconds": dataclasses.asdict(Spread.of([run.cpu_seconds for run in one.runs])),
        "peak_bytes": max(run.peak_bytes for run in one.runs),
        "times_as_fast_as": {
            other.engine: one.stories_per_second / other.stories_per_second for other in everyone if other is not one
        },
        "score": score,
    }
