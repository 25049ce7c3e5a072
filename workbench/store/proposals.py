"""Proposals on disk, with the files they are based on, what was decided and what was applied.

Layout of a store: ``<id>/proposal.json``, ``<id>/blobs/<sha256>``, ``<id>/decisions.jsonl``,
``<id>/receipts.jsonl``, ``<id>/comments.jsonl``, ``<id>/gates.jsonl`` (tests of selections) and
``<id>/gates-elsewhere.jsonl`` (tests that others say they ran on their machines). The logs only
grow; of decisions and receipts the last counts.
"""

from __future__ import annotations

import builtins
import re
from collections.abc import Mapping
from pathlib import Path

import msgspec
from msgspec import Struct

from workbench.domain.comment import CommentRecord
from workbench.domain.proposal import Change, Decision, Proposal, Receipt
from workbench.domain.selection_test import SelectionTest
from workbench.files import FileProblem, confined, sha256, write_atomic
from workbench.store.lines import append_line, read_lines
from workbench.store.lock import locked

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,150}")
_SHA = re.compile(r"[0-9a-f]{64}")


class StoreProblem(FileProblem):
    """Something in the store is missing or unreadable; the message says what to do."""


class Listing(Struct, frozen=True):
    """All proposals that can be read, and a message for each that cannot."""

    proposals: tuple[Proposal, ...]
    problems: tuple[str, ...] = ()


