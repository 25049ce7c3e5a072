"""What can be done with compared runs, as commands for menu and palette.

N, P and D do the same while the aligned steps have the focus.
"""

from __future__ import annotations

from typing import Protocol

from workbench.gui.shell.commands import Command


class CompareActions(Protocol):
    """What the panel does for the commands."""

    def compare_selected(self) -> None:
        """Compare the selected traces, or choose which."""
        ...

    def show_groups(self) -> None:
        """Compare groups of sessions."""
        ...

    def go_difference(self, by: int) -> None:
        """Go to the next difference of compared runs, or the one before."""
        ...

    def go_first_divergence(self) -> None:
        """Go to where compared runs part."""
        ...

    def why_no_trace(self) -> str | None:
        """Return why there are no traces, None when there are."""
        ...

    def why_no_session(self) -> str | None:
        """Return why there are neither traces nor watched folders, None when there are."""
        ...

    def why_no_comparison(self) -> str | None:
        """Return why no comparison is in front, None when one is."""
        ...


def compare_commands(panel: CompareActions) -> tuple[Command, ...]:
    """Return the commands of the tab Compare."""
    none = panel.why_no_comparison
    return (
        Command(
            "trace.compare",
            "Compare runs…",
            "Trace",
            panel.compare_selected,
            ("Ctrl+Alt+K",),
            when=panel.why_no_trace,
            icon="columns",
            group=1,
        ),
        Command(
            "trace.compare_groups",
            "Compare groups of sessions…",
            "Trace",
            panel.show_groups,
            when=panel.why_no_session,
            group=1,
        ),
        Command(
            "trace.first_divergence",
            "Go to first divergence",
            "Trace",
            panel.go_first_divergence,
            ("Ctrl+F7",),
            when=none,
            group=1,
        ),
        Command(
            "trace.next_difference",
            "Go to next difference of runs",
            "Trace",
            lambda: panel.go_difference(1),
            ("Alt+F7",),
            when=none,
            group=1,
        ),
        Command(
            "trace.previous_difference",
            "Go to previous difference of runs",
            "Trace",
            lambda: panel.go_difference(-1),
            ("Alt+Shift+F7",),
            when=none,
            group=1,
        ),
    )
