from __future__ import annotations

import pytest

from tests.unit.cli.authoring import checked
from tests.unit.evolution.library import make_library


@pytest.fixture
def library(tmp_path):
    return make_library(tmp_path / "library")


def test_parts_are_locked_listed_and_unlocked(command, library):
    assert command("lock", library)[:2] == (0, "Nothing is locked.\n")
    code, out, _ = command("lock", library, "pdf", "SKILL.md#Steps", "--reason", "agreed")
    assert (code, out) == (0, "pdf  SKILL.md#Steps  agreed\n")
    _, out, _ = command("lock", library, "pdf", "--format", "json", "--by", "Ada")
    (whole, section) = checked(out, "locks")["locks"]
    assert (whole["part"], whole["by"], section["part"]) == ("*", "Ada", "SKILL.md#Steps")
    code, out, _ = command("lock", library, "pdf", "--remove")
    assert (code, out) == (0, "pdf  SKILL.md#Steps  agreed\n")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("ghost",), "no skill 'ghost'"),
        (("pdf", "none.md"), "no file 'none.md'"),
        (("pdf", "SKILL.md:4-2"), "no lines"),
        (("pdf", "--remove"), "no lock on"),
    ],
)
def test_what_cannot_be_locked_is_told(command, library, arguments, words):
    code, _, err = command("lock", library, *arguments)
    assert code == 2
    assert words in err
