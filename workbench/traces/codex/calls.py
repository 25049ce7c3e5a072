"""The tool calls of a Codex session: asked for, answered, and told about by end events."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from workbench.domain.trajectory import ByteSpan
from workbench.traces.call_arguments import inner_command, main_argument, patched_files
from workbench.traces.codex.text import (
    Output,
    arguments_object,
    ended_result,
    read_output,
    tool_arguments,
    tool_name,
)
from workbench.traces.draft import CallDraft, StepDraft, TrajectoryDraft
from workbench.traces.json_values import compact, items, mapping, number, one_line, string
from workbench.traces.skill_watch import SkillWatch

_END_NAMES: Final = {
    "exec_command_end": "exec_command",
    "CommandExecution": "exec_command",
    "patch_apply_end": "apply_patch",
    "FileChange": "apply_patch",
    "web_search_end": "web_search",
    "WebSearch": "web_search",
    "Extension": "web_search",
    "view_image_tool_call": "view_image",
    "ImageView": "view_image",
    "image_generation_end": "image_generation",
    "ImageGeneration": "image_generation",
    "collab_agent_spawn_end": "spawn_agent",
    "CollabAgentToolCall": "spawn_agent",
}


class Calls:
    """All calls of one session. Ids can repeat: an answer goes to the first open call of its id."""

    def __init__(self, draft: TrajectoryDraft, watch: SkillWatch) -> None:
        self.cwd = ""
        self._draft = draft
        self._watch = watch
        self._by_id: dict[str, list[CallDraft]] = {}
        self._answers: dict[str, int] = {}

    def asked(self, step: StepDraft, payload: Mapping[str, Any], span: ByteSpan) -> CallDraft:
        """Take a record that asks for a tool (or an end event whose call was not kept)."""
        native = string(payload.get("call_id")) or string(payload.get("id"))
        name, arguments = _named(payload)
        call = self._draft.call(step, native, name, argument=_argument(payload, arguments))
        self._by_id.setdefault(call.native, []).append(call)
        step.preview = step.preview or one_line(f"{name}: {call.argument}")
        if payload.get("type") in ("web_search_call", "image_generation_call"):
            call.status = "ok"  # done by the server; there is no output record
        self._notice(step, call, arguments, payload, span)
        return call

    def answered(self, payload: Mapping[str, Any], span: ByteSpan, kind: str) -> str:
        """Take an output record; return ``attached``, ``duplicate`` or ``orphan``."""
        native = string(payload.get("call_id")) or ""
        calls = self._by_id.get(native, []) if native else self._nameless(payload)
        if not calls:
            return "orphan"
        open_calls = [call for call in calls if self._answers.get(call.id, 0) == 0]
        if not open_calls:
            return "duplicate"
        call = open_calls[0]
        self._answers[call.id] = 1
        call.result.append(span)
        output = payload.get("output")
        if output is None:
            output = payload.get("result", payload.get("tools"))
        settle(call, read_output(output), default_ok=kind != "local_shell_call_output")
        if call.status == "error" and self._watch.awaits(call):
            self._watch.failed(call, one_line(compact(output)))
        return "attached"

    def ended(self, payload: Mapping[str, Any], span: ByteSpan) -> bool:
        """Take an end event: exit code and duration go to its call. False: no such call."""
        native = string(payload.get("call_id")) or string(payload.get("callId"))
        calls = self._by_id.get(native or "", [])
        if not calls:
            return False
        call = calls[-1]
        if span not in call.result:
            call.result.append(span)
        settle(call, ended_result(payload), default_ok=True)
        call.sub = string(payload.get("new_thread_id")) or call.sub
        changes = payload.get("changes")
        if isinstance(changes, dict):
            call.files = tuple(dict.fromkeys((*call.files, *map(str, changes))))
        started, ended = number(payload.get("started_at_ms")), number(payload.get("ended_at_ms"))
        if call.duration_s is None and started and ended and ended >= started:
            call.duration_s = (ended - started) / 1000
        return True

    def cancel_open(self) -> None:
        """Say of every call without a result that its turn was aborted."""
        for calls in self._by_id.values():
            for call in calls:
                if call.status in ("missing", "running"):
                    call.status = "cancelled"

    def _nameless(self, payload: Mapping[str, Any]) -> list[CallDraft]:
        """Return the open calls an output without id can belong to: those of its name."""
        name = tool_name(payload)
        calls = [call for group in self._by_id.values() for call in group]
        return [c for c in calls if c.name == name and not self._answers.get(c.id)]

    def _notice(
        self,
        step: StepDraft,
        call: CallDraft,
        arguments: Any,
        payload: Mapping[str, Any],
        span: ByteSpan,
    ) -> None:
        """See whether the call uses a skill, and which files it changes."""
        fields = arguments_object(arguments)
        command = fields.get("command", fields.get("cmd", payload.get("command")))
        text = inner_command(command)
        folder = string(fields.get("workdir")) or string(payload.get("cwd")) or self.cwd
        if isinstance(command, list) and command[:1] == ["apply_patch"]:
            text, patch = "", compact(command[-1])
        elif call.name == "apply_patch":
            text, patch = "", _patch(arguments, fields)
        else:
            patch = text if "*** Begin Patch" in text else ""
        if patch:
            call.files = patched_files(patch)
            self._watch.edited(step, call, call.files, span)
        elif text:
            self._watch.command(step, call, text, span, folder)
        uri = string(fields.get("uri"))
        if uri and uri.startswith("skill://"):
            self._watch.named(step, call, uri.removeprefix("skill://").split("/")[0], span)


def settle(call: CallDraft, output: Output, *, default_ok: bool) -> None:
    """Write what a result says about its call; an earlier, clearer word is kept."""
    if output.exit_code is not None:
        call.exit_code = output.exit_code
    if output.duration_s is not None:
        call.duration_s = output.duration_s
    if output.status is not None and call.status not in ("error", "rejected"):
        call.status = output.status
    elif call.status in ("missing", "running") and default_ok:
        call.status = "ok"


def _named(payload: Mapping[str, Any]) -> tuple[str, Any]:
    invocation = mapping(payload.get("invocation")) or payload
    kind = compact(payload.get("type"))
    if kind in ("mcp_tool_call_end", "McpToolCall", "DynamicToolCall") or (
        kind == "dynamic_tool_call_response"
    ):
        server = string(invocation.get("server")) or string(invocation.get("namespace"))
        tool = string(invocation.get("tool")) or "tool"
        return (f"{server}.{tool}" if server else tool), invocation.get("arguments")
    if kind in _END_NAMES:
        return _END_NAMES[kind], None
    name = tool_name(payload)
    namespace = string(payload.get("namespace"))
    return (f"{namespace}.{name}" if namespace else name), tool_arguments(payload)


def _argument(payload: Mapping[str, Any], arguments: Any) -> str:
    if arguments is not None:
        files = patched_files(_patch(arguments, arguments_object(arguments)))
        return one_line(", ".join(files)) if files else main_argument(arguments)
    if payload.get("command"):
        return one_line(inner_command(payload["command"]))
    if isinstance(payload.get("changes"), dict):
        return one_line(", ".join(payload["changes"]))
    for name in ("query", "path", "prompt", "revised_prompt", "summary"):
        if string(payload.get(name)):
            return one_line(compact(payload[name]))
    queries = items(mapping(payload.get("action")).get("queries"))
    return one_line(", ".join(compact(query) for query in queries))


def _patch(arguments: Any, fields: Mapping[str, Any]) -> str:
    for name in ("patch", "input"):
        if isinstance(fields.get(name), str):
            return compact(fields[name])
    return arguments if isinstance(arguments, str) and "*** Begin Patch" in arguments else ""
