# mypy: disallow-subclassing-any=False, disallow-untyped-decorators=False, disallow-untyped-calls=False
# mypy: disallow-untyped-defs=False
"""Arrays handed to kernels without what Numba does for each of them: as one object, or without being counted.

Numba looks at the type of every argument of every call. For forty arrays in named tuples that takes it 30 microseconds,
longer than to decide on a story; a *handle*, which holds them in a structure made once, it takes as it is.

And it counts references to every array that is handed from function to function, by atomic operations, each of which
waits until all that was written before has reached the cache. Arrays that are *borrowed* are not counted.
"""

from __future__ import annotations

from typing import Any

from numba import njit
from numba.core import cgutils, types
from numba.experimental import structref

from dedup.kernels.device import device


@device(lambda value: value)
def borrow(_typing_context, value):
    """The same array, or tuple of arrays and tuples, uncounted: who calls sees to it that it lasts, cf. `keep`."""

    def generate(context, builder, signature, args):
        return _uncounted(context, builder, signature.args[0], args[0])

    return value(value), generate


@device(lambda _: None)
def keep(_typing_context, value):
    """Does nothing; until here, what a kernel made itself is not let go of."""

    def generate(context, _builder, _signature, _args):
        return context.get_dummy_value()

    return types.void(value), generate


def _uncounted(context, builder, kind, value):
    if isinstance(kind, types.Array):
        view = context.make_array(kind)(context, builder, value)
        view.meminfo = cgutils.get_null_value(view.meminfo.type)
        view.parent = cgutils.get_null_value(view.parent.type)
        return view._getvalue()
    if isinstance(kind, types.BaseTuple):
        parts: Any = kind
        for place, part in enumerate(parts.types):
            uncounted = _uncounted(context, builder, part, builder.extract_value(value, place))
            value = builder.insert_value(value, uncounted, place)
    return value


@structref.register
class HandleType(types.StructRef):
    """Numba's type of a handle; that of its value is part of it."""


class Handle(structref.StructRefProxy):
    """What holds a value; kernels read it as `handle.value`, and need not count what is in it."""

    value: Any
    kept: Any  # the same, so that it lasts as long as the handle


structref.define_proxy(Handle, HandleType, ["value"])


@njit(cache=True)
def _hold(value: Any) -> Handle:
    return Handle(borrow(value))


def hold(value: Any) -> Handle:
    """A handle for a tuple of arrays, numbers and such tuples."""
    handle: Handle = _hold(value)
    handle.kept = value
    return handle
