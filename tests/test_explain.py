from __future__ import annotations

import html.parser
import json
import math
import re
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dedup.batch import find_duplicates
from dedup.errors import SettingsError
from dedup.evidence import EVIDENCE
from dedup.explain import WORDS, explain
from dedup.explain_job import ExplainJob
from dedup.incoming import story_batch
from dedup.index import StoryIndex
from dedup.job import Job
from dedup.kernels.native.leaders import NEAR
from dedup.passages import MOST_READ
from dedup.settings import Settings
from dedup.similar_job import SimilarJob
from tests.builders import at
from tests.commands import dedup
from tests.indexes import CUTS, HEADED, NO_TEXT, TITLED, WITHIN, tell
from tests.test_boilerplate import shortened, with_footers

FERRY = "The ferry Aurora ran aground off Kvaloy on Monday with 48 people on board, the coast guard in Tromso said."
LEFT = {"id": "a", "title": "Ferry Aurora runs aground off Kvaloy", "text": FERRY, "source": "A", "published": at(1)}
RIGHT = {**LEFT, "id": "b", "source": "B", "title": "Ferry Aurora aground", "text": FERRY + " Nobody was hurt."}
CORN = {"id": "c", "title": "Exporters report 350,000 tonnes of corn sold to Mexico", "source": "G"}
LESS_CORN = {**CORN, "id": "d", "title": "Exporters report 150,000 tonnes of corn sold to Mexico"}
OTHER = {"id": "z", "title": "Central bank of Norland raises its key rate", "text": "The bank lifted it on Thursday."}


def pushes(explanation):
    return {one.name: one.push for one in explanation.evidence}


def reasons(left, right, chosen=None):
    return "; ".join(explain(left, right, chosen).reasons)


TOLD = st.tuples(
    st.integers(0, 3), st.sampled_from(HEADED), st.integers(0, 3), CUTS,
    st.one_of(st.none(), st.integers(-1, 16).map(lambda hour: hour * 0.75)), st.integers(0, 2),
)  # fmt: skip


@given(TOLD, TOLD, st.sampled_from(["evidence", 0.3, 0.8]), st.sampled_from([3 * 3600.0, None]))
@settings(deadline=None, max_examples=160)
@example((0, TITLED, 3, NO_TEXT, 0.0, 1), (0, WITHIN, 3, 0, 0.0, 2), "evidence", None)
def test_the_verdict_is_that_of_a_feed_of_these_two(left, right, rule, window):
    one, other = tell(*left, name="a"), tell(*right, name="b")
    chosen = Settings(rule=rule, window=window, threads=1)
    result = find_duplicates([story_batch([one, other])], chosen)
    explanation = explain(one, other, chosen)
    kind = result.to_table().column("kind").to_pylist()[1]
    expected = {None: "different", "exact": "duplicate", "near": "duplicate", "update": "update"}[kind]
    assert explanation.verdict == expected
    assert explanation.merged == (kind is not None)
    if kind is not None:
        assert explanation.probability == pytest.approx(float(result.scores[1]), abs=1e-5)


def test_pushes_make_the_probability():
    explanation = explain(LEFT, RIGHT)
    logit = explanation.baseline + sum(pushes(explanation).values())
    assert explanation.probability == pytest.approx(1.0 / (1.0 + math.exp(-logit)))
    assert explanation.verdict == "duplicate"
    assert explanation.probability >= explanation.threshold == 0.704


def test_all_evidence_is_named_and_sorted_by_its_push():
    explanation = explain(LEFT, RIGHT)
    assert sorted(pushes(explanation)) == sorted(EVIDENCE) == sorted(WORDS)
    sizes = [abs(one.push) for one in explanation.evidence]
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[0] > 1.0


def test_numbers_that_clash_are_the_reason_why_two_stories_are_different():
    explanation = explain(CORN, LESS_CORN)
    assert explanation.verdict == "different"
    assert min(pushes(explanation), key=lambda name: pushes(explanation)[name]) == "title_number_clash"
    assert "numbers and days in which the titles differ" in explanation.reasons[1]
    assert [span.text for side in explanation.sides for span in side.title if span.mark == "number"] == [
        "350,000",
        "150,000",
    ]


def test_stories_beyond_the_window_are_different_however_alike():
    late = {**RIGHT, "published": at(9)}
    explanation = explain(LEFT, late)
    assert (explanation.verdict, explanation.probability > 0.5) == ("different", True)
    assert explanation.reasons[0] == "published 192.0 hours apart; the window is 72.0 hours"
    copy = {**LEFT, "id": "b", "published": at(9)}
    assert "192.0 hours apart" in reasons(LEFT, copy)
    assert explain(LEFT, copy, Settings(window=None)).merged


