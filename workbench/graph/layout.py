"""Where nodes stand: rings around a focus, the same every time.

networkx offers force layouts, but they need numpy (72 MB) and move every node when one is added; a
person finds a ring again. Pure Python, run off the event loop.
"""

from __future__ import annotations

import math

from msgspec import Struct

from workbench.domain.graph import SkillGraph
from workbench.graph.analysis import distances


class Place(Struct, frozen=True):
    """The centre of a node, in pixels around (0, 0), and its ring (0 is the focus)."""

    node: str
    x: float
    y: float
    ring: int


def radial(
    graph: SkillGraph, focus: str, *, spacing: float = 150.0, node_width: float = 190.0
) -> tuple[Place, ...]:
    """Place ``focus`` in the middle and the others on rings by their distance from it.

    A ring is wide enough for its nodes side by side. Nodes of a ring are ordered by the mean angle
    of their neighbours on the ring inside (the barycentre rule of Sugiyama et al. 1981), so that
    few edges cross. Unreachable nodes stand on the last ring.
    """
    away = distances(graph, focus)
    last = max(away.values(), default=0) + 1
    rings: dict[int, list[str]] = {}
    for node in graph.nodes:
        rings.setdefault(away.get(node.id, last), []).append(node.id)
    near: dict[str, list[str]] = {}
    for edge in graph.edges:
        near.setdefault(edge.source, []).append(edge.target)
        near.setdefault(edge.target, []).append(edge.source)
    angle: dict[str, float] = {focus: 0.0}
    places: list[Place] = []
    radius = 0.0
    for ring in sorted(rings):
        members = rings[ring]
        if ring == 0:
            places.append(Place(focus, 0.0, 0.0, 0))
            continue
        members.sort(key=lambda node: (_barycentre(near.get(node, ()), angle), node))
        around = max(len(members), 1)
        radius = max(radius + spacing, around * node_width / (2 * math.pi))
        for position, member in enumerate(members):
            turn = 2 * math.pi * position / around - math.pi / 2
            angle[member] = turn
            places.append(
                Place(member, radius * 1.35 * math.cos(turn), radius * math.sin(turn), ring)
            )
    return tuple(places)


def grid(graph: SkillGraph, *, column: float = 210.0, row: float = 64.0) -> tuple[Place, ...]:
    """Place a whole library: one block a component, the largest first, in rows that fit a screen.

    Shared tools and programs follow in a block of their own.
    """
    groups = [list(group) for group in graph.components]
    single = [node for group in groups if len(group) == 1 for node in group]
    shared = [node.id for node in graph.nodes if node.kind != "skill"]
    blocks = [group for group in groups if len(group) > 1]
    blocks += [block for block in (single, shared) if block]
    columns = max(1, min(8, math.ceil(math.sqrt(len(graph.nodes) / 2))))
    places: list[Place] = []
    top = 0.0
    for ring, block in enumerate(blocks, 1):
        for position, node in enumerate(block):
            x = (position % columns) * column
            places.append(Place(node, x, top + (position // columns) * row, ring))
        top += math.ceil(len(block) / columns) * row + row * 0.75
    return tuple(places)


def _barycentre(neighbours: list[str] | tuple[str, ...], angle: dict[str, float]) -> float:
    known = [angle[node] for node in neighbours if node in angle]
    if not known:
        return math.pi * 2
    return math.atan2(sum(math.sin(turn) for turn in known), sum(math.cos(turn) for turn in known))
