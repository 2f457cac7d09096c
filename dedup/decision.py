"""What an index says about a story."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dedup.evidence import EVIDENCE
from dedup.kernels.native.leaders import UPDATE
from dedup.result import KINDS

NEW, DUPLICATE, UPDATED = "new", "duplicate", "update"
VERDICTS = (NEW, DUPLICATE, UPDATED)

_ALIKE = {
    "title_jaccard": "the titles share {:.2f} of their words",
    "lead_shared": "each knows {:.2f} or more of the words that the other opens with",
    "text_jaccard": "title and text share {:.2f} of their shingles",
    "text_containment": "the shorter has {:.2f} of its shingles in the other",
}
_APART = {
    "title_number_clash": "the titles' numbers differ",
    "number_clash": "the numbers at the beginning differ",
    "title_name_clash": "the titles name others",
    "title_opposed": "the titles say the contrary of each other",
    "name_clash": "the names at the beginning differ",
    "same_source_title_clash": "one source published both, and one tells in title and text what the other does not",
    "title_again": "one says that it happened again, the other does not",
    "same_source_daily": "one source published them at the same time of different days",
}
_TELLING = 0.5  # least of a share worth a word, 0..1


@dataclass(slots=True, unsafe_hash=True)  # not frozen: that takes seven times as long to make
class Decision:
    """What an index decided on a story; not to be changed.

    Attributes:
        id: the story's id.
        position: its place in the log, counted from 1; 0 for one that was only asked about, or is long forgotten.
        verdict: "new", "duplicate", or "update": the same publisher's item again with other words, or the same id.
        cluster_id: the id of the cluster's leader, its first story; "id#position" where an earlier story had that id,
            or where it ends in "#" and a number itself.
        canonical_id: the id of the story that the cluster shows, as of this answer, by `Settings.keep`.
        leader_id: the id of the leader.
        kind: "exact", "near" or "update"; None for a new story.
        score: against the leader, 0..1; None for a new story.
        redelivered: whether the story was there already, with the same words under the same id; the rest is then what
            was decided when it first came.
    """

    id: str
    position: int
    verdict: str
    cluster_id: str
    canonical_id: str
    leader_id: str
    kind: str | None
    score: float | None
    redelivered: bool = field(default=False, compare=False)
    _measured: NDArray[np.float32] | None = field(default=None, repr=False, compare=False)

    @property
    def is_new(self) -> bool:
        """Whether no story in the window is the same."""
        return self.verdict == NEW

    @property
    def evidence(self) -> dict[str, float]:
        """What the story and its leader have in common, by the names of `dedup.evidence.EVIDENCE`; empty if new."""
        return {} if self._measured is None else dict(zip(EVIDENCE, self._measured.tolist(), strict=True))

    @property
    def reasons(self) -> list[str]:
        """Why, in words."""
        if self.verdict == NEW:
            return ["no story in the window says the same"]
        if self.kind == KINDS[UPDATE]:
            reasons = [f'an update of "{self.leader_id}"']
        elif self.kind == "exact":
            return [f'says word for word what the cluster of "{self.leader_id}" says']
        else:
            reasons = [f'scores {self.score:.3f} against "{self.leader_id}"']
        evidence = self.evidence
        reasons += [text.format(evidence[name]) for name, text in _ALIKE.items() if evidence.get(name, 0) >= _TELLING]
        reasons += [text for name, text in _APART.items() if evidence.get(name, 0) >= _TELLING]
        return reasons

    def to_dict(self) -> dict[str, Any]:
        """All of it as JSON takes it."""
        return {
            "id": self.id,
            "position": self.position,
            "verdict": self.verdict,
            "cluster_id": self.cluster_id,
            "canonical_id": self.canonical_id,
            "leader_id": self.leader_id,
            "kind": self.kind,
            "score": self.score,
            "redelivered": self.redelivered,
            "evidence": self.evidence,
            "reasons": self.reasons,
        }
