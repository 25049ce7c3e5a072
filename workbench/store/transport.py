"""git over the network, as an explicit act of the user: their git, their credentials, no server.

It never waits for a prompt nobody sees, ends by itself, can be cancelled, and speaks only protocols
that start no program (``ext::`` is refused whatever a configuration allows). What the repository's
own configuration would start on the way (``core.sshCommand``, a credential helper ...) runs only
when the user agreed: a library may come from anywhere.
"""

from __future__ import annotations

import contextlib
import os
import re
import shlex
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO, Final, Literal

from msgspec import Struct

from workbench.store.gitcommand import GitMissing, GitProblem, git_environment, run_git

NETWORK_SECONDS: Final = 600
PROTOCOLS: Final = "file:git:http:https:ssh"

RefusalKind = Literal[
    "no_remote",
    "unreachable",
    "denied",
    "rejected",
    "hook",
    "not_there",
    "protocol",
    "programs",
    "cancelled",
    "too_long",
    "other",
]

#: Settings whose value git starts as a program when it talks to a remote (git-config(1), 2.39).
_PROGRAMS: Final = re.compile(
    r"core\.(sshcommand|gitproxy|askpass|alternaterefscommand)|credential\.(.*\.)?helper"
    r"|remote\..*\.(uploadpack|receivepack|vcs)|gpg\.(.*\.)?program"
)

#: Lines of git that say nothing of what is wrong.
_SAID_BY_RULE: Final = (
    "hint:",
    "To ",
    "Done",
    "Please make sure you have the correct access rights",
    "and the repository exists",
    "Could not read from remote repository",
)

_Kinds = tuple[tuple[str, RefusalKind, str], ...]
#: What git says, what kind of problem it is, and what to do. The first that fits counts.
_SAYINGS: Final[_Kinds] = (
    (
        r"\(non-fast-forward\)|\(fetch first\)|stale info|failed to update ref|cannot lock ref"
        r"|incorrect old value provided",
        "rejected",
        "The remote has commits that are not here. Fetch, review them, then push again.",
    ),
    (
        r"hook declined|pre-receive|update hook|protected branch|GH006|pre-push",
        "hook",
        "A hook or rule of the repository refused it; its words are above. Do what they ask.",
    ),
    (
        r"transport '.*' not allowed",
        "protocol",
        "Only file, git, http, https and ssh addresses are used; others can start programs. "
        "Change the address with git remote set-url.",
    ),
    (
        r"could not read (Username|Password)|Authentication failed|Permission denied"
        r"|Host key verification failed|terminal prompts disabled|HTTP 40[13]|error: 40[13]"
        r"|remote: .*denied|service not enabled|access denied",
        "denied",
        "Log in first: see that 'git fetch' works there in a terminal (a credential helper, or a "
        "key in ssh-agent), and that you may write to that repository.",
    ),
    (
        r"Could not resolve|unable to look up|Connection (refused|timed out|reset)"
        r"|unable to connect|No route to host|Network is unreachable|Failed to connect"
        r"|Operation timed out|Couldn't connect|early EOF|hung up unexpectedly",
        "unreachable",
        "Look whether you are connected, and at the address (git remote -v). All else works "
        "without it.",
    ),
    (
        r"does not appear to be a git repository|[Rr]epository .*not found|No such remote"
        r"|not a git repository|does not exist",
        "not_there",
        "Look at the address: git remote -v.",
    ),
)


class TransportProblem(GitProblem):
    """git could not fetch or push; ``kind`` says what is in the way."""

    def __init__(self, kind: RefusalKind, message: str) -> None:
        self.kind = kind
        super().__init__(message)


class Call(Struct, frozen=True):
    """How a person wants git to talk to a remote.

    ``cancelled`` is asked several times a second, from this thread. ``told`` gets git's progress
    in words. ``ask`` lets git ask on the terminal the program runs in. ``own_programs`` lets
    programs run that the repository's own configuration names.
    """

    cancelled: Callable[[], bool] = lambda: False
    told: Callable[[str], object] = lambda text: None
    ask: bool = False
    own_programs: bool = False
    seconds: float = NETWORK_SECONDS


def own_programs(folder: Path) -> tuple[str, ...]:
    """Return the settings of the repository's own configuration that start programs on the way.

    Raises:
        GitMissing, GitProblem: git cannot be asked.
    """
    answer = run_git(["config", "--includes", "--show-scope", "--list", "-z"], folder)
    fields = [os.fsdecode(field) for field in answer.stdout.split(b"\0")]
    found: list[str] = []
    for scope, pair in zip(fields[::2], fields[1::2], strict=False):
        key, _, value = pair.partition("\n")
        if scope in ("local", "worktree") and value and _PROGRAMS.fullmatch(key.lower()):
            found.append(f"{key}={value}")
    return tuple(found)


