"""Copies and follow-ups are at most 24 hours younger than what they tell again, however few stories there are a day."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks import __main__ as command
from benchmarks.events import FeedSettings, plan_stories, unmet_copies
from benchmarks.vocabulary import KINDS

LOOKALIKE = KINDS.index("number")
PACES = [1, 2, 3, 7, 40, 100, 1_000, 2_047, 2_048, 5_000]
SHARES = [(0.3, 0.05), (0.95, 0.0), (0.1, 0.8)]


def planned(stories, per_day, shares=SHARES[0]):
    settings = FeedSettings(stories=stories, seed=4, per_day=per_day, duplicates=shares[0], lookalikes=shares[1])
    return settings, plan_stories(settings, 0, stories)


@pytest.mark.parametrize("per_day", PACES)
@pytest.mark.parametrize("shares", SHARES)
def test_copies_and_follow_ups_go_to_an_original_of_the_last_day(per_day, shares):
    _, plan = planned(20_000, per_day, shares)
    bound = plan.event != plan.story
    lag = (plan.story - plan.event)[bound]
    assert 1 <= lag.min() <= lag.max() <= per_day
    assert (plan.kind[plan.event[bound].astype(int)] == 0).all()
    assert ((plan.cluster != plan.story) == (plan.kind > 0) & (plan.kind < LOOKALIKE)).all()


@pytest.mark.parametrize("per_day", [1, 3, 40, 1_000])
def test_no_copy_is_given_up_that_has_an_original(per_day):
    settings, plan = planned(20_000, per_day, (0.95, 0.0))
    meant = plan_stories(FeedSettings(stories=1, seed=4, duplicates=0.95, lookalikes=0.0), 0, 20_000).kind > 0
    latest, unmet = 0, 0
    for story, (copied, to_be) in enumerate(zip(plan.kind > 0, meant, strict=True)):
        assert copied == (to_be and story - latest <= per_day)
        unmet += to_be and not copied
        latest = latest if copied else story
    assert unmet_copies(settings) == unmet


@pytest.mark.parametrize("per_day", [1, 7, 1_000])
@pytest.mark.parametrize("shares", SHARES)
def test_any_stretch_of_a_feed_of_few_stories_a_day_is_planned_alone(per_day, shares):
    settings, plan = planned(3_000, per_day, shares)
    parts = [plan_stories(settings, first, count) for first, count in ((0, 777), (777, 1), (778, 2_222))]
    for name in ("cluster", "event", "kind", "topic"):
        assert np.concatenate([getattr(part, name) for part in parts]).tolist() == getattr(plan, name).tolist()


def test_a_share_that_the_day_has_stories_for_is_met():
    _, plan = planned(20_000, 100)
    assert (plan.cluster != plan.story).mean() == pytest.approx(0.3, abs=4 * np.sqrt(0.3 * 0.7 / 20_000))


def test_the_feed_command_says_how_many_copies_are_not_met(tmp_path, capsys):
    options = ["--stories=500", "--duplicates=0.8", "--words=9", "-o", str(tmp_path / "f")]
    unmet = unmet_copies(FeedSettings(stories=500, duplicates=0.8, words=9, per_day=1))
    assert command.main(["feed", *options, "--per-day=1"]) == 0
    assert f"{unmet} of the copies asked for are originals: none is at most 24 hours older" in capsys.readouterr().err
    assert command.main(["feed", *options]) == 0
    assert "asked for" not in capsys.readouterr().err
