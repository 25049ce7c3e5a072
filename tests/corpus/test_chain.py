"""The chain everything hangs on, on a real skill and real traces of other people.

Miner, host-checked quotes, hunks, partial acceptance, a stale base merged, a commit with its
provenance, and a revert to the same bytes. It fails when any evidence link does not lead to the
exact bytes of the trace file.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from contextlib import ExitStack
from pathlib import Path

import pytest

from workbench.domain.proposal import EvidenceCheck, HunkVerdict, Proposal
from workbench.domain.trajectory import ByteSpan
from workbench.evolution.run import EngineInputs, Evolution, EvolveResult, run_engine
from workbench.files import sha256
from workbench.plugin.jobs import JobRunner
from workbench.plugin.registry import Registry
from workbench.resources import bundled
from workbench.review.applying.apply import apply_decision
from workbench.review.applying.revert import revert
from workbench.review.applying.transaction import Stale
from workbench.review.decide import decide, record, verdicts_for
from workbench.review.merge import merge_stale, merged_proposal
from workbench.review.session import open_review
from workbench.skills.library import read_library
from workbench.store.history import LocalHistory
from workbench.store.proposals import ProposalStore
from workbench.traces.open import OpenTrace, open_traces

pytestmark = [pytest.mark.corpus, pytest.mark.slow, pytest.mark.timeout(120)]

REVIEWER = "Ada Reviewer <ada@example.invalid>"
SKILL = "wshobson-agents/plugins/dgx-spark-ops/skills/spark-environment-setup"


def git(folder: Path, *arguments: str) -> str:
    answer = subprocess.run(
        ["git", *arguments], cwd=folder, capture_output=True, text=True, check=True
    )
    return answer.stdout


@pytest.fixture
def library(corpus: Path, tmp_path: Path) -> Path:
    """A real skill in a git repository of its own."""
    root = tmp_path / "library"
    shutil.copytree(corpus / "skills" / SKILL, root / "spark-environment-setup")
    for path in (root, *root.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
    git(root, "init", "--quiet")
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--message=as published")
    return root


@pytest.fixture
def mined(corpus: Path, library: Path, tmp_path: Path) -> tuple[ProposalStore, Proposal]:
    """What the evidence miner, in its own process, proposes from all published runs."""
    store = ProposalStore(tmp_path / "store")
    with ExitStack() as opened:
        traces = [
            opened.enter_context(trace)
            for path in sorted((corpus / "evolution" / "spark").glob("*/trajectory.jsonl"))
            for trace in open_traces(path)
        ]
        assert len(traces) > 60
        result = evolve(library, traces, store, tmp_path)
    assert result.status == "completed"
    assert len(result.proposals) == 1
    return store, result.proposals[0]


def evolve(
    library: Path, traces: list[OpenTrace], store: ProposalStore, tmp_path: Path
) -> EvolveResult:
    plugin = Registry([bundled("plugins")], tmp_path / "plugins.json").get("evidence_miner")
    with JobRunner(tmp_path / "runs") as runner:
        evolution = Evolution(
            read_library(library), plugin, traces, EngineInputs(), runner=runner, store=store
        )
        run = run_engine(evolution)
        while True:
            try:
                next(run)
            except StopIteration as stop:
                return stop.value


def bytes_of(check: EvidenceCheck) -> bytes:
    """Read the bytes a link names, straight from the file."""
    assert check.span is not None
    raw = Path(check.source).read_bytes()
    assert sha256(raw) == check.source_sha256
    return raw[check.span.offset : check.span.offset + check.span.length]


def unescaped(raw: bytes, span: ByteSpan) -> str:
    """Take the JSON string escapings off, with nothing of the workbench's own."""
    text = raw.decode("utf-8")
    for _ in range(span.layers):
        text = json.loads(f'"{text}"')
    return text


