"""The record of `accuracy` as Markdown tables, one a set."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

Record = dict[str, Any]

_LABELS = {"D": "duplicates merged", "R": "related merged", "X": "different merged"}
_RATES = ("precision", "recall", "F1")
_TITLES_A_CLUSTER = 12
"""Different titles shown of a cluster; the others are counted."""


def accuracy_tables(record: Record) -> str:
    """All tables of a record, then what was measured with what."""
    parts: list[str] = []
    for entry in record["pairs"]:
        parts += _pairs(entry)
    for entry in record["versions"]:
        parts += _versions(entry)
    for entry in record["events"]:
        parts += _events(entry)
    for entry in record["similar"]:
        parts += _similar(entry)
    parts += [*_lookup(record["lookup"]), *_feeds(record["feeds"]), *_swaps(record["swaps"]), *_notes(record)]
    return "\n".join(parts)


def titles_text(feed: str, clusters: Sequence[Sequence[str]]) -> str:
    """The titles of a feed's largest clusters, each different one once with the times it occurs."""
    lines = [f"### {feed}: the titles of its largest clusters", ""]
    for number, titles in enumerate(clusters, 1):
        lines.append(f"{number}. {len(titles)} stories")
        times = {title: titles.count(title) for title in titles}
        lines += [f"   - {title}{f' ({count} times)' if count > 1 else ''}" for title, count in times.items()][
            :_TITLES_A_CLUSTER
        ]
        if len(times) > _TITLES_A_CLUSTER:
            lines.append(f"   - and {len(times) - _TITLES_A_CLUSTER} more titles")
    return "\n".join([*lines, ""])


def _pairs(entry: Record) -> Iterator[str]:
    labels = [label for label in _LABELS if label in entry["labels"]]
    told = ", ".join(f"{entry['labels'][label]:,} {_LABELS[label].split()[0]}" for label in labels)
    yield f"### {entry['set']}: pairs of {entry['stories']:,} stories, {told}\n"
    rows = [
        [one["engine"], one["given"], *_rates(one), *(_merged(one["merged"].get(label)) for label in labels)]
        for one in entry["engines"]
    ]
    yield _table(["engine", "given as", *_RATES, *(_LABELS[label] for label in labels)], rows)
    groups = entry["engines"][0]["groups"]
    lengths = sorted(groups["length"], reverse=True)  # with text, titles only
    if len(lengths) > 1:
        rows = [
            [one["engine"], one["given"], *(cell for group in lengths for cell in _group_rates(one, group))]
            for one in entry["engines"]
        ]
        heads = [f"{group}: {rate}" for group in lengths for rate in _RATES]
        yield _table(["engine", "given as", *heads], rows)
    first = [one for one in entry["engines"] if one["engine"] == entry["engines"][0]["engine"]][-1]
    rows = [
        [
            f"{name} {group}".removeprefix("length "),
            *_rates(counts),
            *(_merged(counts["merged"].get(x)) for x in labels),
        ]
        for name, by in first["groups"].items()
        for group, counts in by.items()
    ]
    if len(rows) > 1:
        heads = [f"{first['engine']}, {first['given']}", *_RATES, *(_LABELS[label] for label in labels)]
        yield _table(heads, rows)


def _versions(entry: Record) -> Iterator[str]:
    little = entry["engines"][0]["little_changed"]["of"]
    yield f"### {entry['set']}: {entry['stories']:,} versions of items, {little:,} pairs with little changed\n"
    heads = ["engine", *_RATES, "little changed: recall", "missed beyond the window", "missed within"]
    rows = [
        [
            one["engine"],
            *_rates(one),
            _rate(one["little_changed"]["share"]),
            *(str(one["missed"].get(why, "-")) for why in ("beyond", "within")),
        ]
        for one in entry["engines"]
    ]
    yield _table(heads, rows)
    found = entry["candidates"]
    yield f"Of the pairs with little changed {found['found']:,} of {found['of']:,} are candidates.\n"


