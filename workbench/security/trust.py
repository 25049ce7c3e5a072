"""Trust tiers T1 to T4: what a skill may do, and what is missing for the next tier.

Tiers and gates follow arXiv:2602.12430 (Xu & Yan): G1 static analysis, G2 the meaning of the
instructions, G3 behaviour in a sandbox, G4 permissions declared against those seen. A gate that
needs judgement is passed by a person who signs it for exactly one content; with another content the
signature no longer counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final, Literal

import msgspec
from msgspec import Struct

from workbench.domain.finding import SkillScan
from workbench.files import FileProblem, write_atomic

Tier = Literal["T1", "T2", "T3", "T4"]
Gate = Literal["G1", "G2", "G3", "G4"]
GATES: Final[tuple[Gate, ...]] = ("G1", "G2", "G3", "G4")

#: What each gate asks, for people.
QUESTIONS: Final[dict[Gate, str]] = {
    "G1": "static analysis finds nothing that has to be looked at",
    "G2": "the instructions do what the description says, and nothing else",
    "G3": "the scripts were watched in a sandbox and did what they should",
    "G4": "the permissions it declares are those it was seen to use",
}
_MAY: Final[dict[Tier, tuple[str, ...]]] = {
    "T1": ("show its name and description", "show its instructions to a person"),
    "T2": ("give its instructions to an agent", "use the tools it declares, each after a question"),
    "T3": ("run its bundled scripts",),
    "T4": ("act without further questions",),
}
_NEEDS: Final[dict[Tier, tuple[Gate, ...]]] = {
    "T2": ("G1", "G2"),
    "T3": ("G1", "G2", "G3"),
    "T4": ("G1", "G2", "G3", "G4"),
}
_ORDER: Final[tuple[Tier, ...]] = ("T1", "T2", "T3", "T4")


class Signature(Struct, frozen=True):
    """A person's word that a gate is passed, for one content (``tree_hash``)."""

    skill: str
    gate: Gate
    tree_hash: str
    by: str
    at: str
    note: str


class GateState(Struct, frozen=True):
    """Whether a gate is passed, and why or why not."""

    gate: Gate
    passed: bool
    question: str
    reason: str
    by: str = ""


class TrustReport(Struct, frozen=True):
    """The tier of a skill, what it may do there, and what is missing for the next one."""

    skill: str
    tier: Tier
    may: tuple[str, ...]
    next_tier: Tier | None
    missing: tuple[str, ...]
    gates: tuple[GateState, ...]


def trust_of(scan: SkillScan, tree_hash: str, signatures: Iterable[Signature]) -> TrustReport:
    """Return the trust report of a skill as it is now.

    A dangerous verdict ends every tier above T1, whatever was signed.
    """
    signed: dict[Gate, Signature] = {}
    stale: set[Gate] = set()
    for entry in signatures:
        if entry.skill != scan.path:
            continue
        if entry.tree_hash == tree_hash:
            signed[entry.gate] = entry
        else:
            stale.add(entry.gate)
    gates = (
        _static_gate(scan, signed.get("G1")),
        *(_signed_gate(gate, signed.get(gate), gate in stale) for gate in ("G2", "G3")),
        _permission_gate(scan, signed.get("G4"), "G4" in stale),
    )
    passed = {state.gate for state in gates if state.passed}
    tier: Tier = "T1"
    for candidate in _ORDER[1:]:
        if scan.verdict != "dangerous" and set(_NEEDS[candidate]) <= passed:
            tier = candidate
    position = _ORDER.index(tier)
    following = _ORDER[position + 1] if position + 1 < len(_ORDER) else None
    return TrustReport(
        scan.path,
        tier,
        tuple(right for step in _ORDER[: position + 1] for right in _MAY[step]),
        following,
        _missing(following, gates, scan),
        gates,
    )


def _missing(
    following: Tier | None, gates: Sequence[GateState], scan: SkillScan
) -> tuple[str, ...]:
    if following is None:
        return ()
    lacking = [
        f"{state.gate}: {state.question} ({state.reason})"
        for state in gates
        if state.gate in _NEEDS[following] and not state.passed
    ]
    if scan.verdict == "dangerous":
        lacking.insert(0, "the verdict is dangerous: mend or remove what was found first")
    return tuple(lacking)


def _static_gate(scan: SkillScan, signature: Signature | None) -> GateState:
    open_ = [item for item in scan.findings if item.suppressed is None and item.severity != "info"]
    unseen = len(scan.coverage.opaque) + len(scan.coverage.partial)
    if scan.verdict == "dangerous":
        reason = "the verdict is dangerous"
    elif scan.verdict == "review" and signature is None:
        reason = f"{len(open_)} findings to review: suppress each with a reason, or sign G1"
    elif unseen and signature is None:
        reason = f"{unseen} files were not inspected in full: look at them, then sign G1"
    else:
        why = f"signed: {signature.note}" if signature else "clean, every file inspected"
        return GateState("G1", True, QUESTIONS["G1"], why, signature.by if signature else "")
    return GateState("G1", False, QUESTIONS["G1"], reason)


def _signed_gate(gate: Gate, signature: Signature | None, stale: bool) -> GateState:
    if signature is not None:
        return GateState(gate, True, QUESTIONS[gate], f"signed: {signature.note}", signature.by)
    reason = "signed for another content; look again" if stale else "nobody signed it"
    return GateState(gate, False, QUESTIONS[gate], reason)


def _permission_gate(scan: SkillScan, signature: Signature | None, stale: bool) -> GateState:
    declared = {item.split(":", 1)[0] for item in scan.capabilities.declared}
    seen = {item.split(":", 1)[0] for item in scan.capabilities.observed}
    beyond = sorted(seen - declared - {"files"}) if "everything" not in declared else []
    if beyond:
        return GateState(
            "G4", False, QUESTIONS["G4"], f"used but not declared: {', '.join(beyond)}"
        )
    return _signed_gate("G4", signature, stale)


def load_signatures(path: Path) -> tuple[Signature, ...]:
    """Read the signatures (JSON lines); a missing file is empty, a damaged line is left out."""
    try:
        lines = path.read_bytes().splitlines()
    except FileNotFoundError:
        return ()
    except OSError as problem:
        raise FileProblem(f"Cannot read {path}: {problem.strerror}.") from problem
    found: list[Signature] = []
    for line in lines:
        try:
            found.append(msgspec.json.decode(line, type=Signature))
        except (msgspec.MsgspecError, RecursionError):
            continue
    return tuple(found)


def add_signature(path: Path, signature: Signature) -> None:
    """Keep one more signature.

    Raises:
        FileProblem: the file cannot be written.
    """
    try:
        before = path.read_bytes() if path.exists() else b""
    except OSError as problem:
        raise FileProblem(f"Cannot read {path}: {problem.strerror}.") from problem
    if before and not before.endswith(b"\n"):
        before += b"\n"
    write_atomic(path, before + msgspec.json.encode(signature) + b"\n")
