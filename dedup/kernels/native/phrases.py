"""Phrases, some words in a row, that recur in the stories of a source: their keys, and stories without them."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from dedup.kernels.handles import borrow, keep
from dedup.kernels.native.debris import move_bytes, move_tokens
from dedup.kernels.reference.phrases import FEWEST_LEFT, GRAM

STRIPPED = 1 << 7  # bit of meta[:, META_BITS]: a phrase was taken out of the story's text
_FACTOR = np.uint64(0x9E3779B97F4A7C15)
_SPREAD = np.uint64(0xD6E8FEB86659FD93)
_HALF = np.uint64(32)
_ONE = np.uint64(1)
_PIECE = 512  # keys made at a time: few enough for the fastest cache


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
        begin, end = title_ends[i], offsets[i + 1] - GRAM + 1
        _write_keys(words, begin, max(end - begin, 0), np.uint64(sources[i]), keys, begin)


@njit(nogil=True, cache=True)
def keep_frequent(
    keys: NDArray[np.uint64], owners: NDArray[np.int32], least: int, slot_bits: int, counts: NDArray[np.uint8]
) -> int:
    """Move together, in their order, the keys in whose slot there are at least so many, with their owners.

    So all that are met so often are left, and of the others few: they need not be sorted. Returns how many are left.

    keys      : uint64[t]             0 for none; written over
    owners    : int32[t]              who has each; written over likewise
    least     : 1..255
    slot_bits : the first bits of a key, 1..63, are its slot
    counts    : uint8[2**slot_bits]   zeros; overwritten
    """
    keys, owners, counts = borrow(keys), borrow(owners), borrow(counts)
    shift, full = np.uint64(64 - slot_bits), np.uint8(least)
    for k in range(keys.shape[0]):
        slot = keys[k] >> shift
        counts[slot] += np.uint8(keys[k] != np.uint64(0) and counts[slot] < full)
    to = 0
    for k in range(keys.shape[0]):
        keys[to], owners[to] = keys[k], owners[k]
        to += counts[keys[k] >> shift] == full and keys[k] != np.uint64(0)
    return to


@njit(nogil=True, cache=True)
def mark_phrases(
    words: NDArray[np.uint32],
    offsets: NDArray[np.int64],
    title_ends: NDArray[np.int64],
    sources: NDArray[np.uint32],
    known: NDArray[np.uint64],
    kept: NDArray[np.bool_],
    stripped: NDArray[np.bool_],
) -> None:
    """Tell the words that stand in a known phrase; none of a story whose text has fewer than FEWEST_LEFT others.

    words, offsets, title_ends, sources : as `key_phrases` has them
    known                               : uint64[2**s]  an open hash table of the keys of known phrases, 0 for free
    kept                                : bool[t]       overwritten: whether the word is to stay
    stripped                            : bool[n]       overwritten: whether any of the story's words is not
    """
    words, offsets, title_ends, sources = borrow(words), borrow(offsets), borrow(title_ends), borrow(sources)
    known, kept, stripped = borrow(known), borrow(kept), borrow(stripped)
    mask = np.uint64(known.shape[0] - 1)
    made = np.empty(_PIECE, dtype=np.uint64)
    keys = borrow(made)
    kept[:] = True
    for i in range(offsets.shape[0] - 1):
        begin, end = title_ends[i], offsets[i + 1]
        until, lost = begin, 0  # words before `until` are lost if they stand in the text
        for piece in range(begin, end - GRAM + 1, _PIECE):
            count = min(end - GRAM + 1 - piece, _PIECE)
            _write_keys(words, piece, count, np.uint64(sources[i]), keys, 0)
            for k in range(np.uint64(count)):
                key = keys[k]
                if known[key & mask] and _is_known(key, known, mask):  # for most, a free slot says it all
                    first = piece + np.int64(k)
                    for at in range(max(first, until), first + GRAM):
                        kept[at] = False
                        lost += 1
                    until = first + GRAM
        stripped[i] = lost > 0 and end - begin - lost >= FEWEST_LEFT
        if lost and not stripped[i]:
            kept[begin:end] = True
    keep(made)


@njit(nogil=True, cache=True)
def compact_words(
    words: NDArray[np.uint32],
    data: NDArray[np.uint8],
    starts: NDArray[np.int64],
    flags: NDArray[np.uint8],
    offsets: NDArray[np.int64],
    title_ends: NDArray[np.int64],
    kept: NDArray[np.bool_],
    stripped: NDArray[np.bool_],
) -> None:
    """Move the kept words together, in place.

    words               : uint32[t]     hashes of the words; on return those of the kept ones, from the beginning on
    data, starts, flags : uint8[b], int64[t + 1], uint8[t] of the words, as `Tokens` has them, likewise
    offsets, title_ends : int64[n + 1], int64[n], as `key_phrases` has them; on return of the kept words
    kept, stripped      : bool[t], bool[n], as from `mark_phrases`
    """
    words, data, starts, flags, offsets = borrow(words), borrow(data), borrow(starts), borrow(flags), borrow(offsets)
    title_ends, kept, stripped = borrow(title_ends), borrow(kept), borrow(stripped)
    hashes = words.view(np.uint8)
    first = lost = 0
    run, to = 0, 0  # words from `run` on have nothing between them that goes, and are to lie at `to`
    for i in range(stripped.shape[0]):
        title_ends[i] -= lost
        last = offsets[i + 1]
        if stripped[i]:
            k = first
            while True:
                while k < last and kept[k]:
                    k += 1
                if k == last:
                    break
                to = _move_words(hashes, data, starts, flags, run, k, to)
                run = k
                while run < last and not kept[run]:
                    run += 1
                lost += run - k
                k = run
        offsets[i + 1] -= lost
        first = last
    _move_words(hashes, data, starts, flags, run, first, to)


@njit(nogil=True)
def _move_words(
    hashes: NDArray[np.uint8],
    data: NDArray[np.uint8],
    starts: NDArray[np.int64],
    flags: NDArray[np.uint8],
    first: int,
    last: int,
    to: int,
) -> int:
    """`move_tokens` with the words' hashes, four bytes each."""
    if to < first:
        move_bytes(hashes, 4 * first, 4 * last, 4 * (first - to))
    return move_tokens(data, starts, flags, first, last, to)


@njit(nogil=True, forceinline=True)
def _write_keys(
    words: NDArray[np.uint32], first: int, count: int, source: np.uint64, keys: NDArray[np.uint64], to: int
) -> None:
    """Write the keys of the phrases that begin at words[first:first + count] to keys[to:to + count].

    Each by itself, so that the compiler does many at once.
    """
    for k in range(np.uint64(count)):
        key = np.uint64(0)
        for word in range(GRAM):
            key = key * _FACTOR + np.uint64(words[np.uint64(first) + k + np.uint64(word)]) + _ONE
        key = (key ^ source) * _SPREAD
        keys[np.uint64(to) + k] = max(key ^ (key >> _HALF), _ONE)


@njit(nogil=True)
def _is_known(key: np.uint64, known: NDArray[np.uint64], mask: np.uint64) -> bool:
    """Whether the open hash table has the key."""
    slot = key & mask
    while known[slot] and known[slot] != key:
        slot = (slot + _ONE) & mask
    return known[slot] == key
