"""A reviewed selection as a patch for ``git am``: for repositories this program does not write to.

It is made by git itself in a throw-away repository, so that binary files, modes and missing final
newlines come out as git writes them; the user's own repository is not touched.
"""

from __future__ import annotations

import contextlib
import os
import re
import tempfile
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import Final

from msgspec.structs import replace

from workbench.domain.proposal import Decision
from workbench.files import confined
from workbench.review.compose import ResultFile, accepted_hunks
from workbench.review.decide import gate_after
from workbench.review.message import apply_message
from workbench.review.plan import ReviewProblem
from workbench.review.session import WHOLE, Review
from workbench.store.git import GitProblem, Repository
from workbench.store.gitcommand import refusal, run_git

#: ``git am`` takes the carriage return off the end of each line of a mail (git-mailsplit(1)), so
#: files that have it go as binary ones.
_CRLF: Final = b"\r\n"
_TAG: Final = re.compile(r"\[([^\]]*)\]\s*(.*)")
#: Nothing of the user's configuration takes part: no hook, filter, template or signature.
_ALONE: Final = {
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
}


def patch_of(review: Review, decision: Decision) -> bytes:
    """Return the accepted hunks as one patch in mail format, with the trailers of an apply.

    Paths are those of the library's repository where it lies in one, else relative to the library.

    Raises:
        ReviewProblem: nothing was accepted.
        GitMissing: there is no git.
        GitProblem: git refuses.
    """
    own = tuple(verdict for verdict in decision.verdicts if verdict.hunk != WHOLE)
    result = review.result(own)
    if not result.files:
        raise ReviewProblem(
            f"Nothing of proposal {review.proposal.id} is accepted, so there is no patch. Approve "
            "hunks first."
        )
    draft = review.proposal.draft
    message = apply_message(
        replace(review.proposal, draft=replace(draft, title=_title(draft.title))),
        decision,
        accepted_hunks(review.hunks, own),
        len(review.hunks),
        gate_after(review, own),
    )
    with tempfile.TemporaryDirectory(prefix="skill-workbench-patch-") as folder:
        place = Path(folder)
        prefix = _prefix(review.library)
        _git(place, "init", "--quiet", "--template=")
        # Bytes as they are, whatever a .gitattributes of the skill says; this file goes before it.
        attributes = place / ".git" / "info" / "attributes"
        attributes.parent.mkdir(exist_ok=True)
        before = _before(review, result.files)
        sides = [*before, *((file.path, file.data, file.mode) for file in result.files)]
        odd = dict.fromkeys(path for path, data, _ in sides if data is not None and _CRLF in data)
        lines = ["* -text -filter -ident -working-tree-encoding !diff !merge"]
        lines += [f"{_pattern(prefix / path)} -diff" for path in odd]
        attributes.write_bytes("".join(f"{line}\n" for line in lines).encode())
        _write(place, prefix, before)
        _commit(place, "before", decision)
        _write(place, prefix, [(file.path, file.data, file.mode) for file in result.files])
        _commit(place, message, decision)
        options = ["-1", "--stdout", "--binary", "--full-index", "--no-renames", "--no-signature"]
        return _git(place, "format-patch", *options)


def _pattern(path: PurePosixPath) -> str:
    """Return the pattern of .gitattributes that fits one path alone (gitattributes(5))."""
    plain = re.sub(r"([*?\[\]\\!])", r"\\\1", f"/{path}")
    return '"' + plain.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _title(title: str) -> str:
    """Return a title of which ``git am`` takes nothing away: it drops "[...]" at the beginning."""
    line = " ".join(title.split())
    found = _TAG.match(line)
    return f"({found[1]}) {found[2]}".strip() if found else line


def _prefix(library: Path) -> PurePosixPath:
    """Return where the library lies in its repository; the top where it lies in none."""
    with contextlib.suppress(GitProblem):
        repository = Repository.find(library)
        if repository is not None:
            return PurePosixPath(repository.relative(library))
    return PurePosixPath()


def _before(
    review: Review, files: Sequence[ResultFile]
) -> list[tuple[str, bytes | None, str | None]]:
    found: list[tuple[str, bytes | None, str | None]] = []
    for file in files:
        data = None if file.base_sha256 is None else review.read_base(file.path)
        if file.base_sha256 is not None and data is None:
            raise ReviewProblem(
                f"The version of {file.path} that the proposal is based on is nowhere any more, so "
                "no patch against it can be made."
            )
        found.append((file.path, data, file.base_mode))
    return found


def _write(
    place: Path, prefix: PurePosixPath, files: Sequence[tuple[str, bytes | None, str | None]]
) -> None:
    for path, data, mode in files:
        target = confined(place, (prefix / path).as_posix())
        if data is None:
            target.unlink(missing_ok=True)
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        executable = target.exists() and bool(target.stat().st_mode & 0o100)
        target.write_bytes(data)
        target.chmod(0o755 if mode == "100755" or (mode is None and executable) else 0o644)


def _commit(place: Path, message: str, decision: Decision) -> None:
    name, _, mail = decision.reviewer.partition("<")
    who = {
        "GIT_AUTHOR_NAME": name.strip() or "reviewer",
        "GIT_AUTHOR_EMAIL": mail.rstrip("> ").strip(),
        "GIT_COMMITTER_NAME": name.strip() or "reviewer",
        "GIT_COMMITTER_EMAIL": mail.rstrip("> ").strip(),
        "GIT_AUTHOR_DATE": decision.time,
        "GIT_COMMITTER_DATE": decision.time,
    }
    # Forced: a .gitignore of the skill must not decide what the patch holds.
    _git(place, "add", "--all", "--force")
    options = ["--quiet", "--allow-empty", "--no-verify", "--cleanup=verbatim", "--file=-"]
    _git(place, "commit", *options, stdin=message.encode(), environment=who)


def _git(
    place: Path,
    *arguments: str,
    stdin: bytes = b"",
    environment: dict[str, str] | None = None,
) -> bytes:
    quiet = ("-c", f"core.hooksPath={os.devnull}", "-c", "commit.gpgSign=false")
    lines = ("-c", "core.autocrlf=false", "-c", "core.quotePath=true")
    variables = _ALONE | (environment or {})
    answer = run_git(
        [*quiet, *lines, *arguments], place, stdin=stdin, writing=True, environment=variables
    )
    if answer.returncode:
        raise refusal(place, answer)
    return answer.stdout
