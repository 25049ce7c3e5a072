"""Runs of engines that ask a model: libraries and traces written here, answers written down.

The model is a test double: a function from a prompt to an answer. It shows what an engine does with
answers, good and bad; it says nothing about how a model behaves.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec

from workbench.domain.job import (
    AnyEvent,
    Budget,
    Diagnosis,
    DocumentInput,
    Finished,
    Log,
    ModelInput,
    PastDecision,
    ProposalEvent,
    Request,
    SkillInput,
    TraceInput,
    TraceLabel,
    Warning_,
)
from workbench.domain.model_call import Completion, Prompt
from workbench.domain.proposal import ProposalDraft
from workbench.domain.trace_lines import TraceCall, TraceHeader, TraceStep
from workbench.plugin.testing import run_in_process
from workbench.resources import bundled

Trace = tuple[TraceHeader, list[TraceStep]]
Script = Callable[[Prompt], dict[str, Any] | Completion]

REPORTS = """\
---
name: reports
description: Makes monthly reports with reportgen.
---
# Reports

Run `reportgen build` in the folder of `figures.csv`.

## Steps

1. Build the report.
2. Sign the report.

## Limits

Reports of one year only.
"""
MAIL = """\
---
name: mail
description: Writes mail.
---
# Mail

Be short.
"""
REFUSED = "error: the flag --fast was removed in reportgen 3"


def shell(command: str, output: str = "", exit_code: int = 0) -> TraceCall:
    """Return a shell call with its result."""
    status = "ok" if exit_code == 0 else "error"
    arguments = json.dumps({"command": command})
    return TraceCall("c", "Bash", command[:200], arguments, status, exit_code, output)


def trace(name: str, *calls: TraceCall, **header: object) -> Trace:
    """Return a run with one step for each call; it loaded the skill "reports" and failed."""
    fields: dict[str, object] = {
        "format": "test",
        "agent": "agent",
        "model": None,
        "task": name,
        "title": "",
        "outcome": "fail",
        "reward": 0.0,
        "skills_loaded": ("reports",),
    }
    steps = [TraceStep(0, "u0", "user", f"Make the report of {name}.")]
    steps += [
        TraceStep(number, f"u{number}", "agent", "Trying.", calls=(call,))
        for number, call in enumerate(calls, 1)
    ]
    return TraceHeader(id=f"{name}.jsonl#1", steps=len(steps), **(fields | header)), steps  # type: ignore[arg-type]


def failing(name: str, **header: object) -> Trace:
    """Return a run in which an option fails and another works."""
    return trace(
        name,
        shell(f"reportgen build --month {name} --fast", REFUSED, 2),
        shell(f"reportgen build --month {name} --quick", "built\n"),
        **header,
    )


class Engine:
    """Runs a plugin below one folder; ``prompts`` are those of the last run."""

    def __init__(self, plugin: str, folder: Path) -> None:
        self.plugin = bundled("plugins") / plugin
        self.folder = folder
        self.count = 0
        self.prompts: list[Prompt] = []
        self.request = Request("", "evolver", "", ())

    def __call__(
        self,
        runs: Sequence[Trace],
        script: Script,
        *,
        skills: dict[str, dict[str, str]] | None = None,
        locks: tuple[str, ...] = (),
        documents: dict[str, str | bytes] | None = None,
        history: tuple[PastDecision, ...] = (),
        budget: Budget | None = None,
        labels: tuple[TraceLabel, ...] = (),
        cancel_when: Callable[[AnyEvent], bool] = lambda _: False,
        **settings: object,
    ) -> tuple[AnyEvent, ...]:
        """Write the request, run, and return the events."""
        self.count += 1
        run_dir = self.folder / f"run{self.count}"
        chosen = skills or {"reports": {"SKILL.md": REPORTS}, "mail": {"SKILL.md": MAIL}}
        self.request = Request(
            job=f"job{self.count}",
            kind="evolver",
            library=str(run_dir / "library"),
            skills=_skills(run_dir / "library", chosen, locks),
            traces=_traces(run_dir / "traces", runs),
            documents=_documents(run_dir / "documents", documents or {}),
            settings=dict(settings),
            history=history,
            labels=labels,
            budget=budget or Budget(),
            models=(ModelInput("proposer", "scripted"),),
        )
        self.prompts = []

        def complete(prompt: Prompt) -> Completion:
            self.prompts.append(prompt)
            said = script(prompt)
            if isinstance(said, Completion):
                return said
            return Completion(text=json.dumps(said), value=said, model="scripted")

        return run_in_process(
            self.plugin, self.request, run_dir, complete=complete, cancel_when=cancel_when
        )

    def labels(self, stage: str = "") -> list[str]:
        """Return the labels of the prompts that were asked, of one stage."""
        return [one.label for one in self.prompts if one.label.startswith(stage)]


def refuse(words: str = "The server is busy.", kind: str = "failed") -> Completion:
    """Return a call that failed."""
    return Completion(refused=words, refusal=kind)  # type: ignore[arg-type]


def _skills(
    library: Path, skills: dict[str, dict[str, str]], locks: tuple[str, ...]
) -> tuple[SkillInput, ...]:
    library.mkdir(parents=True)
    inputs = []
    for skill, files in skills.items():
        for path, text in files.items():
            (library / skill / path).parent.mkdir(parents=True, exist_ok=True)
            (library / skill / path).write_bytes(text.encode())
        name = files["SKILL.md"].split("name: ", 1)[1].split("\n", 1)[0].strip()
        held = locks if skill == next(iter(skills)) else ()
        inputs.append(
            SkillInput(skill, str(library / skill), name, "", "", tuple(sorted(files)), held)
        )
    return tuple(inputs)


def _traces(folder: Path, runs: Sequence[Trace]) -> tuple[TraceInput, ...]:
    folder.mkdir(parents=True)
    inputs = []
    for number, (header, steps) in enumerate(runs):
        path = folder / f"{number}.jsonl"
        path.write_bytes(b"".join(msgspec.json.encode(one) + b"\n" for one in (header, *steps)))
        inputs.append(TraceInput(header.id, str(path)))
    return tuple(inputs)


def _documents(folder: Path, documents: dict[str, str | bytes]) -> tuple[DocumentInput, ...]:
    folder.mkdir(parents=True)
    inputs = []
    for name, text in documents.items():
        (folder / name).write_bytes(text if isinstance(text, bytes) else text.encode())
        inputs.append(DocumentInput(name, str(folder / name)))
    return tuple(inputs)


def edits(events: tuple[AnyEvent, ...]) -> list[ProposalDraft]:
    """Return what changes files."""
    return [one.draft for one in events if isinstance(one, ProposalEvent) and one.draft]


def diagnoses(events: tuple[AnyEvent, ...]) -> list[ProposalDraft]:
    """Return what only says something."""
    return [one.draft for one in events if isinstance(one, Diagnosis) and one.draft]


def finished(events: tuple[AnyEvent, ...]) -> Finished:
    """Return the end."""
    last = events[-1]
    assert isinstance(last, Finished)
    return last


def told(events: tuple[AnyEvent, ...]) -> str:
    """Return what was logged and warned of."""
    return "\n".join(one.text for one in events if isinstance(one, Log | Warning_))


def drafts(events: tuple[AnyEvent, ...]) -> bytes:
    """Return all that came of a run, for comparing two runs."""
    return msgspec.json.encode([*edits(events), *diagnoses(events)])
