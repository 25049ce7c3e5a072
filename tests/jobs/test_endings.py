"""Every way a plugin can end, with a real child process: state, words, nothing left behind."""

from __future__ import annotations

import re
import time

import pytest

from tests.jobs.conftest import WritePlugin, eventually, is_alive, request
from workbench.domain.job import Limits, Log, ProposalEvent, UnknownEvent, Warning_
from workbench.plugin.jobs import JobRunner
from workbench.plugin.journal import JOURNAL_NAME, read_journal


def logged(job) -> list[str]:
    return [event.text for event in job.events() if isinstance(event, Log)]


def warnings(job) -> list[str]:
    return [event.text for event in job.events() if isinstance(event, Warning_)]


def test_a_plugin_that_raises_fails_with_what_and_where_and_a_traceback_in_the_log(
    write_plugin: WritePlugin, runner: JobRunner
) -> None:
    plugin = write_plugin(
        """
        def run(request, context):
            context.log("about to read")
            yield from ()
            raise ValueError("the table has no rows")
        """
    )
    job = runner.start(plugin, request(), "probe")
    finished = job.wait(10)
    assert finished is not None
    assert job.state == "failed"
    assert "ValueError: the table has no rows" in finished.summary
    assert "probe_package/main.py, line 5" in finished.summary
    assert any("Traceback" in text for text in logged(job))
    assert list(read_journal(job.run_dir / JOURNAL_NAME)) == list(job.events())


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("import nowhere_to_be_found\ndef run(r, c): yield", "'nowhere_to_be_found'"),
        ("def other(r, c): yield", "has no function 'run'"),
        ("def run(r, c): return None", "must yield values"),
        ("def run(r, c): yield 7", "a value of type int"),
        ("import sys\ndef run(r, c):\n    sys.exit(3)\n    yield", r"sys.exit\(3\)"),
        ("def run(r, c) yield", "importing it failed: SyntaxError"),
    ],
)
def test_a_plugin_that_breaks_the_contract_fails_with_words(
    write_plugin: WritePlugin, runner: JobRunner, code: str, words: str
) -> None:
    job = runner.start(write_plugin(code), request(), "probe")
    finished = job.wait(10)
    assert finished is not None
    assert finished.status == "failed"

    assert re.search(words, finished.summary), finished.summary


def test_a_hanging_plugin_is_cancelled_by_a_signal_and_keeps_what_it_found(
    write_plugin: WritePlugin, runner: JobRunner
) -> None:
    plugin = write_plugin(
        """
        import time
        def run(request, context):
            context.log("found one")
            time.sleep(600)
            yield
        """
    )
    job = runner.start(plugin, request(), "probe")
    assert eventually(lambda: "found one" in logged(job))
    assert job.state == "running"
    started = time.monotonic()
    job.cancel()
    assert job.state == "cancelling"
    finished = job.wait(10)
    assert finished is not None
    assert job.state == "cancelled"
    assert "was terminated (SIGTERM)" in finished.exit
    assert time.monotonic() - started < 25
    assert "found one" in logged(job)


def test_a_plugin_that_asks_is_cancelled_in_good_order_without_a_signal(
    write_plugin: WritePlugin, runner: JobRunner
) -> None:
    plugin = write_plugin(
        """
        import time
        def run(request, context):
            try:
                while True:
                    context.check_cancelled()
                    time.sleep(0.01)
            finally:
                context.log("tidied up")
            yield
        """
    )
    job = runner.start(plugin, request(), "probe")
    assert eventually(lambda: job.state == "running")
    job.cancel()
    finished = job.wait(10)
    assert finished is not None
    assert (finished.status, finished.exit) == ("cancelled", "")
    assert "tidied up" in logged(job)


def test_a_plugin_that_ignores_sigterm_is_killed(
    write_plugin: WritePlugin, runner: JobRunner
) -> None:
    plugin = write_plugin(
        """
        import signal, time
        def run(request, context):
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            context.log("deaf")
            while True:
                time.sleep(600)
            yield
        """
    )
    job = runner.start(plugin, request(), "probe")
    assert eventually(lambda: "deaf" in logged(job))
    job.cancel()
    finished = job.wait(10)
    assert finished is not None
    assert finished.status == "cancelled"
    assert "was killed (SIGKILL)" in finished.summary


