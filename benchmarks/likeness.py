"""How alike the true pairs of synthetic feeds are, beside pairs of real stories that people judged to be one.

Copies that equal their first report word for word are left out of the synthetic pairs, whatever edit they were meant
to have, as nobody was asked to judge one.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.counts import jaccard
from benchmarks.events import FeedSettings
from benchmarks.feed import write_feed
from benchmarks.labelled import Folder
from benchmarks.measure import environment
from benchmarks.peers import words_of

Record = dict[str, Any]
Story = dict[str, Any]
Pairs = list[tuple[Story, Story]]

PERCENTILES = (5, 10, 25, 50, 75, 90, 95)
LENGTHS = {"with text": 43, "titles only": 9}
"""Words a story of the synthetic feed that stands beside each group of judged pairs."""


def shingle_set(text: str, width: int) -> frozenset[str]:
    """The runs of so many words of a text; the whole text where it has fewer."""
    words = words_of(text)
    runs = zip(*(words[k:] for k in range(width)), strict=False)
    return frozenset(map(" ".join, runs)) or frozenset([" ".join(words)])


def _of_all(width: int) -> Callable[[Story], frozenset[str]]:
    return lambda story: shingle_set(f"{story['title']} {story['text']}", width)


MEASURES: dict[str, Callable[[Story], frozenset[str]]] = {
    "word-3 Jaccard, title + text": _of_all(3),
    "word-1 Jaccard, title + text": _of_all(1),
    "word-1 Jaccard, title": lambda story: shingle_set(story["title"], 1),
    "word-3 Jaccard, text": lambda story: shingle_set(story["text"], 3),
}


def judged_pairs(folder: Folder, length: str) -> Pairs:
    """The judged duplicates of a length: real stories, two each.

    Raises:
        OSError: the folder has no judged pairs.
    """
    judged = folder.read_pairs("judged")
    mine = judged.duplicate & (judged.groups["length"] == length)
    stories = judged.stories.select(["title", "text"]).to_pylist()
    return [(stories[i], stories[j]) for i, j in zip(judged.left[mine], judged.right[mine], strict=True)]


def synthetic_pairs(settings: FeedSettings, folder: Path) -> Pairs:
    """Every copy of a feed with its first report, but for equal ones and, in a feed with texts, those without."""
    feed, truth = folder / "feed.jsonl", folder / "truth.jsonl"
    write_feed(settings, feed, truth)
    stories = {story["id"]: story for story in map(json.loads, feed.read_text("utf-8").splitlines())}
    copies = [line for line in map(json.loads, truth.read_text("utf-8").splitlines()) if line["edits"]]
    beside = [(stories[line["id"]], stories[line["cluster"]]) for line in copies]
    pairs = [pair for pair in beside if len({(story["title"], story["text"]) for story in pair}) == 2]
    worded = any(story["text"] for story in stories.values())
    return [pair for pair in pairs if not worded or all(story["text"] for story in pair)]


def similarities(pairs: Pairs, measure: str) -> npt.NDArray[np.float64]:
    """float64[p], 0..1."""
    shingles = MEASURES[measure]
    return np.array([jaccard(shingles(left), shingles(right)) for left, right in pairs])


def gap(left: npt.NDArray[np.float64], right: npt.NDArray[np.float64]) -> float:
    """The largest difference of the two cumulative distributions, 0..1 (Kolmogorov and Smirnov's statistic)."""
    at = np.concatenate([left, right])
    shares = [np.searchsorted(np.sort(side), at, side="right") / len(side) for side in (left, right)]
    return float(np.abs(shares[0] - shares[1]).max())


def likeness_record(data: Folder, stories: int, seed: int, folder: Path) -> Record:
    """Everything `likeness` measured, ready for JSON; no word of a story is in it."""
    rows: list[Record] = []
    for length, words in LENGTHS.items():
        real = judged_pairs(data, length)
        made = synthetic_pairs(FeedSettings(stories=stories, words=words, seed=seed), folder)
        for measure in MEASURES:
            if length == "titles only" and not measure.endswith("title + text"):
                continue  # the title is all there is
            beside = [similarities(pairs, measure) for pairs in (real, made)]
            rows.append(
                {
                    "pairs": length,
                    "measure": measure,
                    "judged": _distribution(beside[0]),
                    "synthetic": _distribution(beside[1]),
                    "gap": gap(*beside),
                }
            )
    return {
        "benchmark": "likeness",
        "environment": environment(()),
        "seed": seed,
        "stories": stories,
        "words": LENGTHS,
        "rows": rows,
    }


def _distribution(values: npt.NDArray[np.float64]) -> Record:
    """How many, percentiles, and the share of pairs in each tenth of 0..1."""
    return {
        "pairs": len(values),
        "percentiles": dict(zip(map(str, PERCENTILES), np.percentile(values, PERCENTILES).tolist(), strict=True)),
        "tenths": (np.histogram(values, bins=10, range=(0.0, 1.0))[0] / len(values)).tolist(),
    }


def likeness_table(record: Record) -> str:
    """The record as Markdown, real and synthetic pairs one under the other."""
    lines = [
        "### How alike true pairs are: judged real ones and synthetic ones",
        "",
        f"| pairs | measure | | how many | {' | '.join(f'{k} %' for k in PERCENTILES)} | largest gap |",
        f"|---|---|---|---:|{'---:|' * (len(PERCENTILES) + 1)}",
    ]
    for row in record["rows"]:
        for side in ("judged", "synthetic"):
            told = row[side]
            cells = [f"{told['percentiles'][str(k)]:.2f}" for k in PERCENTILES]
            count = f"{told['pairs']:,}"
            head = [row["pairs"], row["measure"]] if side == "judged" else ["", ""]
            last = f"{row['gap']:.2f}" if side == "judged" else ""
            lines.append(f"| {' | '.join([*head, side, count, *cells, last])} |")
    return "\n".join(
        [*lines, "", "Exact copies left out. Gap: of the two cumulative distributions (Kolmogorov-Smirnov).", ""]
    )
