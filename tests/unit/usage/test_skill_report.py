"""Counts per skill and version over sessions, the worklists, and work done by hand."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.unit.traces.claude_records import Session, call, text
from tests.unit.usage.world import commits, library, load, opened, run, skill_md
from workbench.domain.annotation import Annotation, SkillLine, StepAnchor
from workbench.domain.skill import Library
from workbench.domain.trajectory import ByteSpan, Outcome, SkillEvent, Trajectory
from workbench.usage.hand_rolled import signatures
from workbench.usage.loads import corrects
from workbench.usage.report import SkillUsage, UsageReport, report_of
from workbench.usage.resolve import LibrariesResolver
from workbench.usage.sessions import SessionFacts, SessionReader
from workbench.usage.versions import VersionShelf
from workbench.usage.worklists import Entry, Expected, worklists

_JANUARY = int(datetime(2026, 1, 1, tzinfo=UTC).timestamp())
_OLD, _NEW = "# PDF\n\nUse the old tool.\n", "# PDF\n\nUse the new tool.\n"
_SCRIPT = "\n".join(f"step_{number} = prepare({number})" for number in range(12)) + "\n"


@pytest.fixture
def pdf(tmp_path: Path) -> Library:
    """A library in git with one skill of two versions, a script and a reference."""
    other = {"pdf/scripts/fill.py": _SCRIPT, "pdf/references/forms.md": "Forms."}
    return library(
        commits(
            tmp_path / "library",
            [
                (_JANUARY, {"pdf/SKILL.md": skill_md("pdf", _OLD), **other}),
                (_JANUARY + 100, {"pdf/SKILL.md": skill_md("pdf", _NEW)}),
            ],
        )
    )


def _read(folder: Path, libraries: Sequence[Library], *sessions: Session) -> UsageReport:
    shelf = VersionShelf()
    reader = SessionReader(libraries, shelf)
    facts: list[SessionFacts] = []
    for number, session in enumerate(sessions):
        for record in session.records:  # each session's records are its own
            record["sessionId"] = f"s{number}"
            record["uuid"] = f"{number}-{record['uuid']}"
            if record["parentUuid"]:
                record["parentUuid"] = f"{number}-{record['parentUuid']}"
        with opened(folder / "traces", session, f"s{number}.jsonl") as trace:
            facts.append(reader.read(trace))
    return report_of(libraries, facts, shelf.of)


def _one(report: UsageReport) -> SkillUsage:
    (usage,) = report.skills
    return usage


def _session() -> Session:
    made = Session()
    made.prompt("Make a PDF")
    return made


def _entries(report: UsageReport, name: str, **given: object) -> tuple[Entry, ...]:
    found = {one.id: one for one in worklists(report, **given)}  # type: ignore[arg-type]
    return found[name].entries


def test_an_edit_begins_a_new_cohort(pdf: Library, tmp_path: Path) -> None:
    sessions = []
    for body in (_OLD, _NEW, _NEW, "# PDF\n\nNever committed.\n"):
        sessions.append(_session())
        load(sessions[-1], "pdf", body)
    by_time = _session()  # loads nothing: February 2026 has the second version
    usage = _one(_read(tmp_path, [pdf], *sessions, by_time))
    assert [(one.sessions, one.known, one.loaded) for one in usage.cohorts] == [
        (1, 1, 1),  # not in git
        (3, 2, 2),
        (1, 1, 1),
    ]
    assert usage.cohorts[0].version is None
    assert [one.version.subject for one in usage.cohorts[1:] if one.version] == [
        "Change 1",
        "Change 0",
    ]
    assert usage.unknown_version == 0


def test_sessions_before_the_first_commit_are_of_no_version(pdf: Library, tmp_path: Path) -> None:
    early = _session()
    for record in early.records:
        record["timestamp"] = "2025-06-01T00:00:00Z"
    later = _session()
    load(later, "pdf", _NEW)
    usage = _one(_read(tmp_path, [pdf], early, later))
    assert usage.unknown_version == 1
    assert sum(one.sessions for one in usage.cohorts) == 1


def test_the_figures_of_a_load(pdf: Library, tmp_path: Path) -> None:
    session = _session()
    load(session, "pdf", _NEW)
    run(session, "false", "Exit code 1", error=True)
    run(session, "python3 /home/me/.claude/skills/pdf/scripts/fill.py a.pdf")
    session.prompt("No, that is wrong.")
    session.says(text("Sorry."))
    session.put("system", subtype="compact_boundary", content="cut")
    session.says(text("Again."))
    usage = _one(_read(tmp_path, [pdf], session))
    (use,) = [one for one in usage.uses if one.kind == "loaded"]
    figures = use.figures
    assert figures is not None
    assert figures.tokens is not None
    assert (figures.position, figures.until, figures.corrected) == (1, "prompt", True)
    assert (figures.errors, figures.calls) == (1, 2)
    assert figures.later_calls == 3  # two commands and an apology; after the compaction none
    assert figures.carried == 3 * figures.tokens
    assert figures.seconds == 7  # a record a second, in these fixtures
    assert figures.cost_usd is None
    assert usage.scripts == (("scripts/fill.py", "ok", 1),)
    assert usage.never_opened == ("references/forms.md",)
    assert (usage.corrected_next.hits, usage.corrected_next.of) == (1, 1)
    assert usage.models == (("claude-example-1", 1, 1),)


def test_failures_keep_their_message(pdf: Library, tmp_path: Path) -> None:
    session = _session()
    session.says(call("x", "Skill", skill="pdf"))
    session.result("x", "<tool_use_error>Unknown skill: pdf</tool_use_error>", error=True)
    usage = _one(_read(tmp_path, [pdf], session))
    assert usage.failures == (("Unknown skill: pdf", 1),)
    assert (usage.loads, usage.failed, usage.never_opened) == (0, 1, ())


def test_with_and_without_have_counts_and_no_rate_below_twenty(
    pdf: Library, tmp_path: Path
) -> None:
    reader = SessionReader([pdf])
    facts = []
    for number in range(44):
        session = _session()
        if number % 2:
            load(session, "pdf", _NEW)
        for record in session.records:
            record["sessionId"] = f"s{number}"
            record["uuid"] = f"{number}-{record['uuid']}"
        passed = bool(number % 2) or number % 4 == 0
        with opened(tmp_path, session) as trace:
            outcome = Outcome("pass" if passed else "fail")
            facts.append(reader.read(trace, _with(trace.trajectory, outcome)))
    few, enough = report_of([pdf], facts[:30]).skills[0], report_of([pdf], facts).skills[0]
    assert few.with_skill is not None
    assert (few.with_skill.passed.hits, few.with_skill.passed.of) == (15, 15)
    assert few.passed_difference is None
    found = enough.passed_difference
    assert found is not None
    assert found.value == pytest.approx(0.5)
    assert found.low is not None
    assert 0.2 < found.low < 0.5


def _with(trajectory: Trajectory, outcome: Outcome) -> Trajectory:

    return replace(trajectory, outcome=outcome)


def test_a_skill_that_is_offered_often_and_never_loaded(pdf: Library, tmp_path: Path) -> None:
    sessions = [_session() for _ in range(3)]
    for session in sessions:
        session.put("attachment", attachment={"type": "skill_listing", "names": ["pdf"]})
    report = _read(tmp_path, [pdf], *sessions, _session())
    usage = _one(report)
    assert (usage.listed, usage.of_listings, usage.sessions) == (3, 3, 4)
    assert [one.kind for one in report.listings(usage)] == ["listed"] * 3
    (entry,) = _entries(report, "listed_never_chosen", least_listings=3)
    assert (entry.hits, len(entry.uses)) == (3, 3)
    assert _entries(report, "listed_never_chosen") == ()


def test_a_skill_loaded_twice_and_one_dropped(pdf: Library, tmp_path: Path) -> None:
    session = _session()
    load(session, "pdf", _NEW)
    load(session, "pdf", _NEW)
    session.put("system", subtype="compact_boundary", content="cut")
    session.put("attachment", attachment={"type": "invoked_skills", "skills": [{"name": "x"}]})
    report = _read(tmp_path, [pdf], session)
    (again,) = _entries(report, "loaded_again")
    assert (again.hits, again.of, len(again.uses)) == (1, 1, 2)
    (dropped,) = _entries(report, "dropped")
    assert [one.kind for one in dropped.uses] == ["dropped"]


def test_steps_that_a_resumed_session_repeats_count_once(pdf: Library, tmp_path: Path) -> None:
    session = _session()
    load(session, "pdf", _NEW)
    reader = SessionReader([pdf])
    facts = []
    for name in ("a.jsonl", "b.jsonl"):
        with opened(tmp_path, session, name) as trace:
            facts.append(reader.read(trace))
    assert report_of([pdf], facts).skills[0].loads == 1


# Done by hand


@pytest.fixture
def release(tmp_path: Path) -> Library:
    """A skill whose blocks tag and publish."""
    body = (
        "# Release\n\n```bash\ngit tag --annotate v1\ntwine upload --skip-existing dist/*\n"
        "ls -l dist\n```\n\n```console\n$ gh release create --notes-file N v1\nhttps://…\n```\n"
    )
    files: dict[str, str | None] = {"release/SKILL.md": skill_md("release", body)}
    files["release/scripts/publish.py"] = _SCRIPT
    return library(commits(tmp_path / "lib", [(_JANUARY, files)]))


def test_the_commands_of_a_skill_run_without_it_are_done_by_hand(
    release: Library, tmp_path: Path
) -> None:
    session = _session()
    run(session, "cd dist && git tag --annotate --sign v2")
    run(session, "twine upload --skip-existing --verbose dist/a.whl")
    report = _read(tmp_path, [release], session)
    (entry,) = _entries(report, "hand_rolled")
    assert entry.hits == 1
    (use,) = entry.uses
    assert use.step == 1
    assert "git tag --annotate --sign v2" in use.detail
    assert "twine upload" in use.detail
    lists = {one.id: one for one in worklists(report)}
    assert lists["hand_rolled"].heuristic


@pytest.mark.parametrize(
    "commands",
    [
        ["git tag --annotate v2"],  # one of three is chance
        ["git tag v2", "twine upload dist/*"],  # without the flags
        ["echo git tag --annotate", "ls -l dist"],
        ["git status", "git log"],
    ],
)
def test_less_is_not(release: Library, commands: list[str], tmp_path: Path) -> None:
    session = _session()
    for command in commands:
        run(session, command)
    assert _entries(_read(tmp_path, [release], session), "hand_rolled") == ()


def test_a_session_that_loads_the_skill_did_not_do_it_by_hand(
    release: Library, tmp_path: Path
) -> None:
    session = _session()
    load(session, "release", "# Release\n")
    run(session, "git tag --annotate v2; twine upload --skip-existing dist/*")
    assert _entries(_read(tmp_path, [release], session), "hand_rolled") == ()


def test_a_skill_that_came_later_or_was_not_offered_could_not_be_chosen(
    release: Library, tmp_path: Path
) -> None:
    sessions = [_session(), _session()]
    for session in sessions:
        run(session, "git tag --annotate v2; twine upload --skip-existing dist/*")
    for record in sessions[0].records:
        record["timestamp"] = "2025-01-01T00:00:00Z"
    sessions[1].put("attachment", attachment={"type": "skill_listing", "names": ["other"]})
    assert _entries(_read(tmp_path, [release], *sessions), "hand_rolled") == ()


def test_a_file_like_a_script_of_the_skill_is_done_by_hand(
    release: Library, tmp_path: Path
) -> None:
    session = _session()
    session.says(call("w", "Write", file_path="/w/mine.py", content="import x\n" + _SCRIPT))
    session.result("w", "ok")
    session.says(call("v", "Write", file_path="/w/other.py", content="print(1)\n" * 12))
    session.result("v", "ok")
    (entry,) = _entries(_read(tmp_path, [release], session), "hand_rolled")
    assert entry.uses[0].detail == "wrote mine.py, nearly the same as scripts/publish.py"


def test_signatures_leave_operands_and_common_commands_out() -> None:
    found = [str(one) for one, _ in signatures("FOO=1 sudo git commit -m 'x' && ls -l; cat a.txt")]
    assert found == ["git commit -m"]


# What should have been


def test_a_label_and_a_prompt_tell_that_a_skill_was_missed(pdf: Library, tmp_path: Path) -> None:
    labelled, prompted, used = _session(), Session(), Session()
    prompted.prompt("Fill  the FORM")
    used.prompt("Fill the form")
    load(used, "pdf", _NEW)
    report = _read(tmp_path, [pdf], labelled, prompted, used)
    said = Annotation(
        "1",
        StepAnchor(report.facts[0].trajectory, step=0),
        "2026-01-01",
        "2026-01-01",
        label="Should trigger",
        skill=SkillLine("pdf", "SKILL.md", 1),
    )
    (entry,) = _entries(
        report,
        "missed",
        annotations=[said],
        expected=[Expected("pdf", "fill the form"), Expected("pdf", "Sing", should=False)],
    )
    assert (entry.hits, entry.of) == (2, 3)
    assert [use.detail for use in entry.uses] == [
        "labelled Should trigger",
        "a prompt that should load it",
    ]


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        ("No, use the other one", True),
        ("that's wrong", True),
        ("You forgot the header", True),
        ("Now do the next file", False),
        ("Nothing else, thanks", False),
        ("Notes are fine", False),
    ],
)
def test_what_reads_like_a_correction(prompt: str, expected: bool) -> None:
    assert corrects(prompt) is expected


# Several libraries


def _event(name: str, path: str | None = None) -> SkillEvent:
    return SkillEvent(name, "loaded", "model", 0, ByteSpan(0, 0, 1), "explicit", path)


def test_a_path_settles_which_library_is_meant(tmp_path: Path) -> None:
    made = []
    for name in ("user", "project"):
        folder = tmp_path / name / "pdf"
        folder.mkdir(parents=True)
        (folder / "SKILL.md").write_text(skill_md("pdf", _OLD))
        made.append(library(tmp_path / name))
    (tmp_path / "project/only").mkdir()
    (tmp_path / "project/only/SKILL.md").write_text(skill_md("only", _OLD))
    made[1] = library(tmp_path / "project")
    resolver = LibrariesResolver(made)
    found = resolver.resolve(_event("pdf", f"{tmp_path}/project/pdf/SKILL.md"))
    assert found is not None
    assert found.library is made[1]
    found = resolver.resolve(_event("pdf", "user/pdf/SKILL.md"), str(tmp_path))
    assert found is not None
    assert found.library is made[0]
    assert resolver.resolve(_event("pdf")) is None  # both have it
    found = resolver.resolve(_event("team:only"))
    assert found is not None
    assert found.library is made[1]
