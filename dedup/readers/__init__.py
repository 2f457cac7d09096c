"""Feeds of every format to story batches: the format is told by content, the fields by their usual names."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Literal

import pyarrow as pa

from dedup.errors import FeedError
from dedup.readers.feed import Feed
from dedup.readers.paths import find_files, partition_names
from dedup.readers.rejects import RejectFile
from dedup.readers.settings import ReadSettings, ReadStats

__all__ = ["Feed", "ReadSettings", "ReadStats", "open_feeds", "read_feed"]


def _ignore(_: str) -> None:
    """Say nothing."""


def open_feeds(patterns: Sequence[str], settings: ReadSettings) -> list[Feed]:
    """The feeds that paths, globs, folders and `-` name, in this order; not read yet.

    Raises:
        FeedError: a pattern names nothing, or a file that is no feed (in a folder such a file is passed over, with a
            notice).
    """
    notice = settings.notice or _ignore
    rejects = RejectFile(settings.rejects)
    feeds = []
    for found in find_files(patterns, notice):
        try:
            feeds.append(Feed(found, settings, rejects))
        except FeedError as exc:
            if not found.in_folder:
                raise
            notice(f"{exc}; passed over")
    if not feeds:
        raise FeedError(" ".join(patterns), "holds no feed")
    columns = dict.fromkeys(column for feed in feeds for column in partition_names(feed.path))
    if columns:
        notice(f"folders are partitioned by {', '.join(columns)}, which is not read; write it into the rows to have it")
    return feeds


def read_feed(
    path: str | os.PathLike[str],
    *,
    mapping: Mapping[str, str] | None = None,
    on_error: Literal["stop", "skip"] = "stop",
    rejects: str | os.PathLike[str] | None = None,
) -> Iterator[pa.RecordBatch]:
    """The stories of a file, glob or folder as batches of `dedup.STORY_SCHEMA`, in feed order.

    Args:
        path: JSON, XML, CSV, TSV, Parquet or Arrow IPC, compressed or not; "-" is standard input, and an address such
            as "s3://bucket/feed.xml" is fetched.
        mapping: fields for roles, such as {"title": "headline"}, in place of the usual names; dotted paths such as
            "source.name" lead deeper.
        on_error: "stop" raises at the first row that cannot be read, "skip" leaves it out.
        rejects: a file for the rows left out.

    Raises:
        FeedError: the feed, or under "stop" one of its rows, cannot be read.
        SettingsError: a role in `mapping` that there is not.
    """
    settings = ReadSettings(
        mapping=mapping or {}, on_error=on_error, rejects=None if rejects is None else Path(rejects)
    )
    for feed in open_feeds([os.fspath(path)], settings):
        yield from feed.batches()
