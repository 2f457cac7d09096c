from __future__ import annotations

import time
from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dedup import passages
from dedup.kernels.reference.markup import plain_text
from dedup.kernels.reference.tokens import field_tokens
from dedup.passages import MOST_READ, Span, find_places, mark_passages
from dedup.text import tokenize_columns
from tests.builders import batch, learned_from
from tests.twin import string_column

PIECES = [
    " ",
    "&nbsp;",
    "<b>",
    "</p>",
    "-",
    ", ",
    "350,000",
    "Acme",
    "\ufb01",
    "\u00e9",
    "e\u0301",
    "\u1112\u1161\u11ab",
]
PIECES += ["\ud55c\uad6d", "闽海", "\uff76\uff9e", "\u00ad", "\u0e33", "\u0130", "ß", "\ufdfa", "\u0345", "\U0001d7cf"]
FIELDS = st.lists(st.one_of(st.sampled_from([*PIECES, "tripChina"]), st.text(max_size=4)), max_size=12).map("".join)


def marked(title, text, other_title, other_text, source="", other_source=""):
    """What is marked in the first of two stories: title and text, as (text, mark) without what is not marked."""
    rows = [
        {"title": title, "text": text, "source": source},
        {"title": other_title, "text": other_text, "source": other_source},
    ]
    return [[(span.text, span.mark) for span in field if span.mark] for field in mark_passages(batch(rows))[:2]]


@given(FIELDS)
@settings(deadline=None)
@example("e\u0301" * 40 + " \u0300x")
def test_places_are_those_of_the_tokens_that_kernels_find(raw):
    text, places = find_places(raw)
    written = raw.encode("utf-8", "replace")
    assert text == plain_text(written).decode("utf-8", "replace")
    assert [place.word for place in places] == [token.text for token in field_tokens(written)]
    found, ends = tokenize_columns([string_column([written])])
    words = [found.data[found.starts[k] : found.starts[k + 1] - 1].tobytes() for k in range(ends[0, 0])]
    assert [place.word for place in places] == words
    assert all(0 <= place.start < place.end <= len(text) for place in places)


@given(FIELDS, st.integers(1, 400))
@settings(deadline=None)
@example("sold 3.5", 7)
@example("cafe\u0301 bar", 4)
def test_places_in_the_beginning_of_a_text_are_those_of_all_but_perhaps_its_last(raw, most):
    text, every = find_places(raw)
    beginning, places = find_places(raw, most)
    assert beginning == text
    assert places == every[: len(places)]
    assert all(place.end <= most for place in places)
    assert most < 18 * len(text) or places == every  # a character may become 18


@given(st.tuples(FIELDS, FIELDS, FIELDS, FIELDS))
@settings(deadline=None, max_examples=50)
def test_spans_make_the_whole_field(fields):
    rows = [{"title": fields[0], "text": fields[1]}, {"title": fields[2], "text": fields[3]}]
    for spans, raw in zip(mark_passages(batch(rows)), fields, strict=True):
        assert "".join(span.text for span in spans) == find_places(raw)[0]
        assert all(span.text for span in spans)
        assert all(one.mark != two.mark for one, two in pairwise(spans))


def test_places_lie_in_the_text_that_people_read():
    text, places = find_places("Caf\u00e9&nbsp;<b>No.</b> 5")
    assert text == "Caf\u00e9\u00a0 No.  5"
    assert [text[place.start : place.end] for place in places] == ["Caf\u00e9", "No", "5"]


def test_a_place_reaches_over_the_marks_of_its_letters():
    text, [place] = find_places("re\u0301sume\u0301")
    assert (place.word, text[place.start : place.end]) == ("r\u00e9sum\u00e9".encode(), text)


def test_words_in_a_row_that_both_have_are_shared():
    title, text = marked(
        "Storm", "A heavy storm hit the harbour today.", "Wind", "They said a heavy storm hit the town."
    )
    assert title == []
    assert text == [("A heavy storm hit the", "shared")]


def test_single_words_are_shared_between_titles_only():
    title, text = marked("Ferry sinks", "The harbour closed.", "Rescued from a ferry", "A harbour was built.")
    assert title == [("Ferry", "shared")]
    assert text == []


