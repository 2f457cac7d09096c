"""Synthetic feeds are what they say on every machine; measurements agree with the obvious way."""

import datetime
import hashlib
import itertools
import json
import re
import sys
from collections import Counter, defaultdict
from types import SimpleNamespace

import numpy as np
import pytest

from benchmarks import __main__ as command
from benchmarks import feed as feed_module
from benchmarks import scaling
from benchmarks.draws import below, draw, mix, stream_keys
from benchmarks.events import TEMPLATE_KEYS, FeedSettings, plan_stories
from benchmarks.feed import write_feed, write_one_story, write_one_word
from benchmarks.measure import BenchmarkError, Run, Spread, run_fresh
from benchmarks.scaling import growth
from benchmarks.tables import markdown
from benchmarks.throughput import measure_feed, throughput_record
from benchmarks.vocabulary import KINDS

STORIES = 20_000
EDITS, LOOKALIKES = KINDS[1 : KINDS.index("number")], KINDS[KINDS.index("number") :]
FIELDS = ["id", "title", "text", "url", "source", "published", "lang"]


def lines(path):
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def written(folder, writer=write_feed, **settings):
    """Stories and truth of a feed made with these settings."""
    feed, truth = folder / "feed.jsonl", folder / "truth.jsonl"
    writer(FeedSettings(**settings), feed, truth)
    return lines(feed), lines(truth)


@pytest.fixture(scope="module")
def news(tmp_path_factory):
    return written(tmp_path_factory.mktemp("news"), stories=STORIES, seed=3)


def shingles(story):
    words = re.findall(r"\w+", f"{story['title']} {story['text']}".lower())
    return set(zip(words, words[1:], words[2:], strict=False))


def test_mix_is_the_finaliser_of_splitmix64():
    # The first outputs of the published generator from state 1234567: state advances by the golden step, then mixes.
    states = np.array([(1234567 + k * 0x9E3779B97F4A7C15) % 2**64 for k in (1, 2, 3)], dtype=np.uint64)
    assert mix(states).tolist() == [6457827717110365317, 3203168211198807973, 9817491932198370423]


def test_below_is_even():
    draws = draw(stream_keys(0, 0, np.arange(60_000, dtype=np.uint64)), 0)
    counts = np.bincount(below(draws, 6).astype(np.int64), minlength=6)
    assert np.abs(counts - 10_000).max() < 5 * np.sqrt(60_000 * (1 / 6) * (5 / 6))


@pytest.mark.parametrize(
    ("words", "feed_digest", "truth_digest"),
    [
        (
            43,
            "a3e53091417b2b14aadba1c364533b7c442b099c5e255abc04a82d5a5af49721",
            "8f7a0af976b6cef1621009e9c68e515d4c456f37a54664389319bc1b502e6dae",
        ),
        (
            400,
            "2595f859c54c0a605db9d0b336ebb22bedf104c7b6f9b5158c09c19a2d68594c",
            "8f7a0af976b6cef1621009e9c68e515d4c456f37a54664389319bc1b502e6dae",
        ),
        (
            9,
            "c2b3f058bf052abd62fb4ed856ed918357936a147c6f754a6414438acf0ee204",
            "add4f123880ca9a6949d8f9d2a9f395d189b48eb5962fe7e44ff23c4d3c0a608",
        ),
    ],
)
def test_a_seed_gives_the_same_bytes_everywhere(tmp_path, words, feed_digest, truth_digest):
    feed, truth = tmp_path / "feed", tmp_path / "truth"
    write_feed(FeedSettings(stories=2_000, words=words, seed=7), feed, truth)
    assert hashlib.sha256(feed.read_bytes()).hexdigest() == feed_digest
    assert hashlib.sha256(truth.read_bytes()).hexdigest() == truth_digest


def test_another_seed_gives_another_feed(tmp_path, news):
    other, _ = written(tmp_path, stories=100, seed=4)
    assert {story["text"] for story in other} & {story["text"] for story in news[0][:100]} <= {""}


