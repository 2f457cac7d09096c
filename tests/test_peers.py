"""Every other engine does the whole job, and whoever cannot run is named."""

from __future__ import annotations

import json
import os
import re
import sys
from pathlib import Path

import numpy as np
import pytest

from benchmarks import __main__ as command
from benchmarks.events import FeedSettings
from benchmarks.feed import write_feed
from benchmarks.measure import run_fresh
from benchmarks.peers import ENGINES as JOBS
from benchmarks.peers import _alike, _alike_in_a_band, shingles, threads, words_of
from benchmarks.scoring import LABELS, score_clusters
from benchmarks.stages import AFTERWARDS, HASHING
from benchmarks.tables import markdown
from benchmarks.throughput import ENGINES, NEEDS, engine_command, measure_feed, throughput_record
from benchmarks.vocabulary import KINDS

BENCH = "pip install 'dedup-stories[bench]'"
LIGHT = ("rensa-c", "rensa-rho", "gaoya", "fastsketchlsh")


@pytest.fixture(scope="module")
def feed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("peers")
    write_feed(FeedSettings(stories=1_500, seed=9), folder / "feed.jsonl", folder / "truth.jsonl")
    return folder


@pytest.mark.parametrize("engine", LIGHT)
def test_every_light_engine_finds_the_copies(feed, engine):
    pytest.importorskip("orjson", reason=BENCH)
    pytest.importorskip(NEEDS[engine], reason=BENCH)
    JOBS[engine](feed / "feed.jsonl", feed / "clusters.jsonl", 1_000, 0.2)
    score = score_clusters(feed / "clusters.jsonl", feed / "truth.jsonl")
    assert score.stories == 1_000
    assert score.right_pairs > 0.9 * score.made_pairs
    assert 0.5 < score.right_pairs / score.true_pairs < 0.95
    assert score.recall_by_edit["exact"] == 1.0


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["text-dedup", "spark"])
def test_heavy_engines_find_the_copies(feed, engine):
    pytest.importorskip("orjson", reason=BENCH)
    pytest.importorskip(NEEDS[engine], reason=f"pip install {NEEDS[engine].replace('_', '-')}; it is large")
    JOBS[engine](feed / "feed.jsonl", feed / "clusters.jsonl", 0, 0.2)
    score = score_clusters(feed / "clusters.jsonl", feed / "truth.jsonl")
    assert score.right_pairs > 0.9 * score.made_pairs
    assert score.recall_by_edit["exact"] == 1.0


def test_shingles_of_scripts_without_spaces_are_of_characters():
    assert words_of("The Ferry, aground") == ["the", "ferry", "aground"]
    assert words_of("Паром 48") == ["паром", "48"]
    assert words_of("渡轮 48 人") == ["渡", "轮", "48", "人"]
    assert shingles({"title": "渡轮", "text": "人"}) == ["渡 轮 人"]


def test_rows_that_share_a_band_and_are_alike_are_paired():
    digests = np.arange(3 * 128, dtype=np.uint32).reshape(3, 128)
    digests[2, :64] = digests[0, :64]
    left, right = _alike_in_a_band(digests, 0.5, empty=2**32 - 1)
    assert {*zip(left.tolist(), right.tolist(), strict=True)} == {(0, 2)}
    assert len(_alike_in_a_band(digests, 0.51, empty=2**32 - 1)[0]) == 0
    digests[:, 4:] = 2**32 - 1  # what says nothing is not alike
    assert {*zip(*(side.tolist() for side in _alike_in_a_band(digests, 0.9, empty=2**32 - 1)), strict=True)} == {(0, 2)}
    both = (np.array([2, 0]), np.array([0, 1]))
    assert [side.tolist() for side in _alike(digests, *both, 0.5, 2**32 - 1)] == [[], []]  # one is later, one unlike


def test_every_engine_has_a_job_and_every_kind_a_label():
    assert set(NEEDS) == set(JOBS)
    assert set(LABELS) == set(KINDS[1:])
    for engine in ENGINES:
        line = engine_command(engine, Path("f"), Path("c"), stories=7, python="python9")
        assert line[0] == "python9"
        assert ("--stories" in line) != engine.startswith("dedup")


def test_pools_of_threads_are_told_the_cores_they_are_held_to():
    if not hasattr(os, "sched_setaffinity"):
        pytest.skip("this system does not pin processes to cores")
    core = min(os.sched_getaffinity(0))
    code = (
        "import os, sys; sys.exit(not (os.environ['OMP_NUM_THREADS'] == os.environ['RAYON_NUM_THREADS'] == '1' "
        f"and os.sched_getaffinity(0) == {{{core}}}))"
    )
    run_fresh([sys.executable, "-S", "-c", code], [core])
    assert threads() == len(os.sched_getaffinity(0))


def test_an_engine_that_fails_is_missing_with_the_reason(tmp_path):
    pytest.importorskip("orjson", reason=BENCH)
    measured, missing = measure_feed(
        FeedSettings(stories=50), ["orjson", "spark"], 1, tmp_path, {}, {"spark": sys.executable + "-nowhere"}
    )
    assert [one.engine for one in measured] == ["orjson"]
    assert "spark" in missing


def test_slices_of_later_feeds_are_in_proportion(tmp_path):
    pytest.importorskip("orjson", reason=BENCH)
    record = throughput_record([400, 200], [43, 9], ["orjson"], 1, 0, tmp_path, {"orjson": 100})
    assert [feed["engines"][0]["stories"] for feed in record["feeds"]] == [100, 50]
    assert record["benchmark"] == "peers"
    assert record["feeds"][0]["engines"][0]["score_on_equal_slices"] is None
    with pytest.raises(ValueError, match="one number of stories or one for each of 3 lengths, not 2"):
        throughput_record([1, 2], [9, 43, 400], ["orjson"], 1, 0, tmp_path)


def test_stages_are_measured_and_compared_with_parsing(tmp_path):
    pytest.importorskip("orjson", reason=BENCH)
    record = throughput_record([400], [43], ["orjson"], 1, 0, tmp_path, stages=True)
    [feed] = record["feeds"]
    assert list(feed["stages"]) == ["reading", *HASHING, *AFTERWARDS, "the rest"]
    assert sum(feed["stages"].values()) > 0
    table = markdown(json.loads(json.dumps(record)))
    assert re.search(r"\| signatures and bands \| \d[^|]*\|[^|]*%", table)
    assert re.search(r"\| all \| [^|]*\| 100% \|[^|]*\| \d+\.\d \|", table)


def test_the_peers_command_refuses_what_is_no_python(capsys):
    with pytest.raises(SystemExit):
        command.main(["peers", "--python", "spark=/no/where"])
    assert "write ENGINE=PATH" in capsys.readouterr().err
