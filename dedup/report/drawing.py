"""Plots as SVG, drawn with the page's colours; everything that came from a feed is escaped."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape

import numpy as np

from dedup.display import spell_span, spell_time
from dedup.report.figures import SECOND, Bar, SourcePair, Timeline

_WIDTH, _HEIGHT = 640, 200  # in the plot's own units; the page scales it
_BELOW, _ABOVE = 34, 18  # room for labels
_GAP = 0.18  # share of a bar's room left empty
_DAY = 86400  # seconds
_MOST_LABELS = 6  # below a plot of times
_LEAST_LABELLED = 28  # width of a bar's room that takes a number
_BAR = 120  # length of the longest bar of a table


def bar_plot(bars: Sequence[Bar], classes: Sequence[str], title: str, tips: Sequence[str], every: int = 1) -> str:
    """Stacked bars with a label below each, or each `every`, and the sum above where there is room.

    Args:
        bars: at least one.
        classes: CSS class of each part, from below.
        title: of the plot, for those who do not see it.
        tips: what is shown over each bar.
        every: label each so many bars.
    """
    return "".join(_draw_bars(bars, classes, title, tips, every))


def _draw_bars(
    bars: Sequence[Bar], classes: Sequence[str], title: str, tips: Sequence[str], every: int
) -> Iterator[str]:
    most = max(1, max(map(_total, bars)))
    room = _WIDTH / len(bars)
    scale = (_HEIGHT - _BELOW - _ABOVE) / most
    yield f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{escape(title)}">'
    yield f'<line class="axis" x1="0" x2="{_WIDTH}" y1="{_HEIGHT - _BELOW}" y2="{_HEIGHT - _BELOW}"/>'
    for place, (bar, tip) in enumerate(zip(bars, tips, strict=True)):
        left, width, base = place * room + room * _GAP / 2, room * (1 - _GAP), float(_HEIGHT - _BELOW)
        middle = left + width / 2
        yield f"<g><title>{escape(tip)}</title>"
        yield f'<rect class="room" x="{place * room:.1f}" y="0" width="{room:.1f}" height="{_HEIGHT - _BELOW}"/>'
        for part, name in zip(bar.parts, classes, strict=True):
            if part:
                height = max(1.0, part * scale)
                base -= height
                yield (
                    f'<rect class="{name}" x="{left:.1f}" y="{base:.1f}" width="{width:.1f}" height="{height:.1f}" '
                    'rx="1.5"/>'
                )
        if room >= _LEAST_LABELLED and _total(bar):
            yield f'<text class="count" x="{middle:.1f}" y="{base - 5:.1f}">{_total(bar):,}</text>'
        if place % every == 0:
            anchor = "start" if every > 1 else "middle"
            x = left if every > 1 else middle
            yield f'<text class="label {anchor}" x="{x:.1f}" y="{_HEIGHT - 12}">{escape(bar.label)}</text>'
        yield "</g>"
    yield "</svg>"


def _total(bar: Bar) -> int:
    return sum(bar.parts)


def size_plot(bars: Sequence[Bar]) -> str:
    """Cluster sizes."""
    tips = [f"{bar.parts[0]:,} clusters of {bar.label} stories" for bar in bars]
    return bar_plot(bars, ("kept",), "Clusters by number of stories: " + "; ".join(tips), tips)


def time_plot(line: Timeline) -> str:
    """Stories kept and duplicates over time."""
    counts = zip(line.starts.tolist(), line.kept.tolist(), line.duplicates.tolist(), strict=True)
    bars, tips = [], []
    for start, kept, duplicates in counts:
        moment = spell_time(start)
        bars.append(Bar(moment[:10] if line.step >= _DAY else f"{moment[5:10]} {moment[11:16]}", (kept, duplicates)))
        tips.append(
            f"{moment[:16].replace('T', ' ')} UTC, {spell_span(line.step)}: {kept:,} kept, {duplicates:,} copies"
        )
    last = spell_time(int(line.starts[-1]) + line.step * SECOND)
    title = f"Stories over time, from {bars[0].label} to {last[:16].replace('T', ' ')} UTC, kept and copies"
    return bar_plot(bars, ("kept", "copies"), title, tips, every=max(2, int(np.ceil(len(bars) / _MOST_LABELS))))


def pair_table(pairs: Sequence[SourcePair], sources: Sequence[str]) -> str:
    """Who tells again what whom told first, as a table with a bar for each."""
    most = max(pair.stories for pair in pairs)
    return "".join(
        f"<tr><td>{escape(sources[pair.first])}</td><td>{escape(sources[pair.again])}</td>"
        f'<td class="number">{pair.stories:,}</td><td class="bar">{_bar(pair, most)}</td>'
        f'<td class="number">{pair.exact:,}</td><td class="number">{spell_span(pair.tenth)}</td>'
        f'<td class="number">{spell_span(pair.median)}</td></tr>'
        for pair in pairs
    )


def _bar(pair: SourcePair, most: int) -> str:
    whole, exact = _BAR * pair.stories / most, _BAR * pair.exact / most
    return (
        f'<svg viewBox="0 0 {_BAR} 10" aria-hidden="true"><rect class="copies" width="{whole:.1f}" height="10" rx="2"/>'
        f'<rect class="exact" width="{exact:.1f}" height="10" rx="2"/></svg>'
    )
