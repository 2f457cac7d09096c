"""Synthetic news-shaped feeds of any size, with their truth, written in columns.

A chunk of stories is planned (`events`), its words are drawn and edited as token numbers (`wording`), and one `take`
from the token table (`vocabulary`) gives the bytes of all its JSON lines. Memory is that of one chunk.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import IO

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from benchmarks import events
from benchmarks.draws import U64, below, chance, draw, stream_keys
from benchmarks.events import I64, FeedSettings, Plan, plan_stories
from benchmarks.vocabulary import AGENCIES, BARE, CITIES, DAYS, FORMS, KINDS, LITERALS, SLOTS, Vocabulary, vocabulary
from benchmarks.wording import I32, any_of, text_tokens, title_tokens

Part = tuple[I64, I32]
"""What every line has at one place: how many tokens each line has there, and those of all lines in a row."""
Lines = Callable[[range], tuple[I32, I32]]
"""For a run of story numbers, the tokens of their feed lines and of their truth lines."""

TOKENS_A_CHUNK = 500_000


def write_feed(settings: FeedSettings, feed: Path, truth: Path | None = None) -> None:
    """Writes the feed as JSON lines, and its truth beside it.

    Feed lines have id, title, text, url, source, published (UTC), lang. Truth lines have id; cluster (the id of the
    story's first report, equal for stories that are one); event (equal for stories on one event); kind (see KINDS).

    Raises:
        OSError: a file cannot be written.
    """
    _write(settings, feed, truth, lambda chunk: _news_lines(settings, chunk))


def write_one_story(settings: FeedSettings, feed: Path, truth: Path | None = None) -> None:
    """Writes a feed of exact copies of one story by many publishers, all within 24 hours."""
    _write(settings, feed, truth, lambda chunk: _repeated_lines(settings, chunk))


def write_one_word(settings: FeedSettings, feed: Path, truth: Path | None = None) -> None:
    """Writes a feed of stories of one word (no title), words recurring as in a language, all within 24 hours."""
    first_seen = np.full(len(vocabulary().tokens), -1, dtype=np.int64)
    _write(settings, feed, truth, lambda chunk: _single_word_lines(settings, chunk, first_seen))


SHAPES: dict[str, Callable[[FeedSettings, Path, Path | None], None]] = {
    "news": write_feed,
    "one-story": write_one_story,
    "one-word": write_one_word,
}
"""How to write each shape of feed, by the name `python -m benchmarks feed --shape` knows it by."""


def _write(settings: FeedSettings, feed: Path, truth: Path | None, lines: Lines) -> None:
    """Writes chunk after chunk. Chunks share nothing, so their size does not show in the feed."""
    table = vocabulary().tokens
    size = max(1, TOKENS_A_CHUNK // (settings.words + 40))
    with contextlib.ExitStack() as stack:
        feed_file = stack.enter_context(feed.open("wb"))
        truth_file = stack.enter_context(truth.open("wb")) if truth else None
        for first in range(0, settings.stories, size):
            feed_tokens, truth_tokens = lines(range(first, min(first + size, settings.stories)))
            _render(table, feed_tokens, feed_file)
            if truth_file:
                _render(table, truth_tokens, truth_file)


def _render(table: pa.StringArray, tokens: I32, out: IO[bytes]) -> None:
    """Writes the bytes of the tokens one after another: a `take` lays them out in exactly that way."""
    out.write(pc.take(table, pa.array(tokens), boundscheck=False).buffers()[2])


def _news_lines(settings: FeedSettings, chunk: range) -> tuple[I32, I32]:
    """Lines of a news feed: titles and texts in the manner of their publishers."""
    words = vocabulary()
    plan = plan_stories(settings, chunk.start, len(chunk))
    title, text = _title_parts(settings, plan, words), _text_parts(settings, plan, words)
    seconds = plan.story.astype(np.int64) * 86_400 // settings.per_day
    return (
        _feed_lines(words, plan.story, seconds, plan.publisher, [*title, *_between('","text":"', words, plan), *text]),
        _truth_lines(words, plan.story, plan.cluster, plan.event, plan.kind),
    )


def _repeated_lines(settings: FeedSettings, chunk: range) -> tuple[I32, I32]:
    """Lines that all tell the first story of the feed, under the publishers of their own numbers."""
    words = vocabulary()
    one, plan = plan_stories(settings, 0, 1), plan_stories(settings, chunk.start, len(chunk))
    between = [words.literal['","text":"']] if one.text_length[0] else []
    story = np.concatenate([title_tokens(settings, one, words), between, text_tokens(settings, one, words)])
    body = (np.full(len(chunk), len(story)), np.tile(story.astype(np.int32), len(chunk)))
    first = np.zeros(len(chunk), dtype=np.uint64)
    kind = np.where(plan.story > 0, KINDS.index("exact"), KINDS.index("original"))
    seconds = plan.story.astype(np.int64) * 86_400 // settings.stories
    return (
        _feed_lines(words, plan.story, seconds, plan.publisher, [body]),
        _truth_lines(words, plan.story, first, first, kind),
    )


def _single_word_lines(settings: FeedSettings, chunk: range, first_seen: I64) -> tuple[I32, I32]:
    """Lines of one word; `first_seen` remembers which story said a word first."""
    words = vocabulary()
    plan = plan_stories(settings, chunk.start, len(chunk))
    common = words.zipf[SLOTS:]
    draws = draw(stream_keys(settings.seed, events.TEXT, plan.story), 0)
    word = common[below(draws, len(common)).astype(np.int64)]
    said, at = np.unique(word, return_index=True)
    new = first_seen[said] < 0
    first_seen[said[new]] = at[new] + chunk.start
    cluster = first_seen[word].astype(np.uint64)
    kind = np.where(cluster < plan.story, KINDS.index("exact"), KINDS.index("original"))
    text = (np.ones(len(chunk), dtype=np.int64), word * len(FORMS) + BARE)
    seconds = plan.story.astype(np.int64) * 86_400 // settings.stories
    return (
        _feed_lines(words, plan.story, seconds, plan.publisher, [*_between('","text":"', words, plan), text]),
        _truth_lines(words, plan.story, cluster, cluster, kind),
    )


def _title_parts(settings: FeedSettings, plan: Plan, words: Vocabulary) -> list[Part]:
    """Prefixes of updates, the title, and " - Publisher" by the quarter of publishers that write it."""
    updated = plan.kind == KINDS.index("updated")
    corrected = plan.story % np.uint64(4) == 0
    prefix = np.where(corrected, words.literal["CORRECTED-"], words.literal["UPDATE 1-"]).astype(np.int32)
    suffixed = chance(_habits(settings, plan, 0), 0.25)
    suffix = (words.first["suffix"] + plan.styled_as).astype(np.int32)
    return [any_of(updated, prefix), (plan.title_length, title_tokens(settings, plan, words)), any_of(suffixed, suffix)]


def _text_parts(settings: FeedSettings, plan: Plan, words: Vocabulary) -> list[Part]:
    """A dateline by the publishers that write it, the text, and a footer by those that have one."""
    told = plan.text_length > 0
    forced = plan.kind == KINDS.index("dateline")
    datelined = told & (forced | chance(_habits(settings, plan, 1), 0.3))
    city = below(draw(stream_keys(settings.seed, events.CITY, plan.topic), 0), CITIES).astype(np.int64)
    dateline = (words.first["dateline"] + city * AGENCIES + plan.styled_as % AGENCIES).astype(np.int32)
    footed = told & ((forced & (plan.story % np.uint64(2) == 0)) | chance(_habits(settings, plan, 2), 0.15))
    footers = np.array([words.literal[piece] for piece in LITERALS if piece.startswith(" ")], dtype=np.int32)
    footer = footers[plan.styled_as % len(footers)]
    return [
        any_of(datelined, dateline),
        (plan.text_length, text_tokens(settings, plan, words)),
        any_of(footed, footer),
    ]


def _habits(settings: FeedSettings, plan: Plan, habit: int) -> U64:
    """A draw that is the same for all stories of one publisher."""
    return draw(stream_keys(settings.seed, events.HABIT, plan.styled_as.astype(np.uint64)), habit)


def _feed_lines(words: Vocabulary, story: U64, seconds: I64, publisher: I64, body: list[Part]) -> I32:
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
            literal['","lang":"en"}\n'],
        ],
        len(story),
    )
    return _assemble([head, *body, tail])


def _truth_lines(words: Vocabulary, story: U64, cluster: U64, event: U64, kind: I64) -> I32:
    """The tokens of whole truth lines."""
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
        literal['"}\n'],
    ]
    return _columns(columns, len(story))[1]


def _digits(words: Vocabulary, number: U64) -> list[I64]:
    """A number of up to nine digits as three tokens of three."""
    value, first = number.astype(np.int64), words.first["digits"]
    return [first + value // 1_000_000, first + value // 1_000 % 1_000, first + value % 1_000]


def _between(piece: str, words: Vocabulary, plan: Plan) -> list[Part]:
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
    starts = ends - lengths
    out = np.empty(int(ends[-1, -1]), dtype=np.int32)
    for k, (length, tokens) in enumerate(parts):
        before = np.cumsum(length) - length
        out[np.repeat(starts[:, k] - before, length) + np.arange(len(tokens))] = tokens
    return out
