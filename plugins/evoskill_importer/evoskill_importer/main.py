"""Entry point: the skills of an EvoSkill program, as one proposal a skill."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from evoskill_importer.programs import Program, best_of, read_programs, skills_of
from evoskill_importer.repository import Repository
from workbench.plugin.api import (
    Candidate,
    Context,
    Finished,
    JobEvent,
    Lineage,
    ProposalDraft,
    Request,
    Score,
    SkillFinder,
    SourceProblem,
    Warning_,
    tree_changes,
)

_WANTED = "a repository in which EvoSkill ran, or 'git:program/<name>' of the library's own"
_GIT = "git:"
_Yield = ProposalDraft | JobEvent


def import_programs(request: Request, context: Context) -> Iterator[_Yield]:
    """Propose the skills of the best program, or of the one that is asked for."""
    try:
        folder, asked = _source(request)
        repository = Repository(folder)
        programs, problems = read_programs(repository)
        if not programs:
            raise SourceProblem(
                f"{folder} has no branches 'program/...', so EvoSkill did not run there. Name "
                f"{_WANTED}; for folders with SKILL.md use the importer 'folder_importer'."
            )
        program = _chosen(programs, asked)
        context.progress(0.0, f"Reading program/{program.name}")
        context.check_cancelled()
        skills, left_out = skills_of(repository, program)
    except SourceProblem as problem:
        yield Finished(status="failed", summary=_with_hint(str(problem)))
        return
    for text in (*problems, *left_out):
        yield Warning_(text=text)
    for one in programs:
        context.check_cancelled()
        yield Candidate(
            id=one.name, parents=(one.parent,) if one.parent else (), summary=_words(one)
        )
    finder = SkillFinder(request)
    for name, files in sorted(skills.items()):
        context.check_cancelled()
        try:
            yield from _proposed(context, finder, (name, files), programs, program)
        except SourceProblem as problem:
            yield Warning_(text=f"{name}: {problem}")


def _source(request: Request) -> tuple[Path, str]:
    asked = str(request.settings.get("program") or "").removeprefix("program/")
    source = request.source or ""
    if source.startswith(_GIT):
        if not request.source_repository:
            raise SourceProblem(f"'{source}' names a branch, but of no repository.")
        branch = source.removeprefix(_GIT).removeprefix("program/")
        return Path(request.source_repository), asked or branch
    if not source:
        raise SourceProblem(f"Nothing to read. Name {_WANTED}.")
    return Path(source), asked


def _with_hint(words: str) -> str:
    if "not a git repository" not in words:
        return words
    return f"{words} Name {_WANTED}; for folders with SKILL.md use the importer 'folder_importer'."


def _chosen(programs: list[Program], asked: str) -> Program:
    by_name = {one.name: one for one in programs}
    if asked:
        if asked not in by_name:
            raise SourceProblem(
                f"There is no program '{asked}'. There are: {', '.join(sorted(by_name)[:20])}."
            )
        return by_name[asked]
    best = best_of(programs)
    if best is None:
        raise SourceProblem(
            "No program has a score, so none is the best. Name one with the setting 'program': "
            f"{', '.join(sorted(by_name)[:20])}."
        )
    return best


def _proposed(
    context: Context,
    finder: SkillFinder,
    skill_files: tuple[str, dict[str, bytes]],
    programs: list[Program],
    program: Program,
) -> Iterator[_Yield]:
    name, files = skill_files
    skill = finder.find(name)
    folder = skill.id if skill else finder.new_folder(name)
    changes = tree_changes(skill, folder, files, keep_blob=context.blob, is_whole=True)
    if not changes:
        return
    yield ProposalDraft(
        kind="edit" if skill else "create",
        title=f"{'Take' if skill else 'Add'} {name} from EvoSkill's program {program.name}",
        rationale=_rationale(programs, program),
        changes=changes,
        skills=(folder,),
        scores=_scores(programs, program),
        lineage=Lineage(
            parents=(program.parent,) if program.parent else (),
            round=program.generation,
            alternatives=tuple(
                one.name for one in programs if one.is_frontier and one.name != program.name
            ),
        ),
    )


def _scores(programs: list[Program], program: Program) -> tuple[Score, ...]:
    if program.score is None:
        return ()
    before = next((one.score for one in programs if one.name == program.parent), None)
    return (
        Score(
            "mean on validation, against its parent",
            before,
            program.score,
            split="val",
            evaluator="evoskill",
        ),
    )


def _rationale(programs: list[Program], program: Program) -> str:
    by_name = {one.name: one for one in programs}
    lines = [f"program/{program.name}, commit {program.commit[:10]}. Newest first:", ""]
    walk: Program | None = program
    seen: set[str] = set()
    while walk is not None and walk.name not in seen:
        seen.add(walk.name)
        lines.append(f"- {walk.name}: {_words(walk)}")
        walk = by_name.get(walk.parent)
    lines += ["", "A program keeps no traces in its branch, so no evidence can be shown."]
    return "\n".join(lines)


def _words(program: Program) -> str:
    score = "no score" if program.score is None else f"score {program.score:g}"
    return f"generation {program.generation}, {score}" + (
        ", on the frontier" if program.is_frontier else ""
    )
