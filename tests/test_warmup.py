from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time

import pytest

from dedup.warmup import warm_up

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


def test_ctrl_c_that_arrives_while_llvm_calls_back_is_not_lost():
    def press(times):
        os.kill(os.getpid(), signal.SIGINT)
        return times + 1  # not reached: the signal is seen to between two steps

    def compile_something(_):
        call_back = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int)(press)
        call_back(1)  # Python reports what was raised, and returns as if nothing had been
        returned.append(True)
        until = time.monotonic() + 10
        while time.monotonic() < until:
            pass

    returned: list[bool] = []
    started = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        warm_up(print, run=compile_something)
    assert returned
    assert time.monotonic() - started < 5


def test_what_else_python_drops_is_reported_as_ever():
    class Broken:
        def __del__(self):
            raise ValueError("in a finaliser")

    seen: list[sys.UnraisableHookArgs] = []
    before, sys.unraisablehook = sys.unraisablehook, seen.append
    try:
        warm_up(print, run=lambda _: Broken())
        assert sys.unraisablehook == seen.append
    finally:
        sys.unraisablehook = before
    assert [str(dropped.exc_value) for dropped in seen] == ["in a finaliser"]
