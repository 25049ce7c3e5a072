"""Running a plugin in the test's own process, and what its context gives it."""

from __future__ import annotations

import hashlib
import textwrap
from pathlib import Path

import msgspec
import pytest

from tests.unit.plugin.test_manifest import GOOD
from workbench.domain.job import (
    AnyEvent,
    Diagnosis,
    EvalResult,
    FindingEvent,
    Finished,
    Log,
    Progress,
    ProposalEvent,
    Request,
    TraceInput,
)
from workbench.domain.trace_lines import TraceHeader, TraceStep
from workbench.plugin.protocol import EvalAnswer
from workbench.plugin.testing import run_in_process


def write_plugin(tmp_path: Path, code: str) -> Path:
    # Python keeps imported modules: each test has a package of its own.
    name = f"probe_{hashlib.sha256(str(tmp_path).encode()).hexdigest()[:8]}"
    folder = tmp_path / "plugin"
    (folder / name).mkdir(parents=True)
    (folder / name / "__init__.py").write_text("from workbench.plugin.api import *\n")
    body = f"from {name} import *\n" + textwrap.dedent(code)
    (folder / name / "main.py").write_text(body)
    (folder / "plugin.toml").write_text(GOOD.replace("probe.main", f"{name}.main"))
    return folder


def run(tmp_path: Path, code: str, kind: str = "evolver", **options) -> tuple[AnyEvent, ...]:
    folder = write_plugin(tmp_path, code)
    run_dir = tmp_path / "run"
    run_dir.mkdir()
    fields = options.pop("fields", {})
    request = Request(job="run", kind=kind, library=str(run_dir), skills=(), **fields)
    return run_in_process(folder, request, run_dir, **options)


def end(events: tuple[AnyEvent, ...]) -> Finished:
    assert isinstance(events[-1], Finished)
    return events[-1]


def texts(events: tuple[AnyEvent, ...]) -> list[str]:
    return [event.text for event in events if isinstance(event, Log)]


def test_drafts_become_proposals_and_those_without_changes_diagnoses(tmp_path: Path) -> None:
    events = run(
        tmp_path,
        """
        def run(request, context):
            yield ProposalDraft("edit", "An edit", "why", (Change("a", "s/SKILL.md", "delete"),))
            yield ProposalDraft("diagnose", "Not the skill's fault", "why")
        """,
    )
    assert [e.draft.title for e in events if isinstance(e, ProposalEvent)] == ["An edit"]
    assert [e.draft.title for e in events if isinstance(e, Diagnosis)] == ["Not the skill's fault"]
    assert (end(events).status, end(events).summary) == ("completed", "1 proposal, 1 diagnosis.")
    assert [event.seq for event in events] == list(range(1, len(events) + 1))


def test_an_engine_that_proposes_nothing_ends_with_no_change(tmp_path: Path) -> None:
    assert end(run(tmp_path, "def run(r, c): return []")).status == "no_change"


def test_a_finding_gets_its_plugin_and_skill(tmp_path: Path) -> None:
    events = run(
        tmp_path,
        """
        def run(request, context):
            yield Finding("R1", "c", "low", "high", "SKILL.md", 1, 1, "e", "w", "f", "fp",
                          skill="pdf", plugin="somebody else")
        """,
        kind="scanner",
    )
    (event,) = [event for event in events if isinstance(event, FindingEvent)]
    assert event.finding is not None
    assert (event.skill, event.finding.plugin) == ("pdf", "probe")
    assert end(events).summary == "1 finding in 0 skills."


def test_a_plugin_says_itself_how_it_ended(tmp_path: Path) -> None:
    events = run(
        tmp_path,
        """
        def run(request, context):
            yield Finished(status="infra_blocked", summary="Every failure was Docker's.")
            context.log("never reached")
        """,
    )
    assert end(events).status == "infra_blocked"
    assert texts(events) == []


def test_the_context_reads_traces_keeps_blobs_and_hides_other_secrets(tmp_path: Path) -> None:
    trace = tmp_path / "t.jsonl"
    lines = [
        TraceHeader("t", "atif", None, None, None, "T", "pass", None),
        TraceStep(0, "a", "user", "hello"),
        TraceStep(1, "b", "agent", "bye"),
    ]
    trace.write_bytes(b"\n".join(msgspec.json.encode(line) for line in lines) + b"\n\n")
    events = run(
        tmp_path,
        """
        def run(request, context):
            header, steps = context.read_trace(request.traces[0])
            context.log(header.title + " " + " ".join(step.text for step in steps))
            context.log(context.blob(b"\\0binary"))
            context.log(str((context.secret("API_KEY"), context.secret("OTHER"))))
            context.progress(7, "beyond")
            context.log("odd", level="shout")
            (context.workdir / "note").write_text("x")
            yield from ()
        """,
        secrets={"API_KEY": "k"},
        fields={"traces": (TraceInput("t", str(trace)),)},
    )
    digest = hashlib.sha256(b"\0binary").hexdigest()
    assert texts(events) == ["T hello bye", digest, "('k', None)", "odd"]
    assert (tmp_path / "run" / "blobs" / digest).read_bytes() == b"\0binary"
    assert (tmp_path / "run" / "work" / "note").read_text() == "x"
    assert [e.fraction for e in events if isinstance(e, Progress)] == [1.0]


def test_evaluations_are_answered_or_refused(tmp_path: Path) -> None:
    code = """
        def run(request, context):
            try:
                context.log(str([r.score for r in context.evaluate("c", ["t"])]))
            except Unavailable as refusal:
                context.log(str(refusal))
            yield from ()
    """
    assert texts(run(tmp_path / "a", code)) == ["no runner"]
    answered = run(
        tmp_path / "b",
        code,
        answer=lambda asked: EvalAnswer(asked.id, (EvalResult(score=0.25),)),
    )
    assert texts(answered) == ["[0.25]"]


def test_a_cancel_stops_a_generator_and_lets_it_tidy_up(tmp_path: Path) -> None:
    events = run(
        tmp_path,
        """
        def run(request, context):
            try:
                for number in range(1000):
                    yield Log(text=str(number))
            finally:
                context.log("tidied")
        """,
        cancel_when=lambda event: getattr(event, "text", "") == "3",
    )
    assert texts(events) == ["0", "1", "2", "3", "tidied"]
    assert end(events).status == "cancelled"


def test_a_value_of_a_wrong_type_is_found_by_the_test(tmp_path: Path) -> None:
    events = run(tmp_path, "def run(r, c): yield Stage(name=3)")
    assert end(events).status == "failed"
    assert "ValidationError" in end(events).summary


def test_wrong_settings_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="at least 1"):
        run(tmp_path, "def run(r, c): yield", fields={"settings": {"depth": 0}})
