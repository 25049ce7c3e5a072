"""What engines that learn from traces with a model have in common.

Asking with a budget, whose traces are whose, what was turned down before, and the end of a run in
honest words.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from msgspec import Struct

from workbench.domain.job import Finished, PastDecision, Request, SkillInput, Warning_
from workbench.domain.model_call import ChatMessage, Completion, Prompt
from workbench.domain.proposal import Evidence, ProposalDraft
from workbench.plugin.loose_values import as_mapping
from workbench.plugin.prompt_files import Data, PromptFile
from workbench.plugin.run_skills import SkillFinder
from workbench.plugin.skill_locks import is_locked
from workbench.plugin.skill_patch import SkillTexts
from workbench.plugin.stops import BudgetSpent
from workbench.plugin.trace_text import TraceText

_SHOWN_FAILURES = 3


class AsksModels(Protocol):
    """What is asked of a plugin's context."""

    def complete_all(self, prompts: Iterable[Prompt]) -> Iterable[Completion]:
        """Ask many things at once."""
        ...


class Question(Struct, frozen=True):
    """A prompt file with what is filled in, and the schema of the answer."""

    prompt: PromptFile
    values: Mapping[str, str | int | Data]
    schema: dict[str, object]
    label: str
    role: str = "proposer"


class Asker:
    """Asks a model and keeps count of what went wrong; after a spent budget it asks no more."""

    def __init__(self, context: AsksModels, request: Request) -> None:
        self._context = context
        self._seed = request.seed
        self._temperature = number_setting(request, "temperature", 0.0)
        self._max_tokens = int(number_setting(request, "max_output_tokens", 4096))
        self._roles = {model.role for model in request.models}
        self.asked = 0
        self.answered = 0
        self.spent = ""
        self._refusals: Counter[str] = Counter()

    def ask(self, questions: Sequence[Question]) -> list[Mapping[str, object] | None]:
        """Ask all at once; return each answer's JSON object, None where there is none."""
        answers: list[Mapping[str, object] | None] = []
        if self.spent or not questions:
            return [None] * len(questions)
        self.asked += len(questions)
        try:
            for completion in self._context.complete_all([self._prompt(one) for one in questions]):
                answers.append(self._read(completion))
        except BudgetSpent as spent:
            self.spent = str(spent)
        return answers + [None] * (len(questions) - len(answers))

    def warnings(self) -> list[Warning_]:
        """Return what a person should know of calls that gave nothing."""
        return [
            Warning_(text=f"{count} of {self.asked} calls gave no answer: {words}")
            for words, count in self._refusals.most_common(_SHOWN_FAILURES)
        ]

    def end(self, given: int) -> Finished | None:
        """Return the end that the calls come to; None when there is nothing special to say.

        Raises:
            BudgetSpent: what the user allowed is spent; what was found is out already.
        """
        if self.spent:
            raise BudgetSpent(self.spent)
        if self.asked and not self.answered and not given:
            words = next(iter(self._refusals), "no answer")
            return Finished(status="failed", summary=f"The model gave no usable answer: {words}")
        return None

    def _prompt(self, question: Question) -> Prompt:
        messages: tuple[ChatMessage, ...] = question.prompt.messages(question.values, self._seed)
        role = question.role if question.role in self._roles else "proposer"
        return Prompt(
            messages,
            role=role,
            schema=question.schema,
            max_tokens=self._max_tokens,
            temperature=self._temperature,
            label=question.label,
        )

    def _read(self, completion: Completion) -> Mapping[str, object] | None:
        if completion.refused:
            if completion.refusal != "budget":
                self._refusals[completion.refused] += 1
            return None
        value = as_mapping(completion.value)
        if not value:
            self._refusals["The answer is no JSON object."] += 1
            return None
        self.answered += 1
        return value


def number_setting(request: Request, name: str, default: float) -> float:
    """Return a number among the settings."""
    value = request.settings.get(name)
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_number else default  # type: ignore[arg-type]


def usable(traces: Sequence[TraceText]) -> list[TraceText]:
    """Return the traces that say something: with steps, and not ended by the machine."""
    return [trace for trace in traces if trace.steps and not trace.is_infra]


