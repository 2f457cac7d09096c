from __future__ import annotations

import json
import os
import platform
import subprocess
import sys

import pytest

LEAN = """
import json, sys
from dedup.startup import import_lean
import_lean()
import numpy as np, pyarrow as pa
import pyarrow.compute as pc
pa.array([1]), pa.array(np.arange(2)), pa.table({"a": [None]}).to_pylist()
assert pc.index_in(pc.utf8_lower(pa.array(["B"])), value_set=pa.array(["a", "b"])).to_pylist() == [1]
assert "Round" in pc.round.__doc__
from dedup.kernels.native.sets import count_up_to
assert count_up_to(np.arange(3, dtype=np.uint32), np.uint32(1)) == 2
print(json.dumps([name in sys.modules for name in ("numba.np.arraymath", "scipy.linalg", "pandas")]))
import scipy.linalg, importlib.util
found = importlib.util.find_spec("pandas")
print(json.dumps([scipy.linalg.__name__, pa.array([2]).to_pylist()]))
"""
LOADED = """
import sys
from dedup.startup import import_lean
import_lean()
from dedup.warmup import warm_up
assert warm_up(print) == 0.0
print([name for name in ("numba.np.arraymath", "numba.np.arrayobj", "numba.cpython.unicode") if name in sys.modules])
"""


FAULTS = """
import resource, sys
if sys.argv[1:] == ["lean"]:
    from dedup.startup import import_lean
    import_lean(["feed.jsonl"])
import numpy as np
for turn in range(20):
    if turn == 10:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    arrays = [np.ones(3 << 20, dtype=np.uint8) for _ in range(5)]
    del arrays
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def run(script: str, *arguments: str, **environment: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments],
        env=os.environ | environment,
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout.splitlines()


def test_a_lean_start_leaves_out_what_takes_long_and_hides_nothing_afterwards(tmp_path):
    lines = run(LEAN, NUMBA_CACHE_DIR=str(tmp_path))  # where nothing is compiled yet
    assert json.loads(lines[0]) == [True, False, False]
    assert json.loads(lines[1]) == ["scipy.linalg", [2]]


def test_loading_the_kernels_of_the_main_job_imports_nothing_of_numba_that_only_compiling_takes():
    run(LOADED.replace("== 0.0", ">= 0.0"))  # whatever was compiled before
    assert run(LOADED) == ["[]"]


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other C libraries than GNU's are left as they are")
def test_memory_that_a_batch_took_is_not_cleared_again_for_the_next():
    [lean], [usual] = run(FAULTS, "lean"), run(FAULTS)
    assert int(lean) < int(usual) / 10
