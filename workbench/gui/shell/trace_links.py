"""Following a link to a step of a trace, wherever it was typed, pasted or named."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workbench.domain.trace_link import LinkProblem, TraceLink, is_link, parse_link
from workbench.gui.shell.picker import Choice
from workbench.traces.inner import container_of

if TYPE_CHECKING:
    from workbench.gui.shell.context import AppContext


def follow_link(context: AppContext, text: str) -> None:
    """Show the step a link leads to, or say why there is none."""
    try:
        link = parse_link(text)
    except LinkProblem as problem:
        context.notify.error(str(problem))
        return

    def done(there: bool) -> None:
        if there:
            context.request_activity("traces")
            context.request_trace(link.path, link.trajectory, link.step, content=link.content)
        else:
            context.notify.error(
                f"The link leads to {link.path}, which is not there (any more). Move the trace "
                "back, or ask for a link to where it is now."
            )

    context.spawn_thread(_is_there, link, on_done=done)


def typed_choice(context: AppContext, text: str) -> Choice | None:
    """Return what quick open offers for a typed text that is a link, None for any other text."""
    if not is_link(text):
        return None
    try:
        link = parse_link(text)
    except LinkProblem as problem:
        return Choice(text, _nothing, unavailable=str(problem))
    return Choice(
        f"Step {link.step} of {link.path}",
        lambda: follow_link(context, text),
        link.trajectory,
        "link to a trace",
    )


def _nothing() -> None:
    """A link that leads nowhere is not followed."""


def _is_there(link: TraceLink) -> bool:
    try:
        return container_of(link.path).is_file()
    except (OSError, ValueError):
        return False
