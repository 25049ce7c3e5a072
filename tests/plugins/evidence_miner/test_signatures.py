from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.plugins.evidence_miner.runs import PLUGIN


@pytest.fixture(autouse=True)
def _miner_on_path(monkeypatch):
    monkeypatch.syspath_prepend(str(PLUGIN))


@pytest.mark.parametrize(
    ("output", "signature"),
    [
        ("bash: line 3: file: command not found\n", "file: command not found"),
        ("/bin/sh: 1: python: not found\n", "python: command not found"),
        (
            "Traceback (most recent call last):\n  File \"/a/b.py\", line 3\n"
            "ModuleNotFoundError: No module named 'yaml'\n",
            "ModuleNotFoundError: No module named 'yaml'",
        ),
        ("/usr/bin/python3: No module named pytest", "python3: No module named pytest"),
        ("Exit code 1\nerror: externally-managed\n\nmore", "error: externally-managed"),
        ("KeyError: 'total'", "KeyError: …"),
        ("ValueError: row 17 of /data/x.csv is 0x1f", "ValueError: row N of PATH is N"),
        ("rg: unrecognized flag --include\n", "rg: unrecognized flag --include"),
        ("\x1b[31merror:\x1b[0m bad thing 12", "error: bad thing N"),
    ],
)  # fmt: skip
def test_a_signature_keeps_names_and_drops_the_rest(output, signature):
    from evidence_miner.signatures import error_line

    found = error_line(output)
    assert found is not None
    assert found.signature == signature
    assert found.quote in output


@pytest.mark.parametrize("output", ["", "12 files\n", "done in 0.3 s\n--- a\n+++ b\n"])
def test_output_without_an_error_has_none(output):
    from evidence_miner.signatures import error_line

    assert error_line(output) is None


@pytest.mark.parametrize(
    "line",
    [
        "curl: (6) Could not resolve host: example.invalid",
        "Error: 429 Too Many Requests",
        "OSError: [Errno 28] No space left on device",
        "requests.exceptions.ReadTimeout: Read timed out.",
    ],
)
def test_infrastructure_is_told_apart(line):
    from evidence_miner.signatures import error_line

    found = error_line(line)
    assert found is not None
    assert found.infra


def test_a_missing_file_is_only_looking_around():
    from evidence_miner.signatures import error_line

    assert error_line("ls: cannot access '/x/y': No such file or directory").exploring
    assert not error_line("python: command not found").exploring


@given(st.text(max_size=300))
def test_any_output_gives_an_exact_quote_or_nothing(output):
    from evidence_miner.signatures import error_line

    found = error_line(output)
    assert found is None or (found.quote in output and found.quote == found.quote.strip())


@pytest.mark.parametrize(
    ("tool", "arguments", "command"),
    [
        ("Bash", {"command": "ls -l", "description": "List"}, "ls -l"),
        ("shell", {"command": ["bash", "-lc", "pip install x"]}, "pip install x"),
        ("shell", {"command": ["git", "status"]}, "git status"),
        ("command_execution", {"command": "/bin/bash -lc 'echo \"a b\"'"}, 'echo "a b"'),
        ("Read", {"file_path": "/x"}, ""),
    ],
)
def test_the_command_is_taken_out_of_its_wrappers(tool, arguments, command):
    from evidence_miner.commands import command_of

    assert command_of(tool, "", json.dumps(arguments)) == command


@given(st.text(st.characters(exclude_characters="\0"), min_size=1, max_size=40))
def test_wrappers_come_off_as_the_shell_takes_them_off(command):
    import shlex

    from evidence_miner.commands import unwrapped

    wrapped = "/bin/bash -lc " + shlex.quote(f"x{command}x")
    assert unwrapped(wrapped) == shlex.split(wrapped)[2]


@pytest.mark.parametrize(
    ("failed", "worked", "missing", "shown"),
    [
        ("python a.py", "python3 a.py", "python", ("python a.py", "python3 a.py")),
        (
            "cd /x && pip install a && run",
            "cd /x && pip install a --user && run",
            "",
            ("pip install a", "pip install a --user"),
        ),
        ("file a.pdf", 'python3 -c "open(1)"', "file", None),
        ("jar cf a.jar", "cat <<E\nx = jar('a.jar')\nE", "jar", None),
    ],
)
def test_only_what_differs_is_shown(failed, worked, missing, shown):
    from evidence_miner.commands import contrast

    found = contrast(failed, worked, missing=missing)
    assert (found and (found.failed, found.worked)) == shown


def test_of_scripts_the_changed_line_is_shown():
    from evidence_miner.commands import contrast

    script = "python3 <<'E'\nimport a\nsheet.cells(1)\nprint(2)\nE"
    found = contrast(script, script.replace("cells", "cell"))
    assert (found.failed, found.worked) == ("sheet.cells(1)", "sheet.cell(1)")


@given(st.text(max_size=60), st.text(max_size=60))
def test_shown_parts_are_parts(failed, worked):
    from evidence_miner.commands import contrast

    found = contrast(failed, worked)
    assert found is None or (found.failed in failed and found.worked in worked)


@given(st.text(max_size=40))
def test_a_code_span_shows_its_text(text):
    from evidence_miner.commands import as_code
    from markdown_it import MarkdownIt

    line = "".join(text.split("\n")).replace("\r", "").replace("\0", "").strip()
    if not line.strip():
        return
    [block] = [t for t in MarkdownIt("commonmark").parse(f"x {as_code(line)} y") if t.children]
    assert [child.content for child in block.children if child.type == "code_inline"] == [line]
