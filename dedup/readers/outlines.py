"""Which members the JSON at the beginning of a feed has, and whose layout that is."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from dedup.kernels.reference.fields import plain_name
from dedup.readers.fields import Fields
from dedup.readers.layouts import LAYOUTS, Layout

Place = tuple[str, ...]

_TOKEN = re.compile(rb'[ \t\r\n]*+(?:("(?:[^"\\]++|\\.)*+")|([-+.\w]++)|([\[\]{},:]))', re.DOTALL)
_MOST_TOKENS = 6000
_MOST_DOCUMENTS = 3
_DEEPEST = 12
_HOLDERS = (
    *("articles", "items", "_items", "entries", "data", "results", "news", "hits", "docs", "documents", "posts"),
    *("stories", "feed", "response", "value", "clusters"),
)
"""The names under which services hold their rows."""
_FAILURES = ("error", "errors", "message", "messages", "detail")
_SUCCESSES = ("", "ok", "success", "succeeded", "200")


@dataclass(slots=True)
class Outline:
    """The members of the first JSON values of a feed, those of all elements of an array together."""

    kinds: dict[Place, str] = field(default_factory=dict)
    """"object", "array", "string" or "other" of every member, by the names that lead to it."""
    values: dict[Place, str] = field(default_factory=dict)
    """The first string of a member."""
    documents: int = 0
    """Values closed."""

    def has(self, names: Iterable[str], under: Place = ()) -> bool:
        """Whether members of all these dotted names are there."""
        return all((*under, *name.split(".")) in self.kinds for name in names)


def read_outline(text: bytes) -> Outline:
    """The outline of JSON that may be cut off anywhere; what is behind a mistake is not looked at."""
    outline = Outline()
    place: list[str] = []
    open_: list[bool] = []  # for every container whether it is an object
    name: str | None = None  # of the member whose value comes
    for token in _tokens(text):
        string, scalar, mark = token.groups()
        is_key = string is not None and bool(open_) and open_[-1] and name is None
        if is_key:
            name = _loads(string)
        elif mark in (b"{", b"[") or string is not None or scalar is not None:
            kind = {b"{": "object", b"[": "array"}.get(mark or b"", "string" if string is not None else "other")
            here = (*place, name) if name is not None else tuple(place)
            outline.kinds.setdefault(here, kind)
            if kind == "string":
                outline.values.setdefault(here, _loads(string))
            if mark:
                open_.append(mark == b"{")
                place.append(name or "")
                if len(open_) > _DEEPEST:
                    break
            name = None
        elif mark in (b"}", b"]"):
            if not open_:
                break
            open_.pop()
            place.pop()
            name = None
            if not open_:
                outline.documents += 1
                if outline.documents == _MOST_DOCUMENTS:
                    break
    return _without_arrays(outline)


def _tokens(text: bytes) -> Iterator[re.Match[bytes]]:
    at = 0
    for _ in range(_MOST_TOKENS):
        found = _TOKEN.match(text, at)
        if found is None:
            return
        yield found
        at = found.end()


def _loads(string: bytes) -> str:
    try:
        return str(json.loads(string.decode("utf-8", "replace"), strict=False))
    except ValueError:
        return ""


def _without_arrays(outline: Outline) -> Outline:
    """The outline with the nameless places of array elements and outermost values taken out of the way."""

    def plain(place: Place) -> Place:
        return tuple(name for name in place if name)

    kinds: dict[Place, str] = {}
    for place, kind in outline.kinds.items():
        kinds.setdefault(plain(place), kind)
    values: dict[Place, str] = {}
    for place, value in outline.values.items():
        values.setdefault(plain(place), value)
    return Outline(kinds, values, outline.documents)


def find_layout(outline: Outline, fields: Fields, *, lone: bool) -> tuple[Layout | None, str]:
    """The layout that an outline shows, None for none; and where its envelope holds the rows, "" for bare rows.

    Args:
        outline: of the feed's beginning.
        fields: the fields looked for; they tell a holder of stories from other arrays.
        lone: nothing but one JSON object may be in the file.
    """
    for layout in LAYOUTS:
        for rows in layout.rows:
            if outline.has(layout.signs.split()) and _holds(outline, layout, rows):
                return layout, rows
        if any(outline.has(signs.split()) for signs in layout.bare_signs):
            return layout, ""
    return _find_holder(outline, fields, lone=lone)


def _holds(outline: Outline, layout: Layout, rows: str) -> bool:
    """Whether the rows lie there: an array that is empty, or whose elements show the layout's signs."""
    if layout.name == "JSON Feed" and "jsonfeed.org" not in outline.values.get(("version",), ""):
        return False
    for under in _places(outline, rows):
        empty = layout.signs and not any(place[: len(under)] == under and place != under for place in outline.kinds)
        if empty or not layout.row_signs or any(outline.has(signs.split(), under) for signs in layout.row_signs):
            return True
    return False


def _places(outline: Outline, rows: str) -> list[Place]:
    if rows == "*":  # of an object of nothing but arrays: any other is a row that has some
        members = {place: kind for place, kind in outline.kinds.items() if len(place) == 1}
        return list(members) if set(members.values()) <= {"array"} else []
    places = [tuple(path.split(".")) for path in rows.split("|")]
    return [place for place in places if outline.kinds.get(place) in ("array", "object")]


def _find_holder(outline: Outline, fields: Fields, *, lone: bool) -> tuple[Layout | None, str]:
    """An array of objects with a title or a text, under a name that services hold rows under."""
    known = {name for role in ("title", "text") for name in fields.names_of(role)}
    if not lone and any(plain_name(place[0]) in known for place in outline.kinds if len(place) == 1):
        return None, ""  # rows, which may hold arrays too
    for place, kind in outline.kinds.items():
        if kind == "array" and 0 < len(place) <= 2 and place[0] in _HOLDERS:
            inside = [inner[len(place)] for inner in outline.kinds if inner[: len(place)] == place and inner != place]
            if any(plain_name(name) in known for name in inside):
                rows = ".".join(place)
                return _held_in(rows), rows
    rows = _empty_holder(outline, known) if lone else ""
    return (_held_in(rows), rows) if rows else (None, "")


def _held_in(rows: str) -> Layout:
    return Layout(name=f"an object with its rows in {rows}", rows=(rows,))


def _empty_holder(outline: Outline, known: set[bytes]) -> str:
    """Where the answer of a service that found nothing would have rows; "" for a story, a failure, what is unclear."""
    inner = {place[:depth] for place in outline.kinds for depth in range(1, len(place))}
    arrays = [place for place, kind in outline.kinds.items() if kind == "array" and place]
    members = {place[0]: plain_name(place[0]) for place in outline.kinds if place}
    if (
        outline.documents != 1
        or any(place in inner for place in arrays)
        or any(name in known or member in _FAILURES for member, name in members.items())
        or outline.values.get(("status",), "").lower() not in _SUCCESSES
    ):
        return ""
    empty = (place for place in arrays if len(place) <= 2 and place[0] in _HOLDERS)
    return ".".join(next(empty, ()))
