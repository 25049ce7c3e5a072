"""What can be done with traces, as commands for menu and palette.

Single letters (E, U, S, G, …) work while the viewer has the focus; these keys work everywhere.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from workbench.gui.shell.commands import Command
from workbench.gui.traces.step_marks import Mark


class TraceActions(Protocol):
    """What the panel does for the commands."""

    def open_example(self) -> None:
        """Open the bundled example traces."""
        ...

    def open_folder(self) -> None:
        """Ask for a folder of traces."""
        ...

    def close_all(self) -> None:
        """Close all traces."""
        ...

    def jump(self, mark: Mark, by: int = 1) -> None:
        """Go to the next step with a mark."""
        ...

    def ask_step(self) -> None:
        """Ask for a step number."""
        ...

    def find_in_trace(self) -> None:
        """Search the trace."""
        ...

    def copy_raw(self) -> None:
        """Copy the records of the step."""
        ...

    def export(self) -> None:
        """Offer the ways to export the trace."""
        ...

    def read_as_page(self) -> None:
        """Show the trace as one page, or its list of steps again."""
        ...

    def copy_link(self) -> None:
        """Copy a link to the step."""
        ...

    def show_usage(self, all_sessions: bool = False) -> None:
        """Show what skills did."""
        ...

    def choose_usage_libraries(self) -> None:
        """Show what skills did, and ask which libraries count."""
        ...

    def show_skill_then(self) -> None:
        """Show the skill of the step in front as it was."""
        ...

    def show_annotations(self) -> None:
        """Show every annotation."""
        ...

    def annotate(self) -> None:
        """Say something of the step."""
        ...

    def attach_outcome(self) -> None:
        """Say how the session ended."""
        ...

    def show_list(self) -> None:
        """Go back to the list."""
        ...

    def why_no_step(self) -> str | None:
        """Return why there is no trace in front, None when there is one."""
        ...

    def why_no_trace(self) -> str | None:
        """Return why there are no traces, None when there are."""
        ...


#: What there is to jump to: name, words, key, mark, icon.
_JUMPS = (
    ("error", "error", "F8", Mark.ERROR, "error"),
    ("prompt", "prompt", "Alt+F8", Mark.PROMPT, "user"),
    ("skill", "skill event", "Ctrl+F8", Mark.SKILL, "spark"),
)


def trace_commands(panel: TraceActions) -> tuple[Command, ...]:
    """Return the commands of the Traces activity."""
    return (*_files(panel), *_views(panel), *_uses(panel), *_jumps(panel), *_steps(panel))


def _files(panel: TraceActions) -> tuple[Command, ...]:
    return (
        Command(
            "trace.open_folder",
            "Open folder of traces…",
            "File",
            panel.open_folder,
            ("Ctrl+Alt+O",),
            icon="folder-open",
        ),
        Command("trace.open_example", "Open example traces", "File", panel.open_example),
        Command(
            "trace.export",
            "Export trace…",
            "Trace",
            panel.export,
            when=panel.why_no_step,
            icon="save",
            group=3,
        ),
        Command(
            "trace.close_all",
            "Close all traces",
            "File",
            panel.close_all,
            when=panel.why_no_trace,
            group=2,
        ),
    )


def _jumps(panel: TraceActions) -> tuple[Command, ...]:
    def jump(mark: Mark, by: int) -> Callable[[], None]:
        return lambda: panel.jump(mark, by)

    return tuple(
        Command(
            f"trace.{way}_{name}",
            f"Go to {way} {words}",
            "Trace",
            jump(mark, by),
            (f"{shift}{keys}",),
            when=panel.why_no_step,
            icon=sign if by > 0 else "",
            group=2,
        )
        for name, words, keys, mark, sign in _JUMPS
        for way, by, shift in (("next", 1, ""), ("previous", -1, "Shift+"))
    )


def _steps(panel: TraceActions) -> tuple[Command, ...]:
    step = panel.why_no_step
    return (
        Command(
            "trace.go_to_step",
            "Go to step…",
            "Trace",
            panel.ask_step,
            ("Ctrl+Alt+G",),
            when=step,
            group=2,
        ),
        Command(
            "trace.find",
            "Find in trace",
            "Trace",
            panel.find_in_trace,
            ("Ctrl+Alt+F",),
            when=step,
            icon="search",
            group=2,
        ),
        Command(
            "trace.copy_raw",
            "Copy raw record of the step",
            "Trace",
            panel.copy_raw,
            ("Ctrl+Alt+C",),
            when=step,
            icon="copy",
            group=3,
        ),
        Command(
            "trace.read",
            "Read the trace as one page",
            "Trace",
            panel.read_as_page,
            when=step,
            group=2,
        ),
        Command(
            "trace.copy_link",
            "Copy link to the step",
            "Trace",
            panel.copy_link,
            ("Ctrl+Alt+L",),
            when=step,
            icon="link",
            group=3,
        ),
    )


def _uses(panel: TraceActions) -> tuple[Command, ...]:
    return (
        Command(
            "trace.usage",
            "Show skill usage in open traces",
            "Trace",
            panel.show_usage,
            ("Ctrl+Alt+U",),
            icon="spark",
            group=0,
        ),
        Command(
            "trace.usage_all",
            "Show skill usage in all sessions",
            "Trace",
            lambda: panel.show_usage(all_sessions=True),
            ("Ctrl+Alt+Shift+U",),
            icon="spark",
            group=0,
        ),
        Command(
            "trace.usage_libraries",
            "Choose the libraries whose use is counted…",
            "Trace",
            panel.choose_usage_libraries,
            ("Ctrl+Alt+Shift+K",),
            icon="library",
            group=0,
        ),
        Command(
            "trace.skill_then",
            "Open the skill’s line that was in force",
            "Trace",
            panel.show_skill_then,
            ("Ctrl+Alt+W",),
            when=panel.why_no_step,
            icon="clock",
            group=2,
        ),
    )


def _views(panel: TraceActions) -> tuple[Command, ...]:
    trace = panel.why_no_trace
    return (
        Command(
            "trace.list",
            "Show open traces",
            "Trace",
            panel.show_list,
            ("Ctrl+Alt+T",),
            when=trace,
            icon="traces",
            group=0,
        ),
        Command(
            "trace.annotations",
            "Show annotations",
            "Trace",
            panel.show_annotations,
            ("Ctrl+Alt+M",),
            icon="tag",
            group=0,
        ),
        Command(
            "trace.annotate",
            "Annotate the step…",
            "Trace",
            panel.annotate,
            ("Ctrl+Alt+J",),
            when=panel.why_no_step,
            icon="tag",
            group=3,
        ),
        Command(
            "trace.outcome",
            "Attach an outcome to the trace…",
            "Trace",
            panel.attach_outcome,
            when=trace,
            group=3,
        ),
    )
