"""Similar news: for every story the others on the same event, duplicates folded into their cluster."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dedup.kernels.native.evidence import Facts
from dedup.kernels.native.facts import FRONT, LEAD, TITLE
from dedup.kernels.reference import similar as slow
from dedup.result import Result

COUNT_WEIGHTS = np.log1p(np.arange(2 + slow.TITLE_COUNT + 1)).astype(np.float32)


@dataclass(frozen=True, slots=True)
class Similar:
    """A story similar to another.

    Attributes:
        id: of the story that its cluster shows.
        cluster_id: of its cluster.
        score: 0..1.
    """

    id: str
    cluster_id: str
    score: float

    def to_dict(self) -> dict[str, object]:
        """All of it as JSON takes it."""
        return {"id": self.id, "cluster_id": self.cluster_id, "score": self.score}


@dataclass(frozen=True, slots=True)
class SimilarStories:
    """The similar stories of each of n stories in feed order, best first.

    Attributes:
        offsets: int64[n + 1], those of story i are rows[offsets[i]:offsets[i + 1]], possibly none.
        rows: int32[m], the canonicals of other clusters.
        scores: float32[m], 0..1.
        cut: times that a word was so common that only the stories nearest in the feed were looked at for it.
    """

    offsets: NDArray[np.int64]
    rows: NDArray[np.int32]
    scores: NDArray[np.float32]
    cut: int

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def of(self, row: int) -> list[tuple[int, float]]:
        """The row and score of each story similar to one."""
        part = slice(int(self.offsets[row]), int(self.offsets[row + 1]))
        return list(zip(self.rows[part].tolist(), self.scores[part].tolist(), strict=True))


def find_similar(facts: Facts, result: Result, top: int = 10) -> SimilarStories:
    """The stories similar to each of a feed; all of a cluster have the same.

    Args:
        facts: what is kept of the feed's n stories, cf. `dedup.hashing.HashedFeed.facts`.
        result: their clusters.
        top: most similar stories of each, at least 1.
    """
    leaders = np.flatnonzero(result.leaders == np.arange(len(result)))
    entries = [_entry(facts, int(row)) for row in leaders]
    rarity = _rarity(entries)
    found: list[list[tuple[int, float]]] = []
    cut = 0
    for place, entry in enumerate(entries):
        some, more = slow.search(entries, entry, place, rarity, COUNT_WEIGHTS.tolist())
        found.append(some[:top])
        cut += more
    return _by_story(found, leaders, result, cut)


def search_leaders(facts: Facts, leaders: NDArray[np.int64], row: int, top: int) -> list[tuple[int, float]]:
    """The rows of the leaders most similar to a story, and their scores, best first.

    Args:
        facts: of all stories.
        leaders: int64[m], rows of the stories that can be found, ascending.
        row: the story asked about, which is not found itself.
        top: most answers.
    """
    entries = [_entry(facts, int(leader)) for leader in leaders]
    place = int(np.searchsorted(leaders, row))
    own = place < len(leaders) and leaders[place] == row
    query = entries[place] if own else _entry(facts, row)
    rarity = _rarity([*entries, query])
    found, _ = slow.search(entries, query, place, rarity, COUNT_WEIGHTS.tolist())
    return [(int(leaders[k]), score) for k, score in found[:top]]


def _by_story(
    found: Sequence[Sequence[tuple[int, float]]], leaders: NDArray[np.int64], result: Result, cut: int
) -> SimilarStories:
    """What was found for each leader as what is found for each story."""
    places = np.searchsorted(leaders, result.leaders)
    sizes = np.array([len(some) for some in found], dtype=np.int64)[places] if len(found) else np.empty(0, np.int64)
    every = [pair for place in places.tolist() for pair in found[place]]
    shown = result.canonicals[leaders]
    return SimilarStories(
        offsets=np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64),
        rows=np.array([shown[place] for place, _ in every], dtype=np.int32),
        scores=np.array([score for _, score in every], dtype=np.float32),
        cut=cut,
    )


def _entry(facts: Facts, row: int) -> slow.Entry:
    begin = int(facts.bounds[row])
    ends = [0, *facts.sections[row].tolist()]
    title, lead, front = (facts.hashes[begin + ends[s] : begin + ends[s + 1]].tolist() for s in (TITLE, LEAD, FRONT))
    return slow.Entry(slow.vector(title, lead, front), int(facts.times[row]))


def _rarity(entries: Sequence[slow.Entry]) -> Mapping[int, float]:
    counts: dict[int, int] = {}
    for entry in entries:
        for word in entry.vector:
            counts[word] = counts.get(word, 0) + 1
    return {word: 1.0 + float(np.log1p(len(entries)) - np.log1p(count)) for word, count in counts.items()}
