"""Messages as spans keep them: GenAI parts, chat messages, flattened attributes, LangChain's own.

A message is a group of records: one object, or the attributes ``llm.output_messages.0.message.*``
of OpenInference, which spread one message over many keys.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from typing import Any, Final

from workbench.traces.chat.messages import message_said, role_of
from workbench.traces.contents import content_media, content_text
from workbench.traces.json_nodes import Node
from workbench.traces.json_values import compact, items, mapping, string
from workbench.traces.talk import Asked, Said

Group = tuple[Node, ...]

FLAT: Final = re.compile(r"llm\.(input|output)_messages\.(\d{1,6})\.message\.(.+)")
_FLAT_CALL: Final = re.compile(
    r"tool_calls\.(\d{1,6})\.tool_call\.(id|function\.name|function\.arguments)"
)
_EVENT: Final = re.compile(r"gen_ai\.(system|user|assistant|tool)\.message|gen_ai\.(choice)")
_LANGCHAIN: Final = {
    "HumanMessage": "user",
    "AIMessage": "assistant",
    "AIMessageChunk": "assistant",
    "SystemMessage": "system",
    "ToolMessage": "tool",
    "FunctionMessage": "tool",
    "ChatMessage": "user",
}
_WRAPPERS: Final = ("message", "kwargs", "data")


def attribute_value(node: Node) -> Node | None:
    """Return the value node of an OTLP attribute, ``{"key": …, "value": {"stringValue": …}}``."""
    value = node.get("value")
    if value is None or not value.is_object:
        return value
    return next(iter(value.members().values()), None)


def plain(node: Node | None) -> Any:
    """Return an OTLP ``AnyValue`` as a plain value; integers written as text are numbers."""
    if node is None or not node.is_object:
        return node.value() if node is not None else None
    for kind, value in node.members().items():
        if kind in ("intValue", "int_value"):
            text = value.text()
            return int(text) if re.fullmatch(r"-?\d{1,19}", text) else None
        if kind in ("arrayValue", "array_value"):
            listed = value.get("values")
            return [plain(one) for one in listed.each()] if listed is not None else []
        if kind in ("kvlistValue", "kvlist_value"):
            listed = value.get("values")
            pairs = listed.items() if listed is not None else []
            return {one.text("key"): plain(one.get("value")) for one in pairs}
        return value.value()
    return None


def read_group(group: Sequence[Node]) -> tuple[str, Said, list[tuple[str | None, Node]]]:
    """Return role, words and results of a message."""
    first = group[0]
    if first.is_object and "key" in first.members() and "value" in first.members():
        return _flat(group)
    node = _unwrapped(first)
    if node.is_list:
        # System instructions are the parts alone.
        return "system", _genai(node, node)[1], []
    if not node.is_object:
        return "", Said(node.text()), []
    if "attributes" in node.members() and "name" in node.members():
        return _event_message(node)
    if any(kind in node.members() for kind in ("kvlistValue", "arrayValue")):
        return _structured(plain(node))
    parts = node.get("parts")
    if parts is not None:
        return _genai(node, parts)
    role = _role(first) or role_of(node) or _typed(node)
    results = [(node.string("tool_call_id"), node)] if role == "tool" else []
    return role, message_said(node), results


def key_of(role: str, said: Said) -> str:
    """Return what tells a message from others of the same conversation."""
    calls = " ".join(f"{call.id or call.name}" for call in said.calls)
    return f"{role}\n{calls}\n{said.text if not calls else ''}"


def system_message(node: Node | None) -> list[Group]:
    """Return the system instructions as one message."""
    return [] if node is None else [(node.opened(),)]


def listed_messages(node: Node | None) -> list[Group]:
    """Return the messages a value holds: JSON in a text, a list, an object with ``messages``."""
    if node is None:
        return []
    value = node.opened()
    if value.is_list:
        found: list[Group] = []
        for one in value.each():
            # LangChain gives a list of lists, one for each prompt of a batch.
            found += [(inner,) for inner in one.each()] if one.is_list else [(one,)]
        return found
    if value.is_object:
        for name in ("messages", "choices", "generations", "input", "output", "prompt"):
            listed = value.get(name)
            if listed is not None and listed is not node:
                system = value.get("system") if name == "messages" else None
                start: list[Group] = [(system,)] if system is not None else []
                return start + listed_messages(listed)
        return [(value,)]
    return [(value,)] if value.text() else []


def _unwrapped(node: Node) -> Node:
    """Return the message itself, out of a choice, a generation or LangChain's serialisation."""
    for _ in range(4):
        found = (node.get(key) for key in _WRAPPERS)
        inner = next((one for one in found if one is not None), None)
        if inner is None or not inner.is_object:
            return node
        node = inner
    return node


def _role(node: Node) -> str:
    """Return the role LangChain's class name tells."""
    named = node.get("message") or node
    names = items(named.value("id")) if named.is_object else []
    return _LANGCHAIN.get(str(names[-1]), "") if names else ""


