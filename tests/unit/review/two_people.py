"""Two people with a clone each of one remote, and a store each."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import msgspec

from tests.unit.review.build import SKILL, edited, git, make_library, proposal_on
from workbench.domain.proposal import Change, Decision, HunkVerdict, Proposal, VerdictKind
from workbench.review.decide import decide, record
from workbench.review.session import Review, open_review
from workbench.review.sharing.queue import Synced, TeamQueue
from workbench.review.sharing.settings import Sharing, turn_on
from workbench.store.history import LocalHistory
from workbench.store.proposals import ProposalStore
from workbench.store.transport import Call

ANN = "Ann Author <ann@example.org>"
BEN = "Ben Brown <ben@example.org>"


class Person:
    """A clone with a library in ``skills``, a store and a history."""

    def __init__(self, folder: Path, remote: Path, reviewer: str) -> None:
        self.folder, self.reviewer = folder, reviewer
        folder.mkdir()
        git(folder, "clone", "--quiet", str(remote), "clone")
        self.root = folder / "clone"
        self.library = self.root / "skills"
        name, _, mail = reviewer.partition(" <")
        git(self.root, "config", "user.name", name)
        git(self.root, "config", "user.email", mail[:-1])
        self.store = ProposalStore(folder / "proposals")
        self.history = LocalHistory(folder / "history")

    def share(self, **settings: str) -> None:
        turn_on(self.library, Sharing(**settings))

    @property
    def queue(self) -> TeamQueue:
        return TeamQueue(self.store, self.library)

    def sync(self, add: Collection[str] = ()) -> Synced:
        return self.queue.sync(Call(), add=add, reviewer=self.reviewer)

    def review(self, name: str = "p1") -> Review:
        return open_review(self.store, name)

    def propose(self, changes: list[Change] | None = None, name: str = "p1") -> Proposal:
        text = SKILL.replace(b"First line.", b"A better line.").replace(b"Last", b"Final")
        changes = changes or [edited("demo/SKILL.md", text)]
        return self.store.add(proposal_on(self.library, changes, name=name))

    def decide(self, *kinds: VerdictKind | None, minute: int, name: str = "p1") -> Decision:
        review = self.review(name)
        verdicts = [
            HunkVerdict(hunk.id, kind)
            for hunk, kind in zip(review.hunks, kinds, strict=True)
            if kind is not None
        ]
        return self.keep(review, verdicts, minute)

    def keep(
        self, review: Review, verdicts: list[HunkVerdict], minute: int, policy: str = ""
    ) -> Decision:
        now = f"2026-03-01T10:{minute:02}:00.000000+00:00"
        decision = decide(
            review, verdicts, reviewer=self.reviewer, now=now, comment="so", policy=policy
        )
        record(review, decision)
        return decision


def two_people(folder: Path) -> tuple[Person, Person]:
    """Return two people whose clones are of a bare repository with one skill."""
    seed = make_library(folder / "seed", {"skills/demo/SKILL.md": SKILL, "README.md": b"Read.\n"})
    git(seed, "branch", "-M", "main")
    git(folder, "clone", "--quiet", "--bare", str(seed), "remote.git")
    remote = folder / "remote.git"
    return Person(folder / "ann", remote, ANN), Person(folder / "ben", remote, BEN)


def commit(person: Person, message: str) -> str:
    """Commit everything that is changed, and return the commit."""
    git(person.root, "add", "--all", "skills")
    git(person.root, "commit", "--quiet", f"--message={message}")
    return git(person.root, "rev-parse", "HEAD")


def as_text(value: object) -> str:
    """Return a value as JSON text."""
    return msgspec.json.encode(value).decode()
