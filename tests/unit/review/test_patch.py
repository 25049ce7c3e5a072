"""Patches for ``git am``, against real repositories."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.unit.review.build import NOW, SKILL, Bench, edited, git, make_library
from workbench.domain.proposal import Change, HunkVerdict, Split
from workbench.files import sha256
from workbench.review.applying.patch import patch_of
from workbench.review.cutting import suggested_cuts
from workbench.review.decide import decide, record
from workbench.review.plan import ReviewProblem

TEXT = SKILL.decode()
#: No final newline, CRLF, and a .gitattributes that would change every line end.
ODD = b"---\r\nname: odd\r\ndescription: d\r\n---\r\nLast line without an end"


def am(folder: Path, patch: bytes) -> None:
    answer = subprocess.run(
        ["git", "am", "-q"], cwd=folder, input=patch, capture_output=True, check=False
    )
    assert answer.returncode == 0, answer.stderr.decode()


def test_a_patch_makes_in_another_clone_what_an_apply_makes_here(tmp_path: Path) -> None:
    library = make_library(tmp_path / "lib", {"demo/SKILL.md": SKILL})
    git(tmp_path, "clone", "--quiet", str(library), "clone")
    bench = Bench(tmp_path, library, [edited("demo/SKILL.md", TEXT.replace("First", "Very first"))])
    decision = bench.accept()
    before = git(library, "status", "--porcelain=v1", "-uall"), git(library, "rev-parse", "HEAD")
    patch = patch_of(bench.review, decision)
    assert (git(library, "status", "--porcelain=v1", "-uall"), git(library, "rev-parse", "HEAD")) \
        == before  # fmt: skip
    am(tmp_path / "clone", patch)
    bench.apply()
    assert (tmp_path / "clone/demo/SKILL.md").read_bytes() == (
        library / "demo/SKILL.md"
    ).read_bytes()
    shown = git(tmp_path / "clone", "log", "-1", "--format=%an <%ae>%n%B")
    assert shown.startswith("Ann Reviewer <ann@example.invalid>\nSay it better")
    assert "Skill-Workbench-Proposal: p1" in shown
    assert git(tmp_path / "clone", "rev-parse", "HEAD^{tree}") == git(
        library, "rev-parse", "HEAD^{tree}"
    )


def test_only_what_was_accepted_is_in_it(tmp_path: Path) -> None:
    library = make_library(tmp_path / "lib", {"demo/SKILL.md": SKILL})
    text = TEXT.replace("First", "Very first").replace("Last", "Very last")
    bench = Bench(tmp_path, library, [edited("demo/SKILL.md", text)])
    decision = bench.accept(bench.review.hunks[:1])
    patch = patch_of(bench.review, decision).decode()
    assert "+Very first line." in patch
    assert "Very last" not in patch


def test_binary_files_modes_new_and_deleted_files_and_odd_ends_come_through(
    tmp_path: Path,
) -> None:
    files = {
        "demo/SKILL.md": SKILL,
        "demo/gone.md": b"old\n",
        "demo/odd.md": ODD,
        "demo/.gitattributes": b"* text=auto eol=lf\n",
        "demo/.gitignore": b"*.bin\n",
    }
    library = make_library(tmp_path / "lib", files)
    # As the attributes have it, git keeps the odd file with other ends; its bytes are those here.
    data = bytes(range(256))
    changes = [
        Change("c1", "demo/pic.bin", "write", blob=sha256(data)),
        Change("c2", "demo/gone.md", "delete"),
        Change("c3", "demo/run.sh", "write", "#!/bin/sh\n", mode="100755"),
        edited("demo/odd.md", ODD + b"\r\nand one more", name="c4"),
        edited("demo/SKILL.md", SKILL + b"without an end", name="c5"),
    ]
    bench = Bench(tmp_path, library, changes, blobs={sha256(data): data})
    patch = patch_of(bench.review, bench.accept())
    assert b"GIT binary patch" in patch
    assert b"new file mode 100755" in patch
    assert b"deleted file mode 100644" in patch
    assert b"\\ No newline at end of file" in patch
    # A repository that changes no line ends takes it byte for byte.
    plain = make_library(tmp_path / "plain", {k: v for k, v in files.items() if ".git" not in k})
    am(plain, patch)
    assert (plain / "demo/pic.bin").read_bytes() == data
    assert (plain / "demo/odd.md").read_bytes() == ODD + b"\r\nand one more"
    assert (plain / "demo/run.sh").stat().st_mode & 0o100
    assert not (plain / "demo/gone.md").exists()


def test_a_library_inside_a_repository_has_the_repositorys_paths(tmp_path: Path) -> None:
    make_library(tmp_path / "repo", {"team/skills/demo/SKILL.md": SKILL})
    library = tmp_path / "repo/team/skills"
    bench = Bench(tmp_path, library, [edited("demo/SKILL.md", TEXT.replace("First", "1st"))])
    patch = patch_of(bench.review, bench.accept())
    assert b"a/team/skills/demo/SKILL.md" in patch


def test_a_library_without_git_gives_a_patch_too(tmp_path: Path) -> None:
    library = make_library(tmp_path / "lib", {"demo/SKILL.md": SKILL}, repository=False)
    bench = Bench(tmp_path, library, [edited("demo/SKILL.md", TEXT.replace("First", "1st"))])
    assert b"+1st line." in patch_of(bench.review, bench.accept())
    assert not (library / ".git").exists()


def test_where_nothing_is_accepted_there_is_no_patch(tmp_path: Path) -> None:
    library = make_library(tmp_path / "lib", {"demo/SKILL.md": SKILL})
    bench = Bench(tmp_path, library, [edited("demo/SKILL.md", TEXT.replace("First", "1st"))])
    decision = bench.accept([])
    with pytest.raises(ReviewProblem, match="Nothing of proposal p1 is accepted"):
        patch_of(bench.review, decision)


def test_the_users_own_settings_and_hooks_take_no_part(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hooks = tmp_path / "hooks"
    hooks.mkdir()
    (hooks / "pre-commit").write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\nexit 1\n")
    (hooks / "pre-commit").chmod(0o755)
    settings = tmp_path / "gitconfig"
    settings.write_text(
        f"[core]\n\thooksPath = {hooks}\n\tautocrlf = true\n[commit]\n\tgpgSign = true\n"
    )
    library = make_library(tmp_path / "lib", {"demo/SKILL.md": SKILL})
    bench = Bench(tmp_path, library, [edited("demo/SKILL.md", TEXT.replace("First", "1st"))])
    decision = bench.accept()
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(settings))
    assert b"+1st line." in patch_of(bench.review, decision)
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    "rationale",
    [
        "Because.\n\n---\n\nmore words",
        "Because.\n\ndiff --git a/evil.txt b/evil.txt\nnew file mode 100644\n\n--- /dev/null",
        # Wrapped at 76 columns this is a whole patch, line by line.
        "Because.\n\n--- a/" + "x" * 70 + " +++ b/" + "x" * 70 + " @@ -0,0 +1 @@ +" + "e" * 75,
        "Because.\n\nIndex: evil.txt\n\n--- /dev/null",
        "Because.\n\nFrom 0123456789012345678901234567890123456789 Mon Sep 17 00:00:00 2001",
        "From: Eve <eve@example.invalid>\n\nrest",
        "from: Eve <eve@example.invalid>\n\nDate: 2001\n\nrest",
        "Subject: something else\n\nrest",
        "Because.\n\n-- >8 --\n\nrest",
        "- - 8< - - cut here - - 8< - -\n\nrest",
    ],
)
def test_words_of_an_engine_stay_words_in_a_mail(tmp_path: Path, rationale: str) -> None:
    library = make_library(tmp_path / "lib", {"demo/SKILL.md": SKILL})
    git(tmp_path, "clone", "--quiet", str(library), "clone")
    git(tmp_path / "clone", "config", "mailinfo.scissors", "true")
    bench = Bench(tmp_path, library, [edited("demo/SKILL.md", TEXT.replace("First", "Very first"))])
    proposal = bench.store.get(bench.id)
    bench.store.update(replace(proposal, draft=replace(proposal.draft, rationale=rationale)))
    am(tmp_path / "clone", patch_of(bench.review, bench.accept()))
    bench.apply()
    for what in ("HEAD^{tree}", "HEAD~1"):
        mailed, applied = (git(one, "rev-parse", what) for one in (tmp_path / "clone", library))
        assert mailed == applied
    # Every word and every trailer came along, and nobody else signs it.
    mailed = git(tmp_path / "clone", "log", "-1", "--format=%B")
    assert mailed == git(library, "log", "-1", "--format=%B")
    assert "Skill-Workbench-Content: " in mailed
    assert git(tmp_path / "clone", "log", "-1", "--format=%an") == "Ann Reviewer"


def test_a_title_keeps_its_tags_in_a_mail(tmp_path: Path) -> None:
    library = make_library(tmp_path / "lib", {"demo/SKILL.md": SKILL})
    git(tmp_path, "clone", "--quiet", str(library), "clone")
    bench = Bench(tmp_path, library, [edited("demo/SKILL.md", TEXT.replace("First", "Very first"))])
    proposal = bench.store.get(bench.id)
    title = "[security] [docs] say it better"
    bench.store.update(replace(proposal, draft=replace(proposal.draft, title=title)))
    am(tmp_path / "clone", patch_of(bench.review, bench.accept()))
    subject = git(tmp_path / "clone", "log", "-1", "--format=%s")
    assert subject == "(security) [docs] say it better"


def test_a_split_an_edit_and_a_renamed_program_with_other_line_ends_come_through(
    tmp_path: Path,
) -> None:
    files = {
        "demo/SKILL.md": SKILL,
        "demo/old.sh": b"#!/bin/sh\r\necho one\r\necho two",
        "demo/picture.bin": bytes(range(256)),
    }
    library = make_library(tmp_path / "lib", files)
    git(tmp_path, "clone", "--quiet", str(library), "clone")
    text = TEXT.replace("First line.", "Very first line.\n\nAnd a second one.")
    changes = [
        edited("demo/SKILL.md", text),
        edited("demo/old.sh", "#!/bin/sh\r\necho one\r\necho three", "c2"),
        Change("c3", "demo/old.sh", "mode", mode="100755"),
        Change("c4", "demo/old.sh", "rename", new_path="demo/new name.sh"),
        Change("c5", "demo/picture.bin", "rename", new_path="demo/bild ü.bin"),
    ]
    bench = Bench(tmp_path, library, changes)
    first = bench.review.hunks[0]
    review = bench.review.with_splits([Split(first.id, suggested_cuts(first, "lines"))])
    parts = [hunk for hunk in review.hunks if hunk.part_of == first.id]
    assert len(parts) > 1
    left = parts[-1]
    verdicts = [
        HunkVerdict(hunk.id, "reject" if hunk is left else "accept")
        for hunk in review.hunks
        if hunk is not parts[0]
    ]
    verdicts.append(HunkVerdict(parts[0].id, "accept", edited=("Written by a person.\n",)))
    decision = decide(review, verdicts, reviewer="Ann <ann@example.invalid>", now=NOW)
    record(review, decision)
    am(tmp_path / "clone", patch_of(bench.review, decision))
    bench.apply()
    assert git(tmp_path / "clone", "rev-parse", "HEAD^{tree}") == git(
        library, "rev-parse", "HEAD^{tree}"
    )
    assert b"Written by a person." in (tmp_path / "clone/demo/SKILL.md").read_bytes()
    assert (tmp_path / "clone/demo/new name.sh").stat().st_mode & 0o100
    assert (tmp_path / "clone/demo/bild ü.bin").read_bytes() == bytes(range(256))
