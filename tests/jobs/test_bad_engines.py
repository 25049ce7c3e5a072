"""Engines that loop, flood, talk nonsense or die: the run ends in words, what was found is kept.

Every engine here is a real child process; each says one kind of wrong thing.
"""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from tests.jobs.conftest import WritePlugin, request
from workbench.domain.job import (
    EvalRequested,
    EvalResult,
    Finished,
    Limits,
    LlmRequested,
    Log,
    ProposalEvent,
    UnknownEvent,
    Warning_,
)
from workbench.domain.model_call import Completion
from workbench.plugin.jobs import JobRunner
from workbench.plugin.journal import JOURNAL_NAME, read_journal
from workbench.plugin.protocol import EvalAnswer, LlmAnswer
from workbench.plugin.services import HostServices, Reply

DRAFT = {"event": "proposal", "draft": {"kind": "edit", "title": "T", "rationale": "R"}}
DONE = {"event": "finished", "status": "completed", "summary": "said so"}


def command_that_prints(write_plugin: WritePlugin, *lines: str | bytes | dict[str, Any]):
    raw = [
        line if isinstance(line, bytes)
        else (line if isinstance(line, str) else json.dumps(line)).encode()
        for line in lines
    ]  # fmt: skip
    code = f"import sys\nfor line in {raw!r}:\n    sys.stdout.buffer.write(line + b'\\n')\n"
    return write_plugin(code, form="command")


def ended(runner: JobRunner, plugin, seconds: float = 60, **more) -> tuple[Finished, list[Any]]:
    job = runner.start(plugin, request("evolver"), "probe", **more)
    finished = job.wait(seconds)
    assert finished is not None
    events = list(job.events())
    assert list(read_journal(job.run_dir / JOURNAL_NAME)) == events
    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    assert [event for event in events if isinstance(event, Finished)] == [finished]
    return finished, events


def titles(events: list[Any]) -> list[str]:
    return [event.draft.title for event in events if isinstance(event, ProposalEvent)]


@pytest.mark.parametrize("form", ["inprocess", "command"])
def test_an_engine_that_loops_is_stopped_when_its_time_is_over(
    write_plugin: WritePlugin, runner: JobRunner, form: str
) -> None:
    code = (
        "def run(request, context):\n    while True:\n        pass\n    yield\n"
        if form == "inprocess"
        else f"print({json.dumps(DRAFT)!r}, flush=True)\nwhile True:\n    pass\n"
    )
    finished, events = ended(
        runner, write_plugin(code, form=form), limits=Limits(wall_s=1.0, memory_bytes=1 << 30)
    )
    assert finished.status == "budget"
    assert "stopped after 1 seconds" in finished.summary
    assert titles(events) == (["T"] if form == "command" else [])


def test_a_million_events_end_at_the_limit_and_the_host_stays_small(
    write_plugin: WritePlugin, runner: JobRunner
) -> None:
    line = json.dumps({"event": "log", "text": "x"})
    code = f"import sys\nsys.stdout.write({(line + chr(10))!r} * 1_000_000)\n"
    plugin = write_plugin(code, form="command")
    finished, events = ended(runner, plugin, limits=Limits(events=20_000))
    assert finished.status == "failed"
    assert "sent more than 20,000 events" in finished.summary
    assert len(events) <= 20_001


def test_200_megabytes_of_noise_are_neither_kept_nor_waited_for(
    write_plugin: WritePlugin, runner: JobRunner
) -> None:
    code = f"""
        import sys
        for _ in range(200):
            sys.stderr.write("n" * (1 << 20))
        print({json.dumps(DRAFT)!r})
    """
    job = runner.start(write_plugin(code, form="command"), request("evolver"), "probe")
    finished = job.wait(60)
    assert finished is not None
    assert (finished.status, titles(list(job.events()))) == ("completed", ["T"])
    assert (job.run_dir / "stderr.log").stat().st_size <= 8 << 20


