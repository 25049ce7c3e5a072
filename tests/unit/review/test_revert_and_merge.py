"""Taking back byte for byte, and merging where files changed meanwhile."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.review.build import LATER, SKILL, Bench, edited, git, make_library, tree
from workbench.domain.proposal import Change, HunkVerdict, Receipt, ReceiptFile
from workbench.files import sha256
from workbench.review.applying.recover import recover
from workbench.review.applying.revert import merge_revert, revert
from workbench.review.applying.transaction import RolledBack, Stale
from workbench.review.decide import decide, record
from workbench.review.disk import DiskFile
from workbench.review.merge import merge_file, merge_stale, merged_proposal
from workbench.review.plan import ReviewProblem
from workbench.review.session import open_review

NEW = SKILL.replace(b"1. One", b"1. Uno")
CRLF = b"one\r\ntwo\r\nthree without end"


def every_kind(tmp_path: Path, *, repository: bool = True, attributes: bytes = b"") -> Bench:
    files = {
        "a/SKILL.md": CRLF,
        "a/run.sh": b"#!/bin/sh\n",
        "a/gone.bin": bytes(range(256)),
        "a/latin.txt": b"caf\xe9\r\n",
        "a/b/only/x.md": b"moved\n",
        ".gitattributes": attributes,
    }
    library = make_library(tmp_path / "library", files, repository=False)
    (library / "a/run.sh").chmod(0o750)
    if repository:
        make_library(library, {})
    binary = b"\xff\x00new"
    changes = [
        edited("a/SKILL.md", CRLF.replace(b"two\r\n", b"2\r\nzwei\r\n"), "c1"),
        Change("c2", "a/run.sh", "mode", mode="100644"),
        Change("c3", "a/gone.bin", "delete"),
        Change("c4", "a/latin.txt", "write", blob=sha256(binary)),
        Change("c5", "a/b/only/x.md", "rename", new_path="a/c/y.md"),
        edited("a/d/e/new.md", "new", "c6", mode="100755"),
    ]
    bench = Bench(tmp_path, library, changes, blobs={sha256(binary): binary})
    bench.accept()
    return bench


@pytest.mark.parametrize("repository", [True, False], ids=["git", "plain"])
def test_a_revert_is_byte_identical_with_modes(tmp_path: Path, repository: bool) -> None:
    bench = every_kind(tmp_path, repository=repository)
    before = tree(bench.library)
    bench.apply()
    assert tree(bench.library)["a/run.sh"][1] == 0o640
    receipt = revert(bench.store, bench.history, "p1", now=LATER, reviewer="Ann")
    assert tree(bench.library) == before
    assert (bench.status, receipt.state) == ("reverted", "reverted")
    if repository:
        assert git(bench.library, "status", "--porcelain") == ""
        assert git(bench.library, "diff", "HEAD~2", "HEAD") == ""
        message = git(bench.library, "log", "-1", "--format=%B")
        assert f"Skill-Workbench-Reverts: {receipt.commit}" in message
        assert git(bench.library, "rev-parse", "HEAD") == receipt.revert_commit
    actions = [entry.action for entry in bench.history.entries(bench.library)]
    assert actions == ["apply", "revert"]


def test_a_repository_that_converts_line_ends_does_not_change_a_byte(tmp_path: Path) -> None:
    bench = every_kind(tmp_path, attributes=b"*.md text eol=lf\n")
    git(bench.library, "add", "--renormalize", ".")
    git(bench.library, "commit", "-qm", "normal", check=False)
    before = tree(bench.library)
    bench.apply()
    assert b"2\r\nzwei\r\n" in (bench.library / "a/SKILL.md").read_bytes()
    revert(bench.store, bench.history, "p1", now=LATER, reviewer="Ann")
    assert tree(bench.library) == before


def test_a_reverted_proposal_can_be_applied_again(tmp_path: Path) -> None:
    bench = every_kind(tmp_path)
    bench.apply()
    applied = tree(bench.library)
    revert(bench.store, bench.history, "p1", now=LATER, reviewer="Ann")
    bench.accept()
    bench.apply()
    assert tree(bench.library) == applied
    assert bench.status == "applied"


def test_a_revert_that_a_hook_refuses_leaves_it_applied(tmp_path: Path) -> None:
    bench = every_kind(tmp_path)
    bench.apply()
    applied = tree(bench.library)
    hook = bench.library / ".git/hooks/commit-msg"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\necho no >&2\nexit 1\n")
    hook.chmod(0o755)
    with pytest.raises(RolledBack):
        revert(bench.store, bench.history, "p1", now=LATER, reviewer="Ann")
    assert tree(bench.library) == applied
    assert (bench.status, bench.states[-1]) == ("applied", "committed")
    assert git(bench.library, "status", "--porcelain") == ""
    hook.unlink()
    revert(bench.store, bench.history, "p1", now=LATER, reviewer="Ann")


def test_what_was_not_applied_is_not_reverted(tmp_path: Path) -> None:
    bench = every_kind(tmp_path)
    with pytest.raises(ReviewProblem, match="not applied"):
        revert(bench.store, bench.history, "p1", now=LATER, reviewer="Ann")


def test_files_changed_since_are_not_reverted_but_merged(tmp_path: Path) -> None:
    library = make_library(tmp_path / "library", {"demo/SKILL.md": SKILL})
    bench = Bench(tmp_path, library, [edited("demo/SKILL.md", NEW)])
    bench.accept()
    bench.apply()
    (library / "demo/SKILL.md").write_bytes(NEW + b"Added later.\n")
    git(library, "commit", "-qam", "later")
    with pytest.raises(Stale, match="revert --merge"):
        revert(bench.store, bench.history, "p1", now=LATER, reviewer="Ann")
    merge = merge_revert(bench.store, "p1")
    assert merge.conflicts == ()
    proposal, blobs = merged_proposal(merge, now=LATER)
    bench.store.add(proposal, blobs)
    bench.id = proposal.id
    bench.accept()
    bench.apply()
    assert (library / "demo/SKILL.md").read_bytes() == SKILL + b"Added later.\n"


def stale_bench(tmp_path: Path, disk: bytes) -> Bench:
    library = make_library(tmp_path / "library", {"demo/SKILL.md": SKILL})
    bench = Bench(tmp_path, library, [edited("demo/SKILL.md", NEW, evidence=())])
    bench.accept()
    (library / "demo/SKILL.md").write_bytes(disk)
    git(library, "commit", "-qam", "meanwhile")
    with pytest.raises(Stale):
        bench.apply()
    return bench


def test_a_stale_proposal_is_merged_reviewed_again_and_applied(tmp_path: Path) -> None:
    disk = SKILL.replace(b"Last line.", b"Changed meanwhile.")
    bench = stale_bench(tmp_path, disk)
    old = bench.review.decision
    assert old is not None
    merge = merge_stale(bench.review, old.verdicts)
    assert merge.conflicts == ()
    proposal, blobs = merged_proposal(merge, now=LATER)
    bench.store.add(proposal, blobs)
    assert bench.status == "stale"
    assert proposal.draft.lineage.supersedes == "p1"
    assert (proposal.status, proposal.gate.level) == ("pending", "not_evaluated")
    bench.id = proposal.id
    with pytest.raises(ReviewProblem, match="Nobody approved"):
        bench.apply()
    decision = bench.accept()
    assert decision.content_hash != old.content_hash
    bench.apply()
    merged = (bench.library / "demo/SKILL.md").read_bytes()
    assert merged == disk.replace(b"1. One", b"1. Uno")


def test_conflicts_are_values_and_want_a_choice(tmp_path: Path) -> None:
    bench = stale_bench(tmp_path, SKILL.replace(b"1. One", b"1. Ein"))
    merge = merge_stale(bench.review, bench.review.decision.verdicts)
    [conflict] = merge.conflicts
    assert conflict.kind == "text"
    assert (conflict.base, conflict.ours) == (("1. One\n",), ("1. Ein\n",))
    assert conflict.theirs == ("1. Uno\n",)
    with pytest.raises(ReviewProblem, match=r"Conflict 1 of demo/SKILL\.md is open"):
        merged_proposal(merge, now=LATER)
    with pytest.raises(ReviewProblem, match="nothing"):
        merged_proposal(merge, now=LATER, prefer="ours")
    proposal, _ = merged_proposal(merge, now=LATER, prefer="theirs")
    assert proposal.draft.changes[0].new_text == NEW.decode()
    own, _ = merged_proposal(merge, now=LATER, choices={("demo/SKILL.md", 0): ("1. Ein, uno\n",)})
    assert own.draft.changes[0].new_text == SKILL.decode().replace("1. One", "1. Ein, uno")


@pytest.mark.parametrize(
    ("base", "ours", "theirs", "kind"),
    [
        (b"a\n", None, b"b\n", "delete"),
        (b"a\n", b"b\n", None, "delete"),
        (b"\x00", b"\x00\x01", b"\x00\x02", "binary"),
        (None, b"one\n", b"two\n", "text"),
    ],
)
def test_kinds_of_conflict(
    base: bytes | None, ours: bytes | None, theirs: bytes | None, kind: str
) -> None:
    merge = merge_file("x", base, DiskFile("x", ours, 0o644), theirs)
    assert [conflict.kind for conflict in merge.conflicts] == [kind]
    assert merge.merged({0: "ours"}) == ours
    assert merge.merged({0: "theirs"}) == theirs


_TEXT = st.lists(st.sampled_from(["a\n", "b\r\n", "c\n", "\n"]), max_size=12).map("".join)


@given(_TEXT, _TEXT, _TEXT)
@settings(max_examples=200, deadline=None)
def test_merging_with_an_unchanged_side_gives_the_other(base, one, two):
    def merged(ours: str, theirs: str, prefer: str) -> bytes | None:
        merge = merge_file("x", base.encode(), DiskFile("x", ours.encode(), 0o644), theirs.encode())
        return merge.merged({conflict.index: prefer for conflict in merge.conflicts})

    assert merged(base, one, "ours") == one.encode()
    assert merged(one, base, "theirs") == one.encode()
    assert merged(one, one, "ours") == one.encode()
    assert merged(one, two, "ours") is not None


def test_decisions_set_the_status_and_keep_their_reasons(tmp_path: Path) -> None:
    library = make_library(tmp_path / "library", {"demo/SKILL.md": SKILL})
    new = NEW.replace(b"Last line.", b"Last words.")
    bench = Bench(tmp_path, library, [edited("demo/SKILL.md", new)])
    review = bench.review
    first, second = review.hunks

    def after(*verdicts: HunkVerdict) -> str:
        return record(review, decide(review, verdicts, reviewer="Ann", now=LATER))

    assert after(HunkVerdict(first.id, "reject", "unsafe", "no")) == "pending"
    both = HunkVerdict(first.id, "reject", "unsafe"), HunkVerdict(second.id, "reject", "style")
    assert after(*both) == "rejected"
    assert after(HunkVerdict(first.id, "accept"), HunkVerdict(second.id, "defer")) == (
        "partly_accepted"
    )
    assert after(HunkVerdict(first.id, "defer")) == "deferred"
    assert after(*(HunkVerdict(hunk.id, "accept") for hunk in review.hunks)) == "accepted"
    reasons = [v.reason for d in bench.store.decisions("p1") for v in d.verdicts if v.reason]
    assert reasons == ["unsafe", "unsafe", "style"]
    with pytest.raises(ReviewProblem, match="no reason"):
        after(HunkVerdict(first.id, "reject", "because"))
    with pytest.raises(ReviewProblem, match="signs"):
        decide(review, (), reviewer=" ", now=LATER)


def test_the_gate_holds_for_the_whole_alone(tmp_path: Path) -> None:
    from workbench.domain.proposal import Gate
    from workbench.review.decide import gate_after

    library = make_library(tmp_path / "library", {"demo/SKILL.md": SKILL})
    new = NEW.replace(b"Last line.", b"Last words.")
    bench = Bench(tmp_path, library, [edited("demo/SKILL.md", new)])
    proposal = msgspec.structs.replace(bench.store.get("p1"), gate=Gate("supported", "net"))
    bench.store.update(proposal)
    review = open_review(bench.store, "p1")
    first, second = review.hunks
    whole = [HunkVerdict(first.id, "accept"), HunkVerdict(second.id, "accept")]
    assert gate_after(review, whole).level == "supported"
    assert gate_after(review, whole[:1]).level == "not_evaluated"
    own = [whole[0], HunkVerdict(second.id, "accept", edited=("mine\n",))]
    assert gate_after(review, own).level == "not_evaluated"


def test_permission_bits_that_a_file_system_makes_up_do_not_block_a_revert(tmp_path: Path) -> None:
    bench = every_kind(tmp_path, repository=False)
    before = tree(bench.library)
    bench.apply()
    (bench.library / "a/d/e/new.md").chmod(0o777)
    (bench.library / "a/SKILL.md").chmod(0o666)
    (bench.library / "a/run.sh").chmod(0o750)
    with pytest.raises(Stale) as caught:
        revert(bench.store, bench.history, "p1", now=LATER, reviewer="Ann")
    assert caught.value.paths == ("a/run.sh",)
    (bench.library / "a/run.sh").chmod(0o640)
    revert(bench.store, bench.history, "p1", now=LATER, reviewer="Ann")
    assert tree(bench.library) == before


def test_a_receipt_that_this_program_did_not_write_is_not_taken_at_its_word(tmp_path: Path) -> None:
    library = make_library(tmp_path / "library", {"demo/SKILL.md": SKILL})
    bench = Bench(tmp_path, library, [edited("demo/SKILL.md", NEW)])
    evil = bench.store.put_blob("p1", b"evil")
    file = ReceiptFile("demo/SKILL.md", evil, sha256(SKILL), "644", "644")
    forged = Receipt("p1", str(library), "committed", (file,), "Ann", LATER, "c" * 64)
    bench.store.put_receipt(forged)
    with pytest.raises(ReviewProblem, match="not applied by this program"):
        revert(bench.store, bench.history, "p1", now=LATER, reviewer="Ann")
    absent = ReceiptFile("demo/run.sh", evil, None, "755", None)
    for state in ("prepared", "written"):
        bench.store.put_receipt(msgspec.structs.replace(forged, state=state, files=(absent,)))
        [message] = recover(bench.store, bench.history, now=LATER)
        assert "nothing was touched" in message
    assert set(tree(library)) == {"demo", "demo/SKILL.md"}
    assert tree(library)["demo/SKILL.md"][0] == SKILL


def test_a_revert_says_what_is_to_be_known_of_itself_and_not_of_the_apply(tmp_path: Path) -> None:
    library = make_library(tmp_path / "library", {"demo/SKILL.md": SKILL})
    bench = Bench(tmp_path, library, [edited("demo/SKILL.md", SKILL.replace(b"One", b"Uno"))])
    bench.accept()
    assert "new branch" in bench.apply(branch="words").message
    back = revert(bench.store, bench.history, bench.id, now=LATER, reviewer="Ann <a@b.invalid>")
    assert (back.state, back.message, back.branch) == ("reverted", "", "words")
    bench.apply()
    git(library, "checkout", "--quiet", "--detach")
    back = revert(bench.store, bench.history, bench.id, now=LATER, reviewer="Ann <a@b.invalid>")
    assert "HEAD is detached" in back.message
