"""Which command there is, and how its problems are told."""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from collections.abc import Callable, Sequence

from workbench import __version__
from workbench.cli.console import UsageProblem, for_terminal

#: Command to the module that serves it. Only the one asked for is imported (start-up time).
COMMANDS: dict[str, str] = {
    "check": "workbench.cli.check",
    "fix": "workbench.cli.check",
    "tokens": "workbench.cli.tokens",
    "render": "workbench.cli.render",
    "new": "workbench.cli.new",
    "rename": "workbench.cli.rename",
    "extract": "workbench.cli.extract",
    "pack": "workbench.cli.pack",
    "unpack": "workbench.cli.pack",
    "search": "workbench.cli.search",
    "route": "workbench.cli.search",
    "endpoint": "workbench.cli.endpoint",
    "evaluate": "workbench.cli.gate",
    "evolve": "workbench.cli.evolve",
    "gate": "workbench.cli.gate",
    "graph": "workbench.cli.graph",
    "lock": "workbench.cli.lock",
    "proposals": "workbench.cli.proposals",
    "history": "workbench.cli.history",
    "scan": "workbench.cli.scan",
    "share": "workbench.cli.share",
    "trace": "workbench.cli.trace",
    "trust": "workbench.cli.scan",
    "plugins": "workbench.cli.plugins",
    "jobs": "workbench.cli.plugins",
}

#: Commands that draw: served by the window's package.
WINDOW_COMMANDS = {
    "open": "the window on libraries and traces (the default)",
    "walkthrough": "the main job end to end on the example library, with a report and pictures",
    "picture": "a named screen of the program as a PNG",
}

OpenWindow = Callable[[str, Sequence[str]], int]


def run(arguments: list[str], open_window: OpenWindow) -> int:
    """Run one command. Exit codes: 0 fine, 1 findings or a failed check, 2 wrong usage or input."""
    command = arguments[0] if arguments else "open"
    if command in ("-h", "--help"):
        print(_help())
        return 0
    if command in ("-V", "--version"):
        print(f"skill-workbench {__version__}")
        return 0
    if command in WINDOW_COMMANDS:
        return open_window(command, arguments[1:])
    if command not in COMMANDS:
        return open_window("open", arguments)
    module = importlib.import_module(COMMANDS[command])
    parser = argparse.ArgumentParser(prog=f"skill-workbench {command}")
    module.add_arguments(command, parser)
    try:
        parsed = parser.parse_args(arguments[1:])
    except SystemExit as stop:
        return int(stop.code or 0)
    try:
        return int(module.run_command(command, parsed))
    except UsageProblem as problem:
        print(for_terminal(f"skill-workbench {command}: {problem}"), file=sys.stderr)
        return 2
    except BrokenPipeError:
        # The reader (head, less) left. Python would complain once more while closing stdout.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        print("Stopped.", file=sys.stderr)
        return 130


def _help() -> str:
    lines = [
        "usage: skill-workbench [PATH ...]",
        "       skill-workbench COMMAND ...",
        "",
        "commands:",
    ]
    rows = {
        name: importlib.import_module(module).SUMMARY[name] for name, module in COMMANDS.items()
    }
    rows |= WINDOW_COMMANDS
    lines += [f"  {name:<13}{summary}" for name, summary in sorted(rows.items())]
    lines += ["", "skill-workbench COMMAND --help says more of one."]
    return "\n".join(lines)
