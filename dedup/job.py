"""The main job: feeds in, kept rows and clusters out, a summary for people."""

from __future__ import annotations

import dataclasses
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pyarrow as pa

from dedup.batch import find_duplicates
from dedup.boilerplate import Learned, Learning, describe_phrases, learn_if
from dedup.errors import one_line
from dedup.hashing import HashedFeed
from dedup.readers import Feed, ReadSettings, open_feeds
from dedup.result import Result
from dedup.rooms import take_room
from dedup.settings import Settings, Strictness, parse_rule, parse_window
from dedup.spill import Memory, default_memory, parse_memory
from dedup.warmup import warm_up
from dedup.writers import check_format, check_lines, check_outputs, write_clusters, write_kept
from dedup.writers.outputs import rejects_target
from dedup.writers.tables import TABLES


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What the command `dedup run` was asked for, as it was asked."""

    feeds: list[str]
    output: str = "-"
    clusters: str | None = None
    report: str | None = None
    window: str = "72h"
    keep: str = "earliest"
    rule: str = "evidence"
    strictness: Strictness = "balanced"
    mapping: Mapping[str, str]
    on_error: Literal["stop", "skip"] = "stop"
    rejects: str | None = None
    boilerplate: Learning = "learn"
    threads: int | None = None
    memory: str | None = None

    def settings(self, threads: int | None) -> Settings:
        """What decides; boilerplate is not learned yet.

        Raises:
            SettingsError: for options that cannot work.
        """
        return Settings(
            window=parse_window(self.window),
            keep=self.keep,
            rule=parse_rule(self.rule),
            strictness=self.strictness,
            threads=threads,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Job(Order):
    """The command in this process."""

    def run(self) -> Result:
        """Do it; data goes to the outputs, all else to stderr.

        Raises:
            SettingsError: for options that cannot work.
            FeedError: for a feed, or under on_error="stop" a row, that cannot be read.
        """
        settings = self.settings(self.threads)
        reading = ReadSettings(
            mapping=self.mapping,
            on_error=self.on_error,
            rejects=rejects_target(self.rejects),
            notice=say,
            **({"threads": self.threads} if self.threads else {}),
        )
        feeds = open_feeds(self.feeds, reading)
        outputs = (self.output, self.clusters, self.report, self.rejects)
        check_outputs(feeds, [name for name in outputs if name is not None])
        check_format(self.output)
        check_lines(self.clusters, tables=TABLES)
        check_lines(self.rejects)
        warm_up(say)
        started = time.perf_counter()
        memory = Memory(default_memory() if self.memory is None else parse_memory(self.memory))
        hashed = HashedFeed(memory, take_room())
        with _progress() as show:
            learned, batches = learn_if(self.boilerplate, read_batches(feeds), settings, hashed)
            settings = dataclasses.replace(settings, boilerplate=learned.boilerplate)
            result = find_duplicates(batches, settings, progress=show, hashed=hashed)
        found = time.perf_counter() - started
        self._write(feeds, result)
        self._write_report(feeds, result, hashed)
        if hashed.memory.spilled:
            say(f"memory: half of {hashed.memory.limit:,} bytes was taken, so {hashed.memory.filed:,} went to files")
        for line in summarise(feeds, result, learned, found, time.perf_counter() - started):
            say(line)
        return result

    def _write(self, feeds: list[Feed], result: Result) -> None:
        """Write rows and clusters at once: one mostly waits for the disk, the other computes."""
        with ThreadPoolExecutor(1) as pool:
            written = pool.submit(self._write_clusters, result)
            write_kept(feeds, _flags_by_feed(feeds, result), self.output)
            written.result()

    def _write_report(self, feeds: list[Feed], result: Result, hashed: HashedFeed) -> None:
        if self.report is not None:
            from dedup.report import write_report  # which most runs have no use for
            from dedup.similar import find_similar

            similar = find_similar(hashed.facts(), result) if len(result) else None
            names = [feed.path for feed in feeds]
            write_report(lambda: _batches_again(feeds), result, self.report, similar=similar, names=names)

    def _write_clusters(self, result: Result) -> None:
        if self.clusters is not None:
            write_clusters(result, self.clusters)


def say(line: str) -> None:
    """Tell the user something that is not data."""
    print(one_line(f"dedup: {line}"), file=sys.stderr)  # noqa: T201  # the one place that prints


def read_batches(feeds: Sequence[Feed]) -> Iterator[pa.RecordBatch]:
    """The stories of feeds, one after another."""
    for feed in feeds:
        yield from feed.batches()


def _batches_again(feeds: list[Feed]) -> Iterator[pa.RecordBatch]:
    for feed in feeds:
        yield from feed.batches_again()


def _flags_by_feed(feeds: list[Feed], result: Result) -> list[np.ndarray]:
    ends = np.cumsum([feed.stats.rows for feed in feeds])
    return np.split(result.kept, ends[:-1])


@contextmanager
def _progress() -> Iterator[Callable[[int], None] | None]:
    """A bar on a terminal, nothing in a pipe."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (SpinnerColumn(), TextColumn("{task.completed:,} stories"), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("reading", total=None)
        yield lambda stories: bar.update(task, completed=stories)


def summarise(feeds: list[Feed], result: Result, learned: Learned, found: float, total: float) -> Iterator[str]:
    """What was read and found, and whatever was skipped, guessed or capped, a line each.

    Args:
        feeds: as read.
        result: as found.
        learned: the phrases that did not count.
        found: seconds until the clusters stood.
        total: seconds until everything was written.
    """
    for feed in feeds:
        yield from feed.describe()
    if any(feed.becomes_lines and feed.stats.rows for feed in feeds):
        yield "kept rows of envelopes and XML are JSON lines, unless the output's name asks for another format"
    count = len(result)
    kinds = ", ".join(f"{result.count_kind(kind):,} {kind}" for kind in ("exact", "near", "update"))
    yield f"{count:,} stories: {result.clusters:,} kept, {result.duplicates:,} duplicates ({kinds})"
    if result.duplicates:
        sizes = result.sizes[result.leaders == np.arange(count)]
        yield f"{np.count_nonzero(sizes > 1):,} clusters of two or more, the largest of {sizes.max():,}"
    if result.wordless:
        yield f"{result.wordless:,} stories without a word: only exact copies of each other were merged"
    if result.repeated_ids:
        yield f"{result.repeated_ids:,} stories have the id of an earlier one; each was judged by what it says"
    if learned.phrases:
        yield describe_phrases(learned, result.stripped)
    if result.left_out:
        yield (
            f"look-alikes crowd: {result.left_out:,} times a story found the finest bucket of a band full, "
            "so that later ones could not find it by that band"
        )
    rate = f"{count / total:,.0f} stories/s" if total > 0 else ""
    yield f"{total:.2f} s, {rate} ({found:.2f} s until the clusters stood, {result.candidates:,} pairs judged)"
