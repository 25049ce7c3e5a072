"""What the payloads of Codex records say: texts, tool arguments, outputs and exit codes.

Shapes as of codex-cli 0.4x to 0.146 (``codex-rs/protocol``), with the drift seen in public logs:
arguments as text, object or null; outputs as text, list or object.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from msgspec import Struct

from workbench.domain.trajectory import CallStatus
from workbench.traces.json_values import compact, decode, integer, items, mapping, number, string

#: What Codex puts into the user's role without the user having typed it.
_INJECTED: Final = re.compile(
    r"\s*(?:<(?:environment_context|user_instructions|skill|permissions|turn_aborted"
    r"|user_shell_command|subagent_notification|collaboration_mode|skills_instructions"
    r"|apps_instructions|plugins_instructions|model_switch|personality_spec|INSTRUCTIONS"
    r"|hook_prompt|recommended_plugins|user_action)\b"
    r"|# AGENTS\.md instructions|Warning: )"
)
_EXIT: Final = re.compile(r"^(?:Exit code: |Process exited with code )(-?\d+)\s*$", re.MULTILINE)
_WALL: Final = re.compile(r"^(?:Wall time|Duration): ([\d.]+) ?s(?:econds)?\s*$", re.MULTILINE)
_RUNNING: Final = re.compile(r"^(?:Process|Script) running with (?:session|cell) ID", re.MULTILINE)
_REFUSED: Final = re.compile(
    r"(?:exec command|patch|apply_patch|tool call) rejected|rejected by user"
)
_ABORTED: Final = re.compile(r"aborted(?: by user)?\b")
_FAILED: Final = re.compile(
    r"(?:failed to parse function arguments|execution error|unsupported (?:custom tool )?call"
    r"|apply_patch verification failed|command timed out|err: )",
    re.IGNORECASE,
)
_OUTPUT_MARK: Final = "Output:\n"


class Output(Struct, frozen=True):
    """What a tool gave back. ``status`` is None when the output does not say."""

    text: str
    status: CallStatus | None = None
    exit_code: int | None = None
    duration_s: float | None = None
    media: tuple[str, ...] = ()


def is_injected(text: str) -> bool:
    """Say whether a message in the user's role was put there by Codex itself."""
    return _INJECTED.match(text) is not None


def content_texts(content: Any) -> list[str]:
    """Return the texts of a message's content: a text, or a list of parts."""
    if isinstance(content, str):
        return [content] if content else []
    texts = []
    for part in items(content):
        text = part if isinstance(part, str) else mapping(part).get("text")
        if isinstance(text, str) and text:
            texts.append(text)
    return texts


def content_media(content: Any) -> tuple[str, ...]:
    """Return a reference for each image or other file among the parts, never its bytes."""
    return tuple(
        media_reference(part)
        for part in map(mapping, items(content))
        if "image" in compact(part.get("type")).lower() or part.get("image_url")
    )


def media_reference(part: Mapping[str, Any]) -> str:
    """Return where a picture is: its address or path, or kind and size of the embedded bytes."""
    url = part.get("image_url")
    address = compact(mapping(url).get("url") if isinstance(url, dict) else url)
    if not address and isinstance(part.get("data"), str):
        mime = compact(part.get("mimeType")) or "image"
        return f"embedded {mime}, {len(part['data'])} characters of base64"
    if address.startswith("data:"):
        mime = address[5:].partition(";")[0].partition(",")[0]
        return f"embedded {mime or 'image'}, {len(address)} characters of base64"
    return address or string(part.get("path")) or "image, not recorded"


def summary_texts(payload: Mapping[str, Any]) -> list[str]:
    """Return the readable parts of a reasoning record; encrypted reasoning has none."""
    texts = content_texts(payload.get("summary")) + content_texts(payload.get("content"))
    return texts + [
        text
        for name in ("summary_text", "raw_content")
        for text in content_texts(payload.get(name))
    ]


def tool_name(payload: Mapping[str, Any]) -> str:
    """Return the name of the tool a call record asks for."""
    name = string(payload.get("name")) or string(mapping(payload.get("function")).get("name"))
    if name:
        return name
    kind = compact(payload.get("type"))
    return kind.removesuffix("_call") or "tool"


def tool_arguments(payload: Mapping[str, Any]) -> Any:
    """Return the arguments as recorded: a text, an object or None."""
    for name in ("arguments", "input", "action"):
        value = payload.get(name)
        if value is not None:
            return value
    return mapping(payload.get("function")).get("arguments")


def arguments_object(arguments: Any) -> dict[str, Any]:
    """Return arguments as an object, also when they are JSON in a text."""
    if isinstance(arguments, str):
        arguments = decode(arguments.encode("utf-8", "surrogatepass"))
    return mapping(arguments)


