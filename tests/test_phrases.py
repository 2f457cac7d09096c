from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dedup import phrases
from dedup.errors import SettingsError
from dedup.hashing import hash_batch
from dedup.kernels.flags import NUMBER
from dedup.kernels.native.evidence import META_BITS
from dedup.kernels.native.phrases import STRIPPED, key_phrases, mark_phrases
from dedup.kernels.reference import phrases as slow
from dedup.settings import Settings
from dedup.shingles import word_stems
from dedup.text import tokenize
from tests.builders import batch

FOOTER = "Follow us on every platform and sign up for our free morning newsletter."
BODY = "The ferry Aurora ran aground off the coast on Monday with 48 people on board, the coast guard said."

# Stories of few words, so that phrases recur; each with the number of its title's words and its source.
STORIES = st.lists(
    st.lists(st.integers(0, 2), max_size=40).flatmap(
        lambda words: st.tuples(st.just(words), st.integers(0, len(words)), st.integers(0, 2**32 - 1))
    ),
    max_size=5,
)


def keys_of(stories):
    words = np.array([word for told, *_ in stories for word in told], dtype=np.uint32)
    offsets = np.cumsum([0] + [len(told) for told, *_ in stories], dtype=np.int64)
    title_ends = offsets[:-1] + np.array([titled for _, titled, _ in stories], dtype=np.int64)
    keys = np.empty(len(words), dtype=np.uint64)
    key_phrases(words, offsets, title_ends, np.array([source for *_, source in stories], dtype=np.uint32), keys)
    return keys, offsets, title_ends


@given(STORIES)
@settings(deadline=None)
def test_keys_equal_the_slow_twin(stories):
    keys, _, _ = keys_of(stories)
    assert keys.tolist() == [key for story in stories for key in slow.phrase_keys(*story)]


@given(STORIES, st.randoms(use_true_random=False))
@settings(deadline=None)
def test_the_words_that_stay_equal_the_slow_twin(stories, draw):
    keys, offsets, title_ends = keys_of(stories)
    every = sorted(set(keys.tolist()) - {0})
    known = set(draw.sample(every, len(every) // 2))
    kept, stripped = np.empty(len(keys), dtype=np.bool_), np.empty(len(stories), dtype=np.bool_)
    table = phrases.known_phrases(phrases.write_phrases(np.array(sorted(known), dtype=np.uint64)))
    mark_phrases(keys, offsets, title_ends, table, kept, stripped)
    expected = [slow.words_kept(words, titled, source, known) for words, titled, source in stories]
    assert kept.tolist() == [word for story in expected for word in story]
    assert stripped.tolist() == [not all(story) for story in expected]


def learned_from(text, source="Daily Post"):
    stories = batch([{"text": text, "source": source}])
    tokens = tokenize(stories)
    return phrases.write_phrases(phrases.text_phrases(stories, tokens, word_stems(tokens)))


def test_a_story_reads_as_if_the_phrase_were_not_there():
    rows = [
        {"title": "Ferry runs aground", "text": BODY + " " + FOOTER, "source": " daily post"},
        {"title": "Ferry runs aground", "text": FOOTER + " " + BODY, "source": "Other"},
        {"title": FOOTER, "text": BODY, "source": "Daily Post"},
        {"title": "Ferry", "text": FOOTER, "source": "Daily Post"},
    ]
    found = hash_batch(batch(rows), Settings(boilerplate=learned_from(FOOTER)))
    plain = hash_batch(batch([rows[0] | {"text": BODY}, *rows[1:]]), Settings())
    assert found.facts.hashes.tolist() == plain.facts.hashes.tolist()
    assert found.facts.content.tolist() == plain.facts.content.tolist()
    assert found.keys.tolist() == plain.keys.tolist()
    assert (found.facts.meta[:, META_BITS] & STRIPPED).tolist() == [STRIPPED, 0, 0, 0]


def test_numbers_and_flags_stay_with_their_words():
    stories = batch([{"title": "T", "text": FOOTER + " " + BODY, "source": "Daily Post"}])
    tokens = tokenize(stories)
    left, stems, _ = phrases.strip_phrases(stories, tokens, word_stems(tokens), learned_from(FOOTER))
    assert left.data.tobytes().startswith(b"t the ferry aurora ran")
    assert [
        left.data[left.starts[k] : left.starts[k + 1] - 1].tobytes() for k in np.flatnonzero(left.flags & NUMBER)
    ] == [b"48"]
    assert stems.tolist() == word_stems(left).tolist()
    assert left.offsets.tolist() == [0, len(left.flags)] == [0, len(left.starts) - 1]


@pytest.mark.parametrize("nonsense", ["%", "AAA=", "a"])
def test_settings_with_anything_else_are_refused(nonsense):
    with pytest.raises(SettingsError, match="boilerplate is what was learned from stories"):
        hash_batch(batch([{"text": BODY}]), Settings(boilerplate=nonsense))
