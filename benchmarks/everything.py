"""The full set of measurements, part by part, each in a process of its own with a record of its own.

What is broken off is taken up again where it stopped: a part whose record was made at this commit, with this scale,
is not made again.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.measure import PROJECT, commit_now
from benchmarks.scaling import SIZES
from benchmarks.throughput import say

PARTS = ("likeness", "throughput", "peers", "accuracy", "scaling")
"""In the order in which they run: the one that needs most memory last."""
NEED_DATA = ("likeness", "accuracy")
_THROUGHPUT_STORIES = (300_000, 100_000)
_PEERS_STORIES = (300_000, 100_000)
_LIKENESS_STORIES = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class FullRun:
    """What to measure, and where.

    Attributes:
        records: folder for the records, one a part.
        parts: of PARTS.
        data: folder of the labelled feeds; without it the parts that need it are passed over, saying so.
        scale: of the number of stories; 1 is the full size.
        repeats: runs of each engine.
        seed: of all feeds.
        folder: where feeds go meanwhile; the system's by default.
        interpreters: by engine, the Python that has it, where that is not this one.
        again: whether to make records anew that are there.
    """

    records: Path
    parts: Sequence[str] = PARTS
    data: Path | None = None
    scale: float = 1.0
    repeats: int = 3
    seed: int = 0
    folder: Path | None = None
    interpreters: Mapping[str, str]
    again: bool = False

    def command(self, part: str) -> list[str]:
        """The command of one part, without the interpreter."""
        words = [part, "-o", str(self._record(part))]
        if part in NEED_DATA:
            words += ["--data", str(self.data)]
        if part == "accuracy":
            return words
        words += ["--seed", str(self.seed)]
        if self.folder:
            words += ["--folder", str(self.folder)]
        if part == "scaling":
            return [*words, "--repeats", "1", "--sizes", *self._stories(SIZES)]
        if part == "likeness":
            return [*words, "--stories", *self._stories([_LIKENESS_STORIES])]
        words += ["--repeats", str(self.repeats)]
        if part == "throughput":
            return [*words, "--stories", *self._stories(_THROUGHPUT_STORIES)]
        words += ["--stories", *self._stories(_PEERS_STORIES)]
        if self.interpreters:
            words += ["--python", *(f"{engine}={python}" for engine, python in self.interpreters.items())]
        return words

    def run(self) -> list[str]:
        """Do it; the parts that failed."""
        self.records.mkdir(parents=True, exist_ok=True)
        failed = []
        for number, part in enumerate(self.parts, 1):
            about = f"part {number} of {len(self.parts)}, {part}"
            if part in NEED_DATA and self.data is None:
                say(f"{about}: passed over, name the folder of the labelled feeds with --data or DEDUP_DATA")
                continue
            if not self.again and self._is_made(part):
                say(f"{about}: {self._record(part)} is of this commit and scale; --again makes it anew")
                continue
            say(about)
            begin = time.perf_counter()
            done = subprocess.run([sys.executable, "-m", "benchmarks", *self.command(part)], cwd=PROJECT, check=False)
            say(f"{about}: {'done' if done.returncode == 0 else 'FAILED'} in {time.perf_counter() - begin:.0f} s")
            if done.returncode:
                failed.append(part)
            else:
                self._mark(part)
        return failed

    def _record(self, part: str) -> Path:
        return (self.records / f"{part}.json").absolute()

    def _stories(self, counts: Sequence[int]) -> list[str]:
        return [str(max(1, round(count * self.scale))) for count in counts]

    def _is_made(self, part: str) -> bool:
        path = self._record(part)
        if not path.exists():
            return False
        record = json.loads(path.read_text("utf-8"))
        made = record.get("full_run", {}).get("scale"), record["environment"]["commit"]
        return made == (self.scale, commit_now())

    def _mark(self, part: str) -> None:
        """Write into a record what it is a part of."""
        path = self._record(part)
        record = json.loads(path.read_text("utf-8"))
        path.write_text(json.dumps(record | {"full_run": {"scale": self.scale}}, indent=1) + "\n", "utf-8")
