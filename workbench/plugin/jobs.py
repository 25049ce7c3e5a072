"""Running plugins as jobs: what may start, the queue, and the end of all of them."""

from __future__ import annotations

import secrets as random_names
import threading
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from types import TracebackType

import msgspec
from msgspec.structs import replace

from workbench.domain.job import JobSpec, Limits, Request
from workbench.domain.model_call import ModelGrant
from workbench.files import FileProblem, write_atomic
from workbench.plugin.job import Job
from workbench.plugin.manifest import Manifest
from workbench.plugin.protocol import JOB_FILE, REQUEST_FILE, Grants
from workbench.plugin.registry import PluginInfo
from workbench.plugin.runs import unfinished_runs
from workbench.plugin.services import HostServices
from workbench.plugin.settings import settings_with_defaults
from workbench.plugin.spares import Spares
from workbench.plugin.watch import Deadlines

__all__ = ["Deadlines", "Job", "JobRefused", "JobRunner", "Limits", "unfinished_runs"]


class JobRefused(Exception):  # noqa: N818 - a problem for a person, in words
    """A job cannot be started. The message says why and what to do."""


class JobRunner:
    """Runs jobs in child processes, some at a time; close it, or use it in a ``with``.

    Args:
        runs_dir: where the run folders lie; created when missing.
        parallel: how many jobs run at the same time; the others wait in order.
        deadlines: how long the steps of a cancel may take.
        scheduler: the address of a Dask scheduler; jobs that ask nothing of the host run there.
        warm: so many workers of each scanner that was used are kept ready for its next job.
    """

    def __init__(
        self,
        runs_dir: Path,
        *,
        parallel: int = 2,
        deadlines: Deadlines | None = None,
        scheduler: str = "",
        warm: int = 0,
    ) -> None:
        self._scheduler = scheduler
        self.runs_dir = runs_dir.absolute()
        self._spares = Spares(self.runs_dir, warm)
        self._parallel = parallel
        self._deadlines = deadlines or Deadlines()
        self._lock = threading.Lock()
        self._queue: list[tuple[Job, str | None]] = []
        self._running: dict[Job, tuple[threading.Thread, str | None]] = {}
        self._closed = False

    def __enter__(self) -> JobRunner:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def parallel(self) -> int:
        """How many jobs run at the same time."""
        return self._parallel

    @property
    def jobs(self) -> tuple[Job, ...]:
        """The jobs that run or wait, in that order."""
        with self._lock:
            return (*self._running, *(job for job, _ in self._queue))

    def new_run(self, plugin_id: str) -> Path:
        """Create a run folder of a new name; the name is the id for ``Request.job``.

        Raises:
            FileProblem: it cannot be made.
        """
        while True:
            stamp = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
            folder = self.runs_dir / f"{stamp}-{plugin_id}-{random_names.token_hex(3)}"
            try:
                folder.mkdir(parents=True)
            except FileExistsError:
                continue
            except OSError as problem:
                raise _cannot_make(folder, problem) from problem
            return folder

    def start(
        self,
        plugin: PluginInfo,
        request: Request,
        title: str,
        secrets: Mapping[str, str] | None = None,
        *,
        key: str | None = None,
        limits: Limits | None = None,
        services: HostServices | None = None,
        models: Mapping[str, ModelGrant] | None = None,
    ) -> Job:
        """Start a job, or queue it behind others.

        Args:
            plugin: bundled or enabled.
            request: ``job`` is the name of the run folder (see ``new_run``), a new one when empty;
                ``settings`` are completed with the plugin's defaults, ``workdir`` is set.
            title: what the job does, for people.
            secrets: only those that the manifest declares are handed over, on stdin.
            key: of jobs with the same key (a library's path) one runs at a time.
            limits: what it may use up; the wall time of ``request.budget`` goes before.
            models: where a command reaches models, by role; see ``llm.proxy``.
            services: who runs tasks and asks models for the plugin; without, that is refused.

        Raises:
            JobRefused: the plugin may not run, or the request does not fit it.
            FileProblem: the run folder cannot be written.
        """
        manifest = _allowed(plugin, request)
        settings, problems = settings_with_defaults(manifest.settings, request.settings)
        if problems:
            raise JobRefused(f"Settings of '{plugin.id}': {' '.join(problems)}")
        run_dir = self._run_dir(plugin.id, request.job)
        work = run_dir / "work"
        request = replace(request, job=run_dir.name, settings=settings, workdir=str(work))
        spec = _spec(plugin, manifest, request, title, limits or Limits())
        _write_run(run_dir, spec)
        given = secrets or {}
        granted = {name: given[name] for name in manifest.secrets if name in given}
        job = Job(
            spec,
            run_dir,
            permissions=manifest.permissions,
            grants=Grants(granted, dict(models or {})),
            deadlines=self._deadlines,
            services=services,
            # What asks its host while it runs stays near it.
            scheduler="" if services is not None and services.any else self._scheduler,
            spares=self._spares if request.kind == "scanner" else None,
            leave_queue=self._leave_queue,
        )
        self._enqueue(job, key)
        self._start_next()
        return job

    def _enqueue(self, job: Job, key: str | None) -> None:
        """Queue the job; after ``close`` it ends at once, cancelled."""
        with self._lock:
            refused = self._closed
            if not refused:
                self._queue.append((job, key))
        if refused:
            job.cancel()
            job.run()
            job.mark_done()

    def close(self) -> None:
        """Cancel all jobs, wait until their processes are gone, and take no more."""
        with self._lock:
            self._closed = True
        for job in reversed(self.jobs):
            job.cancel()
        while True:
            with self._lock:
                threads = [thread for thread, _ in self._running.values()]
            if not threads:
                break
            for thread in threads:
                thread.join()
        self._spares.close()

    def _run_dir(self, plugin_id: str, job_id: str) -> Path:
        if not job_id:
            return self.new_run(plugin_id)
        if PurePosixPath(job_id).name != job_id or job_id in (".", ".."):
            raise JobRefused(f"'{job_id}' is no name for a run folder.")
        run_dir = self.runs_dir / job_id
        if (run_dir / JOB_FILE).exists():
            raise JobRefused(f"The run folder {run_dir} was used already; start with a new one.")
        try:
            run_dir.mkdir(parents=True, exist_ok=True)
        except OSError as problem:
            raise _cannot_make(run_dir, problem) from problem
        return run_dir

    def _start_next(self) -> None:
        """Start what may run now: in order, but past jobs whose library is busy."""
        with self._lock:
            busy = {key for _, key in self._running.values() if key is not None}
            for entry in list(self._queue):
                job, key = entry
                if len(self._running) >= self._parallel:
                    return
                if key is not None and key in busy:
                    continue
                self._queue.remove(entry)
                # A daemon: a program that ends without close() is not kept alive by its jobs,
                # whose workers end when their stdin does.
                thread = threading.Thread(
                    target=self._see_through, args=(job,), name=f"job {job.id}", daemon=True
                )
                self._running[job] = (thread, key)
                if key is not None:
                    busy.add(key)
                thread.start()

    def _see_through(self, job: Job) -> None:
        try:
            job.run()
        finally:
            with self._lock:
                del self._running[job]
            job.mark_done()
            self._start_next()
            job.make_ready()

    def _leave_queue(self, job: Job) -> bool:
        """Take a waiting job out of the queue; False when it no longer waits."""
        with self._lock:
            for entry in self._queue:
                if entry[0] is job:
                    self._queue.remove(entry)
                    return True
        return False


