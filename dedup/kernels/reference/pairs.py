"""The slow twin of `native.pairs`: one pair at a time."""

from __future__ import annotations

from collections.abc import Sequence

from dedup.kernels.reference.evidence import UNDATED, Story, judge


def follows(
    story: Story,
    leader: Story,
    horizon: int,
    weights: Sequence[Sequence[float]],
    rule: float,
    threshold: float,
    window: int,
) -> bool:
    """Whether a story would follow another, if that one leads.

    Args:
        story: whose leader is sought.
        leader: which may lead it.
        horizon: microseconds since 1970; leaders published before are forgotten.
        weights: for titles and for text.
        rule: cf. `judge`.
        threshold: least score of a duplicate.
        window: microseconds, -1 for no limit.
    """
    if UNDATED not in (story.time, leader.time):
        if leader.time < horizon:
            return False
        if window >= 0 and abs(story.time - leader.time) > window:
            return False
    return judge(story, leader, weights, rule) >= threshold
