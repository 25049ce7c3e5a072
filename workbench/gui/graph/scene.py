"""What the canvas draws: nodes with places, edges between them. No Qt; made off the event loop."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from workbench.domain.graph import GraphEdge, GraphNode, SkillGraph
from workbench.graph.analysis import distances, neighbourhood
from workbench.graph.layout import Place, grid, radial

#: Size of a node in px at full size, and the room between columns and rows of nodes.
NODE_WIDTH = 208.0
NODE_HEIGHT = 34.0
_COLUMN = 290.0
_ROW = 46.0
#: From this many nodes on, groups stand for their members.
COLLAPSE_ABOVE = 500
#: A ring of more nodes is so wide that its labels cannot be read; columns stay narrow.
_MOST_IN_RING = 9
_MOST_IN_COLUMN = 12
#: Room between edges of the same two nodes.
_ASIDE = 12.0

#: Kinds of edges, with what they say.
EDGE_KINDS: tuple[tuple[str, str], ...] = (
    ("mentions", "A skill names another one"),
    ("links", "A skill links to a file of another one"),
    ("uses", "A skill uses a tool or program that others use too"),
)


@dataclass(frozen=True, slots=True)
class NodeBox:
    """A node with its centre. ``members`` are the ids a group stands for, empty for a node."""

    id: str
    kind: str
    label: str
    x: float
    y: float
    incoming: int = 0
    outgoing: int = 0
    cycle: bool = False
    members: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class EdgeLine:
    """An edge between two nodes by their numbers.

    ``aside`` keeps edges of the same two nodes apart: px to the right of the way from the node
    with the smaller number to the other.
    """

    source: int
    target: int
    edge: GraphEdge
    cycle: bool = False
    aside: float = 0.0


@dataclass(frozen=True, slots=True)
class Scene:
    """All of a picture. ``focus`` is the id in the middle, "" on an overview."""

    nodes: tuple[NodeBox, ...] = ()
    edges: tuple[EdgeLine, ...] = ()
    focus: str = ""
    collapsed: bool = False
    left_out: int = 0

    def number_of(self, node_id: str) -> int:
        """Return the number of a node, -1 when it is not in the picture."""
        return next((n for n, node in enumerate(self.nodes) if node.id == node_id), -1)


@dataclass(frozen=True, slots=True)
class Wish:
    """What a person wants to see: around ``focus``, or a group's ``members``, or everything."""

    focus: str = ""
    depth: int = 1
    kinds: frozenset[str] = frozenset(kind for kind, _ in EDGE_KINDS)
    members: tuple[str, ...] = ()


def make_scene(graph: SkillGraph, wish: Wish) -> Scene:
    """Return the picture of a graph, laid out."""
    shown = _of_kinds(graph, wish.kinds)
    known = {node.id for node in shown.nodes}
    left_out = 0
    if wish.focus in known:
        part = neighbourhood(shown, wish.focus, wish.depth)
        whole = distances(shown, wish.focus)
        left_out = sum(1 for away in whole.values() if away <= wish.depth) - len(part.nodes)
        places = _around(part, wish.focus)
        focus = wish.focus
    else:
        focus = ""
        part = _members(shown, wish.members) if wish.members else shown
        if not wish.members and len(part.nodes) > COLLAPSE_ABOVE:
            return _collapsed(part)
        places = grid(part, column=NODE_WIDTH + 36, row=_ROW + 8)
    return replace(_scene(part, shown, places), focus=focus, left_out=max(0, left_out))


def _of_kinds(graph: SkillGraph, kinds: frozenset[str]) -> SkillGraph:
    """Return the graph with some kinds of edges; shared things that lose all of theirs go."""
    edges = tuple(edge for edge in graph.edges if edge.kind in kinds)
    used = {edge.target for edge in edges} | {edge.source for edge in edges}
    nodes = tuple(node for node in graph.nodes if node.kind == "skill" or node.id in used)
    return SkillGraph(nodes, edges, graph.cycles, graph.components, graph.risks)