def test_copies_are_said_to_be_copies():
    explanation = explain(LEFT, {**LEFT, "id": "b", "source": "B"})
    assert (explanation.verdict, explanation.probability) == ("duplicate", 1.0)
    assert explanation.reasons == ("both say the same, word for word",)


@pytest.mark.parametrize("title", ["Morning briefing", "Central bank sets two billion of customer repurchases"])
def test_the_same_few_words_on_different_days_are_said_to_be_a_series(title):
    one, other = ({"id": str(day), "title": title, "source": "A", "published": at(day, 6)} for day in (1, 2))
    assert explain(one, other).verdict == "different"
    assert "a series" in reasons(one, other)


def test_a_revision_by_the_same_source_is_an_update():
    revised = {**RIGHT, "source": "A", "title": f"UPDATE 1-{LEFT['title']}"}
    assert explain(LEFT, revised).verdict == "update"
    assert explain(LEFT, {**revised, "source": "B"}).verdict == "duplicate"


def test_too_few_words_are_rejected_outright():
    explanation = explain({"id": "a", "title": "Sports news"}, {"id": "b", "title": "Sports news today"})
    assert (explanation.verdict, explanation.probability) == ("different", 0.0)
    assert "fewer than 4 telling words" in explanation.reasons[0]


def test_texts_that_do_not_know_each_others_titles_are_rejected_outright():
    banner = "Subscribe now for unlimited access to every article and all newsletters of the house at a low price."
    said = reasons({**OTHER, "text": banner}, {"id": "y", "title": "Comet seen over Quito hills", "text": banner})
    assert said.startswith("neither text knows the other's title")


def test_a_title_alone_and_a_text_alone_are_rejected_outright():
    title = {"id": "a", "title": f"{LEFT['title']}, coast guard in Tromso says"}
    explanation = explain(title, {"id": "b", "text": f"{title['title']}. {FERRY}"})
    assert (explanation.verdict, explanation.probability) == ("different", 0.0)
    assert explanation.reasons[0].startswith("one has no title and the other no text")


def test_stories_that_lookup_does_not_bring_together_say_so():
    assert "lookup does not bring them together" in reasons(LEFT, OTHER)


def test_the_classical_rule_is_explained_by_its_similarity():
    explanation = explain(LEFT, RIGHT, Settings(rule=0.5))
    assert explanation.threshold == 0.5
    assert explanation.probability == {one.name: one.value for one in explanation.evidence}["text_jaccard"]
    assert "the rule asks for 0.5" in explanation.reasons[0]
    assert set(pushes(explanation).values()) == {0.0}


def test_an_explanation_is_json():
    told = json.loads(json.dumps(explain(LEFT, RIGHT).to_dict()))
    assert told["sides"][0]["published"] == "2023-06-01T00:00:00+00:00"
    assert told["sides"][0]["title"][0] == {"text": "Ferry Aurora", "mark": "shared"}
    assert set(told) == {"verdict", "probability", "threshold", "baseline", "evidence", "sides", "reasons"}


def test_html_escapes_what_stories_say():
    evil = '&lt;script&gt;alert(1)&lt;/script&gt; "x" ferry'
    page = explain({**LEFT, "id": "<i>", "title": evil, "source": "<b>"}, {**RIGHT, "title": evil}).to_html()
    seen = set()

    class Parser(html.parser.HTMLParser):
        def handle_starttag(self, tag, attrs):  # noqa: ARG002
            seen.add(tag)

    Parser().feed(page)
    known = {"section", "p", "strong", "span", "ul", "li", "div", "article", "header", "h3", "mark", "table", "thead"}
    assert seen <= known | {"tbody", "tr", "th", "td"}
    assert "&lt;script" not in explain(LEFT, RIGHT).to_html()
    assert "&lt;i&gt;" in page


def test_a_page_says_from_where_on_a_long_text_is_not_marked():
    page = explain({**LEFT, "text": "Nobody was hurt. " * 4000}, RIGHT).to_html()
    left = 4000 * len("Nobody was hurt. ") - MOST_READ
    assert f'<small class="unread">[nothing is marked in the last {left:,} characters]</small>' in page


def test_an_index_explains_stories_by_their_ids():
    with StoryIndex.open("memory://") as index:
        index.add_many([LEFT, RIGHT, OTHER])
        assert index.explain("a", "b") == explain(LEFT, RIGHT)
        assert index.explain("a", "z").verdict == "different"
        with pytest.raises(SettingsError, match='there is no story "x" in memory://'):
            index.explain("a", "x")


def test_an_index_without_texts_cannot_explain():
    with StoryIndex.open("memory://", texts=False) as index:
        index.add_many([LEFT, RIGHT])
        with pytest.raises(SettingsError, match='of story "a" only hashes are kept'):
            index.explain("a", "b")


def run(*args):
    code, output, message = dedup(*args)
    return code, output.decode(), message


