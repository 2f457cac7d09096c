"""The slow twin of `native.dates`: ISO 8601 by a regular expression and the datetime module."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

_DATE = r"(?P<date>\d{4}-\d\d-\d\d|\d{8})"
_TIME = r"(?P<hour>\d\d)(?P<colon>:?)(?P<minute>\d\d)(?:(?P=colon)(?P<second>\d\d)(?:[.,](?P<fraction>\d+))?)?"
_ZONE = r"(?:[Zz]|(?P<sign>[+-])(?P<hours>\d\d)(?::?(?P<minutes>\d\d))?)?"
_ISO = re.compile(f"{_DATE}(?:[Tt ]{_TIME} ?{_ZONE})?", re.ASCII)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def iso_date(text: str) -> int | None:
    """Microseconds since 1970-01-01 UTC of a date in a form that `native.dates` knows; None for any other text.

    >>> iso_date("1970-01-01T01:00:00.5+01:00")
    500000
    """
    match = _ISO.fullmatch(text.strip(" \t\n\r\f\v"))
    if match is None:
        return None
    part = match.groupdict(default="")
    digits = part["date"].replace("-", "")
    shift = timedelta(hours=int(part["hours"] or 0), minutes=int(part["minutes"] or 0))
    if shift >= timedelta(days=1) or int(part["minutes"] or 0) > 59:
        return None
    try:
        time = datetime(
            *(int(digits[:4]), int(digits[4:6]), int(digits[6:])),
            *(int(part["hour"] or 0), int(part["minute"] or 0), int(part["second"] or 0)),
            int(part["fraction"][:6].ljust(6, "0")),
            UTC,
        )
    except ValueError:
        return None
    since = (time - _EPOCH) // timedelta(microseconds=1)
    return since - (-1 if part["sign"] == "-" else 1) * (shift // timedelta(microseconds=1))
