"""The command line as programs use it: exit codes and the JSON documents that were promised.

Shapes name every field of the contract; a document may hold more, never less.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from workbench.resources import bundled

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]

NUMBER = (int, float)
TEXT = str
MAYBE_TEXT = (str, type(None))
MAYBE_NUMBER = (int, float, type(None))
ANY = object

DIAGNOSTIC = {
    **dict.fromkeys(("rule", "severity", "message", "path", "source"), TEXT),
    **dict.fromkeys(("line", "column", "end_line", "end_column"), MAYBE_NUMBER),
    "clients": [TEXT],
    "fixable": bool,
}
FINDING = {
    **dict.fromkeys(
        ("rule", "category", "severity", "confidence", "path", "evidence", "why", "fix"), TEXT
    ),
    "pattern": MAYBE_TEXT,
    "line": int,
    "end_line": int,
    "fingerprint": TEXT,
    "plugin": TEXT,
}
STATS = {
    "path": TEXT,
    "format": TEXT,
    "format_version": MAYBE_TEXT,
    "agent": MAYBE_TEXT,
    "model": MAYBE_TEXT,
    **dict.fromkeys(("steps", "messages", "tool_calls", "errors"), int),
    "tokens": dict.fromkeys(("input", "output", "cached"), MAYBE_NUMBER),
    "duration_s": MAYBE_NUMBER,
    "outcome": ANY,
    "skills": [{"name": TEXT, "event": TEXT, "trigger": TEXT, "step": int, "confidence": TEXT}],
    "loss": dict.fromkeys(("lines", "mapped", "attached", "duplicate", "ignored", "unparsed"), ANY),
}
STEP = {
    "index": int,
    "kind": TEXT,
    "time": MAYBE_TEXT,
    "text": TEXT,
    "tool_calls": [
        {
            "id": TEXT,
            "name": TEXT,
            "arguments": ANY,
            "status": TEXT,
            "exit_code": MAYBE_NUMBER,
            "observation": MAYBE_TEXT,
        }
    ],
    "metrics": ANY,
}


def misfits(value: Any, shape: Any, place: str = "$") -> list[str]:
    """Return where a document lacks a field or has a value of another type."""
    if isinstance(shape, dict):
        if not isinstance(value, dict):
            return [f"{place} is no object"]
        found = [f"{place}.{name} is missing" for name in shape if name not in value]
        for name in shape.keys() & value.keys():
            found += misfits(value[name], shape[name], f"{place}.{name}")
        return found
    if isinstance(shape, list):
        if not isinstance(value, list):
            return [f"{place} is no list"]
        return [
            text
            for at, one in enumerate(value)
            for text in misfits(one, shape[0], f"{place}[{at}]")
        ]
    if shape is ANY:
        return []
    wrong = not isinstance(value, shape) or (isinstance(value, bool) and shape is not bool)
    return [f"{place} is {type(value).__name__}"] if wrong else []


@pytest.fixture
def library(tmp_path: Path) -> Path:
    folder = tmp_path / "library"
    shutil.copytree(bundled("resources") / "example" / "library", folder)
    return folder


@pytest.fixture
def traces() -> Path:
    return bundled("resources") / "example" / "traces"


def call(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-W", "error", "-m", "workbench", *map(str, arguments)],
        capture_output=True,
        text=True,
        env={name: value for name, value in os.environ.items() if name != "DISPLAY"},
        check=False,
        timeout=100,
    )


def document(kind: str, *arguments: object, code: int = 0) -> Any:
    answer = call(*arguments, "--format", "json")
    assert answer.returncode == code, answer.stdout[-500:] + answer.stderr
    found = json.loads(answer.stdout)
    assert found["schema"] == f"skill-workbench/{kind}/1"
    return found


def test_the_shapes_can_be_missed() -> None:
    assert misfits({"a": [{"b": 1}]}, {"a": [{"b": TEXT}], "c": ANY}) == [
        "$.c is missing",
        "$.a[0].b is int",
    ]


def test_check(library: Path) -> None:
    found = document("check", "check", library, code=1)
    shape = {
        "skills": [{"path": TEXT, "name": TEXT, "ok": dict, "diagnostics": [DIAGNOSTIC]}],
        "summary": ANY,
    }
    assert misfits(found, shape) == []
    skills = {Path(skill["path"]).name: skill for skill in found["skills"]}
    assert set(skills) == {path.parent.name for path in library.glob("*/SKILL.md")}
    assert all(Path(skill["path"]).is_absolute() for skill in found["skills"])
    (dead,) = [one for one in skills["csv-cleanup"]["diagnostics"] if one["severity"] == "warning"]
    assert (dead["path"], dead["line"]) == ("SKILL.md", 15)
    assert False in skills["image-thumbnails"]["ok"].values()


def test_check_follows_the_reference_validator(library: Path) -> None:
    found = document("check", "check", library / "csv-cleanup", "--client", "skills-ref")
    assert found["skills"][0]["ok"] == {"skills-ref": True}


def test_tokens(library: Path) -> None:
    found = document("tokens", "tokens", library)
    heading = {"title": TEXT, "line": int, "tokens": int}
    skill = {"path": TEXT, "name": TEXT, "headings": [heading]}
    skill |= dict.fromkeys(("catalogue", "body", "resources"), int)
    budget = {"client": TEXT, "limit": MAYBE_NUMBER, "used": int, "dropped": [TEXT]}
    assert misfits(found, {"tokenizer": TEXT, "skills": [skill], "budgets": [budget]}) == []
    assert all(one["body"] > 0 for one in found["skills"])
    assert found["budgets"]


def test_search_and_route(library: Path, tmp_path: Path) -> None:
    found = document("search", "search", library, "clean a messy csv file", "--explain")
    result = {"skill": TEXT, "path": TEXT, "score": NUMBER, "rank": int, "why": [{"field": TEXT}]}
    assert misfits(found, {"query": TEXT, "results": [result]}) == []
    assert found["results"][0]["skill"].endswith("csv-cleanup")
    assert [one["rank"] for one in found["results"]] == list(range(1, len(found["results"]) + 1))
    queries = tmp_path / "queries.jsonl"
    queries.write_text('{"id": "q1", "query": "fill in a pdf form"}\n')
    answer = call("route", library, "--queries", queries)
    assert answer.returncode == 0, answer.stderr
    (line,) = map(json.loads, answer.stdout.splitlines())
    assert misfits(line, {"id": TEXT, "skills": [TEXT], "scores": [NUMBER]}) == []
    assert line["id"] == "q1"
    assert line["skills"][0].endswith("pdf-forms")
    assert len(line["skills"]) == len(line["scores"])


def test_graph(library: Path) -> None:
    found = document("graph", "graph", library)
    edge = {"source": TEXT, "target": TEXT, "kind": TEXT, "weight": NUMBER, "evidence": ANY}
    shape = {
        "nodes": [{"id": TEXT, "kind": TEXT, "label": TEXT}],
        "edges": [edge],
        "cycles": list,
        "components": list,
        "risks": list,
    }
    assert misfits(found, shape) == []
    names = {node["id"] for node in found["nodes"]}
    assert all({one["source"], one["target"]} <= names for one in found["edges"])
    with_place = [one["evidence"] for one in found["edges"] if one["evidence"]]
    assert with_place
    assert misfits(with_place, [{"path": TEXT, "line": int}]) == []


def test_trace_show_and_stats(traces: Path) -> None:
    found = stats(traces)
    assert misfits(found, {"traces": [STATS]}) == []
    assert {one["format"] for one in found["traces"]} >= {"claude-code", "atif"}
    tax = next((traces / "claude-code").glob("*tax-forms/*.jsonl"))
    shown = json_of("trace", "show", tax)
    shape = {
        "format": TEXT,
        "format_version": MAYBE_TEXT,
        "agent": MAYBE_TEXT,
        "model": MAYBE_TEXT,
        "steps": [STEP],
        "totals": ANY,
        "loss": ANY,
    }
    assert misfits(shown, shape) == []
    (counted,) = stats(tax)["traces"]
    calls = [one for step in shown["steps"] for one in step["tool_calls"]]
    assert counted["steps"] == len(shown["steps"])
    assert counted["tool_calls"] == len(calls)
    assert counted["errors"] >= sum(one["status"] == "error" for one in calls) > 0


def json_of(*arguments: object) -> Any:
    answer = call(*arguments, "--format", "json")
    assert answer.returncode == 0, answer.stderr
    found = json.loads(answer.stdout)
    assert found["schema"].startswith("skill-workbench/trace")
    return found


def stats(path: Path) -> Any:
    return json_of("trace", "stats", path)


def test_scan(library: Path) -> None:
    found = document("scan", "scan", library, code=1)
    skill = {
        "path": TEXT,
        "name": TEXT,
        "verdict": TEXT,
        "reach": TEXT,
        "coverage": dict.fromkeys(("inspected", "partial", "opaque"), ANY),
        "capabilities": {"declared": [TEXT], "observed": [TEXT]},
        "findings": [FINDING],
    }
    shape = {"plugins": list, "skills": [skill], "summary": ANY, "seconds": NUMBER}
    assert misfits(found, shape) == []
    verdicts = {Path(one["path"]).name: one["verdict"] for one in found["skills"]}
    assert verdicts["deploy-static-site"] == "dangerous"
    assert set(verdicts.values()) <= {"clean", "review", "dangerous"}
    clean = document("scan", "scan", library / "csv-cleanup")
    assert [one["verdict"] for one in clean["skills"]] == ["clean"]


def test_evolve_and_review_without_a_window(
    library: Path, traces: Path, tmp_path: Path, isolated_home: Path
) -> None:
    def git(*arguments: str) -> str:
        done = subprocess.run(
            ["git", *arguments], cwd=library, capture_output=True, text=True, check=True
        )
        return done.stdout.strip()

    git("init", "--quiet")
    git("add", "--all")
    git("commit", "--quiet", "--message=start")
    store = tmp_path / "store"
    run = document("evolve", "evolve", library, "--traces", traces, "--out", store)
    shape = {
        "engine": ANY,
        "status": TEXT,
        "proposals": [TEXT],
        "diagnoses": list,
        "cost": ANY,
        "out": TEXT,
    }
    assert misfits(run, shape) == []
    assert run["status"] == "completed"
    proposals = {
        name: document("proposal", "proposals", "show", name, "--store", store)
        for name in run["proposals"]
    }
    hunk = {
        "id": TEXT,
        "path": TEXT,
        "header": TEXT,
        "lines": [TEXT],
        "evidence": [TEXT],
        "verdict": MAYBE_TEXT,
    }
    for shown in proposals.values():
        assert misfits(shown, {"id": TEXT, "draft": dict, "hunks": [hunk]}) == []
        assert shown["hunks"]
        assert all(one["verdict"] is None for one in shown["hunks"])
        known = {one["id"] for one in shown["draft"]["evidence"]}
        assert all(set(one["evidence"]) <= known for one in shown["hunks"])
    name = next(one for one, shown in proposals.items() if "dead" in shown["draft"]["title"])
    where = (name, "--store", store)
    document("proposal-check", "proposals", "check", *where)
    before = (library / "csv-cleanup" / "SKILL.md").read_bytes()
    document("decision", "proposals", "approve", *where)
    shown = document("proposal", "proposals", "show", *where)
    assert {one["verdict"] for one in shown["hunks"]} == {"accept"}
    receipt = document("receipt", "proposals", "apply", *where)
    assert receipt["commit"] == git("rev-parse", "HEAD")
    assert (library / "csv-cleanup" / "SKILL.md").read_bytes() != before
    document("receipt", "proposals", "revert", *where)
    assert (library / "csv-cleanup" / "SKILL.md").read_bytes() == before
    assert git("status", "--porcelain") == ""


def test_gate(tmp_path: Path) -> None:
    table = tmp_path / "table.csv"
    rows = [*(f"better{n},0,1" for n in range(6)), "worse,1,0", *(f"same{n},1,1" for n in range(3))]
    table.write_text("task,before,after\n" + "\n".join(rows) + "\n")
    found = document("gate", "gate", table)
    shape = {
        "rule": TEXT,
        **dict.fromkeys(("repairs", "regressions", "n"), int),
        "p_one_sided": MAYBE_NUMBER,
        "p_two_sided": MAYBE_NUMBER,
        "flake_rate": MAYBE_NUMBER,
        "level": TEXT,
        "reasons": [TEXT],
    }
    assert misfits(found, shape) == []
    assert (found["rule"], found["repairs"], found["regressions"], found["n"]) == (
        "weighted",
        6,
        1,
        10,
    )
    assert found["p_one_sided"] == pytest.approx(8 / 128)
    assert found["level"] == "supported"
    assert found["flake_rate"] is None


@pytest.mark.parametrize(
    "arguments",
    [
        ("check", "nowhere"),
        ("tokens", "nowhere"),
        ("scan", "nowhere"),
        ("graph", "nowhere"),
        ("search", "nowhere", "x"),
        ("trace", "show", "nowhere"),
        ("evolve", "nowhere", "--traces", "nowhere"),
        ("proposals", "list", "--store", "nowhere"),
        ("gate", "nowhere.csv"),
        ("check", "--client", "nobody", "."),
        ("nothing-of-that-name",),
    ],
)
def test_wrong_usage_or_input_ends_with_2_and_says_what_to_do(arguments: tuple[str, ...]) -> None:
    answer = call(*arguments)
    assert answer.returncode == 2, answer.stdout + answer.stderr
    assert answer.stderr.strip()
    assert "Traceback" not in answer.stderr
    assert answer.stdout == ""


def test_help_and_version_name_every_command() -> None:
    said = call("--help")
    assert said.returncode == 0
    from workbench.cli.main import COMMANDS, WINDOW_COMMANDS

    for command in (*COMMANDS, *WINDOW_COMMANDS):
        assert f"\n  {command} " in said.stdout
    assert call("--version").stdout.startswith("skill-workbench ")


def test_no_display_is_told_with_the_way_out() -> None:
    environment = {
        name: value
        for name, value in os.environ.items()
        if name not in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
    }
    answer = subprocess.run(
        [sys.executable, "-m", "workbench"],
        capture_output=True,
        text=True,
        env=environment,
        check=False,
        timeout=60,
    )
    assert answer.returncode == 2
    assert "walkthrough" in answer.stderr