def blocked(traces: Sequence[TraceText]) -> tuple[ProposalDraft, Finished] | None:
    """Return the end of a run over traces that failed for reasons of the machine alone."""
    with_steps = [trace for trace in traces if trace.steps or trace.is_infra]
    if not with_steps or not all(trace.is_infra for trace in with_steps):
        return None
    runs = "The run" if len(with_steps) == 1 else f"All {len(with_steps)} runs"
    draft = ProposalDraft(
        kind="diagnose",
        title="Not the skill's fault: the runs failed for reasons of machine, network or service",
        rationale=f"{runs} ended before a skill could matter. Run again when the service works; "
        "nothing is changed.",
        root_cause="environment",
    )
    words = "All runs failed for reasons no skill can mend (machine, network, service)."
    return draft, Finished(status="infra_blocked", summary=words)


def by_skill(
    request: Request, traces: Sequence[TraceText]
) -> tuple[dict[str, list[TraceText]], list[TraceText]]:
    """Return the traces that loaded each skill, by its id, and those that loaded none of them."""
    finder = SkillFinder(request)
    groups: dict[str, list[TraceText]] = {}
    rest: list[TraceText] = []
    for trace in traces:
        found = (finder.find(name) for name in trace.header.skills_loaded)
        skills = dict.fromkeys(skill.id for skill in found if skill is not None)
        for skill in skills:
            groups.setdefault(skill, []).append(trace)
        if not skills:
            rest.append(trace)
    return dict(sorted(groups.items())), rest


class SkillGroup(Struct, frozen=True):
    """A skill with the traces that loaded it."""

    texts: SkillTexts
    traces: tuple[TraceText, ...]


def skill_groups(
    request: Request, traces: Sequence[TraceText], chosen: SkillInput | None = None
) -> tuple[list[SkillGroup], list[TraceText], list[str]]:
    """Return each skill with its traces, the traces of no skill, and what was left out, in words.

    A trace that tells of no skill at all counts for the skill a person chose, or for the only one.
    One that loaded other skills never does.
    """
    groups, rest = by_skill(request, traces)
    target = chosen or (request.skills[0] if len(request.skills) == 1 else None)
    silent = [trace for trace in rest if not trace.header.skills_loaded]
    if target is not None and silent:
        members = [*groups.get(target.id, ()), *silent]
        groups[target.id] = sorted(members, key=lambda trace: trace.id)
        rest = [trace for trace in rest if trace.header.skills_loaded]
    notes: list[str] = []
    found: list[SkillGroup] = []
    for skill in request.skills:
        if skill.id not in groups or (chosen is not None and skill.id != chosen.id):
            continue
        texts = SkillTexts(skill)
        if is_locked(skill.locks):
            notes.append(f"{skill.id} is locked: left out.")
        elif texts.main not in texts.texts:
            notes.append(f"{skill.id}: its SKILL.md cannot be read as UTF-8: left out.")
        else:
            found.append(SkillGroup(texts, tuple(groups[skill.id])))
    return found, rest, notes


def past_words(history: Sequence[PastDecision], skill: SkillInput | None = None) -> str:
    """Return what people said of earlier proposals, those on a skill alone where one is given."""
    lines: list[str] = []
    for one in history:
        inside = (
            skill is None
            or skill.id == "."
            or any(path.startswith(f"{skill.id}/") for path in one.paths)
        )
        if not inside or one.status in ("accepted", "applied"):
            continue
        why = f" ({', '.join(one.reasons)})" if one.reasons else ""
        gate = "" if one.level == "not_evaluated" else f", by the gate: {one.level}"
        lines.append(f"- {one.status}{why}{gate}: {one.title}")
        lines += [f"    a person says: {' '.join(said.split())[:300]}" for said in one.comments[:3]]
        lines += [f"    not wanted: {line.strip()[:200]}" for line in one.new_lines[:8]]
    return "\n".join(lines[-60:]) or "(none)"


def turned_down(history: Sequence[PastDecision]) -> frozenset[tuple[str, str]]:
    """Return the (path, line) pairs that were rejected or reverted: not to be proposed again."""
    return frozenset(
        (path, line.strip())
        for one in history
        if one.status in ("rejected", "reverted")
        for path in one.paths
        for line in one.new_lines
        if line.strip()
    )


def repeats(turned: frozenset[tuple[str, str]], path: str, content: str) -> bool:
    """Whether all that a text would add to a file was turned down before."""
    lines = [line.strip() for line in content.splitlines() if line.strip()]
    return bool(lines) and all((path, line) in turned for line in lines)


def cited(evidence: Sequence[Evidence]) -> tuple[Evidence, ...]:
    """Return evidence with ids that are unique in one draft."""
    from msgspec.structs import replace

    return tuple(replace(one, id=f"e{number}") for number, one in enumerate(evidence, 1))
