"""How a process ended, in words."""

from __future__ import annotations

import signal

import pytest

from workbench.plugin.outcome import death_words, outcome_words


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (0, "exited with status 0"),
        (2, "exited with status 2"),
        (137, "exited with status 137 (its own child was killed (SIGKILL))"),
        (200, "exited with status 200"),
        (-signal.SIGKILL, "was killed (SIGKILL)"),
        (-signal.SIGTERM, "was terminated (SIGTERM)"),
        (-signal.SIGSEGV, "crashed (SIGSEGV)"),
        (-signal.SIGABRT, "crashed (SIGABRT)"),
        (-signal.SIGHUP, "was ended by SIGHUP"),
        (-63, "was ended by signal 63"),
        (None, "ended in an unknown way"),
    ],
)
def test_each_ending_has_its_words(code: int | None, words: str) -> None:
    assert outcome_words(code) == words


def test_a_death_names_the_last_line_of_stderr_and_a_kill_its_likely_cause() -> None:
    assert death_words(1, ["Traceback", "  ", "KeyError: 'x'", ""]).endswith("KeyError: 'x'")
    assert "out of memory" in death_words(-signal.SIGKILL, [])
    assert "out of memory" not in death_words(-signal.SIGTERM, [])