def test_one_line_of_100_megabytes_is_left_out_and_what_follows_is_read(
    write_plugin: WritePlugin, runner: JobRunner
) -> None:
    code = f"""
        import sys
        for _ in range(100):
            sys.stdout.write("y" * (1 << 20))
        print()
        print({json.dumps(DRAFT)!r})
    """
    finished, events = ended(runner, write_plugin(code, form="command"))
    assert finished.status == "completed"
    assert any("104,857,600 bytes" in e.text for e in events if isinstance(e, Warning_))
    assert titles(events) == ["T"]
    assert sum(len(getattr(event, "text", "")) for event in events) < 20_000


NONSENSE = {
    "a number that is none": '{"event": "log", "text": NaN}',
    "infinity": '{"event": "progress", "fraction": Infinity}',
    "a huge number": '{"event": "stage", "name": "s", "done": 1e400}',
    "deep nesting": '{"event": "x", "y": ' + "[" * 100_000 + "]" * 100_000 + "}",
    "deep nesting of known": '{"event": "proposal", "draft": ' + "[" * 100_000,
    "half a pair": '{"event": "log", "text": "\\ud800"}',
    "no JSON": "plain words",
    "an array": "[1, 2, 3]",
    "no event": '{"text": "x"}',
    "an empty event": '{"event": ""}',
    "a wrong type": '{"event": "stage", "done": "many"}',
    "a wrong kind": '{"event": "proposal", "draft": {"kind": "conquer", "title": "x"}}',
    "an unknown event": '{"event": "haiku", "lines": 3}',
    "bytes that are no text": b'{"event": "log", "text": "caf\xe9"}',
    "NUL bytes": b"\0" * 5000,
    "a key twice": '{"event": "log", "text": "a", "text": "b"}',
    "a bare return": b'{"event": "log", "text": "a\rb"}\r',
}  # fmt: skip


@pytest.mark.parametrize("line", NONSENSE.values(), ids=NONSENSE.keys())
def test_a_line_that_makes_no_sense_is_told_and_the_rest_counts(
    write_plugin: WritePlugin, runner: JobRunner, line: str | bytes
) -> None:
    finished, events = ended(runner, command_that_prints(write_plugin, line, DRAFT, line))
    assert finished.status == "completed"
    assert titles(events) == ["T"]
    told = [e for e in events if isinstance(e, Log | Warning_ | UnknownEvent)]
    assert len(told) >= 2


def test_negative_numbers_are_numbers_and_change_nothing(
    write_plugin: WritePlugin, runner: JobRunner
) -> None:
    plugin = command_that_prints(
        write_plugin,
        {"event": "stage", "name": "s", "done": -5, "total": -1},
        {"event": "progress", "fraction": -3.5},
        {"event": "evidence", "trace": "t", "step": -9},
        DRAFT,
    )
    finished, events = ended(runner, plugin)
    assert (finished.status, titles(events)) == ("completed", ["T"])


def test_the_first_end_counts_and_nothing_after_it(
    write_plugin: WritePlugin, runner: JobRunner
) -> None:
    second = {**DONE, "status": "failed", "summary": "no, this"}
    plugin = command_that_prints(write_plugin, DRAFT, DONE, DRAFT, second, DRAFT)
    finished, events = ended(runner, plugin)
    assert (finished.status, finished.summary) == ("completed", "said so")
    assert titles(events) == ["T"]


def test_a_status_nobody_knows_is_no_end(write_plugin: WritePlugin, runner: JobRunner) -> None:
    odd = {"event": "finished", "status": "glorious"}
    finished, events = ended(runner, command_that_prints(write_plugin, odd, DRAFT))
    assert finished.status == "completed"
    assert titles(events) == ["T"]


def test_an_engine_that_goes_on_after_its_end_is_ended(
    write_plugin: WritePlugin, runner: JobRunner
) -> None:
    code = f"import time\nprint({json.dumps(DONE)!r}, flush=True)\ntime.sleep(600)\n"
    began = time.monotonic()
    job = runner.start(write_plugin(code, form="command"), request("evolver"), "x")
    finished = job.wait(30)
    assert finished is not None
    assert (finished.status, finished.summary) == ("completed", "said so")
    assert time.monotonic() - began < 25


