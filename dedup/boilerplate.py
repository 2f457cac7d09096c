"""What a source repeats from story to story, learned from the beginning of a feed."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import chain, pairwise
from os import cpu_count
from typing import Literal, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from dedup.batch import check_batches, cluster_hashed
from dedup.hashing import Hashed, HashedFeed, hash_batch, hash_tokens, replace_rows
from dedup.kernels.native.phrases import keep_frequent
from dedup.phrases import hash_sources, tell_phrases, text_phrases, write_phrases
from dedup.settings import Settings
from dedup.shingles import word_stems
from dedup.text import Tokens, tokenize

MOST_STORIES, MOST_BYTES = 10_000, 8 << 20
"""What is learned from: the stories of a feed's first batches that have no more than this together."""

LEAST_STORIES, LEAST_SHARE = 5, 0.02
"""Stories of a source, no two of them one, that a phrase must stand in, and the share of all its stories. What a source
puts around its stories is in many of them; phrases that are common in the language are in a few of a thousand."""

_MOST_PHRASES = 65_536
_SLOT_BITS = 21  # of keys, by which most that are seldom are told without sorting
_PIECE = 2_048  # stories that a thread takes at a time
_LONGEST = 100  # characters of a phrase by which it is told from others
_SHOWN, _TOP = 50, 3  # characters of a phrase, and sources, that people see


Learning = Literal["learn", "off"]


class Learned(NamedTuple):
    """What was learned."""

    boilerplate: str
    """For `Settings.boilerplate`."""
    stories: int
    """That it was learned from."""
    phrases: list[tuple[str, str, int]]
    """Source, words in a row that recur, and in how many of its stories, the most frequent first."""


def learn_boilerplate(
    batches: Iterable[pa.RecordBatch], settings: Settings, hashed: HashedFeed | None = None
) -> tuple[Learned, Iterator[pa.RecordBatch]]:
    """The phrases that recur within the sources of the first stories, and all the batches.

    Args:
        batches: of `STORY_SCHEMA`; those looked at are held in memory.
        settings: by which copies and versions of one story are told, so that they count once.
        hashed: an empty one, to take in the stories learned from, as they are without what was learned. The batches
            returned are then the others.
    """
    every = iter(batches)
    head: list[pa.RecordBatch] = []
    stories = size = 0
    for batch in every:
        head.append(batch)
        stories, size = stories + batch.num_rows, size + batch.nbytes
        if stories >= MOST_STORIES or size >= MOST_BYTES:
            break
    if hashed is None:
        return _learn(head, stories, settings), chain(head, every)
    return _learn(head, stories, settings, hashed), every


def learn_if(
    wanted: Learning, batches: Iterable[pa.RecordBatch], settings: Settings, hashed: HashedFeed | None = None
) -> tuple[Learned, Iterator[pa.RecordBatch]]:
    """`learn_boilerplate` where it is wanted, nothing learned elsewhere."""
    return learn_boilerplate(batches, settings, hashed) if wanted == "learn" else (Learned("", 0, []), iter(batches))


def describe_phrases(learned: Learned, stories: int | None = None) -> str:
    """A line for people: how many phrases do not count, in how many stories, and the most frequent.

    Args:
        learned: at least one phrase.
        stories: from which one was taken, if that is known.
    """
    best: dict[str, tuple[str, int]] = {}
    for source, phrase, count in learned.phrases:
        best.setdefault(source, (phrase, count))
    top = "; ".join(
        f'{source or "no source"} "{phrase[:_SHOWN]}{"..." * (len(phrase) > _SHOWN)}" in {count:,}'
        for source, (phrase, count) in list(best.items())[:_TOP]
    )
    where = "" if stories is None else f", in {stories:,} stories"
    sources = f"{len(best):,} sources repeat" if len(best) > 1 else "one source repeats"
    return (
        f"boilerplate: {len(learned.phrases):,} phrases that {sources} do not count{where}; "
        f"of the first {learned.stories:,} stories: {top}"
    )


