from __future__ import annotations

import json
from datetime import timedelta

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dedup import STORY_SCHEMA, Settings, SettingsError, find_duplicates
from dedup.bands import find_copies
from dedup.evidence import weigh
from dedup.hashing import hash_batch
from dedup.kernels.native.leaders import EXACT, NEAR, UPDATE
from dedup.kernels.native.table import LEADERS
from dedup.tables import with_keys
from dedup.writers.clusters import write_clusters
from tests.builders import at, batch

LEDE = (
    "The river rose four metres overnight and cut off three villages in the valley, the mayor told reporters, "
    "while soldiers carried old people from their roofs and rain kept falling on the hills behind the town."
)
OTHER = (
    "Shares of the largest grocer fell on Tuesday after it said that profit would miss the forecast for the year, "
    "blaming prices of energy and wages that grew faster than what its customers were willing to pay at the till."
)
FLOOD = {"title": "River cuts off three villages after night of rain", "text": LEDE}
GROCER = {"title": "Grocer warns that profit will miss forecast", "text": OTHER}


def groups(rows, **options):
    """The ids of each cluster of two stories or more."""
    table = find_duplicates([batch(rows)], Settings(**options)).to_table().to_pydict()
    found: dict[str, list[str]] = {}
    for name, leader in zip(table["id"], table["cluster_id"], strict=True):
        found.setdefault(leader, []).append(name)
    return [members for members in found.values() if len(members) > 1]


def test_a_copy_of_another_publisher_is_a_duplicate():
    assert groups([FLOOD | {"source": "A"}, GROCER, FLOOD | {"source": "B"}]) == [["0", "2"]]


@pytest.mark.parametrize(
    "variant",
    [
        {"text": LEDE.split(", while")[0] + "."},
        {"text": "KANDERAU (Newswire) - " + LEDE},
        {"text": LEDE + " Read more »"},
        {"title": "Rain cuts off three villages"},
        {"text": LEDE.replace("four", "nearly four").replace("old people", "elderly people")},
        {"title": "", "text": FLOOD["title"] + LEDE},
        {"title": FLOOD["title"].upper()},
        {"title": "<b>" + FLOOD["title"] + "</b>", "text": "<p>" + LEDE.replace("'", "&#39;") + "</p>"},
    ],
    ids=["trimmed", "dateline", "read more", "retitled", "reworded", "glued", "shouted", "marked up"],
)
def test_a_variant_is_a_duplicate(variant):
    assert groups([FLOOD | {"source": "A"}, GROCER, FLOOD | variant | {"source": "B"}]) == [["0", "2"]]


def test_a_template_with_another_amount_is_another_story():
    title = "Exporters report sale of {} tonnes of corn"
    rows = [
        {
            "title": title.format(n),
            "text": f"Private exporters reported sales of {n} tonnes of corn for delivery to "
            "unknown destinations during the marketing year, the agriculture department said.",
        }
        for n in ("350,000", "150,000")
    ]
    assert groups(rows) == []


def test_what_is_no_batch_of_stories_is_refused_with_what_to_do():
    with pytest.raises(SettingsError, match=r"got Table: take its to_batches\(\)"):
        find_duplicates([pa.Table.from_batches([batch([FLOOD])])])
    with pytest.raises(SettingsError, match="got dict"):
        find_duplicates([FLOOD])


def test_stories_beyond_the_window_are_different():
    rows = [FLOOD | {"published": at(day)} for day in (1, 3, 5, 9)]
    assert groups(rows) == [["0", "1"]]
    assert groups(rows, window=None) == [["0", "1", "2", "3"]]


def test_an_undated_story_takes_the_time_of_the_one_before():
    rows = [FLOOD | {"published": at(1)}, GROCER | {"published": at(9)}, FLOOD, FLOOD | {"published": at(2)}]
    assert groups(rows) == [["0", "3"]]


def test_one_word_and_no_words_are_no_evidence():
    rows = [{}, {}, {"title": "Weather"}, {"title": "Weather", "text": "Rain."}, {"title": "🔥"}, {"title": "🌧"}]
    assert groups(rows) == []


