"""Which version of a skill a session had: by its text, by the lines read, by the time."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.traces.claude_records import Session, call
from tests.unit.usage.world import commits, library, load, opened, run, skill_md
from workbench.domain.trajectory import SkillEvent
from workbench.store.file_history import blobs, file_versions
from workbench.store.git import GitProblem, Repository
from workbench.traces.open import OpenTrace
from workbench.usage.delivered import body_of, delivered, digest_of, unwrapped
from workbench.usage.versions import InForce, SkillVersions, VersionShelf

_JANUARY = int(datetime(2026, 1, 1, tzinfo=UTC).timestamp())
_DAY = 86_400
_BODIES = [
    "# PDF\n\nUse the old tool.\n\n1. Open it.\n2. Fill it.\n",
    "# PDF\n\nUse the new tool.\n\n1. Open it.\n2. Fill it.\n",
    "# PDF\n\nUse the new tool.\n\n1. Open it.\n2. Fill it.\n3. Check it.\n",
]


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A skill with three bodies, one in January, March and May, whose folder moved in April."""
    old, new = "tools/pdf/SKILL.md", "skills/pdf/SKILL.md"
    return commits(
        tmp_path / "repo",
        [
            (_JANUARY, {old: skill_md("pdf", _BODIES[0]), "README.md": "x"}),
            (_JANUARY + 60 * _DAY, {old: skill_md("pdf", _BODIES[1])}),
            (_JANUARY + 90 * _DAY, {old: None, new: skill_md("pdf", _BODIES[1], "Fill PDFs.")}),
            (_JANUARY + 95 * _DAY, {"README.md": "y"}),
            (_JANUARY + 120 * _DAY, {new: skill_md("pdf", _BODIES[2], "Fill PDFs.")}),
        ],
    )


@pytest.fixture
def versions(repository: Path) -> SkillVersions:
    (skill,) = library(repository).skills
    return VersionShelf().of(skill)


def _in_force(versions: SkillVersions, trace: OpenTrace, time: str | None = None) -> InForce:
    (event,) = [one for one in trace.trajectory.skill_events if one.kind == "loaded"]
    return versions.in_force(delivered(trace, event), time)


def test_the_history_of_a_file_goes_through_a_renamed_folder(repository: Path) -> None:
    found = Repository.find(repository)
    assert found is not None
    log = file_versions(found, "skills/pdf/SKILL.md")
    assert [(one.subject, one.path) for one in log] == [
        ("Change 4", "skills/pdf/SKILL.md"),
        ("Change 2", "skills/pdf/SKILL.md"),
        ("Change 1", "tools/pdf/SKILL.md"),
        ("Change 0", "tools/pdf/SKILL.md"),
    ]
    texts = blobs(found, [one.blob for one in log])
    assert body_of(texts[log[-1].blob]) == _BODIES[0].strip()
    assert blobs(found, ["0" * 39 + "1"]) == {}
    with pytest.raises(GitProblem, match="no name"):
        blobs(found, ["--help"])


def test_a_deleted_file_has_a_version_without_bytes(tmp_path: Path) -> None:
    folder = commits(tmp_path / "r", [(_JANUARY, {"a.md": "x"}), (_JANUARY + 1, {"a.md": None})])
    found = Repository.find(folder)
    assert found is not None
    assert [one.blob == "" for one in file_versions(found, "a.md")] == [True, False]


@pytest.mark.parametrize("number", [0, 1, 2])
def test_the_text_in_the_trace_tells_the_version(
    versions: SkillVersions, number: int, tmp_path: Path
) -> None:
    session = Session()  # of February 2026, which the time would take for the first
    session.prompt("Go")
    load(session, "pdf", _BODIES[number])
    with opened(tmp_path, session) as trace:
        found = _in_force(versions, trace, "2026-02-03T00:00:00Z")
    assert (found.how, found.digest) == ("body", digest_of(_BODIES[number].strip()))
    assert found.version is not None
    assert found.version.subject == f"Change {(0, 1, 4)[number]}"
    assert found.version.tokens > 0


def test_line_ends_and_blanks_do_not_make_another_version(
    versions: SkillVersions, tmp_path: Path
) -> None:
    session = Session()
    session.prompt("Go")
    load(session, "pdf", _BODIES[1].replace("\n", "  \r\n") + "\n\nARGUMENTS: form.pdf")
    with opened(tmp_path, session) as trace:
        assert _in_force(versions, trace).version == versions.find(digest_of(_BODIES[1].strip()))


