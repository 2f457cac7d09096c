"""The story index as aggregators use it, beside datasketch's MinHashLSH doing the same on the same stories."""

from __future__ import annotations

import dataclasses
import importlib.util
import json
import os
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

from benchmarks.events import FeedSettings
from benchmarks.feed import write_feed
from benchmarks.measure import PROJECT, BenchmarkError, environment, usable_cores
from benchmarks.throughput import CORES

Record = dict[str, Any]


@dataclasses.dataclass(frozen=True, slots=True)
class Case:
    """One row of the benchmark.

    Attributes:
        name: as tables show it.
        case: of `benchmarks.online_cases`.
        stories: how many the feed has.
        store: URL; "{folder}" is filled in, and "{name}" with a log of its own for every run.
        aims: what it should reach, by figure.
    """

    name: str
    case: str
    stories: int
    store: str = "memory://"
    aims: dict[str, str] = dataclasses.field(default_factory=dict)


SQLITE = "sqlite:///{folder}/{name}.db"


def all_cases(stories: int, large: int, redis: str | None, postgres: str | None) -> list[Case]:
    """The rows: those with a server only where its URL is given."""
    some = max(1, stories // 4)
    cases = [
        Case("memory, add", "one_by_one", some, aims={"median_us": "< 150", "stories_per_second": "8,000"}),
        Case("memory, add_many", "many", stories, aims={"stories_per_second": "60,000"}),
        Case("SQLite, add", "one_by_one", some, SQLITE, {"p99_us": "< 5,000"}),
        Case("SQLite, add_many", "many", stories, SQLITE, {"stories_per_second": "15,000"}),
        Case("SQLite, four workers", "four_workers", some, SQLITE),
        Case("datasketch MinHashLSH, dict", "datasketch_dict", some),
    ]
    if redis:
        url = f"{redis}{'&' if '?' in redis else '?'}name={{name}}"
        cases.append(Case("Redis, add", "one_by_one", some, url))
        cases.append(Case("Redis, four workers", "four_workers", some, url, {"stories_per_second": "3,000"}))
        cases.append(Case("datasketch MinHashLSH, Redis", "datasketch_redis", some // 10, redis))
    if postgres:
        url = f"{postgres}{'&' if '?' in postgres else '?'}name={{name}}"
        cases.append(Case("PostgreSQL, add", "one_by_one", some, url))
        cases.append(Case("PostgreSQL, four workers", "four_workers", some, url, {"stories_per_second": "3,000"}))
    if large:
        cases.append(Case("SQLite, restart", "restart", large, SQLITE, {"seconds": "< 15 for a million"}))
        cases.append(Case("memory over 30 days", "thirty_days", large // 40))
    return cases


def online_record(
    stories: int, large: int, repeats: int, seed: int, folder: Path, redis: str | None, postgres: str | None
) -> Record:
    """Everything `online` measured, ready for JSON; a case that takes long (`large` stories) is run once.

    Raises:
        BenchmarkError: a case failed.
    """
    cores = usable_cores(CORES)
    rows, missing = [], {}
    for case in all_cases(stories, large, redis, postgres):
        if case.case.startswith("datasketch") and importlib.util.find_spec("datasketch") is None:
            missing[case.name] = "datasketch is not installed: pip install datasketch"
            continue
        settings = FeedSettings(stories=case.stories, seed=seed)
        feed = folder / f"feed-{case.stories}.jsonl"
        if not feed.exists():
            write_feed(settings, feed)
        often = 1 if case.stories >= large > 0 or case.case == "thirty_days" else repeats
        runs = [_run(case, feed, folder, f"run{number}", cores) for number in range(often)]
        told = {**dataclasses.asdict(case), "store": case.store.partition(":")[0]}  # a URL may hold a password
        rows.append({**told, "repeats": often, "figures": _medians(runs)})
        _forget(folder)
    missing |= {name: "no server given" for name, url in (("Redis", redis), ("PostgreSQL", postgres)) if not url}
    return {
        "benchmark": "online",
        "environment": environment(cores),
        "repeats": repeats,
        "seed": seed,
        "load_before": os.getloadavg()[0],
        "rows": rows,
        "missing": missing,
    }


def _run(case: Case, feed: Path, folder: Path, number: str, cores: list[int]) -> dict[str, float]:
    name = f"bench_{os.getpid()}_{case.case}_{number}"
    url = case.store.format(folder=folder, name=name)
    command = [sys.executable, "-m", "benchmarks.online_cases", case.case, str(feed), url]
    if cores:
        command = ["taskset", "-c", ",".join(map(str, cores)), *command]
    done = subprocess.run(command, capture_output=True, text=True, cwd=PROJECT, check=False)
    if done.returncode != 0:
        lines = done.stderr.strip().splitlines() or ["it wrote nothing"]
        raise BenchmarkError(f"{case.name}: {lines[-1]}")
    figures: dict[str, float] = json.loads(done.stdout)
    return figures


def _medians(runs: list[dict[str, float]]) -> dict[str, float]:
    return {name: statistics.median(run[name] for run in runs) for name in runs[0]}


def _forget(folder: Path) -> None:
    for path in folder.glob("bench_*"):
        path.unlink()


SHOWN = {
    "median_us": ("median", "{:,.0f} µs"),
    "p99_us": ("99 of 100 within", "{:,.0f} µs"),
    "stories_per_second": ("", "{:,.0f} stories/s"),
    "seconds": ("", "{:.1f} s"),
    "stories": ("", "{:,.0f} stories in the window"),
    "bytes_a_story": ("", "{:,.0f} bytes of memory a story"),
    "stories_a_day": ("", "{:,.0f} stories a day"),
    "largest_bytes_days_11_to_20": ("days 11 to 20 at most", "{:,.0f} bytes"),
    "largest_bytes_days_21_to_30": ("days 21 to 30 at most", "{:,.0f} bytes"),
    "most_stories": ("", "{:,.0f} stories in memory at most"),
    "duplicates": ("", "{:,.0f} duplicates found"),
}


def online_table(record: Record) -> str:
    """The record as Markdown."""
    lines = ["### Online, 43-word stories", "", "| | stories | measured | aim |", "|---|---:|---|---|"]
    for row in record["rows"]:
        told = "; ".join(
            f"{label} {form.format(row['figures'][name])}".strip()
            for name, (label, form) in SHOWN.items()
            if name in row["figures"]
        )
        aims = "; ".join(f"{SHOWN[name][0]} {aim}".strip() for name, aim in row["aims"].items())
        lines.append(f"| {row['name']} | {row['stories']:,} | {told} | {aims} |")
    lines.append("")
    lines += [f"{name} did not run: {why}\n" for name, why in record["missing"].items()]
    return "\n".join(lines)
