from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import msgspec
import pytest

from tests.unit.evolution.library import make_library
from tests.unit.evolution.sessions import failing_session, write_session
from workbench.domain.trace_lines import TraceHeader, TraceStep
from workbench.evolution.request import RequestProblem, build_request
from workbench.evolution.trace_lines import KEPT_HEAD, KEPT_TAIL, shortened
from workbench.files import sha256
from workbench.skills.library import read_library
from workbench.traces.open import open_traces


@pytest.fixture
def library(tmp_path):
    return read_library(make_library(tmp_path / "library"))


@pytest.fixture
def opened():
    traces = []
    yield lambda path: traces.extend(found := open_traces(path)) or found
    for trace in traces:
        trace.close()


def run_dir(tmp_path, name="run"):
    folder = tmp_path / name
    folder.mkdir()
    return folder


def read(path):
    lines = path.read_bytes().splitlines()
    return msgspec.json.decode(lines[0], type=TraceHeader), [
        msgspec.json.decode(line, type=TraceStep) for line in lines[1:]
    ]


def test_the_copy_is_the_library(library, tmp_path):
    folder = run_dir(tmp_path)
    script = tmp_path / "library/pdf/scripts/run.sh"
    (tmp_path / "library/pdf/references/fields.md").chmod(0o444)
    with build_request(library, (), [], folder) as built:
        for path, base in built.snapshot.files.items():
            original, copy = tmp_path / "library" / path, folder / "library" / path
            assert copy.read_bytes() == original.read_bytes()
            assert copy.stat().st_mode == original.stat().st_mode
            assert base.sha256 == sha256(original.read_bytes())
        assert built.snapshot.base("pdf/scripts/run.sh").mode == "100755"
        assert built.snapshot.base("pdf/none").sha256 is None
        assert built.snapshot.skill_of("pdf/x/y") == "pdf"
        assert built.snapshot.skill_of("pdfs/x") is None
        assert script.exists()
        [skill] = built.request.skills
        assert (skill.id, skill.name, skill.path) == ("pdf", "pdf", str(folder / "library/pdf"))
        assert skill.files == ("SKILL.md", "references/fields.md", "scripts/run.sh")
        assert built.request.job == "run"


def test_links_are_not_copied(tmp_path):
    root = make_library(tmp_path / "library")
    (tmp_path / "secret.txt").write_text("secret")
    (root / "pdf/link.md").symlink_to(tmp_path / "secret.txt")
    folder = run_dir(tmp_path)
    with build_request(read_library(root), (), [], folder) as built:
        assert not (folder / "library/pdf/link.md").exists()
        assert built.snapshot.links == ("pdf/link.md",)
        assert "link.md" not in built.request.skills[0].files


def test_a_file_that_became_a_link_is_left_out(library, tmp_path):
    file = tmp_path / "library/pdf/references/fields.md"
    file.unlink()
    file.symlink_to("/etc/hostname")
    folder = run_dir(tmp_path)
    with build_request(library, (), [], folder) as built:
        assert not (folder / "library/pdf/references/fields.md").exists()
        assert "fields.md" in built.problems[0]


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_an_unreadable_file_is_told(library, tmp_path):
    (tmp_path / "library/pdf/references/fields.md").chmod(0)
    with build_request(library, (), [], run_dir(tmp_path)) as built:
        assert "fields.md" in built.problems[0]


def test_an_unknown_skill_is_refused(library, tmp_path):
    with pytest.raises(RequestProblem, match="no skill 'ghost'"):
        build_request(library, ("ghost",), [], run_dir(tmp_path))


def test_traces_are_written_and_lead_back(library, tmp_path, opened):
    path = failing_session(tmp_path / "one" / "session.jsonl", "2026-10")
    [trace] = opened(path)
    with build_request(library, (), [trace], run_dir(tmp_path)) as built:
        [given] = built.request.traces
        header, steps = read(Path(given.path))
        assert header.id == given.id
        assert given.id.startswith("session.jsonl#")
        assert built.source_of(given.id) == (path, trace.trajectory.id)
        assert built.source_of("ghost") is None
        assert header.skills_loaded == ("report-tool",)
        assert header.steps == len(steps) == len(trace.trajectory.steps)
        calls = [call for step in steps for call in step.calls if call.name == "Bash"]
        assert [call.status for call in calls] == ["error", "ok"]
        assert json.loads(calls[0].arguments)["command"].endswith("--fast")
        assert "removed “flag”" in calls[0].observation


