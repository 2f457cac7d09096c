"""What is written for the compiler alone, and what stands in for it where nothing is compiled.

With `NUMBA_DISABLE_JIT` set before Numba is imported every kernel runs as the Python that it is written in, some
thousand times slower and with the same result; cf. `dedup.startup.leave_uncompiled`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from numba import config
from numba.extending import intrinsic

Decorator = Callable[[Callable[..., Any]], Any]


def device(stand_in: Callable[..., Any], compiler: Decorator = intrinsic) -> Decorator:
    """A decorator: the compiler's function of the one that follows; where nothing is compiled, what stands in for it.

    Args:
        stand_in: does the same in plain Python.
        compiler: a decorator of Numba.
    """
    return (lambda _: stand_in) if uncompiled() else compiler


def uncompiled() -> bool:
    """Whether kernels run as they are written."""
    return bool(config.DISABLE_JIT)  # type: ignore[attr-defined]  # it sets its own attributes
