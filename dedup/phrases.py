"""Phrases that a source repeats from story to story: learned from stories, and taken out of their texts.

What was learned is a value among the settings, so that whoever has the same settings reads a story alike.
"""

from __future__ import annotations

import base64
import binascii
import functools
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from dedup.errors import SettingsError
from dedup.evidence import hash_column
from dedup.kernels.native.phrases import compact_words, key_phrases, mark_phrases
from dedup.text import Tokens

_LEAST_SLOTS = 4096  # few phrases have more room: what the fastest cache holds costs nothing


class Stripped(NamedTuple):
    """Tokens without known phrases."""

    tokens: Tokens
    stems: NDArray[np.uint32]  # [t], of the tokens that are left
    stories: NDArray[np.bool_]  # [n], from which something was taken


def strip_phrases(batch: pa.RecordBatch, tokens: Tokens, stems: NDArray[np.uint32], learned: str) -> Stripped:
    """The tokens of a batch without the phrases learned of their sources.

    Args:
        batch: n stories; their sources are read.
        tokens: of the batch. Its arrays are written over: what is left is moved together in them.
        stems: uint32[t], of the tokens; written over likewise.
        learned: `Settings.boilerplate`.
    """
    kept, stories = tell_phrases(batch, tokens, stems, learned)
    if stories.any():
        compact_words(
            *(stems, tokens.data, tokens.starts, tokens.flags),
            *(tokens.offsets, tokens.title_ends, kept, stories),
        )
        left = tokens.offsets[-1]
        data, starts = tokens.data[: tokens.starts[left]], tokens.starts[: left + 1]
        tokens = Tokens(data, starts, tokens.flags[:left], tokens.offsets, tokens.title_ends, tokens.marks)
        stems = stems[:left]
    return Stripped(tokens, stems, stories)


def tell_phrases(
    batch: pa.RecordBatch, tokens: Tokens, stems: NDArray[np.uint32], learned: str
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """bool[t], whether a token stands in none of the phrases learned of its source; bool[n], the stories with one.

    The arguments are those of `strip_phrases`, and only read.
    """
    kept = np.empty(len(stems), dtype=np.bool_)
    stories = np.empty(batch.num_rows, dtype=np.bool_)
    sources = hash_sources(batch)
    mark_phrases(stems, tokens.offsets, tokens.title_ends, sources, known_phrases(learned), kept, stories)
    return kept, stories


def text_phrases(batch: pa.RecordBatch, tokens: Tokens, stems: NDArray[np.uint32]) -> NDArray[np.uint64]:
    """uint64[t], a key of the phrase that begins at each token of the texts, and of the source; 0 where none does."""
    keys = np.empty(len(stems), dtype=np.uint64)
    key_phrases(stems, tokens.offsets, tokens.title_ends, hash_sources(batch), keys)
    return keys


def hash_sources(batch: pa.RecordBatch) -> NDArray[np.uint32]:
    """uint32[n], a hash of who published each story, as among its facts."""
    names = hash_column(pc.utf8_lower(pc.utf8_trim_whitespace(batch.column("source"))))
    return np.asarray((names & np.uint64(0xFFFFFFFF)).astype(np.uint32))


def write_phrases(keys: NDArray[np.uint64]) -> str:
    """The keys of phrases as `Settings.boilerplate` holds them: base64 of 8 bytes each, sorted."""
    return base64.b64encode(np.unique(keys).astype("<u8").tobytes()).decode("ascii")


def count_phrases(learned: str) -> int:
    """How many keys were written."""
    return len(base64.b64decode(learned)) // 8


@functools.lru_cache(maxsize=8)
def known_phrases(learned: str) -> NDArray[np.uint64]:
    """uint64[2**s], the keys as an open hash table, at most a sixteenth full, so that most words find a free slot.

    Raises:
        SettingsError: not what `write_phrases` wrote.
    """
    try:
        keys = np.frombuffer(base64.b64decode(learned, validate=True), dtype="<u8")
    except (binascii.Error, ValueError) as exc:
        raise SettingsError(f"boilerplate is what was learned from stories, got {learned[:20]!r}") from exc
    slots = np.zeros(max(_LEAST_SLOTS, 1 << (16 * len(keys)).bit_length()), dtype=np.uint64)
    for key in keys.tolist():
        slot = key % len(slots)
        while slots[slot]:
            slot = (slot + 1) % len(slots)
        slots[slot] = key
    slots.flags.writeable = False
    return slots
