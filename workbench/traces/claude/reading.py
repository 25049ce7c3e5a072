"""All records of a file, each once, fed to those whose trajectory they belong to."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

import msgspec
from msgspec import Raw, Struct

from workbench.domain.trajectory import ByteSpan, Metrics
from workbench.traces.claude.build import Builder
from workbench.traces.claude.drafts import metrics_of
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
    array_items,
    joined_values,
    object_members,
    skip_space,
    value_end,
)
from workbench.traces.source import Buffer, SourceBytes

_members: Final = msgspec.json.Decoder(dict[str, Raw])
#: What a record says, beside the envelope that a resume writes anew.
_PAYLOAD: Final = ("type", "subtype", "message", "attachment", "data", "content", "summary")
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
        for found in (self._seen, self._more, self._over, self._missing, self._side_of):
            found.clear()

    def _begin(self) -> None:
        self.facts = Facts(titles={})
        self.loss = LossDraft()
        self.main = Builder(self.loss, self._coming)
        self.sidechains: dict[str, Builder] = {}
        self.served: dict[str, str] = {}
        self.last_time: str | None = None
        self.agent: str | None = None
        self._alone, self._sorted = self._companion, False
        self._side_of: dict[str, Builder] = {}
        self._seen: dict[str, int] = {}
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
        document = _document(data, start)
        return document if document is not None else _line_ends(data, start)

    def _read_as_it_lies(self) -> None:
        start = self._begin_of_records()
        document = _document(self.source.data, start)
        if document is None:
            self._read_lines(start)
        else:
            self._read(document)

    def _read_lines(self, start: int) -> None:
        """Read lines block by block: those of one block are decoded at one go."""
        take, told = self._take, 0

        def left_out(offset: int, length: int) -> None:
            self.loss.unparsed.append(ByteSpan(0, offset, length))

        for base, block in self.source.line_blocks(left_out, start):
            ends, lines = _line_by_line(block)
            if ends:
                at = 0
                for line, end in zip(lines, ends, strict=True):
                    take(line, block, at, end, base)
                    at = end + 1
            else:
                self._read((base + at, base + end) for at, end in _line_ends(block, 0))
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

    def _take(self, line: Line, block: bytes, at: int, end: int, base: int) -> None:
        """Take a record, which lies from ``at`` to ``end`` in a block that begins at ``base``."""
        kind, uuid = line.type, line.uuid
        parent = line.parent_uuid or line.logical_parent_uuid
        seen = self._seen
        if parent is not None and parent not in seen:
            parent = self._before(parent)
        if kind == "progress":
            self._progressed(line, parent)
            return
        if uuid is not None:
            if uuid not in seen:
                seen[uuid] = base + at
                if uuid in self._missing and not self._sorted:
                    raise _OutOfOrder
            elif self._repeated(uuid, block[at:end], base + at):
                self.loss.duplicate += 1
                return
        # A spoken record with an id is all in its line; cutting its bytes out would cost time.
        record = b"" if kind in _SPOKEN and uuid is not None else block[at:end]
        if kind not in _SAYS_NOTHING or self._last < 0:
            self.facts.note(decode_envelope(record or block[at:end]))
            self.main.skills.cwd = self.facts.cwd or ""
        self._last = base + at
        span = ByteSpan(0, base + at, end - at)
        if line.is_sidechain or line.parent_tool_use_id is not None:
            builder = self._side_of.get(parent) if parent is not None else None
            if builder is None or line.agent_id is not None or line.parent_tool_use_id is not None:
                builder = self._sidechain(line)
            if uuid is not None:
                self._side_of[uuid] = builder
            builder.feed(line, record, span, parent)
        else:
            self.main.feed(line, record, span, parent)

    def _before(self, parent: str) -> str | None:
        """Return the record that stands for a parent that was not seen: progress, or missing."""
        if parent in self._over:
            return self._over[parent]
        self._missing.add(parent)
        return parent

    def _progressed(self, line: Line, parent: str | None) -> None:
        """Lead the chain over a progress record, which says what the result says again."""
        news = line.data
        if line.uuid is not None:
            if line.uuid in self._over:
                self.loss.duplicate += 1
                return
            self._over[line.uuid] = parent
            if line.uuid in self._missing and not self._sorted:
                raise _OutOfOrder
        self.loss.left_out(f"progress/{news.type}" if news is not None else "progress")
        if news is not None and news.agent_id and line.progress_of:
            self.served.setdefault(news.agent_id, line.progress_of)

    def _sidechain(self, line: Line) -> Builder:
        """Return the builder of a subagent; a file that holds one alone is its own session."""
        if self.agent is None:
            self.agent = line.agent_id
        if self._alone:
            return self.main
        group = line.agent_id or line.parent_tool_use_id or line.uuid or "sidechain"
        builder = self.sidechains.get(group)
        if builder is None:
            # Its own ledger: its records are counted where they are shown.
            builder = self.sidechains[group] = Builder(LossDraft(), self._coming)
            builder.skills.cwd = self.facts.cwd or ""
        return builder

    def _repeated(self, uuid: str, record: bytes, at: int) -> bool:
        """Whether a record of that uuid said the same before.

        Streams give one uuid to all blocks of a message, so the uuid alone does not tell.
        """
        known = [self._seen[uuid], *self._more.get(uuid, ())]
        payload = _payload(record)
        if any(_payload(self._record(other)) == payload for other in known):
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
            for first, last in _parts(data, at, end):
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


def _line_by_line(block: bytes) -> tuple[list[int], list[Line]]:
    """Decode all lines of a block at one go and find their ends.

    Returns:
        Nothing when a line is blank, torn, odd, two records, or a part of one: then they have to
        be taken one by one.
    """
    try:
        lines = LINES.decode_lines(block)
    except UNREADABLE:
        return [], []
    find, size, at, ends = block.find, len(block), 0, []
    while at < size:
        end = find(b"\n", at)
        if end < 0:
            end = size
        if block[at] != 0x7B or block[end - 1] != 0x7D:
            return [], []
        ends.append(end)
        at = end + 1
    return (ends, lines) if len(ends) == len(lines) else ([], [])


def _line_ends(data: Buffer, start: int) -> Iterator[tuple[int, int]]:
    """Yield each line without its line end; blanks around it are left to the decoder."""
    find, stop = data.find, len(data)
    while start < stop:
        end = find(b"\n", start)
        if end < 0:
            end = stop
        if end - start > 1:
            yield (start, end - 1) if data[end - 1] == 13 else (start, end)
        elif end > start:
            yield start, end
        start = end + 1


def _parts(data: Buffer, at: int, end: int) -> Iterator[tuple[int, int]]:
    try:
        LINES.decode(data[at:end])
    except msgspec.ValidationError:
        yield at, end
    except UNREADABLE:
        yield from joined_values(data, at, end)
    else:
        yield at, end


def _document(data: Buffer, start: int) -> Iterator[tuple[int, int]] | None:
    """Return the records of a file that is one JSON value, None when it is lines."""
    if data[start : start + 1] == b"[":
        return array_items(data, start)
    if data[start : start + 1] != b"{":
        return None
    line_end = data.find(b"\n", start)
    first_line = data[start : line_end if line_end >= 0 else len(data)].rstrip()
    if not first_line.endswith(b"}") or b'"loglines"' in first_line[:4096]:
        for key, value, _end in object_members(data, start):
            if key == b"loglines" and data[value : value + 1] == b"[":
                return array_items(data, value)
        end = value_end(data, start)
        if end is not None and line_end >= 0 and end > line_end:
            return joined_values(data, start, len(data))
    return None


def _payload(value: bytes) -> tuple[bytes, ...] | None:
    try:
        members = _members.decode(value)
    except UNREADABLE:
        return None
    return tuple(bytes(members[key]) if key in members else b"" for key in _PAYLOAD)
