"""How well clusters agree with the truth: pairs found and pairs wrongly made, by kind of edit and of look-alike."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json

from benchmarks.events import I64
from benchmarks.vocabulary import KINDS

COPIES = KINDS[1 : KINDS.index("number")]
LOOKALIKES = KINDS[KINDS.index("number") :]
LABELS = {
    "exact": "exact copy", "dateline": "dateline prepended", "header": "line put before", "footer": "footer appended",
    "word": "one word changed", "sentence": "one sentence cut", "halved": "cut in half",
    "trimmed": "trimmed, own title", "extended": "extended, own title", "cut": "passage cut, own title",
    "retitled": "retitled", "reworded": "reworded, own title", "updated": "numbers updated",
    "live": "live blog", "mixed": "trimmed, reworded, own title", "number": "another number", "name": "another name",
    "place": "another place", "day": "another day", "column": "recurring column", "followup": "follow-up",
}  # fmt: skip
"""What tables and plots call each kind."""


@dataclass(frozen=True, slots=True)
class Score:
    """Agreement of an engine's clusters with the truth, over all pairs of stories it was given.

    Attributes:
        stories: how many were scored.
        true_pairs, made_pairs, right_pairs: pairs of stories that are one, that the engine put together, and both.
        recall_by_edit: share of the copies of each kind that ended in the cluster of their first report, 0..1. Copies
            known to equal it word for word are exact ones, whatever their kind.
        false_merges_by_lookalike: share of each kind of look-alike put together with any story it is not one with.
    """

    stories: int
    true_pairs: int
    made_pairs: int
    right_pairs: int
    recall_by_edit: dict[str, float]
    false_merges_by_lookalike: dict[str, float]

    @property
    def precision(self) -> float | None:
        """Share of the pairs made that are right, 0..1; None where none was made."""
        return self.right_pairs / self.made_pairs if self.made_pairs else None

    @property
    def recall(self) -> float | None:
        """Share of the true pairs that were made, 0..1; None where there is none."""
        return self.right_pairs / self.true_pairs if self.true_pairs else None


def unchanged_copies(feed: Path, truth: Path) -> frozenset[str]:
    """Ids of the copies that equal their first report word for word.

    Not only those of kind `exact`: an edit may find nothing to change, as no word of a title, or no text to halve.
    Counted as edited they would lend their ease to the hard kinds: of ten-word headlines a quarter of the reworded.
    """
    known = _columns(truth, ["id", "cluster"]).to_pydict()
    first_of = {copy: first for copy, first in zip(known["id"], known["cluster"], strict=True) if copy != first}
    firsts, told, unchanged = set(first_of.values()), dict[str, int](), set[str]()
    with feed.open(encoding="utf-8") as lines:
        for story in map(json.loads, lines):
            name, words = story["id"], hash((story["title"], story["text"]))
            if name in firsts:
                told[name] = words
            elif name in first_of and told[first_of[name]] == words:
                unchanged.add(name)
    return frozenset(unchanged)


def score_clusters(
    clusters: Path, truth: Path, first: int | None = None, unchanged: Collection[str] = frozenset()
) -> Score:
    """The score of a clusters file (JSON lines with id and cluster_id) over the stories it names, or the first of them.

    Args:
        clusters: JSON lines with id and cluster_id.
        truth: of the feed, see `feed.write_feed`.
        first: how many stories to score, all by default.
        unchanged: ids of copies to count as exact, see `unchanged_copies`.

    Raises:
        ValueError: it names a story twice, or one the truth does not have.
    """
    made = _columns(clusters, ["id", "cluster_id"]).slice(0, first)
    known = _columns(truth, ["id", "cluster", "kind"])
    where = pc.index_in(made["id"], value_set=known["id"])
    if where.null_count:
        unknown = made["id"].filter(where.is_null())[0].as_py()
        raise ValueError(f"{clusters}: story {unknown!r} is not in {truth}; score clusters of the same feed")
    if len(pc.unique(made["id"])) < len(made):
        raise ValueError(f"{clusters}: {len(made) - len(pc.unique(made['id']))} stories are named twice")
    known = known.take(where)
    named = zip(known["id"].to_pylist(), known["kind"].to_pylist(), strict=True)
    return score_labels(
        _codes(made["cluster_id"]),
        _codes(known["cluster"]),
        ["exact" if name in unchanged else kind for name, kind in named],
        np.asarray(pc.index_in(known["cluster"], value_set=made["id"]).fill_null(-1)),
    )


def score_labels(made: I64, true: I64, kinds: list[str], origins: I64) -> Score:
    """The score of cluster labels against true ones.

    Args:
        made: int64[n], the engine's cluster of every story; only equality counts.
        true: int64[n], the cluster it belongs to.
        kinds: the kind of every story.
        origins: int64[n], position of every story's first report, -1 where that was not given to the engine.
    """
    together = made * (int(true.max(initial=0)) + 1) + true
    kind = np.array([KINDS.index(name) for name in kinds], dtype=np.int64)
    found = made == made[origins]
    size, pure = _sizes(made), _sizes(together)
    return Score(
        stories=len(made),
        true_pairs=count_pairs(true),
        made_pairs=count_pairs(made),
        right_pairs=count_pairs(together),
        recall_by_edit=_share_by_kind(COPIES, kind, found, origins >= 0),
        false_merges_by_lookalike=_share_by_kind(LOOKALIKES, kind, size > pure, np.ones(len(made), dtype=np.bool_)),
    )


def _share_by_kind(
    names: tuple[str, ...], kind: I64, hit: npt.NDArray[np.bool_], counted: npt.NDArray[np.bool_]
) -> dict[str, float]:
    shares = {}
    for name in names:
        mine = counted & (kind == KINDS.index(name))
        if mine.any():
            shares[name] = float(hit[mine].mean())
    return shares


def _sizes(labels: I64) -> I64:
    """For every story how many share its label."""
    _, inverse, counts = np.unique(labels, return_inverse=True, return_counts=True)
    return counts[inverse].astype(np.int64)


def count_pairs(labels: I64) -> int:
    """How many pairs of stories have equal labels."""
    counts = np.unique(labels, return_counts=True)[1].astype(np.int64)
    return int((counts * (counts - 1) // 2).sum())


def _codes(column: pa.ChunkedArray) -> I64:
    """int64: equal strings have equal numbers."""
    return np.asarray(column.combine_chunks().dictionary_encode().indices, dtype=np.int64)


def _columns(path: Path, names: list[str]) -> pa.Table:
    """These columns of a JSON-lines file; the rest is ignored."""
    schema = pa.schema([(name, pa.string()) for name in names])
    options = pyarrow.json.ParseOptions(explicit_schema=schema, unexpected_field_behavior="ignore")
    return pyarrow.json.read_json(path, parse_options=options)
