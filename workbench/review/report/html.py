"""A review as one HTML file that loads nothing and runs nothing."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from workbench.domain.text import spelled_out
from workbench.review.report.content import (
    CommentLine,
    EvidenceLine,
    HunkReport,
    ReviewReport,
    TaskReport,
)
from workbench.review.report.markdown import gate_line

_STYLE = """
:root { color-scheme: light dark; --line: #d0d5dd; --soft: #f3f4f6; --add: #e4f4ea; --del: #fdeaea;
  --muted: #535c6c; --good: #1a6e3c; --bad: #b3261e; }
@media (prefers-color-scheme: dark) { :root { --line: #3a4150; --soft: #262b35; --add: #1d3327;
  --del: #402426; --muted: #a9b2c2; --good: #7ad79b; --bad: #ff8f86; } }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 960px; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; margin: 0 0 .5rem; } h2 { font-size: 1.1rem; margin: 2rem 0 .5rem; }
.muted { color: var(--muted); } .verdict { font-weight: 600; }
pre { border: 1px solid var(--line); border-radius: 6px; overflow-x: auto; margin: .5rem 0; }
pre span { display: block; padding: 0 .75rem; white-space: pre-wrap; overflow-wrap: anywhere; }
.add { background: var(--add); } .del { background: var(--del); }
blockquote { border-left: 3px solid var(--line); margin: .25rem 0; padding: 0 .75rem; }
.said { border-left: 3px solid var(--muted); padding: 0 .75rem; white-space: pre-wrap; }
s { color: var(--bad); } table { border-collapse: collapse; width: 100%; }
td, th { border-bottom: 1px solid var(--line); padding: .25rem .5rem; text-align: left; }
.good { color: var(--good); } .bad { color: var(--bad); } code { background: var(--soft); }
"""
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; form-action 'none'; base-uri 'none'"


def html_report(report: ReviewReport) -> str:
    """Return the whole page."""
    return "\n".join(_page(report)) + "\n"


def _page(report: ReviewReport) -> Iterator[str]:
    yield '<!doctype html><html lang="en"><head><meta charset="utf-8">'
    yield f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield f"<title>{_text(report.title)}</title><style>{_STYLE}</style></head><body>"
    yield f"<h1>{_text(report.title)}</h1>"
    yield f'<p><span class="verdict">{_text(report.status)}</span> · {report.counts} · gate: '
    yield f"{_text(gate_line(report.gate))}</p>"
    skills = ", ".join(f"<code>{_text(skill)}</code>" for skill in report.skills) or "no skill"
    yield f'<p class="muted">Proposal <code>{_text(report.proposal)}</code> by '
    yield f"{_text(report.engine)}, for {skills}</p>"
    if report.reviewer:
        time = report.time[:16].replace("T", " ")
        yield f'<p class="muted">Reviewed by {_text(report.reviewer)}, {_text(time)}, content '
        yield f"<code>{_text(report.content_hash)}</code></p>"
    for text in (report.rationale, report.comment):
        if text:
            yield f"<p>{_text(text)}</p>"
    yield from _list("Warnings", report.warnings)
    for number, hunk in enumerate(report.hunks, 1):
        yield from _hunk(number, hunk)
    if report.comments:
        yield "<h2>Other comments</h2>"
    for said in report.comments:
        yield from _comment(said)
    if report.tasks:
        yield from _tasks(report)
    yield from _list("Checks of the selection", report.checks)
    yield "</body></html>"


def _hunk(number: int, hunk: HunkReport) -> Iterator[str]:
    edited = ", edited by the reviewer" if hunk.edited else ""
    yield f"<h2>{number}. <code>{_text(hunk.path)}</code> {_text(hunk.header)}: {hunk.verdict}"
    yield f"{edited}</h2>"
    if hunk.rationale:
        yield f"<p>{_text(hunk.rationale)}</p>"
    if hunk.reason or hunk.comment:
        words = ": ".join(part for part in (hunk.reason, hunk.comment) if part)
        yield f'<p class="muted">{_text(words)}</p>'
    kinds = {"+": "add", "-": "del"}
    lines = (f'<span class="{kinds.get(one[:1], "")}">{_text(one)}</span>' for one in hunk.lines)
    yield f"<pre>{''.join(lines)}</pre>"
    for one in hunk.evidence:
        yield from _evidence(one)
    for said in hunk.comments:
        yield from _comment(said)


def _comment(one: CommentLine) -> Iterator[str]:
    state = f" ({one.state})" if one.state else ""
    time = one.time[:16].replace("T", " ")
    yield f'<p class="muted">Comment on {_text(one.place)}{state} by {_text(one.author)}, '
    yield f'{_text(time)}</p><p class="said">{_text(one.text)}</p>'


def _evidence(one: EvidenceLine) -> Iterator[str]:
    quote = _text(one.quote)
    yield f'<p class="muted">Evidence ({_text(one.role)}, {_text(one.status)}): '
    yield f"<code>{_text(one.trace)}</code>, step {_text(one.steps)}</p>"
    yield f"<blockquote>{quote if one.status == 'verified' else f'<s>{quote}</s>'}</blockquote>"


def _tasks(report: ReviewReport) -> Iterator[str]:
    yield f"<h2>Tasks</h2><p class='muted'>{_text(report.gate.runner)} "
    yield f"{_text(report.gate.model)}</p>"
    yield "<table><tr><th>Task</th><th>Split</th><th>Before</th><th>After</th></tr>"
    for task in report.tasks:
        yield f"<tr><td>{_text(task.task)}</td><td>{_text(task.split)}</td>"
        yield f"<td>{_runs(task.before)}</td><td{_tone(task)}>{_runs(task.after)}</td></tr>"
    yield "</table>"


def _tone(task: TaskReport) -> str:
    if not task.before or not task.after:
        return ""
    before, after = (sum(runs) / len(runs) >= 0.5 for runs in (task.before, task.after))
    return "" if before == after else ' class="good"' if after else ' class="bad"'


def _runs(runs: tuple[float, ...]) -> str:
    return " ".join(f"{score:g}" for score in runs) or "no run"


def _list(heading: str, lines: tuple[str, ...]) -> Iterator[str]:
    if lines:
        yield f"<h2>{heading}</h2><ul>"
        yield from (f"<li>{_text(line)}</li>" for line in lines)
        yield "</ul>"


def _text(text: str) -> str:
    # Lone surrogates and controls that HTML knows nothing of become marks that are seen.
    clean = spelled_out(text).encode("utf-8", "replace").decode()
    return escape("".join(one if one in "\n\t" or one.isprintable() else "\ufffd" for one in clean))
