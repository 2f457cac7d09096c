"""Records as Markdown tables."""

from __future__ import annotations

from typing import Any

from benchmarks.accuracy_tables import accuracy_tables
from benchmarks.likeness import likeness_table
from benchmarks.online import online_table
from benchmarks.scoring import LABELS
from benchmarks.serving import serving_table

Record = dict[str, Any]
"""What `throughput_record` and its like give, also when read back from JSON."""


def markdown(record: Record) -> str:
    """The tables of a record, with the machine and settings they hold for."""
    if record["benchmark"] == "accuracy":
        return accuracy_tables(record)
    if record["benchmark"] == "likeness":
        return f"{likeness_table(record)}\n{_provenance(record)}\n"
    tables = {
        "throughput": _throughput,
        "peers": _throughput,
        "scaling": _scaling,
        "online": online_table,
        "serve": serving_table,
    }
    body = tables[record["benchmark"]](record)
    return f"{body}\n{_provenance(record)}\n"


def _throughput(record: Record) -> str:
    return "\n".join(_one_feed(feed) for feed in record["feeds"])


def _one_feed(feed: Record) -> str:
    settings, engines = feed["feed"], feed["engines"]
    lines = [
        f"### {settings['words']}-word stories",
        "",
        "| engine | stories | seconds | CPU s | peak MB | stories/s | MB/s | times the parse | precision | recall |",
        "|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for entry in engines:
        times_parse = 1 / entry["times_as_fast_as"]["orjson"] if "orjson" in entry["times_as_fast_as"] else None
        score = entry["score"] or {}
        cells = [
            entry["engine"],
            f"{entry['stories']:,}",
            _spread(entry["wall_seconds"]),
            f"{entry['cpu_seconds']['median']:.1f}",
            _number(entry["peak_bytes"] and entry["peak_bytes"] / 1e6, ",.0f"),
            f"{entry['stories_per_second']:,.0f}",
            f"{entry['megabytes_per_second']:.1f}",
            _number(times_parse, ".1f"),
            _number(score.get("precision"), ".3f"),
            _number(score.get("recall"), ".3f"),
        ]
        lines.append(f"| {' | '.join(cells)} |")
    lines += ["", *_footnotes(feed), *_stages_table(feed)]
    return "\n".join(lines)


def _footnotes(feed: Record) -> list[str]:
    """Speed ratios of dedup, who got a smaller slice, who makes no clusters, and who was missing."""
    engines = {entry["engine"]: entry for entry in feed["engines"]}
    lines = []
    if "dedup" in engines:
        ratios = engines["dedup"]["times_as_fast_as"].items()
        told = ", ".join(
            f"{ratio:.1f} times {name}" for name, ratio in ratios if not name.startswith(("orjson", "dedup"))
        )
        if told:
            lines.append(f"dedup is as fast as {told}, by stories a second.")
    short = [name for name, entry in engines.items() if entry["stories"] < feed["feed"]["stories"]]
    if short:
        lines.append(
            f"{', '.join(short)}: the first stories of the same feed only; time a story is flat or rises with size, "
            "so this does not flatter the others' speed. Precision falls as more look-alikes meet, so a smaller "
            "slice flatters its own: hence precision and recall on equal slices as well."
        )
        lines += _equal_slices(engines)
    if "rensa-flags" in engines:
        lines.append("rensa-flags only says which stories have some duplicate; it makes no clusters.")
    if "spark" in engines:
        lines.append("spark: memory is that of its Java and Python workers, which is not measured.")
    lines += [f"{name} did not run: {why}" for name, why in feed["missing"].items()]
    return [line + "\n" for line in lines] + _kinds_table(engines)


def _equal_slices(engines: dict[str, Record]) -> list[str]:
    """Precision and recall of all over the stories that every one of them got; records of before have none."""
    told = {name: score for name, entry in engines.items() if (score := entry.get("score_on_equal_slices"))}
    if not told:
        return []
    rates = (
        f"{name} {_number(score['precision'], '.3f')} / {_number(score['recall'], '.3f')}"
        for name, score in told.items()
    )
    return [f"Precision / recall over the first {min(s['stories'] for s in told.values()):,}: {', '.join(rates)}."]


def _kinds_table(engines: dict[str, Record]) -> list[str]:
    """Recall by kind of edit and false merges by kind of look-alike, one column an engine."""
    scored = {name: entry["score"] for name, entry in engines.items() if entry["score"]}
    if not scored:
        return []
    lines = [f"| | {' | '.join(scored)} |", f"|---|{'---:|' * len(scored)}"]
    parts = (("recall_by_edit", "found: "), ("false_merges_by_lookalike", "wrongly merged: "))
    for part, label in parts:
        kinds = dict.fromkeys(kind for score in scored.values() for kind in score[part])
        for kind in kinds:
            cells = [_number(score[part].get(kind), ".2f") for score in scored.values()]
            lines.append(f"| {label}{LABELS[kind]} | {' | '.join(cells)} |")
    return [*lines, ""]


def _stages_table(feed: Record) -> list[str]:
    """CPU time by stage, and how it compares with parsing the feed and doing nothing else."""
    stages = feed.get("stages")
    if not stages:
        return []
    parsing = next((entry for entry in feed["engines"] if entry["engine"] == "orjson"), None)
    whole, stories = sum(stages.values()), feed["feed"]["stories"]
    lines = ["| stage | CPU s | share | stories/s of CPU | times the parse |", "|---|---:|---:|---:|---:|"]
    for name, seconds in [*stages.items(), ("all", whole)]:
        times = seconds / parsing["cpu_seconds"]["median"] if parsing else None
        cells = [
            f"{seconds:.2f}",
            f"{seconds / whole:.0%}",
            f"{stories / max(seconds, 1e-6):,.0f}",
            _number(times, ".1f"),
        ]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return [*lines, ""]


def _scaling(record: Record) -> str:
    feed = record["feed"]
    lines = [
        f"### {record['engine']} on feeds of shape {feed['shape']}, {feed['words']} words",
        "",
        "| stories | seconds | CPU s | peak MB | stories/s | time when stories double |",
        "|---:|---:|---:|---:|---:|---:|",
    ]
    for point in record["points"]:
        cells = [
            f"{point['stories']:,}",
            _spread(point["wall_seconds"]),
            f"{point['cpu_seconds']['median']:.1f}",
            f"{point['peak_bytes'] / 1e6:,.0f}",
            f"{point['stories_per_second']:,.0f}",
            _number(point["growth"] and point["growth"]["per_doubling"], ".2f"),
        ]
        lines.append(f"| {' | '.join(cells)} |")
    if record.get("slopes"):
        ahead = record["projection"]
        lines += [
            "",
            f"Slope on log-log axes: {record['slopes']['seconds']:.2f} of time, {record['slopes']['bytes']:.2f} of "
            f"memory. Going on as between the last two sizes, {ahead['stories']:,} stories would take "
            f"{ahead['seconds'] / 60:,.0f} minutes and {ahead['bytes'] / 1e9:,.0f} GB: projected, not measured.",
        ]
    lines += [f"\n{size} stories failed: {why}" for size, why in record.get("failed", {}).items()]
    return "\n".join([*lines, ""])


def _provenance(record: Record) -> str:
    """One paragraph: where, with what, how often."""
    where = record["environment"]
    cores = where["cores_used"]
    count = len(cores) if isinstance(cores, list) else cores
    versions = where["packages"] | record.get("elsewhere", {})
    packages = ", ".join(f"{name} {version}" for name, version in versions.items())
    if "repeats" not in record:
        return f"Python {where['python']}; {packages}; commit {where['commit'][:20]}; {where['date']}."
    pools = ", as many threads in every pool" if "threads" in record else ""
    return (
        f"{where['cpu']}, {count} of {where['cores_of_machine']} cores{pools}, {where['system']}, "
        f"Python {where['python']}; {packages}; commit {where['commit'][:20]}; "
        f"{record['repeats']} runs each in fresh processes, median "
        f"(least to largest); {where['date']}."
    )


def _spread(spread: Record) -> str:
    return f"{spread['median']:.2f} ({spread['least']:.2f} to {spread['largest']:.2f})"


def _number(value: float | None, form: str) -> str:
    return "-" if value is None else format(value, form)
