"""OpenHands before 1.0: a list of events, or lines of an evaluation's ``output.jsonl``.

Events are actions of user and agent and observations of the environment, paired by ``cause``; old
histories are pairs of both without ids. The usage of a model call is in ``tool_call_metadata``,
repeated in the observation; the metrics of a line add up the whole run (OpenHands 0.9 to 0.60).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from workbench.domain.trajectory import (
    CallStatus,
    Metrics,
    Outcome,
    Score,
    Step,
    StepBody,
    Trajectory,
)
from workbench.traces.chat.usage import usage_metrics
from workbench.traces.draft import CallDraft, StepDraft
from workbench.traces.importer import Format, Probe, Progress
from workbench.traces.json_nodes import Node
from workbench.traces.json_values import (
    integer,
    items,
    line_records,
    mapping,
    number,
    one_line,
    string,
    top_members,
)
from workbench.traces.lines import skip_space, value_end
from workbench.traces.source import Buffer, SourceBytes
from workbench.traces.talk import Asked, Observed, Said, Talk, field_notes, said_body
from workbench.traces.verdicts import score_of, status_of

#: Actions that are no call of a tool.
_SPOKEN: Final = frozenset({"message", "system", "change_agent_state", "null", "recall"})
_STATES: Final = frozenset({"agent_state_changed", "null"})
_HIDDEN: Final = frozenset(
    {
        *("thought", "is_confirmed", "confirmation_state", "security_risk", "hidden", "blocking"),
        *(
            "keep_prompt",
            "action_risk",
            "kernel_init_code",
            "translated_ipython_code",
            "impl_source",
        ),
    }
)
_MARKS: Final = frozenset({"action", "observation"})
#: What exports of single sessions wrap the list in, with little else.
_WRAPPERS: Final = ("entries", "history", "events", "items", "trajectory")
_FEW: Final = 3
_FRAME: Final = frozenset({"id", "timestamp", "source", "args", "extras", "content", "cause"})


class OpenHands(Format):
    """One trajectory for a list, or for each line of an evaluation."""

    id = "openhands"
    by_line = False

    def score(self, probe: Probe) -> float:
        """Look for events that are actions or observations."""
        head = probe.head.lstrip()
        if head[:1] == b"[":
            return 20.0 if any(_is_event(item) for item in _first_items(head, 0)) else 0.0
        members = top_members(probe.head)
        for start, end in (members[name] for name in _WRAPPERS if name in members):
            first = _first_items(probe.head[:end], start)
            if len(members) <= _FEW and any(_is_sourced(item) for item in first):
                return 20.0
        return float(sum(_is_output(line) for line in probe.lines))

    def skeleton(
        self, sources: Sequence[SourceBytes], progress: Progress | None = None
    ) -> Iterable[Trajectory]:
        """Read the events, or the runs of an evaluation one by one."""
        source = sources[0]
        document = Node.document(source.data)
        few = len(document.members()) <= _FEW and document.get("instance_id") is None
        wrapped = (document.get(name) for name in _WRAPPERS if few)
        listed = document if document.is_list else next((w for w in wrapped if w is not None), None)
        if listed is not None and listed.is_list and document.get("metrics") is None:
            run = _Run(self.id, "session")
            run.events(listed)
            yield run.made(source, whole=listed.data[listed.end - 1 : listed.end] == b"]")
            return
        for number_, node in enumerate(_lines(source.data), 1):
            yield _output_line(self.id, number_, node, source)
            if progress:
                progress(node.end / len(source.data))

    def body(
        self, step: Step, raw: Sequence[bytes], results: Mapping[str, Sequence[bytes]]
    ) -> StepBody:
        """Build the text of a step."""
        return said_body(step, raw, results, _said, _observed)


def _first_items(head: bytes, start: int) -> Iterator[bytes]:
    """Yield the first items of a list, pairs taken apart, a cut last one as far as it goes."""
    at = skip_space(head, start + 1)
    for _ in range(8):
        if head[at : at + 1] == b"[":
            at = skip_space(head, at + 1)
        if head[at : at + 1] != b"{":
            return
        end = value_end(head, at) or len(head)
        yield head[at:end]
        at = skip_space(head, end)
        at = skip_space(head, at + 1)


def _is_event(item: bytes) -> bool:
    members = top_members(item)
    found = members.keys() & _MARKS
    if not found or "state" in members or "response" in members:
        return False
    named = any(item[members[key][0]] in b'"n' for key in found)
    return named and bool(members.keys() & _FRAME)


def _is_sourced(item: bytes) -> bool:
    """Whether an item is an event that says whose it is; other formats' lists hold actions too."""
    keys = top_members(item).keys()
    return _is_event(item) and "source" in keys and not keys & {"role", "event", "agent"}


