from __future__ import annotations

import pytest

from tests.unit.evolution.library import FileTrace
from workbench.domain.proposal import Evidence
from workbench.evolution.evidence import MAX_STEPS, check_evidence, recheck
from workbench.files import sha256

STEPS = [
    {"text": "start", "output": ""},
    {"text": 'run "it"', "output": "line one\nbash: file: command not found — é\n"},
    {"text": "end", "output": "ok"},
]


def evidence(quote, first=1, last=1):
    return Evidence("e1", "t", first, last, quote)


@pytest.fixture
def trace(tmp_path):
    return FileTrace(tmp_path / "log.jsonl", STEPS)


def test_a_quote_that_is_there_leads_to_its_bytes(trace):
    quote = "one\nbash: file: command not found — é"
    check = check_evidence(evidence(quote, 0, 2), trace)
    assert (check.status, check.step, check.step_uid) == ("verified", 1, "uid-1")
    assert check.source_sha256 == sha256(trace.path.read_bytes())
    data = trace.path.read_bytes()[check.span.offset :][: check.span.length]
    assert data.decode().encode().decode("unicode_escape") == quote
    assert recheck(check, quote).status == "verified"


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        (evidence("never said"), "not in step 1"),
        (evidence("command not found", 2, 2), "not in step 2"),
        (evidence("command not found", 0, 9), "steps 0 to 2"),
        (evidence("command not found", -1, 1), "steps 0 to 2"),
        (evidence("command not found", 2, 1), "steps 0 to 2"),
        (evidence(" \n"), "empty"),
    ],
)
def test_an_invented_quote_is_unsupported(trace, given, reason):
    check = check_evidence(given, trace)
    assert check.status == "unsupported"
    assert check.span is None
    assert reason in check.reason


def test_an_invented_trace_is_unsupported():
    check = check_evidence(evidence("x"), None)
    assert (check.status, check.reason) == ("unsupported", "No trace 't' was given.")


def test_evidence_over_hundreds_of_steps_is_no_evidence(tmp_path):
    trace = FileTrace(tmp_path / "long.jsonl", [{"text": "same"}] * (MAX_STEPS + 5))
    assert check_evidence(evidence("same", 0, MAX_STEPS), trace).status == "unsupported"
    assert check_evidence(evidence("same", 0, MAX_STEPS - 1), trace).status == "verified"


def test_recheck_sees_a_log_that_grew_as_still_true(trace):
    check = check_evidence(evidence("command not found"), trace)
    with trace.path.open("a") as stream:
        stream.write('{"text": "more"}\n')
    again = recheck(check, "command not found")
    assert again.status == "verified"
    assert "changed since" in again.reason


def test_recheck_sees_changed_bytes(trace):
    check = check_evidence(evidence("command not found"), trace)
    trace.path.write_bytes(trace.path.read_bytes().replace(b"command not", b"command was"))
    assert recheck(check, "command not found").status == "source_changed"


def test_recheck_sees_a_cut_and_a_missing_file(trace):
    check = check_evidence(evidence("command not found"), trace)
    trace.path.write_bytes(b"{}\n")
    assert recheck(check, "command not found").status == "source_changed"
    trace.path.unlink()
    assert recheck(check, "command not found").status == "source_missing"


def test_a_file_that_is_gone_when_checked_says_so(trace, monkeypatch):
    located = trace.locate(1, "command not found")
    monkeypatch.setattr(trace, "locate", lambda index, quote: located)
    trace.path.unlink()
    assert check_evidence(evidence("command not found"), trace).status == "source_missing"
