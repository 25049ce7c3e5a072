"""What the history asks of git, store and traces; every function here blocks, for threads."""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from msgspec import Struct

from workbench.domain.annotation import Annotation
from workbench.domain.job import StoredResult
from workbench.domain.proposal import Evidence, EvidenceCheck, Hunk
from workbench.domain.skill import Library, Skill
from workbench.evaluation.runner import RunnerRefused
from workbench.evaluation.runners.stored import read_results
from workbench.evolution.evidence import recheck
from workbench.gui.review.backend import Shelf
from workbench.gui.review.diff.line import DiffLine
from workbench.gui.review.diff.lines import DiffOptions, diff_lines, is_long
from workbench.review.history.bisect import Bisection, results_by_version, tasks_of
from workbench.review.history.origins import LineOrigin, origins
from workbench.review.history.skill_history import (
    EntryFacts,
    SkillHistory,
    change_named,
    entry_facts,
    in_force,
    of_skill,
    read_history,
)
from workbench.review.history.skill_lineage import LineageRow, lineage_rows
from workbench.review.history.timeline import (
    TimelineEntry,
    TimelineProblem,
    made_here,
    with_reverts,
)
from workbench.review.plan import ReviewProblem
from workbench.store.folder_log import Place
from workbench.traces.open import OpenTrace
from workbench.usage.effect import Effect, edits_of, effects
from workbench.usage.reading import SessionShelf
from workbench.usage.sessions import SessionFacts
from workbench.usage.versions import VersionShelf

_ALL: Final = 1_000_000_000
_MOST_FILES: Final = 500
_TRAILER: Final = re.compile(r"(\S+) (\S+) step (\d+)(?:-(\d+))? (\S+)")
_PROGRAM_FOLDERS: Final = (".git", ".hg", ".svn", "node_modules", "__pycache__")


class Aim(Struct, frozen=True):
    """Whose history: a skill of a library, "." for all of it."""

    library: Path
    skill: str


class ShownChange(Struct, frozen=True):
    """A change with its diff as lines and its evidence, looked up again."""

    facts: EntryFacts
    lines: tuple[DiffLine, ...]
    evidence: tuple[tuple[Evidence, EvidenceCheck], ...]

    @property
    def hunks(self) -> tuple[Hunk, ...]:
        """What it did."""
        return self.facts.diff.hunks


class Measured(Struct, frozen=True):
    """What sessions say of each applied proposal; ``unread`` files were not read any more."""

    effects: tuple[Effect, ...]
    sessions: int
    unread: int = 0


def read_page(shelf: Shelf, aim: Aim, place: Place | None) -> SkillHistory:
    """Return a page of the changes.

    Raises:
        GitProblem: git refuses.
    """
    return read_history(aim.library, aim.skill, shelf.history, shelf.store, place=place)


def read_change(shelf: Shelf, aim: Aim, entry: TimelineEntry) -> ShownChange:
    """Return a change with everything behind it.

    Raises:
        GitProblem, FileProblem: it cannot be read.
    """
    if entry.commit and not entry.files:
        entry = change_named(aim.library, aim.skill, entry)
    facts = entry_facts(aim.library, entry, shelf.history, shelf.store)
    hunks = facts.diff.hunks
    quick = is_long(hunks, lambda _hunk: None)
    lines = diff_lines(
        hunks, lambda _hunk: None, facts.diff.before.get, DiffOptions(quick=quick, by_key=False)
    )
    return ShownChange(facts, lines, _evidence(facts))


def _evidence(facts: EntryFacts) -> tuple[tuple[Evidence, EvidenceCheck], ...]:
    proposal = facts.proposal
    if proposal is None:
        return tuple(_of_trailer(text) for text in facts.entry.evidence)
    checks = {one.evidence: one for one in proposal.checks}
    return tuple(
        (one, recheck(checks.get(one.id) or EvidenceCheck(one.id, "unchecked"), one.quote))
        for one in proposal.draft.evidence
    )


def _of_trailer(text: str) -> tuple[Evidence, EvidenceCheck]:
    """Return what a commit says of a quote; the quote itself went with the proposal."""
    found = _TRAILER.match(text)
    why = "Only the commit tells of it: the quote was kept with the proposal."
    if found is None:
        return Evidence("?", text, 0, 0, text), EvidenceCheck("?", "unchecked", reason=why)
    name, trace, first, last, _ = found.groups()
    evidence = Evidence(name, trace, int(first), int(last or first), text)
    return evidence, EvidenceCheck(name, "unchecked", step=int(first), reason=why)


def read_lines(shelf: Shelf, aim: Aim, path: str) -> tuple[LineOrigin, ...]:
    """Return where the lines of a file come from.

    Raises:
        TimelineProblem, GitProblem, FileProblem: nobody can tell.
    """
    return origins(aim.library, path, shelf.history)


