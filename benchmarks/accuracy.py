"""What whole commands find on real labelled feeds: stories in, clusters out, nothing bypassed.

Pair sets and event sets are clustered without a window, since their stories are samples of years or have no dates;
feeds with the default one. A pair counts as merged when both its stories are in one cluster, either of the whole set
given as one feed, or of a feed of these two stories alone: a leader can put two stories together as a third one's.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from benchmarks.candidates import Lookup
from benchmarks.counts import (
    alike,
    clusters_of,
    count_unlike,
    merged_by_label,
    pairs_within,
    rate_clusters,
    rate_pairs,
    words_of,
)
from benchmarks.engines import Dedup, Engine, all_engines
from benchmarks.events import I64
from benchmarks.labelled import (
    DIFFERENT,
    EVENT_SETS,
    FEEDS,
    PAIR_SETS,
    RELATED,
    VERSIONS,
    FeedSet,
    Folder,
    Mask,
    PairSet,
)
from benchmarks.measure import environment
from benchmarks.similar import measure_similar, similar_figures
from benchmarks.swaps import NAME, PLACE, TOWN, measure_swaps, share_merged
from dedup import Settings

Record = dict[str, Any]

ONE_FEED, PAIR_BY_PAIR = "one feed", "pair by pair"
LITTLE_CHANGED = 0.5
"""Word Jaccard, of the titles and of the texts alike, from which two versions of an item have changed little."""
UNLIKE = 0.3
"""Word Jaccard of title + text under which two members of a cluster are unlike."""
LOOKUP_FEEDS = ("reuters21578", "allsides_roundup", "uci_headlines", "googlenews_stream")
LOOKUP_STORIES = 10_000
WINDOW = Settings().window
FEW_PAIRS = 1_000
"""Sets of no more pairs are measured pair by pair with every engine."""


def measure_pairs(pairs: PairSet, engine: Engine, alone: bool) -> list[Record]:
    """The pairs merged by one engine, as one feed and, if `alone`, pair by pair."""
    labels = engine.cluster(pairs.stories, None)
    merged = {ONE_FEED: labels[pairs.left] == labels[pairs.right]}
    if alone:
        merged[PAIR_BY_PAIR] = engine.merges(pairs.stories, pairs.left, pairs.right)
    return [
        {"engine": engine.name, "given": given, **_pair_counts(pairs, mask), "groups": _pair_groups(pairs, mask)}
        for given, mask in merged.items()
    ]


def _pair_counts(pairs: PairSet, merged: Mask, where: Mask | None = None) -> Record:
    where = np.ones(len(merged), dtype=np.bool_) if where is None else where
    labels, merged = pairs.labels[where], merged[where]
    return {"merged": merged_by_label(labels, merged), **rate_pairs(labels, merged).record()}


def _pair_groups(pairs: PairSet, merged: Mask) -> Record:
    return {
        name: {str(group): _pair_counts(pairs, merged, groups == group) for group in np.unique(groups)}
        for name, groups in pairs.groups.items()
    }


def changed_little(feed: FeedSet) -> tuple[I64, I64]:
    """The pairs of stories with one label whose titles and texts both changed little: two int64[p], left < right."""
    left, right = pairs_within(_labels(feed))
    titles, texts = (words_of(feed.stories[name].to_pylist()) for name in ("title", "text"))
    little = alike(titles, left, right, LITTLE_CHANGED) & alike(texts, left, right, LITTLE_CHANGED)
    return left[little], right[little]


def measure_versions(feed: FeedSet, engine: Engine, little: tuple[I64, I64]) -> Record:
    """The versions of items that one engine put together, and of those pairs that changed `little`."""
    made = engine.cluster(feed.stories, WINDOW)
    found = made[little[0]] == made[little[1]]
    return {
        "engine": engine.name,
        **rate_clusters(made, _labels(feed)).record(),
        "little_changed": _share(found),
        "missed": _why_missed(feed, little, ~found) if isinstance(engine, Dedup) else {},
    }


def _why_missed(feed: FeedSet, pairs: tuple[I64, I64], missed: Mask) -> dict[str, int]:
    """How many of the pairs missed are further apart than the window ("beyond"), and how many are "within"."""
    left, right = (side[missed] for side in pairs)
    times = feed.stories["published"].combine_chunks().cast(pa.int64())
    apart = pc.abs(pc.subtract(times.take(pa.array(left)), times.take(pa.array(right))))
    beyond = pc.sum(pc.greater(apart, Settings().window_us)).as_py() or 0  # undated ones count as within
    return {"beyond": beyond, "within": len(left) - beyond}


def measure_events(feed: FeedSet, engine: Engine) -> Record:
    """The pairs that one engine merged within events and, wrongly, across them."""
    rates = rate_clusters(engine.cluster(feed.stories, None), _labels(feed))
    return {
        "engine": engine.name,
        "across": rates.made - rates.right,
        "within": rates.right,
        "pairs_of_events": rates.true,
        "share_within": rates.recall,
    }


def measure_feed(feed: FeedSet, engine: Engine) -> Record:
    """What one engine makes of a feed nobody labelled; kinds and judged pairs for this project's only."""
    told: Record = {"exact": None, "near": None, "update": None, "judged_per_story": None}
    if isinstance(engine, Dedup):
        result = engine.run(feed.stories, WINDOW)
        labels = result.leaders.astype(np.int64)
        told = {kind: result.count_kind(kind) for kind in ("exact", "near", "update")}
        told["judged_per_story"] = result.candidates / len(result)
    else:
        labels = engine.cluster(feed.stories, WINDOW)
    clusters = clusters_of(labels)
    texts = pc.binary_join_element_wise(feed.stories["title"], feed.stories["text"], " ").to_pylist()
    return {
        "engine": engine.name,
        "stories": len(labels),
        "kept": len(np.unique(labels)),
        **told,
        "clusters": len(clusters),
        "largest": len(clusters[0]) if clusters else min(1, len(labels)),
        "unlike": count_unlike(clusters, texts, UNLIKE),
    }


