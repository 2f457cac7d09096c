"""Fits the verdict model on labelled pairs, tells how well it does on pairs it has not seen, and writes model.json."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from benchmarks.logistic import Bounds, fit_logistic
from benchmarks.training import (
    Pairs,
    components,
    digest,
    headline_pairs,
    judged_pairs,
    near_misses,
    versions,
)
from dedup.evidence import EVIDENCE

L2 = 1.0
FOLDS, SEEDS = 10, 5
SCALES = {"hours_apart": 72.0}  # evidence is fitted on 0..1
# On judged pairs that the model has not seen; "loose" is the best F1.
PRECISION = {"strict": 0.98, "balanced": 0.95}
NEARLY = 0.01  # F1 given up for a higher threshold: the best is a plateau
FREE = np.inf
UP, DOWN = (0.0, FREE), (-FREE, 0.0)
# What each weight may be. No evidence may push the wrong way: a clash never raises a score, likeness never lowers it.
# The bounds other than 0 are guards set by hand, where judged pairs hold too few of a trap that feeds are full of:
# templates that differ in a number, a day or a name, series that come daily, what happens again, and items that a
# publisher itself calls one by their URL.
ROWS: Mapping[str, Mapping[str, tuple[float, float]]] = {
    "titles": {
        "title_jaccard": UP,
        "title_containment": UP,
        "title_spelling": UP,
        "title_number_clash": (-FREE, -4.0),
        "title_name_clash": (-FREE, -4.0),
        "title_opposed": (-FREE, -4.0),
        "title_again": (-FREE, -3.0),
        "same_source": DOWN,
        "same_url": (2.0, FREE),
        "hours_apart": DOWN,
        "same_source_daily": (-FREE, -3.0),
    },
    "texts": {
        "lead_shared": UP,
        "pair_containment": UP,
        "text_containment": UP,
        "title_number_clash": (-FREE, -4.0),
        "number_clash": (-FREE, -4.0),
        "same_source_number_clash": (-FREE, -2.0),
        "same_source_title_clash": (-FREE, -3.0),
        "title_name_clash": (-FREE, -4.0),
        "title_opposed": (-FREE, -4.0),
        "name_clash": (-FREE, -0.5),
        "same_source": DOWN,
        "same_url": (2.0, FREE),
        "hours_apart": DOWN,
        "same_source_daily": (-FREE, -3.0),
    },
}
FILES = (
    *("judged.pairs.tsv", "judged.stories.jsonl.gz", "sts_headlines.pairs.tsv", "sts_headlines.stories.jsonl.gz"),
    *("allsides_roundup.jsonl.gz", "ecbplus.jsonl.gz", "rss_feed_history.jsonl.gz"),
)

Floats = NDArray[np.float64]


class Extra(NamedTuple):
    """Pairs that are learned from besides the judged ones, and as how many of those all of them count."""

    pairs: Pairs
    mass: float


def extra_pairs(folder: Path) -> list[Extra]:
    """Scored headlines, look-alikes of different events, and the versions of feed items."""
    return [
        Extra(headline_pairs(folder), 290.0),
        *(Extra(near_misses(folder, name), 30.0) for name in ("allsides_roundup", "ecbplus", "rss_feed_history")),
        Extra(versions(folder), 15.0),
    ]


def columns(row: str, pairs: Pairs) -> Floats:
    """The evidence that a row of the model weighs, scaled to 0..1."""
    return np.column_stack([pairs.evidence[:, EVIDENCE.index(name)] / SCALES.get(name, 1.0) for name in ROWS[row]])


def fit_row(row: str, judged: Pairs, chosen: NDArray[np.bool_], extras: list[Extra]) -> Floats:
    """The weights and the constant of one row, from the chosen judged pairs and the extra ones of its kind."""
    mine = chosen & (judged.texts == (row == "texts"))
    values, truth, mass = [columns(row, judged)[mine]], [judged.duplicate[mine]], [np.ones(mine.sum())]
    for pairs, whole in extras:
        kind = pairs.texts == (row == "texts")
        values.append(columns(row, pairs)[kind])
        truth.append(pairs.duplicate[kind])
        mass.append(np.full(kind.sum(), whole / max(len(kind), 1)))
    bounds = Bounds(*(np.array(side) for side in zip(*ROWS[row].values(), strict=True)))
    return fit_logistic(np.concatenate(values), np.concatenate(truth), np.concatenate(mass), bounds, L2)


def logits(row: str, judged: Pairs, weights: Floats) -> Floats:
    """What a row says of every judged pair."""
    return np.asarray(columns(row, judged) @ weights[:-1] + weights[-1])


def unseen_logits(judged: Pairs, extras: list[Extra], folds: NDArray[np.int64]) -> Floats:
    """What models say of the judged pairs of each fold that have seen none of it."""
    said = np.empty(len(folds))
    for fold in np.unique(folds):
        for row in ROWS:
            asked = (folds == fold) & (judged.texts == (row == "texts"))
            if asked.any():
                said[asked] = logits(row, judged, fit_row(row, judged, folds != fold, extras))[asked]
    return said


def random_folds(parts: NDArray[np.int64], seed: int) -> NDArray[np.int64]:
    """Folds that no story is on both sides of."""
    return np.asarray(np.random.default_rng(seed).integers(0, FOLDS, parts.max() + 1)[parts])


def calibration(said: Floats, judged: Pairs) -> dict[str, tuple[float, float]]:
    """For each row the slope and the intercept that make logits chances (Platt 1999), from pairs it has not seen."""
    found = {}
    for row in ROWS:
        mine = np.tile(judged.texts == (row == "texts"), len(said))
        values = said.ravel()[mine]
        truth = np.tile(judged.duplicate, len(said))[mine]
        bounds = Bounds(np.zeros(1), np.full(1, FREE))
        slope, intercept = fit_logistic(values[:, None], truth, np.full(len(truth), 1 / len(said)), bounds, 1e-3)
        found[row] = (float(slope), float(intercept))
    return found


def calibrated(said: Floats, judged: Pairs, chances: dict[str, tuple[float, float]]) -> Floats:
    """Logits as probabilities."""
    slope, intercept = (np.where(judged.texts, chances["texts"][k], chances["titles"][k]) for k in (0, 1))
    return np.asarray(1.0 / (1.0 + np.exp(-(said * slope + intercept))))


def thresholds(scores: Floats, truth: Floats) -> dict[str, float]:
    """The least score of a duplicate by strictness, from scores of pairs not seen: [seeds, n] and [n]."""
    pooled, labels = scores.ravel(), np.tile(truth, len(scores))
    order = np.argsort(-pooled, kind="stable")
    hits = np.cumsum(labels[order])
    count = np.arange(1, len(order) + 1)
    found = {}
    for name, precision in PRECISION.items():
        enough = np.flatnonzero(hits / count >= precision)
        found[name] = float(pooled[order[enough[-1]]]) if len(enough) else 1.0
    f1 = 2 * hits / (count + labels.sum())
    best = float(pooled[order[np.flatnonzero(f1 >= f1.max() - NEARLY)[0]]])
    found["loose"] = min(best, found["balanced"])
    return {name: round(value, 3) for name, value in found.items()}


def reached(scores: Floats, judged: Pairs, cut: dict[str, float]) -> Iterator[dict[str, Any]]:
    """Precision, recall, F1 and merged X pairs, by strictness and kind of pair, mean over seeds."""
    labels = np.array(judged.labels)
    kinds = {"all": np.ones(len(labels), dtype=np.bool_), "titles": ~judged.texts, "texts": judged.texts}
    kinds |= {name: np.array(judged.sets) == name for name in sorted(set(judged.sets))}
    for strictness, threshold in cut.items():
        for kind, mine in kinds.items():
            merged = scores[:, mine] >= threshold
            hits = (merged & (judged.duplicate[mine] > 0)).sum()
            recall = hits / max(judged.duplicate[mine].sum() * len(scores), 1)
            precision = hits / max(merged.sum(), 1)
            different = labels[mine] == "X"
            yield {
                "strictness": strictness,
                "pairs": kind,
                "precision": round(float(precision), 3),
                "recall": round(float(recall), 3),
                "f1": round(float(2 * precision * recall / max(precision + recall, 1e-9)), 3),
                "x_merged": round(float(merged[:, different].mean()) if different.any() else 0.0, 3),
            }


def fit(folder: Path) -> dict[str, Any]:
    """The model as model.json holds it.

    Raises:
        BenchmarkError: if a labelled file is missing.
    """
    judged, extras = judged_pairs(folder), extra_pairs(folder)
    parts = components(judged.ids)
    said = np.stack([unseen_logits(judged, extras, random_folds(parts, seed)) for seed in range(SEEDS)])
    chances = calibration(said, judged)
    scores = calibrated(said, judged, chances)
    cut = thresholds(scores, judged.duplicate)
    sets = np.unique(judged.sets, return_inverse=True)[1]
    apart = calibrated(unseen_logits(judged, extras, sets)[None], judged, chances)
    everything = np.ones(len(sets), dtype=np.bool_)
    model: dict[str, Any] = {
        "provenance": "fitted by python -m benchmarks fit; weights are of the evidence as measured, hours in hours",
        "data": {name: digest(folder / name) for name in FILES},
        "pairs": {"judged": len(judged.ids), "besides": sum(len(extra.pairs.ids) for extra in extras)},
        "thresholds": cut,
    }
    for row in ROWS:
        slope, intercept = chances[row]
        *weights, constant = slope * fit_row(row, judged, everything, extras)
        scaled = {name: w / SCALES.get(name, 1.0) for name, w in zip(ROWS[row], weights, strict=True)}
        model[row] = {
            "constant": round(float(constant + intercept), 4),
            "weights": {name: round(float(weight), 4) for name, weight in scaled.items()},
            "calibration": {"slope": round(slope, 4), "intercept": round(intercept, 4)},
        }
    model["cross_validated"] = list(reached(scores, judged, cut))
    model["sets_left_out"] = list(reached(apart, judged, cut))
    return model


def table(model: dict[str, Any]) -> str:
    """What the model reached, as Markdown."""
    lines = []
    for part, title in (("cross_validated", "Cross-validated"), ("sets_left_out", "Each feed judged without it")):
        lines += [
            f"\n{title}\n",
            "| strictness | pairs | precision | recall | F1 | X merged |",
            "|---|---|---|---|---|---|",
        ]
        lines += ["| " + " | ".join(str(value) for value in row.values()) + " |" for row in model[part]]
    return "\n".join(lines)


def write(model: dict[str, Any], path: Path) -> None:
    """Write the model as JSON with a line for each thing a person looks up."""
    text = json.dumps({k: v for k, v in model.items() if not isinstance(v, list)}, indent=1)
    for part in ("cross_validated", "sets_left_out"):
        rows = ",\n".join(f"  {json.dumps(row)}" for row in model[part])
        text = f'{text[:-2]},\n "{part}": [\n{rows}\n ]\n}}'
    path.write_text(text + "\n", encoding="utf-8")
