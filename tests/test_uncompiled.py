"""Where nothing is compiled, kernels run as they are written: with the same result."""

from __future__ import annotations

import itertools
import os
import pathlib
import subprocess
import sys
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numba import njit

from dedup import startup
from dedup.kernels import squeezing, vectors
from dedup.kernels.native.signatures import minhash
from dedup.kernels.reference import signatures
from dedup.kernels.reference import squeezing as plain_squeezing
from dedup.kernels.reference import vectors as plain
from dedup.kernels.reference import xxh32 as plain_hashes
from dedup.kernels.xxh32 import hash_beginnings, hash_openings, hash_pieces, hash_runs, xxh32
from dedup.warmup import warm_up

PROJECT = pathlib.Path(__file__).parents[1]
SAMPLE = PROJECT / "data" / "sample.jsonl"
MASKS = {
    "lower": (ord("a"), ord("z")),
    "upper": (ord("A"), ord("Z")),
    "digit": (ord("0"), ord("9")),
    "control": (0, 31),
    "quote": (ord('"'), ord('"')),
    "backslash": (ord("\\"), ord("\\")),
    "comma": (ord(","), ord(",")),
    "feed": (10, 10),
    "return": (13, 13),
    "high": (128, 255),
    "continued": (0x80, 0xBF),
    "ampersand": (ord("&"), ord("&")),
    "less": (ord("<"), ord("<")),
    "space": (ord(" "), ord(" ")),
    "loud": (0xC2, 0xC2, 0xC4, 0xCF, 0xD2, 0xE3, 0xEA, 0xEA, 0xEE, 0xFF),
    "dot": (ord("."), ord(".")),
    "quiet": (ord('"'), ord("'"), ord("*"), ord(",")),
    "false": (0, 0),
}
TWINS = (
    "tests/test_tokens.py::test_the_compiled_tokens_are_the_slow_ones",
    "tests/test_evidence.py::test_facts_equal_the_slow_twin",
    "tests/test_evidence.py::test_url_hashes_equal_the_slow_twin",
    *(f"tests/test_{name}.py" for name in ("dates", "debris", "fields", "leaders", "phrases", "shingles")),
)
RUN = """
import sys
from dedup import startup
startup.compile_later = lambda: bool(print("would compile", file=sys.stderr)) or True
from dedup.__main__ import main
sys.argv[0] = "dedup"
main()
"""


@pytest.mark.parametrize("name", MASKS)
@given(st.binary(min_size=64, max_size=64))
@settings(max_examples=20, deadline=None)
def test_masks_equal_their_slow_twins(name, data):
    fast, array = getattr(vectors, f"{name}_mask"), np.frombuffer(data, dtype=np.uint8)
    call = _compiled(fast)
    assert call(array, 0) == plain.mask_of(*MASKS[name])(array, 0)


def _compiled(device, compiled={}):  # noqa: B006  # each is compiled once
    if device not in compiled:
        compiled[device] = njit(lambda data, at: device(data, at))
    return compiled[device]


@njit
def _copies(source, at, lower, plain):
    vectors.copy_lower16(source, at, lower, 3)
    vectors.copy32(source, at, plain, 3)


@njit
def _numbers(data, at, values, rows, value, out):
    out[0] = vectors.load_word(data, at)
    out[1] = vectors.load_half(data, at)
    out[2] = vectors.lowest(out[0])
    out[3] = vectors.count_bits(out[0])
    out[4] = vectors.among8(rows, at, value)
    out[5] = vectors.equal16(values, at, value)
    out[6] = vectors.fold_product(out[0], vectors.load_word(data, 8))
    vectors.store_half(data, at, value)
    vectors.prefetch(data, at)


@given(st.binary(min_size=72, max_size=72), st.integers(0, 8))
@settings(deadline=None)
def test_copies_equal_their_slow_twins(data, at):
    source = np.frombuffer(data, dtype=np.uint8).copy()
    fast, slow = np.zeros((2, 2, 72), dtype=np.uint8)
    _copies(source, at, *fast)
    plain.copy_lower16(source, at, slow[0], 3)
    plain.copy32(source, at, slow[1], 3)
    np.testing.assert_array_equal(fast, slow)


@njit
def _copy_less(values, at, to, less):
    vectors.copy_less8(values, at, to, less)


@given(st.lists(st.integers(-(2**62), 2**62), min_size=16, max_size=16), st.integers(0, 8), st.integers(0, 8))
@settings(deadline=None)
def test_numbers_are_copied_as_by_the_slow_twin(values, at, to):
    fast, slow = np.array([values, values], dtype=np.int64)
    _copy_less(fast, at, to, values[0])
    plain.copy_less8(slow, at, to, values[0])
    assert fast.tolist() == slow.tolist()


