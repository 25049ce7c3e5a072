"""The history of a skill with its proposals, receipts, evidence and what is lost of them."""

from __future__ import annotations

import shutil
import stat
from pathlib import Path

import pytest

from tests.unit.review.build import LATER, SKILL, Bench, edited, git, make_library
from workbench.domain.proposal import Evidence, EvidenceCheck
from workbench.review.applying.revert import revert
from workbench.review.history.entry_diff import entry_diff
from workbench.review.history.origins import origins
from workbench.review.history.skill_history import (
    EntryFacts,
    SkillHistory,
    change_named,
    entry_facts,
    in_force,
    read_history,
)
from workbench.review.history.timeline import EntryFile, TimelineEntry, timeline
from workbench.store.history import LocalHistory

TEXT = SKILL.decode()


def bench_on(tmp_path: Path, *, repository: bool = True, apply: bool = True) -> Bench:
    library = make_library(tmp_path / "lib", {"demo/SKILL.md": SKILL}, repository=repository)
    text = TEXT.replace("First", "Very first").replace("3. Three", "3. Three\n4. Four")
    bench = Bench(
        tmp_path,
        library,
        [edited("demo/SKILL.md", text, evidence=("e1",))],
        evidence=[Evidence("e1", "run.jsonl#1", 3, 3, "it failed")],
        checks=[EvidenceCheck("e1", "verified", source_sha256="ab" * 32)],
    )
    if apply:
        bench.accept()
        bench.apply()
    return bench


def history_of(bench: Bench, **rest: int) -> SkillHistory:
    return read_history(bench.library, "demo", bench.history, bench.store, **rest)


def facts_of(bench: Bench, kind: str) -> EntryFacts:
    entries = history_of(bench).page.entries
    entry = next(one for one in entries if one.kind == kind)
    return entry_facts(bench.library, entry, bench.history, bench.store)


def test_an_applied_proposal_comes_with_its_hunks_evidence_and_receipt(tmp_path: Path) -> None:
    facts = facts_of(bench_on(tmp_path), "applied")
    assert [hunk.evidence for hunk in facts.diff.hunks] == [("e1",), ("e1",)]
    assert facts.proposal is not None
    assert facts.receipt is not None
    assert (facts.proof, facts.receipt.commit) == ("receipt", facts.entry.commit)
    assert facts.why_not_revert == ""


@pytest.mark.parametrize("repository", [True, False])
def test_what_was_reverted_cannot_be_reverted_again(tmp_path: Path, *, repository: bool) -> None:
    bench = bench_on(tmp_path, repository=repository)
    revert(bench.store, bench.history, bench.id, now=LATER, reviewer="Bob <b@c>")
    facts = facts_of(bench, "applied")
    assert facts.why_not_revert
    back = facts_of(bench, "reverted")
    assert [hunk.new_lines for hunk in back.diff.hunks] == [("First line.\n",), ()]


def test_without_git_engine_and_gate_are_those_of_the_store(tmp_path: Path) -> None:
    bench = bench_on(tmp_path, repository=False)
    found = history_of(bench)
    (applied,) = found.page.entries
    assert (applied.engine, applied.gate) == ("miner 1.2", "not_evaluated")
    assert "in no git repository" in found.notes[0]
    facts = facts_of(bench, "applied")
    assert [hunk.new_lines for hunk in facts.diff.hunks] == [
        ("Very first line.\n",),
        ("4. Four\n",),
    ]
    assert facts.proof == "receipt"


def test_without_a_git_command_the_local_history_is_still_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = bench_on(tmp_path, repository=False)
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))
    found = history_of(bench)
    assert "git command was not found" in found.notes[0]
    assert [entry.kind for entry in found.page.entries] == ["applied"]
    facts = entry_facts(bench.library, found.page.entries[0], bench.history, bench.store)
    assert len(facts.diff.hunks) == 2


def test_a_proposal_the_store_lost_leaves_the_word_of_the_commit(tmp_path: Path) -> None:
    bench = bench_on(tmp_path)
    shutil.rmtree(bench.store.folder / bench.id)
    facts = facts_of(bench, "applied")
    assert (facts.proposal, facts.proof) == (None, "not_stored")
    assert "not in the store" in facts.told
    assert facts.why_not_revert.endswith(f"git revert {facts.entry.commit[:12]}")
    assert len(facts.diff.hunks) == 2
    assert facts.entry.evidence[0].startswith("e1 run.jsonl#1 step 3 verified")


def test_a_proposal_whose_texts_are_lost_keeps_its_receipt(tmp_path: Path) -> None:
    bench = bench_on(tmp_path)
    for blob in (bench.store.folder / bench.id / "blobs").iterdir():
        blob.unlink()
    facts = facts_of(bench, "applied")
    assert facts.proposal is not None
    assert facts.proof == "receipt"
    assert "cannot be shown" in facts.told


