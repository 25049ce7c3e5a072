"""The history of a skill as a person uses it: timeline, lines, effect, broken tasks, lineage."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from tests.gui.review_world import PROPOSED, SKILL, TRACE, ReviewWorld, make_world
from tests.gui.test_accessibility import nameless
from workbench.domain.proposal import Lineage, Proposal
from workbench.gui.review.history.blame_view import BlameView
from workbench.gui.review.history.page import HistoryPage
from workbench.gui.review.panel import ReviewPanel
from workbench.gui.shell.context import AppContext
from workbench.gui.shell.window import MainWindow
from workbench.review.applying.apply import apply_decision
from workbench.review.decide import decide, record, verdicts_for
from workbench.review.history.origins import LineOrigin
from workbench.review.history.timeline import TimelineEntry
from workbench.review.session import open_review
from workbench.store.history import LocalHistory

Start = Callable[..., HistoryPage]


@pytest.fixture
def world(tmp_path: Path, context: AppContext) -> ReviewWorld:
    return make_world(tmp_path, context.proposal_store)


@pytest.fixture
def start(window: MainWindow, qtbot: QtBot) -> Start:
    """Show the history of the skill of a proposal and wait until it is read."""

    def show(proposal: Proposal) -> HistoryPage:
        window.show_activity("review")
        panel = review(window)
        window.context.request_review(proposal.id)
        qtbot.waitUntil(lambda: panel.desk.proposal_id == proposal.id, timeout=10_000)
        qtbot.waitUntil(lambda: panel.desk.opened is not None, timeout=20_000)
        assert window.context.commands.run("review.history")
        page = panel.history.page
        settled(page, qtbot)
        return page

    return show


def review(window: MainWindow) -> ReviewPanel:
    panel = window.centre.view("review")
    assert isinstance(panel, ReviewPanel)
    return panel


def settled(page: HistoryPage, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: not page.busy, timeout=20_000)


def applied(
    world: ReviewWorld, context: AppContext, name: str, text: str, **rest: object
) -> Proposal:
    """Apply a proposal as the window would."""
    proposal = world.propose(name, {"demo/SKILL.md": text}, **rest)
    history = LocalHistory(context.folders.history)
    opened = open_review(world.store, proposal.id)
    verdicts = verdicts_for(opened, opened.hunks, "accept")
    decision = decide(
        opened, verdicts, reviewer="Ann Reviewer <ann@example.org>", now="2026-03-01T10:00:00+00:00"
    )
    record(opened, decision)
    apply_decision(
        world.store, history, proposal.id, now="2026-03-01T11:00:00+00:00", decision=decision
    )
    return proposal


def long_history(world: ReviewWorld) -> None:
    """Add 250 commits to the skill."""
    stream = "".join(
        f"commit refs/heads/{world.git('branch', '--show-current')}\n"
        f"committer A <a@b> {1_770_000_000 + n} +0000\ndata 4\nn{n:03}\n"
        + ("from refs/heads/" + world.git("branch", "--show-current") + "^0\n" if not n else "")
        + f"M 100644 inline demo/note.md\ndata 4\n{n:04}\n"
        for n in range(250)
    )
    subprocess.run(
        ["git", "fast-import", "--quiet"], cwd=world.library, input=stream.encode(), check=True
    )
    world.git("reset", "--quiet", "--hard")


def titles(page: HistoryPage) -> list[str]:
    return [entry.title for entry in page.entries]


def texts(page: HistoryPage) -> str:
    return "\n".join(label.text() for label in page.findChildren(QLabel) if label.isVisible())


def test_a_change_leads_to_its_diff_its_evidence_and_its_receipt(
    start: Start, world: ReviewWorld, context: AppContext, qtbot: QtBot
) -> None:
    proposal = applied(world, context, "better", PROPOSED)
    page = start(proposal)
    assert titles(page) == ["demo: better", "start"]
    change = page.timeline.change
    assert change.shown is not None
    assert change.shown.facts.proof == "receipt"
    assert len(change.shown.hunks) == 3
    rows = change.evidence.evidence.rows
    assert [row.evidence.quote for row in rows] == ["pip install pypdf"]
    assert rows[0].found
    change.proof.click()
    assert "demo/SKILL.md" in change.receipt.text()
    with qtbot.waitSignal(context.traces_changed, timeout=20_000):
        change.evidence.opened.emit(rows[0])


def test_keys_lead_through_the_history_and_back(
    start: Start, world: ReviewWorld, context: AppContext, window: MainWindow, qtbot: QtBot
) -> None:
    page = start(applied(world, context, "better", PROPOSED))
    listed, diff = page.timeline.list, page.timeline.change.diff
    qtbot.waitUntil(listed.hasFocus)
    qtbot.keyClick(listed, Qt.Key.Key_Down)
    settled(page, qtbot)
    shown = page.timeline.change.shown
    assert shown is not None
    assert shown.facts.entry.title == "start"
    qtbot.keyClick(listed, Qt.Key.Key_Return)
    assert diff.hasFocus()
    qtbot.keyClick(diff, Qt.Key.Key_2)
    assert page.tabs.currentIndex() == 1
    settled(page, qtbot)
    qtbot.keyClick(page, Qt.Key.Key_1)
    diff.setFocus()
    qtbot.keyClick(diff, Qt.Key.Key_Escape)
    assert listed.hasFocus()
    assert review(window).history.shown
    qtbot.keyClick(listed, Qt.Key.Key_Escape)
    assert not review(window).history.shown


def test_keys_of_the_desk_do_nothing_behind_the_history(
    start: Start, world: ReviewWorld, window: MainWindow, qtbot: QtBot
) -> None:
    page = start(world.propose("open", {"demo/SKILL.md": PROPOSED}))
    for key in (Qt.Key.Key_A, Qt.Key.Key_R, Qt.Key.Key_D, Qt.Key.Key_U):
        qtbot.keyClick(page, key)
    assert review(window).desk.choices.verdicts == ()
    assert review(window).history.shown


def test_the_library_leads_to_the_history_of_the_selected_skill(
    world: ReviewWorld, window: MainWindow, qtbot: QtBot
) -> None:
    window.open_library(world.library)
    qtbot.waitUntil(lambda: window.context.library is not None, timeout=20_000)
    window.show_activity("library")
    window.context.select_skill("demo")
    assert window.context.commands.run("skill.history")
    page = review(window).history.page
    settled(page, qtbot)
    assert (page.aim.skill, titles(page)) == ("demo", ["start"])
    assert page.skills.currentText() == "demo"


def test_without_a_skill_the_command_says_why(window: MainWindow) -> None:
    window.show_activity("review")
    assert "Ctrl+O" in (window.context.commands.get("review.history").when() or "")


def test_an_older_apply_is_reverted_as_a_merge(
    start: Start, world: ReviewWorld, context: AppContext, window: MainWindow, qtbot: QtBot
) -> None:
    first = applied(world, context, "first", SKILL.replace("The first line.", "A first line."))
    second = applied(
        world, context, "second", world.skill.read_text().replace("3. Three", "3. Drei")
    )
    page = start(second)
    assert titles(page) == ["demo: second", "demo: first", "start"]
    page.timeline.select(page.entries[1].key)
    settled(page, qtbot)
    assert page.timeline.change.revert.isEnabled()
    page.timeline.change.revert.click()
    panel = review(window)
    qtbot.waitUntil(lambda: "act" in panel.desk.view.notices(), timeout=20_000)
    assert panel.desk.proposal_id == first.id
    assert not panel.history.shown
    assert "Merge the way back" in panel.desk.view.notice_buttons("act")
    panel.desk.view.notice_buttons("act")["Merge the way back"]()
    qtbot.waitUntil(lambda: panel.desk.proposal_id not in ("", first.id), timeout=20_000)
    assert panel.desk.proposal_id.startswith("first-m")


def test_the_newest_apply_is_reverted_at_once_and_the_history_tells_it(
    start: Start, world: ReviewWorld, context: AppContext, window: MainWindow, qtbot: QtBot
) -> None:
    proposal = applied(world, context, "better", PROPOSED)
    page = start(proposal)
    page.timeline.change.revert.click()
    qtbot.waitUntil(lambda: world.skill.read_text() == SKILL, timeout=20_000)
    qtbot.waitUntil(lambda: not review(window).desk.busy, timeout=20_000)
    page = start(proposal)
    assert [(one.kind, one.taken_back) for one in page.entries] == [
        ("reverted", False),
        ("applied", True),
        ("edit", False),
    ]
    page.timeline.select(page.entries[1].key)
    settled(page, qtbot)
    assert not page.timeline.change.revert.isEnabled()
    assert "taken back already" in page.timeline.change.revert.toolTip()


def test_a_line_leads_to_the_hunk_and_evidence_it_comes_from(
    start: Start, world: ReviewWorld, context: AppContext, qtbot: QtBot
) -> None:
    page = start(applied(world, context, "better", PROPOSED))
    page.show_tab(1)
    settled(page, qtbot)
    view, change = page.lines.view, page.lines.change
    line = next(n for n, text in enumerate(PROPOSED.splitlines()) if text == "- One more note.")
    view.set_current(line)
    settled(page, qtbot)
    assert change.shown is not None
    assert change.shown.facts.entry.proposal == "better"
    assert change.diff.current == 2
    assert len(change.evidence.evidence.rows) == 1
    assert "test engine" in view.whose(line)
    assert "demo: better" in view.accessibleDescription()
    qtbot.keyClick(view, Qt.Key.Key_Up, Qt.KeyboardModifier.ControlModifier)
    assert view.current is not None
    assert view.current.entry is not None
    assert view.current.entry.title == "start"
    qtbot.keyClick(view, Qt.Key.Key_Return)
    assert change.diff.hasFocus()


def test_lines_without_git_say_what_is_not_known(
    tmp_path: Path, context: AppContext, start: Start, qtbot: QtBot
) -> None:
    world = make_world(tmp_path / "plain", context.proposal_store, repository=False)
    page = start(applied(world, context, "better", PROPOSED))
    assert "in no git repository" in texts(page)
    assert [one.kind for one in page.entries] == ["applied"]
    page.show_tab(1)
    settled(page, qtbot)
    assert "are older than what is known" in page.lines.summary.text()
    page.lines.view.set_current(0)
    assert page.lines.view.whose(0) == "older than what is known"
    page.lines.view.set_current(len(PROPOSED.splitlines()) - 1)
    settled(page, qtbot)
    assert page.lines.change.shown is not None
    assert page.lines.change.shown.facts.entry.proposal == "better"


def test_lines_of_a_large_file_are_reached_by_keys(qtbot: QtBot) -> None:
    first = TimelineEntry("edit", "2026-03-01T00:00:00", "Ann <a@b>", "first", commit="a" * 40)
    second = TimelineEntry("applied", "", "Ann <a@b>", "second", commit="b" * 40, proposal="p1")
    view = BlameView()
    qtbot.addWidget(view)
    view.resize(600, 400)
    view.show()
    view.show_lines(
        [
            LineOrigin(number, "x" * (number % 3000), second if number == 30_000 else first)
            for number in range(1, 40_001)
        ]
    )
    qtbot.keyClick(view, Qt.Key.Key_Down, Qt.KeyboardModifier.ControlModifier)
    assert view.current is not None
    assert (view.current.number, view.current.entry) == (30_000, second)
    assert "Line 30000 of 40000" in view.accessibleDescription()
    qtbot.keyClick(view, Qt.Key.Key_End)
    assert view.current.number == 40_000
    at_end = view.verticalScrollBar().value()
    view.resize(500, 300)
    assert view.verticalScrollBar().maximum() >= at_end
    assert not view.grab().isNull()


def test_a_file_whose_lines_nobody_knows_says_why(
    start: Start, world: ReviewWorld, context: AppContext, qtbot: QtBot
) -> None:
    (world.library / "demo" / "loose.md").write_text("not in git\n")
    (world.library / "demo" / "empty.md").write_text("")
    page = start(applied(world, context, "better", PROPOSED))
    page.show_tab(1)
    settled(page, qtbot)
    names = [page.lines.files.itemText(n) for n in range(page.lines.files.count())]
    assert names == ["demo/SKILL.md", "demo/empty.md", "demo/loose.md"]
    page.lines.files.setCurrentText("demo/loose.md")
    settled(page, qtbot)
    assert "No line of demo/loose.md has a history" in texts(page)


def test_a_long_history_comes_page_by_page(
    start: Start, world: ReviewWorld, context: AppContext, qtbot: QtBot
) -> None:
    long_history(world)
    page = start(world.propose("open", {"demo/SKILL.md": PROPOSED}))
    assert len(page.entries) == 200
    assert page.timeline.more.isVisible()
    qtbot.keyClick(page.timeline.list, Qt.Key.Key_End)
    settled(page, qtbot)
    assert len(page.entries) == 251
    assert not page.timeline.more.isVisible()
    assert page.timeline.list.current().title == "n050"


def test_the_words_of_a_stranger_hide_nothing(
    start: Start, world: ReviewWorld, context: AppContext, qtbot: QtBot
) -> None:
    proposal = applied(world, context, "better", PROPOSED)
    (world.library / "demo" / "x.md").write_text("x\n")
    world.git("add", "--all")
    world.git("commit", "--quiet", "--message", f"Right \u202eto left {'long ' * 400}")
    page = start(proposal)
    settled(page, qtbot)
    row = page.timeline.list.rows.index(0).data()
    assert row.startswith("Right [U+202E]to left")
    assert len(row) < 350
    title = page.timeline.change.title.text()
    assert "\u202e" not in title
    assert len(title) < 350


def test_a_proposal_the_store_lost_leaves_what_its_commit_says(
    start: Start, world: ReviewWorld, context: AppContext, qtbot: QtBot
) -> None:
    applied(world, context, "lost", PROPOSED)
    other = world.propose("open", {"demo/SKILL.md": PROPOSED.replace("Notes", "Remarks")})
    shutil.rmtree(world.store.folder / "lost")
    context.open_traces([TRACE])
    qtbot.waitUntil(lambda: bool(context.traces), timeout=20_000)
    page = start(other)
    change = page.timeline.change
    assert not change.open.isEnabled()
    assert not change.revert.isEnabled()
    assert "git revert" in change.revert.toolTip()
    assert "not in the store" in change.told.text()
    (row,) = change.evidence.evidence.rows
    assert row.trace == context.traces[0].trajectory.title
    with qtbot.waitSignal(context.trace_requested, timeout=20_000):
        change.evidence.opened.emit(row)


def test_the_effect_says_what_is_needed_and_then_what_was_counted(
    start: Start, world: ReviewWorld, context: AppContext, window: MainWindow, qtbot: QtBot
) -> None:
    proposal = applied(world, context, "better", PROPOSED)
    page = start(proposal)
    page.show_tab(2)
    settled(page, qtbot)
    assert "The library is not open" in texts(page)
    window.open_library(world.library)
    qtbot.waitUntil(lambda: context.library is not None, timeout=20_000)
    page = start(proposal)
    page.show_tab(2)
    settled(page, qtbot)
    assert "No traces are open" in texts(page)
    context.open_traces([TRACE])
    qtbot.waitUntil(lambda: bool(context.traces), timeout=20_000)
    qtbot.waitUntil(lambda: page.effect.table.rowCount() > 0, timeout=20_000)
    rows = {
        page.effect.table.item(n, 0).text(): page.effect.table.item(n, 2).text()
        for n in range(page.effect.table.rowCount())
    }
    assert rows["Sessions"] in ("0", "1")
    assert "no proof of an effect" in page.effect.notes.text() or "No session" in (
        page.effect.notes.text()
    )
    assert not page.effect.uses.isVisible()


def test_a_task_that_got_worse_leads_to_the_change_that_broke_it(
    start: Start, world: ReviewWorld, context: AppContext, tmp_path: Path, qtbot: QtBot
) -> None:
    page = start(applied(world, context, "better", PROPOSED))
    page.show_tab(3)
    settled(page, qtbot)
    assert "No results are stored for this skill" in texts(page)
    newest, oldest = page.entries
    results = tmp_path / "results.jsonl"
    results.write_text(
        "\n".join(
            json.dumps({"task": "t", "skills": [one.commit], "score": score})
            for one, score in ((newest, 0.0), (oldest, 1.0))
        )
    )
    page.tasks.results_chosen.emit(str(results))
    settled(page, qtbot)
    assert "t fails since “demo: better”" in page.tasks.said.text()
    assert "results.jsonl" in page.tasks.source.text()
    page.tasks.versions.setFocus()
    qtbot.keyClick(page.tasks.versions, Qt.Key.Key_Return)
    assert page.tabs.currentIndex() == 0
    assert page.timeline.list.current().proposal == "better"
    results.write_text("no json")
    page.show_tab(3)
    page.tasks.results_chosen.emit(str(results))
    settled(page, qtbot)
    assert "The results cannot be read" in texts(page)


def test_lineage_shows_what_replaced_what_and_leads_there(
    start: Start, world: ReviewWorld, context: AppContext, window: MainWindow, qtbot: QtBot
) -> None:
    first = applied(world, context, "first", PROPOSED)
    second = world.propose("second", {"demo/SKILL.md": PROPOSED.replace("Notes", "Remarks")})
    draft = msgspec.structs.replace(second.draft, lineage=Lineage(("first",), 1, (), "first"))
    world.store.update(msgspec.structs.replace(second, draft=draft))
    page = start(first)
    page.show_tab(4)
    settled(page, qtbot)
    rows = page.lineage.list.rows.values()
    assert [(one.id, one.depth, one.relation) for one in rows] == [
        ("first", 0, "first"),
        ("second", 1, "replaces"),
    ]
    assert page.lineage.change.isEnabled()
    page.lineage.list.select("second")
    assert not page.lineage.change.isEnabled()
    qtbot.keyClick(page.lineage.list, Qt.Key.Key_Return)
    panel = review(window)
    qtbot.waitUntil(lambda: panel.desk.proposal_id == "second", timeout=10_000)
    assert not panel.history.shown


def test_what_changes_on_disk_is_shown_and_the_selection_stays(
    start: Start, world: ReviewWorld, context: AppContext, qtbot: QtBot
) -> None:
    page = start(applied(world, context, "better", PROPOSED))
    page.timeline.select(page.entries[1].key)
    world.skill.write_text(PROPOSED + "\nMine.\n")
    context.disk_changed.emit()
    qtbot.waitUntil(lambda: page.entries[0].kind == "uncommitted", timeout=20_000)
    settled(page, qtbot)
    assert page.timeline.list.current().title == "start"


def test_a_change_of_a_later_page_stays_selected(
    start: Start, world: ReviewWorld, context: AppContext, qtbot: QtBot
) -> None:
    long_history(world)
    page = start(world.propose("open", {"demo/SKILL.md": PROPOSED}))
    qtbot.keyClick(page.timeline.list, Qt.Key.Key_End)
    settled(page, qtbot)
    page.timeline.select(page.entries[-1].key)
    page.refresh()
    settled(page, qtbot)
    assert page.timeline.list.current().title == "start"


def test_a_repository_git_refuses_says_why(
    start: Start,
    world: ReviewWorld,
    context: AppContext,
    monkeypatch: pytest.MonkeyPatch,
    qtbot: QtBot,
) -> None:
    page = start(applied(world, context, "better", PROPOSED))
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    page.refresh()
    settled(page, qtbot)
    assert "The history cannot be read" in texts(page)
    assert "safe.directory" in texts(page)


def test_everything_is_named_for_screen_readers(
    start: Start, world: ReviewWorld, context: AppContext, qtbot: QtBot
) -> None:
    page = start(applied(world, context, "better", PROPOSED))
    for number in range(page.tabs.count()):
        page.show_tab(number)
        settled(page, qtbot)
        assert nameless(page) == []


def test_the_figures_fit_their_cells_and_the_tick_is_seen_in_high_contrast(
    start: Start, world: ReviewWorld, context: AppContext, window: MainWindow, qtbot: QtBot
) -> None:
    window.open_library(world.library)
    qtbot.waitUntil(lambda: context.library is not None, timeout=20_000)
    context.open_traces([TRACE])
    qtbot.waitUntil(lambda: bool(context.traces), timeout=20_000)
    page = start(applied(world, context, "better", PROPOSED))
    page.show_tab(2)
    settled(page, qtbot)
    table = page.effect.table
    qtbot.waitUntil(lambda: table.rowCount() > 0, timeout=20_000)
    window.resize(1920, 1080)
    qtbot.wait(50)
    window.resize(1280, 800)

    def fits() -> bool:
        return all(table.rowHeight(row) >= table.sizeHintForRow(row) for row in range(9))

    qtbot.waitUntil(fits, timeout=5_000)
    window.context.set_theme("high-contrast")
    tick = page.effect.adjacent.grab().toImage()
    ground = tick.pixelColor(0, 0).lightness()
    drawn = [
        abs(tick.pixelColor(x, y).lightness() - ground)
        for x in range(16)
        for y in range(tick.height())
    ]
    assert max(drawn) > 120
