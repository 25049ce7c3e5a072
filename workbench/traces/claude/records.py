"""Records reduced to what a skeleton keeps: no text but previews, so that memory stays small."""

from __future__ import annotations

import re
from typing import Final

import msgspec
from msgspec import Raw, Struct

from workbench.domain.trajectory import CallStatus, Metrics
from workbench.traces.claude.lines import (
    Block,
    Line,
    ToolUseResult,
    Usage,
    blocks_of,
    decode_line,
    is_string,
    raw_head,
    raw_text,
    skill_entries,
)
from workbench.traces.claude.prompts import Wrapper, wrapper_of
from workbench.traces.json_values import one_line

#: Keys of a tool's input by how well they say what the call is about.
_MAIN_ARGUMENTS: Final = (
    *("skill", "command", "cmd", "file_path", "notebook_path", "absolute_path", "pattern"),
    *("url", "query", "description", "path", "name", "prompt"),
)
_EXIT_CODE: Final = re.compile(r"\s*(?:<tool_use_error>)?\s*Exit code (\d+)")
_MEDIA: Final = frozenset({"image", "document", "audio", "file"})
_LISTED: Final = re.compile(r"^- ([A-Za-z0-9][\w:.-]{0,200}?)(?::\s|:?$)", re.MULTILINE)
_REJECTED: Final = (
    "The user doesn't want to proceed with this tool use",
    "The user doesn't want to take this action",
    "User rejected",
)


class CallSeen(Struct, gc=False):
    """A tool_use block. ``argument`` is on one line; ``command`` is a shell's whole text."""

    id: str
    name: str
    argument: str
    path: str | None = None
    command: str | None = None
    skill: str | None = None
    prompt: int | None = None


class ResultSeen(Struct, gc=False):
    """A tool_result block. ``error`` is the beginning of an error's text."""

    call: str | None
    status: CallStatus
    exit_code: int | None = None
    seconds: float | None = None
    agent: str | None = None
    command: str | None = None
    error: str = ""


class SkillSeen(Struct, gc=False):
    """A skill named by a listing or a re-attached body."""

    name: str
    path: str | None = None


class Record(Struct, gc=False):
    """One record. ``parent`` is the parent uuid, over a compaction boundary the logical one.

    ``kind`` is the record's type, with its subtype after a slash where it has one.
    """

    at: int
    end: int
    kind: str
    uuid: str | None = None
    parent: str | None = None
    time: str | None = None
    agent: str | None = None
    sidechain: bool = False
    meta: bool = False
    wrapper: Wrapper | None = None
    message: str | None = None
    model: str | None = None
    metrics: Metrics | None = None
    preview: str = ""
    calls: tuple[CallSeen, ...] = ()
    results: tuple[ResultSeen, ...] = ()
    speaks: bool = False
    thinks: bool = False
    prompt: int | None = None
    source_call: str | None = None
    source_assistant: str | None = None
    skill_folder: str | None = None
    skills: tuple[SkillSeen, ...] = ()
    attributed: str | None = None
    strange: tuple[str, ...] = ()
    error: bool = False


class Facts(Struct):
    """What the records say of the whole run."""

    session: str | None = None
    version: str | None = None
    cwd: str | None = None
    titles: dict[str, str] = {}
    first_time: str | None = None
    last_time: str | None = None
    cost: float | None = None
    usage: Metrics | None = None
    results: int = 0
    failed: bool = False
    reason: str = ""


def reduce_record(data: bytes, at: int, facts: Facts, lost: list[str]) -> Record | None:
    """Return the record with these bytes, None when it is no JSON object.

    Args:
        data: the bytes of one JSON value.
        at: where they begin in the file.
        facts: gets what the record says of the whole run.
        lost: gets the names of fields of an unexpected type.
    """
    line = decode_line(data, lost)
    if line is None:
        return None
    kind, news = line.type, line.data
    if kind == "progress":
        return Record(
            at,
            at + len(data),
            f"progress/{news.type}" if news is not None else kind,
            line.uuid,
            line.parent_uuid,
            None,
            news.agent_id if news is not None else None,
            source_call=line.progress_of,
        )
    record = Record(
        at,
        at + len(data),
        f"{kind}/{line.subtype}" if line.subtype else kind,
        line.uuid,
        line.parent_uuid or line.logical_parent_uuid,
        line.timestamp,
        line.agent_id or line.parent_tool_use_id,
        line.is_sidechain or line.parent_tool_use_id is not None,
    )
    _note(facts, line)
    if line.type in ("user", "assistant") and line.message is not None:
        _message(record, line)
    elif line.type == "attachment" and line.attachment is not None:
        _attachment(record, line)
    else:
        _other(record, line)
    return record


