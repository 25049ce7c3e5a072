"""One step laid out as blocks: text, reasoning, calls with arguments and results. No Qt."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from workbench.domain.trajectory import ByteSpan, SkillEvent, Step, StepBody, ToolBody, ToolCall
from workbench.gui.traces.viewer.media import PictureRef
from workbench.gui.traces.viewer.renderers import RENDERERS
from workbench.gui.traces.viewer.renderers.content import (
    MOST_CHARACTERS,
    Content,
    Role,
    Shown,
    displayable,
    fitting,
    show,
)
from workbench.gui.traces.words import SKILL_WORDS
from workbench.traces.times import duration_words

Tone = Literal["neutral", "info", "success", "warning", "error"]

#: A block gets at least so much of the room, whatever came before it.
_LEAST = 4_000
_STATUS: dict[str, tuple[str, Tone]] = {
    "ok": ("ok", "success"),
    "error": ("failed", "error"),
    "rejected": ("rejected", "warning"),
    "cancelled": ("cancelled", "warning"),
    "running": ("still running", "info"),
    "missing": ("no result", "warning"),
}
#: Block id, title, text, id of the call it belongs to.
_Part = tuple[str, str, Content, str]
_STARTS_FOLDED = frozenset({"reasoning"})


@dataclass(frozen=True, slots=True)
class View:
    """How a person wants a step shown: renderers chosen and blocks folded, by block id.

    Blocks whose role is ``hidden`` are folded unless they were unfolded by hand.
    """

    chosen: Mapping[str, str] = field(default_factory=dict)
    folded: Mapping[str, bool] = field(default_factory=dict)
    quote: str = ""
    raw: bool = False
    hidden: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Block:
    """A titled text of a step.

    ``call`` groups arguments and result under one heading. ``at`` is where the quote begins in
    the characters shown, -1 where it is not in this block.
    """

    id: str
    title: str
    content: Content
    shown: Shown
    folded: bool
    call: str = ""
    at: int = -1


@dataclass(frozen=True, slots=True)
class CallHead:
    """The heading of a call."""

    id: str
    name: str
    status: str
    tone: Tone
    detail: str
    sub: str | None


@dataclass(frozen=True, slots=True)
class StepPage:
    """All that the detail pane shows of a step. ``quoted`` is None where no quote was asked for."""

    step: Step
    blocks: tuple[Block, ...]
    calls: Mapping[str, CallHead]
    notes: tuple[str, ...]
    events: tuple[SkillEvent, ...]
    quote: str = ""
    quoted: ByteSpan | None = None
    pictures: tuple[PictureRef, ...] = ()

    @property
    def quote_length(self) -> int:
        """Characters of the quote as it is shown."""
        return len(displayable(self.quote))


def page_of(
    step: Step,
    body: StepBody,
    view: View,
    *,
    events: Iterable[SkillEvent] = (),
    records: Iterable[str] = (),
    quoted: ByteSpan | None = None,
    pictures: tuple[PictureRef, ...] = (),
) -> StepPage:
    """Lay a step out.

    Args:
        step: the step's skeleton.
        body: its texts.
        view: what the person chose.
        events: its skill events.
        records: the raw records, shown where the person wants them or the quote is only there.
        quoted: where the quote stands in the file, None where the step does not say it.
        pictures: what its records hold besides texts.
    """
    parts = list(_parts(body))
    raw = [
        (f"record{number}", "Record", Content(text, "record"), "")
        for number, text in enumerate(records)
    ]
    said = any(view.quote and view.quote in shown_text(one[2]) for one in parts)
    if view.raw:
        parts = raw
    elif view.quote and quoted is not None and not said:
        parts += raw
    blocks: list[Block] = []
    room = MOST_CHARACTERS
    pending = view.quote
    for part in parts:
        block = _block(part, view, pending, max(_LEAST, room))
        room -= len(block.shown.markdown or block.shown.text)
        if block.at >= 0:
            pending = ""
        blocks.append(block)
    calls = {call.id: call for call in step.tool_calls}
    heads = {call.id: _head(call, calls.get(call.id)) for call in body.tool_calls if not view.raw}
    return StepPage(
        step,
        tuple(blocks),
        heads,
        body.notes + tuple(f"Not shown here: {one}" for one in _unseen(body.media, pictures)),
        tuple(one for one in events if one.step == step.index),
        view.quote,
        quoted,
        pictures,
    )


def _unseen(media: Sequence[str], pictures: Sequence[PictureRef]) -> list[str]:
    """Return the media of a step itself that none of its pictures shows."""
    seen = sum(1 for one in pictures if not one.call)
    return [one for one in media if not (one.startswith("image") and seen)]


def shown_text(content: Content) -> str:
    """Return all the texts a block can show one after the other, to look a quote up in."""
    found = [content.text]
    for renderer in fitting(content, RENDERERS):
        if renderer.id in ("arguments", "json"):
            found.append(renderer.prettify(content))
    return "\0".join(found)


def _parts(body: StepBody) -> Iterator[_Part]:
    if body.reasoning:
        yield "reasoning", "Reasoning", Content(body.reasoning, "reasoning"), ""
    if body.text:
        yield "text", "", Content(body.text, "text"), ""
    for number, call in enumerate(body.tool_calls):
        roles: tuple[tuple[Role, str, str | None], ...] = (
            ("arguments", "Arguments", call.arguments),
            ("observation", "Result", call.observation),
        )
        for role, title, text in roles:
            if text is not None and (text or role == "observation"):
                yield f"{number}:{role}", title, Content(text, role, call.name), call.id


def _block(part: _Part, view: View, quote: str, most: int) -> Block:
    block_id, title, content, call = part
    asked = quote if quote and quote in shown_text(content) else ""
    shown = show(content, RENDERERS, chosen=view.chosen.get(block_id, ""), quote=asked, most=most)
    at = shown.text.find(displayable(asked)) if asked else -1
    closed = content.role in _STARTS_FOLDED or content.role in view.hidden
    folded = view.folded.get(block_id, closed) and at < 0
    return Block(block_id, title, content, shown, folded, call, at)


def _head(body: ToolBody, call: ToolCall | None) -> CallHead:
    word, tone = _STATUS.get(body.status, (body.status, "neutral"))
    details = []
    if body.exit_code is not None:
        details.append(f"exit {body.exit_code}")
    if call is not None and call.duration_s is not None:
        details.append(duration_words(call.duration_s))
    if body.media:
        details.append(", ".join(body.media))
    sub = call.sub if call is not None else None
    return CallHead(body.id, body.name, word, tone, "  ·  ".join(details), sub)


def event_text(event: SkillEvent) -> str:
    """Return a skill event in words: who started it and how sure that is."""
    by = {"model": "by the model", "slash": "by a slash command", "mention": "by a mention"}
    told = [f"{event.skill} {SKILL_WORDS[event.kind]}", by.get(event.trigger, event.trigger)]
    if event.trigger == "unknown":
        told.pop()
    if event.confidence != "explicit":
        told.append(f"{event.confidence} evidence")
    if event.detail:
        told.append(" ".join(event.detail.split())[:160])
    return "  ·  ".join(told)
