from __future__ import annotations

import time

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dedup.kernels.native.markup import remove_markup
from dedup.kernels.reference.markup import plain_text
from dedup.kernels.unicode import load_tables

PIECES = (
    b"<!-- --> <! -- < > </ <script <STYLE </Script </style> script style <![CDATA[ <![cdata[ = \" ' / ! ? a 1".split()
)
PIECES += b"<p> </p> <b <x: <x- &lt; &amp;lt; &#60; &gt; \xff".split()
FIELDS = st.lists(st.sampled_from([*PIECES, b" ", b"\n"]), max_size=14).map(b"".join)


def fast_plain_text(field: bytes) -> bytes:
    source = np.frombuffer(field or b" ", dtype=np.uint8)
    spans = np.array([[0, 0, len(field)]], dtype=np.int64)
    out = np.empty(len(source) * 3 // 2 + 16, dtype=np.uint8)
    remove_markup((source, source, source), spans, np.arange(1), load_tables(), out)
    return out[spans[0, 1] : spans[0, 2]].tobytes()


@given(FIELDS)
@settings(deadline=None, max_examples=500)
@example(b"<!--<!--><script>a</STYLE><style>b</style><!-- c")
@example(b"<script>a<script>b</script>c<script>d")
@example(b"<script1>a</script1><!a='b<!-->")
def test_the_twins_take_the_same_for_markup(field):
    assert plain_text(field) == fast_plain_text(field)


@pytest.mark.parametrize(
    "piece", [b"<!--", b"<script>", b"<style>", b"<", b"&", b"<a", b"<!-->", b"a", b"&lt;!--", b"="]
)
def test_a_megabyte_of_openings_takes_no_longer_than_other_text(piece):
    field = b"<" + piece * (1_000_000 // len(piece))
    started = time.thread_time()
    plain_text(field)
    assert time.thread_time() - started < 10  # where each looks for its own end it is minutes
