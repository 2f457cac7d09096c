"""What an index counts, for people and for Prometheus."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields


@dataclass(frozen=True, slots=True)
class Stats:
    """The state of an index, and what it has done since it was opened; `fields` say what each is counted in.

    Attributes:
        position: of the log's last row that this process knows.
        stories: in memory.
        clusters: in memory.
        latest_us: microseconds since 1970, the latest time of a story; None for none.
        horizon_us: microseconds since 1970 before which leaders have been forgotten; None for none.
        bytes: of the hashes and facts in memory.
        new, duplicates, updates: stories added here, by verdict.
        redelivered: stories that were there already, with the same words under the same id.
        others: stories read from the log that other workers had added.
        conflicts: times that another worker was faster and stories were decided again.
        dropped: stories forgotten because nobody sees them any more.
        future: stories added that are dated too far ahead, taken as undated.
        late: stories added that are older than window and lateness before the latest: what is as old is forgotten.
        candidates: pairs of stories judged.
        left_out: times a leader did not get into a crowded bucket, so that this band alone cannot find it.
    """

    position: int
    stories: int
    clusters: int
    latest_us: int | None
    horizon_us: int | None
    bytes: int
    new: int
    duplicates: int
    updates: int
    redelivered: int
    others: int
    conflicts: int
    dropped: int
    future: int
    late: int
    candidates: int
    left_out: int

    def expose(self) -> str:
        """The same in the text format that Prometheus reads."""
        return "".join(self._lines())

    def _lines(self) -> Iterator[str]:
        for each in fields(self):
            value = getattr(self, each.name)
            if value is None:
                continue
            gauge = each.name in _GAUGES
            name, shown = f"dedup_{each.name}", str(value)
            if each.name.endswith("_us"):
                name, shown = f"{name.removesuffix('_us')}_seconds", repr(value / 1e6)
            name = name if gauge else f"{name}_total"
            yield f"# TYPE {name} {'gauge' if gauge else 'counter'}\n{name} {shown}\n"


_GAUGES = ("position", "stories", "clusters", "latest_us", "horizon_us", "bytes")
