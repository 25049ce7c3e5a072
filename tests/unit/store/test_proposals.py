"""The store of proposals: atomic, append-only logs, tolerant of damage."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.domain.proposal import (
    BaseFile,
    Change,
    Decision,
    Engine,
    HunkVerdict,
    Proposal,
    ProposalDraft,
    Receipt,
)
from workbench.files import FileProblem, sha256
from workbench.store.history import HistoryEntry, LocalHistory
from workbench.store.lines import append_line, read_lines
from workbench.store.paths import UserFolders
from workbench.store.proposals import ProposalStore, StoreProblem


def a_proposal(name: str = "p1", *changes: Change, library: str = "/nowhere", **rest: object):
    draft = ProposalDraft("edit", "title", "why", changes)
    base = rest.pop("base", ())
    return Proposal(name, Engine("e", "1"), library, base, draft, (), "2026-01-01T00:00:00Z")


def a_decision(reviewer: str) -> Decision:
    verdict = HunkVerdict("h" * 16, "reject", "unsafe", "no", ("edited \r\n",))
    return Decision("p1", (verdict,), reviewer, "2026-01-01T00:00:00Z", "c" * 64)


@pytest.fixture
def store(tmp_path: Path) -> ProposalStore:
    return ProposalStore(tmp_path / "proposals")


def test_what_goes_in_comes_out(store: ProposalStore) -> None:
    proposal = a_proposal("p1", Change("c", "a/SKILL.md", "write", "line\r\nü\u2028 no end"))
    store.add(proposal)
    assert store.get("p1") == proposal
    assert store.list() == (proposal,)


def test_adding_again_keeps_what_people_decided(store: ProposalStore) -> None:
    store.add(a_proposal())
    store.update(msgspec.structs.replace(store.get("p1"), status="rejected"))
    assert store.add(a_proposal()).status == "rejected"
    assert store.get("p1").status == "rejected"


def test_the_base_of_every_touched_file_is_kept(store: ProposalStore, tmp_path: Path) -> None:
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib/a.md").write_bytes(b"base\r\n")
    (tmp_path / "lib/changed.md").write_bytes(b"not the base")
    base = (
        BaseFile("a.md", sha256(b"base\r\n")),
        BaseFile("changed.md", sha256(b"old")),
        BaseFile("new.md", None),
        BaseFile("../escape", sha256(b"x")),
        BaseFile("given.md", sha256(b"given")),
    )
    proposal = a_proposal("p1", library=str(tmp_path / "lib"), base=base)
    store.add(proposal, {sha256(b"given"): b"given"})
    (tmp_path / "lib/a.md").unlink()
    assert store.blob(sha256(b"base\r\n")) == b"base\r\n"
    assert store.blob(sha256(b"given"), "p1") == b"given"
    with pytest.raises(StoreProblem, match="missing"):
        store.blob(sha256(b"old"))


def test_text_that_is_no_unicode_is_kept_byte_for_byte(store: ProposalStore) -> None:
    text = b"caf\xe9\n".decode("utf-8", "surrogateescape")
    stored = store.add(a_proposal("p1", Change("c", "a.md", "write", text)))
    [change] = store.get("p1").draft.changes
    assert stored.draft.changes == (change,)
    assert change.new_text is None
    assert store.blob(change.blob or "") == b"caf\xe9\n"


def test_a_blob_that_is_not_what_its_name_says_is_refused(store: ProposalStore) -> None:
    with pytest.raises(StoreProblem, match="hash"):
        store.add(a_proposal(), {"0" * 64: b"x"})
    assert store.list() == ()
    digest = store.put_blob("p1", b"right")
    (store.folder / "p1/blobs" / digest).write_bytes(b"wrong")
    store.add(a_proposal())
    with pytest.raises(StoreProblem, match="damaged"):
        store.blob(digest)


@pytest.mark.parametrize(
    "damage", [b"", b"{", b"[]", b'{"id": "p2"}', b"\xff\xfe", b'{"id": 3, "version": "x"}']
)
def test_a_broken_proposal_is_reported_and_the_rest_goes_on(
    store: ProposalStore, damage: bytes
) -> None:
    store.add(a_proposal("good"))
    store.add(a_proposal("p2"))
    (store.folder / "p2/proposal.json").write_bytes(damage)
    listing = store.read()
    assert [proposal.id for proposal in listing.proposals] == ["good"]
    assert len(listing.problems) == 1
    assert "p2" in listing.problems[0]
    store.add(a_proposal("p2"))
    assert [proposal.id for proposal in store.list()] == ["good", "p2"]
    assert (store.folder / "p2/proposal.json.broken").read_bytes() == damage


def test_a_proposal_under_a_strange_name_is_not_taken(store: ProposalStore) -> None:
    store.add(a_proposal("p1"))
    (store.folder / "p1").rename(store.folder / "p9")
    assert "Rename" in store.read().problems[0]


@pytest.mark.parametrize("name", ["", "..", "../x", "a/b", ".hidden", "a b", "x" * 200, "a\nb"])
def test_an_id_that_is_no_folder_name_is_refused(store: ProposalStore, name: str) -> None:
    with pytest.raises(StoreProblem, match="no id"):
        store.add(a_proposal(name))


def test_ids_may_be_shortened_while_they_fit_one(store: ProposalStore) -> None:
    for name in ("miner-aa", "miner-ab", "other"):
        store.add(a_proposal(name))
    assert store.find("o").id == "other"
    assert store.find("ab").id == "miner-ab"
    with pytest.raises(StoreProblem, match="fits 2"):
        store.find("miner")
    with pytest.raises(StoreProblem, match="no proposal"):
        store.find("x")


def test_logs_grow_and_the_last_counts(store: ProposalStore) -> None:
    store.add(a_proposal())
    store.add_decision(a_decision("Ann"))
    before = (store.folder / "p1/decisions.jsonl").read_bytes()
    store.add_decision(a_decision("Bob"))
    assert (store.folder / "p1/decisions.jsonl").read_bytes().startswith(before)
    assert [decision.reviewer for decision in store.decisions("p1")] == ["Ann", "Bob"]
    assert store.decisions("p1")[0].verdicts[0].edited == ("edited \r\n",)
    receipt = Receipt("p1", "/l", "prepared", (), "Ann", "2026-01-01", "c" * 64)
    store.put_receipt(receipt)
    store.put_receipt(msgspec.structs.replace(receipt, state="committed"))
    assert store.receipts("p1")[-1].state == "committed"


def test_a_torn_line_costs_itself_alone(store: ProposalStore) -> None:
    store.add(a_proposal())
    store.add_decision(a_decision("Ann"))
    with (store.folder / "p1/decisions.jsonl").open("ab") as stream:
        stream.write(b'{"proposal": "p1", "verd')
    store.add_decision(a_decision("Bob"))
    assert [decision.reviewer for decision in store.decisions("p1")] == ["Ann", "Bob"]


def test_a_decision_on_nothing_is_refused(store: ProposalStore) -> None:
    with pytest.raises(StoreProblem):
        store.add_decision(a_decision("Ann"))


def test_a_full_disk_leaves_the_log_as_it_was(
    store: ProposalStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.add(a_proposal())
    store.add_decision(a_decision("Ann"))
    before = (store.folder / "p1/decisions.jsonl").read_bytes()

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(FileProblem, match="No space"):
        store.add_decision(a_decision("Bob"))
    assert (store.folder / "p1/decisions.jsonl").read_bytes() == before


def test_an_empty_store_is_made_with_the_first_proposal(store: ProposalStore) -> None:
    assert store.list() == ()
    assert not store.folder.exists()


@given(st.binary(max_size=300))
def test_no_log_makes_reading_fail(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = tmp_path_factory.mktemp("log") / "x.jsonl"
    path.write_bytes(data)
    values, problems = read_lines(path, Decision)
    lines = [line for line in data.split(b"\n") if line.strip()]
    assert len(values) + len(problems) == len(lines)
    append_line(path, a_decision("Ann"))
    assert read_lines(path, Decision)[0][-1].reviewer == "Ann"


def test_the_history_keeps_both_sides_of_a_library_without_git(tmp_path: Path) -> None:
    history = LocalHistory(tmp_path / "history")
    library = tmp_path / "library"
    entry = HistoryEntry(str(library), "apply", "p1", "t", (), "Ann", "2026-01-01")
    history.record(entry, {sha256(b"a"): b"a"})
    history.record(entry, {sha256(b"a"): b"a"})
    assert history.entries(library) == (entry,)
    assert history.entries(tmp_path / "other") == ()
    assert history.file(library, sha256(b"a")) == b"a"
    with pytest.raises(FileProblem):
        history.file(library, sha256(b"b"))


def test_one_variable_moves_all_folders(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SKILL_WORKBENCH_HOME", str(tmp_path))
    folders = UserFolders.default()
    places = (folders.config, folders.data, folders.state, folders.cache, folders.proposals)
    assert all(place.is_relative_to(tmp_path) for place in (*places, folders.runs))
    monkeypatch.delenv("SKILL_WORKBENCH_HOME")
    assert not UserFolders.default().data.is_relative_to(tmp_path)
    assert list(tmp_path.iterdir()) == []
