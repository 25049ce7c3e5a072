"""Endpoints: which model servers there are, what they cost, and what they can do."""

from __future__ import annotations

import os

from msgspec.structs import replace
from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QLabel, QLineEdit, QScrollArea, QWidget

from workbench.files import FileProblem
from workbench.gui.evolution.amount_field import AmountField
from workbench.gui.evolution.form_rows import field_row, group, words
from workbench.gui.shell.context import AppContext
from workbench.gui.widgets.buttons import primary_button, push_button
from workbench.gui.widgets.layouts import column, row
from workbench.gui.widgets.split_view import SplitView
from workbench.gui.widgets.two_line_row import TwoLineList, TwoLines
from workbench.gui.widgets.value_fields import NumberBox
from workbench.llm.keys import KeyringProblem, store_key
from workbench.llm.probe import EndpointReport, probe_endpoint
from workbench.llm.profiles import (
    EndpointProblem,
    EndpointProfile,
    profile_problem,
    read_profiles,
    remove_profile,
    save_profile,
)

_WIDEST = 720


class EndpointsPage(QWidget):
    """Profiles at the left, the fields of one at the right. ``changed`` tells of new profiles."""

    changed = Signal()

    def __init__(self, context: AppContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self.list = TwoLineList("Endpoints", lambda profile: profile.name)
        self.name, self.base_url, self.model = QLineEdit(), QLineEdit(), QLineEdit()
        self.variable, self.key = QLineEdit(), QLineEdit()
        self.key.setEchoMode(QLineEdit.EchoMode.Password)
        self.price_input = AmountField("USD for a million tokens in", "not known")
        self.price_output = AmountField("USD for a million tokens out", "not known")
        self.concurrency = NumberBox("Calls at once")
        self.concurrency.setRange(1, 256)
        self.retries = NumberBox("Tries after a failure")
        self.retries.setRange(0, 20)
        self.seconds = NumberBox("Seconds to wait for an answer")
        self.seconds.setRange(1, 3600)
        self.max_output = NumberBox("Tokens of an answer at most")
        self.max_output.setRange(16, 1_000_000)
        self.save = primary_button("Save", self._save)
        self.test = push_button("Test", self._test)
        self.remove = push_button("Remove", self._remove)
        self.keep_key = push_button("Keep in the keyring", self._keep_key)
        self.add = push_button("Add endpoint", self.new)
        self.problem, self.key_state = words(), words(muted=True)
        self.results = TwoLineList("Results of the test", lambda probe: probe.name)
        self._shown = EndpointProfile("", "")
        self._lay_out()
        self.list.chosen.connect(self.show_profile)
        self.setFocusProxy(self.list)
        self.new()

    def refresh(self) -> None:
        """Read the profiles again."""
        try:
            found = read_profiles(self._context.folders.endpoints)
        except EndpointProblem as problem:
            found = ()
            self._say(str(problem))
        self.list.show_rows([(_lines(profile), profile) for profile in found])
        self._none.setVisible(not found)
        self.list.setVisible(bool(found))
        if found and self.list.current() is None and not self.name.text():
            self.list.select_first()

    def new(self) -> None:
        """Show empty fields for a new one."""
        self.list.clearSelection()
        self.list.setCurrentIndex(self.list.rows.index(-1))
        self.show_profile(EndpointProfile("", "", concurrency=4))
        self.name.setFocus()

    def show_profile(self, profile: EndpointProfile) -> None:
        """Show the fields of a profile."""
        self._shown = profile
        self.name.setText(profile.name)
        self.base_url.setText(profile.base_url)
        self.model.setText(profile.model)
        self.variable.setText(profile.key_variable or "")
        self.price_input.set_value(profile.price_input)
        self.price_output.set_value(profile.price_output)
        self.concurrency.setValue(profile.concurrency)
        self.retries.setValue(profile.retries)
        self.seconds.setValue(round(profile.timeout_s))
        self.max_output.setValue(profile.max_output)
        self.key.clear()
        self._say("")
        self.results.hide()
        self.remove.setEnabled(bool(profile.name))
        self._show_key(profile)

    def profile(self) -> EndpointProfile:
        """Return what the fields say."""
        return replace(
            self._shown,
            name=self.name.text().strip(),
            base_url=self.base_url.text().strip(),
            model=self.model.text().strip(),
            key_variable=self.variable.text().strip() or None,
            price_input=self.price_input.value(),
            price_output=self.price_output.value(),
            timeout_s=float(self.seconds.value()),
            concurrency=self.concurrency.value(),
            retries=self.retries.value(),
            max_output=self.max_output.value(),
        )

    def _save(self) -> None:
        profile = self.profile()
        if self._wrong(profile):
            return
        try:
            self._context.folders.config.mkdir(parents=True, exist_ok=True)
            save_profile(self._context.folders.endpoints, profile)
        except (FileProblem, OSError) as problem:
            self._say(f"It cannot be saved: {problem}")
            return
        self.refresh()
        self.list.select(profile.name)
        self._say(f"Saved {profile.name}.")
        self.changed.emit()

    def _remove(self) -> None:
        name = self.name.text().strip()
        try:
            remove_profile(self._context.folders.endpoints, name)
        except (EndpointProblem, FileProblem, OSError) as problem:
            self._say(str(problem))
            return
        self.new()
        self.refresh()
        self._say(f"Removed {name}.")
        self.changed.emit()

    def _keep_key(self) -> None:
        """Give the key to the keyring; it goes into no file, and out of the field."""
        profile, key = self.profile(), self.key.text().strip()
        if not profile.name:
            self._say("Give the endpoint a name first.")
            return
        self.key.clear()

        def done(_nothing: None) -> None:
            self._say("The key is kept in the keyring." if key else "The key is forgotten.")
            self._show_key(profile)

        self._context.spawn_thread(
            store_key, profile.name, key, on_done=done, on_error=self._failed, owner=self
        )

    def _test(self) -> None:
        profile = self.profile()
        if self._wrong(profile):
            return
        self.test.setEnabled(False)
        self._say(f"Asking {profile.base_url}…")
        self._context.spawn_thread(
            probe_endpoint, profile, on_done=self._tested, on_error=self._failed, owner=self
        )

    def _tested(self, report: EndpointReport) -> None:
        self.test.setEnabled(True)
        usable = "It can be used" if report.usable else "It cannot be used: it does not chat"
        self._say(f"{usable}. Model: {report.model or 'none'}.")
        rows: list[tuple[TwoLines, object]] = []
        for probe in report.probes:
            sign = {True: "check-circle", False: "error", None: "info"}[probe.ok]
            token = {True: "success", False: "error", None: "text_muted"}[probe.ok]
            word = {True: "yes", False: "no", None: "not tried"}[probe.ok]
            rows.append(
                (
                    TwoLines(probe.name, probe.detail, aside=word, icon=sign, token=token),
                    probe,
                )
            )
        self.results.show_rows(rows)
        self.results.setFixedHeight(52 * len(rows) + 4)
        self.results.show()

    def _failed(self, problem: BaseException) -> None:
        self.test.setEnabled(True)
        self.results.hide()
        known = isinstance(problem, EndpointProblem | KeyringProblem)
        self._say(str(problem) if known else f"{type(problem).__name__}: {problem}")

    def _wrong(self, profile: EndpointProfile) -> bool:
        problem = profile_problem(profile)
        self._say(problem)
        return bool(problem)

    def _say(self, text: str) -> None:
        self.problem.setText(text)
        self.problem.setVisible(bool(text))

    def _show_key(self, profile: EndpointProfile) -> None:
        """Say where its key is; asking a keyring may wait for the person, so in a thread."""
        variable = profile.key_variable
        if variable and os.environ.get(variable):
            self.key_state.setText(f"The key comes from the variable {variable}.")
            return
        self.key_state.setText("Keys are kept in the keyring or a variable, never in a file.")
        if not profile.name:
            return

        def done(key: str | None) -> None:
            if self.name.text().strip() == profile.name and key:
                self.key_state.setText("The key is in the keyring.")

        self._context.spawn_thread(profile.key, on_done=done, owner=self)

    def _lay_out(self) -> None:
        left = QWidget()
        left.setMinimumWidth(220)
        self._none = words("No endpoint yet. The workbench needs none.", muted=True)
        self._none.setContentsMargins(12, 4, 12, 4)
        lines = column(left, spacing=0)
        head = row(spacing=8)
        head.setContentsMargins(12, 8, 8, 8)
        title = QLabel("Endpoints")
        title.setProperty("section", True)
        head.addWidget(title, 1)
        head.addWidget(self.add)
        lines.addLayout(head)
        lines.addWidget(self._none)
        lines.addWidget(self.list, 1)
        lines.addStretch(0)
        body = QWidget()
        body.setMaximumWidth(_WIDEST)
        inside = column(body, spacing=8)
        inside.setContentsMargins(24, 8, 24, 20)
        for box in self._groups():
            inside.addWidget(box)
        inside.addWidget(self.problem)
        buttons = row(spacing=8)
        for button in (self.save, self.test):
            buttons.addWidget(button)
        buttons.addStretch(1)
        buttons.addWidget(self.remove)
        inside.addLayout(buttons)
        inside.addWidget(self.results)
        inside.addStretch(1)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setWidget(body)
        column(self, spacing=0).addWidget(SplitView((left, area), sizes=(280, 660), stretch=(0, 1)))

    def _groups(self) -> tuple[QWidget, ...]:
        self.base_url.setPlaceholderText("http://127.0.0.1:8080/v1")
        self.model.setPlaceholderText("the first one the server names")
        self.variable.setPlaceholderText("MY_SERVER_KEY")
        self.key.setPlaceholderText("empty: forget the key that is kept")
        key = row(spacing=8)
        self.key.setAccessibleName("Key")
        line = field_row("Key", self.key, wide=True)
        line.addWidget(self.keep_key)
        key.addLayout(line, 1)
        server = group(
            "Server",
            field_row("Name", self.name, wide=True),
            field_row("Address", self.base_url, wide=True),
            field_row("Model", self.model, wide=True),
        )
        keys = group("Key", field_row("Variable", self.variable, wide=True), key, self.key_state)
        limits = group(
            "Price and limits",
            field_row("USD for a million tokens in", self.price_input),
            field_row("USD for a million tokens out", self.price_output),
            field_row("Calls at once", self.concurrency),
            field_row("Tries after a failure", self.retries),
            field_row("Seconds to wait for an answer", self.seconds),
            field_row("Tokens of an answer at most", self.max_output),
        )
        return server, keys, limits


def _lines(profile: EndpointProfile) -> TwoLines:
    return TwoLines(
        title=profile.name,
        detail=profile.model or "first model",
        aside=profile.base_url,
        icon="link",
        token="accent",
        tip=f"{profile.name}\n{profile.base_url}",
    )
