"""What a selection does to the checks, before anything is written to the library.

Only what can differ is worked out again: the skills a touched file lies in are composed on both
sides (``sides``), all else is the same before and after and comes from what is warm. The answer is
that of a check of two whole libraries; a test holds one against the other.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Literal, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from workbench.domain.diagnostic import Diagnostic
from workbench.domain.finding import Finding, SkillScan
from workbench.domain.proposal import HunkVerdict
from workbench.domain.skill import Skill
from workbench.review.checks.costs import CostDelta, cost_delta
from workbench.review.checks.overlaps import OverlapDelta, overlap_delta
from workbench.review.checks.sides import Sides, base_of, stage
from workbench.review.checks.skill_links import LinksDelta, links_delta
from workbench.review.checks.taken_texts import Comparison, taken_passages
from workbench.review.checks.warm import WarmChecks
from workbench.review.compose import Result
from workbench.review.copied import Copied, TextSource
from workbench.review.plan import ReviewProblem
from workbench.review.session import Review
from workbench.security.delta import scan_delta
from workbench.skills.check import check_skill
from workbench.skills.problems import SkillError

#: Scans every skill below a folder. It is given the touched skills alone, once as they were and
#: once as they would be, in two threads.
Scan = Callable[[Path], Sequence[SkillScan]]

Item = TypeVar("Item")

Standing = Literal["ok", "warning", "error"]


class Size(Struct, frozen=True):
    """The cost of SKILL.md as bytes and code points; None where there is no such skill."""

    bytes: int
    characters: int


class SkillDelta(Struct, frozen=True):
    """What changes for one skill. ``skill`` is its id in the library after, or before."""

    skill: str
    name: str
    new: tuple[Diagnostic, ...]
    gone: tuple[Diagnostic, ...]
    before: Size | None
    after: Size | None


class SecurityDelta(Struct, frozen=True):
    """Findings that come and go by fingerprint, and capabilities seen now and not before."""

    new: tuple[Finding, ...]
    gone: tuple[Finding, ...]
    capabilities: tuple[str, ...]


class ClientDelta(Struct, frozen=True):
    """What a client's rules say of the touched skills: the worst of it, and what comes and goes."""

    client: str
    before: Standing
    after: Standing
    new: int
    gone: int


class ResultChecks(Struct, frozen=True):
    """All checks of a selection; ``warnings`` are in words.

    ``copied`` are new passages that another skill or a trace has word for word.
    """

    content_hash: str
    skills: tuple[SkillDelta, ...]
    security: SecurityDelta | None = None
    warnings: tuple[str, ...] = ()
    costs: CostDelta | None = None
    copied: tuple[Copied, ...] = ()
    clients: tuple[ClientDelta, ...] = ()
    overlaps: OverlapDelta = OverlapDelta()
    links: LinksDelta = LinksDelta()

    @property
    def failed(self) -> bool:
        """Whether it brings in an error, or a finding of high or critical severity."""
        errors = any(one.severity == "error" for skill in self.skills for one in skill.new)
        findings = self.security.new if self.security else ()
        return errors or any(one.severity in ("high", "critical") for one in findings)


def check_result(
    review: Review,
    verdicts: Sequence[HunkVerdict],
    *,
    clients: Sequence[str],
    scan: Scan | None = None,
    sources: Sequence[TextSource] = (),
    others: Sequence[Path] = (),
    warm: WarmChecks | None = None,
) -> ResultChecks:
    """Check exactly what the accepted hunks make, against the base they were proposed on.

    Nothing is written but copies in a temporary folder; links are not followed.

    Args:
        review: the proposal.
        verdicts: the selection.
        clients: whose rules are checked.
        scan: see ``Scan``.
        sources: texts, besides other skills, that new lines are compared with.
        others: folders of skills outside the library that new lines are compared with.
        warm: what earlier checks left; the same one makes later checks fast.

    Raises:
        ReviewProblem: the proposal cannot be shown, or the copy cannot be made.
    """
    warm = warm or WarmChecks()
    result = review.result(verdicts)
    base = base_of(review, result.files)
    try:
        library = warm.library(review.library)
        with (
            tempfile.TemporaryDirectory(prefix="skill-workbench-check-") as folder,
            ThreadPoolExecutor(2, thread_name_prefix="scans of a selection") as threads,
        ):
            sides = stage(library, result.files, base, Path(folder))
            both = (sides.before, sides.after)
            scans = [threads.submit(scan, side.folder) for side in both] if scan else []
            compared = Comparison(_touched(sides, result), tuple(sources), tuple(others), warm)
            checks = ResultChecks(
                result.content_hash,
                _deltas(sides, result, clients, warm),
                warnings=(*_dependencies(review, verdicts), *_touchy(result)),
                costs=cost_delta(sides, warm),
                copied=taken_passages(sides.after, result.files, base, compared),
                clients=_clients(sides, result, clients, warm),
                overlaps=overlap_delta(sides, warm),
                links=links_delta(sides, warm),
            )
            if scans:
                before, after = (one.result() for one in scans)
                checks = replace(checks, security=security_delta(before, after))
    except SkillError as problem:
        raise ReviewProblem(f"No copy can be made for the checks: {problem}") from problem
    except OSError as problem:
        raise ReviewProblem(
            f"The copy for the checks cannot be made: {problem}. Free some room and try again."
        ) from problem
    return checks


