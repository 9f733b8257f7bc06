"""Turns: so many at once, in the order in which they were asked for."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest

from loopgenie.turns import Turns


def until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.001)


def test_so_many_at_once_and_no_more() -> None:
    turns = Turns(2)
    assert turns.take(0)
    assert turns.take(0)
    assert not turns.take(0)
    turns.give_back()
    assert turns.take(0)
    assert not turns.take(0.01)


def test_who_gives_a_turn_back_and_asks_again_overtakes_nobody() -> None:
    """Five wait in a row; whoever had a turn asks for another one at once, and gets it after all who waited."""
    turns, served = Turns(1), list[str]()
    assert turns.take(0)

    def greedy(name: str) -> None:
        for time_ in ("first", "second"):
            assert turns.take(10)
            served.append(f"{name} {time_}")
            turns.give_back()

    threads = []
    for number in range(5):
        threads.append(threading.Thread(target=greedy, args=(str(number),), daemon=True))
        threads[-1].start()
        until(lambda: len(turns._waiting) == len(threads))
    turns.give_back()
    for thread in threads:
        thread.join(10)
    assert served[:5] == [f"{number} first" for number in range(5)]
    assert sorted(served[5:]) == [f"{number} second" for number in range(5)]
    assert turns.take(0)  # none was lost


def test_who_loses_patience_leaves_the_queue() -> None:
    turns = Turns(1)
    assert turns.take(0)
    began = time.monotonic()
    assert not turns.take(0.05)
    assert time.monotonic() - began >= 0.05
    turns.give_back()
    assert turns.take(0)


@pytest.mark.parametrize("at_once", [1, 3])
def test_turns_are_neither_lost_nor_made_where_patience_ends_as_they_come(at_once: int) -> None:
    turns, inside, most, lock = Turns(at_once), [0], [0], threading.Lock()

    def come() -> None:
        for _ in range(200):
            if turns.take(0.0001):
                with lock:
                    inside[0] += 1
                    most[0] = max(most[0], inside[0])
                time.sleep(0.0001)
                with lock:
                    inside[0] -= 1
                turns.give_back()

    threads = [threading.Thread(target=come, daemon=True) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert most[0] <= at_once
    assert [turns.take(0) for _ in range(at_once + 1)] == [*[True] * at_once, False]
