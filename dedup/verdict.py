"""Evidence -> verdict: a score, 0..1, and the least score of a duplicate."""

from __future__ import annotations

import json
from importlib.resources import files

import numpy as np

from dedup.errors import SettingsError
from dedup.evidence import EVIDENCE
from dedup.kernels.native.evidence import TEXT_MODEL, TITLE_MODEL, Judgement
from dedup.settings import Settings

_MODEL = "model.json"
_ROWS = {"titles": TITLE_MODEL, "texts": TEXT_MODEL}


def judgement(settings: Settings) -> Judgement:
    """How these settings judge pairs: by the model shipped in model.json, or by the classical rule.

    Raises:
        SettingsError: if model.json names evidence that this release does not measure.
    """
    weights = np.zeros((len(_ROWS), len(EVIDENCE) + 1), dtype=np.float32)
    model = json.loads(files("dedup").joinpath(_MODEL).read_text("utf-8"))
    for name, row in _ROWS.items():
        for evidence, weight in model[name]["weights"].items():
            if evidence not in EVIDENCE:
                raise SettingsError(f'{_MODEL} weighs "{evidence}", which is none of {", ".join(EVIDENCE)}')
            weights[row, EVIDENCE.index(evidence)] = weight
        weights[row, len(EVIDENCE)] = model[name]["constant"]
    rule = 0.0 if settings.rule == "evidence" else float(settings.rule)
    threshold = float(model["thresholds"][settings.strictness]) if settings.rule == "evidence" else rule
    return Judgement(weights, rule, threshold, settings.window_us)
