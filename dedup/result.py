"""What `find_duplicates` found."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from dedup.kernels.native.leaders import EXACT, NEAR, UPDATE

VERDICTS = ("unique", "canonical", "duplicate")
KINDS = {EXACT: "exact", NEAR: "near", UPDATE: "update"}

RESULT_SCHEMA = pa.schema(
    [
        pa.field("id", pa.string()),
        pa.field("cluster_id", pa.string()),
        pa.field("canonical_id", pa.string()),
        pa.field("verdict", pa.string()),
        pa.field("kind", pa.string()),
        pa.field("score", pa.float32()),
    ]
)
"""One row a story, in feed order: verdict unique, canonical or duplicate; kind exact, near, update or null; the score
of the story against its cluster's leader, 0..1, null for the leader itself."""


@dataclass(frozen=True, slots=True)
class Result:
    """The clusters of n stories; row numbers refer to the feed, in reading order.

    Attributes:
        ids: the stories' ids, string[n].
        leaders: int32[n], the row of each story's leader, the first of its cluster.
        canonicals: int32[n], the row of the story that its cluster shows.
        scores: float32[n], the score against the leader, 0..1; 0 for a leader.
        kinds: uint8[n], a key of `KINDS`; 0 for a leader.
        candidates: pairs of stories that were judged.
        full_buckets: times a story met a full band bucket, whose finer keys were then used too.
        left_out: times a leader found even the finest bucket of a band full: this band alone cannot find it.
        stripped: stories from whose texts phrases were taken that their source repeats.
        wordless: stories without a single word; only an exact copy can be their duplicate.
    """

    ids: pa.ChunkedArray
    leaders: NDArray[np.int32]
    canonicals: NDArray[np.int32]
    scores: NDArray[np.float32]
    kinds: NDArray[np.uint8]
    candidates: int
    full_buckets: int
    left_out: int
    stripped: int
    wordless: int

    def __len__(self) -> int:
        return len(self.leaders)

    @property
    def kept(self) -> NDArray[np.bool_]:
        """bool[n]: whether the story is the one its cluster shows."""
        return np.asarray(self.canonicals == np.arange(len(self)))

    @property
    def sizes(self) -> NDArray[np.int64]:
        """int64[n]: stories in each story's cluster."""
        return np.asarray(np.bincount(self.leaders, minlength=len(self))[self.leaders])

    @property
    def clusters(self) -> int:
        """Number of clusters, those of one story included; as many stories are kept."""
        return int(np.count_nonzero(self.leaders == np.arange(len(self))))

    @property
    def duplicates(self) -> int:
        """Number of stories that are not kept."""
        return len(self) - self.clusters

    @property
    def duplicate_ratio(self) -> float:
        """Share of stories that are not kept, 0..1."""
        return self.duplicates / len(self) if len(self) else 0.0

    def count_kind(self, kind: str) -> int:
        """Number of stories that follow a leader as "exact", "near" or "update"."""
        return sum(int(np.count_nonzero(self.kinds == code)) for code, name in KINDS.items() if name == kind)

    @property
    def repeated_ids(self) -> int:
        """Number of rows whose id an earlier row has; they are stories of their own all the same."""
        return len(self) - len(self.ids.unique())

    def to_table(self) -> pa.Table:
        """The verdict on each story, a table of `RESULT_SCHEMA`.

        A cluster's id is its leader's id, or, where stories share an id, the id and the row: "id#row".
        """
        ids = self.ids.combine_chunks()
        names = self._cluster_names(ids)
        rows = np.arange(len(self))
        shown = self.canonicals == rows
        verdicts = np.where(shown, np.where(self.sizes > 1, 1, 0), 2).astype(np.int8)
        leads = self.leaders == rows
        columns = [
            ids,
            names.take(pa.array(self.leaders)),
            ids.take(pa.array(self.canonicals)),
            _spell(verdicts, VERDICTS),
            _spell(self.kinds.astype(np.int8) - 1, ("exact", "near", "update"), leads),
            pa.array(self.scores, mask=leads, type=pa.float32()),
        ]
        return pa.Table.from_arrays(columns, schema=RESULT_SCHEMA)

    def _cluster_names(self, ids: pa.Array) -> pa.Array:
        if not self.repeated_ids:
            return ids
        counts = {row["values"].as_py(): row["counts"].as_py() for row in ids.value_counts()}
        return pa.array(
            [name if counts[name] == 1 else f"{name}#{row}" for row, name in enumerate(ids.to_pylist())], pa.string()
        )


def _spell(codes: NDArray[np.int8], names: tuple[str, ...], missing: NDArray[np.bool_] | None = None) -> pa.Array:
    """The name of each code, null where `missing`."""
    places = pa.array(codes, mask=missing, type=pa.int8())
    return pa.DictionaryArray.from_arrays(places, pa.array(names, pa.string())).cast(pa.string())
