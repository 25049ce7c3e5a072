"""A skill in a repository, a trace, and proposals on it with evidence from that trace."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

from workbench.domain.proposal import (
    BaseFile,
    Change,
    Engine,
    Evidence,
    Gate,
    Proposal,
    ProposalDraft,
)
from workbench.evolution.evidence import check_evidence
from workbench.files import sha256
from workbench.resources import bundled
from workbench.store.proposals import ProposalStore
from workbench.traces.open import open_traces

SKILL = """---
name: demo
description: Shows things. Use when someone wants to see things.
---

# Demo

The first line.

## Steps

1. One
2. Two
3. Three

## Notes

The last line.
"""

PROPOSED = (
    SKILL.replace("The first line.", "The very first line.")
    .replace("2. Two", "2. Two, slowly")
    .replace("The last line.", "The last line.\n\n- One more note.")
)

TRACE = next(
    (bundled("resources") / "example" / "traces" / "claude-code").glob("*tax-forms/*.jsonl")
)


@dataclass(frozen=True)
class ReviewWorld:
    """``library`` holds the skill ``demo``."""

    library: Path
    store: ProposalStore

    @property
    def skill(self) -> Path:
        return self.library / "demo" / "SKILL.md"

    def propose(
        self,
        name: str,
        files: dict[str, str],
        quotes: tuple[str, ...] = ("pip install pypdf",),
        **rest: object,
    ) -> Proposal:
        """Store a proposal that writes ``files``; quotes are looked up in the trace."""
        changes = tuple(
            Change(f"c{number}", path, "write", text, evidence=_names(quotes))
            for number, (path, text) in enumerate(files.items(), 1)
        )
        return self.add(name, changes, quotes, **rest)

    def add(
        self,
        name: str,
        changes: tuple[Change, ...],
        quotes: tuple[str, ...] = (),
        **rest: object,
    ) -> Proposal:
        evidence, checks = _looked_up(quotes)
        draft = ProposalDraft(
            kind="edit" if changes else "diagnose",
            title=f"demo: {name}",
            rationale="It was seen in one run. What was proposed follows from that.",
            changes=changes,
            evidence=evidence,
            skills=("demo",),
            root_cause="skill",
        )
        proposal = Proposal(
            id=name.replace(" ", "-"),
            engine=Engine("test_engine", "1.0", models=("a-model",)),
            library=str(self.library),
            base=tuple({path: self._base(path) for path in _paths(changes)}.values()),
            draft=draft,
            checks=checks,
            created="2026-03-01T10:00:00+00:00",
            job="run-1",
            gate=Gate("promising", "weighted", ("3 repairs, no regression",)),
            **rest,  # type: ignore[arg-type]
        )
        return self.store.add(proposal)

    def git(self, *arguments: str) -> str:
        answer = subprocess.run(
            ["git", *arguments], cwd=self.library, capture_output=True, text=True, check=True
        )
        return answer.stdout.strip()

    def _base(self, path: str) -> BaseFile:
        file = self.library / path
        if not file.exists():
            return BaseFile(path, None)
        mode = "100755" if file.stat().st_mode & 0o100 else "100644"
        return BaseFile(path, sha256(file.read_bytes()), mode)


def make_world(folder: Path, store: ProposalStore, *, repository: bool = True) -> ReviewWorld:
    library = folder / "skills"
    (library / "demo").mkdir(parents=True)
    (library / "demo" / "SKILL.md").write_bytes(SKILL.encode())
    world = ReviewWorld(library, store)
    if repository:
        world.git("init", "--quiet")
        world.git("add", "--all")
        world.git("commit", "--quiet", "--message=start")
    return world


def _paths(changes: tuple[Change, ...]) -> list[str]:
    return [path for one in changes for path in (one.path, one.new_path) if path]


def _names(quotes: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(f"e{number}" for number, _ in enumerate(quotes, 1))


def _looked_up(quotes: tuple[str, ...]):
    (trace, *rest) = open_traces(TRACE)
    try:
        name = f"{TRACE.name}#{trace.trajectory.id}"
        evidence = tuple(
            Evidence(one, name, 7, 7, quote, relation="failure")
            for one, quote in zip(_names(quotes), quotes, strict=True)
        )
        return evidence, tuple(check_evidence(one, trace) for one in evidence)
    finally:
        for opened in (trace, *rest):
            opened.close()
