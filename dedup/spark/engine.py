"""Stories in a table of Spark -> verdicts in a table of Spark, equal to those of the single process."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import pyarrow as pa

from dedup.errors import IndexFormatError
from dedup.header import deciding, difference
from dedup.kernels.native.evidence import UNDATED
from dedup.settings import Settings
from dedup.spark.feeds import hash_frame, telling_columns
from dedup.spark.numbering import number_stories
from dedup.spark.rounds import Rounds
from dedup.spark.signatures import DDL
from dedup.spark.verdicts import tell_verdicts
from dedup.spark.workspace import Workspace

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

_STORIES_A_PART = 50_000  # what one task holds at once: some 100 MB
_FORMAT = 2  # of what an earlier run left; the first did not say how stories were read and judged


def find_duplicates(
    df: DataFrame,
    settings: Settings | None = None,
    *,
    mapping: Mapping[str, str] | None = None,
    order: Sequence[str] = (),
    work_dir: str | None = None,
    partitions: int | None = None,
    since: str | None = None,
    save: str | None = None,
) -> DataFrame:
    """Which stories are one, as `dedup.find_duplicates` has it for the same stories in the same order.

    Args:
        df: a row a story; columns by their usual names, or as mapped.
        settings: the defaults where None.
        mapping: columns for roles, such as {"title": "headline"}.
        order: columns that put the stories in feed order, no two alike in all of them. Without it the order is that of
            the partitions of `df` and of the rows in each, which a file read by Spark need not keep.
        work_dir: a new folder that all executors reach, for what the stages leave (about 4 KB a story, to be removed
            afterwards); a temporary one for a local master.
        partitions: parts that the work is cut into; by default one for 50,000 stories, and two a core at the least.
            Does not change the result.
        since: the folder that an earlier run `save`d: its stories come before these, and are not decided again.
        save: a new folder for the signatures and clusters of all stories up to these.

    Returns:
        A row a story, with those of `since`: row (its place in the feed, from 0), then the columns of
        `dedup.result.RESULT_SCHEMA`; in no order.

    Raises:
        SettingsError: the table has no title and no text, or the executors share no folder that is known.
        IndexFormatError: `since` is nothing that was saved, or was made with other settings or by a release that reads
            or judges stories otherwise.
    """
    settings = settings or Settings()
    mapping = mapping or {}
    columns = telling_columns(df.columns, mapping)
    space = Workspace(df.sparkSession, work_dir)
    ordered = df.orderBy(*order) if order else df
    hashed = ordered.select(*(f"`{name}`" for name in columns)).mapInArrow(
        partial(hash_frame, settings=replace(settings, threads=1), mapping=dict(mapping)), DDL
    )
    today = space.keep(hashed, "stories")
    verdicts = decide_hashed(space, today, settings, partitions=partitions, since=since, save=save)
    return verdicts.drop("split", "place")


def decide_hashed(
    space: Workspace,
    today: DataFrame,
    settings: Settings,
    *,
    partitions: int | None = None,
    since: str | None = None,
    save: str | None = None,
) -> DataFrame:
    """The verdicts on stories that are hashed and kept, rows of `signatures.SCHEMA`, as `tell_verdicts` has them.

    Cf. `find_duplicates`. A split of `today` is a stretch of the feed, in the order of their numbers.
    """
    from pyspark.sql import functions as f

    spark = space.spark
    known = None
    all_stories = today
    if since is not None:
        _check_saved(spark, since, settings)
        known = spark.read.parquet(f"{since}/decisions")
        before = spark.read.schema(today.schema).parquet(f"{since}/stories")
        last = before.agg(f.max("split")).first()
        shift = 0 if last is None or last[0] is None else last[0] + 1
        all_stories = before.unionByName(today.withColumn("split", (f.col("split") + shift).cast("int")))
    numbered = number_stories(all_stories, settings)
    first_new = 0 if known is None else numbered.total - today.count()
    space.cut(numbered.total, partitions or _parts(spark, numbered.total))
    stories = _with_known(numbered.stories, known, first_new, settings)
    rounds = Rounds(space, settings, stories, first_new, numbered.undated)
    decisions = rounds.decide().select("row", "leader", "score", "kind")
    if known is not None:
        decisions = known.join(decisions, "row", "left_anti").unionByName(decisions)
    if save is not None:
        _save(spark, save, all_stories, decisions, settings)
    return space.keep(tell_verdicts(numbered.stories, decisions, settings), "verdicts")


def _parts(spark: SparkSession, stories: int) -> int:
    return max(2 * spark.sparkContext.defaultParallelism, -(-stories // _STORIES_A_PART))


def _with_known(stories: DataFrame, known: DataFrame | None, first_new: int, settings: Settings) -> DataFrame:
    """The stories with what is known of them: those in sight of a new one, and the new ones."""
    from pyspark.sql import functions as f

    nothing = {"known_leader": f.lit(-1).cast("long"), "known_score": f.lit(0.0), "known_kind": f.lit(0)}
    if known is None:
        return stories.withColumns(nothing)
    old = stories.where(f.col("row") < first_new).join(known, "row", "left")
    old = old.withColumns(
        {
            "known_leader": f.coalesce("leader", "row"),
            "known_score": f.coalesce(f.col("score").cast("double"), f.lit(0.0)),
            "known_kind": f.coalesce("kind", f.lit(0)),
        }
    ).drop("leader", "score", "kind")
    new = stories.where(f.col("row") >= first_new).withColumns(nothing)
    window = settings.window_us
    undated = f.lit(int(UNDATED))
    earliest = stories.where(f.col("row") >= first_new).agg(f.min("time")).first()
    if window > 0 and earliest is not None and earliest[0] is not None and earliest[0] != int(UNDATED):
        # buckets are those of slices of time, by the leader's: nobody looks further back than one slice
        horizon = (earliest[0] // window - 1) * window
        times = stories.select(f.col("row").alias("known_leader"), f.col("time").alias("leader_time"))
        old = old.join(times, "known_leader").where(
            (f.col("leader_time") >= horizon) | (f.col("leader_time") == undated)
        )
        old = old.drop("leader_time")
    return old.unionByName(new)


def _described(settings: Settings) -> str:
    """All that hashes, decisions and the choice of who is shown depend on, as JSON."""
    return json.dumps({"format": _FORMAT, **deciding(settings)}, sort_keys=True)


def _save(spark: SparkSession, folder: str, stories: DataFrame, decisions: DataFrame, settings: Settings) -> None:
    stories.write.parquet(f"{folder}/stories")
    decisions.where("leader != row").write.parquet(f"{folder}/decisions")
    spark.createDataFrame(pa.table({"made": [_described(settings)]})).coalesce(1).write.text(f"{folder}/made")


def _check_saved(spark: SparkSession, folder: str, settings: Settings) -> None:
    from pyspark.errors import AnalysisException

    try:
        found = spark.read.text(f"{folder}/made").first()
    except AnalysisException as exc:
        raise _no_run(folder) from exc
    _check_made("" if found is None else found[0], folder, settings)


def _check_made(made: str, folder: str, settings: Settings) -> None:
    """Refuse what was saved, as it describes itself, if old and new stories would not be decided on alike."""
    try:
        found = json.loads(made)
    except ValueError as exc:
        raise _no_run(folder) from exc
    if not isinstance(found, dict):
        raise _no_run(folder)
    differing = difference(found, json.loads(_described(settings)))
    if differing is not None:
        raise IndexFormatError(f"{folder} was made with {differing}; run on all stories again, and save them anew")


def _no_run(folder: str) -> IndexFormatError:
    return IndexFormatError(f"{folder} is not the folder of an earlier run; name what `save` named then")
