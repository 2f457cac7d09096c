# ruff: noqa: SIM109 - `c in (A, B)` compiles to a loop over a tuple
# mypy: disallow-untyped-defs=False, disallow-untyped-calls=False
"""Dates in the usual forms of ISO 8601, read straight from the buffers of an Arrow string array."""

from __future__ import annotations

import numpy as np
from numba import njit

from dedup.kernels.handles import borrow
from dedup.kernels.native.cells import is_space

PARSED, MISSING, LEFT = 0, 1, 2
"""What `iso_dates` made of a value: a time; nothing there; not of a form it knows."""

_SPACE, _COMMA, _COLON, _MINUS, _PLUS, _DOT, _ZERO, _NINE = 32, 44, 58, 45, 43, 46, 48, 57
_UNIX_DAY = 719468  # days from 0000-03-01 to 1970-01-01


@njit
def _number(data, at, digits):
    """The number written with so many digits at `at`; negative where one is no digit."""
    value = np.int64(0)
    for i in range(at, at + digits):
        c = np.int64(data[np.uint64(i)])
        if not _ZERO <= c <= _NINE:
            return np.int64(-1)
        value = value * 10 + (c - _ZERO)
    return value


@njit
def _day_number(year, month, day):
    """Days from 1970-01-01 to a day of the Gregorian calendar; -1 << 40 for a day there is not.

    Hinnant, chrono-Compatible Low-Level Date Algorithms, `days_from_civil`; here for years 1 to 9999.
    """
    none = -(np.int64(1) << 40)
    if not (1 <= year <= 9999 and 1 <= month <= 12 and 1 <= day <= 31):
        return none
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    last = 29 if leap else 28
    if month == 4 or month == 6 or month == 9 or month == 11:
        last = 30
    elif month != 2:
        last = 31
    if day > last:
        return none
    if month <= 2:
        year -= 1
    of_year = (153 * (month - 3 if month > 2 else month + 9) + 2) // 5 + day - 1
    era = year // 400
    of_era = (year - era * 400) * 365 + (year - era * 400) // 4 - (year - era * 400) // 100 + of_year
    return era * 146097 + of_era - _UNIX_DAY


@njit
def _iso_time(data, at, end):
    """Microseconds of the time of day at `at`, HH:MM[:SS[.f]] or HHMM[SS]; one past it, negative if there is none."""
    broken = np.int64(-1)
    if at + 4 > end:
        return np.int64(0), broken
    colon = 1 if data[np.uint64(at + 2)] == _COLON else 0
    if at + 4 + colon > end:
        return np.int64(0), broken
    hour, minute, second, micros = _number(data, at, 2), _number(data, at + 2 + colon, 2), np.int64(0), np.int64(0)
    at += 4 + colon
    if at + 2 + colon <= end and (data[np.uint64(at)] == _COLON if colon else _ZERO <= data[np.uint64(at)] <= _NINE):
        second = _number(data, at + colon, 2)
        at += 2 + colon
        if at + 1 < end and (data[np.uint64(at)] == _DOT or data[np.uint64(at)] == _COMMA):
            at += 1
            first = at
            scale = np.int64(100_000)
            while at < end and _ZERO <= data[np.uint64(at)] <= _NINE:
                micros += (np.int64(data[np.uint64(at)]) - _ZERO) * scale
                scale //= 10
                at += 1
            if at == first:
                return np.int64(0), broken
    if not (0 <= hour <= 23 and 0 <= minute <= 59 and 0 <= second <= 59):
        return np.int64(0), broken
    return ((hour * 60 + minute) * 60 + second) * 1_000_000 + micros, at


@njit
def _iso_zone(data, at, end):
    """Minutes east of UTC written at `at`, as Z, +HH:MM, +HHMM or +HH up to `end`; 1 << 20 if it is none of these."""
    none = np.int64(1) << 20
    if at == end:
        return np.int64(0)
    c = data[np.uint64(at)]
    if (c == 90 or c == 122) and at + 1 == end:
        return np.int64(0)
    if not (c == _PLUS or c == _MINUS) or at + 3 > end:
        return none
    hours, minutes = _number(data, at + 1, 2), np.int64(0)
    if at + 3 < end:
        colon = 1 if data[np.uint64(at + 3)] == _COLON else 0
        if at + 5 + colon != end:
            return none
        minutes = _number(data, at + 3 + colon, 2)
    if not (0 <= hours <= 23 and 0 <= minutes <= 59):
        return none
    return (hours * 60 + minutes) * (-1 if c == _MINUS else 1)


@njit(nogil=True, cache=True)
def iso_dates(data, offsets, out, state):
    """Read the usual forms of ISO 8601.

    data    : uint8[m]      the values of an Arrow string array, back to back
    offsets : int32[n + 1]  value i is data[offsets[i]:offsets[i + 1]]
    out     : int64[n]      overwritten: microseconds since 1970-01-01 UTC, meaningful where the state is PARSED
    state   : uint8[n]      overwritten: PARSED, MISSING (blank) or LEFT

    Known are YYYY-MM-DD and YYYYMMDD, alone or with T, t or a space and a time HH:MM[:SS[.f]] or HHMM[SS], and a zone
    Z, +HH:MM, +HHMM or +HH, with at most one space before it. No zone means UTC. Digits past the microsecond are
    dropped.
    """
    data, offsets, out, state = borrow(data), borrow(offsets), borrow(out), borrow(state)
    for i in range(offsets.shape[0] - 1):
        at, end = np.int64(offsets[i]), np.int64(offsets[i + 1])
        while at < end and is_space(data[np.uint64(at)]):
            at += 1
        while at < end and is_space(data[np.uint64(end - 1)]):
            end -= 1
        out[i] = 0
        state[i] = MISSING if at == end else LEFT
        if at + 8 > end:
            continue
        dash = 1 if data[np.uint64(at + 4)] == _MINUS else 0
        if at + 8 + 2 * dash > end or (dash == 1 and data[np.uint64(at + 7)] != _MINUS):
            continue
        year, month = _number(data, at, 4), _number(data, at + 4 + dash, 2)
        day = _day_number(year, month, _number(data, at + 6 + 2 * dash, 2))
        at += 8 + 2 * dash
        if day < -(np.int64(1) << 30):
            continue
        micros, zone = np.int64(0), np.int64(0)
        if at < end:
            c = data[np.uint64(at)]
            if not (c == 84 or c == 116 or c == _SPACE):
                continue
            micros, at = _iso_time(data, at + 1, end)
            if at < 0:
                continue
            if at < end and data[np.uint64(at)] == _SPACE:
                at += 1
            zone = _iso_zone(data, at, end)
            if zone == 1 << 20:
                continue
        out[i] = (day * 86400 - zone * 60) * 1_000_000 + micros
        state[i] = PARSED
