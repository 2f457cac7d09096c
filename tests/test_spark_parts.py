"""What the tasks of the Spark engine do, without Spark."""

from __future__ import annotations

import json

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dedup import places
from dedup.batch import find_duplicates
from dedup.errors import IndexFormatError, SettingsError
from dedup.kernels.native.crowds import Crowd
from dedup.kernels.native.evidence import UNDATED
from dedup.kernels.native.table import LEVELS
from dedup.kernels.reference import crowds as reference
from dedup.settings import Settings
from dedup.spark import components, feeds, parcels
from dedup.spark.buckets import REACH, Grouped
from dedup.spark.crowds import _search
from dedup.spark.engine import _check_made, _described
from dedup.spark.signatures import SCHEMA, bytes_of, facts_of, hash_stories
from tests.builders import at, batch

EDGES = st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12)).filter(lambda edge: edge[0] != edge[1]), max_size=30)


def union_find(edges):
    """The least node of the component of every node that has an edge."""
    parents: dict[int, int] = {}

    def find(node):
        while parents.setdefault(node, node) != node:
            node = parents[node]
        return node

    for left, right in edges:
        one, other = sorted((find(left), find(right)))
        parents[other] = one
    return {node: find(node) for node in list(parents)}


def in_parts(send, step, edges, parts):
    """One step, by nodes that are spread over parts as tasks are."""
    left, right = (np.array([edge[end] for edge in edges], dtype=np.int64) for end in (0, 1))
    nodes, neighbours = send(left, right)
    where = parcels.part_of(nodes, parts)
    made: set[tuple[int, int]] = set()
    for part in range(parts):
        made |= set(
            zip(*(ends.tolist() for ends in step(nodes[where == part], neighbours[where == part])), strict=True)
        )
    return sorted(made)


@given(EDGES, st.integers(1, 4))
@settings(deadline=None)
def test_alternating_stars_end_as_the_components_of_union_find(edges, parts):
    stars, before = edges, None
    while stars != before:
        before = stars
        stars = in_parts(components.both_ways, components.large_star, stars, parts)
        stars = in_parts(components.downwards, components.small_star, stars, parts)
    found = dict(stars) | {centre: centre for _, centre in stars}
    assert found == union_find(edges)
    nodes, least = components.connect(*(np.array([edge[end] for edge in edges], dtype=np.int64) for end in (0, 1)))
    assert dict(zip(nodes.tolist(), least.tolist(), strict=True)) == found
    assert len(nodes) == len(found)


@given(
    st.lists(
        st.tuples(
            st.integers(1, 2), st.integers(0, 9), st.booleans(), st.booleans(), st.tuples(*[st.integers(0, 2)] * 3)
        ),
        max_size=40,
    ),
    st.integers(1, 3),
)
@settings(deadline=None)
def test_what_is_found_in_crowds_is_what_the_slow_twin_finds(members, limit):
    members = sorted((bucket, row, *rest) for row, (bucket, *rest) in enumerate(members))
    leaders = [min(row, back) for _, row, back, *_ in members]
    columns = list(zip(*members, strict=True)) or [()] * 6
    crowd = Crowd(
        buckets=np.array(columns[0], dtype=np.uint64),
        rows=np.array(columns[1], dtype=np.int64),
        leaders=np.array(leaders, dtype=np.int64),
        looks=np.array(columns[3], dtype=np.bool_),
        enters=np.array(columns[4], dtype=np.bool_),
        finer=np.array(columns[5], dtype=np.uint32).reshape(-1, LEVELS - 1),
    )
    expected = reference.find_in_crowds(columns[0], columns[1], leaders, columns[3], columns[4], columns[5], limit)
    pieces = _search(crowd, limit, step=3, most=20)
    found = [pair for sides in pieces for pair in zip(*(side.tolist() for side in sides), strict=True)]
    assert sorted(found) == sorted(pair for pair in expected if pair[0] > pair[1])


@given(
    st.lists(st.tuples(st.integers(1, 2), st.one_of(st.just(int(UNDATED)), st.integers(0, 9))), max_size=20),
    st.integers(1, 4),
)
@settings(deadline=None)
def test_stories_of_a_bucket_meet_in_pairs_or_are_a_crowd(members, limit):
    buckets, when = (np.array([member[k] for member in members], dtype=np.int64) for k in (0, 1))
    grouped = Grouped(buckets.astype(np.uint64), np.arange(len(members)), when)
    crowded = grouped.crowded(limit)
    crowd = set(grouped.order[crowded].tolist())
    pairs = {
        (int(i), int(j)) for later, earlier in grouped.pairs(~crowded) for i, j in zip(later, earlier, strict=True)
    }
    for i, (bucket, time) in enumerate(members):
        near = [j for j in range(len(members)) if members[j][0] == bucket and 0 <= members[j][1] - time <= REACH]
        if len(near) > limit:
            assert i in crowd
        for j in range(i):
            timeless = int(UNDATED) in (time, members[j][1])
            if members[j][0] == bucket and (timeless or abs(time - members[j][1]) <= REACH):
                assert (i, j) in pairs or {i, j} <= crowd
    assert all(members[i][0] == members[j][0] and not {i, j} & crowd for i, j in pairs)


