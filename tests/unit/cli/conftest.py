"""Calling commands as a person would."""

from __future__ import annotations

import pytest

from workbench.cli.main import run


@pytest.fixture
def command(capsys):
    def command(*arguments: object) -> tuple[int, str, str]:
        code = run([str(one) for one in arguments], lambda *_: pytest.fail("the window was opened"))
        out, err = capsys.readouterr()
        return code, out, err

    return command