def _note(facts: Facts, line: Line) -> None:
    if facts.session is None:
        facts.session = line.session_id or line.stream_session
    if facts.cwd is None:
        facts.cwd = line.cwd
    facts.version = line.version or line.stream_version or facts.version
    time = line.timestamp
    if time and time[0].isdigit():
        if facts.first_time is None or time < facts.first_time:
            facts.first_time = time
        if facts.last_time is None or time > facts.last_time:
            facts.last_time = time
    if line.type not in ("user", "assistant"):
        _note_envelope(facts, line)


def _note_envelope(facts: Facts, line: Line) -> None:
    for kind, title in (
        ("custom", line.custom_title),
        ("ai", line.ai_title),
        (line.type, line.summary or line.title),
    ):
        if title:
            facts.titles[kind] = one_line(title)
    if line.type == "result":
        facts.results += 1
        facts.cost = line.total_cost_usd if line.total_cost_usd is not None else facts.cost
        facts.usage = metrics_of(line.usage)
        facts.failed = bool(line.is_error) or (line.subtype or "").startswith("error")
        facts.reason = line.subtype or ""


def metrics_of(usage: Usage | None) -> Metrics | None:
    """Return the tokens with the cached ones counted as input, None when none were recorded."""
    if usage is None:
        return None
    fresh, read, written = (
        usage.input_tokens,
        usage.cache_read_input_tokens,
        usage.cache_creation_input_tokens,
    )
    total = (fresh or 0) + (read or 0) + (written or 0)
    if not total and not usage.output_tokens:
        return None  # a proxy that does not count writes zeros
    recorded = fresh is not None or read is not None or written is not None
    return Metrics(total if recorded else None, usage.output_tokens, read, written)


def _message(record: Record, line: Line) -> None:
    message = line.message
    assert message is not None
    record.meta = line.is_meta
    record.source_call = line.source_tool_use_id
    record.source_assistant = line.source_assistant
    record.attributed = line.attribution_skill
    if line.type == "assistant":
        record.message = message.id
        record.model = message.model
        record.metrics = metrics_of(message.usage)
        record.error = line.is_api_error_message
    content = message.content
    texts: list[str] = []
    if isinstance(content, str):
        texts.append(content)
    elif content is not None:
        texts = _blocks(record, content, line)
    said = next((text for text in texts if text.strip()), "")
    record.speaks = bool(texts)
    record.preview = one_line(said)
    if line.type == "user" and said:
        record.prompt = hash(said.strip())
        record.wrapper = Wrapper("compact summary") if line.is_compact_summary else wrapper_of(said)
        record.skill_folder = record.wrapper.folder if record.wrapper else None


def _blocks(record: Record, blocks: list[Block], line: Line) -> list[str]:
    """Note calls and results; return the beginnings of what the message says."""
    texts: list[str] = []
    thoughts: list[str] = []
    calls: list[CallSeen] = []
    results: list[ResultSeen] = []
    for block in blocks:
        kind = block.type
        if kind in {"tool_use", "server_tool_use"}:
            calls.append(_call(block))
        elif kind.endswith("tool_result"):
            results.append(_result(block, line.tool_use_result))
        elif kind in ("thinking", "redacted_thinking"):
            thoughts.append(raw_head(block.thinking))
        elif kind == "text":
            # A typed prompt is compared whole with the prompt a subagent was given.
            texts.append(raw_text(block.text) if line.type == "user" else raw_head(block.text))
        else:
            texts.append(f"[{kind}]")
            if kind not in _MEDIA:
                record.strange = (*record.strange, f"content block {kind}")
    record.calls = tuple(calls)
    record.results = tuple(results)
    if line.type == "assistant" and not any(texts):
        record.thinks = True
        return thoughts
    return texts


