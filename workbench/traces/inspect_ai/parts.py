"""The parts of a sample, wherever the layout keeps them, and texts kept as attachments."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

import msgspec

from workbench.traces.escapes import text_of
from workbench.traces.json_nodes import Node
from workbench.traces.json_values import decode, integer
from workbench.traces.talk import Asked, Observed, Said

_REFERENCE: Final = re.compile(r"attachment://([0-9a-f]{32}|\d{1,18})(?![0-9a-f])")
_REFERENCE_BYTES: Final = re.compile(_REFERENCE.pattern.encode())


class Sample:
    """One sample: its record, its messages, events and attachments as nodes."""

    def __init__(self, shell: Node, chunks: Sequence[tuple[str, int, Node]] = ()) -> None:
        """Join a sample.

        Args:
            shell: the sample's own object.
            chunks: kind, first index and list of each chunk, in any order.
        """
        self.shell = shell
        kept = sorted(chunks, key=lambda chunk: chunk[1])
        self._chunks = {
            kind: [(first, node) for name, first, node in kept if name == kind]
            for kind in ("messages", "events", "attachments")
        }
        self._pool: list[Node] | None = None
        attachments = shell.get("attachments")
        self._attachments = attachments.members() if attachments is not None else {}
        self._numbered: dict[int, Node] | None = None

    def messages(self) -> list[Node]:
        """Return the messages of the conversation."""
        listed = self.shell.get("messages")
        if listed is not None and listed.is_list:
            return listed.items()
        references = self.shell.value("message_refs")
        if references is None:
            return []
        return self.referred(references)

    def events(self) -> Iterator[Node]:
        """Yield all events in order, those nested in older tool events after their own."""
        listed = self.shell.get("events") or self.shell.get("transcript", "events")
        sources = [listed] if listed is not None else []
        for node in (*sources, *(node for _, node in self._chunks["events"])):
            yield from _flat(node.each())

    def referred(self, ranges: Any) -> list[Node]:
        """Return the messages that ``[[start, end), ...]`` names in the pool."""
        if self._pool is None:
            self._pool = self._read_pool()
        found: list[Node] = []
        for pair in ranges if isinstance(ranges, list) else ():
            if isinstance(pair, list) and len(pair) == 2:
                start, end = (integer(number) for number in pair)
                if start is not None and end is not None and 0 <= start <= end:
                    found += self._pool[start:end]
        return found

    def attachments(self, node: Node) -> list[Node]:
        """Return the attachments a record refers to, each once, in the order they are named.

        A name that leads nowhere ends the list: which text belongs to which name is told by order.
        """
        found: list[Node] = []
        for name in references(node.raw()):
            one = self._attachment(name)
            if one is None:
                break
            found.append(one)
        return found

    def _attachment(self, name: str) -> Node | None:
        if name in self._attachments:
            return self._attachments[name]
        if self._numbered is None:
            self._numbered = {
                first + at: node
                for first, chunk in self._chunks["attachments"]
                for at, node in enumerate(chunk.each())
            }
        return self._numbered.get(int(name)) if name.isdigit() and len(name) < 19 else None

    def _read_pool(self) -> list[Node]:
        if self._chunks["messages"]:
            return [node for _, chunk in self._chunks["messages"] for node in chunk.each()]
        listed = self.shell.get("events_data", "messages") or self.shell.get("message_pool")
        return listed.items() if listed is not None else []


def references(raw: bytes) -> list[str]:
    """Return the names of the attachments in a record, each once, in order."""
    if b"attachment://" not in raw:
        return []
    return list(dict.fromkeys(name.decode() for name in _REFERENCE_BYTES.findall(raw)))


def attached_texts(raw: bytes, attachments: Iterable[bytes]) -> dict[str, str]:
    """Return the texts of the attachments a record refers to, by name."""
    texts = (Node.of(record).text() for record in attachments)
    return dict(zip(references(raw), texts, strict=False))


def with_attachments(said: Said, texts: Mapping[str, str]) -> Said:
    """Return what is said with the attachments' texts in the place of their names."""
    if not texts:
        return said
    return msgspec.structs.replace(
        said,
        text=_put(said.text, texts),
        reasoning=_put(said.reasoning, texts),
        calls=tuple(
            Asked(call.id, call.name, _put_in_json(call.arguments, texts)) for call in said.calls
        ),
    )


def observed_with_attachments(seen: Observed, texts: Mapping[str, str]) -> Observed:
    """Return what was observed with the attachments' texts in it."""
    return Observed(_put(seen.text, texts), seen.media) if texts else seen


def _put(text: str, texts: Mapping[str, str]) -> str:
    return _REFERENCE.sub(lambda found: texts.get(found.group(1), found.group()), text)


def _put_in_json(text: str, texts: Mapping[str, str]) -> str:
    """Put texts into JSON, escaped, so that it stays JSON."""
    if "attachment://" not in text:
        return text
    if decode(text.encode("utf-8", "surrogatepass")) is None:
        return _put(text, texts)
    escaped = {
        name: text_of(msgspec.json.encode(one.encode("utf-8", "replace").decode()))[1:-1]
        for name, one in texts.items()
    }
    return _put(text, escaped)


def _flat(events: Iterable[Node], depth: int = 0) -> Iterator[Node]:
    for node in events:
        yield node
        if depth < 8 and node.is_object:
            inner = node.get("events")
            if inner is not None:
                yield from _flat(inner.each(), depth + 1)
