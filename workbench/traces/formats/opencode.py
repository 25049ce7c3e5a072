"""OpenCode sessions: the export, the SQLite database, and the older storage folder.

``opencode export`` writes ``{info, messages: [{info, parts}]}``; ``opencode.db`` keeps the same in
tables; before that each session, message and part was a JSON file. An assistant message holds one
model call between each ``step-start`` and ``step-finish``. Times, cost and tokens are recorded
(anomalyco/opencode 1.x, 2026-10).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec

from workbench.domain.trajectory import Step, StepBody, TraceSource, Trajectory
from workbench.traces.importer import Format, Probe, Progress
from workbench.traces.inner import InnerBytes
from workbench.traces.json_nodes import Node
from workbench.traces.json_values import decode_object, mapping, string, top_members
from workbench.traces.opencode.database import MAGIC, has_sessions, sessions_inside
from workbench.traces.opencode.messages import Session, part_observed, part_said
from workbench.traces.opencode.storage import storage_files
from workbench.traces.source import SourceBytes
from workbench.traces.talk import Talk, said_body
from workbench.traces.times import iso_time

_SESSION_KEYS: Final = frozenset({"directory", "projectID", "slug"})


class OpenCode(Format):
    """One trajectory for a session; sessions of subagents are children of their parents."""

    id = "opencode"
    by_line = False

    def score(self, probe: Probe) -> float:
        """Look for an export, a session file, or a database with OpenCode's tables."""
        if probe.head.startswith(MAGIC):
            return 20.0 if probe.path and has_sessions(Path(probe.path)) else 0.0
        members = top_members(probe.head)
        if {"info", "messages"} <= members.keys():
            start, end = members["messages"]
            listed = probe.head[start:end]
            found = b'"parts"' in listed or (b'"info"' in listed) or not listed[1:].strip(b" \n]")
            return 20.0 if found and b'"trajectory_format"' not in probe.head else 0.0
        if {"id", "time", "title"} <= members.keys() and members.keys() & _SESSION_KEYS:
            start, end = members["time"]
            return 12.0 if b'"created"' in probe.head[start:end] else 0.0
        return 0.0

    def companions(self, path: Path) -> Sequence[Path]:
        """Return the messages and parts of a session file of the storage folder."""
        return storage_files(path)

    def inside(self, source: SourceBytes) -> Sequence[SourceBytes]:
        """Return the sessions of a database."""
        return sessions_inside(source) if source.data[: len(MAGIC)] == MAGIC else ()

    def skeleton(
        self, sources: Sequence[SourceBytes], progress: Progress | None = None
    ) -> Iterable[Trajectory]:
        """Read all sessions."""
        inner = [source for source in sources if isinstance(source, InnerBytes)]
        if inner or sources[0].data[: len(MAGIC)] == MAGIC:
            yield from self._database(sources[0], inner, progress)
            return
        document = Node.document(sources[0].data)
        if not document.is_object:
            return
        if document.get("messages") is not None:
            yield self._export(document, [sources[0].info()], whole=sources[0].whole)
        else:
            yield self._storage(document, sources)

    def body(
        self, step: Step, raw: Sequence[bytes], results: Mapping[str, Sequence[bytes]]
    ) -> StepBody:
        """Build the text of a step from its parts."""
        return said_body(step, raw, results, part_said, part_observed)

    def _database(
        self, outer: SourceBytes, inner: list[InnerBytes], progress: Progress | None
    ) -> Iterable[Trajectory]:
        found: list[Trajectory] = []
        for number_, source in enumerate(inner):
            with source.loaded() as data:
                sources = [outer.info(), source.info()]
                found.append(self._export(Node.document(data, 1), sources, whole=True))
            if progress:
                progress((number_ + 1) / len(inner))
        yield from nested(found)

    def _export(self, document: Node, sources: list[TraceSource], *, whole: bool) -> Trajectory:
        info = document.get("info")
        session = Session(Talk(self.id, _session_id(info)))
        messages = document.get("messages")
        for message in messages.each() if messages is not None else ():
            parts = message.get("parts")
            if message.get("info") is None and parts is None:
                session.talk.unparsed(message)
                continue
            session.message(message.get("info"), parts.items() if parts is not None else [])
        loose = document.get("loose_parts")
        for part in loose.each() if loose is not None else ():
            session.talk.unknown("part without a message", part, part.string("id"))
        closed = document.raw()[-1:] == b"}"
        return _made(
            session, mapping(info.value()) if info else {}, sources, whole=whole and closed
        )

    def _storage(self, document: Node, sources: Sequence[SourceBytes]) -> Trajectory:
        session = Session(Talk(self.id, _session_id(document)))
        messages: list[tuple[float, Node]] = []
        parts: dict[str, list[Node]] = {}
        for number_, source in enumerate(sources[1:], 1):
            node = Node.document(source.data, number_)
            value = decode_object(node.raw())
            if value is None:
                session.talk.unparsed(node)
            elif "role" in value:
                created = mapping(value.get("time")).get("created")
                messages.append((created if isinstance(created, int | float) else 0.0, node))
            else:
                owner = string(value.get("messageID")) or source.path.parent.name
                parts.setdefault(owner, []).append(node)
        for _, node in sorted(messages, key=lambda pair: pair[0]):
            session.message(node, parts.pop(node.string("id") or "", []))
        for loose in parts.values():
            for part in loose:
                session.talk.unknown("part without a message", part, part.string("id"))
        info = mapping(document.value())
        return _made(session, info, [source.info() for source in sources], whole=True)


def nested(found: list[Trajectory]) -> list[Trajectory]:
    """Put subagents below the sessions that asked for them, which come first in ``found``."""
    by_id = {one.id: one for one in found}
    waiting: dict[str, list[str]] = {}
    for one in found:
        if one.parent in by_id and one.parent != one.id:
            waiting.setdefault(one.parent or "", []).append(one.id)
    placed: set[str] = set()

    def complete(one: Trajectory, above: frozenset[str]) -> Trajectory:
        placed.add(one.id)
        names = [name for name in waiting.get(one.id, ()) if name not in above]
        below = tuple(complete(by_id[name], above | {name}) for name in names if name not in placed)
        return msgspec.structs.replace(one, children=below)

    roots = [one for one in found if one.parent not in by_id or one.parent == one.id]
    made = [complete(one, frozenset({one.id})) for one in roots]
    # A circle of parents has no root: its sessions stay visible as they are.
    return made + [complete(one, frozenset({one.id})) for one in found if one.id not in placed]


def _session_id(info: Node | None) -> str:
    return (info.string("id") if info is not None else None) or "session"


def _made(
    session: Session, info: Mapping[str, Any], sources: list[TraceSource], *, whole: bool
) -> Trajectory:
    times = mapping(info.get("time"))
    session.talk.attached()
    return session.talk.made(
        sources,
        session.totals(),
        agent="OpenCode",
        format_version=string(info.get("version")),
        session=string(info.get("id")),
        title=string(info.get("title")) or "",
        cwd=string(info.get("directory")) or session.talk.cwd,
        started=iso_time(times.get("created", info.get("time_created"))),
        ended=iso_time(times.get("updated", info.get("time_updated"))),
        parent=string(info.get("parentID")) or string(info.get("parent_id")),
        complete=whole,
    )


IMPORTERS = (OpenCode(),)
