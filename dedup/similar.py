"""Similar news: for every story the others on the same event, duplicates folded into their cluster."""

from __future__ import annotations

from collections import deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from os import cpu_count
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from dedup.bands import ThreadMap
from dedup.errors import SettingsError
from dedup.kernels.native.evidence import Facts
from dedup.kernels.native.similar import POOL, Found, search_stories
from dedup.kernels.native.vocabulary import (
    MOST_COUNT,
    MOST_WORDS,
    Vectors,
    Vocabulary,
    enter_stories,
    rehash_words,
    vectorise_story,
)
from dedup.result import Result

LEAST_SCORE = 0.15
"""Stories less alike than this are not shown: the highest that costs no thousandth of recall on labelled events."""
MOST_TOP = 100
_COUNT_WEIGHTS = np.log1p(np.arange(1, MOST_COUNT + 1)).astype(np.float32)
_FEWEST = 1 << 10
_ENTERED = 4096  # stories that room is made for at once
_TASK = 1024  # stories that a thread searches for at a time
_FULLEST = 0.5  # share of slots taken
_T = TypeVar("_T", bound=np.generic)


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


def find_similar(facts: Facts, result: Result, top: int = 10, *, threads: int | None = None) -> SimilarStories:
    """The stories similar to each of a feed; all of a cluster have the same, those of its leader.

    >>> from dedup import find_duplicates, read_feed
    >>> from dedup.hashing import HashedFeed
    >>> stories = HashedFeed()
    >>> result = find_duplicates(read_feed("data/sample.jsonl"), hashed=stories)
    >>> ids = result.ids.to_pylist()
    >>> [ids[row] for row, score in find_similar(stories.facts(), result).of(ids.index("gf-31"))]
    ['gf-34']

    Args:
        facts: what is kept of the feed's n stories, cf. `dedup.hashing.HashedFeed.facts`.
        result: their clusters.
        top: most similar stories of each, 1 to `MOST_TOP`.
        threads: None for one a core; does not change the result.

    Raises:
        SettingsError: for another `top`.
    """
    check_top(top)
    leaders = np.flatnonzero(result.leaders == np.arange(len(result)))
    index = WordIndex()
    index.add(facts, leaders)
    with ThreadPoolExecutor(threads or cpu_count() or 1, thread_name_prefix="similar") as pool:
        found = index.search_all(top, pool.map)
    return _by_story(found, leaders, result)


def check_top(top: int) -> None:
    """Refuse what is no number of stories to name.

    Raises:
        SettingsError: it is not from 1 to `MOST_TOP`.
    """
    if not 1 <= top <= MOST_TOP:
        raise SettingsError(f"top is a number of stories from 1 to {MOST_TOP}, got {top}")


