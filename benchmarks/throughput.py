"""Speed of whole commands, feed file to clusters file, beside the precision and recall it was reached with.

`throughput` is this project by itself, by length of story and by stage; `peers` is everybody on the same feeds.
"""

from __future__ import annotations

import dataclasses
import importlib.util
import json
import random
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.events import FeedSettings
from benchmarks.feed import write_feed
from benchmarks.measure import (
    PROJECT,
    THREAD_POOLS,
    BenchmarkError,
    Run,
    Spread,
    environment,
    run_fresh,
    usable_cores,
)
from benchmarks.peers import BANDS, PERMUTATIONS, ROWS, THRESHOLD
from benchmarks.scoring import Score, score_clusters, unchanged_copies

ENGINE_OPTIONS: dict[str, tuple[str, ...]] = {
    "dedup": (),
    "dedup-strict": ("--strictness", "strict"),
    "dedup-loose": ("--strictness", "loose"),
    "dedup-jaccard": ("--rule", "jaccard=0.7"),
}
"""This project with some settings."""
NEEDS = {
    "datasketch": "datasketch", "rensa": "rensa", "rensa-c": "rensa", "rensa-rho": "rensa", "rensa-flags": "rensa",
    "gaoya": "gaoya", "fastsketchlsh": "FastSketchLSH", "text-dedup": "text_dedup", "spark": "pyspark",
    "orjson": "orjson",
}  # fmt: skip
"""Module that each other engine needs."""
PACKAGE_OF = {"FastSketchLSH": "fastsketchlsh", "text_dedup": "text-dedup"}
"""What to install for a module that is named otherwise."""
ENGINES = (*ENGINE_OPTIONS, *NEEDS)
OWN = ("dedup", "orjson")
WITHOUT_CLUSTERS = ("orjson", "rensa-flags")
WHOLE_FILES = (*ENGINE_OPTIONS, "spark")
"""Engines that take whole files, so that a slice is a file of its own."""
MEMORY_ELSEWHERE = ("spark",)
"""Engines whose memory is that of processes which this one does not wait for, hence not measured."""
CORES = 2
DEFAULT_SLICES = {"datasketch": 20_000, "rensa-c": 10_000, "text-dedup": 20_000, "spark": 20_000}
"""Engines that get only the first so many stories. Their time a story does not fall with more of them; Spark's does,
by what it takes to start."""


def say(line: str) -> None:
    """Tell whoever waits."""
    print(f"benchmarks: {line}", file=sys.stderr, flush=True)


@dataclass(frozen=True, slots=True)
class Measured:
    """One engine on one feed, all repeats.

    Attributes:
        stories, megabytes: what it was given.
        runs: one a repeat.
        score: agreement with the truth; None for an engine that makes no clusters.
        equal: the same over as many stories as the engine with the fewest got.
    """

    engine: str
    stories: int
    megabytes: float
    runs: list[Run]
    score: Score | None
    equal: Score | None

    @property
    def wall(self) -> Spread:
        """Wall seconds."""
        return Spread.of([run.wall_seconds for run in self.runs])

    @property
    def stories_per_second(self) -> float:
        """Stories over median wall seconds."""
        return self.stories / self.wall.median


def engine_command(engine: str, feed: Path, clusters: Path, stories: int = 0, python: str | None = None) -> list[str]:
    """The command that makes `clusters` of the first `stories` stories of a feed (0: all).

    This project and Spark always take all. `python` is the interpreter that has the engine, this one by default.
    """
    python = python or sys.executable
    if engine in ENGINE_OPTIONS:
        kept = clusters.with_suffix(".kept.jsonl")
        threads = str(len(usable_cores(CORES)) or CORES)
        options = [*ENGINE_OPTIONS[engine], "--threads", threads, "-o", str(kept), "--clusters", str(clusters)]
        return [python, "-m", "dedup", "run", str(feed), *options]
    peers = [python, "-m", "benchmarks.peers", engine, str(feed), str(clusters)]
    return [*peers, "--stories", str(0 if engine in WHOLE_FILES else stories)]


