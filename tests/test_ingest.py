from __future__ import annotations

import json
import re
import sqlite3

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from dedup.boilerplate import learn_if
from dedup.errors import IndexFormatError
from dedup.incoming import story_batch
from dedup.ingest import IndexOptions, open_index
from dedup.stores import open_store
from tests.commands import dedup
from tests.indexes import feed, judged
from tests.test_boilerplate import shortened, with_footers
from tests.test_cli import DATA, SAMPLE, rows


def lines_of(stories):
    return "".join(json.dumps(story, default=str) + "\n" for story in stories).encode()


@pytest.fixture
def store(tmp_path):
    return f"sqlite:///{tmp_path}/stories.db"


def ingest(store, *args, stdin=b""):
    code, output, message = dedup("ingest", *args, "--store", store, stdin=stdin)
    assert code == 0, message
    return output, message


def test_only_new_stories_come_out_and_none_the_second_time(store, tmp_path):
    output, message = ingest(store, SAMPLE, "--decisions", tmp_path / "decisions.jsonl")
    decisions = rows(tmp_path / "decisions.jsonl")
    lines = SAMPLE.read_bytes().splitlines()
    assert output.splitlines() == [
        line for line, d in zip(lines, decisions, strict=True) if d["verdict"] == "new" and not d["redelivered"]
    ]
    assert len(decisions) == len(lines)
    assert "62 stories: 43 new" in message
    output, message = ingest(store, SAMPLE)
    assert output == b""
    assert "0 new, 0 duplicates, 0 updates, 62 were in the store already" in message


def test_new_stories_of_a_feed_that_grew_come_out(store, tmp_path):
    lines = SAMPLE.read_bytes().splitlines(keepends=True)
    first, _ = ingest(store, "-", stdin=b"".join(lines[:30]))
    second, _ = ingest(store, "-", stdin=b"".join(lines))
    whole, _ = ingest(f"sqlite:///{tmp_path}/other.db", "-", stdin=b"".join(lines))
    assert first + second == whole


def test_rows_keep_the_format_of_the_feed(store, tmp_path):
    (tmp_path / "feed.csv").write_text("id,headline,when\r\na,Ferry runs aground off Kvaloy,2023-06-01\r\n")
    output, _ = ingest(store, tmp_path / "feed.csv", "--map", "title=headline", "--map", "published=when")
    assert output == b"id,headline,when\r\na,Ferry runs aground off Kvaloy,2023-06-01\r\n"
    again, _ = ingest(store, tmp_path / "feed.csv", "--map", "title=headline", "--map", "published=when")
    assert again == b"id,headline,when\r\n"


def test_stories_kept_but_not_written_can_be_had(store):
    lines = lines_of(feed(3000, duplicates=0.0)) + b"{broken\n"
    code, output, message = dedup("ingest", "-", "--store", store, stdin=lines)
    assert (code, output) == (3, b"")
    if "--after" in message:  # the blocks before the broken one were kept
        assert "run again with --after 0" in message
    output, _ = ingest(store, "-", "--on-error", "skip", "--after", "0", stdin=lines)
    assert len(output.splitlines()) == 3000


@pytest.mark.parametrize("output", ["-o", "--decisions"])
def test_stories_kept_whose_output_failed_can_be_had(store, output):
    ingest(store, "-", stdin=lines_of(feed(20, duplicates=0.0)))
    stories = lines_of(feed(50, duplicates=0.0))
    for after in ([], ["--after", "20"]):  # the second time all are in the store already
        code, _, message = dedup("ingest", "-", "--store", store, output, "/dev/full", *after, stdin=stories)
        assert code == 1
        assert "run again with --after 20" in message
    assert len(ingest(store, "-", "--after", "20", stdin=stories)[0].splitlines()) == 30


def test_who_stored_nothing_is_not_told_to_go_on_after_a_position(store):
    stories = lines_of(feed(20, duplicates=0.0))
    ingest(store, "-", stdin=stories)
    code, _, message = dedup("ingest", "-", "--store", store, "--decisions", "/dev/full", stdin=stories)
    assert code == 1
    assert "--after" not in message


