"""The screens that have a name, for documentation and tests."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

from PySide6.QtCore import Qt

from workbench.gui.evolution.panel import EvolutionPanel
from workbench.gui.review.panel import ReviewPanel
from workbench.gui.traces.opened import find_place
from workbench.gui.traces.panel import TracesPanel
from workbench.gui.walk.applied import apply_as
from workbench.gui.walk.stage import Stage, StageProblem
from workbench.gui.walk.world import World
from workbench.gui.widgets.document import Document

Show = Callable[[Stage, World], None]


@dataclass(frozen=True, slots=True)
class Scene:
    """A screen. ``library`` says whether the example is opened first, ``run`` whether an engine
    has proposed changes to it."""

    name: str
    title: str
    show: Show
    library: bool = True
    run: bool = False


def review_panel(stage: Stage) -> ReviewPanel:
    """Bring Review to the front, wait for what it reads, and return it."""
    panel = stage.show_activity("review")
    if not isinstance(panel, ReviewPanel):
        raise StageProblem("Review could not be made; the log says why.")
    stage.until(lambda: panel.desk.opened is not None and not panel.desk.busy, "the first proposal")
    return panel


def show_proposal(stage: Stage, words: str) -> ReviewPanel:
    """Show the first proposal whose title holds ``words``."""
    panel = review_panel(stage)
    known = stage.context.proposal_store.list()
    wanted = next((one.id for one in known if words in one.draft.title), None)
    if wanted is None:
        raise StageProblem(f"No proposal is about '{words}'.")
    stage.context.request_review(wanted)
    desk = panel.desk
    stage.until(
        lambda: desk.opened is not None and desk.opened.proposal.id == wanted and not desk.busy,
        f"the proposal {wanted}",
    )
    return panel


def _document(stage: Stage, world: World, file: str = "csv-cleanup/SKILL.md") -> Document:
    stage.show_activity("library")
    stage.context.select_skill(file.split("/", 1)[0])
    stage.context.request_file(world.library / file)
    stage.until(lambda: stage.window.centre.documents.current() is not None, "the file")
    return cast("Document", stage.window.centre.documents.current())


def _editor(stage: Stage, world: World) -> None:
    _document(stage, world)


def _side(name: str) -> Show:
    def show(stage: Stage, world: World) -> None:
        document = _document(stage, world)
        show_side = getattr(document, "show_side", None)
        if show_side is None:
            raise StageProblem(f"The editor has no side '{name}'.")
        show_side(name)

    return show


def _activity(name: str) -> Show:
    def show(stage: Stage, world: World) -> None:
        stage.show_activity(name)

    return show


def _library(stage: Stage, world: World) -> None:
    stage.show_activity("library")
    stage.context.select_skill("csv-cleanup")


def _problems(stage: Stage, world: World) -> None:
    _document(stage, world)
    stage.run("view.problems")


def _trace_step(stage: Stage, world: World) -> None:
    stage.show_activity("traces")
    trace = next(
        one
        for one in stage.context.traces
        if "tax" in one.trajectory.title.casefold() or one.trajectory.errors
    )
    step = next(
        (
            step.index
            for step in trace.trajectory.steps
            if any(call.status == "error" for call in step.tool_calls)
        ),
        0,
    )
    stage.context.request_trace(trace.path, trace.trajectory.id, step)


def _traces(stage: Stage) -> TracesPanel:
    panel = stage.show_activity("traces")
    if not isinstance(panel, TracesPanel):
        raise StageProblem("Traces could not be made; the log says why.")
    return panel


def _trace_page(stage: Stage, world: World) -> None:
    _trace_step(stage, world)
    panel = _traces(stage)
    stage.until(lambda: panel.viewer.index is not None, "the steps")
    panel.read_as_page()


def _sessions(stage: Stage, world: World) -> None:
    panel = _traces(stage)
    stage.context.sessions.add(world.traces)
    page = panel.front_sessions()
    told = stage.context.sessions
    stage.until(lambda: told.left == 0 and not told.running, "the index")
    stage.until(lambda: page.table.sessions.rowCount() > 0, "the sessions")


def _usage(stage: Stage, world: World) -> None:
    panel = _traces(stage)
    stage.context.select_skill("csv-cleanup")
    panel.show_usage()
    stage.until(lambda: panel.usage.model.rowCount() > 0, "what skills did")


def _compare(stage: Stage, world: World) -> None:
    panel = _traces(stage)
    wanted = ("Clean supplier CSV", "Clean /data/orders.csv so that /tests/check.py passes.")
    by_title = {one.trajectory.title: one for one in stage.context.traces}
    chosen = (by_title[title] for title in wanted)
    places = (find_place(stage.context.traces, str(t.path), t.trajectory.id) for t in chosen)
    panel.compare([place for place in places if place is not None])
    stage.until(lambda: panel.why_no_comparison() is None, "the comparison")


def _security(stage: Stage, world: World) -> None:
    stage.show_activity("security")
    stage.run("security.scan")
    stage.until(lambda: not stage.context.jobs.active, "the scan")


def _evolution(stage: Stage, world: World) -> None:
    panel = stage.show_activity("evolution")
    if isinstance(panel, EvolutionPanel):
        stage.until(lambda: bool(panel.records), "the run")
        panel.show_run(panel.records[0].id)


def _review(stage: Stage, world: World) -> None:
    panel = show_proposal(stage, "repeated error")
    panel.desk.view.diff.setFocus(Qt.FocusReason.OtherFocusReason)


def _review_evidence(stage: Stage, world: World) -> None:
    panel = show_proposal(stage, "repeated error")
    row = panel.evidence.evidence.rows[0]
    panel.evidence.opened.emit(row)


def _review_side_by_side(stage: Stage, world: World) -> None:
    panel = show_proposal(stage, "dead reference")
    panel.desk.run("sides")


def _review_apply(stage: Stage, world: World) -> None:
    panel = show_proposal(stage, "dead reference")
    panel.desk.run("accept_all")
    stage.until(lambda: not panel.desk.busy, "the verdicts")
    panel.desk.run("apply")
    stage.until(lambda: panel.desk.carry_out.plan is not None, "what would be applied")


def _review_history(stage: Stage, world: World) -> None:
    panel = show_proposal(stage, "repeated error")
    apply_as(world, panel.desk.proposal_id, "Kim Reviewer <kim@example.org>")
    stage.context.proposals_changed.emit()
    stage.until(lambda: panel.desk.applied and not panel.desk.busy, "the applied proposal")
    stage.run("review.history")
    page = panel.history.page
    stage.until(lambda: page.timeline.change.shown is not None and not page.busy, "the history")


def _palette(stage: Stage, world: World) -> None:
    _document(stage, world)
    stage.run("view.palette")


def _quick_open(stage: Stage, world: World) -> None:
    stage.show_activity("library")
    stage.run("view.quick_open")


def _welcome(stage: Stage, world: World) -> None:
    stage.window.show_activity("")


SCENES: dict[str, Scene] = {
    scene.name: scene
    for scene in (
        Scene("welcome", "The welcome page", _welcome, library=False),
        Scene("library", "The skills of a folder", _library),
        Scene("editor", "A skill as text", _editor),
        Scene("editor-form", "The front matter of a skill as a form", _side("Form")),
        Scene("preview", "A skill as it reads", _side("Preview")),
        Scene("problems", "What the rules of the clients say", _problems),
        Scene("traces", "What agents did: all runs", _activity("traces")),
        Scene("trace-step", "What an agent did: one step", _trace_step),
        Scene("trace-page", "What an agent did, to be read as one page", _trace_page),
        Scene("sessions", "All sessions of watched folders", _sessions),
        Scene("usage", "What skills did in traces", _usage),
        Scene("compare", "Two runs, step by step", _compare),
        Scene("graph", "How skills hang together", _activity("graph")),
        Scene("security", "What the scanners found", _security),
        Scene("evolution", "Engines and their runs", _evolution, run=True),
        Scene("review", "A proposal with its evidence", _review, run=True),
        Scene("review-side-by-side", "Both sides of a change", _review_side_by_side, run=True),
        Scene("review-evidence", "A quote in the trace it comes from", _review_evidence, run=True),
        Scene("review-apply", "What an apply would write", _review_apply, run=True),
        Scene("review-history", "What changed a skill, and why", _review_history, run=True),
        Scene("palette", "Every command", _palette),
        Scene("quick-open", "Every skill, file and trace", _quick_open),
    )
}
