"""Phrases, some words in a row, that recur in the stories of a source: their keys, and stories without them."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from dedup.kernels.reference.phrases import FEWEST_LEFT, GRAM

STRIPPED = 1 << 7  # bit of meta[:, META_BITS]: a phrase was taken out of the story's text
_FACTOR = np.uint64(0x9E3779B97F4A7C15)
_SPREAD = np.uint64(0xD6E8FEB86659FD93)
_OUT = np.uint64(pow(0x9E3779B97F4A7C15, GRAM, 2**64))  # what the word that leaves the phrase was multiplied by
_HALF = np.uint64(32)
_ONE = np.uint64(1)


@njit(nogil=True, cache=True)
def key_phrases(
    words: NDArray[np.uint32],
    offsets: NDArray[np.int64],
    title_ends: NDArray[np.int64],
    sources: NDArray[np.uint32],
    keys: NDArray[np.uint64],
) -> None:
    """Write the key of the phrase, GRAM words, that begins at each word of the stories' texts.

    words      : uint32[t]     hashes of the words
    offsets    : int64[n + 1]  story i owns words offsets[i]:offsets[i + 1]
    title_ends : int64[n]      its title is words offsets[i]:title_ends[i]
    sources    : uint32[n]     hashes of who published them
    keys       : uint64[t]     overwritten; 0 in titles and where fewer than GRAM words follow, never 0 elsewhere
    """
    keys[:] = np.uint64(0)
    for i in range(offsets.shape[0] - 1):
        rolled, source = np.uint64(0), np.uint64(sources[i])
        for k in range(title_ends[i], offsets[i + 1]):
            rolled = rolled * _FACTOR + np.uint64(words[k]) + _ONE
            first = k - GRAM + 1
            if first > title_ends[i]:
                rolled -= (np.uint64(words[first - 1]) + _ONE) * _OUT
            if first >= title_ends[i]:
                key = (rolled ^ source) * _SPREAD
                keys[first] = max(key ^ (key >> _HALF), _ONE)


@njit(nogil=True, cache=True)
def mark_phrases(
    keys: NDArray[np.uint64],
    offsets: NDArray[np.int64],
    title_ends: NDArray[np.int64],
    known: NDArray[np.uint64],
    kept: NDArray[np.bool_],
    stripped: NDArray[np.bool_],
) -> None:
    """Tell the words that stand in a known phrase; none of a story whose text has fewer than FEWEST_LEFT others.

    keys                : uint64[t]     from `key_phrases`
    offsets, title_ends : as there
    known               : uint64[2**s]  an open hash table of the keys of known phrases, 0 for a free slot
    kept                : bool[t]       overwritten: whether the word is to stay
    stripped            : bool[n]       overwritten: whether any of the story's words is not
    """
    mask = known.shape[0] - 1
    for i in range(offsets.shape[0] - 1):
        until, left = offsets[i], 0
        for k in range(offsets[i], offsets[i + 1]):
            key = keys[k]
            slot = np.int64(key & np.uint64(mask))
            while key and known[slot] and known[slot] != key:
                slot = (slot + 1) & mask
            if key and known[slot]:
                until = k + GRAM
            kept[k] = k >= until
            left += k >= until and k >= title_ends[i]
        stripped[i] = until > offsets[i] and left >= FEWEST_LEFT
        if not stripped[i]:
            kept[offsets[i] : offsets[i + 1]] = True