def _learn(head: list[pa.RecordBatch], stories: int, settings: Settings, taken: HashedFeed | None = None) -> Learned:
    if not stories:
        return Learned("", 0, [])
    pieces = [batch.slice(first, _PIECE) for batch in check_batches(head) for first in range(0, batch.num_rows, _PIECE)]
    bare = dataclasses.replace(settings, boilerplate="", window=None)
    with ThreadPoolExecutor(settings.threads or cpu_count()) as pool:
        words = list(pool.map(_words, pieces))
        hashed = HashedFeed()
        parts = list(pool.map(partial(hash_tokens, settings=bare), pieces, *zip(*words, strict=True)))
        for part in parts:
            hashed.add(part)
        leaders = cluster_hashed(hashed, bare, pool.map).leaders
        keys = list(pool.map(text_phrases, pieces, *zip(*words, strict=True)))
        sources = np.concatenate([hash_sources(piece) for piece in pieces])
        owners = np.repeat(leaders, np.concatenate([np.diff(tokens.offsets) for tokens, _ in words]))
        recurring = _recurring(np.concatenate(keys), owners, _least(sources, leaders))
        learned = write_phrases(recurring) if len(recurring) else ""
        told = [tell_phrases(piece, *own, learned) for piece, own in zip(pieces, words, strict=True)]
        if taken is not None:
            settings = dataclasses.replace(settings, boilerplate=learned)
            stripped = [stories for _, stories in told]
            for part in pool.map(partial(_hash_stripped, settings=settings), pieces, parts, stripped):
                taken.add(part)
    return Learned(learned, stories, _show(pieces, [tokens for tokens, _ in words], told))


def _hash_stripped(piece: pa.RecordBatch, part: Hashed, stripped: NDArray[np.bool_], settings: Settings) -> Hashed:
    """A batch that was hashed with its phrases, without them; they are in the stories that are told by `stripped`."""
    if not stripped.any():
        return part
    return replace_rows(part, stripped, hash_batch(piece.filter(pa.array(stripped)), settings))


def _words(batch: pa.RecordBatch) -> tuple[Tokens, NDArray[np.uint32]]:
    tokens = tokenize(batch)
    return tokens, word_stems(tokens)


def _least(sources: NDArray[np.uint32], leaders: NDArray[np.int32]) -> NDArray[np.int64]:
    """int64[n]: in how many stories of its source, copies not counted, a phrase of each story must stand."""
    pairs = np.unique(sources.astype(np.uint64) << np.uint64(32) | leaders.astype(np.uint64))
    names, counts = np.unique(pairs >> np.uint64(32), return_counts=True)
    least = np.maximum(LEAST_STORIES, np.ceil(LEAST_SHARE * counts)).astype(np.int64)
    return np.asarray(least[np.searchsorted(names, sources)])


def _recurring(keys: NDArray[np.uint64], owners: NDArray[np.int32], least: NDArray[np.int64]) -> NDArray[np.uint64]:
    """The keys that enough stories have, copies not counted; the most frequent of too many.

    Args:
        keys: uint64[t], the phrases of all stories; written over.
        owners: int32[t], the leader of the story that each stands in; written over.
        least: int64[n], how many leaders are enough for the phrases of a story.
    """
    some = keep_frequent(keys, owners, LEAST_STORIES, _SLOT_BITS, np.zeros(1 << _SLOT_BITS, dtype=np.uint8))
    keys, owners = keys[:some], owners[:some]  # few: most phrases stand in one story
    order = np.lexsort((owners, keys))
    keys, owners = keys[order], owners[order]
    fresh = np.ones(len(keys), dtype=np.bool_)
    fresh[1:] = (keys[1:] != keys[:-1]) | (owners[1:] != owners[:-1])
    distinct, firsts, counts = np.unique(keys[fresh], return_index=True, return_counts=True)
    often = counts >= least[owners[fresh][firsts]]
    distinct, counts = distinct[often], counts[often]
    best: NDArray[np.uint64] = distinct[np.argsort(-counts, kind="stable")[:_MOST_PHRASES]]
    return best


def _show(
    pieces: list[pa.RecordBatch], words: list[Tokens], told: list[tuple[NDArray[np.bool_], NDArray[np.bool_]]]
) -> list[tuple[str, str, int]]:
    """What people see: the longest stretches of words that known phrases cover, by source.

    Args:
        pieces: the stories.
        words: the tokens of each piece.
        told: what `tell_phrases` says of each.
    """
    met: Counter[tuple[str, str]] = Counter()
    for batch, tokens, (kept, stripped) in zip(pieces, words, told, strict=True):
        sources = batch.column("source")
        for row in np.flatnonzero(stripped).tolist():
            first, last = int(tokens.offsets[row]), int(tokens.offsets[row + 1])
            edges = np.flatnonzero(np.diff(kept[first:last], prepend=True, append=True)) + first
            stretches = {
                tokens.data[tokens.starts[start] : tokens.starts[end] - 1].tobytes().decode()[:_LONGEST]
                for start, end in list(pairwise(edges.tolist()))[::2]
            }
            met.update((str(sources[row]), stretch) for stretch in sorted(stretches))  # of equals the first is shown
    return [(source, stretch, count) for (source, stretch), count in met.most_common()]