def _call(block: Block) -> CallSeen:
    name = block.name or "?"
    arguments = _arguments(block.input)
    prompt = arguments.get("prompt")
    main = next((arguments[key] for key in _MAIN_ARGUMENTS if arguments.get(key)), None)
    if main is None:
        main = raw_head(block.input) if len(memoryview(block.input)) > 2 else ""
    return CallSeen(
        id=block.id or "",
        name=name,
        argument=one_line(main),
        path=arguments.get("file_path")
        or arguments.get("notebook_path")
        or arguments.get("absolute_path"),
        command=arguments.get("command") or arguments.get("cmd"),
        skill=(arguments.get("skill") or arguments.get("command")) if name == "Skill" else None,
        prompt=hash(prompt.strip()) if prompt else None,
    )


class _Input(Struct, gc=False):
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


_input: Final = msgspec.json.Decoder(_Input)
_any_input: Final = msgspec.json.Decoder(dict[str, object])


def _arguments(raw: Raw) -> dict[str, str]:
    try:
        made = _input.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError):
        try:
            members = _any_input.decode(raw)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return {}
        return {key: value for key, value in members.items() if isinstance(value, str)}
    return {key: value for key in _MAIN_ARGUMENTS if (value := getattr(made, key))}


def _result(block: Block, kept: ToolUseResult | str | list[Raw] | None) -> ResultSeen:
    made = ResultSeen(block.tool_use_id, "ok")
    if isinstance(kept, ToolUseResult):
        made.agent = kept.agent_id
        made.command = kept.command_name
        made.exit_code = kept.exit_code
        milliseconds = kept.total_duration_ms or kept.duration_ms
        made.seconds = milliseconds / 1000 if milliseconds is not None else None
        if kept.interrupted:
            made.status = "cancelled"
        if kept.success is False:
            made.status = "error"
    if not block.is_error:
        return made
    said = raw_head(block.content)
    if not is_string(block.content):
        said = "".join(raw_head(part.text) for part in blocks_of(block.content))
    made.error = said
    if said.startswith(_REJECTED):
        made.status = "rejected"
    elif "[Request interrupted by user" in said:
        made.status = "cancelled"
    else:
        made.status = "error"
    exit_code = _EXIT_CODE.match(said)
    if exit_code:
        made.exit_code = int(exit_code.group(1)[:9])
    return made


def _attachment(record: Record, line: Line) -> None:
    attachment = line.attachment
    assert attachment is not None
    record.kind = f"attachment/{attachment.type}"
    record.meta = attachment.is_meta
    said = raw_head(attachment.prompt) or raw_head(attachment.content)
    if said[:1] == "[":
        texts = (raw_head(block.text) for block in blocks_of(attachment.prompt))
        said = next((text for text in texts if text), said)
    record.preview = one_line(said)
    record.skill_folder = attachment.skill_dir
    if attachment.type == "queued_command":
        record.wrapper = wrapper_of(said)
    names = [*(attachment.names or ()), *(attachment.skill_names or ())]
    if attachment.type == "skill_listing" and not names:
        names = _LISTED.findall(raw_text(attachment.content))
    record.skills = (
        *(SkillSeen(name) for name in names),
        *(SkillSeen(entry.name, entry.path) for entry in skill_entries(attachment.skills)),
    )


def _other(record: Record, line: Line) -> None:
    record.model = line.model
    record.meta = line.is_meta
    said = raw_head(line.content) or raw_head(line.result)
    said = said or raw_head(line.error) or line.summary or ""
    record.preview = one_line(said)
    record.error = record.kind == "system/api_error"
    if line.type == "queue-operation":
        record.kind = f"queue-operation/{line.operation}"
    elif record.kind == "system/init":
        record.skills = tuple(
            SkillSeen(entry.name, entry.path) for entry in skill_entries(line.skills)
        )
