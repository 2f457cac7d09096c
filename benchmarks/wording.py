"""Titles and texts as token numbers: drawn for an event, then edited, cut and reworded for each copy of it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from benchmarks import events
from benchmarks.draws import U64, Mask, below, chance, draw, stream_keys
from benchmarks.events import I64, SENTENCE_BLOCK, WHOLE_TITLE, FeedSettings, Plan, headlines_only, sentence_stop
from benchmarks.scripts import DATES
from benchmarks.vocabulary import (
    BARE,
    CAPITAL,
    COMMA,
    COMMON,
    FIRST_GROUP,
    FIRST_NUMBER,
    FIRST_PLACE,
    FIRST_SURNAME,
    FIRST_TIME,
    FORMS,
    FULL_STOP,
    GIVEN_NAMES,
    KINDS,
    LAST,
    NAME_SLOT,
    NUMBER_SLOT,
    NUMBERS,
    PLACE_PREFIXES,
    PLACES,
    PLAIN,
    QUOTED,
    SLOTS,
    SURNAMES,
    TABLE_BITS,
    TIMES,
    WORDS,
    Vocabulary,
)

I32 = npt.NDArray[np.int32]

_HEADS_A_SCRIPT = {"thousands": 0, "given": GIVEN_NAMES, "prefix": PLACE_PREFIXES, "date": DATES}
_TITLE_SPAN = 32  # a title is made of words from among the first 32 of the event's text
_NAMES_AN_EVENT = 4
_SLOT_KINDS = ("number", "name", "place", "day")
_ANY_WORD = 4  # places from which the one word that is replaced is taken: the first that is no name or number


def title_tokens(settings: FeedSettings, plan: Plan, words: Vocabulary) -> I32:
    """The tokens of all titles in a row, `plan.title_length` of each."""
    row, place = _ragged(plan.title_length)
    keys = stream_keys(settings.seed, events.TITLE, plan.topic)
    own = stream_keys(settings.seed, events.TITLE, plan.story)
    # Every stride is odd, so the words of one title come from different places; a new title walks another way.
    walk = keys[row]
    if (changed := np.flatnonzero((plan.title_kept < WHOLE_TITLE)[row])).size:
        kept = draw(own[row[changed]], place[changed] + np.uint64(8)) >> np.uint64(32)
        fresh = changed[kept >= plan.title_kept[row[changed]]]
        walk[fresh] = own[row[fresh]]
    stride = below(draw(walk, 1), 6) * np.uint64(2) + np.uint64(3)
    at = (place * stride + below(draw(walk, 2), _TITLE_SPAN)) % np.uint64(_TITLE_SPAN)
    word, _ = _event_words(settings, plan, words, plan.topic, row, at)
    if headlines_only(settings):
        _replace_one(settings, plan, words, word, row, place)
    form = np.full(len(word), PLAIN, dtype=np.int32)
    starts = _starts(plan.title_length)
    form[starts] = CAPITAL
    form[starts + plan.title_length - 1] = BARE
    tokens = _written(plan, word, form, row)
    _fill_slots(settings, plan, words, tokens, form, row, place, title=True)
    return tokens


def text_tokens(settings: FeedSettings, plan: Plan, words: Vocabulary) -> I32:
    """The tokens of all texts in a row, `plan.text_length` of each."""
    row, place = _ragged(plan.text_length)
    if plan.skip.any():
        place += plan.skip.astype(np.uint64)[row] * (place >= plan.skip_at.astype(np.uint64)[row])
    content = plan.content[row] if plan.fresh.any() else None
    if content is not None:
        added = place < plan.fresh.astype(np.uint64)[row]
        content[added] = plan.story[row[added]]
        place -= plan.fresh.astype(np.uint64)[row] * ~added
    word, draws = _event_words(settings, plan, words, plan.content, row, place, content)
    _replace_one(settings, plan, words, word, row, place)
    form = _sentence_forms(settings, plan, draws, row, place)
    tokens = _written(plan, word, form, row)
    _fill_slots(settings, plan, words, tokens, form, row, place, title=False)
    return tokens


def _written(plan: Plan, word: I32, form: I32, row: I64) -> I32:
    """The tokens of words, in these forms and each story's script."""
    return ((word + (plan.script * WORDS).astype(np.int32)[row]) * len(FORMS) + form).astype(np.int32)


