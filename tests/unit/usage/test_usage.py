"""Events of traces, counted by skill."""

from __future__ import annotations

import pytest

from workbench.domain.skill import Library, Skill
from workbench.domain.text import Span
from workbench.domain.trajectory import (
    ByteSpan,
    Loss,
    Metrics,
    SkillEvent,
    Step,
    ToolCall,
    TraceSource,
    Trajectory,
)
from workbench.usage.report import UsageReport, usage_of
from workbench.usage.resolve import SkillResolver
from workbench.usage.worklists import worklists

_BYTES = ByteSpan(0, 0, 1)


def _skill(skill_id: str, name: str | None = None) -> Skill:
    return Skill(
        id=skill_id,
        root="/lib",
        path=f"/lib/{skill_id}",
        name=name if name is not None else skill_id.rsplit("/", 1)[-1],
        description="",
        skill_md="SKILL.md",
        source=b"",
        body=Span(0, 0),
        front_matter=None,
        files=(),
        tree_hash="",
    )


def _event(name: str, kind: str, step: int = 0, trigger: str = "model", path: str | None = None):
    return SkillEvent(name, kind, trigger, step, _BYTES, "explicit", path)  # type: ignore[arg-type]


def _trajectory(name: str, *events: SkillEvent, statuses: tuple[str, ...] = ()) -> Trajectory:
    steps = tuple(
        Step(i, str(i), "agent", "", (), tool_calls=(ToolCall(str(i), "Bash", "", status),))  # type: ignore[arg-type]
        for i, status in enumerate(statuses)
    )
    return Trajectory(
        id=name,
        format="x",
        format_version=None,
        agent=None,
        model=None,
        sources=(TraceSource(f"/t/{name}", 1, 1, 1),),
        steps=steps,
        totals=Metrics(),
        loss=Loss(),
        tool_calls=len(steps),
        errors=sum(status == "error" for status in statuses),
        skill_events=events,
    )


def _listed_on(report: UsageReport, name: str, least_listings: int = 1) -> tuple[str, ...]:
    lists = {one.id: one for one in worklists(report, least_listings=least_listings)}
    return tuple(entry.skill for entry in lists[name].entries)


@pytest.mark.parametrize(
    ("name", "path", "expected"),
    [
        ("notes", None, "team/notes"),
        ("team:notes", None, "team/notes"),
        ("style", None, None),  # two skills of that name
        ("b:style", None, "b/style"),
        ("anything", "/home/x/.claude/skills/notes/SKILL.md", "team/notes"),
        ("style", "/srv/a/style/scripts/run.sh", "a/style"),
        ("unknown", None, None),
    ],
)
def test_an_event_resolves_by_path_then_by_name(
    name: str, path: str | None, expected: str | None
) -> None:
    library = Library("/lib", (_skill("team/notes"), _skill("a/style"), _skill("b/style")))
    found = SkillResolver(library).resolve(_event(name, "loaded", path=path))
    assert (found.id if found else None) == expected


def test_counts_have_their_denominator() -> None:
    library = Library("/lib", (_skill("a"), _skill("b")))
    report = usage_of(
        library,
        [
            _trajectory("one", _event("a", "listed"), _event("b", "listed"), _event("a", "loaded")),
            _trajectory("two", _event("a", "loaded"), _event("a", "loaded"), _event("z", "loaded")),
        ],
    )
    a, b = report.skills
    assert (a.listed, a.of_listings, a.loaded, a.loads, a.sessions) == (1, 1, 2, 3, 2)
    assert (b.listed, b.loaded) == (1, 0)
    assert report.unresolved == ("z",)
    assert _listed_on(report, "listed_never_chosen") == ("b",)


def test_listings_that_no_trace_records_are_unknown() -> None:
    report = usage_of(Library("/lib", (_skill("a"),)), [_trajectory("one", _event("a", "loaded"))])
    assert report.skills[0].listed is None
    assert _listed_on(report, "listed_never_chosen") == ()


def test_errors_after_a_load_are_set_against_all_calls() -> None:
    library = Library("/lib", (_skill("a"),))
    trace = _trajectory(
        "one", _event("a", "loaded", step=1), statuses=("ok", "ok", "error", "ok", "ok")
    )
    usage = usage_of(library, [trace]).skills[0]
    assert (usage.errors_after, usage.calls_after) == (1, 3)
    assert _listed_on(usage_of(library, [trace]), "loaded_then_error") == ("a",)


def test_a_skill_that_only_people_load_is_on_the_list() -> None:
    library = Library("/lib", (_skill("a"), _skill("b")))
    trace = _trajectory("one", _event("a", "loaded", trigger="slash"), _event("b", "loaded"))
    assert _listed_on(usage_of(library, [trace]), "slash_only") == ("a",)
