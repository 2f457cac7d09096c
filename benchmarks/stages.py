"""CPU time of each stage of `dedup run`, the stages being watched from outside while the whole job runs.

    python -m benchmarks.stages FEED CLUSTERS

Prints seconds by stage as JSON. Hashing has one thread, so that what a stage took is what its thread was busy; the
stages after it have the process to themselves. Reading is what the process was busy with besides hashing meanwhile.
"""

from __future__ import annotations

import functools
import importlib
import json
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

Clock = Callable[[], float]

HASHING = {
    "tokens": ("dedup.hashing", "tokenize"),
    "shingles of the text": ("dedup.hashing", "text_shingles"),
    "stems": ("dedup.hashing", "word_stems"),
    "words of the title": ("dedup.hashing", "title_words"),
    "facts": ("dedup.hashing", "gather"),
    "signatures and bands": ("dedup.hashing", "cut_bands"),
}
"""By stage the function that is it; these run while the feed is read, one after another."""
AFTERWARDS = {
    "copies": ("dedup.batch", "find_copies"),
    "buckets": ("dedup.batch", "find_buckets"),
    "evidence, verdict, clusters": ("dedup.batch", "LeaderPass.decide"),
    "writing": ("dedup.job", "Job._write"),
}
_READING = ("dedup.batch", "_hash_all")


def watch(module: str, path: str, seconds: dict[str, float], stage: str, clock: Clock) -> None:
    """Puts a function in place of another that does the same and adds to `seconds[stage]` what it took.

    Raises:
        AttributeError: the module has no such function; the stages have moved.
    """
    owner: Any = importlib.import_module(module)
    *between, name = path.split(".")
    for each in between:
        owner = getattr(owner, each)
    watched = getattr(owner, name)

    @functools.wraps(watched)
    def timed(*given: object, **named: object) -> object:
        begin = clock()
        try:
            return watched(*given, **named)
        finally:
            seconds[stage] += clock() - begin

    setattr(owner, name, timed)


def time_stages(feed: Path, clusters: Path) -> dict[str, float]:
    """CPU seconds by stage of one job."""
    from dedup.job import Job
    from dedup.warmup import warm_up

    warm_up(lambda _line: None)
    seconds: dict[str, float] = defaultdict(float)
    for stage, (module, path) in HASHING.items():
        watch(module, path, seconds, stage, time.thread_time)
    for stage, (module, path) in AFTERWARDS.items():
        watch(module, path, seconds, stage, time.process_time)
    watch(*_READING, seconds, "reading", time.process_time)
    kept = str(clusters.with_suffix(".kept.jsonl"))
    job = Job(feeds=[str(feed)], output=kept, clusters=str(clusters), mapping={}, threads=1)
    begin = time.process_time()
    job.run()
    whole = time.process_time() - begin
    hashed = sum(seconds[stage] for stage in HASHING)
    told = {"reading": max(0.0, seconds["reading"] - hashed)}
    told |= {stage: seconds[stage] for stage in (*HASHING, *AFTERWARDS)}
    return told | {"the rest": max(0.0, whole - sum(told.values()))}


if __name__ == "__main__":
    print(json.dumps(time_stages(Path(sys.argv[1]), Path(sys.argv[2]))))
