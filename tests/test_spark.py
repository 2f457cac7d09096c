"""The Spark engine with a real JVM: equal to the single process, whatever happens to its tasks."""

from __future__ import annotations

import importlib.util
import json
import os
import pathlib
import random
import re
import shutil
import signal
import sys
import threading
from dataclasses import replace
from datetime import timedelta

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from benchmarks.events import FeedSettings
from benchmarks.feed import write_feed
from dedup import STORY_SCHEMA, Settings, find_duplicates, read_feed
from dedup.errors import FeedError, IndexFormatError, SettingsError
from dedup.job import Job
from dedup.spark import find_duplicates as find_on_spark
from dedup.spark.job import SparkJob
from tests.test_boilerplate import shortened, with_footers

SAMPLE = pathlib.Path(__file__).parents[1] / "data" / "sample.jsonl"
MOST_KILLED = 3
HARD = Settings(bucket_limit=2, window=36 * 3600.0, lateness=6 * 3600.0, keep="longest")

pytestmark = pytest.mark.service


@pytest.fixture(scope="module")
def spark():
    if importlib.util.find_spec("pyspark") is None:
        pytest.skip("no pyspark: pip install 'dedup-stories[spark]'")
    if shutil.which("java") is None and "JAVA_HOME" not in os.environ:
        pytest.skip("no Java: apt-get install openjdk-17-jre-headless")
    from pyspark.sql import SparkSession

    os.environ["PYSPARK_PYTHON"] = sys.executable
    conf: dict[str, bool | float | int | str | None] = {
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.sql.shuffle.partitions": "2",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.memory": "1g",
        "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",  # quicker for what runs but once
        "spark.sql.codegen.wholeStage": "false",
        "spark.log.level": "OFF",  # tests kill tasks, and Spark has much to say of that
    }
    session = SparkSession.builder.master("local[2,16]").config(map=conf).getOrCreate()
    yield session
    session.stop()


@pytest.fixture(scope="module")
def stories(tmp_path_factory):
    """Copies, look-alikes and crowds, some undated, some late, some with an id that others have; in feed order."""
    path = tmp_path_factory.mktemp("feed") / "feed.jsonl"
    write_feed(FeedSettings(stories=700, words=25, duplicates=0.5, lookalikes=0.3, per_day=150, seed=8), path)
    rows = [row for batch in read_feed(path) for row in batch.to_pylist()]
    chance = random.Random(3)  # noqa: S311  # of a test
    for copy in range(150):
        row = dict(chance.choice(rows))
        row["text"] += " More to follow." * (copy % 2)
        rows.insert(chance.randrange(len(rows)), row)
    for place, row in enumerate(rows):
        if place < 9 or chance.random() < 0.1:
            row["published"] = None
        elif chance.random() < 0.1:
            row["published"] -= timedelta(hours=chance.choice((5, 30, 60)))
        row["id"] += "#3" if place % 50 == 7 else ""  # as names of clusters end
        row["place"] = place
    return pa.Table.from_pylist(rows, schema=STORY_SCHEMA.append(pa.field("place", pa.int64())))


class Killer:
    """Kills Python workers of a session at random, as machines do that are lost; fewer than a task may fail."""

    def __init__(self, often):
        self.killed = 0
        self._often = often
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        self._thread.join()

    def _run(self):
        chance = random.Random(5)  # noqa: S311  # likewise
        while not self._stop.wait(chance.uniform(0.5, 1.5) * self._often):
            workers = python_workers()
            if workers and self.killed < MOST_KILLED:
                os.kill(chance.choice(workers), signal.SIGKILL)
                self.killed += 1


def python_workers():
    """The processes that run tasks: children of the daemon that Spark started from this process."""
    return [pid for daemon in below([os.getpid()], "java") for pid in below(below([daemon], "daemon"), "daemon")]


def below(pids, word):
    """The children of some processes with a word in their command line."""
    found = []
    for path in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            parent = int((path / "stat").read_text().rpartition(")")[2].split()[1])
            line = (path / "cmdline").read_text()
        except OSError:
            continue  # gone
        if parent in pids and word in line:
            found.append(int(path.name))
    return found


def verdicts_of(frame):
    table = frame.toArrow().sort_by("row")
    assert table.column("row").to_pylist() == list(range(table.num_rows))
    return table.drop(["row"]).to_pylist()


