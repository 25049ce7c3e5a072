"""The process that keeps the index of sessions, with the plugins that read foreign formats.

    python -m workbench.usage.index_worker INDEX PRICES

See ``workbench.traces.index.worker`` for what it is asked and tells.
"""

from __future__ import annotations

import contextlib
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from workbench.store.paths import UserFolders
from workbench.traces.index.worker import serve
from workbench.usage.foreign_traces import TraceDoor


@contextlib.contextmanager
def plugin_door() -> Iterator[TraceDoor]:
    """Give a door with the plugins that are in use now; their runs leave nothing behind."""
    folders = UserFolders.default()
    with contextlib.ExitStack() as stack:

        def runs() -> Path:
            folders.cache.mkdir(parents=True, exist_ok=True)
            made = tempfile.TemporaryDirectory(prefix="reading-", dir=folders.cache)
            return Path(stack.enter_context(made))

        yield TraceDoor.of_user(folders, runs, stack)


if __name__ == "__main__":
    sys.exit(serve(sys.argv[1:], plugin_door))
