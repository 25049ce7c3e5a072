"""Every kind of skill event over the formats that can record it, and what is no use at all.

The table follows the reference of traces, sections 8.1 and 8.2: each format has its own way to
say that a skill was offered, asked for, loaded, read from, run, edited or lost.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.unit.traces.claude_records import Session, call
from tests.unit.traces.opening import lines, opened
from workbench.domain.trajectory import SkillEvent

_PDF = "/home/me/.agents/skills/pdf"
Short = tuple[str, str, str]


def _found(folder: Path, data: bytes | object) -> list[SkillEvent]:
    with opened(folder, data) as trace:
        return list(trace.trajectory.skill_events)


def _short(events: list[SkillEvent]) -> list[Short]:
    return [(one.skill, one.kind, one.trigger) for one in events]


# One small conversation for each format: a call of a tool by name, with its result.


def _chat(name: str, given: dict[str, Any], result: str, failed: bool) -> object:
    asked = {"id": "c", "type": "function"}
    asked["function"] = {"name": name, "arguments": json.dumps(given)}  # type: ignore[assignment]
    return [
        {"role": "user", "content": "Make a PDF"},
        {"role": "assistant", "content": "", "tool_calls": [asked]},
        {"role": "tool", "tool_call_id": "c", "content": result},
    ]


def _gemini(name: str, given: dict[str, Any], result: str, failed: bool) -> object:
    said = {"error" if failed else "output": result}
    made = {"id": "c", "name": name, "args": given, "status": "error" if failed else "success"}
    made["result"] = [{"functionResponse": {"id": "c", "name": name, "response": said}}]
    agent = {"id": "a", "type": "gemini", "content": "", "toolCalls": [made]}
    return {
        "sessionId": "s",
        "projectHash": "h",
        "messages": [{"id": "u", "type": "user", "content": "Make a PDF"}, agent],
    }


def _opencode(name: str, given: dict[str, Any], result: str, failed: bool) -> object:
    state = {"status": "error" if failed else "completed", "input": given}
    state["error" if failed else "output"] = result
    part = {"type": "tool", "callID": "c", "tool": name, "state": state}
    info = {"id": "m", "sessionID": "s", "role": "assistant"}
    return {"info": {"id": "s"}, "messages": [{"info": info, "parts": [part]}]}


def _pi(name: str, given: dict[str, Any], result: str, failed: bool) -> bytes:
    said = {"type": "toolCall", "id": "c", "name": name, "arguments": given}
    back = {"role": "toolResult", "toolCallId": "c", "toolName": name, "isError": failed}
    back["content"] = [{"type": "text", "text": result}]
    return lines(
        {"type": "session", "version": 3, "id": "s", "cwd": "/w", "timestamp": "2026-01-01"},
        {"type": "message", "id": "1", "parentId": None,
         "message": {"role": "assistant", "content": [said]}},
        {"type": "message", "id": "2", "parentId": "1", "message": back},
    )  # fmt: skip


def _atif(name: str, given: dict[str, Any], result: str, failed: bool) -> object:
    asked = {"tool_call_id": "c", "function_name": name, "arguments": given}
    answer = {"source_call_id": "c", "content": result, "extra": {"is_error": failed}}
    step = {"step_id": 1, "source": "agent", "message": "", "tool_calls": [asked]}
    step["observation"] = {"results": [answer]}
    return {"schema_version": "ATIF-v1.7", "agent": {"name": "x", "version": "1"}, "steps": [step]}


def _claude(name: str, given: dict[str, Any], result: str, failed: bool) -> bytes:
    session = Session()
    session.prompt("Make a PDF")
    session.says(call("c", name, **given))
    session.result("c", result, error=failed)
    return session.data()


def _codex(name: str, given: dict[str, Any], result: str, failed: bool) -> bytes:
    asked = {"type": "function_call", "name": name, "call_id": "c", "arguments": json.dumps(given)}
    said = f"Exit code: {1 if failed else 0}\nOutput:\n{result}"
    back = {"type": "function_call_output", "call_id": "c", "output": said}
    meta = {"type": "session_meta", "payload": {"id": "s", "cwd": "/w"}}
    return lines(meta, *({"type": "response_item", "payload": one} for one in (asked, back)))


Build = Callable[[str, dict[str, Any], str, bool], object]
_LOADED = [("pdf", "requested", "model"), ("pdf", "loaded", "model")]
_FAILED = [("pdf", "requested", "model"), ("pdf", "load_failed", "model")]


@pytest.mark.parametrize(
    ("build", "tool", "given"),
    [
        (_claude, "Skill", {"skill": "pdf"}),
        (_gemini, "activate_skill", {"name": "pdf"}),
        (_opencode, "skill", {"name": "pdf"}),
        (_chat, "skill_view", {"name": "pdf"}),
        (_chat, "mcp__skills__load_skill", {"skill_name": "pdf"}),
        (_atif, "Skill", {"skill": "pdf"}),
        (_atif, "read_skill", {"name": "pdf"}),
        (_pi, "invoke_skill", {"name": "pdf"}),
    ],
)
def test_a_tool_for_skills_requests_one_and_its_result_loads_it(
    build: Build, tool: str, given: dict[str, Any], tmp_path: Path
) -> None:
    events = _found(tmp_path, build(tool, given, "# PDF\nFill the form.", False))
    assert _short(events) == _LOADED
    assert {one.confidence for one in events} == {"explicit"}


@pytest.mark.parametrize(
    ("build", "tool", "given"),
    [
        (_claude, "Skill", {"skill": "pdf"}),
        (_gemini, "activate_skill", {"name": "pdf"}),
        (_opencode, "skill", {"name": "pdf"}),
        (_atif, "Skill", {"skill": "pdf"}),
        (_pi, "invoke_skill", {"name": "pdf"}),
    ],
)
def test_a_load_that_failed_says_why(
    build: Build, tool: str, given: dict[str, Any], tmp_path: Path
) -> None:
    events = _found(tmp_path, build(tool, given, "Unknown skill: pdf", True))
    assert _short(events) == _FAILED
    if build is not _atif:  # its error flag has no words of its own
        assert "Unknown skill: pdf" in events[1].detail


def test_a_request_without_a_result_loads_nothing(tmp_path: Path) -> None:
    messages = _chat("load_skill", {"name": "pdf"}, "", False)
    assert isinstance(messages, list)
    assert _short(_found(tmp_path, messages[:-1])) == [("pdf", "requested", "model")]


def test_the_evidence_of_a_load_is_the_result(tmp_path: Path) -> None:
    data = json.dumps(_chat("load_skill", {"name": "pdf"}, "# PDF", False)).encode()
    asked, loaded = (one.evidence for one in _found(tmp_path, data))
    assert b"load_skill" in data[asked.offset :][: asked.length]
    assert b"# PDF" in data[loaded.offset :][: loaded.length]


_SHELL = {
    _claude: ("Bash", "command"),
    _gemini: ("run_shell_command", "command"),
    _opencode: ("bash", "command"),
    _pi: ("bash", "command"),
    _chat: ("execute_bash", "command"),
    _atif: ("bash", "command"),
    _codex: ("shell_command", "command"),
}
_USES: list[tuple[str, list[Short]]] = [
    (f"cat {_PDF}/SKILL.md", [("pdf", "loaded", "inferred")]),
    (f"timeout 30 sed -n 1,80p {_PDF}/SKILL.md", [("pdf", "loaded", "inferred")]),
    (f"head {_PDF}/references/forms.md", [("pdf", "resource_read", "inferred")]),
    (f"poetry run python {_PDF}/scripts/fill.py a", [("pdf", "script_run", "inferred")]),
    (f"sed -Ei s/a/b/ {_PDF}/SKILL.md", [("pdf", "edited", "inferred")]),
    (f"perl -pi -e s/a/b/ {_PDF}/SKILL.md", [("pdf", "edited", "inferred")]),
    (f"cp draft.md {_PDF}/SKILL.md", [("pdf", "edited", "inferred")]),
    (f"cat draft.md > {_PDF}/SKILL.md", [("pdf", "edited", "inferred")]),
    # No use at all
    (f"cat {_PDF}/SKILL.md > /tmp/copy.md", []),
    (f"git diff {_PDF}/SKILL.md", []),
    (f"git show HEAD:{_PDF}/SKILL.md", []),
    (f"git log -p -- {_PDF}/SKILL.md", []),
    (f"grep -n form {_PDF}/SKILL.md", []),
    (f"rg form {_PDF}", []),
    (f"find {_PDF} -name SKILL.md", []),
    ("cat /home/me/.agents/skills/*/SKILL.md", []),
    ("for d in skills/*; do cat $d/SKILL.md; done", []),
    ("cat /home/me/.agents/skills/[ab]c/SKILL.md", []),
    (f"wc -l {_PDF}/SKILL.md", []),
]


@pytest.mark.parametrize("build", list(_SHELL), ids=lambda one: one.__name__.strip("_"))
@pytest.mark.parametrize(("command", "expected"), _USES, ids=[one for one, _ in _USES])
def test_what_a_command_does_with_a_skill(
    build: Build, command: str, expected: list[Short], tmp_path: Path
) -> None:
    tool, argument = _SHELL[build]
    assert _short(_found(tmp_path, build(tool, {argument: command}, "ok", False))) == expected


def test_a_script_that_ran_has_its_exit_code_or_its_end(tmp_path: Path) -> None:
    given = {"command": f"python {_PDF}/scripts/fill.py"}
    assert [e.detail for e in _found(tmp_path, _codex("shell_command", given, "", False))] == [
        "exit code 0"
    ]
    assert [e.detail for e in _found(tmp_path, _codex("shell_command", given, "", True))] == [
        "exit code 1"
    ]
    assert [e.detail for e in _found(tmp_path, _pi("bash", given, "", True))] == ["error"]


@pytest.mark.parametrize(
    ("build", "tool", "given", "expected"),
    [
        (_gemini, "read_file", {"absolute_path": f"{_PDF}/SKILL.md"}, ["loaded"]),
        (_gemini, "read_many_files", {"paths": [f"{_PDF}/SKILL.md", f"{_PDF}/a.md", "b.md"]},
         ["loaded", "resource_read"]),
        (_opencode, "read", {"filePath": f"{_PDF}/SKILL.md"}, ["loaded"]),
        (_opencode, "edit", {"filePath": f"{_PDF}/SKILL.md"}, ["edited"]),
        (_pi, "read", {"path": f"{_PDF}/SKILL.md"}, ["loaded"]),
        (_pi, "write", {"path": f"{_PDF}/scripts/x.py"}, ["edited"]),
        (_chat, "str_replace_editor", {"command": "view", "path": f"{_PDF}/SKILL.md"}, ["loaded"]),
        (_chat, "str_replace_editor", {"command": "create", "path": f"{_PDF}/a.md"}, ["edited"]),
        (_atif, "Read", {"file_path": f"{_PDF}/references/a.md"}, ["resource_read"]),
        (_claude, "Grep", {"pattern": "x", "path": f"{_PDF}/SKILL.md"}, []),
        (_opencode, "glob", {"pattern": f"{_PDF}/*/SKILL.md"}, []),
        (_gemini, "search_file_content", {"pattern": "x", "path": f"{_PDF}/SKILL.md"}, []),
    ],
)  # fmt: skip
def test_what_a_file_tool_does_with_a_skill(
    build: Build, tool: str, given: dict[str, Any], expected: list[str], tmp_path: Path
) -> None:
    events = _found(tmp_path, build(tool, given, "ok", False))
    assert [one.kind for one in events] == expected


_LIST = (
    "<available_skills><skill><name>pdf</name><description>Fill.</description>"
    f"<location>{_PDF}/SKILL.md</location></skill></available_skills>"
)


def test_a_list_in_the_system_prompt_offers_each_skill_once(tmp_path: Path) -> None:
    messages = [
        {"role": "system", "content": _LIST},
        {"role": "user", "content": "Hi"},
        {"role": "assistant", "content": "Yes."},
        {"role": "user", "content": _LIST},
    ]
    events = _found(tmp_path, messages)
    assert _short(events) == [("pdf", "listed", "unknown")]
    assert events[0].path == f"{_PDF}/SKILL.md"


def test_naming_a_listed_skill_asks_for_it_and_a_variable_does_not(tmp_path: Path) -> None:
    messages = [
        {"role": "system", "content": _LIST},
        {"role": "user", "content": "Use $pdf, then print $HOME."},
    ]
    assert _short(_found(tmp_path, messages))[1:] == [("pdf", "requested", "mention")]


def test_bodies_in_a_message_load_by_mention_and_by_slash(tmp_path: Path) -> None:
    said = f"<skill>\n<name>pdf</name>\n<path>{_PDF}/SKILL.md</path>\n# PDF</skill>"
    slash = '<skill name="xlsx" location="/s/xlsx/SKILL.md">\n# XLSX</skill>'
    messages = [{"role": "user", "content": said}, {"role": "user", "content": slash}]
    assert _short(_found(tmp_path, messages)) == [
        ("pdf", "loaded", "mention"),
        ("xlsx", "loaded", "slash"),
    ]


def test_the_body_copilot_brings_belongs_to_the_load_it_told_of(tmp_path: Path) -> None:
    def event(kind: str, **data: Any) -> dict[str, Any]:
        return {"type": kind, "id": f"e{len(data)}{kind}", "timestamp": "2026-01-01T00:00:00Z",
                "parentId": None, "data": data}  # fmt: skip

    body = '<skill-context name="pdf">\nBase directory for this skill: /s/pdf\n\n# PDF'
    head = event("session.start", sessionId="s", version=1, producer="copilot-agent")
    told = event("skill.invoked", name="pdf", path="/s/pdf/SKILL.md")
    brought = event("user.message", content=body, source="skill-pdf")
    assert [e.kind for e in _found(tmp_path, lines(head, told, brought))] == ["loaded"]
    alone = _found(tmp_path, lines(head, brought))
    assert [(e.skill, e.kind, e.path) for e in alone] == [("pdf", "loaded", "/s/pdf")]


def _body(name: str, size: int) -> str:
    return f"Base directory for this skill: /s/{name}\n\n" + "word " * (size // 5)


def _loads(session: Session, name: str, size: int, **fields: Any) -> None:
    number = f"t{len(session.records)}"
    session.says(call(number, "Skill", skill=name), **fields)
    session.result(number, "Launching skill")
    session.prompt(_body(name, size), isMeta=True, sourceToolUseID=number)


def _dropped(session: Session, folder: Path) -> list[SkillEvent]:
    return [one for one in _found(folder, session.data()) if one.kind == "dropped"]


def test_a_skill_called_while_another_is_followed_is_nested(tmp_path: Path) -> None:
    session = Session()
    session.prompt("Go")
    _loads(session, "office", 400)
    _loads(session, "pdf", 400, attributionSkill="office")
    found = _short(_found(tmp_path, session.data()))
    assert found[2:] == [("pdf", "requested", "nested"), ("pdf", "loaded", "nested")]


def test_what_cannot_fit_after_a_compaction_is_dropped_the_oldest_first(tmp_path: Path) -> None:
    session = Session()
    session.prompt("Go")
    for name in "abcdefg":  # 40,000 bytes are 10,000 tokens, of which 5,000 stay: five of them
        _loads(session, name, 40_000)
    session.put("system", subtype="compact_boundary", content="cut")
    dropped = _dropped(session, tmp_path)
    assert [one.skill for one in dropped] == ["b", "a"]
    assert {one.confidence for one in dropped} == {"weak"}
    assert dropped[0].detail.startswith("computed: ")
    assert dropped[0].step == len(session.records) - len("abcdefg") - 1


def test_small_bodies_all_fit_and_a_smaller_compaction_drops_none(tmp_path: Path) -> None:
    for kind, size in (("compact_boundary", 400), ("microcompact_boundary", 40_000)):
        session = Session()
        session.prompt("Go")
        for name in "abcdefg":
            _loads(session, name, size)
        session.put("system", subtype=kind, content="cut")
        assert _dropped(session, tmp_path) == []


def test_what_the_log_says_was_attached_beats_the_rule(tmp_path: Path) -> None:
    session = Session()
    session.prompt("Go")
    _loads(session, "a", 40_000)
    _loads(session, "b", 400)
    session.put("system", subtype="compact_boundary", content="cut")
    session.put("attachment", attachment={"type": "invoked_skills", "skills": [{"name": "a"}]})
    events = _found(tmp_path, session.data())[-2:]
    assert _short(events) == [("a", "reattached", "unknown"), ("b", "dropped", "unknown")]
    assert events[0].detail.startswith("the first 5,000 of about 10,")
    assert events[1].confidence == "strong"
