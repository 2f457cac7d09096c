"""Writes the sample feeds that are not plain text: `python -m tests.make_samples`. All stories are made up."""

from __future__ import annotations

import bz2
import gzip
import lzma
from datetime import UTC, date, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

SAMPLES = Path(__file__).parent / "samples"

COLUMNS = pa.table(
    {
        "Article-ID": pa.array([41, 42, 43], pa.int64()),
        "headline": pa.array(["Harbour bridge reopens", "Brücke wieder offen", None]).dictionary_encode(),
        "body": pa.array(["Trucks crossed at dawn.", None, "No headline, only text."], pa.large_string()),
        "tags": pa.array([["roads", "harbour"], [], None], pa.list_(pa.string())),
        "publisher": pa.array([{"name": "Harbour Post"}, {"name": None}, None], pa.struct([("name", pa.string())])),
        "published_at": pa.array(
            [datetime(2024, 2, 29, 6, 30, tzinfo=UTC), None, datetime(1999, 12, 31, 23, 59, 59, tzinfo=UTC)],
            pa.timestamp("ms", tz="Europe/Berlin"),
        ),
        "lang": pa.array([b"en", b"de", b"en"], pa.binary()),
    }
)
BATCHES = pa.table(
    {
        "uuid": pa.array(["f-1", "f-2", "f-3", "f-4"]),
        "title": pa.array(["Ferry fares rise", "渡轮票价上涨", "", "Ferry fares fall"], pa.large_string()),
        "summary": pa.array(["By two crowns.", "涨两克朗。", "Untitled.", None]),
        "date": pa.array([date(2024, 5, 1), date(2024, 5, 2), None, date(2024, 5, 4)]),
        "score": pa.array([0.5, None, -1.0, 2.0], pa.float32()),
        "source": pa.array(["Ferry News", "", None, "Ferry News"]),
    }
)
CC_NEWS = pa.table(
    {
        "title": pa.array(["Mole tunnels under parliament", "Parliament floor sinks"]),
        "text": pa.array(["The mole is said to be old.", "By one finger."]),
        "domain": pa.array(["mole.example", "mole.example"]),
        "date": pa.array(["2019-07-13 00:00:00", ""]),
        "description": pa.array(["An old mole.", ""]),
        "url": pa.array(["http://mole.example/tunnel", "http://mole.example/sinks"]),
        "image_url": pa.array(["http://mole.example/mole.jpg", None]),
    }
)
"""As the cc_news data set on Hugging Face has it."""


def main() -> None:
    """Write them."""
    pq.write_table(COLUMNS, SAMPLES / "columns.parquet", row_group_size=2)
    pq.write_table(CC_NEWS, SAMPLES / "cc_news.parquet")
    with pa.ipc.new_file(SAMPLES / "batches.arrow", BATCHES.schema) as writer:
        writer.write_table(BATCHES, max_chunksize=3)
    with pa.ipc.new_stream(SAMPLES / "batches.arrows", BATCHES.schema) as stream:
        stream.write_table(BATCHES, max_chunksize=3)
    packed = {
        "lines.jsonl.gz": gzip.compress((SAMPLES / "lines.jsonl").read_bytes(), mtime=0),
        "array.json.xz": lzma.compress((SAMPLES / "array.json").read_bytes()),
        "table.csv.bz2": bz2.compress((SAMPLES / "table.csv").read_bytes()),
        "table.tsv.zst": bytes(pa.Codec("zstd").compress((SAMPLES / "table.tsv").read_bytes())),
    }
    for name, data in packed.items():
        (SAMPLES / name).write_bytes(data)


if __name__ == "__main__":
    main()
