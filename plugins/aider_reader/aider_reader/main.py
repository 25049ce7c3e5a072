"""Chats of aider, one file a repository with all its sessions.

aider appends Markdown: ``# aider chat started at <local time>`` begins a session, ``#### `` is what
the user said, ``> `` what the program said, anything else is the model's answer (aider 0.86,
``aider/io.py`` and ``aider/utils.py`` ``split_chat_history_markdown``, read November 2026). Edits
stand in the answer as SEARCH/REPLACE blocks; the program says afterwards whether it applied them.
Call ids, the ends of answers and the time of a step are not recorded.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from aider_reader.blocks import Edit, edits_in, spent
from workbench.plugin.api import (
    ByteSpan,
    Context,
    Metrics,
    Request,
    TraceCall,
    TraceHeader,
    TraceStep,
)

_START = b"# aider chat started at "
_USER = b"#### "
_SAID = b"> "


@dataclass
class _Part:
    """Lines of one speaker: user, agent or event."""

    kind: str
    start: int
    end: int
    lines: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        return "\n".join(self.lines).strip("\n")


def read(request: Request, context: Context) -> Iterator[TraceHeader | TraceStep]:
    """Give each session of the file as a trace."""
    assert request.source is not None
    data = Path(request.source).read_bytes()
    starts = [at for at, line in _lines(data, 0, len(data)) if line.startswith(_START)]
    if starts and data[: starts[0]].strip():
        starts.insert(0, 0)  # the rest of a session whose beginning was cut off
    for number, start in enumerate(starts):
        context.check_cancelled()
        context.progress(number / len(starts))
        end = starts[number + 1] if number + 1 < len(starts) else len(data)
        parts = [part for part in _parts(data, start, end) if part.text.strip()]
        if parts:
            yield from _session(data, start, parts, number)


def _session(
    data: bytes, start: int, parts: list[_Part], number: int
) -> Iterator[TraceHeader | TraceStep]:
    line = next(_lines(data, start, len(data)))[1]
    begun = ""
    if line.startswith(_START):
        begun = line[len(_START) :].decode("utf-8", "replace").strip()
    said = "\n".join(part.text for part in parts if part.kind == "event")
    asked = next((part.text for part in parts if part.kind == "user"), "")
    yield TraceHeader(
        id=f"{begun or 'session'} {number + 1}",
        format="aider",
        agent="aider",
        model=_model(said),
        task=None,
        title=" ".join(asked.split())[:200],
        outcome="unknown",
        reward=None,
        steps=len(parts),
        format_version=(_named(said, "Aider v") or None),
        started=begun.replace(" ", "T", 1) or None,
    )
    turn = 0
    for index, part in enumerate(parts):
        turn += part.kind == "user"
        after = _until_next_user(parts, index)
        yield TraceStep(
            index=index,
            uid=f"{number + 1}-{index + 1}",
            kind=part.kind,
            text=part.text,
            turn=turn,
            calls=tuple(_calls(part, after, f"{number + 1}-{index + 1}")),
            label="aider" if part.kind == "event" else "",
            metrics=_metrics(parts, index),
            raw=(ByteSpan(0, part.start, part.end - part.start),),
        )


def _parts(data: bytes, start: int, end: int) -> Iterator[_Part]:
    """Yield runs of lines of one speaker; a blank line belongs to who spoke before it."""
    part: _Part | None = None
    for at, raw in _lines(data, start, end):
        if raw.startswith(_START):
            continue
        line = raw.decode("utf-8", "replace").rstrip("\r\n")
        kind = "agent"
        if raw.startswith(_USER) or raw.rstrip() == _USER.rstrip():
            kind, line = "user", line[len(_USER) :].rstrip()
        elif raw.startswith(_SAID) or raw.rstrip() == _SAID.rstrip():
            kind, line = "event", line[len(_SAID) :].rstrip()
        if part is not None and (kind == part.kind or not raw.strip()):
            part.lines.append(line)
            part.end = at + len(raw)
            continue
        if part is not None:
            yield part
            part = None
        if raw.strip():
            part = _Part(kind, at, at + len(raw), [line])
    if part is not None:
        yield part


def _lines(data: bytes, start: int, end: int) -> Iterator[tuple[int, bytes]]:
    while start < end:
        at = data.find(b"\n", start, end)
        after = end if at < 0 else at + 1
        yield start, data[start:after]
        start = after


def _until_next_user(parts: list[_Part], index: int) -> str:
    """Return what the program said after an answer, until the user spoke again."""
    said = []
    for part in parts[index + 1 :]:
        if part.kind == "user":
            break
        if part.kind == "event":
            said.append(part.text)
    return "\n".join(said)


def _calls(part: _Part, after: str, uid: str) -> Iterator[TraceCall]:
    edits: list[Edit] = list(edits_in(part.text)) if part.kind == "agent" else []
    for number, edit in enumerate(edits):
        applied = f"Applied edit to {edit.path}" in after
        failed = not applied and "SEARCH/REPLACE block" in after and "fail" in after
        yield TraceCall(
            id=f"{uid}-{number + 1}",
            name="edit",
            argument=edit.path,
            arguments=edit.arguments(),
            status="ok" if applied else "error" if failed else "missing",
            exit_code=None,
            observation=f"Applied edit to {edit.path}" if applied else after if failed else None,
            files=(edit.path,),
        )


def _metrics(parts: list[_Part], index: int) -> Metrics | None:
    """Return what a model call spent: the program says it right after the answer."""
    following = parts[index + 1] if index + 1 < len(parts) else None
    if parts[index].kind != "agent" or following is None or following.kind != "event":
        return None
    return spent(following.text)


def _model(said: str) -> str | None:
    """Return the main model; what aider calls it depends on how many there are."""
    names = (_named(said, name) for name in ("Main model: ", "Models: ", "Model: "))
    return next((name for name in names if name), None)


def _named(said: str, name: str) -> str | None:
    """Return the word after a name, as in ``Model: gpt-4o with diff edit format``."""
    for line in said.splitlines():
        if line.startswith(name):
            words = line[len(name) :].split()
            return words[0].rstrip(",") if words else None
    return None
