"""Endpoint profiles, and probing a server (a scripted one on loopback)."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from tests.scripted_endpoint import scripted_endpoint
from workbench.llm.probe import probe_endpoint
from workbench.llm.profiles import (
    EndpointProblem,
    EndpointProfile,
    read_profiles,
    save_profile,
)


def test_profiles_are_saved_without_touching_others(tmp_path: Path) -> None:
    path = tmp_path / "endpoints.toml"
    path.write_text('# mine\n[endpoints.old]\nbase_url = "http://old.invalid/v1"  # keep\n')
    save_profile(path, EndpointProfile("new", "http://127.0.0.1:1/v1", key_variable="NEW_KEY"))
    assert '# mine\n[endpoints.old]\nbase_url = "http://old.invalid/v1"  # keep' in path.read_text()
    assert [profile.name for profile in read_profiles(path)] == ["old", "new"]


def test_no_file_means_no_endpoints(tmp_path: Path) -> None:
    assert read_profiles(tmp_path / "none.toml") == ()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[endpoints.x]\nmodel = 'm'\n", "'x' has no base_url"),
        ("[endpoints.x]\nbase_url = 'http://h/v1'\napi_key = 's'\n", "Keys are not kept in files"),
        ("[endpoints", "Mend or delete the file"),
        ("a=" + "[" * 100_000, "Mend or delete the file"),
    ],
)
def test_a_bad_profile_is_told(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "endpoints.toml"
    path.write_text(text)
    with pytest.raises(EndpointProblem, match=message):
        read_profiles(path)


def test_the_key_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    profile = EndpointProfile("a", "http://h/v1", key_variable="A_TEST_KEY")
    assert profile.key() is None
    monkeypatch.setenv("A_TEST_KEY", "s3cret")
    assert profile.key() == "s3cret"


def test_a_server_that_does_everything() -> None:
    with scripted_endpoint(lambda _: '{"ready": true}') as url:
        report = probe_endpoint(EndpointProfile("s", url))
    assert report.model == "scripted-1"
    assert {probe.name: probe.ok for probe in report.probes} == {
        "models": True,
        "chat": True,
        "stream": True,
        "json_schema": True,
    }
    assert report.usable


def test_a_server_that_ignores_schemas_is_seen_through() -> None:
    with scripted_endpoint(lambda _: "yes, ready!") as url:
        report = probe_endpoint(EndpointProfile("s", url))
    assert [probe.ok for probe in report.probes if probe.name == "json_schema"] == [False]
    assert report.usable


def test_a_server_that_is_not_there_is_told_with_its_address() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/v1"
    with pytest.raises(EndpointProblem, match=f"No server answers at {url}"):
        probe_endpoint(EndpointProfile("s", url))
