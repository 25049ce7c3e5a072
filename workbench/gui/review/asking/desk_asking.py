"""Sending the proposal on the desk back to its engine; old and new are linked on both sides."""

from __future__ import annotations

from pathlib import Path

from msgspec import Struct
from PySide6.QtCore import QObject

from workbench.domain.job import AnyEvent, Log, Progress, Stage
from workbench.domain.proposal import HunkVerdict, Proposal
from workbench.domain.text import counted
from workbench.gui.notify import MessageAction
from workbench.gui.review.act_desk import ActDesk
from workbench.gui.review.asking.ask_bar import AskBar
from workbench.gui.review.backend import Opened, now
from workbench.gui.shell.context import AppContext
from workbench.gui.shell.jobs import JobCancelled, JobEntry, JobReporter
from workbench.gui.widgets.banner import Severity
from workbench.review.again.ask_again import Asked, AskPlan, AskWith, ask_again, plan_again
from workbench.review.decide import decide, record
from workbench.review.plan import ReviewProblem
from workbench.skills.library import read_library
from workbench.store.proposals import ProposalStore


class Links(Struct, frozen=True):
    """What a proposal takes the place of, and what takes its place, newest last."""

    before: Proposal | None
    after: tuple[Proposal, ...]


class DeskAsking(QObject):
    """The act "ask_again". ``job`` is the run under way, if any."""

    def __init__(self, desk: ActDesk, context: AppContext, parent: QObject) -> None:
        super().__init__(parent)
        self._desk, self._context = desk, context
        self.job: JobEntry | None = None
        self._linked = ""
        self.bar = AskBar()
        desk.view.add_bar(self.bar)
        self.bar.confirmed.connect(self._begin)
        self.bar.left.connect(desk.leave_bars)
        desk.selection_changed.connect(self._show_links)
        desk.add_acts({"ask_again": self.ask}, {"ask_again": self.why_not})

    def why_not(self) -> str | None:
        """Say why the engine cannot be asked."""
        if self._desk.opened is None or not self._desk.choices.hunks:
            return "no proposal with changes is shown."
        return "an engine is being asked already." if self.job is not None else None

    def ask(self) -> None:
        """Ask what to tell the engine."""
        opened, why = self._desk.opened, self.why_not()
        if opened is None or why is not None:
            self._context.notify.info(f"Cannot ask again: {why}", replace="ask again")
            return
        self._desk.flush()
        self._desk.view.close_bars()
        self.bar.show_reading(self._desk.choices)
        folders, plugins = self._context.folders, self._context.plugins
        self._desk.work.start(
            "ask plan",
            plan_again,
            opened.proposal,
            folders.runs,
            folders.endpoints,
            plugins,
            on_done=self._planned,
            on_problem=self._desk.tell_problem,
        )

    def _planned(self, plan: AskPlan) -> None:
        if self.bar.isVisible() and plan.proposal.id == self._desk.proposal_id:
            self.bar.show_plan(plan)

    def _begin(self) -> None:
        plan, opened, comment = self.bar.plan, self._desk.opened, self.bar.text
        if plan is None or opened is None or self.job is not None:
            return
        self._desk.flush()
        verdicts = self._desk.choices.verdicts
        self._desk.leave_bars()

        def work(reporter: JobReporter) -> Asked:
            if comment:
                _keep_comment(opened, verdicts, comment)
            return _run(self._context, opened, plan, comment, reporter)

        self.job = self._context.run_job(
            f"Ask {plan.engine} again about {opened.proposal.id}",
            work,
            on_done=lambda asked: self._ended(plan, asked),
            on_error=lambda problem: self._failed(plan, problem),
            on_cancelled=lambda: self._failed(plan, None),
            owner=self,
        )
        self._tell(plan, "info", f"{plan.engine} is asked again; Jobs shows how far it is.")

    def _ended(self, plan: AskPlan, asked: Asked) -> None:
        self.job = None
        self._linked = ""
        self._context.proposals_changed.emit()
        if not asked.replacing:
            said = " ".join(asked.result.refused[:1]) or asked.result.summary
            self._tell(plan, "warning", f"{plan.engine} proposed nothing else. {said}".strip())
            return
        self._desk.view.forget_notice("asked")
        if self._desk.proposal_id == plan.proposal.id:
            self._show_links()
            return
        first = asked.replacing[0]
        action = MessageAction("Show it", lambda: self._context.request_review(first.id))
        self._context.notify.success(
            f"{plan.engine} answered: {first.draft.title}", replace="ask again", actions=(action,)
        )

    def _failed(self, plan: AskPlan, problem: BaseException | None) -> None:
        self.job = None
        self._context.proposals_changed.emit()
        if problem is None:
            self._tell(plan, "info", f"{plan.engine} was stopped. What it had found is kept.")
        else:
            self._tell(plan, "error", str(problem))

    def _tell(self, plan: AskPlan, severity: Severity, text: str) -> None:
        """Say it above the changes of that proposal, else as a message."""
        if self._desk.proposal_id == plan.proposal.id:
            self._desk.view.notice("asked", severity, text, closable=True)
        elif severity == "error":
            self._context.notify.error(text)
        else:
            self._context.notify.info(text, replace="ask again")

    # Links

    def _show_links(self) -> None:
        """Say what this takes the place of, and what takes its place; read once a proposal."""
        opened = self._desk.opened
        if opened is None or opened.proposal.id == self._linked:
            return
        self._linked = opened.proposal.id
        store = self._context.proposal_store
        self._desk.work.start(
            "links",
            links_of,
            store,
            opened.proposal,
            on_done=lambda links: self._linked_to(opened, links),
            on_problem=self._desk.tell_problem,
        )

    def _linked_to(self, opened: Opened, links: Links) -> None:
        if self._desk.opened is not opened:
            self._linked = ""
            return
        view, show = self._desk.view, self._context.request_review
        if links.before is not None:
            before = links.before
            view.notice(
                "replaces",
                "info",
                f"{'Follows' if _was_applied(before) else 'Takes the place of'}: "
                f"{before.draft.title}",
                (("Show it", lambda: show(before.id)),),
                closable=True,
            )
        if links.after:
            after = links.after[-1]
            place = "that follows it" if _was_applied(opened.proposal) else "in its place"
            more = f" ({counted(len(links.after), 'answer')})" if len(links.after) > 1 else ""
            view.notice(
                "replaced",
                "info",
                f"There is a newer one {place}{more}: {after.draft.title}",
                (("Show it", lambda: show(after.id)),),
                closable=True,
            )