def talk(arguments: Sequence[str], folder: Path, call: Call) -> subprocess.CompletedProcess[bytes]:
    """Run a git command that talks to a remote, and return its answer, whatever its exit code.

    Raises:
        GitMissing: there is no git.
        TransportProblem: cancelled, too long, or the repository names programs of its own.
    """
    program = shutil.which("git")
    if program is None:
        raise GitMissing
    named = own_programs(folder)
    if named and not call.own_programs:
        raise TransportProblem(
            "programs",
            f"The configuration of {folder} itself would have git use {', '.join(named)} to reach "
            "the remote, which can start a program. If that is yours, allow it and try again "
            "(--trust-config, or Allow in the window).",
        )
    command = [program, "-c", "core.fsmonitor=false", "-c", "gc.auto=0"]
    command += ["-c", "maintenance.auto=false", "--no-pager", *arguments]
    with tempfile.TemporaryFile() as said:
        return _run(command, folder, call, said)


def _run(
    command: list[str], folder: Path, call: Call, said: IO[bytes]
) -> subprocess.CompletedProcess[bytes]:
    try:
        process = subprocess.Popen(
            command,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=subprocess.PIPE,
            env=_variables(folder, call),
            # Its own group, so that a cancel ends ssh too; a question needs the terminal's group.
            start_new_session=not call.ask,
        )
    except OSError as problem:
        raise GitProblem(f"git could not be started in {folder}: {problem.strerror}.") from problem
    errors = _Errors(process, call.told)
    errors.start()
    began = time.monotonic()
    try:
        while process.poll() is None:
            if call.cancelled():
                raise TransportProblem(
                    "cancelled", "Stopped. Nothing here was changed by what was under way."
                )
            if time.monotonic() - began > call.seconds:
                raise TransportProblem(
                    "too_long",
                    f"The remote did not answer within {call.seconds:.0f} seconds, so git was "
                    "ended. Try again, or look whether 'git fetch' works there in a terminal.",
                )
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(0.05)
    finally:
        _end(process, group=not call.ask)
        errors.join(2)
    said.seek(0)
    return subprocess.CompletedProcess(
        command, process.returncode, said.read(1 << 20), errors.text()
    )


def _end(process: subprocess.Popen[bytes], *, group: bool) -> None:
    for sign in (signal.SIGTERM, signal.SIGKILL):
        if process.poll() is not None:
            return
        with contextlib.suppress(OSError):
            if group:
                os.killpg(process.pid, sign)
            else:
                process.send_signal(sign)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(2)


class _Errors(threading.Thread):
    """Reads what git says on stderr, and tells its progress line by line."""

    def __init__(self, process: subprocess.Popen[bytes], told: Callable[[str], object]) -> None:
        super().__init__(daemon=True, name="git says")
        self._process, self._told = process, told
        self._said = bytearray()

    def run(self) -> None:
        stream = self._process.stderr
        if stream is None:
            return
        with contextlib.closing(stream):
            line = bytearray()
            while chunk := os.read(stream.fileno(), 65536):
                for byte in chunk:
                    if byte not in (10, 13):
                        line.append(byte)
                        continue
                    self._line(line)
                    line = bytearray()
            self._line(line)

    def _line(self, line: bytearray) -> None:
        text = line.decode("utf-8", "replace").strip()
        if not text:
            return
        if re.search(r":\s+\d+% \(\d+/\d+\)", text):
            self._told(text)
        elif len(self._said) < 1 << 16:
            self._said += text.encode() + b"\n"

    def text(self) -> bytes:
        """Return what was said, without progress."""
        return bytes(self._said)


def _variables(folder: Path, call: Call) -> Mapping[str, str]:
    variables = git_environment()
    # Before every configuration (git(1)).
    variables |= {"GIT_ALLOW_PROTOCOL": PROTOCOLS, "LC_ALL": "C", "GIT_LFS_SKIP_SMUDGE": "1"}
    if call.ask:
        del variables["GIT_TERMINAL_PROMPT"]
        return variables
    ssh = variables.get("GIT_SSH_COMMAND") or _configured_ssh(folder)
    if not variables.get("GIT_SSH") and _is_openssh(ssh):
        variables["GIT_SSH_COMMAND"] = f"{ssh or 'ssh'} -o BatchMode=yes -o ConnectTimeout=30"
    return variables


def _is_openssh(command: str) -> bool:
    try:
        words = shlex.split(command) or ["ssh"]
    except ValueError:
        return False
    return Path(words[0]).name == "ssh"


def _configured_ssh(folder: Path) -> str:
    answer = run_git(["config", "--get", "core.sshCommand"], folder)
    return answer.stdout.decode("utf-8", "replace").strip()


def problem_of(
    answer: subprocess.CompletedProcess[bytes], what: str, where: str
) -> TransportProblem:
    """Return what went wrong in words: git's own, and what to do about it."""
    said = (answer.stderr + b"\n" + answer.stdout).decode("utf-8", "replace")
    lines = [line.strip().removeprefix("fatal: ") for line in said.splitlines()]
    kept = [line.rstrip(".") for line in lines if line and not line.startswith(_SAID_BY_RULE)]
    words = without_password(". ".join(kept[:6])) or f"exit code {answer.returncode}"
    for pattern, kind, advice in _SAYINGS:
        if re.search(pattern, said):
            return TransportProblem(kind, f"git could not {what} {where}: {words}. {advice}")
    return TransportProblem("other", f"git could not {what} {where}: {words}.")


def without_password(text: str) -> str:
    """Return addresses in a text without the user and password some people keep in them."""
    return re.sub(r"(?<=://)[^/@\s]+@", "", text)
