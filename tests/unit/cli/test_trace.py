"""``trace`` on the command line."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.unit.traces.claude_records import SESSION, Session, call, text, usage
from workbench.cli import trace as command
from workbench.cli.main import run

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("COLUMNS", "200")

    def cli(*arguments: object) -> tuple[int, str, str]:
        given = ["trace", *(str(argument) for argument in arguments)]
        code = run(given, lambda *_: pytest.fail("the window was opened"))
        out, err = capsys.readouterr()
        return code, out, err

    return cli


@pytest.fixture
def path(tmp_path: Path) -> Path:
    session = Session()
    session.prompt("Please run the tests")
    session.says(
        {"type": "thinking", "thinking": "Which ones?"},
        text("Running *all* of them."),
        call("t1", "Bash", command="pytest -q", timeout=9),
        usage=usage(10, 20, 70),
    )
    session.result("t1", "Exit code 1\n1 failed\x1b[31m", error=True)
    session.says(call("t2", "Skill", skill="pdf"))
    session.result("t2", "Launching")
    folder = tmp_path / "traces"
    folder.mkdir()
    return session.write(folder)


def _json(cli: Run, *arguments: object) -> dict[str, Any]:
    code, out, err = cli(*arguments, "--format", "json")
    assert (code, err) == (0, "")
    return dict(json.loads(out))


def test_show_gives_the_full_texts_and_figures(cli: Run, path: Path) -> None:
    shown = _json(cli, "show", path)
    assert shown["schema"] == "skill-workbench/trace/1"
    assert (shown["format"], shown["format_version"]) == ("claude-code", "2.1.40")
    assert (shown["agent"], shown["model"]) == ("claude-code", "claude-example-1")
    assert [step["kind"] for step in shown["steps"]] == ["user", "agent", "agent"]
    step = shown["steps"][1]
    assert step["index"] == 1
    assert step["text"] == "Running *all* of them."
    assert step["time"] == "2026-02-03T04:05:01.000Z"
    assert step["metrics"]["input"] == 80
    assert step["metrics"]["cost_usd"] is None
    (tool,) = step["tool_calls"]
    assert (tool["id"], tool["name"], tool["status"]) == ("t1", "Bash", "error")
    assert tool["arguments"] == {"command": "pytest -q", "timeout": 9}
    assert tool["exit_code"] == 1
    assert tool["observation"] == "Exit code 1\n1 failed\x1b[31m"
    assert shown["totals"]["errors"] == 1
    assert shown["totals"]["output"] == 20
    assert shown["loss"]["lines"] == 5
    raw = step["raw"][0]
    assert path.read_bytes()[raw["offset"] :].startswith(b'{"parentUuid"')


def test_stats_has_what_the_contract_names(cli: Run, path: Path) -> None:
    stats = _json(cli, "stats", path)
    assert stats["schema"] == "skill-workbench/trace-stats/1"
    (one,) = stats["traces"]
    assert one["path"] == str(path)
    assert (one["steps"], one["messages"], one["tool_calls"], one["errors"]) == (3, 5, 2, 1)
    assert one["tokens"]["input"] == 80
    assert one["tokens"]["cached"] == 70
    assert one["duration_s"] == 4.0
    assert one["outcome"] == "unknown"
    assert [(e["name"], e["event"], e["trigger"], e["step"]) for e in one["skills"]] == [
        ("pdf", "requested", "model", 2),
        ("pdf", "loaded", "model", 2),
    ]
    assert one["skills"][0]["confidence"] == "explicit"
    loss = one["loss"]
    assert loss["lines"] == sum(
        loss[name] for name in ("mapped", "attached", "duplicate", "ignored", "unparsed")
    )


def test_what_is_not_recorded_is_null(cli: Run, tmp_path: Path) -> None:
    session = Session()
    session.prompt("Hi")
    del session.records[0]["timestamp"]
    (one,) = _json(cli, "stats", session.write(tmp_path))["traces"]
    assert one["tokens"]["input"] is None
    assert one["duration_s"] is None


def test_list_is_a_table_of_a_folder(cli: Run, path: Path) -> None:
    code, out, _ = cli("list", path.parent)
    header, row = out.splitlines()
    assert code == 0
    assert header.split()[:4] == ["format", "agent", "model", "steps"]
    assert row.split()[:6] == ["claude-code", "claude-code", "claude-example-1", "3", "2", "1"]
    assert "pdf" in row
    assert row.endswith(str(path))
    (one,) = _json(cli, "list", path.parent)["traces"]
    assert one["skills"] == ["pdf"]


def test_a_bad_file_is_told_and_the_rest_goes_on(cli: Run, path: Path) -> None:
    garbage = path.parent / "garbage.bin"
    garbage.write_bytes(b"\x00\xff" * 99)
    torn = path.parent / "torn.jsonl"
    torn.write_bytes(path.read_bytes()[:-20])
    code, out, err = cli("stats", garbage, torn, path.parent / "none", path, "--format", "json")
    assert code == 2
    assert [Path(one["path"]).name for one in json.loads(out)["traces"]] == [torn.name, path.name]
    assert len(err.splitlines()) == 2
    assert f"{garbage} is no trace of a known format" in err
    assert "does not exist" in err
    code, out, err = cli("list", path.parent)
    assert (code, err) == (0, "")


def test_a_session_without_steps_in_a_folder_is_told_and_fails_nothing(
    cli: Run, path: Path
) -> None:
    empty = path.parent / "only-a-title.jsonl"
    empty.write_bytes(b'{"type":"summary","summary":"Old","leafUuid":"u"}\n')
    code, out, err = cli("list", path.parent)
    assert code == 0
    assert str(path) in out
    assert "holds no step" in err
    assert cli("list", empty)[0] == 2


def test_an_empty_folder_is_told(cli: Run, tmp_path: Path) -> None:
    code, _, err = cli("list", tmp_path)
    assert code == 2
    assert "holds no trace" in err


def test_show_as_text_cannot_drive_the_terminal(cli: Run, path: Path) -> None:
    code, out, _ = cli("show", path)
    assert code == 0
    assert "\x1b" not in out
    assert "Running *all* of them." in out
    assert "Bash [error, exit code 1]" in out
    assert "| 1 failed" in out


def test_stats_as_text(cli: Run, path: Path) -> None:
    _, out, _ = cli("stats", path)
    assert "tokens in 80, out 20, cached 70; duration 4.0 s" in out
    assert "skill pdf: loaded (model) at step 2, explicit" in out
    assert "records 5: 3 shown, 2 attached, 0 repeated, 0 unreadable" in out


def test_skills_counts_events_by_name(cli: Run, path: Path) -> None:
    found = _json(cli, "skills", path.parent)
    (row,) = found["skills"]
    assert (row["name"], row["traces_loaded"], row["requested"], row["edited"]) == ("pdf", 1, 1, 0)
    assert len(found["events"]) == 2
    _, out, _ = cli("skills", path)
    assert out.splitlines()[2].split()[:3] == ["pdf", "1", "0"]


@pytest.mark.parametrize("order", [0, 1])
def test_search_leads_to_bytes(cli: Run, path: Path, order: int) -> None:
    arguments = ["RUNNING *ALL*", path][:: -1 if order else 1]
    (match,) = _json(cli, "search", *arguments)["results"]
    assert (match["step"], match["where"]) == (1, "text")
    at = match["evidence"]
    assert path.read_bytes()[at["offset"] :][: at["length"]] == b"Running *all*"
    _, out, _ = cli("search", *arguments)
    assert "step 1 text: Running *all* of them." in out
    assert out.splitlines()[-1] == "1 matches"


def test_search_in_results_arguments_and_thoughts(cli: Run, path: Path) -> None:
    for query, where in (
        ("1 failed", "Bash result"),
        ("pytest -q", "Bash arguments"),
        ("which ones", "thinking"),
    ):
        (match,) = _json(cli, "search", query, path)["results"]
        assert match["where"] == where
    assert _json(cli, "search", "nowhere to be found", path)["results"] == []
    assert _json(cli, "search", "e", path, "--top", "2")["cut"] is True


def test_subagents_are_apart_and_summed(cli: Run, tmp_path: Path) -> None:
    session = Session()
    session.says(call("t1", "Task", prompt="look"), usage=usage(1, 2))
    session.prompt("look", parent=None, isSidechain=True)
    session.says(text("seen"), isSidechain=True, usage=usage(10, 20))
    path = session.write(tmp_path)
    shown = _json(cli, "show", path)
    (child,) = shown["subagents"]
    assert shown["steps"][0]["tool_calls"][0]["subagent"] == child["id"]
    assert [step["text"] for step in child["steps"]] == ["look", "seen"]
    (one,) = _json(cli, "stats", path)["traces"]
    assert one["tokens"]["output"] == 2
    assert one["with_subagents"]["tokens"]["output"] == 22
    assert one["with_subagents"]["traces"] == 2
    _, out, _ = cli("show", path)
    assert "    seen" in out


def test_convert_writes_atif(cli: Run, path: Path, tmp_path: Path) -> None:
    code, out, _ = cli("convert", path, "--to", "atif")
    assert code == 0
    assert json.loads(out)["schema_version"].startswith("ATIF-v1.")
    target = tmp_path / "out"
    code, out, _ = cli("convert", path, path, "--to", "atif", "--out", target)
    assert code == 0
    written = sorted(file.name for file in target.iterdir())
    assert written == [f"{SESSION}-{SESSION}.atif.json", f"{SESSION}.atif.json"]
    for file in target.iterdir():
        assert len(json.loads(file.read_bytes())["steps"]) == 3
    code, _, err = cli("convert", path, "--to", "atif", "--out", target)
    assert code == 2
    assert "not overwritten" in err
    lines = tmp_path / "all.jsonl"
    assert cli("convert", path, path, "--to", "atif", "--out", lines)[0] == 0
    assert len(lines.read_bytes().splitlines()) == 2
    code, _, err = cli("convert", path, path, "--to", "atif", "--out", tmp_path / "one.json")
    assert code == 2
    assert "do not fit" in err


def test_what_was_converted_opens_again_with_the_same_texts(
    cli: Run, path: Path, tmp_path: Path
) -> None:
    target = tmp_path / "one.json"
    assert cli("convert", path, "--to", "atif", "--out", target)[0] == 0
    again = _json(cli, "show", target)
    before = _json(cli, "show", path)
    assert again["format"] == "atif"
    assert [step["text"] for step in again["steps"]] == [step["text"] for step in before["steps"]]


def test_wrong_usage(cli: Run, path: Path) -> None:
    assert cli()[0] == 2
    assert cli("show")[0] == 2
    assert cli("search", "", path)[0] == 2
    code, _, err = cli("show", path, "--trace", "nobody")
    assert code == 2
    assert "no trace has the id" in err


def test_the_summary_names_every_action() -> None:
    for action in ("list", "show", "search", "stats", "skills", "convert"):
        assert action in command.SUMMARY["trace"]


def test_stats_of_a_folder_count_a_replayed_step_once(cli: Run, path: Path) -> None:
    resumed = path.parent / "zz-resumed.jsonl"
    more = Session()
    more.last = "uuid-004"
    more.records = [json.loads(line) for line in path.read_bytes().splitlines()]
    more.prompt("And now?")
    resumed.write_bytes(more.data())
    first, second = _json(cli, "stats", path.parent)["traces"]
    assert (first["steps"], first["copied_steps"]) == (3, 0)
    assert (second["steps"], second["copied_steps"]) == (1, 3)
    assert first["tokens"]["output"] + second["tokens"]["output"] == 20
    _, out, _ = cli("stats", path.parent)
    assert "3 steps replayed from another file" in out
