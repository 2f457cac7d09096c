"""Each edit of a copy does what its name says, and nothing else unless the truth lists it."""

from __future__ import annotations

import json
import re
from collections import Counter

import numpy as np
import pytest

from benchmarks import __main__ as command
from benchmarks.events import FeedSettings, plan_stories
from benchmarks.feed import write_feed
from benchmarks.likeness import LENGTHS, gap, likeness_record, likeness_table, shingle_set
from benchmarks.scripts import SCRIPTS
from benchmarks.vocabulary import EDITS, KINDS
from tests.test_accuracy import folder  # noqa: F401 - a fixture

SETTINGS = FeedSettings(stories=30_000, seed=1)


@pytest.fixture(scope="module")
def pairs(tmp_path_factory):
    """For every kind of copy: (copy, first report, edits) of stories with a text."""
    place = tmp_path_factory.mktemp("feed")
    write_feed(SETTINGS, place / "f", place / "t")
    stories, truth = ([json.loads(line) for line in (place / name).read_text("utf-8").splitlines()] for name in "ft")
    by_id = {story["id"]: story for story in stories}
    found: dict[str, list[tuple[dict[str, str], dict[str, str], list[str]]]] = {kind: [] for kind in KINDS}
    for line in truth:
        pair = by_id[line["id"]], by_id[line["cluster"]]
        if all(story["text"] for story in pair):
            found[line["kind"]].append((*pair, line["edits"]))
    return found


def words(text):
    return re.findall(r"\w+", text)


def test_the_truth_lists_the_kind_last_and_only_known_edits(pairs):
    for kind in KINDS:
        for _, _, edits in pairs[kind]:
            assert edits[-1:] == ([kind] if kind in EDITS else [])
            assert set(edits) <= set(EDITS)
            assert len(set(edits)) == len(edits)
    assert {"trimmed", "retitled", "mixed"} <= set(pairs["mixed"][0][2])


def test_titles_change_only_where_the_truth_says_so(pairs):
    own = ("retitled", "reworded", "suffix", "updated", "live", "mixed")
    for kind in EDITS[:-2]:
        for copy, first, edits in pairs[kind]:
            if not set(own) & set(edits):
                assert copy["title"] == first["title"]


@pytest.mark.parametrize("kind", ["header", "footer", "dateline"])
def test_a_line_around_the_text_is_added_or_exchanged_and_no_word_of_it_changed(pairs, kind):
    for copy, first, edits in pairs[kind]:
        assert edits == [kind]
        mine, other = words(copy["text"]), words(first["text"])
        assert mine != other
        gone = [word for word in other if word not in set(mine)]
        assert len(gone) <= 8  # of the longest footer


def test_one_word_is_one_word(pairs):
    changed = Counter[int]()
    for copy, first, _ in pairs["word"]:
        if copy["lang"] != "zh":
            mine, other = words(copy["text"]), words(first["text"])
            assert len(mine) == len(other)
            changed[sum(x.lower() != y.lower() for x, y in zip(mine, other, strict=True))] += 1
    assert set(changed) <= {0, 1}  # none where names and numbers stand at its place and after
    assert changed[1] > 0.9 * changed.total()


def test_a_sentence_is_cut_out_whole(pairs):
    lengths = []
    for copy, first, _ in pairs["sentence"]:
        if copy["lang"] == "en":
            mine, other = words(copy["text"]), words(first["text"])
            start = next((k for k, (x, y) in enumerate(zip(mine, other, strict=False)) if x != y), len(mine))
            gone = len(other) - len(mine)
            assert other[:start] + other[start + gone :] == mine or gone == 0
            lengths.append(gone)
    assert 9 < np.mean(lengths) < 22


def test_a_half_is_the_first_half_and_a_live_blog_has_its_news_on_top(pairs):
    for copy, first, _ in pairs["halved"]:
        if copy["lang"] == "en":
            assert len(words(copy["text"])) <= 0.75 * len(words(first["text"]))  # of the text; its footers stay
    for copy, _, _ in pairs["live"]:
        assert copy["title"].startswith(tuple(script.prefixes[2] for script in SCRIPTS))
    shared = [
        len(set(words(c["text"])) & set(words(f["text"]))) / len(set(words(f["text"]))) for c, f, _ in pairs["live"]
    ]
    assert np.mean(shared) > 0.85