def _is_output(line: bytes) -> bool:
    members = top_members(line)
    if "history" not in members or not members.keys() & {"instance_id", "instruction", "metrics"}:
        return False
    start, end = members["history"]
    if line[start : start + 1] != b"[":
        return False
    first = next(_first_items(line[:end], start), b"")
    return not first or _is_event(first)


def _lines(data: Buffer) -> Iterator[Node]:
    start = skip_space(data, 3 if data[:3] == b"\xef\xbb\xbf" else 0)
    end = value_end(data, start)
    if end is not None and not data[end:].strip():
        yield Node.document(data)
        return
    for first, last in line_records(data):
        yield Node(data, first, last)


def _output_line(format_id: str, number_: int, node: Node, source: SourceBytes) -> Trajectory:
    issue = mapping(node.value("issue")) if node.is_object else {}
    name = node.string("instance_id") if node.is_object else None
    if name is None and integer(issue.get("number")) is not None:
        name = f"issue-{issue['number']}"
    run = _Run(format_id, f"{name or 'run'}#{number_}" if number_ > 1 else name or "run")
    history = node.get("history") if node.is_object else None
    if history is None:
        run.talk.unparsed(node)
    else:
        run.talk.attached()
        run.events(history)
    values = {key: one.raw() not in (b"null", b"{}", b"[]") for key, one in node.members().items()}
    run.talk.lost(values, "instance", "test_result", "metadata", "git_patch", "issue")
    whole = node.raw()[-1:] == b"}"
    return run.made(source, node if node.is_object else None, whole=whole, title=name or "")


def _judged(line: Node) -> tuple[float | None, tuple[Score, ...]]:
    """Return the verdict of an evaluation's line, and all numbers its test gave.

    SWE-bench: ``test_result.report.resolved``; other benchmarks ``test_result`` itself, the
    resolver ``success``.
    """
    result = line.value("test_result")
    report = mapping(mapping(result).get("report")) or mapping(line.value("report"))
    places = [report, mapping(result), {"success": line.value("success")}]
    if not isinstance(result, dict):
        places.insert(0, {"result": result})
    scores = tuple(
        score_of(key, value)
        for place in places
        for key, value in place.items()
        if isinstance(value, bool) or number(value) is not None
    )
    for name in ("resolved", "success", "result", "passed", "correct", "reward", "score"):
        found = next((one.value for one in scores if one.name == name), None)
        if found is not None and 0 <= found <= 1:
            return found, scores if len(scores) > 1 else ()
    return None, scores


