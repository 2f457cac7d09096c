"""Dates: the compiled parser against datetime, and the odd forms feeds use."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dedup.kernels.native.dates import LEFT, MISSING, PARSED, iso_dates
from dedup.kernels.reference.dates import iso_date
from dedup.readers.dates import parse_date, parse_dates

DIGITS = st.integers(0, 99).map("{:02}".format)
FORMS = st.builds(
    "".join,
    st.tuples(
        st.sampled_from(["", " "]),
        st.dates().map(str) | st.sampled_from(["20240229", "2023-02-29", "0000-01-01", "9999-12-31", "1900-02-29"]),
        st.sampled_from(["", "T", " ", "t", "x"]),
        st.sampled_from(
            ["", "10:20", "102030", "1020", "24:00", "10:20:30", "10:20:60", "10:2030", "23:59:59.9999999"]
        ),
        st.sampled_from(["", ".5", ",123", ".", " "]),
        st.sampled_from(["", "Z", "z", "+01:00", "-0530", "+24:00", "+01", "-00:60", "+1", " UTC", "Z "]),
    ),
)


@given(st.lists(FORMS | st.text("0123456789-:TZ. +", max_size=22), max_size=6))
@example(["0001-01-01T00:00+23:59", "9999-12-31T23:59:59-23:59", " ", "\uff12\uff10\uff12\uff14-01-01"])
@settings(deadline=None, max_examples=200)
def test_iso_dates_are_those_of_the_slow_twin(texts):
    column = pa.array(texts, pa.string())
    _, offsets, data = column.buffers()
    micros, state = np.empty(len(texts), dtype=np.int64), np.empty(len(texts), dtype=np.uint8)
    bounds = np.frombuffer(offsets or b"", dtype=np.int32)[: len(texts) + 1] if texts else np.zeros(1, dtype=np.int32)
    iso_dates(np.frombuffer(data or b"", dtype=np.uint8), bounds, micros, state)
    want = [iso_date(text) for text in texts]
    assert [int(m) if s == PARSED else None for m, s in zip(micros, state, strict=True)] == want
    assert [s for s, w in zip(state, want, strict=True) if w is None] == [
        LEFT if text.strip(" \t\n\r\f\v") else MISSING for text, w in zip(texts, want, strict=True) if w is None
    ]


@pytest.mark.parametrize(
    "text",
    ["1706696430", "1706696430000", "1706696430000000", "20240131102030", "Wed, 31 Jan 2024 10:20:30 GMT",
     "[2024, 1, 31, 10, 20, 30, 2, 31, 0]", "2024\n1\n31\n10\n20\n30\n2\n31\n-1", "20240131T102030Z",
     "Wed, 31 Jan 2024 05:20:30 EST", "2024-01-31 10:20:30 +0000 UTC", "January 31, 2024 10:20:30",
     "Wed, 31 Jan 2024 11:20:30 CET", "31 Jan 2024 19:20:30 JST", "Wed Jan 31 11:20:30 CET 2024",
     "January 31, 2024 2:20:30 AM PST", "31.01.2024 10:20:30", "2024-01-31 05:20:30 EST", "31 Jan 2024 10:20:30 XYZ"],
)  # fmt: skip
def test_the_forms_of_feeds_are_one_time(text):
    assert parse_date(text) == int(datetime(2024, 1, 31, 10, 20, 30, tzinfo=UTC).timestamp()) * 1_000_000


@pytest.mark.parametrize(
    ("text", "day", "hour"),
    [("January 31, 2024 10:00 PM", "2024-01-31", 22), ("31 Jan 2024 10:00 pm", "2024-01-31", 22),
     ("01.02.2024 06:00", "2024-02-01", 6), ("1.2.24 06:00", "2024-02-01", 6), ("01/02/2024 06:00", "2024-01-02", 6)],
)  # fmt: skip
def test_afternoons_and_days_that_come_first_are_read_as_such(text, day, hour):
    assert parse_date(text) == int(datetime.fromisoformat(f"{day}T{hour:02}:00:00+00:00").timestamp()) * 1_000_000


def test_missing_and_impossible_dates_are_counted():
    dates = parse_dates(pa.array(["2024-01-31", "", "null", "0000-01-01", "9999-12-31", "yesterday", "10:20"]))
    assert (dates.missing, dates.impossible, dates.example) == (2, 4, "0000-01-01")
    assert dates.times.null_count == 6


def test_numbers_that_are_no_time_are_impossible():
    dates = parse_dates(pa.array(["[2024, 13, 31, 10, 20, 30, 2, 31, 0]", "[2024, 1, 31]", "2024 1 31 10 20 30 2 31"]))
    assert (dates.impossible, dates.example) == (3, "[2024, 13, 31, 10, 20, 30, 2, 31, 0]")


def test_nine_numbers_of_a_year_that_no_story_is_of_are_no_date():
    for year in (1899, 2201, 9999):
        assert parse_date(f"[{year}, 1, 31, 10, 20, 30, 2, 31, 0]") is None


def test_a_leap_second_is_the_one_before():
    assert parse_date("Sat, 31 Dec 2016 23:59:60 GMT") == parse_date("2016-12-31T23:59:59Z")
    assert parse_date("[2016, 12, 31, 23, 59, 60, 5, 366, 0]") == parse_date("2016-12-31T23:59:59Z")


def test_what_is_longer_than_any_date_is_none():
    date = "January 31, 2024 10:20:30"
    assert parse_date(f"{date:61}UTC") == parse_date("2024-01-31T10:20:30Z")
    assert parse_date(f"{date:62}UTC") is None


def test_a_date_of_the_future_becomes_the_arrival():
    day = 86_400_000_000
    arrival = parse_date("2024-01-31T10:00:00Z") or 0
    dates = parse_dates(pa.array(["2024-01-30", "2024-02-01T09:59:59Z", "2024-02-01T10:00:01Z", "2190-01-01"]), arrival)
    assert dates.future == 2
    assert dates.times.cast(pa.int64()).to_pylist() == [
        parse_date("2024-01-30"),
        arrival + day - 1_000_000,
        arrival,
        arrival,
    ]
