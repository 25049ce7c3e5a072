"""What the evolve call of a group says, and the change of a skill that comes to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from skillclaw_style.sessions import Session
from workbench.plugin.api import (
    EVIDENCE_SCHEMA,
    Change,
    Evidence,
    QuoteCheck,
    Request,
    SkillFinder,
    SkillInput,
    SkillTexts,
    SourceProblem,
    as_list,
    as_mapping,
    as_text,
    broken_locks,
    change_to_text,
    format_problems,
    front_and_body,
    is_locked,
    new_skill_text,
    path_in,
    repeats,
    text_with_body,
    turned_down,
)

ACTIONS = ("improve_skill", "optimize_description", "create_skill", "skip")
FAULTS = ("skill", "agent", "environment", "task", "none")
_WORDS: dict[str, object] = {"type": "string"}
_LIST: dict[str, object] = {"type": "array", "items": _WORDS}
_SUMMARY: dict[str, object] = {
    "type": "object",
    "properties": {"preserved_sections": _LIST, "changed_sections": _LIST, "notes": _WORDS},
}
EVOLVE_SCHEMA: dict[str, object] = {
    "type": "object",
    "properties": {
        "at_fault": {"enum": list(FAULTS)},
        "rationale": _WORDS,
        "action": {"enum": list(ACTIONS)},
        "evidence": EVIDENCE_SCHEMA,
        "skill": {
            "type": "object",
            "properties": {
                "name": _WORDS,
                "description": _WORDS,
                "content": _WORDS,
                "category": _WORDS,
                "edit_summary": _SUMMARY,
            },
        },
    },
    "required": ["at_fault", "action", "rationale"],
}
MERGE_SCHEMA: dict[str, object] = {
    "type": "object",
    "properties": {"description": _WORDS, "content": _WORDS},
    "required": ["content"],
}


class Unfit(Exception):  # noqa: N818 - a reason in words, not a failure
    """A result comes to no change; the message says why."""


@dataclass(frozen=True)
class Result:
    """What was decided for a group. ``target`` is the skill it changes, None for a new one.

    ``folder`` is where the skill lies or will lie: results of one folder are merged.
    """

    group: str
    action: str
    at_fault: str
    rationale: str
    evidence: tuple[Evidence, ...]
    name: str = ""
    description: str = ""
    content: str = ""
    preserved: tuple[str, ...] = ()
    notes: str = ""
    target: SkillInput | None = None
    folder: str = ""

    @property
    def sessions(self) -> int:
        """In how many sessions there is evidence for it."""
        return len({one.trace for one in self.evidence})


def read_result(
    answer: Mapping[str, object],
    group: str,
    sessions: Sequence[Session],
    quotes: QuoteCheck,
    prefix: str,
) -> Result:
    """Return what was said of a group; the evidence is what the sessions hold."""
    skill = as_mapping(answer.get("skill"))
    summary = as_mapping(skill.get("edit_summary"))
    action, fault = as_text(answer.get("action")), as_text(answer.get("at_fault"))
    return Result(
        group=group,
        action=action if action in ACTIONS else "skip",
        at_fault=fault if fault in FAULTS else "none",
        rationale=as_text(answer.get("rationale")).strip(),
        evidence=quotes.evidence(answer.get("evidence"), [one.id for one in sessions], prefix),
        name=as_text(skill.get("name")).strip()[:200],
        description=" ".join(as_text(skill.get("description")).split()),
        content=as_text(skill.get("content")).strip(),
        preserved=tuple(filter(None, map(as_text, as_list(summary.get("preserved_sections"))))),
        notes=as_text(summary.get("notes")).strip(),
    )


def placed(result: Result, request: Request, group_skill: SkillInput | None) -> Result:
    """Return the result with the skill or the folder it is for.

    Raises:
        Unfit: it has no evidence, no text, or no place.
    """
    if not result.evidence:
        raise Unfit("none of its quotes is in the sessions")
    if result.action == "optimize_description" and not result.description:
        raise Unfit("it gives no description")
    if result.action != "optimize_description" and not result.content:
        raise Unfit("it gives no text")
    if result.action != "create_skill":
        if group_skill is None:
            raise Unfit("sessions without a skill have none to change")
        return replace(result, target=group_skill, folder=group_skill.id)
    finder = SkillFinder(request)
    known = finder.find(result.name)
    if known is not None:
        return replace(result, target=known, folder=known.id)
    if not result.description:
        raise Unfit("the new skill has no description")
    try:
        return replace(result, folder=finder.new_folder(result.name))
    except SourceProblem as problem:
        raise Unfit(str(problem).rstrip(".")) from problem


def change_of(result: Result, request: Request, max_lines: int) -> Change:
    """Return the change a result comes to.

    Raises:
        Unfit: it breaks the format or a lock, changes nothing, or was turned down before.
    """
    change = _new(result, request) if result.target is None else _changed(result, result.target)
    before: dict[str, str] = {}
    files: frozenset[str] = frozenset()
    name = "SKILL.md"
    if result.target is not None:
        texts = SkillTexts(result.target)
        name, files = texts.main, frozenset(result.target.files)
        before = {name: texts.texts.get(name, "")}
    after = change.new_text or ""
    wrong = format_problems(before, {name: after}, files=files, max_lines=max_lines)
    if wrong:
        raise Unfit(wrong[0].words)
    old = {line.strip() for line in before.get(name, "").splitlines()}
    added = "\n".join(line for line in after.splitlines() if line.strip() not in old)
    if repeats(turned_down(request.history), change.path, added):
        raise Unfit("people turned that down before")
    return change


def not_preserved(result: Result) -> list[str]:
    """Return the sections a result says it left alone and did not."""
    if result.target is None or result.action != "improve_skill":
        return []
    texts = SkillTexts(result.target)
    before = _sections(texts.texts.get(texts.main, ""))
    after = _sections(front_and_body(result.content)[1])
    return [
        one
        for one in result.preserved
        if _plain(one) in before and (before[_plain(one)] != after.get(_plain(one)))
    ]


def _new(result: Result, request: Request) -> Change:
    body = front_and_body(result.content)[1].strip() + "\n"
    whole = new_skill_text(result.folder, body, result.description)
    try:
        made = change_to_text(SkillFinder(request), None, result.name, whole, result.rationale)
    except SourceProblem as problem:
        raise Unfit(str(problem).rstrip(".")) from problem
    assert made is not None
    return made.change


def _changed(result: Result, skill: SkillInput) -> Change:
    texts = SkillTexts(skill)
    ours = texts.texts.get(texts.main)
    if ours is None:
        raise Unfit(f"{skill.id} has no SKILL.md that can be read as UTF-8")
    if is_locked(skill.locks, texts.main):
        raise Unfit(f"{skill.id} is locked")
    body = front_and_body(ours)[1]
    description = result.description if result.action == "optimize_description" else ""
    if result.action != "optimize_description":
        body = front_and_body(result.content)[1].strip() + "\n"
    try:
        text = text_with_body(skill, body, description)
    except SourceProblem as problem:
        raise Unfit(str(problem).rstrip(".")) from problem
    if text == ours:
        raise Unfit("it changes nothing")
    broken = broken_locks(skill.locks, texts.main, ours, text)
    if broken:
        raise Unfit(f"{broken[0]} is locked")
    path = path_in(skill, texts.main)
    return Change(path, path, "write", new_text=text, rationale=result.rationale)


def _sections(text: str) -> dict[str, str]:
    """Return the words under each heading, by the heading."""
    found: dict[str, str] = {}
    title = ""
    for line in front_and_body(text)[1].splitlines():
        if line.startswith("#"):
            title = _plain(line)
        else:
            found[title] = f"{found.get(title, '')} {' '.join(line.split())}".strip()
    return found


def _plain(title: str) -> str:
    return " ".join(title.strip().strip("#").split()).casefold()
