"""`python -m benchmarks all`, or one of its parts; `python -m benchmarks --help` lists them."""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks.accuracy import accuracy_record, evaluate, largest_clusters
from benchmarks.accuracy_tables import titles_text
from benchmarks.compare import RATIO_SLACK, compare, read_record
from benchmarks.events import FeedSettings, unmet_copies
from benchmarks.everyday import everyday
from benchmarks.everything import PARTS, FullRun
from benchmarks.feed import SHAPES
from benchmarks.fit import fit, table, write
from benchmarks.floors import Floors, RegressionError
from benchmarks.labelled import Folder
from benchmarks.likeness import likeness_record
from benchmarks.measure import BenchmarkError
from benchmarks.online import online_record
from benchmarks.page import RECORDS, write_page
from benchmarks.scaling import SIZES, scaling_record
from benchmarks.serving import serving_record
from benchmarks.tables import markdown
from benchmarks.throughput import DEFAULT_SLICES, ENGINES, NEEDS, OWN, throughput_record
from dedup import DedupError

WORDS = "about the mean of title and text: 11 make 9.5, 12 13.6, 43 42, 400 372; 11 or fewer: titles only"


def feed_command(chosen: argparse.Namespace) -> None:
    """Writes a synthetic feed."""
    settings = FeedSettings(stories=chosen.stories, words=chosen.words, seed=chosen.seed)
    if chosen.shape == "news":  # the other shapes have neither shares nor a pace
        settings = replace(settings, duplicates=chosen.duplicates, lookalikes=chosen.lookalikes, per_day=chosen.per_day)
    begin = time.perf_counter()
    SHAPES[chosen.shape](settings, chosen.output, chosen.truth)
    seconds = time.perf_counter() - begin
    print(
        f"{settings.stories:,} stories in {seconds:.1f} s, {settings.stories / seconds:,.0f} a second", file=sys.stderr
    )
    unmet = unmet_copies(settings) if chosen.shape == "news" else 0
    if unmet:
        print(f"{unmet:,} of the copies asked for are originals: none is at most 24 hours older", file=sys.stderr)


def throughput_command(chosen: argparse.Namespace) -> None:
    """Measures this project by itself, stage by stage, on feeds made for it."""
    with tempfile.TemporaryDirectory(dir=chosen.folder) as folder:
        record = throughput_record(
            chosen.stories, chosen.words, OWN, chosen.repeats, chosen.seed, Path(folder), stages=True
        )
    _report(record, chosen.output)


def peers_command(chosen: argparse.Namespace) -> None:
    """Measures everybody on the same feeds."""
    slices, interpreters = {**DEFAULT_SLICES, **dict(chosen.slice)}, dict(chosen.python)
    with tempfile.TemporaryDirectory(dir=chosen.folder) as folder:
        record = throughput_record(
            chosen.stories,
            chosen.words,
            chosen.engines,
            chosen.repeats,
            chosen.seed,
            Path(folder),
            slices,
            interpreters=interpreters,
        )
    _report(record, chosen.output)


def all_command(chosen: argparse.Namespace) -> int:
    """Makes every record, then the page; returns the exit code."""
    failed = FullRun(
        records=chosen.output,
        parts=chosen.parts,
        data=chosen.data,
        scale=chosen.scale,
        repeats=chosen.repeats,
        seed=chosen.seed,
        folder=chosen.folder,
        interpreters=dict(chosen.python),
        again=chosen.again,
    ).run()
    write_page(chosen.output, chosen.output / "index.html")
    print(f"benchmarks: {chosen.output / 'index.html'}", file=sys.stderr)
    for part in failed:
        print(f"benchmarks: {part} failed; the same command takes it up again", file=sys.stderr)
    return 1 if failed else 0


def page_command(chosen: argparse.Namespace) -> None:
    """Writes the page of the records of a folder."""
    write_page(chosen.records, chosen.output)


