"""Similar stories of an index, by the words of its window."""

from __future__ import annotations

import numpy as np

from dedup.similar import Similar, WordIndex
from dedup.window import Window


class Related:
    """The words of a window's leaders, taken in when somebody asks, so that who never asks pays nothing.

    Attributes:
        window: must be the same one for as long as this is used.
    """

    def __init__(self, window: Window) -> None:
        self.window = window
        self._begin()

    def _begin(self) -> None:
        self._renumbered = self.window.renumbered
        self._words = WordIndex()
        self._leaders = np.empty(0, dtype=np.int64)  # their rows, by their places among the words
        self._seen = 0  # rows

    def find(self, leader: int, top: int) -> list[Similar]:
        """The stories similar to a leader, best first: of each cluster the one that it shows.

        Args:
            leader: its row; may be that of a story that was entered only to be asked about.
            top: most to name.
        """
        self._catch_up()
        window = self.window
        place = int(np.searchsorted(self._leaders, leader))
        if place < len(self._leaders) and self._leaders[place] == leader:
            found = self._words.search_place(place, top)
        else:
            found = self._words.search_row(window.facts(), leader, top)
        rows = [(int(self._leaders[place]), score) for place, score in found]
        return [Similar(window.names[window.shown(row)], window.cluster_name(row), score) for row, score in rows]

    def _catch_up(self) -> None:
        window = self.window
        if window.renumbered != self._renumbered:
            self._begin()
        if self._seen == len(window):
            return
        fresh = window.leaders(self._seen)
        self._words.add(window.facts(), fresh)
        self._leaders = np.concatenate([self._leaders, fresh])
        self._seen = len(window)