def test_a_shorter_feed_is_a_prefix_and_chunks_do_not_show(tmp_path, news, monkeypatch):
    monkeypatch.setattr(feed_module, "TOKENS_A_CHUNK", 50_001)
    stories, truth = written(tmp_path, stories=4_321, seed=3)
    assert stories == news[0][:4_321]
    assert truth == news[1][:4_321]


def test_every_line_is_a_story_and_time_advances_at_the_rate(news):
    stories, truth = news
    assert all(list(story) == FIELDS for story in stories)
    assert [story["id"] for story in stories] == [f"n{k:09d}" for k in range(STORIES)] == [line["id"] for line in truth]
    assert all(re.fullmatch(r"https://[^/ ]+\.example/n\d{9}", story["url"]) for story in stories)
    start = datetime.datetime(2023, 6, 1, tzinfo=datetime.UTC)
    times = [datetime.datetime.fromisoformat(story["published"]) for story in stories]
    assert times == [start + datetime.timedelta(seconds=k * 86_400 // 100_000) for k in range(STORIES)]


def test_json_escapes_and_accents_occur(news):
    text = " ".join(story["text"] for story in news[0])
    assert '"' in text
    assert "ö" in text


def test_shares_of_copies_and_lookalikes_are_as_stated(news):
    kinds = Counter[str](line["kind"] for line in news[1])
    copies = sum(kinds[kind] for kind in EDITS)
    lookalikes = sum(kinds[kind] for kind in LOOKALIKES)
    assert set(kinds) == set(KINDS)
    assert abs(copies - 0.3 * STORIES) < 4 * np.sqrt(STORIES * 0.3 * 0.7)
    assert abs(lookalikes - 0.05 * STORIES) < 4 * np.sqrt(STORIES * 0.05 * 0.95)


@pytest.mark.parametrize("words", [43, 400])
def test_english_stories_with_a_text_have_as_many_words_as_asked(tmp_path, words):
    stories, _ = written(tmp_path, stories=2_000, words=words)
    stories = [story for story in stories if story["lang"] == "en" and story["text"]]
    counts = [len(f"{story['title']} {story['text']}".split()) for story in stories]
    assert np.mean(counts) == pytest.approx(words, rel=0.06)
    assert np.mean([len(story["title"].split()) for story in stories]) == pytest.approx(9.5, abs=1)
    letters = [len(word) for story in stories for word in re.findall(r"[^\W\d_]+", story["text"])]
    assert 4.4 < np.mean(letters) < 5.4


def test_the_means_that_docstring_and_help_tell_are_those_of_feeds(tmp_path):
    docstring, told = (
        re.findall(r"(\d+)(?: make)? ([\d.]+\d)[,;)]", text[text.index("about the mean") :])
        for text in (FeedSettings.__doc__ or "", command.WORDS)
    )
    assert docstring == told
    assert [words for words, _ in told] == ["11", "12", "43", "400"]
    for words, mean in told:
        stories, _ = written(tmp_path, stories=5_000, words=int(words), seed=1)
        measured = np.mean([len(f"{story['title']} {story['text']}".split()) for story in stories])
        assert measured == pytest.approx(float(mean), rel=0.02)


def test_copies_follow_a_first_report_of_the_last_day(tmp_path):
    _, truth = written(tmp_path, stories=60_000, per_day=20_000, seed=5)
    kind = {line["id"]: line["kind"] for line in truth}
    for line in truth:
        copied = line["kind"] in EDITS
        assert copied == (line["cluster"] != line["id"])
        assert kind[line["event"]] == "original" or line["event"] == line["id"]
        assert 0 <= int(line["id"][1:]) - int(line["event"][1:]) <= 20_000


def test_most_events_are_told_once_and_some_very_often(news):
    sizes = Counter(Counter(line["cluster"] for line in news[1]).values())
    assert sizes[1] > 10 * sizes[3] > 10 * sizes[6]
    assert max(sizes) > 20


def test_an_exact_copy_has_the_words_of_the_first_report_and_another_publisher(news):
    by_id = {story["id"]: story for story in news[0]}
    exact = [line for line in news[1] if line["kind"] == "exact"]
    for line in exact:
        copy, first = by_id[line["id"]], by_id[line["cluster"]]
        assert (copy["title"], copy["text"]) == (first["title"], first["text"])
        assert copy["source"] != first["source"]
        assert copy["url"] != first["url"]


def test_true_pairs_are_as_alike_as_those_of_real_feeds(news):
    by_id = {story["id"]: shingles(story) for story in news[0] if story["text"]}
    told = [line for line in news[1] if line["kind"] in EDITS and {line["id"], line["cluster"]} <= by_id.keys()]
    pairs = [(by_id[line["id"]], by_id[line["cluster"]]) for line in told if line["kind"] != "exact"]
    similarity = [len(left & right) / max(1, len(left | right)) for left, right in pairs]
    tenth, median, ninetieth = np.percentile(similarity, [10, 50, 90])
    assert 0.2 < tenth < 0.3  # judged pairs of real feeds, none of them exact copies: .25, .54 and .92
    assert 0.45 < median < 0.6
    assert 0.85 < ninetieth < 0.95


def test_edits_keep_the_numbers_unless_the_story_is_updated(news):
    by_id = {story["id"]: set(re.findall(r"\d[\d,.]*\d", story["text"].split("©")[0])) for story in news[0]}
    changed = Counter[str]()
    for line in news[1]:
        if by_id[line["cluster"]] and line["kind"] in ("reworded", "retitled", "trimmed", "cut", "updated"):
            changed[line["kind"]] += not by_id[line["id"]] <= by_id[line["cluster"]]
    assert changed["updated"] > 30
    assert changed.total() == changed["updated"]


def test_no_two_stories_are_equal_unless_they_are_one(news):
    clusters = defaultdict(set)
    for story, line in zip(*news, strict=True):
        clusters[re.sub(r" - \w+ \w+$", "", story["title"]), story["text"]].add(line["cluster"])
    assert max(map(len, clusters.values())) == 1


def test_lookalikes_of_one_template_differ_in_their_titles_and_are_as_alike_as_real_ones(tmp_path):
    settings = FeedSettings(stories=STORIES, seed=3)
    stories, _ = written(tmp_path, stories=STORIES, seed=3)
    plan = plan_stories(settings, 0, STORIES)
    families = defaultdict(list)
    for row in np.flatnonzero(plan.content >= TEMPLATE_KEYS):
        families[int(plan.content[row])].append(stories[row])
    pairs = [pair for family in families.values() for pair in itertools.combinations(family, 2)]
    assert all(left["title"] != right["title"] for left, right in pairs)
    alike = [(shingles(left), shingles(right)) for left, right in pairs]
    tenth, median, ninetieth = np.percentile([len(x & y) / len(x | y) for x, y in alike], [10, 50, 90])
    assert 0.05 < tenth < 0.15  # judged look-alikes of real feeds: .08, .23 and .45
    assert 0.15 < median < 0.35
    assert 0.45 < ninetieth < 0.75


def test_a_feed_of_headlines_has_no_text_and_no_columns(tmp_path):
    stories, truth = written(tmp_path, stories=3_000, words=9)
    assert {story["text"] for story in stories} == {""}
    assert not {"column", "followup"} & {line["kind"] for line in truth}


def test_one_story_is_told_by_all(tmp_path):
    stories, truth = written(tmp_path, write_one_story, stories=30_000)
    assert len({(story["title"], story["text"]) for story in stories}) == 1
    assert len({story["url"] for story in stories}) == 30_000
    assert {line["cluster"] for line in truth} == {"n000000000"}
    assert stories[-1]["published"] == "2023-06-01T23:59:57Z"


def test_one_word_each_and_equal_words_are_one(tmp_path, monkeypatch):
    monkeypatch.setattr(feed_module, "TOKENS_A_CHUNK", 50_000)
    stories, truth = written(tmp_path, write_one_word, stories=5_000)
    assert all(story["title"] == "" and re.fullmatch(r"\w+", story["text"]) for story in stories)
    first: dict[str, str] = {}
    for story, line in zip(stories, truth, strict=True):
        assert line["cluster"] == first.setdefault(story["text"], story["id"])


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"stories": 0}, "1 to 900,000,000 stories, got 0"),
        ({"stories": 5, "words": 3}, "4 to 20,000"),
        ({"stories": 5, "seed": -1}, "a seed is 0"),
        ({"stories": 5, "duplicates": 30}, "write 0.3 for 30 %"),
        ({"stories": 5, "duplicates": float("nan")}, "got nan and 0.05; write 0.3 for 30 %"),
        ({"stories": 5, "lookalikes": float("nan")}, "got 0.3 and nan; write 0.3 for 30 %"),
        ({"stories": 5, "duplicates": 0.6, "lookalikes": 0.5}, "together at most 0.95"),
        ({"stories": 5, "per_day": 0}, "per_day is 1"),
    ],
)
def test_a_feed_that_cannot_be_is_refused(values, message):
    with pytest.raises(ValueError, match=message):
        FeedSettings(**values)