class _Run:
    """The events of one run while they are read."""

    def __init__(self, format_id: str, name: str) -> None:
        self.talk = Talk(format_id, name)
        self.version: str | None = None
        self._by_id: dict[int, CallDraft] = {}
        self._recalls: dict[int, StepDraft] = {}
        self._responses: dict[str, StepDraft] = {}
        self._last: CallDraft | None = None
        self._finish = ""
        self._error = ""

    def events(self, listed: Node) -> None:
        """Take all events of a list, pairs of action and observation too."""
        for node in listed.each():
            for event in node.each() if node.is_list else (node,):
                self._event(event)

    def made(
        self, source: SourceBytes, line: Node | None = None, *, whole: bool, title: str = ""
    ) -> Trajectory:
        """Return the finished trajectory; ``line`` is the record of an evaluation."""
        metrics = mapping(line.value("metrics")) if line is not None else {}
        llm = mapping(line.value("metadata", "llm_config")) if line is not None else {}
        return self.talk.made(
            [source.info()],
            _line_totals(metrics),
            format_version=self.version,
            agent="OpenHands",
            model=string(llm.get("model")) or self.talk.model,
            title=title,
            outcome=self._outcome(line),
            complete=source.whole and whole,
        )

    def _outcome(self, line: Node | None) -> Outcome:
        error = line.string("error") if line is not None else None
        judged, scores = _judged(line) if line is not None else (None, ())
        if judged is not None:
            told = one_line(error or "")
            return Outcome(status_of(judged), judged, reason=told, scores=scores)
        reason = error or self._error or self._finish
        stuck = any(word in reason for word in ("MaxIterations", "maximum iteration", "Stuck"))
        status: Any = "fail" if stuck else "infra" if error else "unknown"
        return Outcome(status=status, reason=one_line(reason))

    def _event(self, node: Node) -> None:
        if not node.is_object:
            self.talk.unparsed(node)
            return
        action, observation = node.string("action"), node.string("observation")
        number_ = integer(node.value("id"))
        fields = {
            "uid": None if number_ is None else f"event-{number_}",
            "time": node.string("timestamp"),
        }
        if observation is not None:
            self._observation(node, observation, fields)
        elif action is not None:
            self._action(node, action, number_, fields)
        else:
            self.talk.unknown("event/(no kind)", node, fields["uid"], time=fields["time"])

    def _action(self, node: Node, action: str, number_: int | None, fields: dict[str, Any]) -> None:
        said = _said(node)
        source = node.string("source") or ("agent" if action not in ("message",) else None)
        if action == "system":
            self.version = node.string("args", "openhands_version") or self.version
            self.talk.lost(mapping(node.value("args")), "tools")
            self.talk.say("system", node, said, **fields)
        elif action == "message" and source in (None, "user"):
            # Old histories name no source: the first message is the task, later ones the agent's.
            asked = source == "user" or not self.talk.draft.steps
            self.talk.say("user" if asked else "agent", node, said, **fields)
        elif action == "recall":
            step = self.talk.event("recall", node, said, kind="context", **fields)
            if number_ is not None:
                self._recalls[number_] = step
        elif action in _SPOKEN and action != "message":
            self.talk.event(action, node, said, **fields)
        elif action == "condensation":
            self.talk.event(action, node, said, kind="context", **fields)
        else:
            self._agent(node, action, number_, said, fields)

    def _agent(
        self, node: Node, action: str, number_: int | None, said: Said, fields: dict[str, Any]
    ) -> None:
        response = mapping(node.value("tool_call_metadata", "model_response"))
        known = self._responses.get(string(response.get("id")) or "")
        if known is not None:
            step = known
            self.talk.more(step, node, said)
        else:
            step = self.talk.say("agent", node, said, **fields)
            step.model = string(response.get("model"))
            step.metrics = usage_metrics(mapping(response.get("usage")))
            self.talk.model = self.talk.model or step.model
            if string(response.get("id")):
                self._responses[str(response["id"])] = step
        if node.string("source") == "user":
            step.flag("user_action")
        if action == "finish":
            self._finish = "finished"
            for call in step.calls[-1:]:
                call.status = "ok"
        elif said.calls:
            self._last = step.calls[-1]
            if number_ is not None:
                self._by_id[number_] = step.calls[-1]

    def _observation(self, node: Node, kind: str, fields: dict[str, Any]) -> None:
        extras = mapping(node.value("extras"))
        cause = integer(node.value("cause"))
        if cause is not None and cause in self._recalls:
            self._recall(node, self._recalls[cause], extras)
            return
        if kind in _STATES and (cause is None or cause not in self._by_id):
            self.talk.event(
                kind, node, Said(notes=field_notes(node, "content", "extras")), **fields
            )
            return
        call = self._by_id.get(cause) if cause is not None else self._last
        if call is None or (cause is None and call.result):
            failed = kind == "error"
            if failed:
                self._error = node.text("content")
                self.talk.draft.errors += 1
                self.talk.event("error", node, Said(self._error), **fields)
            else:
                uid = fields["uid"]
                self.talk.unknown(f"observation/{kind}", node, uid, time=fields["time"])
            return
        self.talk.attached()
        self.talk.draft.messages += 1
        code = _exit_code(node, extras)
        self.talk.settle(call, node, _status(node, kind, code), exit_code=code)

    def _recall(self, node: Node, step: StepDraft, extras: Mapping[str, Any]) -> None:
        """Join what was recalled to its question: knowledge that keywords triggered is a skill."""
        self.talk.attached()
        self.talk.draft.messages += 1
        step.raw.append(node.span())
        for known in map(mapping, items(extras.get("microagent_knowledge"))):
            name = string(known.get("name"))
            if name:
                self.talk.watch.triggered(step, name, node.span())


