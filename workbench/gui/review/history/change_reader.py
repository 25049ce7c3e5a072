"""Reading what is behind a change when the selection rests, and keeping what was read."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QObject

from workbench.gui.review.backend import Shelf
from workbench.gui.review.history.change_view import ChangeView
from workbench.gui.review.history.reading import Aim, ShownChange, read_change
from workbench.gui.review.work import Work
from workbench.gui.widgets.pause import single_shot
from workbench.review.history.origins import LineOrigin
from workbench.review.history.timeline import TimelineEntry

#: While a key repeats nothing is read; a change is read when it rests.
_REST_MS: Final = 90
_KEPT: Final = 60

_Wanted = tuple[Aim, TimelineEntry, ChangeView, LineOrigin | None]


class ChangeReader(QObject):
    """Shows changes in the views that ask for them; only what was asked last is shown."""

    def __init__(self, shelf: Shelf, work: Work, parent: QObject) -> None:
        super().__init__(parent)
        self._shelf, self._work = shelf, work
        self._kept: dict[tuple[Aim, str], ShownChange] = {}
        self._wanted: _Wanted | None = None
        self._rest = single_shot(self, _REST_MS, self._read)

    @property
    def waiting(self) -> bool:
        """Whether a change is about to be read."""
        return self._rest.isActive()

    def want(
        self, aim: Aim, entry: TimelineEntry, view: ChangeView, line: LineOrigin | None = None
    ) -> None:
        """Show a change in a view, at the hunk of a line where one is given."""
        self._wanted = (aim, entry, view, line)
        known = self._kept.get((aim, entry.key))
        if known is not None:
            self._rest.stop()
            view.show_change(known, line)
        else:
            self._rest.start()

    def stop(self) -> None:
        """Show nothing more of what was asked for."""
        self._rest.stop()
        self._wanted = None

    def forget(self) -> None:
        """Read everything again: the history may be another one by now."""
        self._kept.clear()

    def _read(self) -> None:
        wanted = self._wanted
        if wanted is None:
            return
        aim, entry, view, line = wanted

        def done(shown: ShownChange) -> None:
            if len(self._kept) >= _KEPT:
                self._kept.pop(next(iter(self._kept)))
            self._kept[aim, entry.key] = shown
            if self._wanted is wanted:
                view.show_change(shown, line)

        def failed(text: str) -> None:
            if self._wanted is wanted:
                view.show_nothing("This change cannot be shown", text)

        self._work.start(
            "change", read_change, self._shelf, aim, entry, on_done=done, on_problem=failed
        )