def _replace_one(settings: FeedSettings, plan: Plan, words: Vocabulary, word: I32, row: I64, place: U64) -> None:
    """Replaces one common word of each story whose plan says so."""
    at = plan.word_at[row]
    near = np.flatnonzero((at >= 0) & (word < COMMON) & (place.astype(np.int64) - at < _ANY_WORD) & (place >= at))
    chosen = near[np.unique(row[near], return_index=True)[1]]
    other = below(
        draw(stream_keys(settings.seed, events.OWN, plan.story[row[chosen]]), 1 << 32), len(words.zipf) - SLOTS
    )
    fresh = words.zipf[other.astype(np.int64) + SLOTS]
    word[chosen] = np.where(fresh == word[chosen], (fresh + 1) % COMMON, fresh)


def _event_words(
    settings: FeedSettings,
    plan: Plan,
    words: Vocabulary,
    content: U64,
    row: I64,
    place: U64,
    of_each: U64 | None = None,
) -> tuple[I32, U64]:
    """The word at each place of the text that `content` keys, as this story words it, and the draw behind it.

    `of_each` gives a key for every single word, where words of a story come from different texts.
    """
    if of_each is None:
        draws = draw(stream_keys(settings.seed, events.TEXT, content)[row], place)
    else:
        draws = draw(stream_keys(settings.seed, events.TEXT, of_each), place)
    word = words.zipf[(draws >> np.uint64(64 - TABLE_BITS)).astype(np.int64)]
    common = word >= 0
    names, numbers = np.flatnonzero(word == NAME_SLOT), np.flatnonzero(word == NUMBER_SLOT)
    topics = stream_keys(settings.seed, events.NAMES, plan.topic)[row[names]]
    which = draws[names] % np.uint64(_NAMES_AN_EVENT)
    word[names] = FIRST_SURNAME + below(draw(topics, which), SURNAMES).astype(np.int32)
    word[numbers] = FIRST_NUMBER + (draws[numbers] % np.uint64(NUMBERS)).astype(np.int32)

    own = stream_keys(settings.seed, events.OWN, plan.story)
    edited = np.flatnonzero((plan.reword > 0)[row] & common)  # names and numbers stay: they are the news
    edits = draw(own[row[edited]], place[edited])
    hit = (edits >> np.uint64(32)) < plan.reword[row[edited]]
    other = below(edits[hit] << np.uint64(32), len(words.zipf) - SLOTS).astype(np.int64) + SLOTS
    word[edited[hit]] = words.zipf[other]

    updated = numbers[(plan.kind == KINDS.index("updated"))[row[numbers]]]
    edits = draw(own[row[updated]], place[updated])
    changed = chance(edits, 0.7)
    word[updated[changed]] = FIRST_NUMBER + (edits[changed] % np.uint64(NUMBERS)).astype(np.int32)
    return word, draws


def _sentence_forms(settings: FeedSettings, plan: Plan, draws: U64, row: I64, place: U64) -> I32:
    """How each word is written: capitals after full stops, commas, a few quotation marks, a full stop at the end."""
    block = place // np.uint64(SENTENCE_BLOCK)
    stop = sentence_stop(stream_keys(settings.seed, events.SENTENCE, plan.content)[row], block)
    ends = place - block * np.uint64(SENTENCE_BLOCK) == stop
    form = np.zeros(len(row), dtype=np.int32)
    flourish = (draws >> np.uint64(16)) & np.uint64(1023)
    form[flourish < 60] = COMMA
    form[flourish >= 1018] = QUOTED
    starts = _starts(plan.text_length)
    begins = np.empty(len(row), dtype=np.bool_)
    begins[1:] = ends[:-1]
    told = plan.text_length > 0
    begins[starts[told]] = True
    form[begins] = CAPITAL
    form[ends] = FULL_STOP
    form[(starts + plan.text_length - 1)[told]] = LAST
    return form


