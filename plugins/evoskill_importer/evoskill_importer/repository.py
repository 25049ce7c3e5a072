"""Reading refs and files of a git repository: nothing is checked out, run or fetched."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from workbench.plugin.api import SourceProblem

_TIMEOUT_S = 120
_MAX_FILES = 20_000
_SAFE = (
    "--no-replace-objects",
    "--literal-pathspecs",
    "-c",
    "core.fsmonitor=false",
    "-c",
    "core.hooksPath=/dev/null",
    "-c",
    "protocol.allow=never",
)


class Repository:
    """A repository by any folder of it."""

    def __init__(self, folder: Path) -> None:
        program = shutil.which("git")
        if program is None:
            raise SourceProblem(
                "The git command was not found. Install git (https://git-scm.com): EvoSkill keeps "
                "its programs as branches."
            )
        if not folder.is_dir():
            raise SourceProblem(f"{folder} is no folder. Name the repository EvoSkill ran in.")
        self._program = program
        self._folder = folder

    def _run(self, *arguments: str) -> bytes:
        environment = {
            "PATH": os.environ.get("PATH", os.defpath),
            "HOME": os.environ.get("HOME", "/nonexistent"),
            "LC_ALL": "C",
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_OPTIONAL_LOCKS": "0",
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_NO_LAZY_FETCH": "1",
            "GIT_ALLOW_PROTOCOL": "",
        }
        try:
            answer = subprocess.run(
                [self._program, *_SAFE, *arguments],
                cwd=self._folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=_TIMEOUT_S,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as problem:
            raise SourceProblem(f"git cannot be run in {self._folder}: {problem}.") from problem
        if answer.returncode != 0:
            words = " ".join(answer.stderr.decode("utf-8", "replace").split())
            raise SourceProblem(f"git refused to read {self._folder}: {words or 'no reason given'}")
        return answer.stdout

    def refs(self, prefix: str) -> dict[str, str]:
        """Return commit by the rest of the name, for refs that begin with ``prefix``."""
        found = self._run(
            "for-each-ref", "--format=%(objectname) %(*objectname) %(refname)", prefix
        )
        result: dict[str, str] = {}
        for line in found.decode("utf-8", "replace").splitlines():
            own, peeled, name = line.split(" ", 2)
            result[name.removeprefix(prefix)] = peeled or own
        return result

    def files(self, commit: str, folder: str) -> dict[str, tuple[str, str, int]]:
        """Return mode, object and size of a commit's files below a folder, by full path."""
        listing = self._run("ls-tree", "-r", "-z", "--long", "--full-tree", commit, "--", folder)
        found: dict[str, tuple[str, str, int]] = {}
        for record in filter(None, listing.split(b"\0")):
            fields, _, name = record.partition(b"\t")
            mode, _, digest, size = fields.decode("ascii").split()
            path = name.decode("utf-8", "replace")
            found[path] = (mode, digest, int(size) if size.isdigit() else 0)
        if len(found) > _MAX_FILES:
            raise SourceProblem(f"{folder} of {commit[:10]} has more than {_MAX_FILES:,} files.")
        return found

    def blob(self, digest: str) -> bytes:
        """Return the content of an object."""
        return self._run("cat-file", "blob", digest)