def test_scripts_are_those_of_the_event_and_as_frequent_as_stated(pairs):
    both = [(copy["lang"], first["lang"]) for kind in KINDS for copy, first, _ in pairs[kind]]
    assert all(copy == first for copy, first in both)
    share = Counter(copy for copy, _ in both)
    for script in SCRIPTS:
        assert share[script.lang] / len(both) == pytest.approx(script.share / 1_000, abs=0.015)
    letters = {
        "ru": "\u0400-\u04ff", "el": "\u0370-\u03ff", "ar": "\u0600-\u06ff", "zh": "\u4e00-\u9fff", "en": "a-zé-ü"
    }  # fmt: skip
    for copy, _, _ in pairs["original"]:
        assert len(re.findall(f"[{letters[copy['lang']]}]", copy["text"].lower())) > 0.4 * len(copy["text"])


def test_days_of_look_alikes_are_dates_of_their_script(pairs):
    for copy, _, _ in pairs["day"]:
        months = next(script.months for script in SCRIPTS if script.lang == copy["lang"]) or ("月",)
        assert any(month in copy["title"] for month in months)
        assert re.search(r"\d\d:\d\d", copy["title"])


def test_some_publishers_send_headlines_only_and_each_has_its_pace():
    plan = plan_stories(SETTINGS, 0, SETTINGS.stories)
    textless = plan.text_length == 0
    assert 0.01 < textless.mean() < 0.1
    plain = np.isin(plan.kind, [KINDS.index(kind) for kind in ("original", "retitled", "mixed")])
    by_publisher: dict[int, bool] = {}
    for publisher, bare in zip(plan.styled_as[plain].tolist(), textless[plain].tolist(), strict=True):
        assert by_publisher.setdefault(publisher, bare) == bare
    copied = np.flatnonzero(plan.kind == KINDS.index("retitled"))
    lag = (plan.story - plan.cluster)[copied].astype(float)
    order = np.argsort(plan.publisher[copied], kind="stable")
    means = [part.mean() for part in np.array_split(lag[order], 40)]
    assert max(means) > 2 * min(means)


def test_the_gap_of_two_distributions_is_that_of_kolmogorov_and_smirnov():
    assert gap(np.array([0.1, 0.2]), np.array([0.1, 0.2])) == 0.0
    assert gap(np.array([0.1, 0.2]), np.array([0.3])) == 1.0
    assert gap(np.array([0.1, 0.2, 0.3, 0.4]), np.array([0.25, 0.4])) == 0.5


def test_shingle_sets_are_runs_of_words():
    assert shingle_set("The ferry ran aground", 3) == {"the ferry ran", "ferry ran aground"}
    assert shingle_set("Aground!", 3) == {"aground"}
    assert shingle_set("", 1) == {""}


def test_likeness_shows_both_sides_of_every_measure(folder, tmp_path, capsys):  # noqa: F811
    record = likeness_record(folder, 2_000, 0, tmp_path)
    assert {row["pairs"] for row in record["rows"]} == set(LENGTHS)
    for row in record["rows"]:
        assert row["judged"]["pairs"] == 1
        assert row["synthetic"]["pairs"] > 200
        for side in ("judged", "synthetic"):
            assert sum(row[side]["tenths"]) == pytest.approx(1.0)
            assert list(row[side]["percentiles"].values()) == sorted(row[side]["percentiles"].values())
    table = likeness_table(record)
    assert table.count("| judged |") == table.count("| synthetic |") == len(record["rows"])
    assert "Kvaloy" not in json.dumps(record)
    assert command.main(["likeness", "--data", str(folder.path), "--stories", "500"]) == 0
    assert "| with text | word-1 Jaccard, title | judged | 1 |" in capsys.readouterr().out
