"""Runs and libraries for the miner, written here: normalised traces as the host writes them."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec

from workbench.domain.job import (
    AnyEvent,
    Diagnosis,
    Finished,
    PastDecision,
    ProposalEvent,
    Request,
    SkillInput,
    StoredResult,
    TraceInput,
)
from workbench.domain.proposal import ProposalDraft
from workbench.domain.trace_lines import TraceCall, TraceHeader, TraceStep
from workbench.plugin.run_skills import front_and_body
from workbench.plugin.testing import run_in_process
from workbench.resources import bundled

PLUGIN = bundled("plugins") / "evidence_miner"

TOOLBOX = """\
---
name: report-tool
description: Makes monthly reports with reportgen.
---
# Reports

Run `reportgen build --month 2026-10` in the folder of `figures.csv`, then `reportgen sign`.

## Steps

1. `reportgen build`
"""

REFUSED = "error: this flag was removed in reportgen 3\n"


def shell(command: str, output: str = "", exit_code: int = 0) -> TraceCall:
    """Return a shell call with its result."""
    return TraceCall(
        "c",
        "Bash",
        command[:200],
        json.dumps({"command": command}),
        "ok" if exit_code == 0 else "error",
        exit_code,
        output,
    )


def run(name: str, *calls: TraceCall, **header: object) -> tuple[TraceHeader, list[TraceStep]]:
    """Return a run with one step for each call."""
    fields: dict[str, object] = {
        "format": "test",
        "agent": "agent",
        "model": None,
        "task": name,
        "title": "",
        "outcome": "unknown",
        "reward": None,
    }
    steps = [TraceStep(0, "u0", "user", "Make the report.")]
    steps += [
        TraceStep(number, f"u{number}", "agent", "", calls=(call,))
        for number, call in enumerate(calls, 1)
    ]
    return TraceHeader(id=f"{name}.jsonl#1", steps=len(steps), **(fields | header)), steps


def failing_run(name: str, month: str = "2026-10", loaded: str = "report-tool"):
    """Return a run in which an option fails and its new form works."""
    return run(
        name,
        shell(f"reportgen build --month {month} --fast", REFUSED, 2),
        shell("ls", "figures.csv\n"),
        shell(f"reportgen build --month {month} --quick", "built\n"),
        skills_loaded=(loaded,) if loaded else (),
    )


class Mine:
    """Runs the miner over a library and runs that are written below one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.count = 0

    def __call__(
        self,
        skills: dict[str, dict[str, str]],
        runs: list[tuple[TraceHeader, list[TraceStep]]],
        *,
        history: tuple[PastDecision, ...] = (),
        results: tuple[StoredResult, ...] = (),
        **settings: object,
    ) -> tuple[AnyEvent, ...]:
        self.count += 1
        run_dir = self.folder / f"run{self.count}"
        library = run_dir / "library"
        inputs = []
        for skill, files in skills.items():
            for path, text in files.items():
                (library / skill / path).parent.mkdir(parents=True, exist_ok=True)
                (library / skill / path).write_bytes(text.encode())
            front, _ = front_and_body(files["SKILL.md"])
            name, said = str(front.get("name", skill)), str(front.get("description", ""))
            inputs.append(
                SkillInput(skill, str(library / skill), name, said, "", tuple(sorted(files)))
            )
        (run_dir / "traces").mkdir(parents=True)
        traces = []
        for number, (header, steps) in enumerate(runs):
            path = run_dir / "traces" / f"{number}.jsonl"
            lines = (msgspec.json.encode(line) + b"\n" for line in (header, *steps))
            path.write_bytes(b"".join(lines))
            traces.append(TraceInput(header.id, str(path)))
        request = Request(
            job="job",
            kind="evolver",
            library=str(library),
            skills=tuple(inputs),
            traces=tuple(traces),
            settings=dict(settings),
            history=history,
            results=results,
        )
        return run_in_process(PLUGIN, request, run_dir)


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
