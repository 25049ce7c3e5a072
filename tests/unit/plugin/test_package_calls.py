"""Packages that own their loop and catch everything still stop when the host says so."""

from __future__ import annotations

import copy
import threading
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from workbench.domain.job import EvalResult
from workbench.domain.model_call import ChatMessage, Completion, Prompt
from workbench.plugin.package_calls import Halt, PackageCalls, relayed
from workbench.plugin.stops import BudgetSpent, Cancelled, Unavailable

QUESTION = (ChatMessage("user", "Why?"),)


class Host:
    """Answers, or raises what the test says; a test double of a plugin's context."""

    def __init__(self, *problems: Exception | None) -> None:
        self.problems = list(problems)
        self.prompts: list[Prompt] = []

    def complete(self, prompt: Prompt) -> Completion:
        self.prompts.append(prompt)
        self._maybe_raise()
        return Completion(text=f"answer {len(self.prompts)}")

    def evaluate(
        self, candidate: str, tasks: Sequence[str] = (), **_: Any
    ) -> tuple[EvalResult, ...]:
        self._maybe_raise()
        return tuple(EvalResult(candidate=candidate, task=task, score=1.0) for task in tasks)

    def _maybe_raise(self) -> None:
        problem = self.problems.pop(0) if self.problems else None
        if problem is not None:
            raise problem


def stubborn(work: Callable[[], object], times: int = 50) -> int:
    """Do like a package that swallows every exception; return how often it got to try."""
    tries = 0
    for _ in range(times):
        tries += 1
        try:
            work()
        except Exception:
            continue
    return tries


@pytest.mark.parametrize("stop", [Cancelled(), BudgetSpent("All spent.")])
def test_a_package_that_catches_every_exception_stops_at_the_first_word(stop: Exception) -> None:
    host = Host(stop)
    calls = PackageCalls(host)
    with pytest.raises(Halt) as halted:
        stubborn(lambda: calls.complete(QUESTION))
    assert halted.value.reason is stop
    with pytest.raises(Halt):  # and nothing goes to the host after that
        calls.evaluate("x", ["t"])
    assert len(host.prompts) == 1


def test_one_failed_call_is_the_packages_business_three_in_a_row_are_not() -> None:
    down = Unavailable("The server is gone.")
    calls = PackageCalls(Host(down, down, None, down, down, down))
    tries = 0

    def ask() -> None:
        nonlocal tries
        tries += 1
        calls.complete(QUESTION)

    with pytest.raises(Halt, match="The server is gone"):
        stubborn(ask)
    assert tries == 6
    assert calls.answers == 1


def test_a_question_asked_again_wants_another_answer() -> None:
    host = Host()
    calls = PackageCalls(host, system="Be brief.", role="judge")
    assert [calls.complete(QUESTION, temperature=0.7) for _ in range(3)] == [
        "answer 1", "answer 2", "answer 3",
    ]  # fmt: skip
    said = [prompt.messages[-1].content for prompt in host.prompts]
    assert said[0] == "Why?"
    assert "answer number 2" in said[1]
    assert len(set(said)) == 3
    assert all(prompt.messages[0] == ChatMessage("system", "Be brief.") for prompt in host.prompts)
    assert {(prompt.role, prompt.temperature) for prompt in host.prompts} == {("judge", 0.7)}


def test_a_version_that_cannot_be_run_is_told_apart_from_a_runner_that_is_not_there() -> None:
    from workbench.domain.proposal import Change

    calls = PackageCalls(Host(Unavailable("a/../b is outside."), None, Unavailable("No runner.")))
    with pytest.raises(Unavailable, match="outside"):
        calls.evaluate("x", ["t"], [Change("c", "a/../b", "write", "text")])
    assert [one.task for one in calls.evaluate("base", ["t"])] == ["t"]
    with pytest.raises(Halt, match="No runner"):
        calls.evaluate("base", ["t"])


def test_a_deep_copy_of_a_configuration_keeps_the_same_calls() -> None:
    calls = PackageCalls(Host())
    assert copy.deepcopy({"parameters": {"calls": calls}})["parameters"]["calls"] is calls


def test_what_is_told_comes_as_it_is_told_and_what_was_raised_is_raised() -> None:
    held = threading.Event()

    def work(tell: Callable[[int], None]) -> None:
        tell(1)
        held.wait(10)
        tell(2)
        raise ValueError("broken")

    told = relayed(work)
    assert next(told) == 1  # although the work goes on
    held.set()
    assert next(told) == 2
    with pytest.raises(ValueError, match="broken"):
        next(told)


def test_the_reason_of_a_halt_is_what_comes_out() -> None:
    calls = PackageCalls(Host(BudgetSpent("All spent.")))

    def work(tell: Callable[[str], None]) -> None:
        stubborn(lambda: calls.complete(QUESTION))

    with pytest.raises(BudgetSpent, match="All spent"):
        list(relayed(work))