@njit
def _squeeze(source, at, masks, target, flags, places):
    keep, blanks, numbers, capitals, sentences = masks
    found = squeezing.squeeze_text(source, at, keep, blanks, target, 3)
    squeezing.squeeze_flags(blanks, numbers, capitals, sentences, 4, flags, 2)
    squeezing.store_places(blanks, 1000, places, 1)
    return found, squeezing.highest(keep)


@given(
    st.binary(min_size=72, max_size=72),
    st.integers(0, 8),
    st.lists(st.integers(1, 2**64 - 1), min_size=5, max_size=5),
    st.integers(1, 2**64 - 1),
)
@settings(deadline=None)
def test_squeezed_bytes_equal_their_slow_twins(data, at, masks, few):
    masks[1] &= few & 0x5555555555555555  # no more words than there can be
    keep, blanks, numbers, capitals, sentences = masks = tuple(np.array(masks, dtype=np.uint64))
    source, count = np.frombuffer(data, dtype=np.uint8).copy(), int(blanks).bit_count()
    fast, slow = np.zeros((2, 72), dtype=np.uint8), np.zeros((2, 72), dtype=np.uint8)
    fast_places, slow_places = np.zeros((2, 40), dtype=np.int64)
    found = _squeeze(source, at, masks, *fast, fast_places)
    spaces = plain_squeezing.squeeze_text(source, at, keep, blanks, slow[0], 3)
    plain_squeezing.squeeze_flags(blanks, numbers, capitals, sentences, 4, slow[1], 2)
    plain_squeezing.store_places(blanks, 1000, slow_places, 1)
    assert found == (spaces, plain_squeezing.highest(keep))
    np.testing.assert_array_equal(fast, slow)
    np.testing.assert_array_equal(fast_places[1 : count + 1], slow_places[1 : count + 1])


@njit
def _turn(data, starts, words):
    vectors.turn8(data, starts, 1, words, 2)


@given(st.binary(min_size=72, max_size=72), st.lists(st.integers(0, 40), min_size=9, max_size=9))
@settings(deadline=None)
def test_turned_words_equal_their_slow_twins(data, starts):
    source, places = np.frombuffer(data, dtype=np.uint8).copy(), np.array(starts)
    fast, slow = np.zeros((2, 8, 12), dtype=np.uint32)
    _turn(source, places, fast)
    plain.turn8(source, places, 1, slow, 2)
    np.testing.assert_array_equal(fast, slow)


@njit
def _stripes(data, at, count, lanes, one, other):
    vectors.take_stripes(data, at, count, lanes, one, other)


@given(
    st.binary(min_size=72, max_size=72),
    st.integers(0, 8),
    st.lists(st.integers(0, 2**64 - 1), min_size=10, max_size=10),
)
@settings(deadline=None)
def test_stripes_equal_their_slow_twins(data, at, numbers):
    source, numbers = np.frombuffer(data, dtype=np.uint8).copy(), np.array(numbers, dtype=np.uint64)
    fast, slow = numbers[:8].copy(), numbers[:8].copy()
    for count in range(3):
        _stripes(source, at, count, fast, *numbers[8:])
        plain.take_stripes(source, at, count, slow, *numbers[8:])
        np.testing.assert_array_equal(fast, slow)


@given(st.binary(min_size=16, max_size=16), st.lists(st.integers(0, 9), min_size=40, max_size=40), st.integers(0, 3))
@settings(deadline=None)
def test_numbers_equal_their_slow_twins(data, values, at):
    fast, slow = (np.frombuffer(data, dtype=np.uint8).copy() for _ in range(2))
    values = np.array(values, dtype=np.uint32)
    rows, value, out = values[:32].reshape(4, 8), np.uint32(5), np.zeros(7, dtype=np.uint64)
    _numbers(fast, at, values, rows, value, out)
    word = plain.load_word(slow, at)
    expected = [word, plain.load_half(slow, at), plain.lowest(word), plain.count_bits(word)]
    expected += [plain.among8(rows, at, value), plain.equal16(values, at, value)]
    expected.append(plain.fold_product(word, plain.load_word(slow, 8)))
    assert out.tolist() == expected
    plain.store_half(slow, at, value)
    np.testing.assert_array_equal(fast, slow)
    plain.prefetch(slow, at)
    assert plain.lowest(np.uint64(0)) == 64


@njit
def _sort(values, at):
    vectors.sort16(values, at)
    vectors.sort32(values, at + 16)
    vectors.sort64(values, at + 48)
    vectors.part16(values, at, at + 20)


@njit
def _merge(values):
    vectors.sort32(values, 0)
    vectors.sort32(values, 32)
    vectors.mirror16(values, 0, 48)
    vectors.mirror16(values, 16, 32)
    vectors.settle64(values, 0)


