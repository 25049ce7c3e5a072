"""Commits of a remote as proposals, and moving forward to them."""

from __future__ import annotations

import shutil
from pathlib import Path

import msgspec
import pytest

from tests.unit.review.build import LATER, NOW, SKILL, edited, git, tree
from tests.unit.review.two_people import Person, commit, two_people
from workbench.domain.proposal import HunkVerdict
from workbench.review.applying.apply import apply_decision
from workbench.review.applying.revert import revert
from workbench.review.merge import merge_stale, merged_proposal
from workbench.review.plan import ReviewProblem
from workbench.review.rules.confirmations import ALL
from workbench.review.sharing.forward import Forward, note_reached, plan_push, send
from workbench.review.sharing.incoming import RemoteChanges
from workbench.review.sharing.join import join
from workbench.review.sharing.outlook import fetched_words
from workbench.review.sharing.queue import place_of
from workbench.store.git import GitProblem
from workbench.store.remotes import distance, fetch, fetch_upstream, upstream_of
from workbench.store.transport import Call, TransportProblem


@pytest.fixture
def people(tmp_path: Path) -> tuple[Person, Person]:
    return two_people(tmp_path)


def changes_of(person: Person) -> RemoteChanges:
    repository, place = place_of(person.library)
    return RemoteChanges(person.store, repository, place, upstream_of(repository))


def fetched(person: Person) -> RemoteChanges:
    repository, _ = place_of(person.library)
    fetch(repository, "origin", Call())
    return changes_of(person)


def files(person: Person) -> dict[str, tuple[bytes, int]]:
    """Return the files of a library; git keeps no empty folders."""
    return {
        name: (data, mode)
        for name, (data, mode) in tree(person.library).items()
        if (person.library / name).is_file()
    }


def forward(person: Person) -> Forward:
    repository, place = place_of(person.library)
    return Forward(person.store, person.history, repository, place, upstream_of(repository))


def accept_all(person: Person, name: str) -> None:
    review = person.review(name)
    person.keep(review, [HunkVerdict(hunk.id, "accept") for hunk in review.hunks], 1)


def apply(person: Person, name: str) -> None:
    apply_decision(person.store, person.history, name, now=LATER, confirmed=tuple(ALL))


def everything(person: Person) -> None:
    """Two commits with every kind of change."""
    demo = person.library / "demo"
    (demo / "scripts").mkdir()
    (demo / "scripts/run.sh").write_bytes(b"#!/bin/sh\necho hi\n")
    (demo / "scripts/run.sh").chmod(0o755)
    (demo / "assets").mkdir()
    (demo / "assets/a.bin").write_bytes(b"\x00\xff\x01" * 40)
    (demo / "notes.md").write_bytes(b"".join(b"line %d\r\n" % n for n in range(30)))
    (demo / "SKILL.md").write_bytes(SKILL.replace(b"First", b"Very first"))
    commit(person, "Add a script\n\nIt says hi.\n\nCo-authored-by: Bo <bo@example.org>")
    git(person.root, "mv", "skills/demo/notes.md", "skills/demo/renamed.md")
    (demo / "renamed.md").write_bytes(b"".join(b"line %d\r\n" % n for n in range(31)))
    (demo / "scripts/run.sh").chmod(0o644)
    (demo / "assets/a.bin").unlink()
    (demo / "SKILL.md").write_bytes(SKILL.replace(b"First", b"Very first").rstrip(b"\n"))
    commit(person, "Tidy up")
    git(person.root, "push", "--quiet")


