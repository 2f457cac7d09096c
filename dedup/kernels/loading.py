"""Loading compiled kernels as they are, without what Numba does for the case that more were compiled.

Before it loads a kernel from its cache Numba registers all that it knows how to compile (a quarter of a second), and of
each kernel it parses the code that others might inline (a third of the time that loading takes). Here both is done
when, and only when, something is compiled after all. Cf. `numba.core.caching` and `numba.core.codegen` of the releases
0.68; how others do it is not known, and this module is not to be imported with them.
"""

from __future__ import annotations

import functools
import sys
import threading
from collections.abc import Callable
from typing import Any

from llvmlite import binding
from numba.core import entrypoints, environment
from numba.core.caching import FunctionCache
from numba.core.codegen import CPUCodeLibrary, JITCodeLibrary
from numba.core.registry import cpu_target
from numba.core.runtime.nrt import rtsys

_UNPARSED = "_dedup_unparsed"
_UNSERIALIZE: Any = vars(CPUCodeLibrary)["_unserialize"].__func__
_POINT: Any = JITCodeLibrary.get_pointer_to_function
_LINK: Any = CPUCodeLibrary._get_module_for_linking
_REBUILD: Any = environment._rebuild_env


def load_alone(complete: Callable[[], None]) -> None:
    """Have this process load kernels as they are, which changes Numba for all of its code.

    Args:
        complete: called once, before anything is compiled.
    """

    @functools.cache
    def complete_once() -> None:
        _replace(entrypoints, "_already_initialized", False)
        complete()

    def load_overload(cache: Any, signature: object, target: Any) -> object:
        rtsys.initialize(target)  # if no thread has done so
        with cache._guard_against_spurious_io_errors():
            loaded = cache._load_overload(signature, target)
        if loaded is None:
            complete_once()
        return loaded

    threading.Thread(target=_initialize_runtime).start()
    _replace(entrypoints, "_already_initialized", True)  # they tell other packages to extend what can be compiled
    _replace(environment, "_rebuild_env", functools.wraps(_REBUILD)(_rebuild_env))
    _replace(FunctionCache, "load_overload", load_overload)
    _replace(JITCodeLibrary, "_unserialize", classmethod(_unserialize))
    _replace(JITCodeLibrary, "get_pointer_to_function", _get_pointer_to_function)
    _replace(JITCodeLibrary, "_get_module_for_linking", _get_module_for_linking)


def _initialize_runtime() -> None:
    """Compile the runtime that kernels call: LLVM does so while others import."""
    rtsys.initialize(cpu_target.target_context)


def _replace(owner: object, name: str, value: object) -> None:
    getattr(owner, name)  # an AttributeError rather than a method that nothing calls
    setattr(owner, name, value)


def _rebuild_env(module: str, constants: list[object], name: str) -> Any:
    """The surroundings of a function of Numba's own without its module, which only what is interpreted looks into."""
    known: Any = environment.Environment._memo
    if not module.startswith("numba.") or module in sys.modules or name in known:
        return _REBUILD(module, constants, name)
    made: Any = environment.Environment({"__name__": module})
    made.consts[:] = constants
    made.env_name = name
    known[name] = made
    return made


def _unserialize(cls: Any, codegen: Any, state: tuple[str, str, Any]) -> Any:
    name, kind, data = state
    if kind != "object":
        return _UNSERIALIZE(cls, codegen, state)
    compiled, shared = data
    library = codegen.create_library(name)
    library.enable_object_caching()
    library._set_compiled_object(compiled)
    library._finalize_final_module()
    setattr(library, _UNPARSED, shared)
    return library


def _get_pointer_to_function(library: Any, name: str) -> int:
    if _UNPARSED in vars(library):
        library._codegen._engine._defined_symbols.add(name)  # else it answers 0; only what is there is asked for
    pointer: int = _POINT(library, name)
    return pointer


def _get_module_for_linking(library: Any) -> Any:
    if (shared := vars(library).pop(_UNPARSED, None)) is not None:
        library._shared_module = binding.parse_bitcode(shared)
        library._codegen._engine._load_defined_symbols(library._shared_module)
    return _LINK(library)
