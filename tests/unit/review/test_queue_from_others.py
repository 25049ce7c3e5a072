"""What a stranger may write into the branch of a queue, and what a killed sync leaves."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import msgspec
import pytest

from tests.unit.review.build import SKILL, edited, git, tree
from tests.unit.review.two_people import Person, two_people
from workbench.domain.proposal import Decision
from workbench.review.applying.apply import apply_decision
from workbench.review.plan import ReviewProblem
from workbench.review.sharing.form import share_decision, share_proposal
from workbench.review.sharing.layout import MOST_BYTES, decision_path
from workbench.review.sharing.queue import place_of
from workbench.store.branch_files import (
    REGULAR,
    BranchFile,
    files_of,
    set_ref,
    write_blobs,
    write_commit,
    write_tree,
)
from workbench.store.git import Identity

_EVE = Identity("Eve", "eve@example.org")


@pytest.fixture
def people(tmp_path: Path) -> tuple[Person, Person]:
    ann, ben = two_people(tmp_path)
    ann.share()
    ben.share()
    ann.propose()
    ann.sync(["p1"])
    return ann, ben


def write(person: Person, contents: Mapping[str, bytes], mode: str = REGULAR) -> None:
    """Push files onto the queue's branch past the program."""
    repository, _ = place_of(person.library)
    ref = "refs/heads/skill-workbench/proposals"
    tip = git(person.root, "rev-parse", ref)
    files = files_of(repository, tip)
    for path, blob in write_blobs(repository, contents).items():
        files[path] = BranchFile(path, mode, blob, len(contents[path]))
    commit = write_commit(repository, write_tree(repository, files.values()), [tip], "x\n", _EVE)
    assert set_ref(repository, ref, commit, tip)
    git(person.root, "push", "--quiet", "origin", f"{ref}:{ref}")


def shared(person: Person, name: str, text: str) -> bytes:
    """Return proposal p1 under another name with a part of its text replaced."""
    _, place = place_of(person.library)
    proposal = msgspec.structs.replace(person.store.get("p1"), id=name)
    old, _, new = text.partition("=>")
    data = share_proposal(proposal, place).data.decode()
    assert old in data
    return data.replace(old, new).encode()


@pytest.mark.parametrize(
    ("path", "text", "told"),
    [
        ("proposals/evil/proposal.json", '"demo/SKILL.md"=>"../out.md"', "not a plain path"),
        ("proposals/evil/proposal.json", '"demo/SKILL.md"=>".git/hooks/x"', "another program"),
        ("proposals/evil/proposal.json", '"demo/SKILL.md"=>"/etc/x"', "not a plain path"),
        ("proposals/evil/proposal.json", '"id": "evil"=>"id": "../p"', "its folder is evil"),
        ("proposals/evil/proposal.json", "{=>[", "not readable"),
        ("proposals/evil/proposal.json", '"miner"=>"git-remote"', "come by fetching"),
        ("proposals/evil/proposal.json", "proposal/1=>proposal/9", "a newer program"),
        ("proposals/evil/other.json", "{=>{", "no file of a queue"),
        ("proposals/evil/blobs/../x", "{=>{", ""),
    ],
)
def test_what_is_no_proposal_is_left_out_and_said(
    people: tuple[Person, Person], path: str, text: str, told: str
) -> None:
    ann, ben = people
    data = shared(ann, "evil", text)
    if ".." in path:
        path = path.replace("/../", "/%2e%2e/")
        told = "no file of a queue"
    write(ann, {path: data})
    before = tree(ben.folder)
    taken = ben.sync().taken
    assert taken.proposals == ("p1",)
    assert any(told in problem for problem in taken.problems), taken.problems
    outside = {
        name for name in set(tree(ben.folder)) - set(before) if not name.startswith("proposals/p1")
    }
    assert outside <= {"proposals", "proposals/.lock"}
    assert not (ben.folder / "proposals/evil").exists()


def test_a_proposal_of_another_library_of_the_repository_is_nobodys_fault(
    people: tuple[Person, Person],
) -> None:
    ann, ben = people
    write(
        ann,
        {"proposals/far/proposal.json": shared(ann, "far", '"library": "skills"=>"library": "x"')},
    )
    taken = ben.sync().taken
    assert (taken.proposals, taken.problems) == (("p1",), ())


def test_a_link_a_program_and_a_file_that_is_too_large_are_not_read(
    people: tuple[Person, Person], monkeypatch: pytest.MonkeyPatch
) -> None:
    ann, ben = people
    write(ann, {"proposals/l/proposal.json": b"/etc/passwd"}, "120000")
    write(ann, {"proposals/m/proposal.json": shared(ann, "m", "{=>{")}, "100755")
    write(ann, {"proposals/n/proposal.json": shared(ann, "n", "{=>{")})
    monkeypatch.setitem(MOST_BYTES, "proposal", 10)
    taken = ben.sync().taken
    assert taken.proposals == ()
    assert sorted(problem.split(" has ")[0].split(";")[0] for problem in taken.problems) == [
        "proposals/l/proposal.json is a link or program",
        "proposals/m/proposal.json is a link or program",
        "proposals/n/proposal.json",
        "proposals/p1/proposal.json",
    ]