def _members(graph: SkillGraph, members: Sequence[str]) -> SkillGraph:
    chosen = set(members)
    groups = (tuple(one for one in group if one in chosen) for group in graph.components)
    return SkillGraph(
        tuple(node for node in graph.nodes if node.id in chosen),
        tuple(edge for edge in graph.edges if edge.source in chosen and edge.target in chosen),
        graph.cycles,
        tuple(group for group in groups if group),
        graph.risks,
    )


def _scene(part: SkillGraph, whole: SkillGraph, places: Iterable[Place]) -> Scene:
    place_of = {place.node: place for place in places}
    incoming = Counter(edge.target for edge in whole.edges)
    outgoing = Counter(edge.source for edge in whole.edges)
    circle = {node: number for number, cycle in enumerate(whole.cycles) for node in cycle}
    nodes = tuple(
        NodeBox(
            node.id,
            node.kind,
            node.label,
            place_of[node.id].x,
            place_of[node.id].y,
            incoming[node.id],
            outgoing[node.id],
            node.id in circle,
        )
        for node in part.nodes
        if node.id in place_of
    )
    numbers = {node.id: number for number, node in enumerate(nodes)}
    shown = [edge for edge in part.edges if edge.source in numbers and edge.target in numbers]
    together = Counter(frozenset((edge.source, edge.target)) for edge in shown)
    turn: Counter[frozenset[str]] = Counter()
    edges: list[EdgeLine] = []
    for edge in shown:
        pair = frozenset((edge.source, edge.target))
        aside = (turn[pair] - (together[pair] - 1) / 2) * _ASIDE
        turn[pair] += 1
        cycle = edge.kind != "uses" and edge.source in circle
        edges.append(
            EdgeLine(
                numbers[edge.source],
                numbers[edge.target],
                edge,
                cycle and circle.get(edge.target) == circle[edge.source],
                aside,
            )
        )
    return Scene(nodes, tuple(edges))


def _around(part: SkillGraph, focus: str) -> Sequence[Place]:
    """Place the nodes around the focus: on rings while these are small, else in columns."""
    rings = Counter(distances(part, focus).values())
    if max(rings.values(), default=0) <= _MOST_IN_RING:
        return radial(part, focus, spacing=130.0, node_width=NODE_WIDTH + 40)
    return _columns(part, focus)


def _columns(part: SkillGraph, focus: str) -> list[Place]:
    """Place what leads to the focus at its left and what it leads to at its right.

    A node further away stands on the side of the node it is reached through. Long columns are
    broken, so that labels stay readable when the picture is fitted into the window.
    """
    sides = _sides(part, focus)
    columns: dict[int, list[GraphNode]] = {}
    for node in part.nodes:
        if node.id != focus:
            columns.setdefault(sides.get(node.id, 1), []).append(node)
    places = [Place(focus, 0.0, 0.0, 0)]
    for direction in (-1, 1):
        x = 0.0
        for away in sorted(abs(side) for side in columns if side * direction > 0):
            members = sorted(columns[away * direction], key=lambda one: (one.kind, one.label))
            tall = max(_MOST_IN_COLUMN, round((len(members) * 1.6) ** 0.5))
            parts = [members[start : start + tall] for start in range(0, len(members), tall)]
            for number, piece in enumerate(parts):
                x += _COLUMN if number == 0 else NODE_WIDTH + 24
                for row, node in enumerate(piece):
                    y = (row - (len(piece) - 1) / 2) * _ROW
                    places.append(Place(node.id, x * direction, y, away))
    return places


