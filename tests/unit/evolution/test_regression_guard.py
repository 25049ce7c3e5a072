"""The host's own detector: a version that made things worse is suggested to be taken back."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

from workbench.domain.job import StoredResult
from workbench.domain.proposal import Change, Engine, Gate, Proposal, ProposalDraft
from workbench.domain.task import PairedRow, PairedTable
from workbench.evolution.gating import GateChoice
from workbench.evolution.intake import take_in
from workbench.evolution.regression_guard import HOST, guarded, versions_in
from workbench.evolution.request import build_request
from workbench.evolution.run import EngineInputs, Evolution, run_engine
from workbench.evolution.variants import Variants
from workbench.plugin.jobs import JobRunner
from workbench.plugin.registry import Registry
from workbench.resources import bundled
from workbench.skills.library import read_library
from workbench.store.proposals import ProposalStore

BEFORE = "---\nname: words\ndescription: Which words are known\n---\n# Words\n\n- red\n- blue\n"
AFTER = BEFORE.replace("- blue\n", "")


def row(task: str, before: float, after: float, split: str = "test") -> PairedRow:
    return PairedRow(task, (before, before), (after,), split=split)


WORSE = PairedTable((*(row(f"t{n}", 1.0, 0.0) for n in range(5)), row("same", 1.0, 1.0)))


class Place:
    """A library with one skill, and a store with the proposal that made it what it is."""

    def __init__(self, folder: Path) -> None:
        self.library = folder / "library"
        self.file = self.library / "words" / "SKILL.md"
        self.file.parent.mkdir(parents=True)
        self.store = ProposalStore(folder / "store")
        self.folder = folder
        self.runs = 0

    def snapshot(self):
        self.runs += 1
        run_dir = self.folder / f"run{self.runs}"
        run_dir.mkdir()
        return build_request(read_library(self.library), (), (), run_dir).snapshot

    def apply(self, table: PairedTable, status: str = "applied") -> Proposal:
        self.file.write_text(BEFORE)
        change = Change("c", "words/SKILL.md", "edit", AFTER)
        made = take_in(
            ProposalDraft("edit", "Know a word less", "", (change,)),
            engine=Engine("x", "1"),
            library_root=self.library,
            snapshot=self.snapshot(),
            traces={},
            job="",
            now="2026-11-01T00:00:00+00:00",
        )
        gate = Gate(level="rejected", table=table, variant="v" * 64)
        stored = self.store.add(replace(made, status=status, gate=gate))
        self.file.write_text(AFTER)
        return stored

    def guard(self, results: tuple[StoredResult, ...] = ()) -> tuple[Proposal, ...]:
        snapshot = self.snapshot()
        return guarded(
            snapshot,
            Variants(snapshot, self.folder / "variants").version(),
            self.store,
            results,
            choice=GateChoice(),
            job="j",
            now="2026-11-02T00:00:00+00:00",
        )

    def version(self) -> str:
        return Variants(self.snapshot(), self.folder / "variants").version()


@pytest.fixture
def place(tmp_path):
    return Place(tmp_path)


def test_an_applied_proposal_that_made_it_worse_is_taken_back(place):
    applied = place.apply(WORSE)
    [found] = place.guard()
    assert found.engine == HOST
    assert found.draft.kind == "edit"
    assert found.draft.lineage.supersedes == applied.id
    assert [change.new_text for change in found.draft.changes] == [BEFORE]
    assert (found.gate.level, found.gate.repairs, found.gate.regressions) == ("supported", 5, 0)
    assert "t0, t1, t2, t3, t4" in found.draft.rationale


@pytest.mark.parametrize(
    "table",
    [
        PairedTable((row("a", 0.0, 1.0), row("b", 1.0, 1.0))),
        PairedTable((row("a", 1.0, 0.0), row("b", 0.0, 1.0))),
        PairedTable(()),
        # What is held out decides: the fall on the tasks the engine saw does not.
        PairedTable((row("a", 1.0, 0.0, "train"), row("b", 1.0, 1.0, "test"))),
    ],
)
def test_a_version_that_is_no_worse_stays(place, table):
    place.apply(table)
    assert place.guard() == ()


@pytest.mark.parametrize("status", ["pending", "rejected", "reverted"])
def test_what_was_not_applied_is_not_taken_back(place, status):
    place.apply(WORSE, status)
    assert place.guard() == ()


def test_files_that_are_others_today_are_left_alone(place):
    place.apply(WORSE)
    place.file.write_text(AFTER + "- plum\n")
    assert place.guard() == ()


def test_later_results_of_the_version_count_for_it(place):
    place.apply(PairedTable(tuple(row(f"t{n}", 1.0, 1.0) for n in range(3))))
    assert place.guard() == ()
    bad = tuple(StoredResult(f"t{n}", (place.version(),), 0.0) for n in range(3))
    [found] = place.guard(bad)
    assert (found.gate.level, found.gate.repairs) == ("promising", 3)


def test_two_versions_of_stored_results_give_a_diagnosis(place):
    place.file.write_text(AFTER)
    now, old = place.version(), "e" * 64
    results = [StoredResult(f"t{n}", (old,), 1.0) for n in range(4)]
    results += [StoredResult(f"t{n}", (now,), 0.0) for n in range(4)]
    results.append(StoredResult("t0", (now,), None, "infra"))
    [found] = place.guard(tuple(results))
    assert found.draft.kind == "diagnose"
    assert found.draft.changes == ()
    assert found.gate.level == "supported"
    assert "4 tasks fail" in found.draft.title


def test_infrastructure_failures_are_no_regressions(place):
    place.file.write_text(AFTER)
    now = place.version()
    results = [StoredResult(f"t{n}", ("e" * 64,), 1.0) for n in range(4)]
    results += [StoredResult(f"t{n}", (now,), 0.0, "infra") for n in range(4)]
    assert place.guard(tuple(results)) == ()


def test_the_same_finding_is_the_same_proposal(place):
    place.apply(WORSE)
    assert [one.id for one in place.guard()] == [one.id for one in place.guard()]


def test_results_by_skills_name_no_version():
    assert not versions_in([StoredResult("t", ("words",), 1.0)], ("words",))
    assert versions_in([StoredResult("t", ("f" * 64,), 1.0)], ("words",))


def test_a_run_ends_with_the_hosts_suggestion(place):
    applied = place.apply(WORSE)
    registry = Registry((bundled("plugins"),), place.folder / "p.json", installed=False)
    with JobRunner(place.folder / "runs") as runner:
        evolution = Evolution(
            read_library(place.library),
            registry.get("evidence_miner"),
            (),
            EngineInputs(),
            runner=runner,
            store=place.store,
        )
        events = run_engine(evolution)
        while True:
            try:
                next(events)
            except StopIteration as end:
                result = end.value
                break
    [found] = result.proposals
    assert found.engine == HOST
    assert found.draft.lineage.parents == (applied.id,)
    assert place.store.get(found.id) == found
