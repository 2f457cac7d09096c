from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dedup.batch import find_duplicates
from dedup.errors import SettingsError
from dedup.hashing import HashedFeed, hash_batch
from dedup.incoming import story_batch
from dedup.index import StoryIndex
from dedup.kernels.native import similar as native
from dedup.kernels.native.evidence import UNDATED
from dedup.kernels.native.facts import FRONT, LEAD, TITLE
from dedup.kernels.reference import similar as slow
from dedup.settings import Settings
from dedup.similar import _COUNT_WEIGHTS, LEAST_SCORE, WordIndex, find_similar
from tests.builders import at
from tests.indexes import memory_url

SUBJECTS = ["ferry", "bank", "corn", "final", "quake", "summit", "strike", "vaccine", "election", "comet"]
WORDS = [
    "harbour",
    "minister",
    "rates",
    "export",
    "goal",
    "rescue",
    "talks",
    "union",
    "doctor",
    "ballot",
    "telescope",
    "storm",
    "record",
    "report",
]
STORIES = st.lists(
    st.tuples(
        st.lists(st.sampled_from(SUBJECTS + WORDS), max_size=6),
        st.lists(st.sampled_from([*WORDS, "Oslo", "350", "seven"]), max_size=9),
        st.one_of(st.none(), st.integers(1, 9)),
    ),
    min_size=1,
    max_size=50,
)


def hashed(stories):
    """The facts of stories given as title words, text words and day."""
    rows = [
        {"id": str(k), "title": " ".join(title), "text": " ".join(text), "published": day and at(day)}
        for k, (title, text, day) in enumerate(stories)
    ]
    return hash_batch(story_batch(rows), Settings()).facts


def entries(facts):
    """The stories as the slow twin takes them."""
    found = []
    for row, time in enumerate(facts.times.tolist()):
        bounds = facts.bounds[row] + np.array([0, *facts.sections[row].tolist()])
        sets = [facts.hashes[bounds[s] : bounds[s + 1]].tolist() for s in (TITLE, LEAD, FRONT)]
        found.append(slow.Entry(slow.vector(*sets), time))
    return found


def rarities(stories, *others):
    """How rare each word is among the stories; of the others' words too."""
    counts: dict[int, int] = {word: 0 for other in others for word in other.vector}
    for story in stories:
        for word in story.vector:
            counts[word] = counts.get(word, 0) + 1
    return {word: float(np.float32(1.0 + np.log1p(len(stories)) - np.log1p(count))) for word, count in counts.items()}


def slow_search(stories, query, place, rarity, top):
    found, cut = slow.search(
        stories, query, place, rarity, [float(one) for one in _COUNT_WEIGHTS], LEAST_SCORE, max(native.POOL, top)
    )
    return [(where, float(np.float32(score))) for where, score in found[:top]], cut


def pairs(found, row):
    size = int(found.sizes[row])
    return list(zip(found.places[row, :size].tolist(), found.scores[row, :size].tolist(), strict=True))


@given(STORIES, st.integers(1, 40))
@settings(deadline=None, max_examples=60)
def test_what_is_found_equals_the_slow_twin(stories, top):
    facts = hashed(stories)
    index, slowly = WordIndex(), entries(facts)
    index.add(facts, np.arange(len(stories)))
    rarity = rarities(slowly)
    found = index.search_all(top)
    for place, entry in enumerate(slowly):
        expected, cut = slow_search(slowly, entry, place, rarity, top)
        assert (pairs(found, place), found.cut[place]) == (expected, cut)
        assert index.search_place(place, top) == expected


@given(STORIES, st.integers(1, 12))
@settings(deadline=None, max_examples=30)
def test_a_story_that_was_not_entered_is_asked_about_likewise(stories, top):
    facts = hashed(stories)
    *slowly, query = entries(facts)
    index = WordIndex()
    index.add(facts, np.arange(len(slowly)))
    expected, _ = slow_search(slowly, query, len(slowly), rarities(slowly, query), top)
    assert index.search_row(facts, len(slowly), top) == expected


@given(STORIES, st.lists(st.integers(0, 50)))
@settings(deadline=None, max_examples=30)
def test_stories_entered_piece_by_piece_are_found_like_those_entered_at_once(stories, cuts):
    facts = hashed(stories)
    rows = np.arange(len(stories))
    pieces, whole = WordIndex(), WordIndex()
    whole.add(facts, rows)
    for piece in np.split(rows, sorted(min(cut, len(rows)) for cut in cuts)):
        pieces.add(facts, piece)
    for one, other in zip(pieces.search_all(5), whole.search_all(5), strict=True):
        assert one.shape == other.shape
    assert [pairs(pieces.search_all(5), row) for row in rows] == [pairs(whole.search_all(5), row) for row in rows]


