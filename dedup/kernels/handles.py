# mypy: disallow-subclassing-any=False, disallow-untyped-decorators=False, disallow-untyped-calls=False
"""Many arrays handed to a kernel as one object, where it is called for one story at a time.

Numba looks at the type of every argument of every call. For forty arrays in named tuples that takes it 30 microseconds,
longer than to decide on a story; a handle, which holds them in a structure made once, it takes as it is.
"""

from __future__ import annotations

from typing import Any

from numba import njit
from numba.core import types
from numba.experimental import structref


@structref.register
class HandleType(types.StructRef):
    """Numba's type of a handle; that of its value is part of it."""


class Handle(structref.StructRefProxy):
    """What holds a value; kernels read it as `handle.value`."""

    value: Any


structref.define_proxy(Handle, HandleType, ["value"])


@njit(cache=True)
def hold(value: Any) -> Handle:
    """A handle for a tuple of arrays, numbers and such tuples; it keeps the arrays alive."""
    return Handle(value)
