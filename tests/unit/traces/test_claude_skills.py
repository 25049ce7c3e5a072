"""Skill events of Claude Code: explicit calls, slash commands, paths, listings, compaction."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.traces.claude_records import Session, call, text
from workbench.domain.trajectory import SkillEvent
from workbench.traces.formats.claude_code import ClaudeCode
from workbench.traces.source import SourceBytes

_FOLDER = "/home/me/.claude/skills/pdf"
_BODY = f"Base directory for this skill: {_FOLDER}\n\n# PDF\n"


def _events(session: Session) -> list[SkillEvent]:
    (found,) = ClaudeCode().skeleton([SourceBytes.of_bytes(session.data(), "/x/s.jsonl")])
    return list(found.skill_events)


def _short(events: list[SkillEvent]) -> list[tuple[str, str, str]]:
    return [(event.skill, event.kind, event.trigger) for event in events]


@pytest.fixture
def session() -> Session:
    made = Session()
    made.prompt("Make a PDF")
    return made


def _run(
    session: Session, name: str, result: str = "ok", error: bool = False, **given: Any
) -> None:
    number = f"t{len(session.records)}"
    session.says(call(number, name, **given))
    session.result(number, result, error=error)


def test_a_skill_call_requests_and_its_result_loads(session: Session) -> None:
    session.says(call("t1", "Skill", skill="docs:pdf"))
    session.result(
        "t1", "Launching skill", toolUseResult={"success": True, "commandName": "docs:pdf"}
    )
    session.prompt(_BODY, isMeta=True, sourceToolUseID="t1")
    events = _events(session)
    assert _short(events) == [("docs:pdf", "requested", "model"), ("docs:pdf", "loaded", "model")]
    assert events[1].path == _FOLDER
    assert events[1].step == 1
    assert events[1].confidence == "explicit"


def test_the_evidence_of_an_event_is_the_record_that_shows_it(session: Session) -> None:
    _run(session, "Skill", skill="pdf")
    events = _events(session)
    data = session.data()
    asked, loaded = (data[e.evidence.offset :][: e.evidence.length] for e in events)
    assert b'"name": "Skill"' in asked
    assert b'"tool_result"' in loaded


@pytest.mark.parametrize(
    "said", ["<tool_use_error>Unknown skill: pfd</tool_use_error>", "Skill x is not prompt-based"]
)
def test_an_unknown_skill_fails_to_load(session: Session, said: str) -> None:
    _run(session, "Skill", said, error=True, skill="pfd")
    events = _events(session)
    assert _short(events) == [("pfd", "requested", "model"), ("pfd", "load_failed", "model")]
    assert "tool_use_error" not in events[1].detail
    assert events[1].detail


def test_a_slash_command_followed_by_the_body_is_a_load_by_the_user(session: Session) -> None:
    session.prompt("<command-message>pdf</command-message>\n<command-name>/pdf</command-name>")
    session.prompt(_BODY, isMeta=True)
    events = _events(session)
    assert _short(events) == [("pdf", "requested", "slash"), ("pdf", "loaded", "slash")]
    assert events[0].step == 1
    assert events[1].step == 2


def test_a_built_in_command_is_no_skill(session: Session) -> None:
    session.prompt("<command-name>/clear</command-name>")
    session.prompt("Something else")
    session.prompt(_BODY, isMeta=True)
    assert _short(_events(session)) == [("pdf", "loaded", "unknown")]


def test_listings_count_once_each(session: Session) -> None:
    listing = {"type": "skill_listing", "names": ["pdf", "xlsx"], "isInitial": True}
    session.put("attachment", attachment=listing)
    session.put("attachment", attachment={**listing, "names": ["pdf", "docx"]})
    session.put(
        "attachment",
        attachment={"type": "skill_listing", "content": "- a-b: does things\n- p:q: too\nnoise"},
    )
    session.put("attachment", attachment={"type": "dynamic_skill", "skillNames": ["late"]})
    assert [event.skill for event in _events(session)] == [
        *("pdf", "xlsx", "docx", "a-b", "p:q", "late")
    ]
    assert {event.kind for event in _events(session)} == {"listed"}


def test_after_a_compaction_bodies_are_attached_again_or_dropped(session: Session) -> None:
    _run(session, "Skill", skill="pdf")
    _run(session, "Skill", skill="xlsx")
    session.put("system", subtype="compact_boundary", content="cut")
    session.put(
        "attachment",
        attachment={"type": "invoked_skills", "skills": [{"name": "pdf", "path": _FOLDER}]},
    )
    assert _short(_events(session))[4:] == [
        ("pdf", "reattached", "unknown"),
        ("xlsx", "dropped", "unknown"),
    ]


def test_reading_skill_md_is_an_inferred_load_and_makes_its_folder_known(session: Session) -> None:
    _run(session, "Read", file_path="/repo/tools/pdf/SKILL.md")
    _run(session, "Read", file_path="/repo/tools/pdf/references/forms.md")
    _run(session, "Bash", "Exit code 3", error=True, command="python tools/pdf/scripts/fill.py x")
    _run(session, "Edit", file_path="/repo/tools/pdf/SKILL.md")
    session.records[0]["cwd"] = "/repo"
    events = _events(session)
    assert _short(events) == [
        ("pdf", "loaded", "inferred"),
        ("pdf", "resource_read", "inferred"),
        ("pdf", "script_run", "inferred"),
        ("pdf", "edited", "inferred"),
    ]
    assert events[2].detail == "exit code 3"


def test_a_read_that_failed_loads_nothing(session: Session) -> None:
    _run(session, "Read", "File does not exist.", error=True, file_path=f"{_FOLDER}/SKILL.md")
    assert _events(session) == []


@pytest.mark.parametrize(
    "command",
    [
        "grep -rn name .claude/skills/pdf/SKILL.md",
        "git diff .claude/skills/pdf/SKILL.md",
        "ls .claude/skills/*/SKILL.md",
        "cat .claude/skills/*/SKILL.md",
        "echo see .claude/skills/pdf/SKILL.md",
    ],
)
def test_a_mention_is_no_use(session: Session, command: str) -> None:
    _run(session, "Bash", command=command)
    assert _events(session) == []


def test_an_attributed_step_shows_a_load_that_was_not_seen(session: Session) -> None:
    session.says(text("Filling."), attributionSkill="pdf")
    session.says(text("Done."), attributionSkill="pdf")
    assert _short(_events(session)) == [("pdf", "loaded", "inferred")]