def _exit_code(node: Node, extras: Mapping[str, Any]) -> int | None:
    metadata = mapping(extras.get("metadata"))
    for value in (metadata.get("exit_code"), extras.get("exit_code"), node.value("exit_code")):
        code = integer(value)
        if code is not None:
            return None if code == -1 else code  # -1: the command still runs
    return None


def _status(node: Node, kind: str, code: int | None) -> CallStatus:
    if kind == "error" or code not in (None, 0):
        return "error"
    if kind == "user_rejected":
        return "rejected"
    if node.value("success") is False and code is None:
        return "error"
    return "error" if node.text("content").startswith("ERROR:\n") else "ok"


def _said(node: Node) -> Said:
    """Return what an action says, or what an observation without a call says."""
    if node.string("observation") is not None:
        # The question of a recall and its answer are one step.
        seen = _observed(node)
        return Said(seen.text, media=seen.media)
    arguments = node.get("args") or node
    action = node.string("action") or ""
    if action in _SPOKEN:
        text = arguments.text("content") or arguments.text("query") or node.text("message")
        pictures = mapping(arguments.value()).get("image_urls")
        return Said(text, media=tuple(one_line(str(url), 120) for url in items(pictures)))
    thought = arguments.text("thought")
    if action == "think":
        return Said(reasoning=thought, calls=(_asked(node, action, arguments),))
    final = arguments.text("final_thought") if action == "finish" else ""
    return Said(thought or final, calls=(_asked(node, action, arguments),))


def _asked(node: Node, action: str, arguments: Node) -> Asked:
    """Return the call as the model made it, or as the agent translated it."""
    metadata = node.get("tool_call_metadata")
    name = (metadata.string("function_name") if metadata is not None else None) or action
    native = metadata.string("tool_call_id") if metadata is not None else None
    calls = (
        metadata.get("model_response", "choices", 0, "message", "tool_calls") if metadata else None
    )
    for call in calls.each() if calls is not None else ():
        if call.string("id") == native:
            return Asked(native, name, call.text("function", "arguments"))
    told = {
        key: one
        for key, one in arguments.members().items()
        if key not in _HIDDEN | _FRAME | {"action", "timeout", "message", "tool_call_metadata"}
    }
    if len(told) == 1 and next(iter(told.values())).is_string:
        return Asked(native, name, next(iter(told.values())).text())
    command = told.get("command") or told.get("code")
    if command is not None and action in ("run", "run_ipython"):
        return Asked(native, name, command.text())
    return Asked(native, name, arguments.text() if arguments is not node else "")


def _observed(node: Node) -> Observed:
    return Observed(node.text("content") or node.text("message"))


def _line_totals(metrics: Mapping[str, Any]) -> Metrics | None:
    """Return what a line says of the whole run: tokens of all calls, cost."""
    used = mapping(metrics.get("accumulated_token_usage"))
    made = Metrics(
        input=integer(used.get("prompt_tokens")) or None,
        output=integer(used.get("completion_tokens")) or None,
        cached=integer(used.get("cache_read_tokens")) if used else None,
        cache_write=integer(used.get("cache_write_tokens")) if used else None,
        cost_usd=number(metrics.get("accumulated_cost")) or None,
    )
    return made if made.input or made.output or made.cost_usd else None


IMPORTERS = (OpenHands(),)
