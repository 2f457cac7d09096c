"""The lines of a feed and of its truth, as token numbers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from benchmarks import events
from benchmarks.draws import U64, Mask, below, chance, draw, stream_keys
from benchmarks.events import I64, WHOLE_TITLE, FeedSettings, Plan, headlines_only
from benchmarks.kernels import place_tokens
from benchmarks.scripts import CORRECTED, FOOTERS, HEADERS, LIVE, PREFIXES, UPDATE
from benchmarks.vocabulary import AGENCIES, CITIES, DAYS, EDITS, KINDS, Vocabulary
from benchmarks.wording import I32, any_of, text_tokens, title_tokens

Part = tuple[I64, I32]
"""What every line has at one place: how many tokens each line has there, and those of all lines in a row."""


@dataclass(frozen=True, slots=True)
class Dress:
    """What publishers put around a story: bool[n] each."""

    suffix: Mask
    dateline: Mask
    header: Mask
    footer: Mask


def dress_of(settings: FeedSettings, publisher: I64) -> Dress:
    """The habits of the publisher of each story."""
    return Dress(
        suffix=chance(events.habits(settings, publisher, events.SUFFIX), 0.25),
        dateline=chance(events.habits(settings, publisher, events.DATELINE), 0.3),
        header=chance(events.habits(settings, publisher, events.HEADER), 0.06),
        footer=chance(events.habits(settings, publisher, events.FOOTER), 0.15),
    )


def title_parts(settings: FeedSettings, plan: Plan, words: Vocabulary) -> list[Part]:
    """Prefixes of updates and live blogs, the title, and " - Publisher" by the quarter of publishers that write it."""
    kind, first = plan.kind, words.first["title prefix"] + plan.script * PREFIXES
    updated, live = kind == KINDS.index("updated"), kind == KINDS.index("live")
    which = np.where(live, LIVE, np.where(plan.story % np.uint64(4) == 0, CORRECTED, UPDATE))
    suffix = (words.first["suffix"] + plan.styled_as).astype(np.int32)
    return [
        any_of(updated | live, (first + which).astype(np.int32)),
        (plan.title_length, title_tokens(settings, plan, words)),
        any_of(dress_of(settings, plan.styled_as).suffix, suffix),
    ]


def text_parts(settings: FeedSettings, plan: Plan, words: Vocabulary) -> list[Part]:
    """The line before the text, a dateline, the text, and a footer, by the publishers that have them.

    A copy whose kind is to have one gets another than the first report's publisher would give it.
    """
    told, dress = plan.text_length > 0, dress_of(settings, plan.styled_as)
    given = {name: (plan.kind == KINDS.index(name)).astype(np.int64) for name in ("header", "dateline", "footer")}
    by = {name: plan.styled_as + other for name, other in given.items()}
    city = below(draw(stream_keys(settings.seed, events.CITY, plan.topic), 0), CITIES).astype(np.int64)
    header = words.first["header"] + plan.script * HEADERS + by["header"] % HEADERS
    dateline = words.first["dateline"] + (plan.script * CITIES + city) * AGENCIES + by["dateline"] % AGENCIES
    footer = words.first["footer"] + plan.script * FOOTERS + by["footer"] % FOOTERS
    return [
        any_of(told & (dress.header | (given["header"] > 0)), header.astype(np.int32)),
        any_of(told & (dress.dateline | (given["dateline"] > 0)), dateline.astype(np.int32)),
        (plan.text_length, text_tokens(settings, plan, words)),
        any_of(told & (dress.footer | (given["footer"] > 0)), footer.astype(np.int32)),
    ]


def edits_of(settings: FeedSettings, plan: Plan) -> dict[str, Mask]:
    """By name of the edit, bool[n]: which copies had it besides what their kind says; of none that it says."""
    copied = plan.cluster != plan.story
    own, first = dress_of(settings, plan.styled_as), dress_of(settings, plan.first_publisher)
    mixed = plan.kind == KINDS.index("mixed")
    done = {
        "suffix": own.suffix | first.suffix,
        "header": own.header | first.header,
        "dateline": own.dateline | first.dateline,
        "footer": own.footer | first.footer,
        "trimmed": mixed,
        "retitled": plan.title_kept < WHOLE_TITLE,
        "reworded": plan.reword > 0,
    }
    redressed = plan.styled_as != plan.first_publisher
    for name in ("suffix", "header", "dateline", "footer"):
        done[name] &= redressed
    if not headlines_only(settings):
        done["textless"] = plan.text_length == 0
    for name in ("header", "dateline", "footer"):
        done[name] &= plan.text_length > 0
    return {
        name: mask & copied & (plan.kind != KINDS.index(name) if name in KINDS else True) for name, mask in done.items()
    }


def feed_lines(words: Vocabulary, story: U64, seconds: I64, publisher: I64, script: I64, body: list[Part]) -> I32:
    """The tokens of whole feed lines. `body` goes from the title's first word to the text's last."""
    day = np.minimum(seconds // 86_400, DAYS - 1)
    literal, first = words.literal, words.first
    digits = _digits(words, story)
    rest = seconds % 86_400
    head = _columns([literal['{"id":"n'], *digits, literal['","title":"']], len(story))
    tail = _columns(
        [
            literal['","url":"https://'],
            first["domain"] + publisher,
            literal["/n"],
            *digits,
            literal['","source":"'],
            first["publisher"] + publisher,
            literal['","published":"'],
            first["day"] + day,
            first["minute"] + rest // 60,
            first["second"] + rest % 60,
            literal['","lang":"'],
            first["lang"] + script,
            literal['"}\n'],
        ],
        len(story),
    )
    return _assemble([head, *body, tail])


def truth_lines(words: Vocabulary, story: U64, cluster: U64, event: U64, kind: I64, edits: dict[str, Mask]) -> I32:
    """The tokens of whole truth lines; of the edits of copies the kind comes last."""
    literal = words.literal
    columns: list[I64 | int] = [
        literal['{"id":"n'],
        *_digits(words, story),
        literal['","cluster":"n'],
        *_digits(words, cluster),
        literal['","event":"n'],
        *_digits(words, event),
        literal['","kind":"'],
        words.first["kind"] + kind,
        literal['","edits":['],
    ]
    copied = cluster != story
    quote, named = np.full(len(story), literal['"'], dtype=np.int32), (words.first["kind"] + kind).astype(np.int32)
    parts = [_columns(columns, len(story))]
    for name, mask in edits.items():
        parts.append(any_of(mask, np.full(len(story), words.first["edit"] + EDITS.index(name), dtype=np.int32)))
    parts += [any_of(copied, quote), any_of(copied, named), any_of(copied, quote)]
    return _assemble([*parts, _columns([literal["]}\n"]], len(story))])


def _digits(words: Vocabulary, number: U64) -> list[I64]:
    """A number of up to nine digits as three tokens of three."""
    value, first = number.astype(np.int64), words.first["digits"]
    return [first + value // 1_000_000, first + value // 1_000 % 1_000, first + value % 1_000]


def between(piece: str, words: Vocabulary, plan: Plan) -> list[Part]:
    """One literal for every line."""
    return [_columns([words.literal[piece]], len(plan.story))]


def _columns(columns: list[I64 | int], rows: int) -> Part:
    """A part of fixed width: one token a column, the same for all rows where it is a plain number."""
    out = np.empty((rows, len(columns)), dtype=np.int32)
    for k, column in enumerate(columns):
        out[:, k] = column
    return np.full(rows, len(columns)), out.ravel()


def _assemble(parts: list[Part]) -> I32:
    """Line after line, the tokens of its parts in order."""
    lengths = np.stack([part[0] for part in parts], axis=1)
    ends = np.cumsum(lengths.ravel()).reshape(lengths.shape)
    starts = (ends - lengths).T.copy()
    out = np.empty(int(ends[-1, -1]), dtype=np.int32)
    for start, (length, tokens) in zip(starts, parts, strict=True):
        place_tokens(start, length, tokens, out)
    return out
