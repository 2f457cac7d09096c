"""What a worker holds of an index is what the log says, however it came to it."""

from __future__ import annotations

import pytest

from dedup.index import StoryIndex
from dedup.settings import Settings
from tests.builders import at
from tests.indexes import STORY, TEXT, feed, judged, memory_url, said


def test_a_worker_goes_on_where_all_that_others_added_is_gone_again(monkeypatch):
    url = memory_url()
    with StoryIndex.open(url) as one, StoryIndex.open(url) as other:
        one.add({"id": "1", "title": "Ferry runs aground off Kvaloy", "text": "", "published": at(1)})
        other.add({"id": "2", "title": "Tunnel under the fjord opens a year early", "text": "", "published": at(1)})
        other.add({"id": "3", "title": "Council sells its last steam roller", "text": "", "published": at(1)})
        assert other.store.expire(2**62) == 3
        append, tried = one.store.append, []

        def watched(*arguments):
            tried.append(arguments)
            assert len(tried) <= 2, "it tries for ever"
            return append(*arguments)

        monkeypatch.setattr(one.store, "append", watched)
        last = {"id": "4", "title": "Lighthouse keeper retires after fifty years", "text": "", "published": at(1)}
        assert one.add(last).position == 4
        assert one.position == 4


def test_a_log_read_in_many_pieces_is_read_to_its_end(monkeypatch):
    monkeypatch.setattr("dedup.replica._READ_AT_ONCE", 3)
    url, stories = memory_url(), feed(40)
    with StoryIndex.open(url) as index:
        index.add_many(stories[:31])
    with StoryIndex.open(url) as index:
        assert index.position == index.stats().stories == 31
        assert said(index.add_many(stories)) == judged(stories, Settings())
        assert index.stats().redelivered == 31


@pytest.mark.parametrize(
    ("keep", "hour", "source", "more", "shown"),
    [
        ("earliest", 3, "B", "", "c"),
        ("earliest", 9, "B", " More to follow later.", "a"),
        ("longest", 9, "B", " More to follow later.", "c"),
        ("longest", 3, "B", "", "a"),
        ("source:C", 9, "C", "", "c"),
        ("source:C", 9, "B", "", "a"),
    ],
)
def test_a_story_asked_about_shows_what_its_cluster_will_once_it_is_added(keep, hour, source, more, shown):
    with StoryIndex.open("memory://", Settings(keep=keep)) as index:
        index.add_many([{**STORY, "published": at(1, 5)}, {**STORY, "id": "b", "published": at(1, 6)}])
        story = {**STORY, "id": "c", "source": source, "published": at(1, hour), "text": TEXT + more}
        assert index.decide(story).canonical_id == index.add(story).canonical_id == shown
