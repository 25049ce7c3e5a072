"""What commits say of themselves, as the words of a proposal."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from msgspec import Struct

from workbench.store.remotes import RemoteCommit

#: So many commits tell of themselves in one proposal.
_TOLD: Final = 100


class CommitWords(Struct, frozen=True):
    """What commits say of themselves, and who made them."""

    title: str
    told: str
    authors: tuple[str, ...]


def words_of(commits: Sequence[RemoteCommit], title: str) -> CommitWords:
    """Return the words of a proposal made of commits; of very many the last tell."""
    authors = dict.fromkeys(str(one.commit.author) for one in commits)
    told = [_told(one) for one in commits[-_TOLD:]]
    if len(commits) > _TOLD:
        told.insert(0, f"The last {_TOLD} of {len(commits):,} commits:")
    return CommitWords(title, "\n\n".join(told), tuple(authors))


def title_of(one: RemoteCommit) -> str:
    """Return the subject of a commit, else its name."""
    return one.commit.subject or f"Commit {one.commit.sha[:12]}"


def _told(one: RemoteCommit) -> str:
    """Return who made a commit, when and why, as a rationale."""
    commit = one.commit
    _, _, body = one.message.partition("\n")
    said = re.sub(r"\n{3,}", "\n\n", body).strip()
    by = f"{commit.sha[:12]} by {commit.author.name}, {commit.time[:16].replace('T', ' ')}"
    return f"{commit.subject}\n{by}" + (f"\n\n{said}" if said else "")