def test_tables_that_cannot_be_written_together_are_refused_before_any_story_is_kept(store, tmp_path):
    tables = {"a": {"title": ["Ferry runs aground"]}, "b": {"title": ["Bank"], "more": [1]}, "empty": {"title": []}}
    paths = {name: tmp_path / f"{name}.parquet" for name in tables}
    for name, table in tables.items():
        pq.write_table(pa.table(table), paths[name])
    code, output, message = dedup("ingest", paths["a"], paths["b"], "--store", store)
    assert (code, output) == (2, b"")
    assert "b.parquet has other columns than" in message
    _, message = ingest(store, paths["a"], paths["b"], "-o", tmp_path / "kept.jsonl")
    assert "2 stories: 2 new" in message
    ingest(store, paths["b"], paths["empty"])  # no row of it is written


@pytest.mark.parametrize(
    ("output", "name"),
    [
        ("-o", "stories.db"),
        ("-o", "./linked.db"),
        ("-o", "same.db"),
        ("--decisions", "stories.db-wal"),
        ("--rejects", "stories.db-shm"),
    ],
)
def test_no_output_overwrites_the_store(tmp_path, output, name):
    store = ["--store", "sqlite:///stories.db"]
    told = (2, b"", f"dedup: {name} is a file of the store; write to another file\n")
    if name.startswith("stories"):  # of a store that is not there yet
        assert dedup("ingest", SAMPLE, *store, output, name, cwd=tmp_path) == told
    dedup("ingest", SAMPLE, *store, cwd=tmp_path)
    (tmp_path / "linked.db").symlink_to("stories.db")
    (tmp_path / "same.db").hardlink_to(tmp_path / "stories.db")
    assert dedup("ingest", SAMPLE, *store, output, name, cwd=tmp_path) == told
    assert dedup("feedback", *store, "-o", name, cwd=tmp_path) == told
    assert b"62 stories so far" in dedup("info", *store, cwd=tmp_path)[1]


def test_the_strictness_is_one_of_the_settings_of_an_index(store):
    ingest(store, SAMPLE, "--strictness", "strict")
    code, _, message = dedup("ingest", SAMPLE, "--store", store, "--strictness", "loose")
    assert code == 4
    assert "strictness" in message


def test_other_settings_than_those_of_the_index_are_refused(store):
    ingest(store, SAMPLE, "--window", "48h")
    ingest(store, SAMPLE)
    code, _, message = dedup("ingest", SAMPLE, "--store", store, "--window", "72h")
    assert code == 4
    assert "was made with window 172800.0, expected 259200.0" in message
    assert f"dedup rebuild --store {store} --into NEW" in message


def test_of_two_that_begin_an_index_at_once_the_second_takes_what_the_first_learned(store, monkeypatch):
    def be_overtaken(*args):
        monkeypatch.undo()
        first, _ = open_index(store, IndexOptions(), [story_batch(with_footers(shortened(100)))])
        first.close()
        return learn_if(*args)

    monkeypatch.setattr("dedup.ingest.learn_if", be_overtaken)
    second, batches = open_index(store, IndexOptions(), [story_batch(feed(20))])
    with second:
        assert second.settings.boilerplate
    assert sum(batch.num_rows for batch in batches) == 20


def test_of_two_that_begin_an_index_at_once_the_second_is_told_of_other_settings(store, monkeypatch):
    def be_overtaken(*args):
        monkeypatch.undo()
        open_index(store, IndexOptions(window="48h"), ())[0].close()
        return learn_if(*args)

    monkeypatch.setattr("dedup.ingest.learn_if", be_overtaken)
    with pytest.raises(IndexFormatError, match=r"was made with window 172800\.0, expected 259200\.0"):
        open_index(store, IndexOptions(window="72h"), ())


