"""What is found of an event's other stories: every story of a set asked about, ten answers, beside BM25 and TF-IDF.

The stories are given as one feed, in an order that says nothing of the events (the files are sorted by them) and
without dates, which would; nothing is merged, so that an event's copies of one story count like its other stories.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from scipy import sparse  # type: ignore[import-untyped]  # comes with datasketch

from benchmarks.events import I64
from benchmarks.labelled import FeedSet
from dedup import STORY_SCHEMA, Result, Settings
from dedup.hashing import HashedFeed, hash_batch
from dedup.similar import find_similar
from dedup.words import FUNCTION_WORDS

Record = dict[str, Any]
Answers = npt.NDArray[np.int64]

TOP = 10
SEED = 0
HEAD_WORDS = 60
"""Words of a text that the other methods are given behind the title, which is what they do best with."""
_WORD = re.compile(r"\w+")


class Events(NamedTuple):
    """Stories and the event of each."""

    stories: pa.Table
    clusters: I64


class Found(NamedTuple):
    """How good the answers are, each the mean over all stories that have others on their event, 0..1."""

    recall: float  # share of the others that are among ten answers; of ten, where there are more
    precision: float  # average precision of the answers (MAP@10, with the same denominator)


def shuffled(feed: FeedSet, seed: int = SEED) -> Events:
    """The stories of a labelled feed in another order, without dates.

    Raises:
        ValueError: it has no labels.
    """
    if feed.clusters is None:
        raise ValueError(f"{feed.name} has no cluster labels")
    order = np.random.default_rng(seed).permutation(len(feed.stories))
    stories = feed.stories.take(pa.array(order))
    undated = pa.nulls(len(stories), STORY_SCHEMA.field("published").type)
    column = STORY_SCHEMA.get_field_index("published")
    return Events(stories.set_column(column, STORY_SCHEMA.field(column), undated), feed.clusters[order])


def rate(answers: Answers, clusters: I64) -> Found:
    """How good ten answers for each of n stories are.

    Args:
        answers: int64[n, 10], rows of stories, best first; negative where there are fewer.
        clusters: int64[n], the event of each story.
    """
    others = np.bincount(clusters)[clusters] - 1
    wanted = np.minimum(others, TOP)
    hits = (clusters[answers] == clusters[:, None]) & (answers >= 0)
    precisions = np.cumsum(hits, axis=1) / np.arange(1, TOP + 1)
    asked = wanted > 0
    recall = hits.sum(axis=1)[asked] / wanted[asked]
    precision = (precisions * hits).sum(axis=1)[asked] / wanted[asked]
    return Found(float(recall.mean()), float(precision.mean()))


def answer_ours(stories: pa.Table) -> Answers:
    """What `dedup similar` answers where no two stories are one."""
    hashed = HashedFeed()
    for batch in stories.combine_chunks().to_batches():
        hashed.add(hash_batch(batch, Settings()))
    count = len(stories)
    rows = np.arange(count, dtype=np.int32)
    alone = Result(
        ids=stories["id"],
        leaders=rows,
        canonicals=rows,
        scores=np.zeros(count, dtype=np.float32),
        kinds=np.zeros(count, dtype=np.uint8),
        candidates=0,
        full_buckets=0,
        left_out=0,
        wordless=0,
    )
    similar = find_similar(hashed.facts(), alone, TOP)
    answers = np.full((count, TOP), -1, dtype=np.int64)
    sizes = np.diff(similar.offsets)
    places = np.arange(len(similar.rows)) - np.repeat(similar.offsets[:-1], sizes)
    answers[np.repeat(rows, sizes), places] = similar.rows
    return answers


def answer_bm25(stories: pa.Table) -> Answers:
    """What SQLite's FTS5 answers to any of a story's words but function words, by its BM25."""
    common = frozenset(" ".join(FUNCTION_WORDS.values()).split())
    heads = _heads(stories)
    answers = np.full((len(heads), TOP), -1, dtype=np.int64)
    with sqlite3.connect(":memory:") as base:
        base.execute("CREATE VIRTUAL TABLE stories USING fts5(words)")
        texts = (f"{title} {text}" for title, text in _texts(stories))
        base.executemany("INSERT INTO stories(rowid, words) VALUES (?, ?)", enumerate(texts))
        for row, head in enumerate(heads):
            query = " OR ".join(f'"{word}"' for word in dict.fromkeys(head) if word not in common)
            if query:
                found = base.execute(
                    "SELECT rowid FROM stories WHERE words MATCH ? AND rowid <> ? ORDER BY rank LIMIT ?",
                    (query, row, TOP),
                ).fetchall()
                answers[row, : len(found)] = [other for (other,) in found]
    return answers


def answer_tfidf(stories: pa.Table) -> Answers:
    """The stories of the highest TF-IDF cosine: (1 + ln tf) * (1 + ln((1 + n) / (1 + df))), as scikit-learn has it."""
    heads = _heads(stories)
    known: dict[str, int] = {}
    columns = [[known.setdefault(word, len(known)) for word in head] for head in heads]
    bounds = np.cumsum([0, *map(len, columns)])
    flat = np.array([column for row in columns for column in row], dtype=np.int64)
    counts = sparse.csr_matrix((np.ones(len(flat)), flat, bounds), shape=(len(heads), len(known)))
    counts.sum_duplicates()
    frequency = np.bincount(counts.indices, minlength=len(known))
    counts.data = (1.0 + np.log(counts.data)) * (1.0 + np.log((1 + len(heads)) / (1 + frequency)))[counts.indices]
    lengths = np.sqrt(np.asarray(counts.multiply(counts).sum(axis=1)).ravel())
    vectors = sparse.diags(1.0 / np.where(lengths > 0.0, lengths, 1.0)) @ counts
    likeness = (vectors @ vectors.T).toarray()
    np.fill_diagonal(likeness, -1.0)
    order = np.argsort(-likeness, axis=1, kind="stable")[:, :TOP].astype(np.int64)
    kept = np.where(np.take_along_axis(likeness, order, axis=1) > 0.0, order, -1)
    return np.pad(kept, ((0, 0), (0, TOP - kept.shape[1])), constant_values=-1)


ENGINES: dict[str, Callable[[pa.Table], Answers]] = {
    "dedup": answer_ours,
    "SQLite FTS5, BM25": answer_bm25,
    "TF-IDF cosine": answer_tfidf,
}


def measure_similar(feed: FeedSet) -> Record:
    """How good every engine's answers on one set are."""
    mixed = shuffled(feed)
    return {
        "set": feed.name,
        "stories": len(mixed.stories),
        "events": len(np.unique(mixed.clusters)),
        "engines": [
            {"engine": name, **rate(answer(mixed.stories), mixed.clusters)._asdict()}
            for name, answer in ENGINES.items()
        ],
    }


def similar_figures(feed: FeedSet) -> dict[str, float]:
    """The figures of one set that floors are kept for."""
    mixed = shuffled(feed)
    found = rate(answer_ours(mixed.stories), mixed.clusters)
    return {f"{feed.name} similar.recall": found.recall, f"{feed.name} similar.precision": found.precision}


def _texts(stories: pa.Table) -> list[tuple[str, str]]:
    return list(zip(stories["title"].to_pylist(), stories["text"].to_pylist(), strict=True))


def _heads(stories: pa.Table) -> list[list[str]]:
    """The words of each title and of the beginning of its text."""
    return [
        [*_WORD.findall(title.casefold()), *_WORD.findall(text.casefold())[:HEAD_WORDS]]
        for title, text in _texts(stories)
    ]