def test_accepting_everything_leaves_the_files_of_the_upstream(
    people: tuple[Person, Person],
) -> None:
    ann, ben = people
    everything(ann)
    incoming = fetched(ben).look()
    assert [one.subject for one in incoming.commits] == ["Add a script", "Tidy up"]
    assert [one.state for one in incoming.commits] == ["new", "new"]
    assert (incoming.distance.behind, incoming.distance.can_fast_forward) == (2, True)
    made = changes_of(ben).take(now=NOW)
    assert [one.engine.id for one in made] == ["git-remote", "git-remote"]
    assert "by Ann Author" in made[0].draft.rationale
    assert "It says hi." in made[0].draft.rationale
    assert made[0].draft.skills == ("demo",)
    kinds = {hunk.kind for one in made for hunk in ben.review(one.id).hunks}
    assert (
        kinds
        == {"text", "create", "delete", "rename", "mode", "binary"} - {"binary"}
        | {"binary"} & kinds
    )
    for one in made:
        accept_all(ben, one.id)
        apply(ben, one.id)
    assert files(ben) == files(ann)
    assert git(ben.root, "rev-parse", "HEAD^{tree}") == git(ann.root, "rev-parse", "HEAD^{tree}")
    # These are commits of their own, and the program says so.
    assert git(ben.root, "rev-parse", "HEAD") != git(ann.root, "rev-parse", "HEAD")
    repository, _ = place_of(ben.library)
    plan = plan_push(repository, upstream_of(repository))
    assert "commits of its own" in plan.why_not
    assert {one.state for one in changes_of(ben).look().commits} == {"taken"}


def test_taking_in_again_gives_the_same_proposals_with_what_was_decided(
    people: tuple[Person, Person],
) -> None:
    ann, ben = people
    everything(ann)
    first = fetched(ben).take(now=NOW)
    accept_all(ben, first[0].id)
    again = fetched(ben).take(now=LATER)
    assert [one.id for one in again] == [one.id for one in first]
    assert len(ben.store.list()) == 2
    assert (again[0].status, again[0].created) == ("accepted", NOW)
    only = changes_of(ben).take([ben.store.get(first[1].id).engine.version[:9]], now=LATER)
    assert [one.id for one in only] == [first[1].id]


def test_the_rules_of_the_library_hold_for_what_comes_from_the_remote(
    people: tuple[Person, Person],
) -> None:
    ann, ben = people
    everything(ann)
    rules = ben.library / ".workbench/review.toml"
    rules.parent.mkdir(exist_ok=True)
    rules.write_text("[approvals]\nown_edits = false\n[files]\nprograms = false\n")
    made = fetched(ben).take(now=LATER)
    assert {one.authors for one in made} == {(ann.reviewer,)}
    for one in made:
        accept_all(ben, one.id)
    said = forward(ben).plan().why_not
    assert "files.programs: demo/scripts/run.sh" in said
    with pytest.raises(ReviewProblem, match=r"files\.programs"):
        forward(ben).run(now=LATER, with_unreviewed=True)
    rules.unlink()
    assert forward(ben).plan().why_not == ""


def test_a_range_can_be_one_proposal(people: tuple[Person, Person]) -> None:
    ann, ben = people
    everything(ann)
    (one,) = fetched(ben).take(now=NOW, together=True)
    accept_all(ben, one.id)
    apply(ben, one.id)
    assert files(ben) == files(ann)


def test_fast_forward_brings_the_very_commits_and_can_be_reverted(
    people: tuple[Person, Person],
) -> None:
    ann, ben = people
    everything(ann)
    made = fetched(ben).take(now=NOW)
    assert "not all of commit" in forward(ben).plan().why_not
    for one in made:
        accept_all(ben, one.id)
    assert forward(ben).plan().why_not == ""
    done = forward(ben).run(now=LATER)
    assert {one.id for one in done} == {one.id for one in made}
    assert git(ben.root, "rev-parse", "HEAD") == git(ann.root, "rev-parse", "HEAD")
    assert git(ben.root, "status", "--porcelain") == ""
    receipts = [ben.store.receipts(one.id)[-1] for one in made]
    assert [one.commit for one in receipts] == [ben.store.get(m.id).engine.version for m in made]
    assert {one.reviewer for one in receipts} == {ben.reviewer}
    receipt = revert(ben.store, ben.history, made[1].id, now=LATER, reviewer=ben.reviewer)
    assert receipt.state == "reverted"
    assert git(ben.root, "rev-parse", "HEAD^{tree}") == git(ann.root, "rev-parse", "HEAD~1^{tree}")


