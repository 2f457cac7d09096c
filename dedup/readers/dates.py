"""Dates of every kind to microseconds in UTC: ISO 8601 in a kernel, the rest one by one."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from dedup.kernels.native.dates import LEFT, MISSING, iso_dates

FIRST_YEAR, LAST_YEAR = 1900, 2200
"""A date outside these years, both included, is impossible."""

SLACK = timedelta(days=1) // timedelta(microseconds=1)
"""Microseconds that a clock or a time zone may be wrong by: a date further in the future is that of the arrival."""

_MICROSECOND = timedelta(microseconds=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST = (datetime(FIRST_YEAR, 1, 1, tzinfo=UTC) - _EPOCH) // _MICROSECOND
_END = (datetime(LAST_YEAR + 1, 1, 1, tzinfo=UTC) - _EPOCH) // _MICROSECOND
_NOTHING = {"", "none", "null", "nan", "nat", "n/a", "undefined", "0"}
_PARTS = re.compile(r"\W*(\d{4})((?:[\s,]+-?\d{1,3}){8})\W*", re.ASCII)  # what time.struct_time is as a list
_NUMBER = re.compile(r"[+-]?\d+(?:\.\d*)?(?:[eE][+]?\d{1,2})?", re.ASCII)
_ODDITIES = (
    (re.compile(r"(?<=[+-]\d{4}) [A-Z]{2,5}$"), ""),  # Go: 2026-01-31 10:20:30 +0000 UTC
    (re.compile(r"\[[\w/+-]+\]$"), ""),  # Java: 2026-01-31T10:20:30+01:00[Europe/Paris]
    (re.compile(r"(?<=:\d\d):60\b"), ":59"),  # a leap second
    (re.compile(r"^(\d{4})年(\d{1,2})月(\d{1,2})日"), r"\1-\2-\3 "),
)
_LONGEST = 64  # characters; nothing longer is a date, and dateutil is slow on it
_RFC_822 = re.compile(  # email's own parser takes much more, without the "PM"
    r"(?:[A-Za-z]{3,9}\.?,?\s+)?\d{1,2}[\s-][A-Za-z]{3,9}\.?[\s-]\d{2,4}\s+\d{1,2}:\d\d(?::\d\d)?"
    r"(?:\s*(?:[+-]\d{2}:?\d{2}|(?![AaPp][Mm]\b)[A-Za-z]{1,5}))?",
    re.ASCII,
)
_DAY_FIRST = re.compile(r"\d{1,2}\.\d{1,2}\.\d", re.ASCII)  # with dots nobody writes the month first
_ZONES = {
    "ET": -5, "EST": -5, "EDT": -4, "CT": -6, "CST": -6, "CDT": -5, "MT": -7, "MST": -7, "MDT": -6, "PT": -8, "PST": -8,
    "PDT": -7, "WET": 0, "WEST": 1, "BST": 1, "CET": 1, "CEST": 2, "EET": 2, "EEST": 3, "MSK": 3, "IST": 5.5, "HKT": 8,
    "SGT": 8, "AWST": 8, "JST": 9, "KST": 9, "AEST": 10, "AEDT": 11, "NZST": 12, "NZDT": 13,
}  # fmt: skip
"""Hours before UTC of zones by name; of names that several zones have, that of the most newspapers."""


@dataclass(frozen=True, slots=True)
class Dates:
    """The dates of a column, null where there is none."""

    times: pa.TimestampArray
    """us, UTC."""
    missing: int
    impossible: int
    example: str
    """The first impossible date, "" for none."""
    future: int = 0
    """Dates later than the arrival, which stands in their place."""


def parse_dates(texts: pa.StringArray, arrival: int | None = None) -> Dates:
    """Read a column of dates; a time without a zone is UTC, and what is no date from 1900 to 2200 is null.

    Args:
        texts: string[n] without nulls; blank where there is no date.
        arrival: when the texts came, microseconds since 1970; None where that does not matter.
    """
    count = len(texts)
    if not count:
        return Dates(pa.array([], type=pa.timestamp("us", tz="UTC")), 0, 0, "")
    _, offsets, data = texts.buffers()
    bounds = _array(offsets, np.int32)[texts.offset : texts.offset + count + 1]
    micros = np.empty(count, dtype=np.int64)
    state = np.empty(count, dtype=np.uint8)
    iso_dates(_array(data, np.uint8), bounds, micros, state)
    missing = state == MISSING
    impossible = (state != MISSING) & ((micros < _FIRST) | (micros >= _END))
    for row in np.flatnonzero(state == LEFT):
        text = texts[row].as_py()
        time = parse_date(text)
        micros[row] = time or 0
        impossible[row] = time is None and not is_nothing(text)
        missing[row] = time is None and not impossible[row]
    absent = missing | impossible
    future = ~absent & (micros > arrival + SLACK) if arrival is not None else np.zeros(count, dtype=np.bool_)
    micros[future] = arrival or 0
    example = texts[int(np.argmax(impossible))].as_py() if impossible.any() else ""
    times = pa.array(micros, type=pa.timestamp("us", tz="UTC"), mask=absent)
    return Dates(times, int(missing.sum()), int(impossible.sum()), " ".join(example.split()), int(future.sum()))


def _array(buffer: pa.Buffer | None, dtype: type[np.generic]) -> NDArray[Any]:
    """A buffer as a read-only array: the one kind that kernels are compiled for."""
    array = np.frombuffer(buffer if buffer is not None else b"", dtype=dtype)
    array.flags.writeable = False
    return array


def is_possible(micros: int) -> bool:
    """Whether microseconds since 1970 lie in the years that a date can be of."""
    return _FIRST <= micros < _END


def is_nothing(text: str) -> bool:
    """Whether a date's text says that there is none.

    >>> is_nothing("None"), is_nothing("yesterday")
    (True, False)
    """
    return text.strip().lower() in _NOTHING


@lru_cache(maxsize=1 << 14)
def parse_date(text: str) -> int | None:
    """Microseconds since 1970-01-01 UTC, or None for what is no date from 1900 to 2200.

    Understood are the nine numbers of time.struct_time, seconds, milliseconds, microseconds and nanoseconds since 1970,
    YYYYMMDD with or without HHMM[SS], RFC 822, and whatever python-dateutil reads that names a year, a month and a day.

    >>> parse_date("Thu, 01 Jan 1970 01:00:01 +0100"), parse_date("1700000000"), parse_date("Thursday")
    (1000000, 1700000000000000, None)
    """
    text = text.strip()
    if not text or len(text) > _LONGEST or is_nothing(text):
        return None
    if parts := _PARTS.fullmatch(text):
        return _from_parts([int(parts[1]), *map(int, parts[2].replace(",", " ").split())])
    for oddity, usual in _ODDITIES:
        text = oddity.sub(usual, text)
    micros = _from_number(text) if _NUMBER.fullmatch(text) else _from_words(text)
    return micros if micros is not None and is_possible(micros) else None


def _from_parts(parts: list[int]) -> int | None:
    """The time of a struct_time in UTC, which is what feedparser and most others keep."""
    year, month, day, hour, minute, second = parts[:6]
    try:
        time = datetime(year, month, day, hour, minute, min(second, 59), tzinfo=UTC)
    except ValueError:
        return None
    micros = (time - _EPOCH) // _MICROSECOND
    return micros if is_possible(micros) else None


def _from_number(text: str) -> int | None:
    for digits, form in ((14, "%Y%m%d%H%M%S"), (12, "%Y%m%d%H%M"), (8, "%Y%m%d")):
        if len(text) == digits and text.isdigit():
            try:
                time = datetime.strptime(text, form).replace(tzinfo=UTC)
            except ValueError:
                break
            if FIRST_YEAR <= time.year <= LAST_YEAR:
                return (time - _EPOCH) // _MICROSECOND
    whole, _, fraction = text.partition(".")
    value = float(text)
    size = abs(value)
    if size < 1e8:
        return None  # before 1973: a year, a day count, anything but a news story's time
    for limit, micros in ((1e11, 10**6), (1e14, 10**3), (1e17, 1)):
        if size < limit:
            exact = whole.lstrip("+-").isdigit() and "e" not in text.lower()
            part = int(fraction[:6].ljust(6, "0")) * micros // 10**6 if exact and fraction else 0
            return int(whole) * micros + (-part if value < 0 else part) if exact else round(value * micros)
    return int(value) // 1000 if size < 1e20 else None


def _from_words(text: str) -> int | None:
    time = _from_email(text) if _RFC_822.fullmatch(text) else None
    if time is None:
        time = _from_dateutil(text)
    if time is None:
        return None
    if time.tzinfo is None:
        time = time.replace(tzinfo=UTC)
    try:
        return (time - _EPOCH) // _MICROSECOND
    except OverflowError:
        return None


def _from_email(text: str) -> datetime | None:
    """A date of RFC 822; email knows the zones of North America by name."""
    try:
        time = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    hours = _ZONES.get(text.split()[-1].upper())
    return time.replace(tzinfo=timezone(timedelta(hours=hours))) if time.tzinfo is None and hours is not None else time


def _from_dateutil(text: str) -> datetime | None:
    """What dateutil reads, unless it had to make up the year, the month or the day: then two defaults show."""
    from dateutil import parser

    def zone(name: str | None, offset: int | None) -> tzinfo | None:
        if offset is None and name not in _ZONES:
            return None
        return timezone(timedelta(seconds=offset if offset is not None else round(_ZONES[name or ""] * 3600)))

    try:
        times = [
            parser.parse(text, default=default, tzinfos=zone, dayfirst=_DAY_FIRST.match(text) is not None)
            for default in (datetime(2000, 1, 1), datetime(2004, 3, 5))
        ]
    except (ValueError, OverflowError, TypeError, ArithmeticError, LookupError, AttributeError):
        return None  # dateutil lets these through for some malformed texts
    return times[0] if times[0] == times[1] else None
