"""The commands of Review. Single letters are keys of the desk alone and stand in their tips."""

from __future__ import annotations

from collections.abc import Callable

from workbench.gui.review.desk import Desk
from workbench.gui.shell.commands import Command, CommandRegistry


def review_commands(desk: Desk, show: Callable[[], None]) -> tuple[Command, ...]:
    """Return the commands; ``show`` brings Review to the front."""

    def act(name: str) -> Callable[[], None]:
        def run() -> None:
            show()
            desk.run(name)

        return run

    def why_not_revert() -> str | None:
        return None if desk.applied else "the proposal shown is not applied."

    def why_no_hunks() -> str | None:
        return None if desk.choices.hunks else "no proposal with changes is shown."

    decide, edit = desk.why_not_decide, desk.why_not_edit
    return (
        Command("review.accept", "Accept hunk", "Review", act("accept"), ("Ctrl+Alt+A",), decide),
        Command("review.reject", "Reject hunk…", "Review", act("reject"), ("Ctrl+Alt+R",), decide),
        Command("review.defer", "Defer hunk", "Review", act("defer"), ("Ctrl+Alt+D",), decide),
        Command("review.edit", "Edit hunk…", "Review", act("edit"), ("Ctrl+Alt+E",), edit),
        Command(
            "review.undo",
            "Undo last verdict",
            "Review",
            act("undo"),
            ("Ctrl+Alt+Z",),
            desk.why_not_undo,
        ),
        Command(
            "review.accept_all", "Accept all open hunks", "Review", act("accept_all"), (), decide
        ),
        Command(
            "review.next",
            "Go to next hunk",
            "Review",
            act("next"),
            ("F7",),
            why_no_hunks,
            group=1,
        ),
        Command(
            "review.previous",
            "Go to previous hunk",
            "Review",
            act("previous"),
            ("Shift+F7",),
            why_no_hunks,
            group=1,
        ),
        Command(
            "review.sides",
            "Show side by side",
            "Review",
            act("sides"),
            ("Ctrl+Alt+B",),
            why_no_hunks,
            group=1,
        ),
        Command(
            "review.apply",
            "Apply accepted hunks…",
            "Review",
            act("apply"),
            ("Ctrl+Alt+Return",),
            desk.why_not_apply,
            group=2,
        ),
        Command(
            "review.merge",
            "Merge with what is on disk…",
            "Review",
            act("merge"),
            (),
            why_no_hunks,
            group=2,
        ),
        Command(
            "review.revert",
            "Revert applied proposal",
            "Review",
            act("revert"),
            (),
            why_not_revert,
            group=2,
        ),
    )


def with_free_keys(commands: tuple[Command, ...], registry: CommandRegistry) -> tuple[Command, ...]:
    """Return the commands without keys that another feature has taken."""
    import dataclasses

    taken = {keys for command in registry.all() for keys in command.keybindings}
    return tuple(
        dataclasses.replace(
            command, keybindings=tuple(keys for keys in command.keybindings if keys not in taken)
        )
        for command in commands
    )
