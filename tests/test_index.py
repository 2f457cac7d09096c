from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest

from dedup import places, subjects, things
from dedup.decision import Decision
from dedup.errors import IndexFormatError, SettingsError, StoreError
from dedup.header import describe, with_lateness
from dedup.incoming import story_batch
from dedup.index import StoryIndex
from dedup.settings import Settings
from dedup.stores import open_store
from tests.builders import at
from tests.indexes import OTHER, STORY, TEXT, TITLE, feed, judged, logged, memory_url, said


@pytest.fixture
def index():
    with StoryIndex.open("memory://") as index:
        yield index


def test_the_first_story_is_new(index):
    decision = index.add(STORY)
    assert decision == Decision("a", 1, "new", "a", "a", "a", None, None)
    assert decision.is_new
    assert decision.evidence == {}
    assert decision.reasons == ["no story in the window says the same"]


def test_a_copy_is_a_duplicate_of_the_leader(index):
    index.add(STORY)
    decision = index.add({**STORY, "id": "b", "source": "Daily Post", "text": TEXT + " More to follow."})
    assert (decision.verdict, decision.kind, decision.cluster_id, decision.position) == ("duplicate", "near", "a", 2)
    assert not decision.is_new
    assert decision.evidence["title_jaccard"] == 1.0
    assert "the titles share 1.00 of their words" in decision.reasons


def test_the_same_words_are_an_exact_copy(index):
    index.add(STORY)
    decision = index.add({**STORY, "id": "b", "source": "Daily Post"})
    assert (decision.kind, decision.score) == ("exact", 1.0)
    assert decision.reasons == ['says word for word what the cluster of "a" says']


def test_an_update_of_the_same_publisher(index):
    index.add(STORY)
    decision = index.add(
        {**STORY, "id": "b", "title": "UPDATE 1-" + TITLE, "text": TEXT + " Nobody was hurt, he said."}
    )
    assert (decision.verdict, decision.kind) == ("update", "update")
    assert decision.reasons[0] == 'an update of "a"'


def test_another_story_is_new(index):
    index.add(STORY)
    assert index.add(OTHER).verdict == "new"


def test_a_story_delivered_again_gets_its_decision_and_is_not_kept_again(index):
    index.add(STORY)
    first = index.add({**STORY, "id": "b", "text": TEXT + " More to follow."})
    assert index.add({**STORY, "id": "b", "text": TEXT + " More to follow."}) == first
    assert len(logged(index)) == 2
    assert index.stats().redelivered == 1


def test_an_older_version_delivered_again_gets_its_own_decision(index):
    first = index.add(STORY)
    index.add({**STORY, "text": TEXT + " Nobody was hurt, he said."})
    assert index.add(STORY) == first
    assert len(logged(index)) == 2


def test_other_words_under_the_same_id_are_an_update(index):
    index.add({**STORY, "source": ""})
    decision = index.add({**STORY, "source": "", "text": TEXT + " Nobody was hurt, he said."})
    assert (decision.verdict, decision.cluster_id, decision.position) == ("update", "a", 2)


def test_another_story_under_the_same_id_founds_a_cluster_with_its_position(index):
    index.add(STORY)
    decision = index.add({**OTHER, "id": "a"})
    assert (decision.verdict, decision.cluster_id, decision.leader_id) == ("new", "a#2", "a")
    assert index.add({**OTHER, "id": "c"}).cluster_id == "a#2"


def test_no_two_clusters_have_one_name(index):
    third = {"id": "a#3", "title": "Exporters report sale of corn", "text": "It was told to the department, they said."}
    decisions = index.add_many([STORY, {**OTHER, "id": "a"}, third, {**third, "id": "b"}, {**third, "id": "b#x"}])
    assert [d.cluster_id for d in decisions] == ["a", "a#2", "a#3#3", "a#3#3", "a#3#3"]
    assert [index.add(story).cluster_id for story in (third, {**third, "id": "c"})] == ["a#3#3"] * 2


