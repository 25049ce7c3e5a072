"""Google ADK: sessions (``events``), evaluation sets (``eval_cases``) and their results.

Keys are snake case, or camel case when dumped by alias. Times are seconds. Each event has an author
and parts; a function call is answered in a later event. There is no error flag: a response with an
``error`` is one (google/adk-python 1.x, 2026-10).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from workbench.domain.trajectory import (
    Metrics,
    Outcome,
    OutcomeStatus,
    Score,
    Step,
    StepBody,
    StepKind,
    Trajectory,
)
from workbench.traces.contents import content_media, content_text
from workbench.traces.draft import reported
from workbench.traces.importer import Format, Probe, Progress
from workbench.traces.json_nodes import Node
from workbench.traces.json_values import integer, items, mapping, number, string, top_members
from workbench.traces.lines import skip_space, value_end
from workbench.traces.source import SourceBytes
from workbench.traces.talk import Asked, Observed, Said, Talk, field_notes, observed, said_body
from workbench.traces.times import iso_time
from workbench.traces.verdicts import score_of

_SESSION: Final = frozenset({"app_name", "appName", "user_id", "userId", "state", "context",
                             "last_update_time", "lastUpdateTime"})  # fmt: skip
_CASES: Final = ("eval_cases", "evalCases")
_RESULTS: Final = ("eval_case_results", "evalCaseResults")
#: ``EvalStatus`` of ADK: passed, failed, not evaluated.
_EVALUATED: Final[dict[int, OutcomeStatus]] = {1: "pass", 2: "fail"}
_CALL: Final = ("function_call", "functionCall")
_RESPONSE: Final = ("function_response", "functionResponse")
#: What a part of a content can hold (google-genai 1.52, ``types.Part``, both spellings).
_PART_KEYS: Final = frozenset(
    {
        *(*_CALL, *_RESPONSE, "text", "thought", "thought_signature", "thoughtSignature"),
        *("inline_data", "inlineData", "file_data", "fileData", "executable_code"),
        *("executableCode", "code_execution_result", "codeExecutionResult"),
        *("video_metadata", "videoMetadata", "media_resolution", "mediaResolution"),
    }
)


class Adk(Format):
    """One trajectory for a session, or for each case of an evaluation set."""

    id = "adk"
    by_line = False

    def score(self, probe: Probe) -> float:
        """Look for a session with its events, or evaluation cases."""
        head = probe.head.lstrip()
        if head[:1] == b"[":
            start = skip_space(head, 1)
            keys = top_members(head[start : value_end(head, start) or len(head)]).keys()
            return 15.0 if {"query", "reference"} <= keys and "expected_tool_use" in keys else 0.0
        members = top_members(probe.head)
        if any(name in members for name in (*_CASES, *_RESULTS)):
            return 20.0
        if head[:1] == b'"':
            return 20.0 if any(name.encode() in head[:2000] for name in _RESULTS) else 0.0
        if "events" not in members or not members.keys() & _SESSION:
            return 0.0
        start, end = members["events"]
        listed = probe.head[start:end]
        return 20.0 if b'"author"' in listed or not listed.strip(b"[] \r\n\t") else 0.0

    def skeleton(
        self, sources: Sequence[SourceBytes], progress: Progress | None = None
    ) -> Iterable[Trajectory]:
        """Read the session or the cases."""
        source = sources[0]
        document = Node.document(source.data).opened()  # results are written as JSON in a text
        results = next((document.get(name) for name in _RESULTS if document.get(name)), None)
        if results is not None:
            for at, case in enumerate(results.each()):
                yield _result(self.id, case, at, document, source)
            return
        cases = next((document.get(name) for name in _CASES if document.get(name)), None)
        listed = document if document.is_list else cases
        if listed is None:
            if document.is_object:
                yield _session(self.id, document, source)
            return
        found = listed.items()
        if document.is_list:
            yield _older_cases(self.id, found, source)
            return
        for at, case in enumerate(found):
            yield _case(self.id, case, at, document, source)
            if progress:
                progress((at + 1) / len(found))

    def body(
        self, step: Step, raw: Sequence[bytes], results: Mapping[str, Sequence[bytes]]
    ) -> StepBody:
        """Build the text of a step."""
        return said_body(step, raw, results, _said, _observed)


def _session(format_id: str, document: Node, source: SourceBytes) -> Trajectory:
    session = document.string("id")
    talk = Talk(format_id, session or "session")
    talk.attached()
    events = document.get("events")
    agents: dict[str, None] = {}
    for node in events.each() if events is not None else ():
        _event(talk, node)
        author = node.string("author")
        if author and author != "user":
            agents[author] = None
    talk.lost(_told(document), "state", "context", "artifacts")
    return talk.made(
        [source.info()],
        agent=_first(document, "app_name", "appName") or next(iter(agents), None),
        session=session,
        ended=iso_time(_value(document, "last_update_time", "lastUpdateTime")),
        complete=source.whole and document.raw()[-1:] == b"}",
    )


def _told(document: Node) -> dict[str, bool]:
    """Return which members hold something, without decoding the whole session."""
    empty = (b"null", b"{}", b"[]", b'""')
    return {
        key: one.end - one.start > 4 or one.raw() not in empty
        for key, one in document.members().items()
    }


def _event(talk: Talk, node: Node) -> None:
    """Take one event: what somebody said, called or got back."""
    if not node.is_object:
        talk.unparsed(node)
        return
    value = mapping(node.value())
    author = string(value.get("author")) or ""
    responses = list(_parts(node, _RESPONSE))
    for response in responses:
        _answer(talk, response)
    said = _said(node)
    time = iso_time(value.get("timestamp"))
    uid = string(value.get("id"))
    error = _first(node, "error_code", "errorCode")
    role = node.string("content", "role")
    talk.lost(mapping(value.get("actions")), "state_delta", "artifact_delta")
    for part in map(mapping, items(mapping(value.get("content")).get("parts"))):
        talk.lost(part, *(part.keys() - _PART_KEYS))
    if value.get("partial") is True:
        talk.draft.loss.duplicate += 1  # the whole text follows in an event of its own
    elif error is not None and node.get("content", "parts") is None:
        step = talk.event("error", node, said, uid=uid, time=time)
        step.flag("api_error")
        talk.draft.errors += 1
    elif said.text or said.calls or said.media or said.reasoning:
        kind: StepKind = "user" if author == "user" or (not author and role == "user") else "agent"
        step = talk.say(kind, node, said, uid, time=time)
        if kind == "agent":
            step.label = author
            step.metrics = _metrics(node.get("usage_metadata") or node.get("usageMetadata"))
            step.model = _first(node, "model_version", "modelVersion")
            talk.model = talk.model or step.model
    elif responses:
        talk.attached()
        talk.draft.messages += 1
    else:
        talk.event("event", node, said, uid=uid, time=time)


def _answer(talk: Talk, node: Node) -> None:
    response = node.get("response")
    failed = bool(mapping(response.value()).get("error")) if response is not None else False
    call = talk.open_call(node.string("id"), node.string("name") or "")
    if call is None:
        talk.unknown("result without a call", node)
    else:
        talk.settle(call, response or node, "error" if failed else "ok")


def _result(format_id: str, case: Node, at: int, document: Node, source: SourceBytes) -> Trajectory:
    """Read what an evaluation made of a case: the session it ran, the metrics and the verdict."""
    name = _first(case, "eval_id", "evalId") or f"case-{at + 1}"
    talk = Talk(format_id, f"{name}#{at + 1}" if at else name)
    talk.attached()
    session = case.get("session_details") or case.get("sessionDetails")
    events = session.get("events") if session is not None else None
    for node in events.each() if events is not None else ():
        _event(talk, node)
    if events is None:
        for one in _each(
            case, "eval_metric_result_per_invocation", "evalMetricResultPerInvocation"
        ):
            turn = one.get("actual_invocation") or one.get("actualInvocation")
            if turn is not None:
                _turn(talk, turn, expected=False)
    listed = [
        _metric(one)
        for one in _each(case, "overall_eval_metric_results", "overallEvalMetricResults",
                         "eval_metric_results", "evalMetricResults")
    ]  # fmt: skip
    ended = integer(case.value("final_eval_status")) or integer(case.value("finalEvalStatus"))
    return talk.made(
        [source.info()],
        agent=session.string("app_name") if session is not None else None,
        session=_first(case, "session_id", "sessionId"),
        title=name,
        started=iso_time(_value(document, "creation_timestamp", "creationTimestamp")),
        outcome=Outcome(
            _EVALUATED.get(ended or 0, "unknown"),
            next((one.value for one in listed if one.value is not None), None),
            reason=", ".join(one.text for one in listed if one.text)[:200],
            scores=tuple(listed),
        ),
        complete=source.whole,
    )


def _metric(node: Node) -> Score:
    """Read one metric; older results are pairs of metric and result."""
    told = {key: v for part in (node.items() or [node]) for key, v in mapping(part.value()).items()}
    name = string(told.get("metric_name")) or string(told.get("metricName"))
    status = integer(told.get("eval_status")) or integer(told.get("evalStatus"))
    return score_of(name, told.get("score"), f"{name} failed" if status == 2 else "")


def _case(format_id: str, case: Node, at: int, document: Node, source: SourceBytes) -> Trajectory:
    """Read an evaluation case: what was asked, and the calls and answer that are expected."""
    name = _first(case, "eval_id", "evalId") or f"case-{at + 1}"
    talk = Talk(format_id, name)
    talk.attached()
    turns = case.get("conversation")
    for turn in turns.each() if turns is not None else ():
        _turn(talk, turn, expected=True)
    app = case.string("session_input", "app_name") or case.string("sessionInput", "appName")
    return talk.made(
        [source.info()],
        agent=app,
        session=_first(document, "eval_set_id", "evalSetId"),
        complete=source.whole,
    )


def _turn(talk: Talk, turn: Node, *, expected: bool) -> None:
    """Take one invocation: what was asked, the calls, the answer; expected, or made in a run."""
    asked = turn.get("user_content") or turn.get("userContent")
    time = iso_time(_value(turn, "creation_timestamp", "creationTimestamp"))
    if asked is not None:
        talk.say("user", asked, _said(asked), _first(turn, "invocation_id"), time=time)
    data = turn.get("intermediate_data") or turn.get("intermediateData")
    for use in _each(data, "tool_uses", "toolUses"):
        if expected:
            _expected(talk, use, time)
        else:
            talk.say("agent", use, _said(use), time=time)
    for response in _each(data, "tool_responses", "toolResponses"):
        _answer(talk, response)
    answer = turn.get("final_response") or turn.get("finalResponse")
    if answer is not None:
        step = talk.say("agent", answer, _said(answer), time=time)
        if expected:
            step.flag("expected")


def _expected(talk: Talk, use: Node, time: str | None) -> None:
    """Show a call that is expected; it was never made, so it has no result."""
    step = talk.say("agent", use, _said(use), time=time)
    step.flag("expected")


def _older_cases(format_id: str, cases: list[Node], source: SourceBytes) -> Trajectory:
    """Read the first form of evaluation data: queries with the tools and answer expected."""
    talk = Talk(format_id, "cases")
    for case in cases:
        query, reference = case.get("query"), case.get("reference")
        if query is None:
            talk.unknown("case", case)
            continue
        talk.say("user", query, _said(query))
        for use in _each(case, "expected_tool_use"):
            _expected(talk, use, None)
        if reference is not None:
            talk.say("agent", reference, _said(reference)).flag("expected")
    return talk.made([source.info()], agent=None, complete=source.whole)


def _said(node: Node) -> Said:
    """Return what an event, a content, a call or a text says."""
    if node.is_string:
        return Said(node.text())
    name = node.string("name") or node.string("tool_name")
    if name is not None and (node.get("args") or node.get("tool_input")) is not None:
        arguments = node.text("args") or node.text("tool_input")
        return Said(calls=(Asked(node.string("id"), name, arguments),))
    content = node.get("content") or node
    parts = content.get("parts")
    value = [mapping(part) for part in items(parts.value())] if parts is not None else []
    plain = [part for part in value if not part.keys() & {*_CALL, *_RESPONSE} or part.get("text")]
    spoken = [part for part in plain if part.get("thought") is not True]
    thoughts = [string(part.get("text")) for part in plain if part.get("thought") is True]
    calls = tuple(
        Asked(call.string("id"), call.string("name") or "tool", call.text("args"))
        for call in _parts(node, _CALL)
    )
    return Said(
        content_text(spoken) or _first(node, "error_message", "errorMessage") or "",
        "\n\n".join(filter(None, thoughts)),
        calls,
        content_media([{k: v for k, v in part.items() if v is not None} for part in spoken]),
        field_notes(node, "error_code", "errorCode", "branch"),
    )


def _parts(node: Node, names: Sequence[str]) -> Iterator[Node]:
    content = node.get("content") or node
    for part in _each(content, "parts"):
        for name in names:
            found = part.get(name)
            if found is not None:
                yield found


def _each(node: Node | None, *names: str) -> Iterator[Node]:
    for name in names:
        listed = node.get(name) if node is not None and node.is_object else None
        if listed is not None:
            yield from listed.each()


def _observed(node: Node) -> Observed:
    if node.is_object and node.get("response") is not None:
        return _observed(node.get("response") or node)
    if node.is_object and len(node.members()) == 1:
        only = next(iter(node.members().values()))
        return observed(only)
    return Observed(node.text())


def _metrics(node: Node | None) -> Metrics | None:
    """Return tokens of Gemini's usage metadata; thoughts are counted apart from the answer."""
    used = mapping(node.value()) if node is not None else {}

    def count(*names: str) -> int | None:
        return next((n for key in names if (n := integer(used.get(key))) is not None), None)

    return reported(
        input=count("prompt_token_count", "promptTokenCount"),
        output=count("candidates_token_count", "candidatesTokenCount"),
        cached=count("cached_content_token_count", "cachedContentTokenCount"),
        reasoning=count("thoughts_token_count", "thoughtsTokenCount"),
    )


def _first(node: Node, *names: str) -> str | None:
    return next((text for name in names if (text := node.string(name))), None)


def _value(node: Node, *names: str) -> float | None:
    found = (number(node.value(name)) for name in names)
    return next((one for one in found if one), None)


IMPORTERS = (Adk(),)
