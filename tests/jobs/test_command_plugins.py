"""Plugins that are programs: request path in, JSON lines out, answers on stdin."""

from __future__ import annotations

import pytest

from tests.jobs.conftest import WritePlugin, eventually, request
from workbench.domain.job import Candidate, EvalResult, Log, ProposalEvent, UnknownEvent, Warning_
from workbench.domain.model_call import ModelGrant
from workbench.plugin.jobs import JobRunner, Limits
from workbench.plugin.protocol import EvalAnswer
from workbench.plugin.services import HostServices


def logged(job) -> list[str]:
    return [event.text for event in job.events() if isinstance(event, Log)]


def test_a_command_reads_its_request_and_its_lines_become_events(
    write_plugin: WritePlugin, runner: JobRunner
) -> None:
    plugin = write_plugin(
        """
        import json, os, sys
        request = json.load(open(sys.argv[1]))
        grants = json.loads(sys.stdin.readline())
        print("Loading the model ...")
        print(json.dumps({"event": "candidate", "id": grants["secrets"]["API_KEY"][:3]}))
        draft = {"kind": "edit", "title": request["kind"], "rationale": "R"}
        print(json.dumps({"event": "proposal", "draft": draft}))
        print(json.dumps({"event": "reflection", "depth": 2}))
        print("not json either {")
        """,
        form="command",
        more='secrets = ["API_KEY"]',
    )
    job = runner.start(plugin, request("evolver"), "probe", {"API_KEY": "abcdef"})
    finished = job.wait(10)
    assert finished is not None
    assert (finished.status, finished.summary) == ("completed", "1 proposal.")
    assert logged(job) == ["Loading the model ...", "not json either {"]
    assert [e.id for e in job.events() if isinstance(e, Candidate)] == ["abc"]
    assert [e.draft.title for e in job.events() if isinstance(e, ProposalEvent)] == ["evolver"]
    unknown = [e for e in job.events() if isinstance(e, UnknownEvent)]
    assert [(e.tag, '"depth": 2' in e.raw) for e in unknown] == [("reflection", True)]


def test_a_command_that_fails_is_told_with_its_status(
    write_plugin: WritePlugin, runner: JobRunner
) -> None:
    job = runner.start(write_plugin("raise SystemExit(4)", form="command"), request(), "probe")
    finished = job.wait(10)
    assert finished is not None
    assert job.state == "failed"
    assert "exited with status 4" in finished.summary


def test_a_command_that_is_not_installed_is_told_so(
    write_plugin: WritePlugin, runner: JobRunner
) -> None:
    plugin = write_plugin("", form="command")
    from pathlib import Path

    manifest = Path(plugin.folder) / "plugin.toml"
    manifest.write_text(manifest.read_text().replace('"{python}"', '"no-such-program-here"'))
    from workbench.plugin.registry import Registry

    folder = Path(plugin.folder).parent
    registry = Registry([folder], folder.parent / "state" / "plugins.json", installed=False)
    job = runner.start(registry.get("probe"), request(), "probe")
    finished = job.wait(10)
    assert finished is not None
    assert finished.status == "failed"
    assert "no-such-program-here" in finished.summary
    assert "Install it" in finished.summary


def test_the_finished_line_of_a_command_is_its_end(
    write_plugin: WritePlugin, runner: JobRunner
) -> None:
    plugin = write_plugin(
        """
        print('{"event": "finished", "status": "infra_blocked", "summary": "no Docker"}')
        print('{"event": "log", "text": "too late"}')
        """,
        form="command",
    )
    job = runner.start(plugin, request(), "probe")
    finished = job.wait(10)
    assert finished is not None
    assert (finished.status, finished.summary) == ("infra_blocked", "no Docker")
    assert logged(job) == []


def test_a_command_hears_of_a_cancel_and_of_evaluations(
    write_plugin: WritePlugin, runner: JobRunner
) -> None:
    plugin = write_plugin(
        """
        import json, sys
        sys.stdin.readline()
        print('{"event": "eval_requested", "id": "e1", "candidate": "c", "tasks": ["t"]}',
              flush=True)
        answer = json.loads(sys.stdin.readline())
        print("score", answer["results"][0]["score"], flush=True)
        message = json.loads(sys.stdin.readline())["message"]
        print('{"event": "finished", "status": "cancelled", "summary": "%s heard"}' % message)
        """,
        form="command",
    )
    half = HostServices(
        evaluate=lambda asked, reply: reply(
            EvalAnswer(asked.id, (EvalResult(id=asked.id, task="t", score=0.5),))
        )
    )
    job = runner.start(plugin, request(), "probe", services=half)
    assert eventually(lambda: logged(job) == ["score 0.5"])
    job.cancel()
    finished = job.wait(10)
    assert finished is not None
    assert (finished.status, finished.summary) == ("cancelled", "cancel heard")


@pytest.mark.parametrize("end", ["\\n", ""])
def test_a_huge_line_of_a_command_is_left_out_with_a_warning(
    write_plugin: WritePlugin, runner: JobRunner, end: str
) -> None:
    plugin = write_plugin(f'print("z" * 50_000_000, end="{end}")', form="command")
    job = runner.start(plugin, request(), "probe", limits=Limits(line_bytes=1 << 20))
    finished = job.wait(30)
    assert finished is not None
    assert finished.status == "completed"
    found = [event.text for event in job.events() if isinstance(event, Warning_)]
    assert len(found) == 1
    assert "50,000,000 bytes" in found[0]


def test_a_command_that_never_reads_and_leaves_a_child_on_its_stdout_ends(
    write_plugin: WritePlugin, runner: JobRunner
) -> None:
    plugin = write_plugin('import subprocess; subprocess.Popen(["sleep", "600"])', form="command")
    job = runner.start(plugin, request(), "probe")
    finished = job.wait(10)
    assert finished is not None
    assert finished.status == "completed"


def test_a_command_finds_the_models_of_its_run_in_its_environment(
    write_plugin: WritePlugin, runner: JobRunner
) -> None:
    plugin = write_plugin(
        """
        import os
        for name in ("OPENAI_BASE_URL", "OPENAI_API_KEY", "SKILL_WORKBENCH_JUDGE_MODEL"):
            print(os.environ.get(name), flush=True)
        """,
        form="command",
    )
    models = {
        "proposer": ModelGrant("http://127.0.0.1:1/v1", "key-of-this-run", "small"),
        "judge": ModelGrant("http://127.0.0.1:1/v1", "other", "large"),
    }
    job = runner.start(plugin, request(), "probe", models=models)
    job.wait(10)
    assert logged(job) == ["http://127.0.0.1:1/v1", "key-of-this-run", "large"]
    # Keys are in no file of the run.
    for file in job.run_dir.rglob("*"):
        if file.is_file() and file.name != "journal.jsonl":
            assert b"key-of-this-run" not in file.read_bytes()
