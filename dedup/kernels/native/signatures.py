"""MinHash signatures, and the band keys cut from them."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from dedup.kernels.device import device
from dedup.kernels.handles import borrow, keep
from dedup.kernels.reference.signatures import minhash_rows
from dedup.kernels.vectors import LANES


@njit(inline="always", nogil=True)
def _mix32(h: np.uint32) -> np.uint32:
    """Spread the bits of a uint32, one to one (MurmurHash3's finaliser)."""
    h = np.uint32((h ^ (h >> np.uint32(16))) * np.uint32(0x85EBCA6B))
    h = np.uint32((h ^ (h >> np.uint32(13))) * np.uint32(0xC2B2AE35))
    return np.uint32(h ^ (h >> np.uint32(16)))


@device(minhash_rows, njit(nogil=True, cache=True))
def minhash(
    hashes: NDArray[np.uint32],
    begins: NDArray[np.int64],
    ends: NDArray[np.int64],
    a: NDArray[np.uint32],
    b: NDArray[np.uint32],
    out: NDArray[np.uint32],
) -> None:
    """Write the MinHash signature of every story into `out`.

    hashes : uint32[m]     shingle hashes of all stories
    begins : int64[n]      story i's shingles are hashes[begins[i]:ends[i]], possibly none; repeats do not matter
    ends   : int64[n]
    a, b   : uint32[k]     permutation x -> a * x + b modulo 2**32; every a is odd
    out    : uint32[n, k]  overwritten, shares no memory with the inputs; 2**32 - 1 throughout for no shingles

    Equal to datasketch >= 2.0 `MinHash(scheme="affine32")` of the same permutations.
    The estimator: Broder 1997, On the resemblance and containment of documents.
    """
    hashes, begins, ends, out = borrow(hashes), borrow(begins), borrow(ends), borrow(out)
    width = out.shape[1]
    room = (width + LANES - 1) // LANES * LANES  # so that no value is left over, to be done by itself
    scratch = np.zeros((3, room), dtype=np.uint32)
    scratch[0, :width], scratch[1, :width] = a, b
    scales, shifts, row = borrow(scratch[0]), borrow(scratch[1]), borrow(scratch[2])
    for i in range(out.shape[0]):
        row[:] = np.uint32(0xFFFFFFFF)
        last = ends[i] - 1
        # Four at a time: one load and store of the row's values serves four shingles. The last one stands in for more.
        for s in range(begins[i], ends[i], 4):
            w, x = _mix32(hashes[np.uint64(s)]), _mix32(hashes[np.uint64(min(s + 1, last))])
            y, z = _mix32(hashes[np.uint64(min(s + 2, last))]), _mix32(hashes[np.uint64(min(s + 3, last))])
            for first in range(0, room, LANES):
                for lane in range(LANES):
                    j = np.uint64(first + lane)
                    scale, shift = scales[j], shifts[j]
                    low = min(np.uint32(scale * w + shift), np.uint32(scale * x + shift))
                    high = min(np.uint32(scale * y + shift), np.uint32(scale * z + shift))
                    row[j] = min(row[j], min(low, high))
        for j in range(width):
            out[i, j] = row[j]
    keep(scratch)


@njit(nogil=True, cache=True)
def band_keys(
    values: NDArray[np.uint32],
    begins: NDArray[np.int64],
    ends: NDArray[np.int64],
    rows: int,
    keys: NDArray[np.uint32],
) -> None:
    """Write the key of every band of every story.

    values : uint32[n, k]      signatures
    begins : int64[n]          stories with begins[i] == ends[i] have no shingles and get no key
    ends   : int64[n]
    rows   : int               signature values in a band; bands * rows <= k
    keys   : uint32[bands, n]  overwritten, a row a band; 0 means no key. Two stories are candidates if keys[b] agree
                               for some b; two different bands of equal keys agree by chance once in 2**32

    Band b takes the values b, b + bands, b + 2 * bands, ...: so many bands are mixed in each step of the processor.
    """
    values, begins, ends, keys = borrow(values), borrow(begins), borrow(ends), borrow(keys)
    bands = keys.shape[0]
    own = np.empty(bands, dtype=np.uint32)
    for i in range(values.shape[0]):
        own[:] = np.uint32(0)
        if begins[i] < ends[i]:
            for j in range(rows):
                row = values[i, j * bands : (j + 1) * bands]
                for band in range(bands):
                    own[band] = _mix32(np.uint32(own[band] * np.uint32(31) + row[band] + np.uint32(0x9E3779B9)))
            for band in range(bands):
                own[band] = max(own[band], np.uint32(1))
        for band in range(bands):
            keys[band, i] = own[band]