class ProposalStore:
    """The proposals below one folder, which is created with the first proposal."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def add(self, proposal: Proposal, blobs: Mapping[str, bytes] | None = None) -> Proposal:
        """Keep a new proposal and return it as stored.

        ``blobs`` are files by their SHA-256. The base text of every touched file is kept too, read
        from the library where it is still the one the proposal is based on; a three-way merge needs
        it later. A proposal that is there already stays as it is, with what people decided.

        Raises:
            StoreProblem: the id is no folder name, or a blob is not what its name says.
            FileProblem: the store cannot be written.
        """
        folder = self._folder(proposal.id)
        if (folder / "proposal.json").is_file():
            try:
                return self.get(proposal.id)
            except StoreProblem:
                (folder / "proposal.json").replace(folder / "proposal.json.broken")
        given = dict(blobs or {})
        proposal = _with_encodable_text(proposal, given)
        for digest, data in (_base_files(proposal, given) | given).items():
            self.put_blob(proposal.id, data, expected=digest)
        self._write(proposal)
        return proposal

    def update(self, proposal: Proposal) -> None:
        """Write a proposal that is in the store again, such as with another status.

        Raises:
            StoreProblem: it is not in the store.
            FileProblem: it cannot be written.
        """
        if not (self._folder(proposal.id) / "proposal.json").exists():
            raise StoreProblem(
                f"There is no proposal {proposal.id} in {self.folder}; add it first."
            )
        self._write(proposal)

    def get(self, proposal_id: str) -> Proposal:
        """Return one proposal.

        Raises:
            StoreProblem: it is not there or not readable.
        """
        path = self._folder(proposal_id) / "proposal.json"
        try:
            data = path.read_bytes()
        except FileNotFoundError:
            raise StoreProblem(
                f"There is no proposal '{proposal_id}' in {self.folder}. "
                "'skill-workbench proposals list' shows those there are."
            ) from None
        except OSError as problem:
            raise StoreProblem(f"Cannot read {path}: {problem.strerror}.") from problem
        try:
            proposal = msgspec.json.decode(data, type=Proposal)
        except (msgspec.MsgspecError, UnicodeDecodeError) as problem:
            raise StoreProblem(
                f"{path} is broken ({problem}). Restore it from a copy, or delete its folder."
            ) from problem
        if proposal.id != proposal_id:
            raise StoreProblem(
                f"{path} says it is '{proposal.id}'. Rename its folder to that, or delete it."
            )
        return proposal

    def find(self, start: str) -> Proposal:
        """Return the one proposal whose id, or the hash at its end, begins with ``start``.

        Raises:
            StoreProblem: none or several do, or it is not readable.
        """
        names = self._ids()
        found = [start] if start in names else [name for name in names if _begins(name, start)]
        if len(found) > 1:
            raise StoreProblem(
                f"'{start}' fits {len(found)} proposals: {', '.join(found[:8])}. "
                "Give more of the id."
            )
        return self.get(found[0] if found else start)

    def read(self) -> Listing:
        """Return all proposals, oldest first, and what could not be read."""
        proposals: builtins.list[Proposal] = []
        problems: builtins.list[str] = []
        for name in self._ids():
            try:
                proposals.append(self.get(name))
            except StoreProblem as problem:
                problems.append(str(problem))
        proposals.sort(key=lambda proposal: (proposal.created, proposal.id))
        return Listing(tuple(proposals), tuple(problems))

    def list(self) -> tuple[Proposal, ...]:
        """Return all readable proposals, oldest first; ``read`` also says what is broken."""
        return self.read().proposals

    def put_blob(self, proposal_id: str, data: bytes, *, expected: str | None = None) -> str:
        """Keep a file's bytes with a proposal and return their SHA-256.

        Raises:
            StoreProblem: they are not what ``expected`` says.
            FileProblem: they cannot be written.
        """
        digest = sha256(data)
        if expected is not None and expected != digest:
            raise StoreProblem(
                f"A file of proposal {proposal_id} is named {expected} and has the hash {digest}; "
                "it was not stored. The engine that made it has to be mended."
            )
        path = self._folder(proposal_id) / "blobs" / digest
        if not path.is_file():
            write_atomic(path, data)
        return digest

    def blob(self, digest: str, proposal_id: str | None = None) -> bytes:
        """Return the bytes of that SHA-256, of one proposal or of any.

        Raises:
            StoreProblem: it is not there, or damaged.
        """
        if not _SHA.fullmatch(digest):
            raise StoreProblem(f"'{digest}' is no SHA-256 in hex.")
        names = self._ids() if proposal_id is None else (proposal_id,)
        for name in names:
            path = self._folder(name) / "blobs" / digest
            if path.is_symlink() or not path.is_file():
                continue
            try:
                data = path.read_bytes()
            except OSError as problem:
                raise StoreProblem(f"Cannot read {path}: {problem.strerror}.") from problem
            if sha256(data) != digest:
                raise StoreProblem(
                    f"{path} is damaged: its content has another hash than its name."
                )
            return data
        raise StoreProblem(f"The stored file {digest} is missing in {self.folder}.")

    def add_decision(self, decision: Decision) -> None:
        """Add to what was decided on a proposal.

        Raises:
            StoreProblem: there is no such proposal.
            FileProblem: it cannot be written.
        """
        self.get(decision.proposal)
        append_line(self._folder(decision.proposal) / "decisions.jsonl", decision)

    def decisions(self, proposal_id: str) -> tuple[Decision, ...]:
        """Return the decisions on a proposal, oldest first; lines that are torn are left out."""
        return read_lines(self._folder(proposal_id) / "decisions.jsonl", Decision)[0]

    def add_test(self, test: SelectionTest) -> None:
        """Add what tasks said of a selection of a proposal's hunks.

        Raises:
            StoreProblem: there is no such proposal.
            FileProblem: it cannot be written.
        """
        self.get(test.proposal)
        append_line(self._folder(test.proposal) / "gates.jsonl", test)

    def tests(self, proposal_id: str) -> tuple[SelectionTest, ...]:
        """Return the tests of selections of a proposal, oldest first, without torn lines."""
        return read_lines(self._folder(proposal_id) / "gates.jsonl", SelectionTest)[0]

    def add_test_elsewhere(self, test: SelectionTest) -> None:
        """Add what somebody says tasks found on another machine; it counts for nothing here.

        Raises:
            StoreProblem: there is no such proposal.
            FileProblem: it cannot be written.
        """
        self.get(test.proposal)
        append_line(self._folder(test.proposal) / "gates-elsewhere.jsonl", test)

    def tests_elsewhere(self, proposal_id: str) -> tuple[SelectionTest, ...]:
        """Return the tests others say they ran, oldest first, without torn lines."""
        return read_lines(self._folder(proposal_id) / "gates-elsewhere.jsonl", SelectionTest)[0]

    def add_comment(self, proposal_id: str, record: CommentRecord) -> None:
        """Add to what is said of the lines of a proposal.

        Raises:
            StoreProblem: there is no such proposal.
            FileProblem: it cannot be written.
        """
        self.get(proposal_id)
        append_line(self._folder(proposal_id) / "comments.jsonl", record)

    def comments(self, proposal_id: str) -> tuple[CommentRecord, ...]:
        """Return the records of comments on a proposal; lines that are torn are left out."""
        return read_lines(self._folder(proposal_id) / "comments.jsonl", CommentRecord)[0]

    def put_receipt(self, receipt: Receipt) -> None:
        """Record how far an apply is; the last receipt of a proposal counts."""
        append_line(self._folder(receipt.proposal) / "receipts.jsonl", receipt)

    def receipts(self, proposal_id: str) -> tuple[Receipt, ...]:
        """Return the receipts of a proposal, oldest first; lines that are torn are left out."""
        return read_lines(self._folder(proposal_id) / "receipts.jsonl", Receipt)[0]

    def lock(self) -> locked:
        """Return a lock for the time of an apply: one program writes to libraries at a time.

        Raises (on entering):
            FileProblem: another program holds it.
        """
        return locked(self.folder / ".lock")

    def _ids(self) -> tuple[str, ...]:
        try:
            entries = sorted(entry for entry in self.folder.iterdir() if _ID.fullmatch(entry.name))
        except (FileNotFoundError, NotADirectoryError):
            return ()
        except OSError as problem:
            raise StoreProblem(f"Cannot read {self.folder}: {problem.strerror}.") from problem
        return tuple(
            entry.name
            for entry in entries
            if not entry.is_symlink() and (entry / "proposal.json").is_file()
        )

    def _folder(self, proposal_id: str) -> Path:
        if not _ID.fullmatch(proposal_id):
            raise StoreProblem(f"'{proposal_id}' is no id of a proposal (letters, digits, . _ -).")
        return self.folder / proposal_id

    def _write(self, proposal: Proposal) -> None:
        text = msgspec.json.format(msgspec.json.encode(proposal), indent=1)
        write_atomic(self._folder(proposal.id) / "proposal.json", text + b"\n")


def _begins(name: str, start: str) -> bool:
    return name.startswith(start) or name.rpartition("-")[2].startswith(start)


def _with_encodable_text(proposal: Proposal, blobs: dict[str, bytes]) -> Proposal:
    """Keep text that is not valid Unicode (bytes as surrogates) as blobs: JSON cannot hold it."""
    changes = tuple(_encodable(change, blobs) for change in proposal.draft.changes)
    if changes == proposal.draft.changes:
        return proposal
    return msgspec.structs.replace(
        proposal, draft=msgspec.structs.replace(proposal.draft, changes=changes)
    )


def _encodable(change: Change, blobs: dict[str, bytes]) -> Change:
    if change.new_text is None:
        return change
    try:
        change.new_text.encode()
    except UnicodeEncodeError:
        data = change.new_text.encode("utf-8", "surrogateescape")
        blobs[sha256(data)] = data
        return msgspec.structs.replace(change, new_text=None, blob=sha256(data))
    return change


def _base_files(proposal: Proposal, given: Mapping[str, bytes]) -> dict[str, bytes]:
    """Read the base files that are still on disk as the proposal saw them."""
    found: dict[str, bytes] = {}
    for file in proposal.base:
        if file.sha256 is None or file.sha256 in given:
            continue
        try:
            data = confined(Path(proposal.library), file.path).read_bytes()
        except (OSError, FileProblem):
            continue
        if sha256(data) == file.sha256:
            found[file.sha256] = data
    return found
