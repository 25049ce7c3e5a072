"""Entry point: a skill-creator workspace, as the skill version it ended with or as a diagnosis."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from skill_creator_importer.scores import round_scores
from skill_creator_importer.workspace import (
    Graded,
    Iteration,
    feedback,
    graded_runs,
    iterations,
    skill_names,
)
from workbench.plugin.api import (
    Candidate,
    Context,
    Diagnosis,
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
    tree_changes,
)

_WANTED = "a workspace of skill-creator (with iteration-1/ and so on)"
_MAX_FAILED = 40
_Yield = ProposalDraft | JobEvent


@dataclass(frozen=True)
class _Place:
    """The skill a workspace is for, or what a new one is called."""

    finder: SkillFinder
    skill: SkillInput | None
    name: str


@dataclass(frozen=True)
class _Round:
    """What a round came to."""

    iteration: Iteration
    scores: tuple[Score, ...]
    rationale: str
    parents: tuple[str, ...]


def import_workspace(request: Request, context: Context) -> Iterator[_Yield]:
    """Propose the last skill version of a workspace, or say what its runs showed."""
    try:
        run = RunFolder.open(request.source, _WANTED)
        rounds = iterations(run)
        if not rounds:
            raise SourceProblem(
                f"{run.root} is no workspace of skill-creator: no iteration there has graded runs "
                f"or a skill. Name {_WANTED}; for folders with SKILL.md use the importer "
                "'folder_importer'."
            )
        finder = SkillFinder(request)
        names = skill_names(run, rounds)
        skill = finder.chosen(request.settings.get("skill")) or finder.find(*names)
        place = _Place(finder, skill, names[0] if names else run.root.name)
    except SourceProblem as problem:
        yield Finished(status="failed", summary=str(problem))
        return
    for path, why in run.skipped:
        yield Warning_(text=f"{path} {why}; it was left out.")
    earlier: list[str] = []
    last: _Round | None = None
    for number, one in enumerate(rounds):
        context.progress(number / len(rounds), one.folder)
        context.check_cancelled()
        graded, problems = graded_runs(run, one.folder)
        scores, more = round_scores(run, one.folder, graded)
        said, unread = feedback(run, one.folder)
        for text in (*problems, *more, *unread):
            yield Warning_(text=text)
        label = one.folder or run.name
        yield Candidate(id=label, parents=tuple(earlier[-1:]), summary=_figures(scores))
        rationale = _rationale(label, scores, graded, said)
        last = _Round(one, scores, rationale, tuple(earlier[-1:]))
        earlier.append(label)
    assert last is not None
    try:
        yield from _outcome(context, run, place, last)
    except SourceProblem as problem:
        yield Warning_(text=str(problem))


def _outcome(context: Context, run: RunFolder, place: _Place, last: _Round) -> Iterator[_Yield]:
    """Yield an edit or a new skill where the last round has a version, else a diagnosis."""
    skill, one = place.skill, last.iteration
    lineage = Lineage(parents=last.parents, round=one.number)
    title = f"{skill.name or skill.id if skill else place.name}: iteration {one.number}"
    if one.skill is not None:
        folder = skill.id if skill else place.finder.new_folder(place.name)
        files: dict[str, bytes] = {}
        for inside, path in run.below(one.skill).items():
            context.check_cancelled()
            files[inside] = run.read(path)
        missing = sorted(set(skill.files) - files.keys()) if skill else []
        if missing:
            yield Warning_(
                text=f"{len(missing)} files of {folder}, such as {missing[0]}, are not in the "
                "workspace's version, which may hold a part; they stay."
            )
        changes = tree_changes(skill, folder, files, keep_blob=context.blob, is_whole=False)
        if changes:
            yield ProposalDraft(
                kind="edit" if skill else "create",
                title=f"Take {title} of skill-creator",
                rationale=last.rationale,
                changes=changes,
                skills=(folder,),
                scores=last.scores,
                lineage=lineage,
            )
            return
    if skill is None:
        yield Warning_(
            text=f"The workspace is for the skill '{place.name}', which the library has not, and "
            "holds no version of it."
        )
    yield Diagnosis(
        draft=ProposalDraft(
            kind="diagnose",
            title=f"What skill-creator measured of {title}",
            rationale=last.rationale + "\n\nThe workspace holds no other version of the skill: "
            "skill-creator edits it in its own place.",
            skills=(skill.id,) if skill else (),
            scores=last.scores,
            lineage=lineage,
        )
    )


def _rationale(label: str, scores: tuple[Score, ...], graded: list[Graded], said: list[str]) -> str:
    lines = [f"{label}: {_figures(scores)}."]
    failed = [
        f"- {one.evaluation}: {text}"
        for one in graded
        if one.configuration in ("with_skill", "new_skill")
        for text in one.failed
    ]
    if failed:
        lines += ["", "Expectations that failed with the skill:", "", *failed[:_MAX_FAILED]]
        if len(failed) > _MAX_FAILED:
            lines.append(f"- and {len(failed) - _MAX_FAILED} more")
    if said:
        lines += ["", "Feedback of people:", "", *(f"- {text}" for text in said[:_MAX_FAILED])]
    lines += ["", "Its evals are what the skill was tuned on; nothing was held out."]
    return "\n".join(lines)


def _figures(scores: tuple[Score, ...]) -> str:
    words = [
        f"{score.metric} {'?' if score.before is None else f'{score.before:g}'} → {score.after:g}"
        for score in scores
        if score.after is not None
    ]
    return ", ".join(words) or "no figures"
