"""Small libraries in real repositories, and proposals on them."""

from __future__ import annotations

import stat
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from workbench.domain.proposal import (
    BaseFile,
    Change,
    Decision,
    Engine,
    Evidence,
    EvidenceCheck,
    Hunk,
    HunkVerdict,
    Proposal,
    ProposalDraft,
    Receipt,
)
from workbench.files import sha256
from workbench.review.applying.apply import apply_decision
from workbench.review.decide import decide, record
from workbench.review.rules.confirmations import ALL
from workbench.review.session import Review, open_review
from workbench.store.history import LocalHistory
from workbench.store.proposals import ProposalStore

NOW = "2026-03-01T10:00:00.000000+00:00"
LATER = "2026-03-01T11:00:00.000000+00:00"

SKILL = b"""---
name: demo
description: Shows things.
---
# Demo

First line.

## Steps

1. One
2. Two
3. Three

## Notes

Last line.
"""


def git(folder: Path, *arguments: str, check: bool = True) -> str:
    answer = subprocess.run(
        ["git", *arguments], cwd=folder, capture_output=True, text=True, check=False
    )
    assert not check or answer.returncode == 0, answer.stderr
    return answer.stdout.strip()


def make_library(folder: Path, files: Mapping[str, bytes], *, repository: bool = True) -> Path:
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    if repository:
        git(folder, "init", "--quiet")
        git(folder, "add", "--all")
        git(folder, "commit", "--quiet", "--message=start")
    return folder


def edited(path: str, text: str | bytes, name: str = "c1", **rest: object) -> Change:
    new = text if isinstance(text, str) else text.decode()
    return msgspec.structs.replace(Change(name, path, "write", new), **rest)


def proposal_on(
    library: Path,
    changes: Sequence[Change],
    *,
    name: str = "p1",
    evidence: Sequence[Evidence] = (),
    checks: Sequence[EvidenceCheck] = (),
) -> Proposal:
    base: list[BaseFile] = []
    for path in dict.fromkeys(change.path for change in changes):
        file = library / path
        if file.is_file() and not file.is_symlink():
            mode = "100755" if file.stat().st_mode & stat.S_IXUSR else "100644"
            base.append(BaseFile(path, sha256(file.read_bytes()), mode))
        else:
            base.append(BaseFile(path, None))
    draft = ProposalDraft("edit", "Say it better", "Because of a trace.", tuple(changes))
    draft = msgspec.structs.replace(draft, evidence=tuple(evidence))
    engine = Engine("miner", "1.2", "abc123")
    return Proposal(name, engine, str(library), tuple(base), draft, tuple(checks), NOW, "job-7")


class Bench:
    """A store, a history and a library with one proposal."""

    def __init__(self, folder: Path, library: Path, changes: Sequence[Change], **rest: object):
        blobs = rest.pop("blobs", {})
        self.library = library
        self.store = ProposalStore(folder / "proposals")
        self.history = LocalHistory(folder / "history")
        self.id = self.store.add(proposal_on(library, changes, **rest), blobs).id

    @property
    def review(self) -> Review:
        return open_review(self.store, self.id)

    @property
    def status(self) -> str:
        return self.store.get(self.id).status

    @property
    def states(self) -> list[str]:
        return [receipt.state for receipt in self.store.receipts(self.id)]

    def accept(self, hunks: Sequence[Hunk] | None = None, **edits: tuple[str, ...]) -> Decision:
        review = self.review
        verdicts = [
            HunkVerdict(hunk.id, "accept", edited=edits.get(hunk.id))
            for hunk in (review.hunks if hunks is None else hunks)
        ]
        decision = decide(review, verdicts, reviewer="Ann Reviewer <ann@example.invalid>", now=NOW)
        record(review, decision)
        return decision

    def apply(self, **rest: object) -> Receipt:
        """Apply the last decision; all that wants a yes has it, unless ``confirmed`` is given."""
        rest.setdefault("confirmed", tuple(ALL))
        return apply_decision(self.store, self.history, self.id, now=LATER, **rest)


def tree(folder: Path) -> dict[str, tuple[bytes, int]]:
    """Every file outside .git with bytes and permissions, and every folder."""
    return {
        path.relative_to(folder).as_posix(): (
            path.read_bytes() if path.is_file() else b"",
            stat.S_IMODE(path.lstat().st_mode),
        )
        for path in sorted(folder.rglob("*"))
        if ".git" not in path.relative_to(folder).parts
    }
