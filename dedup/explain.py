"""Why two stories are one, or are not: the verdict on a pair, taken apart."""

from __future__ import annotations

import html
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from dedup.evidence import EVIDENCE, says_too_little, weigh
from dedup.hashing import Hashed, hash_batch
from dedup.incoming import story_batch
from dedup.kernels.native.evidence import (
    FEATURES,
    FEWEST_WORDS,
    HAS_TEXT,
    LEAST_FOUND,
    META_BITS,
    REVISED,
    TEXT_MODEL,
    TITLE_MODEL,
    UNDATED,
    Judgement,
    is_series,
    share_no_field,
)
from dedup.passages import UNREAD, Span, mark_passages
from dedup.settings import Settings
from dedup.verdict import judgement

DUPLICATE, UPDATED, DIFFERENT = "duplicate", "update", "different"
VERDICTS = (DUPLICATE, UPDATED, DIFFERENT)

WORDS = {
    "title_jaccard": "words that the titles share, of all theirs",
    "title_containment": "words of the shorter title that the other has",
    "title_spelling": "letters in a row that the titles share, of all theirs",
    "title_found": "words of a title that the other story knows, of the two the larger share",
    "title_number_clash": "numbers and days in which the titles differ, if each has some that the other lacks",
    "title_name_clash": "each title names somebody, or a thing of one sort, that the other story lacks",
    "title_opposed": "the titles say the contrary of each other, in the same words else",
    "title_again": "one says that it happened again, the other, most of a day apart, does not",
    "same_source_title_clash": "one source, and a title with its text, or both titles, tell what the other does not",
    "text_jaccard": "shingles of title and text that both have, of all theirs",
    "text_containment": "shingles of the shorter story that the other has",
    "pair_containment": "word pairs of the shorter story that the other has",
    "lead_shared": "opening words of one text that the other story knows, of the two the smaller share",
    "number_clash": "neither story knows any of the other's first numbers",
    "same_source_number_clash": "numbers that the same source gives differently",
    "name_clash": "names at the beginning that the other story does not know",
    "same_source": "one source",
    "same_url": "one URL",
    "hours_apart": "hours between them, at most 72",
    "same_source_daily": "one source, at the same time of another day",
}
"""What each piece of evidence measures, for people."""

_TELLING = 0.5  # logits; the least push that is a reason
_HOUR = 3_600_000_000
_MOST_REASONS = 5


