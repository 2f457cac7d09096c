from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dedup.hashing import hash_batch
from dedup.kernels.native.evidence import META_BITS
from dedup.kernels.native.phrases import STRIPPED
from dedup.settings import Settings
from dedup.single import StoryFields, hash_story
from tests.builders import learned_from
from tests.test_records import assert_same

PIECES = (
    "Ferry|runs|aground|the|UPDATE|1-|(Reuters)|-|OSLO|350,000|é|e\u0301|Harbor|Ledger|<b>|&amp;|北京|Read more|km|\n|"
    "$4.5|Премьер|\u00a0|…"
)
TEXTS = st.one_of(
    st.text(max_size=60),
    st.lists(
        st.sampled_from(PIECES.split("|")),
        max_size=30,
    ).map(" ".join),
)
STORIES = st.builds(
    StoryFields,
    id=st.text(max_size=5),
    title=TEXTS,
    text=TEXTS,
    url=st.sampled_from(["", "https://www.example.org/a?utm_x=1", "http://harborledger.com/b#c", "é"]),
    source=st.one_of(
        st.sampled_from(["", "Harbor Ledger", " harbor ledger ", "The Harbor Ledger", "AT&T", " "]),
        st.text("Ab1 -&<\t\n\v\f\r\x1c\x1d\x1e\x1f\x85\0", max_size=12),
        TEXTS,
    ),
    published=st.one_of(st.none(), st.integers(-(10**15), 10**16)),
    lang=st.just("en"),
).filter(lambda story: all(value.isascii() or _encodes(value) for value in story if isinstance(value, str)))


def _encodes(value):
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


@pytest.mark.parametrize(
    "settings_", [Settings(), Settings(rule=0.8, shingle_width=2), Settings(keep="source:Harbor Ledger,AP")]
)
@given(STORIES)
@settings(deadline=None, max_examples=150)
def test_a_story_hashed_alone_is_as_in_a_batch(settings_, story):
    assert_same(hash_story(story, settings_), hash_batch(story.to_batch(), settings_))


@given(
    st.lists(st.sampled_from(["ferry", "runs", "aground", "48", "Oslo"]), max_size=60),
    st.integers(0, 60),
    st.integers(0, 60),
)
@settings(deadline=None, max_examples=150)
def test_a_story_with_phrases_that_its_source_repeats_is_as_in_a_batch(words, at, cut):
    footer = "follow us for more stories like this one every single day"
    known = learned_from(footer, source="Harbor Ledger")
    text = " ".join([*words[:at], footer[: 60 - cut], *words[at:]])
    for source in ("Harbor Ledger", "Other"):
        story = StoryFields("a", "Ferry runs", text, "", source, 0, "en")
        settings_ = Settings(boilerplate=known)
        assert_same(hash_story(story, settings_), hash_batch(story.to_batch(), settings_))


def test_a_phrase_is_taken_out_of_a_story_hashed_alone():
    footer, told = "follow us for more stories like this one", "word " * 9 + "ferry runs aground off Oslo"
    story = StoryFields("a", "Ferry", f"{told} {footer}", "", "Harbor Ledger", 0, "en")
    found = hash_story(story, Settings(boilerplate=learned_from(footer, source="Harbor Ledger")))
    assert found.facts.meta[0, META_BITS] & STRIPPED
    assert found.keys.tolist() == hash_story(story._replace(text=told), Settings()).keys.tolist()


def test_a_long_story_is_as_in_a_batch():
    words = " ".join(f"Word{k} {k} runs" for k in range(2000))
    story = StoryFields("a", words[:200], words, "https://example.org/a", "Harbor Ledger", 0, "en")
    assert_same(hash_story(story, Settings()), hash_batch(story.to_batch(), Settings()))
