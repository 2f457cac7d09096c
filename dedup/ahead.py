"""Work done by threads some pieces ahead of who asks for it, and handed on in order."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

Piece = TypeVar("Piece")
Made = TypeVar("Made")


def work_ahead(
    pieces: Iterable[Piece],
    work: Callable[[Piece], Made],
    pool: ThreadPoolExecutor,
    ahead: int,
    *,
    begin_here: bool = False,
) -> Iterator[Made]:
    """What some work makes of each piece, in their order, done by the pool while earlier ones are dealt with.

    Args:
        pieces: are taken while earlier ones are worked on.
        work: is done by the threads.
        pool: of threads.
        ahead: most pieces to wait, so that texts never pile up; at least 1.
        begin_here: whether the first piece is done by this thread, which would only wait for it.
    """
    waiting: deque[Future[Made]] = deque()
    upcoming = iter(pieces)
    try:
        if begin_here:
            for first in islice(upcoming, 1):
                waiting += [pool.submit(work, piece) for piece in islice(upcoming, ahead)]
                yield work(first)
        for piece in upcoming:
            waiting.append(pool.submit(work, piece))
            if len(waiting) > ahead:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        for future in waiting:
            future.cancel()
