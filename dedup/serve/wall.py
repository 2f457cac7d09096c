"""The latest stories of the log as an aggregator shows them: one card a cluster, latest first.

Made from the log alone, as any reader of it could: so the wall of every server that shares a store shows the same, and
looking never waits for deciding.
"""

from __future__ import annotations

import json
import threading
import unicodedata
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from dedup.display import plain_text, web_address
from dedup.kernels.native.evidence import META_TOKENS
from dedup.records import Layout
from dedup.result import KINDS
from dedup.settings import Settings
from dedup.stores import Row, Store
from dedup.window import cluster_name

_READ_AT_ONCE = 2000  # rows with their texts
_TITLE, _LEAD = 300, 280  # characters


class Told(NamedTuple):
    """What people see of a story: plain text, to be escaped wherever it goes."""

    id: str
    title: str
    lead: str
    url: str
    source: str
    time_us: int | None
    kept: bool
    """Whether the store has its words."""


class Member(NamedTuple):
    """A story of a card."""

    told: Told
    position: int
    kind: str | None
    score: float
    rank: tuple[int, int, int]
    """The least of a cluster is shown."""
    words: str
    """What a search looks through."""


@dataclass(slots=True)
class Card:
    """A cluster.

    Attributes:
        name: the cluster's id.
        members: in the order of the log.
    """

    name: str
    leader: int
    members: list[Member] = field(default_factory=list)

    @property
    def shown(self) -> Member:
        """The canonical, as far as the card knows: if it is `whole`."""
        return min(self.members, key=lambda member: member.rank)

    @property
    def whole(self) -> bool:
        """Whether all of the cluster's stories are on the card: those before the wall's first one are not."""
        return self.members[0].position == self.leader

    @property
    def others(self) -> list[Member]:
        """All but the canonical."""
        shown = self.shown
        return [member for member in self.members if member is not shown]

    @property
    def latest(self) -> int:
        """Position of the member that came last."""
        return self.members[-1].position

    @property
    def sources(self) -> list[str]:
        """Names, the first to tell it first."""
        return [name for name in dict.fromkeys(member.told.source for member in self.members) if name]

    @property
    def times(self) -> list[int]:
        """Microseconds since 1970 of the dated members, in order."""
        return sorted(member.told.time_us for member in self.members if member.told.time_us is not None)

    def says(self, terms: list[str]) -> bool:
        """Whether some member has all of the words."""
        return any(all(term in member.words for term in terms) for member in self.members)


