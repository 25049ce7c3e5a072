"""How a team's queue lies in its branch, and what of it is read.

::

    README.md                                             for people who come across the branch
    queue.json                                            that it is a queue, and of which version
    proposals/<id>/proposal.json                          never changed once it is there
    proposals/<id>/blobs/<sha256>                         its files, by hash
    proposals/<id>/decisions/<time>-<reviewer>-<id>.json  one file a decision
    proposals/<id>/receipts/<time>-<content>-<state>.json what became of it
    proposals/<id>/comments/<time>-<author>-<record>.json one act on a comment on a line
    proposals/<id>/tests/<time>-<who>-<content>-<id>.json what tasks said of a selection

Every file is written once under a name that follows from what it says, so that two branches merge
by taking the files of both. Whatever else lies there is left alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath
from typing import Final, Literal

from msgspec import Struct

from workbench.domain.comment import CommentRecord
from workbench.domain.proposal import Decision, Receipt
from workbench.domain.reviewer import reviewer_key
from workbench.domain.selection_test import SelectionTest
from workbench.files import is_program_folder, sha256
from workbench.review.reviewers import decision_id
from workbench.store.branch_files import REGULAR, BranchFile

MARKER: Final = "queue.json"
MARKER_DATA: Final = b'{\n "schema": "skill-workbench/queue/1"\n}\n'
README: Final = "README.md"
README_DATA: Final = b"""# Proposals under review

