"""Starting, waiting in line, closing, and what a worker is given."""

from __future__ import annotations

import re
import threading
from pathlib import Path

import pytest

from tests.jobs.conftest import DEADLINES, WritePlugin, eventually, is_alive, request
from workbench.domain.job import Budget, EvalResult, Finished, LlmCall, LlmRequested, Log
from workbench.domain.model_call import Completion
from workbench.plugin.jobs import JobRefused, JobRunner
from workbench.plugin.protocol import EvalAnswer, LlmAnswer
from workbench.plugin.registry import Registry
from workbench.plugin.services import HostServices, Reply

WAITS = """
    import os, time
    def run(request, context):
        context.log(f"pid {os.getpid()}")
        while True:
            context.check_cancelled()
            time.sleep(0.01)
        yield
"""


def logged(job) -> list[str]:
    return [event.text for event in job.events() if isinstance(event, Log)]


def test_jobs_beyond_the_limit_wait_their_turn(
    write_plugin: WritePlugin, runner: JobRunner
) -> None:
    plugin = write_plugin(WAITS)
    jobs = [runner.start(plugin, request(), str(number)) for number in range(3)]
    assert eventually(lambda: [job.state for job in jobs] == ["running", "running", "queued"])
    jobs[0].cancel()
    assert eventually(lambda: jobs[2].state == "running")
    assert jobs[0].state == "cancelled"


def test_jobs_of_one_library_run_one_at_a_time_and_do_not_hold_up_others(
    write_plugin: WritePlugin, runner: JobRunner
) -> None:
    plugin = write_plugin(WAITS)
    first = runner.start(plugin, request(), "a1", key="/library/a")
    second = runner.start(plugin, request(), "a2", key="/library/a")
    other = runner.start(plugin, request(), "b1", key="/library/b")
    assert eventually(lambda: first.state == "running" and other.state == "running")
    assert second.state == "queued"
    first.cancel()
    assert eventually(lambda: second.state == "running")


def test_a_waiting_job_is_cancelled_at_once_and_never_starts(
    write_plugin: WritePlugin, runner: JobRunner
) -> None:
    plugin = write_plugin(WAITS)
    first = runner.start(plugin, request(), "1", key="k")
    waiting = runner.start(plugin, request(), "2", key="k")
    waiting.cancel()
    finished = waiting.wait(1)
    assert finished is not None
    assert finished.summary == "Cancelled before it began."
    assert [type(event) for event in waiting.events()] == [Finished]
    assert first.finished is None


def test_close_ends_everything_and_takes_no_more(write_plugin: WritePlugin, tmp_path: Path) -> None:
    plugin = write_plugin(WAITS)
    threads = threading.active_count()
    descriptors = len(list(Path("/proc/self/fd").iterdir()))
    runner = JobRunner(tmp_path / "runs", parallel=2, deadlines=DEADLINES)
    jobs = [runner.start(plugin, request(), str(number)) for number in range(4)]
    assert eventually(lambda: logged(jobs[0]) != [] and logged(jobs[1]) != [])
    pids = [int(logged(job)[0].split()[1]) for job in jobs[:2]]
    runner.close()
    assert [job.state for job in jobs] == ["cancelled"] * 4
    assert not any(is_alive(pid) for pid in pids)
    assert threading.active_count() == threads
    assert len(list(Path("/proc/self/fd").iterdir())) == descriptors
    late = runner.start(plugin, request(), "late")
    assert late.wait(1) is not None
    assert late.state == "cancelled"


def test_drain_gives_each_event_once_and_follow_ends_with_the_last(
    write_plugin: WritePlugin, runner: JobRunner
) -> None:
    plugin = write_plugin(
        """
        def run(request, context):
            for number in range(500):
                context.log(str(number))
            yield from ()
        """
    )
    job = runner.start(plugin, request(), "probe")
    followed = list(job.follow())
    assert [e.text for e in followed if isinstance(e, Log)] == [str(n) for n in range(500)]
    assert isinstance(followed[-1], Finished)
    assert job.drain() == []
    assert tuple(followed) == job.events()


