from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dedup.display import plain_text, spell_span, spell_time, web_address


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("<p>Fire &amp; flood</p>\n<br/>at  sea", "Fire & flood at sea"),
        ("3 < 5 and 7 > 2", "3 < 5 and 7 > 2"),
        ("a<script>alert(1)</script>b<!-- c -->d", "a b d"),
        ("&lt;b&gt; is a tag", "<b> is a tag"),
        ("one\x00two\x1bthree", "one two three"),
        ("", ""),
    ],
)
def test_markup_is_taken_out_and_entities_are_read(text, shown):
    assert plain_text(text, 100) == shown


@given(st.text(max_size=300), st.integers(1, 60))
def test_a_text_is_never_longer_than_asked_and_says_when_it_was_cut(text, most):
    shown = plain_text(text, most)
    assert len(shown) <= most
    assert "\n" not in shown
    whole = plain_text(text, 10_000)
    assert shown == whole or (shown.endswith("…") and whole.startswith(shown[:-1]))


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        " javascript:alert(1)",
        "data:text/html,x",
        "//evil.example/",
        "ftp://a",
        "http://",
        "x",
        "",
    ],
)
def test_only_pages_become_links(url):
    assert web_address(url) == ""


def test_a_page_becomes_a_link():
    assert web_address("HTTPS://example.org/a?b#c") == "HTTPS://example.org/a?b#c"


def test_times_are_spelled_as_far_as_there_is_a_calendar():
    assert spell_time(0) == "1970-01-01T00:00:00Z"
    assert spell_time(-62_135_596_800_000_000) == "0001-01-01T00:00:00Z"
    assert spell_time(2**62) == spell_time(None) == ""


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (0, "0 s"),
        (59.6, "1 min"),
        (3599, "59 min"),
        (3600, "1 h"),
        (3900, "1 h 5 min"),
        (187_200, "2 d 4 h"),
        (864_000, "10 d"),
    ],
)
def test_spans_are_spelled_as_people_do(seconds, told):
    assert spell_span(seconds) == told
