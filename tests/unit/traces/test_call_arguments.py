import shlex
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.traces.call_arguments import inner_command, main_argument, patched_files


@pytest.mark.parametrize(
    ("command", "inner"),
    [
        ("ls -la", "ls -la"),
        ("/bin/bash -lc 'ls | wc'", "ls | wc"),
        ('/bin/bash -lc "echo \\"a\\" \\$HOME"', 'echo "a" $HOME'),
        ("bash -c ls", "ls"),
        ("zsh -lc 'it'\"'\"'s'", "it's"),
        ("bash script.sh", "bash script.sh"),
        ("bash -lc 'open quote", "'open quote"),
        (["bash", "-lc", "ls -la"], "ls -la"),
        (["git", "commit", "-m", "two words"], "git commit -m 'two words'"),
        (None, ""),
        ({"x": 1}, ""),
    ],
)
def test_the_command_inside_the_shell_is_shown(command: Any, inner: str) -> None:
    assert inner_command(command) == inner


@given(st.text(min_size=1, max_size=60))
def test_every_quoted_script_comes_back(script: str) -> None:
    assert inner_command(f"/bin/bash -lc {shlex.quote(script)}") == (
        script if shlex.quote(script) != script else script.strip()
    )


@pytest.mark.parametrize(
    ("arguments", "shown"),
    [
        ({"timeout": 5, "file_path": "/a/b.py"}, "/a/b.py"),
        ('{"cmd": "bash -lc \'ls\'"}', "ls"),
        ({"questions": [1]}, '{"questions": [1]}'),
        ("*** Begin Patch\n***", "*** Begin Patch ***"),
        ({}, ""),
        (None, ""),
        (["fast"], '["fast"]'),
    ],
)
def test_the_telling_argument_is_found(arguments: Any, shown: str) -> None:
    assert main_argument(arguments) == shown


def test_a_patch_names_its_files_once() -> None:
    patch = (
        "*** Begin Patch\n*** Update File: a b.py\n@@\n*** Add File: c\n*** Update File: a b.py\n"
    )
    assert patched_files(patch) == ("a b.py", "c")
