"""A skill of words, a proposal that adds one and takes one away, and tasks that ask for words.

The agent is a shell script that does what the skill says: a test double for a model, run for real.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec

from tests.unit.review.build import proposal_on
from workbench.domain.proposal import Change, Gate, HunkVerdict, Proposal
from workbench.domain.task import Criterion, Task
from workbench.evaluation.cache import EvaluationCache
from workbench.evaluation.evaluator import Evaluator
from workbench.evaluation.runner import RunLimits
from workbench.evaluation.runners.command import CommandRunner, CommandTemplate
from workbench.evaluation.sandbox import Sandbox, available_sandbox
from workbench.evaluation.task_set import TaskSet
from workbench.evaluation.verify import Verifier
from workbench.evolution.gating import GateChoice
from workbench.evolution.means import Means
from workbench.review.again.retest import Retest, retesting
from workbench.review.session import Review, open_review
from workbench.store.proposals import ProposalStore

#: Does what the skill says: a task passes where the skill names its word.
AGENT = 'grep -qs -- "- $2$" "$1/words/SKILL.md" && echo yes || echo no'
LINES = "\n".join(f"Line {number}." for number in range(1, 9))
SKILL = (
    "---\nname: words\ndescription: Which words are known. Use for words.\n---\n"
    f"# Words\n\n- red\n\n{LINES}\n\n## More\n\n- plum\n"
)
#: Hunk 1 forgets red, hunk 2 knows blue.
PROPOSED = SKILL.replace("- red\n", "- rot\n").replace("- plum\n", "- plum\n- blue\n")
WORDS = ("red", "blue", "plum")


def task(word: str, split: str = "test") -> Task:
    says = Criterion("says-yes", method="contains", argument="yes", visible=False)
    return Task(f"t-{word}", word, split=split, criteria=(says,))  # type: ignore[arg-type]


def command_runner(agent: str = AGENT) -> CommandRunner:
    sandbox = available_sandbox() or Sandbox("none")
    template = CommandTemplate(("/bin/sh", "-c", agent, "agent", "{skills}", "{prompt}"))
    return CommandRunner(template, sandbox, Verifier(sandbox))


@dataclass(frozen=True)
class RetestWorld:
    folder: Path
    store: ProposalStore
    proposal: Proposal

    @property
    def skill(self) -> Path:
        return self.folder / "library" / "words" / "SKILL.md"

    def review(self) -> Review:
        return open_review(self.store, self.proposal.id)

    @contextmanager
    def retest(
        self, agent: str = AGENT, *, budget: int | None = None, review: Review | None = None
    ) -> Iterator[Retest]:
        tasks = TaskSet("words", self.folder, tuple(task(word) for word in WORDS))
        cache = EvaluationCache(self.folder / "evaluations.sqlite")
        evaluator = Evaluator(
            tasks,
            command_runner(agent),
            self.folder / "task-runs",
            limits=RunLimits(seconds=20),
            cache=cache,
            budget=budget,
        )
        try:
            with retesting(
                review or self.review(),
                Means(tasks, evaluator),
                GateChoice(),
                self.folder / "tests-of-selections",
            ) as found:
                yield found
        finally:
            evaluator.close()
            cache.close()


def make_world(folder: Path) -> RetestWorld:
    home = folder / "library" / "words"
    home.mkdir(parents=True)
    (home / "SKILL.md").write_text(SKILL)
    store = ProposalStore(folder / "store")
    made = proposal_on(folder / "library", (Change("c", "words/SKILL.md", "edit", PROPOSED),))
    gate = Gate("rejected", "weighted", ("as the engine's run had it",))
    proposal = msgspec.structs.replace(made, gate=gate)
    store.add(proposal)
    return RetestWorld(folder, store, proposal)


def accepted(review: Review, *numbers: int) -> tuple[HunkVerdict, ...]:
    """Accept hunks by number from 1, reject the others."""
    return tuple(
        HunkVerdict(hunk.id, "accept" if number in numbers else "reject")
        for number, hunk in enumerate(review.hunks, 1)
    )
