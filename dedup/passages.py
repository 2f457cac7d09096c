"""Two stories as people read them, with what they share and where they differ marked.

For a pair that somebody looks at: plain Python over the slow twins, which see the tokens that the kernels see.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from dedup.evidence import word_meanings
from dedup.kernels.flags import CAPITAL, FUNCTION, NUMBER, SENTENCE
from dedup.kernels.reference import facts as slow
from dedup.kernels.reference import tokens as tokeniser
from dedup.kernels.reference.markup import plain_text
from dedup.kernels.unicode import BLOCK, load_tables
from dedup.text import own_tokens

SHARED, OTHER_NUMBER, OTHER_NAME = "shared", "number", "name"


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of a field, without markup and with entities decoded.

    Attributes:
        text: as the feed has it; the spans of a field make the whole field.
        mark: "shared" for words in a row that the other story has too, "number" and "name" for one that it has nowhere,
            None for the rest.
    """

    text: str
    mark: str | None


class Place(NamedTuple):
    """Where a token stands in a field's plain text: text[start:end], and its normalised bytes."""

    word: bytes
    start: int
    end: int


class _Told(NamedTuple):
    """A token of a story with what it says, and the place it has."""

    token: tuple[bytes, int]
    said: slow.Said
    place: Place


class _Field(NamedTuple):
    """The plain text of a title or text, and those of its tokens that count."""

    text: str
    told: list[_Told]


def find_places(raw: str) -> tuple[str, list[Place]]:
    """The plain text of a field and where each of its tokens stands there: all that the kernels find, in their order.

    >>> find_places("<b>No.</b> 5")
    (' No.  5', [Place(word=b'no', start=1, end=3), Place(word=b'5', start=6, end=7)])
    """
    text = plain_text(raw.encode("utf-8", "replace")).decode("utf-8", "replace")
    normal, starts, ends = _normalise(text)
    drawing = "".join(map(tokeniser._draw, normal))
    places = []
    for match in tokeniser._TOKEN.finditer(drawing):
        pieces = tokeniser._bigrams(normal, match) if match["run"] else tokeniser._words(normal, match)
        places += [Place(piece.casefold().encode(), starts[first], ends[last - 1]) for first, last, piece in pieces]
    return text, places


def mark_passages(batch: pa.RecordBatch) -> tuple[tuple[Span, ...], ...]:
    """Titles and texts of two stories as spans: title and text of the first, title and text of the second.

    Args:
        batch: two stories.
    """
    sides = [_read_side(batch.slice(k, 1)) for k in range(2)]
    spans = []
    for (title, text), other in zip(sides, reversed(sides), strict=True):
        known = {one.said[1] for field in other for one in field.told}
        runs = {
            (one.said[1], two.said[1])
            for field in other
            for one, two in pairwise(field.told)
            if not _is_function(one) or not _is_function(two)
        }
        titled = {one.said[1] for one in other[0].told if not _is_function(one)}
        loud = slow.in_title_case([one.token for one in title.told])
        spans.append(_spans(title, known, runs, titled, names=not loud, days=True))
        spans.append(_spans(text, known, runs, set(), names=True, days=False))
    return tuple(spans)


def _read_side(batch: pa.RecordBatch) -> tuple[_Field, _Field]:
    """Title and text of one story."""
    found, ends, kept, _ = own_tokens(batch)
    bounds = kept[0].tolist()
    before = (0, int(ends[0, 0]))
    fields = []
    for part, name in enumerate(("title", "text")):
        text, places = find_places(batch.column(name)[0].as_py())
        first, last = bounds[2 * part : 2 * part + 2]
        own = places[first - before[part] : last - before[part]]
        flags = np.asarray(found.flags[first:last]).tolist()
        words = [(place.word, flag) for place, flag in zip(own, flags, strict=True)]
        said = slow.say_all(words, word_meanings(), len(words))
        fields.append(_Field(text, list(map(_Told, words, said, own))))
    return fields[0], fields[1]


def _spans(
    field: _Field, known: set[int], runs: set[tuple[int, int]], titled: set[int], *, names: bool, days: bool
) -> tuple[Span, ...]:
    """The field's text in spans.

    Args:
        field: to be marked.
        known: what the other story says anywhere.
        runs: every two tokens in a row of it.
        titled: the words of its title, if this is one.
        names: whether a capital makes a name here.
        days: whether days count as numbers here.
    """
    marks: list[str | None] = [None] * len(field.text)
    for one in field.told:
        if one.said[1] in titled and not _is_function(one):
            _fill(marks, one.place.start, one.place.end, SHARED)
    for one, two in pairwise(field.told):
        if (one.said[1], two.said[1]) in runs:
            _fill(marks, one.place.start, two.place.end, SHARED)
    for one in field.told:
        kind, value = one.said
        if value in known or _is_function(one):
            continue
        if kind == slow.COUNT or (days and kind == slow.CALENDAR):
            _fill(marks, one.place.start, one.place.end, OTHER_NUMBER)
        elif names and one.token[1] & CAPITAL and not one.token[1] & (SENTENCE | NUMBER):
            _fill(marks, one.place.start, one.place.end, OTHER_NAME)
    return tuple(_runs(field.text, marks))


def _fill(marks: list[str | None], start: int, end: int, mark: str) -> None:
    marks[start:end] = [mark] * (end - start)


def _runs(text: str, marks: Sequence[str | None]) -> Iterator[Span]:
    """The text cut where the mark changes."""
    start = 0
    for at in range(1, len(text) + 1):
        if at == len(text) or marks[at] != marks[start]:
            yield Span(text[start:at], marks[start])
            start = at


def _is_function(told: _Told) -> bool:
    return bool(told.token[1] & FUNCTION)


def _normalise(text: str) -> tuple[str, list[int], list[int]]:
    """What the tokeniser makes of a text, and for each of its characters where what it comes from begins and ends."""
    pieces, starts, ends = [], [], []
    for first, last in pairwise(_boundaries(text)):
        piece = tokeniser.normalise(text[first:last].encode("utf-8", "replace"))
        pieces.append(piece)
        starts += [first] * len(piece)
        ends += [last] * len(piece)
    return "".join(pieces), starts, ends


def _boundaries(text: str) -> list[int]:
    """Where the text can be cut without changing how it is normalised, from 0 to its end."""
    return [0, *(at for at in range(1, len(text)) if not _joins(text[at])), len(text)] if text else [0]


def _joins(char: str) -> bool:
    """Whether a character may change with the one before it under NFKC."""
    if char < "\u0300":
        return False
    first = unicodedata.normalize("NFKD", char)[0]
    tables = load_tables()
    point = ord(first)
    record = tables.entries[int(tables.blocks[point // BLOCK]) * BLOCK + point % BLOCK]
    return unicodedata.combining(first) != 0 or bool(tables.composes[record])
