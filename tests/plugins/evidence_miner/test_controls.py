"""The mandatory controls of the offline evolver, and what it must not do."""

from __future__ import annotations

import random

import pytest

from tests.plugins.evidence_miner.runs import (
    TOOLBOX,
    Mine,
    diagnoses,
    edits,
    failing_run,
    finished,
    run,
    shell,
)
from workbench.domain.job import PastDecision
from workbench.domain.trace_lines import TraceStep

LIBRARY = {"report-tool": {"SKILL.md": TOOLBOX}}
OTHER = {
    "poems": {
        "SKILL.md": "---\nname: poems\ndescription: Poems.\n---\n# Poems\n\nCount `syllables`.\n"
    }
}
TWO_RUNS = [failing_run("october"), failing_run("november", "2026-11")]


@pytest.fixture
def mine(tmp_path):
    return Mine(tmp_path)


def without_seq(events):
    return [repr(event).split("seq=")[0] for event in events]


def test_a_repeated_error_becomes_one_line_with_its_evidence(mine):
    events = mine(LIBRARY, TWO_RUNS)
    [draft] = edits(events)
    assert draft.kind == "edit"
    assert draft.skills == ("report-tool",)
    [change] = draft.changes
    [op] = change.section_ops
    assert (change.path, op.heading) == ("report-tool/SKILL.md", "Known pitfalls")
    assert op.content == (
        "- `error: this flag was removed in reportgen N`: "
        "`reportgen build --month 2026-11 --fast` failed; "
        "`reportgen build --month 2026-11 --quick` worked "
        "(seen 2 times in 2 runs: november, october)."
    )
    assert {one.id for one in draft.evidence} == set(change.evidence)
    assert {(one.trace, one.step_first) for one in draft.evidence} == {
        ("october.jsonl#1", 1),
        ("october.jsonl#1", 3),
        ("november.jsonl#1", 1),
        ("november.jsonl#1", 3),
    }


def test_a_skill_of_another_task_gets_no_edit(mine):
    runs = [failing_run("october", loaded=""), failing_run("november", loaded="")]
    events = mine(OTHER, runs)
    assert edits(events) == []
    [told] = diagnoses(events)
    assert "no skill is about it" in told.title
    assert told.evidence


def test_a_loaded_skill_without_any_relation_gets_no_edit(mine):
    events = mine(OTHER, [failing_run("october", loaded="poems"), failing_run("x", loaded="poems")])
    assert edits(events) == []


def test_the_order_of_traces_does_not_matter(mine):
    runs = [failing_run(f"run{number}", f"2026-{number:02d}") for number in range(1, 8)]
    expected = without_seq(mine(LIBRARY, runs))
    for seed in range(3):
        shuffled = random.Random(seed).sample(runs, len(runs))
        events = mine(LIBRARY, shuffled)
        assert [e for e in without_seq(events) if "Progress" not in e] == [
            e for e in expected if "Progress" not in e
        ]


def test_the_same_input_twice_gives_the_same_output(mine):
    assert without_seq(mine(LIBRARY, TWO_RUNS)) == without_seq(mine(LIBRARY, TWO_RUNS))


@pytest.mark.parametrize("runs", [[], [run("empty")], [(run("none")[0], [])]])
def test_no_traces_and_empty_ones_give_nothing(mine, runs):
    events = mine(LIBRARY, runs)
    assert edits(events) == []
    assert finished(events).status == "no_change"


def infra_by_outcome():
    return run("broken", shell("reportgen build", "oops", 1), outcome="infra")


def infra_by_service():
    header, steps = run("refused")
    error = 'API Error: 529 {"type":"error","error":{"type":"overloaded_error"}}'
    return header, [*steps, TraceStep(1, "u1", "agent", error)]


def infra_by_network():
    header, steps = run(
        "offline",
        shell("pip install x", "Could not resolve host: pypi.example", 1),
    )
    return header, [*steps, TraceStep(9, "u9", "event", "stream disconnected before completion")]


@pytest.mark.parametrize("make", [infra_by_outcome, infra_by_service, infra_by_network])
def test_runs_that_only_failed_by_infrastructure_block(mine, make):
    header, steps = make()
    second = type(header)(
        **{f: getattr(header, f) for f in header.__struct_fields__} | {"id": "z#1"}
    )
    events = mine(LIBRARY, [(header, steps), (second, steps)])
    assert finished(events).status == "infra_blocked"
    assert edits(events) == []
    assert [draft.root_cause for draft in diagnoses(events)] == ["environment"]


def test_an_infra_run_beside_good_ones_is_left_out(mine):
    events = mine(LIBRARY, [*TWO_RUNS, infra_by_service()])
    assert len(edits(events)) == 1


def test_a_network_error_is_no_pitfall(mine):
    def offline(name):
        return run(
            name,
            shell("reportgen build --fast", "error: connection refused", 1),
            shell("reportgen build --quick", "built"),
            skills_loaded=("report-tool",),
        )

    assert edits(mine(LIBRARY, [offline("a"), offline("b")])) == []


def test_a_lesson_the_skill_has_is_not_repeated(mine):
    first = edits(mine(LIBRARY, TWO_RUNS))[0].changes[0].section_ops[0].content
    told = {"report-tool": {"SKILL.md": TOOLBOX + "\n## Known pitfalls\n\n" + first + "\n"}}
    assert edits(mine(told, TWO_RUNS)) == []


