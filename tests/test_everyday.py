"""Everyday words are those that news writes in small letters, wherever a name would have a capital."""

from __future__ import annotations

import gzip
import json

from benchmarks.everyday import everyday
from benchmarks.labelled import Folder

TEXT = (
    "In Lund the mayor of Lund met dock workers of Lund; see lund.example.org. Workers shook the mayor's hand, the Dean"
)


def test_words_with_small_letters_in_several_stories_are_everyday_ones(tmp_path):
    texts = [TEXT] * 4 + ["A lone zephyr and the longwinded Berg"] * 3
    rows = [{"id": str(k), "title": "Mayor Meets Striking Workers", "text": text} for k, text in enumerate(texts)]
    with gzip.open(tmp_path / "ecbplus.jsonl.gz", "wt", encoding="utf-8") as out:
        out.writelines(f"{json.dumps(row | {'cluster': 'x'})}\n" for row in rows)
    assert everyday(Folder(tmp_path)) == ["dock", "hand", "mayor", "of", "see", "shook", "the", "worker"]
