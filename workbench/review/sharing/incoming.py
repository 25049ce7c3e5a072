"""Commits that a fetch brought, as proposals: reviewed like any other before they come in.

One proposal a commit, based on the files before it, so that what was changed here meanwhile is
merged or shown as a conflict by the same machinery as everything else. A merge stands for all that
it brought. Taking a commit in again gives the same proposal, with what was decided on it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable
from pathlib import Path
from typing import Final, Literal

from msgspec import Struct
from msgspec.structs import replace

from workbench.domain.proposal import (
    BaseFile,
    Change,
    ChangeOp,
    Engine,
    Proposal,
    ProposalDraft,
    ProposalKind,
    ProposalStatus,
)
from workbench.files import FileProblem, confined, is_program_folder, is_utf8_name, sha256
from workbench.review.plan import ReviewProblem, check_path
from workbench.review.sharing.already_reviewed import ReviewedHere, Side, Sides
from workbench.review.sharing.commit_words import CommitWords, title_of, words_of
from workbench.review.sharing.form import REMOTE_ENGINE, Place
from workbench.review.text_diff.diff import decoded
from workbench.skills.folder import SKILL_FILES
from workbench.store.branch_files import BranchFile, files_of, read_checked_out
from workbench.store.git import Commit, Identity, Repository
from workbench.store.gitcommand import refusal, run_git
from workbench.store.proposals import ProposalStore
from workbench.store.remotes import (
    LISTED,
    Distance,
    RemoteCommit,
    Upstream,
    commits_between,
    distance,
)

_MOST_BYTES: Final = 64 << 20
#: So many commits may become one proposal.
_TOGETHER: Final = 100_000
_LFS: Final = b"version https://git-lfs.github.com/spec/"
_FILES: Final = ("100644", "100755")

#: Whether a commit is a proposal already, can become one, applies one that was approved here,
#: brings nothing new, or touches no skill.
IncomingState = Literal["new", "taken", "reviewed", "here", "outside"]


class IncomingCommit(Struct, frozen=True):
    """One commit of the upstream that HEAD lacks.

    ``files`` are those in skills, ``left_out`` all others it touches with why they are no part of
    the proposal. ``status`` is that of the proposal, when there is one.
    """

    commit: str
    author: Identity
    time: str
    subject: str
    proposal: str
    state: IncomingState
    files: tuple[str, ...]
    left_out: tuple[tuple[str, str], ...] = ()
    status: ProposalStatus | None = None


class Incoming(Struct, frozen=True):
    """What the upstream has that is not here, as of the last fetch, oldest first."""

    upstream: Upstream
    distance: Distance
    commits: tuple[IncomingCommit, ...]


class _Touched(Struct, frozen=True):
    """A file that a commit changes; paths relative to the library. None: it is not there."""

    old: BranchFile | None
    new: BranchFile | None

    @property
    def path(self) -> str:
        """The path before, else the one after."""
        file = self.old or self.new
        return file.path if file is not None else ""


class _Drawn(Struct, frozen=True):
    """What a proposal is made of: the files that differ between two commits."""

    old: str | None
    new: str
    touched: tuple[_Touched, ...]
    left_out: tuple[tuple[str, str], ...]


class RemoteChanges:
    """The commits of an upstream that the library lacks."""

    def __init__(
        self, store: ProposalStore, repository: Repository, place: Place, upstream: Upstream
    ) -> None:
        self._store, self._repository, self._place = store, repository, place
        self.upstream = upstream
        self.distance = distance(repository, upstream)

    def look(self) -> Incoming:
        """Return what came, without writing anything.

        Raises:
            ReviewProblem: it was never fetched, or cannot be compared.
            GitProblem: git refuses.
        """
        rows: list[IncomingCommit] = []
        known = {one.id: one.status for one in self._store.list()}
        for one in self._commits():
            commit = one.commit
            drawn = self._drawn(commit.parents[0] if commit.parents else None, commit.sha)
            name = self._name(commit.sha)
            state = self._state(name, known, drawn)
            if state == "new" and (reviewed := self._reviewed(commit, drawn)) is not None:
                name, state = reviewed.id, "reviewed"
            rows.append(
                IncomingCommit(
                    commit.sha,
                    commit.author,
                    commit.time,
                    commit.subject,
                    name,
                    state,
                    tuple(self._inside(file.path) for file in drawn.touched),
                    drawn.left_out,
                    known.get(name),
                )
            )
        return Incoming(self.upstream, self.distance, tuple(rows))

    def reviewed_paths(self) -> frozenset[str]:
        """Return the files, as paths of the repository, that came by reviewed commits alone.

        Raises:
            ReviewProblem, GitProblem: as for ``look``.
        """
        reviewed: set[str] = set()
        others: set[str] = set()
        for one in self.look().commits:
            (reviewed if one.state == "reviewed" else others).update(one.files)
        inside = self._place.inside
        names = reviewed - others
        return frozenset(f"{inside}/{name}" if inside else name for name in names)

    def take(
        self, commits: Collection[str] = (), *, together: bool = False, now: str
    ) -> tuple[Proposal, ...]:
        """Make proposals of what came: of these commits, by default of all, and return them.

        ``together`` makes one proposal of everything since what both sides have in common.

        Raises:
            ReviewProblem: it was never fetched, cannot be compared, or there is nothing new.
            GitProblem, FileProblem: git refuses, or the store cannot be written.
        """
        if together:
            return self._take_together(now)
        made: list[Proposal] = []
        for one in self._commits():
            commit = one.commit
            if commits and not any(commit.sha.startswith(name) for name in commits):
                continue
            drawn = self._drawn(commit.parents[0] if commit.parents else None, commit.sha)
            name = self._name(commit.sha)
            known = (self._store.folder / name / "proposal.json").is_file()
            new = drawn.touched and not self._is_here(drawn)
            if new and not commits and not known:
                new = self._reviewed(commit, drawn) is None
            if known or new:
                made.append(
                    self._keep(name, commit.sha, words_of([one], title_of(one)), drawn, now)
                )
        if not made:
            raise ReviewProblem(
                f"{self.upstream} has nothing new for the skills here"
                + (" in the commits you named." if commits else ".")
            )
        return tuple(made)

    def _take_together(self, now: str) -> tuple[Proposal, ...]:
        commits = self._commits(limit=_TOGETHER)
        base, tip = self.distance.base, self.distance.tip
        if not commits or tip is None:
            raise ReviewProblem(f"{self.upstream} has nothing new.")
        drawn = self._drawn(base, tip)
        if not drawn.touched or self._is_here(drawn):
            raise ReviewProblem(f"{self.upstream} has nothing new for the skills here.")
        title = f"{len(commits)} commits of {self.upstream}"
        words = words_of(commits, title)
        return (self._keep(self._name(f"{base}..{tip}"), tip, words, drawn, now),)

    def _commits(self, limit: int = LISTED) -> tuple[RemoteCommit, ...]:
        here = self.distance
        if here.tip is None:
            raise ReviewProblem(
                f"{self.upstream} was not fetched yet, or is not there. Fetch first."
            )
        if here.head is None:
            raise ReviewProblem(f"{self._repository.root} has no commit yet.")
        if here.base is None:
            raise ReviewProblem(
                f"Not enough of the history of {self._repository.root} is here to compare it with "
                f"{self.upstream}. Get the rest: git fetch --unshallow"
                if here.shallow
                else f"{self.upstream} and {self._repository.root} have no history in common, so "
                "there is nothing to compare. Look whether it is the right remote."
            )
        inside = self._place.inside
        return commits_between(self._repository, here.head, here.tip, path=inside, limit=limit)

    def _name(self, what: str) -> str:
        key = "\0".join((what, self._place.inside, os.path.realpath(self._place.library)))
        short = what.rpartition("..")[2][:10]
        return f"remote-{short}-{sha256(key.encode('utf-8', 'surrogateescape'))[:8]}"

    def _state(self, name: str, known: Collection[str], drawn: _Drawn) -> IncomingState:
        if name in known:
            return "taken"
        if not drawn.touched:
            return "outside"
        return "here" if self._is_here(drawn) else "new"

    def _reviewed(self, commit: Commit, drawn: _Drawn) -> Proposal | None:
        """Return the proposal of the team that a commit applies as it was approved here."""
        if not drawn.touched:
            return None
        here = ReviewedHere(self._store, self._repository, self._place)
        return here.proposal_of(commit, lambda: self._sides(drawn))

    def _sides(self, drawn: _Drawn) -> Sides:
        files = {side for one in drawn.touched for side in (one.old, one.new) if side is not None}
        contents = read_checked_out(self._repository, files)
        found: dict[str, tuple[Side, Side]] = {}

        def side(file: BranchFile) -> Side:
            return sha256(contents.get(file, b"")), file.mode

        for one in drawn.touched:
            if one.old is not None:
                path = self._inside(one.old.path)
                found[path] = (side(one.old), found.get(path, (None, None))[1])
            if one.new is not None:
                path = self._inside(one.new.path)
                found[path] = (found.get(path, (None, None))[0], side(one.new))
        return found

    def _drawn(self, old: str | None, new: str) -> _Drawn:
        """Return the files of skills that changed between two commits."""
        below = self._place.inside
        before = files_of(self._repository, old, below)
        after = files_of(self._repository, new, below)
        skills = _skill_folders((*before, *after))
        touched: list[_Touched] = []
        left_out: list[tuple[str, str]] = []
        for one in _pairs(self._repository, (old, new), below, before, after):
            sides = [side for side in (one.old, one.new) if side is not None]
            why = next((why for side in sides if (why := self._why_not(side, skills))), "")
            if not why:
                touched.append(one)
                continue
            left_out += [
                (self._inside(side.path), said)
                for side in sides
                if (said := self._why_not(side, skills))
            ]
            # Of a rename into or out of a skill the side in the skill is a file of its own.
            if one.old and one.new and one.old.path != one.new.path:
                touched += [
                    _Touched(side if side is one.old else None, side if side is one.new else None)
                    for side in sides
                    if not self._why_not(side, skills)
                ]
        return _Drawn(old, new, tuple(touched), tuple(dict.fromkeys(left_out)))

    def _why_not(self, file: BranchFile, skills: Collection[str]) -> str:
        inside = self._inside(file.path)
        if file.mode not in _FILES:
            return "a link or submodule"
        if file.size > _MOST_BYTES:
            return f"larger than {_MOST_BYTES:,} bytes"
        if not is_utf8_name(inside):
            return "its name is not UTF-8"
        if any(map(is_program_folder, inside.split("/"))):
            return "a setting, not part of a skill"
        try:
            check_path(inside)
        except ReviewProblem:
            return "its name is no plain path"
        folders = file.path.split("/")[:-1]
        if not any("/".join(folders[:depth]) in skills for depth in range(len(folders) + 1)):
            return "in no skill"
        return ""

    def _inside(self, path: str) -> str:
        """Return a path of the repository relative to the library."""
        return path.removeprefix(f"{self._place.inside}/") if self._place.inside else path

    def _is_here(self, drawn: _Drawn) -> bool:
        """Say whether the files here are what the commit makes of them already."""
        contents = read_checked_out(
            self._repository, [one.new for one in drawn.touched if one.new is not None]
        )
        for one in drawn.touched:
            gone = one.old is not None and (one.new is None or one.new.path != one.old.path)
            if gone and self._on_disk(one.path) is not None:
                return False
            if one.new is not None and self._on_disk(one.new.path) != (
                contents.get(one.new),
                one.new.mode,
            ):
                return False
        return True

    def _on_disk(self, path: str) -> tuple[bytes, str] | None:
        try:
            file = confined(self._place.library, self._inside(path))
            mode = "100755" if file.stat().st_mode & 0o100 else "100644"
            return file.read_bytes(), mode
        except (OSError, FileProblem):
            return None

    def _keep(
        self, name: str, commit: str, words: CommitWords, drawn: _Drawn, now: str
    ) -> Proposal:
        files = {side for one in drawn.touched for side in (one.old, one.new) if side is not None}
        contents = read_checked_out(self._repository, files)
        made = _Made(self._inside, contents)
        for one in drawn.touched:
            made.add(one)
        left = [f"{path} is not part of this: {why}." for path, why in made.left_out]
        left += [f"{path} is not part of this: {why}." for path, why in drawn.left_out]
        draft = ProposalDraft(
            made.kind,
            words.title,
            words.told,
            tuple(made.changes),
            skills=_skills_of(self._place.library, made.changes),
        )
        proposal = Proposal(
            name,
            Engine(REMOTE_ENGINE, drawn.new, drawn.old or ""),
            str(self._place.library),
            tuple(made.base.values()),
            draft,
            (),
            now,
            warnings=tuple(left),
            authors=words.authors,
        )
        return self._store.add(proposal, made.blobs)


class _Made:
    """Changes, base and stored files of a proposal, one file of a commit after the other."""

    def __init__(self, inside: Callable[[str], str], contents: dict[BranchFile, bytes]) -> None:
        self._inside, self._contents = inside, contents
        self.changes: list[Change] = []
        self.base: dict[str, BaseFile] = {}
        self.blobs: dict[str, bytes] = {}
        self.left_out: list[tuple[str, str]] = []

    @property
    def kind(self) -> ProposalKind:
        """What the proposal does as a whole."""
        if all(change.op == "delete" for change in self.changes):
            return "delete"
        new = all(file.sha256 is None for file in self.base.values())
        return "create" if new else "edit"

    def add(self, one: _Touched) -> None:
        """Add a file with what is done to it."""
        old, new = one.old, one.new
        before = self._contents.get(old) if old is not None else None
        after = self._contents.get(new) if new is not None else None
        if (old and before is None) or (new and after is None):
            self.left_out.append((one.path, "its content is not here"))
            return
        if any(side is not None and side.startswith(_LFS) for side in (before, after)):
            self.left_out.append((one.path, "Git LFS keeps it"))
            return
        if old is not None and before is not None:
            path = self._inside(old.path)
            self.base[path] = BaseFile(path, self._kept(before), old.mode)
        if new is None:
            self._change(self._inside(one.path), "delete")
            return
        target = self._inside(new.path)
        source = target if old is None else self._inside(old.path)
        self.base.setdefault(target, BaseFile(target, None))
        if after is not None and after != before:
            self._write(source, after)
        if old is None:
            if new.mode != "100644" and after is not None:
                self._change(source, "mode", mode=new.mode)
        elif new.mode != old.mode:
            self._change(source, "mode", mode=new.mode)
        if source != target:
            self._change(source, "rename", new_path=target)

    def _write(self, path: str, data: bytes) -> None:
        text = decoded(data)
        if text is None:
            self._change(path, "write", blob=self._kept(data))
        else:
            self._change(path, "write", new_text=text)

    def _kept(self, data: bytes) -> str:
        digest = sha256(data)
        self.blobs[digest] = data
        return digest

    def _change(self, path: str, op: ChangeOp, **more: str) -> None:
        self.changes.append(replace(Change(f"c{len(self.changes) + 1}", path, op), **more))


def _pairs(
    repository: Repository,
    commits: tuple[str | None, str],
    below: str,
    before: dict[str, BranchFile],
    after: dict[str, BranchFile],
) -> Iterable[_Touched]:
    """Yield each file that differs; a rename is one file."""
    old, new = commits
    empty = run_git(["hash-object", "-t", "tree", "--stdin"], repository.root).stdout.decode()
    command = ["diff-tree", "-r", "-z", "-M", "--raw", "--no-ext-diff", old or empty.strip(), new]
    answer = run_git([*command, "--", *([below] if below else [])], repository.root)
    if answer.returncode:
        raise refusal(repository.root, answer)
    fields = iter(answer.stdout.split(b"\0"))
    for facts in fields:
        words = facts.decode("ascii", "replace").split()
        if len(words) < 5:
            continue
        path = os.fsdecode(next(fields, b""))
        target = os.fsdecode(next(fields, b"")) if words[4][0] in "RC" else path
        one = _Touched(before.get(path), after.get(target))
        if words[4][0] == "C":
            one = _Touched(None, one.new)
        if one.path:
            yield one


def _skill_folders(paths: Iterable[str]) -> frozenset[str]:
    return frozenset(
        path.rpartition("/")[0] for path in paths if path.rpartition("/")[2] in SKILL_FILES
    )


def _skills_of(library: Path, changes: Iterable[Change]) -> tuple[str, ...]:
    """Return the ids of the skills that changes touch, as far as their folders tell."""
    found: dict[str, None] = {}
    texts = list(changes)
    made = {one.path for one in texts}
    for change in texts:
        parts = change.path.split("/")[:-1]
        for depth in range(len(parts), -1, -1):
            folder = "/".join(parts[:depth])
            names = [f"{folder}/{name}" if folder else name for name in SKILL_FILES]
            if any(name in made or (library / name).is_file() for name in names):
                found[folder or "."] = None
                break
    return tuple(found)
