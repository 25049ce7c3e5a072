"""Annotating steps and traces in the window: by keyboard, shown everywhere, taken back."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from msgspec.structs import replace
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QPushButton
from pytestqt.qtbot import QtBot

from workbench.domain.annotation import Annotation, SkillLine
from workbench.gui.library.panel import LibraryPanel
from workbench.gui.shell.window import MainWindow
from workbench.gui.traces.annotations.annotations_view import AnnotationsView
from workbench.gui.traces.panel import TracesPanel
from workbench.gui.traces.sessions.session_cells import OUTCOME
from workbench.gui.traces.sessions.session_table import SessionsModel
from workbench.gui.traces.step_marks import LANES, Mark
from workbench.gui.traces.viewer.annotation_form import AnnotationForm
from workbench.gui.traces.words import step_row
from workbench.resources import bundled
from workbench.store.annotations import AnnotationStore
from workbench.store.paths import UserFolders
from workbench.traces.index.query import TraceRow as IndexedRow
from workbench.traces.open import OpenTrace
from workbench.usage.annotated import anchor_of

EXAMPLE = bundled("resources") / "example"
SESSION = "cd613e30-d8f1-4adf-91b7-584a2265b1f5.jsonl"


@pytest.fixture
def traces(tmp_path: Path) -> Path:
    """A copy of one example session, to be changed and removed."""
    (source,) = (EXAMPLE / "traces").rglob(SESSION)
    folder = tmp_path / "sessions"
    folder.mkdir()
    shutil.copy(source, folder)
    return folder


@pytest.fixture
def panel(window: MainWindow, traces: Path, qtbot: QtBot) -> TracesPanel:
    window.show_activity("traces")
    made = window.centre.view("traces")
    assert isinstance(made, TracesPanel)
    made._context.open_traces([traces])
    qtbot.waitUntil(lambda: bool(made._context.traces), timeout=20_000)
    settle(made, qtbot)
    return made


def settle(panel: TracesPanel, qtbot: QtBot) -> None:
    context = panel._context
    for _ in range(3):
        qtbot.waitUntil(lambda: not context.jobs.active, timeout=20_000)
        qtbot.waitUntil(lambda: not context.bridge._calls, timeout=20_000)
        qtbot.wait(10)


def show(panel: TracesPanel, qtbot: QtBot, step: int) -> OpenTrace:
    (trace,) = panel._context.traces
    assert panel.show_step(str(trace.path), trace.trajectory.id, step)
    qtbot.waitUntil(lambda: panel.viewer.index is not None, timeout=10_000)
    settle(panel, qtbot)
    return trace


def said(panel: TracesPanel) -> tuple[Annotation, ...]:
    return panel._context.annotations.all


def add(panel: TracesPanel, qtbot: QtBot, step: int | None, **fields: object) -> Annotation:
    (trace,) = panel._context.traces
    panel._context.annotations.add(anchor_of(trace, step), **fields)
    settle(panel, qtbot)
    return said(panel)[-1]


def form_of(panel: TracesPanel) -> AnnotationForm:
    return panel.viewer.annotations.form


def card_texts(panel: TracesPanel) -> str:
    cards = panel.viewer.annotations.cards.cards
    labels = [label.text() for card in cards for label in card.findChildren(QLabel)]
    return "\n".join([*labels, *(card.accessibleName() for card in cards)])


def press(panel: TracesPanel, words: str, qtbot: QtBot) -> None:
    found = [
        button
        for card in panel.viewer.annotations.cards.cards
        for button in card.findChildren(QPushButton)
        if words in (button.text(), button.accessibleName())
    ]
    qtbot.mouseClick(found[0], Qt.MouseButton.LeftButton)
    settle(panel, qtbot)


def view_of(panel: TracesPanel, qtbot: QtBot) -> AnnotationsView:
    panel.show_annotations()
    settle(panel, qtbot)
    return panel.annotations


def test_a_step_is_annotated_by_keyboard_alone_and_marked_everywhere(
    panel: TracesPanel, qtbot: QtBot
) -> None:
    show(panel, qtbot, 3)
    viewer, form = panel.viewer, form_of(panel)
    viewer.steps.setFocus()
    qtbot.keyClick(viewer.steps, Qt.Key.Key_N)
    assert form.isVisible()
    assert form.label.hasFocus()
    qtbot.keyClicks(form.label, "Unsure guess")
    qtbot.keyClick(form.label, Qt.Key.Key_Tab)
    assert form.verdict.hasFocus()
    qtbot.keyClick(form.verdict, Qt.Key.Key_B)
    qtbot.keyClick(form.verdict, Qt.Key.Key_Tab)
    qtbot.keyClick(form.severity, Qt.Key.Key_H)
    qtbot.keyClick(form.severity, Qt.Key.Key_Tab)
    assert form.note.hasFocus()
    qtbot.keyClicks(form.note, "Never asks")
    qtbot.keyClick(form.note, Qt.Key.Key_Return)
    qtbot.keyClicks(form.note, "twice")
    qtbot.keyClick(form.note, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    settle(panel, qtbot)
    (one,) = AnnotationStore(UserFolders.default().annotations).all()
    assert (one.label, one.verdict, one.severity) == ("Unsure guess", "bad", "high")
    assert (one.note, one.anchor.step) == ("Never asks\ntwice", 3)
    assert not form.isVisible()
    assert "Never asks" in card_texts(panel)
    assert viewer.index is not None
    assert step_row(viewer.index, 3).said == "Unsure guess"
    assert "annotated Unsure guess" in step_row(viewer.index, 3).words
    assert list(viewer.index.places[Mark.ANNOTATION]) == [3]
    assert "1 annotations" in viewer.strip.accessibleDescription()
    assert panel.inspector.said.list.count() == 1


def test_letters_at_a_choice_and_escape_do_nothing_to_the_viewer(
    panel: TracesPanel, qtbot: QtBot
) -> None:
    show(panel, qtbot, 3)
    form = form_of(panel)
    panel.viewer.annotations.annotate_step()
    form.verdict.setFocus()
    for key in (Qt.Key.Key_G, Qt.Key.Key_R, Qt.Key.Key_E):
        qtbot.keyClick(form.verdict, key)
    assert form.verdict.hasFocus()
    assert panel.viewer.steps.current_step == 3
    assert not panel.viewer.reader.raw
    qtbot.keyClick(form.verdict, Qt.Key.Key_Escape)
    assert not form.isVisible()
    assert said(panel) == ()


def test_what_says_nothing_is_not_saved_and_told_at_the_form(
    panel: TracesPanel, qtbot: QtBot
) -> None:
    show(panel, qtbot, 3)
    form = form_of(panel)
    panel.viewer.annotations.annotate_step()
    qtbot.mouseClick(form.save, Qt.MouseButton.LeftButton)
    assert "Say something" in form.problem.text()
    form.label.setText("x")
    form.quote.setText("what nobody said")
    qtbot.mouseClick(form.save, Qt.MouseButton.LeftButton)
    settle(panel, qtbot)
    assert "does not say" in form.problem.text()
    assert form.isVisible()
    assert said(panel) == ()


def test_the_selected_words_become_the_quote_and_lead_back(
    panel: TracesPanel, qtbot: QtBot
) -> None:
    show(panel, qtbot, 3)
    cursor = panel.viewer.reader.text.document().find("No module named")
    panel.viewer.reader.text.setTextCursor(cursor)
    panel.viewer.annotations.annotate_step()
    form = form_of(panel)
    assert form.quote.text() == "No module named"
    form.label.setText("missing")
    qtbot.keyClick(form.label, Qt.Key.Key_Return)
    settle(panel, qtbot)
    (one,) = said(panel)
    assert one.quote == "No module named"
    press(panel, "“No module named”", qtbot)
    assert panel.viewer.reader.page is not None
    assert panel.viewer.reader.page.quote == "No module named"
    assert panel.viewer.reader.page.quoted is not None


def test_labels_in_use_are_offered(panel: TracesPanel, qtbot: QtBot) -> None:
    show(panel, qtbot, 3)
    add(panel, qtbot, 1, label="loop")
    add(panel, qtbot, 2, label="loop")
    add(panel, qtbot, 2, label="guess")
    panel.viewer.annotations.annotate_step()
    completer = form_of(panel).label.completer()
    completer.setCompletionPrefix("o")
    assert [completer.model().index(n, 0).data() for n in range(2)] == ["loop", "guess"]
    assert completer.currentCompletion() == "loop"


def test_an_annotation_is_edited_deleted_and_brought_back(panel: TracesPanel, qtbot: QtBot) -> None:
    show(panel, qtbot, 3)
    one = add(panel, qtbot, 3, label="first", note="kept")
    panel.viewer.annotations.cards.edit_asked.emit(one)
    form = form_of(panel)
    assert (form.label.text(), form.note.toPlainText()) == ("first", "kept")
    form.label.setText("second")
    qtbot.mouseClick(form.save, Qt.MouseButton.LeftButton)
    settle(panel, qtbot)
    assert [(one.label, one.note) for one in said(panel)] == [("second", "kept")]
    desk = panel._context.annotations
    desk.delete(said(panel)[0])
    settle(panel, qtbot)
    assert said(panel) == ()
    assert panel.viewer.annotations.cards.cards == ()
    assert panel.viewer.index is not None
    assert not panel.viewer.index.places[Mark.ANNOTATION]
    for expected in (["second"], ["first"], []):
        desk.undo()
        settle(panel, qtbot)
        assert [one.label for one in said(panel)] == expected
    desk.undo()
    assert "no annotation to take back" in panel._context.notify.messages[-1].text


def test_jumps_and_the_filter_find_annotated_steps(panel: TracesPanel, qtbot: QtBot) -> None:
    show(panel, qtbot, 0)
    panel.viewer.steps.setFocus()
    qtbot.keyClick(panel.viewer.steps, Qt.Key.Key_A)
    assert "Press N" in panel._context.notify.messages[-1].text
    for step in (2, 7):
        add(panel, qtbot, step, verdict="good")
    qtbot.keyClick(panel.viewer.steps, Qt.Key.Key_A)
    assert panel.viewer.steps.current_step == 2
    qtbot.keyClick(panel.viewer.steps, Qt.Key.Key_A, Qt.KeyboardModifier.ShiftModifier)
    assert panel.viewer.steps.current_step == 7
    panel.viewer.kind.setCurrentText("Annotated")
    assert panel.viewer.steps.steps.rowCount() == 2
    assert ("annotations", "Annotations", Mark.ANNOTATION) in LANES


def test_an_outcome_stands_beside_what_was_recorded(panel: TracesPanel, qtbot: QtBot) -> None:
    show(panel, qtbot, 3)
    assert panel.inspector.said.outcome.text() == "Not recorded in the trace"
    panel.viewer.steps.setFocus()
    qtbot.keyClick(panel.viewer.steps, Qt.Key.Key_O)
    form = form_of(panel)
    assert form.outcome.hasFocus()
    form.outcome.setCurrentText("Partial")
    form.score.setText("0.5")
    qtbot.mouseClick(form.save, Qt.MouseButton.LeftButton)
    settle(panel, qtbot)
    text = panel.inspector.said.outcome.text()
    assert text.startswith("Partial, score 0.5: attached by you on 20")
    assert text.endswith("not recorded in the trace")
    panel.attach_outcome()
    form.outcome.setCurrentText("Failed")
    form.score.clear()
    qtbot.mouseClick(form.save, Qt.MouseButton.LeftButton)
    settle(panel, qtbot)
    (one,) = said(panel)
    assert (one.outcome, one.score, one.anchor.uid) == ("fail", None, "")


def test_a_changed_step_is_not_taken_for_the_old_one_until_attached_again(
    panel: TracesPanel, qtbot: QtBot
) -> None:
    show(panel, qtbot, 3)
    one = add(panel, qtbot, 3, label="old words", note="n")
    panel._context.annotations.change(one, anchor=replace(one.anchor, content="0" * 64))
    settle(panel, qtbot)
    assert panel.viewer.index is not None
    assert not panel.viewer.index.places[Mark.ANNOTATION]
    assert "said something else: old words" in card_texts(panel)
    view = view_of(panel, qtbot)
    assert "1 broken" in view.count.text()
    assert "says something else" in view.said.text()
    view.open_current()
    assert "leads nowhere" in panel._context.notify.messages[-1].text
    assert view.isVisible()
    show(panel, qtbot, 3)
    press(panel, "Attach to this step", qtbot)
    assert list(panel.viewer.index.places[Mark.ANNOTATION]) == [3]


def test_one_whose_trace_is_gone_keeps_its_words_and_gets_a_new_step(
    panel: TracesPanel, qtbot: QtBot, tmp_path: Path
) -> None:
    one = add(panel, qtbot, 3, label="lost", note="still here")
    away = replace(one.anchor, path=str(tmp_path / "gone.jsonl"), session="other", uid="u")
    panel._context.annotations.change(one, anchor=away)
    settle(panel, qtbot)
    view = view_of(panel, qtbot)
    assert "The trace is gone" in view.said.text()
    assert "still here" in view.said.text()
    view.state.setCurrentText("Broken")
    assert view.list.current().label == "lost"
    qtbot.keyClick(view.list, Qt.Key.Key_R)
    trace = show(panel, qtbot, 7)
    assert "Select the step" in card_texts(panel)
    press(panel, "Attach to this step", qtbot)
    (moved,) = said(panel)
    assert (moved.anchor.step, moved.anchor.path) == (7, str(trace.path))
    assert panel._context.annotations.moving is None


def test_the_view_filters_and_leads_to_the_step(panel: TracesPanel, qtbot: QtBot) -> None:
    add(panel, qtbot, 2, label="loop", verdict="bad", severity="high")
    add(panel, qtbot, 7, label="fine", verdict="good", skill=SkillLine("pdf", "SKILL.md", 4))
    add(panel, qtbot, None, note="the whole of it")
    view = view_of(panel, qtbot)
    assert view.list.rows.rowCount() == 3
    for box, chosen in (
        (view.label, "loop  1"),
        (view.verdict, "Bad"),
        (view.severity, "High"),
        (view.skill, "pdf  1"),
    ):
        box.setCurrentText(chosen)
        assert box.currentText() == chosen
        assert view.list.rows.rowCount() == 1
        box.setCurrentIndex(0)
    view.words.setText("WHOLE")
    qtbot.waitUntil(lambda: view.list.rows.rowCount() == 1)
    view.words.clear()
    qtbot.waitUntil(lambda: view.list.rows.rowCount() == 3)
    view.label.setCurrentText("fine  1")
    view.list.setFocus()
    qtbot.keyClick(view.list, Qt.Key.Key_Return)
    settle(panel, qtbot)
    qtbot.waitUntil(lambda: panel.viewer.steps.current_step == 7, timeout=10_000)


def test_with_no_annotation_the_view_says_what_to_do(panel: TracesPanel, qtbot: QtBot) -> None:
    view = view_of(panel, qtbot)
    assert view.empty.isVisible()
    assert view.empty.link.text().startswith("Import")


def test_what_another_program_wrote_is_seen(panel: TracesPanel, qtbot: QtBot) -> None:
    show(panel, qtbot, 3)
    (trace,) = panel._context.traces
    other = AnnotationStore(UserFolders.default().annotations)
    other.add(anchor_of(trace, 3), "2026-01-01T00:00:00Z", label="theirs")
    view = view_of(panel, qtbot)
    assert view.list.current().label == "theirs"
    add(panel, qtbot, 3, label="mine")
    other.reload()
    assert {one.label for one in other.all()} == {"theirs", "mine"}


def test_a_label_set_is_written_and_outcomes_are_taken_in(
    panel: TracesPanel, qtbot: QtBot, tmp_path: Path
) -> None:
    add(panel, qtbot, 3, label="loop", verdict="bad")
    view = view_of(panel, qtbot)
    view.export_to(tmp_path / "set.jsonl")
    settle(panel, qtbot)
    (record,) = [json.loads(line) for line in (tmp_path / "set.jsonl").read_text().splitlines()]
    assert (record["label"], record["step"]) == ("loop", 3)
    assert "pandas" in record["text"]
    (tmp_path / "outcomes.csv").write_text(f"path,outcome\n{SESSION},fail\nother,pass\n")
    view.import_from(tmp_path / "outcomes.csv")
    settle(panel, qtbot)
    assert [one.outcome for one in said(panel)] == [None, "fail"]
    assert "1 rows were left out" in panel._context.notify.messages[-1].text
    (tmp_path / "bad.csv").write_text("nothing")
    view.import_from(tmp_path / "bad.csv")
    settle(panel, qtbot)
    assert "bad.csv" in panel._context.notify.messages[-1].text


def test_the_library_lists_what_links_to_a_skill_and_leads_to_the_step(
    panel: TracesPanel, qtbot: QtBot, opened: MainWindow
) -> None:
    add(panel, qtbot, 7, label="unclear", skill=SkillLine("alpha", "SKILL.md", 6, "# alpha"))
    add(panel, qtbot, 2, label="other", skill=SkillLine("beta", "SKILL.md", 1))
    opened.show_activity("library")
    library = opened.centre.view("library")
    assert isinstance(library, LibraryPanel)
    panel._context.select_skill("alpha")
    listed = library.inspector._said
    assert [listed.item(n).text() for n in range(listed.count())] == ["unclear"]
    listed.itemActivated.emit(listed.item(0))
    settle(panel, qtbot)
    qtbot.waitUntil(lambda: panel.viewer.steps.current_step == 7, timeout=10_000)


def test_the_link_of_a_card_leads_to_the_line(
    panel: TracesPanel, qtbot: QtBot, opened: MainWindow
) -> None:
    show(panel, qtbot, 3)
    one = add(panel, qtbot, 3, label="x", skill=SkillLine("alpha", "SKILL.md", 6, "# alpha"))
    with qtbot.waitSignal(panel._context.file_requested) as asked:
        panel.viewer.annotations.cards.line_asked.emit(one)
    assert asked.args[0].endswith("alpha/SKILL.md")
    assert asked.args[1] == 6
    gone = replace(one, skill=SkillLine("nowhere", "SKILL.md", 1))
    panel.viewer.annotations.cards.line_asked.emit(gone)
    assert "no skill “nowhere”" in panel._context.notify.messages[-1].text


def test_a_line_of_a_skill_is_chosen_in_the_form(
    panel: TracesPanel, qtbot: QtBot, opened: MainWindow
) -> None:
    show(panel, qtbot, 3)
    panel.viewer.annotations.annotate_step()
    form = form_of(panel)
    form.skill.setCurrentText("beta")
    assert form.file.currentText() == "SKILL.md"
    form.line.setValue(6)
    assert form.line_text.text() == "# beta"
    qtbot.mouseClick(form.save, Qt.MouseButton.LeftButton)
    settle(panel, qtbot)
    assert said(panel)[0].skill == SkillLine("beta", "SKILL.md", 6, "# beta")


def test_the_lists_show_an_attached_outcome_with_its_source(
    panel: TracesPanel, qtbot: QtBot
) -> None:
    index = panel.list.table.traces.index(0, 2)
    assert index.data() == ""
    add(panel, qtbot, None, outcome="fail")
    index = panel.list.table.traces.index(0, 2)
    assert index.data() == "failed"
    tip = index.data(Qt.ItemDataRole.ToolTipRole)
    assert "attached by you on 20" in tip
    assert "nothing is recorded" in tip
    assert not panel.list.table.isColumnHidden(2)
    panel._context.annotations.undo()
    settle(panel, qtbot)
    assert panel.list.table.traces.index(0, 2).data() == ""


def test_all_sessions_show_it_too(panel: TracesPanel, qtbot: QtBot) -> None:
    (trace,) = panel._context.traces
    one = trace.trajectory
    model = SessionsModel()
    row = IndexedRow(
        *(str(trace.path), one.id, one.format, None, None, None, "", None, one.session),
        *(None, None, None, "unknown", None, 1, 0, 0, None, None, None, None, None, (), 0, True),
        id=7,
    )
    model.show([7])
    model.put([row])
    add(panel, qtbot, None, outcome="partial")
    model.attach(panel._context.annotations.attached)
    told = model.index(0, OUTCOME).data(Qt.ItemDataRole.AccessibleTextRole)
    assert told.startswith("Outcome: partial, attached by you on 20")
    assert told.endswith("recorded: nothing")


def test_ctrl_z_takes_back_from_the_step_and_from_the_list(
    panel: TracesPanel, qtbot: QtBot
) -> None:
    show(panel, qtbot, 3)
    add(panel, qtbot, 3, label="one")
    add(panel, qtbot, 3, label="two")
    panel.viewer.reader.text.setFocus()
    qtbot.keyClick(panel.viewer.reader.text, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    settle(panel, qtbot)
    assert [one.label for one in said(panel)] == ["one"]
    view = view_of(panel, qtbot)
    qtbot.keyClick(view.list, Qt.Key.Key_Delete)
    settle(panel, qtbot)
    assert said(panel) == ()
    panel.annotations.setFocus()
    qtbot.keyClick(view.list, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    settle(panel, qtbot)
    assert [one.label for one in said(panel)] == ["one"]


def test_a_subagents_step_is_annotated_and_found_again(window: MainWindow, qtbot: QtBot) -> None:
    window.show_activity("traces")
    panel = window.centre.view("traces")
    assert isinstance(panel, TracesPanel)
    panel.open_example()
    qtbot.waitUntil(lambda: len(panel._context.traces) == 13, timeout=30_000)
    settle(panel, qtbot)
    parent = next(one for one in panel._context.traces if one.trajectory.children)
    child = parent.trajectory.children[0]
    assert panel.show_step(str(parent.path), child.id, 1)
    qtbot.waitUntil(lambda: panel.viewer.index is not None, timeout=10_000)
    settle(panel, qtbot)
    panel.annotate()
    form_of(panel).label.setText("sub")
    qtbot.mouseClick(form_of(panel).save, Qt.MouseButton.LeftButton)
    settle(panel, qtbot)
    assert said(panel)[0].anchor.path == str(parent.path)
    assert "sub" in card_texts(panel)
    view = view_of(panel, qtbot)
    assert "broken" not in view.count.text()
    view.open_current()
    settle(panel, qtbot)
    assert panel.viewer.place is not None
    assert panel.viewer.place.trajectory.id == child.id
    qtbot.waitUntil(lambda: panel.viewer.steps.current_step == 1, timeout=10_000)
