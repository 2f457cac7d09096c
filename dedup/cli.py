"""The command line: parse, call, print."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from dedup import __version__
from dedup.errors import DedupError, SettingsError, one_line
from dedup.interrupts import stopped_code

app = typer.Typer(
    name="dedup",
    help="Find the copies and variants of a news story, keep one, merge nothing that differs.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


@contextmanager
def exit_codes() -> Iterator[None]:
    """Turn what this package raises on purpose into one line on stderr and an exit code."""
    try:
        yield
    except DedupError as exc:
        typer.echo(one_line(f"dedup: {exc}"), err=True)
        raise typer.Exit(exc.exit_code) from exc
    except BrokenPipeError:
        sys.stderr.close()  # the reader has gone, and Python would complain about it once more at exit
        raise typer.Exit(1) from None
    except OSError as exc:
        typer.echo(one_line(f"dedup: {exc.filename or 'input or output'}: {exc.strerror or exc}"), err=True)
        raise typer.Exit(1) from exc
    except MemoryError as exc:
        typer.echo("dedup: not enough memory; dedup run takes less of it with --memory, say 1GB", err=True)
        raise typer.Exit(1) from exc
    except KeyboardInterrupt:
        typer.echo("dedup: stopped; no file is left half written", err=True)
        raise typer.Exit(stopped_code()) from None


def _start(*feeds: str) -> None:
    """Import what all jobs take, without what none of them does, and make room for the stories of feeds."""
    from dedup.startup import import_lean

    import_lean(feeds)


def _leave_uncompiled(feeds: list[str]) -> bool:
    from dedup.startup import leave_uncompiled

    return leave_uncompiled(feeds)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"dedup {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Find the copies and variants of a news story, keep one, merge nothing that differs."""


FEEDS = Annotated[
    list[str], typer.Argument(metavar="FEED...", help="Files, globs, folders, addresses, or - for stdin.")
]
MAPPING = Annotated[
    list[str] | None, typer.Option("--map", metavar="ROLE=FIELD", help="Read a role, say title, from a field or path.")
]
ON_ERROR = Annotated[Literal["stop", "skip"], typer.Option(help="What a row that cannot be read does.")]
REJECTS = Annotated[str | None, typer.Option(help="Write skipped rows here, with file, line and reason.")]
WINDOW = Annotated[str, typer.Option(help="Longest time from a cluster's first story to another: 72h, 3d, none.")]
RULE = Annotated[str, typer.Option(help="evidence, or jaccard=T for the classical rule.")]
STRICTNESS = Annotated[
    Literal["strict", "balanced", "loose"], typer.Option(help="How sure the evidence must be to merge two stories.")
]
BOILERPLATE = Annotated[
    Literal["learn", "off"], typer.Option(help="Whether phrases that a source repeats from story to story count.")
]


@app.command()
def run(
    feeds: FEEDS,
    output: Annotated[
        str, typer.Option("-o", "--output", help="Where the kept rows go; the name says the format.")
    ] = "-",
    clusters: Annotated[
        str | None, typer.Option(help="Write one line a story: cluster, verdict, score (.jsonl or .parquet).")
    ] = None,
    report: Annotated[
        str | None, typer.Option(metavar="FILE.html", help="Write one page to look at: plots, clusters, differences.")
    ] = None,
    window: WINDOW = "72h",
    keep: Annotated[str, typer.Option(help="Which story is kept: earliest, longest, source:NAME,NAME.")] = "earliest",
    rule: RULE = "evidence",
    strictness: STRICTNESS = "balanced",
    mapping: MAPPING = None,
    on_error: ON_ERROR = "stop",
    rejects: REJECTS = None,
    boilerplate: BOILERPLATE = "learn",
    threads: Annotated[int | None, typer.Option(help="Threads that hash; one a core by default.")] = None,
    memory: Annotated[
        str | None,
        typer.Option(help="Most to take, 256MB or more, before files are used; a quarter of the machine's by default."),
    ] = None,
    engine: Annotated[
        Literal["local", "spark"], typer.Option(help="spark: on a cluster; outputs are then folders of Parquet.")
    ] = "local",
    work_dir: Annotated[
        str | None, typer.Option(help="A new folder that all executors of Spark reach, for its stages.")
    ] = None,
) -> None:
    """Keep one story of each: read feeds, find copies and variants, write the rows that are kept."""
    with exit_codes():
        uncompiled = engine == "local" and _leave_uncompiled(feeds)
        _start(*(feeds if engine == "local" and memory is None else ()))
        make = _job_of(engine, work_dir)
        job = make(
            feeds=feeds,
            output=output,
            clusters=clusters,
            report=report,
            window=window,
            keep=keep,
            rule=rule,
            strictness=strictness,
            mapping=_parse_mapping(mapping or []),
            on_error=on_error,
            rejects=rejects,
            boilerplate=boilerplate,
            threads=threads,
            memory=memory,
        )
        job.run()
        if uncompiled:
            _compile_later()


