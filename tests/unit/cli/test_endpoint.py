"""``endpoint`` on the command line, with a scripted server on loopback."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.scripted_endpoint import scripted_endpoint
from tests.unit.plugin.schema_subset import problems
from workbench.cli.main import run
from workbench.resources import bundled
from workbench.store.paths import UserFolders


def found(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> dict[str, Any]:
    assert run(["endpoint", *arguments, "--format", "json"], lambda *_: 9) == code
    value: dict[str, Any] = json.loads(capsys.readouterr().out)
    name = value["schema"].split("/")[1]
    schema = json.loads((bundled("resources") / "schemas" / f"{name}.json").read_text())
    assert problems(value, schema) == []
    return value


def test_listed_without_the_key(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = UserFolders.default().config
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "endpoints.toml").write_text(
        "[endpoints.mine]\nbase_url = 'http://h.invalid/v1'\nkey_variable = 'A_TEST_KEY'\n"
    )
    monkeypatch.setenv("A_TEST_KEY", "s3cret")
    value = found(capsys, "list")
    assert [(one["name"], one["has_key"]) for one in value["endpoints"]] == [("mine", True)]
    assert "s3cret" not in json.dumps(value)


def test_a_server_is_tried_and_its_words_drive_no_terminal(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with scripted_endpoint(lambda _: "ready \x1b[2J") as url:
        value = found(capsys, "test", "--base-url", url)
        run(["endpoint", "test", "--base-url", url], lambda *_: 9)
    assert {probe["name"] for probe in value["endpoints"][0]["probes"]} >= {"models", "chat"}
    assert "\x1b" not in capsys.readouterr().out


def test_a_server_that_is_not_there_fails(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["endpoint", "test", "--base-url", "http://127.0.0.1:9/v1"], lambda *_: 9) in (1, 2)
    out = capsys.readouterr()
    assert "127.0.0.1:9" in out.out + out.err
