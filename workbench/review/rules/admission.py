"""Whether a decision may be applied: the policy, approvals, locks, and what wants a yes of its own.

Worked out anew for exactly the selection at every apply, whoever asks for it; the window and the
command line show the same before.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from pathlib import Path, PurePosixPath

from msgspec import Struct

from workbench.domain.proposal import Decision
from workbench.files import FileProblem
from workbench.plugin.jobs import JobRefused
from workbench.review.checks.result import SecurityDelta, check_result
from workbench.review.checks.scanning import Scanners
from workbench.review.checks.warm import WarmChecks
from workbench.review.compose import Result, accepted_hunks
from workbench.review.decide import gate_after
from workbench.review.plan import ReviewProblem
from workbench.review.rules.approvals import ApprovalCount, count_approvals
from workbench.review.rules.confirmations import Confirmation, check_confirmed, confirmations
from workbench.review.rules.part_locks import broken_by
from workbench.review.rules.policy import POLICY_FILE, PolicyFile, read_policy
from workbench.review.rules.policy_rules import Facts, Growth, Shown, Verdict, failed, judge
from workbench.review.session import WHOLE, Review
from workbench.security.trust import load_signatures, trust_of
from workbench.skills.folder import SKILL_FILES
from workbench.skills.frontmatter import locate
from workbench.skills.problems import SkillError
from workbench.skills.read import read_skill
from workbench.skills.tokenizers import default_tokenizer
from workbench.store.git import GitProblem, Repository
from workbench.store.mailmap import persons


class Means(Struct, frozen=True):
    """What facts are found out with. Without ``scanners`` nothing is scanned.

    ``signatures`` is the file of what people signed for skills; ``warm`` what checks left.
    """

    scanners: Scanners | None = None
    signatures: Path | None = None
    warm: WarmChecks | None = None


class Refused(ReviewProblem):
    """The policy of the library forbids it; ``verdicts`` are the rules that were not kept."""

    def __init__(self, proposal: str, policy: PolicyFile, verdicts: tuple[Verdict, ...]) -> None:
        self.verdicts = verdicts
        where = policy.path or "The library"
        said = " ".join(
            f"{one.rule}{f' (line {one.line})' if one.line else ''}: {one.fact}. {one.todo}"
            for one in verdicts
        )
        super().__init__(f"Proposal {proposal} was not applied; {where} forbids it. {said}")


class Admission(Struct, frozen=True):
    """What was found of one decision. ``notes`` are in words."""

    decision: Decision
    policy: PolicyFile
    verdicts: tuple[Verdict, ...]
    approvals: ApprovalCount
    confirmations: tuple[Confirmation, ...]
    notes: tuple[str, ...] = ()

    @property
    def failed(self) -> tuple[Verdict, ...]:
        """The rules that are not kept."""
        return failed(self.verdicts)

    @property
    def signed(self) -> tuple[str, ...]:
        """Who stands for it: who decided, and whose approvals count beside."""
        return tuple(dict.fromkeys((self.decision.reviewer, *self.approvals.reviewers)))

    def enforce(
        self, given: Collection[str], expected_policy: str | None = None
    ) -> tuple[str, ...]:
        """Return what was confirmed, or refuse.

        Args:
            given: keys of what a person confirmed.
            expected_policy: the hash of the policy that person was shown.

        Raises:
            Refused: a rule is not kept.
            Unconfirmed: something has no yes of its own.
            ReviewProblem: the policy has changed since it was shown.
        """
        proposal = self.decision.proposal
        if expected_policy is not None and expected_policy != self.policy.policy.hash:
            raise ReviewProblem(
                f"{self.policy.path or POLICY_FILE} changed since proposal {proposal} was shown, "
                "so nothing was applied. Look at what it asks for now, then apply."
            )
        if self.failed:
            raise Refused(proposal, self.policy, self.failed)
        return check_confirmed(proposal, self.confirmations, given)


def admit(
    review: Review,
    decision: Decision,
    result: Result,
    *,
    means: Means | None = None,
    branch: str = "",
    committed: bool = True,
) -> Admission:
    """Find out whether a decision may be applied; nothing is written.

    Args:
        review: the proposal.
        decision: what would be applied; it may not be kept yet.
        result: the files it makes.
        means: what may be used to find out.
        branch: the new branch it would be committed on.
        committed: whether it would be committed at all.

    Raises:
        ReviewProblem: the policy or the locks cannot be read.
    """
    means = means or Means()
    library = review.library
    file = read_policy(library)
    own = tuple(verdict for verdict in decision.verdicts if verdict.hunk != WHOLE)
    security, why_not = _security(review, decision, means)
    needed = confirmations(
        result, review.read_base, security.capabilities if security is not None else ()
    )

    def people(names: Iterable[str]) -> Mapping[str, str]:
        return persons(library, names)

    decisions = review.store.decisions(review.proposal.id)
    approvals = count_approvals(
        decisions, decision, file.policy, people, authors=review.proposal.authors
    )
    facts = Facts(
        engine=review.proposal.engine.id,
        accepted=accepted_hunks(review.hunks, own),
        gate=gate_after(review, decision.verdicts),
        approvals=approvals,
        touched=needed,
        evidence={check.evidence: check.status for check in review.proposal.checks},
        growth=_growth(review, result) if file.policy.size.asked else (),
        security=security,
        tiers=_tiers(review, result, means) if file.policy.security.tier else {},
        not_scanned=why_not,
        locks=broken_by(library, result, review.read_base),
        branch=branch,
        committed=committed,
    )
    verdicts = (*_kept_in_git(library), *judge(file, facts))
    return Admission(
        decision, file, verdicts, facts.approvals, needed, (why_not,) if why_not else ()
    )


def _security(review: Review, decision: Decision, means: Means) -> tuple[SecurityDelta | None, str]:
    """Scan exactly the selection; say why not where that is not possible."""
    if means.scanners is None:
        return None, ""
    problems: list[str] = []
    try:
        scan = means.scanners.of(review, problems)
        if scan is None:
            return None, "no scanner is enabled"
        checks = check_result(review, decision.verdicts, clients=(), scan=scan, warm=means.warm)
    except (JobRefused, FileProblem) as problem:
        return None, str(problem)
    if problems:
        # Half a scan must not pass for a clean one.
        return None, " ".join(dict.fromkeys(problems))
    return checks.security, ""


def _tiers(review: Review, result: Result, means: Means) -> dict[str, str]:
    """Return the trust tier of each skill that is touched, as it is on disk now."""
    if means.scanners is None:
        return {}
    scan = means.scanners.of(review, [])
    if scan is None:
        return {}
    signed = load_signatures(means.signatures) if means.signatures else ()
    touched = {parent.as_posix() for file in result.files for parent in _parents(file.path)}
    found: dict[str, str] = {}
    for one in scan(review.library):
        if one.skill in touched:
            try:
                skill = read_skill(review.library / one.skill, review.library)
            except SkillError:
                continue
            found[one.skill] = trust_of(one, skill.tree_hash, signed).tier
    return found


def _parents(path: str) -> tuple[PurePosixPath, ...]:
    return tuple(PurePosixPath(path).parents)


def _growth(review: Review, result: Result) -> tuple[Growth, ...]:
    counter = default_tokenizer()
    found: list[Growth] = []
    for file in result.files:
        if PurePosixPath(file.path).name not in SKILL_FILES or file.data is None:
            continue
        before = review.read_base(file.moved_from or file.path) or b""
        sizes = [counter.count(_instructions(data)) for data in (before, file.data)]
        found.append(Growth(file.path, sizes[0], sizes[1], counter.id))
    return tuple(found)


def _instructions(source: bytes) -> str:
    body = locate(source)[2]
    return source[body.start : body.end].decode("utf-8", "replace")


def _kept_in_git(library: Path) -> tuple[Verdict, ...]:
    """Refuse a policy that somebody changed in the work tree alone: that would leave no trace."""
    try:
        repository = Repository.find(library)
        if repository is None:
            return ()
        path = repository.relative(library / POLICY_FILE)
        states = [one for one in repository.status((path,)) if one.path == path]
        if not states or path in repository.filtered((path,)):
            return ()
    except GitProblem:
        return ()  # without git there is no commit either
    new = states[0].index == "?"
    return (
        Verdict(
            "policy",
            new,
            f"{POLICY_FILE} is not committed yet" if new else f"{POLICY_FILE} is not as committed",
            "Rules are changed in git, so that everybody sees it.",
            f"Commit {POLICY_FILE}, or bring the committed one back.",
            Shown("library_file", POLICY_FILE, 1),
        ),
    )


def forbidden(review: Review, means: Means | None = None) -> str:
    """Say what forbids the newest decision on a proposal, whoever brings its files in; "" nothing.

    What wants a yes of its own is not asked for.

    Raises:
        ReviewProblem: the policy or the locks cannot be read.
    """
    decision = review.decision
    if decision is None:
        return ""
    split = review.with_splits(decision.splits)
    admission = admit(split, decision, split.result(decision.verdicts), means=means)
    return " ".join(f"{one.rule}: {one.fact}. {one.todo}" for one in admission.failed)
