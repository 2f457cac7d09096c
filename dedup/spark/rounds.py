"""The stages in a row on Spark, and round by round until the clusters stand.

What a story may follow are the leaders of the clusters that it meets in buckets, and a leader matters only if the two
are duplicates. So the pass runs in each connected component of verified pairs by itself. Two things reach across:

- A story may meet a cluster through a member and be a duplicate of its leader, whom it shares no bucket with.
- A crowded bucket holds so many leaders and no more, so what is found in it depends on all who came before.

Both depend on the clusters. So they are worked out from the clusters as they stand; pairs that were not judged are
judged, components that turn out to hang together are joined, and those where anything differs from what their pass
assumed are gone through again, until nothing does. Then every story has been decided by exactly what the single process
would have shown it. There is one such state only: the first story where two of them differed would have been shown the
same by the equal clusters before it. And it is reached: with every round, at the least the first story that is not yet
decided rightly is.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from dedup.kernels.native.leaders import EXACT
from dedup.settings import Settings
from dedup.spark import buckets as grouping
from dedup.spark.buckets import CROWD_DDL, PAIR_DDL, PAIRS, Parcels
from dedup.spark.components import both_ways, downwards, large_star, small_star
from dedup.spark.crowds import scatter_crowds, search_crowds
from dedup.spark.deciding import DECIDED, DECISION_DDL, decide_part, scatter_meetings, scatter_stories
from dedup.spark.judging import JUDGED, judge_part, scatter_facts, scatter_pairs, send_guests
from dedup.spark.parcels import DDL, Tables, unpack
from dedup.spark.stars import COMPONENT_DDL, component_work, scatter_ends, star_work
from dedup.spark.workspace import Workspace

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


_EDGE_LIGHTER = 8  # how many edges take what a story with its facts does; a place in a crowd may find a hundred pairs


class Rounds:
    """Works out the clusters of numbered stories."""

    def __init__(self, space: Workspace, settings: Settings, stories: DataFrame, first_new: int, undated: bool) -> None:
        """Take stories on.

        Args:
            space: to work in.
            settings: as for the single process.
            stories: columns row, time, horizon, keys, those of `FACTS`, known_leader, known_score, known_kind and
                known_slice: what was decided on the stories before `first_new`, -1 for those from it on.
            first_new: row of the first story to be decided.
            undated: whether there are stories before the first dated one.
        """
        self._space, self._settings, self._stories = space, settings, stories
        self._first_new, self._undated = first_new, undated

    def decide(self) -> DataFrame:
        """The decision on every story that may be in a cluster with another, rows of `DECISION_SCHEMA`."""
        keep = self._space.keep
        self._group()
        everybody = self._space.parts
        edges = keep(self._links.unionByName(self._judge(self._pairs, self._stories, everybody)), "edges")
        components = self._connect(edges)
        judged, crowd_met = self._pairs, self._pairs.limit(0)
        decisions = keep(self._pass(components, components.count(), self._pairs), "decisions")
        pairs = self._pairs
        while True:
            found = self._search(pairs, decisions)
            fresh = keep(self._across(found, components).join(judged, ["story", "other"], "left_anti"), "fresh")
            joined = components
            if asked := fresh.count():
                judged = judged.unionByName(fresh)
                parts = self._space.parts_for(2 * asked)
                verified = keep(self._judge(fresh, self._stories_of(fresh), parts), "verified")
                if not verified.isEmpty():
                    joined = self._join(components, verified)
            now_met = keep(self._within(found.where("crowd").select("story", "other"), joined), "met")
            changed = self._changed(components, joined, crowd_met, now_met)
            again = keep(joined.join(changed, "component", "left_semi").select("row", "component"), "again")
            if not (stories := again.count()):
                return decisions
            decided = self._pass(again, stories, self._pairs.unionByName(now_met))
            decisions = keep(decisions.join(again, "row", "left_anti").unionByName(decided), "decisions")
            components, crowd_met = joined, now_met
            pairs = self._pairs_of(again)  # through all others is met who was met before

    def _group(self) -> None:
        """Find who shares what: pairs, crowds, and links of equal content."""
        space, settings, parts = self._space, self._settings, self._space.parts
        scattered = self._stories.select("row", "time", "keys", "content_high", "content_low").mapInArrow(
            partial(grouping.scatter_keys, settings=settings, parts=parts), DDL
        )
        first_new, limit = self._first_new, settings.bucket_limit

        def group(_: int, tables: Tables) -> Parcels:
            return grouping.group_stories(tables, limit, first_new, parts)

        def unique(_: int, tables: Tables) -> Parcels:
            return grouping.unique_pairs(tables)

        grouped = space.keep(space.run(scattered, group), "grouped", by="kind")
        pairs = grouped.where(f"kind = '{PAIRS}'")
        self._pairs = space.keep(space.run(pairs, unique, PAIR_DDL), PAIRS)
        crowds = grouped.where(f"kind = '{grouping.CROWDS}'").select("payload")
        self._crowds = space.keep(crowds.mapInArrow(unpack, CROWD_DDL), grouping.CROWDS)
        self._crowd_parts = space.parts_for(self._crowds.count())
        links = grouped.where(f"kind = '{grouping.LINKS}'").select("payload").mapInArrow(unpack, PAIR_DDL)
        known = self._stories.where("known_leader >= 0 and known_leader < row")
        self._links = links.unionByName(known.selectExpr("row as story", "known_leader as other"))

    def _stories_of(self, pairs: DataFrame) -> DataFrame:
        wanted = pairs.selectExpr("story as row").union(pairs.selectExpr("other as row")).distinct()
        return self._stories.select(*JUDGED).join(wanted, "row", "left_semi")

    def _judge(self, pairs: DataFrame, stories: DataFrame, parts: int) -> DataFrame:
        """The duplicates among pairs of some stories."""
        space, settings = self._space, self._settings
        facts = stories.select(*JUDGED).mapInArrow(partial(scatter_facts, parts=parts), DDL)
        asked = pairs.mapInArrow(partial(scatter_pairs, parts=parts), DDL)
        guests = space.run(facts.unionByName(asked), lambda _, tables: send_guests(tables, parts), parts=parts)
        return space.run(
            facts.unionByName(guests), lambda _, tables: judge_part(tables, settings), PAIR_DDL, parts=parts
        )

    def _connect(self, edges: DataFrame) -> DataFrame:
        """The component of every story that has an edge, named by its first story: columns row, component."""
        space, before = self._space, None
        parts = space.parts_for(edges.count(), lighter=_EDGE_LIGHTER)
        if parts == 1:
            ends = edges.mapInArrow(partial(scatter_ends, send=downwards, parts=1), DDL)
            return space.keep(space.run(ends, component_work, COMPONENT_DDL, parts=1), "components")
        while True:
            for send, step in ((both_ways, large_star), (downwards, small_star)):
                ends = edges.mapInArrow(partial(scatter_ends, send=send, parts=parts), DDL)
                edges = space.run(ends, partial(star_work, step), PAIR_DDL, parts=parts)
            edges = space.keep(edges.distinct(), "stars")
            if before is not None and _equal(edges, before):
                break
            before = edges
        rows = edges.selectExpr("story as row", "other as component")
        centres = edges.selectExpr("other as row", "other as component").distinct()
        return space.keep(rows.unionByName(centres), "components")

    def _join(self, components: DataFrame, edges: DataFrame) -> DataFrame:
        """The components once there are more edges, between stories of different ones and such as are in none."""
        ends = _with_components(edges, components).selectExpr(
            "coalesce(of_story, story) as story", "coalesce(of_other, other) as other"
        )
        moved = self._connect(self._space.keep(ends, "joints")).withColumnsRenamed({"component": "into"})
        kept = components.join(moved.withColumnRenamed("row", "component"), "component", "left")
        new = moved.join(components, "row", "left_anti").selectExpr("row", "into as component")
        joined = kept.selectExpr("row", "coalesce(into, component) as component").unionByName(new)
        return self._space.keep(joined, "components")

    def _pass(self, components: DataFrame, count: int, met: DataFrame) -> DataFrame:
        """Run the pass in some components, columns row and component, of so many stories that meet others."""
        space, settings = self._space, self._settings
        parts = space.parts_for(count)
        stories = (
            self._stories.select(*DECIDED)
            .join(components, "row")
            .mapInArrow(partial(scatter_stories, parts=parts), DDL)
        )
        meetings = met.join(components.withColumnRenamed("row", "story"), "story").mapInArrow(
            partial(scatter_meetings, parts=parts), DDL
        )
        return space.run(
            stories.unionByName(meetings), lambda _, tables: decide_part(tables, settings), DECISION_DDL, parts=parts
        )

    def _pairs_of(self, stories: DataFrame) -> DataFrame:
        """The pairs that one of some stories, a column row, is in; a few of them twice."""
        ends = (stories.select(stories["row"].alias(end)) for end in ("story", "other"))
        one, two = (self._pairs.join(end, end.columns[0], "left_semi") for end in ends)
        return one.unionByName(two)

    def _search(self, pairs: DataFrame, decisions: DataFrame) -> DataFrame:
        """Whom stories find, given these decisions: columns story, other, crowd (whether in a crowded bucket).

        Of what is not in crowds only what may be news: the leaders whose members they meet, in these pairs.
        """
        space, settings, parts = self._space, self._settings, self._crowd_parts
        of_other = decisions.selectExpr("row as other", "leader")
        copies = decisions.where(f"kind = {EXACT}").selectExpr("row as story")
        through = pairs.join(of_other, "other").where("leader != other and leader < story")
        through = through.selectExpr("story", "leader as other").join(copies, "story", "left_anti")
        stand = decisions.selectExpr("row", "leader", "leader_slice", "kind")
        members = self._crowds.join(stand, "row", "left").selectExpr(
            *self._crowds.columns,
            "coalesce(leader, row) as leader",
            "coalesce(leader_slice, slice) as leader_slice",
            "coalesce(kind, 0) as kind",
        )
        scatter = partial(
            scatter_crowds, settings=settings, parts=parts, first_new=self._first_new, undated=self._undated
        )
        searched = space.run(
            members.mapInArrow(scatter, DDL), lambda _, tables: search_crowds(tables, settings, parts), parts=parts
        )
        crowd = space.run(searched, lambda _, tables: grouping.unique_pairs(tables), PAIR_DDL, parts=parts)
        found = through.distinct().selectExpr("*", "false as crowd").unionByName(crowd.selectExpr("*", "true as crowd"))
        return space.keep(found, "found")

    def _across(self, found: DataFrame, components: DataFrame) -> DataFrame:
        """The pairs found whose stories are not in one component."""
        apart = _with_components(found, components).where(
            "of_story is null or of_other is null or of_story != of_other"
        )
        return apart.select("story", "other").distinct()

    def _within(self, found: DataFrame, components: DataFrame) -> DataFrame:
        """The pairs found whose stories are in one component."""
        return _with_components(found, components).where("of_story = of_other").select("story", "other")

    def _changed(self, before: DataFrame, after: DataFrame, met_before: DataFrame, met_after: DataFrame) -> DataFrame:
        """The components of `after` whose pass has not been run on what they are now: a column component."""
        others = met_after.exceptAll(met_before).union(met_before.exceptAll(met_after)).selectExpr("story as row")
        changed = after.join(others, "row", "left_semi").select("component")
        if after is not before:
            old = before.withColumnRenamed("component", "old")
            moved = after.join(old, "row", "left").where("old is null or old != component")
            changed = changed.union(moved.select("component"))
        return changed.distinct()


def _with_components(found: DataFrame, components: DataFrame) -> DataFrame:
    of_story = components.selectExpr("row as story", "component as of_story")
    of_other = components.selectExpr("row as other", "component as of_other")
    return found.join(of_story, "story", "left").join(of_other, "other", "left")


def _equal(left: DataFrame, right: DataFrame) -> bool:
    """Whether two sets of edges are equal; neither has one twice."""
    both = left.selectExpr("*", "1 as side").unionByName(right.selectExpr("*", "-1 as side"))
    return both.groupBy("story", "other").agg({"side": "sum"}).where("`sum(side)` != 0").isEmpty()
