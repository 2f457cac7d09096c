"""The slow twin of `native.leaders`: dictionaries, one story at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from dedup.kernels.reference.evidence import FEWEST_WORDS, UNDATED, Story, is_series, judge, measure

EXACT, NEAR, UPDATE = 1, 2, 3
LEVELS = 4

Bucket = tuple[object, ...]


@dataclass(slots=True)
class Buckets:
    """The leaders in each bucket, a bucket being (band, the keys taken together, the slice of time)."""

    limit: int
    leaders: dict[Bucket, list[int]] = field(default_factory=dict)
    left_out: int = 0

    def find(self, path: Sequence[Bucket]) -> list[int]:
        """The leaders in the first bucket of a path, and in each next one while the last is full."""
        found: list[int] = []
        for bucket in path:
            some = self.leaders.get(bucket, [])
            found += some
            if len(some) < self.limit:
                break
        return found

    def enter(self, path: Sequence[Bucket], leader: int) -> None:
        """Put a leader into the first bucket of a path that holds it or has room."""
        for bucket in path:
            some = self.leaders.setdefault(bucket, [])
            if leader in some:
                return
            if len(some) < self.limit:
                some.append(leader)
                return
        self.left_out += 1


def _paths(keys: Sequence[int], next_bands: Sequence[int], piece: int | None) -> list[list[Bucket]]:
    """For every band that has a key, its bucket and the finer ones that split it."""
    paths: list[list[Bucket]] = []
    for band, key in enumerate(keys):
        if key:
            chain, other = [key], band
            for _ in range(LEVELS - 1):
                other = next_bands[other]
                chain.append(keys[other])
            paths.append([(band, *chain[: level + 1], piece) for level in range(LEVELS)])
    return paths


def lead(
    stories: Sequence[Story],
    keys: Sequence[Sequence[int]],
    next_bands: Sequence[int],
    weights: Sequence[Sequence[float]],
    rule: float,
    threshold: float,
    window: int,
    limit: int,
    lateness: int = -1,
) -> tuple[list[int], list[int], list[float], int]:
    """The leader, kind and score of every story, in feed order, and how many leaders the finest buckets left out.

    Args:
        stories: in feed order.
        keys: a list a story, one key a band; 0 for none; the last band is the URL's.
        next_bands: the band that splits the full buckets of each.
        weights: for titles and for text.
        rule: cf. `judge`.
        threshold: least score of a duplicate.
        window: microseconds, -1 for no limit.
        limit: most leaders in a bucket.
        lateness: microseconds that a story may come late, -1 for no limit.
    """
    near, exact = Buckets(limit), Buckets(255)
    leaders: list[int] = []
    kinds: list[int] = []
    scores: list[float] = []

    def piece(time: int) -> int | None:
        return None if time == UNDATED else 0 if window < 0 else time // window

    def within(i: int, j: int) -> bool:
        one, other = stories[i].time, stories[j].time
        latest = max((story.time for story in stories[:i]), default=UNDATED)
        forgotten = min(window, lateness) >= 0 and latest != UNDATED and other < latest - window - lateness
        return UNDATED in (one, other) or (not forgotten and (window < 0 or abs(one - other) <= window))

    for i, story in enumerate(stories):
        own = piece(story.time)
        bands = list(keys[i]) if rule > 0 or len(story.sets[5]) >= FEWEST_WORDS else []
        pieces = [None] if own is None else [None, own - 1, own, own + 1]
        content = [[(story.content, p)] for p in pieces if any(story.content)]
        copies = [j for path in content for j in exact.find(path) if within(i, j)]
        copies = [j for j in copies if rule > 0 or not is_series(story, stories[j])]
        if copies:
            leaders.append(min(copies))
            kinds.append(EXACT)
            scores.append(1.0)
            for path in _paths([*[0] * (len(bands) - 1), *bands[-1:]], next_bands, piece(stories[leaders[i]].time)):
                near.enter(path, leaders[i])
            continue
        found = {j for p in pieces for path in _paths(bands, next_bands, p) for j in near.find(path)}
        judged = {j: judge(story, stories[j], weights, rule) for j in found if within(i, j)}
        good = [j for j in judged if judged[j] >= threshold]
        best = min(good, key=lambda j: (-judged[j], j)) if good else i
        leaders.append(best)
        scores.append(judged[best] if good else 0.0)
        evidence = measure(story, stories[best])
        update = evidence[16] and (evidence[17] or story.revised or stories[best].revised)
        kinds.append(0 if not good else UPDATE if update else NEAR)
        where = piece(stories[best].time)
        if any(story.content):
            exact.enter([(story.content, where)], best)
        for path in _paths(bands, next_bands, where):
            near.enter(path, best)
    return leaders, kinds, scores, near.left_out
