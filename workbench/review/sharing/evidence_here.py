"""Evidence that came from another machine, looked up again in the traces of this one.

A quote counts as verified here when it stands in a trace that is here: the very file it was found
in there (by SHA-256), or one of the same name or the same run. Until then its source is missing.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Final

from msgspec.structs import replace

from workbench.domain.proposal import Evidence, EvidenceCheck, Proposal
from workbench.evolution.evidence import SourceHashes, check_evidence
from workbench.store.proposals import ProposalStore
from workbench.traces.importer import TraceError
from workbench.traces.index.trace_index import TraceIndex
from workbench.traces.open import OpenTrace, open_traces, trace_files
from workbench.traces.redact.spans import MARK

#: So many files of one name are opened for a quote.
_MOST_FILES: Final = 12
_BY_NAME: Final = (
    "SELECT DISTINCT files.path FROM traces JOIN files ON files.id = traces.file "
    "WHERE traces.trajectory = ? OR files.path = ? OR substr(files.path, ?) = ? LIMIT ?"
)


class TracesHere:
    """The traces of this machine: files and folders that are given, and what an index knows."""

    def __init__(self, index: Path | None = None, given: Iterable[Path] = ()) -> None:
        self._index = index
        self._given = tuple(given)
        self._hashes = SourceHashes()
        self._files: tuple[Path, ...] | None = None

    def candidates(self, trace: str, digest: str) -> tuple[Path, ...]:
        """Return files that may be a trace, those of the hash ``digest`` first."""
        name, _, run = trace.rpartition("#")
        last = PurePosixPath(name.replace("\\", "/")).name
        known = dict.fromkeys((*self._of_given(last), *self._of_index(last, _run_of(run))))
        files = list(known)[:_MOST_FILES]
        if digest:
            files += [
                one for one in self._all_given() if one not in known and self._is(one, digest)
            ]
        return tuple(sorted(files, key=lambda one: not (digest and self._is(one, digest))))

    def looked_up(self, evidence: Evidence, check: EvidenceCheck) -> EvidenceCheck:
        """Return what became of one quote here; ``check`` itself while no trace has it."""
        for path in self.candidates(evidence.trace, check.source_sha256):
            same = bool(check.source_sha256) and self._is(path, check.source_sha256)
            with self._opened(path) as traces:
                for trace in _fitting(traces, evidence.trace, only=same):
                    found = self._found(evidence, check, trace, same=same)
                    if found is not None:
                        return found
        return check

    def _found(
        self, evidence: Evidence, check: EvidenceCheck, trace: OpenTrace, *, same: bool
    ) -> EvidenceCheck | None:
        found = check_evidence(evidence, trace, self._hashes)
        if found.status == "verified":
            more = "" if same else " It is another version of the file than the one there."
            return replace(found, reason=f"Found again on this machine.{more}")
        if not same:
            return None
        if MARK.decode() in evidence.quote:
            reason = (
                f"Its trace is here ({trace.path.name}), but what was secret in the quote was "
                "replaced before it was shared, so it cannot be looked up."
            )
            return replace(check, reason=reason)
        # The very file is here and does not say it, whatever the other machine found.
        return replace(found, reason=f"{found.reason} ({trace.path.name} on this machine)")

    @contextlib.contextmanager
    def _opened(self, path: Path) -> Iterator[tuple[OpenTrace, ...]]:
        try:
            traces = open_traces(path)
        except (TraceError, OSError):
            yield ()
            return
        try:
            yield traces
        finally:
            for one in traces:
                one.close()

    def _is(self, path: Path, digest: str) -> bool:
        return self._hashes.of(str(path)) == digest

    def _of_given(self, name: str) -> Iterator[Path]:
        return (one for one in self._all_given() if one.name == name)

    def _all_given(self) -> tuple[Path, ...]:
        if self._files is None:
            found: list[Path] = []
            for path in self._given:
                with contextlib.suppress(TraceError, OSError):
                    found += trace_files(path)
            self._files = tuple(dict.fromkeys(found))
        return self._files

    def _of_index(self, name: str, run: str) -> tuple[Path, ...]:
        if self._index is None or not self._index.is_file():
            return ()
        end = f"/{name}"
        try:
            with contextlib.closing(TraceIndex(self._index, reading=True)) as index:
                rows = index.connection.execute(
                    _BY_NAME, (run, name, -len(end), end, _MOST_FILES)
                ).fetchall()
        except (TraceError, sqlite3.Error):
            return ()  # it is made anew soon; the next time it answers
        return tuple(Path(row["path"]) for row in rows)


def is_wanting(check: EvidenceCheck) -> bool:
    """Say whether evidence was verified on another machine and has not been found on this one."""
    return check.status == "source_missing" and not check.source


def look_up(store: ProposalStore, proposal_id: str, traces: TracesHere) -> bool:
    """Look up what came from elsewhere and keep what was found; say whether anything was.

    Raises:
        FileProblem: the proposal is not there, or cannot be written.
    """
    proposal = store.get(proposal_id)
    found = looked_up(proposal, traces)
    if found == proposal:
        return False
    now = {check.evidence: check for check in found.checks}
    current = store.get(proposal_id)  # somebody may have decided meanwhile
    checks = tuple(now.get(one.evidence, one) if is_wanting(one) else one for one in current.checks)
    store.update(replace(current, checks=checks))
    return any(one.status == "verified" and is_wanting(was) for one, was in _pairs(found, proposal))


def looked_up(proposal: Proposal, traces: TracesHere) -> Proposal:
    """Return a proposal with the evidence of another machine looked up in the traces of this."""
    quotes: Mapping[str, Evidence] = {one.id: one for one in proposal.draft.evidence}
    checks = tuple(
        traces.looked_up(quotes[check.evidence], check)
        if is_wanting(check) and check.evidence in quotes
        else check
        for check in proposal.checks
    )
    return proposal if checks == proposal.checks else replace(proposal, checks=checks)


def _pairs(now: Proposal, before: Proposal) -> Iterable[tuple[EvidenceCheck, EvidenceCheck]]:
    return zip(now.checks, before.checks, strict=True)


def _run_of(run: str) -> str:
    """Return the id of a run without what tells two of one file apart."""
    name, mark, more = run.rpartition("~")
    is_hash = len(more) == 6 and all(sign in "0123456789abcdef" for sign in more)
    return name if mark and is_hash else run


def _fitting(traces: Iterable[OpenTrace], wanted: str, *, only: bool) -> Iterator[OpenTrace]:
    """Yield the runs of a file that may be meant; ``only`` allows its one run under another id."""
    every = tuple(_with_children(traces))
    run = wanted.rpartition("#")[2]
    same = [one for one in every if one.trajectory.id in (run, _run_of(run))]
    yield from same or (every if only and len(every) == 1 else ())


def _with_children(traces: Iterable[OpenTrace]) -> Iterator[OpenTrace]:
    for one in traces:
        yield one
        yield from _with_children(one.children)
