"""A folder that all executors reach, where each stage leaves what it found: so no stage is ever computed twice."""

from __future__ import annotations

import atexit
import logging
import shutil
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from dedup.errors import SettingsError
from dedup.spark.parcels import DDL, Work, by_part, exchange

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

LOGGER = logging.getLogger("dedup.spark")
_PARQUET = {"compression": "lz4", "parquet.enable.dictionary": "false"}  # rows and hashes hardly repeat


class Workspace:
    """Runs stages, and keeps their results as Parquet."""

    def __init__(self, spark: SparkSession, folder: str | None) -> None:
        """Use a folder, which must not exist, or a temporary one, which only a local master can use.

        Raises:
            SettingsError: no folder is named, and the executors are elsewhere.
        """
        self.spark = spark
        self.parts, self.stories_a_part = 1, 1
        self._temporary = folder is None
        if folder is None:
            if not str(spark.sparkContext.master).startswith("local"):
                raise SettingsError("on a cluster name a work_dir that all executors reach, such as hdfs:///tmp/dedup")
            folder = tempfile.mkdtemp(prefix="dedup-spark-")
            atexit.register(self.close)
        self._folder = folder.rstrip("/")
        self._kept = 0

    def keep(self, frame: DataFrame, name: str, by: str | None = None) -> DataFrame:
        """The same rows, computed now and once.

        Args:
            frame: any.
            name: of the stage, for people who look into the folder.
            by: a column with few values, to be read apart.
        """
        path = f"{self._folder}/{self._kept:03}-{name}"
        self._kept += 1
        started = time.perf_counter()
        writer = frame.write.options(**_PARQUET)
        (writer.partitionBy(by) if by else writer).parquet(path)
        LOGGER.info("stage %s, %s: %.1f s", path.rsplit("/", 1)[1][:3], name, time.perf_counter() - started)
        return self.spark.read.schema(frame.schema).parquet(path)

    def cut(self, stories: int, parts: int) -> None:
        """Cut the work on so many stories into parts."""
        self.parts, self.stories_a_part = parts, max(1, -(-stories // parts))

    def parts_for(self, rows: int, lighter: int = 1) -> int:
        """Parts for rows of which one takes so many times as many as stories: a task costs more than little work."""
        return max(1, min(self.parts, -(-rows // (self.stories_a_part * lighter))))

    def run(self, parcels: DataFrame, work: Work, ddl: str = DDL, parts: int | None = None) -> DataFrame:
        """What some work makes of the parcels, part by part, of as many as they were sent to; of all by default."""
        carried = exchange(parcels.select("part", "kind", "payload"), parts or self.parts)
        return carried.mapInArrow(by_part(work), ddl)

    def close(self) -> None:
        """Remove a temporary folder; what was read from it is gone with it."""
        if self._temporary:
            shutil.rmtree(Path(self._folder), ignore_errors=True)
