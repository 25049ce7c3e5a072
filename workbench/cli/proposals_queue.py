"""``proposals list`` and ``proposals contests``: the queue, filtered and sorted."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime
from typing import Any, get_args

from workbench.cli.console import coloured, document, for_terminal, one_line, print_json
from workbench.domain.proposal import ProposalStatus
from workbench.domain.task import GateLevel
from workbench.domain.text import counted
from workbench.review.contests import Contest, Footprints
from workbench.review.queue import SORTS, Entry, Queue, Wanted, age, queue_of, sorted_entries
from workbench.review.text_diff.blanks import end_in_words, line_end
from workbench.store.proposals import Listing, ProposalStore


def add_queue_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what chooses among proposals; each may be given several times."""
    group = parser.add_argument_group("list and contests")
    group.add_argument("--status", action="append", choices=get_args(ProposalStatus), default=[])
    group.add_argument("--level", action="append", choices=get_args(GateLevel), default=[])
    group.add_argument("--engine", action="append", default=[], metavar="ID")
    group.add_argument("--skill", action="append", default=[], metavar="NAME")
    group.add_argument("--words", default="", metavar="TEXT", help="in title, skill, id or path")
    group.add_argument(
        "--contested", action="store_true", help="those that change lines others change too"
    )
    group.add_argument("--sort", choices=SORTS, default="oldest")


def show_queue(store: ProposalStore, arguments: argparse.Namespace) -> int:
    """Print the proposals that are asked for."""
    listing = store.read()
    queue = queue_of(store, listing.proposals, Footprints())
    wanted = _wanted(arguments)
    entries = sorted_entries((one for one in queue.entries if wanted.holds(one)), arguments.sort)
    if arguments.format == "json":
        rows = [_row(entry) for entry in entries]
        folder = str(store.folder)
        print_json(document("proposals", store=folder, proposals=rows, problems=listing.problems))
        return 0
    _print_entries(store, listing, queue, entries)
    return 0


def show_contests(store: ProposalStore, arguments: argparse.Namespace) -> int:
    """Print the lines that several of the proposals asked for change."""
    listing = store.read()
    queue = queue_of(store, listing.proposals, Footprints())
    wanted = _wanted(arguments)
    names = {one.proposal.id for one in queue.entries if wanted.holds(one)}
    found = [
        one
        for one in queue.contests
        if not one.settled and any(side.proposal in names for side in one.sides)
    ]
    if arguments.format == "json":
        rows = [
            {**{name: getattr(one, name) for name in one.__struct_fields__}, "agreed": one.agreed}
            for one in found
        ]
        print_json(document("contests", store=str(store.folder), contests=rows))
        return 0
    if not found:
        print("No open proposals change the same lines.")
    for contest in found:
        _print_contest(contest)
    return 0


def _wanted(arguments: argparse.Namespace) -> Wanted:
    return Wanted(
        tuple(arguments.status),
        tuple(arguments.engine),
        tuple(arguments.skill),
        tuple(arguments.level),
        arguments.contested,
        arguments.words,
    )


def _row(entry: Entry) -> dict[str, Any]:
    proposal = entry.proposal
    draft, gate = proposal.draft, entry.gate
    return {
        "id": proposal.id,
        "status": entry.status,
        "kind": draft.kind,
        "title": draft.title,
        "skills": draft.skills,
        "engine": proposal.engine.id,
        "level": gate.level,
        "repairs": gate.repairs,
        "regressions": gate.regressions,
        "evidence": len(draft.evidence),
        "verified": entry.verified,
        "files": sorted({change.path for change in draft.changes}),
        "added": entry.added,
        "removed": entry.removed,
        "contested": entry.contested,
        "rivals": entry.rivals,
        "comments": entry.talk,
        "created": proposal.created,
        "warnings": proposal.warnings,
        "problem": entry.problem,
    }


def _print_entries(
    store: ProposalStore, listing: Listing, queue: Queue, entries: list[Entry]
) -> None:
    now = datetime.now(UTC).isoformat()
    if not queue.entries:
        print(f"No proposals in {store.folder}. 'skill-workbench evolve' makes some.")
    elif not entries:
        print(f"None of the {len(queue.entries)} proposals in {store.folder} is asked for.")
    for entry in entries:
        proposal = entry.proposal
        draft, gate = proposal.draft, entry.gate
        facts = [
            entry.status.replace("_", " "),
            draft.kind,
            ", ".join(draft.skills) or "-",
            proposal.engine.id,
            gate.level.replace("_", " "),
        ]
        if gate.repairs is not None:
            facts.append(f"repairs {gate.repairs}, regressions {gate.regressions or 0}")
        facts.append(f"+{entry.added} -{entry.removed}")
        facts.append(f"evidence {entry.verified}/{len(draft.evidence)}")
        facts.append(age(proposal.created, now))
        print(f"{coloured(proposal.id, 'bold')}  {one_line('  '.join(filter(None, facts)))}")
        print(f"    {one_line(draft.title)}")
        if entry.contested:
            rivals = ", ".join(entry.rivals)
            places = counted(entry.contested, "place")
            print(coloured(one_line(f"    contested at {places} by {rivals}"), "yellow"))
        if entry.stale and entry.status == "stale":
            names = ", ".join(entry.stale[:3])
            print(coloured(one_line(f"    changed since, has to be merged: {names}"), "yellow"))
        if entry.problem:
            print(coloured(one_line(f"    {entry.problem}"), "red"))
    for problem in listing.problems:
        print(coloured(one_line(problem), "red"))


def _print_contest(contest: Contest) -> None:
    lines = "" if contest.whole else f":{contest.start}"
    if contest.end > contest.start:
        lines += f"-{contest.end}"
    said = "all would write the same" if contest.agreed else counted(len(contest.sides), "version")
    print(coloured(one_line(f"{contest.path}{lines}"), "bold") + f"  {said}")
    for line in contest.base_lines:
        _print_line(f"  - {line}", "red", contest)
    for side in contest.sides:
        rejected = " (rejected)" if side.rejected else ""
        print(one_line(f"  {side.proposal}{rejected}{': ' + side.what if side.what else ''}"))
        for line in side.lines:
            _print_line(f"    + {line}", "green", contest)


def _print_line(line: str, colour: str, contest: Contest) -> None:
    """Print a line, with the name of its end where ends tell versions apart."""
    sign = f"  [{end_in_words(line_end(line))}]" if contest.ends_differ else ""
    print(coloured(for_terminal(line.rstrip("\r\n")), colour) + sign)
