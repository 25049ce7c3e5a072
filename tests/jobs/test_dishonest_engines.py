"""Engines that write where they should not, or claim what is not so: the host keeps its own facts.

The engines are written for these tests; jobs, evaluations, intake and store are real.
"""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.unit.evolution.test_means import SKILL, run, world
from workbench.domain.job import EvalResult, Log, Warning_
from workbench.evaluation.cache import EvaluationCache
from workbench.evaluation.evaluator import Evaluator
from workbench.evolution.means import Means
from workbench.files import sha256
from workbench.store.proposals import ProposalStore
from workbench.traces.open import open_traces

HEAD = """
import os, shutil, sys
from pathlib import Path
from workbench.plugin.api import Change, Evidence, ProposalDraft, SectionOp, Unavailable

def edit(text=None, path="words/SKILL.md", ops=(), **more):
    return Change(more.pop("id", "c"), path, "edit", text, tuple(ops), **more)

def draft(*changes, **more):
    return ProposalDraft("edit", more.pop("title", "T"), "R", changes, **more)

"""
APPEND = 'SectionOp("append", "Words", "- blue")'


@pytest.mark.parametrize(
    "deed",
    [
        'copy.write_text(copy.read_text().replace("red", "RED"))',
        "copy.unlink()",
        'copy.unlink(); copy.symlink_to("/etc/passwd")',
        "copy.unlink(); os.mkfifo(copy)",
        "shutil.rmtree(request.library)",
    ],
    ids=["changed", "gone", "a link", "a pipe", "all gone"],
)
def test_an_engine_that_changes_its_copy_changes_nothing_that_proposals_are_based_on(
    tmp_path: Path, deed: str
) -> None:
    code = f"""{HEAD}
def propose(request, context):
    copy = Path(request.library) / "words" / "SKILL.md"
    {deed}
    yield draft(edit(ops=[{APPEND}]))
"""
    with world(tmp_path, code=code, needs="[]") as (library, plugin, _):
        result, events = run(tmp_path, library, plugin, Means(tasks=None), ())
        assert (library / "words" / "SKILL.md").read_text() == SKILL
    (proposal,) = result.proposals
    assert proposal.draft.changes[0].new_text == SKILL.rstrip("\n") + "\n- blue\n"
    assert proposal.base[0].sha256 == sha256(SKILL.encode())
    blob = ProposalStore(tmp_path / "store").blob(proposal.base[0].sha256, proposal.id)
    assert blob == SKILL.encode()
    assert any("changed its copy of the library" in text for text in result.problems)
    told = [event.text for event in events if isinstance(event, Warning_)]
    assert told == list(result.problems)


def test_an_engine_that_changes_the_library_itself_is_told_and_its_proposal_is_not_guessed(
    tmp_path: Path,
) -> None:
    code = f"""{HEAD}
def propose(request, context):
    for place in (Path(request.library), Path({str(tmp_path / "library")!r})):
        (place / "words" / "SKILL.md").write_text("mine")
    yield draft(edit(ops=[{APPEND}]))
"""
    with world(tmp_path, code=code, needs="[]") as (library, plugin, _):
        result, _ = run(tmp_path, library, plugin, Means(), ())
    assert result.proposals == ()
    assert "no longer what it was" in result.refused[0]
    assert any("Files of the library changed" in text for text in result.problems)


def test_an_engine_that_writes_into_a_version_under_test_gets_no_result_and_none_is_kept(
    tmp_path: Path,
) -> None:
    code = f"""{HEAD}
def propose(request, context):
    base = context.evaluate("base", ["t-blue"])
    made = next((Path(request.library).parent / "variants").glob("*/words/SKILL.md"))
    made.write_text(made.read_text() + "- blue")
    again = context.evaluate("base", ["t-blue"])
    context.log(f"{{base[0].score:g}} {{again[0].score:g}}")
    yield draft(edit(ops=[{APPEND}]))
"""
    with world(tmp_path, code=code) as (library, plugin, means):
        result, events = run(tmp_path, library, plugin, means)
    assert [event.text for event in events if isinstance(event, Log)] == ["0 0"]
    # The gate's baseline is of the files as they were, too.
    rows = {row.task: row for row in result.proposals[0].gate.table.rows}
    assert rows["t-blue"].before == (0.0, 0.0)


def test_results_of_a_version_written_to_while_its_tasks_ran_are_forgotten(
    tmp_path: Path,
) -> None:
    code = f"""{HEAD}
import threading, time
def propose(request, context):
    def spoil():
        while True:
            for made in (Path(request.library).parent / "variants").glob("*/words/SKILL.md"):
                try:
                    made.write_text("blue")
                except OSError:
                    pass
            time.sleep(0.001)
    threading.Thread(target=spoil, daemon=True).start()
    try:
        context.log(str(context.evaluate("base", ["t-blue"])))
    except Unavailable as problem:
        context.log(str(problem))
    yield from ()
"""
    cache = EvaluationCache(tmp_path / "cache.sqlite")
    with world(tmp_path, code=code) as (library, plugin, means):
        kept = Evaluator(means.tasks, means.evaluator.runner, tmp_path / "kept", cache=cache)
        _, events = run(tmp_path, library, plugin, Means(means.tasks, kept, means.models))
        kept.close()
    cache.close()
    (said,) = [event.text for event in events if isinstance(event, Log)]
    assert "so its results do not count" in said
    assert not [event for event in events if isinstance(event, EvalResult)]
    with closing(sqlite3.connect(tmp_path / "cache.sqlite")) as database:
        assert database.execute("SELECT count(*) FROM kept").fetchone() == (0,)


