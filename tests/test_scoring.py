"""Scores agree with the obvious way, and copies count as what was changed of them."""

from __future__ import annotations

import itertools
import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as given_settings
from hypothesis import strategies as st

from benchmarks import throughput
from benchmarks.events import FeedSettings
from benchmarks.feed import write_feed
from benchmarks.likeness import synthetic_pairs
from benchmarks.measure import Run
from benchmarks.scoring import COPIES, score_clusters, score_labels, unchanged_copies

LABELS = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=25)


@given(LABELS)
@given_settings(deadline=None, max_examples=200)
def test_pair_counts_equal_counting_pair_by_pair(labels):
    made, true = (np.array(column, dtype=np.int64) for column in zip(*labels, strict=True))
    score = score_labels(made, true, ["original"] * len(labels), np.arange(len(labels)))
    pairs = list(itertools.combinations(labels, 2))
    assert score.made_pairs == sum(left[0] == right[0] for left, right in pairs)
    assert score.true_pairs == sum(left[1] == right[1] for left, right in pairs)
    assert score.right_pairs == sum(left == right for left, right in pairs)


def test_a_score_by_hand(tmp_path):
    truth = [("a", "a", "original"), ("b", "a", "trimmed"), ("c", "a", "trimmed"), ("d", "d", "number"),
             ("e", "e", "number"), ("f", "f", "original")]  # fmt: skip
    made = {"b": "1", "a": "1", "c": "2", "e": "2", "d": "4", "f": "5"}
    write_lines(tmp_path / "t", [{"id": i, "cluster": c, "event": c, "kind": k} for i, c, k in truth])
    write_lines(tmp_path / "c", [{"id": i, "cluster_id": c, "score": 1.0} for i, c in made.items()])
    score = score_clusters(tmp_path / "c", tmp_path / "t")
    assert (score.true_pairs, score.made_pairs, score.right_pairs) == (3, 2, 1)
    assert score.precision == 0.5
    assert score.recall == pytest.approx(1 / 3)
    assert score.recall_by_edit == {"trimmed": 0.5}
    assert score.false_merges_by_lookalike == {"number": 0.5}


def test_a_slice_is_scored_over_its_own_stories(tmp_path):
    write_lines(tmp_path / "t", [{"id": str(k), "cluster": "0", "event": "0", "kind": "exact"} for k in range(5)])
    write_lines(tmp_path / "c", [{"id": str(k), "cluster_id": "x"} for k in (2, 3)])
    score = score_clusters(tmp_path / "c", tmp_path / "t")
    assert (score.true_pairs, score.recall) == (1, 1.0)
    assert score.recall_by_edit == {}  # the first report was not among them


def test_the_first_stories_can_be_scored_alone(tmp_path):
    write_lines(tmp_path / "t", [{"id": str(k), "cluster": "0", "event": "0", "kind": "exact"} for k in range(5)])
    write_lines(tmp_path / "c", [{"id": str(k), "cluster_id": "x" if k < 2 else str(k)} for k in range(5)])
    scores = [score_clusters(tmp_path / "c", tmp_path / "t", first) for first in (2, None)]
    assert [score.recall for score in scores] == [1.0, 0.1]
    assert [score.stories for score in scores] == [2, 5]


def test_finding_nothing_has_no_precision_and_no_recall(tmp_path):
    write_lines(tmp_path / "t", [{"id": str(k), "cluster": "0", "event": "0", "kind": "exact"} for k in range(5)])
    write_lines(tmp_path / "c", [{"id": str(k), "cluster_id": str(k)} for k in range(5)])
    score = score_clusters(tmp_path / "c", tmp_path / "t")
    assert (score.precision, score.recall) == (None, 0.0)


def test_clusters_of_another_feed_are_refused(tmp_path):
    write_lines(tmp_path / "t", [{"id": "a", "cluster": "a", "event": "a", "kind": "original"}])
    write_lines(tmp_path / "c", [{"id": "z", "cluster_id": "z"}])
    with pytest.raises(ValueError, match="story 'z' is not in"):
        score_clusters(tmp_path / "c", tmp_path / "t")
    write_lines(tmp_path / "c", [{"id": "a", "cluster_id": "a"}] * 2)
    with pytest.raises(ValueError, match="1 stories are named twice"):
        score_clusters(tmp_path / "c", tmp_path / "t")


def told(story):
    return story["title"], story["text"]


@pytest.mark.parametrize("words", [10, 43])
def test_copies_without_a_changed_word_are_known_whatever_their_kind(tmp_path, words):
    feed, truth = tmp_path / "f", tmp_path / "t"
    write_feed(FeedSettings(stories=20_000, words=words, seed=1), feed, truth)
    stories, lines = ([json.loads(line) for line in path.read_text("utf-8").splitlines()] for path in (feed, truth))
    by_id = {story["id"]: told(story) for story in stories}
    equal = [line for line in lines if line["edits"] and by_id[line["id"]] == by_id[line["cluster"]]]
    kinds = Counter(line["kind"] for line in equal)
    assert kinds["exact"] > 500
    assert kinds["reworded"] > (200 if words == 10 else 0)
    assert unchanged_copies(feed, truth) == {line["id"] for line in equal}


def test_an_engine_that_finds_equal_stories_only_has_no_recall_of_edits(tmp_path, monkeypatch):
    def put_equal_ones_together(command, _cores):
        stories = map(json.loads, (tmp_path / "feed.jsonl").read_text("utf-8").splitlines())
        write_lines(
            Path(command[command.index("--clusters") + 1]),
            [{"id": story["id"], "cluster_id": " ".join(told(story))} for story in stories],
        )
        return Run(1.0, 1.0, 1_000)

    monkeypatch.setattr(throughput, "run_fresh", put_equal_ones_together)
    (measured,), _ = throughput.measure_feed(FeedSettings(stories=5_000, words=10, seed=1), ["dedup"], 1, tmp_path)
    for score in (measured.score, measured.equal):
        assert score is not None
        found = score.recall_by_edit
        assert found.pop("exact") == 1.0
        assert set(found) < set(COPIES)
        assert set(found.values()) == {0.0}


@pytest.mark.parametrize("words", [10, 43])
def test_no_synthetic_pair_beside_judged_ones_is_of_equal_stories(tmp_path, words):
    pairs = synthetic_pairs(FeedSettings(stories=10_000, words=words, seed=1), tmp_path)
    assert len(pairs) > 1_500
    assert all(told(copy) != told(first) for copy, first in pairs)


def write_lines(path: Path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
