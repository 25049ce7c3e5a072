"""The records of Claude Code as typed values: what the skeleton needs, the rest left as raw JSON.

Keys and shares of the records: claude-code sessions 2.0.64 to 2.1.42 and public fixtures of later
versions; Anthropic calls the format internal and changes it in any release, so every key may be
absent and a key of an unexpected type loses that key, never the record.
"""

from __future__ import annotations

import re
import typing
from collections.abc import Iterator
from types import UnionType
from typing import Any, Final, TypeVar

import msgspec
from msgspec import Raw, Struct, field

from workbench.traces.escapes import Decoded, text_of

_EMPTY: Final = Raw()
#: So many bytes of a text are enough to show what it is.
HEAD: Final = 480
#: The model of answers that the client wrote itself.
SYNTHETIC: Final = "<synthetic>"
_Made = TypeVar("_Made", bound=Struct)


class Block(Struct, gc=False):
    """A content block of a message."""

    type: str = ""
    text: Raw = _EMPTY
    thinking: Raw = _EMPTY
    id: str | None = None
    name: str | None = None
    input: Raw = _EMPTY
    tool_use_id: str | None = None
    content: Raw = _EMPTY
    is_error: bool | None = None
    source: Raw = _EMPTY


class Usage(Struct, gc=False):
    """Tokens of one API answer; ``input_tokens`` leaves the cached ones out."""

    input_tokens: int | None = None
    output_tokens: int | None = None
    cache_creation_input_tokens: int | None = None
    cache_read_input_tokens: int | None = None


class Message(Struct, gc=False):
    """The API's message inside a record."""

    id: str | None = None
    model: str | None = None
    content: str | list[Block] | None = None
    usage: Usage | None = None


class ToolUseResult(Struct, gc=False, rename="camel"):
    """What the client keeps of a result besides the model's view of it."""

    agent_id: str | None = None
    command_name: str | None = None
    success: bool | None = None
    interrupted: bool | None = None
    duration_ms: float | None = None
    total_duration_ms: float | None = None
    exit_code: int | None = None


class ProgressNews(Struct, gc=False, rename="camel"):
    """The ``data`` of a progress record."""

    type: str = ""
    agent_id: str | None = None


class SkillEntry(Struct, gc=False):
    """A skill in a list; stream-json has bare names, attachments objects."""

    name: str = ""
    path: str | None = None


class Attachment(Struct, gc=False, rename="camel"):
    """What newer versions put between the messages."""

    type: str = ""
    content: Raw = _EMPTY
    prompt: Raw = _EMPTY
    names: list[str] | None = None
    skills: list[SkillEntry | str] | None = None
    skill_names: list[str] | None = None
    skill_dir: str | None = None
    is_meta: bool = False


class Line(Struct, gc=False, rename="camel"):
    """One record of a session, a stream-json output or a web export: what nearly all have."""

    type: str = ""
    subtype: str | None = None
    uuid: str | None = None
    parent_uuid: str | None = None
    logical_parent_uuid: str | None = None
    timestamp: str | None = None
    agent_id: str | None = None
    is_sidechain: bool = False
    is_meta: bool = False
    is_compact_summary: bool = False
    is_api_error_message: bool = False
    source_tool_use_id: str | None = field(default=None, name="sourceToolUseID")
    source_assistant: str | None = field(default=None, name="sourceToolAssistantUUID")
    parent_tool_use_id: str | None = field(default=None, name="parent_tool_use_id")
    progress_of: str | None = field(default=None, name="parentToolUseID")
    message: Message | None = None
    tool_use_result: ToolUseResult | str | list[Raw] | None = None
    data: ProgressNews | None = None
    attribution_skill: str | None = None


class Envelope(Struct, gc=False, rename="camel"):
    """What is the same in all records, and what only records of rare kinds have."""

    type: str = ""
    subtype: str | None = None
    session_id: str | None = None
    stream_session: str | None = field(default=None, name="session_id")
    version: str | None = None
    stream_version: str | None = field(default=None, name="claude_code_version")
    cwd: str | None = None
    attachment: Attachment | None = None
    operation: str | None = None
    content: Raw = _EMPTY
    error: Raw = _EMPTY
    summary: str | None = None
    title: str | None = None
    ai_title: str | None = None
    custom_title: str | None = None
    model: str | None = None
    skills: list[SkillEntry | str] | None = None
    result: Raw = _EMPTY
    is_error: bool | None = field(default=None, name="is_error")
    total_cost_usd: float | None = field(default=None, name="total_cost_usd")
    usage: Usage | None = None


LINES: Final = msgspec.json.Decoder(Line)
_envelopes: Final = msgspec.json.Decoder(Envelope)
_members: Final = msgspec.json.Decoder(dict[str, Raw])
_items: Final = msgspec.json.Decoder(list[Raw])
_blocks: Final = msgspec.json.Decoder(list[Block])
_text: Final = msgspec.json.Decoder(str)
UNREADABLE: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)

#: Escapes as they should be, or what no JSON parser takes: half a surrogate pair, a backslash
#: before any other character, a control character.
_MENDING: Final = re.compile(
    rb"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
    rb"|(\\u[dD][89a-fA-F][0-9a-fA-F]{2})"
    rb'|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})'
    rb"|(\\)|([\x00-\x08\x0b\x0c\x0e-\x1f])"
)


