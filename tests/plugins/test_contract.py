"""The contract every plugin keeps, ours and strangers': one suite over all of ``plugins/``."""

from __future__ import annotations

import ast
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.plugins.inputs import make_request, model_of, services_of, unchanged
from workbench.domain.job import (
    AnyEvent,
    Diagnosis,
    FindingEvent,
    Finished,
    Log,
    Progress,
    ProposalEvent,
    SkillScanned,
    UnknownEvent,
    Warning_,
)
from workbench.plugin.execute import load_entry
from workbench.plugin.jobs import JobRunner
from workbench.plugin.journal import JOURNAL_NAME, read_journal
from workbench.plugin.manifest import MANIFEST_NAME, Manifest, load
from workbench.plugin.registry import Registry
from workbench.plugin.testing import run_in_process
from workbench.plugin.trace_readers import TraceReaders
from workbench.plugin.trace_sink import TRACE_NAME
from workbench.resources import bundled
from workbench.traces.open import open_traces

FOLDERS = sorted(path.parent for path in bundled("plugins").glob(f"*/{MANIFEST_NAME}"))
RESULTS = (FindingEvent, SkillScanned, ProposalEvent, Diagnosis)
GOOD_ENDS = {"completed", "no_change"}


@pytest.fixture(params=FOLDERS, ids=lambda folder: folder.name)
def manifest(request: pytest.FixtureRequest) -> Manifest:
    return load(request.param)