def crowd(count, seed=1):
    """Stories that all share a word, and some others by chance."""
    draw = random.Random(seed)  # noqa: S311
    some = [f"word{k}" for k in range(300)]
    return [
        (["election", *draw.sample(some, 4)], draw.sample(some, 6), draw.choice([None, 1, 2, 3, 4]))
        for _ in range(count)
    ]


def test_a_common_word_is_read_of_the_nearest_stories_only_and_counted():
    facts = hashed(crowd(2 * native.MOST_READ))
    index, slowly = WordIndex(), entries(facts)
    index.add(facts, np.arange(len(slowly)))
    found, rarity = index.search_all(10), rarities(slowly)
    assert (found.cut == 1).all()
    for place in (0, 1, native.MOST_READ, len(slowly) - 1):
        assert (pairs(found, place), 1) == slow_search(slowly, slowly[place], place, rarity, 10)


def test_threads_do_not_change_what_is_found():
    facts = hashed(crowd(3000))
    index = WordIndex()
    index.add(facts, np.arange(3000))
    with ThreadPoolExecutor(3) as pool:
        many = index.search_all(5, pool.map)
    one = index.search_all(5)
    assert [pairs(one, row) for row in range(3000)] == [pairs(many, row) for row in range(3000)]


FERRY = "The ferry Aurora ran aground off Kvaloy on Monday with 48 people on board, the coast guard in Tromso said."
INQUIRY = (
    "Police in Tromso questioned the captain of the ferry Aurora, which ran aground off Kvaloy, over the steering."
)
BANK = "The central bank of Norland raised its key rate by a quarter point, as inflation stays above its target."
ROWS = [
    {"id": "a", "title": "Ferry Aurora runs aground off Kvaloy", "text": FERRY, "published": at(1)},
    {"id": "b", "title": "Central bank of Norland raises key rate", "text": BANK, "published": at(1)},
    {"id": "c", "title": "Ferry Aurora runs aground off Kvaloy!", "text": FERRY, "published": at(1, 3)},
    {"id": "d", "title": "Captain of ferry Aurora questioned", "text": INQUIRY, "published": at(2)},
    {"id": "e", "title": "", "text": "", "published": at(2)},
]


def similar(rows, top=10, keep="earliest"):
    stories = HashedFeed()
    result = find_duplicates([story_batch(rows)], Settings(keep=keep), hashed=stories)
    return find_similar(stories.facts(), result, top), result


def test_stories_on_one_event_are_similar_and_duplicates_count_once():
    found, _ = similar(ROWS)
    named = [[ROWS[row]["id"] for row, _ in found.of(k)] for k in range(len(ROWS))]
    assert named == [["d"], [], ["d"], ["a"], []]
    assert LEAST_SCORE <= found.of(0)[0][1] <= 1.0
    assert found.cut == 0


def test_the_story_that_a_cluster_shows_is_named():
    longer = [*ROWS[:2], {**ROWS[2], "text": FERRY + " Nobody was hurt."}, *ROWS[3:]]
    found, result = similar(longer, keep="longest")
    assert result.canonicals.tolist()[0] == 2
    assert [row for row, _ in found.of(3)] == [2]


def test_what_is_nearer_in_time_is_more_similar():
    def score(hours):
        later = {**ROWS[3], "published": at(1) + timedelta(hours=hours)}
        return similar([ROWS[0], later])[0].of(0)[0][1]

    same, window, week = score(0), score(72), score(144)
    assert window == pytest.approx(same / 2)
    assert week == pytest.approx(same / 3)


def test_an_undated_story_loses_nothing():
    facts = hash_batch(story_batch([ROWS[0], {**ROWS[3], "published": None}]), Settings()).facts
    assert facts.times[1] == UNDATED
    index = WordIndex()
    index.add(facts, np.arange(2))
    undated = WordIndex()
    undated.add(facts._replace(times=np.full(2, UNDATED)), np.arange(2))
    assert index.search_place(0, 1) == undated.search_place(0, 1)


def test_an_empty_feed_has_nothing_similar():
    found, _ = similar([])
    assert (len(found), len(found.rows), found.offsets.tolist()) == (0, 0, [0])


@pytest.mark.parametrize("top", [0, 101])
def test_a_top_that_cannot_be_is_refused(top):
    with pytest.raises(SettingsError, match="top is a number of stories from 1 to 100"):
        similar(ROWS, top)
    with StoryIndex.open("memory://") as index, pytest.raises(SettingsError, match="from 1 to 100"):
        index.similar("a", top)


