"""MinHash and LSH on Spark as it is usually written: signatures in Python workers, bands joined in SQL, then verified.

Signatures are datasketch's in bulk. Ids and pairs come to the driver, which is quickest on one machine.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa

from benchmarks.peers import BANDS, PERMUTATIONS, ROWS, SEED, shingles

PACKAGED = pa.schema([("id", pa.string()), ("signature", pa.binary()), ("keys", pa.list_(pa.int64()))])


def sketch(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Stories (id, title, text) -> id, signature (uint32 values, little endian), and a key of every band."""
    import xxhash
    from datasketch import MinHash

    for batch in batches:
        stories = batch.to_pylist()
        made = MinHash.generator(
            (set(map(str.encode, shingles(story))) for story in stories),
            num_perm=PERMUTATIONS,
            seed=SEED,
            scheme="affine32",
            hashfunc=xxhash.xxh32_intdigest,
        )
        signatures = [minhash.hashvalues.astype("<u4").tobytes() for minhash in made]
        width = 4 * ROWS
        keys = [
            [xxhash.xxh64_intdigest(whole[band * width : (band + 1) * width], band) >> 1 for band in range(BANDS)]
            for whole in signatures
        ]
        yield pa.RecordBatch.from_pydict(
            {"id": [story["id"] for story in stories], "signature": signatures, "keys": keys}, schema=PACKAGED
        )


def find_pairs(feed: Path, threshold: float, threads: int) -> tuple[list[str], list[tuple[str, str]]]:
    """The ids of a feed in its order, and the pairs of ids that share a band and are similar enough."""
    from pyspark.sql import SparkSession
    from pyspark.sql import functions as sql

    def verify(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            left, right = (
                np.frombuffer(b"".join(batch.column(name).to_pylist()), dtype="<u4").reshape(-1, PERMUTATIONS)
                for name in ("left_signature", "right_signature")
            )
            alike = (left == right).mean(axis=1) >= threshold
            yield batch.select(["left_id", "right_id"]).filter(pa.array(alike))

    os.environ |= {"PYSPARK_PYTHON": sys.executable, "PYTHONPATH": str(Path(__file__).parents[1])}  # for its workers
    spark = (
        SparkSession.builder.master(f"local[{threads}]")
        .appName("minhash")
        .config("spark.driver.memory", "6g")
        .config("spark.ui.enabled", "false")
        .config("spark.ui.showConsoleProgress", "false")
        .config("spark.sql.shuffle.partitions", str(2 * threads))
        .getOrCreate()
    )
    spark.sparkContext.setLogLevel("ERROR")
    try:
        stories = spark.read.schema("id string, title string, text string").json(str(feed))
        made = stories.mapInArrow(sketch, "id string, signature binary, keys array<bigint>").cache()
        keyed = made.select("id", sql.explode("keys").alias("key"))
        left = keyed.withColumnRenamed("id", "left_id")
        right = keyed.withColumnRenamed("id", "right_id")
        shared = left.join(right, "key").where("left_id < right_id").select("left_id", "right_id").distinct()
        both = shared.join(made.selectExpr("id as left_id", "signature as left_signature"), "left_id").join(
            made.selectExpr("id as right_id", "signature as right_signature"), "right_id"
        )
        pairs = both.mapInArrow(verify, "left_id string, right_id string").toArrow()
        ids = made.select("id").toArrow()["id"].to_pylist()
        return ids, list(zip(pairs["left_id"].to_pylist(), pairs["right_id"].to_pylist(), strict=True))
    finally:
        spark.stop()
