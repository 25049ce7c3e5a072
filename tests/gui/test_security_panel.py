"""Security: scanning, verdicts, filters, suppressions, what is kept."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from msgspec.structs import replace
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QComboBox,
    QLineEdit,
    QScrollArea,
    QWidget,
)
from pytestqt.qtbot import QtBot

from workbench.gui.security.panel import SecurityPanel
from workbench.gui.security.scan_book import ScanBook
from workbench.gui.security.scan_record import suppressions_file
from workbench.gui.shell.context import AppContext
from workbench.gui.shell.window import MainWindow
from workbench.gui.widgets.two_line_row import LINES_ROLE
from workbench.resources import bundled

DANGEROUS = "deploy-static-site"


@pytest.fixture
def example(tmp_path: Path) -> Path:
    root = tmp_path / "example"
    shutil.copytree(bundled("resources") / "example" / "library", root)
    return root


def open_library(window: MainWindow, root: Path, qtbot: QtBot) -> None:
    with qtbot.waitSignal(window.context.diagnostics_changed, timeout=10_000):
        window.open_library(root)
    qtbot.waitUntil(lambda: not window.context.jobs.active)


def panel_of(window: MainWindow) -> SecurityPanel:
    window.show_activity("security")
    view = window.centre.view("security")
    assert isinstance(view, SecurityPanel)
    return view


def scan(panel: SecurityPanel, context: AppContext, qtbot: QtBot) -> None:
    panel.scan_library()
    qtbot.waitUntil(lambda: not context.jobs.active and bool(panel.book.scans), timeout=20_000)


@pytest.fixture
def scanned(window: MainWindow, example: Path, qtbot: QtBot) -> SecurityPanel:
    open_library(window, example, qtbot)
    panel = panel_of(window)
    scan(panel, window.context, qtbot)
    return panel


def titles(panel: SecurityPanel) -> list[str]:
    model = panel.findings.rows
    return [model.index(row).data(LINES_ROLE).title for row in range(model.rowCount())]


def test_without_a_library_it_offers_to_open_one(window: MainWindow) -> None:
    panel = panel_of(window)
    assert panel._stack.currentWidget() is panel._no_library
    assert panel.why_no_scan() is not None


def test_a_library_that_was_not_scanned_offers_to_scan_it(
    window: MainWindow, example: Path, qtbot: QtBot
) -> None:
    open_library(window, example, qtbot)
    panel = panel_of(window)
    assert panel._stack.currentWidget() is panel._not_scanned
    qtbot.mouseClick(panel._not_scanned.button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: len(panel.book.scans) == 11, timeout=20_000)
    assert panel._stack.currentWidget() is panel._results


def test_the_dangerous_skill_stands_first_with_its_counts(scanned: SecurityPanel) -> None:
    model = scanned.table.skills
    first = [model.index(0, column).data() for column in range(model.columnCount())]
    assert first[:2] == ["dangerous", DANGEROUS]
    assert first[2] == "1"
    assert "network" in first[8]
    assert model.index(1, 0).data() == "clean"
    assert scanned._summary.text() == "1 dangerous, 0 to review, 10 clean"


def test_a_finding_says_why_what_to_check_and_how_to_mend(
    scanned: SecurityPanel, qtbot: QtBot
) -> None:
    scanned.table.select([DANGEROUS])
    assert "Fetch pipe shell" in titles(scanned)
    finding = next(one for one in scanned.findings.rows.values() if one.rule == "fetch-pipe-shell")
    with qtbot.waitSignal(scanned.detail.shown, timeout=5000):
        scanned._show_finding(finding)
    texts = scanned.detail._texts
    assert texts["why"].text() == finding.why
    assert texts["check"].text() == finding.check
    assert texts["fix"].text() == finding.fix
    assert f"{finding.line}  {finding.evidence}" in scanned.detail.evidence.toPlainText()


def test_enter_on_a_finding_asks_for_the_file_at_its_line(
    scanned: SecurityPanel, window: MainWindow, qtbot: QtBot
) -> None:
    scanned.findings.setFocus()
    finding = scanned.findings.current()
    with qtbot.waitSignal(window.context.file_requested) as asked:
        QTest.keyClick(scanned.findings, Qt.Key.Key_Return)
    path, line = asked.args
    assert path.endswith(f"{DANGEROUS}/{finding.path}")
    assert line == finding.line


def test_a_suppressed_finding_counts_no_more_and_survives_a_restart(
    scanned: SecurityPanel, window: MainWindow, example: Path, qtbot: QtBot
) -> None:
    finding = scanned.findings.current()
    QTest.keyClicks(scanned.detail.suppress.reason, "we own that host")
    QTest.keyClick(scanned.detail.suppress.reason, Qt.Key.Key_Return)
    assert finding.rule not in {one.rule for one in scanned.findings.rows.values()}
    model = scanned.table.skills
    assert model.index(0, 2).data() == "–"
    book = ScanBook(window.context)
    book.open(window.context.library)
    qtbot.waitUntil(lambda: bool(book.scans), timeout=5000)
    kept = {one.rule: one.suppressed for one in book.scans[DANGEROUS].findings}
    assert kept[finding.rule] == "we own that host"


def test_a_reason_is_asked_for_before_anything_is_suppressed(scanned: SecurityPanel) -> None:
    assert not scanned.detail.suppress.button.isEnabled()
    before = scanned.findings.rows.rowCount()
    QTest.keyClick(scanned.detail.suppress.reason, Qt.Key.Key_Return)
    assert scanned.findings.rows.rowCount() == before


def test_a_suppression_can_be_taken_back(scanned: SecurityPanel) -> None:
    finding = scanned.findings.current()
    scanned.suppress_finding("checked by hand", None)
    scanned.filter.suppressed.setChecked(True)
    again = next(one for one in scanned.findings.rows.values() if one.rule == finding.rule)
    assert again.suppressed == "checked by hand"
    scanned._show_finding(again)
    scanned.restore_finding()
    judged = scanned.book.scans[DANGEROUS].findings
    assert all(one.suppressed is None for one in judged)


def test_a_suppression_file_that_cannot_be_read_is_told_and_not_written_over(
    window: MainWindow, example: Path, qtbot: QtBot
) -> None:
    path = suppressions_file(window.context.folders.data, str(example))
    path.parent.mkdir(parents=True)
    path.write_text("version = 'x'\n")
    open_library(window, example, qtbot)
    panel = panel_of(window)
    qtbot.waitUntil(lambda: bool(panel.banners), timeout=5000)
    assert "no suppression file" in panel.banners[0].label.text()
    scan(panel, window.context, qtbot)
    panel.suppress_finding("some reason", None)
    assert path.read_text() == "version = 'x'\n"


def test_the_filter_narrows_by_words_severity_and_category(
    scanned: SecurityPanel, qtbot: QtBot
) -> None:
    everything = scanned.findings.rows.rowCount()
    scanned.filter.least.setCurrentIndex(scanned.filter.least.findData("high"))
    severe = scanned.findings.rows.rowCount()
    assert 0 < severe < everything
    scanned.filter.words.setText("no such words")
    qtbot.waitUntil(lambda: scanned.findings.rows.rowCount() == 0)
    assert scanned.detail.finding is None
    scanned.filter.clear()
    qtbot.waitUntil(lambda: scanned.findings.rows.rowCount() == everything)


def test_a_skill_that_changed_is_told_and_can_be_scanned_again(
    scanned: SecurityPanel, window: MainWindow, example: Path, qtbot: QtBot
) -> None:
    changed = example / "git-bisect" / "SKILL.md"
    changed.write_text(f"{changed.read_text()}\nOne line more.\n")
    with qtbot.waitSignal(window.context.library_changed, timeout=10_000):
        window.context.workspace.reload()
    assert scanned.book.outdated() == ["git-bisect"]
    assert not scanned._outdated.isHidden()
    qtbot.mouseClick(scanned._outdated.buttons[0], Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: scanned.book.outdated() == [], timeout=20_000)
    qtbot.waitUntil(scanned._outdated.isHidden)


def test_another_policy_judges_without_scanning(scanned: SecurityPanel, qtbot: QtBot) -> None:
    jobs = len(scanned._context.jobs.entries)
    scanned.policy.setCurrentIndex(scanned.policy.findData("strict"))
    assert len(scanned._context.jobs.entries) == jobs
    assert scanned.book.scans[DANGEROUS].verdict == "dangerous"


def test_scans_are_there_again_when_the_library_is_opened_again(
    scanned: SecurityPanel, window: MainWindow, example: Path, library: Path, qtbot: QtBot
) -> None:
    open_library(window, library, qtbot)
    qtbot.waitUntil(lambda: scanned._stack.currentWidget() is scanned._not_scanned)
    open_library(window, example, qtbot)
    qtbot.waitUntil(lambda: len(scanned.book.scans) == 11, timeout=5000)


def test_a_scanner_that_fails_is_told_in_words_and_its_skills_are_not_clean(
    window: MainWindow, example: Path, qtbot: QtBot
) -> None:
    folder = window.context.folders.plugins / "broken_scanner"
    (folder / "broken_scanner").mkdir(parents=True)
    (folder / "broken_scanner" / "__init__.py").write_text("")
    (folder / "broken_scanner" / "main.py").write_text(
        "def run(request, context):\n    raise RuntimeError('no luck')\n"
    )
    (folder / "plugin.toml").write_text(
        'id = "broken_scanner"\nname = "Broken"\nversion = "1.0"\napi = "1.0"\nlicence = "MIT"\n'
        'kinds = ["scanner"]\nform = "inprocess"\nentry = "broken_scanner.main:run"\n'
    )
    plugins = window.context.plugins
    plugins.refresh()
    plugins.set_enabled("broken_scanner", True)
    plugins.set_enabled("pattern_scanner", False)
    open_library(window, example, qtbot)
    panel = panel_of(window)
    scan(panel, window.context, qtbot)
    assert "broken_scanner" in panel.banners[0].label.text()
    assert "no luck" in panel.banners[0].label.text()
    assert {scan.verdict for scan in panel.book.scans.values()} != {"clean"}


def test_a_cancelled_scan_keeps_what_there_was(
    scanned: SecurityPanel, window: MainWindow, qtbot: QtBot
) -> None:
    folder = window.context.folders.plugins / "slow_scanner"
    (folder / "slow_scanner").mkdir(parents=True)
    (folder / "slow_scanner" / "__init__.py").write_text("")
    (folder / "slow_scanner" / "main.py").write_text(
        "import time\n"
        "def run(request, context):\n"
        "    while True:\n"
        "        context.check_cancelled()\n"
        "        time.sleep(0.02)\n"
        "        yield from ()\n"
    )
    (folder / "plugin.toml").write_text(
        'id = "slow_scanner"\nname = "Slow"\nversion = "1.0"\napi = "1.0"\nlicence = "MIT"\n'
        'kinds = ["scanner"]\nform = "inprocess"\nentry = "slow_scanner.main:run"\n'
    )
    window.context.plugins.refresh()
    window.context.plugins.set_enabled("slow_scanner", True)
    window.context.plugins.set_enabled("pattern_scanner", False)
    before = scanned.book.scans
    scanned.scan_library()
    qtbot.waitUntil(lambda: bool(window.context.job_runner.jobs), timeout=5000)
    assert not scanned.stop.isHidden()
    qtbot.mouseClick(scanned.stop, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not window.context.jobs.active, timeout=10_000)
    assert window.context.jobs.entries[-1].state == "cancelled"
    assert scanned.book.scans == before
    assert not scanned.scan_all.isHidden()


def test_without_any_scanner_it_says_so(window: MainWindow, example: Path, qtbot: QtBot) -> None:
    window.context.plugins.set_enabled("pattern_scanner", False)
    open_library(window, example, qtbot)
    panel = panel_of(window)
    panel.scan_library()
    assert "No scanner is enabled" in panel.banners[0].label.text()
    assert not window.context.jobs.active


def test_selecting_one_skill_selects_it_everywhere(
    scanned: SecurityPanel, window: MainWindow
) -> None:
    scanned.table.select(["git-bisect"])
    assert window.context.selected_skill == "git-bisect"
    window.context.select_skill("pdf-forms")
    assert scanned.table.selected() == ["pdf-forms"]
    assert scanned.detail.finding is None
    assert scanned.facts._name.text() == "pdf-forms"


def test_f4_walks_through_the_findings(scanned: SecurityPanel, window: MainWindow) -> None:
    first = scanned.findings.current()
    assert window.context.commands.run("security.next")
    assert scanned.findings.current() != first
    window.context.commands.run("security.previous")
    assert scanned.findings.current() == first


def test_everything_that_takes_focus_has_a_name(scanned: SecurityPanel) -> None:
    nameless = [
        widget
        for widget in scanned.findChildren(QWidget)
        if isinstance(widget, QAbstractButton | QAbstractItemView | QComboBox | QLineEdit)
        and widget.focusPolicy() != Qt.FocusPolicy.NoFocus
        and not (widget.accessibleName() or getattr(widget, "text", str)())
        and not _inside_of_another(widget)
    ]
    assert nameless == []


def _inside_of_another(widget: QWidget) -> bool:
    """Say whether it is Qt's own part of a widget, such as the list of a combo box."""
    parent = widget.parentWidget()
    while parent is not None and not isinstance(parent, SecurityPanel):
        if isinstance(parent, QComboBox | QAbstractItemView | QLineEdit):
            return True
        parent = parent.parentWidget()
    return False


def test_it_fits_a_small_window_whatever_the_words(
    scanned: SecurityPanel, window: MainWindow, qtbot: QtBot
) -> None:
    scanned.filter.category.addItem("a-very-long-category-of-findings-by-a-strange-scanner", "x")
    scanned._summary.setText("Scanning 10%  " + "a-skill-with-an-endless-name-" * 10)
    qtbot.wait(50)
    assert scanned.minimumSizeHint().width() <= 1180
    window.resize(1280, 800)
    qtbot.wait(50)
    assert window.width() == 1280


def test_a_finding_with_an_endless_path_and_text_makes_nothing_wider(
    scanned: SecurityPanel, qtbot: QtBot
) -> None:
    finding = scanned.findings.current()
    endless = replace(finding, path="deep/" * 60 + "run.sh", decoded="A" * 1500)
    scanned.detail.show_finding(endless, "/nowhere", None, None)
    qtbot.wait(50)
    area = scanned.detail.findChild(QScrollArea)
    assert area.widget().width() <= area.viewport().width()
    assert scanned.detail.place.whole_text().startswith(f"{DANGEROUS}/deep/")
