"""Story batches -> all that is kept of them: hashes, keys and facts, of one batch and of a whole feed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from dedup.bands import BandKeys, cut_bands
from dedup.evidence import gather, says_too_little
from dedup.kernels.native.evidence import META, META_BITS, META_URL, Facts
from dedup.kernels.native.facts import SECTIONS
from dedup.kernels.native.phrases import STRIPPED
from dedup.phrases import strip_phrases
from dedup.rooms import Room
from dedup.settings import Settings
from dedup.shingles import text_shingles, title_words, word_stems
from dedup.spill import Column, Memory, machine_memory
from dedup.text import Tokens, tokenize

_PREFERRED_LAST = np.iinfo(np.int32).max
_ROOM_SHARE = 4  # of what memory there is a quarter is set aside for hashes: addresses; only what is used is taken
_LEAST_ROOM = 1 << 24  # hashes
_STORIES = 1 << 22  # stories, likewise


class Hashed(NamedTuple):
    """What is kept of a batch once its text has been read."""

    ids: pa.Array
    facts: Facts
    keys: NDArray[np.uint32]  # [bands, n]
    preference: NDArray[np.int32]  # [n] place of the source among the preferred ones


def hash_batch(batch: pa.RecordBatch, settings: Settings) -> Hashed:
    """All that is kept of a batch: everything after this works on hashes."""
    tokens = tokenize(batch)
    return hash_tokens(batch, tokens, word_stems(tokens), settings)


def hash_tokens(batch: pa.RecordBatch, tokens: Tokens, stems: NDArray[np.uint32], settings: Settings) -> Hashed:
    """The same of a batch whose tokens and their stems are known; known phrases are taken out of both."""
    stripped = None
    if settings.boilerplate:
        tokens, stems, stripped = strip_phrases(batch, tokens, stems, settings.boilerplate)
    texts = text_shingles(tokens, settings.shingle_width)
    titles = title_words(tokens, stems)
    facts = gather(batch, tokens, texts, stems)
    if stripped is not None:
        facts.meta[stripped, META_BITS] |= STRIPPED
    keys = cut_bands(texts, titles, facts.meta[:, META_URL], settings)
    if settings.rule == "evidence":  # stories that it cannot judge need not be found
        keys[:, says_too_little(facts)] = 0
    return Hashed(batch.column("id"), facts, keys, source_preference(batch.column("source"), settings))


def source_preference(sources: pa.Array | Sequence[str], settings: Settings) -> NDArray[np.int32]:
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


def replace_rows(part: Hashed, rows: NDArray[np.bool_], other: Hashed) -> Hashed:
    """A batch of which some stories were hashed anew.

    Args:
        part: n stories.
        rows: bool[n], which; their ids and sources are as they were.
        other: these stories, in their order.
    """
    facts, anew = part.facts, other.facts
    sizes = np.diff(facts.bounds)
    old = np.repeat(~rows, sizes)
    sizes[rows] = np.diff(anew.bounds)
    new = np.repeat(rows, sizes)
    hashes = np.empty(len(new), dtype=np.uint32)
    hashes[new], hashes[~new] = anew.hashes, facts.hashes[old]
    columns = {name: array.copy() for name, array in story_columns(facts).items()}
    for name, array in story_columns(anew).items():
        columns[name][rows] = array
    keys = part.keys.copy()
    keys[:, rows] = other.keys
    bounds = np.concatenate([[0], np.cumsum(sizes)])
    return Hashed(part.ids, Facts(hashes=hashes, bounds=bounds, **columns), keys, part.preference)


class HashedFeed:
    """What is kept of the batches added so far, in their order.

    Attributes:
        memory: that it may take; once that is reached, what is large moves to files.
        count: stories.
        ids: of each batch.
        keys: of all bands.
    """

    def __init__(self, memory: Memory | None = None, room: Room | None = None) -> None:
        """Of no story yet; in `room`, if there is some, the hashes are kept."""
        self.memory = memory or Memory()
        self.count = 0
        self.ids: list[pa.Array] = []
        self.keys = BandKeys(self.memory)
        self._preferences: list[NDArray[np.int32]] = []
        self._room = room
        if room is None:
            self._hashes = Column(self.memory, np.uint32, room=_first_room(self.memory.limit))
        else:
            self._hashes = Column(self.memory, np.uint32, rows=room.bytes.view(np.uint32))
        self._bounds = Column(self.memory, np.int64, room=_STORIES + 1)
        self._bounds.add(np.zeros(1, dtype=np.int64))
        self._sections = Column(self.memory, np.uint16, (SECTIONS,), _STORIES)
        self._meta = Column(self.memory, np.uint32, (META,), _STORIES)
        self._times = Column(self.memory, np.int64, room=_STORIES)
        self._content = Column(self.memory, np.uint64, (2,), _STORIES)

    def add(self, part: Hashed) -> None:
        """Take in the next batch.

        Raises:
            DedupError: there is no room for it on the disk.
        """
        if self._room is not None:
            self._room.stop()
            self._room = None
        facts = part.facts
        self._bounds.add(facts.bounds[1:] + len(self._hashes))
        self._hashes.add(facts.hashes)
        self._sections.add(facts.sections)
        self._meta.add(facts.meta)
        self._times.add(facts.times)
        self._content.add(facts.content)
        self.ids.append(part.ids)
        self.keys.add(part.keys)
        self._preferences.append(part.preference)
        self.count += facts.times.shape[0]
        if self.memory.must_spill():
            for column in (self._hashes, self._sections, self._meta, self._content, self.keys):
                column.spill()

    def facts(self) -> Facts:
        """The facts of all stories; the arrays are not copied, and only times may be written to."""
        return Facts(
            hashes=self._hashes.view(),
            bounds=self._bounds.view(),
            sections=self._sections.view(),
            meta=self._meta.view(),
            times=self._times.view(),
            content=self._content.view(),
        )

    def preferences(self) -> NDArray[np.int32]:
        """int32[n], place of each story's source among the preferred ones."""
        return np.concatenate(self._preferences or [np.empty(0, dtype=np.int32)])


def _first_room(limit: int | None) -> int:
    """Hashes that there is room for at first, if so many bytes may be taken: more would have moved to files."""
    share = (machine_memory() or 0) // _ROOM_SHARE
    return max((share if limit is None else min(share, limit)) // 4, _LEAST_ROOM)
