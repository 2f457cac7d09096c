from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from dedup import clusters
from dedup.bands import BandKeys, count_bands, find_buckets, find_copies, next_bands, slice_times, unknown_buckets
from dedup.clusters import LeaderPass, choose_canonicals
from dedup.evidence import EVIDENCE
from dedup.kernels.native import claims, evidence
from dedup.kernels.native import leaders as native
from dedup.kernels.native.facts import CAPS, FRONT
from dedup.kernels.native.table import LEVELS
from dedup.kernels.reference import evidence as slow
from dedup.kernels.reference import leaders as reference
from dedup.kernels.reference import signatures
from dedup.kernels.reference.claims import Claim
from dedup.settings import LookupSettings, Settings

HOUR = 3_600_000_000
NO_CLAIM = Claim(frozenset(), negated=False, actors=0, turned=False)
WINDOW = 3 * HOUR
FEW_BANDS = Settings(
    text=LookupSettings(rows=1, similarity=0.5, recall=0.8),
    title=LookupSettings(rows=1, similarity=0.5, recall=0.6),
    window=WINDOW / 1e6,
)
SETS = st.lists(st.integers(0, 12) | st.just(slow.AGAIN_VALUE), max_size=8, unique=True).map(sorted)
STORY = st.builds(
    slow.Story,
    sets=st.tuples(*[SETS] * 10),
    tokens=st.integers(0, 40),
    source=st.integers(0, 2),
    url=st.integers(0, 2),
    has_text=st.booleans(),
    revised=st.booleans(),
    claim=st.builds(Claim, st.frozensets(st.integers(0, 5)), st.booleans(), st.integers(0, 2), st.booleans()),
    titled=st.booleans(),
    time=st.one_of(
        st.just(slow.UNDATED),
        st.integers(-9 * HOUR, 9 * HOUR),
        st.sampled_from([0, 6 * HOUR, 24 * HOUR, 30 * HOUR, 30 * HOUR + HOUR // 10]),
    ),
    content=st.tuples(st.integers(0, 3), st.integers(0, 1)),
)
WEIGHTS = st.lists(
    st.lists(st.floats(-3, 3, width=32), min_size=evidence.FEATURES + 1, max_size=evidence.FEATURES + 1),
    min_size=2,
    max_size=2,
)


def claimed(claim):
    sides = sum(1 << side for side in claim.sides)
    return sides | claims.NEGATED * claim.negated | claims.TURNED * claim.turned | claim.actors << claims.ACTORS


def facts_of(stories):
    told = [claimed(s.claim) << claims.CLAIM for s in stories]
    bits = [
        evidence.HAS_TEXT * s.has_text + evidence.REVISED * s.revised + m for s, m in zip(stories, told, strict=True)
    ]
    return evidence.Facts(
        hashes=np.array([value for s in stories for values in s.sets for value in values], dtype=np.uint32),
        bounds=np.cumsum([0] + [sum(map(len, s.sets)) for s in stories], dtype=np.int64),
        sections=np.array([np.cumsum([len(v) for v in s.sets]) for s in stories], dtype=np.uint16).reshape(-1, 10),
        meta=np.array(
            [[s.titled, s.tokens, s.source, s.url, b] for s, b in zip(stories, bits, strict=True)], dtype=np.uint32
        ).reshape(-1, 5),
        times=np.array([s.time for s in stories], dtype=np.int64),
        content=np.array([s.content for s in stories], dtype=np.uint64).reshape(-1, 2),
    )


def dated(stories):
    """The stories, undated ones with the time of the one before: only the first ones stay undated."""
    done: list[slow.Story] = []
    for one in stories:
        last = done[-1].time if done and one.time == slow.UNDATED else one.time
        done.append(dataclasses.replace(one, time=last))
    return done


def alike(stories):
    """The stories, those of equal content with equal facts, as they always are."""
    firsts: dict[tuple[int, int], slow.Story] = {}
    same = [firsts.setdefault(one.content, one) if any(one.content) else one for one in stories]
    return [
        dataclasses.replace(
            *(one,),
            sets=first.sets,
            tokens=first.tokens,
            has_text=first.has_text,
            titled=first.titled,
            claim=first.claim,
        )
        for one, first in zip(stories, same, strict=True)
    ]


def band_keys(parts):
    keys = BandKeys()
    for part in parts:
        keys.add(part)
    return keys


def membership_of(count):
    return native.Membership(np.empty(count, np.int32), np.empty(count, np.float32), np.empty(count, np.uint8))


def test_evidence_has_as_many_names_as_values():
    assert len(EVIDENCE) == evidence.FEATURES == slow.FEATURES


@given(STORY, STORY)
@settings(deadline=None)
def test_evidence_equals_the_slow_twin_and_is_symmetric(one, other):
    facts = facts_of([one, other])
    there, back = np.empty(evidence.FEATURES, np.float32), np.empty(evidence.FEATURES, np.float32)
    evidence.measure(facts, 0, 1, there)
    evidence.measure(facts, 1, 0, back)
    np.testing.assert_array_equal(there, np.array(slow.measure(one, other), dtype=np.float32))
    np.testing.assert_array_equal(there, back)


@pytest.mark.parametrize("sizes", [(40, 300), (300, 300), (156, 155), (48, 96), (0, 300)])
def test_evidence_on_samples_equals_the_slow_twin(sizes):
    rng = np.random.default_rng(sum(sizes))
    common = rng.integers(0, 2**32, 200)
    stories = []
    for size in sizes:
        every = sorted({*common[:size].tolist(), *rng.integers(0, 2**32, size).tolist()})
        kept = [every[:cap] for cap in CAPS]
        stories.append(story(shingles=(), sets=kept))
    values = np.empty(evidence.FEATURES, np.float32)
    evidence.measure(facts_of(stories), 0, 1, values)
    np.testing.assert_array_equal(values, np.array(slow.measure(*stories), dtype=np.float32))


@given(
    st.lists(st.tuples(STORY, st.lists(st.integers(0, 2), min_size=6, max_size=6)), max_size=14),
    WEIGHTS,
    st.sampled_from([0.0, 0.3]),
    st.sampled_from([-1, WINDOW]),
    st.integers(1, 3),
    st.integers(1, 14),
    st.sampled_from([-1, 0, 2 * HOUR]),
    st.booleans(),
)
@settings(deadline=None, max_examples=150, phases=[Phase.explicit, Phase.reuse, Phase.generate])
def test_clusters_equal_the_slow_twin_in_slices_of_any_size(
    rows, weights, rule, window, limit, step, lateness, in_order
):
    if in_order:  # as feeds mostly are
        known = [(dataclasses.replace(one, time=max(one.time, -9 * HOUR)), keys) for one, keys in rows]
        rows = sorted(known, key=lambda row: row[0].time)
    stories = dated(alike([story for story, _ in rows]))
    settings_ = Settings(
        text=FEW_BANDS.text,
        title=FEW_BANDS.title,
        bucket_limit=limit,
        window=None if window < 0 else window / 1e6,
        lateness=None if lateness < 0 else lateness / 1e6,
    )
    following = next_bands(settings_)
    assert count_bands(settings_) == 6
    keys_of: dict[tuple[int, int], list[int]] = {}  # equal contents have equal keys, but for the URL's
    lists = []
    for story, (_, keys) in zip(stories, rows, strict=True):
        shared = keys_of.setdefault(story.content, keys) if any(story.content) else keys
        judged = rule > 0 or len(story.sets[FRONT]) >= evidence.FEWEST_WORDS
        lists.append([*shared[:-1], story.url] if judged else [0] * 6)  # as `hash_batch` has it
    keys = np.array(lists, dtype=np.uint32).reshape(-1, 6).T
    judgement = evidence.Judgement(np.array(weights, dtype=np.float32), rule, rule or 0.5, window)
    facts, membership = facts_of(stories), membership_of(len(stories))
    leader_pass = LeaderPass(settings_, judgement)
    for first in range(0, len(stories), step):
        leader_pass.decide(first, unknown_buckets(keys[:, first : first + step]), facts, membership)
    leaders, kinds, scores, left_out = reference.lead(
        stories, lists, following.tolist(), judgement.weights.tolist(), rule, rule or 0.5, window, limit, lateness
    )
    assert membership.leaders.tolist() == leaders
    assert membership.kinds.tolist() == kinds
    assert membership.scores.tolist() == pytest.approx(scores)
    assert leader_pass.left_out == left_out
    contents = [s.content for s in stories]
    copies, shared = find_copies(facts)
    assert shared.tolist() == [any(c) and contents.count(c) > 1 for c in contents]
    parts = [np.ascontiguousarray(keys[:, :5]), np.ascontiguousarray(keys[:, 5:])]
    buckets = find_buckets(band_keys(parts), copies, shared, slice_times(facts.times, window), limit, map)
    again, whole = membership_of(len(stories)), LeaderPass(settings_, judgement)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clusters, "_CHUNK", step)  # stories are weighed while those before them are decided
        whole.decide(0, buckets, facts, again)
    assert again.leaders.tolist() == leaders
    assert again.kinds.tolist() == kinds
    other = LeaderPass(settings_, judgement)  # decisions of another pass are remembered like one's own
    half = len(stories) // 2
    other.decide(0, unknown_buckets(keys[:, :half]), facts, again, known=True)
    other.decide(half, unknown_buckets(keys[:, half:]), facts, again)
    assert again.leaders.tolist() == leaders


def story(*, shingles, hour=0, content=0, **more):
    """A story with these shingles in all its sets of words, a band of its own content."""
    values = sorted(shingles)
    sets = more.pop("sets", [values, values, values, values, values, values, [], [], [], []])
    fields = {"tokens": len(values), "source": 0, "url": 0, "has_text": True, "revised": False, "titled": True}
    return slow.Story(
        sets=sets,
        claim=NO_CLAIM,
        time=hour * HOUR,
        content=(content, content),
        **(fields | more),
    )


def cluster(stories, *, rule=0.5, limit=32, window=WINDOW):
    """The leaders of stories that all share every bucket."""
    settings_ = Settings(text=FEW_BANDS.text, title=FEW_BANDS.title, bucket_limit=limit, window=window / 1e6)
    facts, membership = facts_of(stories), membership_of(len(stories))
    keys = np.ones((6, len(stories)), dtype=np.uint32)
    weights = np.zeros((2, evidence.FEATURES + 1), dtype=np.float32)
    leader_pass = LeaderPass(settings_, evidence.Judgement(weights, rule, rule, window))
    leader_pass.decide(0, unknown_buckets(keys), facts, membership)
    return membership, leader_pass


def test_clusters_do_not_chain():
    a, b, c = story(shingles=range(9)), story(shingles=range(3, 12)), story(shingles=range(6, 15))
    membership, _ = cluster([a, b, c])  # a and b share 6 of 12, b and c too, a and c 3 of 15
    assert membership.leaders.tolist() == [0, 0, 2]


def test_a_cluster_does_not_outlive_its_window():
    copies = [story(shingles=range(9), content=1, hour=hour) for hour in (0, 2, 3, 4, 6)]
    membership, _ = cluster(copies)
    assert membership.leaders.tolist() == [0, 0, 0, 3, 3]


def test_undated_stories_are_in_everybodys_window():
    undated = story(shingles=range(9))
    membership, _ = cluster([slow.Story(**{**_fields(undated), "time": slow.UNDATED}), undated])
    assert membership.leaders.tolist() == [0, 0]


def _fields(one):
    return {name: getattr(one, name) for name in slow.Story.__slots__}


def test_a_story_joins_the_best_leader_and_the_earliest_of_equals():
    first, second = story(shingles=range(8)), story(shingles=range(20, 28))
    both = story(shingles=[*range(8), *range(20, 28)])
    membership, _ = cluster([second, first, both, story(shingles=range(7))], rule=0.5)
    assert membership.leaders.tolist() == [0, 1, 0, 1]


def test_leaders_left_out_of_full_buckets_are_counted():
    distinct = [story(shingles=range(9 * k, 9 * k + 9)) for k in range(12)]
    membership, leader_pass = cluster(distinct, limit=2)
    assert membership.leaders.tolist() == list(range(12))
    assert leader_pass.full_buckets > 0
    assert leader_pass.left_out == 6 * (12 - 2 * LEVELS)


@pytest.mark.parametrize(
    ("keep", "shown"), [("earliest", [2, 2, 2, 3]), ("longest", [1, 1, 1, 3]), ("source:B", [0, 0, 0, 3])]
)
def test_the_canonical_is_chosen_by_policy(keep, shown):
    got = choose_canonicals(
        leaders=np.array([0, 0, 0, 3], dtype=np.int32),
        times=np.array([5, 4, 3, 0]),
        lengths=np.array([10, 30, 20, 9], dtype=np.uint32),
        preference=np.array([0, 9, 9, 9] if keep == "source:B" else [9] * 4, dtype=np.int32),
        keep=keep,
    )
    assert got.tolist() == shown


@given(
    st.lists(st.tuples(st.lists(st.integers(0, 3), min_size=3, max_size=3), st.integers(-4, 4)), max_size=25),
    st.integers(1, 4),
    st.data(),
)
@settings(deadline=None, max_examples=300)
def test_buckets_equal_the_slow_twin(rows, limit, data):
    copies = data.draw(st.lists(st.booleans(), min_size=len(rows), max_size=len(rows)))
    keys = np.array([own for own, _ in rows], dtype=np.uint32).reshape(-1, 3).T
    marks = np.array(copies, dtype=np.bool_)
    slices = [piece for _, piece in rows]
    got = find_buckets(
        band_keys([np.ascontiguousarray(keys)]), marks, marks, np.array(slices, dtype=np.int64), limit, map
    )
    expected, crowded = signatures.buckets([own for own, _ in rows], copies, slices, limit)
    for i in range(len(rows)):
        found = [
            got.members[(e >> 8) + k] for e in got.entries[got.bounds[i] : got.bounds[i + 1]] for k in range(e & 255)
        ]
        assert sorted(found) == sorted(expected[i])
        assert {band for band in range(3) if got.crowded[i, 0] >> band & 1} == crowded[i]


@pytest.mark.parametrize(("times", "window"), [([5, slow.UNDATED], 10), ([5, 25], -1)])
def test_stories_that_reach_everywhere_lie_in_one_slice(times, window):
    assert slice_times(np.array(times), window).tolist() == [0, 0]
    assert slice_times(np.array([-1, 5, 25]), 10).tolist() == [-1, 0, 2]


def test_a_leader_too_long_ago_is_forgotten_even_within_the_window_of_a_late_story():
    settings_ = dataclasses.replace(FEW_BANDS, lateness=HOUR / 1e6)
    old, new, late = (story(shingles=range(9), hour=hour) for hour in (0, 9, 2))
    facts, membership = facts_of([old, new, late]), membership_of(3)
    weights = np.zeros((2, evidence.FEATURES + 1), dtype=np.float32)
    leader_pass = LeaderPass(settings_, evidence.Judgement(weights, 0.5, 0.5, WINDOW))
    leader_pass.decide(0, unknown_buckets(np.ones((6, 3), dtype=np.uint32)), facts, membership)
    assert membership.leaders.tolist() == [0, 1, 2]
