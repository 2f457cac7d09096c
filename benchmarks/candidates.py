"""Which stories lookup would compare, before any verdict."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from benchmarks.counts import pairs_within
from benchmarks.events import I64
from benchmarks.labelled import Mask
from dedup import Settings
from dedup.hashing import hash_batch


@dataclass(frozen=True, slots=True)
class Lookup:
    """What lookup sees of n stories.

    Attributes:
        keys: uint32[bands, n], 0 where a story has nothing to look up.
        contents: int64[n], equal for exact copies, which need no lookup; each story without content is one of its own.
    """

    keys: npt.NDArray[np.uint32]
    contents: I64

    @classmethod
    def of(cls, stories: pa.Table, settings: Settings) -> Lookup:
        """The lookup of a story table."""
        [batch] = stories.combine_chunks().to_batches()
        hashed = hash_batch(batch, settings)
        contents = np.unique(hashed.facts.content, axis=0, return_inverse=True)[1].reshape(-1).astype(np.int64)
        empty = ~hashed.facts.content.any(axis=1)
        contents[empty] = -1 - np.flatnonzero(empty)
        return cls(hashed.keys, contents)

    def finds(self, left: I64, right: I64) -> Mask:
        """bool[p]: whether the stories of each pair share a band's key, or are exact copies."""
        found: Mask = self.contents[left] == self.contents[right]
        for band in self.keys:
            found |= (band[left] == band[right]) & (band[left] != 0)
        return np.asarray(found)

    def count_candidates(self) -> int:
        """Pairs that share a key of any band, one story standing for all its exact copies; full buckets count whole."""
        firsts = np.sort(np.unique(self.contents, return_index=True)[1])
        found = np.empty(0, dtype=np.int64)
        for band in self.keys[:, firsts]:
            rows = np.flatnonzero(band)
            left, right = (rows[side] for side in pairs_within(band[rows].astype(np.int64)))
            found = np.union1d(found, left * len(firsts) + right)
        return len(found)
