"""Decisions -> what `Result.to_table` says of every story, as a table of Spark."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dedup.result import KINDS
from dedup.settings import Settings

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame


def tell_verdicts(stories: DataFrame, decisions: DataFrame, settings: Settings) -> DataFrame:
    """The verdict on each story: split, place, row, and the columns of `RESULT_SCHEMA`.

    Args:
        stories: columns split, place, row, id, time, tokens, preference.
        decisions: columns row, leader, score, kind; a story that is not there leads.
        settings: for the policy by which canonicals are chosen.
    """
    from pyspark.sql import functions as f

    told = stories.select("split", "place", "row", "id", "time", "tokens", "preference").join(
        decisions.select("row", "leader", "score", "kind"), "row", "left"
    )
    told = told.withColumn("leader", f.coalesce("leader", "row"))
    shown = f.min(f.struct(*_order(settings), "row", "id"))
    clusters = told.groupBy("leader").agg(
        shown.alias("shown"), f.count("*").alias("size"), f.min_by("id", "row").alias("name")
    )
    repeated = (
        stories.groupBy("id").count().where("count > 1").select(f.col("id").alias("name"), f.lit(True).alias("again"))
    )
    clusters = clusters.join(repeated, "name", "left")
    numbered = f.col("again") | f.col("name").rlike("#[0-9]+\\z")  # cf. `dedup.result.ends_in_number`
    named = f.when(numbered, f.concat_ws("#", "name", f.col("leader").cast("string"))).otherwise(f.col("name"))
    leads = f.col("leader") == f.col("row")
    is_shown = f.col("shown.row") == f.col("row")
    verdict = f.when(~is_shown, "duplicate").when(f.col("size") > 1, "canonical").otherwise("unique")
    kind = f.coalesce(*(f.when(f.col("kind") == code, name) for code, name in KINDS.items()))
    return told.join(clusters, "leader").select(
        "split",
        "place",
        "row",
        "id",
        named.alias("cluster_id"),
        f.col("shown.id").alias("canonical_id"),
        verdict.alias("verdict"),
        f.when(~leads, kind).alias("kind"),
        f.when(~leads, f.col("score")).cast("float").alias("score"),
    )


def _order(settings: Settings) -> list[Column]:
    """What decides which story of a cluster is shown, the least first; equals go by feed order."""
    from pyspark.sql import functions as f

    if settings.keep == "longest":
        return [(-f.col("tokens")).alias("shorter")]
    return [f.col("preference"), f.col("time")]