def expected(stories, settings):
    return find_duplicates(stories.drop(["place"]).to_batches(), settings)


def test_clusters_are_those_of_the_single_process_in_two_runs_and_though_tasks_are_killed(
    spark, stories, tmp_path, monkeypatch
):
    everything = expected(stories, HARD)
    assert everything.full_buckets > 100  # so what is found depends on strangers
    assert everything.left_out > 0
    assert min(everything.count_kind(kind) for kind in ("exact", "near", "update")) > 0
    until = 500
    halves = [spark.createDataFrame(part).repartition(5) for part in (stories[:until], stories[until:])]
    saved = str(tmp_path / "saved")
    first = find_on_spark(halves[0], HARD, order=["place"], partitions=1, save=saved)
    assert verdicts_of(first) == expected(stories[:until], HARD).to_table().to_pylist()
    monkeypatch.setattr("dedup.spark.rounds._EDGE_LIGHTER", 1)  # so that these edges do not fit in one part
    with Killer(often=2.0) as killer:
        both = find_on_spark(halves[1], HARD, order=["place"], partitions=3, since=saved)
        assert verdicts_of(both) == everything.to_table().to_pylist()
    assert killer.killed > 0
    with pytest.raises(IndexFormatError, match="run on all stories again"):
        find_on_spark(halves[1], Settings(), order=["place"], since=saved)
    with pytest.raises(IndexFormatError, match="made with keep"):
        find_on_spark(halves[1], replace(HARD, keep="earliest"), order=["place"], since=saved)


@pytest.mark.usefixtures("spark")
def test_the_command_writes_what_the_single_process_finds(tmp_path, capfd):
    repeating = with_footers(shortened(120))
    feeds = [tmp_path / f"feed-{part}.jsonl" for part in range(3)]
    feeds[0].write_bytes(SAMPLE.read_bytes())
    for part, path in enumerate(feeds[1:]):
        path.write_text("".join(json.dumps(story, default=str) + "\n" for story in repeating[part::2]), "utf-8")
    kept, clusters = tmp_path / "kept.parquet", tmp_path / "clusters.parquet"
    names = [str(path) for path in feeds]
    SparkJob(feeds=names, output=str(kept), clusters=str(clusters), mapping={}).run()
    said = capfd.readouterr().err
    result = Job(feeds=names, output=str(tmp_path / "kept.jsonl"), mapping={}).run()
    assert pq.read_table(clusters).to_pylist() == result.to_table().to_pylist()
    rows = [row for path in feeds for batch in read_feed(path) for row in batch.to_pylist()]
    assert pq.read_table(kept).cast(STORY_SCHEMA).to_pylist() == [
        row for row, keep in zip(rows, result.kept.tolist(), strict=True) if keep
    ]
    assert f"{len(rows)} stories: {result.clusters} kept" in said
    assert f"{feeds[2]}: JSON lines" in said
    # What two sources put under every story was learned, the same by both, and counted.
    learned = re.compile(r"boilerplate: \d+ phrases that 2 sources repeat do not count")
    alone = capfd.readouterr().err
    assert learned.findall(said) == learned.findall(alone) != []
    unlearned = find_duplicates(batch for path in feeds for batch in read_feed(path))
    assert unlearned.leaders.tolist() != result.leaders.tolist()


@pytest.mark.usefixtures("spark")
def test_a_feed_that_breaks_on_an_executor_is_named_in_one_line(tmp_path):
    broken = tmp_path / "broken.jsonl"
    broken.write_text('{"id": "1", "title": "Ferry runs aground"}\n{"id": \n')
    with pytest.raises(FeedError, match=r"broken\.jsonl, line 2: ") as caught:
        SparkJob(feeds=[str(broken)], clusters=str(tmp_path / "out"), mapping={}).run()
    assert "\n" not in str(caught.value)


def test_options_that_spark_has_no_use_for_are_refused(tmp_path):
    with pytest.raises(SettingsError, match="name one with -o"):
        SparkJob(feeds=[str(SAMPLE)], mapping={}).run()
    with pytest.raises(SettingsError, match="--threads is for one process"):
        SparkJob(feeds=[str(SAMPLE)], output="out", threads=2, mapping={}).run()
    with pytest.raises(SettingsError, match="is there already"):
        SparkJob(feeds=[str(SAMPLE)], output=str(tmp_path), mapping={}).run()
