"""Checks what is selected soon after it changed, one run at a time, and shows it in the strip."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from workbench.domain.proposal import HunkVerdict
from workbench.gui.review.backend import Opened
from workbench.gui.review.checks.selection import Checked, check_selection, scan_base
from workbench.gui.review.checks.strip import ChecksStrip
from workbench.gui.review.work import Work
from workbench.gui.shell.context import AppContext
from workbench.gui.widgets.pause import single_shot
from workbench.review.checks.scanning import Scanners
from workbench.review.checks.warm import WarmChecks
from workbench.review.rules.admission import Means

if TYPE_CHECKING:
    from workbench.plugin.registry import PluginInfo

#: Verdicts given as fast as a key repeats are checked together.
_PAUSE_MS = 60
#: What a person stays with so long is about to be decided on: its base is scanned ahead.
_AHEAD_MS = 700

#: The proposal on the desk with its verdicts of now, None while there is nothing to check.
Selection = Callable[[], tuple[Opened, tuple[HunkVerdict, ...]] | None]


class Checking(QObject):
    """Asks ``selection`` when it starts, so that it never checks what is not shown any more."""

    def __init__(
        self,
        context: AppContext,
        work: Work,
        strip: ChecksStrip,
        selection: Selection,
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._context, self._work, self._strip = context, work, strip
        self._selection = selection
        self._again = False
        self._warm = WarmChecks()
        self._proposal = ""
        self._ahead_of = ""
        self._later = single_shot(self, _PAUSE_MS, self._check)
        self._ahead = single_shot(self, _AHEAD_MS, self._scan_ahead)

    @property
    def due(self) -> bool:
        """Whether a run is about to start."""
        return self._later.isActive()

    @property
    def means(self) -> Means:
        """What facts about a selection are found out with; the same as for the checks."""
        scanners = Scanners(self._scanners(), self._context.job_runner, self._warm.scans)
        return Means(scanners, self._context.folders.data / "trust.jsonl", self._warm)

    def start_soon(self) -> None:
        """Check the selection when it has stayed the same for a moment."""
        self._later.start()

    def _check(self) -> None:
        selected = self._selection()
        if selected is None:
            return
        if self._work.runs("check"):
            self._again = True
            return
        self._again = False
        self._strip.set_busy()
        opened, verdicts = selected
        self._proposal = opened.proposal.id
        library = self._context.library
        self._work.start(
            "check",
            partial(
                check_selection,
                warm=self._warm,
                others=() if library is None else (Path(library.root),),
            ),
            opened.review,
            verdicts,
            self._clients(),
            self._scanning(),
            on_done=self._checked,
            on_problem=self._strip.show_problem,
        )

    def _checked(self, checked: Checked) -> None:
        self._strip.show_checked(checked, self._proposal)
        if self._proposal != self._ahead_of:
            self._ahead.start()
        if self._again:
            self.start_soon()

    def _scan_ahead(self) -> None:
        selected = self._selection()
        if selected is None or selected[0].proposal.id != self._proposal:
            return
        self._ahead_of = self._proposal
        review = selected[0].review
        self._context.spawn_thread(scan_base, review, self._scanning(), self._warm, owner=self)

    def _scanning(self) -> Scanners:
        return Scanners(self._scanners(), self._context.job_runner, self._warm.scans)

    def _scanners(self) -> tuple[PluginInfo, ...]:
        plugins = self._context.plugins.plugins
        return tuple(one for one in plugins if one.usable and "scanner" in one.kinds)

    def _clients(self) -> tuple[str, ...]:
        if self._context.clients:
            return self._context.clients
        from workbench.skills.check import CLIENTS

        return tuple(name for name, client in CLIENTS.items() if not client.reference)
