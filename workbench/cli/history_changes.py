"""``history``: one change with what is behind it, and how proposals hang together."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any, Final

import msgspec

from workbench.cli.console import UsageProblem, coloured, document, one_line, print_json
from workbench.review.history.skill_history import EntryFacts, entry_facts, of_skill, read_history
from workbench.review.history.skill_lineage import LineageRow, lineage_rows
from workbench.review.history.timeline import TimelineEntry, with_reverts
from workbench.store.history import LocalHistory
from workbench.store.paths import UserFolders
from workbench.store.proposals import ProposalStore

_COLOURS: Final = {
    "applied": "blue", "reverted": "yellow", "edit": "dim", "merge": "dim", "uncommitted": "yellow",
}  # fmt: skip
_ALL: Final = 1_000_000_000


def shelf_of(args: argparse.Namespace) -> tuple[ProposalStore, LocalHistory]:
    """Return the store that is asked for, and the user's local history."""
    folders = UserFolders.default()
    return ProposalStore(args.store or folders.proposals), LocalHistory(folders.history)


def all_entries(
    library: Path, skill: str, history: LocalHistory, store: ProposalStore
) -> tuple[TimelineEntry, ...]:
    """Return all changes of a skill, newest first, with what was taken back."""
    page = read_history(library, skill, history, store, limit=_ALL).page
    entries = list(page.entries)
    while page.following is not None:
        page = read_history(library, skill, history, store, place=page.following, limit=_ALL).page
        entries += page.entries
    return with_reverts(entries)


def entry_lines(entry: TimelineEntry) -> str:
    """Return a change for a terminal."""
    kind = "taken back" if entry.taken_back else entry.kind
    name = coloured(f"{kind:11}", _COLOURS[entry.kind])
    where = entry.commit[:10] or "-"
    when = entry.time[:16].replace("T", " ")
    lines = [f"{when:16}  {where:10}  {name}  {one_line(entry.title)}"]
    if entry.proposal and entry.kind == "applied":
        by = one_line(f"{entry.engine or 'unknown engine'}, reviewed by {entry.reviewer}")
        lines.append(f"    {entry.proposal}: {by}; gate {entry.gate or 'unknown'}")
    elif entry.proposal:
        lines.append(f"    {entry.proposal}")
    return "\n".join(lines)


def print_change(library: Path, args: argparse.Namespace) -> int:
    """Print one change with its diff, its proposal and its receipt."""
    store, history = shelf_of(args)
    wanted = args.change
    found = [
        one
        for one in all_entries(library, args.skill, history, store)
        if one.proposal == wanted or (len(wanted) >= 4 and one.commit.startswith(wanted))
    ]
    if not found:
        raise UsageProblem(
            f"No change of {args.skill} is {wanted}. 'skill-workbench history {library} "
            f"{args.skill}' lists the commits and proposals there are."
        )
    applied = [one for one in found if one.kind == "applied"]
    facts = entry_facts(library, (applied or found)[0], history, store)
    if args.format == "json":
        print_json(document("history-change", **_change(facts)))
    else:
        _print_facts(facts)
    return 0


def _change(facts: EntryFacts) -> dict[str, Any]:
    proposal = facts.proposal
    return {
        "entry": facts.entry,
        "hunks": facts.diff.hunks,
        "left_out": facts.diff.left_out,
        "proof": facts.proof,
        "told": facts.told,
        "receipt": facts.receipt,
        "evidence": proposal.draft.evidence if proposal is not None else (),
        "checks": proposal.checks if proposal is not None else (),
        "why_not_revert": facts.why_not_revert,
    }


def _print_facts(facts: EntryFacts) -> None:
    print(entry_lines(facts.entry))
    if facts.told:
        print(f"    {one_line(facts.told)}")
    if facts.receipt is not None:
        for file in facts.receipt.files:
            before, after = (
                (one or "none")[:12] for one in (file.before_sha256, file.after_sha256)
            )
            print(f"    {one_line(file.path)}: {before} to {after}")
    for hunk in facts.diff.hunks:
        print(coloured(f"{one_line(hunk.path)} {one_line(hunk.header)}", "bold"))
        for sign, lines, colour in (("-", hunk.base_lines, "red"), ("+", hunk.new_lines, "green")):
            for line in lines:
                print(coloured(f"{sign}{one_line(line.rstrip())}", colour))
        _print_evidence(facts, hunk.evidence)
    for text in facts.diff.left_out:
        print(f"not shown: {one_line(text)}")
    if facts.proposal is None:
        for text in facts.entry.evidence:
            print(f"evidence: {one_line(text)}")


def _print_evidence(facts: EntryFacts, names: tuple[str, ...]) -> None:
    if facts.proposal is None:
        return
    checks = {one.evidence: one for one in facts.proposal.checks}
    for one in facts.proposal.draft.evidence:
        if one.id in names:
            status = checks[one.id].status if one.id in checks else "unchecked"
            print(
                f"    {one.id} {one_line(one.trace)} step {one.step_first}, {status}: "
                f"{one_line(one.quote)[:160]}"
            )


def print_lineage(library: Path, args: argparse.Namespace) -> int:
    """Print the proposals of a skill, each below the one it comes of."""
    store, history = shelf_of(args)
    entries = all_entries(library, args.skill, history, store)
    proposals = [one for one in store.list() if of_skill(one, library, args.skill)]
    rows = lineage_rows(proposals, entries, store.receipts)
    if args.format == "json":
        print_json(
            document(
                "history-lineage",
                library=str(library),
                skill=args.skill,
                proposals=msgspec.to_builtins(rows),
            )
        )
        return 0
    for row in rows:
        print(_row(row))
    if not rows:
        print(f"No proposal for {args.skill} is in {store.folder}.")
    return 0


def _row(row: LineageRow) -> str:
    indent = "  " * row.depth
    how = f"{row.relation} {row.parent}; " if row.parent else ""
    names = f"; comes of {', '.join(row.names)}" if row.names else ""
    others = f"; alternative to {', '.join(row.alternatives)}" if row.alternatives else ""
    lost = "" if row.stored else "; not in the store"
    when = row.created[:16].replace("T", " ")
    return (
        f"{indent}{one_line(row.id)}  {when}  {one_line(row.engine)}  {one_line(row.title)}\n"
        f"{indent}    {one_line(how)}{row.status}, {row.level or 'unknown'}"
        f"{one_line(names)}{one_line(others)}{lost}"
    )