def test_only_declared_secrets_reach_the_plugin_and_none_reaches_a_file(
    write_plugin: WritePlugin, runner: JobRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANOTHER_TOKEN", "from-the-shell-5521")
    plugin = write_plugin(
        """
        import os
        def run(request, context):
            for name in ("API_KEY", "OTHER_KEY"):
                value = context.secret(name)
                context.log(f"{name} {len(value) if value else value}")
            context.log("environment " + " ".join(sorted(os.environ)))
            context.log("home " + os.environ["HOME"])
            yield from ()
        """,
        more='secrets = ["API_KEY"]',
    )
    secrets = {"API_KEY": "sesame-8841", "OTHER_KEY": "hidden-9932"}
    job = runner.start(plugin, request(), "probe", secrets)
    assert job.wait(10) is not None
    assert logged(job)[:2] == ["API_KEY 11", "OTHER_KEY None"]
    assert "ANOTHER_TOKEN" not in logged(job)[2]
    assert logged(job)[3] == f"home {job.run_dir / 'home'}"
    for file in job.run_dir.rglob("*"):
        if file.is_file():
            assert not re.search(b"sesame|hidden|5521", file.read_bytes()), file


def test_files_of_the_library_copy_are_never_imported(
    write_plugin: WritePlugin, tmp_path: Path
) -> None:
    plugin = write_plugin(
        """
        def run(request, context):
            import importlib.util
            context.log(str(importlib.util.find_spec("planted")))
            yield from ()
        """
    )
    with JobRunner(tmp_path / "runs", deadlines=DEADLINES) as runner:
        run_dir = runner.new_run("probe")
        (run_dir / "planted.py").write_text("raise SystemExit")
        job = runner.start(plugin, request(job=run_dir.name), "probe")
        assert job.wait(10) is not None
    assert logged(job) == ["None"]


def test_settings_are_completed_with_defaults_and_the_budget_limits_the_time(
    write_plugin: WritePlugin, runner: JobRunner
) -> None:
    plugin = write_plugin(
        """
        import time
        def run(request, context):
            context.log(str(sorted(request.settings.items())))
            time.sleep(600)
            yield
        """,
        more='[settings.depth]\ntype = "integer"\ndefault = 3\nmaximum = 9\n'
        '[settings.word]\ntype = "string"\ndefault = "a"',
    )
    asked = request(settings={"word": "b"}, budget=Budget(wall_s=0.5))
    job = runner.start(plugin, asked, "probe")
    finished = job.wait(10)
    assert finished is not None
    assert finished.status == "budget"
    assert logged(job) == ["[('depth', 3), ('word', 'b')]"]


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"settings": {"depth": 11}}, "at most 9"),
        ({"settings": {"depth": True}}, "type integer"),
        ({"settings": {"dept": 1}}, "'dept' is not known"),
        ({"kind": "runner"}, "is no runner"),
        ({"job": "../elsewhere"}, "no name for a run folder"),
    ],
)
def test_a_request_that_does_not_fit_is_refused(
    write_plugin: WritePlugin, runner: JobRunner, tmp_path: Path, fields: dict, words: str
) -> None:
    plugin = write_plugin(WAITS, more='[settings.depth]\ntype = "integer"\nmaximum = 9')
    with pytest.raises(JobRefused, match=words):
        runner.start(plugin, request(**fields), "probe")
    assert not (tmp_path / "elsewhere").exists()


def test_a_disabled_plugin_does_not_start(
    write_plugin: WritePlugin, runner: JobRunner, tmp_path: Path
) -> None:
    write_plugin(WAITS)
    registry = Registry(
        [tmp_path / "plugins"], tmp_path / "state" / "plugins.json", installed=False
    )
    with pytest.raises(JobRefused, match="You disabled it"):
        runner.start(registry.set_enabled("probe", False), request(), "probe")


