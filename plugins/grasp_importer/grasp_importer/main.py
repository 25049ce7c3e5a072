"""Entry point: each skill of a finished GRASP run as one proposal, with its versions as lineage."""

from __future__ import annotations

from collections.abc import Iterator

from grasp_importer.scores import run_scores
from grasp_importer.versions import History, Version, histories, library_folder
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
    Score,
    SkillFinder,
    SkillInput,
    SourceProblem,
    Warning_,
    new_skill_text,
    skill_file,
    text_with_body,
)

_WANTED = "a results folder of GRASP (with skills/best) or one of its skill libraries"
_Yield = ProposalDraft | JobEvent


def import_run(request: Request, context: Context) -> Iterator[_Yield]:
    """Propose what the skills of a GRASP run would change in the library."""
    try:
        run = RunFolder.open(request.source, _WANTED)
        folder = library_folder(run, str(request.settings.get("library", "best")))
        if folder is None:
            raise SourceProblem(_no_run(run))
    except SourceProblem as problem:
        yield Finished(status="failed", summary=str(problem))
        return
    for path, why in run.skipped:
        yield Warning_(text=f"{path} {why}; it was left out.")
    scores, problems = run_scores(run)
    for text in problems:
        yield Warning_(text=text)
    found = list(histories(run, folder))
    finder = SkillFinder(request)
    for number, history in enumerate(found):
        context.check_cancelled()
        context.progress(number / len(found))
        if isinstance(history, SourceProblem):
            yield Warning_(text=str(history))
            continue
        yield from _candidates(history)
        try:
            yield from _proposed(request, finder, history, scores)
        except SourceProblem as problem:
            yield Warning_(text=f"{history.last.name}: {problem}")


def _no_run(run: RunFolder) -> str:
    runs = sorted(
        {path.partition("/skills/best/")[0] for path in run.files if "/skills/best/" in path}
    )
    if runs:
        return f"{run.root} holds {len(runs)} runs of GRASP, such as {runs[0]}. Name one of them."
    return (
        f"{run.root} is no run of GRASP: no skill there has 'name' and 'provenance' in its front "
        f"matter. Name {_WANTED}; for folders with SKILL.md use the importer 'folder_importer'."
    )


def _candidates(history: History) -> Iterator[Candidate]:
    for version in history.versions:
        yield Candidate(id=version.label, parents=_parents(version), summary=version.words)


def _parents(version: Version) -> tuple[str, ...]:
    return (f"{version.name} v{version.parent}",) if version.parent is not None else ()


def _proposed(
    request: Request, finder: SkillFinder, history: History, scores: tuple[Score, ...]
) -> Iterator[_Yield]:
    last = history.last
    skill = finder.find(last.name)
    if history.is_removed:
        if skill is not None:
            yield _removed(skill, history, scores)
        return
    if skill is None:
        folder = finder.new_folder(last.name)
        text = new_skill_text(folder, last.body, last.description or last.name)
        path, skills = f"{folder}/SKILL.md", (folder,)
    else:
        path, before = skill_file(skill)
        text = text_with_body(skill, last.body, last.description)
        skills = (skill.id,)
        if text.encode() == before:
            return
    yield ProposalDraft(
        kind="edit" if skill else "create",
        title=f"{'Take' if skill else 'Add'} {last.name} from the GRASP run",
        rationale=_rationale(history),
        changes=(Change(path, path, "write", new_text=text, rationale=last.words),),
        skills=skills,
        root_cause="skill",
        generality="family",
        scores=_probe(last) + scores,
        lineage=Lineage(parents=_parents(last), round=last.epoch),
    )


def _removed(skill: SkillInput, history: History, scores: tuple[Score, ...]) -> ProposalDraft:
    prefix = "" if skill.id == "." else f"{skill.id}/"
    return ProposalDraft(
        kind="retire",
        title=f"Delete {skill.name or skill.id}, which the GRASP run removed",
        rationale="The run's library has earlier versions of this skill only.\n\n"
        + _rationale(history),
        changes=tuple(
            Change(prefix + path, prefix + path, "delete") for path in sorted(skill.files)
        ),
        skills=(skill.id,),
        scores=scores,
        lineage=Lineage(parents=(history.last.label,), round=history.last.epoch),
    )


def _probe(version: Version) -> tuple[Score, ...]:
    """GRASP's own figures of the probe that accepted a version; the baseline's are not stored."""
    return tuple(
        Score(f"{name} on the probe", None, value, split="train", evaluator="grasp")
        for name, value in version.figures
    )


def _rationale(history: History) -> str:
    lines = ["Versions in the run, oldest first:", ""]
    lines += [f"- v{version.number}: {version.words}" for version in history.versions]
    samples = history.last.samples
    if samples:
        shown = ", ".join(samples[:20]) + (", …" if len(samples) > 20 else "")
        lines += ["", f"Samples that led to the last version: {shown}."]
    lines += [
        "",
        "The run's traces are not part of its results, so no evidence can be shown. The front "
        "matter holds name and description; GRASP's own keys are left out.",
    ]
    return "\n".join(lines)