@pytest.mark.parametrize(
    ("args", "code", "problem"),
    [
        (["ingest", SAMPLE, "--store", "mongodb://x"], 2, "a store is"),
        (["ingest", SAMPLE, "--store", "sqlite:////no/such/folder/x.db"], 1, "there is no folder"),
        (["ingest", SAMPLE, "--store", "memory://", "--window", "none"], 2, "so it needs one"),
        (["ingest", DATA / "nothing.jsonl", "--store", "memory://"], 3, "nothing.jsonl"),
        (["info", "--store", "memory://"], 4, "holds no index"),
        (["expire", "--store", "memory://"], 4, "holds no index"),
        (["expire", "--store", "memory://", "--before", "long ago"], 2, "an age such as 30d"),
        (["expire", "--store", "memory://", "--before", "0.0d"], 2, "--before is a date such as"),
        (["expire", "--store", "memory://", "--before", f"{9**999}w"], 2, "100,000 years at most"),
        (["rebuild", "--store", "memory://", "--into", "memory://"], 4, "holds no index"),
    ],
)
def test_what_cannot_work_is_one_line_and_an_exit_code(args, code, problem):
    got, output, message = dedup(*args)
    assert (got, output) == (code, b"")
    assert problem in message
    assert len(message.splitlines()) == 1


@pytest.mark.parametrize("command", [["info"], ["expire"], ["feedback"], ["rebuild", "--into", "memory://"]])
def test_who_asks_about_a_store_that_is_not_there_makes_none(tmp_path, command):
    path = tmp_path / "typo.db"
    code, output, message = dedup(*command, "--store", f"sqlite:///{path}")
    assert (code, output) == (4, b"")
    assert "holds no index, for there is no such file" in message
    assert not path.exists()


def test_stories_that_come_too_late_to_be_compared_are_told(tmp_path, store):
    feed = tmp_path / "feed.jsonl"
    rows = [{"id": str(day), "title": f"Ferry {day} sinks", "published": f"2024-01-{day}"} for day in (31, 30, 10)]
    feed.write_text("".join(f"{json.dumps(row)}\n" for row in rows), "utf-8")
    _, _, message = dedup("ingest", feed, "--store", store)
    assert "1 stories are older than the window and the lateness: compared only with what came since" in message


def test_info_says_what_a_store_holds(store):
    ingest(store, SAMPLE)
    code, output, _ = dedup("info", "--store", store)
    text = output.decode()
    assert code == 0
    assert "62 stories so far, 62 kept" in text
    assert '"window": 259200.0' in text
    assert re.search(r"verdicts   43 new, \d+ duplicates \(\d+ exact\), \d+ updates", text)
    assert re.search(r"published  20\d\d-\d\d-\d\dT.*Z to 20\d\d-", text)


def test_expire_drops_what_nobody_sees(store):
    ingest(store, "-", "--window", "1h", stdin=lines_of(feed(200, hours=10.0, duplicates=0.0)))
    code, output, _ = dedup("expire", "--store", store, "--before", "2023-06-01T02:00")
    assert (code, output) == (0, b"40 stories dropped\n")
    code, output, _ = dedup("expire", "--store", store)
    assert (code, output) == (0, b"100 stories dropped\n")
    assert b"200 stories so far, 60 kept" in dedup("info", "--store", store)[1]
    assert dedup("expire", "--store", store, "--before", "1d")[1] == b"0 stories dropped\n"


def test_rebuild_decides_again_with_other_settings(store, tmp_path):
    stories = feed(400, hours=200.0)
    ingest(store, "-", stdin=lines_of(stories))
    new = f"sqlite:///{tmp_path}/new.db"
    code, output, message = dedup("rebuild", "--store", store, "--into", new, "--rule", "jaccard=0.99")
    assert code == 0, message
    assert b"400 stories decided again: 400 new" in output
    code, _, message = dedup("rebuild", "--store", store, "--into", store)
    assert code == 2
    assert "cannot be rebuilt into itself" in message


def test_a_store_rebuilt_with_another_window_waits_as_long_for_late_stories(store, tmp_path):
    ingest(store, "-", stdin=lines_of(feed(20)))
    new = f"sqlite:///{tmp_path}/new.db"
    assert dedup("rebuild", "--store", store, "--into", new, "--window", "12h")[0] == 0
    with open_store(new) as rebuilt:
        told = json.loads(rebuilt.header() or b"")["settings"]
    assert (told["window"], told["lateness"]) == (12 * 3600, 12 * 3600)


