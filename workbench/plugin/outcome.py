"""How a process ended, in words (the vocabulary follows qutebrowser's ``ProcessOutcome``)."""

from __future__ import annotations

import signal

_CRASHES = {
    signal.SIGSEGV,
    signal.SIGABRT,
    signal.SIGBUS,
    signal.SIGFPE,
    signal.SIGILL,
    signal.SIGTRAP,
    signal.SIGSYS,
}


def outcome_words(returncode: int | None) -> str:
    """Say how a process ended: "exited with status 2", "crashed (SIGSEGV)", "was killed" ...

    Args:
        returncode: as ``subprocess`` gives it (minus the number of a signal); None when the process
            could not be waited for.
    """
    if returncode is None:
        return "ended in an unknown way"
    if returncode >= 0:
        return _exit_words(returncode)
    try:
        number = signal.Signals(-returncode)
    except ValueError:
        return f"was ended by signal {-returncode}"
    if number == signal.SIGKILL:
        return "was killed (SIGKILL)"
    if number == signal.SIGTERM:
        return "was terminated (SIGTERM)"
    if number in _CRASHES:
        return f"crashed ({number.name})"
    return f"was ended by {number.name}"


def _exit_words(status: int) -> str:
    if 128 < status < 160:
        # A shell reports so that its child was ended by a signal.
        return f"exited with status {status} (its own child {outcome_words(128 - status)})"
    return f"exited with status {status}"


def death_words(returncode: int | None, stderr_lines: list[str]) -> str:
    """Say why a job without a last event ended, with what to look at."""
    words = f"The worker {outcome_words(returncode)} without saying that it had finished."
    if returncode == -signal.SIGKILL:
        words += " Nobody here did that: the system may have run out of memory."
    last = next((line.strip() for line in reversed(stderr_lines) if line.strip()), "")
    if last:
        words += f" Its last words: {last[:300]}"
    return words
