"""Inspect AI logs: ``.eval`` archives (deflate, zstd, chunked) and ``.json``.

Read by the central directory, one sample at a time; a log without header opens from its journal.
Texts kept as ``attachment://`` and inputs kept as ``input_refs`` are looked up where they are
shown. Layouts as written by inspect-ai 0.3.3 to 0.3.285 (2024-11 to 2026-11).
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from workbench.domain.trajectory import (
    Outcome,
    OutcomeStatus,
    Score,
    Step,
    StepBody,
    TraceSource,
    Trajectory,
)
from workbench.traces.chat.messages import result_observed
from workbench.traces.draft import summed
from workbench.traces.importer import Format, Probe, Progress, TraceError
from workbench.traces.inner import InnerBytes
from workbench.traces.inspect_ai.archive import (
    HEADER,
    START,
    chunk_of,
    is_archive,
    is_log,
    members_inside,
    samples_of,
)
from workbench.traces.inspect_ai.parts import (
    Sample,
    attached_texts,
    observed_with_attachments,
    with_attachments,
)
from workbench.traces.inspect_ai.steps import Reading, message_or_event, usage_of
from workbench.traces.json_nodes import Node
from workbench.traces.json_values import (
    integer,
    items,
    mapping,
    number,
    one_line,
    string,
    top_members,
)
from workbench.traces.source import SourceBytes
from workbench.traces.talk import Observed, Said, Talk, said_body
from workbench.traces.zip_members import ZIP_MAGIC

_GRADES: Final = {"C": 1.0, "I": 0.0, "P": 0.5, "N": 0.0}


class InspectAi(Format):
    """One trajectory for each sample."""

    id = "inspect-ai"
    by_line = False

    def score(self, probe: Probe) -> float:
        """Look for an archive with a header or a journal, or the keys of a JSON log."""
        if probe.head.startswith(ZIP_MAGIC):
            return 20.0 if probe.path and is_log(Path(probe.path)) else 0.0
        members = top_members(probe.head)
        return 20.0 if {"version", "eval"} <= members.keys() and (
            members.keys() & {"plan", "samples", "stats", "results"}
        ) else 0.0  # fmt: skip

    def inside(self, source: SourceBytes) -> Sequence[SourceBytes]:
        """Return the header and the samples of an archive."""
        return members_inside(source) if is_archive(source) else ()

    def skeleton(
        self, sources: Sequence[SourceBytes], progress: Progress | None = None
    ) -> Iterable[Trajectory]:
        """Read the samples, one by one."""
        if is_archive(sources[0]):
            yield from self._archive(sources, progress)
            return
        document = Node.document(sources[0].data)
        if not document.is_object:
            return
        head = _Head(document)
        listed = document.get("samples")
        samples = listed.items() if listed is not None else []
        whole = document.raw()[-1:] == b"}"
        for at, shell in enumerate(samples):
            talk = Talk(self.id, _name(shell, at))
            made = _sample(talk, Sample(shell), head, [sources[0].info()], complete=whole)
            yield made
            if progress:
                progress((at + 1) / len(samples))
        if not samples:
            yield self._without_samples(head, [sources[0].info()], whole=whole)

    def _archive(
        self, sources: Sequence[SourceBytes], progress: Progress | None
    ) -> Iterable[Trajectory]:
        found = samples_of(sources)
        head_at, head = _archive_head(sources)
        damaged: list[TraceError] = []
        for number_, (name, members) in enumerate(found.items(), 1):
            try:
                yield self._of_members(name, members, sources[0], head)
            except TraceError as problem:
                damaged.append(problem)
                if len(damaged) == len(found):
                    raise
                yield _damaged(Talk(self.id, name), problem, sources[0], head)
            finally:
                for _, member in members:
                    member.release()
            if progress:
                progress(number_ / len(found))
        if not found and head_at is not None:
            sources_used = [sources[0].info(), sources[head_at].info()]
            yield self._without_samples(head, sources_used, whole=head.ended)

    def _of_members(
        self,
        name: str,
        members: Sequence[tuple[int, InnerBytes]],
        archive: SourceBytes,
        head: _Head,
    ) -> Trajectory:
        """Read one sample, whole or in chunks."""
        with contextlib.ExitStack() as stack:
            used = [archive.info()]
            chunks: list[tuple[str, int, Node]] = []
            for _, member in members:
                data = stack.enter_context(member.loaded())
                kind, first = chunk_of(member.name)
                chunks.append((kind, first, Node.document(data, len(used))))
                used.append(member.info())
            shell = next(node for kind, _, node in chunks if kind == "sample")
            sample = Sample(shell, [one for one in chunks if one[0] != "sample"])
            return _sample(Talk(self.id, name), sample, head, used, complete=head.ended)

    def _without_samples(
        self, head: _Head, sources: list[TraceSource], *, whole: bool
    ) -> Trajectory:
        """Show what a log without samples says of the run."""
        talk = Talk(self.id, head.run or "log")
        for name in ("results", "error", "eval"):
            node = head.node.get(name)
            if node is not None:
                talk.event(name, node, Said(node.text("message")))
        return talk.made(sources, complete=whole, outcome=head.outcome(), **head.fields())

    def body(
        self, step: Step, raw: Sequence[bytes], results: Mapping[str, Sequence[bytes]]
    ) -> StepBody:
        """Build the text of a step, with the attachments it refers to."""
        texts = attached_texts(raw[0], raw[1:]) if raw else {}
        first = {key: records[:1] for key, records in results.items()}
        attached = {
            records[0]: attached_texts(records[0], records[1:])
            for records in results.values()
            if records
        }

        def said(node: Node) -> Said:
            if step.kind == "event" and step.label in ("results", "eval", "scores"):
                return Said(node.text())
            return with_attachments(message_or_event(node), texts)

        def seen(node: Node) -> Observed:
            told = Observed(node.text("message")) if _is_error(node) else result_observed(node)
            return observed_with_attachments(told, attached.get(bytes(node.data), {}))

        return said_body(step, raw[:1], first, said, seen)


class _Head:
    """What a log says of the whole evaluation."""

    def __init__(self, node: Node, *, ended: bool = True) -> None:
        self.node = node
        self.ended = ended
        self.eval = mapping(node.value("eval"))
        self.run = string(self.eval.get("run_id"))

    def fields(self) -> dict[str, Any]:
        """Return what all trajectories of the log share."""
        plan = [mapping(step).get("solver") for step in items(self.node.value("plan", "steps"))]
        solver = string(self.eval.get("solver")) or next(
            (one for one in reversed(plan) if isinstance(one, str)), None
        )
        return {
            "agent": f"Inspect: {solver}" if solver else "Inspect",
            "format_version": string(mapping(self.eval.get("packages")).get("inspect_ai")),
            "model": string(self.eval.get("model")),
            "session": self.run,
        }

    def outcome(self) -> Outcome:
        """Return how a log without samples ended."""
        status = self.node.string("status")
        reason = self.node.string("error", "message") or status or "unfinished"
        return Outcome(status="infra" if status == "error" else "unknown", reason=one_line(reason))


def _archive_head(sources: Sequence[SourceBytes]) -> tuple[int | None, _Head]:
    """Read the header; without one the evaluation is unfinished, and its journal tells the rest."""
    for at, source in enumerate(sources):
        if isinstance(source, InnerBytes) and source.name in (HEADER, START):
            with source.loaded() as data:
                return at, _Head(Node.document(data, 1), ended=source.name == HEADER)
    return None, _Head(Node.of(b"{}"), ended=False)


def _damaged(talk: Talk, problem: TraceError, archive: SourceBytes, head: _Head) -> Trajectory:
    """Tell of a sample that cannot be read, beside those that can."""
    outcome = Outcome(reason=one_line(str(problem)))
    return talk.made([archive.info()], complete=False, outcome=outcome, **head.fields())


def _name(shell: Node, at: int) -> str:
    epoch = integer(shell.value("epoch"))
    name = shell.text("id") if shell.is_object else ""
    return f"{name or at}_epoch_{1 if epoch is None else epoch}"


def _sample(
    talk: Talk, sample: Sample, head: _Head, sources: list[TraceSource], *, complete: bool
) -> Trajectory:
    shell = sample.shell
    talk.attached()
    reading = Reading(talk, sample)
    reading.read()
    scores = shell.get("scores")
    if scores is not None and not reading.scored and scores.members():
        talk.event("scores", scores, Said(scores.text()))
    values = {key: one.raw() not in (b"null", b"{}", b"[]") for key, one in shell.members().items()}
    talk.lost(values, "store", "metadata", "files", "setup", "timelines", "choices", "target")
    fields = head.fields()
    used = mapping(shell.value("model_usage"))
    title = string(head.eval.get("task")) or ""
    asked = next((step.preview for step in talk.draft.steps if step.kind == "user"), "")
    return talk.made(
        sources,
        summed(usage_of(mapping(one)) for one in used.values()),
        title=f"{title}: {asked}" if title and asked else title or asked,
        started=shell.string("started_at"),
        ended=shell.string("completed_at"),
        outcome=_outcome(shell),
        complete=complete and shell.raw()[-1:] == b"}",
        **fields,
    )


def _outcome(shell: Node) -> Outcome:
    """Return the verdict of the first scorer, and all scores; an error or a limit is told first."""
    error = shell.get("error")
    limit = shell.get("limit")
    graded = tuple(one for name, node in _scores(shell) for one in _graded(name, node))
    first = next((one for one in graded if one.value is not None), None)
    name, reward = (first.name, first.value) if first is not None else ("", None)
    scores = graded if len(graded) > 1 else ()
    if error is not None:
        reason = error.text("message") or error.text()
        return Outcome("infra", reward, reason=one_line(reason), scores=scores)
    if reward is None and limit is None:
        return Outcome(scores=scores)
    status: OutcomeStatus = "unknown"
    if reward is not None:
        status = "pass" if reward >= 1 else "fail" if reward <= 0 else "partial"
    reason = name
    if limit is not None:
        kind = limit.string("type") or "limit"
        reason = f"limit: {kind}"
        if status != "pass" and kind in ("time", "working"):
            status = "timeout"
    return Outcome(status, reward, reason=one_line(reason), scores=scores)


def _graded(name: str, node: Node) -> list[Score]:
    """Return a scorer's score, or each of those it keeps by name."""
    value = node.value("value") if node.is_object else node.value()
    named = value if isinstance(value, dict) else {}
    pairs = [(f"{name}/{key}", one) for key, one in named.items()] or [(name, value)]
    return [
        Score(one_line(key, 80), _grade(one), one if isinstance(one, str) else "")
        for key, one in pairs
    ]


def _scores(shell: Node) -> list[tuple[str, Node]]:
    scores = shell.get("scores")
    if scores is not None:
        return list(scores.members().items())
    older = shell.get("score")
    return [("score", older)] if older is not None else []


def _grade(value: Any) -> float | None:
    if isinstance(value, bool):
        return float(value)
    if isinstance(value, str):
        return _GRADES.get(value)
    return number(value)


def _is_error(node: Node) -> bool:
    return (
        node.is_object
        and {"type", "message"} <= node.members().keys()
        and (node.get("content") is None)
    )


IMPORTERS = (InspectAi(),)
