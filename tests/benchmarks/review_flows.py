"""Ways through Review whose pauses are measured: each page that is made when it is first asked for.

The proposals are those that the evidence miner made of the example.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path

from msgspec.structs import replace

from workbench.domain.proposal import Change, Proposal
from workbench.gui.walk.applied import apply_as
from workbench.gui.walk.scenes import SCENES, review_panel, show_proposal
from workbench.gui.walk.stage import Stage
from workbench.gui.walk.world import World

#: The proposal that replaces lines, so that another can contest them.
_REPLACES = "dead reference"
_LINES = 1


def review_flows(stage: Stage, world: World) -> list[tuple[str, Callable[[], None]]]:
    """Return the flows in their order, by title; each ends when all is shown."""
    return [
        ("review: first show", lambda: _first(stage)),
        ("review: a proposal, and evidence in its trace", _scene(stage, world, "review-evidence")),
        ("review: side by side", _scene(stage, world, "review-side-by-side")),
        ("review: what would be applied", _scene(stage, world, "review-apply")),
        ("review: contested lines", lambda: _contests(stage)),
        ("review: conflicts with the disk", lambda: _conflicts(stage, world)),
        ("review: history", lambda: _history(stage)),
        ("review: history after an apply", lambda: _applied_history(stage, world)),
        ("review: whose each line is", lambda: _whose_lines(stage)),
        ("review: sharing", lambda: _sharing(stage)),
    ]


def _scene(stage: Stage, world: World, name: str) -> Callable[[], None]:
    def show() -> None:
        SCENES[name].show(stage, world)
        _rest(stage)

    return show


def _first(stage: Stage) -> None:
    panel = review_panel(stage)
    stage.until(lambda: not panel.desk.busy, "the checks")


def _contests(stage: Stage) -> None:
    panel = review_panel(stage)
    panel.desk.back()
    store = stage.context.proposal_store
    first = next(one for one in store.list() if _REPLACES in one.draft.title)
    changes = tuple(_otherwise(change) for change in first.draft.changes)
    rival = replace(first, id=f"{first.id}-rival", draft=replace(first.draft, changes=changes))
    store.add(rival)
    stage.context.proposals_changed.emit()
    show_proposal(stage, _REPLACES)
    stage.until(lambda: bool(panel.contests.own()), "the rival")
    panel.desk.run("contests")
    stage.until(lambda: panel.contests.on_page, "the contested lines")
    _rest(stage)
    panel.desk.back()


def _otherwise(change: Change) -> Change:
    """Say the same as a change in other words, so that both want the same lines."""
    if change.new_text is None:
        return change
    return replace(change, new_text=change.new_text.replace("`", "'"))


def _conflicts(stage: Stage, world: World) -> None:
    panel = show_proposal(stage, _REPLACES)
    opened = panel.desk.opened
    assert opened is not None
    before = _changed_on_disk(world.library, opened.proposal)
    panel.desk.run("accept_all")
    panel.desk.run("merge")
    view = panel.desk.view
    stage.until(lambda: not panel.desk.busy and view.shows(view.merge_page), "the conflicts")
    _rest(stage)
    for path, data in before.items():
        path.write_bytes(data)
    panel.desk.back()
    stage.until(lambda: not panel.desk.busy, "the proposal")


def _changed_on_disk(library: Path, proposal: Proposal) -> dict[Path, bytes]:
    """Change on disk every line that the proposal changes; return what was there."""
    before = {}
    for change in proposal.draft.changes:
        path = library / change.path
        if change.new_text is None or not path.is_file():
            continue
        before[path] = path.read_bytes()
        stays = set(change.new_text.splitlines())
        lines = before[path].decode().splitlines()
        text = "\n".join(one if one in stays else f"{one} (changed)" for one in lines)
        path.write_text(f"{text}\n", encoding="utf-8")
    return before


def _history(stage: Stage) -> None:
    panel = show_proposal(stage, "repeated error")
    stage.run("review.history")
    page = panel.history.page
    stage.until(lambda: page.timeline.change.shown is not None and not page.busy, "the history")
    _rest(stage)
    page.left.emit()


def _applied_history(stage: Stage, world: World) -> None:
    panel = show_proposal(stage, "repeated error")
    name, reviewer = panel.desk.proposal_id, "Kim Reviewer <kim@example.org>"
    applying = threading.Thread(target=apply_as, args=(world, name, reviewer), name="work-apply")
    applying.start()
    stage.until(lambda: not applying.is_alive(), "the apply")
    stage.context.proposals_changed.emit()
    stage.until(lambda: panel.desk.applied and not panel.desk.busy, "the applied proposal")
    stage.run("review.history")
    page = panel.history.page
    stage.until(lambda: page.timeline.change.shown is not None and not page.busy, "the history")
    _rest(stage)


def _whose_lines(stage: Stage) -> None:
    page = review_panel(stage).history.page
    page.show_tab(_LINES)
    stage.until(lambda: page.lines.view.current is not None and not page.busy, "the lines")
    _rest(stage)
    page.left.emit()


def _sharing(stage: Stage) -> None:
    panel = review_panel(stage)
    stage.run("review.sharing")
    stage.until(lambda: not panel.sharing.page.busy, "what is shared")
    _rest(stage)
    panel.sharing.leave()


def _rest(stage: Stage) -> None:
    """Let what was made be painted; a picture of it would be counted."""
    until = time.monotonic() + 0.4
    stage.until(lambda: time.monotonic() > until, "the time")
