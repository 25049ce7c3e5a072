"""Trial folders of Harbor and SkillsBench: what an agent did, joined with the verifier's verdict.

``result.json`` beside ``agent/`` (a session, a stream, or ``trajectory.json`` as ATIF) and
``verifier/`` (reward, CTRF report). The trace keeps the format the agent wrote; reward, tests and
task come from the trial. A trial whose agent left nothing known is shown by itself. SkillsBench's
``trajectory.sanitized.jsonl`` (ACP-like) is a format of its own (harbor 0.25, 2026-10).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from msgspec.structs import replace

from workbench.domain.trajectory import (
    Metrics,
    Outcome,
    OutcomeStatus,
    Step,
    StepBody,
    Trajectory,
)
from workbench.traces.draft import reported
from workbench.traces.formats import (
    acp_log,
    atif,
    claude_code,
    codex_exec,
    codex_rollout,
    copilot_cli,
    cursor,
    gemini_cli,
    mini_swe_agent,
    opencode,
    openhands,
    openhands_v1,
    pi,
    swe_agent,
)
from workbench.traces.importer import Format, Importer, Probe, Progress
from workbench.traces.json_nodes import Node
from workbench.traces.json_values import (
    decode,
    integer,
    mapping,
    number,
    one_line,
    string,
    top_members,
)
from workbench.traces.source import PROBE_BYTES, SourceBytes, probe_bytes
from workbench.traces.talk import Said, Talk, field_notes, said_body
from workbench.traces.verdicts import score_of

_TRIAL: Final = frozenset({"trial_name", "task_name"})
_PARTS: Final = frozenset({"agent_info", "agent_result", "verifier_result", "exception_info",
                           "trial_uri", "config"})  # fmt: skip
#: What an agent can have written, the richest first.
_RICHEST: Final[tuple[Importer, ...]] = tuple(
    importer
    for module in (
        *(claude_code, codex_rollout, gemini_cli, opencode, pi, copilot_cli, codex_exec),
        *(openhands_v1, openhands, swe_agent, mini_swe_agent, cursor, atif, acp_log),
    )
    for importer in module.IMPORTERS
)
_SWITCH: Final = re.compile(
    r"(?:with|use|include|enable|has)_skills?|skills?_(?:enabled|mode|dir|path)", re.I
)
_OFF: Final = re.compile(
    r"(?:off|none|false|disabled|no|without|no[-_]?skills?|without[-_ ]?skills?)", re.I
)
_FOLDER: Final = re.compile(r"(?:^|[-_/])(no|without|with)[-_]skills?(?:[-_/]|$)", re.I)
_MAX_FILES: Final = 2000
_TIMEOUTS: Final = ("AgentTimeout", "AgentTimeoutError")


class HarborTrial(Format):
    """The agent's own trajectory for a trial, or the trial alone."""

    id = "harbor-trial"
    by_line = False

    def score(self, probe: Probe) -> float:
        """Look for the result of a trial."""
        keys = top_members(probe.head).keys()
        return 20.0 if keys >= _TRIAL and keys & _PARTS else 0.0

    def companions(self, path: Path) -> Sequence[Path]:
        """Return what agent and verifier left beside the result."""
        if path.name != "result.json":
            return ()
        folder = path.parent
        found = [*_below(folder / "agent"), *_below(folder / "verifier")]
        found += [folder / name for name in ("trajectory.sanitized.jsonl", "trajectory.json")]
        return [one for one in found if one.is_file() and not one.is_symlink()][:_MAX_FILES]

    def skeleton(
        self, sources: Sequence[SourceBytes], progress: Progress | None = None
    ) -> Iterable[Trajectory]:
        """Read the agent's trajectory and give it the verdict of the trial."""
        trial = Node.document(sources[0].data)
        if not trial.is_object:
            return
        outcome = _outcome(trial, sources[1:])
        inner = _best(sources[1:])
        made: list[Trajectory] = []
        if inner is not None:
            importer, used = inner
            made = [one for one in importer.skeleton(used, progress) if one.steps]
        for at, one in enumerate(made):
            yield _joined(one, trial, sources[0], outcome if at == 0 else one.outcome)
        if not made:
            yield _alone(self.id, trial, sources, outcome)

    def body(
        self, step: Step, raw: Sequence[bytes], results: Mapping[str, Sequence[bytes]]
    ) -> StepBody:
        """Build the text of a step of a trial that is shown alone."""
        del results
        return said_body(step, raw, {}, lambda node: _said(node, step.label))


