"""The story batch, and the value types handed from stage to stage."""

from __future__ import annotations

import pyarrow as pa

STORY_SCHEMA = pa.schema(
    [
        pa.field("id", pa.string(), nullable=False),
        pa.field("title", pa.string(), nullable=False),
        pa.field("text", pa.string(), nullable=False),
        pa.field("url", pa.string(), nullable=False),
        pa.field("source", pa.string(), nullable=False),
        pa.field("published", pa.timestamp("us", tz="UTC"), nullable=True),
        pa.field("lang", pa.string(), nullable=False),
    ]
)
"""One row a story. Text columns hold the feed's own words, "" where the feed has none; null only for a missing date."""
