"""What the accuracy of similar stories counts, on cases small enough to count by hand."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from benchmarks.accuracy_tables import _similar
from benchmarks.labelled import FeedSet
from benchmarks.similar import ENGINES, TOP, measure_similar, rate, shuffled, similar_figures
from dedup.incoming import story_batch
from tests.builders import at

EVENTS = [
    ("Ferry Aurora runs aground off Kvaloy", "Captain of ferry Aurora questioned", "Aurora ferry towed from Kvaloy"),
    ("Norland bank raises key rate", "Key rate of Norland bank at record", "Bank of Norland defends key rate"),
]


@pytest.fixture
def feed():
    rows = [
        {"id": f"{event}-{k}", "title": title, "published": at(1 + event)}
        for event, titles in enumerate(EVENTS)
        for k, title in enumerate(titles)
    ]
    return FeedSet("ecbplus", pa.Table.from_batches([story_batch(rows)]), np.repeat(np.arange(2), 3))


def answers(*rows):
    return np.array([[*row, *[-1] * (TOP - len(row))] for row in rows])


def test_recall_and_precision_of_answers_are_counted_by_hand():
    found = rate(answers([1, 2], [2, 3, 0], [3, 0], []), np.array([0, 0, 0, 1]))
    assert found.recall == pytest.approx((1 + 1 + 1 / 2) / 3)  # the last story has nobody to find
    assert found.precision == pytest.approx((1 + (1 + 2 / 3) / 2 + 1 / 4) / 3)


def test_no_more_than_ten_are_wanted():
    clusters = np.zeros(30, dtype=np.int64)
    found = rate(np.tile(np.arange(10, 20), (30, 1)), clusters)
    assert found == (1.0, 1.0)


@pytest.mark.parametrize("engine", ENGINES)
def test_every_engine_finds_the_stories_that_share_words(feed, engine):
    found = rate(ENGINES[engine](shuffled(feed).stories), shuffled(feed).clusters)
    assert found == (1.0, 1.0)


def test_neither_order_nor_dates_tell_the_events(feed):
    mixed = shuffled(feed)
    assert mixed.stories["published"].null_count == 6
    assert mixed.stories["id"].to_pylist() != feed.stories["id"].to_pylist()
    assert mixed.clusters.tolist() == [int(name[0]) for name in mixed.stories["id"].to_pylist()]


def test_a_feed_without_labels_is_refused(feed):
    with pytest.raises(ValueError, match="ecbplus has no cluster labels"):
        shuffled(FeedSet(feed.name, feed.stories))


def test_the_table_has_a_line_an_engine(feed):
    table = "\n".join(_similar(measure_similar(feed)))
    assert "the other stories on an event, of 6 on 2" in table
    assert table.count("| 1.000 | 1.000 |") == len(ENGINES)
    assert similar_figures(feed) == {"ecbplus similar.recall": 1.0, "ecbplus similar.precision": 1.0}
