"""The exact files that a selection of hunks makes."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Sequence

from msgspec import Struct

from workbench.domain.proposal import Hunk, HunkVerdict, Proposal
from workbench.files import sha256
from workbench.review.hunks import edited_hunk
from workbench.review.plan import FilePlan, ReadBase, ReadBlob, ReviewProblem, plans_of
from workbench.review.text_diff.diff import decoded, split_lines

_EDITABLE = ("text", "create")


class ResultFile(Struct, frozen=True):
    """A file that the selection changes. ``data`` None deletes it; ``mode`` None leaves the mode.

    ``base_sha256`` is what must be on disk now, None for nothing. ``moved_from`` is the file whose
    permissions a renamed file keeps.
    """

    path: str
    data: bytes | None
    base_sha256: str | None
    base_mode: str | None = None
    mode: str | None = None
    moved_from: str | None = None

    @property
    def sha256(self) -> str | None:
        """The hash of the new content, None when the file is deleted."""
        return None if self.data is None else sha256(self.data)


class Result(Struct, frozen=True):
    """All files that a selection changes, sorted by path, and the hash that approval binds to."""

    files: tuple[ResultFile, ...]
    content_hash: str


def compose(
    proposal: Proposal,
    hunks: Sequence[Hunk],
    verdicts: Sequence[HunkVerdict],
    read_base: ReadBase,
    read_blob: ReadBlob | None = None,
) -> Result:
    """Return what the accepted hunks make of the base; the last verdict of a hunk counts.

    Hunks without a verdict, rejected and deferred ones leave the base as it is. Edited text is used
    as it stands.

    Raises:
        ReviewProblem: a verdict names no hunk, or an edited hunk has no text to edit.
    """
    chosen = accepted_hunks(hunks, verdicts)
    files: list[ResultFile] = []
    for plan in plans_of(proposal, read_base, read_blob):
        files += _of_file(plan, [hunk for hunk in chosen if hunk.path == plan.path])
    files.sort(key=lambda file: file.path)
    for one, next_one in itertools.pairwise(files):
        if one.path == next_one.path:
            raise ReviewProblem(
                f"Two accepted changes make {one.path}. Reject one of them, then apply the rest."
            )
    return Result(tuple(files), content_hash(files))


def accepted_hunks(hunks: Sequence[Hunk], verdicts: Sequence[HunkVerdict]) -> tuple[Hunk, ...]:
    """Return the accepted hunks in order, with a person's edits in them.

    Raises:
        ReviewProblem: a verdict names no hunk, or an edited hunk has no text to edit.
    """
    by_id = {hunk.id: hunk for hunk in hunks}
    last: dict[str, HunkVerdict] = {}
    for verdict in verdicts:
        if verdict.hunk not in by_id:
            raise ReviewProblem(
                f"There is no hunk {verdict.hunk} in this proposal. Look at its hunks again: the "
                "proposal may have been merged since."
            )
        last[verdict.hunk] = verdict
    chosen: list[Hunk] = []
    for hunk in hunks:
        verdict_of = last.get(hunk.id)
        if verdict_of is None or verdict_of.verdict != "accept":
            continue
        if verdict_of.edited is not None:
            if hunk.kind not in _EDITABLE:
                raise ReviewProblem(f"Hunk {hunk.id} ({hunk.header}) has no text to edit.")
            _check_encodable(hunk, verdict_of.edited)
        edited = None if verdict_of.edited == hunk.new_lines else verdict_of.edited
        chosen.append(hunk if edited is None else edited_hunk(hunk, edited))
    return tuple(chosen)


def content_hash(files: Sequence[ResultFile]) -> str:
    """Return the SHA-256 over path, mode and content hash of each file, sorted by path."""
    digest = hashlib.sha256(b"skill-workbench/content/1\n")
    for file in sorted(files, key=lambda file: file.path):
        line = "\0".join((file.path, file.mode or "", file.sha256 or "deleted"))
        digest.update(line.encode("utf-8", "surrogatepass") + b"\n")
    return digest.hexdigest()


def _of_file(plan: FilePlan, hunks: Sequence[Hunk]) -> list[ResultFile]:
    data = plan.base
    mode: str | None = None
    path = plan.path
    texts: list[Hunk] = []
    for hunk in hunks:
        if hunk.kind == "create":
            data = (data or b"") + "".join(hunk.new_lines).encode()
        elif hunk.kind == "delete":
            data = None
        elif hunk.kind == "binary":
            data = plan.new
        elif hunk.kind == "rename":
            path = plan.new_path
        elif hunk.kind == "mode":
            mode = plan.new_mode
        else:
            texts.append(hunk)
    if texts:
        data = _with_hunks(plan, texts)
    base_sha = None if plan.base is None else sha256(plan.base)
    if plan.base is None:
        if data is None:
            return []
        return [ResultFile(plan.new_path, data, None, None, plan.new_mode or "100644")]
    if path != plan.path and data is not None:
        kept = mode or plan.base_mode
        return [
            ResultFile(plan.path, None, base_sha, plan.base_mode),
            ResultFile(path, data, None, None, kept, plan.path),
        ]
    if data == plan.base and mode is None:
        return []
    return [ResultFile(plan.path, data, base_sha, plan.base_mode, mode)]


def _with_hunks(plan: FilePlan, hunks: Sequence[Hunk]) -> bytes:
    base = split_lines(decoded(plan.base or b"") or "")
    lines: list[str] = []
    at = 0
    for hunk in sorted(hunks, key=lambda hunk: (hunk.base_start, hunk.new_start)):
        start = hunk.base_start - 1
        end = start + len(hunk.base_lines)
        if start < at or base[start:end] != hunk.base_lines:
            raise ReviewProblem(
                f"Hunk {hunk.id} does not fit {plan.path} as the proposal saw it. Open the "
                "proposal again."
            )
        lines += base[at:start]
        lines += hunk.new_lines
        at = end
    lines += base[at:]
    return "".join(lines).encode()


def _check_encodable(hunk: Hunk, lines: Sequence[str]) -> None:
    try:
        "".join(lines).encode()
    except UnicodeEncodeError:
        raise ReviewProblem(
            f"The edited text of hunk {hunk.id} has characters that are no Unicode text. Replace "
            "them."
        ) from None
