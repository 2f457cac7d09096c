"""Normalised tokens of one field, from the standard library: what the compiled tokens are and must equal.

Every code point is drawn as one letter for its kind; tokens and gaps are then regular expressions over that drawing.
"""

from __future__ import annotations

import itertools
import re
import unicodedata
from typing import NamedTuple

from dedup.kernels import unicode as table
from dedup.kernels.flags import (
    BIGRAM,
    BREAK,
    CAPITAL,
    CAPS,
    CLOSE,
    COLON,
    LONGEST,
    MARK,
    MOST_MARKS,
    MOST_STACKED,
    NUMBER,
    OPEN,
    SENTENCE,
)
from dedup.kernels.reference.markup import plain_text

# A token, over the drawing: letters l u t o (lower, upper, title case, none), digits 0 (ASCII) and d, marks m,
# characters n of a script without spaces, p for "." and ",", a blank for all else.
_TOKEN = re.compile(r"(?P<run>(?:nm*)+)|[luto0d](?:[luto0dm]|(?<=0)p(?=0))*")
_GLUED = re.compile(r"(?:lm*){3}(?=[ut])")  # "tripChina": a boundary follows
_CHARACTER = re.compile(r"nm*")
_DRAWN = {table.LOWER: "l", table.UPPER: "u", table.TITLE: "t", table.LETTER: "o", table.CHARACTER: "n"}

# A break, over a gap with W for the words beside it and S for every space.
_HYPHEN, _DASH = f"[{re.escape(table.HYPHENS)}]", f"[{re.escape(table.DASHES)}]"
_BREAK = re.compile(
    f"(?:{_HYPHEN}|{_DASH}){{2}}|::|[{re.escape(table.BARS)}]"
    f"|(?<=S){_HYPHEN}(?!W)|(?<!W){_HYPHEN}(?=S)|(?<=S){_DASH}|{_DASH}(?=S)"
)
_MARK = re.compile(f":|(?<=W)(?:{_HYPHEN}|{_DASH})")


class Token(NamedTuple):
    """One token; `flags` and `gap` are bits of `dedup.kernels.flags`, FUNCTION not among them."""

    text: bytes
    flags: int
    gap: int


def field_tokens(raw: bytes) -> list[Token]:
    """The tokens of a field given in UTF-8, however broken."""
    text = normalise(plain_text(raw))
    drawing = "".join(map(_draw, text))
    found: list[Token] = []
    last, single = 0, False
    for match in _TOKEN.finditer(drawing):
        gap = text[last : match.start()]
        flags, signs = _gap_flags(gap, not found, single), _gap_signs(gap)
        for start, end, piece in _bigrams(text, match) if match["run"] else _words(text, match):
            own = BIGRAM if match["run"] else _word_flags(drawing[start:end])
            found.append(Token(piece.casefold().encode(), flags | own, signs))
            flags = signs = 0
            single = drawing[start:end] in ("l", "u", "t", "o")
        last = match.end()
    return found


def normalise(raw: bytes) -> str:
    """The text under NFKC, without what is invisible; a code point that Unicode does not know is U+FFFD."""
    safe, stacked = [], 0
    for char in raw.decode("utf-8", "replace"):
        stacked = stacked + 1 if unicodedata.combining(char) else 0
        if stacked > MOST_STACKED:
            safe.append("\u034f")  # invisible and of class 0: it parts the stack, and is then left out
            stacked = 1
        safe.append("\ufffd" if unicodedata.category(char) == "Cn" else char)
    return "".join(
        char for char in unicodedata.normalize("NFKC", "".join(safe)) if table.kind_of(char) != table.IGNORED
    )


def _draw(char: str) -> str:
    """The letter that stands for a code point in the drawing."""
    kind = table.kind_of(char)
    if kind == table.DIGIT:
        return "0" if char.isascii() else "d"
    if kind == table.MARKED:
        return "m"
    return _DRAWN.get(kind, "p" if char in ".," else " ")


def _words(text: str, match: re.Match[str]) -> list[tuple[int, int, str]]:
    """Start, end and text of the tokens of a word: cut where two were glued together, and to LONGEST."""
    drawing, start, stop = match.string, match.start(), match.end()
    cuts = [start, *(glued.end() for glued in _GLUED.finditer(drawing, start, stop)), stop]
    spans = [
        (at, min(at + LONGEST, last)) for first, last in itertools.pairwise(cuts) for at in range(first, last, LONGEST)
    ]
    return [(first, last, text[first:last]) for first, last in spans]


def _bigrams(text: str, match: re.Match[str]) -> list[tuple[int, int, str]]:
    """Start, end and text of every two neighbouring characters of a run, or of the only one."""
    spans = [found.span() for found in _CHARACTER.finditer(match.string, match.start(), match.end())]
    kept = [(start, text[start:end][: 1 + MOST_MARKS]) for start, end in spans]
    if len(kept) == 1:
        return [(*spans[0], kept[0][1])]
    return [(first, spans[k + 1][1], one + kept[k + 1][1]) for k, (first, one) in enumerate(kept[:-1])]


def _word_flags(drawing: str) -> int:
    """The flags that a word has by itself."""
    letters = [kind for kind in drawing if kind in "luto"]
    flags = NUMBER if "0" in drawing or "d" in drawing else 0
    flags |= CAPITAL if letters[:1] in (["u"], ["t"]) else 0
    return flags | (CAPS if len(letters) >= 2 and set(letters) == {"u"} else 0)


def _gap_flags(gap: str, first: bool, single: bool) -> int:
    """The flags that a token has by the gap before it; a single letter before, as in "J. Smith", ends no sentence."""
    drawn = ("" if first else "W") + "".join("S" if table.is_space(char) else char for char in gap) + "W"
    ended = first or any(char in table.STOPS for char in gap) or ("." in gap and "S" in drawn and not single)
    return (SENTENCE if ended else 0) | (BREAK if _BREAK.search(drawn) else 0) | (MARK if _MARK.search(drawn) else 0)


def _gap_signs(gap: str) -> int:
    """The signs in a gap that debris removal asks for."""
    signs = (table.OPENING, OPEN), (table.CLOSING, CLOSE), (":", COLON)
    return sum(bit for chars, bit in signs if any(char in chars for char in gap))
