"""What a plugin's calls to the host may raise; none of them is an error of the plugin."""

from __future__ import annotations


class Cancelled(Exception):  # noqa: N818 - it ends a job in good order, it is no error
    """The user cancelled; a plugin lets it pass."""


class Unavailable(Exception):  # noqa: N818 - the host's answer, in words
    """The host cannot do what was asked for, such as run tasks when there is no runner."""


class BudgetSpent(Exception):  # noqa: N818 - it ends a job in good order, it is no error
    """What the user allowed is spent; a plugin lets it pass, or ends with what it has."""