def security_delta(before: Sequence[SkillScan], after: Sequence[SkillScan]) -> SecurityDelta:
    """Compare two scans of a library, skill by skill."""
    old, now = ({scan.skill or scan.name: scan for scan in scans} for scans in (before, after))
    new: list[Finding] = []
    gone: list[Finding] = []
    gained: list[str] = []
    for name in sorted(old | now):
        was, is_ = old.get(name), now.get(name)
        delta = scan_delta(
            was.findings if was else (),
            is_.findings if is_ else (),
            was.capabilities if was else None,
            is_.capabilities if is_ else None,
        )
        new += delta.new
        gone += delta.gone
        gained += [f"{is_.name}: {one}" for one in delta.gained if is_]
    return SecurityDelta(tuple(new), tuple(gone), tuple(gained))


def _difference(
    before: Iterable[Item], after: Iterable[Item], key: Callable[[Item], Hashable]
) -> tuple[tuple[Item, ...], tuple[Item, ...]]:
    """Return what came and what went; the same thing twice counts twice."""
    before, after = list(before), list(after)

    def without(items: list[Item], others: list[Item]) -> tuple[Item, ...]:
        left = Counter(key(item) for item in others)
        found: list[Item] = []
        for item in items:
            if left[key(item)]:
                left[key(item)] -= 1
            else:
                found.append(item)
        return tuple(found)

    return without(after, before), without(before, after)


def _deltas(
    sides: Sides, result: Result, clients: Sequence[str], warm: WarmChecks
) -> tuple[SkillDelta, ...]:
    touched = _touched(sides, result)
    deltas: list[SkillDelta] = []
    for skill_id in sorted(sides.composed):
        old, new = sides.before.by_id.get(skill_id), sides.after.by_id.get(skill_id)
        came, went = _difference(
            _said(old, clients, warm),
            _said(new, clients, warm),
            lambda one: (one.rule, one.path, one.message),
        )
        if skill_id not in touched and not came and not went:
            continue
        present = new or old
        name = present.name if present is not None else ""
        deltas.append(SkillDelta(skill_id, name, came, went, _size(old), _size(new)))
    return tuple(deltas)


def _touched(sides: Sides, result: Result) -> set[str]:
    paths = [file.path for file in result.files]
    return sides.before.touched(paths) | sides.after.touched(paths)


def _said(skill: Skill | None, clients: Sequence[str], warm: WarmChecks) -> tuple[Diagnostic, ...]:
    """Return what the rules say of a skill."""
    if skill is None:
        return ()
    links = tuple(file.path for file in skill.files if file.kind == "link")
    content = (skill.path, skill.tree_hash, links, skill.nested, skill.problems)
    return warm.answer(("check", *content, *clients), lambda: check_skill(skill, clients))


def _clients(
    sides: Sides, result: Result, clients: Sequence[str], warm: WarmChecks
) -> tuple[ClientDelta, ...]:
    """Return how each client stands to the touched skills."""
    touched = sorted(_touched(sides, result))
    before, after = (
        [one for skill_id in touched for one in _said(side.by_id.get(skill_id), clients, warm)]
        for side in (sides.before, sides.after)
    )
    came, went = _difference(
        before, after, lambda one: (one.rule, one.path, one.message, one.clients)
    )
    return tuple(
        ClientDelta(
            client,
            _standing(_for(before, client)),
            _standing(_for(after, client)),
            len(_for(came, client)),
            len(_for(went, client)),
        )
        for client in clients
    )


def _for(found: Sequence[Diagnostic], client: str) -> list[Diagnostic]:
    return [one for one in found if not one.clients or client in one.clients]


def _standing(found: Sequence[Diagnostic]) -> Standing:
    severities = {one.severity for one in found}
    if "error" in severities:
        return "error"
    return "warning" if "warning" in severities else "ok"


def _size(skill: Skill | None) -> Size | None:
    return None if skill is None else Size(len(skill.source), len(skill.text))


def _dependencies(review: Review, verdicts: Sequence[HunkVerdict]) -> list[str]:
    """Return what an accepted hunk needs and does not get."""
    last = {verdict.hunk: verdict.verdict for verdict in verdicts}
    kinds: dict[str, set[bool]] = {}
    for hunk in review.hunks:
        kinds.setdefault(hunk.change, set()).add(last.get(hunk.id) == "accept")
    warnings: list[str] = []
    for change in review.proposal.draft.changes:
        if True not in kinds.get(change.id, set()):
            continue
        missing = [one for one in change.depends_on if False in kinds.get(one, set())]
        if missing:
            warnings.append(
                f"{change.path}: change {change.id} builds on {', '.join(missing)}, which is not "
                "accepted as a whole."
            )
    return warnings


def _touchy(result: Result) -> list[str]:
    """Return what wants a second look: deleted files, and files that become programs."""
    warnings: list[str] = []
    moved = {file.moved_from for file in result.files}
    for file in result.files:
        if file.data is None and file.path not in moved:
            warnings.append(f"{file.path} is deleted.")
        if file.mode == "100755" and file.base_mode != "100755" and file.moved_from is None:
            warnings.append(f"{file.path} becomes executable.")
    return warnings
