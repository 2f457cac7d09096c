from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from dedup.ahead import work_ahead


@pytest.fixture
def pool():
    with ThreadPoolExecutor(1) as pool:
        yield pool


@pytest.mark.parametrize("begin_here", [False, True])
@pytest.mark.parametrize("count", [0, 1, 2, 3, 9])
def test_what_is_made_comes_in_the_order_of_the_pieces(pool, count, begin_here):
    made = work_ahead(range(count), lambda piece: piece * 10, pool, 2, begin_here=begin_here)
    assert list(made) == [piece * 10 for piece in range(count)]


@pytest.mark.parametrize("begin_here", [False, True])
def test_no_more_pieces_are_taken_than_may_wait(pool, begin_here):
    taken = []

    def pieces():
        for piece in range(9):
            taken.append(piece)
            yield piece

    for piece in work_ahead(pieces(), lambda piece: piece, pool, 2, begin_here=begin_here):
        assert len(taken) <= piece + 3


def test_the_first_piece_may_be_worked_on_here_while_the_pool_works_on_the_next(pool):
    second = threading.Event()

    def work(piece):
        if piece == 0:
            assert second.wait(30)  # until the pool is at the next one
        if piece == 1:
            second.set()
        return threading.current_thread() is threading.main_thread()

    assert list(work_ahead(range(3), work, pool, 2, begin_here=True)) == [True, False, False]


def test_what_a_piece_raises_is_raised_in_its_turn(pool):
    made = work_ahead([2, 1, 0], lambda piece: 4 // piece, pool, 2, begin_here=True)
    assert [next(made), next(made)] == [2, 4]
    with pytest.raises(ZeroDivisionError):
        next(made)
