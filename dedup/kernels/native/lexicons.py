"""Phrases that count as debris, looked up by hashes of tokens. Twin: `dedup.kernels.reference.debris`."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from dedup.kernels.xxh32 import xxh32

_ONE = np.uint64(1)


class Lexicon(NamedTuple):
    """Phrases to be looked up by the hash of the token at one end; p of them."""

    keys: NDArray[np.uint32]  # [p] hash of the end token, ascending
    bounds: NDArray[np.int64]  # [p + 1] phrase k is hashes[bounds[k]:bounds[k + 1]]
    hashes: NDArray[np.uint32]  # the tokens' hashes, in reading order
    marks: NDArray[np.uint8]  # [p] the mark of the story that it makes, 0 for none


class Lexicons(NamedTuple):
    """All the phrases that count as debris."""

    prefixes: Lexicon  # by first token
    verbs: Lexicon  # of one token
    counts: Lexicon  # of one token
    agencies: Lexicon  # by last token
    trailing: Lexicon  # by last token
    article: NDArray[np.uint32]  # [1] "the", which a publisher's name may lack
    second_levels: NDArray[np.int64]  # [s] the bytes of each, the first lowest


@njit(nogil=True)
def hash_token(data: NDArray[np.uint8], starts: NDArray[np.int64], token: int) -> np.uint32:
    """XXH32 of a token."""
    return xxh32(data, starts[token], starts[token + 1] - 1)


@njit(nogil=True, forceinline=True)
def longest_before(data: NDArray[np.uint8], starts: NDArray[np.int64], first: int, end: int, lexicon: Lexicon) -> int:
    """The length of the longest phrase that tokens first:end end in, 0 for none; first < end."""
    longest = 0
    key = hash_token(data, starts, end - 1)
    phrase = first_phrase(lexicon.keys, key)
    while phrase < lexicon.keys.shape[0] and lexicon.keys[phrase] == key:
        size = lexicon.bounds[phrase + 1] - lexicon.bounds[phrase]
        if longest < size <= end - first and begins_with(data, starts, end - size, end, lexicon, phrase):
            longest = size
        phrase += 1
    return longest


@njit(nogil=True)
def first_phrase(keys: NDArray[np.uint32], key: np.uint32) -> int:
    """The first phrase whose key is not below."""
    low, count = np.uint64(0), np.uint64(keys.shape[0])
    while count:  # without a branch that depends on a key: it would be guessed wrong every other time
        half = count >> _ONE
        below = keys[low + half] < key
        low, count = (low + half + _ONE, count - half - _ONE) if below else (low, half)
    return np.int64(low)


@njit(nogil=True)
def is_key(keys: NDArray[np.uint32], key: np.uint32) -> bool:
    """Whether this is one of some sorted keys."""
    phrase = first_phrase(keys, key)
    return phrase < keys.shape[0] and keys[phrase] == key


@njit(nogil=True, forceinline=True)
def begins_with(
    data: NDArray[np.uint8], starts: NDArray[np.int64], first: int, end: int, lexicon: Lexicon, phrase: int
) -> bool:
    """Whether tokens first:end begin with the phrase."""
    start, stop = lexicon.bounds[phrase], lexicon.bounds[phrase + 1]
    if end - first < stop - start:
        return False
    for k in range(stop - start):
        if hash_token(data, starts, first + k) != lexicon.hashes[start + k]:
            return False
    return True
