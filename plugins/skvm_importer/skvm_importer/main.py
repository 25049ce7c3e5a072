"""Entry point: SkVM proposal folders, each as one proposal or one diagnosis."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from msgspec.structs import replace

from skvm_importer.folder import Folder, proposal_folders, read_folder
from workbench.plugin.api import (
    Candidate,
    Change,
    Context,
    Diagnosis,
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
    as_list,
    as_mapping,
    as_number,
    as_text,
    tree_changes,
)

_WANTED = "a proposal folder of SkVM (with meta.json and round-N/), or a folder of several"
_Yield = ProposalDraft | JobEvent
_Generality = Literal["task", "family", "general", "unknown"]


def import_proposals(request: Request, context: Context) -> Iterator[_Yield]:
    """Propose the best round of each proposal folder."""
    try:
        run = RunFolder.open(request.source, _WANTED)
        found = proposal_folders(run)
        if not found:
            raise SourceProblem(
                f"{run.root} is no proposal folder of SkVM: there is no meta.json beside rounds. "
                f"Name {_WANTED}; for folders with SKILL.md use the importer 'folder_importer'."
            )
        finder = SkillFinder(request)
        chosen = finder.chosen(request.settings.get("skill"))
    except SourceProblem as problem:
        yield Finished(status="failed", summary=str(problem))
        return
    for path, why in run.skipped:
        yield Warning_(text=f"{path} {why}; it was left out.")
    for number, path in enumerate(found):
        context.progress(number / len(found), path)
        context.check_cancelled()
        try:
            folder = read_folder(run, path)
            for text in folder.problems:
                yield Warning_(text=text)
            skill = chosen or finder.find(folder.name)
            yield from _candidates(folder)
            yield from _outcome(request, context, run, folder, skill)
        except SourceProblem as problem:
            yield Warning_(text=f"{path or run.name}: {problem}")


def _label(folder: Folder, number: int) -> str:
    return f"{folder.name} round {number}"


def _candidates(folder: Folder) -> Iterator[Candidate]:
    for number in folder.rounds:
        parents = tuple(_label(folder, one) for one in folder.rounds if one < number)
        excluded = folder.excluded.get(str(number), "")
        summary = f"excluded: {excluded}" if excluded else _figures(folder, number)
        yield Candidate(id=_label(folder, number), parents=parents[-1:], summary=summary)


def _outcome(
    request: Request,
    context: Context,
    run: RunFolder,
    folder: Folder,
    skill: SkillInput | None,
) -> Iterator[_Yield]:
    wanted = request.settings.get("round", -1)
    number = wanted if isinstance(wanted, int) and wanted >= 0 else folder.best
    if folder.status == "infra-blocked":
        yield _diagnosis(
            folder, skill, f"SkVM made no judgement: {folder.blocked or 'no reason given'}."
        )
        return
    if number not in folder.rounds:
        known = ", ".join(map(str, folder.rounds)) or "none"
        raise SourceProblem(f"There is no folder of round {number}; there are: {known}.")
    if number == 0 and number != wanted:
        yield _diagnosis(folder, skill, f"SkVM kept the skill as it was. {folder.reason}".strip())
        return
    place = skill.id if skill else SkillFinder(request).new_folder(folder.name)
    files: dict[str, bytes] = {}
    for inside, path in run.below(folder.round_folder(number)).items():
        context.check_cancelled()
        files[inside] = run.read(path)
    if "SKILL.md" not in files:
        raise SourceProblem(f"round {number} has no SKILL.md; left out.")
    changes = tree_changes(skill, place, files, keep_blob=context.blob, is_whole=True)
    if changes:
        yield _draft(folder, number, skill, place, changes)


def _draft(
    folder: Folder,
    number: int,
    skill: SkillInput | None,
    place: str,
    changes: tuple[Change, ...],
) -> ProposalDraft:
    entry = folder.entries.get(number, {})
    told = [as_mapping(one) for one in as_list(entry.get("changes"))]
    prefix = "" if place == "." else f"{place}/"
    confidence = as_number(entry.get("confidence"))
    earlier = [one for one in folder.rounds if one < number]
    return ProposalDraft(
        kind="edit" if skill else "create",
        title=f"Take round {number} of SkVM for {skill.name or skill.id if skill else folder.name}",
        rationale=_rationale(folder, number, entry),
        changes=tuple(_described(change, prefix, told) for change in changes),
        skills=(place,),
        root_cause="skill" if as_text(entry.get("rootCause")) else "unknown",
        confidence=confidence if confidence is not None and 0 <= confidence <= 1 else None,
        scores=folder.scores(number),
        lineage=Lineage(
            parents=tuple(_label(folder, one) for one in earlier[-1:]),
            round=number,
            alternatives=tuple(_label(folder, one) for one in folder.rounds if one != number),
        ),
    )


def _described(change: Change, prefix: str, told: list[dict[str, object]]) -> Change:
    """Add what the optimizer said of a file to its change."""
    rows = [row for row in told if prefix + as_text(row.get("file")) == change.path]
    words = []
    for row in rows:
        section = as_text(row.get("section"))
        text = as_text(row.get("description"))
        words.append(f"{section}: {text}" if section else text)
    levels = {as_text(row.get("generality")) for row in rows}
    level: _Generality = "unknown"
    for known in ("task", "family", "general"):
        if levels == {known}:
            level = known
    return replace(change, rationale="\n".join(filter(None, words)), generality=level)


def _diagnosis(folder: Folder, skill: SkillInput | None, words: str) -> Diagnosis:
    blocked = folder.status == "infra-blocked"
    return Diagnosis(
        draft=ProposalDraft(
            kind="diagnose",
            title=f"SkVM proposes no change of {folder.name or 'the skill'}",
            rationale=words,
            skills=(skill.id,) if skill else (),
            root_cause="environment" if blocked else "unknown",
            scores=folder.scores(folder.best),
        )
    )


def _rationale(folder: Folder, number: int, entry: dict[str, object]) -> str:
    lines = [f"Root cause: {as_text(entry.get('rootCause')) or 'not given'}"]
    if reasoning := as_text(entry.get("reasoning")):
        lines += ["", reasoning]
    if number == folder.best and folder.reason:
        lines += ["", f"Why SkVM chose this round: {folder.reason}"]
    if folder.status in ("accepted", "rejected"):
        lines += ["", f"It was {folder.status} in SkVM before."]
    excluded = folder.excluded.get(str(number))
    if excluded:
        lines += ["", f"SkVM excluded this round: {excluded}"]
    lines += ["", f"Scores: {_figures(folder, number)}. Its traces are not read, so no evidence."]
    return "\n".join(lines)


def _figures(folder: Folder, number: int) -> str:
    words = [
        f"{score.split} {'?' if score.before is None else f'{score.before:g}'} → {score.after:g}"
        for score in folder.scores(number)
        if score.after is not None
    ]
    return ", ".join(words) or "none"
