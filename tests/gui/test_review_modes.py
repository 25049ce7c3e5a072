"""How changes are shown on the desk: by key, by menu, by mouse; nothing of it changes a verdict."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from PySide6.QtCore import QPoint, Qt
from pytestqt.qtbot import QtBot

from tests.gui.review_world import SKILL, ReviewWorld, make_world
from workbench.gui.review.panel import ReviewPanel
from workbench.gui.review.rendered.pair import RenderedPair
from workbench.gui.review.rendered.view import RenderedView
from workbench.gui.shell.window import MainWindow
from workbench.review.text_diff.markdown_blocks import block_pairs

MOVED = "Read the header first, then decide which columns are needed.\n"
BEFORE = SKILL.replace("The first line.\n", f"{MOVED}\nThe first line.\n")
AFTER = (
    SKILL.replace("Shows things.", "Shows many things.")
    .replace("The last line.\n", f"The last line.\n\n{MOVED}")
    .replace("2. Two", "2.  Two")
)


@pytest.fixture
def panel(window: MainWindow, tmp_path, qtbot: QtBot) -> ReviewPanel:
    """Review with a proposal that moves, re-spaces and describes."""
    world: ReviewWorld = make_world(tmp_path, window.context.proposal_store)
    world.skill.write_bytes(BEFORE.encode())
    world.git("commit", "--quiet", "--all", "--message=more")
    proposal = world.propose("shown", {"demo/SKILL.md": AFTER})
    window.show_activity("review")
    review = window.centre.view("review")
    assert isinstance(review, ReviewPanel)
    window.context.request_review(proposal.id)
    qtbot.waitUntil(lambda: review.desk.proposal_id == proposal.id, timeout=10_000)
    still(review, qtbot)
    review.desk.view.diff.setFocus()
    return review


def still(panel: ReviewPanel, qtbot: QtBot) -> None:
    desk = panel.desk
    qtbot.waitUntil(lambda: desk.opened is not None and not desk.busy, timeout=20_000)


def kinds(panel: ReviewPanel, *wanted: str) -> list[str]:
    return [line.text for line in panel.desk.view.diff.lines if line.kind in wanted]


@pytest.fixture
def press(panel: ReviewPanel, qtbot: QtBot) -> Callable[[Qt.Key], None]:
    def key(code: Qt.Key) -> None:
        qtbot.keyClick(panel.desk.view.diff, code)
        still(panel, qtbot)

    return key


def test_w_hides_changes_of_whitespace_and_shows_them_again(
    panel: ReviewPanel, press: Callable[[Qt.Key], None]
) -> None:
    verdicts = panel.desk.choices
    assert "2.  Two" in kinds(panel, "add")
    press(Qt.Key.Key_W)
    assert "2.  Two" not in kinds(panel, "add", "context")
    assert any(text.startswith("Only whitespace changes here") for text in kinds(panel, "note"))
    press(Qt.Key.Key_W)
    assert "2.  Two" in kinds(panel, "add")
    assert panel.desk.choices == verdicts


def test_i_gives_every_blank_a_sign(panel: ReviewPanel, press: Callable[[Qt.Key], None]) -> None:
    press(Qt.Key.Key_I)
    (line,) = [one for one in panel.desk.view.diff.lines if one.text == "2.  Two"]
    assert line.signs == "  ··"


def test_f_shows_front_matter_by_key_or_as_lines(
    panel: ReviewPanel, press: Callable[[Qt.Key], None]
) -> None:
    assert kinds(panel, "key") == ["description"]
    press(Qt.Key.Key_F)
    assert kinds(panel, "key") == []
    assert any(text.startswith("description: Shows many") for text in kinds(panel, "add"))


def test_the_menu_says_what_is_on_and_switches_the_same(panel: ReviewPanel, qtbot: QtBot) -> None:
    modes = panel.desk.modes
    switches = {action.text().split("\t")[0]: action for action in modes.menu.actions()}
    by_key = switches["Front matter by key"]
    assert by_key.isChecked()
    by_key.trigger()
    still(panel, qtbot)
    assert not modes.options.by_key
    assert not by_key.isChecked()


def test_m_and_a_click_lead_to_the_other_end_of_what_moved(
    panel: ReviewPanel, press: Callable[[Qt.Key], None], qtbot: QtBot
) -> None:
    diff = panel.desk.view.diff
    notes = [at for at, line in enumerate(diff.lines) if line.kind == "move"]
    source, target = (diff.lines[at].hunk for at in notes)
    diff.set_current(source)
    press(Qt.Key.Key_M)
    assert diff.current == target
    press(Qt.Key.Key_M)
    assert diff.current == source
    place = diff.line_rect(notes[0]).center()
    qtbot.mouseClick(diff.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(60, place.y()))
    assert diff.current == target
    assert "moved from line 8" in diff.accessibleDescription()


def test_a_hunk_that_moves_nothing_says_so(panel: ReviewPanel, window: MainWindow) -> None:
    diff = panel.desk.view.diff
    moving = {line.hunk for line in diff.lines if line.kind == "move"}
    diff.set_current(next(at for at in range(len(panel.desk.choices.hunks)) if at not in moving))
    assert window.context.commands.get("review.other_end").when() == (
        "the current hunk moves nothing."
    )


def test_p_shows_the_file_as_it_reads_and_follows_the_hunk(
    panel: ReviewPanel, press: Callable[[Qt.Key], None], qtbot: QtBot
) -> None:
    view = panel.desk.rendered.view
    press(Qt.Key.Key_P)
    assert view.isVisible()
    assert view.hasFocus()
    assert view.current >= 0
    first = view.texts_at(view.current)
    assert "Shows things." in first[0]
    assert "Shows many things." in first[1]
    panel.desk.run("next")
    assert view.texts_at(view.current) != first
    assert view.accessibleDescription()
    panel.desk.run("accept")
    still(panel, qtbot)
    assert panel.desk.choices.count("accept") == 1
    qtbot.keyClick(view, Qt.Key.Key_P)
    assert panel.desk.view.diff.isVisible()
    assert panel.desk.view.diff.hasFocus()


def test_a_picture_stays_a_name_and_html_stays_text() -> None:
    text = "![x](http://example.invalid/a.png)\n\n<img src='file:///etc/hosts'>\n"
    read: list[str] = []
    for pair in block_pairs("", text):
        document = RenderedPair(pair, 300).after
        assert document is not None
        assert "<img" not in document.toHtml()
        read.append(document.toPlainText().strip())
    assert read == ["[image http://example.invalid/a.png]", "<img src='file:///etc/hosts'>"]


def test_a_long_file_lays_out_only_what_is_in_sight(qtbot: QtBot) -> None:
    before = "\n\n".join(f"Paragraph {number} says something." for number in range(3000))
    view = RenderedView()
    qtbot.addWidget(view)
    view.resize(800, 600)
    view.show()
    view.show_pairs(block_pairs(before, before.replace("2500 says", "2500 tells")))
    assert len(view._made) < 40
    view.show_lines((5001, 1), (5001, 1))
    assert view.current == 2500
    assert "tells" in view.texts_at(2500)[1]
    assert len(view._made) < 120
    view.grab()


def test_what_is_no_markdown_is_not_rendered(window: MainWindow, tmp_path, qtbot: QtBot) -> None:
    world = make_world(tmp_path, window.context.proposal_store)
    (world.library / "demo" / "a.txt").write_text("a\n")
    world.propose("plain", {"demo/a.txt": "b\n"})
    window.show_activity("review")
    review = window.centre.view("review")
    assert isinstance(review, ReviewPanel)
    still(review, qtbot)
    review.desk.run("rendered")
    assert review.desk.rendered.view.accessibleDescription().startswith("Only Markdown is rendered")
