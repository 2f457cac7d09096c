"""`dedup run --engine spark`: feeds in, kept stories and clusters out as folders of Parquet, a summary for people."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from dedup.boilerplate import describe_phrases, learn_if
from dedup.errors import DedupError, FeedError, SettingsError
from dedup.job import Order, read_batches, say
from dedup.readers import Feed, ReadSettings, open_feeds
from dedup.result import RESULT_SCHEMA, VERDICTS
from dedup.settings import Settings
from dedup.spark.engine import decide_hashed
from dedup.spark.feeds import NOTE, hash_files, list_files, read_files
from dedup.spark.signatures import DDL
from dedup.spark.workspace import Workspace
from dedup.warmup import warm_up

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

_MOST_NOTES = 20  # feeds that are described
_STORY_DDL = "id string, title string, text string, url string, source string, published timestamp, lang string"
_REMOTE_ERROR = "dedup.errors.FeedError: "


@dataclass(frozen=True, slots=True, kw_only=True)
class SparkJob(Order):
    """The command on Spark."""

    work_dir: str | None = None

    def run(self) -> None:
        """Do it; each feed is read by one task, so many files are read at once, and a large one is not cut.

        Raises:
            SettingsError: for options that cannot work, or without PySpark or Java.
            FeedError: for a feed, or under on_error="stop" a row, that cannot be read.
        """
        settings = self.settings(threads=1)
        outputs = self._check()
        reading = ReadSettings(mapping=self.mapping, on_error=self.on_error, notice=say, threads=1)
        paths = _shared_paths(open_feeds(self.feeds, reading))
        reading = replace(reading, notice=None)
        started = time.perf_counter()
        spark = start_spark()
        if str(spark.sparkContext.master).startswith("local"):
            warm_up(say)
        learned, _ = learn_if(self.boilerplate, read_batches(open_feeds(self.feeds, reading)), settings)
        settings = replace(settings, boilerplate=learned.boilerplate)
        if learned.phrases:
            say(describe_phrases(learned))
        space = Workspace(spark, self.work_dir)
        try:
            with _remote_errors():
                self._write(space, paths, settings, reading, outputs)
        finally:
            space.close()
        say(f"{time.perf_counter() - started:.1f} s on Spark {spark.version}, {spark.sparkContext.master}")

    def _check(self) -> list[str]:
        """The folders to be written.

        Raises:
            SettingsError: naming the option that Spark has no use for, or the output that is in the way.
        """
        refused = {
            "--rejects": self.rejects,
            "--threads": self.threads,
            "--report": self.report,
            "--memory": self.memory,
        }
        for name, value in refused.items():
            if value is not None:
                raise SettingsError(
                    f"{name} is for one process; --engine spark counts what it skips; cores and memory are Spark's"
                )
        outputs = [name for name in (self.output, self.clusters) if name not in (None, "-")]
        if not outputs:
            raise SettingsError("--engine spark writes folders of Parquet: name one with -o, with --clusters, or both")
        for name in outputs:
            if name is not None and Path(name).exists():
                raise SettingsError(f"{name} is there already; name a new folder")
        return [name for name in outputs if name is not None]

    def _write(
        self, space: Workspace, paths: Sequence[str], settings: Settings, reading: ReadSettings, outputs: Sequence[str]
    ) -> None:
        files = space.spark.createDataFrame(list_files(paths)).repartitionByRange(len(paths), "split")
        hashed = space.keep(files.mapInArrow(partial(hash_files, settings=settings, reading=reading), DDL), "hashed")
        notes = hashed.where(f"place = {NOTE}").orderBy("split").limit(_MOST_NOTES).collect()
        for note in notes:
            for line in note["id"].splitlines():
                say(line)
        if len(paths) > len(notes):
            say(f"and {len(paths) - len(notes):,} more feeds")
        verdicts = decide_hashed(space, hashed.where(f"place != {NOTE}"), settings)
        if self.clusters is not None:
            verdicts.orderBy("row").select(RESULT_SCHEMA.names).write.parquet(self.clusters)
        if self.output in outputs:
            kept = verdicts.where("verdict != 'duplicate'").select("split", "place", "row")
            stories = files.mapInArrow(partial(read_files, reading=reading), f"split int, place long, {_STORY_DDL}")
            stories.join(kept, ["split", "place"]).orderBy("row").drop("split", "place", "row").write.parquet(
                self.output
            )
        for line in _summarise(verdicts):
            say(line)


def _shared_paths(feeds: Sequence[Feed]) -> list[str]:
    """Where the executors find the feeds.

    Raises:
        SettingsError: one is no file.
    """
    for feed in feeds:
        if not Path(feed.path).is_file():
            raise SettingsError(f"{feed.path} is no file on a disk that all executors see; put it there")
    return [str(Path(feed.path).resolve()) for feed in feeds]


def start_spark() -> SparkSession:
    """The session that spark-submit, spark-defaults.conf or the environment describe; one on this machine by default.

    Raises:
        SettingsError: there is no PySpark, or no Java.
    """
    try:
        from pyspark.errors import PySparkRuntimeError
        from pyspark.sql import SparkSession
    except ImportError as exc:
        raise SettingsError("--engine spark needs PySpark: pip install 'dedup-stories[spark]', and Java 17") from exc
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    try:
        bar = str(sys.stderr.isatty()).lower()
        spark = SparkSession.builder.appName("dedup").config("spark.ui.showConsoleProgress", bar).getOrCreate()
    except PySparkRuntimeError as exc:
        raise SettingsError("Spark did not start; it needs Java 17: apt-get install openjdk-17-jre-headless") from exc
    spark.sparkContext.setLogLevel("ERROR")
    spark.conf.set("spark.sql.parquet.outputTimestampType", "TIMESTAMP_MICROS")  # the default is a type without a zone
    return spark


@contextmanager
def _remote_errors() -> Iterator[None]:
    """Turn what Spark says of a task that failed on purpose into the error that the task raised."""
    from pyspark.errors import PythonException

    try:
        yield
    except PythonException as exc:
        lines = str(exc).splitlines()
        for line in lines:
            _, found, message = line.partition(_REMOTE_ERROR)
            if found:
                path, _, problem = message.partition(": ")
                raise FeedError(path, problem) from exc
        raise DedupError(f"a task failed: {lines[-1] if lines else exc}") from exc


def _summarise(verdicts: DataFrame) -> Iterator[str]:
    """What was found, a line each."""
    counts = {
        (row["verdict"], row["kind"]): row["count"] for row in verdicts.groupBy("verdict", "kind").count().collect()
    }
    kinds = verdicts.where("kind is not null").groupBy("kind").count().collect()
    total, copies = sum(counts.values()), sum(n for (verdict, _), n in counts.items() if verdict == VERDICTS[2])
    named = {row["kind"]: row["count"] for row in kinds}
    told = ", ".join(f"{named.get(kind, 0):,} {kind}" for kind in ("exact", "near", "update"))
    yield f"{total:,} stories: {total - copies:,} kept, {copies:,} duplicates ({told})"
