"""Another version of the library as a folder or a branch: which proposals come of it."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.plugins.inputs import contents, skill_inputs, unchanged, write_library
from workbench.domain.job import AnyEvent, Finished, ProposalEvent, Request, Warning_
from workbench.domain.proposal import Change, ProposalDraft
from workbench.plugin.testing import run_in_process
from workbench.resources import bundled

PLUGIN = bundled("plugins") / "folder_importer"


@pytest.fixture
def library(tmp_path: Path) -> Path:
    folder = tmp_path / "run" / "library"
    write_library(folder)
    return folder


@pytest.fixture
def other(tmp_path: Path, library: Path) -> Path:
    return Path(shutil.copytree(library, tmp_path / "other"))


def run(library: Path, source: object, **fields: object) -> tuple[AnyEvent, ...]:
    values: dict = {
        "job": "run",
        "kind": "importer",
        "library": str(library),
        "skills": skill_inputs(library),
        "source": str(source),
        **fields,
    }
    return run_in_process(PLUGIN, Request(**values), library.parent)


def drafts(events: tuple[AnyEvent, ...]) -> list[ProposalDraft]:
    return [e.draft for e in events if isinstance(e, ProposalEvent) and e.draft is not None]


def warnings(events: tuple[AnyEvent, ...]) -> list[str]:
    return [event.text for event in events if isinstance(event, Warning_)]


def end(events: tuple[AnyEvent, ...]) -> Finished:
    assert isinstance(events[-1], Finished)
    return events[-1]


def applied(library: Path, changes: tuple[Change, ...]) -> None:
    """Apply changes as the host would, to compare the outcome byte for byte."""
    for change in changes:
        path = library / change.path
        if change.op == "delete":
            path.unlink()
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        if change.new_text is not None:
            path.write_bytes(change.new_text.encode())
        elif change.blob is not None:
            path.write_bytes((library.parent / "blobs" / change.blob).read_bytes())
        if change.mode is not None:
            path.chmod(0o755 if change.mode == "100755" else 0o644)


def test_the_same_version_changes_nothing(library: Path, other: Path) -> None:
    events = run(library, other)
    assert drafts(events) == []
    assert end(events).status == "no_change"


def test_the_proposals_turn_the_library_into_the_other_version_byte_for_byte(
    library: Path, other: Path
) -> None:
    (other / "pdf/SKILL.md").write_bytes((other / "pdf/SKILL.md").read_bytes() + b"\nNew line")
    (other / "pdf/assets/logo.png").write_bytes(b"\x89PNG\0other")
    (other / "pdf/scripts/extract.py").chmod(0o644)
    (other / "pdf/scripts/new.sh").write_bytes(b"#!/bin/sh\necho\n")
    (other / "pdf/scripts/new.sh").chmod(0o755)
    (other / "mail/references/empty.md").unlink()
    (other / "mail/references/latin1.txt").write_bytes("thé".encode("latin-1"))
    (other / "mail/SKILL.md").write_bytes(b"\xef\xbb\xbf---\r\nname: mail\r\n---\r\nBe\rshort.\n")
    found = drafts(run(library, other))
    assert [draft.skills for draft in found] == [("mail",), ("pdf",)]
    assert {change.op for draft in found for change in draft.changes} == {
        "write",
        "delete",
        "mode",
    }
    for draft in found:
        applied(library, draft.changes)
    assert [value for value in contents(library).values() if value[1] is not None] == [
        value for value in contents(other).values() if value[1] is not None
    ]


def test_the_rationale_says_of_each_file_what_changes(library: Path, other: Path) -> None:
    skill_md = other / "pdf/SKILL.md"
    skill_md.write_text(skill_md.read_text().replace("# PDF", "# Tables\n\nMore."))
    (other / "pdf/scripts/extract.py").chmod(0o644)
    (draft,) = drafts(run(library, other))
    assert draft.title == "Take pdf from the folder other"
    assert "- SKILL.md: +3 -1 lines" in draft.rationale
    assert "- scripts/extract.py: no longer executable" in draft.rationale


def test_binary_content_goes_by_reference(library: Path, other: Path) -> None:
    data = b"\x89PNG\0other"
    (other / "pdf/assets/logo.png").write_bytes(data)
    (draft,) = drafts(run(library, other))
    (change,) = draft.changes
    assert (change.new_text, change.blob) == (None, hashlib.sha256(data).hexdigest())


def test_a_skill_that_only_the_other_version_has_is_created(library: Path, other: Path) -> None:
    (other / "deep/charts").mkdir(parents=True)
    (other / "deep/charts/SKILL.md").write_text("---\nname: charts\n---\n")
    (draft,) = drafts(run(library, other))
    assert (draft.kind, draft.title) == ("create", "Add charts from the folder other")
    assert [change.path for change in draft.changes] == ["deep/charts/SKILL.md"]
    assert drafts(run(library, other, settings={"new_skills": False})) == []


def test_the_folder_of_one_skill_is_matched_by_its_name(library: Path, other: Path) -> None:
    one = other.parent / "my copy"
    shutil.copytree(other / "pdf", one)
    (one / "SKILL.md").write_bytes((one / "SKILL.md").read_bytes() + b"more\n")
    events = run(library, one)
    (draft,) = drafts(events)
    assert [change.path for change in draft.changes] == ["pdf/SKILL.md"]
    assert any("1 skills of the library are not in" in text for text in warnings(events))


def test_a_skill_moved_to_another_folder_is_still_the_same(library: Path, other: Path) -> None:
    (other / "office").mkdir()
    (other / "pdf").rename(other / "office" / "pdf-tools")
    (other / "office/pdf-tools/scripts/extract.py").write_text("print()\n")
    (draft,) = drafts(run(library, other))
    assert [change.path for change in draft.changes] == ["pdf/scripts/extract.py"]


def test_two_skills_of_one_name_are_not_confused(library: Path, other: Path) -> None:
    shutil.copytree(other / "pdf", other / "pdf copy")
    (other / "pdf").rename(other / "pdf-a")
    found = drafts(run(library, other))
    assert [draft.kind for draft in found] == ["create", "create"]


def test_removed_skills_are_deleted_only_when_asked_for(library: Path, other: Path) -> None:
    shutil.rmtree(other / "pdf")
    events = run(library, other)
    assert drafts(events) == []
    assert any("They stay" in text for text in warnings(events))
    (draft,) = drafts(run(library, other, settings={"removed_skills": "yes"}))
    assert draft.kind == "retire"
    assert {change.path for change in draft.changes} == {
        "pdf/SKILL.md",
        "pdf/assets/logo.png",
        "pdf/scripts/extract.py",
    }


def test_links_and_leftovers_are_left_out(library: Path, other: Path, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("not yours")
    (other / "pdf/secret.md").symlink_to(tmp_path / "secret")
    (other / "pdf/loop").symlink_to(other)
    (other / "pdf/__pycache__").mkdir()
    (other / "pdf/__pycache__/x.pyc").write_bytes(b"x")
    (other / "pdf/.DS_Store").write_bytes(b"x")
    os.mkfifo(other / "pdf/pipe")
    events = run(library, other)
    assert drafts(events) == []
    assert "pdf/secret.md is a link; links are never followed; it was left out." in warnings(events)
    assert "pdf/pipe is no regular file; it was left out." in warnings(events)


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("nowhere", "is no folder"),
        ("run/library/pdf/scripts", "There is no SKILL.md in"),
        ("", "Nothing to compare with"),
    ],
)
def test_a_source_that_is_none_is_told_in_words(
    library: Path, tmp_path: Path, source: str, words: str
) -> None:
    events = run(library, tmp_path / source if source else "")
    assert end(events).status == "failed"
    assert words in end(events).summary
    assert drafts(events) == []


def git(folder: Path, *arguments: str) -> None:
    subprocess.run(["git", *arguments], cwd=folder, check=True, capture_output=True)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository with the library in a folder of it and a branch with another version."""
    root = tmp_path / "repository"
    write_library(root / "skills")
    git(tmp_path, "init", "-q", "-b", "main", str(root))
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", "First")
    git(root, "checkout", "-q", "-b", "evolved")
    skill_md = root / "skills/pdf/SKILL.md"
    skill_md.write_bytes(skill_md.read_bytes() + b"\nRead the error.\n")
    (root / "skills/pdf/assets/logo.png").write_bytes(b"\0new")
    (root / "skills/pdf/link").symlink_to("/etc/passwd")
    (root / "skills/pdf/scripts/extract.py").chmod(0o644)
    shutil.rmtree(root / "skills/mail")
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", "Learn from runs")
    git(root, "checkout", "-q", "main")
    return root


