"""Analyst, diagnostician and optimiser over batches of failures; each stage asks all at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from skillforge_style.failures import (
    ANALYSIS_SCHEMA,
    DIAGNOSIS_SCHEMA,
    Cause,
    Failure,
    read_causes,
    read_failure,
    shown_causes,
    shown_failures,
)
from workbench.plugin.api import (
    Asker,
    Candidate,
    Change,
    Claim,
    Context,
    Data,
    EvidenceFound,
    JobEvent,
    Log,
    PromptFile,
    Question,
    QuoteCheck,
    Request,
    SkillGroup,
    SkillTexts,
    Stage,
    TraceText,
    as_list,
    as_mapping,
    as_text,
    edit_schema,
    number_setting,
    past_words,
    path_in,
    read_edits,
    renamed,
    repeats,
    turned_down,
)

_NAMES: dict[str, object] = {"type": "array", "items": {"type": "string"}}
OPTIMISE_SCHEMA: dict[str, object] = {
    "type": "object",
    "properties": {
        "reasoning": {"type": "string"},
        "edits": {"type": "array", "items": edit_schema({"diagnoses": _NAMES})},
    },
    "required": ["reasoning", "edits"],
}
_A_PROMPT = 80_000


@dataclass
class Work:
    """What becomes of one skill: its text so far, what was done to it and why."""

    group: SkillGroup
    texts: SkillTexts
    failures: list[Failure] = field(default_factory=list)
    causes: list[Cause] = field(default_factory=list)
    batch: list[Cause] = field(default_factory=list)
    done: list[tuple[Claim, Change]] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)
    rounds: int = 0

    @property
    def id(self) -> str:
        """The skill's id."""
        return self.texts.skill.id