def test_a_text_that_git_does_not_have_is_a_version_of_its_own(
    versions: SkillVersions, tmp_path: Path
) -> None:
    body = _BODIES[2] + "4. Never committed.\n"
    session = Session()
    session.prompt("Go")
    load(session, "pdf", body)
    with opened(tmp_path, session) as trace:
        found = _in_force(versions, trace, "2026-06-01T00:00:00Z")
    assert (found.how, found.version, found.digest) == (
        "unrecorded",
        None,
        digest_of(body.strip()),
    )


@pytest.mark.parametrize(
    ("text", "how", "number"),
    [
        ("     1→---\n     2→name: pdf\n     3→description: Fill forms.\n     4→---\n"
         "     5→# PDF\n     6→\n     7→Use the old tool.\n     8→\n     9→1. Open it.\n"
         "    10→2. Fill it.\n\n<system-reminder>\nBe careful.\n</system-reminder>", "body", 0),
        ("# PDF\n\nUse the old tool.\n\n1. Open it.\n2. Fill it.", "lines", 0),
        ("# PDF\n\nUse the new tool.\n\n1. Open it.\n2. Fill it.", "time", 2),
    ],
    ids=["numbered, whole", "lines of one version", "lines of two versions"],
)  # fmt: skip
def test_a_file_that_was_read_tells_the_version(
    versions: SkillVersions, text: str, how: str, number: int, tmp_path: Path
) -> None:
    session = Session()
    session.prompt("Go")
    session.says(call("r", "Read", file_path="/x/skills/pdf/SKILL.md"))
    session.result("r", text)
    with opened(tmp_path, session) as trace:
        found = _in_force(versions, trace, "2026-06-01T00:00:00Z")
    assert (found.how, found.digest) == (how, digest_of(_BODIES[number].strip()))


@pytest.mark.parametrize(
    ("when", "number"),
    [("2026-01-15T00:00:00Z", 0), ("2026-03-10T00:00:00+02:00", 1), ("2026-07-01", 2)],
)
def test_without_a_text_the_time_tells_and_says_so(
    versions: SkillVersions, when: str, number: int
) -> None:
    found = versions.in_force((), when)
    assert (found.how, found.digest) == ("time", digest_of(_BODIES[number].strip()))
    assert "time" in found.note


@pytest.mark.parametrize("when", [None, "soon", "2025-12-31T00:00:00Z"])
def test_otherwise_it_is_unknown(versions: SkillVersions, when: str | None) -> None:
    found = versions.in_force((), when)
    assert (found.how, found.version, found.digest) == ("unknown", None, "")
    assert found.note


def test_an_edit_that_is_not_committed_is_a_version_on_disk(repository: Path) -> None:
    path = repository / "skills/pdf/SKILL.md"
    path.write_text(skill_md("pdf", "# PDF\n\nNewest.\n"))
    (skill,) = library(repository).skills
    found = VersionShelf().of(skill).versions[0]
    assert (found.commit, found.subject) == ("", "not committed")
    assert VersionShelf().of(skill).at("2100-01-01").version == found


def test_without_git_only_the_text_on_disk_is_known(tmp_path: Path) -> None:
    (tmp_path / "pdf").mkdir()
    (tmp_path / "pdf/SKILL.md").write_text(skill_md("pdf", _BODIES[0]))
    (skill,) = library(tmp_path).skills
    versions = VersionShelf().of(skill)
    assert len(versions.versions) == 1
    assert "not in git" in versions.problem
    assert versions.at("2020-01-01").how == "unknown"


def test_placeholders_that_were_filled_in_do_not_hide_the_version(tmp_path: Path) -> None:
    body = "# Deploy\n\nDeploy $ARGUMENTS with ${CLAUDE_SKILL_DIR}/run.sh.\n\nThen check it well.\n"
    folder = commits(
        tmp_path / "repo",
        [
            (_JANUARY, {"pdf/SKILL.md": skill_md("pdf", body)}),
            (_JANUARY + 1, {"pdf/SKILL.md": skill_md("pdf", body + "\nTell them.\n")}),
        ],
    )
    (skill,) = library(folder).skills
    filled = body.replace("$ARGUMENTS", "the site").replace("${CLAUDE_SKILL_DIR}", "/s/pdf")
    session = Session()
    session.prompt("Go")
    load(session, "pdf", filled)
    with opened(tmp_path, session) as trace:
        found = _in_force(VersionShelf().of(skill), trace)
    assert found.how == "body"
    assert found.version is not None
    assert found.version.subject == "Change 0"


