"""One story hashed on its own, without Arrow: three times as fast as a batch of one, and equal to it.

What `dedup.text` and `dedup.evidence` do with columns is done here with a story's bytes, by the same kernels. A test
demands that both give the same.
"""

from __future__ import annotations

import functools
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from dedup import evidence as gathered
from dedup import text
from dedup.bands import cut_bands
from dedup.evidence import hash_column, load_meanings, says_too_little
from dedup.hashing import Hashed, hash_batch, source_preference
from dedup.kernels.native.composition import survey_fields
from dedup.kernels.native.contents import hash_contents, hash_urls
from dedup.kernels.native.debris import Publishers, Words, compact_tokens, strip_debris
from dedup.kernels.native.evidence import (
    HAS_TEXT,
    META,
    META_BITS,
    META_SOURCE,
    META_TITLE_TOKENS,
    META_TOKENS,
    META_URL,
    REVISED,
    UNDATED,
    Facts,
)
from dedup.kernels.native.facts import FACTS_CAP, SECTIONS, gather_facts
from dedup.kernels.native.picks import RUN_POINTS
from dedup.kernels.native.tokens import MARGIN, flag_functions, tokenize_fields
from dedup.kernels.unicode import load_tables
from dedup.kernels.vectors import LANES
from dedup.settings import Settings
from dedup.shingles import Shingles, text_shingles, title_words, word_stems
from dedup.stories import STORY_SCHEMA
from dedup.text import Tokens

_KNOWN_SOURCES = 1 << 12
_FIELDS = np.arange(2)


class StoryFields(NamedTuple):
    """A story in the fields of `STORY_SCHEMA`, in their order; `published` in microseconds since 1970 or None."""

    id: str
    title: str
    text: str
    url: str
    source: str
    published: int | None
    lang: str

    def to_batch(self) -> pa.RecordBatch:
        """A batch of this story."""
        arrays = [pa.array([value], type=field.type) for value, field in zip(self, STORY_SCHEMA, strict=True)]
        return pa.RecordBatch.from_arrays(arrays, schema=STORY_SCHEMA)


class _Source(NamedTuple):
    """What a publisher's name comes to."""

    token_hashes: NDArray[np.uint32]
    bounds: NDArray[np.int64]
    name: NDArray[np.uint8]
    span: NDArray[np.int64]
    hash: np.uint32
    preference: NDArray[np.int32]


def hash_story(story: StoryFields, settings: Settings) -> Hashed:
    """What `dedup.hashing.hash_batch` keeps of a batch of this story."""
    found = _tokenize(story, settings)
    if found is None or not found[0].offsets[1]:  # the rare ways are gone by one road
        return hash_batch(story.to_batch(), settings)
    tokens, source = found
    texts = text_shingles(tokens, settings.shingle_width)
    stems = word_stems(tokens)
    titles = title_words(tokens, stems)
    facts = _gather(story, tokens, texts, stems, source)
    keys = cut_bands(texts, titles, facts.meta[:, META_URL], settings)
    if settings.rule == "evidence" and says_too_little(facts)[0]:
        keys[:] = 0
    return Hashed(pa.array([story.id], pa.string()), facts, keys, source.preference)


