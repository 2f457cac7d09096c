from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest

from dedup.errors import DedupError, SettingsError
from dedup.settings import LookupSettings, Settings, parse_rule, parse_window


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"shingle_width": 0}, "1 to 16, got 0"),
        ({"seed": -1}, "seed is an integer"),
        ({"window": 0.0}, "positive number of seconds"),
        ({"rule": 1.5}, "similarity above 0"),
        ({"rule": "cosine"}, "rule is"),
        ({"rule": True}, "up to 1.0, got True"),
        ({"rule": 2}, "up to 1.0, got 2"),
        ({"seed": np.int64(-1)}, "seed is an integer from 0 to 4294967295, got -1$"),
        ({"seed": np.True_}, "seed is an integer"),
        ({"keep": "newest"}, '"earliest", "longest" or "source:NAME,NAME", got "newest"'),
        ({"keep": "source: ,"}, "source:NAME,NAME"),
        ({"bucket_limit": 256}, "1 to 255"),
        ({"threads": 0}, "at least 1"),
        ({"strictness": "sloppy"}, "strict"),
        ({"window": 1e-7}, "0.000001 at least, or None for no limit, got 1e-07"),
        ({"window": "72h"}, "number of seconds, .* got '72h'"),
        ({"window": True}, "number of seconds, .* got True"),
        ({"window": float("nan")}, "number of seconds, .* got nan"),
        ({"lateness": "1h"}, "lateness is a number of seconds, .* got '1h'"),
        ({"seed": 1.5}, "seed is an integer from 0 to 4294967295, got 1.5"),
        ({"shingle_width": 3.0}, "number of tokens from 1 to 16, got 3.0"),
        ({"bucket_limit": "32"}, "from 1 to 255, got '32'"),
        ({"threads": 2.5}, "got 2.5"),
        ({"keep": None}, 'keep is .* got "None"'),
        ({"boilerplate": None}, "boilerplate is .* got None"),
        ({"text": {"rows": 2}}, "text is a LookupSettings, got"),
        ({"title": None}, "title is a LookupSettings, got None"),
    ],
)
def test_a_value_that_cannot_work_is_refused(values, message):
    with pytest.raises(SettingsError, match=message) as caught:
        Settings(**values)
    assert "\n" not in str(caught.value)


def test_numbers_of_numpy_and_whole_ones_are_taken_as_pythons():
    lookup = LookupSettings(rows=np.uint8(4), similarity=np.float32(0.5), recall=0.9)  # type: ignore[arg-type]
    given = Settings(window=np.int64(3600), seed=np.uint32(7), rule=1, lateness=np.float32(60), text=lookup)  # type: ignore[arg-type]
    assert given == Settings(
        window=3600.0, seed=7, rule=1.0, lateness=60.0, text=LookupSettings(rows=4, similarity=0.5, recall=0.9)
    )
    told = json.loads(json.dumps(dataclasses.asdict(given)))
    assert (told["window"], told["seed"], told["rule"], told["text"]["rows"]) == (3600, 7, 1, 4)


def test_a_lookup_takes_the_fewest_bands_that_reach_its_recall():
    lookup = LookupSettings(rows=4, similarity=0.585, recall=0.95)
    assert lookup.bands == 25
    assert lookup.recall_at(0.585) >= 0.95
    assert 1 - (1 - 0.585**4) ** 24 < 0.95
    assert lookup.num_perm == 100
    assert LookupSettings(rows=4, similarity=0.585, recall=1e-20).bands == 1
    assert Settings(window=0.000001).window_us == 1


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"rows": 0, "similarity": 0.5, "recall": 0.9}, "1 to 16"),
        ({"rows": 4, "similarity": 70.0, "recall": 0.9}, "write 0.7 for 70 %"),
        ({"rows": 4, "similarity": 0.5, "recall": 1.0}, "recall is a fraction"),
        ({"rows": 8, "similarity": 0.2, "recall": 0.99}, "use fewer rows"),
        ({"rows": 16, "similarity": 1e-25, "recall": 0.9}, "more than 1024 bands; use fewer rows"),
        ({"rows": 16, "similarity": 1e-20, "recall": 0.9}, "more than 1024 bands; use fewer rows"),
        ({"rows": 2.0, "similarity": 0.5, "recall": 0.9}, "1 to 16, got 2.0"),
        ({"rows": 2, "similarity": "0.5", "recall": 0.9}, "similarity is a fraction between 0 and 1, got '0.5'"),
        ({"rows": 2, "similarity": 0.5, "recall": None}, "recall is a fraction between 0 and 1, got None"),
    ],
)
def test_a_lookup_that_cannot_work_is_refused(values, message):
    with pytest.raises(SettingsError, match=message):
        LookupSettings(**values)


@pytest.mark.parametrize(("text", "seconds"), [("72h", 259200.0), ("90m", 5400.0), ("1.5d", 129600.0), ("none", None)])
def test_windows_are_a_number_and_a_unit(text, seconds):
    assert parse_window(text) == seconds


@pytest.mark.parametrize("text", ["", "72", "h", "-1h", "0h", "72 hours"])
def test_other_windows_are_refused(text):
    with pytest.raises(SettingsError, match="such as 72h or 3d"):
        parse_window(text)


def test_a_window_that_is_too_long_to_count_is_refused():
    with pytest.raises(SettingsError, match='less than 34,800 years, or "none" for no limit, got "1000000000d"'):
        parse_window("1000000000d")


def test_rules_are_evidence_or_a_similarity():
    assert parse_rule("evidence") == "evidence"
    assert parse_rule("jaccard=0.8") == 0.8


@pytest.mark.parametrize("text", ["jaccard", "jaccard=80", "jaccard=0", "simhash=3"])
def test_other_rules_are_refused(text):
    with pytest.raises(SettingsError, match="jaccard=T"):
        parse_rule(text)


def test_every_error_is_a_dedup_error_with_an_exit_code():
    errors: list[type[DedupError]] = [DedupError, *DedupError.__subclasses__()]
    codes = {error.__name__: error.exit_code for error in errors}
    assert codes == {"SettingsError": 2, "FeedError": 3, "IndexFormatError": 4, "StoreError": 1, "DedupError": 1}
