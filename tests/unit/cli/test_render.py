"""``render`` on the command line."""

from __future__ import annotations

from tests.unit.cli.authoring import checked, make


def test_render_prints_the_document_promised(tmp_path, command):
    folder = make(tmp_path, "demo", "\nRun $0.\n!`touch made`\n")
    code, out, err = command(
        "render", folder, "--client", "claude-code", "--arguments", "it now", "--format", "json"
    )
    made = checked(out, "render")
    assert (code, err) == (0, "")
    assert made["path"] == str(folder)
    assert made["listing"]["text"] == "- demo: Does demo."
    assert made["body"].endswith("Run it.\n[command not run: touch made]\n\nARGUMENTS: it now")
    assert made["commands"] == [
        {"command": "touch made", "line": 7, "shown": "[command not run: touch made]"}
    ]
    assert not (tmp_path / "made").exists()


def test_render_shows_text_without_what_would_move_the_cursor(tmp_path, command):
    folder = make(tmp_path, "demo", "\n\x1b[31mred $1\n")
    code, out, _ = command("render", folder / "SKILL.md", "--client", "codex")
    assert code == 0
    assert "\x1b" not in out
    assert "red $1" in out
    assert f"(file: {folder}/SKILL.md)" in out


def test_wrong_input_ends_with_words(tmp_path, command):
    folder = make(tmp_path, "demo")
    code, _, err = command("render", folder, "--client", "emacs")
    assert code == 2
    assert "claude-code" in err
    assert command("render", tmp_path / "none", "--client", "codex")[0] == 2
    assert command("render", folder)[0] == 2
