"""One self-contained HTML page of the records of a folder: plots, and under each the tables it was drawn from."""

from __future__ import annotations

import html
import importlib.util
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks import plots
from benchmarks.measure import BenchmarkError
from benchmarks.tables import markdown

Record = dict[str, Any]

RECORDS = Path(__file__).parent / "records"
SECTIONS = {
    "peers": "Whole jobs beside other libraries",
    "throughput": "dedup by itself, stage by stage",
    "scaling": "As feeds grow",
    "accuracy": "On real stories that people have judged",
    "likeness": "How the synthetic feeds compare with real ones",
    "online": "Story by story",
}
"""Headings by kind of record, in the page's order."""

_STYLE = """
:root { color-scheme: light dark; --line: #d0d5dd; --faint: #667085; --ground: #ffffff; --ink: #1d2433; }
@media (prefers-color-scheme: dark) {
  :root { --line: #3a4252; --faint: #98a2b3; --ground: #14181f; --ink: #e6e9ef; }
}
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1rem; max-width: 72rem; background: var(--ground); color: var(--ink);
  font: 15px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.5rem; } h2 { margin-top: 2.5rem; border-bottom: 1px solid var(--line); } h3 { margin-bottom: .3rem; }
p { max-width: 48rem; } p.where { color: var(--faint); font-size: .85rem; overflow-wrap: anywhere; }
.plots { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 26rem), 1fr)); gap: 1rem; }
figure { margin: 0; } .plots svg { width: 100%; max-width: 36rem; height: auto; }
.table { overflow-x: auto; } table { border-collapse: collapse; font-size: .85rem; font-variant-numeric: tabular-nums; }
th, td { padding: .2rem .6rem; border-bottom: 1px solid var(--line); text-align: left; white-space: nowrap; }
.right { text-align: right; }
nav a { margin-right: 1rem; } a { color: inherit; }
"""


def write_page(folder: Path, output: Path) -> None:
    """Writes the page of the records that are in the folder.

    Raises:
        BenchmarkError: there is no record, or matplotlib is not installed.
    """
    if importlib.util.find_spec("matplotlib") is None:
        raise BenchmarkError("plots need matplotlib: pip install 'dedup-stories[bench]'")
    records = {}
    for kind in SECTIONS:
        path = folder / f"{kind}.json"
        if path.exists():
            records[kind] = json.loads(path.read_text("utf-8"))
    if not records:
        raise BenchmarkError(f"{folder} has no record; python -m benchmarks all -o {folder} makes them")
    output.write_text(page(records), encoding="utf-8")


def page(records: dict[str, Record]) -> str:
    """The page of some records by kind."""
    links = "".join(f'<a href="#{kind}">{SECTIONS[kind]}</a>' for kind in SECTIONS if kind in records)
    sections = "".join(_section(kind, records) for kind in SECTIONS if kind in records)
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>Benchmarks of dedup</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n<h1>Benchmarks of dedup</h1>\n"
        "<p>Every engine does the same whole job, JSON lines in and clusters out, in fresh processes on the same "
        "cores, in random order. Beside each speed stands what was found and what was merged wrongly.</p>\n"
        f"<nav>{links}</nav>\n{sections}</body>\n</html>\n"
    )


def _section(kind: str, records: dict[str, Record]) -> str:
    drawn = "".join(f"<figure>{plot}</figure>\n" for plot in _plots(kind, records))
    figures = f'<div class="plots">\n{drawn}</div>\n' if drawn else ""
    tables = html_of(markdown(records[kind]))
    return f'<section>\n<h2 id="{kind}">{html.escape(SECTIONS[kind])}</h2>\n{figures}{tables}</section>\n'


def _plots(kind: str, records: dict[str, Record]) -> Iterator[str]:
    record = records[kind]
    if kind == "peers":
        yield plots.throughput_plot(record)
        yield plots.quality_plot(record, records.get("accuracy"))
        yield from (
            plots.kinds_plot(feed) for feed in record["feeds"] if any(entry["score"] for entry in feed["engines"])
        )
    elif kind == "throughput" and any(feed.get("stages") for feed in record["feeds"]):
        yield plots.stages_plot(record)
    elif kind == "scaling" and record["points"]:
        yield plots.scaling_plot(record)
    elif kind == "likeness":
        yield plots.likeness_plot(record)


def html_of(text: str) -> str:
    """Headings, tables, lists and paragraphs of the Markdown that this package writes, as HTML; all else is escaped."""
    blocks = [block.splitlines() for block in re.split(r"\n\s*\n", text.strip())]
    return "".join(_block(lines) for lines in blocks if lines)


def _block(lines: list[str]) -> str:
    if lines[0].startswith("#"):
        level = len(lines[0]) - len(lines[0].lstrip("#"))
        return f"<h{level}>{html.escape(lines[0].lstrip('# '))}</h{level}>\n{_block(lines[1:]) if lines[1:] else ''}"
    if len(lines) > 1 and re.fullmatch(r"\|[-:|\s]+\|", lines[1]):
        sides = ["right" if rule.strip().endswith(":") else "" for rule in _cells(lines[1])]
        head = _row("th", lines[0], sides)
        body = "".join(_row("td", line, sides) for line in lines[2:] if line.startswith("|"))
        after = [line for line in lines[2:] if not line.startswith("|")]
        table = f'<div class="table"><table><thead>{head}</thead><tbody>{body}</tbody></table></div>\n'
        return table + (_block(after) if after else "")
    if lines[0].lstrip().startswith(("- ", "1. ")):
        items = [html.escape(re.sub(r"^\s*(- |\d+\. )", "", line)) for line in lines]
        return f"<ul>{''.join(f'<li>{item}</li>' for item in items)}</ul>\n"
    about = ' class="where"' if "commit " in lines[-1] else ""
    return f"<p{about}>{html.escape(' '.join(lines))}</p>\n"


def _row(tag: str, line: str, sides: list[str]) -> str:
    cells = [
        f'<{tag} class="{side}">{html.escape(cell)}</{tag}>' if side else f"<{tag}>{html.escape(cell)}</{tag}>"
        for cell, side in zip(_cells(line), sides, strict=True)
    ]
    return f"<tr>{''.join(cells)}</tr>\n"


def _cells(line: str) -> list[str]:
    """What stands between the bars of a table's line."""
    return [cell.strip() for cell in line.strip().removeprefix("|").removesuffix("|").split("|")]
