"""``endpoint`` on the command line, with a scripted server on loopback."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest

from tests.scripted_endpoint import scripted_endpoint
from tests.unit.plugin.schema_subset import problems
from workbench.cli.main import run
from workbench.llm.profiles import read_profiles
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


def endpoint(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = run(["endpoint", *arguments], lambda *_: 9)
    out = capsys.readouterr()
    return code, out.out, out.err


@pytest.fixture
def folders() -> UserFolders:
    return UserFolders.default()


def test_add_keeps_a_profile_and_changes_only_what_is_given(
    capsys: pytest.CaptureFixture[str], folders: UserFolders
) -> None:
    code, out, _ = endpoint(
        capsys, "add", "one", "--base-url", "http://127.0.0.1:1/v1", "--price-input", "0.5",
        "--key-variable", "MY_KEY",
    )  # fmt: skip
    assert code == 0
    assert "endpoint test one" in out
    assert endpoint(capsys, "add", "one", "--model", "m")[0] == 0
    [profile] = read_profiles(folders.endpoints)
    assert (profile.base_url, profile.model, profile.price_input, profile.key_variable) == (
        "http://127.0.0.1:1/v1",
        "m",
        0.5,
        "MY_KEY",
    )


def test_remove_takes_one_away_and_tells_of_one_that_is_not_there(
    capsys: pytest.CaptureFixture[str], folders: UserFolders
) -> None:
    endpoint(capsys, "add", "one", "--base-url", "http://127.0.0.1:1/v1")
    endpoint(capsys, "add", "two", "--base-url", "http://127.0.0.1:2/v1")
    assert endpoint(capsys, "remove", "one")[0] == 0
    assert [one.name for one in read_profiles(folders.endpoints)] == ["two"]
    code, _, err = endpoint(capsys, "remove", "one")
    assert code == 2
    assert "There is no endpoint 'one'" in err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("add", "one"), "has to begin with http"),
        (("add",), "name the endpoint"),
        (("add", "one", "--base-url", "http://me:key@host/v1"), "keys are kept in the keyring"),
        (
            ("add", "one", "--base-url", "http://h/v1", "--key-variable", "sk-123-abc"),
            "keys are not written into files",
        ),
        (("key", "gone"), "There is no endpoint 'gone'"),
    ],
)
def test_what_cannot_be_kept_is_told_and_no_file_is_written(
    capsys: pytest.CaptureFixture[str], folders: UserFolders, arguments: tuple[str, ...], words: str
) -> None:
    code, _, err = endpoint(capsys, *arguments)
    assert code == 2
    assert words in err
    assert not folders.endpoints.exists()


def test_a_key_goes_to_the_keyring_and_into_no_file(
    capsys: pytest.CaptureFixture[str], folders: UserFolders, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept: dict[str, str] = {}
    monkeypatch.setattr("workbench.cli.endpoint.store_key", kept.__setitem__)
    monkeypatch.setattr("sys.stdin", io.StringIO("sk-secret\n"))
    endpoint(capsys, "add", "one", "--base-url", "http://127.0.0.1:1/v1")
    assert endpoint(capsys, "key", "one")[0] == 0
    assert kept == {"one": "sk-secret"}
    assert "sk-secret" not in folders.endpoints.read_text()
    assert endpoint(capsys, "key", "one", "--forget")[0] == 0
    assert kept == {"one": ""}


def test_without_a_keyring_it_says_what_to_do_instead(
    capsys: pytest.CaptureFixture[str], folders: UserFolders, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    monkeypatch.setattr("sys.stdin", io.StringIO("sk-secret\n"))
    endpoint(capsys, "add", "one", "--base-url", "http://127.0.0.1:1/v1")
    code, _, err = endpoint(capsys, "key", "one")
    assert code == 2
    assert "skill-workbench[keyring]" in err
    assert "environment variable" in err
