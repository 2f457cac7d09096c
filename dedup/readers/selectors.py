"""Dotted paths to values inside a row: `source.name`, `content[0].value`, `headlines[role=main].value`, `body.**`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import NamedTuple

from dedup.kernels.reference.fields import plain_name, text_of

KEY = "(key)"
"""The path that stands for the name under which an envelope holds the row."""

ENVELOPE = "/"
"""What a path into the envelope, not the row, begins with: `/feed.title`."""

ALL = "**"
"""The step to every string below."""

_STEP = re.compile(r"([^.\[\]]+)(?:\[(?:(\d+)|([^\]=]+)=([^\]]*))\])?")
_plain = lru_cache(maxsize=1 << 14)(plain_name)


class Step(NamedTuple):
    """One part of a path."""

    name: str
    """Of the member, or `**` for every string below, in order."""
    place: int | None
    """Of an array's elements only this one, counted from 0."""
    key: str
    value: str
    """Of an array's elements only those whose member `key` is this; an empty key for all."""


Path = tuple[Step, ...]


def parse_path(text: str) -> Path | None:
    """The steps of a dotted path; None for the name of one field, and for what is no path.

    >>> parse_path("title") is None, [step.name for step in parse_path("source.name")]
    (True, ['source', 'name'])
    """
    if not ("." in text or "[" in text):
        return None
    steps = []
    for part in re.split(r"\.(?![^\[]*\])", text):
        found = _STEP.fullmatch(part)
        if found is None:
            return None
        name, place, key, value = found.groups()
        steps.append(Step(name, None if place is None else int(place), key or "", value or ""))
    return tuple(steps)


def text_at(value: object, path: Path) -> str:
    r"""The text of all values that a path leads to, a line each; "" for none.

    >>> text_at({"tags": [{"term": "a"}, {"term": "b"}]}, parse_path("tags.term"))
    'a\nb'
    """
    return text_of(list(_select(value, path)))


def _select(value: object, path: Path) -> Iterator[object]:
    if not path:
        yield value
    elif path[0].name == ALL:
        yield from _strings(value)
    elif isinstance(value, list):
        for item in value:
            yield from _select(item, path)
    elif isinstance(value, dict):
        step, rest = path[0], path[1:]
        inner = _member(value, step.name)
        if step.place is not None:
            inner = inner[step.place] if isinstance(inner, list) and len(inner) > step.place else None
        elif step.key:
            items = inner if isinstance(inner, list) else [inner]
            inner = [item for item in items if isinstance(item, dict) and text_of(item.get(step.key)) == step.value]
        yield from _select(inner, rest)


def _member(value: Mapping[str, object], name: str) -> object:
    """The member of this name, or of one that differs in letter case, `-`, `_` and spaces only."""
    if name in value:
        return value[name]
    plain = _plain(name)
    return next((inner for other, inner in value.items() if _plain(other) == plain), None)


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, (list, dict)):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _strings(item)