def seconds(duration: Any) -> float | None:
    """Return a duration in seconds: ``{secs, nanos}``, a number or ``1.5s``."""
    if isinstance(duration, dict):
        whole, nanos = integer(duration.get("secs")), integer(duration.get("nanos"))
        return None if whole is None and nanos is None else (whole or 0) + (nanos or 0) / 1e9
    if isinstance(duration, str):
        found = re.fullmatch(r"([\d.]+)\s*(ms|s)", duration.strip())
        try:
            return (
                float(found.group(1)) / (1000 if found.group(2) == "ms" else 1) if found else None
            )
        except ValueError:
            return None
    return number(duration)


def read_output(output: Any) -> Output:
    """Read the ``output`` of a call's output record, whatever its shape."""
    if isinstance(output, str):
        return _text_output(output)
    if isinstance(output, list):
        texts = content_texts(output)
        inner = _text_output(texts[0]) if len(texts) == 1 else _text_output("\n\n".join(texts))
        return _with_media(inner, content_media(output))
    if isinstance(output, dict):
        return _object_output(output)
    return Output("" if output is None else compact(output))


def _with_media(output: Output, media: tuple[str, ...]) -> Output:
    return Output(output.text, output.status, output.exit_code, output.duration_s, media)


def _text_output(text: str) -> Output:
    if text.lstrip()[:1] == "{":
        value = decode(text.encode("utf-8", "surrogatepass"))
        if isinstance(value, dict) and isinstance(value.get("output"), str):
            return _object_output(value)
    head = text.partition(_OUTPUT_MARK)[0][:2000]
    found = _EXIT.search(head)
    wall = _WALL.search(head)
    exit_code = int(found.group(1)[:9]) if found else None
    return Output(
        text,
        _status(text, head, exit_code),
        exit_code,
        seconds(f"{wall.group(1)}s") if wall else None,
    )


def _status(text: str, head: str, exit_code: int | None) -> CallStatus | None:
    if exit_code is not None:
        return "error" if exit_code else "ok"
    if _RUNNING.search(head):
        return "running"
    if _REFUSED.match(text):
        return "rejected"
    if _ABORTED.match(text):
        return "cancelled"
    return "error" if _FAILED.match(text) else None


def _object_output(value: Mapping[str, Any]) -> Output:
    """Read ``{output, metadata}``, ``{content, success}``, ``{stdout, exitCode}`` or a part."""
    metadata = mapping(value.get("metadata"))
    exit_code = None
    for found in (metadata.get("exit_code"), value.get("exit_code"), value.get("exitCode")):
        exit_code = integer(found) if exit_code is None else exit_code
    duration = number(metadata.get("duration_seconds")) or number(value.get("wall_time_seconds"))
    status: CallStatus | None = None
    failed = value.get("success") is False or value.get("isError") is True or value.get("error")
    if failed or exit_code not in (None, 0):
        status = "error"
    elif exit_code == 0 or value.get("success") is True:
        status = "ok"
    return Output(_object_text(value), status, exit_code, duration, _object_media(value))


def _object_text(value: Mapping[str, Any]) -> str:
    for name in ("output", "text", "content", "error"):
        inner = value.get(name)
        if isinstance(inner, str) and inner:
            return inner
        if isinstance(inner, list):
            return "\n\n".join(content_texts(inner))
    streams = [compact(value.get(name)) for name in ("stdout", "stderr")]
    if any(streams):
        return "\n".join(stream for stream in streams if stream)
    return "" if _is_part(value) or "output" in value else compact(dict(value))


def _object_media(value: Mapping[str, Any]) -> tuple[str, ...]:
    if value.get("image_url"):
        return (media_reference(value),)
    return content_media(value.get("content"))


def _is_part(value: Mapping[str, Any]) -> bool:
    return "text" in value or "image_url" in value


def ended_result(payload: Mapping[str, Any]) -> Output:
    """Read a record that tells the end of a call: command, MCP call, patch, dynamic tool."""
    exit_code = integer(payload.get("exit_code"))
    status: CallStatus | None = None
    recorded = compact(payload.get("status"))
    result = payload.get("result")
    ok = mapping(result).get("Ok", result)
    failed = (
        payload.get("success") is False
        or bool(payload.get("error"))
        or "Err" in mapping(result)
        or mapping(ok).get("isError") is True
        or recorded == "failed"
        or exit_code not in (None, 0)
    )
    if recorded == "declined":
        status = "rejected"
    elif failed:
        status = "error"
    elif exit_code == 0 or payload.get("success") or result is not None or recorded == "completed":
        status = "ok"
    return Output(
        _ended_text(payload, ok),
        status,
        exit_code,
        seconds(payload.get("duration")),
        content_media(mapping(ok).get("content")),
    )


def _ended_text(payload: Mapping[str, Any], ok: Any) -> str:
    for name in ("aggregated_output", "formatted_output"):
        if string(payload.get(name)):
            return compact(payload[name])
    parts: Iterable[Any] = (payload.get("stdout"), payload.get("stderr"))
    texts = [text for text in map(compact, parts) if text]
    if texts:
        return "\n".join(texts)
    if "Err" in mapping(payload.get("result")):
        return compact(payload["result"]["Err"])
    texts = content_texts(mapping(ok).get("content")) or content_texts(payload.get("content_items"))
    return "\n\n".join(texts) or compact(payload.get("error"))
