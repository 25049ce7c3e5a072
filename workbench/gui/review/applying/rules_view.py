"""The rules of the library, kept or broken, and who approves; each leads to what shows it."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHeaderView, QLabel, QTreeWidget, QTreeWidgetItem, QWidget

from workbench.gui.review.applying.plan import Plan
from workbench.gui.review.header import local_time
from workbench.gui.theme.icons import icon
from workbench.gui.widgets.buttons import link_button, push_button
from workbench.gui.widgets.layouts import column, row
from workbench.review.rules.approvals import Approval
from workbench.review.rules.policy import POLICY_FILE
from workbench.review.rules.policy_rules import Place, Shown, Verdict

_MOST_ROWS = 12
_ROLE = Qt.ItemDataRole.UserRole

#: What the link to a fact is called.
_LINKS: dict[Place, str] = {
    "hunk": "Go to the hunk",
    "tasks": "Show the tasks",
    "checks": "Show the checks",
    "approvals": "Go to the approvals",
    "file": "Go to its changes",
    "library_file": "Open the file",
    "header": "Go to the proposal",
    "branch": "Go to the branch",
}


class RulesView(QWidget):
    """A list of verdicts with the words of the current one below it.

    ``asked(Shown)`` asks for what shows a fact.
    """

    asked = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._verdicts: tuple[Verdict, ...] = ()
        self._policy = ""
        self.title = section("Rules")
        self.open_policy = link_button("Open the policy", self._open_policy)
        self.list = fact_list("Rules of the library")
        self.list.currentItemChanged.connect(lambda *_: self._describe())
        self.list.itemActivated.connect(lambda _item, _column: self._ask())
        self.detail = QLabel()
        self.detail.setWordWrap(True)
        self.detail.setTextFormat(Qt.TextFormat.PlainText)
        self.detail.setProperty("muted", True)
        self.link = link_button("", self._ask)
        head = row(spacing=8)
        head.addWidget(self.title)
        head.addStretch(1)
        head.addWidget(self.open_policy)
        below = row(spacing=8)
        below.addWidget(self.detail, 1)
        below.addWidget(self.link, 0, Qt.AlignmentFlag.AlignTop)
        inside = column(self, spacing=4)
        inside.addLayout(head)
        inside.addWidget(self.list)
        inside.addLayout(below)

    def show_plan(self, plan: Plan) -> None:
        """Show the verdicts; the first that is not kept is the current one."""
        admission = plan.admission
        self._verdicts = admission.verdicts if admission else ()
        self._policy = admission.policy.path if admission else ""
        kept = sum(one.passed for one in self._verdicts)
        self.title.setText(f"Rules: {kept} of {len(self._verdicts)} kept")
        self.open_policy.setVisible(bool(self._policy))
        self.open_policy.setToolTip(self._policy)
        self.setVisible(bool(self._verdicts))
        self.list.clear()
        for verdict in self._verdicts:
            self.list.addTopLevelItem(_verdict_item(verdict))
        fit_rows(self.list, len(self._verdicts))
        broken = next((at for at, one in enumerate(self._verdicts) if not one.passed), 0)
        if (current := self.list.topLevelItem(broken)) is not None:
            self.list.setCurrentItem(current)
        self._describe()

    def _current(self) -> Verdict | None:
        item = self.list.currentItem()
        at = -1 if item is None else self.list.indexOfTopLevelItem(item)
        return self._verdicts[at] if 0 <= at < len(self._verdicts) else None

    def _describe(self) -> None:
        verdict = self._current()
        self.link.setVisible(verdict is not None)
        if verdict is None:
            self.detail.setText("")
            return
        where = f" ({POLICY_FILE} line {verdict.line})" if verdict.line else ""
        todo = "" if verdict.passed else f"\n{verdict.todo}"
        self.detail.setText(f"{verdict.why}{where} Found: {verdict.fact}.{todo}")
        self.link.setText(_LINKS[verdict.shows.kind])

    def _ask(self) -> None:
        verdict = self._current()
        if verdict is not None:
            self.asked.emit(verdict.shows)

    def _open_policy(self) -> None:
        verdict = self._current()
        line = verdict.line if verdict is not None else 0
        self.asked.emit(Shown("library_file", POLICY_FILE, max(line, 1)))


class ApprovalsView(QWidget):
    """Who approves exactly this and who does not any more, with the reviewer's own word.

    ``said(approved)`` asks to keep or to take back that the reviewer approves.
    """

    said = Signal(bool)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._approved = False
        self.title = section("Approvals")
        self.list = fact_list("Approvals")
        self.approve = push_button("Approve", self.toggle)
        head = row(spacing=8)
        head.addWidget(self.title, 1)
        head.addWidget(self.approve)
        inside = column(self, spacing=4)
        inside.addLayout(head)
        inside.addWidget(self.list)

    def show_plan(self, plan: Plan) -> None:
        """Show who approved what."""
        admission = plan.admission
        count = admission.approvals if admission else None
        self._approved = plan.approved
        self.approve.setText("Withdraw approval" if plan.approved else "Approve")
        self.approve.setToolTip(
            "Take back that you approve exactly this (A)"
            if plan.approved
            else "Keep that you approve exactly this, for others to see; nothing is applied (A)"
        )
        self.approve.setEnabled(count is not None and bool(plan.files))
        wanted = count.wanted if count else 1
        people = "1 person is enough" if wanted == 1 else f"{wanted} different people"
        self.title.setText(f"Approvals: {people}")
        rows = _approval_rows(plan, count.approvals if count else ())
        self.list.clear()
        for item in rows:
            self.list.addTopLevelItem(item)
        fit_rows(self.list, len(rows))
        self.list.setVisible(bool(rows))

    def toggle(self) -> None:
        """Approve, or take the approval back."""
        if self.approve.isEnabled():
            self.said.emit(not self._approved)


def section(text: str) -> QLabel:
    """Return the heading of a part of the page."""
    label = QLabel(text)
    label.setProperty("section", True)
    return label


def fact_list(name: str) -> QTreeWidget:
    """Return an empty list of two columns: what it is about, and what was found."""
    made = QTreeWidget()
    made.setAccessibleName(name)
    made.setColumnCount(2)
    made.setHeaderHidden(True)
    made.setRootIsDecorated(False)
    made.setUniformRowHeights(True)
    made.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    made.header().setSectionResizeMode(0, QHeaderView.ResizeMode.ResizeToContents)
    made.header().setStretchLastSection(True)
    return made


def fit_rows(tree: QTreeWidget, count: int, head: int = 0) -> None:
    """Make a list as high as its rows, within reason."""
    height = max(tree.sizeHintForRow(0), 24)
    tree.setFixedHeight(head + min(max(count, 1), _MOST_ROWS) * height + 4)


def _verdict_item(verdict: Verdict) -> QTreeWidgetItem:
    item = QTreeWidgetItem([verdict.rule, verdict.fact])
    sign, token = ("check", "success") if verdict.passed else ("error", "error")
    item.setIcon(0, icon(sign, token, selected="selection_text"))
    item.setToolTip(1, f"{verdict.why} {verdict.fact}")
    word = "kept" if verdict.passed else "broken"
    item.setData(0, Qt.ItemDataRole.AccessibleTextRole, f"{word}: {verdict.rule}")
    return item


def _approval_rows(plan: Plan, approvals: Sequence[Approval]) -> list[QTreeWidgetItem]:
    rows: list[QTreeWidgetItem] = []
    for one in approvals:
        own = one.reviewer == plan.decision.reviewer
        if own and not plan.approved:
            if one.state == "counts":
                why, sign, token = "approves by applying", "clock", "text_muted"
            else:
                why, sign, token = one.why, "warning", "warning"
        elif one.state == "counts":
            why, sign, token = one.why, "check", "success"
        else:
            why, sign, token = one.why, "warning", "warning"
        name, _, mail = one.reviewer.partition(" <")
        facts = [why, mail.rstrip(">")] if mail else [why]
        item = QTreeWidgetItem([f"{name}{' (you)' if own else ''}", " · ".join(facts)])
        item.setIcon(0, icon(sign, token, selected="selection_text"))
        for column_number in (0, 1):
            tip = f"{one.reviewer}\n{why}, {local_time(one.time)}"
            item.setToolTip(column_number, tip)
        rows.append(item)
    return rows
