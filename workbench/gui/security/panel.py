"""The Security activity: scan skills, see what scanners found, decide about it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QFrame, QStackedWidget, QTabWidget, QWidget
from shiboken6 import isValid

from workbench.domain.finding import Finding, SkillScan
from workbench.gui.notify import MessageAction
from workbench.gui.security.filter_bar import FilterBar
from workbench.gui.security.finding_detail import FindingDetail
from workbench.gui.security.finding_filter import finding_key, finding_rows, listed, rule_words
from workbench.gui.security.scan_book import ScanBook
from workbench.gui.security.scan_work import Scanned, scan_work
from workbench.gui.security.skill_facts import SkillFacts
from workbench.gui.security.skill_table import SkillTable, skill_row
from workbench.gui.shell.commands import Command
from workbench.gui.shell.context import AppContext
from workbench.gui.shell.jobs import JobEntry
from workbench.gui.widgets.banner import Banner
from workbench.gui.widgets.buttons import primary_button, push_button
from workbench.gui.widgets.elided_label import ElidedLabel
from workbench.gui.widgets.empty_state import EmptyState
from workbench.gui.widgets.layouts import column, row
from workbench.gui.widgets.split_view import SplitView
from workbench.gui.widgets.two_line_row import TwoLineList
from workbench.gui.widgets.value_fields import ChoiceBox

_NOTE = "Plugins run in their own process for stability; that is no sandbox."
_MOST_BANNERS = 3
_POLICIES = (
    ("balanced", "Balanced"),
    ("strict", "Strict: every hint counts"),
    ("quiet", "Quiet: only what is nearly sure"),
)


def create(context: AppContext) -> QWidget:
    """Return the activity's main view."""
    return SecurityPanel(context)


