"""``proposals``: review without a window."""

from __future__ import annotations

import argparse
import getpass
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from workbench.cli.console import UsageProblem
from workbench.cli.proposals_lines import OF_LINES, add_line_arguments
from workbench.cli.proposals_output import Output
from workbench.cli.proposals_policy import (
    add_policy_arguments,
    branch_of,
    means_of,
    selection_of,
    show_policy,
    show_rules,
)
from workbench.cli.proposals_queue import add_queue_arguments, show_contests, show_queue
from workbench.cli.proposals_tasks import OF_TASKS, add_task_arguments
from workbench.domain.proposal import REASON_CODES, Proposal, VerdictKind
from workbench.files import FileProblem, write_atomic
from workbench.plugin.jobs import JobRefused, JobRunner
from workbench.plugin.registry import PluginInfo, Registry
from workbench.review.applying.apply import apply_decision
from workbench.review.applying.patch import patch_of
from workbench.review.applying.recover import recover
from workbench.review.applying.rest import merge_rest
from workbench.review.applying.revert import merge_revert, revert
from workbench.review.applying.transaction import RolledBack, Stale
from workbench.review.checks.foreign_skills import installed_folders
from workbench.review.checks.result import check_result
from workbench.review.checks.scanning import scan_of
from workbench.review.decide import decide, gate_after, pick, record, verdicts_for
from workbench.review.merge import Choice, Merge, merge_stale, merged_proposal
from workbench.review.plan import ReviewProblem
from workbench.review.report.content import report_of
from workbench.review.report.html import html_report
from workbench.review.report.markdown import markdown_report
from workbench.review.rules.admission import Refused
from workbench.review.rules.policy import read_policy
from workbench.review.session import Review, open_for, open_review
from workbench.skills.check import CLIENTS, DEFAULT_CLIENT
from workbench.store.git import GitMissing, GitProblem, identity_at
from workbench.store.history import LocalHistory
from workbench.store.paths import UserFolders
from workbench.store.proposals import ProposalStore, StoreProblem

SUMMARY = {
    "proposals": "list, show, check, approve, reject, apply, revert proposed changes; policy"
}

_ACTIONS = (
    "list",
    "contests",
    "show",
    "check",
    "test",
    "ask-again",
    "approve",
    "reject",
    "defer",
    "apply",
    "revert",
    "rest",
    "report",
    "patch",
    "policy",
    *OF_LINES,
)
#: Actions on the whole store.
_OF_ALL = {"list": show_queue, "contests": show_contests}
_KINDS: dict[str, VerdictKind] = {"approve": "accept", "reject": "reject", "defer": "defer"}
_SIDES: dict[str, Choice] = {"disk": "ours", "proposal": "theirs"}