def test_a_run_folder_is_used_once(write_plugin: WritePlugin, runner: JobRunner) -> None:
    plugin = write_plugin("def run(request, context): yield from ()")
    job = runner.start(plugin, request(), "probe")
    assert job.wait(10) is not None
    with pytest.raises(JobRefused, match="used already"):
        runner.start(plugin, request(job=job.id), "again")


EVALUATES = """
    from workbench.plugin.api import Unavailable
    def run(request, context):
        try:
            results = context.evaluate("v2", ["t1", "t2"])
            context.log(" ".join(f"{r.task}={r.score:g}" for r in results))
        except Unavailable as refusal:
            context.log(f"refused: {refusal}")
        yield from ()
"""


def test_a_plugin_asks_for_an_evaluation_and_gets_the_answer(
    write_plugin: WritePlugin, runner: JobRunner
) -> None:
    passing = HostServices(
        evaluate=lambda asked, reply: reply(
            EvalAnswer(asked.id, tuple(EvalResult(task=t, score=1.0) for t in asked.tasks))
        )
    )
    job = runner.start(write_plugin(EVALUATES), request(), "probe", services=passing)
    job.wait(10)
    assert logged(job) == ["t1=1 t2=1"]


COMPLETES = """
from workbench.plugin.api import ChatMessage, Prompt, Unavailable

def run(request, context):
    asked = [Prompt((ChatMessage("user", text),)) for text in ("a", "b")]
    context.log(" ".join(one.text or one.refusal for one in context.complete_all(asked)))
    try:
        context.log(context.complete(asked[0]).text)
    except Unavailable as refusal:
        context.log(f"refused: {refusal}")
    yield from ()
"""


def test_a_plugin_asks_a_model_and_answers_come_in_the_order_of_the_prompts(
    write_plugin: WritePlugin, runner: JobRunner
) -> None:
    waiting: list[tuple[LlmRequested, Reply]] = []

    def answered_backwards(asked: LlmRequested, reply: Reply) -> None:
        waiting.append((asked, reply))
        if asked.id == "llm-1":
            return  # the first waits for the second, which is answered before it
        while waiting:
            one, answer = waiting.pop()
            assert one.prompt is not None
            answer(LlmAnswer(one.id, Completion(text=one.prompt.messages[0].content.upper())))

    job = runner.start(
        write_plugin(COMPLETES),
        request(),
        "probe",
        services=HostServices(complete=answered_backwards),
    )
    job.wait(10)
    assert logged(job) == ["A B", "A"]
    calls = [event for event in job.events() if isinstance(event, LlmCall)]
    assert [one.role for one in calls] == ["proposer"] * 3


def test_without_a_model_a_prompt_is_refused_and_the_plugin_goes_on(
    write_plugin: WritePlugin, runner: JobRunner
) -> None:
    job = runner.start(write_plugin(COMPLETES), request(), "probe")
    finished = job.wait(10)
    assert finished is not None
    assert finished.status == "completed"
    assert logged(job)[0] == "unavailable unavailable"
    assert logged(job)[1].startswith("refused: There is no model")


def test_a_spent_budget_ends_a_plugin_in_good_order(
    write_plugin: WritePlugin, runner: JobRunner
) -> None:
    spent = HostServices(
        complete=lambda asked, reply: reply(
            LlmAnswer(asked.id, Completion(refused="1,000 tokens are spent.", refusal="budget"))
        )
    )
    job = runner.start(write_plugin(COMPLETES), request(), "probe", services=spent)
    finished = job.wait(10)
    assert finished is not None
    assert finished.status == "budget"
    assert "1,000 tokens are spent" in finished.summary


def test_without_a_runner_an_evaluation_is_refused_and_the_plugin_goes_on(
    write_plugin: WritePlugin, runner: JobRunner
) -> None:
    job = runner.start(write_plugin(EVALUATES), request(), "probe")
    finished = job.wait(10)
    assert finished is not None
    assert finished.status == "completed"
    assert logged(job)[0].startswith("refused: There is no runner")
