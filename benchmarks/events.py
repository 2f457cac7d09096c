"""What every story of a synthetic feed is: an event's first report, an edited copy of one, or a look-alike.

All of it is a pure function of seed and story number (see `draws`), so any stretch of a feed can be planned alone.
Copies go to earlier stories of the last 24 hours; some events are copied twenty times and most never (Zipf).
A copy that finds no original in them is an original: with few stories a day and many copies, some are not met.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

from benchmarks.draws import U64, Mask, below, chance, draw, stream_keys
from benchmarks.scripts import SCRIPTS
from benchmarks.vocabulary import KINDS, PUBLISHERS, cumulative_slots

I64 = npt.NDArray[np.int64]

ROLE, ROOT, KIND, EDIT, LENGTH, PUBLISHER, HABIT, TEMPLATE, GROUP, SCRIPT = range(10)
TEXT, NAMES, SENTENCE, TITLE, OWN, CITY = range(16, 22)
"""Streams of draws: those of the plan, and those of the words."""

GROUP_SIZE = 1024
"""Popularity is decided within groups of at most this many stories in a row: about 15 minutes at 100,000 a day."""
TEMPLATES = 1_000
TEMPLATE_KEYS = 1 << 40
"""Templates draw their words under keys above every story number."""

SUFFIX, DATELINE, FOOTER, HEADER, TEXTLESS, PACE = range(6)
"""Habits of publishers, counters of the HABIT stream."""
SENTENCE_BLOCK, FIRST_STOP = 20, 8
"""Every block of this many words has one sentence end, after its 9th to 20th word: sentences of 20 words."""
WHOLE_TITLE = 2**32
"""`Plan.title_kept` of a title that stays."""

_LOOKALIKE = KINDS.index("number")
_COPIES, _LOOKALIKES = KINDS[1:_LOOKALIKE], KINDS[_LOOKALIKE:]
_COPY_SHARES = dict(zip(_COPIES, (10, 4, 2, 4, 2, 3, 3, 9, 6, 4, 14, 10, 4, 3, 10), strict=True))
_HEADLINE_SHARES = {"exact": 10, "word": 16, "retitled": 32, "reworded": 20, "updated": 10, "mixed": 12}
_COPY_REWORDING = {"trimmed": 0.10, "extended": 0.08, "cut": 0.08, "reworded": 0.38, "updated": 0.06,
                   "mixed": 0.24}  # fmt: skip
_VERBATIM = ("exact", "dateline", "header", "footer", "word", "sentence", "halved")
"""Copies that keep the first report's title and dress, but for what their kind says."""
_LOOSEST = 0.3
_LOOKALIKE_SHARES = dict(zip(_LOOKALIKES, (4, 3, 3, 2, 2, 2), strict=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedSettings:
    """Which synthetic feed: two feeds with equal settings are equal byte for byte, and a shorter one is a prefix.

    Attributes:
        stories: how many, up to 900,000,000.
        words: about the mean of title and text (11 make 9.5, 12 13.6, 43 42, 400 372); 11 or fewer: headlines only.
        seed: 0 to 2**63 - 1.
        duplicates: share of stories that are copies of an earlier one, 0..0.95; see `unmet_copies`.
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
        if not (self.duplicates >= 0 and self.lookalikes >= 0 and round(self.duplicates + self.lookalikes, 9) <= 0.95):
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
        publisher, styled_as: who publishes it, and whose suffix, dateline, header and footer it carries.
        first_publisher: of the story it is a copy of.
        script: index into SCRIPTS.
        title_length, text_length: words.
        skip_at, skip: from which word of the event's text on, and how many words, were cut out.
        fresh: words of its own before those of the event's text.
        word_at: the word that is replaced by another, -1 for none.
        reword: chance in 2**32 of each common word to be replaced by another.
        title_kept: chance in 2**32 of each word of the event's title to stay.
    """

    story: U64
    cluster: U64
    event: U64
    kind: I64
    content: U64
    topic: U64
    publisher: I64
    styled_as: I64
    first_publisher: I64
    script: I64
    title_length: I64
    text_length: I64
    skip_at: I64
    skip: I64
    fresh: I64
    word_at: I64
    reword: U64
    title_kept: U64


def plan_stories(settings: FeedSettings, first: int, count: int) -> Plan:
    """The plan of `count` stories from number `first` on; the settings' number of stories does not matter."""
    story = np.arange(first, first + count, dtype=np.uint64)
    kind, latest = _settled_kinds(settings, first, count)
    copies, lookalikes = (kind > 0) & (kind < _LOOKALIKE), kind >= _LOOKALIKE
    cluster = story.copy()
    cluster[copies] = _originals(settings, story[copies], latest[copies])
    event, content, topic = cluster.copy(), cluster.copy(), cluster.copy()

    templated = lookalikes & (kind < KINDS.index("column"))
    column, followup = kind == KINDS.index("column"), kind == KINDS.index("followup")
    template = _templates(settings, story)
    content[templated] = template[templated]
    topic[templated | column] = template[templated | column]
    event[followup] = _originals(settings, story[followup], latest[followup])
    topic[followup] = event[followup]

    original_publisher = _publishers(settings, np.where(templated | column, template, cluster))
    publisher = _publishers(settings, np.where(templated | column, template, story))
    same = copies & (publisher == original_publisher) & (kind != KINDS.index("updated"))
    publisher[same] = (publisher[same] + 1) % PUBLISHERS
    styled_as = np.where(_is_one_of(kind, _VERBATIM), original_publisher, publisher)

    title_length, whole = _lengths(settings, content, topic)
    shape = _edited_lengths(settings, story, content, kind, whole)
    textless = chance(habits(settings, styled_as, TEXTLESS), 0.04) & (kind < KINDS.index("column"))
    return Plan(
        story=story,
        cluster=cluster,
        event=event,
        kind=kind,
        content=content,
        topic=topic,
        publisher=publisher,
        styled_as=styled_as,
        first_publisher=original_publisher,
        script=_SCRIPT[(draw(stream_keys(settings.seed, SCRIPT, topic), 0) >> np.uint64(48)).astype(np.int64)],
        title_length=title_length,
        text_length=np.where(textless, 0, shape.text_length),
        skip_at=shape.skip_at,
        skip=shape.skip,
        fresh=shape.fresh,
        word_at=np.where(kind == KINDS.index("word"), _word_at(settings, story, title_length, whole), -1),
        reword=np.where(templated, _template_looseness(settings, template), _rewording(settings, story, kind)),
        title_kept=_title_kept(settings, story, kind),
    )


def _is_one_of(kind: I64, names: Iterable[str]) -> Mask:
    return np.isin(kind, [KINDS.index(name) for name in names])


def habits(settings: FeedSettings, publisher: I64, habit: int) -> U64:
    """A draw that is the same for all stories of one publisher."""
    return draw(stream_keys(settings.seed, HABIT, publisher.astype(np.uint64)), habit)


def _roles(settings: FeedSettings, story: U64) -> tuple[Mask, Mask]:
    """Which stories are meant as copies, which as look-alikes. The first story of a feed is neither."""
    draws = draw(stream_keys(settings.seed, ROLE, story), 0)
    copies = chance(draws, settings.duplicates) & (story > 0)
    lookalikes = chance(draws, settings.duplicates + settings.lookalikes) & (story > 0) & ~copies
    return copies, lookalikes


def _settled_kinds(settings: FeedSettings, first: int, count: int) -> tuple[I64, U64]:
    """Of `count` stories from number `first` on: the kind, and the latest original up to each.

    A copy or follow-up without an original in the 24 hours before it is one, and the next may go to that. So the
    stories since the last one that is meant as an original have a say.
    """
    begin = first
    while np.any(_roles(settings, np.array([begin], dtype=np.uint64))):
        begin -= 1
    story = np.arange(begin, first + count, dtype=np.uint64)
    kind = _kinds(settings, story, *_roles(settings, story))
    bound = (kind < _LOOKALIKE) | (kind == KINDS.index("followup"))
    while True:
        latest = np.maximum.accumulate(np.where(kind == 0, story, np.uint64(0)))
        alone = np.flatnonzero(bound & (story - latest > np.uint64(settings.per_day)))
        if not alone.size:
            return kind[first - begin :], latest[first - begin :]
        kind[alone[np.unique(latest[alone], return_index=True)[1]]] = 0


def unmet_copies(settings: FeedSettings) -> int:
    """How many stories of a feed would be copies and are originals, as there is none at most 24 hours older."""
    unmet, last = 0, settings.stories if settings.per_day < GROUP_SIZE else 0  # no run without originals is longer
    for first in range(0, last, 2**20):
        story = np.arange(first, min(first + 2**20, last), dtype=np.uint64)
        kind, _ = _settled_kinds(settings, first, len(story))
        unmet += int((kind[_roles(settings, story)[0]] == 0).sum())
    return unmet


def _originals(settings: FeedSettings, story: U64, latest: U64) -> U64:
    """For each story the earlier original it copies or follows, at most 24 hours older; `latest` is the last such."""
    keys = stream_keys(settings.seed, ROOT, story)
    size = min(GROUP_SIZE, 1 << max(0, settings.per_day.bit_length() - 2))  # at most half a day
    group = story // size
    pace = draw(stream_keys(settings.seed, HABIT, _publishers(settings, story).astype(np.uint64)), PACE)
    groups = np.uint64(max(1, settings.per_day // size - 2)) >> (pace >> np.uint64(62))
    groups = np.clip(groups, np.uint64(1), group + np.uint64(1))  # a publisher takes up to a day, or to an eighth
    hurry = draw(keys, 0) >> np.uint64(48)
    lag = (hurry * hurry * hurry * groups) >> np.uint64(48)  # cubed: most copies come soon
    rank = _popularity(size)[(draw(keys, 1) >> np.uint64(48)).astype(np.int64)].astype(np.uint64)
    chosen = _position(settings, group - lag, rank, size)
    late = chosen >= story
    chosen[late & (group > 0)] -= np.uint64(size)
    late &= group == 0
    chosen[late] = below(draw(keys[late], 2), story[late])
    open_ones = np.arange(len(chosen))
    while open_ones.size:
        copies, lookalikes = _roles(settings, chosen[open_ones])
        open_ones = open_ones[copies | lookalikes]
        chosen[open_ones] -= np.uint64(1)
    return np.where(story - chosen > np.uint64(settings.per_day), latest, chosen)


def _position(settings: FeedSettings, group: U64, rank: U64, size: int) -> U64:
    """The story of a group of `size` that has this popularity rank: an affine shuffle of the group."""
    keys = stream_keys(settings.seed, GROUP, group)
    stride = below(draw(keys, 0), size // 2) * np.uint64(2) + np.uint64(1)
    return group * np.uint64(size) + (rank * stride + below(draw(keys, 1), size)) % np.uint64(size)


@cache
def _popularity(size: int) -> npt.NDArray[np.int32]:
    """int32[2**16]: the ranks of a group of this size, as often as they are copied."""
    return cumulative_slots(size, 1, 2**16)


def _kinds(settings: FeedSettings, story: U64, copies: Mask, lookalikes: Mask) -> I64:
    """Index into KINDS of every story. A look-alike's is its template's: number 12 of a series is like number 11."""
    kind = np.full(len(story), KINDS.index("original"), dtype=np.int64)
    shares = _HEADLINE_SHARES if headlines_only(settings) else _COPY_SHARES
    copy_table = np.repeat([KINDS.index(name) for name in shares], list(shares.values()))
    draws = draw(stream_keys(settings.seed, KIND, story[copies]), 0)
    kind[copies] = copy_table[below(draws, len(copy_table)).astype(np.int64)]
    lookalike_table = np.repeat([KINDS.index(name) for name in _LOOKALIKES], list(_LOOKALIKE_SHARES.values()))
    if headlines_only(settings):  # without a text to tell them apart, columns and follow-ups would be plain copies
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
    limits[[KINDS.index(name) for name in _COPY_REWORDING]] = list(_COPY_REWORDING.values())
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


def _title_kept(settings: FeedSettings, story: U64, kind: I64) -> U64:
    """Chance in 2**32 of each word of the event's title to stay: stories with a text mostly get titles of their own.

    Judged pairs with a text share from none to all words of their titles, evenly; pairs of titles at least half.
    """
    keys = stream_keys(settings.seed, OWN, story)
    least, most = (0.6, 0.97) if headlines_only(settings) else (0.0, 0.95)
    share = least + (most - least) * (draw(keys, 1 << 33) >> np.uint64(40)).astype(np.float64) / 2**24
    share[kind == KINDS.index("followup")] *= 0.6
    named = _is_one_of(kind, ("retitled", "mixed", "followup"))
    if not headlines_only(settings):
        free = (kind > 0) & (kind < _LOOKALIKE) & ~_is_one_of(kind, _VERBATIM)
        named |= free & chance(draw(keys, (1 << 33) + 1), 0.9)
    return np.where(named, (share * WHOLE_TITLE).astype(np.uint64), np.uint64(WHOLE_TITLE))


def _word_at(settings: FeedSettings, story: U64, title_length: I64, whole: I64) -> I64:
    """A word of every text, of every title where there are no texts."""
    length = title_length if headlines_only(settings) else whole
    return below(draw(stream_keys(settings.seed, EDIT, story), 4), length.astype(np.uint64)).astype(np.int64)


def _lengths(settings: FeedSettings, content: U64, topic: U64) -> tuple[I64, I64]:
    """Words of the titles, and of the unedited texts."""
    mean_title = min(settings.words, 9)
    spread = below(draw(stream_keys(settings.seed, LENGTH, topic), 0), 7).astype(np.int64) - 3
    title_length = np.maximum(3, mean_title + (spread if mean_title == 9 else spread // 3))
    if headlines_only(settings):
        return title_length, np.zeros(len(content), dtype=np.int64)
    percent = below(draw(stream_keys(settings.seed, LENGTH, content), 1), 61).astype(np.int64) + 70
    return title_length, np.maximum(1, (settings.words - 9) * percent // 100)


@dataclass(frozen=True, slots=True)
class _Shape:
    """Which part of its event's text each story has, and how much of its own before it: int64[n] each."""

    text_length: I64
    skip_at: I64
    skip: I64
    fresh: I64


def _edited_lengths(settings: FeedSettings, story: U64, content: U64, kind: I64, whole: I64) -> _Shape:
    """How edits shorten and lengthen texts of `whole` words."""
    edits = stream_keys(settings.seed, EDIT, story)
    part = below(draw(edits, 1), 56).astype(np.int64) + 35
    more = below(draw(edits, 2), 61).astype(np.int64) + 110
    length = whole.copy()
    for names, percent in ((("trimmed", "mixed"), part), (("extended", "updated"), more)):
        chosen = _is_one_of(kind, names)
        length[chosen] = whole[chosen] * percent[chosen] // 100
    halved = kind == KINDS.index("halved")
    length[halved] = whole[halved] // 2

    cut, sentence = kind == KINDS.index("cut"), kind == KINDS.index("sentence")
    skip, skip_at = np.where(cut, whole // 4, 0), np.zeros_like(whole)
    skip_at[cut] = below(draw(edits[cut], 3), np.maximum(1, (whole - skip)[cut]).astype(np.uint64)).astype(np.int64)
    begin, end = _sentence_bounds(settings, content[sentence], draw(edits[sentence], 3), whole[sentence])
    skip_at[sentence], skip[sentence] = begin, end - begin

    live = kind == KINDS.index("live")
    fresh = np.where(live, whole * (part - 15) // 100, 0)
    return _Shape(np.where(whole > 0, np.maximum(1, length - skip + fresh), 0), skip_at, skip, fresh)


def _sentence_bounds(settings: FeedSettings, content: U64, choice: U64, whole: I64) -> tuple[I64, I64]:
    """Where one sentence of each text begins and ends, never its first one; empty in texts of one sentence."""
    before = below(choice, np.maximum(1, (whole - 1) // SENTENCE_BLOCK).astype(np.uint64))
    keys = stream_keys(settings.seed, SENTENCE, content)
    begin, end = (
        (block * np.uint64(SENTENCE_BLOCK) + sentence_stop(keys, block)).astype(np.int64) + 1
        for block in (before, before + np.uint64(1))
    )
    return np.minimum(begin, whole), np.minimum(end, whole)


def sentence_stop(keys: U64, block: U64) -> U64:
    """The place within a block of SENTENCE_BLOCK words after whose word there is a full stop: FIRST_STOP to 19.

    `keys` are those of the text in the SENTENCE stream.
    """
    return below(draw(keys, block), SENTENCE_BLOCK - FIRST_STOP) + np.uint64(FIRST_STOP)


def headlines_only(settings: FeedSettings) -> bool:
    """Whether no words are left for a text: a title takes nine."""
    return settings.words < 12


_SCRIPT = np.repeat(np.arange(len(SCRIPTS)), [script.share for script in SCRIPTS])[np.arange(2**16) * 1_000 >> 16]
_READERSHIP = cumulative_slots(PUBLISHERS, 20, 2**16)
