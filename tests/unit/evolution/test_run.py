"""The whole way with a real child process: library and sessions in, proposals in a store out."""

from __future__ import annotations

import pytest

from tests.unit.evolution.sessions import (
    REPORT_TOOL,
    failing_session,
    write_report_library,
    write_session,
)
from workbench.domain.proposal import Decision, HunkVerdict
from workbench.evolution.evidence import recheck
from workbench.evolution.history import past_decisions
from workbench.evolution.run import (
    EngineInputs,
    Evolution,
    EvolveRefused,
    engine_kind,
    run_engine,
)
from workbench.plugin.jobs import JobRunner
from workbench.plugin.registry import Registry
from workbench.resources import bundled
from workbench.skills.library import read_library
from workbench.store.proposals import ProposalStore
from workbench.traces.open import open_traces

SLOW_ENGINE = """
import time
from workbench.plugin.api import Change, ProposalDraft

def propose(request, context):
    good = Change("c", "report-tool/SKILL.md", "edit", "new\\n")
    yield ProposalDraft("edit", "first", "r", (good,))
    yield ProposalDraft("edit", "outside", "r", (Change("c", "../x.md", "write", "new\\n"),))
    while True:
        context.check_cancelled()
        time.sleep(0.01)
"""


class Bench:
    def __init__(self, folder):
        self.folder = folder
        self.library = write_report_library(folder / "library")
        self.store = ProposalStore(folder / "store")
        self.registry = Registry((bundled("plugins"), folder / "plugins"), folder / "p.json",
                                 installed=False)  # fmt: skip
        self.paths = [
            failing_session(folder / "sessions" / f"{name}.jsonl", month)
            for name, month in (("one", "2026-10"), ("two", "2026-11"))
        ]

    def engine(self, code):
        folder = self.folder / "plugins" / "slow"
        (folder / "slow").mkdir(parents=True)
        (folder / "slow" / "__init__.py").write_text(code)
        (folder / "plugin.toml").write_text(
            'id = "slow"\nname = "Slow"\nversion = "1.0"\napi = "1.0"\nlicence = "MIT"\n'
            'kinds = ["evolver"]\nform = "inprocess"\nentry = "slow:propose"\n'
        )
        self.registry.refresh()
        return self.registry.set_enabled("slow", True)

    def run(self, paths=None, *, plugin=None, cancel_on=None, library=None, **inputs):
        plugin = plugin or self.registry.get("evidence_miner")
        traces = [t for path in (self.paths if paths is None else paths) for t in open_traces(path)]
        try:
            with JobRunner(self.folder / "runs") as runner:
                evolution = Evolution(
                    read_library(library or self.library),
                    plugin,
                    traces,
                    EngineInputs(**inputs),
                    runner=runner,
                    store=self.store,
                )
                events = run_engine(evolution)
                while True:
                    try:
                        event = next(events)
                    except StopIteration as end:
                        return end.value
                    if cancel_on is not None and isinstance(event, cancel_on):
                        evolution.cancel()
        finally:
            for trace in traces:
                trace.close()


@pytest.fixture
def bench(tmp_path):
    return Bench(tmp_path)


def test_proposals_with_verified_evidence_reach_the_store(bench):
    result = bench.run()
    assert result.status == "completed"
    [proposal] = result.proposals
    assert bench.store.get(proposal.id) == proposal
    change = proposal.draft.changes[0]
    assert change.new_text.encode().startswith(REPORT_TOOL)
    assert "\n" not in change.new_text.replace("\r\n", "")
    assert {check.status for check in proposal.checks} == {"verified"}
    quotes = {one.id: one.quote for one in proposal.draft.evidence}
    assert all(recheck(c, quotes[c.evidence]).status == "verified" for c in proposal.checks)
    assert bench.store.blob(proposal.base[0].sha256) == REPORT_TOOL
    assert (bench.library / "report-tool/SKILL.md").read_bytes() == REPORT_TOOL
    assert result.cost.calls == 0


def test_the_same_run_twice_is_the_same_proposal(bench):
    first, second = bench.run(), bench.run(list(reversed(bench.paths)))
    assert [one.id for one in first.proposals] == [one.id for one in second.proposals]
    assert [one.id for one in first.diagnoses] == [one.id for one in second.diagnoses]
    assert len(bench.store.list()) == len(first.proposals) + len(first.diagnoses)


