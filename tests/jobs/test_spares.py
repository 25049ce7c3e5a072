"""Workers started ahead: the same results from the same isolation, only sooner."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.jobs.conftest import DEADLINES, WritePlugin, eventually, is_alive, request
from workbench.domain.job import Log
from workbench.plugin.jobs import JobRunner
from workbench.plugin.spares import Spares

#: Tells all that could leak from one job into the next.
TELLS = """
    import os
    from pathlib import Path
    SEEN = []
    def run(request, context):
        SEEN.append(request.job)
        context.log(str(os.getpid()))
        context.log(os.getcwd())
        context.log(os.environ["HOME"])
        context.log(os.environ["SKILL_WORKBENCH_JOB"])
        context.log(str(len(SEEN)))
        context.log(os.readlink("/proc/self/fd/0"))
        yield from ()
"""


@pytest.fixture
def warm(tmp_path: Path) -> Iterator[JobRunner]:
    with JobRunner(tmp_path / "runs", deadlines=DEADLINES, warm=1) as runner:
        yield runner


def spares_of(runner: JobRunner) -> list[int]:
    """Return the processes that wait, by looking at what the system says of our children."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            words = (entry / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if b"--spare" in words and str(runner.runs_dir).encode() in words:
            found.append(int(entry.name))
    return [pid for pid in found if is_alive(pid)]


def told(runner: JobRunner, plugin, kind: str = "scanner") -> list[str]:
    job = runner.start(plugin, request(kind), "probe")
    finished = job.wait(30)
    assert finished is not None
    assert finished.status in ("completed", "no_change"), finished
    return [event.text for event in job.events() if isinstance(event, Log)]


def test_the_next_job_of_a_scanner_gets_a_worker_that_waits_and_shares_nothing(
    write_plugin: WritePlugin, warm: JobRunner
) -> None:
    plugin = write_plugin(TELLS)
    first = told(warm, plugin)
    assert eventually(lambda: len(spares_of(warm)) == 1)
    (spare,) = spares_of(warm)
    second = told(warm, plugin)
    assert int(second[0]) == spare
    assert second[0] != first[0]
    for said in (first, second):
        folder = Path(said[1])
        assert folder.parent == warm.runs_dir
        assert said[2:] == [str(folder / "home"), folder.name, "1", "/dev/null"]
    assert first[1] != second[1]


def test_a_worker_that_waits_has_read_what_every_job_needs(
    write_plugin: WritePlugin, warm: JobRunner
) -> None:
    plugin = write_plugin(
        """
        import os
        READ = []
        def prepare():
            READ.append(os.environ["SKILL_WORKBENCH_JOB"])
        def run(request, context):
            context.log(" ".join(READ) or "not yet")
            yield from ()
        """
    )
    assert told(warm, plugin) == ["not yet"]
    assert eventually(lambda: len(spares_of(warm)) == 1)
    [before_any_job] = told(warm, plugin)
    assert before_any_job.startswith("spare-")


def test_a_fault_while_it_gets_ready_is_no_fault_of_a_job(
    write_plugin: WritePlugin, warm: JobRunner
) -> None:
    plugin = write_plugin(
        """
        def prepare():
            raise RuntimeError("not today")
        def run(request, context):
            context.log("done")
            yield from ()
        """
    )
    assert told(warm, plugin) == ["done"]
    assert eventually(lambda: len(spares_of(warm)) == 1)
    assert told(warm, plugin) == ["done"]


def test_a_cancel_ends_its_own_worker_alone(write_plugin: WritePlugin, warm: JobRunner) -> None:
    plugin = write_plugin(
        """
        import time
        def run(request, context):
            context.log("on")
            while request.seed:
                time.sleep(1)
            yield from ()
        """
    )
    told(warm, plugin)
    assert eventually(lambda: len(spares_of(warm)) == 1)
    long = warm.start(plugin, request(seed=1), "long")
    other = warm.start(plugin, request(seed=1), "other")
    assert eventually(lambda: len(long.events()) > 1 and len(other.events()) > 1)
    long.cancel()
    finished = long.wait(20)
    assert finished is not None
    assert finished.status == "cancelled"
    assert other.state == "running"
    other.cancel()
    assert other.wait(20) is not None