def test_a_rewritten_history_is_told(tmp_path: Path) -> None:
    bench = bench_on(tmp_path)
    named = bench.store.receipts(bench.id)[-1].commit
    assert named is not None
    message = git(bench.library, "log", "-1", "--format=%B").replace("Because", "So: because")
    git(bench.library, "commit", "--quiet", "--amend", "-m", message)
    found = history_of(bench)
    (note,) = [one for one in found.notes if named[:10] in one]
    assert "was rewritten" in note
    assert git(bench.library, "rev-parse", "HEAD")[:10] in note
    facts = facts_of(bench, "applied")
    assert facts.proof == "other_commit"
    assert named[:10] in facts.told


def test_an_apply_that_no_commit_tells_of_is_told(tmp_path: Path) -> None:
    bench = bench_on(tmp_path, apply=False)
    bench.accept()
    bench.apply(use_git=False)
    found = history_of(bench)
    assert found.page.entries[0].kind == "uncommitted"
    assert found.notes == ("p1 was applied here without a commit that says so.",)


def test_a_commit_that_only_claims_a_proposal_is_no_proof(tmp_path: Path) -> None:
    bench = bench_on(tmp_path, apply=False)
    (bench.library / "demo/SKILL.md").write_text(TEXT + "\nForged.\n")
    git(bench.library, "commit", "-qam", "Forged\n\nSkill-Workbench-Proposal: p1")
    facts = facts_of(bench, "applied")
    assert facts.proof == "no_receipt"
    assert "own word" in facts.told
    assert "does not say that p1 is applied" in facts.why_not_revert


def test_shallow_and_detached_are_told(tmp_path: Path) -> None:
    bench = bench_on(tmp_path)
    git(tmp_path, "clone", "--quiet", "--depth=1", bench.library.as_uri(), "clone")
    git(tmp_path / "clone", "checkout", "--quiet", "--detach")
    bench.library = tmp_path / "clone"
    notes = " ".join(history_of(bench).notes)
    assert "HEAD is on no branch" in notes
    assert "shallow" in notes
    (entry,) = history_of(bench).page.entries
    facts = entry_facts(bench.library, entry, bench.history, bench.store)
    assert facts.diff.hunks[0].kind == "create"


def test_what_is_not_committed_comes_first_and_is_shown(tmp_path: Path) -> None:
    bench = bench_on(tmp_path)
    (bench.library / "demo/SKILL.md").write_text(TEXT)
    (bench.library / "demo/new.md").write_text("new\n")
    facts = facts_of(bench, "uncommitted")
    assert {hunk.path: hunk.kind for hunk in facts.diff.hunks} == {
        "demo/SKILL.md": "text",
        "demo/new.md": "create",
    }


def test_pages_go_on_where_the_last_one_ended(tmp_path: Path) -> None:
    bench = bench_on(tmp_path)
    first = history_of(bench, limit=1)
    assert [one.kind for one in first.page.entries] == ["applied"]
    assert first.page.following is not None
    second = read_history(
        bench.library, "demo", bench.history, bench.store, place=first.page.following, limit=1
    )
    assert [one.title for one in second.page.entries] == ["start"]
    assert (second.page.following, second.notes) == (None, ())


def commit_of(library: Path, message: str) -> TimelineEntry:
    git(library, "add", "--all")
    git(library, "commit", "-qm", message)
    return timeline(library, "demo", LocalHistory(library / "none"))[0]


def test_every_kind_of_file_change_is_shown_or_named(tmp_path: Path) -> None:
    history = LocalHistory(tmp_path / "history")
    library = make_library(
        tmp_path / "lib",
        {
            "demo/SKILL.md": SKILL,
            "demo/old.md": b"".join(b"%d\n" % n for n in range(40)),
            "demo/run.sh": b"#!/bin/sh\n",
            "demo/pic.png": b"\x89PNG\0",
            "demo/gone.md": b"gone\n",
        },
    )
    (library / "demo/old.md").rename(library / "demo/new.md")
    (library / "demo/new.md").write_text((library / "demo/new.md").read_text() + "40\n")
    (library / "demo/run.sh").chmod(0o755)
    (library / "demo/pic.png").write_bytes(b"\x89PNG\0more")
    (library / "demo/gone.md").unlink()
    (library / "demo/big.md").write_bytes(b"x\n" * 1_500_000)
    (library / "demo/link.md").symlink_to("/etc/passwd")
    entry = commit_of(library, "all of it")
    diff = entry_diff(library, entry, history)
    kinds = {(hunk.path.rpartition("/")[2], hunk.kind) for hunk in diff.hunks}
    assert kinds == {
        ("old.md", "rename"),
        ("old.md", "text"),
        ("run.sh", "mode"),
        ("pic.png", "binary"),
        ("gone.md", "delete"),
    }
    assert sorted(one.partition(":")[0] for one in diff.left_out) == ["demo/big.md", "demo/link.md"]
    assert not any("root:" in line for hunk in diff.hunks for line in hunk.new_lines)
    assert (library / "demo/run.sh").stat().st_mode & stat.S_IXUSR


