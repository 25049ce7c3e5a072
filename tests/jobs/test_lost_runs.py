"""The program dies in the middle of a job: the worker goes too, and the run shows as lost."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

from tests.jobs.conftest import DEADLINES, WritePlugin, eventually, is_alive, request
from workbench.domain.job import Finished, Log
from workbench.plugin.jobs import JobRunner, unfinished_runs
from workbench.plugin.journal import JOURNAL_NAME, read_journal
from workbench.plugin.runs import ask_to_cancel, list_runs

HOST = """
    import sys, time
    from pathlib import Path
    from workbench.domain.job import Request
    from workbench.plugin.jobs import JobRunner
    from workbench.plugin.registry import Registry
    root = Path(sys.argv[1])
    registry = Registry([root / "plugins"], root / "state" / "plugins.json", installed=False)
    runner = JobRunner(root / "runs")
    request = Request(job="run1", kind="scanner", library="/nowhere", skills=())
    runner.start(registry.get("probe"), request, "a long scan")
    time.sleep(600)
"""

PLUGIN = """
    import os, time
    def run(request, context):
        context.log(f"pid {os.getpid()}")
        context.log("found before the end")
        while True:
            context.check_cancelled()
            time.sleep(0.01)
        yield
"""


def log_texts(run_dir: Path) -> list[str]:
    return [event.text for event in read_journal(run_dir / JOURNAL_NAME) if isinstance(event, Log)]


def test_a_killed_program_leaves_no_worker_and_its_run_is_lost_but_readable(
    write_plugin: WritePlugin, tmp_path: Path
) -> None:
    write_plugin(PLUGIN)
    host = subprocess.Popen([sys.executable, "-c", textwrap.dedent(HOST), str(tmp_path)])
    try:
        runs = tmp_path / "runs"
        assert eventually(lambda: len(log_texts(runs / "run1")) == 2, 20)
        worker = int(log_texts(runs / "run1")[0].split()[1])
        assert unfinished_runs(runs) == ()
        assert [run.state for run in list_runs(runs)] == ["running"]
    finally:
        host.send_signal(signal.SIGKILL)
        host.wait()
    (lost,) = unfinished_runs(runs)
    assert (lost.state, lost.title, lost.plugin) == ("lost", "a long scan", "probe")
    events = list(lost.events())
    assert isinstance(events[-1], Finished)
    assert "found before the end" in log_texts(runs / "run1")
    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    assert unfinished_runs(runs) == ()
    assert eventually(lambda: not is_alive(worker), 10)


def test_a_journal_cut_off_in_a_line_is_read_up_to_it_and_goes_on_after_it(
    tmp_path: Path, write_plugin: WritePlugin
) -> None:
    plugin = write_plugin("def run(request, context):\n    context.log('one')\n    yield from ()")
    with JobRunner(tmp_path / "runs", deadlines=DEADLINES) as runner:
        job = runner.start(plugin, request(), "probe")
        assert job.wait(10) is not None
    journal = job.run_dir / JOURNAL_NAME
    lines = journal.read_bytes().splitlines(keepends=True)
    journal.write_bytes(b"".join(lines[:-1]) + lines[-1][:20])
    (lost,) = unfinished_runs(tmp_path / "runs")
    assert lost.state == "lost"
    statuses = [e.status for e in lost.events() if isinstance(e, Finished)]
    assert statuses == ["lost"]
    assert log_texts(job.run_dir) == ["one"]


def test_another_program_cancels_a_job_through_its_run_folder(
    write_plugin: WritePlugin, tmp_path: Path
) -> None:
    with JobRunner(tmp_path / "runs", deadlines=DEADLINES) as runner:
        job = runner.start(write_plugin(PLUGIN), request(), "probe")
        assert eventually(lambda: job.state == "running")
        ask_to_cancel(job.run_dir)
        finished = job.wait(10)
    assert finished is not None
    assert finished.status == "cancelled"


def test_a_worker_that_is_stopped_is_killed_when_its_host_is_gone_or_cancels(
    write_plugin: WritePlugin, tmp_path: Path
) -> None:
    with JobRunner(tmp_path / "runs", deadlines=DEADLINES) as runner:
        job = runner.start(write_plugin(PLUGIN), request(), "probe")
        assert eventually(lambda: len(log_texts(job.run_dir)) == 2)
        os.kill(int(log_texts(job.run_dir)[0].split()[1]), signal.SIGSTOP)
        job.cancel()
        finished = job.wait(10)
    assert finished is not None
    assert finished.status == "cancelled"


def test_the_request_and_the_job_are_kept_as_json(
    write_plugin: WritePlugin, tmp_path: Path
) -> None:
    with JobRunner(tmp_path / "runs", deadlines=DEADLINES) as runner:
        job = runner.start(write_plugin(PLUGIN), request(seed=7), "a title")
        job.cancel(now=True)
        job.wait(10)
    kept = json.loads((job.run_dir / "job.json").read_bytes())
    assert (kept["title"], kept["request"]["seed"]) == ("a title", 7)
    assert json.loads((job.run_dir / "request.json").read_bytes())["job"] == job.id
