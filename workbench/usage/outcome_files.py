"""Outcomes of sessions that another program worked out: CSV or JSON, one row a session."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec
from msgspec import Struct

from workbench.domain.trajectory import OutcomeStatus, Trajectory
from workbench.files import FileProblem

_KEYS: Final = ("path", "file", "trace", "session", "session_id", "id", "trajectory")
_OUTCOMES: Final = ("outcome", "status", "result", "verdict")
_SCORES: Final = ("score", "reward")
_NOTES: Final = ("note", "comment", "reason")
_WORDS: Final[Mapping[str, OutcomeStatus]] = {
    **dict.fromkeys(("pass", "passed", "success", "resolved", "true", "yes", "ok"), "pass"),
    **dict.fromkeys(("fail", "failed", "failure", "unresolved", "false", "no"), "fail"),
    **dict.fromkeys(("timeout", "timed_out"), "timeout"),
    **dict.fromkeys(("infra", "infrastructure", "infra_error"), "infra"),
    "partial": "partial",
    "unknown": "unknown",
}


class OutcomeRow(Struct, frozen=True):
    """One row: which session, by its file or id, and how it ended. ``where`` names the row."""

    key: str
    status: OutcomeStatus
    score: float | None
    note: str
    where: str


class Matched(Struct, frozen=True):
    """A row and the trace it means."""

    row: OutcomeRow
    trajectory: Trajectory


def read_outcomes(path: Path) -> tuple[OutcomeRow, ...]:
    """Read rows with a path or a session id, and an outcome or a score between 0 and 1.

    JSON is a list of objects, or an object of outcomes by session (a word, a score, or an object).

    Raises:
        FileProblem: it is not there, is no such file, or a row says nothing that is an outcome.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig", "replace")
    except OSError as problem:
        raise FileProblem(f"Cannot read {path}: {problem.strerror}.") from problem
    rows = _json_rows(text, path) if text.lstrip().startswith(("{", "[")) else _csv_rows(text, path)
    return tuple(_row(row, f"{path}, row {number}") for number, row in enumerate(rows, 1))


def match_outcomes(
    rows: Iterable[OutcomeRow], trajectories: Sequence[Trajectory], folder: Path
) -> tuple[tuple[Matched, ...], tuple[str, ...]]:
    """Return each row with its trace, and for every other one why it is left out.

    A key is a path (absolute, or below ``folder``), a file's name, a session id or a trace id;
    what fits several traces is none.
    """
    matched: list[Matched] = []
    problems: list[str] = []
    for row in rows:
        found = _meant(row.key, trajectories, folder)
        if len(found) == 1:
            matched.append(Matched(row, found[0]))
        elif found:
            files = ", ".join(sorted({_path(one).name for one in found})[:3])
            problems.append(
                f"{row.where}: '{row.key}' fits {len(found)} traces ({files}). Give the path."
            )
        else:
            problems.append(f"{row.where}: none of the traces is '{row.key}'.")
    return tuple(matched), tuple(problems)


def _meant(key: str, trajectories: Sequence[Trajectory], folder: Path) -> list[Trajectory]:
    given = (folder / key).absolute()
    ways = (
        [one for one in trajectories if _path(one) == given],
        [one for one in trajectories if key in (one.session, one.id)],
        [one for one in trajectories if key in (_path(one).name, _path(one).stem)],
    )
    return next((found for found in ways if found), [])


def _path(one: Trajectory) -> Path:
    return Path(one.sources[0].path).absolute() if one.sources else Path()


def _csv_rows(text: str, path: Path) -> list[dict[str, Any]]:
    reader = csv.DictReader(io.StringIO(text))
    try:
        names = {str(name).strip().lower() for name in reader.fieldnames or ()}
        if names & {*_KEYS} and names & {*_OUTCOMES, *_SCORES}:
            return [{str(key).strip().lower(): row[key] for key in row} for row in reader]
    except csv.Error as problem:
        raise FileProblem(f"{path}, line {reader.line_num}: no valid CSV: {problem}.") from problem
    raise FileProblem(
        f"{path} has no columns path (or session) and outcome (or score). Name them in the first "
        "line, divided by commas."
    )


def _json_rows(text: str, path: Path) -> list[dict[str, Any]]:
    try:
        value = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError) as problem:
        raise FileProblem(f"{path} is no valid JSON: {problem}.") from problem
    if isinstance(value, dict) and isinstance(value.get("outcomes"), list | dict):
        value = value["outcomes"]
    if isinstance(value, dict):
        value = [_keyed(key, said) for key, said in value.items()]
    if not isinstance(value, list) or not all(isinstance(row, dict) for row in value):
        raise FileProblem(
            f"{path} holds no outcomes: a list of objects with path (or session) and outcome, or "
            "an object of outcomes by session is needed."
        )
    return value


def _keyed(key: str, said: object) -> object:
    return {"session": key, **said} if isinstance(said, dict) else {"session": key, "outcome": said}


def _row(row: Mapping[str, Any], where: str) -> OutcomeRow:
    key = str(_first(row, _KEYS) or "").strip()
    if not key:
        raise FileProblem(f"{where}: no path and no session id.")
    said, score = _first(row, _OUTCOMES), _first(row, _SCORES)
    number = _number(score)
    if score not in (None, "") and number is None:
        raise FileProblem(f"{where}: the score '{score}' is no number.")
    word = str(said).strip().lower() if said is not None else ""
    status = _WORDS.get(word)
    if status is None and said not in (None, ""):
        number = _number(said)
        if number is None:
            raise FileProblem(
                f"{where}: '{said}' is no outcome. Say pass, fail, partial, timeout, infra or "
                "unknown, or a score between 0 and 1."
            )
    if status is None:
        status = _of_score(number, where)
    return OutcomeRow(key, status, number, str(_first(row, _NOTES) or "").strip(), where)


def _first(row: Mapping[str, Any], names: Sequence[str]) -> object:
    return next((row[name] for name in names if row.get(name) not in (None, "")), None)


def _number(value: object) -> float | None:
    if value is None or isinstance(value, bool):
        return None
    try:
        found = float(str(value))
    except ValueError:
        return None
    return found if math.isfinite(found) else None


def _of_score(score: float | None, where: str) -> OutcomeStatus:
    if score is None:
        raise FileProblem(f"{where}: neither an outcome nor a score.")
    if not 0.0 <= score <= 1.0:
        raise FileProblem(
            f"{where}: {score:g} alone is no outcome; a score lies between 0 and 1. Add a column "
            "outcome."
        )
    return "pass" if score == 1.0 else "fail" if score == 0.0 else "partial"