This branch is the queue of a team that reviews proposed changes of the skills in this repository
with Skill Workbench: proposals, decisions on them and what became of them, one file each. It is not
meant to be merged into another branch. `skill-workbench share sync` brings it up to date.
"""

Kind = Literal["proposal", "blob", "decision", "receipt", "comment", "test"]

#: The most bytes that are read of a file of each kind, and of everything new in one go.
MOST_BYTES: Final[Mapping[Kind, int]] = {
    "proposal": 16 << 20,
    "blob": 64 << 20,
    "decision": 4 << 20,
    "receipt": 4 << 20,
    "comment": 1 << 20,
    "test": 16 << 20,
}
MOST_AT_ONCE: Final = 512 << 20
#: So many proposals of a branch are taken in.
MOST_PROPOSALS: Final = 10_000

_ID: Final = r"[A-Za-z0-9][A-Za-z0-9._-]{0,150}"
_SAID: Final = r"[0-9TZ.]+-[0-9a-f]+"
_OURS: Final[tuple[tuple[Kind, re.Pattern[str]], ...]] = (
    ("proposal", re.compile(rf"proposals/({_ID})/proposal\.json")),
    ("blob", re.compile(rf"proposals/({_ID})/blobs/([0-9a-f]{{64}})")),
    (
        "decision",
        re.compile(rf"proposals/({_ID})/decisions/{_SAID}-([0-9a-f]{{16}})\.json"),
    ),
    ("receipt", re.compile(rf"proposals/({_ID})/receipts/({_SAID}-[a-z]+)\.json")),
    ("comment", re.compile(rf"proposals/({_ID})/comments/{_SAID}-([0-9a-f]{{16}})\.json")),
    ("test", re.compile(rf"proposals/({_ID})/tests/({_SAID}-[0-9a-f]+-[0-9a-f]{{16}})\.json")),
)
_ASIDE: Final = re.compile(r"(?P<path>.+)\.other-[0-9a-f]{12}")


class QueueFile(Struct, frozen=True):
    """A file of the queue: of which proposal, and its own name (hash, decision, receipt)."""

    kind: Kind
    proposal: str
    name: str
    file: BranchFile


class QueueFiles(Struct, frozen=True):
    """The files of a queue that can be read, and in words those that are not."""

    files: tuple[QueueFile, ...]
    problems: tuple[str, ...] = ()
    aside: tuple[str, ...] = ()

    def of(self, kind: Kind, proposal: str | None = None) -> tuple[QueueFile, ...]:
        """Return the files of a kind, of one proposal or of all."""
        return tuple(
            one
            for one in self.files
            if one.kind == kind and (proposal is None or one.proposal == proposal)
        )

    @property
    def proposals(self) -> tuple[str, ...]:
        """The ids of the proposals."""
        return tuple(one.proposal for one in self.of("proposal"))


def sorted_out(files: Iterable[BranchFile]) -> QueueFiles:
    """Say of each file what it is; links, programs and what is too large are problems.

    ``aside`` are files that were kept beside others of their name.
    """
    found: list[QueueFile] = []
    problems: list[str] = []
    aside: list[str] = []
    for file in files:
        kept = _ASIDE.fullmatch(file.path)
        if kept is not None:
            aside.append(file.path)
            continue
        one = _sorted(file)
        if one is None:
            if file.path not in (MARKER, README) and file.path.startswith("proposals/"):
                problems.append(f"{shown(file.path)} is no file of a queue; it was left alone.")
        elif file.mode != REGULAR:
            problems.append(f"{shown(file.path)} is a link or program; it was not read.")
        elif file.size > MOST_BYTES[one.kind]:
            problems.append(
                f"{shown(file.path)} has {file.size:,} bytes, more than "
                f"{MOST_BYTES[one.kind]:,}; it was not read."
            )
        else:
            found.append(one)
    return QueueFiles(tuple(found), tuple(problems), tuple(aside))


def _sorted(file: BranchFile) -> QueueFile | None:
    for kind, pattern in _OURS:
        match = pattern.fullmatch(file.path)
        if match is not None:
            return QueueFile(kind, match[1], match[match.lastindex or 1], file)
    return None


def merged(
    base: Mapping[str, BranchFile],
    ours: Mapping[str, BranchFile],
    theirs: Mapping[str, BranchFile],
) -> tuple[dict[str, BranchFile], tuple[str, ...]]:
    """Return the files of both sides, and the paths on which they differ.

    A side that left a file as it was in ``base`` follows the other. Where both changed it, theirs
    keeps the name and ours is kept beside it.
    """
    made: dict[str, BranchFile] = {}
    differing: list[str] = []
    for path in sorted(set(ours) | set(theirs)):
        mine, other = ours.get(path), theirs.get(path)
        if not is_sane(path):
            continue
        if mine == other or other == base.get(path):
            chosen = mine
        elif mine == base.get(path):
            chosen = other
        else:
            chosen = other or mine
            if mine is not None and other is not None:
                differing.append(path)
                name = f"{path}.other-{mine.blob[:12]}"
                made[name] = BranchFile(name, mine.mode, mine.blob, mine.size)
        if chosen is not None:
            made[path] = chosen
    return made, tuple(differing)


def is_sane(path: str) -> bool:
    """Say whether git itself would check such a path out."""
    parts = path.split("/")
    return not any(part in ("", ".", "..") or is_program_folder(part) for part in parts)


def decision_path(decision: Decision) -> str:
    """Return where a decision lies: it follows from what it says."""
    name = f"{_stamp(decision.time)}-{_who(decision.reviewer)}-{decision_id(decision)}"
    return f"proposals/{decision.proposal}/decisions/{name}.json"


def receipt_path(receipt: Receipt) -> str:
    """Return where a receipt lies: it follows from what it says."""
    name = f"{_stamp(receipt.time)}-{receipt.content_hash[:12]}-{receipt.state}"
    return f"proposals/{receipt.proposal}/receipts/{name}.json"


def comment_path(proposal: str, record: CommentRecord) -> str:
    """Return where an act on a comment lies: it follows from its id, its author and its time."""
    name = f"{_stamp(record.time)}-{_who(record.author)}-{comment_name(record)}"
    return f"proposals/{proposal}/comments/{name}.json"


def comment_name(record: CommentRecord) -> str:
    """Return what tells one act on a comment from every other."""
    return _hash(record.id)[:16]


def test_path(test: SelectionTest) -> str:
    """Return where a test of a selection lies: it follows from what was tested, by whom and when.

    Its words do not count: what is cleaned before it is sent changes them.
    """
    said = (test.proposal, test.content_hash, test.scope, test.hunk, test.gate.level, *test.hunks)
    name = f"{_stamp(test.time)}-{_who(test.by)}-{test.content_hash[:12]}-{_hash(*said)[:16]}"
    return f"proposals/{test.proposal}/tests/{name}.json"


def proposal_path(proposal: str) -> str:
    """Return where a proposal lies."""
    return f"proposals/{proposal}/proposal.json"


def blob_path(proposal: str, digest: str) -> str:
    """Return where a file of a proposal lies."""
    return f"proposals/{proposal}/blobs/{digest}"


def _who(reviewer: str) -> str:
    return sha256(reviewer_key(reviewer).encode("utf-8", "surrogatepass"))[:8]


def _hash(*words: str) -> str:
    return sha256("\0".join(words).encode("utf-8", "surrogatepass"))


def _stamp(time: str) -> str:
    """Return a time as part of a file name on any system, sorted as the times are."""
    moment, _, zone = time.partition("+")
    digits = "".join(sign for sign in moment if sign.isdigit() or sign in "T.")
    return f"{digits[:32]}Z" if zone in ("", "00:00") else f"{digits[:32]}"


def shown(path: str) -> str:
    """Return a path of the queue as it can be printed: short, and nothing in it that acts."""
    short = PurePosixPath(path).as_posix()[:120]
    return "".join(sign if sign.isprintable() else "?" for sign in short)
