"""Giving a trace away: as ATIF, as our JSON lines, as a page, or as a copy without secrets."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QObject, Qt
from PySide6.QtWidgets import QFileDialog, QMenu, QToolButton, QWidget

from workbench.domain.text import counted
from workbench.gui.notify import MessageAction
from workbench.gui.shell.context import AppContext
from workbench.gui.shell.jobs import JobReporter
from workbench.gui.theme.icons import icon
from workbench.traces.open import OpenTrace

#: Writes a trace to a file; returns what there is to say of it, None when it was stopped.
Write = Callable[[OpenTrace, Path, JobReporter], str | None]


@dataclass(frozen=True, slots=True)
class Export:
    """A way to write a trace: its name in the menu, and the ending of its files."""

    title: str
    ending: str
    kinds: str
    write: Write


class ExportMenu(QObject):
    """The button with the ways to export what ``shown`` gives, None while nothing is shown."""

    def __init__(
        self, context: AppContext, shown: Callable[[], OpenTrace | None], parent: QWidget
    ) -> None:
        super().__init__(parent)
        self._context = context
        self._shown = shown
        self._parent = parent
        self.menu = QMenu(parent)
        for one in EXPORTS:
            action = self.menu.addAction(one.title)
            action.triggered.connect(lambda _on=False, one=one: self.ask(one))
        self.button = QToolButton()
        self.button.setIcon(icon("save", "text_muted"))
        self.button.setAccessibleName("Export the trace")
        self.button.setToolTip("Export the trace… (X)")
        self.button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.button.setMenu(self.menu)

    def popup(self) -> None:
        """Open the menu at its button."""
        self.menu.popup(self.button.mapToGlobal(self.button.rect().bottomLeft()))

    def ask(self, export: Export) -> None:
        """Ask where to, then write."""
        trace = self._shown()
        if trace is None:
            return
        dialog = QFileDialog(self._parent.window(), export.title.removesuffix("…"))
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setNameFilter(export.kinds)
        dialog.setDirectory(str(Path.home()))
        dialog.selectFile(file_name(trace, export.ending))
        dialog.fileSelected.connect(lambda path: self.write(export, trace, Path(path)))
        dialog.open()

    def write(self, export: Export, trace: OpenTrace, out: Path) -> None:
        """Write a trace in the background, and say where it is."""

        def done(told: str | None) -> None:
            if told is None:
                self._context.notify.info("The export was stopped; nothing was written.")
                return
            copy = MessageAction("Copy path", lambda: _to_clipboard(str(out)))
            self._context.notify.success(f"{told} {out}", actions=(copy,))

        def work(job: JobReporter) -> str | None:
            return export.write(trace, out, job)

        name = export.title.removesuffix("…")
        self._context.run_job(
            f"{name}: {out.name}",
            work,
            on_done=done,
            on_error=self._context.notify.problem,
            owner=self,
        )


def file_name(trace: OpenTrace, ending: str) -> str:
    """Return a name for the file: that of the trace with another ending."""
    stem = trace.path.name.split("!", 1)[0].split(".", 1)[0] or "trace"
    return f"{stem}{ending}"


def _to_clipboard(text: str) -> None:
    from PySide6.QtGui import QGuiApplication

    QGuiApplication.clipboard().setText(text)


def _atif(trace: OpenTrace, out: Path, job: JobReporter) -> str | None:
    import msgspec

    from workbench.files import write_atomic
    from workbench.traces.export_atif import to_atif

    job.progress(None, "Reading the steps")
    made = msgspec.json.format(msgspec.json.encode(to_atif(trace)), indent=2)
    if job.cancelled:
        return None
    write_atomic(out, made + b"\n")
    return f"Written as ATIF, {counted(len(trace.trajectory.steps), 'step')}:"


def _lines(trace: OpenTrace, out: Path, job: JobReporter) -> str | None:
    from workbench.traces.export_jsonl import export_jsonl

    kept = export_jsonl(trace, out, progress=job.progress, stopped=lambda: job.cancelled)
    return "Written as JSON lines:" if kept else None


def _page(trace: OpenTrace, out: Path, job: JobReporter) -> str | None:
    from workbench.traces.export_html import export_html

    kept = export_html(trace, out, progress=job.progress, stopped=lambda: job.cancelled)
    return "Written as a page that loads nothing else:" if kept else None


def _linked_page(trace: OpenTrace, out: Path, job: JobReporter) -> str | None:
    from workbench.traces.export_html import export_html

    kept = export_html(
        trace, out, progress=job.progress, stopped=lambda: job.cancelled, linked=True
    )
    told = "Written as a page whose steps open here; the links tell where the trace is:"
    return told if kept else None


def _redacted(trace: OpenTrace, out: Path, job: JobReporter) -> str | None:
    from workbench.traces.inner import container_of
    from workbench.traces.redact.files import redact_session
    from workbench.traces.redact.redactor import Redactor

    made = redact_session(container_of(str(trace.path)), out, Redactor(), job.progress)
    found = ", ".join(f"{number} {kind}" for kind, number in sorted(made.counts.items()))
    for file in made.files:
        for hit in file.hits:
            place = f"{file.out} line {hit.line}, byte {hit.offset}"
            job.log(f"{place}: {hit.kind}, now {hit.replacement}")
    for path, reason in made.left_out:
        job.log(f"{path} was left out: {reason}")
    more = f" in {len(made.files)} files" if len(made.files) > 1 else ""
    return (
        f"Replaced {found or 'nothing'}{more}; the job's log lists the places. Only known shapes "
        "are found: read the copy before you give it away."
    )


_PAGES = "Self-contained page (*.html)"
#: All ways; a new one is a line here.
EXPORTS: tuple[Export, ...] = (
    Export("Export as ATIF…", ".atif.json", "ATIF trajectory (*.json)", _atif),
    Export("Export as JSON lines…", ".trace.jsonl", "Trace as JSON lines (*.jsonl)", _lines),
    Export("Export as a page…", ".html", _PAGES, _page),
    Export("Export as a page with links back…", ".html", _PAGES, _linked_page),
    Export("Export a redacted copy…", ".redacted.jsonl", "Copy of the file (*)", _redacted),
)
