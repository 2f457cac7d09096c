"""Edges between stories -> connected components, by alternating stars.

Large-star and small-star of Kiveris, Lattanzi, Mirrokni, Rastogi and Vassilvitskii 2014, Connected Components in
MapReduce and Beyond: every node links what it is linked with to the least of them, first what is larger than itself,
then what is smaller, until nothing changes. Then each component is a star around its least story. The steps here are
functions of arrays, for all edges of some nodes; the engine brings them together.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dedup.spark.parcels import unique_rows

Edges = tuple[NDArray[np.int64], NDArray[np.int64]]


def both_ways(left: NDArray[np.int64], right: NDArray[np.int64]) -> Edges:
    """Each edge from both its ends: what `large_star` takes, brought together by the first."""
    return np.concatenate([left, right]), np.concatenate([right, left])


def downwards(left: NDArray[np.int64], right: NDArray[np.int64]) -> Edges:
    """Each edge from its larger end: what `small_star` takes, brought together by the first."""
    return np.maximum(left, right), np.minimum(left, right)


def large_star(nodes: NDArray[np.int64], neighbours: NDArray[np.int64]) -> Edges:
    """Link the larger neighbours of each node to the least of the node and its neighbours.

    Args:
        nodes: int64[n], one end of each edge; all edges of a node are here, each once or more often.
        neighbours: int64[n], the other.

    Returns:
        Edges, distinct, from the larger to the smaller end.
    """
    nodes, neighbours, least = _with_least(nodes, neighbours)
    larger = neighbours > nodes
    return _distinct(neighbours[larger], np.minimum(least, nodes)[larger])


def small_star(nodes: NDArray[np.int64], neighbours: NDArray[np.int64]) -> Edges:
    """Link each node and its neighbours, which are smaller than it, to the least of them; otherwise as `large_star`."""
    nodes, neighbours, least = _with_least(nodes, neighbours)
    ends, targets = np.concatenate([nodes, neighbours]), np.concatenate([least, least])
    real = ends != targets
    return _distinct(ends[real], targets[real])


def connect(left: NDArray[np.int64], right: NDArray[np.int64]) -> Edges:
    """Every node of some edges, once, and the least node of its component: both steps until nothing changes."""
    before, edges = None, (left, right)
    while before is None or not all(map(np.array_equal, edges, before)):
        before, edges = edges, small_star(*downwards(*large_star(*both_ways(*edges))))
    nodes, components = edges
    centres = np.unique(components)
    return np.concatenate([nodes, centres]), np.concatenate([components, centres])


def _with_least(
    nodes: NDArray[np.int64], neighbours: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """The edges sorted by node and neighbour, and the least neighbour of each one's node."""
    order = np.lexsort((neighbours, nodes))
    nodes, neighbours = nodes[order], neighbours[order]
    begins = np.ones(len(nodes), dtype=np.bool_)
    begins[1:] = nodes[1:] != nodes[:-1]
    return nodes, neighbours, neighbours[begins][np.cumsum(begins) - 1] if len(nodes) else neighbours


def _distinct(left: NDArray[np.int64], right: NDArray[np.int64]) -> Edges:
    places = unique_rows(left, right)
    return left[places], right[places]
