from __future__ import annotations

import re
from typing import Any

import datasketch
import numpy as np
import pytest
import xxhash
from hypothesis import given, settings
from hypothesis import strategies as st

from dedup.errors import SettingsError
from dedup.kernels.flags import FUNCTION, NUMBER
from dedup.kernels.native import facts as native
from dedup.kernels.native.signatures import band_keys
from dedup.kernels.reference import shingles as reference
from dedup.kernels.reference import signatures
from dedup.kernels.xxh32 import hash_beginnings, hash_runs
from dedup.settings import LookupSettings
from dedup.shingles import text_shingles, title_words, word_stems
from dedup.signature import Signatures, _permutations_of_datasketch, permutations, sign
from tests.builders import tokens

PLURAL = re.compile(rb"(.{2,}[^s\x00-9])s", re.DOTALL)
WORDS = st.text(st.characters(exclude_characters=" ", exclude_categories=["Cs"]), min_size=1, max_size=9).map(
    str.encode
)
TOKENS = st.lists(
    st.tuples(st.one_of(WORDS, st.sampled_from([b"the", b"of", b"350,000"])), st.integers(0, 255)), max_size=12
)
STORIES = st.lists(st.tuples(TOKENS, TOKENS), max_size=5)


def singular(word):
    found = PLURAL.fullmatch(word)
    return found[1] if found else word


FILLER: Any = [([], [(b"filler", 0)] * 12)]  # behind all stories, so that none is too near the end for wide loads


@given(STORIES, st.integers(1, 4), st.sampled_from([[], FILLER]))
@settings(deadline=None)
def test_shingles_equal_the_slow_twin(stories, width, behind):
    got = text_shingles(tokens(stories + behind), width)
    for i, (title, text) in enumerate(stories):
        telling, common = reference.shingles([*title, *text], width)
        assert got.hashes[got.bounds[i] : got.ends[i]].tolist() == telling
        assert got.hashes[got.ends[i] : got.bounds[i + 1]].tolist() == common[::-1]


@pytest.mark.parametrize("width", [1, 2, 3, 5])
def test_runs_of_every_length_are_hashed_as_xxhash_does(width):
    rng = np.random.default_rng(width)
    data = rng.integers(0, 256, 20_000, dtype=np.uint8)
    starts = np.concatenate([[0], np.cumsum(rng.integers(1, 24, 1500))])
    hashes = np.empty(len(starts) - 1, dtype=np.uint32)
    hash_runs(data[: starts[-1]], starts, width, hashes)
    runs = len(hashes) - width + 1
    expected = [xxhash.xxh32_intdigest(data[starts[k] : starts[k + width] - 1].tobytes()) for k in range(runs)]
    assert hashes[:runs].tolist() == expected


@pytest.mark.parametrize("most", [1, 4, 6, 7])
def test_beginnings_of_every_length_are_hashed_as_xxhash_does(most):
    rng = np.random.default_rng(most)
    data = rng.integers(0, 256, 9_000, dtype=np.uint8)
    data[rng.random(9_000) < 0.9] &= 0x7F
    data[rng.random(9_000) < 0.3] = ord("s")
    starts = np.concatenate([[0], np.cumsum(rng.integers(1, 24, 700))])
    hashes, done = np.empty(700, dtype=np.uint32), np.empty(700, dtype=np.bool_)
    hash_beginnings(data[: starts[-1]], starts, most, hashes, done)
    words = [data[starts[k] : starts[k + 1] - 1].tobytes() for k in range(700)]
    near = [starts[k] > starts[-1] - 8 for k in range(700)]
    assert done.tolist() == [
        (len(word) <= most or word[:most].isascii()) and not end for word, end in zip(words, near, strict=True)
    ]
    assert hashes[done].tolist() == [
        xxhash.xxh32_intdigest(word[:most] if len(word) > most else singular(word))
        for word, ready in zip(words, done, strict=True)
        if ready
    ]


@pytest.mark.parametrize("flag", [0, NUMBER])
@pytest.mark.parametrize("word", [b"5mbs", b"1920s", b"ships", b"2000000s", "кошки".encode(), "5км".encode()])
def test_a_word_has_one_stem_wherever_in_a_batch_it_stands(word, flag):
    stems = word_stems(tokens([([(word, flag)] * 12, [])]))
    assert set(stems.tolist()) == {reference.stem((word, flag))}


@given(STORIES)
@settings(deadline=None)
def test_title_words_equal_the_slow_twin(stories):
    given_tokens = tokens(stories)
    got = title_words(given_tokens, word_stems(given_tokens))
    for i, (title, text) in enumerate(stories):
        assert got.hashes[got.bounds[i] : got.ends[i]].tolist() == reference.title_words(title, text)


