"""What is shown of a story to people: plain words, addresses that only lead to pages, times in one writing."""

from __future__ import annotations

import html
import re
from datetime import UTC, datetime, timedelta

_NO_TEXT = re.compile(r"<(script|style)\b[^>]*>.*?</\1\s*>|<!--.*?-->|</?[A-Za-z][^<>]*>", re.DOTALL | re.IGNORECASE)
_SPACES = re.compile(r"[\s\x00-\x1f\x7f]+")
_ADDRESS = re.compile(r"https?://[^\s/?#]", re.IGNORECASE)
_LOOKED_AT = 20  # times the characters wanted: markup takes that much at most of what is read
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
CUT = "…"


def plain_text(text: str, most: int) -> str:
    """A text without markup on one line, of at most so many characters; "…" ends one that was cut.

    It is for reading, not safe in HTML: `&lt;b&gt;` becomes `<b>`, to be escaped like any text.
    """
    start = text[: _LOOKED_AT * most]
    if "<" in start:
        start = _NO_TEXT.sub(" ", start)
    if "&" in start:
        start = html.unescape(start)
    words = " ".join(start.split())
    if not words.isprintable():  # controls, or letters that are merely not known to print
        words = _SPACES.sub(" ", words).strip()
    if len(words) <= most and len(text) <= _LOOKED_AT * most:
        return words
    return words[: most - 1].rstrip() + CUT


def web_address(url: str) -> str:
    """A URL that may become a link: http or https; "" for any other, such as `javascript:`."""
    return url if _ADDRESS.match(url) else ""


def spell_time(time_us: int | None) -> str:
    """Microseconds since 1970 as "2023-06-12T20:30:00Z", as far as there is a calendar; "" otherwise."""
    if time_us is None:
        return ""
    try:
        return (_EPOCH + timedelta(microseconds=time_us)).strftime("%Y-%m-%dT%H:%M:%SZ").rjust(20, "0")
    except OverflowError:
        return ""


def spell_span(seconds: float) -> str:
    """A length of time in words people use: "40 s", "12 min", "3 h 5 min", "2 d 4 h"."""
    minutes, rest = divmod(round(seconds), 60)
    if not minutes:
        return f"{rest} s"
    hours, minutes = divmod(minutes, 60)
    if not hours:
        return f"{minutes} min"
    days, hours = divmod(hours, 24)
    if not days:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    return f"{days:,} d {hours} h" if hours and days < 10 else f"{days:,} d"