def _compile_later() -> None:
    """Have what was not waited for ready for larger feeds, and say so."""
    from dedup.job import say
    from dedup.startup import compile_later

    later = "they are compiled in the background now" if compile_later() else "a larger feed will compile them"
    say(f"feeds this small are read without compiled kernels, slowly, until there are some; {later}")


def _job_of(engine: str, work_dir: str | None) -> Callable[..., Any]:
    """What makes the job of an engine of the other options."""
    if engine == "spark":
        from dedup.spark.job import SparkJob

        return partial(SparkJob, work_dir=work_dir)
    if work_dir is not None:
        raise SettingsError("--work-dir is for --engine spark")
    from dedup.job import Job

    return Job


STORE = Annotated[str, typer.Option(metavar="URL", help="sqlite:///path.db, redis://..., postgresql://...")]
INDEX_WINDOW = Annotated[
    str | None, typer.Option(help="Longest time from a cluster's first story: 72h, 3d. As the index was made.")
]
INDEX_KEEP = Annotated[
    str | None, typer.Option(help="Which story a cluster shows: earliest, longest, source:NAME,NAME.")
]
INDEX_RULE = Annotated[str | None, typer.Option(help="evidence, or jaccard=T for the classical rule.")]
INDEX_STRICTNESS = Annotated[
    Literal["strict", "balanced", "loose"] | None, typer.Option(help="How sure the evidence must be.")
]
NO_TEXT = Annotated[bool, typer.Option("--no-text", help="Keep no texts in the store; it cannot be rebuilt then.")]


@app.command()
def ingest(
    feeds: FEEDS,
    store: STORE = "sqlite:///stories.db",
    output: Annotated[
        str, typer.Option("-o", "--output", help="Where the rows of new stories go; the name says the format.")
    ] = "-",
    decisions: Annotated[str | None, typer.Option(help="Write what was decided on every story here (.jsonl).")] = None,
    window: INDEX_WINDOW = None,
    keep: INDEX_KEEP = None,
    rule: INDEX_RULE = None,
    strictness: INDEX_STRICTNESS = None,
    mapping: MAPPING = None,
    on_error: ON_ERROR = "stop",
    rejects: REJECTS = None,
    boilerplate: BOILERPLATE = "learn",
    no_text: NO_TEXT = False,
    after: Annotated[
        int | None, typer.Option(help="Also write new stories already in the store, behind this position of its log.")
    ] = None,
) -> None:
    """Keep the stories of feeds in a store, and write the rows of those that it did not have: for cron."""
    with exit_codes():
        _start()
        from dedup.ingest import IndexOptions, Ingest

        Ingest(
            feeds=feeds,
            store=store,
            options=IndexOptions(window=window, keep=keep, rule=rule, strictness=strictness, boilerplate=boilerplate),
            output=output,
            decisions=decisions,
            mapping=_parse_mapping(mapping or []),
            on_error=on_error,
            rejects=rejects,
            texts=not no_text,
            after=after,
        ).run()


@app.command()
def similar(
    feeds: FEEDS,
    output: Annotated[str, typer.Option("-o", "--output", help="Where the lines go, one a story (.jsonl).")] = "-",
    top: Annotated[int, typer.Option(help="Most similar stories to name for each, 1 to 100.")] = 10,
    window: WINDOW = "72h",
    mapping: MAPPING = None,
    on_error: ON_ERROR = "stop",
    rejects: REJECTS = None,
    boilerplate: BOILERPLATE = "learn",
) -> None:
    """Name for every story the others on the same event, best first, copies of one story only once."""
    with exit_codes():
        _start()
        from dedup.similar_job import SimilarJob

        SimilarJob(
            feeds=feeds,
            output=output,
            top=top,
            window=window,
            mapping=_parse_mapping(mapping or []),
            on_error=on_error,
            rejects=rejects,
            boilerplate=boilerplate,
        ).run()


@app.command()
def explain(
    feeds: FEEDS,
    left: Annotated[str, typer.Argument(metavar="A", help="The id of a story.")],
    right: Annotated[str, typer.Argument(metavar="B", help="The id of another.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print it for a program.")] = False,
    page: Annotated[str | None, typer.Option("--html", metavar="FILE", help="Write it as a page.")] = None,
    window: WINDOW = "72h",
    rule: RULE = "evidence",
    strictness: STRICTNESS = "balanced",
    mapping: MAPPING = None,
    on_error: ON_ERROR = "stop",
    boilerplate: BOILERPLATE = "learn",
) -> None:
    """Say why two stories of a feed are one or are not: what was measured, how it weighs, the texts side by side."""
    with exit_codes():
        _start()
        from dedup.explain_job import ExplainJob

        ExplainJob(
            feeds=feeds,
            left=left,
            right=right,
            as_json=as_json,
            page=page,
            window=window,
            rule=rule,
            strictness=strictness,
            mapping=_parse_mapping(mapping or []),
            on_error=on_error,
            boilerplate=boilerplate,
        ).run()


