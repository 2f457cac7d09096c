"""Tables and files -> hashed stories, on the executors."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import pyarrow as pa

from dedup.errors import SettingsError
from dedup.kernels.reference.fields import plain_name
from dedup.readers import ReadSettings, open_feeds
from dedup.readers.columns import ColumnRows, Slice
from dedup.readers.fields import ROLES, Fields
from dedup.settings import Settings
from dedup.spark.signatures import SCHEMA, hash_stories

NOTE = -1  # the place of a row that is a note on its split
_FILES = pa.schema([("split", pa.int32()), ("path", pa.string())])
_TABLE = "table"  # how messages and stand-in ids call a DataFrame


def hash_frame(
    batches: Iterator[pa.RecordBatch], settings: Settings, mapping: Mapping[str, str]
) -> Iterator[pa.RecordBatch]:
    """The stories of one partition of a table, whose columns fill roles as those of a Parquet feed do."""
    from pyspark import TaskContext

    context = TaskContext.get()
    split = context.partitionId() if context is not None else 0
    yield from hash_stories(_table_stories(batches, split, mapping), split, settings)


def _table_stories(
    batches: Iterator[pa.RecordBatch], split: int, mapping: Mapping[str, str]
) -> Iterator[pa.RecordBatch]:
    rows: ColumnRows | None = None
    first = 0
    for batch in batches:
        if rows is None:
            rows = ColumnRows(f"{_TABLE}/{split}", Fields(mapping), batch.schema)
        yield rows.parse(Slice(batch.select(rows.columns), first)).batch
        first += batch.num_rows


def telling_columns(names: Sequence[str], mapping: Mapping[str, str]) -> list[str]:
    """The columns of a table that fill a role, or may.

    Raises:
        SettingsError: none of them is a title or a text, or one that was mapped is not there.
    """
    fields = Fields(mapping)
    known = {plain_name(name) for name in names}
    ways = {plain: plain_name(path[0].name) for plain, (_, path) in fields.paths.items() if path}
    there = {plain for plain in fields.numbers if plain in known or ways.get(plain) in known}
    for role, field in mapping.items():
        if not any(plain_name(part) in there for part in field.split("|")):
            raise SettingsError(f'the table has no column "{field}", that {role} was mapped to')
    telling = {plain for role in ("title", "text") for plain in fields.by_role[ROLES.index(role)]}
    if not telling & there:
        raise SettingsError(
            f"no column of the table ({', '.join(names)}) is known as title or text; "
            'name them, such as mapping={"title": "headline"}'
        )
    used = there | {ways[plain] for plain in there if plain in ways}
    return [name for name in names if plain_name(name) in used]


def list_files(paths: Sequence[str]) -> pa.Table:
    """Files as `hash_files` and `read_files` take them: columns split and path."""
    return pa.table([list(range(len(paths))), list(paths)], schema=_FILES)


def hash_files(
    batches: Iterator[pa.RecordBatch], settings: Settings, reading: ReadSettings
) -> Iterator[pa.RecordBatch]:
    """The stories of files, columns split and path, each file a split, read as the single process reads them."""
    for batch in batches:
        for row in batch.to_pylist():
            feeds = open_feeds([row["path"]], reading)
            for feed in feeds:
                yield from hash_stories(feed.batches(), row["split"], settings)
                yield _note(row["split"], "\n".join(feed.describe()))


def read_files(batches: Iterator[pa.RecordBatch], reading: ReadSettings) -> Iterator[pa.RecordBatch]:
    """The stories of files once more, for those that are kept: columns split, place, and those of a story."""
    for batch in batches:
        for row in batch.to_pylist():
            place = 0
            for feed in open_feeds([row["path"]], reading):
                for stories in feed.batches():
                    count = stories.num_rows
                    splits = pa.array([row["split"]] * count, pa.int32())
                    places = pa.array(range(place, place + count), pa.int64())
                    columns = [splits, places, *stories.columns]
                    yield pa.RecordBatch.from_arrays(columns, names=["split", "place", *stories.schema.names])
                    place += count


def _note(split: int, text: str) -> pa.RecordBatch:
    """A row that holds what is to be said of a split in place of an id."""
    values = {name: [None] for name in SCHEMA.names} | {"split": [split], "place": [NOTE], "id": [text]}
    return pa.RecordBatch.from_pydict(values, schema=SCHEMA)
