"""What an index asks of the stories in memory beyond the pass itself. Twin: `dedup.kernels.reference.evidence`."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from dedup.kernels.native.evidence import Facts, measure


@njit(nogil=True, cache=True)
def measure_pairs(facts: Facts, rows: NDArray[np.int64], others: NDArray[np.int64], out: NDArray[np.float32]) -> None:
    """Write the evidence on n pairs of stories, as `measure` has it for one.

    facts        : Facts         of all stories
    rows, others : int64[n]      the two stories of each pair
    out          : float32[n, f] overwritten
    """
    for k in range(rows.shape[0]):
        measure(facts, rows[k], others[k], out[k])
