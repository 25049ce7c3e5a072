"""Tasks and who carries them out: the set, the runner, its sandbox, results, documents."""

from __future__ import annotations

import shlex

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QLineEdit, QWidget

from workbench.evaluation.runners.command import CommandTemplate
from workbench.evaluation.sandbox import available_sandbox
from workbench.evolution.prepare import RunnerKind
from workbench.evolution.remembered import Remembered
from workbench.gui.evolution.form_rows import PathField, field_row, group, words
from workbench.gui.evolution.task_facts import TaskFacts, read_facts
from workbench.gui.shell.context import AppContext
from workbench.gui.widgets.layouts import column
from workbench.gui.widgets.marks import CheckBox
from workbench.gui.widgets.value_fields import ChoiceBox

RUNNERS: dict[RunnerKind, str] = {
    "none": "None: proposals stay not evaluated",
    "stored": "Stored results",
    "command": "An agent's command",
    "loop": "Built-in loop with a model",
}
_SANDBOX = "Commands run in bubblewrap: their own folder, no network, no home."
_NO_SANDBOX = (
    "There is no bubblewrap on this machine. Commands of these tasks are refused unless you allow "
    "them to run with your own rights."
)


class MeansSection(QWidget):
    """Fields; what they mean is said below each of them."""

    changed = Signal()

    def __init__(self, context: AppContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self.facts: TaskFacts | None = None
        self._allowed: frozenset[str] = frozenset()
        self.tasks = PathField("Task set", "A file or folder of tasks; none: nothing is evaluated")
        self.runner = ChoiceBox("Runner")
        self.command = QLineEdit()
        self.pattern = QLineEdit()
        self.results = PathField("Stored results", "JSON lines: task, skills, score")
        self.documents = PathField("Documents", "Files to learn from, divided by ;", files=True)
        self.scheduler = QLineEdit()
        self.network = CheckBox("Let tasks use the network")
        self.allow = CheckBox("Allow it for this task set, as it is now")
        self._counts = words(muted=True)
        self._sandbox = words(muted=True)
        self._lay_out()
        self._connect()
        self._show()

    def kind(self) -> RunnerKind:
        """Return which runner was chosen; none without tasks."""
        found = str(self.runner.currentData())
        kind: RunnerKind = next((one for one in RUNNERS if one == found), "none")
        return kind if self.facts is not None and self.facts.tasks is not None else "none"

    def template(self) -> CommandTemplate | None:
        """Return the agent's command, None while it is empty or its quotes do not close."""
        try:
            argv = tuple(shlex.split(self.command.text()))
        except ValueError:
            return None
        if not argv:
            return None
        return CommandTemplate(
            argv, traces=self.pattern.text().strip(), network=self.network.isChecked()
        )

    def problem(self) -> str:
        """Say what is wrong or missing, empty when nothing is."""
        path = self.tasks.path()
        if path is not None and self.facts is not None and self.facts.problem:
            return self.facts.problem
        if path is not None and self.facts is None:
            return "the task set is being read."
        kind = self.kind()
        results = self.results.path()
        if results is not None and not results.is_file():
            return f"there is no file {results}."
        if kind == "stored" and results is None:
            return "the runner needs a file of stored results."
        if kind == "command" and self.template() is None:
            return "write the command of the agent, with {prompt} and {skills}."
        if kind in ("command", "loop") and not self.sandboxed and not self.allow.isChecked():
            return "there is no sandbox: allow the commands of this task set, or choose no runner."
        missing = [path for path in self.documents.paths() if not path.is_file()]
        return f"there is no document {missing[0]}." if missing else ""

    @property
    def sandboxed(self) -> bool:
        """Whether commands run in a sandbox here."""
        return available_sandbox() is not None

    def show_choices(self, kept: Remembered) -> None:
        """Show what was chosen before."""
        self._allowed = frozenset(kept.allowed)
        self.runner.setCurrentIndex(max(0, self.runner.findData(kept.runner)))
        self.command.setText(kept.command)
        self.pattern.setText(kept.traces_pattern)
        self.results.set(kept.results)
        self.documents.set("; ".join(kept.documents))
        self.scheduler.setText(kept.scheduler)
        self.network.setChecked(kept.network)
        self.tasks.set(kept.tasks)

    def allowed(self) -> tuple[str, ...]:
        """Return the hashes of task sets a person allowed without a sandbox."""
        return tuple(sorted(self._allowed))

    def _lay_out(self) -> None:
        for kind, title in RUNNERS.items():
            self.runner.addItem(title, kind)
        self.command.setPlaceholderText('my-agent --print "{prompt}" --skills "{skills}"')
        self.pattern.setPlaceholderText(".agent/sessions/**/*.jsonl")
        self.scheduler.setPlaceholderText("tcp://host:8786; empty: this machine")
        self._rows = {
            "command": _wide("Command", self.command),
            "pattern": _wide("Traces it leaves", self.pattern),
            "scheduler": _wide("Dask scheduler", self.scheduler),
            "results": _wide("Stored results", self.results),
        }
        runner = _wide("Runner", self.runner)
        self._for_tasks = QWidget()
        below = column(self._for_tasks, spacing=8)
        for one in (runner, *(self._rows[name] for name in ("command", "pattern", "scheduler"))):
            below.addWidget(one)
        below.addWidget(self._sandbox)
        below.addWidget(self.allow)
        below.addWidget(self.network)
        inside = column(self, spacing=0)
        inside.addWidget(
            group(
                "Tasks",
                field_row("Task set", self.tasks, wide=True),
                self._counts,
                self._for_tasks,
                self._rows["results"],
            )
        )
        inside.addWidget(group("Documents", field_row("Files", self.documents, wide=True)))

    def _connect(self) -> None:
        self.tasks.changed.connect(self._read_tasks)
        self.allow.toggled.connect(self._allow)
        self.runner.currentIndexChanged.connect(lambda _index: self._show())
        for field in (self.command, self.pattern, self.scheduler):
            field.textChanged.connect(lambda _text: self.changed.emit())
        self.network.toggled.connect(lambda _on: self.changed.emit())
        for path in (self.results, self.documents):
            path.changed.connect(self.changed)

    def _read_tasks(self) -> None:
        path = self.tasks.path()
        if self.facts is not None and path == self.facts.path:
            return
        self.facts = None
        if path is not None:
            self._context.spawn_thread(read_facts, path, on_done=self._tasks_read, owner=self)
        self._show()

    def _tasks_read(self, facts: TaskFacts) -> None:
        if facts.path != self.tasks.path():
            return
        self.facts = facts
        self.allow.blockSignals(True)
        self.allow.setChecked(facts.hash in self._allowed)
        self.allow.blockSignals(False)
        self._show()

    def _allow(self, on: bool) -> None:
        if self.facts is not None and self.facts.hash:
            self._allowed = (
                self._allowed | {self.facts.hash} if on else (self._allowed - {self.facts.hash})
            )
        self.changed.emit()

    def _show(self) -> None:
        """Show the fields that matter for what was chosen."""
        facts = self.facts
        there = facts is not None and facts.tasks is not None
        self._counts.setText(facts.text if facts is not None else "")
        self._counts.setVisible(facts is not None)
        kind = self.kind()
        executes = kind in ("command", "loop")
        self._for_tasks.setVisible(there)
        self._rows["command"].setVisible(kind == "command")
        self._rows["pattern"].setVisible(kind == "command")
        self._rows["scheduler"].setVisible(executes)
        self.network.setVisible(executes)
        boxed = self.sandboxed if executes else True
        self._sandbox.setText(_SANDBOX if boxed else _NO_SANDBOX)
        self._sandbox.setVisible(executes)
        self.allow.setVisible(executes and not boxed)
        self.changed.emit()


def _wide(name: str, field: QWidget) -> QWidget:
    box = QWidget()
    line = field_row(name, field, wide=True)
    line.setContentsMargins(0, 0, 0, 0)
    box.setLayout(line)
    line.setAlignment(Qt.AlignmentFlag.AlignVCenter)
    return box
