"""What is compared by what it finds: this project, the classical rules, two libraries."""

from __future__ import annotations

import dataclasses
import importlib.util
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import pyarrow as pa

from benchmarks.counts import join_pairs
from benchmarks.events import I64
from benchmarks.labelled import Mask
from benchmarks.peers import shingles
from dedup import Result, Settings, find_duplicates

RULES = {
    "word-3 Jaccard >= 0.8": Settings(rule=0.8, shingle_width=3),
    "word-3 Jaccard >= 0.7": Settings(rule=0.7, shingle_width=3),
    "word-3 Jaccard >= 0.5": Settings(rule=0.5, shingle_width=3),
    "word-2 Jaccard >= 0.4": Settings(rule=0.4, shingle_width=2),
}


class Engine(Protocol):
    """Something that puts the stories of a feed into clusters."""

    @property
    def name(self) -> str:
        """As tables show it."""

    @property
    def says(self) -> str:
        """What it was told, in a line."""

    @property
    def quick_alone(self) -> bool:
        """Whether `merges` takes no time to speak of for thousands of pairs."""

    def cluster(self, stories: pa.Table, window: float | None) -> I64:
        """int64[n], equal for the stories of a cluster; `window` is seconds, None for no limit."""

    def merges(self, stories: pa.Table, left: I64, right: I64) -> Mask:
        """bool[p], whether the two stories of each pair, given as a feed of two without a window, become one."""


@dataclass(frozen=True, slots=True)
class Dedup:
    """`find_duplicates` with some settings; the window is the caller's."""

    name: str
    settings: Settings
    quick_alone: bool = False

    @property
    def says(self) -> str:
        """The rule."""
        if self.settings.rule == "evidence":
            return "all the evidence, default settings" if self.settings == Settings() else "all the evidence"
        return f"rule {self.settings.rule} on word {self.settings.shingle_width}-shingles of title + text"

    def run(self, stories: pa.Table, window: float | None) -> Result:
        """All that it found."""
        return find_duplicates(stories.to_batches(), dataclasses.replace(self.settings, window=window))

    def cluster(self, stories: pa.Table, window: float | None) -> I64:
        """The row of each story's leader."""
        return self.run(stories, window).leaders.astype(np.int64)

    def merges(self, stories: pa.Table, left: I64, right: I64) -> Mask:
        """Each pair through `find_duplicates`, the left story first."""
        settings = dataclasses.replace(self.settings, window=None, threads=1)
        [batch] = stories.combine_chunks().to_batches()
        both = [batch.take(pa.array(pair)) for pair in zip(left.tolist(), right.tolist(), strict=True)]
        return np.array([find_duplicates([pair], settings).duplicates == 1 for pair in both], dtype=np.bool_)


@dataclass(frozen=True, slots=True)
class Datasketch:
    """MinHash and MinHashLSH as constructed without arguments; whatever a query answers is a duplicate."""

    name: str = "datasketch"
    says: str = "MinHash() and MinHashLSH(): 128 permutations, threshold 0.9, word 3-shingles; no window"
    quick_alone: bool = True

    def cluster(self, stories: pa.Table, window: float | None) -> I64:  # noqa: ARG002 - it has none
        """Query answers joined."""
        from datasketch import MinHash, MinHashLSH

        lsh = MinHashLSH()
        found: list[tuple[int, int]] = []
        for row, signature in enumerate(MinHash.generator(_encoded(stories))):
            found.extend((other, row) for other in lsh.query(signature))
            lsh.insert(row, signature, check_duplication=False)
        return join_pairs(len(stories), *_sides(found))

    def merges(self, stories: pa.Table, left: I64, right: I64) -> Mask:
        """Whether a query of one answers the other, which does not depend on what else is indexed."""
        from datasketch import MinHash, MinHashLSH

        lsh = MinHashLSH()
        signatures = list(MinHash.generator(_encoded(stories)))
        for row, signature in enumerate(signatures):
            lsh.insert(row, signature, check_duplication=False)
        pairs = zip(left.tolist(), right.tolist(), strict=True)
        return np.array([j in lsh.query(signatures[i]) for i, j in pairs], dtype=np.bool_)


@dataclass(frozen=True, slots=True)
class Rensa:
    """RMinHashDeduplicator as its README has it; a story is a duplicate of the kept ones it answers."""

    name: str = "rensa"
    says: str = "RMinHashDeduplicator(threshold=0.8, num_perm=128, use_lsh=True), word 3-shingles; no window"
    quick_alone: bool = True

    def cluster(self, stories: pa.Table, window: float | None) -> I64:  # noqa: ARG002 - it has none
        """Answers joined."""
        return self._cluster(_shingled(stories))

    def merges(self, stories: pa.Table, left: I64, right: I64) -> Mask:
        """Each pair through a deduplicator of its own."""
        known = _shingled(stories)
        pairs = zip(left.tolist(), right.tolist(), strict=True)
        return np.array([self._cluster([known[i], known[j]])[1] == 0 for i, j in pairs], dtype=np.bool_)

    def _cluster(self, stories: Sequence[list[str]]) -> I64:
        import rensa

        kept = rensa.RMinHashDeduplicator(threshold=0.8, num_perm=128, use_lsh=True)
        found: list[tuple[int, int]] = []
        for row, signature in enumerate(rensa.RMinHash.from_token_sets(stories, 128, 42)):
            if not kept.add(str(row), signature):
                found.extend((int(other), row) for other in kept.get_duplicates(signature))
        return join_pairs(len(stories), *_sides(found))


def all_engines() -> tuple[list[Engine], dict[str, str]]:
    """Every engine that can run here, this project's first, and why others cannot."""
    engines: list[Engine] = [Dedup("dedup", Settings()), *(Dedup(name, rule) for name, rule in RULES.items())]
    missing: dict[str, str] = {}
    for peer in (Datasketch(), Rensa()):
        if importlib.util.find_spec(peer.name) is None:
            missing[peer.name] = f"{peer.name} is not installed: pip install {peer.name}"
        else:
            engines.append(peer)
    return engines, missing


def _shingled(stories: pa.Table) -> list[list[str]]:
    """The shingles of each story, as all peers get them."""
    return [shingles(story) for story in stories.select(["title", "text"]).to_pylist()]


def _encoded(stories: pa.Table) -> list[set[bytes]]:
    return [set(map(str.encode, story)) for story in _shingled(stories)]


def _sides(pairs: list[tuple[int, int]]) -> tuple[list[int], list[int]]:
    return [left for left, _ in pairs], [right for _, right in pairs]
