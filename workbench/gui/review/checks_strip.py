"""The strip below the diff: what the selection does to format, size, security and gate."""

from __future__ import annotations

from PySide6.QtCore import QSize, Signal
from PySide6.QtWidgets import QLabel, QTreeWidget, QTreeWidgetItem, QWidget

from workbench.gui.models.skill_rows import size_text
from workbench.gui.review.checks import Checked
from workbench.gui.review.flow import Flow
from workbench.gui.review.rows import LEVEL_TONES, level_text
from workbench.gui.theme.fonts import ui_font
from workbench.gui.theme.icons import icon
from workbench.gui.widgets.badge import TONE_ICONS, Tone
from workbench.gui.widgets.buttons import WordButton
from workbench.gui.widgets.layouts import column
from workbench.review.costs import Tokens

_HIGH = ("high", "critical")
_SIGNS = {"error": "error", "warning": "warning", "info": "info", "hint": "hint"}


class Fact(WordButton):
    """One check in a few words; a press shows the details."""

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._name = name
        self.setIconSize(QSize(14, 14))
        self.setAutoRaise(True)
        self.setFont(ui_font(0.92))
        self.say("…", "neutral")

    def say(self, text: str, tone: Tone, tip: str = "") -> None:
        """Show another result."""
        self.setText(f"{self._name}: {text}")
        self.setAccessibleName(f"{self._name}: {text}")
        sign = TONE_ICONS[tone] or "dot"
        self.setIcon(icon(sign, "text_muted" if tone == "neutral" else tone))
        self.setToolTip(tip or f"{self._name}: {text}. Press for details.")