def decode_line(record: bytes, lost: list[str] | None = None) -> Line | None:
    """Return the record, or None when it is no JSON object.

    Args:
        record: one JSON value.
        lost: gets the names of fields whose type was not the expected one.
    """
    return _decode(LINES, record, lost)


def decode_envelope(record: bytes) -> Envelope:
    """Return the other fields of a record, an empty envelope when it is no JSON object."""
    return _decode(_envelopes, record, None) or Envelope()


def _decode(
    decoder: msgspec.json.Decoder[_Made], record: bytes, lost: list[str] | None
) -> _Made | None:
    kind: type[_Made] = decoder.type
    try:
        return decoder.decode(record)
    except msgspec.ValidationError:
        return _lenient(kind, record, lost if lost is not None else [])
    except UNREADABLE:
        pass
    mended = _MENDING.sub(_mend, text_of(record).encode("utf-8", "replace"))
    try:
        return decoder.decode(mended)
    except msgspec.ValidationError:
        return _lenient(kind, mended, lost if lost is not None else [])
    except UNREADABLE:
        return None


def blocks_of(raw: Raw) -> list[Block]:
    """Return a list of content blocks, empty when ``raw`` is none."""
    try:
        return _blocks.decode(raw)
    except msgspec.ValidationError:
        return list(_lenient_items(Block, bytes(raw), []))
    except UNREADABLE:
        return []


def raw_text(raw: Raw) -> str:
    """Return the text of a JSON string, or other JSON as it is written; "" for null or nothing."""
    try:
        return _text.decode(raw)
    except UNREADABLE:
        pass
    data = bytes(raw)
    if not data or data == b"null":
        return ""
    return text_of(Decoded(data[1:-1]).data if data[:1] == b'"' else data)


def raw_head(raw: Raw, limit: int = HEAD) -> str:
    """Return about the first ``limit`` bytes of ``raw_text``, without looking at the rest."""
    whole = memoryview(raw)
    if len(whole) <= limit:
        return raw_text(raw)
    data = bytes(whole[:limit])
    if data[:1] != b'"':
        return data.decode("utf-8", "ignore")
    if b"\\" not in data:
        return data[1:].decode("utf-8", "ignore")
    # An escape that the limit cut in two is left out; the fast decoder takes whole ones alone.
    cut = data.rfind(b"\\", limit - 12)
    while cut > 0 and data[cut - 1 : cut] == b"\\":
        cut -= 1
    try:
        return _text.decode((data[:cut] if cut > 0 else data) + b'"')
    except UNREADABLE:
        return Decoded(data[1:]).data.decode("utf-8", "ignore")


def is_string(raw: Raw) -> bool:
    """Whether the raw JSON is a string."""
    return bytes(memoryview(raw)[:1]) == b'"'


def skill_entries(entries: list[SkillEntry | str] | None) -> Iterator[SkillEntry]:
    """Yield skills of a list that holds names or objects."""
    for entry in entries or ():
        yield SkillEntry(entry) if isinstance(entry, str) else entry


def _mend(found: re.Match[bytes]) -> bytes:
    half, stray, control = found.groups()
    if half:
        return rb"\ufffd"
    if stray:
        return rb"\\"
    return b" " if control else found.group()


def _lenient(kind: type[_Made], record: bytes, lost: list[str]) -> _Made | None:
    """Decode field by field; a field of another type is lost and named."""
    try:
        members = _members.decode(record)
    except UNREADABLE:
        return None
    known: dict[str, Any] = {}
    for entry in msgspec.structs.fields(kind):
        raw = members.get(entry.encode_name)
        if raw is None:
            continue
        value = _field(entry.type, bytes(raw), lost)
        if value is _LOST:
            lost.append(entry.encode_name)
        else:
            known[entry.name] = value
    return kind(**known)


_LOST: Final = object()


def _field(kind: Any, raw: bytes, lost: list[str]) -> Any:
    try:
        return msgspec.json.decode(raw, type=kind)
    except UNREADABLE:
        pass
    for choice in _choices(kind):
        if isinstance(choice, type) and issubclass(choice, Struct) and raw[:1] == b"{":
            return _lenient(choice, raw, lost)
        if typing.get_origin(choice) is list and raw[:1] == b"[":
            inner = typing.get_args(choice)[0]
            structs = [c for c in _choices(inner) if isinstance(c, type) and issubclass(c, Struct)]
            if structs:
                return list(_lenient_items(structs[0], raw, lost))
    return _LOST


def _choices(kind: Any) -> tuple[Any, ...]:
    return typing.get_args(kind) if isinstance(kind, UnionType) else (kind,)


def _lenient_items(kind: type[_Made], raw: bytes, lost: list[str]) -> Iterator[_Made]:
    try:
        entries = _items.decode(raw)
    except UNREADABLE:
        return
    for entry in entries:
        record = bytes(entry)
        if kind is Block and record[:1] == b'"':
            # A block written as its text alone.
            record = b'{"type":"text","text":' + record + b"}"
        made = _lenient(kind, record, lost)
        if made is not None:
            yield made
