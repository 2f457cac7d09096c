"""Decisions in words callers know, from the rows of a window or, for stories long forgotten, from the log."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from dedup.decision import DUPLICATE, NEW, UPDATED, Decision
from dedup.evidence import EVIDENCE
from dedup.kernels.native.leaders import EXACT, NEAR, UPDATE
from dedup.records import Decided, Layout
from dedup.result import KINDS
from dedup.stores import Row, Store
from dedup.window import Entered, Window, cluster_name

_VERDICTS = {0: NEW, EXACT: DUPLICATE, NEAR: DUPLICATE, UPDATE: UPDATED}


def tell(window: Window, rows: Sequence[int], shown: Sequence[int], *, redelivered: bool = False) -> list[Decision]:
    """The decisions on some rows, whose clusters show others."""
    if not rows:
        return []
    places = np.array(rows, dtype=np.int64)
    leaders, scores, kinds, positions = window.memberships(places)
    evidence = np.empty((len(places), len(EVIDENCE)), dtype=np.float32)
    following = np.flatnonzero(kinds)
    if len(following):
        evidence[following] = window.evidence(places[following])
    return _tell(window, rows, shown, positions.tolist(), leaders, scores, kinds, evidence, redelivered)


def tell_entered(window: Window, first: int, position: int, entered: Entered, shown: Sequence[int]) -> list[Decision]:
    """The decisions on the stories that were entered last.

    Args:
        window: that they were entered into.
        first: the row of the first one.
        position: of the first one in the log, 0 for stories that are only asked about.
        entered: what was decided.
        shown: the row that each one's cluster showed when it had come.
    """
    count = len(shown)
    positions = range(position, position + count) if position else [0] * count
    _, scores, kinds, _ = entered.decided
    rows = range(first, first + count)
    return _tell(window, rows, shown, positions, entered.leaders, scores, kinds, entered.evidence, False)


def _tell(
    window: Window,
    rows: Sequence[int],
    shown: Sequence[int],
    positions: Sequence[int],
    leaders: NDArray[np.int32],
    scores: NDArray[np.float32],
    kinds: NDArray[np.uint8],
    evidence: NDArray[np.float32],
    redelivered: bool,
) -> list[Decision]:
    names, called = window.names, window.cluster_names(leaders)
    measured: list[NDArray[np.float32] | None] = [None] * len(rows)
    for k in np.flatnonzero(kinds).tolist():
        measured[k] = evidence[k]
    numbers = positions, leaders.tolist(), scores.tolist(), kinds.tolist(), measured
    return [
        Decision(
            names[row],
            position,
            _VERDICTS[kind],
            cluster,
            names[best],
            names[leader],
            KINDS.get(kind),
            score if kind else None,
            redelivered,
            told,
        )
        for row, best, cluster, position, leader, score, kind, told in zip(rows, shown, called, *numbers, strict=True)
    ]


def recall(store: Store, layout: Layout, name: str, content: NDArray[np.uint64]) -> Decision | None:
    """What was decided on a story of an id and a normalised content (uint64[2]), if it is still in the log.

    The story that its cluster shows is not looked for: the leader stands in.
    """
    row = store.get(name)
    while row is not None:
        part, decided = layout.unpack([name], [row.record])
        if (part.facts.content[0] == content).all():
            return _recalled(store, layout, name, decided)
        former = int(decided.former[0])
        row = _row_at(store, former) if former else None
    return None


def recall_latest(store: Store, layout: Layout, name: str) -> Decision | None:
    """What was decided on the last story of an id, whatever it said, if it is still in the log; cf. `recall`."""
    row = store.get(name)
    if row is None:
        return None
    _, decided = layout.unpack([name], [row.record])
    return _recalled(store, layout, name, decided)


def _recalled(store: Store, layout: Layout, name: str, decided: Decided) -> Decision | None:
    """A decision with what the log says of the leader; None if that is gone."""
    position, kind = int(decided.leaders[0]), int(decided.kinds[0])
    leader = _row_at(store, position)
    if leader is None:
        return None
    _, above = layout.unpack([leader.id], [leader.record])
    return Decision(
        name,
        0 if kind else position,
        _VERDICTS[kind],
        cluster_name(leader.id, position, repeated=bool(above.former[0])),
        leader.id,
        leader.id,
        KINDS.get(kind),
        float(decided.scores[0]) if kind else None,
        redelivered=True,
    )


def _row_at(store: Store, position: int) -> Row | None:
    found = store.read(position - 1, 1)
    return found[0][1] if found and found[0][0] == position else None
