"""Circles, components, neighbourhoods, layouts and exports."""

from __future__ import annotations

import os
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.graph.build_library import library_of
from workbench.domain.graph import EdgeEvidence, GraphEdge, GraphNode, SkillGraph
from workbench.graph import build_graph
from workbench.graph.analysis import dependency_cycles, neighbourhood
from workbench.graph.export import to_dot, to_graphml, to_svg
from workbench.graph.layout import grid, radial
from workbench.skills.library import read_library

_HERE = EdgeEvidence("a/SKILL.md", 1)


def _graph(pairs: list[tuple[int, int]], size: int) -> SkillGraph:
    nodes = tuple(GraphNode(str(number), "skill", str(number)) for number in range(size))
    edges = tuple(
        GraphEdge(str(source), str(target), "mentions", 1.0, _HERE) for source, target in pairs
    )
    return SkillGraph(nodes, edges, cycles=dependency_cycles(edges))


def test_circles_are_found_and_chains_are_not() -> None:
    assert _graph([(0, 1), (1, 2), (2, 0), (2, 3)], 4).cycles == (("0", "1", "2"),)
    assert _graph([(0, 1), (1, 2)], 3).cycles == ()


def test_a_long_chain_needs_no_recursion() -> None:
    size = 5000
    graph = _graph([(number, number + 1) for number in range(size - 1)], size)
    assert graph.cycles == ()


def test_the_neighbourhood_keeps_what_is_near() -> None:
    graph = _graph([(0, 1), (1, 2), (2, 3)], 5)
    near = neighbourhood(graph, "0", depth=2)
    assert [node.id for node in near.nodes] == ["0", "1", "2"]
    assert len(near.edges) == 2


@given(st.lists(st.tuples(st.integers(0, 11), st.integers(0, 11)), max_size=40))
def test_layouts_place_every_node_once_and_the_same_each_time(pairs: list[tuple[int, int]]) -> None:
    graph = _graph(pairs, 12)
    places = radial(graph, "0")
    assert sorted(place.node for place in places) == sorted(node.id for node in graph.nodes)
    assert len({(round(place.x), round(place.y)) for place in places}) == len(places)
    assert places == radial(graph, "0")
    assert (places[0].x, places[0].y) == (0.0, 0.0)


def test_exports_are_well_formed_with_awkward_names(tmp_path: Path) -> None:
    files = {
        'a"<&-b/SKILL.md': "Use x-y\n",
        "x-y/SKILL.md": "# X\n",
    }
    graph = build_graph(library_of(tmp_path, files))
    assert len(graph.edges) == 1
    root = ElementTree.fromstring(to_graphml(graph))
    assert len(root.findall(".//{*}edge")) == 1
    ElementTree.fromstring(to_svg(graph))
    assert '\\"' in to_dot(graph)
    assert {place.node for place in grid(graph)} == {node.id for node in graph.nodes}


@pytest.mark.skipif(sys.platform != "linux", reason="names there are Unicode")
def test_names_no_xml_can_hold_do_not_break_the_exports(tmp_path: Path) -> None:
    for name in ("esc\x1b[31m", os.fsdecode(b"odd\xff"), "nul\uffff", "two\nlines"):
        folder = tmp_path / name
        folder.mkdir()
        (folder / "SKILL.md").write_text("---\nname: x\ndescription: d\n---\nUse `git`.\n")
    graph = build_graph(read_library(tmp_path))
    assert len(graph.nodes) == 4
    for text in (to_graphml(graph), to_svg(graph)):
        ElementTree.fromstring(text.encode())
    assert "\x1b" not in to_dot(graph)
    assert to_dot(graph).encode()
