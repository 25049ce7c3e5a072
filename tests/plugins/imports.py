"""Running an importer of finished runs on a small library, and looking at what it says."""

from __future__ import annotations

import json
from pathlib import Path

from tests.plugins.inputs import skill_inputs, write_library
from workbench.domain.job import AnyEvent, Candidate, Finished, ProposalEvent, Request, Warning_
from workbench.domain.proposal import ProposalDraft
from workbench.plugin.testing import run_in_process
from workbench.resources import bundled


def import_from(
    plugin: str,
    source: Path | str,
    folder: Path,
    repository: Path | None = None,
    **settings: object,
) -> tuple[AnyEvent, ...]:
    """Run an importer on the two skills "pdf" and "mail" (CRLF); ``folder`` is the test's own."""
    library = folder / "importing" / "library"
    if not library.exists():
        write_library(library)
    request = Request(
        job="run",
        kind="importer",
        library=str(library),
        skills=skill_inputs(library),
        source=str(source),
        source_repository=str(repository) if repository else None,
        settings=settings,
    )
    return run_in_process(bundled("plugins") / plugin, request, library.parent)


def drafts(events: tuple[AnyEvent, ...]) -> list[ProposalDraft]:
    return [e.draft for e in events if isinstance(e, ProposalEvent) and e.draft is not None]


def warnings(events: tuple[AnyEvent, ...]) -> list[str]:
    return [event.text for event in events if isinstance(event, Warning_)]


def candidates(events: tuple[AnyEvent, ...]) -> list[Candidate]:
    return [event for event in events if isinstance(event, Candidate)]


def end(events: tuple[AnyEvent, ...]) -> Finished:
    assert isinstance(events[-1], Finished)
    return events[-1]


def write(root: Path, files: dict[str, object]) -> Path:
    """Write texts, and everything that is no text as JSON."""
    for path, content in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        text = content if isinstance(content, str) else json.dumps(content, indent=2)
        (root / path).write_text(text, encoding="utf-8", newline="")
    return root