def test_a_cluster_keeps_its_name_over_a_restart():
    url = memory_url()
    with StoryIndex.open(url) as index:
        index.add_many([STORY, {**OTHER, "id": "a"}])
    with StoryIndex.open(url) as index:
        assert index.add({**OTHER, "id": "c"}).cluster_id == "a#2"


@pytest.mark.parametrize("date", ["0001-01-01T00:00:00Z", "9999-12-31", datetime(1, 1, 1, tzinfo=UTC)])
def test_a_date_that_no_story_has_is_none(index, date):
    """Else what follows without a date would be as old, and found by nobody."""
    index.add(STORY)
    assert index.add({**STORY, "id": "b", "published": date}).verdict == "duplicate"


def test_milliseconds_since_1970_are_no_date_of_another_century():
    batch = story_batch([{**STORY, "published": published} for published in ("1709123151230", 1709123151230)])
    assert [time.year for time in batch.column("published").to_pylist()] == [2024, 2024]


def test_stories_that_come_too_late_to_be_compared_are_counted():
    with StoryIndex.open("memory://", Settings(window=3600.0)) as index:
        index.add_many([told("a", 1, 9), told("b", 2, 7), told("c", 3, 6)])
        assert index.stats().late == 1
        index.add(told("d", 4, 6.5))
        assert index.stats().late == 2
        assert "dedup_late_total 2\n" in index.stats().expose()


def told(name, words, hours):
    """A story of words that no other number has."""
    return {
        "id": name,
        "title": "",
        "text": " ".join(f"w{words}x{k}" for k in range(20)),
        "published": at(1) + timedelta(hours=hours),
    }


@pytest.mark.parametrize(("before", "between"), [(2, 8), (8, 2)])
def test_an_id_whose_first_story_was_forgotten_can_come_a_third_time(before, between):
    """Rows are numbered anew when some are dropped: none may lead to what now has the number of a former one."""
    with StoryIndex.open("memory://", Settings(window=3600.0)) as index:
        index.add_many([told(f"b{k}", 100 + k, 0) for k in range(before)])
        index.add(told("x", 1, 0))
        index.add_many([told(f"o{k}", 200 + k, 0) for k in range(between)])
        index.add(told("x", 2, 2))
        for k in range(3):
            index.add(told(f"p{k}", 300 + k, 3.5))
        assert index.stats().dropped == before + between + 1
        third = index.add(told("x", 301, 3.6))
        assert (third.id, third.cluster_id, third.redelivered) == ("x", "p1", False)


@pytest.mark.parametrize("reopened", [False, True])
def test_an_id_is_known_after_its_stories_were_forgotten(reopened):
    url = memory_url()
    index = StoryIndex.open(url, Settings(window=3600.0))
    first = index.add(told("x", 1, 0))
    for k in range(3):
        index.add(told(f"o{k}", 200 + k, 6))
    if reopened:
        index = StoryIndex.open(url)
    assert index.stats().dropped == 1
    second = index.add(told("x", 2, 6))
    assert (second.verdict, second.cluster_id) == ("new", "x#5")
    again = index.add(told("x", 1, 0))
    assert again.redelivered
    assert (again.position, again.cluster_id) == (first.position, "x")


def test_a_restart_reads_only_what_is_in_the_window():
    url, settings = memory_url(), Settings(window=3600.0)
    stories = feed(400, hours=40.0)
    with StoryIndex.open(url, settings) as index:
        first = said(index.add_many(stories))
    with StoryIndex.open(url, settings) as index:
        stats = index.stats()
        assert stats.stories == stats.others < 50
        assert (stats.position, stats.dropped) == (400, 400 - stats.stories)
        assert said(index.add_many(stories)) == first
        assert index.stats().redelivered == 400


def test_ids_that_repeat_within_one_call_are_told_apart(index):
    changed = {**STORY, "text": TEXT + " Nobody was hurt, he said."}
    decisions = index.add_many([STORY, OTHER, STORY, changed, changed])
    assert [d.position for d in decisions] == [1, 2, 1, 3, 3]


