"""The steps that decide and write: review, apply, commit, merge what is stale, revert."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from workbench.domain.proposal import HunkVerdict, Proposal, Receipt
from workbench.evolution.history import past_decisions
from workbench.gui.walk.ledger import Ledger
from workbench.gui.walk.look_steps import REJECTED_LINE, WalkProblem
from workbench.gui.walk.world import REVIEWER, World, files_of
from workbench.review.applying.apply import apply_decision
from workbench.review.applying.revert import revert
from workbench.review.applying.transaction import Stale
from workbench.review.decide import decide, gate_after, record, verdicts_for
from workbench.review.merge import merge_stale, merged_proposal
from workbench.review.message import CONTENT, PROPOSAL
from workbench.review.session import Review, open_review
from workbench.store.history import LocalHistory
from workbench.store.proposals import ProposalStore

#: What the reviewer writes at the end of the colleague's last rule.
EDITED_WORDS = "Try both, and say which one was right."


@dataclass(frozen=True, slots=True)
class Bench:
    """What the steps work with. ``now`` gives the time, ISO 8601."""

    world: World
    store: ProposalStore
    history: LocalHistory
    ledger: Ledger

    def review(self, proposal_id: str) -> Review:
        """Open a proposal."""
        return open_review(self.store, proposal_id)


def bench_of(world: World, ledger: Ledger) -> Bench:
    """Return the bench of a world."""
    store = ProposalStore(world.folders.proposals)
    return Bench(world, store, LocalHistory(world.folders.history), ledger)


def accept_and_apply(bench: Bench, proposal: Proposal, title: str) -> Receipt:
    """Accept all hunks of a proposal and apply them."""
    ledger = bench.ledger
    ledger.begin(title)
    review = bench.review(proposal.id)
    verdicts = verdicts_for(review, review.hunks, "accept")
    _decide(bench, review, verdicts)
    ledger.fact(f"{proposal.draft.title}: {len(review.hunks)} of {len(review.hunks)} hunks")
    before = files_of(bench.world.library)
    receipt = _apply(bench, proposal.id)
    _claim_written(bench, review, verdicts, receipt, before)
    _claim_commit(bench, proposal, receipt)
    return receipt


def review_colleague(bench: Bench, proposal: Proposal) -> None:
    """Accept one hunk, reject one with a reason, edit one."""
    ledger = bench.ledger
    ledger.begin("Review the colleague's version: accept one hunk, reject one, edit one")
    review = bench.review(proposal.id)
    if len(review.hunks) != 3:
        raise WalkProblem(f"The colleague's version has {len(review.hunks)} hunks, not three.")
    accepted, rejected, edited = review.hunks
    own = tuple(line.replace("Try both.", EDITED_WORDS) for line in edited.new_lines)
    verdicts = (
        HunkVerdict(accepted.id, "accept"),
        HunkVerdict(rejected.id, "reject", "wrong", "No row may be lost."),
        HunkVerdict(edited.id, "accept", edited=own),
    )
    status = _decide(bench, review, verdicts)
    gate = gate_after(review, verdicts)
    ledger.fact("hunk 1 accepted, hunk 2 rejected (wrong: No row may be lost.), hunk 3 edited")
    ledger.fact(f"gate: {gate.level.replace('_', ' ')} ({' '.join(gate.reasons)})")
    ledger.claim("the proposal is partly accepted", status == "partly_accepted", status)
    ledger.claim("an edited selection counts as not evaluated", gate.level == "not_evaluated")
    told = past_decisions(bench.store, bench.world.library)
    reasons = [one.reasons for one in told if one.proposal == proposal.id]
    ledger.claim("the next run is told the reason", reasons == [("wrong",)], str(reasons))


def merge_and_apply(bench: Bench, proposal: Proposal) -> Proposal:
    """Apply on files that changed meanwhile: refused, merged, reviewed anew, applied."""
    ledger = bench.ledger
    ledger.begin("Apply to files that changed meanwhile: refused, merged, reviewed again")
    before = files_of(bench.world.library)
    refused = ""
    try:
        _apply(bench, proposal.id)
    except Stale as problem:
        refused = str(problem)
    ledger.claim("applying to other files than were reviewed is refused", bool(refused))
    ledger.claim("and touches nothing", files_of(bench.world.library) == before)
    status = bench.store.get(proposal.id).status
    ledger.claim("the proposal is marked as stale", status == "stale", status)
    review = bench.review(proposal.id)
    decision = review.decision
    if decision is None:
        raise WalkProblem(f"The decision on {proposal.id} is gone.")
    merge = merge_stale(review, decision.verdicts)
    ledger.fact(f"merged {len(merge.files)} files, {len(merge.conflicts)} conflicts")
    merged, blobs = merged_proposal(merge, now=_now())
    bench.store.add(merged, blobs)
    again = bench.review(merged.id)
    verdicts = verdicts_for(again, again.hunks, "accept")
    _decide(bench, again, verdicts)
    receipt = _apply(bench, merged.id)
    _claim_written(bench, again, verdicts, receipt, before)
    _claim_commit(bench, merged, receipt)
    text = (bench.world.library / "csv-cleanup" / "SKILL.md").read_text(encoding="utf-8")
    ledger.claim("the reviewer's own words are in the file", EDITED_WORDS in text)
    ledger.claim("the accepted hunk is in the file", "Say which delimiter it found." in text)
    ledger.claim("the rejected hunk is not", REJECTED_LINE not in text)
    ledger.claim("what was applied before is still there", "references/encodings.md" in text)
    return merged


def take_back(bench: Bench, proposal: Proposal, before: dict[str, bytes]) -> None:
    """Revert an applied proposal and compare every byte with what was there before it."""
    ledger = bench.ledger
    ledger.begin("Take an applied proposal back")
    receipt = revert(bench.store, bench.history, proposal.id, now=_now(), reviewer=REVIEWER)
    if receipt.revert_commit:
        ledger.fact(f"commit {receipt.revert_commit[:12]} takes {str(receipt.commit)[:12]} back")
    after = files_of(bench.world.library)
    ledger.claim(f"all {len(after)} files are byte for byte as before", after == before)
    status = bench.store.get(proposal.id).status
    ledger.claim("the proposal is marked as reverted", status == "reverted", status)


def settle_diagnoses(bench: Bench, diagnoses: Sequence[Proposal]) -> None:
    """Acknowledge one diagnosis and dismiss another; neither changes a file."""
    ledger = bench.ledger
    ledger.begin("Acknowledge what changes nothing")
    before = files_of(bench.world.library)
    for proposal, kind in zip(diagnoses[:2], ("accept", "reject"), strict=False):
        review = bench.review(proposal.id)
        reason = "not_the_skill" if kind == "reject" else ""
        verdicts = verdicts_for(review, (), "accept" if kind == "accept" else "reject")
        verdicts = tuple(HunkVerdict(one.hunk, one.verdict, reason) for one in verdicts)
        status = _decide(bench, review, verdicts)
        word = "acknowledged" if kind == "accept" else "dismissed (not the skill's fault)"
        ledger.fact(f"{word}: {proposal.draft.title}")
        wanted = "accepted" if kind == "accept" else "rejected"
        ledger.claim(f"it is noted as {wanted}", status == wanted, status)
    ledger.claim("no file changed", files_of(bench.world.library) == before)


def show_log(bench: Bench) -> None:
    """Keep the history of the repository, with all trailers."""
    repository = bench.world.repository
    bench.ledger.begin("What the repository remembers")
    if repository is None:
        bench.ledger.fact("There is no git command: versions are kept in the local history.")
        entries = bench.history.entries(bench.world.library)
        bench.ledger.block("\n".join(f"{one.action}  {one.title}" for one in entries))
        return
    lines: list[str] = []
    for commit in repository.log():
        lines.append(f"{commit.sha[:12]}  {commit.author}  {commit.subject}")
        lines += [f"    {key}: {value}" for key, value in commit.trailers]
    bench.ledger.fact(f"{len(repository.log())} commits")
    clean = not repository.status()
    bench.ledger.claim("nothing is left uncommitted", clean)
    bench.ledger.block("\n".join(lines))


def _decide(bench: Bench, review: Review, verdicts: Sequence[HunkVerdict]) -> str:
    return record(review, decide(review, verdicts, reviewer=REVIEWER, now=_now()))


def _apply(bench: Bench, proposal_id: str) -> Receipt:
    return apply_decision(bench.store, bench.history, proposal_id, now=_now())


def _claim_written(
    bench: Bench,
    review: Review,
    verdicts: Sequence[HunkVerdict],
    receipt: Receipt,
    before: dict[str, bytes],
) -> None:
    """Compare every file of the library with what was approved, and the rest with before."""
    wanted = dict(before)
    for file in review.result(verdicts).files:
        if file.data is None:
            wanted.pop(file.path, None)
        else:
            wanted[file.path] = file.data
    after = files_of(bench.world.library)
    touched = sorted(name for name in {*before, *after} if before.get(name) != after.get(name))
    bench.ledger.fact(f"written: {', '.join(touched)}")
    bench.ledger.claim(
        f"exactly the approved bytes were written, the other {len(after) - len(touched)} files "
        "are untouched",
        after == wanted and touched == sorted(file.path for file in receipt.files),
    )


def _claim_commit(bench: Bench, proposal: Proposal, receipt: Receipt) -> None:
    """Check the commit's trailers against the proposal and the receipt."""
    ledger, repository = bench.ledger, bench.world.repository
    if repository is None:
        entries = bench.history.entries(bench.world.library)
        found = any(entry.proposal == proposal.id for entry in entries)
        ledger.claim("both versions are in the local history", found)
        return
    commit = repository.log(limit=1)[0]
    ledger.fact(f"commit {commit.sha[:12]}: {commit.subject}")
    ledger.claim("the receipt names the commit", commit.sha == receipt.commit)
    evidence = [value for key, value in commit.trailers if key == "Skill-Workbench-Evidence"]
    given = {check.source_sha256 for check in proposal.checks if check.status == "verified"}
    ledger.claim(
        f"its trailers name proposal, content, reviewer and {len(evidence)} quotes",
        commit.trailer(PROPOSAL) == proposal.id
        and commit.trailer(CONTENT) == receipt.content_hash
        and commit.trailer("Reviewed-by") == REVIEWER
        and len(evidence) == len(proposal.draft.evidence)
        and all(any(digest in line for digest in given) for line in evidence),
        str(commit.trailers),
    )


def _now() -> str:
    from datetime import UTC, datetime

    return datetime.now(UTC).isoformat(timespec="microseconds")