def test_what_was_not_reviewed_does_not_come_along_unasked(people: tuple[Person, Person]) -> None:
    ann, ben = people
    (ann.root / "README.md").write_bytes(b"Other.\n")
    (ann.library / "demo/link").symlink_to("/etc/passwd")
    (ann.library / "demo/SKILL.md").write_bytes(SKILL + b"More.\n")
    git(ann.root, "add", "README.md")
    commit(ann, "Link")
    git(ann.root, "push", "--quiet")
    (one,) = fetched(ben).take(now=NOW)
    assert [change.path for change in one.draft.changes] == ["demo/SKILL.md"]
    assert one.warnings == ("demo/link is not part of this: a link or submodule.",)
    accept_all(ben, one.id)
    before = tree(ben.root)
    with pytest.raises(ReviewProblem, match=r"README.md, skills/demo/link would come along"):
        forward(ben).run(now=LATER)
    assert tree(ben.root) == before
    forward(ben).run(now=LATER, with_unreviewed=True)
    assert git(ben.root, "rev-parse", "HEAD") == git(ann.root, "rev-parse", "HEAD")


def test_a_commit_of_files_in_no_skill_is_no_proposal(people: tuple[Person, Person]) -> None:
    ann, ben = people
    (ann.library / "list.txt").write_bytes(b"x\n")
    commit(ann, "List")
    git(ann.root, "push", "--quiet")
    (one,) = fetched(ben).look().commits
    assert (one.state, one.left_out) == ("outside", (("list.txt", "in no skill"),))
    with pytest.raises(ReviewProblem, match="nothing new for the skills"):
        changes_of(ben).take(now=NOW)


def test_what_both_changed_is_merged_before_it_comes_in(people: tuple[Person, Person]) -> None:
    ann, ben = people
    (ann.library / "demo/SKILL.md").write_bytes(SKILL.replace(b"First", b"Very first"))
    commit(ann, "First")
    git(ann.root, "push", "--quiet")
    (ben.library / "demo/SKILL.md").write_bytes(SKILL.replace(b"Last", b"Very last"))
    commit(ben, "Last")
    (one,) = fetched(ben).take(now=NOW)
    assert "has 1 commit that origin/main lacks" in forward(ben).plan().why_not
    review = ben.review(one.id)
    assert review.changed_on_disk() == ("demo/SKILL.md",)
    merge = merge_stale(review, [HunkVerdict(hunk.id, "accept") for hunk in review.hunks])
    assert merge.conflicts == ()
    merged, blobs = merged_proposal(merge, now=NOW)
    ben.store.add(merged, blobs)
    accept_all(ben, merged.id)
    apply(ben, merged.id)
    text = (ben.library / "demo/SKILL.md").read_bytes()
    assert b"Very first" in text
    assert b"Very last" in text


def test_what_came_in_with_git_is_noted_as_such(people: tuple[Person, Person]) -> None:
    ann, ben = people
    everything(ann)
    made = fetched(ben).take(now=NOW)
    git(ben.root, "merge", "--quiet", "--ff-only", "origin/main")
    repository, place = place_of(ben.library)
    noted = note_reached(ben.store, ben.history, repository, place, now=LATER)
    assert {one.id for one in noted} == {one.id for one in made}
    assert {ben.store.get(one.id).status for one in made} == {"applied"}
    assert ben.store.receipts(made[0].id)[-1].reviewer == "nobody here"
    assert note_reached(ben.store, ben.history, repository, place, now=LATER) == ()


def test_a_stored_proposal_is_not_taken_for_a_commit_it_is_not(
    people: tuple[Person, Person],
) -> None:
    """A store may come from anywhere, and what is noted as applied can be reverted."""
    ann, ben = people
    everything(ann)
    made = fetched(ben).take(now=NOW)[0]
    change = msgspec.structs.replace(made.draft.changes[-1], new_text="Other.\n", blob=None)
    draft = msgspec.structs.replace(made.draft, changes=(*made.draft.changes[:-1], change))
    ben.store.update(msgspec.structs.replace(made, draft=draft))
    git(ben.root, "merge", "--quiet", "--ff-only", "origin/main")
    repository, place = place_of(ben.library)
    noted = note_reached(ben.store, ben.history, repository, place, now=LATER)
    assert made.id not in {one.id for one in noted}
    assert ben.store.receipts(made.id) == ()