def test_files_and_decisions_have_to_be_what_their_names_say(
    people: tuple[Person, Person],
) -> None:
    ann, ben = people
    digest = ann.store.get("p1").base[0].sha256
    write(ann, {f"proposals/p1/blobs/{digest}": b"other"})
    taken = ben.sync().taken
    assert taken.proposals == ()
    assert "has not the hash of its name" in taken.problems[0]

    write(ann, {f"proposals/p1/blobs/{digest}": ann.store.blob(str(digest))})
    made = ann.decide("accept", "reject", minute=1)
    _, place = place_of(ann.library)
    forged = msgspec.structs.replace(made, reviewer=ben.reviewer)
    write(ann, {decision_path(made): share_decision(forged, place).data})
    taken = ben.sync().taken
    assert taken.proposals == ("p1",)
    assert "says something else than its name" in taken.problems[0]
    assert ben.store.decisions("p1") == ()


def test_who_put_a_decision_of_another_into_the_queue_is_said(
    people: tuple[Person, Person],
) -> None:
    ann, ben = people
    honest = ann.decide("accept", None, minute=1)
    ann.sync()
    assert ben.sync().taken.problems == ()
    assert ben.store.decisions("p1") == (honest,)
    made = ann.decide("accept", "accept", minute=2)
    _, place = place_of(ann.library)
    write(ann, {decision_path(made): share_decision(made, place).data})
    (told,) = ben.sync().taken.problems
    assert "signed Ann Author <ann@example.org> was put into the queue by eve@example.org" in told


def test_another_proposal_of_the_same_id_takes_no_decisions(
    people: tuple[Person, Person],
) -> None:
    ann, ben = people
    ben.propose([edited("demo/SKILL.md", SKILL + b"Ben's.\n")])
    ann.decide("accept", "accept", minute=1)
    ann.sync()
    taken = ben.sync().taken
    assert "another proposal than the one of that id here" in taken.problems[0]
    assert ben.store.decisions("p1") == ()


def test_a_decision_that_names_what_is_not_there_applies_nothing(
    people: tuple[Person, Person],
) -> None:
    ann, ben = people
    made = ann.decide("accept", "accept", minute=1)
    _, place = place_of(ann.library)
    for content in ("0" * 64, "\ud800"):
        forged = Decision("p1", made.verdicts, "Eve", made.time, content)
        data = share_decision(forged, place).data
        if data:
            write(ann, {decision_path(forged): data})
    before = tree(ben.library)
    ben.sync()
    assert [one.reviewer for one in ben.store.decisions("p1")] == ["Eve"]
    with pytest.raises(ReviewProblem, match="for other content"):
        apply_decision(ben.store, ben.history, "p1", now=made.time)
    assert tree(ben.library) == before


def test_what_both_changed_past_the_program_is_kept_on_both_sides(
    people: tuple[Person, Person],
) -> None:
    ann, ben = people
    ben.sync()
    repository, _ = place_of(ben.library)
    write(ann, {"proposals/p1/note.md": b"ann\n", "README.md": b"Ann's.\n"})
    ref = "refs/heads/skill-workbench/proposals"
    tip = git(ben.root, "rev-parse", ref)
    files = files_of(repository, tip)
    for path, blob in write_blobs(
        repository, {"proposals/p1/note.md": b"ben\n", "README.md": b"Ben's.\n"}
    ).items():
        files[path] = BranchFile(path, REGULAR, blob, 4)
    commit = write_commit(repository, write_tree(repository, files.values()), [tip], "y\n", _EVE)
    assert set_ref(repository, ref, commit, tip)

    synced = ben.sync()
    assert set(synced.differing) == {"README.md", "proposals/p1/note.md"}
    there = files_of(repository, synced.commit)
    assert sum(path.startswith("README.md") for path in there) == 2
    assert git(ben.root, "show", f"{synced.commit}:README.md") == "Ann's."
    assert len(ben.queue.state().aside) == 2
    assert ann.sync().commit == synced.commit


_SLOW = """
import sys, time
from pathlib import Path
from workbench.review.sharing import queue
from workbench.store.proposals import ProposalStore
from workbench.store.transport import Call
stage, store, library = sys.argv[1:]
def stop(name, real):
    def run(*a, **k):
        if name.startswith("before"): wait()
        made = real(*a, **k)
        if name.startswith("after"): wait()
        return made
    return run
def wait():
    print("here", flush=True)
    time.sleep(60)
when, name = stage.split(" ")
if name == "add":
    ProposalStore.add = stop(when, ProposalStore.add)
else:
    setattr(queue, name, stop(when, getattr(queue, name)))
queue.TeamQueue(ProposalStore(Path(store)), Path(library)).sync(Call(), add=["mine"])
"""


@pytest.mark.parametrize(
    "stage",
    [
        "after write_blobs",
        "after write_tree",
        "before set_ref",
        "after set_ref",
        "before push",
        "after push",
        "before add",
        "after add",
    ],
)
def test_a_sync_that_is_killed_is_finished_by_the_next(
    people: tuple[Person, Person], stage: str
) -> None:
    ann, ben = people
    ben.propose(name="mine")
    script = [sys.executable, "-c", _SLOW, stage, str(ben.store.folder), str(ben.library)]
    process = subprocess.Popen(script, stdout=subprocess.PIPE, start_new_session=True)
    assert process.stdout is not None
    assert process.stdout.readline() == b"here\n"
    os.killpg(process.pid, signal.SIGKILL)
    process.wait(20)
    process.stdout.close()
    assert git(ben.root, "fsck", "--connectivity-only", "--no-dangling") == ""
    assert ben.store.read().problems == ()
    ben.sync(["mine"])
    assert {one.id for one in ben.store.list()} == {"p1", "mine"}
    assert ann.sync().taken.proposals == ("mine",)
