"""All records of a file, each once, fed to those whose trajectory they belong to."""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterable, Iterator
from typing import Final

from msgspec import Struct

from workbench.domain.trajectory import ByteSpan, Metrics
from workbench.traces.claude.build import Builder
from workbench.traces.claude.drafts import PLACE_BITS, StepDraft, forget, metrics_of
from workbench.traces.claude.layout import (
    joined_parts,
    line_by_line,
    line_ends,
    payload_of,
    records_of_document,
)
from workbench.traces.claude.lines import (
    LINES,
    UNREADABLE,
    Envelope,
    Line,
    decode_envelope,
    decode_line,
)
from workbench.traces.claude.order import Place, chained
from workbench.traces.draft import LossDraft
from workbench.traces.importer import Progress
from workbench.traces.json_values import one_line
from workbench.traces.lines import (
    joined_values,
    skip_space,
    value_end,
)
from workbench.traces.source import SourceBytes

_TICK: Final = 4 << 20
_BLANK: Final = re.compile(rb"\s*")
_SPOKEN: Final = ("user", "assistant")
#: Records that tell nothing of the whole run which others do not tell.
_SAYS_NOTHING: Final = frozenset({*_SPOKEN, "file-history-snapshot", "queue-operation"})


class Facts(Struct):
    """What the records say of the whole run."""

    session: str | None = None
    version: str | None = None
    cwd: str | None = None
    titles: dict[str, str] = {}
    cost: float | None = None
    usage: Metrics | None = None
    results: int = 0
    failed: bool = False
    reason: str = ""

    def note(self, rest: Envelope) -> None:
        """Take what the record tells."""
        self.session = self.session or rest.session_id or rest.stream_session
        self.cwd = self.cwd or rest.cwd
        self.version = rest.version or rest.stream_version or self.version
        for kind, title in (
            ("custom", rest.custom_title),
            ("ai", rest.ai_title),
            (rest.type, rest.summary or rest.title),
        ):
            if title:
                self.titles[kind] = one_line(title)
        if rest.type == "result":
            self.results += 1
            self.cost = rest.total_cost_usd if rest.total_cost_usd is not None else self.cost
            self.usage = metrics_of(rest.usage)
            self.failed = bool(rest.is_error) or (rest.subtype or "").startswith("error")
            self.reason = rest.subtype or ""


class _OutOfOrder(Exception):  # noqa: N818 - it is no error, the other way is taken
    """A record came before its parent, or all belong to a subagent."""


