"""MinHash signatures, and the band keys cut from them."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from dedup.kernels.device import device
from dedup.kernels.handles import borrow
from dedup.kernels.reference.signatures import minhash_rows


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
    hashes, begins, ends, a, b, out = borrow(hashes), borrow(begins), borrow(ends), borrow(a), borrow(b), borrow(out)
    width = out.shape[1]
    for i in range(out.shape[0]):
        row = out[i]
        row[:] = np.uint32(0xFFFFFFFF)
        s = begins[i]
        while s + 4 <= ends[i]:  # four at a time: one load and store of the row's values serves four shingles
            w, x, y, z = _mix32(hashes[s]), _mix32(hashes[s + 1]), _mix32(hashes[s + 2]), _mix32(hashes[s + 3])
            for j in range(width):
                low = min(np.uint32(a[j] * w + b[j]), np.uint32(a[j] * x + b[j]))
                high = min(np.uint32(a[j] * y + b[j]), np.uint32(a[j] * z + b[j]))
                row[j] = min(row[j], min(low, high))
            s += 4
        while s < ends[i]:
            x = _mix32(hashes[s])
            for j in range(width):
                row[j] = min(row[j], np.uint32(a[j] * x + b[j]))
            s += 1


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
