"""``share``: a library's remote, and reviewing with others through a branch of its repository."""

from __future__ import annotations

import argparse
import getpass
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from workbench.cli import console
from workbench.cli.console import UsageProblem
from workbench.cli.share_output import Output
from workbench.domain.proposal import REASON_CODES, HunkVerdict, VerdictKind
from workbench.files import FileProblem
from workbench.review.agreement import open_conflicts
from workbench.review.decide import decide, pick, record, verdicts_for
from workbench.review.plan import ReviewProblem
from workbench.review.reviewers import settled
from workbench.review.session import open_review
from workbench.review.sharing.evidence_here import TracesHere
from workbench.review.sharing.forward import Forward, joinable, note_reached, plan_push, send
from workbench.review.sharing.incoming import RemoteChanges
from workbench.review.sharing.join import join
from workbench.review.sharing.outlook import look_around
from workbench.review.sharing.queue import TeamQueue, place_of
from workbench.review.sharing.settings import (
    QUEUE_BRANCH,
    SHARING_FILE,
    Sharing,
    turn_off,
    turn_on,
)
from workbench.store.git import GitProblem, identity_at
from workbench.store.history import LocalHistory
from workbench.store.paths import UserFolders
from workbench.store.proposals import ProposalStore
from workbench.store.remotes import Upstream, distance, fetch_upstream, remotes_of, upstream_of
from workbench.store.transport import Call, TransportProblem

SUMMARY = {"share": "review with others over git: fetch, incoming changes, a team's queue, push"}

_WORDS = {
    "status": "what is known of remote and queue; asks no network (the default)",
    "fetch": "bring what the remote has; files and branches stay as they are",
    "incoming": "the commits the remote has and this branch lacks",
    "take": "make proposals of them, to be reviewed like any other",
    "forward": "move the branch to the remote's own commits, when all of them are accepted whole",
    "join": "merge the remote's branch where its changes of skills came in by review already",
    "push": "send this branch's commits; never forced",
    "on": "turn the team's queue on (writes .workbench/sharing.toml)",
    "off": "turn it off again",
    "preview": "exactly what a sync would send",
    "sync": "bring queue and store up to date with each other",
    "conflicts": "who says what where reviewers of a proposal differ",
    "resolve": "decide a hunk in the knowledge of what others said of it",
}
_VERDICTS: dict[str, VerdictKind] = {"accept": "accept", "reject": "reject", "defer": "defer"}