def _was_applied(proposal: Proposal) -> bool:
    """Whether what follows it, its rest or the way back, stands beside it and not in its place."""
    return proposal.status in ("applied", "reverted")


def links_of(store: ProposalStore, proposal: Proposal) -> Links:
    """Read what a proposal is linked to; in a thread."""
    everything = store.list()
    wanted = proposal.draft.lineage.supersedes
    before = next((one for one in everything if one.id == wanted), None) if wanted else None
    after = tuple(one for one in everything if one.draft.lineage.supersedes == proposal.id)
    return Links(before, after)


def _keep_comment(opened: Opened, verdicts: tuple[HunkVerdict, ...], comment: str) -> None:
    """Keep what the reviewer says with the proposal, beside the verdicts as they are."""
    said = decide(opened.review, verdicts, reviewer=opened.reviewer, now=now(), comment=comment)
    record(opened.review, said)


def _run(
    context: AppContext, opened: Opened, plan: AskPlan, comment: str, reporter: JobReporter
) -> Asked:
    """Run the engine; in a thread."""
    reporter.progress(0.0, "Preparing traces and models")
    given = AskWith(
        read_library(Path(opened.review.library)),
        context.open_any,
        context.job_runner,
        opened.review.store,
        context.folders.cache,
    )
    events = ask_again(plan, comment, given, lambda evolution: reporter.on_cancel(evolution.cancel))
    while True:
        try:
            _report(next(events), reporter)
        except StopIteration as end:
            asked: Asked = end.value
            break
    if asked.result.status == "cancelled":
        raise JobCancelled
    if asked.result.status in ("failed", "lost"):
        raise ReviewProblem(asked.result.summary)
    return asked


def _report(event: AnyEvent, reporter: JobReporter) -> None:
    if isinstance(event, Progress):
        reporter.progress(event.fraction, event.text)
    elif isinstance(event, Stage):
        reporter.log(f"{event.name} {event.done}/{event.total}" if event.total else event.name)
    elif isinstance(event, Log):
        reporter.log(event.text)
