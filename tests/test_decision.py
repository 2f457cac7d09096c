from __future__ import annotations

import numpy as np

from dedup import decision
from dedup.decision import Decision
from dedup.evidence import EVIDENCE


def decide(**measured):
    values = np.array([measured.get(name, 0.0) for name in EVIDENCE], dtype=np.float32)
    return Decision("b", 2, "duplicate", "a", "a", "a", "near", 0.9, _measured=values)


def test_every_reason_is_worded_from_evidence_that_is_measured():
    assert set(decision._ALIKE) | set(decision._APART) <= set(EVIDENCE)


def test_what_is_alike_and_what_differs_are_both_reasons():
    told = decide(title_jaccard=0.75, number_clash=1.0, name_clash=0.2).reasons
    assert told == [
        'scores 0.900 against "a"',
        "the titles share 0.75 of their words",
        "the numbers at the beginning differ",
    ]
