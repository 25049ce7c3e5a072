"""What every activity needs when it is first shown, read beside the window.

The first frame shows none of it, and reading it when it is asked for would hold the window still:
the modules of the activities and of the editor, and which plugins there are.
"""

from __future__ import annotations

import importlib
import logging
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING

from PySide6 import QtWidgets
from PySide6.QtCore import QTimer

if TYPE_CHECKING:
    from workbench.gui.shell.context import AppContext

_log = logging.getLogger(__name__)

#: Classes of Qt that are made in one go (3 ms at the most), and the pause until the next.
_CLASSES, _PAUSE_MS = 6, 25


def warm_up(context: AppContext, modules: Sequence[str]) -> None:
    """Import the modules and look for plugins in a thread; then have PySide make its classes.

    What fails here fails again where it is needed, and is told there.
    """

    def failed(problem: BaseException) -> None:
        _log.debug("Nothing was read ahead: %s", problem)

    def read(_none: None) -> None:
        _make_classes(context, iter(dir(QtWidgets)))

    context.spawn_thread(_read, context, tuple(modules), on_done=read, on_error=failed)


def _make_classes(context: AppContext, names: Iterator[str]) -> None:
    """Name the classes of widgets, a few at a time and in the window's thread.

    PySide (6.11) makes a class when it is first named, and all kinds of widgets with their enums
    when a widget of an unknown kind comes from Qt (``viewport()``): a fifth of the time in which
    Review is made.
    """
    named = [getattr(QtWidgets, name) for name in islice(names, _CLASSES)]
    if named and not context.bridge.closed:
        QTimer.singleShot(_PAUSE_MS, context, lambda: _make_classes(context, names))


def _read(context: AppContext, modules: Sequence[str]) -> None:
    for name in modules:
        if context.bridge.closed:
            return
        try:
            importlib.import_module(name)
        except Exception as problem:  # a feature that is broken says so on its own page
            _log.debug("%s was not read ahead: %s", name, problem)
    _ = context.plugins.plugins
