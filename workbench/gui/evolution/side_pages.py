"""The pages beside set-up and runs: comparison, catalogue, endpoints, preview; made when shown."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from workbench.gui.evolution.bakeoff_run import BakeoffRun, keep_rows, kept_rows
from workbench.gui.evolution.engines import Engine, engines_of
from workbench.gui.evolution.live_run import LiveRun
from workbench.gui.evolution.run_work import RunSetup
from workbench.gui.evolution.setup_page import SetupPage
from workbench.gui.shell.context import AppContext

if TYPE_CHECKING:
    from workbench.gui.evolution.bakeoff_page import BakeoffPage
    from workbench.gui.evolution.catalogue_page import CataloguePage
    from workbench.gui.evolution.endpoints_page import EndpointsPage
    from workbench.gui.evolution.preview_page import PreviewPage


class SidePages(QObject):
    """Brings pages to the front: ``shown`` has the page, ``left`` asks for the set-up.

    ``row_opened`` brings the row of a comparison a person opened.
    """

    shown = Signal(object)
    left = Signal()
    row_opened = Signal(object)

    def __init__(
        self,
        context: AppContext,
        setup: SetupPage,
        begin: Callable[[RunSetup], LiveRun],
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._context = context
        self._setup = setup
        self._begin = begin
        self._bakeoff: BakeoffRun | None = None

    @cached_property
    def catalogue(self) -> CataloguePage:
        """The published engines."""
        from workbench.gui.evolution.catalogue_page import CataloguePage

        page = CataloguePage(self._context)
        page.use_wanted.connect(self._use)
        return page

    @cached_property
    def endpoints(self) -> EndpointsPage:
        """The model servers."""
        from workbench.gui.evolution.endpoints_page import EndpointsPage

        page = EndpointsPage(self._context)
        page.changed.connect(self._setup.refresh_engines)
        return page

    @cached_property
    def preview(self) -> PreviewPage:
        """What would be sent."""
        from workbench.gui.evolution.preview_page import PreviewPage

        page = PreviewPage(self._context)
        page.left.connect(self.left)
        return page

    @cached_property
    def bakeoff(self) -> BakeoffPage:
        """Engines side by side."""
        from workbench.gui.evolution.bakeoff_page import BakeoffPage

        page = BakeoffPage()
        page.left.connect(self.left)
        page.start_wanted.connect(self.compare)
        page.cancel_wanted.connect(self._cancel)
        page.opened.connect(self.row_opened)
        page.engines.changed.connect(self._estimate)
        return page

    def show_catalogue(self) -> None:
        """Show the published engines and what is here of them."""
        self.catalogue.refresh(self._setup.available())
        self.shown.emit(self.catalogue)

    def show_endpoints(self) -> None:
        """Show the model servers."""
        self.endpoints.refresh()
        self.shown.emit(self.endpoints)

    def show_preview(self) -> None:
        """Look at what would be sent with what is chosen now."""
        self.preview.look(self._setup)
        self.shown.emit(self.preview)

    def show_bakeoff(self) -> None:
        """Compare engines on the evidence that is chosen in the set-up."""
        library = self._context.library
        if library is None:
            self.left.emit()
            return
        page = self.bakeoff
        page.show_engines(self._engines())
        if self._bakeoff is None:
            kept = kept_rows(self._context.folders.state, library.root)
            page.show_rows(kept, running=False)
        self.shown.emit(page)

    def compare(self) -> None:
        """Run the marked engines on the same evidence."""
        if self.running:
            return
        chosen = self.bakeoff.chosen()
        engines = [one for one in self._engines() if one.id in chosen]
        self._setup.keep()
        self._compare(engines, at_once=2 if self.bakeoff.side_by_side.isChecked() else 1)

    @property
    def running(self) -> bool:
        """Whether a comparison is under way."""
        return self._bakeoff is not None and self._bakeoff.running

    def _compare(self, engines: Sequence[Engine], *, at_once: int) -> None:
        made = BakeoffRun(engines, self._start_beside, at_once, self)
        self._bakeoff = made
        made.changed.connect(self._show_rows)
        made.ended.connect(self._keep)
        made.go()

    def _start_beside(self, engine: Engine) -> LiveRun:
        """Start one engine of a comparison.

        Raises:
            ValueError: something is missing for it.
        """
        why = engine.why_not or self._setup.why_not_with(engine)
        if why:
            raise ValueError(why)
        own = self._setup.engine
        same = own is not None and own.id == engine.id
        settings = self._setup.form.values() if same else {}
        return self._begin(replace(self._setup.setup_for(engine, settings), alone=False))

    def _show_rows(self) -> None:
        if self._bakeoff is not None:
            self.bakeoff.show_rows(self._bakeoff.rows, running=self._bakeoff.running)

    def _keep(self) -> None:
        self._show_rows()
        library = self._context.library
        if library is not None and self._bakeoff is not None:
            state, rows = self._context.folders.state, self._bakeoff.rows
            self._context.spawn_thread(keep_rows, state, library.root, rows, owner=self)

    def _cancel(self) -> None:
        if self._bakeoff is not None:
            self._bakeoff.cancel()

    def _estimate(self) -> None:
        engines = [one for one in self._engines() if one.id in self.bakeoff.chosen()]
        self.bakeoff.show_estimates([self._setup.estimated(one, {})[0] for one in engines])

    def _engines(self) -> tuple[Engine, ...]:
        return engines_of(self._context.plugins.plugins, self._setup.available())

    def _use(self, plugin_id: str) -> None:
        self.left.emit()
        self._setup.engines.select(plugin_id)
