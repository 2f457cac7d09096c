"""The cards of the latest stories, as any reader of the log makes them."""

from __future__ import annotations

import pytest

from dedup.errors import StoreError
from dedup.index import StoryIndex
from dedup.readers.dates import parse_date
from dedup.serve.wall import Wall
from tests.servers import BANK, COPY, FERRY


def test_a_wall_that_the_store_fails_in_the_middle_shows_each_story_once(monkeypatch):
    with StoryIndex.open("memory://") as index:
        index.add_many([FERRY, BANK, COPY])
        wall = Wall(index.store, index.settings, 2)  # begins behind the ferry, whose name it has to ask for
        read = index.store.read

        def fail(after, limit, *, stories=False):
            if not stories:
                raise StoreError("a hiccup")
            return read(after, limit, stories=stories)

        with monkeypatch.context() as patch:
            patch.setattr(index.store, "read", fail)
            for _ in range(2):
                with pytest.raises(StoreError):
                    wall.refresh()
                assert len(wall) == 0
        wall.refresh()
        assert [(card.name, [member.position for member in card.members]) for card in wall.cards()] == [
            ("a", [3]),
            ("c", [2]),
        ]
        assert len(wall) == 2


def test_a_cluster_is_told_since_the_last_date_of_its_stories():
    first, last = {**FERRY, "published": "2023-06-02T10:00Z"}, {**COPY, "published": "2023-06-02T12:00Z"}
    with StoryIndex.open("memory://") as index:
        index.add_many([last, first])
        wall = Wall(index.store, index.settings, 9)
        wall.refresh()
        for since, told in (("10:00", 1), ("11:00", 1), ("12:00", 1), ("12:01", 0)):
            _, found = wall.survey(9, since=parse_date(f"2023-06-02T{since}Z"))
            assert len(found) == told


def test_an_id_on_two_cards_is_on_the_later_one_until_that_goes_too():
    stories = [FERRY, {**BANK, "id": FERRY["id"]}]
    stories += [{"id": str(k), "title": f"n{k} m{k} title t{k}", "text": f"x{k} y{k} z{k}"} for k in range(2)]
    names = []
    with StoryIndex.open("memory://") as index:
        wall = Wall(index.store, index.settings, 2)
        for story in stories:
            index.add(story)
            wall.refresh()
            card = wall.card_of(FERRY["id"])
            names.append(card and card.name)
        assert names == ["a", "a#2", "a#2", None]
        assert [card.name for card in wall.cards()] == ["1", "0"]
