from __future__ import annotations

import subprocess
import sys

SHARED = """
from dedup import warmup

warmup.run_batch(warmup._stories())
kernels = {kernel for kernel in warmup._kernels() if kernel.py_func.__module__.rsplit(".", 1)[-1] in %r}
before = {kernel: kernel.signatures for kernel in kernels}
warmup.help_compiling()
assert any(before.values())
for kernel in kernels:
    assert kernel.signatures == before[kernel], kernel.py_func.__name__
"""


def test_what_a_helper_compiles_is_what_the_job_calls():
    modules = ("bands", "candidates", "leaders")
    subprocess.run([sys.executable, "-W", "error", "-c", SHARED % (modules,)], check=True)


def test_what_one_process_compiled_the_next_one_loads():
    code = "from dedup import warmup; print(warmup.warm_up(print))"
    printed = [subprocess.check_output([sys.executable, "-c", code], text=True) for _ in range(2)]
    assert printed[1] == "0.0\n"
