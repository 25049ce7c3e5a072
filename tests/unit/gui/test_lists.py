"""Fuzzy matching, rows of skills, recovery copies, block states, options."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.domain.diagnostic import Diagnostic
from workbench.gui.app import Options, has_display, parse, run_gui
from workbench.gui.editor.recovery import RecoveryCopy, RecoveryFolder
from workbench.gui.models.skill_rows import SkillRow, filtered, size_text, verdict_of
from workbench.gui.shell.fuzzy import rank, score


def test_beginnings_of_words_win() -> None:
    titles = ["Copy of file", "Open folder", "Go up first"]
    assert rank("of", titles, str)[0] in ("Open folder", "Copy of file")
    assert rank("opf", titles, str)[0] == "Open folder"
    assert rank("xyz", titles, str) == []
    assert rank("", titles, str) == titles


@given(st.text(max_size=12), st.text(max_size=40))
def test_places_are_the_letters_of_the_query_in_their_order(query: str, text: str) -> None:
    found = score(query, text)
    if found is None:
        return
    _, places = found
    assert list(places) == sorted(set(places))
    assert all(0 <= place < len(text) for place in places)


def test_a_letter_needed_later_is_not_passed_over_for_a_word_start() -> None:
    assert score("aab b", "aaab b") is not None


@given(st.text(alphabet="ab c", min_size=1, max_size=30), st.data())
def test_a_part_of_a_text_always_matches(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    assert score(text[start:end], text) is not None


def diagnostic(severity: str, *clients: str) -> Diagnostic:
    return Diagnostic("r", severity, "m", "SKILL.md", clients, "s")  # type: ignore[arg-type]


def test_a_verdict_is_the_worst_that_holds_for_the_client() -> None:
    found = [diagnostic("warning"), diagnostic("error", "codex"), diagnostic("info", "vscode")]
    assert verdict_of(found, "codex") == "error"
    assert verdict_of(found, "vscode") == "warning"
    assert verdict_of([], "codex") == "ok"


def test_rows_are_filtered_by_every_word() -> None:
    def row(name: str, description: str, errors: int = 0) -> SkillRow:
        return SkillRow(name, name, description, (), errors, 0, 0, 1, 10)

    rows = [row("pdf", "fill forms"), row("csv", "clean forms", 1)]
    assert [one.id for one in filtered(rows, "FORMS clean")] == ["csv"]
    assert [one.id for one in filtered(rows, "", flawed=True)] == ["csv"]
    assert filtered(rows, "nothing") == []


def test_sizes_are_for_people() -> None:
    assert [size_text(size) for size in (0, 1023, 2048, 3 << 20)] == [
        "0 B",
        "1023 B",
        "2.0 KB",
        "3.0 MB",
    ]


def test_a_recovery_copy_comes_back_once_and_only_for_its_file(tmp_path: Path) -> None:
    kept = RecoveryFolder(tmp_path / "recovery")
    copy = RecoveryCopy(Path("/x/é.md"), "text\n🙂", "sha")
    assert kept.keep(copy)
    assert kept.find(copy.path) == copy
    assert kept.find(Path("/x/other.md")) is None
    [file] = (tmp_path / "recovery").iterdir()
    assert file.stat().st_mode & 0o077 == 0
    file.write_bytes(b"{broken")
    assert kept.find(copy.path) is None
    kept.drop(copy.path)
    kept.drop(copy.path)
    assert not file.exists()


def test_a_recovery_folder_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    kept = RecoveryFolder(tmp_path / "file")
    assert not kept.keep(RecoveryCopy(Path("/x"), "t", "s"))
    assert kept.find(Path("/x")) is None


def test_options_are_read(tmp_path: Path) -> None:
    assert parse(["--theme=dark", "--debug", str(tmp_path)]) == Options((tmp_path,), "dark", True)
    assert parse(["--help"]) is None


@pytest.mark.parametrize("words", [["--theme", "x"], ["--theme"], ["--odd"], ["/no/such/path"]])
def test_wrong_options_are_told(words: list[str]) -> None:
    with pytest.raises(ValueError, match=r"\."):
        parse(words)


def test_without_a_display_it_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("sys.platform", "linux")
    assert not has_display()
    assert run_gui("open", []) == 2
    assert "walkthrough" in capsys.readouterr().err
    assert run_gui("open", ["/no/such/path"]) == 2
    assert "/no/such/path" in capsys.readouterr().err