class Wall:
    """Cards of the last stories of a log, read on from time to time; several threads may look at once."""

    def __init__(self, store: Store, settings: Settings, most: int) -> None:
        """Begin before the last `most` stories of the log."""
        self._store, self._most = store, most
        self._longest = settings.keep == "longest"
        self._layout = Layout.of(settings)
        self._lock = threading.Lock()
        self._cards: OrderedDict[int, Card] = OrderedDict()  # by leader's position, the latest last
        self._by_id: dict[str, int] = {}
        self._stories = 0
        self.position = max(0, store.last() - most)

    def refresh(self) -> None:
        """Read what was appended since."""
        with self._lock:
            while found := self._store.read(self.position, _READ_AT_ONCE, stories=True):
                self._enter(found)
                self.position = found[-1][0]
                self._drop()
                if len(found) < _READ_AT_ONCE:
                    break

    def cards(self, *, before: int | None = None, after: int = 0, terms: list[str] | None = None) -> Iterator[Card]:
        """Cards in order, the one that got a story last first.

        Args:
            before: only those whose last story came before this position.
            after: only those whose last story came behind this position.
            terms: words that some member must have, as `plain` gives them.
        """
        with self._lock:
            every = list(reversed(self._cards.values()))
        for card in every:
            if card.latest <= after:
                return
            if (before is None or card.latest < before) and (not terms or card.says(terms)):
                yield card

    def card_of(self, name: str) -> Card | None:
        """The card that the last story of an id is on."""
        with self._lock:
            leader = self._by_id.get(name)
            return None if leader is None else self._cards.get(leader)

    def told(self, name: str) -> Told | None:
        """The last story of an id as the wall has it."""
        card = self.card_of(name)
        found = [] if card is None else [member.told for member in card.members if member.told.id == name]
        return found[-1] if found else None

    def __len__(self) -> int:
        return self._stories

    @property
    def clusters(self) -> int:
        """Number of cards."""
        return len(self._cards)

    def _enter(self, found: list[tuple[int, Row]]) -> None:
        """Put rows on their cards; all that may fail comes before the first, so that none is entered twice."""
        rows = [row for _, row in found]
        part, decided = self._layout.unpack([row.id for row in rows], [row.record for row in rows])
        lengths = part.facts.meta[:, META_TOKENS].astype(np.int64)
        firsts = -lengths if self._longest else part.preference.astype(np.int64)
        seconds = np.zeros_like(firsts) if self._longest else part.facts.times
        columns = (decided.leaders, decided.kinds, decided.scores, decided.former, firsts, seconds)
        values = zip(*(column.tolist() for column in columns), strict=True)
        members: list[tuple[int, Member]] = []
        names: dict[int, str] = {}
        for (position, row), (leader, kind, score, former, first, second) in zip(found, values, strict=True):
            told = read_told(row.id, row.story)
            rank = (first, second, position)
            words = plain(f"{told.title}\n{told.lead}\n{told.source}\n{told.id}")
            members.append((leader, Member(told, position, KINDS.get(kind), score, rank, words)))
            if leader not in self._cards and leader not in names:
                names[leader] = self._name(leader, position, row.id, former)
        for leader, member in members:
            card = self._cards.get(leader)
            if card is None:
                card = self._cards[leader] = Card(names[leader], leader)
            card.members.append(member)
            self._cards.move_to_end(leader)
            self._by_id[member.told.id] = leader
            self._stories += 1

    def _name(self, leader: int, position: int, name: str, former: int) -> str:
        """What the cluster of a leader is called, of which this is the first story read."""
        if leader == position:
            return cluster_name(name, position, repeated=bool(former))
        found = self._store.read(leader - 1, 1)
        if not found or found[0][0] != leader:
            return f"#{leader}"  # its leader has expired
        row = found[0][1]
        _, above = self._layout.unpack([row.id], [row.record])
        return cluster_name(row.id, leader, repeated=bool(above.former[0]))

    def _drop(self) -> None:
        """Let the cards go that have had no story for longest."""
        while self._stories > self._most and len(self._cards) > 1:
            leader, card = self._cards.popitem(last=False)
            self._stories -= len(card.members)
            for member in card.members:
                if self._by_id.get(member.told.id) == leader:
                    del self._by_id[member.told.id]

    def survey(self, most: int, *, after: int | None = None, since: int | None = None) -> tuple[int, list[Card]]:
        """Copies of cards that no refresh changes any more, and the position up to which they tell everything.

        Args:
            most: cards to give.
            after: only those whose last story came behind this position, in the order of those stories; None for all,
                the latest first. So going on from the position that was told, whatever `most` left out comes next.
            since: only those with a story published then or later.
        """
        found: list[Card] = []
        with self._lock:
            cards = self._cards.values()
            for card in reversed(cards) if after is None else cards:
                if card.latest <= (after or 0) or (since is not None and card.times[-1:] < [since]):
                    continue
                if len(found) == most:
                    return self.position if after is None else found[-1].latest, found
                found.append(Card(card.name, card.leader, list(card.members)))
            return self.position, found


def read_told(name: str, story: bytes | None) -> Told:
    """What people see of a story as the store keeps it."""
    if story is None:
        return Told(name, name, "", web_address(name), "", None, kept=False)
    fields: dict[str, Any] = json.loads(story)
    lead = plain_text(fields["text"], _LEAD)
    title = plain_text(fields["title"], _TITLE) or lead or name
    return Told(name, title, lead, web_address(fields["url"]), fields["source"].strip(), fields["published"], kept=True)


def plain(text: str) -> str:
    """A text as searches compare it."""
    return unicodedata.normalize("NFKC", text).casefold()
