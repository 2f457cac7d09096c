"""Feeds for the tests of the index, and what the batch engine says of them."""

from __future__ import annotations

import dataclasses
import json
import random
import secrets
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from dedup.batch import find_duplicates
from dedup.header import with_lateness
from dedup.incoming import story_batch
from dedup.settings import Settings
from tests.builders import at

TITLE = "Ferry runs aground off Kvaloy with 48 passengers on board"
TEXT = (
    "The ferry Aurora ran aground on Monday, and all passengers were taken off safely, the coast guard in Tromso said."
)
STORY = {"id": "a", "title": TITLE, "text": TEXT, "source": "Reuters", "published": at(1)}
OTHER = {"id": "z", "title": "Central bank of Norland raises key rate", "text": "The bank lifted its rate on Thursday."}

HOUR = 3600.0
SETTINGS = Settings(window=3 * HOUR, lateness=2 * HOUR, threads=1, bucket_limit=2)
_START = datetime(2023, 6, 1, tzinfo=UTC)
_TITLES = (
    "Ferry runs aground off Kvaloy with 48 passengers on board",
    "Central bank of Norland raises its key rate to 4.5 percent",
    "Exporters report sale of 350,000 tonnes of corn to Mexico",
    "Team Alpha beats Team Beta 3-1 in the cup final in Lisbon",
)
_TEXTS = (
    "The ferry Aurora ran aground on Monday and all passengers were taken off safely the coast guard in Tromso said",
    "The bank lifted the rate by a quarter point on Thursday as inflation stays above its target governor Olsen said",
    "Private exporters told the department of agriculture of the sale for delivery in the next marketing year it said",
    "Two goals by Silva in the second half decided a match that saw three players sent off before sixty thousand fans",
)
TITLED, REVISED, UNTITLED, WITHIN = HEADED = "titled", "revised", "untitled", "title within the text"
_MORE = ("officials confirmed later", "more to follow", "a witness told reporters nobody was hurt", "")


def tell(key, headed, tail, cut, hour, source, *, name=None):
    """One story: of a subject, with a title of one of `HEADED`, its text with a tail and without its first words."""
    words = _TEXTS[key].split()
    return {
        "id": name,
        "title": {TITLED: _TITLES[key], REVISED: _TITLES[key] + " UPDATE"}.get(headed, ""),
        "text": " ".join((_TITLES[key].split() if headed == WITHIN else []) + words[cut:] + _MORE[tail].split()),
        "url": f"https://example.org/{source}/{key}" if source else "",
        "source": ("", "Reuters", "Daily Post")[source],
        "published": None if hour is None else _START + timedelta(hours=hour),
        "lang": "en",
    }


NO_TEXT = 99  # words cut
CUTS = st.one_of(st.integers(0, 15), st.just(NO_TEXT))
FEEDS = st.lists(
    st.tuples(
        st.integers(0, 3),
        st.sampled_from(HEADED),
        st.integers(0, 3),
        CUTS,
        st.one_of(st.none(), st.integers(-1, 16).map(lambda hour: hour * 0.75)),
        st.integers(0, 2),
    ),
    min_size=1,
    max_size=24,
).map(lambda rows: [tell(*row, name=f"s{k}") for k, row in enumerate(rows)])

SERIES_SETTINGS = dataclasses.replace(SETTINGS, window=72 * HOUR)
SERIES = st.lists(
    st.tuples(
        st.sampled_from([*_TITLES[:2], "Morning briefing"]),
        st.integers(0, 4),
        st.sampled_from([6.0, 6.02, 9.0]),
        st.integers(0, 2),
    ),
    min_size=1,
    max_size=16,
).map(
    lambda rows: [
        {
            "id": f"s{k}",
            "title": title,
            "source": f"source {source}",
            "published": _START + timedelta(days=day, hours=hour),
        }
        for k, (title, day, hour, source) in enumerate(rows)
    ]
)  # titles without texts that come again, some of them daily


def judged(stories, settings=SETTINGS):
    """(cluster, kind) of each story by the batch engine."""
    table = find_duplicates([story_batch(stories)], with_lateness(settings)).to_table()
    return list(zip(table["cluster_id"].to_pylist(), table["kind"].to_pylist(), strict=True))


def said(decisions):
    """(cluster, kind) of decisions."""
    return [(decision.cluster_id, decision.kind) for decision in decisions]


def logged(index):
    """The stories in an index's log, in its order."""
    rows = []
    after = 0
    while found := index._replica.store.read(after, 1000, stories=True):
        rows += [json.loads(row.story) for _, row in found]
        after = found[-1][0]
    for row in rows:
        row["published"] = None if row["published"] is None else datetime.fromtimestamp(row["published"] / 1e6, UTC)
    return rows


def memory_url():
    return f"memory://{secrets.token_hex(8)}"


def feed(count, *, duplicates=0.3, seed=1, hours=24.0):
    """Stories of made-up words, a share of them copies of earlier ones with a few words changed."""
    draw = random.Random(seed)  # noqa: S311  # a feed, not a secret
    words = [
        f"{a}{b}{c}" for a in ("ka", "lo", "mi", "ne", "sur") for b in "bdfgklmnprst" for c in ("an", "or", "is", "et")
    ]
    stories: list[dict[str, Any]] = []
    for k in range(count):
        if stories and draw.random() < duplicates:
            original = draw.choice(stories[-400:])
            text = original["text"].split()
            text[draw.randrange(len(text))] = draw.choice(words)
            title, told = original["title"], " ".join(text)
        else:
            title = " ".join(draw.choices(words, k=8)).capitalize()
            told = " ".join([*draw.choices(words, k=35), f"no{k}", f"na{k}", f"ny{k}"])
        published = _START + timedelta(hours=hours * k / count)
        stories.append({"id": f"s{k}", "title": title, "text": told, "url": "", "source": "", "published": published})
    return stories


def narrow(**changes):
    return dataclasses.replace(SETTINGS, **changes)
