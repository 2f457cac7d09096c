"""Files are found by what names them, and what is not read of the way to them is told."""

from __future__ import annotations

import pytest

from dedup.readers import ReadSettings, open_feeds


@pytest.mark.parametrize("pattern", ["", "**/*.jsonl", "day=2024-01-31/source=a/part.jsonl"])
def test_what_folders_are_partitioned_by_is_told_once_and_not_read(tmp_path, monkeypatch, pattern):
    monkeypatch.chdir(tmp_path)
    for source in "ab":
        folder = tmp_path / "day=2024-01-31" / f"source={source}"
        folder.mkdir(parents=True)
        (folder / "part.jsonl").write_text('{"title": "Harbor bridge closed"}\n')
    notices: list[str] = []
    feeds = open_feeds([pattern or "."], ReadSettings(notice=notices.append))
    assert notices == ["folders are partitioned by day, source, which is not read; write it into the rows to have it"]
    assert {story["source"] for feed in feeds for batch in feed.batches() for story in batch.to_pylist()} == {""}


def test_folders_that_are_not_partitioned_are_not_told_of(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a=b.jsonl").write_text('{"title": "Harbor bridge closed"}\n')
    notices: list[str] = []
    open_feeds(["a=b.jsonl"], ReadSettings(notice=notices.append))
    assert not notices
