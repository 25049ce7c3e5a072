"""Reading paired tables."""

from __future__ import annotations

from pathlib import Path

import pytest

from workbench.evaluation.tables import TableProblem, read_table


def _table(tmp_path: Path, text: str, name: str = "t.csv") -> Path:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


def test_repeated_rows_are_repeated_runs(tmp_path: Path) -> None:
    path = _table(tmp_path, "task,before,after,family\na,0,1,x\na,1,1,x\nb,pass,fail,\n")
    table = read_table(path)
    assert [(row.task, row.before, row.after) for row in table.rows] == [
        ("a", (0.0, 1.0), (1.0, 1.0)),
        ("b", (1.0,), (0.0,)),
    ]
    assert table.rows[0].family == "x"


def test_infrastructure_failures_never_count_as_regressions(tmp_path: Path) -> None:
    path = _table(tmp_path, "task,before,after,before_status,after_status\na,1,0,pass,infra\n")
    table = read_table(path)
    assert (table.rows[0].after, table.infra) == ((), 1)


def test_json_carries_sizes_and_lists_of_runs(tmp_path: Path) -> None:
    path = _table(
        tmp_path,
        '{"size_before": 10, "size_after": 12,'
        ' "rows": [{"task": "a", "before": [0, true], "after": 0.5}]}',
        "t.json",
    )
    table = read_table(path)
    assert (table.size_before, table.size_after) == (10, 12)
    assert table.rows[0].before == (0.0, 1.0)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("before,after\n1,0\n", "no column task"),
        ("task,before,after\n,1,0\n", "row 1: no task"),
        ("", "no column after, before, task"),
        ("task;before;after\na;1;0\n", "divided by commas"),
        (f"task,before,after\n{'a' * 200_000},1,0\n", "no valid CSV"),
        ("[" * 100_000, "too deep"),
        ("task,before,after\na,x,0\n", "row 1 .task a.: 'before' is 'x', which is no number"),
        ("task,before,after\na,1,7\n", "a score lies between 0 and 1"),
        ("{nope", "no valid JSON"),
        ('{"rows": 3}', "holds no table"),
    ],
)
def test_a_bad_table_is_told_with_its_place(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(TableProblem, match=message):
        read_table(_table(tmp_path, text))


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(TableProblem, match=r"Cannot read .*none\.csv: No such file"):
        read_table(tmp_path / "none.csv")
