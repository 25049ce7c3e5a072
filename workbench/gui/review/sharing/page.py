"""Sharing: what the remote has, the team's queue, and what a push would send.

Nothing is fetched or sent but by the button or command that says so; all of it runs as a job with
progress and Cancel.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent, QKeySequence, QShortcut
from PySide6.QtWidgets import QFrame, QLabel, QStackedWidget, QWidget

from workbench.domain.proposal import Proposal
from workbench.domain.text import counted
from workbench.gui.review.backend import Shelf
from workbench.gui.review.sharing import reading, rows
from workbench.gui.review.sharing.list_page import ListPage, nothing
from workbench.gui.review.sharing.note_line import NoteLine
from workbench.gui.review.sharing.reading import FetchTold, Look
from workbench.gui.review.sharing.talking import Actions, Talk, Talking
from workbench.gui.review.work import Work
from workbench.gui.shell.context import AppContext
from workbench.gui.widgets.banner import Severity
from workbench.gui.widgets.buttons import icon_button, link_button, primary_button, push_button
from workbench.gui.widgets.elided_label import ElidedLabel
from workbench.gui.widgets.layouts import column, row
from workbench.gui.widgets.pause import single_shot
from workbench.gui.widgets.plain_label import PlainLabel
from workbench.gui.widgets.tabs import quiet_tabs, tab_strip
from workbench.review.sharing.forward import PushPlan
from workbench.review.sharing.incoming import IncomingCommit
from workbench.review.sharing.join import ComesAlong, Joined
from workbench.review.sharing.queue import Synced

_DISK_MS = 400
_NOT_SHARED = (
    "Reviews are not shared",
    "A branch of this repository can hold proposals and decisions, so that several people review "
    "the same things without a server. Nothing is sent before you see it.",
)
_INCOMING, _QUEUE, _PUSH = range(3)


class SharingPage(QWidget):
    """``left()`` asks for the review, ``proposal_wanted(id)`` for a proposal on the desk."""

    left = Signal()
    proposal_wanted = Signal(str)

    def __init__(self, context: AppContext, shelf: Shelf, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._context, self._shelf = context, shelf
        self.found: Look | None = None
        self.marked: set[str] = set()
        self._wanted = ""
        self.talking = Talking(context, self, self)
        self.work = Work(context, self)
        self._later = single_shot(self, _DISK_MS, self.refresh)
        self.library_name = ElidedLabel()
        self.facts = PlainLabel()
        self.fetch_button = push_button("Fetch", self.fetch)
        self._make_pages()
        self.note_line = NoteLine()
        self._lay_out()
        self._connect()

    def _make_pages(self) -> None:
        self.review_button = primary_button("Review these", self.take)
        self.together_button = push_button("As one proposal", partial(self.take, together=True))
        self.forward_button = push_button("Fast-forward", self.forward)
        self.incoming = ListPage(
            "Commits of the remote",
            lambda one: one.commit,
            (self.together_button, self.forward_button, self.review_button),
            nothing(
                "Nothing came in",
                "Fetch to see what the remote has.",
                "branch",
                ("Fetch", self._begin_incoming),
            ),
        )
        self.mark_button = push_button("Share this one", self.mark)
        self.sync_button = primary_button("Sync", self.sync)
        self.stop_button = link_button("Stop sharing", self.stop)
        self.queue = ListPage(
            "Proposals of this library",
            lambda one: one.id,
            (self.stop_button, self.mark_button, self.sync_button),
            nothing(
                *_NOT_SHARED,
                "branch",
                ("Turn sharing on", self.turn_on),
            ),
        )
        self.join_button = push_button("Join with remote", self.join)
        self.join_button.setToolTip("Merge what the remote has, when that changes no skill")
        self.push_button = primary_button("Push", self.push)
        self.outgoing = ListPage(
            "Commits to push",
            lambda one: one.sha,
            (self.join_button, self.push_button),
            nothing("Nothing to push", "The remote has all of this branch.", "branch"),
        )
        self.pages = (self.incoming, self.queue, self.outgoing)

    def _lay_out(self) -> None:
        head = QFrame()
        head.setObjectName("PanelHeader")
        line = row(head, spacing=8)
        line.setContentsMargins(8, 4, 12, 4)
        self.back = link_button("Back to review", self.left.emit)
        self.back.setToolTip("Back to review (Esc)")
        line.addWidget(self.back)
        title = QLabel("Sharing of")
        title.setProperty("muted", True)
        line.addWidget(title)
        line.addWidget(self.library_name, 1)
        line.addWidget(icon_button("refresh", "Read again", self.refresh))
        line.addWidget(self.fetch_button)
        self.facts.setContentsMargins(12, 8, 12, 8)
        self.tabs = quiet_tabs("Parts of sharing", ("Incoming", "Team queue", "To push"))
        self._stack = QStackedWidget()
        for page in self.pages:
            self._stack.addWidget(page)
        inside = column(self, spacing=0)
        inside.addWidget(head)
        inside.addLayout(self.note_line.layout)
        inside.addWidget(self.facts)
        inside.addWidget(tab_strip(self.tabs))
        inside.addWidget(self._stack, 1)

    def _connect(self) -> None:
        context = self._context
        self.tabs.currentChanged.connect(self._stack.setCurrentIndex)
        self.incoming.chosen.connect(lambda one: self.incoming.show_text(rows.commit_text(one)))
        self.incoming.opened.connect(self._open_commit)
        self.queue.chosen.connect(self._show_proposal)
        # The list itself would take Space for its selection.
        marks = QShortcut(QKeySequence(Qt.Key.Key_Space), self.queue.list)
        marks.setContext(Qt.ShortcutContext.WidgetShortcut)
        marks.activated.connect(self.mark)
        self.mark_button.setToolTip("Share it with the next sync, or not (Space)")
        self.queue.opened.connect(lambda one: self.proposal_wanted.emit(one.id))
        self.outgoing.chosen.connect(lambda one: self.outgoing.show_text(rows.push_text(one)))
        for changed in (context.disk_changed, context.proposals_changed):
            changed.connect(self._changed)
        context.library_changed.connect(lambda _library: self._changed())

    # What is shown

    @property
    def library(self) -> Path | None:
        """The folder whose reviews are shared."""
        found = self._context.library
        return None if found is None else Path(found.root)

    @property
    def busy(self) -> bool:
        """Whether something is read, fetched or sent, or is about to be."""
        return bool(self.talking.running) or self.work.busy or self._later.isActive()

    def why_not(self) -> str | None:
        """Say why nothing can be shared."""
        if self.library is None:
            return "open a folder of skills first (Ctrl+O)."
        return f"{running} is under way." if (running := self.talking.running) else None

    def refresh(self) -> None:
        """Read again how the library stands; asks no network."""
        self._later.stop()
        library = self.library
        if library is None:
            self._cannot("Open a folder of skills first (Ctrl+O).")
            return
        self.library_name.setText(str(library))
        self.work.start(
            "look",
            reading.look,
            self._shelf,
            library,
            on_done=self._show,
            on_problem=self._cannot,
        )

    def _changed(self) -> None:
        if self.isVisible():
            self._later.start()

    def _cannot(self, why: str) -> None:
        self.found = None
        self.facts.setText(why)
        for page in self.pages:
            page.show_nothing("Nothing can be shared", why)
        self.queue.nothing.button.hide()
        self.incoming.nothing.button.hide()
        self.fetch_button.setEnabled(False)

    def _show(self, found: Look) -> None:
        self.found = found
        self.queue.nothing.button.show()
        self.facts.setText("\n".join(rows.facts(found)))
        self._show_incoming(found)
        self._show_queue(found)
        self._show_outgoing(found)
        self._show_able()
        wanted, self._wanted = self._wanted, ""
        if wanted:
            {"fetch": self.fetch, "sync": self.sync, "push": self.push}[wanted]()

    def _show_incoming(self, found: Look) -> None:
        plan = found.incoming
        commits = plan.incoming.commits if plan is not None else ()
        new = sum(one.state in ("new", "taken") and one.status != "applied" for one in commits)
        self.tabs.setTabText(_INCOMING, f"Incoming ({new})" if new else "Incoming")
        words = rows.forward_words(plan) if plan is not None else ""
        self.incoming.show_rows([(rows.commit_row(one), one) for one in commits], words)
        if found.why:
            self.incoming.show_nothing("Nothing can come in", found.why)
        elif not commits:
            self.incoming.show_nothing(
                "Nothing came in", "The remote had nothing new for the skills here at last fetch."
            )
        begin = self.incoming.nothing.button
        begin.setText("Review as one proposal" if found.too_many else "Fetch")
        begin.setVisible(found.too_many or found.outlook.upstream is not None)
        able = plan is not None and not plan.why_not and bool(commits)
        self.forward_button.setEnabled(able)
        self.forward_button.setToolTip(
            plan.why_not if plan is not None and plan.why_not else "Take the remote's own commits"
        )
        takable = any(one.state in ("new", "taken") for one in commits)
        self.review_button.setEnabled(takable)
        self.together_button.setEnabled(takable)

    def _show_queue(self, found: Look) -> None:
        queue = found.outlook.queue
        if queue is None:
            self.tabs.setTabText(_QUEUE, "Team queue")
            self.queue.show_rows((), "")
            self.queue.show_nothing(
                *_NOT_SHARED,
            )
            return
        self.tabs.setTabText(_QUEUE, f"Team queue ({len(queue.shared)})")
        listed = [
            (rows.proposal_row(one, queue.shared, self.marked), one) for one in found.proposals
        ]
        held = dict(found.publication.held) if found.publication else {}
        self.marked -= set(queue.shared) | set(held)
        going = [counted(len(self.marked), "proposal")] if self.marked else []
        if queue.unsent:
            going.append(f"{counted(queue.unsent, 'act')} (decisions, applies, comments, tests)")
        words = f"A sync sends {' and '.join(going)}." if going else "A sync sends nothing new."
        self.queue.show_rows(listed, f"{words} At the right is exactly what is sent of one.")
        self.queue.nothing.button.setVisible(False)
        if not listed:
            self.queue.show_nothing(
                "No proposals of this library", "Sync to see those that others shared."
            )
            self.queue.nothing.button.setVisible(False)

    def _show_outgoing(self, found: Look) -> None:
        plan = found.push
        commits = plan.commits if plan is not None else ()
        self.tabs.setTabText(_PUSH, f"To push ({len(commits)})" if commits else "To push")
        why = plan.why_not if plan is not None else found.why
        words = f"Not now: {why}" if why else "These commits are sent; never forced."
        self.outgoing.show_rows([(rows.push_row(one), one) for one in commits], words)
        if not commits:
            self.outgoing.show_nothing("Nothing to push", why)
        self.push_button.setEnabled(bool(commits) and not why)
        self.join_button.setVisible(plan is not None and plan.apart)

    def _show_proposal(self, one: Proposal) -> None:
        found = self.found
        if found is None or found.outlook.queue is None:
            return
        shared = found.outlook.queue.shared
        self.queue.show_text(rows.preview_text(one, found.publication, shared))
        held = dict(found.publication.held) if found.publication else {}
        self.mark_button.setEnabled(one.id not in shared and one.id not in held)
        self.mark_button.setText(
            "Keep this one here" if one.id in self.marked else "Share this one"
        )

    def _show_able(self) -> None:
        free = self.why_not() is None
        upstream = self.found is not None and self.found.outlook.upstream is not None
        self.fetch_button.setEnabled(free and upstream)
        self.sync_button.setEnabled(free)
        self.fetch_button.setToolTip("Bring what the remote has; files stay as they are")

    # Acts

    def fetch(self) -> None:
        """Fetch from the remote."""
        if (library := self.library) is not None:
            self._talk("Fetch", lambda call: reading.fetch_all(library, call), self._fetched)

    def _begin_incoming(self) -> None:
        """Do what the page without commits offers."""
        if self.found is not None and self.found.too_many:
            self.take(together=True)
        else:
            self.fetch()

    def sync(self) -> None:
        """Sync with the queue; without sharing turned on, show how to do that."""
        self.tabs.setCurrentIndex(_QUEUE)
        library = self.library
        if library is None or self.found is None or self.found.outlook.queue is None:
            return
        add = tuple(self.marked)
        self._talk("Sync", lambda call: reading.sync(self._shelf, library, add, call), self._synced)

    def push(self) -> None:
        """Push what is listed."""
        self.tabs.setCurrentIndex(_PUSH)
        if (library := self.library) is not None:
            self._talk("Push", lambda call: reading.push_all(library, call), self._pushed)

    def mark(self) -> None:
        """Share the current proposal with the next sync, or keep it here after all."""
        one = self.queue.list.current()
        if one is not None and self.found is not None and self.mark_button.isEnabled():
            self.marked ^= {one.id}
            self._show_queue(self.found)
            self._show_proposal(one)

    def take(self, *, together: bool = False) -> None:
        """Make proposals of what came and show the first."""
        if (library := self.library) is not None:
            self._do("Review", reading.take_in, self._shelf, library, (), together, then=self._took)

    def forward(self, *, with_unreviewed: bool = False) -> None:
        """Move the branch to the remote's own commits."""
        found, library = self.found, self.library
        if library is None or found is None or found.incoming is None or found.incoming.why_not:
            return
        others = found.incoming.unreviewed
        if others and not with_unreviewed:
            names = ", ".join(others[:6]) + (" …" if len(others) > 6 else "")
            self.note(
                "warning",
                f"{counted(len(others), 'file')} that nobody reviewed would come along: {names}.",
                (("Take them too", partial(self.forward, with_unreviewed=True)),),
            )
            return
        self._do(
            "Fast-forward",
            reading.move_forward,
            self._shelf,
            library,
            with_unreviewed,
            then=self._moved,
        )

    def join(self, *, with_unreviewed: bool = False) -> None:
        """Merge what the remote has, when that changes no skill."""
        if (library := self.library) is not None:
            self._do(
                "Join", reading.join_both, self._shelf, library, with_unreviewed, then=self._joined
            )

    def turn_on(self) -> None:
        """Turn sharing on."""
        library, found = self.library, self.found
        if library is not None and found is not None:
            remotes = found.outlook.remotes
            self._do("Turn sharing on", reading.share, library, remotes, then=self._turned)

    def stop(self) -> None:
        """Turn sharing off."""
        if (library := self.library) is not None:
            self._do("Stop sharing", reading.stop_sharing, library, then=self._turned)

    def _do(
        self,
        title: str,
        work: Callable[..., object],
        *more: object,
        then: Callable[..., object],
    ) -> None:
        self.note("info", "")
        self.work.start(
            title, work, *more, on_done=then, on_problem=lambda why: self.note("error", why)
        )

    def _talk(self, title: str, talk: Talk, then: Callable[..., None]) -> None:
        why = self.why_not()
        if why is not None:
            self._context.notify.info(f"Cannot {title.lower()}: {why}", replace="sharing")
            return
        self.talking.start(title, talk, then)
        self._show_able()

    def talked(self) -> None:
        """Read again: a talk with the remote has ended."""
        self._show_able()
        self.refresh()

    def when_read(self, act: str) -> None:
        """Do "fetch", "sync" or "push" as soon as it is known how the library stands."""
        self._wanted = act
        if not self.work.busy:
            self.refresh()

    def _fetched(self, told: FetchTold) -> None:
        self.tabs.setCurrentIndex(_INCOMING)
        severity: Severity = "warning" if told.odd else "success"
        self.note(severity, f"Fetched; your files are as before. {told.words}")

    def _synced(self, synced: Synced) -> None:
        taken = synced.taken
        self.marked.clear()
        problems = [*taken.problems, *(f"{name}: {why}" for name, why in synced.held)]
        text = rows.synced_words(synced)
        actions: Actions = ()
        if taken.conflicts:
            text += f" Reviewers differ on {counted(len(taken.conflicts), 'proposal')}."
            show = partial(self.proposal_wanted.emit, taken.conflicts[0])
            actions = (("Show", show),)
        if problems:
            text += f" Left out: {'; '.join(problems[:3])}"
        self.note("warning" if problems or taken.conflicts else "success", text, actions)
        self._context.proposals_changed.emit()

    def _pushed(self, plan: PushPlan) -> None:
        self.note("success", f"Pushed {counted(len(plan.commits), 'commit')} to {plan.upstream}.")

    def _took(self, made: tuple[Proposal, ...]) -> None:
        self._context.proposals_changed.emit()
        waiting = [one for one in made if one.status not in ("applied", "accepted")]
        self.proposal_wanted.emit((waiting or list(made))[0].id)

    def _moved(self, done: tuple[Proposal, ...]) -> None:
        self.note(
            "success",
            f"The branch has the remote's own commits now; {counted(len(done), 'proposal')} "
            "came in with them.",
        )
        self._context.proposals_changed.emit()
        self._context.workspace.reload()
        self.refresh()

    def _joined(self, done: Joined | ComesAlong) -> None:
        if isinstance(done, ComesAlong):
            again = partial(self.join, with_unreviewed=True)
            self.note("warning", str(done), (("Take them too", again),))
            return
        self.note("success", f"Joined in commit {done.commit[:12]}. Now it can be pushed.")
        self._context.workspace.reload()
        self.refresh()

    def _turned(self, _nothing: object) -> None:
        self.tabs.setCurrentIndex(_QUEUE)
        self.refresh()

    def _open_commit(self, one: IncomingCommit) -> None:
        if one.state in ("taken", "reviewed"):
            self.proposal_wanted.emit(one.proposal)
        elif one.state == "new" and (library := self.library) is not None:
            commits = (one.commit,)
            self._do(
                "Review", reading.take_in, self._shelf, library, commits, False, then=self._took
            )

    def note(self, severity: Severity, text: str, actions: Actions = ()) -> None:
        """Say how it went, above everything."""
        self.note_line.say(severity, text, actions)

    @property
    def said(self) -> str:
        """What the banner says, "" without one."""
        return self.note_line.said

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Take Escape, which leads back."""
        if event.key() == Qt.Key.Key_Escape:
            self.left.emit()
        else:
            super().keyPressEvent(event)
