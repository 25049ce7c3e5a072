"""A trace as one HTML file to give to others: no network, nothing of the trace is ever run.

It is written step by step, so that memory stays small; it can be read without a script.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path, PurePath
from typing import Final

from workbench.domain.trace_link import TraceLink, format_link
from workbench.domain.trajectory import Loss, Outcome, SkillEvent, Trajectory
from workbench.traces.export_file import ExportStopped, Stopped, Told, never, new_file, untold
from workbench.traces.html.escaping import escaped
from workbench.traces.html.page import page_end, page_start
from workbench.traces.html.step_parts import call_part, step_start, tokens
from workbench.traces.open import OpenTrace
from workbench.traces.titles import title_of

#: So many characters of each text are shown; what is cut is counted where it was.
SHOWN: Final = 20_000
#: So many prompts, errors and skill events are listed at the top.
_LISTED: Final = 200


def export_html(
    trace: OpenTrace,
    out: Path,
    *,
    progress: Told = untold,
    stopped: Stopped = never,
    most: int = SHOWN,
    linked: bool = False,
) -> bool:
    """Write a trajectory with its subagents as a page, replacing a file of that name.

    Args:
        trace: open; it stays open.
        out: the file.
        progress: told how much is done, 0..1.
        stopped: asked between steps; when true nothing is written.
        most: so many characters of each text are shown; at least 100.
        linked: each step gets a link that opens it in this program. The links tell where the
            trace is on this machine, so they are left out unless asked for.

    Returns:
        False when it was stopped.

    Raises:
        TraceError: the trace changed on disk, or the file cannot be written.
    """
    try:
        with new_file(out) as file:
            parts = html_parts(trace, progress=progress, stopped=stopped, most=most, linked=linked)
            for part in parts:
                file.write(part.encode())
    except ExportStopped:
        return False
    return True


def html_parts(
    trace: OpenTrace,
    *,
    progress: Told = untold,
    stopped: Stopped = never,
    most: int = SHOWN,
    linked: bool = False,
) -> Iterator[str]:
    """Yield the page in parts, one or more for each step.

    Raises:
        TraceError: the trace changed on disk.
        ExportStopped: ``stopped`` said so.
    """
    trajectory = trace.trajectory
    path = str(trace.path.absolute()) if linked else ""
    page = _Page(_steps(trajectory), progress, stopped, max(100, most), path)
    yield page_start(title_of(trajectory))
    yield from page.trajectory(trace, "h1")
    yield page_end()


class _Page:
    """Numbers the trajectories of a page, for anchors, and tells how far it is."""

    def __init__(
        self,
        steps: int,
        progress: Callable[[float], None],
        stopped: Callable[[], bool],
        most: int,
        path: str,
    ) -> None:
        self._steps = max(1, steps)
        self._progress = progress
        self._stopped = stopped
        self._most = most
        self._path = path
        self._done = 0
        self._trajectories = 0

    def trajectory(self, trace: OpenTrace, heading: str) -> Iterator[str]:
        """Yield a trajectory: its facts, its steps, its subagents where they were called."""
        trajectory = trace.trajectory
        prefix = f"t{self._trajectories}"
        self._trajectories += 1
        yield f"<{heading}>{escaped(title_of(trajectory))}</{heading}>\n"
        yield _facts(trajectory)
        yield _places(trajectory, prefix)
        waiting = {child.trajectory.id: child for child in trace.children}
        events: dict[int, list[SkillEvent]] = {}
        for event in trajectory.skill_events:
            events.setdefault(event.step, []).append(event)
        for step in trajectory.steps:
            if self._stopped():
                raise ExportStopped
            body = trace.body(step.index)
            name = f"{prefix}-s{step.index}"
            link = self._link(trajectory, step.index)
            yield step_start(step, body, events.get(step.index, ()), name, self._most, link=link)
            told = {call.id: call for call in body.tool_calls}
            for call in step.tool_calls:
                yield call_part(call, told.get(call.id), self._most)
                child = _taken(waiting, call.sub)
                if child is not None:
                    yield from self._subagent(child)
                yield "</section>\n"
            yield "</article>\n"
            self._done += 1
            self._progress(self._done / self._steps)
        for child in list(waiting.values()):
            yield from self._subagent(child)

    def _link(self, trajectory: Trajectory, step: int) -> str:
        return format_link(TraceLink(self._path, trajectory.id, step)) if self._path else ""

    def _subagent(self, child: OpenTrace) -> Iterator[str]:
        count = len(child.trajectory.steps)
        yield f'<details class="sub"><summary>subagent, {count:,} steps</summary>\n'
        yield from self.trajectory(child, "h2")
        yield "</details>\n"


def _steps(trajectory: Trajectory) -> int:
    return len(trajectory.steps) + sum(_steps(child) for child in trajectory.children)


def _taken(waiting: dict[str, OpenTrace], name: str | None) -> OpenTrace | None:
    """Take the subagent of that id or session out of those that wait."""
    if name is None:
        return None
    if name in waiting:
        return waiting.pop(name)
    key = next((key for key, one in waiting.items() if one.trajectory.session == name), None)
    return None if key is None else waiting.pop(key)


def _facts(trajectory: Trajectory) -> str:
    rows = [
        ("agent", trajectory.agent),
        ("model", trajectory.model),
        (
            "format",
            _joined(trajectory.converted_from or trajectory.format, trajectory.format_version),
        ),
        ("file", ", ".join(PurePath(one.path).name for one in trajectory.sources[:5])),
        ("session", trajectory.session),
        ("folder", trajectory.cwd),
        ("time", _joined(trajectory.started, trajectory.ended and f"to {trajectory.ended}")),
        ("steps", _counts(trajectory)),
        ("tokens", tokens(trajectory.totals) or "not recorded"),
        ("outcome", _outcome(trajectory.outcome)),
        ("not understood", _loss(trajectory.loss)),
        ("", None if trajectory.complete else "The trace ends in the middle of a record."),
        (
            "",
            f"The first {trajectory.skipped:,} bytes are left out." if trajectory.skipped else None,
        ),
    ]
    shown = "".join(
        f"<tr><th>{escaped(name)}</th><td>{escaped(value)}</td></tr>"
        for name, value in rows
        if value
    )
    return f"<table>{shown}</table>\n"


def _counts(trajectory: Trajectory) -> str:
    words = f"{len(trajectory.steps):,} steps, {trajectory.tool_calls:,} tool calls, "
    return f"{words}{trajectory.errors:,} errors, {len(trajectory.children):,} subagents"


def _outcome(outcome: Outcome) -> str:
    words: list[str] = [outcome.status]
    if outcome.reward is not None:
        words.append(f"reward {outcome.reward:g}")
    if outcome.tests_total is not None:
        words.append(f"{outcome.tests_passed or 0} of {outcome.tests_total} tests passed")
    if outcome.reason:
        words.append(outcome.reason)
    for score in outcome.scores:
        value = score.text if score.value is None else f"{score.value:g} {score.text}"
        words.append(f"{score.name}: {value.strip()}")
    return ", ".join(words)


def _loss(loss: Loss) -> str:
    words = [f"{entry.count:,} × {entry.kind}" for entry in loss.ignored]
    if loss.unparsed:
        words.append(f"{len(loss.unparsed):,} unreadable")
    fields = ", ".join(f"{entry.kind} ({entry.count:,})" for entry in loss.lost_fields)
    found = f"of {loss.lines:,} records: {', '.join(words) or 'nothing left out'}"
    return f"{found}; fields not shown: {fields}" if fields else found


def _joined(first: str | None, second: str | None) -> str:
    return " ".join(filter(None, (first, second)))


def _places(trajectory: Trajectory, prefix: str) -> str:
    """Return links to prompts, failed calls and skill events; of many only the first."""
    prompts = [(step.index, step.preview) for step in trajectory.steps if step.kind == "user"]
    failed = [
        (step.index, f"{call.name}: {call.argument}")
        for step in trajectory.steps
        for call in step.tool_calls
        if call.status in ("error", "rejected")
    ]
    skills = [
        (event.step, f"{event.skill}: {event.kind}")
        for event in trajectory.skill_events
        if event.kind != "listed"
    ]
    named = (("prompts", prompts), ("failed calls", failed), ("skill events", skills))
    return "".join(_links(name, places, prefix) for name, places in named if places)


def _links(name: str, places: list[tuple[int, str]], prefix: str) -> str:
    items = "".join(
        f'<li><a href="#{prefix}-s{index}">{index}</a> {escaped(words[:200])}</li>'
        for index, words in places[:_LISTED]
    )
    more = f"<li>… and {len(places) - _LISTED:,} more</li>" if len(places) > _LISTED else ""
    return f"<details><summary>{len(places):,} {name}</summary><ul>{items}{more}</ul></details>\n"
