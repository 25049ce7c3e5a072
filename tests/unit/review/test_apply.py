"""Applying into real repositories: exactly the approved bytes, or nothing."""

from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path

import pytest

from tests.unit.review.build import NOW, SKILL, Bench, edited, git, make_library, tree
from workbench.domain.proposal import Change, Evidence, EvidenceCheck, HunkVerdict, ReceiptFile
from workbench.files import FileProblem, sha256
from workbench.review import disk
from workbench.review.applying import transaction
from workbench.review.applying.transaction import RolledBack, Stale
from workbench.review.decide import decide, record
from workbench.review.plan import ReviewProblem
from workbench.store.git import GitMissing, GitProblem, Repository

NEW = SKILL.replace(b"1. One", b"1. Uno").replace(b"Last line.", b"Last words.")


@pytest.fixture
def library(tmp_path: Path) -> Path:
    files = {"demo/SKILL.md": SKILL, "demo/scripts/run.sh": b"#!/bin/sh\n", "other/SKILL.md": SKILL}
    return make_library(tmp_path / "library", files)


@pytest.fixture
def bench(tmp_path: Path, library: Path) -> Bench:
    return Bench(tmp_path, library, [edited("demo/SKILL.md", NEW)])


def test_the_accepted_part_alone_is_committed_with_its_provenance(
    tmp_path: Path, library: Path
) -> None:
    quote = Evidence("e1", "trace-a", 3, 4, "command failed")
    other = Evidence("e2", "trace-b", 1, 1, "other")
    first = SKILL.replace(b"1. One", b"1. Uno")
    changes = [
        edited("demo/SKILL.md", first, "c1", evidence=("e1",)),
        edited("demo/SKILL.md", NEW, "c2", evidence=("e2",)),
    ]
    check = EvidenceCheck("e1", "verified", "/t.jsonl", "ab" * 32)
    bench = Bench(tmp_path, library, changes, evidence=[quote, other], checks=[check])
    bench.accept(bench.review.hunks[:1])
    assert bench.status == "partly_accepted"
    receipt = bench.apply()
    assert (library / "demo/SKILL.md").read_bytes() == first
    assert git(library, "rev-parse", "HEAD") == receipt.commit
    assert git(library, "status", "--porcelain") == ""
    assert git(library, "show", "--name-only", "--format=", "HEAD") == "demo/SKILL.md"
    repository = Repository.find(library)
    assert repository is not None
    commit = repository.log(limit=1)[0]
    assert commit.subject == "Say it better"
    assert dict(commit.trailers) == {
        "Skill-Workbench-Proposal": "p1",
        "Skill-Workbench-Engine": "miner 1.2 settings:abc123",
        "Skill-Workbench-Job": "job-7",
        "Skill-Workbench-Evidence": f"e1 trace-a step 3-4 verified sha256:{'ab' * 32}",
        "Skill-Workbench-Gate": "not_evaluated",
        "Skill-Workbench-Content": receipt.content_hash,
        "Reviewed-by": "Ann Reviewer <ann@example.invalid>",
    }
    assert bench.status == "applied"
    assert bench.states == ["prepared", "written", "committed"]


def test_an_edited_hunk_is_applied_word_for_word(bench: Bench, library: Path) -> None:
    review = bench.review
    first = review.hunks[0]
    verdicts = [HunkVerdict(first.id, "accept", edited=("1. Eins\n",))]
    record(review, decide(review, verdicts, reviewer="Ann <a@b.invalid>", now=NOW))
    bench.apply()
    assert (library / "demo/SKILL.md").read_bytes() == SKILL.replace(b"1. One", b"1. Eins")
    assert "edited the proposed text" in git(library, "log", "-1", "--format=%B")


def test_staged_and_unstaged_work_elsewhere_stays_as_it_is(bench: Bench, library: Path) -> None:
    (library / "other/SKILL.md").write_bytes(b"staged\n")
    git(library, "add", "other/SKILL.md")
    (library / "other/SKILL.md").write_bytes(b"staged and more\n")
    (library / "note.txt").write_bytes(b"untracked")
    (library / "new.txt").write_bytes(b"staged new")
    git(library, "add", "new.txt")
    bench.accept()
    before = git(library, "status", "--porcelain")
    staged = git(library, "diff", "--cached")
    bench.apply()
    assert git(library, "status", "--porcelain") == before
    assert git(library, "diff", "--cached") == staged
    assert git(library, "show", "--name-only", "--format=", "HEAD") == "demo/SKILL.md"


