"""Leave-one-out: what helps stays, what harms goes, what cannot be told is said to be so."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.plugins.engine_world import WORDS, world
from workbench.domain.job import (
    AnyEvent,
    Budget,
    Diagnosis,
    EvalRequested,
    Finished,
    LlmCall,
    ProposalEvent,
    Request,
    SkillInput,
    Started,
    StoredResult,
    TaskInput,
    Warning_,
)
from workbench.domain.proposal import ProposalDraft
from workbench.plugin.manifest import load
from workbench.plugin.registry import unmet_needs
from workbench.plugin.testing import run_in_process
from workbench.resources import bundled

PLUGIN = bundled("plugins") / "lifecycle"
NAMES = ("harms", "helps", "idle", "spare")
FRONT = "---\r\nname: {0}\r\ndescription: Does {0}\r\n---\r\n# {0}\r\n\r\nText.\r\n"


def table(tasks: int = 6, places: tuple[str, ...] = ("",)) -> list[StoredResult]:
    """Runs in which one skill helps, one harms, one is never read and one makes no difference."""
    rows = []
    sets = [NAMES, *(tuple(n for n in NAMES if n != one) for one in NAMES), ()]
    for number in range(tasks):
        for skills in sets:
            score = 0.5 + 0.5 * ("helps" in skills) - 0.5 * ("harms" in skills)
            loaded = tuple(one for one in skills if one != "idle")
            for place in places:
                rows.append(
                    StoredResult(f"t{number}", skills, score, "unknown", loaded, "", place, 0)
                )
    return rows


def run(
    tmp_path: Path,
    results: list[StoredResult],
    names: tuple[str, ...] = NAMES,
    *,
    locks: tuple[str, ...] = (),
    tasks: tuple[TaskInput, ...] = (),
    text: str = FRONT,
    **given_settings: Any,
) -> tuple[AnyEvent, ...]:
    library = tmp_path / "library"
    skills = []
    for name in names:
        (library / name / "references").mkdir(parents=True, exist_ok=True)
        (library / name / "SKILL.md").write_bytes(text.format(name).encode())
        (library / name / "references" / "more.md").write_text("More.")
        files = ("SKILL.md", "references/more.md")
        skills.append(
            SkillInput(name, str(library / name), name, f"Does {name}", name, files, locks=locks)
        )
    request = Request(
        "j", "evolver", str(library), tuple(skills), results=tuple(results), tasks=tasks,
        settings=given_settings, budget=Budget(),
    )  # fmt: skip
    (tmp_path / "run").mkdir(exist_ok=True)
    return run_in_process(PLUGIN, request, tmp_path / "run")


def drafts(events: tuple[AnyEvent, ...]) -> dict[str, ProposalDraft]:
    """What is said of single skills; the report on all of them is under "all"."""
    found = {}
    for one in events:
        if isinstance(one, ProposalEvent | Diagnosis) and one.draft is not None:
            found["all" if len(one.draft.skills) > 1 else one.draft.skills[0]] = one.draft
    return found


def test_the_skill_that_harms_is_retired_and_the_one_that_helps_is_left_alone(
    tmp_path: Path,
) -> None:
    found = drafts(run(tmp_path, table()))
    assert "helps" not in found
    harms = found["harms"]
    assert harms.kind == "retire"
    assert {(one.path, one.op) for one in harms.changes} == {
        ("harms/SKILL.md", "delete"),
        ("harms/references/more.md", "delete"),
    }
    assert "harms/references/more.md" in harms.rationale
    assert "6 go better" in harms.rationale
    assert "p = 0.016" in harms.rationale
    # The rate with no skill at all stands beside it, in words and as a figure.
    assert "0.50 with no skill at all" in harms.rationale
    assert [one.after for one in harms.scores] == [1.0, 0.5]
    assert "helps: adds something; gain +0.500" in found["all"].rationale


def test_a_skill_nobody_reads_is_named_and_nothing_is_changed(tmp_path: Path) -> None:
    idle = drafts(run(tmp_path, table()))["idle"]
    assert (idle.kind, idle.changes) == ("diagnose", ())
    assert "never read" in idle.title
    assert "description first" in idle.rationale


def test_a_skill_that_adds_nothing_is_quarantined_by_one_line(tmp_path: Path) -> None:
    rows = [row for row in table() if "harms" not in row.skills]
    rows += [replace(row, skills=("helps", "idle")) for row in rows if len(row.skills) == 3]
    spare = drafts(run(tmp_path, rows, ("helps", "idle", "spare")))["spare"]
    assert spare.kind == "narrow"
    before = FRONT.format("spare")
    (change,) = spare.changes
    assert change.new_text == before.replace(
        "spare\r\n---\r\n#", "spare\r\ndisable-model-invocation: true\r\n---\r\n#"
    )
    assert "others ignore it" in spare.rationale


def test_beside_a_skill_that_harms_nobody_is_quarantined_for_adding_nothing(
    tmp_path: Path,
) -> None:
    spare = drafts(run(tmp_path, table()))["spare"]
    assert (spare.kind, spare.changes) == ("diagnose", ())
    assert "measure it again" in spare.title


def test_harm_in_one_family_alone_narrows_the_description(tmp_path: Path) -> None:
    rows = [
        StoredResult(f"{family}{number}", skills, score, "unknown", skills)
        for family, effect in (("sql", -0.5), ("mail", 0.5))
        for number in range(3)
        for skills, score in ((("one",), 0.5 + effect), ((), 0.5))
    ]
    tasks = tuple(TaskInput(row.task, "x", family=row.task[:-1]) for row in rows[::2])
    draft = drafts(run(tmp_path, rows, ("one",), tasks=tasks, min_uses=3))
    one = draft["one"]
    assert one.kind == "narrow"
    assert one.title == "Narrow one: it harms in sql only"
    (change,) = one.changes
    assert (change.new_text or "").splitlines()[2] == 'description: "Does one. Not for sql."'
    assert (change.new_text or "").endswith("# one\r\n\r\nText.\r\n")


def test_harm_in_one_environment_alone_narrows_too(tmp_path: Path) -> None:
    rows = [
        StoredResult(f"t{number}", skills, score, "unknown", skills, "", place)
        for place, effect in (("windows", -0.5), ("linux", 0.5))
        for number in range(3)
        for skills, score in ((("one",), 0.5 + effect), ((), 0.5))
    ]
    one = drafts(run(tmp_path, rows, ("one",)))["one"]
    assert one.kind == "narrow"
    assert "Not for windows." in (one.changes[0].new_text or "")


def test_what_is_confounded_decides_nothing(tmp_path: Path) -> None:
    # Used on hard tasks alone: the rate is bad, and nobody ran these tasks without it.
    rows = [StoredResult(f"hard{n}", ("one",), 0.0, "fail", ("one",)) for n in range(8)]
    rows += [StoredResult(f"easy{n}", (), 1.0, "pass", ()) for n in range(8)]
    found = drafts(run(tmp_path, rows, ("one",)))
    one = found["one"]
    assert (one.kind, one.changes) == ("diagnose", ())
    assert "confounded" in one.rationale


def test_harm_that_may_be_chance_is_quarantined_and_not_deleted(tmp_path: Path) -> None:
    rows = [
        StoredResult(f"t{n}", skills, score, "unknown", skills)
        for n, effect in enumerate((-0.5, -0.5, 0.4, 0.0, 0.0))
        for skills, score in ((("one",), 0.5 + effect), ((), 0.5))
    ]
    one = drafts(run(tmp_path, rows, ("one",)))["one"]
    assert one.kind == "narrow"
    assert [change.op for change in one.changes] == ["edit"]


def test_too_few_uses_and_a_clean_library_give_no_edit(tmp_path: Path) -> None:
    few = run(tmp_path / "few", table(), min_uses=50)
    assert not [one for one in few if isinstance(one, ProposalEvent)]
    good = [
        StoredResult(f"t{n}", skills, score, "unknown", skills)
        for n in range(8)
        for skills, score in ((("one",), 1.0), ((), 0.4))
    ]
    clean = run(tmp_path / "clean", good, ("one",))
    assert not [one for one in clean if isinstance(one, ProposalEvent)]
    assert isinstance(clean[-1], Finished)
    assert clean[-1].status == "no_change"


def test_a_locked_skill_stays_as_it_is(tmp_path: Path) -> None:
    found = drafts(run(tmp_path, table(), locks=("*",)))
    assert found["harms"].changes == ()
    assert "has locks" in found["harms"].rationale


def test_a_skill_without_front_matter_is_not_cut_into(tmp_path: Path) -> None:
    rows = [row for row in table() if "harms" not in row.skills and row.skills]
    rows += [replace(row, skills=("helps", "idle")) for row in rows]
    text = "# {0}\n\nNo front matter.\n"
    found = drafts(run(tmp_path, rows, ("helps", "idle", "spare"), text=text))
    assert found["spare"].changes == ()
    assert "no front matter" in found["spare"].rationale


def test_the_newest_rounds_weigh_more(tmp_path: Path) -> None:
    # It helped in the first round and harms in the later ones.
    rows = [
        StoredResult(f"t{n}", skills, score, "unknown", skills, run=number)
        for n in range(5)
        for number, effect in enumerate((0.3, -0.2, -0.2, -0.2))
        for skills, score in ((("one",), 0.5 + effect), ((), 0.5))
    ]
    smoothed = drafts(run(tmp_path / "a", rows, ("one",)))["one"].rationale
    assert "smoothed gain -0.138" in smoothed
    newest = drafts(run(tmp_path / "b", rows, ("one",), smoothing=1.0))["one"].rationale
    assert "gain -0.200" in newest


def test_infrastructure_failures_and_other_libraries_say_nothing(tmp_path: Path) -> None:
    rows = [replace(row, status="infra", score=None) for row in table()]
    rows += [replace(row, skills=("a hash",)) for row in table()]
    events = run(tmp_path, rows)
    assert not [one for one in events if isinstance(one, ProposalEvent)]
    told = " ".join(one.text for one in events if isinstance(one, Warning_))
    assert "36 results name skills" in told
    assert "36 results say nothing" in told


@settings(max_examples=30, deadline=None)
@given(st.permutations(range(36)))
def test_the_order_of_results_does_not_matter(order: list[int]) -> None:
    import tempfile

    rows = table()
    said = []
    for some in (rows, [rows[n] for n in order]):
        with tempfile.TemporaryDirectory() as folder:
            said.append(drafts(run(Path(folder), some)))
    assert said[0] == said[1]


def test_its_need_is_met_by_results_or_by_a_runner() -> None:
    manifest = load(PLUGIN)
    assert unmet_needs(manifest, {"results"}) == ()
    assert unmet_needs(manifest, {"runner"}) == ()
    assert unmet_needs(manifest, {"traces"}) == (
        "stored results of task runs or a runner that executes tasks",
    )


BAD = "---\nname: {0}\ndescription: Listed {0}\n---\n{1}\n"
SKILLS = {
    "harms": BAD.format("harms", "POISON"),
    "helps": BAD.format("helps", "- ing\n- ed\n- ly"),
    "words": BAD.format("words", "nothing"),
}
#: A skill with POISON makes every word unknown.
POISONED = 'grep -qrs POISON "$1" && case "$2" in *ing) echo no; exit;; esac\n'


def test_with_a_runner_it_leaves_each_out_and_says_the_cost_before(tmp_path: Path) -> None:
    from tests.plugins.engine_world import AGENT

    words = {**WORDS, "val": ("sing", "ring", "king", "bring", "wing", "cling")}
    with world(tmp_path, skills=SKILLS, agent=POISONED + AGENT, words=words) as here:
        result, events = here.run("lifecycle", settings={"runs": 2})
    plan = next(one for one in events if isinstance(one, Started) and one.plan)
    assert "(3 + 1) x 6 x 2 = 48 runs, and 12 for no skill at all" in plan.cost_estimate
    asked = [one for one in events if isinstance(one, EvalRequested)]
    assert [one.without for one in asked] == [
        (), ("harms",), ("helps",), ("words",), ("harms", "helps", "words"),
    ]  # fmt: skip
    assert not [one for one in events if isinstance(one, LlmCall)]
    found = {one.draft.skills[0]: one for one in result.proposals}
    assert found["harms"].draft.kind == "retire"
    assert (tmp_path / "library/harms/SKILL.md").exists()
    # On the held-out tasks the host sees the same: three words in -ing come back.
    assert (found["harms"].gate.held_out, found["harms"].gate.repairs) == ("test", 4)
    assert "helps" not in found


def test_a_spent_budget_judges_what_was_measured(tmp_path: Path) -> None:
    from tests.plugins.engine_world import AGENT

    words = {**WORDS, "val": ("sing", "ring", "king", "bring", "wing", "cling")}
    with world(tmp_path, skills=SKILLS, agent=POISONED + AGENT, words=words, runs=28) as here:
        result, _ = here.run("lifecycle", settings={"min_uses": 1})
    assert result.status == "budget"
    assert [one.draft.skills for one in result.proposals] == [("harms",)]


def test_runs_that_all_fail_for_reasons_of_the_machine_are_no_verdict(tmp_path: Path) -> None:
    with world(tmp_path, skills=SKILLS, agent="exit 127") as here:
        result, _ = here.run("lifecycle")
    assert result.status == "infra_blocked"
    assert result.proposals == ()


@pytest.mark.parametrize("now", [False, True])
def test_a_stop_in_the_middle_changes_nothing(tmp_path: Path, now: bool) -> None:
    def stop(event: Any, evolution: Any) -> None:
        if isinstance(event, EvalRequested):
            evolution.cancel()
            if now:
                evolution.job.cancel(now=True)

    with world(tmp_path, skills=SKILLS, agent="sleep 0.2; echo no") as here:
        result, _ = here.run("lifecycle", watch=stop)
    assert result.status == "cancelled"
    assert result.proposals == ()
    assert sorted(path.name for path in (tmp_path / "library").iterdir()) == sorted(SKILLS)