def test_a_store_is_not_rebuilt_into_itself_by_another_name(store, tmp_path):
    ingest(store, SAMPLE)
    (tmp_path / "linked.db").symlink_to("stories.db")
    for name in ("./stories.db", "linked.db"):
        args = ["rebuild", "--store", store, "--into", f"sqlite:///{name}"]
        code, output, message = dedup(*args, cwd=tmp_path)
        assert (code, output) == (2, b"")
        assert "cannot be rebuilt into itself" in message


def test_a_store_is_rebuilt_among_no_other_stories(store, tmp_path):
    ingest(store, "-", stdin=lines_of(feed(300)))
    other, same_ids, begun = (f"sqlite:///{tmp_path}/{name}.db" for name in ("other", "same_ids", "begun"))
    ingest(other, SAMPLE)
    ingest(same_ids, "-", stdin=lines_of({**story, "title": "Another story"} for story in feed(5)))
    for full in (other, same_ids):
        before = dedup("info", "--store", full)[1]
        code, output, message = dedup("rebuild", "--store", store, "--into", full)
        assert (code, output) == (2, b"")
        assert f"{full} holds other stories than {store} begins with" in message
        assert dedup("info", "--store", full)[1] == before
    ingest(begun, "-", "--boilerplate", "off", stdin=lines_of(feed(300)[:150]))
    code, output, message = dedup("rebuild", "--store", store, "--into", begun, "--boilerplate", "off")
    assert (code, message) == (0, "")
    assert b"300 stories so far" in dedup("info", "--store", begun)[1]


def test_what_people_said_comes_along_once_when_a_store_is_rebuilt(store, tmp_path):
    ingest(store, SAMPLE)
    notes = [b'{"left": {"id": "a"}, "right": {"id": "b"}, "same": %s}' % word for word in (b"true", b"false", b"true")]
    with open_store(store) as old:
        for note in notes:
            old.add_note(note)
    new = f"sqlite:///{tmp_path}/new.db"
    assert b"3 judgements of people copied\n" in dedup("rebuild", "--store", store, "--into", new)[1]
    with open_store(new) as rebuilt:
        assert [note for _, note in rebuilt.notes(0, 9)] == notes
    assert b"3 judgements of people copied, 3 were there\n" in dedup("rebuild", "--store", store, "--into", new)[1]
    with open_store(new) as rebuilt:
        assert len(rebuilt.notes(0, 9)) == 3
    assert dedup("feedback", "--store", new)[1] == notes[2] + b"\n"


def test_a_store_of_another_release_can_be_rebuilt(store, tmp_path):
    stories = feed(50)
    ingest(store, "-", stdin=lines_of(stories))
    path = store.removeprefix("sqlite:///")
    with sqlite3.connect(path) as connection:
        [(header,)] = connection.execute("SELECT header FROM log")
        document = json.loads(header) | {"model": "of another release"}
        connection.execute("UPDATE log SET header = ?", (json.dumps(document).encode(),))
    connection.close()
    code, _, message = dedup("ingest", SAMPLE, "--store", store)
    assert code == 4
    assert 'made with model "of another release"' in message
    assert b"made with model" in dedup("info", "--store", store)[1]
    new = f"sqlite:///{tmp_path}/new.db"
    assert dedup("rebuild", "--store", store, "--into", new)[0] == 0
    assert ingest(new, "-", stdin=lines_of(stories))[0] == b""
    assert len(judged(stories)) == 50


def test_a_store_without_texts_cannot_be_rebuilt(store, tmp_path):
    ingest(store, SAMPLE, "--no-text")
    assert b"0 of 0 texts" in dedup("info", "--store", store)[1]
    code, _, message = dedup("rebuild", "--store", store, "--into", f"sqlite:///{tmp_path}/new.db")
    assert code == 2
    assert "keeps no text of the story at position 1" in message
