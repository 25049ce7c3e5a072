"""From GEPA's pool to proposals: its best candidate, and others that are best at some task."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib.metadata import version
from typing import TYPE_CHECKING

from gepa_engine.components import DESCRIPTION, Components, Refused
from workbench.plugin.api import Change, Lineage, ProposalDraft, Request, Score

if TYPE_CHECKING:
    from gepa_engine.record import Found, Record

_NAMED = 6


def drafts(
    request: Request, components: Components, record: Record, alternatives: int
) -> Iterator[ProposalDraft]:
    """Yield the best candidate, then others of the frontier that do better than the library."""
    from gepa_engine.record import candidate_id

    seed, best = record.found.get(0), record.best
    if seed is None or best is None or best.mean <= seed.mean:
        return
    others = sorted(
        (
            record.found[one]
            for one in record.front
            if one in record.found and one not in (0, best.number)
        ),
        key=lambda one: (-one.mean, one.number),
    )
    chosen = [best, *(one for one in others if one.mean > seed.mean)][: 1 + max(0, alternatives)]
    depths = _depths(record.found)
    splits = {task.id: task.split for task in request.tasks}
    for found in chosen:
        try:
            changes = components.changes(found.texts)
        except Refused:
            continue  # it was never tried, so it cannot be among the better ones
        if not changes:
            continue
        score = Score(
            metric="mean score of the validation tasks, GEPA's own",
            before=round(seed.mean, 6),
            after=round(found.mean, 6),
            n=len(found.scores),
            split=next((splits[task] for task in found.scores if task in splits), ""),
            evaluator=f"gepa {version('gepa')}",
        )
        rivals = [one for one in (best, *others) if one.number != found.number]
        yield ProposalDraft(
            kind="describe" if _is_description_only(components, found.texts) else "edit",
            title=_title(changes, found, best),
            rationale=_rationale(seed, found, record),
            changes=changes,
            skills=tuple(one.path.rpartition("/")[0] or "." for one in changes),
            root_cause="skill",
            scores=(score,),
            lineage=Lineage(
                parents=tuple(candidate_id(one) for one in found.parents),
                round=depths.get(found.number, 0),
                alternatives=tuple(candidate_id(one.number) for one in rivals),
            ),
        )


def _title(changes: tuple[Change, ...], found: Found, best: Found) -> str:
    names = ", ".join(one.path.rpartition("/")[0] or one.path for one in changes)
    kind = "best candidate" if found is best else "another candidate of the frontier"
    return f"GEPA's {kind} for {names} (candidate {found.number})"


def _rationale(seed: Found, found: Found, record: Record) -> str:
    better = [task for task, score in found.scores.items() if score > seed.scores.get(task, score)]
    worse = [task for task, score in found.scores.items() if score < seed.scores.get(task, score)]
    lines = [
        f"On {len(found.scores)} validation tasks the mean went from {seed.mean:.3f} to "
        f"{found.mean:.3f}: {len(better)} better{_named(better)}, {len(worse)} "
        f"worse{_named(worse)}.",
        f"Candidates GEPA kept: {len(record.found) - 1}; edits it dropped: {record.rejected}. It "
        "chose by these same tasks, so the figure flatters. What counts is the gate of the host.",
    ]
    if record.front:
        names = (f"candidate {one}" if one else "the library as it was" for one in record.front)
        lines.append(f"Best at some task: {', '.join(names)}.")
    return "\n\n".join(lines)


def _named(tasks: list[str]) -> str:
    if not tasks:
        return ""
    more = ", ..." if len(tasks) > _NAMED else ""
    return f" ({', '.join(tasks[:_NAMED])}{more})"


def _is_description_only(components: Components, texts: Mapping[str, str]) -> bool:
    changed = [name for name, text in texts.items() if text != components.seed.get(name)]
    return all(components.parts[name].what == DESCRIPTION for name in changed)


def _depths(found: Mapping[int, Found]) -> dict[int, int]:
    """Return how many edits lead from the library to each candidate."""
    depths = {0: 0}
    for number in sorted(found):
        parents = [depths[one] for one in found[number].parents if one in depths]
        depths[number] = max(parents) + 1 if parents else 0
    return depths
