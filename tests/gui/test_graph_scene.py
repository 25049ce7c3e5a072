"""What the graph shows of a library, and where."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.domain.graph import EdgeEvidence, GraphEdge, GraphNode, NodeKind, SkillGraph
from workbench.graph.analysis import connected_components, dependency_cycles
from workbench.gui.graph.scene import (
    COLLAPSE_ABOVE,
    NODE_HEIGHT,
    NODE_WIDTH,
    Scene,
    Wish,
    make_scene,
    next_node,
)


def edge(source: str, target: str, kind: str = "mentions") -> GraphEdge:
    return GraphEdge(source, target, kind, 1.0, EdgeEvidence(f"{source}/SKILL.md", 3, "line"))


def graph(edges: list[GraphEdge], *alone: str) -> SkillGraph:
    names = dict.fromkeys([*(n for one in edges for n in (one.source, one.target)), *alone])

    def kind(name: str) -> NodeKind:
        return "tool" if name.startswith("tool:") else "skill"

    nodes = tuple(GraphNode(name, kind(name), name) for name in names)
    return SkillGraph(
        nodes,
        tuple(edges),
        dependency_cycles(edges),
        connected_components(nodes, edges),
    )


SMALL = graph(
    [edge("a", "b"), edge("b", "a"), edge("b", "c", "links"), edge("a", "tool:x", "uses")], "alone"
)


def ids(scene: Scene) -> set[str]:
    return {node.id for node in scene.nodes}


def test_the_focus_shows_its_neighbours_by_depth() -> None:
    assert ids(make_scene(SMALL, Wish("c"))) == {"b", "c"}
    assert ids(make_scene(SMALL, Wish("c", 2))) == {"a", "b", "c"}
    assert make_scene(SMALL, Wish("c")).focus == "c"


def test_without_a_focus_or_with_a_lost_one_the_whole_library_is_shown() -> None:
    for wish in (Wish(), Wish("gone")):
        scene = make_scene(SMALL, wish)
        assert ids(scene) == {"a", "b", "c", "tool:x", "alone"}
        assert scene.focus == ""


def test_kinds_leave_out_edges_and_what_only_they_reach() -> None:
    scene = make_scene(SMALL, Wish(kinds=frozenset({"links"})))
    assert [line.edge.kind for line in scene.edges] == ["links"]
    assert "tool:x" not in ids(scene)
    assert "alone" in ids(scene)


def test_cycles_are_marked_even_where_only_a_part_is_shown() -> None:
    ring = graph([edge("a", "b"), edge("b", "c"), edge("c", "d"), edge("d", "a"), edge("a", "e")])
    scene = make_scene(ring, Wish("b"))
    assert {node.id: node.cycle for node in scene.nodes} == {"a": True, "b": True, "c": True}
    whole = make_scene(ring, Wish())
    assert {line.edge.target for line in whole.edges if line.cycle} == {"a", "b", "c", "d"}


def test_edges_of_the_same_two_nodes_stand_side_by_side() -> None:
    scene = make_scene(graph([edge("a", "b"), edge("a", "b", "links"), edge("b", "a")]), Wish())
    assert len({line.aside for line in scene.edges}) == 3


def test_a_large_library_is_collapsed_into_groups_that_open() -> None:
    linked = [edge(f"x/{n}", f"x/{n + 1}") for n in range(300)]
    alone = [f"y/{n}" for n in range(250)] + [f"z/{n}" for n in range(10)]
    large = graph(linked, *alone)
    assert len(large.nodes) > COLLAPSE_ABOVE
    scene = make_scene(large, Wish())
    assert scene.collapsed
    assert [node.label for node in scene.nodes] == [
        "x/99 and 300 linked",
        "y: 250 unlinked",
        "z: 10 unlinked",
    ]
    assert sum(len(node.members) for node in scene.nodes) == len(large.nodes)
    opened = make_scene(large, Wish(members=scene.nodes[2].members))
    assert len(opened.nodes) == 10
    assert not opened.collapsed


def test_many_neighbours_stand_in_columns_by_direction() -> None:
    many = graph(
        [edge(f"in{n}", "hub") for n in range(30)] + [edge("hub", f"out{n}") for n in range(20)]
    )
    scene = make_scene(many, Wish("hub"))
    for node in scene.nodes:
        if node.id.startswith("in"):
            assert node.x < 0
        elif node.id.startswith("out"):
            assert node.x > 0


@given(
    st.lists(
        st.tuples(
            st.integers(0, 40),
            st.integers(0, 40),
            st.sampled_from(["mentions", "links", "uses"]),
        ),
        max_size=120,
    ),
    st.integers(0, 40),
    st.integers(1, 2),
)
def test_no_two_nodes_lie_on_each_other(
    pairs: list[tuple[int, int, str]], focus: int, depth: int
) -> None:
    made = graph([edge(f"n{a}", f"n{b}", kind) for a, b, kind in pairs if a != b], *(f"n{focus}",))
    for wish in (Wish(), Wish(f"n{focus}", depth)):
        scene = make_scene(made, wish)
        for one, other in itertools.combinations(scene.nodes, 2):
            apart = abs(one.x - other.x) >= NODE_WIDTH or abs(one.y - other.y) >= NODE_HEIGHT
            assert apart, (one, other)


@pytest.mark.parametrize(
    ("start", "way", "expected"),
    [("a", (1, 0), "b"), ("b", (-1, 0), "a"), ("b", (1, 0), "b"), ("a", (0, 1), "c")],
)
def test_arrows_go_to_the_next_node_that_way(
    start: str, way: tuple[int, int], expected: str
) -> None:
    scene = make_scene(graph([edge("a", "b")], "c"), Wish())
    number = next_node(scene, scene.number_of(start), *way)
    assert scene.nodes[number].id == expected


def test_arrows_in_an_empty_picture_do_nothing() -> None:
    assert next_node(Scene(), -1, 1, 0) == -1
