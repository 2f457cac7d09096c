"""What every story of a synthetic feed is: an event's first report, an edited copy of one, or a look-alike.

All of it is a pure function of seed and story number (see `draws`), so any stretch of a feed can be planned alone.
Copies go to earlier stories of the last 24 hours; some events are copied twenty times and most never (Zipf).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from benchmarks.draws import U64, Mask, below, chance, draw, stream_keys
from benchmarks.vocabulary import KINDS, PUBLISHERS, cumulative_slots

I64 = npt.NDArray[np.int64]

ROLE, ROOT, KIND, EDIT, LENGTH, PUBLISHER, HABIT, TEMPLATE, GROUP = range(9)
TEXT, NAMES, SENTENCE, TITLE, OWN, CITY = range(16, 22)
"""Streams of draws: those of the plan, and those of the words."""

GROUP_SIZE = 1024
"""Popularity is decided within groups of this many stories in a row: about 15 minutes at 100,000 a day."""
TEMPLATES = 1_000
TEMPLATE_KEYS = 1 << 40
"""Templates draw their words under keys above every story number."""

_COPIES = ("exact", "dateline", "trimmed", "extended", "cut", "retitled", "reworded", "updated", "mixed")
_COPY_SHARES = (11, 11, 9, 5, 3, 8, 9, 3, 5)
_COPY_REWORDING = (0.0, 0.05, 0.10, 0.08, 0.08, 0.10, 0.38, 0.06, 0.24)
_LOOSEST = 0.3
_LOOKALIKES = ("number", "name", "place", "column", "followup")
_LOOKALIKE_SHARES = (5, 4, 3, 2, 2)


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedSettings:
    """Which synthetic feed: two feeds with equal settings are equal byte for byte, and a shorter one is a prefix.

    Attributes:
        stories: how many, up to 900,000,000.
        words: mean words of title and text together; 11 or fewer make a feed of headlines only.
        seed: 0 to 2**63 - 1.
        duplicates: share of stories that are copies of an earlier one, 0..0.95.
        lookalikes: share of stories that resemble others and must stay apart, 0..0.95.
        per_day: stories a day; publication times advance at this rate.
    """

    stories: int
    words: int = 43
    seed: int = 0
    duplicates: float = 0.3
    lookalikes: float = 0.05
    per_day: int = 100_000

    def __post_init__(self) -> None:
        """Refuses what cannot work."""
        if not 1 <= self.stories <= 900_000_000:
            raise ValueError(f"a feed has 1 to 900,000,000 stories, got {self.stories}")
        if not 4 <= self.words <= 20_000:
            raise ValueError(f"words are 4 to 20,000 a story, got {self.words}")
        if not 0 <= self.seed < 2**63:
            raise ValueError(f"a seed is 0 to 2**63 - 1, got {self.seed}")
        if self.duplicates < 0 or self.lookalikes < 0 or self.duplicates + self.lookalikes > 0.95:
            raise ValueError(
                f"duplicates and lookalikes are shares, together at most 0.95, got {self.duplicates} and "
                f"{self.lookalikes}; write 0.3 for 30 %"
            )
        if not 1 <= self.per_day <= 50_000_000:
            raise ValueError(f"per_day is 1 to 50,000,000 stories a day, got {self.per_day}")


@dataclass(frozen=True, slots=True)
class Plan:
    """What each of n stories in a row is. Every array has n entries.

    Attributes:
        story: number in the feed, from 0.
        cluster: number of the story it is a copy of, its own when it is none: equal means one story to a reader.
        event: number of the story that told the event first; differs from `cluster` for follow-ups only.
        kind: index into KINDS.
        content: key of the words of its text; copies share it, and so do the stories of one template.
        topic: key of the words of its title and of the names it is about.
        publisher, styled_as: who publishes it, and whose suffix, dateline and footer it carries.
        title_length, text_length: words.
        skip_at, skip: from which word of the event's text on, and how many words, were cut out.
        reword: chance in 2**32 of each common word to be replaced by another.
        retitled: a title of its own rather than the event's.
    """

    story: U64
    cluster: U64
    event: U64
    kind: I64
    content: U64
    topic: U64
    publisher: I64
    styled_as: I64
    title_length: I64
    text_length: I64
    skip_at: I64
    skip: I64
    reword: U64
    retitled: Mask


def plan_stories(settings: FeedSettings, first: int, count: int) -> Plan:
    """The plan of `count` stories from number `first` on; the settings' number of stories does not matter."""
    story = np.arange(first, first + count, dtype=np.uint64)
    copies, lookalikes = _roles(settings, story)
    cluster = story.copy()
    cluster[copies] = _originals(settings, story[copies])
    kind = _kinds(settings, story, copies, lookalikes)
    event, content, topic = cluster.copy(), cluster.copy(), cluster.copy()

    templated = lookalikes & (kind < KINDS.index("column"))
    column, followup = kind == KINDS.index("column"), kind == KINDS.index("followup")
    template = _templates(settings, story)
    content[templated] = template[templated]
    topic[templated | column] = template[templated | column]
    if first == 0:
        followup[:1] = False
    event[followup] = _originals(settings, story[followup])
    topic[followup] = event[followup]

    original_publisher = _publishers(settings, np.where(templated | column, template, cluster))
    publisher = _publishers(settings, np.where(templated | column, template, story))
    same = copies & (publisher == original_publisher) & (kind != KINDS.index("updated"))
    publisher[same] = (publisher[same] + 1) % PUBLISHERS
    styled_as = np.where(kind == KINDS.index("exact"), original_publisher, publisher)

    title_length, text_length, skip_at, skip = _lengths(settings, story, content, topic, kind)
    return Plan(
        story=story,
        cluster=cluster,
        event=event,
        kind=kind,
        content=content,
        topic=topic,
        publisher=publisher,
        styled_as=styled_as,
        title_length=title_length,
        text_length=text_length,
        skip_at=skip_at,
        skip=skip,
        reword=np.where(templated, _template_looseness(settings, template), _rewording(settings, story, kind)),
        retitled=np.isin(kind, [KINDS.index(name) for name in ("retitled", "mixed", "followup")]),
    )


