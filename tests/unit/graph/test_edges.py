"""Edges come from real lines, and from nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.graph.build_library import library_of
from workbench.domain.graph import GraphEdge
from workbench.graph import build_graph
from workbench.graph.edges.programs import programs_in


def _edges(tmp_path: Path, files: dict[str, str], kind: str) -> list[GraphEdge]:
    return [edge for edge in build_graph(library_of(tmp_path, files)).edges if edge.kind == kind]


def test_a_named_skill_is_a_mention_with_its_line(tmp_path: Path) -> None:
    files = {
        "notes/SKILL.md": "# Notes\n\nFollow changelog-style here.\nAgain: changelog-style\n",
        "changelog-style/SKILL.md": "# Style\n",
    }
    (edge,) = _edges(tmp_path, files, "mentions")
    assert (edge.source, edge.target, edge.weight) == ("notes", "changelog-style", 2.0)
    line = (tmp_path / edge.evidence.path).read_text().splitlines()[edge.evidence.line - 1]
    assert line == edge.evidence.text == "Follow changelog-style here."


@pytest.mark.parametrize(
    ("line", "is_mention"),
    [
        ("Please review the text.", False),
        ("Then use `review`.", True),
        ("Run /review first.", True),
        ("Use the review skill.", True),
        ("See team:review for more.", True),
        ("Look into src/review/main.py", False),
        ("`peer-review` is something else", False),
    ],
)
def test_a_plain_word_counts_only_where_it_is_marked_as_a_name(
    tmp_path: Path, line: str, is_mention: bool
) -> None:
    files = {"a/SKILL.md": line + "\n", "review/SKILL.md": "# Review\n"}
    assert bool(_edges(tmp_path, files, "mentions")) is is_mention


def test_a_link_into_another_folder_leads_to_its_skill(tmp_path: Path) -> None:
    files = {
        "notes/SKILL.md": "# Notes\n\nSee [format](../style/references/format.md#top).\n",
        "style/SKILL.md": "# Style\n",
        "style/references/format.md": "x\n",
    }
    (edge,) = _edges(tmp_path, files, "links")
    assert (edge.source, edge.target, edge.evidence.line) == ("notes", "style", 3)


def test_links_to_the_web_and_to_oneself_are_no_edges(tmp_path: Path) -> None:
    files = {
        "a/SKILL.md": "[w](https://b/x) [s](references/y.md) [o](../../etc/passwd)\n",
        "b/SKILL.md": "# B\n",
    }
    assert _edges(tmp_path, files, "links") == []


def test_a_program_of_two_skills_stands_between_them(tmp_path: Path) -> None:
    files = {
        "a/SKILL.md": "# A\n\n```bash\ngit log | grep x\n```\n",
        "b/SKILL.md": "# B\n\n```sh\nsudo git status\n```\n\n```python\nnode\n```\n",
    }
    graph = build_graph(library_of(tmp_path, files))
    assert [(node.id, node.kind) for node in graph.nodes if node.kind != "skill"] == [
        ("program:git", "program")
    ]
    lines = {edge.source: edge.evidence.line for edge in graph.edges if edge.kind == "uses"}
    assert lines == {"a": 4, "b": 4}


def test_declared_tools_and_their_programs_are_nodes(tmp_path: Path) -> None:
    files = {"a/SKILL.md": "# A\n", "b/SKILL.md": "# B\n"}
    library = library_of(tmp_path, files, tools={"a": "Bash(git:*) Read", "b": "Bash(git:log)"})
    kinds = {node.id for node in build_graph(library).nodes if node.kind != "skill"}
    assert kinds == {"tool:Bash", "program:git"}


@pytest.mark.parametrize(
    ("line", "programs"),
    [
        ("cd x && make all | tee log", ["make", "tee"]),
        ("FOO=1 python3 a.py; echo done", ["python3"]),
        ("# comment git", []),
        ("$ npm test", ["npm"]),
        ("if true; then", []),
        ("./local.sh", []),
    ],
)
def test_programs_of_a_shell_line(line: str, programs: list[str]) -> None:
    assert list(programs_in(line)) == programs


def test_equal_names_mean_the_nearest_skill(tmp_path: Path) -> None:
    files = {
        "one/notes/SKILL.md": "Use good-style.\n",
        "one/good-style/SKILL.md": "x\n",
        "two/good-style/SKILL.md": "x\n",
    }
    (edge,) = _edges(tmp_path, files, "mentions")
    assert edge.target == "one/good-style"
