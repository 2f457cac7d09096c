"""The report as one file: styles, script and data inside, nothing fetched, scripts of others refused by its policy."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from html import escape
from importlib.resources import files
from os import cpu_count
from typing import Any

import numpy as np
import pyarrow as pa

from dedup.ahead import work_ahead
from dedup.display import spell_span, spell_time
from dedup.kernels.native.evidence import UNDATED
from dedup.report.content import MOST_MEMBERS, Shown, Stories, Told, choose, wanted_rows
from dedup.report.drawing import pair_table, size_plot, time_plot
from dedup.report.figures import SECOND, size_bars, source_pairs, timeline
from dedup.result import KINDS, Result
from dedup.similar import SimilarStories
from dedup.writers.outputs import open_output

_CLUSTERS_A_PART = 200
_COLUMNS = ("title", "source", "first", "last", "size", "kinds", "more", "sources")
_LEVEL = 6  # of compression
_AHEAD = 4  # parts that wait to be written
_KIND_BITS = {code: 1 << place for place, code in enumerate(KINDS)}  # exact 1, near 2, update 4


def write_report(
    again: Callable[[], Iterable[pa.RecordBatch]],
    result: Result,
    destination: str,
    *,
    similar: SimilarStories | None = None,
    names: Iterable[str] = (),
) -> None:
    """Write the page.

    Args:
        again: gives the stories of the result once more, in their order.
        result: what was found.
        destination: a path, or "-" for standard output.
        similar: what to show as similar news, by row; None for nothing.
        names: of the feeds.
    """
    shown = choose(result)
    stories = Stories.read(again(), *wanted_rows(shown, result, similar))
    clusters = _Clusters(result, shown, stories, similar)
    with open_output(destination) as out:
        for piece in _page(result, stories, clusters, list(names)):
            out.write(piece.encode("utf-8", "replace"))


class _Clusters:
    """The clusters as the page's script takes them: columns to search and list, and the members in parts."""

    def __init__(self, result: Result, shown: Shown, stories: Stories, similar: SimilarStories | None) -> None:
        self._result, self._shown, self._stories, self._similar = result, shown, stories, similar
        self._places = {int(leader): place for place, leader in enumerate(shown.leaders)}

    @property
    def left_out(self) -> int:
        """Clusters that are not shown one by one."""
        return self._shown.left_out

    def columns(self) -> dict[str, Any]:
        """What the list and the search need of every cluster."""
        result, stories = self._result, self._stories
        rows: dict[str, list[Any]] = {name: [] for name in _COLUMNS}
        leaders, sizes = self._shown.leaders.tolist(), result.sizes[self._shown.leaders].tolist()
        for leader, size, members in zip(leaders, sizes, self._shown.members, strict=True):
            canonical = stories[int(result.canonicals[leader])]
            times = [time for time in (stories[row].time_us for row in members) if time is not None]
            others = {stories[row].title for row in members} - {canonical.title}
            rows["title"].append(canonical.title or canonical.text[:120] or canonical.id)
            rows["source"].append(canonical.source)
            rows["first"].append(min(times) // SECOND if times else None)
            rows["last"].append(max(times) // SECOND if times else None)
            rows["size"].append(size)
            rows["kinds"].append(sum(_KIND_BITS[kind] for kind in set(result.kinds[members].tolist()) - {0}))
            rows["more"].append("\n".join([stories[row].id for row in members] + sorted(others)))
            rows["sources"].append(sorted({stories[row].source for row in members}))
        return {"names": stories.sources, "part": _CLUSTERS_A_PART, "mostMembers": MOST_MEMBERS, **rows}

    def parts(self) -> Iterator[list[Any]]:
        """The members and similar stories of the clusters, some hundred a part."""
        leaders = self._shown.leaders.tolist()
        for first in range(0, len(leaders), _CLUSTERS_A_PART):
            some = range(first, min(first + _CLUSTERS_A_PART, len(leaders)))
            yield [self._detail(leaders[place], self._shown.members[place]) for place in some]

    def _detail(self, leader: int, members: list[int]) -> dict[str, Any]:
        canonical = int(self._result.canonicals[leader])
        others = [row for row in members if row != canonical]
        similar = [] if self._similar is None else self._similar.of(canonical)
        return {
            "shown": self._story(canonical, canonical, leader),
            "others": [self._story(row, canonical, leader) for row in others],
            "similar": [self._neighbour(row, score) for row, score in similar],
        }

    def _story(self, row: int, canonical: int, leader: int) -> dict[str, Any]:
        """A story; without its words where it says word for word what the one shown says."""
        story, kind = self._stories[row], int(self._result.kinds[row])
        told: dict[str, Any] = {**_plain(story), "kind": KINDS.get(kind, "first"), "text": story.text}
        if row != leader:
            told["score"] = round(float(self._result.scores[row]), 3)
        if row != canonical and story.text == self._stories[canonical].text:
            told["text"] = None
        return told

    def _neighbour(self, row: int, score: float) -> dict[str, Any]:
        place = self._places.get(int(self._result.leaders[row]))
        return {**_plain(self._stories[row]), "score": round(score, 3), "cluster": place}


def _plain(story: Told) -> dict[str, Any]:
    time = None if story.time_us is None else story.time_us // SECOND
    return {"id": story.id, "title": story.title, "url": story.url, "source": story.source, "time": time}


def _page(result: Result, stories: Stories, clusters: _Clusters, names: list[str]) -> Iterator[str]:
    folder = files("dedup.report")
    page, style, script = (folder.joinpath(name).read_text("utf-8") for name in ("page.html", "page.css", "page.js"))
    policy = (
        f"default-src 'none'; script-src 'sha256-{_digest(script)}'; style-src 'sha256-{_digest(style)}'; "
        "base-uri 'none'; form-action 'none'"
    )
    title = ", ".join(names[:3]) + (f" and {len(names) - 3:,} more" if len(names) > 3 else "")
    values = {
        "policy": escape(policy),
        "feeds": escape(title) or "Duplicate stories",
        "totals": _totals(result, stories),
        "plots": _plots(result, stories),
        "left-out": _left_out(clusters.left_out),
    }
    before, _, after = page.partition("<!--data-->")
    before = before.replace("/*style*/", style, 1)
    for name, value in values.items():  # none can hold the mark of another, for "<" of a story is escaped
        before = before.replace(f"<!--{name}-->", value)
    yield before
    yield _embed("columns", clusters.columns())
    with ThreadPoolExecutor(cpu_count() or 1, thread_name_prefix="report") as pool:  # to compress takes the longest
        parts = ((f"part-{number}", part) for number, part in enumerate(clusters.parts()))
        yield from work_ahead(parts, lambda part: _embed(*part), pool, _AHEAD)
    yield after.replace("/*script*/", script, 1)


def _digest(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _embed(name: str, value: object) -> str:
    """Data in the page: compressed, in letters that mean nothing to HTML whatever the stories say."""
    plain = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
    packed = gzip.compress(plain, _LEVEL, mtime=0)
    return f'<script type="text/plain" id="{name}">{base64.b64encode(packed).decode()}</script>\n'


def _totals(result: Result, stories: Stories) -> str:
    sizes = result.sizes[result.leaders == np.arange(len(result))]
    dated = stories.times[stories.times != UNDATED]
    span = ""
    if len(dated):
        days = (spell_time(int(moment))[:10] for moment in (dated.min(), dated.max()))
        span = " to ".join(dict.fromkeys(days))
    figures = [
        (f"{len(result):,}", "stories read"),
        (f"{result.clusters:,}", "kept"),
        (f"{result.duplicates:,}", f"copies, {100 * result.duplicate_ratio:.1f} of 100 stories"),
        (f"{np.count_nonzero(sizes > 1):,}", "told more than once"),
        (f"{sizes.max(initial=0):,}", "times the most told"),
        *((f"{result.count_kind(kind):,}", told) for kind, told in _KINDS_TOLD.items()),
        (f"{len(stories.sources) - 1:,}", "sources"),
    ]
    listed = "".join(f"<div><dd>{number}</dd><dt>{told}</dt></div>" for number, told in figures)
    return f'<dl class="totals">{listed}</dl>' + (f'<p class="note">Published {span}</p>' if span else "")


_KINDS_TOLD = {"exact": "copies word for word", "near": "copies with changes", "update": "updates"}


def _plots(result: Result, stories: Stories) -> str:
    parts = []
    sizes = size_bars(result)
    if sizes:
        parts.append(f"<figure><figcaption>Clusters by number of stories</figcaption>{size_plot(sizes)}</figure>")
    line = timeline(result, stories.times)
    if len(line.starts):
        notes = [f"one bar is {spell_span(line.step)}"]
        notes += [
            f"{count:,} stories {told}"
            for count, told in ((line.undated, "undated"), (line.outside, "outside"))
            if count
        ]
        legend = '<span class="key kept">kept</span> <span class="key copies">copies</span>'
        parts.append(
            f"<figure><figcaption>Stories over time {legend}</figcaption>{time_plot(line)}"
            f'<p class="note">{"; ".join(notes)}</p></figure>'
        )
    pairs = source_pairs(result, stories.times, stories.codes)
    if pairs:
        head = (
            '<thead><tr><th>first told by</th><th>told again by</th><th class="number">stories</th><th></th>'
            '<th class="number">word for word</th><th class="number">fastest tenth after</th>'
            '<th class="number">half after</th></tr></thead>'
        )
        parts.append(
            '<figure class="wide"><figcaption>Who tells again what whom told first</figcaption>'
            f'<div class="scroll" tabindex="0" role="region" aria-label="Source pairs"><table>{head}'
            f"<tbody>{pair_table(pairs, stories.sources)}</tbody></table></div></figure>"
        )
    return "".join(parts)


def _left_out(count: int) -> str:
    if not count:
        return ""
    return f'<p class="note">The {count:,} smallest clusters are in the figures above, but not in this list.</p>'
