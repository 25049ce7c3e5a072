"""Entry point: a candidate of a GEPA run as one proposal, with the other ones as lineage."""

from __future__ import annotations

from collections.abc import Iterator

from gepa_importer.candidates import Evolved, read_candidates
from workbench.plugin.api import (
    Candidate,
    Change,
    Context,
    Finished,
    JobEvent,
    Lineage,
    ProposalDraft,
    Request,
    RunFolder,
    SkillFinder,
    SkillInput,
    SourceProblem,
    TextChange,
    Warning_,
    change_to_text,
)

_WANTED = "a run folder of GEPA (with candidates.json)"
_Yield = ProposalDraft | JobEvent


def import_run(request: Request, context: Context) -> Iterator[_Yield]:
    """Propose the chosen candidate of a GEPA run."""
    try:
        run = RunFolder.open(request.source, _WANTED)
        found = read_candidates(run)
        if found is None:
            raise SourceProblem(
                f"{run.root} is no run folder of GEPA: it has neither candidates.json nor a saved "
                f"result. Name {_WANTED}; for folders with SKILL.md use the importer "
                "'folder_importer'."
            )
        candidates, problems = found
        best = _chosen(candidates, request.settings.get("candidate", -1))
        finder = SkillFinder(request)
        chosen = finder.chosen(request.settings.get("skill"))
    except SourceProblem as problem:
        yield Finished(status="failed", summary=str(problem))
        return
    for text in problems:
        yield Warning_(text=text)
    context.progress(0.0, "Reading the candidates")
    for one in candidates:
        context.check_cancelled()
        parents = tuple(candidates[number].label for number in one.parents)
        yield Candidate(id=one.label, parents=parents, summary=_figures(one, candidates[0]))
    context.check_cancelled()
    changes: list[TextChange] = []
    for made in _changes(finder, chosen, run.name, best):
        if isinstance(made, str):
            yield Warning_(text=made)
        else:
            changes.append(made)
            if made.note:
                yield Warning_(text=made.note)
    if changes:
        yield _draft(candidates, best, changes)


def _chosen(candidates: list[Evolved], wanted: object) -> Evolved:
    """Return the candidate a person chose, else the best on validation, else the last one."""
    if isinstance(wanted, int) and wanted >= 0:
        if wanted >= len(candidates):
            raise SourceProblem(
                f"The run has no candidate {wanted} (setting 'candidate'): there are 0 to "
                f"{len(candidates) - 1}."
            )
        return candidates[wanted]
    scored = [(one.validation, -one.number) for one in candidates if one.validation is not None]
    return candidates[-max(scored)[1]] if scored else candidates[-1]


def _changes(
    finder: SkillFinder, chosen: SkillInput | None, run_name: str, best: Evolved
) -> Iterator[TextChange | str]:
    is_only = len(best.texts) == 1
    taken: set[str] = set()
    for component, text in best.texts.items():
        skill = chosen if is_only and chosen else finder.find(component)
        if skill is None and is_only:
            skill = finder.find(run_name)
        if skill is None and not is_only:
            yield (
                f"The component '{component[:80]}' is named like no skill of the library; its "
                "text was left out."
            )
            continue
        if skill is not None and skill.id in taken:
            yield f"'{component[:80]}' is the second component for '{skill.id}'; it was left out."
            continue
        try:
            made = change_to_text(finder, skill, run_name, text, f"component '{component}'")
        except SourceProblem as problem:
            yield f"{best.label}, component '{component[:80]}': {problem}"
            continue
        if made is not None:
            taken.update(made.skills)
            yield made


def _draft(candidates: list[Evolved], best: Evolved, changes: list[TextChange]) -> ProposalDraft:
    seed = candidates[0]
    is_new = all(made.kind == "create" for made in changes)
    skills = tuple(skill for made in changes for skill in made.skills)
    found: tuple[Change, ...] = tuple(made.change for made in changes)
    return ProposalDraft(
        kind="create" if is_new else "edit",
        title=f"{'Add' if is_new else 'Take'} {best.label} of the GEPA run for {', '.join(skills)}",
        rationale=_rationale(candidates, best),
        changes=found,
        skills=skills,
        scores=best.scores(seed),
        lineage=Lineage(
            parents=tuple(candidates[number].label for number in best.parents),
            round=best.iteration,
            alternatives=tuple(one.label for one in _leaves(candidates) if one is not best),
        ),
    )


def _leaves(candidates: list[Evolved]) -> list[Evolved]:
    """Return the candidates that nothing was made from."""
    inner = {number for one in candidates for number in one.parents}
    return [one for one in candidates if one.number not in inner]


def _rationale(candidates: list[Evolved], best: Evolved) -> str:
    lines = [f"{best.label.capitalize()} of {len(candidates)}: {_figures(best, candidates[0])}."]
    walk, seen = best, {best.number}
    lines += ["", "How it came about, newest first:", ""]
    while True:
        lines.append(f"- {walk.label}: {_figures(walk, candidates[0])}")
        following = [number for number in walk.parents if number not in seen]
        if not following:
            break
        walk = candidates[following[0]]
        seen.add(walk.number)
    lines += ["", "The run folder has no traces that could be read, so there is no evidence."]
    return "\n".join(lines)


def _figures(one: Evolved, seed: Evolved) -> str:
    words = [
        f"{score.metric} {'?' if score.before is None else f'{score.before:g}'} → {score.after:g}"
        for score in one.scores(seed)
        if score.after is not None
    ]
    return ", ".join(words) or ("the seed" if one.number == 0 else "no scores")
