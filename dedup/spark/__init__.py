"""The same detector on Spark, for feeds that no one machine holds; `pip install 'dedup-stories[spark]'`, Java 17.

from dedup.spark import find_duplicates
verdicts = find_duplicates(spark.read.parquet("hdfs:///news"), order=["published", "id"], work_dir="hdfs:///tmp/run1")
verdicts.write.parquet("hdfs:///clusters")
"""

from __future__ import annotations

from dedup.spark.engine import find_duplicates

__all__ = ["find_duplicates"]
