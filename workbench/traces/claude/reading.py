"""All records of a file, each once, fed to those whose trajectory they belong to."""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, Final

from workbench.domain.trajectory import ByteSpan
from workbench.traces.claude.build import Builder
from workbench.traces.claude.drafts import PLACE_BITS, StepDraft, forget
from workbench.traces.claude.facts import Facts
from workbench.traces.claude.late import catch_up
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
    Line,
    decode_envelope,
    decode_line,
)
from workbench.traces.claude.order import Place, chained
from workbench.traces.claude.tally import Tally
from workbench.traces.draft import LossDraft
from workbench.traces.importer import Progress
from workbench.traces.lines import (
    joined_values,
    skip_space,
    value_end,
)
from workbench.traces.source import SourceBytes

_TICK: Final = 4 << 20
_BLANK: Final = re.compile(rb"\s*")
_SPOKEN: Final = ("user", "assistant")
_SNAPSHOT: Final = "file-history-snapshot"
#: Records that tell nothing of the whole run which others do not tell.
_SAYS_NOTHING: Final = frozenset({*_SPOKEN, _SNAPSHOT, "queue-operation"})


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
                    self._sorted, self._may_wait = True, False
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
        self._seen: dict[str, StepDraft | Tally | None] = {}
        self.main = Builder(self.loss, self._seen, self._coming)
        self.sidechains: dict[str, Builder] = {}
        self._parts = [self.main]
        self.served: dict[str, str] = {}
        self.last_time: str | None = None
        self.agent: str | None = None
        self._alone, self._sorted = self._companion, False
        #: Whether records of subagents are the main ones of this file.
        self._takes_all = False
        #: Steps of subagents can wait where their bytes can be had again.
        self._may_wait = self.source.is_file
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
        seen: dict[str, Any] = self._seen
        missing, over, main = self._missing, self._over, self.main
        offsets, places, alone, last, at = self._offsets, self._at, self._alone, -1, 0
        rows = enumerate(lines)
        for number, line in rows:
            start, end = at, ends[number]
            at = end + 1
            uuid, message = line.uuid, line.message
            if message is None:
                kind = line.type
                if kind == "progress":
                    self._progressed(line)
                    continue
                if uuid is None and kind == _SNAPSHOT and self._last >= 0 and not line.subtype:
                    last = base + start
                    main.shows_nothing(kind)
                    continue
            elif uuid is not None and uuid not in seen and not (missing and uuid in missing):
                parent = line.parent_uuid or ""
                above = seen.get(parent)
                if above is None and parent in over and parent not in seen:
                    parent = over[parent] or ""
                    above = seen.get(parent)
                if above is None:
                    pass
                elif (
                    above.part or alone or line.is_sidechain or line.parent_tool_use_id is not None
                ):
                    after = self._follow(lines, ends, number, parent, base)
                    if after > number:
                        at = ends[after - 1] + 1
                        taken = after - number - 1
                        next(islice(rows, taken, taken), None)
                        continue
                else:
                    place = base + start << PLACE_BITS | (end - start)
                    shown = main.follows(line, message, above, place, parent)
                    if shown is not None:
                        seen[uuid] = shown
                        last = base + start
                        offsets.append(last)
                        if places is not None:
                            places[uuid] = last
                        continue
            self._take(line, block, start, end, base)
            places = self._at
        self._last = max(self._last, last)

    def _follow(
        self, lines: list[Line], ends: list[int], number: int, parent: str, base: int
    ) -> int:
        """Take records of a subagent, the first of which hangs from a step.

        Returns:
            The number of the first record that has to go the long way, or is another's.
        """
        line, above = lines[number], self._seen[parent]
        if isinstance(above, Tally):
            waiting: Tally | None = above
        elif line.parent_tool_use_id is not None or above is None:
            return number
        elif above.part:
            builder = self._parts[above.part]
            if (line.agent_id or "") != builder.agent or not (line.is_sidechain or self._takes_all):
                return number
            waiting = builder.waiting
        elif line.is_sidechain and not self._takes_all:
            return number
        else:
            builder, waiting = self.main, self.main.waiting
        after = number
        if waiting is not None:
            after = waiting.takes(lines, number, parent, self._seen, self._missing)
        elif isinstance(above, StepDraft) and line.message is not None:
            start = base + (ends[number - 1] + 1 if number else 0)
            place = start << PLACE_BITS | (base + ends[number] - start)
            shown = builder.follows(line, line.message, above, place)
            if shown is not None:
                self._seen[line.uuid or ""] = shown
                after += 1
        if after == number:
            return number
        starts = [base + end + 1 for end in ends[number : after - 1]]
        starts.insert(0, base + (ends[number - 1] + 1 if number else 0))
        if waiting is not None:
            waiting.keep(starts[0], base + ends[after - 1])
            if isinstance(above, StepDraft):
                waiting.above[parent] = above
        self._offsets.extend(starts)
        if self._at is not None:
            self._at.update(
                (one.uuid or "", start)
                for one, start in zip(lines[number:after], starts, strict=True)
            )
        self._last = starts[-1]
        return after

    def _take(self, line: Line, block: bytes, at: int, end: int, base: int) -> None:
        """Take a record, which lies from ``at`` to ``end`` in a block that begins at ``base``."""
        kind, uuid, seen, offset = line.type, line.uuid, self._seen, base + at
        if kind == "progress":
            self._progressed(line)
            return
        parent = line.parent_uuid or line.logical_parent_uuid
        above: StepDraft | Tally | None = None
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
        if builder.waiting is not None:
            self.catch_up(builder)
            above = seen.get(parent) if parent is not None else None
        if isinstance(above, Tally) or (above is not None and above.part != builder.number):
            above = builder.also.get(parent or "")
        if again:
            builder.repeated()
        shown = builder.feed(line, record, offset << PLACE_BITS | (end - at), parent, above)
        if self._may_wait and (builder.number or self._companion):
            builder.wait(line.agent_id if self._companion else builder.agent or None)
        if uuid is None:
            return
        if again and seen[uuid] is not None:
            if shown is not None:
                builder.also.setdefault(uuid, shown)
        else:
            seen[uuid] = shown
            if sidechain and shown is None:
                self._side_of[uuid] = builder

    def catch_up(self, builder: Builder) -> None:
        """Make the steps of a subagent that wait: there is a record that they bear upon."""
        self._seen.update(catch_up(builder, self.source.read))

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
        if news is None:
            self.loss.left_out("progress")
            return
        self.loss.ignored[f"progress/{news.type}"] += 1
        if news.agent_id and line.progress_of:
            self.served.setdefault(news.agent_id, line.progress_of)

    def _sidechain(
        self, line: Line, parent: str | None, above: StepDraft | Tally | None
    ) -> Builder:
        """Return the builder of a subagent; a file that holds one alone is its own session."""
        agent = line.agent_id
        if agent is None and line.parent_tool_use_id is None and parent is not None:
            if above is not None and above.part:
                return self._parts[above.part]
            if parent in self._side_of:
                return self._side_of[parent]
        if self.agent is None:
            self.agent = agent
        self._takes_all = self._alone and self.agent is not None
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
