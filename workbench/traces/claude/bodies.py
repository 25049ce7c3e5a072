"""The full text of a step, from its records."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec
from msgspec import Raw

from workbench.domain.trajectory import Step, StepBody, ToolBody, ToolCall
from workbench.traces.claude.lines import (
    Block,
    Line,
    blocks_of,
    decode_envelope,
    decode_line,
    is_string,
    raw_text,
)
from workbench.traces.escapes import text_of

_members: Final = msgspec.json.Decoder(dict[str, Raw])


def body_of(step: Step, raw: Sequence[bytes], results: Mapping[str, Sequence[bytes]]) -> StepBody:
    """Build the body of a step; a record that cannot be decoded is given as it is written."""
    texts: list[str] = []
    thoughts: list[str] = []
    media: list[str] = []
    arguments: dict[str, str] = {}
    lone = step.kind == "event" and not step.tool_calls
    for record in raw:
        line = decode_line(record)
        if line is None or not _message_text(line, texts, thoughts, media, arguments):
            texts.append(_other_text(line, record))
        elif lone:
            texts += _lone_results(line, media)
    calls = [_tool_body(call, arguments, results.get(call.id, ())) for call in step.tool_calls]
    return StepBody(
        index=step.index,
        text="\n\n".join(text for text in texts if text),
        reasoning="\n\n".join(thought for thought in thoughts if thought),
        tool_calls=tuple(calls),
        media=tuple(media),
    )


def _message_text(
    line: Line,
    texts: list[str],
    thoughts: list[str],
    media: list[str],
    arguments: dict[str, str],
) -> bool:
    """Take apart a user or assistant record; False when it is none."""
    if line.type not in ("user", "assistant") or line.message is None:
        return False
    content = line.message.content
    if content is None:
        return False
    if isinstance(content, str):
        texts.append(content)
        return True
    for block in content:
        if block.type == "text":
            texts.append(raw_text(block.text))
        elif block.type in ("thinking", "redacted_thinking"):
            thoughts.append(raw_text(block.thinking) or "[redacted]")
        elif block.type in {"tool_use", "server_tool_use"}:
            number = len(arguments)
            arguments[block.id or f"#{number}"] = _as_written(block.input)
        elif block.type.endswith("tool_result"):
            continue
        else:
            media.append(_medium(block))
    return True


def _lone_results(line: Line, media: list[str]) -> list[str]:
    """Return the results in a message whose calls are in no record: the step shows them itself."""
    content = line.message.content if line.message is not None else None
    if not isinstance(content, list):
        return []
    return [_content_text(b.content, media) for b in content if b.type.endswith("tool_result")]


def _other_text(line: Line | None, record: bytes) -> str:
    """Return what a record of another kind says, or its JSON where it says nothing in words."""
    said: list[str] = []
    rest = decode_envelope(record)
    if line is not None and rest.attachment is not None:
        attachment = rest.attachment
        said = [_content_text(attachment.prompt, []), _content_text(attachment.content, [])]
    elif line is not None and line.type in ("system", "result"):
        said = [raw_text(rest.content), raw_text(rest.result)]
    text = "\n\n".join(part for part in said if part)
    return text or text_of(record)


def _tool_body(call: ToolCall, arguments: Mapping[str, str], records: Sequence[bytes]) -> ToolBody:
    native = _native(call.id, arguments)
    media: list[str] = []
    texts = [_observation(record, native, media) for record in records]
    return ToolBody(
        id=call.id,
        name=call.name,
        arguments=arguments.get(native, ""),
        status=call.status,
        exit_code=call.exit_code,
        observation="\n".join(texts) if texts else None,
        media=tuple(media),
    )


def _native(call_id: str, arguments: Mapping[str, str]) -> str:
    """Return the id as recorded: a repeated one has got a number, an absent one was made up."""
    if call_id in arguments:
        return call_id
    recorded = call_id.rpartition("#")[0]
    if recorded in arguments:
        return recorded
    number = call_id.rpartition(":")[2]
    return f"#{number}"


def _observation(record: bytes, native: str, media: list[str]) -> str:
    line = decode_line(record)
    if line is None or line.message is None or not isinstance(line.message.content, list):
        return text_of(record)
    results = [block for block in line.message.content if block.type.endswith("tool_result")]
    named = [block for block in results if block.tool_use_id == native] or results[:1]
    text = "\n".join(_content_text(block.content, media) for block in named)
    if text or not isinstance(line.tool_use_result, str):
        return text
    return line.tool_use_result


def _content_text(raw: Raw, media: list[str]) -> str:
    """Return the text of a content value: a string, blocks, or other JSON as it is written."""
    if is_string(raw) or bytes(memoryview(raw)[:1]) != b"[":
        return raw_text(raw)
    parts: list[str] = []
    for block in blocks_of(raw):
        if block.type == "text":
            parts.append(raw_text(block.text))
        elif block.type == "tool_reference":
            continue
        else:
            media.append(_medium(block))
    return "\n".join(parts)


def _medium(block: Block) -> str:
    """Name a picture or document without its bytes: base64 never enters text."""
    try:
        source = _members.decode(block.source)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return block.type or "block"
    kind = raw_text(source.get("media_type", Raw())) or block.type
    size = len(memoryview(source["data"])) - 2 if "data" in source else 0
    return f"{kind}, {size} characters of base64" if size > 0 else kind


def _as_written(raw: Raw) -> str:
    return text_of(bytes(raw))