def test_a_commit_of_the_library_tells_which_change_of_the_skill_was_in_force(
    tmp_path: Path,
) -> None:
    bench = bench_on(tmp_path)
    applied = git(bench.library, "rev-parse", "HEAD")
    (bench.library / "other.md").write_text("other\n")
    git(bench.library, "add", "--all")
    git(bench.library, "commit", "-qm", "elsewhere")
    told = in_force(bench.library, "demo")
    head = git(bench.library, "rev-parse", "HEAD")
    assert (told(head), told(head[:8]), told(applied)) == (applied,) * 3
    assert [told(name) for name in ("f" * 40, "HEAD", "--all", "demo", "")] == [""] * 5
    assert in_force(tmp_path, "demo")(head) == ""


def test_a_missing_object_is_named(tmp_path: Path) -> None:
    bench = bench_on(tmp_path)
    entry = TimelineEntry(
        "edit", "", "", "x", commit="c" * 40, files=(EntryFile("demo/SKILL.md", "", "a" * 40),)
    )
    diff = entry_diff(bench.library, entry, bench.history)
    assert diff.hunks == ()
    assert "not in this clone" in diff.left_out[0]


def test_a_library_below_the_root_of_its_repository_has_a_history_of_its_own(
    tmp_path: Path,
) -> None:
    whole = make_library(
        tmp_path / "whole", {"skills/demo/SKILL.md": SKILL, "demo/SKILL.md": b"another\n"}
    )
    library = whole / "skills"
    text = TEXT.replace("First", "Very first")
    bench = Bench(tmp_path, library, [edited("demo/SKILL.md", text)])
    bench.accept()
    bench.apply()
    (whole / "demo/SKILL.md").write_text("changed elsewhere\n")
    git(whole, "commit", "-qam", "elsewhere")
    (library / "demo/SKILL.md").write_text(text + "\nMine.\n")
    entries = history_of(bench).page.entries
    assert [entry.kind for entry in entries] == ["uncommitted", "applied", "edit"]
    assert {file.path for entry in entries for file in entry.files} == {"demo/SKILL.md"}
    facts = facts_of(bench, "applied")
    assert [hunk.new_lines for hunk in facts.diff.hunks] == [("Very first line.\n",)]
    lines = {one.text: one for one in origins(library, "demo/SKILL.md")}
    line = lines["Very first line."]
    assert line.entry is not None
    assert (line.entry.proposal, line.path) == ("p1", "demo/SKILL.md")
    assert lines["Mine."].known == "not_committed"
    named = change_named(library, "demo", line.entry)
    assert [file.path for file in named.files] == ["demo/SKILL.md"]


def test_no_program_of_a_strangers_repository_runs_while_its_history_is_read(
    tmp_path: Path,
) -> None:
    bench = bench_on(tmp_path)
    trap = tmp_path / "trap.sh"
    trap.write_text(f"#!/bin/sh\ntouch '{tmp_path}/sprung'\ncat \"$@\"\n")
    trap.chmod(0o755)
    library = bench.library
    for key in (
        *("core.fsmonitor", "diff.x.textconv", "diff.x.command", "diff.external"),
        *("filter.x.clean", "filter.x.smudge", "gpg.program", "core.pager", "core.sshCommand"),
    ):
        git(library, "config", key, str(trap))
    git(library, "config", "log.showSignature", "true")
    git(library, "config", "alias.log", f"!{trap}")
    (library / ".git/info").mkdir(exist_ok=True)
    (library / ".git/info/attributes").write_text("*.md diff=x filter=x\n")
    hooks = library / ".git/hooks"
    hooks.mkdir(exist_ok=True)
    (hooks / "post-index-change").write_bytes(trap.read_bytes())
    (hooks / "post-index-change").chmod(0o755)
    (library / "demo/SKILL.md").write_text(TEXT + "\nMine.\n")
    found = history_of(bench)
    assert [entry.kind for entry in found.page.entries] == ["uncommitted", "applied", "edit"]
    for entry in found.page.entries:
        assert entry_facts(library, entry, bench.history, bench.store).diff.hunks
    assert origins(library, "demo/SKILL.md")
    assert in_force(library, "demo")(git(library, "rev-parse", "HEAD"))
    assert not (tmp_path / "sprung").exists()
    git(library, "blame", "demo/SKILL.md", check=False)
    assert (tmp_path / "sprung").exists(), "the trap itself has to work"
