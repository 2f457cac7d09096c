"""Runs on the real labelled feeds, which are no part of this project; floors lie a little under what was measured."""

from __future__ import annotations

import csv
import os
import pathlib

import pyarrow as pa
import pytest

from dedup import Settings, find_duplicates, read_feed

FOLDER = pathlib.Path(os.environ.get("DEDUP_DATA", "/nonexistent"))

pytestmark = [
    pytest.mark.data,
    pytest.mark.skipif(not FOLDER.is_dir(), reason="set DEDUP_DATA to the folder of the real labelled feeds"),
]


@pytest.mark.parametrize(
    ("name", "stories", "largest"),
    [("uci_headlines", 6366, 30), ("reuters21578", 11000, 5), ("ag_news", 7600, 4), ("rss_feed_history", 6375, 6)],
)
def test_a_real_feed_has_no_snowball_of_stories(name, stories, largest):
    result = find_duplicates(read_feed(FOLDER / f"{name}.jsonl.gz"))
    assert len(result) == stories
    assert result.sizes.max() <= largest
    assert result.left_out == 0


def test_judged_duplicates_are_found_and_unlike_stories_stay_apart():
    table = pa.Table.from_batches(read_feed(FOLDER / "judged.stories.jsonl.gz"))
    rows = {name: k for k, name in enumerate(table.column("id").to_pylist())}
    merged = {"D": [0, 0], "R": [0, 0], "X": [0, 0]}
    with (FOLDER / "judged.pairs.tsv").open(encoding="utf-8") as pairs:
        for pair in csv.DictReader(pairs, delimiter="\t"):
            both = pa.concat_tables([table.slice(rows[pair[side]], 1) for side in ("a", "b")])
            found = find_duplicates(both.combine_chunks().to_batches(), Settings(window=None, threads=1)).duplicates
            merged[pair["label"]][0] += found
            merged[pair["label"]][1] += 1
    true, false = merged["D"][0], merged["R"][0] + merged["X"][0]
    assert true / (true + false) >= 0.93
    assert true / merged["D"][1] >= 0.60
    assert merged["X"][0] / merged["X"][1] <= 0.02
