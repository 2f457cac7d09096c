"""The generated parts of README.md: the sample's output, and the table of the published record."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
RECORD = Path(__file__).parent / "records" / "throughput.json"
SCALING = Path(__file__).parent / "records" / "scaling.json"
ACCURACY = Path(__file__).parent / "records" / "accuracy.json"
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


def throughput_part(record: dict[str, Any], scaling: dict[str, Any]) -> str:
    """The speeds of a record, one line an engine; beside each what it found and what it merged wrongly."""
    feeds = {feed["feed"]["words"]: feed for feed in record["feeds"]}
    heads = "".join(f" {words}-word stories/s | precision / recall |" for words in feeds)
    lines = [f"| whole job, JSON lines in, clusters out |{heads}", f"|---|{'---:|---:|' * len(feeds)}"]
    for name in dict.fromkeys(entry["engine"] for feed in feeds.values() for entry in feed["engines"]):
        cells = [name if name != "orjson" else "only parsing the file with orjson"]
        for feed in feeds.values():
            entry = next(entry for entry in feed["engines"] if entry["engine"] == name)
            score = entry["score"]
            cells.append(f"{entry['stories_per_second']:,.0f}")
            cells.append(f"{score['precision']:.3f} / {score['recall']:.3f}" if score else "")
        lines.append(f"| {' | '.join(cells)} |")
    where = record["environment"]
    slices = ", ".join(
        f"{entry['engine']} {entry['stories']:,}"
        for entry in next(iter(feeds.values()))["engines"]
        if entry["stories"] < record["feeds"][0]["feed"]["stories"]
    )
    points = "; ".join(
        f"{point['stories']:,} stories {point['wall_seconds']['median']:.1f} s, {point['peak_bytes'] / 1e9:.1f} GB"
        for point in scaling["points"]
    )
    return "\n".join(
        [
            *lines,
            "",
            f"Synthetic feeds with known truth, `python -m benchmarks throughput`; {where['cpu']}, 2 cores, "
            f"{where['date'][:10]}, {record['repeats']} fresh processes each, medians. Slower engines got the first "
            f"stories of the same feed ({slices}). Invented words rarely meet by chance, so precision is flattering to "
            f"all. dedup alone, 43 words: {points}.",
            "",
        ]
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
    labels, unseen = judged["labels"], _unseen()
    return "\n".join(
        [
            *lines,
            "",
            f"{sum(labels.values())} pairs of real stories that people have read: {labels['D']} duplicates, "
            f"{labels['R']} told independently of one event, {labels['X']} different; `python -m benchmarks accuracy`, "
            f"{record['environment']['date'][:10]}. The model was fitted on these pairs; on pairs it has not seen "
            f"(cross-validated, `dedup/model.json`) it reaches {unseen['precision']} / {unseen['recall']}. datasketch "
            "and rensa with their own defaults.",
            "",
        ]
    )


def _unseen() -> dict[str, Any]:
    """Precision and recall of the model on pairs it has not seen."""
    model = json.loads((ROOT / "dedup" / "model.json").read_text("utf-8"))
    [row] = [row for row in model["cross_validated"] if (row["strictness"], row["pairs"]) == ("balanced", "all")]
    return dict(row)


def generated_parts() -> dict[str, str]:
    """All generated parts."""
    record, scaling, accuracy = (json.loads(path.read_text("utf-8")) for path in (RECORD, SCALING, ACCURACY))
    return sample_parts() | {"throughput": throughput_part(record, scaling), "accuracy": accuracy_part(accuracy)}


def main() -> None:
    """Write them into README.md."""
    README.write_text(fill(README.read_text("utf-8"), generated_parts()), "utf-8")


if __name__ == "__main__":
    main()
