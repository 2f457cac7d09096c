"""The labelled sets of a folder of real feeds, as story tables and arrays of pairs.

Stories are feeds as `dedup run` reads them (`NAME.jsonl.gz`, `NAME.stories.jsonl.gz`); a field `cluster` says which
belong together. Pairs are tab-separated (`NAME.pairs.tsv`): two ids, and either a label (D duplicate, R related,
X different) with a certainty and the set it was drawn from, or a score.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from benchmarks.events import I64
from dedup import read_feed

Mask = npt.NDArray[np.bool_]

PAIR_SETS = ("judged", "sts_headlines", "msrp")
VERSIONS = "rss_feed_history"
EVENT_SETS = ("ecbplus", "allsides_roundup")
FEEDS = ("reuters21578", "googlenews_stream", "ag_news", "uci_headlines")
SETS = (*PAIR_SETS, VERSIONS, *EVENT_SETS, *FEEDS)

DUPLICATE, RELATED, DIFFERENT = "D", "R", "X"
SCORES = {"sts_headlines": (4.0, 2.0), "msrp": (1.0, 0.0)}
"""The least score of a duplicate and the largest of different stories; pairs between the two are left out."""


@dataclass(frozen=True, slots=True)
class PairSet:
    """Pairs of stories that people have compared.

    Attributes:
        stories: table of `dedup.STORY_SCHEMA`, all stories of the set in the file's order.
        left, right: int64[p], rows of each pair's two stories.
        labels: str[p], DUPLICATE, RELATED or DIFFERENT.
        groups: by name, str[p] the group each pair is in: "length" ("with text", "titles only"), and, where the file
            has them, "set" and "certainty".
    """

    name: str
    stories: pa.Table
    left: I64
    right: I64
    labels: npt.NDArray[np.str_]
    groups: dict[str, npt.NDArray[np.str_]]

    @property
    def duplicate(self) -> Mask:
        """bool[p]: whether the pair is one story."""
        return np.asarray(self.labels == DUPLICATE)


@dataclass(frozen=True, slots=True)
class FeedSet:
    """A feed, and the cluster its publishers or editors put each story in.

    Attributes:
        stories: table of `dedup.STORY_SCHEMA` in feed order.
        clusters: int64[n], equal for stories that belong together; None where nobody said.
    """

    name: str
    stories: pa.Table
    clusters: I64 | None = None


def files_of(name: str) -> tuple[str, ...]:
    """The files a set is read from."""
    return (f"{name}.stories.jsonl.gz", f"{name}.pairs.tsv") if name in PAIR_SETS else (f"{name}.jsonl.gz",)


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder of labelled feeds, not all of which need be there.

    Raises:
        ValueError: there is no such folder, it has none of the sets, or none was named.
    """

    path: Path | None

    def __post_init__(self) -> None:
        """Refuses what is no folder."""
        if self.path is None:
            raise ValueError("name the folder of the labelled feeds: --data DIR, or DEDUP_DATA in the environment")
        if not self.path.is_dir():
            raise ValueError(f"{self.path} is not a folder; --data DIR names the folder of the labelled feeds")
        if not self.present(SETS):
            raise ValueError(f"{self.path} has none of the labelled sets, such as {' and '.join(files_of(SETS[0]))}")

    def present(self, names: Sequence[str]) -> list[str]:
        """Those of some sets all whose files are there."""
        return [name for name in names if all(self._file(file).is_file() for file in files_of(name))]

    def skipped(self) -> list[str]:
        """The files that are not there."""
        return [file for name in SETS for file in files_of(name) if not self._file(file).is_file()]

    def digests(self) -> dict[str, str]:
        """The SHA-256 of every file of the sets that are there, by its name."""
        files = [file for name in self.present(SETS) for file in files_of(name)]
        return {file: hashlib.sha256(self._file(file).read_bytes()).hexdigest() for file in files}

    def read_pairs(self, name: str) -> PairSet:
        """A set of pairs; scored ones that are neither clearly one story nor clearly two are left out.

        Raises:
            ValueError: a pair names a story that is not in the set.
        """
        stories_file, pairs_file = (self._file(file) for file in files_of(name))
        stories = _read_stories(stories_file)
        with pairs_file.open(encoding="utf-8", newline="") as lines:
            rows = list(csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))
        labels = [row["label"] if "label" in row else _label(name, float(row["score"])) for row in rows]
        rows = [row for row, label in zip(rows, labels, strict=True) if label]
        places = {story: k for k, story in enumerate(stories["id"].to_pylist())}
        for row in rows:
            if unknown := {row["a"], row["b"]} - places.keys():
                raise ValueError(f"{pairs_file}: story {unknown.pop()!r} is not in {stories_file.name}")
        left, right = (np.array([places[row[side]] for row in rows], dtype=np.int64) for side in ("a", "b"))
        worded = np.asarray(pc.not_equal(pc.utf8_trim_whitespace(stories["text"]), "").to_numpy())
        groups = {"length": np.where(worded[left] & worded[right], "with text", "titles only")}
        for column in ("set", "certainty"):
            if rows and column in rows[0]:
                groups[column] = np.array([row[column] for row in rows], dtype=np.str_)
        known = np.array([label for label in labels if label], dtype=np.str_)
        return PairSet(name, stories, left, right, known, groups)

    def read_feed(self, name: str) -> FeedSet:
        """A feed, with its clusters where it is labelled."""
        [file] = files_of(name)
        stories = _read_stories(self._file(file))
        with gzip.open(self._file(file), "rt", encoding="utf-8") as lines:
            clusters = [json.loads(line).get("cluster") for line in lines if line.strip()]
        if None in clusters:
            return FeedSet(name, stories)
        return FeedSet(name, stories, np.unique(clusters, return_inverse=True)[1].astype(np.int64))

    def _file(self, name: str) -> Path:
        if self.path is None:
            raise ValueError(f"{name} is in no folder")
        return self.path / name


def _read_stories(path: Path) -> pa.Table:
    return pa.Table.from_batches(read_feed(path)).combine_chunks()


def _label(name: str, score: float) -> str:
    """DUPLICATE, DIFFERENT, or "" for a score that says neither."""
    same, different = SCORES[name]
    if score >= same:
        return DUPLICATE
    return DIFFERENT if score <= different else ""
