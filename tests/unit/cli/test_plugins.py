"""``plugins`` and ``jobs``: documents that fit their schemas, words for people, exit codes."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from tests.unit.plugin.schema_subset import problems
from workbench.cli.main import run
from workbench.domain.job import Finished, Log, Request
from workbench.plugin.jobs import Deadlines, JobRunner
from workbench.plugin.journal import JOURNAL_NAME, JournalWriter
from workbench.plugin.registry import Registry
from workbench.resources import bundled
from workbench.store.paths import UserFolders

CODE = """
import time
def run(request, context):
    context.log("looked")
    while request.seed:
        context.check_cancelled()
        time.sleep(0.01)
    yield from ()
"""


def command(*arguments: str) -> int:
    return run(list(arguments), open_window=lambda *_: 99)


def documents(capsys: pytest.CaptureFixture[str], kind: str) -> dict:
    """Return what was printed, once it fits the published schema."""
    document = json.loads(capsys.readouterr().out)
    schema = json.loads((bundled("resources") / "schemas" / f"{kind}.json").read_text())
    assert problems(document, schema) == []
    return document


@pytest.fixture
def own_plugin() -> Path:
    folder = UserFolders.default().plugins / "mine"
    (folder / "mine_package").mkdir(parents=True)
    (folder / "mine_package" / "__init__.py").write_text("")
    (folder / "mine_package" / "main.py").write_text(CODE)
    (folder / "plugin.toml").write_text(
        'id = "mine"\nname = "Mine"\nversion = "1.0"\napi = "1.0"\nlicence = "MIT"\n'
        'kinds = ["scanner"]\nform = "inprocess"\nentry = "mine_package.main:run"\n'
        'permissions = ["network"]\n'
    )
    return folder


def test_the_list_names_every_bundled_plugin(capsys: pytest.CaptureFixture[str]) -> None:
    assert command("plugins", "list", "--format", "json") == 0
    listed = {one["id"]: one for one in documents(capsys, "plugins")["plugins"]}
    for path in bundled("plugins").glob("*/plugin.toml"):
        assert listed[path.parent.name]["state"] == "bundled"
    assert command("plugins", "list") == 0
    assert "folder_importer" in capsys.readouterr().out


def test_a_plugin_of_the_user_is_shown_enabled_and_disabled(
    capsys: pytest.CaptureFixture[str], own_plugin: Path
) -> None:
    assert command("plugins", "show", "mine") == 0
    shown = capsys.readouterr().out
    assert "disabled" in shown
    assert "connects to the network" in shown
    assert command("plugins", "enable", "mine", "--format", "json") == 0
    assert documents(capsys, "plugin")["plugin"]["state"] == "enabled"
    assert command("plugins", "disable", "mine", "--format", "json") == 0
    assert documents(capsys, "plugin")["plugin"]["state"] == "disabled"


def test_doctor_runs_a_plugin_and_tells_what_is_broken(
    capsys: pytest.CaptureFixture[str], own_plugin: Path
) -> None:
    assert command("plugins", "doctor", "folder_importer", "--format", "json") == 0
    (check,) = documents(capsys, "plugins-doctor")["checks"]
    assert (check["ok"], check["tried"], check["problems"]) == (True, True, [])
    assert command("plugins", "doctor", "mine") == 0
    assert "not tried" in capsys.readouterr().out
    assert command("plugins", "enable", "mine") == 0
    (own_plugin / "mine_package" / "main.py").write_text("import nowhere_to_be_found")
    capsys.readouterr()
    assert command("plugins", "doctor", "mine") == 1
    assert "needs the Python module 'nowhere_to_be_found'" in capsys.readouterr().out
    (own_plugin / "plugin.toml").write_text('id = "mine"')
    assert command("plugins", "doctor", "mine", "--format", "json") == 1
    (check,) = documents(capsys, "plugins-doctor")["checks"]
    assert check["state"] == "broken"
    assert "'name' is missing" in check["problems"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("plugins", "show", "nothing"), "There is no plugin 'nothing'"),
        (("plugins", "show"), "needs an id"),
        (("jobs", "show", "nothing"), "There is no job 'nothing'"),
        (("jobs", "show", "../runs"), "There is no job"),
        (("jobs", "cancel"), "needs an id"),
    ],
)
def test_wrong_ids_are_told_on_stderr_with_status_2(
    capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], words: str
) -> None:
    assert command(*arguments) == 2
    assert words in capsys.readouterr().err


def test_jobs_are_listed_shown_and_cancelled(
    capsys: pytest.CaptureFixture[str], own_plugin: Path
) -> None:
    folders = UserFolders.default()
    registry = Registry.of_user(folders.plugins, folders.config / "plugins.json")
    plugin = registry.set_enabled("mine", True)
    request = Request(job="", kind="scanner", library="/nowhere", skills=())
    with JobRunner(folders.runs, deadlines=Deadlines(term_after=2.0)) as runner:
        done = runner.start(plugin, request, "a quick one")
        assert done.wait(10) is not None
        endless = Request(job="", kind="scanner", library="/nowhere", skills=(), seed=1)
        running = runner.start(plugin, endless, "a long one")
        while not any(isinstance(event, Log) for event in running.events()):
            time.sleep(0.01)
        assert command("jobs", "list", "--format", "json") == 0
        states = {one["title"]: one["state"] for one in documents(capsys, "jobs")["jobs"]}
        assert states == {"a quick one": "finished", "a long one": "running"}
        assert command("jobs", "cancel", running.id, "--format", "json") == 0
        assert documents(capsys, "job")["job"]["status"] == "cancelled"
        assert running.wait(5) is not None
    assert command("jobs", "show", done.id, "--format", "json") == 0
    shown = documents(capsys, "job")
    assert [event["event"] for event in shown["events"]] == ["started", "log", "finished"]
    assert command("jobs", "show", done.id) == 0
    assert "finished: completed" in capsys.readouterr().out
    assert command("jobs", "cancel", done.id) == 0
    assert "finished" in capsys.readouterr().out


def test_a_job_of_a_program_that_ended_shows_as_lost_and_can_be_closed(
    capsys: pytest.CaptureFixture[str], own_plugin: Path, tmp_path: Path
) -> None:
    folders = UserFolders.default()
    registry = Registry.of_user(folders.plugins, folders.config / "plugins.json")
    with JobRunner(tmp_path / "runs") as runner:
        request = Request(job="", kind="scanner", library="/nowhere", skills=())
        job = runner.start(registry.set_enabled("mine", True), request, "cut off")
        assert job.wait(10) is not None
    (job.run_dir / JOURNAL_NAME).unlink()
    writer = JournalWriter(job.run_dir / JOURNAL_NAME)
    writer.append(Log(seq=1, text="half way"))
    writer.close()
    where = ("--runs", str(tmp_path / "runs"), "--format", "json")
    assert command("jobs", "list", *where) == 0
    assert documents(capsys, "jobs")["jobs"][0]["state"] == "lost"
    assert command("jobs", "cancel", job.id, *where) == 0
    assert documents(capsys, "job")["job"]["status"] == "lost"
    assert command("jobs", "show", job.id, *where) == 0
    events = documents(capsys, "job")["events"]
    assert [event["event"] for event in events] == ["log", "finished"]
    assert Finished(seq=2).seq == events[-1]["seq"]


def test_a_damaged_run_folder_is_told_and_does_not_hide_the_others(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    bad = tmp_path / "runs" / "bad"
    bad.mkdir(parents=True)
    (bad / "job.json").write_text("{")
    where = ("--runs", str(tmp_path / "runs"))
    assert command("jobs", "list", *where) == 0
    assert "No job was run yet" in capsys.readouterr().out
    assert command("jobs", "show", "bad", *where) == 2
    assert "is damaged" in capsys.readouterr().err
