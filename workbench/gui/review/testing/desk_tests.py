"""Tests on the desk: what holds for the selection and each hunk, and running the tasks on it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject, Qt

from workbench.domain.selection_test import SelectionTest
from workbench.evaluation.evaluator import Scored
from workbench.gui.review.act_desk import ActDesk
from workbench.gui.review.backend import Opened
from workbench.gui.review.tasks.rows import TaskView, flips_words
from workbench.gui.review.testing.planning import (
    Plan,
    Scope,
    Standing,
    plan_test,
    run_test,
    standing_of,
)
from workbench.gui.review.testing.test_bar import TestBar
from workbench.gui.review.words import level_text
from workbench.gui.shell.context import AppContext
from workbench.gui.shell.jobs import JobCancelled, JobEntry, JobReporter
from workbench.gui.widgets.banner import Severity
from workbench.review.again.retest import RetestStopped


class DeskTests(QObject):
    """The acts "test", "test_stop" and "tasks". ``job`` is the test under way, of ``tested``."""

    def __init__(self, desk: ActDesk, context: AppContext, parent: QObject) -> None:
        super().__init__(parent)
        self._desk, self._context = desk, context
        self.standing: Standing | None = None
        self.job: JobEntry | None = None
        self._tested = ""
        self._opened_for = ""
        self._want_view = ""
        self.bar = TestBar()
        desk.view.add_bar(self.bar)
        self.bar.confirmed.connect(self._begin)
        self.bar.left.connect(desk.leave_bars)
        self.bar.source_chosen.connect(self._plan)
        self.bar.set_up.connect(lambda: context.request_activity("evolution"))
        self.bar.stopped.connect(self.stop)
        desk.view.tasks.test_asked.connect(self.ask)
        desk.selection_changed.connect(self._selected)
        desk.hunk_changed.connect(self._show_views)
        context.jobs.changed.connect(self._follow)
        desk.add_acts(
            {"test": self.ask, "test_stop": self.stop, "tasks": self.toggle},
            {"test": self.why_not, "test_stop": self._why_not_stop},
        )

    # What holds

    def _selected(self) -> None:
        """Another selection is shown: what was said of the last one holds no more."""
        self._desk.view.forget_notice("tested")
        self.look()

    def look(self) -> None:
        """Look up what was found of what is selected now."""
        opened = self._desk.opened
        if opened is None or not opened.review.hunks:
            self.standing = None
            self._desk.view.tasks.hide()
            return
        if opened.proposal.id != self._opened_for:
            self.standing = None
        self._desk.work.start(
            "standing",
            standing_of,
            opened.review,
            self._desk.choices.verdicts,
            on_done=lambda found: self._show(opened, found),
            on_problem=self._desk.tell_problem,
        )

    def _show(self, opened: Opened, found: Standing) -> None:
        desk = self._desk
        if desk.opened is not opened:
            return
        first = opened.proposal.id != self._opened_for
        self._opened_for = opened.proposal.id
        self.standing = found
        desk.view.header.show_level(found.gate)
        desk.alone = {name: _alone_words(test) for name, test in found.alone.items()}
        desk.refresh_marks()
        ran = self._show_views()
        if first:
            desk.view.tasks.setVisible(ran)
        self._tell_untested(found)

    def _show_views(self) -> bool:
        """Show the tasks of the whole, of the selection and of the hunk; False if none was run."""
        found, hunk = self.standing, self._desk.hunk()
        if found is None:
            return False
        views = [TaskView("whole", "Whole proposal", found.whole, " ".join(found.whole.reasons))]
        if found.chosen and not found.is_whole:
            why = _problem_words(found.test) or " ".join(found.gate.reasons)
            views.append(TaskView("selection", "This selection", found.gate, why))
        if hunk is not None and (alone := found.alone.get(hunk.id)) is not None:
            views.append(TaskView("hunk", "This hunk alone", alone.gate, _problem_words(alone)))
        wanted, self._want_view = self._want_view, ""
        return self._desk.view.tasks.show_views(views, wanted)

    def _tell_untested(self, found: Standing) -> None:
        """Say above the changes that what is selected was never tested, and offer to do it."""
        view = self._desk.view
        untested = found.chosen and not found.is_whole and found.test is None
        if not untested or self._desk.applied or (not found.edited and found.whole.table is None):
            view.forget_notice("untested")
            return
        rest = f"{found.chosen} of {len(self._desk.choices.hunks)} hunks were never run alone"
        why = "you edited this" if found.edited else rest
        if view.notices().get("untested", "") != (text := f"Not evaluated: {why}."):
            view.notice("untested", "info", text, (("Test… (T)", self.ask),), closable=True)

    def toggle(self) -> None:
        """Show the tasks, or put them away."""
        tasks = self._desk.view.tasks
        if tasks.isVisible():
            tasks.hide()
        elif self._show_views():
            tasks.show()
            tasks.setFocus()
        else:
            self._context.notify.info(
                "No task was run with this proposal. Start its engine with tasks and a runner, and "
                "the host evaluates what it proposes; or test what is accepted (T).",
                replace="tasks",
            )

    # Running

    def why_not(self) -> str | None:
        """Say why no test can be begun."""
        desk = self._desk
        if desk.opened is None or not desk.choices.hunks:
            return "no proposal with changes is shown."
        if desk.applied:
            return "this proposal is applied. Revert it first."
        return None

    def _why_not_stop(self) -> str | None:
        return None if self.job is not None else "no test is under way."

    def ask(self) -> None:
        """Ask what to test, and say what that takes; a test under way is shown."""
        why = self.why_not()
        if why is not None:
            self._context.notify.info(f"Cannot test: {why}", replace="tasks")
            return
        self._desk.view.close_bars()
        if self.job is not None:
            self._follow(show=True)
            return
        self._desk.flush()
        self.bar.show_reading()
        self._plan(0)

    def stop(self) -> None:
        """Stop the test under way; what was run is kept."""
        if self.job is not None:
            self._context.jobs.cancel(self.job.id)

    def _plan(self, source: int) -> None:
        opened = self._desk.opened
        if opened is None:
            return
        self._desk.work.start(
            "test plan",
            plan_test,
            opened.review,
            self._desk.choices.verdicts,
            self._context.folders,
            source,
            on_done=self._planned,
            on_problem=self._not_planned,
        )

    def _planned(self, plan: Plan) -> None:
        if self.bar.isVisible() and plan.proposal == self._desk.proposal_id:
            self.bar.show_plan(plan)

    def _not_planned(self, message: str) -> None:
        self._desk.leave_bars()
        self._desk.tell_problem(message)

    def _begin(self) -> None:
        plan, opened, scope = self.bar.plan, self._desk.opened, self.bar.scope
        if plan is None or opened is None or plan.missing or self.job is not None:
            return
        if plan.verdicts != self._desk.choices.verdicts:
            self._plan(plan.source)  # it is asked again with what is selected by now
            return
        self._tested = opened.proposal.id
        cache = self._context.folders.cache
        title = f"Test {plan.chosen} of {plan.hunks} hunks of {opened.proposal.id}"
        self.job = self._context.run_job(
            title,
            lambda reporter: _run(opened, plan, scope, cache, reporter),
            on_done=lambda tests: self._ended(tests, scope),
            on_error=self._failed,
            on_cancelled=lambda: self._failed(None),
            owner=self,
        )
        self._follow(show=True)
        self.bar.stop.setFocus(Qt.FocusReason.OtherFocusReason)

    def _follow(self, *, show: bool = False) -> None:
        job = self.job
        if job is None or not job.active or self._desk.proposal_id != self._tested:
            return
        if show or self.bar.isVisible():
            text = "Stopping…" if job.state == "cancelling" else job.text or "Preparing…"
            self.bar.show_running(text, job.fraction)

    def _over(self) -> bool:
        """Take the bar away; return whether the tested proposal is still shown."""
        self.job = None
        shown = self._desk.proposal_id == self._tested
        if shown and self.bar.isVisible():
            self._desk.leave_bars()
        return shown

    def _ended(self, tests: tuple[SelectionTest, ...], scope: Scope) -> None:
        shown = self._over()
        self._context.proposals_changed.emit()
        if not tests:
            return
        text = tested_words(tests, scope)
        trouble = any(one.problems for one in tests)
        if not shown:
            tell = self._context.notify.warning if trouble else self._context.notify.success
            tell(f"{self._tested}: {text}", replace=f"tested:{self._tested}")
            return
        self._want_view = "hunk" if scope == "hunks" else "selection"
        self._desk.view.tasks.show()
        severity: Severity = "warning" if trouble else "success"
        self._desk.view.notice("tested", severity, text, closable=True)
        self.look()
        self._desk.check_soon()

    def _failed(self, problem: BaseException | None) -> None:
        shown = self._over()
        text = str(problem) if problem is not None else "The test was stopped. Runs made are kept."
        if shown:
            severity: Severity = "info" if problem is None else "error"
            self._desk.view.notice("tested", severity, text, closable=True)
            self.look()
        elif problem is not None:
            self._context.notify.error(f"{self._tested}: {text}")


def _run(
    opened: Opened, plan: Plan, scope: Scope, cache: Path, reporter: JobReporter
) -> tuple[SelectionTest, ...]:
    """Run a test as a job of the window; in a thread."""
    total = plan.estimates[scope].runs
    seen = 0

    def done(scored: Scored) -> None:
        nonlocal seen
        seen += 1
        again = " (kept)" if scored.cached else ""
        reporter.progress(min(1.0, seen / total), f"{seen} of {total} task runs{again}")
        if scored.outcome.status == "infra":
            reporter.log(f"{scored.task.id}: {scored.outcome.detail}")

    def started(stop: Callable[[], None]) -> None:
        reporter.on_cancel(stop)

    try:
        reporter.check_cancelled()
        return run_test(
            opened.review, plan, scope, cache, by=opened.reviewer, started=started, done=done
        )
    except RetestStopped as problem:
        raise JobCancelled from problem


def tested_words(tests: tuple[SelectionTest, ...], scope: Scope) -> str:
    """Say what came of a test, in a line or two."""
    problems = " ".join(dict.fromkeys(text for one in tests for text in one.problems))
    cost = sum(one.usd or 0.0 for one in tests)
    fresh = sum(one.runs for one in tests)
    runs = f"{fresh:,} runs made" if fresh else "nothing had to be run"
    money = f", ${cost:,.4f}" if cost else ""
    if scope == "hunks":
        flips = sum(bool(one.gate.repairs or one.gate.regressions) for one in tests)
        said = f"Tested {len(tests)} hunks alone: {flips} of them flip tasks"
    else:
        gate = tests[0].gate
        flips_said = flips_words(gate)
        said = f"Tested: {level_text(gate.level)}" + (f", {flips_said}" if flips_said else "")
    return f"{said} ({runs}{money}). {problems}".strip()


def _alone_words(test: SelectionTest) -> str:
    words = flips_words(test.gate)
    return f"alone: {words}" if words and test.gate.level != "not_evaluated" else "alone: no result"


def _problem_words(test: SelectionTest | None) -> str:
    return " ".join(test.problems) if test is not None else ""
