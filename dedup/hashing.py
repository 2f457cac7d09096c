"""Story batches -> all that is kept of them: hashes, keys and facts, of one batch and of a whole feed."""

from __future__ import annotations

import os
from typing import Any, NamedTuple, TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from dedup.bands import cut_bands
from dedup.evidence import gather, says_too_little
from dedup.kernels.native.evidence import META, META_URL, Facts
from dedup.kernels.native.facts import SECTIONS
from dedup.settings import Settings
from dedup.shingles import text_shingles, title_words, word_stems
from dedup.text import tokenize

_PREFERRED_LAST = np.iinfo(np.int32).max
_ROOM_SHARE = 4  # of the machine's memory a quarter is set aside for hashes: addresses; only what is used is taken
_LEAST_ROOM = 1 << 24  # hashes
_STORIES = 1 << 22  # stories, likewise
_T = TypeVar("_T", bound=np.generic)
_GROWTH = 4  # times the room, once that is full: what was written moves, so this should be rare


class Hashed(NamedTuple):
    """What is kept of a batch once its text has been read."""

    ids: pa.Array
    facts: Facts
    keys: NDArray[np.uint32]  # [bands, n]
    preference: NDArray[np.int32]  # [n] place of the source among the preferred ones


def hash_batch(batch: pa.RecordBatch, settings: Settings) -> Hashed:
    """All that is kept of a batch: everything after this works on hashes."""
    tokens = tokenize(batch)
    texts = text_shingles(tokens, settings.shingle_width)
    stems = word_stems(tokens)
    titles = title_words(tokens, stems)
    facts = gather(batch, tokens, texts, stems)
    keys = cut_bands(texts, titles, facts.meta[:, META_URL], settings)
    if settings.rule == "evidence":  # stories that it cannot judge need not be found
        keys[:, says_too_little(facts)] = 0
    return Hashed(batch.column("id"), facts, keys, source_preference(batch.column("source"), settings))


def source_preference(sources: pa.Array, settings: Settings) -> NDArray[np.int32]:
    """int32[n], the place of each source among the preferred ones; larger than any for the others."""
    if not settings.preferred_sources:
        return np.full(len(sources), _PREFERRED_LAST, dtype=np.int32)
    wanted = pa.array([name.lower() for name in settings.preferred_sources], type=pa.string())
    places = pc.index_in(pc.utf8_lower(pc.utf8_trim_whitespace(sources)), value_set=wanted)
    return np.asarray(pc.fill_null(places, _PREFERRED_LAST).to_numpy(zero_copy_only=False), dtype=np.int32)


def story_columns(facts: Facts) -> dict[str, NDArray[Any]]:
    """The arrays of `Facts` that have a row a story: all but the hashes and their bounds."""
    return {name: array for name, array in facts._asdict().items() if name not in ("hashes", "bounds")}


def select_rows(part: Hashed, keep: NDArray[np.bool_]) -> Hashed:
    """Some stories of a batch, in their order.

    Args:
        part: n stories.
        keep: bool[n], which.
    """
    facts = part.facts
    sizes = np.diff(facts.bounds)
    chosen = Facts(
        hashes=facts.hashes[np.repeat(keep, sizes)],
        bounds=np.concatenate([[0], np.cumsum(sizes[keep])]),
        **{name: array[keep] for name, array in story_columns(facts).items()},
    )
    return Hashed(part.ids.filter(pa.array(keep)), chosen, part.keys[:, keep], part.preference[keep])


class HashedFeed:
    """What is kept of the batches added so far, in their order.

    Attributes:
        count: stories.
        ids, keys: of each batch, cf. `Hashed`.
    """

    def __init__(self) -> None:
        self.count = 0
        self.ids: list[pa.Array] = []
        self.keys: list[NDArray[np.uint32]] = []
        self._preferences: list[NDArray[np.int32]] = []
        self._hashes = np.empty(_first_room(), dtype=np.uint32)
        self._bounds = np.empty(_STORIES + 1, dtype=np.int64)
        self._bounds[0] = 0
        self._sections = np.empty((_STORIES, SECTIONS), dtype=np.uint16)
        self._meta = np.empty((_STORIES, META), dtype=np.uint32)
        self._times = np.empty(_STORIES, dtype=np.int64)
        self._content = np.empty((_STORIES, 2), dtype=np.uint64)

    def add(self, part: Hashed) -> None:
        """Take in the next batch."""
        facts = part.facts
        rows = slice(self.count, self.count + facts.times.shape[0])
        begin = int(self._bounds[self.count])
        end = begin + facts.hashes.shape[0]
        self._hashes = _with_room(self._hashes, begin, end)
        self._bounds = _with_room(self._bounds, rows.start + 1, rows.stop + 1)
        self._sections = _with_room(self._sections, rows.start, rows.stop)
        self._meta = _with_room(self._meta, rows.start, rows.stop)
        self._times = _with_room(self._times, rows.start, rows.stop)
        self._content = _with_room(self._content, rows.start, rows.stop)
        self._hashes[begin:end] = facts.hashes
        self._bounds[rows.start + 1 : rows.stop + 1] = facts.bounds[1:] + begin
        self._sections[rows], self._meta[rows] = facts.sections, facts.meta
        self._times[rows], self._content[rows] = facts.times, facts.content
        self.ids.append(part.ids)
        self.keys.append(part.keys)
        self._preferences.append(part.preference)
        self.count = rows.stop

    def facts(self) -> Facts:
        """The facts of all stories; the arrays are not copied."""
        return Facts(
            hashes=self._hashes[: self._bounds[self.count]],
            bounds=self._bounds[: self.count + 1],
            sections=self._sections[: self.count],
            meta=self._meta[: self.count],
            times=self._times[: self.count],
            content=self._content[: self.count],
        )

    def preferences(self) -> NDArray[np.int32]:
        """int32[n], place of each story's source among the preferred ones."""
        return np.concatenate(self._preferences or [np.empty(0, dtype=np.int32)])


def _first_room() -> int:
    """Hashes that there is room for at first."""
    if not hasattr(os, "sysconf"):
        return _LEAST_ROOM
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return max(memory // _ROOM_SHARE // 4, _LEAST_ROOM)


def _with_room(array: NDArray[_T], used: int, needed: int) -> NDArray[_T]:
    """The array, or a copy of its first `used` rows with room for `needed`."""
    if needed <= array.shape[0]:
        return array
    larger = np.empty((max(needed, _GROWTH * array.shape[0]), *array.shape[1:]), dtype=array.dtype)
    larger[:used] = array[:used]
    return larger
