"""Slow twin of `dedup.kernels.native.lines`: the same lines by Python's own strings."""

from __future__ import annotations

import json
from collections.abc import Sequence


def is_plain(data: bytes) -> bool:
    """Whether JSON writes these bytes as they are."""
    text = data.decode("latin-1")
    return json.dumps(text, ensure_ascii=False) == f'"{text}"'


def write_lines(
    ids: Sequence[bytes],
    names: Sequence[bytes],
    pieces: Sequence[bytes],
    leaders: Sequence[int],
    canonicals: Sequence[int],
    verdicts: Sequence[int],
    scores: Sequence[int],
) -> bytes:
    """The lines of all stories."""
    rows = zip(ids, leaders, canonicals, verdicts, scores, strict=True)
    return b"".join(
        pieces[0] + name + pieces[1] + names[leader] + pieces[2] + ids[canonical] + pieces[verdict] + pieces[score]
        for name, leader, canonical, verdict, score in rows
    )
