"""Runs side by side: what is matched, what differs, where they part."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.runaway import ends_soon
from tests.unit.traces.claude_records import Session, call, text
from tests.unit.traces.compare.runs import Word, pairs, run
from workbench.traces.compare.align import CAP, align
from workbench.traces.compare.keys import command_head, only_reads
from workbench.traces.compare.runs import Comparison, compare
from workbench.traces.compare.texts import row_diffs, with_texts
from workbench.traces.open import open_traces

_WORDS: st.SearchStrategy[Word] = st.sampled_from(
    [
        "user: fix it",
        "user: go on",
        "event: hook",
        "Done.",
        "Let me see.",
        ("Bash", "pytest -q"),
        ("Bash", "pytest -q tests"),
        ("Bash", "git commit -m x"),
        ("Read", "/repo/a.py"),
        ("Read", "/repo/b.py"),
        ("Edit", "/repo/a.py"),
        ("Edit", "/repo/a.py", "error"),
        ("Skill", "pdf"),
        ("Skill", "csv"),
    ]
)
_RUNS = st.lists(_WORDS, max_size=40).map(lambda words: run(*words))


@given(_RUNS)
def test_a_run_is_itself(one):
    found = compare([one, one])
    assert pairs(found.rows) == [(at, at) for at in range(len(one.steps))]
    assert {row.state for row in found.rows} <= {"same"}
    assert (found.first_difference, found.first_divergence) == (None, None)


@given(_RUNS, _RUNS)
def test_which_run_is_first_changes_no_count(left, right):
    one, other = compare([left, right]), compare([right, left])
    assert sorted(p[::-1] for p in _matched(one)) == sorted(_matched(other))
    assert (one.counts.same, one.counts.changed) == (other.counts.same, other.counts.changed)
    assert one.counts.alone == other.counts.alone[::-1]
    assert (one.first_divergence is None) == (other.first_divergence is None)


@given(st.lists(_RUNS, min_size=2, max_size=4))
def test_every_step_of_every_run_is_in_one_row_in_order(runs):
    found = compare(runs)
    for number, one in enumerate(runs):
        places = [row.cells[number] for row in found.rows if row.cells[number] is not None]
        assert places == list(range(len(one.steps)))
    assert all(any(cell is not None for cell in row.cells) for row in found.rows)
    total = found.counts.same + found.counts.changed + found.counts.some + sum(found.counts.alone)
    assert total == len(found.rows)


def _matched(found: Comparison) -> list[tuple[int | None, ...]]:
    return [row.cells for row in found.rows if None not in row.cells]


def test_the_first_divergence_is_where_the_work_parts():
    left = run("user: fix", ("Read", "/repo/a"), ("Bash", "pytest"), ("Edit", "/repo/a"), "Done.")
    right = run(
        "user: fix",
        ("Read", "/repo/b"),
        "event: hook",
        ("Bash", "pytest"),
        ("Write", "/repo/n"),
        "Ok.",
    )
    found = compare([left, right])
    assert found.first_difference is not None
    first = found.rows[found.first_difference]
    assert (first.cells, first.changes, first.reads) == ((1, 1), ("arguments",), True)
    assert found.first_divergence is not None
    assert found.rows[found.first_divergence].cells == (3, None)
    assert found.rows[-1].state == "changed"
    assert found.rows[-1].changes == ("text",)
    assert found.counts.alone == (1, 2)


def test_other_words_for_the_same_thing_are_no_divergence():
    found = compare([run("user: fix", "All done."), run("user: fix", "Finished.")])
    assert found.rows[1].changes == ("text",)
    assert found.first_difference is None


def test_a_call_that_fails_on_one_side_is_a_divergence():
    found = compare([run(("Bash", "make")), run(("Bash", "make", "error"))])
    assert found.first_divergence == 0
    assert found.rows[0].changes == ("status",)


def test_folders_of_the_run_and_random_names_do_not_count():
    left = run(("Edit", "/repo/src/a.py"), ("Read", "/tmp/x91/out.txt"))
    right = run(("Edit", "/srv/7/src/a.py"), ("Read", "/tmp/q02/out.txt"), cwd="/srv/7")
    assert _matched(compare([left, right])) == [(0, 0), (1, 1)]


def test_a_prompt_holds_runs_together_though_the_work_between_is_alike():
    left = run("user: one", ("Bash", "make"), "user: two", ("Bash", "make"), ("Bash", "make"))
    right = run("user: two", ("Bash", "make"), ("Bash", "make"), ("Bash", "make"))
    found = compare([left, right])
    assert (2, 0) in pairs(found.rows)
    assert not {(1, 1), (1, 2)} & set(pairs(found.rows))


def test_a_skill_holds_runs_together():
    left = run(("Bash", "ls"), ("Skill", "pdf"), ("Bash", "ls"))
    right = run(("Skill", "pdf"), ("Bash", "ls"), ("Bash", "ls"))
    assert (1, 0) in pairs(compare([left, right]).rows)


def test_reads_in_a_row_are_folded():
    one = run("user: x", ("Read", "/a"), ("Grep", "y"), ("Bash", "cat a | head"), ("Bash", "make"))
    assert compare([one, one]).folds == ((1, 4),)


def test_what_was_used_is_summed_and_unknown_stays_unknown():
    found = compare([run("user: x", ("Bash", "a"), ("Bash", "b")), run("user: x", "Hm.")])
    last = found.rows[-1].running
    assert (last[0].input, last[0].output, last[0].seconds) == (20, 2, 2.0)
    assert (last[1].input, last[1].cost_usd) == (None, None)
    assert found.rows[0].running[0].input is None


def test_three_runs_share_rows():
    found = compare(
        [
            run(("Bash", "a"), ("Bash", "b"), ("Bash", "c")),
            run(("Bash", "a"), ("Bash", "x"), ("Bash", "c")),
            run(("Bash", "a"), ("Skill", "s"), ("Bash", "c")),
        ]
    )
    assert found.rows[0].cells == (0, 0, 0)
    assert found.rows[-1].cells == (2, 2, 2)
    assert found.runs[2].skills == ("s",)


def test_one_run_is_no_comparison():
    with pytest.raises(ValueError, match="two runs"):
        compare([run("user: x")])


@pytest.mark.parametrize(
    ("command", "head"),
    [
        ("pytest -q tests/a", "pytest"),
        ("cd /x && FOO=1 BAR=2 git commit -m 'a b'", "git commit"),
        ("python3 -m pytest -q", "python3 -m pytest"),
        ("sudo timeout 30 /usr/bin/python3 tools/run.py --x 1", "python3 tools/run.py"),
        ("cat '/repo/a b.txt'", "cat a b.txt"),
        ("", ""),
    ],
)
def test_the_head_of_a_command(command: str, head: str):
    assert command_head(command, "/repo") == head


@pytest.mark.parametrize(
    ("command", "reads"),
    [
        ("ls -la && git status", True),
        ("cat a > b", False),
        ("find . -name x -delete", False),
        ("sed -n 1,5p a", True),
        ("sed -i s/a/b/ a", False),
        ("git log | head", True),
        ("git push", False),
        ("cat a 2>&1", True),
    ],
)
def test_which_commands_only_look(command: str, reads: bool):
    assert only_reads(run(("Bash", command)).steps[0]) is reads


def test_long_runs_are_matched_by_what_occurs_once():
    shared = [("agent", ((f"tool{n}", ""),)) for n in range(3 * CAP)]
    noise = [("agent", (("noise", ""),))] * CAP
    with ends_soon():
        found = align([*noise, *shared], [*shared[::2], *noise], {}, {})
    assert len(found.pairs) >= len(shared) / 2
    assert not found.capped


def test_what_is_too_long_and_has_nothing_to_hold_on_to_is_said():
    left = [("agent", (("ab"[n % 2], ""),)) for n in range(CAP + 2)]
    right = [("agent", (("ba"[n % 2], ""),)) for n in range(CAP + 3)]
    right.append(("agent", (("c", ""),)))
    left.append(("agent", (("d", ""),)))
    found = align(left, right, {}, {})
    assert found.capped
    rows = found.rows()
    assert [row[0] for row in rows if row[0] is not None] == list(range(len(left)))


def test_full_texts_show_what_previews_hide(tmp_path: Path):
    sessions = []
    for number, ending in enumerate(("same", "other")):
        session = Session()
        session.prompt("Fix it")
        session.says(
            text("x" * 300 + ending), call("t1", "Bash", command="make " + "y" * 300 + ending)
        )
        session.result("t1", f"built {ending}")
        sessions.append(session.write(tmp_path, f"{number}.jsonl"))
    (left,), (right,) = (open_traces(path) for path in sessions)
    with left, right:
        shown = compare([left.trajectory, right.trajectory])
        assert shown.rows[1].state == "same"
        full = with_texts(shown, [left, right])
        assert full.rows[1].changes == ("arguments", "result", "text")
        diffs = {diff.what: diff.lines for diff in row_diffs(full.rows[1], [left, right])}
        assert diffs["Bash result"][1:] == ("-built same", "+built other")
        assert set(diffs) == {"text", "Bash arguments", "Bash result"}


@settings(max_examples=30, deadline=None)
@given(st.text(max_size=300))
def test_no_argument_is_too_odd(argument: str):
    one = run(("Bash", argument), ("Read", argument))
    assert compare([one, one]).counts.same == 2
