"""What of a review leaves the machine, and how what comes in is read again.

A shared value is the stored one without what is of one machine: the library is named relative to
the repository, traces by the name of their file, and prose passes through the same replacement of
keys, addresses and home folders as everything that is sent to a model. Text that is proposed for a
skill stays byte for byte, since decisions are bound to its hash; what looks like a key in it holds
the whole proposal back.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any, Final, TypeVar

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from workbench.domain.proposal import Decision, EvidenceCheck, Gate, Proposal, Receipt
from workbench.files import sha256
from workbench.review.moments import is_plain
from workbench.review.plan import ReviewProblem, check_path
from workbench.review.tested import claimed_gate
from workbench.traces.redact.redactor import Redactor

_Value = TypeVar("_Value", bound=Struct)

#: What is bound by hashes, or names something: it is kept as it is. All other text is prose.
_NAMES: Final = """
    id path new_path op kind mode base_mode sha256 blob source_sha256 before_sha256
    after_sha256 content_hash version created time status state role relation
    generality root_cause level rule variant settings_hash commit revert_commit
    base_commit undoes policy hunk change evidence depends_on verdict seen proposal
    reviewer approvals skills before_mode after_mode step_uid branch branch_before
    parents alternatives supersedes library
"""
_KEPT: Final = frozenset(_NAMES.split())
#: The text that a hash binds.
_BOUND: Final = frozenset({"new_text", "content", "heading", "after", "edited"})

#: Proposals made from the remote's own commits: everybody has them by fetching.
REMOTE_ENGINE: Final = "git-remote"

PROPOSAL: Final = "skill-workbench/shared-proposal/1"
DECISION: Final = "skill-workbench/shared-decision/1"
RECEIPT: Final = "skill-workbench/shared-receipt/1"


class Shared(Struct, frozen=True):
    """A value as it leaves the machine.

    ``replaced`` counts what was put in place of secrets and the like, by kind. ``held`` says why
    it must not be shared, "" where it may.
    """

    data: bytes
    replaced: tuple[tuple[str, int], ...] = ()
    held: str = ""


class OtherLibrary(ReviewProblem):
    """A shared proposal is of another library of the repository: ``inside``."""

    def __init__(self, inside: str, here: str) -> None:
        self.inside = inside
        super().__init__(
            f"it is of the library '{inside[:100] or '.'}' of the repository, not of "
            f"'{here or '.'}'."
        )


class Place(Struct, frozen=True):
    """A library in its repository: ``inside`` is its posix path there, "" for the root."""

    root: Path
    inside: str

    @property
    def library(self) -> Path:
        """The folder of the library."""
        return self.root / self.inside if self.inside else self.root

    def holds(self, proposal: Proposal) -> bool:
        """Say whether a proposal is one of this library, by whatever way its folder is reached."""
        own = str(self.library)
        return proposal.library == own or os.path.realpath(proposal.library) == self._real

    @property
    def _real(self) -> str:
        return os.path.realpath(self.library)


def share_proposal(proposal: Proposal, place: Place) -> Shared:
    """Return a proposal as it is shared: pending, without the job and the folders of a machine."""
    own = replace(
        proposal,
        library=place.inside,
        checks=tuple(_named(check) for check in proposal.checks),
        status="pending",
        job="",
    )
    return shared_value(PROPOSAL, own, place)


def share_decision(decision: Decision, place: Place) -> Shared:
    """Return a decision as it is shared."""
    return shared_value(DECISION, decision, place)


def share_receipt(receipt: Receipt, place: Place) -> Shared:
    """Return what became of an apply as it is shared."""
    own = replace(receipt, library=place.inside, repository=None, message="", created_folders=())
    return shared_value(RECEIPT, own, place)


def secret_in(data: bytes) -> bool:
    """Say whether a file holds what looks like a key, token or password."""
    return bool(Redactor(["secret"]).redact(data)[1])


def read_proposal(data: bytes, name: str, place: Place) -> Proposal:
    """Return a shared proposal as one of this machine; nothing in it is taken at its word.

    Raises:
        ReviewProblem: it is none, has another id than its folder, or leaves the library.
    """
    proposal = read_value(data, PROPOSAL, Proposal)
    if proposal.id != name:
        raise ReviewProblem(f"it says it is '{proposal.id[:60]}', but its folder is {name}.")
    if proposal.library != place.inside:
        raise OtherLibrary(proposal.library, place.inside)
    if proposal.engine.id == REMOTE_ENGINE:
        raise ReviewProblem("it says it is a commit of the remote; those come by fetching.")
    for change in proposal.draft.changes:
        for path in (change.path, change.new_path):
            if path is not None:
                check_path(path)
    for file in proposal.base:
        check_path(file.path)
    return replace(
        proposal,
        library=str(place.library),
        checks=tuple(_elsewhere(check) for check in proposal.checks),
        gate=_claimed(proposal.gate),
        status="pending",
        job="",
    )


def read_decision(data: bytes, name: str) -> Decision:
    """Return a shared decision on proposal ``name``.

    Raises:
        ReviewProblem: it is none, or of another proposal, or nobody signed it.
    """
    decision = read_value(data, DECISION, Decision)
    if decision.proposal != name:
        raise ReviewProblem(f"it is of proposal '{decision.proposal[:60]}', not of {name}.")
    if not decision.reviewer.strip():
        raise ReviewProblem("nobody signed it.")
    check_time(decision.time)
    return decision


def read_receipt(data: bytes, name: str, place: Place) -> Receipt:
    """Return a shared receipt of proposal ``name``.

    Raises:
        ReviewProblem: it is none, of another proposal, or tells of something unfinished.
    """
    receipt = read_value(data, RECEIPT, Receipt)
    if receipt.proposal != name or receipt.state not in ("committed", "reverted"):
        raise ReviewProblem(f"it is no finished receipt of {name}.")
    check_time(receipt.time)
    for file in receipt.files:
        check_path(file.path)
    return replace(
        receipt,
        library=str(place.library),
        repository=None,
        created_folders=(),
        undoes=None,
        message="Applied on another machine.",
    )


def check_time(time: str) -> None:
    """Refuse a time that cannot be put in order with others.

    Raises:
        ReviewProblem: it is no time in UTC.
    """
    if not is_plain(time):
        raise ReviewProblem(f"its time '{time[:40]}' is no ISO 8601 time in UTC.")


def blobs_of(proposal: Proposal) -> frozenset[str]:
    """Return the hashes of the files that belong to a proposal: both sides, as far as by hash."""
    base = {file.sha256 for file in proposal.base}
    changed = {change.blob for change in proposal.draft.changes}
    return frozenset(name for name in base | changed if name is not None)


def shared_value(
    schema: str, value: Struct, place: Place, kept: frozenset[str] = frozenset()
) -> Shared:
    """Return a value as it leaves the machine; ``kept`` are further fields that are no prose."""
    counts: Counter[str] = Counter()
    bound: list[str] = []
    homes = tuple(dict.fromkeys((str(place.library), str(place.root))))
    cleaner = _Cleaner(counts, bound, homes, _KEPT | kept)
    clean = cleaner.cleaned(msgspec.to_builtins(value), "")
    try:
        encoded = msgspec.json.encode({"schema": schema, "value": clean})
    except UnicodeEncodeError:
        return Shared(b"", (), "it has characters that no text file can hold.")
    held = ""
    if any(secret_in(text.encode("utf-8", "surrogatepass")) for text in bound):
        held = "the proposed text holds what looks like a key or password."
    data = msgspec.json.format(encoded, indent=1) + b"\n"
    return Shared(data, tuple(sorted(counts.items())), held)


class _Cleaner(Struct):
    counts: Counter[str]
    bound: list[str]
    homes: tuple[str, ...]
    kept: frozenset[str]

    def cleaned(self, value: Any, key: str) -> Any:
        if isinstance(value, Mapping):
            return {name: self.cleaned(one, str(name)) for name, one in value.items()}
        if isinstance(value, list | tuple):
            return [self.cleaned(one, key) for one in value]
        if not isinstance(value, str) or key in self.kept:
            return value
        if key in _BOUND:
            self.bound.append(value)
            return value
        text = value
        for home in self.homes:
            if home in text:
                text = text.replace(home, ".")
                self.counts["folder"] += 1
        data, hits = Redactor().redact(text.encode("utf-8", "surrogatepass"))
        self.counts.update(hit.kind for hit in hits)
        return data.decode("utf-8", "surrogatepass")


def _named(check: EvidenceCheck) -> EvidenceCheck:
    name = PurePosixPath(check.source.replace("\\", "/")).name
    return replace(check, source=name)


def _claimed(gate: Gate) -> Gate:
    return claimed_gate(gate, "Another machine")


def _elsewhere(check: EvidenceCheck) -> EvidenceCheck:
    """Return a check of another machine: the place is kept as told, and nothing is verified."""
    if check.status != "verified":
        return replace(check, source="", span=None)
    name = PurePosixPath(check.source.replace("\\", "/")).name[:200]
    reason = f"Verified on another machine in {name or 'a trace'}, which is not here."
    return replace(check, source="", span=None, status="source_missing", reason=reason)


class _Envelope(Struct, frozen=True):
    schema: str
    value: msgspec.Raw


def read_value(data: bytes, schema: str, kind: type[_Value]) -> _Value:
    """Return the value of a shared file.

    Raises:
        ReviewProblem: it is of another kind or version, or not readable.
    """
    try:
        envelope = msgspec.json.decode(data, type=_Envelope)
        if envelope.schema != schema:
            raise ReviewProblem(
                f"it is '{envelope.schema[:60]}' where {schema} was expected; a newer program may "
                "have written it."
            )
        return msgspec.json.decode(envelope.value, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as problem:
        raise ReviewProblem(f"it is not readable ({problem}).") from problem


def blob_is(data: bytes, digest: str) -> bool:
    """Say whether bytes are what their name says."""
    return sha256(data) == digest
