"""What a forked child makes its own before any thread of it can use what it inherited."""

from __future__ import annotations

import os
import weakref
from typing import Protocol


class Inherited(Protocol):
    """What a child inherits in a state that is of use to the parent alone."""

    def enter_process(self) -> None:
        """Make it this process's own, if it is another's."""


_inherited: weakref.WeakSet[Inherited] = weakref.WeakSet()


def enter_children(inherited: Inherited) -> None:
    """Have it enter every child as that is born, for as long as somebody else refers to it.

    Where a program forks without telling Python, as uWSGI does unless told otherwise, it must find out by itself.
    """
    _inherited.add(inherited)


def _in_child() -> None:
    for each in list(_inherited):
        each.enter_process()


if hasattr(os, "register_at_fork"):  # not on Windows, which does not fork either
    os.register_at_fork(after_in_child=_in_child)
