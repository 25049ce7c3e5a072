"""Files of formats the program does not know, read by plugins of the kind ``trace_reader``.

A plugin gets a copy of the file in its run folder and gives our own JSON lines. These are kept by
the content of the file, the plugin and its version, so that a plugin runs once for each.
"""

from __future__ import annotations

import fnmatch
import hashlib
import os
import re
import shutil
import stat
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from workbench.domain.job import Finished, Limits, Progress, Request
from workbench.domain.trace_lines import TRACE_SCHEMA
from workbench.files import FileProblem, is_utf8_name
from workbench.plugin.jobs import Job, JobRefused, JobRunner
from workbench.plugin.registry import PluginInfo
from workbench.plugin.trace_sink import TRACE_NAME

#: What a plugin's marks are looked for in.
_HEAD: Final = 4096
#: Beside a database there may be a journal of what is not in it yet.
_BESIDE: Final = ("-wal",)
_WAIT_S: Final = 0.2
_LEAST_OUTPUT: Final = 256 << 20


class ReadingProblem(Exception):  # noqa: N818 - a problem for a person, in words
    """A plugin could not read a file. The message says why."""


class TraceReaders:
    """The plugins that may read foreign formats, and what they made of files so far.

    Args:
        plugins: those of the kind ``trace_reader`` that may run.
        runner: gives the runner of jobs, when one is needed.
        cache: where what they made is kept; it can be deleted at any time.
    """

    def __init__(
        self, plugins: Sequence[PluginInfo], runner: Callable[[], JobRunner], cache: Path
    ) -> None:
        self._marks = [
            (plugin, re.compile(plugin.manifest.trace.begins.encode()), plugin.manifest.trace.names)
            for plugin in plugins
            if plugin.usable and plugin.manifest is not None and plugin.manifest.trace is not None
        ]
        self._runner = runner
        self._cache = cache

    def __bool__(self) -> bool:
        return bool(self._marks)

    @property
    def key(self) -> str:
        """What changes when other plugins, or other versions of them, are in use."""
        named = (f"{one.id} {one.manifest.version}" for one, *_ in self._marks if one.manifest)
        return "\n".join((str(TRACE_SCHEMA), *sorted(named)))

    def reader_of(self, path: Path) -> PluginInfo | None:
        """Return the first plugin whose marks the file has; no code of a plugin runs for that."""
        head = _head_of(path) if self._marks else None
        if head is None:
            return None
        for plugin, begins, names in self._marks:
            if names and not any(fnmatch.fnmatchcase(path.name, name) for name in names):
                continue
            if begins.search(head):
                return plugin
        return None

    def read(
        self,
        path: Path,
        progress: Callable[[float], None] = lambda done: None,
        stopped: Callable[[], bool] = lambda: False,
    ) -> Path:
        """Return the file of JSON lines for a foreign file, made now or earlier.

        Raises:
            ReadingProblem: no plugin claims the file, the job failed or was stopped, or a file
                cannot be read or written.
        """
        plugin = self.reader_of(path)
        if plugin is None or plugin.manifest is None:
            raise ReadingProblem(f"{path} is of no format that a plugin in use reads.")
        mark = f"{plugin.id}-{plugin.manifest.version}-{TRACE_SCHEMA}"
        try:
            made = self._place(_content_of(path), mark)
            if made.is_file():
                return made
            job, copied = self._start(plugin, path)
            _see_through(job, progress, stopped)
            return self._adopt(job, self._place(copied, mark), plugin)
        except (OSError, FileProblem, JobRefused) as problem:
            words = problem.strerror if isinstance(problem, OSError) else str(problem)
            raise ReadingProblem(f"{path} cannot be read with '{plugin.id}': {words}") from problem

    def _start(self, plugin: PluginInfo, path: Path) -> tuple[Job, str]:
        """Start a job on a copy, and return it with the content of the copy."""
        runner = self._runner()
        run_dir = runner.new_run(plugin.id)
        folder = run_dir / "source"
        folder.mkdir()
        # A request is JSON, which cannot hold a name that is not UTF-8.
        named = path.name if is_utf8_name(path.name) else "source"
        copy = folder / named
        for end in ("", *_BESIDE):
            beside = path.with_name(path.name + end)
            if end == "" or (beside.is_file() and not beside.is_symlink()):
                target = folder / (named + end)
                shutil.copyfile(beside, target)
                target.chmod(stat.S_IRUSR)
        request = Request(
            job=run_dir.name, kind="trace_reader", library="", skills=(), source=str(copy)
        )
        limits = Limits(output_bytes=max(_LEAST_OUTPUT, 4 * copy.stat().st_size))
        job = runner.start(plugin, request, f"Read {named}", limits=limits)
        return job, _content_of(copy)

    def _adopt(self, job: Job, place: Path, plugin: PluginInfo) -> Path:
        """Keep what a job gave, and remove the copy it read."""
        shutil.rmtree(job.run_dir / "source", ignore_errors=True)
        end = job.finished
        made = job.run_dir / "work" / TRACE_NAME
        if end is None or end.status != "completed" or not made.is_file() or made.is_symlink():
            raise ReadingProblem(_words(end, plugin))
        place.parent.mkdir(parents=True, exist_ok=True)
        # Runs may lie on another disk than the cache, so it cannot be moved in one go.
        whole = place.with_name(f".{job.id}.tmp")
        try:
            shutil.copyfile(made, whole)
            whole.replace(place)
        finally:
            whole.unlink(missing_ok=True)
        made.unlink()
        return place

    def _place(self, content: str, mark: str) -> Path:
        name = hashlib.sha256(f"{content}\n{mark}".encode()).hexdigest()
        return self._cache / f"{name}.jsonl"


def _words(end: Finished | None, plugin: PluginInfo) -> str:
    if end is None:
        return f"The plugin '{plugin.id}' did not end."
    return end.summary or f"The plugin '{plugin.id}' gave no trace."


def _see_through(job: Job, progress: Callable[[float], None], stopped: Callable[[], bool]) -> None:
    while job.wait(_WAIT_S) is None:
        for event in job.drain():
            if isinstance(event, Progress):
                progress(event.fraction)
        if stopped():
            job.cancel()


def _head_of(path: Path) -> bytes | None:
    """Return the beginning of a regular file, None when it cannot be read."""
    try:
        number = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    except (OSError, ValueError):
        return None
    if not stat.S_ISREG(os.fstat(number).st_mode):
        os.close(number)
        return None
    with os.fdopen(number, "rb") as file:
        return file.read(_HEAD)


def _content_of(path: Path) -> str:
    """Return the hash of a file and of what lies beside it."""
    digest = hashlib.sha256()
    for name in ("", *_BESIDE):
        beside = path.with_name(path.name + name)
        if name == "" or beside.is_file():
            with beside.open("rb") as file:
                digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()
