"""What became of earlier proposals, so that nobody has to turn the same thing down twice."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from pathlib import Path

from msgspec.structs import replace

from workbench.domain.job import PastDecision
from workbench.domain.proposal import Change, Proposal
from workbench.domain.task import PairedRow
from workbench.evolution.again import Again
from workbench.evolution.sections import split_lines
from workbench.files import FileProblem, confined
from workbench.store.line_comments import as_sentences, threads
from workbench.store.proposals import ProposalStore, StoreProblem

_OPEN = frozenset({"pending", "stale"})
#: The status, in a request, of the proposal the engine is asked to make anew.
SENT_BACK = "sent_back"


def past_decisions(
    store: ProposalStore, library_root: Path, again: Again | None = None
) -> tuple[PastDecision, ...]:
    """Return the proposals on a library that people have decided on, oldest first.

    ``new_lines`` are lines that were proposed and are not in the library today: turned down, or
    taken and undone later. A proposal that is sent back is among them whatever was decided on it:
    it comes last, with what the reviewer says now before all else.
    """
    found = [
        _past(store, proposal, library_root)
        for proposal in store.list()
        if proposal.status not in _OPEN
        and Path(proposal.library) == library_root
        and proposal.draft.changes
        and (again is None or proposal.id != again.proposal)
    ]
    return tuple(found) if again is None else (*found, _sent_back(store, library_root, again))


def _sent_back(store: ProposalStore, library_root: Path, again: Again) -> PastDecision:
    past = _past(store, store.get(again.proposal), library_root)
    said = (again.comment,) if again.comment else ()
    turned_down = past.status in ("rejected", "reverted")
    return replace(
        past,
        status=past.status if turned_down else SENT_BACK,
        comments=tuple(dict.fromkeys((*said, *past.comments))),
    )


def _past(store: ProposalStore, proposal: Proposal, library_root: Path) -> PastDecision:
    reasons: dict[str, None] = {}
    comments: dict[str, None] = {}
    for decision in store.decisions(proposal.id):
        if decision.comment.strip():
            comments[decision.comment.strip()] = None
        for verdict in decision.verdicts:
            if verdict.comment.strip():
                comments[verdict.comment.strip()] = None
            if verdict.verdict == "reject":
                reasons[verdict.reason or "other"] = None
    comments |= dict.fromkeys(as_sentences(threads(store.comments(proposal.id))))
    bases = {file.path: file.sha256 for file in proposal.base}

    def base_of(path: str) -> str:
        digest = bases.get(path)
        if digest is None:
            return ""
        try:
            return store.blob(digest, proposal.id).decode("utf-8", "surrogateescape")
        except StoreProblem:
            return ""

    return PastDecision(
        proposal=proposal.id,
        title=proposal.draft.title,
        status=proposal.status,
        paths=tuple(dict.fromkeys(change.path for change in proposal.draft.changes)),
        reasons=tuple(reasons),
        new_lines=tuple(_lines_not_there(proposal, base_of, library_root)),
        comments=tuple(one.encode("utf-8", "replace").decode() for one in comments),
        level=proposal.gate.level,
        # Rows of held-out tasks stay with the host: they would be told to the next engine.
        rows=tuple(row for row in _rows(proposal) if row.split in ("train", "val")),
    )


def _rows(proposal: Proposal) -> tuple[PairedRow, ...]:
    return proposal.gate.table.rows if proposal.gate.table is not None else ()


def _lines_not_there(
    proposal: Proposal, base_of: Callable[[str], str], library_root: Path
) -> list[str]:
    found: dict[str, None] = {}
    last: dict[str, Change] = {change.path: change for change in proposal.draft.changes}
    for path, change in last.items():
        if change.new_text is None:
            continue
        today = frozenset(_stripped(_read(library_root, path)))
        before, after = _stripped(base_of(path)), _stripped(change.new_text)
        matcher = difflib.SequenceMatcher(None, before, after, autojunk=False)
        for tag, _, _, first, end in matcher.get_opcodes():
            if tag in ("insert", "replace"):
                found |= dict.fromkeys(line for line in after[first:end] if line not in today)
    return [line.encode("utf-8", "replace").decode() for line in found if line.strip()]


def _stripped(text: str) -> list[str]:
    return [line.rstrip("\r\n") for line in split_lines(text)]


def _read(library_root: Path, path: str) -> str:
    try:
        return confined(library_root, path).read_bytes().decode("utf-8", "surrogateescape")
    except (OSError, FileProblem):
        return ""
