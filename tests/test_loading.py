"""Loading compiled kernels as they are, each case in a process of its own: it changes Numba for all of it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numba
import pytest

from dedup.startup import _LOOKED_INTO

SUMS = """
from numba import njit

@njit(cache=True)
def first(x):
    if x.shape[0] == 0:
        raise ValueError("nothing to add")
    return x.sum() + 1

@njit(cache=True)
def second(x):
    return 2 * first(x)
"""
START = """
import sys
import numpy as np
from dedup.kernels.loading import load_alone
completed = []
load_alone(lambda: completed.append(True))
import sums
"""
KNOWN = numba.__version__.startswith(_LOOKED_INTO)


@pytest.fixture
def script(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "sums.py").write_text(SUMS)
    monkeypatch.setenv("NUMBA_DISABLE_JIT", "0")
    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)

    def run(lines: str) -> list[str]:
        done = subprocess.run(
            [sys.executable, "-c", lines], cwd=tmp_path, check=True, capture_output=True, text=True, timeout=100
        )
        return done.stdout.splitlines()

    return run


@pytest.mark.skipif(not KNOWN, reason="this release of Numba loads kernels its own way: pip install numba==0.68.*")
def test_what_is_compiled_is_loaded_and_what_is_not_is_compiled_with_what_was_loaded(script):
    script("import numpy as np, sums; sums.first(np.ones(3))")
    assert script(f"""{START}
print(sums.first(np.ones(3)), sum(sums.first.stats.cache_misses.values()), len(completed))
print(sums.second(np.ones(3)), sum(sums.second.stats.cache_misses.values()), len(completed))
""") == ["4.0 0 0", "8.0 1 1"]


@pytest.mark.skipif(not KNOWN, reason="this release of Numba loads kernels its own way: pip install numba==0.68.*")
def test_what_is_loaded_raises_as_it_did(script):
    script("import numpy as np, sums; sums.second(np.ones(3))")
    assert script(f"""{START}
try:
    sums.second(np.ones(0))
except ValueError as exc:
    print(exc, len(completed))
""") == ["nothing to add 0"]


@pytest.mark.skipif(not KNOWN, reason="this release of Numba loads kernels its own way: pip install numba==0.68.*")
def test_what_is_compiled_in_such_a_process_is_loaded_by_any_other(script):
    script("import numpy as np, sums; sums.first(np.ones(3))")
    script(f"{START}\nsums.second(np.ones(3))")
    for start in ("", START):
        assert script(f"""{start}
import numpy as np, sums, sys
print(sums.second(np.ones(3)), sum(sums.second.stats.cache_misses.values()), "dedup" in sys.modules)
""") == [f"8.0 0 {start == START}"]


def test_other_releases_of_numba_are_left_alone(script):
    assert script("""
import numba
from numba.core.caching import FunctionCache
numba.__version__ = "0.99.0"
before = FunctionCache.load_overload
from dedup.startup import import_lean
import_lean()
print(FunctionCache.load_overload is before)
""") == ["True"]
