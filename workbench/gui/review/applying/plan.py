"""What an apply would do and whether it may; every function here blocks and runs in a thread."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from workbench.domain.proposal import Decision, HunkVerdict, ProposalStatus, Receipt
from workbench.gui.review.backend import Shelf, now
from workbench.review.agreement import why_differing
from workbench.review.applying.apply import apply_decision
from workbench.review.applying.new_branch import on_branch, proposed_branch
from workbench.review.applying.transaction import survey
from workbench.review.compose import Result, accepted_hunks
from workbench.review.decide import decide, gate_after, record
from workbench.review.disk import look
from workbench.review.message import apply_message, checked_trailers
from workbench.review.plan import ReviewProblem
from workbench.review.reviewers import standing
from workbench.review.rules.admission import Admission, Means, admit
from workbench.review.rules.confirmations import Confirmation, confirmations
from workbench.review.rules.policy import PolicyProblem, read_policy
from workbench.review.session import WHOLE, Review
from workbench.store.branches import branch_problem
from workbench.store.git import GitMissing, GitProblem, Repository


class TouchedFile(Struct, frozen=True):
    """A file an apply would write. ``confirm`` says why it wants a tick of its own."""

    path: str
    before: str | None
    after: str | None
    size: int
    confirm: Confirmation | None = None


class Ground(Struct, frozen=True):
    """Where it would be committed or kept, in words; ``problem`` why it cannot be done now.

    ``branch`` is the current one ("" for none), ``wrong`` what is wrong with the new one.
    """

    text: str = ""
    repository: bool = False
    branch: str = ""
    wrong: str = ""
    problem: str = ""
    can_skip_git: bool = False


class Plan(Struct, frozen=True):
    """Exactly what an apply would do, shown before it is done.

    ``admission`` is None where policy or locks cannot be read. ``permissions`` are confirmed like
    files. ``new_branch`` is the one asked for, ``proposed`` a name for it. ``approved`` says that
    the reviewer has approved exactly this already.
    """

    decision: Decision
    files: tuple[TouchedFile, ...]
    permissions: tuple[Confirmation, ...]
    message: str
    ground: Ground
    content_hash: str
    admission: Admission | None
    problem: str = ""
    new_branch: str = ""
    proposed: str = ""
    approved: bool = False

    @property
    def refused(self) -> bool:
        """Whether the policy or a lock of the library forbids it."""
        return self.admission is None or bool(self.admission.failed)


class Ask(Struct, frozen=True):
    """What a person asks for on the page: the keys that were ticked, and where to commit."""

    use_git: bool
    branch: str
    confirmed: tuple[str, ...]


def plan_apply(
    review: Review,
    verdicts: Sequence[HunkVerdict],
    reviewer: str,
    means: Means,
    branch: str = "",
) -> Plan:
    """Return what applying these verdicts would do; nothing is written.

    Raises:
        ReviewProblem, FileProblem: the selection makes no sense, or the disk cannot be read.
    """
    problem = ""
    try:
        policy = read_policy(review.library).policy.hash
    except PolicyProblem as broken:
        policy, problem = "", str(broken)
    decision = decide(review, verdicts, reviewer=reviewer, now=now(), policy=policy)
    result = review.result(verdicts)
    ground = _ground(review, [file.path for file in result.files], branch)
    admission: Admission | None = None
    if not problem:
        try:
            admission = admit(
                review,
                decision,
                result,
                means=means,
                branch=branch if ground.repository and not ground.wrong else "",
                committed=ground.repository,
            )
        except ReviewProblem as broken:
            problem = str(broken)
    needed = admission.confirmations if admission else confirmations(result, review.read_base)
    files = _files(review, result, needed)
    own = standing(review.store.decisions(review.proposal.id)).of(reviewer)
    return Plan(
        decision=decision,
        files=files,
        permissions=tuple(one for one in needed if one.kind == "permission"),
        message=_message(review, decision, admission),
        ground=ground,
        content_hash=result.content_hash,
        admission=admission,
        problem=_problem(review, files)
        or why_differing(review, decision)
        or problem
        or ground.problem,
        new_branch=branch,
        proposed=proposed_branch(review.proposal),
        approved=own is not None
        and bool(policy)
        and (own.content_hash, own.policy) == (result.content_hash, policy),
    )


def apply_plan(shelf: Shelf, review: Review, plan: Plan, ask: Ask, means: Means) -> Receipt:
    """Keep the decision and apply it.

    Raises:
        Stale: files changed since the proposal was made.
        ReviewProblem, GitProblem, FileProblem: refused or rolled back.
    """
    decision = plan.decision
    record(review, decision)
    return apply_decision(
        shelf.store,
        shelf.history,
        review.proposal.id,
        now=now(),
        decision=decision,
        library=review.library,
        use_git=ask.use_git,
        branch=ask.branch,
        confirmed=ask.confirmed,
        means=means,
        expected_policy=decision.policy,
    )


def say_approved(
    review: Review, verdicts: Sequence[HunkVerdict], reviewer: str, *, approved: bool
) -> ProposalStatus:
    """Keep that the reviewer approves exactly this under the policy in force, or no longer does.

    Raises:
        ReviewProblem, FileProblem: the policy cannot be read, or it cannot be written.
    """
    policy = read_policy(review.library).policy.hash if approved else ""
    return record(review, decide(review, verdicts, reviewer=reviewer, now=now(), policy=policy))


def _files(
    review: Review, result: Result, needed: Sequence[Confirmation]
) -> tuple[TouchedFile, ...]:
    wanted = {one.path: one for one in needed if one.kind != "permission"}
    return tuple(
        TouchedFile(
            path=file.path,
            before=look(review.library, file.path).sha256,
            after=file.sha256,
            size=len(file.data or b""),
            confirm=wanted.get(file.path),
        )
        for file in result.files
    )


def _problem(review: Review, files: Sequence[TouchedFile]) -> str:
    stale = set(review.changed_on_disk()) & {file.path for file in files}
    if stale:
        return (
            f"{', '.join(sorted(stale))} changed since this was proposed. Go back and merge it "
            "with what is on disk."
        )
    return "" if files else "Nothing is accepted yet, so there is nothing to apply."


def _message(review: Review, decision: Decision, admission: Admission | None) -> str:
    own = tuple(verdict for verdict in decision.verdicts if verdict.hunk != WHOLE)
    keys = [one.key for one in admission.confirmations] if admission else []
    return apply_message(
        review.proposal,
        decision,
        accepted_hunks(review.hunks, own),
        len(review.hunks),
        gate_after(review, decision.verdicts),
        checked=checked_trailers(admission, keys) if admission else (),
    )


def _ground(review: Review, paths: Sequence[str], branch: str) -> Ground:
    try:
        ground = survey(review.library, paths, use_git=True)
        repository = ground.repository
        if repository is None:
            text = ground.note or "The library is in no git repository."
            return Ground(f"{text} Both versions are kept in the local history.")
        return _in_repository(repository, ground.note, branch)
    except GitMissing:
        said = "The git command is not installed, so this cannot be committed."
        return Ground(problem=said, can_skip_git=True)
    except (GitProblem, ReviewProblem) as problem:
        return Ground(problem=str(problem), can_skip_git=review.library.is_dir())


def _in_repository(repository: Repository, note: str, branch: str) -> Ground:
    current = repository.branch() or ""
    wrong = branch_problem(repository, branch) if branch else ""
    if branch and not wrong:
        note = on_branch(repository, branch)
        where = "One commit"
    else:
        where = f"One commit on {current}" if current else "One commit"
    text = f"{where} in {repository.root}. {note}".strip()
    return Ground(text, repository=True, branch=current, wrong=wrong)
