"""Who a person is, however they signed: e-mail addresses, and the ``.mailmap`` of a repository.

git's identity is a claim: whoever can run git can set another name. Signed commits are what proves
it; see gitmailmap(5) for how one person's addresses are told to be the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from workbench.store.gitcommand import GitProblem, run_git

_MAIL = re.compile(r"<\s*([^<>\s]+@[^<>\s]+)\s*>\s*\Z")


def mail_of(person: str) -> str:
    """Return the e-mail address of "Name <mail>" in lower case, "" when there is none."""
    found = _MAIL.search(person)
    return found[1].casefold() if found else ""


def persons(folder: Path, names: Iterable[str]) -> dict[str, str]:
    """Return for each "Name <mail>" the address that stands for that person, "" without one.

    ``.mailmap`` and ``mailmap.file`` count where the folder lies in a repository.
    """
    found = {name: mail_of(name) for name in names}
    asked = [name for name, mail in found.items() if mail]
    if not asked or not folder.is_dir():
        return found
    lines = "".join(" ".join(name.split()) + "\n" for name in asked).encode("utf-8", "replace")
    try:
        answer = run_git(["check-mailmap", "--stdin"], folder, stdin=lines)
    except GitProblem:
        return found
    said = answer.stdout.decode("utf-8", "replace").splitlines()
    if answer.returncode or len(said) != len(asked):
        return found  # no repository here: every address stands for itself
    return found | {
        name: mail_of(line) or found[name] for name, line in zip(asked, said, strict=True)
    }
