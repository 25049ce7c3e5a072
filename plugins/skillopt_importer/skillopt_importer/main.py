"""Entry point: what SkillOpt trained or SkillOpt-Sleep staged, as one proposal a text."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from skillopt_importer.pairs import is_pairs, read_pairs
from skillopt_importer.sleep import nights, read_night
from skillopt_importer.texts import Found, Older, Problem, TrainedText
from skillopt_importer.training import is_training, read_training
from workbench.plugin.api import (
    Candidate,
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
    Warning_,
    change_to_text,
    skill_file,
)

_WANTED = (
    "an output folder of SkillOpt (best_skill.md and history.json), a folder with its seeds/ and "
    "ckpt/, or a night that SkillOpt-Sleep staged (manifest.json)"
)
_Yield = ProposalDraft | JobEvent


def import_run(request: Request, context: Context) -> Iterator[_Yield]:
    """Propose the texts of a SkillOpt run for the skills they belong to."""
    try:
        run = RunFolder.open(request.source, _WANTED)
        found = _read(run)
        if found is None:
            raise SourceProblem(
                f"{run.root} is no run of SkillOpt. Name {_WANTED}; for folders with SKILL.md use "
                "the importer 'folder_importer'."
            )
        finder = SkillFinder(request)
        chosen = finder.chosen(request.settings.get("skill"))
    except SourceProblem as problem:
        yield Finished(status="failed", summary=str(problem))
        return
    for path, why in run.skipped:
        yield Warning_(text=f"{path} {why}; it was left out.")
    context.progress(0.0, "Reading the run")
    for one in found:
        context.check_cancelled()
        if isinstance(one, Problem):
            yield Warning_(text=one.text)
        elif isinstance(one, Older):
            yield Candidate(id=one.label, parents=one.parents, summary=one.words)
        else:
            yield Candidate(id=one.label, parents=one.parents, summary=one.rationale[:200])
            skill = (chosen if one.can_be_chosen else None) or finder.find(*one.names)
            try:
                yield from _proposed(finder, skill, one)
            except SourceProblem as problem:
                yield Warning_(text=f"{one.label}: {problem}")


def _read(run: RunFolder) -> Iterator[Found] | None:
    if staged := nights(run):
        return (found for night in staged for found in read_night(run, night))
    if is_training(run):
        return read_training(run)
    return read_pairs(run) if is_pairs(run) else None


def _proposed(finder: SkillFinder, skill: SkillInput | None, one: TrainedText) -> Iterator[_Yield]:
    made = change_to_text(finder, skill, one.names[-1], one.text, one.rationale)
    if made is None:
        return
    if made.note:
        yield Warning_(text=made.note)
    rationale = one.rationale
    if skill is not None and one.base_sha256 and _sha256(skill) != one.base_sha256:
        rationale += (
            "\n\nIt was made from another version of the file than the library has: what the "
            "library changed since is taken back by it."
        )
    yield ProposalDraft(
        kind=made.kind,
        title=f"{'Take' if skill else 'Add'} {one.label} of the SkillOpt run",
        rationale=rationale,
        changes=(made.change,),
        skills=made.skills,
        root_cause="skill",
        scores=one.scores,
        lineage=Lineage(parents=one.parents, round=one.step, alternatives=one.alternatives),
    )


def _sha256(skill: SkillInput) -> str:
    return hashlib.sha256(skill_file(skill)[1]).hexdigest()
