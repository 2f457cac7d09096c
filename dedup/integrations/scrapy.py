"""A Scrapy item pipeline that drops, or marks, the stories that the index has.

    ITEM_PIPELINES = {"dedup.integrations.scrapy.DedupPipeline": 300}

is all it takes. Settings, all optional:

- DEDUP_STORE: URL of the store, "sqlite:///stories.db" by default; crawls that share it know of each other.
- DEDUP_ACTION: "drop" (the default) or "annotate", which puts the decision into the item's field "dedup"; a class of
  items must have one.
- DEDUP_FIELDS: the item's field for a field of a story, such as {"title": "headline", "published": "date"}.

Items are dicts, dataclasses, attrs classes, Pydantic models or `scrapy.Item`. Those that cannot be decided on pass as
they are, are not kept, and are counted: without title and text, without id and URL to be known by, or without the field
"dedup" where they are to be annotated. A store that does not answer is an error of the item, which Scrapy logs and
counts; the crawl goes on.
"""

from __future__ import annotations

import logging
from typing import Any, Self

from itemadapter import ItemAdapter
from scrapy.crawler import Crawler
from scrapy.exceptions import DropItem
from scrapy.utils.asyncio import run_in_thread

from dedup.decision import Decision
from dedup.errors import SettingsError
from dedup.index import StoryIndex
from dedup.stories import STORY_SCHEMA

ACTIONS = ("drop", "annotate")
FIELD = "dedup"
_log = logging.getLogger(__name__)


class DuplicateStory(DropItem):
    """An item that says what another has said.

    Attributes:
        decision: of the index.
    """

    def __init__(self, decision: Decision) -> None:
        if decision.redelivered:
            message = f'story "{decision.id}" is known'
        else:
            message = f'story "{decision.id}" {decision.reasons[0]}'
        super().__init__(message, log_level="DEBUG")
        self.decision = decision


class DedupPipeline:
    """See the module. Deciding is done in threads, so that the crawl never waits for the store."""

    def __init__(self, crawler: Crawler) -> None:
        """Check the settings.

        Raises:
            SettingsError: one that cannot work.
        """
        settings = crawler.settings
        self._crawler = crawler
        self._store = settings.get("DEDUP_STORE") or "sqlite:///stories.db"
        self._action = settings.get("DEDUP_ACTION") or ACTIONS[0]
        if self._action not in ACTIONS:
            raise SettingsError(f'DEDUP_ACTION is "drop" or "annotate", got "{self._action}"')
        self._fields = {name: name for name in STORY_SCHEMA.names} | settings.getdict("DEDUP_FIELDS")
        unknown = self._fields.keys() - set(STORY_SCHEMA.names)
        if unknown:
            raise SettingsError(f"DEDUP_FIELDS maps {', '.join(STORY_SCHEMA.names)}; {min(unknown)} is none of them")
        self._index: StoryIndex | None = None
        self._warned: set[type] = set()  # classes of items that have no field for the decision

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Scrapy's way of making one."""
        return cls(crawler)

    async def open_spider(self) -> None:
        """Open the index."""
        self._index = await run_in_thread(StoryIndex.open, self._store)

    async def close_spider(self) -> None:
        """Close it, if it could be opened."""
        if self._index is not None:
            await run_in_thread(self._index.close)

    async def process_item(self, item: Any) -> Any:
        """The item, perhaps with the decision on it.

        Raises:
            DuplicateStory: the index has it, and DEDUP_ACTION is "drop".
            StoreError: the store does not answer.
        """
        adapter = ItemAdapter(item)
        story = {name: adapter[field] for name, field in self._fields.items() if field in adapter}
        if lacking := self._lacking(item, adapter, story):
            self._count(f"without_{lacking}")
            return item
        assert self._index is not None  # noqa: S101  # without it Scrapy does not begin
        decision = await run_in_thread(self._index.add, story)
        self._count("redelivered" if decision.redelivered else decision.verdict)
        if self._action == "annotate":
            adapter[FIELD] = decision.to_dict()
        elif decision.redelivered or not decision.is_new:
            raise DuplicateStory(decision)
        return item

    def _lacking(self, item: Any, adapter: ItemAdapter, story: dict[str, Any]) -> str:
        """What an item has not that deciding on it needs, "" if it has all: to be asked before the index keeps it."""
        if not story.get("title") and not story.get("text"):
            return "words"
        if story.get("id") in (None, "") and not story.get("url"):
            return "id"
        if self._action == "annotate" and not isinstance(item, dict) and FIELD not in adapter.field_names():
            if type(item) not in self._warned:
                self._warned.add(type(item))
                name = type(item).__name__
                _log.warning('%s has no field "%s" to put a decision into; such items pass as they are', name, FIELD)
            return "field"
        return ""

    def _count(self, what: str) -> None:
        if self._crawler.stats is not None:
            self._crawler.stats.inc_value(f"dedup/{what}")
