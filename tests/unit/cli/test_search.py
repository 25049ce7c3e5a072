"""``search`` and ``route`` on the command line."""

from __future__ import annotations

import json

import pytest

from tests.unit.cli.authoring import checked, make


@pytest.fixture
def library(tmp_path):
    root = tmp_path / "library"
    make(root, "pdf-forms", "Fill in the fields.")
    make(root, "release-notes", "Group the commits. Export to PDF.")
    make(root, "nested/deep-skill", "Something else.")
    return root


def test_search_prints_the_document_promised(library, command):
    code, out, err = command("search", library, "pdf fields", "--format", "json")
    document = checked(out, "search")
    assert (code, err) == (0, "")
    assert document["query"] == "pdf fields"
    first, second = document["results"]
    assert (first["skill"], first["path"], first["rank"]) == (
        "pdf-forms",
        str(library / "pdf-forms"),
        1,
    )
    assert second["skill"] == "release-notes"
    assert {why["field"] for why in first["why"]} == {"name", "description", "body"}


def test_search_explains_in_words(library, command):
    code, out, _ = command("search", library, "pdf", "--explain", "--top", "1")
    assert code == 0
    assert "1. pdf-forms" in out
    assert "release-notes" not in out
    assert "name" in out
    assert "no probability" in out


def test_nothing_found_is_no_failure(library, command):
    assert command("search", library, "zebra") == (0, "No skill holds a word of it.\n", "")


def test_route_answers_line_by_line(library, tmp_path, command):
    queries = tmp_path / "queries.jsonl"
    queries.write_text(
        '\ufeff{"id": "a", "query": "fill pdf fields", "gold": 1}\r\n\n{"id": 7, "query": "zebra"}',
        encoding="utf-8",
    )
    code, out, err = command("route", library, "--queries", queries, "--top", "1")
    lines = [json.loads(line) for line in out.splitlines()]
    assert (code, err) == (0, "")
    assert lines[0]["id"] == "a"
    assert lines[0]["skills"] == ["pdf-forms"]
    assert lines[0]["scores"][0] > 0
    assert lines[1] == {"id": 7, "skills": [], "scores": []}


@pytest.mark.parametrize("line", ["{", '{"id": "a"}', '{"id": 1, "query": 2}', "[]", "\x00"])
def test_a_line_that_is_no_query_is_named(library, tmp_path, command, line):
    queries = tmp_path / "queries.jsonl"
    queries.write_text('{"id": "a", "query": "pdf"}\n' + line + "\n")
    code, out, err = command("route", library, "--queries", queries)
    assert (code, out) == (2, "")
    assert f"{queries}:2: not a query" in err


def test_wrong_input_ends_with_words(tmp_path, library, command):
    assert command("search", tmp_path / "none", "x")[0] == 2
    (tmp_path / "empty").mkdir()
    code, _, err = command("search", tmp_path / "empty", "x")
    assert code == 2
    assert "holds no skill" in err
    code, _, err = command("route", library, "--queries", tmp_path / "none.jsonl")
    assert code == 2
    assert "Cannot read" in err
    assert command("search", library, "x", "--top", "0")[0] == 2