def _sides(part: SkillGraph, focus: str) -> dict[str, int]:
    """Return the distance of each node from the focus, negative for what leads to it."""
    into: dict[str, list[str]] = {}
    out: dict[str, list[str]] = {}
    for edge in part.edges:
        out.setdefault(edge.source, []).append(edge.target)
        into.setdefault(edge.target, []).append(edge.source)
    sides = {focus: 0}
    level = [focus]
    while level:
        following: list[str] = []
        for node in level:
            here = sides[node]
            for near, way in ((out, 1), (into, -1)):
                for other in near.get(node, ()):
                    if other not in sides:
                        sides[other] = (abs(here) + 1) * (way if here == 0 else _sign(here))
                        following.append(other)
        level = following
    return sides


def _sign(number: int) -> int:
    return -1 if number < 0 else 1


def _collapsed(graph: SkillGraph) -> Scene:
    """Let groups stand for their members: linked skills, the rest by folder, shared things."""
    groups = _groups(graph)
    degree = Counter(edge.source for edge in graph.edges) + Counter(
        edge.target for edge in graph.edges
    )
    owner = {node: number for number, (_, _, members) in enumerate(groups) for node in members}
    nodes: list[NodeBox] = []
    columns = max(1, min(5, round(len(groups) ** 0.5)))
    labels = {node.id: node.label for node in graph.nodes}
    for number, (kind, title, members) in enumerate(groups):
        chief = max(members, key=lambda node: (degree[node], node))
        label = title or f"{labels[chief]} and {len(members) - 1} linked"
        x = (number % columns) * (NODE_WIDTH + 70)
        y = (number // columns) * (_ROW + 22)
        nodes.append(NodeBox(f"group:{number}", kind, label, x, y, members=members))
    between: Mapping[tuple[int, int], GraphEdge] = {
        (owner[edge.source], owner[edge.target]): edge
        for edge in graph.edges
        if owner[edge.source] != owner[edge.target]
    }
    edges = tuple(
        EdgeLine(source, target, edge)
        for (source, target), edge in sorted(between.items(), key=lambda one: one[0])
    )
    return Scene(tuple(nodes), edges, collapsed=True)


def _groups(graph: SkillGraph) -> list[tuple[str, str, tuple[str, ...]]]:
    """Return kind, title and members of each group; a title of "" is made from the members."""
    groups = [("skill", "", group) for group in graph.components if len(group) > 1]
    single = [group[0] for group in graph.components if len(group) == 1]
    folders: dict[str, list[str]] = {}
    for node in single:
        folders.setdefault(node.split("/", 1)[0] if "/" in node else "", []).append(node)
    for folder, members in sorted(folders.items(), key=lambda one: (-len(one[1]), one[0])):
        where = f"{folder}: " if folder else ""
        groups.append(("skill", f"{where}{len(members)} unlinked", tuple(members)))
    for kind, word in (("tool", "tools"), ("program", "programs"), ("missing", "missing")):
        shared = tuple(node.id for node in graph.nodes if node.kind == kind)
        if shared:
            groups.append((kind, f"{len(shared)} shared {word}", shared))
    return groups


def next_node(scene: Scene, current: int, dx: int, dy: int) -> int:
    """Return the nearest node in a direction (-1, 0, 1 each), ``current`` where there is none."""
    if not 0 <= current < len(scene.nodes):
        return 0 if scene.nodes else -1
    here = scene.nodes[current]
    best, least = current, float("inf")
    for number, node in enumerate(scene.nodes):
        along = (node.x - here.x) * dx + (node.y - here.y) * dy
        across = abs((node.x - here.x) * dy) + abs((node.y - here.y) * dx)
        if number == current or along <= 1:
            continue
        # What lies straight ahead is meant before what is nearer but aside.
        cost = along + 2.5 * across
        if cost < least:
            best, least = number, cost
    return best


def edge_text(edge: GraphEdge, labels: Mapping[str, str]) -> str:
    """Return an edge in words: "csv-cleanup mentions csv-profiler"."""
    source, target = labels.get(edge.source, edge.source), labels.get(edge.target, edge.target)
    return f"{source} {edge.kind.replace('links', 'links to')} {target}"