@pytest.mark.parametrize(
    "wrapped",
    [
        "<activated_skill name=\"pdf\">\n  <instructions>\n    {}\n  </instructions>\n\n"
        "  <available_resources>\n    pdf/\n  </available_resources>\n</activated_skill>",
        '<skill_content name="pdf">\n# Skill: pdf\n\n{}\n\nBase directory for this skill: '
        "file:///s/pdf\nRelative paths\n<skill_files>\n</skill_files>\n</skill_content>",
        "## Skill: pdf\n\n**Base directory**: /s/pdf\n\n{}",
        "<skill>\n<name>pdf</name>\n<path>/s/SKILL.md</path>\n---\nname: pdf\n---\n{}\n</skill>",
        '<skill name="pdf" location="/s/pdf/SKILL.md">\nReferences are relative to /s/pdf.\n\n{}\n'
        "</skill>\n\nFill it",
        '<skill-context name="pdf">\nBase directory for this skill: /s/pdf\n\nRelated files (use '
        "view tool to read):\n  - /s/pdf/forms.md\n\n{}\n</skill-context>",
        "Exit code: 0\nWall time: 0.1 seconds\nOutput:\n---\nname: pdf\n---\n{}",
    ],
    ids=["gemini", "opencode", "opencode older", "codex", "pi", "copilot", "codex shell"],
)  # fmt: skip
def test_every_client_wraps_a_body_in_its_own_way(wrapped: str) -> None:
    body = _BODIES[0].strip()
    assert body in [one.text for one in unwrapped(wrapped.format(body)) if one.kind == "body"]


@given(st.text(alphabet='<>skil name="/\n-→1 cotent_ARGUMENTS:{}', max_size=200))
def test_no_text_makes_unwrapping_fail(text: str) -> None:
    assert all(one.text for one in unwrapped(text))


def test_a_thousand_commits_are_read_at_once(tmp_path: Path) -> None:
    body = "# PDF\n\n" + "Do this and that, with care.\n" * 200
    history: list[tuple[int, dict[str, str | None]]] = [
        (_JANUARY + number, {"pdf/SKILL.md": skill_md("pdf", f"{body}\nStep {number}.\n")})
        for number in range(1000)
    ]
    (skill,) = library(commits(tmp_path / "repo", history)).skills
    shelf = VersionShelf()
    begun = time.process_time()
    versions = shelf.of(skill)
    session = Session()
    session.prompt("Go")
    load(session, "pdf", f"{body}\nStep 17.\n")
    with opened(tmp_path, session) as trace:
        found = _in_force(versions, trace)
    assert time.process_time() - begun < 5  # a few tenths; nobody waits for a runaway
    assert len(versions.versions) == 1000
    assert found.version is not None
    assert found.version.subject == "Change 17"
    assert shelf.of(skill) is versions


def test_a_new_head_is_read_anew(repository: Path) -> None:
    (skill,) = library(repository).skills
    shelf = VersionShelf()
    before = shelf.of(skill)
    commits(
        repository,
        [(_JANUARY + 130 * _DAY, {"skills/pdf/SKILL.md": skill_md("pdf", "# Other\n\nAll new.")})],
    )
    shelf.refresh()
    (skill,) = library(repository).skills
    assert shelf.of(skill).versions != before.versions


def test_a_record_that_is_gone_tells_nothing(versions: SkillVersions, tmp_path: Path) -> None:
    session = Session()
    session.prompt("Go")
    load(session, "pdf", _BODIES[0])
    with opened(tmp_path, session) as trace:
        trace.path.write_bytes(b"{}")
        events = trace.trajectory.skill_events
        (event,) = [one for one in events if one.kind == "loaded"]
        assert isinstance(event, SkillEvent)
        assert versions.in_force(delivered(trace, event), None).how == "unknown"


def test_a_script_run_has_no_text_of_the_skill(versions: SkillVersions, tmp_path: Path) -> None:
    session = Session()
    session.prompt("Go")
    run(session, "cat /x/skills/pdf/SKILL.md", "# PDF")
    with opened(tmp_path, session) as trace:
        assert _in_force(versions, trace, "2026-01-15").how == "time"