def _below(folder: Path) -> list[Path]:
    """Return the files below a folder of the trial, links left out."""
    if folder.is_symlink() or not folder.is_dir():
        return []
    found: list[Path] = []
    waiting = [folder]
    while waiting and len(found) < _MAX_FILES:
        try:
            entries = sorted(waiting.pop().iterdir())
        except OSError:
            continue
        for entry in entries:
            if entry.is_symlink():
                continue
            if entry.is_dir():
                waiting.append(entry)
            elif entry.is_file():
                found.append(entry)
    return sorted(found)


def _best(sources: Sequence[SourceBytes]) -> tuple[Importer, list[SourceBytes]] | None:
    """Return the richest format among the agent's files, with the files it needs."""
    found: list[tuple[int, int, Importer, SourceBytes]] = []
    for at, source in enumerate(sources):
        if source.path.parent.name == "verifier":
            continue
        probe = probe_bytes(bytes(source.data[: PROBE_BYTES + 1]))
        scored = [(one.score(probe), -rank) for rank, one in enumerate(_RICHEST)]
        votes, rank = max(scored)
        if votes > 0:
            found.append((-rank, at, _RICHEST[-rank], source))
    if not found:
        return None
    _, _, importer, chosen = min(found, key=lambda one: one[:2])
    belonging = set(importer.companions(chosen.path))
    return importer, [chosen, *(one for one in sources if one.path in belonging)]


def _joined(one: Trajectory, trial: Node, source: SourceBytes, outcome: Outcome) -> Trajectory:
    """Return the agent's trajectory with what the trial knows and it does not."""
    info = _agent(trial)
    totals = one.totals if one.totals != Metrics() else _totals(trial) or Metrics()
    cost = number(trial.value("agent_result", "cost_usd"))
    if totals.cost_usd is None and cost:
        totals = replace(totals, cost_usd=cost)
    return replace(
        one,
        sources=(*one.sources, source.info()),
        title=_title(trial) or one.title,
        agent=one.agent or info.get("agent"),
        model=one.model or info.get("model"),
        session=one.session or trial.string("trial_name"),
        totals=totals,
        outcome=outcome,
    )


def _alone(
    format_id: str, trial: Node, sources: Sequence[SourceBytes], outcome: Outcome
) -> Trajectory:
    """Show a trial by what its result says."""
    talk = Talk(format_id, trial.string("trial_name") or "trial")
    talk.attached()
    for name in ("agent_result", "verifier_result", "exception_info"):
        node = trial.get(name)
        if node is not None:
            talk.event(name, node, _said(node, name))
    for at, source in enumerate(sources[1:], 1):
        if source.path.name == "test-stdout.txt" and len(source.data):
            node = Node(source.data, 0, len(source.data), at)
            talk.event("test-stdout", node, _said(node, "test-stdout"))
    talk.draft.errors += trial.get("exception_info") is not None
    return talk.made(
        [source.info() for source in sources],
        _totals(trial),
        title=_title(trial),
        session=trial.string("trial_name"),
        started=trial.string("started_at"),
        ended=trial.string("finished_at"),
        outcome=outcome,
        **({"agent": None, "format_version": None} | _agent(trial)),
    )


def _agent(trial: Node) -> dict[str, Any]:
    info = mapping(trial.value("agent_info"))
    model = mapping(info.get("model_info"))
    configured = trial.string("config", "agent", "model_name")
    found = {
        "agent": string(info.get("name")),
        "format_version": string(info.get("version")),
        "model": string(model.get("name")) or configured,
    }
    return {key: text for key, text in found.items() if text}


