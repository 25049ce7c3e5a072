"""What of an apply wants an explicit yes of its own: programs, deletions, new permissions.

Each has a key, so that the same thing is confirmed by a tick in the window and by ``--confirm`` on
the command line, and nothing that wants a yes is written without one.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from pathlib import PurePosixPath
from typing import Final, Literal

from msgspec import Struct

from workbench.review.compose import Result, ResultFile
from workbench.review.plan import ReadBase, ReviewProblem
from workbench.skills.folder import SKILL_FILES
from workbench.skills.frontmatter import parse_front_matter

Kind = Literal["script", "deletion", "permission"]

#: Confirms all of a kind at once.
ALL: Final[dict[str, Kind]] = {
    "all-scripts": "script",
    "all-deletions": "deletion",
    "all-permissions": "permission",
}

#: Keys of front matter that give an agent something: tools it need not ask for or may not use,
#: programs that run by themselves, who may start the skill (keys of resources/clients.toml).
_GIVING: Final = (
    "allowed-tools",
    "disallowed-tools",
    "hooks",
    "shell",
    "disable-model-invocation",
    "user-invocable",
)
#: To take these away gives nothing.
_GIVEN_ONLY: Final = ("allowed-tools", "hooks", "shell")


class Confirmation(Struct, frozen=True):
    """One thing to say yes to. ``path`` is the file it is about, ``why`` says what is done."""

    key: str
    kind: Kind
    path: str
    why: str


class Unconfirmed(ReviewProblem):
    """Things were not confirmed one by one; ``missing`` says which."""

    def __init__(self, proposal: str, missing: tuple[Confirmation, ...]) -> None:
        self.missing = missing
        named = " ".join(f"{one.key}: {one.why}" for one in missing)
        super().__init__(
            f"Proposal {proposal} was not applied: {named} Programs, deletions and permissions are "
            "confirmed one by one: tick them in the window, or name them with --confirm "
            f"({', '.join(one.key for one in missing)}; or {', '.join(ALL)})."
        )


def confirmations(
    result: Result, read_base: ReadBase, capabilities: Sequence[str] = ()
) -> tuple[Confirmation, ...]:
    """Return all that has to be confirmed, files first.

    Args:
        result: the files that the selection makes.
        read_base: returns a file as it is before.
        capabilities: what a scan saw skills do now and not before, as "skill: capability".
    """
    moved = {file.moved_from for file in result.files if file.moved_from is not None}
    found = [one for file in result.files if (one := of_file(file, file.path in moved))]
    for file in result.files:
        if PurePosixPath(file.path).name in SKILL_FILES and file.data is not None:
            source = file.moved_from or file.path
            found += _permissions(file, read_base(source))
    found += (
        Confirmation(
            f"capability:{one.replace(': ', ':')}", "permission", "", f"New capability of {one}."
        )
        for one in capabilities
    )
    return tuple(found)


def of_file(file: ResultFile, moved: bool = False) -> Confirmation | None:
    """Return why a file wants a second look: programs that come, change or go, and deletions."""
    if file.data is None:
        if moved:
            return None
        return Confirmation(file.path, "deletion", file.path, "This file is deleted.")
    if file.mode == "100755" and file.base_mode != "100755" and file.moved_from is None:
        return Confirmation(file.path, "script", file.path, "This file becomes executable.")
    is_program = (
        "scripts" in PurePosixPath(file.path).parts[:-1]
        or "100755" in (file.mode, file.base_mode)
        or file.data.startswith(b"#!")
    )
    if not is_program:
        return None
    if file.moved_from is not None:
        why = f"A program moves here from {file.moved_from}."
    else:
        why = "A new program." if file.base_sha256 is None else "A program changes."
    return Confirmation(file.path, "script", file.path, why)


def _permissions(file: ResultFile, base: bytes | None) -> list[Confirmation]:
    before, after = _given(base or b""), _given(file.data or b"")
    found: list[Confirmation] = []
    for key in _GIVING:
        if after.get(key) == before.get(key):
            continue
        was, is_ = before.get(key), after.get(key)
        if is_ is None and key in _GIVEN_ONLY:
            continue
        if is_ is None:
            why = f"{key} is taken away (was {_short(was or '')})."
        elif was is None:
            why = f"{key} is set to {_short(is_)}."
        else:
            why = f"{key} becomes {_short(is_)} (was {_short(was)})."
        found.append(Confirmation(f"{file.path}#{key}", "permission", file.path, why))
    return found


def _given(data: bytes) -> dict[str, str]:
    """Return the text of the keys that give something; unreadable front matter gives nothing."""
    front = parse_front_matter(data)
    if front is None:
        return {}
    return {entry.key: str(entry.value) for entry in front.entries if entry.key in _GIVING}


def _short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= 80 else f"{text[:79]}…"


def check_confirmed(
    proposal: str, needed: Sequence[Confirmation], given: Collection[str]
) -> tuple[str, ...]:
    """Return the keys that were confirmed, those of a kind confirmed as a whole too.

    Raises:
        Unconfirmed: something was not confirmed.
        ReviewProblem: what is confirmed is nothing that this apply does: a slip, or another one.
    """
    kinds = {ALL[one] for one in given if one in ALL}
    missing = tuple(one for one in needed if one.key not in given and one.kind not in kinds)
    if missing:
        raise Unconfirmed(proposal, missing)
    known = {one.key for one in needed}
    stray = [one for one in given if one not in known and one not in ALL]
    if stray:
        raise ReviewProblem(
            f"{', '.join(stray)} is confirmed, but proposal {proposal} does nothing there that "
            f"wants it{_of(known)}. Look again, then name what is meant."
        )
    return tuple(one.key for one in needed)


def _of(known: Iterable[str]) -> str:
    names = ", ".join(sorted(known))
    return f" (what wants it: {names})" if names else ""
