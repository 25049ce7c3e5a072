"""What a run of GRASP came to: the library it ended with, its own figures, and the proposals."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from importlib.metadata import version as package_version
from pathlib import Path
from typing import Any

from msgspec import Struct

from grasp_engine.library import Refused, SkillNames
from grasp_engine.runs import Versions
from workbench.plugin.api import Lineage, ProposalDraft, Score

_VERBS = {"retire": "Remove", "edit": "Change", "create": "Add"}


class Curve(Struct, frozen=True):
    """GRASP's validation: passed tasks before anything was learned and at its best, of ``n``."""

    before: float
    best: float
    n: int


class Outcome(Struct, frozen=True):
    """The skills GRASP ended with, how many edits it tried, and its validation."""

    skills: tuple[Mapping[str, Any], ...] | None = None
    tried: int = 0
    curve: Curve | None = None


def read_outcome(folder: Path, cycle: Any) -> Outcome:
    """Read a run that ended or was stopped: the best checkpoint where there is one."""
    from grasp import SkillRepository

    best = folder / "skills" / "best"
    repository = cycle.skill_repo
    if best.is_dir():
        repository = SkillRepository(folder / "base", best)
    tried = 0
    for file in sorted(folder.glob("epoch_*/skill_updates.json")):
        tried += sum(len(one.get("grpo") or ()) for one in _read_list(file))
    scores = [one for one in _read_list(folder / "val_scores.json") if "score" in one]
    curve = None
    if len(scores) > 1 and scores[0].get("epoch") == "baseline":
        top = max(float(one["score"]) for one in scores[1:])
        curve = Curve(float(scores[0]["score"]), top, int(scores[0].get("n_total", 0)))
    return Outcome(tuple(repository.snapshot()), tried, curve)


def _read_list(path: Path) -> list[Mapping[str, Any]]:
    """Return a list of objects from a file that may be half written."""
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return []
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def drafts(names: SkillNames, versions: Versions, outcome: Outcome) -> Iterator[ProposalDraft]:
    """Yield a proposal for each skill that is not what it was."""
    if outcome.skills is None:
        return
    there = {str(one["name"]): one for one in outcome.skills}
    for name in sorted(names.editable.keys() | there.keys()):
        skill = there.get(name)
        try:
            changes = names.changes_of(name, skill)
        except Refused:
            continue  # no version with it was tried
        if changes:
            known = names.editable.get(name)
            folder = known.skill.id if known is not None else changes[0].path.rpartition("/")[0]
            kind = "retire" if skill is None else "edit" if known is not None else "create"
            yield ProposalDraft(
                kind=kind,  # type: ignore[arg-type]
                title=f"{_VERBS[kind]} {folder}, as GRASP learned",
                rationale=_rationale(_provenance(skill), outcome, skill is None),
                changes=changes,
                skills=(folder,),
                root_cause="skill",
                scores=_scores(_provenance(skill), outcome),
                lineage=_lineage(versions, skill),
            )


def _provenance(skill: Mapping[str, Any] | None) -> Mapping[str, Any]:
    return (skill or {}).get("provenance") or {}


def _lineage(versions: Versions, skill: Mapping[str, Any] | None) -> Lineage:
    version = versions.origin(skill)
    return Lineage(
        parents=(versions.parents.get(version) or "base",),
        round=int(_provenance(skill).get("epoch") or 0) + 1,
        alternatives=versions.rivals(version),
    )


def _rationale(provenance: Mapping[str, Any], outcome: Outcome, is_removed: bool) -> str:
    lines: list[str] = []
    if provenance:
        asked = ", ".join(str(one) for one in provenance.get("triggering_sample_ids") or ())
        lines.append(
            f"GRASP's own gate took it in epoch {provenance.get('epoch')}, update "
            f"{provenance.get('update_cycle')}: {provenance.get('fixes', 0)} repairs and "
            f"{provenance.get('regressions', 0)} regressions on its probe, "
            f"{provenance.get('probe_score', 0):+d} against the repeated baseline."
        )
        if asked:
            lines.append(f"It was written for the failures of {asked}.")
    elif is_removed:
        lines.append("GRASP's own gate found the probe better without it.")
    if outcome.curve is not None:
        curve = outcome.curve
        lines.append(
            f"On {curve.n} validation tasks the library went from {curve.before:.0%} to "
            f"{curve.best:.0%} at its best, all its changes together."
        )
        if curve.best <= curve.before:
            lines.append("So its own validation does not show an improvement.")
    lines.append("These figures are GRASP's. What counts is the gate of the host.")
    return "\n\n".join(lines)


def _scores(provenance: Mapping[str, Any], outcome: Outcome) -> tuple[Score, ...]:
    evaluator = f"grasp-skills {package_version('grasp-skills')}"
    found: list[Score] = []
    if provenance:
        net = float(provenance.get("probe_score") or 0)
        found.append(Score("net repairs on its probe", 0.0, net, 0, "train", evaluator))
    if outcome.curve is not None:
        curve = outcome.curve
        found.append(
            Score("passed validation tasks", curve.before, curve.best, curve.n, "val", evaluator)
        )
    return tuple(found)
