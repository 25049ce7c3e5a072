"""Setting a run up: the engine, what it gets, what it may take, and what that comes to."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from pathlib import Path

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QFrame, QGridLayout, QLabel, QScrollArea, QWidget

from workbench.domain.job import ModelInput, Request
from workbench.domain.skill import Skill
from workbench.evaluation.runner import RunLimits
from workbench.evolution.estimate import Estimate, Sizes, estimate, estimate_lines, sizes_of
from workbench.evolution.prepare import MeansChoice
from workbench.evolution.remembered import Remembered, remember, remembered
from workbench.evolution.run import EngineInputs
from workbench.gui.evolution.check_list import CheckList
from workbench.gui.evolution.endpoints_section import EndpointsSection
from workbench.gui.evolution.engines import Engine, engine_lines, engines_of, facts_of
from workbench.gui.evolution.estimate_box import EstimateBox
from workbench.gui.evolution.form_rows import group, words
from workbench.gui.evolution.limits_section import LimitsSection
from workbench.gui.evolution.means_section import MeansSection
from workbench.gui.evolution.run_work import RunSetup
from workbench.gui.evolution.settings_form import SettingsForm
from workbench.gui.evolution.setup_words import needed_roles, roles, secrets, trace_key, trace_words
from workbench.gui.evolution.source_field import SourceField
from workbench.gui.shell.context import AppContext
from workbench.gui.widgets.buttons import link_button, primary_button, push_button
from workbench.gui.widgets.layouts import column, row
from workbench.gui.widgets.marks import CheckBox
from workbench.gui.widgets.split_view import SplitView
from workbench.gui.widgets.two_line_row import TwoLineList
from workbench.llm.service import ANY_ROLE
from workbench.plugin.settings import Setting
from workbench.traces.open import OpenTrace

#: Lines longer than this are hard to read, and fields would stand far from their names.
_WIDEST = 820
_PAUSE_MS = 150

_NOTE = (
    "An engine gets a copy of the library and changes nothing; what it proposes waits in Review. "
    "Plugins run in their own process for stability; that is no sandbox."
)


class SetupPage(QWidget):
    """Engines at the left; what the selected one is and gets at the right; Run at the foot."""

    started = Signal()
    preview_wanted = Signal()
    endpoints_wanted = Signal()

    def __init__(self, context: AppContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self.engine: Engine | None = None
        self._library = ""
        self.engines = TwoLineList("Engines", lambda engine: engine.id)
        self.skills = CheckList("skills")
        self.traces = CheckList("open traces")
        self.source = SourceField()
        self.form = SettingsForm(())
        self.labels = CheckBox("Give it what people said of the traces; notes may go to a model")
        self.why = QLabel()
        self.run_button = primary_button("Run engine", self.started.emit)
        self._name, self._about = words(heading=True), words()
        self._trust = words(muted=True)
        self._enable = push_button("Enable this engine", self._enable_engine)
        self._facts = QGridLayout()
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.setInterval(_PAUSE_MS)
        self._later.timeout.connect(self._work_out)
        self._stages: list[Callable[[], None]] = [
            self._add_evidence,
            self._add_means,
            self._add_limits,
            self._add_settings,
            self.refresh,
        ]
        self._lay_out()
        self._connect()
        self.setFocusProxy(self.engines)

    @cached_property
    def means(self) -> MeansSection:
        """Tasks and who carries them out."""
        return MeansSection(self._context)

    @cached_property
    def endpoints(self) -> EndpointsSection:
        """Which endpoint answers for which role."""
        return EndpointsSection(self._context)

    @cached_property
    def limits(self) -> LimitsSection:
        """What a run may take, and how it is judged."""
        return LimitsSection()

    @cached_property
    def estimate(self) -> EstimateBox:
        """What it comes to."""
        return EstimateBox()

    def build_more(self) -> bool:
        """Make the next part of the form; False when it is whole.

        The form is made in parts, so that the window goes on drawing between them.
        """
        if self._stages:
            self._stages.pop(0)()
        return bool(self._stages)

    def complete(self) -> None:
        """Make all that is left of the form at once."""
        while self.build_more():
            pass

    def refresh(self) -> None:
        """Read again which engines there are and what they could get."""
        if len(self._stages) > 0:
            return  # the last of the parts does it
        context = self._context
        library = context.library
        if library is not None and library.root != self._library:
            self._library = library.root
            self._show_kept(remembered(context.folders.state, library.root))
        skills = library.skills if library else ()
        self.skills.show_rows([(skill.id, skill.name or skill.id) for skill in skills])
        self.traces.show_rows([(trace_key(one), trace_words(one)) for one in context.traces])
        self.refresh_engines()

    def refresh_engines(self) -> None:
        """Say again which engines can run with what is chosen now."""
        wanted = self.engine.plugin.manifest if self.engine else None
        self.endpoints.refresh(roles(wanted.needs if wanted else (), self.means.kind()))
        engines = engines_of(self._context.plugins.plugins, self.available())
        self.engines.show_rows([(engine_lines(engine), engine) for engine in engines])
        now = next((one for one in engines if self.engine and one.id == self.engine.id), None)
        if now is not None:
            self.engine = now
        elif engines:
            self.engines.select_first()
        self._judge()

    def available(self) -> set[str]:
        """Return what a run can hold now, as needs of manifests."""
        found = {"source"}
        choice = self.choice()
        for name, there in (
            ("traces", bool(self._context.traces)),
            ("tasks", self.means.facts is not None and self.means.facts.tasks is not None),
            ("runner", choice.runner != "none"),
            ("results", choice.results is not None),
            ("documents", bool(choice.documents)),
            ("network", bool(choice.endpoints)),
        ):
            if there:
                found.add(name)
        named = set(choice.endpoints)
        if ANY_ROLE in named:
            named |= {"proposer", "judge", "target", *needed_roles(self._context.plugins.plugins)}
        return found | {f"model:{role}" for role in named}

    def choice(self) -> MeansChoice:
        """Return tasks, runner, models and budget as they are chosen now."""
        means, facts = self.means, self.means.facts
        return MeansChoice(
            tasks=facts.path if facts is not None and facts.tasks is not None else None,
            runner=means.kind(),
            template=means.template(),
            results=means.results.path(),
            documents=means.documents.paths(),
            endpoints=self.endpoints.by_role(),
            budget=self.limits.budget(),
            limits=RunLimits(network=means.network.isChecked()),
            allow_unsandboxed=facts is not None and facts.hash in means.allowed(),
            scheduler=means.scheduler.text().strip(),
        )

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
        return self.why_not_with(engine)

    def why_not_with(self, engine: Engine) -> str | None:
        """Say what is missing of what is chosen here, for this engine."""
        if self.skills.chosen() == ():
            return "mark at least one skill."
        if engine.learns_from_traces and not self.given_traces():
            return "open traces to learn from first (Ctrl+Shift+O)."
        if engine.wants_source and self.source.problem():
            return self.source.problem()
        return self.form.problem() or self.means.problem() or None

    def setup(self) -> RunSetup:
        """Return what was chosen.

        Raises:
            ValueError: nothing can be started now; the message says why.
        """
        why, library, engine = self.why_not(), self._context.library, self.engine
        if why is not None or library is None or engine is None:
            raise ValueError(why)
        self.keep()
        return self.setup_for(engine, self.form.values())

    def setup_for(self, engine: Engine, settings: Mapping[str, object]) -> RunSetup:
        """Return the run of an engine with what is chosen here."""
        library = self._context.library
        assert library is not None
        source = self.source.source() if engine.wants_source else None
        choice = self.choice()
        inputs = EngineInputs(
            skills=self.skills.chosen() or (),
            settings=dict(settings),
            budget=choice.budget,
            seed=self.limits.seed.value(),
            source=source,
            source_repository=str(Path(library.root)) if source else None,
        )
        return RunSetup(
            library,
            engine.plugin,
            self.given_traces() if engine.wants_traces else (),
            inputs,
            self._context.job_runner,
            self._context.proposal_store,
            secrets(engine.plugin),
            choice,
            self.limits.gating(),
            self._context.folders.cache,
            self._context.annotations.all if self.labels.isChecked() else (),
        )

    def keep(self) -> None:
        """Remember what is chosen for this library."""
        if not self._library:
            return
        means, limits = self.means, self.limits
        kept = Remembered(
            engine=self.engine.id if self.engine else "",
            tasks=means.tasks.line.text(),
            runner=str(means.runner.currentData()),
            command=means.command.text(),
            traces_pattern=means.pattern.text(),
            results=means.results.line.text(),
            documents=tuple(str(path) for path in means.documents.paths()),
            endpoints=self.endpoints.names(),
            scheduler=means.scheduler.text(),
            network=means.network.isChecked(),
            allowed=means.allowed(),
            labels=self.labels.isChecked(),
            tokens=limits.tokens.value(),
            usd=limits.usd.value() or 0.0,
            task_runs=limits.task_runs.value(),
            seconds=limits.seconds.value(),
            proposals=limits.most.value(),
            rule=str(limits.rule.currentData()),
            runs=limits.runs.value(),
            seed=limits.seed.value(),
        )
        self._context.spawn_thread(
            remember, self._context.folders.state, self._library, kept, owner=self
        )

    def show_request(self, engine_id: str, request: Request | None) -> None:
        """Choose what an earlier run had: a run again finds its answers in the cache."""
        self.engines.select(engine_id)
        if request is None:
            return
        ids = tuple(skill.id for skill in request.skills)
        if len(ids) < self.skills.model.rowCount():
            self.skills.choose(ids)
        self.form.show_values(request.settings)
        self.limits.seed.setValue(request.seed)
        self.limits.most.setValue(request.budget.max_proposals or 0)

    def given_traces(self) -> tuple[OpenTrace, ...]:
        """Return the traces that are chosen."""
        chosen = self.traces.chosen()
        return tuple(
            one for one in self._context.traces if chosen is None or trace_key(one) in chosen
        )

    def given_skills(self) -> tuple[Skill, ...]:
        """Return the skills that are chosen."""
        library, chosen = self._context.library, self.skills.chosen()
        found = library.skills if library is not None else ()
        return tuple(one for one in found if chosen is None or one.id in chosen)

    def estimated(self, engine: Engine, settings: Mapping[str, object]) -> tuple[Estimate, Sizes]:
        """Work out what a run of an engine would take."""
        assert engine.plugin.manifest is not None
        choice, facts = self.choice(), self.means.facts
        traces = self.given_traces() if engine.wants_traces else ()
        tasks = facts.tasks if facts is not None else None
        sizes = sizes_of(traces, tasks, len(self.given_skills()), len(choice.documents))
        found = estimate(
            engine.plugin.manifest,
            sizes,
            settings=settings,
            budget=choice.budget,
            models=tuple(
                ModelInput(role, one.model, one.price_input, one.price_output)
                for role, one in choice.endpoints.items()
            ),
            gating=self.limits.gating(),
            has_runner=choice.runner != "none",
        )
        return found, sizes

    def _work_out(self) -> None:
        engine = self.engine
        if engine is None or engine.plugin.manifest is None:
            self.estimate.show_lines(())
            return
        found, sizes = self.estimated(engine, self.form.values())
        budget, rule = self.limits.budget(), self.limits.gating().rule
        lines = estimate_lines(found, sizes, budget, rule)
        self.estimate.show_lines([one for one in lines if one[0] != "Engine says"])

    def _show_kept(self, kept: Remembered) -> None:
        self.endpoints.show_choices(kept.endpoints)
        self.means.show_choices(kept)
        self.limits.show_choices(kept)
        self.labels.setChecked(kept.labels)
        if kept.engine:
            self.engines.select(kept.engine)

    def _choose(self, engine: Engine) -> None:
        changed = self.engine is None or engine.id != self.engine.id
        self.engine = engine
        manifest = engine.plugin.manifest
        self._name.setText(engine.name)
        self._about.setText(manifest.description if manifest else engine.plugin.reason)
        self._trust.setText(engine.plugin.reason)
        self._enable.setVisible(engine.plugin.state == "disabled")
        self._trust.setVisible(engine.plugin.state == "disabled")
        if changed:
            self._show_facts(engine)
            self._show_form(manifest.settings if manifest else ())
        random = manifest is not None and not manifest.deterministic
        self.limits.seed_row.setVisible(random)
        self._traces_box.setVisible(engine.wants_traces)
        self._source_box.setVisible(engine.wants_source)
        needs = manifest.needs if manifest else ()
        self.endpoints.refresh(roles(needs, self.means.kind()))
        self._judge()

    def _judge(self) -> None:
        why = self.why_not()
        self.run_button.setEnabled(why is None)
        self.why.setText("" if why is None else f"Cannot run: {why}")
        self.why.setVisible(why is not None)
        self.run_button.setToolTip("Run the engine (Ctrl+E)" if why is None else why)
        self._later.start()

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
            label, value = words(name, muted=True), words(text)
            label.setWordWrap(False)
            self._facts.addWidget(label, number, 0, Qt.AlignmentFlag.AlignTop)
            self._facts.addWidget(value, number, 1)
        self._facts.setColumnStretch(1, 1)

    def _show_form(self, fields: Sequence[Setting]) -> None:
        old = self.form
        self.form = SettingsForm(fields)
        self.form.changed.connect(self._judge)
        self._settings_inside.replaceWidget(old, self.form)
        self._settings_box.setVisible(bool(fields))
        old.hide()
        old.deleteLater()

    def _connect(self) -> None:
        self.engines.chosen.connect(self._choose)
        self.engines.opened.connect(lambda _engine: self.run_button.setFocus())
        for part in (self.skills, self.traces, self.source):
            part.changed.connect(self._judge)
        self.labels.toggled.connect(lambda _on: self._judge())

    def _lay_out(self) -> None:
        body = QWidget()
        body.setMaximumWidth(_WIDEST)
        inside = column(body, spacing=8)
        inside.setContentsMargins(24, 20, 24, 20)
        for label in (self._name, self._about, self._trust):
            inside.addWidget(label)
        inside.addWidget(self._enable, 0, Qt.AlignmentFlag.AlignLeft)
        inside.addSpacing(4)
        self._facts.setHorizontalSpacing(20)
        self._facts.setVerticalSpacing(6)
        inside.addLayout(self._facts)
        self._boxes = column(spacing=8)
        inside.addLayout(self._boxes)
        inside.addStretch(1)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        area.setWidget(body)
        self.engines.setMinimumWidth(220)
        split = SplitView((self.engines, area), sizes=(300, 660), stretch=(0, 1))
        outer = column(self, spacing=0)
        outer.addWidget(split, 1)
        outer.addWidget(self._foot())

    def _add_evidence(self) -> None:
        self._source_box = group("Compare with", self.source)
        self._traces_box = self._trace_group()
        for box in (self.estimate, self._source_box, group("Skills", self.skills)):
            self._boxes.addWidget(box)
        self._boxes.addWidget(self._traces_box)
        self.estimate.preview_wanted.connect(self.preview_wanted)

    def _add_means(self) -> None:
        self._boxes.addWidget(self.means)
        self._boxes.addWidget(self.endpoints)
        self.endpoints.wanted.connect(self.endpoints_wanted)
        for means in (self.means, self.endpoints):
            means.changed.connect(self.refresh_engines)

    def _add_limits(self) -> None:
        self._boxes.addWidget(self.limits)
        self.limits.changed.connect(self._judge)

    def _add_settings(self) -> None:
        settings = QWidget()
        self._settings_inside = column(settings, spacing=10)
        self._settings_inside.addWidget(self.form)
        self._settings_box = group("Settings of the engine", settings)
        self._boxes.addWidget(self._settings_box)

    def _trace_group(self) -> QWidget:
        self.open_traces = link_button(
            "Open traces…", lambda: self._context.commands.run("file.open_traces")
        )
        below = row()
        below.addWidget(self.open_traces)
        below.addStretch(1)
        self.labels.setToolTip("Their notes may then go to a model, with secrets taken out.")
        return group("Traces", self.traces, below, self.labels)

    def _foot(self) -> QWidget:
        foot = QFrame()
        foot.setObjectName("ProblemList")
        self.why.setWordWrap(True)
        self.why.setTextFormat(Qt.TextFormat.PlainText)
        lines = column(spacing=2)
        lines.addWidget(self.why)
        lines.addWidget(words(_NOTE, muted=True))
        line = row(foot, spacing=24)
        line.setContentsMargins(16, 10, 16, 10)
        line.addLayout(lines, 1)
        line.addWidget(self.run_button, 0, Qt.AlignmentFlag.AlignVCenter)
        return foot
