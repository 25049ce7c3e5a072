"""mini-swe-agent trajectories: version 1 (chat with commands in code blocks), 1.1 and 2.

Version 1 is a list of messages, or ``info`` and ``messages``; the command stands in the assistant's
code block and the next message holds ``<returncode>`` and ``<output>``. Later versions say so in
``trajectory_format`` and keep ``extra`` in each message: actions, cost, time, the model's response
and the return code; version 2 calls tools and ends with a message of role ``exit``
(SWE-agent/mini-swe-agent, 2.x, 2026).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from workbench.domain.trajectory import (
    CallStatus,
    Metrics,
    Outcome,
    OutcomeStatus,
    Step,
    StepBody,
    Trajectory,
)
from workbench.traces.chat.messages import message_said, result_observed, role_of
from workbench.traces.chat.usage import usage_metrics
from workbench.traces.draft import StepDraft
from workbench.traces.importer import Format, Probe, Progress
from workbench.traces.json_nodes import Node
from workbench.traces.json_values import (
    compact,
    integer,
    items,
    mapping,
    number,
    one_line,
    string,
    top_members,
)
from workbench.traces.source import SourceBytes
from workbench.traces.talk import Asked, Said, Talk, field_notes, said_body
from workbench.traces.times import iso_time
from workbench.traces.verdicts import joined, verdict, verdict_files

_BLOCK: Final = re.compile(r"```(?:mswea_bash_command|bash|sh)[ \t]*\n(.*?)\n?```", re.DOTALL)
_CODE: Final = re.compile(r"<returncode>\s*(-?\d{1,9})\s*</returncode>")
_MARKS: Final = (b"mswea_bash_command", b"<returncode>", b"MINI_SWE_AGENT", b'"mini_version"')
_DONE: Final = ("COMPLETE_TASK_AND_SUBMIT_FINAL_OUTPUT", "MINI_SWE_AGENT_FINAL_OUTPUT")
_ENDS: Final[dict[str, OutcomeStatus]] = {
    "LimitsExceeded": "fail",
    "FormatError": "fail",
    "RepeatedFormatError": "fail",
    "UserInterruption": "unknown",
    "TimeExceeded": "timeout",
    "ExecutionTimeoutError": "timeout",
}
_INFRASTRUCTURE: Final = ("APIError", "RateLimit", "Authentication", "Connection", "Docker")


class MiniSweAgent(Format):
    """One trajectory for a file."""

    id = "mini-swe-agent"
    by_line = False

    def score(self, probe: Probe) -> float:
        """Look for the format's own mark, or for its commands and return codes in a chat."""
        members = top_members(probe.head)
        if "trajectory_format" in members:
            start, end = members["trajectory_format"]
            return 25.0 if probe.head[start:end].startswith(b'"mini-swe-agent') else 0.0
        listed = probe.head.lstrip()[:1] == b"[" or {"info", "messages"} <= members.keys()
        found = b'"role"' in probe.head and any(mark in probe.head for mark in _MARKS)
        return 15.0 if listed and found else 0.0

    def companions(self, path: Path) -> Sequence[Path]:
        """Return the harness's reports beside the run."""
        return verdict_files(path)

    def skeleton(
        self, sources: Sequence[SourceBytes], progress: Progress | None = None
    ) -> Iterable[Trajectory]:
        """Read the run."""
        del progress
        source = sources[0]
        document = Node.document(source.data)
        listed = document if document.is_list else document.get("messages")
        if listed is None:
            return
        info = mapping(document.value("info")) if document.is_object else {}
        run = _Run(Talk(self.id, string(info.get("instance_id")) or "run"))
        for node in listed.each():
            run.message(node)
        shown = document.get("info") if document.is_object else None
        if shown is not None:
            run.talk.event("info", shown, _said(shown))
        config = mapping(mapping(info.get("config")).get("model"))
        judged = verdict(source.path, sources[1:])
        outcome = _outcome(info or run.exit)
        yield run.talk.made(
            [source.info()],
            run.totals(mapping(info.get("model_stats"))),
            format_version=_version(document, info),
            agent="mini-swe-agent",
            model=run.talk.model or string(config.get("model_name")),
            outcome=joined(judged, outcome) if judged is not None else outcome,
            complete=source.whole and listed.raw()[-1:] == b"]",
        )

    def body(
        self, step: Step, raw: Sequence[bytes], results: Mapping[str, Sequence[bytes]]
    ) -> StepBody:
        """Build the text of a step."""
        return said_body(step, raw, results, _said, result_observed)


