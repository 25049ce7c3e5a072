"""One message of a chat, whichever API wrote it: what it says, and what it does to a trajectory.

OpenAI: ``tool_calls`` of an assistant, answered by messages of role ``tool``. Anthropic: blocks
``tool_use`` in the assistant's content, ``tool_result`` in the user's. Vendors add
``reasoning_content``; ShareGPT data has ``from`` and ``value``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from workbench.domain.trajectory import CallStatus, Metrics
from workbench.traces.chat.usage import usage_metrics
from workbench.traces.contents import content_media, content_text
from workbench.traces.draft import StepDraft
from workbench.traces.json_nodes import Node
from workbench.traces.json_values import items, mapping, string
from workbench.traces.talk import Asked, Observed, Said, Talk, observed
from workbench.traces.times import iso_time

CALL_BLOCKS: Final = frozenset({"tool_use", "tool_call", "server_tool_use", "mcp_tool_use"})
RESULT_BLOCKS: Final = frozenset(
    {
        *("tool_result", "tool-result", "web_search_tool_result", "mcp_tool_result"),
        *("code_execution_tool_result", "bash_code_execution_tool_result"),
    }
)
_THINKING: Final = frozenset({"thinking", "redacted_thinking", "reasoning"})
_CALLED_OR_THOUGHT: Final = CALL_BLOCKS | _THINKING
_CONTENT: Final = ("content", "value", "text")
_CALLS: Final = frozenset({"tool_calls", "function_call"})
_NOT_TEXT: Final = CALL_BLOCKS | RESULT_BLOCKS | _THINKING
_ROLES: Final = {
    "human": "user",
    "gpt": "assistant",
    "ai": "assistant",
    "model": "assistant",
    "bot": "assistant",
    "observation": "tool",
    "function": "tool",
    "tool_response": "tool",
    "developer": "system",
}
_REASONING: Final = ("reasoning_content", "reasoning", "thinking")


def role_of(node: Node) -> str:
    """Return the role of a message: system, user, assistant or tool where the name is known."""
    role = node.string("role") or node.string("from") or ""
    return _ROLES.get(role, role)


def content_of(node: Node) -> Node | None:
    """Return the content of a message."""
    for key in _CONTENT:
        found = node.get(key)
        if found is not None:
            return found
    return None


def blocks_of(content: Node | None) -> list[Node]:
    """Return the blocks of a content; one block may stand without a list."""
    if content is None:
        return []
    return [content] if content.is_object else content.items()


def message_said(node: Node) -> Said:
    """Return what a message says; results in it belong to their calls and are left out."""
    told = mapping(node.value())
    value: Any = next((one for k in _CONTENT if (one := told.get(k)) is not None), None)
    parts: Any = value
    reasoning = [one for key in _REASONING if (one := string(told.get(key)))]
    calls = _plain_calls(told) if told.keys() & _CALLS else []
    if calls is None:
        calls = list(_tool_calls(node))
    if isinstance(value, list | dict):
        listed = value if isinstance(value, list) else [value]
        kinds = [string(mapping(part).get("type")) for part in listed]
        parts = [part for part, kind in zip(listed, kinds, strict=True) if kind not in _NOT_TEXT]
        if any(kind in _CALLED_OR_THOUGHT for kind in kinds):
            _read_blocks(node, calls, reasoning)
    refusal = told.get("refusal")
    refused = node.text("refusal") if refusal is not None else ""
    text = "\n\n".join(part for part in (content_text(parts), refused) if part)
    said = "\n\n".join(dict.fromkeys(filter(None, reasoning)))
    return Said(text, said, tuple(calls), content_media(parts))


def _read_blocks(node: Node, calls: list[Asked], reasoning: list[str]) -> None:
    """Take the calls and thoughts among the blocks of a content."""
    for block in blocks_of(content_of(node)):
        kind = block.string("type")
        if kind in CALL_BLOCKS:
            arguments = block.text("input") or block.text("arguments")
            calls.append(Asked(block.string("id"), block.string("name") or "tool", arguments))
        elif kind in _THINKING:
            texts = (block.text(key) for key in ("thinking", "reasoning", "text", "summary"))
            reasoning.append(next(filter(None, texts), ""))


def take_message(talk: Talk, node: Node, **fields: Any) -> StepDraft | None:
    """Take the next message of a conversation.

    Returns:
        The step it became; None when it is a result, or no message.
    """
    role = role_of(node)
    fields.setdefault(
        "time", iso_time(node.value("timestamp")) or iso_time(node.value("created_at"))
    )
    fields["uid"] = fields.get("uid") or node.string("id")
    talk.cwd = talk.cwd or node.string("cwd") or ""
    if role == "assistant":
        step = talk.say("agent", node, message_said(node), **fields)
        step.model = step.model or node.string("model")
        step.metrics = message_metrics(node)
        talk.model = talk.model or step.model
        answer_blocks(talk, node)
        return step
    if role == "tool":
        status: CallStatus = "error" if _failed(node) else "ok"
        native = node.string("tool_call_id") or node.string("tool_use_id")
        talk.answer(native, node, status, name=node.string("name") or "")
        return None
    if role == "user":
        said = message_said(node)
        if answer_blocks(talk, node) and not said.text and not said.media:
            talk.attached()
            talk.draft.messages += 1
            return None
        return talk.say("user", node, said, **fields)
    if role == "system":
        return talk.say("system", node, message_said(node), **fields)
    talk.unknown(f"message/{role or '(no role)'}", node, fields["uid"], time=fields["time"])
    return None


def answer_blocks(talk: Talk, node: Node) -> int:
    """Give the results in a message to their calls; return how many blocks are results."""
    found = 0
    content = content_of(node)
    for block in blocks_of(content):
        if block.string("type") not in RESULT_BLOCKS:
            continue
        found += 1
        native = block.string("tool_use_id") or block.string("tool_call_id")
        name = block.string("name") or ""
        call = talk.open_call(native, name) or (talk.open_call(None, name) if native else None)
        if call is None or (call.result and native != call.native):
            talk.unknown("result without a call", block)
        else:
            talk.settle(call, block, "error" if block.value("is_error") is True else "ok")
    return found


def message_metrics(node: Node) -> Metrics | None:
    """Return the tokens a message or a response records."""
    return usage_metrics(mapping(node.value("usage")))


def result_observed(node: Node) -> Observed:
    """Read the result of a call: a message of role tool, or a block."""
    content = content_of(node) if node.is_object else node
    return Observed() if content is None else observed(content)


def _plain_calls(told: Mapping[str, Any]) -> list[Asked] | None:
    """Return the calls when all are as the API writes them, None when a closer look is needed.

    Arguments that are no text are told as they are written, which only the bytes know.
    """
    found: list[Asked] = []
    if told.get("function_call") is not None:
        return None
    listed = items(told.get("tool_calls"))
    if not listed:
        return None
    for call in map(mapping, listed):
        function = mapping(call.get("function"))
        name, arguments = function.get("name"), function.get("arguments")
        if not isinstance(name, str) or not name or not isinstance(arguments, str):
            return None
        found.append(Asked(string(call.get("id")) or string(call.get("call_id")), name, arguments))
    return found


def _tool_calls(node: Node) -> Iterator[Asked]:
    calls = node.get("tool_calls")
    for call in calls.opened().each() if calls is not None else ():
        function = call.get("function") or call
        named = function if function.is_object else call
        name = named.string("name") or call.string("function") or named.string("tool") or "tool"
        arguments = named.text("arguments") or named.text("args") or call.text("arguments")
        yield Asked(call.string("id") or call.string("call_id"), name, arguments)
    older = node.get("function_call")
    if older is not None and older.is_object:
        yield Asked(None, older.string("name") or "tool", older.text("arguments"))


def _failed(node: Node) -> bool:
    return bool(node.value("is_error") is True or node.get("error") is not None) or (
        string(node.value("status")) == "error"
    )
