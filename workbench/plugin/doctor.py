"""Whether a plugin works here: its manifest, what it needs of the machine, and one real job."""

from __future__ import annotations

import time
from pathlib import Path

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from workbench.domain.job import Request, SkillInput, TraceInput
from workbench.domain.trace_lines import TraceHeader, TraceStep
from workbench.files import sha256
from workbench.plugin.jobs import JobRefused, JobRunner, Limits
from workbench.plugin.manifest import Manifest, words_for_need
from workbench.plugin.registry import PluginInfo, unmet_needs

_TRIAL_S = 30.0
_GIVEN = frozenset({"traces", "source"})
_SKILL = (
    b"---\nname: probe\ndescription: Says hello. Use when somebody greets.\n---\n"
    b"# Probe\n\nHello.\n"
)


class PluginCheck(Struct, frozen=True):
    """What was found. ``tried`` says that a job ran; ``notes`` are no problems of the plugin."""

    id: str
    ok: bool
    state: str
    tried: bool = False
    seconds: float = 0.0
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def check_plugin(plugin: PluginInfo, runs_dir: Path) -> PluginCheck:
    """Check a plugin; one that may run gets a job on a library of one small skill.

    Args:
        plugin: as found, broken ones too.
        runs_dir: an existing folder for the run.
    """
    manifest = plugin.manifest
    if manifest is None or plugin.state == "broken":
        found = plugin.problems or (plugin.reason,)
        return PluginCheck(plugin.id, ok=False, state=plugin.state, problems=found)
    if not plugin.usable:
        return PluginCheck(plugin.id, ok=True, state=plugin.state, notes=(plugin.reason,))
    of_request = {need for need in manifest.needs if ":" not in need or need.startswith("model:")}
    missing = unmet_needs(manifest, of_request)
    if missing:
        problems = tuple(f"It needs {words}, which is not on this machine." for words in missing)
        return PluginCheck(plugin.id, ok=False, state=plugin.state, problems=problems)
    beyond = sorted(of_request - _GIVEN)
    if beyond:
        words = ", ".join(words_for_need(need) for need in beyond)
        notes = (f"It was not tried: that needs {words}.",)
        return PluginCheck(plugin.id, ok=True, state=plugin.state, notes=notes)
    if manifest.kinds == ("trace_reader",):
        notes = ("It was not tried: that needs a file of its format.",)
        return PluginCheck(plugin.id, ok=True, state=plugin.state, notes=notes)
    return _trial(plugin, manifest, runs_dir)


def _trial(plugin: PluginInfo, manifest: Manifest, runs_dir: Path) -> PluginCheck:
    started = time.monotonic()
    with JobRunner(runs_dir) as runner:
        request = _request(manifest, runner.new_run(plugin.id))
        try:
            job = runner.start(plugin, request, "doctor", limits=Limits(wall_s=_TRIAL_S))
        except JobRefused as refusal:
            return PluginCheck(plugin.id, ok=False, state=plugin.state, problems=(str(refusal),))
        finished = job.wait(_TRIAL_S * 2)
    check = PluginCheck(
        plugin.id, ok=True, state=plugin.state, tried=True, seconds=time.monotonic() - started
    )
    if finished is not None and finished.status in ("completed", "no_change"):
        return check
    problem = finished.summary if finished is not None else "It did not end."
    return replace(check, ok=False, problems=(problem,))


def _request(manifest: Manifest, run_dir: Path) -> Request:
    """Write a library of one skill, one trace and, for importers, the same library again."""
    library, other = run_dir / "library", run_dir / "source"
    for root in (library, other):
        (root / "probe").mkdir(parents=True)
        (root / "probe" / "SKILL.md").write_bytes(_SKILL)
    trace = run_dir / "trace.jsonl"
    lines = (
        TraceHeader("probe", "probe", None, None, None, "Greeting", "pass", None, steps=1),
        TraceStep(0, "0", "user", "Say hello."),
    )
    trace.write_bytes(b"".join(msgspec.json.encode(line) + b"\n" for line in lines))
    skill = SkillInput(
        id="probe",
        path=str(library / "probe"),
        name="probe",
        description="Says hello. Use when somebody greets.",
        tree_hash=sha256(_SKILL),
        files=("SKILL.md",),
    )
    return Request(
        job=run_dir.name,
        kind=manifest.kinds[0],
        library=str(library),
        skills=(skill,),
        traces=(TraceInput("probe", str(trace)),),
        source=str(other),
        source_repository=str(library),
    )