def add_arguments(command: str, parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.description = "\n".join(f"{name:10} {words}" for name, words in _WORDS.items())
    parser.epilog = (
        "Nothing is fetched or sent but by fetch, sync and push. git runs with your own "
        "credentials. Exit code 1: the remote refused, or reviewers differ."
    )
    parser.add_argument("action", choices=tuple(_WORDS), nargs="?", default="status")
    parser.add_argument("library", nargs="?", type=Path, default=Path(), metavar="LIBRARY")
    parser.add_argument("--store", type=Path, metavar="DIR", help="default: the user's own")
    parser.add_argument("--remote", metavar="NAME", help="default: what the branch follows")
    parser.add_argument("--branch", metavar="NAME", help="of the remote; with on: of the queue")
    parser.add_argument("--here", action="store_true", help="on: keep the queue in no remote")
    parser.add_argument(
        "--commit", nargs="+", default=[], metavar="SHA", help="take: these commits alone"
    )
    parser.add_argument("--together", action="store_true", help="take: all as one proposal")
    parser.add_argument(
        "--with-others", action="store_true", help="forward, join: with files nobody reviewed"
    )
    parser.add_argument(
        "--add", nargs="+", default=[], metavar="ID", help="preview, sync: share these proposals"
    )
    parser.add_argument("--add-all", action="store_true", help="preview, sync: share all")
    parser.add_argument(
        "--traces",
        nargs="+",
        type=Path,
        default=[],
        metavar="PATH",
        help="sync: look quotes of others up in these too (default: the watched folders)",
    )
    parser.add_argument("--proposal", metavar="ID", help="conflicts, resolve: of this one")
    parser.add_argument("--hunks", nargs="+", default=[], metavar="ID", help="ids or numbers")
    parser.add_argument("--verdict", choices=tuple(_VERDICTS), help="resolve: what counts")
    parser.add_argument("--reason", choices=REASON_CODES, default="")
    parser.add_argument("--comment", default="", metavar="TEXT")
    parser.add_argument("--reviewer", metavar="NAME", help="default: the identity git knows")
    parser.add_argument(
        "--trust-config",
        action="store_true",
        help="let programs run that the repository's own configuration names for remotes",
    )
    parser.add_argument("--timeout", type=float, default=600.0, metavar="SECONDS")
    parser.add_argument("--format", choices=("text", "json"), default="text")


def run_command(command: str, arguments: argparse.Namespace) -> int:
    """Run one action."""
    try:
        return _Command(arguments).run()
    except TransportProblem as problem:
        if problem.kind in ("no_remote", "programs"):
            raise UsageProblem(str(problem)) from problem
        print(f"skill-workbench share: {console.for_terminal(str(problem))}", file=sys.stderr)
        return 1
    except (FileProblem, ReviewProblem, GitProblem) as problem:
        raise UsageProblem(str(problem)) from problem


class _Command:
    def __init__(self, arguments: argparse.Namespace) -> None:
        self._arguments = arguments
        folders = UserFolders.default()
        store: Path = arguments.store or folders.proposals
        if arguments.store is not None and not store.is_dir():
            raise UsageProblem(f"There is no store {store}. Name what 'evolve --out' wrote.")
        if not arguments.library.is_dir():
            raise UsageProblem(f"{arguments.library} is no folder. Name a library.")
        self._store = ProposalStore(store.absolute())
        self._history = LocalHistory(folders.history)
        self._library: Path = arguments.library.absolute()
        self._out = Output(arguments.format == "json")

    def run(self) -> int:
        actions: dict[str, Callable[[], int]] = {
            "status": self._status,
            "fetch": self._fetch,
            "incoming": self._incoming,
            "take": self._take,
            "forward": self._forward,
            "join": self._join,
            "push": self._push,
            "on": self._on,
            "off": self._off,
            "preview": self._preview,
            "sync": self._sync,
            "conflicts": self._conflicts,
            "resolve": self._resolve,
        }
        return actions[self._arguments.action]()

    def _call(self) -> Call:
        terminal = sys.stdin.isatty() and sys.stderr.isatty()
        return Call(
            told=console.progress,
            ask=terminal,
            own_programs=self._arguments.trust_config,
            seconds=self._arguments.timeout,
        )

    def _upstream(self) -> Upstream:
        repository, _ = place_of(self._library)
        return upstream_of(repository, self._arguments.remote, self._arguments.branch)

    def _changes(self) -> RemoteChanges:
        repository, place = place_of(self._library)
        return RemoteChanges(self._store, repository, place, self._upstream())

    def _status(self) -> int:
        outlook = look_around(
            self._store,
            self._history,
            self._library,
            now=_now(),
            remote=self._arguments.remote,
            branch=self._arguments.branch,
        )
        self._out.status(outlook)
        return 0

    def _fetch(self) -> int:
        repository, _ = place_of(self._library)
        upstream = self._upstream()
        fetched = fetch_upstream(repository, upstream, self._call())
        console.progress("")
        self._out.fetched(upstream, fetched, distance(repository, upstream))
        return 0

    def _incoming(self) -> int:
        repository, place = place_of(self._library)
        note_reached(self._store, self._history, repository, place, now=_now())
        self._out.incoming(self._forwards().plan())
        return 0

    def _take(self) -> int:
        changes = self._changes()
        made = changes.take(self._arguments.commit, together=self._arguments.together, now=_now())
        self._out.taken(changes.upstream, made)
        return 0

    def _forwards(self) -> Forward:
        repository, place = place_of(self._library)
        return Forward(self._store, self._history, repository, place, self._upstream())

    def _forward(self) -> int:
        forward = self._forwards()
        plan = forward.plan()
        done = forward.run(now=_now(), with_unreviewed=self._arguments.with_others)
        self._out.forwarded(plan, done)
        return 0

    def _join(self) -> int:
        repository, place = place_of(self._library)
        upstream = self._upstream()
        done = join(
            repository,
            place,
            upstream,
            with_unreviewed=self._arguments.with_others,
            reviewed=joinable(self._store, repository, place, upstream),
        )
        self._out.joined(upstream, done)
        return 0

    def _push(self) -> int:
        repository, _ = place_of(self._library)
        upstream = self._upstream()
        plan = plan_push(repository, upstream)
        if not plan.why_not:
            send(repository, upstream, self._call())
            console.progress("")
        self._out.pushed(plan)
        return 1 if plan.why_not and plan.commits else 0

    def _on(self) -> int:
        repository, place = place_of(self._library)
        remote = "" if self._arguments.here else self._arguments.remote
        if remote is None:
            known = remotes_of(repository)
            if not known:
                raise UsageProblem(
                    f"{repository.root} has no remote. Add one (git remote add origin ADDRESS), or "
                    "keep the queue in this repository alone: --here"
                )
            remote = known[0]
        elif remote and remote not in remotes_of(repository):
            raise UsageProblem(f"{repository.root} has no remote '{remote}'.")
        branch = self._arguments.branch or QUEUE_BRANCH
        if branch in (repository.branch(), "main", "master"):
            raise UsageProblem(f"'{branch}' is a branch of your work. Choose one for the queue.")
        turn_on(place.library, Sharing(remote, branch))
        self._out.told(
            f"Reviews of {place.library} are shared from now on, in the branch {branch}"
            f"{f' of {remote}' if remote else ''}; nothing was sent yet. Commit {SHARING_FILE} so "
            "that others find it, then: skill-workbench share preview",
            sharing=Sharing(remote, branch),
        )
        return 0

    def _off(self) -> int:
        _, place = place_of(self._library)
        was = turn_off(place.library)
        self._out.told(
            "Reviews are not shared any more; what was sent stays in the branch."
            if was
            else "Reviews were not shared.",
            sharing=None,
        )
        return 0

    def _added(self, queue: TeamQueue) -> list[str]:
        if self._arguments.add_all:
            return [one.id for one in queue.state().waiting]
        return [self._store.find(name).id for name in self._arguments.add]

    def _preview(self) -> int:
        queue = TeamQueue(self._store, self._library)
        state = queue.state()
        self._out.preview(state, queue.publication(self._added(queue)))
        return 0

    def _sync(self) -> int:
        queue = TeamQueue(self._store, self._library)
        traces = TracesHere(UserFolders.default().trace_index, self._arguments.traces)
        synced = queue.sync(
            self._call(),
            add=self._added(queue),
            reviewer=self._reviewer(),
            traces=traces,
            now=_now(),
        )
        console.progress("")
        self._out.synced(queue.sharing, synced)
        return 1 if synced.taken.conflicts else 0

    def _conflicts(self) -> int:
        names = [self._arguments.proposal] if self._arguments.proposal else None
        found = []
        place = place_of(self._library)[1]
        problems = []
        for proposal in self._store.list() if names is None else map(self._store.find, names):
            if names is None and not place.holds(proposal):
                continue
            try:
                review = open_review(self._store, proposal.id)
            except (FileProblem, ReviewProblem) as problem:
                problems.append(f"{proposal.id}: {problem}")
                continue
            conflicts = open_conflicts(review)
            if conflicts and proposal.status not in ("applied", "reverted"):
                found.append((review, conflicts))
        self._out.conflicts(found, problems)
        return 1 if found else 0

    def _resolve(self) -> int:
        arguments = self._arguments
        if not arguments.proposal or not arguments.hunks or not arguments.verdict:
            raise UsageProblem(
                "Say which: --proposal ID --hunks N --verdict accept|reject|defer. "
                "'share conflicts' shows who says what."
            )
        review = open_review(self._store, self._store.find(arguments.proposal).id)
        reviewer = self._reviewer()
        hunks = pick(review, arguments.hunks)
        kind = _VERDICTS[arguments.verdict]
        verdicts: tuple[HunkVerdict, ...] = verdicts_for(
            review,
            hunks,
            kind,
            reason=arguments.reason,
            comment=arguments.comment,
            reviewer=reviewer,
        )
        names = [hunk.id for hunk in hunks]
        verdicts = settled(review.standing, reviewer, verdicts, names)
        decision = decide(
            review, verdicts, reviewer=reviewer, now=_now(), comment=arguments.comment
        )
        record(review, decision)
        left = open_conflicts(open_review(self._store, review.proposal.id))
        self._out.conflicts([(review, left)] if left else [], [])
        return 1 if left else 0

    def _reviewer(self) -> str:
        if self._arguments.reviewer:
            return str(self._arguments.reviewer)
        identity = identity_at(self._library)
        if identity is not None:
            return str(identity)
        try:
            return getpass.getuser()
        except (OSError, KeyError, ImportError):
            return ""


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="microseconds")
