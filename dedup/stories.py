"""The story batch, and the value types handed from stage to stage."""

from __future__ import annotations

import pyarrow as pa

from dedup.errors import SettingsError

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


def check_schema(batch: pa.RecordBatch) -> None:
    """Refuse a batch that has another schema than `STORY_SCHEMA`.

    Raises:
        SettingsError: naming its columns or, where these are right, the first one of another type.
    """
    if batch.schema == STORY_SCHEMA:
        return
    if batch.schema.names != STORY_SCHEMA.names:
        raise SettingsError(f"a batch must have dedup.STORY_SCHEMA, got columns {batch.schema.names}")
    found, wanted = next((one, other) for one, other in zip(batch.schema, STORY_SCHEMA, strict=True) if one != other)
    raise SettingsError(
        f"a batch must have dedup.STORY_SCHEMA, got column {found.name} of type {_kind(found)}, expected "
        f"{_kind(wanted)}; take its cast(dedup.STORY_SCHEMA)"
    )


def _kind(field: pa.Field) -> str:
    """A column's type as Arrow shows it, with whether it may have nulls."""
    return f"{field.type}{'' if field.nullable else ' not null'}"