def test_function_words_in_a_row_are_not_shared():
    assert marked("", "Out of the blue", "", "Sons of the desert")[1] == []


def test_numbers_of_only_one_story_are_marked():
    title, text = marked(
        "350,000 tonnes of corn sold", "It sold seven ships.", "150,000 tonnes of corn sold", "It sold two ships."
    )
    assert title == [("350,000", "number"), ("tonnes of corn sold", "shared")]
    assert ("seven", "number") in text


def test_numbers_written_otherwise_are_the_same():
    title, _ = marked("350,000 tonnes sold", "", "Corn: 350000 tonnes", "")
    assert title == [("350,000 tonnes", "shared"), ("sold", "shared")][:1]


def test_names_of_only_one_story_are_marked():
    _, text = marked("", "The minister met Olsen in Oslo.", "", "The minister met Berg in Oslo.")
    assert text == [("The minister met", "shared"), ("Olsen", "name"), ("in Oslo", "shared")]


def test_the_capitals_of_a_title_in_title_case_make_no_names():
    title, _ = marked("Minister Meets Trade Union Workers", "", "Something Else Was Written Here", "")
    assert title == []


def test_a_word_that_is_no_everyday_one_is_a_name_in_title_case():
    title, _ = marked("Minister Meets Trade Union In Trondheim", "", "Something Else Was Written Here", "")
    assert title == [("Trondheim", "name")]


def test_what_is_around_a_story_is_not_marked():
    title, text = marked(
        *("Storm hits coast - The Ledger", "OSLO (Reuters) - A heavy storm came."),
        *("Storm hits coast - The Ledger", "OSLO (Reuters) - A heavy storm came."),
        *("The Ledger", "The Ledger"),
    )
    assert title == [("Storm hits coast", "shared")]
    assert text == [("A heavy storm came", "shared")]


def test_what_a_source_repeats_is_not_marked():
    storm = "A heavy storm came upon Oslo, tore ships from moorings, threw trees down, cut power lines, closed schools"
    footer = "Follow the Daily Post on every platform of yours."
    texts = [f"{storm}. {footer}", f"They say: {storm}. {footer}"]
    rows = [{"title": "Storm", "text": text, "source": "Daily Post"} for text in texts]
    assert mark_passages(batch(rows), learned_from(footer))[1] == (Span(storm, "shared"), Span(f". {footer}", None))
    assert mark_passages(batch(rows), learned_from(footer, "Another"))[1][0].text.startswith(f"{storm}. Follow the")


def test_scripts_without_spaces_are_marked_by_characters():
    title, _ = marked("闽海地铁开通", "", "闽海地铁停运", "")
    assert title == [("闽海地铁", "shared")]


def test_past_the_beginning_of_a_long_text_nothing_is_marked_and_that_is_said(monkeypatch):
    monkeypatch.setattr(passages, "MOST_READ", 32)
    text = "A heavy storm hit the harbour and the town on Monday."
    rows = [{"title": "Storm", "text": text}, {"title": "Wind", "text": text}]
    assert mark_passages(batch(rows))[1] == (
        Span("A heavy storm hit the harbour", "shared"),
        Span(" an", None),
        Span("d the town on Monday.", "unread"),
    )


@pytest.mark.parametrize(
    "piece",
    [
        "The ferry Aurora ran aground off Kvaloy on Monday with 48 people. ",
        "Rädda båten från Tromsø och Kåfjord, “48” ombord. ",
        "闽海地铁开通。",
        "<!-- <script>",
        "\ufdfa",
        "e\u0301\u0300",
    ],
)
def test_two_megabytes_are_marked_in_seconds(piece):
    text = piece * (2_000_000 // len(piece.encode()))
    rows = [{"title": "Storm", "text": text}, {"title": "Wind", "text": text + "more"}]
    started = time.process_time()
    spans = mark_passages(batch(rows))[1]
    assert time.process_time() - started < 10.0
    assert sum(len(span.text) for span in spans if span.mark != "unread") <= MOST_READ


@pytest.mark.parametrize("fields", [("", "", "", ""), ("<br>", "&nbsp;", "", "!")])
def test_stories_without_words_have_no_marks(fields):
    assert marked(*fields) == [[], []]
    assert isinstance(mark_passages(batch([{"title": "x"}, {}]))[0][0], Span)
