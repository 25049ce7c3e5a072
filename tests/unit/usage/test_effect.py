"""What was measured of a skill since a change of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.traces.claude_records import Session
from tests.unit.usage.world import commits, library, load, opened, skill_md
from workbench.domain.skill import Skill
from workbench.domain.text import Span
from workbench.domain.trajectory import Outcome
from workbench.usage.effect import Edit, Effect, effects
from workbench.usage.effect_words import effect_notes, effect_rows, effect_summary
from workbench.usage.sessions import SessionFacts, SessionReader, SkillInSession, Spot, Use
from workbench.usage.versions import How, SkillVersion, SkillVersions, VersionShelf

SKILL = Skill("demo", "/lib", "/lib/demo", "demo", "", "SKILL.md", b"", Span(0, 0), None, (), "")


def day(number: int) -> str:
    return f"2026-03-{number:02d}T00:00:00+00:00"


#: Newest first: made on day 1, changed on days 10 and 20.
EDITS = tuple(Edit(f"c{n}", f"change {n}", day(n), f"c{n}") for n in (20, 10, 1))


def versions(*commits_and_digests: tuple[str, str]) -> SkillVersions:
    made = [
        SkillVersion(digest, commit, "", "", "", "", 0) for commit, digest in commits_and_digests
    ]
    return SkillVersions(made, {one.commit: one.digest.encode() for one in made})


VERSIONS = versions(("c20", "d20"), ("c10", "d10"), ("c1", "d1"))


def facts(
    number: int,
    started: int | None,
    *kinds: str,
    version: str = "",
    how: How = "time",
    status: str = "unknown",
    listed: bool | None = None,
    errors: int = 0,
) -> SessionFacts:
    uses = tuple(
        Use(f"/t/{number}", "x", 3, kind, "model", "explicit", version=version, how=how)
        for kind in kinds
    )
    here = SkillInSession("/lib", "demo", Spot("x", 0) if listed else None, uses)
    return SessionFacts(
        trace=f"/t/{number}",
        trajectory="x",
        title="",
        format="f",
        model="m",
        started=None if started is None else day(started),
        calls=5,
        errors=errors,
        records_listing=listed is not None,
        outcome=Outcome(status),  # type: ignore[arg-type]
        interrupted=False,
        corrected=None,
        prompts=((0, "Do it"),),
        skills=(here,) if uses or listed else (),
        unresolved=(),
    )


def measured(
    sessions: list[SessionFacts], *, adjacent: bool = False, born: bool = True
) -> dict[str, Effect]:
    found = effects(SKILL, EDITS, sessions, VERSIONS, born=born, adjacent=adjacent)
    return {one.edit.key: one for one in found}


def test_sessions_are_counted_before_and_since_with_what_they_are_counted_of() -> None:
    found = measured(
        [
            facts(1, 5, "loaded", listed=True, status="fail", errors=1),
            facts(2, 6, listed=True),
            facts(3, 12, "resource_read"),
            facts(4, 25, "loaded", listed=True, status="pass"),
            facts(5, 26, "loaded", "load_failed", listed=False),
        ]
    )["c10"]
    before, after = found.before, found.after
    assert (before.sessions, after.sessions) == (2, 3)
    assert before.listed is not None
    assert after.listed is not None
    assert (before.listed.hits, before.listed.of) == (2, 2)
    assert (after.listed.hits, after.listed.of) == (1, 2)
    assert (before.loaded.hits, after.loaded.hits) == (1, 2)
    assert (before.used.hits, after.used.hits) == (1, 3)
    assert after.failed == 1
    assert found.compared.first.passed.of == found.compared.second.passed.of == 1
    assert found.compared.second.unknown == 1
    assert "1 other change came since" in found.notes[0]


def test_the_text_in_the_trace_outweighs_the_time() -> None:
    # It ran after the second change and had the text from before it.
    found = measured([facts(1, 15, "loaded", version="d1", how="body")])["c10"]
    assert (found.before.sessions, found.before.by_text, found.after.sessions) == (1, 1, 0)


def test_a_text_that_several_changes_left_alone_goes_by_the_time_among_them() -> None:
    same = versions(("c20", "d10"), ("c10", "d10"), ("c1", "d1"))
    sessions = [
        facts(n, when, "loaded", version="d10", how="body") for n, when in enumerate((15, 25, 3))
    ]
    found = {one.edit.key: one for one in effects(SKILL, EDITS, sessions, same, born=True)}
    assert (found["c20"].before.sessions, found["c20"].after.sessions) == (2, 1)
    assert (found["c10"].before.sessions, found["c10"].after.sessions) == (0, 3)


@pytest.mark.parametrize(
    "session",
    [
        facts(1, None),
        facts(1, 12, "loaded", version="zz", how="unrecorded"),
    ],
)
def test_what_neither_text_nor_time_places_is_in_neither_group(session: SessionFacts) -> None:
    found = measured([session])["c10"]
    assert (found.before.sessions, found.after.sessions, found.unplaced) == (0, 0, 1)
    assert any("neither group" in one for one in effect_notes(found))


def test_before_it_was_made_a_skill_could_not_be_used() -> None:
    early = facts(1, 1)
    later = facts(2, 5)
    found = measured([early, later])
    assert found["c1"].before.sessions == 0
    assert "made the skill" in found["c1"].notes[1]
    assert measured([early, later], born=False)["c10"].before.sessions == 2


def test_only_up_to_the_next_change_when_asked() -> None:
    found = measured([facts(n, when) for n, when in enumerate((5, 15, 25))], adjacent=True)
    assert (found["c10"].before.sessions, found["c10"].after.sessions) == (1, 1)
    assert not any("came since" in note for note in found["c10"].notes)
    whole = measured([facts(n, when) for n, when in enumerate((5, 15, 25))])
    assert (whole["c10"].before.sessions, whole["c10"].after.sessions) == (1, 2)


def test_no_listing_recorded_is_unknown_and_not_zero() -> None:
    found = measured([facts(1, 5), facts(2, 15)])["c10"]
    assert found.before.listed is None
    rows = {row[0]: row for row in effect_rows(found)}
    assert rows["listed in"][1] == "not recorded"
    assert rows["passed, where loaded"][1] == "unknown: no session says"
    assert rows["loaded in"][1] == "0 of 1, too few for a rate"
    assert "p = 1" in rows["loaded in"][3]


def test_without_sessions_it_says_that_none_is_known() -> None:
    found = measured([])["c10"]
    assert effect_summary(found) == "no session is known"
    assert "No session is known from before this change." in effect_notes(found)
    assert found.compared.caution not in effect_notes(found)


def test_changes_that_do_not_count_still_divide_the_time() -> None:
    edits = [Edit("c20", "", day(20), "c20", counts=False), *EDITS[1:]]
    found = effects(SKILL, edits, [facts(1, 15), facts(2, 25)], VERSIONS, born=True, adjacent=True)
    assert [one.edit.key for one in found] == ["c10", "c1"]
    assert found[0].after.sessions == 1


def test_real_sessions_are_placed_by_the_text_they_loaded(tmp_path: Path) -> None:
    old, new = skill_md("forms", "# Old\n\nDo.\n"), skill_md("forms", "# New\n\nDo it well.\n")
    root = commits(
        tmp_path / "lib",
        [(1_772_000_000, {"forms/SKILL.md": old}), (1_773_000_000, {"forms/SKILL.md": new})],
    )
    found = library(root)
    (skill,) = found.skills
    shelf = VersionShelf()
    reader = SessionReader([found], shelf)
    session = Session()
    session.prompt("Fill this in")
    load(session, "forms", "# Old\n\nDo.\n")
    with opened(tmp_path / "traces", session) as trace:
        read = [reader.read(trace)]
    made = shelf.of(skill)
    edits = [Edit(one.commit, one.subject, one.time, one.commit) for one in made.versions]
    newest, oldest = effects(skill, edits, read, made, born=True)
    assert (newest.before.sessions, newest.before.by_text, newest.after.sessions) == (1, 1, 0)
    assert [use.kind for use in newest.before.uses] == ["requested", "loaded"]
    assert oldest.after.sessions == 1
