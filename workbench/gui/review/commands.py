"""The commands of Review. Single letters are keys of the desk alone and stand in their tips."""

from __future__ import annotations

from collections.abc import Callable

from workbench.gui.review.desk import Desk
from workbench.gui.shell.commands import Command

#: Act of the desk, title, key, what has to be so, group in the menu.
_COMMANDS: tuple[tuple[str, str, str, str, int], ...] = (
    ("accept", "Accept hunk", "Ctrl+Alt+A", "decide", 0),
    ("reject", "Reject hunk…", "Ctrl+Alt+R", "reject", 0),
    ("defer", "Defer hunk", "Ctrl+Alt+D", "decide", 0),
    ("edit", "Edit hunk…", "Ctrl+Alt+E", "edit", 0),
    ("undo", "Undo last verdict", "Ctrl+Alt+Z", "undo", 0),
    ("accept_all", "Accept all open hunks", "", "decide", 0),
    ("test", "Test what is accepted…", "Ctrl+Alt+Shift+T", "test", 0),
    ("test_stop", "Stop the test", "", "test_stop", 0),
    ("ask_again", "Ask the engine again…", "Ctrl+Alt+Shift+E", "ask_again", 0),
    ("split", "Split hunk…", "Ctrl+Alt+Shift+S", "split", 0),
    ("join", "Join parts of hunk", "Ctrl+Alt+Shift+J", "join", 0),
    ("comment", "Comment on a line…", "Ctrl+Alt+Shift+C", "comment", 0),
    ("lock", "Lock or unlock this section…", "Ctrl+Alt+Shift+L", "lock", 0),
    ("accept_several", "Accept selected proposals", "", "several", 0),
    ("reject_several", "Reject selected proposals…", "", "several", 0),
    ("defer_several", "Defer selected proposals", "", "several", 0),
    ("undo_several", "Undo verdict on several proposals", "", "undo_several", 0),
    ("next", "Go to next hunk", "F7", "hunks", 1),
    ("previous", "Go to previous hunk", "Shift+F7", "hunks", 1),
    ("sides", "Show side by side", "Ctrl+Alt+B", "hunks", 1),
    ("hide_blanks", "Hide changes of whitespace", "Ctrl+Alt+Shift+W", "hunks", 1),
    ("show_blanks", "Show spaces and tabs", "Ctrl+Alt+Shift+I", "hunks", 1),
    ("by_key", "Show front matter by key", "Ctrl+Alt+Shift+F", "hunks", 1),
    ("rendered", "Show rendered Markdown before and after", "Ctrl+Alt+Shift+P", "hunks", 1),
    ("other_end", "Go to other end of moved text", "Ctrl+Alt+Shift+M", "moves", 1),
    ("tasks", "Show or hide tasks", "Ctrl+Alt+H", "hunks", 1),
    ("evidence", "Go to evidence", "Ctrl+Alt+V", "hunks", 1),
    ("contests", "Show contested lines together", "Ctrl+Alt+Shift+O", "contests", 1),
    ("next_conflict", "Go to next hunk reviewers differ on", "Ctrl+Shift+F7", "conflicts", 1),
    ("settle_accept", "Settle difference: accept", "Ctrl+Alt+Shift+A", "conflicts", 0),
    ("settle_reject", "Settle difference: reject", "Ctrl+Alt+Shift+R", "conflicts", 0),
    ("sharing", "Share reviews: remote and team queue", "Ctrl+Alt+Shift+G", "sharing", 3),
    ("sharing_fetch", "Fetch from the remote", "", "sharing", 3),
    ("sharing_sync", "Sync with the team's queue", "", "sharing", 3),
    ("sharing_push", "Push applied changes", "", "sharing", 3),
    ("queue_menu", "Group, sort and filter proposals…", "Ctrl+Alt+Shift+Q", "queue_menu", 1),
    ("apply", "Apply accepted hunks…", "Ctrl+Alt+Return", "apply", 2),
    ("approve", "Approve what is accepted", "Ctrl+Alt+Y", "apply", 2),
    ("merge", "Merge with what is on disk…", "", "hunks", 2),
    ("history", "Show history of this skill", "Ctrl+Alt+X", "history", 3),
    ("history_selected", "Show history of the selected skill", "", "history_selected", 3),
    ("report", "Save report of the review…", "", "shown", 3),
    ("patch", "Save patch of what is accepted…", "", "hunks", 3),
    ("revert", "Revert applied proposal", "", "revert", 2),
    ("rest", "Open the rest as a new proposal", "", "rest", 2),
)


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

    why = {
        "shown": lambda: None if desk.opened is not None else "no proposal is shown.",
        "decide": desk.why_not_decide,
        "reject": desk.why_not_reject,
        "edit": desk.why_not_edit,
        "undo": desk.why_not_undo,
        "hunks": why_no_hunks,
        "apply": desk.why_not_apply,
        "revert": why_not_revert,
        "rest": desk.carry_out.why_not_rest,
        **desk.why_not,
    }
    return tuple(
        Command(
            f"review.{name}",
            title,
            "Review",
            act(name),
            (keys,) if keys else (),
            why[needs],
            group=group,
        )
        for name, title, keys, needs, group in _COMMANDS
    )