class ChecksStrip(QWidget):
    """Five facts in a row; below them, when asked for, every problem that comes or goes.

    ``tasks_asked()`` asks for the tasks behind the gate.
    """

    tasks_asked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.format_fact, self.size_fact = Fact("Format"), Fact("Size")
        self.security_fact, self.text_fact = Fact("Security"), Fact("Text")
        self.gate_fact = Fact("Gate")
        self.facts = (
            self.format_fact,
            self.size_fact,
            self.security_fact,
            self.text_fact,
            self.gate_fact,
        )
        self.state = QLabel()
        self.state.setProperty("muted", True)
        self.state.setMinimumHeight(24)
        self.details = QTreeWidget()
        self.details.setAccessibleName("Details of the checks")
        self.details.setColumnCount(2)
        self.details.setHeaderHidden(True)
        self.details.setRootIsDecorated(False)
        self.details.setIndentation(12)
        self.details.setFixedHeight(150)
        self.details.header().setStretchLastSection(True)
        self.details.hide()
        line = Flow(spacing=0)
        line.setContentsMargins(10, 4, 12, 4)
        for fact in self.facts:
            line.addWidget(fact)
            if fact is self.gate_fact:
                fact.clicked.connect(lambda _checked=False: self.tasks_asked.emit())
            else:
                fact.clicked.connect(lambda _checked=False: self.toggle_details())
        line.addWidget(self.state)
        outer = column(self, spacing=0)
        outer.addLayout(line)
        outer.addWidget(self.details)

    def set_busy(self) -> None:
        """Say that the checks are being made; the last ones stay to be seen."""
        self.state.setText("Checking…")

    def show_problem(self, message: str) -> None:
        """Say why the checks could not be made."""
        self.state.setText("")
        for fact in self.facts:
            fact.say("not checked", "warning", message)

    def toggle_details(self) -> None:
        """Show or hide the details."""
        self.details.setVisible(self.details.isHidden())

    def show_checked(self, checked: Checked) -> None:
        """Show the checks of a selection."""
        self.state.setText("")
        self._show_format(checked)
        self._show_size(checked)
        self._show_security(checked)
        self._show_text(checked)
        gate = checked.gate
        self.gate_fact.say(
            level_text(gate.level),
            LEVEL_TONES[gate.level],
            " ".join(gate.reasons) or "Nobody has run tasks with this change.",
        )
        self._fill(checked)

    def _show_format(self, checked: Checked) -> None:
        errors = sum(one.severity == "error" for one in checked.new)
        worse = [one.client for one in checked.clients if one.new]
        text, tone = "nothing new", "success"
        if errors:
            text, tone = f"{errors} new errors" if errors > 1 else "1 new error", "error"
        elif checked.new:
            count = len(checked.new)
            text, tone = f"{count} new problems" if count > 1 else "1 new problem", "warning"
        if checked.gone:
            text += f", {len(checked.gone)} solved"
        tip = f"For {', '.join(worse)}." if worse else f"For {len(checked.clients)} clients."
        self.format_fact.say(text, _tone(tone), tip)

    def _show_size(self, checked: Checked) -> None:
        by = checked.size_after - checked.size_before
        words = "as before" if not by else f"{'+' if by > 0 else '−'}{size_text(abs(by))}"
        costs = checked.result.costs
        tokens = sum(
            _all_tokens(one.after) - _all_tokens(one.before)
            for one in (costs.skills if costs else ())
        )
        if tokens:
            words += f", {tokens:+,} tokens".replace("-", "−")
        tip = (
            f"SKILL.md: {size_text(checked.size_before)} before, "
            f"{size_text(checked.size_after)} after."
        )
        lost = [name for one in costs.catalogues for name in one.dropped] if costs else []
        self.size_fact.say(words, "warning" if lost else "neutral", tip)

    def _show_security(self, checked: Checked) -> None:
        security = checked.result.security
        if checked.scan_problems:
            self.security_fact.say("scan incomplete", "warning", " ".join(checked.scan_problems))
            return
        if security is None:
            self.security_fact.say(
                "not scanned", "neutral", "No scanner is enabled (see Security)."
            )
            return
        bad = sum(one.severity in _HIGH for one in security.new)
        if not security.new and not security.capabilities:
            self.security_fact.say("nothing new", "success")
        elif bad:
            self.security_fact.say(f"{bad} serious", "error")
        else:
            count = len(security.new) + len(security.capabilities)
            self.security_fact.say(f"{count} to look at", "warning")

    def _show_text(self, checked: Checked) -> None:
        copied = checked.result.copied
        if not copied:
            tip = "No new passage stands word for word in another skill or a trace behind this."
            self.text_fact.say("nothing copied", "success", tip)
            return
        count = "1 passage" if len(copied) == 1 else f"{len(copied)} passages"
        sources = ", ".join(dict.fromkeys(one.source for one in copied))
        self.text_fact.say(f"{count} as elsewhere", "warning", f"Word for word as in {sources}.")

    def _fill(self, checked: Checked) -> None:
        self.details.clear()
        for text in checked.scan_problems:
            self._add("warning", "Scan incomplete", text)
        for text in checked.result.warnings:
            self._add("warning", "Look twice", text)
        for skill in checked.result.skills:
            for one in skill.new:
                where = f"{one.path}:{one.line}" if one.line else one.path
                self._add(_SIGNS[one.severity], f"New in {skill.name}", f"{where}  {one.message}")
            for one in skill.gone:
                self._add("check", f"Solved in {skill.name}", f"{one.path}  {one.message}")
        security = checked.result.security
        for finding in security.new if security else ():
            sign = "error" if finding.severity in _HIGH else "warning"
            place = f"{finding.path}:{finding.line}"
            self._add(sign, f"New {finding.severity} finding", f"{place}  {finding.why}")
        for capability in security.capabilities if security else ():
            self._add("warning", "Newly seen", capability)
        self._fill_costs(checked)
        for copied in checked.result.copied:
            licence = f", licence {copied.licence}" if copied.licence else ", no licence named"
            what = (
                f"the skill {copied.source}{licence}" if copied.kind == "skill" else copied.source
            )
            self._add("warning", f"{copied.words} words as in", f"{what}: “{copied.passage}”")
        for client in checked.clients:
            words = (
                f"{client.after}, as before"
                if client.after == client.before
                else f"{client.before} before, {client.after} after"
            )
            sign = {"ok": "check", "warning": "warning", "error": "error"}[client.after]
            self._add(sign, client.client, words)
        self.details.resizeColumnToContents(0)

    def _fill_costs(self, checked: Checked) -> None:
        costs = checked.result.costs
        if costs is None:
            return
        for one in costs.skills:
            parts = [
                f"{level} {_level(one.before, level):,} → {_level(one.after, level):,}"
                for level in ("catalogue", "body", "resources")
                if _level(one.before, level) != _level(one.after, level)
            ]
            self._add("info", f"Tokens of {one.skill}", f"{', '.join(parts)} ({costs.tokenizer})")
        for listing in costs.catalogues:
            words = f"{listing.before:,} → {listing.after:,} of {listing.limit:,} characters"
            if listing.dropped:
                words += f"; falls out: {', '.join(listing.dropped)}"
            if listing.back:
                words += f"; comes back: {', '.join(listing.back)}"
            self._add("warning" if listing.dropped else "info", f"List of {listing.client}", words)

    def _add(self, sign: str, what: str, words: str) -> None:
        tokens = {"check": "success", "error": "error", "warning": "warning", "info": "info"}
        item = QTreeWidgetItem([what, " ".join(words.split())])
        item.setIcon(0, icon(sign, tokens.get(sign, "text_muted")))
        item.setToolTip(1, words)
        self.details.addTopLevelItem(item)


def _level(tokens: Tokens | None, level: str) -> int:
    return 0 if tokens is None else int(getattr(tokens, level))


def _all_tokens(tokens: Tokens | None) -> int:
    return 0 if tokens is None else tokens.catalogue + tokens.body + tokens.resources


def _tone(name: str) -> Tone:
    tones: dict[str, Tone] = {"success": "success", "warning": "warning", "error": "error"}
    return tones[name]
