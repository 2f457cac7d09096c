from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dedup import words
from dedup.kernels.flags import BREAK, CORRECTED, MARK, SENTENCE, UPDATED
from dedup.kernels.reference.hosts import host_names
from dedup.text import tokenize
from tests.twin import fast_tokens, slow_tokens, story_batch


def told(title: str = "", text: str = "", source: str = "", url: str = "") -> tuple[str, str, int]:
    """The words of a story's title and of its text, and its marks."""
    batch = story_batch([(title.encode(), text.encode(), source.encode(), url.encode())])
    titled, rest, marks = fast_tokens(tokenize(batch), 0)
    return b" ".join(word for word, _ in titled).decode(), b" ".join(word for word, _ in rest).decode(), marks


def title_of(title: str, source: str = "", url: str = "") -> str:
    return told(title=title, source=source, url=url)[0]


def text_of(text: str) -> str:
    return told(text=text)[1]


@pytest.mark.parametrize(
    ("title", "source", "url"),
    [
        ("Cod returns - Reuters", "Reuters", ""),
        ("Cod returns | Reuters", "REUTERS", ""),
        ("Cod returns \u2013 The Local Herald", "Local Herald", ""),
        ("Cod returns -- Local Herald", "The Local Herald", ""),
        ("Cod returns - Reuters", "", "https://www.reuters.com/world/cod"),
        ("Cod returns - Reuters.com", "", "https://www.reuters.com/world/cod"),
        ("Cod returns - BBC", "", "http://news.bbc.co.uk:80/cod"),
        ("Cod returns - Local Herald", "", "https://local-herald.example?x"),
        ("Cod returns - Local Herald", "localherald.example", ""),
        ("Cod returns - news.example.com", "", "https://news.example.com/"),
        ("Cod returns :: Caf\xe9 Monde", "CAFE\u0301 monde", ""),
        ("Cod returns - \u65b0\u95fb\u7f51", "\u65b0\u95fb\u7f51", ""),
    ],
)
def test_the_publisher_behind_a_title_is_taken_off(title, source, url):
    # What is given as CJK above becomes bigrams; the title before it stays words.
    assert title_of(title, source, url) == "cod returns"


@pytest.mark.parametrize(
    ("title", "source", "url"),
    [
        ('"We have a problem" - Skipper', "Reuters", "https://www.reuters.com/x"),
        ("Cod returns to Reuters", "Reuters", ""),
        ("Cod returns-Reuters", "Reuters", ""),
        ("Cod returns, Reuters", "Reuters", ""),
        ("Reuters", "Reuters", ""),
        ("Cod returns - Reuters Life", "Reuters", ""),
        ("Cod returns - The", "", ""),
        ("Cod returns - com", "", "https://www.reuters.com/x"),
        ("Cod returns - co.uk", "", "https://www.bbc.co.uk/x"),
        ("Cod returns - Reuters", "", "reuters.com oslo"),
    ],
)
def test_anything_else_behind_a_title_stays(title, source, url):
    everything = title_of(title)
    assert title_of(title, source, url) == everything
    assert len(everything.split()) > 2 or everything == "reuters"


def test_only_the_publisher_is_taken_off_a_title_of_several_parts():
    assert title_of("Cod - Live - The Herald", "Herald") == "cod live"
    assert title_of("Cod - Foo - Bar", "Foo - Bar") == "cod"


@pytest.mark.parametrize(
    ("address", "names"),
    [
        ("https://www.reuters.com/x?y", {"reuters", "reuterscom"}),
        ("http://news.bbc.co.uk", {"bbc", "bbccouk", "newsbbccouk"}),
        ("WWW.Le-Monde.FR:443/", {"lemonde", "lemondefr"}),
        ("example.com#x", {"example", "examplecom"}),
        ("a.co.uk", {"a", "acouk"}),
        ("co.uk", {"co", "couk"}),
        ("localhost", set()),
        ("www.com", set()),
        ("", set()),
        ("The New York Times", set()),
        ("https://", set()),
        ("http://\xe9.fr/", set()),
    ],
)
def test_names_that_a_host_spells(address, names):
    found = host_names(address.encode(), frozenset(words.SECOND_LEVELS.encode().split()))
    assert {name.decode() for name in found} == names


