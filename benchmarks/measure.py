"""Measurements that can be trusted later: a fresh process for every run, and a record of where it ran."""

from __future__ import annotations

import datetime
import importlib.metadata
import json
import os
import platform
import statistics
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

PROJECT = Path(__file__).parents[1]
PACKAGES = (
    "dedup-stories", "numpy", "numba", "pyarrow", "datasketch", "xxhash", "rensa", "gaoya", "fastsketchlsh",
    "text-dedup", "pyspark", "orjson", "typer", "python-dateutil",
)  # fmt: skip


class BenchmarkError(Exception):
    """A measurement that could not be made; the message is one line for people."""


@dataclass(frozen=True, slots=True)
class Run:
    """What one process took.

    Attributes:
        wall_seconds, cpu_seconds: from start to end, and of all its threads together.
        peak_bytes: the largest its resident memory was.
    """

    wall_seconds: float
    cpu_seconds: float
    peak_bytes: int


@dataclass(frozen=True, slots=True)
class Spread:
    """Median of some measurements, and their least and largest."""

    median: float
    least: float
    largest: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        """The spread of at least one value."""
        return cls(statistics.median(values), min(values), max(values))

    def __str__(self) -> str:
        """Median and range, as tables show it."""
        return f"{self.median:.2f} ({self.least:.2f} to {self.largest:.2f})"


THREAD_POOLS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "RAYON_NUM_THREADS", "NUMBA_NUM_THREADS")
"""What pools of threads take their number from."""


def run_fresh(command: Sequence[str], cores: Sequence[int] = ()) -> Run:
    """What the command took in a process of its own, held to these cores (all allowed ones when none are named).

    Pools of threads are told how many cores these are.

    Raises:
        BenchmarkError: the command failed; the message ends with the last line it wrote.
    """
    launcher = [sys.executable, "-S", "-E", str(Path(__file__).with_name("launch.py")), ",".join(map(str, cores))]
    pinned = os.environ | (dict.fromkeys(THREAD_POOLS, str(len(cores))) if cores else {})
    done = subprocess.run([*launcher, *command], capture_output=True, text=True, cwd=PROJECT, check=False, env=pinned)
    if done.returncode != 0:
        raise BenchmarkError(f"{command[0]} could not be started: {_last_line(done.stderr)}")
    record = json.loads(done.stdout)
    code = record.pop("exit_code")
    if code != 0:
        raise BenchmarkError(f"{' '.join(command[1:4])} ended with exit code {code}: {_last_line(done.stderr)}")
    return Run(**record)


def usable_cores(count: int) -> list[int]:
    """The first `count` cores this process may use; empty where the system does not tell."""
    if not hasattr(os, "sched_getaffinity"):
        return []
    return sorted(os.sched_getaffinity(0))[:count]


def environment(cores: Sequence[int]) -> dict[str, object]:
    """Where and with what a record was made."""
    versions = {}
    for package in PACKAGES:
        try:
            versions[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            versions[package] = "not installed"
    return {
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "cpu": _cpu_model(),
        "cores_used": list(cores) or os.cpu_count(),
        "cores_of_machine": os.cpu_count(),
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "python": platform.python_version(),
        "packages": versions,
        "commit": commit_now(),
    }


def _cpu_model() -> str:
    """The processor's name, as Linux has it in /proc/cpuinfo and others through platform."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or "unknown"
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.machine())


def commit_now() -> str:
    """The commit measured, with "+changes" when the checkout has any but of records; "unknown" outside a checkout."""
    look = ["git", "status", "--porcelain", "--", ".", ":!benchmarks/records"]
    try:
        head = subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, text=True, cwd=PROJECT, check=True)
        state = subprocess.run(look, capture_output=True, text=True, cwd=PROJECT, check=True)
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return head.stdout.strip() + ("+changes" if state.stdout.strip() else "")


def _last_line(text: str) -> str:
    lines = [line for line in text.splitlines() if line.strip()]
    return lines[-1].strip() if lines else "it wrote nothing"
