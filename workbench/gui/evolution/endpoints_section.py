"""Which endpoint answers for which role."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from workbench.gui.evolution.form_rows import FIELD_WIDTH, group, words
from workbench.gui.shell.context import AppContext
from workbench.gui.widgets.buttons import link_button
from workbench.gui.widgets.layouts import column, row
from workbench.gui.widgets.value_fields import ChoiceBox
from workbench.llm.profiles import EndpointProblem, EndpointProfile, read_profiles
from workbench.llm.service import ANY_ROLE

_WORDS = {
    ANY_ROLE: "All roles",
    "proposer": "Proposer",
    "judge": "Judge",
    "target": "Target: works on tasks",
}


class EndpointsSection(QWidget):
    """A choice of endpoint for all roles, and one for each role that needs its own."""

    changed = Signal()
    wanted = Signal()

    def __init__(self, context: AppContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self._profiles: dict[str, EndpointProfile] = {}
        self._chosen: dict[str, str] = {}
        self._boxes: dict[str, ChoiceBox] = {}
        self._note = words(muted=True)
        self.manage = link_button("Endpoints…", self.wanted.emit)
        self._rows = QWidget()
        self._inside = column(self._rows, spacing=8)
        below = row()
        below.addWidget(self.manage)
        below.addStretch(1)
        box = group("Models", self._rows, self._note, below)
        column(self, spacing=0).addWidget(box)

    def refresh(self, roles: Iterable[str] = ()) -> None:
        """Read the profiles again and offer them for these roles."""
        try:
            found = read_profiles(self._context.folders.endpoints)
            problem = ""
        except EndpointProblem as told:
            found, problem = (), str(told)
        self._profiles = {profile.name: profile for profile in found}
        wanted = (ANY_ROLE, *sorted(set(roles) - {ANY_ROLE}))
        if wanted != tuple(self._boxes) or any(
            [box.itemData(n) for n in range(1, box.count())] != list(self._profiles)
            for box in self._boxes.values()
        ):
            self._make(wanted)
        self._note.setText(
            problem
            or ("" if found else "There is no endpoint yet. The evidence miner needs none.")
            or "Texts pass the removal of secrets before they are sent; see the preview above."
        )

    def by_role(self) -> Mapping[str, EndpointProfile]:
        """Return the chosen profiles by role."""
        return {
            role: self._profiles[name]
            for role, name in self._chosen.items()
            if name in self._profiles and role in self._boxes
        }

    def names(self) -> dict[str, str]:
        """Return the chosen names by role, those of roles that are not asked for as well."""
        return dict(self._chosen)

    def show_choices(self, names: Mapping[str, str]) -> None:
        """Show what was chosen before."""
        self._chosen = dict(names)
        for role, box in self._boxes.items():
            box.setCurrentIndex(max(0, box.findData(self._chosen.get(role, ""))))

    def choose(self, role: str, name: str) -> None:
        """Choose a profile for a role."""
        box = self._boxes[role]
        box.setCurrentIndex(max(0, box.findData(name)))

    def _make(self, roles: tuple[str, ...]) -> None:
        while (item := self._inside.takeAt(0)) is not None:
            old = item.widget()
            if old is not None:
                old.hide()
                old.deleteLater()
        self._boxes = {}
        for role in roles:
            title = _WORDS.get(role, role)
            box = ChoiceBox(f"Endpoint for {title.lower()}")
            box.addItem("none" if role == ANY_ROLE else "as for all roles", "")
            for name, profile in self._profiles.items():
                box.addItem(f"{name}  ({profile.model or 'first model'})", name)
            box.setCurrentIndex(max(0, box.findData(self._chosen.get(role, ""))))
            box.currentIndexChanged.connect(
                lambda _index, role=role, box=box: self._choose(role, str(box.currentData()))
            )
            holder = QWidget()
            line = row(holder, spacing=16)
            label = words(title)
            label.setFixedWidth(FIELD_WIDTH)
            line.addWidget(label)
            line.addWidget(box, 1)
            self._inside.addWidget(holder)
            self._boxes[role] = box

    def _choose(self, role: str, name: str) -> None:
        self._chosen = {**self._chosen, role: name}
        if not name:
            del self._chosen[role]
        self.changed.emit()
