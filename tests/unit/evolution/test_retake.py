"""What a lost run had found can be taken in, and nothing of it is trusted more than before."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.unit.evolution.sessions import failing_session, write_report_library
from workbench.evolution.retake import retake
from workbench.evolution.run import EngineInputs, Evolution, run_engine
from workbench.files import FileProblem
from workbench.plugin.jobs import JobRunner
from workbench.plugin.registry import Registry
from workbench.resources import bundled
from workbench.skills.library import read_library
from workbench.store.locked_parts import LockedPart, set_locked
from workbench.store.proposals import ProposalStore
from workbench.traces.open import OpenTrace, open_traces


@pytest.fixture
def ran(tmp_path: Path) -> Path:
    """Let the miner run; return its run folder."""
    write_report_library(tmp_path / "library")
    registry = Registry((bundled("plugins"),), tmp_path / "p.json", installed=False)
    with ExitStack() as stack, JobRunner(tmp_path / "runs") as runner:
        traces: list[OpenTrace] = []
        for name, month in (("one", "2026-10"), ("two", "2026-11")):
            traces += open_traces(failing_session(tmp_path / "s" / f"{name}.jsonl", month))
        for trace in traces:
            stack.callback(trace.close)
        evolution = Evolution(
            read_library(tmp_path / "library"),
            registry.get("evidence_miner"),
            traces,
            EngineInputs(),
            runner=runner,
            store=ProposalStore(tmp_path / "first"),
        )
        for _ in run_engine(evolution):
            pass
        return Path(evolution.job.run_dir)


def test_its_drafts_become_proposals_with_quotes_checked_in_the_copies(
    ran: Path, tmp_path: Path
) -> None:
    store = ProposalStore(tmp_path / "second")
    found = retake(ran, read_library(tmp_path / "library"), (), store, "2026-11-21T00:00:00Z")
    before = [one for one in ProposalStore(tmp_path / "first").list() if one.draft.changes]
    after = [one for one in store.list() if one.draft.changes]
    assert [one.draft.changes for one in after] == [one.draft.changes for one in before]
    assert [one.base for one in after] == [one.base for one in before]
    assert all(check.status == "verified" for one in found.proposals for check in one.checks)
    assert store.blob(after[0].base[0].sha256 or "", after[0].id)


def test_a_copy_the_engine_wrote_to_does_not_count(ran: Path, tmp_path: Path) -> None:
    (ran / "library" / "report-tool" / "SKILL.md").write_bytes(b"other")
    (tmp_path / "library" / "report-tool" / "SKILL.md").write_bytes(b"changed since")
    with pytest.raises(FileProblem, match="None of the skills is what it was"):
        retake(ran, read_library(tmp_path / "library"), (), ProposalStore(tmp_path / "n"), "")


def test_a_library_that_changed_since_is_placed_on_the_copy(ran: Path, tmp_path: Path) -> None:
    (tmp_path / "library" / "report-tool" / "SKILL.md").write_bytes(b"changed since")
    store = ProposalStore(tmp_path / "second")
    retake(ran, read_library(tmp_path / "library"), (), store, "")
    assert any(one.draft.changes for one in store.list())


def test_what_was_locked_since_is_not_changed(ran: Path, tmp_path: Path) -> None:
    set_locked(tmp_path / "library", LockedPart("report-tool"))
    store = ProposalStore(tmp_path / "second")
    found = retake(ran, read_library(tmp_path / "library"), (), store, "2026-11-21T00:00:00Z")
    assert [one for one in found.proposals if one.draft.changes] == []
    assert any("locked" in text for text in found.left_out)
