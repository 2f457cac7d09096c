"""Text columns to a story batch: what all formats share once a value is found."""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from dedup.kernels.reference.fields import decode_text
from dedup.readers.dates import parse_dates
from dedup.readers.fields import ROLES
from dedup.readers.settings import ReadStats
from dedup.stories import STORY_SCHEMA


def make_batch(
    columns: Sequence[pa.StringArray], replaced: NDArray[np.bool_], name: str, ordinals: NDArray[np.int64]
) -> tuple[pa.RecordBatch, ReadStats]:
    """A batch of stories, and what was met in it.

    Args:
        columns: string[n] for every role, in the order of the schema, without nulls; "" where there is no value.
        replaced: bool[n], the story had invalid text.
        name: the feed's name, for the ids of stories that have neither id nor URL.
        ordinals: int64[n], the place of the story's row among the feed's rows, counted from 1.
    """
    values = dict(zip(ROLES, columns, strict=True))
    stats = ReadStats(rows=len(ordinals), invalid_text=int(replaced.sum()))
    stats.empty = pc.sum(pc.and_(_is_empty(values["title"]), _is_empty(values["text"]))).as_py() or 0
    without = _is_empty(values["id"])
    stats.ids_missing = pc.sum(without).as_py() or 0
    if stats.ids_missing:
        places = pc.binary_join_element_wise(name, pa.array(ordinals).cast(pa.string()), ":")
        stand_in = pc.if_else(_is_empty(values["url"]), places, values["url"])
        values["id"] = pc.if_else(without, stand_in, values["id"])
    dates = parse_dates(values["published"], arrival=time.time_ns() // 1000)
    stats.dates_future = dates.future
    stats.dates_missing, stats.dates_impossible, stats.date_example = dates.missing, dates.impossible, dates.example
    values["published"] = dates.times
    return pa.RecordBatch.from_arrays([values[role] for role in ROLES], schema=STORY_SCHEMA), stats


def _is_empty(column: pa.StringArray) -> pa.BooleanArray:
    return pc.equal(pc.binary_length(column), 0)


def repair_text(column: pa.StringArray) -> tuple[pa.StringArray, NDArray[np.bool_] | None]:
    """A column without nulls, its invalid UTF-8 by `decode_text`; and bool[n], the rows changed, None for none."""
    try:
        column.validate(full=True)
    except pa.ArrowInvalid:
        pass
    else:
        return column, None
    raw: list[bytes] = column.cast(pa.binary()).to_pylist()
    texts = [decode_text(value) for value in raw]
    changed = [text.encode() != value for value, text in zip(raw, texts, strict=True)]
    return pa.array(texts, type=pa.string()), np.array(changed, dtype=np.bool_)
