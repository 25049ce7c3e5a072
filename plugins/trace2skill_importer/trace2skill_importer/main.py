"""Entry point: a finished Trace2Skill patch as one proposal, a change for each edit."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from trace2skill_importer.edits import edited
from trace2skill_importer.patch import Edit, Patch, merge_labels, patch_path, read_patch
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
    Warning_,
    path_in,
    with_line_ends_of,
)

_WANTED = "a final_patch.json of Trace2Skill, or the folder it lies in"
_Yield = ProposalDraft | JobEvent


def import_patch(request: Request, context: Context) -> Iterator[_Yield]:
    """Propose the edits of a finished patch."""
    try:
        run = RunFolder.open(request.source, _WANTED)
        path = patch_path(run)
        if path is None:
            raise SourceProblem(
                f"{run.root} has no final_patch.json. Name {_WANTED}; for folders with SKILL.md "
                "use the importer 'folder_importer'."
            )
        patch = read_patch(run, path)
        skill, patch = _skill_of(request, run, patch)
    except SourceProblem as problem:
        yield Finished(status="failed", summary=str(problem))
        return
    context.progress(0.0, f"Reading {path}")
    for text in patch.problems:
        yield Warning_(text=text)
    levels = merge_labels(run, path)
    for label in (label for labels in levels.values() for label in labels):
        context.check_cancelled()
        yield Candidate(id=label, summary="a patch that was merged into the final one")
    context.check_cancelled()
    changes: list[Change] = []
    for one in _changes(skill, patch):
        if isinstance(one, Change):
            changes.append(one)
        else:
            yield Warning_(text=one)
    if changes:
        yield ProposalDraft(
            kind="edit",
            title=f"Patch {skill.name or skill.id} as Trace2Skill merged it",
            rationale=_rationale(patch, levels),
            changes=tuple(changes),
            skills=(skill.id,),
            root_cause="skill",
            lineage=Lineage(parents=next(reversed(levels.values()), ()), round=len(levels)),
        )


def _skill_of(request: Request, run: RunFolder, patch: Patch) -> tuple[SkillInput, Patch]:
    """Return the skill a patch is for, and the patch with paths relative to that skill."""
    finder = SkillFinder(request)
    skill = finder.chosen(request.settings.get("skill"))
    tops = {edit.file.partition("/")[0] for edit in patch.edits if "/" in edit.file}
    is_below = bool(patch.edits) and len(tops) == 1 and all("/" in e.file for e in patch.edits)
    top = tops.pop() if is_below else ""
    named = finder.find(top) if top else None
    if named is not None and top not in {path.partition("/")[0] for path in named.files}:
        skill = skill or named
        edits = tuple(_without_folder(edit, top) for edit in patch.edits)
        patch = Patch(patch.path, patch.reasoning, edits, patch.changelog, patch.problems)
    skill = skill or finder.find(run.name)
    if skill is None and len(request.skills) == 1:
        skill = request.skills[0]
    if skill is None:
        known = ", ".join(one.id for one in request.skills[:20]) or "none, and no SKILL.md"
        raise SourceProblem(
            f"{patch.path} does not say which skill it is for. Name it with the setting 'skill'. "
            f"There are: {known}."
        )
    return skill, patch


def _without_folder(edit: Edit, top: str) -> Edit:
    return Edit(
        edit.number,
        edit.file.removeprefix(f"{top}/"),
        edit.op,
        edit.section,
        edit.target,
        edit.old,
        edit.content,
        edit.after,
    )


def _changes(skill: SkillInput, patch: Patch) -> Iterator[Change | str]:
    """Yield a change for each edit, on the outcome of those before it, or why there is none."""
    texts: dict[str, str | None] = {}
    for edit in patch.edits:
        path = path_in(skill, edit.file)
        try:
            if edit.file not in texts:
                texts[edit.file] = _text_of(skill, edit.file)
            after = _after(texts[edit.file], edit)
        except SourceProblem as problem:
            words = str(problem).rstrip(".")
            yield f"Edit {edit.number} ({edit.op} in {edit.file}) was left out: {words}."
            continue
        identity = f"edit {edit.number}"
        if after is None:
            yield Change(identity, path, "delete", rationale=_words(edit))
        elif after != texts[edit.file]:
            yield Change(identity, path, "write", new_text=after, rationale=_words(edit))
        texts[edit.file] = after


def _after(text: str | None, edit: Edit) -> str | None:
    if edit.op == "create":
        if text is not None:
            raise SourceProblem("the file is there already")
        if not edit.content:
            raise SourceProblem("it has no content")
        return edit.content
    if text is None:
        raise SourceProblem("the skill has no such file")
    if edit.op == "delete_file":
        return None
    return with_line_ends_of(text, edited(text.replace("\r\n", "\n"), edit))


def _text_of(skill: SkillInput, file: str) -> str | None:
    if file not in skill.files:
        return None
    try:
        return (Path(skill.path) / file).read_bytes().decode("utf-8")
    except UnicodeDecodeError as problem:
        raise SourceProblem("the file is not UTF-8 text") from problem
    except OSError as problem:
        raise SourceProblem(f"the file cannot be read: {problem.strerror}") from problem


def _words(edit: Edit) -> str:
    where = edit.section or edit.after
    return edit.op.replace("_", " ") + (f" '{where.strip()}'" if where else "")


def _rationale(patch: Patch, levels: dict[str, tuple[str, ...]]) -> str:
    lines = [patch.reasoning.strip() or "The patch gives no reasoning."]
    if patch.changelog:
        lines += ["", "Its changelog:", "", *(f"- {entry}" for entry in patch.changelog)]
    counts = [f"{len(labels)} in {level}" for level, labels in levels.items()]
    if counts:
        lines += ["", f"Patches it was merged from: {', '.join(counts)}."]
    lines += ["", "A patch names no trace steps and was not tested, so there is no evidence here."]
    return "\n".join(lines)