@pytest.mark.parametrize(
    ("title", "rest", "marks"),
    [
        ("UPDATE 1-Cod returns", "cod returns", UPDATED),
        ("UPDATE 12 - Cod returns", "cod returns", UPDATED),
        ("Update: Cod returns", "cod returns", UPDATED),
        ("WRAPUP 2-Cod returns", "cod returns", UPDATED),
        ("CORRECTED-Cod returns", "cod returns", CORRECTED),
        ("CORRECTED-UPDATE 2-Cod returns", "cod returns", CORRECTED | UPDATED),
        ("Correction: Cod returns", "cod returns", CORRECTED),
        ("REFILE-UPDATE 1-EXCLUSIVE-Cod returns", "cod returns", CORRECTED | UPDATED),
        ("RPT-Cod returns", "cod returns", 0),
        ("BREAKING NEWS: Cod returns", "cod returns", 0),
        ("Watch: cod returns", "cod returns", 0),
        ("LIVE | Cod returns", "cod returns", 0),
        ("[VIDEO] Cod returns", "cod returns", 0),
        ("\u5feb\u8baf\uff1acod returns", "cod returns", 0),
        ("\u0441\u0440\u043e\u0447\u043d\u043e: cod returns", "cod returns", 0),
        ("EN DIRECT - Cod returns", "cod returns", 0),
        ("Live-action cod returns", "live action cod returns", 0),
        ("Watch 2-minute cod returns", "watch 2 minute cod returns", 0),
        ("Update your cod: it returns", "update your cod it returns", 0),
        ("UPDATE 1", "update 1", 0),
        ("LIVE:", "live", 0),
        ("Updated", "updated", 0),
    ],
)
def test_wire_prefixes_are_taken_off_titles(title, rest, marks):
    assert told(title=title) == (rest, "", marks)


@pytest.mark.parametrize(
    "dateline",
    [
        "BEIJING (Reuters) - ",
        "GROSSETO, Italy (AP) -- ",
        "LONDON, Feb 26 - ",
        "LONDON, Feb. 26 \u2013 ",
        "Rio de Janeiro (AFP) - ",
        "WASHINGTON \u2014 ",
        "NEW YORK, March 3, 2020 \u2014 ",
        "NEW YORK\u2014 ",
        "ST. JOHN'S, Newfoundland (The Canadian Press) - ",
        "(Reuters) - ",
        "AP - ",
        "PORT-AU-PRINCE, Haiti, Jan. 3 (Xinhua) -- ",
        "(Adds details, background) OSLO, May 3 (Reuters) - ",
        "OSLO (AP) - (Recasts, adds quote) ",
        "CORRECTED - OSLO - ",
        "EXCLUSIVE: ",
        "ISLAMABAD: ",
        "NEW DELHI: ",
        "\u5317\u4eac (\u65b0\u534e\u793e) - ",
    ],
)
def test_datelines_are_taken_off_texts(dateline):
    assert text_of(dateline + "Cod is back.") == "cod is back"


@pytest.mark.parametrize(
    "text",
    [
        "The cod - a fish - is back",
        "NASA has sent cod to space - the first",
        "US - China cod talks are back",
        "Cod is back. OSLO - not",
        "Officials spoke. LIMA (AP) - cod",
        "Cod (a fish) is back - says AP",
        "At sea: cod is back",
        "WASHINGTON-based cod is back",
        "(A fish) cod is back",
        "(Adds cod is back",
        "COLORADO (7) VS ARIZONA (1) - cod is back",
        "COD CATCH AND QUOTA FIGURES FOR 2026 - cod is back",
        "COD FLEET WEEKLY REPORT 2 - cod is back",
        "OSLO",
        "OSLO -",
    ],
)
def test_what_is_no_dateline_stays(text):
    assert text_of(text) == title_of(text)


@pytest.mark.parametrize(
    ("opening", "marks"),
    [
        ("(Adds details)", UPDATED),
        ("(Updates with quote)", UPDATED),
        ("UPDATE 1 -", UPDATED),
        ("(Corrects name)", CORRECTED),
        ("CORRECTION -", CORRECTED),
        ("(Fish)", 0),
    ],
)
def test_what_a_wire_says_of_its_versions_marks_the_story(opening, marks):
    assert told(text=f"{opening} cod is back")[2] == marks


def test_the_first_token_left_begins_its_field():
    batch = story_batch([(b"UPDATE 1-Cod returns", b"OSLO (AP) - Cod is back", b"", b"")])
    title, text, _ = fast_tokens(tokenize(batch), 0)
    for word, flags in (title[0], text[0]):
        assert word == b"cod"
        assert flags & (SENTENCE | BREAK | MARK) == SENTENCE


