"""The child process of a task on the cluster: one function of ours, bytes in, bytes out."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

#: What may be asked for; a scheduler is a network service, and names from it are not trusted.
FUNCTIONS = frozenset(
    {"workbench.plugin.packed_job:run_job", "workbench.evaluation.runners.packed_task:run_task"}
)


def main(arguments: list[str]) -> int:
    """Run the function; exit with 2 when it is none of ours."""
    function, folder = arguments
    if function not in FUNCTIONS:
        print(f"{function} is not among what may be run here", file=sys.stderr)
        return 2
    module, _, name = function.partition(":")
    run = getattr(importlib.import_module(module), name)
    place = Path(folder)
    (place / "result").write_bytes(run((place / "payload").read_bytes(), place))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
