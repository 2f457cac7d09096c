"""Titles and texts as token numbers: drawn for an event, then edited, cut and reworded for each copy of it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from benchmarks import events
from benchmarks.draws import U64, Mask, below, draw, stream_keys
from benchmarks.events import I64, FeedSettings, Plan, headlines_only
from benchmarks.kernels import SLOT_KINDS, Excerpts, Telling, Titles, draw_texts, draw_titles
from benchmarks.scripts import DATES, SCRIPTS
from benchmarks.vocabulary import GIVEN_NAMES, KINDS, PLACE_PREFIXES, Vocabulary

I32 = npt.NDArray[np.int32]

_HEADS = (("thousands", 0), ("given", GIVEN_NAMES), ("prefix", PLACE_PREFIXES), ("date", DATES))
"""For each of SLOT_KINDS what its slots begin with, and how many of those a script has, 0 where all share them."""


def title_tokens(settings: FeedSettings, plan: Plan, words: Vocabulary) -> I32:
    """The tokens of all titles in a row, `plan.title_length` of each."""
    word_at = plan.word_at if headlines_only(settings) else np.full(len(plan.story), -1)
    telling = _telling(settings, plan, plan.topic, plan.title_length, word_at)
    walks, own_walks = (stream_keys(settings.seed, events.TITLE, ids) for ids in (plan.topic, plan.story))
    out = np.empty(int(plan.title_length.sum()), dtype=np.int32)
    draw_titles(telling, Titles(walks, own_walks, plan.title_kept), words.zipf, _heads(words), out)
    return out


def text_tokens(settings: FeedSettings, plan: Plan, words: Vocabulary) -> I32:
    """The tokens of all texts in a row, `plan.text_length` of each."""
    telling = _telling(settings, plan, plan.content, plan.text_length, plan.word_at)
    excerpts = Excerpts(
        fresh_words=stream_keys(settings.seed, events.TEXT, plan.story),
        sentences=stream_keys(settings.seed, events.SENTENCE, plan.content),
        fresh=plan.fresh.astype(np.uint64),
        skip_at=plan.skip_at.astype(np.uint64),
        skip=plan.skip.astype(np.uint64),
    )
    out = np.empty(int(plan.text_length.sum()), dtype=np.int32)
    draw_texts(telling, excerpts, words.zipf, _heads(words), out)
    return out


def _telling(settings: FeedSettings, plan: Plan, content: U64, length: I64, word_at: I64) -> Telling:
    """How each story words `length` words of the text that `content` keys."""
    template = stream_keys(settings.seed, events.TEMPLATE, plan.topic)
    density = 0.2 + 0.2 * (template % np.uint64(5)).astype(np.float64)
    slot_kind = np.full(len(KINDS), -1)
    slot_kind[[KINDS.index(kind) for kind in SLOT_KINDS]] = range(len(SLOT_KINDS))
    return Telling(
        length=length,
        words=stream_keys(settings.seed, events.TEXT, content),
        names=stream_keys(settings.seed, events.NAMES, plan.topic),
        own=stream_keys(settings.seed, events.OWN, plan.story),
        reword=plan.reword,
        updates=plan.kind == KINDS.index("updated"),
        word_at=word_at,
        script=plan.script,
        story=plan.story,
        slot_kind=slot_kind[plan.kind],
        template=template,
        slot_start=below(draw(template, 10_000), 5) + np.uint64(2),
        slot_chance=(density * 2**32).astype(np.uint64),
    )


def _heads(words: Vocabulary) -> I64:
    """int64[kinds, scripts]: the first of the tokens that slots of each kind begin with, in each script."""
    scripts = np.arange(len(SCRIPTS))
    return np.stack([words.first[name] + scripts * each for name, each in _HEADS])


def any_of(mask: Mask, tokens: I32) -> tuple[I64, I32]:
    """A part that only the rows of the mask have, one token each."""
    return mask.astype(np.int64), tokens[mask]