def _totals(trial: Node) -> Metrics | None:
    used = mapping(trial.value("agent_result"))
    counts = reported(
        input=integer(used.get("n_input_tokens")),
        cached=integer(used.get("n_cache_tokens")),
        output=integer(used.get("n_output_tokens")),
    )
    cost = number(used.get("cost_usd")) or None
    return replace(counts or Metrics(), cost_usd=cost) if counts or cost else None


def _outcome(trial: Node, sources: Sequence[SourceBytes]) -> Outcome:
    """Return the verdict: reward, tests, or why there is none."""
    files = {one.path.name: one for one in sources if one.path.parent.name == "verifier"}
    reward = _reward(trial, files)
    passed, total = _tests(files.get("ctrf.json"))
    exception = mapping(trial.value("exception_info"))
    kind = string(exception.get("exception_type")) or ""
    status: OutcomeStatus = "unknown"
    if reward is not None and reward >= 1:
        status = "pass"
    elif kind.startswith(_TIMEOUTS):
        status = "timeout"
    elif kind:
        status = "infra"
    elif reward is not None:
        status = "partial" if reward > 0 else "fail"
    reason = string(exception.get("exception_message")) or ""
    told = f"{kind}: {reason}" if kind else ""
    rewards = mapping(trial.value("verifier_result", "rewards"))
    scores = tuple(score_of(name, value) for name, value in rewards.items())
    kept = scores if len(scores) > 1 else ()
    return Outcome(status, reward, passed, total, one_line(told), kept)


def _title(trial: Node) -> str:
    """Return the task, and whether the agent had skills where the trial says so."""
    task = trial.string("task_name") or ""
    skills = _had_skills(trial)
    word = "" if skills is None else " (with skills)" if skills else " (without skills)"
    return f"{task}{word}" if task else ""


def _had_skills(trial: Node) -> bool | None:
    """Return whether the agent had skills: by a switch of the trial, or by its task's folder.

    SkillsBench runs each task from ``tasks`` and from a copy without skills.
    """
    places = ((), ("config",), ("config", "agent"), ("config", "agent", "kwargs"),
              ("config", "task"), ("config", "environment"))  # fmt: skip
    for place in places:
        for key, value in mapping(trial.value(*place)).items():
            if not _SWITCH.fullmatch(key):
                continue
            if isinstance(value, bool):
                return value
            if isinstance(value, str) and value:
                return not _OFF.fullmatch(value)
    for place in (("config", "task", "path"), ("task_id", "path"), ("config", "task_path")):
        found = _FOLDER.search(trial.string(*place) or "")
        if found is not None:
            return found.group(1) == "with"
    return None


def _reward(trial: Node, files: Mapping[str, SourceBytes]) -> float | None:
    rewards = mapping(trial.value("verifier_result", "rewards"))
    found = number(rewards.get("reward"))
    if found is None:
        found = next((n for one in rewards.values() if (n := number(one)) is not None), None)
    if found is None and "reward.txt" in files:
        found = number(decode(bytes(files["reward.txt"].data[:100]).strip()))
    if found is None and "reward.json" in files:
        value = decode(bytes(files["reward.json"].data[:65536]))
        found = number(value) if not isinstance(value, dict) else number(value.get("reward"))
    return found


def _tests(report: SourceBytes | None) -> tuple[int | None, int | None]:
    """Return passed and all tests of a CTRF report."""
    if report is None:
        return None, None
    summary = mapping(Node.document(report.data).value("results", "summary"))
    return integer(summary.get("passed")), integer(summary.get("tests"))


def _said(node: Node, label: str) -> Said:
    if label == "test-stdout":
        return Said(node.raw().decode("utf-8", "replace"))
    text = node.text("exception_message") or node.text("exception_traceback")
    names = list(node.members())[:20] if node.is_object else []
    return Said(text, notes=field_notes(node, *names))


IMPORTERS = (HarborTrial(),)