def test_a_short_title_is_the_copy_only_of_its_own_source():
    rows = [{"title": "Morning briefing", "source": source} for source in ("A", "B", "A")]
    assert groups(rows) == [["0", "2"]]


@pytest.mark.parametrize("title", ["Morning briefing", "Central bank sets two billion of customer repurchases"])
def test_a_title_of_one_source_that_returns_every_day_is_a_series(title):
    days = [{"title": title, "source": "A", "published": at(day, 6)} for day in (1, 2, 3)]
    again = days[1] | {"published": at(2, 6) + timedelta(minutes=1)}
    assert groups([*days, again]) == [["1", "3"]]
    assert groups([day | {"url": "https://a.example/1"} for day in days]) == [["0", "1", "2"]]
    assert groups([day | {"text": LEDE} for day in days]) == [["0", "1", "2"]]


def test_what_may_be_the_next_of_a_series_is_no_copy_but_judged():
    title = {"title": "Central bank sets two billion of customer repurchases"}
    for more, copied in (
        ({"source": "A", "published": at(2)}, False),
        ({"source": "A", "published": None}, True),
        ({"source": "", "published": at(2)}, True),
        ({"source": "A", "published": at(2), "text": LEDE}, True),
    ):
        copies, shared = find_copies(hash_batch(batch([title | more, GROCER, title | more]), Settings()).facts)
        assert copies.tolist() == [False, False, copied]
        assert shared.tolist() == [True, False, True]


def test_a_title_that_another_source_has_the_next_day_is_a_copy():
    title = "Central bank sets two billion of customer repurchases"
    one, other = (
        {"title": title, "source": "A", "published": at(1, 6)},
        {"title": title, "source": "B", "published": at(2, 6)},
    )
    assert groups([one, other]) == [["0", "1"]]


def test_a_repeated_item_with_new_text_is_an_update():
    url = {"url": "https://a.example/1", "source": "A"}
    revised = FLOOD | url | {"text": LEDE.replace("four", "nearly five")}
    table = find_duplicates([batch([FLOOD | url, revised, FLOOD | {"source": "B"}])]).to_table()
    assert table.column("kind").to_pylist() == [None, "update", "exact"]
    assert table.column("verdict").to_pylist() == ["canonical", "duplicate", "duplicate"]


@pytest.mark.parametrize(("keep", "shown"), [("earliest", "1"), ("longest", "2"), ("source: a, B", "0")])
def test_the_policy_chooses_the_story_shown(keep, shown):
    rows = [
        FLOOD | {"source": "A", "published": at(2)},
        FLOOD | {"source": "C", "published": at(1)},
        FLOOD | {"source": "B", "published": at(2), "text": LEDE + " Schools stay closed."},
    ]
    assert set(find_duplicates([batch(rows)], Settings(keep=keep)).to_table().column("canonical_id").to_pylist()) == {
        shown
    }


def test_the_classical_rule_is_the_jaccard_similarity():
    rows = [FLOOD, FLOOD | {"text": LEDE.split(", while")[0]}]
    facts = hash_batch(batch(rows), Settings()).facts
    similarity = weigh(facts, 0, 1)["text_jaccard"]
    assert 0.4 < similarity < 0.8
    assert groups(rows, rule=similarity - 0.01) == [["0", "1"]]
    assert groups(rows, rule=similarity + 0.01) == []


def test_stories_that_share_an_id_are_judged_by_what_they_say():
    result = find_duplicates([batch([FLOOD | {"id": "x"}, GROCER | {"id": "x"}, FLOOD | {"id": "y"}])])
    assert result.repeated_ids == 1
    assert result.to_table().column("cluster_id").to_pylist() == ["x#0", "x#1", "x#0"]


@pytest.mark.parametrize(
    ("names", "clusters"),
    [
        (["live", "live", "live#0"], ["live#0", "live#1", "live#0#2"]),
        (["live", "live#0", "live#x"], ["live", "live#0#1", "live#x"]),
        (["live", "#", "live#0\n"], ["live", "#", "live#0\n"]),
    ],
)
def test_no_two_clusters_have_one_name(names, clusters, tmp_path):
    rows = [FLOOD, GROCER, {"title": "Exporters report sale of corn", "text": "They told the department on Friday."}]
    result = find_duplicates([batch([row | {"id": name} for row, name in zip(rows, names, strict=True)])])
    assert result.to_table()["cluster_id"].to_pylist() == clusters
    write_clusters(result, str(tmp_path / "out.jsonl"))
    lines = (tmp_path / "out.jsonl").read_text().splitlines()
    assert [json.loads(line)["cluster_id"] for line in lines] == clusters


