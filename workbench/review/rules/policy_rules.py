"""What the policy of a library says of a selection: a verdict a rule, from facts alone.

No disk, no clock: whoever asks brings the facts, and brings those the policy asks for. A fact that
could not be found out fails its rule.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final, Literal

from msgspec import Struct

from workbench.domain.finding import LEVELS, Level
from workbench.domain.proposal import EvidenceStatus, Gate, Hunk
from workbench.review.checks.result import SecurityDelta
from workbench.review.rules.approvals import ApprovalCount
from workbench.review.rules.confirmations import Confirmation
from workbench.review.rules.part_locks import BrokenLock
from workbench.review.rules.policy import PolicyFile

Place = Literal["hunk", "tasks", "checks", "approvals", "file", "library_file", "header", "branch"]

_GATES: Final = ("rejected", "not_evaluated", "promising", "supported")
_TIERS: Final = ("T1", "T2", "T3", "T4")


class Shown(Struct, frozen=True):
    """What shows a fact. ``name`` is the id of a hunk, or the path of a file; lines count from 1.

    "library_file" is a file of the library as it is on disk, "file" one that would be written.
    """

    kind: Place
    name: str = ""
    line: int = 0


class Verdict(Struct, frozen=True):
    """One rule and whether it is kept.

    ``rule`` is its key in the policy ("locks" for the locks of the library), ``fact`` what was
    found, ``why`` what is asked for, ``todo`` what to do when it is not kept, ``line`` where the
    rule stands in its file.
    """

    rule: str
    passed: bool
    fact: str
    why: str
    todo: str
    shows: Shown
    line: int = 0


class Growth(Struct, frozen=True):
    """The instructions of one skill before and after, in tokens."""

    path: str
    before: int
    after: int
    tokenizer: str = ""


class Facts(Struct, frozen=True):
    """All that rules ask for. None where the policy does not ask, or nobody could tell.

    ``accepted`` are the hunks of the selection, ``evidence`` the status of each quote by its id,
    ``tiers`` the trust tier of each touched skill as it is now. ``not_scanned`` says why there is
    no scan. ``branch`` is the new branch asked for, ``committed`` whether there is a commit at all.
    """

    engine: str
    accepted: tuple[Hunk, ...]
    gate: Gate
    approvals: ApprovalCount
    touched: tuple[Confirmation, ...] = ()
    evidence: Mapping[str, EvidenceStatus] = {}
    growth: tuple[Growth, ...] = ()
    security: SecurityDelta | None = None
    tiers: Mapping[str, str] = {}
    not_scanned: str = ""
    locks: tuple[BrokenLock, ...] | None = None
    branch: str = ""
    committed: bool = True


def judge(file: PolicyFile, facts: Facts) -> tuple[Verdict, ...]:
    """Return a verdict for each rule that the policy has, and for the locks of the library."""
    return tuple(verdict for rule in _RULES for verdict in rule(file, facts))


def failed(verdicts: Sequence[Verdict]) -> tuple[Verdict, ...]:
    """Return those that were not kept."""
    return tuple(one for one in verdicts if not one.passed)


_Rule = Callable[[PolicyFile, Facts], Iterator[Verdict]]


def _locks(_file: PolicyFile, facts: Facts) -> Iterator[Verdict]:
    if facts.locks is None:
        return
    hunk = _hunk_in(facts.locks[0], facts.accepted) if facts.locks else None
    yield Verdict(
        "locks",
        not facts.locks,
        "; ".join(one.text for one in facts.locks) or "no locked part is changed",
        "What is locked in .workbench/locks.toml is not changed by a proposal.",
        "Reject the hunks there, or unlock the part (lock LIBRARY SKILL PART --remove).",
        Shown("hunk", hunk.id)
        if hunk is not None
        else Shown("library_file", ".workbench/locks.toml", 1),
    )


def _hunk_in(lock: BrokenLock, hunks: Sequence[Hunk]) -> Hunk | None:
    """Return the first hunk that reaches into a locked part, else the first of that file."""
    first, last = lock.lines
    own = [one for one in hunks if one.path == lock.path]
    for hunk in own:
        end = hunk.base_start + max(len(hunk.base_lines), 1) - 1
        if hunk.base_start <= last and first <= end:
            return hunk
    return own[0] if own else None


def _engines(file: PolicyFile, facts: Facts) -> Iterator[Verdict]:
    rule = file.policy.engines
    for key, wrong, why in (
        (
            "allowed",
            bool(rule.allowed) and facts.engine not in rule.allowed,
            f"Only {', '.join(rule.allowed)} may propose.",
        ),
        ("denied", facts.engine in rule.denied, f"{', '.join(rule.denied)} may not propose."),
    ):
        if getattr(rule, key):
            yield Verdict(
                f"engines.{key}",
                not wrong,
                f"proposed by {facts.engine}",
                why,
                "Reject it, or ask an engine that may.",
                Shown("header"),
                file.line(f"engines.{key}"),
            )


def _gate(file: PolicyFile, facts: Facts) -> Iterator[Verdict]:
    wanted = file.policy.gate.level
    if wanted is None:
        return
    level = facts.gate.level
    yield Verdict(
        "gate.level",
        _GATES.index(level) >= _GATES.index(wanted),
        " ".join([level.replace("_", " "), *(f"({one})" for one in facts.gate.reasons[:1])]),
        f"The tasks have to say at least {wanted.replace('_', ' ')}.",
        "Test exactly this selection with a runner, or accept what was tested as it was.",
        Shown("tasks"),
        file.line("gate.level"),
    )


def _evidence(file: PolicyFile, facts: Facts) -> Iterator[Verdict]:
    wanted = file.policy.evidence.quotes
    if wanted == "any":
        return
    bad = [
        hunk
        for hunk in facts.accepted
        if any(facts.evidence.get(name) == "unsupported" for name in hunk.evidence)
        or (
            wanted == "verified"
            and not any(facts.evidence.get(name) == "verified" for name in hunk.evidence)
        )
    ]
    fact = "every accepted hunk has what it needs"
    if bad:
        lacks = "a quote is not in its trace" if wanted == "found" else "no quote, or a wrong one"
        more = f" and {len(bad) - 1} more" if len(bad) > 1 else ""
        fact = f"{lacks}: {bad[0].path} {bad[0].header}{more}"
    yield Verdict(
        "evidence.quotes",
        not bad,
        " ".join(fact.split()),
        "Each accepted hunk has a quote that is in its trace, and none that is not."
        if wanted == "verified"
        else "No accepted hunk has a quote that is not in its trace.",
        "Reject these hunks, or look their evidence up.",
        Shown("hunk", bad[0].id) if bad else Shown("checks"),
        file.line("evidence.quotes"),
    )


def _security(file: PolicyFile, facts: Facts) -> Iterator[Verdict]:
    rule = file.policy.security
    if not rule.asks_scan:
        return
    found = facts.security
    if found is None:
        yield Verdict(
            "security",
            False,
            f"nobody scanned it: {facts.not_scanned or 'no scanner is enabled'}",
            "The rules below [security] need a scan of exactly this selection.",
            "Enable a scanner (plugins list), then try again.",
            Shown("checks"),
            file.line("security"),
        )
        return
    yield from _findings(file, found)
    if not rule.capabilities:
        yield Verdict(
            "security.capabilities",
            not found.capabilities,
            f"new: {', '.join(found.capabilities)}" if found.capabilities else "nothing new",
            "A skill may not come to do what it did not do before.",
            "Reject the hunks that bring it.",
            Shown("checks"),
            file.line("security.capabilities"),
        )
    if rule.tier is not None:
        over = {
            skill: tier
            for skill, tier in facts.tiers.items()
            if _TIERS.index(tier) > _TIERS.index(rule.tier)
        }
        said = ", ".join(f"{skill} is {tier}" for skill, tier in facts.tiers.items())
        yield Verdict(
            "security.tier",
            not over,
            said or "no skill of now is touched",
            f"Skills trusted more than {rule.tier} are not changed here: a change ends what was "
            "signed for them.",
            "Change it by hand and have it signed anew (trust SKILL --sign).",
            Shown("checks"),
            file.line("security.tier"),
        )


def _findings(file: PolicyFile, found: SecurityDelta) -> Iterator[Verdict]:
    most: Level | Literal["none"] | None = file.policy.security.severity
    if most is None:
        return
    limit = -1 if most == "none" else LEVELS.index(most)
    over = [
        one for one in found.new if one.suppressed is None and LEVELS.index(one.severity) > limit
    ]
    over.sort(key=lambda one: -LEVELS.index(one.severity))
    fact = f"{len(found.new)} new, none above {most}" if found.new else "no new finding"
    if over:
        worst = over[0]
        more = f", and {len(over) - 1} more" if len(over) > 1 else ""
        fact = f"{worst.severity}: {worst.rule} in {worst.path}:{worst.line}{more}"
    yield Verdict(
        "security.severity",
        not over,
        fact,
        "No new finding may come in."
        if most == "none"
        else f"New findings may be {most} at the worst.",
        "Reject the hunks that bring it, edit them, or suppress the finding with a reason.",
        Shown("checks"),
        file.line("security.severity"),
    )


def _size(file: PolicyFile, facts: Facts) -> Iterator[Verdict]:
    rule = file.policy.size
    if rule.tokens is not None:
        most = rule.tokens
        yield _grown(
            file,
            "tokens",
            [one for one in facts.growth if one.after - one.before > most],
            facts,
            f"The instructions of a skill may grow by {most} tokens.",
        )
    if rule.percent is not None:
        part = rule.percent
        yield _grown(
            file,
            "percent",
            # A new skill has grown from nothing: only the absolute rule can judge it.
            [
                one
                for one in facts.growth
                if one.before and (one.after - one.before) * 100 > part * one.before
            ],
            facts,
            f"The instructions of a skill may grow by {part:g} %.",
        )


def _grown(file: PolicyFile, key: str, over: list[Growth], facts: Facts, why: str) -> Verdict:
    shown = over or list(facts.growth)
    fact = ", ".join(
        f"{one.path}: {one.before:,} to {one.after:,} tokens"
        + (f" ({(one.after - one.before) / one.before:+.1%})" if one.before else " (new)")
        for one in shown[:3]
    )
    return Verdict(
        f"size.{key}",
        not over,
        fact or "no instructions change",
        why,
        "Accept less, or move text to references/.",
        Shown("file", over[0].path) if over else Shown("checks"),
        file.line(f"size.{key}"),
    )


def _files(file: PolicyFile, facts: Facts) -> Iterator[Verdict]:
    for key, kind, why in (
        ("programs", "script", "Scripts and executable files are not changed by a proposal."),
        ("deletions", "deletion", "A proposal deletes no file."),
    ):
        if getattr(file.policy.files, key):
            continue
        touched = [one.path for one in facts.touched if one.kind == kind]
        yield Verdict(
            f"files.{key}",
            not touched,
            ", ".join(touched) or "none",
            why,
            "Reject these hunks; change such a file by hand.",
            Shown("file", touched[0]) if touched else Shown("checks"),
            file.line(f"files.{key}"),
        )


def _commit(file: PolicyFile, facts: Facts) -> Iterator[Verdict]:
    rule = file.policy.commit
    if rule.new_branch:
        yield Verdict(
            "commit.new_branch",
            facts.committed and bool(facts.branch),
            f"on the new branch {facts.branch}" if facts.branch else "on the current branch",
            "What is applied goes on a branch of its own.",
            "Name a new branch (--branch NAME, or the field in the window).",
            Shown("branch"),
            file.line("commit.new_branch"),
        )
    if rule.signed:
        yield Verdict(
            "commit.signed",
            facts.committed,
            "git signs the commit" if facts.committed else "there is no commit to sign",
            "The commit is signed; git refuses without a key.",
            "Apply in a git repository, with a commit.",
            Shown("branch"),
            file.line("commit.signed"),
        )


def _approvals(file: PolicyFile, facts: Facts) -> Iterator[Verdict]:
    count = facts.approvals
    if not count.asked:
        return
    rule = file.policy.approvals
    have = len(count.people)
    who = f" by {', '.join(count.reviewers)}" if count.reviewers else ""
    among = f" of {', '.join(rule.by)}" if rule.by else ""
    people = "1 person" if count.wanted == 1 else f"{count.wanted} different people"
    yield Verdict(
        "approvals.people",
        count.enough,
        f"{have} of {count.wanted}{who}",
        f"{people}{among} approve exactly this content under this policy."
        + ("" if rule.own_edits else " One's own text is approved by another."),
        "Have another person approve it (proposals approve ID --content HASH, or Approve in the "
        "window).",
        Shown("approvals"),
        file.line("approvals.people"),
    )


_RULES: Final[tuple[_Rule, ...]] = (
    _locks,
    _engines,
    _gate,
    _evidence,
    _security,
    _size,
    _files,
    _commit,
    _approvals,
)
