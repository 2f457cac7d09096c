"""Whether pairs of stories are duplicates, each by itself. Twin: `dedup.kernels.reference.pairs`."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from dedup.kernels.handles import borrow
from dedup.kernels.native.candidates import View, in_view
from dedup.kernels.native.evidence import FEATURES, Facts, Judgement, judge


@njit(nogil=True, cache=True)
def verify_pairs(
    facts: Facts,
    rows: NDArray[np.int64],
    others: NDArray[np.int64],
    horizons: NDArray[np.int64],
    judgement: Judgement,
    out: NDArray[np.bool_],
) -> None:
    """Write whether story rows[k] would follow others[k], if that one leads.

    facts        : Facts     of all stories
    rows, others : int64[n]  the two stories of each pair
    horizons     : int64[n]  of rows[k], cf. `View`
    out          : bool[n]   overwritten
    """
    facts, rows, others, horizons = borrow(facts), borrow(rows), borrow(others), borrow(horizons)
    judgement, out = borrow(judgement), borrow(out)
    evidence = np.empty(FEATURES, dtype=np.float32)
    for k in range(rows.shape[0]):
        view = View(judgement.window, horizons[k])
        i, j = rows[k], others[k]
        out[k] = in_view(facts.times[i], facts.times[j], view) and (
            judge(facts, i, j, judgement, evidence) >= judgement.threshold
        )
