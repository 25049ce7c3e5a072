"""The host's own detector: did a version of the library make things worse than the one before?

Detector 10 of the evolution reference (section 5.1, November 2026). It reads what was measured
already: the gates of proposals that were applied, and stored results of two versions. A version is
worse when going back would pass the host's own gate, so the arithmetic is the same as for any
proposal. It suggests; a person decides.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from workbench.domain.job import StoredResult
from workbench.domain.proposal import (
    Change,
    Engine,
    Gate,
    Lineage,
    Proposal,
    ProposalDraft,
)
from workbench.domain.task import PairedRow, PairedTable
from workbench.evaluation.gates import gate
from workbench.evaluation.statistics import mean, passes
from workbench.evolution.gating import GateChoice
from workbench.evolution.intake import DraftRefused, take_in
from workbench.evolution.snapshot import LibrarySnapshot
from workbench.files import FileProblem, sha256
from workbench.store.proposals import ProposalStore, StoreProblem

HOST = Engine(id="host", version="1")
_GOING_BACK = ("promising", "supported")
_MAX_NAMED = 12


class Comparison(Struct, frozen=True):
    """Two versions that were measured on the same tasks, the earlier one in ``before``.

    ``earlier`` and ``later`` are words for a person. ``applied`` is the proposal between them,
    None where only the results are known.
    """

    earlier: str
    later: str
    table: PairedTable
    applied: Proposal | None = None


def comparisons(
    applied: Sequence[Proposal], results: Sequence[StoredResult], version: str
) -> Iterator[Comparison]:
    """Yield what can be compared with the library as it is.

    Args:
        applied: proposals that were applied as they were gated, oldest first.
        results: stored results; those with one library hash in place of skills count here.
        version: the hash of the library as it is.
    """
    stored = _by_version(results)
    now = stored.pop(version, {})
    known = {proposal.gate.variant for proposal in applied}
    for proposal in applied:
        table = proposal.gate.table
        if table is not None and table.rows:
            title = proposal.draft.title
            yield Comparison(f"before '{title}'", "with it", _renewed(table, now), proposal)
    for earlier, runs in sorted(stored.items()):
        rows = tuple(
            PairedRow(task, tuple(runs[task]), tuple(now[task]))
            for task in sorted(runs)
            if task in now
        )
        if rows and earlier not in known:
            yield Comparison(f"version {earlier[:12]}", "the library as it is", PairedTable(rows))


def going_back(found: Comparison, choice: GateChoice) -> Gate:
    """Return the gate of going back to the earlier version: what decides is what is held out."""
    table = _reversed(found.table)
    splits = {row.split for row in table.rows}
    held_out = next((one for one in ("test", "val", "train") if one in splits), "")
    rows = tuple(row for row in table.rows if row.split == held_out)
    decided = gate(replace(table, rows=rows), choice.rule, choice.limits)
    return Gate(
        level=decided.level,
        rule=decided.rule,
        reasons=(*decided.reasons, "computed for going back, from what was measured earlier"),
        repairs=decided.repairs,
        regressions=decided.regressions,
        n=decided.n,
        p_one_sided=decided.p_one_sided,
        flake_rate=decided.flake_rate,
        held_out=held_out,
        table=table,
        runner="stored",
    )


def guarded(
    snapshot: LibrarySnapshot,
    version: str,
    store: ProposalStore,
    results: Sequence[StoredResult],
    *,
    choice: GateChoice,
    job: str,
    now: str,
) -> tuple[Proposal, ...]:
    """Return a suggestion for each version that is worse than the one before it.

    Where the files are still those the proposal made, it restores what was there before; else it
    only says so. The same finding is the same proposal, so that one turned down stays so.
    """
    restorable = [
        (proposal, changes)
        for proposal in store.list()
        if proposal.status == "applied" and Path(proposal.library) == Path(snapshot.root)
        if (changes := _restoring(proposal, snapshot, store)) is not None
    ]
    undo = {proposal.id: changes for proposal, changes in restorable}
    found: list[Proposal] = []
    for one in comparisons([proposal for proposal, _ in restorable], results, version):
        decided = going_back(one, choice)
        if decided.level not in _GOING_BACK:
            continue
        changes = undo[one.applied.id] if one.applied is not None else ()
        try:
            taken = take_in(
                _draft(one, changes, decided),
                engine=HOST,
                library_root=Path(snapshot.root),
                snapshot=snapshot,
                traces={},
                job=job,
                now=now,
                blob=partial(_blob, store, one.applied),
            )
        except DraftRefused:
            continue
        found.append(replace(taken, gate=decided))
    return tuple(found)


def versions_in(results: Iterable[StoredResult], skills: Sequence[str]) -> bool:
    """Whether some results name a version of the library, not skills of it."""
    return any(len(one.skills) == 1 and one.skills[0] not in skills for one in results)


def _draft(found: Comparison, changes: tuple[Change, ...], decided: Gate) -> ProposalDraft:
    assert decided.table is not None
    worse = [row.task for row in decided.table.rows if passes(row.after) and not passes(row.before)]
    named = ", ".join(worse[:_MAX_NAMED]) + (", …" if len(worse) > _MAX_NAMED else "")
    earlier = mean(mean(row.after) for row in decided.table.rows)
    later = mean(mean(row.before) for row in decided.table.rows)
    count = "a task fails" if len(worse) == 1 else f"{len(worse)} tasks fail"
    applied = found.applied
    title = f"Regression: {count} that passed with {found.earlier}"
    if applied is not None:
        title = f"Take back '{applied.draft.title}': {count} since"
    return ProposalDraft(
        kind="edit" if changes else "diagnose",
        title=title,
        rationale=f"Passed {found.earlier} and fail with {found.later}: {named}. Mean score "
        f"{earlier:.3f} then, {later:.3f} now; going back would be {decided.level}.",
        changes=changes,
        skills=applied.draft.skills if applied is not None else (),
        root_cause="skill",
        generality="general",
        lineage=Lineage(
            parents=(applied.id,) if applied is not None else (),
            supersedes=applied.id if applied is not None else None,
        ),
    )


def _by_version(results: Iterable[StoredResult]) -> dict[str, dict[str, list[float]]]:
    """Return scores by version and task; runs that say nothing are left out."""
    found: dict[str, dict[str, list[float]]] = {}
    for one in results:
        scored = one.score if one.score is not None else 0.0 if one.status == "timeout" else None
        if len(one.skills) == 1 and one.status != "infra" and scored is not None:
            found.setdefault(one.skills[0], {}).setdefault(one.task, []).append(scored)
    return found


def _renewed(table: PairedTable, now: dict[str, list[float]]) -> PairedTable:
    """Return the table with today's results where there are some."""
    rows = tuple(
        replace(row, after=tuple(now[row.task])) if row.task in now else row for row in table.rows
    )
    return replace(table, rows=rows)


