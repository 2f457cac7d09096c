"""A story's tokens by the slow twins alone, for the tests of the fast ones."""

from __future__ import annotations

import functools
from collections.abc import Sequence

import pyarrow as pa

from dedup import words
from dedup.kernels.flags import CORRECTED, FUNCTION, UPDATED
from dedup.kernels.reference.debris import Phrases, strip_text, strip_title
from dedup.kernels.reference.tokens import Token, field_tokens
from dedup.text import Tokens

Story = tuple[bytes, bytes, bytes, bytes]  # title, text, source, url


def story_batch(stories: Sequence[Story]) -> pa.RecordBatch:
    """Stories as a batch, their bytes as they are: Arrow does not look whether they are UTF-8."""
    columns = {
        name: string_column([story[k] for story in stories])
        for k, name in enumerate(("title", "text", "source", "url"))
    }
    return pa.RecordBatch.from_pydict(columns)


def string_column(values: Sequence[bytes]) -> pa.Array:
    """A string column of any bytes."""
    return pa.array(values, pa.binary()).view(pa.string())


def slow_tokens(story: Story) -> tuple[list[Token], list[Token], int]:
    """What `tokenize` should say of a story: its title's and text's tokens with all flags, and its marks."""
    title, text, source, url = story
    titled, mark = strip_title(field_tokens(title), field_tokens(source), (source, url), phrases())
    told, more = strip_text(field_tokens(text), phrases())
    return list(map(_flagged, titled)), list(map(_flagged, told)), mark | more


def fast_tokens(tokens: Tokens, story: int) -> tuple[list[tuple[bytes, int]], list[tuple[bytes, int]], int]:
    """What `tokenize` says of a story: the bytes and flags of its title's and text's tokens, and its marks."""
    first, middle, last = (int(k) for k in (tokens.offsets[story], tokens.title_ends[story], tokens.offsets[story + 1]))
    found = [
        (tokens.data[tokens.starts[k] : tokens.starts[k + 1] - 1].tobytes(), int(tokens.flags[k]))
        for k in range(first, last)
    ]
    return found[: middle - first], found[middle - first :], int(tokens.marks[story])


@functools.cache
def phrases() -> Phrases:
    """The phrases of `dedup.words`, normalised by the slow tokeniser."""
    prefixes = (words.WIRE_PREFIXES, 0), (words.UPDATING_PREFIXES, UPDATED), (words.CORRECTING_PREFIXES, CORRECTED)
    return Phrases(
        {phrase: mark for text, mark in prefixes for phrase in _normal(text)},
        {
            phrase: mark
            for text, mark in ((words.ADDING_VERBS, UPDATED), (words.CORRECTING_VERBS, CORRECTED))
            for phrase in _normal(text)
        },
        dict.fromkeys(_normal(words.AGENCIES), 0),
        dict.fromkeys(_normal(words.TRAILING_PHRASES), 0),
        dict.fromkeys(_normal(words.CHARACTER_COUNTS), 0),
        b"the",
        frozenset(words.SECOND_LEVELS.encode().split()),
    )


def _normal(text: str) -> list[tuple[bytes, ...]]:
    return [tuple(token.text for token in field_tokens(phrase.encode())) for phrase in words.phrases(text)]


@functools.cache
def _functions() -> frozenset[bytes]:
    every = " ".join(words.FUNCTION_WORDS.values()).split()
    return frozenset(token.text for word in every for token in field_tokens(word.encode()))


def _flagged(token: Token) -> Token:
    function = FUNCTION if token.text in _functions() else 0
    return token._replace(flags=token.flags | function)
