"""The slow twin of `native.crowds`: the buckets of the leaders' own twin, one story at a time."""

from __future__ import annotations

from collections.abc import Sequence

from dedup.kernels.reference.leaders import LEVELS, Bucket, Buckets


def find_in_crowds(
    buckets: Sequence[int],
    rows: Sequence[int],
    leaders: Sequence[int],
    looks: Sequence[bool],
    enters: Sequence[bool],
    finer: Sequence[Sequence[int]],
    limit: int,
) -> list[tuple[int, int]]:
    """What each story finds in its crowded buckets, as (story, leader), if the clusters are as they are said to be.

    Args:
        buckets: of each story.
        rows: the stories, ascending within a bucket.
        leaders: whom each follows.
        looks: whether it looks into this bucket.
        enters: whether its leader is put into it.
        finer: the keys that split a full bucket, LEVELS - 1 a story.
        limit: most leaders in a bucket.
    """
    held = Buckets(limit)
    found: list[tuple[int, int]] = []
    for i, row in enumerate(rows):
        path: list[Bucket] = [(buckets[i], *finer[i][:level]) for level in range(LEVELS)]
        if looks[i]:
            found += [(row, leader) for leader in held.find(path)]
        if enters[i]:
            held.enter(path, leaders[i])
    return found
