"""What `find_duplicates` found."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from dedup.evidence import hash_column
from dedup.kernels.native.bands import mark_copies
from dedup.kernels.native.leaders import EXACT, NEAR, UPDATE

_CHUNK = 1 << 16  # rows
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


@dataclass(frozen=True)
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
    def verdicts(self) -> NDArray[np.int32]:
        """int32[n]: each story's place in `VERDICTS`."""
        return np.where(self.kept, np.where(self.sizes > 1, 1, 0), 2).astype(np.int32)

    @property
    def repeated_ids(self) -> int:
        """Number of rows whose id an earlier row has; they are stories of their own all the same."""
        return int(np.count_nonzero(self._repeats[0]))

    @cached_property
    def _repeats(self) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """bool[n] each: whether an earlier row, and whether any other one, has a story's id.

        Told by hashes: of ids that are not the same, all that could come of it is a cluster named with its row.
        """
        count = len(self)
        told = np.ones((count, 2), dtype=np.uint64)
        told[:, 0] = np.concatenate([np.empty(0, dtype=np.uint64), *map(hash_column, self.ids.chunks)])
        earlier, shared = np.empty((2, count), dtype=np.bool_)
        mark_copies(told, np.zeros(1 << (2 * count).bit_length(), dtype=np.int32), earlier, shared)
        return earlier, shared

    @property
    def renamed(self) -> bool:
        """Whether there is a cluster, if of one story, that is not called by an id alone."""
        return bool(self._numbered.any())

    @cached_property
    def _numbered(self) -> NDArray[np.bool_]:
        """bool[n]: whether the cluster that a story leads, or would, is called by its id and row."""
        shared = self._repeats[1]
        if not any(pc.any(pc.match_substring(chunk, "#")).as_py() for chunk in self.ids.chunks):
            return shared
        ends = [pc.fill_null(pc.match_substring_regex(chunk, "#[0-9]+$"), False) for chunk in self.ids.chunks]
        return np.asarray(shared | np.concatenate([each.to_numpy(zero_copy_only=False) for each in ends]))

    def to_table(self) -> pa.Table:
        """The verdict on each story, a table of `RESULT_SCHEMA`.

        A cluster's id is its leader's id, or, where stories share an id, the id and the row: "id#row". So is that of an
        id which itself ends in "#" and a number, so that no two clusters are called the same.
        """
        leads = self.leaders == np.arange(len(self))
        columns = [
            self.ids,
            _take(self.cluster_names(), self.leaders),
            _take(self.ids, self.canonicals),
            _spell(self.verdicts.astype(np.int8), VERDICTS),
            _spell(self.kinds.astype(np.int8) - 1, ("exact", "near", "update"), leads),
            pa.array(self.scores, mask=leads, type=pa.float32()),
        ]
        return pa.Table.from_arrays(columns, schema=RESULT_SCHEMA)

    def cluster_names(self) -> pa.ChunkedArray:
        """What the cluster that each story leads, or would, is called: string[n]."""
        if not self.renamed:
            return self.ids
        names, first = [], 0
        for chunk in self.ids.chunks:
            told = chunk.to_pylist()
            for place in np.flatnonzero(self._numbered[first : first + len(chunk)]).tolist():
                told[place] = f"{told[place]}#{first + place}"
            names.append(pa.array(told, pa.string()))
            first += len(chunk)
        return pa.chunked_array(names, pa.string())


def ends_in_number(name: str) -> bool:
    """Whether an id ends in "#" and digits, as the name of a cluster does that its leader's id alone does not tell.

    >>> ends_in_number("live#2"), ends_in_number("live#top"), ends_in_number("live2")
    (True, False, False)
    """
    _, mark, end = name.rpartition("#")
    return bool(mark) and end.isascii() and end.isdigit()


def _take(column: pa.ChunkedArray, rows: NDArray[np.int32]) -> pa.ChunkedArray:
    """Some strings, in chunks that hold no more text than one may."""
    whole = column.cast(pa.large_string()).combine_chunks()
    chunks = [whole.take(pa.array(rows[begin : begin + _CHUNK])) for begin in range(0, len(rows), _CHUNK)]
    return pa.chunked_array([chunk.cast(pa.string()) for chunk in chunks], pa.string())


def _spell(codes: NDArray[np.int8], names: tuple[str, ...], missing: NDArray[np.bool_] | None = None) -> pa.Array:
    """The name of each code, null where `missing`."""
    places = pa.array(codes, mask=missing, type=pa.int8())
    return pa.DictionaryArray.from_arrays(places, pa.array(names, pa.string())).cast(pa.string())
