"""All records of a file, each once, with the account of what was not understood."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import msgspec
from msgspec import Raw

from workbench.domain.trajectory import ByteSpan
from workbench.traces.claude.records import Facts, Record, reduce_record
from workbench.traces.draft import LossDraft
from workbench.traces.importer import Progress
from workbench.traces.lines import (
    array_items,
    joined_values,
    line_ranges,
    object_members,
    skip_space,
    value_end,
)
from workbench.traces.source import Buffer, SourceBytes

_members: Final = msgspec.json.Decoder(dict[str, Raw])
#: What a record says, beside the envelope that a resume writes anew.
_PAYLOAD: Final = ("type", "subtype", "message", "attachment", "data", "content", "summary")
_TICK: Final = 4 << 20


class Reading:
    """The records of one file, in file order.

    Progress records take part in the chain and say nothing else: their children hang on the
    record before them, and ``progress`` keeps those that tell which call a subagent serves.
    """

    def __init__(self, source: SourceBytes, progress: Progress | None = None) -> None:
        self.source = source
        self.records: list[Record] = []
        self.facts = Facts(titles={})
        self.loss = LossDraft()
        self.progress: list[Record] = []
        self._by_uuid: dict[str, Record] = {}
        self._more: dict[str, list[Record]] = {}
        self._over: dict[str, str | None] = {}
        self._read(progress)
        self._close_chain()

    def _read(self, progress: Progress | None) -> None:
        data = self.source.data
        told = 0
        for at, end in record_ranges(data):
            if not self._take(bytes(data[at:end]), at):
                self._take_joined(at, end)
            if progress is not None and end - told >= _TICK:
                told = end
                progress(end / max(1, len(data)))

    def _take_joined(self, at: int, end: int) -> None:
        data = self.source.data
        parts = list(joined_values(data, at, end))
        for first, last in parts:
            if len(parts) < 2 or not self._take(bytes(data[first:last]), first):
                self.loss.unparsed.append(ByteSpan(0, first, last - first))

    def _take(self, value: bytes, at: int) -> bool:
        lost: list[str] = []
        record = reduce_record(value, at, self.facts, lost)
        if record is None:
            return False
        if lost:
            self.loss.lost_fields.update(lost)
        uuid, parent = record.uuid, record.parent
        if uuid is not None and self._repeated(uuid, record, value):
            self.loss.duplicate += 1
            return True
        if parent in self._over:
            record.parent = self._over[parent]
        if record.kind.startswith("progress"):
            self.loss.left_out(record.kind)
            if uuid is not None:
                self._over[uuid] = record.parent
            if record.agent is not None:
                self.progress.append(record)
            return True
        self.records.append(record)
        return True

    def _repeated(self, uuid: str, record: Record, value: bytes) -> bool:
        known = self._by_uuid.setdefault(uuid, record)
        if known is record:
            return False
        others = self._more.setdefault(uuid, [])
        if any(self._same(value, other) for other in (known, *others)):
            return True
        others.append(record)
        return False

    def _close_chain(self) -> None:
        """Lead over progress records that came after their children in the file."""
        over = self._over
        for record in self.records:
            seen = 0
            while record.parent in over and seen < len(over):
                record.parent = over[record.parent]
                seen += 1

    def _same(self, value: bytes, other: Record) -> bool:
        """Whether two records of one uuid say the same.

        Streams give one uuid to all blocks of a message, so the uuid alone does not tell.
        """
        return _payload(value) == _payload(bytes(self.source.data[other.at : other.end]))


def _payload(value: bytes) -> tuple[bytes, ...] | None:
    try:
        members = _members.decode(value)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return tuple(bytes(members[key]) if key in members else b"" for key in _PAYLOAD)


def record_ranges(data: Buffer) -> Iterator[tuple[int, int]]:
    """Yield the range of each record: of lines, a web export, a list, or a single document.

    A line may hold several records joined with nothing between; they are told apart when the
    line cannot be decoded, because looking for them in every line costs more than decoding.
    """
    start = skip_space(data, 3 if data[:3] == b"\xef\xbb\xbf" else 0)
    document = _document(data, start)
    if document is not None:
        yield from document
        return
    yield from line_ranges(data)


def _document(data: Buffer, start: int) -> Iterator[tuple[int, int]] | None:
    """Return the records of a file that is one JSON value, None when it is lines."""
    if data[start : start + 1] == b"[":
        return array_items(data, start)
    if data[start : start + 1] != b"{":
        return None
    line_end = data.find(b"\n", start)
    first_line = bytes(data[start : line_end if line_end >= 0 else len(data)]).rstrip()
    if not first_line.endswith(b"}") or b'"loglines"' in first_line[:4096]:
        for key, value, _end in object_members(data, start):
            if key == b"loglines" and data[value : value + 1] == b"[":
                return array_items(data, value)
        end = value_end(data, start)
        if end is not None and line_end >= 0 and end > line_end:
            return joined_values(data, start, len(data))
    return None
