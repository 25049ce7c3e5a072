"""JSON values with their place in the file: decoded when asked for, never without a way back.

A ``Node`` is a range of bytes that holds one JSON value. Members and items are nodes of their own;
JSON kept in a string is a node again, one layer deeper. ``span`` leads to the bytes in the file.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import msgspec

from workbench.domain.trajectory import ByteSpan
from workbench.traces.escapes import Decoded, text_of
from workbench.traces.json_values import decode, top_members
from workbench.traces.lines import array_items, object_members, skip_space
from workbench.traces.source import Buffer

Path = str | int
#: Many times faster than taking escapes off by hand.
_string: Final = msgspec.json.Decoder(str)


class _Outer:
    """The string a node stands in; the way back to its bytes is made when it is asked for."""

    __slots__ = ("_decoded", "string")

    def __init__(self, string: Node) -> None:
        self.string = string
        self._decoded: Decoded | None = None

    def raw(self, offset: int) -> int:
        """Return where the decoded byte at an offset stands among those of the string's node."""
        string = self.string
        if offset == 0:
            return string.start + 1
        if self._decoded is None:
            self._decoded = Decoded(bytes(string.data[string.start + 1 : string.end - 1]))
        return self.string.start + 1 + self._decoded.raw(offset)


class Node:
    """One JSON value of a source.

    ``source`` is the index of the source in its trajectory; ``data`` may be a part of it, which
    begins at ``base``. Two nodes are equal when they are the same bytes.
    """

    __slots__ = ("_members", "_other", "_outer", "base", "data", "end", "source", "start")

    def __init__(
        self,
        data: Buffer,
        start: int,
        end: int,
        source: int = 0,
        *,
        base: int = 0,
        outer: _Outer | None = None,
        members: dict[str, Node] | None = None,
    ) -> None:
        self.data = data
        self.base = base
        self.start = start
        self.end = end
        self.source = source
        self._outer = outer
        self._members = members
        #: Members it has not been written with.
        self._other: dict[str, Node] | None = None

    @classmethod
    def of(cls, record: bytes, source: int = 0) -> Node:
        """Return the value of a record's bytes, white space and byte order mark left out."""
        start = 3 if record[:3] == b"\xef\xbb\xbf" else 0
        return cls(record, skip_space(record, start), len(record.rstrip()), source)

    @classmethod
    def document(cls, data: Buffer, source: int = 0) -> Node:
        """Return the value a whole file holds; a torn object keeps what of it is there."""
        start = 3 if data[:3] == b"\xef\xbb\xbf" else 0
        end = len(data)
        while end > start and data[end - 1] in b" \t\r\n":
            end -= 1
        begin = min(skip_space(data, start), end)
        members = None
        if data[begin : begin + 1] == b"{":
            members = {
                key: cls(data, at, after, source) for key, (at, after) in top_members(data).items()
            }
        return cls(data, begin, end, source, members=members)

    @property
    def is_object(self) -> bool:
        """Whether the value begins as an object."""
        return self.data[self.start : self.start + 1] == b"{"

    @property
    def is_list(self) -> bool:
        """Whether the value begins as a list."""
        return self.data[self.start : self.start + 1] == b"["

    @property
    def is_string(self) -> bool:
        """Whether the value begins as a string."""
        return self.data[self.start : self.start + 1] == b'"'

    def members(self) -> dict[str, Node]:
        """Return the members of an object (nothing for another value); of equal keys the last."""
        if self._members is None:
            self._members = {}
            if self.is_object:
                for key, at, after in object_members(self.data, self.start, self.end):
                    self._members[text_of(Decoded(key).data)] = self._part(at, after)
        return self._members

    def items(self) -> list[Node]:
        """Return the items of a list, nothing for another value."""
        return list(self.each())

    def each(self) -> Iterator[Node]:
        """Yield the items of a list one by one."""
        if self.is_list:
            for at, after in array_items(self.data, self.start, self.end):
                yield self._part(at, after)

    def with_members(self, members: dict[str, Node]) -> Node:
        """Return this value as if it had other members; each still leads to its own bytes."""
        made = Node(
            self.data,
            self.start,
            self.end,
            self.source,
            base=self.base,
            outer=self._outer,
            members=members,
        )
        made.told_with(members)
        return made

    def told_with(self, members: dict[str, Node]) -> None:
        """Let the decoded value have these members instead of those that are written."""
        self._other = members

    def get(self, *path: Path) -> Node | None:
        """Return the value at a path of keys and indexes, None when it is not there or null."""
        node: Node | None = self
        for step in path:
            if node is None:
                return None
            if isinstance(step, str):
                node = node.members().get(step)
            else:
                node = next((item for at, item in enumerate(node.each()) if at == step), None)
        return None if node is None or node.is_null else node

    def value(self, *path: Path) -> Any:
        """Return the decoded value at a path, None when it is not there or is no JSON."""
        if path:
            node = self.get(*path)
            return None if node is None else node.value()
        if self._other is not None:
            return {key: member.value() for key, member in self._other.items()}
        return decode(self.raw())

    def text(self, *path: Path) -> str:
        """Return the text at a path: a string decoded, any other value as it is written."""
        node = self.get(*path) if path else self
        if node is None:
            return ""
        raw = node.raw()
        if raw == b"null":
            return ""
        if raw[:1] == b'"':
            try:
                return _string.decode(raw)
            except (msgspec.DecodeError, UnicodeDecodeError):
                pass  # torn, or with escapes only some writers make
            closed = len(raw) > 1 and raw[-1:] == b'"'
            return text_of(Decoded(raw[1:-1] if closed else raw[1:]).data)
        return text_of(raw)

    def string(self, *path: Path) -> str | None:
        """Return the text at a path when it is a string that is not empty."""
        node = self.get(*path) if path else self
        return (node.text() or None) if node is not None and node.is_string else None

    def raw(self) -> bytes:
        """Return the bytes of the value, all layers of escapes around it taken off."""
        return bytes(self.data[self.start : self.end])

    def inside(self) -> Node | None:
        """Return the JSON object or list kept in this string, None when it holds none."""
        if not self.is_string or self.end - self.start < 4:
            return None
        try:
            data = _string.decode(self.raw()).encode()
        except (msgspec.DecodeError, UnicodeDecodeError):
            data = Decoded(bytes(self.data[self.start + 1 : self.end - 1])).data
        start = skip_space(data, 0)
        if data[start : start + 1] not in (b"{", b"[") or decode(data) is None:
            return None
        return Node(data, start, len(data.rstrip()), self.source, outer=_Outer(self))

    def opened(self) -> Node:
        """Return the JSON kept in this string, or the value itself."""
        return self.inside() or self

    def span(self) -> ByteSpan:
        """Return where the value stands in the file."""
        start, end, layers = self.start, self.end, 0
        node = self
        while node._outer is not None:
            outer = node._outer
            start, end = outer.raw(start), outer.raw(end)
            node = outer.string
            layers += 1
        return ByteSpan(node.source, node.base + start, end - start, layers)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Node) and self.span() == other.span()

    def __hash__(self) -> int:
        return hash(self.span())

    @property
    def is_null(self) -> bool:
        """Whether the value is null."""
        # The length first: looking at the bytes copies them, and they may be the whole file.
        start, end = self.start, self.end
        return end - start == 4 and self.data[start:end] == b"null"

    def _part(self, start: int, end: int) -> Node:
        return Node(self.data, start, end, self.source, base=self.base, outer=self._outer)
