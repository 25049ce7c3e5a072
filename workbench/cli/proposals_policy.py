"""``proposals policy``, and what approve and apply of the command line take from the policy."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from workbench.cli.console import coloured, document, for_terminal, one_line, print_json
from workbench.domain.proposal import Decision, HunkVerdict
from workbench.plugin.jobs import JobRunner
from workbench.plugin.registry import Registry
from workbench.review.applying.new_branch import proposed_branch
from workbench.review.checks.scan_memo import ScanMemo
from workbench.review.checks.scanning import Scanners
from workbench.review.decide import decide, pick, verdicts_for
from workbench.review.plan import ReviewProblem
from workbench.review.rules.admission import Admission, Means, admit
from workbench.review.rules.policy import POLICY_FILE, PolicyFile, read_policy
from workbench.review.session import Review
from workbench.store.git import Repository
from workbench.store.paths import UserFolders

#: As a branch on the command line: a name made from skill and proposal (no branch is called so).
PROPOSED = "."


def add_policy_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what approve and apply take."""
    parser.add_argument(
        "--content",
        metavar="HASH",
        help="approve: exactly the selection of this content hash, as 'proposals policy' shows it",
    )
    parser.add_argument(
        "--confirm",
        nargs="+",
        default=[],
        metavar="KEY",
        help="apply: say yes to a program, deletion or permission by the name that is told, or to "
        "all-scripts, all-deletions, all-permissions",
    )
    parser.add_argument(
        "--branch",
        metavar="NAME",
        help=f"apply: commit on this new branch and switch to it ('{PROPOSED}': named after skill "
        "and proposal)",
    )


@contextmanager
def means_of(folders: UserFolders) -> Iterator[Means]:
    """Give what the facts of a policy are found out with: the scanners, and what was signed."""
    registry = Registry.of_user(folders.plugins, folders.config / "plugins.json")
    with JobRunner(folders.runs) as runner:
        scanners = Scanners(registry.of_kind("scanner"), runner, ScanMemo())
        yield Means(scanners, folders.data / "trust.jsonl")


def branch_of(review: Review, arguments: argparse.Namespace) -> str:
    """Return the new branch that was asked for, "" for none."""
    wanted: str = arguments.branch or ""
    return proposed_branch(review.proposal) if wanted == PROPOSED else wanted


def selection_of(review: Review, content: str) -> tuple[Review, tuple[HunkVerdict, ...]]:
    """Return the newest decision for a content hash, or the start of one: its hunks and verdicts.

    Raises:
        ReviewProblem: nobody decided for that.
    """
    decisions = review.store.decisions(review.proposal.id)
    if len(content) >= 6:
        for decision in reversed(decisions):
            if decision.content_hash.startswith(content):
                return review.with_splits(decision.splits), decision.verdicts
    now = decisions[-1].content_hash[:12] if decisions else "none"
    raise ReviewProblem(
        f"Nobody selected the content {content} of proposal {review.proposal.id} (the newest is "
        f"{now}). Look at it with 'proposals show', then name its hash."
    )


def show_policy(
    review: Review, arguments: argparse.Namespace, folders: UserFolders, *, reviewer: str, now: str
) -> int:
    """Print the policy of a library and what it says of a proposal; 1 when that may not pass."""
    decision = review.decision
    if arguments.hunks or decision is None or not review.result(decision.verdicts).files:
        chosen = verdicts_for(review, pick(review, arguments.hunks), "accept")
        decision = decide(review, chosen, reviewer=reviewer or "nobody", now=now)
    result = review.result(decision.verdicts)
    with means_of(folders) as means:
        admission = admit(
            review,
            decision,
            result,
            means=means,
            branch=branch_of(review, arguments),
            committed=not arguments.no_commit and Repository.find(review.library) is not None,
        )
    if arguments.format == "json":
        print_json(
            document(
                "review-policy",
                **_rules(review.library, admission.policy),
                **_of_proposal(review, decision, admission),
            )
        )
    else:
        _print_rules(review.library, admission.policy)
        _print_admission(review, decision, admission)
    return 1 if admission.failed else 0


def show_rules(library: Path, *, as_json: bool) -> int:
    """Print the policy of a library."""
    file = read_policy(library)
    if as_json:
        print_json(document("review-policy", **_rules(library, file)))
    else:
        _print_rules(library, file)
    return 0


def _rules(library: Path, file: PolicyFile) -> dict[str, Any]:
    return {
        "library": str(library),
        "path": file.path,
        "hash": file.policy.hash,
        "policy": file.policy,
        "lines": file.lines,
    }


def _of_proposal(review: Review, decision: Decision, admission: Admission) -> dict[str, Any]:
    count = admission.approvals
    return {
        "id": review.proposal.id,
        "content_hash": decision.content_hash,
        "allowed": not admission.failed,
        "verdicts": admission.verdicts,
        "approvals": [msgspec.to_builtins(one) | {"why": one.why} for one in count.approvals],
        "people": len(count.people),
        "wanted": count.wanted,
        "confirmations": admission.confirmations,
        "notes": admission.notes,
        "proposed_branch": proposed_branch(review.proposal),
    }


def _print_rules(library: Path, file: PolicyFile) -> None:
    if not file.path:
        print(one_line(f"{library} has no {POLICY_FILE}: one person's approval is enough."))
        return
    print(one_line(f"{file.path}  policy {file.policy.hash[:12]}"))
    for table, rules in msgspec.to_builtins(file.policy).items():
        for key, value in rules.items() if isinstance(rules, dict) else ():
            name = f"{table}.{key}"
            if name in file.lines:
                print(one_line(f"  {name} = {value}  (line {file.line(name)})"))


def _print_admission(review: Review, decision: Decision, admission: Admission) -> None:
    print(f"\n{review.proposal.id}  content {decision.content_hash[:12]}")
    for one in admission.verdicts:
        sign = coloured("kept  ", "green") if one.passed else coloured("broken", "red")
        print(f"  {sign} {one_line(f'{one.rule}: {one.fact}')}")
        if not one.passed:
            print(coloured(f"         {for_terminal(f'{one.why} {one.todo}')}", "dim"))
    for one_approval in admission.approvals.approvals:
        print(one_line(f"  {one_approval.reviewer} {one_approval.why} ({one_approval.time})"))
    for wanted in admission.confirmations:
        print(one_line(f"  to confirm: {wanted.key}  {wanted.why}"))
    for note in admission.notes:
        print(coloured(one_line(f"  not scanned: {note}"), "yellow"))
    if not admission.failed:
        print(coloured("may be applied", "green"))