def test_top_is_the_most_that_is_named():
    rows = [{**ROWS[3], "id": str(k), "title": f"{ROWS[3]['title']} {word}"} for k, word in enumerate(WORDS)]
    found, result = similar([*rows, ROWS[0]], top=1)
    assert np.diff(found.offsets).max() == 1
    assert (found.rows != result.canonicals.repeat(np.diff(found.offsets))).all()


def test_an_index_finds_what_a_batch_finds():
    rows = [
        {"id": str(k), "title": " ".join(title), "text": " ".join(text), "published": at(day or 1)}
        for k, (title, text, day) in enumerate(crowd(400))
    ]
    stories = HashedFeed()
    wide = Settings(window=30 * 86400.0)
    result = find_duplicates([story_batch(rows)], wide, hashed=stories)
    expected = find_similar(stories.facts(), result, 5)
    with StoryIndex.open("memory://", wide) as index:
        index.add_many(rows[:100])
        index.similar("7")  # what came until here is taken in; the rest by the next question
        index.add_many(rows[100:])
        for row in range(0, 400, 40):
            named = [(one.id, one.score) for one in index.similar(str(row), 5)]
            assert named == [(rows[k]["id"], score) for k, score in expected.of(row)]


def test_an_index_names_clusters_once_by_the_story_they_show():
    with StoryIndex.open("memory://", Settings(keep="longest")) as index:
        index.add_many([ROWS[0], {**ROWS[2], "text": FERRY + " Nobody was hurt."}, ROWS[1]])
        [one] = index.similar(ROWS[3])
        assert (one.id, one.cluster_id) == ("c", "a")
        assert one.to_dict() == {"id": "c", "cluster_id": "a", "score": one.score}
        assert index.add(ROWS[3]).is_new
        assert index.similar("d") == index.similar(ROWS[3])
        assert [other.id for other in index.similar("a")] == [other.id for other in index.similar("c")] == ["d"]


def test_a_story_asked_about_is_not_kept():
    with StoryIndex.open("memory://") as index:
        index.add(ROWS[0])
        index.similar({**ROWS[2], "id": "new"})
        assert len(index._replica.window) == 1
        assert index.add({**ROWS[2], "id": "new"}).cluster_id == "a"


def test_a_story_past_the_window_is_asked_about_by_its_text():
    with StoryIndex.open("memory://", Settings(window=3600.0)) as index:
        index.add(ROWS[0])
        index.add_many({**ROWS[3], "id": f"d{k}", "published": at(20, k)} for k in range(5))
        assert index.stats().dropped
        assert all(one.id.startswith("d") for one in index.similar("a"))
        with pytest.raises(SettingsError, match='no story "z"'):
            index.similar("z")


def test_rows_dropped_from_the_window_are_not_found():
    with StoryIndex.open("memory://", Settings(window=3600.0)) as index:
        index.add_many([ROWS[0], ROWS[1]])
        assert index.similar("a") == []
        index.add_many({**ROWS[3], "id": f"d{k}", "published": at(20, k)} for k in range(5))
        names = {one.id for one in index.similar({**ROWS[0], "id": "x", "published": at(20, 4)})}
        assert names
        assert names <= {f"d{k}" for k in range(5)}


def test_who_asks_again_after_rows_were_dropped_is_told_what_a_new_index_tells():
    url, settings = memory_url(), Settings(window=3600.0)
    with StoryIndex.open(url, settings) as index:
        for day, turns in ((1, (0, 3, 1)), (20, (1, 0, 3, 3))):
            told = [
                {**ROWS[turn], "id": f"{day} {hour} {k}", "published": at(day, hour)}
                for hour in range(3)
                for k, turn in enumerate(turns)
            ]
            index.add_many(told)
            with StoryIndex.open(url, settings) as fresh:
                assert [index.stats().stories, fresh.stats().stories] == [len(told)] * 2
                question = {**ROWS[0], "id": "x", "published": at(day, 2)}
                assert index.similar(question) == fresh.similar(question) != []
                assert index.similar(f"{day} 2 0") == fresh.similar(f"{day} 2 0")


def test_who_asks_again_after_a_thread_was_stopped_hears_of_the_log_as_it_is():
    with StoryIndex.open("memory://") as index:
        index.add(ROWS[0])
        assert index.similar("a") == []
        index._replica._sound = False  # as a thread leaves it that was stopped in the middle of a decision
        index.add(ROWS[3])
        assert [one.id for one in index.similar("a")] == ["d"]