def _fill_slots(
    settings: FeedSettings,
    plan: Plan,
    words: Vocabulary,
    tokens: I32,
    form: I32,
    row: I64,
    place: U64,
    *,
    title: bool,
) -> None:
    """Puts each look-alike's own numbers, names or places into the slots of its template.

    A slot is two tokens wide. The same slot of two stories differs whenever they are under 500,000 stories apart: the
    value is a bijection of the story number; days repeat after 480,000.
    """
    templated = np.isin(plan.kind, [KINDS.index(kind) for kind in _SLOT_KINDS])
    inside = np.flatnonzero(templated[row])
    if not inside.size:
        return
    story, kind = plan.story[row[inside]], plan.kind[row[inside]]
    template = stream_keys(settings.seed, events.TEMPLATE, plan.topic)[row[inside]]
    at = place[inside]
    block = at // np.uint64(SENTENCE_BLOCK)
    if title:
        slot_start = np.ones(len(inside), dtype=np.uint64)
        open_block = np.ones(len(inside), dtype=np.bool_)
    else:
        slot_start = below(draw(template, 10_000), 5) + np.uint64(2)
        density = 0.2 + 0.2 * (template % np.uint64(5)).astype(np.float64)
        open_block = (block == 0) | ((draw(template, block) >> np.uint64(32)) < (density * 2**32).astype(np.uint64))
    offset = at - block * np.uint64(SENTENCE_BLOCK) - slot_start
    first_kinds = ("thousands", "given", "prefix", "date")
    in_script = plan.script[row[inside]].astype(np.int32)
    for name, first_kind in zip(_SLOT_KINDS, first_kinds, strict=True):
        mine = open_block & (kind == KINDS.index(name))
        head, tail = _slot_values(name, story, block)
        lead, last = mine & (offset == 0), mine & (offset == 1)
        tokens[inside[lead]] = words.first[first_kind] + head[lead] + in_script[lead] * _HEADS_A_SCRIPT[first_kind]
        tokens[inside[last]] = (tail[last] + in_script[last] * WORDS) * len(FORMS) + form[inside[last]]


def _slot_values(name: str, story: U64, slot: U64) -> tuple[I32, I32]:
    """The two tokens of each story's value in a slot: index within the first token's kind, and word number."""
    if name == "number":
        value = (story * np.uint64(7_919) + slot * np.uint64(104_729)) % np.uint64(900_000) + np.uint64(100_000)
        return (value // np.uint64(1000)).astype(np.int32), FIRST_GROUP + (value % np.uint64(1000)).astype(np.int32)
    if name == "name":
        value = (story * np.uint64(2_654_435) + slot * np.uint64(104_729)) % np.uint64(512 * SURNAMES)
        head, tail = value // np.uint64(SURNAMES), value % np.uint64(SURNAMES)
        return head.astype(np.int32), FIRST_SURNAME + tail.astype(np.int32)
    if name == "day":
        value = (story * np.uint64(100_003) + slot * np.uint64(104_729)) % np.uint64(DATES * TIMES)
        return (value // np.uint64(TIMES)).astype(np.int32), FIRST_TIME + (value % np.uint64(TIMES)).astype(np.int32)
    value = (story * np.uint64(265_443) + slot * np.uint64(104_729)) % np.uint64(128 * PLACES)
    return (value // np.uint64(PLACES)).astype(np.int32), FIRST_PLACE + (value % np.uint64(PLACES)).astype(np.int32)


def _ragged(lengths: I64) -> tuple[I64, U64]:
    """For `lengths[i]` entries of each row i in a row: the row of every entry, and its place within the row."""
    row = np.repeat(np.arange(len(lengths)), lengths)
    return row, (np.arange(len(row)) - _starts(lengths)[row]).astype(np.uint64)


def _starts(lengths: I64) -> I64:
    """Where each row's entries begin."""
    starts = np.zeros(len(lengths), dtype=np.int64)
    np.cumsum(lengths[:-1], out=starts[1:])
    return starts


def any_of(mask: Mask, tokens: I32) -> tuple[I64, I32]:
    """A part that only the rows of the mask have, one token each."""
    return mask.astype(np.int64), tokens[mask]
