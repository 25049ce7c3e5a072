"""Running the git command: argument lists, no prompts, no program a repository brings along."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final


class GitProblem(Exception):  # noqa: N818 - a problem for a person, in words
    """Git refused. The message says what, where and what to do."""


class GitMissing(GitProblem):
    """There is no git command."""

    def __init__(self) -> None:
        super().__init__(
            "The git command was not found. Install git (https://git-scm.com), or go on without: "
            "versions are then kept in your own data folder."
        )


#: Variables that would send git to another repository than the one asked for.
_MISLEADING: Final = (
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_COMMON_DIR",
    "GIT_NAMESPACE",
    "GIT_PREFIX",
    "GIT_EXTERNAL_DIFF",
)

#: A repository's own configuration may name programs; these switch them off (git-config(1), 2.39).
_NO_PROGRAMS: Final = (
    "-c",
    "core.fsmonitor=false",
    "-c",
    "safe.bareRepository=explicit",
    "-c",
    "log.showSignature=false",
)

#: A partial clone fetches objects it lacks from an address its own configuration names, which may
#: be a program (``ext::``). No protocol is allowed while reading; this goes before every
#: configuration (git(1)). The second variable is known since git 2.45 and its backports alone.
_NO_FETCHING: Final = {"GIT_ALLOW_PROTOCOL": "", "GIT_NO_LAZY_FETCH": "1"}

_NO_FILTER: Final = (("clean", ""), ("smudge", ""), ("process", ""), ("required", "false"))

READ_SECONDS: Final = 60
#: Hooks may run a whole test suite.
COMMIT_SECONDS: Final = 600


def run_git(
    arguments: Sequence[str],
    folder: Path,
    *,
    stdin: bytes = b"",
    writing: bool = False,
    keep_hooks: bool = False,
    filters: bool = True,
    literal: bool = True,
    environment: Mapping[str, str] | None = None,
) -> subprocess.CompletedProcess[bytes]:
    """Run git in ``folder`` and return its answer, whatever its exit code.

    Args:
        arguments: after the options that every call gets.
        folder: where git looks for the repository.
        stdin: what git reads.
        writing: a change of the user's repository: hooks and filters run, locks are taken.
        keep_hooks: leave the setting of the hooks' folder alone, to ask where it is.
        filters: False switches the clean filters of the repository's own configuration off, which
            git would run to see whether a file changed.
        literal: paths are names, not patterns; check-ignore does not know this option.
        environment: more variables.

    Raises:
        GitMissing: there is no git.
        GitProblem: it cannot be started or does not end.
    """
    program = shutil.which("git")
    if program is None:
        raise GitMissing
    options = [*_NO_PROGRAMS, "--no-pager"]
    if literal:
        options.append("--literal-pathspecs")
    if not writing:
        options.append("--no-optional-locks")
        if not keep_hooks:
            options += ["-c", f"core.hooksPath={os.devnull}"]
        if not filters:
            environment = _without_filters(folder) | dict(environment or {})
    return _run([program, *options, *arguments], folder, stdin, writing, environment)


def _run(
    command: Sequence[str],
    folder: Path,
    stdin: bytes,
    writing: bool,
    environment: Mapping[str, str] | None,
) -> subprocess.CompletedProcess[bytes]:
    variables = git_environment() | dict(environment or {})
    if not writing:
        variables["LC_ALL"] = "C"  # errors are told apart by their words
        variables |= _NO_FETCHING
    try:
        return subprocess.run(
            command,
            cwd=folder,
            input=stdin,
            capture_output=True,
            env=variables,
            timeout=COMMIT_SECONDS if writing else READ_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as problem:
        raise GitProblem(
            f"git did not answer in {folder} within {problem.timeout:.0f} seconds and was ended. "
            "Look whether one of its hooks waits for input."
        ) from problem
    except OSError as problem:
        raise GitProblem(f"git could not be started in {folder}: {problem.strerror}.") from problem


def git_environment() -> dict[str, str]:
    """Return the variables that every git gets: no prompts, no other repository than asked for."""
    variables = {name: value for name, value in os.environ.items() if name not in _MISLEADING}
    return variables | {"GIT_TERMINAL_PROMPT": "0", "GIT_EDITOR": "true"}


def own_filters(folder: Path) -> frozenset[str]:
    """Return the names of filters that the repository's own configuration defines.

    Raises:
        GitMissing, GitProblem: git cannot be asked.
    """
    program = shutil.which("git")
    if program is None:
        raise GitMissing
    listing = ["config", "--includes", "--show-scope", "--name-only", "-z", "--get-regexp"]
    answer = _run([program, *_NO_PROGRAMS, *listing, r"^filter\."], folder, b"", False, None)
    fields = [os.fsdecode(field) for field in answer.stdout.split(b"\0")]
    return frozenset(
        key[len("filter.") :].rpartition(".")[0]
        for scope, key in zip(fields[::2], fields[1::2], strict=False)
        if scope in ("local", "worktree")
    )


def _without_filters(folder: Path) -> dict[str, str]:
    """Return variables that switch off the filters which the repository itself brings along.

    Variables rather than ``-c``: the name of a filter may hold an equals sign.
    """
    settings = [
        (f"filter.{name}.{key}", value)
        for name in sorted(own_filters(folder))
        for key, value in (
            *((one, "") for one in ("clean", "smudge", "process")),
            ("required", "false"),
        )
    ]
    try:
        first = int(os.environ.get("GIT_CONFIG_COUNT") or 0)
    except ValueError:
        first = 0
    variables = {"GIT_CONFIG_COUNT": str(first + len(settings))}
    for number, (key, value) in enumerate(settings, first):
        variables |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value}
    return variables


def refusal(
    folder: Path, answer: subprocess.CompletedProcess[bytes], what: str = "refused"
) -> GitProblem:
    """Return git's refusal in words, with what to do about the known ones."""
    said = (answer.stderr + b"\n" + answer.stdout).decode("utf-8", "replace").strip()
    if "dubious ownership" in said:
        return GitProblem(
            f"git does not read {folder}: the repository belongs to another user. If you trust it, "
            f"run: git config --global --add safe.directory {folder}"
        )
    if "cannot use bare repository" in said or "must be run in a work tree" in said:
        return GitProblem(
            f"{folder} is a bare repository or git's own folder: it has no files to review. "
            "Clone it and open the clone."
        )
    if "index.lock" in said:
        return GitProblem(
            f"Another git command is at work in {folder}, or one was killed. When none is, delete "
            f"the file named here and try again: {said}"
        )
    return GitProblem(f"git {what} in {folder}: {said or f'exit code {answer.returncode}'}")
