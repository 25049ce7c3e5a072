"""One step as a part of a page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from workbench.domain.trajectory import Metrics, SkillEvent, Step, StepBody, ToolBody, ToolCall
from workbench.traces.html.escaping import escaped
from workbench.traces.html.text_blocks import (
    arguments_block,
    markdown_block,
    plain_block,
    result_block,
)
from workbench.traces.prices import dollar_words

#: Results of more characters or lines begin folded.
_FOLDED_FROM: Final = 2000
_FOLDED_LINES: Final = 30
_FAILED: Final = ("error", "rejected")


def step_start(
    step: Step,
    body: StepBody,
    events: Sequence[SkillEvent],
    name: str,
    most: int,
    *,
    link: str = "",
) -> str:
    """Return a step up to its calls: who, when, reasoning, text, what happened to skills.

    Args:
        step: its skeleton.
        body: its texts.
        events: what happened to skills in it.
        name: its anchor, unique in the page.
        most: so many characters of each text are shown.
        link: opens the step in this program, "" for none.
    """
    failed = any(call.status in _FAILED for call in step.tool_calls)
    parts = [
        f'<article class="step {step.kind}{" failed" if failed else ""}" id="{name}">',
        f'<header><a href="#{name}">{step.index}</a> {_headline(step)}{_open(link)}</header>',
    ]
    parts += [_event(event) for event in events]
    if body.reasoning:
        parts.append(
            f"<details><summary>reasoning, {_size(body.reasoning)}</summary>"
            f"{plain_block(body.reasoning, most)}</details>"
        )
    if body.text:
        parts.append(_text(step, body.text, most))
    parts += [f'<p class="muted">{escaped(note)}</p>' for note in body.notes]
    parts += [f'<p class="muted">{escaped(medium)}</p>' for medium in body.media]
    return "\n".join(parts) + "\n"


def call_part(call: ToolCall, body: ToolBody | None, most: int) -> str:
    """Return a call with its arguments and its result, still open: its subagent may follow."""
    failed = ' class="bad"' if call.status in _FAILED else ""
    facts = [f"<span{failed}>{escaped(call.status)}</span>"]
    if call.exit_code is not None:
        facts.append(f"exit {call.exit_code}")
    if call.duration_s is not None:
        facts.append(f"{call.duration_s:.1f} s")
    head = f"<b>{escaped(call.name)}</b> {escaped(call.argument)} <small>{', '.join(facts)}</small>"
    parts = [f'<section class="call {call.status}"><div>{head}</div>']
    if body is not None and body.arguments:
        shown = arguments_block(body.arguments, most)
        parts.append(_folding("arguments", body.arguments, shown))
    if body is None or body.observation is None:
        parts.append('<p class="muted">no result recorded</p>')
    elif body.observation:
        parts.append(_folding("result", body.observation, result_block(body.observation, most)))
    if body is not None:
        parts += [f'<p class="muted">{escaped(medium)}</p>' for medium in body.media]
    return "\n".join(parts) + "\n"


def tokens(metrics: Metrics) -> str:
    """Return the tokens and the cost that are recorded, in words."""
    named = (
        ("in", metrics.input),
        ("cached", metrics.cached),
        ("written to the cache", metrics.cache_write),
        ("out", metrics.output),
        ("reasoning", metrics.reasoning),
    )
    words = [f"{count:,} {name}" for name, count in named if count is not None]
    if metrics.cost_usd is not None:
        words.append(dollar_words(metrics.cost_usd))
    return ", ".join(words)


def _open(link: str) -> str:
    return f' <a href="{escaped(link)}" title="Open in Skill Workbench">open</a>' if link else ""


def _headline(step: Step) -> str:
    facts = [step.time or "", step.model or "", *step.flags]
    if step.metrics is not None:
        facts.append(tokens(step.metrics))
    label = f" · {escaped(step.label)}" if step.label else ""
    return f"<b>{step.kind}</b>{label} <small>{escaped(' · '.join(filter(None, facts)))}</small>"


def _event(event: SkillEvent) -> str:
    detail = f", {event.detail}" if event.detail else ""
    words = f"skill {event.skill}: {event.kind} ({event.trigger}, {event.confidence}{detail})"
    return f'<span class="chip">{escaped(words)}</span>'


def _text(step: Step, text: str, most: int) -> str:
    if step.kind in ("user", "agent"):
        shown = markdown_block(text, most)
    else:
        shown = plain_block(text, most)
    if step.kind in ("system", "context", "event"):
        return _folding("text", text, shown)
    return shown


def _folding(name: str, text: str, shown: str) -> str:
    """Return a block that begins folded when it is long, with how long it is."""
    is_long = len(text) > _FOLDED_FROM or text.count("\n") > _FOLDED_LINES
    opened = "" if is_long else " open"
    return f"<details{opened}><summary>{name}, {_size(text)}</summary>{shown}</details>"


def _size(text: str) -> str:
    lines = text.count("\n") + 1
    return f"{len(text):,} characters" + (f" in {lines:,} lines" if lines > 1 else "")