def test_a_branch_is_read_from_the_object_store(library: Path, repository: Path) -> None:
    with unchanged(repository):
        events = run(library, "git:evolved", source_repository=str(repository / "skills"))
    found = drafts(events)
    assert [(draft.kind, draft.skills) for draft in found] == [
        ("edit", ("pdf",)),
        ("retire", ("mail",)),
    ]
    assert {(change.path, change.op) for change in found[0].changes} == {
        ("pdf/SKILL.md", "write"),
        ("pdf/assets/logo.png", "write"),
        ("pdf/scripts/extract.py", "mode"),
    }
    assert "Learn from runs" in found[0].rationale
    assert any("link is a link" in text for text in warnings(events))
    applied(library, found[0].changes)
    assert (library / "pdf/SKILL.md").read_bytes().endswith(b"\nRead the error.\n")
    assert (library / "pdf/assets/logo.png").read_bytes() == b"\0new"


def test_a_branch_without_changes_proposes_nothing(library: Path, repository: Path) -> None:
    events = run(library, "git:main", source_repository=str(repository / "skills"))
    assert drafts(events) == []
    assert end(events).status == "no_change"


def test_line_ends_of_a_checkout_with_crlf_are_kept(library: Path, repository: Path) -> None:
    for text in (library / "pdf").rglob("*.[mp][dy]"):
        text.write_bytes(text.read_bytes().replace(b"\n", b"\r\n"))
    found = drafts(run(library, "git:evolved", source_repository=str(repository / "skills")))
    change = next(one for one in found[0].changes if one.path == "pdf/SKILL.md")
    assert change.new_text is not None
    assert change.new_text.endswith("\r\nRead the error.\r\n")
    assert "\n" not in change.new_text.replace("\r\n", "")