def measure_lookup(pairs: PairSet, settings: Settings) -> Record:
    """The share of a set's duplicates that are candidates of each other, all and by length."""
    mine = pairs.duplicate
    found = Lookup.of(pairs.stories, settings).finds(pairs.left[mine], pairs.right[mine])
    length = pairs.groups["length"][mine]
    by_length = {str(group): _share(found[length == group]) for group in np.unique(length)}
    return {"set": pairs.name, "all": _share(found), **by_length}


def measure_candidates(feed: FeedSet, settings: Settings) -> Record:
    """Candidates per story over a feed's first stories, no window applied."""
    stories = feed.stories.slice(0, LOOKUP_STORIES)
    candidates = Lookup.of(stories, settings).count_candidates()
    return {
        "set": feed.name,
        "stories": len(stories),
        "candidates": candidates,
        "per_story": candidates / max(1, len(stories)),
    }


def evaluate(folder: Folder, settings: Settings | None = None) -> dict[str, float]:
    """The figures floors are kept for, and some more, by name: what these settings reach on the sets that are there.

    Rates and shares are 0..1; `across` counts pairs of stories, `largest` stories, `unlike` clusters. A rate without
    anything to count is left out. Windows are those of this module, whatever the settings say.
    """
    engine = Dedup("dedup", settings or Settings())
    figures: dict[str, float | None] = {}
    for name in folder.present(PAIR_SETS):
        figures |= _figures_of_pairs(folder.read_pairs(name), engine)
    for name in folder.present((VERSIONS,)):
        feed = folder.read_feed(name)
        versions = measure_versions(feed, engine, changed_little(feed))
        figures |= {f"{name}.recall": versions["recall"], f"{name}.precision": versions["precision"]}
        figures[f"{name} little changed.recall"] = versions["little_changed"]["share"]
    for name in folder.present(EVENT_SETS):
        events = folder.read_feed(name)
        figures[f"{name}.across"] = measure_events(events, engine)["across"]
        figures |= similar_figures(events)
    for name in folder.present(FEEDS):
        measured = measure_feed(folder.read_feed(name), engine)
        figures |= {f"{name}.largest": measured["largest"], f"{name}.unlike": measured["unlike"]}
    for name in folder.present(LOOKUP_FEEDS):
        candidates = measure_candidates(folder.read_feed(name), engine.settings)
        figures[f"{name} lookup.candidates per story"] = candidates["per_story"]
    swaps = measure_swaps(folder, engine)
    figures |= {
        "place exchanged.merged": share_merged(swaps, PLACE),
        "town exchanged.merged": share_merged(swaps, TOWN),
        "name exchanged.merged": share_merged(swaps, NAME),
    }
    return {name: value for name, value in figures.items() if value is not None}


