"""Plots of records as inline SVG, drawn in the colour of the text around them, so that they suit light and dark."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from benchmarks.scoring import LABELS
from benchmarks.vocabulary import KINDS

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Record = dict[str, Any]

WIDTH = 5.2
"""Inches of every figure: what a telephone shows without shrinking the letters."""
_INK = "#010203"  # stands for the colour of the text, and is replaced by it
_COLOURS = (
    "#3d7fe0", "#e07b2f", "#2f9e6b", "#c2559d", "#d1495b", "#8a6fd1", "#a58a1f", "#1f9aa8", "#7d8597", "#b0683c",
    "#5aa02c", "#b14fc2", "#4a6fa5", "#c9762e",
)  # fmt: skip
_MARKERS = "oDs^vP*Xhd<>p"  # one fewer than colours, so that pairs of them repeat late
_PARAMETERS: dict[Any, Any] = {
    "svg.fonttype": "none",  # text stays text: it can be read aloud and searched for
    "font.family": "sans-serif",
    "font.size": 9,
    "text.color": _INK,
    "axes.labelcolor": _INK,
    "axes.edgecolor": _INK,
    "axes.titlesize": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#808080",
    "grid.alpha": 0.25,
    "xtick.color": _INK,
    "ytick.color": _INK,
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "legend.frameon": False,
    "legend.fontsize": 8,
}


@contextmanager
def _panels(name: str, heights: Sequence[float]) -> Iterator[tuple[Figure, list[Axes]]]:
    """A figure of panels one above the other, of these heights in inches."""
    import matplotlib as mpl
    from matplotlib.figure import Figure as NewFigure

    with mpl.rc_context({**_PARAMETERS, "svg.hashsalt": name}):
        figure = NewFigure(figsize=(WIDTH, sum(heights)), layout="constrained")
        panels = figure.subplots(len(heights), 1, squeeze=False, height_ratios=list(heights))
        yield figure, list(panels[:, 0])


def _svg(figure: Figure, label: str) -> str:
    """The figure as an SVG element that scales with what is around it."""
    out = io.StringIO()
    figure.savefig(out, format="svg", metadata={"Date": None, "Creator": None}, transparent=True)
    text = out.getvalue().replace(_INK, "currentColor")
    text = re.sub(r"(\d\.\d\d)\d+", r"\1", text[text.index("<svg") :])  # a hundredth of a point is enough
    text = re.sub(r"\s*\n\s*", " ", re.sub(r"<metadata>.*?</metadata>|<!--.*?-->", "", text, flags=re.DOTALL))
    text = re.sub(r' id="[A-Za-z0-9.]+_\d+"', "", text)  # names of parts, equal in all figures
    return re.sub(
        r'<svg [^>]*?viewBox="([^"]+)"[^>]*>', rf'<svg viewBox="\1" role="img" aria-label="{label}">', text, count=1
    )


def _style(number: int) -> dict[str, Any]:
    return {"color": _COLOURS[number % len(_COLOURS)], "marker": _MARKERS[number % len(_MARKERS)]}


def throughput_plot(record: Record) -> str:
    """Stories a second of every engine, a panel a feed, with the range of its runs."""
    heights = [0.9 + 0.24 * len(feed["engines"]) for feed in record["feeds"]]
    with _panels("throughput", heights) as (figure, panels):
        for panel, feed in zip(panels, record["feeds"], strict=True):
            engines = sorted(feed["engines"], key=lambda entry: entry["stories_per_second"])
            for row, entry in enumerate(engines):
                speed, wall = entry["stories_per_second"], entry["wall_seconds"]
                slowest, fastest = (entry["stories"] / wall[side] for side in ("largest", "least"))
                own = entry["engine"].startswith("dedup")
                panel.barh(row, speed, color=_COLOURS[0] if own else "#8a93a3", height=0.62)
                panel.plot([slowest, fastest], [row, row], color=_INK, linewidth=1.2)
                panel.text(fastest * 1.12, row, f"{speed:,.0f}", va="center", fontsize=8)
            panel.set_yticks(range(len(engines)), [entry["engine"] for entry in engines])
            panel.set_xscale("log")
            panel.set_xlim(right=6 * max(entry["stories_per_second"] for entry in engines))
            panel.grid(visible=False, axis="y")
            panel.set_title(f"{feed['feed']['words']}-word stories: stories a second, whole job", loc="left")
        return _svg(figure, "Stories a second of every engine")


def stages_plot(record: Record) -> str:
    """CPU microseconds a story by stage, a panel a feed."""
    feeds = [feed for feed in record["feeds"] if feed.get("stages")]
    with _panels("stages", [0.7 + 0.22 * len(feed["stages"]) for feed in feeds]) as (figure, panels):
        for panel, feed in zip(panels, feeds, strict=True):
            stages = list(feed["stages"].items())[::-1]
            panel.barh(
                [name for name, _ in stages], [1e6 * s / feed["feed"]["stories"] for _, s in stages], height=0.62
            )
            panel.grid(visible=False, axis="y")
            panel.set_title(f"{feed['feed']['words']}-word stories: CPU microseconds a story", loc="left")
        return _svg(figure, "CPU time of each stage")


def scaling_plot(record: Record) -> str:
    """Time and memory against stories on log-log axes, beside a straight line, and the projection."""
    points, ahead = record["points"], record.get("projection")
    sizes = [point["stories"] for point in points]
    seconds = [point["wall_seconds"]["median"] for point in points]
    gigabytes = [point["peak_bytes"] / 1e9 for point in points]
    series = (("seconds", seconds, ahead and ahead["seconds"]), ("GB", gigabytes, ahead and ahead["bytes"] / 1e9))
    with _panels("scaling", [2.3, 2.3]) as (figure, panels):
        for panel, (unit, values, projected) in zip(panels, series, strict=True):
            panel.loglog(sizes, values, color=_COLOURS[0], marker="o", label="measured")
            far = ahead["stories"] if ahead else sizes[-1]
            linear = [values[-1] * size / sizes[-1] for size in (sizes[0], far)]
            panel.loglog([sizes[0], far], linear, color="#808080", linewidth=1, label="in proportion to the largest")
            if projected:
                panel.loglog([sizes[-1], far], [values[-1], projected], color=_COLOURS[1], linestyle=":", marker="o",
                             fillstyle="none", label="projected")  # fmt: skip
            panel.set_title(f"{unit} against stories", loc="left")
            panel.legend(loc="upper left")
        return _svg(figure, "Time and memory against the number of stories")


def quality_plot(record: Record, accuracy: Record | None) -> str:
    """Precision against recall of every engine: synthetic feeds, and pairs of real stories where they were measured."""
    groups: list[tuple[str, list[tuple[str, Record]]]] = []
    for feed in record["feeds"]:
        scored = [(entry["engine"], entry["score"]) for entry in feed["engines"] if entry["score"]]
        groups.append((f"{feed['feed']['words']}-word synthetic stories", scored))
    if accuracy:
        for pairs in accuracy["pairs"]:
            if pairs["set"] == "judged":
                alone = [entry for entry in pairs["engines"] if entry["given"] == "pair by pair"]
                groups.append(("Judged pairs of real stories", [(entry["engine"], entry) for entry in alone]))
    names = list(dict.fromkeys(name for _, scored in groups for name, _ in scored))
    with _panels("quality", [2.9] * len(groups)) as (figure, panels):
        for panel, (title, scored) in zip(panels, groups, strict=True):
            for name, score in scored:
                if score["precision"] is not None:
                    panel.plot(score["recall"], score["precision"], linestyle="none", label=name, markersize=6,
                               **_style(names.index(name)))  # fmt: skip
            least = min([score["precision"] for _, score in scored if score["precision"] is not None], default=0.9)
            panel.set_xlim(0, 1.02)
            panel.set_ylim(min(0.94, least - 0.02), 1.01)
            panel.set_xlabel("recall")
            panel.set_ylabel("precision")
            panel.set_title(title, loc="left")
            panel.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), fontsize=7)
        return _svg(figure, "Precision against recall of every engine")


def kinds_plot(feed: Record) -> str:
    """Recall by kind of edit, and false merges by kind of look-alike, of every engine on one feed."""
    scored = [(entry["engine"], entry["score"]) for entry in feed["engines"] if entry["score"]]
    parts = (
        ("recall_by_edit", "found, by kind of edit"),
        ("false_merges_by_lookalike", "wrong merges by look-alike"),
    )
    rows = [[kind for kind in reversed(KINDS) if any(kind in score[part] for _, score in scored)] for part, _ in parts]
    shown = [(part, kinds) for part, kinds in zip(parts, rows, strict=True) if kinds]
    with _panels(f"kinds{feed['feed']['words']}", [1.3 + 0.24 * len(kinds) for _, kinds in shown]) as (figure, panels):
        for panel, ((part, title), kinds) in zip(panels, shown, strict=True):
            for number, (name, score) in enumerate(scored):
                shift = 0.6 * (number / len(scored) - 0.5)  # equal shares stay apart
                at = [(score[part][kind], row - shift) for row, kind in enumerate(kinds) if kind in score[part]]
                panel.plot(*zip(*at, strict=True), linestyle="none", label=name, markersize=4.5, **_style(number))
            panel.set_yticks(range(len(kinds)), [LABELS[kind] for kind in kinds])
            panel.set_xlim(-0.03, 1.03)
            panel.set_title(f"{feed['feed']['words']}-word stories: {title}", loc="left")
            panel.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), fontsize=7)
        return _svg(figure, "Recall by kind of edit and false merges by kind of look-alike")


def likeness_plot(record: Record) -> str:
    """Shares of true pairs by tenth of similarity, judged and synthetic side by side."""
    rows = [row for row in record["rows"] if row["measure"].startswith("word-3 Jaccard, title + text")]
    with _panels("likeness", [1.9] * len(rows)) as (figure, panels):
        for panel, row in zip(panels, rows, strict=True):
            for side, shift in (("judged", -0.2), ("synthetic", 0.2)):
                at = [(tenth + 0.5 + shift) / 10 for tenth in range(10)]
                colour = "#8a93a3" if side == "judged" else _COLOURS[0]
                panel.bar(at, row[side]["tenths"], width=0.038, color=colour, label=f"{side} ({row[side]['pairs']:,})")
            panel.set_title(f"{row['pairs']}: {row['measure']}", loc="left")
            panel.set_ylabel("share of pairs")
            panel.legend()
        return _svg(figure, "How alike judged and synthetic true pairs are")
