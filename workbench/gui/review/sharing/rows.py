"""What the lists of sharing show, and the text beside them."""

from __future__ import annotations

from collections.abc import Collection

from workbench.domain.proposal import Proposal
from workbench.domain.text import counted
from workbench.gui.review.header import local_time
from workbench.gui.review.sharing.reading import Look
from workbench.gui.widgets.badge import Tone
from workbench.gui.widgets.two_line_row import TwoLines
from workbench.review.sharing.forward import ForwardPlan
from workbench.review.sharing.incoming import IncomingCommit
from workbench.review.sharing.outlook import distance_words
from workbench.review.sharing.publishing import Publication
from workbench.review.sharing.queue import Synced
from workbench.store.git import Commit

#: So many characters of a file are shown.
_SHOWN = 100_000
_STATES: dict[str, tuple[str, Tone]] = {
    "new": ("new", "info"),
    "reviewed": ("reviewed here", "success"),
    "here": ("here already", "neutral"),
    "outside": ("no skill", "neutral"),
}


def commit_row(one: IncomingCommit) -> TwoLines:
    """Return the row of a commit that came."""
    status = (one.status or "pending").replace("_", " ")
    badge: tuple[str, Tone] = _STATES.get(one.state, (status, "neutral"))
    if one.state == "taken" and one.status in ("accepted", "applied"):
        badge = (status, "success")
    files = counted(len(one.files), "file")
    return TwoLines(
        one.subject or one.commit[:12],
        f"{one.author.name} · {files}",
        local_time(one.time)[:10],
        (badge,),
        icon="branch",
        faint=one.state in ("here", "outside"),
    )


def commit_text(one: IncomingCommit) -> str:
    """Return all that is known of a commit that came."""
    lines = [
        one.subject,
        f"Commit {one.commit[:12]} by {one.author}, {local_time(one.time)}",
        "",
    ]
    told = {
        "new": "Not looked at yet. Review it to see its changes as a proposal.",
        "taken": f"Proposal {one.proposal}: {(one.status or '').replace('_', ' ')}.",
        "reviewed": f"It applies exactly what you approved of proposal {one.proposal}. A "
        "fast-forward brings it in.",
        "here": "The files here are what this commit makes of them.",
        "outside": "It touches no skill, so there is nothing to review here.",
    }
    lines.append(told[one.state])
    if one.files:
        lines += ["", "Files in skills:", *(f"  {path}" for path in one.files)]
    if one.left_out:
        lines += ["", "Not part of the proposal:"]
        lines += [f"  {path} ({why})" for path, why in one.left_out]
    return "\n".join(lines)


def forward_words(plan: ForwardPlan) -> str:
    """Return in a sentence what history looks like when these commits come in."""
    if not plan.incoming.commits and not plan.incoming.distance.behind:
        return ""
    if plan.why_not:
        return (
            "Applying a proposal makes a commit of your own with the same content. A fast-forward "
            f"takes the remote's own commits; not now: {plan.why_not}"
        )
    return "All of it is accepted as it is: a fast-forward takes the remote's own commits."


def proposal_row(one: Proposal, shared: Collection[str], marked: Collection[str]) -> TwoLines:
    """Return the row of a proposal in the queue, or one that could be."""
    badge: tuple[str, Tone] = ("here alone", "neutral")
    if one.id in shared:
        badge = ("shared", "success")
    elif one.id in marked:
        badge = ("to be shared", "info")
    return TwoLines(
        " ".join(one.draft.title.split()),
        f"{one.engine.id} · {one.status.replace('_', ' ')}",
        local_time(one.created)[:10],
        (badge,),
        icon="review",
    )


def preview_text(one: Proposal, plan: Publication | None, shared: Collection[str]) -> str:
    """Return exactly what would be sent of a proposal."""
    if plan is None:
        return ""
    held = [why for name, why in plan.held if name == one.id]
    files = [file for file in plan.files if file.proposal == one.id]
    lines: list[str] = []
    if one.id in shared and not files:
        return "Everything of it is in the queue as of the last sync."
    if held:
        lines += [f"Held back: {'; '.join(held)}", ""]
    if files:
        replaced: dict[str, int] = {}
        for file in files:
            for kind, count in file.replaced:
                replaced[kind] = replaced.get(kind, 0) + count
        words = ", ".join(f"{count} {kind}" for kind, count in sorted(replaced.items()))
        if one.id in shared:
            lines.append("The next sync sends:")
        else:
            lines.append("If it is shared, this is sent, and nothing else:")
        lines.append(f"Replaced before that: {words or 'nothing had to be'}.")
    for file in files:
        lines += ["", f"== {file.path}  ({file.size:,} bytes)"]
        text = (file.text or "(binary)").rstrip("\n")
        lines.append(text[:_SHOWN])
        if len(text) > _SHOWN:
            lines.append(f"… {len(text) - _SHOWN:,} more (skill-workbench share preview has all)")
    return "\n".join(lines)


def push_row(one: Commit) -> TwoLines:
    """Return the row of a commit that a push would send."""
    proposal = one.trailer("Skill-Workbench-Proposal")
    badge: tuple[str, Tone] = ("applied", "success") if proposal else ("your own", "neutral")
    return TwoLines(
        one.subject or one.sha[:12],
        f"{one.author.name} · {one.sha[:10]}",
        local_time(one.time)[:10],
        (badge,),
        icon="branch",
    )


def push_text(one: Commit) -> str:
    """Return what is known of a commit that a push would send."""
    lines = [one.subject, f"Commit {one.sha} by {one.author}, {local_time(one.time)}", ""]
    lines += [f"{key}: {value}" for key, value in one.trailers]
    return "\n".join(lines)


def synced_words(synced: Synced) -> str:
    """Return what a sync did, in a sentence."""
    taken = synced.taken
    parts = [
        f"{counted(len(synced.sent), 'file')} sent",
        f"{counted(len(taken.proposals), 'proposal')} and "
        f"{counted(len(taken.decisions), 'decision')} taken in",
    ]
    more = ((taken.comments, "comment"), (taken.tests, "test"))
    parts += [f"{counted(len(one), name)} of others" for one, name in more if one]
    if taken.found:
        parts.append(f"quotes of {counted(len(taken.found), 'proposal')} found here")
    return f"Synced: {', '.join(parts)}."


def facts(found: Look) -> list[str]:
    """Return how a library stands to its remote and its queue, in sentences."""
    outlook = found.outlook
    branch = outlook.branch or "No branch (HEAD is detached)"
    if outlook.upstream is None or outlook.distance is None:
        lines = [f"{branch}: {outlook.why}"]
    else:
        lines = [
            f"{branch} follows {outlook.upstream} ({outlook.upstream.address}): "
            f"{distance_words(outlook.distance)}."
        ]
    queue = outlook.queue
    if queue is not None:
        where = f"branch {queue.sharing.branch}"
        where += f" of {queue.sharing.remote}" if queue.sharing.remote else ", here alone"
        lines.append(
            f"Team queue in {where}: {len(queue.shared)} shared, {len(queue.waiting)} here alone, "
            f"{queue.unsent or 'nothing'} to send of what was decided, said and tested."
        )
        lines += [f"Both sides changed {path}; both are kept." for path in queue.aside[:3]]
        lines += list(queue.problems[:3])
    return lines