def test_the_feed_command_writes_what_its_options_say(tmp_path, capsys):
    feed = tmp_path / "f.jsonl"
    options = {"stories": 50, "words": 9, "seed": 2, "duplicates": 0, "lookalikes": 0, "per-day": 10}
    words = [f"--{name}={value}" for name, value in options.items()]
    assert command.main(["feed", *words, "-o", str(feed), "--truth", str(tmp_path / "t.jsonl")]) == 0
    assert lines(feed)[-1]["published"] == "2023-06-05T21:36:00Z"
    assert {line["kind"] for line in lines(tmp_path / "t.jsonl")} == {"original"}
    assert "50 stories in" in capsys.readouterr().err
    assert command.main(["feed", "-o", str(tmp_path / "no" / "f"), "--stories", "5"]) == 1
    assert command.main(["feed", "-o", str(feed), "--stories", "-5"]) == 2
    assert "1 to 900,000,000" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("feed", "truth", "message"),
    [
        ("-", None, "name one instead of -"),
        ("f", "-", "name one instead of -"),
        ("f.jsonl.gz", None, "f.jsonl.gz: feed and truth are written as plain text; leave out .gz, then compress"),
        ("f", "t.ZST", "leave out .ZST"),
        ("f", "f", "f: feed and truth cannot be one file; name two"),
        ("f", "./f", "cannot be one file"),
        ("f", "link", "cannot be one file"),
    ],
)
@pytest.mark.parametrize("shape", ["news", "one-story", "one-word"])
def test_a_feed_is_not_written_where_it_would_not_be_what_the_name_says(
    tmp_path, monkeypatch, capsys, feed, truth, message, shape
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "link").symlink_to("f")
    options = ["-o", feed, *(["--truth", truth] if truth else [])]
    assert command.main(["feed", "--stories=5", "--shape", shape, *options]) == 2
    assert message in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["link"]


