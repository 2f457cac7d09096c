"""Tokens and shingles -> the facts kept of a story, and what they say of two stories."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from dedup.kernels.native.contents import hash_contents, hash_strings, hash_urls
from dedup.kernels.native.evidence import (
    FEATURES,
    HAS_TEXT,
    META,
    META_BITS,
    META_SOURCE,
    META_TITLE_TOKENS,
    META_TOKENS,
    META_URL,
    REVISED,
    TRUNCATED,
    UNDATED,
    Facts,
    measure,
)
from dedup.kernels.native.facts import FACTS_CAP, SECTIONS, gather_facts
from dedup.kernels.reference.contents import TRACKERS, hash_name
from dedup.shingles import Shingles
from dedup.text import Tokens

EVIDENCE = (
    "title_jaccard",  # of the titles' content words, cut to stems
    "title_containment",  # of the smaller set in the larger
    "head_jaccard",  # of the content words in the first 48 tokens of title + text
    "head_containment",
    "text_jaccard",  # of the shingles of title + text
    "text_containment",
    "title_numbers",  # share of the titles' numbers that one of them lacks; 0 if either has none
    "head_numbers",  # the same for the first 70 tokens of title + text
    "names",  # the same for the capitalised words there, where the text runs
    "length_ratio",  # tokens of the shorter over tokens of the longer
    "same_source",  # 1 or 0
    "same_url",  # 1 or 0
    "hours_apart",  # at most 72
)
"""Names of the evidence on two stories, in the order of the arrays that hold it. All are 0..1 but the hours."""

_TEXT_TOKENS = 8  # a shorter text says too little to be judged as one
_TRACKERS = np.array(sorted({hash_name(name) for name in TRACKERS}), dtype=np.uint32)


def string_buffers(column: pa.Array) -> tuple[NDArray[np.int32], NDArray[np.uint8]]:
    """The offsets (int32[n + 1]) and bytes (uint8[m]) of an Arrow string column, without a copy."""
    _, offsets, data = column.buffers()
    if offsets is None or len(column) == 0:
        return np.zeros(len(column) + 1, dtype=np.int32), np.empty(0, dtype=np.uint8)
    places = np.frombuffer(offsets, dtype=np.int32)[column.offset : column.offset + len(column) + 1]
    return places, np.frombuffer(data, dtype=np.uint8) if data is not None else np.empty(0, dtype=np.uint8)


def hash_column(column: pa.Array) -> NDArray[np.uint64]:
    """uint64[n], XXH64 of each string's bytes; 0 for an empty one."""
    offsets, data = string_buffers(column)
    hashes = np.empty(len(column), dtype=np.uint64)
    hash_strings(data, offsets, hashes)
    return hashes


def gather(batch: pa.RecordBatch, tokens: Tokens, titles: Shingles, texts: Shingles) -> Facts:
    """What is kept of a batch's stories for verification; `times` are as the feed gives them, UNDATED where missing."""
    count = batch.num_rows
    lengths = np.diff(tokens.offsets)
    room = np.minimum(5 * lengths + np.diff(texts.bounds), FACTS_CAP).sum()
    hashes = np.empty(room, dtype=np.uint32)
    bounds = np.empty(count + 1, dtype=np.int64)
    sections = np.empty((count, SECTIONS), dtype=np.uint16)
    truncated = np.empty(count, dtype=np.bool_)
    scratch = np.empty(2 * int(np.diff(texts.bounds).max(initial=0)) + FACTS_CAP, dtype=np.uint32)
    gather_facts(
        *(tokens.data, tokens.starts, tokens.flags, tokens.offsets, tokens.title_ends),
        *(titles.hashes, titles.bounds, texts.hashes, texts.bounds),
        *(scratch, hashes, bounds, sections, truncated),
    )
    meta = np.empty((count, META), dtype=np.uint32)
    meta[:, META_TITLE_TOKENS] = tokens.title_ends - tokens.offsets[:-1]
    meta[:, META_TOKENS] = lengths
    sources = hash_column(pc.utf8_lower(pc.utf8_trim_whitespace(batch.column("source"))))
    meta[:, META_SOURCE] = sources & np.uint64(0xFFFFFFFF)
    meta[:, META_URL] = _hash_urls(batch.column("url"))
    has_text = tokens.offsets[1:] - tokens.title_ends >= _TEXT_TOKENS
    meta[:, META_BITS] = HAS_TEXT * has_text + TRUNCATED * truncated + REVISED * (tokens.marks != 0)
    content = np.empty((count, 2), dtype=np.uint64)
    raw = np.zeros(count, dtype=np.uint64)
    if not lengths.all():  # what a story without a word is the copy of is told by its bytes
        raw = hash_column(batch.column("title")) * np.uint64(31) + hash_column(batch.column("text"))
    hash_contents(tokens.data, tokens.starts, tokens.flags, tokens.offsets, meta[:, META_SOURCE].copy(), raw, content)
    return Facts(hashes[: bounds[-1]].copy(), bounds, sections, meta, _times(batch.column("published")), content)


def _hash_urls(column: pa.Array) -> NDArray[np.uint32]:
    offsets, data = string_buffers(column)
    hashes = np.empty(len(column), dtype=np.uint32)
    hash_urls(data, offsets, _TRACKERS, hashes)
    return hashes


def _times(column: pa.Array) -> NDArray[np.int64]:
    """int64[n], microseconds since 1970 or UNDATED."""
    numbers = pc.fill_null(column.cast(pa.int64()), pa.scalar(UNDATED, pa.int64()))
    return np.asarray(numbers.to_numpy(zero_copy_only=False), dtype=np.int64)


def weigh(facts: Facts, i: int, j: int) -> dict[str, float]:
    """The evidence on stories i and j, by name."""
    values = np.empty(FEATURES, dtype=np.float32)
    measure(facts, i, j, values)
    return dict(zip(EVIDENCE, values.tolist(), strict=True))