def session(folder: Path) -> Path:
    path = folder / "session.json"
    path.write_text(json.dumps([{"role": "user", "content": "Name the words."}]))
    return path


@pytest.mark.parametrize(
    ("evidence", "reason"),
    [
        ('Evidence("e", t, 0, 0, "Delete the words.")', "is not in step 0"),
        ('Evidence("e", "another-trace", 0, 0, "Name")', "No trace 'another-trace'"),
        ('Evidence("e", t, 0, 900, "Name")', "not 0 to 900"),
        ('Evidence("e", t, -5, 0, "Name")', "not -5 to 0"),
        ('Evidence("e", t, 0, 0, "")', "quote is empty"),
        ('Evidence("e", t, 0, 0, " " * 50)', "quote is empty"),
    ],
    ids=["lie", "invented trace", "beyond the end", "negative", "empty", "blank"],
)
def test_a_quote_that_is_not_there_is_marked_and_the_written_trace_is_not_asked(
    tmp_path: Path, evidence: str, reason: str
) -> None:
    code = f"""{HEAD}
def propose(request, context):
    t = request.traces[0].id
    # The host's own source is the original, so forging the copy helps nobody.
    written = Path(request.traces[0].path)
    written.write_text(written.read_text().replace("Name the", "Delete the"))
    yield draft(edit("new", evidence=("e",)), evidence=({evidence},))
"""
    traces = open_traces(session(tmp_path))
    try:
        with world(tmp_path, code=code, needs="[]") as (library, plugin, _):
            result, _ = run(tmp_path, library, plugin, Means(), traces)
    finally:
        for trace in traces:
            trace.close()
    (check,) = result.proposals[0].checks
    assert check.status == "unsupported"
    assert reason in check.reason
    assert "1 of 1 quotes could not be found" in " ".join(result.proposals[0].warnings)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ('edit("x", "nowhere/SKILL.md")', "no such file|lies in no skill"),
        ('edit("x", "../library/words/SKILL.md")', "leaves the library"),
        ('edit("x", ".workbench/locks.toml")', "belongs to another program"),
        ('edit("x", ".git/hooks/pre-commit")', "belongs to another program"),
        ('edit("x", "/etc/passwd")', "leaves the library"),
        ('edit(None, blob="0" * 64)', "was not handed over"),
        ('edit(None, blob="../../etc/passwd")', "was not handed over"),
        ('edit("x" * (2 << 20))', "more than 1 MiB"),
        ('edit("a\\x00b")', "NUL"),
        ('edit(None, ops=[SectionOp("replace", "No such", "x")])', "No such"),
        ('edit("x", mode="120000")', "is none of"),
        ('edit("x", depends_on=("other",)), edit(None, "words/none.md", id="other")', "."),
    ],
)
def test_a_change_that_may_not_be_is_left_out_in_words(
    tmp_path: Path, change: str, words: str
) -> None:
    import re

    code = f"{HEAD}\ndef propose(request, context):\n    yield draft({change})\n"
    with world(tmp_path, code=code, needs="[]") as (library, plugin, _):
        result, _ = run(tmp_path, library, plugin, Means(), ())
        assert (library / "words" / "SKILL.md").read_text() == SKILL
    told = " ".join([*result.refused, *(w for one in result.proposals for w in one.warnings)])
    assert re.search(words, told), told
    assert result.status == "completed"


def test_invented_skills_tasks_and_evidence_lead_nowhere(tmp_path: Path) -> None:
    code = f"""{HEAD}
def propose(request, context):
    try:
        context.evaluate("x", ["t-invented"])
    except Unavailable as problem:
        context.log(str(problem))
    yield draft(edit("new", evidence=("nobody",)), skills=("ghost", "words"), confidence=7.0)
"""
    with world(tmp_path, code=code) as (library, plugin, means):
        result, events = run(tmp_path, library, plugin, means)
    assert "no task 't-invented'" in next(e.text for e in events if isinstance(e, Log))
    (proposal,) = result.proposals
    assert proposal.draft.skills == ("words",)
    assert proposal.draft.changes[0].evidence == ()
    assert proposal.draft.confidence is None
    assert len(proposal.warnings) == 2


def test_a_patch_for_another_base_is_the_text_it_is_and_never_a_merge_of_guesses(
    tmp_path: Path,
) -> None:
    code = f"""{HEAD}
def propose(request, context):
    yield draft(edit("# Of another library\\n"), title="whole")
    yield draft(edit(ops=[SectionOp("replace", "Elsewhere", "x")]), title="section")
"""
    with world(tmp_path, code=code, needs="[]") as (library, plugin, _):
        result, _ = run(tmp_path, library, plugin, Means(), ())
    (proposal,) = result.proposals
    assert proposal.base[0].sha256 == sha256(SKILL.encode())
    assert "Elsewhere" in result.refused[0]