class Run:
    """The loop over batches; ``silent`` are failed traces that loaded no skill."""

    def __init__(
        self,
        request: Request,
        context: Context,
        prompts: Mapping[str, PromptFile],
        works: Sequence[Work],
        silent: Sequence[TraceText],
    ) -> None:
        self._request = request
        self._context = context
        self._prompts = prompts
        self.works = list(works)
        self.silent = list(silent)
        self.uncovered: list[Failure] = []
        self.asker = Asker(context, request)
        traces = [trace for work in works for trace in work.group.traces] + self.silent
        self.quotes = QuoteCheck(traces)
        names = sorted({trace.id for trace in traces})
        self._names = {name: f"f{number}" for number, name in enumerate(names, 1)}
        self._max_lines = self.number("max_skill_lines", 500)

    def number(self, name: str, default: int) -> int:
        """Return a setting."""
        return int(number_setting(self._request, name, default))

    def analyse(self) -> Iterator[JobEvent]:
        """Ask the analyst about each failed run, all at once."""
        pairs = [(work, trace) for work in self.works for trace in work.group.traces]
        every: list[tuple[Work | None, TraceText]] = [*pairs, *((None, one) for one in self.silent)]
        yield Stage(name="analyse", done=0, total=len(every))
        answers = self.asker.ask([self._analysis_question(work, trace) for work, trace in every])
        for (work, trace), answer in zip(every, answers, strict=True):
            if answer is None:
                continue
            failure = read_failure(answer, self._names[trace.id], trace, self.quotes)
            if failure is None:
                yield Log(text=f"{trace.id}: its analysis was left out: no quote is in the trace.")
                continue
            (work.failures if work is not None else self.uncovered).append(failure)
            first = failure.evidence[0]
            yield EvidenceFound(trace=trace.id, step=first.step_first, finding=failure.what[:200])
        yield Stage(name="analyse", done=len(every), total=len(every))

    def improve(self) -> Iterator[JobEvent]:
        """Diagnose and optimise batch after batch; the next batch meets the edited skill."""
        size = self.number("batch", 8)
        batches = {work.id: _batches(work.failures, size) for work in self.works}
        rounds = max((len(one) for one in batches.values()), default=0)
        for number in range(rounds):
            rows = [
                (work, batches[work.id][number])
                for work in self.works
                if number < len(batches[work.id])
            ]
            yield Stage(name="diagnose", done=number, total=rounds)
            asked = [self._diagnosis_question(work, batch) for work, batch in rows]
            for (work, batch), answer in zip(rows, self.asker.ask(asked), strict=True):
                work.batch = read_causes(answer or {}, f"d{number + 1}.", batch)
                work.causes += work.batch
            yield Stage(name="optimise", done=number, total=rounds)
            ready = [work for work, _ in rows if _of_the_skill(work.batch)]
            asked = [self._edit_question(work) for work in ready]
            for work, answer in zip(ready, self.asker.ask(asked), strict=True):
                if answer is not None:
                    yield from self._optimise(work, answer, number + 1)
            self._context.check_cancelled()

    def _optimise(
        self, work: Work, answer: Mapping[str, object], number: int
    ) -> Iterator[JobEvent]:
        """Carry out what the optimiser says; the skill's text moves on."""
        claims, problems = self._claims(work, answer, f"o{number}.")
        limits = (self._max_lines, self.number("max_references", 5))
        most = self._request.budget.max_hunks
        room = None if most is None else most - len(work.done)
        patched, left_out = work.texts.well_formed(claims, *limits, room)
        for words in (*problems, *left_out):
            yield Log(text=f"{work.id}: {words}")
        if not patched.done:
            return
        changes = {change.id: change for change in work.texts.changes(patched)}
        by_id = {claim.edit.id: claim for claim, _ in patched.done}
        work.done += [(by_id[name], change) for name, change in changes.items()]
        work.texts = work.texts.after(patched)
        work.rounds = number
        reasoning = as_text(answer.get("reasoning")).strip()
        work.reasons += [reasoning] if reasoning else []
        before = (f"{work.id}:round {number - 1}",) if number > 1 else ()
        yield Candidate(id=f"{work.id}:round {number}", parents=before, summary=reasoning[:300])

    def _claims(
        self, work: Work, answer: Mapping[str, object], prefix: str
    ) -> tuple[list[Claim], list[str]]:
        known = {cause.name: cause for cause in _of_the_skill(work.batch)}
        turned = turned_down(self._request.history)
        rows, problems = read_edits(answer.get("edits"), prefix)
        claims: list[Claim] = []
        for edit, said in rows:
            names = dict.fromkeys(map(as_text, as_list(as_mapping(said).get("diagnoses"))))
            causes = [known[name] for name in names if name in known]
            if not causes:
                problems.append(f"Edit {edit.id} was left out: it answers no diagnosis.")
            elif repeats(turned, path_in(work.texts.skill, edit.file), edit.content):
                problems.append(f"Edit {edit.id} was left out: people turned that down before.")
            else:
                evidence = renamed(one for cause in causes for one in cause.evidence)
                parents = tuple(cause.name for cause in causes)
                claims.append(Claim(edit, evidence, causes[0].generality, parents))
        return claims, problems

    # Questions

    def _analysis_question(self, work: Work | None, trace: TraceText) -> Question:
        skill = self._skill(work) if work is not None else Data("skill", "(no skill was loaded)")
        values: dict[str, str | int | Data] = {
            "skill": skill,
            "trace": Data(f"run {trace.id}", trace.shown(self.number("trace_characters", 60_000))),
        }
        label = f"analyse {work.id if work is not None else '-'}: {trace.id}"
        return Question(self._prompts["analyse"], values, ANALYSIS_SCHEMA, label)

    def _diagnosis_question(self, work: Work, batch: Sequence[Failure]) -> Question:
        values: dict[str, str | int | Data] = {
            "skill": self._skill(work),
            "failures": Data("failures", shown_failures(batch)[:_A_PROMPT]),
        }
        names = ", ".join(failure.name for failure in batch)
        label = f"diagnose {work.id}: {names}"
        return Question(self._prompts["diagnose"], values, DIAGNOSIS_SCHEMA, label)

    def _edit_question(self, work: Work) -> Question:
        causes = _of_the_skill(work.batch)
        values: dict[str, str | int | Data] = {
            "skill": self._skill(work),
            "diagnoses": Data("diagnoses", shown_causes(causes)[:_A_PROMPT]),
            "history": Data(
                "earlier proposals", past_words(self._request.history, work.texts.skill)
            ),
            "max_lines": self._max_lines,
        }
        names = ", ".join(cause.name for cause in causes)
        label = f"optimise {work.id}: {names}"
        return Question(self._prompts["optimise"], values, OPTIMISE_SCHEMA, label)

    def _skill(self, work: Work) -> Data:
        return Data(f"skill {work.id}", work.texts.shown(self.number("skill_characters", 60_000)))


def _of_the_skill(causes: Sequence[Cause]) -> list[Cause]:
    return [cause for cause in causes if cause.at_fault == "skill"]


def _batches(failures: Sequence[Failure], size: int) -> list[list[Failure]]:
    return [list(failures[at : at + size]) for at in range(0, len(failures), size)]
