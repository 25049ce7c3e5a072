"""A skill as it was when a trace used it, beside what it is now, at the line that is meant."""

from __future__ import annotations

import difflib
from pathlib import Path

from msgspec import Struct

from workbench.domain.skill import Skill
from workbench.traces.importer import TraceError
from workbench.traces.open import OpenTrace, open_traces
from workbench.usage.delivered import delivered, digest_of
from workbench.usage.sessions import Use
from workbench.usage.versions import SkillVersion, SkillVersions


class Then(Struct, frozen=True):
    """A SKILL.md (``body_only`` where the trace has the body alone) as it was, and as it is.

    ``line`` and ``now_line`` count from 1; ``removed`` and ``added`` are the lines that differ.
    """

    skill: str
    path: str
    version: SkillVersion | None
    how: str
    note: str
    then: str
    now: str
    line: int
    now_line: int
    removed: tuple[int, ...]
    added: tuple[int, ...]
    body_only: bool = False

    @property
    def same(self) -> bool:
        """Whether nothing changed since."""
        return not self.removed and not self.added


def then_of(skill: Skill, use: Use, versions: SkillVersions, quote: str = "") -> Then | None:
    """Return the skill as it was at a use; None where that is not known.

    Args:
        skill: as it is now.
        use: of the skill.
        versions: of the skill.
        quote: words of the skill; their line is the one that is meant.
    """
    version = versions.find(use.version) if use.version else None
    if version is not None:
        text, body_only = _text(versions.source(version)), False
        now = _text(skill.source)
    else:
        recorded = _recorded(use) if use.how == "unrecorded" else None
        if recorded is None:
            return None
        text, body_only = recorded, True
        now = skill.body_text.replace("\r\n", "\n").strip("\n")
    line = line_of(text, use, quote)
    before, after = text.split("\n"), now.split("\n")
    removed, added, now_line = _difference(before, after, line)
    return Then(
        skill=skill.id,
        path=str(Path(skill.path) / skill.skill_md),
        version=version,
        how=use.how,
        note=use.note,
        then=text,
        now=now,
        line=line,
        now_line=now_line,
        removed=removed,
        added=added,
        body_only=body_only,
    )


def line_of(text: str, use: Use, quote: str = "") -> int:
    """Return the line of a SKILL.md that a use is about, from 1.

    That of a quote, or the first that mentions the file read or run; otherwise the first line.
    """
    lines = text.split("\n")
    for wanted in _wanted(use, quote):
        for number, line in enumerate(lines, start=1):
            if wanted in line:
                return number
    return 1


def _wanted(use: Use, quote: str) -> list[str]:
    wanted = [line.strip() for line in quote.split("\n") if line.strip()][:1]
    if use.kind in ("resource_read", "script_run") and use.path:
        parts = [part for part in use.path.replace("\\", "/").split("/") if part]
        # The longest tail that the text mentions: "scripts/fill.py" before "fill.py".
        wanted += ["/".join(parts[-length:]) for length in range(min(4, len(parts)), 0, -1)]
    return wanted


def _difference(
    before: list[str], after: list[str], line: int
) -> tuple[tuple[int, ...], tuple[int, ...], int]:
    """Return lines only the first has, lines only the second has, and where a line is now."""
    matcher = difflib.SequenceMatcher(None, before, after, autojunk=False)
    removed: list[int] = []
    added: list[int] = []
    now = 1
    for tag, start, end, other, after_end in matcher.get_opcodes():
        if start <= line - 1 < end:
            now = min(other + (line - 1 - start), max(other, after_end - 1)) + 1
        if tag != "equal":
            removed += range(start + 1, end + 1)
            added += range(other + 1, after_end + 1)
    return tuple(removed), tuple(added), min(now, len(after))


def _text(source: bytes) -> str:
    return source.decode("utf-8", "replace").replace("\r\n", "\n").replace("\r", "\n")


def _recorded(use: Use) -> str | None:
    """Read the body that a trace recorded once more."""
    try:
        traces = open_traces(Path(use.owner or use.trace))
    except TraceError:
        return None
    try:
        return next((found for one in traces if (found := _body_in(one, use)) is not None), None)
    finally:
        for trace in traces:
            trace.close()


def _body_in(trace: OpenTrace, use: Use) -> str | None:
    if trace.trajectory.id == use.trajectory:
        for event in trace.trajectory.skill_events:
            if event.kind not in ("loaded", "reattached"):
                continue
            for one in delivered(trace, event):
                if one.kind == "body" and digest_of(one.text) == use.version:
                    return one.text
    found = (_body_in(child, use) for child in trace.children)
    return next((text for text in found if text is not None), None)
