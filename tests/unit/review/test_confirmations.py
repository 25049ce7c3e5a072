"""Programs, deletions and permissions are confirmed one by one, whoever applies."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.review.build import SKILL, Bench, edited, git, make_library, tree
from workbench.domain.proposal import Change
from workbench.review.plan import ReviewProblem
from workbench.review.rules.confirmations import Unconfirmed, confirmations

TOOLS = SKILL.replace(b"---\n# Demo", b"allowed-tools: Bash(git:*)\n---\n# Demo")


def bench_of(tmp_path: Path, *changes: Change) -> Bench:
    files = {
        "demo/SKILL.md": SKILL,
        "demo/scripts/run.py": b"print(1)\n",
        "demo/notes.md": b"old\n",
        "tools/SKILL.md": TOOLS,
    }
    library = make_library(tmp_path / "library", files)
    return Bench(tmp_path, library, list(changes))


def needed(bench: Bench) -> dict[str, str]:
    decision = bench.accept()
    review = bench.review
    found = confirmations(review.result(decision.verdicts), review.read_base)
    return {one.key: one.why for one in found}


def test_each_kind_is_told_with_what_is_done(tmp_path: Path) -> None:
    bench = bench_of(
        tmp_path,
        edited("demo/SKILL.md", SKILL.replace(b"1. One", b"1. Uno"), "c0"),
        edited("demo/scripts/run.py", "print(2)\n", "c1"),
        edited("demo/scripts/new.py", "print(3)\n", "c2"),
        edited("demo/tool", "#!/bin/sh\n", "c3"),
        Change("c4", "demo/notes.md", "delete"),
    )
    assert needed(bench) == {
        "demo/notes.md": "This file is deleted.",
        "demo/scripts/new.py": "A new program.",
        "demo/scripts/run.py": "A program changes.",
        "demo/tool": "A new program.",
    }


def test_a_file_that_becomes_executable_and_a_program_that_moves(tmp_path: Path) -> None:
    bench = bench_of(
        tmp_path,
        Change("c1", "demo/notes.md", "mode", mode="100755"),
        Change("c2", "demo/scripts/run.py", "rename", new_path="demo/scripts/go.py"),
    )
    assert needed(bench) == {
        "demo/notes.md": "This file becomes executable.",
        "demo/scripts/go.py": "A program moves here from demo/scripts/run.py.",
    }


@pytest.mark.parametrize(
    ("path", "before", "after", "why"),
    [
        ("demo/SKILL.md", SKILL, TOOLS, "allowed-tools is set to Bash(git:*)."),
        (
            "tools/SKILL.md",
            TOOLS,
            TOOLS.replace(b"Bash(git:*)", b"Bash"),
            "allowed-tools becomes Bash (was Bash(git:*)).",
        ),
    ],
)
def test_permissions_that_a_skill_declares(
    tmp_path: Path, path: str, before: bytes, after: bytes, why: str
) -> None:
    bench = bench_of(tmp_path, edited(path, after))
    assert needed(bench) == {f"{path}#allowed-tools": why}


def test_to_give_up_tools_wants_no_yes_and_to_unforbid_some_does(tmp_path: Path) -> None:
    bench = bench_of(tmp_path, edited("tools/SKILL.md", SKILL))
    assert needed(bench) == {}
    forbidden = SKILL.replace(b"---\n# Demo", b"disallowed-tools: Bash\n---\n# Demo")
    library = make_library(tmp_path / "b", {"demo/SKILL.md": forbidden})
    other = Bench(tmp_path / "other", library, [edited("demo/SKILL.md", SKILL)])
    assert list(needed(other)) == ["demo/SKILL.md#disallowed-tools"]


def test_nothing_is_written_before_each_is_confirmed(tmp_path: Path) -> None:
    bench = bench_of(
        tmp_path,
        edited("demo/scripts/run.py", "print(2)\n", "c1"),
        Change("c2", "demo/notes.md", "delete"),
    )
    before = tree(bench.library)
    bench.accept()
    with pytest.raises(Unconfirmed, match=r"demo/notes.md: This file is deleted") as caught:
        bench.apply(confirmed=("demo/scripts/run.py",))
    assert [one.key for one in caught.value.missing] == ["demo/notes.md"]
    with pytest.raises(Unconfirmed):
        bench.apply(confirmed=("all-scripts",))
    with pytest.raises(
        ReviewProblem, match=r"demo/note.md is confirmed, but .* does nothing there"
    ):
        bench.apply(confirmed=("demo/scripts/run.py", "demo/notes.md", "demo/note.md"))
    assert tree(bench.library) == before
    assert bench.states == []
    receipt = bench.apply(confirmed=("demo/scripts/run.py", "all-deletions"))
    assert receipt.confirmed == ("demo/notes.md", "demo/scripts/run.py")
    trailers = git(bench.library, "log", "-1", "--format=%(trailers:key=Skill-Workbench-Confirmed)")
    assert "demo/notes.md (This file is deleted)" in trailers
    assert "demo/scripts/run.py (A program changes)" in trailers


def test_plain_text_wants_nothing(tmp_path: Path) -> None:
    bench = bench_of(tmp_path, edited("demo/SKILL.md", SKILL.replace(b"1. One", b"1. Uno")))
    bench.accept()
    receipt = bench.apply(confirmed=())
    assert (receipt.state, receipt.confirmed) == ("committed", ())