def test_a_lesson_in_other_words_is_not_repeated(mine):
    words = TOOLBOX + "\nNever call `python`, it is not there: use `python3`.\n"

    def without_python(name):
        return run(
            name,
            shell("python fill.py", "bash: python: command not found", 127),
            shell("python3 fill.py", "ok"),
            skills_loaded=("report-tool",),
        )

    runs = [without_python("a"), without_python("b")]
    assert edits(mine({"report-tool": {"SKILL.md": words}}, runs)) == []
    fresh = TOOLBOX + "\nRun `fill.py` last.\n"
    assert len(edits(mine({"report-tool": {"SKILL.md": fresh}}, runs))) == 1


def test_a_rejected_lesson_is_not_proposed_again(mine):
    line = edits(mine(LIBRARY, TWO_RUNS))[0].changes[0].section_ops[0].content
    past = PastDecision("p1", "t", "rejected", ("report-tool/SKILL.md",), ("wrong",), (line,))
    more = [*TWO_RUNS, failing_run("december", "2026-12")]
    assert edits(mine(LIBRARY, more, history=(past,))) == []
    elsewhere = PastDecision("p1", "t", "rejected", ("other/SKILL.md",), ("wrong",), (line,))
    assert len(edits(mine(LIBRARY, more, history=(elsewhere,)))) == 1


def test_once_is_no_pattern(mine):
    assert edits(mine(LIBRARY, [failing_run("october")])) == []


def test_credentials_are_never_quoted(mine):
    def secret(name):
        return run(
            name,
            shell("reportgen build --token=abc123secret --fast", "error: bad flag in use", 2),
            shell("reportgen build --token=abc123secret --quick", "built"),
            skills_loaded=("report-tool",),
        )

    events = mine(LIBRARY, [secret("a"), secret("b")])
    assert "abc123secret" not in repr(events)


def test_a_command_that_still_shows_the_error_is_no_fix(mine):
    def hidden(name):
        return run(
            name,
            shell("reportgen build --fast", "error: this flag was removed", 2),
            shell("reportgen build --fast || true", "error: this flag was removed", 0),
            skills_loaded=("report-tool",),
        )

    assert edits(mine(LIBRARY, [hidden("a"), hidden("b")])) == []


def test_a_fix_too_far_away_is_none(mine):
    def late(name):
        return run(
            name,
            shell("reportgen build --fast", "error: this flag was removed", 2),
            *[shell(f"ls folder{n}") for n in range(6)],
            shell("reportgen build --quick", "built"),
            skills_loaded=("report-tool",),
        )

    runs = [late("a"), late("b")]
    assert edits(mine(LIBRARY, runs)) == []
    assert len(edits(mine(LIBRARY, runs, window=8))) == 1


def test_an_environment_error_goes_to_the_environment_skill(mine):
    skills = {
        **OTHER,
        "container-environment": {
            "SKILL.md": "---\nname: container-environment\ndescription: Box.\n---\n# Box\n"
        },
    }

    def refused(name):
        return run(
            name,
            shell("pip install abc", "error: externally-managed-environment\n", 1),
            shell("pip install abc --break-system-packages", "ok"),
        )

    [draft] = edits(mine(skills, [refused("a"), refused("b")]))
    assert draft.skills == ("container-environment",)
    assert draft.generality == "general"


def test_an_existing_section_is_used(mine):
    text = TOOLBOX + "\n## Gotchas\n\n- Old one.\n\n## End\n"
    [draft] = edits(mine({"report-tool": {"SKILL.md": text}}, TWO_RUNS))
    assert draft.changes[0].section_ops[0].heading == "Gotchas"


def test_a_correction_is_quoted_and_nothing_is_made_of_it(mine):
    header, steps = run("talk")
    steps = [
        *steps,
        TraceStep(1, "u1", "agent", "I wrote the report in English."),
        TraceStep(2, "u2", "user", "No, I asked for German."),
        TraceStep(3, "u3", "agent", "Done."),
        TraceStep(4, "u4", "user", "Not bad, thank you"),
    ]
    [card] = diagnoses(mine(LIBRARY, [(header, steps)]))
    assert [one.quote for one in card.evidence] == [
        "I wrote the report in English.",
        "No, I asked for German.",
    ]
    assert card.changes == ()


def test_the_grounding_report_names_lines_no_run_used(mine):
    text = TOOLBOX + "\nThen `upload_bundle --to archive_box` and `verify_checksum.sh`.\n"
    events = mine({"report-tool": {"SKILL.md": text}}, [failing_run("october")])
    [report] = diagnoses(events)
    assert report.title.startswith("report-tool: ")
    assert "upload_bundle --to archive_box" in report.rationale
    assert "reportgen build --month" not in report.rationale
    assert any("--month" in one.quote for one in report.evidence)


def test_a_program_that_is_not_there_is_done_without(mine):
    def without_file(name):
        return run(
            name,
            shell("cd /x && file form.pdf && ls", "bash: file: command not found", 127),
            shell("cd /x && head -c 20 form.pdf && ls", "%PDF"),
        )

    box = {"SKILL.md": "---\nname: box-environment\ndescription: The box.\n---\n# A file\n"}
    runs = [without_file("a"), without_file("b")]
    [draft] = edits(mine({"box-environment": box}, runs))
    assert draft.changes[0].section_ops[0].content == (
        "- `file: command not found`: `file form.pdf` failed; do without it, "
        "`cd /x && head -c 20 form.pdf && ls` worked (seen 2 times in 2 runs: a, b)."
    )
    told = {"SKILL.md": box["SKILL.md"] + "\nThere is no `file` here.\n"}
    assert edits(mine({"box-environment": told}, runs)) == []
    other = [
        run(n, shell("file a.pdf", "file: command not found", 127), shell("ls b", "b"))
        for n in "ab"
    ]
    assert edits(mine({"box-environment": box}, other)) == []
