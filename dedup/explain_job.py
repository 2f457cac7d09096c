"""The job of `dedup explain`: two stories of a feed, and why they are one or not, for a terminal, page or program."""

from __future__ import annotations

import dataclasses
import html
import json
import sys
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import pyarrow as pa

from dedup.boilerplate import Learning, describe_phrases, learn_if
from dedup.errors import SettingsError
from dedup.explain import Explanation, explain
from dedup.explain_view import print_explanation
from dedup.job import read_batches, say
from dedup.readers import ReadSettings, open_feeds
from dedup.settings import Settings, Strictness, parse_rule, parse_window
from dedup.warmup import run_batch, warm_up
from dedup.writers import check_outputs
from dedup.writers.outputs import STDOUT, open_output

_STYLE = """
:root { color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif }
body { max-width: 70rem; margin: 1rem auto; padding: 0 1rem }
.sides { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(18rem, 100%), 1fr)); gap: 1.5rem }
.side { min-width: 0; overflow-wrap: anywhere }
.side p { white-space: pre-line } header { opacity: .75 }
mark { color: inherit; background: #8bc34a55 } mark.number { background: #ff980066; font-weight: 600 }
mark.name { background: #42a5f566; font-weight: 600 }
table { border-collapse: collapse } th { text-align: left; font-weight: 400 } td { text-align: right }
th, td { padding: .1rem .8rem .1rem 0 }
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplainJob:
    """What the command was asked for, as it was asked."""

    feeds: list[str]
    left: str
    right: str
    as_json: bool = False
    page: str | None = None
    window: str = "72h"
    rule: str = "evidence"
    strictness: Strictness = "balanced"
    mapping: Mapping[str, str]
    on_error: Literal["stop", "skip"] = "stop"
    boilerplate: Learning = "learn"

    def run(self) -> Explanation:
        """Do it; the explanation goes to stdout, or as a page to a file.

        Raises:
            SettingsError: for options that cannot work, and for ids that no story, or more than one, has.
            FeedError: for a feed that cannot be read.
        """
        if self.left == self.right:
            raise SettingsError(f'"{self.left}" is named twice; name two stories')
        settings = Settings(window=parse_window(self.window), rule=parse_rule(self.rule), strictness=self.strictness)
        feeds = open_feeds(self.feeds, ReadSettings(mapping=self.mapping, on_error=self.on_error, notice=say))
        outputs = ([] if self.page is None else [self.page]) + [STDOUT] * (self.as_json or self.page is None)
        check_outputs(feeds, outputs)
        warm_up(say, _run_once)
        learned, batches = learn_if(self.boilerplate, read_batches(feeds), settings)
        settings = dataclasses.replace(settings, boilerplate=learned.boilerplate)
        one, other = find_stories(batches, (self.left, self.right))
        if learned.phrases:
            say(describe_phrases(learned))
        explanation = explain(one, other, settings)
        if self.page is not None:
            with open_output(self.page) as out:
                out.write(_page(explanation).encode("utf-8", "replace"))
        if self.as_json:
            with open_output(STDOUT) as out:
                out.write(json.dumps(explanation.to_dict(), ensure_ascii=False, indent=1).encode() + b"\n")
        elif self.page is None:
            print_explanation(explanation, sys.stdout)
        return explanation


def find_stories(batches: Iterable[pa.RecordBatch], names: Sequence[str]) -> list[dict[str, Any]]:
    """The stories of some ids, an undated one with the time of the story before it, as it is judged in the feed.

    Raises:
        SettingsError: no story has one of these ids, or several have.
    """
    found: dict[str, list[tuple[int, dict[str, Any]]]] = {name: [] for name in names}
    for number, story in enumerate(_stories(batches, found.keys()), 1):
        if story is not None:
            found[story["id"]].append((number, story))
    for name, stories in found.items():
        if not stories:
            raise SettingsError(f'no story has the id "{name}"; ids are those that --clusters of dedup run writes')
        if len(stories) > 1:
            rows = ", ".join(f"{number:,}" for number, _ in stories)
            raise SettingsError(f'{len(stories)} stories have the id "{name}", in rows {rows}; which one is meant?')
    return [found[name][0][1] for name in names]


def _stories(batches: Iterable[pa.RecordBatch], wanted: Collection[str]) -> Iterator[dict[str, Any] | None]:
    """Each story if it is wanted by its id, else None."""
    last = None
    for batch in batches:
        times = batch.column("published")
        for row, name in enumerate(batch.column("id").to_pylist()):
            last = times[row].as_py() if times[row].is_valid else last
            yield {**batch.slice(row, 1).to_pylist()[0], "published": last} if name in wanted else None


def _run_once(stories: pa.RecordBatch) -> None:
    """All of the job that is compiled, on a few stories."""
    run_batch(stories)
    explain(*stories.to_pylist()[:2])


def _page(explanation: Explanation) -> str:
    names = " · ".join(html.escape(side.id) for side in explanation.sides)
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{names}: {explanation.verdict}</title><style>{_STYLE}</style></head>"
        f"<body><main>{explanation.to_html()}</main></body></html>\n"
    )