def test_line_ends_come_as_a_checkout_would_write_them(people: tuple[Person, Person]) -> None:
    ann, ben = people
    (ann.library / ".gitattributes").write_bytes(b"*.md eol=crlf\n")
    git(ann.root, "add", "skills/.gitattributes")
    commit(ann, "Line ends")
    git(ann.root, "push", "--quiet")
    git(ben.root, "pull", "--quiet")
    (ben.library / "demo/SKILL.md").unlink()
    git(ben.root, "checkout", "--quiet", "--", "skills/demo/SKILL.md")
    (ann.library / "demo/SKILL.md").write_bytes(SKILL.replace(b"First", b"1st"))
    commit(ann, "First")
    git(ann.root, "push", "--quiet")
    (one,) = fetched(ben).take(now=NOW)
    assert ben.review(one.id).changed_on_disk() == ()
    accept_all(ben, one.id)
    apply(ben, one.id)
    assert b"1st line.\r\n" in (ben.library / "demo/SKILL.md").read_bytes()
    assert git(ben.root, "status", "--porcelain") == ""


def test_a_push_sends_what_was_applied_and_never_forces(people: tuple[Person, Person]) -> None:
    ann, ben = people
    ann.propose()
    accept_all(ann, "p1")
    apply(ann, "p1")
    repository, _ = place_of(ann.library)
    plan = send(repository, upstream_of(repository), Call())
    assert [one.trailer("Skill-Workbench-Proposal") for one in plan.commits] == ["p1"]
    assert git(ann.root, "rev-parse", "HEAD") == git(
        ann.folder.parent / "remote.git", "rev-parse", "main"
    )
    with pytest.raises(ReviewProblem, match="has all of it"):
        send(repository, upstream_of(repository), Call())

    (ben.library / "demo/SKILL.md").write_bytes(SKILL + b"Ben.\n")
    commit(ben, "Mine")
    mine, _ = place_of(ben.library)
    with pytest.raises(TransportProblem) as told:
        send(mine, upstream_of(mine), Call())
    assert told.value.kind == "rejected"
    assert "Fetch, review them" in str(told.value)
    # What is there by now was fetched at once.
    assert changes_of(ben).distance.behind == 1


def test_two_sides_that_went_on_are_joined_when_no_skill_changes_by_it(
    people: tuple[Person, Person],
) -> None:
    ann, ben = people
    (ann.library / "demo/SKILL.md").write_bytes(SKILL.replace(b"First", b"1st"))
    (ann.root / "README.md").write_bytes(b"Other.\n")
    git(ann.root, "add", "README.md")
    commit(ann, "Both")
    git(ann.root, "push", "--quiet")
    ben.propose([edited("demo/new.md", b"New.\n")])
    accept_all(ben, "p1")
    apply(ben, "p1")
    repository, place = place_of(ben.library)
    upstream = upstream_of(repository)
    (came,) = fetched(ben).take(now=NOW)
    assert plan_push(repository, upstream).apart
    before = tree(ben.root)
    with pytest.raises(ReviewProblem, match=r"would change skills/demo/SKILL.md, which has not"):
        join(repository, place, upstream)
    accept_all(ben, came.id)
    apply(ben, came.id)
    with pytest.raises(ReviewProblem, match=r"README.md would come along"):
        join(repository, place, upstream)
    assert tree(ben.root)["README.md"] == before["README.md"]
    done = join(repository, place, upstream, with_unreviewed=True)
    assert done.came_along == ("README.md",)
    assert git(ben.root, "status", "--porcelain") == ""
    send(repository, upstream, Call())
    git(ann.root, "pull", "--quiet", "--ff-only")
    assert files(ann) == files(ben)