def compare_command(chosen: argparse.Namespace) -> int:
    """Compares two records; returns the exit code."""
    worse, all_figures = compare(read_record(chosen.before), read_record(chosen.after), chosen.slack)
    for line in all_figures if chosen.all else worse:
        print(f"worse: {line}" if line in worse else line)
    print(f"benchmarks: {len(all_figures)} figures compared, {len(worse)} worse", file=sys.stderr)
    return 1 if worse else 0


def scaling_command(chosen: argparse.Namespace) -> None:
    """Measures growth of time and memory."""
    with tempfile.TemporaryDirectory(dir=chosen.folder) as folder:
        record = scaling_record(
            chosen.sizes,
            chosen.words,
            chosen.shape,
            chosen.repeats,
            chosen.seed,
            Path(folder),
            chosen.engine,
            keep=lambda record: _keep(record, chosen.output),
        )
    _report(record, chosen.output)


def online_command(chosen: argparse.Namespace) -> None:
    """Measures the story index."""
    with tempfile.TemporaryDirectory(dir=chosen.folder) as folder:
        record = online_record(
            chosen.stories, chosen.large, chosen.repeats, chosen.seed, Path(folder), chosen.redis, chosen.postgres
        )
    _report(record, chosen.output)


def serve_command(chosen: argparse.Namespace) -> None:
    """Measures the server."""
    with tempfile.TemporaryDirectory(dir=chosen.folder) as folder:
        record = serving_record(chosen.stories, chosen.rate, chosen.seconds, chosen.words, chosen.seed, Path(folder))
    _report(record, chosen.output)


def accuracy_command(chosen: argparse.Namespace) -> int:
    """Measures what is found on real labelled feeds, or holds it against the floors; returns the exit code."""
    if chosen.allow_regression and not chosen.update:
        raise ValueError("--allow-regression goes with --update")
    folder = Folder(chosen.data)
    if chosen.check or chosen.update:
        return _hold_floors(folder, chosen.update, chosen.allow_regression)
    if chosen.titles:
        for feed, clusters in largest_clusters(folder, chosen.titles):
            print(titles_text(feed, clusters))
        return 0
    _report(accuracy_record(folder), chosen.output)
    return 0


def _hold_floors(folder: Folder, update: bool, allow_regression: bool) -> int:
    """Checks the floors, or raises them; says what does not hold, a line each."""
    floors, figures, digests = Floors.read(), evaluate(folder), folder.digests()
    for file in folder.skipped():
        print(f"benchmarks: {file} is not there, its floors are passed over", file=sys.stderr)
    if update:
        try:
            floors.updated(figures, digests, allow_regression).write()
        except RegressionError as problem:
            lines = problem.lines
            print("benchmarks: floors are not lowered without --allow-regression", file=sys.stderr)
        else:
            return 0
    else:
        lines = floors.violations(figures, digests)
    for line in lines:
        print(line)
    return 1 if lines else 0


def likeness_command(chosen: argparse.Namespace) -> None:
    """Measures how alike the true pairs of feeds are, beside judged pairs."""
    with tempfile.TemporaryDirectory(dir=chosen.folder) as folder:
        record = likeness_record(Folder(chosen.data), chosen.stories, chosen.seed, Path(folder))
    _report(record, chosen.output)


def fit_command(chosen: argparse.Namespace) -> None:
    """Fits the verdict model."""
    model = fit(chosen.data)
    print(table(model))
    if chosen.output:
        write(model, chosen.output)


def everyday_command(chosen: argparse.Namespace) -> None:
    """Counts everyday words."""
    chosen.output.write_text("".join(f"{word}\n" for word in everyday(Folder(chosen.data))), "utf-8")


def _report(record: dict[str, Any], output: Path | None) -> None:
    """Tables to standard output; the record, when asked for, to a file."""
    print(markdown(record))
    _keep(record, output)


def _keep(record: dict[str, Any], output: Path | None) -> None:
    """The record to a file, when one is asked for."""
    if output:
        output.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")


def _interpreter(text: str) -> tuple[str, str]:
    engine, _, python = text.partition("=")
    if engine not in NEEDS or not Path(python).is_file():
        raise argparse.ArgumentTypeError(f"write ENGINE=PATH of the Python that has it, not {text!r}")
    return engine, python


