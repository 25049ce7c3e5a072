"""A review as Markdown, to be pasted into a pull request."""

from __future__ import annotations

import re
from collections.abc import Iterator

from workbench.domain.proposal import Gate
from workbench.domain.text import spelled_out
from workbench.review.report.content import CommentLine, EvidenceLine, HunkReport, ReviewReport

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~!])")
_TICKS = re.compile(r"`{3,}")
#: A mention or a number would notify people and link issues where the report is pasted.
_LINKS = re.compile(r"(?<!\w)([@#])(?=\w)")


def markdown_report(report: ReviewReport) -> str:
    """Return the report; texts of the proposal are escaped, so that they stay texts."""
    return "\n".join(_lines(report)) + "\n"


def _lines(report: ReviewReport) -> Iterator[str]:
    yield f"# {_text(report.title)}"
    yield ""
    yield f"**{report.status}** · {report.counts} · gate: {gate_line(report.gate)}"
    yield ""
    yield f"Proposal `{report.proposal}` by {_text(report.engine)}, for " + (
        ", ".join(f"`{skill}`" for skill in report.skills) or "no skill"
    )
    if report.reviewer:
        yield f"Reviewed by {_text(report.reviewer)}, {report.time[:16].replace('T', ' ')}"
        yield f"Content `{report.content_hash}`"
    for text in (report.rationale, report.comment):
        if text:
            yield ""
            yield _text(text)
    yield from _list("Warnings", report.warnings)
    for number, hunk in enumerate(report.hunks, 1):
        yield from _hunk(number, hunk)
    if report.comments:
        yield ""
        yield "## Other comments"
    for said in report.comments:
        yield from _comment(said)
    yield from _tasks(report)
    yield from _list("Checks of the selection", report.checks)


def gate_line(gate: Gate) -> str:
    """Return the gate in one line."""
    level = gate.level.replace("_", " ")
    if gate.table is None:
        return level
    flake = "unknown" if gate.flake_rate is None else f"{gate.flake_rate:.0%}"
    p = "–" if gate.p_one_sided is None else f"{gate.p_one_sided:.3f}"
    return (
        f"{level}, {gate.repairs} repaired and {gate.regressions} broken of {gate.n} held-out "
        f"tasks ({gate.held_out}), p {p}, flake rate {flake}"
    )


def _hunk(number: int, hunk: HunkReport) -> Iterator[str]:
    yield ""
    edited = ", edited by the reviewer" if hunk.edited else ""
    yield f"## {number}. {_text(hunk.path)} {_text(hunk.header)}: {hunk.verdict}{edited}"
    for label, text in (("Why", hunk.rationale), (hunk.reason or "Comment", hunk.comment)):
        if text:
            yield ""
            yield f"{label[:1].upper()}{label[1:]}: {_text(text)}"
    if hunk.reason and not hunk.comment:
        yield ""
        yield f"Reason: {hunk.reason}"
    yield ""
    fence = _fence(hunk.lines)
    yield f"{fence}diff"
    yield from (spelled_out(line) for line in hunk.lines)
    yield fence
    for one in hunk.evidence:
        yield ""
        yield from _evidence(one)
    for said in hunk.comments:
        yield from _comment(said)


def _comment(one: CommentLine) -> Iterator[str]:
    state = f" ({one.state})" if one.state else ""
    time = one.time[:16].replace("T", " ")
    yield ""
    yield f"Comment on {_text(one.place)}{state} by {_text(one.author)}, {time}:"
    yield ""
    for line in one.text.splitlines():
        yield f"> {_text(line)}"


def _evidence(one: EvidenceLine) -> Iterator[str]:
    yield f"Evidence ({one.role}, {one.status}): {_text(one.trace)}, step {one.steps}"
    yield ""
    for line in one.quote.splitlines() or [""]:
        yield f"> {_text(line)}"


def _tasks(report: ReviewReport) -> Iterator[str]:
    if not report.tasks:
        return
    yield ""
    yield f"## Tasks ({report.gate.runner}{f', {report.gate.model}' if report.gate.model else ''})"
    yield ""
    yield "| task | split | before | after |"
    yield "|---|---|---|---|"
    for task in report.tasks:
        cells = (_text(task.task), task.split, _runs(task.before), _runs(task.after))
        yield f"| {' | '.join(cells)} |"


def _runs(runs: tuple[float, ...]) -> str:
    return " ".join(f"{score:g}" for score in runs) or "no run"


def _list(heading: str, lines: tuple[str, ...]) -> Iterator[str]:
    if lines:
        yield ""
        yield f"## {heading}"
        yield ""
        for line in lines:
            yield f"- {_text(line)}"


def _fence(lines: tuple[str, ...]) -> str:
    """Return a fence longer than any in the text."""
    longest = max((len(found) for line in lines for found in _TICKS.findall(line)), default=2)
    return "`" * (longest + 1)


def _text(text: str) -> str:
    return _LINKS.sub("\\1\u200b", _SPECIAL.sub(r"\\\1", spelled_out(" ".join(text.split()))))
