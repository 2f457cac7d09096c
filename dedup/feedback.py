"""What people say of two stories, "the same" or not: kept beside the log, given out as judged pairs."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from dedup.answers import recall_latest
from dedup.errors import IndexFormatError, SettingsError
from dedup.records import Layout
from dedup.stores import Store, open_store, store_files
from dedup.writers.outputs import check_lines, check_outputs, open_output

_READ_AT_ONCE = 1000  # notes


def judge(store: Store, layout: Layout, left: str, right: str, *, same: bool) -> dict[str, Any]:
    """Keep that two stories are the same, or not; what was kept.

    It holds the words of both stories, where the store has them, because the stories themselves expire.

    Raises:
        SettingsError: one of them is not in the log, or both are one.
        StoreError: the store does not answer.
    """
    if left == right:
        raise SettingsError("a story is the same as itself; judge two stories of different ids")
    decisions = {name: recall_latest(store, layout, name) for name in (left, right)}
    for name, decision in decisions.items():
        if decision is None:
            raise SettingsError(f'there is no story "{name}"')
    texts = store.stories([left, right])
    clusters = {decision.cluster_id for decision in decisions.values() if decision is not None}
    judgement = {
        "left": _story(left, texts),
        "right": _story(right, texts),
        "same": same,
        "were_one_cluster": len(clusters) == 1,
        "judged": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    store.add_note(json.dumps(judgement, ensure_ascii=False).encode("utf-8", "replace"))
    return judgement


def _story(name: str, texts: dict[str, bytes]) -> dict[str, Any]:
    story: dict[str, Any] = json.loads(texts[name]) if name in texts else {"id": name}
    return story


def judged_pairs(store: Store) -> list[dict[str, Any]]:
    """What was said last of each pair of stories, in the order that pairs came up first."""
    pairs: dict[frozenset[str], dict[str, Any]] = {}
    for judgement in _judgements(store):
        pairs[frozenset((judgement["left"]["id"], judgement["right"]["id"]))] = judgement
    return list(pairs.values())


def _judgements(store: Store) -> Iterator[dict[str, Any]]:
    yield from map(json.loads, _notes(store))


def _notes(store: Store) -> Iterator[bytes]:
    after = 0
    while found := store.notes(after, _READ_AT_ONCE):
        after = found[-1][0]
        yield from (note for _, note in found)


def copy_feedback(store: Store, other: Store) -> tuple[int, int]:
    """Bring what was said in one store into another, in its order; what is there already is not kept twice.

    Returns how many judgements the one holds, and how many of them were new to the other.

    Raises:
        StoreError: one of them does not answer.
    """
    there = Counter(_notes(other))
    count = copied = 0
    for note in _notes(store):
        count += 1
        if there[note]:
            there[note] -= 1
        else:
            other.add_note(note)
            copied += 1
    return count, copied


def write_pairs(pairs: list[dict[str, Any]]) -> bytes:
    """Judged pairs as JSON lines."""
    return b"".join(json.dumps(pair, ensure_ascii=False).encode() + b"\n" for pair in pairs)


def export_feedback(url: str, output: str) -> int:
    """Write the judged pairs of a store as JSON lines; how many.

    Raises:
        SettingsError: the output cannot be written, or is a file of the store.
        IndexFormatError: the store holds no index.
        StoreError: it does not answer.
    """
    check_outputs([], [output], store_files(url))
    check_lines(output)
    with open_store(url, create=False) as store:
        if store.header() is None:
            raise IndexFormatError("the store holds no index, so nothing was said of its stories")
        pairs = judged_pairs(store)
    with open_output(output) as out:
        out.write(write_pairs(pairs))
    return len(pairs)
