from __future__ import annotations

import itertools
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from dedup import phrases
from dedup.errors import SettingsError
from dedup.hashing import hash_batch
from dedup.kernels.flags import NUMBER
from dedup.kernels.native.evidence import META_BITS
from dedup.kernels.native.phrases import STRIPPED, compact_words, keep_frequent, key_phrases, mark_phrases
from dedup.kernels.reference import phrases as slow
from dedup.settings import Settings
from dedup.shingles import word_stems
from dedup.text import tokenize
from tests.builders import batch, learned_from

FOOTER = "Follow us on every platform and sign up for our free morning newsletter."
BODY = "The ferry Aurora ran aground off the coast on Monday with 48 people on board, the coast guard said."

# Stories of few words, so that phrases recur; each with the number of its title's words and its source.
STORIES = st.lists(
    st.lists(st.integers(0, 2), max_size=40).flatmap(
        lambda words: st.tuples(st.just(words), st.integers(0, len(words)), st.integers(0, 2**32 - 1))
    ),
    max_size=5,
)


class Words(NamedTuple):
    hashes: NDArray[np.uint32]
    offsets: NDArray[np.int64]
    title_ends: NDArray[np.int64]
    sources: NDArray[np.uint32]


def words_of(stories):
    offsets = np.cumsum([0] + [len(told) for told, *_ in stories], dtype=np.int64)
    return Words(
        np.array([word for told, *_ in stories for word in told], dtype=np.uint32),
        offsets,
        offsets[:-1] + np.array([titled for _, titled, _ in stories], dtype=np.int64),
        np.array([source for *_, source in stories], dtype=np.uint32),
    )


def marked(stories, draw):
    """The stories' words, what is marked in them when half their phrases are known, and what the twin says."""
    every = sorted({key for story in stories for key in slow.phrase_keys(*story)} - {0})
    known = set(draw.sample(every, len(every) // 2))
    words = words_of(stories)
    kept, stripped = np.empty(len(words.hashes), dtype=np.bool_), np.empty(len(stories), dtype=np.bool_)
    table = phrases.known_phrases(phrases.write_phrases(np.array(sorted(known), dtype=np.uint64)))
    mark_phrases(words.hashes, words.offsets, words.title_ends, words.sources, table, kept, stripped)
    return words, kept, stripped, [slow.words_kept(told, titled, source, known) for told, titled, source in stories]


@given(STORIES)
@settings(deadline=None)
def test_keys_equal_the_slow_twin(stories):
    words = words_of(stories)
    keys = np.empty(len(words.hashes), dtype=np.uint64)
    key_phrases(words.hashes, words.offsets, words.title_ends, words.sources, keys)
    assert keys.tolist() == [key for story in stories for key in slow.phrase_keys(*story)]


@given(st.lists(st.integers(0, 7).map(lambda key: key << 61 | key), max_size=40), st.integers(1, 5), st.integers(1, 4))
@settings(deadline=None)
def test_the_frequent_keys_equal_the_slow_twin(every, least, bits):
    keys, owners = np.array(every, dtype=np.uint64), np.arange(len(every), dtype=np.int32)
    left = keep_frequent(keys, owners, least, bits, np.zeros(1 << bits, dtype=np.uint8))
    places = slow.frequent_keys(every, least, bits)
    assert owners[:left].tolist() == places
    assert keys[:left].tolist() == [every[place] for place in places]


@given(STORIES, st.randoms(use_true_random=False))
@settings(deadline=None)
def test_the_words_that_stay_equal_the_slow_twin(stories, draw):
    _, kept, stripped, expected = marked(stories, draw)
    assert kept.tolist() == [word for story in expected for word in story]
    assert stripped.tolist() == [not all(story) for story in expected]


@given(STORIES, st.randoms(use_true_random=False))
@settings(deadline=None)
def test_the_words_that_stay_are_moved_together(stories, draw):
    words, kept, stripped, expected = marked(stories, draw)
    spelled = [bytes([97 + word]) * (1 + 40 * word) + b" " for word in words.hashes.tolist()]
    data = np.frombuffer(bytearray(b"".join(spelled)), dtype=np.uint8)
    starts = np.cumsum([0, *map(len, spelled)], dtype=np.int64)
    flags = words.hashes.astype(np.uint8)
    compact_words(words.hashes, data, starts, flags, words.offsets, words.title_ends, kept, stripped)
    left = [
        [word for word, stays in zip(told, stay, strict=True) if stays]
        for (told, *_), stay in zip(stories, expected, strict=True)
    ]
    assert words.offsets.tolist() == [0, *itertools.accumulate(map(len, left))]
    assert (words.title_ends - words.offsets[:-1]).tolist() == [titled for _, titled, _ in stories]
    total = words.offsets[-1]
    assert words.hashes[:total].tolist() == flags[:total].tolist() == list(itertools.chain(*left))
    assert [bytes(data[starts[k] : starts[k + 1]]) for k in range(total)] == [
        bytes([97 + word]) * (1 + 40 * word) + b" " for word in itertools.chain(*left)
    ]


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
