"""The package ``gepa`` in process: the host runs the tasks, asks the model and decides."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from gepa_engine.components import Components
from gepa_engine.proposals import drafts
from workbench.plugin.api import (
    BudgetSpent,
    Cancelled,
    Context,
    Data,
    Finished,
    JobEvent,
    PackageCalls,
    PromptFile,
    PromptProblem,
    ProposalDraft,
    Request,
    Started,
    TaskInput,
    Unavailable,
    Warning_,
    number_setting,
    read_prompts,
    relayed,
)

_Yield = ProposalDraft | JobEvent
_PLACES = {"reflection": frozenset({"part", "skill", "text", "runs"})}


def propose(request: Request, context: Context) -> Iterator[_Yield]:
    """Evolve the chosen skills; propose the best candidate and others of the frontier."""
    context.check_cancelled()
    if lacking := _lacking(request):
        yield Warning_(text=f"GEPA cannot begin: {lacking}")
        return
    try:
        import gepa  # noqa: F401 - here, so that the plugin can be named where it is missing
    except ImportError:
        words = "The Python package 'gepa' is missing: pip install 'skill-workbench[engines]'."
        yield Finished(status="failed", summary=words)
        return
    try:
        prompt = read_prompts(Path(__file__).parents[1] / "prompts", _PLACES)["reflection"]
    except PromptProblem as problem:
        yield Finished(status="failed", summary=str(problem))
        return
    yield from Search(request, context, prompt).run()


def _lacking(request: Request) -> str:
    if not request.skills:
        return "there is no skill to evolve."
    if not request.tasks:
        return "there are no tasks with the split train or val."
    return "" if request.has_runner else "there is no runner that executes the tasks."


class Search:
    """One run of GEPA."""

    def __init__(self, request: Request, context: Context, prompt: PromptFile) -> None:
        self._request = request
        self._context = context
        self._prompt = prompt
        self._calls = PackageCalls(context)
        most = self._count("max_skills", 4)
        self._skills = request.skills[:most]
        self._components = Components(
            self._skills, with_description=request.settings.get("description") is True
        )

    def run(self) -> Iterator[_Yield]:
        """Say what it takes, search, and propose what was found even when it was stopped."""
        from gepa_engine.adapter import HostAdapter
        from gepa_engine.record import Record

        yield self._plan()
        for words in self._components.left_out:
            yield Warning_(text=words)
        if len(self._skills) < len(self._request.skills):
            names = ", ".join(skill.id for skill in self._skills)
            yield Warning_(text=f"Only the first skills are evolved (max_skills): {names}.")
        if not self._components.seed:
            yield Finished(status="no_change", summary="No skill may be changed.")
            return
        adapter = HostAdapter(self._context, self._calls, self._components)
        records: list[Record] = []
        stop: Exception | None = None
        try:
            yield from relayed(lambda tell: self._search(adapter, records, tell))
        except (BudgetSpent, Cancelled, Unavailable) as reason:
            stop = reason
        if adapter.infra:
            words = f"{adapter.infra} runs failed for reasons of the machine; they count neither"
            yield Warning_(text=f"{words} for nor against a candidate.")
        given = 0
        for record in records:
            for draft in drafts(self._request, self._components, record, self._alternatives):
                given += 1
                yield draft
        yield from self._end(records, adapter.runs, given, stop)

    def _search(self, adapter: Any, records: list[Any], tell: Callable[[JobEvent], None]) -> None:
        """Run the package; in a thread of its own."""
        import gepa
        from gepa.utils.stop_condition import NoImprovementStopper, ScoreThresholdStopper

        from gepa_engine.record import Record

        usable = adapter.evaluate_base(self._request.tasks)
        if not usable:
            words = "Every run of a task failed for reasons of the machine, network or service."
            raise self._calls.halt(Unavailable(words))
        train = [task for task in usable if task.split == "train"] or list(usable)
        val = [task for task in usable if task.split == "val"] or list(usable)
        most = self._most_calls()
        record = Record(self._context, [task.id for task in val], most, adapter.name_of_texts, tell)
        records.append(record)

        def cancelled(_: object) -> bool:
            self._context.check_cancelled()
            return False

        gepa.optimize(
            seed_candidate=dict(self._components.seed),
            trainset=train,
            valset=val,
            adapter=adapter,
            custom_candidate_proposer=self._proposer,
            candidate_selection_strategy=str(self._request.settings.get("selection", "pareto")),
            reflection_minibatch_size=min(len(train), self._count("minibatch", 3)),
            use_merge=self._request.settings.get("merge") is True,
            max_metric_calls=most,
            stop_callbacks=[
                cancelled,
                ScoreThresholdStopper(1.0),
                # Its first check is before the first round.
                NoImprovementStopper(self._count("patience", 12) + 1),
            ],
            logger=record,
            callbacks=[record],
            track_best_outputs=False,
            cache_evaluation=True,
            seed=self._request.seed,
        )

    def _proposer(
        self,
        candidate: Mapping[str, str],
        reflective_dataset: Mapping[str, Sequence[Mapping[str, Any]]],
        components_to_update: Sequence[str],
    ) -> dict[str, str]:
        """Ask the model for the new text of each component."""
        from gepa.strategies.instruction_proposal import InstructionProposalSignature

        new: dict[str, str] = {}
        for name in components_to_update:
            part = self._components.parts[name]
            messages = self._prompt.messages(
                {
                    "part": part.what,
                    "skill": part.skill.name,
                    "text": Data(f"present {part.what}", candidate[name]),
                    "runs": Data("runs of tasks", self._runs(reflective_dataset.get(name, ()))),
                },
                self._request.seed,
            )
            answer = self._calls.complete(
                messages,
                temperature=number_setting(self._request, "temperature", 1.0),
                max_tokens=self._count("max_output_tokens", 4096),
                label=f"GEPA: {name}",
            )
            read = InstructionProposalSignature.output_extractor(answer.strip())
            new[name] = read["new_instruction"]
        return new

    def _runs(self, records: Sequence[Mapping[str, Any]]) -> str:
        from gepa_engine.adapter import run_words

        most = self._count("trace_characters", 6000)
        return "\n\n".join(
            run_words(self._context, one["task"], one["outcome"], one["score"], most)
            for one in records
        )

    def _plan(self) -> Started:
        tasks: dict[str, list[TaskInput]] = {"train": [], "val": []}
        for task in self._request.tasks:
            tasks[task.split].append(task)
        n_train, n_val, most = len(tasks["train"]), len(tasks["val"]), self._most_calls()
        batch = self._count("minibatch", 3)
        return Started(
            plan=f"GEPA on {len(self._components.seed)} texts of {len(self._skills)} skills, "
            f"{n_train} training and {n_val} validation tasks.",
            cost_estimate=f"{n_train + n_val} runs first, then at most {most}; a round is at most "
            f"{2 * batch} runs and 1 call, and {n_val or n_train} runs more when its edit did "
            f"better; so at most about {most // (2 * batch) + 1} calls.",
        )

    def _end(
        self, records: Sequence[Any], runs: int, given: int, stop: Exception | None
    ) -> Iterator[Finished]:
        if isinstance(stop, Unavailable):
            yield Finished(status="infra_blocked", summary=f"{stop} What it had found is kept.")
            return
        if stop is not None:
            raise stop
        if not given:
            pool = sum(len(record.found) for record in records)
            words = f"None of {pool} candidates does better on the validation tasks ({runs} runs)."
            yield Finished(status="no_change", summary=words)

    @property
    def _alternatives(self) -> int:
        allowed = self._count("alternatives", 1)
        most = self._request.budget.max_proposals
        return allowed if most is None else min(allowed, most - 1)

    def _most_calls(self) -> int:
        most = self._count("metric_calls", 120)
        allowed = self._request.budget.evaluations
        return most if allowed is None else min(most, allowed)

    def _count(self, name: str, default: int) -> int:
        return int(number_setting(self._request, name, default))
