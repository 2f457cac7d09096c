"""Stories and tokens for tests, made from plain Python values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pyarrow as pa

from dedup.phrases import text_phrases, write_phrases
from dedup.shingles import word_stems
from dedup.stories import STORY_SCHEMA
from dedup.text import Tokens, tokenize

Token = tuple[bytes, int]


def batch(rows: Iterable[Mapping[str, Any]]) -> pa.RecordBatch:
    """A story batch; what a row leaves out is empty, its id the row's number."""
    empty = {"title": "", "text": "", "url": "", "source": "", "published": None, "lang": ""}
    return pa.RecordBatch.from_pylist(
        [{"id": str(k)} | empty | dict(row) for k, row in enumerate(rows)], schema=STORY_SCHEMA
    )


def at(day: int, hour: int = 0) -> datetime:
    """An hour of a day of June 2023."""
    return datetime(2023, 6, day, hour, tzinfo=UTC)


def tokens(stories: Sequence[tuple[Sequence[Token], Sequence[Token]]]) -> Tokens:
    """Tokens of stories given as (title, text), a token being its bytes and flags."""
    every = [token for title, text in stories for token in (*title, *text)]
    offsets = np.cumsum([0] + [len(title) + len(text) for title, text in stories], dtype=np.int64)
    return Tokens(
        data=np.frombuffer(bytearray(b"".join(word + b" " for word, _ in every)), dtype=np.uint8),
        starts=np.cumsum([0] + [len(word) + 1 for word, _ in every], dtype=np.int64),
        flags=np.array([flags for _, flags in every], dtype=np.uint8),
        offsets=offsets,
        title_ends=offsets[:-1] + np.array([len(title) for title, _ in stories], dtype=np.int64),
        marks=np.zeros(len(stories), dtype=np.uint8),
    )


def learned_from(text: str, source: str = "Daily Post") -> str:
    """What is learned where all of a text is a phrase that its source repeats; for `Settings.boilerplate`."""
    stories = batch([{"text": text, "source": source}])
    tokens = tokenize(stories)
    return write_phrases(text_phrases(stories, tokens, word_stems(tokens)))
