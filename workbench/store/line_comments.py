"""Threads of comments from their records. The order of the records in the file says nothing.

Two stores are brought together by putting the lines of both into one file: a record is known by
its id, and of two that contradict each other the later one counts. Nobody's words are replaced by
another person's record: a comment is what its author wrote, changed and took back.
"""

from __future__ import annotations

from collections.abc import Iterable

from workbench.domain.comment import Comment, CommentRecord, LineAnchor, Thread
from workbench.domain.proposal import Proposal
from workbench.domain.reviewer import reviewer_key
from workbench.files import FileProblem
from workbench.store.proposals import ProposalStore, StoreProblem

#: So many proposals that replaced one another are looked through for comments.
_MOST_EARLIER = 50


def threads_of(store: ProposalStore, proposal: Proposal) -> tuple[Thread, ...]:
    """Return the threads of a proposal and of those it replaces (by a merge), oldest first.

    Raises:
        FileProblem: a file of comments is there and cannot be read.
    """
    records = list(store.comments(proposal.id))
    seen = {proposal.id}
    earlier = proposal.draft.lineage.supersedes
    while earlier is not None and earlier not in seen and len(seen) < _MOST_EARLIER:
        seen.add(earlier)
        try:
            records += store.comments(earlier)
            earlier = store.get(earlier).draft.lineage.supersedes
        except StoreProblem:
            break
    return threads(records)


def open_threads(store: ProposalStore, proposal: Proposal) -> int:
    """Return how many threads nobody settled; 0 where they cannot be read, which showing tells."""
    try:
        return sum(not thread.resolved for thread in threads_of(store, proposal))
    except FileProblem:
        return 0


def threads(records: Iterable[CommentRecord]) -> tuple[Thread, ...]:
    """Return what the records leave, oldest first; threads without a comment are left out."""
    distinct = {record.id: record for record in records}
    ordered = sorted(distinct.values(), key=lambda record: (record.time, record.id))
    comments: dict[str, dict[tuple[str, str], Comment]] = {}
    anchors: dict[str, LineAnchor] = {}
    resolved: dict[str, str] = {}
    for record in ordered:
        if record.act in ("resolve", "reopen"):
            resolved[record.thread] = record.author if record.act == "resolve" else ""
        elif record.act == "write":
            if record.anchor is not None:
                anchors.setdefault(record.thread, record.anchor)
            inside = comments.setdefault(record.thread, {})
            inside[_own(record)] = _written(inside.get(_own(record)), record)
    for record in ordered:
        inside = comments.get(record.thread, {})
        if record.act in ("delete", "restore") and _own(record) in inside:
            gone = record.act == "delete"
            inside[_own(record)] = _deleted(inside[_own(record)], gone)
    found: list[Thread] = []
    for name, inside in comments.items():
        if name not in anchors or all(one.deleted for one in inside.values()):
            continue
        said = sorted(inside.values(), key=lambda one: (one.created, one.id))
        found.append(Thread(name, anchors[name], tuple(said), resolved.get(name, "")))
    return tuple(sorted(found, key=lambda one: (one.comments[0].created, one.id)))


def _own(record: CommentRecord) -> tuple[str, str]:
    """Return which comment of whom a record is about."""
    return record.comment, reviewer_key(record.author)


def _written(before: Comment | None, record: CommentRecord) -> Comment:
    if before is None:
        return Comment(record.comment, record.author, record.time, record.text)
    return Comment(before.id, before.author, before.created, record.text, changed=record.time)


def _deleted(comment: Comment, gone: bool) -> Comment:
    return Comment(comment.id, comment.author, comment.created, comment.text, comment.changed, gone)


def as_sentences(said: Iterable[Thread]) -> tuple[str, ...]:
    """Return what was said of lines, each comment with the line it is about, as engines read it."""
    return tuple(
        f"{_place(thread.anchor)} “{thread.anchor.text}”: {comment.text}"
        for thread in said
        for comment in thread.comments
        if not comment.deleted
    )


def _place(anchor: LineAnchor) -> str:
    before = " before the change" if anchor.side == "old" else ""
    return f"{anchor.path} line {anchor.line}{before}"