def test_what_both_sides_changed_is_not_joined(people: tuple[Person, Person]) -> None:
    ann, ben = people
    for person, words in ((ann, b"Ann"), (ben, b"Ben")):
        (person.library / "demo/SKILL.md").write_bytes(SKILL.replace(b"First", words))
        commit(person, "Mine")
    git(ann.root, "push", "--quiet")
    fetched(ben)
    repository, place = place_of(ben.library)
    before = tree(ben.root)
    with pytest.raises(ReviewProblem, match=r"both sides changed skills/demo/SKILL.md"):
        join(repository, place, upstream_of(repository))
    git(ben.root, "checkout", "--quiet", "--detach")
    with pytest.raises(ReviewProblem, match="detached"):
        join(repository, place, upstream_of(repository, branch="main"))
    git(ben.root, "checkout", "--quiet", "main")
    assert tree(ben.root) == before


def test_histories_that_have_nothing_in_common_are_told(
    people: tuple[Person, Person], tmp_path: Path
) -> None:
    _, ben = people
    other = tmp_path / "other"
    (other / "skills/demo").mkdir(parents=True)
    (other / "skills/demo/SKILL.md").write_bytes(SKILL)
    git(other, "init", "--quiet", "--initial-branch=main")
    git(other, "add", "--all")
    git(other, "commit", "--quiet", "--message=other")
    git(ben.root, "remote", "set-url", "origin", str(other))
    with pytest.raises(ReviewProblem, match="no history in common"):
        fetched(ben).look()
    shutil.rmtree(ben.root / ".git/refs/remotes")
    (ben.root / ".git/packed-refs").unlink(missing_ok=True)
    with pytest.raises(ReviewProblem, match="Fetch first"):
        changes_of(ben).look()


def test_more_commits_than_are_listed_are_taken_as_one_proposal(
    people: tuple[Person, Person], monkeypatch: pytest.MonkeyPatch
) -> None:
    ann, ben = people
    for number in range(4):
        (ann.library / "demo/more.md").write_bytes(b"%d\n" % number)
        commit(ann, f"number {number}")
    git(ann.root, "push", "--quiet")
    git(ben.root, "fetch", "--quiet")
    monkeypatch.setattr(RemoteChanges._commits, "__defaults__", (3,))
    monkeypatch.setattr("workbench.review.sharing.commit_words._TOLD", 2)
    with pytest.raises(GitProblem, match=r"more than 3 commits.*--together"):
        changes_of(ben).look()
    (made,) = changes_of(ben).take(together=True, now=LATER)
    assert made.draft.title == "4 commits of origin/main"
    assert "The last 2 of 4 commits" in made.draft.rationale
    assert "number 0" not in made.draft.rationale


def test_a_branch_deleted_or_rewritten_on_the_remote_is_told(
    people: tuple[Person, Person], tmp_path: Path
) -> None:
    ann, ben = people
    remote = tmp_path / "remote.git"
    repository, _ = place_of(ben.library)
    upstream = upstream_of(repository)
    start = git(ben.root, "rev-parse", "HEAD")
    (ann.library / "demo/more.md").write_bytes(b"More.\n")
    new = commit(ann, "more")
    git(ann.root, "push", "--quiet")
    found = fetch_upstream(repository, upstream, Call())
    assert (found.before, found.after, found.lost, found.gone) == (start, new, 0, False)
    assert fetch_upstream(repository, upstream, Call()).after == new

    git(remote, "update-ref", "refs/heads/main", start)
    found = fetch_upstream(repository, upstream, Call())
    assert (found.after, found.lost) == (start, 1)
    words = fetched_words(upstream, found, distance(repository, upstream))
    assert words.startswith("origin/main was rewritten on the remote: 1 commit that had been in it")

    git(remote, "update-ref", "-d", "refs/heads/main")
    found = fetch_upstream(repository, upstream, Call())
    assert found.gone
    words = fetched_words(upstream, found, distance(repository, upstream))
    assert words.startswith("origin/main was deleted on the remote.")
    # Nothing is compared with what is not there any more.
    assert distance(repository, upstream).tip is None
    assert not fetch_upstream(repository, upstream, Call()).gone