@pytest.fixture
def feed(tmp_path):
    path = tmp_path / "feed.jsonl"
    rows = [LEFT, RIGHT, {**OTHER, "published": None}, {**OTHER, "id": "a2"}, {**OTHER, "id": "a2"}]
    path.write_text("".join(json.dumps(row, default=str) + "\n" for row in rows), "utf-8")
    return str(path)


def test_the_command_prints_texts_evidence_and_reasons(feed):
    code, out, _ = run("explain", feed, "a", "b")
    assert code == 0
    assert re.match(r"duplicate +0\.9\d\d, 0\.704 needed", out)
    assert "Nobody was hurt." in out
    assert "shingles of the shorter story" in out


def test_the_command_writes_json_and_a_page(feed, tmp_path):
    page = tmp_path / "page.html"
    code, out, _ = run("explain", feed, "a", "z", "--json", "--html", str(page))
    assert code == 0
    told = json.loads(out)
    assert told["verdict"] == "different"
    assert told["sides"][1]["published"] == "2023-06-01T00:00:00+00:00"  # an undated story goes by the one before
    assert page.read_text("utf-8").startswith("<!DOCTYPE html>")
    assert 'data-verdict="different"' in page.read_text("utf-8")


def test_a_page_and_json_do_not_both_go_to_stdout(feed):
    code, out, error = run("explain", feed, "a", "z", "--json", "--html", "-")
    assert (code, out) == (2, "")
    assert error.splitlines()[-1] == "dedup: only one output can go to stdout; name a file for the others"


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (("a", "nope"), 'no story has the id "nope"'),
        (("a", "a2"), '2 stories have the id "a2", in rows 4, 5'),
        (("a", "a"), '"a" is named twice'),
    ],
)
def test_ids_that_name_no_two_stories_are_refused(feed, names, message):
    with pytest.raises(SettingsError, match=message):
        ExplainJob(feeds=[feed], left=names[0], right=names[1], mapping={}).run()


@pytest.fixture(scope="module")
def footers(tmp_path_factory):
    """A feed whose two sources put a footer under every story."""
    path = tmp_path_factory.mktemp("footers") / "feed.jsonl"
    rows = with_footers(shortened(80))
    path.write_text("".join(json.dumps(row, default=str) + "\n" for row in rows), "utf-8")
    return path


@pytest.mark.parametrize("boilerplate", ["learn", "off"])
def test_the_command_explains_what_run_decided_on_a_feed(footers, tmp_path, boilerplate):
    asked: dict[str, Any] = {"feeds": [str(footers)], "mapping": {}, "boilerplate": boilerplate}
    result = Job(output=str(tmp_path / "kept.jsonl"), **asked).run()
    names = result.ids.to_pylist()
    near = np.flatnonzero(result.kinds == NEAR)
    assert len(near) > 5
    for row in near[::3].tolist():
        explanation = ExplainJob(left=names[result.leaders[row]], right=names[row], **asked).run()
        assert explanation.merged
        assert explanation.probability == pytest.approx(float(result.scores[row]), abs=1e-5)


def test_a_feed_on_stdin_is_learned_from_too(footers):
    verdicts = []
    for wanted in ("learn", "off"):
        asked = ("explain", "-", "s0", "s3", "--json", "--boilerplate", wanted)
        code, out, error = dedup(*asked, stdin=footers.read_bytes())
        assert code == 0
        verdicts.append(json.loads(out)["verdict"])
        assert ("phrases that 2 sources repeat do not count" in error) == (wanted == "learn")
    assert verdicts == ["duplicate", "different"]


def test_refusals_are_one_line_and_an_exit_code(feed):
    code, out, error = run("explain", feed, "a", "nope")
    assert (code, out) == (2, "")
    assert error.splitlines()[-1].startswith('dedup: no story has the id "nope"')


def test_the_command_similar_folds_the_clusters_of_run(footers, tmp_path):
    kept = tmp_path / "kept.jsonl"
    for boilerplate in ("learn", "off"):
        asked: dict[str, Any] = {"feeds": [str(footers)], "mapping": {}, "boilerplate": boilerplate}
        result = Job(output=str(kept), **asked).run()
        found = SimilarJob(output=str(tmp_path / "similar.jsonl"), **asked).run()
        assert len(found) == len(result)
        assert np.isin(found.rows, result.canonicals).all()
        for row, leader in enumerate(result.leaders.tolist()):
            assert found.of(row) == found.of(leader)


def test_the_command_similar_writes_a_line_a_story(feed):
    code, out, error = run("similar", feed, "--top", "3")
    assert code == 0
    lines = [json.loads(line) for line in out.splitlines()]
    assert [line["id"] for line in lines] == ["a", "b", "z", "a2", "a2"]
    assert lines[0] == {"id": "a", "similar": []}
    assert "5 stories in 2 clusters" in error
