"""What a reader is told, and what it has to tell afterwards."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Literal

from dedup.errors import SettingsError
from dedup.readers.fields import ROLES


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadSettings:
    """How feeds are read.

    Attributes:
        mapping: the field that fills a role, such as {"title": "headline"}; several as "body|summary", the first that
            is not blank counts. Takes the place of the names known for that role.
        on_error: what a broken row does: "stop" raises FeedError, "skip" counts it and goes on.
        rejects: where skipped rows go as JSON lines: an open binary file, or a path; None to only count them.
        threads: threads that parse.
        notice: called with one line for everything passed over, such as a file of a folder that is no feed.
        block_size: bytes of a feed parsed at a time. More per block is not faster: it falls out of the cache.
        row_limit: most bytes of one row; a longer one means that the file is no feed of stories.
    """

    mapping: Mapping[str, str] = field(default_factory=dict)
    on_error: Literal["stop", "skip"] = "stop"
    rejects: BinaryIO | Path | str | None = None
    threads: int = field(default_factory=lambda: os.cpu_count() or 1)
    notice: Callable[[str], None] | None = None
    block_size: int = 1 << 21
    row_limit: int = 256 << 20

    def __post_init__(self) -> None:
        for role, name in self.mapping.items():
            if role not in ROLES:
                raise SettingsError(f'a field can be mapped to {", ".join(ROLES)}; "{role}" is none of them')
            if not all(part.strip() for part in name.split("|")):
                raise SettingsError(f"{role}={name} names no field; write {role}=FIELD")
        if self.on_error not in ("stop", "skip"):
            raise SettingsError(f'on_error is "stop" or "skip", got "{self.on_error}"')
        if self.threads < 1:
            raise SettingsError(f"threads is at least 1, got {self.threads}")
        if self.block_size < 1 or self.row_limit < self.block_size:
            raise SettingsError(
                f"block_size is at least 1 and row_limit no less, got {self.block_size} and {self.row_limit}"
            )


@dataclass(frozen=True, slots=True)
class Reject:
    """A row that could not be read."""

    line: int
    """Where it begins: line number, or row number in Parquet and Arrow, counted from 1."""
    kind: str
    """A few words that many such rows share, to count them by."""
    reason: str
    """What is wrong with this one."""
    raw: bytes
    """The row as it stood in the feed, decompressed."""


@dataclass(slots=True)
class ReadStats:
    """What was met in a feed so far; complete once its batches have been consumed."""

    rows: int = 0
    """Stories handed on."""
    rejected: Counter[str] = field(default_factory=Counter)
    """Rows put aside, by kind."""
    left_out: Counter[str] = field(default_factory=Counter)
    """Rows that are no stories by the feed's own word, by reason."""
    empty: int = 0
    """Stories with neither title nor text."""
    ids_missing: int = 0
    """Stories whose id is their URL, or else feed:row, for want of one."""
    dates_missing: int = 0
    dates_impossible: int = 0
    """Dates that are none, or outside 1900 to 2200; treated as missing."""
    dates_future: int = 0
    """Dates over a day after the feed was read, taken to be of then."""
    date_example: str = ""
    """The first impossible date."""
    invalid_text: int = 0
    """Stories with bytes that are no UTF-8, taken for Windows-1252, or with lone surrogates, now U+FFFD."""

    def add(self, other: ReadStats) -> None:
        """Add what was met in a further part of the feed."""
        self.rows += other.rows
        self.rejected.update(other.rejected)
        self.left_out.update(other.left_out)
        self.empty += other.empty
        self.ids_missing += other.ids_missing
        self.dates_missing += other.dates_missing
        self.dates_impossible += other.dates_impossible
        self.dates_future += other.dates_future
        self.date_example = self.date_example or other.date_example
        self.invalid_text += other.invalid_text
