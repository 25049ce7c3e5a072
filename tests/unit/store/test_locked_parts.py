from __future__ import annotations

import pytest

from workbench.store.locked_parts import (
    LOCKS_FILE,
    LockedPart,
    LocksProblem,
    locked_parts,
    set_locked,
    unlock,
)


def test_locks_are_kept_told_apart_by_part_and_taken_away(tmp_path):
    assert locked_parts(tmp_path) == ()
    whole, section = LockedPart("b"), LockedPart("a", "SKILL.md#Safety", 'said "no"', "me")
    set_locked(tmp_path, whole)
    set_locked(tmp_path, section)
    assert locked_parts(tmp_path) == (section, whole)
    again = LockedPart("a", "SKILL.md#Safety", "another reason")
    set_locked(tmp_path, again)
    assert locked_parts(tmp_path) == (again, whole)
    assert unlock(tmp_path, "a", "SKILL.md#Safety")
    assert not unlock(tmp_path, "a", "SKILL.md#Safety")
    assert locked_parts(tmp_path) == (whole,)


@pytest.mark.parametrize("part", ["", " ", "#Safety", "SKILL.md#", "SKILL.md:9-3", "SKILL.md:0-3"])
def test_what_names_no_part_cannot_be_locked(tmp_path, part):
    with pytest.raises(LocksProblem, match="names no"):
        set_locked(tmp_path, LockedPart("a", part))
    assert not (tmp_path / LOCKS_FILE).exists()


@pytest.mark.parametrize(
    "text",
    ["[[lock]", '[[lock]]\nskill = 3\n', '[[lock]]\npart = "*"\n', '[[lock]]\nskill="a"\nx=1\n',
     '[[lock]]\nskill = "a"\npart = "SKILL.md:5-2"\n', "\x00"],
)  # fmt: skip
def test_a_file_that_cannot_be_understood_is_never_no_locks(tmp_path, text):
    (tmp_path / ".workbench").mkdir()
    (tmp_path / LOCKS_FILE).write_text(text)
    with pytest.raises(LocksProblem, match=r"locks\.toml"):
        locked_parts(tmp_path)
