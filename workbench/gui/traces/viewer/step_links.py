"""Making links to steps, and checking that a step still says what it said then."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QGuiApplication

from workbench.domain.trace_link import TraceLink, format_link
from workbench.gui.shell.context import AppContext
from workbench.gui.traces.opened import TracePlace
from workbench.traces.open import OpenTrace
from workbench.usage.annotated import content_hash


class StepLinks(QObject):
    """``moved(step)`` tells where the step of a link is now."""

    moved = Signal(int)

    def __init__(self, context: AppContext, parent: QObject) -> None:
        super().__init__(parent)
        self._context = context

    def copy(self, place: TracePlace, trace: OpenTrace, step: int) -> None:
        """Put a link to a step on the clipboard."""

        def done(link: str) -> None:
            QGuiApplication.clipboard().setText(link)
            self._context.notify.info(
                f"A link to step {step} is on the clipboard. Quick open (Ctrl+P) and "
                "`skill-workbench <link>` follow it.",
                replace="copied",
            )

        self._context.spawn_thread(link_to, place, trace, step, on_done=done, owner=self)

    def check(self, trace: OpenTrace, step: int, content: str) -> None:
        """Tell when a step is not what a link says it was; ``moved`` tells where it went."""

        def done(found: int | None) -> None:
            if found == step:
                return
            if found is None:
                self._context.notify.warning(
                    f"Step {step} has changed since the link to it was made, and no other step "
                    "of the trace says what it said then.",
                    replace="link",
                )
                return
            self._context.notify.warning(
                f"The trace has changed since the link was made: its step {step} is step {found} "
                "now.",
                replace="link",
            )
            self.moved.emit(found)

        self._context.spawn_thread(where_now, trace, step, content, on_done=done, owner=self)


def link_to(place: TracePlace, trace: OpenTrace, step: int) -> str:
    """Return a link to a step, with the hash of its records. For a thread.

    Raises:
        TraceError: the file is not what it was.
    """
    return format_link(
        TraceLink(
            str(place.top.path.absolute()), place.trajectory.id, step, content_hash(trace, step)
        )
    )


def where_now(trace: OpenTrace, step: int, content: str) -> int | None:
    """Return the step whose records have a hash that begins so, ``step`` if it is that one.

    Raises:
        TraceError: the file is not what it was.
    """
    count = len(trace.trajectory.steps)
    if step < count and content_hash(trace, step).startswith(content):
        return step
    return next((one for one in range(count) if content_hash(trace, one).startswith(content)), None)
