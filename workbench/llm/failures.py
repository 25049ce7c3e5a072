"""What went wrong with a call, in words: what, where, and what to do."""

from __future__ import annotations

from workbench.llm.profiles import EndpointProfile


class BrokenOff(Exception):  # noqa: N818 - it is tried again, or told in words
    """An answer did not come to its end."""


def failure_words(problem: BaseException, profile: EndpointProfile) -> str:
    """Say what a failed call means for the person who chose the endpoint."""
    from openai import (
        APIConnectionError,
        APIStatusError,
        APITimeoutError,
        AuthenticationError,
        NotFoundError,
        PermissionDeniedError,
        RateLimitError,
    )

    where = f"The endpoint '{profile.name}' ({profile.base_url})"
    if isinstance(problem, BrokenOff):
        return f"{where} gave no whole answer: {problem}. Try again, or choose another endpoint."
    if isinstance(problem, APITimeoutError):
        return (
            f"{where} did not answer within {profile.timeout_s:g} s. Raise timeout_s of the "
            "endpoint, or choose a faster model."
        )
    if isinstance(problem, APIConnectionError):
        return f"{where} cannot be reached. Start the server, or mend base_url of the endpoint."
    if isinstance(problem, AuthenticationError | PermissionDeniedError):
        name = profile.key_variable
        way = f"the environment variable {name}" if name else "key_variable, or the keyring"
        return f"{where} refuses the key. Check {way}."
    if isinstance(problem, RateLimitError):
        return (
            f"{where} is asked too often, also after {profile.retries} tries more. Lower the "
            "endpoint's concurrency, or wait."
        )
    if isinstance(problem, NotFoundError):
        return f"{where} does not know that address or the model '{profile.model}'. Check both."
    if isinstance(problem, APIStatusError):
        return f"{where} answered with status {problem.status_code}: {_short(problem)}"
    return f"{where} failed: {type(problem).__name__}: {_short(problem)}"


def is_refused_option(problem: BaseException, *names: str) -> bool:
    """Say whether a server refused a call because of one of these options."""
    from openai import APIStatusError

    if not isinstance(problem, APIStatusError) or problem.status_code not in (400, 404, 415, 422):
        return False
    text = str(problem).lower()
    return any(name in text for name in names)


def _short(problem: BaseException) -> str:
    return " ".join(str(problem).split())[:300]
