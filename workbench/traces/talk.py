"""A conversation while it is read: what most formats need to become steps, calls and results.

A format says what one record *says* (``Said``); ``Talk`` makes steps of it, ``said_body`` builds
the full text from the same function, so that skeleton and body never disagree.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from msgspec import Struct

from workbench.domain.trajectory import (
    CallStatus,
    Metrics,
    Step,
    StepBody,
    StepKind,
    ToolBody,
    TraceSource,
    Trajectory,
)
from workbench.traces.call_arguments import main_argument, patched_files
from workbench.traces.contents import content_media, content_text
from workbench.traces.draft import CallDraft, StepDraft, record_uid
from workbench.traces.escapes import text_of
from workbench.traces.json_nodes import Node
from workbench.traces.json_values import decode, decode_object, mapping, one_line
from workbench.traces.kept_draft import DraftMark, KeptDraft
from workbench.traces.skill_watch import SkillWatch
from workbench.traces.tool_skills import notice_skills


class Asked(Struct, frozen=True):
    """A tool call as recorded. ``arguments`` is JSON text as it is written, or plain text."""

    id: str | None
    name: str
    arguments: str


class Said(Struct, frozen=True):
    """What one record says."""

    text: str = ""
    reasoning: str = ""
    calls: tuple[Asked, ...] = ()
    media: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


class Observed(Struct, frozen=True):
    """What the record of a result says."""

    text: str = ""
    media: tuple[str, ...] = ()


class TalkMark(Struct, frozen=True):
    """How far a talk was; see ``Talk.mark``."""

    draft: DraftMark
    watch: tuple[int, ...]
    calls: int
    cwd: str
    model: str | None


class Talk:
    """One trajectory in the making.

    It can be made (``made``) again and again while records are added. A format that changes a step
    or call it kept from earlier records itself tells the draft before (``touch``).
    """

    def __init__(self, format_id: str, trajectory_id: str) -> None:
        self.draft = KeptDraft(format_id, trajectory_id)
        self.watch = SkillWatch()
        self.cwd = ""
        self.model: str | None = None
        self._calls: dict[str, list[CallDraft]] = {}
        self._asked: list[str] = []

    def mark(self) -> TalkMark:
        """Return how far the talk is: ``back`` takes back what is said from then on."""
        return TalkMark(
            self.draft.mark(), self.watch.mark(), len(self._asked), self.cwd, self.model
        )

    def back(self, mark: TalkMark) -> None:
        """Take back what was said since a mark; marks after it are void."""
        self.draft.back(mark.draft)
        self.watch.back(mark.watch)
        while len(self._asked) > mark.calls:
            self._calls[self._asked.pop()].pop()
        self.cwd, self.model = mark.cwd, mark.model

    def say(
        self, kind: StepKind, node: Node, said: Said, uid: str | None = None, **fields: Any
    ) -> StepDraft:
        """Append the step of a record that is understood.

        A user's step begins a turn. ``fields`` are those of ``StepDraft``.
        """
        self.draft.loss.mapped += 1
        self.draft.messages += 1
        self.draft.turn += kind == "user"
        step = self.draft.step(kind, node.span(), uid or record_uid(node.raw()), **fields)
        self._fill(step, node, said)
        return step

    def more(self, step: StepDraft, node: Node, said: Said) -> None:
        """Add another record of the same model call to a step."""
        self.draft.touch(step.index)
        self.draft.loss.mapped += 1
        self.draft.messages += 1
        span = node.span()
        if span not in step.raw:
            step.raw.append(span)
        self._fill(step, node, said)

    def event(self, label: str, node: Node, said: Said, **fields: Any) -> StepDraft:
        """Append an event the format knows: a change of model, a hook, an error."""
        uid = fields.pop("uid", None) or record_uid(node.raw())
        kind: StepKind = fields.pop("kind", "event")
        self.draft.loss.mapped += 1
        preview = one_line(said.text) or one_line(" ".join(said.notes))
        return self.draft.step(kind, node.span(), uid, label=label, preview=preview, **fields)

    def unknown(self, kind: str, node: Node, uid: str | None = None, **fields: Any) -> StepDraft:
        """Append a record that is not understood: shown raw, and counted as such."""
        raw = node.raw()
        preview = one_line(text_of(raw[:2000]))
        return self.draft.unknown(
            one_line(kind, 80), node.span(), uid or record_uid(raw), preview=preview, **fields
        )

    def unparsed(self, node: Node) -> None:
        """Count a record that is no JSON."""
        self.draft.loss.unparsed.append(node.span())

    def attached(self) -> None:
        """Count a record that belongs to the trajectory as a whole, or to another record."""
        self.draft.loss.attached += 1

    def lost(self, values: Mapping[str, Any], *names: str) -> None:
        """Count fields that are recorded but have no place in the model."""
        for name in names:
            if values.get(name):
                self.draft.loss.lost_fields[name] += 1

    def open_call(self, native: str | None, name: str = "") -> CallDraft | None:
        """Return the call a result belongs to.

        The last one of that id without a result; without an id the oldest of the last step that
        has calls and still waits (of that name, if one is given).
        """
        call = self._open_call(native, name)
        if call is not None:
            self.draft.touch_call(call)
        return call

    def _open_call(self, native: str | None, name: str) -> CallDraft | None:
        if native is not None:
            named = self._calls.get(native, [])
            return next((call for call in reversed(named) if not call.result), None) or (
                named[-1] if named else None
            )
        for step in reversed(self.draft.steps):
            if step.calls:
                waiting = [call for call in step.calls if not call.result]
                return next((c for c in waiting if not name or c.name == name), None)
        return None

    def answer(
        self, native: str | None, node: Node, status: CallStatus, name: str = "", **fields: Any
    ) -> CallDraft | None:
        """Give a result to its call; without one it is shown as an event of its own.

        Returns:
            The call, None when there is none.
        """
        call = self.open_call(native, name)
        if call is None:
            self.unknown("result without a call", node)
            return None
        self.draft.loss.attached += 1
        self.draft.messages += 1
        self.settle(call, node, status, **fields)
        return call

    def settle(self, call: CallDraft, node: Node, status: CallStatus, **fields: Any) -> None:
        """Set the result of a call that is known, without counting a record."""
        self.draft.touch_call(call)
        call.result.append(node.span())
        call.status = status
        for field, value in fields.items():
            if value is not None:
                setattr(call, field, value)
        if status in ("error", "rejected") and self.watch.awaits(call):
            said = node.get("message") if node.is_object else None
            self.watch.failed(call, one_line(observed(said or node).text))

    def made(
        self,
        sources: Iterable[TraceSource],
        totals: Metrics | None = None,
        *,
        complete: bool = True,
        **fields: Any,
    ) -> Trajectory:
        """Return the finished trajectory; totals are added up from the steps when not recorded."""
        steps = self.draft.steps
        self.draft.skill_events = self.watch.events()
        if totals is None or totals == Metrics():
            totals = self.draft.totals()
        asked = next((step.preview for step in steps if step.kind == "user"), "")
        begun = (step.time for step in steps if step.time)
        ended = (step.time for step in reversed(steps) if step.time)
        fields["started"] = fields.get("started") or next(begun, None)
        fields["ended"] = fields.get("ended") or next(ended, None)
        fields["title"] = one_line(fields.get("title") or asked)
        fields["cwd"] = fields.get("cwd") or self.cwd or None
        fields["model"] = fields.get("model") or self.model
        fields.setdefault("format_version", None)
        return self.draft.made(sources, totals, complete=complete, **fields)

    def _fill(self, step: StepDraft, node: Node, said: Said) -> None:
        span = node.span()
        step.preview = step.preview or one_line(said.text) or one_line(said.reasoning)
        for asked in said.calls:
            call = self.draft.call(
                step, asked.id, asked.name or "tool", argument=main_argument(asked.arguments)
            )
            self._calls.setdefault(call.native, []).append(call)
            self._asked.append(call.native)
            arguments = decode_object(asked.arguments.encode("utf-8", "surrogatepass")) or {}
            call.files = patched_files(asked.arguments) if "*** " in asked.arguments else ()
            notice_skills(self.watch, step, call, arguments, span, cwd=self.cwd)
            step.preview = step.preview or one_line(f"{call.name}: {call.argument}")
        if step.kind in ("system", "user", "context"):
            self.watch.listed(step, said.text, span)
            self.watch.injected(step, said.text, span)
        if not step.preview and said.media:
            step.preview = one_line(said.media[0])


def said_body(
    step: Step,
    raw: Sequence[bytes],
    results: Mapping[str, Sequence[bytes]],
    read: Callable[[Node], Said],
    observe: Callable[[Node], Observed] | None = None,
) -> StepBody:
    """Build the text of a step from its records.

    Args:
        step: the skeleton step.
        raw: its records, undecoded but without layers.
        results: the records of each call's result, by call id.
        read: what one record says, as it was used for the skeleton.
        observe: what one result says; by default its content.
    """
    said = [read(Node.of(record)) for record in raw]
    arguments = [asked.arguments for one in said for asked in one.calls]
    calls = []
    for at, call in enumerate(step.tool_calls):
        found = [(observe or observed)(Node.of(record)) for record in results.get(call.id, ())]
        calls.append(
            ToolBody(
                id=call.id,
                name=call.name,
                arguments=arguments[at] if at < len(arguments) else "",
                status=call.status,
                exit_code=call.exit_code,
                observation="\n\n".join(one.text for one in found if one.text) if found else None,
                media=tuple(medium for one in found for medium in one.media),
            )
        )
    text = "\n\n".join(one.text for one in said if one.text)
    if not text and step.kind == "event" and not any(one.notes for one in said):
        text = "\n".join(text_of(record) for record in raw)
    return StepBody(
        index=step.index,
        text=text,
        reasoning="\n\n".join(one.reasoning for one in said if one.reasoning),
        tool_calls=tuple(calls),
        media=tuple(medium for one in said for medium in one.media),
        notes=tuple(note for one in said for note in one.notes),
    )


def observed(node: Node) -> Observed:
    """Read a result that is a text, a list of parts, or an object with a content.

    An object without one is given as it is written.
    """
    value = decode(node.raw())
    content = value
    if isinstance(value, dict):
        named = (value.get(key) for key in ("content", "output", "text"))
        content = next((one for one in named if one is not None), None)
    text, media = content_text(content), content_media(content)
    empty = value in (None, "", [], {}) or content in ("", [], {})
    return Observed(text if text or media or empty else node.text(), media)


def field_notes(node: Node, *names: str) -> tuple[str, ...]:
    """Return ``name: value`` of the members that are recorded, in the order of ``names``."""
    values = mapping(node.value())
    return tuple(f"{name}: {one_line(node.text(name), 1000)}" for name in names if values.get(name))