def add_arguments(command: str, parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.description = "Review without a window. Exit code 1: a check failed, or it is stale."
    parser.add_argument("action", choices=_ACTIONS)
    parser.add_argument("id", nargs="?", metavar="ID", help="a proposal, or the start of its id")
    add_line_arguments(parser)
    parser.add_argument("--store", type=Path, metavar="DIR", help="default: the user's own")
    parser.add_argument("--library", type=Path, metavar="DIR", help="default: where it was made")
    parser.add_argument("--hunks", nargs="+", default=[], metavar="ID", help="ids or numbers")
    parser.add_argument("--reason", choices=REASON_CODES, default="")
    parser.add_argument("--comment", default="", metavar="TEXT")
    parser.add_argument("--reviewer", metavar="NAME", help="default: the identity git knows")
    parser.add_argument(
        "--client", action="append", choices=tuple(CLIENTS), metavar="ID", help="rules to check"
    )
    parser.add_argument(
        "--merge", action="store_true", help="merge with files that changed, into a new proposal"
    )
    parser.add_argument("--prefer", choices=tuple(_SIDES), help="the side for every conflict")
    add_policy_arguments(parser)
    parser.add_argument("--no-commit", action="store_true", help="write the files alone")
    parser.add_argument(
        "--out", type=Path, metavar="FILE", help="report: .md or .html; patch: for 'git am'"
    )
    parser.add_argument("--format", choices=["text", "json"], default="text")
    add_queue_arguments(parser)
    add_task_arguments(parser)


def run_command(command: str, arguments: argparse.Namespace) -> int:
    """Run one action."""
    try:
        return _Command(arguments).run()
    except (RolledBack, Refused) as problem:
        print(f"skill-workbench proposals: {problem}", file=sys.stderr)
        return 1
    except GitMissing as problem:
        raise UsageProblem(f"{problem} To go on without: --no-commit.") from problem
    except (FileProblem, ReviewProblem, GitProblem) as problem:
        raise UsageProblem(str(problem)) from problem


class _Command:
    def __init__(self, arguments: argparse.Namespace) -> None:
        self._arguments = arguments
        self._folders = UserFolders.default()
        folder: Path = arguments.store or self._folders.proposals
        if arguments.store is not None and not folder.is_dir():
            raise UsageProblem(f"There is no store {folder}. Name what 'evolve --out' wrote.")
        self._store = ProposalStore(folder.absolute())
        self._history = LocalHistory(self._folders.history)
        self._out = Output(arguments.format == "json")

    def run(self) -> int:
        for done in recover(self._store, self._history, now=_now()):
            print(done, file=sys.stderr)
        if self._arguments.more and self._arguments.action not in OF_LINES:
            extra = " ".join(self._arguments.more)
            raise UsageProblem(f"'{extra}' is too much: {self._arguments.action} takes one ID.")
        if self._arguments.action in _OF_ALL:
            return _OF_ALL[self._arguments.action](self._store, self._arguments)
        actions: dict[str, Callable[[Proposal], int]] = {
            "show": self._show,
            "check": self._check,
            "approve": self._decide,
            "reject": self._decide,
            "defer": self._decide,
            "apply": self._apply,
            "revert": self._revert,
            "rest": self._rest,
            "report": self._report,
            "patch": self._patch,
            "policy": self._policy,
        }
        if self._arguments.action == "policy" and (library := self._library_named()):
            return show_rules(library, as_json=self._arguments.format == "json")
        if self._arguments.action in OF_TASKS:
            return self._tasks(self._proposal())
        if self._arguments.action in OF_LINES:
            review = self._review(self._proposal())
            act = OF_LINES[self._arguments.action]
            return act(review, self._arguments, self._reviewer(review.library))
        return actions[self._arguments.action](self._proposal())

    def _proposal(self) -> Proposal:
        if self._arguments.id is not None:
            return self._store.find(self._arguments.id)
        listing = self._store.read()
        if len(listing.proposals) == 1:
            return listing.proposals[0]
        known = ", ".join(proposal.id for proposal in listing.proposals[:8]) or "none"
        raise StoreProblem(
            f"Say which proposal of {self._store.folder}. There are {len(listing.proposals)}: "
            f"{known}."
        )

    def _review(self, proposal: Proposal) -> Review:
        return open_review(self._store, proposal.id, self._arguments.library)

    def _library_named(self) -> Path | None:
        """Return the folder that 'policy' names instead of a proposal."""
        name: str | None = self._arguments.id
        if name is None:
            given: Path | None = self._arguments.library
            return given.absolute() if given is not None and given.is_dir() else None
        return Path(name).absolute() if Path(name).is_dir() else None

    def _policy(self, proposal: Proposal) -> int:
        review = self._review(proposal)
        reviewer = self._reviewer(review.library)
        return show_policy(review, self._arguments, self._folders, reviewer=reviewer, now=_now())

    def _tasks(self, proposal: Proposal) -> int:
        review = self._review(proposal)
        act = OF_TASKS[self._arguments.action]
        return act(review, self._arguments, self._reviewer(review.library))

    def _show(self, proposal: Proposal) -> int:
        self._out.proposal(self._review(proposal))
        return 0

    def _check(self, proposal: Proposal) -> int:
        review = self._review(proposal)
        decision = review.decision
        if self._arguments.hunks or decision is None or not review.result(decision.verdicts).files:
            verdicts = verdicts_for(review, pick(review, self._arguments.hunks), "accept")
            if self._arguments.hunks:
                chosen = {hunk.id for hunk in pick(review, self._arguments.hunks)}
                verdicts = tuple(verdict for verdict in verdicts if verdict.hunk in chosen)
        else:
            verdicts = decision.verdicts
        clients = self._arguments.client or [DEFAULT_CLIENT]
        problems: list[str] = []
        with JobRunner(self._folders.runs) as runner:
            scan = scan_of(review, self._scanners(), runner, problems)
            check = partial(
                check_result,
                review,
                verdicts,
                clients=clients,
                sources=review.evidence_texts,
                others=installed_folders(),
            )
            try:
                checks = check(scan=scan)
            except JobRefused as problem:
                problems.append(str(problem))
                checks = check()
        problems = list(dict.fromkeys(problems))
        self._out.checks(review, checks, gate_after(review, verdicts), problems)
        return 1 if checks.failed else 0

    def _scanners(self) -> tuple[PluginInfo, ...]:
        registry = Registry.of_user(self._folders.plugins, self._folders.config / "plugins.json")
        return registry.of_kind("scanner")

    def _decide(self, proposal: Proposal) -> int:
        arguments = self._arguments
        kind = _KINDS[arguments.action]
        review = open_for(kind, self._store, proposal.id, arguments.library)
        reviewer = self._reviewer(review.library)
        verdicts = verdicts_for(
            review,
            pick(review, arguments.hunks),
            kind,
            reason=arguments.reason,
            comment=arguments.comment,
            reviewer=reviewer,
        )
        approves = arguments.action == "approve"
        if approves and arguments.content:
            review, verdicts = selection_of(review, arguments.content)
        decision = decide(
            review,
            verdicts,
            reviewer=reviewer,
            now=_now(),
            comment=arguments.comment,
            policy=read_policy(review.library).policy.hash if approves else "",
        )
        status = record(review, decision)
        self._out.decision(decision, status, gate_after(review, verdicts), len(review.hunks))
        return 0

    def _apply(self, proposal: Proposal) -> int:
        if self._arguments.merge:
            review = self._review(proposal)
            decision = review.decision
            if decision is None:
                raise ReviewProblem(f"Nobody approved proposal {proposal.id} yet.")
            return self._merge(merge_stale(review, decision.verdicts))
        try:
            with means_of(self._folders) as means:
                receipt = apply_decision(
                    self._store,
                    self._history,
                    proposal.id,
                    now=_now(),
                    library=self._arguments.library,
                    use_git=not self._arguments.no_commit,
                    branch=branch_of(self._review(proposal), self._arguments),
                    confirmed=self._arguments.confirm,
                    means=means,
                )
        except Stale as problem:
            print(f"skill-workbench proposals: {problem}", file=sys.stderr)
            return 1
        self._out.receipt(receipt)
        return 0

    def _revert(self, proposal: Proposal) -> int:
        library: Path | None = self._arguments.library
        if self._arguments.merge:
            return self._merge(merge_revert(self._store, proposal.id, library))
        try:
            receipt = revert(
                self._store,
                self._history,
                proposal.id,
                now=_now(),
                reviewer=self._reviewer(library or Path(proposal.library)),
                library=library,
                use_git=not self._arguments.no_commit,
            )
        except Stale as problem:
            print(f"skill-workbench proposals: {problem}", file=sys.stderr)
            return 1
        self._out.receipt(receipt)
        return 0

    def _rest(self, proposal: Proposal) -> int:
        """Make a new proposal of the hunks that were not applied."""
        return self._merge(merge_rest(self._store, proposal.id, self._arguments.library))

    def _report(self, proposal: Proposal) -> int:
        report = report_of(self._review(proposal))
        out: Path | None = self._arguments.out
        as_page = out is not None and out.suffix.lower() in (".html", ".htm")
        text = html_report(report) if as_page else markdown_report(report)
        self._give(text.encode("utf-8", "replace"))
        return 0

    def _patch(self, proposal: Proposal) -> int:
        review = self._review(proposal)
        if review.decision is None:
            raise ReviewProblem(f"Nobody approved proposal {proposal.id} yet.")
        self._give(patch_of(review, review.decision))
        return 0

    def _give(self, data: bytes) -> None:
        out: Path | None = self._arguments.out
        if out is None:
            sys.stdout.buffer.write(data)
            sys.stdout.flush()
            return
        write_atomic(out, data)
        print(out, file=sys.stderr)

    def _merge(self, merge: Merge) -> int:
        prefer = self._arguments.prefer
        if merge.conflicts and prefer is None:
            self._out.conflicts(merge)
            return 1
        proposal, blobs = merged_proposal(merge, now=_now(), prefer=_SIDES.get(prefer or ""))
        self._store.add(proposal, blobs)
        self._out.merged(merge, proposal)
        return 0

    def _reviewer(self, library: Path) -> str:
        if self._arguments.reviewer:
            return str(self._arguments.reviewer)
        identity = identity_at(library if library.is_dir() else Path.cwd())
        if identity is not None:
            return str(identity)
        try:
            return getpass.getuser()
        except (OSError, KeyError, ImportError):
            return ""


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="microseconds")