def test_decide_keeps_nothing(index):
    index.add(STORY)
    asked = index.decide({**STORY, "id": "b", "text": TEXT + " More to follow."})
    assert (asked.verdict, asked.cluster_id, asked.position) == ("duplicate", "a", 0)
    assert index.decide(STORY).position == 1
    assert index.stats().position == index.stats().stories == 1


@pytest.mark.parametrize(
    ("keep", "shown"), [("earliest", ["b", "a", "a"]), ("longest", ["b", "b", "b"]), ("source:C", ["b", "a", "c"])]
)
def test_the_story_shown_is_chosen_by_policy(keep, shown):
    stories = [
        {**STORY, "id": "b", "published": at(1, 5), "text": TEXT + " More to follow later."},
        {**STORY, "id": "a", "published": at(1, 4), "source": "B"},
        {**STORY, "id": "c", "published": at(1, 6), "source": "c "},
    ]
    with StoryIndex.open("memory://", Settings(keep=keep)) as index:
        assert [d.canonical_id for d in index.add_many(stories)] == shown
        assert index.decide({**stories[0], "id": "d", "published": at(1, 7)}).canonical_id == shown[-1]


def test_a_batch_of_stories_is_taken_whole():
    stories = feed(5000)
    batch = story_batch(stories)
    with StoryIndex.open("memory://") as index:
        decisions = index.add_many(batch)
        assert said(decisions) == judged(stories, Settings())
        assert index.stats().duplicates + index.stats().updates == sum(not d.is_new for d in decisions) > 1000


def test_nothing_to_add_is_fine(index):
    assert index.add_many([]) == []
    assert index.add_many(story_batch([])) == []


def test_a_decision_is_plain_json(index):
    index.add(STORY)
    document = json.loads(json.dumps(index.add({**STORY, "id": "b", "text": TEXT + " More to follow."}).to_dict()))
    assert document["cluster_id"] == "a"
    assert set(document) >= {"id", "verdict", "canonical_id", "score", "evidence", "reasons", "position"}


def test_dates_are_read_as_feeds_write_them(index):
    for published in (
        datetime(2023, 6, 1, 2, tzinfo=UTC),
        "2023-06-01T02:00:00Z",
        "Thu, 01 Jun 2023 04:00:00 +0200",
        datetime(2023, 6, 1, 2),
        1685584800,
    ):
        index.add({**OTHER, "id": str(published), "published": published})
        assert index.stats().latest_us == 1685584800_000000


def test_a_date_far_ahead_counts_as_none(index):
    index.add(STORY)
    index.add({**OTHER, "published": datetime.now(UTC) + timedelta(days=400)})
    assert index.stats().future == 1
    assert index.stats().latest_us == int(at(1).timestamp() * 1e6)
    assert index.add({**STORY, "id": "b"}).verdict == "duplicate"


def test_dates_far_ahead_are_counted_once_a_story_that_is_kept(index):
    ahead = {**OTHER, "published": datetime.now(UTC) + timedelta(days=400)}
    index.decide(ahead)
    index.similar(ahead)
    assert index.stats().future == 0
    index.add(ahead)
    index.add(ahead)
    assert index.stats().future == 1
    index.add_many([STORY, ahead, {**ahead, "id": "y"}, {**ahead, "id": "x"}])
    index.add_many([ahead, STORY])
    assert index.stats().future == 3
    assert index.stats().redelivered == 4


@pytest.mark.parametrize(
    ("story", "problem"),
    [
        ({"id": "a", "headline": "x"}, "a story has a title, a text or both; got the fields id, headline"),
        ({"title": "x"}, "needs an id or a URL"),
        ({"id": 1.5, "title": "x"}, "id is a text or an integer"),
        ({"id": "a", "title": b"x"}, "title is a text, got bytes"),
        ({"id": "a", "title": "x", "published": []}, "published is a datetime"),
    ],
)
def test_a_story_that_cannot_be_taken_is_refused(index, story, problem):
    with pytest.raises(SettingsError, match=problem):
        index.add(story)
    assert index.stats().position == 0


def test_a_batch_of_other_columns_is_refused(index):
    with pytest.raises(SettingsError, match="STORY_SCHEMA"):
        index.add_many(pa.RecordBatch.from_pylist([{"id": "a"}]))