def test_nothing_of_the_repository_is_run(library: Path, repository: Path, tmp_path: Path) -> None:
    trap = tmp_path / "trap.sh"
    trap.write_text(f"#!/bin/sh\ntouch {tmp_path}/sprung\n")
    trap.chmod(0o755)
    for key in (
        "core.fsmonitor",
        "core.sshCommand",
        "core.pager",
        "filter.t.smudge",
        "diff.t.textconv",
    ):
        git(repository, "config", key, str(trap))
    for hook in ("post-checkout", "reference-transaction", "post-index-change"):
        shutil.copy(trap, repository / ".git/hooks" / hook)
    (repository / ".git/info/attributes").write_text("* filter=t diff=t\n")
    assert drafts(run(library, "git:evolved", source_repository=str(repository / "skills")))
    assert not (tmp_path / "sprung").exists()


@pytest.mark.parametrize("branch", ["nowhere", "--output=stolen", "main:skills", ""])
def test_a_branch_that_is_none_is_told_with_those_there_are(
    library: Path, repository: Path, branch: str
) -> None:
    events = run(library, f"git:{branch}", source_repository=str(repository / "skills"))
    assert end(events).status == "failed"
    assert f"There is no branch '{branch}'" in end(events).summary
    assert "evolved, main" in end(events).summary


def test_a_folder_without_a_repository_is_told_so(library: Path, tmp_path: Path) -> None:
    events = run(library, "git:main", source_repository=str(tmp_path))
    assert end(events).status == "failed"
    assert "not a git repository" in end(events).summary


def test_without_git_it_says_what_to_do(
    library: Path, repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    events = run(library, "git:evolved", source_repository=str(repository / "skills"))
    assert end(events).status == "failed"
    assert "Install git" in end(events).summary