class Reading:
    """The trajectories of one file: the session's own and those of subagents by their id.

    A file is read as it lies. When a record turns up before its parent, or a result before its
    call, it is read once more with that knowledge; that is rare, and cheaper than asking every
    file for its order. ``served`` tells which call a subagent serves, by its progress.
    """

    def __init__(
        self, source: SourceBytes, progress: Progress | None = None, *, companion: bool = False
    ) -> None:
        """Read a file; a ``companion`` is a subagent's own file, whatever its records say."""
        self.source = source
        self._companion = companion
        self._progress = progress
        self._coming: frozenset[str] = frozenset()
        places: list[Place] | None = None
        while True:
            self._begin()
            try:
                if places is None:
                    self._read_as_it_lies()
                    if not self.main.messages and self.sidechains:
                        raise _OutOfOrder
                else:
                    self._sorted = True
                    self._alone = companion or not any(
                        one.spoken and not one.sidechain for one in places
                    )
                    self._read((one.at, one.end) for one in places)
            except _OutOfOrder:
                places = chained(self._places())
                continue
            late = {call for one in (self.main, *self.sidechains.values()) for call in one.late}
            if late <= self._coming:
                break
            self._coming |= late
        self._last_words()
        # What led the records to their places is not needed any more; it is half of the memory.
        forget(self._seen)
        forget(self._over)
        for found in (self._more, self._missing, self._side_of):
            found.clear()
        self._offsets = array("q")

    def _begin(self) -> None:
        self.facts = Facts(titles={})
        self.loss = LossDraft()
        #: The step that shows each record, by the record's uuid.
        self._seen: dict[str, StepDraft | None] = {}
        self.main = Builder(self.loss, self._seen, self._coming)
        self.sidechains: dict[str, Builder] = {}
        self._parts = [self.main]
        self.served: dict[str, str] = {}
        self.last_time: str | None = None
        self.agent: str | None = None
        self._alone, self._sorted = self._companion, False
        #: The subagents of records that no step shows.
        self._side_of: dict[str, Builder] = {}
        self._offsets = array("q")
        self._at: dict[str, int] | None = None
        self._more: dict[str, list[int]] = {}
        self._over: dict[str, str | None] = {}
        self._missing: set[str] = set()
        self._last = -1

    def _begin_of_records(self) -> int:
        data = self.source.data
        return skip_space(data, 3 if data[:3] == b"\xef\xbb\xbf" else 0)

    def _as_it_lies(self) -> Iterator[tuple[int, int]]:
        data = self.source.data
        start = self._begin_of_records()
        document = records_of_document(data, start)
        return document if document is not None else line_ends(data, start)

    def _read_as_it_lies(self) -> None:
        start = self._begin_of_records()
        document = records_of_document(self.source.data, start)
        if document is None:
            self._read_lines(start)
        else:
            self._read(document)

    def _read_lines(self, start: int) -> None:
        """Read lines block by block: those of one block are decoded at one go."""
        told = 0

        def left_out(offset: int, length: int) -> None:
            self.loss.unparsed.append(ByteSpan(0, offset, length))

        for base, block in self.source.line_blocks(left_out, start):
            ends, lines = line_by_line(block)
            if ends:
                self._take_block(lines, ends, block, base)
            else:
                self._read((base + at, base + end) for at, end in line_ends(block, 0))
            after = base + len(block)
            if self._progress is not None and after - told >= _TICK:
                told = after
                self._progress(min(1.0, after / self.source.length))

    def _read(self, ranges: Iterable[tuple[int, int]]) -> None:
        """Read records one by one."""
        source, decode = self.source, LINES.decode
        for at, end in ranges:
            record = source.read(at, end - at)
            try:
                line = decode(record)
            except UNREADABLE:
                self._take_odd(record, at, end)
            else:
                self._take(line, record, 0, len(record), at)

    def _take_odd(self, record: bytes, at: int, end: int) -> None:
        """Take what the fast way refused: odd fields, joined records, garbage, a torn end."""
        blank = _BLANK.match(record)
        at += blank.end() if blank else 0
        record = record.strip()
        end = at + len(record)
        if not record:
            return
        if self._take_one(record, at, end):
            return
        torn = 0  # garbage begins here; pieces of it that touch are one
        for first, last in joined_values(record, 0, len(record)):
            if last - first < len(record) and self._take_one(
                record[first:last], at + first, at + last
            ):
                self._unread(record[torn:first], at + torn)
                torn = last
        self._unread(record[torn:], at + torn)

    def _unread(self, garbage: bytes, at: int) -> None:
        if garbage.strip():
            self.loss.unparsed.append(ByteSpan(0, at, len(garbage)))

    def _take_one(self, record: bytes, at: int, end: int) -> bool:
        lost: list[str] = []
        line = decode_line(record, lost)
        if line is None:
            return False
        self.loss.lost_fields.update(lost)
        self._take(line, record, 0, len(record), at)
        return True

    def _take_block(self, lines: list[Line], ends: list[int], block: bytes, base: int) -> None:
        """Take the records of a block.

        Nearly all are answers and results that follow a record that was seen, with ids never seen:
        their way is the short one. What ``_take`` looks at besides cannot be true of them.
        """
        seen, missing, offsets = self._seen, self._missing, self._offsets
        parts, alone = self._parts, self._alone and self.agent is not None
        at = 0
        for line, end in zip(lines, ends, strict=True):
            start, at = at, end + 1
            message, uuid, above = line.message, line.uuid, seen.get(line.parent_uuid or "")
            if (
                above is None
                or message is None
                or uuid is None
                or uuid in seen
                or (line.is_sidechain is not (above.part > 0) and not alone)
                or line.parent_tool_use_id is not None
                or (above.part and (line.agent_id or "") != parts[above.part].agent)
                or (missing and uuid in missing)
            ):
                self._take(line, block, start, end, base)
                continue
            builder, content = parts[above.part], message.content
            offset = base + start
            place = offset << PLACE_BITS | (end - start)
            shown: StepDraft | None = None
            if line.type == "assistant":
                shown = builder.answer(line, message, b"", place)
                if shown.place == place:
                    shown.parent = above.uid
            elif (
                content.__class__ is list
                and len(content) == 1
                and content[0].type == "tool_result"
                and line.type == "user"
            ):
                shown = builder.result(line, content[0], place, above)
                builder.loss.attached += shown is not None
            if shown is None:
                self._take(line, block, start, end, base)
                continue
            builder.messages += 1
            builder.linked = True
            seen[uuid] = shown
            offsets.append(offset)
            if self._at is not None:
                self._at[uuid] = offset
            self._last = offset

    def _take(self, line: Line, block: bytes, at: int, end: int, base: int) -> None:
        """Take a record, which lies from ``at`` to ``end`` in a block that begins at ``base``."""
        kind, uuid, seen, offset = line.type, line.uuid, self._seen, base + at
        if kind == "progress":
            self._progressed(line)
            return
        parent = line.parent_uuid or line.logical_parent_uuid
        above: StepDraft | None = None
        if parent is not None:
            if parent not in seen:
                parent = self._before(parent)
            above = seen.get(parent) if parent is not None else None
        again = False
        if uuid is not None:
            if uuid not in seen:
                self._offsets.append(offset)
                if self._at is not None:
                    self._at[uuid] = offset
                if self._missing and uuid in self._missing and not self._sorted:
                    raise _OutOfOrder
            elif self._repeated(uuid, block[at:end], offset):
                self.loss.duplicate += 1
                return
            else:
                again = True
        # A spoken record with an id is all in its line; cutting its bytes out would cost time.
        record = b"" if kind in _SPOKEN and uuid is not None else block[at:end]
        if kind not in _SAYS_NOTHING or self._last < 0:
            self.facts.note(decode_envelope(record or block[at:end]))
            self.main.skills.cwd = self.facts.cwd or ""
        self._last = offset
        builder, sidechain = self.main, line.is_sidechain or line.parent_tool_use_id is not None
        if sidechain:
            known = self.sidechains.get(line.agent_id) if line.agent_id is not None else None
            builder = known or self._sidechain(line, parent, above)
        if above is not None and above.part != builder.number and parent is not None:
            above = builder.also.get(parent)
        if again:
            builder.repeated()
        shown = builder.feed(line, record, offset << PLACE_BITS | (end - at), parent, above)
        if uuid is None:
            return
        if again and seen[uuid] is not None:
            if shown is not None:
                builder.also.setdefault(uuid, shown)
        else:
            seen[uuid] = shown
            if sidechain and shown is None:
                self._side_of[uuid] = builder

    def _before(self, parent: str) -> str | None:
        """Return the record that stands for a parent that was not seen: progress, or missing."""
        if parent in self._over:
            return self._over[parent]
        self._missing.add(parent)
        return parent

    def _progressed(self, line: Line) -> None:
        """Lead the chain over a progress record, which says what the result says again."""
        news, uuid, over = line.data, line.uuid, self._over
        parent = line.parent_uuid or line.logical_parent_uuid
        if parent is not None and parent not in self._seen:
            parent = over[parent] if parent in over else self._before(parent)
        if uuid is not None:
            if uuid in over:
                self.loss.duplicate += 1
                return
            over[uuid] = parent
            if self._missing and uuid in self._missing and not self._sorted:
                raise _OutOfOrder
        self.loss.left_out(f"progress/{news.type}" if news is not None else "progress")
        if news is not None and news.agent_id and line.progress_of:
            self.served.setdefault(news.agent_id, line.progress_of)

    def _sidechain(self, line: Line, parent: str | None, above: StepDraft | None) -> Builder:
        """Return the builder of a subagent; a file that holds one alone is its own session."""
        agent = line.agent_id
        if agent is None and line.parent_tool_use_id is None and parent is not None:
            if above is not None and above.part:
                return self._parts[above.part]
            if parent in self._side_of:
                return self._side_of[parent]
        if self.agent is None:
            self.agent = agent
        if self._alone:
            return self.main
        group = agent or line.parent_tool_use_id or line.uuid or "sidechain"
        builder = self.sidechains.get(group)
        if builder is None:
            # Its own ledger: its records are counted where they are shown.
            number = len(self._parts)
            builder = Builder(LossDraft(), self._seen, self._coming, number)
            builder.agent = agent or ""
            builder.skills.cwd = self.facts.cwd or ""
            self.sidechains[group] = builder
            self._parts.append(builder)
        return builder

    def _repeated(self, uuid: str, record: bytes, at: int) -> bool:
        """Whether a record of that uuid said the same before.

        Streams give one uuid to all blocks of a message, so the uuid alone does not tell.
        """
        if self._at is None:
            self._at = dict(zip(self._seen, self._offsets, strict=True))
        known = [self._at[uuid], *self._more.get(uuid, ())]
        payload = payload_of(record)
        if any(payload_of(self._record(other)) == payload for other in known):
            return True
        self._more.setdefault(uuid, []).append(at)
        return False

    def _record(self, at: int) -> bytes:
        data = self.source.data
        end = value_end(data, at)
        return data[at:end] if end is not None else b""

    def _places(self) -> Iterator[Place]:
        """Yield where each record stands in the chain."""
        data = self.source.data
        for at, end in self._as_it_lies():
            for first, last in joined_parts(data, at, end):
                line = decode_line(data[first:last])
                if line is None:
                    yield Place(first, last, None, None)
                    continue
                parent = line.parent_uuid or line.logical_parent_uuid
                yield Place(
                    first,
                    last,
                    line.uuid,
                    parent,
                    line.is_sidechain or line.parent_tool_use_id is not None,
                    line.type in _SPOKEN,
                )

    def _last_words(self) -> None:
        """Take the version, which can grow in a long session, and the time of the last record."""
        if self._last >= 0:
            record = self._record(self._last)
            rest = decode_envelope(record)
            if rest.type != "result":
                self.facts.note(rest)
            line = decode_line(record)
            self.last_time = line.timestamp if line is not None else None
