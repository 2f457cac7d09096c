"""Shingle hashes -> MinHash signatures, bit for bit datasketch's."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dedup.errors import SettingsError
from dedup.kernels.native.signatures import minhash
from dedup.shingles import Shingles

if TYPE_CHECKING:
    from collections.abc import Sequence

SCHEME = "affine32"
_SHIPPED = Path(__file__).with_name("permutations.npz")


@dataclass(frozen=True, slots=True)
class Signatures:
    """MinHash signatures of n stories.

    Attributes:
        values: uint32[n, num_perm]; 2**32 - 1 throughout for a story without shingles.
        seed: of the permutations.
    """

    values: NDArray[np.uint32]
    seed: int

    def to_datasketch(self) -> list[Any]:
        """One `datasketch.MinHash` a story, as if updated with the UTF-8 of every shingle under XXH32."""
        import datasketch
        import xxhash

        count, num_perm = self.values.shape
        shared = {"seed": self.seed, "scheme": SCHEME, "hashfunc": xxhash.xxh32_intdigest}
        pair = permutations(num_perm, self.seed)
        return [
            datasketch.MinHash(num_perm=num_perm, hashvalues=self.values[i], permutations=pair, **shared)
            for i in range(count)
        ]

    @classmethod
    def from_datasketch(cls, sketches: Sequence[Any]) -> Signatures:
        """The signatures of `datasketch.MinHash` objects, at least one.

        Raises:
            SettingsError: if they differ in seed or length, are not of the affine32 scheme, or hash by another function
                than XXH32; a LeanMinHash does not say by which.
        """
        import xxhash

        if not all(hasattr(sketch, "hashfunc") for sketch in sketches):
            raise SettingsError("signatures must be datasketch.MinHash, which says its hash function as others do not")
        kinds = {(sketch.seed, len(sketch.hashvalues), sketch.scheme) for sketch in sketches}
        if len(kinds) != 1:
            raise SettingsError(f"signatures must share one seed, length and scheme, got {sorted(kinds)}")
        seed, _, scheme = kinds.pop()
        if scheme != SCHEME:
            raise SettingsError(
                f'signatures must be of the scheme "{SCHEME}", got "{scheme}"; build them again with it'
            )
        ours = xxhash.xxh32_intdigest
        if any(hashed is not ours and hashed(b"a") != ours(b"a") for hashed in {each.hashfunc for each in sketches}):
            raise SettingsError("signatures must be built with hashfunc=xxhash.xxh32_intdigest; build them again")
        return cls(np.array([sketch.hashvalues for sketch in sketches], dtype=np.uint32), int(seed))

    def similarity(self, i: int, j: int) -> float:
        """Estimated Jaccard similarity of stories i and j, 0..1; standard error sqrt(s (1 - s) / num_perm)."""
        return float(np.mean(self.values[i] == self.values[j]))


@functools.lru_cache(maxsize=64)
def permutations(num_perm: int, seed: int) -> NDArray[np.uint32]:
    """Datasketch's permutations x -> a * x + b modulo 2**32 for this seed: uint32[2, num_perm], a then b.

    Kept, since reading them takes longer than signing a story; all callers share the array.

    Those of the default settings are shipped, since importing datasketch takes longer than a small feed.
    """
    with np.load(_SHIPPED, allow_pickle=False) as shipped:
        name = _shipped_name(num_perm, seed)
        if name in shipped:
            return np.ascontiguousarray(shipped[name])
    return _permutations_of_datasketch(num_perm, seed)


def _permutations_of_datasketch(num_perm: int, seed: int) -> NDArray[np.uint32]:
    import datasketch

    sketch = datasketch.MinHash(num_perm=num_perm, seed=seed, scheme=SCHEME)
    return np.ascontiguousarray(sketch.permutations, dtype=np.uint32)


def _shipped_name(num_perm: int, seed: int) -> str:
    return f"perm{num_perm}_seed{seed}"


def sign(shingles: Shingles, num_perm: int, seed: int) -> Signatures:
    """The signatures of the shingles that serve retrieval."""
    a, b = permutations(num_perm, seed)
    values = np.empty((shingles.ends.shape[0], num_perm), dtype=np.uint32)
    minhash(shingles.hashes, shingles.begins, shingles.ends, a, b, values)
    return Signatures(values, seed)