@given(st.lists(st.integers(0, 2**32 - 1) | st.integers(0, 9), min_size=128, max_size=128), st.integers(0, 16))
@settings(deadline=None)
def test_sorted_values_equal_their_slow_twins(values, at):
    fast, slow = np.array([values, values], dtype=np.uint32)
    _sort(fast, at)
    plain.sort16(slow, at)
    plain.sort32(slow, at + 16)
    plain.sort64(slow, at + 48)
    plain.part16(slow, at, at + 20)
    assert fast.tolist() == slow.tolist()
    _merge(fast)
    assert fast[:64].tolist() == sorted(slow[:64].tolist())
    plain.mirror16(fast, 0, 48)
    plain.mirror16(slow, 0, 48)
    assert sorted(fast.tolist()) == sorted(slow.tolist())


@given(st.lists(st.text(max_size=20), max_size=12), st.integers(1, 3))
@settings(deadline=None)
def test_hashes_equal_their_slow_twins(words, width):
    encoded = [word.encode() for word in words]
    data = np.frombuffer(b"".join(word + b" " for word in encoded) + bytes(9), dtype=np.uint8).copy()
    starts = np.cumsum([0, *(len(word) + 1 for word in encoded)])
    for first, following in itertools.pairwise(starts):
        assert xxh32(data, first, following - 1) == plain_hashes.xxh32(data, first, following - 1)
    fast, slow = np.zeros((2, len(words)), dtype=np.uint32)
    hash_runs(data, starts, width, fast)
    plain_hashes.hash_runs(data, starts, width, slow)
    np.testing.assert_array_equal(fast, slow)
    done, other = np.zeros((2, len(words)), dtype=np.bool_)
    hash_beginnings(data, starts, 6, fast, done)
    plain_hashes.hash_beginnings(data, starts, 6, slow, other)
    np.testing.assert_array_equal(done, other)
    np.testing.assert_array_equal(fast[done], slow[done])
    data, begins = np.concatenate([data, np.zeros(32, dtype=np.uint8)]), np.zeros(16, dtype=np.int64)
    begins[: len(words)] = starts[:-1]
    sizes = np.minimum(np.diff(starts) - 1, 31).astype(np.uint32)
    hash_pieces(data, begins, sizes, fast)
    plain_hashes.hash_pieces(data, begins, sizes, slow)
    np.testing.assert_array_equal(fast, slow)
    fast, slow = np.zeros((2, 4, 16), dtype=np.uint32)
    hash_openings(data[: starts[-1]], starts, 0, len(words), fast)
    plain_hashes.hash_openings(data, starts, 0, len(words), slow)
    assert fast[0, : len(words)].tolist() == slow[0, : len(words)].tolist()


@given(st.lists(st.lists(st.integers(0, 2**32 - 1), max_size=9), max_size=5))
@settings(deadline=None)
def test_signatures_equal_those_by_matrices(stories):
    hashes = np.array([value for story in stories for value in story], dtype=np.uint32)
    bounds = np.cumsum([0, *map(len, stories)])
    a, b = np.random.default_rng(1).integers(0, 2**32, (2, 8), dtype=np.uint32)
    fast, slow = np.zeros((2, len(stories), 8), dtype=np.uint32)
    minhash(hashes, bounds[:-1], bounds[1:], a | np.uint32(1), b, fast)
    signatures.minhash_rows(hashes, bounds[:-1], bounds[1:], a | np.uint32(1), b, slow)
    np.testing.assert_array_equal(fast, slow)


def test_kernels_that_are_not_compiled_equal_their_twins_too():
    quiet = "ignore:overflow encountered:RuntimeWarning"
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-W", quiet, "-k", "not linear_time", *TWINS],
        cwd=PROJECT,
        env=os.environ | {"NUMBA_DISABLE_JIT": "1", "DEDUP_EXAMPLES": "5"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-4000:]


def run(folder, *words):
    environment = {name: value for name, value in os.environ.items() if name != "NUMBA_DISABLE_JIT"}
    return subprocess.run(
        [sys.executable, "-c", RUN, "run", *map(str, words)],
        cwd=PROJECT,
        env=environment | {"NUMBA_CACHE_DIR": str(folder)},
        capture_output=True,
        text=True,
        check=True,
    ).stderr


def test_the_first_small_feed_is_not_kept_waiting_and_comes_out_the_same(tmp_path):
    outputs = [tmp_path / name for name in ("kept.jsonl", "clusters.jsonl", "report.html")]
    said = run(tmp_path / "cold", SAMPLE, "-o", outputs[0], "--clusters", outputs[1], "--report", outputs[2])
    assert "would compile" in said
    assert "without compiled kernels" in said
    assert "compiling" not in said
    known = tmp_path / "warm.jsonl"
    subprocess.run(
        [sys.executable, "-m", "dedup", "run", SAMPLE, "-o", tmp_path / "k.jsonl", "--clusters", known], check=True
    )
    assert outputs[1].read_bytes() == known.read_bytes()
    assert outputs[0].read_bytes() == (tmp_path / "k.jsonl").read_bytes()
    assert outputs[2].read_text("utf-8").startswith("<!DOCTYPE html>")


