"""Proposed changes to skills, the evidence behind them, and what a person decided."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from workbench.domain.task import GateLevel, PairedTable
from workbench.domain.trajectory import ByteSpan

ProposalKind = Literal[
    "create", "edit", "delete", "merge", "split", "retire", "narrow", "describe", "diagnose"
]
ProposalStatus = Literal[
    "pending",
    "deferred",
    "stale",
    "accepted",
    "partly_accepted",
    "rejected",
    "applied",
    "reverted",
]
RootCause = Literal["skill", "agent", "environment", "task", "unknown"]
ChangeOp = Literal["write", "edit", "delete", "rename", "mode"]
EvidenceRole = Literal["supports", "contradicts", "counterexample"]
EvidenceStatus = Literal["verified", "unsupported", "source_missing", "source_changed", "unchecked"]
HunkKind = Literal["text", "create", "delete", "rename", "mode", "binary"]
VerdictKind = Literal["accept", "reject", "defer"]
SectionAction = Literal["append", "replace", "add", "delete"]

#: Why a hunk or a proposal was not taken; the codes are fed back to engines.
REASON_CODES: tuple[str, ...] = (
    "wrong",
    "too_specific",
    "duplicate",
    "unsafe",
    "style",
    "not_the_skill",
    "other",
)


class Engine(Struct, frozen=True):
    """Who proposed: plugin id and version, and what it ran with."""

    id: str
    version: str
    settings_hash: str = ""
    seed: int = 0
    models: tuple[str, ...] = ()


class Evidence(Struct, frozen=True):
    """A quote from a trace step that an engine gives as its reason."""

    id: str
    trace: str
    step_first: int
    step_last: int
    quote: str
    role: EvidenceRole = "supports"
    relation: Literal["failure", "fix", "success", "other"] = "other"
    criterion: str | None = None


class EvidenceCheck(Struct, frozen=True):
    """What the host found when it looked the quote up in the stored trace.

    ``span`` are the exact bytes in the file ``source`` (its SHA-256 beside it) that decode to the
    quote; it is set only with status "verified".
    """

    evidence: str
    status: EvidenceStatus
    source: str = ""
    source_sha256: str = ""
    span: ByteSpan | None = None
    step: int | None = None
    step_uid: str | None = None
    reason: str = ""


class SectionOp(Struct, frozen=True):
    """An edit by heading, resolved to full new text when the proposal is taken in.

    ``append`` adds ``content`` at the end of the section of that heading, creating it at the end of
    the file where it is missing; ``add`` puts a new section after ``after``, or at the end, and may
    leave it empty for changes that depend on it.
    """

    action: SectionAction
    heading: str
    content: str = ""
    after: str | None = None


class Change(Struct, frozen=True):
    """One file operation. ``path`` is posix and relative to the library root.

    ``new_text`` is the ground truth of "write" and "edit"; binary content is by reference
    (``blob``: SHA-256 of a file in the proposal's folder). ``mode`` is "100644" or "100755".
    """

    id: str
    path: str
    op: ChangeOp
    new_text: str | None = None
    section_ops: tuple[SectionOp, ...] = ()
    blob: str | None = None
    new_path: str | None = None
    mode: str | None = None
    rationale: str = ""
    evidence: tuple[str, ...] = ()
    depends_on: tuple[str, ...] = ()
    generality: Literal["task", "family", "general", "unknown"] = "unknown"


class BaseFile(Struct, frozen=True):
    """A file as it was when the proposal was made; ``sha256`` None means it did not exist."""

    path: str
    sha256: str | None
    mode: str | None = None


class Score(Struct, frozen=True):
    """An engine's own figure: shown, never trusted."""

    metric: str
    before: float | None
    after: float | None
    n: int = 0
    split: str = ""
    evaluator: str = ""


class Gate(Struct, frozen=True):
    """What the host computed. The figures are those of the held-out tasks.

    ``table`` has the tasks of all splits without and with the proposal, ``against_none`` those of
    no skill at all and with it; None where nothing was run. ``variant`` is the hash of the library
    with all changes, which is what was evaluated; ``runner`` and ``model`` say by whom.
    ``held_out`` names the split that decided.
    """

    level: GateLevel = "not_evaluated"
    rule: str = ""
    reasons: tuple[str, ...] = ()
    repairs: int | None = None
    regressions: int | None = None
    n: int = 0
    p_one_sided: float | None = None
    flake_rate: float | None = None
    held_out: str = ""
    table: PairedTable | None = None
    against_none: PairedTable | None = None
    variant: str = ""
    runner: str = ""
    model: str = ""


class Lineage(Struct, frozen=True):
    """Where a proposal comes from."""

    parents: tuple[str, ...] = ()
    round: int = 0
    alternatives: tuple[str, ...] = ()
    supersedes: str | None = None


class ProposalDraft(Struct, frozen=True):
    """What an engine hands over; the host adds identity, base, checks and gate."""

    kind: ProposalKind
    title: str
    rationale: str
    changes: tuple[Change, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    skills: tuple[str, ...] = ()
    root_cause: RootCause = "unknown"
    generality: Literal["task", "family", "general", "unknown"] = "unknown"
    confidence: float | None = None
    scores: tuple[Score, ...] = ()
    lineage: Lineage = Lineage()


class Proposal(Struct, frozen=True):
    """A draft taken in by the host: based on exact files, with its evidence looked up.

    Section operations are already full new text. ``library`` is the absolute path of the library,
    ``base`` holds every file a change touches. ``authors`` are the people ("Name <mail>") whose own
    work it is, where no engine proposed it.
    """

    id: str
    engine: Engine
    library: str
    base: tuple[BaseFile, ...]
    draft: ProposalDraft
    checks: tuple[EvidenceCheck, ...]
    created: str
    job: str = ""
    status: ProposalStatus = "pending"
    gate: Gate = Gate()
    warnings: tuple[str, ...] = ()
    version: int = 1
    authors: tuple[str, ...] = ()


class Hunk(Struct, frozen=True):
    """One reviewable piece. Lines keep their line ends; line numbers count from 1.

    ``evidence_scope`` is "file" where the engine gave evidence for the whole change only, "whole"
    where it is that of the hunk this one is a part of. ``depends_on`` are hunks without which this
    one makes no sense, such as the one that adds the heading it stands under. ``part_of`` is the id
    of the hunk that a reviewer split.
    """

    id: str
    path: str
    kind: HunkKind
    header: str
    base_start: int
    base_lines: tuple[str, ...]
    new_start: int
    new_lines: tuple[str, ...]
    change: str
    evidence: tuple[str, ...] = ()
    evidence_scope: Literal["hunk", "whole", "file", "none"] = "none"
    rationale: str = ""
    edited_from: str | None = None
    depends_on: tuple[str, ...] = ()
    part_of: str | None = None


class Split(Struct, frozen=True):
    """A hunk that a reviewer split, and where: in its own lines, so that it holds wherever it is.

    A cut is (base lines before it, new lines before it); cuts grow, and none makes an empty part.
    """

    hunk: str
    at: tuple[tuple[int, int], ...]


class HunkVerdict(Struct, frozen=True):
    """What the reviewer said of one hunk; ``edited`` replaces its new lines.

    ``seen`` are what other reviewers said otherwise and this one knew of (``reviewers.said_id``).
    """

    hunk: str
    verdict: VerdictKind
    reason: str = ""
    comment: str = ""
    edited: tuple[str, ...] | None = None
    seen: tuple[str, ...] = ()


class Decision(Struct, frozen=True):
    """A review. ``content_hash`` binds it to the exact result files it approves.

    ``policy`` is set when the reviewer said so expressly (approved or applied, not only ticked):
    the hash of the policy it was said under. That is an approval, and counts while both hold.
    ``splits`` are what the verdicts' hunks are parts of.
    """

    proposal: str
    verdicts: tuple[HunkVerdict, ...]
    reviewer: str
    time: str
    content_hash: str
    comment: str = ""
    policy: str = ""
    splits: tuple[Split, ...] = ()


class ReceiptFile(Struct, frozen=True):
    """A file written by an apply, with both sides; None means it was absent."""

    path: str
    before_sha256: str | None
    after_sha256: str | None
    before_mode: str | None = None
    after_mode: str | None = None


class Receipt(Struct, frozen=True):
    """Proof of an apply, written before the first file and finished after the commit.

    ``repository`` is the work tree it is committed in (None: kept in the local history alone).
    ``base_commit`` is HEAD before. ``undoes`` is set while a revert is under way: the content hash
    of the apply it takes back.
    Modes are permission bits in octal ("100640"). ``policy`` is the hash of the policy it passed,
    ``approvals`` who approved exactly this content, ``confirmed`` what was confirmed on its own.
    ``branch`` is the new branch it was committed on, ``branch_before`` the one that was left for it
    ("" for a detached HEAD).
    """

    proposal: str
    library: str
    state: Literal["prepared", "written", "committed", "rolled_back", "reverted"]
    files: tuple[ReceiptFile, ...]
    reviewer: str
    time: str
    content_hash: str
    commit: str | None = None
    revert_commit: str | None = None
    message: str = ""
    repository: str | None = None
    created_folders: tuple[str, ...] = ()
    base_commit: str | None = None
    undoes: str | None = None
    policy: str = ""
    approvals: tuple[str, ...] = ()
    confirmed: tuple[str, ...] = ()
    branch: str = ""
    branch_before: str = ""
