"""Tool calls and results, as the blocks of messages have them."""

from __future__ import annotations

import re
from typing import Final

import msgspec
from msgspec import Raw, Struct

from workbench.domain.trajectory import CallStatus
from workbench.traces.claude.drafts import CallDraft
from workbench.traces.claude.lines import (
    UNREADABLE,
    Block,
    ToolUseResult,
    blocks_of,
    is_string,
    raw_head,
)
from workbench.traces.json_values import one_line

_EXIT_CODE: Final = re.compile(r"\s*(?:<tool_use_error>)?\s*Exit code (\d+)")
_REJECTED: Final = (
    "The user doesn't want to proceed with this tool use",
    "The user doesn't want to take this action",
    "User rejected",
)


class Input(Struct, gc=False):
    """The arguments that say what a call is about, of all tools."""

    skill: str | None = None
    command: str | None = None
    cmd: str | None = None
    file_path: str | None = None
    notebook_path: str | None = None
    absolute_path: str | None = None
    pattern: str | None = None
    url: str | None = None
    query: str | None = None
    description: str | None = None
    path: str | None = None
    name: str | None = None
    prompt: str | None = None

    def main(self) -> str | None:
        """Return the argument that says most; the order was chosen for the tools of 2026."""
        return (
            self.skill
            or self.command
            or self.file_path
            or self.pattern
            or self.cmd
            or self.notebook_path
            or self.absolute_path
            or self.url
            or self.query
            or self.description
            or self.path
            or self.name
            or self.prompt
        )


_input: Final = msgspec.json.Decoder(Input)
_any_input: Final = msgspec.json.Decoder(dict[str, object])
_NAMES: Final = frozenset(Input.__struct_fields__)


def input_of(raw: Raw) -> Input:
    """Return the arguments that are texts; what is no object has none."""
    try:
        return _input.decode(raw)
    except UNREADABLE:
        pass
    try:
        members = _any_input.decode(raw)
    except UNREADABLE:
        return Input()
    return Input(
        **{key: value for key, value in members.items() if key in _NAMES and isinstance(value, str)}
    )


def argument_of(given: Input, raw: Raw) -> str:
    """Return the main argument on one line, the whole input where none is known."""
    main = given.main()
    if main is None:
        main = raw_head(raw)
        return "" if main == "{}" else one_line(main)
    if len(main) <= 200 and main.isprintable():
        return main
    return one_line(main)


def settle(call: CallDraft, block: Block, kept: object) -> str:
    """Note in a call how it ended; return the beginning of an error's text, else "".

    Args:
        call: gets status, exit code and duration.
        block: the result the model was given.
        kept: ``toolUseResult``, what the client kept of it.
    """
    status: CallStatus = "ok"
    if isinstance(kept, ToolUseResult):
        if kept.exit_code is not None:
            call.exit_code = kept.exit_code
        seconds = kept.total_duration_ms or kept.duration_ms
        if seconds is not None or kept.total_duration_ms is not None:
            call.seconds = (seconds or 0) / 1000
        if kept.interrupted:
            status = "cancelled"
        elif kept.success is False:
            status = "error"
    if not block.is_error:
        call.status = status
        return ""
    said = raw_head(block.content)
    if said[:1] == "[" and not is_string(block.content):
        said = "".join(raw_head(part.text) for part in blocks_of(block.content)) or said
    if said.startswith(_REJECTED):
        call.status = "rejected"
    elif "[Request interrupted by user" in said:
        call.status = "cancelled"
    else:
        call.status = "error"
    exit_code = _EXIT_CODE.match(said)
    if exit_code:
        call.exit_code = int(exit_code.group(1)[:9])
    return said
