"""Runs on the real labelled feeds, which are no part of this project, and holds them to benchmarks/floors.json."""

from __future__ import annotations

import os
import pathlib

import pytest

from benchmarks.accuracy import evaluate
from benchmarks.floors import PINNED, Floors
from benchmarks.labelled import Folder
from dedup import find_duplicates, read_feed

FOLDER = pathlib.Path(os.environ.get("DEDUP_DATA", "/nonexistent"))

pytestmark = [
    pytest.mark.data,
    pytest.mark.skipif(not FOLDER.is_dir(), reason="set DEDUP_DATA to the folder of the real labelled feeds"),
]


@pytest.fixture(scope="module")
def figures():
    return evaluate(Folder(FOLDER))


@pytest.fixture(scope="module")
def digests():
    return Folder(FOLDER).digests()


@pytest.mark.parametrize("figure", PINNED)
def test_a_figure_holds_its_floor(figures, figure):
    if figure not in figures:
        pytest.skip(f"the data of {figure} is not there")
    assert Floors.read().violations({figure: figures[figure]}, {}) == []


def test_the_floors_were_measured_on_these_files(digests):
    assert Floors.read().violations({}, digests) == []


@pytest.mark.parametrize(
    ("name", "stories", "largest"),
    [
        ("uci_headlines", 6366, 30),
        ("reuters21578", 11000, 5),
        ("ag_news", 7600, 4),
        ("rss_feed_history", 6375, 6),
        ("googlenews_stream", 60000, 10),
    ],
)
def test_a_real_feed_has_no_snowball_of_stories(name, stories, largest):
    result = find_duplicates(read_feed(FOLDER / f"{name}.jsonl.gz"))
    assert len(result) == stories
    assert result.sizes.max() <= largest
    assert result.left_out == 0
