"""The full text of a step of a Codex rollout, read from its records."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from workbench.domain.trajectory import Step, StepBody, ToolBody, ToolCall
from workbench.traces.codex.text import (
    content_media,
    content_texts,
    ended_result,
    read_output,
    summary_texts,
)
from workbench.traces.escapes import text_of
from workbench.traces.json_values import compact, decode_object, items, member_text, string

_OUTPUT_KEYS: Final = ("output", "result", "tools")
_ARGUMENT_KEYS: Final = (
    ("arguments",),
    ("input",),
    ("action",),
    ("function", "arguments"),
    ("invocation", "arguments"),
    ("command",),
    ("changes",),
    ("query",),
    ("path",),
    ("prompt",),
)


def rollout_body(
    step: Step, raw: Sequence[bytes], results: Mapping[str, Sequence[bytes]]
) -> StepBody:
    """Build the text of a step."""
    if step.kind == "event":
        return StepBody(step.index, text_of(raw[0]) if raw else "", "")
    texts: list[str] = []
    reasoning: list[str] = []
    media: list[str] = []
    notes: list[str] = []
    calls: list[ToolBody] = []
    for record in raw:
        payload = payload_of(record)
        kind = compact(payload.get("type"))
        if kind == "token_count":
            continue
        if kind in ("reasoning", "agent_reasoning", "agent_reasoning_raw_content", "Reasoning"):
            reasoning += summary_texts(payload) + content_texts(payload.get("text"))
            if payload.get("encrypted_content") and not summary_texts(payload):
                notes.append("The reasoning is encrypted.")
        elif step.kind == "agent" and not _is_message(payload, kind):
            if len(calls) < len(step.tool_calls):
                call = step.tool_calls[len(calls)]
                calls.append(_tool_body(call, record, results.get(call.id, ())))
        else:
            texts += message_texts(payload)
            media += content_media(payload.get("content"))
            notes += _compaction_notes(payload)
    return StepBody(
        index=step.index,
        text="\n\n".join(texts),
        reasoning="\n\n".join(reasoning),
        tool_calls=tuple(calls),
        media=tuple(media),
        notes=tuple(dict.fromkeys(notes)),
    )


def payload_of(record: bytes) -> dict[str, Any]:
    """Return what a line carries: its payload, the item in it, or the line itself."""
    value = decode_object(record) or {}
    payload = value.get("payload")
    found = payload if isinstance(payload, dict) else value
    if found.get("type") == "item_completed" and isinstance(found.get("item"), dict):
        return dict(found["item"])
    return found


def message_texts(payload: Mapping[str, Any]) -> list[str]:
    """Return the texts of a message record of any shape."""
    for name in ("content", "message", "text", "base_instructions", "instructions"):
        value = payload.get(name)
        if isinstance(value, dict):
            value = value.get("text")
        texts = content_texts(value)
        if texts:
            return texts
    return []


def _is_message(payload: Mapping[str, Any], kind: str) -> bool:
    return kind in ("message", "agent_message", "AgentMessage", "user_message") or (
        not kind and bool(payload.get("role"))
    )


def _compaction_notes(payload: Mapping[str, Any]) -> list[str]:
    history = items(payload.get("replacement_history"))
    return [f"The context was replaced by {len(history)} items."] if history else []


def _tool_body(call: ToolCall, record: bytes, results: Sequence[bytes]) -> ToolBody:
    observation: str | None = None
    media: tuple[str, ...] = ()
    for result in sorted(results, key=_is_end):
        text, found = _observation(result)
        media += found
        if observation is None or (not observation and text):
            observation = text
    return ToolBody(
        id=call.id,
        name=call.name,
        arguments=_arguments(record),
        status=call.status,
        exit_code=call.exit_code,
        observation=observation,
        media=tuple(dict.fromkeys(media)),
    )


def _arguments(record: bytes) -> str:
    """Return the arguments as they are written, so that a part of them can be found again."""
    for prefix in (("payload",), ("payload", "item"), ()):
        for keys in _ARGUMENT_KEYS:
            text = member_text(record, *prefix, *keys)
            if text is not None:
                return text
    return ""


def _is_end(record: bytes) -> bool:
    """Sort output records before end events: they are what the model saw."""
    return not any(name in payload_of(record) for name in ("output", "tools")) and bool(
        string(payload_of(record).get("type"))
    )


def _observation(record: bytes) -> tuple[str | None, tuple[str, ...]]:
    payload = payload_of(record)
    kind = compact(payload.get("type"))
    if kind.endswith(("_output", "_result")):
        for name in _OUTPUT_KEYS:
            if payload.get(name) is not None:
                output = read_output(payload[name])
                if name == "tools" or not output.text:
                    return _as_written(record, name, output.text), output.media
                return output.text, output.media
        return "", ()
    ended = ended_result(payload)
    return ended.text or None, ended.media


def _as_written(record: bytes, name: str, text: str) -> str:
    if text or name == "tools":
        found = member_text(record, "payload", name)
        return found if found is not None else text
    return text