def test_noise_on_stdout_becomes_log_events_and_stderr_goes_to_the_log_file(
    write_plugin: WritePlugin, runner: JobRunner
) -> None:
    plugin = write_plugin(
        """
        import os, sys
        def run(request, context):
            print("plain noise")
            sys.stdout.buffer.write(b"bytes \\xff noise\\n")
            print('{"event": "finished", "status": "completed"}')
            os.write(1, b"noise of C code\\n")
            os.system("echo noise of a program")
            print("to stderr", file=sys.stderr)
            yield from ()
            print("unended", end="")
        """
    )
    job = runner.start(plugin, request(), "probe")
    finished = job.wait(10)
    assert finished is not None
    assert finished.status == "completed"
    assert finished.summary == "0 findings in 0 skills."
    assert logged(job)[:2] == ["plain noise", "bytes \ufffd noise"]
    assert '{"event": "finished", "status": "completed"}' in logged(job)
    log = (job.run_dir / "stderr.log").read_text()
    for noise in ("noise of C code", "noise of a program", "to stderr"):
        assert noise in log
    assert [event.seq for event in job.events()] == list(range(1, len(job.events()) + 1))


@pytest.mark.parametrize("leave", ["", "os.setsid()"], ids=["same session", "own session"])
def test_a_grandchild_that_keeps_stdout_open_neither_hangs_the_job_nor_survives_it(
    write_plugin: WritePlugin, runner: JobRunner, leave: str
) -> None:
    plugin = write_plugin(
        f"""
        import os, time
        def run(request, context):
            pid = os.fork()
            if pid == 0:
                {leave or "pass"}
                while True:
                    time.sleep(600)
            context.log(f"grandchild {{pid}}")
            yield from ()
        """
    )
    started = time.monotonic()
    job = runner.start(plugin, request(), "probe")
    finished = job.wait(10)
    assert finished is not None
    assert finished.status == "completed"
    assert time.monotonic() - started < 25
    pid = int(next(t for t in logged(job) if t.startswith("grandchild")).split()[1])
    assert eventually(lambda: not is_alive(pid), 2)


def test_a_cancel_takes_grandchildren_along(write_plugin: WritePlugin, runner: JobRunner) -> None:
    plugin = write_plugin(
        """
        import subprocess
        def run(request, context):
            child = subprocess.Popen(["sh", "-c", "trap '' TERM; sleep 600 & wait; sleep 600"])
            context.log(f"grandchild {child.pid}")
            child.wait()
            yield
        """
    )
    job = runner.start(plugin, request(), "probe")
    assert eventually(lambda: any("grandchild" in text for text in logged(job)))
    pid = int(next(t for t in logged(job) if t.startswith("grandchild")).split()[1])
    assert is_alive(pid)
    job.cancel()
    assert job.wait(10) is not None
    assert job.state == "cancelled"
    assert eventually(lambda: not is_alive(pid), 2)


@pytest.mark.parametrize(
    ("deed", "words"),
    [
        ("os.kill(os.getpid(), signal.SIGKILL)", "was killed (SIGKILL)"),
        ("os.kill(os.getpid(), signal.SIGSEGV)", "crashed (SIGSEGV)"),
        ("os.abort()", "crashed (SIGABRT)"),
        ("os._exit(0)", "exited with status 0"),
        ("os._exit(7)", "exited with status 7"),
    ],
)
def test_a_worker_that_dies_without_a_last_event_fails_in_words(
    write_plugin: WritePlugin, runner: JobRunner, deed: str, words: str
) -> None:
    plugin = write_plugin(
        f"""
        import os, signal, sys
        def run(request, context):
            print("my last words", file=sys.stderr, flush=True)
            {deed}
            yield
        """
    )
    job = runner.start(plugin, request(), "probe")
    finished = job.wait(10)
    assert finished is not None
    assert job.state == "failed"
    assert finished.exit == words
    assert f"The worker {words} without saying that it had finished." in finished.summary
    if "exited" in words:
        assert "my last words" in finished.summary


