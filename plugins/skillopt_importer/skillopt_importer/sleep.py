"""A night of SkillOpt-Sleep: what it staged for adoption.

Layout (skillopt_sleep/staging.py, 2026-08): ``manifest.json`` with ``skills`` rows (skill_name,
proposed_file, live_skill_path, sha256, live_sha256) and ``legacy.skill``; version 0.2.0 has
``has_skill`` and ``live_skill_path`` instead. ``report.json`` has scores, edits and gate trials.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import PurePosixPath, PureWindowsPath

from skillopt_importer.texts import Found, Problem, TrainedText
from workbench.plugin.api import (
    RunFolder,
    Score,
    SourceProblem,
    as_count,
    as_list,
    as_mapping,
    as_number,
    as_text,
)

_MANIFEST = "manifest.json"
_MEMORY = "proposed_CLAUDE.md"
_MAX_EDITS = 50


def nights(run: RunFolder) -> tuple[str, ...]:
    """Return the folders of the run that are staged nights, "" for the top."""
    return tuple(
        path.rpartition("/")[0]
        for path in run.files
        if path.rpartition("/")[2] == _MANIFEST and _is_night(run, path.rpartition("/")[0])
    )


def _is_night(run: RunFolder, night: str) -> bool:
    below = run.below(night)
    return any(name.startswith("proposed_") and name.endswith(".md") for name in below) or (
        "report.json" in below and "report.md" in below
    )


def read_night(run: RunFolder, night: str) -> Iterator[Found]:
    """Yield what was staged in one night."""
    below = run.below(night)
    try:
        manifest = as_mapping(run.read_json(below[_MANIFEST]))
    except SourceProblem as problem:
        yield Problem(str(problem))
        return
    report: dict[str, object] = {}
    if "report.json" in below:
        try:
            report = as_mapping(run.read_json(below["report.json"]))
        except SourceProblem as problem:
            yield Problem(str(problem))
    if _MEMORY in below:
        yield Problem(
            f"{below[_MEMORY]} is a proposal for CLAUDE.md, which is no skill; it was left out."
        )
    rows = list(_rows(manifest, below))
    if not rows:
        yield Problem(f"The night {night or run.name} staged no skill.")
    for row in rows:
        try:
            yield _staged(run, night, row, report)
        except SourceProblem as problem:
            yield Problem(str(problem))


def _rows(manifest: dict[str, object], below: dict[str, str]) -> Iterator[dict[str, object]]:
    for row in as_list(manifest.get("skills")):
        yield as_mapping(row)
    legacy = as_mapping(as_mapping(manifest.get("legacy")).get("skill"))
    if legacy:
        yield {**legacy, "live_skill_path": legacy.get("live_path")}
    elif "proposed_SKILL.md" in below:
        yield {
            "proposed_file": "proposed_SKILL.md",
            "live_skill_path": manifest.get("live_skill_path"),
        }


def _staged(
    run: RunFolder, night: str, row: dict[str, object], report: dict[str, object]
) -> TrainedText:
    file = as_text(row.get("proposed_file"))
    path = f"{night}/{file}" if night else file
    text = run.read_text(path)
    wanted = as_text(row.get("sha256"))
    if wanted and hashlib.sha256(run.read(path)).hexdigest() != wanted:
        raise SourceProblem(
            f"{path} is not what was staged: its SHA-256 is another than in {_MANIFEST}. Left out."
        )
    live = _folder_of(as_text(row.get("live_skill_path")))
    name = as_text(row.get("skill_name"))
    group = next(
        (
            found
            for one in as_list(report.get("skill_groups"))
            if name and as_text((found := as_mapping(one)).get("skill_name")) == name
        ),
        report,
    )
    return TrainedText(
        tuple(filter(None, (live, name))) or (run.name,),
        f"{name or live or 'skill'} of night {as_count(report.get('night'))}",
        text,
        _rationale(group, report),
        scores=_scores(group, report),
        step=as_count(report.get("night")),
        base_sha256=as_text(row.get("live_sha256")),
    )


def _folder_of(live: str) -> str:
    path = PureWindowsPath(live) if "\\" in live else PurePosixPath(live)
    return path.parent.name


def _scores(group: dict[str, object], report: dict[str, object]) -> tuple[Score, ...]:
    before, after = as_number(group.get("baseline_score")), as_number(group.get("candidate_score"))
    scores = []
    leaked = report.get("holdout_leaked") is True
    split = "train" if leaked else "val"
    if after is not None:
        scores.append(
            Score(
                "gate score",
                before,
                after,
                n=as_count(group.get("n_tasks")),
                split=split,
                evaluator="skillopt_sleep",
            )
        )
    for one in as_list(report.get("gate_trials")):
        trial = as_mapping(one)
        tried = as_number(trial.get("candidate_score"))
        if tried is not None and trial.get("target") != "final":
            kept = "kept" if trial.get("accepted") is True else "not kept"
            scores.append(
                Score(
                    f"trial of {as_text(trial.get('target')) or 'edits'} ({kept})",
                    as_number(trial.get("baseline_score")),
                    tried,
                    n=len(as_list(trial.get("task_deltas"))),
                    split=split,
                    evaluator="skillopt_sleep",
                )
            )
    return tuple(scores)


def _rationale(group: dict[str, object], report: dict[str, object]) -> str:
    accepted = "accepted" if group.get("accepted") is True else "did not accept"
    action = as_text(group.get("gate_action"))
    lines = [f"SkillOpt-Sleep's own gate {accepted} it" + (f" ({action})." if action else ".")]
    if report.get("holdout_leaked") is True:
        lines.append("Its held-out tasks were not apart from those it learned from.")
    if reason := as_text(group.get("reason")):
        lines.append(f"Reason: {reason}")
    for key, title in (
        ("edits", "Edits of the night"),
        ("rejected_edits", "Edits its gate rejected"),
        ("unmatched_edits", "Edits that changed nothing"),
    ):
        edits = [as_mapping(one) for one in as_list(report.get(key))]
        edits = [one for one in edits if as_text(one.get("target")) in ("", "skill")]
        if edits:
            lines += ["", f"{title}:", ""]
            lines += [_edit_words(one) for one in edits[:_MAX_EDITS]]
    return "\n".join(lines)


def _edit_words(edit: dict[str, object]) -> str:
    why = as_text(edit.get("rationale"))
    what = " ".join(as_text(edit.get("content") or edit.get("anchor")).split())
    shown = what if len(what) <= 160 else f"{what[:159]}…"
    return f"- {as_text(edit.get('op')) or 'edit'}: {shown}" + (f" ({why})" if why else "")
