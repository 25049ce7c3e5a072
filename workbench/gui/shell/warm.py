"""What every activity needs when it is first shown, read beside the window.

The first frame shows none of it, and reading it when it is asked for would hold the window still:
the modules of the activities and of the editor, and which plugins there are.
"""

from __future__ import annotations

import importlib
import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from workbench.gui.shell.context import AppContext

_log = logging.getLogger(__name__)


def warm_up(context: AppContext, modules: Sequence[str]) -> None:
    """Import the modules and look for plugins in a thread.

    What fails here fails again where it is needed, and is told there.
    """

    def failed(problem: BaseException) -> None:
        _log.debug("Nothing was read ahead: %s", problem)

    context.spawn_thread(_read, context, tuple(modules), on_error=failed)


def _read(context: AppContext, modules: Sequence[str]) -> None:
    for name in modules:
        if context.bridge.closed:
            return
        try:
            importlib.import_module(name)
        except Exception as problem:  # a feature that is broken says so on its own page
            _log.debug("%s was not read ahead: %s", name, problem)
    _ = context.plugins.plugins
