"""Signatures -> band keys; and which of them are shared, hence worth a lookup."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from dedup.kernels.native import bands as kernels
from dedup.kernels.native.signatures import band_keys
from dedup.settings import LookupSettings, Settings
from dedup.shingles import Shingles
from dedup.signature import sign

_BITS_A_STORY = 16  # of the bit sets; one key in sixteen looks shared and is not
_FEWEST_BITS = 1 << 12

ThreadMap = Callable[[Callable[[int], None], Iterable[int]], Iterable[None]]


def count_bands(settings: Settings) -> int:
    """Rows of a key array: the bands of both lookups, and one for the URL."""
    return settings.text.bands + settings.title.bands + 1


def next_bands(settings: Settings) -> NDArray[np.int64]:
    """int64[bands]: the band whose key splits a full bucket of this one: the next of the same lookup, round robin."""
    text, title = settings.text.bands, settings.title.bands
    following = np.arange(1, text + title + 2, dtype=np.int64)
    following[text - 1], following[text + title - 1], following[text + title] = 0, text, text + title
    return following


def cut_bands(texts: Shingles, titles: Shingles, urls: NDArray[np.uint32], settings: Settings) -> NDArray[np.uint32]:
    """The key of every band of n stories: uint32[bands, n]; 0 where a story has nothing to look up.

    Args:
        texts: shingles of title + text.
        titles: words of the titles.
        urls: uint32[n], hashes of canonical URLs, 0 for none: the last band.
        settings: says how many bands of how many rows.
    """
    keys = np.empty((count_bands(settings), urls.shape[0]), dtype=np.uint32)
    top = settings.text.bands
    _cut(texts, settings.text, settings.seed, keys[:top])
    _cut(titles, settings.title, settings.seed, keys[top:-1])
    keys[-1] = urls
    return keys


def _cut(shingles: Shingles, lookup: LookupSettings, seed: int, keys: NDArray[np.uint32]) -> None:
    values = sign(shingles, lookup.num_perm, seed).values
    band_keys(values, shingles.begins, shingles.ends, lookup.rows, keys)


def find_live(
    keys: Sequence[NDArray[np.uint32]], copies: NDArray[np.bool_], thread_map: ThreadMap
) -> NDArray[np.uint32]:
    """Which bands of each story are worth a lookup: those whose key some story of other content has too, or seems to.

    Args:
        keys: a uint32[bands, n_k] for every batch, in order.
        copies: bool[n], whether an earlier story has the same content.
        thread_map: `map`, or the like of it that runs calls at once.

    Returns:
        uint32[n, ceil(bands / 32)], bit b % 32 of word b // 32 for band b.
    """
    bands = keys[0].shape[0] if keys else 1
    live = np.zeros(((bands + 31) // 32, copies.shape[0]), dtype=np.uint32)
    words = max(_FEWEST_BITS, 1 << (copies.shape[0] * _BITS_A_STORY - 1).bit_length()) // 64 if len(copies) else 64
    ends = np.cumsum([0] + [batch.shape[1] for batch in keys])
    skips = [copies, np.zeros_like(copies)]  # a copy has the keys of the first one, but a URL of its own

    def mark(word: int) -> None:
        once, twice = np.zeros(words, dtype=np.uint64), np.zeros(words, dtype=np.uint64)
        for band in range(word * 32, min(bands, word * 32 + 32)):
            once[:] = 0
            twice[:] = 0
            for k, batch in enumerate(keys):
                kernels.note_keys(batch[band], skips[band == bands - 1][ends[k] : ends[k + 1]], once, twice)
            for k, batch in enumerate(keys):
                kernels.mark_live(batch[band], twice, live[word, ends[k] : ends[k + 1]], band)

    for _ in thread_map(mark, range(live.shape[0])):
        pass
    return np.ascontiguousarray(live.T)
