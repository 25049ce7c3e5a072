"""Reading a finished run: capped, confined, and every failure in words."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from workbench.plugin.run_folder import MAX_TEXT_BYTES, RunFolder, SourceProblem


def test_regular_files_are_listed_sorted_and_all_else_is_named(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "x.json").write_text("{}")
    (tmp_path / "a.md").write_text("a")
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "config").write_text("x")
    (tmp_path / "out").symlink_to("/etc")
    os.mkfifo(tmp_path / "pipe")
    run = RunFolder.open(str(tmp_path), "a run")
    assert list(run.files) == ["a.md", "b/x.json"]
    assert run.folders() == ("b",)
    assert run.below("b") == {"x.json": "b/x.json"}
    assert run.skipped == (
        ("out", "is a link; links are never followed"),
        ("pipe", "is no regular file"),
    )


def test_a_single_file_is_a_folder_that_holds_it_alone(tmp_path: Path) -> None:
    (tmp_path / "patch.json").write_text("[1]")
    (tmp_path / "private").write_text("x")
    run = RunFolder.open(str(tmp_path / "patch.json"), "a run")
    assert list(run.files) == ["patch.json"]
    assert run.read_json("patch.json") == [1]


@pytest.mark.parametrize("path", ["../secret", "/etc/passwd", "nothing", ""])
def test_only_what_was_listed_can_be_read(tmp_path: Path, path: str) -> None:
    folder = tmp_path / "run"
    folder.mkdir()
    (tmp_path / "secret").write_text("x")
    with pytest.raises(SourceProblem, match="is not in"):
        RunFolder.open(str(folder), "a run").read(path)


def test_a_file_that_became_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("x")
    folder = tmp_path / "run"
    folder.mkdir()
    (folder / "a").write_text("a")
    run = RunFolder.open(str(folder), "a run")
    (folder / "a").unlink()
    (folder / "a").symlink_to(tmp_path / "secret")
    with pytest.raises(SourceProblem, match="cannot be read"):
        run.read("a")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b'{"cut": ', "not valid JSON"),
        (b"[" * 100_000, "not valid JSON"),
        (b"\xff\xfe", "not valid JSON"),
        (b"", "not valid JSON"),
    ],
)
def test_json_that_is_none_is_told(tmp_path: Path, content: bytes, words: str) -> None:
    (tmp_path / "x.json").write_bytes(content)
    with pytest.raises(SourceProblem, match=words):
        RunFolder.open(str(tmp_path), "a run").read_json("x.json")


def test_a_text_too_large_or_not_utf8_is_told(tmp_path: Path) -> None:
    (tmp_path / "big").write_bytes(b"x" * (MAX_TEXT_BYTES + 1))
    (tmp_path / "latin").write_bytes(b"caf\xe9")
    (tmp_path / "marked").write_bytes(b"\xef\xbb\xbfok")
    run = RunFolder.open(str(tmp_path), "a run")
    with pytest.raises(SourceProblem, match="1,048,577 bytes"):
        run.read_text("big")
    with pytest.raises(SourceProblem, match=r"not UTF-8 text \(byte 3\)"):
        run.read_text("latin")
    assert run.read_text("marked") == "ok"


@pytest.mark.parametrize("source", [None, "", "nowhere", "\0", "/dev/null"])
def test_a_source_that_is_none_says_what_to_name(source: str | None) -> None:
    with pytest.raises(SourceProblem, match="Name a run"):
        RunFolder.open(source, "a run")
