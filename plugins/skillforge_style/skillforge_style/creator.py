"""New skills from documents: nothing is proposed that no document says."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from msgspec.structs import replace

from skillforge_style.failures import shown_failures
from skillforge_style.run import Run
from workbench.plugin.api import (
    EVIDENCE_SCHEMA,
    Data,
    JobEvent,
    Log,
    PromptFile,
    ProposalDraft,
    Question,
    Request,
    SkillFinder,
    SourceProblem,
    as_list,
    as_mapping,
    as_text,
    change_to_text,
    cited,
    format_problems,
    new_skill_text,
    past_words,
    repeats,
    turned_down,
)

_WORDS: dict[str, object] = {"type": "string"}
CREATE_SCHEMA: dict[str, object] = {
    "type": "object",
    "properties": {
        "skills": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "name": _WORDS,
                    "description": _WORDS,
                    "content": _WORDS,
                    "grounds": {
                        "type": "array",
                        "items": {
                            "type": "object",
                            "properties": {"document": _WORDS, "quote": _WORDS},
                            "required": ["document", "quote"],
                        },
                    },
                    "evidence": EVIDENCE_SCHEMA,
                },
                "required": ["name", "description", "content", "grounds"],
            },
        }
    },
    "required": ["skills"],
}
_SHORTEST = 12
_LARGEST = 4 << 20


def created(run: Run, request: Request, prompt: PromptFile) -> Iterator[ProposalDraft | JobEvent]:
    """Ask the creator once, and yield the new skills that rest on the documents' own words."""
    texts, problems = _documents(request)
    for words in problems:
        yield Log(text=words)
    most = run.number("max_new_skills", 2)
    if not texts or not most:
        return
    max_lines = run.number("max_skill_lines", 500)
    values: dict[str, str | int | Data] = {
        "skills": Data("skills", _shown_skills(request)),
        "documents": Data(
            "documents", _shown_documents(texts, run.number("document_characters", 60_000))
        ),
        "failures": Data("failures", shown_failures(run.uncovered) or "(none)"),
        "history": Data("earlier proposals", past_words(request.history)),
        "most": most,
        "max_lines": max_lines,
    }
    (answer,) = run.asker.ask([Question(prompt, values, CREATE_SCHEMA, "create")])
    rows = as_list((answer or {}).get("skills"))
    taken: set[str] = set()
    for value in rows[:most]:
        made = _draft(run, request, value, texts, max_lines)
        if isinstance(made, str):
            yield Log(text=made)
        elif made.skills[0] in taken:
            yield Log(text=f"A second new skill {made.skills[0]} was left out.")
        else:
            taken.add(made.skills[0])
            yield made


def _draft(
    run: Run, request: Request, value: object, texts: dict[str, str], max_lines: int
) -> ProposalDraft | str:
    """Return the proposal of one new skill, or why there is none."""
    row = as_mapping(value)
    name = as_text(row.get("name")).strip()[:200]
    grounds = _grounds(row.get("grounds"), texts)
    if not grounds:
        return f"The new skill '{name}' was left out: no document says what it rests on."
    description = " ".join(as_text(row.get("description")).split())
    if not description:
        return f"The new skill '{name}' was left out: its description is empty."
    finder = SkillFinder(request)
    if finder.find(name) is not None:
        return f"The new skill '{name}' was left out: there is one of that name."
    content = as_text(row.get("content")).strip()
    try:
        folder = finder.new_folder(name)
        whole = new_skill_text(folder, content + "\n", description)
        made = change_to_text(finder, None, name, whole if content else "", "From documents.")
    except SourceProblem as problem:
        return f"The new skill '{name}' was left out: {problem}"
    assert made is not None
    change = made.change
    wrong = format_problems({}, {"SKILL.md": change.new_text or ""}, max_lines=max_lines)
    if wrong:
        return f"The new skill '{name}' was left out: {wrong[0].words}."
    if repeats(turned_down(request.history), change.path, content):
        return f"The new skill '{name}' was left out: people turned that down before."
    runs = [failure.run for failure in run.uncovered]
    evidence = cited(run.quotes.evidence(row.get("evidence"), runs, "c"))
    said = "\n".join(f"- {document}: “{quote}”" for document, quote in grounds)
    return ProposalDraft(
        kind="create",
        title=f"New skill {folder}, from {len({one for one, _ in grounds})} document(s)",
        rationale=f"What the documents say, word for word:\n{said}",
        changes=(replace(change, evidence=tuple(one.id for one in evidence)),),
        evidence=evidence,
        skills=made.skills,
        root_cause="skill" if evidence else "unknown",
        generality="family",
    )


def _grounds(given: object, texts: dict[str, str]) -> list[tuple[str, str]]:
    """Return the quotes that a document holds, as it holds them."""
    found: dict[tuple[str, str], None] = {}
    for value in as_list(given):
        row = as_mapping(value)
        document, words = as_text(row.get("document")), as_text(row.get("quote")).split()
        if len(" ".join(words)) < _SHORTEST or len(words) > 200:
            continue
        pattern = re.compile(r"\s+".join(map(re.escape, words)))
        named = [document] if document in texts else list(texts)
        for name in named:
            hit = pattern.search(texts[name])
            if hit is not None:
                found[name, " ".join(hit[0].split())] = None
                break
    return list(found)


def _documents(request: Request) -> tuple[dict[str, str], list[str]]:
    texts: dict[str, str] = {}
    problems: list[str] = []
    for document in request.documents:
        path = Path(document.path)
        try:
            if path.stat().st_size > _LARGEST:
                problems.append(f"{document.id} was left out: it has more than 4 MiB.")
                continue
            text = path.read_bytes().decode("utf-8")
        except OSError as problem:
            problems.append(f"{document.id} was left out: {problem.strerror}.")
        except UnicodeDecodeError:
            problems.append(f"{document.id} was left out: it is no UTF-8 text. Convert it first.")
        else:
            name = document.id if document.id not in texts else f"{document.id} ({len(texts) + 1})"
            texts[name] = text
    return texts, problems


def _shown_documents(texts: dict[str, str], most: int) -> str:
    share = most // len(texts)
    return "\n\n".join(f"== {name} ==\n{text[:share]}" for name, text in texts.items())


def _shown_skills(request: Request) -> str:
    rows: Sequence[str] = [f"- {one.name}: {one.description[:300]}" for one in request.skills]
    return "\n".join(rows) or "(none)"
