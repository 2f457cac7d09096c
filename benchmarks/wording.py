"""Titles and texts as token numbers: drawn for an event, then edited, cut and reworded for each copy of it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from benchmarks import events
from benchmarks.draws import U64, Mask, below, chance, draw, stream_keys
from benchmarks.events import I64, FeedSettings, Plan
from benchmarks.vocabulary import (
    BARE,
    CAPITAL,
    COMMA,
    FIRST_GROUP,
    FIRST_NUMBER,
    FIRST_PLACE,
    FIRST_SURNAME,
    FORMS,
    FULL_STOP,
    KINDS,
    LAST,
    NAME_SLOT,
    NUMBER_SLOT,
    NUMBERS,
    PLACES,
    PLAIN,
    QUOTED,
    SLOTS,
    SURNAMES,
    TABLE_BITS,
    Vocabulary,
)

I32 = npt.NDArray[np.int32]

SENTENCE_BLOCK = 20
"""Every block of this many words has one sentence end, after its 9th to 20th word: sentences of 20 words."""
_TITLE_SPAN = 32  # a title is made of words from among the first 32 of the event's text
_NAMES_AN_EVENT = 4
_SLOT_KINDS = ("number", "name", "place")


def title_tokens(settings: FeedSettings, plan: Plan, words: Vocabulary) -> I32:
    """The tokens of all titles in a row, `plan.title_length` of each."""
    row, place = _ragged(plan.title_length)
    keys = stream_keys(settings.seed, events.TITLE, plan.topic)
    own = stream_keys(settings.seed, events.TITLE, plan.story)
    # Every stride is odd, so the words of one title come from different places; a new title walks another way.
    kept_share = 0.2 + 0.1 * (plan.story % np.uint64(5)).astype(np.float64)
    kept = (draw(own[row], place + 8) >> np.uint64(32)) < (kept_share * 2**32).astype(np.uint64)[row]
    fresh = plan.retitled[row] & ~kept
    walk = np.where(fresh, own[row], keys[row])
    stride = below(draw(walk, 1), 6) * np.uint64(2) + np.uint64(3)
    at = (place * stride + below(draw(walk, 2), _TITLE_SPAN)) % np.uint64(_TITLE_SPAN)
    word, _ = _event_words(settings, plan, words, plan.topic, row, at)
    form = np.full(len(word), PLAIN, dtype=np.int32)
    starts = _starts(plan.title_length)
    form[starts] = CAPITAL
    form[starts + plan.title_length - 1] = BARE
    tokens = word * len(FORMS) + form
    _fill_slots(settings, plan, words, tokens, form, row, place, title=True)
    return tokens


def text_tokens(settings: FeedSettings, plan: Plan, words: Vocabulary) -> I32:
    """The tokens of all texts in a row, `plan.text_length` of each."""
    row, place = _ragged(plan.text_length)
    if plan.skip.any():
        place += plan.skip.astype(np.uint64)[row] * (place >= plan.skip_at.astype(np.uint64)[row])
    word, draws = _event_words(settings, plan, words, plan.content, row, place)
    form = _sentence_forms(settings, plan, draws, row, place)
    tokens = word * len(FORMS) + form
    _fill_slots(settings, plan, words, tokens, form, row, place, title=False)
    return tokens


def _event_words(
    settings: FeedSettings, plan: Plan, words: Vocabulary, content: U64, row: I64, place: U64
) -> tuple[I32, U64]:
    """The word at each place of the text that `content` keys, as this story words it, and the draw behind it."""
    keys = stream_keys(settings.seed, events.TEXT, content)
    draws = draw(keys[row], place)
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
    keys = stream_keys(settings.seed, events.SENTENCE, plan.content)
    stop = below(draw(keys[row], block), SENTENCE_BLOCK - 8) + np.uint64(8)
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
    value is a bijection of the story number.
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
    first_kinds = ("thousands", "given", "prefix")
    for name, first_kind in zip(_SLOT_KINDS, first_kinds, strict=True):
        mine = open_block & (kind == KINDS.index(name))
        head, tail = _slot_values(name, story, block)
        lead, last = mine & (offset == 0), mine & (offset == 1)
        tokens[inside[lead]] = words.first[first_kind] + head[lead]
        tokens[inside[last]] = tail[last] * len(FORMS) + form[inside[last]]


def _slot_values(name: str, story: U64, slot: U64) -> tuple[I32, I32]:
    """The two tokens of each story's value in a slot: index within the first token's kind, and word number."""
    if name == "number":
        value = (story * np.uint64(7_919) + slot * np.uint64(104_729)) % np.uint64(900_000) + np.uint64(100_000)
        return (value // np.uint64(1000)).astype(np.int32), FIRST_GROUP + (value % np.uint64(1000)).astype(np.int32)
    if name == "name":
        value = (story * np.uint64(2_654_435) + slot * np.uint64(104_729)) % np.uint64(512 * SURNAMES)
        head, tail = value // np.uint64(SURNAMES), value % np.uint64(SURNAMES)
        return head.astype(np.int32), FIRST_SURNAME + tail.astype(np.int32)
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
