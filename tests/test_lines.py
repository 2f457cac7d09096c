"""Lines of verdicts: compiled and slow ones are the same bytes."""

from __future__ import annotations

import json

import numpy as np
import pyarrow as pa
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dedup.kernels.native import lines as native
from dedup.kernels.reference import lines as reference
from dedup.writers.clusters import _strings, json_values

STRINGS = st.lists(st.text(max_size=80).map(str.encode), min_size=1, max_size=8)


def strings(values):
    return _strings(pa.chunked_array([pa.array(values, pa.binary()).cast(pa.string())]))


@settings(deadline=None)
@given(st.data(), STRINGS, st.integers(3, 9))
def test_the_compiled_lines_are_the_slow_ones(data, ids, pieces):
    count = len(ids)
    names = data.draw(st.lists(st.sampled_from(ids), min_size=count, max_size=count))
    spelled = [f"<{k}>".encode() * data.draw(st.integers(0, 20)) for k in range(pieces)]
    rows, places = st.integers(0, count - 1), st.integers(0, pieces - 1)
    numbers = [data.draw(st.lists(of, min_size=count, max_size=count)) for of in (rows, rows, places, places)]
    rows_and_pieces = (np.array(one, dtype=np.int32) for one in numbers)
    lines = native.Lines(strings(ids), strings(names), strings(spelled), *rows_and_pieces)
    middle = data.draw(st.integers(0, count))
    written = []
    for begin, end in ((0, middle), (middle, count)):
        size = native.measure_lines(lines, begin, end)
        out = np.full(size + native.ROOM, 255, dtype=np.uint8)
        native.write_lines(lines, begin, end, out)
        written.append(out[:size].tobytes())
    assert b"".join(written) == reference.write_lines(ids, names, spelled, *numbers)


@settings(deadline=None)
@given(st.binary(max_size=200))
@example(b"a" * 63 + b"\x1f" + b"a" * 10)
@example(b"a" * 130 + b'"')
@example(b"a" * 64 + b"\\")
@example(b"\x7f\x80\xff " * 40)
def test_what_json_writes_as_it_is(data):
    assert native.is_plain(np.frombuffer(data, dtype=np.uint8)) == reference.is_plain(data)


def test_every_score_of_so_many_digits_is_spelled_as_arrow_rounds_it():
    scores = np.random.default_rng(7).random(20_000, dtype=np.float32)
    steps = np.rint(scores.astype(np.float64) * 10_000) / 10_000
    assert json_values(pa.array(scores)).to_pylist() == json_values(pa.array(steps)).to_pylist()
    assert all(
        json.loads(text) == step for text, step in zip(json_values(pa.array(steps)).to_pylist(), steps, strict=True)
    )