def _figures_of_pairs(pairs: PairSet, engine: Dedup) -> dict[str, float | None]:
    """Of one set: pair by pair, and by length, where pairs are few; as one feed; and of lookup."""
    one_feed, *alone = measure_pairs(pairs, engine, alone=len(pairs.left) <= FEW_PAIRS)
    figures = _rates_and_shares(f"{pairs.name} one feed", one_feed)
    for measured in alone:
        figures |= _rates_and_shares(pairs.name, measured)
        for length, counts in measured["groups"]["length"].items():
            figures |= _rates_and_shares(f"{pairs.name} {length}", counts)
    figures[f"{pairs.name} lookup.recall"] = measure_lookup(pairs, engine.settings)["all"]["share"]
    return figures


def _rates_and_shares(name: str, counts: Record) -> dict[str, float | None]:
    figures = {f"{name}.{rate}": counts[rate] for rate in ("precision", "recall", "f1")}
    for label in (RELATED, DIFFERENT):
        if label in counts["merged"]:
            merged, pairs = counts["merged"][label]
            figures[f"{name}.{label} merged"] = merged / pairs
    return figures


def accuracy_record(folder: Folder) -> Record:
    """Everything `accuracy` measures with every engine, ready for JSON; no word of any story is in it."""
    engines, missing = all_engines()
    return {
        "benchmark": "accuracy",
        "environment": environment([]),
        "data": folder.digests(),
        "skipped": folder.skipped(),
        "engines": {engine.name: engine.says for engine in engines},
        "missing": missing,
        "window": WINDOW,
        "pairs": [_pairs_entry(folder.read_pairs(name), engines) for name in folder.present(PAIR_SETS)],
        "versions": [_versions_entry(folder.read_feed(name), engines) for name in folder.present((VERSIONS,))],
        "events": [_events_entry(folder.read_feed(name), engines) for name in folder.present(EVENT_SETS)],
        "similar": [measure_similar(folder.read_feed(name)) for name in folder.present(EVENT_SETS)],
        "lookup": {
            "duplicates": [measure_lookup(folder.read_pairs(name), Settings()) for name in folder.present(PAIR_SETS)],
            "candidates": [
                measure_candidates(folder.read_feed(name), Settings()) for name in folder.present(LOOKUP_FEEDS)
            ],
        },
        "feeds": [_feed_entry(folder.read_feed(name), engines) for name in folder.present(FEEDS)],
        "swaps": measure_swaps(folder, engines[0]),
    }


def _pairs_entry(pairs: PairSet, engines: Sequence[Engine]) -> Record:
    """Every engine on one set of pairs; pair by pair all of them where pairs are few, else those made for it."""
    entries: list[Record] = []
    for engine in engines:
        alone = engine.quick_alone or engine is engines[0] or len(pairs.left) <= FEW_PAIRS
        entries.extend(measure_pairs(pairs, engine, alone))
    return {
        "set": pairs.name,
        "stories": len(pairs.stories),
        "labels": dict(Counter(pairs.labels.tolist())),
        "engines": entries,
    }


def _versions_entry(feed: FeedSet, engines: Sequence[Engine]) -> Record:
    little = changed_little(feed)
    return {
        "set": feed.name,
        "stories": len(feed.stories),
        "candidates": _share(Lookup.of(feed.stories, Settings()).finds(*little)),
        "engines": [measure_versions(feed, engine, little) for engine in engines],
    }


def _events_entry(feed: FeedSet, engines: Sequence[Engine]) -> Record:
    return {
        "set": feed.name,
        "stories": len(feed.stories),
        "events": len(np.unique(_labels(feed))),
        "engines": [measure_events(feed, engine) for engine in engines],
    }


def _feed_entry(feed: FeedSet, engines: Sequence[Engine]) -> Record:
    return {
        "set": feed.name,
        "stories": len(feed.stories),
        "engines": [measure_feed(feed, engine) for engine in engines],
    }


def largest_clusters(folder: Folder, count: int) -> Iterator[tuple[str, list[list[str]]]]:
    """Of each unlabelled feed its name and the titles of the members of its largest clusters, for people to read."""
    for name in folder.present(FEEDS):
        stories = folder.read_feed(name).stories
        labels = Dedup("dedup", Settings()).cluster(stories, WINDOW)
        yield name, [stories["title"].take(rows).to_pylist() for rows in clusters_of(labels)[:count]]


def _labels(feed: FeedSet) -> I64:
    if feed.clusters is None:
        raise ValueError(f"{feed.name} has no cluster labels")
    return feed.clusters


def _share(found: Mask) -> dict[str, float | None]:
    """How many are found, of how many, and the share, 0..1."""
    return {"found": int(found.sum()), "of": len(found), "share": float(found.mean()) if len(found) else None}
