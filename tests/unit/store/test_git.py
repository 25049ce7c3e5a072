"""Reading a repository runs nothing that it brings along."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.review.build import git, make_library
from workbench.store.git import GitMissing, GitProblem, Identity, Repository, identity_at


@pytest.fixture
def library(tmp_path: Path) -> Path:
    return make_library(tmp_path / "library", {"a.md": b"one\n", "b/c.md": b"two\r\n"})


def the(library: Path) -> Repository:
    repository = Repository.find(library)
    assert repository is not None
    return repository


def test_nothing_a_repository_names_is_run_while_it_is_read(library: Path, tmp_path: Path) -> None:
    trap = tmp_path / "trap.sh"
    trap.write_text(f"#!/bin/sh\ntouch '{tmp_path}/sprung'\ncat\n")
    trap.chmod(0o755)
    hooks = library / ".git/hooks"
    hooks.mkdir(exist_ok=True)
    (hooks / "post-index-change").write_bytes(trap.read_bytes())
    (hooks / "post-index-change").chmod(0o755)
    for key in ("core.fsmonitor", "filter.x.clean", "filter.a=b.clean", "gpg.program"):
        git(library, "config", key, str(trap))
    git(library, "config", "log.showSignature", "true")
    (library / ".gitattributes").write_text("*.md filter=x\nb/* filter=a=b\n")
    (library / "a.md").write_bytes(b"ONE\n")
    (library / "b/c.md").write_bytes(b"TWO\r\n")
    repository = the(library)
    assert {state.path for state in repository.status()} == {".gitattributes", "a.md", "b/c.md"}
    repository.log()
    repository.head()
    repository.branch()
    repository.file_at("HEAD", "a.md")
    repository.ignored(("a.md",))
    repository.tracked(("a.md",))
    assert not (tmp_path / "sprung").exists()
    git(library, "status")
    assert (tmp_path / "sprung").exists(), "the trap itself has to work"


def test_asking_who_wrote_a_line_runs_no_program_of_the_repository(
    library: Path, tmp_path: Path
) -> None:
    trap = tmp_path / "trap.sh"
    trap.write_text(f"#!/bin/sh\ntouch '{tmp_path}/sprung'\ncat \"$1\"\n")
    trap.chmod(0o755)
    (library / ".git/info").mkdir(exist_ok=True)
    (library / ".git/info/attributes").write_text("*.md diff=x\n")
    git(library, "config", "diff.x.textconv", str(trap))
    (line,) = the(library).blame("a.md")
    assert (line.text, line.subject, line.path) == ("one", "start", "a.md")
    assert not (tmp_path / "sprung").exists()
    git(library, "blame", "a.md")
    assert (tmp_path / "sprung").exists(), "the trap itself has to work"


def test_a_repository_cannot_change_what_its_log_says(library: Path) -> None:
    git(library, "config", "i18n.logOutputEncoding", "UTF-16")
    git(library, "config", "trailer.separators", "#")
    git(library, "commit", "--quiet", "--allow-empty", "--message=Ünder\n\nReviewed-by: Bo <b@c>")
    git(library, "commit", "--quiet", "--allow-empty", "-m", "Two", "-m", "Reviewed-by: Bo <b@c>")
    newest, older, _ = the(library).log()
    assert newest.trailer("Reviewed-by") == "Bo <b@c>"
    assert older.subject.startswith("Ünder")


def test_a_missing_object_is_not_fetched(library: Path, tmp_path: Path) -> None:
    """A partial clone fetches what it lacks, and its own address may be a program."""
    sprung = tmp_path / "sprung"
    for key, value in (
        ("core.repositoryformatversion", "1"),
        ("extensions.partialClone", "origin"),
        ("remote.origin.url", f"ext::touch {sprung}"),
        ("remote.origin.promisor", "true"),
        ("protocol.ext.allow", "always"),
    ):
        git(library, "config", key, value)
    repository = the(library)
    sha = git(library, "rev-parse", "HEAD:a.md")
    (library / ".git/objects" / sha[:2] / sha[2:]).unlink()
    assert repository.file_at("HEAD", "a.md") is None
    assert not sprung.exists()
    git(library, "cat-file", "blob", "HEAD:a.md", check=False)
    assert sprung.exists(), "the trap itself has to work"


def test_the_facts_of_a_repository(library: Path) -> None:
    repository = the(library / "b")
    assert repository.root == library
    assert repository.branch() == "main"
    assert not repository.detached
    assert repository.operation() is None
    assert repository.identity() == Identity("Test Reviewer", "reviewer@example.invalid")
    assert repository.status() == ()
    assert repository.file_at("HEAD", "b/c.md") == b"two\r\n"
    assert repository.file_at("HEAD", "none") is None
    assert repository.relative(library / "b/c.md") == "b/c.md"
    assert [commit.subject for commit in repository.log("b")] == ["start"]
    with pytest.raises(GitProblem, match="not in"):
        repository.relative(library.parent / "x")
    with pytest.raises(GitProblem, match="no revision"):
        repository.file_at("--output=x", "a.md")


def test_a_repository_without_a_commit(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet")
    (tmp_path / "new.md").write_bytes(b"x")
    repository = the(tmp_path)
    assert repository.head() is None
    assert repository.log() == ()
    sha = repository.commit(["new.md"], "first\n")
    repository.take_back(repository.log()[0], ["new.md"])
    assert repository.head() is None
    assert [(s.path, s.index) for s in repository.status()] == [("new.md", "?")]
    assert sha


def test_a_plain_folder_is_no_repository(tmp_path: Path) -> None:
    assert Repository.find(tmp_path) is None
    assert Repository.find(tmp_path / "not" / "there") is None


def test_a_bare_repository_and_the_git_folder_are_told(library: Path, tmp_path: Path) -> None:
    (tmp_path / "bare").mkdir()
    git(tmp_path / "bare", "init", "--quiet", "--bare")
    for folder in (tmp_path / "bare", library / ".git"):
        with pytest.raises(GitProblem, match="bare repository or git's own"):
            Repository.find(folder)


def test_without_git_the_message_says_what_to_install(
    library: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))
    with pytest.raises(GitMissing, match="Install git"):
        Repository.find(library)
    assert identity_at(library) is None


def test_a_refused_commit_leaves_the_index_as_it_was(library: Path) -> None:
    (library / "new.md").write_bytes(b"new")
    hook = library / ".git/hooks/pre-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\nexit 1\n")
    hook.chmod(0o755)
    assert the(library).hooks() == ("pre-commit",)
    with pytest.raises(GitProblem, match="did not commit"):
        the(library).commit(["new.md"], "x")
    assert git(library, "status", "--porcelain") == "?? new.md"


def test_a_repository_of_variables_does_not_mislead(
    library: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = make_library(tmp_path / "other", {"x": b"x"})
    monkeypatch.setenv("GIT_DIR", str(other / ".git"))
    monkeypatch.setenv("GIT_WORK_TREE", str(other))
    assert the(library).root == library


def test_a_lock_that_was_left_behind_is_told(library: Path) -> None:
    (library / ".git/index.lock").write_bytes(b"")
    (library / "a.md").write_bytes(b"new")
    with pytest.raises(GitProblem, match="Another git command is at work"):
        the(library).commit(["a.md"], "x")


def test_a_repository_of_another_user_is_told_with_the_command(
    library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    with pytest.raises(GitProblem, match=r"safe\.directory"):
        Repository.find(library)


def test_a_folder_becomes_a_repository_even_where_nobody_is_configured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "SKILL.md").write_bytes(b"a\r\nb")
    repository = Repository.create(tmp_path, "As it comes")
    assert repository.status() == ()
    (commit,) = repository.log()
    assert (commit.subject, str(commit.author)) == ("As it comes", "Skill Workbench <none@invalid>")
    assert repository.file_at("HEAD", "notes/SKILL.md") == b"a\r\nb"