class _Run:
    """The messages of a run while they are read."""

    def __init__(self, talk: Talk) -> None:
        self.talk = talk
        self.exit: dict[str, Any] = {}
        self._waiting: StepDraft | None = None
        self._asked = False

    def message(self, node: Node) -> None:
        """Take the next message."""
        if not node.is_object:
            self.talk.unparsed(node)
            return
        role = role_of(node)
        extra = mapping(node.value("extra"))
        time = iso_time(extra.get("timestamp"))
        if role == "assistant":
            self._assistant(node, extra, time)
        elif role == "tool":
            native = node.string("tool_call_id")
            code = _code(node, extra)
            self.talk.answer(native, node, _status(code), exit_code=code)
        elif role == "user" and self._waiting is not None:
            code = _code(node, extra)
            self.talk.answer(None, node, _status(code), exit_code=code)
            self._waiting = None
        elif role == "user" and not self._asked:
            self._asked = True
            self.talk.say("user", node, _said(node), time=time)
        elif role == "user":
            # The program answers by itself here: a format error, a limit.
            step = self.talk.event("environment", node, _said(node), kind="system", time=time)
            step.flag("injected")
            self.talk.draft.messages += 1
        elif role == "system":
            self.talk.say("system", node, _said(node), time=time)
        elif role == "exit":
            self.exit = extra
            self.talk.event("exit", node, _said(node), time=time)
        else:
            self.talk.unknown(f"message/{role or '(no role)'}", node, time=time)

    def _assistant(self, node: Node, extra: Mapping[str, Any], time: str | None) -> None:
        step = self.talk.say("agent", node, _said(node), node.string("id"), time=time)
        response = mapping(extra.get("response"))
        step.model = string(response.get("model"))
        self.talk.model = self.talk.model or step.model
        counted = usage_metrics(mapping(response.get("usage")))
        cost = number(extra.get("cost")) or None
        if counted is not None or cost is not None:
            counted = counted or Metrics()
            step.metrics = Metrics(
                *(counted.input, counted.output, counted.cached, counted.cache_write),
                reasoning=counted.reasoning,
                cost_usd=cost,
            )
        self._waiting = step if step.calls and not node.get("tool_calls") else None
        if step.calls and any(mark in step.calls[-1].argument for mark in _DONE):
            step.flag("submitted")

    def totals(self, stats: Mapping[str, Any]) -> Metrics | None:
        """Return the totals; the cost of the whole run is recorded apart."""
        cost = number(stats.get("instance_cost")) or None
        if cost is None:
            return None
        made = [step.metrics for step in self.talk.draft.steps if step.metrics is not None]
        inputs = [one.input for one in made if one.input is not None]
        outputs = [one.output for one in made if one.output is not None]
        cached = [one.cached for one in made if one.cached is not None]
        return Metrics(
            input=sum(inputs) if inputs else None,
            output=sum(outputs) if outputs else None,
            cached=sum(cached) if cached else None,
            cost_usd=cost,
        )


def _said(node: Node) -> Said:
    """Return what a message says, with the command in its code block as a call."""
    if node.get("role") is None and node.is_object:
        return Said(node.text("submission"), notes=field_notes(node, "exit_status", "model_stats"))
    said = message_said(node)
    if role_of(node) != "assistant" or said.calls:
        return said
    actions = [mapping(one) for one in items(node.value("extra", "actions"))]
    commands = [command for one in actions if (command := string(one.get("command")))]
    commands = commands or _BLOCK.findall(said.text)[:1]
    calls = tuple(Asked(None, "bash", command) for command in commands)
    return Said(said.text, said.reasoning, calls, said.media)


def _code(node: Node, extra: Mapping[str, Any]) -> int | None:
    recorded = integer(extra.get("returncode"))
    if recorded is not None:
        return recorded
    found = _CODE.search(node.text("content")[:2000])
    return int(found.group(1)) if found is not None else None


def _status(code: int | None) -> CallStatus:
    return "error" if code not in (None, 0) else "ok"


def _version(document: Node, info: Mapping[str, Any]) -> str | None:
    recorded = document.string("trajectory_format") if document.is_object else None
    version = string(info.get("mini_version"))
    return (recorded or "").removeprefix("mini-swe-agent-") or version or "1"


def _outcome(info: Mapping[str, Any]) -> Outcome:
    """Return how the run ended. Submitting is no success: only a verifier knows."""
    recorded = compact(info.get("exit_status"))
    status = _ENDS.get(recorded, "unknown")
    if any(word in recorded for word in _INFRASTRUCTURE):
        status = "infra"
    return Outcome(status=status, reason=one_line(recorded))


IMPORTERS = (MiniSweAgent(),)
