"""The policy at the apply, on real repositories: nothing is written that it forbids."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.unit.review.build import LATER, SKILL, Bench, edited, git, make_library, tree
from workbench.domain.finding import (
    Capabilities,
    Coverage,
    Finding,
    SkillScan,
)
from workbench.domain.proposal import Change, Decision, HunkVerdict
from workbench.review.applying.revert import revert
from workbench.review.applying.transaction import RolledBack, Stale
from workbench.review.decide import decide, record
from workbench.review.history.timeline import timeline
from workbench.review.plan import ReviewProblem
from workbench.review.rules.admission import Means, Refused, admit
from workbench.review.rules.confirmations import Unconfirmed
from workbench.review.rules.policy import POLICY_FILE, PolicyProblem, read_policy
from workbench.review.session import Review
from workbench.security.trust import Signature, add_signature
from workbench.skills.read import read_skill
from workbench.store.git import Repository
from workbench.store.locked_parts import LockedPart, set_locked

NEW = SKILL.replace(b"1. One", b"1. Uno").replace(b"Last line.", b"Last words.")
ANN, BOB = "Ann Reviewer <ann@example.invalid>", "Bob <bob@example.invalid>"


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    library = make_library(tmp_path / "library", {"demo/SKILL.md": SKILL})
    return Bench(tmp_path, library, [edited("demo/SKILL.md", NEW)])


def rule(bench: Bench, text: str, *, commit: bool = True) -> None:
    path = bench.library / POLICY_FILE
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    if commit:
        git(bench.library, "add", "--all")
        git(bench.library, "commit", "--quiet", "--message=rules")


def approve(bench: Bench, reviewer: str, minute: int, *, edit: str = "") -> Decision:
    review = bench.review
    verdicts = [
        HunkVerdict(hunk.id, "accept", edited=(edit,) if edit and not number else None)
        for number, hunk in enumerate(review.hunks)
    ]
    policy = read_policy(bench.library).policy.hash
    time = f"2026-03-01T10:{minute:02}:00.000000+00:00"
    decision = decide(review, verdicts, reviewer=reviewer, now=time, policy=policy)
    record(review, decision)
    return decision


class FakeScanners:
    """Scans by a rule: text with "curl" is dangerous and reaches the network."""

    def __init__(self, problem: str = "") -> None:
        self.problem = problem
        self.scanned = 0

    def of(self, _review: Review, problems: list[str]):
        if self.problem:
            problems.append(self.problem)

        def scan(folder: Path) -> Sequence[SkillScan]:
            self.scanned += 1
            text = (folder / "demo/SKILL.md").read_text()
            bad = "curl" in text
            found = (Finding("net", "c", "high", "high", "SKILL.md", 1, 1, "curl", "w", "f", "fp"),)
            return (
                SkillScan(
                    str(folder / "demo"),
                    "demo",
                    "review" if bad else "clean",
                    "low",
                    Coverage(),
                    Capabilities((), ("network",) if bad else ()),
                    found if bad else (),
                    "demo",
                ),
            )

        return scan


def means(**more: object) -> Means:
    return Means(FakeScanners(**more))  # type: ignore[arg-type]


# The policy and the library


def test_a_broken_policy_forbids_applying(bench: Bench) -> None:
    bench.accept()
    rule(bench, "[gate]\nlevle = 'promising'\n")
    before = tree(bench.library)
    with pytest.raises(PolicyProblem, match=r"gate.levle \(line 2\)"):
        bench.apply()
    assert (tree(bench.library), bench.states) == (before, [])


def test_a_rule_that_is_not_kept_refuses_and_says_which(bench: Bench) -> None:
    bench.accept()
    rule(bench, "[gate]\n\nlevel = 'supported'\n")
    before = tree(bench.library)
    with pytest.raises(Refused, match=r"gate.level \(line 3\): not evaluated") as caught:
        bench.apply()
    assert str(bench.library / POLICY_FILE) in str(caught.value)
    assert (tree(bench.library), bench.states, bench.status) == (before, [], "accepted")
    rule(bench, "")
    assert bench.apply().state == "committed"


def test_a_policy_changed_in_the_work_tree_alone_is_no_way_around(bench: Bench) -> None:
    bench.accept()
    rule(bench, "[gate]\nlevel = 'supported'\n")
    rule(bench, "", commit=False)
    with pytest.raises(Refused, match="not as committed"):
        bench.apply()
    (bench.library / POLICY_FILE).unlink()
    with pytest.raises(Refused, match="not as committed"):
        bench.apply(use_git=False)
    git(bench.library, "commit", "--quiet", "--all", "--message=loosened in sight of all")
    assert bench.apply().state == "committed"


def test_a_policy_that_is_not_committed_yet_holds_and_says_so(bench: Bench) -> None:
    decision = bench.accept()
    rule(bench, "[engines]\ndenied = ['miner']\n", commit=False)
    with pytest.raises(Refused, match=r"engines.denied \(line 2\)"):
        bench.apply()
    review = bench.review
    found = admit(review, decision, review.result(decision.verdicts)).verdicts
    assert ("policy", True) in [(one.rule, one.passed) for one in found]


def test_a_policy_changed_after_it_was_shown_is_looked_at_again(bench: Bench) -> None:
    bench.accept()
    shown = read_policy(bench.library).policy.hash
    rule(bench, "[size]\ntokens = 100\n")
    with pytest.raises(ReviewProblem, match="changed since proposal p1 was shown"):
        bench.apply(expected_policy=shown)
    receipt = bench.apply(expected_policy=read_policy(bench.library).policy.hash)
    assert receipt.policy == read_policy(bench.library).policy.hash
    assert f"Skill-Workbench-Policy: sha256:{receipt.policy}" in git(
        bench.library, "log", "-1", "--format=%B"
    )


def test_no_engine_and_no_person_writes_the_rules_through_a_proposal(tmp_path: Path) -> None:
    library = make_library(tmp_path / "library", {"demo/SKILL.md": SKILL})
    for number, path in enumerate(
        (POLICY_FILE, "demo/.workbench/review.toml", ".Workbench/locks.toml")
    ):
        with pytest.raises(ReviewProblem, match="belongs to another program"):
            Bench(tmp_path / str(number), library, [edited(path, "")]).review  # noqa: B018
    moved = Change("c1", "demo/SKILL.md", "rename", new_path=POLICY_FILE)
    with pytest.raises(ReviewProblem, match="belongs to another program"):
        Bench(tmp_path / "moved", library, [moved]).review  # noqa: B018


# Scans


def test_only_a_policy_that_asks_needs_a_scan_and_none_is_a_refusal(bench: Bench) -> None:
    bench.accept()
    rule(bench, "[security]\nseverity = 'low'\n")
    with pytest.raises(Refused, match="nobody scanned it"):
        bench.apply()
    with pytest.raises(Refused, match="nobody scanned it: The scanner died"):
        bench.apply(means=means(problem="The scanner died."))
    assert bench.apply(means=means()).state == "committed"


def test_new_findings_and_capabilities_of_exactly_the_selection(tmp_path: Path) -> None:
    library = make_library(tmp_path / "library", {"demo/SKILL.md": SKILL})
    text = SKILL.replace(b"1. One", b"1. curl it").replace(b"Last line.", b"Last words.")
    bench = Bench(tmp_path, library, [edited("demo/SKILL.md", text)])
    rule(bench, "[security]\nseverity = 'medium'\ncapabilities = false\n")
    bad, good = bench.review.hunks
    bench.accept()
    with pytest.raises(Refused, match=r"high: net in SKILL.md:1.*new: demo: network"):
        bench.apply(means=means())
    bench.accept([good])
    assert bench.apply(means=means()).state == "committed"
    assert b"curl" not in (library / "demo/SKILL.md").read_bytes()
    assert bad.id != good.id


def test_a_new_capability_wants_its_own_yes_without_any_policy(tmp_path: Path) -> None:
    library = make_library(tmp_path / "library", {"demo/SKILL.md": SKILL})
    text = SKILL.replace(b"1. One", b"1. curl it")
    bench = Bench(tmp_path, library, [edited("demo/SKILL.md", text)])
    bench.accept()
    with pytest.raises(Unconfirmed, match="capability:demo:network"):
        bench.apply(means=means(), confirmed=())
    receipt = bench.apply(means=means(), confirmed=("capability:demo:network",))
    assert receipt.confirmed == ("capability:demo:network",)


def test_skills_that_are_trusted_more_are_left_alone(bench: Bench, tmp_path: Path) -> None:
    bench.accept()
    rule(bench, "[security]\ntier = 'T1'\n")
    assert bench.review.hunks
    signed = tmp_path / "trust.jsonl"
    using = Means(FakeScanners(), signed)  # type: ignore[arg-type]
    skill = read_skill(bench.library / "demo", bench.library)
    add_signature(signed, Signature(skill.path, "G2", skill.tree_hash, "Ann", LATER, "read"))
    with pytest.raises(Refused, match="demo is T2"):
        bench.apply(means=using)
    signed.unlink()
    assert bench.apply(means=using).state == "committed"


# Approvals


def test_a_second_person_has_to_approve_the_same_content(bench: Bench) -> None:
    rule(bench, "[approvals]\npeople = 2\n")
    approve(bench, ANN, 1)
    with pytest.raises(Refused, match="1 of 2 by Ann"):
        bench.apply()
    approve(bench, "ann again <ANN@example.invalid>", 2)
    with pytest.raises(Refused, match="1 of 2"):
        bench.apply()
    approve(bench, BOB, 3)
    receipt = bench.apply()
    assert set(receipt.approvals) == {BOB, "ann again <ANN@example.invalid>"}
    reviewed = git(bench.library, "log", "-1", "--format=%(trailers:key=Reviewed-by,valueonly)")
    assert set(reviewed.split("\n")) == set(receipt.approvals)


def test_an_approval_goes_stale_with_the_content_and_with_the_policy(bench: Bench) -> None:
    rule(bench, "[approvals]\npeople = 2\n")
    approve(bench, ANN, 1)
    approve(bench, BOB, 2, edit="1. Eins\n")
    with pytest.raises(ReviewProblem):
        bench.apply()
    approve(bench, ANN, 3, edit="1. Eins\n")
    rule(bench, "[approvals]\npeople = 2\n[size]\ntokens = 99\n")
    with pytest.raises(Refused, match="0 of 2"):
        bench.apply()
    approve(bench, ANN, 4, edit="1. Eins\n")
    approve(bench, BOB, 5, edit="1. Eins\n")
    assert bench.apply().state == "committed"


# Locks


def test_a_lock_set_after_intake_is_kept_at_the_apply(bench: Bench) -> None:
    bench.accept()
    set_locked(bench.library, LockedPart("demo", "SKILL.md#Notes", "agreed", "Ann"))
    git(bench.library, "add", "--all")
    git(bench.library, "commit", "--quiet", "--message=lock")
    before = tree(bench.library)
    with pytest.raises(Refused, match=r"demo/SKILL.md changes what is locked in demo .*#Notes"):
        bench.apply()
    assert tree(bench.library) == before
    bench.accept(bench.review.hunks[:1])  # the other section is free
    assert bench.apply().state == "committed"


def test_an_edit_of_the_reviewer_is_held_against_the_locks_too(tmp_path: Path) -> None:
    library = make_library(tmp_path / "library", {"demo/SKILL.md": SKILL})
    set_locked(library, LockedPart("demo", "SKILL.md:11-11", "the number"))
    bench = Bench(
        tmp_path, library, [edited("demo/SKILL.md", SKILL.replace(b"2. Two", b"2. Zwei"))]
    )
    [hunk] = bench.review.hunks
    bench.accept(**{hunk.id: ("2. Zwei\n",)})
    line = SKILL.splitlines().index(b"2. Two") + 1
    set_locked(library, LockedPart("demo", f"SKILL.md:{line}-{line}", "the number"))
    with pytest.raises(Refused, match="the number"):
        bench.apply(use_git=False)


def test_a_whole_skill_and_a_broken_file_of_locks(bench: Bench) -> None:
    bench.accept()
    set_locked(bench.library, LockedPart("demo"))
    with pytest.raises(Refused, match="locked in demo as a whole"):
        bench.apply(use_git=False)
    (bench.library / ".workbench/locks.toml").write_text("[[lock]]\nskil = 1\n")
    with pytest.raises(ReviewProblem, match="no file of locks"):
        bench.apply(use_git=False)
    (bench.library / ".workbench/locks.toml").write_text("")
    assert bench.apply(use_git=False).state == "committed"


def test_a_lock_of_another_skill_or_of_one_around_it_does_not_hold(tmp_path: Path) -> None:
    files = {"SKILL.md": SKILL, "demo/SKILL.md": SKILL}
    library = make_library(tmp_path / "library", files)
    set_locked(library, LockedPart("."))
    set_locked(library, LockedPart("dem"))
    bench = Bench(tmp_path, library, [edited("demo/SKILL.md", NEW)])
    bench.accept()
    assert bench.apply().state == "committed"


# A branch of its own


def test_applied_on_a_new_branch_the_old_one_stays(bench: Bench) -> None:
    bench.accept()
    library, start = bench.library, git(bench.library, "rev-parse", "HEAD")
    (library / "mine.txt").write_text("not committed\n")
    receipt = bench.apply(branch="skills/demo/say-it-better")
    assert (receipt.branch, receipt.branch_before) == ("skills/demo/say-it-better", "main")
    assert git(library, "branch", "--show-current") == "skills/demo/say-it-better"
    assert git(library, "rev-parse", "main") == start
    assert git(library, "rev-parse", "HEAD^") == start
    assert git(library, "status", "--porcelain") == "?? mine.txt"
    assert "new branch skills/demo/say-it-better" in receipt.message
    git(library, "switch", "--quiet", "main")
    assert (library / "demo/SKILL.md").read_bytes() == SKILL
    with pytest.raises(Stale, match="on the branch skills/demo/say-it-better"):
        revert(bench.store, bench.history, bench.id, now=LATER, reviewer=ANN)
    git(library, "switch", "--quiet", "skills/demo/say-it-better")
    revert(bench.store, bench.history, bench.id, now=LATER, reviewer=ANN)
    assert (library / "demo/SKILL.md").read_bytes() == SKILL
    assert git(library, "rev-list", "--count", "HEAD") == "3"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("main", "is there already, checked out in"),
        ("other", "is there already. Give"),
        ("other/one", "beside the branch other"),
        ("team", "beside the branch team/one"),
        ("a b", "is no name for a branch"),
        ("-x", "is no name for a branch"),
        ("@{-1}", "is no name for a branch"),
        ("x..y", "is no name for a branch"),
        ("HEAD", "is no name for a branch"),
        ("x.lock", "is no name for a branch"),
    ],
)
def test_branches_that_cannot_be_made(bench: Bench, name: str, said: str) -> None:
    bench.accept()
    git(bench.library, "branch", "other")
    git(bench.library, "branch", "team/one")
    before = tree(bench.library)
    with pytest.raises(ReviewProblem, match=said):
        bench.apply(branch=name)
    assert (tree(bench.library), bench.states) == (before, [])
    assert git(bench.library, "branch", "--show-current") == "main"


def test_a_branch_that_another_work_tree_has(bench: Bench, tmp_path: Path) -> None:
    bench.accept()
    git(bench.library, "worktree", "add", "--quiet", "-b", "taken", str(tmp_path / "second"))
    with pytest.raises(ReviewProblem, match=r"checked out in .*second"):
        bench.apply(branch="taken")
    second = Bench(tmp_path / "b", tmp_path / "second", [edited("demo/SKILL.md", NEW)])
    second.accept()
    second.apply(branch="fresh")
    assert git(tmp_path / "second", "branch", "--show-current") == "fresh"
    assert git(bench.library, "branch", "--show-current") == "main"


def test_no_branch_without_a_commit_or_before_the_first_one_or_in_a_bisect(tmp_path: Path) -> None:
    plain = make_library(tmp_path / "plain", {"demo/SKILL.md": SKILL}, repository=False)
    bench = Bench(tmp_path, plain, [edited("demo/SKILL.md", NEW)])
    bench.accept()
    with pytest.raises(ReviewProblem, match="no commit to put on the branch"):
        bench.apply(branch="x")
    git(plain, "init", "--quiet")
    git(plain, "add", "--all")
    with pytest.raises(ReviewProblem, match=r"no commit yet|not committed"):
        bench.apply(branch="x")
    git(plain, "commit", "--quiet", "--message=start")
    with pytest.raises(ReviewProblem, match="no commit to put on the branch"):
        bench.apply(branch="x", use_git=False)
    git(plain, "bisect", "start")
    with pytest.raises(ReviewProblem, match="bisect"):
        bench.apply(branch="x")
    git(plain, "bisect", "reset")
    assert bench.apply(branch="x").branch == "x"


def test_a_detached_head_gets_its_branch(bench: Bench) -> None:
    bench.accept()
    git(bench.library, "checkout", "--quiet", "--detach")
    receipt = bench.apply(branch="kept")
    assert (receipt.branch, receipt.branch_before) == ("kept", "")
    assert git(bench.library, "branch", "--show-current") == "kept"


@pytest.mark.parametrize("detached", [False, True])
def test_a_hook_that_refuses_leaves_no_branch(bench: Bench, detached: bool) -> None:
    bench.accept()
    if detached:
        git(bench.library, "checkout", "--quiet", "--detach")
    hook = bench.library / ".git/hooks/pre-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\nexit 1\n")
    hook.chmod(0o755)
    with pytest.raises(RolledBack):
        bench.apply(branch="fresh")
    assert git(bench.library, "branch", "--format=%(refname:short)").split()[-1] == "main"
    assert git(bench.library, "branch", "--show-current") == ("" if detached else "main")
    assert git(bench.library, "status", "--porcelain") == ""
    assert (bench.library / "demo/SKILL.md").read_bytes() == SKILL


def test_a_policy_can_ask_for_a_branch(bench: Bench) -> None:
    bench.accept()
    rule(bench, "[commit]\nnew_branch = true\n")
    with pytest.raises(Refused, match="on the current branch"):
        bench.apply()
    assert bench.apply(branch="own").branch == "own"


# Signing


@pytest.fixture
def signing_key(tmp_path: Path) -> Path:
    if shutil.which("ssh-keygen") is None:
        pytest.skip("no ssh-keygen to sign with")
    key = tmp_path / "key"
    subprocess.run(
        ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)],
        check=True,
        env=os.environ | {"HOME": str(tmp_path)},
    )
    return key


def test_a_policy_can_ask_for_a_signature(bench: Bench, signing_key: Path) -> None:
    bench.accept()
    rule(bench, "[commit]\nsigned = true\n")
    with pytest.raises(Refused, match="no commit to sign"):
        bench.apply(use_git=False)
    git(bench.library, "config", "gpg.format", "ssh")
    git(bench.library, "config", "user.signingkey", str(signing_key))
    bench.apply()
    assert "BEGIN SSH SIGNATURE" in git(bench.library, "cat-file", "commit", "HEAD")


def test_without_a_key_what_has_to_be_signed_is_rolled_back(bench: Bench, tmp_path: Path) -> None:
    bench.accept()
    rule(bench, "[commit]\nsigned = true\n")
    git(bench.library, "config", "gpg.format", "ssh")
    git(bench.library, "config", "user.signingkey", str(tmp_path / "no-such-key"))
    before = tree(bench.library)
    with pytest.raises(RolledBack, match="did not commit"):
        bench.apply(branch="signed")
    assert tree(bench.library) == before
    repository = Repository.find(bench.library)
    assert repository is not None
    assert (repository.branch(), repository.status()) == ("main", ())


def test_a_signature_the_user_set_up_and_that_fails_is_rolled_back(bench: Bench) -> None:
    bench.accept()
    git(bench.library, "config", "commit.gpgsign", "true")
    git(bench.library, "config", "gpg.program", "/bin/false")
    before = tree(bench.library)
    with pytest.raises(RolledBack, match="did not commit"):
        bench.apply()
    assert tree(bench.library) == before
    assert bench.states[-1] == "rolled_back"
    git(bench.library, "config", "commit.gpgsign", "false")
    assert bench.apply().state == "committed"


def test_the_history_names_everybody_who_reviewed(bench: Bench) -> None:
    rule(bench, "[approvals]\npeople = 2\n")
    approve(bench, ANN, 1)
    approve(bench, BOB, 2)
    bench.apply()
    newest = timeline(bench.library, "demo", bench.history)[0]
    assert newest.kind == "applied"
    assert set(newest.reviewer.split(", ")) == {ANN, BOB}