class SecurityPanel(QWidget):
    """Skills on top; findings and the selected one below."""

    def __init__(self, context: AppContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self.book = ScanBook(context, self)
        self._entry: JobEntry | None = None
        self._following = False
        self.table = SkillTable()
        self.filter = FilterBar()
        self.findings = TwoLineList("Findings", finding_key)
        self.detail = FindingDetail(context)
        self.facts = SkillFacts()
        self.tabs = QTabWidget()
        self.policy = ChoiceBox("Policy of the verdict")
        self.scan_all = primary_button("Scan library", self.scan_library)
        self.scan_some = push_button("Scan selected", self.scan_selected)
        self.stop = push_button("Cancel", self.cancel)
        self._summary = ElidedLabel()
        self._banners = column(spacing=0)
        self._shown_banners: list[Banner] = []
        self._stack = QStackedWidget()
        self._lay_out()
        self._connect()
        context.commands.add(*self._commands())
        self.book.open(context.library)

    @property
    def banners(self) -> tuple[Banner, ...]:
        """What the person is told above the results now."""
        return tuple(one for one in self._shown_banners if isValid(one))

    def scan_library(self) -> None:
        """Scan every skill."""
        self._scan(None)

    def scan_selected(self) -> None:
        """Scan the selected skills."""
        self._scan(self.table.selected())

    def scan_changed(self) -> None:
        """Scan the skills that changed since their scan, and those that have none."""
        self._scan(self.book.outdated())

    def cancel(self) -> None:
        """Cancel the scan; what was scanned until then is kept."""
        if self._entry is not None and self._entry.active:
            self._context.jobs.cancel(self._entry.id)

    def suppress_finding(self, reason: str, expires: date | None) -> None:
        """Suppress the finding in front for its present content."""
        finding = self.detail.finding
        if finding is not None and self.book.suppress(finding, reason, expires):
            self._context.notify.info(
                f"Suppressed: {rule_words(finding.rule)} in {finding.skill}/{finding.path}.",
                replace="security:suppressed",
                actions=(MessageAction("Undo", lambda: self._undo(finding)),),
            )

    def _undo(self, finding: Finding) -> None:
        self.book.restore(finding)
        self._context.notify.dismiss_key("security:suppressed")

    def restore_finding(self) -> None:
        """Let the finding in front count again."""
        if self.detail.finding is not None:
            self.book.restore(self.detail.finding)

    # Scanning

    def why_no_scan(self) -> str | None:
        """Say why nothing can be scanned now, None when it can."""
        library = self._context.library
        if library is None:
            return "open a folder of skills first (Ctrl+O)."
        if not library.skills:
            return "this library holds no skill yet."
        if self._entry is not None and self._entry.active:
            return "a scan is running; cancel it first."
        return None

    def _scan(self, skills: Sequence[str] | None) -> None:
        context, library = self._context, self._context.library
        why = self.why_no_scan()
        if why is not None or library is None:
            context.notify.info(f"Scan: {why}", replace="security:scan")
            return
        self._clear_banners()
        plugins = context.plugins.of_kind("scanner")
        if not plugins:
            self._tell("No scanner is enabled. 'skill-workbench plugins list' shows why.")
            return
        count = len(library.skills) if skills is None else len(skills)
        self._entry = context.run_job(
            f"Scan {count} skills" if count != 1 else "Scan a skill",
            scan_work(library, skills, plugins, context.job_runner, self._deliver),
            on_done=lambda _nothing: self._show_state(),
            on_error=self._failed,
            on_cancelled=self._show_state,
            owner=self,
        )
        self._show_state()

    def _deliver(self, scanned: Scanned) -> None:
        """Bring a result to the window; called in the thread."""
        self._context.jobs.post(lambda: self._take(scanned) if isValid(self) else None)

    def _take(self, scanned: Scanned) -> None:
        for problem in scanned.problems:
            self._tell(problem)
        self.book.take(scanned)
        if not self.isVisible():
            words = f"Scan finished: {self._summary_words()}."
            self._context.notify.info(words, replace="security:done")

    def _failed(self, problem: BaseException) -> None:
        self._tell(f"The scan could not be made: {problem}")
        self._show_state()

    # What is shown

    def _show(self) -> None:
        self._show_skills()
        scans = self.book.scans.values()
        self.filter.offer(finding for scan in scans for finding in scan.findings)
        self._show_findings()
        self._show_state()

    def _show_skills(self) -> None:
        library = self._context.library
        rows = []
        for skill in library.skills if library else ():
            kept = self.book.kept(skill.id)
            scan = self.book.scans.get(skill.id)
            stale = kept is not None and kept.stale(skill)
            name = skill.name or skill.id
            rows.append(skill_row(skill.id, name, scan, stale=stale, at=kept.at if kept else ""))
        self.table.show_rows(rows)

    def _show_findings(self) -> None:
        chosen = self.table.selected()
        scans = [one for one in self.book.scans.values() if not chosen or one.skill in chosen]
        found = listed(scans, self.filter.wanted())
        self.findings.show_rows(finding_rows(found, with_skill=len(chosen) != 1))
        self.facts.show_scan(self.book.scans.get(chosen[0]) if len(chosen) == 1 else None)
        self.tabs.setTabText(0, f"Findings  {len(found)}" if found else "Findings")
        if not found:
            total = sum(len(scan.findings) for scan in scans)
            self.detail.show_nothing(*_nothing_words(scans, total))
        elif self.findings.current() is None:
            self.findings.select_first()
        else:
            self._show_finding(self.findings.current())

    def _show_finding(self, finding: Finding) -> None:
        kept = self.book.kept(finding.skill)
        if kept is not None:
            expected = kept.files.get(finding.path)
            decision = self.book.suppression(finding)
            self.detail.show_finding(finding, kept.scan.path, expected, decision)

    def _show_state(self) -> None:
        library = self._context.library
        running = self._entry is not None and self._entry.active
        for button in (self.scan_all, self.scan_some):
            button.setVisible(not running)
        self.scan_some.setEnabled(bool(self.table.selected()))
        self.stop.setVisible(running)
        page: QWidget = self._results
        if library is None or not library.skills:
            page = self._no_library
        elif not self.book.scans:
            page = self._running if running else self._not_scanned
        self._stack.setCurrentWidget(page)
        self._head.setVisible(page is self._results or running)
        self._summary.setText(self._running_words() if running else self._summary_words())
        outdated = self.book.outdated() if self.book.scans and not running else []
        count = len(outdated)
        words = "One skill has" if count == 1 else f"{count} skills have"
        self._outdated.label.setText(f"{words} changed since the scan, or had none.")
        self._outdated.setVisible(bool(outdated))

    def _running_words(self) -> str:
        entry = self._entry
        if entry is None or entry.state == "cancelling":
            return "Cancelling…"
        share = "" if entry.fraction is None else f"{entry.fraction:.0%}  "
        return f"Scanning  {share}{entry.text}"

    def _summary_words(self) -> str:
        verdicts = [scan.verdict for scan in self.book.scans.values()]
        return (
            f"{verdicts.count('dangerous')} dangerous, {verdicts.count('review')} to review, "
            f"{verdicts.count('clean')} clean"
        )

    def _tell(self, text: str) -> None:
        """Say what went wrong; the same words stand there once."""
        if any(banner.label.text() == text for banner in self.banners):
            return
        if len(self.banners) < _MOST_BANNERS:
            banner = Banner("error", text, (("Show jobs", self._show_jobs),))
            self._shown_banners.append(banner)
            self._banners.addWidget(banner)

    def _show_jobs(self) -> None:
        self._context.commands.run("view.jobs")

    def _clear_banners(self) -> None:
        for banner in self.banners:
            banner.deleteLater()
        self._shown_banners = []

    # Parts

    def _lay_out(self) -> None:
        run = self._context.commands.run
        self._head = self._tool_row()
        self._no_library = EmptyState(
            "No library is open",
            "Scanners look at the skills of a library. They read bytes; nothing is run.",
            action=("Open folder…", lambda: run("file.open_library")),
            link=("Open the example library", lambda: run("file.open_example")),
            icon="security",
        )
        self._not_scanned = EmptyState(
            "Nothing was scanned yet",
            f"Scanners read every file of a copy; nothing of it is run. {_NOTE}",
            action=("Scan library", self.scan_library),
            icon="security",
        )
        self._running = EmptyState(
            "Scanning", "Verdicts appear here when the scanners are through.", icon="security"
        )
        self._results = self._result_page()
        for page in (self._no_library, self._not_scanned, self._running, self._results):
            self._stack.addWidget(page)
        self._outdated = Banner("warning", "", (("Scan them", self.scan_changed),), closable=False)
        outer = column(self, spacing=0)
        outer.addWidget(self._head)
        outer.addLayout(self._banners)
        outer.addWidget(self._outdated)
        outer.addWidget(self._stack, 1)

    def _tool_row(self) -> QWidget:
        head = QFrame()
        head.setObjectName("PanelHeader")
        for name, words in _POLICIES:
            self.policy.addItem(words, name)
        self.policy.setToolTip("Where the thresholds of the verdicts are; no new scan is needed")
        self.policy.setSizeAdjustPolicy(
            QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
        )
        self.policy.setMinimumContentsLength(12)
        self.policy.view().setMinimumWidth(240)
        note = ElidedLabel(_NOTE)
        note.setProperty("muted", True)
        note.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self._summary.setAlignment(Qt.AlignmentFlag.AlignVCenter)
        line = row(head, spacing=8)
        line.setContentsMargins(12, 8, 12, 8)
        for part in (self.scan_all, self.scan_some, self.stop):
            line.addWidget(part)
        line.addSpacing(8)
        line.addWidget(self._summary, 2)
        line.addWidget(note, 3)
        line.addSpacing(8)
        line.addWidget(self.policy)
        return head

    def _result_page(self) -> QWidget:
        left = QWidget()
        left.setMinimumWidth(320)
        inside = column(left, spacing=0)
        inside.addWidget(self.filter)
        inside.addWidget(self.findings, 1)
        self.detail.setMinimumWidth(320)
        below = SplitView((left, self.detail), sizes=(600, 616), stretch=(1, 1))
        self.tabs.setDocumentMode(True)
        self.tabs.tabBar().setProperty("quiet", True)
        self.tabs.tabBar().setAccessibleName("Parts of the scan")
        self.tabs.addTab(below, "Findings")
        self.tabs.addTab(self.facts, "Capabilities and coverage")
        self.table.setMinimumHeight(120)
        return SplitView((self.table, self.tabs), vertical=True, sizes=(240, 460), stretch=(1, 2))

    def _connect(self) -> None:
        context = self._context
        self.book.changed.connect(self._show)
        self.book.problem.connect(self._tell)
        context.library_changed.connect(self.book.open)
        context.skill_selected.connect(self._follow_selection)
        context.jobs.changed.connect(self._follow_job)
        self.table.chosen.connect(self._skills_chosen)
        self.table.opened.connect(lambda _skill: self.findings.setFocus())
        self.filter.changed.connect(self._show_findings)
        self.filter.words.left_downwards.connect(self.findings.setFocus)
        self.policy.currentIndexChanged.connect(
            lambda _index: self.book.set_policy(self.policy.currentData())
        )
        self.findings.chosen.connect(self._show_finding)
        self.findings.opened.connect(self._open_finding)
        self.detail.suppress.suppressed.connect(self.suppress_finding)
        self.detail.suppress.restored.connect(self.restore_finding)
        self.setFocusProxy(self.table)

    def _skills_chosen(self, skills: list[str]) -> None:
        self.scan_some.setEnabled(bool(skills))
        self._show_findings()
        if len(skills) == 1:
            self._following = True
            self._context.select_skill(skills[0])
            self._following = False

    def _follow_selection(self, skill_id: str) -> None:
        if not self._following and skill_id in self.book.scans:
            self.table.select([skill_id])

    def _follow_job(self) -> None:
        if self._entry is not None and self._entry.active:
            self._summary.setText(self._running_words())

    def _open_finding(self, finding: Finding) -> None:
        kept = self.book.kept(finding.skill)
        if kept is not None:
            self._context.request_file(Path(kept.scan.path) / finding.path, finding.line)

    def _step(self, by: int) -> None:
        place = self.findings.currentIndex().row() + by
        if 0 <= place < self.findings.rows.rowCount():
            self.findings.setCurrentIndex(self.findings.rows.index(place))

    def _commands(self) -> tuple[Command, ...]:
        def here(run: Callable[[], None]) -> Callable[[], None]:
            def go() -> None:
                self._context.request_activity("security")
                run()

            return go

        def why_no_selected() -> str | None:
            chosen = None if self.table.selected() else "select skills in the table first."
            return self.why_no_scan() or chosen

        def why_no_finding() -> str | None:
            return None if self.detail.finding else "select a finding first."

        def why_not_running() -> str | None:
            running = self._entry is not None and self._entry.active
            return None if running else "no scan is running."

        ids: tuple[
            tuple[str, str, Callable[[], None], tuple[str, ...], Callable[[], str | None]], ...
        ]
        ids = (
            ("scan", "Scan library", here(self.scan_library), ("Ctrl+Shift+K",), self.why_no_scan),
            (
                "scan_selected",
                "Scan selected skills",
                here(self.scan_selected),
                (),
                why_no_selected,
            ),
            ("cancel", "Cancel the scan", self.cancel, (), why_not_running),
            ("next", "Go to next finding", lambda: self._step(1), ("F4",), why_no_finding),
            (
                "previous",
                "Go to previous finding",
                lambda: self._step(-1),
                ("Shift+F4",),
                why_no_finding,
            ),
            (
                "suppress",
                "Suppress the finding…",
                here(self.detail.suppress.reason.setFocus),
                ("Ctrl+Shift+D",),
                why_no_finding,
            ),
        )
        return tuple(
            Command(f"security.{name}", title, "Run", run, keys, when, group=2)
            for name, title, run, keys, when in ids
        )


def _nothing_words(scans: Sequence[SkillScan], total: int) -> tuple[str, str]:
    if not scans:
        return "Not scanned", "The selected skill was not scanned yet."
    if total:
        return "Nothing matches", f"None of {total} findings passes the filter."
    unread = sum(len(scan.coverage.opaque) + len(scan.coverage.partial) for scan in scans)
    if unread:
        files = "one file was" if unread == 1 else f"{unread} files were"
        return "No findings", f"But {files} not read in full; see Capabilities and coverage."
    return "No findings", "Every file was read, and nothing was found."
