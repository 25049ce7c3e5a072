"""Steps that are made when one is first asked for stand for the tuple of them."""

from __future__ import annotations

import copy
import pickle
import threading

import pytest

from workbench.domain.trajectory import ByteSpan, LateSteps, Step

STEPS = tuple(
    Step(index=number, uid=f"u{number}", kind="agent", preview="", raw=(ByteSpan(0, number, 1),))
    for number in range(5)
)


def _late() -> tuple[LateSteps, list[int]]:
    made: list[int] = []

    def make() -> tuple[Step, ...]:
        made.append(1)
        return STEPS

    return LateSteps(len(STEPS), make), made


def test_their_number_is_known_before_they_are_made() -> None:
    late, made = _late()
    assert len(late) == 5
    assert late
    assert not made


def test_they_are_made_once() -> None:
    late, made = _late()
    assert late[1] is late[1] is STEPS[1]
    assert list(late) == list(STEPS)
    assert late[-2:] == STEPS[-2:]
    assert STEPS[3] in late
    assert made == [1]


def test_threads_that_ask_at_once_get_the_same_ones() -> None:
    inside, go = threading.Event(), threading.Event()
    made: list[tuple[Step, ...]] = []

    def make() -> tuple[Step, ...]:
        inside.set()
        go.wait(5)
        return STEPS[:2] + STEPS[2:]  # another tuple each time

    late = LateSteps(len(STEPS), make)
    threads = [threading.Thread(target=lambda: made.append(late.whole())) for _ in range(2)]
    for thread in threads:
        thread.start()
    assert inside.wait(5)
    go.set()
    for thread in threads:
        thread.join(5)
    assert made[0] is made[1]


def test_they_compare_and_copy_as_the_tuple_of_them() -> None:
    late, _ = _late()
    other, _ = _late()
    assert late == STEPS
    assert late == STEPS
    assert late == other
    assert late != STEPS[:2]
    assert late != list(STEPS)
    assert hash(late) == hash(STEPS)
    assert repr(late) == repr(STEPS)
    assert copy.copy(late) == STEPS
    assert pickle.loads(pickle.dumps(late)) == STEPS


def test_a_step_that_is_not_there_is_an_index_error() -> None:
    late, _ = _late()
    with pytest.raises(IndexError):
        late[5]
