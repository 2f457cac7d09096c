"""An explanation on a terminal: the texts side by side with marks, what was measured, and why."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TextIO

from rich.columns import Columns
from rich.console import Console
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from dedup.explain import DIFFERENT, Explanation, Side
from dedup.passages import OTHER_NAME, OTHER_NUMBER, SHARED, UNREAD, Span

_STYLES: dict[str | None, str] = {
    SHARED: "green",
    OTHER_NUMBER: "bold reverse yellow",
    OTHER_NAME: "bold cyan underline",
    UNREAD: "dim",
    None: "",
}
_MOST_SHOWN = 2_000  # characters of a text; the rest is counted
_NARROW = 80  # columns, under which the stories stand one above the other


def print_explanation(explanation: Explanation, out: TextIO) -> None:
    """Print it; colours only where `out` is a terminal."""
    console = Console(file=out, highlight=False)
    style = "bold red" if explanation.verdict == DIFFERENT else "bold green"
    console.print(
        Text(explanation.verdict, style=style)
        + Text(f"  {explanation.probability:.3f}, {explanation.threshold:g} needed", style="dim")
    )
    for reason in explanation.reasons:
        console.print(Text(f"- {reason}"))
    panels = [_panel(side) for side in explanation.sides]
    if console.width < _NARROW:
        for panel in panels:
            console.print(panel)
    else:
        console.print(Columns(panels, width=console.width // 2 - 1, padding=(0, 1)))
    console.print(_legend())
    console.print(_table(explanation))


def _panel(side: Side) -> Panel:
    body = Text()
    body.append_text(_marked(side.title, bold=True))
    if side.text:
        body.append("\n\n")
        body.append_text(_marked(side.text, bold=False))
    about = "  ".join(filter(None, (side.source, side.published)))
    return Panel(body, title=Text(side.id), subtitle=Text(about) if about else None, title_align="left")


def _marked(spans: Iterable[Span], *, bold: bool) -> Text:
    """The spans in their styles, cut after a while."""
    text = Text(style="bold" if bold else "")
    left = 0
    for span in spans:
        shown = span.text[: max(_MOST_SHOWN - len(text), 0)]
        left += len(span.text) - len(shown)
        text.append(shown, style=_STYLES[span.mark])
    if left:
        text.append(f" ... {left:,} characters more", style="dim")
    return text


def _legend() -> Text:
    parts = ("shared words", SHARED), ("other numbers", OTHER_NUMBER), ("other names", OTHER_NAME)
    return Text("  ").join(Text(words, style=_STYLES[mark]) for words, mark in parts)


def _table(explanation: Explanation) -> Table:
    """What was measured and counted; what is nothing and pushes nowhere is left out."""
    table = Table(box=None, pad_edge=False)
    table.add_column("evidence")
    table.add_column("value", justify="right")
    table.add_column("push", justify="right")
    table.add_row(Text("before any evidence", style="dim"), "", f"{explanation.baseline:+.2f}")
    for one in explanation.evidence:
        if one.value or one.push:
            style = "" if one.push else "dim"
            table.add_row(Text(one.words, style=style), f"{one.value:.2f}", f"{one.push:+.2f}")
    return table
