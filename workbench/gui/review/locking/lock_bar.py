"""The bar that asks what to lock and why, and shows what will be written; or what to unlock."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLineEdit, QSizePolicy, QWidget

from workbench.gui.review.act_bar import ActBar
from workbench.gui.theme.fonts import mono_font
from workbench.gui.widgets.layouts import row
from workbench.gui.widgets.plain_label import PlainLabel
from workbench.gui.widgets.value_fields import ChoiceBox
from workbench.review.rules.hunk_locks import LOCKS_FILE, Lockable, LockedPart, entry_text


class LockBar(ActBar):
    """Asks for a lock, or offers to take one away. Enter does it, Esc leaves."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Lock", parent)
        self.locks: tuple[LockedPart, ...] = ()
        self._parts: tuple[Lockable, ...] = ()
        self._by = ""
        self.part = ChoiceBox("What is locked")
        self.part.currentIndexChanged.connect(lambda _at: self._preview())
        self.reason = QLineEdit()
        self.reason.setPlaceholderText("Why it may not change (optional)")
        self.reason.setAccessibleName("Why it may not change")
        self.reason.textChanged.connect(lambda _text: self._preview())
        self.written = PlainLabel()
        self.written.setFont(mono_font(0.95))
        self.written.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.written.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._asked = QWidget()
        line = row(self._asked, spacing=8)
        line.addWidget(self.part)
        line.addWidget(self.reason, 1)
        self.inside.addWidget(self._asked)
        self.inside.addWidget(self.written)

    @property
    def unlocks(self) -> bool:
        """Whether it offers to take locks away."""
        return bool(self.locks)

    def lock(self) -> LockedPart:
        """Return the lock as it is chosen now."""
        part = self._parts[max(0, self.part.currentIndex())]
        return LockedPart(part.skill, part.part, self.reason.text().strip(), self._by)

    def ask(self, parts: Sequence[Lockable], library: Path, by: str) -> None:
        """Ask what to lock."""
        self.locks, self._parts, self._by = (), tuple(parts), by
        self.title.setText("Keep engines from changing this")
        self.confirm.setText("Lock")
        self.part.blockSignals(True)
        self.part.clear()
        self.part.addItems([part.title for part in parts])
        self.part.blockSignals(False)
        self.reason.clear()
        self._asked.show()
        self._preview()
        self.tell(
            f"Will be added to {LOCKS_FILE} of {library.name}. Until it is unlocked, no proposal "
            "may change it."
        )
        self.told.setToolTip(str(library / LOCKS_FILE))
        self.show()
        self.part.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def offer(self, locks: Sequence[LockedPart], library: Path) -> None:
        """Offer to take away the locks that hold a hunk."""
        self.locks = tuple(locks)
        self.title.setText("Unlock what holds this hunk back")
        self.confirm.setText("Unlock")
        self._asked.hide()
        self.written.setText("\n".join(entry_text(lock) for lock in locks))
        self.tell(f"Will be taken out of {LOCKS_FILE} of {library.name}.")
        self.told.setToolTip(str(library / LOCKS_FILE))
        self.show()
        self.confirm.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def _preview(self) -> None:
        if self._parts:
            self.written.setText(entry_text(self.lock()))