def _tokenize(story: StoryFields, settings: Settings) -> tuple[Tokens, _Source] | None:
    """The story's tokens and its publisher; None where markup or composition take more than `tokenize_fields`."""
    title, body, url = story.title.encode(), story.text.encode(), story.url.encode()
    sources = (_bytes(title), _bytes(body), _bytes(b""))
    spans = np.array([[0, 0, len(title)], [1, 0, len(body)]], dtype=np.int64)
    tables = load_tables()
    special = np.empty(2, dtype=np.uint8)
    survey_fields(sources, spans, _FIELDS, tables, special)
    if special[0] or special[1]:
        return None
    size = len(title) + len(body)
    room = size // 4 + 2 * MARGIN
    data, starts = np.empty(size + size // 4 + 2 * MARGIN, dtype=np.uint8), np.empty(room, dtype=np.int64)
    flags, gaps = np.empty(room, dtype=np.uint8), np.empty(room, dtype=np.uint8)
    starts[0] = 0
    ends = np.empty(2, dtype=np.int64)
    field, _ = tokenize_fields(sources, spans, tables, 0, 0, data, starts, flags, gaps, ends)
    if field < 2:  # bigrams, which take more room
        return None
    language = text._load_language()
    flag_functions(data, starts, language.salt, language.functions, flags[: ends[1]])
    source = _know_source(story.source, settings)
    publishers = Publishers(
        source.token_hashes,
        source.bounds,
        np.zeros(1, dtype=np.int64),
        source.name,
        source.span,
        _bytes(url),
        np.array([[0, len(url)]], dtype=np.int64),
    )
    words = Words(data, starts, flags, gaps)
    kept, marks = np.empty((1, 4), dtype=np.int64), np.empty(1, dtype=np.uint8)
    strip_debris(words, ends.reshape(1, 2), publishers, language.lexicons, kept, marks)
    offsets, title_ends = np.empty(2, dtype=np.int64), np.empty(1, dtype=np.int64)
    compact_tokens(words, kept, offsets, title_ends)
    count = int(offsets[1])
    tokens = Tokens(data[: starts[count]], starts[: count + 1], flags[:count], offsets, title_ends, marks)
    return tokens, source


def _gather(story: StoryFields, tokens: Tokens, texts: Shingles, stems: NDArray[np.uint32], source: _Source) -> Facts:
    count, shingles = int(tokens.offsets[1]), int(texts.bounds[1])
    hashes = np.empty(min(9 * count + len(tokens.data) + shingles, FACTS_CAP), dtype=np.uint32)
    bounds = np.empty(2, dtype=np.int64)
    sections = np.empty((1, SECTIONS), dtype=np.uint16)
    scratch = np.empty(2 * (max(shingles, count, RUN_POINTS) + LANES), dtype=np.uint32)
    told = tokens.data, tokens.starts, tokens.flags, stems, tokens.offsets, tokens.title_ends
    gather_facts(*told, texts.hashes, texts.bounds, load_meanings(), scratch, hashes, bounds, sections)
    url = story.url.encode()
    urls = np.empty(1, dtype=np.uint32)
    hash_urls(_bytes(url), _offsets(len(url)), gathered._TRACKERS, urls)
    in_title = int(tokens.title_ends[0])
    meta = np.empty((1, META), dtype=np.uint32)
    meta[0, META_TITLE_TOKENS], meta[0, META_TOKENS] = in_title, count
    meta[0, META_SOURCE], meta[0, META_URL] = source.hash, urls[0]
    has_text = count - in_title >= gathered._TEXT_TOKENS
    meta[0, META_BITS] = HAS_TEXT * has_text + REVISED * int(tokens.marks[0] != 0)
    content = np.empty((1, 2), dtype=np.uint64)
    hash_contents(
        *(tokens.data, tokens.starts, tokens.flags, tokens.offsets),
        *(np.array([source.hash], dtype=np.uint32), np.zeros(1, dtype=np.uint64), content),
    )
    times = np.array([UNDATED if story.published is None else story.published], dtype=np.int64)
    return Facts(hashes[: bounds[1]], bounds, sections, meta, times, content)


@functools.lru_cache(maxsize=_KNOWN_SOURCES)
def _know_source(name: str, settings: Settings) -> _Source:
    column = pa.array([name], pa.string())
    token_hashes, ends = text._hash_all(column)
    lowered = hash_column(pc.utf8_lower(pc.utf8_trim_whitespace(column)))
    raw = name.encode()
    return _Source(
        token_hashes,
        np.concatenate([[0], ends]),
        _bytes(raw),
        np.array([[0, len(raw)]], dtype=np.int64),
        np.uint32(lowered[0] & np.uint64(0xFFFFFFFF)),
        source_preference(column, settings),
    )


def _bytes(data: bytes) -> NDArray[np.uint8]:
    """Bytes as a read-only array: the one kind that kernels are compiled for."""
    return np.frombuffer(data, dtype=np.uint8)


def _offsets(end: int) -> NDArray[np.int32]:
    """The offsets of an Arrow column of one string; read-only, as Arrow's are."""
    offsets = np.array([0, end], dtype=np.int32)
    offsets.flags.writeable = False
    return offsets
