"""Results out: the rows that are kept, and the verdict on every story."""

from __future__ import annotations

from dedup.writers.clusters import write_clusters
from dedup.writers.kept import check_columns, write_kept
from dedup.writers.outputs import check_format, check_lines, check_outputs

__all__ = ["check_columns", "check_format", "check_lines", "check_outputs", "write_clusters", "write_kept"]
