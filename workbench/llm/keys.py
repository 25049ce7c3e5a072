"""Keys of endpoints in the system's keyring, where there is one (extra ``keyring``)."""

from __future__ import annotations

import importlib.util

#: The name keys are kept under.
SERVICE = "skill-workbench"


class KeyringProblem(Exception):  # noqa: N818 - a problem for a person, in words
    """A key cannot be kept; the message says why and what to do instead."""


def stored_key(endpoint: str) -> str | None:
    """Return the key of an endpoint; None where there is none, or no keyring."""
    if importlib.util.find_spec("keyring") is None:
        return None
    keyring = importlib.import_module("keyring")
    try:
        found = keyring.get_password(SERVICE, endpoint)
    except (keyring.errors.KeyringError, RuntimeError):
        # A headless machine has no keyring; the environment variable is the other way.
        return None
    return found if isinstance(found, str) else None


def store_key(endpoint: str, key: str) -> None:
    """Keep the key of an endpoint, or forget it when it is "".

    Raises:
        KeyringProblem: there is no keyring, or it refuses.
    """
    if importlib.util.find_spec("keyring") is None:
        raise KeyringProblem(
            "Keys can be kept when the package 'keyring' is installed (pip install "
            "'skill-workbench[keyring]'). Until then set an environment variable and name it in "
            "the endpoint's key_variable."
        )
    keyring = importlib.import_module("keyring")
    try:
        if key:
            keyring.set_password(SERVICE, endpoint, key)
        else:
            keyring.delete_password(SERVICE, endpoint)
    except keyring.errors.PasswordDeleteError:
        return
    except (keyring.errors.KeyringError, RuntimeError) as problem:
        raise KeyringProblem(
            f"This machine's keyring cannot be used ({problem}). Set an environment variable and "
            "name it in the endpoint's key_variable."
        ) from problem