def test_ids_do_not_depend_on_the_order(library, tmp_path, opened):
    paths = [tmp_path / name / "session.jsonl" for name in ("a", "b", "c")]
    traces = [trace for path in paths for trace in opened(failing_session(path, "2026-10"))]
    with (
        build_request(library, (), traces, run_dir(tmp_path, "r1")) as one,
        build_request(library, (), traces[::-1], run_dir(tmp_path, "r2")) as two,
    ):
        ids = [trace.id for trace in one.request.traces]
        assert ids == [trace.id for trace in two.request.traces]
        assert [one.partition("#")[0] for one in ids] == [f"{n}/session.jsonl" for n in "abc"]
        assert {name: one.source_of(name) for name in ids} == {n: two.source_of(n) for n in ids}


def test_long_output_keeps_its_ends(library, tmp_path, opened):
    output = "".join(f"line {number}\n" for number in range(20_000))
    path = write_session(tmp_path / "long.jsonl", [("seq", output, True)])
    with build_request(library, (), opened(path), run_dir(tmp_path)) as built:
        _, steps = read(Path(built.request.traces[0].path))
    calls = [call for step in steps for call in step.calls]
    assert calls[0].truncated
    assert calls[0].observation.startswith(output[:KEPT_HEAD])
    assert calls[0].observation.rstrip().endswith(output[-KEPT_TAIL:].rstrip())
    assert len(calls[0].observation) < KEPT_HEAD + KEPT_TAIL + 100


def test_long_arguments_stay_json(library, tmp_path, opened):
    path = write_session(tmp_path / "long.jsonl", [("echo " + "x" * 90_000, "ok", True)])
    with build_request(library, (), opened(path), run_dir(tmp_path)) as built:
        _, steps = read(Path(built.request.traces[0].path))
    calls = [call for step in steps for call in step.calls]
    assert calls[0].truncated
    assert json.loads(calls[0].arguments)["command"].startswith("echo xxx")


def test_short_text_is_not_touched():
    assert shortened("x" * (KEPT_HEAD + KEPT_TAIL)) == ("x" * (KEPT_HEAD + KEPT_TAIL), False)


def test_lone_surrogates_do_not_break_the_request(library, tmp_path, opened):
    path = write_session(tmp_path / "s.jsonl", [("echo \ud800", "bad \udfff end", False)])
    with build_request(library, (), opened(path), run_dir(tmp_path)) as built:
        text = Path(built.request.traces[0].path).read_text(encoding="utf-8")
    assert "bad \ufffd end" in text


def test_cancel_stops_the_writing(library, tmp_path, opened):
    traces = opened(failing_session(tmp_path / "s.jsonl", "2026-10"))
    with build_request(library, (), traces, run_dir(tmp_path), cancelled=lambda: True) as built:
        assert built.request.traces == ()


def test_a_run_folder_in_use_is_refused(library, tmp_path):
    folder = run_dir(tmp_path)
    build_request(library, (), [], folder).close()
    with pytest.raises(RequestProblem, match="run folder"):
        build_request(library, (), [], folder)


@pytest.mark.skipif(sys.platform != "linux", reason="names there are Unicode")
def test_a_library_no_proposal_can_name_is_refused(tmp_path):
    root = make_library(tmp_path / os.fsdecode(b"odd\xff"))
    with pytest.raises(RequestProblem, match="not UTF-8"):
        build_request(read_library(root), (), [], run_dir(tmp_path))


@pytest.mark.skipif(sys.platform != "linux", reason="names there are Unicode")
def test_a_trace_no_evidence_can_name_is_left_out_and_told(library, tmp_path, opened):
    odd = opened(failing_session(tmp_path / os.fsdecode(b"odd\xff.jsonl"), "2026-10"))
    good = opened(failing_session(tmp_path / "good.jsonl", "2026-10"))
    with build_request(library, (), [*odd, *good], run_dir(tmp_path)) as built:
        assert [Path(trace.path).name for trace in built.traces.values()] == ["good.jsonl"]
        assert "not UTF-8" in built.problems[0]
