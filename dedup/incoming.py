"""What callers hand to an index: stories as mappings or record batches, made into batches of `STORY_SCHEMA`."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import chain, groupby, islice, repeat
from json.encoder import encode_basestring as _quoted
from textwrap import shorten
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from dedup.errors import SettingsError
from dedup.kernels.reference.dates import iso_date
from dedup.readers.dates import is_possible, parse_date
from dedup.single import StoryFields
from dedup.stories import STORY_SCHEMA, check_schema

Story = Mapping[str, Any]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_SURROGATE = re.compile("[\ud800-\udfff]")
_PLAIN_DATE = re.compile(r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?(?:Z|[+-]\d\d:\d\d)?)?", re.ASCII)
_LONGEST_SHOWN = 80  # characters of a value in a message
_PUBLISHED = pa.timestamp("us", tz="UTC")


def read_fields(story: Story | StoryFields) -> StoryFields:
    """A story given as a mapping; one that was read already comes back as it is.

    The fields are those of `STORY_SCHEMA`; others are passed over. `published` is a datetime, a date in any usual
    writing or None; without a zone it is UTC, and what cannot be read as a date counts as none. A story without an id
    is named by its URL.

    Raises:
        SettingsError: it is no mapping, has neither title nor text among its fields, neither id nor URL, or a value of
            a type that is no text.
    """
    if isinstance(story, StoryFields):
        return story
    if not hasattr(story, "get"):  # what is like a mapping, as a row of pandas is, will do
        raise SettingsError(f"a story is a mapping of its fields, got {type(story).__name__}")
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


def cut_batches(stories: Iterable[Story | pa.RecordBatch] | pa.RecordBatch, most: int) -> Iterator[pa.RecordBatch]:
    """Stories in batches of at most `most`, each with distinct ids; the first ones are smaller, to be had sooner.

    Args:
        stories: mappings and batches, in any mixture.
        most: 4 or more.

    Raises:
        SettingsError: nothing that has stories, a batch of another schema, or a story that cannot be taken.
    """
    if isinstance(stories, pa.RecordBatch):
        stories = [stories]
    if not isinstance(stories, Iterable):
        raise SettingsError(f"stories are given as mappings or record batches, got {type(stories).__name__}")
    sizes = chain((most // 4, most // 2), repeat(most))
    for whole, some in groupby(stories, lambda each: isinstance(each, pa.RecordBatch)):
        for part in _sliced(map(_filled, some), sizes) if whole else _gathered(some, sizes):
            yield from _distinct(part)


def _sliced(batches: Iterable[pa.RecordBatch], sizes: Iterator[int]) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        first = 0
        while first < len(batch):
            part = batch.slice(first, next(sizes))
            yield part
            first += len(part)


def _gathered(stories: Iterator[Story], sizes: Iterator[int]) -> Iterator[pa.RecordBatch]:
    """Stories given as mappings."""
    while some := list(islice(stories, next(sizes))):
        yield story_batch(some)


def _distinct(batch: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
    """Stretches of a batch in which no id occurs twice."""
    if len(batch.column("id").unique()) == len(batch):
        yield batch
        return
    first, seen = 0, set[str]()
    for k, name in enumerate(batch.column("id").to_pylist()):
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
        raise SettingsError(f"{name} is a text, got {type(value).__name__} in story {_shown(story.get('id'))}")
    return encodable(value)


def _name(story: Mapping[str, Any], url: str) -> str:
    name = story.get("id")
    if name is None or name == "":
        name = url
    if isinstance(name, int) and not isinstance(name, bool):
        name = _digits(name)
        if not name:
            raise SettingsError("id is a text or an integer, got one of too many digits")
    if not isinstance(name, str):
        raise SettingsError(f"id is a text or an integer, got {type(name).__name__}")
    if not name:
        raise _no_name(story.get("title", ""))
    return encodable(name)


def _no_name(title: object) -> SettingsError:
    return SettingsError(f"a story needs an id or a URL to be known by; got {_shown(title)} without one")


def _digits(number: int) -> str:
    """An integer in digits, "" if they are more than Python writes."""
    try:
        return str(number)
    except ValueError:
        return ""


def _shown(value: object) -> str:
    """A value as messages show it, on one line that is not long."""
    try:
        return shorten(repr(value), _LONGEST_SHOWN, placeholder="...")
    except ValueError:  # an integer of too many digits
        return type(value).__name__


def encodable(text: str) -> str:
    """The text as feeds are read: U+FFFD for each lone surrogate, which no UTF-8 has."""
    return text if text.isascii() else _SURROGATE.sub("\ufffd", text)


def _time(value: object) -> int | None:
    """Microseconds since 1970, None for no date."""
    if isinstance(value, str):
        if not _PLAIN_DATE.fullmatch(value):
            micros = iso_date(value)
            if micros is None:
                return parse_date(value)
            return micros if is_possible(micros) else None
        try:  # much faster, and the same of what is written so
            value = datetime.fromisoformat(value)
        except ValueError:
            return parse_date(str(value))
    if isinstance(value, datetime):
        aware = value if value.utcoffset() is not None else value.replace(tzinfo=UTC)
        micros = (aware - _EPOCH) // _MICROSECOND
        return micros if is_possible(micros) else None
    if isinstance(value, int) and not isinstance(value, bool):
        return parse_date(_digits(value))
    if isinstance(value, float):
        return parse_date(str(value))
    if value is None:
        return None
    raise SettingsError(f"published is a datetime, a text, a number or None, got {type(value).__name__}")


def _filled(batch: pa.RecordBatch) -> pa.RecordBatch:
    """A batch of the schema with "" for each null that should not be there, a URL for each id that is null or "".

    Raises:
        SettingsError: it is of another schema, or a story has neither id nor URL.
    """
    check_schema(batch)
    columns = dict(zip(STORY_SCHEMA.names, batch.columns, strict=True))
    lacking = [name for name, column in columns.items() if column.null_count and name != "published"]
    for name in lacking:
        columns[name] = columns[name].fill_null("")
    nameless = pc.equal(columns["id"], "")
    if pc.any(nameless).as_py():
        unknown = pc.index(pc.and_(nameless, pc.equal(columns["url"], "")), True).as_py()
        if unknown >= 0:
            raise _no_name(columns["title"][unknown].as_py())
        columns["id"] = pc.if_else(nameless, columns["url"], columns["id"])
    elif not lacking:
        return batch
    return pa.RecordBatch.from_arrays(list(columns.values()), schema=STORY_SCHEMA)