class WordIndex:
    """The words of stories entered one after another, each at its place, so that similar ones are found.

    Attributes:
        count: stories entered.
    """

    def __init__(self) -> None:
        self.count = 0
        self._vocabulary = Vocabulary(
            slots=np.zeros(2 * _FEWEST, dtype=np.int32),
            hashes=np.empty(_FEWEST, dtype=np.uint32),
            counts=np.empty(_FEWEST, dtype=np.int32),
            starts=np.empty(_FEWEST, dtype=np.int64),
            rooms=np.empty(_FEWEST, dtype=np.int32),
            used=np.zeros(2, dtype=np.int64),
        )
        self._vectors = Vectors(
            np.empty(_FEWEST, dtype=np.uint32), np.zeros(1, dtype=np.int64), np.empty(0, dtype=np.int64)
        )
        self._postings = np.empty(_FEWEST, dtype=np.uint32)
        self._rarity: NDArray[np.float32] | None = None

    def add(self, facts: Facts, rows: NDArray[np.int64]) -> None:
        """Enter stories, which take the next places in their order.

        Args:
            facts: of all stories.
            rows: int64[m], ascending, those to enter.
        """
        self._rarity = None if len(rows) else self._rarity
        for begin in range(0, len(rows), _ENTERED):
            some = rows[begin : begin + _ENTERED]
            self._make_room(len(some))
            done = 0
            while done < len(some):
                more = enter_stories(facts, some, done, self.count, self._vocabulary, self._vectors, self._postings)
                self.count += more - done
                done = more
                if done < len(some):
                    self._postings = _longer(self._postings, 2 * len(self._postings) + _FEWEST)

    def search_all(self, top: int, thread_map: ThreadMap = map) -> Found:
        """The stories similar to each story entered: places, best first.

        Args:
            top: most for each.
            thread_map: `map`, or the like of it that runs calls at once.
        """
        found = _nothing(self.count, top)
        self._weigh()

        def search(begin: int) -> None:
            end = min(begin + _TASK, self.count)
            self._search(self._vectors, begin, end, -1, Found._make(array[begin:end] for array in found))

        deque(thread_map(search, range(0, self.count, _TASK)), maxlen=0)
        return found

    def search_place(self, place: int, top: int) -> list[tuple[int, float]]:
        """The places of the stories similar to one of those entered, and their scores, best first."""
        found = _nothing(1, top)
        self._search(self._vectors, place, place + 1, -1, found)
        return _pairs(found)

    def search_row(self, facts: Facts, row: int, top: int) -> list[tuple[int, float]]:
        """The places of the stories similar to one that was not entered, later than all, and their scores."""
        one = Vectors(np.empty(MOST_WORDS, dtype=np.uint32), np.empty(2, dtype=np.int64), np.empty(1, dtype=np.int64))
        vectorise_story(facts, row, self._vocabulary, one)
        found = _nothing(1, top)
        self._search(one, 0, 1, self.count, found)
        return _pairs(found)

    def _search(self, queries: Vectors, begin: int, end: int, at: int, found: Found) -> None:
        search_stories(
            *(queries, begin, end, at, self._vocabulary, self._vectors, self.count, self._postings),
            *(self._weigh(), _COUNT_WEIGHTS, LEAST_SCORE, max(POOL, found.places.shape[1]), found),
        )

    def _weigh(self) -> NDArray[np.float32]:
        """float32[w + 1], the rarity of each word, and of one that no story has: 1 + ln((1 + n) / (1 + stories))."""
        if self._rarity is None:
            counts = self._vocabulary.counts[: self._vocabulary.used[0]]
            self._rarity = (1.0 + np.log1p(self.count) - np.log1p(np.append(counts, 0))).astype(np.float32)
        return self._rarity

    def _make_room(self, stories: int) -> None:
        vocabulary, vectors = self._vocabulary, self._vectors
        words = int(vocabulary.used[0] + stories * MOST_WORDS)
        if words > len(vocabulary.hashes):
            room = max(words, 2 * len(vocabulary.hashes))
            arrays = {
                name: _longer(getattr(vocabulary, name), room) for name in ("hashes", "counts", "starts", "rooms")
            }
            vocabulary = vocabulary._replace(**arrays)
        if words > _FULLEST * len(vocabulary.slots):
            slots = np.zeros(1 << int(words / _FULLEST).bit_length(), dtype=np.int32)
            rehash_words(vocabulary.hashes, int(vocabulary.used[0]), slots)
            vocabulary = vocabulary._replace(slots=slots)
        self._vocabulary = vocabulary
        entries = int(vectors.bounds[self.count] + stories * MOST_WORDS)
        if entries > len(vectors.words):
            vectors = vectors._replace(words=_longer(vectors.words, max(entries, 2 * len(vectors.words))))
        if self.count + stories >= len(vectors.bounds):
            room = max(self.count + stories, 2 * len(vectors.bounds))
            vectors = vectors._replace(bounds=_longer(vectors.bounds, room + 1), times=_longer(vectors.times, room))
        self._vectors = vectors


def _by_story(found: Found, leaders: NDArray[np.int64], result: Result) -> SimilarStories:
    """What was found for each leader as what is found for each story."""
    places = np.searchsorted(leaders, result.leaders)
    sizes = found.sizes[places].astype(np.int64)
    offsets = np.concatenate([[0], np.cumsum(sizes)])
    within = np.arange(offsets[-1]) - np.repeat(offsets[:-1], sizes)
    whose = np.repeat(places, sizes)
    shown = result.canonicals[leaders]
    return SimilarStories(
        offsets=offsets,
        rows=shown[found.places[whose, within]],
        scores=found.scores[whose, within],
        cut=int(found.cut.sum(dtype=np.int64)),
    )


def _nothing(stories: int, top: int) -> Found:
    return Found(
        places=np.empty((stories, top), dtype=np.int32),
        scores=np.empty((stories, top), dtype=np.float32),
        sizes=np.zeros(stories, dtype=np.int32),
        cut=np.zeros(stories, dtype=np.int32),
    )


def _pairs(found: Found) -> list[tuple[int, float]]:
    size = int(found.sizes[0])
    return list(zip(found.places[0, :size].tolist(), found.scores[0, :size].tolist(), strict=True))


def _longer(array: NDArray[_T], room: int) -> NDArray[_T]:
    longer = np.empty(room, dtype=array.dtype)
    longer[: len(array)] = array
    return longer