def text_files(aim: Aim) -> tuple[str, ...]:
    """Return the files of the skill that may be text, SKILL.md first; links are left out."""
    folder = aim.library / aim.skill
    found: list[str] = []
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(one for one in folders if one not in _PROGRAM_FOLDERS)
        for name in sorted(names):
            file = Path(place) / name
            if not file.is_symlink() and _may_be_text(file):
                found.append(file.relative_to(aim.library).as_posix())
        if len(found) >= _MOST_FILES:
            break
    return tuple(sorted(found[:_MOST_FILES], key=lambda one: not one.lower().endswith("skill.md")))


def _may_be_text(file: Path) -> bool:
    try:
        with file.open("rb") as opened:
            return b"\0" not in opened.read(4096)
    except OSError:
        return False


def all_changes(shelf: Shelf, aim: Aim) -> tuple[TimelineEntry, ...]:
    """Return all changes, newest first, with what was taken back.

    Raises:
        GitProblem: git refuses.
    """
    found: list[TimelineEntry] = []
    place: Place | None = None
    while True:
        page = read_history(
            aim.library, aim.skill, shelf.history, shelf.store, place=place, limit=_ALL
        ).page
        found += page.entries
        place = page.following
        if place is None:
            return with_reverts(found)


def read_lineage(shelf: Shelf, aim: Aim) -> tuple[LineageRow, ...]:
    """Return how the proposals of the skill hang together.

    Raises:
        GitProblem, FileProblem: it cannot be read.
    """
    proposals = [one for one in shelf.store.list() if of_skill(one, aim.library, aim.skill)]
    return lineage_rows(proposals, all_changes(shelf, aim), shelf.store.receipts)


def read_tasks(shelf: Shelf, aim: Aim, results: Path | None) -> tuple[Bisection, ...]:
    """Return what stored results say of each task, worse first.

    Raises:
        ReviewProblem: the file with results cannot be read.
        GitProblem, FileProblem: the history cannot be read.
    """
    stored: tuple[StoredResult, ...] = ()
    if results is not None:
        try:
            stored = read_results(results)
        except RunnerRefused as problem:
            raise ReviewProblem(str(problem)) from problem
    entries = all_changes(shelf, aim)
    return tasks_of(
        entries,
        results_by_version(entries, stored, shelf.store.list(), in_force(aim.library, aim.skill)),
    )


class Sessions(Struct, frozen=True):
    """Session files, what people said of them, and how they are opened."""

    paths: tuple[Path, ...]
    annotations: tuple[Annotation, ...]
    opening: Callable[[Path], tuple[OpenTrace, ...]]


class EffectSource:
    """Counts sessions before and since; what it read of a session is kept. One thread at a time."""

    def __init__(self) -> None:
        self._versions = VersionShelf()
        self._sessions = SessionShelf(self._versions)
        self._lock = threading.Lock()

    def of_open(
        self,
        shelf: Shelf,
        aim: Aim,
        library: Library,
        traces: Sequence[OpenTrace],
        annotations: Sequence[Annotation],
        *,
        adjacent: bool,
    ) -> Measured:
        """Return what open traces say.

        Raises:
            TimelineProblem: the library has no such skill.
            GitProblem: the history cannot be read.
        """
        with self._lock:
            self._sessions.aim((library,), None, annotations)
            facts = tuple(self._sessions.of_open(traces))
            return self._measured(shelf, aim, library, facts, 0, adjacent=adjacent)

    def of_files(
        self,
        shelf: Shelf,
        aim: Aim,
        library: Library,
        sessions: Sessions,
        told: Callable[[int, Path], bool],
        *,
        adjacent: bool,
    ) -> Measured:
        """Return what the sessions of files say; ``told`` returns False to stop.

        Raises: as ``of_open``.
        """
        with self._lock:
            self._sessions.aim((library,), None, sessions.annotations)
            facts: list[SessionFacts] = []
            unread = 0
            for number, path in enumerate(sessions.paths):
                if not told(number, path):
                    unread = len(sessions.paths) - number
                    break
                facts += self._sessions.of_file(path, opening=sessions.opening)
            return self._measured(shelf, aim, library, facts, unread, adjacent=adjacent)

    def _measured(
        self,
        shelf: Shelf,
        aim: Aim,
        library: Library,
        facts: Sequence[SessionFacts],
        unread: int,
        *,
        adjacent: bool,
    ) -> Measured:
        skill = _skill(library, aim)
        entries = all_changes(shelf, aim)
        found = effects(
            skill,
            edits_of(entries),
            facts,
            self._versions.of(skill),
            born=made_here(entries),
            adjacent=adjacent,
        )
        return Measured(found, len(facts), unread)


def _skill(library: Library, aim: Aim) -> Skill:
    if os.path.realpath(library.root) == os.path.realpath(aim.library):
        for one in library.skills:
            if one.id == aim.skill:
                return one
    raise TimelineProblem(
        f"{aim.skill} is no skill of the open library, so its sessions cannot be told. Open "
        f"{aim.library} first."
    )
