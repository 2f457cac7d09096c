"""The sample feed is what data/README.md says it is, and the command line groups it as a careful reader would."""

import datetime
import hashlib
import json
import re
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import pytest

DATA = Path(__file__).parents[1] / "data"
FIELDS = ["id", "title", "text", "url", "source", "published", "lang"]
README_ROW = re.compile(r"^\| (\S+) \| [^|]+ \| Apache-2\.0 \| (\d+) \| `([0-9a-f]{64})` \|$", re.MULTILINE)
HEADLINES = [
    "China rebukes US in phone call ahead of Blinken's planned Beijing trip",
    "China rebukes US in phone call ahead of Blinken's Beijing trip",
]


@pytest.fixture(scope="module")
def stories():
    return [json.loads(line) for line in (DATA / "sample.jsonl").read_text("utf-8").splitlines()]


@pytest.fixture(scope="module")
def truth():
    return json.loads((DATA / "sample.truth.json").read_text("utf-8"))


def published(story):
    return datetime.datetime.fromisoformat(story["published"])


def test_readme_lists_every_feed_and_truth_with_rows_and_digest():
    listed = {name: (int(rows), digest) for name, rows, digest in README_ROW.findall((DATA / "README.md").read_text())}
    files = {path.name for path in DATA.iterdir() if path.suffix in (".json", ".jsonl")}
    assert set(listed) == files
    for name, (rows, digest) in listed.items():
        content = (DATA / name).read_bytes()
        assert hashlib.sha256(content).hexdigest() == digest, f"{name} changed: put its new digest into data/README.md"
        assert rows == (len(json.loads(content)) if name.endswith(".json") else len(content.splitlines()))


def test_stories_have_the_seven_fields_and_nothing_else(stories):
    assert all(list(story) == FIELDS for story in stories)
    assert all(isinstance(value, str) for story in stories for value in story.values())
    assert all(story["title"] or story["text"] for story in stories)


def test_outlets_are_invented(stories):
    hosts = {host for story in stories for host in re.findall(r"^https://([a-z]+\.example)/", story["url"])}
    assert all(story["url"].split("/")[2] in hosts for story in stories)
    assert len(hosts) == len({story["source"] for story in stories})


def test_stories_are_in_order_and_all_but_one_within_a_window(stories):
    times = [published(story) for story in stories]
    assert times == sorted(times)
    assert times[-2] - times[0] < datetime.timedelta(hours=96)
    assert times[-1] - times[-2] > datetime.timedelta(days=14)


def test_truth_names_every_story_and_only_one_id_recurs(stories, truth):
    assert {story["id"] for story in stories} == set(truth)
    assert len(stories) - len(truth) == 1


def test_stories_of_one_group_are_within_the_window_of_its_first(stories, truth):
    first: dict[str, datetime.datetime] = {}
    for story in stories:
        start = first.setdefault(truth[story["id"]], published(story))
        assert published(story) - start <= datetime.timedelta(hours=72), story["id"]


def test_every_language_has_a_copy_and_a_stranger(stories, truth):
    for lang in ("zh", "ar", "ru", "th"):
        groups = [truth[story["id"]] for story in stories if story["lang"] == lang]
        assert len(groups) > len(set(groups)) > 1, lang


def groups_of(names):
    """Row numbers put together by equal names."""
    rows = defaultdict(set)
    for row, name in enumerate(names):
        rows[name].add(row)
    return {frozenset(group) for group in rows.values()}


@pytest.fixture(scope="module")
def clusters(tmp_path_factory):
    """The lines `dedup run` writes about the sample."""
    folder = tmp_path_factory.mktemp("sample")
    kept, clusters = folder / "kept.jsonl", folder / "clusters.jsonl"
    command = [sys.executable, "-m", "dedup", "run", DATA / "sample.jsonl", "-o", kept, "--clusters", clusters]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=DATA.parent)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in clusters.read_text("utf-8").splitlines()]


def test_the_two_headlines_of_one_call_are_one_cluster(stories, clusters):
    rows = [row for row, story in enumerate(stories) if story["title"] in HEADLINES]
    assert len(rows) == 2
    cluster = clusters[rows[0]]["cluster_id"]
    assert [row for row, line in enumerate(clusters) if line["cluster_id"] == cluster] == rows


def test_the_sample_is_grouped_as_a_careful_reader_would(stories, truth, clusters):
    assert [line["id"] for line in clusters] == [story["id"] for story in stories]
    expected = groups_of(truth[story["id"]] for story in stories)
    got = groups_of(line["cluster_id"] for line in clusters)
    told = [sorted(stories[row]["id"] for row in group) for group in expected ^ got]
    assert got == expected, f"grouped otherwise: {sorted(told)}"
