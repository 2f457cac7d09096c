"""A quicker start of the command line, which has its process to itself."""

from __future__ import annotations

import sys

_UNUSED = "scipy.linalg"


def import_numba() -> None:
    """Import Numba without SciPy's linear algebra, which takes it a quarter of a second and no kernel here calls.

    Numba then believes that there is no BLAS, so this is for a process that compiles nothing but this package: never
    call it from a library.
    """
    if _UNUSED in sys.modules:
        return
    sys.modules[_UNUSED] = None  # type: ignore[assignment]  # importing it fails as if it were not installed
    try:
        import numba.np.arraymath  # noqa: F401 - what asks for it
    finally:
        del sys.modules[_UNUSED]
