"""Which activities there are. A feature's code is imported when it is first shown."""

from __future__ import annotations

import importlib
from dataclasses import dataclass

from PySide6.QtWidgets import QWidget

from workbench.gui.shell.context import AppContext


@dataclass(frozen=True, slots=True)
class Activity:
    """An activity of the window.

    ``module`` gives ``create(context: AppContext) -> QWidget``, its main view. With ``documents``
    the view is a list to the left of the document tabs; else it has the centre to itself.
    """

    id: str
    title: str
    icon: str
    module: str
    tip: str
    documents: bool = False


ACTIVITIES: tuple[Activity, ...] = (
    Activity(
        "library",
        "Library",
        "library",
        "workbench.gui.library.panel",
        "The skills of the open folder, and their files",
        documents=True,
    ),
    Activity(
        "traces", "Traces", "traces", "workbench.gui.traces.panel", "What agents did, step by step"
    ),
    Activity("graph", "Graph", "graph", "workbench.gui.graph.panel", "How skills hang together"),
    Activity(
        "security",
        "Security",
        "security",
        "workbench.gui.security.panel",
        "What scanners found in the skills",
    ),
    Activity(
        "evolution",
        "Evolution",
        "evolution",
        "workbench.gui.evolution.panel",
        "Let an engine propose changes from traces",
    ),
    Activity(
        "review", "Review", "review", "workbench.gui.review.panel", "Decide what is taken over"
    ),
)

#: Gives ``open_document(context, path) -> Document``; needed with the first file.
EDITOR_MODULE = "workbench.gui.editor.panel"


def create_view(activity: Activity, context: AppContext) -> QWidget:
    """Import the feature and make its main view.

    Raises:
        ModuleNotFoundError: the feature is not part of this installation.
    """
    module = importlib.import_module(activity.module)
    view = module.create(context)
    if not isinstance(view, QWidget):
        raise TypeError(f"{activity.module}.create gave no widget.")
    return view