def test_a_plugin_whose_files_changed_runs_as_it_is_now(
    write_plugin: WritePlugin, warm: JobRunner, tmp_path: Path
) -> None:
    plugin = write_plugin("def run(r, context):\n    context.log('old')\n    yield from ()")
    assert told(warm, plugin) == ["old"]
    assert eventually(lambda: len(spares_of(warm)) == 1)
    (old,) = spares_of(warm)
    main = tmp_path / "plugins" / "probe" / "probe_package" / "main.py"
    main.write_text(main.read_text().replace("old", "new words"))
    assert told(warm, plugin) == ["new words"]
    assert not is_alive(old)


def test_a_worker_that_died_while_it_waited_is_not_used(
    write_plugin: WritePlugin, warm: JobRunner
) -> None:
    plugin = write_plugin(TELLS)
    told(warm, plugin)
    assert eventually(lambda: len(spares_of(warm)) == 1)
    (spare,) = spares_of(warm)
    os.kill(spare, signal.SIGKILL)
    assert eventually(lambda: not is_alive(spare))
    assert int(told(warm, plugin)[0]) != spare


def test_a_grandchild_in_a_session_of_its_own_goes_with_the_job(
    write_plugin: WritePlugin, warm: JobRunner
) -> None:
    plugin = write_plugin(
        """
        import os, time
        def run(request, context):
            pid = os.fork()
            if pid == 0:
                os.setsid()
                time.sleep(600)
                os._exit(0)
            context.log(str(pid))
            yield from ()
        """
    )
    for _ in range(2):
        (pid,) = told(warm, plugin)
        assert eventually(lambda pid=pid: not is_alive(int(pid)), 3)
        assert eventually(lambda: len(spares_of(warm)) == 1)


def test_a_plugin_that_cannot_be_imported_is_told_each_time(
    write_plugin: WritePlugin, warm: JobRunner, tmp_path: Path
) -> None:
    plugin = write_plugin("def run(r, c):\n    yield from ()")
    assert told(warm, plugin) == []
    main = tmp_path / "plugins" / "probe" / "probe_package" / "main.py"
    main.write_text("import nowhere_to_be_found\n")
    for _ in range(2):
        job = warm.start(plugin, request(), "probe")
        finished = job.wait(20)
        assert finished is not None
        assert "'nowhere_to_be_found'" in finished.summary


def test_nothing_waits_for_engines_nor_after_the_end(
    write_plugin: WritePlugin, tmp_path: Path
) -> None:
    plugin = write_plugin(TELLS)
    with JobRunner(tmp_path / "runs", deadlines=DEADLINES, warm=2) as runner:
        told(runner, plugin, "evolver")
        assert spares_of(runner) == []
        told(runner, plugin)
        assert eventually(lambda: len(spares_of(runner)) == 2)
        waiting = spares_of(runner)
    assert not [pid for pid in waiting if is_alive(pid)]
    with JobRunner(tmp_path / "cold", deadlines=DEADLINES) as cold:
        told(cold, plugin)
        assert spares_of(cold) == []


def test_one_that_nobody_uses_is_ended(write_plugin: WritePlugin, tmp_path: Path) -> None:
    plugin = write_plugin(TELLS)
    with JobRunner(tmp_path / "runs", deadlines=DEADLINES) as runner:
        job = runner.start(plugin, request(), "probe")
        assert job.wait(20) is not None
        spares = Spares(runner.runs_dir, 1, idle_s=0.4)
        spares.refill(job._spec, ())
        assert len(spares_of(runner)) == 1
        assert eventually(lambda: spares_of(runner) == [], 10)
        assert spares.take(job._spec, ()) is None
        spares.close()


def test_the_host_dying_takes_the_waiting_along(write_plugin: WritePlugin, tmp_path: Path) -> None:
    import subprocess
    import sys
    import textwrap

    write_plugin(TELLS)
    host = subprocess.Popen(
        [
            sys.executable,
            "-c",
            textwrap.dedent(
                """
                import sys, time
                from pathlib import Path
                from workbench.domain.job import Request
                from workbench.plugin.jobs import JobRunner
                from workbench.plugin.registry import Registry
                root = Path(sys.argv[1])
                registry = Registry([root / "plugins"], root / "state" / "plugins.json",
                    installed=False)
                runner = JobRunner(root / "runs", warm=1)
                request = Request(job="", kind="scanner", library="/nowhere", skills=())
                runner.start(registry.get("probe"), request, "scan").wait()
                time.sleep(600)
                """
            ),
            str(tmp_path),
        ]
    )
    runner = JobRunner(tmp_path / "runs")
    try:
        assert eventually(lambda: len(spares_of(runner)) == 1, 20)
    finally:
        host.kill()
        host.wait()
    assert eventually(lambda: spares_of(runner) == [], 10)
    runner.close()