@given(STORIES, st.integers(1, 3))
@settings(deadline=None)
def test_signatures_equal_datasketch_with_xxhash(stories, width):
    signed = sign(text_shingles(tokens(stories), width), 16, 7)
    for i, (title, text) in enumerate(stories):
        both = [*title, *text]
        span = min(width, len(both))
        windows = [both[k : k + span] for k in range(len(both) - span + 1)] if both else []
        telling = [w for w in windows if not all(flags & FUNCTION for _, flags in w)] or windows
        judge = datasketch.MinHash(num_perm=16, seed=7, scheme="affine32", hashfunc=xxhash.xxh32_intdigest)
        for window in telling:
            judge.update(b" ".join(word for word, _ in window))
        np.testing.assert_array_equal(signed.values[i], judge.hashvalues)


def test_signatures_go_to_datasketch_and_back():
    signed = sign(text_shingles(tokens([([(b"a", 0), (b"b", 0)], []), ([(b"b", 0)], [(b"c", 0)])]), 1), 64, 3)
    sketches = signed.to_datasketch()
    assert sketches[0].jaccard(sketches[1]) == pytest.approx(signed.similarity(0, 1))
    back = Signatures.from_datasketch(sketches)
    assert back.seed == 3
    np.testing.assert_array_equal(back.values, signed.values)
    sketches[0].update(b"c")  # a live sketch, under the same hash function
    assert sketches[0].jaccard(sketches[1]) > signed.similarity(0, 1)


def test_signatures_of_another_scheme_are_refused():
    legacy = datasketch.MinHash(num_perm=4, seed=1, scheme="legacy")
    with pytest.raises(SettingsError, match="build them again"):
        Signatures.from_datasketch([legacy])


def test_signatures_under_another_hash_function_are_refused():
    """They would look like ours, and be like none of them."""
    sha1 = datasketch.MinHash(num_perm=4, seed=1, scheme="affine32")
    with pytest.raises(SettingsError, match=r"hashfunc=xxhash.xxh32_intdigest; build them again"):
        Signatures.from_datasketch([sha1])
    with pytest.raises(SettingsError, match=r"must be datasketch.MinHash, which says its hash function"):
        Signatures.from_datasketch([datasketch.LeanMinHash(sha1)])
    same = datasketch.MinHash(num_perm=4, seed=1, scheme="affine32", hashfunc=lambda data: xxhash.xxh32_intdigest(data))
    assert Signatures.from_datasketch([same]).seed == 1


@pytest.mark.parametrize(("num_perm", "seed"), [(80, 1), (100, 1), (16, 5)])
def test_permutations_are_those_of_datasketch(num_perm, seed):
    np.testing.assert_array_equal(permutations(num_perm, seed), _permutations_of_datasketch(num_perm, seed))


@given(
    st.lists(st.one_of(st.integers(0, 2**32 - 1), st.sampled_from([0, 5, 2**32 - 1])), max_size=2000),
    st.integers(1, 400),
)
@settings(deadline=None, max_examples=50)
def test_smallest_unique_keeps_the_smallest(values, cap):
    hashes = np.array(values, dtype=np.uint32)
    out, scratch = np.empty(cap, dtype=np.uint32), np.empty(len(values) + native.SPARE, dtype=np.uint32)
    kept, truncated = native.smallest_unique(hashes, len(values), cap, scratch, out)
    every = sorted(set(values))
    assert out[:kept].tolist() == every[:cap]
    assert truncated == (len(every) > cap)


@pytest.mark.parametrize("values", [[7] * 100_000, [3, 9] * 50_000, list(range(100_000))])
def test_repeated_or_crowded_hashes_are_sorted_too(values):
    hashes = np.array(values, dtype=np.uint32)
    out, scratch = np.empty(360, dtype=np.uint32), np.empty(len(values) + native.SPARE, dtype=np.uint32)
    kept, _ = native.smallest_unique(hashes, len(values), 360, scratch, out)
    assert out[:kept].tolist() == sorted(set(values))[:360]


@given(STORIES, st.integers(1, 4))
@settings(deadline=None)
def test_band_keys_equal_the_slow_twin(stories, rows):
    lookup = LookupSettings(rows=rows, similarity=0.6, recall=0.9)
    shingles = text_shingles(tokens(stories), 2)
    keys = np.empty((lookup.bands, len(stories)), dtype=np.uint32)
    values = sign(shingles, lookup.num_perm, 3).values
    band_keys(values, shingles.begins, shingles.ends, rows, keys)
    for i, row in enumerate(values.tolist()):
        empty = shingles.bounds[i] == shingles.bounds[i + 1]
        expected = [0 if empty else signatures.band_key(row[b :: lookup.bands]) for b in range(lookup.bands)]
        assert keys[:, i].tolist() == expected
