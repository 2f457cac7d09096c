"""The page shows every record, compares nothing but ratios, and the full run goes on where it stopped."""

from __future__ import annotations

import copy
import html.parser
import json
import re
import sys
from pathlib import Path

import pytest

from benchmarks import __main__ as command
from benchmarks import everything
from benchmarks.compare import compare, read_record
from benchmarks.everything import PARTS, FullRun
from benchmarks.page import SECTIONS, html_of, page
from benchmarks.plots import scaling_plot
from benchmarks.readme import throughput_part
from benchmarks.scaling import growth, project, slope


def engine(name, speed, precision=0.99, recall=0.8):
    spread = {"median": 1.0, "least": 0.9, "largest": 1.1}
    score = {
        "stories": 100, "true_pairs": 9, "made_pairs": 8, "right_pairs": 7, "precision": precision, "recall": recall,
        "recall_by_edit": {"exact": 1.0, "trimmed": recall}, "false_merges_by_lookalike": {"number": 1 - precision},
    }  # fmt: skip
    return {
        "engine": name, "stories": 100, "megabytes": 1.0, "stories_per_second": speed, "megabytes_per_second": 1.0,
        "wall_seconds": spread, "cpu_seconds": spread, "peak_bytes": 10**8, "times_as_fast_as": {},
        "score": None if name == "orjson" else score,
    }  # fmt: skip


WHERE = {
    "date": "2026-11-24T00:00:00+00:00", "cpu": "a <fast> one", "cores_used": [0, 1], "cores_of_machine": 2,
    "system": "Linux", "python": "3.11", "packages": {"numpy": "2.0"}, "commit": "c" * 40,
}  # fmt: skip


@pytest.fixture
def peers():
    engines = [engine("dedup", 1_000.0), engine("rensa", 500.0, 0.9, 0.7), engine("orjson", 10_000.0)]
    engines[0]["times_as_fast_as"] = {"rensa": 2.0, "orjson": 0.1}
    engines[1]["times_as_fast_as"] = {"dedup": 0.5, "orjson": 0.05}
    feed = {
        "feed": {"words": 43, "stories": 100, "seed": 0}, "engines": engines, "missing": {"gaoya": "not installed"},
        "stages": {"reading": 0.5, "tokens": 0.25},
    }  # fmt: skip
    return {"benchmark": "peers", "environment": WHERE, "repeats": 3, "feeds": [feed]}


@pytest.fixture
def scaling():
    spread = {"median": 1.0, "least": 1.0, "largest": 1.0}
    points = [
        {"stories": n, "wall_seconds": {**spread, "median": n / 1e5}, "cpu_seconds": spread, "peak_bytes": n * 1_700,
         "stories_per_second": 1e5, "growth": None}
        for n in (10**5, 10**6)
    ]  # fmt: skip
    return {
        "benchmark": "scaling", "environment": WHERE, "repeats": 1, "engine": "dedup",
        "feed": {"words": 43, "shape": "news", "seed": 0}, "points": points, "failed": {"9": "no memory"},
        "slopes": {"seconds": 1.0, "bytes": 1.0}, "projection": {"stories": 10**8, "seconds": 600.0, "bytes": 1.7e11},
    }  # fmt: skip


