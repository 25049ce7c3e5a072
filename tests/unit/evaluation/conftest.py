"""Sandboxes: bubblewrap where this machine has it, and none."""

from __future__ import annotations

import pytest

from workbench.evaluation.sandbox import Sandbox, available_sandbox


@pytest.fixture(params=["bubblewrap", "none"])
def sandbox(request: pytest.FixtureRequest) -> Sandbox:
    """Each kind there is."""
    if request.param == "none":
        return Sandbox("none")
    found = available_sandbox()
    if found is None:
        pytest.skip("bubblewrap does not work on this machine")
    return found


@pytest.fixture
def walls() -> Sandbox:
    """The sandbox that has walls."""
    found = available_sandbox()
    if found is None:
        pytest.skip("bubblewrap does not work on this machine")
    return found
