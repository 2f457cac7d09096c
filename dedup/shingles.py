"""Tokens -> shingle hashes of title + text, and word hashes of the title: the two sets a story is looked up by."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dedup.kernels.native.shingles import count_shingles, hash_shingles, hash_stems, hash_title_words
from dedup.text import Tokens


@dataclass(frozen=True, slots=True)
class Shingles:
    """The shingle hashes of n stories, back to back, with repeats.

    Attributes:
        hashes: uint32[m], XXH32 (seed 0) of each shingle's UTF-8.
        bounds: int64[n + 1], story i owns hashes[bounds[i]:bounds[i + 1]].
        ends: int64[n], hashes[bounds[i]:ends[i]] serve retrieval; the rest is too common to.
    """

    hashes: NDArray[np.uint32]
    bounds: NDArray[np.int64]
    ends: NDArray[np.int64]

    @property
    def begins(self) -> NDArray[np.int64]:
        """int64[n], where each story's hashes begin."""
        return self.bounds[:-1]


def text_shingles(tokens: Tokens, width: int) -> Shingles:
    """The shingles, `width` tokens in a row, of every story's title + text; a shorter story is one shingle.

    Shingles of function words alone come last and serve no retrieval: everybody has them.
    """
    count = tokens.offsets.shape[0] - 1
    bounds = np.empty(count + 1, dtype=np.int64)
    count_shingles(tokens.offsets, width, bounds)
    hashes = np.empty(bounds[-1], dtype=np.uint32)
    ends = np.empty(count, dtype=np.int64)
    hash_shingles(tokens.data, tokens.starts, tokens.flags, tokens.offsets, width, bounds, hashes, ends)
    return Shingles(hashes, bounds, ends)


def word_stems(tokens: Tokens) -> NDArray[np.uint32]:
    """uint32[t], XXH32 of each token's first letters, by which words are compared; of a number's all."""
    stems = np.empty(tokens.flags.shape[0], dtype=np.uint32)
    hash_stems(tokens.data, tokens.starts, tokens.flags, stems)
    return stems


def title_words(tokens: Tokens, stems: NDArray[np.uint32]) -> Shingles:
    """The stems of every title's content words; the beginning of the text stands in for a missing title."""
    count = tokens.offsets.shape[0] - 1
    hashes = np.empty(tokens.flags.shape[0], dtype=np.uint32)
    bounds = np.empty(count + 1, dtype=np.int64)
    hash_title_words(
        *(tokens.data, tokens.starts, tokens.flags, stems, tokens.offsets, tokens.title_ends), *(hashes, bounds)
    )
    return Shingles(hashes[: bounds[-1]], bounds, bounds[1:])
