"""What the report shows, read from the feeds a second time.

The main pass lets every text go once it is hashed, so the report reads the feeds again, now knowing which rows it
wants: memory is then that of what is shown, not of the feeds. Pipes and addresses have been spooled for the kept rows
in any case.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from dedup.display import plain_text, web_address
from dedup.kernels.native.evidence import UNDATED
from dedup.result import Result
from dedup.similar import SimilarStories

Rows = NDArray[np.bool_]
MOST_CLUSTERS = 100_000
MOST_MEMBERS = 200  # of a cluster that are shown one by one
_TEXT, _SHORT_TEXT = 1200, 320  # characters shown of a story in a cluster, and of one alone
_TITLE = 300
_NAME = 400  # characters of an id


@dataclass(frozen=True, slots=True)
class Shown:
    """Which clusters are shown, in order: the largest first, then the earliest in the feed.

    Attributes:
        leaders: int32[c], the leader's row of each.
        members: for each, the rows of its members in feed order, `MOST_MEMBERS` at most, the canonical among them.
        left_out: clusters past `MOST_CLUSTERS`.
    """

    leaders: NDArray[np.int32]
    members: list[list[int]]
    left_out: int


def choose(result: Result) -> Shown:
    """The clusters that a report of this result shows."""
    rows = np.flatnonzero(result.leaders == np.arange(len(result))).astype(np.int32)
    order = np.argsort(-result.sizes[rows], kind="stable")[:MOST_CLUSTERS]
    leaders = rows[order]
    grouped = np.argsort(result.leaders, kind="stable")  # feed order inside
    starts = np.searchsorted(result.leaders[grouped], leaders)
    sizes = result.sizes[leaders]
    members = []
    for leader, start, size in zip(leaders.tolist(), starts.tolist(), sizes.tolist(), strict=True):
        some = grouped[start : start + min(size, MOST_MEMBERS)].tolist()
        shown = int(result.canonicals[leader])
        if shown not in some:
            some[-1] = shown
        members.append(some)
    return Shown(leaders, members, len(rows) - len(leaders))


class Told(NamedTuple):
    """A story as it is shown: plain text, to be escaped wherever it goes."""

    id: str
    title: str
    text: str
    url: str
    source: int
    time_us: int | None


class Stories:
    """Sources and times of all n stories, and the words of those that are shown.

    Attributes:
        sources: names by code; code 0 is "", for a story without one.
        codes: int32[n], each story's source.
        times: int64[n], microseconds since 1970, UNDATED for none.
    """

    def __init__(self, count: int) -> None:
        self.sources: list[str] = [""]
        self.codes = np.zeros(count, dtype=np.int32)
        self.times = np.full(count, UNDATED, dtype=np.int64)
        self._told: dict[int, Told] = {}

    def __getitem__(self, row: int) -> Told:
        return self._told[row]

    @classmethod
    def read(cls, batches: Iterable[pa.RecordBatch], wanted: Rows, alone: Rows) -> Stories:
        """Read feeds again.

        Args:
            batches: the same stories in the same order.
            wanted: bool[n], the rows whose words are shown.
            alone: bool[n], those of which the beginning is enough.
        """
        stories = cls(len(wanted))
        numbers: dict[str, int] = {"": 0}
        first = 0
        for batch in batches:
            end = first + batch.num_rows
            names = pc.utf8_trim_whitespace(batch.column("source")).dictionary_encode()
            codes = [numbers.setdefault(name, len(numbers)) for name in names.dictionary.to_pylist()]
            stories.codes[first:end] = np.array(codes, dtype=np.int32)[names.indices.to_numpy()]
            times = batch.column("published").cast(pa.int64()).fill_null(int(UNDATED))
            stories.times[first:end] = times.to_numpy()
            rows = first + np.flatnonzero(wanted[first:end])
            stories._tell(rows, batch.filter(pa.array(wanted[first:end])), alone[rows])
            first = end
        stories.sources = list(numbers)
        return stories

    def _tell(self, rows: NDArray[np.int64], batch: pa.RecordBatch, alone: Rows) -> None:
        columns: list[list[str]] = [batch.column(name).to_pylist() for name in ("id", "title", "url", "text")]
        for row, short, name, title, url, text in zip(rows.tolist(), alone.tolist(), *columns, strict=True):
            time_us = int(self.times[row])
            self._told[row] = Told(
                plain_text(name, _NAME),
                plain_text(title, _TITLE),
                plain_text(text, _SHORT_TEXT if short else _TEXT),
                web_address(url),
                int(self.codes[row]),
                None if time_us == UNDATED else time_us,
            )


def wanted_rows(shown: Shown, result: Result, similar: SimilarStories | None) -> tuple[Rows, Rows]:
    """bool[n] twice: the rows whose words a report needs, and those of which the beginning is enough."""
    wanted = np.zeros(len(result), dtype=np.bool_)
    for rows in shown.members:
        wanted[rows] = True
    if similar is not None:
        for rows in shown.members:
            canonical = int(result.canonicals[rows[0]])
            wanted[[row for row, _ in similar.of(canonical)]] = True
    return wanted, np.asarray(result.sizes == 1)
