"""What of the own store goes into the queue, looked at before anything is sent."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from typing import Literal

from msgspec import Struct

from workbench.domain.proposal import Proposal
from workbench.files import sha256
from workbench.review.sharing.form import (
    REMOTE_ENGINE,
    Place,
    Shared,
    blobs_of,
    secret_in,
    share_decision,
    share_proposal,
    share_receipt,
)
from workbench.review.sharing.layout import (
    MARKER,
    MARKER_DATA,
    README,
    README_DATA,
    blob_path,
    comment_path,
    decision_path,
    proposal_path,
    receipt_path,
    test_path,
)
from workbench.review.sharing.said import share_comment, share_test
from workbench.store.git import Repository
from workbench.store.proposals import ProposalStore, StoreProblem

Sent = Literal["proposal", "file", "decision", "receipt", "comment", "test", "queue"]


class Outgoing(Struct, frozen=True):
    """A file that would be added to the queue. ``text`` None is a binary file."""

    path: str
    kind: Sent
    proposal: str
    size: int
    text: str | None
    replaced: tuple[tuple[str, int], ...] = ()


class Publication(Struct, frozen=True):
    """All that a sync would add. ``held`` are proposals and decisions that stay here, with why."""

    files: tuple[Outgoing, ...]
    contents: Mapping[str, bytes]
    proposals: tuple[str, ...] = ()
    held: tuple[tuple[str, str], ...] = ()

    @property
    def replaced(self) -> tuple[tuple[str, int], ...]:
        """How much was put in place of secrets and the like, by kind."""
        counts: Counter[str] = Counter()
        for file in self.files:
            counts.update(dict(file.replaced))
        return tuple(sorted(counts.items()))


def shareable(store: ProposalStore, place: Place) -> tuple[Proposal, ...]:
    """Return the proposals of this library, oldest first, without those that came by fetching."""
    return tuple(one for one in store.list() if place.holds(one) and one.engine.id != REMOTE_ENGINE)


def publication(
    store: ProposalStore,
    repository: Repository,
    place: Place,
    there: Collection[str],
    add: Collection[str],
) -> Publication:
    """Return what would be added to a queue that has the paths ``there``.

    Decisions and receipts go along for every proposal that is in the queue or in ``add``.
    """
    proposals = shareable(store, place)
    made = _Publication(store, repository, place, there)
    if MARKER not in there:
        made.put(MARKER, "queue", "", Shared(MARKER_DATA))
        if README not in there:
            made.put(README, "queue", "", Shared(README_DATA))
    added: list[str] = []
    for proposal in proposals:
        if proposal_path(proposal.id) not in there:
            if proposal.id not in add or not made.proposal(proposal):
                continue
            added.append(proposal.id)
        made.what_became_of(proposal)
    return Publication(tuple(made.files), made.contents, tuple(added), tuple(made.held))


class _Publication:
    def __init__(
        self,
        store: ProposalStore,
        repository: Repository,
        place: Place,
        there: Collection[str],
    ) -> None:
        self._store, self._repository, self._place = store, repository, place
        self._there = there
        self.files: list[Outgoing] = []
        self.contents: dict[str, bytes] = {}
        self.held: list[tuple[str, str]] = []

    def put(
        self,
        path: str,
        kind: Sent,
        proposal: str,
        shared: Shared,
    ) -> None:
        """Add a file that is not there yet."""
        if path in self._there or path in self.contents:
            return
        try:
            text = None if b"\0" in shared.data else shared.data.decode()
        except UnicodeDecodeError:
            text = None
        size = len(shared.data)
        self.files.append(Outgoing(path, kind, proposal, size, text, shared.replaced))
        self.contents[path] = shared.data

    def proposal(self, proposal: Proposal) -> bool:
        """Add a proposal with its files; say whether it may be shared."""
        shared = share_proposal(proposal, self._place)
        blobs: dict[str, bytes] = {}
        held = shared.held
        committed = self._committed(proposal)
        for digest in sorted(blobs_of(proposal)):
            try:
                blobs[digest] = self._store.blob(digest, proposal.id)
            except StoreProblem:
                continue  # a base that is only in the library: who has that has it
            if digest not in committed and secret_in(blobs[digest]):
                held = held or "one of its files holds what looks like a key or password."
        if held:
            self.held.append((proposal.id, held))
            return False
        self.put(proposal_path(proposal.id), "proposal", proposal.id, shared)
        for digest, data in blobs.items():
            self.put(blob_path(proposal.id, digest), "file", proposal.id, Shared(data))
        return True

    def what_became_of(self, proposal: Proposal) -> None:
        """Add what was said of a proposal: decisions, applies and reverts, comments, tests."""
        for decision in self._store.decisions(proposal.id):
            path = decision_path(decision)
            if path in self._there:
                continue
            shared = share_decision(decision, self._place)
            if shared.held:
                why = f"the decision of {decision.time[:16]}: {shared.held}"
                self.held.append((proposal.id, why))
                continue
            self.put(path, "decision", proposal.id, shared)
        for receipt in self._store.receipts(proposal.id):
            if receipt.state in ("committed", "reverted"):
                shared = share_receipt(receipt, self._place)
                self.put(receipt_path(receipt), "receipt", proposal.id, shared)
        for record in self._store.comments(proposal.id):
            path = comment_path(proposal.id, record)
            if path not in self._there:
                shared = share_comment(record, proposal.id, self._place)
                self.put(path, "comment", proposal.id, shared)
        for test in self._store.tests(proposal.id):
            path = test_path(test)
            if path not in self._there:
                self.put(path, "test", proposal.id, share_test(test, self._place))

    def _committed(self, proposal: Proposal) -> frozenset[str]:
        """Return the base files that are in HEAD as they are: they are shared already."""
        found: set[str] = set()
        for file in proposal.base:
            inside = self._place.inside
            path = f"{inside}/{file.path}" if inside else file.path
            data = self._repository.file_at("HEAD", path)
            if data is not None and sha256(data) == file.sha256:
                found.add(sha256(data))
        return frozenset(found)
