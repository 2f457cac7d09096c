"""Two stories as people read them, with what they share and where they differ marked.

For a pair that somebody looks at: plain Python over the slow twins, which see the tokens that the kernels see.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import compress, pairwise
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from dedup.evidence import load_meanings, word_meanings
from dedup.kernels.flags import CAPITAL, FUNCTION, NUMBER, SENTENCE
from dedup.kernels.reference import facts as slow
from dedup.kernels.reference import tokens as tokeniser
from dedup.kernels.unicode import BLOCK, load_tables
from dedup.phrases import tell_phrases
from dedup.shingles import word_stems
from dedup.text import own_tokens, plain_field, tokenize

SHARED, OTHER_NUMBER, OTHER_NAME = "shared", "number", "name"
UNREAD = "unread"
MOST_READ = 50_000
"""Characters at the beginning of a field that are looked at: more than a story has, and done within a second."""

_LAST_SEEN = 2  # characters before the end of what is looked at on which what follows has a say, as on "3." of "3.5"
_SHORT = 4  # characters that come again together, so that their normal form is kept
_STRETCH = re.compile(r"[\x00-\x7f]+|[^\x00-\x7f]")


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of a field, without markup and with entities decoded.

    Attributes:
        text: as the feed has it; the spans of a field make the whole field.
        mark: "shared" for words in a row that the other story has too, "number" and "name" for one that it has nowhere,
            "unread" for what comes after `MOST_READ` characters and is not looked at, here and in the other story, None
            for the rest.
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
    """The plain text of a title or text, and of its beginning, which is looked at, the tokens that count."""

    text: str
    told: list[_Told]


def find_places(raw: str, most: int | None = None) -> tuple[str, list[Place]]:
    """The plain text of a field and where each of its tokens stands there: all that the kernels find, in their order.

    >>> find_places("<b>No.</b> 5")
    (' No.  5', [Place(word=b'no', start=1, end=3), Place(word=b'5', start=6, end=7)])

    Args:
        raw: the field.
        most: characters, of the plain text and of its normal form, in which tokens are looked for, but for one that may
            go on behind them; None for all.
    """
    text = plain_field(raw.encode("utf-8", "replace").decode("utf-8"))
    normal, starts, ends = _normalise(text[:most])
    drawing = normal[:most].translate(_Drawing())
    sure = len(drawing) - (_LAST_SEEN if most is not None and most < max(len(text), len(normal)) else 0)
    places = []
    for match in tokeniser._TOKEN.finditer(drawing):
        if match.end() > sure:
            break
        pieces = tokeniser._bigrams(normal, match) if match["run"] else tokeniser._words(normal, match)
        places += [Place(piece.casefold().encode(), starts[first], ends[last - 1]) for first, last, piece in pieces]
    return text, places


def mark_passages(batch: pa.RecordBatch, boilerplate: str = "") -> tuple[tuple[Span, ...], ...]:
    """Titles and texts of two stories as spans: title and text of the first, title and text of the second.

    Args:
        batch: two stories.
        boilerplate: phrases that do not count and are not marked, cf. `dedup.settings.Settings.boilerplate`.
    """
    sides = [_read_side(batch.slice(k, 1), boilerplate) for k in range(2)]
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
        spans.append(_spans(title, known, runs, titled, names=_title_names(title), days=True))
        spans.append(_spans(text, known, runs, set(), names=[_is_named(one.token[1]) for one in text.told], days=False))
    return tuple(spans)


def _title_names(title: _Field) -> list[bool]:
    """Of each word of a title, whether its capital or that it is no everyday word makes it a name."""
    tokens, said = [one.token for one in title.told], [one.said for one in title.told]
    quiet = not slow.in_title_case(tokens)
    strange = slow.strange(tokens, said, _likely())
    return [(quiet and _is_named(flags)) or other for (_, flags), other in zip(tokens, strange, strict=True)]


@functools.cache
def _likely() -> bytes:
    return load_meanings().likely.tobytes()  # of which Python reads a single one sooner than of an array


def _is_named(flags: int) -> bool:
    return bool(flags & CAPITAL) and not flags & (SENTENCE | NUMBER)


def _read_side(batch: pa.RecordBatch, boilerplate: str) -> tuple[_Field, _Field]:
    """Title and text of one story."""
    counts = _count_words(batch, boilerplate)
    found, ends, kept, _ = own_tokens(batch)
    bounds = kept[0].tolist()
    before = (0, int(ends[0, 0]))
    fields = []
    for part, name in enumerate(("title", "text")):
        text, places = find_places(batch.column(name)[0].as_py(), MOST_READ)
        first, last = bounds[2 * part : 2 * part + 2]
        own = places[first - before[part] : last - before[part]]
        flags = np.asarray(found.flags[first : first + len(own)]).tolist()
        words = [(place.word, flag) for place, flag in zip(own, flags, strict=True)]
        said = slow.say_all(words, word_meanings(), len(words))
        told = list(map(_Told, words, said, own))
        fields.append(_Field(text, told if counts is None else list(compress(told, counts[part]))))
    return fields[0], fields[1]


def _count_words(batch: pa.RecordBatch, boilerplate: str) -> list[list[bool]] | None:
    """Of each word of the title and of the text of one story, whether it counts; None where all do."""
    if not boilerplate:
        return None
    tokens = tokenize(batch)
    kept, _ = tell_phrases(batch, tokens, word_stems(tokens), boilerplate)
    return [part.tolist() for part in np.split(kept, tokens.title_ends)]


def _spans(
    field: _Field, known: set[int], runs: set[tuple[int, int]], titled: set[int], *, names: list[bool], days: bool
) -> tuple[Span, ...]:
    """The field's text in spans.

    Args:
        field: to be marked.
        known: what the other story says anywhere.
        runs: every two tokens in a row of it.
        titled: the words of its title, if this is one.
        names: of each word, whether it is a name.
        days: whether days count as numbers here.
    """
    marks: list[str | None] = [None] * min(len(field.text), MOST_READ)
    for one in field.told:
        if one.said[1] in titled and not _is_function(one):
            _fill(marks, one.place.start, one.place.end, SHARED)
    for one, two in pairwise(field.told):
        if (one.said[1], two.said[1]) in runs:
            _fill(marks, one.place.start, two.place.end, SHARED)
    for one, is_name in zip(field.told, names, strict=True):
        kind, value = one.said
        if value in known or _is_function(one):
            continue
        if kind == slow.COUNT or (days and kind == slow.CALENDAR):
            _fill(marks, one.place.start, one.place.end, OTHER_NUMBER)
        elif is_name:
            _fill(marks, one.place.start, one.place.end, OTHER_NAME)
    return tuple(_runs(field.text, marks))


def _fill(marks: list[str | None], start: int, end: int, mark: str) -> None:
    marks[start:end] = [mark] * (end - start)


def _runs(text: str, marks: Sequence[str | None]) -> Iterator[Span]:
    """The text cut where the mark changes, and where they end."""
    start = 0
    for at in range(1, len(marks) + 1):
        if at == len(marks) or marks[at] != marks[start]:
            yield Span(text[start:at], marks[start])
            start = at
    if len(text) > len(marks):
        yield Span(text[len(marks) :], UNREAD)


def _is_function(told: _Told) -> bool:
    return bool(told.token[1] & FUNCTION)


class _Drawing(dict[int, str]):
    """What the tokeniser draws for a code point, found out once for each."""

    def __missing__(self, point: int) -> str:
        return self.setdefault(point, tokeniser._draw(chr(point)))


def _normalise(text: str) -> tuple[str, Sequence[int], Sequence[int]]:
    """What the tokeniser makes of a text, and for each of its characters where what it comes from begins and ends."""
    if text.isascii():  # which is its own normal form
        return text, range(len(text)), range(1, len(text) + 1)
    pieces: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    for first, last in pairwise(_boundaries(text)):
        piece = text[first:last]
        if piece.isascii():
            pieces.append(piece)
            starts += range(first, last)
            ends += range(first + 1, last + 1)
            continue
        normal = _normal_form(piece) if len(piece) <= _SHORT else tokeniser.normalise(piece.encode("utf-8", "replace"))
        pieces.append(normal)
        starts += [first] * len(normal)
        ends += [last] * len(normal)
    return "".join(pieces), starts, ends


@functools.lru_cache(maxsize=1 << 14)
def _normal_form(piece: str) -> str:
    return tokeniser.normalise(piece.encode("utf-8", "replace"))


def _boundaries(text: str) -> list[int]:
    """Where the text is cut without changing how it is normalised, from 0 to its end: stretches of ASCII are whole."""
    cuts = [0]
    for match in _STRETCH.finditer(text):
        start = match.start()
        if not _joins(match[0][0]):
            cuts.append(start)
        elif start - 1 > cuts[-1] and text[start - 1].isascii():  # it joins the last of a stretch, and that alone
            cuts.append(start - 1)
    return [*sorted({*cuts, len(text)})]


@functools.lru_cache(maxsize=1 << 14)
def _joins(char: str) -> bool:
    """Whether a character may change with the one before it under NFKC."""
    if char < "\u0300":
        return False
    first = unicodedata.normalize("NFKD", char)[0]
    tables = load_tables()
    point = ord(first)
    record = tables.entries[int(tables.blocks[point // BLOCK]) * BLOCK + point % BLOCK]
    return unicodedata.combining(first) != 0 or bool(tables.composes[record])