def test_stories_of_equal_content_hang_together_as_far_as_they_reach():
    when = np.array([0, 2, 4, 7, 0], dtype=np.int64)
    later, earlier = Grouped(np.array([1, 1, 1, 1, 2], dtype=np.uint64), np.arange(5), when).stars()
    assert list(zip(later.tolist(), earlier.tolist(), strict=True)) == [(1, 0), (2, 0)]


def test_parcels_bring_every_row_to_its_part_once():
    rows = np.arange(1000)
    sender = parcels.Sender(7)
    sent = list(sender.send("rows", parcels.part_of(rows, 7), pa.RecordBatch.from_pydict({"row": rows})))
    sent += list(sender.flush())
    arrived: dict[int, list[int]] = {}

    def work(part, tables):
        arrived[part] = tables["rows"].column("row").to_pylist()
        return []

    together = pa.Table.from_batches(sent).sort_by("part").to_batches()
    assert list(parcels.by_part(work)(iter(together))) == []
    assert sorted(row for some in arrived.values() for row in some) == rows.tolist()
    assert all(parcels.part_of(np.array(some), 7).tolist() == [part] * len(some) for part, some in arrived.items())


def test_hashed_stories_keep_their_facts_and_undated_ones_the_time_before_them():
    story = {"title": "Ferry runs aground off Kvaloy", "text": "All 48 passengers were taken off safely on Monday."}
    rows = [{"id": str(n), "published": when, **story} for n, when in enumerate((None, at(1), None, at(2)))]
    made = pa.Table.from_batches(hash_stories([batch(rows[:2]), batch(rows[2:])], 3, Settings(threads=1)))
    assert made.schema == SCHEMA
    times = made.column("time").to_pylist()
    assert times[0] == UNDATED
    assert times[1] == times[2] < times[3]
    assert made.column("place").to_pylist() == [0, 1, 2, 3]
    assert made.column("latest").to_pylist() == [UNDATED, UNDATED, times[1], times[1]]
    facts = facts_of(made)
    assert (facts.content == facts.content[0]).all()
    assert len(set(np.diff(facts.bounds).tolist())) == 1
    assert len(find_duplicates([batch(rows)]).leaders) == len(facts.times)


@pytest.mark.slow
def test_the_bytes_of_a_column_may_be_over_2_gb():
    chunk = pa.array([b"x" * (1 << 20)] * 128)
    data, sizes = bytes_of(pa.chunked_array([chunk] * 17))
    assert len(data) == sizes.sum() == 17 << 27
    assert len(sizes) == 17 * 128


def test_columns_of_a_table_are_taken_by_their_usual_names_or_as_mapped():
    assert feeds.telling_columns(["Headline", "body", "junk"], {}) == ["Headline", "body"]
    assert feeds.telling_columns(["a", "b"], {"title": "b"}) == ["b"]
    with pytest.raises(SettingsError, match='no column "c", that title was mapped to'):
        feeds.telling_columns(["a", "b"], {"title": "c"})
    with pytest.raises(SettingsError, match="no column of the table"):
        feeds.telling_columns(["a", "b"], {})


def test_an_earlier_run_of_the_same_release_and_settings_is_gone_on_with():
    _check_made(_described(Settings(threads=1)), "saved", Settings(threads=2))


def test_an_earlier_run_with_other_word_lists_is_refused(monkeypatch):
    made = _described(Settings())
    monkeypatch.setitem(places.PLACES, "en", f"{places.PLACES['en']}; kvaloy")
    with pytest.raises(
        IndexFormatError, match=r'saved was made with reading "\w+", expected "\w+"; run on all stories'
    ):
        _check_made(made, "saved", Settings())


@pytest.mark.parametrize("field", ["format", "signature", "reading", "model"])
def test_an_earlier_run_of_a_release_that_decides_otherwise_is_refused(field):
    made = json.dumps({**json.loads(_described(Settings())), field: "other"})
    with pytest.raises(IndexFormatError, match=f'made with {field} "other", expected .*save them anew'):
        _check_made(made, "saved", Settings())


def test_an_earlier_run_that_chose_otherwise_whom_to_show_is_refused():
    """What stories are preferred for is kept with their hashes."""
    made = _described(Settings(keep="source:Reuters"))
    with pytest.raises(IndexFormatError, match='made with keep "source:Reuters", expected "source:AFP"; run on all'):
        _check_made(made, "saved", Settings(keep="source:AFP"))


@pytest.mark.parametrize("made", ["", "no JSON", "3"])
def test_a_folder_of_something_else_is_no_earlier_run(made):
    with pytest.raises(IndexFormatError, match="not the folder of an earlier run"):
        _check_made(made, "saved", Settings())