@dataclass(frozen=True, slots=True)
class Evidence:
    """One thing measured on a pair.

    Attributes:
        name: of `dedup.evidence.EVIDENCE`.
        words: what it is, for people.
        value: 0..1, or hours.
        push: what it adds to the logit of the probability: its weight times its value; 0.0 where nothing is weighed.
    """

    name: str
    words: str
    value: float
    push: float


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two stories, as people read it.

    Attributes:
        title, text: the whole field in spans.
        published: a date in ISO 8601 in UTC, None for none.
    """

    id: str
    source: str
    url: str
    published: str | None
    title: tuple[Span, ...]
    text: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Explanation:
    """The verdict on two stories alone, and what made it.

    Attributes:
        verdict: "duplicate", "update" (a duplicate that revises the other) or "different".
        probability: that the two are one, 0..1: what is held against the threshold. 1.0 for the same words, 0.0 for
            what is rejected outright; under the classical rule the Jaccard similarity.
        threshold: the least probability of a duplicate.
        baseline: the logit before any evidence; with all pushes it makes the probability, where that is weighed.
        evidence: all that is measured, by how hard it pushes.
        sides: the stories.
        reasons: why, in words, what decided first.
    """

    verdict: str
    probability: float
    threshold: float
    baseline: float
    evidence: tuple[Evidence, ...]
    sides: tuple[Side, Side]
    reasons: tuple[str, ...]

    @property
    def merged(self) -> bool:
        """Whether the two are one."""
        return self.verdict != DIFFERENT

    def to_dict(self) -> dict[str, Any]:
        """All of it as JSON takes it."""
        return asdict(self)

    def to_html(self) -> str:
        """A fragment of HTML, all content escaped; the page around it gives its classes a look."""
        return "".join(_html(self))


def explain(left: Mapping[str, object], right: Mapping[str, object], settings: Settings | None = None) -> Explanation:
    """Why two stories are one or not, as a feed of these two would be judged.

    In a larger feed each story is held against leaders only, so two that are duplicates by themselves can still be in
    clusters of other stories.

    >>> story = {"title": "Exporters report 350,000 tonnes of corn sold to Mexico", "id": "a"}
    >>> explain(story, {"title": story["title"].replace("350", "150"), "id": "b"}).verdict
    'different'

    Args:
        left: a story as a mapping; cf. `dedup.incoming.read_fields`.
        right: the other.
        settings: the defaults where None.

    Raises:
        SettingsError: for a story that cannot be taken.
    """
    settings = settings or Settings()
    batch = story_batch([left, right])
    part = hash_batch(batch, settings)
    judged = judgement(settings)
    weights = _weights(part, judged)
    measured = weigh(part.facts, 0, 1)
    evidence = [
        Evidence(name, WORDS[name], measured[name], weight * measured[name] + 0.0)  # no -0.0
        for name, weight in zip(EVIDENCE, weights[:FEATURES].tolist(), strict=True)
    ]
    baseline = float(weights[FEATURES])
    obstacles = list(_obstacles(part, measured, settings))
    same = bool((part.facts.content[0] == part.facts.content[1]).all() and part.facts.content[0].any())
    copies = same and (judged.rule > 0.0 or not is_series(part.facts, 0, 1))
    if copies:
        probability, reasons = 1.0, ["both say the same, word for word"]
        obstacles = [one for one in obstacles if one.holds_for_copies]
    elif any(one.rejects for one in obstacles):
        probability, reasons = 0.0, []
    elif judged.rule > 0.0:
        probability = measured["text_jaccard"]
        reasons = [f"title and text share {probability:.2f} of their shingles; the rule asks for {judged.rule:g}"]
    else:
        probability = 1.0 / (1.0 + math.exp(-baseline - sum(one.push for one in evidence)))
        reasons = _weighed_reasons(evidence, probability, judged.threshold)
    if same and not copies:
        reasons = ["one source says the same few words on different days: a series, not copies", *reasons]
    merged = probability >= judged.threshold and not obstacles
    titles_and_texts = mark_passages(batch, settings.boilerplate)
    return Explanation(
        verdict=DIFFERENT if not merged else UPDATED if not copies and _revises(part, measured) else DUPLICATE,
        probability=probability,
        threshold=judged.threshold,
        baseline=baseline,
        evidence=tuple(sorted(evidence, key=lambda one: -abs(one.push))),
        sides=(_side(batch, 0, titles_and_texts[:2]), _side(batch, 1, titles_and_texts[2:])),
        reasons=(*(one.words for one in obstacles), *reasons),
    )


@dataclass(frozen=True, slots=True)
class _Obstacle:
    """What keeps two stories apart whatever the evidence weighs."""

    words: str
    holds_for_copies: bool = False
    rejects: bool = True  # the evidence is not weighed


def _obstacles(part: Hashed, measured: Mapping[str, float], settings: Settings) -> Iterator[_Obstacle]:
    facts = part.facts
    one, other = facts.times.tolist()
    if settings.window is not None and UNDATED not in (one, other) and abs(one - other) > settings.window_us:
        yield _Obstacle(
            f"published {abs(one - other) / _HOUR:,.1f} hours apart; the window is {settings.window / 3600:,.1f} hours",
            holds_for_copies=True,
            rejects=False,
        )
    if settings.rule == "evidence":
        if says_too_little(facts).any():
            yield _Obstacle(f"a story of fewer than {FEWEST_WORDS} telling words is only merged with an exact copy")
        elif share_no_field(facts.meta, 0, 1):
            yield _Obstacle("one has no title and the other no text to judge: they have nothing to be compared by")
        elif _are_texts(part) and measured["title_found"] < LEAST_FOUND:
            yield _Obstacle("neither text knows the other's title: what they share is not the story")
    shared = int(np.count_nonzero((part.keys[:, 0] == part.keys[:, 1]) & (part.keys[:, 0] != 0)))
    if not shared:
        bands = part.keys.shape[0]
        yield _Obstacle(f"lookup does not bring them together: they share none of {bands} bands", rejects=False)


def _are_texts(part: Hashed) -> bool:
    """Whether both have a text, so that they are judged by it."""
    bits = part.facts.meta[:, META_BITS]
    return bool(bits[0] & bits[1] & HAS_TEXT)


def _weights(part: Hashed, judged: Judgement) -> NDArray[np.float32]:
    """float32[21]: the weight of each piece of evidence on this pair, and the constant; 0 under the classical rule."""
    row = TEXT_MODEL if _are_texts(part) else TITLE_MODEL
    return np.zeros_like(judged.weights[row]) if judged.rule > 0.0 else judged.weights[row]


def _revises(part: Hashed, measured: Mapping[str, float]) -> bool:
    """Whether a duplicate is the same source's item again, as the batch and the index tell it."""
    revised = bool(np.any(part.facts.meta[:, META_BITS] & REVISED))
    return measured["same_source"] == 1.0 and (measured["same_url"] == 1.0 or revised)


