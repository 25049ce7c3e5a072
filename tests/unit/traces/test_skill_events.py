"""What paths and shell commands do with skills."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.traces.skill_events import (
    file_edited,
    file_read,
    injected_skills,
    script_file,
    shell_uses,
)

_PDF = ".claude/skills/pdf"


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        (f"cat {_PDF}/SKILL.md | head -20", [("loaded", "pdf")]),
        (f"sed -n '1,80p' {_PDF}/SKILL.md && ls", [("loaded", "pdf")]),
        (f"bash -lc 'head -5 {_PDF}/SKILL.md'", [("loaded", "pdf")]),
        (f"cd {_PDF}; cat SKILL.md", [("loaded", "pdf")]),
        (f"FOO=1 sudo cat {_PDF}/SKILL.md", [("loaded", "pdf")]),
        (f"cat '{_PDF}/references/a b.md'", [("resource_read", "pdf")]),
        (f"python3 -u {_PDF}/scripts/fill.py a.pdf", [("script_run", "pdf")]),
        (f"uv run {_PDF}/scripts/fill.py", [("script_run", "pdf")]),
        (f"uv run python {_PDF}/scripts/fill.py", [("script_run", "pdf")]),
        (f"python3.12 {_PDF}/scripts/fill.py", [("script_run", "pdf")]),
        (f"./{_PDF}/scripts/fill.sh > out.txt 2>&1", [("script_run", "pdf")]),
        (f"cd {_PDF} && node scripts/fill.js", [("script_run", "pdf")]),
        (f"cat {_PDF}/SKILL.md; cat {_PDF}/SKILL.md", [("loaded", "pdf")]),
        (f"cat > {_PDF}/SKILL.md <<'EOF'\ncat other/SKILL.md\nEOF\n", [("edited", "pdf")]),
        (f"echo x >> {_PDF}/SKILL.md", [("edited", "pdf")]),
        (f"sed -i s/a/b/ {_PDF}/SKILL.md", [("edited", "pdf")]),
        (f"echo x | tee {_PDF}/notes.md", [("edited", "pdf")]),
        ("cat ~/.codex/skills/.system/pdf/SKILL.md", [("loaded", "pdf")]),
        (f"grep -n x {_PDF}/SKILL.md", []),
        (f"rg x {_PDF}", []),
        (f"git log -- {_PDF}/SKILL.md", []),
        (f"find {_PDF} -name SKILL.md", []),
        ("cat .claude/skills/*/SKILL.md", []),
        (f"python -m pytest {_PDF}", []),
        (f"cp {_PDF}/SKILL.md /tmp", []),
        ("cat README.md", []),
    ],
)
def test_commands(command: str, expected: list[tuple[str, str]]) -> None:
    assert [(use.kind, use.skill) for use in shell_uses(command)] == expected


@given(command=st.text(alphabet="cat >'\"\\;&|()<$\n/SKILmd.skillspython- EOF", max_size=80))
def test_no_command_makes_it_fail(command: str) -> None:
    assert all(use.skill for use in shell_uses(command))


def test_a_known_folder_makes_any_file_in_it_the_skills() -> None:
    assert file_read("/w/tools/pdf/x/deep.md") is None
    use = file_read("/w/tools/pdf/x/deep.md", {"/w/tools/pdf": None})
    assert use is not None
    assert (use.kind, use.skill, use.confidence) == ("resource_read", "pdf", "strong")


def test_a_path_that_only_looks_like_a_skill_is_weak() -> None:
    use = file_read("src/skills/fire/ball.py")
    assert use is not None
    assert use.confidence == "weak"
    sure = file_read("/r/.agents/skills/fire/ball.md")
    assert sure is not None
    assert sure.confidence == "strong"


@pytest.mark.parametrize(
    "path", ["", "/", "SKILL.md", "../SKILL.md", "skills/x.md", "a/*/SKILL.md"]
)
def test_paths_that_name_no_skill(path: str) -> None:
    assert file_read(path) is None
    assert file_edited(path) is None


def test_windows_paths() -> None:
    use = file_read(r"C:\Users\me\.claude\skills\pdf\SKILL.md")
    assert use is not None
    assert use.skill == "pdf"


def test_only_files_below_scripts_are_scripts() -> None:
    assert script_file(f"{_PDF}/references/run.py") is None
    assert script_file(f"{_PDF}/scripts/deep/run.py") is not None


def test_skills_injected_into_a_message() -> None:
    said = "x <skill>\n<name>pdf</name>\n<path>/s/pdf/SKILL.md</path>\n# body</skill> <skill><name>"
    assert injected_skills(said) == [("pdf", "/s/pdf/SKILL.md")]
