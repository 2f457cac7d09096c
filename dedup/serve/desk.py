"""What the server does with the index: one thread decides, some others look, and the event loop only moves bytes."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from dedup.answers import recall_latest
from dedup.decision import Decision
from dedup.display import spell_time
from dedup.errors import SettingsError
from dedup.explain import Explanation
from dedup.feedback import judge, judged_pairs, write_pairs
from dedup.incoming import fields_batch
from dedup.index import StoryIndex
from dedup.records import Layout
from dedup.serve.bodies import check_name, parse_json, read_posted
from dedup.serve.refusals import Refusal
from dedup.serve.wall import Card, Told, Wall, read_told
from dedup.single import StoryFields
from dedup.stores import Rows, Store

_LOOKERS = 4  # threads
T = TypeVar("T")


class Desk:
    """The index and the wall, and the threads that work on them."""

    def __init__(self, index: StoryIndex, shelf: Store, *, latest: int, most_stories: int) -> None:
        """Take the index over; `close` closes it.

        Args:
            index: open.
            shelf: another connection to the same log, so that looking never waits for an append.
            latest: stories on the wall.
            most_stories: in one request.
        """
        self._index, self._shelf = index, shelf
        shelf.header()  # which tells it which log it is to be: cf. `check`
        self._layout = Layout.of(index.settings)
        self._most = most_stories
        self.wall = Wall(shelf, index.settings, latest)
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="dedup-decide")
        self._lookers = ThreadPoolExecutor(_LOOKERS, thread_name_prefix="dedup-look")

    async def decide(self, work: Callable[[], T]) -> T:
        """Run what adds stories, in turn."""
        return await asyncio.get_running_loop().run_in_executor(self._writer, work)

    async def look(self, work: Callable[[], T]) -> T:
        """Run what only looks."""
        return await asyncio.get_running_loop().run_in_executor(self._lookers, work)

    def close(self) -> None:
        """Finish what was begun, then let the stores go."""
        self._writer.shutdown(wait=True)
        self._lookers.shutdown(wait=True)
        self._index.close()
        self._shelf.close()

    def take(self, body: bytes) -> bytes:
        """Decide on the posted stories and keep them; the answer's JSON.

        Raises:
            Refusal: for a body that holds no stories; none is kept then.
        """
        value = parse_json(body)
        rows = read_posted(value, self._most)
        if isinstance(value, list):
            return _encode({"decisions": [decision.to_dict() for decision in self.add(rows)]})
        return _encode(self.add(rows)[0].to_dict())

    def add(self, rows: list[StoryFields]) -> list[Decision]:
        """Decide on stories and keep them."""
        if len(rows) == 1:
            return [self._index.add(rows[0])]
        return self._index.add_many(fields_batch(rows))

    def story(self, name: str) -> dict[str, Any]:
        """A story as the log has it, and what was decided on it; no canonical if nobody remembers the cluster.

        Raises:
            Refusal: 404.
        """
        check_name(name)
        decision = recall_latest(self._shelf, self._layout, name)
        if decision is None:
            raise Refusal(404, f'there is no story "{_short(name)}"')
        told = self._shelf.stories([name]).get(name)
        self.wall.refresh()
        card = self.wall.card_of(name)
        if card is not None and card.whole:
            canonical: str | None = card.shown.told.id
        else:
            position = self._shelf.positions([name]).get(name)
            canonical = None if position is None else self._index.shown([position])[0]
        told_decision = {**decision.to_dict(), "canonical_id": canonical}
        members = [] if card is None else [member.told.id for member in card.members]
        return {
            "story": None if told is None else _public(json.loads(told)),
            "decision": {name: told_decision[name] for name in _DECIDED},
            "cluster": members or None,
        }

    def similar(self, name: str, top: int) -> list[dict[str, Any]]:
        """Other stories on the same event, best first.

        Raises:
            Refusal: 404.
        """
        self._require(name)
        found = self._index.similar(name, top=top)
        told = self.tell([each.id for each in found])
        return [
            {**each.to_dict(), "title": story.title, "source": story.source, "url": story.url,
             "published": spell_time(story.time_us) or None}
            for each, story in zip(found, told, strict=True)
        ]  # fmt: skip

    def neighbours(self, name: str, top: int) -> list[tuple[Told, float]]:
        """Other stories on the same event with their scores, for people."""
        self._require(name)
        found = self._index.similar(name, top=top)
        return list(zip(self.tell([each.id for each in found]), (each.score for each in found), strict=True))

    def explain(self, left: str, right: str) -> Explanation:
        """Why two stories are one or not.

        Raises:
            Refusal: 404 for a story that is not there, 409 where the store keeps no words of it.
        """
        names = [left, right]
        for name in names:
            self._require(name)
        there = self._shelf.stories(names)
        for name in names:
            if name not in there:
                raise Refusal(409, f'the store keeps no words of "{_short(name)}", so it cannot be explained')
        return self._index.explain(left, right)

    def judge(self, left: str, right: str, *, same: bool) -> dict[str, Any]:
        """Keep what somebody says of two stories.

        Raises:
            Refusal: 404 for a story that is not there, 422 for one story.
        """
        for name in (left, right):
            self._require(name)
        try:
            return judge(self._shelf, self._layout, left, right, same=same)
        except SettingsError as exc:
            raise Refusal(422, str(exc)) from exc

    def judged(self) -> bytes:
        """All that was said, as JSON lines."""
        return write_pairs(judged_pairs(self._shelf))

    def cards(
        self, most: int, *, before: int | None = None, after: int = 0, terms: list[str] | None = None
    ) -> list[Card]:
        """Cards of the wall, read up to now."""
        self.wall.refresh()
        return [
            card for card, _ in zip(self.wall.cards(before=before, after=after, terms=terms), range(most), strict=False)
        ]

    def survey(self, most: int, *, after: int | None, since: int | None) -> tuple[int, list[Card]]:
        """Cards for machines, read up to now; cf. `Wall.survey`."""
        self.wall.refresh()
        return self.wall.survey(most, after=after, since=since)

    def canonicals(self, cards: list[Card]) -> list[str | None]:
        """The ids of the canonicals of cards, None where neither the wall nor the index has all of the cluster."""
        parts = [card.leader for card in cards if not card.whole]
        known = dict(zip(parts, self._index.shown(parts), strict=True)) if parts else {}
        return [card.shown.told.id if card.whole else known[card.leader] for card in cards]

    def tell(self, names: list[str]) -> list[Told]:
        """What people see of stories by id."""
        self.wall.refresh()
        found = {name: self.wall.told(name) for name in names}
        missing = [name for name, told in found.items() if told is None]
        texts = self._shelf.stories(missing) if missing else {}
        return [found[name] or read_told(name, texts.get(name)) for name in names]

    def metrics(self) -> str:
        """What the index counts."""
        return self._index.stats().expose()

    def check(self) -> None:
        """See to it that stories can be added, by adding none: to ask for the log's end does not tell whose end it is.

        Raises:
            StoreError: the store does not answer, or the log was emptied or replaced and no story will be taken again.
        """
        self._shelf.append(self._index.position, Rows.of([]))

    def _require(self, name: str) -> None:
        check_name(name)
        if self._shelf.get(name) is None:
            raise Refusal(404, f'there is no story "{_short(name)}"')


_DECIDED = ("id", "verdict", "cluster_id", "canonical_id", "leader_id", "kind", "score")


def _public(story: dict[str, Any]) -> dict[str, Any]:
    return {**story, "published": spell_time(story["published"]) or None}


def _short(name: str) -> str:
    return name if len(name) <= 100 else f"{name[:99]}…"


def _encode(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode("utf-8", "replace")
