"""What is told of stories that left the window long ago."""

from __future__ import annotations

import pytest

from dedup.index import StoryIndex
from dedup.settings import Settings
from tests.test_index import told


@pytest.mark.parametrize(("before", "name", "cluster"), [(["x"], "x", "x#2"), ([], "x", "x"), ([], "x#5", "x#5#1")])
def test_a_forgotten_duplicate_is_told_with_its_cluster_as_it_was_and_without_a_position(before, name, cluster):
    with StoryIndex.open("memory://", Settings(window=3600.0)) as index:
        index.add_many(told(other, 9, 0) for other in before)
        leader, first = index.add(told(name, 1, 0)), index.add(told("y", 1, 0.5))
        assert (first.cluster_id, first.leader_id, first.verdict) == (cluster, name, "duplicate")
        index.add_many(told(f"o{k}", 200 + k, 6) for k in range(3))
        assert index.stats().dropped == len(before) + 2
        again = index.add(told("y", 1, 0.5))
        assert again.redelivered
        assert (again.verdict, again.kind, again.score) == (first.verdict, first.kind, first.score)
        assert (again.cluster_id, again.leader_id, again.position) == (cluster, name, 0)
        assert index.add(told(name, 1, 0)) == leader