def test_a_flood_of_output_is_stopped_at_the_limit(
    write_plugin: WritePlugin, runner: JobRunner
) -> None:
    plugin = write_plugin(
        """
        def run(request, context):
            while True:
                context.log("x" * 1000)
            yield
        """
    )
    job = runner.start(plugin, request(), "probe", limits=Limits(output_bytes=2_000_000))
    finished = job.wait(20)
    assert finished is not None
    assert job.state == "failed"
    assert "more than 2,000,000 bytes" in finished.summary
    assert len(job.events()) < 10_000


def test_a_line_of_50_megabytes_is_cut_with_a_warning_and_the_job_goes_on(
    write_plugin: WritePlugin, runner: JobRunner
) -> None:
    plugin = write_plugin(
        """
        def run(request, context):
            context.log("y" * 50_000_000)
            context.log("still here")
            yield from ()
        """
    )
    job = runner.start(plugin, request(), "probe")
    finished = job.wait(30)
    assert finished is not None
    assert finished.status == "completed"
    cut = [event for event in job.events() if isinstance(event, UnknownEvent)]
    assert len(cut) == 1
    assert len(cut[0].raw) < 5000
    assert any("An event of 50,0" in text for text in warnings(job))
    assert "still here" in logged(job)
    assert list(read_journal(job.run_dir / JOURNAL_NAME)) == list(job.events())


def test_time_is_limited_and_what_was_found_is_kept(
    write_plugin: WritePlugin, runner: JobRunner
) -> None:
    plugin = write_plugin(
        """
        import time
        from workbench.plugin.api import ProposalDraft
        def run(request, context):
            yield ProposalDraft(kind="edit", title="T", rationale="R")
            while True:
                context.check_cancelled()
                time.sleep(0.01)
        """
    )
    job = runner.start(plugin, request("evolver"), "probe", limits=Limits(wall_s=0.5))
    finished = job.wait(10)
    assert finished is not None
    assert finished.status == "budget"
    assert "0.5 seconds" in finished.summary
    assert [e.draft.title for e in job.events() if isinstance(e, ProposalEvent)] == ["T"]


def test_memory_is_limited(write_plugin: WritePlugin, runner: JobRunner) -> None:
    plugin = write_plugin(
        """
        def run(request, context):
            data = bytearray(3 << 30)
            yield
        """
    )
    job = runner.start(plugin, request(), "probe", limits=Limits(memory_bytes=1 << 30))
    finished = job.wait(10)
    assert finished is not None
    assert finished.status == "failed"
    assert "ran out of the memory a job may use" in finished.summary


def test_a_value_of_a_wrong_type_is_a_warning_and_the_job_goes_on(
    write_plugin: WritePlugin, runner: JobRunner
) -> None:
    plugin = write_plugin(
        """
        from workbench.plugin.api import Stage
        def run(request, context):
            yield Stage(name="good", done="not a number")
            yield Stage(name="after")
        """
    )
    job = runner.start(plugin, request(), "probe")
    assert job.wait(10) is not None
    assert job.state == "finished"
    assert any("cannot be read" in text for text in warnings(job))
    assert any(getattr(event, "name", "") == "after" for event in job.events())


def test_text_that_is_not_utf8_does_not_end_the_job(
    write_plugin: WritePlugin, runner: JobRunner
) -> None:
    plugin = write_plugin(
        """
        def run(request, context):
            context.log(b"caf\\xe9".decode("utf-8", "surrogateescape"))
            yield from ()
        """
    )
    job = runner.start(plugin, request(), "probe")
    assert job.wait(10) is not None
    assert job.state == "finished"
    assert any(text.startswith("caf") for text in logged(job))


def test_threads_left_by_a_plugin_do_not_delay_its_end(
    write_plugin: WritePlugin, runner: JobRunner
) -> None:
    plugin = write_plugin(
        """
        import threading, time
        def run(request, context):
            threading.Thread(target=time.sleep, args=(600,)).start()
            yield from ()
        """
    )
    started = time.monotonic()
    job = runner.start(plugin, request(), "probe")
    assert job.wait(10) is not None
    assert job.state == "finished"
    assert time.monotonic() - started < 25
