"""What callers hand to an index: stories as mappings or record batches, made into batches of `STORY_SCHEMA`."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice
from json.encoder import encode_basestring as _quoted
from typing import Any

import pyarrow as pa

from dedup.errors import SettingsError
from dedup.readers.dates import is_possible, parse_date
from dedup.single import StoryFields
from dedup.stories import STORY_SCHEMA

Story = Mapping[str, Any]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_PUBLISHED = pa.timestamp("us", tz="UTC")


def read_fields(story: Story | StoryFields) -> StoryFields:
    """A story given as a mapping; one that was read already comes back as it is.

    The fields are those of `STORY_SCHEMA`; others are passed over. `published` is a datetime, a date in any usual
    writing or None; without a zone it is UTC, and what cannot be read as a date counts as none. A story without an id
    is named by its URL.

    Raises:
        SettingsError: it has neither title nor text among its fields, neither id nor URL, or a value of a type that is
            no text.
    """
    if isinstance(story, StoryFields):
        return story
    if "title" not in story and "text" not in story:
        raise SettingsError(
            f"a story has a title, a text or both; got the fields {', '.join(map(str, story)) or 'none'}"
        )
    url = _text(story, "url")
    return StoryFields(
        _name(story, url),
        _text(story, "title"),
        _text(story, "text"),
        url,
        _text(story, "source"),
        _time(story.get("published")),
        _text(story, "lang"),
    )


def story_batch(stories: Iterable[Story]) -> pa.RecordBatch:
    """Stories given as mappings, as a batch of `STORY_SCHEMA`; cf. `read_fields`.

    Raises:
        SettingsError: one cannot be taken.
    """
    return fields_batch([read_fields(story) for story in stories])


def fields_batch(rows: Sequence[StoryFields]) -> pa.RecordBatch:
    """Stories that were read, as a batch of `STORY_SCHEMA`."""
    columns = zip(*rows, strict=True) if rows else [()] * len(STORY_SCHEMA)
    arrays = [pa.array(column, type=field.type) for column, field in zip(columns, STORY_SCHEMA, strict=True)]
    return pa.RecordBatch.from_arrays(arrays, schema=STORY_SCHEMA)


def cut_batches(stories: Iterable[Story] | pa.RecordBatch, most: int) -> Iterator[pa.RecordBatch]:
    """Stories in batches of at most `most`, each with distinct ids.

    Raises:
        SettingsError: a batch of another schema, or a story that cannot be taken.
    """
    if isinstance(stories, pa.RecordBatch):
        _check_batch(stories)
        parts: Iterable[pa.RecordBatch] = (stories.slice(first, most) for first in range(0, stories.num_rows, most))
    else:
        every = iter(stories)
        parts = map(story_batch, iter(lambda: list(islice(every, most)), []))
    for part in parts:
        yield from _distinct(part)


def _distinct(batch: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
    """Stretches of a batch in which no id occurs twice."""
    names = batch.column("id").to_pylist()
    if len(set(names)) == len(names):
        yield batch
        return
    first, seen = 0, set[str]()
    for k, name in enumerate(names):
        if name in seen:
            yield batch.slice(first, k - first)
            first, seen = k, set()
        seen.add(name)
    yield batch.slice(first)


def write_stories(batch: pa.RecordBatch) -> list[bytes]:
    """Each story as a JSON object of the schema's fields, its date in microseconds since 1970: kept for people."""
    columns = [
        batch.column(name).cast(pa.int64()).to_pylist() if name == "published" else batch.column(name).to_pylist()
        for name in STORY_SCHEMA.names
    ]
    return [write_story(StoryFields(*row)) for row in zip(*columns, strict=True)]


def write_story(story: StoryFields) -> bytes:
    """One story as `write_stories` has it."""
    published = "null" if story.published is None else story.published
    return (
        f'{{"id":{_quoted(story.id)},"title":{_quoted(story.title)},"text":{_quoted(story.text)},'
        f'"url":{_quoted(story.url)},"source":{_quoted(story.source)},"published":{published},'
        f'"lang":{_quoted(story.lang)}}}'
    ).encode()


def read_stories(written: Iterable[bytes]) -> pa.RecordBatch:
    """The batch that `write_stories` wrote."""
    rows = [json.loads(story) for story in written]
    arrays = [
        pa.array([row[name] for row in rows], type=pa.int64()).cast(_PUBLISHED)
        if name == "published"
        else pa.array([row[name] for row in rows], type=pa.string())
        for name in STORY_SCHEMA.names
    ]
    return pa.RecordBatch.from_arrays(arrays, schema=STORY_SCHEMA)


def _text(story: Mapping[str, Any], name: str) -> str:
    value = story.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise SettingsError(f"{name} is a text, got {type(value).__name__} in story {story.get('id')!r}")
    return value if value.isascii() else _encodable(value)


def _name(story: Mapping[str, Any], url: str) -> str:
    name = story.get("id")
    if name is None or name == "":
        name = url
    if isinstance(name, int) and not isinstance(name, bool):
        name = str(name)
    if not isinstance(name, str):
        raise SettingsError(f"id is a text or an integer, got {type(name).__name__}")
    if not name:
        raise SettingsError(f"a story needs an id or a URL to be known by; got {story.get('title', '')!r} without one")
    return name if name.isascii() else _encodable(name)


def _encodable(text: str) -> str:
    """The text without lone surrogates, which no UTF-8 has."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace").decode()
    return text


def _time(value: object) -> int | None:
    """Microseconds since 1970, None for no date."""
    if isinstance(value, str):
        try:
            if value.isdigit():  # which Python might read as a date of other centuries
                return parse_date(str(value))
            value = datetime.fromisoformat(value)
        except ValueError:
            return parse_date(str(value))
    if isinstance(value, datetime):
        aware = value if value.tzinfo is not None else value.replace(tzinfo=UTC)
        micros = (aware - _EPOCH) // _MICROSECOND
        return micros if is_possible(micros) else None
    if isinstance(value, int | float) and not isinstance(value, bool):
        return parse_date(str(value))
    if value is None:
        return None
    raise SettingsError(f"published is a datetime, a text, a number or None, got {type(value).__name__}")


def _check_batch(batch: pa.RecordBatch) -> None:
    if batch.schema != STORY_SCHEMA:
        raise SettingsError(f"a batch must have dedup.STORY_SCHEMA, got columns {batch.schema.names}")