@app.command()
def info(store: STORE = "sqlite:///stories.db") -> None:
    """Say what a store holds: settings, stories, bytes, dates."""
    with exit_codes():
        from dedup.ingest import describe_store

        for line in describe_store(store):
            typer.echo(line)


@app.command()
def expire(
    store: STORE = "sqlite:///stories.db",
    before: Annotated[
        str | None, typer.Option(metavar="DATE|AGE", help="Only clusters that began before: 2026-01-31, or 30d (ago).")
    ] = None,
) -> None:
    """Drop the stories that no later one can be a duplicate of: for cron, behind ingest."""
    with exit_codes():
        from dedup.ingest import expire_store

        for line in expire_store(store, before):
            typer.echo(line)


@app.command()
def rebuild(
    into: Annotated[str, typer.Option(metavar="URL", help="The store for the new index.")],
    store: STORE = "sqlite:///stories.db",
    window: INDEX_WINDOW = None,
    keep: INDEX_KEEP = None,
    rule: INDEX_RULE = None,
    strictness: INDEX_STRICTNESS = None,
    boilerplate: BOILERPLATE = "learn",
    no_text: NO_TEXT = False,
) -> None:
    """Decide the stories of a store again, with other settings or by a new release, into another store."""
    with exit_codes():
        from dedup.ingest import IndexOptions, rebuild_store

        options = IndexOptions(window=window, keep=keep, rule=rule, strictness=strictness, boilerplate=boilerplate)
        for line in rebuild_store(store, into, options, texts=not no_text):
            typer.echo(line)


@app.command()
def serve(
    store: STORE = "sqlite:///stories.db",
    host: Annotated[str, typer.Option(help="Where to listen; past this machine it takes an API key.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="0 for any that is free.")] = 8080,
    api_key_file: Annotated[
        Path | None, typer.Option(help="File with the key that callers must show; or DEDUP_API_KEY.")
    ] = None,
    miniflux_secret_file: Annotated[
        Path | None, typer.Option(help="File with the secret of Miniflux's webhook; or DEDUP_MINIFLUX_SECRET.")
    ] = None,
    most_bytes: Annotated[int, typer.Option(help="Longest body of a request.")] = 8 << 20,
    most_stories: Annotated[int, typer.Option(help="Most stories in one request.")] = 1000,
    latest: Annotated[int, typer.Option(help="Stories on the wall, the latest; 1 KB of memory each.")] = 20_000,
    window: INDEX_WINDOW = None,
    keep: INDEX_KEEP = None,
    rule: INDEX_RULE = None,
    strictness: INDEX_STRICTNESS = None,
    no_text: NO_TEXT = False,
) -> None:
    """Serve an index over HTTP: an API, a webhook for Miniflux, and the wall of stories to look at."""
    with exit_codes():
        from dedup.serve.options import KEY_VARIABLE, MINIFLUX_VARIABLE, ServeOptions, read_secret

        options = ServeOptions(
            host=host,
            port=port,
            key=read_secret(api_key_file, KEY_VARIABLE),
            miniflux_secret=read_secret(miniflux_secret_file, MINIFLUX_VARIABLE),
            most_bytes=most_bytes,
            most_stories=most_stories,
            latest=latest,
        )
        _start()
        from dedup.ingest import IndexOptions

        try:
            from dedup.serve.server import Serve
        except ModuleNotFoundError as exc:
            raise SettingsError(f"serving takes {exc.name}: pip install 'dedup-stories[serve]'") from exc
        index = IndexOptions(window=window, keep=keep, rule=rule, strictness=strictness)
        Serve(store=store, index=index, options=options, texts=not no_text).run()


@app.command()
def feedback(
    store: STORE = "sqlite:///stories.db",
    output: Annotated[str, typer.Option("-o", "--output", help="Where the judged pairs go (.jsonl).")] = "-",
) -> None:
    """Write what people said of pairs of stories, "the same" or not, as JSON lines."""
    with exit_codes():
        from dedup.feedback import export_feedback
        from dedup.job import say

        say(f"{export_feedback(store, output):,} judged pairs")


def _parse_mapping(pairs: list[str]) -> dict[str, str]:
    mapping = {}
    for pair in pairs:
        role, sign, name = pair.partition("=")
        if not (role.strip() and sign and name.strip()):
            raise SettingsError(f'--map takes ROLE=FIELD such as title=headline, got "{pair}"')
        mapping[role.strip()] = name.strip()
    return mapping