@pytest.mark.parametrize(
    "trailing",
    [
        " Read more \xbb",
        "Read more",
        " Continue reading\u2026",
        " [+1419 chars]",
        "\u2026 [1419 chars]",
        " READ THE FULL STORY. Share this article",
        " Weiterlesen",
        " Lire la suite",
        " Leer m\xe1s",
        " Leggi tutto",
        " Leia mais",
        " Lees verder",
        " L\xe4s mer",
        " \u0427\u0438\u0442\u0430\u0442\u044c \u0434\u0430\u043b\u0435\u0435",
        " \u9605\u8bfb\u66f4\u591a",
        " \u0627\u0642\u0631\u0623 \u0627\u0644\u0645\u0632\u064a\u062f",
        " <a href='/x'>Read more</a> Read more [+3 chars]",
    ],
)
def test_leftovers_of_a_page_are_taken_off_texts(trailing):
    assert text_of("Cod is back" + trailing) == "cod is back"


def test_leftovers_within_a_text_or_a_title_stay():
    assert text_of("Read more cod. 1419 chars") == "read more cod 1419 chars"
    assert title_of("Children read more") == "children read more"


def test_nothing_may_be_left():
    assert text_of("Read more \xbb") == ""
    assert text_of("Read more " * 1000) == ""


# fmt: off
PIECES = st.sampled_from([
    "UPDATE", "Update", "CORRECTED", "LIVE", "Live", "BREAKING NEWS", "REFILE", "1", "2", "Cod", "cod",
    "OSLO", "NEW YORK", "Reuters", "(Reuters)", "(AP)", "The Canadian Press", "the", "The", "Herald",
    "Feb. 26", "St.", "Smith.", "NASA", "2026,", "3", "7TH", "(Adds", "(Corrects", "details)", "details,",
    "Read more", "Lire la suite", "[+14 chars]", "[14", "chars]", "\xbb", "\u65b0\u534e\u793e",
    "\u9605\u8bfb\u66f4\u591a", "\u4e2d", "bbc", "bbc.co.uk", "news.bbc.co.uk", "co", "uk", "!",
])
# fmt: on
GLUE = st.sampled_from(
    [" ", " ", " ", " - ", "-", ": ", " -- ", " | ", ". ", ", ", "", "\n", ") ", " (", "\u2014 ", "] "]
)
PHRASED = st.lists(st.tuples(PIECES, GLUE), max_size=14).map(lambda parts: "".join(a + b for a, b in parts).encode())
NAMES = st.one_of(
    st.sampled_from(
        ["", "Reuters", "The Herald", "Herald", "the", "bbc.co.uk", "Cod", "\u65b0\u534e\u793e", "BBC"]
    ).map(str.encode),
    PHRASED,
)
ADDRESSES = st.one_of(
    st.lists(
        st.sampled_from(["http", "s", "://", "www", ".", "..", "-", "bbc", "co", "uk", "cod", "/", "?", ":", " ", "x"])
    )
    .map("".join)
    .map(str.encode),
    st.sampled_from(
        [b"https://news.bbc.co.uk/x", b"http://the-herald.com", b"a.b://\xe9", b"\xff.com", b"..", b"www."]
    ),
)


@given(st.lists(st.tuples(PHRASED, PHRASED, NAMES, ADDRESSES), min_size=1, max_size=4))
@example([(b"Cod - b", b"", b"", b"..b"), (b"Cod - www", b"", b"www", b"www.")])
@settings(deadline=None, max_examples=600)
def test_the_compiled_debris_removal_is_the_slow_one(stories):
    tokens = tokenize(story_batch(stories))
    for k, story in enumerate(stories):
        title, text, marks = slow_tokens(story)
        expected = [(token.text, token.flags) for token in title], [(token.text, token.flags) for token in text], marks
        assert fast_tokens(tokens, k) == expected


@pytest.mark.parametrize(
    "phrases",
    [words.AGENCIES, words.TRAILING_PHRASES, words.WIRE_PREFIXES, words.UPDATING_PREFIXES, words.CORRECTING_PREFIXES],
)
def test_every_phrase_is_found_whatever_comes_after_it_in_the_table(phrases):
    for phrase in words.phrases(phrases):
        if phrases == words.AGENCIES:
            assert text_of(f"Oslo ({phrase}) - cod") == "cod", phrase
        elif phrases == words.TRAILING_PHRASES:
            assert text_of(f"cod. {phrase}") == "cod", phrase
        else:
            assert title_of(f"{phrase}: cod") == "cod", phrase