class Host:
    """Answers what it is asked, and notes it."""

    def __init__(self) -> None:
        self.asked: list[Any] = []
        self.late: list[Reply] = []

    def evaluate(self, event: EvalRequested, reply: Reply) -> None:
        self.asked.append(event)
        reply(EvalAnswer(event.id, (EvalResult(id=event.id, task="t", score=1.0),)))

    def complete(self, event: LlmRequested, reply: Reply) -> None:
        self.asked.append(event)
        self.late.append(reply)
        reply(LlmAnswer(event.id, Completion(text=f"answer {len(self.asked)}")))

    @property
    def services(self) -> HostServices:
        return HostServices(evaluate=self.evaluate, complete=self.complete)


def test_requests_of_one_id_are_each_answered_and_no_answer_ends_the_job(
    write_plugin: WritePlugin, runner: JobRunner
) -> None:
    ask = {"event": "llm_requested", "id": "same", "prompt": {"messages": []}}
    code = f"""
        import sys
        grants = sys.stdin.readline()
        for _ in range(3):
            print({json.dumps(ask)!r}, flush=True)
        answers = [sys.stdin.readline() for _ in range(3)]
        print(answers == sorted(answers) and len(set(answers)) == 3, flush=True)
    """
    host = Host()
    finished, events = ended(runner, write_plugin(code, form="command"), services=host.services)
    assert finished.status == "no_change"
    assert len(host.asked) == 3
    assert [e.text for e in events if isinstance(e, Log)] == ["True"]
    # An answer that comes after the end is for nobody.
    host.late[0](LlmAnswer("same", Completion(text="late")))


def test_a_request_without_a_prompt_or_an_id_gets_an_answer(
    write_plugin: WritePlugin, runner: JobRunner
) -> None:
    code = """
        import sys
        sys.stdin.readline()
        for line in ('{"event": "llm_requested"}', '{"event": "eval_requested", "runs": -7}'):
            print(line, flush=True)
            print("got " + sys.stdin.readline()[:24], flush=True)
    """
    finished, events = ended(runner, write_plugin(code, form="command"))
    assert finished.status == "no_change"
    logged = [e.text for e in events if isinstance(e, Log)]
    assert [text.split('"')[3] for text in logged] == ["llm_result", "eval_result"]


def test_an_engine_that_reads_no_answers_does_not_stop_its_host(
    write_plugin: WritePlugin, runner: JobRunner
) -> None:
    ask = json.dumps({"event": "eval_requested", "id": "e"})
    code = f"import sys\nfor _ in range(2000):\n    print({ask!r})\n"
    host = Host()
    finished, events = ended(runner, write_plugin(code, form="command"), services=host.services)
    assert finished.status == "no_change"
    assert len(host.asked) == 2000
    assert len([e for e in events if isinstance(e, EvalResult)]) <= 2000


def test_an_engine_that_writes_into_the_folder_of_its_run_spoils_nothing_for_others(
    write_plugin: WritePlugin, runner: JobRunner, tmp_path: Path
) -> None:
    other = runner.start(
        write_plugin("def run(r, c):\n    yield from ()", plugin_id="calm"),
        request("evolver"),
        "calm",
    )
    assert other.wait(20) is not None
    code = """
        import os
        from pathlib import Path
        def run(request, context):
            home = Path(request.workdir).parent
            for one in home.parent.iterdir():
                if one.is_dir() and one != home and (one / "journal.jsonl").exists():
                    (one / "journal.jsonl").write_text("{broken")
            (home / "journal.jsonl").write_text("forged")
            (home / "job.json").unlink()
            os.symlink("/etc", home / "blobs")
            context.log("done")
            yield from ()
    """
    job = runner.start(write_plugin(code), request("evolver"), "probe")
    finished = job.wait(20)
    assert finished is not None
    # What counts while the program runs is what the host heard; files serve the time after.
    assert finished.status == "no_change"
    assert other.finished is not None
    assert other.finished.status == "no_change"
    assert [e.text for e in job.events() if isinstance(e, Log)] == ["done"]
    assert all(event.seq for event in read_journal(other.run_dir / JOURNAL_NAME))
