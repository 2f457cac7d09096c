"""RSS and Atom by feedparser, which reads every dialect and whatever is broken; it gets bytes, never an address."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from dedup.errors import FeedError
from dedup.readers.dates import parse_date
from dedup.readers.syndication import Names, Row

MOST_BYTES = 64 << 20
"""Of a feed that feedparser reads: it holds all of it in memory, and several times over."""

_MISSING = "pip install 'dedup-stories[feeds]'"
_PLACE = re.compile(r"^<unknown>:(\d+):\d+: ")
_TEXT_TYPES = ("text/", "application/xhtml+xml")
_DATES = ("published", "updated", "created")


def parse_loosely(name: str, data: bytes) -> tuple[str, list[tuple[Row, Names]], str]:
    """The kind of a feed as feedparser has it, its entries as `syndication.entry_row` has them, and what is broken.

    Raises:
        FeedError: feedparser is not installed, or fails.
    """
    try:
        import feedparser
    except ImportError as exc:
        raise FeedError(name, f"is not written as most feeds are; to read it: {_MISSING}") from exc
    try:
        parsed = feedparser.parse(io.BytesIO(data), sanitize_html=False, resolve_relative_uris=False)
    except Exception as exc:  # it lets exceptions of many kinds through for some malformed bytes
        raise FeedError(name, f"is broken beyond reading ({type(exc).__name__}: {exc})") from exc
    problem = parsed.get("bozo_exception") if parsed.bozo else None
    broken = "" if problem is None or isinstance(problem, feedparser.CharacterEncodingOverride) else str(problem)
    kind = parsed.get("version", "")  # of nothing it says nothing
    return kind, [_row(entry, parsed.feed) for entry in parsed.entries], _PLACE.sub(r"line \1: ", broken)


def _row(entry: Any, feed: Any) -> tuple[Row, Names]:
    members: dict[str, Any] = dict(entry.items())  # get() would let one name stand for another
    contents = [part for part in members.get("content", []) if _is_text(part)]
    text = "\n".join(part["value"] for part in contents if part["value"])
    title = members.get("title_detail") or {}
    source = members.get("source") or {}
    language = contents[0].get("language") if contents else None
    candidates = {
        "id": [("id", members.get("id"))],
        "title": [("title", members.get("title"))],
        "text": [("content", text), ("summary", members.get("summary"))],
        "url": [("link", members.get("link"))],
        "source": [("source title", source.get("title")), ("feed title", feed.get("title"))],
        "published": [(name, _date(members, name)) for name in _DATES],
        "lang": [("language", language or title.get("language")), ("language", feed.get("language"))],
    }
    row: Row = {}
    names: Names = {}
    for role, values in candidates.items():
        for name, value in values:
            if value and role not in row:
                row[role], names[role] = value, name
    for name, value in members.items():
        if value and not name.endswith("_parsed"):  # the same dates as nine numbers
            row.setdefault(f"{name}_detail" if name == "source" else name, _plain(value))
    return row, names


def _is_text(part: Mapping[str, Any]) -> bool:
    return not part.get("type") or str(part["type"]).startswith(_TEXT_TYPES)


def _date(members: Mapping[str, Any], name: str) -> str:
    """A date as it is written; where only feedparser can read it, as ISO 8601."""
    written, parsed = members.get(name) or "", members.get(f"{name}_parsed")
    if parsed is None or parse_date(written) is not None:
        return str(written)
    try:
        year, month, day, hour, minute, second = parsed[:6]
        return datetime(year, month, day, hour, minute, second, tzinfo=UTC).isoformat()
    except (ValueError, OverflowError):
        return str(written)


def _plain(value: Any) -> Any:
    """A value as JSON has it."""
    if isinstance(value, Mapping):
        return {str(name): _plain(inner) for name, inner in _items(value) if not str(name).endswith("_parsed")}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_plain(inner) for inner in value]
    return value if value is None or isinstance(value, (str, bool, int, float)) else str(value)


def _items(value: Mapping[Any, Any]) -> Iterator[tuple[Any, Any]]:
    yield from value.items()
