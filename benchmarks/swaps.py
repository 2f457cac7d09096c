"""Look-alikes made of real stories: one place of a title, or one name of a title and its text, exchanged for another.

Judged pairs hold few of what feeds are full of: two stories in the same words, about another place or person. None of
these pairs may be merged, in whatever way the title is written. Places that the lists have are known to be places; of
towns that no list has it must be found out.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from benchmarks.engines import Engine
from benchmarks.labelled import Folder
from dedup import STORY_SCHEMA
from dedup.kernels.native.shingles import STEM_LETTERS
from dedup.places import PLACES

Record = dict[str, Any]

SETS = ("googlenews_stream", "uci_headlines", "ag_news", "reuters21578", "allsides_roundup", "ecbplus")
PLACE, TOWN, NAME = "place in the title", "place in the title, by towns that no list has", "name in title and text"
WRITINGS: dict[str, Callable[[str], str]] = {
    "as written": str,
    "In Title Case": lambda title: " ".join(word[:1].upper() + word[1:] for word in title.split(" ")),
    "IN CAPITALS": str.upper,
}
MOST = 100
"""Stories of a set that one thing is exchanged in."""

_WORD = re.compile(r"\w+")
_NAME = re.compile(r"(?<=[a-z,] )[A-Z][a-z]{3,}\b")  # inside a sentence
_BEGINNING = 250  # characters of a text in which a name is looked for
_PEOPLED = 3  # names of a place from which on it has people and a capital, as countries have
_PLACES = [group.split() for group in PLACES["en"].split(";")]
_KINDS = [[place for place in _PLACES if (len(place) >= _PEOPLED) == peopled] for peopled in (True, False)]
TOWNS = [
    "Albuquerque",
    "Amarillo",
    "Anaheim",
    "Bakersfield",
    "Barnsley",
    "Blackburn",
    "Burgas",
    "Basildon",
    "Chandler",
    "Darlington",
    "Doncaster",
    "Duluth",
    "Evansville",
    "Gainesville",
    "Glendale",
    "Gloucester",
    "Greensboro",
    "Grimsby",
    "Halifax",
    "Hartlepool",
    "Hialeah",
    "Huddersfield",
    "Ipswich",
    "Irving",
    "Kettering",
    "Laredo",
    "Lubbock",
    "Luton",
    "Macon",
    "Middlesbrough",
    "Modesto",
    "Newark",
    "Norwich",
    "Oldham",
    "Olomouc",
    "Ostrava",
    "Oxnard",
    "Pasadena",
    "Patras",
    "Peoria",
    "Plymouth",
    "Preston",
    "Racine",
    "Rochdale",
    "Rockford",
    "Rotherham",
    "Salford",
    "Scranton",
    "Shrewsbury",
    "Southend",
    "Stockport",
    "Sunderland",
    "Swindon",
    "Szeged",
    "Tacoma",
    "Telford",
    "Tempe",
    "Topeka",
    "Toulon",
    "Varese",
    "Varna",
    "Volos",
    "Waco",
    "Wakefield",
    "Warrington",
    "Wigan",
    "Wilmington",
    "Wolverhampton",
    "Worcester",
    "Yakima",
    "Yonkers",
]
_FOUND = {name: (kind, place) for kind in _KINDS for place in kind for name in place}


class Swap(NamedTuple):
    """A story before and after: title and text."""

    before: tuple[str, str]
    after: tuple[str, str]


def exchange_place(title: str, rng: np.random.Generator) -> Swap | None:
    """The title and, for the first place it names with a capital, one with another of its kind; None if it has none."""
    for match in _WORD.finditer(title):
        word = match.group()
        if word.lower() not in _FOUND or not word[0].isupper():
            continue
        kind, place = _FOUND[word.lower()]
        chosen = place
        while chosen is place:
            chosen = kind[rng.integers(len(kind))]
        new = chosen[min(place.index(word.lower()), len(chosen) - 1)].capitalize()
        return Swap((title, ""), (title[: match.start()] + new + title[match.end() :], ""))
    return None


def exchange_town(title: str, rng: np.random.Generator) -> Swap | None:
    """The title with one of `TOWNS` for the first place it names with a capital, and with another one."""
    for match in _WORD.finditer(title):
        if match.group().lower() in _FOUND and match.group()[0].isupper():
            one, other = rng.choice(TOWNS, 2, replace=False)
            before, after = (title[: match.start()] + town + title[match.end() :] for town in (one, other))
            return Swap((before, ""), (after, ""))
    return None


def exchange_name(title: str, text: str, others: Sequence[str], rng: np.random.Generator) -> Swap | None:
    """The story, and one with another name wherever it has one that is in its title too; None if it has none."""
    names = [name for name in _NAME.findall(text[:_BEGINNING]) if re.search(rf"\b{name}\b", title)]
    if not names:
        return None
    name = names[rng.integers(len(names))]
    known = {word[:STEM_LETTERS].lower() for word in _WORD.findall(f"{title} {text}")}
    strange = [other for other in others if other[:STEM_LETTERS].lower() not in known]
    if not strange:
        return None
    new = strange[rng.integers(len(strange))]
    title_after, text_after = (re.sub(rf"\b{name}\b", new, part) for part in (title, text))
    return Swap((title, text), (title_after, text_after))


def swaps_of(stories: pa.Table, seed: int) -> dict[str, list[Swap]]:
    """At most `MOST` stories of a set with something exchanged, by what; the same for the same seed."""
    rng = np.random.default_rng(seed)
    titles, texts = stories["title"].to_pylist(), stories["text"].to_pylist()
    names = sorted({name for text in texts for name in _NAME.findall(text[:_BEGINNING])})
    order = rng.permutation(len(titles)).tolist()
    places = (exchange_place(titles[k], rng) for k in order)
    named = (exchange_name(titles[k], texts[k], names, rng) for k in order)
    towns = (exchange_town(titles[k], rng) for k in order)
    return {PLACE: _first(places), NAME: _first(named), TOWN: _first(towns)}


def _first(swaps: Iterable[Swap | None]) -> list[Swap]:
    return list(islice((swap for swap in swaps if swap is not None and swap.before != swap.after), MOST))


def merges(swaps: Sequence[Swap], engine: Engine, writing: str) -> int:
    """How many stories an engine merges with what they became, their titles in one of `WRITINGS`."""
    write, around = WRITINGS[writing], {"url": "", "source": "", "published": None, "lang": ""}
    rows = [
        {"id": str(k), "title": write(title), "text": text, **around}
        for k, (title, text) in enumerate(side for swap in swaps for side in swap)
    ]
    left = np.arange(0, len(rows), 2)
    return int(engine.merges(pa.Table.from_pylist(rows, schema=STORY_SCHEMA), left, left + 1).sum())


def measure_swaps(folder: Folder, engine: Engine) -> list[Record]:
    """Of each set, each thing exchanged and each writing how many look-alikes one engine merges, of how many."""
    rows = []
    for seed, name in enumerate(folder.present(SETS)):
        for what, swaps in swaps_of(folder.read_feed(name).stories, seed).items():
            for writing in WRITINGS if swaps else ():
                merged = merges(swaps, engine, writing)
                rows.append({"set": name, "exchanged": what, "title": writing, "merged": merged, "of": len(swaps)})
    return rows


def share_merged(rows: Sequence[Record], what: str) -> float | None:
    """The share of all look-alikes with one thing exchanged that are merged, 0..1; None if there are none."""
    mine = [row for row in rows if row["exchanged"] == what]
    every = sum(row["of"] for row in mine)
    return sum(row["merged"] for row in mine) / every if every else None
