"""Look-alikes are made by exchanging one thing, and counted where they are merged."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from benchmarks.engines import RULES, Dedup
from benchmarks.swaps import (
    MOST,
    NAME,
    PLACE,
    TOWN,
    TOWNS,
    Swap,
    exchange_name,
    exchange_place,
    exchange_town,
    merges,
    share_merged,
    swaps_of,
)
from dedup import Settings
from dedup.evidence import word_meanings
from dedup.places import PLACES
from tests.builders import batch

TEXT = "The harbour board named Lindqvist, who has run the northern ports for ten years, as its new head on Monday."
STORIES = [
    {
        "title": "Peruvian trawler runs aground",
        "text": "The trawler, with a crew of ten, was pulled free by Monday night.",
    },
    {"title": "Lindqvist to head harbour board", "text": TEXT},
    {
        "title": "Ferries late again",
        "text": "A storm, the third this month, kept Okonedo and the other skippers in port.",
    },
]


def rng() -> np.random.Generator:
    return np.random.default_rng(7)


def test_a_place_becomes_another_in_the_same_form():
    swap = exchange_place("Storm hits Peruvian coast", rng())
    assert swap is not None
    assert swap.before == ("Storm hits Peruvian coast", "")
    assert swap.after[0].startswith("Storm hits ")
    assert swap.after[0].endswith(" coast")
    new = swap.after[0].split()[2].lower()
    [group] = [group.split() for group in PLACES["en"].split(";") if new in group.split()]
    assert "peru" not in group
    assert group.index(new) in (1, len(group) - 1)


@pytest.mark.parametrize("title", ["Storm hits coast", "a jersey and a storm", ""])
def test_a_title_without_a_place_in_capitals_is_left_out(title):
    assert exchange_place(title, rng()) is None


def test_a_place_becomes_a_town_that_no_list_has_and_another():
    swap = exchange_town("Storm hits Peruvian coast", rng())
    assert swap is not None
    one, other = (title.split()[2] for title, _ in swap)
    assert one in TOWNS
    assert other in TOWNS
    assert one != other
    assert exchange_town("Storm hits coast", rng()) is None


def test_no_list_has_the_towns():
    known = word_meanings()
    assert [town for town in TOWNS if town.lower().encode() in known] == []


def test_a_name_of_title_and_text_becomes_another_in_both():
    swap = exchange_name("Lindqvist to head harbour board", TEXT, ["Lindqvister", "Okonedo"], rng())
    assert swap == Swap(
        ("Lindqvist to head harbour board", TEXT),
        ("Okonedo to head harbour board", TEXT.replace("Lindqvist", "Okonedo")),
    )
    assert exchange_name("Harbour board has new head", TEXT, ["Okonedo"], rng()) is None
    assert exchange_name("Lindqvist to head harbour board", TEXT, ["Lindqvister"], rng()) is None


def test_swaps_are_the_same_for_the_same_seed():
    stories = pa.Table.from_batches([batch(STORIES * MOST)])
    swaps = swaps_of(stories, 3)
    assert {what: len(found) for what, found in swaps.items()} == {PLACE: MOST, NAME: MOST, TOWN: MOST}
    assert swaps == swaps_of(stories, 3) != swaps_of(stories, 4)
    assert {swap.before[0] for swap in swaps[NAME]} == {"Lindqvist to head harbour board"}


@pytest.mark.parametrize("writing", ["as written", "In Title Case", "IN CAPITALS"])
def test_merged_look_alikes_are_counted(writing):
    stories = pa.Table.from_batches([batch(STORIES)])
    swaps = [swap for found in swaps_of(stories, 0).values() for swap in found]
    assert len(swaps) == 3
    assert merges(swaps, Dedup("", Settings()), writing) == 0
    assert merges(swaps, Dedup("", RULES["word-2 Jaccard >= 0.4"]), writing) == 3


def test_a_share_is_of_all_sets_and_writings():
    rows = [{"exchanged": PLACE, "merged": 1, "of": 3}, {"exchanged": PLACE, "merged": 0, "of": 1}]
    assert share_merged(rows, PLACE) == 0.25
    assert share_merged(rows, NAME) is None