def test_a_stale_file_is_refused_and_nothing_is_written(bench: Bench, library: Path) -> None:
    bench.accept()
    (library / "demo/SKILL.md").write_bytes(SKILL + b"more\n")
    before = tree(library)
    with pytest.raises(Stale, match="--merge") as caught:
        bench.apply()
    assert caught.value.paths == ("demo/SKILL.md",)
    assert tree(library) == before
    assert bench.status == "stale"
    assert bench.states == []


def test_a_file_that_appeared_where_one_is_created_is_stale(tmp_path: Path, library: Path) -> None:
    bench = Bench(tmp_path, library, [edited("demo/new.md", "new\n")])
    bench.accept()
    (library / "demo/new.md").write_bytes(b"someone else's\n")
    with pytest.raises(Stale):
        bench.apply()
    assert (library / "demo/new.md").read_bytes() == b"someone else's\n"


def test_uncommitted_changes_in_a_touched_file_are_refused(tmp_path: Path, library: Path) -> None:
    (library / "demo/SKILL.md").write_bytes(SKILL + b"mine, not committed\n")
    bench = Bench(tmp_path, library, [edited("demo/SKILL.md", NEW)])
    bench.accept()
    before = tree(library)
    with pytest.raises(ReviewProblem, match=r"demo/SKILL\.md .*not committed"):
        bench.apply()
    assert tree(library) == before


def test_every_kind_of_change_is_applied(tmp_path: Path, library: Path) -> None:
    binary = bytes(range(256))
    changes = [
        edited("demo/SKILL.md", NEW, "c1"),
        Change("c2", "demo/scripts/run.sh", "mode", mode="100755"),
        Change("c3", "other/SKILL.md", "rename", new_path="third/deep/SKILL.md"),
        Change("c4", "demo/logo.png", "write", blob=sha256(binary)),
        edited("fresh/SKILL.md", "crlf\r\nno end", "c5"),
        edited("fresh/run.py", "#!/usr/bin/env python3\n", "c6", mode="100755"),
    ]
    bench = Bench(tmp_path, library, changes, blobs={sha256(binary): binary})
    bench.accept()
    bench.apply()
    found = tree(library)
    assert found["demo/SKILL.md"] == (NEW, 0o644)
    assert found["demo/scripts/run.sh"] == (b"#!/bin/sh\n", 0o755)
    assert found["third/deep/SKILL.md"] == (SKILL, 0o644)
    assert "other" not in found
    assert found["demo/logo.png"] == (binary, 0o644)
    assert found["fresh/SKILL.md"] == (b"crlf\r\nno end", 0o644)
    assert found["fresh/run.py"][1] == 0o755
    assert git(library, "status", "--porcelain") == ""
    assert git(library, "ls-files", "--stage", "demo/scripts/run.sh").startswith("100755")


def test_file_names_that_git_could_take_for_patterns_are_names(
    tmp_path: Path, library: Path
) -> None:
    changes = [
        edited("demo/*.md", "star\n", "c1"),
        edited("demo/:(top)x.md", "colon\n", "c2"),
        edited("demo/-f ü\u4e2d.md", "dash\n", "c3"),
    ]
    bench = Bench(tmp_path, library, changes)
    bench.accept()
    (library / "demo/zz.md").write_bytes(b"the user's\n")
    bench.apply()
    assert git(library, "status", "--porcelain") == "?? demo/zz.md"
    assert len(git(library, "show", "--name-only", "--format=", "HEAD").splitlines()) == 3


def test_a_hook_that_refuses_leaves_everything_as_it_was(tmp_path: Path, library: Path) -> None:
    hook = library / ".git/hooks/pre-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\necho 'no skills on Fridays' >&2\nexit 1\n")
    hook.chmod(0o755)
    changes = [edited("demo/SKILL.md", NEW), edited("fresh/SKILL.md", "new\n", "c2")]
    bench = Bench(tmp_path, library, changes)
    bench.accept()
    before, head = tree(library), git(library, "rev-parse", "HEAD")
    with pytest.raises(RolledBack, match="no skills on Fridays"):
        bench.apply()
    assert tree(library) == before
    assert git(library, "rev-parse", "HEAD") == head
    assert git(library, "status", "--porcelain") == ""
    assert bench.states[-1] == "rolled_back"
    assert bench.status == "accepted"
    hook.unlink()
    bench.apply()
    assert bench.status == "applied"


