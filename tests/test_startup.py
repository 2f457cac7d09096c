from __future__ import annotations

import json
import subprocess
import sys

LEAN = """
import json, sys
from dedup.startup import import_lean
import_lean()
import numpy as np, pyarrow as pa
pa.array([1]), pa.array(np.arange(2)), pa.table({"a": [None]}).to_pylist()
print(json.dumps([name in sys.modules for name in ("numba.np.arraymath", "scipy.linalg", "pandas")]))
import scipy.linalg, importlib.util
found = importlib.util.find_spec("pandas")
print(json.dumps([scipy.linalg.__name__, pa.array([2]).to_pylist()]))
"""


def test_a_lean_start_leaves_out_what_takes_long_and_hides_nothing_afterwards():
    lines = subprocess.run([sys.executable, "-c", LEAN], check=True, capture_output=True, text=True).stdout.splitlines()
    assert json.loads(lines[0]) == [True, False, False]
    assert json.loads(lines[1]) == ["scipy.linalg", [2]]
