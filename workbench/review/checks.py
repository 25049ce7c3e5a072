"""What a selection does to the checks: on a copy, before anything is written to the library."""

from __future__ import annotations

import contextlib
import tempfile
from collections import Counter
from collections.abc import Callable, Container, Hashable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final, TypeVar

from msgspec import Struct

from workbench.domain.diagnostic import Diagnostic
from workbench.domain.finding import Finding, SkillScan
from workbench.domain.proposal import HunkVerdict
from workbench.domain.skill import Library, Skill
from workbench.review.compose import Result
from workbench.review.copied import Copied, TextSource, copied_passages
from workbench.review.costs import CostDelta, cost_delta, tokens_of
from workbench.review.plan import ReviewProblem
from workbench.review.session import Review
from workbench.security.delta import scan_delta
from workbench.skills.check import check_skill
from workbench.skills.copying import copy_skills
from workbench.skills.library import read_library
from workbench.skills.problems import SkillError

#: Scans every skill below a folder.
Scan = Callable[[Path], Sequence[SkillScan]]

Item = TypeVar("Item")

#: Larger files are there in the copy, so that links to them resolve, but empty.
_MAX_COPIED: Final = 16 << 20


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
) -> ResultChecks:
    """Check exactly what the accepted hunks make, against the base they were proposed on.

    The library is copied to a temporary folder; links are not followed. ``sources`` are texts,
    besides the other skills, that new lines are compared with.

    Raises:
        ReviewProblem: the proposal cannot be shown, or the copy cannot be made.
    """
    result = review.result(verdicts)
    try:
        with tempfile.TemporaryDirectory(prefix="skill-workbench-check-") as folder:
            copy = Path(folder) / (review.library.name or "library")
            _copy(review.library, copy)
            for file in result.files:
                data = None if file.base_sha256 is None else review.read_base(file.path)
                _place(copy, file.path, data, file.base_mode)
            before = read_library(copy)
            scans_before = tuple(scan(copy)) if scan else ()
            touched = _touched_ids(before, result)
            tokens_before = tokens_of(before, touched)
            for file in result.files:
                _place(copy, file.path, file.data, file.mode or file.base_mode)
            after = read_library(copy)
            scans_after = tuple(scan(copy)) if scan else ()
            skills = _deltas(before, after, result, clients)
            touched |= _touched_ids(after, result)
            costs = cost_delta(before, tokens_before, after, touched)
            copied = _copied(review, result, (*_other_skills(after, touched), *sources))
    except SkillError as problem:
        raise ReviewProblem(f"No copy can be made for the checks: {problem}") from problem
    except OSError as problem:
        raise ReviewProblem(
            f"The copy for the checks cannot be made: {problem}. Free some room and try again."
        ) from problem
    security = security_delta(scans_before, scans_after) if scan else None
    return ResultChecks(
        result.content_hash,
        skills,
        security,
        (*_dependencies(review, verdicts), *_touchy(result)),
        costs,
        copied,
    )


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
    before: Library, after: Library, result: Result, clients: Sequence[str]
) -> tuple[SkillDelta, ...]:
    paths = [file.path for file in result.files]
    touched = {skill.id for side in (before, after) for skill in _touched(side, paths)}
    looked_at = touched
    if any(file.data is None for file in result.files):
        # What goes away may be referred to from any skill.
        looked_at = touched | {skill.id for skill in after.skills}
    deltas: list[SkillDelta] = []
    for skill_id in sorted(looked_at):
        old, new = before.skill(skill_id), after.skill(skill_id)
        came, went = _difference(
            check_skill(old, clients) if old else (),
            check_skill(new, clients) if new else (),
            lambda one: (one.rule, one.path, one.message),
        )
        if skill_id not in touched and not came and not went:
            continue
        present = new or old
        name = present.name if present is not None else ""
        deltas.append(SkillDelta(skill_id, name, came, went, _size(old), _size(new)))
    return tuple(deltas)


def _touched_ids(library: Library, result: Result) -> set[str]:
    return {skill.id for skill in _touched(library, [file.path for file in result.files])}


def _other_skills(library: Library, touched: Container[str]) -> Iterator[TextSource]:
    for skill in library.skills:
        if skill.id not in touched:
            entry = skill.front_matter.get("license") if skill.front_matter is not None else None
            licence = str(entry.value) if entry is not None else ""
            yield TextSource(skill.name or skill.id, "skill", skill.body_text, licence)


def _copied(review: Review, result: Result, sources: Sequence[TextSource]) -> tuple[Copied, ...]:
    """Return what the new lines of each text file share with the sources."""
    found: list[Copied] = []
    for file in result.files:
        if file.data is None or b"\0" in file.data:
            continue
        base = review.read_base(file.path) if file.base_sha256 is not None else b""
        before = set((base or b"").decode("utf-8", "replace").splitlines())
        lines = file.data.decode("utf-8", "replace").splitlines()
        added = "\n".join(line for line in lines if line not in before)
        found += copied_passages(file.path, added, sources)
    return tuple(found)


def _touched(library: Library, paths: Sequence[str]) -> list[Skill]:
    """Return for each path the innermost skill that holds it."""
    found: list[Skill] = []
    for path in paths:
        inside = [
            skill for skill in library.skills if skill.id == "." or path.startswith(f"{skill.id}/")
        ]
        if inside:
            found.append(max(inside, key=lambda skill: (skill.id != ".", len(skill.id))))
    return found


def _size(skill: Skill | None) -> Size | None:
    return None if skill is None else Size(len(skill.source), len(skill.text))


def _copy(library: Path, target: Path) -> None:
    """Copy the skills of a library; what cannot be copied is there and empty, for links to it.

    Raises:
        OSError: the copy cannot be written.
        SkillError: there is no such library.
    """
    copied = copy_skills(read_library(library).skills, target, most=_MAX_COPIED)
    for left_out in copied.left_out:
        with contextlib.suppress(UnicodeEncodeError, OSError):
            place = target / left_out.path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.touch()


def _place(copy: Path, path: str, data: bytes | None, mode: str | None) -> None:
    target = copy / path
    if data is None:
        target.unlink(missing_ok=True)
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    target.unlink(missing_ok=True)
    target.write_bytes(data)
    target.chmod(0o755 if mode == "100755" else 0o644)


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
