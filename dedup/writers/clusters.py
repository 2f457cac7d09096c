"""The verdict on every story, as JSON lines or Parquet."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import product

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from dedup.ahead import work_ahead
from dedup.evidence import string_buffers
from dedup.kernels.native.lines import ROOM, Lines, Strings, is_plain, measure_lines, write_lines
from dedup.result import KINDS, RESULT_SCHEMA, VERDICTS, Result
from dedup.writers.outputs import named_format, open_output
from dedup.writers.tables import TABLES, write_batches

_CHUNK = 1 << 14
_THREADS = 2  # besides the one that writes
_DIGITS = 4  # of the score
_SCORES = 10**_DIGITS  # steps from 0 to 1
_FIXED = 3  # pieces before those that tell verdicts apart
_KINDS = (None, *KINDS.values())


def write_clusters(result: Result, destination: str) -> None:
    """Write a line a story: id, cluster_id, canonical_id, verdict, kind, score, cf. `dedup.result.RESULT_SCHEMA`.

    Args:
        result: of all stories.
        destination: a path, or "-" for standard output; Parquet or Arrow IPC if its name says so, else JSON lines.
    """
    wanted = named_format(destination)
    with open_output(destination) as out:
        if wanted in TABLES:
            write_batches(result.to_table().to_batches(max_chunksize=_CHUNK), RESULT_SCHEMA, wanted, out)
            return
        lines_from = partial(_lines, _spell(result))
        with ThreadPoolExecutor(_THREADS) as pool:
            for lines in work_ahead(range(0, len(result), _CHUNK), lines_from, pool, _THREADS):
                out.write(lines.data)


def _spell(result: Result) -> Lines:
    ids, names = result.ids, result.cluster_names()
    quote = '"' if all(map(_is_plain, (ids, names))) else ""
    if not quote:
        ids, names = (pa.chunked_array(map(json_values, column.chunks), pa.string()) for column in (ids, names))
    leads = result.leaders == np.arange(len(result))
    scores = np.where(leads, _SCORES + 1, np.rint(result.scores.astype(np.float64) * _SCORES))
    strings = _strings(ids)
    return Lines(
        *(strings, _strings(names) if result.renamed else strings, _pieces(quote)),
        *(result.leaders, result.canonicals),
        result.verdicts * len(_KINDS) + result.kinds + _FIXED,
        scores.astype(np.int32) + _FIXED + len(VERDICTS) * len(_KINDS),
    )


def _is_plain(column: pa.ChunkedArray) -> bool:
    """Whether all strings are JSON once quotes are around them."""
    return column.null_count == 0 and all(is_plain(_text(chunk)[1]) for chunk in column.chunks)


def _pieces(quote: str) -> Strings:
    """What stands around the ids, which get quotes or have them, all kinds of verdicts, and all scores."""
    around = [f'{{"id": {quote}', f'{quote}, "cluster_id": {quote}', f'{quote}, "canonical_id": {quote}']
    verdicts = [
        f'{quote}, "verdict": "{verdict}", "kind": {json.dumps(kind)}, "score": '
        for verdict, kind in product(VERDICTS, _KINDS)
    ]
    scores = json_values(pa.array(np.arange(_SCORES + 1) / _SCORES)).to_pylist()
    lines = pa.array([*around, *verdicts, *(f"{score}}}\n" for score in [*scores, "null"])], pa.string())
    return _strings(pa.chunked_array([lines]))


def _strings(column: pa.ChunkedArray) -> Strings:
    offsets, data, base = [np.zeros(1, dtype=np.int64)], [], 0
    for places, text in map(_text, column.chunks):
        data.append(text)
        offsets.append(places[1:] + base)
        base += len(text)
    return Strings(np.concatenate([*data, np.zeros(ROOM, dtype=np.uint8)]), np.concatenate(offsets))


def _text(strings: pa.Array) -> tuple[NDArray[np.int64], NDArray[np.uint8]]:
    """Offsets from 0 on, and bytes."""
    offsets, data = string_buffers(strings)
    return offsets.astype(np.int64) - offsets[0], data[offsets[0] : offsets[-1]]


def _lines(spelled: Lines, begin: int) -> NDArray[np.uint8]:
    end = min(begin + _CHUNK, len(spelled.leaders))
    size = measure_lines(spelled, begin, end)
    out = np.empty(size + ROOM, dtype=np.uint8)
    write_lines(spelled, begin, end, out)
    return out[:size]


def json_values(column: pa.Array) -> pa.StringArray:
    """A column's values as JSON."""
    if pa.types.is_floating(column.type):
        return pc.fill_null(pc.round(column.cast(pa.float64()), ndigits=_DIGITS).cast(pa.string()), "null")
    plain = pc.binary_join_element_wise('"', column, '"', "")
    odd = pc.match_substring_regex(column, r'["\\\\\x00-\x1f]')
    if pc.any(odd).as_py():
        spelled = [json.dumps(value, ensure_ascii=False) for value in column.to_pylist()]
        plain = pc.if_else(odd, pa.array(spelled, pa.string()), plain)
    return pc.fill_null(plain, "null")
