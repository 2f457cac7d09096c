"""One story hashed on its own, without Arrow: many times as fast as a batch of one, and equal to it.

One compiled call does what `dedup.text` and `dedup.evidence` do with columns, by the same kernels. A test demands that
both give the same.
"""

from __future__ import annotations

import functools
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import xxhash
from numpy.typing import NDArray

from dedup import evidence as gathered
from dedup import text
from dedup.bands import count_bands
from dedup.evidence import hash_column, load_meanings
from dedup.hashing import Hashed, hash_batch, source_preference
from dedup.kernels.handles import hold
from dedup.kernels.native.evidence import META, UNDATED, Facts
from dedup.kernels.native.facts import FACTS_CAP, SECTIONS
from dedup.kernels.native.single import NEEDS_MORE, Cuts, Known, Language, hash_name, hash_single
from dedup.kernels.unicode import load_tables
from dedup.phrases import known_phrases
from dedup.settings import Settings
from dedup.signature import permutations
from dedup.stories import STORY_SCHEMA

_KNOWN_SOURCES = 1 << 12
_NO_IDS = pa.array([], pa.string())  # to make one takes as long as to hash a title


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

    key: np.uint32  # hash of the whole, 0 for no name
    hashes: NDArray[np.uint32]  # of its tokens
    name: NDArray[np.uint8]  # read-only, as given
    preference: NDArray[np.int32]  # [1] its place among the preferred ones


class StoryHasher:
    """Hashes stories one at a time with the same settings; may be used by several threads at once."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._bands = count_bands(settings)
        common = text._load_language()
        language = Language(common.salt, common.functions, common.lexicons, load_meanings(), gathered._TRACKERS)
        cuts = Cuts(
            permutations(settings.text.num_perm, settings.seed),
            permutations(settings.title.num_perm, settings.seed),
            settings.text.bands,
            settings.text.rows,
            settings.title.rows,
            settings.shingle_width,
            gathered._TEXT_TOKENS,
            settings.rule == "evidence",
            known_phrases(settings.boilerplate),
            bool(settings.boilerplate),
        )
        self._known = hold(Known(load_tables(), language, cuts))
        self._know = functools.lru_cache(maxsize=_KNOWN_SOURCES)(self._read_source)

    def hash(self, story: StoryFields) -> Hashed:
        """What `dedup.hashing.hash_batch` keeps of a batch of this story, but for its id."""
        title, body = story.title.encode(), story.text.encode()
        title_end = len(title)
        text_end = title_end + len(body)
        data = np.frombuffer(b"".join((title, body, story.url.encode())), dtype=np.uint8)
        source, source_hashes, source_name, preference = self._know(story.source)
        hashes, sections = np.empty(FACTS_CAP, dtype=np.uint32), np.empty((1, SECTIONS), dtype=np.uint16)
        meta, content = np.empty((1, META), dtype=np.uint32), np.empty((1, 2), dtype=np.uint64)
        keys = np.empty((self._bands, 1), dtype=np.uint32)
        count = hash_single(
            *(self._known, source, source_hashes, source_name, data, title_end, text_end),
            *(hashes, sections, meta, content, keys),
        )
        if count < 0:
            return hash_batch(story.to_batch(), self._settings)
        bounds, times = np.array((0, count)), np.array((UNDATED if story.published is None else story.published,))
        facts = Facts(hashes[:count], bounds, sections, meta, times, content)
        return Hashed(_NO_IDS, facts, keys, preference)

    def _read_source(self, name: str) -> _Source:
        raw = np.frombuffer(name.encode(), dtype=np.uint8)
        hashes = np.empty(len(raw), dtype=np.uint32)
        count = hash_name(self._known, raw, hashes) if name.isascii() else NEEDS_MORE
        if count >= 0:
            hashes, whole = hashes[:count], _hash_plain(name)
        else:
            column = pa.array([name], pa.string())
            hashes, _ = text._hash_all(column)
            whole = hash_column(pc.utf8_lower(pc.utf8_trim_whitespace(column)))[0]
        key = np.uint32(whole & np.uint64(0xFFFFFFFF))
        return _Source(key, hashes, raw, source_preference([name], self._settings))


def _hash_plain(name: str) -> np.uint64:
    """What `hash_column` has for a publisher's name of ASCII alone."""
    plain = name.strip().lower().encode()
    return np.uint64(max(xxhash.xxh64_intdigest(plain), 1) if plain else 0)


@functools.lru_cache(maxsize=8)
def _hasher(settings: Settings) -> StoryHasher:
    return StoryHasher(settings)


def hash_story(story: StoryFields, settings: Settings) -> Hashed:
    """What `dedup.hashing.hash_batch` keeps of a batch of this story."""
    return _hasher(settings).hash(story)._replace(ids=pa.array([story.id], pa.string()))