def _spec(
    plugin: PluginInfo, manifest: Manifest, request: Request, title: str, limits: Limits
) -> JobSpec:
    if request.budget.wall_s is not None:
        limits = replace(limits, wall_s=request.budget.wall_s)
    return JobSpec(
        id=request.job,
        plugin=manifest.id,
        plugin_path=plugin.code_path,
        entry=manifest.entry,
        form=manifest.form,
        request=request,
        created=datetime.now(UTC).isoformat(timespec="milliseconds"),
        title=title,
        argv=manifest.argv,
        limits=limits,
    )


def _allowed(plugin: PluginInfo, request: Request) -> Manifest:
    """Return the manifest of a plugin that may run this.

    Raises:
        JobRefused: it may not.
    """
    manifest = plugin.manifest
    if manifest is None or not plugin.usable:
        raise JobRefused(f"The plugin '{plugin.id}' is {plugin.state}. {plugin.reason}".strip())
    if request.kind not in manifest.kinds:
        kinds = ", ".join(manifest.kinds)
        raise JobRefused(f"The plugin '{plugin.id}' is no {request.kind} (it is: {kinds}).")
    return manifest


def _write_run(run_dir: Path, spec: JobSpec) -> None:
    """Write what the worker reads, with the folders it works in.

    Raises:
        FileProblem: the disk is full or the folder may not be written.
    """
    for folder in (run_dir / "work", run_dir / "home"):
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as problem:
            raise _cannot_make(folder, problem) from problem
    write_atomic(run_dir / REQUEST_FILE, msgspec.json.encode(spec.request))
    write_atomic(run_dir / JOB_FILE, msgspec.json.encode(spec))


def _cannot_make(folder: Path, problem: OSError) -> FileProblem:
    return FileProblem(
        f"Cannot make the run folder {folder}: {problem.strerror}. Free some room or change its "
        "permissions. SKILL_WORKBENCH_HOME names another place."
    )
