"""What a banner says of a proposal that is applied, taken back or stale."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtGui import QGuiApplication

from workbench.domain.proposal import Receipt
from workbench.gui.review.backend import Opened
from workbench.gui.review.desk_view import DeskView
from workbench.gui.review.header import local_time

Run = Callable[[str], object]


def show_notices(view: DeskView, opened: Opened, run: Run) -> None:
    """Show the banners that follow from what was read; ``run`` gets the acts of their buttons."""
    view.forget_notices()
    if problems := opened.review.split_problems:
        view.notice("splits", "warning", " ".join(problems), closable=True)
    receipt = opened.receipt
    if receipt is not None and opened.proposal.status == "applied":
        _show_receipt(view, receipt, run, rest=opened.why_no_rest is None)
    elif receipt is not None and receipt.state == "reverted":
        where = f" in commit {receipt.revert_commit[:12]}" if receipt.revert_commit else ""
        view.notice("receipt", "info", f"Taken back{where}: the files are as before.")
    else:
        show_stale(view, opened, run)


def show_stale(view: DeskView, opened: Opened, run: Run) -> None:
    """Say which files are not what the proposal is based on, or nothing of it any more."""
    if not (opened.stale and opened.review.hunks):
        view.forget_notice("stale")
        return
    names = ", ".join(opened.stale[:3])
    verb = "has" if len(opened.stale) == 1 else "have"
    view.notice(
        "stale",
        "warning",
        f"Stale: {names} {verb} changed since this was proposed.",
        (("Merge with what is on disk", lambda: run("merge")),),
    )


def _show_receipt(view: DeskView, receipt: Receipt, run: Run, *, rest: bool) -> None:
    count = len(receipt.files)
    files = "1 file" if count == 1 else f"{count} files"
    commit = receipt.commit or ""
    where = f"as commit {commit[:12]}" if commit else "and kept in the local history"
    if receipt.branch:
        where += f" on the new branch {receipt.branch}"
    actions: list[tuple[str, Callable[[], object]]] = [("Revert", lambda: run("revert"))]
    if rest:
        actions.append(("Open the rest", lambda: run("rest")))
    if commit:
        clipboard = QGuiApplication.clipboard()
        actions.append(("Copy commit", lambda: clipboard.setText(commit)))
    view.notice(
        "receipt",
        "success",
        f"Applied {where}: {files}, {local_time(receipt.time)}, {receipt.reviewer}.",
        tuple(actions),
    )