def test_feed_and_truth_are_not_two_names_of_one_file(tmp_path):
    (tmp_path / "f").touch()
    (tmp_path / "t").hardlink_to(tmp_path / "f")
    with pytest.raises(ValueError, match="cannot be one file"):
        write_feed(FeedSettings(stories=5), tmp_path / "f", tmp_path / "t")


def test_shares_may_add_up_to_the_most_there_may_be(tmp_path):
    _, truth = written(tmp_path, stories=2_000, words=9, duplicates=0.9, lookalikes=0.05)  # in floats a trifle more
    assert np.mean([line["kind"] in EDITS for line in truth]) == pytest.approx(0.9, abs=0.03)


@pytest.mark.parametrize("shape", ["one-story", "one-word"])
def test_a_shape_without_shares_takes_any_and_does_not_show_them(tmp_path, shape):
    options = ["feed", "--stories=50", "--shape", shape, "-o"]
    assert command.main([*options, str(tmp_path / "plain")]) == 0
    assert command.main([*options, str(tmp_path / "shares"), "--duplicates=1", "--per-day=0"]) == 0
    assert (tmp_path / "plain").read_bytes() == (tmp_path / "shares").read_bytes()


def test_a_run_is_measured_by_its_own_process_only():
    ballast = bytearray(300_000_000)  # must not show in the child's peak
    small = run_fresh([sys.executable, "-S", "-c", "import time; time.sleep(0.3)"])
    large = run_fresh([sys.executable, "-S", "-c", "b = b'x' * 200_000_000"])
    assert len(ballast) > 10 * small.peak_bytes
    assert 0.3 <= small.wall_seconds < 3
    assert small.cpu_seconds < small.wall_seconds
    assert 200e6 < large.peak_bytes < 260e6