@pytest.fixture
def cold(tmp_path, monkeypatch):
    """As in a process that has not imported Numba, where nothing is compiled."""
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.delenv("NUMBA_DISABLE_JIT")
    monkeypatch.delitem(sys.modules, "numba")
    monkeypatch.setattr(warnings, "filterwarnings", lambda *_: None)
    return tmp_path


def test_kernels_are_left_uncompiled_for_small_plain_files_alone(cold, monkeypatch):
    small, large, packed, rows = (cold / f"{name}.jsonl" for name in ("small", "large", "packed", "rows"))
    rows.write_text("[" + '{"title": "a"},' * 400 + "{}]")
    small.write_text('{"title": "a"}\n')
    large.write_text('{"title": "a"}\n' * 10_000)
    packed.write_bytes(b"\x1f\x8b" + bytes(9))
    for feeds in (
        [str(large)],
        [str(packed)],
        [str(rows)],
        [str(small), str(large)],
        ["-"],
        [str(cold)],
        [str(cold / "none")],
    ):
        assert not startup.leave_uncompiled(feeds)
    assert startup.leave_uncompiled([str(small), str(small)])
    assert os.environ["NUMBA_DISABLE_JIT"] == "1"
    assert not startup.leave_uncompiled([str(small)])  # it is decided
    monkeypatch.delenv("NUMBA_DISABLE_JIT")


def test_without_any_place_for_what_is_compiled_all_is_as_ever(cold, monkeypatch):
    small = cold / "small.jsonl"
    small.write_text('{"title": "a"}\n')

    def no_home():
        raise RuntimeError("no home")

    monkeypatch.setattr(startup, "_cache_folder", no_home)
    assert not startup.leave_uncompiled([str(small)])
    assert not startup.compile_later()
    startup.mark_compiled()
    with startup.compiling_alone() as alone:
        assert alone


def test_what_cannot_be_started_is_no_error(cold, monkeypatch):
    for nothing in (str(cold / "none"), None):
        monkeypatch.setattr(sys, "executable", nothing)
        assert not startup.compile_later()


def test_the_background_holds_no_lock_of_the_caller(cold, monkeypatch):
    python = cold / "python"
    python.write_text(f"#!/bin/sh\nls -l /proc/self/fd/ >{cold / 'told'}\n")
    python.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(python))
    with (cold / "lock").open("w") as lock:
        os.set_inheritable(lock.fileno(), True)
        assert startup.compile_later()
        os.wait()
    assert "/lock" not in (cold / "told").read_text()


def test_an_empty_name_of_a_cache_is_none(monkeypatch):
    monkeypatch.setenv("NUMBA_CACHE_DIR", "")
    assert startup._cache_folder().is_absolute()


def test_once_compiled_is_compiled(cold):
    small = cold / "small.jsonl"
    small.write_text('{"title": "a"}\n')
    warm_up(print)
    assert not startup.leave_uncompiled([str(small)])


def test_kernels_are_compiled_by_a_process_that_outlives_this_one(cold, monkeypatch):
    told = cold / "told"
    python = cold / "python"
    python.write_text(f'#!/bin/sh\necho "$@ [$NUMBA_DISABLE_JIT]" >{told}.part\nmv {told}.part {told}\n')
    python.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(python))
    monkeypatch.setenv("NUMBA_DISABLE_JIT", "1")
    assert startup.compile_later()
    os.wait()
    assert told.read_text().startswith("-P -c import sys")
    assert told.read_text().endswith("warmup.compile_whole() []\n")


def test_what_is_compiled_is_this_package_and_not_one_in_the_current_folder(tmp_path):
    (tmp_path / "dedup").mkdir()
    (tmp_path / "dedup" / "__init__.py").write_text("raise ImportError('another one')")
    command = startup.warmup_command("help_compiling")
    command[-1] = command[-1].replace("warmup.help_compiling()", "print(warmup.__file__)")
    told = subprocess.check_output(command, cwd=tmp_path, text=True)
    assert told == f"{PROJECT / 'dedup' / 'warmup.py'}\n"


def test_one_process_at_a_time_compiles_in_the_background(cold):
    (cold / "cache").mkdir()
    with startup.compiling_alone() as first, startup.compiling_alone() as second:
        assert (first, second) == (True, False)
    with startup.compiling_alone() as third:
        assert third