def test_a_hook_that_rewrites_the_files_is_not_what_was_approved(
    bench: Bench, library: Path
) -> None:
    hook = library / ".git/hooks/pre-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\necho formatted >> demo/SKILL.md\ngit add demo/SKILL.md\n")
    hook.chmod(0o755)
    bench.accept()
    before, head = tree(library), git(library, "rev-parse", "HEAD")
    with pytest.raises(RolledBack, match="hook"):
        bench.apply()
    assert tree(library) == before
    assert git(library, "rev-parse", "HEAD") == head
    assert git(library, "status", "--porcelain") == ""
    assert bench.store.blob(sha256(NEW + b"formatted\n"))


def test_without_an_identity_the_message_says_what_to_set(
    bench: Bench, library: Path, isolated_home: Path
) -> None:
    (isolated_home / "gitconfig").write_text("")
    review = bench.review
    verdicts = [HunkVerdict(hunk.id, "accept") for hunk in review.hunks]
    record(review, decide(review, verdicts, reviewer="Ann", now=NOW))
    before = tree(library)
    with pytest.raises(ReviewProblem, match=r"user\.name"):
        bench.apply()
    assert tree(library) == before
    record(review, decide(review, verdicts, reviewer="Ann <ann@example.invalid>", now=NOW))
    bench.apply()
    assert git(library, "log", "-1", "--format=%an %ae %cn") == "Ann ann@example.invalid Ann"


def test_a_merge_under_way_is_refused(bench: Bench, library: Path) -> None:
    git(library, "checkout", "-q", "-b", "side")
    (library / "x.txt").write_text("side\n")
    git(library, "add", "x.txt")
    git(library, "commit", "-qm", "side")
    git(library, "checkout", "-q", "main")
    (library / "x.txt").write_text("main\n")
    git(library, "add", "x.txt")
    git(library, "commit", "-qm", "main")
    git(library, "merge", "side", check=False)
    bench.accept()
    before = tree(library)
    with pytest.raises(ReviewProblem, match="in the middle of a merge"):
        bench.apply()
    assert tree(library) == before


def test_a_detached_head_is_committed_on_with_a_note(bench: Bench, library: Path) -> None:
    git(library, "checkout", "-q", "--detach")
    bench.accept()
    receipt = bench.apply()
    assert "detached" in receipt.message
    assert git(library, "rev-parse", "HEAD") == receipt.commit


def test_a_bare_repository_is_refused(tmp_path: Path) -> None:
    library = tmp_path / "bare"
    library.mkdir()
    git(library, "init", "--quiet", "--bare")
    bench = Bench(tmp_path, library, [edited("demo/SKILL.md", "new\n")])
    bench.accept()
    with pytest.raises(GitProblem, match="bare"):
        bench.apply()
    assert not (library / "demo").exists()


def test_a_library_below_the_top_of_a_repository_works(tmp_path: Path) -> None:
    top = make_library(tmp_path / "top", {"skills/demo/SKILL.md": SKILL, "src/a.c": b"int a;"})
    bench = Bench(tmp_path, top / "skills", [edited("demo/SKILL.md", NEW)])
    bench.accept()
    bench.apply()
    assert git(top, "show", "--name-only", "--format=", "HEAD") == "skills/demo/SKILL.md"


def test_files_git_ignores_are_written_and_kept_in_the_local_history(tmp_path: Path) -> None:
    top = make_library(tmp_path / "top", {".gitignore": b"skills/\n"})
    make_library(top / "skills", {"demo/SKILL.md": SKILL}, repository=False)
    bench = Bench(tmp_path, top / "skills", [edited("demo/SKILL.md", NEW)])
    bench.accept()
    receipt = bench.apply()
    assert receipt.commit is None
    assert "ignores" in receipt.message
    assert (top / "skills/demo/SKILL.md").read_bytes() == NEW