def _events(entry: Record) -> Iterator[str]:
    yield f"### {entry['set']}: {entry['stories']:,} stories on {entry['events']:,} events\n"
    rows = [
        [one["engine"], f"{one['across']:,}", f"{one['within']:,}", _rate(one["share_within"])]
        for one in entry["engines"]
    ]
    yield _table(["engine", "merged across events", "merged within", "share of pairs within"], rows)


def _similar(entry: Record) -> Iterator[str]:
    yield f"### {entry['set']}: the other stories on an event, of {entry['stories']:,} on {entry['events']:,}\n"
    rows = [[one["engine"], _rate(one["recall"]), _rate(one["precision"])] for one in entry["engines"]]
    yield _table(["engine", "recall of 10 answers", "MAP of 10 answers"], rows)


def _lookup(lookup: Record) -> Iterator[str]:
    if lookup["duplicates"]:
        yield "### Retrieval: labelled duplicates that are candidates\n"
        rows = [
            [one["set"], *(_found(one.get(group)) for group in ("all", "with text", "titles only"))]
            for one in lookup["duplicates"]
        ]
        yield _table(["set", "all", "with text", "titles only"], rows)
    if lookup["candidates"]:
        yield "### Retrieval: candidates\n"
        rows = [
            [one["set"], f"{one['stories']:,}", f"{one['candidates']:,}", _ratio(one["per_story"])]
            for one in lookup["candidates"]
        ]
        yield _table(["first stories of", "stories", "pairs that share a bucket", "a story"], rows)


def _feeds(feeds: Sequence[Record]) -> Iterator[str]:
    for entry in feeds:
        yield f"### {entry['set']}: {entry['stories']:,} stories nobody labelled\n"
        counted = ("kept", "exact", "near", "update", "clusters", "largest", "unlike")
        rows = [
            [one["engine"], *(_count(one[name]) for name in counted), _ratio(one["judged_per_story"])]
            for one in entry["engines"]
        ]
        heads = ["kept", "exact", "near", "update", "clusters of 2+", "largest", "with unlike members"]
        yield _table(["engine", *heads, "pairs judged a story"], rows)


def _swaps(rows: Sequence[Record]) -> Iterator[str]:
    if rows:
        yield "### Look-alikes: real stories with one thing exchanged, none of which may be merged\n"
        cells = [[one["set"], one["exchanged"], one["title"], _merged([one["merged"], one["of"]])] for one in rows]
        yield _table(["set", "exchanged", "title", "merged"], cells)


def _notes(record: Record) -> Iterator[str]:
    for file in record["skipped"]:
        yield f"Skipped: {file} is not there."
    for name, why in record["missing"].items():
        yield f"{name} did not run: {why}"
    yield "\n".join(f"- {name}: {says}" for name, says in record["engines"].items()) + "\n"
    where = record["environment"]
    packages = ", ".join(f"{name} {version}" for name, version in where["packages"].items())
    yield f"{packages}; commit {where['commit'][:20]}; {where['date']}; {len(record['data'])} data files.\n"


def _rates(counts: Record) -> list[str]:
    return [_rate(counts[name]) for name in ("precision", "recall", "f1")]


def _group_rates(one: Record, group: str) -> list[str]:
    return _rates(one["groups"]["length"][group])


def _merged(counts: list[int] | None) -> str:
    """Merged of how many, and the share."""
    return "-" if counts is None else f"{counts[0]:,} of {counts[1]:,} ({counts[0] / counts[1]:.3f})"


def _found(share: Record | None) -> str:
    return "-" if share is None or share["share"] is None else f"{share['share']:.3f} of {share['of']:,}"


def _rate(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def _ratio(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"


def _count(value: int | None) -> str:
    return "-" if value is None else f"{value:,}"


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table; numbers stand right."""
    marks = ["---" if head in ("engine", "given as", "set", heads[0]) else "---:" for head in heads]
    lines = [f"| {' | '.join(heads)} |", f"|{'|'.join(marks)}|", *(f"| {' | '.join(row)} |" for row in rows)]
    return "\n".join([*lines, ""])
