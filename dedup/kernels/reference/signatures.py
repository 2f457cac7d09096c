"""The slow twin of `native.signatures` and `native.bands`: plain integers, one story at a time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

_WORD = 2**32


def mix32(h: int) -> int:
    """MurmurHash3's finaliser."""
    h = (h ^ (h >> 16)) * 0x85EBCA6B % _WORD
    h = (h ^ (h >> 13)) * 0xC2B2AE35 % _WORD
    return h ^ (h >> 16)


def minhash(hashes: Iterable[int], a: Sequence[int], b: Sequence[int]) -> list[int]:
    """The least value each permutation x -> a * x + b gives any of the hashes, mixed first; 2**32 - 1 for none."""
    mixed = [mix32(x) for x in hashes]
    return [
        min([(slope * x + shift) % _WORD for x in mixed], default=_WORD - 1) for slope, shift in zip(a, b, strict=True)
    ]


def minhash_rows(
    hashes: NDArray[np.uint32],
    begins: NDArray[np.int64],
    ends: NDArray[np.int64],
    a: NDArray[np.uint32],
    b: NDArray[np.uint32],
    out: NDArray[np.uint32],
) -> None:
    """What `native.signatures.minhash` writes; a matrix a story, for where loops are not compiled."""
    for i, (begin, end) in enumerate(zip(begins.tolist(), ends.tolist(), strict=True)):
        mixed = np.array([mix32(x) for x in hashes[begin:end].tolist()], dtype=np.uint32)
        out[i] = (a[:, None] * mixed + b[:, None]).min(axis=1, initial=np.uint32(_WORD - 1))


def band_key(values: Sequence[int]) -> int:
    """The key of a band of signature values, never 0; of b bands the first takes the values 0, b, 2 * b, ..."""
    key = 0
    for value in values:
        key = mix32((key * 31 + value + 0x9E3779B9) % _WORD)
    return max(key, 1)


def shared_keys(keys: Iterable[int]) -> set[int]:
    """The keys of a band that more than one story has."""
    return {key for key, count in Counter(keys).items() if key and count > 1}


def buckets(
    keys: Sequence[Sequence[int]], copies: Sequence[bool], slices: Sequence[int], limit: int
) -> tuple[list[list[int]], list[set[int]]]:
    """Of each story the earlier ones it is told of, once a band, and the bands in which it is crowded.

    keys   : of each band, the last of which counts copies too
    copies : whether an earlier story has the same content
    slices : of time
    """
    told: list[list[int]] = [[] for _ in keys]
    crowded: list[set[int]] = [set() for _ in keys]
    for band in range(len(keys[0]) if keys else 0):
        last = band == len(keys[0]) - 1
        shared = shared_keys(own[band] for own, copy in zip(keys, copies, strict=True) if last or not copy)
        for key in shared:
            same = [i for i, own in enumerate(keys) if own[band] == key]
            full = {
                place
                for i in same
                for place in range(slices[i] - 1, slices[i] + 2)
                if sum(abs(slices[j] - place) <= 1 for j in same) > limit
            }
            for i in same:
                if full & {slices[i] - 1, slices[i], slices[i] + 1}:
                    crowded[i].add(band)
            for i in same:
                reach = [j for j in same if j < i and (abs(slices[i] - slices[j]) <= 2 or len(same) <= limit)]
                told[i] += [j for j in reach if band not in crowded[i] or band not in crowded[j]]
    return told, crowded
