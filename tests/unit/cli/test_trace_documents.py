"""Every document that ``trace`` prints is held against its published schema."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.unit.plugin.schema_subset import problems
from tests.unit.traces.claude_records import Session, call, text, usage
from workbench.cli.main import run
from workbench.cli.trace_schemas import schemas
from workbench.resources import bundled

_EXAMPLE = bundled("resources") / "example"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    session = Session()
    session.prompt("Please run ann@firm.org")
    session.says(
        text("Running"),
        call("t1", "Bash", command="pytest"),
        usage=usage(100, 20, 50),
        model="claude-opus-4-8",
    )
    session.result("t1", "failed", error=True)
    session.says(call("t2", "Skill", skill="pdf"))
    session.result("t2", "Launching")
    folder = tmp_path / "traces"
    folder.mkdir()
    return session.write(folder)


def _document(capsys: pytest.CaptureFixture[str], *arguments: object) -> dict[str, Any]:
    given = ["trace", *map(str, arguments), "--format", "json"]
    assert run(given, lambda *_: pytest.fail("the window was opened")) == 0
    found = json.loads(capsys.readouterr().out)
    name = found["schema"].split("/")[1]
    schema = json.loads((bundled("resources") / "schemas" / f"{name}.json").read_text())
    assert problems(found, schema) == []
    return dict(found)


@pytest.mark.parametrize("action", ["list", "show", "stats", "skills"])
@pytest.mark.parametrize("where", [_EXAMPLE / "traces", None])
def test_documents_fit_their_schemas(
    action: str, where: Path | None, path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = _document(capsys, action, where or path)
    assert found["schema"].startswith("skill-workbench/trace")


def test_other_documents_fit_as_well(
    path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _document(capsys, "compare", path, path)
    _document(capsys, "compare", _EXAMPLE / "traces", "--by-skill", "csv-cleanup")
    assert _document(capsys, "redact", path, "--out", tmp_path / "copy")["counts"] == {"mail": 1}
    assert len(_document(capsys, "search", "running", path)["results"]) == 1


def test_a_cost_that_is_not_recorded_is_an_estimate(
    path: Path, capsys: pytest.CaptureFixture[str], isolated_home: Path
) -> None:
    (one,) = _document(capsys, "stats", path)["traces"]
    assert one["cost_usd"] is None
    assert one["cost"]["source"] == "estimated"
    assert one["cost"]["usd"] == pytest.approx((100 * 5 + 50 * 0.5 + 20 * 25) / 1e6)
    assert run(["trace", "stats", str(path)], lambda *_: 0) == 0
    assert "cost about $0.001 (estimated, prices of 2026-11-21)" in capsys.readouterr().out
    own = isolated_home / "workbench" / "config" / "prices.toml"
    own.parent.mkdir(parents=True)
    own.write_text("nonsense")
    assert run(["trace", "stats", str(path)], lambda *_: 0) == 2
    assert str(own) in capsys.readouterr().err


def test_skills_of_a_library_have_denominators(capsys: pytest.CaptureFixture[str]) -> None:
    traces, library = _EXAMPLE / "traces", _EXAMPLE / "library"
    found = _document(capsys, "skills", traces, "--library", library)
    cleanup = next(one for one in found["skills"] if one["name"] == "csv-cleanup")
    assert (cleanup["loaded"]["hits"], cleanup["loaded"]["of"]) == (2, found["sessions"])
    assert cleanup["loaded"]["few"] is True
    assert (cleanup["listed"]["hits"], cleanup["listed"]["of"]) == (9, 9)
    assert cleanup["never_opened"] == []
    assert run(["trace", "skills", str(traces), "--library", "/nowhere"], lambda *_: 0) == 2
    assert "/nowhere" in capsys.readouterr().err
    few = ["--least-listings", "5"]
    assert run(["trace", "skills", str(traces), "--library", str(library), *few], lambda *_: 0) == 0
    assert "Listed, never chosen: Offered in at least 5 sessions" in capsys.readouterr().out


def test_words_are_found_through_the_index(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = _document(capsys, "search", "runn", path.parent, "--indexed")
    assert [(one["step"], one["path"]) for one in found["results"]] == [(1, str(path))]
    assert "Running" in found["results"][0]["excerpt"]
    session = Session()
    session.prompt("A hedgehog")
    session.write(path.parent, "second.jsonl")
    found = _document(capsys, "search", "hedgehog", path.parent, "--indexed")
    assert len(found["results"]) == 1
    found = _document(capsys, "search", "run", path, "--indexed", "--top", "1")
    assert found["cut"] is True


def test_the_published_schemas_are_those_of_the_values() -> None:
    folder = bundled("resources") / "schemas"
    for name, data in schemas().items():
        assert (folder / name).read_bytes() == data, f"write {name} again"