def test_another_library_with_the_same_files_is_another_proposal(bench, tmp_path):
    [one] = bench.run().proposals
    other = write_report_library(tmp_path / "other")
    [two] = bench.run(library=other).proposals
    assert two.id != one.id
    assert two.id.startswith(one.id)
    assert two.library == str(other)
    [again] = bench.run(library=other).proposals
    assert again.id == two.id


def test_what_was_rejected_is_not_proposed_again(bench):
    [proposal] = bench.run().proposals
    bench.store.add_decision(
        Decision(
            proposal.id,
            (HunkVerdict("h", "reject", "too_specific"),),
            "me",
            "2026-11-01T00:00:00Z",
            "",
        )
    )
    bench.store.update(type(proposal)(**{
        name: getattr(proposal, name) for name in proposal.__struct_fields__
    } | {"status": "rejected"}))  # fmt: skip
    [past] = past_decisions(bench.store, bench.library)
    assert (past.status, past.reasons) == ("rejected", ("too_specific",))
    assert any(line.startswith("- `error: removed") for line in past.new_lines)
    assert bench.run().proposals == ()


def test_cancel_keeps_what_was_found_and_refusals_are_told(bench):
    from workbench.domain.job import Warning_

    plugin = bench.engine(SLOW_ENGINE)
    result = bench.run(plugin=plugin, cancel_on=Warning_)
    assert result.status == "cancelled"
    assert [one.draft.title for one in result.proposals] == ["first"]
    assert "leaves the library" in result.refused[0]
    assert len(bench.store.list()) == 1


def test_an_engine_that_breaks_ends_in_words_with_its_results(bench):
    code = SLOW_ENGINE.replace("    while True:", "    raise ValueError('broken')\n    while True:")
    result = bench.run(plugin=bench.engine(code))
    assert result.status == "failed"
    assert "broken" in result.summary
    assert len(result.proposals) == 1


def test_infra_only_runs_block(bench, tmp_path):
    path = write_session(tmp_path / "s" / "down.jsonl", [])
    with path.open("a") as stream:
        stream.write(
            '{"type":"assistant","uuid":"x","parentUuid":"down-0","sessionId":"down",'
            '"timestamp":"2026-10-05T08:01:00.000Z","isApiErrorMessage":true,"message":{"id":"m",'
            '"role":"assistant","model":"<synthetic>","content":[{"type":"text",'
            '"text":"API Error: 529 overloaded_error"}]}}\n'
        )
    result = bench.run([path])
    assert result.status == "infra_blocked"
    assert result.proposals == ()
    assert result.diagnoses[0].draft.root_cause == "environment"


def test_no_traces_are_fine(bench):
    assert bench.run([]).status == "no_change"


def test_only_the_skills_asked_for_are_given(bench):
    result = bench.run(skills=("report-tool",))
    assert result.proposals[0].draft.skills == ("report-tool",)


def test_a_plugin_that_proposes_nothing_is_refused(bench):
    scanner = next(one for one in bench.registry.plugins if one.kinds == ("scanner",))
    with pytest.raises(EvolveRefused, match="proposes no changes"):
        engine_kind(scanner, (), EngineInputs())


def test_an_importer_without_a_source_is_refused(bench):
    with pytest.raises(EvolveRefused, match="needs"):
        engine_kind(bench.registry.get("folder_importer"), (), EngineInputs())


def test_another_version_of_the_folder_is_imported(bench, tmp_path):
    other = write_report_library(tmp_path / "version")
    (other / "report-tool/SKILL.md").write_bytes(REPORT_TOOL + b"\r\nMore.\r\n")
    (other / "report-tool/logo.png").write_bytes(b"\x89PNG\0")
    result = bench.run([], plugin=bench.registry.get("folder_importer"), source=str(other))
    changes = [change for one in result.proposals for change in one.draft.changes]
    assert {change.path for change in changes} == {
        "report-tool/SKILL.md",
        "report-tool/logo.png",
    }
    blob = next(change.blob for change in changes if change.blob)
    assert bench.store.blob(blob) == b"\x89PNG\0"
