"""The generated parts of README.md: the sample's output, and the table of the published record."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.swaps import NAME, PLACE, TOWN, WRITINGS, share_merged

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
RECORDS = Path(__file__).parent / "records"
_SHOWN = ("hl-4101", "np-882", "co-310")  # of the sample: the two headlines, and a related story


def fill(text: str, parts: dict[str, str]) -> str:
    """The text with what stands between `<!-- name -->` and `<!-- end -->` replaced for every part.

    Raises:
        KeyError: a part has no place in the text.
    """
    for name, part in parts.items():
        pattern = re.compile(rf"(<!-- {re.escape(name)} -->\n).*?(<!-- end -->)", re.DOTALL)
        if not pattern.search(text):
            raise KeyError(name)
        text = pattern.sub(lambda match, part=part: f"{match[1]}{part}{match[2]}", text)  # type: ignore[misc]
    return text


def sample_parts() -> dict[str, str]:
    """What `dedup run` says of the sample, and some of its clusters file."""
    with tempfile.TemporaryDirectory() as folder:
        clusters = Path(folder) / "clusters.jsonl"
        command = [sys.executable, "-m", "dedup", "run", "data/sample.jsonl", "-o", f"{folder}/kept.jsonl"]
        done = subprocess.run([*command, "--clusters", clusters], cwd=ROOT, capture_output=True, text=True, check=True)
        lines = clusters.read_text("utf-8").splitlines(keepends=True)
    summary = [line for line in done.stderr.splitlines(keepends=True) if "compil" not in line]
    shown = [line for line in lines if json.loads(line)["id"] in _SHOWN]
    return {
        "summary of the sample": f"```\n{''.join(summary)}```\n",
        "clusters of the sample": f"```json\n{''.join(shown)}```\n",
    }


_LEFT_OUT = ("rensa-flags", "dedup-strict", "dedup-loose")  # of the README: no clusters, and ways to use this one


def throughput_part(record: dict[str, Any], scaling: dict[str, Any]) -> str:
    """The speeds of a record, one line an engine; beside each what it found and what it merged wrongly."""
    feeds = {feed["feed"]["words"]: feed for feed in record["feeds"]}
    heads = "".join(f" {words}-word stories/s | precision / recall |" for words in feeds)
    lines = [f"| whole job, JSON lines in, clusters out |{heads}", f"|---|{'---:|---:|' * len(feeds)}"]
    names = dict.fromkeys(entry["engine"] for feed in feeds.values() for entry in feed["engines"])
    for name in names:
        if name in _LEFT_OUT:
            continue
        cells = [_SHOWN_AS.get(name, name)]
        for feed in feeds.values():
            entry = next((entry for entry in feed["engines"] if entry["engine"] == name), None)
            score = entry and entry["score"]
            cells.append(f"{entry['stories_per_second']:,.0f}" if entry else "-")
            cells.append(f"{score['precision']:.3f} / {score['recall']:.3f}" if score and score["made_pairs"] else "")
        lines.append(f"| {' | '.join(cells)} |")
    where, first = record["environment"], record["feeds"][0]
    slices = ", ".join(
        f"{entry['engine']} {entry['stories']:,}"
        for entry in first["engines"]
        if entry["stories"] < first["feed"]["stories"]
    )
    given = f"Slower engines got the first stories of the same feed ({slices}). " if slices else ""
    missing = ", ".join(dict.fromkeys(name for feed in feeds.values() for name in feed["missing"]))
    absent = f"Did not run: {missing}. " if missing else ""
    points = "; ".join(
        f"{point['stories']:,} stories {point['wall_seconds']['median']:.1f} s, {point['peak_bytes'] / 1e9:.1f} GB"
        for point in scaling["points"]
    )
    return "\n".join(
        [
            *lines,
            "",
            f"Synthetic feeds with known truth, `python -m benchmarks {record['benchmark']}`; {where['cpu']}, "
            f"{len(where['cores_used'])} cores, {where['date'][:10]}, {record['repeats']} fresh processes each, "
            f"medians. {given}Invented words rarely meet by chance, so precision is flattering to all. {absent}dedup "
            f"alone, 43 words: {points}."
            f"{_growth(scaling)}",
            "",
        ]
    )


_SHOWN_AS = {
    "orjson": "only parsing the file with orjson",
    "dedup-jaccard": "dedup --rule jaccard=0.7",
    "rensa-c": "rensa, C-MinHash",
    "rensa-rho": "rensa, rho",
    "spark": "MinHash and LSH on Spark, local",
}


def _growth(scaling: dict[str, Any]) -> str:
    """How time grows, where the record says so."""
    if not scaling.get("slopes"):
        return ""
    slopes = scaling["slopes"]
    return f" Slope on log-log axes: {slopes['seconds']:.2f} of time, {slopes['bytes']:.2f} of memory."


def _swaps(rows: list[dict[str, Any]]) -> str:
    """What becomes of look-alikes, for which no pair has to be judged."""
    titles, stories = (sum(row["of"] for row in rows if row["exchanged"] == what) for what in (PLACE, NAME))
    place, town, name = (100 * (share_merged(rows, what) or 0.0) for what in (PLACE, TOWN, NAME))
    return (
        f" Look-alikes that are merged, each written in {len(WRITINGS)} ways: of {titles // len(WRITINGS):,} real "
        f"titles with one place exchanged {place:.1f} %, by towns that no list has {town:.1f} %; of "
        f"{stories // len(WRITINGS):,} stories with one name exchanged {name:.1f} %."
    )


def accuracy_part(record: dict[str, Any]) -> str:
    """What each engine makes of the judged pairs, a line an engine, each pair a feed of its own."""
    [judged] = [pairs for pairs in record["pairs"] if pairs["set"] == "judged"]
    lines = [
        "| judged pairs | precision | recall | different stories merged | with text | titles only |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    for entry in judged["engines"]:
        if entry["given"] != "pair by pair":
            continue
        lengths = [entry["groups"]["length"][kind] for kind in ("with text", "titles only")]
        cells = [
            entry["engine"],
            *(f"{entry[figure]:.3f}" for figure in ("precision", "recall")),
            "{} of {}".format(*entry["merged"]["X"]),
            *(f"{length['precision']:.3f} / {length['recall']:.3f}" for length in lengths),
        ]
        lines.append(f"| {' | '.join(cells)} |")
    labels = judged["labels"]
    return "\n".join(
        [
            *lines,
            "",
            f"{sum(labels.values())} pairs of real stories that people have read: {labels['D']} duplicates, "
            f"{labels['R']} told independently of one event, {labels['X']} different; `python -m benchmarks accuracy`, "
            f"{record['environment']['date'][:10]}. The model was fitted on these pairs; on pairs it has not seen "
            f"(cross-validated, the threshold chosen on the same scores) it reaches {_rates('cross_validated')}, on "
            f"feeds of which it has seen none {_rates('sets_left_out')}. "
            "datasketch and rensa with their own defaults." + _swaps(record["swaps"]),
            "",
        ]
    )


def _rates(seen: str) -> str:
    """Precision and recall of the model by what it had seen of the pairs, cf. `benchmarks.fit`."""
    model = json.loads((ROOT / "dedup" / "model.json").read_text("utf-8"))
    [row] = [row for row in model[seen] if (row["strictness"], row["pairs"]) == ("balanced", "all")]
    return f"{row['precision']:.3f} / {row['recall']:.3f}"


def published(kind: str, instead: str = "") -> dict[str, Any]:
    """The published record of a kind, or of another kind where there is none yet."""
    path = RECORDS / f"{kind}.json"
    if instead and not path.exists():
        path = RECORDS / f"{instead}.json"
    return dict(json.loads(path.read_text("utf-8")))


def generated_parts() -> dict[str, str]:
    """All generated parts."""
    speeds = throughput_part(published("peers", instead="throughput"), published("scaling"))
    return sample_parts() | {"throughput": speeds, "accuracy": accuracy_part(published("accuracy"))}


def main() -> None:
    """Write them into README.md."""
    README.write_text(fill(README.read_text("utf-8"), generated_parts()), "utf-8")


if __name__ == "__main__":
    main()