def _roles(settings: FeedSettings, story: U64) -> tuple[Mask, Mask]:
    """Which stories are copies, which look-alikes. The first story of a feed is neither."""
    draws = draw(stream_keys(settings.seed, ROLE, story), 0)
    copies = chance(draws, settings.duplicates) & (story > 0)
    lookalikes = chance(draws, settings.duplicates + settings.lookalikes) & (story > 0) & ~copies
    return copies, lookalikes


def _originals(settings: FeedSettings, story: U64) -> U64:
    """For each story (number above 0) the earlier original it copies or follows, at most 24 hours older."""
    keys = stream_keys(settings.seed, ROOT, story)
    group = story // GROUP_SIZE
    groups = np.minimum(group + np.uint64(1), np.uint64(max(1, settings.per_day // GROUP_SIZE - 2)))
    hurry = draw(keys, 0) >> np.uint64(48)
    lag = (hurry * hurry * hurry * groups) >> np.uint64(48)  # cubed: most copies come soon
    rank = _POPULARITY[(draw(keys, 1) >> np.uint64(48)).astype(np.int64)].astype(np.uint64)
    chosen = _position(settings, group - lag, rank)
    late = chosen >= story
    chosen[late & (group > 0)] -= np.uint64(GROUP_SIZE)
    late &= group == 0
    chosen[late] = below(draw(keys[late], 2), story[late])
    open_ones = np.arange(len(chosen))
    while open_ones.size:
        copies, lookalikes = _roles(settings, chosen[open_ones])
        open_ones = open_ones[copies | lookalikes]
        chosen[open_ones] -= np.uint64(1)
    return chosen


def _position(settings: FeedSettings, group: U64, rank: U64) -> U64:
    """The story of a group that has this popularity rank: an affine shuffle of the group."""
    keys = stream_keys(settings.seed, GROUP, group)
    stride = below(draw(keys, 0), GROUP_SIZE // 2) * np.uint64(2) + np.uint64(1)
    within = (rank * stride + below(draw(keys, 1), GROUP_SIZE)) % np.uint64(GROUP_SIZE)
    return group * np.uint64(GROUP_SIZE) + within


def _kinds(settings: FeedSettings, story: U64, copies: Mask, lookalikes: Mask) -> I64:
    """Index into KINDS of every story. A look-alike's is its template's: number 12 of a series is like number 11."""
    kind = np.full(len(story), KINDS.index("original"), dtype=np.int64)
    copy_table = np.repeat([KINDS.index(name) for name in _COPIES], _COPY_SHARES)
    draws = draw(stream_keys(settings.seed, KIND, story[copies]), 0)
    kind[copies] = copy_table[below(draws, len(copy_table)).astype(np.int64)]
    lookalike_table = np.repeat([KINDS.index(name) for name in _LOOKALIKES], _LOOKALIKE_SHARES)
    if _headlines_only(settings):  # without a text to tell them apart, columns and follow-ups would be plain copies
        lookalike_table = lookalike_table[lookalike_table < KINDS.index("column")]
    draws = draw(stream_keys(settings.seed, KIND, _templates(settings, story[lookalikes])), 1)
    kind[lookalikes] = lookalike_table[below(draws, len(lookalike_table)).astype(np.int64)]
    return kind


def _templates(settings: FeedSettings, story: U64) -> U64:
    """The template each story would follow; squared, so that some are used ten times as often as others."""
    skewed = draw(stream_keys(settings.seed, TEMPLATE, story), 0) >> np.uint64(40)
    return np.uint64(TEMPLATE_KEYS) + ((skewed * skewed * np.uint64(TEMPLATES)) >> np.uint64(48))


def _publishers(settings: FeedSettings, keys: U64) -> I64:
    """int64: the publisher of every story or template, large ones far more often."""
    draws = draw(stream_keys(settings.seed, PUBLISHER, keys), 0)
    return _READERSHIP[(draws >> np.uint64(48)).astype(np.int64)].astype(np.int64)


def _rewording(settings: FeedSettings, story: U64, kind: I64) -> U64:
    """Chance in 2**32 of a common word to be replaced; skewed to small ones, up to the limit of its kind."""
    limits = np.zeros(len(KINDS))
    limits[[KINDS.index(name) for name in _COPIES]] = _COPY_REWORDING
    limit = np.round(limits * 2**16).astype(np.uint64)[kind]
    zeal = draw(stream_keys(settings.seed, EDIT, story), 0) >> np.uint64(48)
    return (limit * ((zeal * zeal) >> np.uint64(16))).astype(np.uint64)


def _template_looseness(settings: FeedSettings, template: U64) -> U64:
    """Chance in 2**32 of a common word to differ between stories of one template, the same for all of a template.

    Real look-alikes are seldom equal but for a number: judged ones reach from word-3 Jaccard .03 to .60. Without loose
    templates nothing false would lie between a copy and a stranger, and no engine would pay for a careless threshold.
    """
    zeal = draw(stream_keys(settings.seed, TEMPLATE, template), 20_000) >> np.uint64(48)
    return np.uint64(round(_LOOSEST * 2**16)) * ((zeal * zeal) >> np.uint64(16))


def _lengths(settings: FeedSettings, story: U64, content: U64, topic: U64, kind: I64) -> tuple[I64, I64, I64, I64]:
    """Words of title and text, and where how many words of the event's text were cut out."""
    mean_title = min(settings.words, 9)
    spread = below(draw(stream_keys(settings.seed, LENGTH, topic), 0), 7).astype(np.int64) - 3
    title_length = np.maximum(3, mean_title + (spread if mean_title == 9 else spread // 3))
    if _headlines_only(settings):
        zeros = np.zeros(len(story), dtype=np.int64)
        return title_length, zeros, zeros, zeros
    percent = below(draw(stream_keys(settings.seed, LENGTH, content), 1), 61).astype(np.int64) + 70
    whole = (settings.words - 9) * percent // 100
    edits = stream_keys(settings.seed, EDIT, story)
    part = below(draw(edits, 1), 56).astype(np.int64) + 35
    more = below(draw(edits, 2), 61).astype(np.int64) + 110
    text_length = whole.copy()
    for names, share in ((("trimmed", "mixed"), part), (("extended", "updated"), more)):
        chosen = np.isin(kind, [KINDS.index(name) for name in names])
        text_length[chosen] = whole[chosen] * share[chosen] // 100
    cut = kind == KINDS.index("cut")
    skip = np.where(cut, whole // 4, 0)
    skip_at = below(draw(edits, 3), np.maximum(1, whole - skip).astype(np.uint64)).astype(np.int64)
    text_length -= skip
    return title_length, np.maximum(1, text_length), skip_at, skip


def _headlines_only(settings: FeedSettings) -> bool:
    """Whether no words are left for a text: a title takes nine."""
    return settings.words < 12


_POPULARITY = cumulative_slots(GROUP_SIZE, 1, 2**16)
_READERSHIP = cumulative_slots(PUBLISHERS, 20, 2**16)