@pytest.fixture
def guarded(manifest: Manifest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Fail a plugin that connects or starts programs without saying so in its manifest."""

    def refuse(*arguments: object, **options: object) -> None:
        pytest.fail(f"{manifest.id} did what its permissions do not name: {arguments}")

    if "network" not in manifest.permissions:
        monkeypatch.setattr(socket.socket, "connect", refuse)
    if "programs" not in manifest.permissions:
        monkeypatch.setattr(subprocess, "Popen", refuse)


def results(events: tuple[AnyEvent, ...]) -> list[object]:
    """What a job is for, without the order in which progress was told."""
    from msgspec.structs import replace

    return [replace(event, seq=0) for event in events if isinstance(event, RESULTS)]


def finished(events: tuple[AnyEvent, ...]) -> Finished:
    assert isinstance(events[-1], Finished)
    assert [event for event in events if isinstance(event, Finished)] == [events[-1]]
    return events[-1]


def trace_of(run_dir: Path) -> list[object]:
    """The lines a trace_reader gave."""
    path = run_dir / "work" / TRACE_NAME
    return path.read_bytes().splitlines() if path.is_file() else []


def test_a_trace_reader_claims_its_file_and_gives_lines_that_open(
    manifest: Manifest, tmp_path: Path
) -> None:
    if "trace_reader" not in manifest.kinds:
        pytest.skip("it reads no traces")
    request = make_request(manifest, tmp_path / "run", skills=0, traces=0)
    assert request.source is not None
    registry = Registry([bundled("plugins")], tmp_path / "state" / "plugins.json")
    with JobRunner(tmp_path / "runs") as runner:
        readers = TraceReaders([registry.get(manifest.id)], lambda: runner, tmp_path / "cache")
        source = Path(request.source)
        claimed = readers.reader_of(source)
        assert claimed is not None
        assert claimed.id == manifest.id
        assert open_traces(readers.read(source))[0].trajectory.steps


def test_there_are_plugins_to_look_at() -> None:
    assert "folder_importer" in [folder.name for folder in FOLDERS]


def test_the_folder_is_named_like_the_plugin_and_says_what_it_does(manifest: Manifest) -> None:
    assert Path(manifest.folder).name == manifest.id
    assert manifest.description.endswith(".")
    assert manifest.licence
    assert manifest.cost_estimate


def test_its_entry_can_be_imported_and_called(manifest: Manifest) -> None:
    if manifest.form != "command":
        assert callable(load_entry(Path(manifest.folder), manifest.entry))


def foreign_imports(source: str) -> list[str]:
    """Return what a plugin imports of ours besides the one module it may."""
    found: list[str] = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            found.append(node.module or "")
            found += [f"{node.module}.{a.name}" for a in node.names if node.module == "workbench"]
    ours = [name for name in found if name.split(".")[0] == "workbench"]
    return [name for name in ours if name != "workbench.plugin.api"]


def test_it_imports_nothing_of_ours_but_the_api(manifest: Manifest) -> None:
    sources = sorted(Path(manifest.folder).rglob("*.py"))
    assert sources or manifest.form == "command"
    bad = {str(path): found for path in sources if (found := foreign_imports(path.read_text()))}
    assert bad == {}


@pytest.mark.parametrize(
    "source",
    [
        "import workbench.files",
        "from workbench.domain.job import Request",
        "from workbench import files",
        "def f():\n    from workbench.plugin.jobs import JobRunner",
        "import os, workbench as w",
    ],
)
def test_the_import_check_finds_what_it_is_for(source: str) -> None:
    assert foreign_imports(source) != []
    assert foreign_imports("from workbench.plugin.api import Request\nimport json") == []


@pytest.mark.parametrize(("skills", "traces"), [(0, 0), (2, 0), (2, 3)])
def test_it_runs_and_touches_nothing_but_its_run_folder(
    manifest: Manifest,
    guarded: None,
    tmp_path: Path,
    isolated_home: Path,
    skills: int,
    traces: int,
) -> None:
    run_dir = tmp_path / "run"
    request = make_request(manifest, run_dir, skills=skills, traces=traces)
    outside = (run_dir / "library", run_dir / "traces", tmp_path / "other version")
    with unchanged(*outside, isolated_home, Path(manifest.folder)):
        events = run_in_process(manifest, request, run_dir, complete=model_of(manifest))
    end = finished(events)
    if skills or manifest.kinds[0] != "importer":
        assert end.status in GOOD_ENDS, end
    else:
        assert "SKILL.md" in end.summary  # an importer says what is wrong with an empty source
    assert not [event for event in events if isinstance(event, UnknownEvent)]
    assert not [e for e in events if isinstance(e, Log) and "Traceback" in e.text]
    assert {path.name for path in tmp_path.iterdir()} == {"run", "other version"}


def test_paths_it_names_lie_in_the_library_and_skills_are_those_it_got(
    manifest: Manifest, tmp_path: Path
) -> None:
    request = make_request(manifest, tmp_path / "run", skills=2, traces=3)
    known = {skill.id: skill for skill in request.skills}
    traces = {trace.id for trace in request.traces}
    run_dir = tmp_path / "run"
    for event in run_in_process(manifest, request, run_dir, complete=model_of(manifest)):
        if isinstance(event, FindingEvent):
            assert event.finding is not None
            assert event.finding.path in known[event.skill].files
            assert event.finding.plugin == manifest.id
            assert 1 <= event.finding.line <= event.finding.end_line
        elif isinstance(event, SkillScanned):
            seen = {*event.coverage.inspected, *event.coverage.partial, *event.coverage.opaque}
            assert seen == set(known[event.skill].files)
        elif isinstance(event, ProposalEvent | Diagnosis):
            assert event.draft is not None
            given = {one.id for one in event.draft.evidence}
            for change in event.draft.changes:
                assert not change.path.startswith(("/", ".."))
                assert set(change.evidence) <= given
            assert {one.trace for one in event.draft.evidence} <= traces


def test_a_deterministic_plugin_says_the_same_twice(manifest: Manifest, tmp_path: Path) -> None:
    if not manifest.deterministic:
        pytest.skip("it does not claim to be deterministic")
    said = []
    for name in ("first", "second"):
        folder = tmp_path / name / "run"
        request = make_request(manifest, folder, skills=3, traces=3)
        events = run_in_process(manifest, request, folder, complete=model_of(manifest))
        said.append([*results(events), *trace_of(folder)])
    assert _without(said[0], tmp_path / "first") == _without(said[1], tmp_path / "second")


def _without(values: list[object], folder: Path) -> str:
    return repr(values).replace(str(folder), "")


def test_a_cancel_ends_it_promptly(manifest: Manifest, tmp_path: Path) -> None:
    request = make_request(manifest, tmp_path / "run", skills=60, traces=40)
    started = time.monotonic()
    events = run_in_process(
        manifest,
        request,
        tmp_path / "run",
        cancel_when=lambda _: True,
        complete=model_of(manifest),
    )
    assert finished(events).status == "cancelled"
    assert time.monotonic() - started < 25
    steps = [e for e in events if not isinstance(e, Progress | Log | Warning_)]
    assert len(steps) < 10


@pytest.fixture
def runner(tmp_path: Path) -> Iterator[JobRunner]:
    with JobRunner(tmp_path / "runs") as runner:
        yield runner


def test_a_job_gives_what_a_call_gives_and_its_journal_can_be_read(
    manifest: Manifest, tmp_path: Path, runner: JobRunner
) -> None:
    registry = Registry([bundled("plugins")], tmp_path / "state" / "plugins.json")
    plugin = registry.get(manifest.id)
    assert plugin.state == "bundled"
    called = run_in_process(
        manifest,
        make_request(manifest, tmp_path / "called" / "run", skills=2, traces=3),
        tmp_path / "called" / "run",
        complete=model_of(manifest),
    )
    run_dir = runner.new_run(manifest.id)
    request = make_request(manifest, run_dir, skills=2, traces=3)
    with unchanged(run_dir / "library", Path(manifest.folder)):
        job = runner.start(plugin, request, "contract", services=services_of(manifest))
        assert job.wait(60) is not None
    assert finished(job.events()).status in GOOD_ENDS, job.finished
    assert list(read_journal(run_dir / JOURNAL_NAME)) == list(job.events())
    if manifest.deterministic:
        here = _without(results(called), tmp_path / "called")
        assert _without(results(job.events()), runner.runs_dir) == here
