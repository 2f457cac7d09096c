"""Decisions in words callers know, from the rows of a window or, for stories long forgotten, from the log."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from dedup.decision import DUPLICATE, NEW, UPDATED, Decision
from dedup.kernels.native.leaders import UPDATE
from dedup.records import Decided, Layout
from dedup.result import KINDS
from dedup.stores import Row, Store
from dedup.window import Window, cluster_name


def tell(window: Window, rows: Sequence[int], shown: Sequence[int], *, redelivered: bool = False) -> list[Decision]:
    """The decisions on some rows, whose clusters show others."""
    if not rows:
        return []
    places = np.array(rows, dtype=np.int64)
    leaders, scores, kinds, positions = window.memberships(places)
    following = np.flatnonzero(kinds)
    measured: dict[int, NDArray[np.float32]] = {}
    if len(following):
        measured = dict(zip(following.tolist(), window.evidence(places[following]), strict=True))
    names = window.names
    numbers = leaders.tolist(), scores.tolist(), kinds.tolist(), positions.tolist()
    return [
        Decision(
            names[row],
            position,
            _verdict(kind),
            window.cluster_name(leader),
            names[best],
            names[leader],
            KINDS.get(kind),
            score if kind else None,
            redelivered,
            measured.get(k),
        )
        for k, (row, best, leader, score, kind, position) in enumerate(zip(rows, shown, *numbers, strict=True))
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
        _verdict(kind),
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


def _verdict(kind: int) -> str:
    return (UPDATED if kind == UPDATE else DUPLICATE) if kind else NEW
