"""What the tests of usage share: libraries in git made quickly, and sessions that load skills."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.unit.traces.claude_records import Session, call
from workbench.domain.skill import Library
from workbench.skills.library import read_library
from workbench.traces.open import OpenTrace, open_traces


def skill_md(name: str, body: str, description: str = "Fill forms.") -> str:
    """Return a SKILL.md."""
    return f"---\nname: {name}\ndescription: {description}\n---\n{body}"


def commits(folder: Path, history: Sequence[tuple[int, dict[str, str | None]]]) -> Path:
    """Make a repository of commits (seconds since 1970, {path: text or None}) and check it out."""
    folder.mkdir(parents=True, exist_ok=True)
    stream: list[bytes] = []
    for number, (time, files) in enumerate(history):
        said = f"Change {number}".encode()
        stream.append(
            b"commit refs/heads/main\ncommitter A Person <a@example.org> %d +0000\ndata %d\n%s\n"
            % (time, len(said), said)
        )
        if not number and (folder / ".git").exists():
            stream.append(b"from refs/heads/main^0\n")
        for path, text in files.items():
            if text is None:
                stream.append(f"D {path}\n".encode())
            else:
                data = text.encode()
                head = b"M 100644 inline %s\ndata %d\n" % (path.encode(), len(data))
                stream.append(head + data + b"\n")
    for command, given in (
        (["init", "--quiet", "--initial-branch=main"], b""),
        (["fast-import", "--quiet"], b"".join(stream)),
        (["reset", "--quiet", "--hard"], b""),
    ):
        subprocess.run(["git", *command], cwd=folder, input=given, check=True)
    return folder


def library(folder: Path) -> Library:
    """Return the library in a folder."""
    return read_library(folder)


def load(session: Session, name: str, body: str, folder: str = "/home/me/.claude/skills") -> None:
    """Let the model load a skill with the tool made for it, as Claude Code records it."""
    number = f"t{len(session.records)}"
    session.says(call(number, "Skill", skill=name))
    session.result(number, f"Launching skill: {name}")
    text = f"Base directory for this skill: {folder}/{name}\n\n{body}"
    session.prompt(text, isMeta=True, sourceToolUseID=number)


def run(session: Session, command: str, result: str = "ok", *, error: bool = False) -> None:
    """Let the model run a command."""
    number = f"t{len(session.records)}"
    session.says(call(number, "Bash", command=command))
    session.result(number, result, error=error)


@contextmanager
def opened(folder: Path, session: Session, name: str = "s.jsonl") -> Iterator[OpenTrace]:
    """Write a session and open it."""
    folder.mkdir(parents=True, exist_ok=True)
    (trace,) = open_traces(session.write(folder, name))
    with trace:
        yield trace
