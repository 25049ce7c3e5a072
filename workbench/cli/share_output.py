"""What ``share`` prints, for people and as documents."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from workbench.cli.console import coloured, document, for_terminal, one_line, print_json
from workbench.domain.proposal import Proposal
from workbench.domain.text import counted
from workbench.review.agreement import who_says_what
from workbench.review.reviewers import HunkConflict
from workbench.review.session import Review
from workbench.review.sharing.forward import ForwardPlan, PushPlan, left_over
from workbench.review.sharing.join import Joined
from workbench.review.sharing.outlook import Outlook, distance_words, fetched_words
from workbench.review.sharing.publishing import Publication
from workbench.review.sharing.queue import QueueState, Synced
from workbench.review.sharing.settings import Sharing
from workbench.store.remotes import Distance, Fetched, Upstream

_STATES = {
    "reviewed": "reviewed here",
    "new": "not looked at",
    "here": "here already",
    "outside": "touches no skill",
}


def said_once(given: Sequence[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """Return each proposal with each person once."""
    return tuple(dict.fromkeys(given))


class Output:
    """Prints one document, or text for people."""

    def __init__(self, as_json: bool) -> None:
        self._json = as_json

    def _print(self, kind: str, text: Sequence[str], **fields: Any) -> None:
        if self._json:
            print_json(document(kind, **fields))
            return
        for line in text:
            print(for_terminal(line))

    def told(self, text: str, *, sharing: Sharing | None) -> None:
        """Print whether sharing is on."""
        self._print("share-setting", [text], sharing=sharing)

    def status(self, outlook: Outlook) -> None:
        """Print what is known of remote and queue."""
        place, branch, queue = outlook.place, outlook.branch, outlook.queue
        upstream, here = outlook.upstream, outlook.distance
        lines = [f"library  {place.library}", f"branch   {branch or 'none (HEAD is detached)'}"]
        if upstream is None or here is None:
            lines.append(f"remote   {outlook.why}")
        else:
            lines.append(f"remote   {upstream}  {upstream.address}")
            lines.append(f"         {distance_words(here)}")
        if queue is None:
            lines.append("queue    not shared (share on)")
        else:
            where = f"{queue.sharing.remote or 'this repository'}, branch {queue.sharing.branch}"
            lines.append(f"queue    {where}")
            lines.append(
                f"         {counted(len(queue.shared), 'proposal')} shared, "
                f"{len(queue.waiting)} here alone, {counted(queue.unsent, 'act')} not sent "
                "(decisions, applies, comments, tests)"
            )
            lines += [f"  both sides changed {path}" for path in queue.aside]
            lines += [f"  {problem}" for problem in queue.problems]
        self._print(
            "share-status",
            lines,
            library=str(place.library),
            repository=str(place.root),
            branch=branch,
            upstream=upstream,
            distance=here,
            problem=outlook.why,
            queue=None
            if queue is None
            else {
                "remote": queue.sharing.remote,
                "branch": queue.sharing.branch,
                "address": queue.address,
                "there": queue.there,
                "shared": queue.shared,
                "waiting": [one.id for one in queue.waiting],
                "unsent": queue.unsent,
                "aside": queue.aside,
                "problems": queue.problems,
            },
        )

    def fetched(self, upstream: Upstream, fetched: Fetched, here: Distance) -> None:
        """Print what a fetch brought."""
        self._print(
            "share-fetch",
            [fetched_words(upstream, fetched, here)],
            upstream=upstream,
            changed=fetched.before != fetched.after,
            gone=fetched.gone,
            lost=fetched.lost,
            distance=here,
        )

    def incoming(self, plan: ForwardPlan) -> None:
        """Print the commits that came."""
        lines: list[str] = []
        for one in plan.incoming.commits:
            state = _STATES.get(one.state) or one.status or one.state
            lines.append(
                f"{one.commit[:10]}  {state:14}  {one.time[:10]}  "
                f"{one_line(one.author.name)}: {one_line(one.subject)}"
            )
            if one.state in ("taken", "reviewed"):
                lines.append(f"            {one.proposal}")
            lines += [f"            {path}" for path in one.files[:12]]
            lines += [f"            not part of it: {path} ({why})" for path, why in one.left_out]
        if not lines:
            lines.append(f"{plan.incoming.upstream} has nothing for the skills here.")
        else:
            can = plan.why_not or "all of it is accepted: share forward takes these very commits."
            lines.append(f"fast-forward: {can}")
        self._print(
            "share-incoming",
            lines,
            upstream=plan.incoming.upstream,
            distance=plan.incoming.distance,
            commits=plan.incoming.commits,
            can_forward=not plan.why_not,
            why_not=plan.why_not,
            unreviewed=plan.unreviewed,
        )

    def taken(self, upstream: Upstream, made: Sequence[Proposal]) -> None:
        """Print the proposals made of commits."""
        lines = [f"{one.id}  {one_line(one.draft.title)}" for one in made]
        self._print(
            "share-taken",
            [*lines, "Review them: skill-workbench proposals show ID, or in the window."],
            upstream=upstream,
            proposals=[one.id for one in made],
        )

    def forwarded(self, plan: ForwardPlan, done: Sequence[Proposal]) -> None:
        """Print where the branch is now."""
        tip = plan.incoming.distance.tip or ""
        self._print(
            "share-forward",
            [f"The branch is at {tip[:12]} now, as {plan.incoming.upstream} is."],
            commit=tip,
            applied=[one.id for one in done],
            unreviewed=plan.unreviewed,
        )

    def joined(self, upstream: Upstream, done: Joined) -> None:
        """Print the commit that joins both sides."""
        lines = [f"Joined {upstream} in commit {done.commit[:12]}; no skill was changed by it."]
        lines += [f"  came along: {one_line(path)}" for path in done.came_along]
        self._print(
            "share-join",
            lines,
            upstream=upstream,
            commit=done.commit,
            came_along=done.came_along,
        )

    def pushed(self, plan: PushPlan) -> None:
        """Print what was sent, or why nothing was."""
        lines = [f"{one.sha[:10]}  {one_line(one.subject)}" for one in plan.commits]
        if plan.why_not:
            lines.append(f"Nothing was pushed: {plan.why_not}")
        else:
            own = len(left_over(plan.commits))
            rest = f", {own} of them made outside of reviews" if own else ""
            lines.append(f"Pushed {counted(len(plan.commits), 'commit')} to {plan.upstream}{rest}.")
        self._print(
            "share-push",
            lines,
            upstream=plan.upstream,
            commits=plan.commits,
            pushed=not plan.why_not,
            why_not=plan.why_not,
        )

    def preview(self, state: QueueState, plan: Publication) -> None:
        """Print exactly what a sync would send."""
        lines: list[str] = []
        for file in plan.files:
            lines.append(coloured(f"{file.path}  {file.size:,} bytes", "bold"))
            if file.kind != "queue":
                lines += [f"    {line}" for line in (file.text or "(binary)").splitlines()]
        lines += [f"held back: {name}: {why}" for name, why in plan.held]
        where = f"{state.sharing.remote or 'this repository'}, branch {state.sharing.branch}"
        replaced = ", ".join(f"{count} {kind}" for kind, count in plan.replaced) or "nothing"
        lines.append(
            f"{counted(len(plan.files), 'file')} to {where} {state.address}; replaced: {replaced}"
        )
        here = [one.id for one in state.waiting if one.id not in plan.proposals]
        if here:
            lines.append(f"stay here: {', '.join(here)} (--add ID, --add-all)")
        self._print(
            "share-preview",
            lines,
            remote=state.sharing.remote,
            branch=state.sharing.branch,
            address=state.address,
            files=plan.files,
            proposals=plan.proposals,
            held=[{"proposal": name, "why": why} for name, why in plan.held],
            replaced=dict(plan.replaced),
            staying=here,
        )

    def synced(self, sharing: Sharing, synced: Synced) -> None:
        """Print what a sync did."""
        taken = synced.taken
        where = f"{sharing.remote or 'this repository'}, branch {sharing.branch}"
        lines = [f"{where}: {counted(len(synced.sent), 'file')} sent"]
        lines += [f"new proposal {name}" for name in taken.proposals]
        lines += [f"{who} decided on {name}" for name, who in taken.decisions]
        lines += [f"{who} commented on lines of {name}" for name, who in said_once(taken.comments)]
        lines += [
            f"{who} says they tested a selection of {name} on their machine; not evaluated here"
            for name, who in said_once(taken.tests)
        ]
        lines += [f"quotes of {name} were found in traces on this machine" for name in taken.found]
        lines += [f"{name} was applied or taken back elsewhere" for name in taken.applied]
        lines += [f"held back: {name}: {why}" for name, why in synced.held]
        lines += [f"both sides changed {path}; both are kept" for path in synced.differing]
        lines += list(taken.problems)
        lines += [f"reviewers differ on {name}: share conflicts" for name in taken.conflicts]
        self._print(
            "share-sync",
            lines,
            commit=synced.commit,
            pushed=synced.pushed,
            sent=synced.sent,
            proposals=taken.proposals,
            decisions=[{"proposal": name, "reviewer": who} for name, who in taken.decisions],
            comments=[{"proposal": name, "author": who} for name, who in taken.comments],
            tests=[{"proposal": name, "by": who} for name, who in taken.tests],
            found=taken.found,
            applied=taken.applied,
            conflicts=taken.conflicts,
            held=[{"proposal": name, "why": why} for name, why in synced.held],
            differing=synced.differing,
            problems=taken.problems,
        )

    def conflicts(
        self,
        found: Sequence[tuple[Review, tuple[HunkConflict, ...]]],
        problems: Sequence[str],
    ) -> None:
        """Print who says what where reviewers differ."""
        lines: list[str] = []
        rows: list[dict[str, Any]] = []
        for review, conflicts in found:
            lines.append(f"{review.proposal.id}  {one_line(review.proposal.draft.title)}")
            numbers = {hunk.id: number for number, hunk in enumerate(review.hunks, 1)}
            for conflict in conflicts:
                lines.append(f"  {who_says_what(review, conflict)}")
                lines += [
                    f"    {one.time[:16].replace('T', ' ')}  {one_line(one.reviewer)}: "
                    f"{one_line(' '.join((one.verdict.reason, one.verdict.comment)).strip())}"
                    for one in conflict.said
                ]
                rows.append(
                    {
                        "proposal": review.proposal.id,
                        "hunk": conflict.hunk,
                        "number": numbers.get(conflict.hunk),
                        "said": conflict.said,
                    }
                )
        self._print(
            "share-conflicts",
            [*(lines or ["Reviewers differ on nothing."]), *problems],
            conflicts=rows,
            problems=problems,
        )
