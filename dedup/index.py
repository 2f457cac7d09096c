"""The story index: have we got this story? Asked by any number of workers, answered as if there were one.

The truth is the log in the store. Every worker keeps the window in memory, decides there, and appends under the
position that it knows; if another was faster it reads on and decides again.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from itertools import chain, islice
from types import TracebackType
from typing import NamedTuple, Self

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from dedup import header as headers
from dedup.ahead import work_ahead
from dedup.answers import tell_entered
from dedup.counts import Stats
from dedup.decision import DUPLICATE, NEW, UPDATED, Decision
from dedup.errors import SettingsError
from dedup.explain import Explanation, explain
from dedup.hashing import Hashed, hash_batch, select_rows
from dedup.incoming import Story, cut_batches, encodable, read_fields, read_stories, write_stories, write_story
from dedup.kernels.native.evidence import UNDATED
from dedup.records import Drafts
from dedup.related import Related
from dedup.replica import Replica
from dedup.settings import Settings
from dedup.similar import Similar, check_top
from dedup.single import StoryFields, StoryHasher
from dedup.stores import Store, open_store

_TOGETHER = 512  # stories that are decided and appended at once, while threads hash those behind
_MOST_AHEAD_US = 24 * 3_600_000_000  # a story dated later than this from now has a wrong date
_log = logging.getLogger("dedup.index")


class _Prepared(NamedTuple):
    """Stories of distinct ids, ready to be decided on."""

    names: list[str]
    part: Hashed
    drafts: Drafts
    told: list[bytes] | None  # as the store keeps them, if it does

    def select(self, fresh: NDArray[np.bool_]) -> _Prepared:
        """Some of them, bool[n]."""
        chosen = np.flatnonzero(fresh).tolist()
        return _Prepared(
            [self.names[k] for k in chosen],
            select_rows(self.part, fresh),
            self.drafts.select(chosen),
            [self.told[k] for k in chosen] if self.told else None,
        )


class StoryIndex:
    """A log of stories and the decisions on them, shared with other workers through its store.

    May be used by several threads, which take turns. A forked child may go on with the index it inherited: its memory
    is a copy, its connection its own, and it is one more worker. From asyncio:
    `await asyncio.to_thread(index.add, story)`.

    >>> index = StoryIndex.open("memory://")
    >>> story = {"title": "Ferry runs aground off Kvaloy", "text": "All 48 passengers were taken off safely."}
    >>> index.add({"id": "a", **story}).verdict
    'new'
    >>> index.add({"id": "b", **story}).cluster_id
    'a'
    """

    def __init__(
        self,
        store: Store,
        settings: Settings,
        label: str,
        *,
        texts: bool = True,
        on_decision: Callable[[Decision], object] | None = None,
    ) -> None:
        """Make an index of an open store; `StoryIndex.open` is the usual way."""
        self.settings = settings
        self._label = label
        self._texts, self._on_decision = texts, on_decision
        self._hasher = StoryHasher(settings)
        self._replica = Replica(store, settings, label)
        self._related: Related | None = None  # for the window, once somebody asks

    @classmethod
    def open(
        cls,
        url: str = "sqlite:///stories.db",
        settings: Settings | None = None,
        *,
        texts: bool = True,
        on_decision: Callable[[Decision], object] | None = None,
    ) -> Self:
        """The index in a store, begun if there is none, its window read into memory.

        Args:
            url: of a store; cf. `dedup.stores.open_store`.
            settings: those that the index was made with, which are also taken where this is None; the defaults for a
                new one. Without a lateness they get that of one window: a story that comes later than that after
                others is compared only with what is still remembered.
            texts: whether the store keeps the texts too, for people and for `dedup rebuild`.
            on_decision: called with the decision on every story that was added, after it is in the log, in the thread
                that added it. What it raises, the first time, is raised once it has heard of all that were kept at
                once; those are in the log.

        Raises:
            SettingsError: no such store, one that would let stories go too early, or settings without a window.
            StoreError: it cannot be reached.
            IndexFormatError: it was made with other settings or by a release that decides otherwise.
        """
        store = open_store(url)
        label = store_label(store)
        try:
            standing = store.header()
            if settings is None and standing is not None:
                settings = headers.settings_of(standing, label)
            settings = headers.with_lateness(settings or Settings())
            headers.check_ttl(store.ttl, settings, label)
            if standing is None:
                standing = store.create(headers.describe(settings))
            headers.check(standing, settings, label)
            index = cls(store, settings, label, texts=texts, on_decision=on_decision)
            with index._replica.turn():
                index._replica.catch_up()
        except BaseException:
            store.close()
            raise
        _log.info("opened", extra={"store": label, "stories": len(index._replica.window), "position": index.position})
        return index

    def __repr__(self) -> str:
        return f"<StoryIndex {self._label}>"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let the store go; the index cannot be used after that. Closing twice is fine."""
        self._replica.store.close()

    def add(self, story: Story | StoryFields) -> Decision:
        """Decide on a story and keep it; once this returns, the log has it.

        A story that is there with the same words under the same id gets the decision it got, and is not kept again.
        With other words it is a new story of that id, an update of the one before if the two are duplicates.

        Args:
            story: a mapping; cf. `dedup.incoming.read_fields`.

        Raises:
            SettingsError: for a story that cannot be taken.
            StoreError: the store does not answer, or is closed. Whether the story was kept is then not known; add it
                again.
        """
        fields = read_fields(story)
        part, ahead = self._hash(fields)
        told = [write_story(fields)] if self._texts else None
        some = _Prepared([fields.id], part, self._replica.layout.draft(part), told)
        return self._add_prepared(some, [0] if ahead else ())[0]

    def add_many(self, stories: Iterable[Story | pa.RecordBatch] | pa.RecordBatch) -> list[Decision]:
        """Decide on stories in their order, as `add` does one by one, much faster; batches are of `STORY_SCHEMA`.

        Some hundred are kept at once: if a StoreError ends it, those before may be in the log, and adding all again
        gives them their decisions.
        """
        with closing(self._prepared(cut_batches(stories, _TOGETHER))) as prepared:
            return [decision for some in prepared for decision in self._add_prepared(*_dated(some))]

    def decide(self, story: Story) -> Decision:
        """What `add` would say, at position 0; nothing is kept."""
        fields = read_fields(story)
        part, _ = self._hash(fields)
        names = [fields.id]
        with self._replica.turn():
            self._replica.catch_up()
            known = self._replica.known(names, part)
            if known:
                return known[0]
            window = self._replica.window
            with self._replica.supposing(names, part) as entered:
                first = len(window)
                return tell_entered(window, first, 0, entered, [window.shown(first)])[0]

    def similar(self, story: str | Story, top: int = 10) -> list[Similar]:
        """The other stories in the window on the same event, best first, one a cluster.

        All stories of a cluster have the same: what is similar to its leader.

        Args:
            story: the id of one in the store, or a story as `add` takes it, which is only asked about.
            top: most stories to name, 1 to 100.

        Raises:
            SettingsError: there is no story of this id, or it is past the window and the store keeps no texts; or this
                story cannot be taken.
        """
        check_top(top)
        if isinstance(story, str):
            story = encodable(story)
            with self._replica.turn():
                self._replica.catch_up()
                row = self._replica.window.latest_row(story)
                if row >= 0:
                    return self._similar(self._replica.window.leader(row), top)
                story = self._told([story])[0]
        fields = read_fields(story)
        part, _ = self._hash(fields)
        with self._replica.turn():
            self._replica.catch_up()
            with self._replica.supposing([fields.id], part):
                return self._similar(self._replica.window.leader(len(self._replica.window)), top)

    def _similar(self, leader: int, top: int) -> list[Similar]:
        if self._related is None or self._related.window is not self._replica.window:
            self._related = Related(self._replica.window)
        return self._related.find(leader, top)

    def explain(self, left: str, right: str) -> Explanation:
        """Why two stories of the store are one or not, by their ids; of an id that came again, the last.

        Raises:
            SettingsError: one of them is not in the store, or only its hashes are.
            StoreError: the store does not answer.
        """
        with self._replica.turn():
            one, other = self._told([encodable(left), encodable(right)])
        return explain(one, other, self.settings)

    def _told(self, names: list[str]) -> list[Story]:
        """The stories of some ids as the store has them."""
        told = self._replica.store.stories(names)
        for name in names:
            if name not in told:
                if self._replica.store.get(name) is None:
                    raise SettingsError(f'there is no story "{name}" in {self._label}')
                raise SettingsError(f'of story "{name}" only hashes are kept; an index that keeps texts can tell more')
        return list(read_stories(told[name] for name in names).to_pylist())

    def shown(self, positions: Sequence[int]) -> list[str | None]:
        """What the clusters of some stories show now, as `Decision.canonical_id` has it; None past the window.

        Args:
            positions: of the stories in the log.
        """
        with self._replica.turn():
            self._replica.catch_up()
            return self._replica.window.shown_at(positions)

    @property
    def store(self) -> Store:
        """Where the log is, for those who show what it holds; only the index appends to it."""
        return self._replica.store

    @property
    def position(self) -> int:
        """Of the log's last row that this process knows, 0 for none."""
        return self._replica.position

    def expire(self, before_us: int | None = None) -> int:
        """Drop stories from the store that no later one can be a duplicate of; how many.

        Nobody does so by itself. Until then a story that comes again, however late, gets the decision it got.

        Args:
            before_us: only clusters whose leader was published before this, microseconds since 1970.
        """
        with self._replica.turn():
            self._replica.catch_up()
            horizon = self._replica.window.horizon
            return self._replica.store.expire(horizon if before_us is None else min(before_us, horizon))

    def stats(self) -> Stats:
        """What is in memory, and what was done since the index was opened."""
        with self._replica.turn():
            window, counts = self._replica.window, self._replica.counts
            return Stats(
                position=self._replica.position,
                stories=len(window),
                clusters=window.clusters,
                latest_us=_or_none(window.latest),
                horizon_us=_or_none(window.horizon),
                bytes=window.nbytes,
                new=counts[NEW],
                duplicates=counts[DUPLICATE],
                updates=counts[UPDATED],
                redelivered=counts["redelivered"],
                others=counts["others"],
                conflicts=counts["conflicts"],
                dropped=window.dropped,
                future=counts["future"],
                late=counts["late"],
                candidates=window.candidates,
                left_out=window.left_out,
            )

    def _prepared(self, batches: Iterator[pa.RecordBatch]) -> Generator[_Prepared, None, None]:
        """Batches ready to be added; several are prepared by threads while those before are added."""
        first = list(islice(batches, 2))
        threads = self.settings.threads or os.cpu_count() or 1
        if len(first) < 2 or threads == 1:
            yield from map(self._prepare, chain(first, batches))
            return
        with ThreadPoolExecutor(threads - 1, thread_name_prefix="dedup") as pool:  # this thread is one, too
            yield from work_ahead(chain(first, batches), self._prepare, pool, threads, begin_here=True)

    def _prepare(self, batch: pa.RecordBatch) -> _Prepared:
        told = write_stories(batch) if self._texts else None
        part = hash_batch(batch, self.settings)
        return _Prepared(batch.column("id").to_pylist(), part, self._replica.layout.draft(part), told)

    def _add_prepared(self, some: _Prepared, ahead: Sequence[int]) -> list[Decision]:
        """Decide on stories, as many as `Arrivals.enter` takes, and keep those that are not there; cf. `_dated`."""
        names = some.names
        with self._replica.turn():
            self._replica.hear_others()
            while True:
                known = self._replica.known(names, some.part)
                added = self._append_others(known, some)
                if added is not None:
                    break
            self._replica.counts["redelivered"] += len(known)
            self._replica.counts["future"] += sum(k not in known for k in ahead)
        self._report(added)
        if not known:
            return added
        rest = iter(added)
        return [known[k] if k in known else next(rest) for k in range(len(names))]

    def _append_others(self, known: dict[int, Decision], some: _Prepared) -> list[Decision] | None:
        """Decide on the stories that are not known, and append them; None if others were faster."""
        if not known:
            return self._replica.append(*some)
        fresh = np.array([k not in known for k in range(len(some.names))])
        return self._replica.append(*some.select(fresh)) if fresh.any() else []

    def _report(self, added: list[Decision]) -> None:
        """Tell who listens; outside the lock, so that a listener may ask the index itself."""
        failed: list[Exception] = []
        if self._on_decision is not None:
            for decision in added:
                try:
                    self._on_decision(decision)
                except Exception as exc:  # the others are in the log too, and nobody will tell of them again
                    failed.append(exc)
        if _log.isEnabledFor(logging.DEBUG):
            for decision in added:
                _log.debug("decided", extra={"decision": decision.to_dict(), "store": self._label})
        if failed:
            raise failed[0]

    def _hash(self, story: StoryFields) -> tuple[Hashed, bool]:
        """One story, undated if it is from the future, and whether it is; cf. `_dated`."""
        ahead = story.published is not None and story.published > _latest_taken()
        return self._hasher.hash(story._replace(published=None) if ahead else story), ahead


def _latest_taken() -> int:
    return time.time_ns() // 1000 + _MOST_AHEAD_US


def _dated(some: _Prepared) -> tuple[_Prepared, Sequence[int]]:
    """The stories, those undated that are from the future, and which these are."""
    part, latest = some.part, _latest_taken()
    if part.facts.times.max() > latest:  # one such date would make everything else look too old
        ahead = part.facts.times > latest
        times = np.where(ahead, UNDATED, part.facts.times)
        part = part._replace(facts=part.facts._replace(times=times))
        return some._replace(part=part), np.flatnonzero(ahead).tolist()
    return some, ()


def store_label(store: Store) -> str:
    """What messages call a store: its URL without a password."""
    return repr(store).partition(" ")[2].rstrip(">")


def _or_none(time_us: int) -> int | None:
    return None if time_us == UNDATED else time_us
