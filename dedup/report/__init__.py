"""One page that shows what a run found: totals, plots, and every cluster with its members and similar news."""

from dedup.report.page import write_report

__all__ = ["write_report"]