def test_a_library_without_git_keeps_both_versions(tmp_path: Path) -> None:
    library = make_library(tmp_path / "plain", {"demo/SKILL.md": SKILL}, repository=False)
    bench = Bench(tmp_path, library, [edited("demo/SKILL.md", NEW)])
    bench.accept()
    receipt = bench.apply()
    assert receipt.commit is None
    assert set(tree(library)) == {"demo", "demo/SKILL.md"}
    [entry] = bench.history.entries(library)
    assert (entry.action, entry.proposal) == ("apply", "p1")
    assert bench.history.file(library, sha256(SKILL)) == SKILL
    assert bench.history.file(library, sha256(NEW)) == NEW


def test_without_the_git_command_a_repository_is_refused_and_a_plain_folder_works(
    bench: Bench, library: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = make_library(tmp_path / "plain", {"demo/SKILL.md": SKILL}, repository=False)
    second = Bench(tmp_path / "second", plain, [edited("demo/SKILL.md", NEW)])
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    bench.accept()
    before = tree(library)
    with pytest.raises(GitMissing, match="Install git"):
        bench.apply()
    assert tree(library) == before
    bench.apply(use_git=False)
    assert (library / "demo/SKILL.md").read_bytes() == NEW
    second.accept()
    second.apply()
    assert (plain / "demo/SKILL.md").read_bytes() == NEW


def test_a_link_in_the_path_is_refused(tmp_path: Path) -> None:
    library = make_library(tmp_path / "plain", {"demo/SKILL.md": SKILL}, repository=False)
    outside = make_library(tmp_path / "outside", {"SKILL.md": b"theirs"}, repository=False)
    bench = Bench(tmp_path, library, [edited("demo/SKILL.md", NEW), edited("l/x.md", "x", "c2")])
    bench.accept()
    (library / "l").symlink_to(outside)
    with pytest.raises(ReviewProblem, match="link"):
        bench.apply()
    (library / "l").unlink()
    shutil.rmtree(library / "demo")
    (library / "demo").symlink_to(outside)
    with pytest.raises(ReviewProblem, match="link"):
        bench.apply()
    assert (outside / "SKILL.md").read_bytes() == b"theirs"
    assert sorted(path.name for path in outside.iterdir()) == ["SKILL.md"]


def test_a_folder_or_pipe_in_the_place_of_a_file_is_refused(tmp_path: Path) -> None:
    library = make_library(tmp_path / "plain", {"demo/SKILL.md": SKILL}, repository=False)
    bench = Bench(tmp_path, library, [edited("demo/pipe", "x")])
    bench.accept()
    os.mkfifo(library / "demo/pipe")
    with pytest.raises(ReviewProblem, match="no regular file"):
        bench.apply()


def test_an_approval_of_other_content_is_refused(bench: Bench, library: Path) -> None:
    decision = bench.accept()
    import msgspec

    forged = msgspec.structs.replace(decision, content_hash="0" * 64)
    with pytest.raises(ReviewProblem, match="other content"):
        bench.apply(decision=forged)
    assert (library / "demo/SKILL.md").read_bytes() == SKILL


def test_nothing_approved_and_applied_twice_are_refused(bench: Bench) -> None:
    with pytest.raises(ReviewProblem, match="Nobody approved"):
        bench.apply()
    bench.accept(())
    with pytest.raises(ReviewProblem, match="nothing to apply"):
        bench.apply()
    bench.accept()
    bench.apply()
    with pytest.raises(ReviewProblem, match="applied already"):
        bench.apply()


THREE = ("demo/SKILL.md", "demo/scripts/run.sh", "other/SKILL.md")


def three_files(tmp_path: Path, library: Path) -> Bench:
    changes = [edited(path, f"new {path}\n", f"c{n}") for n, path in enumerate(THREE)]
    bench = Bench(tmp_path, library, [*changes, edited("fresh/x/SKILL.md", "new\n", "c9")])
    bench.accept()
    return bench


def test_a_disk_that_fills_up_at_the_second_file_changes_nothing(
    tmp_path: Path, library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = three_files(tmp_path, library)
    before = tree(library)
    real, seen = os.fsync, []

    def full(handle: int) -> None:
        name = str(Path(f"/proc/self/fd/{handle}").readlink())
        if name.startswith(str(library)) and name.endswith(".tmp"):
            seen.append(name)
            if len(seen) == 2:
                raise OSError(errno.ENOSPC, "No space left on device")
        real(handle)

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(RolledBack, match="No space left"):
        bench.apply()
    assert len(seen) == 2
    assert tree(library) == before
    assert git(library, "status", "--porcelain") == ""


@pytest.mark.parametrize("failing", [1, 2, 3, 4])
def test_a_file_that_cannot_be_replaced_brings_the_others_back(
    tmp_path: Path, library: Path, monkeypatch: pytest.MonkeyPatch, failing: int
) -> None:
    bench = three_files(tmp_path, library)
    (library / "demo/SKILL.md").chmod(0o600)
    before = tree(library)
    real, seen = Path.replace, []

    def denied(path: Path, target: Path) -> Path:
        if str(target).startswith(str(library)):
            seen.append(target)
            if len(seen) == failing:
                raise PermissionError(errno.EACCES, "Permission denied")
        return real(path, target)

    monkeypatch.setattr(Path, "replace", denied)
    with pytest.raises(RolledBack, match="Permission denied"):
        bench.apply()
    assert tree(library) == before
    assert git(library, "status", "--porcelain") == ""


def test_a_folder_that_is_read_only_changes_nothing(
    tmp_path: Path, library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = three_files(tmp_path, library)
    before = tree(library)
    closed = library / "other"
    if os.geteuid() == 0:  # root may write anywhere: let the system call say what it would

        def denied(*, prefix: str, suffix: str, dir: Path) -> tuple[int, str]:  # noqa: A002
            if Path(dir) == closed:
                raise PermissionError(errno.EACCES, "Permission denied")
            return real(prefix=prefix, suffix=suffix, dir=dir)

        import tempfile

        real = tempfile.mkstemp
        monkeypatch.setattr("workbench.review.disk.tempfile.mkstemp", denied)
    else:
        closed.chmod(0o555)
        before = tree(library)
    try:
        with pytest.raises(RolledBack, match="Permission denied"):
            bench.apply()
        assert tree(library) == before
    finally:
        closed.chmod(0o755)


def test_stopping_by_the_keyboard_while_committing_brings_all_back(
    bench: Bench, library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.accept()
    before = tree(library)

    def stopped(*_: object, **__: object) -> str:
        raise KeyboardInterrupt

    monkeypatch.setattr(transaction.Transaction, "_commit", stopped)
    with pytest.raises(KeyboardInterrupt):
        bench.apply()
    assert tree(library) == before
    assert bench.states[-1] == "rolled_back"


def test_a_receipt_that_cannot_be_written_touches_nothing(
    bench: Bench, library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.accept()
    before = tree(library)

    def full(*_: object) -> None:
        raise FileProblem("Cannot add: the disk is full.")

    monkeypatch.setattr(bench.store, "put_receipt", full)
    with pytest.raises(FileProblem, match="full"):
        bench.apply()
    assert tree(library) == before


def test_a_second_program_waits(bench: Bench) -> None:
    bench.accept()
    with bench.store.lock(), pytest.raises(FileProblem, match="Another Skill Workbench"):
        bench.apply()
    bench.apply()


def test_a_file_in_no_skill_is_refused(tmp_path: Path) -> None:
    home = make_library(tmp_path / "home", {"notes.txt": b"mine"}, repository=False)
    bench = Bench(tmp_path, home, [edited(".config/autostart/x.desktop", "Exec=evil\n")])
    bench.accept()
    with pytest.raises(ReviewProblem, match="no skill"):
        bench.apply()
    assert set(tree(home)) == {"notes.txt"}


def test_a_file_someone_saves_while_it_is_applied_is_kept(
    tmp_path: Path, library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = three_files(tmp_path, library)
    before = tree(library)
    real = disk._replace

    def saved_meanwhile(root: Path, file: ReceiptFile, temporary: Path | None) -> None:
        if file.path == "other/SKILL.md":
            (root / file.path).write_bytes(b"saved by an editor just now")
        real(root, file, temporary)

    monkeypatch.setattr(disk, "_replace", saved_meanwhile)
    with pytest.raises(ReviewProblem, match=r"other/SKILL\.md was changed"):
        bench.apply()
    after = tree(library)
    assert after.pop("other/SKILL.md")[0] == b"saved by an editor just now"
    before.pop("other/SKILL.md")
    assert after == before