def _reversed(table: PairedTable) -> PairedTable:
    rows = tuple(
        replace(
            row,
            before=row.after,
            after=row.before,
            cost_before=row.cost_after,
            cost_after=row.cost_before,
        )
        for row in table.rows
    )
    return replace(table, rows=rows, size_before=table.size_after, size_after=table.size_before)


def _restoring(
    proposal: Proposal, snapshot: LibrarySnapshot, store: ProposalStore
) -> tuple[Change, ...] | None:
    """Return the changes that undo an applied proposal; None when the files are others today."""
    try:
        for path, digest in _made_by(proposal).items():
            data = snapshot.read(path)
            if (None if data is None else sha256(data)) != digest:
                return None
        return tuple(_undo(proposal, snapshot, store))
    except (FileProblem, StoreProblem):
        return None


def _made_by(proposal: Proposal) -> dict[str, str | None]:
    """Return the hash of each file after the proposal; None is gone."""
    files: dict[str, str | None] = {file.path: file.sha256 for file in proposal.base}
    for change in proposal.draft.changes:
        made = files.get(change.path)
        if change.blob is not None:
            made = change.blob
        elif change.new_text is not None:
            made = sha256(change.new_text.encode("utf-8", "surrogateescape"))
        if change.op in ("delete", "rename"):
            files[change.path] = None
        if change.op != "delete":
            files[change.new_path or change.path] = made
    return files


def _undo(proposal: Proposal, snapshot: LibrarySnapshot, store: ProposalStore) -> Iterator[Change]:
    made = _made_by(proposal)
    for number, file in enumerate(proposal.base, 1):
        why = f"As it was before '{proposal.draft.title}'."
        if made.get(file.path) == file.sha256:
            continue
        if file.sha256 is None:
            yield Change(f"undo-{number}", file.path, "delete", rationale=why)
            continue
        data = store.blob(file.sha256, proposal.id)
        text = _text(data)
        yield Change(
            f"undo-{number}",
            file.path,
            "edit" if snapshot.base(file.path).sha256 is not None else "write",
            new_text=text,
            blob=None if text is not None else file.sha256,
            mode=file.mode,
            rationale=why,
        )


def _text(data: bytes) -> str | None:
    try:
        return data.decode("utf-8") if b"\0" not in data else None
    except UnicodeDecodeError:
        return None


def _blob(store: ProposalStore, applied: Proposal | None, digest: str) -> bytes | None:
    try:
        return store.blob(digest, applied.id) if applied is not None else None
    except StoreProblem:
        return None
