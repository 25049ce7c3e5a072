"""The order of the walkthrough: steps, and the pictures drawn between them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from workbench.domain.proposal import Proposal
from workbench.gui.review.panel import ReviewPanel
from workbench.gui.walk import decide_steps, look_steps
from workbench.gui.walk.engines import close_all, open_all
from workbench.gui.walk.ledger import Ledger
from workbench.gui.walk.scenes import SCENES, review_panel
from workbench.gui.walk.stage import Stage
from workbench.gui.walk.world import World, example_world, files_of
from workbench.traces.open import OpenTrace

#: Screens drawn before anything is decided, below the step they belong to.
_AFTER_CHECK = ("library", "editor", "editor-form", "preview", "problems")
_AFTER_EVOLVE = ("evolution", "review", "review-side-by-side", "review-evidence")
_AT_LAST = ("graph", "palette", "quick-open")


def tour(out: Path, ledger: Ledger) -> None:
    """Do every step; what is found goes to the ledger, pictures to ``out/pictures``.

    Raises:
        WalkProblem, StageProblem, and what the steps raise: it cannot go on.
    """
    with example_world(out / "work") as world:
        ledger.begin("A fresh copy of the example library")
        ledger.fact(f"{len(files_of(world.library))} files in {world.library}")
        where = "committed into a fresh git repository" if world.repository else "without git"
        ledger.fact(where)
        traces = open_all(world.traces)
        try:
            with Stage() as stage:
                _Tour(out / "pictures", world, ledger, stage).walk(traces)
        finally:
            close_all(traces)


class _Tour:
    def __init__(self, pictures: Path, world: World, ledger: Ledger, stage: Stage) -> None:
        self._pictures, self._world, self._ledger, self._stage = pictures, world, ledger, stage
        self._bench = decide_steps.bench_of(world, ledger)

    def walk(self, traces: Sequence[OpenTrace]) -> None:
        """Go from the first step to the last."""
        world, ledger, bench = self._world, self._ledger, self._bench
        look_steps.check(world, ledger)
        self._draw("welcome")
        self._stage.open(world.library, world.traces)
        for name in _AFTER_CHECK:
            self._draw(name)
        look_steps.scan(world, ledger)
        self._draw("security")
        look_steps.read_traces(traces, ledger)
        self._draw("traces")
        self._draw("trace-step")
        found = look_steps.evolve(world, traces, ledger)
        imported = look_steps.import_version(world, traces, ledger)
        self._stage.context.proposals_changed.emit()
        look_steps.verify_evidence((*found.proposals, *found.diagnoses), ledger)
        for name in _AFTER_EVOLVE:
            self._draw(name)
        decide_steps.review_colleague(bench, imported)
        self._draw_proposal(imported.id, "review-decided", "One accepted, one rejected, one edited")
        repair = _named(found.proposals, "dead reference")
        decide_steps.accept_and_apply(bench, repair, "Apply a repair and commit it")
        self._draw_proposal(repair.id, "review-applied", "The receipt of an apply")
        self._draw_proposal(imported.id, "review-stale", "A proposal that is stale by now")
        merged = decide_steps.merge_and_apply(bench, imported)
        self._draw_proposal(merged.id, "review-merged", "The merged proposal, applied")
        pitfall = _named(found.proposals, "repeated error")
        before = files_of(world.library)
        decide_steps.accept_and_apply(bench, pitfall, "Apply what was learned from the traces")
        decide_steps.take_back(bench, pitfall, before)
        self._draw_proposal(pitfall.id, "review-reverted", "A proposal that was taken back")
        decide_steps.settle_diagnoses(bench, found.diagnoses)
        decide_steps.show_log(bench)
        for name in _AT_LAST:
            self._draw(name)

    def _draw(self, name: str) -> None:
        """Draw a named scene."""
        self._tidy()
        scene = SCENES[name]
        scene.show(self._stage, self._world)
        self._save(name, scene.title)

    def _draw_proposal(self, proposal_id: str, name: str, title: str) -> None:
        """Draw a proposal as it stands in Review now."""
        self._tidy()
        stage = self._stage
        stage.context.proposals_changed.emit()
        panel = review_panel(stage)
        stage.context.request_review(proposal_id)
        desk = panel.desk

        def shown() -> bool:
            opened = desk.opened
            return opened is not None and opened.proposal.id == proposal_id and not desk.busy

        stage.until(shown, f"the proposal {proposal_id}")
        desk.open(proposal_id)
        stage.until(shown, f"the proposal {proposal_id}")
        self._save(name, title)

    def _save(self, name: str, title: str) -> None:
        self._stage.dismiss_messages()
        self._stage.save(self._pictures / f"{name}.png")
        self._ledger.picture(f"{name}.png", title)

    def _tidy(self) -> None:
        """Close what an earlier picture left open."""
        window = self._stage.window
        window.does.escape()
        window.bottom.hide()
        review = window.centre.view("review")
        if isinstance(review, ReviewPanel) and review.desk.view.diff.side_by_side:
            review.desk.run("sides")


def _named(proposals: Sequence[Proposal], words: str) -> Proposal:
    """Return the proposal that is about something.

    Raises:
        WalkProblem: there is none.
    """
    found = next((one for one in proposals if words in one.draft.title), None)
    if found is None:
        raise look_steps.WalkProblem(f"The evidence miner proposed nothing about '{words}'.")
    return found
