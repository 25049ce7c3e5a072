"""The changes of a draft, each resolved to what a file will exactly be after it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path, PurePosixPath

from msgspec.structs import replace

from workbench.domain.proposal import Change
from workbench.evolution.change_paths import path_problem
from workbench.evolution.sections import SectionProblem, apply_section_ops, newline_of
from workbench.evolution.snapshot import LibrarySnapshot
from workbench.files import FileProblem, sha256
from workbench.plugin.skill_locks import broken_locks, is_locked

MAX_TEXT_BYTES = 1 << 20
MAX_BLOB_BYTES = 16 << 20
_MODES = ("100644", "100755")
_SHELL = frozenset((".sh", ".bash", ".zsh", ".fish", ".ps1", ".bat", ".cmd", ".exe"))
_SCRIPTS = _SHELL | frozenset(
    (".py", ".pyw", ".js", ".mjs", ".cjs", ".ts", ".rb", ".pl", ".php", ".lua", ".r")
)


class ChangeRefused(Exception):  # noqa: N818 - a problem for a person, in words
    """One change cannot be taken; the message says why."""


class ChangeResolver:
    """Applies changes one after the other to the state of the files, without writing anything.

    Several changes of one file build on one another: the new text of each is the whole file after
    it, so that the last one is the result and the difference of neighbours is what each one did.
    """

    def __init__(
        self,
        library_root: Path,
        snapshot: LibrarySnapshot,
        new_skills: frozenset[str],
        blob: Callable[[str], bytes | None],
        warnings: list[str],
    ) -> None:
        self._root = library_root
        self._snapshot = snapshot
        self._new_skills = new_skills
        self._blob = blob
        self._warnings = warnings
        self._state: dict[str, bytes | None] = {}
        self._modes: dict[str, str | None] = {}

    def resolve(self, changes: Sequence[Change]) -> tuple[Change, ...]:
        """Return the changes that may be, in the order given, with full new texts."""
        taken: list[Change] = []
        dropped: set[str] = set()
        ids: set[str] = set()
        for change in changes:
            broken = [one for one in change.depends_on if one in dropped]
            try:
                if change.id in ids:
                    raise ChangeRefused(f"its id '{change.id}' is used twice")
                if broken:
                    raise ChangeRefused(f"it depends on {', '.join(broken)}, which was left out")
                taken.append(self._resolved(change))
                ids.add(change.id)
            except (ChangeRefused, FileProblem, SectionProblem) as problem:
                reason = str(problem).rstrip(".")
                self._warnings.append(f"{change.path[:200]}: change left out: {reason}.")
                dropped.add(change.id)
        return tuple(taken)

    def touched(self, changes: Sequence[Change]) -> tuple[str, ...]:
        """Return every path the changes name, sorted."""
        paths = {change.path for change in changes}
        return tuple(sorted(paths | {change.new_path for change in changes if change.new_path}))

    def results(self) -> dict[str, tuple[bytes | None, str | None]]:
        """Return what the files that were resolved are now, with their modes; None is gone."""
        paths = self._state.keys() | self._modes.keys()
        return {path: (self._read(path), self._mode(path)) for path in sorted(paths)}

    def _resolved(self, change: Change) -> Change:
        self._allow(change.path)
        if change.mode is not None and change.mode not in _MODES:
            raise ChangeRefused(f"the mode '{change.mode}' is none of {' and '.join(_MODES)}")
        before = self._read(change.path)
        self._locked(change)
        if change.op in ("edit", "delete", "rename", "mode") and before is None:
            raise ChangeRefused("there is no such file in the library")
        if change.op == "delete":
            self._keep_locked(change.path, None)
            self._state[change.path] = None
            return replace(change, new_text=None, section_ops=(), blob=None, mode=None)
        if change.op == "mode":
            return self._with_mode(change)
        if change.op == "rename":
            return self._renamed(change, before or b"")
        return self._written(change, before)

    def _written(self, change: Change, before: bytes | None) -> Change:
        after = self._content(change, before)
        self._keep_locked(change.path, after)
        same_mode = change.mode is None or change.mode == self._mode(change.path)
        if after == before and same_mode:
            raise ChangeRefused("it changes nothing")
        self._warn(change, before, after)
        self._state[change.path] = after
        if change.mode is not None:
            self._modes[change.path] = change.mode
        return self._full(change, after)

    def _full(self, change: Change, after: bytes) -> Change:
        if change.blob is not None:
            return replace(change, new_text=None, section_ops=())
        return replace(
            change, new_text=after.decode("utf-8", "surrogateescape"), section_ops=(), blob=None
        )

    def _renamed(self, change: Change, before: bytes) -> Change:
        if not change.new_path:
            raise ChangeRefused("it names no new path")
        self._allow(change.new_path)
        if self._read(change.new_path) is not None:
            raise ChangeRefused(f"there is a file '{change.new_path}' already")
        has_content = change.new_text is not None or change.section_ops or change.blob
        after = self._content(change, before) if has_content else before
        self._keep_locked(change.path, None)
        self._keep_locked(change.new_path, after)
        self._state[change.path] = None
        self._state[change.new_path] = after
        self._modes[change.new_path] = change.mode or self._mode(change.path)
        if not has_content:
            return replace(change, new_text=None, section_ops=(), blob=None)
        return self._full(change, after)

    def _with_mode(self, change: Change) -> Change:
        if change.mode is None or change.mode == self._mode(change.path):
            raise ChangeRefused("it changes nothing")
        if change.mode == "100755":
            self._warnings.append(f"{change.path}: becomes executable. Read it before you accept.")
        self._modes[change.path] = change.mode
        return replace(change, new_text=None, section_ops=(), blob=None)

    def _content(self, change: Change, before: bytes | None) -> bytes:
        if change.blob is not None:
            data = self._blob(change.blob)
            if data is None or sha256(data) != change.blob:
                raise ChangeRefused(f"its content {change.blob[:12]} was not handed over")
            if len(data) > MAX_BLOB_BYTES:
                raise ChangeRefused(f"it has more than {MAX_BLOB_BYTES >> 20} MiB")
            return data
        if change.new_text is not None:
            # The full text is the ground truth, whatever section operations stand beside it.
            try:
                after = change.new_text.encode("utf-8", "surrogateescape")
            except UnicodeEncodeError:
                raise ChangeRefused("its text is not valid Unicode") from None
        elif change.section_ops:
            text = (before or b"").decode("utf-8", "surrogateescape")
            after = apply_section_ops(text, change.section_ops).encode("utf-8", "surrogateescape")
        else:
            raise ChangeRefused("it has no new text")
        if len(after) > MAX_TEXT_BYTES:
            raise ChangeRefused(f"its text has more than {MAX_TEXT_BYTES >> 20} MiB")
        if b"\0" in after:
            raise ChangeRefused("its text has NUL bytes; binary content is handed over as a blob")
        return after

    def _warn(self, change: Change, before: bytes | None, after: bytes) -> None:
        if is_script(change.path, after):
            verb = "adds" if before is None else "changes"
            self._warnings.append(f"{change.path}: {verb} a script. Read it before you accept.")
        elif change.mode == "100755" and self._mode(change.path) != "100755":
            self._warnings.append(f"{change.path}: becomes executable. Read it before you accept.")
        if before and change.new_text is not None:
            old = newline_of(before.decode("utf-8", "replace"))
            if b"\n" in after and newline_of(change.new_text) != old:
                self._warnings.append(f"{change.path}: the line ends of the whole file change.")

    def _allow(self, path: str) -> None:
        problem = path_problem(path, self._root, self._snapshot, self._new_skills)
        if problem is not None:
            raise ChangeRefused(problem)

    def _locked(self, change: Change) -> None:
        """Refuse whatever is done to a file that is locked as a whole."""
        for path in (change.path, change.new_path):
            if path and (found := self._locks_of(path)) and is_locked(found[0], found[1]):
                raise ChangeRefused(f"{path} is locked as a whole; ask its owner, or unlock it")

    def _keep_locked(self, path: str, after: bytes | None) -> None:
        """Refuse a new content (None: gone) in which a locked part is another one."""
        found = self._locks_of(path)
        base = self._snapshot.read(path) if found else None
        if not found or base is None:
            return
        texts = [
            None if one is None else one.decode("utf-8", "surrogateescape") for one in (base, after)
        ]
        broken = broken_locks(found[0], found[1], texts[0] or "", texts[1])
        if broken:
            raise ChangeRefused(f"{', '.join(broken)} is locked; ask its owner, or unlock it")

    def _locks_of(self, path: str) -> tuple[tuple[str, ...], str] | None:
        """Return the locks of the skill a path lies in, and the path in it."""
        skill = self._snapshot.skill_of(path)
        locks = self._snapshot.locks.get(skill or "", ())
        if skill is None or not locks:
            return None
        return locks, path if skill == "." else path.removeprefix(f"{skill}/")

    def _read(self, path: str) -> bytes | None:
        if path not in self._state:
            self._state[path] = self._snapshot.read(path)
        return self._state[path]

    def _mode(self, path: str) -> str | None:
        return self._modes.get(path, self._snapshot.base(path).mode)


def is_script(path: str, data: bytes) -> bool:
    """Say whether a file is a program by its name, its first line, or its first bytes."""
    magic = (b"#!", b"\x7fELF", b"MZ")
    return PurePosixPath(path).suffix.lower() in _SCRIPTS or data.startswith(magic)
