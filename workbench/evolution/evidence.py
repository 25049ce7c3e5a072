"""Evidence or it did not happen: every quote is looked up in the stored trace.

A quote that is not in the steps an engine names is "unsupported": a cheap test for invented
evidence. A quote that is there leads to the exact bytes of the file, which can be read again at
any later time.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from msgspec.structs import replace

from workbench.domain.proposal import Evidence, EvidenceCheck, EvidenceStatus
from workbench.domain.trajectory import ByteSpan, Trajectory
from workbench.files import FileProblem, sha256_file
from workbench.traces.evidence import span_text
from workbench.traces.importer import TraceError
from workbench.traces.inner import container_of
from workbench.traces.open import open_source

#: An engine that names hundreds of steps has not said where it saw something.
MAX_STEPS = 200


class LocatableTrace(Protocol):
    """What is asked of an open trace (``workbench.traces.open.OpenTrace``)."""

    @property
    def trajectory(self) -> Trajectory:
        """The skeleton."""
        ...

    def locate(self, index: int, quote: str) -> ByteSpan | None:
        """Find a quote in a step."""
        ...


class SourceHashes:
    """The SHA-256 of source files, each read once."""

    def __init__(self) -> None:
        self._known: dict[str, str] = {}

    def of(self, path: str) -> str:
        """Return the hash of a file, or of what is inside one; "" when it is unreadable."""
        if path not in self._known:
            try:
                if str(container_of(path)) == path:
                    self._known[path] = sha256_file(Path(path)) or ""
                else:
                    with open_source(path) as source:
                        self._known[path] = hashlib.sha256(source.data).hexdigest()
            except (FileProblem, TraceError):
                self._known[path] = ""
        return self._known[path]


def check_evidence(
    evidence: Evidence,
    open_trace: LocatableTrace | None,
    hashes: SourceHashes | None = None,
) -> EvidenceCheck:
    """Look a quote up in the steps it is said to come from.

    Returns:
        "verified" with the exact bytes, "unsupported" with the reason (no such trace, no such step,
        not said there), or "source_missing"/"source_changed" when the file cannot be trusted.
    """
    if open_trace is None:
        return _refused(evidence, "unsupported", f"No trace '{evidence.trace}' was given.")
    if not evidence.quote.strip():
        return _refused(evidence, "unsupported", "The quote is empty.")
    steps = open_trace.trajectory.steps
    first, last = evidence.step_first, evidence.step_last
    if not 0 <= first <= last < len(steps):
        reason = f"The trace has steps 0 to {len(steps) - 1}, not {first} to {last}."
        return _refused(evidence, "unsupported", reason)
    if last - first >= MAX_STEPS:
        reason = f"It names {last - first + 1} steps; name at most {MAX_STEPS}."
        return _refused(evidence, "unsupported", reason)
    try:
        found = next(
            (
                (index, span)
                for index in range(first, last + 1)
                if (span := open_trace.locate(index, evidence.quote)) is not None
            ),
            None,
        )
    except TraceError as problem:
        path = open_trace.trajectory.sources[0].path if open_trace.trajectory.sources else ""
        status: EvidenceStatus = "source_changed" if Path(path).exists() else "source_missing"
        return EvidenceCheck(evidence.id, status, source=path, reason=str(problem))
    if found is None:
        where = f"step {first}" if first == last else f"steps {first} to {last}"
        return _refused(evidence, "unsupported", f"The quote is not in {where} of the trace.")
    index, span = found
    source = open_trace.trajectory.sources[span.source].path
    digest = (hashes or SourceHashes()).of(source)
    if not digest:
        reason = f"{source} is gone or cannot be read."
        return EvidenceCheck(evidence.id, "source_missing", source=source, reason=reason)
    return EvidenceCheck(
        evidence=evidence.id,
        status="verified",
        source=source,
        source_sha256=digest,
        span=span,
        step=index,
        step_uid=steps[index].uid,
    )


def check_all(
    evidence: tuple[Evidence, ...], traces: Mapping[str, LocatableTrace]
) -> tuple[EvidenceCheck, ...]:
    """Check the evidence of a proposal; each source file is hashed once."""
    hashes = SourceHashes()
    return tuple(check_evidence(one, traces.get(one.trace), hashes) for one in evidence)


def recheck(check: EvidenceCheck, quote: str) -> EvidenceCheck:
    """Read the bytes of verified evidence again from disk and compare them with the quote.

    A log that only grew since still verifies; ``reason`` then says that the file is another one.
    A check without a place in a file is returned as it is.
    """
    if check.span is None or not check.source:
        return check
    try:
        with open_source(check.source) as source:
            data = source.read(check.span.offset, check.span.length)
    except TraceError as problem:
        gone = not container_of(check.source).exists()
        status: EvidenceStatus = "source_missing" if gone else "source_changed"
        return _restated(check, status, str(problem))
    if span_text(data, check.span) != quote:
        reason = f"{check.source} was changed: the quoted bytes are others now."
        return _restated(check, "source_changed", reason)
    if SourceHashes().of(check.source) != check.source_sha256:
        reason = "The file was changed since, but the quoted bytes are the same."
        return _restated(check, "verified", reason)
    return _restated(check, "verified", "")


def _refused(evidence: Evidence, status: EvidenceStatus, reason: str) -> EvidenceCheck:
    return _restated(EvidenceCheck(evidence.id, "unchecked"), status, reason)


def _restated(check: EvidenceCheck, status: EvidenceStatus, reason: str) -> EvidenceCheck:
    return replace(check, status=status, reason=reason)
