"""The words of the unit tests in a window: a proposal, tasks that ask for words, a real agent."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path

import msgspec

from tests.unit.review.build import proposal_on
from tests.unit.review.retest_world import AGENT, PROPOSED, SKILL, WORDS
from workbench.domain.proposal import Change, Gate, Proposal
from workbench.evolution.recipe import tasks_hash_of
from workbench.evolution.remembered import Remembered, remember
from workbench.gui.shell.context import AppContext

TASKS = "\n".join(
    f'[[tasks]]\nid = "t-{word}"\nprompt = "{word}"\nsplit = "test"\n'
    '[[tasks.criteria]]\nid = "yes"\nmethod = "contains"\nargument = "yes"\n'
    for word in WORDS
)


@dataclass(frozen=True)
class TaskWorld:
    context: AppContext
    folder: Path
    proposal: Proposal

    @property
    def library(self) -> Path:
        return self.folder / "library"

    @property
    def skill(self) -> Path:
        return self.library / "words" / "SKILL.md"

    @property
    def tasks(self) -> Path:
        return self.folder / "tasks.toml"

    def choose(self, agent: str = AGENT) -> None:
        """Choose tasks and an agent for this library, as Evolution keeps them."""
        self.tasks.write_text(TASKS)
        argv = ("/bin/sh", "-c", agent, "agent", "{skills}", "{prompt}")
        kept = Remembered(
            tasks=str(self.tasks),
            runner="command",
            command=shlex.join(argv),
            allowed=(tasks_hash_of(self.tasks),),
        )
        remember(self.context.folders.state, str(self.library), kept)


def make_task_world(folder: Path, context: AppContext) -> TaskWorld:
    home = folder / "library" / "words"
    home.mkdir(parents=True)
    (home / "SKILL.md").write_text(SKILL)
    made = proposal_on(folder / "library", (Change("c", "words/SKILL.md", "edit", PROPOSED),))
    draft = msgspec.structs.replace(
        made.draft, title="words: know blue, forget red", skills=("words",)
    )
    proposal = msgspec.structs.replace(made, draft=draft, gate=Gate())
    context.proposal_store.add(proposal)
    return TaskWorld(context, folder, proposal)
