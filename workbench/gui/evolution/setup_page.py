"""Setting a run up: the engine, the skills and traces it gets, its settings."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QScrollArea,
    QWidget,
)

from workbench.domain.job import Budget
from workbench.evolution.run import EngineInputs
from workbench.gui.evolution.check_list import CheckList
from workbench.gui.evolution.engines import Engine, engine_lines, engines_of, facts_of
from workbench.gui.evolution.run_work import RunSetup
from workbench.gui.evolution.settings_form import FIELD_WIDTH, SettingsForm
from workbench.gui.evolution.source_field import SourceField
from workbench.gui.shell.context import AppContext
from workbench.gui.widgets.buttons import link_button, primary_button, push_button
from workbench.gui.widgets.layouts import column, row
from workbench.gui.widgets.split_view import SplitView
from workbench.gui.widgets.two_line_row import TwoLineList
from workbench.gui.widgets.value_fields import NumberBox
from workbench.plugin.registry import PluginInfo
from workbench.plugin.settings import Setting
from workbench.traces.open import OpenTrace

#: Lines longer than this are hard to read, and fields would stand far from their names.
_WIDEST = 820

_NOTE = (
    "An engine gets a copy of the library and changes nothing; what it proposes waits in Review. "
    "Plugins run in their own process for stability; that is no sandbox."
)


class SetupPage(QWidget):
    """Engines at the left; what the selected one is and gets at the right; Run at the foot."""

    started = Signal()

    def __init__(self, context: AppContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self.engine: Engine | None = None
        self.engines = TwoLineList("Engines", lambda engine: engine.id)
        self.skills = CheckList("skills")
        self.traces = CheckList("open traces")
        self.source = SourceField()
        self.form = SettingsForm(())
        self.most = NumberBox("Most proposals")
        self.seed = NumberBox("Seed of random choices")
        self.why = QLabel()
        self.run_button = primary_button("Run engine", self.started.emit)
        self._name = _label(heading=True)
        self._about = _label()
        self._trust = _label(muted=True)
        self._enable = push_button("Enable this engine", self._enable_engine)
        self._facts = QGridLayout()
        self._lay_out()
        self.engines.chosen.connect(self._choose)
        self.engines.opened.connect(lambda _engine: self.run_button.setFocus())
        for part in (self.skills, self.traces, self.source):
            part.changed.connect(self._judge)
        self.setFocusProxy(self.engines)

    def refresh(self) -> None:
        """Read again which engines there are and what they could get."""
        context = self._context
        library = context.library
        available = {"source"} | ({"traces"} if context.traces else set())
        engines = engines_of(context.plugins.plugins, available)
        self.engines.show_rows([(engine_lines(engine), engine) for engine in engines])
        skills = library.skills if library else ()
        self.skills.show_rows([(skill.id, skill.name or skill.id) for skill in skills])
        self.traces.show_rows([(_trace_key(one), _trace_words(one)) for one in context.traces])
        now = next((one for one in engines if self.engine and one.id == self.engine.id), None)
        if now is not None:
            self.engine = now
            self._judge()
        elif engines:
            self.engines.select_first()
        self._judge()

    def why_not(self) -> str | None:
        """Say why no run can be started now, None when one can."""
        engine = self.engine
        if self._context.library is None:
            return "open a folder of skills first (Ctrl+O)."
        if not self._context.library.skills:
            return "this library holds no skill yet."
        if engine is None:
            return "choose an engine first."
        if engine.why_not:
            return engine.why_not[0].lower() + engine.why_not[1:]
        if self.skills.chosen() == ():
            return "mark at least one skill."
        if engine.wants_traces and not self._given_traces():
            return "open traces to learn from first (Ctrl+Shift+O)."
        if engine.wants_source and self.source.problem():
            return self.source.problem()
        return self.form.problem() or None

    def setup(self) -> RunSetup:
        """Return what was chosen.

        Raises:
            ValueError: nothing can be started now; the message says why.
        """
        why, library, engine = self.why_not(), self._context.library, self.engine
        if why is not None or library is None or engine is None:
            raise ValueError(why)
        source = self.source.source() if engine.wants_source else None
        inputs = EngineInputs(
            skills=self.skills.chosen() or (),
            settings=self.form.values(),
            budget=Budget(max_proposals=self.most.value() or None),
            seed=self.seed.value(),
            source=source,
            source_repository=str(Path(library.root)) if source else None,
        )
        return RunSetup(
            library,
            engine.plugin,
            self._given_traces() if engine.wants_traces else (),
            inputs,
            self._context.job_runner,
            self._context.proposal_store,
            _secrets(engine.plugin),
        )

    def _given_traces(self) -> tuple[OpenTrace, ...]:
        chosen = self.traces.chosen()
        return tuple(
            one for one in self._context.traces if chosen is None or _trace_key(one) in chosen
        )

    def _choose(self, engine: Engine) -> None:
        changed = self.engine is None or engine.id != self.engine.id
        self.engine = engine
        manifest = engine.plugin.manifest
        self._name.setText(engine.name)
        self._about.setText(manifest.description if manifest else engine.plugin.reason)
        self._show_facts(engine)
        self._trust.setText(engine.plugin.reason)
        self._enable.setVisible(engine.plugin.state == "disabled")
        self._trust.setVisible(engine.plugin.state == "disabled")
        if changed:
            self._show_form(manifest.settings if manifest else ())
        random = manifest is not None and not manifest.deterministic
        self.seed.setVisible(random)
        self._seed_label.setVisible(random)
        self._traces_box.setVisible(engine.wants_traces)
        self._source_box.setVisible(engine.wants_source)
        self._judge()

    def _judge(self) -> None:
        why = self.why_not()
        self.run_button.setEnabled(why is None)
        self.why.setText("" if why is None else f"Cannot run: {why}")
        self.why.setVisible(why is not None)
        self.run_button.setToolTip("Run the engine (Ctrl+E)" if why is None else why)

    def _enable_engine(self) -> None:
        if self.engine is not None:
            self._context.plugins.set_enabled(self.engine.id, True)
            self.refresh()
            self._choose(self.engine)

    def _show_facts(self, engine: Engine) -> None:
        while (item := self._facts.takeAt(0)) is not None:
            old = item.widget()
            if old is not None:
                old.deleteLater()
        for number, (name, text) in enumerate(facts_of(engine)):
            label = _label(muted=True)
            label.setText(name)
            label.setWordWrap(False)
            value = _label()
            value.setText(text)
            self._facts.addWidget(label, number, 0, Qt.AlignmentFlag.AlignTop)
            self._facts.addWidget(value, number, 1)
        self._facts.setColumnStretch(1, 1)

    def _show_form(self, fields: Sequence[Setting]) -> None:
        old = self.form
        self.form = SettingsForm(fields)
        self.form.changed.connect(self._judge)
        self._settings_inside.replaceWidget(old, self.form)
        old.deleteLater()

    def _lay_out(self) -> None:
        body = QWidget()
        body.setMaximumWidth(_WIDEST)
        inside = column(body, spacing=8)
        inside.setContentsMargins(24, 20, 24, 20)
        inside.addWidget(self._name)
        inside.addWidget(self._about)
        inside.addWidget(self._trust)
        inside.addWidget(self._enable, 0, Qt.AlignmentFlag.AlignLeft)
        inside.addSpacing(4)
        self._facts.setHorizontalSpacing(20)
        self._facts.setVerticalSpacing(6)
        inside.addLayout(self._facts)
        self._source_box = _group("Compare with", self.source)
        inside.addWidget(self._source_box)
        inside.addWidget(_group("Skills", self.skills))
        traces = QWidget()
        of_traces = column(traces, spacing=4)
        of_traces.addWidget(self.traces)
        self.open_traces = link_button(
            "Open traces…", lambda: self._context.commands.run("file.open_traces")
        )
        of_traces.addWidget(self.open_traces, 0, Qt.AlignmentFlag.AlignLeft)
        self._traces_box = _group("Traces", traces)
        inside.addWidget(self._traces_box)
        settings = QWidget()
        self._settings_inside = column(settings, spacing=10)
        self._settings_inside.addWidget(self.form)
        for line in self._limits():
            self._settings_inside.addLayout(line)
        inside.addWidget(_group("Settings", settings))
        inside.addStretch(1)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        area.setWidget(body)
        self.engines.setMinimumWidth(220)
        split = SplitView((self.engines, area), sizes=(320, 640), stretch=(0, 1))
        outer = column(self, spacing=0)
        outer.addWidget(split, 1)
        outer.addWidget(self._foot())

    def _limits(self) -> list[QHBoxLayout]:
        self.most.setRange(0, 10_000)
        self.most.setSpecialValueText("no limit")
        self.seed.setRange(0, 2**31 - 1)
        lines: list[QHBoxLayout] = []
        for box in (self.most, self.seed):
            box.setFixedWidth(FIELD_WIDTH)
            label = QLabel(box.accessibleName())
            label.setBuddy(box)
            line = row(spacing=16)
            line.addWidget(label, 1)
            line.addWidget(box)
            lines.append(line)
            if box is self.seed:
                self._seed_label = label
        return lines

    def _foot(self) -> QWidget:
        foot = QFrame()
        foot.setObjectName("ProblemList")
        note = _label(muted=True)
        note.setText(_NOTE)
        self.why.setWordWrap(True)
        self.why.setTextFormat(Qt.TextFormat.PlainText)
        words = column(spacing=2)
        words.addWidget(self.why)
        words.addWidget(note)
        line = row(foot, spacing=24)
        line.setContentsMargins(16, 10, 16, 10)
        line.addLayout(words, 1)
        line.addWidget(self.run_button, 0, Qt.AlignmentFlag.AlignVCenter)
        return foot


def _group(title: str, widget: QWidget) -> QWidget:
    box = QWidget()
    inside = column(box, spacing=8)
    inside.setContentsMargins(0, 16, 0, 0)
    label = QLabel(title)
    label.setProperty("section", True)
    inside.addWidget(label)
    inside.addWidget(widget)
    return box


def _label(*, heading: bool = False, muted: bool = False) -> QLabel:
    label = QLabel()
    label.setWordWrap(True)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setProperty("heading", heading)
    label.setProperty("muted", muted)
    return label


def _trace_key(trace: OpenTrace) -> str:
    return f"{trace.path}#{trace.trajectory.id}"


def _trace_words(trace: OpenTrace) -> str:
    trajectory = trace.trajectory
    return f"{trajectory.title or trace.path.name}  ({len(trajectory.steps)} steps)"


def _secrets(plugin: PluginInfo) -> dict[str, str]:
    """Return the keys the plugin declares, as far as the environment has them."""
    wanted = plugin.manifest.secrets if plugin.manifest else ()
    return {name: os.environ[name] for name in wanted if name in os.environ}