def _weighed_reasons(evidence: Sequence[Evidence], probability: float, threshold: float) -> list[str]:
    """What the evidence comes to, and what pushed hardest that way."""
    merged = probability >= threshold
    side = "reaches" if merged else "stays below"
    total = f"the evidence makes it {probability:.3f} likely that they are one, which {side} {threshold:g}"
    pushes = sorted(evidence, key=lambda one: one.push)
    strong = [one for one in reversed(pushes) if one.push >= _TELLING] if merged else []
    strong = strong or [one for one in pushes if one.push <= -_TELLING]
    return [total, *(f"{one.words}: {one.value:.2f} ({one.push:+.1f})" for one in strong[:_MOST_REASONS])]


def _side(batch: pa.RecordBatch, row: int, spans: tuple[tuple[Span, ...], ...]) -> Side:
    told = {name: batch.column(name)[row].as_py() for name in ("id", "source", "url")}
    moment = batch.column("published").cast(pa.int64())[row].as_py()
    published = None if moment is None else _date(moment)
    return Side(**told, published=published, title=spans[0], text=spans[1])


def _date(moment: int) -> str | None:
    """A time in microseconds since 1970 in ISO 8601; None for one that no calendar has."""
    try:
        return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=moment)).isoformat()
    except OverflowError:
        return None


def _html(explanation: Explanation) -> Iterator[str]:
    yield f'<section class="explanation" data-verdict="{explanation.verdict}">'
    yield f'<p class="verdict"><strong>{explanation.verdict}</strong> '
    yield f'<span class="probability">{explanation.probability:.3f}</span> of {explanation.threshold:g} needed</p>'
    yield '<ul class="reasons">'
    yield from (f"<li>{html.escape(reason)}</li>" for reason in explanation.reasons)
    yield '</ul><div class="sides">'
    for side in explanation.sides:
        yield from _html_side(side)
    yield '</div><table class="evidence"><thead><tr><th scope="col">evidence</th><th scope="col">value</th>'
    yield '<th scope="col">push</th></tr></thead><tbody>'
    for one in explanation.evidence:
        yield f'<tr data-name="{one.name}"><th scope="row">{html.escape(one.words)}</th>'
        yield f"<td>{one.value:.2f}</td><td>{one.push:+.2f}</td></tr>"
    yield "</tbody></table></section>"


def _html_side(side: Side) -> Iterator[str]:
    about = " · ".join(filter(None, (side.id, side.source, side.published)))
    yield f'<article class="side"><header>{html.escape(about)}</header><h3 dir="auto">'
    yield from map(_html_span, side.title)
    yield '</h3><p dir="auto">'
    yield from map(_html_span, side.text)
    yield "</p></article>"


def _html_span(span: Span) -> str:
    text = html.escape(span.text)
    if span.mark == UNREAD:
        return f'<small class="{UNREAD}">[nothing is marked in the last {len(span.text):,} characters]</small> {text}'
    return text if span.mark is None else f'<mark class="{span.mark}">{text}</mark>'