def measure_feed(
    settings: FeedSettings,
    engines: Sequence[str],
    repeats: int,
    folder: Path,
    slices: dict[str, int] | None = None,
    interpreters: Mapping[str, str] | None = None,
) -> tuple[list[Measured], dict[str, str]]:
    """Every engine on one feed, `repeats` times in an order drawn by the feed's seed; and what was missing, and why.

    Before the clock starts every engine runs once on the first 1,000 stories, so that what compiles has compiled. One
    that fails later is missing from then on.
    """
    slices = DEFAULT_SLICES if slices is None else slices
    interpreters = interpreters or {}
    feed, truth, first = folder / "feed.jsonl", folder / "truth.jsonl", folder / "first.jsonl"
    write_feed(settings, feed, truth)
    write_feed(dataclasses.replace(settings, stories=min(1_000, settings.stories)), first)
    cores = usable_cores(CORES)
    given = {engine: min(slices.get(engine, settings.stories), settings.stories) for engine in engines}
    megabytes = {engine: _size_of_lines(feed, given[engine], settings.stories) / 1e6 for engine in engines}
    feeds = {engine: _file_for(engine, settings, given[engine], folder) for engine in engines}
    missing: dict[str, str] = {}
    runs: dict[str, list[Run]] = {}

    def run(engine: str, file: Path, stories: int) -> Run | None:
        command = engine_command(engine, file, folder / f"{engine}.jsonl", stories, interpreters.get(engine))
        try:
            return run_fresh(command, cores)
        except BenchmarkError as problem:
            missing[engine] = str(problem)
            return None

    for engine in engines:
        needed = NEEDS.get(engine)
        if needed and engine not in interpreters and importlib.util.find_spec(needed) is None:
            missing[engine] = f"{needed} is not installed: pip install {PACKAGE_OF.get(needed, needed)}"
        elif run(engine, first, 0):
            runs[engine] = []
    order = random.Random(settings.seed)  # noqa: S311 - an order of runs, not a secret
    for number in range(repeats):
        for engine in order.sample(sorted(runs), len(runs)):
            if engine not in missing and (done := run(engine, feeds[engine], given[engine])):
                runs[engine].append(done)
                say(
                    f"{settings.words} words, run {number + 1} of {repeats}: {engine}, {given[engine]:,} stories, "
                    f"{done.wall_seconds:.1f} s"
                )
    ran = [engine for engine in runs if engine not in missing]
    scored = [engine for engine in ran if engine not in WITHOUT_CLUSTERS]
    fewest = min((given[engine] for engine in scored), default=0)
    unchanged = unchanged_copies(feed, truth) if scored else frozenset()
    measured = []
    for engine in ran:
        made = folder / f"{engine}.jsonl"
        scores = [
            score_clusters(made, truth, count, unchanged) if engine in scored else None for count in (None, fewest)
        ]
        measured.append(Measured(engine, given[engine], megabytes[engine], runs[engine], *scores))
    return measured, missing


def _file_for(engine: str, settings: FeedSettings, stories: int, folder: Path) -> Path:
    """The feed that an engine reads: one of its own where it takes whole files and is to have fewer stories."""
    if engine not in WHOLE_FILES or stories == settings.stories:
        return folder / "feed.jsonl"
    part = folder / f"first-{settings.words}-{stories}.jsonl"
    if not part.exists():
        write_feed(dataclasses.replace(settings, stories=stories), part)
    return part


def _size_of_lines(feed: Path, stories: int, of: int) -> int:
    """Bytes of the first `stories` lines."""
    if stories >= of:
        return feed.stat().st_size
    with feed.open("rb") as lines:
        return sum(len(line) for line, _ in zip(lines, range(stories), strict=False))