def test_a_table_is_made_in_pieces_of_any_size(monkeypatch):
    result = find_duplicates([batch([FLOOD, GROCER, FLOOD, GROCER, GROCER | {"text": ""}])])
    whole = result.to_table()
    assert whole.column("cluster_id").to_pylist()[:4] == ["0", "1", "0", "1"]
    for size in (1, 2, 5):
        monkeypatch.setattr("dedup.result._CHUNK", size)
        assert result.to_table().equals(whole)


def test_an_empty_feed_has_no_clusters():
    result = find_duplicates([])
    assert (len(result), result.clusters, result.duplicate_ratio) == (0, 0, 0.0)
    assert result.to_table().num_rows == 0


def test_a_batch_of_another_schema_is_refused():
    with pytest.raises(SettingsError, match="STORY_SCHEMA"):
        find_duplicates([pa.RecordBatch.from_pydict({"title": ["x"]})])


WORDS = st.sampled_from(
    [
        "flood",
        "river",
        "rain",
        "village",
        "mayor",
        "shares",
        "profit",
        "grocer",
        "12",
        "14",
        "soldiers",
        "roof",
        "night",
    ]
)
ROW = st.fixed_dictionaries(
    {
        "title": st.lists(WORDS, max_size=5).map(" ".join),
        "text": st.lists(WORDS, max_size=14).map(" ".join),
        "source": st.sampled_from(["", "A", "B"]),
        "published": st.sampled_from([None, at(1), at(3), at(5), at(9)]),
    }
)


@given(st.lists(ROW, max_size=30), st.integers(1, 7), st.integers(1, 3))
@settings(deadline=None, max_examples=60)
def test_neither_slicing_nor_threads_change_the_clusters(rows, size, threads):
    whole = find_duplicates([batch(rows)], Settings(threads=1)) if rows else find_duplicates([])
    table = pa.Table.from_batches([batch(rows)], schema=STORY_SCHEMA)
    sliced = find_duplicates(table.to_batches(max_chunksize=size), Settings(threads=threads))
    assert sliced.leaders.tolist() == whole.leaders.tolist()
    assert sliced.kinds.tolist() == whole.kinds.tolist()


@given(st.lists(ROW, max_size=30), st.floats(0.2, 1.0))
@settings(deadline=None, max_examples=60)
def test_every_member_duplicates_its_leader(rows, threshold):
    options = Settings(rule=threshold)
    result = find_duplicates([batch(rows)], options)
    facts = hash_batch(batch(rows), options).facts
    for i, leader in enumerate(result.leaders.tolist()):
        assert leader <= i
        assert result.leaders[leader] == leader
        if result.kinds[i] in (NEAR, UPDATE):
            assert weigh(facts, i, leader)["text_jaccard"] >= threshold - 1e-6
        elif result.kinds[i] == EXACT:
            assert facts.content[i].tolist() in facts.content[:i].tolist()


def test_many_series_at_once_stay_within_the_room_made_for_their_leaders(monkeypatch):
    """Stories of a series have equal content, and each of them leads."""
    titles = [
        "Tides and swell along coast",
        "Quiz about steam engines",
        "Pollen count by valley",
        "Crossword for gardeners",
    ]
    rows = [
        {"id": f"{title} {day}", "title": title, "source": "A", "published": at(1) + timedelta(days=day, hours=6)}
        for day in range(140)
        for title in titles
    ]
    left = []

    def watched(table, *more):
        left.append(table.leaders.shape[0] - int(table.used[LEADERS]))
        return with_keys(table, *more)

    monkeypatch.setattr("dedup.clusters._CHUNK", 16)
    monkeypatch.setattr("dedup.clusters.with_keys", watched)
    assert groups(rows, bucket_limit=1, window=None) == []
    assert min(left) >= 0