def _typed(node: Node) -> str:
    kinds = {"human": "user", "ai": "assistant", "system": "system", "tool": "tool"}
    return kinds.get(node.string("type") or "", "")


def _genai(node: Node, parts: Node) -> tuple[str, Said, list[tuple[str | None, Node]]]:
    """Read a message of the GenAI conventions: role and typed parts."""
    texts: list[str] = []
    reasoning: list[str] = []
    media: list[str] = []
    calls: list[Asked] = []
    results: list[tuple[str | None, Node]] = []
    for part in parts.each():
        kind = part.string("type") or ""
        if kind == "tool_call":
            arguments = part.text("arguments")
            calls.append(Asked(part.string("id"), part.string("name") or "tool", arguments))
        elif kind in ("tool_call_response", "tool_result"):
            answer = part.get("response") or part.get("result") or part.get("content") or part
            results.append((part.string("id"), answer))
        elif kind in ("reasoning", "thinking"):
            reasoning.append(part.text("content") or part.text("text"))
        else:
            value = part.value()
            told = mapping(value).get("content", value)
            texts.append(content_text(told) or content_text(value))
            media += content_media([value])
    said = Said(_joined(texts), _joined(reasoning), tuple(calls), tuple(media))
    return role_of(node) or ("tool" if results else ""), said, results


def _structured(value: Any) -> tuple[str, Said, list[tuple[str | None, Node]]]:
    """Read a message kept as an OTLP structure instead of JSON text."""
    message = mapping(value)
    calls: list[Asked] = []
    texts: list[str] = []
    for part in map(mapping, items(message.get("parts")) or [message]):
        if part.get("type") == "tool_call":
            arguments = part.get("arguments")
            told = arguments if isinstance(arguments, str) else json.dumps(arguments)
            name = string(part.get("name")) or "tool"
            calls.append(Asked(string(part.get("id")), name, told))
        else:
            texts.append(content_text(part.get("content")))
    return string(message.get("role")) or "", Said(_joined(texts), calls=tuple(calls)), []


def _event_message(node: Node) -> tuple[str, Said, list[tuple[str | None, Node]]]:
    """Read a message kept as a span event (GenAI conventions before 1.37)."""
    named = _EVENT.fullmatch(node.string("name") or "")
    role = (named.group(1) or "assistant") if named is not None else ""
    listed = node.get("attributes")
    pairs = listed.items() if listed is not None else []
    told = {one.text("key"): one for one in pairs}
    for key in ("message", "gen_ai.event.content", "body"):
        one = attribute_value(told[key]) if key in told else None
        if one is not None and one.inside() is not None:
            inner = read_group((one.opened(),))
            return role or inner[0], inner[1], inner[2]
    content = attribute_value(told["content"]) if "content" in told else None
    calls: list[Asked] = []
    if "tool_calls" in told and (value := attribute_value(told["tool_calls"])) is not None:
        wrapped = value.opened()
        calls = [
            Asked(one.string("id"), one.text("function", "name"), one.text("function", "arguments"))
            for one in wrapped.each()
        ]
    text = content.text() if content is not None else ""
    results: list[tuple[str | None, Node]] = []
    if role == "tool" and content is not None:
        results = [(compact(plain(told["id"].get("value"))) if "id" in told else None, content)]
    return role, Said(text, calls=tuple(calls)), results


def _flat(group: Iterable[Node]) -> tuple[str, Said, list[tuple[str | None, Node]]]:
    """Read a message spread over attributes."""
    role, native = "", None
    texts: list[str] = []
    parts: list[str] = []
    media: list[str] = []
    content: Node | None = None
    calls: dict[int, dict[str, str]] = {}
    for node in group:
        named = FLAT.fullmatch(node.string("key") or "")
        value = attribute_value(node)
        if named is None or value is None:
            continue
        rest = named.group(3)
        call = _FLAT_CALL.fullmatch(rest)
        if call is not None:
            calls.setdefault(int(call.group(1)), {})[call.group(2)] = value.text()
        elif rest == "role":
            role = value.text()
        elif rest == "content":
            content = value
            texts.append(value.text())
        elif rest.endswith("message_content.text"):
            parts.append(value.text())
        elif rest.endswith(("image.url", "image.image.url")):
            media.append(f"image: {value.text()[:200]}")
        elif rest == "tool_call_id":
            native = value.text()
    asked = tuple(
        Asked(one.get("id"), one.get("function.name") or "tool", one.get("function.arguments", ""))
        for _, one in sorted(calls.items())
    )
    results = [(native, content)] if role == "tool" and content is not None else []
    return role, Said(_joined(texts) or _joined(parts), calls=asked, media=tuple(media)), results


def _joined(texts: Iterable[str]) -> str:
    return "\n\n".join(text for text in texts if text)