def throughput_record(
    stories: Sequence[int],
    words: Sequence[int],
    engines: Sequence[str],
    repeats: int,
    seed: int,
    folder: Path,
    slices: dict[str, int] | None = None,
    *,
    interpreters: Mapping[str, str] | None = None,
    stages: bool = False,
) -> dict[str, Any]:
    """Everything measured, ready for JSON: environment, settings, and one entry a feed.

    Args:
        stories: of every feed, or of all. Slices hold for the first feed, those of the others are in proportion.
        words: about how many a story, of every feed; see `FeedSettings`.
        engines: of ENGINES.
        repeats: runs of each.
        seed: of the feeds, and of the order of runs.
        folder: for files meanwhile.
        slices: stories that engines get at most, by name.
        interpreters: by engine, the Python that has it, where that is not this one.
        stages: whether this is `throughput`, with this project's stages, or `peers`.

    Raises:
        ValueError: there are neither one number of stories nor as many as lengths.
        BenchmarkError: a stage could not be measured.
    """
    if len(stories) not in (1, len(words)):
        raise ValueError(f"give one number of stories or one for each of {len(words)} lengths, not {len(stories)}")
    slices, interpreters = DEFAULT_SLICES if slices is None else slices, interpreters or {}
    feeds = []
    for mean, count in zip(words, stories if len(stories) > 1 else [*stories] * len(words), strict=True):
        settings = FeedSettings(stories=count, words=mean, seed=seed)
        shares = {engine: max(1, limit * count // stories[0]) for engine, limit in slices.items()}
        measured, missing = measure_feed(settings, engines, repeats, folder, shares, interpreters)
        entry: dict[str, object] = {
            "feed": dataclasses.asdict(settings),
            "engines": [_entry(one, measured) for one in measured],
            "missing": missing,
        }
        if stages:
            entry["stages"] = measure_stages(folder / "feed.jsonl", folder)
        feeds.append(entry)
    cores = usable_cores(CORES)
    return {
        "benchmark": "throughput" if stages else "peers",
        "environment": environment(cores),
        "elsewhere": _versions_elsewhere(interpreters),
        "threads": {"cores": len(cores) or CORES, "told by": list(THREAD_POOLS)},
        "peers": {"permutations": PERMUTATIONS, "bands": BANDS, "rows": ROWS, "threshold": THRESHOLD, "shingle": 3},
        "repeats": repeats,
        "seed": seed,
        "feeds": feeds,
    }


def _versions_elsewhere(interpreters: Mapping[str, str]) -> dict[str, str]:
    """Versions of the packages of engines that another Python runs, by name."""
    found = {}
    for engine, python in interpreters.items():
        package = PACKAGE_OF.get(NEEDS[engine], NEEDS[engine])
        code = f"import importlib.metadata as m; print(m.version({package!r}))"
        done = subprocess.run([python, "-c", code], capture_output=True, text=True, check=False)
        found[package] = done.stdout.strip() or "not installed"
    return found


def measure_stages(feed: Path, folder: Path) -> dict[str, float]:
    """CPU seconds of each stage of `dedup run` on one hashing thread, in a fresh process.

    Raises:
        BenchmarkError: it failed.
    """
    command = [sys.executable, "-m", "benchmarks.stages", str(feed), str(folder / "stages.jsonl")]
    done = subprocess.run(command, capture_output=True, text=True, cwd=PROJECT, check=False)
    if done.returncode:
        lines = done.stderr.strip().splitlines() or ["it wrote nothing"]
        raise BenchmarkError(f"stages: {lines[-1]}")
    seconds: dict[str, float] = json.loads(done.stdout)
    return seconds


def _entry(one: Measured, everyone: list[Measured]) -> dict[str, object]:
    """One engine's numbers, and how many times as fast as each other one it is, by stories a second."""
    score, equal = (
        {**dataclasses.asdict(told), "precision": told.precision, "recall": told.recall} if told else None
        for told in (one.score, one.equal)
    )
    if equal:
        equal = {name: equal[name] for name in ("stories", "precision", "recall")}
    return {
        "engine": one.engine,
        "stories": one.stories,
        "megabytes": one.megabytes,
        "stories_per_second": one.stories_per_second,
        "megabytes_per_second": one.megabytes / one.wall.median,
        "wall_seconds": dataclasses.asdict(one.wall),
        "cpu_seconds": dataclasses.asdict(Spread.of([run.cpu_seconds for run in one.runs])),
        "peak_bytes": None if one.engine in MEMORY_ELSEWHERE else max(run.peak_bytes for run in one.runs),
        "times_as_fast_as": {
            other.engine: one.stories_per_second / other.stories_per_second for other in everyone if other is not one
        },
        "score": score,
        "score_on_equal_slices": equal,
    }
