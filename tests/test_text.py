from __future__ import annotations

import threading

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dedup.kernels.native import composition, debris, markup, tokens
from dedup.stories import STORY_SCHEMA
from dedup.text import Tokens, tokenize
from tests.builders import batch
from tests.test_tokens import FIELDS
from tests.twin import fast_tokens, slow_tokens, story_batch

GLUED = "China rebukes envoy over tripChina has rebuked an envoy, two officials said.Read more \xbb"


def same(one: Tokens, other: Tokens) -> None:
    for name in Tokens.__slots__:
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name), err_msg=name)


@given(st.lists(st.tuples(FIELDS, FIELDS, FIELDS, FIELDS), max_size=4))
@settings(deadline=None, max_examples=300)
def test_stories_are_tokenised_as_the_slow_twins_do(stories):
    found = tokenize(story_batch(stories))
    assert found.offsets[0] == 0
    assert len(found.offsets) == len(stories) + 1
    for k, story in enumerate(stories):
        title, text, marks = slow_tokens(story)
        expected = [(token.text, token.flags) for token in title], [(token.text, token.flags) for token in text], marks
        assert fast_tokens(found, k) == expected


def test_what_is_handed_on_is_what_is_promised():
    found = tokenize(
        batch(
            [
                {"title": "UPDATE 1-Cod is back - Example", "text": "OSLO (AP) - Cod. Read more", "source": "Example"},
                {"title": "Mai\u1e9e \u4e2d\u6587\u5b57", "text": GLUED},
                {},
            ]
        )
    )
    assert {name: getattr(found, name).dtype for name in Tokens.__slots__} == {
        "data": np.uint8,
        "starts": np.int64,
        "flags": np.uint8,
        "offsets": np.int64,
        "title_ends": np.int64,
        "marks": np.uint8,
    }
    count = found.offsets[-1]
    assert len(found.starts) == count + 1
    assert len(found.flags) == count
    assert found.starts[0] == 0
    assert found.starts[-1] == len(found.data)
    words = found.data.tobytes().split(b" ")[:-1]
    assert words[:4] == [b"cod", b"is", b"back", b"cod"]
    assert " ".join(word.decode() for word in words[7:]) == (
        "china rebukes envoy over trip china has rebuked an envoy two officials said"
    )
    assert found.offsets.tolist() == [0, 4, count, count]
    assert found.title_ends.tolist() == [3, 7, count]


def test_a_row_of_tokens_is_contiguous():
    found = tokenize(batch([{"title": "one, two - three"}]))
    assert found.data[found.starts[0] : found.starts[3] - 1].tobytes() == b"one two three"


def test_a_batch_of_nothing_has_no_tokens():
    for count in range(3):
        found = tokenize(batch([{}] * count))
        assert len(found.offsets) == count + 1
        assert found.offsets.sum() == len(found.data) == len(found.flags) == 0
        assert found.starts.tolist() == [0]


STORIES: list[dict[str, str]] = [
    {
        "title": f"Story {k} - Example",
        "text": "Fish & <b>chips</b> cafe\u0301 " * k,
        "source": ["Example", "The Other"][k % 2],
    }
    for k in range(7)
]


def test_a_slice_is_tokenised_like_a_copy_of_it():
    whole = batch(STORIES)
    same(tokenize(whole.slice(2, 4)), tokenize(batch(STORIES[2:6])))
    same(tokenize(whole.slice(7)), tokenize(batch([])))


@pytest.mark.parametrize(
    "kind",
    [
        pa.large_string(),
        pa.string_view(),
        pa.dictionary(pa.int32(), pa.string()),
        pa.dictionary(pa.int8(), pa.string()),
    ],
)
def test_other_string_types_are_tokenised_alike(kind):
    whole = batch(STORIES)
    columns = {
        name: whole.column(name).cast(kind) if name in ("title", "text", "source", "url") else whole.column(name)
        for name in STORY_SCHEMA.names
    }
    same(tokenize(pa.RecordBatch.from_pydict(columns)), tokenize(whole))


def test_a_missing_string_is_an_empty_one():
    rows: list[dict[str, str | None]] = [
        {"title": None, "text": "cod", "source": None, "url": None},
        {"title": "cod - x"},
    ]
    found = tokenize(pa.RecordBatch.from_pylist(rows, pa.schema([(name, pa.string()) for name in rows[0]])))
    assert found.data.tobytes() == b"cod cod x "


def test_the_batch_is_left_as_it_was():
    whole = batch(STORIES)
    before = whole.to_pylist()
    tokenize(whole)
    assert whole.to_pylist() == before


def test_threads_do_not_disturb_each_other():
    parts = [batch(STORIES[k:] * 20) for k in range(7)]
    expected = [tokenize(part) for part in parts]
    failures = []

    def work(k: int) -> None:
        for _ in range(10):
            try:
                same(tokenize(parts[k]), expected[k])
            except AssertionError as exc:
                failures.append(exc)

    threads = [threading.Thread(target=work, args=(k,)) for k in range(7)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures


def test_every_kernel_is_compiled_for_one_kind_of_arguments():
    tokenize(batch(STORIES))
    tokenize(batch([]))
    tokenize(story_batch([(b"<b>\xff", b"e\xcc\x81", b"x", b"y")]))
    for kernel in (
        composition.survey_fields,
        composition.copy_known,
        markup.remove_markup,
        tokens.tokenize_fields,
        tokens.hash_tokens,
        debris.strip_debris,
        debris.compact_tokens,
    ):
        assert len(kernel.signatures) == 1, kernel


@pytest.mark.slow
@pytest.mark.parametrize("piece", ["word ", "\u4e2d", "e\u0301 ", "<p>One two.</p> "])
def test_a_story_of_many_megabytes_is_tokenised(piece):
    times = 50_000_000 // len(piece.encode())
    found = tokenize(batch([{"title": "big", "text": piece * times}, {"title": "small"}]))
    assert found.offsets[2] - found.offsets[1] == 1
    assert found.offsets[1] == 1 + {"word ": times, "\u4e2d": times - 1, "e\u0301 ": times}.get(piece, 2 * times)