def _slice(text: str) -> tuple[str, int]:
    engine, _, stories = text.partition("=")
    if engine not in ENGINES or not stories.isdigit() or int(stories) < 1:
        raise argparse.ArgumentTypeError(f"write ENGINE=STORIES, such as datasketch=20000, not {text!r}")
    return engine, int(stories)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Synthetic feeds and measurements.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    feed = commands.add_parser("feed", help="write a synthetic feed and its truth")
    feed.set_defaults(run=feed_command)
    feed.add_argument("--stories", type=int, default=100_000)
    feed.add_argument("--words", type=int, default=43, help=WORDS)
    feed.add_argument("--duplicates", type=float, default=0.3, help="share of copies of stories of the last 24 hours")
    feed.add_argument(
        "--lookalikes", type=float, default=0.05, help="share of stories that only look alike; with copies at most 0.95"
    )
    feed.add_argument("--per-day", type=int, default=100_000, help="stories a day of publication time")
    feed.add_argument(
        "--shape", choices=sorted(SHAPES), default="news", help="those but news pass over shares and --per-day"
    )
    feed.add_argument("-o", "--output", type=Path, required=True, help="feed to write, JSON lines")
    feed.add_argument("--truth", type=Path, help="truth to write, JSON lines: id, cluster, event, kind")

    throughput = commands.add_parser("throughput", help="dedup by itself: speed and memory, whole and stage by stage")
    throughput.set_defaults(run=throughput_command)
    throughput.add_argument(
        "--stories", type=int, nargs="+", default=[300_000, 100_000], help="of each feed, or of all"
    )

    peers = commands.add_parser("peers", help="dedup and other libraries: speed, memory, precision and recall")
    peers.set_defaults(run=peers_command)
    peers.add_argument("--stories", type=int, nargs="+", default=[100_000, 30_000], help="of each feed, or of all")
    peers.add_argument("--engines", nargs="+", choices=ENGINES, default=list(ENGINES))
    peers.add_argument(
        "--slice", type=_slice, nargs="*", default=[], metavar="ENGINE=STORIES", help="give an engine only the first"
    )

    everything = commands.add_parser("all", help="the full set, part by part, and a page; goes on where it stopped")
    everything.set_defaults(run=all_command)
    everything.add_argument("-o", "--output", type=Path, default=RECORDS, help="folder of the records and the page")
    everything.add_argument("--parts", nargs="+", choices=PARTS, default=list(PARTS))
    everything.add_argument(
        "--scale", type=float, default=1.0, help="of all numbers of stories, such as 0.01 for a try"
    )
    everything.add_argument("--again", action="store_true", help="make records anew that are there")
    for command in (peers, everything):
        command.add_argument(
            "--python",
            type=_interpreter,
            nargs="*",
            default=[],
            metavar="ENGINE=PATH",
            help="the Python that has an engine which does not get on with the others",
        )

    page = commands.add_parser("page", help="the records of a folder as one HTML page")
    page.set_defaults(run=page_command)
    page.add_argument("records", type=Path, nargs="?", default=RECORDS)
    page.add_argument("-o", "--output", type=Path, default=RECORDS / "index.html")

    comparing = commands.add_parser(
        "compare", help="exit code 1 if a record is worse than another, by ratios and quality"
    )
    comparing.set_defaults(run=compare_command)
    comparing.add_argument("before", type=Path)
    comparing.add_argument("after", type=Path)
    comparing.add_argument(
        "--slack", type=float, default=RATIO_SLACK, help="share by which ratios of times may be worse"
    )
    comparing.add_argument("--all", action="store_true", help="print all figures, not only those that got worse")

    likeness = commands.add_parser("likeness", help="how alike synthetic true pairs are, beside judged real ones")
    likeness.set_defaults(run=likeness_command)
    likeness.add_argument("--stories", type=int, default=20_000, help="of each feed")

    online = commands.add_parser("online", help="the story index: one by one, many, several workers, restart, memory")
    online.set_defaults(run=online_command)
    online.add_argument("--stories", type=int, default=100_000, help="of add_many; the others get a quarter")
    online.add_argument("--large", type=int, default=1_000_000, help="stories of the window to restart; 0 for none")
    online.add_argument("--redis", metavar="URL", help="an empty server to use, redis://host:6379/0")
    online.add_argument("--postgres", metavar="URL", help="an empty database to use, postgresql://user@host/database")

    serving = commands.add_parser("serve", help="the server on loopback: batches, and single stories at a steady pace")
    serving.set_defaults(run=serve_command)
    serving.add_argument("--stories", type=int, default=50_000, help="in batches of 100")
    serving.add_argument("--rate", type=float, default=200.0, help="single stories a second")
    serving.add_argument("--seconds", type=float, default=30.0, help="of single stories")
    serving.add_argument("--words", type=int, default=43)

    scaling = commands.add_parser("scaling", help="time and memory as feeds grow")
    scaling.set_defaults(run=scaling_command)
    scaling.add_argument("--sizes", type=int, nargs="+", default=list(SIZES))
    scaling.add_argument("--words", type=int, default=43)
    scaling.add_argument("--shape", choices=sorted(SHAPES), default="news")
    scaling.add_argument("--engine", choices=ENGINES, default="dedup")

    accuracy = commands.add_parser("accuracy", help="what is found and wrongly merged on real labelled feeds")
    accuracy.set_defaults(run=accuracy_command)
    what = accuracy.add_mutually_exclusive_group()
    what.add_argument(
        "--titles", type=int, default=0, metavar="N", help="only print, to read, the titles of the N largest clusters"
    )
    what.add_argument("--check", action="store_true", help="only hold the figures against floors.json; 1 if one fell")
    what.add_argument("--update", action="store_true", help="only raise the floors to the figures of now")
    accuracy.add_argument("--allow-regression", action="store_true", help="with --update: lower floors as well")

    words = commands.add_parser("everyday", help="count the words that English has small letters for")
    words.set_defaults(run=everyday_command)
    words.add_argument("--data", type=Path, required=True, help="folder of the labelled feeds")
    words.add_argument("-o", "--output", type=Path, required=True, help="dedup/everyday.txt is the one in use")

    fitting = commands.add_parser("fit", help="fit the verdict model on labelled pairs")
    fitting.set_defaults(run=fit_command)
    fitting.add_argument("--data", type=Path, required=True, help="folder of the labelled feeds")
    fitting.add_argument("-o", "--output", type=Path, help="model to write; dedup/model.json is the one in use")

    known = os.environ.get("DEDUP_DATA")
    for command in (accuracy, likeness, everything):
        command.add_argument(
            "--data", type=Path, default=Path(known) if known else None, help="folder of labelled feeds, or $DEDUP_DATA"
        )
    for command in (throughput, peers):
        command.add_argument("--words", type=int, nargs="+", default=[43, 400], help="one feed each")
    serving.add_argument("--folder", type=Path, help="where feed and store go meanwhile; the system's by default")
    for command, repeats in ((throughput, 3), (peers, 3), (online, 3), (everything, 3), (scaling, 1)):
        command.add_argument("--repeats", type=int, default=repeats)
    for command in (throughput, peers, online, everything, scaling, likeness):
        command.add_argument("--folder", type=Path, help="where feeds go meanwhile; the system's by default")
    for command in (throughput, peers, online, serving, scaling, accuracy, likeness):
        command.add_argument("-o", "--output", type=Path, help="JSON record to write")
    for command in (feed, throughput, peers, online, serving, everything, scaling, likeness):
        command.add_argument("--seed", type=int, default=0)
    return parser


def main(arguments: list[str]) -> int:
    """Runs one command; returns the exit code."""
    chosen = _parser().parse_args(arguments)
    try:
        code: int | None = chosen.run(chosen)
    except (BenchmarkError, DedupError, ValueError, OSError) as problem:
        print(f"benchmarks: {problem}", file=sys.stderr)
        return 2 if isinstance(problem, ValueError) else 1
    return code or 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