def test_a_run_that_fails_says_why():
    with pytest.raises(BenchmarkError, match=r"exit code 3: no such feed"):
        run_fresh([sys.executable, "-c", "import sys; print('no such feed', file=sys.stderr); sys.exit(3)"])


def test_spread_is_the_median_and_the_extremes():
    assert Spread.of([5.0, 1.0, 2.0]) == Spread(2.0, 1.0, 5.0)


def test_growth_tells_linear_from_quadratic():
    assert growth(None, (10, 1.0)) is None
    assert growth((100, 1.0), (400, 4.0)) == {"stories": 4, "seconds": 4, "per_doubling": 2, "exponent": 1}
    quadratic = growth((100, 1.0), (400, 16.0))
    assert quadratic == {"stories": 4, "seconds": 16, "per_doubling": pytest.approx(4), "exponent": pytest.approx(2)}


def test_scaling_keeps_what_it_has_and_names_a_size_that_does_not_fit(tmp_path, monkeypatch):
    monkeypatch.setattr(scaling, "run_fresh", lambda _command, _cores: Run(2.0, 2.0, 1_000))
    monkeypatch.setattr("shutil.disk_usage", lambda _folder: SimpleNamespace(free=3_000_000))
    kept: list[list[int]] = []
    record = scaling.scaling_record(
        [50_000, 1_000, 2_000], 43, "news", 1, 0, tmp_path, keep=lambda so_far: kept.append(sizes_of(so_far))
    )
    assert kept == [[1_000], [1_000, 2_000]]
    assert sizes_of(record) == [1_000, 2_000]
    assert list(record["failed"]) == ["50,000"]
    assert "name a larger folder with --folder" in record["failed"]["50,000"]


def sizes_of(record):
    return [point["stories"] for point in record["points"]]


@pytest.mark.parametrize("engine", ["datasketch", "rensa"])
def test_peers_find_the_copies_of_a_feed(tmp_path, engine):
    pytest.importorskip("orjson", reason="pip install dedup-stories[bench]")
    pytest.importorskip(engine, reason="pip install dedup-stories[bench]")
    settings = FeedSettings(stories=1_500, seed=9)
    (measured,), missing = measure_feed(settings, [engine], 1, tmp_path, {engine: 1_000})
    assert missing == {}
    assert measured.score is not None
    assert measured.stories == measured.score.stories == 1_000
    score = measured.score
    assert score.right_pairs > 0.9 * score.made_pairs
    assert 0.5 < score.right_pairs / score.true_pairs < 0.95
    assert score.recall_by_edit["exact"] == 1.0
    assert score.recall_by_edit["mixed"] < 0.5  # verified, not just sharing a band


def test_the_record_and_its_tables_name_what_did_not_run(tmp_path, monkeypatch):
    pytest.importorskip("orjson", reason="pip install dedup-stories[bench]")
    monkeypatch.setattr("benchmarks.throughput.NEEDS", {"rensa": "a_package_nobody_has"})
    record = throughput_record([300], [43], ["orjson", "rensa"], 1, 0, tmp_path)
    table = markdown(json.loads(json.dumps(record)))
    assert "rensa did not run: a_package_nobody_has is not installed" in table
    assert re.search(r"\| orjson \| 300 \|", table)
    assert f"numpy {np.__version__}" in table
