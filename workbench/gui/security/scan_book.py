"""The scans of the open library: kept between sessions, judged by policy and suppressions."""

from __future__ import annotations

import getpass
from dataclasses import dataclass
from datetime import UTC, date, datetime

from PySide6.QtCore import QObject, Signal

from workbench.domain.finding import Finding, SkillScan
from workbench.domain.skill import Library
from workbench.files import FileProblem
from workbench.gui.security.scan_record import (
    KeptScan,
    KeptScans,
    judged,
    load_scans,
    save_scans,
    suppression_of,
    suppressions_file,
    taken_in,
    with_suppression,
    without_suppression,
)
from workbench.gui.security.scan_work import Scanned
from workbench.gui.shell.context import AppContext
from workbench.security.policy import BALANCED, PRESETS
from workbench.security.suppress import (
    Suppression,
    SuppressionProblem,
    load_suppressions,
    save_suppressions,
    suppress,
)


@dataclass(frozen=True, slots=True)
class _Loaded:
    """What was kept of a library: its scans, its suppressions, and why these cannot be read."""

    scans: KeptScans
    suppressions: tuple[Suppression, ...]
    problem: str = ""


class ScanBook(QObject):
    """``changed`` tells that something is judged anew, ``problem(words)`` what went wrong."""

    changed = Signal()
    problem = Signal(str)

    def __init__(self, context: AppContext, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self._kept = KeptScans("")
        self._suppressions: tuple[Suppression, ...] = ()
        # A file that cannot be read is not written over.
        self._unreadable = ""
        self._policy = BALANCED
        self.scans: dict[str, SkillScan] = {}

    def kept(self, skill_id: str) -> KeptScan | None:
        """Return the scan of a skill as the scanners gave it."""
        return self._kept.scans.get(skill_id)

    def suppression(self, finding: Finding) -> Suppression | None:
        """Return what was decided on a finding."""
        return suppression_of(self._suppressions, finding)

    def outdated(self) -> list[str]:
        """Return the skills that changed since their scan, and those without one."""
        library = self._context.library
        return [
            skill.id
            for skill in (library.skills if library else ())
            if (kept := self.kept(skill.id)) is None or kept.stale(skill)
        ]

    def set_policy(self, name: str) -> None:
        """Judge by another policy; nothing is scanned again."""
        self._policy = PRESETS[name]
        self._judge()

    def open(self, library: Library | None) -> None:
        """Follow the open library; of another one, what was kept is read."""
        root = library.root if library is not None else ""
        if root == self._kept.root:
            self._judge()
            return
        self._kept, self._suppressions, self._unreadable = KeptScans(root), (), ""
        self._judge()
        if root:
            self._context.spawn_thread(self._load, root, on_done=self._loaded, owner=self)

    def take(self, scanned: Scanned) -> None:
        """Take the result of a scan in, and keep it."""
        if scanned.library.root != self._kept.root:
            return
        now = datetime.now(UTC).isoformat(timespec="seconds")
        self._kept = taken_in(
            self._kept,
            scanned.library,
            scanned.scans,
            scanned.plugins,
            now,
            complete=scanned.complete,
        )
        self._context.spawn_thread(save_scans, self._context.folders.cache, self._kept, owner=self)
        self._judge()

    def suppress(self, finding: Finding, reason: str, expires: date | None) -> bool:
        """Suppress a finding for the content that was scanned; say whether that was kept."""
        kept = self.kept(finding.skill)
        if kept is None:
            return False
        digest = kept.files.get(finding.path, "")
        made = suppress(finding, digest, reason, expires, _who())
        return self._decide(with_suppression(self._suppressions, made))

    def restore(self, finding: Finding) -> None:
        """Let a finding count again."""
        self._decide(without_suppression(self._suppressions, finding))

    def _load(self, root: str) -> _Loaded:
        folders = self._context.folders
        scans = load_scans(folders.cache, root)
        try:
            return _Loaded(scans, load_suppressions(suppressions_file(folders.data, root)))
        except SuppressionProblem as problem:
            return _Loaded(scans, (), str(problem))

    def _loaded(self, loaded: _Loaded) -> None:
        if loaded.scans.root != self._kept.root:
            return
        # A scan that ended while this was read is newer.
        self._kept = KeptScans(self._kept.root, {**loaded.scans.scans, **self._kept.scans})
        self._suppressions = loaded.suppressions
        self._unreadable = loaded.problem
        if loaded.problem:
            self.problem.emit(loaded.problem)
        self._judge()

    def _judge(self) -> None:
        library = self._context.library
        today = date.today()  # noqa: DTZ011 - a day as the person who wrote it meant it
        known = {skill.id for skill in library.skills} if library else set()
        self.scans = {
            skill_id: judged(kept, self._policy, self._suppressions, today)
            for skill_id, kept in self._kept.scans.items()
            if skill_id in known
        }
        self.changed.emit()

    def _decide(self, entries: tuple[Suppression, ...]) -> bool:
        if self._unreadable:
            self.problem.emit(f"Nothing was decided: {self._unreadable}")
            return False
        before, self._suppressions = self._suppressions, entries
        path = suppressions_file(self._context.folders.data, self._kept.root)
        try:
            # A small file, written at once: a decision must not be lost to a quick Quit.
            save_suppressions(path, entries)
        except (FileProblem, SuppressionProblem) as problem:
            self._suppressions = before
            self.problem.emit(f"The decision could not be kept: {problem}")
        self._judge()
        return self._suppressions is entries


def _who() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return ""
