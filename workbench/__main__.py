"""The command ``skill-workbench``: builds the objects and hands over to ``cli`` or ``gui``."""

from __future__ import annotations

import io
import sys
from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command, or open the window when none is named; return the exit code."""
    from workbench.cli.main import run

    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A letter the terminal's encoding lacks is shown by its code and ends no command.
            stream.reconfigure(errors="backslashreplace")
    return run(list(sys.argv[1:] if arguments is None else arguments), open_window=_open_window)


def _open_window(command: str, arguments: Sequence[str]) -> int:
    """Hand ``open``, ``walkthrough`` and ``picture`` to the window's package."""
    from workbench.gui.app import run_gui

    return run_gui(command, arguments)


if __name__ == "__main__":
    sys.exit(main())
