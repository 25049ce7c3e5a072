"""Taking a draft in: an engine proposes, the host decides what it may touch.

The result has exact base hashes, full new texts instead of section operations, evidence that was
looked up, and an id that is a hash of all of it: the same draft on the same files is the same
proposal.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec
from msgspec.structs import replace

from workbench.domain.job import Budget
from workbench.domain.proposal import (
    Change,
    Engine,
    Evidence,
    EvidenceCheck,
    Proposal,
    ProposalDraft,
    ProposalKind,
)
from workbench.evolution.change_paths import new_skill_folders
from workbench.evolution.change_size import over_budget
from workbench.evolution.evidence import LocatableTrace, check_all
from workbench.evolution.resolve import ChangeResolver
from workbench.evolution.snapshot import LibrarySnapshot
from workbench.files import sha256

_MAX_TITLE = 200


class DraftRefused(Exception):  # noqa: N818 - a problem for a person, in words
    """A draft is left out as a whole. ``warnings`` say why, one reason each."""

    def __init__(self, title: str, warnings: tuple[str, ...]) -> None:
        self.warnings = warnings
        super().__init__(f"The proposal '{title}' was left out: {' '.join(warnings)}")


def take_in(
    draft: ProposalDraft,
    *,
    engine: Engine,
    library_root: Path,
    snapshot: LibrarySnapshot,
    traces: Mapping[str, LocatableTrace],
    job: str,
    now: str,
    blob: Callable[[str], bytes | None] = lambda digest: None,
    budget: Budget | None = None,
) -> Proposal:
    """Make a proposal of a draft.

    Changes that may not be are dropped with a warning, with those that depend on them. A quote that
    is not in its trace stays and is marked unsupported.

    Args:
        draft: what the engine said.
        engine: who said it.
        library_root: the library itself, looked at for links alone.
        snapshot: the copy the engine worked on.
        traces: the open traces by the ids the request gave them.
        job: the id of the job; ``now`` is the time, ISO 8601.
        budget: how much one proposal may change.
        blob: returns binary content by its SHA-256, None when the engine did not hand it over.

    Raises:
        DraftRefused: nothing is left of it, or it changes nothing, or too much.
    """
    warnings: list[str] = []
    evidence = _distinct_evidence(draft.evidence, warnings)
    resolver = ChangeResolver(
        library_root, snapshot, new_skill_folders(draft.changes), blob, warnings
    )
    changes = resolver.resolve(_with_known_evidence(draft.changes, evidence, warnings))
    taken = replace(
        draft,
        kind=_kind(draft, changes, warnings),
        title=_one_line(draft.title) or "Untitled",
        changes=changes,
        evidence=evidence,
        skills=_skills(draft, changes, snapshot),
        confidence=_confidence(draft.confidence, warnings),
    )
    if reason := over_budget(resolver.results(), snapshot, budget or Budget()):
        raise DraftRefused(taken.title, (reason,))
    base = tuple(snapshot.base(path) for path in resolver.touched(changes))
    checks = _checked(evidence, traces, warnings)
    return Proposal(
        id=_content_id(engine, taken, base),
        engine=engine,
        library=str(library_root),
        base=base,
        draft=taken,
        checks=checks,
        created=now,
        job=job,
        warnings=tuple(warnings),
    )


def _checked(
    evidence: tuple[Evidence, ...], traces: Mapping[str, LocatableTrace], warnings: list[str]
) -> tuple[EvidenceCheck, ...]:
    checks = check_all(evidence, traces)
    if unsupported := sum(check.status != "verified" for check in checks):
        warnings.append(f"{unsupported} of {len(checks)} quotes could not be found in the traces.")
    return checks


def _kind(draft: ProposalDraft, changes: tuple[Change, ...], warnings: list[str]) -> ProposalKind:
    """Return what the draft is after intake; refuse one of which nothing is left."""
    if not changes and (draft.kind != "diagnose" or draft.changes):
        title = _one_line(draft.title) or "Untitled"
        raise DraftRefused(title, tuple(warnings) or ("It changes nothing.",))
    if changes and draft.kind == "diagnose":
        warnings.append("The engine called it a diagnosis, but it changes files: taken as an edit.")
        return "edit"
    return draft.kind


def _confidence(given: float | None, warnings: list[str]) -> float | None:
    if given is None or 0 <= given <= 1:
        return given
    warnings.append(f"The engine's confidence {given} is not between 0 and 1: left out.")
    return None


def _distinct_evidence(evidence: tuple[Evidence, ...], warnings: list[str]) -> tuple[Evidence, ...]:
    found: dict[str, Evidence] = {}
    for one in evidence:
        if one.id in found and found[one.id] != one:
            warnings.append(f"Two pieces of evidence have the id '{one.id}': the first counts.")
        found.setdefault(one.id, one)
    return tuple(found.values())


def _with_known_evidence(
    changes: tuple[Change, ...], evidence: tuple[Evidence, ...], warnings: list[str]
) -> tuple[Change, ...]:
    known = frozenset(one.id for one in evidence)
    result: list[Change] = []
    for change in changes:
        missing = [one for one in change.evidence if one not in known]
        if missing:
            warnings.append(
                f"{change.path}: the change names evidence that was not given ({_few(missing)})."
            )
        kept = tuple(one for one in dict.fromkeys(change.evidence) if one in known)
        result.append(replace(change, evidence=kept))
    return tuple(result)


def _skills(
    draft: ProposalDraft, changes: tuple[Change, ...], snapshot: LibrarySnapshot
) -> tuple[str, ...]:
    """Return the skills it is about: those its changes lie in, else those the engine names."""
    new = new_skill_folders(changes)
    touched: dict[str, None] = {}
    for change in changes:
        inside = snapshot.skill_of(change.path) or next(
            (folder for folder in sorted(new) if change.path.startswith(f"{folder}/")), None
        )
        if inside is not None:
            touched[inside] = None
    named = (skill for skill in draft.skills if skill in snapshot.skills)
    return tuple(dict.fromkeys([*touched, *named]))


def _content_id(engine: Engine, draft: ProposalDraft, base: tuple[object, ...]) -> str:
    """Hash what was proposed and on what, not when, where or by which job."""
    content = msgspec.json.encode(
        [engine.id, engine.version, _encodable(msgspec.to_builtins(draft)), base]
    )
    return f"{engine.id.replace('_', '-')}-{sha256(content)[:12]}"


def _encodable(value: object) -> object:
    """Make text with lone surrogates fit for JSON; only the hash sees it."""
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode()
    if isinstance(value, list | tuple):
        return [_encodable(one) for one in value]
    if isinstance(value, dict):
        return {key: _encodable(one) for key, one in value.items()}
    return value


def _one_line(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _MAX_TITLE else line[: _MAX_TITLE - 1] + "…"


def _few(names: list[str]) -> str:
    return ", ".join(names[:4]) + (", …" if len(names) > 4 else "")
