"""A quicker start of the command line, which has its process to itself."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.abc import MetaPathFinder


class _Absence(MetaPathFinder):
    """Finds no package of some names, as if they were not installed."""

    def __init__(self, names: tuple[str, ...]) -> None:
        self._names = names

    def find_spec(self, fullname: str, *_: object) -> None:
        """None, so that others look for it.

        Raises:
            ModuleNotFoundError: it is one of the names.
        """
        if fullname in self._names:
            raise ModuleNotFoundError(f"{fullname} is left out", name=fullname)


@contextmanager
def _absent(*names: str) -> Iterator[None]:
    finder = _Absence(names)
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)


def import_lean() -> None:
    """Import Numba without SciPy's linear algebra and Arrow without pandas, each of which takes a quarter of a second.

    Numba then believes that there is no BLAS, which no kernel here calls, and Arrow that its data come from no pandas.
    So this is for a process that compiles nothing but this package: never call it from a library.
    """
    with _absent("scipy.linalg", "pandas"):
        import numba.np.arraymath  # noqa: F401 - what asks for SciPy
        import pyarrow as pa

        pa.array([])  # asks for pandas, and never again