class Tags(html.parser.HTMLParser):
    """Checks that every element that is opened is closed."""

    def __init__(self):
        super().__init__()
        self.open, self.seen = [], []

    def handle_starttag(self, tag, attrs):
        self.seen.append((tag, dict(attrs)))
        if tag not in ("meta", "br", "path", "use"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag not in ("path", "use"):
            assert self.open.pop() == tag

    def handle_startendtag(self, tag, attrs):
        self.seen.append((tag, dict(attrs)))


def test_the_page_is_whole_escaped_and_asks_nobody_for_anything(peers, scaling):
    pytest.importorskip("matplotlib", reason="pip install 'dedup-stories[bench]'")
    made = page({"peers": peers, "throughput": peers | {"benchmark": "throughput"}, "scaling": scaling})
    tags = Tags()
    tags.feed(made)
    assert tags.open == []
    assert sum(tag == "svg" for tag, _ in tags.seen) == 5
    for tag, attributes in tags.seen:
        links = [value for name, value in attributes.items() if name in ("src", "href", "xlink:href")]
        assert all(value.startswith("#") for value in links), (tag, links)
    assert not re.search(r"url\((?!#)|@import|<script", made)
    assert "a &lt;fast&gt; one" in made
    assert "a <fast> one" not in made
    assert "gaoya did not run: not installed" in made
    assert "9 stories failed: no memory" in made
    assert "#010203" not in made
    assert "prefers-color-scheme: dark" in made
    assert scaling_plot(scaling) == scaling_plot(scaling)


def test_markdown_of_tables_lists_and_paragraphs_becomes_html():
    text = "### A <b>\n\n| x | y |\n|---|---:|\n| 1 & 2 | 3 |\n\n1. one\n   - two\n\nplain\nwords\n"
    assert html_of(text) == (
        "<h3>A &lt;b&gt;</h3>\n"
        '<div class="table"><table><thead><tr><th>x</th><th class="right">y</th></tr>\n</thead><tbody>'
        '<tr><td>1 &amp; 2</td><td class="right">3</td></tr>\n</tbody></table></div>\n'
        "<ul><li>one</li><li>two</li></ul>\n<p>plain words</p>\n"
    )


def test_a_page_needs_a_record(tmp_path, capsys):
    pytest.importorskip("matplotlib", reason="pip install 'dedup-stories[bench]'")
    assert command.main(["page", str(tmp_path)]) == 1
    assert "has no record; python -m benchmarks all" in capsys.readouterr().err


def test_every_part_of_a_full_run_has_a_section_and_a_table():
    assert set(PARTS) <= set(SECTIONS)


def test_the_readme_names_slices_absent_engines_and_slopes(peers, scaling):
    peers["feeds"][0]["engines"][1]["stories"] = 50
    part = throughput_part(peers, scaling)
    assert "| rensa | 500 | 0.900 / 0.700 |" in part
    assert "| only parsing the file with orjson | 10,000 |  |" in part
    assert "(rensa 50)" in part
    assert "Did not run: gaoya." in part
    assert part.rstrip().endswith("Slope on log-log axes: 1.00 of time, 1.00 of memory.")


def test_equal_records_and_slower_machines_pass(peers, scaling):
    assert compare(peers, peers)[0] == []
    slower = copy.deepcopy(peers)
    for entry in slower["feeds"][0]["engines"]:
        entry["stories_per_second"] /= 10
        entry["wall_seconds"] = {name: 10 * value for name, value in entry["wall_seconds"].items()}
    worse, figures = compare(peers, slower)
    assert worse == []
    assert len(figures) == 7
    assert not any("second" in line for line in figures)
    assert compare(scaling, scaling)[0] == []


@pytest.mark.parametrize(
    ("change", "line"),
    [
        (lambda entry: entry["times_as_fast_as"].update(rensa=1.4), "times as fast as rensa: 2 -> 1.4"),
        (lambda entry: entry["score"].update(recall=0.78), "dedup, recall: 0.8 -> 0.78"),
        (lambda entry: entry["score"].update(precision=0.97), "dedup, precision: 0.99 -> 0.97"),
        (lambda entry: entry["score"]["recall_by_edit"].update(exact=0.9), "found of exact: 1 -> 0.9"),
        (lambda entry: entry["score"]["false_merges_by_lookalike"].update(number=0.1), "merged of number: 0.01 -> 0.1"),
    ],
)
def test_what_got_worse_is_named(peers, tmp_path, capsys, change, line):
    later = copy.deepcopy(peers)
    change(later["feeds"][0]["engines"][0])
    worse, _ = compare(peers, later)
    assert len(worse) == 1
    assert worse[0].endswith(line)
    assert compare(later, peers)[0] == []  # better is never worse
    for name, record in (("a", peers), ("b", later)):
        (tmp_path / name).write_text(json.dumps(record), "utf-8")
    assert command.main(["compare", str(tmp_path / "a"), str(tmp_path / "b")]) == 1
    assert line in capsys.readouterr().out
    assert command.main(["compare", str(tmp_path / "a"), str(tmp_path / "a")]) == 0


def test_memory_and_slopes_are_held(scaling):
    later = copy.deepcopy(scaling)
    later["points"][1]["peak_bytes"] *= 2
    later["slopes"]["seconds"] = 1.5
    assert [line.rpartition(": ")[2] for line in compare(scaling, later)[0]] == ["1 -> 1.5", "1700 -> 3400"]


def test_records_that_cannot_be_compared_are_refused(peers, scaling, tmp_path, capsys):
    with pytest.raises(ValueError, match="a record of peers cannot be compared with one of scaling"):
        compare(peers, scaling)
    other = copy.deepcopy(peers)
    other["feeds"][0]["feed"]["stories"] = 7
    with pytest.raises(ValueError, match="no figure in common"):
        compare(peers, other)
    (tmp_path / "a").write_text("[1", "utf-8")
    assert command.main(["compare", str(tmp_path / "a"), str(tmp_path / "a")]) == 2
    assert "is not JSON" in capsys.readouterr().err
    (tmp_path / "a").write_text("[1]", "utf-8")
    with pytest.raises(ValueError, match="is no record of throughput"):
        read_record(tmp_path / "a")


def test_slope_and_projection_are_those_of_a_power_law():
    sizes = [10, 100, 1_000]
    assert slope(sizes, [3 * n**1.2 for n in sizes]) == pytest.approx(1.2)
    assert project(sizes, [1, 50, 500], 10_000) == pytest.approx(5_000)  # as between the last two
    assert growth((10, 1.0), (10, 2.0)) is None


def test_a_full_run_makes_what_is_missing_and_says_what_failed(tmp_path, monkeypatch, capsys):
    ran = []

    def run(command, cwd, check):  # noqa: ARG001
        part, output = command[3], command[5]
        ran.append(part)
        if part == "peers" and len(ran) < 3:
            return type("Done", (), {"returncode": 1})
        record = {"benchmark": part, "environment": {"commit": "now"}}
        Path(output).write_text(json.dumps(record), "utf-8")
        return type("Done", (), {"returncode": 0})

    monkeypatch.setattr("benchmarks.everything.subprocess.run", run)
    monkeypatch.setattr(everything, "commit_now", lambda: "now")
    full = FullRun(records=tmp_path, scale=0.5, interpreters={})
    assert full.run() == ["peers"]
    assert ran == ["throughput", "peers", "scaling"]  # the others have no data
    assert "likeness: passed over, name the folder" in capsys.readouterr().err
    assert full.run() == []
    assert ran[3:] == ["peers"]
    assert "throughput.json is of this commit and scale" in capsys.readouterr().err
    FullRun(records=tmp_path, scale=1.0, interpreters={}, parts=["scaling"]).run()
    assert ran[4:] == ["scaling"]


def test_the_commands_of_a_full_run_are_ones_that_there_are(tmp_path):
    full = FullRun(records=tmp_path, data=tmp_path, folder=tmp_path, scale=0.01, interpreters={"spark": sys.executable})
    for part in PARTS:
        words = full.command(part)
        chosen = command._parser().parse_args(words)
        assert chosen.output == tmp_path / f"{part}.json"
    assert command._parser().parse_args(full.command("scaling")).sizes == [1_000, 3_000, 10_000, 30_000, 100_000]
    assert command._parser().parse_args(full.command("peers")).python == [("spark", sys.executable)]