def test_a_url_stands_in_for_an_id(index):
    assert index.add({"url": "https://example.org/a", "title": TITLE}).id == "https://example.org/a"


def test_an_index_needs_a_window():
    with pytest.raises(SettingsError, match="needs one"):
        StoryIndex.open("memory://", Settings(window=None))


def test_lateness_is_the_window_unless_given():
    assert with_lateness(Settings(window=60.0)).lateness == 60.0
    assert with_lateness(Settings(window=60.0, lateness=5.0)).lateness == 5.0


def test_settings_are_those_the_index_was_made_with():
    url = memory_url()
    StoryIndex.open(url, Settings(window=60.0, keep="longest")).close()
    with StoryIndex.open(url) as index:
        assert (index.settings.window, index.settings.keep) == (60.0, "longest")


@pytest.mark.parametrize(
    ("other", "problem"),
    [
        (Settings(window=60.0), r"made with window 259200.0, expected 60.0; .*dedup rebuild --store memory://"),
        (Settings(seed=2), "made with"),
        (Settings(rule=0.8), "made with"),
        (Settings(shingle_width=4), "made with"),
    ],
)
def test_other_settings_are_refused(other, problem):
    url = memory_url()
    StoryIndex.open(url).close()
    with pytest.raises(IndexFormatError, match=problem):
        StoryIndex.open(url, other)


@pytest.mark.parametrize("field", ["format", "record", "signature", "reading", "model", "layout"])
def test_an_index_of_a_release_that_decides_otherwise_is_refused(field):
    url = memory_url()
    document = json.loads(describe(with_lateness(Settings())))
    assert field in document
    document[field] = "other"
    with open_store(url) as store:
        store.create(json.dumps(document).encode())
    with pytest.raises(IndexFormatError, match=f'{field} "other", expected .*dedup rebuild'):
        StoryIndex.open(url)


def test_an_index_begun_when_records_were_written_otherwise_is_gone_on_with():
    url = memory_url()
    document = json.loads(describe(with_lateness(Settings()))) | {"record": 1}
    with open_store(url) as store:
        store.create(json.dumps(document).encode())
    with StoryIndex.open(url) as index:
        assert index.add(STORY).is_new


def test_a_log_of_something_else_is_refused():
    url = memory_url()
    with open_store(url) as store:
        store.create(b"something else")
    with pytest.raises(IndexFormatError, match="not an index of this package"):
        StoryIndex.open(url)


def test_a_closed_index_says_so(index):
    index.close()
    index.close()
    with pytest.raises(StoreError, match="closed"):
        index.add(STORY)


def test_a_store_that_fails_leaves_the_index_as_it_was(index, monkeypatch):
    index.add(STORY)
    append = index._replica.store.append

    def fail(*_):
        raise StoreError("gone")

    monkeypatch.setattr(index._replica.store, "append", fail)
    with pytest.raises(StoreError, match="gone"):
        index.add(OTHER)
    monkeypatch.setattr(index._replica.store, "append", append)
    assert index.add(OTHER).position == 2
    assert index.stats().new == 2


def test_an_interrupted_thread_leaves_the_index_usable(index, monkeypatch):
    index.add(STORY)
    append = index._replica.store.append

    def interrupt(*arguments):
        append(*arguments)
        raise KeyboardInterrupt

    monkeypatch.setattr(index._replica.store, "append", interrupt)
    with pytest.raises(KeyboardInterrupt):
        index.add(OTHER)
    monkeypatch.setattr(index._replica.store, "append", append)
    assert index.add(OTHER).position == 2


@pytest.mark.parametrize("words", [places.PLACES, subjects.SUBJECTS, things.THINGS], ids=len)
def test_an_index_made_with_other_word_lists_is_refused(tmp_path, monkeypatch, words):
    url, name = f"sqlite:///{tmp_path}/stories.db", next(iter(words))
    StoryIndex.open(url).close()
    monkeypatch.setitem(words, name, f"{words[name]}; kvaloy")
    with pytest.raises(IndexFormatError, match="reading"):
        StoryIndex.open(url)
