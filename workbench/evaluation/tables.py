"""Reading paired tables from CSV and JSON files."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from pathlib import Path

import msgspec
from msgspec import Struct

from workbench.domain.task import PairedRow, PairedTable

_INFRA = {"infra", "infrastructure", "infra_error"}
_WORDS = {"pass": 1.0, "passed": 1.0, "true": 1.0, "fail": 0.0, "failed": 0.0, "false": 0.0}


class TableProblem(Exception):  # noqa: N818 - a problem for a person, in words
    """A table cannot be read. The message says what, where and what to do."""


class _Side(Struct):
    runs: list[float] = []
    cost: float | None = None


class _Collected(Struct):
    family: str = ""
    split: str = ""
    before: _Side = msgspec.field(default_factory=_Side)
    after: _Side = msgspec.field(default_factory=_Side)
    uses: int | None = None
    failures: int | None = None


def read_table(path: Path) -> PairedTable:
    """Read task, before, after; repeated rows of a task are repeated runs.

    Optional columns: family, split, before_status, after_status, cost_before, cost_after, uses,
    failures. JSON is a list of such rows, or ``{"rows": [...], "size_before", "size_after",
    "hunks"}``. A run whose status is *infra* is left out and counted.

    Raises:
        TableProblem: the file is not there, no such table, or a value is no score.
    """
    try:
        raw = path.read_bytes()
    except OSError as problem:
        raise TableProblem(f"Cannot read {path}: {problem.strerror}.") from problem
    text = raw.decode("utf-8-sig", "replace")
    extra: Mapping[str, object] = {}
    if text.lstrip().startswith(("{", "[")):
        rows, extra = _json_rows(text, path)
    else:
        rows = _csv_rows(text, path)
    return paired_table(rows, str(path), extra)


def paired_table(
    rows: Iterable[Mapping[str, object]], where: str, extra: Mapping[str, object] | None = None
) -> PairedTable:
    """Build the table from rows as in ``read_table``; ``where`` names the source in messages."""
    extra = extra or {}
    tasks: dict[str, _Collected] = {}
    infra = 0
    for number, row in enumerate(rows, 1):
        task = str(row.get("task") or "").strip()
        if not task:
            raise TableProblem(
                f"{where}, row {number}: no task. A table needs the columns task, before, after."
            )
        entry = tasks.setdefault(task, _Collected())
        entry.family = str(row.get("family") or entry.family)
        entry.split = str(row.get("split") or entry.split)
        place = f"{where}, row {number} (task {task})"
        for side, key in ((entry.before, "before"), (entry.after, "after")):
            infra += _add_run(side, row, key, place)
        entry.uses = _added(entry.uses, row.get("uses"), place, "uses")
        entry.failures = _added(entry.failures, row.get("failures"), place, "failures")
    paired = tuple(_row(task, entry) for task, entry in tasks.items())
    return PairedTable(
        paired,
        infra=infra,
        size_before=_added(None, extra.get("size_before"), where, "size_before"),
        size_after=_added(None, extra.get("size_after"), where, "size_after"),
        hunks=_added(None, extra.get("hunks"), where, "hunks"),
    )


def _row(task: str, entry: _Collected) -> PairedRow:
    return PairedRow(
        task,
        tuple(entry.before.runs),
        tuple(entry.after.runs),
        entry.family,
        entry.split,
        entry.before.cost,
        entry.after.cost,
        entry.uses,
        entry.failures,
    )


def _csv_rows(text: str, path: Path) -> list[dict[str, object]]:
    reader = csv.DictReader(io.StringIO(text))
    try:
        missing = {"task", "before", "after"} - {*(reader.fieldnames or ())}
        if not missing:
            return [dict(row) for row in reader]
    except csv.Error as problem:
        raise TableProblem(f"{path}, line {reader.line_num}: no valid CSV: {problem}.") from problem
    raise TableProblem(
        f"{path} has no column {', '.join(sorted(missing))}. A table needs the columns task, "
        "before, after, named in the first line and divided by commas."
    )


def _json_rows(text: str, path: Path) -> tuple[list[dict[str, object]], Mapping[str, object]]:
    try:
        value = msgspec.json.decode(text)
    except msgspec.DecodeError as problem:
        raise TableProblem(f"{path} is no valid JSON: {problem}.") from problem
    except RecursionError as problem:
        raise TableProblem(f"{path} is nested too deep to be a table.") from problem
    rows = value.get("rows") if isinstance(value, dict) else value
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise TableProblem(
            f"{path} holds no table: a list of objects with task, before, after is needed, or an "
            'object with such a list as "rows".'
        )
    return rows, value if isinstance(value, dict) else {}


def _add_run(side: _Side, row: Mapping[str, object], key: str, place: str) -> int:
    """Add one side's run; return 1 when it was an infrastructure failure."""
    status = str(row.get(f"{key}_status") or "").strip().lower()
    if status in _INFRA:
        return 1
    values = row.get(key)
    for value in values if isinstance(values, list) else [values]:
        score = _score(value, place, key)
        if score is None and status in _WORDS:
            score = _WORDS[status]
        if score is not None:
            side.runs.append(score)
    cost = row.get(f"cost_{key}")
    if cost not in (None, ""):
        side.cost = (side.cost or 0.0) + _number(cost, place, f"cost_{key}")
    return 0


def _score(value: object, place: str, key: str) -> float | None:
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    if isinstance(value, str) and value.strip().lower() in _WORDS:
        return _WORDS[value.strip().lower()]
    score = _number(value, place, key)
    if not 0.0 <= score <= 1.0:
        raise TableProblem(f"{place}: '{key}' is {value}; a score lies between 0 and 1.")
    return score


def _number(value: object, place: str, key: str) -> float:
    try:
        return float(str(value)) if not isinstance(value, bool) else float(value)
    except ValueError:
        raise TableProblem(f"{place}: '{key}' is '{value}', which is no number.") from None


def _added(sum_: int | None, value: object, place: str, key: str) -> int | None:
    if value is None or value == "":
        return sum_
    return (sum_ or 0) + int(_number(value, place, key))