def test_a_real_trace_changes_a_real_skill_and_back(
    library: Path, mined: tuple[ProposalStore, Proposal], tmp_path: Path
) -> None:
    store, proposal = mined
    history = LocalHistory(tmp_path / "history")
    skill = library / "spark-environment-setup" / "SKILL.md"
    published = skill.read_bytes()

    # Every quote is found, and every link leads to the exact bytes of the trace.
    quotes = {evidence.id: evidence.quote for evidence in proposal.draft.evidence}
    assert len(quotes) >= 10
    assert {check.evidence for check in proposal.checks} == set(quotes)
    for check in proposal.checks:
        assert check.status == "verified", check
        assert check.span is not None
        assert unescaped(bytes_of(check), check.span) == quotes[check.evidence]

    # The host's hunks: each lesson by itself, with evidence of its own, nothing else in the file.
    review = open_review(store, proposal.id)
    assert len(review.hunks) >= 3
    heading, first, second = review.hunks[:3]
    assert "## Known pitfalls\n" in heading.new_lines
    assert first.evidence
    assert second.evidence
    assert set(first.evidence) != set(second.evidence)
    assert first.depends_on == second.depends_on == (heading.id,)
    assert {evidence for hunk in review.hunks for evidence in hunk.evidence} <= set(quotes)

    # A person takes one lesson and refuses the other.
    verdicts = verdicts_for(review, [second], "accept")
    verdicts += (HunkVerdict(first.id, "reject", reason="too_specific"),)
    decision = decide(review, verdicts, reviewer=REVIEWER, now="2026-11-21T10:00:00Z")
    assert record(review, decision) == "partly_accepted"
    (approved,) = review.result(decision.verdicts).files
    assert approved.data is not None
    assert "".join(second.new_lines).encode() in approved.data
    assert "".join(first.new_lines).encode() not in approved.data
    assert approved.data.startswith(published.rstrip(b"\n"))

    # Meanwhile somebody else changes the file: refused, then merged, then reviewed again.
    mine = published.replace(b"# ", b"# Our ", 1)
    assert mine != published
    skill.write_bytes(mine)
    git(library, "commit", "--all", "--quiet", "--message=edit by hand")
    with pytest.raises(Stale, match=r"changed in .* since proposal"):
        apply_decision(store, history, proposal.id, now="2026-11-21T10:01:00Z")
    assert skill.read_bytes() == mine
    assert store.get(proposal.id).status == "stale"
    merge = merge_stale(open_review(store, proposal.id), decision.verdicts)
    assert merge.conflicts == ()
    merged, blobs = merged_proposal(merge, now="2026-11-21T10:02:00Z")
    store.add(merged, blobs)
    again = open_review(store, merged.id)
    assert again.proposal.status == "pending"
    fresh = decide(
        again,
        verdicts_for(again, again.hunks, "accept"),
        reviewer=REVIEWER,
        now="2026-11-21T10:03:00Z",
    )
    record(again, fresh)
    assert fresh.content_hash != decision.content_hash

    # Applied as one commit that says where it comes from.
    receipt = apply_decision(store, history, merged.id, now="2026-11-21T10:04:00Z")
    assert receipt.state == "committed"
    lesson = "".join(second.new_lines).encode()
    assert skill.read_bytes().replace(mine.rstrip(b"\n"), b"").strip().endswith(lesson.strip())
    assert git(library, "status", "--porcelain") == ""
    trailers = git(library, "log", "-1", "--format=%(trailers:only,unfold)")
    for wanted in (f"Proposal: {merged.id}", "Engine: evidence_miner", "Gate: not_evaluated"):
        assert wanted in trailers
    assert f"Reviewed-by: {REVIEWER}" in trailers
    assert any(check.source_sha256[:12] in trailers for check in proposal.checks)
    assert git(library, "show", "--format=", "--name-only", "HEAD").split() == [
        "spark-environment-setup/SKILL.md"
    ]

    # And back, byte for byte.
    undone = revert(store, history, merged.id, now="2026-11-21T10:05:00Z", reviewer=REVIEWER)
    assert undone.revert_commit
    assert skill.read_bytes() == mine
    assert git(library, "status", "--porcelain") == ""
    assert store.get(merged.id).status == "reverted"
