"""Stories of the splits of a feed -> their rows in the feed as a whole, and what depends on those before them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import pyarrow as pa

from dedup.kernels.native.evidence import UNDATED
from dedup.settings import Settings

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

_START = pa.schema(
    [("split", pa.int32()), ("first_row", pa.int64()), ("last_time", pa.int64()), ("latest_time", pa.int64())]
)


class Numbered(NamedTuple):
    """The stories of a feed in its order."""

    stories: DataFrame  # columns of `signatures.SCHEMA`, row, and horizon: leaders published before it are forgotten
    total: int
    undated: bool  # whether there are stories before the first dated one


def number_stories(stories: DataFrame, settings: Settings) -> Numbered:
    """Number the stories through, split by split, and date those that have no date in their split.

    Only what the splits begin and end with comes to the driver, a row each: that grows with files, not with stories.
    """
    from pyspark.sql import functions as f

    undated = f.lit(int(UNDATED))
    ends = stories.groupBy("split").agg(
        f.count("*").alias("stories"),
        f.max("time").alias("latest"),
        f.max_by("time", "place").alias("last"),
        f.count_if(f.col("time") == undated).alias("undated"),
    )
    starts, row, last, latest = [], 0, int(UNDATED), int(UNDATED)
    any_undated = False
    for one in sorted(ends.collect(), key=lambda one: one["split"]):
        any_undated |= one["undated"] > 0 and last == int(UNDATED)
        starts.append((one["split"], row, last, latest))
        row += one["stories"]
        last = last if one["last"] == int(UNDATED) else one["last"]
        latest = max(latest, one["latest"])
    columns = [list(column) for column in zip(*starts, strict=True)] or [[]] * len(_START)
    start = stories.sparkSession.createDataFrame(pa.table(columns, schema=_START))
    seen = f.greatest("latest", "latest_time")
    horizon = undated
    if settings.window is not None and settings.lateness is not None:
        horizon = f.when(seen == undated, undated).otherwise(seen - f.lit(settings.window_us + settings.lateness_us))
    time = f.when(f.col("time") == undated, f.col("last_time")).otherwise(f.col("time"))
    numbered = stories.join(f.broadcast(start), "split").withColumns(
        {"row": f.col("first_row") + f.col("place"), "time": time, "horizon": horizon}
    )
    return Numbered(numbered.drop("first_row", "last_time", "latest_time"), row, any_undated)
