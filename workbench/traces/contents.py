"""The content of a message as the model APIs write it: texts, media and nested results.

Serves the parts of OpenAI chat and Responses, Anthropic messages, Google's ``parts`` and those
derived from them. Media become a short reference; their base64 never becomes text.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from workbench.traces.json_values import compact, items, mapping, string

#: Keys that hold the text of a part, in the order of preference.
_TEXT_KEYS: Final = ("text", "input_text", "output_text", "refusal", "transcript")
_MEDIA_KEYS: Final = (
    *("image_url", "inlineData", "inline_data", "fileData", "file_data", "input_audio", "file"),
    *("source", "image", "audio", "data", "url", "blob", "uri", "path", "media_type"),
)
#: Parts within parts; deeper nesting is an attack or an accident.
_MAX_DEPTH: Final = 16
_NO_TEXT: Final = frozenset(
    {"tool_use", "tool_call", "toolCall", "thinking", "redacted_thinking", "reasoning"}
)


def content_text(content: Any) -> str:
    """Return the text of a content: of a text, a part, or a list of parts, a blank line between."""
    return "\n\n".join(text for text in _texts(content) if text)


def content_media(content: Any) -> tuple[str, ...]:
    """Return a reference for each part that is a picture, a sound or a file."""
    return tuple(_media(content))


def _texts(content: Any, depth: int = 0) -> Iterator[str]:
    if depth > _MAX_DEPTH:
        return
    if isinstance(content, str):
        yield content
    elif isinstance(content, list):
        for part in content:
            yield from _texts(part, depth + 1)
    elif isinstance(content, dict):
        if string(content.get("type")) in _NO_TEXT or content.get("thought") is True:
            return
        for key in _TEXT_KEYS:
            if isinstance(content.get(key), str):
                yield content[key]
                return
        inner = content.get("content", content.get("parts"))
        if isinstance(inner, str | list):
            yield from _texts(inner, depth + 1)


def _media(content: Any, depth: int = 0) -> Iterator[str]:
    if depth > _MAX_DEPTH:
        return
    for part in items(content) if isinstance(content, list) else [content]:
        if not isinstance(part, dict) or string(part.get("type")) in _NO_TEXT:
            continue
        if any(isinstance(part.get(key), str) for key in _TEXT_KEYS):
            continue
        if isinstance(part.get("content"), list):
            yield from _media(part["content"], depth + 1)
            continue
        found = next((key for key in _MEDIA_KEYS if part.get(key)), None)
        if found is not None:
            yield _reference(part, found)


def _reference(part: dict[str, Any], key: str) -> str:
    """Name kind and place of a medium, or how much of it is kept inline."""
    value = part[key]
    inner = mapping(value)
    kind = (
        string(inner.get("mimeType"))
        or string(inner.get("mime_type"))
        or string(inner.get("media_type"))
        or string(part.get("mimeType"))
        or string(part.get("media_type"))
        or string(part.get("type"))
        or key
    )
    place = inner.get("url") or inner.get("fileUri") or inner.get("file_uri") or inner.get("path")
    place = place or inner.get("file_id") or inner.get("filename") or (value if not inner else "")
    text = compact(place)
    if text and not text.startswith("data:") and len(text) <= 300 and key != "data":
        return f"{kind}: {text}"
    return f"{kind}: {len(compact(value))} characters kept in the trace"
