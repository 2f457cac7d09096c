"""What a wire or a scraper put around a story, taken off its tokens: what the compiled debris removal must equal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from dedup.kernels.flags import (
    ABBREVIATION,
    BRACKETED,
    BREAK,
    CAPITAL,
    CAPS,
    CLOSE,
    COLON,
    COLON_DATELINE,
    DATELINE,
    MARK,
    NUMBER,
    OPEN,
    PLACE,
    PLACE_CAPITALS,
    PLACE_NUMBERS,
    PLACE_WORDS,
    PREFIX,
    PUBLISHER,
    ROUNDS,
    SENTENCE,
)
from dedup.kernels.reference.hosts import host_names
from dedup.kernels.reference.tokens import Token

Phrase = tuple[bytes, ...]


class Phrases(NamedTuple):
    """Normalised phrases of `dedup.words`; where there is a number it is the story's mark, 0 for none."""

    prefixes: Mapping[Phrase, int]
    verbs: Mapping[Phrase, int]
    agencies: Mapping[Phrase, int]
    trailing: Mapping[Phrase, int]
    counts: Mapping[Phrase, int]  # what follows the number in "[1419 chars]"
    article: bytes  # "the", which a publisher's name may lack
    second_levels: frozenset[bytes]


def strip_title(
    title: Sequence[Token], source: Sequence[Token], addresses: Sequence[bytes], phrases: Phrases
) -> tuple[list[Token], int]:
    """A title's tokens without the publisher behind and the wire's prefixes before, and the marks those make.

    `source` are the tokens of the publisher's name, `addresses` what may be or hold its host: its name and the URL.
    """
    title = list(title)
    names = {name for address in addresses for name in host_names(address, phrases.second_levels)}
    for k in range(max(1, len(title) - PUBLISHER), len(title)):
        if title[k].flags & BREAK and _is_publisher(title[k:], source, names, phrases.article):
            title = title[:k]
            break
    marks = 0
    for _ in range(ROUNDS):
        size, mark = _prefix(title, phrases)
        if not size:
            break
        title, marks = _begin(title[size:]), marks | mark
    return title, marks


def strip_text(text: Sequence[Token], phrases: Phrases) -> tuple[list[Token], int]:
    """A text's tokens without what a wire put before and what is left of a page behind, and the marks those make."""
    text, marks = list(text), 0
    for _ in range(ROUNDS):
        size, mark = _bracketed(text, phrases)
        if not size:
            size, mark = _prefix(text, phrases)
        size = size or _dateline(text, phrases)
        if not size:
            break
        text, marks = _begin(text[size:]), marks | mark
    while text and (size := _trailing(text, phrases)):
        text = text[:-size]
    return text, marks


def _is_publisher(tail: Sequence[Token], source: Sequence[Token], names: set[bytes], article: bytes) -> bool:
    """Whether the tokens are the publisher's name, or spell its host's."""
    words, own = ([token.text for token in tokens] for tokens in (tail, source))
    named = bool(own) and _bare(words, article) == _bare(own, article)
    return named or b"".join(words).replace(b".", b"") in names


def _bare(words: list[bytes], article: bytes) -> list[bytes]:
    """The words without a leading article, if any others are left."""
    return words[1:] if len(words) > 1 and words[0] == article else words


def _prefix(title: Sequence[Token], phrases: Phrases) -> tuple[int, int]:
    """The length of the longest wire prefix that is parted from what follows it, 0 for none, and its mark."""
    for size in range(min(PREFIX, len(title)), 0, -1):
        mark = phrases.prefixes.get(tuple(token.text for token in title[:size]))
        if mark is None:
            continue
        caps = all(token.flags & CAPS for token in title[:size])
        for end in (size, size + 1):
            if end > size and (end >= len(title) or not title[size].flags & NUMBER):
                continue
            if end < len(title) and _parted(title[0], title[end], caps):
                return end, mark
    return 0, 0


def _parted(first: Token, after: Token, caps: bool) -> bool:
    """Whether the gap before `after` ends a prefix: "LIVE: ", "Live - ", "UPDATE 1-", "[LIVE] ", but not "Live-"."""
    if after.flags & BREAK or after.gap & COLON or (caps and after.flags & MARK):
        return True
    return bool(first.gap & OPEN and after.gap & CLOSE)


def _bracketed(text: Sequence[Token], phrases: Phrases) -> tuple[int, int]:
    """The length of "(Adds details)" at the beginning, 0 for none, and its mark."""
    if not text or not text[0].gap & OPEN or (text[0].text,) not in phrases.verbs:
        return 0, 0
    for k in range(1, min(BRACKETED + 1, len(text))):
        if text[k].gap & CLOSE:
            return k, phrases.verbs[text[0].text,]
    return 0, 0


def _dateline(text: Sequence[Token], phrases: Phrases) -> int:
    """The length of a dateline at the beginning, 0 for none."""
    for k in range(1, min(DATELINE + 1, len(text))):
        if text[k].flags & BREAK:
            return k if _is_dateline(text[:k], phrases) else 0
        if text[k].gap & COLON:
            return k if k <= COLON_DATELINE and _is_place(text[:k]) and all(t.flags & CAPS for t in text[:k]) else 0
        if text[k].flags & SENTENCE and len(text[k - 1].text) > ABBREVIATION:
            return 0
    return 0


def _is_dateline(head: Sequence[Token], phrases: Phrases) -> bool:
    """Whether the tokens before a dash are a dateline: an agency ends them, or they are a place and a date."""
    words = tuple(token.text for token in head)
    return any(words[k:] in phrases.agencies for k in range(len(words))) or _is_place(head)


def _is_place(head: Sequence[Token]) -> bool:
    """Whether the tokens begin with a word in capitals, all are capitalised or numbers, and these can be a date."""
    alone = len(head) == 1 and len(head[0].text) < PLACE
    numbers = [k for k, token in enumerate(head) if token.flags & NUMBER]
    dated = not numbers or (len(numbers) <= PLACE_NUMBERS and numbers[-1] - numbers[0] < len(numbers))
    loud = sum(1 for token in head if token.flags & CAPS)
    named = (
        bool(head[0].flags & CAPS)
        and loud <= PLACE_CAPITALS
        and all(token.flags & (CAPITAL | NUMBER) for token in head)
    )
    return named and dated and not alone and len(head) <= PLACE_WORDS


def _trailing(text: Sequence[Token], phrases: Phrases) -> int:
    """The length of the longest leftover at the end, 0 for none."""
    if len(text) >= 2 and (text[-1].text,) in phrases.counts and text[-2].flags & NUMBER and text[-2].gap & OPEN:
        return 2
    for size in range(min(max(map(len, phrases.trailing), default=0), len(text)), 0, -1):
        if tuple(token.text for token in text[-size:]) in phrases.trailing:
            return size
    return 0


def _begin(tokens: list[Token]) -> list[Token]:
    """The tokens, the first as if the field began with it."""
    first = tokens[0]
    return [first._replace(flags=(first.flags | SENTENCE) & ~(BREAK | MARK)), *tokens[1:]]
